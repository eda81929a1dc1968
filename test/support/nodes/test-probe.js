// Test-only node types and the runtime side of test/support/node-red.ts. Plain JavaScript: Node-RED loads it by settings.nodesDir.
// `test-probe` reports every message it gets to the parent process and passes it on; `fail: n` makes it fail the first n messages.
module.exports = (RED) => {
  const plain = (value, depth = 0) => {
    if (value === null || typeof value !== 'object') {
      return typeof value === 'function' || typeof value === 'symbol' ? String(value) : value;
    }
    if (Buffer.isBuffer(value) || value instanceof Date || value instanceof Map || value instanceof Set) return value;
    if (depth > 20) return '[deep]';
    if (Array.isArray(value)) return value.map((item) => plain(item, depth + 1));
    const copy = {};
    for (const key of Object.keys(value)) copy[key] = key === 'req' || key === 'res' ? `[${key}]` : plain(value[key], depth + 1);
    return copy;
  };
  const tell = (message) => process.send?.(message);

  RED.nodes.registerType('test-probe', function TestProbe(config) {
    RED.nodes.createNode(this, config);
    let left = Number(config.fail ?? 0);
    this.on('input', (msg, send, done) => {
      tell({ kind: 'message', probe: config.name || config.id, msg: plain(msg) });
      if (left > 0) {
        left -= 1;
        done(new Error('test-probe fails on purpose'));
        return;
      }
      send(msg);
      done();
    });
  });

  RED.events.on('node-status', (event) => tell({ kind: 'status', id: event.id, status: plain(event.status) }));
  for (const name of ['flows:started', 'flows:stopped']) RED.events.on(name, () => tell({ kind: name }));

  const commands = {
    inject: ({ id, msg }) => RED.nodes.getNode(id).receive(msg),
    memory: ({ gc }) => {
      if (gc) global.gc?.();
      return process.memoryUsage();
    },
    node: ({ id }) => RED.nodes.getNode(id) !== null,
    // From now on what these nodes receive, whatever their types, is reported as if each had a probe `at <id>` in front of it.
    watch: ({ ids }) => {
      const watched = new Set(ids);
      RED.hooks.remove('*.test-watch');
      RED.hooks.add('onReceive.test-watch', ({ msg, destination }) => {
        if (watched.has(destination.id)) tell({ kind: 'message', probe: `at ${destination.id}`, msg: plain(msg) });
      });
    },
  };
  // A test run that is killed must not leave its Node-RED behind.
  process.on('disconnect', () => process.exit(0));
  process.on('message', (request) => {
    if (!request || !commands[request.command]) return;
    try {
      tell({ kind: 'reply', seq: request.seq, value: commands[request.command](request) });
    } catch (error) {
      tell({ kind: 'reply', seq: request.seq, error: String(error) });
    }
  });
};
