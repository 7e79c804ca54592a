"""A Sigstore on loopback issues, logs and times; sigstore-python verifies and signs: keyless.py DEMO

What is signed is signed by a build with the feature `keyless`, COUNTERSIGN_KEYLESS; what is verified is
verified by the build that has no network code, COUNTERSIGN.
"""

import contextlib
import hashlib
import http.server
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import threading
import time

from sigstore.dsse import StatementBuilder, Subject
from sigstore.models import Bundle, ClientTrustConfig, TrustedRoot
from sigstore.oidc import IdentityToken
from sigstore.sign import SigningContext
from sigstore.verify import Verifier, policy

from release import (CHECKSUMS, LATER, PROVENANCE, SEAL, ask, must, policy_of, sidecar, trust_root,
                     unsigned)
from witness import check, checking

DEMO = pathlib.Path(sys.argv[1])
HERE = pathlib.Path(__file__).parent
MODULES = pathlib.Path(os.environ["WITNESS_MODULES"])
KEYLESS = os.environ["COUNTERSIGN_KEYLESS"]
SCRATCH = pathlib.Path(tempfile.mkdtemp(dir=os.environ["TMP"]))
NAME, ISSUER = "releaser@example.com", "https://accounts.google.com"
IDENTITY = ["--certificate-identity", NAME, "--certificate-oidc-issuer", ISSUER]
TRUST_CONFIG = "application/vnd.dev.sigstore.clienttrustconfig.v0.1+json"


@contextlib.contextmanager
def instance():
    """Runs the instance as long as it is used."""
    folder = SCRATCH / "instance"
    folder.mkdir()
    log = (folder / "log").open("w+")
    process = subprocess.Popen(["node", str(HERE / "mock.cjs"), str(folder)], stdout=log,
                               stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
                               env={**os.environ, "NODE_PATH": str(MODULES / "node_modules")})
    try:
        until = time.monotonic() + 30
        while "listening" not in (folder / "log").read_text():
            if process.poll() is not None or time.monotonic() > until:
                raise RuntimeError((folder / "log").read_text())
            time.sleep(0.1)
        yield folder
    finally:
        process.kill()
        process.wait()
        log.close()


def refused(what, code, said, because, expected=1):
    check(what, code == expected and because in said, f"exit {code}: {said.strip()[-300:]}")


def flags(at, version, token=True):
    given = ["--identity-token", at / "token.jwt"] if token else []
    return ["--keyless", "--signing-config", at / f"signing_config_v{version}.json",
            "--trusted-root", at / "trusted_root.json", *given]


def verify_blob(at, blob, bundle, *others):
    return ask("verify-blob", blob, "--bundle", bundle, *(others or IDENTITY),
               "--trusted-root", at / "trusted_root.json", now=LATER)


def blobs(at, blob):
    """One file: ours for them, theirs for us."""
    other = SCRATCH / "other"
    other.write_bytes(b"something else\n")
    root = json.loads((at / "trusted_root.json").read_text())
    bundles = []
    for version in (1, 2):
        config = json.loads((at / f"signing_config_v{version}.json").read_text())
        trust = ClientTrustConfig.from_json(json.dumps(
            {"mediaType": TRUST_CONFIG, "trustedRoot": root, "signingConfig": config}))
        verifier = Verifier(trusted_root=trust.trusted_root)
        who = policy.Identity(identity=NAME, issuer=ISSUER)
        log = f"with a log of version {version}"

        ours = SCRATCH / f"ours-v{version}.json"
        said = must("sign-blob", blob, *flags(at, version), "--bundle", ours, binary=KEYLESS)
        check(f"sign-blob tells who signed, {log}", f"by {NAME}, vouched for by {ISSUER}" in said)
        bundles.append(ours)
        code, said = verify_blob(at, blob, ours)
        check(f"the build without network verifies our bundle {log}", code == 0, said[-300:])
        with checking(f"sigstore-python verifies our bundle {log}"):
            verifier.verify_artifact(blob.read_bytes(), Bundle.from_json(ours.read_bytes()), who)
        for what, file, identity in (
                ("another file", other, IDENTITY),
                ("somebody else", blob, ["--certificate-identity", "x@example.com", *IDENTITY[2:]]),
                ("another issuer", blob, [*IDENTITY[:3], "https://issuer.example"])):
            code, said = verify_blob(at, file, ours, *identity)
            refused(f"our bundle {log} is refused for {what}", code, said, "CS-TRUST-0")

        theirs, statement = SCRATCH / f"theirs-v{version}.json", SCRATCH / f"theirs-dsse-v{version}.json"
        with SigningContext.from_trust_config(trust).signer(
                IdentityToken((at / "token.jwt").read_text())) as signer:
            theirs.write_text(signer.sign_artifact(blob.read_bytes()).to_json())
            digest = hashlib.sha256(blob.read_bytes()).hexdigest()
            built = (StatementBuilder().subjects([Subject(name="blob", digest={"sha256": digest})])
                     .predicate_type("https://example.com/predicate/v1").predicate({"a": 1}).build())
            statement.write_text(signer.sign_dsse(built).to_json())
        for what, bundle in (("bundle", theirs), ("statement", statement)):
            code, said = verify_blob(at, blob, bundle)
            check(f"we verify sigstore-python's {what} {log}", code == 0, said[-300:])
            code, said = verify_blob(at, other, bundle)
            refused(f"we refuse it over another file ({what}, {log})", code, said, "CS-TRUST-0")
    return bundles


