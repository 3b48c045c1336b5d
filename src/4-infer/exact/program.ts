/**
 * The exact posterior as a program with memory: for each component an entry that computes everything at
 * the current configuration of its finite unknowns and the log evidence with it, entries for moments,
 * quantiles and distribution functions, and one that draws.
 */
import { type Code, accumulate, store } from '../../code/loop.js';
import { allocate, type EntryPoint, instantiate, printModule } from '../../code/module.js';
import { createRuntime, type Procedure } from '../../code/runtime.js';
import { InternalError } from '../../errors/diagnostic.js';
import {
  add,
  addAll,
  apply,
  cond,
  type Expr,
  type Index,
  index,
  isConst,
  mul,
  num,
  one,
  ref,
  sub,
  variablesOf,
  visit,
  zero,
} from '../../expr/expr.js';
import type { BoundModel } from '../../2-graph/bound.js';
import type { Statement } from '../../2-graph/graph.js';
import type { LatentRegion } from '../../3-derive/model.js';
import { createRandom, Random } from '../../random/generator.js';
import { gridDraw, gridQuantile } from '../../random/quadratureGrid.js';
import { ancestralCode } from '../ancestral.js';
import { jointTerms, prepare, recomputeCode, runFolds } from '../assemble.js';
import { type AssembledGaussianBlock, gaussianBlock } from '../blocks/gaussian.js';
import { findDiscreteBlocks } from '../blocks/discrete.js';
import type { DiscreteBlock, JointBlock } from '../blocks/block.js';
import { FoldedTables } from '../contract.js';
import { overEvent, RegionContext } from '../kernels.js';
import { guarded, loops, ProgramBuilder } from '../programBuilder.js';
import { valueCount } from '../structuralZeros.js';
import { type TabulatedReport, tabulatedReports, type TabulatedVariable } from './finiteReports.js';
import { AloneCode, GaussianCode, inflation, studentScaling, type PartCode, type ResultStorages, type ScaleContext } from './parts.js';
import { type Component, exactPlan, type ExactPlan, ExactRefusal, type GaussianPart, type Lane, type Leaf, type Part } from './plan.js';

export type Memory = Float64Array | Int32Array;

/** The values of a finite variable: low, low + 1, ..., low + count - 1. */
export interface FiniteVariable {
  readonly name: string;
  readonly low: number;
  readonly count: number;
  readonly table: string;
}

/** One component as entry points. */
export interface ComponentProgram {
  readonly component: Component;
  readonly number: number;
  readonly parts: readonly PartCode[];
  readonly blocks: readonly JointBlock[];
  /** Number of lanes: independent steps with configurations of their own. */
  readonly lanes: number;
  /** [lanes]: log evidence of each lane at the current configuration. */
  readonly evidence: string;
  /** [lanes]: how many conditions on finite unknowns alone the current configuration breaks: with one it is impossible. */
  readonly broken: string;
  /** [lanes]: the configuration to install, and how many there are. */
  readonly chosen: string;
  readonly states: string;
  /** [3]: see `Scaling`. */
  readonly scaling: string;
  /** [1] each: whether Normals are solved with twice the digits, and their largest condition number. */
  readonly careful: string;
  readonly condition: string;
  /** [lanes]: the log joint density where a part was probed. */
  readonly probed: string;
  readonly finite: readonly FiniteVariable[];
  /** What was found of joint blocks, in words. */
  readonly structures: readonly string[];
  /** Why finite unknowns that meet finite unknowns only are enumerated; empty where there is nothing to say. */
  readonly apart: string;
  /** True where configurations of the finite unknowns are gone through one by one. */
  readonly enumerated: boolean;
  /** Variables with moments from parts. */
  readonly variables: readonly string[];
  /** Variables all of whose numbers have quantiles, and distribution functions, in closed form. */
  readonly withQuantiles: ReadonlySet<string>;
  readonly withDistribution: ReadonlySet<string>;
  /** Storages to keep for evaluating distribution functions later. */
  readonly storages: readonly string[];
}

/** Most configurations of a component's finite unknowns that are enumerated. */
export const mostConfigurations: number = 1 << 16;

/** Condition numbers from which Normals are solved with twice the digits. */
const worstCondition = 1e7;

