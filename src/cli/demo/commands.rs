//! The commands that do what the demo does, as it prints them.

use countersign::packet::directory::BUNDLE_SUFFIX;
use countersign::pipeline::sign::SigningKey;

use super::night::{
    ENVIRONMENT, FACTS, Night, PROFILES, REQUESTER, reason, runbook_path, timings_path,
};
use super::{PEOPLE, Release, SOURCE, Stage, UPDATES, trust_path};

pub(super) fn of_keys(stage: &Stage) -> String {
    let commands = PEOPLE.map(|(name, _, algorithm)| {
        let path = stage.path(&format!("{name}.key"));
        format!("countersign keys generate --algorithm {algorithm} -o {}", path.display())
    });
    commands.join("\n")
}

pub(super) fn of_assembly(release: &Release, as_of: &str) -> String {
    let previous =
        release.previous.as_ref().map(|packet| format!(" --previous {}", packet.display()));
    format!(
        "countersign assemble --root {} --artifacts {} --evidence {} --version {} --source {SOURCE} \
         --commit {}{} {as_of} -o {}",
        release.tree.display(),
        release.artifacts.display(),
        release.evidence.display(),
        release.version,
        release.commit,
        previous.unwrap_or_default(),
        release.dist.display()
    )
}

impl Night {
    pub(super) fn command(&self, stage: &Stage) -> String {
        format!(
            "countersign rollback check --from {} --to {} --trust {} --trust-updates {} \
             --evidence {} --environment {ENVIRONMENT} --requester {REQUESTER} --now {}",
            self.from.display(),
            self.to.display(),
            trust_path(stage).display(),
            stage.path(UPDATES).display(),
            self.evidence.display(),
            self.now
        )
    }

    /// The pair, as every verb of `rollback` takes it.
    fn pair(&self) -> String {
        format!("--from {} --to {}", self.from.display(), self.to.display())
    }

    pub(super) fn drill_commands(&self, stage: &Stage, key: &SigningKey) -> String {
        let signed = FACTS.map(|name| {
            let fact = self.evidence.join(name);
            let (fact, key) = (fact.display(), key.path.display());
            format!("countersign sign-blob {fact} --key {key} --bundle {fact}{BUNDLE_SUFFIX}")
        });
        let drilled = PROFILES.map(|profile| {
            format!(
                "countersign rollback drill record {} --timings {} --runbook {} --profile {profile} \
                 --environment {ENVIRONMENT} --key {} --now {} -o {}",
                self.pair(),
                timings_path(stage, profile).display(),
                runbook_path(stage).display(),
                key.path.display(),
                self.now,
                self.drill_path(profile).display()
            )
        });
        [signed.as_slice(), &drilled].concat().join("\n")
    }

    pub(super) fn approve_commands(&self, stage: &Stage, signers: &[SigningKey]) -> String {
        let commands = signers.iter().map(|signer| {
            format!(
                "countersign rollback approve {} --environment {ENVIRONMENT} \
                 --requester {REQUESTER} --reason '{}' --expires {} --key {} --now {} -o {}",
                self.pair(),
                reason(stage),
                self.approvals_end(),
                signer.path.display(),
                self.before(60),
                self.approval_path(signer).display()
            )
        });
        commands.collect::<Vec<_>>().join("\n")
    }

    pub(super) fn revoke_commands(
        &self,
        stage: &Stage,
        signers: &[SigningKey],
        operations: &SigningKey,
    ) -> String {
        let [alice, bob] = signers else { return String::new() };
        let folder = stage.path(UPDATES);
        let folder = folder.display();
        format!(
            "countersign trust revoke {} --since {} --dir {folder} --now {}\n\
             countersign trust sign --dir {folder} --key {} --key {}",
            bob.key.public().id(),
            stage.previous().issued_at,
            self.now,
            alice.path.display(),
            operations.path.display()
        )
    }
}
