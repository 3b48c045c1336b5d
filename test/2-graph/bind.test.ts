import fc from 'fast-check';
import { Matrix } from 'ml-matrix';
import { describe, expect, it } from 'vitest';
import { templateSource } from '../../src/1-parse/template.js';
import { bind } from '../../src/2-graph/bind.js';
import type { BoundModel } from '../../src/2-graph/bound.js';
import type { HoleValue } from '../../src/2-graph/types.js';
import { tensor } from '../../src/input/tensor.js';
import { parseCsv } from '../../src/input/csv.js';
import { coded } from '../../src/input/levels.js';
import { cpuMilliseconds } from '../cpuTime.js';
import { boundModel, graphOf } from '../compiled.js';

const template = (strings: TemplateStringsArray, ...values: unknown[]): { source: string } => templateSource(strings, values);
type Values = Record<string, unknown> | Map<string, unknown>;
function bound(source: string, values: Values, mode: 'infer' | 'sample' = 'infer', holes: readonly HoleValue[] = []): BoundModel {
  return boundModel(source, values, { mode, holes });
}
function errors(source: string, values: Values, mode: 'infer' | 'sample' = 'infer'): string[] {
  const { model, diagnostics } = bind(graphOf(source), values, { mode });
  const list = diagnostics.filter((d) => d.severity === 'error').map((d) => sentence(d.message));
  expect(model === null).toBe(list.length > 0);
  return list;
}
function notes(source: string, values: Values): string[] {
  return bind(graphOf(source), values, { mode: 'infer' })
    .diagnostics.filter((d) => d.severity === 'note')
    .map((d) => `${sentence(d.message)}${d.hint === undefined ? '' : ` | ${d.hint}`}`);
}
/** Messages are sentences; the full stop is left out of the expectations below. */
function sentence(message: string): string {
  expect(message).toMatch(/\.$/);
  return message.slice(0, -1);
}
const valuesOf = (m: BoundModel, name: string): number[] => [...m.variables.get(name)!.values];
const statusOf = (m: BoundModel, name: string): string => m.variables.get(name)!.status;
const shapeOf = (m: BoundModel, name: string): readonly number[] => m.variables.get(name)!.shape;

const mixture = `
  data x: real[N, D]
  data K: int
  sample pi ~ Dirichlet(fill(10, K))
  for k in 0..<K { sample mu[k] ~ MvNormal(zeros(D), 5 * eye(D)) }
  for n in 0..<N {
    sample  z[n] ~ Categorical(pi)
    observe x[n] ~ MvNormal(mu[z[n]], 0.4 * eye(D))
  }`;

describe('what types and laws of unknowns need', () => {
  it('an interval with room, whether its bounds are numbers or data', () => {
    const source = 'data a: real param m: interval(a, 1) observe 0.3 ~ Normal(m, 1)';
    expect(errors(source, { a: 3 })).toEqual(['The interval of m goes from 3 to 1']);
    expect(errors(source, { a: 1 })).toEqual(['The interval of m goes from 1 to 1']);
    expect(errors(source, { a: 0.5 })).toEqual([]);
    for (const bounds of ['0.1, 0 / 0', '3, 1'])
      expect(() => graphOf(`param m: interval(${bounds}) observe 0.3 ~ Normal(m, 1)`)).toThrow(/must be below the upper/);
    expect(() => graphOf('data y: real observe y ~ truncated(Normal(0, 1), 0 / 0, 1)')).toThrow(/must be below the upper/);
  });

  it('a probability to choose from, where there is something to draw', () => {
    const source =
      'data y: int[N] data x: real[M] for n in 0..<N { sample p[n] ~ Beta(1, 1) } for m in 0..<M { sample z[m] ~ Categorical(p) observe x[m] ~ Normal(z[m], 1) }';
    expect(errors(source, { y: [], x: [1, 2] })).toEqual([
      'The parameter probs of Categorical is an empty list; it must be probabilities that sum to 1',
    ]);
    expect(errors(source, { y: [], x: [] })).toEqual([]);
  });

  it('a dimension may be reported', () => {
    const source = 'data n: int report size = n + 1 data y: real[size] sample m ~ Normal(0, 1) observe y ~ Normal(m, 1)';
    expect(shapeOf(bound(source, { n: 1, y: [1, 2] }), 'y')).toEqual([2]);
    expect(errors(source, { n: 1, y: [1, 2, 3] })[0]).toMatch(/its value has shape \[3\]/);
  });
});

describe('computed values that are no numbers', () => {
  it('are refused before anything runs, with the element', () => {
    expect(errors('data y: real[N] sample m ~ Normal(0, 1) observe log(y) ~ Normal(m, 1)', { y: [1, -1] })).toEqual([
      'log(y[n]) at n = 1 = NaN cannot come from Normal: it is not a number',
    ]);
    expect(errors('data y: real[N] let w = log(y) sample m ~ Normal(0, 1) observe w ~ Normal(m, 1)', { y: [1, 0] })).toEqual([
      'w[1] = -inf cannot come from Normal: it is not finite',
    ]);
    expect(errors('data y: real[N] sample m ~ Normal(0, 1) observe standardise(y) ~ Normal(m, 1)', { y: [1] })[0]).toMatch(
      /NaN cannot come from Normal: it is not a number$/,
    );
    expect(
      errors('data y: real[N, 2] sample m ~ MvNormal(zeros(2), eye(2)) for n in 0..<N { observe sqrt(y[n]) ~ MvNormal(m, eye(2)) }', {
        y: [
          [1, 2],
          [3, -4],
        ],
      })[0],
    ).toMatch(/cannot come from MvNormal: it has the element NaN$/);
    expect(errors('data y: real[N] let w = 1 / (y[0] - 1) sample m ~ Normal(w, 1)', { y: [1, 2] })).toEqual([
      'The parameter mean of Normal is inf; it must be a finite number',
    ]);
  });
  it('are let through where nothing reads them and where they are numbers', () => {
    expect(errors('data y: real[N] let w = log(y) sample m ~ Normal(0, 1) observe (y < 0 ? 0 : y) ~ Normal(m, 1)', { y: [1, -1] })).toEqual(
      [],
    );
    expect(errors('data y: real[N] sample m ~ Normal(0, 1) observe log(y) ~ Normal(m, 1)', { y: [1, 2] })).toEqual([]);
  });
  it('name the round of the loop whose computed index is out of range', () => {
    const program = 'data g: int[N] sample m ~ iid(Normal(0, 1), 3) for n in 0..<N { observe 1 ~ Normal(m[g[n] - 1], 1) }';
    expect(errors(program, { g: [1, 0, 3] })).toEqual(['g[n] - 1 = -1 at n = 1 is used as an index of m, which has elements 0 to 2']);
  });
});