/** How a scale that has been integrated out widens what it multiplies. */
export interface Scaling {
  /** Variance with the scale integrated out over variance at its current value; 1 where there is no scale. */
  readonly inflation: number;
  /** Square of the Student t's own scale over that variance; NaN where the marginal is none. */
  readonly ratio: number;
  /** Degrees of freedom; Infinity without a scale. */
  readonly df: number;
}

/** A stream whose normals can be replaced by a unit vector: 1 at one position of the draw, 0 elsewhere. */
class ProbedRandom extends Random {
  private unit: number | null = null;
  private position = 0;

  /** The unit vector with its 1 at `unit` (none for -1); null draws again. @returns normals taken since the last call. */
  replace(unit: number | null): number {
    const taken = this.position;
    this.unit = unit;
    this.position = 0;
    return taken;
  }
  override normal(): number {
    if (this.unit === null) return super.normal();
    return this.position++ === this.unit ? 1 : 0;
  }
}

export class ExactProgram {
  readonly plan: ExactPlan;
  readonly builder: ProgramBuilder;
  readonly source: string;
  readonly components: readonly ComponentProgram[];
  readonly results: ReadonlyMap<string, ResultStorages>;
  /** Reports that are functions of finite unknowns solved by elimination. */
  readonly tabulated: readonly TabulatedReport[];
  readonly memory: ReadonlyMap<string, Memory>;
  readonly random: ProbedRandom;
  /** Numbers of draws in which a procedure met weights or matrices it could not use. */
  readonly faults: ReadonlyMap<number, number>;
  private readonly functions: Readonly<Record<string, EntryPoint>>;

  /** @param mode as for `exactPlan`. @throws ExactRefusal where no way is known. */
  constructor(bound: BoundModel, seed: string, mode: boolean = false) {
    const builder = new ProgramBuilder(bound);
    this.builder = builder;
    prepare(builder);
    const plan = exactPlan(builder.model, mode);
    this.plan = plan;
    const results = new Map<string, ResultStorages>();
    const into = (name: string): ResultStorages => {
      const known = results.get(name);
      if (known !== undefined) return known;
      const { shape } = builder.storage(name);
      const made = {
        mean: builder.fresh('meanOf', shape, 'state'),
        variance: builder.fresh('varianceOf', shape, 'state'),
        quantiles: ['lower', 'median', 'upper'].map((q) => builder.fresh(q, shape, 'state')),
      };
      results.set(name, made);
      return made;
    };
    this.components = plan.components.map((component, k) => componentProgram(builder, component, k, into));
    this.results = results;
    const tabulated = tabulatedReports(
      builder,
      this.components.flatMap((c) =>
        c.finite.flatMap((f): TabulatedVariable[] => {
          const block = c.blocks.find(
            (b): b is DiscreteBlock => b.kind === 'discrete' && b.regions.some((r) => r.variable.name === f.name),
          );
          return block === undefined ? [] : [{ ...f, block }];
        }),
      ),
    );
    this.tabulated = tabulated.reports;
    builder.entry('tabulated', tabulated.code);
    builder.entry('constant', [{ do: 'return', value: addAll(jointTerms(builder, plan.constant).map((t) => t.value)) }]);
    const isComputed = (s: Statement): boolean => s.kind === 'let' && builder.model.statusOf(s.target.variable) !== 'given';
    const fromPrior = (s: Statement): boolean =>
      (s.kind === 'sample' || s.kind === 'observe') && s.target !== null && plan.prior.has(s.target.variable);
    builder.entry('evaluate', ancestralCode(builder, { generate: 'latents', wanted: isComputed }));
    builder.entry(
      'report',
      ancestralCode(builder, { generate: 'latents', wanted: (s) => isComputed(s) || fromPrior(s) || s.kind === 'predict' }),
    );
    const printed = printModule(builder.module());
    const folds = runFolds(builder);
    const initial = new Map<string, Memory>();
    for (const s of printed.storages) {
      const v = folds.get(s.name) ?? builder.initialValues(s.name);
      if (v !== undefined) initial.set(s.name, s.place === 'data' ? v : v.slice());
    }
    const arrays = allocate(printed.storages, initial);
    this.random = new ProbedRandom(createRandom(seed, 'exact').state);
    const procedures = new Map<string, Procedure>([
      ['gridDraw', gridDraw],
      ['gridQuantile', gridQuantile],
    ]);
    const runtime = createRuntime(
      this.random,
      bound.graph.hostFunctions.map((h) => h.call),
      procedures,
    );
    this.faults = runtime.faults;
    this.functions = instantiate(printed.source, arrays, runtime);
    this.memory = new Map(printed.storages.map((s, k) => [s.name, arrays[k]!]));
    this.source = printed.source;
  }

