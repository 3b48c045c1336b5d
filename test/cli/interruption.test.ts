/** Interrupts: what the first and the second one do, and what a run says that had no draw yet. */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, existsSync, mkdtempSync, openSync, readFileSync, renameSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { deserialize, serialize } from 'node:v8';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { outlivesTerminal } from '../../src/cli/hangup.js';
import { Interruption } from '../../src/cli/interruption.js';
import { engine, type RunInputs } from '../../src/cli/unfinished.js';

const main = join(dirname(fileURLToPath(import.meta.url)), '..', '..', 'dist', 'cli', 'main.js');
let folder = '';
const data = JSON.stringify({ y: Array.from({ length: 400 }, (_, k) => Math.sin(k)) }),
  before = new Date(2020, 1, 1);
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'credence-interrupt-'));
  // Not conjugate, so that each sweep takes its time.
  writeFileSync(
    join(folder, 'm.cred'),
    'data y: real[N]\nsample nu ~ Gamma(2, 0.1)\nsample m ~ Normal(0, 10)\nobserve y ~ StudentT(nu, m, 1)\n',
  );
  writeFileSync(join(folder, 'm.json'), data);
  for (const file of ['m.cred', 'm.json']) utimesSync(join(folder, file), before, before);
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});
afterEach(() => {
  vi.restoreAllMocks();
});

describe('an interrupt', () => {
  it('aborts once and leaves the second one to the system, which ends the process', () => {
    vi.spyOn(process.stderr, 'write').mockReturnValue(true);
    const counts = (): readonly number[] => ['SIGINT', 'SIGTERM'].map((name) => process.listenerCount(name)),
      before = counts(),
      interruption = new Interruption(false);
    interruption.listen('warmup');
    interruption.listen('sampling');
    expect(counts()).toEqual(before.map((count) => count + 1));
    expect([interruption.status, interruption.signal.aborted]).toEqual([null, false]);
    process.emit('SIGTERM', 'SIGTERM');
    // 128 more than the number of the signal.
    expect([interruption.status, interruption.signal.aborted]).toEqual([143, true]);
    // Whom nobody listens to, it ends.
    expect(counts()).toEqual(before);
    interruption.end();
    process.removeAllListeners('SIGHUP');
  });

  it.each([
    ['sampling', 'Stopping with the draws that there are; once more ends at once.'],
    ['iteration', 'Stopping with the best so far; once more ends at once.'],
    ['solving', 'Stopping; once more ends at once.'],
  ] as const)('says what a run ends with: %s', (phase, text) => {
    const written = vi.spyOn(process.stderr, 'write').mockReturnValue(true),
      interruption = new Interruption();
    interruption.listen(phase);
    process.emit('SIGINT', 'SIGINT');
    interruption.end();
    process.removeAllListeners('SIGHUP');
    expect(written.mock.calls.flat().join('')).toContain(text);
  });

  it('by a terminal that is closed comes twice, and ends neither the process nor the writing of results', () => {
    const exit = vi.spyOn(process, 'exit').mockImplementation((() => undefined) as never);
    vi.spyOn(process.stderr, 'write').mockReturnValue(true);
    const before = process.listenerCount('SIGHUP'),
      unheard = new Interruption(false),
      interruption = new Interruption(false);
    interruption.listen('sampling');
    process.emit('SIGHUP', 'SIGHUP');
    process.emit('SIGHUP', 'SIGHUP');
    interruption.end();
    expect(process.listenerCount('SIGHUP')).toBe(before + 1);
    process.emit('SIGHUP', 'SIGHUP');
    expect(exit).not.toHaveBeenCalled();
    expect([interruption.status, interruption.signal.aborted]).toEqual([129, true]);
    process.removeAllListeners('SIGHUP');
    unheard.listen('sampling');
    unheard.end();
    expect(process.listenerCount('SIGHUP')).toBe(0);
    // Under nohup it is not listened to at all.
    const outlived = new Interruption(true);
    outlived.listen('sampling');
    expect(process.listenerCount('SIGHUP')).toBe(0);
    outlived.end();
  });

  it.skipIf(!existsSync('/proc/self/status'))('by a closed terminal is let pass by children of who ignores it', async () => {
    const shell = spawn('sh', ['-c', "trap '' HUP; echo ready; read line"]);
    await new Promise((resolve) => {
      shell.stdout.once('data', resolve);
    });
    expect([outlivesTerminal({}, shell.pid), outlivesTerminal({}, process.pid), outlivesTerminal({}, -1)]).toEqual([true, false, false]);
    expect([outlivesTerminal({ _: 'nohup' }, -1), outlivesTerminal({ _: '/usr/bin/node' }, -1)]).toEqual([true, false]);
    shell.stdin.end();
  });
});

