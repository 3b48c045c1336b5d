/**
 * The log density of a bound program with its gradient as generated code: over the state (natural
 * scale) and over a position in unconstrained coordinates; finite latents are summed out, Gaussian ones
 * integrated out where asked.
 *
 * `gradientProgram` is the contract with every reader that needs derivatives: which factors, which
 * regions move, and entry points by name. A gradient costs a small multiple of the density and its
 * code does not grow with the data.
 */
import { accumulate, type Code, store } from '../code/loop.js';
import type { EntryPoint } from '../code/module.js';
import { type Diagnostic, ModelError } from '../errors/diagnostic.js';
import { renderDiagnostics } from '../errors/render.js';
import { add, addAll, type Expr, ref, zero } from '../expr/expr.js';
import { createRandom, type Random } from '../random/generator.js';
import type { BoundModel } from '../2-graph/bound.js';
import type { Statement } from '../2-graph/graph.js';
import { jointFactors } from '../3-derive/joint.js';
import { type Factor, latentRegions, type LatentRegion } from '../3-derive/model.js';
import { loadModule } from './loadedModule.js';
import { ancestralCode } from './ancestral.js';
import { isComputed, jointTerms, needsStart, recomputeCode, recomputedNames, runFolds } from './assemble.js';
import { bijectionProcedures, type CoordinateKind, coordinateKinds, coordinates, type Coordinates } from './coordinates.js';
import { GradientRefusal, ReverseSweep } from './gradientCode.js';
import { areApart, idleGaps, withoutGaps } from './idleGaps.js';
import { type IntegratedOut, integratedOut } from './integratedOut.js';
import { pointFactors } from './logDensity.js';
import { ProgramBuilder } from './programBuilder.js';
import { summedOut, type SummedOut } from './summedOut.js';

export interface GradientProgram {
  readonly coordinates: Coordinates;
  readonly summed: SummedOut;
  readonly integrated: IntegratedOut;
  /** Storage of the gradient by a variable of the state, of its shape. */
  readonly gradientOf: ReadonlyMap<string, string>;
  /** Storage of the gradient by the position. */
  readonly positionGradient: string;
}

/**
 * Adds to a builder the entry points
 * `layout()` (once), `constrain()` (position to state), `unconstrain()` (state to position),
 * `density(jacobian)` (log density at the position; plus `jacobian` times the log Jacobian),
 * `gradient(jacobian)` (the same, and its gradient by the position),
 * `expected(jacobian)` (where labels are independent: the expectation under their tables of probabilities as they stand, and its gradient),
 * `stateDensity()` and `stateGradient()` (at the state as it stands, gradients by the state), and
 * `pullBack()` (gradients of the state as they stand, to the position).
 * @param regions the unknowns: real ones move, finite ones are summed out.
 * @param marginal real ones among them that are integrated out instead.
 * @throws ModelError naming what has no derivative, no coordinates or cannot be summed or integrated out.
 */
