/** Formulas for readers: what they look like, and that their value is that of the formula they came from. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compile } from '../../src/index.js';
import { readable } from '../../src/4-infer/readable.js';
import { evaluate } from '../../src/expr/evaluate.js';
import { type Expr, type Index, add, build, cond, element, index, mul, neg, num, reduce, ref, size, sub } from '../../src/expr/expr.js';
import { graphOf } from '../2-graph/programs.js';

const graph = graphOf(`
  data A: real[D, D] data C: cov[D] data x: real[N, D] data z: int[N] data y: real[D]
  sample W ~ Wishart(D + 2, eye(D))
  factor W[0, 0] + A[0, 0] + C[0, 0] + x[0, 0] + z[0] + y[0]`);

describe('formulas for readers', () => {
  it('of a mixture with covariances have no symmetric halves', () => {
    const text = String(
      compile(`
      data x: real[N, D] data K: int
      sample pi ~ Dirichlet(fill(10, K))
      for k in 0..<K { sample mu[k] ~ MvNormal(zeros(D), 5 * eye(D)) sample S[k] ~ InverseWishart(D + 2, eye(D)) }
      for n in 0..<N { sample z[n] ~ Categorical(pi) observe x[n] ~ MvNormal(mu[z[n]], S[z[n]]) }`).explain({
        backend: 'gibbs',
        options: { block: 'none' },
      }),
    );
    expect(text).toContain('precision[i,j] = (i == j ? 0.2 : 0) + sum(z[n] == k ? inverse(S[k])[i,j] : 0 for n in 0..<N)');
    expect(text).toContain('shift[i] = sum(z[n] == k ? inverse(S[k])[i,j]*x[n,j] : 0 for n in 0..<N, j in 0..<D)');
    expect(text).toContain(
      'logWeight[k] = log(pi[k]) - 0.5*sum(inverse(S[k])[i,j]*(x[n,i] - mu[k,i])*(x[n,j] - mu[k,j]) for i in 0..<D, j in 0..<D) - 0.5*logdet(S[k])',
    );
  });

  it('ask for equal indices outside of sums, and count what does not depend on them', () => {
    // Gelman et al. (2013), 3.5: with prior N(0, 5 I) and n_k observations of variance 0.4 I the precision is (1/5 + n_k/0.4) I.
    const mixture = String(
      compile(`data x: real[N, D] data K: int sample pi ~ Dirichlet(fill(1, K))
        for k in 0..<K { sample mu[k] ~ MvNormal(zeros(D), 5 * eye(D)) }
        for n in 0..<N { sample z[n] ~ Categorical(pi) observe x[n] ~ MvNormal(mu[z[n]], 0.4 * eye(D)) }`).explain({
        backend: 'gibbs',
        options: { block: 'none' },
      }),
    );
    expect(mixture).toContain('precision[i,j] = i == j ? 0.2 + sum(z[n] == k ? 2.5 : 0 for n in 0..<N) : 0\n');
    // A mean of values and of gaps alike: what they share is their number.
    const halves = String(
      compile(`data x: real[N] data side: bool[N] sample m ~ Normal(0, 2) sample s ~ Gamma(1, 1)
        for n in 0..<N { observe x[n] ~ Normal(side[n] ? m : m + 1, s) }`).explain({ backend: 'gibbs' }),
    );
    expect(halves).toContain('precision = 0.25 + N/s^2\n');
  });

  it('have the numbers of arrays without a name', () => {
    const text = String(
      compile('data y: real sample w ~ Beta(1, 1) observe y ~ mixture([w, 1 - w], [Normal(0, 1), Normal([3, 7][1], 1)])').explain({
        backend: 'gibbs',
      }),
    );
    expect(text).toMatch(/\(y - 7\)\^2/);
    expect(text).not.toContain('constant');
  });

  it('keep the halves of what is not symmetric', () => {
    const text = String(
      compile('data B: real[D, D] data y: real sample w ~ MvNormal(zeros(D), eye(D)) factor -w @ (inverse(B) @ w)').explain({
        backend: 'gibbs',
      }),
    );
    expect(text).toMatch(/inverse\(B\)\[i,j\] \+ inverse\(B\)\[j,i\]/);
  });

  it('do not ask whether data are infinite: only finite ones are taken', () => {
    const text = (bound: string): string =>
      String(
        compile(`data t: real data c: real let a = 1 / 0 sample m ~ Normal(0, 5)
          observe t ~ censored(Normal(m, 1), -inf, ${bound})`).explain({ backend: 'map' }),
      );
    expect(text('c')).toContain('derivative = (t >= c ? inverseMills(m - c) : t - m) - 0.04*m');
    expect(text('a')).toContain('== inf');
  });

  it('have the value of what they came from', () => {
    const D = 2,
      N = 3;
    const symmetric = [
        [2, 0.7],
        [0.7, 1.5],
      ],
      values: Record<string, unknown> = {
        A: [
          [1, 0.4],
          [-0.3, 2],
        ],
        C: symmetric,
        W: [
          [1.2, -0.5],
          [-0.5, 0.9],
        ],
        x: [
          [1, 2],
          [-1, 0.5],
          [0.3, 0.1],
        ],
        z: [1, 0, 1],
        y: [0.6, -2],
      };
    const [i, j] = [index('i'), index('j')];
    const inverseOf = (name: string): Expr => element(arrayElement(name), [i, j]);
    function arrayElement(name: string): { fn: string; args: [ReturnType<typeof build>]; dims: Expr[] } {
      return { fn: 'inverse', args: [build([size('D'), size('D')], (a, b) => ref(name, [a, b]))], dims: [size('D'), size('D')] };
    }
    const atoms: fc.Arbitrary<Expr> = fc.oneof(
      fc.constantFrom(-0.5, 0, 1, 2).map(num),
      fc
        .constantFrom('A', 'C', 'W')
        .chain((name) => fc.constantFrom<Expr>(ref(name, [i, j]), ref(name, [j, i]), inverseOf(name), element(arrayElement(name), [j, i]))),
      fc.constantFrom<Expr>(ref('y', [i]), ref('y', [j]), size('D')),
    );
    const expressions = (depth: number): fc.Arbitrary<Expr> => {
      if (depth === 0) return atoms;
      const inner = expressions(depth - 1);
      return fc.oneof(
        atoms,
        fc.tuple(inner, inner).map(([a, b]) => add(a, b)),
        fc.tuple(inner, inner).map(([a, b]) => sub(a, b)),
        inner.map(neg),
        fc.tuple(fc.constantFrom(-1, 0.5, 2, -2).map(num), inner).map(([c, a]) => mul(c, a)),
        fc.tuple(inner, inner).map(([a, b]) => mul(a, b)),
        fc
          .tuple(fc.constantFrom<[Expr, Expr]>([i, j], [j, i]), inner)
          .map(([[a, b], e]) => cond({ op: 'apply', fn: 'eq', args: [a, b] }, e, num(0))),
        fc
          .tuple(fc.constantFrom<Expr>(i, j, num(0), num(1)), fc.constantFrom(0, 2).map(num), fc.constantFrom('eq', 'ne'), inner)
          .map(([a, n, fn, e]) => cond({ op: 'apply', fn, args: [ref('z', [n]), a] }, e, num(0))),
        fc
          .tuple(fc.constantFrom<Expr>(i, j), fc.constantFrom('eq', 'ne', 'lt', 'ge'), fc.constantFrom(0, 1).map(num), inner)
          .map(([a, fn, c, e]) => cond({ op: 'apply', fn, args: [a, c] }, e, num(0))),
        fc
          .tuple(
            inner,
            fc.constantFrom('C', 'x').map((name) => ref(name, [i, num(0)])),
          )
          .map(([a, b]) => ({ op: 'apply', fn: 'div', args: [mul(a, b), mul(b, num(4))] }) as Expr),
        inner.map((e) => {
          const n = index('n');
          return reduce(
            'sum',
            n,
            num(0),
            size('N'),
            cond({ op: 'apply', fn: 'eq', args: [ref('z', [n]), i] }, mul(ref('x', [n, ref('z', [n])]), e), num(0)),
          );
        }),
      );
    };
    const environment = (a: number, b: number): Parameters<typeof evaluate>[1] => ({
      indices: new Map<Index, number>([
        [i, a],
        [j, b],
      ]),
      sizes: new Map([
        ['D', D],
        ['N', N],
      ]),
      variable: (name, position) => position.reduce<unknown>((v, k) => (v as unknown[])[k], values[name]) as number,
    });
    fc.assert(
      fc.property(expressions(4), (e) => {
        const shown = readable(e, graph);
        for (const [a, b] of [
          [0, 0],
          [0, 1],
          [1, 0],
        ] as const) {
          const expected = evaluate(e, environment(a, b)),
            found = evaluate(shown, environment(a, b));
          expect(Math.abs(found - expected)).toBeLessThanOrEqual(1e-9 * Math.max(1, Math.abs(expected), scale(e)));
        }
      }),
      { numRuns: 300, seed: 2 },
    );
    // Sums of large terms cancel: what counts is the size of the parts.
    function scale(e: Expr): number {
      return Math.exp(Math.min(12, depthOf(e)));
    }
    function depthOf(e: Expr): number {
      return e.op === 'apply' ? 1 + Math.max(...e.args.map(depthOf)) : 1;
    }
  });
});