  private call(name: string): number | undefined {
    return this.functions[name]!();
  }
  /** The log joint density of what does not depend on any unknown. */
  constant(): number {
    return this.call('constant') ?? 0;
  }
  /** Counts the configurations of each lane. */
  count(c: ComponentProgram): void {
    if (c.enumerated) this.call(`count${c.number}`);
  }
  /** Installs the chosen configurations. */
  configure(c: ComponentProgram): void {
    if (c.enumerated) this.call(`configure${c.number}`);
  }
  /**
   * Everything at the current configuration; the evidence is in its storage. From the first configuration on whose Normals are so
   * ill-conditioned that plain doubles would lose half their digits, they are solved with twice as many.
   */
  prepare(c: ComponentProgram): void {
    this.call(`prepare${c.number}`);
    const careful = this.read(c.careful);
    if (careful[0] !== 0) return;
    this.call(`condition${c.number}`);
    if (this.read(c.condition)[0]! < worstCondition) return;
    careful[0] = 1;
    this.call(`prepare${c.number}`);
  }
  /**
   * The form x'Px of the direction of a part's smallest pivot, from the factors as the program has them instead of from the precision they
   * were summed to: 1 where that pivot is right, 0 where it is what rounding left of nothing. Null where twice the digits are not in use.
   */
  formOfWorst(c: ComponentProgram, part: number): { readonly form: number; readonly row: number; readonly ratio: number } | null {
    const own = c.parts[part];
    if (
      !(own instanceof GaussianCode) ||
      own.block.careful === null ||
      this.read(c.careful)[0] === 0 ||
      this.read(own.block.status)[1]! > 0
    )
      return null;
    const at = (step: number): number => {
      this.functions[`probe${c.number}of${part}`]!(step);
      let sum = 0;
      for (const x of this.read(c.probed)) sum += x;
      return sum;
    };
    const above = at(1),
      below = at(-1),
      middle = at(0);
    const [row, ratio] = this.read(own.block.careful.worst);
    return { form: middle - above + (middle - below), row: row!, ratio: ratio! };
  }
  /** Marks a part's precision as singular at a row. */
  refusePivot(c: ComponentProgram, part: number, row: number): void {
    const own = c.parts[part];
    if (!(own instanceof GaussianCode)) throw new InternalError('no pivots');
    this.read(own.block.status)[1] = row + 1;
    this.read(own.proper[0]!.storage)[0] = -1;
  }
  moments(c: ComponentProgram): void {
    this.call(`moments${c.number}`);
  }
  quantiles(c: ComponentProgram): void {
    this.call(`quantiles${c.number}`);
  }
  distribution(c: ComponentProgram): void {
    this.call(`distribution${c.number}`);
  }
  draw(c: ComponentProgram): void {
    this.call(`draw${c.number}`);
  }
  mode(c: ComponentProgram): void {
    this.call(`mode${c.number}`);
  }
  /** The log joint of a component's factors at the state, for components solved by elimination. */
  logJoint(c: ComponentProgram): number {
    return this.call(`joint${c.number}`) ?? NaN;
  }
  /**
   * Draws a component's Normals at the current scales with a unit vector in place of normals.
   * @param unit position of the 1; -1 puts everything at its mean.
   * @returns how many normals that takes.
   */
  normals(c: ComponentProgram, unit: number): number {
    this.random.replace(unit);
    this.call(`normals${c.number}`);
    return this.random.replace(null);
  }
  scaling(c: ComponentProgram): Scaling {
    this.call(`scaling${c.number}`);
    const [inflation, ratio, df] = this.read(c.scaling);
    return { inflation: inflation!, ratio: ratio!, df: df! };
  }
  /** Fills the storages of `tabulated` from the moments of the blocks. */
  tabulate(): void {
    this.call('tabulated');
  }
  /** Reports at the current state. */
  evaluate(): void {
    this.call('evaluate');
  }
  /** Reports, predictions and what is drawn from its prior, at the current state. */
  report(): void {
    this.call('report');
  }
  read(name: string): Memory {
    const values = this.memory.get(name);
    if (values === undefined) throw new InternalError(`no memory for ${name}`);
    return values;
  }
}

