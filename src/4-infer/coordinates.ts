/**
 * Unconstrained coordinates of the continuous unknowns of a bound program: one real number for each
 * free scalar, as code between the position (a vector) and the state (the program's variables).
 *
 * x = u, low + exp u, high - exp u, low + (high - low) sigmoid u; ordered elements add exp u to the one
 * before, in these coordinates (of which high - exp(-u) keeps the order); simplexes and matrices as in numeric/bijections.ts. Bounds may depend on
 * other unknowns: the walk over the program is ancestral, its adjoint the same walk backwards.
 */
import { type Argument, type Code, type Place, accumulate, forLoop, store, when } from '../code/loop.js';
import type { Procedure } from '../code/runtime.js';
import { type Diagnostic, ModelError } from '../errors/diagnostic.js';
import { renderDiagnostics } from '../errors/render.js';
import { add, apply, cond, exp, type Expr, index, isConst, log, mul, neg, num, one, ref, sub, zero } from '../expr/expr.js';
import * as bijections from '../numeric/bijections.js';
import type { Statement } from '../2-graph/graph.js';
import { regionSupport } from '../3-derive/closedForm.js';
import type { LatentRegion } from '../3-derive/model.js';
import type { Binder } from '../3-derive/normalForm.js';
import { ancestralCode } from './ancestral.js';
import { recomputed } from './assemble.js';
import type { ReverseSweep } from './gradientCode.js';
import { loops, type ProgramBuilder } from './programBuilder.js';

/** How a coordinate lies in its value. */
export type CoordinateKind = 'real' | 'low' | 'high' | 'both' | 'simplex' | 'logDiagonal' | 'lowerTriangle' | 'correlation';

export const coordinateKinds: readonly CoordinateKind[] = [
  'real',
  'low',
  'high',
  'both',
  'simplex',
  'logDiagonal',
  'lowerTriangle',
  'correlation',
];
/** Kinds whose infinity is the edge of a range. */
export const boundedKinds: ReadonlySet<CoordinateKind> = new Set<CoordinateKind>([
  'low',
  'high',
  'both',
  'simplex',
  'logDiagonal',
  'correlation',
]);
/**
 * A coordinate farther from the origin than `distance` where slope and curvature are below `curvature` stands at the edge of its range: at
 * an interior maximum one of them is large.
 */
export const edge: { readonly distance: number; readonly curvature: number } = { distance: 6, curvature: 0.05 };

/** What generated code calls for simplexes and matrices. */
export const bijectionProcedures: ReadonlyMap<string, Procedure> = new Map<string, Procedure>(Object.entries(bijections));

export interface Coordinates {
  /** The regions that have coordinates. */
  readonly regions: readonly LatentRegion[];
  /** Storage of the position; of the coordinates' number the leading ones are used. */
  readonly position: string;
  /** Storage (integer scalar) of the number of coordinates, once `layout` has run. */
  readonly dimension: string;
  /** Integer storages by coordinate: number of the variable among `variables`, flat element, number of the kind. */
  readonly owner: { readonly variable: string; readonly element: string; readonly kind: string };
  readonly variables: readonly string[];
  /** Storage (scalar) of the log Jacobian of the last `constrain`. */
  readonly logJacobian: string;
  /** Gives every element its place in the position; to run once. */
  readonly layout: readonly Code[];
  /** Position to state, recursive quantities and the log Jacobian included. */
  readonly constrain: readonly Code[];
  /** State to position; infinite or NaN where the state is not inside its support. */
  readonly unconstrain: readonly Code[];
  /**
   * Adds to the gradient of the position the gradients of the state pulled back, and `jacobian` times
   * the gradient of the log Jacobian; gradients of the state must be complete, recursive quantities' included.
   */
  pullBack(sweep: ReverseSweep, gradientOf: (storage: string) => string | null, jacobian: Expr): readonly Code[];
  /** Hands the gradients of recursive quantities on to what they are made of, within the state. */
  handOn(sweep: ReverseSweep, gradientOf: (storage: string) => string | null): readonly Code[];
}

interface ScalarMap {
  /** Number of its kind. */
  readonly kind: Expr;
  of(v: Expr): Expr;
  inverse(x: Expr): Expr;
  /** log of the derivative's size at v. */
  logDerivative(v: Expr): Expr;
}

