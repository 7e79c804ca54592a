// A whole Sigstore on loopback: Fulcio, Rekor v1, Rekor v2, a timestamp authority: mock.cjs OUT
//
// Puts a server round what @sigstore/mock exports, and mends what a strict client refuses of it. Keys
// are new at each start. Writes trusted_root.json, signing_config_v1.json, signing_config_v2.json and
// token.jwt to OUT, then says `listening`. Listens on 127.0.0.1 only, and ends after ten minutes.
//
// What it is not: nobody checks the token or the proof of possession, each log entry is the only leaf
// of its own tree, and the certificate names the address as a URI.
'use strict';

const crypto = require('node:crypto');
const { writeFileSync } = require('node:fs');
const http = require('node:http');
const { join } = require('node:path');
require('reflect-metadata');
const mock = require('@sigstore/mock');
const asn1 = require('asn1js');
const canonicalize = require('canonicalize');
const x509 = require('@peculiar/x509');

const out = process.argv[2];
const MAX_REQUEST = 1 << 20;

const sha256 = (bytes) => crypto.createHash('sha256').update(bytes).digest();
const base64 = (bytes) => Buffer.from(bytes).toString('base64');
const keys = () => crypto.generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
const spki = (pair) => pair.publicKey.export({ format: 'der', type: 'spki' });
const bytesOf = (view) => (view.buffer
  ? Buffer.from(view.buffer, view.byteOffset ?? 0, view.byteLength) : Buffer.from(view));

// What the mock's authority wants to know of a TimeStampReq.
function queryOf(der) {
  const { result } = asn1.fromBER(der.buffer.slice(der.byteOffset, der.byteOffset + der.length));
  const [, imprint, ...rest] = result.valueBlock.value;
  const [algorithm, digest] = imprint.valueBlock.value;
  const tagged = (tag) => rest.find((value) => value.idBlock.tagNumber === tag)?.valueBlock;
  return {
    artifactHash: Buffer.from(digest.valueBlock.valueHexView),
    hashAlgorithmOID: algorithm.valueBlock.value[0].valueBlock.toString(),
    policyOID: '1.3.6.1.4.1.57264.2',
    certReq: tagged(1)?.value ?? false,
    nonce: 0,
    wholeNonce: tagged(2)?.valueHexView,
  };
}

// A log of version 2 that keeps nothing: every entry is the one leaf of a tree of its own.
function logEntryV2(body, pair, host) {
  const request = JSON.parse(body).hashedRekordRequestV002;
  if (!request) return { statusCode: 400, response: 'expected hashedRekordRequestV002' };
  const { keyDetails, x509Certificate, publicKey } = request.signature.verifier;
  const verifier = x509Certificate ? { keyDetails, x509Certificate } : { keyDetails, publicKey };
  const entry = Buffer.from(canonicalize({
    apiVersion: '0.0.2',
    kind: 'hashedrekord',
    spec: { hashedRekordV002: {
      data: { algorithm: 'SHA2_256', digest: request.digest },
      signature: { content: request.signature.content, verifier },
    } },
  }));
  const rootHash = sha256(Buffer.concat([Buffer.from([0]), entry]));
  const id = sha256(spki(pair));
  const note = `${host}\n1\n${base64(rootHash)}\n`;
  const signature = crypto.sign('sha256', Buffer.from(note), pair.privateKey);
  const signed = base64(Buffer.concat([id.subarray(0, 4), signature]));
  const reply = {
    logIndex: '0',
    logId: { keyId: base64(id) },
    kindVersion: { kind: 'hashedrekord', version: '0.0.2' },
    inclusionProof: {
      logIndex: '0', treeSize: '1', rootHash: base64(rootHash), hashes: [],
      checkpoint: { envelope: `${note}\n\u2014 ${host} ${signed}\n` },
    },
    canonicalizedBody: base64(entry),
  };
  return { statusCode: 201, contentType: 'application/json', response: JSON.stringify(reply) };
}

// Rekor v1 makes one form of what it is given; the mock gives it back as it is.
async function logEntryV1(body, log) {
  const entry = JSON.parse(body);
  const pem = (text) => base64(new crypto.X509Certificate(Buffer.from(text, 'base64')).toString());
  const digest = (bytes) => ({ algorithm: 'sha256', value: sha256(bytes).toString('hex') });
  if (entry.kind === 'hashedrekord') {
    const key = entry.spec.signature.publicKey;
    key.content = pem(key.content);
  } else if (entry.kind === 'dsse') {
    const { envelope, verifiers } = entry.spec.proposedContent;
    const { payload, signatures } = JSON.parse(envelope);
    entry.spec = {
      envelopeHash: digest(envelope),
      payloadHash: digest(Buffer.from(payload, 'base64')),
      signatures: signatures.map(({ sig }, index) => (
        { signature: sig, verifier: pem(verifiers[index] ?? verifiers[0]) })),
    };
  } else {
    return { statusCode: 400, response: `kind ${entry.kind}` };
  }
  const reply = JSON.stringify(await log.log(entry));
  return { statusCode: 201, contentType: 'application/json', response: reply };
}

// sigstore-python sends the token as a bearer's and the key in a request of PKCS#10.
function certificateRequest(body, headers) {
  const request = JSON.parse(body);
  const bearer = (headers.authorization ?? '').replace(/^Bearer /i, '');
  if (!request.credentials && bearer) request.credentials = { oidcIdentityToken: bearer };
  if (request.certificateSigningRequest && !request.publicKeyRequest) {
    const text = request.certificateSigningRequest;
    const pem = Buffer.from(text, 'base64').toString();
    const csr = new x509.Pkcs10CertificateRequest(pem.includes('-----') ? pem : text);
    const content = csr.publicKey.toString('pem');
    request.publicKeyRequest = { publicKey: { algorithm: 'ECDSA', content } };
  }
  return JSON.stringify(request);
}

