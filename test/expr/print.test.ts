import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Syntax } from '../../src/1-parse/ast.js';
import { parse } from '../../src/1-parse/parse.js';
import { ModelError } from '../../src/errors/diagnostic.js';
import { evaluate } from '../../src/expr/evaluate.js';
import {
  type Expr,
  add,
  apply,
  arrayOf,
  at,
  build,
  cond,
  div,
  equal,
  freeIndices,
  index,
  log,
  mul,
  neg,
  num,
  one,
  pow,
  ref,
  scalarOf,
  size,
  sqrt,
  square,
  sub,
  substitute,
  sumOver,
  zero,
} from '../../src/expr/expr.js';
import { fromJson, toJson } from '../../src/expr/json.js';
import { printLatex, printText, printTextArray } from '../../src/expr/print.js';

const n = index('n'),
  t = index('t');
const D = size('D');
const y = ref('y'),
  mu = ref('mu'),
  sd = ref('sd');
const sigma = (i: Expr, j: Expr): Expr => ref('Sigma', [ref('z', [n]), i, j]);
const covariance = build([D, D], sigma);

describe('printText', () => {
  const rows: readonly (readonly [string, Expr, string])[] = [
    ['a gather', ref('mu', [ref('z', [n])]), 'mu[z[n]]'],
    ['a sum', sumOver(D, (j) => mul(ref('x', [n, j]), ref('w', [j])), 'j'), 'sum(x[n,j]*w[j] for j in 0..<D)'],
    ['a shift', ref('z', [sub(t, one)]), 'z[t-1]'],
    ['a shift written as a sum', ref('z', [add(t, num(-1))]), 'z[t-1]'],
    ['subtraction from a negation', add(y, neg(mu)), 'y - mu'],
    ['subtraction with the positive term first', add(neg(y), mu), 'mu - y'],
    ['subtraction from a factor -1', { op: 'apply', fn: 'add', args: [y, { op: 'apply', fn: 'mul', args: [num(-1), mu] }] }, 'y - mu'],
    ['subtraction of a sum', sub(y, add(mu, sd)), 'y - mu - sd'],
    ['subtraction of a difference', sub(y, sub(mu, sd)), 'y - mu + sd'],
    ['a normal kernel', mul(num(-0.5), mul(square(sub(y, mu)), pow(sd, num(-2)))), '-0.5*(y - mu)^2/sd^2'],
    ['a reciprocal', pow(add(sd, one), num(-1)), '1/(sd + 1)'],
    ['a quotient of products', div(mul(y, mu), mul(sd, ref('q'))), 'y*mu/(sd*q)'],
    ['a root', sqrt(add(y, one)), 'sqrt(y + 1)'],
    ['a reciprocal root', pow(y, num(-0.5)), '1/sqrt(y)'],
    ['a square of a negation', pow(neg(y), num(2)), '(-y)^2'],
    ['a negation of a square', neg(square(y)), '-y^2'],
    ['a power of a power', pow(pow(y, num(3)), mu), '(y^3)^mu'],
    ['a power with a power above', pow(y, pow(mu, num(3))), 'y^mu^3'],
    ['a negative base', pow(num(-2), y), '(-2)^y'],
    ['a product of sums', mul(add(y, one), sub(mu, one)), '(y + 1)*(mu - 1)'],
    ['x log y', apply('xlogy', y, mu), 'y*log(mu)'],
    ['x log(1 - p)', apply('xlog1my', y, mu), 'y*log(1 - mu)'],
    ['a condition', cond(apply('gt', y, zero), y, neg(y)), 'y > 0 ? y : -y'],
    ['a condition as a factor', mul(cond(y, one, mu), sd), '(y ? 1 : mu)*sd'],
    ['junctions', apply('and', apply('or', apply('lt', y, mu), sd), apply('not', apply('eq', y, mu))), '(y < mu || sd) && !(y == mu)'],
    ['numbers', add(num(1 / 3), num(1)), '1.33333'],
    ['infinity', neg(apply('max', y, num(Number.POSITIVE_INFINITY))), '-max(y, inf)'],
    [
      'one name for two indices',
      sumOver(D, (i) => sumOver(D, (j) => mul(ref('a', [i]), ref('b', [j])))),
      'sum(a[i]*b[j] for i in 0..<D, j in 0..<D)',
    ],
    ['an index called like a variable', sumOver(D, (i) => ref('i', [i])), 'sum(i[j] for j in 0..<D)'],
    ['a matrix by its name', scalarOf('logdet', [covariance]), 'logdet(Sigma[z[n]])'],
    ['a scaled identity', scalarOf('logdet', [build([D, D], (i, j) => cond(apply('eq', i, j), num(5), zero))]), 'logdet(5*eye(D))'],
    [
      'a diagonal',
      scalarOf('logdet', [build([D, D], (i, j) => cond(apply('eq', i, j), square(ref('s', [i])), zero))]),
      'logdet(diag([s[i]^2 for i in 0..<D]))',
    ],
    ['a scaled matrix', scalarOf('logdet', [build([D, D], (i, j) => mul(num(2), sigma(i, j)))]), 'logdet(2*Sigma[z[n]])'],
    ['a transpose', scalarOf('det', [build([D, D], (i, j) => ref('A', [j, i]))]), 'det(transpose(A))'],
    ['an element of an inverse', at(arrayOf('inverse', [covariance], covariance.dims), t, zero), 'inverse(Sigma[z[n]])[t,0]'],
  ];
  it.each(rows)('%s', (_, e, text) => expect(printText(e)).toBe(text));

  it('names variables as it is told and rounds as it is told', () => {
    expect(printText(add(ref('$0', [n]), num(0.123456789)), { variable: (v) => (v === '$0' ? 'c' : v), digits: 3 })).toBe('c[n] + 0.123');
  });

  it('prints comprehensions', () => {
    expect(printTextArray(covariance)).toBe('Sigma[z[n]]');
    expect(printTextArray(build([D], (i) => mul(ref('x', [n, i]), i)))).toBe('[x[n,i]*i for i in 0..<D]');
    expect(printTextArray(build([D], () => zero))).toBe('fill(0, D)');
    expect(printTextArray({ indices: [], dims: [], body: y })).toBe('y');
  });
});