/**
 * The map onto the numbers between two ends. Which ends are finite may differ between elements ([-inf, 0] as bounds) and with
 * the state (m > 0 ? 0 : -inf), so it is asked where the code runs.
 * @param rising asks for maps that keep the order, for elements that are ordered
 */
function scalarMap(low: Expr, high: Expr, rising: boolean): ScalarMap {
  const width = sub(high, low),
    // What is subtracted from the upper end grows with v or shrinks.
    turned = (v: Expr): Expr => (rising ? neg(v) : v);
  const line: ScalarMap = { kind: numberOf('real'), of: (v) => v, inverse: (x) => x, logDerivative: () => zero };
  const above: ScalarMap = {
    kind: numberOf('low'),
    of: (v) => add(low, exp(v)),
    inverse: (x) => log(sub(x, low)),
    logDerivative: (v) => v,
  };
  const below: ScalarMap = {
    kind: numberOf('high'),
    of: (v) => sub(high, exp(turned(v))),
    inverse: (x) => turned(log(sub(high, x))),
    logDerivative: turned,
  };
  const between: ScalarMap = {
    kind: numberOf('both'),
    of: (v) => add(low, mul(width, apply('sigmoid', v))),
    inverse: (x) => sub(log(sub(x, low)), log(sub(high, x))),
    logDerivative: (v) => sub(log(width), add(apply('softplus', v), apply('softplus', neg(v)))),
  };
  const hasLow = isFiniteEnd(low),
    hasHigh = isFiniteEnd(high);
  const choice = (of: (m: ScalarMap) => Expr): Expr =>
    cond(hasLow, cond(hasHigh, of(between), of(above)), cond(hasHigh, of(below), of(line)));
  return {
    kind: choice((m) => m.kind),
    of: (v) => choice((m) => m.of(v)),
    inverse: (x) => choice((m) => m.inverse(x)),
    logDerivative: (v) => choice((m) => m.logDerivative(v)),
  };
}
function isFiniteEnd(end: Expr): Expr {
  return isConst(end) ? num(Number(Number.isFinite(end.value))) : apply('lt', apply('abs', end), num(Infinity));
}

/** One element of a region where its code stands. */
interface Here {
  readonly region: LatentRegion;
  readonly name: string;
  readonly at: readonly Expr[];
  readonly binders: readonly Binder[];
  readonly guards: readonly Expr[];
  readonly place: (e: Expr) => Expr;
}

/** @throws ModelError for unknowns that have no such coordinates. */
export function coordinates(builder: ProgramBuilder, regions: readonly LatentRegion[], backend: string): Coordinates {
  refuseUnknown(builder, regions, backend);
  return new CoordinateWalk(builder, regions);
}

/** The code of a definition on a walk. */
type DefinitionCode = (s: Statement & { kind: 'let' }, place: (e: Expr) => Expr) => readonly Code[];

/** The coordinates of a program's regions, with the storages that they need there. */
class CoordinateWalk implements Coordinates {
  readonly regions: readonly LatentRegion[];
  readonly variables: readonly string[];
  readonly position: string;
  readonly dimension: string;
  readonly owner: Coordinates['owner'];
  readonly logJacobian: string;
  readonly layout: readonly Code[];
  readonly constrain: readonly Code[];
  readonly unconstrain: readonly Code[];
  private readonly builder: ProgramBuilder;
  private readonly byStatement: ReadonlyMap<Statement, LatentRegion>;
  /** Storages of where elements begin in the position, by variable and rank of the address. */
  private readonly offsets: Map<string, string> = new Map();
  private readonly recompute: ReturnType<typeof recomputed>;

