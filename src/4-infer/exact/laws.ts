/**
 * The law of one element of a region, read off its natural parameters: parameters in storages, density,
 * draw, moments, distribution function and quantiles as expressions of the element's address.
 *
 * Statistics (log v, v^p) are one family whatever p is: s = v^p is a Gamma with shape (a + 1) / p and rate
 * -b (a and b the coefficients). Families cut by bounds are kept on a quadrature grid. What is stated of
 * a law is stated by its statistics, never by who contributed them.
 */
import { type Argument, type Code, forLoop, store } from '../../code/loop.js';
import type { Arguments, Family, ScalarLaw } from '../../distributions/family.js';
import { gamma, gammaMoment } from '../../distributions/gamma.js';
import { pareto } from '../../distributions/pareto.js';
import { families } from '../../distributions/registry.js';
import { InternalError } from '../../errors/diagnostic.js';
import {
  type ArrayExpr,
  type Expr,
  type Index,
  add,
  addAll,
  apply,
  at as elementAt,
  build,
  cond,
  element,
  exp,
  index,
  isConst,
  log,
  mul,
  mulAll,
  neg,
  num,
  one,
  pow,
  ref,
  reduce,
  scalar,
  sub,
  zero,
} from '../../expr/expr.js';
import { inverseOf } from '../../expr/simplify.js';
import { type ClosedForm, replaceSelf, type Slot } from '../../3-derive/closedForm.js';
import { selfExpr } from '../../3-derive/conditional.js';
import { gridEdges, gridLosses, gridNodes } from '../../random/quadratureGrid.js';
import { boundExprs, drawVariate, naturalArray, naturals, overEvent, type RegionContext } from '../kernels.js';
import { marginalLaw, quantileLevels } from '../marginals.js';

/** A law of one number in closed form. */
/** What a covariance that is an unknown of this law does to a Normal that it scales. */
export type ScaleLaw =
  /** s = v^power ~ Gamma(shape, rate) multiplies the precision. */
  | { readonly kind: 'gamma'; readonly power: number; readonly shape: Expr; readonly rate: Expr }
  /** The scale lies between bounds; E[v^q]. */
  | { readonly kind: 'bounded'; moment(q: number): Expr }
  /** The covariance (or the inverse of the unknown) ~ InverseWishart(df, scale). */
  | { readonly kind: 'wishart'; readonly df: Expr; readonly scale: (i: Expr, j: Expr) => Expr; readonly dimension: number };

export interface ElementLaw {
  /** How it is called in words. */
  readonly name: string;
  /** Natural and canonical parameters of the element, written to storages. */
  readonly parameters: readonly Code[];
  /** How proper the law is: improper up to the first limit, of few digits up to the second. */
  readonly proper: Expr;
  readonly limits: { readonly improper: number; readonly doubtful: number };
  /** Writes a value of positive density to the state. */
  readonly point: readonly Code[];
  /** Log density of the state's value. */
  readonly logDensity: Expr;
  readonly draw: readonly Code[];
  mean(event: readonly Expr[]): Expr;
  variance(event: readonly Expr[]): Expr;
  /** Covariance of two numbers of the element; null where it is not known. */
  covariance(a: readonly Expr[], b: readonly Expr[]): Expr | null;
  /** The law of one number; null where it has no closed form. */
  marginal(event: readonly Expr[]): ScalarLaw | null;
  /** Writes the three quantiles of a scalar where only a procedure gives them. */
  readonly quantileCode: ((into: readonly string[]) => readonly Code[]) | null;
  readonly scale: ScaleLaw | null;
  /** Storages that hold the element's parameters. */
  readonly storages: readonly string[];
  /** The storage of what the grid of a law misses that is kept on one. */
  readonly losses?: string;
  /** A Normal or vector of Normals: its mean does not depend on a scale that multiplies its precision. */
  readonly gaussian: boolean;
}

const anyPositive = { improper: 0, doubtful: 0 };

function value(e: Expr): Argument {
  return { kind: 'value', value: e };
}

