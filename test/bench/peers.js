// Bare servers with the same checks as webhook in, to compare it with: node peers.js bare|express <port>. Says "ready" when it listens.
const { createHmac, createSecretKey, timingSafeEqual } = require('node:crypto');
const http = require('node:http');
const path = require('node:path');

const [kind, port] = process.argv.slice(2);
const key = createSecretKey(Buffer.from('s3cret'));
const LIMIT = 1_048_576;

/** Verifies, parses and answers as webhook in does; returns the status. */
function check(headers, body) {
  const given = /^sha256=([0-9a-f]{64})$/.exec(headers['x-hub-signature-256'] ?? '');
  const wanted = createHmac('sha256', key).update(body).digest();
  if (!given || !timingSafeEqual(Buffer.from(given[1], 'hex'), wanted)) return 401;
  try {
    JSON.parse(body.toString());
    return 202;
  } catch {
    return 400;
  }
}

function answer(res, status) {
  const body = '{"accepted":1}';
  res.writeHead(status, { 'Content-Type': 'application/json', 'Content-Length': body.length });
  res.end(body);
}

function bare(req, res) {
  const chunks = [];
  let size = 0;
  req.on('data', (chunk) => {
    size += chunk.length;
    if (size > LIMIT) return req.destroy();
    chunks.push(chunk);
  });
  req.on('end', () => answer(res, check(req.headers, Buffer.concat(chunks, size))));
}

function expressApp() {
  const root = path.resolve(__dirname, '..', '..');
  const express = require(require.resolve('express', { paths: [path.join(root, 'node_modules', 'node-red'), root] }));
  const app = express();
  app.post('/hooks/door', express.raw({ type: () => true, limit: LIMIT }), (req, res) => answer(res, check(req.headers, req.body)));
  return app;
}

http.createServer(kind === 'bare' ? bare : expressApp()).listen(Number(port), '127.0.0.1', () => process.send?.('ready'));
