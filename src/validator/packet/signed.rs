//! What is signed: the seal, the provenance and the checksums, and what each must say.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::Contents;
use crate::finding::rules::packet as packet_rules;
use crate::finding::rules::trust as rules;
use crate::finding::{Finding, Location, Report, Rule};
use crate::packet::directory::{
    BUNDLE_SUFFIX, CHECKSUMS, MINISIGN_SUFFIX, Names, Sidecar, read_sidecar,
};
use crate::packet::{Checksums, ReleaseManifest};
use crate::provenance::{
    BuildDefinition, BuildMetadata, Builder, PAYLOAD_TYPE, PacketSeal, Predicate,
    ResourceDescriptor, RunDetails, SlsaProvenance, Statement, Subject,
};
use crate::time::Timestamp;
use crate::tree::{self, TreeError};
use crate::trust::{
    self, Bundle, MinisignSignature, RoleName, Signer, TrustRoot, Verified, minisign,
};

/// The seal that a packet must have.
#[must_use]
pub fn seal_of(contents: &Contents) -> Statement<PacketSeal> {
    let manifest = &contents.manifest;
    Statement {
        subjects: vec![Subject { name: manifest.packet_name(), digest: contents.unpacked.sha256 }],
        predicate: PacketSeal {
            product: manifest.product.clone(),
            version: manifest.version.clone(),
            channel: manifest.channel.clone(),
            sequence: manifest.sequence,
            previous: manifest.previous.as_ref().map(|previous| previous.sha256),
            issued_at: manifest.issued_at,
            manifest_sha256: contents.manifest_sha256,
            tar_sha256: contents.unpacked.tar_sha256,
        },
    }
}

/// The provenance that follows from a manifest: the same every time it is made.
#[must_use]
pub fn provenance_of(contents: &Contents) -> Statement<SlsaProvenance> {
    let manifest = &contents.manifest;
    let mut subjects: Vec<Subject> = manifest
        .artifacts
        .iter()
        .map(|artifact| Subject { name: artifact.path.to_string(), digest: artifact.sha256 })
        .collect();
    subjects.push(Subject { name: manifest.packet_name(), digest: contents.unpacked.sha256 });
    subjects.sort();
    Statement {
        subjects,
        predicate: SlsaProvenance {
            build_definition: build_definition(manifest),
            run_details: RunDetails {
                builder: Builder { id: manifest.build.builder.clone() },
                metadata: Some(BuildMetadata {
                    invocation_id: manifest.build.invocation.clone(),
                    finished_on: Some(manifest.issued_at),
                }),
            },
        },
    }
}

fn build_definition(manifest: &ReleaseManifest) -> BuildDefinition {
    let mut external_parameters = manifest.build.parameters.clone();
    external_parameters.extend([
        ("source".to_owned(), manifest.source.uri.clone()),
        ("commit".to_owned(), manifest.source.commit.clone()),
        ("version".to_owned(), manifest.version.to_string()),
    ]);
    let source = ResourceDescriptor {
        name: Some("source".to_owned()),
        uri: Some(manifest.source.uri.clone()),
        digest: BTreeMap::from([("gitCommit".to_owned(), manifest.source.commit.clone())]),
    };
    let dependencies = manifest.build.dependencies.iter().cloned();
    BuildDefinition {
        build_type: manifest.build.build_type.clone(),
        external_parameters,
        resolved_dependencies: std::iter::once(source).chain(dependencies).collect(),
    }
}

/// The list that must lie beside a packet.
#[must_use]
pub fn checksums_of(contents: &Contents) -> Checksums {
    let mut list = Checksums::default();
    for artifact in &contents.manifest.artifacts {
        list.insert(artifact.path.clone(), artifact.sha256);
    }
    let packet = contents.manifest.packet_name();
    let packet = packet.parse().expect("product and version give a portable name");
    list.insert(packet, contents.unpacked.sha256);
    list
}

