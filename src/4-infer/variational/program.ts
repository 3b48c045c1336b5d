/**
 * Factors and points as a program with memory: one entry point for each block's update, the bound, and
 * refreshes of the sums they share, called when an expectation in them has changed.
 */
import { type Code, store } from '../../code/loop.js';
import type { EntryPoint } from '../../code/module.js';
import type { Procedure } from '../../code/runtime.js';
import { addAll, ref } from '../../expr/expr.js';
import type { BoundModel } from '../../2-graph/bound.js';
import type { Statement } from '../../2-graph/graph.js';
import { readsOf } from '../../2-graph/query.js';
import { factorForms } from '../../3-derive/conditional.js';
import { jointFactors } from '../../3-derive/joint.js';
import {
  expectedValue,
  type MeanField,
  meanField,
  type MeanFieldOptions,
  MeanFieldRefusal,
  type NeededExpectation,
} from '../../3-derive/meanField.js';
import type { DerivedModel } from '../../3-derive/model.js';
import { createRandom, type Random } from '../../random/generator.js';
import { gridDraw, gridHolds, gridQuantile } from '../../random/quadratureGrid.js';
import { loadModule } from '../loadedModule.js';
import { ancestralCode } from '../ancestral.js';
import { isComputed, needsStart, prepare, recomputeCode, runFolds } from '../assemble.js';
import { FoldedTables, StatisticTables } from '../contract.js';
import { guarded, loops, ProgramBuilder } from '../programBuilder.js';
import { areApart, idleGaps, withoutGaps } from '../idleGaps.js';
import { coordinatesAtEdges } from './edges.js';
import { JointBlocks } from './joint.js';
import { lbfgs } from '../../numeric/lbfgs.js';
import { bijectionProcedures, boundedKinds, coordinateKinds } from '../coordinates.js';
import type { KeptOnGrids } from '../gridLosses.js';
import { elementName } from '../posterior.js';
import { type GradientSteps, gradientSteps } from './gradientSteps.js';
import { hasMode } from './points.js';
import { SharedSums } from './statistics.js';
import { quantileLevels } from '../marginals.js';
import { blockCodes, energyCode } from './factors/blocks.js';
import { withExactZeros } from '../exactZeros.js';
import { dampingStorage, isPoint, plainPoints, type BlockCode, type PointOptions } from './factors/factor.js';
import { givenOneHots } from './factors/finite.js';
import { startTables } from './factors/stateStatistic.js';
import { declareTables } from './factors/tables.js';

export type Memory = Float64Array | Int32Array;

/** Storages with the moments and quantiles of a variable, written on demand. */
export interface Described {
  readonly mean: string;
  readonly variance: string;
  readonly quantiles: readonly string[] | null;
}

/** What is copied to come back to a state. */
export type Saved = ReadonlyMap<string, Memory>;

/** How latents that meet are described. */
export type LatentLaws = 'factors' | 'joint' | 'assigned' | { readonly groups: readonly (readonly string[])[] };

/** True for tables of expectations and parameters of factors. */
function isTable(name: string): boolean {
  return name.startsWith('E|') || name.startsWith('Q|');
}

export class VariationalProgram {
  readonly source: string;
  readonly field: MeanField;
  readonly builder: ProgramBuilder;
  readonly blocks: readonly BlockCode[];
  /** Data with gaps that are integrated out: their law is none of the blocks, and is drawn with the reports. */
  readonly integrated: ReadonlySet<string>;
  readonly memory: ReadonlyMap<string, Memory>;
  readonly described: ReadonlyMap<string, Described>;
  /** Storages with the expectations of reports, written by `describe`, where they have a closed form. */
  readonly expectedReports: ReadonlyMap<string, string>;
  /** The stream of starts and draws. */
  readonly random: Random;
  /** Sizes that points of either sign have by the scales of the start; 1 where none is known. */
  readonly sizes: Map<string, number> = new Map<string, number>();
  private readonly functions: Readonly<Record<string, EntryPoint>>;
  private readonly refreshes: readonly { readonly entry: string; readonly reads: ReadonlySet<string> }[];
  private readonly steps: GradientSteps | null;
  private readonly stale = new Set<string>();
  /** Storages of joint blocks that an update writes. */
  private readonly jointState: readonly string[];
  /** Refreshes that an entry point needs, and tables that it changes, by entry point. */
  private readonly needs = new Map<string, readonly string[]>();
  private readonly changes: readonly ReadonlySet<string>[];

