/**
 * Which family a complete conditional belongs to, judged by its statistics and its support alone.
 *
 * A region whose contributions use only the statistics of a family with an exponential form, on that
 * family's support, has that family as its conditional; whose they were (Normal-Normal regression,
 * Gamma-Poisson, ...) is never asked. Extra bounds give the truncated family. Powers of a positive
 * unknown (an sd among precisions) are the Gamma family in v^p.
 */
import type { Family, Statistic, Support } from '../distributions/family.js';
import { families } from '../distributions/registry.js';
import { type Expr, type Index, apply, equal, freeIndices, isConst, num, ref, scalar, visit, zero } from '../expr/expr.js';
import { provablyEqual } from '../expr/affine.js';
import { simplify } from '../expr/simplify.js';
import type { Bound, Collected, Contribution, StatisticKind } from './conditional.js';
import { selfName } from './conditional.js';
import { supportOf } from '../distributions/law/form.js';
import { type DerivedModel, isAboveZero, type LatentRegion } from './model.js';

/** A natural parameter: the summed coefficient of one statistic, of the statistic's rank. */
export interface Slot {
  readonly statistic: StatisticKind;
  readonly rank: 0 | 1 | 2;
}

export type ClosedForm =
  /** The family of the registry whose statistics these are; `bounded` where extra bounds cut its support. */
  | { readonly kind: 'exponential'; readonly family: Family; readonly slots: readonly Slot[]; readonly bounded: boolean }
  /** v^power ~ Gamma: statistics log v and v^power. */
  | { readonly kind: 'powerGamma'; readonly power: number; readonly slots: readonly Slot[]; readonly bounded: boolean }
  /** Density proportional to v^a between bounds (Pareto, power function) ; slot: log v. */
  | { readonly kind: 'powerLaw'; readonly slots: readonly Slot[] /** Whether it ends above. */; readonly bounded: boolean }
  /** Density proportional to exp(b v) between bounds (Uniform where b is absent). */
  | { readonly kind: 'tilted'; readonly slots: readonly Slot[] }
  /** Normal pieces between the points where |v - c| turns: slots x, x^2, then one for each point. */
  | { readonly kind: 'piecewiseNormal'; readonly slots: readonly Slot[]; readonly points: readonly Expr[] }
  /** n - shift follows a count family: Poisson, Binomial or NegativeBinomial. */
  | {
      readonly kind: 'shiftedCount';
      readonly family: 'Poisson' | 'Binomial' | 'NegativeBinomial';
      readonly slots: readonly Slot[];
      readonly shift: Expr;
      readonly total: Expr | null;
    }
  /** Finitely many integer values, `low <= v <= high`. */
  | { readonly kind: 'finite'; readonly low: Expr; readonly high: Expr };

export interface NoClosedForm {
  readonly kind: 'none';
  /** The offending term and where it stands; statement id of the factor. */
  readonly factor: number | null;
  readonly term: Expr | null;
  readonly reason: string;
}

export type Recognised = ClosedForm | NoClosedForm;

/** The least eigenvalue that the type of a matrix allows, where it says one. */
export function floorOf(region: LatentRegion): Expr | undefined {
  const { constraint } = region.variable;
  return constraint.kind === 'cov' ? constraint.options['floor'] : undefined;
}

/** Support of a region's own statement, before other factors bound it; intervals for scalars. */
export function regionSupport(region: LatentRegion): Support {
  const c = region.variable.constraint;
  const event = region.eventDims[0] ?? zero;
  if (region.law !== null) {
    // Elements of a partly missing vector are scalars on the real line.
    const s = supportOf(region.law);
    if (s.kind === 'vector' && region.eventRank === 0) return { kind: 'interval', low: num(-Infinity), high: num(Infinity) };
    // Bounds of truncated laws come as max and min of constants.
    return s.kind === 'interval' || s.kind === 'integers' ? { ...s, low: simplify(s.low), high: simplify(s.high) } : s;
  }
  switch (c.kind) {
    case 'positive':
      return { kind: 'interval', low: zero, high: num(Infinity) };
    case 'unit':
      return { kind: 'interval', low: zero, high: num(1) };
    case 'interval':
      return { kind: 'interval', low: c.low, high: c.high };
    case 'simplex':
      return { kind: 'simplex', dimension: event };
    case 'cov':
      return { kind: 'cov', dimension: event };
    case 'corr':
      return { kind: 'corr', dimension: event };
    default:
      return region.eventRank === 1 ? { kind: 'vector', dimension: event } : { kind: 'interval', low: num(-Infinity), high: num(Infinity) };
  }
}

