#!/usr/bin/env python3
"""Times countersign beside what a user would pick instead, in one run, round by round.

    tests/bench/run [--rounds N] [--binary FILE] [GOAL...]

Each goal first makes sure that the tool does the work, then alternates the two sides and prints medians of
wall-clock time, CPU time and memory, and the ratios. CPU ratios are the trustworthy ones on a shared machine.
A peer that is not installed is told. Inputs are made once below target/bench; nothing comes over a network.
Exits with 1 when the tool did not do the work; a goal that is missed is printed, and no failure.
"""

import argparse
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import time

import generate

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
NOW = "2026-11-24T09:00:00Z"
FAILED = []


class Bench:
    """Inputs, binary, rounds, and the table of what was measured."""

    def __init__(self, folder, binary, rounds):
        self.folder, self.binary, self.rounds, self.rows = folder, binary, rounds, []

    def input(self, name, make):
        """An input that is made once."""
        return generate.once(self.folder / name, make)

    def measure(self, command):
        """Wall-clock and CPU seconds of one run."""
        begun = time.monotonic()
        process = subprocess.Popen(command, shell=isinstance(command, str), cwd=self.folder,
                                   stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                   stderr=subprocess.DEVNULL)
        _, _, usage = os.wait4(process.pid, 0)
        process.returncode = 0
        return time.monotonic() - begun, usage.ru_utime + usage.ru_stime

    def memory(self, command):
        """The most memory of one run in MiB. What the system says at the end counts the launcher's own
        pages too, so the run is asked while it goes on; nothing for what ends too soon."""
        shell = isinstance(command, str)
        process = subprocess.Popen(f"exec {command}" if shell and "|" not in command else command, shell=shell,
                                   cwd=self.folder, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                   stderr=subprocess.DEVNULL)
        most = 0
        while process.poll() is None:
            try:
                status = pathlib.Path(f"/proc/{process.pid}/status").read_text()
            except OSError:
                break
            peak = [line.split()[1] for line in status.splitlines() if line.startswith("VmHWM")]
            most = max([most, *map(int, peak)])
            time.sleep(0.002)
        process.wait()
        return most / 1024

    def compare(self, goal, tool, peers, limits):
        """Alternates the sides; prints and keeps the ratios. `limits`: (peer, figure, most)."""
        sides = {"countersign": tool}
        for name, (program, command) in peers.items():
            if program and not shutil.which(program):
                print(f"   NOT MEASURED beside {name}: `{program}` is not installed")
                continue
            sides[name] = command
        figures = {name: [] for name in sides}
        for number in range(self.rounds + 1):
            for name, command in sides.items():
                one = self.measure(command)
                # The first round warms the caches.
                if number:
                    figures[name].append(one)
        medians = {name: [*(statistics.median(column) for column in zip(*rows)), self.memory(sides[name])]
                   for name, rows in figures.items()}
        for name, (wall, cpu, memory) in medians.items():
            print(f"   {name:<14} wall {wall * 1e3:9.1f} ms   cpu {cpu * 1e3:9.1f} ms   memory {memory:7.1f} MiB")
        ours = medians["countersign"]
        for peer, figure, most in limits:
            if peer not in medians:
                continue
            index = ("wall", "cpu", "memory").index(figure)
            ratio = ours[index] / max(medians[peer][index], 1e-9)
            word = "reached" if ratio <= most else "missed"
            print(f"   {word}: {figure} {ratio:.3f} of {peer}, goal {most}")
            self.rows.append((goal, f"{figure} of {peer}", f"{ratio:.2f}", str(most), word))

    def holds(self, what, good):
        """The tool does the work, or the goal means nothing."""
        print(f"   {'ok' if good else 'FAIL'} {what}")
        if not good:
            FAILED.append(what)
        return good

    def run(self, *arguments):
        """Runs the tool; returns exit code and output."""
        done = subprocess.run([self.binary, *map(str, arguments)], cwd=self.folder, check=False,
                              capture_output=True, stdin=subprocess.DEVNULL)
        return done.returncode, done.stdout


def digests(bench, folder):
    """The tool's list is sha256sum's."""
    _, ours = bench.run("checksums", "create", folder)
    theirs = subprocess.run(f"cd {folder} && find . -type f -printf '%P\\0' | sort -z | xargs -0 sha256sum",
                            shell=True, check=True, capture_output=True, cwd=bench.folder).stdout
    return bench.holds("the list is the one that sha256sum writes", sorted(ours.splitlines()) == sorted(theirs.splitlines()))


