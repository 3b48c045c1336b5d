import { describe, expect, it } from 'vitest';
import {
  type Expr, add, apply, arrayOf, at, build, cond, div, index, log, mul, neg, num, one, pow, ref, scalarOf, size, sqrt, square, sub, sumOver, zero,
} from '../../src/expr/expr.js';
import { printLatex, printLatexArray, printText, printTextArray } from '../../src/expr/print.js';

const n = index('n'), t = index('t');
const D = size('D');
const y = ref('y'), mu = ref('mu'), sd = ref('sd');
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
    ['one name for two indices', sumOver(D, (i) => sumOver(D, (j) => mul(ref('a', [i]), ref('b', [j])))), 'sum(a[i]*b[j] for i in 0..<D, j in 0..<D)'],
    ['an index called like a variable', sumOver(D, (i) => ref('i', [i])), 'sum(i[j] for j in 0..<D)'],
    ['a matrix by its name', scalarOf('logdet', [covariance]), 'logdet(Sigma[z[n]])'],
    ['a scaled identity', scalarOf('logdet', [build([D, D], (i, j) => cond(apply('eq', i, j), num(5), zero))]), 'logdet(5*eye(D))'],
    ['a diagonal', scalarOf('logdet', [build([D, D], (i, j) => cond(apply('eq', i, j), square(ref('s', [i])), zero))]), 'logdet(diag([s[i]^2 for i in 0..<D]))'],
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
    ['a sum before a factor', mul(sumOver(D, (j) => ref('x', [j]), 'j'), y), '\\left(\\sum_{j=0}^{D-1} x_j\\right) y'],
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
    expect(printLatexArray(build([D, D], (i, j) => cond(apply('eq', i, j), num(5), zero)))).toBe('5 I_{D}');
    expect(printLatexArray(build([D], (i) => add(ref('x', [i]), i)))).toBe('\\left[x_i + i\\right]_{i=0,\\ldots,D-1}');
  });
});
