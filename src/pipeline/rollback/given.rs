//! The evidence that is given: read from a folder, and let in only when somebody vouches for it.

use std::collections::BTreeMap;
use std::path::Path;

use super::vex::attested_vex;
use crate::digest::Digest;
use crate::finding::{Area, InputDocument};
use crate::packet::directory::BUNDLE_SUFFIX;
use crate::path::RelPath;
use crate::pipeline::Error;
use crate::provenance::{
    Approval, Consumption, PAYLOAD_TYPE, RollbackDrill, Statement, StatementError,
};
use crate::time::Timestamp;
use crate::tree::Tree;
use crate::trust::{self, Bundle, Content, RoleName, TrustRoot};
use crate::validator::rollback::{Evidence, Sourced};

/// The most files that are read.
const MAX_FILES: usize = 10_000;
/// The largest file that is read, in bytes.
const MAX_BYTES: usize = 16 << 20;

/// The pair that evidence must be about.
#[derive(Clone, Copy)]
pub(super) struct Pair {
    pub(super) from: Digest,
    pub(super) to: Digest,
}

/// Reads a folder of evidence.
///
/// A document stands beside its signature, `x.json` and `x.json.sigstore.json`; a signed statement
/// stands alone. Neither names nor folders mean anything.
pub(super) fn read_evidence(
    folder: &Path,
    pair: Pair,
    root: &TrustRoot,
    now: Timestamp,
) -> Result<Evidence, Error> {
    let tree = Tree::open(folder)?;
    let listing = tree.list(None)?;
    let mut evidence = Evidence::default();
    for odd in listing.oddities {
        evidence.passed_over.insert(odd.path, odd.problem.to_string());
    }
    if listing.files.len() > MAX_FILES {
        let problem = format!("holds {} files; at most {MAX_FILES} are read", listing.files.len());
        return Err(Error::Unusable { path: folder.to_owned(), problem });
    }
    let mut files: BTreeMap<RelPath, Vec<u8>> = BTreeMap::new();
    for entry in listing.files {
        files.insert(entry.path.clone(), tree.read(&entry.path, MAX_BYTES)?);
    }
    let reading = Reading { pair, root, now };
    for (path, bytes) in &files {
        let name = path.as_str();
        let let_in = match name.strip_suffix(BUNDLE_SUFFIX) {
            Some(base) if files.keys().any(|other| other.as_str() == base) => Ok(()),
            Some(_) => reading.statement(name, bytes, &mut evidence),
            None => {
                let sidecar = format!("{name}{BUNDLE_SUFFIX}");
                let bundle = files.iter().find(|(other, _)| other.as_str() == sidecar);
                reading.document(
                    name,
                    bytes,
                    bundle.map(|(_, bytes)| bytes.as_slice()),
                    &mut evidence,
                )
            }
        };
        if let Err(why) = let_in {
            evidence.passed_over.insert(name.to_owned(), why);
        }
    }
    Ok(evidence)
}

struct Reading<'a> {
    pair: Pair,
    root: &'a TrustRoot,
    now: Timestamp,
}

impl Reading<'_> {
    /// A document with its signature beside it.
    fn document(
        &self,
        name: &str,
        bytes: &[u8],
        bundle: Option<&[u8]>,
        evidence: &mut Evidence,
    ) -> Result<(), String> {
        let Some(bundle) = bundle else {
            // What others sign is an envelope of its own, whatever it is called.
            if let Ok(Some(said)) = attested_vex(name, bytes, Area::Rollback, self.root, self.now) {
                evidence.vex.push(said);
                return Ok(());
            }
            return Err(format!(
                "nobody signed it; sign it with `countersign sign-blob {name} --bundle {name}{BUNDLE_SUFFIX}`"
            ));
        };
        let bundle = Bundle::parse(bundle).map_err(|refusal| refusal.message)?;
        let role = self.root.evidence_role(Area::Rollback);
        trust::open_message(bytes, &[bundle], role, self.root, self.now)
            .map_err(|refusal| refusal.message)?;
        evidence.add(name, bytes)
    }

    /// A signed statement: a drill, an approval, or a record of approvals that were used.
    fn statement(&self, name: &str, bytes: &[u8], evidence: &mut Evidence) -> Result<(), String> {
        let bundle = Bundle::parse(bytes).map_err(|refusal| refusal.message)?;
        let Content::Envelope(envelope) = bundle.content() else {
            return Err("signs a file that is not beside it".to_owned());
        };
        let payload = envelope.unverified_payload().to_vec();
        // What it claims to be only chooses the role that it must be signed in.
        if Statement::<Approval>::parse(&payload).is_ok() {
            evidence.approvals.push(bundle);
            return Ok(());
        }
        if is_a::<Consumption>(&payload) {
            return self.consumption(bundle, evidence);
        }
        if let Some(said) = attested_vex(name, bytes, Area::Rollback, self.root, self.now)? {
            evidence.vex.push(said);
            return Ok(());
        }
        let role = self.root.evidence_role(Area::Rollback);
        let opened = trust::open(&[bundle], PAYLOAD_TYPE, role, self.root, self.now)
            .map_err(|refusal| refusal.message)?;
        let bytes = &opened.value().bytes;
        let statement =
            Statement::<RollbackDrill>::parse(bytes).map_err(|error| error.to_string())?;
        let pair = statement.predicate.clone().over(self.pair.from, self.pair.to);
        if statement.subjects != pair.subjects {
            return Err("a drill of another pair of packets".to_owned());
        }
        let input = InputDocument { name: name.to_owned(), sha256: Digest::of(bytes) };
        // The same drill given twice is one drill.
        if !evidence.drills.iter().any(|other| other.input.sha256 == input.sha256) {
            evidence.drills.push(Sourced { input, value: statement.predicate });
        }
        Ok(())
    }

    /// Whoever may approve or speak about going back may say that an approval was used: it only
    /// takes leave away.
    fn consumption(&self, bundle: Bundle, evidence: &mut Evidence) -> Result<(), String> {
        let roles = [self.root.evidence_role(Area::Rollback), RoleName::RollbackApprover];
        let bundles = [bundle];
        let mut why = String::new();
        for role in roles {
            match trust::open(&bundles, PAYLOAD_TYPE, role, self.root, self.now) {
                Ok(opened) => {
                    let bytes = &opened.value().bytes;
                    let statement = Statement::<Consumption>::parse(bytes)
                        .map_err(|error| error.to_string())?;
                    evidence.consumed.extend(statement.predicate.approvals);
                    return Ok(());
                }
                Err(refusal) => why = refusal.message,
            }
        }
        Err(why)
    }
}

fn is_a<P: crate::provenance::Predicate>(payload: &[u8]) -> bool {
    !matches!(
        Statement::<P>::parse(payload),
        Err(StatementError::PredicateType { .. }
            | StatementError::Json(_)
            | StatementError::StatementType(_))
    )
}