  /**
   * @param initialised latents that start where the model's memory has them instead of in a draw from the prior.
   * @param points which unknowns are points, and how they move; without it the `param`s.
   * @param latents those that meet: factors of their own, joint blocks, joint blocks of which finite ones stand at one assignment, or one
   * factor for each of the named sets.
   * @throws ModelError for sets that have no joint law.
   * @throws MeanFieldRefusal where the fully factorised family has no closed updates.
   */
  constructor(
    bound: BoundModel,
    seed: string,
    initialised: ReadonlyMap<string, Memory> = new Map(),
    points: PointOptions = plainPoints,
    latents: LatentLaws = 'factors',
    stream: string = 'cavi',
  ) {
    const builder = new ProgramBuilder(bound);
    this.builder = builder;
    prepare(builder);
    const { model } = builder;
    for (const [name, values] of initialised) builder.setInitial(name, values);
    const params = [...bound.graph.variables.values()].filter((v) => v.origin === 'param').map((v) => v.name);
    const estimated = new Set([...params, ...points.maximised]),
      computed = computedFrom(estimated, model);
    // What a recursion makes of points alone is as certain as they are, and moves with them.
    const held = new Set([...estimated, ...computed]);
    const folded = new FoldedTables(),
      all = jointFactors(model);
    // With a law of its own, beside its parents' and not joint with them, it would tell them of itself.
    const together = typeof latents === 'string' ? [] : latents.groups.flat(),
      idle = latents === 'joint' || latents === 'assigned' ? new Set<string>() : idleGaps(model, all, areApart(builder), together),
      factors = withoutGaps(all, idle);
    const storages = new Set(builder.storages().map((s) => s.name));
    const joint =
      latents === 'factors'
        ? null
        : typeof latents === 'string'
          ? JointBlocks.posterior(builder, held, folded, latents === 'assigned')
          : JointBlocks.factors(builder, latents.groups, held, folded);
    const forms = factorForms(factors, model);
    const first = meanField(forms, model, { points: held, joint, without: idle }, joint?.read);
    const moving = points.gradient ? new Set([...movingNames(first, estimated), ...computed]) : new Set<string>();
    let field = moving.size === 0 ? first : meanField(forms, model, { points: held, joint, without: idle, moving }, joint?.read);
    const needed = new Map(field.needed.map((n) => [n.name, n]));
    const options = { points: held, joint, moving };
    const reports = latents !== 'joint' && latents !== 'assigned' ? [] : expectedReports(builder, options, needed);
    field = { ...field, needed: [...needed.values()] };
    this.field = field;
    if (points.damping > 0) builder.addStorage({ name: dampingStorage, type: 'float64', shape: [], place: 'state' });
    declareTables(builder, field);
    const own = blockCodes(builder, field, folded, points);
    const blocks = joint === null ? own : joint.replace(builder, own, field, factors, folded);
    this.blocks = blocks;
    this.jointState =
      joint === null
        ? []
        : builder.storages().flatMap((s) => (s.place === 'state' && !storages.has(s.name) && !isTable(s.name) ? [s.name] : []));
    givenOneHots(builder, blocks);
    const start = ancestralCode(builder, {
      generate: 'latents',
      wanted: (s) => needsStart(builder, s, initialised) || isComputed(builder, s),
    });
    builder.entry('initialise', [...start, ...startTables(builder, field, blocks, folded)]);
    const shared = new SharedSums(builder);
    const tables = [
      ...new Set(
        builder
          .storages()
          .map((s) => s.name)
          .filter((n) => n.startsWith('E|')),
      ),
    ];
    this.changes = blocks.map((b) => {
      const v = b.block.region.variable.name;
      return new Set(tables.filter((t) => t.startsWith(`E|${v}|`) || t.startsWith(`E|${v}=|`)));
    });
    const entry = (name: string, code: readonly Code[], written: ReadonlySet<string>): void => {
      const done = shared.share(code, written);
      builder.entry(name, done.code);
      this.needs.set(name, done.needs);
    };
    blocks.forEach((b, k) => {
      entry(`update${k}`, b.update, this.changes[k]!);
      builder.entry(`expectations${k}`, b.expectations);
      builder.entry(`common${k}`, b.common);
      if (b.loose !== undefined) builder.entry(`loose${k}`, b.loose.code);
      if (b.settle !== undefined) entry(`settle${k}`, b.settle, new Set());
      if (b.alone !== undefined) entry(`alone${k}`, b.alone, this.changes[k]!);
      if (b.mode !== undefined) builder.entry(`mode${k}`, b.mode);
      if (b.assigned !== undefined) builder.entry(`assigned${k}`, b.assigned);
    });
    const value = builder.fresh('bound', [], 'state');
    const energy = energyCode(builder, field.energy, folded, value),
      read: Code = { do: 'return', value: ref(value, []) };
    entry('bound', [...energy, ...blocks.flatMap((b) => b.entropy(value)), read], new Set());
    entry('energy', [...energy, read], new Set());
    const priors = new Set(blocks.flatMap((b) => (isPoint(b) ? [b.block.region.statement.id] : [])));
    entry(
      'logPrior',
      [
        ...energyCode(
          builder,
          field.energy.filter((t) => priors.has(t.factor)),
          folded,
          value,
        ),
        read,
      ],
      new Set(),
    );
    const moved = blocks.filter((b) => b.factor.kind === 'moving').map((b) => b.block.region);
    this.steps = moved.length === 0 ? null : gradientSteps(builder, moved, field, factors, folded);
    builder.entry('recompute', recomputeCode(builder, null));
    this.refreshes = shared.declare();
    this.described = describe(builder, blocks);
    this.expectedReports = new Map(reports.map((r) => [r.name, r.storage]));
    builder.entry(
      'expectReports',
      reports.flatMap((r) => r.code(folded)),
    );
    const drawn = drawnVariables(builder);
    builder.entry(
      'draw',
      blocks
        .filter(
          (b) =>
            (b.joint?.members ?? []).some((k) => drawn.has(blocks[k]!.block.region.variable.name)) ||
            drawn.has(b.block.region.variable.name),
        )
        .flatMap((b) => b.draw),
    );
    builder.entry(
      'report',
      ancestralCode(builder, {
        generate: 'latents',
        wanted: (s) => isComputed(builder, s) || s.kind === 'predict' || (s.kind === 'observe' && idle.has(s.target?.variable ?? '')),
      }),
    );
    this.integrated = idle;
    this.random = createRandom(seed, stream);
    const procedures = new Map<string, Procedure>([
      ['gridDraw', gridDraw],
      ['gridQuantile', gridQuantile],
      ['gridHolds', gridHolds],
      ...bijectionProcedures,
    ]);
    const { source, functions, memory } = loadModule(builder, this.random, { filled: runFolds(builder), procedures });
    this.source = source;
    this.functions = functions;
    this.memory = memory;
  }

