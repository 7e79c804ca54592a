//! Readiness: each of the thirty checks fails alone and is named alone, and nothing that is missing
//! makes an answer better.

mod corpus;
mod pair;
mod story;
mod vulnerable;

use countersign::Verdict;
use countersign::finding::{Area, Direction, Readiness, Report, Status};
use countersign::validator::rollback::{CHECKS, Question, judge_pair};
use countersign::validator::vex::Rating;

use pair::Pair;

/// Asks about the pair after a change to the question.
fn ask(pair: &Pair, edit: impl FnOnce(&mut Question<'_>)) -> (Verdict, Readiness) {
    let mut question = pair.question();
    edit(&mut question);
    let mut report = Report::new("rollback check", question.now, true);
    judge_pair(&question, &mut report);
    (report.verdict(), report.readiness().unwrap().clone())
}

/// The checks that neither hold nor have nothing to judge, with what came of each.
fn open(readiness: &Readiness) -> Vec<(&str, Status)> {
    let rows = readiness.checks.iter();
    rows.filter(|row| matches!(row.status, Status::Fails | Status::Unknown))
        .map(|row| (row.check.as_str(), row.status))
        .collect()
}

#[test]
fn the_pair_is_ready_until_the_first_thing_ends() {
    let pair = Pair::new();
    let (verdict, readiness) = ask(&pair, |_| {});
    assert_eq!(open(&readiness), []);
    assert_eq!(verdict, Verdict::Ready);
    assert_eq!(readiness.checks.len(), 30);
    // The approvals end first.
    assert_eq!(readiness.until.unwrap().to_string(), "2026-11-24T15:00:00Z");
    assert_eq!(readiness.approvals.given_by, ["alice", "bob"]);
    assert!(readiness.checks.iter().all(|row| row.remedy.is_none()));
}

type Edit = fn(&mut Question<'_>);
/// A mistake, how it is made, and what comes of it.
type Case<'a> = (&'a str, &'a dyn Fn(&mut Question<'_>), Status);

