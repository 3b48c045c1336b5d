import { describe, expect, it } from 'vitest';
import { evaluate } from '../../src/expr/evaluate.js';
import { printText, printTextArray } from '../../src/expr/print.js';
import type { Law, Statement } from '../../src/2-graph/graph.js';
import { run } from './interpret.js';
import { graphOf, programs } from './programs.js';

/** The value of an expression of data; arrays row-major. */
function valueOf(expression: string, data: Parameters<typeof run>[1] = {}, declarations = ''): number[] {
  return run(graphOf(`${declarations}\nlet answer = ${expression}`), data).values('answer');
}
const vector = { a: [1, 2, 4], b: [3, 5, 7], i: [2, 0, 1] },
  vectors = 'data a: real[N] data b: real[N] data i: int[N]';
const matrix = {
    A: [
      [1, 2],
      [3, 4],
      [5, 6],
    ],
    S: [
      [2, 1],
      [1, 3],
    ],
    v: [1, -1],
  },
  matrices = 'data A: real[N, D] data S: cov[D] data v: real[D]';

function close(actual: readonly number[], expected: readonly number[]): void {
  expect(actual.length).toBe(expected.length);
  actual.forEach((x, k) => {
    expect(x).toBeCloseTo(expected[k]!, 12);
  });
}

function law(l: Law): string {
  switch (l.kind) {
    case 'family':
      return `${l.family}(${Object.entries(l.parameters)
        .map(([k, a]) => `${k}: ${printTextArray(a)}`)
        .join(', ')})`;
    case 'truncated':
      return `truncated(${law(l.base)}, ${printText(l.low)}, ${printText(l.high)})`;
    case 'mixture':
      return `mixture(${printText(l.weight)}, ${law(l.component)} for ${l.index.name} in ${printText(l.from)}..<${printText(l.to)})`;
    case 'censored':
      return `censored(${law(l.base)}, ${printText(l.low)}, ${printText(l.high)})`;
    case 'pushforward':
      return `pushforward(${law(l.base)})`;
    case 'mixtureOf':
      return `mixture([${l.weights.map((w) => printText(w)).join(', ')}], [${l.components.map(law).join(', ')}])`;
  }
}
function line(s: Statement): string {
  const plates = s.plates.map((p) => `for ${p.index.name} in ${printText(p.from)}..<${printText(p.to)} `).join('');
  const target =
    s.kind === 'factor' || s.target === null
      ? ''
      : ` ${s.target.variable}${s.target.at.length === 0 ? '' : `[${s.target.at.map((e) => printText(e)).join(', ')}]`}`;
  const guards = s.guards.map((g) => `if ${printText(g)} `).join('');
  const tail =
    s.kind === 'let'
      ? ` = ${printText(s.value)}`
      : s.kind === 'factor'
        ? ` ${printText(s.value)}`
        : s.kind === 'param'
          ? ''
          : s.kind === 'observe'
            ? ` {${printTextArray(s.value)}} ~ ${law(s.law)}`
            : ` ~ ${law(s.law)}`;
  return `${plates}${guards}${s.kind}${target}${tail}`;
}
function lines(source: string): string[] {
  return graphOf(source).statements.map(line);
}
function type(source: string, name: string): string {
  const v = graphOf(source).variables.get(name)!;
  return `${v.origin} ${v.scalar}[${v.dims.map((d) => printText(d)).join(', ')}] event ${v.eventRank}`;
}

