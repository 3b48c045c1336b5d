/**
 * Code of the parts of a component: parameters at the current state, a typical value, the log density of
 * the state, draws, moments and quantiles. The density of the state under all parts is what the evidence
 * needs: log Z = log joint(state) - log posterior(state) at any state.
 */
import { type Code, accumulate, store } from '../../code/loop.js';
import {
  add,
  apply,
  cond,
  type Expr,
  type Index,
  index,
  isConst,
  log,
  mul,
  neg,
  num,
  one,
  pow,
  type Ref,
  ref,
  sub,
  substitute,
  variablesOf,
  zero,
} from '../../expr/expr.js';
import type { ScalarLaw } from '../../distributions/family.js';
import { gammaMoment } from '../../distributions/gamma.js';
import { normalLaw } from '../../distributions/normal.js';
import { InternalError } from '../../errors/diagnostic.js';
import type { FoldedTables } from '../contract.js';
import type { LatentRegion } from '../../3-derive/model.js';
import type { Binder } from '../../3-derive/normalForm.js';
import type { AssembledGaussianBlock } from '../blocks/gaussian.js';
import { overEvent, RegionContext } from '../kernels.js';
import { quantileLevels } from '../marginals.js';
import { loops, type ProgramBuilder } from '../programBuilder.js';
import { type ElementLaw, elementLaw } from './laws.js';
import type { AlonePart } from './plan.js';
import { type Scale, scaleAddress } from '../../3-derive/sharedScale.js';

/** Where results of a variable are written, each of its shape. */
export interface ResultStorages {
  readonly mean: string;
  readonly variance: string;
  readonly quantiles: readonly string[];
}

/** Moments of a variable's numbers, each of its shape. */
export interface VariableMoments {
  readonly mean: Float64Array;
  readonly variance: Float64Array;
  quantiles: readonly Float64Array[] | null;
}

export interface PartCode {
  readonly regions: readonly LatentRegion[];
  /** Family or structure, in words. */
  readonly words: string;
  /** Normals, that a draw makes of standard normals. */
  readonly gaussian: boolean;
  readonly prepare: readonly Code[];
  readonly point: readonly Code[];
  /** Adds the log density of the state times a sign; `lane` is the cell for a region's element. */
  density(into: string, lane: (region: LatentRegion) => readonly Expr[]): readonly Code[];
  readonly draw: readonly Code[];
  moments(into: (variable: string) => ResultStorages): readonly Code[];
  /** Null where some number has no quantiles in closed form. */
  quantiles(into: (variable: string) => ResultStorages): readonly Code[] | null;
  /** Writes P(X <= x) of every number to its first quantile storage, x read from its mean storage; null where there is no closed form. */
  distribution(x: (variable: string) => string, into: (variable: string) => string): readonly Code[] | null;
  /** Storages with the parameters that `distribution` reads. */
  readonly storages: readonly string[];
  /** Writes how proper each element's law is to a storage of the region's leading shape. */
  readonly proper: readonly PropernessCheck[];
}

/** How proper the law of each element of a region is. */
export interface PropernessCheck {
  readonly region: LatentRegion;
  readonly storage: string;
  readonly limits: ElementLaw['limits'];
  /** Of laws on grids: the storage of what these miss. */
  readonly losses?: string | undefined;
  readonly code: readonly Code[];
  /** True where a precision matrix may be singular. */
  readonly singular: boolean;
  /** The element that is at fault, where the storage does not say. */
  readonly element: ((read: (storage: string) => ArrayLike<number>) => string) | null;
}

/** The scale of a Normal variable `member`, which is integrated out first. */
export interface ScaleContext {
  readonly member: string;
  readonly scale: Scale;
  readonly context: RegionContext;
  readonly law: ElementLaw;
}

export class AloneCode implements PartCode {
  readonly context: RegionContext;
  readonly law: ElementLaw;
  readonly regions: readonly LatentRegion[];
  readonly words: string;
  /** Normals, that a draw makes of standard normals. */
  readonly gaussian: boolean;
  readonly prepare: readonly Code[];
  readonly point: readonly Code[];
  readonly draw: readonly Code[];
  readonly storages: readonly string[];
  readonly proper: PartCode['proper'];
  private readonly scales: readonly ScaleContext[];

