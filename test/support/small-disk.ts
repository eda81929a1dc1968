import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { root } from './node-red';
import { need } from './skip';

/**
 * A real file system of a few megabytes for the tests of a `describe`, mounted before them and taken away after them.
 * @returns where it is; without the right to mount the tests are skipped visibly
 */
export function smallDisk(name: string, megabytes: number): string {
  const mount = path.join(root, 'build', name);

  before(function () {
    let mounted = false;
    try {
      mkdirSync(mount, { recursive: true });
      execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m`, 'tmpfs', mount], { stdio: 'ignore' });
      mounted = true;
    } catch {
      // Mounting needs root; the injected faults beside these tests stand in for it.
    }
    need(this, 'the right to mount a small file system', mounted);
  });

  after(() => {
    try {
      execFileSync('umount', [mount], { stdio: 'ignore' });
    } catch {
      // It was not mounted.
    }
    rmSync(mount, { recursive: true, force: true });
  });

  return mount;
}
