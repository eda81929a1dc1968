// An application that embeds Node-RED, started by test/support/node-red.ts in place of Node-RED's own launcher.
// EMBED says what it puts in front: its own authentication, its own body parser, or a path of its own.
const http = require('node:http');
const path = require('node:path');
const root = path.resolve(__dirname, '..', '..');
const load = (name) => require(require.resolve(name, { paths: [path.join(root, 'node_modules', process.env.NODE_RED ?? 'node-red'), root] }));
const express = load('express');
const RED = load(path.join(root, 'node_modules', process.env.NODE_RED ?? 'node-red'));
const settings = require(process.argv[process.argv.indexOf('-s') + 1]);
settings.userDir = process.argv[process.argv.indexOf('-u') + 1];

const app = express();
const server = http.createServer(app);
const embed = process.env.EMBED;
settings.httpAdminRoot = settings.httpAdminRoot ?? '/';
settings.httpNodeRoot = settings.httpNodeRoot ?? '/';
if (embed === 'nested') settings.httpNodeRoot = '/red';
RED.init(server, settings);
// The admin API is left open: the test deploys through it.
if (embed === 'auth') {
  app.use('/hooks', (req, res, next) => (req.headers['x-pass'] ? next() : res.status(401).end()));
}
if (embed === 'parser') {
  app.use(express.json());
  app.use(express.urlencoded({ extended: true }));
}
if (embed === 'nested') {
  const inner = express();
  app.use('/outer', inner);
  inner.use('/', RED.httpAdmin);
  inner.use(settings.httpNodeRoot, RED.httpNode);
} else {
  app.use(settings.httpAdminRoot, RED.httpAdmin);
  app.use(settings.httpNodeRoot, RED.httpNode);
}
RED.start().then(() => {
  server.listen(settings.uiPort, settings.uiHost, () => console.log('embedded: listening'));
});
process.on('SIGTERM', () => RED.stop().then(() => process.exit(0)));
