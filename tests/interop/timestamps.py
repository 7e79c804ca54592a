"""OpenSSL states when a key signed, and finds its own timestamps in our bundles: timestamps.py DEMO"""

import base64
import copy
import json
import os
import pathlib
import subprocess
import sys
import tempfile

from release import (CHECKSUMS, EARLIER, LATER, PROVENANCE, SEAL, ask, must, policy_of, sidecar,
                     signature_of, tokens_of, trust_root, unsigned)
from witness import check, run

DEMO = pathlib.Path(sys.argv[1])
SCRATCH = pathlib.Path(tempfile.mkdtemp(dir=os.environ["TMP"]))
NAMES = (CHECKSUMS, PROVENANCE, SEAL)


def openssl(*words, **options):
    subprocess.run(["openssl", *map(str, words)], check=True, capture_output=True, **options)


class Authority:
    """A timestamp authority that OpenSSL runs."""

    def __init__(self, name):
        self.folder = SCRATCH / name
        self.folder.mkdir()
        at = self.folder
        for key in ("root", "tsa"):
            openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", at / f"{key}.key")
        openssl("req", "-x509", "-new", "-key", at / "root.key", "-subj", f"/O={name}/CN={name} root",
                "-days", "30000", "-addext", "basicConstraints=critical,CA:true",
                "-addext", "keyUsage=critical,keyCertSign", "-out", at / "root.pem")
        openssl("req", "-new", "-key", at / "tsa.key", "-subj", f"/O={name}/CN={name} timestamps",
                "-out", at / "tsa.csr")
        (at / "extensions").write_text("extendedKeyUsage=critical,timeStamping\n"
                                       "keyUsage=critical,digitalSignature\n"
                                       "basicConstraints=critical,CA:false\n")
        openssl("x509", "-req", "-in", at / "tsa.csr", "-CA", at / "root.pem", "-CAkey",
                at / "root.key", "-days", "30000", "-extfile", at / "extensions", "-out", at / "tsa.pem")
        (at / "serial").write_text("01\n")
        (at / "tsa.cnf").write_text(
            "[tsa]\ndefault_tsa = one\n[one]\n"
            f"serial = {at}/serial\nsigner_cert = {at}/tsa.pem\nsigner_key = {at}/tsa.key\n"
            f"certs = {at}/root.pem\ndefault_policy = 1.2.3.4.1\ndigests = sha256\n"
            "signer_digest = sha256\ness_cert_id_alg = sha256\n")
        self.chain = at / "chain.pem"
        self.chain.write_text((at / "tsa.pem").read_text() + (at / "root.pem").read_text())
        self.command = f"openssl ts -reply -config '{at}/tsa.cnf' -queryfile /dev/stdin"

    def accepts(self, token, signed):
        """Asks openssl ts -verify."""
        (SCRATCH / "token").write_bytes(base64.b64decode(token["signedTimestamp"]))
        (SCRATCH / "signed").write_bytes(signed)
        return run("openssl", "ts", "-verify", "-in", SCRATCH / "token", "-data", SCRATCH / "signed",
                   "-CAfile", self.folder / "root.pem")


def refused(what, code, said, because, expected=1):
    check(what, code == expected and because in said, f"exit {code}: {said.strip()[-300:]}")


def written_in(folder):
    return sorted(path.name for path in folder.iterdir())


def releases(clock, other, root):
    """A whole release, whose policy asks for a proven time."""
    dist = unsigned(DEMO, SCRATCH / "dist")
    key = ["--key", DEMO / "alice.key"]
    bare = unsigned(DEMO, SCRATCH / "bare")
    must("sign", bare, *key)
    code, said = ask("verify", bare, "--trust", root, now=LATER)
    refused("a release without timestamps is refused where the policy asks for a proven time",
            code, said, "has no proven time")

    before = written_in(dist)
    code, said = ask("sign", dist, *key, "--timestamp-authority", other.command, "--trust", root)
    refused("a foreign authority's timestamp is refused before anything is written", code, said,
            "no timestamp authority of the trusted root")
    check("and nothing was written", written_in(dist) == before)
    said = must("sign", dist, *key, "--timestamp-authority", clock.command, "--trust", root)
    check("sign tells whose timestamps it attached", "proven by clock timestamps" in said, said)
    code, said = ask("verify", dist, "--trust", root, now=LATER)
    check("the release verifies by times that OpenSSL states", code == 0, said[-300:])

    for name in NAMES:
        bundle = sidecar(dist, name)
        (token,) = tokens_of(bundle)
        check(f"openssl ts -verify accepts the timestamp of {name}",
              clock.accepts(token, signature_of(bundle)))
        check(f"openssl ts -verify refuses it over something else ({name})",
              not clock.accepts(token, signature_of(bundle) + b"x"))
        stranger = tokens_of(sidecar(dist, SEAL if name != SEAL else CHECKSUMS))
        for what, change in (
                ("another signature's timestamp", stranger),
                ("no timestamp", []),
                ("a changed timestamp", [flipped(token)]),
                ("its timestamp and another signature's", [token, *stranger])):
            code, said = with_tokens(dist, name, change, root)
            refused(f"{name} with {what} is refused", code, said, "0 of 1 people signed")
    two = ["--timestamp-authority", clock.command, "--timestamp-authority", clock.command]
    must("sign", dist, *key, *two, "--trust", root)
    check("two authorities make two timestamps", len(tokens_of(sidecar(dist, SEAL))) == 2)
    code, said = ask("verify", dist, "--trust", root, now=LATER)
    check("which are both judged", code == 0, said[-300:])
    return dist


def flipped(token):
    changed = bytearray(base64.b64decode(token["signedTimestamp"]))
    changed[-1] ^= 1
    return {"signedTimestamp": base64.b64encode(changed).decode()}


