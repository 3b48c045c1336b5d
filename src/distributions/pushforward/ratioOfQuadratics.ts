/**
 * Expressions that are ratios of polynomials in one subexpression: `t / (1 + t^2)` in t,
 * `(exp(t) - exp(-t)) / 2` in exp(t).
 *
 * Sums, products, quotients and integer powers are worked out as ratios of polynomials; everything
 * else is an atom, and all atoms must be one, or integer powers of one exponential.
 */
import { affine, fromAffine } from '../../expr/affine.js';
import { add, equal, isConst, mul, num, one, pow, sub, zero } from '../../expr/expr.js';
import type { Expr } from '../../expr/expr.js';
import { simplify } from '../../expr/simplify.js';

/** Coefficients from the constant upwards. */
type Polynomial = readonly Expr[];
interface Ratio {
  readonly over: Polynomial;
  readonly under: Polynomial;
}

export interface RatioOfQuadratics {
  readonly atom: Expr;
  readonly numerator: readonly [Expr, Expr, Expr];
  readonly denominator: readonly [Expr, Expr, Expr];
}

/** Terms of higher degree than this are not worked out. */
const mostTerms = 9;

/** `e` as a ratio of quadratics in one atom that `depends`; null where it is not. */
export function ratioIn(e: Expr, depends: (e: Expr) => boolean): RatioOfQuadratics | null {
  const atoms: Expr[] = [];
  collect(e, depends, atoms);
  const base = commonAtom(atoms);
  if (base === null) return null;
  const worked = work(e, depends, base);
  if (worked === null) return null;
  let { over, under } = reduced(worked);
  let atom = base;
  // Even polynomials are polynomials in the square.
  while (degree(over) > 2 || degree(under) > 2 || (degree(over) + degree(under) > 2 && isEvenPolynomial(over) && isEvenPolynomial(under))) {
    if (!isEvenPolynomial(over) || !isEvenPolynomial(under)) return null;
    over = halved(over);
    under = halved(under);
    atom = pow(atom, num(2));
  }
  const three = (p: Polynomial): [Expr, Expr, Expr] => [p[0] ?? zero, p[1] ?? zero, p[2] ?? zero];
  return { atom, numerator: three(over), denominator: three(under) };
}

function collect(e: Expr, depends: (e: Expr) => boolean, into: Expr[]): void {
  if (!depends(e)) return;
  if (e.op === 'apply') {
    if (['add', 'sub', 'mul', 'div', 'neg'].includes(e.fn)) {
      for (const a of e.args) collect(a, depends, into);
      return;
    }
    if (e.fn === 'pow' && isConst(e.args[1]!) && Number.isInteger(e.args[1].value)) {
      collect(e.args[0]!, depends, into);
      return;
    }
  }
  if (!into.some((a) => equal(a, e))) into.push(e);
}

/** The one atom, or the exponential of which all are integer powers. */
function commonAtom(atoms: readonly Expr[]): Expr | null {
  const first = atoms[0];
  if (first === undefined) return null;
  if (atoms.length === 1) return first;
  // Of several exponents the smallest comes first if one is a multiple of all others.
  for (const candidate of atoms)
    if (atoms.every((a) => powerOf(a, candidate) !== null))
      return powerOf(candidate, candidate) === 1 ? positiveFirst(candidate, atoms) : candidate;
  return null;
}
/** Of exp(-t) and exp(t) the one whose exponent has a positive coefficient. */
function positiveFirst(candidate: Expr, atoms: readonly Expr[]): Expr {
  if (candidate.op !== 'apply' || candidate.fn !== 'exp') return candidate;
  const leading = affine(candidate.args[0]!).terms[0];
  if (leading === undefined || leading.coefficient > 0) return candidate;
  return atoms.find((a) => powerOf(a, candidate) === -1) ?? candidate;
}
/** n with e = base^n, for exponentials; 1 for the base itself. */
function powerOf(e: Expr, base: Expr): number | null {
  if (equal(e, base)) return 1;
  if (e.op !== 'apply' || base.op !== 'apply' || e.fn !== 'exp' || base.fn !== 'exp') return null;
  const top = affine(e.args[0]!),
    bottom = affine(base.args[0]!);
  const leading = bottom.terms[0],
    same = top.terms.find((t) => leading !== undefined && equal(t.term, leading.term));
  if (leading === undefined || same === undefined) return null;
  const n = same.coefficient / leading.coefficient;
  if (!Number.isInteger(n)) return null;
  const rest = affine(sub(fromAffine(top), mul(num(n), fromAffine(bottom))));
  return rest.terms.length === 0 && Math.abs(rest.constant) === 0 ? n : null;
}