  /** A start: latents drawn from their priors, every factor a point mass there. */
  initialise(): void {
    this.call('initialise');
    this.memory.get(dampingStorage)?.fill(0);
    this.touched();
  }
  /** One coordinate step; all members of a joint block move with the first. */
  update(block: number): void {
    const { joint } = this.blocks[block]!;
    for (const k of joint?.members ?? [block]) {
      this.refresh(`update${k}`);
      this.call(`update${k}`);
      this.changed(k);
    }
    if (this.blocks[block]!.settle === undefined) return;
    this.refresh(`settle${block}`);
    this.call(`settle${block}`);
  }
  /** One coordinate step of a block as a factor of its own, whatever block it belongs to. */
  updateAlone(block: number): void {
    if (this.blocks[block]!.alone === undefined) {
      this.update(block);
      return;
    }
    this.refresh(`alone${block}`);
    this.call(`alone${block}`);
    this.changed(block);
  }
  /** Raises the expected log joint in the points that move along the gradient, by steps of a quasi-Newton search. */
  moveAlongGradient(iterations: number): void {
    if (this.steps === null) return;
    const position = this.memory.get(this.steps.position) as Float64Array,
      gradient = this.memory.get(this.steps.gradient)!;
    this.call('layout');
    this.call('unconstrain');
    const { owner, variables } = this.steps,
      dimension = this.memory.get(this.steps.dimension)![0]!;
    // Coordinates without bounds are as large as what they stand for; the others are logarithms.
    const sizes = Array.from(
      { length: dimension },
      (_, k) =>
        (coordinateKinds[this.memory.get(owner.kind)![k]!] === 'real' &&
          this.sizes.get(variables[this.memory.get(owner.variable)![k]!]!)) ||
        1,
    );
    const found = lbfgs(
      (x, out) => {
        for (let k = 0; k < dimension; k++) position[k] = x[k]! * sizes[k]!;
        const value = this.functions['expectedGradient']!()!;
        for (let k = 0; k < dimension; k++) out[k] = -gradient[k]! * sizes[k]!;
        return -value;
      },
      Float64Array.from(sizes, (size, k) => position[k]! / size),
      { iterations, tolerance: 1e-14 },
    );
    for (let k = 0; k < dimension; k++) position[k] = found.x[k]! * sizes[k]!;
    this.call('constrain');
  }
  /** Whether the expected log joint has a slope where the points are that move along its gradient: without one nothing has moved them. */
  hasSlope(): boolean {
    if (this.steps === null) return true;
    this.call('layout');
    this.call('unconstrain');
    const value = this.functions['expectedGradient']!()!,
      gradient = this.memory.get(this.steps.gradient)!,
      dimension = this.memory.get(this.steps.dimension)![0]!;
    return Number.isFinite(value) && gradient.subarray(0, dimension).every((slope) => Number.isFinite(slope));
  }
  /** Elements of points that nothing holds: no datum speaks of them, or not in every direction. */
  looseElements(): readonly string[] {
    return this.blocks.flatMap((b, k) => {
      if (b.loose === undefined) return [];
      this.call(`loose${k}`);
      const { name } = b.block.region.variable,
        marks = this.memory.get(b.loose.storage) ?? new Float64Array(0),
        { shape } = this.builder.storage(b.loose.storage);
      return Array.from(marks.keys())
        .filter((e) => marks[e] === 1)
        .map((e) => elementName(name, shape, e));
    });
  }
  /** Factors that are kept on grids, with what these miss. */
  grids(): readonly KeptOnGrids[] {
    return this.blocks.flatMap(({ block, losses }) =>
      losses === undefined
        ? []
        : [
            {
              variable: block.region.variable.name,
              shape: this.builder.storage(losses).shape.slice(0, -1),
              losses: this.memory.get(losses) ?? new Float64Array(0),
            },
          ],
    );
  }
  /** Points that have run to the edge of their range: far out, where the expected log joint has neither slope nor curvature in them. */
  atEdges(): readonly string[] {
    if (this.steps === null) return [];
    const { owner, variables } = this.steps;
    const position = this.memory.get(this.steps.position) as Float64Array,
      gradient = this.memory.get(this.steps.gradient)!;
    this.call('layout');
    this.call('unconstrain');
    const here = position.slice(),
      dimension = this.memory.get(this.steps.dimension)![0]!;
    const slopes = (x: Float64Array): Float64Array => {
      position.set(x);
      this.functions['expectedGradient']!();
      return Float64Array.from(gradient.subarray(0, dimension));
    };
    const isBounded = Array.from({ length: dimension }, (_, k) => boundedKinds.has(coordinateKinds[this.memory.get(owner.kind)![k]!]!));
    const out = coordinatesAtEdges(here.slice(0, dimension), slopes, isBounded).map((k) => {
      const [variable, element] = [owner.variable, owner.element].map((s) => this.memory.get(s)![k]!) as [number, number];
      return elementName(variables[variable]!, this.builder.storage(variables[variable]!).shape, element);
    });
    position.set(here);
    this.call('constrain');
    return [...new Set(out)];
  }
  /** The most probable assignment of a joint block, written to the state. */
  assign(block: number): void {
    this.call(`mode${block}`);
  }
  /** The state of a finite member of a joint block as its expectations. */
  assigned(block: number): void {
    this.call(`assigned${block}`);
    this.changed(block);
  }
  /** The expectations of a block whose parameters were set from outside. */
  expectations(block: number): void {
    this.call('recompute');
    this.call(`expectations${block}`);
    this.changed(block);
  }
  /** Updates a finite block and makes its scores comparable: the expected log density of each element's terms. */
  score(block: number): void {
    this.updateAlone(block);
    this.call(`common${block}`);
  }
  sweep(): void {
    for (let k = 0; k < this.blocks.length; k++) this.update(k);
  }
  /** The evidence lower bound of the factors as they are; meaningful once every block has been updated. */
  bound(): number {
    this.refresh('bound');
    return this.functions['bound']!()!;
  }
  /** The expected log joint under the factors as they are: the bound without their entropies. */
  energy(): number {
    this.refresh('energy');
    return this.functions['energy']!()!;
  }
  /** The log prior density of what is maximised, at its current values. */
  logPrior(): number {
    this.refresh('logPrior');
    return this.functions['logPrior']!()!;
  }
  draw(): void {
    this.call('draw');
    this.call('report');
  }
  describe(): void {
    this.call('describe');
    this.call('expectReports');
  }