const statisticOf: Readonly<Record<string, Statistic>> = {
  'power 1': 'x',
  'power 2': 'x^2',
  'power -1': '1/x',
  log: 'log x',
  log1m: 'log(1-x)',
};
/** The registry's name of a statistic of a draw of that event rank; null where it has none. */
export function statisticName(kind: StatisticKind, rank: number): Statistic | null {
  if (rank === 0) return statisticOf[kind.kind === 'power' ? `power ${kind.power}` : kind.kind] ?? null;
  if (rank === 1) {
    if (kind.kind === 'power' && kind.power === 1) return 'x_i';
    if (kind.kind === 'pair') return 'x_i x_j';
    if (kind.kind === 'log') return 'log x_i';
    return null;
  }
  if (kind.kind === 'power' && kind.power === 1) return 'X_ij';
  if (kind.kind === 'inverse') return 'inverse(X)_ij';
  if (kind.kind === 'logdet') return 'logdet X';
  return null;
}
function kindOf(statistic: Statistic): { kind: StatisticKind; rank: 0 | 1 | 2 } {
  switch (statistic) {
    case 'x':
      return { kind: { kind: 'power', power: 1 }, rank: 0 };
    case 'x^2':
      return { kind: { kind: 'power', power: 2 }, rank: 0 };
    case '1/x':
      return { kind: { kind: 'power', power: -1 }, rank: 0 };
    case 'log x':
      return { kind: { kind: 'log' }, rank: 0 };
    case 'log(1-x)':
      return { kind: { kind: 'log1m' }, rank: 0 };
    case 'x_i':
      return { kind: { kind: 'power', power: 1 }, rank: 1 };
    case 'x_i x_j':
      return { kind: { kind: 'pair' }, rank: 2 };
    case 'log x_i':
      return { kind: { kind: 'log' }, rank: 1 };
    case 'X_ij':
      return { kind: { kind: 'power', power: 1 }, rank: 2 };
    case 'inverse(X)_ij':
      return { kind: { kind: 'inverse' }, rank: 2 };
    case 'logdet X':
      return { kind: { kind: 'logdet' }, rank: 0 };
    case '1[x=k]':
      return { kind: { kind: 'onehot' }, rank: 1 };
  }
}

/** True for the same statistic. */
export function sameKind(a: StatisticKind, b: StatisticKind): boolean {
  if (a.kind !== b.kind) return false;
  if (a.kind === 'power' && b.kind === 'power') return a.power === b.power;
  if (a.kind === 'other' && b.kind === 'other') return equal(a.expr, b.expr);
  return true;
}

/** The distinct statistics of a list of contributions, without those whose coefficients are constants that add up to nothing. */
function remainingKinds(contributions: readonly Contribution[]): readonly StatisticKind[] {
  return kindsOf(contributions).filter((k) => constantCoefficient(contributions, k) !== 0);
}
/** The summed coefficient of a statistic where it is a number; null otherwise. */
function constantCoefficient(contributions: readonly Contribution[], kind: StatisticKind): number | null {
  let total = 0;
  for (const c of contributions) {
    if (!sameKind(c.statistic, kind)) continue;
    if (c.binders.length > 0 || c.guards.length > 0 || c.event.length > 0 || !isConst(c.coefficient)) return null;
    total += c.coefficient.value;
  }
  return total;
}