function work(e: Expr, depends: (e: Expr) => boolean, atom: Expr): Ratio | null {
  if (!depends(e)) return { over: [e], under: [one] };
  const n = powerOf(e, atom);
  if (n !== null) return n > 0 ? { over: monomial(n), under: [one] } : { over: [one], under: monomial(-n) };
  if (e.op !== 'apply') return null;
  const parts = e.fn === 'pow' ? [work(e.args[0]!, depends, atom)] : e.args.map((a) => work(a, depends, atom));
  const [a, b] = parts;
  if (a === undefined || a === null || b === null) return null;
  switch (e.fn) {
    case 'neg':
      return { over: scaled(a.over, num(-1)), under: a.under };
    case 'add':
      return limited(sum(a, b!, one));
    case 'sub':
      return limited(sum(a, b!, num(-1)));
    case 'mul':
      return limited({ over: product(a.over, b!.over), under: product(a.under, b!.under) });
    case 'div':
      return limited({ over: product(a.over, b!.under), under: product(a.under, b!.over) });
    case 'pow': {
      const exponent = e.args[1]!;
      if (!isConst(exponent) || Math.abs(exponent.value) > mostTerms) return null;
      let out: Ratio | null = { over: [one], under: [one] };
      for (let k = 0; k < Math.abs(exponent.value) && out !== null; k++)
        out = limited({ over: product(out.over, a.over), under: product(out.under, a.under) });
      return out === null || exponent.value >= 0 ? out : { over: out.under, under: out.over };
    }
    default:
      return null;
  }
}
function limited(r: Ratio): Ratio | null {
  const short = reduced(r);
  return short.over.length > mostTerms || short.under.length > mostTerms ? null : short;
}

function monomial(n: number): Polynomial {
  return Array.from({ length: n + 1 }, (_, k) => (k === n ? one : zero));
}
function scaled(p: Polynomial, c: Expr): Polynomial {
  return p.map((x) => simplify(mul(c, x)));
}
function product(p: Polynomial, q: Polynomial): Polynomial {
  const out: Expr[] = Array.from({ length: p.length + q.length - 1 }, () => zero);
  p.forEach((a, i) =>
    q.forEach((b, j) => {
      out[i + j] = simplify(add(out[i + j]!, mul(a, b)));
    }),
  );
  return trimmed(out);
}
function plus(p: Polynomial, q: Polynomial, c: Expr): Polynomial {
  return trimmed(Array.from({ length: Math.max(p.length, q.length) }, (_, k) => simplify(add(p[k] ?? zero, mul(c, q[k] ?? zero)))));
}
function sum(a: Ratio, b: Ratio, c: Expr): Ratio {
  if (a.under.length === b.under.length && a.under.every((x, k) => equal(x, b.under[k]!)))
    return { over: plus(a.over, b.over, c), under: a.under };
  return { over: plus(product(a.over, b.under), product(b.over, a.under), c), under: product(a.under, b.under) };
}
function trimmed(p: readonly Expr[]): Polynomial {
  let n = p.length;
  while (n > 1 && isConst(p[n - 1]!, 0)) n--;
  return p.slice(0, n);
}
function degree(p: Polynomial): number {
  return p.length - 1;
}
/** Without common powers of the atom. */
function reduced(r: Ratio): Ratio {
  let { over, under } = r;
  while (over.length > 1 && under.length > 1 && isConst(over[0]!, 0) && isConst(under[0]!, 0)) {
    over = over.slice(1);
    under = under.slice(1);
  }
  return { over: trimmed(over), under: trimmed(under) };
}
function isEvenPolynomial(p: Polynomial): boolean {
  return p.every((x, k) => k % 2 === 0 || isConst(x, 0));
}
function halved(p: Polynomial): Polynomial {
  return p.filter((_, k) => k % 2 === 0);
}