describe('printLatex', () => {
  const rows: readonly (readonly [string, Expr, string])[] = [
    ['a gather', ref('mu', [ref('z', [n])]), '\\mu_{z_n}'],
    ['a sum', sumOver(D, (j) => mul(ref('x', [n, j]), ref('w', [j])), 'j'), '\\sum_{j=0}^{D-1} x_{n,j} w_j'],
    ['a sum to an inclusive bound', sumOver(add(size('K'), one), () => y, 'k'), '\\sum_{k=0}^{K} y'],
    ['a fraction', mul(num(-0.5), mul(square(sub(y, mu)), pow(sd, num(-2)))), '-\\frac{0.5 \\left(y - \\mu\\right)^{2}}{\\mathit{sd}^{2}}'],
    [
      'a sum before a factor',
      mul(
        sumOver(D, (j) => ref('x', [j]), 'j'),
        y,
      ),
      '\\left(\\sum_{j=0}^{D-1} x_j\\right) y',
    ],
    ['a sum of sums', sumOver(D, (j) => add(ref('x', [j]), one), 'j'), '\\sum_{j=0}^{D-1} \\left(x_j + 1\\right)'],
    ['two numbers', { op: 'apply', fn: 'mul', args: [num(2), pow(num(3), y)] }, '2 \\cdot 3^{y}'],
    ['a name with an index', ref('beta_0', [n]), '\\beta_{0,n}'],
    ['a name with a number', ref('x1'), 'x_{1}'],
    ['a name with a word', ref('sigma_obs'), '\\sigma_{\\mathit{obs}}'],
    ['a Greek letter', ref('μ', [n]), '\\mu_n'],
    ['names that would be commands', ref('a_b_c'), 'a_{\\mathit{b\\_c}}'],
    ['an inverse', at(arrayOf('inverse', [covariance], covariance.dims), t, t), '\\left(\\Sigma_{z_n}^{-1}\\right)_{t,t}'],
    ['a log determinant', scalarOf('logdet', [covariance]), '\\log\\left|\\Sigma_{z_n}\\right|'],
    ['an indicator', cond(apply('eq', ref('z', [n]), t), one, zero), '\\mathbb{1}\\left[z_n = t\\right]'],
    ['cases', cond(y, mu, one), '\\begin{cases} \\mu & \\text{if } y \\\\ 1 & \\text{otherwise} \\end{cases}'],
    ['a power of ten', mul(num(1e-9), y), '10^{-9} y'],
    ['functions', add(log(y), apply('lgamma', mu)), '\\log\\left(y\\right) + \\log\\Gamma\\left(\\mu\\right)'],
  ];
  it.each(rows)('%s', (_, e, latex) => expect(printLatex(e)).toBe(latex));

  it('prints arrays', () => {
    expect(printLatex(scalarOf('logdet', [build([D, D], (i, j) => cond(apply('eq', i, j), num(5), zero))]))).toBe(
      '\\log\\left|5 I_{D}\\right|',
    );
    expect(printLatex(scalarOf('logdet', [build([D], (i) => add(ref('x', [i]), i))]))).toBe(
      '\\log\\left|\\left[x_i + i\\right]_{i=0,\\ldots,D-1}\\right|',
    );
  });
});

