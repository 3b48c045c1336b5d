/**
 * Tests as expressions that are non-zero where they hold: of a value being in a support, of an argument being in its domain.
 */
import { apply, at, index, isConst, one, reduce, zero, type ArrayExpr, type Expr } from '../expr/expr.js';
import { simplify } from '../expr/simplify.js';
import type { Domain, Support } from './family.js';
import { isFiniteBound } from './bounds.js';

/** Tests that are all non-zero exactly where a scalar x lies in the support; empty for the real line and for vectors and matrices. */
export function supportTests(support: Support, x: Expr): readonly Expr[] {
  switch (support.kind) {
    case 'interval': {
      const [above, below] = support.open === true ? ['gt', 'lt'] : ['ge', 'le'];
      const tests: Expr[] = [];
      if (isFiniteBound(support.low)) tests.push(apply(above!, x, support.low));
      if (isFiniteBound(support.high)) tests.push(apply(below!, x, support.high));
      return tests;
    }
    case 'integers': {
      const tests: Expr[] = [apply('eq', apply('floor', x), x)];
      if (isFiniteBound(support.low)) tests.push(apply('ge', x, support.low));
      if (isFiniteBound(support.high)) tests.push(apply('le', x, support.high));
      return tests;
    }
    case 'point':
      return [apply('eq', x, support.value)];
    default:
      return [];
  }
}

/** Tests that are all non-zero exactly where a vector of counts has the total of its law: bounds of the total from both sides. Empty for other laws. */
export function totalTests(support: Support, x: ArrayExpr): readonly Expr[] {
  if (support.kind !== 'counts') return [];
  const k = index('k'),
    sum = reduce('sum', k, zero, support.dimension, at(x, k));
  return [apply('ge', support.total, sum), apply('le', support.total, sum)];
}

/** Tests that are all non-zero exactly where a scalar lies in a parameter domain. */
export function domainTests(domain: Domain, x: Expr): readonly Expr[] {
  switch (domain) {
    case 'positive':
      return [apply('gt', x, zero)];
    case 'nonnegative':
      return [apply('ge', x, zero)];
    case 'unit':
      return [apply('ge', x, zero), apply('le', x, one)];
    case 'count':
      return [apply('ge', x, zero), apply('eq', apply('floor', x), x)];
    case 'positiveInt':
      return [apply('gt', x, zero), apply('eq', apply('floor', x), x)];
    case 'int':
      return [apply('eq', apply('floor', x), x)];
    case 'real':
    case 'simplex':
    case 'positiveVector':
    case 'orderedVector':
    case 'vector':
    case 'cov':
    case 'precision':
    case 'choleskyFactor':
      return [];
  }
}

/** Tests that are not already true by their form. */
export function undecided(tests: readonly Expr[]): readonly Expr[] {
  return tests.map((t) => simplify(t)).filter((t) => !(isConst(t) && t.value !== 0));
}

/** One test for all of them. */
export function conjunction(tests: readonly Expr[]): Expr {
  return tests.length === 0 ? one : tests.reduce((a, b) => apply('and', a, b));
}