def releases(at):
    """All three bundles of a release, and a trust root that embeds the instance's."""
    root = trust_root(DEMO, SCRATCH / "trust", policy_of(DEMO, require_proven_time=True),
                      "--trusted-root", at / "trusted_root.json", release=IDENTITY)
    stranger = ["--certificate-identity", "x@example.com", *IDENTITY[2:]]
    foreign = trust_root(DEMO, SCRATCH / "foreign", policy_of(DEMO), "--trusted-root",
                         at / "trusted_root.json", release=stranger)
    envelopes = []
    for version in (1, 2):
        log = f"with a log of version {version}"
        dist = unsigned(DEMO, SCRATCH / f"dist-v{version}")
        must("sign", dist, *flags(at, version), binary=KEYLESS)
        code, said = ask("verify", dist, "--trust", root, now=LATER)
        check(f"a release that was signed without a key verifies offline, {log}", code == 0,
              said[-300:])
        code, said = ask("verify", dist, "--trust", foreign, now=LATER)
        refused(f"it is refused where somebody else signs releases, {log}", code, said,
                "0 of 1 people signed")
        before = (dist / f"{SEAL}.sigstore.json").read_bytes()
        must("sign", dist, *flags(at, version), binary=KEYLESS)
        check(f"signing again takes the place of the bundle, {log}",
              not (dist / f"{SEAL}.sigstore.jsonl").exists()
              and (dist / f"{SEAL}.sigstore.json").read_bytes() != before)
        must("sign", dist, "--key", DEMO / "alice.key")
        check(f"a key's bundle stands beside it, {log}",
              (dist / f"{SEAL}.sigstore.jsonl").read_bytes().count(b"\n") == 1)
        code, said = ask("verify", dist, "--trust", root, now=LATER)
        check(f"and spoils nothing, {log}", code == 0, said[-300:])
        verifier = Verifier(trusted_root=TrustedRoot.from_file(str(at / "trusted_root.json")))
        for name in (SEAL, PROVENANCE):
            copy = SCRATCH / f"{name}-v{version}.json"
            copy.write_text(json.dumps(sidecar(dist, name)))
            with checking(f"sigstore-python verifies our {copy.name}"):
                who = policy.Identity(identity=NAME, issuer=ISSUER)
                verifier.verify_dsse(Bundle.from_json(copy.read_bytes()), who)
            # @sigstore/verify 3.1 holds the digest in a log of version 2 against the payload's, and
            # not against that of what is signed: it refuses what sigstore-python signs as well.
            if version == 1:
                envelopes.append(copy)
        seal = sidecar(dist, SEAL)
        seal["verificationMaterial"]["tlogEntries"] = []
        (dist / f"{SEAL}.sigstore.json").write_text(json.dumps(seal))
        code, said = ask("verify", dist, "--trust", root, now=LATER)
        refused(f"a seal without its log entry is refused, {log}", code, said, "0 of 1 people signed")
    return envelopes