  /** @param scales what multiplies the variance, for Normals under a scale. */
  constructor(builder: ProgramBuilder, part: AlonePart, folded: FoldedTables, scales: readonly ScaleContext[]) {
    const context = new RegionContext(builder, part.plan.collected, folded);
    const law = elementLaw(context, part.form);
    if (law === null) throw new InternalError(`no law for ${context.name}`);
    this.context = context;
    this.law = law;
    this.scales = scales;
    this.regions = [context.region];
    this.words = law.name;
    this.gaussian = law.gaussian;
    this.prepare = context.sweep(law.parameters);
    this.point = this.over(law.point);
    this.draw = this.over(law.draw);
    this.storages = law.storages;
    const lead = builder.storage(context.name).shape.slice(0, context.at.length);
    const storage = builder.fresh('properness', lead, 'state');
    this.proper = [
      {
        region: context.region,
        storage,
        limits: law.limits,
        losses: law.losses,
        singular: context.region.eventRank === 1 && law.gaussian,
        element: null,
        code: [{ do: 'fill', storage, value: num(Infinity) }, ...this.over([store(storage, context.at, law.proper)])],
      },
    ];
  }
  private over(body: readonly Code[]): readonly Code[] {
    return loops(this.context.plates, this.context.guards, body);
  }
  /** Code for each number of each element. */
  private each(body: (event: readonly Index[]) => readonly Code[]): readonly Code[] {
    return this.over(overEvent(this.context, body));
  }

  density(into: string, lane: (region: LatentRegion) => readonly Expr[]): readonly Code[] {
    return this.over([accumulate(into, lane(this.context.region), neg(this.law.logDensity))]);
  }
  private scale(): ScaleContext | null {
    return this.scales.find((s) => s.member === this.context.name) ?? null;
  }

  moments(into: (variable: string) => ResultStorages): readonly Code[] {
    const { mean, variance } = into(this.context.name),
      { law, context } = this;
    const scale = this.scale();
    return this.each((event) => {
      const cell = [...context.at, ...event];
      return [
        store(mean, cell, law.mean(event)),
        store(variance, cell, scale === null ? law.variance(event) : mul(law.variance(event), inflation(scale, context.at, event))),
      ];
    });
  }
  quantiles(into: (variable: string) => ResultStorages): readonly Code[] | null {
    const { context, law } = this,
      { quantiles } = into(context.name);
    if (law.quantileCode !== null) return this.over(law.quantileCode(quantiles));
    if (this.marginal(context.eventDims.map(() => zero)) === null) return null;
    return this.each((event) => {
      const marginal = this.marginal(event)!;
      return quantileLevels.map((u, n) => store(quantiles[n]!, [...context.at, ...event], context.builder.bind(marginal.quantile(num(u)))));
    });
  }
  distribution(x: (variable: string) => string, into: (variable: string) => string): readonly Code[] | null {
    const { context } = this;
    if (context.region.variable.scalar !== 'real' || this.marginal(context.eventDims.map(() => zero)) === null) return null;
    return this.each((event) => {
      const cell = [...context.at, ...event];
      return [store(into(context.name), cell, context.builder.bind(this.marginal(event)!.cdf(ref(x(context.name), cell))))];
    });
  }
  private marginal(event: readonly Expr[]): ScalarLaw | null {
    const scale = this.scale();
    return scale === null
      ? this.law.marginal(event)
      : studentMarginal(scale, this.context.at, event, this.law.mean(event), this.law.variance(event));
  }
}

/** Normals that meet, as a joint block. */
export class GaussianCode implements PartCode {
  readonly block: AssembledGaussianBlock;
  readonly regions: readonly LatentRegion[];
  readonly words: string;
  /** Normals, that a draw makes of standard normals. */
  readonly gaussian: boolean;
  readonly prepare: readonly Code[];
  readonly point: readonly Code[];
  readonly draw: readonly Code[];
  readonly storages: readonly string[];
  readonly proper: PartCode['proper'];
  private readonly builder: ProgramBuilder;
  private readonly scales: readonly ScaleContext[];