function componentProgram(
  builder: ProgramBuilder,
  component: Component,
  k: number,
  into: (name: string) => ResultStorages,
): ComponentProgram {
  const regions = component.regions.map((r) => r.region);
  const blocks = component.kind === 'discrete' ? discreteOf(builder, component) : '';
  if (typeof blocks !== 'string') return discreteProgram(builder, component, blocks, k);
  const finiteRegions = component.kind === 'mixture' ? component.finite : component.kind === 'discrete' ? component.regions : [];
  const leaf: Leaf = component.kind === 'discrete' ? { free: [], scaled: null } : component.leaf;
  const lane = component.kind === 'mixture' ? usableLane(builder, component.lane, regions) : null;
  const lanes = lane === null ? 1 : lane.count;
  const cell = (region: LatentRegion): readonly Expr[] => (lane === null ? [zero] : [lane.lane.region.get(region)!]);
  const evidence = builder.fresh('evidence', [lanes], 'state'),
    broken = builder.fresh('broken', [lanes], 'state');
  const chosen = builder.fresh('chosen', [lanes], 'state'),
    states = builder.fresh('states', [lanes], 'state'),
    rest = builder.fresh('rest', [lanes], 'state');

  // Configurations: a number in mixed radix, the first element its lowest digit.
  const contexts = finiteRegions.map((p) => ({ context: new RegionContext(builder, p.collected, new FoldedTables()), form: p.recognised }));
  const digits = (body: (context: RegionContext, low: Expr, count: Expr, at: readonly Expr[]) => readonly Code[]): readonly Code[] =>
    contexts.flatMap(({ context, form }) => {
      if (form.kind !== 'finite') throw new InternalError(`${context.name} is not finite`);
      return loops(
        context.plates,
        context.guards,
        body(context, builder.bind(form.low), builder.bind(valueCount(form.low, form.high)), cell(context.region)),
      );
    });
  if (finiteRegions.length > 0) {
    const copy = index('l');
    builder.entry(`count${k}`, [
      { do: 'fill', storage: states, value: one },
      ...digits((_, __, count, at) => [store(states, at, mul(ref(states, at), count))]),
    ]);
    builder.entry(`configure${k}`, [
      { do: 'for', index: copy, from: zero, to: num(lanes), body: [store(rest, [copy], ref(chosen, [copy]))] },
      ...digits((context, low, count, at) => {
        const quotient = apply('floor', apply('div', ref(rest, at), count));
        return [store(context.name, context.at, add(low, sub(ref(rest, at), mul(count, quotient)))), store(rest, at, quotient)];
      }),
      ...finiteNames(finiteRegions).flatMap((name) => recomputeCode(builder, name)),
    ]);
  }

  const careful = builder.fresh('careful', [1], 'state'),
    condition = builder.fresh('condition', [1], 'state'),
    probed = builder.fresh('probed', [lanes], 'state');
  const { parts, before, scales } = leafCode(builder, leaf, careful);
  const laneOfFactor = (f: { readonly id: number }): Index | null =>
    lane === null ? null : ([...lane.lane.factor].find(([g]) => g.id === f.id)?.[1] ?? null);
  builder.entry(`prepare${k}`, [
    ...before,
    ...parts.flatMap((p) => p.proper.flatMap((x) => x.code)),
    { do: 'fill', storage: evidence, value: zero },
    ...evidenceCode(builder, component, evidence, laneOfFactor),
    ...parts.flatMap((p) => p.density(evidence, cell)),
    { do: 'fill', storage: broken, value: zero },
    ...brokenCode(builder, component, new Set(finiteNames(finiteRegions)), broken, laneOfFactor),
  ]);
  const own = builder.fresh('own', [], 'local');
  builder.entry(`condition${k}`, [
    store(condition, [zero], one),
    ...parts.flatMap((p): readonly Code[] =>
      p instanceof GaussianCode && p.block.careful !== null
        ? [
            p.block.careful.condition({ storage: own, at: [] }),
            store(condition, [zero], apply('max', ref(condition, [zero]), ref(own, []))),
          ]
        : [],
    ),
  ]);
  parts.forEach((p, n) => {
    if (!(p instanceof GaussianCode) || p.block.careful === null) return;
    const step = builder.fresh('step', [], 'local');
    builder.entry(
      `probe${k}of${n}`,
      [
        ...p.block.careful.probe(ref(step, [])),
        { do: 'fill', storage: probed, value: zero },
        ...evidenceCode(builder, component, probed, laneOfFactor),
      ],
      [step],
    );
  });
  builder.entry(
    `moments${k}`,
    parts.flatMap((p) => p.moments(into)),
  );
  const quantiles = parts.map((p) => p.quantiles(into)),
    distributions = parts.map((p) =>
      p.distribution(
        (v) => into(v).mean,
        (v) => into(v).quantiles[0]!,
      ),
    );
  const variables = [...new Set(parts.flatMap((p) => p.regions.map((r) => r.variable.name)))];
  const complete = (codes: readonly (readonly Code[] | null)[]): ReadonlySet<string> =>
    new Set(variables.filter((v) => parts.every((p, n) => codes[n] !== null || !p.regions.some((r) => r.variable.name === v))));
  const withQuantiles = complete(quantiles);
  builder.entry(
    `quantiles${k}`,
    quantiles.flatMap((q) => q ?? []),
  );
  builder.entry(
    `distribution${k}`,
    distributions.flatMap((d) => d ?? []),
  );
  builder.entry(`draw${k}`, drawCode(leaf, parts));
  builder.entry(
    `normals${k}`,
    parts.flatMap((p) => (p.gaussian ? p.draw : [])),
  );
  const scaling = builder.fresh('scaling', [3], 'state');
  builder.entry(
    `scaling${k}`,
    scalingCode(scales).map((e, n) => store(scaling, [num(n)], builder.bind(e))),
  );
  return {
    component,
    number: k,
    parts,
    blocks: [],
    lanes,
    evidence,
    broken,
    chosen,
    states,
    scaling,
    careful,
    condition,
    probed,
    enumerated: finiteRegions.length > 0,
    apart: blocks,
    variables,
    structures: parts.flatMap((p) => (p instanceof GaussianCode ? [p.words] : [])),
    withQuantiles,
    withDistribution: new Set([...complete(distributions)].filter((v) => withQuantiles.has(v))),
    finite: finiteNames(finiteRegions).map((name) => finiteVariable(builder, name)),
    storages: [...parts.flatMap((p) => p.storages), ...(leaf.scaled?.scales ?? []).map((s) => s.plan.region.variable.name)],
  };
}
function finiteNames(regions: readonly { readonly region: LatentRegion }[]): readonly string[] {
  return [...new Set(regions.map((r) => r.region.variable.name))];
}

