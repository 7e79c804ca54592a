"""Image references: the table of the tests, against the published grammar and another parser.

The regular expressions are the grammar of the distribution project's `reference` package;
`docker-image-py` is a parser of its own of the same grammar.
"""

import json
import pathlib
import re

from docker_image import reference

ALNUM = r"[a-z0-9]+"
COMPONENT = rf"{ALNUM}(?:(?:[._]|__|[-]+){ALNUM})*"
PART = r"(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])"
DOMAIN = rf"(?:{PART}(?:\.{PART})*|\[[a-fA-F0-9:]+\])(?::[0-9]+)?"
TAG = r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}"
DIGEST = r"sha256:[0-9a-f]{64}|sha384:[0-9a-f]{96}|sha512:[0-9a-f]{128}"
NAME = re.compile(rf"(?:({DOMAIN})/)?({COMPONENT}(?:/{COMPONENT})*)")
WHOLE = re.compile(rf"(.+?)(?::({TAG}))?(?:@({DIGEST}))?")


def departs(text):
    """Where the package knowingly departs from the grammar; the expressions above still judge."""
    first = text.partition("/")[0]
    return (
        # A name whose first part has a dot and an underscore has no host in it.
        "_" in first and "." in first
        # Hosts in brackets, and hosts in upper case without a dot.
        or text.startswith("[")
        or (first != first.lower() and "." not in first and "/" in text)
        # Long names, digests in upper case, tags beyond ASCII.
        or len(text) > 255
        or (re.search(r"@sha256:[0-9A-F]*[A-F]", text) is not None)
        or not text.isascii()
    )


def by_grammar(text):
    """Reads a reference as the grammar's own regular expressions do, normalised first."""
    if re.fullmatch(r"[a-f0-9]{64}", text):
        return None
    first, slash, rest = text.partition("/")
    if not slash:
        first, rest = "docker.io", "library/" + text
    elif first == "index.docker.io":
        first = "docker.io"
    elif not (first == "localhost" or "." in first or ":" in first or first.lower() != first):
        first, rest = "docker.io", text
    if first == "docker.io" and "/" not in rest:
        rest = "library/" + rest
    whole = WHOLE.fullmatch(first + "/" + rest)
    name = whole and NAME.fullmatch(whole[1])
    if not name or len(name[2]) > 255:
        return None
    return (name[1] or "", name[2], whole[2], whole[3])


def by_package(text):
    try:
        parsed = reference.Reference.parse_normalized_named(text)
    except Exception:
        return None
    return (*parsed.split_hostname(), parsed["tag"], parsed["digest"])


def main():
    table = pathlib.Path(__file__).parent.parent / "stack" / "image-references.json"
    rows = json.loads(table.read_text())
    for row in rows:
        text = row["reference"]
        expected = None
        if "domain" in row:
            expected = (row["domain"], row["path"], row.get("tag"), row.get("digest"))
        named = repr(text if len(text) < 60 else text[:50] + "...")
        for who, answer in [("the grammar", by_grammar(text)), ("docker-image-py", by_package(text))]:
            if who == "docker-image-py" and answer != expected and departs(text):
                print(f"listed: docker-image-py departs from the grammar at {named}: {answer}")
                continue
            if answer == expected:
                print(f"ok {who} reads {named} as the table does")
            else:
                print(f"FAIL {who} reads {named}: {answer}, and the table says {expected}")


main()
