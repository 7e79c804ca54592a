// @sigstore/bundle reads and @sigstore/verify verifies the demo's bundles: bundles.mjs DEMO
//
// With keys that the verifier brings and no log, timestamp or certificate: all thresholds are 0.

import { createPublicKey, createHash } from 'node:crypto';
import { createRequire } from 'node:module';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

// The packages lie where the run installed them, not beside this file.
const require = createRequire(join(process.env.WITNESS_MODULES, 'package.json'));
const { bundleFromJSON } = require('@sigstore/bundle');
const { Verifier, toSignedEntity, toTrustMaterial } = require('@sigstore/verify');

const demo = process.argv[2];
const dist = join(demo, 'dist');

function check(what, holds, why) {
  console.log(holds ? `ok ${what}` : `FAIL ${what}: ${why ?? 'does not hold'}`);
}

const keys = {};
const algorithms = {};
for (const name of ['alice.pub', 'bob.pub']) {
  const key = createPublicKey(readFileSync(join(demo, name)));
  const rawBytes = key.export({ type: 'spki', format: 'der' });
  const id = createHash('sha256').update(rawBytes).digest('hex');
  keys[id] = { rawBytes };
  algorithms[id] = key.asymmetricKeyType === 'ed25519' ? 'Ed25519' : 'P-256';
}

function verifier(found) {
  const nobody = { certificateAuthorities: [], timestampAuthorities: [], tlogs: [], ctlogs: [] };
  const none = { tlogThreshold: 0, timestampThreshold: 0, ctlogThreshold: 0 };
  return new Verifier(toTrustMaterial(nobody, found), none);
}

// Returns what @sigstore/verify has against a bundle, or nothing.
function refusal(json, artifact, found = keys) {
  try {
    verifier(found).verify(toSignedEntity(bundleFromJSON(json), artifact));
    return undefined;
  } catch (error) {
    return `${error.code ?? error.name}: ${error.message}`;
  }
}

function flipped(text) {
  const bytes = Buffer.from(text, 'base64');
  bytes[bytes.length >> 1] ^= 1;
  return bytes.toString('base64');
}

function changed(json, change) {
  const copy = structuredClone(json);
  change(copy);
  return copy;
}

const met = new Set();
const files = readdirSync(dist).filter((name) => /\.sigstore\.jsonl?$/.test(name)).sort();
for (const file of files) {
  const text = readFileSync(join(dist, file), 'utf8');
  const documents = file.endsWith('l') ? text.trim().split('\n') : [text];
  for (const json of documents.map((document) => JSON.parse(document))) {
    const hint = json.verificationMaterial.publicKey.hint;
    const algorithm = algorithms[hint];
    const kind = json.dsseEnvelope ? 'envelope' : 'message';
    const what = `the ${algorithm} ${kind} bundle ${file}`;
    const refusedWhen = (how, json, artifact, found) => {
      const why = refusal(json, artifact, found);
      const expected = why !== undefined && /signature verification failed/.test(why);
      check(`@sigstore/verify refuses ${what} ${how}`, expected, why ?? 'was accepted');
    };
    const other = Object.keys(keys).find((id) => id !== hint);
    const checksums = readFileSync(join(dist, 'checksums.txt'));
    if (kind === 'message' && algorithm === 'Ed25519') {
      // This client hashes before it verifies and Ed25519 signs the message itself; that it
      // reads the bundle is all that can be asked.
      const bundle = bundleFromJSON(json);
      check(`@sigstore/bundle reads ${what}`, bundle.content.$case === 'messageSignature');
      continue;
    }
    met.add(`${algorithm} ${kind}`);
    const artifact = kind === 'message' ? checksums : undefined;
    const why = refusal(json, artifact);
    check(`@sigstore/verify verifies ${what}`, why === undefined, why);
    refusedWhen('under another key', json, artifact, { [hint]: keys[other] });
    if (kind === 'envelope') {
      const envelope = json.dsseEnvelope;
      refusedWhen('with a changed payload', changed(json, (bundle) => {
        bundle.dsseEnvelope.payload = flipped(envelope.payload);
      }));
      refusedWhen('with a changed payload type', changed(json, (bundle) => {
        bundle.dsseEnvelope.payloadType += 'x';
      }));
      refusedWhen('with a changed signature', changed(json, (bundle) => {
        bundle.dsseEnvelope.signatures[0].sig = flipped(envelope.signatures[0].sig);
      }));
    } else {
      refusedWhen('over a changed list', json, checksums.subarray(1));
      refusedWhen('with a changed signature', changed(json, (bundle) => {
        bundle.messageSignature.signature = flipped(json.messageSignature.signature);
      }), checksums);
    }
  }
}
const expected = ['Ed25519 envelope', 'P-256 envelope', 'P-256 message'];
const all = expected.every((kind) => met.has(kind));
check('@sigstore/verify met envelopes of both algorithms and a P-256 message', all, [...met].join());