def failures(at, blob):
    """What comes back does not hold, or nobody says who signs: nothing is written."""
    bundle = SCRATCH / "never.json"
    base = ["sign-blob", blob, "--bundle", bundle]
    clean = {"PATH": os.environ["PATH"]}
    token = (at / "token.jwt").read_text()
    code, said = ask(*base, *flags(at, 1, token=False), binary=KEYLESS, env=clean)
    refused("nobody says who signs", code, said, "give --identity-token", 2)
    code, said = ask(*base, *flags(at, 1))
    refused("the build without network says how to get another", code, said, "--features keyless", 2)
    said = must(*base[:2], *flags(at, 2, token=False), "--bundle", SCRATCH / "variable.json",
                binary=KEYLESS, env={**clean, "SIGSTORE_ID_TOKEN": token})
    check("the token of SIGSTORE_ID_TOKEN counts", f"by {NAME}" in said)
    code, said = ask(*base, *flags(at, 1, token=False), "--identity-token", token, binary=KEYLESS,
                     env=clean)
    check("a token on the command line counts, and is never told",
          code == 0 and token.split(".")[1] not in said, said[-300:])
    bundle.unlink()
    # Another instance's trusted root: everything works, and nothing of it is believed.
    root = json.loads((at / "trusted_root.json").read_text())
    for part, because in (("certificateAuthorities", "does not hold"), ("ctlogs", "does not hold"),
                          ("tlogs", "does not hold"), ("timestampAuthorities", "no timestamp authority")):
        (SCRATCH / "less.json").write_text(json.dumps({**root, part: []}))
        words = flags(at, 2)
        words[4] = SCRATCH / "less.json"
        code, said = ask(*base, *words, binary=KEYLESS)
        refused(f"a trusted root without the instance's {part} refuses what it returns", code, said,
                because)
    config = json.loads((at / "signing_config_v1.json").read_text())
    for what, field, value, because, expected in (
            ("an authority that is not there", "caUrls", "http://127.0.0.1:1", "cannot be reached", 3),
            ("an address that is another service's", "caUrls",
             config["tsaUrls"][0]["url"], "it answers 404", 3),
            ("a log that is not there", "rekorTlogUrls", "http://127.0.0.1:1", "cannot be reached", 3),
            ("an authority without TLS elsewhere", "caUrls", "http://ca.example", "https://", 3)):
        changed = json.loads(json.dumps(config))
        changed[field][0]["url"] = value
        (SCRATCH / "config.json").write_text(json.dumps(changed))
        words = flags(at, 1)
        words[2] = SCRATCH / "config.json"
        code, said = ask(*base, *words, binary=KEYLESS)
        refused(f"{what} is told", code, said, because, expected)
        check("  (without the token)", token not in said and token.split(".")[1] not in said)
    check("nothing was written by any of them", not bundle.exists())


class Elsewhere(http.server.BaseHTTPRequestHandler):
    """A service that answers as it was told, and remembers what it was asked."""

    answer = (200, {}, b"")
    asked = []

    def do_GET(self):
        length = int(self.headers.get("content-length", 0))
        type(self).asked.append((self.path, self.headers.get("authorization"), self.rfile.read(length)))
        status, headers, body = type(self).answer
        if body is None:
            time.sleep(3)
            body = b""
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        with contextlib.suppress(OSError):
            self.wfile.write(body)

    do_POST = do_GET

    def log_message(self, *_):
        pass


@contextlib.contextmanager
def elsewhere(status, body, **headers):
    """Runs such a service as long as it is used."""
    kind = type("Handler", (Elsewhere,), {"answer": (status, headers, body), "asked": []})
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), kind)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", kind.asked
    finally:
        server.shutdown()
        server.server_close()