/** The distinct statistics of a list of contributions. */
export function kindsOf(contributions: readonly Contribution[]): readonly StatisticKind[] {
  const out: StatisticKind[] = [];
  for (const c of contributions) if (!out.some((k) => sameKind(k, c.statistic))) out.push(c.statistic);
  return out;
}

function hasInfinity(e: Expr): boolean {
  let found = false;
  visit(e, (x) => {
    if (isConst(x) && Math.abs(x.value) === Infinity) found = true;
  });
  return found;
}

/** The family (or its exponential form between bounds) that has the collected statistics; else why there is none. */
export function recognise(collected: Collected, model: DerivedModel): Recognised {
  const { region } = collected;
  const support = regionSupport(region);
  const finite = finiteForm(region, support, model);
  if (finite !== null) return finite;
  // What an infinite bound leaves says less than the other terms of its kind.
  const obstacle = collected.obstacles.find(({ term }) => !hasInfinity(term)) ?? collected.obstacles[0];
  if (obstacle !== undefined) return { kind: 'none', factor: obstacle.factor, term: obstacle.term, reason: obstacle.reason };
  const kinds = remainingKinds(collected.contributions);
  switch (support.kind) {
    case 'interval':
      return scalarForm(collected, kinds, support.low, support.high, model);
    case 'integers':
      return countForm(collected, kinds, support.low, support.high, model);
    case 'vector':
    case 'simplex':
    case 'cov':
      return eventForm(collected, kinds, support);
    default:
      return { kind: 'none', factor: null, term: null, reason: `no family covers a ${support.kind} unknown` };
  }
}

/** Where a bound of the support is an unknown, its outermost value: the factors' conditions rule out what lies between. */
function finiteForm(region: LatentRegion, support: Support, model: DerivedModel): ClosedForm | null {
  if (support.kind !== 'integers' || isConst(support.high, Infinity) || isConst(support.low, -Infinity)) return null;
  const low = endOf(support.low, 'low', model),
    high = endOf(support.high, 'high', model);
  const usable = (e: Expr | null): e is Expr => e !== null && [...freeIndices(e)].every((i) => region.plates.some((p) => p.index === i));
  return usable(low) && usable(high) ? { kind: 'finite', low, high } : null;
}
function endOf(e: Expr, side: 'low' | 'high', model: DerivedModel): Expr | null {
  return model.dependsOnLatents(e) ? (model.spanOf(e)?.[side] ?? null) : e;
}

/** The offending term of a set of statistics that no family covers. */
function uncovered(
  collected: Collected,
  kinds: readonly StatisticKind[],
  covered: (k: StatisticKind) => boolean,
  reason: string,
): NoClosedForm {
  const bad = kinds.find((k) => !covered(k)) ?? kinds[kinds.length - 1];
  const c = collected.contributions.find((x) => bad !== undefined && sameKind(x.statistic, bad));
  const term = bad === undefined ? null : statisticTerm(bad, collected.region, c?.event);
  return { kind: 'none', factor: c?.factor ?? null, term, reason };
}
/** A statistic written with the region's own element; of a vector or matrix the element at `event` where that is given. */
export function statisticTerm(kind: StatisticKind, region: LatentRegion, event: readonly Expr[] = []): Expr {
  const whole = kind.kind === 'inverse' || kind.kind === 'logdet' || kind.kind === 'pair';
  const self = ref(region.variable.name, whole ? region.at : [...region.at, ...event]);
  switch (kind.kind) {
    case 'power':
      return apply('pow', self, num(kind.power));
    case 'log':
      return apply('log', self);
    case 'log1m':
      return apply('log', apply('sub', num(1), self));
    case 'pair':
      return apply('pow', self, num(2));
    case 'inverse':
    case 'logdet':
      return apply(kind.kind, self);
    case 'onehot':
      return self;
    case 'other':
      return replaceSelf(kind.expr, self);
  }
}
/** The expression with the element's own value put in. */
export function replaceSelf(e: Expr, self: Expr): Expr {
  const go = (x: Expr): Expr => {
    if (x.op === 'ref' && x.variable === selfName) return self;
    switch (x.op) {
      case 'apply':
        return apply(x.fn, ...x.args.map(go));
      case 'cond':
        return { op: 'cond', test: go(x.test), then: go(x.then), otherwise: go(x.otherwise) };
      case 'reduce':
        return { ...x, from: go(x.from), to: go(x.to), body: go(x.body) };
      case 'ref':
        return ref(x.variable, x.at.map(go));
      case 'element':
        return {
          op: 'element',
          at: x.at.map(go),
          array: {
            fn: x.array.fn,
            dims: x.array.dims.map(go),
            args: x.array.args.map((a) => ({ indices: a.indices, dims: a.dims.map(go), body: go(a.body) })),
          },
        };
      default:
        return x;
    }
  };
  return go(e);
}

