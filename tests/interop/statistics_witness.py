#!/usr/bin/env python3
"""SciPy and NumPy against `countersign load compare` and `inspect`: 200 seeded samples.

    statistics_witness.py BINARY

The effect, the interval and the probability of the report are computed again: the shift of Hodges and
Lehmann as the median of all differences of logarithms, the probability by `scipy.stats.mannwhitneyu`, the
interval from the order statistics at which SciPy's exact distribution of U passes the tail. Percentiles of
lists of samples are `numpy.percentile`'s.
"""
import json, math, os, random, subprocess, sys, tempfile

import numpy
from scipy import stats

BINARY = sys.argv[1]
MARGIN = math.log(1.10)

def run(*arguments):
    done = subprocess.run([BINARY, *arguments, "--format", "json"], capture_output=True, text=True)
    return json.loads(done.stdout)

def interval(x, y):
    differences = numpy.sort((numpy.array(y)[:, None] - numpy.array(x)[None, :]).ravel())
    m, n = len(x), len(y)
    k = 0
    # P(U <= k - 1) is the share of orders with so small a U: SciPy tells it for two lists that have it.
    while k < m * n and below(m, n, k) <= 0.025:
        k += 1
    if k == 0:
        return None
    return differences[k - 1], differences[-k]

CACHE = {}
def below(m, n, u):
    """P(U <= u) by SciPy, for lists without ties whose U is exactly u."""
    if (m, n, u) not in CACHE:
        x = [float(i) for i in range(m)]
        # Each value of y is put above as many of x as still fit into u.
        y, left = [], u
        for index in range(n):
            above = min(m, left)
            left -= above
            y.append(above - 0.5 + index * 1e-3)
        CACHE[(m, n, u)] = stats.mannwhitneyu(y, x, alternative="less", method="exact").pvalue
    return CACHE[(m, n, u)]

def compare(folder, number):
    rng = random.Random("statistics-v1 %d" % number)
    m, n = rng.randint(5, 14), rng.randint(5, 14)
    noise, shift = rng.choice((0.01, 0.03, 0.06)), rng.choice((0.0, 0.05, 0.2))
    draw = lambda count, by: [round(100 * (1 + by) * math.exp(rng.gauss(0, noise)), 6) for _ in range(count)]
    before, after = draw(m, 0.0), draw(n, shift)
    paths = []
    for side, values in (("before", before), ("after", after)):
        path = os.path.join(folder, side + ".json")
        with open(path, "w") as out:
            json.dump({"runs": [{"p95_ms": v, "raw_sha256": "%s%063x" % (side[0], i)} for i, v in enumerate(values)]}, out)
        paths.append(path)
    row = run("load", "compare", paths[0], "--candidate", paths[1])["comparisons"][0]
    x, y = [math.log(v) for v in before], [math.log(v) for v in after]
    differences = [b - a for a in x for b in y]
    hidden = row["detectable_millionths"] > row["margin_millionths"]
    tested = [v - MARGIN for v in y] if hidden else y
    p = stats.mannwhitneyu(tested, x, alternative="greater", method="exact").pvalue
    expected = {"effect_millionths": math.expm1(numpy.median(differences)), "p_value_millionths": p}
    ends = interval(x, y)
    if ends:
        expected["low_millionths"], expected["high_millionths"] = (math.expm1(end) for end in ends)
    for key, value in expected.items():
        if abs(row[key] - value * 1e6) > 1.0:
            return "sample %d (%d, %d): %s is %s, SciPy has %s" % (number, m, n, key, row[key], value * 1e6)
    return None

def percentiles(folder, number):
    rng = random.Random("percentiles-v1 %d" % number)
    values = [rng.randrange(1, 5_000_000_000) / 1e6 for _ in range(rng.randint(1, 3000))]
    path = os.path.join(folder, "samples.ndjson")
    with open(path, "w") as out:
        for value in values:
            out.write(json.dumps({"metric": "http_req_duration", "type": "Point", "data": {
                "time": "2026-11-23T08:48:05.121524665Z", "value": value, "tags": {"status": "200"}}}) + "\n")
    facts = {fact["name"]: fact["value"] for fact in run("inspect", path)["facts"]}
    shown = {}
    for part in facts["http_req_duration"].split(", "):
        name, _, value = part.partition(" ")
        if name.startswith("p("):
            shown[float(name[2:-1])] = float(value)
    for rank, value in shown.items():
        expected = numpy.percentile(values, rank)
        if abs(value - expected) > 1e-6 * max(1.0, expected):
            return "samples %d: p(%g) is %r, NumPy has %r" % (number, rank, value, expected)
    return None if len(shown) == 5 else "samples %d: %d percentiles" % (number, len(shown))

def main():
    with tempfile.TemporaryDirectory() as folder:
        for what, judge, count in (
            ("the effect, the interval and the probability are SciPy's on 200 samples", compare, 200),
            ("percentiles are NumPy's on 40 lists of samples", percentiles, 40),
        ):
            wrong = [problem for problem in (judge(folder, n) for n in range(count)) if problem]
            print("FAIL %s: %d differ, %s" % (what, len(wrong), wrong[0]) if wrong else "ok " + what)

main()
