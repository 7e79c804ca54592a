"""securesystemslib and OpenSSL verify every signature.

signatures.py DEMO SHIPPED_KEYS, or signatures.py --roots KEYS for a folder's trust roots alone.
"""

import base64
import copy
import hashlib
import json
import pathlib
import subprocess
import sys
import tempfile

from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.hazmat.primitives.serialization import (
    Encoding, PublicFormat, load_pem_private_key, load_pem_public_key)
from securesystemslib.dsse import Envelope
from securesystemslib.exceptions import VerificationError
from securesystemslib.signer import CryptoSigner, SSlibKey

from witness import BINARY, NOW, check, checking, refused_by_countersign, refusing, run, verify

DEMO = pathlib.Path(sys.argv[1])
SHIPPED = pathlib.Path(sys.argv[2])
SCRATCH = pathlib.Path(tempfile.mkdtemp())
BUNDLE = "application/vnd.dev.sigstore.bundle.v0.3+json"


class Key:
    """A public key, under the id that this script computes."""

    def __init__(self, path):
        self.path = path
        self.public = load_pem_public_key(path.read_bytes())
        spki = self.public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        self.id = hashlib.sha256(spki).hexdigest()
        self.is_ed25519 = isinstance(self.public, ed25519.Ed25519PublicKey)
        self.algorithm = "Ed25519" if self.is_ed25519 else "P-256"

    def openssl_verifies(self, message, signature):
        (SCRATCH / "message").write_bytes(message)
        (SCRATCH / "signature").write_bytes(signature)
        files = ["-in", "message"] if self.is_ed25519 else ["message"]
        command = (
            ["openssl", "pkeyutl", "-verify", "-rawin", "-pubin", "-inkey", str(self.path),
             "-sigfile", "signature"] if self.is_ed25519 else
            ["openssl", "dgst", "-sha256", "-verify", str(self.path), "-signature", "signature"])
        return run(*command, *files, cwd=SCRATCH)


def keys_in(folder):
    return {key.id: key for key in map(Key, sorted(folder.glob("*.pub")))}


KEYS = keys_in(DEMO) if DEMO.is_dir() else {}


def pae(payload_type, payload):
    """DSSE's pre-authentication encoding, from its standard."""
    kind = payload_type.encode()
    return b" ".join([b"DSSEv1", str(len(kind)).encode(), kind, str(len(payload)).encode(), payload])


def bundles():
    """Every bundle of the release: first signers' files and further signers' lines."""
    for path in sorted((DEMO / "dist").glob("*.sigstore.json*")):
        if path.suffix == ".jsonl":
            for line in path.read_text().splitlines():
                yield path.name, json.loads(line)
        else:
            yield path.name, json.loads(path.read_text())
    soak = DEMO / "evidence/release/soak.sigstore.json"
    yield soak.name, json.loads(soak.read_text())


def envelopes():
    """Every envelope with the name of its file."""
    for name, bundle in bundles():
        if "dsseEnvelope" in bundle:
            yield name, bundle["dsseEnvelope"]
    yield "trust-root.json", json.loads((DEMO / "trust-root.json").read_text())


