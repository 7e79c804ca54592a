"""Statements and bills of materials against their standards: statements.py DEMO PACKET SAID"""

import base64
import copy
import json
import pathlib
import re
import sys
import tarfile

from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from spdx_tools.spdx.parser.error import SPDXParsingError
from spdx_tools.spdx.parser.jsonlikedict.json_like_dict_parser import JsonLikeDictParser
from spdx_tools.spdx.validation.document_validator import validate_full_spdx_document

from witness import check

DEMO = pathlib.Path(sys.argv[1])
PACKET = pathlib.Path(sys.argv[2])
SAID = pathlib.Path(sys.argv[3])
STATEMENT = "https://in-toto.io/Statement/v1"
PROVENANCE = "https://slsa.dev/provenance/v1"
TEST_RESULT = "https://in-toto.io/attestation/test-result/v0.1"
SUMMARY = "https://slsa.dev/verification_summary/v1"
SEAL = "https://countersign.dev/packet/v1"
URI = re.compile(r"[a-z][a-z0-9+.-]*:\S+")
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")
HEX = {"sha256": 64, "sha512": 128, "gitCommit": 40, "sha1": 40}


def once(pairs):
    """No name stands twice in an object."""
    names = [name for name, _ in pairs]
    assert len(names) == len(set(names)), f"a name stands twice: {names}"
    return dict(pairs)


def digest_problems(where, digests):
    if not isinstance(digests, dict) or not digests:
        return [f"{where} has no digest"]
    return [f"{where}: {name} is {value}" for name, value in digests.items()
            if not re.fullmatch("[0-9a-f]{%d}" % HEX.get(name, 64), str(value))]


def descriptor_problems(where, descriptor):
    """in-toto ResourceDescriptor: one of uri, digest, content."""
    problems = []
    if not set(descriptor) & {"uri", "digest", "content"}:
        problems.append(f"{where} names nothing")
    if "uri" in descriptor and not URI.fullmatch(descriptor["uri"]):
        problems.append(f"{where}: uri {descriptor['uri']}")
    if "digest" in descriptor:
        problems += digest_problems(where, descriptor["digest"])
    return problems


def statement_problems(statement):
    """in-toto Statement v1."""
    problems = []
    if statement.get("_type") != STATEMENT:
        problems.append(f"_type {statement.get('_type')}")
    if not URI.fullmatch(statement.get("predicateType", "")):
        problems.append("predicateType is no URI")
    subjects = statement.get("subject") or []
    if not subjects:
        problems.append("no subject")
    names = [subject.get("name") for subject in subjects]
    if len(set(names)) != len(names):
        problems.append("a subject's name stands twice")
    for subject in subjects:
        problems += digest_problems(f"subject {subject.get('name')}", subject.get("digest"))
        if "sha256" not in (subject.get("digest") or {}):
            problems.append("a subject has no sha256")
    if set(statement) - {"_type", "subject", "predicateType", "predicate"}:
        problems.append("fields beside the standard's")
    if not isinstance(statement.get("predicate"), dict):
        problems.append("no predicate")
    return problems


def provenance_problems(statement):
    """SLSA build provenance v1: what a verifier must find."""
    problems = statement_problems(statement)
    if statement.get("predicateType") != PROVENANCE:
        problems.append(f"predicateType {statement.get('predicateType')}")
    predicate = statement.get("predicate") or {}
    definition = predicate.get("buildDefinition") or {}
    run = predicate.get("runDetails") or {}
    if not URI.fullmatch(definition.get("buildType", "")):
        problems.append("buildDefinition.buildType")
    if not definition.get("externalParameters"):
        problems.append("buildDefinition.externalParameters")
    if not URI.fullmatch((run.get("builder") or {}).get("id", "")):
        problems.append("runDetails.builder.id")
    for index, dependency in enumerate(definition.get("resolvedDependencies") or []):
        problems += descriptor_problems(f"resolvedDependencies {index}", dependency)
    for name in ("startedOn", "finishedOn"):
        time = (run.get("metadata") or {}).get(name)
        if time is not None and not TIME.fullmatch(time):
            problems.append(f"runDetails.metadata.{name} {time}")
    known = [(predicate, {"buildDefinition", "runDetails"}),
             (definition, {"buildType", "externalParameters", "internalParameters",
                           "resolvedDependencies"}),
             (run, {"builder", "metadata", "byproducts"}),
             (run.get("metadata") or {}, {"invocationId", "startedOn", "finishedOn"}),
             (run.get("builder") or {}, {"id", "version", "builderDependencies"})]
    for value, names in known:
        if set(value) - names:
            problems.append(f"fields beside the standard's: {sorted(set(value) - names)}")
    return problems