export function gradientProgram(
  builder: ProgramBuilder,
  factors: readonly Factor[],
  regions: readonly LatentRegion[],
  backend: string,
  marginal: readonly string[] = [],
): GradientProgram {
  const integrated = integratedOut(builder, factors, regions, marginal, backend);
  const summed = summedOut(
    builder,
    integrated.rest,
    regions.filter((r) => r.variable.scalar !== 'real'),
    backend,
  );
  const moved = coordinates(
    builder,
    regions.filter((r) => r.variable.scalar === 'real' && !integrated.variables.some((v) => v.name === r.variable.name)),
    backend,
  );
  const gradientOf = new Map<string, string>();
  for (const name of [...moved.variables, ...recomputedNames(builder), moved.position])
    if (!gradientOf.has(name)) gradientOf.set(name, builder.fresh('gradient', builder.storage(name).shape, 'state'));
  const find = (name: string): string | null => gradientOf.get(name) ?? null;
  const sweep = new ReverseSweep(builder, find);
  const jacobian = builder.fresh('jacobian', [], 'local'),
    value = builder.fresh('value', [], 'local');
  const terms = jointTerms(builder, summed.rest);
  const clear: readonly Code[] = [...gradientOf.values()].map((storage) => ({ do: 'fill', storage, value: zero }));
  const answer: Code = { do: 'return', value: ref(value, []) };
  const whole = (jacobianOf: Expr | null): Code => ({
    do: 'return',
    value: jacobianOf === null ? ref(value, []) : add(ref(value, []), jacobianOf),
  });

  const density: readonly Code[] = [
    store(value, [], zero),
    ...integrated.forward(value),
    ...summed.forward(value),
    ...terms.map((t) => accumulate(value, [], t.value)),
  ];
  const gradient: readonly Code[] = named(builder, backend, () => {
    const forward = [...integrated.forward(value), ...summed.forward(value)];
    for (const t of terms)
      explained(t.factor.statement, () => {
        sweep.term(t.value, value);
      });
    integrated.reverse(sweep, [...gradientOf.keys()]);
    summed.reverse(sweep);
    return [store(value, [], zero), ...clear, ...forward, ...sweep.finish()];
  });
  const weighted = (flag: Expr): Expr => ({ op: 'cond', test: flag, then: ref(moved.logJacobian, []), otherwise: zero });
  const flag = ref(jacobian, []);
  builder.entry('layout', moved.layout);
  builder.entry('constrain', moved.constrain);
  builder.entry('unconstrain', moved.unconstrain);
  builder.entry('density', [...moved.constrain, ...density, whole(weighted(flag))], [jacobian]);
  const pull = named(builder, backend, () => moved.pullBack(sweep, find, flag));
  builder.entry('gradient', [...moved.constrain, ...gradient, ...pull, whole(weighted(flag))], [jacobian]);
  const { expected } = summed;
  if (expected !== null) {
    const body = named(builder, backend, () => {
      for (const t of terms)
        explained(t.factor.statement, () => {
          sweep.term(t.value, value);
        });
      integrated.reverse(sweep, [...gradientOf.keys()]);
      summed.reverse(sweep);
      return [store(value, [], zero), ...clear, ...integrated.forward(value), ...expected(value), ...sweep.finish()];
    });
    builder.entry('expected', [...moved.constrain, ...body, ...pull, whole(weighted(flag))], [jacobian]);
  }
  builder.entry('stateDensity', [...recomputeCode(builder, null), ...density, answer]);
  const handed = named(builder, backend, () => moved.handOn(sweep, find));
  builder.entry('stateGradient', [...recomputeCode(builder, null), ...gradient, ...handed, answer]);
  builder.entry('pullBack', [
    { do: 'fill', storage: gradientOf.get(moved.position)!, value: zero },
    ...named(builder, backend, () => moved.pullBack(sweep, find, zero)),
  ]);
  return { coordinates: moved, summed, integrated, gradientOf, positionGradient: gradientOf.get(moved.position)! };
}

/** Where a refusal was met. */
class LocatedRefusal extends Error {
  readonly fn: string;
  readonly statement: Statement;
  constructor(fn: string, statement: Statement) {
    super(fn);
    this.fn = fn;
    this.statement = statement;
  }
}
function explained(statement: Statement, work: () => void): void {
  try {
    work();
  } catch (error) {
    if (error instanceof GradientRefusal) throw new LocatedRefusal(error.fn, statement);
    throw error;
  }
}
function named<T>(builder: ProgramBuilder, backend: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof GradientRefusal) && !(error instanceof LocatedRefusal)) throw error;
    const host = /^host:(\d+)$/.exec(error.fn);
    const own = host === null ? undefined : builder.bound.graph.hostFunctions[Number(host[1])]?.name;
    const name = host === null ? error.fn : own === undefined || own === '' ? 'a host function' : `the host function ${own}`;
    const diagnostic: Diagnostic = {
      code: 'no-gradient',
      severity: 'error',
      message: `${backend} needs derivatives, and ${name} has none that are known`,
      ...(error instanceof LocatedRefusal ? { span: error.statement.span } : {}),
      hint: 'Write the function in the language, or use --backend gibbs or mh, which need none.',
    };
    throw new ModelError([diagnostic], renderDiagnostics([diagnostic], '', 'program'));
  }
}

type Memory = Float64Array | Int32Array;

/** The coordinate of a free scalar. */
export interface CoordinateOwner {
  readonly variable: string;
  readonly element: number;
  readonly kind: CoordinateKind;
}

/** What a differentiable density is of: all may be absent. */
export interface DensityOptions {
  /** Start values by name, row-major: elements that `initialise` leaves alone. */
  readonly initial?: ReadonlyMap<string, Memory>;
  /** Whether missing elements that nothing else reads are integrated out: their law is simply left out. */
  readonly integrate?: boolean;
  /** For points that a user gives: finite latents have the values given, every support is tested. */
  readonly point?: boolean;
  /** Unknowns to integrate out, jointly Gaussian given the rest. */
  readonly marginal?: readonly string[];
}

