//! Which CI workflow must have signed: the five parts of the name in its certificate.
//!
//! A pattern over the whole name decides nothing reliably: an unanchored one also matches
//! `https://github.com/acme/app-evil/...`, a dot also matches any character, and one without the
//! reference accepts whatever somebody pushes to a branch. So the name is taken apart and each part
//! is compared byte for byte. Only the last one, the branch or tag, may be a pattern:
//!
//! ```text
//! https://github.com/acme/app/.github/workflows/release.yml@refs/tags/v1.2.3
//!         host       owner repository and workflow          reference
//! https://gitlab.com/acme/tools/app//.gitlab-ci.yml@refs/heads/main
//!         host       owner      repository
//! ```

use std::fmt;

use serde::{Deserialize, Serialize};

use super::glob::Glob;

/// The CI workflow that must have signed, as it is written down.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WorkflowDocument {
    /// The host, in lower case: `github.com`.
    pub host: String,
    /// The organisation or person; at GitLab the whole path of the group: `acme/tools`.
    pub owner: String,
    /// The repository that holds the workflow: `app`.
    pub repository: String,
    /// The workflow's path in it: `.github/workflows/release.yml`.
    pub workflow: String,
    /// The branch or tag, in full: `refs/tags/v*`. A `*` stands for any characters but `/`.
    pub reference: String,
    /// The repository that was built, where the certificate must say so: a workflow that others
    /// may call signs for each of its callers. `https://github.com/acme/app`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source_repository: Option<String>,
    /// The reference that was built, where the certificate must say so. No pattern.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source_ref: Option<String>,
    /// The one run that must have signed, where the certificate must say so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run_invocation: Option<String>,
}

/// The CI workflow that must have signed: five sound parts, and what else the certificate must say.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "WorkflowDocument", into = "WorkflowDocument")]
pub struct WorkflowIdentity {
    host: String,
    owner: String,
    repository: String,
    workflow: String,
    reference: Glob,
    claims: Claims,
}

/// What a certificate says, or must say, beside its name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub(super) struct Claims {
    pub(super) source_repository: Option<String>,
    pub(super) source_ref: Option<String>,
    pub(super) run_invocation: Option<String>,
}

/// Why parts name no workflow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkflowError {
    part: &'static str,
    problem: String,
}

/// The longest name, in bytes.
const MAX_NAME: usize = 2_048;
/// Where GitHub keeps workflows, and nobody else.
const GITHUB_WORKFLOWS: &str = ".github/workflows/";
/// The kinds of reference that a pattern may stand for.
const PATTERN_KINDS: [&str; 2] = ["refs/heads/", "refs/tags/"];

impl WorkflowIdentity {
    /// Holds when a certificate's name is this workflow's.
    pub(super) fn check_name(&self, name: &str) -> Result<(), String> {
        let parts = Parts::parse(name)?;
        let expected = [&self.host, &self.owner, &self.repository, &self.workflow];
        let found = [parts.host, parts.owner, parts.repository, parts.workflow];
        for ((part, expected), found) in
            ["host", "owner", "repository", "workflow"].into_iter().zip(expected).zip(found)
        {
            if expected != found {
                return Err(format!("the workflow's {part} is `{found}`; expected `{expected}`"));
            }
        }
        let Parts { reference, .. } = parts;
        if !self.reference.matches(reference) {
            let expected = self.reference.as_str();
            return Err(format!("the workflow ran at `{reference}`; expected `{expected}`"));
        }
        Ok(())
    }

    /// Tells whether both are the same workflow, at whatever branch or tag, and may sign for the
    /// same caller.
    pub(super) fn is_same_signer(&self, other: &Self) -> bool {
        let caller = |one: &Self| one.claims.source_repository.clone();
        self.host == other.host
            && self.owner == other.owner
            && self.repository == other.repository
            && self.workflow == other.workflow
            && caller(self).zip(caller(other)).is_none_or(|(one, other)| one == other)
    }

    /// Holds when a certificate says everything else that it must say.
    pub(super) fn check_claims(&self, stated: &Claims) -> Result<(), String> {
        let Claims { source_repository, source_ref, run_invocation } = &self.claims;
        for (what, expected, stated) in [
            ("source repository", source_repository, &stated.source_repository),
            ("source reference", source_ref, &stated.source_ref),
            ("run", run_invocation, &stated.run_invocation),
        ] {
            let Some(expected) = expected else { continue };
            match stated {
                Some(stated) if stated == expected => {}
                Some(stated) => {
                    let stated = stated.escape_debug();
                    return Err(format!("the {what} is `{stated}`; expected `{expected}`"));
                }
                None => {
                    return Err(format!("the certificate states no {what}; expected `{expected}`"));
                }
            }
        }
        Ok(())
    }
}

