"""Rule files: Prometheus's own promtool against our validator.

    promtool.py ROOT

Every rule file of our own `ops/`, of the corpus when it lies beside the repository, and every case
of `promtool_cases.yaml` is given to both. A case whose name begins with `newer` uses syntax that an
old promtool does not know: where it refuses and we do not, the case is listed and is no failure.
"""

import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

from witness import BINARY, NOW, check

# What of ours says that Prometheus would not load the file.
REFUSING = {"CS-OBSERVE-002", "CS-OBSERVE-004", "CS-OBSERVE-005", "CS-OBSERVE-006", "CS-OBSERVE-023"}
HERE = pathlib.Path(__file__).parent


def theirs(text):
    """Tells whether promtool takes a rule file, and what it said."""
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "rules.yaml"
        path.write_text(text)
        done = subprocess.run(["promtool", "check", "rules", "--lint=none", str(path)],
                              capture_output=True, text=True, check=False)
        return done.returncode == 0, (done.stderr.strip().splitlines() or [""])[-1]


def ours(text):
    """Tells whether we take a rule file, and what we said."""
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "ops/observe/rules/rules.yaml"
        path.parent.mkdir(parents=True)
        path.write_text(text)
        done = subprocess.run([BINARY, "check", "observe", "--root", folder, "--format", "json", "--now", NOW],
                              capture_output=True, text=True, check=False)
        findings = [row for row in json.loads(done.stdout)["findings"] if row["code"] in REFUSING]
        return not findings, (findings or [{"message": ""}])[0]["message"]


def compare(name, text, older=False):
    """Holds both answers against each other."""
    (their_answer, their_words), (our_answer, our_words) = theirs(text), ours(text)
    if older and our_answer and not their_answer:
        print(f"   listed: {name}: this promtool is too old: {their_words}")
        return
    words = f"promtool {'takes' if their_answer else 'refuses'} it ({their_words}), we do not agree ({our_words})"
    check(f"promtool and we {'take' if our_answer else 'refuse'} {name}", their_answer == our_answer, words)


def plain(text):
    """A `PrometheusRule` as promtool reads it: what stands under `spec`."""
    if "kind: PrometheusRule" not in text:
        return text
    below = text.split("\nspec:\n", 1)[1]
    return "\n".join(re.sub("^  ", "", line) for line in below.splitlines()) + "\n"


def cases():
    """The written cases: `--- # name` and the text up to the next one."""
    parts = re.split(r"^--- # (.+)\n", (HERE / "promtool_cases.yaml").read_text(), flags=re.M)
    return list(zip(parts[1::2], parts[2::2]))


def dashboards(root):
    """Every expression of the dashboards that uses no variable, as one rule file."""
    rules = []
    for path in sorted(root.glob("ops/observe/dashboards/*.json")):
        for panel in json.loads(path.read_text())["panels"]:
            for target in panel.get("targets", []):
                if "$" not in target["expr"]:
                    rules.append({"alert": "A", "expr": target["expr"], "labels": {"n": str(len(rules))}})
    return json.dumps({"groups": [{"name": "dashboards", "rules": rules}]}), len(rules)


def main():
    """Runs every comparison."""
    root = pathlib.Path(sys.argv[1])
    trees = [("our own", root)]
    corpus = pathlib.Path(os.environ.get("ATLAS", root / "../shared/corpus/atlas-0.2.0"))
    if corpus.is_dir():
        trees.append(("the corpus'", corpus))
    else:
        print(f"   NOT RUN: there is no corpus in {corpus}; name its folder in ATLAS")
    for whose, tree in trees:
        for folder in ("alerts", "rules"):
            for path in sorted((tree / "ops/observe" / folder).glob("*.yaml")):
                compare(f"{whose} {folder}/{path.name}", plain(path.read_text()))
        text, count = dashboards(tree)
        compare(f"the {count} expressions of {whose} dashboards", text)
    written = cases()
    check("there are forty written rule files", len(written) >= 40, str(len(written)))
    for name, text in written:
        compare(name, text, name.startswith("newer"))
    tests = root / "ops/observe/tests/lantern-rules.test.yaml"
    done = subprocess.run(["promtool", "test", "rules", str(tests)], capture_output=True, text=True, check=False)
    check("promtool runs our own rule tests", done.returncode == 0, done.stderr.replace("\n", " "))


main()
