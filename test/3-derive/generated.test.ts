/**
 * The same natural parameters, bounds and densities as code: folded tables, gathers, scattered sums.
 */
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { samplerProgram } from '../../src/4-infer/mcmc.js';
import { defaultGibbsKernel } from '../../src/4-infer/plan.js';
import { chainOutput } from '../../src/4-infer/chainOutput.js';
import { ChainRun } from '../../src/4-infer/runChain.js';
import { compareGenerated } from './generated.js';
import { compile, goodState } from './support.js';

const programs = join(dirname(fileURLToPath(import.meta.url)), '..', 'programs');

function agrees(text: string, data: Readonly<Record<string, unknown>>): void {
  const compiled = compile(text, data);
  const { failures, compared } = compareGenerated(compiled, goodState(compiled, 1), 6);
  expect(failures).toEqual([]);
  expect(compared).toBeGreaterThan(0);
}

describe('code of coefficients, bounds and densities agrees with the interpreter', () => {
  const skipped = new Set(['bugs_inhalers', 'bugs_mice', 'bugs_biops', 'exact_gp_women']);
  const names = readdirSync(programs)
    .filter((n) => n.endsWith('.cred'))
    .map((n) => n.slice(0, -'.cred'.length))
    .sort();
  it.each(names.filter((n) => existsSync(join(programs, `${n}.json`)) && !skipped.has(n)))('%s', (name) => {
    agrees(
      readFileSync(join(programs, `${name}.cred`), 'utf8'),
      JSON.parse(readFileSync(join(programs, `${name}.json`), 'utf8')) as Record<string, unknown>,
    );
  });
});

it('sums over the same rows under different conditions are different tables', () => {
  const y = [1.2, -0.3, 2.1, 0.7, 1.9, 0.2, -1.1, 0.9, 1.4, -0.6, 0.3];
  agrees(
    'data y: real[N] data g: int[N] sample a ~ Normal(0, 1) sample b ~ Normal(0, 1) for i in 0..<N { if g[i] == 1 { observe y[i] ~ Normal(a, 1) } else { observe y[i] ~ Normal(b, 1) } }',
    { y, g: y.map((x) => (x > 1 ? 1 : 0)) },
  );
});
it('a gather behind the end of a chain is read only where there is one', () => {
  // x[N-1] has no row n = N: z[N] may not address a table.
  agrees(
    'data v: real[N, 2] for n in 0..<N { sample x[n] ~ Normal(-0.7, 0.5) } for n in 0..<N { sample z[n] ~ Bernoulli(0.5) } for n in 1..<N { observe v[n] ~ MvNormal([z[n] ? x[n-1] : 3, 2 * x[n-1]], [[2, 0.5], [0.5, 1]]) }',
    {
      v: [
        [1, 0.5],
        [0.2, -1],
        [2, 1],
        [0.4, 0.3],
        [-1, 1],
      ],
    },
  );
});

describe('draws of kernels in closed form', () => {
  it.each([
    // Nobody is in group 2: its conditional is the Uniform prior, which has no curvature.
    [
      'a truncated Normal without members',
      'data y: real[N] data g: int[N] sample a ~ iid(Uniform(-3, 3), 3) for i in 0..<N { observe y[i] ~ Normal(a[g[i]], 1) }',
      { y: [0.5, 1, -2], g: [0, 1, 1] },
      'a',
      -3,
      3,
    ],
    [
      'a vector seen through ragged rows',
      'data r: real[R, 3] data m: int[R] sample a ~ MvNormal([-1, 0, 1], eye(3)) for i in 0..<R, j in 0..<m[i] { observe r[i, j] ~ Normal(a[j], 2) }',
      {
        r: [
          [1, 2, 0],
          [0.5, 0, 0],
          [1, -1, 0.4],
        ],
        m: [2, 1, 3],
      },
      'a',
      -9,
      9,
    ],
    // The last state has no next datum: its piece of the density has no turning point.
    [
      'a piecewise Normal at the end of a chain',
      'data y: real[T] sample x[0] ~ Normal(0, 1) for t in 1..<T { sample x[t] ~ Normal(0.5 * x[t-1], 1) } for t in 1..<T { observe y[t] ~ Laplace(x[t-1], 1) }',
      { y: [1, 0.5, -1, 2] },
      'x',
      -9,
      9,
    ],
  ])('%s are numbers within their bounds, and move', (_, text, data, name, low, high) => {
    const compiled = compile(text, data);
    const { program } = samplerProgram(compiled.bound, defaultGibbsKernel, { keep: null, init: null });
    const run = new ChainRun(program, 0, { seed: '1', warmup: 5, draws: 20, thin: 1 }, []);
    while (!run.finished) run.advance(25);
    const output = chainOutput(program, { checkpoint: run.checkpoint(), pieces: run.takePieces() }, 20, 20);
    const k = program.recorded.findIndex((r) => r.name === name);
    const values = [...output.values[k]!];
    expect(values.every((v) => v >= low && v <= high)).toBe(true);
    expect(new Set(values).size).toBe(values.length);
    expect(output.warnings).toEqual([]);
  });
});
