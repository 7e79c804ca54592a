"""tarfile, gzip and GNU tar look at packets: archive.py DEMO PACKET..."""

import gzip
import io
import os
import pathlib
import subprocess
import sys
import tarfile
import tempfile
import zlib

from witness import check, checking, refused_by_countersign, run


def members_of(packet):
    with tarfile.open(packet, "r:gz") as archive:
        return [(info.name, archive.extractfile(info).read()) for info in archive.getmembers()]


def python_tar(members):
    """What Python writes in the canonical form."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for name, data in members:
            info = tarfile.TarInfo(name)
            info.size = len(data)
            info.mode = 0o644
            info.mtime = info.uid = info.gid = 0
            info.uname = info.gname = ""
            archive.addfile(info, io.BytesIO(data))
    return out.getvalue()


def readable(tar):
    try:
        with tarfile.open(fileobj=io.BytesIO(tar)) as archive:
            return bool(archive.getmembers())
    except tarfile.TarError:
        return False


def canonical_gzip(tar):
    """The canonical frame around what zlib makes of an archive."""
    state = zlib.compressobj(6, zlib.DEFLATED, -15)
    body = state.compress(tar) + state.flush()
    end = zlib.crc32(tar).to_bytes(4, "little") + (len(tar) & 0xFFFFFFFF).to_bytes(4, "little")
    return bytes.fromhex("1f8b08000000000000ff") + body + end


def look_at(packet):
    name = packet.name
    compressed = packet.read_bytes()
    tar = gzip.decompress(compressed)
    members = members_of(packet)
    check(f"Python's tarfile writes the tar of {name} byte for byte ({len(members)} members)",
          python_tar(members) == tar)
    longest = max(len(member.encode()) for member, _ in members)
    print(f"   the longest name in {name} has {longest} bytes")
    with checking(f"zlib reads {name} as exactly one gzip member"):
        state = zlib.decompressobj(31)
        whole = state.decompress(compressed)
        assert state.eof and not state.unused_data and whole == tar
    check(f"gzip -t accepts {name}", run("gzip", "-t", str(packet)))
    for cut in (1, 8, 9, len(compressed) // 2):
        with tempfile.NamedTemporaryFile(suffix=".gz") as file:
            file.write(compressed[:-cut])
            file.flush()
            check(f"gzip -t refuses {name} without its last {cut} bytes",
                  not run("gzip", "-t", file.name))
    listed = subprocess.run(["tar", "-tzf", str(packet)], capture_output=True, check=False,
                            env={**os.environ, "LC_ALL": "C.UTF-8"})
    names = [member for member, _ in members]
    check(f"GNU tar lists the members of {name} and says nothing else",
          listed.stdout.decode().splitlines() == names and not listed.stderr,
          listed.stderr.decode())
    check(f"the names in {name} are sorted by bytes",
          names == sorted(names, key=lambda text: text.encode()))
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(["tar", "-xzf", str(packet), "-C", folder], capture_output=True,
                              check=False)
        root = pathlib.Path(folder)
        found = {str(path.relative_to(root)): path.read_bytes()
                 for path in root.rglob("*") if path.is_file()}
        check(f"GNU tar extracts the same bytes from {name}",
              done.returncode == 0 and found == dict(members), done.stderr.decode())
        check(f"sha256sum -c passes in the unpacked {name}",
              run("sha256sum", "--strict", "--quiet", "-c", "checksums.txt", cwd=folder))
        covered = {line.split("  ", 1)[1]
                   for line in (root / "checksums.txt").read_text().splitlines()}
        check(f"checksums.txt in {name} names every other member",
              covered == set(names) - {"checksums.txt"})
        (root / "release-manifest.json").write_bytes(b"{}")
        check(f"sha256sum -c refuses a changed member of {name}",
              not run("sha256sum", "--strict", "--quiet", "-c", "checksums.txt", cwd=folder))


def refusals(demo, packet):
    """The same members in every other form are refused."""
    members = members_of(packet)
    tar = python_tar(members)

    def replaced(what, data, code):
        def change(copy):
            (copy / packet.name).write_bytes(data)
        refused_by_countersign(f"a packet {what}", demo, change, code)

    def written(**options):
        out = io.BytesIO()
        with tarfile.open(fileobj=out, mode="w", format=options.pop("format")) as archive:
            for name, data in members:
                info = tarfile.TarInfo(name)
                info.size, info.mtime = len(data), options.get("mtime", 0)
                info.pax_headers = options.get("pax", {})
                archive.addfile(info, io.BytesIO(data))
        return out.getvalue()

    # The form is canonical, so what is refused is the digest, not the archive.
    replaced("that another compressor wrote, although its tar is the same", canonical_gzip(tar),
             "CS-TRUST-017")
    replaced("with a name and a time in its gzip header", gzip.compress(tar), "CS-PACKET-002")
    replaced("in two gzip members",
             canonical_gzip(tar[:5120]) + canonical_gzip(tar[5120:]), "CS-PACKET-002")
    replaced("of Python's GNU format", canonical_gzip(written(format=tarfile.GNU_FORMAT)),
             "CS-PACKET-002")
    replaced("with PAX headers",
             canonical_gzip(written(format=tarfile.PAX_FORMAT, pax={"comment": "x"})),
             "CS-PACKET-002")
    replaced("with times", canonical_gzip(written(format=tarfile.USTAR_FORMAT, mtime=1)),
             "CS-PACKET-002")
    replaced("with its members in another order", canonical_gzip(python_tar(members[::-1])),
             "CS-PACKET-002")
    replaced("with a member twice",
             canonical_gzip(python_tar(sorted(members + members[-1:]))), "CS-PACKET-002")
    broken = bytearray(tar)
    broken[0] ^= 1
    check("tarfile refuses a header with a wrong sum", not readable(bytes(broken)))
    with tempfile.NamedTemporaryFile(suffix=".tar") as file:
        file.write(broken)
        file.flush()
        check("GNU tar refuses a header with a wrong sum", not run("tar", "-tf", file.name))
    replaced("with a header with a wrong sum", canonical_gzip(bytes(broken)), "CS-PACKET-002")
    name, data = next(member for member in members if member[0].endswith(".spdx.json"))
    twin = name.rsplit("/", 1)[0] + "/" + name.rsplit("/", 1)[1].upper()
    replaced("with a member that differs from another only in case",
             canonical_gzip(python_tar(sorted(members + [(twin, data)]))), "CS-PACKET-016")
    replaced("with a member above the root",
             canonical_gzip(python_tar([("../x", b"")] + members)), "CS-PACKET-002")
    replaced("that is cut off", packet.read_bytes()[:-100], "CS-PACKET-001")
    replaced("of no bytes", b"", "CS-PACKET-001")
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["tar", "-xzf", str(packet), "-C", folder], check=True)
        gnu = subprocess.run(
            ["tar", "--format=ustar", "--sort=name", "--mtime=@0", "--owner=:0", "--group=:0",
             "--mode=0644", "--no-recursion", "-C", folder, "-cf", "-"] + [n for n, _ in members],
            check=True, capture_output=True).stdout
    replaced("that GNU tar wrote", canonical_gzip(gnu), "CS-PACKET-002")


def main():
    demo = pathlib.Path(sys.argv[1])
    packets = [pathlib.Path(argument) for argument in sys.argv[2:]]
    for packet in packets:
        look_at(packet)
    refusals(demo, packets[0])


main()
