#!/usr/bin/env python3
"""A deterministic list of samples in the shape of `k6 run --out json`, of any size.

    tests/bench/ndjson.py OUT [--bytes N] [--urls N]

Standard library only. Ten lines a request, as k6 writes them; the times are nanoseconds in milliseconds.
"""
import argparse, random, sys

TRENDS = ("http_req_duration", "http_req_blocked", "http_req_connecting", "http_req_tls_handshaking",
          "http_req_sending", "http_req_waiting", "http_req_receiving")
HEAD = '{"type":"Metric","data":{"name":"%s","type":"%s","contains":"%s","thresholds":[%s],"submetrics":%s},"metric":"%s"}\n'
LINE = '{"metric":"%s","type":"Point","data":{"time":"2026-11-23T%02d:%02d:%02d.%09dZ","value":%s,"tags":%s}}\n'

def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out")
    parser.add_argument("--bytes", type=int, default=1 << 30)
    parser.add_argument("--urls", type=int, default=50, help="different tags; the more, the more there is to read")
    args = parser.parse_args()
    rng, size, number = random.Random("ndjson-v1"), 0, 0
    tags = ['{"expected_response":"true","group":"::main","method":"GET","name":"/v1/entries/%06d","proto":"HTTP/1.1",'
            '"scenario":"steady","status":"200","tls_version":"tls1.3","url":"http://127.0.0.1:8080/v1/entries/%06d"}' % (n, n)
            for n in range(args.urls)]
    with open(args.out, "w") as out:
        def put(text):
            nonlocal size
            out.write(text)
            size += len(text)
        put(HEAD % ("http_reqs", "counter", "default", "", "null", "http_reqs"))
        for name in TRENDS:
            limit, part = ('"p(95)<500","p(99)<900"', '[{"name":"http_req_duration{status:200}","suffix":"status:200","tags":{"status":"200"}}]') if name == TRENDS[0] else ("", "null")
            put(HEAD % (name, "trend", "time", limit, part, name))
        put(HEAD % ("http_req_failed", "rate", "default", '"rate<0.01"', "null", "http_req_failed"))
        put(HEAD % ("checks", "rate", "default", '"rate>0.99"', "null", "checks"))
        while size < args.bytes:
            number += 1
            tag = tags[rng.randrange(args.urls)]
            at = number * 1_000_000
            clock = (9 + at // 10**9 // 3600 % 12, at // 10**9 // 60 % 60, at // 10**9 % 60, at % 10**9 + rng.randrange(999999))
            put(LINE % (("http_reqs",) + clock + ("1", tag)))
            for name in TRENDS:
                nanoseconds = int(rng.lognormvariate(17.0, 0.4)) if name == TRENDS[0] else rng.randrange(200000)
                value = ("%d.%06d" % divmod(nanoseconds, 10**6)).rstrip("0").rstrip(".")
                put(LINE % ((name,) + clock + (value, tag)))
            put(LINE % (("http_req_failed",) + clock + ("0", tag)))
            put(LINE % (("checks",) + clock + ("1", tag)))
    return 0

if __name__ == "__main__":
    sys.exit(main())
