/**
 * A law with numbers for arguments: log density, distribution function, quantiles, support and draws, evaluated from the same
 * symbolic statements (`distributions/law/`) that programs are compiled from. There is no second copy of any formula.
 *
 * Invariant: everything here is a function of the law and its values; draws depend on the stream alone.
 */
import { Evaluator, type Stored } from '../2-graph/compute.js';
import { covarianceProblem, simplexProblem } from '../2-graph/constraints.js';
import type { Support, Variate } from '../distributions/family.js';
import { cdfOf, evaluatedLogDensityOf, guardedLogDensityOf, survivalOf } from '../distributions/law/density.js';
import { eventDimsOf, familyOf, isProper, type Law, mapLaw, substituteLaw } from '../distributions/law/law.js';
import { hasCdf, isDiscrete, noDensityReason, supportOf } from '../distributions/law/form.js';
import { quantileLoss, quantileOf } from '../distributions/law/quantile.js';
import { InternalError } from '../errors/diagnostic.js';
import { type ArrayExpr, build, type Expr, num, ref, rewrite, scalar, sub, substitute } from '../expr/expr.js';
import { simplify } from '../expr/simplify.js';
import { logSumExp } from '../numeric/logSpace.js';
import { createRandom, type Random } from '../random/generator.js';
import * as variates from '../random/variates.js';

/** Array arguments by the names that the expressions of a law call them. */
export type ArrayValues = ReadonlyMap<string, Stored>;

/** A support with numbers for bounds. */
export type NumericSupport =
  | { readonly kind: 'interval' | 'integers'; readonly low: number; readonly high: number }
  | { readonly kind: 'point'; readonly value: number }
  | { readonly kind: 'vector' | 'simplex' | 'cov' | 'corr'; readonly dimension: number }
  | { readonly kind: 'counts'; readonly dimension: number; readonly total: number };

/** Writes one draw to `out` from its start. */
type Drawer = (random: Random, out: Float64Array) => void;

const argumentName = '%x',
  uniformName = '%u',
  drawName = '%draw',
  placeName = '%place';
/** A coarse grid of quantiles, tails included. */
const levels: readonly number[] = [1e-12, 1e-8, 1e-5, 1e-3, 0.02, 0.1, 0.25, 0.5];
/** Draws that stand for quantiles where a law has no distribution function. */
const drawsForQuantiles = 4000;

export class NumericLaw {
  readonly law: Law;
  readonly values: ArrayValues;
  /** Dimensions of one draw. */
  readonly shape: readonly number[];
  readonly size: number;
  readonly discrete: boolean;
  readonly proper: boolean;
  readonly support: NumericSupport;
  private readonly point: Float64Array;
  private readonly level: Float64Array = new Float64Array(1);
  private readonly evaluator: Evaluator;
  private readonly made = new Map<string, unknown>();

  constructor(law: Law, values: ArrayValues) {
    this.law = law;
    this.values = values;
    const constants = this.evaluatorOf(new Map());
    this.shape = eventDimsOf(law).map((d) => constants.value(d));
    this.size = this.shape.reduce((a, b) => a * b, 1);
    this.discrete = isDiscrete(law);
    this.proper = isProper(law);
    this.support = numericSupport(supportOf(law), constants);
    this.point = new Float64Array(this.size);
    this.evaluator = this.evaluatorOf(
      new Map([
        [argumentName, { shape: this.shape, values: this.point, gaps: null }],
        [uniformName, { shape: [], values: this.level, gaps: null }],
      ]),
    );
  }

  /** Closures over the law's values and over `moving` ones, of which nothing is remembered. */
  private evaluatorOf(moving: ReadonlyMap<string, Stored>): Evaluator {
    const defined = new Map([...moving].map(([name, { values }]) => [name, new Uint8Array(values.length).fill(1)]));
    return new Evaluator(new Map(), new Map([...this.values, ...moving]), [], { defined, incomplete: false });
  }
  /** What is made on first use. */
  private once<T>(name: string, make: () => T): T {
    if (!this.made.has(name)) this.made.set(name, make());
    return this.made.get(name) as T;
  }