function isPower(k: StatisticKind, p: number): boolean {
  return k.kind === 'power' && k.power === p;
}
function slot(kind: StatisticKind, rank: 0 | 1 | 2 = 0): Slot {
  return { statistic: kind, rank };
}

/** Why an unknown has no conditional at all. */
export const improperConditional = 'nothing restricts it: its conditional is improper';

function scalarForm(collected: Collected, kinds: readonly StatisticKind[], low: Expr, high: Expr, model: DerivedModel): Recognised {
  const bounds = effectiveBounds(collected, low, high, model);
  const positive = isAboveZero(collected.region.law, low, model);
  const unit = positive && model.isAtMostOne(high);
  const cut = (naturalLow: number, naturalHigh: number): boolean =>
    bounds.length > 0 || !(isConst(low, naturalLow) && isConst(high, naturalHigh));
  const linear: StatisticKind = { kind: 'power', power: 1 };
  if (kinds.every((k) => isPower(k, 1)) && (kinds.length === 0 || cut(0, Infinity))) {
    if (isConst(low, -Infinity) && isConst(high, Infinity) && bounds.length === 0) {
      return { kind: 'none', factor: null, term: null, reason: improperConditional };
    }
    if (bothEnds(bounds, low, high)) return { kind: 'tilted', slots: kinds.length === 0 ? [] : [slot(linear)] };
  }
  // Statistics of an unknown on the unit interval are Beta's; log v alone between other bounds is a power law (Pareto upwards).
  const unitKinds = kinds.every((k) => k.kind === 'log' || k.kind === 'log1m');
  if (positive && (!unit || cut(0, 1)) && kinds.length === 1 && kinds[0]!.kind === 'log')
    return {
      kind: 'powerLaw',
      slots: [slot({ kind: 'log' })],
      bounded: !isConst(high, Infinity) || bounds.some((b) => b.side === 'high' && b.guards.length === 0),
    };
  const candidates = [...families.values()].filter((f) => f.exponential !== undefined && f.eventRank === 0 && !f.discrete);
  const fitting = candidates.flatMap((f) => {
    const known = kinds.every((k) => {
      const s = statisticName(k, 0);
      return s !== null && f.exponential!.statistics.includes(s);
    });
    const natural = familyInterval(f);
    if (!known || natural === null || !within(low, high, natural, positive, unit)) return [];
    if (unit && unitKinds && natural.high !== 1) return [];
    const bounded = cut(natural.low, natural.high);
    return bounded && f.truncatedVariate === undefined ? [] : [{ f, bounded }];
  });
  fitting.sort((x, y) => x.f.exponential!.statistics.length - y.f.exponential!.statistics.length);
  const best = fitting[0];
  if (best !== undefined) {
    return {
      kind: 'exponential',
      family: best.f,
      slots: best.f.exponential!.statistics.map((s) => slot(kindOf(s).kind)),
      bounded: best.bounded,
    };
  }
  const powers = kinds.filter((k) => k.kind === 'power');
  const others = kinds.filter((k) => k.kind !== 'power' && k.kind !== 'log');
  if (positive && others.length === 0 && powers.length === 1 && powers[0]!.kind === 'power') {
    return { kind: 'powerGamma', power: powers[0]!.power, slots: [slot({ kind: 'log' }), slot(powers[0]!)], bounded: cut(0, Infinity) };
  }
  const turns = kinds.filter((k) => k.kind === 'other').map((k) => (k.kind === 'other' ? turningPoint(k.expr) : null));
  if (
    turns.length > 0 &&
    turns.length <= 8 &&
    turns.every((t) => t !== null) &&
    kinds.every((k) => k.kind === 'other' || isPower(k, 1) || isPower(k, 2)) &&
    !cut(-Infinity, Infinity)
  ) {
    return {
      kind: 'piecewiseNormal',
      slots: [slot(linear), slot({ kind: 'power', power: 2 }), ...kinds.filter((k) => k.kind === 'other').map((k) => slot(k))],
      points: turns.map((t) => t!),
    };
  }
  if (positive && others.length === 0 && powers.length > 1)
    return uncovered(
      collected,
      kinds,
      (k) => k.kind === 'log' || sameKind(k, powers[0]!),
      `no family has both ${powers.map((p) => describe(p)).join(' and ')}`,
    );
  return uncovered(
    collected,
    kinds,
    (k) => {
      const s = statisticName(k, 0);
      return (
        s !== null && candidates.some((f) => f.exponential!.statistics.includes(s) && (positive || familyInterval(f)?.low === -Infinity))
      );
    },
    'no family has this statistic',
  );
}
function describe(k: StatisticKind): string {
  return k.kind === 'power' ? `the power ${k.power}` : k.kind;
}

