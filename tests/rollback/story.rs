//! The story from the command line: two releases, a drill, two people, ready; and every way in which
//! it is not.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use serde_json::Value;

use crate::cases::copy;
use crate::command::{Ran, countersign};
use crate::specimen;

const NIGHT: &str = "2026-11-24T03:00:00Z";

/// Where a demo was played once for all tests.
fn demo() -> &'static Path {
    static DEMO: OnceLock<tempfile::TempDir> = OnceLock::new();
    DEMO.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        let dir = folder.path().join("demo");
        let ran = countersign(
            &specimen::root(),
            &["demo", "--dir", dir.to_str().unwrap(), "--format", "json"],
        );
        assert_eq!(ran.code, Some(0), "{}", ran.said());
        let said: Value = serde_json::from_str(&ran.stdout).unwrap();
        let verdicts: Vec<&str> = said["rollback"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| one["verdict"].as_str().unwrap())
            .collect();
        assert_eq!(verdicts, ["blocked", "blocked", "ready", "blocked"]);
        folder
    })
    .path()
}

fn at(name: &str) -> String {
    demo().join("demo").join(name).display().to_string()
}

/// A copy of the night's evidence that a test may change.
fn evidence() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let night = folder.path().join("night");
    copy(Path::new(&at("night")), &night);
    (folder, night)
}

fn check_with(from: &str, to: &str, evidence: &Path, more: &[&str]) -> (Ran, Value) {
    let trust = at("trust-root.json");
    let mut args = vec![
        "rollback",
        "check",
        "--from",
        from,
        "--to",
        to,
        "--trust",
        &trust,
        "--evidence",
        evidence.to_str().unwrap(),
        "--environment",
        "prod",
        "--requester",
        "carol",
        "--now",
        NIGHT,
        "--format",
        "json",
    ];
    args.extend(more);
    let ran = countersign(demo(), &args);
    let report = serde_json::from_str(&ran.stdout).unwrap_or(Value::Null);
    (ran, report)
}

fn check(evidence: &Path, more: &[&str]) -> (Ran, Value) {
    check_with(&at("dist"), &at("previous/dist"), evidence, more)
}

fn open(report: &Value) -> Vec<&str> {
    let rows = report["rollback"]["checks"].as_array().unwrap().iter();
    rows.filter(|row| row["status"] == "fails" || row["status"] == "unknown")
        .map(|row| row["check"].as_str().unwrap())
        .collect()
}

#[test]
fn nothing_that_is_given_can_be_missing() {
    let (_folder, night) = evidence();
    let (ran, report) = check(&night, &[]);
    assert_eq!((ran.code, &report["verdict"]), (Some(0), &Value::from("ready")), "{}", ran.said());
    let mut names: Vec<_> =
        fs::read_dir(&night).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names.len(), 12);
    for name in names {
        let path = night.join(&name);
        let bytes = fs::read(&path).unwrap();
        fs::remove_file(&path).unwrap();
        let (ran, report) = check(&night, &[]);
        assert!(matches!(ran.code, Some(1 | 3)), "without {name:?}: {}", ran.said());
        assert_ne!(report["verdict"], "ready", "without {name:?}");
        // Nor can a byte of it be another.
        let mut other = bytes.clone();
        let middle = other.len() / 2;
        other[middle] ^= 1;
        fs::write(&path, &other).unwrap();
        let (ran, _) = check(&night, &[]);
        assert!(matches!(ran.code, Some(1 | 3)), "with another byte in {name:?}: {}", ran.said());
        fs::write(&path, bytes).unwrap();
    }
}

#[test]
fn what_nobody_signed_makes_no_answer_better() {
    let (_folder, night) = evidence();
    for missing in ["retrieval.json", "withdrawn.json", "cluster.json", "scan.json"] {
        let sidecar = night.join(format!("{missing}.sigstore.json"));
        let bytes = fs::read(&sidecar).unwrap();
        fs::remove_file(&sidecar).unwrap();
        let (ran, report) = check(&night, &[]);
        assert_eq!(ran.code, Some(3), "{missing}: {}", ran.said());
        let passed_over = report["checks"].as_array().unwrap();
        let said = passed_over.iter().find(|row| row["subject"] == missing).unwrap();
        assert!(said["detail"].as_str().unwrap().contains("nobody signed it"), "{said}");
        fs::write(&sidecar, bytes).unwrap();
    }
    // A stranger's signature is none.
    let stranger = night.join("stranger.key");
    let made = countersign(demo(), &["keys", "generate", "-o", stranger.to_str().unwrap()]);
    assert_eq!(made.code, Some(0));
    let (key, cluster) = (stranger.to_str().unwrap(), night.join("cluster.json"));
    let bundle = night.join("cluster.json.sigstore.json");
    fs::remove_file(&bundle).unwrap();
    let signed = countersign(
        demo(),
        &[
            "sign-blob",
            cluster.to_str().unwrap(),
            "--key",
            key,
            "--bundle",
            bundle.to_str().unwrap(),
        ],
    );
    assert_eq!(signed.code, Some(0), "{}", signed.said());
    fs::remove_file(&stranger).unwrap();
    let (ran, report) = check(&night, &[]);
    assert_eq!((ran.code, open(&report)), (Some(3), vec!["RB17"]), "{}", ran.said());
}

