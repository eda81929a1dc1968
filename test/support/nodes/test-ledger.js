// Appends a line `<mark> <id of the event> <attempt of a retry node> <redelivered?>` to a file in the user directory before it
// passes a message on. What a process has written is there after kill -9, so the file tells what happened up to that moment, in
// order, from several lives of Node-RED.
// With `kill` it then ends Node-RED by kill -9, once: where the file of that name lies in the user directory.
const fs = require('node:fs');
const path = require('node:path');

module.exports = (RED) => {
  RED.nodes.registerType('test-ledger', function TestLedger(config) {
    RED.nodes.createNode(this, config);
    const fd = fs.openSync(path.join(RED.settings.userDir, config.file), 'a');
    this.on('input', (msg, send, done) => {
      // A duplicate completes, too, but confirms nothing.
      if (!(config.mark === 'confirmed' && msg.duplicate)) {
        fs.writeSync(fd, `${config.mark} ${msg.event.id} ${msg.retry?.attempt ?? '-'} ${msg.event.redelivered ? 'again' : '-'}\n`);
      }
      const order = config.kill && path.join(RED.settings.userDir, config.kill);
      if (order && fs.existsSync(order)) {
        fs.unlinkSync(order);
        process.kill(process.pid, 'SIGKILL');
      }
      send(msg);
      done();
    });
    this.on('close', () => fs.closeSync(fd));
  });
};