  constructor(builder: ProgramBuilder, regions: readonly LatentRegion[]) {
    this.builder = builder;
    this.regions = regions;
    this.variables = [...new Set(regions.map((r) => r.variable.name))];
    const capacity = this.variables.reduce((n, v) => n + builder.storage(v).shape.reduce((a, b) => a * b, 1), 0);
    this.position = builder.fresh('position', [capacity], 'state');
    this.dimension = builder.fresh('dimension', [], 'state', 'int32');
    this.owner = {
      variable: builder.fresh('owner', [capacity], 'state', 'int32'),
      element: builder.fresh('owned', [capacity], 'state', 'int32'),
      kind: builder.fresh('kind', [capacity], 'state', 'int32'),
    };
    this.logJacobian = builder.fresh('logJacobian', [], 'state');
    this.recompute = recomputed(builder, null);
    this.byStatement = new Map(regions.map((r) => [r.statement, r]));
    const step = builder.fresh('logJacobianOf', [], 'local');
    this.constrain = [
      store(this.logJacobian, [], zero),
      ...this.walk(
        (here) => this.toState(here, step),
        (s, place) => [store(s.target.variable, s.target.at.map(place), place(s.value))],
        false,
      ),
    ];
    this.unconstrain = this.walk((here) => this.toPosition(here), null, false);
    this.layout = [store(this.dimension, [], zero), ...this.walk((here) => this.placed(here), null, false)];
  }

  pullBack(sweep: ReverseSweep, gradientOf: (storage: string) => string | null, jacobian: Expr): readonly Code[] {
    const into = gradientOf(this.position)!;
    return this.walk((here) => this.pulledBack(here, sweep, gradientOf(here.name)!, into, jacobian), backwards(sweep, gradientOf), true);
  }

  handOn(sweep: ReverseSweep, gradientOf: (storage: string) => string | null): readonly Code[] {
    return this.walk(() => [], backwards(sweep, gradientOf), true);
  }

  // --- the walk -------------------------------------------------------------------------------

  /** The ancestral walk over the regions, and over recursive definitions where `computed` is given. */
  private walk(latent: (here: Here) => readonly Code[], computed: DefinitionCode | null, reverse: boolean): readonly Code[] {
    const { builder, byStatement, recompute } = this;
    return ancestralCode(builder, {
      generate: 'latents',
      reverse,
      wanted: (s) => byStatement.has(s) || (computed !== null && recompute !== null && recompute(s)),
      element: (s, place) => {
        if (s.kind === 'let') return computed === null ? [] : computed(s, place);
        const region = byStatement.get(s)!;
        const binders = region.plates
          .slice(s.plates.length)
          .map((p) => builder.bindBinder({ index: p.index, from: place(p.from), to: place(p.to) }));
        const guards = region.guards.slice(s.guards.length).map(place);
        const inner = latent({ region, name: region.variable.name, at: region.at.map(place), binders, guards, place });
        return loops(binders, guards, inner, reverse);
      },
    });
  }

  /** Where an element begins in the position. */
  private offsetOf({ name, at }: Here): Expr & { op: 'ref' } {
    const key = `${name} ${at.length}`;
    let table = this.offsets.get(key);
    if (table === undefined) {
      table = this.builder.fresh('offset', this.builder.storage(name).shape.slice(0, at.length), 'state', 'int32');
      this.offsets.set(key, table);
    }
    return { op: 'ref', variable: table, at };
  }

  private bounds(here: Here): ScalarMap {
    const s = regionSupport(here.region);
    const rising = here.region.variable.constraint.kind === 'ordered';
    if (s.kind !== 'interval') return scalarMap(num(-Infinity), num(Infinity), rising);
    const end = (e: Expr): Expr => here.place(this.builder.model.inline(e));
    return scalarMap(end(s.low), end(s.high), rising);
  }

  private shapeOf(here: Here): Shape {
    const dims = this.builder.storage(here.name).shape.slice(here.at.length);
    const d = dims[0] ?? 1,
      kind = regionSupport(here.region).kind;
    const { constraint } = here.region.variable;
    if (here.region.eventRank === 0) return { kind: 'scalar', size: 1 };
    if (kind === 'simplex') return { kind: 'block', size: d - 1, procedure: 'simplex', d, floor: null };
    if (kind === 'corr') return { kind: 'block', size: (d * (d - 1)) / 2, procedure: 'correlation', d, floor: null };
    if (kind === 'cov') {
      const floor = constraint.kind === 'cov' ? constraint.options['floor'] : undefined;
      return {
        kind: 'block',
        size: (d * (d + 1)) / 2,
        procedure: 'covariance',
        d,
        floor: floor === undefined ? zero : here.place(this.builder.model.inline(floor)),
      };
    }
    return { kind: 'vector', size: d };
  }

