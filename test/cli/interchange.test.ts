/**
 * `credence predict`, `credence export` and `credence summary` as a user meets them: the built program in processes of
 * its own. Truth: the run's own files, and closed forms worked out here.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const main = join(dirname(fileURLToPath(import.meta.url)), '..', '..', 'dist', 'cli', 'main.js');
const program = 'data x: real[N]\ndata y: real[N]\ndata g: int[N]\nsample b ~ Normal(0, 10)\nsample u ~ iid(Normal(0, 3), 3)\nfor n in 0..<N { observe y[n] ~ Normal(u[g[n]] + b * x[n], 1) }\n';

let folder = '';
function credence(...args: readonly string[]): { readonly status: number | null; readonly out: string; readonly err: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, ...args], { cwd: folder, encoding: 'utf8', env: { ...process.env, CREDENCE_DEBUG: undefined } });
  return { status, out: stdout, err: stderr };
}
const read = (...path: readonly string[]): string => readFileSync(join(folder, ...path), 'utf8');

beforeAll(() => {
  expect(existsSync(main), 'dist/ is missing: node scripts/build.mjs').toBe(true);
  folder = mkdtempSync(join(tmpdir(), 'credence-interchange-'));
  writeFileSync(join(folder, 'm.cred'), program);
  writeFileSync(join(folder, 'd.csv'), 'x,y,g\n0,1,left\n1,3,right\n2,4,left\n3,8,right\n');
  writeFileSync(join(folder, 'new.csv'), 'x,g\n10,right\n-10,above\n');
  const { status, err } = credence('infer', 'm.cred', '--data', 'd.csv', '--out', 'run', '--backend', 'gibbs', '--draws', '500', '--warmup', '100', '--workers', '0', '--quiet');
  expect([status, err]).toEqual([0, '']);
  expect(credence('infer', 'm.cred', '--data', 'd.csv', '--out', 'point', '--backend', 'map', '--quiet').status).toBe(0);
}, 60_000);
afterAll(() => { rmSync(folder, { recursive: true, force: true }); });

describe('credence predict', () => {
  it('prints and writes predictions for new data, words coded as in the run', () => {
    const { status, out, err } = credence('predict', 'run', '--data', 'new.csv', '--out', 'predicted', '--draws', '100');
    expect(status).toBe(0);
    expect(out).toMatch(/^predictions by gibbs, 100 draws, seed 1\n[\s\S]*y\[0\][\s\S]*y\[1\][\s\S]*Written to predicted: draws\.csv, summary\.json, run\.json\n$/);
    expect(err).toContain('g: above is new, coded 2');
    const [header, ...rows] = read('predicted', 'draws.csv').trimEnd().split('\n');
    expect([header, rows.length, readdirSync(join(folder, 'predicted')).sort()]).toEqual(['chain,draw,y[0],y[1]', 100, ['draws.csv', 'run.json', 'summary.json']]);
  });

  it('prints the summary as JSON and nothing else, the same for the same seed', () => {
    const first = credence('predict', 'run', '--data', 'new.csv', '--json', '--quiet', '--seed', '5');
    const { variables, seed } = JSON.parse(first.out) as { variables: Record<string, { mean: number; sd: number }>; seed: string };
    expect([first.status, first.err, seed, Object.keys(variables)]).toEqual([0, '', '5', ['y[0]', 'y[1]']]);
    const again = JSON.parse(credence('predict', 'run', '--data', 'new.csv', '--json', '--quiet', '--seed', '5').out) as { variables: unknown };
    expect(again.variables).toEqual(variables);
  });

  it('says that an estimate is put in', () => {
    const { status, out } = credence('predict', 'point', '--data', 'new.csv');
    expect([status, out.includes("estimates by 'map', put in as if they were known")]).toEqual([0, true]);
  });

  it.each<[readonly string[], RegExp]>([
    [['predict', 'nowhere'], /^nowhere: error\[no-run\]: There is no such directory/],
    [['predict', 'run', '--data', 'new.csv', '--out', 'run'], /--out run: error\[wrong-option\]: The run itself is there/],
    [['predict', 'run', '--set', 'x=[1]'], /^run:3:6: error\[missing-data\]: No value is given for g: the new data have N = 1, and the run had 4/],
    [['predict', 'run', '--set', 'q=1'], /error\[unknown-name\]: The program names none of the new data: q/],
    [['predict', 'run', '--data', 'new.csv', '--draws', 'many'], /draws is many; it must be a whole number/],
    [['predict', 'run', '--data', 'absent.csv'], /absent\.csv: error\[cannot-read\]/],
  ])('%j ends with status 2', (args, says) => {
    const { status, out, err } = credence(...args);
    expect([status, out]).toEqual([2, '']);
    expect(err).toMatch(says);
  });

  it('needs the data of the run', () => {
    cpSync(join(folder, 'run'), join(folder, 'bare'), { recursive: true });
    rmSync(join(folder, 'bare', 'data.json'));
    const { status, err } = credence('predict', 'bare', '--data', 'new.csv');
    expect([status, err]).toEqual([2, expect.stringMatching(/^bare: error\[no-program\]: there is no data\.json beside the draws/i)]);
    expect(credence('export', 'bare', '--format', 'zarr', '--out', 'bare.zarr')).toMatchObject({ status: 0, err: expect.stringContaining('warning[draws-only]') });
  });
});

describe('credence export and credence summary', () => {
  const rowsOf = (table: string): readonly string[] => table.split('\n').filter((line) => /^[bu]\b/.test(line));

  it('hand draws on and read them back: the table is that of the run', () => {
    const own = credence('summary', 'run');
    expect(own.status).toBe(0);
    expect(rowsOf(own.out).length).toBe(4);
    expect(rowsOf(credence('summary', 'run/draws.csv').out)).toEqual(rowsOf(own.out));
    for (const [format, out, files] of [['cmdstan', 'stan', ['stan/chain_1.csv', 'stan/chain_2.csv', 'stan/chain_3.csv', 'stan/chain_4.csv']], ['parquet', 'run.parquet', ['run.parquet']]] as const) {
      const exported = credence('export', 'run', '--format', format, '--out', out);
      expect([exported.status, exported.err]).toEqual([0, '']);
      const { status, out: table, err } = credence('summary', ...files);
      expect([status, err]).toEqual([0, '']);
      // lp__ may ask for other widths.
      expect(rowsOf(table).map((row) => row.split(/ +/))).toEqual(rowsOf(own.out).map((row) => row.split(/ +/)));
    }
    expect(credence('export', 'run', '--format', 'zarr', '--out', 'run.zarr').status).toBe(0);
    expect(readdirSync(join(folder, 'run.zarr')).sort()).toEqual(['.zattrs', '.zgroup', '.zmetadata', 'log_likelihood', 'observed_data', 'posterior', 'sample_stats']);
  });

  it('agree with the run in JSON too', () => {
    const { status, out } = credence('summary', 'run', '--json'), stored = JSON.parse(read('run', 'summary.json')) as object;
    expect(status).toBe(0);
    expect({ ...(JSON.parse(out) as object), seconds: null }).toEqual({ ...stored, seconds: null });
  });

  it('end with status 1 for chains that do not agree', () => {
    for (const k of [0, 1]) writeFileSync(join(folder, `apart${k}.csv`), `a\n${Array.from({ length: 100 }, (_, d) => 5 * k + Math.sin(d * d)).join('\n')}\n`);
    const { status, out } = credence('summary', 'apart0.csv', 'apart1.csv');
    expect(status).toBe(1);
    expect(out).toMatch(/warning\[not-converged\]: R-hat of a is [\s\S]*must not be trusted/);
  });

  it.each<[readonly string[], RegExp]>([
    [['summary'], /missing required argument/],
    [['summary', 'nothing.csv'], /nothing\.csv: error\[cannot-read\]/],
    [['summary', 'm.cred'], /m\.cred: error\[bad-draws\]/],
    [['summary', '.'], /This is a directory, and not one of a run/],
    [['summary', 'run', 'point'], /runs are summarised one at a time/],
    [['export', 'run', '--out', 'x'], /required option '--format/],
    [['export', 'run', '--format', 'netcdf', '--out', 'x'], /Allowed choices are cmdstan, zarr, parquet/],
    [['export', 'point', '--format', 'zarr', '--out', 'x'], /error\[no-draws\]|the run has no draws: map gives estimates/],
    [['export', 'run', '--format', 'zarr', '--out', 'run'], /The directory is not empty/],
    [['export', 'run', '--format', 'parquet', '--out', '.'], /A directory stands where the file is to be/],
    [['export', 'run', '--format', 'parquet', '--out', 'm.cred/x'], /error\[cannot-write\]/],
  ])('%j ends with status 2', (args, says) => {
    mkdirSync(join(folder, 'empty'), { recursive: true });
    const { status, out, err } = credence(...args);
    expect([status, out]).toEqual([2, '']);
    expect(err).toMatch(says);
  });
});
