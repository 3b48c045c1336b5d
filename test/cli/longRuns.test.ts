/**
 * Runs that are cut off, stopped, or end when there is enough. A run that was killed, wherever, and goes on must have the very
 * bytes of draws of the run that was not.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { appendFileSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createRandom } from '../../src/random/generator.js';

const main = join(dirname(fileURLToPath(import.meta.url)), '..', '..', 'dist', 'cli', 'main.js');
interface Answer {
  readonly status: number | null;
  readonly signal: string | null;
  readonly out: string;
  readonly err: string;
}
interface Summary {
  readonly warnings: readonly { readonly code: string; readonly message: string }[];
  readonly variables: Readonly<Record<string, { readonly essBulk: number; readonly essTail: number }>>;
}

let folder = '';

function start(args: readonly string[]): { readonly child: ChildProcess; readonly answer: Promise<Answer> } {
  const child = spawn(process.execPath, [main, ...args], { cwd: folder });
  const answer = new Promise<Answer>((resolve, reject) => {
    let out = '',
      err = '';
    child.stdout.setEncoding('utf8').on('data', (piece: string) => {
      out += piece;
    });
    child.stderr.setEncoding('utf8').on('data', (piece: string) => {
      err += piece;
    });
    child.on('error', reject);
    child.on('close', (status, signal) => resolve({ status, signal, out, err }));
  });
  return { child, answer };
}
const credence = (args: readonly string[]): Promise<Answer> => start(args).answer;
const pause = (milliseconds: number): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, milliseconds);
  });
/**
 * Starts a run into a directory and sends it a signal as soon as `isTime`. How soon a waiting process sees that it is time is up to the
 * machine: a run that had ended by then was not cut off, and is begun again.
 */
async function cutOff(
  args: readonly string[],
  directory: string,
  signal: 'SIGKILL' | 'SIGINT',
  isTime: (unfinished: string) => boolean,
): Promise<Answer> {
  for (;;) {
    const { child, answer } = start([...args, '--out', directory]);
    while (!isTime(join(folder, directory, 'unfinished')) && child.exitCode === null) await pause(20);
    child.kill(signal);
    const result = await answer;
    if (result.signal === signal || result.err.includes('Stopping with the draws that there are')) return result;
    expect([0, 1], result.err).toContain(result.status);
    rmSync(join(folder, directory), { recursive: true });
  }
}
/** When a chain of a run was kept last. */
const keptAt = (directory: string): number =>
  Math.max(
    0,
    ...[0, 1, 2].map(
      (chain) => statSync(join(folder, directory, 'unfinished', `chain-${chain}.checkpoint`), { throwIfNoEntry: false })?.mtimeMs ?? 0,
    ),
  );
const read = (...names: readonly string[]): string => readFileSync(join(folder, ...names), 'utf8');
const summary = (directory: string): Summary => JSON.parse(read(directory, 'summary.json')) as Summary;

