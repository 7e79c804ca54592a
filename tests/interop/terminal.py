"""What a person sees on a terminal while long work goes on, and what a pipe never sees."""

import fcntl
import os
import pathlib
import pty
import struct
import subprocess
import sys
import tempfile
import termios

from witness import BINARY, check

FOLDER = pathlib.Path(tempfile.mkdtemp(dir=os.environ["TMP"]))
SIZE = int(sys.argv[1]) if len(sys.argv) > 1 else 6 << 30


def on_terminal(*command):
    """Runs a command whose standard error is a terminal; returns exit code, output and screen."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen([BINARY, *map(str, command)], stdin=subprocess.DEVNULL, cwd=FOLDER,
                               stdout=subprocess.PIPE, stderr=theirs,
                               env={**os.environ, "TERM": "xterm-256color"})
    os.close(theirs)
    screen = b""
    while True:
        try:
            piece = os.read(ours, 65536)
        except OSError:
            break
        if not piece:
            break
        screen += piece
    return process.wait(), process.stdout.read(), screen.decode(errors="replace")


def widths():
    """Lines are wrapped to the terminal that shows them; digests stay whole."""
    for columns in (80, 120):
        ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
        environment = {key: value for key, value in os.environ.items() if key != "COLUMNS"}
        process = subprocess.Popen([BINARY, "explain", "CS-TRUST-005", "--color", "never"],
                                   stdin=subprocess.DEVNULL, stdout=theirs, env=environment)
        os.close(theirs)
        process.wait()
        lines = os.read(ours, 65536).decode().splitlines()
        longest = max(map(len, lines))
        fits = longest <= 80 if columns == 80 else 80 < longest <= columns
        check(f"text is wrapped to {columns} columns", fits, f"{longest}")


def main():
    """A file that takes seconds to hash, and one that takes none."""
    large, small = "large", "small"
    with (FOLDER / large).open("wb") as file:
        file.truncate(SIZE)
    (FOLDER / small).write_text("small")
    code, out, screen = on_terminal("checksums", "create", large)
    check("long work says what it does, how much, how fast and how long",
          code == 0 and all(word in screen for word in ("hashing", "GiB of", "/s", "left")),
          repr(screen[-300:]))
    last = screen.rstrip("\r").rsplit("\r", 1)[-1]
    check("and leaves nothing behind", "hashing" not in last, repr(last))
    check("the result is on standard output alone", out.count(b"\n") == 1)
    code, _, screen = on_terminal("checksums", "create", small)
    check("short work says nothing", code == 0 and screen == "", repr(screen))
    code, _, screen = on_terminal("-q", "checksums", "create", large)
    check("quiet work says nothing", code == 0 and screen == "", repr(screen[-300:]))
    done = subprocess.run([BINARY, "checksums", "create", large], cwd=FOLDER,
                          capture_output=True, check=False)
    check("a pipe sees nothing of it", done.returncode == 0 and done.stderr == b"", repr(done.stderr))


widths()
main()