describe('the text of a formula', () => {
  /** Values of the atoms; `v` is an array. */
  const values = new Map<string, number>([
    ['a', 1.7],
    ['b', -0.6],
    ['c', 3],
    ['d', 0.25],
  ]);
  const vector = [0.5, -1.5, 2];
  const functions = new Map<string, (...x: number[]) => number>([
    ['exp', Math.exp],
    ['log', Math.log],
    ['sqrt', Math.sqrt],
    ['abs', Math.abs],
    ['max', Math.max],
    ['min', Math.min],
    ['sigmoid', (x) => 1 / (1 + Math.exp(-x))],
  ]);

  /** What the printed text means by the grammar: an evaluator of syntax that knows nothing of expressions. */
  function meaning(s: Syntax, scope: ReadonlyMap<string, number>): number {
    switch (s.kind) {
      case 'number':
        return s.value;
      case 'inf':
        return Number.POSITIVE_INFINITY;
      case 'name':
        return scope.get(s.name)!;
      case 'unary':
        return s.operator === '-' ? -meaning(s.operand, scope) : Number(meaning(s.operand, scope) === 0);
      case 'conditional':
        return meaning(s.test, scope) !== 0 ? meaning(s.then, scope) : meaning(s.otherwise, scope);
      case 'index':
        return vector[meaning((s.at[0] as { value: Syntax }).value, scope)]!;
      case 'binary': {
        const x = meaning(s.left, scope),
          y = meaning(s.right, scope);
        switch (s.operator) {
          case '+':
            return x + y;
          case '-':
            return x - y;
          case '*':
            return x * y;
          case '/':
            return x / y;
          case '^':
            return x ** y;
          case '<':
            return Number(x < y);
          case '<=':
            return Number(x <= y);
          case '>':
            return Number(x > y);
          case '>=':
            return Number(x >= y);
          case '==':
            return Number(x === y);
          case '!=':
            return Number(x !== y);
          case '&&':
            return Number(x !== 0 && y !== 0);
          case '||':
            return Number(x !== 0 || y !== 0);
          default:
            throw new Error(s.operator);
        }
      }
      case 'call': {
        const name = (s.callee as { text: string }).text;
        const [first] = s.arguments;
        if (first?.value.kind !== 'generator') return functions.get(name)!(...s.arguments.map((x) => meaning(x.value, scope)));
        const { body, plates } = first.value;
        const over = (k: number, inner: ReadonlyMap<string, number>): number => {
          const plate = plates[k];
          if (plate === undefined) return meaning(body, inner);
          let total = 0;
          for (let i = meaning(plate.range.from, inner); i < meaning(plate.range.to, inner); i++)
            total += over(k + 1, new Map([...inner, [plate.index.text, i]]));
          return total;
        };
        return over(0, scope);
      }
      default:
        throw new Error(s.kind);
    }
  }

  const raw = (fn: string, ...args: Expr[]): Expr => ({ op: 'apply', fn, args });
  const expressions = fc.letrec<{ e: Expr }>((tie) => {
    const e = tie('e');
    return {
      e: fc.oneof(
        { maxDepth: 5, withCrossShrink: true },
        fc.constantFrom<Expr>(...[...values.keys()].map((name) => ref(name))),
        fc.constantFrom(-2, -1, -0.5, 0, 0.5, 1, 2, 3).map(num),
        fc
          .tuple(fc.constantFrom('add', 'sub', 'mul', 'div', 'lt', 'ge', 'eq', 'and', 'or', 'max', 'xlogy'), e, e)
          .map(([fn, x, y]) => raw(fn, x, y)),
        fc.tuple(fc.constantFrom('neg', 'neg', 'exp', 'abs', 'sigmoid', 'not'), e).map(([fn, x]) => raw(fn, x)),
        fc.tuple(e, fc.constantFrom(-2, -1, -0.5, 0.5, 2)).map(([x, k]) => raw('pow', x, num(k))),
        fc.tuple(e, e).map(([x, y]) => raw('pow', x, y)),
        fc.tuple(e, e, e).map(([test, then, otherwise]): Expr => ({ op: 'cond', test, then, otherwise })),
        fc.tuple(e, fc.integer({ min: 0, max: 3 })).map(([x, count]): Expr => {
          const i = index('i');
          return { op: 'reduce', kind: 'sum', index: i, from: zero, to: num(count), body: raw('mul', ref('v', [i]), raw('add', x, i)) };
        }),
      ),
    };
  }).e;

  it('means by the grammar what the expression means', () => {
    fc.assert(
      fc.property(expressions, (e) => {
        const text = printText(e, { digits: 17 });
        const { program } = parse(`factor ${text}`);
        const [statement] = program!.statements;
        const expected = evaluate(e, { variable: (name, k) => (name === 'v' ? vector[k[0]!]! : values.get(name)!) });
        const found = meaning((statement as { value: Syntax }).value, values);
        // Where 0/0 or the like occurs, the order of factors may decide between nan and a number.
        if (!Number.isFinite(expected) || Math.abs(expected) > 1e100 || (expected !== 0 && Math.abs(expected) < 1e-100)) return;
        if (!Number.isFinite(found)) return;
        expect(Math.abs(found - expected), text).toBeLessThanOrEqual(1e-9 * Math.max(1, Math.abs(expected)));
      }),
      { seed: 3, numRuns: 3000 },
    );
  });
});

