import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parse } from '../../src/1-parse/parse.js';
import { families } from '../../src/distributions/registry.js';
import { checkGraph } from '../../src/2-graph/check.js';
import { lower } from '../../src/2-graph/lower.js';
import { mistakes, programs } from './programs.js';

/** `code @ text under the caret`, in order of position. */
function found(source: string): string[] {
  return mistakes(source).map((d) => `${d.code} @ ${source.slice(d.span!.start, d.span!.end)}`);
}

describe('each mistake is found where it is, once', () => {
  it.each<[string, string[]]>([
    // names
    ['sample a ~ Normal(mu, 1)', ['unknown-name @ mu']],
    ['let a = foo(1)', ['unknown-function @ foo']],
    ['sample a ~ Normall(0, 1)', ['unknown-distribution @ Normall']],
    ['sample a ~ Normal(0, sdd: 1)', ['unknown-parameter @ sdd']],
    ['let a = exp(x: 1)', ['unknown-parameter @ x']],
    ['data a: positiv', ['unknown-type @ positiv']],
    ['fn f(x) = y + x', ['unknown-name @ y']],
    ['let a = __proto__', ['unknown-name @ __proto__']],
    ['for k in 0..<K { factor k }', ['unknown-name @ K']],
    ['data y: real data y: real', ['defined-twice @ y']],
    ['data y: real sample y ~ Normal(0, 1)', ['defined-twice @ y']],
    ['sample a ~ Normal(0, 1) predict a ~ Normal(0, 1)', ['defined-twice @ a']],
    ['fn f(a, a) = a', ['defined-twice @ a']],
    ['fn f(a) = a fn f(b) = b', ['defined-twice @ f']],
    ['for i in 0..<2 { for i in 0..<2 { factor i } }', ['defined-twice @ i']],
    ['for i in 0..<2 { data x: real }', ['declaration-inside-block @ data x: real']],
    ['for i in 0..<2 { let m = 1 factor m } factor m', ['unknown-name @ m']],
    // calls
    ['sample a ~ Normal(0)', ['missing-parameter @ Normal(0)']],
    ['sample a ~ Normal', ['missing-parameter @ Normal']],
    ['sample a ~ Normal(0, 1, 2)', ['wrong-argument-count @ Normal(0, 1, 2)']],
    // As Stan writes it: 0 is its location, and nothing is wrong with a scale.
    ['sample a ~ HalfCauchy(0, 25)', ['wrong-argument-count @ HalfCauchy(0, 25)']],
    ['sample a ~ Normal(0, 1, sd: 2)', ['parameter-twice @ sd']],
    ['sample a ~ Normal(0, 1, precision: 2)', ['both-parameterisations @ 1']],
    ['sample a ~ Normal(0, variance: 1, precision: 2)', ['both-parameterisations @ precision: 2']],
    ['sample a ~ Normal(mean: 0, 1)', ['positional-after-named @ 1']],
    ['sample a ~ Gamma(mean: 1)', ['missing-parameter @ Gamma(mean: 1)']],
    ['let a = exp(1, 2)', ['wrong-argument-count @ exp(1, 2)']],
    ['fn f(x) = x let a = f(1, 2)', ['wrong-argument-count @ f(1, 2)']],
    ['fn f(x) = g(x) fn g(x) = f(x)', ['recursive-function @ f', 'recursive-function @ g']],
    ['let a = t => t', ['function-as-value @ t => t']],
    ['let a = exp(k for k in 0..<3)', ['generator-unexpected @ k for k in 0..<3']],
    ['sample a ~ pushforward(3, Normal(0, 1))', ['type-mismatch @ 3']],
    ['sample a ~ pushforward(t => u + 1, Normal(0, 1))', ['unknown-name @ u']],
    ['sample a ~ pushforward(t => t)', ['wrong-argument-count @ pushforward(t => t)']],
    ['sample a ~ censored(MvNormal(zeros(2), eye(2)), 0, 1)', ['type-mismatch @ MvNormal(zeros(2), eye(2))']],
    ['sample a ~ censored(Normal(0, 1), 2, 1)', ['type-mismatch @ censored(Normal(0, 1), 2, 1)']],
    ['sample a ~ LKJ(2.5, 1)', ['type-mismatch @ 2.5']],
    ['sample a ~ LKJ(0, 1)', ['parameter-out-of-domain @ 0']],
    ['sample d ~ Poisson(3) sample a ~ LKJ(d, 1)', ['latent-shape @ LKJ(d, 1)']],
    ['sample a ~ Gumbel(0, -1)', ['parameter-out-of-domain @ -1']],
    ['sample a ~ InverseChiSquared(scale: 2)', ['missing-parameter @ InverseChiSquared(scale: 2)']],
    ['sample a ~ OrderedLogistic(0, 1)', ['type-mismatch @ 1']],
    ['sample a ~ Hypergeometric(3, 4, 9)', ['parameter-out-of-domain @ Hypergeometric(3, 4, 9)']],
    ['let a = Normal(0, 1)', ['distribution-as-value @ Normal']],
    ['let a = Normal', ['distribution-as-value @ Normal']],
    ['let a = exp', ['function-as-value @ exp']],
    ['sample a ~ 3', ['distribution-expected @ 3']],
    ['sample a ~ iid(Normal(0, 1))', ['wrong-argument-count @ iid(Normal(0, 1))']],
    ['sample a ~ truncated(Normal(0, 1), 2, 1)', ['type-mismatch @ truncated(Normal(0, 1), 2, 1)']],
    // types and shapes
    ['data x: real[N] let a = x[1.5]', ['real-index @ 1.5']],
    ['data x: real[N] let a = x[0, 1]', ['too-many-indices @ x[0, 1]']],
    ['let a = 1 let b = a[0]', ['too-many-indices @ a[0]']],
    ['data x: real[N] let a = x[-1]', ['index-out-of-range @ -1']],
    ['data x: real[N] let a = x[N]', ['index-out-of-range @ N']],
    ['let a = [1, 2][2]', ['index-out-of-range @ 2']],
    ['data x: real[N] for n in 0..N { factor x[n] }', ['index-out-of-range @ n']],
    ['data x: real[N] for n in 0..<N { factor x[n-1] }', ['index-out-of-range @ n-1']],
    ['data x: real[N] let s = x[0..<N+1]', ['index-out-of-range @ 0..<N+1']],
    ['data x: real[N] for n in 0..<N { factor n > 0 ? x[n-1] : 0 }', []],
    ['data x: real[N] for n in 0..<N { if n > 0 { factor x[n-1] } }', []],
    ['data x: real[N] for n in 0..<N { factor sum(x[n-1] for k in 0..<n) }', []],
    ['data x: real[N] data y: real[M] let a = x + y', ['shape-mismatch @ x + y']],
    ['data x: real[N] let a = x + x[1..<N]', ['shape-mismatch @ x + x[1..<N]']],
    ['data x: real[N, D] let a = x + x[0]', ['shape-mismatch @ x + x[0]']],
    ['data X: real[N, D] data w: real[N] let a = X @ w', ['shape-mismatch @ X @ w']],
    ['let a = 2 @ [1, 2]', ['type-mismatch @ 2']],
    ['data A: real[N, D] let a = inverse(A)', ['shape-mismatch @ A']],
    ['data y: real[N, M] data s: real[M] data m: real[N] observe y ~ Normal(m, 1)', ['shape-mismatch @ y']],
    ['data y: real[N] observe y ~ MvNormal(zeros(3), eye(2))', ['shape-mismatch @ eye(2)']],
    ['data y: real observe y ~ MvNormal(zeros(2), eye(2))', ['shape-mismatch @ y']],
    ['data y: real[N] observe y ~ MvNormal(y, 3)', ['type-mismatch @ 3']],
    ['data y: real[N] observe y ~ Poisson(3)', ['type-mismatch @ y']],
    ['sample a ~ Binomial(2.5, 0.5)', ['type-mismatch @ 2.5']],
    ['sample a ~ Normal(0, -1)', ['parameter-out-of-domain @ -1']],
    ['predict a ~ Cauchy(2 + (inf - 3), 1)', ['parameter-out-of-domain @ 2 + (inf - 3)']],
    ['sample a ~ Normal(0, inf)', ['parameter-out-of-domain @ inf']],
    ['sample a ~ Bernoulli(2)', ['parameter-out-of-domain @ 2']],
    ['data x: real let a = x ? 1 : 2', ['type-mismatch @ x']],
    ['data x: real if x { factor 1 }', ['type-mismatch @ x']],
    ['data x: real[N] factor x', ['type-mismatch @ x']],
    ['data x: real[N] for i in 0..<x[0] { factor 1 }', ['type-mismatch @ x[0]']],
    ['data x: real data y: real[x]', ['not-a-size @ x']],
    ['data x: cov', ['type-mismatch @ cov']],
    ['data x: cov[2, 3]', ['shape-mismatch @ cov[2, 3]']],
    ['data x: real(floor: 1)', ['unknown-option @ floor: 1']],
    ['data x: interval(2, 1)', ['type-mismatch @ interval(2, 1)']],
    ['let a = [[1, 2], [3]]', ['shape-mismatch @ [3]']],
    ['let a = [[k for k in 0..<j] for j in 0..<3]', ['shape-mismatch @ [[k for k in 0..<j] for j in 0..<3]']],
    ['let a = mixture([0.5, 0.5], [Normal(0, 1), Normal(1, 1)])', ['distribution-as-value @ mixture']],
    ['sample a ~ mixture([0.5, 0.5], [Normal(0, 1), Poisson(1)])', ['type-mismatch @ Poisson(1)']],
    ['sample a ~ mixture([0.5, 0.3, 0.2], [Normal(0, 1), Normal(1, 1)])', ['shape-mismatch @ [0.5, 0.3, 0.2]']],
    [
      'data n: int[J] for j in 0..<J { for i in 0..<n[j] { sample t[j, i] ~ Normal(0, 1) } } let s = sum(t) let u = t[0] let v = t[.., 0] let w = t[0, 0] let z = t[0][0]',
      ['ragged-whole @ t', 'ragged-whole @ t[0]', 'ragged-whole @ t[.., 0]'],
    ],
    ['data n: int[J] for j in 0..<J { let r = ones(n[j]) factor sum(r) }', []],
    ['data n: int[J] for j in 0..<J { let r[j] = ones(n[j]) factor r[j, 0] } let s = r[0]', ['ragged-whole @ r[0]']],
    ['data n: int[J] for j in 0..<J { sample r[j] ~ Dirichlet(ones(n[j])) }', ['ragged-draw @ r[j]']],
    // definitions
    ['for t in 0..<3 { sample y ~ Normal(0, 1) }', ['overlap @ y']],
    ['for t in 0..<3, s in 0..<3 { sample y[t] ~ Normal(0, 1) }', ['overlap @ y[t]']],
    ['for t in 0..<3 { sample y[2 * t] ~ Normal(0, 1) }', ['left-hand-index @ 2 * t']],
    ['data g: int[N] for t in 0..<N { sample y[g[t]] ~ Normal(0, 1) }', ['left-hand-index @ g[t]']],
    ['sample z[0] ~ Normal(0, 1) for t in 0..<5 { sample z[t] ~ Normal(0, 1) }', ['overlap @ z[t]']],
    ['sample z ~ Normal(0, 1) sample z ~ Normal(0, 1)', ['overlap @ z']],
    ['for t in 1..<5 { sample z[t] ~ Normal(0, 1) }', ['gap @ z[t]']],
    ['data x: real[T] sample z[0] ~ Normal(0, 1) for t in 2..<T { sample z[t] ~ Normal(0, 1) }', ['gap @ z[0]']],
    ['data x: real[T] sample z[0] ~ Normal(0, 1) for t in 1..<T { sample z[t] ~ Normal(0, 1) }', []],
    ['data x: real[T] for t in 0..<T-1 { sample z[t] ~ Normal(0, 1) } let z[T-1] = 0', []],
    ['sample m[0] ~ Normal(0, 1) sample m[1] ~ MvNormal(zeros(2), eye(2))', ['shape-mismatch @ m[1]']],
    ['sample a ~ Normal(b, 1) sample b ~ Normal(a, 1)', ['cycle @ sample a ~ Normal(b, 1)']],
    // Types that wait for each other: none is found, so nothing else is wrong.
    ['let a = fill(1, b) let b = sum(a)', ['cycle @ a']],
    ['data x: real[N] sample p ~ Dirichlet(fill(2, K)) sample K ~ Categorical(p)', ['cycle @ p']],
    [
      'data x: real[N] sample p ~ Dirichlet(fill(2, K)) for k in 0..<K { sample m[k] ~ Normal(0, 1) } for n in 0..<N { sample K[n] ~ Categorical(p) observe x[n] ~ Normal(m[K[n]], 1) }',
      ['cycle @ p'],
    ],
    ['let a = b let b = c let c = a + 1', ['cycle @ let a = b']],
    ['data x: real[N, x]', ['cycle @ x']],
    ['let a = a + 1', ['cycle @ let a = a + 1']],
    ['for t in 0..<3 { let s = s + t factor s }', ['cycle @ let s = s + t']],
    [
      'for t in 0..<5 { sample z[t] ~ Normal(t > 0 && t < 4 ? z[t-1] + z[t+1] : 0, 1) }',
      ['cycle @ sample z[t] ~ Normal(t > 0 && t < 4 ? z[t-1] + z[t+1] : 0, 1)'],
    ],
    // An unknown index orders nothing; one of data is judged with the data.
    [
      'data K: int for t in 0..<K { sample p[t] ~ DiscreteUniform(0, K - 1) sample z[t] ~ Normal(t > 0 ? z[p[t]] : 0, 1) }',
      ['cycle @ sample z[t] ~ Normal(t > 0 ? z[p[t]] : 0, 1)'],
    ],
    [
      'data p: int[N] for t in 0..<N { sample z[t] ~ Normal(w[t], z[p[t]]^2) let w[t] = z[t] }',
      ['cycle @ sample z[t] ~ Normal(w[t], z[p[t]]^2)'],
    ],
    ['sample a: ordered[2] ~ MvNormal(zeros(2), eye(2))', ['unknown-normaliser @ ordered[2]']],
    ['sample a: ordered[2] ~ Normal([0, 1], 1)', ['unknown-normaliser @ ordered[2]']],
    ['sample a: simplex[2] ~ iid(Uniform(0, 1), 2)', ['unknown-normaliser @ simplex[2]']],
    ['sample a: int ~ Normal(0, 1)', ['type-mismatch @ int']],
    // latents
    ['sample k ~ Poisson(3) if k > 2 { factor 1 }', ['latent-condition @ k > 2']],
    ['sample k ~ Poisson(3) let m = k + 1 for i in 0..<m { factor 1 }', ['latent-shape @ m']],
    ['sample k ~ Poisson(3) let v = zeros(k)', ['latent-shape @ k']],
    ['sample k ~ Poisson(3) sample w ~ iid(Normal(0, 1), k)', ['latent-shape @ k']],
    ['sample k ~ Poisson(3) data x: real[k]', ['latent-shape @ k']],
    ['sample k ~ Poisson(3) observe k ~ Poisson(2)', ['observe-latent @ k']],
    ['sample k ~ Poisson(3) let m = 2 * k observe m ~ Poisson(2)', ['observe-latent @ m']],
    ['predict p ~ Normal(0, 1) sample a ~ Normal(p, 1)', ['predict-used @ sample a ~ Normal(p, 1)']],
  ])('%s', (source, expected) => {
    expect(found(source)).toEqual(expected);
  });

  it('reports all mistakes of a program together and each once', () => {
    expect(
      found('sample m ~ Normall(0, 1) let q = foo(m) + bar let r = q + 1 for i in 0..<q { factor r[i] } observe z ~ Normal(m, 1)'),
    ).toEqual(['unknown-distribution @ Normall', 'unknown-function @ foo', 'unknown-name @ bar', 'unknown-name @ z']);
  });
  it('helps those who write a size or leave a name out', () => {
    const first = (source: string): string => {
      const d = mistakes(source)[0]!;
      return `${d.code}: ${d.hint ?? ''}`;
    };
    expect(first('data y: real[N] sample mu[N] ~ Normal(0, 1)')).toMatch(/^gap: .*`~ iid\(D, N\)` draws N/);
    expect(first('data N: int for t in 1..<N { sample z[t] ~ Normal(0, 1) }')).toMatch(/^gap: indices count from 0.*`sample z\[0\] ~/);
    expect(first('sample a[0] ~ Normal(0, 1) sample a[2] ~ Normal(0, 1)')).toMatch(/^gap: each element/);
  });
  it.each<[string, RegExp]>([
    ['data y: real[N] for n in 0..<N { sample y[n] ~ Normal(0, 1) }', /write `observe y ~/],
    ['data y: real[N] for n in 0..<N { let m = y[n] factor m } report b = m', /`m\[n\] = \.\.\.` there/],
    ['sample p ~ Dirichlet(1, 1)', /alpha is a vector: `Dirichlet\(\[/],
    ['data N: int data y: real(N)', /in brackets: `real\[/],
    ['data y: real[T] for t in 0..<T { observe y[t] ~ Normal(y[t-1], 1) }', /begin the loop later/],
    ['sample a ~ std_normal()', /did you mean `Normal`/],
    ['sample k ~ Poisson(3) for i in 0..<k { factor 1 }', /ask inside: `n < k \? a : b`/],
    ['data y: real observe y ~ Delta(1)', /or take a law of real numbers/],
  ])('%s', (source, hint) => {
    expect(mistakes(source)[0]!.hint).toMatch(hint);
  });
  it('says what was meant, what is possible and what to do instead', () => {
    const first = (source: string): string => {
      const d = mistakes(source)[0]!;
      return `${d.message} | ${d.expected ?? ''} | ${d.hint ?? ''}`;
    };
    expect(first('sample a ~ Normall(0, 1)')).toMatch(/did you mean `Normal`/);
    expect(first('data count: int let a = cuont')).toMatch(/did you mean `count`/);
    expect(first('sample a ~ Gamma(1, rat: 2)')).toMatch(/one of shape, rate, .*did you mean `rate`/);
    expect(first('let a = sqr(2)')).toMatch(/one of Phi, .*did you mean `sqrt`/);
    expect(first('let a = b let b = c let c = a')).toMatch(/a -> b -> c -> a/);
    expect(first('for t in 0..<5 { sample z[t] ~ Normal(t > 0 ? z[t-1] + z[t+1] : 0, 1) }')).toMatch(
      /`z\[t\]` depends on `z\[t - 1\]` and `z\[t \+ 1\]`/,
    );
    expect(first('data x: real[T] sample z[0] ~ Normal(0, 1) for t in 2..<T { sample z[t] ~ Normal(0, 1) }')).toMatch(/`z\[1\]`/);
    expect(first('for t in 0..<3, s in 0..<3 { sample y[t] ~ Normal(0, 1) }')).toMatch(/`y\[t, s\]`/);
  });
  it('ends where inlined functions double at each call', () => {
    const doubling = [
      'fn f0(x) = x + x',
      ...[...Array(40).keys()].map((k) => `fn f${k + 1}(x) = f${k}(x + 1) + f${k}(x + 2)`),
      'let a = f40(1)',
    ].join('\n');
    expect(mistakes(doubling).map((d) => d.code)).toEqual(['program-too-large']);
  });
  it('lowers long sums and long chains of definitions', () => {
    expect(mistakes(`let a = ${Array(400).fill('1.5').join(' + ')}`)).toEqual([]);
    expect(mistakes([...Array(2000).keys()].map((k) => `let a${k} = ${k === 1999 ? '1' : `a${k + 1} + 1`}`).join('\n'))).toEqual([]);
  });
});

describe('programs changed at random', () => {
  const texts = Object.values(programs);
  const pattern = /[A-Za-z_]\w*|\d+(?:\.\d+)?(?:e-?\d+)?|\.\.<|[^\sA-Za-z_0-9]/g;
  const keywords = new Set(['data', 'param', 'sample', 'observe', 'predict', 'let', 'report', 'factor', 'fn', 'for', 'in', 'if', 'else']);
  const kindOf = (word: string): string =>
    keywords.has(word)
      ? 'keyword'
      : /^[A-Z]\w/.test(word)
        ? 'family'
        : /^[A-Za-z_]/.test(word)
          ? 'name'
          : /^\d/.test(word)
            ? 'number'
            : '+-*/'.includes(word)
              ? 'operator'
              : 'mark';
  const words = new Map<string, string[]>();
  for (const word of new Set(texts.flatMap((t) => t.match(pattern)!))) words.set(kindOf(word), [...(words.get(kindOf(word)) ?? []), word]);
  const change = fc.record({
    program: fc.nat(texts.length - 1),
    edits: fc.array(fc.record({ at: fc.nat(), like: fc.nat(), wild: fc.nat(40) }), { minLength: 1, maxLength: 4 }),
  });

  it('never throw, and give a legal graph or a mistake', { timeout: 600_000 }, () => {
    let wrong = 0,
      legal = 0;
    const runs = Number(process.env['MUTATIONS'] ?? 600);
    fc.assert(
      fc.property(change, ({ program, edits }) => {
        const tokens = texts[program]!.match(pattern)!.slice();
        for (const e of edits) {
          const at = e.at % tokens.length;
          const kind = kindOf(tokens[at]!);
          // Words change to words of their kind, so that most programs still parse.
          const others = words.get(kind === 'keyword' || kind === 'mark' ? 'number' : kind)!;
          if (kind !== 'keyword' && kind !== 'mark') tokens[at] = others[e.like % others.length]!;
          else if (e.wild === 0) tokens.splice(at, 1);
        }
        const source = tokens.join(' ');
        const parsed = parse(source);
        if (parsed.program === null || parsed.diagnostics.length > 0) return;
        const result = lower(parsed.program, []);
        if (result.graph === null) {
          wrong++;
          if (!result.diagnostics.some((d) => d.severity === 'error')) throw new Error('no graph and no mistake');
          return;
        }
        legal++;
        const faults = checkGraph(result.graph, families, source.length);
        if (faults.length > 0) throw new Error(`${source}\n${faults.join('\n')}`);
      }),
      { numRuns: runs, seed: 20 },
    );
    // The property is about programs that reach the second phase; both outcomes must be common.
    expect(legal).toBeGreaterThan(runs / 10);
    expect(wrong).toBeGreaterThan(runs / 10);
  });
});