function finiteVariable(builder: ProgramBuilder, name: string): FiniteVariable {
  const range = builder.model.finiteRange(name);
  if (range === null) throw new InternalError(`${name} is not finite`);
  const low = builder.interval(builder.bind(range.low)),
    high = builder.interval(builder.bind(range.high));
  if (low === null || high === null) throw new InternalError(`the values of ${name} are not known`);
  const count = high.high - low.low + 1;
  return { name, low: low.low, count, table: builder.fresh('probabilities', [...builder.storage(name).shape, count], 'state') };
}

/** The lane where its number of steps is known when data is bound. */
function usableLane(
  builder: ProgramBuilder,
  lane: Lane | null,
  regions: readonly LatentRegion[],
): { readonly lane: Lane; readonly count: number } | null {
  const plate = regions[0]?.plates[0];
  if (lane === null || plate === undefined) return null;
  const to = builder.bind(plate.to);
  return isConst(to) && isConst(builder.bind(plate.from), 0) && to.value > 0 ? { lane, count: to.value } : null;
}

/**
 * Counts broken conditions that the finite unknowns decide, and factors of theirs alone that are zero: where 10 of n were seen, no n below 10
 * is possible, and what the parameters of the rest come to there means nothing.
 */
function brokenCode(
  builder: ProgramBuilder,
  component: Component,
  finite: ReadonlySet<string>,
  broken: string,
  laneOf: (factor: { readonly id: number }) => Index | null,
): readonly Code[] {
  const isDecided = (e: Expr): boolean => [...variablesOf(e)].every((v) => finite.has(v) || builder.storage(v).place === 'data');
  return component.factors.flatMap((factor) => {
    const conditions = factor.conditions.map((c) => builder.bind(c)).filter(isDecided);
    const density = builder.bind(factor.logDensity);
    if (isDecided(density) && hasLogarithm(density)) conditions.push(apply('gt', density, num(-Infinity)));
    if (conditions.length === 0) return [];
    const guards = factor.guards.map((g) => builder.bind(g)),
      binders = factor.plates.map((p) => builder.bindBinder({ index: p.index, from: p.from, to: p.to })),
      held = conditions.reduceRight<Expr>((inner, c) => cond(c, inner, one), zero);
    return loops(binders, guards, [accumulate(broken, [laneOf(factor) ?? zero], held)]);
  });
}