#[test]
fn an_approval_is_used_once_and_by_no_requester() {
    let (_folder, night) = evidence();
    let (ran, report) = check(&night, &["--requester", "alice"]);
    assert_eq!(ran.code, Some(2), "a flag twice: {}", ran.said());
    assert_eq!(report, Value::Null);
    let out = night.join("used.sigstore.json");
    let (key, dist, before) = (at("operations.key"), at("dist"), at("previous/dist"));
    let approvals = ["approval-alice", "approval-bob"]
        .map(|name| night.join(format!("{name}.sigstore.json")).display().to_string());
    let consumed = countersign(
        demo(),
        &[
            "rollback",
            "consume",
            "--from",
            &dist,
            "--to",
            &before,
            "--environment",
            "prod",
            "--key",
            &key,
            "-o",
            out.to_str().unwrap(),
            "--now",
            NIGHT,
            &approvals[0],
            &approvals[1],
        ],
    );
    assert_eq!(consumed.code, Some(0), "{}", consumed.said());
    let (ran, report) = check(&night, &[]);
    assert_eq!((ran.code, open(&report)), (Some(1), vec!["RB28"]), "{}", ran.said());
    assert!(ran.stdout.contains("was used before"), "{}", ran.said());
}

#[test]
fn a_pair_the_wrong_way_round_and_a_packet_with_itself() {
    let (_folder, night) = evidence();
    let (dist, before) = (at("dist"), at("previous/dist"));
    for (from, to) in [(&before, &dist), (&dist, &dist)] {
        let (ran, report) = check_with(from, to, &night, &[]);
        assert_eq!(ran.code, Some(1), "{}", ran.said());
        assert!(open(&report).contains(&"RB07"), "{:?}", open(&report));
        let out = night.join("wrong.sigstore.json");
        let key = at("alice.key");
        let approved = countersign(
            demo(),
            &[
                "rollback",
                "approve",
                "--from",
                from,
                "--to",
                to,
                "--key",
                &key,
                "--reason",
                "x",
                "--environment",
                "prod",
                "--expires",
                "2026-11-24T09:00:00Z",
                "--now",
                NIGHT,
                "-o",
                out.to_str().unwrap(),
            ],
        );
        assert_eq!(approved.code, Some(1), "{}", approved.said());
        assert!(!out.exists());
    }
}

#[test]
fn h12_a_revoked_key_counts_no_more() {
    let (_folder, night) = evidence();
    let (ran, report) = check(&night, &["--trust-updates", &at("trust-updates")]);
    assert_eq!((ran.code, open(&report)), (Some(1), vec!["RB03", "RB28"]), "{}", ran.said());
    let approvals = &report["rollback"]["approvals"];
    assert_eq!(approvals["given_by"], serde_json::json!(["alice"]));
}

#[test]
fn r11_a_target_that_does_not_verify_today() {
    let (_folder, night) = evidence();
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("dist");
    copy(Path::new(&at("previous/dist")), &target);
    let (dist, to) = (at("dist"), target.display().to_string());
    let packet = target.join("lantern-0.2.0.packet.tar.gz");
    for (name, expected) in [
        ("lantern-0.2.0.packet.tar.gz.sigstore.json", "RB03"),
        ("lantern-0.2.0.provenance.sigstore.json", "RB03"),
        ("lantern-0.2.0-linux-amd64", "RB02"),
    ] {
        let path = target.join(name);
        let bytes = fs::read(&path).unwrap();
        fs::remove_file(&path).unwrap();
        let (ran, report) = check_with(&dist, &to, &night, &[]);
        assert_eq!(ran.code, Some(1), "without {name}: {}", ran.said());
        assert!(open(&report).contains(&expected), "without {name}: {:?}", open(&report));
        fs::write(&path, bytes).unwrap();
    }
    let mut bytes = fs::read(&packet).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&packet, bytes).unwrap();
    let (ran, report) = check_with(&dist, &to, &night, &[]);
    assert_eq!(
        (ran.code, &report["verdict"]),
        (Some(1), &Value::from("blocked")),
        "{}",
        ran.said()
    );
}

#[test]
fn r15_an_old_packet_under_another_version() {
    let (_folder, night) = evidence();
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("dist");
    copy(Path::new(&at("previous/dist")), &target);
    for entry in fs::read_dir(&target).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().replace("0.2.0", "0.2.1");
        fs::rename(&path, target.join(name)).unwrap();
    }
    let (ran, report) = check_with(&at("dist"), &target.display().to_string(), &night, &[]);
    assert_eq!(ran.code, Some(1), "{}", ran.said());
    assert_eq!(report["rollback"]["to"]["version"], "0.2.0", "the manifest inside decides");
    assert!(open(&report).contains(&"RB02"), "{:?}", open(&report));
}