impl TryFrom<WorkflowDocument> for WorkflowIdentity {
    type Error = WorkflowError;

    fn try_from(document: WorkflowDocument) -> Result<Self, WorkflowError> {
        let WorkflowDocument { host, owner, repository, workflow, reference, .. } = document;
        let problem = |part, problem: String| WorkflowError { part, problem };
        check_host(&host).map_err(|error| problem("host", error))?;
        check_path(&owner).map_err(|error| problem("owner", error))?;
        check_path(&workflow).map_err(|error| problem("workflow", error))?;
        check_path(&repository).map_err(|error| problem("repository", error))?;
        if repository.contains('/') {
            return Err(problem("repository", format!("`{repository}` has a `/`")));
        }
        check_workflow(&workflow).map_err(|error| problem("workflow", error))?;
        if workflow.starts_with(GITHUB_WORKFLOWS) && owner.contains('/') {
            return Err(problem("owner", format!("`{owner}` has a `/`, and GitHub has no groups")));
        }
        let reference = pattern(&reference).map_err(|error| problem("reference", error))?;
        for (part, claim) in [
            ("source_repository", &document.source_repository),
            ("source_ref", &document.source_ref),
            ("run_invocation", &document.run_invocation),
        ] {
            if claim.as_ref().is_some_and(|claim| !is_plain(claim)) {
                return Err(problem(part, "is empty, or not plain text".to_owned()));
            }
        }
        let claims = Claims {
            source_repository: document.source_repository,
            source_ref: document.source_ref,
            run_invocation: document.run_invocation,
        };
        Ok(Self { host, owner, repository, workflow, reference, claims })
    }
}

impl From<WorkflowIdentity> for WorkflowDocument {
    fn from(identity: WorkflowIdentity) -> Self {
        let WorkflowIdentity { host, owner, repository, workflow, reference, claims } = identity;
        let Claims { source_repository, source_ref, run_invocation } = claims;
        let reference = reference.as_str().to_owned();
        Self {
            host,
            owner,
            repository,
            workflow,
            reference,
            source_repository,
            source_ref,
            run_invocation,
        }
    }
}

impl fmt::Display for WorkflowIdentity {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { host, owner, repository, workflow, reference, claims: _ } = self;
        let reference = reference.as_str();
        write!(formatter, "`{workflow}` of `{owner}/{repository}` on `{host}` at `{reference}`")
    }
}

impl fmt::Display for WorkflowError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "not a workflow: {}: {}", self.part, self.problem)
    }
}

impl std::error::Error for WorkflowError {}

/// The five parts of a certificate's name.
#[derive(Debug, PartialEq, Eq)]
struct Parts<'a> {
    host: &'a str,
    owner: &'a str,
    repository: &'a str,
    workflow: &'a str,
    reference: &'a str,
}

impl<'a> Parts<'a> {
    /// Takes a name apart. What two readers could take apart differently is refused.
    fn parse(name: &'a str) -> Result<Self, String> {
        let problem = |problem: &str| {
            let shown: String = name.chars().take(200).collect();
            format!("the name `{}` is no workflow's: {problem}", shown.escape_debug())
        };
        if name.len() > MAX_NAME {
            return Err(problem("too long"));
        }
        let rest = name.strip_prefix("https://").ok_or_else(|| problem("no `https://`"))?;
        let (path, reference) = rest.split_once('@').ok_or_else(|| problem("no reference"))?;
        check_reference(reference).map_err(|error| problem(&error))?;
        let (host, path) = path.split_once('/').ok_or_else(|| problem("no path"))?;
        check_host(host).map_err(|error| problem(&error))?;
        // GitLab sets the path in the repository off with an empty part; GitHub's has a fixed place.
        let (project, workflow) = match path.split_once("//") {
            Some((_, workflow)) if workflow.starts_with(GITHUB_WORKFLOWS) => {
                return Err(problem("GitHub's workflow after GitLab's `//`"));
            }
            Some((project, workflow)) => (project, workflow),
            None => {
                let slash = path.match_indices('/').nth(1).map(|(slash, _)| slash);
                let slash = slash.ok_or_else(|| problem("no workflow"))?;
                let workflow = &path[slash + 1..];
                if !workflow.starts_with(GITHUB_WORKFLOWS) {
                    return Err(problem("a workflow that is not in `.github/workflows`"));
                }
                (&path[..slash], workflow)
            }
        };
        check_path(project).map_err(|error| problem(&error))?;
        check_path(workflow).map_err(|error| problem(&error))?;
        check_workflow(workflow).map_err(|error| problem(&error))?;
        let (owner, repository) =
            project.rsplit_once('/').ok_or_else(|| problem("no repository"))?;
        Ok(Self { host, owner, repository, workflow, reference })
    }
}

