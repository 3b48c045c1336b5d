/**
 * `credence predict`, `credence export` and `credence summary`: what they print, write and answer; commands are called
 * here as the command line calls them, and once each in a process of the built program. Truth: the run's own files.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { compare } from '../../src/cli/commands/compare.js';
import { exportRun } from '../../src/cli/commands/export.js';
import { predict, type PredictFlags } from '../../src/cli/commands/predict.js';
import { summary, type SummaryFlags } from '../../src/cli/commands/summary.js';
import { reportFailure } from '../../src/cli/output.js';
import type { ExportFormat } from '../../src/index.js';

const main = join(dirname(fileURLToPath(import.meta.url)), '..', '..', 'dist', 'cli', 'main.js');
const program =
  'data x: real[N]\ndata y: real[N]\ndata g: int[N]\nsample b ~ Normal(0, 10)\nsample u ~ iid(Normal(0, 3), 3)\nfor n in 0..<N { observe y[n] ~ Normal(u[g[n]] + b * x[n], 1) }\n';

interface Answer {
  readonly status: number | null;
  readonly out: string;
  readonly err: string;
}

let folder = '';
/** The built program. */
function credence(...args: readonly string[]): Answer {
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, ...args], {
    cwd: folder,
    encoding: 'utf8',
    env: { ...process.env, CREDENCE_DEBUG: undefined },
    timeout: 60_000,
    killSignal: 'SIGKILL',
  });
  return { status, out: stdout, err: stderr };
}
/** A command as `main` runs it. */
async function called(command: () => Promise<number>): Promise<Answer> {
  let out = '',
    err = '';
  const spies = [
    vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
      out += String(text);
      return true;
    }),
    vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
      err += String(text);
      return true;
    }),
  ];
  try {
    const status = await command().catch(reportFailure);
    return { status, out, err };
  } finally {
    for (const spy of spies) spy.mockRestore();
    // Commands set the status of the process.
    process.exitCode = undefined;
  }
}
const place = (name: string): string => join(folder, name);
const predicted = (run: string, flags: PredictFlags): Promise<Answer> => called(() => predict(place(run), flags));
const summarised = (paths: readonly string[], flags: SummaryFlags = {}): Promise<Answer> => called(() => summary(paths.map(place), flags));
const exported = (run: string, format: ExportFormat, out: string): Promise<Answer> =>
  called(() => exportRun(place(run), { format, out: place(out) }));
const read = (...path: readonly string[]): string => readFileSync(join(folder, ...path), 'utf8');

