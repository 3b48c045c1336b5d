/**
 * `credence report` and `infer --plot` as processes: the page is written beside the files it was made of; what is no run is refused with
 * status 2.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const main = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'credence-report-'));

interface Answer {
  readonly status: number | null;
  readonly out: string;
  readonly err: string;
}

function credence(...args: readonly string[]): Answer {
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, ...args], {
    cwd: folder,
    encoding: 'utf8',
    env: { ...process.env, CREDENCE_DEBUG: undefined },
  });
  return { status, out: stdout, err: stderr };
}

beforeAll(() => {
  expect(existsSync(main), 'dist/ is missing: node scripts/build.mjs').toBe(true);
  writeFileSync(
    join(folder, 'normal.cred'),
    'data y: real[N]\nsample mu ~ Normal(0, 2)\nfor n in 0..<N { observe y[n] ~ Normal(mu, 1) }\n',
  );
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

describe('credence report', () => {
  it('writes a page about a run, and plots in the terminal come before', () => {
    const run = credence(
      'infer',
      'normal.cred',
      '--set',
      'y=[1, 2, 2.5]',
      '--backend',
      'gibbs',
      '--draws',
      '100',
      '--warmup',
      '50',
      '--quiet',
      '--plot',
      '--out',
      'run',
    );
    expect(run.status).toBe(0);
    expect(run.out).toMatch(/^mu {2,}-?\d\S* [▁▂▃▄▅▆▇█ ]{40} \d\S*$/m);
    const answer = credence('report', 'run');
    expect(answer).toMatchObject({ status: 0, err: '' });
    expect(answer.out).toMatch(/^Written: run\/report\.html \(\d+ kB\)\n$/);
    const page = readFileSync(join(folder, 'run', 'report.html'), 'utf8');
    for (const part of ['<h1>run</h1>', 'id="summary"', 'id="draws"', 'id="fit"', 'id="graph"', 'id="derivation"', 'id="program"'])
      expect(page.includes(part), part).toBe(true);
    // Again, and the same.
    credence('report', 'run');
    expect(readFileSync(join(folder, 'run', 'report.html'), 'utf8') === page).toBe(true);
  });

  it('refuses what holds no run', () => {
    mkdirSync(join(folder, 'empty'));
    mkdirSync(join(folder, 'cut', 'unfinished'), { recursive: true });
    const damaged = (name: string, change: (text: string) => string): string => {
      const copy = `damaged-${name}`;
      cpSync(join(folder, 'run'), join(folder, copy), { recursive: true });
      writeFileSync(join(folder, copy, name), change(readFileSync(join(folder, copy, name), 'utf8')));
      return copy;
    };
    const cases: readonly (readonly [readonly string[], RegExp])[] = [
      [['nowhere'], /nowhere: error\[no-run\]: There is no such directory\.\n {2}hint: Name a directory/],
      [['empty'], /empty: error\[no-run\]: There is no summary\.json/],
      [['cut'], /cut: error\[no-run\]: The run there was cut off.*\n {2}hint: Let it go on: credence infer --resume cut/],
      [['normal.cred'], /normal\.cred: error\[no-run\]/],
      [[], /missing required argument 'directory'/],
      [['run', '--quiet'], /unknown option '--quiet'/],
      [[damaged('summary.json', (text) => text.slice(0, 90))], /error\[no-run\]: summary\.json: this is not whole JSON/],
      [[damaged('draws.csv', (text) => text.slice(0, 900))], /error\[bad-draws\]: draws\.csv: the last line has no end/],
      [[damaged('data.json', (text) => `${text}]`)], /error\[no-run\]: data\.json: /],
    ];
    for (const [args, message] of cases) {
      const answer = credence('report', ...args);
      expect(answer.err).toMatch(message);
      expect([answer.status, answer.out]).toEqual([2, '']);
    }
  });

  it('says where it cannot write', () => {
    cpSync(join(folder, 'run'), join(folder, 'taken'), { recursive: true });
    rmSync(join(folder, 'taken', 'report.html'));
    mkdirSync(join(folder, 'taken', 'report.html'));
    expect(credence('report', 'taken')).toMatchObject({
      status: 2,
      err: expect.stringMatching(/taken\/report\.html: error\[cannot-write\]/) as string,
    });
  });

  it('shows an older run without its data, and says what is missing', () => {
    cpSync(join(folder, 'run'), join(folder, 'old'), { recursive: true });
    rmSync(join(folder, 'old', 'data.json'));
    expect(credence('report', 'old').status).toBe(0);
    const page = readFileSync(join(folder, 'old', 'report.html'), 'utf8');
    expect(page.includes('id="fit"')).toBe(false);
    expect(page.includes('There is no data.json: replicated data, components and states along their index are not shown.')).toBe(true);
  });
});