  /** The scalars of a region's element, each at its address with its coordinate. */
  private scalars(here: Here, body: (at: readonly Expr[], u: Expr) => readonly Code[], reverse: boolean): readonly Code[] {
    const shape = this.shapeOf(here),
      offset = this.offsetOf(here);
    if (shape.kind === 'scalar') return body(here.at, offset);
    const e = index('e');
    this.builder.noteRange(e, zero, num(shape.size));
    return [forLoop(e, zero, num(shape.size), body([...here.at, e], add(offset, e)), reverse)];
  }

  /** A procedure between the numbers of a simplex or matrix and their coordinates. */
  private blockCall(procedure: string, into: string | null, places: readonly Place[], values: readonly Expr[]): Code {
    return {
      do: 'call',
      procedure,
      into: into === null ? null : { storage: into, at: [] },
      effects: [],
      args: [
        ...places.map((place): Argument => ({ kind: 'place', place })),
        ...values.map((value): Argument => ({ kind: 'value', value })),
      ],
    };
  }
  /** The first number of an element in a storage of its variable's shape, and its first coordinate in one of the position's. */
  private firstNumber(here: Here, storage: string): Place {
    const event = this.builder.storage(here.name).shape.slice(here.at.length);
    return { storage, at: [...here.at, ...event.map(() => zero)] };
  }
  private firstCoordinate(here: Here, storage: string): Place {
    return { storage, at: [this.offsetOf(here)] };
  }

  // --- the code of an element -----------------------------------------------------------------

  /** Position to state, with the log Jacobian. @param step a local for one element's */
  private toState(here: Here, step: string): readonly Code[] {
    const shape = this.shapeOf(here),
      { logJacobian, position } = this;
    if (shape.kind === 'block') {
      const first = this.firstNumber(here, here.name);
      if (shape.size === 0 && shape.procedure === 'correlation') return [store(first.storage, first.at, one)];
      return [
        this.blockCall(`${shape.procedure}FromPosition`, step, [first, this.firstCoordinate(here, position)], sizesOf(shape)),
        accumulate(logJacobian, [], ref(step, [])),
      ];
    }
    const map = this.bounds(here);
    return this.scalars(
      here,
      (at, o) => {
        const { v, jacobian } = coordinate(here, at, ref(position, [o]), map);
        return [store(here.name, at, map.of(v)), ...(isConst(jacobian, 0) ? [] : [accumulate(logJacobian, [], jacobian)])];
      },
      false,
    );
  }

  private toPosition(here: Here): readonly Code[] {
    const shape = this.shapeOf(here),
      { position } = this;
    if (shape.kind === 'block') {
      const places = [this.firstNumber(here, here.name), this.firstCoordinate(here, position)];
      return [this.blockCall(`${shape.procedure}ToPosition`, null, places, sizesOf(shape))];
    }
    const map = this.bounds(here);
    return this.scalars(here, (at, o) => [store(position, [o], coordinate(here, at, zero, map).own)], false);
  }

  /** Gives an element its place in the position, and each of its coordinates an owner. */
  private placed(here: Here): readonly Code[] {
    const shape = this.shapeOf(here),
      begin = store(this.offsetOf(here).variable, here.at, ref(this.dimension, []));
    if (shape.kind !== 'block') {
      const { kind } = this.bounds(here);
      return [begin, ...this.scalars(here, (at) => this.owned(here, at, kind), false)];
    }
    const i = index('i'),
      j = index('j');
    if (shape.procedure === 'simplex')
      return [begin, forLoop(i, zero, num(shape.size), this.owned(here, [...here.at, i], numberOf('simplex')))];
    const [to, kind] =
      shape.procedure === 'covariance'
        ? [add(i, one), cond(apply('eq', i, j), numberOf('logDiagonal'), numberOf('lowerTriangle'))]
        : [i, numberOf('correlation')];
    return [begin, forLoop(i, zero, num(shape.d), [forLoop(j, zero, to, this.owned(here, [...here.at, i, j], kind))])];
  }
  private owned({ name }: Here, at: readonly Expr[], kind: Expr): readonly Code[] {
    const { owner, dimension } = this,
      dims = this.builder.storage(name).shape,
      next = [ref(dimension, [])];
    const flat = at.reduce((o: Expr, e, d) => (d === 0 ? e : add(mul(o, num(dims[d]!)), e)), zero);
    return [
      store(owner.variable, next, num(this.variables.indexOf(name))),
      store(owner.element, next, flat),
      store(owner.kind, next, kind),
      accumulate(dimension, [], one),
    ];
  }