#[test]
fn r18_a_first_release_has_no_way_back_and_that_is_no_error() {
    let (trust, before) = (at("trust-root.json"), at("previous/dist"));
    let ran = countersign(
        demo(),
        &["rollback", "check", "--from", &before, "--trust", &trust, "--now", NIGHT],
    );
    assert_eq!(ran.code, Some(3), "{}", ran.said());
    assert!(ran.stdout.contains("0.2.0 is the first release of its channel"), "{}", ran.said());
    let dist = at("dist");
    let ran = countersign(
        demo(),
        &["rollback", "check", "--from", &dist, "--trust", &trust, "--now", NIGHT],
    );
    assert_eq!(ran.code, Some(3), "{}", ran.said());
    assert!(ran.stdout.contains("give its packet with --to"), "{}", ran.said());
}

#[test]
fn the_answer_fits_a_screen_and_a_ticket() {
    let (_folder, night) = evidence();
    let (trust, dist, before) = (at("trust-root.json"), at("dist"), at("previous/dist"));
    let args = |format: &'static str| {
        vec![
            "rollback".to_owned(),
            "check".to_owned(),
            "--from".to_owned(),
            dist.clone(),
            "--to".to_owned(),
            before.clone(),
            "--trust".to_owned(),
            trust.clone(),
            "--evidence".to_owned(),
            night.display().to_string(),
            "--now".to_owned(),
            NIGHT.to_owned(),
            "--format".to_owned(),
            format.to_owned(),
        ]
    };
    let run = |format| {
        let args = args(format);
        countersign(demo(), &args.iter().map(String::as_str).collect::<Vec<_>>())
    };
    let human = run("human");
    assert_eq!(human.code, Some(0), "{}", human.said());
    assert!(human.stdout.lines().count() <= 24, "{}", human.stdout);
    assert!(human.stdout.starts_with("ready until 2026-11-24T09:00:00Z"), "{}", human.stdout);
    assert!(human.stdout.contains("answers cached by the candidate"), "{}", human.stdout);
    fs::remove_file(night.join("approval-bob.sigstore.json")).unwrap();
    let human = run("human");
    assert_eq!(human.code, Some(1), "{}", human.said());
    assert!(
        human.stdout.contains("approvals: alice of 2 needed; 1 more of bob"),
        "{}",
        human.stdout
    );
    let ticket = run("markdown");
    assert!(ticket.stdout.starts_with("# Blocked: 0.3.0 to 0.2.0"), "{}", ticket.stdout);
    assert_eq!(ticket.stdout.matches("\n| RB").count(), 30, "{}", ticket.stdout);
}

#[test]
fn a_drill_whose_log_cannot_be_is_not_recorded() {
    let folder = tempfile::tempdir().unwrap();
    let good = fs::read_to_string(at("drill-prod.json")).unwrap();
    let (dist, before, key) = (at("dist"), at("previous/dist"), at("operations.key"));
    let record = |log: &str| {
        let (timings, out) = (folder.path().join("log.json"), folder.path().join("out.json"));
        let _ = fs::remove_file(&out);
        fs::write(&timings, log).unwrap();
        let ran = countersign(
            demo(),
            &[
                "rollback",
                "drill",
                "record",
                "--from",
                &dist,
                "--to",
                &before,
                "--timings",
                timings.to_str().unwrap(),
                "--profile",
                "prod",
                "--environment",
                "prod",
                "--key",
                &key,
                "--now",
                NIGHT,
                "-o",
                out.to_str().unwrap(),
            ],
        );
        assert_eq!(ran.code == Some(0), out.exists(), "{}", ran.said());
        ran.code
    };
    assert_eq!(record(&good), Some(0));
    let failed = good.replace(r#""failed": 0"#, r#""failed": 7"#);
    assert_eq!(record(&failed), Some(0), "a drill that failed is recorded like any other");
    for (from, to, code) in [
        ("countersign.drill-log/v1", "countersign.drill-log/v2", 1),
        ("2026-11-24T01:", "2027-11-24T01:", 1),
        (r#""simulated": false"#, r#""simulated": "no""#, 3),
        (r#""steps""#, r#""stepps""#, 3),
        ("{", "[", 3),
    ] {
        assert_eq!(record(&good.replacen(from, to, 1)), Some(code), "{to}");
    }
    assert_eq!(record(""), Some(3));
}

/// Documents without their signatures are as good as none.
#[test]
fn everything_unsigned_at_once_is_as_good_as_nothing() {
    let (_folder, night) = evidence();
    for entry in fs::read_dir(&night).unwrap() {
        let path = entry.unwrap().path();
        if path.to_str().unwrap().ends_with(".sigstore.json") {
            fs::remove_file(path).unwrap();
        }
    }
    let (_, unsigned) = check(&night, &[]);
    let nothing = tempfile::tempdir().unwrap();
    let (_, without) = check(nothing.path(), &[]);
    assert_eq!(open(&unsigned), open(&without));
    assert_eq!(unsigned["verdict"], without["verdict"]);
}
