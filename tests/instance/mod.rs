//! A Sigstore instance of our own: authority, certificate log, transparency logs, timestamp
//! authorities, all with keys of this run. What no published bundle shows is made here, honestly or
//! with exactly one thing wrong.

pub(crate) mod certificate;
pub(crate) mod der;
pub(crate) mod log;
pub(crate) mod stamp;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use countersign::finding::Report;
use countersign::pipeline::blob::{self, Blob};
use countersign::trust::root::{
    CertificateName, Keyless, Policy, RequiredEvidence, TrustRootDocument, VulnerabilityBudget,
};
use countersign::trust::sigstore::{Identity, ManagedKey};
use countersign::trust::{
    self, Algorithm, Bundle, KeyState, PrivateKey, PublicKey, Refusal, Role, RoleName, Signer,
    TrustRoot,
};
use countersign::{Digest, Timestamp};
use serde_json::{Value, json};

use certificate::{Authority, CODE_SIGNING, Key, Leaf, Seen, uri};
use log::{Damage, Log, Logged};
use stamp::StampAuthority;

pub(crate) const NAME: &str =
    "https://github.com/acme/app/.github/workflows/release.yml@refs/tags/v1.2.3";
pub(crate) const ISSUER: &str = "https://token.actions.githubusercontent.com";
pub(crate) const FILE: &[u8] = b"the file that is signed\n";
pub(crate) const SIGNED_AT: &str = "2025-06-01T12:01:00Z";
pub(crate) const NOW: &str = "2025-09-01T00:00:00Z";

pub(crate) fn base64(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

pub(crate) fn unbase64(text: &str) -> Vec<u8> {
    STANDARD.decode(text).unwrap()
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

pub(crate) fn time(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// Everybody whom bundles need.
pub(crate) struct Instance {
    pub(crate) root: Authority,
    pub(crate) intermediate: Authority,
    pub(crate) certificates: Key,
    pub(crate) logs: Vec<Log>,
    pub(crate) stamps: Vec<StampAuthority>,
    pub(crate) managed: Key,
    signer: Key,
}

/// Who signs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum By {
    Certificate,
    Key,
}

/// What is signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    Message,
    Statement,
}

/// Which log takes it in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum InLog {
    None,
    /// Version 1, as `hashedrekord` or `dsse`, whichever fits.
    One,
    /// Version 1, a statement as `intoto`.
    Intoto,
    /// Version 1, a statement as `hashedrekord` over its encoding.
    Encoded,
    Two,
}

/// One way through the verifier: every binding check runs on each of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Path {
    pub(crate) by: By,
    pub(crate) form: Form,
    /// The bundle's version: 1, 2 or 3.
    pub(crate) version: u8,
    pub(crate) log: InLog,
    /// Whether a timestamp authority states the time.
    pub(crate) stamped: bool,
}

/// All ways through the verifier that an honest signer's bundle takes.
pub(crate) fn paths() -> Vec<Path> {
    let mut paths = Vec::new();
    for by in [By::Certificate, By::Key] {
        for form in [Form::Message, Form::Statement] {
            for version in 1..=3 {
                paths.push(Path { by, form, version, log: InLog::One, stamped: false });
            }
            paths.push(Path { by, form, version: 3, log: InLog::One, stamped: true });
            paths.push(Path { by, form, version: 3, log: InLog::Two, stamped: true });
        }
        for log in [InLog::Intoto, InLog::Encoded] {
            let form = Form::Statement;
            paths.push(Path { by, form, version: 2, log, stamped: false });
            paths.push(Path { by, form, version: 3, log, stamped: false });
        }
    }
    for form in [Form::Message, Form::Statement] {
        for version in 1..=3 {
            for stamped in [false, true] {
                paths.push(Path { by: By::Key, form, version, log: InLog::None, stamped });
            }
        }
    }
    paths
}