  /** The value of an expression of the law's own arguments. */
  number(e: Expr): number {
    return this.evaluator.value(simplify(e));
  }
  array(a: ArrayExpr): { readonly shape: readonly number[]; readonly values: Float64Array } {
    return this.evaluator.array(a)();
  }
  /** The draw as the expressions of `onDraws` name it. */
  get draw(): ArrayExpr {
    return build(this.shape.map(num), (...at) => ref(argumentName, at));
  }
  /** An expression of a draw as a function of it. */
  onDraws(e: Expr): (x: ArrayLike<number>) => number {
    const closure = this.evaluator.compile(simplify(e));
    return (x) => {
      this.point.set(x);
      return closure();
    };
  }

  /** Why there is no density, or null. */
  get densityProblem(): string | null {
    return this.once('problem', () => noDensityReason(this.law));
  }
  /** Log density or mass; -Infinity outside the support. */
  logProb(x: ArrayLike<number>): number {
    if (this.isMixture) return this.mixed((part) => part.logProb(x));
    const density = this.once('density', () => this.onDraws(guardedLogDensityOf(this.law, this.draw, evaluatedLogDensityOf)));
    return this.holds(x) ? density(x) : Number.NEGATIVE_INFINITY;
  }
  /** The same for scalars. */
  logProbAt(x: number): number {
    if (this.isMixture) return this.mixed((part) => part.logProbAt(x));
    const density = this.once('scalar density', () =>
      this.evaluator.compile(simplify(guardedLogDensityOf(this.law, this.draw, evaluatedLogDensityOf))),
    );
    this.point[0] = x;
    return density();
  }
  /**
   * The law of the distance from a point, to the right (1) or left of it: its density keeps the digits that x close to that point has lost.
   */
  seenFrom(end: number, away: 1 | -1): NumericLaw {
    return this.once(`from ${end} ${away}`, () => {
      const x = ref(placeName),
        map = scalar(away > 0 ? sub(x, num(end)) : sub(num(end), x));
      return new NumericLaw(
        {
          kind: 'pushforward',
          base: this.law,
          over: { indices: [], dims: [] },
          argument: { name: placeName, text: 'x' },
          map,
          integer: false,
          known: new Map(),
          span: this.law.span,
        },
        this.values,
      );
    });
  }
  private get isMixture(): boolean {
    return this.law.kind === 'mixtureOf' || this.law.kind === 'mixture';
  }
  /** log of the weighted sum of the components' densities, in time proportional to their number: a selection by position is not. */
  private mixed(logProb: (part: NumericLaw) => number): number {
    const parts = this.components();
    const logs = this.once('logs', () => new Float64Array(parts.length));
    parts.forEach(({ weight, part }, k) => {
      logs[k] = weight > 0 ? Math.log(weight) + logProb(part) : Number.NEGATIVE_INFINITY;
    });
    return logSumExp(logs, 0, logs.length);
  }
  /** Whether an array lies in the support; scalars are tested by the density. */
  private holds(x: ArrayLike<number>): boolean {
    const { support } = this;
    switch (support.kind) {
      case 'simplex':
        return simplexProblem(x, 0, this.size) === null;
      case 'cov':
        return covarianceProblem(x, 0, support.dimension) === null;
      case 'corr': {
        for (let i = 0; i < support.dimension; i++) if (!(Math.abs(x[i * support.dimension + i]! - 1) <= 1e-8)) return false;
        return covarianceProblem(x, 0, support.dimension) === null;
      }
      case 'counts': {
        let total = 0;
        for (let k = 0; k < this.size; k++) {
          if (!(Number.isInteger(x[k]) && x[k]! >= 0)) return false;
          total += x[k]!;
        }
        return total === support.total;
      }
      default:
        return true;
    }
  }

  get hasCdf(): boolean {
    return this.size === 1 && this.shape.length === 0 && hasCdf(this.law);
  }
  cdf(x: number): number {
    if (this.isMixture) return this.components().reduce((sum, { weight, part }) => sum + weight * part.cdf(x), 0);
    this.point[0] = x;
    return this.once('cdf', () => this.evaluator.compile(simplify(cdfOf(this.law, ref(argumentName)))))();
  }
  survival(x: number): number {
    if (this.isMixture) return this.components().reduce((sum, { weight, part }) => sum + weight * part.survival(x), 0);
    this.point[0] = x;
    return this.once('survival', () => this.evaluator.compile(simplify(survivalOf(this.law, ref(argumentName)))))();
  }