/** The support of a family of scalars where it is the same for all parameters. */
export function familyInterval(f: Family): { low: number; high: number } | null {
  const p = Object.fromEntries(f.parameters.map((x) => [x.name, scalar(ref(x.name, []))]));
  if (f.parameters.some((x) => x.rank > 0)) return null;
  const s = f.support(p);
  if (s.kind !== 'interval' || !isConst(s.low) || !isConst(s.high)) return null;
  return { low: s.low.value, high: s.high.value };
}
function within(low: Expr, high: Expr, natural: { low: number; high: number }, positive: boolean, unit: boolean): boolean {
  const lowFine = natural.low === -Infinity || (isConst(low) && low.value >= natural.low) || (natural.low === 0 && positive);
  const highFine = natural.high === Infinity || (isConst(high) && high.value <= natural.high) || (natural.high === 1 && unit);
  return lowFine && highFine;
}
/** Bounds that other factors add (the region's own law states its support as conditions too; those are its support). */
function effectiveBounds(collected: Collected, low: Expr, high: Expr, model: DerivedModel): readonly Bound[] {
  return collected.bounds
    .map((b) => ({ ...b, value: simplify(b.value) }))
    .filter(
      (b) =>
        !(
          b.binders.length === 0 &&
          b.guards.length === 0 &&
          (b.side === 'low' ? equal(b.value, low) || below(b.value, low) : equal(b.value, high) || below(high, b.value))
        ) && !isImplied(b, low, high, model),
    );
}
/**
 * True where a bound rules nothing out that the support allows, whatever finite unknowns it is made of: `s + 0.2 * z > 0` for a positive s
 * and a z of 0 or 1.
 */
export function isImplied(bound: Bound, low: Expr, high: Expr, model: DerivedModel): boolean {
  const span = model.dependsOnLatents(bound.value) ? model.spanOf(bound.value) : null;
  return span !== null && (bound.side === 'low' ? below(simplify(span.high), low) : below(high, simplify(span.low)));
}
function below(a: Expr, b: Expr): boolean {
  return isConst(a) && isConst(b) && a.value <= b.value;
}
function bothEnds(bounds: readonly Bound[], low: Expr, high: Expr): boolean {
  const lowEnd = !isConst(low, -Infinity) || bounds.some((b) => b.side === 'low');
  const highEnd = !isConst(high, Infinity) || bounds.some((b) => b.side === 'high');
  return lowEnd && highEnd;
}