describe('expressions mean what linear algebra and the language say', () => {
  it.each<[string, number[]]>([
    ['1 + 2 * 3 - 4 / 8', [6.5]],
    ['-2^2', [-4]],
    ['2^3^2', [512]],
    ['a + b', [4, 7, 11]],
    ['2 * a - 1', [1, 3, 7]],
    ['a @ b', [3 + 10 + 28]],
    ['dot(a, b)', [41]],
    ['outer(a, b)', [3, 5, 7, 6, 10, 14, 12, 20, 28]],
    ['a[i]', [4, 1, 2]],
    ['a[i[i]]', [2, 4, 1]],
    ['a[1..<3]', [2, 4]],
    ['a[0..1]', [1, 2]],
    ['a[..]', [1, 2, 4]],
    ['a[1..<3][1]', [4]],
    ['sum(a)', [7]],
    ['prod(a)', [8]],
    ['mean(a)', [7 / 3]],
    ['variance(a)', [7 / 3]],
    ['sd(a)', [Math.sqrt(7 / 3)]],
    ['min(b)', [3]],
    ['max(a, b)', [3, 5, 7]],
    ['max(1, a, 3)', [3, 3, 4]],
    ['argmax(a)', [2]],
    ['logsumexp(a)', [Math.log(Math.exp(1) + Math.exp(2) + Math.exp(4))]],
    ['softmax(a)', [1, 2, 4].map((x) => Math.exp(x) / (Math.exp(1) + Math.exp(2) + Math.exp(4)))],
    ['cumsum(a)', [1, 3, 7]],
    ['cumprod(a)', [1, 2, 8]],
    ['standardise(a)', [1, 2, 4].map((x) => (x - 7 / 3) / Math.sqrt(7 / 3))],
    ['concat(a, b[0..<1], 9)', [1, 2, 4, 3, 9]],
    ['range(2, 5)', [2, 3, 4]],
    ['length(a)', [3]],
    ['zeros(2)', [0, 0]],
    ['fill(7, 2, 2)', [7, 7, 7, 7]],
    ['eye(2)', [1, 0, 0, 1]],
    ['diag(a[0..<2])', [1, 0, 0, 2]],
    ['diag(outer(a, b))', [3, 10, 28]],
    ['onehot(1, 3)', [0, 1, 0]],
    ['onehot(i, 3)', [0, 0, 1, 1, 0, 0, 0, 1, 0]],
    ['columns(a, 1, b)', [1, 1, 3, 2, 1, 5, 4, 1, 7]],
    ['[a[0], 2 * a[1], 5]', [1, 4, 5]],
    ['[[a[0], 1], [2, b[0]]][1]', [2, 3]],
    ['[k * a[k] for k in 0..<N]', [0, 2, 8]],
    ['[k + 10 * j for k in 1..<3, j in 0..2]', [1, 11, 21, 2, 12, 22]],
    ['sum(a[k]^2 for k in 0..<N)', [21]],
    ['sum(k * j for k in 0..<3, j in 0..<k)', [2 * 1]],
    ['sum(a[k] for k in 5..<2)', [0]],
    ['mean(k for k in 0..<N)', [1]],
    ['mean(k for k in 0..<3, j in 0..<k)', [(1 + 2 + 2) / 3]],
    ['prod(1 - 0.5 for k in 0..<3)', [0.125]],
    ['a[0] > 0 ? 1 : 2', [1]],
    ['a > 1.5 ? a : 0', [0, 2, 4]],
    ['a >= 2 && b < 6', [0, 1, 0]],
    ['!(a >= 2) || b == 7', [1, 0, 1]],
    ['[t > 0 && a[t-1] > 1 for t in 0..<N]', [0, 0, 1]],
    ['[t == 0 || a[t-1] > 1 for t in 0..<N]', [1, 0, 1]],
    ['true + 1', [2]],
    ['inf > 3', [1]],
    ['floor(2.7) + ceil(2.1) + round(2.6)', [8]],
    ['beta(2, 3)', [1 / 12]],
    ['lchoose(5, 2)', [Math.log(10)]],
    ['log10(1000) + log2(8)', [6]],
    ['sigmoid(0) + Phi(0)', [1]],
    ['logpdf(Normal(1, 2), 3)', [-0.5 - Math.log(2) - 0.5 * Math.log(2 * Math.PI)]],
    ['logpdf(Uniform(0, 2), 3)', [-Infinity]],
    ['sum(logpdf(Exponential(2), a))', [3 * Math.log(2) - 14]],
    ['logpdf(mixture([0.25, 0.75], [Uniform(0, 1), Uniform(0, 2)]), 0.5)', [Math.log(0.25 + 0.375)]],
    ['logpdf(mixture([0.25, 0.75], Uniform(0, k + 1) for k in 0..<2), 1.5)', [Math.log(0.375)]],
    ['logpdf(truncated(Exponential(1), 1, 2), 1.5)', [-1.5 - Math.log(Math.exp(-1) - Math.exp(-2))]],
    ['logpdf(truncated(Poisson(1), 1, 2), 1)', [Math.log(1 / 1.5)]],
    ['cdf(Uniform(0, 4), 1)', [0.25]],
    ['cdf(Exponential(1), a)', [1, 2, 4].map((x) => 1 - Math.exp(-x))],
    ['quantile(Uniform(2, 4), 0.25)', [2.5]],
  ])('%s', (expression, expected) => {
    close(valueOf(expression, vector, vectors), expected);
  });

  it.each<[string, number[]]>([
    ['A @ v', [-1, -1, -1]],
    ['v @ transpose(A)', [-1, -1, -1]],
    ['transpose(A) @ A', [35, 44, 44, 56]],
    ['v @ S @ v', [3]],
    ['A[1]', [3, 4]],
    ['A[.., 1]', [2, 4, 6]],
    ['A[1..<3, 0]', [3, 5]],
    ['A[[2, 0]]', [5, 6, 1, 2]],
    ['A[[2, 0], [1, 0]]', [6, 5, 2, 1]],
    ['trace(S)', [5]],
    ['det(S)', [5]],
    ['logdet(S)', [Math.log(5)]],
    ['inverse(S)', [0.6, -0.2, -0.2, 0.4]],
    ['solve(S, v)', [0.8, -0.6]],
    ['cholesky(S)', [Math.SQRT2, 0, Math.SQRT1_2, Math.sqrt(2.5)]],
    ['sum(A)', [21]],
    ['sd(A)', [Math.sqrt(3.5)]],
    ['standardise(A)', [-1, -1, 0, 0, 1, 1]],
    ['concat(A, S)', [1, 2, 3, 4, 5, 6, 2, 1, 1, 3]],
    ['softmax(S)', [1 / (1 + Math.exp(-1)), 1 / (1 + Math.exp(1)), 1 / (1 + Math.exp(2)), 1 / (1 + Math.exp(-2))]],
    ['sum(A[n] for n in 0..<N)', [9, 12]],
    ['logpdf(MvNormal(zeros(D), eye(D)), v)', [-1 - Math.log(2 * Math.PI)]],
    [
      'logpdf(MvNormal(A, eye(D)), v)',
      [
        [0, 3],
        [2, 5],
        [4, 7],
      ].map(([p, q]) => -0.5 * (p! * p! + q! * q!) - Math.log(2 * Math.PI)),
    ],
  ])('%s', (expression, expected) => {
    close(valueOf(expression, matrix, matrices), expected);
  });

  it('inlines functions of scalars and arrays, parameters hide variables', () => {
    close(valueOf('f(a, 3)', vector, `${vectors} fn f(b, c) = g(b) + c fn g(x) = x * x`), [4, 7, 19]);
    close(valueOf('sum(a)', vector, `${vectors} fn sum(x) = 42`), [42]);
  });
  it('keeps nested references to one array apart', () => {
    // p = [2, 1, 0] as a comprehension with an inner sum; p[p[j]] = j.
    close(valueOf('[p(p(j)) for j in 0..<3]', {}, 'fn p(k) = [sum(1 for r in m..<2) for m in 0..<3][k]'), [0, 1, 2]);
    graphOf(
      'data x: real[N] let c = [sum(x[r] * x[m] for r in 0..<N) > 0 ? 1 : 0 for m in 0..<N] let d = [c[c[j]] for j in 0..<N] let e = [floor(sum(x[r] * j for r in 0..<N)) for j in 0..<N][[floor(sum(x[r] * j for r in 0..<N)) for j in 0..<N]]',
    );
  });
  it('takes host values as constants and calls host functions', () => {
    const g = graphOf('let m = \u{E000}0\u{E001} let q = \u{E000}1\u{E001}(m[1], 2) let s = \u{E000}2\u{E001} + 1', [
      { kind: 'array', shape: [2], values: Float64Array.of(3, 4.5) },
      { kind: 'function', name: 'f', call: (x, y) => Number(x) * Number(y) },
      { kind: 'number', value: 2 },
    ]);
    const r = run(g, {});
    expect([...r.values('m'), ...r.values('q'), ...r.values('s')]).toEqual([3, 4.5, 9, 3]);
  });
  it('gives names of the host language no meaning', () => {
    const r = run(
      graphOf('let constructor = 2 let __proto__ = constructor + 1 let toString = __proto__ * 2 let hasOwnProperty = toString'),
      {},
    );
    expect(r.values('hasOwnProperty')).toEqual([6]);
  });
  it('does not allocate or unroll large arrays', () => {
    const g = graphOf('data x: real[N] let s = sum(zeros(1e12)) let m = x[0] + zeros(1e12)[5]');
    expect(g.statements.length).toBe(2);
    expect(line(g.statements[1]!)).toBe('let m = x[0]');
  });
});