/// Opens the seal and holds it against the packet. Returns who signed it.
///
/// # Errors
///
/// When the sidecar is there and cannot be read.
pub fn judge_seal(
    directory: &Path,
    packet_file: &str,
    contents: Option<&Contents>,
    root: &TrustRoot,
    report: &mut Report,
) -> Result<Vec<Signer>, TreeError> {
    let Some(seal) =
        open_statement::<PacketSeal>(directory, packet_file, "packet-seal", root, report)?
    else {
        return Ok(Vec::new());
    };
    let signers = seal.signers().to_vec();
    let location = Location::named(&format!("{packet_file}{BUNDLE_SUFFIX}"));
    let Some(contents) = contents else {
        report.skipped("packet-seal", packet_file, "the packet itself could not be read");
        return Ok(signers);
    };
    let expected = seal_of(contents);
    let names_packet = contents.manifest.packet_name() == packet_file;
    if *seal.value() == expected && names_packet {
        let detail = format!("signed by {}", people(&signers));
        report.passed("packet-seal", packet_file, detail);
        return Ok(signers);
    }
    let (declared, actual) = first_difference(seal.value(), &expected, packet_file);
    let message = "the seal and the packet say different things";
    let finding =
        Finding::new(&rules::SEAL_MISMATCH, location, message).declared(declared).actual(actual);
    report.failed("packet-seal", packet_file, finding);
    Ok(signers)
}

/// Names the first field in which a seal is not the expected one: what it says, what is so.
fn first_difference(
    found: &Statement<PacketSeal>,
    expected: &Statement<PacketSeal>,
    packet_file: &str,
) -> (String, String) {
    let fields = |statement: &Statement<PacketSeal>| {
        let seal = &statement.predicate;
        let subjects: Vec<String> = statement
            .subjects
            .iter()
            .map(|subject| format!("{} sha256:{}", subject.name, subject.digest))
            .collect();
        vec![
            ("subject", subjects.join(", ")),
            ("product", seal.product.clone()),
            ("version", seal.version.to_string()),
            ("channel", seal.channel.clone()),
            ("sequence", seal.sequence.to_string()),
            ("previous", seal.previous.map_or("none".to_owned(), |digest| digest.to_string())),
            ("issued_at", seal.issued_at.to_string()),
            ("manifest_sha256", seal.manifest_sha256.to_string()),
            ("tar_sha256", seal.tar_sha256.to_string()),
        ]
    };
    fields(found)
        .into_iter()
        .zip(fields(expected))
        .find(|(found, expected)| found != expected)
        .map_or_else(
            || (format!("file name {packet_file}"), expected.subjects[0].name.clone()),
            |((name, found), (_, expected))| {
                (format!("{name} {found}"), format!("{name} {expected}"))
            },
        )
}

/// Opens the provenance and holds it against the manifest and the policy.
///
/// # Errors
///
/// When the sidecar is there and cannot be read.
pub fn judge_provenance(
    directory: &Path,
    names: &Names,
    contents: Option<&Contents>,
    root: &TrustRoot,
    report: &mut Report,
) -> Result<(), TreeError> {
    let base = names.provenance.as_str();
    let Some(opened) =
        open_statement::<SlsaProvenance>(directory, base, "provenance", root, report)?
    else {
        return Ok(());
    };
    let location = Location::named(&format!("{base}{BUNDLE_SUFFIX}"));
    let statement = opened.value();
    judge_build(statement, root, &location, base, report);
    let Some(contents) = contents else {
        report.skipped("provenance", base, "the packet itself could not be read");
        return Ok(());
    };
    let expected = provenance_of(contents);
    let subjects: BTreeSet<&Subject> = statement.subjects.iter().collect();
    for missing in expected.subjects.iter().filter(|subject| !subjects.contains(subject)) {
        let message = format!("the provenance does not cover `{}`", missing.name);
        let finding = Finding::new(&rules::SUBJECT_MISMATCH, location.clone(), message)
            .actual(missing.digest);
        report.failed("provenance-subject", missing.name.as_str(), finding);
    }
    if *statement == expected {
        let detail = format!("{} subjects, signed by {}", subjects.len(), people(opened.signers()));
        report.passed("provenance", base, detail);
    } else {
        let message = "the provenance is not the one that follows from the release manifest";
        let (declared, actual) = build_difference(statement, &expected);
        let finding = Finding::new(&rules::PROVENANCE_MISMATCH, location, message)
            .declared(declared)
            .actual(actual);
        report.failed("provenance", base, finding);
    }
    Ok(())
}

