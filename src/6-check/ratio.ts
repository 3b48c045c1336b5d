/**
 * The ratio law, without Monte Carlo error: for every latent region, at random states and for some of its
 * elements, log p(v' | rest) - log p(v | rest) as the derivation has it against log joint(v', rest) -
 * log joint(v, rest) as the statements have it.
 */
import { regionSupport } from '../3-derive/closedForm.js';
import type { RegionPlan } from '../4-infer/derivation.js';
import { regionName } from '../4-infer/wording.js';
import { evaluate } from '../expr/evaluate.js';
import type { Index } from '../expr/expr.js';
import { createRandom, type Random } from '../random/generator.js';
import {
  boundsOf,
  elementDensity,
  familyArguments,
  naturalParameters,
  type Place,
  separableDensity,
  statistic,
  termsOf,
} from './program/conditionalLaw.js';
import { type DerivedProgram, goodState, type State } from './program/state.js';

export interface RatioReport {
  readonly failures: readonly string[];
  /** How many comparisons were made for each region's element name. */
  readonly compared: ReadonlyMap<string, number>;
}
export interface RatioOptions {
  readonly seeds?: readonly number[];
  readonly elements?: number;
  readonly fixed?: Readonly<Record<string, readonly number[]>>;
}

const tolerance = 1e-9;

/** The ratio law at random states: log p(v'|rest) - log p(v|rest) is the difference of the log joint density. */
export function checkRatios(compiled: DerivedProgram, { seeds = [1, 2], elements = 3, fixed = {} }: RatioOptions = {}): RatioReport {
  const failures: string[] = [];
  const compared = new Map<string, number>();
  for (const seed of seeds) {
    const state = goodState(compiled, seed, fixed);
    const random = createRandom(String(seed), 'elements');
    for (const plan of compiled.derivation.regions) {
      const name = regionName(plan.region);
      const instances = state.instances(plan.region);
      // A statement of partly missing data may have no gap at all.
      if (instances.length === 0) continue;
      compared.set(name, compared.get(name) ?? 0);
      for (const indices of pick(instances, elements, random)) {
        const n = checkElement({ state, plan, indices }, (message) =>
          failures.push(`${name} (seed ${seed}, element ${[...indices.values()].join(',')}, ${plan.recognised.kind}): ${message}`),
        );
        compared.set(name, compared.get(name)! + n);
      }
    }
  }
  return { failures, compared };
}

/** First, last and random others. */
function pick<T>(list: readonly T[], count: number, random: Random): readonly T[] {
  if (list.length <= count) return list;
  const chosen = new Set([0, list.length - 1]);
  while (chosen.size < count) chosen.add(random.integer(list.length));
  return [...chosen].map((k) => list[k]!);
}

function candidates(place: Place): readonly (readonly number[])[] {
  const { state, plan, indices } = place;
  const out = [state.propose(plan.region, indices), state.propose(plan.region, indices)];
  const { low, high } = boundsOf(place);
  const support = regionSupport(plan.region);
  if (support.kind === 'interval' || support.kind === 'integers') {
    const step = support.kind === 'integers' ? 1 : 0.1;
    if (Number.isFinite(low)) out.push([low - step]);
    if (Number.isFinite(high)) out.push([high + step]);
    if (Number.isFinite(low) && Number.isFinite(high))
      out.push([support.kind === 'integers' ? Math.round((low + high) / 2) : low + 0.3 * (high - low)]);
    // Just inside: a bound that is too narrow would exclude it.
    if (Number.isFinite(low) && low < high) out.push([support.kind === 'integers' ? low : low + 0.2 * Math.min(1, high - low)]);
    if (Number.isFinite(high) && low < high) out.push([support.kind === 'integers' ? high : high - 0.2 * Math.min(1, high - low)]);
    if (plan.recognised.kind === 'finite') for (let k = low; k <= high && k < low + 12; k++) out.push([k]);
  }
  return out;
}

function checkElement(place: Place, fail: (message: string) => void): number {
  const { state, plan, indices } = place;
  const { region, collected, recognised } = plan;
  const before = state.element(region, indices).values;
  const scalar = region.eventRank === 0;
  const bounds = boundsOf(place);
  const inside = (v: readonly number[]): boolean => !scalar || (v[0]! >= bounds.low && v[0]! <= bounds.high);
  const terms = termsOf(place);
  const start = separableDensity(place, terms, before);
  const directAt = (v: readonly number[], all: boolean): number =>
    state.with(region, indices, v, () => elementDensity(place, null, all ? collected.factors : collected.direct));
  const startDirect = directAt(before, false),
    startAll = directAt(before, true);
  const closed = closedDensity(place);
  const recursive = state.compiled.model.recursionsOf(region.variable.name).size > 0;
  let count = 0;
  for (const v of candidates(place)) {
    const truth = state.difference(region, indices, v);
    // Where the statements have no value there is nothing to compare with.
    if (!truth.usable || Number.isNaN(truth.difference)) continue;
    count++;
    const close = (what: string, got: number, magnitude: number): void => {
      // A term without a value is as impossible to every kernel as one of minus infinity.
      if (truth.difference === Number.NEGATIVE_INFINITY && !(got > Number.NEGATIVE_INFINITY)) return;
      if (!(Math.abs(got - truth.difference) <= tolerance * Math.max(1, truth.magnitude, magnitude)))
        fail(`${what} gives ${got}, the statements ${truth.difference} from ${before.join(' ')} to ${v.join(' ')}`);
    };
    // Where another factor's density is zero: bounds, or a direct factor, must say so.
    const end = separableDensity(place, terms, v);
    const direct = directAt(v, false);
    const admitted = inside(v);
    if (!admitted && truth.difference !== Number.NEGATIVE_INFINITY)
      fail(`bounds ${bounds.low} to ${bounds.high} exclude ${v.join(' ')}, the statements do not`);
    else if (admitted)
      close(
        'collected terms',
        collected.direct.length === 0 ? end.value - start.value : end.value - start.value + direct - startDirect,
        start.magnitude + end.magnitude,
      );
    if (admitted) close('all factors at the state', directAt(v, true) - startAll, 0);
    // A recursion is computed anew from what is stored: only a stored candidate counts.
    if (scalar && admitted && !recursive)
      close('factors with the element replaced', elementDensity(place, v[0]!) - elementDensity(place, before[0]!), 0);
    if (closed !== null && admitted && recognised.kind !== 'none')
      close(`closed form ${closed.name}`, closed.logDensity(v) - closed.logDensity(before), start.magnitude + end.magnitude);
  }
  return count;
}

