// A node that does nothing but track: it sends a copy of each message, holds the message until the outcome is known, tells the
// parent process the outcome, reports it to whoever tracks from further up and completes. Works on the built package.
const path = require('node:path');
const dist = path.resolve(__dirname, '..', '..', '..', 'dist');
const { acquireTracker } = require(path.join(dist, 'shared', 'outcome'));
const { systemClock } = require(path.join(dist, 'shared', 'clock'));

module.exports = (RED) => {
  const tell = (message) => process.send?.(message);

  RED.nodes.registerType('test-tracker', function TestTracker(config) {
    RED.nodes.createNode(this, config);
    const { tracker, release } = acquireTracker(RED, systemClock);
    const open = new Set();
    this.on('input', (msg, send, done) => {
      const silent = [];
      let settling = 0;
      const copy = RED.util.cloneMessage(msg);
      const cancel = tracker.track(copy, this.id, this.wires[0]?.length > 0, {
        ...config.options,
        onSettling: () => (settling += 1),
        onSilent: (node) => silent.push(node.id),
        onOutcome: (outcome) => {
          open.delete(cancel);
          tell({ kind: 'message', probe: config.name || config.id, msg: { ...outcome, id: msg.id, settling, silent } });
          tracker.report(msg, outcome);
          done();
        },
      });
      open.add(cancel);
      send(copy);
    });
    this.on('close', () => {
      for (const cancel of open) cancel();
      release();
    });
  });

  const commands = {
    hooked: () => ['preDeliver', 'onReceive', 'onComplete'].filter((id) => RED.hooks.has(id)),
    'own-error': ({ id }) => Object.hasOwn(RED.nodes.getNode(id), 'error'),
  };
  process.on('message', (request) => {
    if (request && commands[request.command])
      tell({ kind: 'reply', seq: request.seq, value: commands[request.command](request) });
  });
};