/// A name of lower-case labels; no port, no user.
fn check_host(host: &str) -> Result<(), String> {
    let sound = host.split('.').all(|label| {
        !label.is_empty()
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-'))
    });
    if sound { Ok(()) } else { Err(format!("the host `{}`", host.escape_debug())) }
}

/// Parts between `/` of letters, digits and `.`, `_`, `+`, `-`, none of them a way up or nothing.
fn check_path(path: &str) -> Result<(), String> {
    let sound = path.len() <= MAX_NAME
        && path.split('/').all(|part| {
            !matches!(part, "" | "." | "..")
                && part.bytes().all(|byte| {
                    byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'+' | b'-')
                })
        });
    if sound { Ok(()) } else { Err(format!("the path `{}`", path.escape_debug())) }
}

fn check_workflow(workflow: &str) -> Result<(), String> {
    let in_place = workflow.strip_prefix(GITHUB_WORKFLOWS).is_none_or(|file| !file.contains('/'));
    let named = workflow
        .strip_suffix(".yml")
        .or_else(|| workflow.strip_suffix(".yaml"))
        .is_some_and(|stem| !stem.is_empty() && !stem.ends_with('/'));
    if in_place && named { Ok(()) } else { Err(format!("the workflow `{workflow}`")) }
}

/// A reference in full, or a commit: what pins the workflow's text.
///
/// Off-spec: git allows more characters. One with `@` could hide a second reference, and the
/// others mean something in URIs or patterns.
fn check_reference(reference: &str) -> Result<(), String> {
    let shown = || format!("the reference `{}`", reference.escape_debug());
    let is_commit = matches!(reference.len(), 40 | 64)
        && reference.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    let named = reference.strip_prefix("refs/").is_some_and(|rest| {
        rest.contains('/')
            && rest.split('/').all(|part| {
                !part.is_empty()
                    && !part.starts_with('.')
                    && !part.ends_with('.')
                    && part.bytes().all(|byte| {
                        byte.is_ascii_alphanumeric()
                            || matches!(byte, b'.' | b'_' | b'+' | b'-' | b'=' | b',')
                    })
            })
    });
    if is_commit || named && !reference.contains("..") { Ok(()) } else { Err(shown()) }
}

/// Reads the reference that is expected: one in full, or a pattern over branches or tags.
fn pattern(text: &str) -> Result<Glob, String> {
    let glob = Glob::parse(text).map_err(|error| error.to_string())?;
    // Held as a reference of its own, each wildcard for one letter, it must be sound.
    check_reference(&text.replace('*', "x"))?;
    if !text.contains('*') {
        return Ok(glob);
    }
    let Some(name) = PATTERN_KINDS.iter().find_map(|kind| text.strip_prefix(kind)) else {
        let kinds = PATTERN_KINDS.join("` or `");
        return Err(format!("the pattern `{text}` does not begin with `{kinds}`"));
    };
    // Whoever may push a branch of any name chooses the workflow's text.
    if text.starts_with(PATTERN_KINDS[0]) && name.chars().all(|character| "*/".contains(character))
    {
        return Err(format!("the pattern `{text}` accepts every branch"));
    }
    Ok(glob)
}