describe('shapes and sizes', () => {
  it('binds sizes by the shape of data and gives every variable its shape', () => {
    const m = bound(mixture, {
      x: [
        [1, 2],
        [3, 4],
        [5, 6],
      ],
      K: 4,
    });
    expect(m.sizes.get('N')).toBe(3);
    expect(m.sizes.get('D')).toBe(2);
    expect(['pi', 'mu', 'z', 'x'].map((name) => shapeOf(m, name))).toEqual([[4], [4, 2], [3], [3, 2]]);
    expect(['pi', 'mu', 'z', 'x', 'K'].map((name) => statusOf(m, name))).toEqual(['latent', 'latent', 'latent', 'given', 'given']);
    expect(m.variables.get('z')!.range).toBe(4);
    expect(m.variables.get('z')!.values).toBeInstanceOf(Int32Array);
    expect(valuesOf(m, 'x')).toEqual([1, 2, 3, 4, 5, 6]);
  });

  it('takes values of every form', () => {
    const same: unknown[] = [
      [
        [1, 2],
        [3, 4],
      ],
      [Float64Array.of(1, 2), Float32Array.of(3, 4)],
      tensor([1, 2, 3, 4], [2, 2]),
      new Matrix([
        [1, 2],
        [3, 4],
      ]),
      [
        [1n, true],
        [3, 4],
      ],
    ];
    for (const x of same.slice(0, 4)) expect(valuesOf(bound(mixture, { x, K: 2 }), 'x')).toEqual([1, 2, 3, 4]);
    expect(valuesOf(bound(mixture, { x: same[4], K: 2 }), 'x')).toEqual([1, 1, 3, 4]);
    expect(
      valuesOf(
        bound(
          mixture,
          new Map<string, unknown>([
            ['x', same[0]],
            ['K', 2],
          ]),
        ),
        'x',
      ),
    ).toEqual([1, 2, 3, 4]);
  });

  it('never shares memory with the caller', () => {
    const x = Float64Array.of(1, 2);
    const m = bound('data x: real[N] sample m ~ Normal(0, 1) observe x ~ Normal(m, 1)', { x });
    x[0] = 99;
    expect(valuesOf(m, 'x')).toEqual([1, 2]);
  });

  const regression =
    'data X: real[N, D] data y: real[N] sample w ~ MvNormal(zeros(D), eye(D)) for n in 0..<N { observe y[n] ~ Normal(X[n] @ w, 0.3) }';
  it('says both sizes where two data disagree', () => {
    expect(
      errors(regression, {
        X: [
          [1, 2],
          [3, 4],
        ],
        y: [1, 2, 3],
      }),
    ).toEqual(['N is 2 by axis 0 of X but 3 by the length of y']);
    expect(errors(regression, { X: [[1, 2]], y: [1], N: 7 })).toEqual(['N is 7 by the value given for it but 1 by axis 0 of X']);
    expect(errors(regression, { X: [[1, 2]], y: [1], N: 1 })).toEqual([]);
    expect(
      errors('data S: cov[D] sample x ~ MvNormal(zeros(D), S)', {
        S: [
          [1, 0, 0],
          [0, 1, 0],
        ],
      }),
    ).toEqual(['D is 2 by axis 0 of S but 3 by axis 1 of S']);
  });

  it('says the declared and the found shape', () => {
    expect(errors(regression, { X: [1, 2], y: [1, 2] })).toEqual(['X is declared real[N, D] but its value has shape [2]']);
    expect(errors('data K: int data a: real[K] sample x ~ Normal(sum(a), 1)', { K: 3, a: [1, 2] })).toEqual([
      'a is declared real[K] = [3] but its value has shape [2]',
    ]);
    expect(errors('data s: real sample x ~ Normal(s, 1)', { s: [1] })).toEqual(['s is declared real but its value has shape [1]']);
  });

  it('names the row of a ragged array', () => {
    expect(errors(regression, { X: [[1, 2], [3]], y: [1, 2] })).toEqual(['X[1] holds 1 element; expected 2 elements as in the first row']);
    expect(errors(regression, { X: [[1, 2], 3], y: [1, 2] })).toEqual(['X[1] is a number; expected a list of 2']);
    expect(
      errors(regression, {
        X: [
          [1, 2],
          [[3], 4],
        ],
        y: [1, 2],
      }),
    ).toEqual(['X[1,0] is a list; expected a number']);
  });

  it('lists all missing data together', () => {
    expect(errors(regression, {})).toEqual(['No value is given for X: real[N, D], y: real[N]']);
    expect(errors('data a: real[N] sample x: ordered[K] ~ iid(Normal(0, 1), K) sample y ~ Normal(sum(a), 1)', {})).toEqual([
      'No value is given for a: real[N], K: int',
    ]);
    expect(errors('sample x ~ iid(Normal(0, 1), 3)', {})).toEqual([]);
  });

  it('accepts no rows and one row', () => {
    const none = bound(regression, { X: [], y: [], D: 2 });
    expect([shapeOf(none, 'X'), shapeOf(none, 'y'), shapeOf(none, 'w')]).toEqual([[0, 2], [0], [2]]);
    expect(shapeOf(bound(regression, { X: [[1, 2]], y: [1] }), 'X')).toEqual([1, 2]);
    expect(shapeOf(bound(regression, { X: [[], []], y: [1, 2] }), 'w')).toEqual([0]);
  });

  it('takes a plate of negative length as empty', () => {
    const m = bound('data K: int for k in 0..<K-1 { sample v[k] ~ Beta(1, 1) }', { K: 0 });
    expect(shapeOf(m, 'v')).toEqual([0]);
  });

  it('refuses sizes that are no counts', () => {
    expect(errors(regression, { X: [[1, 2]], y: [1], N: -1 })).toEqual([
      'The size N is given as -1; a size is a whole number that is not negative',
    ]);
    expect(errors(regression, { X: [[1, 2]], y: [1], N: [1] })).toEqual([
      'The size N is given as something else; a size is a whole number that is not negative',
    ]);
  });

  it('refuses what is too large before allocating it, and says how many bytes', () => {
    expect(errors('data N: int for n in 0..<N { sample x[n] ~ Normal(0, 1) }', { N: 1e9 })).toEqual([
      'x[1000000000] needs 8 GB (8000000000 bytes) of memory; the limit is 2.15 GB (2147483648 bytes)',
    ]);
    expect(errors('sample w ~ MvNormal(zeros(1e12), eye(1e12))', {}).join()).toMatch(
      /of shape \[1000000000000\], needs 8 TB \(8000000000000 bytes\)/,
    );
    expect(errors('for n in 0..<10000000000 { sample x[n] ~ Normal(0, 1) }', {}).join()).toMatch(/The loop over n runs 10000000000 times/);
    expect(errors('let s = sum(k for k in 0..<1000000000000) sample x ~ Normal(s, 1)', {}).join()).toMatch(/1000000000000 times/);
  });
});

