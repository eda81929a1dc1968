// `npm start`: a local Node-RED with the tour flow, on 127.0.0.1 and in a user directory of its own.
// `npm start -- --run 30` runs the tour for 30 seconds, prints the ledger's report and exits 0 only if it is ok.
// The port comes from PORT, else 1880; where that is taken, the next free one.
import { spawn } from 'node:child_process';
import { createWriteStream, rmSync } from 'node:fs';
import path from 'node:path';
import { build, ensureInstalled, root } from './ensure.mjs';
import { curl, freePort, newSecret, prepare, SIMULATOR, TAB } from './tour.mjs';

const SECRET_VARIABLE = 'SUREWIRE_TOUR_SECRET';
/** How long Node-RED may take to start, and a run to account for everything after it was stopped. */
const PATIENCE_MS = 120_000;

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

const runSeconds = readArguments(process.argv.slice(2));
// The test of this script has just built the package.
if (!process.env.SUREWIRE_BUILT) {
  ensureInstalled();
  build();
}

const secret = newSecret();
const port = await freePort(Number(process.env.PORT) || 1880);
const url = `http://127.0.0.1:${port}`;
// A run with a verdict starts from nothing; the other one may have been played with.
const userDir = path.join(root, '.node-red', ...(runSeconds ? ['run'] : []));
if (runSeconds) rmSync(userDir, { recursive: true, force: true });
const edited = prepare(userDir, port, SECRET_VARIABLE);
const logFile = path.join(userDir, 'node-red.log');
const child = launch();
let closing = false;
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => void close(0));

try {
  await until(() => ask(`surewire-device-simulator/${SIMULATOR}`), 'Node-RED');
  if (runSeconds) await runWithVerdict();
  else await show();
} catch (error) {
  console.error(`\n${error.message}\nSee ${logFile}`);
  await close(1);
}

function readArguments(args) {
  const at = args.indexOf('--run');
  if (args.length === 0) return undefined;
  const seconds = Number(args[at + 1]);
  if (at !== 0 || args.length !== 2 || !(seconds > 0 && seconds <= 86_400)) {
    console.error('Usage: npm start [-- --run <seconds>]');
    process.exit(2);
  }
  return seconds;
}

function launch() {
  const nodeRed = path.join(root, 'node_modules', 'node-red', 'red.js');
  const args = [nodeRed, '-u', userDir, '-s', path.join(userDir, 'settings.js')];
  const started = spawn(process.execPath, args, {
    cwd: root,
    // A group of its own: Ctrl-C reaches this process, which then ends Node-RED in order.
    detached: process.platform !== 'win32',
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, [SECRET_VARIABLE]: secret, NODE_ENV: 'production' },
  });
  const log = createWriteStream(logFile);
  started.stdout.pipe(log, { end: false });
  started.stderr.pipe(log, { end: false });
  started.on('exit', (code) => {
    if (closing) return;
    console.error(`\nNode-RED has ended by itself (${code}). See ${logFile}`);
    process.exit(1);
  });
  return started;
}

async function close(code) {
  if (closing) return;
  closing = true;
  if (process.stdout.isTTY) process.stdout.write('\n');
  const ended = child.exitCode === null ? new Promise((resolve) => child.once('exit', resolve)) : undefined;
  child.kill('SIGTERM');
  const hard = setTimeout(() => child.kill('SIGKILL'), 15_000);
  await ended;
  clearTimeout(hard);
  process.exit(code);
}

/** What the admin API answers, or undefined where it does not yet. */
async function ask(where, method = 'GET') {
  try {
    const answer = await fetch(`${url}/${where}`, { method, signal: AbortSignal.timeout(5000) });
    return answer.ok ? await answer.json() : undefined;
  } catch {
    return undefined;
  }
}

async function until(find, what) {
  for (const end = Date.now() + PATIENCE_MS; Date.now() < end; await pause(200)) {
    const found = await find();
    if (found) return found;
  }
  throw new Error(`${what} did not answer in time`);
}

async function line() {
  const state = await ask(`surewire-device-simulator/${SIMULATOR}`);
  const counted = (await ask(`context/flow/${TAB}`)) ?? {};
  if (!state) return 'Node-RED does not answer, or the simulator is gone from the flow';
  const { sent, refused, processed, lost, doubled } = state.report;
  const turnedAway = Object.values(refused).reduce((sum, times) => sum + times, 0);
  const value = (name) => Number(counted.default?.[name]?.msg ?? counted.memory?.[name]?.msg ?? 0);
  return [
    `sent ${sent}`,
    `refused ${turnedAway}`,
    `duplicates dropped ${value('duplicates')}`,
    `retries ${value('retries')}`,
    `processed ${processed}`,
    `lost ${lost}`,
    `doubled ${doubled}`,
  ].join(', ');
}

/** One line that is kept up to date on a terminal, and printed now and then elsewhere. */
async function showLine() {
  const text = await line();
  if (process.stdout.isTTY) process.stdout.write(`\r\x1b[2K${text}`);
  else console.log(text);
}

function printCommands() {
  console.log('\nSend an event of your own, signed (answers 202; the signature is good for five minutes):');
  console.log(curl(port, secret, true));
  console.log('\nThe same with a wrong signature (answers 401):');
  console.log(`${curl(port, secret, false)}\n`);
}

async function show() {
  console.log(`\nNode-RED with the tour flow: ${url}`);
  if (edited) console.log(`The flows you had changed are kept in ${edited}`);
  printCommands();
  console.log(process.stdin.isTTY ? 'Enter prints fresh commands, Ctrl-C ends it.\n' : 'Ctrl-C ends it.\n');
  if (process.stdin.isTTY) {
    process.stdin.on('data', () => {
      if (!closing) printCommands();
    });
  }
  for (;;) {
    await showLine();
    await pause(process.stdout.isTTY ? 1000 : 5000);
  }
}

async function runWithVerdict() {
  console.log(`The tour runs for ${runSeconds} s on ${url}`);
  for (const end = Date.now() + runSeconds * 1000; Date.now() < end; ) {
    await pause(Math.min(process.stdout.isTTY ? 1000 : 5000, Math.max(1, end - Date.now())));
    await showLine();
  }
  if (!(await ask(`surewire-device-simulator/${SIMULATOR}/stop`, 'POST')))
    throw new Error('the simulator did not stop');
  const { report } = await until(async () => {
    const state = await ask(`surewire-device-simulator/${SIMULATOR}`);
    return state && !state.busy ? state : undefined;
  }, 'the end of the run');
  await showLine();
  console.log(`\n${JSON.stringify(report, null, 2)}`);
  console.log(report.ok ? '\nok: every valid event was processed exactly once, nothing invalid got in.' : '\nNOT ok.');
  await close(report.ok ? 0 : 1);
}
