"""Compose files: our verdict by the specification's schema equals that of `check-jsonschema`.

Good files are the ones of the tests and a large one of every kind of key; bad ones are made of the
large one, each with one mistake: a key that nobody knows, or a value of another kind.
"""

import copy
import json
import os
import pathlib
import subprocess
import sys
import tempfile

RULE = "CS-STACK-039"
LARGE = {
    "name": "shop",
    "services": {
        "web": {
            "image": "registry.example/shop/web:1.8.0",
            "build": {"context": ".", "dockerfile": "Dockerfile", "args": {"A": "1"}, "target": "run"},
            "command": ["serve", "--port", "80"],
            "entrypoint": "/entry",
            "environment": {"LEVEL": "info", "COUNT": 3, "DEBUG": None},
            "env_file": [{"path": "web.env", "required": False}],
            "ports": ["80:80", {"target": 443, "published": "8443", "protocol": "tcp", "mode": "host"}],
            "volumes": ["data:/data:ro", {"type": "bind", "source": "./a", "target": "/a", "read_only": True}],
            "networks": {"back": {"aliases": ["w"], "ipv4_address": "10.0.0.2", "priority": 1}},
            "depends_on": {"store": {"condition": "service_healthy", "restart": True}},
            "healthcheck": {"test": ["CMD", "true"], "interval": "5s", "retries": 3, "disable": False},
            "deploy": {
                "replicas": 2,
                "resources": {"limits": {"cpus": "0.5", "memory": "64M"}},
                "update_config": {"parallelism": 1, "order": "start-first"},
                "placement": {"constraints": ["node.role == worker"]},
            },
            "secrets": ["token", {"source": "key", "target": "/k", "mode": 256}],
            "configs": [{"source": "settings", "target": "/s"}],
            "cap_drop": ["ALL"],
            "read_only": True,
            "labels": ["a=b"],
            "logging": {"driver": "json-file", "options": {"max-size": "1m"}},
            "ulimits": {"nproc": 65535, "nofile": {"soft": 1, "hard": 2}},
            "extra_hosts": ["a:1.2.3.4"],
            "restart": "always",
            "stop_grace_period": "10s",
            "profiles": ["one"],
            "sysctls": {"net.core.somaxconn": 1024},
            "tmpfs": "/tmp",
            "privileged": False,
            "x-note": {"anything": [1, 2]},
        },
        "store": {"image": "redis:7.4.2", "healthcheck": {"test": "true"}},
    },
    "networks": {"back": {"driver": "bridge", "ipam": {"config": [{"subnet": "10.0.0.0/24"}]}}},
    "volumes": {"data": {"external": True}, "other": None},
    "secrets": {"token": {"environment": "TOKEN"}, "key": {"file": "k"}},
    "configs": {"settings": {"content": "a"}},
    "x-own": {"free": True},
}


def places(value, path=()):
    yield path, value
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, below in items:
        yield from places(below, path + (key,))


def replaced(path, new):
    whole = copy.deepcopy(LARGE)
    if not path:
        return new
    below = whole
    for key in path[:-1]:
        below = below[key]
    below[path[-1]] = new
    return whole


def mutants():
    for path, value in places(LARGE):
        if isinstance(value, dict):
            yield path, replaced(path, {**value, "nobody-knows": 1})
        for new in ({"a": {"b": 1}}, [[1]], "text", 7, None, True):
            if type(new) is not type(value):
                yield path, replaced(path, new)


def verdicts_of_ours(folder):
    ran = subprocess.run(
        [os.environ["COUNTERSIGN"], "check", "stack", "--root", str(folder), "--format", "json"],
        capture_output=True,
    )
    report = json.loads(ran.stdout)
    assert report["areas"][0]["state"] == "evaluated", report["areas"]
    return {one["location"]["path"] for one in report["findings"] if one["code"] == RULE}


def verdicts_of_theirs(folder, names):
    files = [str(folder / name) for name in names]
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec"]
    # Durations and ports are formats that neither the schema's draft nor compose itself asks for.
    command += ["--disable-formats", "*", "--output-format", "json", *files]
    ran = subprocess.run(command, capture_output=True)
    answer = json.loads(ran.stdout)
    assert not answer.get("parse_errors"), answer["parse_errors"]
    bad = {one["filename"] for one in answer["errors"]}
    return {name for name in names if str(folder / name) in bad}


def main():
    tests = pathlib.Path(__file__).parent.parent
    with tempfile.TemporaryDirectory() as made:
        folder = pathlib.Path(made).resolve()
        names, mistakes = [], {}

        def add(text, mistake):
            name = f"{len(names):04}/compose.yaml"
            (folder / name).parent.mkdir()
            (folder / name).write_text(text)
            names.append(name)
            mistakes[name] = mistake

        add(json.dumps(LARGE), "the large file")
        shipped = sorted(tests.glob("stack/trees/**/*compose*.yaml")) + sorted(
            tests.glob("cases/stack/**/*compose*.yaml")
        )
        for path in shipped:
            add(path.read_text(), str(path.relative_to(tests)))
        for path, mutant in mutants():
            add(json.dumps(mutant), "/".join(map(str, path)))
        ours, theirs = verdicts_of_ours(folder), verdicts_of_theirs(folder, names)
    for name in sorted(ours ^ theirs):
        who = "we alone refuse" if name in ours else "check-jsonschema alone refuses"
        print(f"FAIL compose: {who} {mistakes[name]} ({name})")
    agreed = len(names) - len(ours ^ theirs)
    print(f"ok compose: {agreed} of {len(names)} files have the same verdict, {len(theirs)} are refused")
    if not theirs or len(theirs) == len(names):
        print("FAIL compose: all files have one verdict, so nothing was compared")


main()
