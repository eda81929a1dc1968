// For benchmarks: `test-pump` sends messages as fast as what it is wired to takes them, `ahead` (200) at most being under way;
// `test-drain` counts them. Command `pump` {pump, drain, count, patienceMs, ahead} replies with the milliseconds until the drain had them all, Infinity where they were not there in
// patienceMs; ids go on from the last time.
module.exports = (RED) => {
  const drains = new Map();
  let lastId = 0;

  RED.nodes.registerType('test-pump', function TestPump(config) {
    RED.nodes.createNode(this, config);
  });

  RED.nodes.registerType('test-drain', function TestDrain(config) {
    RED.nodes.createNode(this, config);
    const drain = { count: 0 };
    drains.set(config.id, drain);
    this.on('input', (_msg, _send, done) => {
      drain.count += 1;
      done();
    });
  });

  const pump = ({ pump: id, drain: drainId, count, patienceMs = Number.POSITIVE_INFINITY, ahead = 200 }) =>
    new Promise((resolve) => {
      const node = RED.nodes.getNode(id);
      const drain = drains.get(drainId);
      const start = performance.now();
      const target = drain.count + count;
      let sent = 0;
      const step = () => {
        const left = target - drain.count;
        const ms = performance.now() - start;
        if (left === 0) return resolve(ms);
        if (ms > patienceMs) return resolve(Number.POSITIVE_INFINITY);
        while (sent < count && sent + left - count < ahead) {
          lastId += 1;
          sent += 1;
          node.send({ payload: { id: lastId, temperature: 21.5, unit: 'C' }, topic: 'bench' });
        }
        setImmediate(step);
      };
      step();
    });

  process.on('message', (request) => {
    if (request?.command !== 'pump') return;
    void pump(request).then((value) => process.send({ kind: 'reply', seq: request.seq, value }));
  });
};