beforeAll(() => {
  expect(existsSync(main), 'dist/ is missing: node scripts/build.mjs').toBe(true);
  folder = mkdtempSync(join(tmpdir(), 'credence-interchange-'));
  writeFileSync(join(folder, 'm.cred'), program);
  writeFileSync(join(folder, 'd.csv'), 'x,y,g\n0,1,left\n1,3,right\n2,4,left\n3,8,right\n');
  writeFileSync(join(folder, 'new.csv'), 'x,g\n10,right\n-10,above\n');
  const { status, err } = credence(
    'infer',
    'm.cred',
    '--data',
    'd.csv',
    '--out',
    'run',
    '--backend',
    'gibbs',
    '--draws',
    '500',
    '--warmup',
    '100',
    '--workers',
    '0',
    '--quiet',
  );
  expect([status, err]).toEqual([0, '']);
  expect(credence('infer', 'm.cred', '--data', 'd.csv', '--out', 'point', '--backend', 'map', '--quiet').status).toBe(0);
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

describe('credence predict', () => {
  it('prints and writes predictions for new data, words coded as in the run', () => {
    const { status, out, err } = credence('predict', 'run', '--data', 'new.csv', '--out', 'predicted', '--draws', '100');
    expect(status).toBe(0);
    expect(out).toMatch(
      /^predictions by gibbs, 100 draws, seed 1\n[\s\S]*y\[0\][\s\S]*y\[1\][\s\S]*Written to predicted: draws\.csv, summary\.json, run\.json\n$/,
    );
    expect(err).toContain('g: above is new, coded 2');
    const [header, ...rows] = read('predicted', 'draws.csv').trimEnd().split('\n');
    expect([header, rows.length, readdirSync(place('predicted')).sort()]).toEqual([
      'chain,draw,y[0],y[1]',
      100,
      ['draws.csv', 'run.json', 'summary.json'],
    ]);
  });

  it('prints the summary as JSON and nothing else, the same for the same seed', async () => {
    const flags = { data: [place('new.csv')], json: true, quiet: true, seed: '5' };
    const first = await predicted('run', flags),
      again = await predicted('run', flags),
      other = await predicted('run', { ...flags, seed: '6' });
    const variables = ({ out }: Answer): object => (JSON.parse(out) as { variables: object }).variables;
    expect([first.status, first.err, Object.keys(variables(first))]).toEqual([0, '', ['y[0]', 'y[1]']]);
    expect(variables(again)).toEqual(variables(first));
    expect(variables(other)).not.toEqual(variables(first));
  });

  it('says that an estimate is put in', async () => {
    const { status, out } = await predicted('point', { data: [place('new.csv')] });
    expect([status, out.includes("estimates by 'map', put in as if they were known")]).toEqual([0, true]);
  });

  it.each<[string, PredictFlags, RegExp]>([
    ['nowhere', {}, /nowhere: error\[no-run\]: There is no such directory/],
    ['m.cred/x', {}, /error\[no-run\]: There is no such directory/],
    ['run', { out: 'run' }, /--out \S+: error\[wrong-option\]: The run itself is there/],
    ['run', { set: ['x=[1]'] }, /run:3:6: error\[missing-data\]: No value is given for g: the new data have N = 1, and the run had 4/],
    ['run', { set: ['q=1'] }, /error\[unknown-name\]: The program names none of the new data: q/],
    ['run', { draws: 'many' }, /draws is many; it must be a whole number/],
    ['run', { data: ['absent.csv'] }, /absent\.csv: error\[cannot-read\]/],
  ])('of %s with %j ends with status 2', async (run, flags, says) => {
    const { status, out, err } = await predicted(run, flags.out === undefined ? flags : { ...flags, out: place(flags.out) });
    expect([status, out]).toEqual([2, '']);
    expect(err).toMatch(says);
  });

  it('writes over nothing that it reads, nor over files of others', async () => {
    mkdirSync(place('mine'));
    writeFileSync(place('mine/data.json'), '{ "x": [10], "g": [0], "note": [1] }');
    for (const data of ['mine/data.json', 'new.csv'])
      expect(await predicted('run', { data: [place(data)], out: place('mine') })).toMatchObject({
        status: 2,
        err: expect.stringContaining('error[cannot-write]'),
      });
    expect(read('mine', 'data.json')).toContain('note');
  });

  it('needs the data of the run', async () => {
    cpSync(place('run'), place('bare'), { recursive: true });
    rmSync(place('bare/data.json'));
    const { status, err } = await predicted('bare', { set: ['x=[1]'] });
    expect([status, err]).toEqual([2, expect.stringMatching(/bare: error\[no-program\]: there is no data\.json beside the draws/i)]);
    expect(await exported('bare', 'zarr', 'bare.zarr')).toMatchObject({ status: 0, err: expect.stringContaining('warning[draws-only]') });
  });
});

describe('credence export and credence summary', () => {
  const rowsOf = (table: string): readonly string[] => table.split('\n').filter((line) => /^[bu]\b/.test(line));

  it('hand draws on and read them back: the table is that of the run', async () => {
    const own = credence('summary', 'run');
    expect([own.status, rowsOf(own.out).length]).toEqual([0, 4]);
    expect(rowsOf((await summarised(['run/draws.csv'])).out)).toEqual(rowsOf(own.out));
    expect(credence('export', 'run', '--format', 'cmdstan', '--out', 'stan')).toMatchObject({ status: 0, err: '' });
    expect(await exported('run', 'parquet', 'run.parquet')).toMatchObject({ status: 0, err: '' });
    for (const files of [[1, 2, 3, 4].map((chain) => `stan/chain_${chain}.csv`), ['run.parquet']]) {
      const { status, out, err } = await summarised(files);
      expect([status, err]).toEqual([0, '']);
      // lp__ may ask for other widths.
      expect(rowsOf(out).map((row) => row.split(/ +/))).toEqual(rowsOf(own.out).map((row) => row.split(/ +/)));
    }
    expect((await exported('run', 'zarr', 'run.zarr')).status).toBe(0);
    expect(readdirSync(place('run.zarr')).sort()).toEqual([
      '.zattrs',
      '.zgroup',
      '.zmetadata',
      'log_likelihood',
      'observed_data',
      'posterior',
      'sample_stats',
    ]);
  });

  it('agree with the run in JSON too', async () => {
    const { status, out } = await summarised(['run'], { json: true }),
      stored = JSON.parse(read('run', 'summary.json')) as object;
    expect(status).toBe(0);
    expect({ ...(JSON.parse(out) as object), seconds: null }).toEqual({ ...stored, seconds: null });
  });

  it('say whether other draws agree', async () => {
    const own = await summarised(['run'], { against: [place('run.parquet')] });
    expect(own).toMatchObject({ status: 0, err: '' });
    expect(own.out).toMatch(/against \S+run\.parquet\n[\s\S]*The draws agree: the largest of 8 z-scores is 0\.00/);
    writeFileSync(
      place('moved.csv'),
      read('run', 'draws.csv')
        .split('\n')
        .map((line, k) =>
          k === 0 || line === '' ? line : line.replace(/^(\d+,\d+,)([^,]+)/, (_, head: string, b: string) => `${head}${Number(b) + 1}`),
        )
        .join('\n'),
    );
    const moved = await summarised(['run'], { against: [place('moved.csv')], json: true });
    expect(moved.status).toBe(1);
    expect(
      (JSON.parse(moved.out) as { agreement: { rows: { name: string; agrees: boolean }[] } }).agreement.rows.map(({ name, agrees }) => [
        name,
        agrees,
      ]),
    ).toEqual([
      ['b', false],
      ['u[0]', true],
      ['u[1]', true],
      ['u[2]', true],
    ]);
  });

  it('point to --resume where a run was cut off, and so does compare', async () => {
    mkdirSync(place('cut/unfinished'), { recursive: true });
    for (const command of [() => summarised(['cut']), () => called(() => compare([place('cut'), place('run')], {}))])
      expect(await command()).toMatchObject({
        status: 2,
        err: expect.stringMatching(/cut: error\[no-run\]: The run there was cut off[^\n]*\n {2}hint: .*credence infer --resume \S*cut/),
      });
  });

  it('end with status 1 for chains that do not agree', async () => {
    for (const k of [0, 1])
      writeFileSync(place(`apart${k}.csv`), `a\n${Array.from({ length: 100 }, (_, d) => 5 * k + Math.sin(d * d)).join('\n')}\n`);
    const { status, out } = await summarised(['apart0.csv', 'apart1.csv']);
    expect(status).toBe(1);
    expect(out).toMatch(/warning\[not-converged\]: R-hat of a is [\s\S]*must not be trusted/);
  });

  it.each<[string, () => Promise<Answer>, RegExp]>([
    ['a file that is not there', () => summarised(['nothing.csv']), /nothing\.csv: error\[cannot-read\]/],
    ['a program', () => summarised(['m.cred']), /m\.cred: error\[bad-draws\]/],
    ['a directory without a run', () => summarised(['.']), /This is a directory, and not one of a run/],
    [
      'a file named twice',
      () => summarised(['run/draws.csv', 'new.csv', 'run/draws.csv']),
      /draws\.csv: error\[bad-draws\]: The file is named twice/,
    ],
    [
      'a file by two names',
      () => called(() => summary([place('run/draws.csv'), `${folder}/./run/draws.csv`], {})),
      /This is the same file as \S+run\/draws\.csv/,
    ],
    ['two runs', () => summarised(['run', 'point']), /runs are summarised one at a time/],
    ['an export of estimates', () => exported('point', 'zarr', 'x'), /the run has no draws: map gives estimates/],
    ['an export into a full directory', () => exported('run', 'zarr', 'run'), /The directory is not empty/],
    ['an export over a directory', () => exported('run', 'parquet', '.'), /A directory stands where the file is to be/],
    ['an export below a file', () => exported('run', 'parquet', 'm.cred/x'), /error\[cannot-write\]/],
    ['stores below a file', () => exported('run', 'zarr', 'm.cred/x'), /error\[cannot-write\]/],
  ])('end with status 2 for %s', async (_, command, says) => {
    const { status, out, err } = await command();
    expect([status, out]).toEqual([2, '']);
    expect(err).toMatch(says);
  });

  it('leave alone what stands where an export is to be', async () => {
    writeFileSync(place('notes.txt'), 'mine');
    symlinkSync(place('nowhere'), place('broken'));
    symlinkSync(place('notes.txt'), place('link'));
    const draws = read('run', 'draws.csv');
    for (const [format, out, says] of [
      ['cmdstan', 'notes.txt', /A file stands where a directory is to be made/],
      ['zarr', 'notes.txt', /A file stands where a directory is to be made/],
      ['zarr', 'link', /A file stands where/],
      ['zarr', 'broken', /A symbolic link stands there that leads nowhere/],
      ['parquet', 'broken', /A symbolic link stands there that leads nowhere/],
      ['parquet', 'notes.txt', /no Parquet file, and would be lost/],
      ['parquet', 'link', /no Parquet file, and would be lost/],
      ['parquet', 'run/draws.csv', /no Parquet file, and would be lost/],
      ['parquet', 'run/run.json', /no Parquet file, and would be lost/],
    ] as const) {
      const { status, out: said, err } = await exported('run', format, out);
      expect([status, said, err], `${format} ${out}`).toEqual([2, '', expect.stringMatching(says)]);
    }
    expect([read('notes.txt'), read('run', 'draws.csv') === draws, existsSync(place('nowhere'))]).toEqual(['mine', true, false]);
  });

  it.skipIf(process.platform === 'win32')('do not take the place of a pipe', async () => {
    execFileSync('mkfifo', [place('pipe')]);
    expect(await exported('run', 'parquet', 'pipe')).toMatchObject({ status: 2, err: expect.stringContaining('no Parquet file') });
    expect(statSync(place('pipe')).isFIFO()).toBe(true);
  });

  it('replace a Parquet file, through links, and take an empty directory', async () => {
    writeFileSync(place('old.parquet'), 'PAR1 and more');
    symlinkSync(place('old.parquet'), place('current.parquet'));
    expect((await exported('run', 'parquet', 'current.parquet')).status).toBe(0);
    expect(statSync(place('old.parquet')).size).toBeGreaterThan(1000);
    mkdirSync(place('empty'));
    mkdirSync(place('empty.partial'));
    writeFileSync(place('empty.partial/mine'), '');
    expect((await exported('run', 'cmdstan', 'empty')).status).toBe(0);
    expect([readdirSync(place('empty')).length, readdirSync(place('empty.partial'))]).toEqual([4, ['mine']]);
  });

  it.each(['cmdstan', 'zarr', 'parquet'])('end where no directory can be made: %s', (format) => {
    // A process of its own: what this is about never came back.
    expect(credence('export', 'run', '--format', format, '--out', '/proc/none/draws')).toMatchObject({
      status: 2,
      err: '/proc/none/draws: error[cannot-write]: The directory cannot be made there.\n',
    });
  });

  it('know their formats', () => {
    expect(credence('export', 'run', '--format', 'netcdf', '--out', 'x')).toMatchObject({
      status: 2,
      err: expect.stringContaining('Allowed choices are cmdstan, zarr, parquet'),
    });
  });
});