  /** The tables of one block changed from outside. */
  changedTables(block: number): void {
    this.changed(block);
  }
  /** Numbers of the tables of a block changed from outside. */
  touched(): void {
    for (const r of this.refreshes) this.stale.add(r.entry);
  }

  /** A copy of everything that a run changes, but for what is recomputed from it. */
  save(): Saved {
    const out = new Map<string, Memory>();
    for (const [name, values] of this.memory) if (isTable(name)) out.set(name, values.slice());
    for (const name of this.jointState) {
      const values = this.memory.get(name);
      if (values !== undefined) out.set(name, values.slice());
    }
    for (const b of this.blocks) {
      const name = b.block.region.variable.name;
      if (isPoint(b)) out.set(name, this.memory.get(name)!.slice());
    }
    return out;
  }
  restore(saved: Saved): void {
    for (const [name, values] of saved) this.memory.get(name)!.set(values);
    this.call('recompute');
    this.touched();
  }

  private call(name: string): void {
    this.functions[name]!();
  }
  private changed(block: number): void {
    for (const r of this.refreshes)
      for (const t of this.changes[block]!)
        if (r.reads.has(t)) {
          this.stale.add(r.entry);
          break;
        }
  }
  private refresh(name: string): void {
    for (const r of this.needs.get(name) ?? []) if (this.stale.delete(r)) this.call(r);
  }
}