def test_result_problems(statement):
    """in-toto test-result v0.1."""
    problems = statement_problems(statement)
    if statement.get("predicateType") != TEST_RESULT:
        problems.append(f"predicateType {statement.get('predicateType')}")
    predicate = statement.get("predicate") or {}
    if predicate.get("result") not in ("PASSED", "WARNED", "FAILED"):
        problems.append(f"result {predicate.get('result')}")
    if not isinstance(predicate.get("configuration"), list):
        problems.append("no configuration")
    for index, item in enumerate(predicate.get("configuration") or []):
        problems += descriptor_problems(f"configuration {index}", item)
    for name in ("passedTests", "warnedTests", "failedTests"):
        if not all(isinstance(test, str) for test in predicate.get(name, [])):
            problems.append(name)
    return problems


def summary_problems(statement):
    """SLSA verification summary v1, SLSA 1.2."""
    problems = statement_problems(statement)
    if statement.get("predicateType") != SUMMARY:
        problems.append(f"predicateType {statement.get('predicateType')}")
    predicate = statement.get("predicate") or {}
    for where, value in (("verifier.id", (predicate.get("verifier") or {}).get("id")),
                         ("resourceUri", predicate.get("resourceUri")),
                         ("policy.uri", (predicate.get("policy") or {}).get("uri"))):
        if not URI.fullmatch(value or ""):
            problems.append(f"{where} {value}")
    problems += digest_problems("policy", (predicate.get("policy") or {}).get("digest"))
    if not TIME.fullmatch(predicate.get("timeVerified", "")):
        problems.append(f"timeVerified {predicate.get('timeVerified')}")
    for index, item in enumerate(predicate.get("inputAttestations") or []):
        problems += digest_problems(f"inputAttestations {index}", item.get("digest"))
    result, levels = predicate.get("verificationResult"), predicate.get("verifiedLevels")
    if result not in ("PASSED", "FAILED") or not levels:
        problems.append(f"{result} with {levels}")
    elif (levels == ["FAILED"]) != (result == "FAILED"):
        problems.append(f"{result} with {levels}")
    tracks = [level.rsplit("_LEVEL_", 1)[0] for level in levels or []]
    if len(set(tracks)) != len(tracks):
        problems.append("two levels of one track")
    return problems


def seal_problems(statement):
    problems = statement_problems(statement)
    if statement.get("predicateType") != SEAL:
        problems.append(f"predicateType {statement.get('predicateType')}")
    return problems


def judged(what, problems_of, statement, breakings):
    """The statement holds, and each way to break it shows."""
    problems = problems_of(statement)
    check(f"{what} is as its standard says", not problems, "; ".join(problems))
    for name, change in breakings.items():
        broken = copy.deepcopy(statement)
        change(broken)
        check(f"{what} {name} would be noticed", bool(problems_of(broken)), "was not")


def drop(*path):
    def change(value):
        for name in path[:-1]:
            value = value[name]
        del value[path[-1]]
    return change


STATEMENT_BREAKINGS = {
    "without _type": drop("_type"),
    "with upper-case digests":
        lambda s: s["subject"][0]["digest"].update(sha256=s["subject"][0]["digest"]["sha256"].upper()),
    "without subjects": lambda s: s.update(subject=[]),
}


def payload_of(path):
    return json.loads(base64.b64decode(json.loads(path.read_text())["dsseEnvelope"]["payload"]),
                      object_pairs_hook=once)


