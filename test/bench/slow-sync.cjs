// Loaded into a store's thread by the bench: every sync takes 20 ms more, as on a memory card.
const fs = require('node:fs');
const { isMainThread } = require('node:worker_threads');

if (!isMainThread) {
  const { fsyncSync } = fs;
  const pause = new Int32Array(new SharedArrayBuffer(4));
  fs.fsyncSync = (fd) => {
    Atomics.wait(pause, 0, 0, 20);
    return fsyncSync(fd);
  };
}
