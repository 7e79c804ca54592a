//! A transparency log of two entries, the first of which is somebody else's.

use countersign::Timestamp;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::certificate::Key;
use super::{base64, hex};

pub(crate) struct Log {
    pub(crate) key: Key,
    pub(crate) name: String,
    pub(crate) operator: Option<String>,
}

/// What is damaged in an entry's proofs.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Damage {
    #[default]
    None,
    /// The promise is by another key.
    Promise,
    /// The checkpoint is by another key.
    Checkpoint,
    /// A neighbour's hash is another.
    Neighbour,
    /// The checkpoint is over another tree.
    Root,
}

/// One entry that is asked for.
pub(crate) struct Logged<'a> {
    pub(crate) kind: (&'a str, &'a str),
    pub(crate) body: Value,
    pub(crate) integrated: Option<Timestamp>,
    pub(crate) promised: bool,
    pub(crate) proven: bool,
    pub(crate) damage: Damage,
    /// Changes the text of the checkpoint before it is signed.
    pub(crate) checkpoint: fn(String) -> String,
}

fn leaf(bytes: &[u8]) -> [u8; 32] {
    Sha256::new().chain_update([0]).chain_update(bytes).finalize().into()
}

fn node(left: [u8; 32], right: [u8; 32]) -> [u8; 32] {
    Sha256::new().chain_update([1]).chain_update(left).chain_update(right).finalize().into()
}

impl Log {
    pub(crate) fn new(name: &str, operator: Option<&str>) -> Self {
        Self { key: Key::generate(), name: name.to_owned(), operator: operator.map(str::to_owned) }
    }

    /// The entry as bundles carry it.
    pub(crate) fn entry(&self, asked: &Logged<'_>) -> Value {
        let body = asked.body.to_string();
        let v2 = asked.kind == ("hashedrekord", "0.0.2");
        let index = if v2 { 1 } else { 1001 };
        let other_key = Key::generate();
        let key = |damage| if asked.damage == damage { &other_key } else { &self.key };
        let mut entry = json!({
            "logIndex": index.to_string(),
            "logId": {"keyId": base64(self.key.digest().as_bytes())},
            "kindVersion": {"kind": asked.kind.0, "version": asked.kind.1},
            "canonicalizedBody": base64(body.as_bytes()),
        });
        let seconds = asked.integrated.map_or(0, Timestamp::unix_seconds);
        if asked.integrated.is_some() {
            entry["integratedTime"] = json!(seconds.to_string());
        }
        if asked.promised {
            // Keys in the order of RFC 8785.
            let promise = format!(
                r#"{{"body":"{}","integratedTime":{seconds},"logID":"{}","logIndex":{index}}}"#,
                base64(body.as_bytes()),
                hex(self.key.digest().as_bytes()),
            );
            let signature = key(Damage::Promise).sign(promise.as_bytes());
            entry["inclusionPromise"] = json!({"signedEntryTimestamp": base64(&signature)});
        }
        if asked.proven {
            let neighbour = leaf(b"somebody else's entry");
            let root = node(neighbour, leaf(body.as_bytes()));
            let shown = if asked.damage == Damage::Root { [7; 32] } else { root };
            let note = (asked.checkpoint)(format!("{}\n2\n{}\n", self.name, base64(&shown)));
            let signature = key(Damage::Checkpoint).sign(note.as_bytes());
            let signature = [&self.key.digest().as_bytes()[..4], &signature].concat();
            let checkpoint = format!("{note}\n\u{2014} {} {}\n", self.name, base64(&signature));
            let hash = if asked.damage == Damage::Neighbour { [9; 32] } else { neighbour };
            entry["inclusionProof"] = json!({
                "logIndex": "1",
                "treeSize": "2",
                "rootHash": base64(&root),
                "hashes": [base64(&hash)],
                "checkpoint": {"envelope": checkpoint},
            });
        }
        entry
    }
}