/** Storages that hold something for each element of a region. */
class Store {
  readonly code: Code[] = [];
  readonly names: string[] = [];
  private readonly context: RegionContext;
  constructor(context: RegionContext) {
    this.context = context;
  }
  /** Keeps an array for each element; the result reads it. */
  keep(hint: string, dims: readonly number[], body: (event: readonly Index[]) => Expr): (...event: Expr[]) => Expr {
    const name = this.table(hint, dims),
      { context } = this;
    const event = dims.map((_, d) => index(`p${d}`));
    this.code.push(
      ...event.reduceRight<readonly Code[]>(
        (inner, i, d) => [forLoop(i, zero, num(dims[d]!), inner)],
        [store(name, [...context.at, ...event], context.builder.bind(body(event)))],
      ),
    );
    return (...at) => ref(name, [...context.at, ...at]);
  }
  table(hint: string, dims: readonly number[]): string {
    const { builder, name, at } = this.context;
    const storage = builder.fresh(hint, [...builder.storage(name).shape.slice(0, at.length), ...dims], 'state');
    this.names.push(storage);
    return storage;
  }
}

/** The law of a closed form; null for forms whose integral has none. */
export function elementLaw(context: RegionContext, form: ClosedForm): ElementLaw | null {
  switch (form.kind) {
    case 'exponential': {
      const powers = gammaSlots(form.slots);
      if (form.bounded) return gridLaw(context, form.slots, `truncated ${form.family.name}`);
      if (powers !== null && form.family.eventRank === 0) return gammaLaw(context, form.slots, powers, form.family.name);
      return familyLaw(context, form.family, form.slots);
    }
    case 'powerGamma':
      return form.bounded
        ? gridLaw(context, form.slots, 'truncated power of a Gamma')
        : gammaLaw(context, form.slots, gammaSlots(form.slots)!, 'power of a Gamma');
    case 'powerLaw': {
      const { high } = boundExprs(context);
      return isConst(high, Infinity) ? familyLaw(context, pareto, form.slots) : gridLaw(context, form.slots, 'power law between bounds');
    }
    case 'tilted':
      return gridLaw(context, form.slots, form.slots.length === 0 ? 'Uniform' : 'truncated Exponential');
    case 'shiftedCount':
      return countLaw(context, form);
    case 'piecewiseNormal':
    case 'finite':
      return null;
  }
}

/** Positions of the statistics log v and v^p, where these are all. */
function gammaSlots(slots: readonly Slot[]): { readonly logAt: number; readonly powerAt: number; readonly power: number } | null {
  const logAt = slots.findIndex((s) => s.statistic.kind === 'log'),
    powerAt = slots.findIndex((s) => s.statistic.kind === 'power');
  const power = slots[powerAt]?.statistic;
  return slots.length === 2 && logAt >= 0 && power?.kind === 'power' ? { logAt, powerAt, power: power.power } : null;
}

/** v^p ~ Gamma. */
function gammaLaw(
  context: RegionContext,
  slots: readonly Slot[],
  { logAt, powerAt, power }: { readonly logAt: number; readonly powerAt: number; readonly power: number },
  name: string,
): ElementLaw {
  const { builder } = context;
  const eta = naturals(context, slots);
  const kept = new Store(context);
  const shape = kept.keep('shape', [], () => mul(add(ref(eta.storages[logAt]!, []), one), num(1 / power)))();
  const rate = kept.keep('rate', [], () => neg(ref(eta.storages[powerAt]!, [])))();
  const here = context.place(),
    current = context.current();
  const s: Arguments = { shape: scalar(shape), rate: scalar(rate) };
  const drawn = builder.fresh('drawn', [], 'local');
  const image = (u: Expr): Expr => (power === 1 ? u : pow(u, num(1 / power)));
  // v falls where v^p rises for p < 0.
  const lower = (x: Expr): Expr =>
    power > 0 ? apply('gammaP', shape, mul(rate, pow(x, num(power)))) : apply('gammaQ', shape, mul(rate, pow(x, num(power))));
  const quantile = (u: Expr): Expr => image(apply('div', apply('gammaPInverse', shape, power > 0 ? u : sub(one, u)), rate));
  const mean = gammaMoment(shape, rate, 1 / power);
  return {
    name,
    parameters: [...eta.code, ...kept.code],
    proper: apply('min', shape, rate),
    limits: anyPositive,
    point: [store(here.storage, here.at, quantile(num(0.5)))],
    // |ds/dv| = |p| v^(p - 1)
    logDensity: addAll([
      gamma.logDensity(scalar(pow(current, num(power))), s),
      num(Math.log(Math.abs(power))),
      mul(num(power - 1), log(current)),
    ]),
    draw:
      power === 1
        ? [{ do: 'call', procedure: 'gamma', args: [value(shape), value(rate)], into: here, effects: [] }]
        : [
            { do: 'call', procedure: 'gamma', args: [value(shape), value(rate)], into: { storage: drawn, at: [] }, effects: [] },
            store(here.storage, here.at, image(ref(drawn, []))),
          ],
    mean: () => mean,
    variance: () => gammaVariance(shape, rate, power),
    covariance: () => gammaVariance(shape, rate, power),
    marginal: () => ({ cdf: (x) => cond(apply('gt', x, zero), lower(x), zero), quantile }),
    quantileCode: null,
    storages: kept.names,
    scale: { kind: 'gamma', power, shape, rate },
    gaussian: false,
  };
}