  /** The gradient `own` of an element added to that of its coordinates, with `jacobian` times that of the log Jacobian. */
  private pulledBack(here: Here, sweep: ReverseSweep, own: string, into: string, jacobian: Expr): readonly Code[] {
    const shape = this.shapeOf(here),
      { position } = this;
    if (shape.kind === 'block') {
      if (shape.size === 0) return [];
      const places = [this.firstNumber(here, own), this.firstCoordinate(here, position), this.firstCoordinate(here, into)];
      return [this.blockCall(`${shape.procedure}PullBack`, null, places, [num(shape.d), jacobian])];
    }
    const map = this.bounds(here);
    return this.scalars(
      here,
      (at, o) => {
        const { v, jacobian: logDerivative } = coordinate(here, at, ref(position, [o]), map);
        return [
          ...sweep.statement(map.of(v), ref(own, at)),
          ...(isConst(logDerivative, 0) ? [] : [when(apply('ne', jacobian, zero), sweep.statement(logDerivative, jacobian))]),
        ];
      },
      true,
    );
  }
}

/** A scalar on the whole line, the log of its derivative by its coordinate, and what the coordinate is at the state. */
function coordinate(
  here: Here,
  at: readonly Expr[],
  u: Expr,
  map: ScalarMap,
): { readonly v: Expr; readonly jacobian: Expr; readonly own: Expr } {
  if (here.region.variable.constraint.kind !== 'ordered')
    return { v: u, jacobian: map.logDerivative(u), own: map.inverse(ref(here.name, at)) };
  const k = at[at.length - 1]!,
    first = apply('eq', k, zero),
    before = map.inverse(ref(here.name, [...at.slice(0, -1), sub(k, one)]));
  const v = cond(first, u, add(before, exp(u)));
  return {
    v,
    jacobian: add(cond(first, zero, u), map.logDerivative(v)),
    own: cond(first, map.inverse(ref(here.name, at)), log(sub(map.inverse(ref(here.name, at)), before))),
  };
}

function sizesOf({ d, floor }: Extract<Shape, { kind: 'block' }>): readonly Expr[] {
  return [num(d), ...(floor === null ? [] : [floor])];
}
function numberOf(kind: CoordinateKind): Expr {
  return num(coordinateKinds.indexOf(kind));
}

/** The adjoint of a definition. */
function backwards(sweep: ReverseSweep, gradientOf: (storage: string) => string | null): DefinitionCode {
  return (s, place) => {
    const own = gradientOf(s.target.variable);
    return own === null ? [] : sweep.statement(place(s.value), ref(own, s.target.at.map(place)));
  };
}

type Shape =
  | { readonly kind: 'scalar'; readonly size: 1 }
  | { readonly kind: 'vector'; readonly size: number }
  | {
      readonly kind: 'block';
      readonly size: number;
      readonly procedure: 'simplex' | 'covariance' | 'correlation';
      readonly d: number;
      readonly floor: Expr | null;
    };

function refuseUnknown(builder: ProgramBuilder, regions: readonly LatentRegion[], backend: string): void {
  const wrong = regions.flatMap((r): Diagnostic[] => {
    const { kind } = regionSupport(r);
    // An element adds to the one before it: nothing would keep it below a given one after it.
    const isCut = r.variable.constraint.kind === 'ordered' && builder.model.statusOf(r.variable.name) === 'partial';
    if (
      !isCut &&
      ['interval', 'vector', 'simplex', 'cov', 'corr'].includes(kind) &&
      !(r.eventRank === 0 && !['interval', 'vector'].includes(kind))
    )
      return [];
    return [
      {
        code: 'no-coordinates',
        severity: 'error',
        message: `'${r.variable.name}' has no unconstrained coordinates that ${backend} could move in`,
        span: r.statement.span,
        hint: 'Use --backend gibbs or mh.',
      },
    ];
  });
  if (wrong.length > 0) throw new ModelError(wrong, renderDiagnostics(wrong, '', 'program'));
}
