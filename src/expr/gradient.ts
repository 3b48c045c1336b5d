/**
 * Symbolic partial derivatives of scalar expressions: the chain rule over the derivatives stated in
 * `primitives.ts`. Matrix rules: d A^-1 = -A^-1 dA A^-1, d logdet A = tr(A^-1 dA), and for
 * A = L L^T, dL = L Phi(L^-1 dA L^-T) with Phi the lower triangle with half the diagonal (Murray 2016).
 *
 * Integer positions (indices of references, bounds of reductions, tests) have derivative zero.
 */
import { InternalError } from '../errors/diagnostic.js';
import {
  add,
  addAll,
  apply,
  arrayOf,
  at,
  cond,
  element,
  exp,
  index,
  isConst,
  mul,
  neg,
  num,
  one,
  reduce,
  sub,
  substitute,
  sumOver,
  visit,
  zero,
} from './expr.js';
import type { Apply, ArrayExpr, Element, Expr, Index, Reduce, Ref } from './expr.js';
import { primitives } from './primitives.js';
import { simplify } from './simplify.js';

/**
 * The derivative of `e` with respect to one element of a variable, or to an index that stands for a
 * real number. Elements of a symmetric matrix count as independent.
 * @throws InternalError where a function inside has no derivative here (host functions), or where a
 *   reference is indexed by `wrt`.
 */
export function differentiate(e: Expr, wrt: Ref | Index): Expr {
  return simplify(new Differentiation(wrt).of(e));
}

class Differentiation {
  private readonly wrt: Ref | Index;
  private readonly memo = new Map<Expr, Expr>();

  constructor(wrt: Ref | Index) {
    this.wrt = wrt;
  }

  of(e: Expr): Expr {
    const known = this.memo.get(e);
    if (known !== undefined) return known;
    const out = this.compute(e);
    this.memo.set(e, out);
    return out;
  }

  private compute(e: Expr): Expr {
    switch (e.op) {
      case 'const':
      case 'size':
        return zero;
      case 'index':
        return e === this.wrt ? one : zero;
      case 'ref':
        return this.ofRef(e);
      case 'cond':
        return cond(e.test, this.of(e.then), this.of(e.otherwise));
      case 'apply':
        return this.ofApply(e);
      case 'reduce':
        return this.ofReduce(e);
      case 'element':
        return this.ofElement(e);
    }
  }

  private ofRef(e: Ref): Expr {
    const { wrt } = this;
    if (wrt.op === 'index') {
      if (e.at.some((x) => mentions(x, wrt))) throw new InternalError(`derivative with respect to an index of ${e.variable}`);
      return zero;
    }
    if (e.variable !== wrt.variable) return zero;
    return e.at.reduceRight((inner: Expr, x, k) => cond(apply('eq', x, wrt.at[k]!), inner, zero), one);
  }

  private ofApply(e: Apply): Expr {
    const inner = e.args.map((a) => this.of(a));
    if (inner.every((d) => d.op === 'const' && d.value === 0)) return zero;
    const derivative = primitives.get(e.fn)?.derivative;
    if (derivative === undefined) throw new InternalError(`the function ${e.fn} has no derivative`);
    const partial = derivative(...e.args);
    return addAll(
      inner.map((d, k) => {
        const p = partial[k] ?? null;
        return p === null ? zero : times(p, d);
      }),
    );
  }

  private ofReduce(e: Reduce): Expr {
    const { kind, index: i, from, to, body } = e;
    const inner = this.of(body);
    if (inner.op === 'const' && inner.value === 0) return zero;
    switch (kind) {
      case 'sum':
        return reduce('sum', i, from, to, inner);
      case 'prod': {
        // Product of the others, so that factors that are zero do no harm.
        const j = index('j');
        const others = reduce('prod', j, from, to, cond(apply('eq', j, i), one, substitute(body, new Map([[i, j]]))));
        return reduce('sum', i, from, to, times(others, inner));
      }
      case 'logsumexp': {
        // The whole stands under the sum over i, so it needs an index of its own.
        const j = index('j');
        const whole = reduce('logsumexp', j, from, to, substitute(body, new Map([[i, j]])));
        return reduce('sum', i, from, to, times(exp(sub(body, whole)), inner));
      }
      case 'min':
      case 'max': {
        const j = index('j');
        const moved = substitute(body, new Map([[i, j]]));
        const best = reduce('argmax', j, from, to, kind === 'max' ? moved : neg(moved));
        return substitute(inner, new Map([[i, best]]));
      }
      case 'argmax':
        return zero;
    }
  }

