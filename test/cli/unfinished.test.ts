/**
 * The folder of a run that goes on: whose it is, and that what a failed write left behind is never read. Processes are played by
 * their numbers: of one that has ended, and of one that lives.
 */
import { spawn, spawnSync } from 'node:child_process';
import { appendFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { isAtWork, leave, takeOver } from '../../src/cli/owner.js';
import { UnfinishedRun } from '../../src/cli/unfinished.js';
import { ChainRun } from '../../src/4-infer/runChain.js';
import { fakeProgram } from '../4-infer/fakeProgram.js';

let directory = '',
  folder = '';
const inputs = { fileName: 'a.cred', program: 'sample x ~ Normal(0, 1)', values: new Map<string, unknown>(), options: {}, files: [] };
const settings = { seed: 's', warmup: 3, draws: 30, thin: 1 };
const dead = spawnSync(process.execPath, ['-e', '']).pid,
  alive = process.ppid;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'credence-unfinished-'));
  folder = join(directory, 'unfinished');
});
afterEach(() => {
  rmSync(directory, { recursive: true, force: true });
});

function ownedBy(process: number, host: string = hostname()): void {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'owner'), `${host}\n${process}`);
}

describe('the owner of a folder', () => {
  it('is at work while its process lives on this machine', () => {
    mkdirSync(folder);
    for (const [process_, host, who] of [
      [alive, hostname(), alive],
      [dead, hostname(), null],
      [alive, 'elsewhere', null],
      [process.pid, hostname(), null],
    ] as const) {
      ownedBy(process_, host);
      expect(isAtWork(folder)).toBe(who);
      expect(takeOver(folder)).toBe(who === null);
    }
    writeFileSync(join(folder, 'owner'), 'nonsense');
    expect(takeOver(folder)).toBe(true);
  });

  // Only Linux says when a process began, and that one has ended that nobody asked for.
  it.skipIf(!existsSync('/proc/self/stat'))('is told from another process with its number, and from what is left of it', () => {
    mkdirSync(folder);
    writeFileSync(join(folder, 'owner'), `${hostname()}\n${alive}\nlong ago`);
    expect(isAtWork(folder)).toBe(null);
    expect(takeOver(folder)).toBe(true);
    expect(isAtWork(folder)).toBe(null);
    // A child that is killed stays, as a zombie, until this process comes to hear of it, which it does not before the test ends.
    const { pid } = spawn('sleep', ['600']);
    ownedBy(pid!);
    expect(isAtWork(folder)).toBe(pid);
    process.kill(pid!, 'SIGKILL');
    while (!/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8')));
    expect(isAtWork(folder)).toBe(null);
  });

  it('alone may leave it', () => {
    ownedBy(alive);
    leave(folder);
    expect(existsSync(join(folder, 'owner'))).toBe(true);
    ownedBy(process.pid);
    leave(folder);
    expect(existsSync(join(folder, 'owner'))).toBe(false);
  });
});

/** A run with ten draws of its chain, of a process that ended without a word. */
async function cutOff(): Promise<{ readonly store: UnfinishedRun; readonly run: ChainRun }> {
  const store = UnfinishedRun.begin(directory, inputs),
    run = new ChainRun(fakeProgram(), 0, settings, []);
  await store.open('p', 1, null);
  while (run.kept < 10) run.advance(run.sweepsTo(10));
  await store.keep(run.checkpoint(), run.takePieces());
  return { store, run };
}

describe('a run that was cut off', () => {
  it('is not replaced by another one, unless it ended of itself', async () => {
    const { store } = await cutOff();
    ownedBy(dead);
    expect(() => UnfinishedRun.begin(directory, inputs)).toThrow(/unfinished-run.*cut off lies there/);
    ownedBy(alive);
    expect(() => UnfinishedRun.begin(directory, inputs)).toThrow(/run-at-work.*process \d+/);
    expect(() => UnfinishedRun.find(directory)).toThrow(/run-at-work/);
    await expect(store.open('p', 1, null)).rejects.toThrow(/run-at-work/);
    ownedBy(process.pid);
    store.leave();
    await UnfinishedRun.begin(directory, inputs).open('p', 1, null);
    expect(existsSync(join(folder, 'chain-0.draws'))).toBe(false);
  });

  it('is not taken away by a run without chains that ends beside it', async () => {
    const beside = UnfinishedRun.begin(directory, inputs);
    await cutOff();
    ownedBy(alive);
    beside.forget();
    expect(existsSync(join(folder, 'chain-0.draws'))).toBe(true);
    ownedBy(dead);
    beside.forget();
    expect(existsSync(folder)).toBe(false);
  });

  it('before anything was kept is replaced', async () => {
    await UnfinishedRun.begin(directory, inputs).open('p', 1, null);
    ownedBy(dead);
    expect(() => UnfinishedRun.begin(directory, inputs)).not.toThrow();
  });

  it('between its inputs and its first draw goes on from the beginning', async () => {
    await UnfinishedRun.begin(directory, inputs).open('p', 1, null);
    ownedBy(dead);
    rmSync(join(folder, 'program'));
    const { run, inputs: found } = UnfinishedRun.find(directory);
    expect(await run.open('p', 1, null)).toEqual([]);
    expect(found.program).toBe(inputs.program);
    expect(UnfinishedRun.find(directory).inputs.program).toBe(inputs.program);
  });
});

describe('a write that failed', () => {
  it('is made again behind what was good, and not read twice', async () => {
    const { store, run } = await cutOff();
    while (run.kept < 20) run.advance(run.sweepsTo(20));
    const checkpoint = run.checkpoint(),
      pieces = run.takePieces();
    // The draws are written, their checkpoint is not.
    mkdirSync(join(folder, 'chain-0.checkpoint.partial'));
    await expect(store.keep(checkpoint, pieces)).rejects.toThrow(/EISDIR/);
    rmdirSync(join(folder, 'chain-0.checkpoint.partial'));
    appendFileSync(join(folder, 'chain-0.draws'), 'half a fra');
    await store.keep(checkpoint, pieces);
    const length = readFileSync(join(folder, 'chain-0.draws')).length;
    const [state] = await UnfinishedRun.find(directory).run.open('p', 1, null);
    expect(state?.checkpoint).toEqual(checkpoint);
    expect(state?.pieces.map(({ first, count }) => [first, count])).toEqual([
      [0, 10],
      [10, 10],
    ]);
    expect(readFileSync(join(folder, 'chain-0.draws'))).toHaveLength(length);
  });
});