def main():
    dist = DEMO / "dist"
    for path in sorted(dist.glob("*.packet.tar.gz.sigstore.json")):
        judged(f"the seal in {path.name}", seal_problems, payload_of(path), STATEMENT_BREAKINGS)
    for path in sorted(dist.glob("*.provenance.sigstore.json")):
        statement = payload_of(path)
        judged(f"the provenance in {path.name}", provenance_problems, statement, {
            **STATEMENT_BREAKINGS,
            "without a build type": drop("predicate", "buildDefinition", "buildType"),
            "without parameters": drop("predicate", "buildDefinition", "externalParameters"),
            "without a builder": drop("predicate", "runDetails", "builder"),
        })
        names = {line.split("  ", 1)[1]: line[:64]
                 for line in (dist / "checksums.txt").read_text().splitlines()}
        subjects = {subject["name"]: subject["digest"]["sha256"]
                    for subject in statement["subject"]}
        check("the provenance speaks about exactly what checksums.txt lists", subjects == names,
              f"{sorted(subjects)} and {sorted(names)}")
    with tarfile.open(PACKET) as archive:
        members = {name: archive.extractfile(name).read() for name in archive.getnames()}
    results = [name for name in members if name.endswith("/test-result.json")]
    check("the packet holds test results of the six areas", len(results) == 6, str(results))
    for name in results:
        statement = json.loads(members[name], object_pairs_hook=once)
        judged(f"{name}", test_result_problems, statement, {
            **STATEMENT_BREAKINGS, "without a result": drop("predicate", "result")})
    soak = DEMO / "evidence/release/soak.sigstore.json"
    judged("soak.sigstore.json", test_result_problems, payload_of(soak), STATEMENT_BREAKINGS)
    for path in sorted(SAID.glob("*.vsa.sigstore.json")):
        judged(path.name, summary_problems, payload_of(path), {
            **STATEMENT_BREAKINGS,
            "without a verifier": drop("predicate", "verifier"),
            "without a policy": drop("predicate", "policy", "uri"),
            "without a result": drop("predicate", "verificationResult"),
            "with two levels of a track":
                lambda s: s["predicate"]["verifiedLevels"].append("SLSA_BUILD_LEVEL_3")
                or s["predicate"]["verifiedLevels"].append("SLSA_BUILD_LEVEL_2"),
        })
    said = sorted(SAID.glob("*.result.sigstore.json"))
    check("six results were attested", len(said) == 6, str(said))
    for path in said:
        judged(path.name, test_result_problems, payload_of(path), {
            **STATEMENT_BREAKINGS, "without a result": drop("predicate", "result")})
    bills(members)


def spdx_problems(text):
    try:
        document = JsonLikeDictParser().parse(json.loads(text))
    except SPDXParsingError as error:
        return error.get_messages()
    return [message.validation_message for message in validate_full_spdx_document(document)]


def bills(members):
    spdx = [name for name in members if name.endswith(".spdx.json")]
    cyclonedx = [name for name in members if name.endswith(".cdx.json")]
    check("the packet holds bills of materials in both formats", bool(spdx) and bool(cyclonedx))
    for name in spdx:
        text = members[name].decode()
        problems = spdx_problems(text)
        check(f"spdx-tools accepts {name}", not problems, "; ".join(problems))
        broken = text.replace("SPDXRef-DOCUMENT", "DOCUMENT")
        check(f"spdx-tools refuses a broken {name}", bool(spdx_problems(broken)))
    for name in cyclonedx:
        text = members[name].decode()
        version = SchemaVersion.from_version(json.loads(text)["specVersion"])
        validator = JsonStrictValidator(version)
        problem = validator.validate_str(text)
        check(f"cyclonedx-python-lib accepts {name}", problem is None, str(problem))
        broken = text.replace('"library"', '"libary"')
        check(f"cyclonedx-python-lib refuses a broken {name}",
              broken != text and validator.validate_str(broken) is not None)


main()