  /** The smallest x with cdf(x) >= u, in closed form or by bisection. */
  quantile(u: number): number {
    const { support } = this;
    if (support.kind === 'point') return support.value;
    if (support.kind !== 'interval' && support.kind !== 'integers') throw new InternalError('a quantile of an array');
    if (u <= 0 && support.kind === 'interval') return support.low;
    if (u >= 1) return support.high;
    const closed = this.once('quantile', () => {
      const q = quantileOf(this.law, ref(uniformName));
      return q === null ? null : this.evaluator.compile(simplify(q));
    });
    if (closed === null || this.losesQuantiles)
      return u <= 0 ? support.low : this.bisected(u, (x) => (u <= 0.5 ? this.cdf(x) >= u : this.survival(x) <= 1 - u));
    this.level[0] = u;
    return closed();
  }
  /** Whether the closed form of the quantile has lost the mass that it measures. */
  private get losesQuantiles(): boolean {
    return this.once('loss', () => {
      const loss = quantileLoss(this.law);
      return loss !== null && this.number(loss) !== 0;
    });
  }
  /** The x with survival q, keeping its digits for small q. */
  upperQuantile(q: number): number {
    if (q >= 0.5) return this.quantile(1 - q);
    const { law } = this;
    const own = this.once('upper quantile', () => {
      const family = law.kind === 'family' ? familyOf(law) : null;
      return family?.upperQuantile === undefined || law.kind !== 'family'
        ? null
        : this.evaluator.compile(simplify(family.upperQuantile(ref(uniformName), law.parameters)));
    });
    if (own !== null) {
      this.level[0] = q;
      return own();
    }
    return this.hasCdf ? this.bisected(1 - q, (x) => this.survival(x) <= q) : this.quantile(1 - q);
  }

  /** The least x (integer for counts) with `reached(x)`, a test that stays true once it is. */
  private bisected(u: number, reached: (x: number) => boolean): number {
    const { support, discrete } = this;
    if (support.kind !== 'interval' && support.kind !== 'integers') throw new InternalError('a quantile of an array');
    let low = Number.isFinite(support.low) ? support.low : this.centre,
      high = Number.isFinite(support.high) ? support.high : Math.max(low, this.centre);
    const step = Math.max(1, this.spread);
    if (!Number.isFinite(support.low))
      for (let d = step; reached(low) && Number.isFinite(low); d *= 2) {
        high = low;
        low -= d;
      }
    if (!Number.isFinite(support.high))
      for (let d = step; !reached(high) && Number.isFinite(high); d *= 2) {
        low = high;
        high += d;
      }
    if (discrete && support.kind === 'integers') {
      low = Math.floor(low) - 1;
      high = Math.ceil(high);
      while (high - low > 1) {
        const middle = Math.floor(low + (high - low) / 2);
        if (reached(middle)) high = middle;
        else low = middle;
      }
      return high;
    }
    for (let k = 0; k < 2000; k++) {
      const middle = low + (high - low) / 2;
      if (!(middle > low && middle < high)) break;
      if (reached(middle)) high = middle;
      else low = middle;
    }
    return u <= 0.5 ? high : low + (high - low) / 2;
  }
  /** The median and the interquartile range of draws; a truncated law is drawn by its quantiles, so that its base must serve. */
  private get centre(): number {
    const { law, support } = this;
    if (law.kind !== 'truncated') return this.sorted()[drawsForQuantiles >> 1]!;
    const centre = this.once('base', () => new NumericLaw(law.base, this.values)).centre;
    return support.kind === 'interval' || support.kind === 'integers' ? Math.min(support.high, Math.max(support.low, centre)) : centre;
  }
  private get spread(): number {
    const { law } = this;
    if (law.kind === 'truncated') return this.once('base', () => new NumericLaw(law.base, this.values)).spread;
    const s = this.sorted();
    return s[Math.floor(drawsForQuantiles * 0.75)]! - s[Math.floor(drawsForQuantiles * 0.25)]!;
  }
  /** Sorted draws of a stream of their own: where the mass lies, for laws that say it in no other way. */
  private sorted(): Float64Array {
    return this.once('sorted', () => {
      const random = fixedStream(),
        out = new Float64Array(1),
        draws = new Float64Array(drawsForQuantiles);
      for (let k = 0; k < drawsForQuantiles; k++) {
        this.drawInto(random, out);
        draws[k] = out[0]!;
      }
      return draws.sort();
    });
  }

