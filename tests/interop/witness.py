"""What the Python witnesses share: saying what holds, and asking countersign."""

import contextlib
import json
import os
import pathlib
import shutil
import subprocess
import tempfile

BINARY = os.environ["COUNTERSIGN"]
NOW = os.environ["DEMO_NOW"]


def check(what, holds, why=""):
    """Prints the one line of a check."""
    print(f"ok {what}" if holds else f"FAIL {what}: {why or 'does not hold'}", flush=True)


@contextlib.contextmanager
def checking(what):
    """A check that holds when its block ends without an exception."""
    try:
        yield
    except Exception as error:  # pylint: disable=broad-except
        check(what, False, f"{type(error).__name__}: {error}".replace("\n", " "))
    else:
        check(what, True)


@contextlib.contextmanager
def refusing(what, *refusals):
    """A check that holds when its block ends with one of these exceptions."""
    try:
        yield
    except refusals:
        check(what, True)
    except Exception as error:  # pylint: disable=broad-except
        check(what, False, f"{type(error).__name__}: {error}".replace("\n", " "))
    else:
        check(what, False, "was accepted")


def verify(dist, trust):
    """Asks countersign about a release; returns its exit code and the codes of its findings."""
    command = [BINARY, "verify", str(dist), "--trust", str(trust), "--now", NOW, "--format", "json"]
    done = subprocess.run(command, capture_output=True, check=False, stdin=subprocess.DEVNULL)
    try:
        findings = json.loads(done.stdout)["findings"]
    except (ValueError, KeyError):
        findings = []
    return done.returncode, {finding["code"] for finding in findings}


def refused_by_countersign(what, demo, change, code=None):
    """Changes a copy of the demo's release and wants exit 1, and the code when one is named."""
    with tempfile.TemporaryDirectory() as folder:
        copy = pathlib.Path(folder) / "dist"
        shutil.copytree(demo / "dist", copy)
        change(copy)
        exit_code, codes = verify(copy, demo / "trust-root.json")
        holds = exit_code == 1 and (code is None or code in codes)
        check(f"countersign refuses {what}", holds, f"exit {exit_code}, {sorted(codes)}")


def run(*command, **options):
    """Runs a command and tells whether it succeeded."""
    options.setdefault("stdin", subprocess.DEVNULL)
    return subprocess.run(command, capture_output=True, check=False, **options).returncode == 0
