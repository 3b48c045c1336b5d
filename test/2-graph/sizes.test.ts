/** Programs that would allocate or loop beyond reason are refused before anything is computed; large ones that can run are not. */
import { describe, expect, it } from 'vitest';
import { bind } from '../../src/2-graph/bind.js';
import { graphOf } from './programs.js';

function messages(source: string, data: Readonly<Record<string, unknown>> = {}): readonly string[] {
  return bind(graphOf(source), data, { mode: 'infer' })
    .diagnostics.filter((d) => d.severity === 'error')
    .map((d) => `${d.code}: ${d.message}`);
}

const end = ' sample z ~ Normal(0, 1)';

describe('sizes beyond reason', () => {
  it.each([
    ['let a = fill(0, 1e9) report b = a[0]', 'a[1000000000] needs 4 GB (4000000000 bytes)'],
    ['let a = zeros(1e12)', 'The loop over i runs 1000000000000 times'],
    ['let a = eye(1e6)', 'The loops over i, j run 1000000000000 times together'],
    ['let r = range(0, 1e12)', 'The loop over i runs 1000000000000 times'],
    ['let o = onehot(0, 1e10)', 'The loop over i runs 10000000000 times'],
    ['let a = [i * j for i in 0..<1e5, j in 0..<1e6]', 'The loops over i, j run 100000000000 times together'],
    ['let c = columns(zeros(1e9), 1)', 'c[1000000000, 2] needs 8 GB'],
    ['let c = concat(zeros(1e9), ones(1e9))', 'The loop over i runs 2000000000 times'],
    ['let t = transpose(zeros(1e6, 1e6))', 'The loops over i, j run 1000000000000 times together'],
    ['let n = 10^12 let s = sum(i for i in 0..<n)', 'The sum over i runs 1000000000000 times'],
    ['let n = floor(10.0^12) for i in 0..<n { factor z }', 'The loop over i runs 1000000000000 times'],
    ['sample x ~ MvNormal(zeros(1e5), eye(1e5))', 'A parameter, of shape [100000, 100000], needs 80 GB'],
    ['sample x ~ Categorical(fill(1e-9, 1e9))', 'A parameter, of shape [1000000000], needs 8 GB'],
    ['sample x ~ Normal(inverse(eye(1e5))[0, 0], 1)', 'An argument of inverse, of shape [100000, 100000], needs 80 GB'],
    ['sample x ~ Normal(cumsum(zeros(1e11))[3], 1)', 'An argument of cumsum, of shape [100000000000], needs 800 GB'],
    ['sample x ~ Normal(prod(1 for i in 0..1e15), 1)', 'The prod over i runs 1000000000000001 times'],
    ['sample x ~ Normal(sum(eye(1e5)), 1)', 'The loops over i, j run 10000000000 times together'],
    [
      'for i in 0..<1e5, j in 0..<1e5, k in 0..<1e5 { if i == j { factor z * i * k } }',
      'The loops over i, j, k run 1000000000000000 times together',
    ],
    ['sample x ~ iid(Normal(0, 1), 1e10)', 'The loop over i runs 10000000000 times'],
    ['predict x ~ iid(Normal(0, 1), 1e9)', 'x[1000000000] needs 8 GB'],
    ['predict x ~ pushforward(v => v[0] + v[1], iid(Normal(0, 1), 1e9))', 'A draw that is mapped, of shape [1000000000], needs 8 GB'],
    ['report a = [1 for i in 0..<1e9]', 'a[1000000000] needs 4 GB'],
  ])(
    '%s',
    (source, expected) => {
      const found = messages(source + end);
      expect(found).toHaveLength(1);
      expect(found[0]).toMatch(/^too-large: /);
      expect(found[0]).toContain(expected);
    },
    1000,
  );

  it('counts what a program makes, not what it is given', () => {
    expect(messages(`data N: int sample a ~ iid(Normal(0, 1), N) sample b ~ iid(Normal(0, 1), N)${end}`, { N: 2e8 })).toHaveLength(1);
    expect(messages(`data x: real[N] observe x ~ Normal(z, 1)${end}`, { x: new Float64Array(1000) })).toEqual([]);
  });

  it('does not take ragged loops for full ones', () => {
    const start = Array.from({ length: 200_001 }, (_, n) => n);
    // 200,000 rows of one element each out of 200,000 are 200,000 steps, not their square.
    expect(
      messages(`data start: int[M] data x: real[L] for n in 0..<M - 1, j in start[n]..<start[n + 1] { factor z * x[j] }${end}`, {
        start,
        x: new Float64Array(200_000),
      }),
    ).toEqual([]);
    expect(
      messages(`data x: real[N] for t in 0..<N { factor z * sum(x[s] for s in max(0, t - 2)..t) }${end}`, { x: new Float64Array(200_000) }),
    ).toEqual([]);
  });

  it('counts what does not change along a loop once', () => {
    expect(
      messages(`data X: real[N, D] let Z = standardise(X) factor z * Z[0, 0]${end}`, { X: Array.from({ length: 200_000 }, (_, n) => [n]) }),
    ).toEqual([]);
  });

  it('takes elements of arrays that are never made', () => {
    expect(messages('sample x ~ Normal(zeros(1e9)[3] + trace(outer(zeros(1e6), zeros(1e6))), 1)')).toEqual([]);
  });
});