/** `c` where the statistic is |v - c|. */
function turningPoint(e: Expr): Expr | null {
  if (e.op !== 'apply' || e.fn !== 'abs') return null;
  const inner = e.args[0]!;
  const self = ref(selfName, []);
  const free = (x: Expr): boolean => {
    let found = false;
    visit(x, (y) => {
      if (y.op === 'ref' && y.variable === selfName) found = true;
    });
    return !found;
  };
  if (equal(inner, self)) return zero;
  if (inner.op !== 'apply') return null;
  const a = inner.args[0]!,
    b = inner.args[1] ?? zero;
  if (inner.fn === 'sub' && equal(a!, self) && free(b!)) return b!;
  if (inner.fn === 'sub' && equal(b!, self) && free(a!)) return a!;
  if (inner.fn === 'add' && equal(a!, self) && free(b!)) return apply('neg', b!);
  if (inner.fn === 'add' && equal(b!, self) && free(a!)) return apply('neg', a!);
  if (inner.fn === 'neg' && equal(a!, self)) return zero;
  if (inner.fn === 'add' && a.op === 'apply' && a.fn === 'neg' && equal(a.args[0]!, self) && free(b!)) return b!;
  if (inner.fn === 'add' && b.op === 'apply' && b.fn === 'neg' && equal(b.args[0]!, self) && free(a!)) return a!;
  return null;
}

/** Counts n with log-gammas: n - y is Poisson, Binomial or NegativeBinomial (thinning of a count prior). */
function countForm(collected: Collected, kinds: readonly StatisticKind[], low: Expr, high: Expr, model: DerivedModel): Recognised {
  const gammas = kinds.flatMap((k) => (k.kind === 'other' ? [{ k, g: logGammaOf(k.expr) }] : []));
  const plain = kinds.filter((k) => k.kind !== 'other');
  // A count prior has log-gammas of its own; what stands in its way comes from elsewhere, if from anywhere.
  const foreign = kinds.filter(
    (k) => !isPower(k, 1) && collected.contributions.some((c) => sameKind(c.statistic, k) && c.factor !== collected.region.statement.id),
  );
  const strange = foreign.filter((k) => k.kind !== 'other' || logGammaOf(k.expr) === null);
  const named = strange[0] ?? foreign[0];
  const nothing = uncovered(
    collected,
    kinds,
    (k) => (named === undefined ? isPower(k, 1) : !sameKind(k, named)),
    'no count family has this statistic',
  );
  if (!plain.every((k) => isPower(k, 1)) || gammas.some((x) => x.g === null)) return nothing;
  const coefficientOf = (k: StatisticKind): number | null => constantCoefficient(collected.contributions, k);
  const linear = slot({ kind: 'power', power: 1 });
  const down = gammas.filter((x) => x.g!.sign > 0 && coefficientOf(x.k) === -1);
  const shiftOf = (offset: Expr): Expr => apply('sub', num(1), offset);
  // The family lives on shift, shift + 1, ... (to total): other factors and the region's own support must not cut it.
  const bounds = effectiveBounds(collected, low, high, model);
  const fits = (shift: Expr, total: Expr | null): boolean => {
    const from = simplify(shift),
      to = total === null ? null : simplify(total);
    const above = (e: Expr): boolean => (to === null ? isConst(e, Infinity) : provablyEqual(simplify(e), to));
    const under = (e: Expr): boolean => provablyEqual(simplify(e), from) || (isConst(e) && e.value <= 0 && isNatural(from));
    return above(high) && under(low) && bounds.every((b) => b.binders.length === 0 && (b.side === 'low' ? under(b.value) : above(b.value)));
  };
  const isNatural = (e: Expr): boolean =>
    collected.bounds.some(
      (b) => b.side === 'low' && b.binders.length === 0 && b.guards.length === 0 && provablyEqual(simplify(b.value), e),
    ) ||
    (isConst(e) && e.value >= 0);
  const cutShort: NoClosedForm = { kind: 'none', factor: null, term: null, reason: 'its support is cut where no count family ends' };
  const accept = (form: Extract<ClosedForm, { kind: 'shiftedCount' }>): Recognised =>
    fits(form.shift, form.total !== null && form.family === 'Binomial' ? form.total : null) ? form : cutShort;
  if (gammas.length === 1 && down.length === 1)
    return accept({ kind: 'shiftedCount', family: 'Poisson', slots: [linear], shift: shiftOf(down[0]!.g!.offset), total: null });
  if (gammas.length === 2 && down.length === 1) {
    const other = gammas.find((x) => x !== down[0])!;
    const c = coefficientOf(other.k);
    if (other.g!.sign < 0 && c === -1)
      return accept({
        kind: 'shiftedCount',
        family: 'Binomial',
        slots: [linear],
        shift: shiftOf(down[0]!.g!.offset),
        total: apply('sub', other.g!.offset, num(1)),
      });
    if (other.g!.sign > 0 && c === 1)
      return accept({
        kind: 'shiftedCount',
        family: 'NegativeBinomial',
        slots: [linear],
        shift: shiftOf(down[0]!.g!.offset),
        total: other.g!.offset,
      });
  }
  return nothing;
}
/** `lgamma(sign * self + offset)`. */
function logGammaOf(e: Expr): { sign: 1 | -1; offset: Expr } | null {
  if (e.op !== 'apply' || e.fn !== 'lgamma') return null;
  const parts: { e: Expr; sign: number }[] = [];
  const flatten = (x: Expr, sign: number): void => {
    if (x.op === 'apply' && x.fn === 'add') {
      flatten(x.args[0]!, sign);
      flatten(x.args[1]!, sign);
      return;
    }
    if (x.op === 'apply' && x.fn === 'sub') {
      flatten(x.args[0]!, sign);
      flatten(x.args[1]!, -sign);
      return;
    }
    if (x.op === 'apply' && x.fn === 'neg') {
      flatten(x.args[0]!, -sign);
      return;
    }
    parts.push({ e: x, sign });
  };
  flatten(e.args[0]!, 1);
  const self = parts.filter((p) => p.e.op === 'ref' && p.e.variable === selfName);
  if (self.length !== 1) return null;
  const rest = parts.filter((p) => p !== self[0]);
  if (
    rest.some((p) => {
      let found = false;
      visit(p.e, (x) => {
        if (x.op === 'ref' && x.variable === selfName) found = true;
      });
      return found;
    })
  )
    return null;
  const offset = rest.reduce<Expr>((sum, p) => (p.sign > 0 ? apply('add', sum, p.e) : apply('sub', sum, p.e)), zero);
  return { sign: self[0]!.sign > 0 ? 1 : -1, offset };
}

