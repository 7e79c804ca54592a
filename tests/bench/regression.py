#!/usr/bin/env python3
"""False alarms and power of `countersign load compare`, by simulation.

    tests/bench/regression.py BINARY [--trials N] [--seed N]

Makes pairs of lists of 10 and 10 runs whose figures are log-normal around 100 ms with a noise of 3, 6
and 12 percent, shifts the candidate by 0, 5, 10 and 20 percent, asks the binary, and prints how often
each of the three answers came. The margin is the default of 10 percent. Standard library only; the same
seed gives the same table. The exit code is 1 when a promise does not hold:

    at most 1 % false alarms where nothing changed, at any noise
    at least 95 % of shifts by 20 % caught at 6 % noise
    no pass without an answer: at 12 % noise nothing is passed that 10 runs cannot tell
"""
import argparse, concurrent.futures, json, math, os, random, subprocess, sys, tempfile

NOISE = (0.03, 0.06, 0.12)
SHIFT = (0.0, 0.05, 0.10, 0.20)
RUNS = 10

def runs(rng, centre, noise, first):
    sigma = math.sqrt(math.log1p(noise * noise))
    rows = []
    for index in range(RUNS):
        figure = round(centre * math.exp(rng.gauss(0.0, sigma)), 6)
        rows.append({"run": index + 1, "p95_ms": figure, "raw_sha256": "%064x" % (first + index + 1)})
    return {"runs": rows}

def ask(binary, folder, number, rng_seed, noise, shift):
    rng = random.Random(rng_seed)
    before, after = (os.path.join(folder, "%d-%s.json" % (number, side)) for side in ("before", "after"))
    for path, centre, first in ((before, 100.0, 0), (after, 100.0 * (1.0 + shift), 1000)):
        with open(path, "w") as out:
            json.dump(runs(rng, centre, noise, first), out)
    done = subprocess.run([binary, "load", "compare", before, "--candidate", after, "--format", "json",
                           "--now", "2026-11-23T09:00:00Z"], capture_output=True, text=True)
    answers = [row["answer"] for row in json.loads(done.stdout)["comparisons"]]
    # The exit code and the answer are one thing said twice.
    if len(answers) != 1 or {"not_regressed": 0, "regressed": 1, "inconclusive": 3}[answers[0]] != done.returncode:
        sys.exit("the answer %s and the exit code %d disagree" % (answers, done.returncode))
    os.remove(before)
    os.remove(after)
    return answers[0]

def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("binary")
    parser.add_argument("--trials", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    wrong = []
    print("%d trials a row, %d and %d runs, margin 10 %%, confidence 95 %%" % (args.trials, RUNS, RUNS))
    print("noise  shift  regressed  not regressed  inconclusive")
    with tempfile.TemporaryDirectory() as folder, concurrent.futures.ThreadPoolExecutor(2) as pool:
        for noise in NOISE:
            for shift in SHIFT:
                seeds = ["%d %g %g %d" % (args.seed, noise, shift, n) for n in range(args.trials)]
                jobs = pool.map(lambda job: ask(args.binary, folder, job[0], job[1], noise, shift), enumerate(seeds))
                answers = list(jobs)
                share = {word: answers.count(word) / args.trials for word in ("regressed", "not_regressed", "inconclusive")}
                print("%4.0f %%  %4.0f %%  %8.1f %%  %12.1f %%  %11.1f %%" % (
                    noise * 100, shift * 100, *(share[word] * 100 for word in ("regressed", "not_regressed", "inconclusive"))))
                if shift == 0.0 and share["regressed"] > 0.01:
                    wrong.append("%.1f %% false alarms at %.0f %% noise" % (share["regressed"] * 100, noise * 100))
                if shift == 0.20 and noise == 0.06 and share["regressed"] < 0.95:
                    wrong.append("only %.1f %% of +20 %% caught at 6 %% noise" % (share["regressed"] * 100))
                if noise == 0.12 and share["not_regressed"] > 0.05:
                    wrong.append("%.1f %% passed at 12 %% noise, where the runs cannot tell" % (share["not_regressed"] * 100))
                if shift == 0.20 and share["not_regressed"] > 0.01:
                    wrong.append("%.1f %% of +20 %% passed at %.0f %% noise" % (share["not_regressed"] * 100, noise * 100))
    for line in wrong:
        print("FAIL " + line)
    return 1 if wrong else 0

if __name__ == "__main__":
    sys.exit(main())
