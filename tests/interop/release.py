"""An unsigned release and the trust roots that it is verified under: for the witnesses of signing."""

import base64
import json
import os
import shutil
import subprocess

BINARY = os.environ["COUNTERSIGN"]
# Long after anything here was signed, whatever the machine's clock says.
LATER = "2090-01-01T00:00:00Z"
# Long before.
EARLIER = "2001-01-01T00:00:00Z"
SEAL, PROVENANCE, CHECKSUMS = (
    "lantern-0.3.0.packet.tar.gz", "lantern-0.3.0.provenance", "checksums.txt")


def ask(*words, binary=BINARY, env=None, cwd=None, now=None):
    """Runs countersign; returns its exit code and all that it said."""
    command = [binary, *map(str, words)] + (["--now", now] if now else [])
    done = subprocess.run(command, capture_output=True, check=False, stdin=subprocess.DEVNULL,
                          text=True, env=env, cwd=cwd, timeout=120)
    return done.returncode, done.stdout + done.stderr


def must(*words, **options):
    """Runs countersign, which has to succeed."""
    code, said = ask(*words, **options)
    if code != 0:
        raise RuntimeError(f"{words}: exit {code}: {said}")
    return said


def unsigned(demo, to):
    """Copies the demo's release without its signatures."""
    shutil.copytree(demo / "dist", to)
    for sidecar in to.glob("*.sigstore.json*"):
        sidecar.unlink()
    return to


def policy_of(demo, **changes):
    """The demo's policy with changes. The demo's attestation was signed when nobody was there to
    prove the time; what asks for a proven time cannot ask for that one."""
    payload = json.loads((demo / "trust-root.json").read_text())["payload"]
    policy = json.loads(base64.b64decode(payload))["policy"]
    policy["evidence"] = [one for one in policy["evidence"] if one["kind"] != "attestation"]
    return {**policy, **changes}


def trust_root(demo, folder, policy, *authorities, release=()):
    """Makes version 1: alice keeps the root, and signs releases unless others do."""
    folder.mkdir()
    (folder / "policy.json").write_text(json.dumps(policy))
    place = ["--dir", folder / "trust-root"]
    must("trust", "init", *place, "--policy", folder / "policy.json",
         "--expires", "2099-01-01T00:00:00Z", now=EARLIER)
    roles = ["--role", "root", "--role", "evidence"] + ([] if release else ["--role", "release"])
    must("trust", "add-key", demo / "alice.pub", *place, "--owner", "alice", *roles,
         now=EARLIER)
    if release:
        must("trust", "add-identity", "ci", *place, "--owner", "ci", "--role", "release", *release,
             now=EARLIER)
    must("trust", "set", *place, *authorities, now=EARLIER)
    must("trust", "sign", *place, "--key", demo / "alice.key", now=EARLIER)
    return folder / "trust-root" / "1.json"


def sidecar(dist, name):
    """Reads the first bundle over a file of the release."""
    return json.loads((dist / f"{name}.sigstore.json").read_text())


def tokens_of(bundle):
    """The timestamps of a bundle, as they stand in it."""
    data = bundle["verificationMaterial"].get("timestampVerificationData", {})
    return data.get("rfc3161Timestamps", [])


def signature_of(bundle):
    """The bytes of the one signature."""
    if "messageSignature" in bundle:
        return base64.b64decode(bundle["messageSignature"]["signature"])
    return base64.b64decode(bundle["dsseEnvelope"]["signatures"][0]["sig"])