function eventForm(collected: Collected, kinds: readonly StatisticKind[], support: Support): Recognised {
  const rank = collected.region.eventRank;
  for (const f of families.values()) {
    if (f.exponential === undefined || f.eventRank !== rank || f.discrete) continue;
    if (familySupportKind(f) !== support.kind) continue;
    const known = kinds.every((k) => {
      const s = statisticName(k, rank);
      return s !== null && f.exponential!.statistics.includes(s);
    });
    if (known)
      return {
        kind: 'exponential',
        family: f,
        slots: f.exponential.statistics.map((s) => {
          const k = kindOf(s);
          return slot(k.kind, k.rank);
        }),
        bounded: false,
      };
  }
  const candidates = [...families.values()].filter(
    (f) => f.exponential !== undefined && f.eventRank === rank && familySupportKind(f) === support.kind,
  );
  return uncovered(
    collected,
    kinds,
    (k) => {
      const s = statisticName(k, rank);
      return s !== null && candidates.some((f) => f.exponential!.statistics.includes(s));
    },
    'no family has these statistics together',
  );
}
function familySupportKind(f: Family): Support['kind'] {
  const p = Object.fromEntries(
    f.parameters.map((x) => {
      const dims = Array.from({ length: x.rank }, () => num(2));
      const indices = dims.map((_, d): Index => ({ op: 'index', name: `i${d}` }));
      return [x.name, { indices, dims, body: ref(x.name, indices) }];
    }),
  );
  return f.support(p).kind;
}
