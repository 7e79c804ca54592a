// @sigstore/verify verifies bundles whose signer has a certificate: keyless.mjs ROOT FILE BUNDLE...

import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';
import { basename, join } from 'node:path';

// The packages lie where the run installed them, not beside this file.
const require = createRequire(join(process.env.WITNESS_MODULES, 'package.json'));
const { bundleFromJSON } = require('@sigstore/bundle');
const { TrustedRoot } = require('@sigstore/protobuf-specs');
const { Verifier, toSignedEntity, toTrustMaterial } = require('@sigstore/verify');

const [rootFile, artifactFile, ...bundles] = process.argv.slice(2);
const root = TrustedRoot.fromJSON(JSON.parse(readFileSync(rootFile, 'utf8')));
const verifier = new Verifier(toTrustMaterial(root),
  { tlogThreshold: 1, ctlogThreshold: 1, timestampThreshold: 1 });

function check(what, holds, why) {
  console.log(holds ? `ok ${what}` : `FAIL ${what}: ${why ?? 'does not hold'}`);
}

function refusal(json, artifact, subjectAlternativeName = 'releaser@example.com') {
  try {
    const policy = {
      subjectAlternativeName, extensions: { issuer: 'https://accounts.google.com' },
    };
    const entity = toSignedEntity(bundleFromJSON(json), json.dsseEnvelope ? undefined : artifact);
    verifier.verify(entity, policy);
    return undefined;
  } catch (error) {
    return `${error.code ?? error.name}: ${error.message}`;
  }
}

const artifact = readFileSync(artifactFile);
for (const file of bundles) {
  const json = JSON.parse(readFileSync(file, 'utf8'));
  const name = basename(file);
  const why = refusal(json, artifact);
  check(`@sigstore/verify verifies ${name}`, why === undefined, why);
  const other = refusal(json, artifact, 'somebody@example.com');
  check(`@sigstore/verify refuses ${name} for somebody else`, other !== undefined, 'was accepted');
  const changed = structuredClone(json);
  const entry = changed.verificationMaterial.tlogEntries[0];
  const body = JSON.parse(Buffer.from(entry.canonicalizedBody, 'base64').toString());
  body.apiVersion = '0.0.3';
  entry.canonicalizedBody = Buffer.from(JSON.stringify(body)).toString('base64');
  const unlogged = refusal(changed, artifact);
  check(`@sigstore/verify refuses ${name} with another log entry`, unlogged !== undefined,
    'was accepted');
}
