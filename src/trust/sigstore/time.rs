//! Proven times: who states them, and that everybody was in use then.

use sigstore_types::{
    Bundle, DerCertificate, SignatureBytes, SignatureContent, TimeRange, TimestampToken,
    TsaAuthority,
};
use sigstore_verify::VerificationResult;
use sigstore_verify::tsa::verify_timestamp_for_authority;

use super::trusted_root::TrustedRoot;
use crate::finding::rules::trust as rules;
use crate::time::Timestamp;
use crate::trust::Refusal;
use crate::trust::attested::{LoggedEntry, ProvenTime};
use crate::trust::certificate::Certificate;

/// Returns who proves which time, the earliest first.
pub(super) fn times_of(
    bundle: &Bundle,
    entries: &[LoggedEntry],
    root: &TrustedRoot,
    result: &VerificationResult,
) -> Result<Vec<ProvenTime>, Refusal> {
    let signature = match &bundle.content {
        SignatureContent::MessageSignature(message) => &message.signature,
        SignatureContent::DsseEnvelope(envelope) => &envelope.signature.sig,
        _ => return Err(Refusal::new(&rules::BUNDLE_UNSUPPORTED, "an unknown kind of signature")),
    };
    let tokens = &bundle.verification_material.timestamp_verification_data.rfc3161_timestamps;
    let mut times = tokens
        .iter()
        .map(|token| stamped(&token.signed_timestamp, signature, root))
        .collect::<Result<Vec<_>, _>>()?;
    times.extend(entries.iter().filter_map(|entry| {
        entry.integrated_at.map(|at| ProvenTime { at, by: entry.log.clone() })
    }));
    times.sort_by(|a, b| (a.at, &a.by).cmp(&(b.at, &b.by)));
    let mut seen = result
        .verified_timestamps()
        .iter()
        .map(|time| moment(time.as_second(), time.subsec_nanosecond()))
        .collect::<Result<Vec<_>, _>>()?;
    seen.sort_unstable();
    if !times.iter().map(|time| time.at).eq(seen) {
        let message = "two readers see different times of signing";
        return Err(Refusal::new(&rules::TIME_NOT_PROVEN, message));
    }
    Ok(times)
}

/// Opens an RFC 3161 response over a signature by a managed key.
///
/// # Errors
///
/// A refusal when no authority of the trusted root made it over this signature, or it states a time
/// after `now`.
pub(in crate::trust) fn open_timestamp(
    response: &[u8],
    signature: &[u8],
    root: &TrustedRoot,
    now: Timestamp,
) -> Result<ProvenTime, Refusal> {
    let token = TimestampToken::from_bytes(response);
    let time = stamped(&token, &SignatureBytes::from_bytes(signature), root)?;
    if time.at > now {
        let message = format!("{} states {}, after the time of judgement {now}", time.by, time.at);
        return Err(Refusal::new(&rules::FROM_THE_FUTURE, message));
    }
    Ok(time)
}

/// Returns the time that one authority proves, every certificate of whose chain was in use then.
/// The crate takes the chain's last certificate for trusted at any time; the trusted root's
/// definition asks for the window and for the whole chain.
fn stamped(
    token: &TimestampToken,
    signature: &SignatureBytes,
    root: &TrustedRoot,
) -> Result<ProvenTime, Refusal> {
    for authority in &root.document.timestamp_authorities {
        let (leaf, between, last) = match authority.cert_chain.certificates.as_slice() {
            [] => continue,
            [only] => (only, &[][..], only),
            [leaf, between @ .., last] => (leaf, between, last),
        };
        let trusted = TsaAuthority::new(
            leaf.raw_bytes.clone(),
            between.iter().map(|certificate| certificate.raw_bytes.clone()).collect(),
            last.raw_bytes.clone(),
            authority.valid_for,
        );
        let Ok(time) = verify_timestamp_for_authority(token, signature, &trusted) else { continue };
        let at = moment(time.as_second(), time.subsec_nanosecond())?;
        let chain = authority.cert_chain.certificates.iter().map(|one| &one.raw_bytes);
        if whole_chain_in_use(chain, at) {
            let by = authority.uri.clone().or_else(|| authority.subject.common_name.clone());
            let by = by.unwrap_or_else(|| "a timestamp authority".to_owned());
            return Ok(ProvenTime { at, by });
        }
    }
    let message = "no timestamp authority of the trusted root vouches for the timestamp";
    Err(Refusal::new(&rules::TIME_NOT_PROVEN, message))
}

pub(super) fn whole_chain_in_use<'a>(
    mut chain: impl Iterator<Item = &'a DerCertificate>,
    at: Timestamp,
) -> bool {
    chain.all(|der| {
        Certificate::from_der(der.as_bytes()).is_some_and(|certificate| certificate.is_in_use(at))
    })
}

pub(super) fn check_times(
    bundle: &Bundle,
    entries: &[LoggedEntry],
    times: &[ProvenTime],
    root: &TrustedRoot,
    now: Timestamp,
) -> Result<(), Refusal> {
    // The crate asks the system's clock, which is not the time that is judged as of.
    if let Some(late) = times.iter().find(|time| time.at > now) {
        let message = format!("{} states {}, after the time of judgement {now}", late.by, late.at);
        return Err(Refusal::new(&rules::FROM_THE_FUTURE, message));
    }
    for (entry, raw) in entries.iter().zip(&bundle.verification_material.tlog_entries) {
        let log = root.log(raw)?;
        // Without a time of the log's own its key must have been in use whenever the signature
        // is proven to have been there.
        let own = entry.integrated_at.into_iter();
        let others = times.iter().map(|time| time.at).filter(|_| entry.integrated_at.is_none());
        if own.chain(others).any(|at| !is_within(log.public_key.valid_for, at)) {
            let message = format!("the key of the log {} was not in use", log.base_url);
            return Err(Refusal::new(&rules::TIME_NOT_PROVEN, message));
        }
    }
    Ok(())
}

pub(super) fn is_within(window: Option<TimeRange>, at: Timestamp) -> bool {
    let second = at.unix_seconds();
    window.is_some_and(|window| {
        window.start.as_second() <= second && window.end.is_none_or(|end| second <= end.as_second())
    })
}

/// A moment in whole seconds; a fraction counts as the second that it reaches into, so that
/// nothing that lies after a limit seems to lie before it.
pub(super) fn moment(seconds: i64, nanoseconds: i32) -> Result<Timestamp, Refusal> {
    Timestamp::from_unix_seconds(seconds.saturating_add(i64::from(nanoseconds > 0)))
        .map_err(|error| Refusal::new(&rules::TIME_NOT_PROVEN, error.to_string()))
}
