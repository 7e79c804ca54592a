#!/usr/bin/env python3
"""Times countersign beside what a user would pick instead, in one run, round by round.

    tests/bench/run [--rounds N] [--binary FILE] [GOAL...]

Each goal first makes sure that the tool does the work, then alternates the two sides and prints medians of
wall-clock time, CPU time and memory, and the ratios. CPU ratios are the trustworthy ones on a shared machine.
A peer that is not installed is told. Inputs are made once below target/bench; nothing comes over a network.
Exits with 1 when the tool did not do the work; a goal that is missed is printed, and no failure.
"""

import argparse
import json
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
        self.folder, self.binary, self.rounds, self.rows, self.built = folder, binary, rounds, [], False

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

    def ratio(self, goal, what, value, most):
        """A ratio that is no time."""
        word = "reached" if value <= most else "missed"
        print(f"   {word}: {what} {value:.3f}, goal {most}")
        self.rows.append((goal, what, f"{value:.3f}", str(most), word))

    def library(self):
        """The program that times the library alone; built when it is first asked for."""
        target = ROOT / "target/bench-library"
        if not self.built:
            subprocess.run(["cargo", "build", "--release", "--quiet", "--manifest-path", HERE / "library/Cargo.toml",
                            "--target-dir", target], check=True)
            self.built = True
        return target / "release/countersign-bench"

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
    """10,000 attestations; itself at a tenth and a hundredth."""
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
    hundredth = bench.folder / "attestations-hundredth.jsonl"
    hundredth.write_text("".join(lines[:100]))
    bad = bench.folder / "attestations-bad.jsonl"
    lines[500] = lines[501].replace(lines[501][-20:], lines[500][-20:])
    bad.write_text("".join(lines[:1000]))
    ask = [bench.binary, "verify-attestations", made, "--key", key, "-q"]
    good = bench.run(*ask[1:])[0] == 0 and bench.run("verify-attestations", bad, "--key", key)[0] == 1
    if bench.holds("good attestations pass, and one altered line refuses", good):
        bench.compare("G8", ask, {"node": ("node", ["node", script, "verify", made, key]),
                                  "a tenth": (None, [bench.binary, "verify-attestations", tenth, "--key", key, "-q"]),
                                  "100": (None, [bench.binary, "verify-attestations", hundredth, "--key", key, "-q"])},
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
        bench.compare("G17", ask(2_000), {"PyYAML": (python_with("yaml"), [sys.executable, "-c", script]),
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


def plain_tar(folder):
    """GNU tar with everything fixed that varies."""
    return f"tar --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner --format=ustar -cf - -C {folder} ."


def unpacked_equal(bench, folder, archive):
    """What GNU tar takes out of the archive is what went in."""
    out = bench.folder / "unpacked"
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir()
    good = subprocess.run(["tar", "-xzf", archive, "-C", out], check=False).returncode == 0
    good = good and subprocess.run(["diff", "-r", folder, out], check=False, capture_output=True).returncode == 0
    shutil.rmtree(out)
    return good


def refuses(command):
    """The library's program ends with 1: it looked, and said no."""
    return subprocess.run(command, check=False, capture_output=True).returncode == 1


def packing(bench, goal, folder, limits):
    """One of the goals about writing an archive."""
    ours, theirs, single = bench.folder / "ours.tgz", bench.folder / "theirs.tgz", bench.folder / "single.tgz"
    tool = [bench.library(), "pack", folder, ours]
    subprocess.run(tool, check=True, capture_output=True)
    if bench.holds("GNU tar takes out what went in", unpacked_equal(bench, folder, ours)):
        hashes = openssl(folder)[1]
        peer = f"{hashes} && {plain_tar(folder)} | pigz -n -6 -p2 > {theirs} && openssl dgst -sha256 {theirs}"
        bench.compare(goal, tool, {"the peer": ("pigz", peer)}, limits)
        subprocess.run(f"{plain_tar(folder)} | gzip -n -6 > {single}", shell=True, check=True)
        bench.ratio(goal, "size of gzip -6", ours.stat().st_size / single.stat().st_size, 1.02)


def g5(bench):
    """Write an archive of a mixed tree: hash, tar and compress in one pass (the library's `pack`)."""
    folder = bench.input("mixed", lambda path: generate.mixed(path, 1 << 30))
    packing(bench, "G5", folder, [("the peer", "cpu", 0.28), ("the peer", "wall", 0.30)])


def g6(bench):
    """The same bytes on every run and every number of processors."""
    folder = bench.input("mixed", lambda path: generate.mixed(path, 1 << 30))
    made = set()
    for prefix in ([], [], ["taskset", "-c", "0"]):
        out = bench.folder / "again.tgz"
        done = subprocess.run([*prefix, bench.library(), "pack", folder, out], check=True, capture_output=True)
        made.add(done.stdout.split()[-2])
    if bench.holds("three archives are the same, one of them made on one processor", len(made) == 1):
        bench.rows.append(("G6", "different archives of 3", "1", "1", "reached"))


def g7(bench):
    """Read an archive in one pass: its digest, inflate, strict tar, every member's digest (`unpack`)."""
    folder = bench.input("mixed", lambda path: generate.mixed(path, 1 << 30))
    archive, bad, cut, plain = (bench.folder / name for name in ("good.tgz", "bad.tgz", "cut.tgz", "good.tar"))
    tool = [bench.library(), "unpack", archive]
    subprocess.run([bench.library(), "pack", folder, archive], check=True, capture_output=True)
    data = bytearray(archive.read_bytes())
    cut.write_bytes(data[:1_000_000])
    data[len(data) // 2] ^= 1
    bad.write_bytes(data)
    if bench.holds("one bit changed and an archive cut off are refused",
                   all(refuses([bench.library(), "unpack", file]) for file in (bad, cut))):
        out = bench.folder / "unpacked"
        peer = (f"openssl dgst -sha256 {archive} && rm -rf {out} && mkdir {out} && tar xzf {archive} -C {out} && "
                + openssl(out)[1])
        subprocess.run(f"gzip -dc {archive} > {plain}", shell=True, check=True)
        floor = f"openssl dgst -sha256 {archive} && igzip -dc {archive} > /dev/null && openssl dgst -sha256 {plain}"
        bench.compare("G7", tool, {"the peer": ("tar", peer), "the floor": ("igzip", floor)},
                      [("the peer", "cpu", 0.28), ("the floor", "cpu", 1.20), ("the floor", "memory", 1.0)])
        shutil.rmtree(out, ignore_errors=True)


def g12(bench):
    """Parse 5,000 Kubernetes manifests; 10 and 500 for the growth (the library's reader of documents)."""
    folders = {count: bench.input(f"manifests-{count}", lambda path, count=count: generate.manifests(path, count))
               for count in (10, 500, 5_000)}
    broken = bench.folder / "manifests-broken"
    generate.put(broken / "a.yaml", b"a: [1\nb: }\n")
    def ask(folder):
        return [bench.library(), "manifests", folder]
    if bench.holds("a broken manifest is refused", refuses(ask(broken))):
        script = ("import glob,yaml;[list(yaml.load_all(open(f),Loader=yaml.CSafeLoader)) "
                  f"for f in glob.glob('{folders[5_000]}/*.yaml')]")
        bench.compare("G12", ask(folders[5_000]),
                      {"PyYAML": (python_with("yaml"), [sys.executable, "-c", script]),
                       "a tenth": (None, ask(folders[500])), "10": (None, ask(folders[10]))},
                      [("PyYAML", "cpu", 0.18), ("a tenth", "cpu", 11)])


def g13(bench):
    """Hold 5,000 records against a JSON Schema."""
    folder = bench.input("records", lambda path: generate.records(path, 5_000))
    schema = bench.folder / "records.schema.json"
    broken = bench.folder / "records-broken"
    record = (folder / "r00003.json").read_bytes()
    generate.put(broken / "r.json", record.replace(b'"schema_version": 1', b'"schema_version": 2'))
    def ask(records):
        return [bench.library(), "records", schema, records]
    if bench.holds("a record that breaks the schema is refused", refuses(ask(broken))):
        peer = f"check-jsonschema --schemafile {schema} {folder}/*.json"
        bench.compare("G13", ask(folder), {"check-jsonschema": ("check-jsonschema", peer)},
                      [("check-jsonschema", "cpu", 0.05)])


def g14(bench):
    """Verify one Sigstore bundle offline (`verify-blob`)."""
    vectors = ROOT / "tests/vectors/sigstore-conformance"
    bundle = vectors / "happy-path-v0.3/bundle.sigstore.json"
    issuer = "https://token.actions.githubusercontent.com"
    identity = ("https://github.com/sigstore-conformance/extremely-dangerous-public-oidc-beacon/.github/workflows/"
                "extremely-dangerous-oidc-beacon.yml@refs/heads/main")
    def ask(file):
        return [bench.binary, "verify-blob", file, "--bundle", bundle, "--certificate-identity", identity,
                "--certificate-oidc-issuer", issuer, "--trusted-root", vectors / "trusted_root.json", "--now", NOW]
    good = bench.run(*ask(vectors / "a.txt")[1:])[0] == 0 and bench.run(*ask(bundle)[1:])[0] == 1
    if bench.holds("the bundle verifies, and not over another file", good):
        peer = ["sigstore", "verify", "identity", "--offline", "--bundle", bundle, "--cert-identity", identity,
                "--cert-oidc-issuer", issuer, vectors / "a.txt"]
        bench.compare("G14", ask(vectors / "a.txt"), {"sigstore-python": ("sigstore", peer)},
                      [("sigstore-python", "cpu", 0.05)])


def g15(bench):
    """The work of G5 on text alone, where nothing can be stored as it is."""
    folder = bench.input("words", lambda path: generate.words(path, 128 << 20))
    packing(bench, "G15", folder, [("the peer", "cpu", 0.45), ("the peer", "wall", 0.45)])


def g16(bench):
    """`check` of this project's governed tree, all areas, beside promtool on its rule files."""
    rules = [str(file) for file in sorted((ROOT / "ops/observe").rglob("*.y*ml"))
             if b"\ngroups:" in b"\n" + file.read_bytes()]
    ask = [bench.binary, "check", "--root", ROOT, "--now", NOW, "-q"]
    if bench.holds("the tree is judged", bench.run(*ask[1:])[0] in (0, 1) and rules):
        bench.compare("G16", ask, {"promtool": ("promtool", ["promtool", "check", "rules", *rules])},
                      [("promtool", "wall", 3)])


def release(bench, out):
    """A signed release with 4 GiB of artifacts, below `out`: the release itself is `dist`."""
    def run(*words):
        subprocess.run([bench.binary, *map(str, words)], cwd=out, check=True, capture_output=True)
    out.mkdir()
    generate.large(out / "artifacts", 4 << 30)
    source = ["--source", "git+https://git.example/large"]
    run("init", "--root", "project", "--name", "large", *source, "--ci", "none")
    policy = out / "project/keys/policy.json"
    policy.write_text(json.dumps(json.loads(policy.read_text()) | {"max_packet_bytes": 8 << 30}))
    run("keys", "generate", "-o", "key")
    expires = time.strftime("%Y-%m-%dT00:00:00Z", time.gmtime(time.time() + 365 * 86_400))
    run("trust", "init", "--dir", "roots", "--policy", policy, "--expires", expires)
    run("trust", "add-key", "key", "--dir", "roots", "--owner", "bench", "--role", "root", "--role", "release")
    run("trust", "sign", "--dir", "roots", "--key", "key")
    run("assemble", "--root", "project", "--artifacts", "artifacts", "--version", "1.0.0", *source,
        "--commit", "0123456789abcdef0123456789abcdef01234567", "-o", "dist")
    run("sign", "dist", "--key", "key")
    shutil.rmtree(out / "artifacts")


def memory(bench):
    """Memory: a packet and an archive of 4 GiB, an artifact of 1 GiB, a bill of materials of 100 MB."""
    packet = bench.folder / "release-4"
    # Made anew each time: evidence grows old.
    shutil.rmtree(packet, ignore_errors=True)
    release(bench, packet)
    verify = [bench.binary, "verify", packet / "dist", "--trust", packet / "roots/1.json"]
    code, _ = bench.run(*verify[1:])
    if not bench.holds("the release of 4 GiB verifies", code == 0):
        return
    large = bench.input("large-1", lambda path: generate.large(path, 1 << 30))
    sbom = bench.input("sbom-100.json", lambda path: generate.sbom(path, 100 * 10**6))

    def pack(archive):
        folder = bench.folder / "large-4"
        generate.large(folder, 4 << 30)
        subprocess.run([bench.library(), "pack", folder, archive], check=True, capture_output=True)
        shutil.rmtree(folder)
    archive = bench.input("large-4.tgz", pack)
    for what, command, most in (("packet of 4 GiB verified", verify, 64),
                                ("archive of 4 GiB", [bench.library(), "unpack", archive], 64),
                                ("artifact of 1 GiB", [bench.binary, "checksums", "create", large], 64),
                                ("bill of materials of 100 MB", [bench.binary, "inspect", sbom], 256)):
        figure = bench.memory(command)
        word = "reached" if figure <= most else "missed"
        print(f"   {word}: {what}: {figure:.1f} MiB, at most {most}")
        bench.rows.append(("memory", what, f"{figure:.1f} MiB", f"{most} MiB", word))
    shutil.rmtree(packet)


def python_with(module):
    """This Python where it has the module; else a name that tells what is missing."""
    has = subprocess.run([sys.executable, "-c", f"import {module}"], check=False, capture_output=True)
    return sys.executable if has.returncode == 0 else f"python3-with-{module}"


GOALS = {"G1": g1, "G2": g2, "G3": g3, "G4": g4, "G5": g5, "G6": g6, "G7": g7, "G8": g8, "G10": g10, "G11": g11,
         "G12": g12, "G13": g13, "G14": g14, "G15": g15, "G16": g16, "G17": g17, "G18": g18, "memory": memory}


def main():
    """Runs the goals and prints the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("goals", nargs="*", metavar="GOAL", help=f"of {', '.join(GOALS)}; all when absent")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--binary", default=str(ROOT / "target/dist/countersign"))
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
