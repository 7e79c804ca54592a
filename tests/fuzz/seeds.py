#!/usr/bin/env python3
"""Gathers the seeds of the fuzz targets from the project's own cases: `seeds.py FOLDER`."""

import gzip
import hashlib
import pathlib
import re
import sys
import zlib

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
OUT = pathlib.Path(sys.argv[1])
LARGEST = 48 << 10
MOST = 400
FORMATS = {".json": b"\0", ".yaml": b"\1", ".yml": b"\1", ".toml": b"\2"}
EXPRESSION = re.compile(r'(?:expr|query)"?: *[\'"]?(.+?)[\'"]?,?$', re.MULTILINE)
IMAGE = re.compile(r'image"?: *[\'"]?([^\s\'",]+)', re.MULTILINE)


def put(target, data):
    """One seed, named by its digest: the same twice is one."""
    folder = OUT / target
    folder.mkdir(parents=True, exist_ok=True)
    if 0 < len(data) <= LARGEST and sum(1 for _ in folder.iterdir()) < MOST:
        (folder / hashlib.sha256(data).hexdigest()[:16]).write_bytes(data)


def gather(path):
    """What one file is a seed of."""
    data, name = path.read_bytes(), path.name
    if path.suffix in FORMATS:
        put("document", FORMATS[path.suffix] + data)
    if path.suffix == ".json" and "sigstore" not in name:
        put("json", data)
    if "sigstore" in name or "dsse" in name or "bundle" in name:
        put("bundle", data)
        put("attestation", data)
    if "trust-root" in str(path) or "trust_root" in str(path):
        put("trust_root", data)
    if "trusted" in name or "signing" in name or "workflow" in name:
        put("trusted_root", data)
    if path.suffix in (".pub", ".pem", ".minisig", ".crt"):
        put("keys", data)
    if path.suffix in (".tsr", ".der"):
        put("timestamp", data)
    if path.suffix in (".tar", ".tgz", ".gz"):
        put("archive", b"\0" + data)
        if path.suffix == ".tar":
            put("archive", b"\1" + data)
        elif len(data) < LARGEST:
            try:
                put("archive", b"\1" + gzip.decompress(data))
            except (OSError, EOFError, zlib.error):
                pass
    if "manifest" in name or "SUMS" in name or "waivers" in name or "sbom" in name or name == "release.toml":
        put("packet", data)
    if "load" in str(path) and path.suffix in (".json", ".ndjson", ".csv", ".jsonl"):
        put("load_result", data)
    if path.suffix in (".yaml", ".yml", ".json"):
        text = data.decode("utf-8", "replace")
        for found in EXPRESSION.findall(text):
            put("query", found.encode())
        for found in IMAGE.findall(text):
            put("image", found.encode())


for below in ("tests", "ops", "keys", "schemas"):
    for file in sorted((ROOT / below).rglob("*")):
        if file.is_file() and file.stat().st_size <= 4 * LARGEST:
            gather(file)

put("token", b'{"iss":"https://token.actions.githubusercontent.com","aud":"sigstore","sub":"repo:a/b",'
             b'"exp":1795000000,"nbf":1790000000,"iat":1790000000,"job_workflow_ref":"a/b/.github/workflows/r.yml@refs/tags/v1"}')
put("token", b'{"iss":"https://accounts.example","aud":"sigstore","email":"a@b.example","email_verified":true,"exp":1795000000}')
for word in ("1.2.3-rc.1+build.5", ">=1.2.0, <2.0.0", "2026-11-24T09:00:00Z", "ops/release/manifest.json", "0" * 64):
    put("image", word.encode())
put("load_result", b"p(95)<500")
put("load_result", b"http_req_duration{status:200}")
put("timestamp", bytes.fromhex("3003020100"))
for folder in sorted(OUT.iterdir()):
    print(f"{folder.name}: {sum(1 for _ in folder.iterdir())} seeds")
