#!/usr/bin/env python3
"""Schema verdicts against kubernetes-validate (strict), and renders against the real Helm engine.

usage: kubernetes.py ROOT

Objects are the tree's own renders, those of the corpus beside the repository when it is there, and copies of both
with a planted error each. For every supported version the tool must find fault with exactly the objects that the
package finds fault with.
"""
import copy
import json
import os
import pathlib
import subprocess
import sys
import tempfile

import kubernetes_validate
import yaml

ROOT = pathlib.Path(sys.argv[1])
TOOL = os.environ["COUNTERSIGN"]
HERE = pathlib.Path(__file__).parent
failed = 0


def check(what, holds, why=""):
    global failed
    failed += not holds
    print(f"ok {what}" if holds else f"FAIL {what}: {why}", flush=True)


def judge(root, *more, env=None):
    command = [TOOL, "check", "k8s", "--root", str(root), "--format", "json", *more]
    return subprocess.run(command, capture_output=True, text=True, env=env, cwd=root)


def sources():
    yield from sorted((ROOT / "ops/k8s/rendered").glob("*.yaml"))
    yield from sorted((ROOT.parent / "shared/corpus/atlas-0.2.0-rendered").glob("*.yaml"))


def paths(node, at=()):
    """Every place in an object below its spec, deepest last."""
    if isinstance(node, dict):
        for key, child in node.items():
            yield at + (key,)
            yield from paths(child, at + (key,))
    elif isinstance(node, list):
        for index, child in enumerate(node):
            yield from paths(child, at + (index,))


def planted(thing):
    """Copies of an object, each with one error or one change that is none."""
    places = [place for place in paths(thing) if place[0] not in ("apiVersion", "kind", "metadata")]
    for number, place in enumerate(places):
        for change in ("unknown", "text", "number", "null", "list"):
            # One in thirteen: the package reads all its definitions anew for each object.
            if (number * 5 + len(change)) % 13:
                continue
            other = copy.deepcopy(thing)
            parent = other
            for step in place[:-1]:
                parent = parent[step]
            old = parent[place[-1]]
            if change == "unknown":
                if not isinstance(old, dict):
                    continue
                old["unknownField"] = 1
            else:
                parent[place[-1]] = {"text": "a text", "number": 7, "null": None, "list": [1]}[change]
            yield other


def objects():
    seen, found = set(), []
    for path in sources():
        for thing in yaml.safe_load_all(path.read_text()):
            if not thing or not supported(thing):
                continue
            text = json.dumps({key: value for key, value in thing.items() if key != "metadata"}, sort_keys=True)
            if text not in seen:
                seen.add(text)
                found.append(thing)
                found += list(planted(thing))
    return found


def supported(thing):
    group = thing["apiVersion"].split("/")[0]
    return "/" not in thing["apiVersion"] or "." not in group or group.endswith(".k8s.io")


def theirs(thing, version):
    try:
        kubernetes_validate.validate(thing, version, strict=True)
        return True
    except kubernetes_validate.ValidationError:
        return False
    except kubernetes_validate.SchemaNotFoundError:
        return None


def verdicts(things):
    for version in ("1.25", "1.31", "1.37"):
        with tempfile.TemporaryDirectory() as folder:
            rendered = pathlib.Path(folder) / "ops/k8s/rendered"
            rendered.mkdir(parents=True)
            matrix = {"kubernetes": {"minimum": version, "maximum": version}, "profiles": []}
            (rendered.parent / "install-matrix.json").write_text(json.dumps(matrix))
            text = ""
            first_lines = {}
            for number, thing in enumerate(things):
                thing = {**thing, "metadata": {**thing["metadata"], "name": f"n{number}"}}
                text += "---\n"
                first_lines[number] = text.count("\n") + 1
                # One line an object: what is found in it stands in that line.
                text += json.dumps(thing) + "\n"
            (rendered / "all.yaml").write_text(text)
            report = json.loads(judge(folder).stdout)
            codes = ("object-schema-violated", "api-removed")
            ours = {row["location"]["line"] for row in report["findings"] if row["slug"] in codes}
            wrong = []
            refused = 0
            for number, thing in enumerate(things):
                verdict = theirs(thing, version)
                refused += verdict is False
                fine = first_lines[number] not in ours
                if verdict is not None and fine != verdict:
                    wrong.append(f"{'we' if verdict else 'they'} refuse {json.dumps(thing)[:300]}")
            what = f"{len(things)} objects, {refused} of them refused, have one verdict at Kubernetes {version}"
            check(what, not wrong and refused, f"{len(wrong)}: {wrong[:2]}")


def renders():
    with tempfile.TemporaryDirectory() as folder:
        tools = pathlib.Path(folder) / "bin"
        tools.mkdir()
        script = (HERE / "helm").read_text().split("\n", 1)[1]
        (tools / "helm").write_text(f"#!{sys.executable}\n{script}")
        (tools / "helm").chmod(0o755)
        env = {**os.environ, "PATH": f"{tools}:{os.environ['PATH']}"}
        done = judge(ROOT, "--render", env=env)
        report = json.loads(done.stdout or "{}")
        rows = [row["message"] for row in report.get("findings", [])]
        check("our own chart renders to what we keep", done.returncode == 0 and not rows, f"{rows} {done.stderr}")
        details = " ".join(row["detail"] for row in report.get("checks", []))
        check("the report names the version of Helm", "rendered by helm v" in details, details)
        trap = pathlib.Path(folder) / "trap"
        trap.mkdir()
        (trap / "helm").write_text(f"#!/bin/sh\n: >{folder}/ran\n")
        (trap / "helm").chmod(0o755)
        command = [TOOL, "check", "k8s", "--root", str(ROOT), "--render"]
        lured = subprocess.run(command, cwd=trap, env={"PATH": f".:{trap}:"}, capture_output=True)
        ran = (pathlib.Path(folder) / "ran").exists()
        check("a helm of the working directory is never run", lured.returncode == 2 and not ran, lured.stderr)
        corpus = ROOT.parent / "shared/corpus/atlas-0.2.0"
        if corpus.is_dir():
            report = json.loads(judge(corpus, "--render", env=env).stdout)
            count = sum(row["slug"] == "controllers-share-pods" for row in report["findings"])
            check("the corpus is rendered and judged in one go", count == 3, count)
        else:
            print("   NOT RUN: no corpus beside the repository")


verdicts(objects())
renders()
sys.exit(bool(failed))