interface ClosedDensity {
  readonly name: string;
  logDensity(v: readonly number[]): number;
}

/**
 * The log density of the recognised form by the family's own density with the derived parameters; null where parameters are improper at
 * this state.
 */
export function closedDensity(place: Place): ClosedDensity | null {
  const {
    state,
    plan: { region, recognised },
  } = place;
  const shape = state.shape(region.variable.name).slice(region.at.length);
  const value = (e: Parameters<typeof evaluate>[0]): number => evaluate(e, state.derivedEnvironment(place.indices));
  switch (recognised.kind) {
    case 'none':
    case 'finite':
      return null;
    case 'exponential': {
      const natural = naturalParameters(place, recognised.slots);
      const f = familyArguments(recognised.family, natural, recognised.slots, shape[0] ?? 1);
      if (recognised.bounded) {
        // Between bounds the parameters of the whole line need not exist (a Gamma of negative shape above max y).
        // Without curvature (a group without members) a Normal has none at all: the coefficients say it.
        const eta = f.natural.every(Number.isFinite) ? f.natural : natural.map((x) => x[0]!);
        return {
          name: `truncated ${recognised.family.name}`,
          logDensity: (v) => eta.reduce((sum, e, k) => sum + e * statistic(place, recognised.slots[k]!.statistic, [], v), 0),
        };
      }
      if (!f.proper) return null;
      return {
        name: `${recognised.family.name} ${JSON.stringify(f.arguments)}`,
        logDensity: (v) => f.logDensity(v, shape.slice(0, region.eventRank)),
      };
    }
    case 'powerGamma': {
      const [a, b] = naturalParameters(place, recognised.slots).map((x) => x[0]!);
      const p = recognised.power;
      // u = v^p is Gamma((a + 1) / p, -b): its density times |du/dv|.
      return {
        name: `v^${p}`,
        logDensity: (v) => ((a! + 1) / p - 1) * Math.log(v[0]! ** p) + b! * v[0]! ** p + Math.log(Math.abs(p) * v[0]! ** (p - 1)),
      };
    }
    case 'powerLaw': {
      const [a] = naturalParameters(place, recognised.slots);
      return { name: 'power law', logDensity: (v) => a![0]! * Math.log(v[0]!) };
    }
    case 'tilted': {
      const eta = naturalParameters(place, recognised.slots);
      return { name: 'tilted', logDensity: (v) => (eta[0]?.[0] ?? 0) * v[0]! };
    }
    case 'piecewiseNormal': {
      const eta = naturalParameters(place, recognised.slots).map((x) => x[0]!);
      const points = recognised.points.map(value);
      return {
        name: 'piecewise normal',
        logDensity: ([v]) =>
          eta[0]! * v! +
          eta[1]! * v! ** 2 +
          points.reduce((sum, c, k) => (eta[k + 2] === 0 ? sum : sum + eta[k + 2]! * Math.abs(v! - c)), 0),
      };
    }
    case 'shiftedCount': {
      const slope = naturalParameters(place, recognised.slots)[0]![0]!;
      const shift = value(recognised.shift),
        total = recognised.total === null ? 0 : value(recognised.total);
      const factorial = (n: number): number => {
        let out = 0;
        for (let k = 2; k <= n; k++) out += Math.log(k);
        return out;
      };
      const rising = (r: number, n: number): number => {
        let out = 0;
        for (let k = 0; k < n; k++) out += Math.log(r + k);
        return out;
      };
      return {
        name: `shifted ${recognised.family}`,
        logDensity: ([v]) => {
          const m = v! - shift;
          if (m < 0) return Number.NEGATIVE_INFINITY;
          switch (recognised.family) {
            case 'Poisson':
              return m * slope - factorial(m);
            case 'Binomial':
              return m > total - shift ? Number.NEGATIVE_INFINITY : m * slope - factorial(m) - factorial(total - shift - m);
            // n - shift failures before the (total + shift)-th success.
            case 'NegativeBinomial':
              return m * slope - factorial(m) + rising(total + shift, m);
          }
        },
      };
    }
  }
}

/** Regions by name. */
export function regionOf(compiled: DerivedProgram, name: string): RegionPlan {
  const found = compiled.derivation.regions.find((r) => regionName(r.region) === name);
  if (found === undefined)
    throw new Error(`no region ${name} among ${compiled.derivation.regions.map((r) => regionName(r.region)).join(', ')}`);
  return found;
}
/** The element of a region at the given plate indices, in order. */
export function elementAt(state: State, plan: RegionPlan, ...at: number[]): Place {
  return { state, plan, indices: new Map(plan.region.plates.map((p, k): [Index, number] => [p.index, at[k]!])) };
}
