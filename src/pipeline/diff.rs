//! `diff`: what changed between two releases, by their packets alone. Nothing is verified.

use std::path::Path;

use super::Error;
use super::opened::Opened;
use crate::document::{self, Node};
use crate::finding::ReportDocument;
use crate::packet::diff::{ChangeDocument, LaidOut, Section, compare};
use crate::packet::directory::{Sidecar, read_sidecar};
use crate::packet::{EvidenceKind, evidence};

/// The list of images that a release runs, as the stack validator derives it.
const IMAGES: &str = "evidence/stack/version-manifest.json";
/// Two releases and what is not the same in them.
#[derive(Debug)]
pub struct Difference {
    /// The first release.
    pub before: LaidOut,
    /// The second.
    pub after: LaidOut,
    /// What changed, by section and item.
    pub changes: Vec<ChangeDocument>,
}

/// Compares two packets, or the release directories that hold one each.
///
/// # Errors
///
/// When one is no packet, holds no manifest that can be read, or the two are of different products.
pub fn diff(before: &Path, after: &Path) -> Result<Difference, Error> {
    let (old, new) = (lay_out(before)?, lay_out(after)?);
    if old.release.product != new.release.product {
        let (one, other) = (&old.release.product, &new.release.product);
        let problem = format!(
            "is a release of `{}`; expected one of `{}`, as the first",
            other.escape_debug(),
            one.escape_debug()
        );
        return Err(Error::Unusable { path: after.to_owned(), problem });
    }
    let changes = compare(&old, &new);
    Ok(Difference { before: old, after: new, changes })
}

fn lay_out(target: &Path) -> Result<LaidOut, Error> {
    let Opened { path, manifest, sha256, members } = Opened::read(target)?;
    let unusable = |problem: String| Error::Unusable { path: path.clone(), problem };
    let mut laid_out = LaidOut::of(&manifest, sha256);
    for item in &manifest.evidence {
        let name = item.path.as_str();
        let Some(bytes) = members.get(name) else { continue };
        let unread = |problem: String| unusable(format!("member `{name}`: {problem}"));
        match item.kind {
            EvidenceKind::ValidatorReport => {
                let report = ReportDocument::parse(bytes).map_err(|it| unread(it.to_string()))?;
                put_findings(&report, &mut laid_out);
            }
            EvidenceKind::Sbom => {
                let read = evidence::recognise(bytes);
                let (seen, _) = read.ok_or_else(|| unread("no bill of materials".to_owned()))?;
                seen.packages.iter().for_each(|package| laid_out.put_package(package));
            }
            EvidenceKind::Derived if name == IMAGES => {
                let node = document::parse_json(bytes, document::Limits::GOVERNED)
                    .map_err(|error| unread(error.to_string()))?;
                put_images(&node, &mut laid_out);
            }
            EvidenceKind::TestResult
            | EvidenceKind::Derived
            | EvidenceKind::Scan
            | EvidenceKind::Vex
            | EvidenceKind::Drill
            | EvidenceKind::LoadSummary
            | EvidenceKind::Attestation => {}
        }
    }
    put_signers(&path, &mut laid_out)?;
    Ok(laid_out)
}

fn put_findings(report: &ReportDocument, laid_out: &mut LaidOut) {
    for finding in &report.findings {
        let location = &finding.location;
        let item = format!("{} {} {}", finding.code, location.path, location.pointer);
        let waived = if finding.waived.is_some() { " (waived)" } else { "" };
        let value = format!("{}{waived}", finding.message);
        laid_out.put(Section::Findings, item.trim_end(), &value);
    }
}

fn put_images(node: &Node, laid_out: &mut LaidOut) {
    let text = |image: &Node, key: &str| image.get(key).and_then(Node::as_str).map(str::to_owned);
    for image in node.get("images").map(Node::items).unwrap_or_default() {
        if let (Some(repository), Some(reference)) =
            (text(image, "repository"), text(image, "reference"))
        {
            laid_out.put(Section::Images, &repository, &reference);
        }
    }
}

fn put_signers(packet: &Path, laid_out: &mut LaidOut) -> Result<(), Error> {
    let folder = packet.parent().filter(|folder| !folder.as_os_str().is_empty());
    let name = packet.file_name().unwrap_or_default().to_string_lossy();
    // A packet without its signatures can be compared; they are shown for what they are.
    if let Sidecar::Bundles(bundles) = read_sidecar(folder.unwrap_or(Path::new(".")), &name)? {
        for bundle in bundles {
            laid_out.put(Section::Signers, &bundle.unverified_signer(), "seal");
        }
    }
    Ok(())
}