/** Variance of s^(1/p): without cancellation for Gamma and InverseGamma. */
function gammaVariance(shape: Expr, rate: Expr, power: number): Expr {
  if (power === 1) return mul(shape, pow(rate, num(-2)));
  if (power === -1) {
    const above = (k: number): Expr => sub(shape, num(k));
    return cond(apply('gt', above(2), zero), apply('div', pow(rate, num(2)), mulAll([pow(above(1), num(2)), above(2)])), num(Infinity));
  }
  const second = gammaMoment(shape, rate, 2 / power);
  return cond(apply('lt', second, num(Infinity)), sub(second, pow(gammaMoment(shape, rate, 1 / power), num(2))), num(Infinity));
}

/** A family of the registry with its own moments. */
function familyLaw(context: RegionContext, family: Family, slots: readonly Slot[]): ElementLaw {
  const { builder } = context;
  const exponential = family.exponential;
  if (exponential === undefined) throw new InternalError(`${family.name} has no exponential form`);
  const kept = new Store(context);
  const eta = naturals(context, slots);
  const natural = slots.map((s, k) => naturalArray(s, eta.storages[k]!, context.eventDims));
  const { low } = boundExprs(context);
  const canonical = exponential.parameters(natural, { kind: 'interval', low, high: num(Infinity) });
  const p: Record<string, ArrayExpr> = {};
  for (const [key, a] of Object.entries(canonical)) {
    const dims = a.dims.map((d) => {
      const b = builder.bind(d);
      return b.op === 'const' ? b.value : context.eventDims[0]!;
    });
    const read = kept.keep(key, dims, (event) => elementAt(a, ...event));
    p[key] =
      dims.length === 0
        ? scalar(read())
        : build(
            dims.map((d) => num(d)),
            (...i) => read(...i),
          );
  }
  const quadratic = slots.findIndex((s) => s.statistic.kind === 'pair');
  const proper = kept.keep('proper', [], () =>
    quadratic >= 0 ? relativePivot(natural[quadratic]!) : exponential.proper(natural).reduce((a, b) => apply('min', a, b)),
  )();
  const rank = context.region.eventRank;
  const x =
    rank === 0
      ? scalar(context.current())
      : build(
          context.eventDims.map((d) => num(d)),
          (...i) => context.current(i),
        );
  const means = family.mean?.(p),
    variances = family.variance?.(p);
  if (means === undefined || variances === undefined) throw new InternalError(`${family.name} states no moments`);
  const typical = typicalValue(family, slots, p, means);
  const here = context.place();
  const scale = wishartScale(context, slots, natural, kept);
  const draw = quadratic >= 0 ? vectorDraw(context, p, kept) : drawVariate(builder, family.variate(p), here, rank);
  return {
    name: family.name,
    parameters: [...eta.code, ...kept.code],
    proper,
    limits: quadratic >= 0 ? { improper: 1e-14, doubtful: 1e-10 } : anyPositive,
    point: overEvent(context, (event) => [store(here.storage, [...here.at, ...event], builder.bind(elementAt(typical, ...event)))]),
    logDensity: builder.bind(family.logDensity(x, p)),
    draw,
    mean: (event) => builder.bind(elementAt(means, ...event)),
    // Vectors state a covariance matrix, matrices elementwise variances.
    variance: (event) => builder.bind(event.length === 1 ? elementAt(variances, event[0]!, event[0]!) : elementAt(variances, ...event)),
    covariance: (a, b) =>
      rank === 0 ? builder.bind(variances.body) : rank === 1 ? builder.bind(elementAt(variances, a[0]!, b[0]!)) : null,
    marginal: (event) => marginalLaw(family, p, event),
    quantileCode: null,
    storages: kept.names,
    scale,
    gaussian: rank === 1 ? quadratic >= 0 : slots.length === 2 && slots.every((s) => s.statistic.kind === 'power' && s.statistic.power > 0),
  };
}

