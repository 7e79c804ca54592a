//! Approvals of a rollback: enough people, none of them the one who asked, for exactly this.

use std::collections::BTreeSet;

use crate::digest::Digest;
use crate::finding::rules::trust as rules;
use crate::finding::{Finding, Location, Report, Rule};
use crate::provenance::{Action, Approval, PAYLOAD_TYPE, Statement};
use crate::time::Timestamp;
use crate::trust::{self, Bundle, Payload, RoleName, TrustRoot, Verified};

/// What is to be approved.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// What is to be done.
    pub action: Action,
    /// The packet that is left.
    pub from: Digest,
    /// The packet that is gone back to.
    pub to: Digest,
    /// Where.
    pub environment: &'a str,
    /// Who asks: the owner's name in the trust root.
    pub requester: &'a str,
    /// The fewest people that must have approved; the role's threshold holds besides.
    pub at_least: u32,
    /// The payloads, by their digests, of approvals that were used before.
    pub consumed: &'a BTreeSet<Digest>,
}

/// Approvals that were counted on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Approved {
    /// The digests of their payloads, so that they are used once.
    pub payloads: BTreeSet<Digest>,
    /// The people behind them, sorted.
    pub owners: BTreeSet<String>,
    /// When the first of them ends.
    pub until: Option<Timestamp>,
}

/// Holds approvals against what is asked: people are counted, and whoever asks is not one of them.
///
/// Returns the approvals that were counted on; nothing when too few people have approved.
pub fn judge_approvals(
    bundles: &[Bundle],
    asked: Asked<'_>,
    root: &TrustRoot,
    report: &mut Report,
) -> Option<Approved> {
    let role = RoleName::RollbackApprover;
    let now = report.judged_at();
    let mut passed_over = Vec::new();
    let opened = trust::open_approvals(bundles, role, asked.requester, root, now, |payload| {
        judge_approval(payload, asked, root, now).map_err(|(rule, message)| {
            passed_over.push((rule, message.clone()));
            message
        })
    });
    for (rule, message) in passed_over {
        report.push(Finding::new(rule, Location::named("approvals"), message));
    }
    match opened.map_err(|refusal| refusal.message).and_then(|opened| enough(&opened, asked)) {
        Ok(approved) => {
            let owners: Vec<String> =
                approved.owners.iter().map(|owner| owner.escape_debug().to_string()).collect();
            report.passed("approvals", asked.environment, format!("by {}", owners.join(", ")));
            Some(approved)
        }
        Err(problem) => {
            let rule = &rules::APPROVAL_MISSING;
            let finding = Finding::new(rule, Location::named("approvals"), problem);
            report.failed("approvals", asked.environment, finding);
            None
        }
    }
}

/// Holds the people of the role who approved against what the plan asks besides.
fn enough(opened: &Verified<Vec<Payload>>, asked: Asked<'_>) -> Result<Approved, String> {
    let owners: BTreeSet<String> =
        opened.signers().iter().map(|signer| signer.owner.clone()).collect();
    if owners.len() < usize::try_from(asked.at_least).unwrap_or(usize::MAX) {
        let (count, least) = (owners.len(), asked.at_least);
        return Err(format!("{count} people approved, and the plan asks for {least}"));
    }
    let until = opened
        .value()
        .iter()
        .filter_map(|payload| Statement::<Approval>::parse(&payload.bytes).ok())
        .map(|statement| statement.predicate.expires_at)
        .min();
    let payloads = opened.value().iter().map(|payload| Digest::of(&payload.bytes)).collect();
    Ok(Approved { payloads, owners, until })
}

/// Tells who has approved what is asked so far; whether that is enough is another question.
pub(super) fn approvers_so_far(
    bundles: &[Bundle],
    asked: Asked<'_>,
    root: &TrustRoot,
    now: Timestamp,
) -> BTreeSet<String> {
    let role = RoleName::RollbackApprover;
    trust::approvers_so_far(bundles, role, asked.requester, root, now, |payload| {
        judge_approval(payload, asked, root, now).map_err(|(_, message)| message)
    })
}