  /**
   * Points of the line between which the density of a scalar law is smooth and of a size: finite ends of supports, and quantiles,
   * of the law and of its parts.
   */
  get breaks(): readonly number[] {
    return this.once('breaks', () => [...new Set(this.breaksOfParts().filter(Number.isFinite))].sort((a, b) => a - b));
  }
  private breaksOfParts(): number[] {
    const { law, support } = this;
    const ends =
      support.kind === 'interval' || support.kind === 'integers'
        ? [support.low, support.high]
        : support.kind === 'point'
          ? [support.value]
          : [];
    switch (law.kind) {
      case 'family':
        return isProper(law) && support.kind !== 'point' ? [...ends, ...this.quantiles()] : ends;
      case 'truncated':
      case 'censored': {
        const low = this.number(law.low),
          high = this.number(law.high);
        const inner = isProper(law.base) ? [...new NumericLaw(law.base, this.values).breaks].filter((x) => x > low && x < high) : [];
        return [...ends, low, high, ...inner, ...(isProper(law) && law.kind === 'truncated' ? this.quantiles() : [])];
      }
      case 'mixture':
      case 'mixtureOf':
        return this.components().flatMap(({ part }) => [...part.breaks]);
      case 'pushforward':
        return [...ends, ...this.quantiles()];
    }
  }
  private quantiles(): number[] {
    if (this.hasCdf || quantileOf(this.law, ref(uniformName)) !== null)
      return levels.flatMap((u) => [this.quantile(u), this.upperQuantile(u)]);
    const draws = this.sorted();
    return [1, 20, 100, 500, 1000, 2000, 3000, 3500, 3900, 3980, 3999].map((k) => draws[k - 1]!);
  }

  /** Weights and components of a mixture. */
  components(): readonly { readonly weight: number; readonly part: NumericLaw }[] {
    const { law } = this;
    return this.once('components', () => {
      if (law.kind === 'mixtureOf')
        return law.components.map((c, k) => ({ weight: this.number(law.weights[k]!), part: new NumericLaw(c, this.values) }));
      if (law.kind !== 'mixture') throw new InternalError('components of a law that is no mixture');
      const from = this.number(law.from),
        count = this.number(law.to) - from;
      return Array.from({ length: count }, (_, k) => {
        const here = new Map([[law.index, num(from + k)]]);
        return { weight: this.number(substitute(law.weight, here)), part: new NumericLaw(substituteLaw(law.component, here), this.values) };
      });
    });
  }

  /** One draw, row-major, into `out`. */
  drawInto(random: Random, out: Float64Array): void {
    this.once('drawer', () => this.drawer())(random, out);
  }