function token() {
  const encode = (claims) => Buffer.from(JSON.stringify(claims)).toString('base64url');
  const now = Math.floor(Date.now() / 1000);
  return [
    encode({ alg: 'ES256', typ: 'JWT', kid: 'x' }),
    encode({
      iss: 'https://accounts.google.com', aud: 'sigstore', sub: 'releaser@example.com',
      email: 'releaser@example.com', email_verified: true,
      iat: now - 5, nbf: now - 5, exp: now + 3600,
    }),
    Buffer.from('nobody checks this signature').toString('base64url'),
  ].join('.');
}

function write(name, document) {
  writeFileSync(join(out, name), `${JSON.stringify(document, null, 1)}\n`);
}

function describe(base, authority, ctKeys, logKeys, timestamps) {
  const start = new Date(Date.now() - 86_400_000).toISOString();
  const log = (pair, baseUrl) => ({
    baseUrl,
    hashAlgorithm: 'SHA2_256',
    publicKey: {
      rawBytes: base64(spki(pair)), keyDetails: 'PKIX_ECDSA_P256_SHA_256', validFor: { start },
    },
    logId: { keyId: base64(sha256(spki(pair))) },
  });
  const chain = (...certificates) => (
    { certificates: certificates.map((one) => ({ rawBytes: base64(bytesOf(one)) })) });
  const party = (commonName, certChain) => ({
    subject: { organization: 'sigstore.mock', commonName }, uri: base, certChain,
    validFor: { start },
  });
  write('trusted_root.json', {
    mediaType: 'application/vnd.dev.sigstore.trustedroot+json;version=0.1',
    tlogs: logKeys.map((pair) => log(pair, base)),
    certificateAuthorities: [party('sigstore', chain(authority.rootCertificate))],
    ctlogs: [log(ctKeys, `${base}/ct`)],
    // The one that signs comes first.
    timestampAuthorities: [
      party('tsa', chain(timestamps.intCertificate, timestamps.rootCertificate))],
  });
  const service = (url, majorApiVersion) => (
    { url, majorApiVersion, validFor: { start }, operator: 'mock' });
  for (const version of [1, 2]) {
    write(`signing_config_v${version}.json`, {
      mediaType: 'application/vnd.dev.sigstore.signingconfig.v0.2+json',
      caUrls: [service(base, 1)],
      oidcUrls: [service(`${base}/auth`, 1)],
      rekorTlogUrls: [service(base, version)],
      tsaUrls: [service(`${base}/api/v1/timestamp`, 1)],
      rekorTlogConfig: { selector: 'ANY' },
      tsaConfig: { selector: 'ANY' },
    });
  }
  writeFileSync(join(out, 'token.jwt'), token(), { mode: 0o600 });
}

async function services(host) {
  const base = `http://${host}`;
  const [caKeys, ctKeys, v1Keys, v2Keys, tsaKeys] = [keys(), keys(), keys(), keys(), keys()];
  const authority = await mock.initializeCA(caKeys, await mock.initializeCTLog(ctKeys));
  const log = await mock.initializeTLog(base, v1Keys);
  const timestamps = await mock.initializeTSA(tsaKeys);
  // Some clients refuse fractions of a second, and a number of JavaScript loses part of a nonce.
  timestamps.getCurrentTime = () => new Date(Math.floor(Date.now() / 1000) * 1000);
  const info = timestamps.tstInfo.bind(timestamps);
  timestamps.tstInfo = (query) => {
    const made = info({ ...query, nonce: 0 });
    made.nonce = query.wholeNonce && new asn1.Integer({ valueHex: query.wholeNonce });
    return made;
  };
  const fulcio = mock.fulcioHandler(authority, { strict: true, subjectClaim: 'email' });
  describe(base, authority, ctKeys, [v1Keys, v2Keys], timestamps);
  return {
    '/api/v2/signingCert': (body, headers) => fulcio.fn(certificateRequest(body, headers)),
    '/api/v1/log/entries': (body) => logEntryV1(body, log),
    '/api/v2/log/entries': (body) => logEntryV2(body, v2Keys, host),
    '/api/v1/timestamp': async (body) => {
      const response = bytesOf(await timestamps.timestamp(queryOf(body)));
      return { statusCode: 201, contentType: 'application/timestamp-reply', response };
    },
  };
}

let ready;
const server = http.createServer((request, response) => {
  const chunks = [];
  let length = 0;
  request.on('data', (chunk) => {
    length += chunk.length;
    if (length > MAX_REQUEST) request.destroy();
    chunks.push(chunk);
  });
  request.on('end', async () => {
    let reply;
    try {
      const serve = (await ready)[request.url];
      reply = serve ? await serve(Buffer.concat(chunks), request.headers)
        : { statusCode: 404, response: `no ${request.url}` };
    } catch (error) {
      reply = { statusCode: 500, response: String(error.stack) };
    }
    console.log(request.method, request.url, reply.statusCode);
    response.writeHead(reply.statusCode, { 'content-type': reply.contentType ?? 'text/plain' });
    response.end(reply.response);
  });
});
server.listen(0, '127.0.0.1', async () => {
  ready = services(`127.0.0.1:${server.address().port}`);
  await ready;
  console.log('listening');
});
setTimeout(() => process.exit(1), 600_000).unref();