/** A bound program as a function of its position: what optimisers and Gaussian approximations work on. */
export class DifferentiableDensity {
  readonly builder: ProgramBuilder;
  readonly program: GradientProgram;
  readonly factors: readonly Factor[];
  /** Data with gaps whose missing elements are read by nothing but their own law: integrated out. */
  readonly integrated: ReadonlySet<string>;
  readonly source: string;
  readonly memory: ReadonlyMap<string, Memory>;
  readonly random: Random;
  /** Whether any unknown that moves has a law of its own. */
  readonly hasPriors: boolean;
  /** Unknowns that move and have no law: `param`s. */
  readonly lawless: ReadonlySet<string>;
  /** Number of free scalars. */
  readonly dimension: number;
  readonly owners: readonly CoordinateOwner[];
  private readonly functions: Readonly<Record<string, EntryPoint>>;
  /** Positions are these plus `units` times what readers call a position. */
  private readonly origins: Float64Array;
  private readonly units: Float64Array;
  private logUnits: number = 0;
  private readonly positionMemory: Float64Array;
  private readonly gradientMemory: Float64Array;

  /** @throws ModelError where the program has no gradient or coordinates, with the reason. */
  constructor(
    bound: BoundModel,
    backend: string,
    seed: string,
    { initial = new Map(), integrate = false, point = false, marginal = [] }: DensityOptions = {},
  ) {
    const builder = new ProgramBuilder(bound);
    this.builder = builder;
    for (const [name, values] of initial) builder.setInitial(name, values);
    const { model } = builder;
    this.factors = point ? pointFactors(model) : jointFactors(model);
    this.integrated = integrate ? idleGaps(model, this.factors, areApart(builder)) : new Set();
    const factors = withoutGaps(this.factors, this.integrated);
    const regions = latentRegions(model).filter((r) => !this.integrated.has(r.variable.name) && !(point && r.variable.scalar !== 'real'));
    this.program = gradientProgram(builder, factors, regions, backend, marginal);
    const moves = (s: Statement): boolean => s.kind === 'sample' && this.program.coordinates.variables.includes(s.target.variable);
    const priors = factors.filter((f) => moves(f.statement));
    builder.entry('prior', [{ do: 'return', value: addAll(jointTerms(builder, priors).map((t) => t.value)) }]);
    this.hasPriors = priors.length > 0;
    this.lawless = new Set(this.program.coordinates.regions.flatMap((r) => (r.law === null ? [r.variable.name] : [])));
    const near = builder.fresh('near', [], 'local');
    builder.entry(
      'initialise',
      ancestralCode(builder, {
        generate: 'latents',
        wanted: (s) => needsStart(builder, s, initial) || isComputed(builder, s),
        near: ref(near, []),
      }),
      [near],
    );
    builder.entry('report', ancestralCode(builder, { generate: 'latents', wanted: (s) => isComputed(builder, s) }));
    builder.entry('predict', [
      ...this.program.integrated.draw,
      ...this.program.summed.draw,
      ...ancestralCode(builder, {
        generate: 'latents',
        wanted: (s) =>
          isComputed(builder, s) ||
          s.kind === 'predict' ||
          (s.kind === 'observe' && s.target !== null && this.integrated.has(s.target.variable)),
      }),
    ]);
    builder.entry('marginals', [...this.program.integrated.moments, ...this.program.summed.groups.flatMap((g) => g.marginals)]);
    this.random = createRandom(seed, backend);
    const { source, functions, memory } = loadModule(builder, this.random, { filled: runFolds(builder), procedures: bijectionProcedures });
    this.source = source;
    this.functions = functions;
    this.memory = memory;
    this.functions['layout']!();
    const { coordinates: c } = this.program;
    this.dimension = this.values(c.dimension)[0]!;
    this.positionMemory = this.values(c.position) as Float64Array;
    this.gradientMemory = this.values(this.program.positionGradient) as Float64Array;
    const [variable, element, kind] = [c.owner.variable, c.owner.element, c.owner.kind].map((s) => this.values(s));
    this.origins = new Float64Array(this.dimension);
    this.units = new Float64Array(this.dimension).fill(1);
    this.owners = Array.from({ length: this.dimension }, (_, k) => ({
      variable: c.variables[variable![k]!]!,
      element: element![k]!,
      kind: coordinateKinds[kind![k]!]!,
    }));
  }