describe('a run whose progress nobody reads', () => {
  const args = ['infer', 'm.cred', '--data', 'm.json', '--backend', 'mh', '--chains', '2', '--draws', '300', '--warmup', '200'];
  const ended = (child: ChildProcess): Promise<number | null> =>
    new Promise((resolve) => {
      child.on('close', resolve);
    });

  it('goes on to its results: the reader has gone', async () => {
    const child = spawn(process.execPath, [main, ...args, '--out', 'unread'], { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] });
    child.stderr!.destroy();
    expect([0, 1]).toContain(await ended(child));
    expect(existsSync(join(folder, 'unread', 'draws.csv'))).toBe(true);
    expect(existsSync(join(folder, 'unread', 'unfinished'))).toBe(false);
  });

  it.skipIf(!existsSync('/dev/full'))('goes on to its results: the disk of the log is full', async () => {
    const log = openSync('/dev/full', 'w'),
      child = spawn(process.execPath, [main, ...args, '--out', 'unlogged'], { cwd: folder, stdio: ['ignore', 'ignore', log] });
    expect([0, 1]).toContain(await ended(child));
    closeSync(log);
    expect(existsSync(join(folder, 'unlogged', 'draws.csv'))).toBe(true);
  });
});

describe('a run that is interrupted while it warms up', () => {
  const start = (
    args: readonly string[],
    env: NodeJS.ProcessEnv = process.env,
  ): {
    readonly child: ChildProcess;
    readonly answer: Promise<{ readonly status: number | null; readonly out: string; readonly err: string }>;
  } => {
    const child = spawn(process.execPath, [main, ...args], { cwd: folder, env });
    let out = '',
      err = '';
    child.stdout.setEncoding('utf8').on('data', (piece: string) => {
      out += piece;
    });
    child.stderr.setEncoding('utf8').on('data', (piece: string) => {
      err += piece;
    });
    return {
      child,
      answer: new Promise((resolve) => {
        child.on('close', (status) => resolve({ status, out, err }));
      }),
    };
  };
  const untilKept = async (directory: string, child: ChildProcess): Promise<void> => {
    while (!existsSync(join(folder, directory, 'unfinished', 'chain-0.checkpoint')) && child.exitCode === null)
      await new Promise((resolve) => {
        setTimeout(resolve, 20);
      });
  };

  it.each(['0', '2'])('says that there is nothing, and how to go on (%s workers)', async (workers) => {
    const directory = `out${workers}`,
      { child, answer } = start([
        'infer',
        'm.cred',
        '--data',
        'm.json',
        '--backend',
        'mh',
        '--chains',
        '2',
        '--draws',
        '10',
        '--warmup',
        '1000000000',
        '--workers',
        workers,
        '--out',
        directory,
      ]);
    await untilKept(directory, child);
    child.kill('SIGINT');
    const { status, out, err } = await answer;
    expect([status, out], err).toEqual([130, '']);
    expect(err).toContain(`there are no results. credence infer --resume ${directory} goes on.`);
    expect(err).not.toMatch(/error|internal/);
  });

  it('outlives its terminal under nohup', async () => {
    const { child, answer } = start(
      ['infer', 'm.cred', '--data', 'm.json', '--backend', 'mh', '--warmup', '1000000000', '--out', 'hung'],
      // What a shell does: it names in `_` what it starts, and nohup becomes that.
      { ...process.env, _: '/usr/bin/nohup' },
    );
    await untilKept('hung', child);
    child.kill('SIGHUP');
    // Of signals that wait the lowest comes first: this one is the second, and would end a run that had heard the first at once.
    child.kill('SIGTERM');
    const { status, err } = await answer;
    expect(status, err).toBe(143);
  });

  it('goes on with what its files held, and says which hold something else', async () => {
    renameSync(join(folder, 'out2'), join(folder, 'moved'));
    const program = readFileSync(join(folder, 'm.cred'), 'utf8');
    writeFileSync(join(folder, 'm.cred'), `${program}report twice = 2 * m\n`);
    rmSync(join(folder, 'm.json'));
    const { err, status } = await start(['infer', '--resume', 'moved', '--max-seconds', '0.5']).answer;
    expect(err).toMatch(
      /--resume moved: warning\[edited-since\]: m\.cred has been written since the run began; it goes on with what it held then/,
    );
    expect(status).toBe(2);
    const { program: kept } = deserialize(readFileSync(join(folder, 'moved', 'unfinished', 'inputs'))) as RunInputs;
    expect(kept).toBe(program);
    writeFileSync(join(folder, 'm.cred'), program);
    utimesSync(join(folder, 'm.cred'), before, before);
    writeFileSync(join(folder, 'm.json'), data);
    utimesSync(join(folder, 'm.json'), before, before);
  });

  it('goes on under another engine with a word of warning', async () => {
    const file = join(folder, 'out0', 'unfinished', 'inputs'),
      inputs = deserialize(readFileSync(file)) as RunInputs;
    expect(inputs.engine).toBe(engine());
    writeFileSync(file, serialize({ ...inputs, engine: 'V8 1.2 of Node 3.4 on abacus' }));
    const before = start(['infer', '--resume', 'out0', '--max-seconds', '0.5']),
      { status, err } = await before.answer;
    expect(err).toMatch(/warning\[other-engine\]: the run was begun by V8 1\.2 of Node 3\.4 on abacus and goes on by V8/);
    // Too little time is a matter of the options.
    expect(status).toBe(2);
    writeFileSync(file, serialize(inputs));
    const same = (await start(['infer', '--resume', 'out0', '--max-seconds', '0.5']).answer).err;
    expect(same).not.toMatch(/other-engine|edited-since/);
  });
});