  private ofElement(e: Element): Expr {
    const { fn, args } = e.array;
    if (!args.some((a) => this.dependsOnWrt(a.body))) return zero;
    const a = args[0];
    if (a === undefined) throw new InternalError(`the function ${fn} has no derivative`);
    const dA = (k: Expr, l: Expr): Expr =>
      substitute(
        this.of(a.body),
        new Map([
          [a.indices[0]!, k],
          [a.indices[1]!, l],
        ]),
      );
    switch (fn) {
      case 'inverse': {
        const [i, j] = e.at;
        const entry = (k: Expr, l: Expr): Expr => element(e.array, [k, l]);
        return neg(contract(a, (k, l) => mul(mul(entry(i!, k), entry(l, j!)), dA(k, l))));
      }
      case 'logdet':
      case 'logabsdet':
        return traceOfChange(a, dA);
      case 'det':
        return mul(e, traceOfChange(a, dA));
      case 'cholesky':
        return this.ofCholesky(e, a, dA);
      case 'solve': {
        // A x = b: dx = A^-1 (db - dA x), column by column where b is a matrix.
        const b = args[1]!,
          inverse = arrayOf('inverse', [a], a.dims);
        const [i, ...column] = e.at;
        const db = (k: Expr): Expr => substitute(this.of(b.body), new Map(b.indices.map((x, d) => [x, d === 0 ? k : column[d - 1]!])));
        return sumOver(
          a.dims[0]!,
          (k) => {
            const change = sumOver(a.dims[1]!, (l) => mul(dA(k, l), element(e.array, [l, ...column])), 'l');
            return mul(at(inverse, i!, k), sub(db(k), change));
          },
          'k',
        );
      }
      case 'cumsum':
      case 'cumprod': {
        const k = index('k');
        return this.of(reduce(fn === 'cumsum' ? 'sum' : 'prod', k, zero, add(e.at[0]!, one), at(a, k)));
      }
      default:
        throw new InternalError(`the function ${fn} has no derivative`);
    }
  }

  private ofCholesky(e: Element, a: ArrayExpr, dA: (k: Expr, l: Expr) => Expr): Expr {
    const [i, j] = e.at;
    const factor = arrayOf('cholesky', [a], a.dims),
      inverse = arrayOf('inverse', [factor], a.dims);
    const lower = (k: Expr): Expr => {
      const m = contract(a, (r, s) => mul(mul(at(inverse, k, r), at(inverse, j!, s)), dA(r, s)));
      return cond(apply('gt', k, j!), m, cond(apply('eq', k, j!), mul(num(0.5), m), zero));
    };
    return sumOver(a.dims[0]!, (k) => mul(at(factor, i!, k), lower(k)), 'k');
  }

  private dependsOnWrt(e: Expr): boolean {
    return mentions(e, this.wrt);
  }
}

/** `p d` where d may be zero by a test: the product stays under the test, so that an infinite p cannot make it NaN. */
function times(p: Expr, d: Expr): Expr {
  return d.op === 'cond' && isConst(d.otherwise, 0) ? cond(d.test, times(p, d.then), zero) : mul(p, d);
}

/** `sum_kl term(k, l)` over the elements of a matrix. */
function contract(a: ArrayExpr, term: (k: Index, l: Index) => Expr): Expr {
  return sumOver(a.dims[0]!, (k) => sumOver(a.dims[1]!, (l) => term(k, l), 'l'), 'k');
}

/** tr(A^-1 dA). */
function traceOfChange(a: ArrayExpr, dA: (k: Expr, l: Expr) => Expr): Expr {
  const inverse = arrayOf('inverse', [a], a.dims);
  return contract(a, (k, l) => mul(at(inverse, l, k), dA(k, l)));
}

function mentions(e: Expr, wrt: Ref | Index): boolean {
  let found = false;
  visit(e, (x) => {
    if (x === wrt || (x.op === 'ref' && wrt.op === 'ref' && x.variable === wrt.variable)) found = true;
  });
  return found;
}
