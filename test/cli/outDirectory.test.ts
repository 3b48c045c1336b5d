/** Where results go: what stands in the way is named before a run, and a file that cannot be written leaves the one before it as it was. */
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { prepareDirectory as prepare, resultsOfRuns, writeWhole } from '../../src/cli/outDirectory.js';
import { UnfinishedRun } from '../../src/cli/unfinished.js';

let folder = '';
const prepareDirectory = (directory: string, inputs: readonly string[] = []): void => prepare(directory, resultsOfRuns, inputs);
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

describe('what stands in a directory for results', () => {
  it.each(['data.json', 'draws.csv', 'report.html', 'draws.csv.partial'])('%s is not written over where the command reads it', (name) => {
    const input = join(folder, name);
    writeFileSync(input, '{ "y": 1 }');
    // The folder of a run, too, and by another way to the same file.
    writeFileSync(join(folder, 'run.json'), '{\n  "program": "sample a ~ Normal(0, 1)" }');
    symlinkSync(input, join(folder, 'other'));
    for (const path of [input, `${folder}/./${name}`, join(folder, 'other')])
      expect(() => prepareDirectory(folder, [path]), path).toThrow(`error[cannot-write]: ${name} there is read by this command`);
    expect(() => prepareDirectory(folder, [join(folder, 'absent.csv')])).not.toThrow();
  });

  it('is lost only where a run of ours has left it', () => {
    for (const name of ['data.json', 'draws.csv', 'summary.json', 'pointwise.csv', 'report.html']) {
      const file = join(folder, name);
      // A link is what stands there, wherever it leads.
      symlinkSync(join(folder, 'nowhere'), file);
      expect(() => prepareDirectory(folder), name).toThrow(
        `A file ${name} is there that is of no earlier result (there is no run.json of one)`,
      );
      rmSync(file);
    }
    writeFileSync(join(folder, 'run.json'), '{ "speed": 5 }');
    expect(() => prepareDirectory(folder)).toThrow('The run.json there was not written by Credence');
    writeFileSync(join(folder, 'data.json'), '{}');
    writeFileSync(join(folder, 'run.json'), '{\n  "program": "sample a ~ Normal(0, 1)" }');
    expect(() => prepareDirectory(folder)).not.toThrow();
  });

  it('and what somebody else keeps in a folder `unfinished` is not deleted', () => {
    const begin = (): unknown =>
      UnfinishedRun.begin(folder, { fileName: 'm.cred', program: '', values: new Map(), options: {}, files: [] });
    writeFileSync(join(folder, 'unfinished'), '');
    expect(begin).toThrow('what is there is no folder of a run');
    rmSync(join(folder, 'unfinished'));
    mkdirSync(join(folder, 'unfinished'));
    for (const name of ['inputs', 'program', 'chain-0.checkpoint.partial', 'chain-12.checkpoint', 'owner.17'])
      writeFileSync(join(folder, 'unfinished', name), '');
    expect(begin).not.toThrow();
    writeFileSync(join(folder, 'unfinished', 'thesis.tex'), '');
    expect(begin).toThrow('and thesis.tex is there');
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
