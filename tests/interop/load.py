#!/usr/bin/env python3
"""The real k6 against `countersign inspect` and `check load`: three scripts, every shape.

    load.py BINARY K6

A small server of ours answers on the loopback. One script throws in every iteration and k6 exits with 0; one
asks for more than its users can start; one sets a threshold that cannot hold. Each is run once with every
output that k6 has, and each result is judged alone in a tree.
"""
import http.server, json, os, re, subprocess, sys, tempfile, threading, time

BINARY, K6 = sys.argv[1:3]

class Answer(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_GET(self):
        if self.path == "/slow":
            time.sleep(0.2)
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")
    def log_message(self, *_):
        pass

HEAD = "import http from 'k6/http';\nimport { check } from 'k6';\nconst base = __ENV.BASE;\n"
TAIL = "\nexport function handleSummary(data) { return { [__ENV.SUMMARY]: JSON.stringify(data) }; }\n"
STATS = "summaryTrendStats: ['avg', 'min', 'med', 'max', 'p(90)', 'p(95)', 'p(99)', 'count'],"
SCRIPTS = {
    "throws": HEAD + "export const options = { iterations: 20, vus: 2, " + STATS +
        " thresholds: { http_req_duration: ['p(95)<500'], checks: ['rate>0.99'] } };\n"
        "export default function () { throw new Error('nothing is measured'); }" + TAIL,
    "saturates": HEAD + "export const options = { " + STATS + " scenarios: { saturates: { executor: 'constant-arrival-rate', rate: 100,"
        " timeUnit: '1s', duration: '3s', preAllocatedVUs: 2, maxVUs: 2 } }, thresholds: { http_req_duration: ['max<5000'] } };\n"
        "export default function () { const a = http.get(`${base}/slow`); check(a, { ok: (r) => r.status === 200 }); }" + TAIL,
    "fails": HEAD + "export const options = { iterations: 300, vus: 4, " + STATS +
        " thresholds: { http_req_duration: ['p(95)<0.001', 'p(90)<5000'], checks: ['rate==1'] } };\n"
        "export default function () { const a = http.get(`${base}/`); check(a, { ok: (r) => r.status === 200 }); }" + TAIL,
}
EXITS = {"throws": 0, "saturates": 0, "fails": 99}

def say(ok, what, detail=""):
    print("ok " + what if ok else "FAIL %s: %s" % (what, detail))

def k6(folder, name, base):
    script = os.path.join(folder, name + ".js")
    with open(script, "w") as out:
        out.write(SCRIPTS[name])
    at = lambda ending: os.path.join(folder, name + ending)
    environment = dict(os.environ, BASE=base, SUMMARY=at(".handled.json"), K6_NO_USAGE_REPORT="true")
    # `handleSummary` replaces `--summary-export`: the export is made by a run of its own.
    plain = os.path.join(folder, name + ".plain.js")
    with open(plain, "w") as out:
        out.write(SCRIPTS[name].replace(TAIL, ""))
    shapes = {"handled": at(".handled.json"), "samples": at(".samples.json"), "table": at(".table.csv"), "exported": at(".exported.json")}
    first = subprocess.run([K6, "run", "--quiet", "--out", "json=" + shapes["samples"], "--out", "csv=" + shapes["table"], script],
                           env=environment, capture_output=True, text=True)
    subprocess.run([K6, "run", "--quiet", "--summary-export", shapes["exported"], plain], env=environment, capture_output=True, text=True)
    return first.returncode, shapes

def judge(path, plan=None):
    """What `check load` finds in a tree that has this result, and its scenario where one is given."""
    with tempfile.TemporaryDirectory() as root:
        ending = re.sub(r"^[^.]*", "", os.path.basename(path))
        files = {"results/suite" + ending: open(path, "rb").read()}
        if plan:
            suite = {"name": "suite", "kind": "k6", "scenario": "suite.json", "must_pass": True, "thresholds": {}}
            files["suites/suites.json"] = json.dumps({"suites": [suite]}).encode()
            files["scenarios/suite.json"] = json.dumps(plan).encode()
        for name, data in files.items():
            target = os.path.join(root, "ops/load", name)
            os.makedirs(os.path.dirname(target), exist_ok=True)
            with open(target, "wb") as out:
                out.write(data)
        done = subprocess.run([BINARY, "check", "load", "--root", root, "--format", "json"], capture_output=True, text=True)
        return done.returncode, {finding["slug"] for finding in json.loads(done.stdout)["findings"]}

def main():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    base = "http://127.0.0.1:%d" % server.server_port
    plan = {"name": "suite", "suite": "suite.js", "executor": "constant-arrival-rate", "rate": 100, "time_unit": "1s", "duration": "3s", "max_vus": 2}
    with tempfile.TemporaryDirectory() as folder:
        for name in SCRIPTS:
            code, shapes = k6(folder, name, base)
            say(code == EXITS[name], "k6 ends the script that %s with %d" % (name, EXITS[name]), "it ended with %d" % code)
            for shape, path in shapes.items():
                what = "the script that %s, %s" % (name, shape)
                if not os.path.exists(path) or not os.path.getsize(path):
                    say(False, what, "k6 wrote no such file")
                    continue
                code, found = judge(path, plan if name == "saturates" else None)
                if "load-result-unknown" in found or "load-result-broken" in found:
                    say(False, what, "not read: %s" % sorted(found))
                elif name == "throws":
                    say(code == 1 and "load-result-empty" in found, what + ": nothing was measured", "found %s" % sorted(found))
                elif name == "saturates":
                    say(code == 1 and "load-generator-saturated" in found and "load-rate-not-reached" in found, what + ": the generator was saturated", "found %s" % sorted(found))
                elif shape == "table":
                    # A table names no thresholds.
                    say("load-threshold-breached" not in found, what + ": no thresholds", "found %s" % sorted(found))
                else:
                    say(code == 1 and "load-threshold-breached" in found and "load-verdict-contradicted" not in found,
                        what + ": the threshold failed, and k6's verdict agrees", "found %s" % sorted(found))
    server.shutdown()

main()