  /** Memory of a storage; a storage that no code uses is empty. */
  values(storage: string): Memory {
    return this.memory.get(storage) ?? new Float64Array(0);
  }

  /** From here on positions count from an origin in units of their own, by coordinate; both in the positions of before the first call. */
  measureFrom(origins: Float64Array, units: Float64Array): void {
    this.origins.set(origins);
    this.units.set(units);
    this.logUnits = units.reduce((sum, unit) => sum + Math.log(unit), 0);
  }
  private place(position: Float64Array): void {
    for (let k = 0; k < this.dimension; k++) this.positionMemory[k] = this.origins[k]! + this.units[k]! * position[k]!;
  }
  private pulled(out: Float64Array): void {
    for (let k = 0; k < this.dimension; k++) out[k] = this.units[k]! * this.gradientMemory[k]!;
  }
  private counted(value: number | undefined, jacobian: boolean): number {
    return value === undefined ? Number.NaN : value + (jacobian ? this.logUnits : 0);
  }

  /** Log density at a position, with the log Jacobian where asked; NaN and -Infinity outside the support. */
  density(position: Float64Array, jacobian: boolean): number {
    this.place(position);
    return this.counted(this.functions['density']!(Number(jacobian)), jacobian);
  }
  /** The same with the gradient written to `out`. */
  gradient(position: Float64Array, jacobian: boolean, out: Float64Array): number {
    this.place(position);
    const value = this.counted(this.functions['gradient']!(Number(jacobian)), jacobian);
    this.pulled(out);
    return value;
  }
  /** The expected log density under the tables of labels' probabilities as they stand, and its gradient. */
  expected(position: Float64Array, out: Float64Array): number {
    this.place(position);
    const value = this.functions['expected']!(0) ?? Number.NaN;
    this.pulled(out);
    return value;
  }
  /** Log density of the state as it stands (natural scale), and its gradients in memory where asked. */
  stateDensity(): number {
    return this.functions['stateDensity']!() ?? Number.NaN;
  }
  stateGradient(): number {
    return this.functions['stateGradient']!() ?? Number.NaN;
  }

  /** Puts a position's values into the state. @returns the log Jacobian. */
  constrain(position: Float64Array): number {
    this.place(position);
    this.functions['constrain']!();
    return (this.values(this.program.coordinates.logJacobian)[0] ?? 0) + this.logUnits;
  }
  /** The state's position. */
  unconstrain(): Float64Array {
    this.functions['unconstrain']!();
    return this.origins.map((origin, k) => (this.positionMemory[k]! - origin) / this.units[k]!);
  }
  /** A start: unknowns drawn from their laws, or near the origin of their coordinates where these are vague or absent. */
  initialise(near: boolean): Float64Array {
    this.functions['initialise']!(Number(near));
    return this.unconstrain();
  }
  /** Log density of the laws of the unknowns that move, at the state. */
  prior(): number {
    return this.functions['prior']!() ?? 0;
  }
  /** Probabilities of finite latents and moments of integrated ones, into their storages; after `density`. */
  marginals(): void {
    this.functions['marginals']!();
  }
  /** The integrated element where factoring a block first failed, since nothing held it; null where none ever did. */
  unheld(): string | null {
    for (const block of this.program.integrated.blocks) {
      const first = this.values(block.status)[3] ?? 0;
      if (first > 0) return block.elementOf(first - 1);
    }
    return null;
  }
  /** Deterministic quantities of the state. */
  report(): void {
    this.functions['report']!();
  }
  /** Finite and integrated latents drawn from their conditionals (after `density`), deterministic quantities and predictions. */
  predict(): void {
    this.functions['predict']!();
  }

  /** d (element of a variable) / d position at the state of the last `constrain`. */
  derivativeOf(variable: string, element: number, out: Float64Array): void {
    const { gradientOf } = this.program;
    for (const name of gradientOf.values()) this.values(name).fill(0);
    this.values(gradientOf.get(variable)!)[element] = 1;
    this.functions['pullBack']!();
    this.pulled(out);
  }

  /** The gradient by a variable of the state, after `stateGradient`. */
  gradientBy(variable: string): Float64Array {
    return this.values(this.program.gradientOf.get(variable)!) as Float64Array;
  }
}