/** A draw of a vector of Normals whose covariance is factored once, not in every draw. */
function vectorDraw(context: RegionContext, p: Arguments, kept: Store): readonly Code[] {
  const d = context.eventDims[0]!,
    dims = [num(d), num(d)];
  const cov = p['cov']!,
    mean = p['mean']!;
  const factor = kept.keep('factor', [d, d], ([i, j]) => element({ fn: 'cholesky', args: [cov], dims }, [i!, j!]));
  const array = (a: ArrayExpr): Argument => ({ kind: 'array', value: context.builder.bindArray(a) });
  return [
    {
      do: 'call',
      procedure: 'mvNormalFromCholesky',
      into: null,
      effects: [context.name],
      args: [{ kind: 'place', place: context.place([zero]) }, array(mean), array(build(dims, (i, j) => factor(i, j))), value(num(d))],
    },
  ];
}

/** Smallest pivot of a precision -(Q + Q') relative to its diagonal: rounding leaves 1e-16 of an exact zero. */
function relativePivot(quadratic: ArrayExpr): Expr {
  const d = quadratic.dims[0]!,
    i = index('i');
  const precision = build([d, d], (a, b) => neg(add(elementAt(quadratic, a, b), elementAt(quadratic, b, a))));
  const factor = element({ fn: 'cholesky', args: [precision], dims: [d, d] }, [i, i]);
  return reduce('min', i, zero, d, apply('div', pow(factor, num(2)), elementAt(precision, i, i)));
}

/** Somewhere in the bulk of the law: the mean, or for inverses the inverse of the mean inverse, which always exists. */
function typicalValue(family: Family, slots: readonly Slot[], p: Arguments, means: ArrayExpr): ArrayExpr {
  if (slots.some((s) => s.statistic.kind === 'inverse')) return inverseOf(family.exponential!.expectation('inverse(X)_ij', p));
  if (family.quantile !== undefined && family.eventRank === 0) return scalar(family.quantile(num(0.5), p));
  return means;
}

/** The natural parameters of a matrix as the law of a covariance. */
function wishartScale(context: RegionContext, slots: readonly Slot[], natural: readonly ArrayExpr[], kept: Store): ScaleLaw | null {
  if (context.region.eventRank !== 2) return null;
  const logdet = slots.findIndex((s) => s.statistic.kind === 'logdet');
  const inverse = slots.findIndex((s) => s.statistic.kind === 'inverse'),
    linear = slots.findIndex((s) => s.statistic.kind === 'power');
  const matrix = inverse >= 0 ? inverse : linear;
  if (slots.length !== 2 || logdet < 0 || matrix < 0) return null;
  const d = context.eventDims[0]!,
    l = natural[logdet]!.body;
  const df = kept.keep('scaleDf', [], () => (inverse >= 0 ? sub(mul(num(-2), l), num(d + 1)) : add(mul(num(2), l), num(d + 1))))();
  const scale = kept.keep('scaleMatrix', [d, d], ([i, j]) =>
    neg(add(elementAt(natural[matrix]!, i!, j!), elementAt(natural[matrix]!, j!, i!))),
  );
  return { kind: 'wishart', df, scale: (i, j) => scale(i, j), dimension: d };
}

/** v - shift follows a count family: exp(slope) is the rate, the odds or the failure probability. */
function countLaw(context: RegionContext, form: ClosedForm & { readonly kind: 'shiftedCount' }): ElementLaw {
  const { builder } = context;
  const family = families.get(form.family);
  if (family === undefined) throw new InternalError(`unknown family ${form.family}`);
  const eta = naturals(context, form.slots);
  const slope = ref(eta.storages[0]!, []),
    shift = builder.bind(form.shift);
  const kept = new Store(context);
  const total = form.total === null ? zero : builder.bind(form.total);
  const p: Arguments =
    form.family === 'Poisson'
      ? { rate: scalar(kept.keep('rate', [], () => exp(slope))()) }
      : form.family === 'Binomial'
        ? { n: scalar(kept.keep('n', [], () => sub(total, shift))()), p: scalar(kept.keep('p', [], () => apply('sigmoid', slope))()) }
        : { r: scalar(kept.keep('r', [], () => add(total, shift))()), p: scalar(kept.keep('p', [], () => sub(one, exp(slope)))()) };
  const here = context.place();
  const { cdf, quantile, mean, variance } = family;
  if (cdf === undefined || quantile === undefined || mean === undefined || variance === undefined)
    throw new InternalError(`${family.name} states no moments`);
  const drawn = builder.fresh('drawn', [], 'local');
  return {
    name: form.family,
    parameters: [...eta.code, ...kept.code],
    proper: form.family === 'NegativeBinomial' ? p['p']!.body : form.family === 'Poisson' ? p['rate']!.body : one,
    limits: anyPositive,
    point: [store(here.storage, here.at, add(quantile.call(family, num(0.5), p), shift))],
    logDensity: builder.bind(family.logDensity(scalar(sub(context.current(), shift)), p)),
    draw: [
      ...drawVariate(builder, family.variate(p), { storage: drawn, at: [] }, 0),
      store(here.storage, here.at, add(ref(drawn, []), shift)),
    ],
    mean: () => add(mean.call(family, p).body, shift),
    variance: () => variance.call(family, p).body,
    covariance: () => variance.call(family, p).body,
    marginal: () => ({ cdf: (x) => cdf.call(family, sub(x, shift), p), quantile: (u) => add(quantile.call(family, u, p), shift) }),
    quantileCode: null,
    storages: kept.names,
    scale: null,
    gaussian: false,
  };
}