/// A bundle that is to be made; a test changes what it wants wrong.
#[derive(Clone)]
pub(crate) struct Recipe {
    pub(crate) path: Path,
    /// The file that the signature is over, or the statement is about.
    pub(crate) file: Vec<u8>,
    /// What the log believes was signed, when that is something else.
    pub(crate) logged_file: Option<Vec<u8>>,
    pub(crate) payload_type: String,
    pub(crate) statement: Option<String>,
    pub(crate) leaf: Leaf,
    pub(crate) integrated: Timestamp,
    pub(crate) stamps: Vec<(usize, Timestamp)>,
    /// What the timestamps are over, when that is not the signature.
    pub(crate) stamped: Option<Vec<u8>>,
    /// The logs that take it in, by number.
    pub(crate) logs: Vec<usize>,
    pub(crate) damage: Damage,
    pub(crate) checkpoint: fn(String) -> String,
}

impl Recipe {
    pub(crate) fn of(path: Path) -> Self {
        let at = time(SIGNED_AT);
        Self {
            path,
            file: FILE.to_vec(),
            logged_file: None,
            payload_type: "application/vnd.in-toto+json".to_owned(),
            statement: None,
            leaf: Leaf {
                window: (time("2025-06-01T12:00:00Z"), time("2025-06-01T12:10:00Z")),
                names: vec![uri(NAME)],
                issuer: Some(ISSUER.to_owned()),
                usage: 0x80,
                purpose: CODE_SIGNING,
                subject: der::sequence(&[]),
                more: Vec::new(),
                seen: Seen::Yes,
            },
            integrated: at,
            stamps: vec![(0, at)],
            stamped: None,
            logs: vec![0],
            damage: Damage::None,
            checkpoint: |text| text,
        }
    }

    fn payload(&self) -> Vec<u8> {
        let digest = Digest::of(&self.file);
        let statement = self.statement.clone().unwrap_or_else(|| {
            format!(
                r#"{{"_type":"https://in-toto.io/Statement/v1","subject":[{{"name":"file","digest":{{"sha256":"{digest}"}}}}],"predicateType":"https://example.com/test/v1","predicate":{{}}}}"#
            )
        });
        statement.into_bytes()
    }

    /// DSSE v1.0.2, pre-authentication encoding.
    fn encoded(&self) -> Vec<u8> {
        let (kind, payload) = (&self.payload_type, self.payload());
        let head = format!("DSSEv1 {} {kind} {} ", kind.len(), payload.len());
        [head.as_bytes(), &payload].concat()
    }
}

impl Instance {
    pub(crate) fn new() -> Self {
        let window = (time("2025-01-01T00:00:00Z"), time("2035-01-01T00:00:00Z"));
        Self::with_windows(window, window)
    }

    /// One whose authorities are in use for other times.
    pub(crate) fn with_windows(
        of_root: (Timestamp, Timestamp),
        of_intermediate: (Timestamp, Timestamp),
    ) -> Self {
        let window = (time("2025-01-01T00:00:00Z"), time("2035-01-01T00:00:00Z"));
        let root = Authority::root("instance root", of_root);
        let intermediate = root.below("instance intermediate", of_intermediate);
        Self {
            root,
            intermediate,
            certificates: Key::generate(),
            logs: vec![
                Log::new("log.first.example", Some("first.example")),
                Log::new("log.second.example", Some("second.example")),
                Log::new("log.third.example", Some("first.example")),
            ],
            stamps: vec![
                StampAuthority::new("sundial", window),
                StampAuthority::new("hourglass", window),
            ],
            managed: Key::generate(),
            signer: Key::generate(),
        }
    }

    /// The identity that signs on a path.
    pub(crate) fn identity(&self, by: By) -> Identity {
        match by {
            By::Certificate => {
                Identity::Certificate { identity: NAME.to_owned(), issuer: ISSUER.to_owned() }
            }
            By::Key => Identity::Key(ManagedKey::from_pem(self.managed.pem().as_bytes()).unwrap()),
        }
    }