/// What breaks one check, and what it comes to then.
const FAULTS: &[(&str, Status, Edit)] = &[
    ("RB01", Status::Fails, |q| {
        q.candidate.manifest.previous.as_mut().unwrap().sha256 = pair::digest("x");
    }),
    ("RB01", Status::Fails, |q| q.candidate.manifest.sequence = 4),
    ("RB01", Status::Unknown, |q| q.candidate.manifest.previous = None),
    ("RB02", Status::Fails, |q| q.target.refusals.push(pair::refused(false))),
    ("RB02", Status::Fails, |q| q.candidate.refusals.push(pair::refused(false))),
    ("RB03", Status::Fails, |q| q.target.refusals.push(pair::refused(true))),
    ("RB03", Status::Fails, |q| q.target.signers.clear()),
    ("RB04", Status::Unknown, |q| q.evidence.retrievals.clear()),
    ("RB04", Status::Unknown, |q| {
        q.evidence.retrievals[0].value.checked_at = pair::time("2026-11-01T00:00:00Z");
    }),
    ("RB04", Status::Fails, |q| {
        q.evidence.retrievals[0].value.items[0].retrieved_digest = "sha256:00".to_owned();
    }),
    ("RB04", Status::Fails, |q| {
        let sets = &mut pair::facts(q).datasets;
        sets.values_mut().next().unwrap().values_mut().for_each(|it| *it = "0".repeat(64));
    }),
    ("RB04", Status::Unknown, |q| {
        q.target.facts.as_mut().unwrap().0.datasets.values_mut().for_each(|it| it.clear());
    }),
    ("RB05", Status::Fails, |q| pair::plan(q).retention.days_kept = 14),
    ("RB05", Status::Fails, |q| pair::plan(q).window_days = 0),
    ("RB06", Status::Unknown, |q| q.evidence.withdrawn.clear()),
    ("RB06", Status::Fails, |q| q.evidence.withdrawn[0].value.releases.push(pair::withdrawn())),
    ("RB06", Status::Fails, |q| q.evidence.scans[0].value.critical = 1),
    ("RB06", Status::Unknown, |q| q.evidence.scans.clear()),
    ("RB06", Status::Unknown, |q| {
        q.evidence.scans[0].value.scanned_at = pair::time("2026-11-17T09:00:00Z");
    }),
    ("RB06", Status::Fails, |q| pair::found(q, "CVE-2026-1", Rating::Critical)),
    ("RB06", Status::Unknown, |q| q.evidence.withdrawn[0].value.expires_at = pair::time(pair::NOW)),
    ("RB07", Status::Fails, |q| q.target.manifest.channel = "beta".to_owned()),
    ("RB08", Status::Unknown, |q| pair::facts(q).compatibility.clear()),
    ("RB08", Status::Fails, |q| pair::facts(q).compatibility[1].supported = false),
    ("RB08", Status::Fails, |q| pair::facts(q).compatibility[0].to = "=>1".to_owned()),
    ("RB08", Status::Unknown, |q| q.candidate.manifest.compatibility.clear()),
    ("RB09", Status::Fails, |q| pair::migration(q, "contract", true)),
    ("RB09", Status::Fails, |q| pair::sql(q, "ALTER TABLE a DROP COLUMN b")),
    ("RB09", Status::Unknown, |q| pair::sql(q, "CALL change_everything()")),
    ("RB10", Status::Fails, |q| {
        pair::migration(q, "expand", false);
        pair::restored(q);
    }),
    ("RB10", Status::Fails, |q| {
        pair::migration(q, "expand", false);
        pair::plan(q).migrations[0].restore_plan = Some("ops/rollback/gone.md".to_owned());
        pair::restored(q);
    }),
    ("RB11", Status::Unknown, |q| pair::plan(q).backups.needed = true),
    ("RB11", Status::Fails, |q| {
        pair::plan(q).backups.needed = true;
        pair::restored(q);
        q.evidence.restores[0].value.verified = false;
    }),
    ("RB11", Status::Fails, |q| {
        pair::plan(q).backups.needed = true;
        pair::plan(q).backups.recovery_time_seconds = Some(1);
        pair::restored(q);
    }),
    ("RB11", Status::Unknown, |q| {
        pair::plan(q).backups.needed = true;
        pair::restored(q);
        pair::plan(q).backups.recovery_point_seconds = None;
    }),
    ("RB11", Status::Unknown, |q| {
        pair::plan(q).backups.needed = true;
        pair::restored(q);
        q.evidence.restores[0].value.release = "0.1.0".parse().unwrap();
    }),
    ("RB11", Status::Fails, |q| {
        pair::plan(q).backups.needed = true;
        pair::restored(q);
        q.evidence.restores[0].value.taken_at = pair::time("2026-11-23T06:00:01Z");
    }),
    ("RB12", Status::Fails, |q| {
        pair::plan(q).formats[0].candidate_writes = "entries-tsv/2".to_owned();
    }),
    ("RB13", Status::Fails, |q| {
        let format = &mut pair::plan(q).formats[1];
        format.candidate_writes = "value/2".to_owned();
    }),
    ("RB14", Status::Fails, |q| pair::plan(q).interface.client_minimum = "0.3.0".parse().unwrap()),
    ("RB15", Status::Fails, |q| pair::plan(q).configuration.renamed_keys.push("A".to_owned())),
    ("RB15", Status::Fails, |q| pair::plan(q).configuration.removed_keys.push("A".to_owned())),
    ("RB15", Status::Fails, |q| {
        let it = &mut pair::plan(q).configuration;
        it.added_keys.push("A".to_owned());
        it.previous_ignores_unknown_keys = false;
    }),
    ("RB16", Status::Fails, |q| pair::custom_resource(q, "v1", "v2")),
    ("RB16", Status::Fails, |q| pair::deleted_definition(q)),
    ("RB16", Status::Unknown, |q| {
        pair::custom_resource(q, "v1", "v1");
        q.evidence.clusters[0].value.stored_versions.clear();
    }),
    ("RB17", Status::Unknown, |q| q.evidence.clusters.clear()),
    ("RB17", Status::Fails, |q| {
        pair::object(&mut q.target, "PodDisruptionBudget").api_version =
            "policy/v1beta1".to_owned();
    }),
    ("RB18", Status::Fails, |q| {
        pair::object(&mut q.target, "Deployment")
            .immutable
            .insert("/spec/selector".to_owned(), "{}".to_owned());
    }),
    ("RB19", Status::Fails, |q| {
        pair::object(&mut q.target, "Deployment").needs.insert("Secret/lantern-db".to_owned());
    }),
    ("RB20", Status::Fails, |q| {
        pair::object(&mut q.candidate, "Deployment")
            .rollout
            .as_mut()
            .unwrap()
            .revision_history_limit = 0;
    }),
    ("RB20", Status::Fails, |q| pair::plan(q).helm_history_max = 1),
    ("RB20", Status::Fails, |q| {
        let rollout = &mut pair::object(&mut q.candidate, "Deployment").rollout;
        rollout.as_mut().unwrap().rollback_window = Some(0);
    }),
    ("RB21", Status::Fails, |q| {
        pair::analysis(q, "sum(rate(nobody_exports_this_total[5m]))", Some(2));
    }),
    ("RB21", Status::Fails, |q| pair::analysis(q, "up", None)),
    ("RB21", Status::Fails, |q| pair::analysis(q, "sum(", Some(2))),
    ("RB21", Status::Unknown, |q| {
        pair::facts(q).metrics.clear();
        pair::analysis(q, "lantern_requests_total", Some(2));
    }),
    ("RB22", Status::Unknown, |q| q.evidence.drills.clear()),
    ("RB22", Status::Unknown, |q| {
        q.evidence.drills.iter_mut().for_each(|drill| drill.value.simulated = true);
    }),
    ("RB22", Status::Unknown, |q| q.evidence.drills.retain(|drill| drill.value.profile == "ci")),
    ("RB23", Status::Fails, |q| pair::plan(q).maximum_drill_age_days = 0),
    ("RB23", Status::Fails, |q| {
        q.candidate.manifest.issued_at = pair::time("2026-11-24T08:00:00Z");
    }),
    ("RB24", Status::Fails, |q| {
        q.evidence.drills[0].value.invariants[0].after_sha256 = pair::digest("x");
    }),
    ("RB24", Status::Fails, |q| q.evidence.drills[0].value.invariants.clear()),
    ("RB24", Status::Fails, |q| q.evidence.drills[1].value.requests.failed = 1),
    ("RB24", Status::Fails, |q| q.evidence.drills[1].value.requests.sent = 0),
    ("RB24", Status::Fails, |q| q.evidence.drills[1].value.steps[0].done = false),
    ("RB25", Status::Fails, |q| pair::plan(q).objectives.seconds_to_roll_back = 93),
    ("RB25", Status::Fails, |q| {
        pair::analysis(q, "up", Some(2));
        let analysis = &mut pair::object(&mut q.candidate, "Deployment").analysis;
        analysis[0].least_seconds = Some(301);
    }),
    ("RB26", Status::Unknown, |q| pair::without(q, Area::Load)),
    ("RB26", Status::Fails, |q| pair::failed(q, Area::Load)),
    ("RB27", Status::Unknown, |q| pair::without(q, Area::Observe)),
    ("RB27", Status::Fails, |q| pair::failed(q, Area::Observe)),
    ("RB28", Status::Fails, |q| q.evidence.approvals.clear()),
    ("RB28", Status::Fails, |q| drop(q.evidence.approvals.pop())),
    ("RB28", Status::Fails, |q| q.requester = Some("bob".to_owned())),
    ("RB28", Status::Fails, |q| {
        q.environment = Some("staging".to_owned());
        q.evidence.clusters[0].value.environment = "staging".to_owned();
    }),
    ("RB28", Status::Fails, |q| pair::plan(q).approval.approvers = 3),
    ("RB28", Status::Fails, |q| pair::consume(q)),
    ("RB29", Status::Fails, |q| pair::facts(q).runbook_sha256 = None),
    ("RB29", Status::Fails, |q| pair::plan(q).runbook.sha256 = pair::digest("x")),
    ("RB29", Status::Fails, |q| pair::plan(q).runbook.owner.clear()),
    ("RB29", Status::Fails, |q| {
        q.evidence.drills[0].value.runbook_sha256 = Some(pair::digest("x"));
    }),
    ("RB29", Status::Unknown, |q| {
        q.evidence.drills.iter_mut().for_each(|drill| drill.value.runbook_sha256 = None);
    }),
    ("RB30", Status::Fails, |q| pair::plan(q).after_rollback.reject_candidate = false),
];