def flipped(text):
    """One bit of what base64 text stands for."""
    data = bytearray(base64.b64decode(text))
    data[len(data) // 2] ^= 1
    return base64.b64encode(bytes(data)).decode()


def variants(envelope, index):
    """Envelopes that must not verify, with what was done to them."""
    for what, change in {
        "changed payload": lambda e: e.update(payload=flipped(e["payload"])),
        "changed signature": lambda e: e["signatures"][index].update(
            sig=flipped(e["signatures"][index]["sig"])),
        "changed payload type": lambda e: e.update(payloadType=e["payloadType"] + "x"),
    }.items():
        changed = copy.deepcopy(envelope)
        change(changed)
        yield what, changed


def securesystemslib_verifies(envelope, key):
    public = SSlibKey.from_crypto(key.public, keyid=key.id)
    Envelope.from_dict(copy.deepcopy(envelope)).verify([public], 1)


def openssl_verifies(envelope, index, key):
    message = pae(envelope["payloadType"], base64.b64decode(envelope["payload"]))
    return key.openssl_verifies(message, base64.b64decode(envelope["signatures"][index]["sig"]))


def witnessed(name, envelope, keys):
    """Both witnesses verify every signature and refuse every change; returns the algorithms."""
    algorithms = []
    for index, signature in enumerate(envelope["signatures"]):
        key = keys.get(signature["keyid"])
        if key is None:
            check(f"{name} names a key that is there", False, signature["keyid"])
            continue
        algorithms.append(key.algorithm)
        what = f"the {key.algorithm} signature of {name}"
        with checking(f"securesystemslib verifies {what}"):
            securesystemslib_verifies(envelope, key)
        check(f"openssl verifies {what}", openssl_verifies(envelope, index, key))
        for change, changed in variants(envelope, index):
            with refusing(f"securesystemslib refuses {what} with a {change}", VerificationError):
                securesystemslib_verifies(changed, key)
            check(f"openssl refuses {what} with a {change}",
                  not openssl_verifies(changed, index, key), "was accepted")
    return algorithms


def dsse():
    seen = [algorithm for name, envelope in envelopes()
            for algorithm in witnessed(name, envelope, KEYS)]
    # Two statements and the trust root by two people, and the collected attestation by one.
    check("seven envelope signatures were met, with both algorithms",
          len(seen) == 7 and set(seen) == {"Ed25519", "P-256"}, str(seen))


def trust_roots(folder):
    roots = sorted((folder / "trust-root").glob("*.json"))
    check(f"there are trust roots in {folder.name}", bool(roots))
    for path in roots:
        envelope = json.loads(path.read_text())
        name = f"the trust root {folder.name}/{path.name}"
        check(f"{name} is signed by two", len(witnessed(name, envelope, keys_in(folder))) >= 2)
        document = json.loads(base64.b64decode(envelope["payload"]))
        for key_id, key in document["keys"].items():
            public = load_pem_public_key(key["public_key"].encode())
            spki = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
            check(f"the key of {key['owner']} in {path.name} stands under its own id",
                  hashlib.sha256(spki).hexdigest() == key_id)


def messages():
    checksums = (DEMO / "dist/checksums.txt").read_bytes()
    seen = set()
    for name, bundle in bundles():
        if "messageSignature" not in bundle:
            continue
        message = bundle["messageSignature"]
        key = KEYS[bundle["verificationMaterial"]["publicKey"]["hint"]]
        seen.add(key.algorithm)
        what = f"the {key.algorithm} message signature of {name}"
        stated = base64.b64decode(message["messageDigest"]["digest"])
        check(f"{what} states the digest of checksums.txt",
              stated == hashlib.sha256(checksums).digest())
        signature = base64.b64decode(message["signature"])
        check(f"openssl verifies {what}", key.openssl_verifies(checksums, signature))
        check(f"openssl refuses {what} over a list without its last line",
              not key.openssl_verifies(b"".join(checksums.splitlines(True)[:-1]), signature))
        check(f"openssl refuses {what} when it is changed",
              not key.openssl_verifies(checksums, base64.b64decode(flipped(message["signature"]))))
    check("two message signatures were met", seen == {"Ed25519", "P-256"}, str(seen))


def countersign_refuses():
    """The same tampering, one sidecar at a time, is refused by countersign too."""
    def rewrite(path, change):
        lines = path.suffix == ".jsonl"
        bundle = json.loads(path.read_text())
        change(bundle)
        path.write_text(json.dumps(bundle) + ("\n" if lines else ""))

    def change_payload(bundle):
        envelope = bundle["dsseEnvelope"]
        envelope["payload"] = flipped(envelope["payload"])

    def change_signature(bundle):
        if "dsseEnvelope" in bundle:
            signature = bundle["dsseEnvelope"]["signatures"][0]
            signature["sig"] = flipped(signature["sig"])
        else:
            message = bundle["messageSignature"]
            message["signature"] = flipped(message["signature"])

    for path in sorted((DEMO / "dist").glob("*.sigstore.json*")):
        name = path.name
        changes = {"signature": change_signature}
        if "dsseEnvelope" in json.loads(path.read_text()):
            changes["payload"] = change_payload
        for what, change in changes.items():
            refused_by_countersign(f"a changed {what} in {name}", DEMO,
                                   lambda dist, n=name, c=change: rewrite(dist / n, c))
        refused_by_countersign(f"a release without {name}", DEMO,
                               lambda dist, n=name: (dist / n).unlink())
    exit_code, codes = verify(DEMO / "dist", DEMO / "trust-root.json")
    check("countersign verifies the release unchanged", exit_code == 0, f"{exit_code} {codes}")
    envelope = json.loads((DEMO / "trust-root.json").read_text())
    for index in range(len(envelope["signatures"])):
        for what, changed in variants(envelope, index):
            (SCRATCH / "root.json").write_text(json.dumps(changed))
            exit_code, _ = verify(DEMO / "dist", SCRATCH / "root.json")
            check(f"countersign does not use a trust root with a {what} ({index})",
                  exit_code in (1, 3), f"exit {exit_code}")


def others_sign():
    """What securesystemslib and OpenSSL sign, countersign verifies."""
    blob = SCRATCH / "blob"
    blob.write_bytes(b"what somebody else signed\n")
    other = SCRATCH / "other"
    other.write_bytes(b"something else\n")
    digest = hashlib.sha256(blob.read_bytes()).hexdigest()
    statement = json.dumps({
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{"name": "blob", "digest": {"sha256": digest}}],
        "predicateType": "https://example.com/predicate/v1",
        "predicate": {"anything": [1, 2.5, None]},
    }).encode()
    for algorithm, curve in (("ed25519", []), ("EC", ["-pkeyopt", "ec_paramgen_curve:P-256"])):
        private, public = SCRATCH / f"{algorithm}.pem", SCRATCH / f"{algorithm}.pub"
        subprocess.run(["openssl", "genpkey", "-algorithm", algorithm, *curve, "-out", private],
                       check=True, capture_output=True)
        subprocess.run(["openssl", "pkey", "-in", private, "-pubout", "-out", public], check=True)
        key = Key(public)
        material = {"publicKey": {"hint": key.id}}

        def verify_blob(file, bundle, key=public):
            (SCRATCH / "bundle.json").write_text(json.dumps(bundle))
            command = [BINARY, "verify-blob", str(file), "--bundle", str(SCRATCH / "bundle.json"),
                       "--key", str(key), "--now", NOW]
            return subprocess.run(command, capture_output=True, check=False,
                                  stdin=subprocess.DEVNULL).returncode

        signer = CryptoSigner(load_pem_private_key(private.read_bytes(), None))
        envelope = Envelope(statement, "application/vnd.in-toto+json", {})
        envelope.sign(signer)
        document = envelope.to_dict()
        for signature in document["signatures"]:
            del signature["keyid"]
        bundle = {"mediaType": BUNDLE, "verificationMaterial": material, "dsseEnvelope": document}
        what = f"a {key.algorithm} statement that securesystemslib signed"
        check(f"countersign verifies {what}", verify_blob(blob, bundle) == 0)
        check(f"countersign refuses {what} for another file", verify_blob(other, bundle) == 1)
        changed = copy.deepcopy(bundle)
        changed["dsseEnvelope"]["payload"] = flipped(document["payload"])
        check(f"countersign refuses {what} with a changed payload", verify_blob(blob, changed) == 1)
        stranger = DEMO / "alice.pub"
        check(f"countersign refuses {what} under another key",
              verify_blob(blob, bundle, stranger) == 1)
        document["payload"] = document["payload"].replace("+", "-").replace("/", "_")
        check(f"countersign verifies {what} in the URL-safe alphabet", verify_blob(blob, bundle) == 0)

        command = (["openssl", "pkeyutl", "-sign", "-rawin", "-inkey", private, "-in", blob]
                   if key.is_ed25519 else ["openssl", "dgst", "-sha256", "-sign", private, blob])
        signature = subprocess.run(command, check=True, capture_output=True).stdout
        message = {"messageDigest": {"algorithm": "SHA2_256",
                                     "digest": base64.b64encode(bytes.fromhex(digest)).decode()},
                   "signature": base64.b64encode(signature).decode()}
        bundle = {"mediaType": BUNDLE, "verificationMaterial": material, "messageSignature": message}
        what = f"a file that OpenSSL signed with {key.algorithm}"
        check(f"countersign verifies {what}", verify_blob(blob, bundle) == 0)
        check(f"countersign refuses {what}, changed", verify_blob(other, bundle) == 1)
        message["signature"] = flipped(message["signature"])
        check(f"countersign refuses {what} with a changed signature", verify_blob(blob, bundle) == 1)


def key_ids():
    for key in KEYS.values():
        der = subprocess.run(["openssl", "pkey", "-pubin", "-in", key.path, "-pubout", "-outform",
                              "DER"], check=True, capture_output=True).stdout
        shown = subprocess.run([BINARY, "keys", "show", key.path, "--format", "json"], check=True,
                               capture_output=True, stdin=subprocess.DEVNULL).stdout
        check(f"the id of {key.path.name} is the digest of what openssl pkey -pubout writes",
              json.loads(shown)["key_id"] == hashlib.sha256(der).hexdigest() == key.id)


if sys.argv[1] == "--roots":
    trust_roots(SHIPPED)
else:
    dsse()
    trust_roots(SHIPPED)
    messages()
    countersign_refuses()
    others_sign()
    key_ids()
