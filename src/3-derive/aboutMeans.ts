/**
 * Moments of sums and differences kept whole (`y - mu` far from zero), about the means of the unknowns in them:
 *
 *   E[r s] = r(m) s(m) + sum of Cov(parts of r and s that vary)
 *
 * with every unknown v = m + d, E d = 0. Written so, no square of a large number is subtracted from
 * another; E[y^2] - 2 E[y] m + m^2 would lose a factor (mean / sd)^2 of its digits.
 */
import { provablyDistinct, provablyEqual, type Range } from '../expr/affine.js';
import { type Expr, apply, cond, equal, isConst, mulAll, one, pow, ref, rewrite, substitute, zero } from '../expr/expr.js';
import { type DerivedModel, givenPartOf, maskOf } from './model.js';
import { type Binder, factorsOf, type Monomial, normalForm, refresh } from './normalForm.js';

/** `sum over binders, where guards hold, of coefficient`. */
export interface Moment {
  readonly binders: readonly Binder[];
  readonly guards: readonly Expr[];
  readonly coefficient: Expr;
}

/** How moments of single unknowns are read; `mean` and `covariance` refer to tables. */
export interface MomentReader {
  readonly model: DerivedModel;
  /** True where an expression varies with nothing but points, and stands for itself. */
  fixed(e: Expr): boolean;
  mean(reference: Ref): Expr;
  /** The joint block that a variable belongs to; undefined for elements that are independent of one another. */
  blockOf(variable: string): number | undefined;
  /** Covariance of two elements of one joint block, for all values of the ranges; null where none is kept. */
  jointCovariance(a: Ref, b: Ref, ranges: readonly Range[]): Expr | null;
  /** Covariance of two numbers of one element; null where none is kept. */
  covariance(variable: string, lead: readonly Expr[], first: readonly Expr[], second: readonly Expr[]): Expr | null;
}

type Ref = Expr & { readonly op: 'ref' };

/** A part of a sum that varies: coefficient times deviations of distinct unknowns. */
interface Deviation extends Moment {
  readonly unknowns: readonly Ref[];
}

/** The sums kept whole among the factors of a product, each with its power. */
export function wholeSums(
  product: Expr,
  reader: MomentReader,
): readonly { readonly factor: Expr; readonly sum: Expr; readonly power: number }[] {
  return factorsOf(product).flatMap((factor) => {
    const [sum, power] = factor.op === 'apply' && factor.fn === 'pow' ? [factor.args[0]!, factor.args[1]!] : [factor, one];
    if (sum.op !== 'apply' || (sum.fn !== 'add' && sum.fn !== 'sub') || !isConst(power) || (power.value !== 1 && power.value !== 2))
      return [];
    return reader.model.dependsOnLatents(sum) && !reader.fixed(sum) ? [{ factor, sum, power: power.value }] : [];
  });
}

/** E of a product of at most two whole sums; null where their unknowns do not separate or some covariance is not kept. */
export function momentAboutMeans(sums: readonly Expr[], ranges: readonly Range[], reader: MomentReader): readonly Moment[] | null {
  const parts = sums.map((e) => deviations(e, reader));
  const [a, b] = parts;
  if (a === undefined || a === null || b === null || sums.length > 2) return null;
  const centre: Moment = { binders: [], guards: [], coefficient: mulAll(sums.map((e) => atMeans(e, reader))) };
  if (b === undefined) return [centre];
  const out: Moment[] = [centre];
  for (const x of a)
    for (const raw of b) {
      const y = apart(raw);
      const matched = pairs(x.unknowns, y.unknowns, reader);
      if (matched === null) continue;
      const joint = covarianceOf(x, y, matched, ranges, reader);
      if (joint === null) return null;
      if (joint !== 'none') out.push(joint);
    }
  return out;
}

function atMeans(e: Expr, reader: MomentReader): Expr {
  return rewrite(e, (x) => {
    if (x.op !== 'ref' || !isUnknown(x, reader)) return x;
    const mean = reader.mean(x);
    return reader.model.statusOf(x.variable) === 'partial'
      ? cond(ref(maskOf(x.variable), x.at), mean, ref(givenPartOf(x.variable), x.at))
      : mean;
  });
}
function isUnknown(x: Ref, reader: MomentReader): boolean {
  return reader.model.graph.variables.has(x.variable) && reader.model.statusOf(x.variable) !== 'given' && !reader.fixed(x);
}