#[test]
fn every_check_fails_alone_and_is_named_alone() {
    let pair = Pair::new();
    let mut wrong = Vec::new();
    for (index, (name, status, edit)) in FAULTS.iter().enumerate() {
        let (verdict, readiness) = ask(&pair, edit);
        let expected = match status {
            Status::Fails => Verdict::Blocked,
            _ => Verdict::Unknown,
        };
        if open(&readiness) != [(*name, *status)] || verdict != expected {
            let rows: Vec<_> = readiness.checks.iter().filter(|row| row.remedy.is_some()).collect();
            wrong.push(format!("{index} {name}: {verdict:?} {rows:#?}"));
        }
        assert_eq!(readiness.until, None, "what is not ready has no end");
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    for check in &CHECKS {
        let is_there = FAULTS.iter().any(|(name, ..)| name == &check.name);
        assert!(is_there, "{} has a fault", check.name);
    }
}

#[test]
fn a_missing_input_never_makes_an_answer_better() {
    let pair = Pair::new();
    let deletions: [(&str, Edit); 15] = [
        ("facts of the candidate", |q| q.candidate.facts = None),
        ("facts of the target", |q| q.target.facts = None),
        ("plan", |q| pair::facts(q).plan = None),
        ("compatibility", |q| pair::facts(q).compatibility.clear()),
        ("renders of the candidate", |q| pair::facts(q).profiles.clear()),
        ("renders of the target", |q| q.target.facts.as_mut().unwrap().0.profiles.clear()),
        ("runbook", |q| pair::facts(q).runbook_sha256 = None),
        ("retrievals", |q| q.evidence.retrievals.clear()),
        ("withdrawn", |q| q.evidence.withdrawn.clear()),
        ("scans", |q| q.evidence.scans.clear()),
        ("clusters", |q| q.evidence.clusters.clear()),
        ("drills", |q| q.evidence.drills.clear()),
        ("approvals", |q| q.evidence.approvals.clear()),
        ("results of the target", |q| q.target.results.clear()),
        ("signers of the target", |q| q.target.signers.clear()),
    ];
    for (name, delete) in deletions {
        let (verdict, _) = ask(&pair, delete);
        assert!(matches!(verdict, Verdict::Unknown | Verdict::Blocked), "{name}: {verdict:?}");
        // Nor does it mend what fails.
        for (fault, status, edit) in FAULTS.iter().filter(|(_, status, _)| *status == Status::Fails)
        {
            let (verdict, _) = ask(&pair, |question| {
                edit(question);
                delete(question);
            });
            assert_ne!(verdict, Verdict::Ready, "{fault} {status:?} without {name}");
        }
    }
}

#[test]
fn the_other_direction_asks_what_applies() {
    let pair = Pair::new();
    let (verdict, readiness) = ask(&pair, |question| {
        question.direction = Direction::Promote;
        question.evidence.approvals = pair.approvals(countersign::provenance::Action::Promote);
    });
    assert_eq!(open(&readiness), []);
    assert_eq!(verdict, Verdict::Ready);
    assert_eq!(readiness.from.as_ref().unwrap().version.to_string(), "0.2.0");
    // What does not apply says why.
    let rows = readiness.checks.iter().filter(|row| row.status == Status::NotApplicable);
    let rows: Vec<_> = rows.map(|row| (row.check.as_str(), row.detail.as_str())).collect();
    let checks: Vec<_> = rows.iter().map(|(check, _)| *check).collect();
    assert_eq!(checks, ["RB11", "RB15", "RB21", "RB30"], "{rows:#?}");
    assert!(rows[1].1.contains("its own settings") && rows[3].1.contains("no release is left"));
    // An approval to go back is no leave to go on.
    let (verdict, readiness) = ask(&pair, |question| question.direction = Direction::Promote);
    assert_eq!(open(&readiness), [("RB28", Status::Fails)]);
    assert_eq!(verdict, Verdict::Blocked);
}

/// Each fault that also stands in the way of going on, asked that way: it is named, and nothing else.
#[test]
fn the_other_direction_is_blocked_by_what_stands_in_its_way() {
    let pair = Pair::new();
    let ask_on = |edit: &dyn Fn(&mut Question<'_>)| {
        let (verdict, readiness) = ask(&pair, |question| {
            question.direction = Direction::Promote;
            question.evidence.approvals = pair.approvals(countersign::provenance::Action::Promote);
            // What is asked of the release that would run is now asked of the candidate.
            question.evidence.scans.rotate_left(1);
            question.evidence.retrievals.rotate_left(1);
            edit(question);
        });
        (verdict, open(&readiness).into_iter().map(|(name, _)| name.to_owned()).collect::<Vec<_>>())
    };
    let asked_of_both = [
        "RB01", "RB02", "RB03", "RB04", "RB05", "RB06", "RB07", "RB08", "RB09", "RB10", "RB11",
        "RB12", "RB13", "RB16", "RB17", "RB18", "RB20", "RB21", "RB22", "RB23", "RB24", "RB25",
        "RB28", "RB29",
    ];
    let mut blocked = std::collections::BTreeSet::new();
    for (name, _, edit) in FAULTS {
        let (verdict, named) = ask_on(&|question| edit(question));
        if verdict != Verdict::Ready {
            blocked.extend(named.iter().filter(|one| one == name).cloned());
        }
    }
    assert_eq!(blocked, asked_of_both.map(str::to_owned).into());
    // And what only the candidate can have wrong.
    let own: [(&str, Edit); 4] = [
        ("RB19", |q| {
            let needs = &mut pair::object(&mut q.candidate, "Deployment").needs;
            needs.insert("Secret/lantern-db".to_owned());
        }),
        ("RB14", |q| pair::plan(q).interface.endpoints_removed.push("/v1/old".to_owned())),
        ("RB26", |q| q.candidate.results.retain(|area, _| *area != Area::Load)),
        ("RB27", |q| q.candidate.results.retain(|area, _| *area != Area::Observe)),
    ];
    for (name, edit) in own {
        let (verdict, named) = ask_on(&|question| edit(question));
        assert_ne!(verdict, Verdict::Ready, "{name}");
        assert_eq!(named, [name]);
    }
}

#[test]
fn r12_the_chain_is_broken_skipped_or_a_loop() {
    let pair = Pair::new();
    let previous = |version: &str, sequence, packet: &str| countersign::packet::Previous {
        version: version.parse().unwrap(),
        sequence,
        sha256: pair::digest(packet),
    };
    let cases: [Case<'_>; 5] = [
        (
            "another build of the same version",
            &|q| q.candidate.manifest.previous = Some(previous("0.2.0", 1, "another build")),
            Status::Fails,
        ),
        ("one between", &|q| q.candidate.manifest.sequence = 3, Status::Fails),
        (
            "the last sequence there is",
            &|q| {
                q.target.manifest.sequence = u64::MAX;
                q.candidate.manifest.previous.as_mut().unwrap().sequence = u64::MAX;
            },
            Status::Fails,
        ),
        (
            "they name each other",
            &|q| q.target.manifest.previous = Some(previous("0.1.0", 1, "packet of 0.3.0")),
            Status::Fails,
        ),
        ("unknown", &|q| q.candidate.manifest.previous = None, Status::Unknown),
    ];
    for (name, edit, status) in cases {
        let (_, readiness) = ask(&pair, |question| edit(question));
        assert_eq!(open(&readiness), [("RB01", status)], "{name}");
    }
    // A target with a release of its own before it is like any other.
    let (verdict, _) = ask(&pair, |question| {
        question.target.manifest.previous = Some(previous("0.1.0", 1, "packet of 0.1.0"));
    });
    assert_eq!(verdict, Verdict::Ready);
}

#[test]
fn r14_a_target_that_is_newer_or_the_same() {
    let pair = Pair::new();
    for edit in [
        (|q| std::mem::swap(&mut q.candidate, &mut q.target)) as Edit,
        |q| q.target.packet = q.candidate.packet,
        |q| q.target.manifest.version = q.candidate.manifest.version.clone(),
        |q| q.target.manifest.product = "atlas".to_owned(),
    ] {
        let (verdict, readiness) = ask(&pair, edit);
        assert_eq!(verdict, Verdict::Blocked);
        assert!(open(&readiness).contains(&("RB07", Status::Fails)), "{:?}", open(&readiness));
    }
}