    /// The instance's `trusted_root.json`.
    pub(crate) fn trusted_root(&self) -> Value {
        let window = |(from, until): (Timestamp, Timestamp)| json!({"start": from.to_string(), "end": until.to_string()});
        let always = json!({"start": "2025-01-01T00:00:00Z", "end": "2035-01-01T00:00:00Z"});
        let chain = |chain: &[&[u8]]| {
            let list: Vec<Value> =
                chain.iter().map(|der| json!({"rawBytes": base64(der)})).collect();
            json!({"certificates": list})
        };
        let key = |key: &Key| {
            json!({
                "rawBytes": base64(&key.spki()),
                "keyDetails": "PKIX_ECDSA_P256_SHA_256",
                "validFor": always,
            })
        };
        let log = |url: String, one: &Key, operator: Option<&String>| {
            let mut log = json!({
                "baseUrl": url,
                "hashAlgorithm": "SHA2_256",
                "publicKey": key(one),
                "logId": {"keyId": base64(one.digest().as_bytes())},
            });
            if let Some(operator) = operator {
                log["operator"] = json!(operator);
            }
            log
        };
        let logs: Vec<Value> = self
            .logs
            .iter()
            .map(|one| log(format!("https://{}", one.name), &one.key, one.operator.as_ref()))
            .collect();
        let stamps: Vec<Value> = self
            .stamps
            .iter()
            .map(|one| {
                json!({
                    "subject": {"organization": one.root.name, "commonName": one.root.name},
                    "uri": one.uri,
                    "certChain": chain(&[&one.leaf, &one.root.der]),
                    "validFor": window(one.root.window),
                })
            })
            .collect();
        json!({
            "mediaType": "application/vnd.dev.sigstore.trustedroot.v0.2+json",
            "tlogs": logs,
            "certificateAuthorities": [{
                "subject": {"organization": "instance", "commonName": "instance"},
                "uri": "https://ca.instance.example",
                "certChain": chain(&[&self.intermediate.der, &self.root.der]),
                "validFor": always,
            }],
            "ctlogs": [log("https://ct.instance.example".to_owned(), &self.certificates, None)],
            "timestampAuthorities": stamps,
        })
    }

    /// Makes a bundle.
    pub(crate) fn bake(&self, recipe: &Recipe) -> Value {
        let Path { by, form, version, log, stamped } = recipe.path;
        let key = if by == By::Key { &self.managed } else { &self.signer };
        let message = match form {
            Form::Message => recipe.file.clone(),
            Form::Statement => recipe.encoded(),
        };
        let signature = key.sign(&message);
        let leaf = recipe.leaf.issue(&self.signer, &self.intermediate, &self.certificates);
        let raw = json!({"rawBytes": base64(&leaf)});
        let mut material = match (by, version) {
            (By::Key, _) => json!({"publicKey": {"hint": "a hint"}}),
            (By::Certificate, 1 | 2) => json!({"x509CertificateChain": {"certificates": [raw]}}),
            (By::Certificate, _) => json!({"certificate": raw}),
        };
        let entries: Vec<Value> = recipe
            .logs
            .iter()
            .filter(|_| log != InLog::None)
            .map(|number| self.logs[*number].entry(&self.logged(recipe, &signature, &leaf)))
            .collect();
        material["tlogEntries"] = json!(entries);
        let over = recipe.stamped.as_ref().unwrap_or(&signature);
        let stamps: Vec<Value> = recipe
            .stamps
            .iter()
            .filter(|_| stamped)
            .map(|(number, at)| {
                json!({"signedTimestamp": base64(&self.stamps[*number].stamp(over, *at))})
            })
            .collect();
        material["timestampVerificationData"] = json!({"rfc3161Timestamps": stamps});
        let media_type = match version {
            1 | 2 => format!("application/vnd.dev.sigstore.bundle+json;version=0.{version}"),
            _ => "application/vnd.dev.sigstore.bundle.v0.3+json".to_owned(),
        };
        let mut bundle = json!({"mediaType": media_type, "verificationMaterial": material});
        match form {
            Form::Message => {
                let digest = base64(Digest::of(&recipe.file).as_bytes());
                bundle["messageSignature"] = json!({
                    "messageDigest": {"algorithm": "SHA2_256", "digest": digest},
                    "signature": base64(&signature),
                });
            }
            Form::Statement => {
                bundle["dsseEnvelope"] = json!({
                    "payload": base64(&recipe.payload()),
                    "payloadType": recipe.payload_type,
                    "signatures": [{"sig": base64(&signature)}],
                });
            }
        }
        bundle
    }

