"""Deterministic inputs for the benchmark: the same bytes on every machine. Standard library only."""

import functools
import hashlib
import itertools
import json
import pathlib
import random

WORDS = ("amber basin cedar delta ember fjord grove harbor inlet juniper karst lagoon meadow north "
         "orchard prairie quartz ridge spruce tundra upland valley willow yarrow zenith").split()


def block(tag, size):
    """Bytes that do not compress."""
    out, number = bytearray(), 0
    while len(out) < size:
        out += hashlib.sha512(f"{tag}{number}".encode()).digest()
        number += 1
    return bytes(out[:size])


@functools.cache
def vocabulary():
    """Two thousand words, and how often each is used: the second half as often as the first, and so on, as
    words are in prose and in source code."""
    rng = random.Random("vocabulary")
    words = ["".join(rng.choices("etaoinshrdlucmfwyp", k=rng.randint(2, 9))) for _ in range(2_000)]
    return words, list(itertools.accumulate(1 / (rank + 1) for rank in range(len(words))))


def text(tag, size):
    """Text that does, about four to one: indented lines of words, some lines again after a while."""
    words, weights = vocabulary()
    rng, out, length = random.Random(tag), [], 0
    while length < size:
        if len(out) > 100 and rng.random() < 0.25:
            line = out[-rng.randint(1, 100)]
        else:
            line = " " * rng.choice((0, 4, 4, 8)) + " ".join(rng.choices(words, cum_weights=weights, k=rng.randint(4, 12)))
        out.append(line)
        length += len(line) + 1
    return "\n".join(out).encode()[:size]


def put(path, data):
    """Writes a file and the folders above it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def large(folder, size):
    """One file; repeats a block, since only its size matters to a hash."""
    piece = block("large", 1 << 20)
    path = folder / "blob.bin"
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        for _ in range(size >> 20):
            file.write(piece)


def small(folder, count, size):
    """Many files of one size, a hundred a folder."""
    for number in range(count):
        put(folder / f"{number // 100:04}/{number:06}.bin", block(f"s{number}", size))


def mixed(folder, size):
    """Binaries, text and small files, as a release has them."""
    rng, left, number = random.Random("mixed"), size, 0
    while left > 0:
        kind = rng.random()
        length = min(left, rng.randrange(4 << 20, 32 << 20) if kind < 0.3 else rng.randrange(4096, 1 << 20))
        make = block if kind < 0.6 else text
        put(folder / f"{number % 16:02}/{number:05}.bin", make(f"m{number}", length))
        left -= length
        number += 1


def words(folder, size):
    """Text alone, where nothing can be stored as it is."""
    for number in range(size >> 22):
        put(folder / f"{number:05}.txt", text(f"w{number}", 4 << 20))


def sbom(path, size):
    """A CycloneDX bill of materials of about this size."""
    components, length, number = [], 0, 0
    while length < size:
        name = f"{WORDS[number % len(WORDS)]}-{number}"
        digest = hashlib.sha256(name.encode()).hexdigest()
        one = {"type": "library", "bom-ref": f"pkg:npm/{name}@1.{number}.0", "name": name,
               "version": f"1.{number}.0", "purl": f"pkg:npm/{name}@1.{number}.0",
               "hashes": [{"alg": "SHA-256", "content": digest}],
               "licenses": [{"license": {"id": "MIT"}}], "description": " ".join(WORDS[:12])}
        components.append(one)
        length += len(json.dumps(one)) + 2
        number += 1
    document = {"bomFormat": "CycloneDX", "specVersion": "1.6", "version": 1,
                "metadata": {"timestamp": "2026-01-01T00:00:00Z"}, "components": components}
    put(path, json.dumps(document).encode())


MANIFEST = """apiVersion: apps/v1
kind: Deployment
metadata:
  name: {name}
  namespace: bench
  labels: {{app: {name}}}
spec:
  replicas: 2
  selector:
    matchLabels: {{app: {name}}}
  template:
    metadata:
      labels: {{app: {name}}}
    spec:
      containers:
        - name: main
          image: registry.example/{name}:1.{number}.0@sha256:{digest}
          ports: [{{name: http, containerPort: 8080}}]
          env:
            - {{name: MODE, value: "{word}"}}
          resources:
            requests: {{cpu: 100m, memory: 128Mi}}
            limits: {{cpu: "1", memory: 512Mi}}
          readinessProbe:
            httpGet: {{path: /ready, port: http}}
          livenessProbe:
            httpGet: {{path: /live, port: http}}
---
apiVersion: v1
kind: Service
metadata:
  name: {name}
  namespace: bench
spec:
  selector: {{app: {name}}}
  ports: [{{name: http, port: 80, targetPort: http}}]
"""


def manifests(folder, count):
    """Deployments with their Services, one pair a file."""
    for number in range(count):
        word = WORDS[number % len(WORDS)]
        name = f"{word}-{number}"
        digest = hashlib.sha256(name.encode()).hexdigest()
        filled = MANIFEST.format(name=name, number=number, digest=digest, word=word)
        put(folder / f"{number:05}.yaml", filled.encode())


SCHEMA = {"$schema": "https://json-schema.org/draft/2020-12/schema", "type": "object",
          "required": ["schema_version", "name", "version", "sha256", "images"], "additionalProperties": False,
          "properties": {"schema_version": {"const": 1}, "name": {"type": "string", "pattern": "^[a-z0-9-]+$"},
                         "version": {"type": "string", "pattern": "^[0-9]+[.][0-9]+[.][0-9]+$"},
                         "sha256": {"type": "string", "pattern": "^[0-9a-f]{64}$"},
                         "images": {"type": "array", "minItems": 1, "items": {
                             "type": "object", "required": ["name", "digest"], "additionalProperties": False,
                             "properties": {"name": {"type": "string"}, "digest": {"type": "string", "minLength": 71}}}}}}


def records(folder, count):
    """Records of a release, and beside them the schema that they keep."""
    put(folder.with_name(f"{folder.name}.schema.json"), json.dumps(SCHEMA).encode())
    for number in range(count):
        digest = hashlib.sha256(str(number).encode()).hexdigest()
        images = [{"name": f"registry.example/{word}", "digest": f"sha256:{digest}"} for word in WORDS[:6]]
        record = {"schema_version": 1, "name": f"record-{number}", "version": f"1.{number}.0", "sha256": digest,
                  "images": images}
        put(folder / f"r{number:05}.json", json.dumps(record).encode())


def once(path, make):
    """Makes an input unless it is there whole."""
    path = pathlib.Path(path)
    mark = path.with_name(path.name + ".made")
    if not mark.exists():
        make(path)
        mark.write_text("")
    return path