/** True where the logarithm of a density may be minus infinity by what is written there. */
function hasLogarithm(logDensity: Expr): boolean {
  let found = false;
  visit(logDensity, (x) => {
    if (isConst(x, -Infinity) || (x.op === 'apply' && ['log', 'log1p', 'xlogy', 'xlog1my'].includes(x.fn))) found = true;
  });
  return found;
}

/** The log joint density of a component's factors, added up by lane. */
function evidenceCode(
  builder: ProgramBuilder,
  component: Component,
  evidence: string,
  laneOf: (factor: { readonly id: number }) => Index | null,
): readonly Code[] {
  return component.factors.flatMap((factor) => {
    let value = builder.bind(factor.logDensity);
    for (const c of [...factor.conditions].reverse()) value = cond(builder.bind(c), value, num(-Infinity));
    value = guarded(
      factor.guards.map((g) => builder.bind(g)),
      value,
    );
    const binders = factor.plates.map((p) => builder.bindBinder({ index: p.index, from: p.from, to: p.to }));
    const lane = laneOf(factor);
    return loops(binders, [], [accumulate(evidence, [lane ?? zero], value)]);
  });
}

/** Parts in the order of their computation, with the code that computes them and leaves a typical value in the state. */
function leafCode(
  builder: ProgramBuilder,
  leaf: Leaf,
  careful: string,
): { readonly parts: readonly PartCode[]; readonly before: readonly Code[]; readonly scales: readonly ScaleContext[] } {
  const folded = new FoldedTables();
  const make = (part: Part, scales: readonly ScaleContext[] = []): readonly PartCode[] => {
    if (part.kind === 'alone') return [new AloneCode(builder, part, folded, scales)];
    return gaussianOf(builder, part, folded, careful).map((b) => new GaussianCode(builder, b, scales));
  };
  const free = leaf.free.flatMap((p) => make(p));
  const settle = (parts: readonly PartCode[]): readonly Code[] => parts.flatMap((p) => [...p.prepare, ...p.point]);
  if (leaf.scaled === null) return { parts: free, before: settle(free), scales: [] };
  const { roles } = leaf.scaled;
  const scales = leaf.scaled.scales.map((p) => new AloneCode(builder, p, folded, []));
  const members = [...roles].flatMap(([member, scale]): ScaleContext[] =>
    scales.filter((s) => s.context.name === scale.variable).map((s) => ({ member, scale, context: s.context, law: s.law })),
  );
  const normals = leaf.scaled.normals.flatMap((p) => make(p, members));
  // The mean of the Normals is the same at every scale: at one to begin with, then at the scale's typical value.
  const neutral = scales.flatMap((s) =>
    loops(
      s.context.plates,
      s.context.guards,
      overEvent(s.context, (event) => [
        store(s.context.name, [...s.context.at, ...event], event.length === 2 ? cond(apply('eq', event[0]!, event[1]!), one, zero) : one),
      ]),
    ),
  );
  return {
    scales: members,
    parts: [...free, ...scales, ...normals],
    before: [...settle(free), ...neutral, ...settle(normals), ...settle(scales), ...normals.flatMap((n) => n.prepare)],
  };
}

/** `Scaling` of Normals under one scale for all; NaN where there are several. */
function scalingCode(scales: readonly ScaleContext[]): readonly Expr[] {
  const [first, ...others] = scales;
  if (first === undefined) return [one, one, num(Infinity)];
  const single = first.scale.address.length === 0 && others.every((s) => s.context === first.context && s.scale.address.length === 0);
  return single ? [inflation(first, [], [zero]), ...studentScaling(first)] : [num(NaN), num(NaN), one];
}