beforeAll(() => {
  expect(existsSync(main), 'dist/ is missing: node scripts/build.mjs').toBe(true);
  folder = mkdtempSync(join(tmpdir(), 'credence-long-'));
  const random = createRandom('1', 'data');
  writeFileSync(
    join(folder, 'robust.cred'),
    `data y: real[N]
data g: int[N]
sample nu ~ Gamma(2, 0.1)
sample s ~ HalfNormal(5)
for j in 0..<3 { sample m[j] ~ Normal(0, 10) }
for n in 0..<N { observe y[n] ~ StudentT(nu, m[g[n]], s) }
`,
  );
  writeFileSync(
    join(folder, 'robust.csv'),
    `y,g\n${Array.from({ length: 6000 }, (_, n) => `${random.normal() + (n % 3)},${['a', 'b', 'c'][n % 3]}`).join('\n')}\n`,
  );
  // Moments alone are kept of what is this large.
  writeFileSync(join(folder, 'large.cred'), 'data N: int\nsample m ~ Normal(0, 1)\nfor n in 0..<N { sample x[n] ~ Normal(m, 1) }\n');
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

const robust = [
  'infer',
  'robust.cred',
  '--data',
  'robust.csv',
  '--backend',
  'mh',
  '--chains',
  '3',
  '--draws',
  '6000',
  '--warmup',
  '1000',
  '--seed',
  'long',
];

/** The run that was not cut off: made once, by the test that needs it first. */
let uncut: Promise<Answer> | null = null;
function wholeRun(): Promise<Answer> {
  uncut ??= credence([...robust, '--out', 'whole', '--quiet']);
  return uncut;
}

describe('a run that is killed', () => {
  it('at twenty moments has the bytes of the run that was not', async () => {
    const whole = await wholeRun();
    expect([0, 1]).toContain(whole.status);
    const random = createRandom('2', 'moments');
    let running = start([...robust, '--out', 'killed', '--workers', '2']);
    let goesOn = 0;
    for (let k = 0; k < 20; k++) {
      // Now and then before anything is kept; else while chains run.
      const { child } = running,
        waiting = k % 5 === 0 ? 0 : 20_000,
        begun = Date.now(),
        before = keptAt('killed');
      while (Date.now() - begun < waiting && keptAt('killed') === before && child.exitCode === null) await pause(10);
      await pause(700 * random.uniform());
      child.kill('SIGKILL');
      const { signal } = await running.answer;
      if (signal === null) break;
      const draws = existsSync(join(folder, 'killed', 'unfinished', 'chain-0.draws'));
      if (draws) goesOn++;
      running = existsSync(join(folder, 'killed', 'unfinished', 'inputs'))
        ? start(['infer', '--resume', 'killed', '--workers', String(k % 3)])
        : start([...robust, '--out', 'killed']);
    }
    const { status, out, err } = await running.answer;
    expect(status, err).toBe(whole.status);
    expect(goesOn).toBeGreaterThan(3);
    expect(read('killed', 'draws.csv') === read('whole', 'draws.csv')).toBe(true);
    expect(summary('killed').variables).toEqual(summary('whole').variables);
    expect(out).toContain('Written to killed');
    // Words of coded columns, and nothing of the unfinished run, are there at the end.
    expect((JSON.parse(read('killed', 'run.json')) as { levels: unknown }).levels).toEqual({ g: ['a', 'b', 'c'] });
    expect(readdirSync(join(folder, 'killed')).sort()).toEqual(readdirSync(join(folder, 'whole')).sort());
  });

  it('has the moments of the run that was not, where moments alone are kept', async () => {
    const large = [
      'infer',
      'large.cred',
      '--set',
      'N=20000',
      '--backend',
      'gibbs',
      '--opt',
      'block=none',
      '--chains',
      '2',
      '--draws',
      '1500',
      '--warmup',
      '500',
    ];
    await credence([...large, '--out', 'large', '--quiet']);
    await cutOff([...large, '--quiet'], 'largeKilled', 'SIGKILL', (unfinished) => existsSync(join(unfinished, 'chain-1.checkpoint')));
    await credence(['infer', '--resume', 'largeKilled', '--quiet']);
    expect(summary('largeKilled').variables['x[7]']).toEqual(summary('large').variables['x[7]']);
    expect(read('largeKilled', 'draws.csv') === read('large', 'draws.csv')).toBe(true);
  });

  it('is refused where what was kept is damaged, and where there is nothing', async () => {
    // A checkpoint that is younger than the first draws of its chain.
    const time = (file: string): number => statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0;
    await cutOff(
      robust,
      'damaged',
      'SIGKILL',
      (directory) =>
        existsSync(join(directory, 'chain-0.draws')) &&
        time(join(directory, 'chain-0.checkpoint')) > time(join(directory, 'chain-0.draws')),
    );
    const unfinished = join(folder, 'damaged', 'unfinished');
    // Draws behind the last checkpoint are what a killed process leaves; draws that are missing are not.
    appendFileSync(join(unfinished, 'chain-0.draws'), 'half a fra');
    const draws = readFileSync(join(unfinished, 'chain-0.draws'));
    truncateSync(join(unfinished, 'chain-0.draws'), 5);
    const short = await credence(['infer', '--resume', 'damaged']);
    expect([short.status, short.err]).toEqual([2, expect.stringContaining('error[damaged-run]')]);
    writeFileSync(join(unfinished, 'chain-0.draws'), draws);
    writeFileSync(join(unfinished, 'inputs'), 'nothing');
    expect((await credence(['infer', '--resume', 'damaged'])).err).toContain('error[damaged-run]');
    await wholeRun();
    for (const [args, says] of [
      [['infer', '--resume', 'nowhere'], /nothing-to-resume.*No run was cut off/],
      [['infer', '--resume', 'whole'], /nothing-to-resume.*finished/],
      [['infer', 'robust.cred', '--resume', 'whole', '--draws', '7'], /leave out robust\.cred, --draws/],
    ] as const) {
      const { status, err } = await credence(args);
      expect(status).toBe(2);
      expect(err).toMatch(says);
    }
  });
});

describe('a run that ends early', () => {
  it('after an interrupt has the draws that there are, and can go on', async () => {
    const { status, err, out } = await cutOff(robust, 'interrupted', 'SIGINT', (unfinished) =>
      existsSync(join(unfinished, 'chain-1.draws')),
    );
    expect([0, 1], err).toContain(status);
    expect(err).toContain('Stopping with the draws that there are');
    expect(out).toMatch(/the run ended with \d+ of 6000 draws/);
    const rows = read('interrupted', 'draws.csv').split('\n');
    await wholeRun();
    const whole = read('whole', 'draws.csv');
    for (const row of rows.slice(1, 40)) expect(whole).toContain(`${row}\n`);
    await credence(['infer', '--resume', 'interrupted', '--quiet']);
    expect(read('interrupted', 'draws.csv') === whole).toBe(true);
  });

  it('when the time is up', async () => {
    const drawing = (draws: string): readonly string[] => robust.map((word) => ({ 6000: draws, 1000: '5' })[word] ?? word);
    // Several times what a run of ten draws takes here and now: a machine with other work beside this has its first draw late.
    const begun = performance.now();
    await credence([...drawing('10'), '--quiet']);
    const seconds = 1 + (3 * (performance.now() - begun)) / 1000;
    const { status, out } = await credence([...drawing('1000000'), '--max-seconds', String(seconds)]);
    expect([0, 1]).toContain(status);
    expect(out).toMatch(/the run ended with \d+ of 1000000 draws of each chain/);
  });

  it('once there is enough, at the same draw for any number of workers', async () => {
    const enough = [...robust.filter((word) => !['--draws', '6000'].includes(word)), '--until', 'ess=150'];
    await credence([...enough, '--workers', '0', '--out', 'enough0', '--quiet']);
    await credence([...enough, '--workers', '2', '--out', 'enough2', '--quiet']);
    expect(read('enough0', 'draws.csv') === read('enough2', 'draws.csv')).toBe(true);
    const sizes = Object.values(summary('enough0').variables).map(({ essBulk, essTail }) => Math.min(essBulk, essTail));
    expect(Math.min(...sizes)).toBeGreaterThanOrEqual(150);
    // Not much more than was asked for: rounds grow by a quarter.
    expect(Math.min(...sizes)).toBeLessThan(400);
    expect(existsSync(join(folder, 'enough0', 'unfinished'))).toBe(false);
  });

  it('is refused where there are no chains to end', async () => {
    for (const [args, says] of [
      [['--backend', 'cavi', '--until', 'ess=100'], /until is for backends that run chains; cavi does not/],
      [['--backend', 'exact', '--max-seconds', '3'], /maxSeconds is for backends that run chains or iterate; exact does not/],
      [['--until', 'rhat=1.01'], /cannot go on until rhat is reached/],
      [['--until', 'ess=many'], /^--until: error\[wrong-option\]: "many" is not a number above 0/],
      [['--max-seconds', 'soon'], /^--max-seconds: error\[wrong-option\]: "soon" is not a number above 0/],
    ] as const) {
      const { status, err } = await credence(['infer', 'robust.cred', '--data', 'robust.csv', ...args]);
      expect([status, err]).toEqual([2, expect.stringMatching(says)]);
    }
  });
});