fn build_difference(
    found: &Statement<SlsaProvenance>,
    expected: &Statement<SlsaProvenance>,
) -> (String, String) {
    let fields = |statement: &Statement<SlsaProvenance>| {
        let build = &statement.predicate.build_definition;
        let run = &statement.predicate.run_details;
        [
            format!("builder {}", run.builder.id),
            format!("build type {}", build.build_type),
            format!("external parameters {:?}", build.external_parameters),
            format!("{} resolved dependencies", build.resolved_dependencies.len()),
            format!("run {:?}", run.metadata),
            format!("{} subjects", statement.subjects.len()),
        ]
    };
    let pairs = fields(found).into_iter().zip(fields(expected));
    pairs.into_iter().find(|(found, expected)| found != expected).unwrap_or_else(|| {
        (
            "other subjects, or dependencies in another order".to_owned(),
            "as the manifest has them".to_owned(),
        )
    })
}

/// SLSA v1.2, "Verifying artifacts", step 2: builder, source, build type, external parameters.
fn judge_build(
    statement: &Statement<SlsaProvenance>,
    root: &TrustRoot,
    location: &Location,
    base: &str,
    report: &mut Report,
) {
    let policy = root.policy();
    let build = &statement.predicate.build_definition;
    let source = build.external_parameters.get("source").map(String::as_str).unwrap_or_default();
    for (what, found, allowed) in [
        ("builder", statement.predicate.run_details.builder.id.as_str(), &policy.builders),
        ("build type", build.build_type.as_str(), &policy.build_types),
        ("source", source, &policy.sources),
    ] {
        if allowed.iter().any(|allowed| allowed == found) {
            report.passed("provenance-policy", what, found.escape_debug().to_string());
            continue;
        }
        let message = format!("the policy does not list this {what}");
        let finding = Finding::new(&rules::BUILDER_NOT_ALLOWED, location.clone(), message)
            .declared(allowed.join(", "))
            .actual(found);
        report.failed("provenance-policy", what, finding);
    }
    let own = ["source", "commit", "version"];
    for name in build.external_parameters.keys() {
        if !own.contains(&name.as_str()) && !policy.external_parameters.contains(name) {
            let message =
                format!("the policy does not list the parameter `{}`", name.escape_debug());
            let finding = Finding::new(&rules::PARAMETER_NOT_ALLOWED, location.clone(), message);
            report.failed("provenance-policy", base, finding);
        }
    }
}

/// Opens the signature over `checksums.txt`.
///
/// # Errors
///
/// When the sidecar is there and cannot be read.
pub fn judge_checksums_signature(
    directory: &Path,
    bytes: &[u8],
    root: &TrustRoot,
    report: &mut Report,
) -> Result<(), TreeError> {
    let name = "checksums-signature";
    let Some(bundles) = sidecar(directory, CHECKSUMS, name, report)? else { return Ok(()) };
    let location = Location::named(&format!("{CHECKSUMS}{BUNDLE_SUFFIX}"));
    match trust::open_message(bytes, &bundles, RoleName::Release, root, report.judged_at()) {
        Ok(verified) => {
            let detail = format!("signed by {}", people(verified.signers()));
            report.passed(name, CHECKSUMS, detail);
        }
        Err(refusal) => report.failed(name, CHECKSUMS, refusal.at(location)),
    }
    Ok(())
}