/** Quantities computed by recursion that follow no unknown but points. */
function computedFrom(points: ReadonlySet<string>, model: DerivedModel): readonly string[] {
  const others = new Set(
    [...model.graph.variables.keys()]
      .filter((name) => !points.has(name) && (model.statusOf(name) === 'latent' || model.statusOf(name) === 'partial'))
      .flatMap((name) => [...model.recursionsOf(name)]),
  );
  return model.recursive.filter((name) => !others.has(name));
}

/** Points whose maximum has no closed form; one by one, ordered elements would stop at each other. */
function movingNames(field: MeanField, estimated: ReadonlySet<string>): ReadonlySet<string> {
  return new Set(
    field.blocks
      .filter(
        (b) =>
          estimated.has(b.region.variable.name) &&
          (b.recognised.kind === 'none' || !hasMode(b.recognised) || b.region.variable.constraint.kind === 'ordered'),
      )
      .map((b) => b.region.variable.name),
  );
}

/** The largest relative change between two states, in units of a size (1 where none is given) plus that of a number. */
export function largestChange(now: Memory, before: Memory, size: number = 1): number {
  let worst = 0;
  for (let i = 0; i < now.length; i++) {
    const d = Math.abs(now[i]! - before[i]!) / (size + Math.abs(now[i]!));
    if (d > worst) worst = d;
  }
  return worst;
}

