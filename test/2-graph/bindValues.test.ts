/**
 * Values that data alone decide inside of expressions with unknowns: refused before a run where they are
 * no numbers whatever the unknowns are, accepted where some value of the unknowns has a density.
 * Truth: arithmetic of the extended reals by hand (log(-1) is no number, log(0) = -inf, 1/0 = inf, 0/0 is no number).
 */
import { describe, expect, it } from 'vitest';
import { bindData, compileText } from '../../src/pipeline.js';
import { cpuMilliseconds } from '../cpuTime.js';

/** Code and beginning of the message of each diagnostic but notes. */
function said(program: string, data: Readonly<Record<string, unknown>>): readonly string[] {
  const { diagnostics } = bindData(compileText(program, 'model'), data, 'infer');
  return diagnostics.filter((d) => d.severity !== 'note').map((d) => `${d.severity} ${d.code}: ${d.message.replace(/, so that .*$/, '')}`);
}

const start = 'data y: real[N]\nsample m ~ Normal(0, 1)\nsample s ~ Gamma(1, 1)\n';

describe('what data alone make no number', () => {
  it.each<[string, string, string]>([
    ['a factor of data', 'factor log(y[0])', 'error not-a-number: log(y[0]) is NaN'],
    ['a factor with unknowns', 'factor m * log(y[0])', 'error not-a-number: log(y[0]) is NaN'],
    [
      'a factor in a plate, the element',
      'for n in 0..<N { factor -(m - sqrt(y[n] + 1))^2 }',
      'error not-a-number: sqrt(y[n] + 1) at n = 2 is NaN',
    ],
    ['a mean', 'for n in 0..<N { observe y[n] ~ Normal(m + log(y[n]), 1) }', 'error not-a-number: log(y[n]) at n = 0 is NaN'],
    ['a mean of an unknown', 'sample v ~ Normal(m * log(y[0]), s)', 'error not-a-number: log(y[0]) is NaN'],
    ['a definition of data', 'let l = log(y)\nfor n in 0..<N { observe y[n] ~ Normal(m * l[n], 1) }', 'error not-a-number: l[0] is NaN'],
    [
      'a definition with unknowns',
      'for n in 0..<N { let r[n] = m * log(y[n]) }\nfor n in 1..<N { observe y[n] ~ Normal(r[n - 1], 1) }',
      'error not-a-number: r[0] is NaN',
    ],
    ['a sum over data', 'factor sum(m * log(y[n]) for n in 0..<N)', 'error not-a-number: log(y[n]) at n = 0 is NaN'],
    ['a division by zero', 'factor m / (y[0] + 1)', 'error not-a-number: m/(y[0] + 1) is NaN'],
    [
      'a component of a mixture',
      'observe y ~ mixture([0.5, 0.5], [Normal(m, 1), Normal(m + log(y[0]), 1)])',
      'error not-a-number: log(y[0]) is NaN',
    ],
    ['a bound of a truncation', 'sample v ~ truncated(Normal(0, 1), m + log(y[0]), 9)', 'error not-a-number: log(y[0]) is NaN'],
    ['the branch that is taken', 'factor y[0] < 0 ? m * log(y[0]) : 0', 'error not-a-number: log(y[0]) is NaN'],
  ])('%s', (_name, statement, expected) => {
    expect(said(`${start}${statement}\n`, { y: [-1, 2, -3] })).toEqual([expected]);
  });

  it.each<[string, string]>([
    ['a factor that is -inf', 'factor y[0] > 0 ? 0 : -inf'],
    ['a sum that is -inf', 'factor m + log(y[0] + 1)'],
    ['a mean that is infinite', 'observe y[1] ~ Normal(m + 1 / (y[0] + 1), 1)'],
  ])('%s is no joint density', (_name, statement) => {
    expect(said(`${start}${statement}\n`, { y: [-1, 2, -3] })[0]).toMatch(/^error not-finite: /);
  });

  it('a regressor that was standardised without spread', () => {
    const program =
      'data X: real[N, D]\ndata y: real[N]\nlet Z = standardise(X)\nsample w ~ iid(Normal(0, 1), D)\nobserve y ~ Normal(Z @ w, 1)\n';
    expect(
      said(program, {
        X: [
          [1, 2],
          [1, 3],
          [1, 5],
        ],
        y: [1, 2, 3],
      }),
    ).toEqual(['error not-a-number: Z[0,0] is NaN']);
    expect(
      said(program, {
        X: [
          [1, 2],
          [4, 3],
          [1, 5],
        ],
        y: [1, 2, 3],
      }),
    ).toEqual([]);
  });

  it('a report, which is a warning', () => {
    expect(said(`${start}report q = log(y[0])\n`, { y: [-1, 2] })).toEqual(['warning not-a-number: log(y[0]) is NaN']);
    expect(said(`${start}report q = m * log(y[1])\n`, { y: [2, -1] })).toEqual(['warning not-a-number: log(y[1]) is NaN']);
  });
});

describe('what is accepted', () => {
  it.each<[string, string]>([
    ['the branch that is not taken', 'for n in 0..<N { factor y[n] > 0 ? m * log(y[n]) : 0 }'],
    ['a statement that does not exist', 'for n in 0..<N { if y[n] > 0 { factor m * log(y[n]) } }'],
    ['an empty loop', 'for n in N..<N { factor m * log(y[0]) }'],
    ['a hard zero for some values of the unknowns', 'factor m > 100 ? -inf : 0'],
    ['a branch that unknowns choose', 'factor m > 100 ? log(y[0]) : 0'],
    ['another branch that unknowns choose', 'factor m > 100 ? 0 : log(y[0])'],
    ['a term of weight zero', 'factor logsumexp([log(y[0] + 1) + m, log(0.5) - m])'],
    ['an infinite bound', 'sample v ~ truncated(Normal(0, 1), m, inf)'],
    ['a quotient by infinity', 'factor -m^2 / (1 / (y[0] + 1))'],
    ['a limit that is never reached', 'factor -max(m, log(y[0] + 1))^2'],
    ['an element that nobody reads', 'for n in 0..<N { let r[n] = m * log(y[n]) }\nfor n in 0..<N { factor y[n] > 0 ? r[n] : m }'],
    ['a definition that nobody reads', 'let l = log(y)\nobserve y ~ Normal(m, 1)'],
  ])('%s', (_name, statement) => {
    expect(said(`${start}${statement}\n`, { y: [-1, 2, -3] })).toEqual([]);
  });
});

it('costs one pass over a million data, however long the loops', () => {
  const N = 1_000_000;
  const y = new Float64Array(N).fill(2);
  const program = compileText(`${start}for n in 0..<N { observe y[n] ~ Normal(m * log(y[n]), s) }\n`, 'model');
  expect(
    cpuMilliseconds(() => {
      expect(bindData(program, { y }, 'infer').bound).not.toBeNull();
    }),
  ).toBeLessThan(3000);
  y[N - 1] = -2;
  expect(bindData(program, { y }, 'infer').diagnostics[0]?.message).toMatch(/^log\(y\[n\]\) at n = 999999 is NaN/);
});