/** What varies in a sum: for every product of unknowns each choice of those that deviate, the others at their means. */
function deviations(e: Expr, reader: MomentReader): readonly Deviation[] | null {
  const out: Deviation[] = [];
  for (const m of normalForm(e, reader.model)) {
    const unknowns: Ref[] = [];
    const fixed = [...m.coefficient];
    for (const { base, power } of m.atoms) {
      if (reader.fixed(base)) {
        fixed.push(pow(base, power));
        continue;
      }
      if (base.op !== 'ref' || !isConst(power, 1) || unknowns.some((u) => together(u, base, reader))) return null;
      unknowns.push(base);
    }
    for (let chosen = 1; chosen < 1 << unknowns.length; chosen++) {
      const means = unknowns.filter((_, k) => !(chosen & (1 << k))).map((u) => reader.mean(u));
      out.push({
        binders: m.binders,
        guards: m.guards,
        coefficient: mulAll([...fixed, ...means]),
        unknowns: unknowns.filter((_, k) => chosen & (1 << k)),
      });
    }
  }
  return out;
}
/** The same over indices of its own: both sums may be one. */
function apart(d: Deviation): Deviation {
  const monomial: Monomial = refresh({
    binders: d.binders,
    guards: d.guards,
    coefficient: [d.coefficient],
    atoms: d.unknowns.map((base) => ({ base, power: one })),
  });
  return {
    binders: monomial.binders,
    guards: monomial.guards,
    coefficient: mulAll(monomial.coefficient),
    unknowns: monomial.atoms.map((x) => x.base as Ref),
  };
}
/** True for unknowns that may depend on one another. */
function together(a: Ref, b: Ref, { blockOf }: MomentReader): boolean {
  return a.variable === b.variable || (blockOf(a.variable) !== undefined && blockOf(a.variable) === blockOf(b.variable));
}
/** Deviations that pair off by variable or block; null where one stays alone, so that the product is zero in expectation. */
function pairs(a: readonly Ref[], b: readonly Ref[], reader: MomentReader): readonly (readonly [Ref, Ref])[] | null {
  if (a.length !== b.length) return null;
  const out = a.flatMap((x): (readonly [Ref, Ref])[] => {
    const y = b.find((o) => together(x, o, reader));
    return y === undefined ? [] : [[x, y]];
  });
  return out.length === a.length ? out : null;
}

/** The product of two deviations in expectation; `none` where they are never of one element. */
function covarianceOf(
  x: Deviation,
  raw: Deviation,
  matched: readonly (readonly [Ref, Ref])[],
  ranges: readonly Range[],
  reader: MomentReader,
): Moment | 'none' | null {
  let y = raw;
  const all: readonly Range[] = [...ranges, ...x.binders, ...y.binders];
  const guards: Expr[] = [];
  const factors: Expr[] = [];
  let rest = matched;
  for (let k = 0; k < rest.length; k++) {
    const [u, v] = rest[k]!;
    if (reader.blockOf(u.variable) !== undefined) {
      const joint = reader.jointCovariance(u, v, all);
      if (joint === null) return null;
      if (isConst(joint, 0)) return 'none';
      factors.push(joint);
      continue;
    }
    const rank = reader.model.statusOf(u.variable) === 'partial' ? 0 : reader.model.variable(u.variable).eventRank;
    const lead = u.at.slice(0, u.at.length - rank);
    for (let d = 0; d < lead.length; d++) {
      const i = lead[d]!,
        j = rest[k]![1].at[d]!;
      if (provablyEqual(i, j)) continue;
      if (provablyDistinct(i, j, all)) return 'none';
      // A sum over the other's elements has one term left.
      const own = y.binders.find((b) => b.index === j),
        range = x.binders.find((b) => b.index === i);
      if (
        own !== undefined &&
        range !== undefined &&
        equal(own.from, range.from) &&
        equal(own.to, range.to) &&
        !y.binders.some((b) => b !== own && [b.from, b.to].some((e) => rewriteMentions(e, own)))
      ) {
        const map = new Map([[own.index, i]]);
        y = {
          binders: y.binders.filter((b) => b !== own),
          guards: y.guards.map((g) => substitute(g, map)),
          coefficient: substitute(y.coefficient, map),
          unknowns: y.unknowns,
        };
        rest = rest.map(([p, q]) => [p, substitute(q, map) as Ref] as const);
        continue;
      }
      guards.push(apply('eq', i, j));
    }
    const covariance = reader.covariance(u.variable, lead, u.at.slice(u.at.length - rank), rest[k]![1].at.slice(v.at.length - rank));
    if (covariance === null) return null;
    if (!isConst(covariance, 0)) factors.push(covariance);
    else return 'none';
  }
  return {
    binders: [...x.binders, ...y.binders],
    guards: [...x.guards, ...y.guards, ...guards],
    coefficient: mulAll([x.coefficient, y.coefficient, ...factors]),
  };
}
function rewriteMentions(e: Expr, binder: Binder): boolean {
  return !equal(substitute(e, new Map([[binder.index, zero]])), e);
}