/** Deterministic quantities with an expectation in closed form: a storage for it, and the code that writes it. */
function expectedReports(
  builder: ProgramBuilder,
  options: MeanFieldOptions,
  needed: Map<string, NeededExpectation>,
): readonly { readonly name: string; readonly storage: string; code(folded: FoldedTables): readonly Code[] }[] {
  const { model } = builder;
  const reported = [...builder.bound.graph.variables.values()].filter(
    (v) => v.origin === 'report' && model.statusOf(v.name) === 'deterministic',
  );
  return reported.flatMap((v) => {
    const statements = builder.bound.graph.statements.filter((s) => s.kind === 'let' && s.target.variable === v.name);
    const wanted = new Map(needed);
    let terms: readonly (readonly [Statement, MeanField['energy']])[];
    try {
      terms = statements.map((s) => {
        if (s.kind !== 'let' || s.recursive) throw new MeanFieldRefusal('follows a recursion', ref(v.name, []), v.name);
        return [s, expectedValue(model.inline(s.value), s.plates, model, options, wanted)] as const;
      });
    } catch (error) {
      if (error instanceof MeanFieldRefusal) return [];
      throw error;
    }
    for (const [name, n] of wanted) needed.set(name, n);
    const storage = builder.fresh('expectedReport', builder.storage(v.name).shape, 'state');
    return [
      {
        name: v.name,
        storage,
        code: (folded: FoldedTables): readonly Code[] =>
          terms.flatMap(([s, energy]) => {
            if (s.kind !== 'let') return [];
            const plates = s.plates.map((p) => builder.bindBinder({ index: p.index, from: p.from, to: p.to }));
            const tables = new StatisticTables(builder, [], plates, folded);
            const values = energy.map((t) => {
              const done = tables.contract({ ...t, coefficient: withExactZeros(builder, t.coefficient) }, []);
              return guarded(done.guards, done.value);
            });
            return [
              ...tables.before,
              ...loops(
                plates,
                s.guards.map((g) => builder.bind(model.inline(g))),
                [
                  store(
                    storage,
                    s.target.at.map((e) => builder.bind(e)),
                    addAll(values),
                  ),
                ],
              ),
            ];
          }),
      },
    ];
  });
}

/** Storages for moments and quantiles of every variable and the entry point that writes them. */
function describe(builder: ProgramBuilder, blocks: readonly BlockCode[]): ReadonlyMap<string, Described> {
  const out = new Map<string, Described>();
  const code: Code[] = [];
  for (const name of new Set(blocks.map((b) => b.block.region.variable.name))) {
    const shape = builder.storage(name).shape;
    const own = blocks.filter((b) => b.block.region.variable.name === name);
    const make = (hint: string): string => builder.fresh(hint, shape, 'state');
    const mean = make('meanOf'),
      variance = make('varianceOf');
    // Probabilities say more than quantiles of a finite variable.
    const into = own.some((b) => b.factor.kind === 'finite') ? null : quantileLevels.map(() => make('quantileOf'));
    const quantiles = into === null ? null : own.map((b) => b.quantiles(into));
    code.push(...own.flatMap((b) => b.moments(mean, variance)), ...(quantiles ?? []).flatMap((q) => q ?? []));
    out.set(name, { mean, variance, quantiles: quantiles !== null && quantiles.every((q) => q !== null) ? into : null });
  }
  builder.entry('describe', code);
  return out;
}

/** Elements of a variable beyond which draws are made from its factor only where something else reads them. */
export const largestDrawn = 10_000;

/** Variables whose draws are recorded, or read by a report or a prediction. */
function drawnVariables(builder: ProgramBuilder): ReadonlySet<string> {
  const { graph } = builder.bound;
  const out = new Set<string>();
  for (const v of graph.variables.values())
    if (builder.hasStorage(v.name) && builder.storage(v.name).shape.reduce((a, b) => a * b, 1) <= largestDrawn) out.add(v.name);
  for (const s of graph.statements) if (isComputed(builder, s) || s.kind === 'predict') for (const r of readsOf(s)) out.add(r.variable);
  return out;
}