describe('types and constraints', () => {
  it('names the element of a wrong type', () => {
    expect(errors('data g: int[N] sample x ~ Normal(sum(g), 1)', { g: [1, 2.5] })).toEqual([
      'g[1] = 2.5 is not a whole number, but the type is int',
    ]);
    expect(errors('data g: int[N] sample x ~ Normal(sum(g), 1)', { g: [1, 3e9] })).toEqual([
      'g[1] = 3000000000 is beyond the range of an int (-2147483648 to 2147483647), but the type is int',
    ]);
    expect(errors('data b: bool sample x ~ Normal(b ? 1 : 0, 1)', { b: 2 })).toEqual([
      'b = 2 is not true, false, 0 or 1, but the type is bool',
    ]);
    expect(errors('data a: real[N] sample x ~ Normal(sum(a), 1)', { a: [1, 'two'] })).toEqual(['a[1] is the text "two", not a number']);
    expect(errors('data a: real[N] sample x ~ Normal(sum(a), 1)', { a: () => 1 })).toEqual(['a is a function, not a number']);
  });

  it('refuses nested objects with a hint to flatten them', () => {
    const { diagnostics } = bind(graphOf('data a: real sample x ~ Normal(a, 1)'), { a: { mean: 1 } }, { mode: 'infer' });
    expect(diagnostics[0]).toMatchObject({ code: 'nested-object', hint: expect.stringContaining('a_mean') });
    expect(errors('data a: real sample x ~ Normal(a, 1)', { a: 1, extra: { b: 2 } })).toEqual([
      'The value of extra is an object with the keys b; a value is a number or an array',
    ]);
  });

  const use = (type: string): string => `data c: ${type} sample x ~ Normal(sum(c), 1)`;
  it('names the first element that violates its type', () => {
    expect(errors(use('positive[N]'), { c: [1, 0] })).toEqual(['c[1] = 0 is not positive, but the type is positive[N]']);
    expect(errors(use('unit[N]'), { c: [0, 1, 1.5] })).toEqual(['c[2] = 1.5 is not between 0 and 1, but the type is unit[N]']);
    expect(errors(use('interval(-1, 1)[N]'), { c: [0, -2] })).toEqual([
      'c[1] = -2 is not between -1 and 1, but the type is interval(-1, 1)[N]',
    ]);
    expect(errors(use('simplex[K]'), { c: [0.5, 0.6] })).toEqual(['c sums to 1.1, not to 1, but the type is simplex[K]']);
    expect(errors(use('simplex[K]'), { c: [0.5, 0.5 + 9e-7] })).toEqual([]);
    expect(
      errors(use('simplex[J, K]'), {
        c: [
          [0.5, 0.5],
          [1.5, -0.5],
        ],
      }),
    ).toEqual(['c[1] has the element -0.5 at position 1, which is not a probability, but the type is simplex[J, K]']);
    expect(errors(use('ordered[K]'), { c: [1, 3, 2] })).toEqual([
      'c is not increasing: 3 is followed by 2 at position 2, but the type is ordered[K]',
    ]);
    const matrix = (type: string, c: unknown): string[] => errors(`data c: ${type} sample x ~ Normal(c[0, 0], 1)`, { c });
    expect(
      matrix('cov[D]', [
        [1, 0.5],
        [0.4, 1],
      ]),
    ).toEqual(['c is not symmetric: element [1,0] is 0.4 but [0,1] is 0.5, but the type is cov[D, D]']);
    expect(
      matrix('cov[D]', [
        [1, 2],
        [2, 1],
      ]),
    ).toEqual(['c is not positive definite, but the type is cov[D, D]']);
    expect(
      matrix('corr[D]', [
        [1, 0.5],
        [0.5, 2],
      ]),
    ).toEqual(['c has 2 on its diagonal at [1,1], not 1, but the type is corr[D, D]']);
    expect(
      matrix('cov[D]', [
        [1, 0.5],
        [0.5, 1],
      ]),
    ).toEqual([]);
  });

  it('refuses infinities', () => {
    expect(errors(use('real[N]'), { c: [0, Number.NEGATIVE_INFINITY] })).toEqual(['c[1] = -inf is not finite']);
  });

  it('codes a column of words for an int and refuses it for a real', () => {
    const g = parseCsv('g\nred\nblue\nred\n').columns.get('g');
    expect(notes('data g: int[N] sample x ~ Normal(sum(g), 1)', { g })).toEqual(['g is coded 0 = blue, 1 = red']);
    expect(errors(use('real[N]'), { c: parseCsv('c\n1\nn/a\n').columns.get('c') })).toEqual([
      'c is real[N] but its column holds words such as "n/a" (c[1])',
    ]);
  });

  it.each([
    ['.', /--missing \. says/],
    ['?', /--missing '\?' says/],
    ['1,5', /decimals with a point/],
    ['1,234', /separators of thousands/],
    ['1.234,5', /separators of thousands/],
    ['1 234', /separators of thousands/],
    ['2020-01-03', /a date is no number/],
    ['$1.50', /without units/],
    ['12%', /without units/],
    ['3 kg', /without units/],
    ['none', /empty \(or NA\)/],
  ])('says what may be meant by %s among numbers', (word, hint) => {
    const { diagnostics } = bind(graphOf(use('real[N]')), { c: parseCsv(`c\n1\n"${word}"\n`).columns.get('c') }, { mode: 'infer' });
    expect(diagnostics.map((d) => d.hint)).toEqual([expect.stringMatching(hint)]);
  });

  it.each([
    ['n/a', /^where it stands for a missing value: --missing 'n\/a'; .*--levels k .*missing: \["n\/a"\]/],
    ['-', /--missing -;/],
    ["it's", /--missing 'it'\\''s'/],
    ['#N/A', /--missing '#N\/A'/],
    ['>20', /a bound is no number.*--levels k/],
    ['1 200', /separators of thousands.*--levels k/],
    ['10,0', /decimals with a point.*--levels k/],
    ['10%', /without units.*--levels k/],
    ['2020-01-03', /a date is no number.*--levels k/],
    ['\u22123', /minus sign.*--levels k/],
  ])('refuses %s among the numbers of an int, which would make codes of them', (word, hint) => {
    const column = parseCsv(`k\n10\n9\n"${word}"\n12\n`).columns.get('k')!,
      graph = graphOf('data k: int[N] sample r ~ Gamma(1, 1) observe k ~ Poisson(r)');
    const { model, diagnostics } = bind(graph, { k: column }, { mode: 'infer' });
    expect(model).toBeNull();
    expect(diagnostics).toMatchObject([{ code: 'wrong-type', hint: expect.stringMatching(hint) }]);
    expect(diagnostics[0]!.message).toBe(`k is int[N] but its column holds numbers and words: row 3 is ${JSON.stringify(word)} (k[2]).`);
    // Who codes the column says that names are meant.
    const named = graphOf('data k: int[N] sample x ~ Normal(sum(k), 1)');
    expect(bind(named, { k: coded(column) }, { mode: 'infer' }).model).not.toBeNull();
  });

  describe('coded apart', () => {
    const teams =
        'data home: int[N] data away: int[N] data y: real[N] for j in 0..max(max(home), max(away)) { sample s[j] ~ Normal(0, 1) } for n in 0..<N { observe y[n] ~ Normal(s[home[n]] - s[away[n]], 1) }',
      said = (home: unknown, away: unknown, program: string = teams): readonly string[] =>
        bind(graphOf(program), { home, away, y: [1, 2, 3, 4] }, { mode: 'infer' })
          .diagnostics.filter(({ severity }) => severity === 'warning')
          .map(({ code, message, hint }) => `${code}: ${message} | ${hint}`);
    const column = (words: string): unknown => parseCsv(`g\n${words.split(' ').join('\n')}\n`).columns.get('g');

    it('are two columns that choose from one list of unknowns, where a code is another word', () => {
      expect(said(column('A B A B'), column('B C C D'))).toEqual([
        'other-codes: home and away both choose from s, and were coded apart: 0 is A in home and B in away. | where both name the same things, give both one list: --levels home=A,B,C,D --levels away=A,B,C,D (in TypeScript coded(column, levels))',
      ]);
      expect(said(column('A B A B'), coded(["it's", 'a, b', 'B', 'B']))[0]).toContain(
        String.raw`--levels 'home=["A","B","a, b","it'\''s"]'`,
      );
    });

    it('are not where every code means one word, and where they choose from other unknowns', () => {
      const all = ['A', 'B', 'C', 'D'];
      expect(said(coded(['A', 'B', 'A', 'B'], all), coded(['B', 'C', 'C', 'D'], all))).toEqual([]);
      expect(said(column('A B A B'), column('A B C C'))).toEqual([]);
      expect(said([0, 1, 0, 1], column('B C C D'))).toEqual([]);
      expect(
        said(
          column('A B A B'),
          column('B C C D'),
          teams.replace('s[away[n]]', 't[away[n]]').replace('for n in', 'for j in 0..max(away) { sample t[j] ~ Normal(0, 1) } for n in'),
        ),
      ).toEqual([]);
    });
  });

  it('warns of the codes of words that are observed as counts', () => {
    const codes = (law: string): readonly string[] =>
      bind(graphOf(`data k: int[N] sample r ~ Beta(1, 1) observe k ~ ${law}`), { k: coded(['no', 'yes']) }, { mode: 'infer' })
        .diagnostics.filter(({ severity }) => severity === 'warning')
        .map(({ code, message }) => `${code}: ${message}`);
    const warned = 'codes-as-counts: k holds words, coded 0 = no, 1 = yes, and these codes are observed as counts.';
    for (const law of ['Poisson(r)', 'Geometric(r)', 'NegativeBinomial(2, r)']) expect(codes(law)).toEqual([warned]);
    for (const law of ['Bernoulli(r)', 'Categorical([r, 1 - r])', 'Binomial(1, r)']) expect(codes(law)).toEqual([]);
  });

  it('tells of groups without data where max counts the groups', () => {
    const program =
        'data g: int[N] data y: real[N] for j in 0..max(g) { sample m[j] ~ Normal(0, 1) } for n in 0..<N { observe y[n] ~ Normal(m[g[n]], 1) }',
      y = [1, 2, 3];
    expect(notes(program, { g: [308, 310, 308], y })).toEqual([
      'g has 2 of the 311 values from 0 to 310: what is made for each up to max(g) is made for 309 without data | --levels g codes the values of a column 0, 1, ...; in TypeScript coded(values)',
    ]);
    expect(bind(graphOf(program), { g: [1, 2, 3], y }, { mode: 'infer' }).diagnostics).toMatchObject([
      { code: 'groups-without-data', hint: expect.stringMatching(/count from 0: take 0\.\.<max\(g\) and g\[n\] - 1/) },
    ]);
    expect(notes(program, { g: [2, 0, 1], y })).toEqual([]);
    expect(notes(program.replace('0..max(g)', '0..<max(g)').replace('g[n]]', 'g[n] - 1]'), { g: [1, 2, 2], y })).toEqual([]);
  });
});

describe('names', () => {
  const program = 'data group: int[N] sample weight ~ Normal(0, 1) for n in 0..<N { observe group[n] ~ Poisson(exp(weight)) }';
  it('ignores unknown names with one note and points out near misses', () => {
    expect(notes(program, { group: [1], gruop: [1], colour: 2 })).toEqual([
      'The program does not name gruop, colour; their values are ignored',
    ]);
    const { diagnostics } = bind(graphOf(program), { gruop: [1] }, { mode: 'infer' });
    expect(diagnostics.map((d) => d.code)).toEqual(['missing-data', 'ignored-values']);
    expect(diagnostics[1]!.hint).toBe('did you mean group by gruop?');
  });

  it('says of a number that is missing that the shape of data would tell it', () => {
    const declared = graphOf('data N: int data y: real[N] sample m ~ Normal(0, 1) observe y ~ Normal(m, 1)');
    const [missing] = bind(declared, { y: [1, 2] }, { mode: 'infer' }).diagnostics;
    expect(missing).toMatchObject({ code: 'missing-data', hint: expect.stringMatching(/leave out `data N: int`: .* shape of y/) });
    expect(bind(declared, {}, { mode: 'infer' }).diagnostics[0]!.hint).toMatch(/^pass them with the data/);
  });

  it('conditions on a value for a sampled variable, and says so', () => {
    expect(notes(program, { group: [1], weight: 0.5 })).toEqual([
      'weight is sampled by the program and given a value: the model is conditioned on it',
    ]);
    const m = bound(program, { group: [1], weight: 0.5 });
    expect([statusOf(m, 'weight'), valuesOf(m, 'weight')]).toEqual(['given', [0.5]]);
    expect(errors('sample s ~ Gamma(2, 1)', { s: -1 })).toEqual(['s = -1 cannot come from Gamma: it is negative']);
    // A simulation draws what stands above it all the same.
    const drawn = bind(graphOf('sample m ~ Normal(0, 1) sample s ~ Normal(m, 1)'), { s: 3 }, { mode: 'sample' });
    expect(drawn.diagnostics[0]!.message).toBe(
      's is sampled by the program and given a value: it is not drawn, and what its law depends on does not hear of it.',
    );
  });

  it('computes what it is told to compute, whatever is passed', () => {
    expect(notes('sample x ~ Normal(0, 1) let y = 2 * x', { y: 3 })).toEqual([
      'y is computed by the program; the value given for it is ignored',
    ]);
  });

  it('takes names that objects inherit as ordinary names', () => {
    const values = JSON.parse('{"__proto__": [1, 2], "constructor": 3}') as Record<string, unknown>;
    const m = bound(
      'data __proto__: real[toString] data constructor: real sample valueOf ~ Normal(constructor, 1) observe __proto__ ~ Normal(valueOf, 1)',
      values,
    );
    expect([valuesOf(m, '__proto__'), m.sizes.get('toString'), valuesOf(m, 'constructor')]).toEqual([[1, 2], 2, [3]]);
    expect(errors('data hasOwnProperty: real sample x ~ Normal(hasOwnProperty, 1)', {})).toEqual([
      'No value is given for hasOwnProperty: real',
    ]);
  });

  it('reports at most 20 errors and counts the rest', () => {
    const names = Array.from({ length: 25 }, (_, k) => `a${k}`);
    const source = `${names.map((a) => `data ${a}: positive`).join(' ')} sample x ~ Normal(${names.join('+')}, 1)`;
    const list = errors(source, Object.fromEntries(names.map((a) => [a, -1])));
    expect(list).toHaveLength(21);
    expect(list[20]).toBe('5 more errors of the data are not shown');
  });
});

describe('missing values', () => {
  it('makes a missing observation latent', () => {
    const m = bound('data y: real[N] sample m ~ Normal(0, 1) for n in 0..<N { observe y[n] ~ Normal(m, 1) }', {
      y: [1, null, Number.NaN, undefined, 5],
    });
    expect([...m.variables.get('y')!.mask!]).toEqual([0, 1, 1, 1, 0]);
    expect([statusOf(m, 'y'), valuesOf(m, 'y')]).toEqual(['partial', [1, 0, 0, 0, 5]]);
  });

  it('makes a missing element of a vector observation latent', () => {
    const m = bound(mixture, {
      x: [
        [1, null],
        [3, 4],
      ],
      K: 2,
    });
    expect([...m.variables.get('x')!.mask!]).toEqual([0, 1, 0, 0]);
  });

  it('keeps integers and their range', () => {
    const m = bound('data z: int[N] data K: int sample p ~ Dirichlet(ones(K)) for n in 0..<N { observe z[n] ~ Categorical(p) }', {
      z: [0, null, 1],
      K: 4,
    });
    expect([statusOf(m, 'z'), m.variables.get('z')!.range, valuesOf(m, 'z')]).toEqual(['partial', 4, [0, 0, 1]]);
  });

  const lagged = 'data y: real[N] sample a ~ Normal(0, 1) for n in 1..<N { observe y[n] ~ Normal(a * y[n-1], 1) }';
  it('refuses a missing value that is read but never observed', () => {
    expect(errors(lagged, { y: [null, 1, 2] })).toEqual([
      'y[0] is missing and is read, but no statement observes it, so it has no distribution',
    ]);
    expect(errors(lagged, { y: [0, null, 2] })).toEqual([]);
    expect(
      errors('data x: real[N] data y: real[N] sample a ~ Normal(0, 1) for n in 0..<N { observe y[n] ~ Normal(a * x[n], 1) }', {
        x: [1, null],
        y: [1, 2],
      }),
    ).toEqual(['x[1] is missing and is read, but no statement observes it, so it has no distribution']);
  });

  it('does not mind a missing value that is never read', () => {
    expect(statusOf(bound('data x: real[N] sample a ~ Normal(x[0], 1)', { x: [1, null] }), 'x')).toBe('given');
    const m = bound('data x: real[N] for n in 1..<N { sample a[n-1] ~ Normal(x[n], 1) }', { x: [null, 1, 2] });
    expect([statusOf(m, 'x'), shapeOf(m, 'a')]).toEqual(['given', [2]]);
    expect(errors('data x: real[N] sample a ~ Normal(N, 1)', { x: [null] })).toEqual([]);
  });

  it('reads only the branch that is taken', () => {
    const program = 'data x: real[N] data m: bool[N] sample a ~ Normal(0, 1) for n in 0..<N { factor m[n] ? -x[n] * a : 0 }';
    expect(errors(program, { x: [1, null], m: [true, false] })).toEqual([]);
    expect(errors(program, { x: [1, null], m: [true, true] })).toEqual([
      'x[1] is missing and is read, but no statement observes it, so it has no distribution',
    ]);
  });

  it('treats any element as read where the index is latent', () => {
    expect(errors('data m: real[K] sample z ~ Categorical(ones(K) / K) sample x ~ Normal(m[z], 1)', { m: [1, null] })).toEqual([
      'm[1] is missing and is read, but no statement observes it, so it has no distribution',
    ]);
  });

  it('refuses a missing value inside an observed expression', () => {
    expect(
      errors('data x: real[N] sample a ~ Normal(0, 1) for n in 0..<N { observe x[n] ~ Normal(a, 1) observe log(x[n]) ~ Normal(a, 1) }', {
        x: [1, null],
      }),
    ).toEqual([
      'An observed expression depends on x[1], which is missing; a missing value can be inferred only where it is observed itself',
    ]);
  });

  it('makes what depends on a missing observation deterministic instead of given', () => {
    const program = 'data x: real[N] sample a ~ Normal(0, 1) observe x ~ Normal(a, 1) let s = sum(x) report t = s + 1';
    expect(statusOf(bound(program, { x: [1, 2] }), 's')).toBe('given');
    expect(['s', 't'].map((name) => statusOf(bound(program, { x: [1, null] }), name))).toEqual(['deterministic', 'deterministic']);
  });

  it('conditions on part of a sampled variable', () => {
    const m = bound('for k in 0..<3 { sample a[k] ~ Normal(0, 1) }', { a: [1, null, 3] });
    expect([statusOf(m, 'a'), ...m.variables.get('a')!.mask!]).toEqual(['partial', 0, 1, 0]);
  });
});

describe('ancestral sampling', () => {
  it('leaves data to be generated by its observe', () => {
    const m = bound(mixture, { N: 3, D: 2, K: 2 }, 'sample');
    expect([statusOf(m, 'x'), shapeOf(m, 'x')]).toEqual(['latent', [3, 2]]);
  });
  it('wants the sizes that no shape gives', () => {
    expect(errors(mixture, { K: 2 }, 'sample')).toEqual(['No value is given for N: int, D: int']);
    expect(errors(mixture, { N: 3 }, 'sample')).toEqual(['No value is given for K: int, D: int']);
  });
  it('says which datum is observed only through an expression', () => {
    expect(
      errors('data x: real[N] let y = log(x) sample a ~ Normal(0, 1) for n in 0..<N { observe y[n] ~ Normal(a, 1) }', { N: 3 }, 'sample'),
    ).toEqual(['No value is given for x: real[N]; x is observed only through an expression, which cannot be generated']);
  });
  it('wants data that no statement generates', () => {
    expect(
      errors('data y: real[N] sample a ~ Normal(0, 1) for n in 1..<N { observe y[n] ~ Normal(a * y[n-1], 1) }', { N: 3 }, 'sample'),
    ).toEqual(['y[0] is not given and no statement generates it']);
  });
});

describe('regions', () => {
  it('names a gap and an overlap', () => {
    const split =
      'data T: int data R: int data S: int for t in 0..<R { sample z[t] ~ Normal(0, 1) } for t in S..<T { sample z[t] ~ Normal(0, 1) }';
    expect(errors(split, { T: 5, R: 2, S: 3 })).toEqual(['z[2] is not defined by any statement']);
    expect(errors(split, { T: 5, R: 3, S: 2 })).toEqual(['z[2] is defined more than once']);
    expect(errors(split, { T: 5, R: 2, S: 2 })).toEqual([]);
  });
  it('follows conditions on data', () => {
    const program = 'data c: bool[N] for n in 0..<N { if c[n] { sample z[n] ~ Normal(0, 1) } else { let z[n] = 0 } }';
    expect(errors(program, { c: [true, false] })).toEqual([]);
    expect(errors('data c: bool[N] for n in 0..<N { if c[n] { sample z[n] ~ Normal(0, 1) } }', { c: [true, false] })).toEqual([
      'z[1] is not defined by any statement',
    ]);
  });
  it('lets a ragged variable have cells that do not exist', () => {
    const program = 'data len: int[J] for j in 0..<J { for i in 0..<len[j] { sample x[j, i] ~ Normal(0, 1) } }';
    const m = bound(program, { len: [2, 0, 3] });
    expect(shapeOf(m, 'x')).toEqual([3, 3]);
    expect(errors(`${program} for j in 0..<J { factor -x[j, 0]^2 }`, { len: [2, 1] })).toEqual([]);
    expect(errors(`${program} for j in 0..<J { factor -x[j, 0]^2 }`, { len: [2, 0] })).toEqual([
      'x[1,0] is read, but no statement defines it',
    ]);
  });
});

describe('indices', () => {
  const program =
    'data g: int[N] data y: real[N] data J: int for j in 0..<J { sample b[j] ~ Normal(0, 1) } for n in 0..<N { observe y[n] ~ Normal(b[g[n]], 1) }';
  it('names the element, the value and the size of an index out of range', () => {
    expect(errors(program, { g: [0, 2], y: [1, 2], J: 2 })).toEqual(['g[1] = 2 is used as an index of b, which has elements 0 to 1']);
    expect(errors(program, { g: [0, -1], y: [1, 2], J: 2 })).toEqual(['g[1] = -1 is used as an index of b, which has elements 0 to 1']);
    expect(errors(program, { g: [0, 1], y: [1, 2], J: 2 })).toEqual([]);
    expect(errors(program, { g: [0], y: [1], J: 0 })).toEqual(['g[0] = 0 is used as an index of b, which has no elements']);
    expect(bound(program, { g: [0, 1], y: [1, 2], J: 5 }).variables.get('g')!.range).toBe(2);
  });
  it('checks shifts against the loop', () => {
    const shifted = 'data x: real[N] data L: int sample a ~ Normal(0, 1) for n in L..<N { factor -(x[n - 2] - a)^2 }';
    expect(errors(shifted, { x: [1, 2, 3], L: 2 })).toEqual([]);
    expect(errors(shifted, { x: [1, 2, 3], L: 1 })).toEqual(['n - 2 = -1 at n = 1 is used as an index of x, which has elements 0 to 2']);
    expect(
      errors('data x: real[N] sample a ~ Normal(0, 1) for n in 0..<N { factor n > 0 ? -(x[n - 1] - a)^2 : 0 }', { x: [1, 2] }),
    ).toEqual([]);
  });
  it('takes && and || to guard what stands after them', () => {
    const guarded = (test: string): string[] =>
      errors(`data x: real[N] sample a ~ Normal(0, 1) for n in 0..<N { factor (${test}) ? -a^2 : 0 }`, { x: [1, 2] });
    expect(guarded('n > 0 && x[n - 1] > 0')).toEqual([]);
    expect(guarded('n == 0 || x[n - 1] > 0')).toEqual([]);
    expect(guarded('n == 0 && x[n - 1] > 0')).toEqual(['n - 1 = -1 at n = 0 is used as an index of x, which has elements 0 to 1']);
    expect(guarded('n > 0 || x[n - 1] > 0')).toEqual(['n - 1 = -1 at n = 0 is used as an index of x, which has elements 0 to 1']);
  });
  it('compares the range of a latent index with the dimension', () => {
    expect(
      errors('data m: real[J] data K: int sample z ~ Categorical(ones(K) / K) sample x ~ Normal(m[z], 1)', { m: [1, 2], K: 3 }),
    ).toEqual(['z takes values 0 to 2 and is used as an index of m, which has elements 0 to 1']);
    const program = graphOf('data m: real[J] sample z ~ DiscreteUniform(1, 2) sample x ~ Normal(m[z], 1)');
    expect(bind(program, { m: [1, 2] }, { mode: 'infer' }).diagnostics[0]!.hint).toBe('give m 3 elements, or let z take values up to 1');
  });
  it('knows the ranges of integer laws', () => {
    const m = bound(
      'data n: int[N] sample b ~ Bernoulli(0.5) sample d ~ DiscreteUniform(1, 6) sample p ~ Poisson(2) for i in 0..<N { sample k[i] ~ Binomial(n[i], 0.5) }',
      { n: [3, 9] },
    );
    expect(['b', 'd', 'p', 'k'].map((name) => m.variables.get(name)!.range)).toEqual([2, 7, undefined, 10]);
  });
  it('compares dimensions that only data decides', () => {
    expect(errors('data a: real[N] data b: real[M] sample x ~ Normal(sum(a[1..<N] + b[M-2..<M]), 1)', { a: [1, 2], b: [1, 2, 3] })).toEqual(
      ['`+` needs arrays of equal shape; here the dimensions are 1 and 2'],
    );
    expect(errors('data a: real[N] data K: int sample x ~ Normal(sum(a + ones(K)), 1)', { a: [1, 2], K: 2 })).toEqual([]);
  });
});

describe('laws', () => {
  const observed = (law: string, y: unknown, type = 'real'): string[] =>
    errors(`data y: ${type}[N] sample a ~ Gamma(1, 1) for n in 0..<N { observe y[n] ~ ${law} }`, { y });
  it('refuses observations outside the support, with element, value and reason', () => {
    expect(observed('Gamma(a, 1)', [1, -2])).toEqual(['y[1] = -2 cannot come from Gamma: it is negative']);
    expect(observed('Poisson(a)', [-1], 'int')).toEqual(['y[0] = -1 cannot come from Poisson: it is negative']);
    expect(observed('Uniform(0, 2)', [1, 3])).toEqual(['y[1] = 3 cannot come from Uniform: it is above 2']);
    expect(observed('Uniform(0, a)', [1, 3])).toEqual([]);
    expect(observed('Uniform(0, a)', [-1])).toEqual(['y[0] = -1 cannot come from Uniform: it is negative']);
    expect(observed('Binomial(3, 0.5)', [4], 'int')).toEqual(['y[0] = 4 cannot come from Binomial: it is above 3']);
    expect(observed('truncated(Normal(a, 1), -1, 1)', [0, 2])).toEqual(['y[1] = 2 cannot come from truncated Normal: it is above 1']);
    expect(observed('truncated(Normal(a, 1), -1, 1)', [-2, 0])).toEqual(['y[0] = -2 cannot come from truncated Normal: it is below -1']);
    expect(observed('truncated(Normal(a, 1), -1, 1)', [-1, 1])).toEqual([]);
    expect(observed('Uniform(0, 2)', [0, 2])).toEqual([]);
    expect(observed('Normal(a, 1)', [1e9, -1e9])).toEqual([]);
    expect(observed('Beta(a, 1)', [0.5, 1.5])).toEqual(['y[1] = 1.5 cannot come from Beta: it is above 1']);
  });
  it('refuses a value on the edge only where the density vanishes for all parameters', () => {
    expect(observed('LogNormal(a, 1)', [1, 0])).toEqual(['y[1] = 0 cannot come from LogNormal: its density there is zero']);
    expect(observed('InverseGamma(a, 1)', [0])).toEqual(['y[0] = 0 cannot come from InverseGamma: its density there is zero']);
    expect(observed('Gamma(a, 1)', [0])).toEqual([]);
    expect(observed('Exponential(a)', [0])).toEqual([]);
    expect(observed('Gamma(3, 1)', [0])).toEqual(['y[0] = 0 cannot come from Gamma: its density there is zero']);
  });
  it('skips missing observations', () => {
    expect(observed('Gamma(a, 1)', [1, null, 2])).toEqual([]);
    expect(observed('Poisson(a)', [1, null], 'int')).toEqual([]);
  });
  it('judges vectors and matrices as a whole', () => {
    expect(errors('data y: real[K] sample a ~ Gamma(1, 1) observe y ~ Dirichlet(fill(a, K))', { y: [0.5, 0.4] })).toEqual([
      'y = [0.5, 0.4] cannot come from Dirichlet: it sums to 0.9, not to 1',
    ]);
    expect(
      errors('data y: int[N, K] sample p ~ Dirichlet(ones(K)) for n in 0..<N { observe y[n] ~ Multinomial(5, p) }', {
        y: [
          [2, 3],
          [2, 2],
        ],
      }),
    ).toEqual(['y[1] = [2, 2] cannot come from Multinomial: it sums to 4, not to 5']);
    expect(
      errors('data S: real[D, D] sample a ~ Gamma(5, 1) observe S ~ Wishart(a + 2, eye(D))', {
        S: [
          [1, 2],
          [2, 1],
        ],
      }),
    ).toEqual(['S = [[1, 2], [2, 1]] cannot come from Wishart: it is not positive definite']);
  });
  it('judges observed expressions', () => {
    expect(errors('data y: real[N] sample a ~ Gamma(1, 1) for n in 0..<N { observe y[n] - 1 ~ Gamma(a, 1) }', { y: [2, 0.5] })).toEqual([
      'y[n] - 1 at n = 1 = -0.5 cannot come from Gamma: it is negative',
    ]);
  });
  it('says of labels one above the last that they count from 0, and of counts not', () => {
    const hints = (law: string, y: readonly number[]): readonly unknown[] =>
      bind(graphOf(`data y: int[N] sample p ~ Dirichlet([1, 1, 1]) for n in 0..<N { observe y[n] ~ ${law} }`), { y }, { mode: 'infer' })
        .diagnostics.filter((d) => d.code === 'outside-support')
        .map((d) => d.hint);
    expect(hints('Categorical(p)', [1, 2, 3])).toEqual([expect.stringMatching(/^labels count from 0: subtract 1/)]);
    expect(hints('Categorical(p)', [1, 2, 4])).toEqual([undefined]);
    expect(hints('Binomial(2, p[0])', [1, 2, 3])).toEqual([undefined]);
  });
  it('says of a covariance whose computed sizes differ that it is not square', () => {
    expect(
      errors('data x: real[N] sample f ~ MvNormal(zeros(N), [x[j] + (i == j ? 9 : 0) for i in 0..<N, j in 0..<(N ? 1 : abs(N))])', {
        x: [1, 2, 3],
      }),
    ).toEqual([
      'cov of MvNormal must be square; here the dimensions are 3 and 1',
      'The parameter cov of MvNormal is a matrix that has 3 rows and 1 columns; it must be a symmetric positive definite matrix',
    ]);
  });
  it('refuses parameters outside their domain where they depend on data alone', () => {
    expect(
      errors('data s: real[N] data y: real[N] sample a ~ Normal(0, 1) for n in 0..<N { observe y[n] ~ Normal(a, s[n]) }', {
        s: [1, -1],
        y: [0, 0],
      }),
    ).toEqual(['The parameter sd of Normal at n = 1 is -1; it must be positive']);
    expect(errors('data p: real[K] sample z ~ Categorical(p)', { p: [0.5, 0.6] })).toEqual([
      'The parameter probs of Categorical is a vector that sums to 1.1, not to 1; it must be probabilities that sum to 1',
    ]);
    expect(
      errors('data S: real[D, D] sample x ~ MvNormal(zeros(D), S)', {
        S: [
          [1, 2],
          [2, 1],
        ],
      }),
    ).toEqual(['The parameter cov of MvNormal is a matrix that is not positive definite; it must be a symmetric positive definite matrix']);
    expect(errors('data w: real[K] sample x ~ mixture(w, Normal(k, 1) for k in 0..<K)', { w: [0.5, 0.6] })).toEqual([
      'The parameter weights of the mixture is a vector that sums to 1.1, not to 1; it must be probabilities that sum to 1',
    ]);
    expect(errors('data a: real sample x ~ mixture([a, 0.5], [Normal(0, 1), Normal(1, 1)])', { a: 0.4 }).join()).toMatch(
      /sums to 0.9, not to 1/,
    );
    expect(errors('data a: real sample x ~ Uniform(a, 1)', { a: 2 }).join()).toMatch(/contradict each other/);
    expect(errors('data N: int data s: real for n in 0..<N { sample x[n] ~ Normal(0, s) }', { N: 0, s: -1 })).toEqual([]);
  });
});

describe('what depends on data alone', () => {
  it('is computed', () => {
    const m = bound(
      'data x: real[N] let total = sum(x) for n in 0..<N { let share[n] = x[n] / total } sample a ~ Normal(share[0], 1) let later = a + total',
      { x: [1, 3] },
    );
    expect([statusOf(m, 'share'), valuesOf(m, 'share'), statusOf(m, 'later')]).toEqual(['given', [0.25, 0.75], 'deterministic']);
  });
  it('follows recursions forwards, backwards and between variables', () => {
    const m = bound(
      `data T: int
      for t in 1..<T { let f[t] = f[t-1] + t }
      let f[0] = 0
      let b[4] = 1
      for t in 0..<4 { let b[t] = 2 * b[t+1] }
      let p[0] = 1  let q[0] = 0
      for t in 1..<T { let p[t] = q[t-1] + 1  let q[t] = 2 * p[t-1] }
      sample x ~ Normal(sum(f) + sum(b) + sum(p), 1)`,
      { T: 5 },
    );
    expect(valuesOf(m, 'f')).toEqual([0, 1, 3, 6, 10]);
    expect(valuesOf(m, 'b')).toEqual([16, 8, 4, 2, 1]);
    expect(valuesOf(m, 'p')).toEqual([1, 1, 3, 3, 7]);
    expect(valuesOf(m, 'q')).toEqual([0, 2, 2, 6, 6]);
  });
  it('follows recursions in an inner loop, in either direction', () => {
    const m = bound(
      `data J: int  data T: int
      for j in 0..<J, t in 0..<T-1 { let b[j, t] = b[j, t+1] + 1 }
      for j in 0..<J { let b[j, T-1] = 10 * j }
      sample x ~ Normal(b[0, 0], 1)`,
      { J: 2, T: 2000 },
    );
    expect([valuesOf(m, 'b')[0], valuesOf(m, 'b')[2000], valuesOf(m, 'b')[3999]]).toEqual([1999, 2009, 10]);
  });
  it('gives sizes to others', () => {
    const m = bound(
      'data g: int[N] let J = max(g) + 1 for j in 0..<J { sample b[j] ~ Normal(0, 1) } for n in 0..<N { factor -b[g[n]]^2 }',
      { g: [0, 3, 1] },
    );
    expect(shapeOf(m, 'b')).toEqual([4]);
  });
  it('calls host functions, and reports what they throw', () => {
    const host = (call: (...x: readonly unknown[]) => unknown): HoleValue[] => [{ kind: 'function', name: 'f', call }];
    const { source } = template`data a: real[N] let b = ${null}(a) sample x ~ Normal(b, 1)`;
    const total = (list: unknown): number => (list as number[]).reduce((p, q) => p + q, 0);
    expect(valuesOf(bound(source, { a: [1, 2, 4] }, 'infer', host(total)), 'b')).toEqual([7]);
    const { diagnostics } = bind(
      graphOf(
        source,
        host(() => {
          throw new Error('out of tune');
        }),
      ),
      { a: [1] },
      { mode: 'infer' },
    );
    expect(diagnostics.map((d) => d.message)).toEqual(['A host function of the program failed: f: out of tune.']);
  });
  it('is computed once for each column, not for each element', () => {
    const rows = 2000;
    const x = Array.from({ length: rows }, (_, n) => [n, n * n]);
    const m = bound('data X: real[N, D] let Z = standardise(X) sample w ~ Normal(Z[0, 0], 1)', { X: x });
    // The integers 0..n-1 have mean (n - 1) / 2 and variance n (n + 1) / 12 (with divisor n - 1).
    expect(valuesOf(m, 'Z')[0]).toBeCloseTo(-((rows - 1) / 2) / Math.sqrt((rows * (rows + 1)) / 12), 10);
  });
});

describe('constants of the program', () => {
  it('may be infinite where they are bounds, and are not changed', () => {
    expect(errors('let low = [0, inf] sample x ~ Normal(low[0], 1)', {})).toEqual([]);
    const value = Float64Array.of(1, Number.NaN);
    const { source } = template`let c = ${null} sample x ~ Normal(c[0], 1) sample y ~ Normal(c[1], 1)`;
    const { diagnostics } = bind(graphOf(source, [{ kind: 'array', shape: [2], values: value }]), {}, { mode: 'infer' });
    expect(diagnostics.map((d) => d.code)).toEqual(['missing-never-observed']);
    expect([...value]).toEqual([1, Number.NaN]);
  });
});

describe('any value', () => {
  it('binds or is refused, but never throws', () => {
    const graphs = [
      mixture,
      'data x: int[N] data y: unit sample a ~ Beta(1, 1) for n in 0..<N { observe x[n] ~ Bernoulli(a * y) }',
      'data S: cov[D] data w: simplex[D] sample x ~ MvNormal(w, S)',
    ].map((s) => graphOf(s));
    const shaped = fc.oneof(
      fc.array(fc.array(fc.oneof(fc.double(), fc.integer(), fc.constantFrom(null, undefined, true, 'a')), { maxLength: 3 }), {
        maxLength: 3,
      }),
      fc.array(fc.oneof(fc.double(), fc.integer({ min: -1, max: 2 }), fc.constant(null)), { maxLength: 3 }),
      fc.integer({ min: -1, max: 5 }),
      fc.anything({ withTypedArray: true, withBigInt: true, withNullPrototype: true, withSparseArray: true }),
    );
    let accepted = 0;
    fc.assert(
      fc.property(
        fc.dictionary(fc.constantFrom('x', 'y', 'K', 'N', 'D', 'S', 'w', 'pi', 'mu', 'z', 'a', 'q', '__proto__'), shaped),
        fc.constantFrom<'infer' | 'sample'>('infer', 'sample'),
        (values, mode) => {
          for (const graph of graphs) {
            const { model, diagnostics } = bind(graph, values, { mode });
            expect(model === null).toBe(diagnostics.some((d) => d.severity === 'error'));
            if (model !== null) accepted++;
          }
        },
      ),
      { seed: 29, numRuns: 2000 },
    );
    expect(accepted).toBeGreaterThan(5);
  });
});

describe('a million rows', () => {
  it('bind in well under a second', () => {
    const rows = 1e6;
    const x = new Float64Array(rows * 2),
      g = new Int32Array(rows),
      y = new Float64Array(rows);
    for (let n = 0; n < rows; n++) {
      x[2 * n] = n % 17;
      x[2 * n + 1] = 1;
      g[n] = n % 10;
      y[n] = n % 5;
    }
    const graph = graphOf(`data X: real[N, D] data g: int[N] data y: int[N] data J: int
      let Z = standardise(X[.., 0..<1])
      sample w ~ MvNormal(zeros(D), eye(D))
      for j in 0..<J { sample b[j] ~ Normal(0, 1) }
      for n in 0..<N { observe y[n] ~ Poisson(exp(X[n] @ w + b[g[n]] + Z[n, 0])) }`);
    const elapsed = cpuMilliseconds(() => {
      const { model, diagnostics } = bind(graph, { X: tensor(x, [rows, 2]), g, y, J: 10 }, { mode: 'infer' });
      expect(diagnostics).toEqual([]);
      expect(model!.variables.get('g')!.range).toBe(10);
    });
    // The bar is one second, measured at 0.3; the collector of memory works beside.
    expect(elapsed).toBeLessThan(3000);
  });
});