describe('statements', () => {
  it.each(Object.entries(programs))('%s is a legal graph', (_, source) => {
    graphOf(source);
  });

  it('keeps plates as indices and lets as variables', () => {
    expect(lines(programs['hierarchicalMixture']!)).toEqual([
      'sample pi ~ Dirichlet(alpha: fill(10, K))',
      'for k in 0..<K sample mu[k] ~ MvNormal(mean: fill(0, D), cov: 5*eye(D))',
      'for n in 0..<N sample z[n] ~ Categorical(probs: pi)',
      'for n in 0..<N observe x[n] {x[n]} ~ MvNormal(mean: mu[z[n]], cov: 0.4*eye(D))',
    ]);
    expect(lines(programs['corner']!)).toEqual([
      'let a[0] = 0',
      'for k in 1..<I sample a[k] ~ Normal(mean: 0, sd: 1)',
      'for n in 0..<N let eta[n] = a[group[n]]',
      'for n in 0..<N observe y[n] {y[n]} ~ Poisson(rate: exp(eta[n]))',
      'for n in 0..<N let eta$2[n] = 2*a[group[n]]',
      'for n in 0..<N let q[n] = eta$2[n]',
      'for n in 0..<N predict y2[n] ~ Poisson(rate: exp(a[group[n]]))',
    ]);
  });
  it('turns leading dimensions into plates', () => {
    expect(
      lines(
        'data P: simplex[N, K] data M: real[N, D] data S: cov[D] data y: int[N] data x: real[N, D] observe y ~ Categorical(P) observe x ~ MvNormal(M, S) sample z ~ Categorical(P)',
      ),
    ).toEqual([
      'for n in 0..<N observe y[n] {y[n]} ~ Categorical(probs: P[n])',
      'for n in 0..<N observe x[n] {x[n]} ~ MvNormal(mean: M[n], cov: S)',
      'for n in 0..<N sample z[n] ~ Categorical(probs: P[n])',
    ]);
    expect(lines('data y: real[N, M] observe y ~ Normal(0, 1) observe y[.., 0] ~ Normal(1, 1)')).toEqual([
      'for n in 0..<N for m in 0..<M observe y[n, m] {y[n,m]} ~ Normal(mean: 0, sd: 1)',
      'for n in 0..<N observe y[n, 0] {y[n,0]} ~ Normal(mean: 1, sd: 1)',
    ]);
    expect(
      lines('data low: real[N] data S: cov[D] sample t ~ truncated(Normal(0, 1), low, inf) sample c ~ iid(MvNormal(zeros(D), S), [2, 3])'),
    ).toEqual([
      'for n in 0..<N sample t[n] ~ truncated(Normal(mean: 0, sd: 1), low[n], inf)',
      'for i in 0..<2 for j in 0..<3 sample c[i, j] ~ MvNormal(mean: fill(0, D), cov: S)',
    ]);
    expect(type('data S: cov[D] sample c ~ iid(MvNormal(zeros(D), S), [2, 3])', 'c')).toBe('sample real[2, 3, D] event 1');
  });
  it('rewrites alternative parameters and names', () => {
    expect(
      lines('sample x ~ Normal(sd: 2, mean: 1) sample t ~ Gamma(2, 3) sample y ~ Normal(x, precision: t) sample z ~ Binomial(5, logit: x)'),
    ).toEqual([
      'sample x ~ Normal(mean: 1, sd: 2)',
      'sample t ~ Gamma(shape: 2, rate: 3)',
      'sample y ~ Normal(mean: x, sd: 1/sqrt(t))',
      'sample z ~ Binomial(n: 5, p: sigmoid(x))',
    ]);
  });
  it('truncates restricted scalars, leaves laws alone that obey already, and counts the orders of exchangeable draws', () => {
    expect(
      lines(
        'sample a: positive ~ Normal(0, 1) sample b: positive ~ Gamma(2, 1) sample c: unit ~ truncated(Normal(0, 1), -1, 0.5) sample d: interval(-1, 2) ~ Cauchy(0, 1) sample n: positive ~ Poisson(3) sample k: int ~ Poisson(2)',
      ),
    ).toEqual([
      'sample a ~ truncated(Normal(mean: 0, sd: 1), 0, inf)',
      'sample b ~ Gamma(shape: 2, rate: 1)',
      'sample c ~ truncated(Normal(mean: 0, sd: 1), 0, 0.5)',
      'sample d ~ truncated(Cauchy(loc: 0, scale: 1), -1, 2)',
      'sample n ~ truncated(Poisson(rate: 3), 1, inf)',
      'sample k ~ Poisson(rate: 2)',
    ]);
    expect(lines('data J: int sample c: ordered[J, 3] ~ iid(Normal(0, 5), [J, 3])')).toEqual([
      'for i in 0..<J for j in 0..<3 sample c[i, j] ~ Normal(mean: 0, sd: 5)',
      'for i in 0..<J factor lgamma(4)',
    ]);
    const g = graphOf('sample c: ordered[3] ~ iid(Normal(0, 5), 3)');
    // 3! = 6 orders.
    expect(run(g, {}).factors).toBeCloseTo(Math.log(6), 12);
    expect(g.variables.get('c')!.constraint.kind).toBe('ordered');
  });
  it('finds the observed datum where the left side is one', () => {
    const targets = (source: string): (string | null)[] =>
      graphOf(source).statements.map((s) =>
        s.kind !== 'observe' ? '-' : s.target === null ? null : `${s.target.variable}[${s.target.at.map((e) => printText(e)).join(', ')}]`,
      );
    expect(
      targets(
        'data x: real[N] data y: real[N, 2] data g: int[N] observe x ~ Normal(0, 1) observe log(x) ~ Normal(0, 1) observe x[1..<N] ~ Normal(0, 1) observe y ~ MvNormal(zeros(2), eye(2)) observe y[.., 1] ~ Normal(0, 1) observe x[g] ~ Normal(0, 1) let w = 2 * x observe w ~ Normal(0, 1)',
      ),
    ).toEqual(['x[n]', null, 'x[n + 1]', 'y[n]', 'y[n, 1]', null, '-', null]);
    // Part of a vector is not one draw of it.
    expect(targets('data y: real[N, 3] observe y[0, 0..<2] ~ MvNormal(zeros(2), eye(2))')).toEqual([null]);
  });
  it('knows shapes and types of variables', () => {
    expect(type(programs['vectors']!, 'z')).toBe('sample real[T, K] event 1');
    expect(type(programs['stickBreaking']!, 'pi')).toBe('let real[K] event 0');
    expect(type(programs['topics']!, 'z')).toBe('sample int[D, max(n[d] for d in 0..<D)] event 0');
    expect(graphOf(programs['topics']!).variables.get('z')!.ragged).toBe(true);
    expect(type(programs['corner']!, 'a')).toBe('sample real[I] event 0');
    expect(type(programs['maximumLikelihoodMixture']!, 'Sigma')).toBe('param real[K, D, D] event 2');
    expect(type('data y: real[T] for t in 0..<T { let h[t] = t > 0 ? 0.5 * h[t-1] : 0 }', 'h')).toBe('let real[T] event 0');
    expect(type('data N: int let M = N - 1 let z = zeros(M)', 'z')).toBe('let int[N - 1] event 0');
    expect(type('for i in -2..<3 { let m = i * 2 factor m }', 'm')).toBe('let int[5] event 0');
  });
  it('binds sizes by the shapes of data', () => {
    const g = graphOf('data x: real[N, D] data S: cov[D] data n: int data w: real[n] param b: real[P]');
    expect([...g.sizes.values()].map((s) => [s.name, s.sources])).toEqual([
      ['N', [{ variable: 'x', axis: 0 }]],
      [
        'D',
        [
          { variable: 'x', axis: 1 },
          { variable: 'S', axis: 0 },
          { variable: 'S', axis: 1 },
        ],
      ],
      ['P', []],
    ]);
    expect(printText(g.variables.get('w')!.dims[0]!)).toBe('n');
  });
  it('leaves to bind what data decides', () => {
    const g = graphOf(
      'data x: real[N, D] observe x ~ MvNormal(zeros(2), eye(2)) data n: int[N] data y: real[N, M] for i in 0..<N { let s = sum(y[i, 0..<n[i]] * x[i, 0..<n[N-1-i]]) }',
    );
    expect(g.obligations.map((o) => `${printText(o.left)} = ${printText(o.right)}`)).toEqual([
      'D = 2',
      'sum(abs(n[i] - n[N-i-1]) for i in 0..<N) = 0',
    ]);
    expect(evaluate(g.obligations[1]!.left, { sizes: new Map([['N', 2]]), variable: (_, at) => [3, 5][at[0]!]! })).toBe(4);
  });
  it('makes conditions of data to guards', () => {
    expect(lines(programs['conditional']!).slice(0, 3)).toEqual([
      'if use sample b ~ Normal(mean: 0, sd: 1)',
      'if use let m = b',
      'if !use let m = 2.5',
    ]);
  });
});