    /// What a log is asked to take in.
    fn logged(&self, recipe: &Recipe, signature: &[u8], leaf: &[u8]) -> Logged<'static> {
        let Path { by, form, version, log, .. } = recipe.path;
        let pem = match by {
            By::Key => self.managed.pem(),
            By::Certificate => {
                let text = base64(leaf);
                let lines: Vec<&str> =
                    text.as_bytes().chunks(64).map(|it| std::str::from_utf8(it).unwrap()).collect();
                let lines = lines.join("\n");
                format!("-----BEGIN CERTIFICATE-----\n{lines}\n-----END CERTIFICATE-----\n")
            }
        };
        let mut believed = recipe.clone();
        if let Some(file) = &recipe.logged_file {
            believed.file.clone_from(file);
        }
        let message = match form {
            Form::Message => believed.file.clone(),
            Form::Statement => believed.encoded(),
        };
        let hash = json!({"algorithm": "sha256", "value": Digest::of(&message).to_string()});
        let payload = Digest::of(&believed.payload()).to_string();
        let payload = json!({"algorithm": "sha256", "value": payload});
        let content = base64(signature);
        let verifier = base64(pem.as_bytes());
        let hashed = json!({
            "data": {"hash": hash},
            "signature": {"content": content, "publicKey": {"content": verifier}},
        });
        let (kind, spec) = match (log, form) {
            (InLog::None | InLog::One, Form::Message) | (InLog::Encoded, _) => {
                (("hashedrekord", "0.0.1"), hashed)
            }
            (InLog::None | InLog::One, Form::Statement) => (
                ("dsse", "0.0.1"),
                json!({
                    "envelopeHash": hash,
                    "payloadHash": payload,
                    "signatures": [{"signature": content, "verifier": verifier}],
                }),
            ),
            (InLog::Intoto, _) => {
                let signature = json!({
                    "publicKey": verifier,
                    "sig": base64(content.as_bytes()),
                });
                let envelope =
                    json!({"payloadType": recipe.payload_type, "signatures": [signature]});
                let content = json!({"envelope": envelope, "hash": hash, "payloadHash": payload});
                (("intoto", "0.0.2"), json!({"content": content}))
            }
            (InLog::Two, _) => {
                let details = "PKIX_ECDSA_P256_SHA_256";
                let verifier = match by {
                    By::Key => json!({
                        "keyDetails": details,
                        "publicKey": {"rawBytes": base64(&self.managed.spki())},
                    }),
                    By::Certificate => json!({
                        "keyDetails": details,
                        "x509Certificate": {"rawBytes": base64(leaf)},
                    }),
                };
                let digest = base64(Digest::of(&message).as_bytes());
                let spec = json!({"hashedRekordV002": {
                    "data": {"algorithm": "SHA2_256", "digest": digest},
                    "signature": {"content": content, "verifier": verifier},
                }});
                (("hashedrekord", "0.0.2"), spec)
            }
        };
        let two = log == InLog::Two;
        Logged {
            kind,
            body: json!({"apiVersion": kind.1, "kind": kind.0, "spec": spec}),
            integrated: (!two).then_some(recipe.integrated),
            promised: !two,
            // Bundles v0.1 carry the log's promise only.
            proven: version > 1,
            damage: recipe.damage,
            checkpoint: recipe.checkpoint,
        }
    }

    /// Judges a bundle over a file by an identity, as `verify-blob` does.
    pub(crate) fn judge(&self, asked: &Asked<'_>) -> Report {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, bytes: &[u8]| {
            let path = folder.path().join(name);
            std::fs::write(&path, bytes).unwrap();
            path
        };
        let bundle = write("bundle.json", asked.bundle.to_string().as_bytes());
        let root = write("trusted_root.json", asked.root.to_string().as_bytes());
        let blob = match asked.digest_only {
            true => Blob::Digest(Digest::of(asked.file)),
            false => Blob::File(write("file", asked.file)),
        };
        let now = time(asked.now);
        blob::verify(&blob, &bundle, &asked.identity, Some(&root), now, true).unwrap()
    }

    /// What is asked of an honest verifier on a path.
    pub(crate) fn asked(&self, by: By, bundle: Value) -> Asked<'static> {
        let root = self.trusted_root();
        let identity = self.identity(by);
        Asked { bundle, root, identity, file: FILE, now: NOW, digest_only: false }
    }

    /// A trust root of ours in which the signer of a path speaks for releases, and which embeds the
    /// instance's trusted root.
    pub(crate) fn trust_root(
        &self,
        root: &Value,
        edit: impl FnOnce(&mut TrustRootDocument),
    ) -> TrustRoot {
        let keeper = PrivateKey::generate(Algorithm::Ed25519).unwrap();
        let managed = PublicKey::from_pem(self.managed.pem().as_bytes()).unwrap();
        let from = time("2025-01-01T00:00:00Z");
        let state = KeyState::Active { from };
        let key = |public_key: &PublicKey, owner: &str| {
            let owner = owner.to_owned();
            (public_key.id(), trust::Key { public_key: public_key.clone(), owner, state })
        };
        let ci = Keyless {
            certificate: CertificateName::Subject(NAME.to_owned()),
            issuer: ISSUER.to_owned(),
            owner: "ci".to_owned(),
            state,
        };
        let role = |keys, identities| Role { keys, identities, threshold: 1 };
        let mut document = TrustRootDocument {
            schema: TrustRootDocument::SCHEMA.to_owned(),
            version: 1,
            issued_at: from,
            expires_at: time("2034-01-01T00:00:00Z"),
            keys: [key(keeper.public(), "keeper"), key(&managed, "alice")].into(),
            identities: [("ci".to_owned(), ci)].into(),
            roles: [
                (RoleName::Root, role(vec![keeper.public().id()], Vec::new())),
                (RoleName::Release, role(vec![managed.id()], vec!["ci".to_owned()])),
            ]
            .into(),
            policy: policy("atlas"),
            sigstore: Some(root.to_string()),
        };
        edit(&mut document);
        let bytes = TrustRoot::seal(&document, &[&keeper]).unwrap();
        TrustRoot::open(&bytes, from).unwrap()
    }
}