  private drawer(): Drawer {
    const { law } = this;
    switch (law.kind) {
      case 'family':
        return this.variate(familyOf(law).variate(law.parameters));
      case 'truncated':
        return this.truncatedDrawer(law);
      case 'censored': {
        const base = new NumericLaw(law.base, this.values),
          low = this.number(law.low),
          high = this.number(law.high);
        return (random, out) => {
          base.drawInto(random, out);
          out[0] = Math.min(high, Math.max(low, out[0]!));
        };
      }
      case 'mixture':
      case 'mixtureOf': {
        const components = this.components(),
          weights = Float64Array.from(components, (c) => c.weight);
        return (random, out) => components[variates.categorical(random, weights)]!.part.drawInto(random, out);
      }
      case 'pushforward':
        return this.pushed(law);
    }
  }
  private variate({ fn, args, transform }: Variate): Drawer {
    const call = (variates as unknown as Readonly<Record<string, (...a: readonly unknown[]) => number>>)[fn];
    if (call === undefined) throw new InternalError(`unknown variate ${fn}`);
    const given = args.map((a) => (a.dims.length === 0 ? this.number(a.body) : this.array(a).values));
    if (this.shape.length > 0)
      return (random, out) => {
        call(random, out, 0, ...given);
      };
    if (transform === undefined)
      return (random, out) => {
        out[0] = call(random, ...given);
      };
    const drawn = new Float64Array(1);
    const value = this.evaluatorOf(new Map([[drawName, { shape: [], values: drawn, gaps: null }]])).compile(
      simplify(transform(ref(drawName))),
    );
    return (random, out) => {
      drawn[0] = call(random, ...given);
      out[0] = value();
    };
  }
  private truncatedDrawer(law: Law & { kind: 'truncated' }): Drawer {
    const { base } = law;
    const family = base.kind === 'family' ? familyOf(base) : null;
    if (base.kind === 'family' && family?.truncatedVariate !== undefined) {
      const args = [
        ...family.parameters.map((p) => this.number(base.parameters[p.name]!.body)),
        this.number(law.low),
        this.number(law.high),
      ];
      return this.variate({ fn: family.truncatedVariate, args: args.map((a) => ({ indices: [], dims: [], body: num(a) })) });
    }
    return (random, out) => {
      out[0] = this.quantile(random.uniformPositive() * (1 - Number.EPSILON));
    };
  }
  private pushed(law: Law & { kind: 'pushforward' }): Drawer {
    const over = law.over.dims.map((d) => this.number(d)),
      cells = over.reduce((a, b) => a * b, 1);
    const parts = Array.from({ length: cells }, (_, k) => {
      let rest = k;
      const at = [...over]
        .reverse()
        .map((d) => {
          const i = rest % d;
          rest = Math.floor(rest / d);
          return i;
        })
        .reverse();
      return new NumericLaw(substituteLaw(law.base, new Map(law.over.indices.map((i, axis) => [i, num(at[axis]!)]))), this.values);
    });
    const event = parts[0]?.shape ?? [],
      size = event.reduce((a, b) => a * b, 1);
    const base = new Float64Array(cells * size),
      one = new Float64Array(size);
    const evaluator = this.evaluatorOf(new Map([[law.argument.name, { shape: [...over, ...event], values: base, gaps: null }]]));
    const fill = evaluator.array(law.map);
    return (random, out) => {
      parts.forEach((part, k) => {
        part.drawInto(random, one);
        base.set(one, k * size);
      });
      out.set(fill().values);
    };
  }
}

function numericSupport(support: Support, evaluator: Evaluator): NumericSupport {
  const value = (e: Expr): number => evaluator.value(simplify(e));
  switch (support.kind) {
    case 'interval':
    case 'integers':
      return { kind: support.kind, low: value(support.low), high: value(support.high) };
    case 'point':
      return { kind: 'point', value: value(support.value) };
    case 'counts':
      return { kind: 'counts', dimension: value(support.dimension), total: value(support.total) };
    default:
      return { kind: support.kind, dimension: value(support.dimension) };
  }
}

/** A law and its values under other names, so that several can stand in one law. */
export function renamed(law: Law, values: ArrayValues, prefix: string): { readonly law: Law; readonly values: ArrayValues } {
  if (values.size === 0) return { law, values };
  const rename = (e: Expr): Expr => rewrite(e, (x) => (x.op === 'ref' && values.has(x.variable) ? ref(`${prefix}${x.variable}`, x.at) : x));
  return { law: mapLaw(law, rename), values: new Map([...values].map(([name, stored]) => [`${prefix}${name}`, stored])) };
}

/** The stream of draws that decide nothing but where to look. */
function fixedStream(): Random {
  return createRandom('objects', 'where the mass lies');
}

/** Whether a law of reals has single values of positive probability (censoring puts them on bounds). */
export function hasAtoms(law: Law): boolean {
  switch (law.kind) {
    case 'censored':
      return true;
    case 'truncated':
      return hasAtoms(law.base);
    case 'mixture':
      return hasAtoms(law.component);
    case 'mixtureOf':
      return law.components.some(hasAtoms);
    case 'family':
    case 'pushforward':
      return false;
  }
}
