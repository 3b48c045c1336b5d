/** Where results go: what stands in the way is named before a run, and a file that cannot be written leaves the one before it as it was. */
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { prepareDirectory, writeWhole } from '../../src/cli/outDirectory.js';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'credence-out-'));
});
afterEach(() => {
  chmodSync(folder, 0o755);
  rmSync(folder, { recursive: true, force: true });
});

describe('a directory for results', () => {
  it.each([
    ['of a name at the limit', 'n'.repeat(255)],
    ['of several levels', 'a/b/c'],
    ['of another script, with spaces and quotes', 'süß/日本 語 \' " x'],
  ])('%s is made', (_, name) => {
    prepareDirectory(join(folder, name));
    expect(existsSync(join(folder, name))).toBe(true);
    expect(() => prepareDirectory(join(folder, name))).not.toThrow();
  });

  it('that cannot be is refused in words', () => {
    writeFileSync(join(folder, 'file'), '');
    symlinkSync(join(folder, 'nowhere'), join(folder, 'broken'));
    symlinkSync(join(folder, 'loop'), join(folder, 'loop'));
    const cases: readonly (readonly [string, RegExp])[] = [
      ['file', /A file stands where a directory is needed/],
      ['file/below', /A file stands/],
      ['n'.repeat(256), /The name is too long/],
      ['broken', /A symbolic link stands there that leads nowhere/],
      ['broken/below', /A symbolic link/],
      ['loop', /leads back to itself/],
    ];
    for (const [name, says] of cases) expect(() => prepareDirectory(join(folder, name)), name.slice(0, 20)).toThrow(says);
    expect(() => prepareDirectory('')).toThrow(/--out: error\[wrong-option\]: No directory is named/);
  });
});

describe('a file that is written', () => {
  it('takes the place of the one before, or leaves it and nothing beside it', () => {
    const file = join(folder, 'report.html');
    writeWhole(file, 'old');
    // What fails in place of a full disk, which no test can count on: a directory where the file is to be moved to, or to be written first.
    mkdirSync(`${file}.partial`);
    expect(() => writeWhole(file, 'new')).toThrow(/EISDIR/);
    expect(readFileSync(file, 'utf8')).toBe('old');
    rmSync(`${file}.partial`, { recursive: true });
    writeWhole(file, 'new');
    expect(readFileSync(file, 'utf8')).toBe('new');
    mkdirSync(join(folder, 'taken'));
    expect(() => writeWhole(join(folder, 'taken'), 'new')).toThrow();
    expect(existsSync(join(folder, 'taken.partial'))).toBe(false);
    expect(existsSync(`${file}.partial`)).toBe(false);
  });
});