  constructor(builder: ProgramBuilder, block: AssembledGaussianBlock, scales: readonly ScaleContext[]) {
    this.builder = builder;
    this.block = block;
    this.scales = scales;
    this.regions = block.regions;
    this.words = block.structure;
    this.gaussian = true;
    this.prepare = block.prepare;
    this.point = this.each((e) => [store(e.variable, e.at, block.mean(e))]);
    this.draw = block.draw;
    const storage = builder.fresh('properness', [], 'state');
    this.proper = [
      {
        region: block.regions[0]!,
        storage,
        limits: { improper: 0, doubtful: 0 },
        singular: true,
        element: (read) => block.elementOf(read(block.status)[1]! - 1),
        code: [store(storage, [], cond({ op: 'apply', fn: 'gt', args: [ref(block.status, [num(1)]), zero] }, num(-1), num(Infinity)))],
      },
    ];
    const read = new Set<string>();
    for (const r of block.regions) {
      const { element, binders } = elementOf(builder, r);
      for (const x of [block.mean(element), block.covariance(element, element, binders)])
        if (x !== null) for (const name of variablesOf(x)) if (builder.storage(name).place === 'state') read.add(name);
    }
    this.storages = [...read];
  }
  /** Code for each scalar of each member. */
  private each(body: (element: Ref, binders: readonly Binder[], region: LatentRegion) => readonly Code[]): readonly Code[] {
    return this.block.regions.flatMap((r) => {
      const { element, binders, guards } = elementOf(this.builder, r);
      return loops(binders, guards, body(element, binders, r));
    });
  }
  private variance(e: Ref, binders: readonly Binder[]): Expr {
    const own = this.block.covariance(e, e, binders);
    if (own === null) throw new InternalError(`the variance of ${e.variable} is not kept`);
    return own;
  }
  density(into: string, lane: (region: LatentRegion) => readonly Expr[]): readonly Code[] {
    // At the mean the density is |P|^(1/2) (2 pi)^(-n/2); lanes do not meet, so each has its pivots.
    const [first] = this.block.regions;
    if (lane(first!).every((e) => isConst(e)))
      return [
        accumulate(
          into,
          lane(first!),
          sub(num(0.5 * this.block.size * Math.log(2 * Math.PI)), mul(num(0.5), ref(this.block.status, [zero]))),
        ),
      ];
    return this.each((e, binders, region) => {
      const pivot = this.block.inversePivot(e, binders);
      if (pivot === null) throw new InternalError(`the pivot of ${e.variable} is not kept`);
      return [accumulate(into, lane(region), add(num(0.5 * Math.log(2 * Math.PI)), mul(num(0.5), log(pivot))))];
    });
  }
  private scaleOf(region: LatentRegion): ScaleContext | null {
    return this.scales.find((s) => s.member === region.variable.name) ?? null;
  }
  moments(into: (variable: string) => ResultStorages): readonly Code[] {
    return [
      ...this.block.moments,
      ...this.each((e, binders, region) => {
        const { mean, variance } = into(e.variable),
          scale = this.scaleOf(region),
          own = this.variance(e, binders);
        return [
          store(mean, e.at, this.block.mean(e)),
          store(
            variance,
            e.at,
            scale === null ? own : mul(own, inflation(scale, e.at.slice(0, region.at.length), e.at.slice(region.at.length))),
          ),
        ];
      }),
    ];
  }
  quantiles(into: (variable: string) => ResultStorages): readonly Code[] | null {
    if (!this.closed()) return null;
    return this.each((e, binders, region) => {
      const marginal = this.marginal(e, binders, region)!,
        { quantiles } = into(e.variable);
      return quantileLevels.map((u, n) => store(quantiles[n]!, e.at, this.builder.bind(marginal.quantile(num(u)))));
    });
  }
  distribution(x: (variable: string) => string, into: (variable: string) => string): readonly Code[] | null {
    if (!this.closed()) return null;
    return this.each((e, binders, region) => [
      store(into(e.variable), e.at, this.builder.bind(this.marginal(e, binders, region)!.cdf(ref(x(e.variable), e.at)))),
    ]);
  }
  private closed(): boolean {
    return this.scales.every((s) => s.law.scale?.kind !== 'bounded');
  }
  private marginal(e: Ref, binders: readonly Binder[], region: LatentRegion): ScalarLaw | null {
    const scale = this.scaleOf(region),
      mean = this.block.mean(e),
      variance = this.variance(e, binders);
    return scale === null
      ? normalLaw(mean, pow(variance, num(0.5)))
      : studentMarginal(scale, e.at.slice(0, region.at.length), e.at.slice(region.at.length), mean, variance);
  }
}
/** The scalar of a region that its loops and event indices reach. */
function elementOf(
  builder: ProgramBuilder,
  region: LatentRegion,
): { readonly element: Ref; readonly binders: readonly Binder[]; readonly guards: readonly Expr[] } {
  const event = region.eventDims.map((to, d): Binder => ({ index: index(`v${d}`), from: zero, to }));
  const binders = [...region.plates.map((p): Binder => ({ index: p.index, from: p.from, to: p.to })), ...event].map((b) =>
    builder.bindBinder(b),
  );
  return {
    element: ref(region.variable.name, [...region.at.map((e) => builder.bind(e)), ...event.map((b) => b.index)]),
    binders,
    guards: region.guards.map((g) => builder.bind(g)),
  };
}