def ambient(at, blob):
    """What a job of GitHub Actions does, and where its credentials must not go."""
    token = (at / "token.jwt").read_text()
    words = ["sign-blob", blob, *flags(at, 2, token=False), "--bundle", SCRATCH / "ambient.json"]

    def run_in(url):
        env = {"PATH": os.environ["PATH"], "ACTIONS_ID_TOKEN_REQUEST_URL": url,
               "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "secret-of-the-job"}
        return ask(*words, binary=KEYLESS, env=env)

    with elsewhere(200, json.dumps({"value": token}).encode()) as (url, asked):
        code, said = run_in(f"{url}/token?api-version=2")
        check("the token that GitHub Actions offers counts", code == 0, said[-300:])
        check("it is asked for with the audience and the job's credentials",
              asked == [("/token?api-version=2&audience=sigstore", "Bearer secret-of-the-job", b"")],
              str(asked))
    (SCRATCH / "ambient.json").unlink()
    with elsewhere(200, b"{}") as (other, seen):
        with elsewhere(302, b"", location=f"{other}/stolen") as (url, _):
            code, said = run_in(url)
            refused("X02: a redirect of GitHub's is not followed", code, said, "not followed", 3)
        with elsewhere(307, b"", location=f"{other}/stolen") as (url, _):
            for service, words_of in (("Fulcio's", "caUrls"), ("a log's", "rekorTlogUrls"),
                                      ("a timestamp authority's", "tsaUrls")):
                config = json.loads((at / "signing_config_v2.json").read_text())
                config[words_of][0]["url"] = url
                (SCRATCH / "config.json").write_text(json.dumps(config))
                changed = flags(at, 2)
                changed[2] = SCRATCH / "config.json"
                code, said = ask("sign-blob", blob, *changed, "--bundle", SCRATCH / "ambient.json",
                                 binary=KEYLESS)
                refused(f"X02: a redirect of {service} is not followed", code, said, "not followed", 3)
        check("nobody else was asked", seen == [], str(seen))
    code, said = run_in("http://tokens.example/")
    refused("credentials are not sent without TLS", code, said, "https://", 3)
    for what, status, body, because in (
            ("a token that is none", 200, b'{"value": "x"}', "not an identity token"),
            ("no token", 200, b"{}", "no JSON object with a `value`"),
            ("an error that quotes the credentials", 403, b"not for secret-of-the-job", "[token]"),
            ("a huge reply", 200, b" " * (2 << 20), "larger than")):
        with elsewhere(status, body) as (url, _):
            code, said = run_in(url)
            refused(f"GitHub Actions answers with {what}", code, said, because, 3)
            check("  (without the credentials)", "secret-of-the-job" not in said, said)
    check("and nothing was written", not (SCRATCH / "ambient.json").exists())


def odd_authorities(blob):
    """Addresses of timestamp authorities that are of no use."""
    bundle = SCRATCH / "odd.json"
    words = ["sign-blob", blob, "--key", DEMO / "alice.key", "--bundle", bundle, "--timeout", "1"]
    for what, status, body, because in (
            ("garbage", 200, b"<html>", "no timestamp response"),
            ("nothing", 200, b"", "no timestamp response"),
            ("an error", 503, b"come back later", "503 Service Unavailable: `come back later`"),
            ("a reply without end", 200, b"0" * (2 << 20), "larger than"),
            ("nothing for long", 200, None, "within 1 seconds")):
        with elsewhere(status, body) as (url, _):
            code, said = ask(*words, "--timestamp-authority", url, binary=KEYLESS)
            refused(f"a timestamp authority that answers with {what} is told", code, said, because, 3)
    code, said = ask(*words, "--timestamp-authority", "http://127.0.0.1:1/", binary=KEYLESS)
    refused("one that is not there is told", code, said, "cannot be reached", 3)
    check("nothing was written by any of them", not bundle.exists())


def main():
    blob = SCRATCH / "blob"
    blob.write_bytes(b"what was released\n")
    with instance() as at:
        bundles = blobs(at, blob)
        envelopes = releases(at)
        failures(at, blob)
        ambient(at, blob)
        odd_authorities(blob)
        bundle = SCRATCH / "stamped.json"
        tsa = json.loads((at / "signing_config_v1.json").read_text())["tsaUrls"][0]["url"]
        must("sign-blob", blob, "--key", DEMO / "alice.key", "--bundle", bundle, "--trusted-root",
             at / "trusted_root.json", "--timestamp-authority", tsa, binary=KEYLESS)
        code, said = verify_blob(at, blob, bundle, "--key", DEMO / "alice.pub")
        check("a key's signature gets a timestamp by address", code == 0, said[-300:])
        subprocess.run(["node", HERE / "keyless.mjs", at / "trusted_root.json", blob, *bundles,
                        *envelopes], check=True, stdin=subprocess.DEVNULL, timeout=120)


main()
