// Makes N attestations in DSSE envelopes by one key, or verifies a list of them with Node's own crypto.
//
//   attestations.mjs make N LIST PUB
//   attestations.mjs verify LIST PUB

import { createHash, createPrivateKey, createPublicKey, sign, verify } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";

const [verb, ...args] = process.argv.slice(2);
const TYPE = "application/vnd.in-toto+json";
const encoding = (payload) => Buffer.concat([
    Buffer.from(`DSSEv1 ${TYPE.length} ${TYPE} ${payload.length} `), payload,
]);

if (verb === "make") {
    const [count, list, pub] = [Number(args[0]), args[1], args[2]];
    const seed = createHash("sha256").update("countersign-bench").digest();
    const der = Buffer.concat([Buffer.from("302e020100300506032b657004220420", "hex"), seed]);
    const key = createPrivateKey({ key: der, format: "der", type: "pkcs8" });
    const lines = [];
    for (let number = 0; number < count; number++) {
        const digest = createHash("sha256").update(`artifact-${number}`).digest("hex");
        const payload = Buffer.from(JSON.stringify({
            _type: "https://in-toto.io/Statement/v1",
            subject: [{ name: `artifact-${number}`, digest: { sha256: digest } }],
            predicateType: "https://countersign.dev/bench/v1",
            predicate: { note: "x".repeat(200) },
        }));
        const sig = sign(null, encoding(payload), key).toString("base64");
        lines.push(JSON.stringify({ payloadType: TYPE, payload: payload.toString("base64"), signatures: [{ sig }] }));
    }
    writeFileSync(list, `${lines.join("\n")}\n`);
    writeFileSync(pub, createPublicKey(key).export({ type: "spki", format: "pem" }));
} else {
    const key = createPublicKey(readFileSync(args[1]));
    for (const line of readFileSync(args[0], "utf8").split("\n")) {
        if (line === "") continue;
        const { payload, signatures } = JSON.parse(line);
        const bytes = Buffer.from(payload, "base64");
        JSON.parse(bytes);
        if (!verify(null, encoding(bytes), key, Buffer.from(signatures[0].sig, "base64"))) process.exit(1);
    }
}