describe('JSON of expressions', () => {
  const n2 = index('n');
  const tricky: readonly Expr[] = [
    sumOver(D, (i) => sumOver(size('N'), (j) => mul(ref('a', [i, j]), i), 'i'), 'i'),
    at(arrayOf('inverse', [build([D, D], (i, j) => ref('__proto__', [i, j]))], [D, D]), n, n2),
    { op: 'const', value: -0 },
    num(Number.NaN),
    num(Number.NEGATIVE_INFINITY),
    cond(apply('gt', y, zero), log(y), { op: 'reduce', kind: 'argmax', index: n2, from: zero, to: D, body: n2 }),
  ];
  it('returns the same expression', () => {
    for (const e of tricky) {
      const json = JSON.parse(JSON.stringify(toJson(e))) as unknown;
      const free = [...freeIndices(e)];
      const back = fromJson(json);
      // Free indices come back as new objects of unique names: match them by order of appearance.
      const renamed = new Map([...freeIndices(back)].map((i, k) => [i, free[k]!]));
      expect(equal(substitute(back, renamed), e), JSON.stringify(json)).toBe(true);
    }
  });
  it('names every index uniquely', () => {
    const names: string[] = [];
    const walk = (x: unknown): void => {
      if (typeof x !== 'object' || x === null) return;
      if ('op' in x && x.op === 'reduce') names.push(String((x as { readonly index?: unknown }).index));
      Object.values(x).forEach(walk);
    };
    walk(toJson(tricky[0]!));
    expect(names).toEqual(['i', 'i2']);
  });
  it('refuses what it would not have written', () => {
    const hostile: readonly unknown[] = [
      null,
      3,
      'x',
      [],
      {},
      { op: 'eval' },
      { op: 'const', value: '1' },
      { op: 'apply', fn: 'constructor', args: [] },
      { op: 'apply', fn: 'exp', args: [] },
      { op: 'ref', variable: 3, at: [] },
      { op: 'reduce', kind: 'loop', index: 'i', from: 1, to: 2, body: 3 },
      { op: 'element', fn: 'host:0', args: [], dims: [], at: [] },
      { op: 'element', fn: '__proto__', args: [], dims: [], at: [] },
      { op: 'index', name: '' },
      JSON.parse('{"__proto__": {"op": "const", "value": 1}}'),
      { op: 'element', fn: 'inverse', args: [{ indices: ['i', 'i'], dims: [], body: null }], dims: [], at: [] },
    ];
    for (const json of hostile) expect(() => fromJson(json), JSON.stringify(json)).toThrow(ModelError);
    let deep: unknown = { op: 'const', value: 1 };
    for (let k = 0; k < 5000; k++) deep = { op: 'apply', fn: 'neg', args: [deep] };
    expect(() => fromJson(deep)).toThrow(/levels of nesting/);
  });
});
