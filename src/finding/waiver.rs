//! Waivers: findings that somebody answers for, in one file, until a day.

use serde::{Deserialize, Serialize};

use super::rules::{self, Weight};
use super::{Basis, Finding, Location, Report};
use crate::digest::Digest;
use crate::json::{self, JsonError, Limits};
use crate::path::RelPath;
use crate::time::Timestamp;

/// One accepted finding (`ops/release/waivers.json`).
///
/// ```json
/// {
///   "code": "CS-RELEASE-010", "path": "ops/release/evidence/sboms/prod.spdx.json",
///   "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
///   "reason": "the scanner's database lags; tracked in OPS-812",
///   "owner": "release@lantern.example", "expires": "2026-12-31T00:00:00Z"
/// }
/// ```
///
/// It covers one rule in one file, and only as long as the file has that digest: who changes the
/// file has to ask again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Waiver {
    /// The rule's code, whole.
    pub code: String,
    /// The file, whole.
    pub path: RelPath,
    /// The digest of the file as it was accepted.
    pub sha256: Digest,
    /// The value in the file, as a JSON Pointer; absent for the whole file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pointer: Option<String>,
    /// Why it is accepted.
    pub reason: String,
    /// Who answers for it.
    pub owner: String,
    /// Until when.
    pub expires: Timestamp,
}

/// The longest time a waiver may run, in days from the time of judgement.
const MAX_DAYS: u32 = 366;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct WaiversDocument {
    schema: String,
    waivers: Vec<Waiver>,
}

/// The waivers of a tree. The default holds none.
#[derive(Debug, Clone, Default)]
pub struct Waivers {
    waivers: Vec<Waiver>,
    /// Which of them name a file that has the digest they were given for.
    current: Vec<bool>,
}

impl Waivers {
    /// Where waivers lie below the root.
    pub const PATH: &str = "ops/release/waivers.json";
    /// The document's name and version.
    pub const SCHEMA: &str = "countersign.waivers/v1";

    /// Reads the document. `digest_of` tells the digest of a file of the tree.
    ///
    /// # Errors
    ///
    /// [`JsonError`] for anything but a well-formed document of this version.
    pub fn parse(
        bytes: &[u8],
        mut digest_of: impl FnMut(&RelPath) -> Option<Digest>,
    ) -> Result<Self, JsonError> {
        let document: WaiversDocument = json::parse(bytes, Limits::DOCUMENT)?;
        if document.schema != Self::SCHEMA {
            return Err(JsonError {
                position: json::Position { line: 1, column: 1 },
                pointer: "/schema".to_owned(),
                problem: format!(
                    "the schema is `{}`; expected `{}`",
                    document.schema,
                    Self::SCHEMA
                ),
            });
        }
        let current = document
            .waivers
            .iter()
            .map(|waiver| digest_of(&waiver.path) == Some(waiver.sha256))
            .collect();
        Ok(Self { waivers: document.waivers, current })
    }

    /// Returns the waivers in the order of the document.
    pub fn iter(&self) -> impl Iterator<Item = &Waiver> {
        self.waivers.iter()
    }

    /// Returns the waiver that covers a finding at a time.
    #[must_use]
    pub fn covering(&self, finding: &Finding, now: Timestamp) -> Option<&Waiver> {
        self.waivers.iter().enumerate().find_map(|(index, waiver)| {
            (self.current[index] && is_usable(waiver, now) && matches(waiver, finding))
                .then_some(waiver)
        })
    }

    /// Adds a finding for every waiver that has expired, is too broad, or covers nothing.
    ///
    /// A waiver for an area that the report did not judge may be waiting for that area's findings
    /// and is left alone; one that names no rule is everybody's.
    pub fn judge(&self, path: &str, report: &mut Report) {
        let now = report.judged_at();
        for (index, waiver) in self.waivers.iter().enumerate() {
            if rules::find(&waiver.code).is_some_and(|rule| !report.has_judged(rule.area)) {
                continue;
            }
            let location = Location::named(path).pointing(&format!("/waivers/{index}"));
            let unmatched = !report.findings().iter().any(|finding| matches(waiver, finding));
            let finding = if let Some(problem) = breadth(waiver, now) {
                Finding::new(&rules::release::WAIVER_TOO_BROAD, location, problem)
            } else if waiver.expires <= now {
                Finding::new(&rules::release::WAIVER_EXPIRED, location, "the waiver has expired")
                    .declared(waiver.expires)
                    .actual(now)
            } else if !self.current[index] {
                let message = format!("`{}` is no longer the file that was accepted", waiver.path);
                Finding::new(&rules::release::WAIVER_UNMATCHED, location, message)
                    .declared(waiver.sha256)
            } else if unmatched {
                let message = format!("no finding {} in `{}`", waiver.code, waiver.path);
                Finding::new(&rules::release::WAIVER_UNMATCHED, location, message)
            } else {
                continue;
            };
            report.push(finding);
        }
    }
}

fn matches(waiver: &Waiver, finding: &Finding) -> bool {
    waiver.code == finding.rule.code
        && finding.rule.is_waivable()
        && finding.location.basis == Basis::Tree
        && finding.location.path == waiver.path.as_str()
        && waiver.pointer.as_ref().is_none_or(|pointer| *pointer == finding.location.pointer)
}

fn is_usable(waiver: &Waiver, now: Timestamp) -> bool {
    waiver.expires > now && breadth(waiver, now).is_none()
}

/// Says why a waiver would cover more than one accepted finding.
fn breadth(waiver: &Waiver, now: Timestamp) -> Option<String> {
    let rule = rules::find(&waiver.code);
    match rule {
        None => return Some(format!("`{}` is not the code of a rule", waiver.code)),
        Some(rule) if rule.weight == Weight::Unjudged || !rule.is_waivable() => {
            return Some(format!("{} cannot be waived", waiver.code));
        }
        Some(_) => {}
    }
    if waiver.reason.trim().len() < 10 {
        return Some("the reason says nothing; expected at least a sentence".to_owned());
    }
    if waiver.owner.trim().is_empty() {
        return Some("nobody answers for it; expected an owner".to_owned());
    }
    if waiver.expires > now.plus_days(MAX_DAYS) {
        return Some(format!("it runs longer than {MAX_DAYS} days, until {}", waiver.expires));
    }
    None
}