def openssl(folder):
    """OpenSSL over every file of a folder."""
    return "openssl", f"find {folder} -type f -print0 | xargs -0 openssl dgst -sha256"


def hashing(bench, goal, folder, limits):
    """One of the goals about hashing."""
    if digests(bench, folder):
        bench.compare(goal, [bench.binary, "checksums", "create", folder], {"openssl": openssl(folder)}, limits)


def g1(bench):
    """SHA-256 of one file of 2 GiB."""
    folder = bench.input("large", lambda path: generate.large(path, 2 << 30))
    hashing(bench, "G1", folder, [("openssl", "cpu", 1.02), ("openssl", "memory", 1.35)])


def g2(bench):
    """20,000 files of 16 KiB."""
    folder = bench.input("small", lambda path: generate.small(path, 20_000, 16 << 10))
    hashing(bench, "G2", folder, [("openssl", "cpu", 0.90), ("openssl", "wall", 0.55)])


def g3(bench):
    """A mixed tree of 1 GiB."""
    folder = bench.input("mixed", lambda path: generate.mixed(path, 1 << 30))
    hashing(bench, "G3", folder, [("openssl", "cpu", 1.00), ("openssl", "wall", 0.52)])


def g4(bench):
    """100,000 files of 100 bytes; itself at a tenth and a hundredth."""
    folders = {count: bench.input(f"tiny-{count}", lambda path, count=count: generate.small(path, count, 100))
               for count in (1_000, 10_000, 100_000)}
    if digests(bench, folders[10_000]):
        own = {f"{count} files": (None, [bench.binary, "checksums", "create", folders[count]])
               for count in (1_000, 10_000)}
        bench.compare("G4", [bench.binary, "checksums", "create", folders[100_000]],
                      {"openssl": openssl(folders[100_000]), **own},
                      [("openssl", "cpu", 0.70), ("10000 files", "cpu", 11.5)])


def g8(bench):
    """10,000 attestations; itself at a tenth."""
    if not shutil.which("node"):
        print("   NOT MEASURED: `node` is not installed")
        return
    made = bench.folder / "attestations.jsonl"
    key = bench.folder / "attestations.pub"
    script = str(HERE / "attestations.mjs")
    subprocess.run(["node", script, "make", "10000", made, key], check=True)
    lines = made.read_text().splitlines(keepends=True)
    tenth = bench.folder / "attestations-tenth.jsonl"
    tenth.write_text("".join(lines[:1000]))
    bad = bench.folder / "attestations-bad.jsonl"
    lines[500] = lines[501].replace(lines[501][-20:], lines[500][-20:])
    bad.write_text("".join(lines[:1000]))
    ask = [bench.binary, "verify-attestations", made, "--key", key, "-q"]
    good = bench.run(*ask[1:])[0] == 0 and bench.run("verify-attestations", bad, "--key", key)[0] == 1
    if bench.holds("good attestations pass, and one altered line refuses", good):
        bench.compare("G8", ask, {"node": ("node", ["node", script, "verify", made, key]),
                                  "a tenth": (None, [bench.binary, "verify-attestations", tenth, "--key", key, "-q"])},
                      [("node", "cpu", 0.23), ("a tenth", "cpu", 11)])


def g10(bench):
    """Start-up."""
    bench.compare("G10", [bench.binary, "--version"],
                  {"sha256sum": ("sha256sum", ["sha256sum", "--version"]), "openssl": ("openssl", ["openssl", "version"])},
                  [("sha256sum", "cpu", 1.25), ("openssl", "cpu", 0.50)])