/// Judges the signature for minisign over `checksums.txt`, where there is one. It asks for nothing
/// and counts for nothing; but who has only minisign must not be told something else.
///
/// # Errors
///
/// When it is there and cannot be read.
pub(super) fn judge_minisign(
    directory: &Path,
    bytes: &[u8],
    root: &TrustRoot,
    report: &mut Report,
) -> Result<(), TreeError> {
    let name = "checksums-minisign";
    let file = format!("{CHECKSUMS}{MINISIGN_SUFFIX}");
    let location = Location::named(&file);
    let text = match tree::read_named(&directory.join(&file), minisign::MAX_BYTES) {
        Ok(text) => text,
        Err(error) if error.is_not_found() => return Ok(()),
        Err(error) if error.is_refusal() => {
            let finding = Finding::new(&rules::MINISIGN_MALFORMED, location, error.problem());
            report.failed(name, CHECKSUMS, finding);
            return Ok(());
        }
        Err(error) => return Err(error),
    };
    let opened = MinisignSignature::parse(&text).and_then(|signature| {
        trust::open_minisign(bytes, &signature, RoleName::Release, root, report.judged_at())
    });
    match opened {
        Ok(verified) => {
            let detail = format!("signed by {}", people(verified.signers()));
            report.passed(name, CHECKSUMS, detail);
        }
        Err(refusal) => report.failed(name, CHECKSUMS, refusal.at(location)),
    }
    Ok(())
}

fn open_statement<P: Predicate>(
    directory: &Path,
    base: &str,
    name: &'static str,
    root: &TrustRoot,
    report: &mut Report,
) -> Result<Option<Verified<Statement<P>>>, TreeError> {
    let Some(bundles) = sidecar(directory, base, name, report)? else { return Ok(None) };
    let location = Location::named(&format!("{base}{BUNDLE_SUFFIX}"));
    let now: Timestamp = report.judged_at();
    let opened = trust::open(&bundles, PAYLOAD_TYPE, RoleName::Release, root, now)
        .and_then(|payload| payload.read(|payload| Ok(Statement::parse(&payload.bytes)?)));
    match opened {
        Ok(statement) => Ok(Some(statement)),
        Err(refusal) => {
            report.failed(name, base, refusal.at(location));
            Ok(None)
        }
    }
}

fn sidecar(
    directory: &Path,
    base: &str,
    name: &'static str,
    report: &mut Report,
) -> Result<Option<Vec<Bundle>>, TreeError> {
    let file = format!("{base}{BUNDLE_SUFFIX}");
    let location = Location::named(&file);
    let missing: &'static Rule = &rules::SIGNATURE_MISSING;
    match read_sidecar(directory, base)? {
        Sidecar::Bundles(bundles) => return Ok(Some(bundles)),
        Sidecar::Malformed { file, refusal } => {
            report.failed(name, base, refusal.at(Location::named(&file)));
        }
        Sidecar::Missing => {
            let message = format!("`{file}` does not lie beside `{base}`");
            report.failed(name, base, Finding::new(missing, location, message));
        }
    }
    Ok(None)
}

/// Names people for a report; names come from data and are escaped.
pub(crate) fn people(signers: &[Signer]) -> String {
    let names: Vec<String> = signers
        .iter()
        .map(|signer| {
            let owner = signer.owner.escape_debug();
            let time = match signer.times.as_slice() {
                [] => "no proven time, by the key's window".to_owned(),
                times => {
                    let times: Vec<String> =
                        times.iter().map(|time| format!("{} by {}", time.at, time.by)).collect();
                    format!("proven for {}", times.join(", "))
                }
            };
            format!("{owner} ({} {}; {time})", signer.algorithm, signer.key_id)
        })
        .collect();
    names.join(", ")
}

/// For the list beside a packet, which is at fault when it is not the one that must be there.
pub(super) fn checksums_finding(message: &str) -> Finding {
    Finding::new(&packet_rules::CHECKSUMS_INCOMPLETE, Location::named(CHECKSUMS), message)
}