fn is_plain(text: &str) -> bool {
    !text.is_empty() && text.len() <= MAX_NAME && text.bytes().all(|byte| byte.is_ascii_graphic())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document() -> WorkflowDocument {
        WorkflowDocument {
            host: "github.com".to_owned(),
            owner: "acme".to_owned(),
            repository: "app".to_owned(),
            workflow: ".github/workflows/release.yml".to_owned(),
            reference: "refs/tags/v*".to_owned(),
            ..WorkflowDocument::default()
        }
    }

    fn changed(change: impl FnOnce(&mut WorkflowDocument)) -> Result<WorkflowIdentity, String> {
        let mut document = document();
        change(&mut document);
        WorkflowIdentity::try_from(document).map_err(|error| error.to_string())
    }

    fn at(reference: &str) -> Result<WorkflowIdentity, String> {
        changed(|document| document.reference = reference.to_owned())
    }

    const TAG: &str = "https://github.com/acme/app/.github/workflows/release.yml@refs/tags/v1.2.3";

    #[test]
    fn the_five_parts_match() {
        let identity = changed(|_| {}).unwrap();
        assert_eq!(identity.check_name(TAG), Ok(()));
        let exact = at("refs/tags/v1.2.3").unwrap();
        assert_eq!(exact.check_name(TAG), Ok(()));
        let commit = "0123456789abcdef0123456789abcdef01234567";
        let name = TAG.replace("refs/tags/v1.2.3", commit);
        assert_eq!(at(commit).unwrap().check_name(&name), Ok(()));
        assert!(identity.check_name(&name).is_err());
        let group = changed(|document| {
            document.host = "gitlab.example".to_owned();
            document.owner = "acme/tools/release".to_owned();
            document.workflow = "ci/release.yaml".to_owned();
        });
        let name = "https://gitlab.example/acme/tools/release/app//ci/release.yaml@refs/tags/v1";
        assert_eq!(group.unwrap().check_name(name), Ok(()));
    }

    // P01: whatever only looks like the name, or contains it.
    #[test]
    fn a_name_that_contains_the_right_one_is_refused() {
        let identity = changed(|_| {}).unwrap();
        for (from, to) in [
            ("acme/app", "acme/app-evil"),
            ("acme/app", "acme-evil/app"),
            ("acme/app", "evil/acme/app"),
            ("acme/app", "acme/app/app"),
            ("github.com", "githubXcom"),
            ("github.com", "github.com.evil.example"),
            ("github.com", "evil.example/github.com"),
            ("https://", "https://x/?u=https://"),
            ("https://", "https://evil.example/https://"),
            ("https://", "http://"),
            ("https://", ""),
            ("https://", " https://"),
            ("https://", "HTTPS://"),
            ("release.yml", "release.yml/x.yml"),
            ("release.yml", "releaseXyml"),
            ("release.yml", "prerelease.yml"),
            ("release.yml", "release.yaml"),
            (".github/workflows", ".github/actions"),
            ("/.github", "//.github"),
        ] {
            let name = TAG.replacen(from, to, 1);
            assert_ne!(name, TAG, "{from}");
            assert!(identity.check_name(&name).is_err(), "{name}");
        }
    }

    // P02.
    #[test]
    fn another_reference_is_refused() {
        let identity = changed(|_| {}).unwrap();
        for reference in [
            "refs/heads/attacker",
            "refs/heads/v1",
            "refs/tags/x1",
            "refs/tags/v1/evil",
            "evil.yml@refs/tags/v1",
            "refs/tags/v1@refs/heads/attacker",
            "refs/heads/attacker@refs/tags/v1",
            "refs/tags/../heads/v1",
            "refs/tags/v1..2",
            "refs/tags/v1\n",
            "refs/tags/v1 ",
            "refs/tags/v%31",
            "refs/tags/v1#x",
            "refs/tags/v1?x",
            "refs/tags/",
            "tags/v1",
            "v1",
            "",
        ] {
            let name = TAG.replace("refs/tags/v1.2.3", reference);
            assert!(identity.check_name(&name).is_err(), "{name:?}");
        }
        assert!(identity.check_name(TAG.split('@').next().unwrap()).is_err());
    }

    // P04.
    #[test]
    fn a_name_that_two_readers_take_apart_differently_is_refused() {
        let identity = changed(|_| {}).unwrap();
        for (from, to) in [
            ("github.com", "GitHub.com"),
            ("github.com", "github.com."),
            ("github.com", "github.com:443"),
            ("github.com", "user@github.com"),
            ("github.com", "user:x@github.com"),
            ("github.com", "g\u{456}thub.com"),
            ("github.com", "xn--gthub-n4a.com"),
            ("github.com", "github.com\0"),
            ("acme", "acme\0"),
            ("acme", "Acme"),
            ("acme", "ac%6De"),
            ("acme", "x/../acme"),
            ("acme", "./acme"),
            ("acme", "/acme"),
            ("app/", "app?x=/"),
            ("app/", "app#/"),
            ("app/", "app\\/"),
            ("app/", "app;x/"),
            ("v1.2.3", "v1\0"),
            ("v1.2.3", "v\u{661}"),
        ] {
            let name = TAG.replacen(from, to, 1);
            assert_ne!(name, TAG, "{from}");
            assert!(identity.check_name(&name).is_err(), "{name:?}");
        }
        assert!(identity.check_name(&format!("{TAG}{}", "x".repeat(3_000))).is_err());
        assert!(identity.check_name("").is_err());
    }

    // Written together again the parts are the name: no name has two readings.
    #[test]
    fn the_parts_are_the_whole_name() {
        for (name, gap) in [
            (TAG, "/"),
            ("https://gitlab.com/a/b/c//.gitlab-ci.yml@refs/heads/main", "//"),
            ("https://gitlab.com/a/b//x/y.yml@refs/heads/feature/x", "//"),
            ("https://github.com/a/.github/.github/workflows/x.yml@refs/heads/main", "/"),
        ] {
            let Parts { host, owner, repository, workflow, reference } =
                Parts::parse(name).unwrap();
            assert_eq!(
                format!("https://{host}/{owner}/{repository}{gap}{workflow}@{reference}"),
                name
            );
        }
        for name in [
            "https://gitlab.com/a//x.yml@refs/heads/main",
            "https://gitlab.com/a/b//x//y.yml@refs/heads/main",
            "https://gitlab.com/a/b//.github/workflows/x.yml@refs/heads/main",
            "https://gitlab.com/a/b//x.txt@refs/heads/main",
            "https://gitlab.com/a/b//.yml@refs/heads/main",
            "https://github.com/a/b/x.yml@refs/heads/main",
        ] {
            assert!(Parts::parse(name).is_err(), "{name}");
        }
    }

    // P02, P11: an identity that pins no reference cannot be written down.
    #[test]
    fn an_expected_reference_pins() {
        for reference in [
            "refs/heads/main",
            "refs/heads/release/*",
            "refs/heads/*-stable",
            "refs/tags/*",
            "refs/tags/v*",
            "refs/tags/v*.*.*",
            "refs/pull/1/merge",
        ] {
            assert!(at(reference).is_ok(), "{reference}");
        }
        for reference in [
            "",
            "*",
            "refs/*",
            "refs/*/main",
            "refs/heads/*",
            "refs/heads/*/*",
            "refs/pull/*/merge",
            "refs/heads/**",
            "refs/tags/v?",
            "refs/tags/v[0-9]",
            "refs/tags/v[^a]",
            "refs/tags/{a,b}",
            "refs/heads/",
            "refs/heads",
            "heads/main",
            "main",
            ".*",
            "^refs/heads/main$",
            "refs/heads/a@b",
            "refs/heads/a b",
            "refs/heads//a",
            "refs/heads/../a",
            "0123456789abcdef0123456789abcdef0123456*",
            "0123456789ABCDEF0123456789ABCDEF01234567",
        ] {
            assert!(at(reference).is_err(), "{reference}");
        }
    }

    #[test]
    fn parts_that_could_match_no_name_or_two_are_refused() {
        for host in ["", "GitHub.com", "github.com:443", "a@b", "*.com", "github..com", "-a.com"] {
            assert!(changed(|document| document.host = host.to_owned()).is_err(), "{host}");
        }
        for owner in ["", "*", "a/b", "..", "a/", "/a", "a b", "a%20b", "a@b"] {
            assert!(changed(|document| document.owner = owner.to_owned()).is_err(), "{owner}");
        }
        for repository in ["", "*", "a/b", "..", "app//.github"] {
            let refused = changed(|document| document.repository = repository.to_owned());
            assert!(refused.is_err(), "{repository}");
        }
        for workflow in
            ["", "*", ".github/workflows/*.yml", ".github/workflows/a/b.yml", "x", "/x.yml", ".yml"]
        {
            let refused = changed(|document| document.workflow = workflow.to_owned());
            assert!(refused.is_err(), "{workflow}");
        }
        for claim in ["", "a b", "a\0", "\u{e9}"] {
            let refused = changed(|document| document.source_ref = Some(claim.to_owned()));
            assert!(refused.is_err(), "{claim:?}");
        }
    }

    #[test]
    fn an_expected_claim_must_be_stated() {
        let source = "https://github.com/acme/app".to_owned();
        let identity = changed(|document| document.source_repository = Some(source.clone()));
        let identity = identity.unwrap();
        let stated = |repository: Option<&str>| Claims {
            source_repository: repository.map(str::to_owned),
            source_ref: Some("refs/heads/main".to_owned()),
            run_invocation: None,
        };
        assert_eq!(identity.check_claims(&stated(Some(&source))), Ok(()));
        for other in [None, Some(""), Some("https://github.com/acme/app-evil"), Some("acme/app")] {
            assert!(identity.check_claims(&stated(other)).is_err(), "{other:?}");
        }
        assert_eq!(changed(|_| {}).unwrap().check_claims(&Claims::default()), Ok(()));
    }
}