/// One question to `verify-blob`.
#[derive(Clone)]
pub(crate) struct Asked<'a> {
    pub(crate) bundle: Value,
    pub(crate) root: Value,
    pub(crate) identity: Identity,
    pub(crate) file: &'a [u8],
    pub(crate) now: &'a str,
    pub(crate) digest_only: bool,
}

/// Opens bundles as a release's signatures are opened: in a role of a trust root.
pub(crate) fn open_in_role(
    form: Form,
    bundles: &[&Value],
    root: &TrustRoot,
    now: &str,
) -> Result<Vec<Signer>, Refusal> {
    let bundles = bundles
        .iter()
        .map(|bundle| Bundle::parse(bundle.to_string().as_bytes()))
        .collect::<Result<Vec<_>, _>>()?;
    let (role, now) = (RoleName::Release, time(now));
    match form {
        Form::Message => {
            trust::open_message(FILE, &bundles, role, root, now).map(|it| it.signers().to_vec())
        }
        Form::Statement => trust::open(&bundles, "application/vnd.in-toto+json", role, root, now)
            .map(|it| it.signers().to_vec()),
    }
}

/// A policy that asks for next to nothing.
pub(crate) fn policy(product: &str) -> Policy {
    let one = |text: &str| vec![text.to_owned()];
    Policy {
        product: product.to_owned(),
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
        attestations: trust::AttestationPolicy::default(),
        max_packet_bytes: 1,
        max_members: 1,
    }
}
