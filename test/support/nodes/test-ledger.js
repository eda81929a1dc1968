// Appends a line `<mark> <id of the event>` to a file in the user directory before it passes a message on. What a process has
// written is there after kill -9, so the file tells what happened up to that moment, in order, from several lives of Node-RED.
const fs = require('node:fs');
const path = require('node:path');

module.exports = (RED) => {
  RED.nodes.registerType('test-ledger', function TestLedger(config) {
    RED.nodes.createNode(this, config);
    const fd = fs.openSync(path.join(RED.settings.userDir, config.file), 'a');
    this.on('input', (msg, send, done) => {
      // A duplicate completes, too, but confirms nothing.
      if (!(config.mark === 'confirmed' && msg.duplicate)) fs.writeSync(fd, `${config.mark} ${msg.event.id}\n`);
      send(msg);
      done();
    });
    this.on('close', () => fs.closeSync(fd));
  });
};