def with_tokens(dist, name, tokens, root):
    """Verifies the release with other timestamps in one bundle."""
    path = dist / f"{name}.sigstore.json"
    whole = path.read_text()
    bundle = json.loads(whole)
    material = bundle["verificationMaterial"]
    material.pop("timestampVerificationData", None)
    if tokens:
        material["timestampVerificationData"] = {"rfc3161Timestamps": tokens}
    path.write_text(json.dumps(bundle))
    try:
        return ask("verify", dist, "--trust", root, now=LATER)
    finally:
        path.write_text(whole)


def windows(clock, other, root, dist):
    """Authorities of other trust roots, and other windows of this one."""
    policy = policy_of(DEMO, require_proven_time=True)
    foreign = trust_root(DEMO, SCRATCH / "foreign", policy, "--timestamp-authority", other.chain)
    code, said = ask("verify", dist, "--trust", foreign, now=LATER)
    refused("a trust root with another authority refuses the release", code, said,
            "no timestamp authority")
    both = trust_root(DEMO, SCRATCH / "both", policy, "--timestamp-authority", other.chain,
                      "--timestamp-authority", clock.chain)
    code, said = ask("verify", dist, "--trust", both, now=LATER)
    check("one with both verifies it", code == 0, said[-300:])
    payload = json.loads(base64.b64decode(json.loads(root.read_text())["payload"]))
    trusted = json.loads(payload["sigstore"])
    for what, window in (("that ended", {"start": "2001-01-01T00:00:00Z",
                                         "end": "2002-01-01T00:00:00Z"}),
                         ("that has yet to begin", {"start": "2089-01-01T00:00:00Z"})):
        changed = copy.deepcopy(trusted)
        changed["timestampAuthorities"][0]["validFor"] = window
        file = SCRATCH / "window.json"
        file.write_text(json.dumps(changed))
        name = what.replace(" ", "-")
        cut = trust_root(DEMO, SCRATCH / name, policy, "--trusted-root", file)
        code, said = ask("verify", dist, "--trust", cut, now=LATER)
        refused(f"an authority in a window {what} proves nothing", code, said,
                "no timestamp authority")
    return trusted


def blobs(clock, trusted):
    """One file, with either algorithm."""
    (SCRATCH / "trusted_root.json").write_text(json.dumps(trusted))
    blob, bundle = SCRATCH / "blob", SCRATCH / "blob.json"
    blob.write_bytes(b"what was released\n")
    trust = ["--trusted-root", SCRATCH / "trusted_root.json"]
    for name in ("alice", "bob"):
        key = ["--key", DEMO / f"{name}.key"]
        must("sign-blob", blob, *key, "--bundle", bundle, *trust,
             "--timestamp-authority", clock.command)
        verify = ["verify-blob", blob, "--bundle", bundle, "--key", DEMO / f"{name}.pub", *trust]
        code, said = ask(*verify, now=LATER)
        check(f"verify-blob judges {name}'s signature at its time", code == 0, said[-300:])
        code, said = ask(*verify, now=EARLIER)
        refused(f"{name}'s timestamp of the future is refused", code, said, "after the time")
        (token,) = tokens_of(json.loads(bundle.read_text()))
        signed = signature_of(json.loads(bundle.read_text()))
        check(f"openssl ts -verify accepts the timestamp of {name}'s", clock.accepts(token, signed))
    bundle.unlink()
    # A reply that was good once, for another request.
    old = SCRATCH / "old"
    old.write_bytes(base64.b64decode(token["signedTimestamp"]))
    key = ["--key", DEMO / "alice.key"]
    code, said = ask("sign-blob", blob, *key, "--bundle", bundle, "--timestamp-authority",
                     f"cat '{old}'")
    refused("an old reply is refused", code, said, "over something else")
    replay = SCRATCH / "replay.sh"
    # The same digest with another nonce: -no_nonce leaves it out.
    replay.write_text("#!/bin/sh\nset -e\ncat >\"$0.query\"\n"
                      "digest=$(openssl ts -query -in \"$0.query\" -text | sed -n "
                      "'s/^ *[0-9a-f]* - \\([0-9a-f -]*\\)  .*/\\1/p' | tr -d ' \\n-')\n"
                      "openssl ts -query -digest \"$digest\" -sha256 -cert -no_nonce -out \"$0.other\" "
                      "2>/dev/null\n" + clock.command.replace("/dev/stdin", "\"$0.other\"") + "\n")
    replay.chmod(0o755)
    code, said = ask("sign-blob", blob, *key, "--bundle", bundle, "--timestamp-authority",
                     f"'{replay}'")
    refused("a reply without the nonce is refused", code, said, "the nonce differs")
    rejecting = clock.command.replace("tsa.cnf", "none.cnf")
    code, said = ask("sign-blob", blob, *key, "--bundle", bundle, "--timestamp-authority", rejecting)
    refused("an authority that fails is told", code, said, "it failed (exit status: 1)", 3)
    (clock.folder / "sha512.cnf").write_text(
        (clock.folder / "tsa.cnf").read_text().replace("digests = sha256", "digests = sha512"))
    code, said = ask("sign-blob", blob, *key, "--bundle", bundle, "--timestamp-authority",
                     clock.command.replace("tsa.cnf", "sha512.cnf"))
    refused("an authority that rejects the request is told", code, said, "granted no timestamp", 3)
    check("nothing was written by any of them", not bundle.exists())


def main():
    clock, other = Authority("clock"), Authority("other")
    policy = policy_of(DEMO, require_proven_time=True)
    root = trust_root(DEMO, SCRATCH / "trust", policy, "--timestamp-authority", clock.chain)
    dist = releases(clock, other, root)
    trusted = windows(clock, other, root, dist)
    blobs(clock, trusted)


main()