/** E[1/s] / (1/s) at the current scale: how much larger the variance is with the scale integrated out. */
export function inflation({ law, scale, context }: ScaleContext, wholeAt: readonly Expr[], ownEvent: readonly Expr[]): Expr {
  const { at, event } = placeIn(scale, wholeAt, ownEvent);
  const address = scaleAddress(scale, at);
  const own = (e: Expr): Expr => moved(e, context, address);
  const s = law.scale!;
  if (s.kind === 'gamma') return own(mul(gammaMoment(s.shape, s.rate, -1), pow(context.current(), num(s.power))));
  if (s.kind === 'bounded') return own(mul(s.moment(-powerOf(scale)), pow(context.current(), num(powerOf(scale)))));
  const i = event[0]!;
  const excess = sub(s.df, num(s.dimension + 1));
  const expected = cond({ op: 'apply', fn: 'gt', args: [excess, zero] }, mul(s.scale(i, i), pow(excess, num(-1))), num(Infinity));
  return own(mul(expected, pow(covarianceAt(scale, context, i), num(-1))));
}
/** Square of the Student t's scale over the variance at the current scale, and its degrees of freedom; for a scale without an address. */
export function studentScaling({ law, scale, context }: ScaleContext): readonly [Expr, Expr] {
  const s = law.scale!;
  if (s.kind === 'bounded') return [num(NaN), one];
  if (s.kind === 'gamma') return [mul(mul(s.rate, pow(s.shape, num(-1))), pow(context.current(), num(s.power))), mul(num(2), s.shape)];
  const df = add(s.df, num(1 - s.dimension));
  return [mul(s.scale(zero, zero), pow(mul(df, covarianceAt(scale, context, zero)), num(-1))), df];
}
/** The marginal of a Normal whose precision (or covariance) has been integrated out. */
function studentMarginal(
  { law, scale, context }: ScaleContext,
  wholeAt: readonly Expr[],
  ownEvent: readonly Expr[],
  mean: Expr,
  variance: Expr,
): ScalarLaw | null {
  const { at, event } = placeIn(scale, wholeAt, ownEvent);
  const address = scaleAddress(scale, at);
  const own = (e: Expr): Expr => moved(e, context, address);
  const s = law.scale;
  // A scale between bounds leaves no Student t.
  if (s === null || s.kind === 'bounded') return null;
  if (s.kind === 'gamma') {
    const ratio = own(mul(mul(s.rate, pow(s.shape, num(-1))), pow(context.current(), num(s.power))));
    return studentLaw(own(mul(num(2), s.shape)), mean, pow(mul(variance, ratio), num(0.5)));
  }
  const i = event[0]!;
  const df = add(s.df, num(1 - s.dimension));
  return studentLaw(
    own(df),
    mean,
    pow(mul(variance, own(mul(s.scale(i, i), pow(mul(df, covarianceAt(scale, context, i)), num(-1))))), num(0.5)),
  );
}
/** Location and scale of a Student t with `df` degrees of freedom. */
function studentLaw(df: Expr, location: Expr, scale: Expr): ScalarLaw {
  return {
    cdf: (x) => apply('studentCdf', apply('div', sub(x, location), scale), df),
    quantile: (u) => add(location, mul(scale, apply('studentQuantile', u, df))),
  };
}
/** Address and place in the vector of a member's element. */
function placeIn(
  scale: Scale,
  at: readonly Expr[],
  event: readonly Expr[],
): { readonly at: readonly Expr[]; readonly event: readonly Expr[] } {
  return scale.split && at.length > 0 ? { at: at.slice(0, -1), event: at.slice(-1) } : { at, event };
}
function powerOf(scale: Scale): number {
  return scale.role.kind === 'power' ? scale.role.power : 1;
}
/** Element (i, i) of the covariance that the scale's current value is, or is the inverse of. */
function covarianceAt(scale: Scale, context: RegionContext, i: Expr): Expr {
  if (scale.role.kind === 'covariance') return context.current([i, i]);
  const d = num(context.eventDims[0]!),
    a = index('a'),
    b = index('b');
  return {
    op: 'element',
    array: { fn: 'inverse', args: [{ indices: [a, b], dims: [d, d], body: context.current([a, b]) }], dims: [d, d] },
    at: [i, i],
  };
}
/** An expression of the scale's element, at another address. */
function moved(e: Expr, context: RegionContext, address: readonly Expr[]): Expr {
  const map = new Map<Index, Expr>();
  context.at.forEach((own, d) => {
    if (own.op === 'index') map.set(own, address[d]!);
  });
  return substitute(e, map);
}