/** Joint blocks of Normals that meet. @throws ExactRefusal where there is no code for one of them. */
function gaussianOf(builder: ProgramBuilder, part: GaussianPart, folded: FoldedTables, careful: string): readonly AssembledGaussianBlock[] {
  return part.structures.map((structure) => {
    const block = gaussianBlock(builder, structure, folded, { careful });
    if (!('refused' in block)) return block;
    const { region } = part.plans.find((p) => structure.variables.includes(p.region.variable.name))!;
    throw new ExactRefusal([{ component: part.plans, region, reason: block.refused, factor: null }]);
  });
}

/** Draws of all parts: scales first, then the Normals they multiply. */
function drawCode(leaf: Leaf, parts: readonly PartCode[]): readonly Code[] {
  const normals = new Set(
    (leaf.scaled?.normals ?? []).flatMap((p) =>
      p.kind === 'alone' ? [p.plan.region.variable.name] : p.plans.map((x) => x.region.variable.name),
    ),
  );
  const isNormal = (p: PartCode): boolean => p.regions.some((r) => normals.has(r.variable.name));
  return [...parts.filter((p) => !isNormal(p)).flatMap((p) => p.draw), ...parts.filter(isNormal).flatMap((p) => [...p.prepare, ...p.draw])];
}

/** Finite unknowns as blocks for elimination, or why they have to be enumerated. */
function discreteOf(builder: ProgramBuilder, component: Component): readonly DiscreteBlock[] | string {
  const { blocks, refused } = findDiscreteBlocks(builder, component.derivation, component.regions);
  const first = refused[0];
  return first === undefined ? blocks : `elimination does not apply: ${first.variable}: ${first.reason}`;
}

/** Finite unknowns by elimination. */
function discreteProgram(builder: ProgramBuilder, component: Component, blocks: readonly DiscreteBlock[], k: number): ComponentProgram {
  const evidence = builder.fresh('evidence', [1], 'state'),
    chosen = builder.fresh('chosen', [1], 'state'),
    states = builder.fresh('states', [1], 'state');
  const finite = finiteNames(component.regions).map((name) => finiteVariable(builder, name));
  builder.entry(`prepare${k}`, [...blocks.flatMap((b) => b.prepare), store(evidence, [zero], addAll(blocks.map((b) => b.logNormaliser)))]);
  const tables = component.regions.flatMap(({ region }): readonly Code[] => {
    const f = finite.find((x) => x.name === region.variable.name)!;
    const block = blocks.find((b) => b.regions.some((r) => r.statement.id === region.statement.id && r.variable.name === f.name))!;
    const value = index('k');
    const probability = block.probability([{ element: { op: 'ref', variable: f.name, at: region.at.map((e) => builder.bind(e)) }, value }]);
    if (probability === null) throw new InternalError(`${f.name} has no probabilities`);
    const plates = region.plates.map((p) => builder.bindBinder({ index: p.index, from: p.from, to: p.to }));
    return loops(
      plates,
      region.guards.map((g) => builder.bind(g)),
      [
        {
          do: 'for',
          index: value,
          from: zero,
          to: num(f.count),
          body: [store(f.table, [...region.at.map((e) => builder.bind(e)), value], probability)],
        },
      ],
    );
  });
  builder.entry(`moments${k}`, [...blocks.flatMap((b) => b.moments), ...tables]);
  builder.entry(
    `draw${k}`,
    blocks.flatMap((b) => b.draw),
  );
  builder.entry(`normals${k}`, []);
  builder.entry(`scaling${k}`, []);
  builder.entry(`condition${k}`, []);
  builder.entry(
    `mode${k}`,
    blocks.flatMap((b) => b.mode),
  );
  builder.entry(`joint${k}`, [{ do: 'return', value: addAll(jointTerms(builder, component.factors).map((t) => t.value)) }]);
  return {
    component,
    number: k,
    parts: [],
    blocks,
    lanes: 1,
    evidence,
    broken: builder.fresh('broken', [1], 'state'),
    chosen,
    states,
    scaling: builder.fresh('scaling', [3], 'state'),
    careful: builder.fresh('careful', [1], 'state'),
    condition: builder.fresh('condition', [1], 'state'),
    probed: builder.fresh('probed', [1], 'state'),
    finite,
    enumerated: false,
    apart: '',
    structures: blocks.map((b) => b.structure),
    variables: [],
    withQuantiles: new Set(),
    withDistribution: new Set(),
    storages: [],
  };
}
