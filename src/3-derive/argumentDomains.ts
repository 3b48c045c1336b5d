/**
 * Where the arguments of a law have values at all. Unknowns with finitely many values are weighed value by value, and one of them may
 * have no `sqrt(v - 2)`, or no covariance `[[v, 1], [1, 2]]`: such a value is impossible, as an invalid argument is. Of other unknowns
 * single candidates are tried, and those without a density are rejected where they are.
 */
import type { Range } from '../expr/affine.js';
import { type ArrayExpr, type Expr, add, apply, cond, isConst, num, one, reduce, variablesOf, zero } from '../expr/expr.js';
import { logdetOf } from '../expr/simplify.js';
import { familyOf, type Law } from '../distributions/law/law.js';
import { conjunction, domainTests } from '../distributions/tests.js';
import type { DerivedModel } from './model.js';

/** Tests that are all non-zero exactly where the functions inside the arguments of a law have values, as far as finite unknowns decide it. */
export function domainsOfArguments(law: Law, model: DerivedModel): readonly Expr[] {
  switch (law.kind) {
    case 'family': {
      return familyOf(law).parameters.flatMap(({ name, domain }) => {
        const value = law.parameters[name]!;
        return [...ofArray(value, model), ...(domain === 'cov' || domain === 'precision' ? definiteness(value, model) : [])];
      });
    }
    case 'truncated':
    case 'censored':
      return [...domainsOfArguments(law.base, model), ...ofExpr(law.low, model), ...ofExpr(law.high, model)];
    case 'mixture':
      return overAll(domainsOfArguments(law.component, model), [{ index: law.index, from: law.from, to: law.to }]);
    case 'mixtureOf':
      return law.components.flatMap((c) => domainsOfArguments(c, model));
    case 'pushforward':
      return overAll(
        domainsOfArguments(law.base, model),
        law.over.indices.map((index, k) => ({ index, from: zero, to: law.over.dims[k]! })),
      );
  }
}

function ofArray(a: ArrayExpr, model: DerivedModel): readonly Expr[] {
  return overAll(
    ofExpr(a.body, model),
    a.indices.map((index, k) => ({ index, from: zero, to: a.dims[k]! })),
  );
}

/** Tests of one expression. Of a condition only the branch that is taken has to have a value. */
export function ofExpr(e: Expr, model: DerivedModel): readonly Expr[] {
  switch (e.op) {
    case 'const':
    case 'size':
    case 'index':
      return [];
    case 'ref':
      return e.at.flatMap((a) => ofExpr(a, model));
    case 'element':
      return e.array.args.flatMap((a) => ofArray(a, model));
    case 'reduce':
      return overAll(ofExpr(e.body, model), [e]);
    case 'cond': {
      const [then, otherwise] = [ofExpr(e.then, model), ofExpr(e.otherwise, model)];
      const branches = then.length + otherwise.length === 0 ? [] : [cond(e.test, conjunction(then), conjunction(otherwise))];
      return [...ofExpr(e.test, model), ...branches];
    }
    case 'apply': {
      const own = ofFunction(e.fn, e.args);
      return [...e.args.flatMap((a) => ofExpr(a, model)), ...(own.length > 0 && e.args.some((a) => isOfFinite(a, model)) ? own : [])];
    }
  }
}

function ofFunction(fn: string, [a, b]: readonly Expr[]): readonly Expr[] {
  switch (fn) {
    case 'log':
    case 'log2':
    case 'log10':
      return domainTests('nonnegative', a!);
    case 'log1p':
      return domainTests('nonnegative', add(a!, one));
    case 'logit':
    case 'normalQuantile':
      return domainTests('unit', a!);
    case 'pow':
      return isConst(b!) && !Number.isInteger(b.value) ? domainTests('nonnegative', a!) : [];
    default:
      return [];
  }
}

/** A determinant that is not positive has no logarithm, and no number is greater than what is none. */
function definiteness(matrix: ArrayExpr, model: DerivedModel): readonly Expr[] {
  if (!isNumberOfFinite(matrix.body, model)) return [];
  return [apply('gt', logdetOf(matrix), num(-Infinity))];
}

function isOfFinite(e: Expr, model: DerivedModel): boolean {
  return [...variablesOf(e)].some((v) => model.statusOf(v) !== 'given' && model.isFinite(v));
}
/** True where a finite unknown is more than the address of another: matrices of components are covariances by their own definition. */
function isNumberOfFinite(e: Expr, model: DerivedModel): boolean {
  switch (e.op) {
    case 'ref':
      return model.statusOf(e.variable) !== 'given' && model.isFinite(e.variable);
    case 'apply':
      return e.args.some((a) => isNumberOfFinite(a, model));
    case 'cond':
      return [e.test, e.then, e.otherwise].some((x) => isNumberOfFinite(x, model));
    case 'reduce':
      return isNumberOfFinite(e.body, model);
    default:
      return false;
  }
}

function overAll(tests: readonly Expr[], ranges: readonly Range[]): readonly Expr[] {
  if (tests.length === 0 || ranges.length === 0) return tests;
  return [ranges.reduceRight((body: Expr, r) => reduce('prod', r.index, r.from, r.to, body), conjunction(tests))];
}
