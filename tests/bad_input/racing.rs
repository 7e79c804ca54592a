//! Two at once over one file: neither undoes what the other has done.

use std::fs;
use std::path::Path;
use std::sync::Barrier;

use countersign::Verdict;
use countersign::pipeline::verify;
use countersign::validator::packet::Expectations;

use super::stage;
use crate::command::command;
use crate::mutation::other_release;
use crate::specimen::{self, NOW, specimen};

fn accepts(stage: &Path, release: &str) -> bool {
    let report = verify::verify(&verify::Request {
        target: stage.join(release),
        trust: stage.join("trust.json"),
        updates: None,
        trust_as_of: None,
        expectations: Expectations::default(),
        state: Some(stage.join("state.json")),
        artifacts: None,
        now: specimen::now(),
        replay: true,
    });
    report.unwrap().verdict() == Verdict::Pass
}

/// An older and a newer release verified at the same time: whoever is last, the newer one is
/// remembered.
#[test]
fn the_mark_is_never_lowered() {
    // On a disk, which takes its time between the reading of a mark and its writing.
    let stage = tempfile::tempdir().unwrap();
    specimen::write(&stage.path().join("old"), &specimen().files);
    specimen::write(&stage.path().join("new"), &other_release(specimen()));
    fs::write(stage.path().join("trust.json"), &specimen().trust).unwrap();
    let state = stage.path().join("state.json");
    for round in 0..20 {
        let _ = fs::remove_file(&state);
        let begin = Barrier::new(4);
        let accepted: Vec<bool> = std::thread::scope(|scope| {
            let threads: Vec<_> = ["old", "new", "old", "new"]
                .into_iter()
                .map(|release| {
                    let (begin, stage) = (&begin, stage.path());
                    scope.spawn(move || {
                        begin.wait();
                        accepts(stage, release)
                    })
                })
                .collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert!(accepted[1] && accepted[3], "round {round}: the newer release is accepted");
        let text = fs::read_to_string(&state).unwrap();
        assert!(text.contains("\"sequence\": 2"), "round {round}: {accepted:?}: {text}");
    }
    let left = fs::read_dir(stage.path()).unwrap().count();
    assert_eq!(left, 4, "no lock is left behind");
}

/// Two people who sign a draft at the same time: both signatures are there.
#[test]
fn no_signature_is_lost() {
    let stage = stage();
    for round in 0..6 {
        let roots = stage.path().join(format!("roots-{round}"));
        crate::cases::copy(&stage.path().join("roots"), &roots);
        let dir = roots.to_str().unwrap().to_owned();
        let run = |line: &str| {
            let args: Vec<&str> = line.split(' ').chain(["--dir", &dir, "--now", NOW]).collect();
            let mut command = command(stage.path(), &args);
            command.stdout(std::process::Stdio::null()).spawn().unwrap()
        };
        let mut draft = run("trust add-key carol.pub --owner carol --role evidence");
        assert!(draft.wait().unwrap().success());
        let signers = ["alice", "bob"].map(|who| run(&format!("trust sign --key {who}.key")));
        for mut signer in signers {
            assert!(signer.wait().unwrap().success(), "round {round}");
        }
        assert!(roots.join("2.json").is_file(), "round {round}: both have signed");
        assert_eq!(fs::read_dir(&roots).unwrap().count(), 2, "round {round}");
    }
}