/// Says why an approval does not count for what is asked.
fn judge_approval(
    payload: &Payload,
    asked: Asked<'_>,
    root: &TrustRoot,
    now: Timestamp,
) -> Result<(), (&'static Rule, String)> {
    let scope = |problem: String| Err((&rules::APPROVAL_SCOPE_MISMATCH, problem));
    if payload.payload_type != PAYLOAD_TYPE {
        return scope(format!("a payload of type `{}`", payload.payload_type.escape_debug()));
    }
    let statement = match Statement::<Approval>::parse(&payload.bytes) {
        Ok(statement) => statement,
        Err(error) => return scope(error.to_string()),
    };
    let approval = &statement.predicate;
    if approval.action != asked.action {
        return scope("an approval of the other direction".to_owned());
    }
    let pair = approval.clone().over(asked.from, asked.to);
    if statement.subjects != pair.subjects {
        return scope("an approval of another pair of packets".to_owned());
    }
    for (what, found, expected) in [
        ("environment", approval.environment.as_str(), asked.environment),
        ("requester", approval.requester.as_str(), asked.requester),
    ] {
        // An approver need not know who asked; whoever judges does.
        let is_open = what == "requester" && found.is_empty();
        if found != expected && !is_open {
            let (found, expected) = (found.escape_debug(), expected.escape_debug());
            return scope(format!("an approval for the {what} `{found}`; expected `{expected}`"));
        }
    }
    if now < approval.approved_at || now >= approval.expires_at {
        let (from, until) = (approval.approved_at, approval.expires_at);
        let message = format!("an approval from {from} until {until}, judged at {now}");
        return Err((&rules::APPROVAL_EXPIRED, message));
    }
    let seconds = approval.expires_at.seconds_since(approval.approved_at);
    let hours = root.policy().rollback.map(|rules| rules.max_approval_hours);
    if let Some(hours) = hours.filter(|hours| seconds > i64::from(*hours) * 3_600) {
        let message = format!("an approval of {seconds} seconds; the policy allows {hours} hours");
        return Err((&rules::APPROVAL_TOO_LONG, message));
    }
    if asked.consumed.contains(&Digest::of(&payload.bytes)) {
        let message = format!("the approval of {} was used before", approval.approved_at);
        return Err((&rules::APPROVAL_CONSUMED, message));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::Verdict;
    use crate::trust::root::{
        Key, KeyState, Policy, RequiredEvidence, Role, RollbackRules, TrustRootDocument,
        VulnerabilityBudget,
    };
    use crate::trust::{Algorithm, AttestationPolicy, PrivateKey};

    const NOW: &str = "2026-11-24T03:10:00Z";

    fn time(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    struct Stage {
        people: Vec<(&'static str, PrivateKey)>,
        root: TrustRoot,
    }

    /// Alice, with two keys, and Bob and Carol; two of them must approve.
    fn stage() -> Stage {
        let people: Vec<(&str, PrivateKey)> = ["alice", "alice", "bob", "carol"]
            .into_iter()
            .map(|name| (name, PrivateKey::generate(Algorithm::Ed25519).unwrap()))
            .collect();
        let from = time("2026-01-01T00:00:00Z");
        let keys = people.iter().map(|(owner, key)| {
            let (public_key, owner) = (key.public().clone(), (*owner).to_owned());
            (public_key.id(), Key { public_key, owner, state: KeyState::Active { from } })
        });
        let one = |text: &str| vec![text.to_owned()];
        let ids = people.iter().map(|(_, key)| key.public().id()).collect();
        let role = Role { keys: ids, identities: Vec::new(), threshold: 2 };
        let document = TrustRootDocument {
            schema: TrustRootDocument::SCHEMA.to_owned(),
            version: 1,
            issued_at: from,
            expires_at: time("2027-01-01T00:00:00Z"),
            keys: keys.collect(),
            identities: [].into(),
            roles: [RoleName::Root, RoleName::Release, RoleName::RollbackApprover]
                .map(|name| (name, role.clone()))
                .into(),
            policy: Policy {
                product: "atlas".to_owned(),
                channels: one("stable"),
                builders: one("https://builders.example"),
                build_types: one("https://builds.example/v1"),
                sources: one("git+https://git.example/atlas"),
                external_parameters: Vec::new(),
                evidence: vec![RequiredEvidence {
                    kind: "sbom".to_owned(),
                    area: None,
                    max_age_days: 7,
                    role: None,
                }],
                vulnerabilities: VulnerabilityBudget { max_critical: 0, max_high: 0 },
                max_waivers: 0,
                waivers: None,
                rollback: None,
                require_proven_time: false,
                log_operators: 0,
                attestations: AttestationPolicy::default(),
                max_packet_bytes: 1,
                max_members: 1,
            },
            sigstore: None,
        };
        let signers: Vec<&PrivateKey> = people.iter().map(|(_, key)| key).collect();
        let bytes = TrustRoot::seal(&document, &signers).unwrap();
        Stage { root: TrustRoot::open(&bytes, time(NOW)).unwrap(), people }
    }

    fn approval() -> Approval {
        Approval {
            action: Action::Rollback,
            environment: "production".to_owned(),
            requester: "dave".to_owned(),
            reason: "0.3.0 loses sessions".to_owned(),
            approved_at: time("2026-11-24T03:00:00Z"),
            expires_at: time("2026-11-24T09:00:00Z"),
        }
    }

    fn pair() -> (Digest, Digest) {
        (Digest::of(b"0.3.0"), Digest::of(b"0.2.0"))
    }

    impl Stage {
        fn signed(&self, person: usize, approval: Approval) -> Bundle {
            let payload = approval.over(pair().0, pair().1).to_bytes();
            Bundle::sign_payload(PAYLOAD_TYPE, payload, &self.people[person].1).unwrap()
        }

        fn judge(&self, bundles: &[Bundle], edit: impl FnOnce(&mut Asked<'_>)) -> Report {
            let (from, to) = pair();
            let none = BTreeSet::new();
            let (environment, requester) = ("production", "dave");
            let action = Action::Rollback;
            let mut asked =
                Asked { action, from, to, environment, requester, at_least: 1, consumed: &none };
            edit(&mut asked);
            let mut report = Report::new("rollback check", time(NOW), true);
            judge_approvals(bundles, asked, &self.root, &mut report);
            report
        }

        fn codes(
            &self,
            bundles: &[Bundle],
            edit: impl FnOnce(&mut Asked<'_>),
        ) -> Vec<&'static str> {
            let report = self.judge(bundles, edit);
            let codes: Vec<&str> = report.findings().iter().map(|one| one.rule.slug).collect();
            assert_eq!(report.verdict() == Verdict::Pass, !codes.contains(&"approval-missing"));
            codes
        }
    }

    #[test]
    fn two_people_approve() {
        let stage = stage();
        let both = [stage.signed(0, approval()), stage.signed(2, approval())];
        assert_eq!(stage.codes(&both, |_| ()), [""; 0]);
        // Each writes a reason of their own.
        let other = Approval { reason: "sessions are lost".to_owned(), ..approval() };
        let both = [stage.signed(0, approval()), stage.signed(3, other)];
        assert_eq!(stage.codes(&both, |_| ()), [""; 0]);
    }

    #[test]
    fn h08_two_keys_of_one_person_approve() {
        let stage = stage();
        let twice = [stage.signed(0, approval()), stage.signed(1, approval())];
        assert_eq!(stage.codes(&twice, |_| ()), ["approval-missing"]);
        assert_eq!(stage.codes(&[], |_| ()), ["approval-missing"]);
    }

    #[test]
    fn h09_whoever_asks_approves() {
        let stage = stage();
        let asked_by_bob = || Approval { requester: "bob".to_owned(), ..approval() };
        let own = [stage.signed(0, asked_by_bob()), stage.signed(2, asked_by_bob())];
        assert_eq!(stage.codes(&own, |asked| asked.requester = "bob"), ["approval-missing"]);
        let others = [stage.signed(0, asked_by_bob()), stage.signed(3, asked_by_bob())];
        assert_eq!(stage.codes(&others, |asked| asked.requester = "bob"), [""; 0]);
    }

    #[test]
    fn h11_an_approval_for_something_else_is_shown_again() {
        let stage = stage();
        let both = [stage.signed(0, approval()), stage.signed(2, approval())];
        let scope = ["approval-scope-mismatch", "approval-scope-mismatch", "approval-missing"];
        assert_eq!(stage.codes(&both, |asked| asked.environment = "staging"), scope);
        assert_eq!(stage.codes(&both, |asked| asked.to = Digest::of(b"0.1.0")), scope);
        assert_eq!(
            stage.codes(&both, |asked| (asked.from, asked.to) = (asked.to, asked.from)),
            scope
        );
        assert_eq!(stage.codes(&both, |asked| asked.requester = "erin"), scope);
    }

    #[test]
    fn h11_an_approval_after_its_end_or_a_second_time() {
        let stage = stage();
        let ended = || Approval { expires_at: time(NOW), ..approval() };
        let both = [stage.signed(0, ended()), stage.signed(2, approval())];
        assert_eq!(stage.codes(&both, |_| ()), ["approval-expired", "approval-missing"]);
        let begun = Approval { approved_at: time("2026-11-24T03:10:01Z"), ..approval() };
        let both = [stage.signed(0, begun), stage.signed(2, approval())];
        assert_eq!(stage.codes(&both, |_| ()), ["approval-expired", "approval-missing"]);
        let both = [stage.signed(0, approval()), stage.signed(2, approval())];
        let used: BTreeSet<Digest> = both
            .iter()
            .map(|bundle| match bundle.content() {
                trust::Content::Envelope(envelope) => Digest::of(envelope.unverified_payload()),
                trust::Content::Message { .. } => unreachable!("they sign statements"),
            })
            .collect();
        let report = {
            let (from, to) = pair();
            let (environment, requester) = ("production", "dave");
            let action = Action::Rollback;
            let asked =
                Asked { action, from, to, environment, requester, at_least: 1, consumed: &used };
            let mut report = Report::new("rollback check", time(NOW), true);
            assert!(judge_approvals(&both, asked, &stage.root, &mut report).is_none());
            report
        };
        let codes: Vec<&str> = report.findings().iter().map(|one| one.rule.slug).collect();
        assert_eq!(codes, ["approval-consumed", "approval-consumed", "approval-missing"]);
    }

    #[test]
    fn h11_an_approval_that_runs_longer_than_the_policy_allows() {
        let mut stage = stage();
        stage.root = limited(&stage, 6);
        let both = |approval: &dyn Fn() -> Approval| {
            [stage.signed(0, approval()), stage.signed(2, approval())]
        };
        // Six hours to the second, and one second more.
        assert_eq!(stage.codes(&both(&approval), |_| ()), [""; 0]);
        let long = || Approval { expires_at: time("2026-11-24T09:00:01Z"), ..approval() };
        let codes = ["approval-too-long", "approval-too-long", "approval-missing"];
        assert_eq!(stage.codes(&both(&long), |_| ()), codes);
    }

    /// The stage's trust root with limits on going back.
    fn limited(stage: &Stage, max_approval_hours: u32) -> TrustRoot {
        let mut document = stage.root.document().clone();
        document.policy.rollback = Some(RollbackRules { window_days: 30, max_approval_hours });
        let signers: Vec<&PrivateKey> = stage.people.iter().map(|(_, key)| key).collect();
        TrustRoot::open(&TrustRoot::seal(&document, &signers).unwrap(), time(NOW)).unwrap()
    }

    #[test]
    fn an_approval_that_is_none_is_passed_over() {
        let stage = stage();
        let good = [stage.signed(0, approval()), stage.signed(2, approval())];
        let text = Bundle::sign_payload("text/plain", b"yes".to_vec(), &stage.people[3].1).unwrap();
        let message = Bundle::sign_message(b"yes", &stage.people[3].1).unwrap();
        let [first, second] = good;
        let all = [first, text.clone(), message.clone(), second];
        assert_eq!(stage.codes(&all, |_| ()), ["approval-scope-mismatch"]);
        let short = [all[0].clone(), text, message];
        assert_eq!(stage.codes(&short, |_| ()), ["approval-scope-mismatch", "approval-missing"]);
    }
}