/** A scalar of known statistics between bounds, integrated by quadrature. */
function gridLaw(context: RegionContext, slots: readonly Slot[], name: string): ElementLaw {
  const { builder } = context;
  const eta = naturals(context, slots);
  const kept = new Store(context);
  const stored = slots.map((_, k) => kept.keep('natural', [], () => ref(eta.storages[k]!, []))());
  const bounds = boundExprs(context);
  const low = kept.keep('low', [], () => bounds.low)(),
    high = kept.keep('high', [], () => bounds.high)();
  const nodes = kept.table('nodes', [gridNodes]),
    weights = kept.table('weights', [gridNodes]),
    edges = kept.table('edges', [gridEdges]),
    losses = kept.table('losses', [gridLosses]),
    integral = kept.table('logIntegral', []);
  const x = builder.fresh('x', [], 'local'),
    f = builder.fresh('density', [], 'local');
  const density = (v: Expr): Expr => addAll(slots.map((s, k) => mul(stored[k]!, replaceSelf(builder.bind(selfExpr(s.statistic)), v))));
  const first = (storage: string): Argument => ({ kind: 'place', place: { storage, at: [...context.at, zero] } });
  const average = (body: (v: Expr) => Expr): Expr => {
    const m = index('m');
    return reduce('sum', m, zero, num(gridNodes), mul(ref(weights, [...context.at, m]), body(ref(nodes, [...context.at, m]))));
  };
  const law = [value(low), value(high), first(weights), first(edges)];
  const here = context.place();
  const centre = kept.table('centre', []);
  const quantile = (u: number, into: { readonly storage: string; readonly at: readonly Expr[] }): Code => ({
    do: 'call',
    procedure: 'gridQuantile',
    args: [value(num(u)), ...law],
    into,
    effects: [],
  });
  return {
    name,
    parameters: [
      ...eta.code,
      ...kept.code,
      { do: 'function', name: f, parameters: [x], body: [{ do: 'return', value: density(ref(x, [])) }] },
      {
        do: 'call',
        procedure: 'quadratureGrid',
        into: { storage: integral, at: context.at },
        effects: [nodes, weights, edges, losses],
        args: [{ kind: 'function', name: f }, value(low), value(high), first(nodes), first(weights), first(edges), first(losses)],
      },
      store(
        centre,
        context.at,
        average((v) => v),
      ),
    ],
    // A density without a finite integral leaves NaN; bounds that cross leave nothing.
    proper: cond(
      apply('gt', high, low),
      cond(apply('lt', apply('abs', ref(integral, context.at)), num(Infinity)), one, num(-1)),
      num(Infinity),
    ),
    limits: anyPositive,
    point: [quantile(0.5, here)],
    // Bounds that cross leave no value of positive density: the joint density says so.
    logDensity: cond(apply('gt', high, low), sub(density(context.current()), ref(integral, context.at)), zero),
    draw: [{ do: 'call', procedure: 'gridDraw', args: law, into: here, effects: [] }],
    mean: () => ref(centre, context.at),
    variance: () => average((v) => pow(sub(v, ref(centre, context.at)), num(2))),
    covariance: () => average((v) => pow(sub(v, ref(centre, context.at)), num(2))),
    marginal: () => null,
    quantileCode: (into) => quantileLevels.map((u, n) => quantile(u, { storage: into[n]!, at: context.at })),
    storages: kept.names,
    losses,
    scale: { kind: 'bounded', moment: (q) => average((v) => pow(v, num(q))) },
    gaussian: false,
  };
}