def g11(bench):
    """A CycloneDX bill of materials of 50 MB; 1 MB and 100 MB for the growth."""
    files = {size: bench.input(f"sbom-{size}.json", lambda path, size=size: generate.sbom(path, size * 10**6))
             for size in (1, 50, 100)}
    cut = bench.folder / "sbom-cut.json"
    cut.write_bytes(files[50].read_bytes()[:40_000_000])
    if bench.holds("a bill of materials that is cut off is refused", bench.run("inspect", cut)[0] == 3):
        name = str(files[50])
        peers = {"jq": ("jq", ["jq", ".components|length", name]),
                 "node": ("node", ["node", "-e", f"JSON.parse(require('fs').readFileSync('{name}'))"]),
                 "1 MB": (None, [bench.binary, "inspect", files[1]]), "100 MB": (None, [bench.binary, "inspect", files[100]])}
        bench.compare("G11", [bench.binary, "inspect", name], peers,
                      [("jq", "cpu", 0.12), ("node", "cpu", 0.32), ("node", "memory", 0.04)])


def g17(bench):
    """check k8s of 2,000 rendered manifests; itself at a tenth; PyYAML parsing them."""
    trees = {}
    for count in (10, 200, 2_000):
        tree = bench.input(f"k8s-{count}", lambda path, count=count: generate.manifests(path / "rendered/prod", count))
        (tree / "ops/k8s").mkdir(parents=True, exist_ok=True)
        (tree / "ops/k8s/install-matrix.json").write_text('{"schema_version": 1, "profiles": [{"name": "prod"}]}')
        trees[count] = tree
    def ask(count):
        tree = trees[count]
        return [bench.binary, "check", "k8s", "--root", tree, "--rendered", tree / "rendered", "--now", NOW, "-q"]
    if bench.holds("the manifests are judged", bench.run(*ask(200)[1:])[0] in (0, 1)):
        script = ("import glob,yaml;[list(yaml.load_all(open(f),Loader=yaml.CSafeLoader)) "
                  f"for f in glob.glob('{trees[2_000]}/rendered/prod/*.yaml')]")
        has_yaml = subprocess.run([sys.executable, "-c", "import yaml; yaml.CSafeLoader"], check=False, capture_output=True)
        python = sys.executable if has_yaml.returncode == 0 else "python3-with-PyYAML"
        bench.compare("G17", ask(2_000), {"PyYAML": (python, [sys.executable, "-c", script]),
                                          "a tenth": (None, ask(200)), "10 manifests": (None, ask(10))},
                      [("a tenth", "cpu", 12), ("PyYAML", "cpu", 1.5)])


def g18(bench):
    """1 GB of k6 NDJSON: percentiles and thresholds computed again."""
    def make(path):
        subprocess.run([sys.executable, HERE / "ndjson.py", path, "--bytes", str(10**9)], check=True)
    file = str(bench.input("k6.ndjson", make))
    code, said = bench.run("inspect", file)
    if bench.holds("the samples are read", code == 0 and b"p(95)" in said):
        script = ("const r=require('readline').createInterface({input:require('fs').createReadStream('%s')});"
                  "let n=0;r.on('line',l=>{JSON.parse(l);n++})" % file)
        bench.compare("G18", [bench.binary, "inspect", file],
                      {"jq": ("jq", f"jq -c .metric {file} > /dev/null"), "node": ("node", ["node", "-e", script])},
                      [("jq", "cpu", 0.10), ("node", "cpu", 0.30)])


GOALS = {"G1": g1, "G2": g2, "G3": g3, "G4": g4, "G8": g8, "G10": g10, "G11": g11, "G17": g17, "G18": g18}


def main():
    """Runs the goals and prints the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("goals", nargs="*", metavar="GOAL", help=f"of {', '.join(GOALS)}; all when absent")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--binary", default=str(ROOT / "target/release/countersign"))
    parser.add_argument("--folder", default=os.environ.get("BENCH_DIR", str(ROOT / "target/bench")))
    arguments = parser.parse_args()
    unknown = [goal for goal in arguments.goals if goal not in GOALS]
    if unknown:
        parser.error(f"no goal {', '.join(unknown)}; there are {', '.join(GOALS)}")
    folder = pathlib.Path(arguments.folder)
    folder.mkdir(parents=True, exist_ok=True)
    bench = Bench(folder, str(pathlib.Path(arguments.binary).resolve()), arguments.rounds)
    for goal in arguments.goals or GOALS:
        print(f"== {goal}: {GOALS[goal].__doc__}", flush=True)
        GOALS[goal](bench)
    print("\n| goal | ratio | measured | goal at most | |\n|---|---|---|---|---|")
    for row in bench.rows:
        print("| " + " | ".join(row) + " |")
    sys.exit(1 if FAILED else 0)


main()
