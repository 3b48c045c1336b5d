/**
 * `credence check` as a user meets it: exit statuses, JSON and nothing else, files, what is said on standard error.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CheckReport } from '../../src/testing-api.js';

const main = join(dirname(fileURLToPath(import.meta.url)), '..', '..', 'dist', 'cli', 'main.js');
let folder = '';
function credence(...args: readonly string[]): { readonly status: number | null; readonly out: string; readonly err: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, 'check', ...args], { cwd: folder, encoding: 'utf8' });
  return { status, out: stdout, err: stderr };
}

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'credence-check-'));
  writeFileSync(
    join(folder, 'normal.cred'),
    'data y: real[N]\nsample mu ~ Normal(0, 2)\nfor n in 0..<N { observe y[n] ~ Normal(mu, 1) }\n',
  );
  writeFileSync(join(folder, 'normal.json'), '{ "y": [1, 2, 3] }');
  // Two unknowns whose sum alone the data tell: mean field is far too narrow.
  writeFileSync(
    join(folder, 'sum.cred'),
    'data y: real[N]\nsample a ~ Normal(0, 1)\nsample b ~ Normal(0, 1)\nfor n in 0..<N { observe y[n] ~ Normal(a + b, 0.1) }\n',
  );
  writeFileSync(join(folder, 'factor.cred'), 'sample x ~ Normal(0, 1)\nfactor -x^4\n');
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

describe('credence check', () => {
  it('passes a right backend with status 0', () => {
    const { status, out, err } = credence(
      'normal.cred',
      '--data',
      'normal.json',
      '--backend',
      'gibbs',
      '--method',
      'ratio,exact',
      '--draws',
      '300',
    );
    expect([status, out]).toEqual([
      0,
      expect.stringMatching(/^ratio +passed: [\s\S]*\n\nexact +passed: [\s\S]*gibbs passes every check that applies/),
    ]);
    expect(err).toBe('ratio ...\nexact ...\n');
  });
  it('prints JSON and nothing else, and writes the same', () => {
    const { status, out, err } = credence(
      'normal.cred',
      '--set',
      'N=3',
      '--backend',
      'mh',
      '--method',
      'rank',
      '--method',
      'ratio',
      '--repetitions',
      '40',
      '--json',
      '--quiet',
      '--out',
      'made/here',
      '--seed',
      'x',
    );
    expect([status, err]).toEqual([0, '']);
    const report = JSON.parse(out) as CheckReport;
    expect(report).toMatchObject({ backend: 'mh', seed: 'x', falseAlarm: 1e-3, verdict: 'passed' });
    expect(report.methods.map((m) => m.method)).toEqual(['ratio', 'rank']);
    expect(readFileSync(join(folder, 'made/here/check.json'), 'utf8')).toBe(out);
  });
  it('fails a wrong posterior with status 1, and says what it points to', () => {
    const { status, out } = credence(
      'sum.cred',
      '--set',
      'N=3',
      '--backend',
      'cavi',
      '--method',
      'sbc',
      '--simulations',
      '80',
      '--draws',
      '400',
    );
    expect(status).toBe(1);
    expect(out).toMatch(/sbc +FAILED/);
    expect(out.replace(/\s+/g, ' ')).toMatch(/ [ab]: gamma = \S+, p = \S+; .* of the ranks below .* too narrow/);
    expect(out).toMatch(/cavi fails sbc\./);
  });
  it('says with status 2 what does not apply', () => {
    expect(credence('factor.cred', '--backend', 'gibbs', '--method', 'geweke')).toMatchObject({
      status: 2,
      out: expect.stringMatching(/geweke +does not apply: .*factor/),
    });
    expect(credence('normal.cred', '--backend', 'gibbs')).toMatchObject({ status: 2, err: expect.stringMatching(/missing-data/) });
    expect(credence('normal.cred', '--data', 'normal.json', '--backend', 'gibbs', '--out', 'normal.json')).toMatchObject({
      status: 2,
      err: expect.stringMatching(/cannot-write/),
    });
  });
  it('writes over no file of another', () => {
    mkdirSync(join(folder, 'mine'));
    writeFileSync(join(folder, 'mine', 'check.json'), '{ "y": [1, 2, 3] }');
    for (const data of ['normal.json', 'mine/check.json'])
      expect(credence('normal.cred', '--data', data, '--backend', 'gibbs', '--method', 'ratio', '--out', 'mine', '--quiet')).toMatchObject({
        status: 2,
        err: expect.stringMatching(/--out mine: error\[cannot-write\]: .*check\.json there/),
      });
    expect(readFileSync(join(folder, 'mine', 'check.json'), 'utf8')).toBe('{ "y": [1, 2, 3] }');
  });
  it('says with status 2 that its file cannot be written', () => {
    mkdirSync(join(folder, 'taken', 'check.json'), { recursive: true });
    expect(
      credence('normal.cred', '--data', 'normal.json', '--backend', 'gibbs', '--method', 'ratio', '--out', 'taken', '--quiet'),
    ).toMatchObject({
      status: 2,
      out: '',
      err: expect.stringMatching(/--out taken: error\[cannot-write\]: A directory stands where a file is to be written\./),
    });
  });
});
