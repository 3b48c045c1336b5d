/**
 * Unconstrained coordinates of the continuous unknowns of a bound program: one real number for each
 * free scalar, as code between the position (a vector) and the state (the program's variables).
 *
 * x = u, low + exp u, high - exp u, low + (high - low) sigmoid u; ordered elements add exp u to the one
 * before, in these coordinates; simplexes and matrices as in numeric/bijections.ts. Bounds may depend on
 * other unknowns: the walk over the program is ancestral, its adjoint the same walk backwards.
 */
import { type Argument, type Code, accumulate, forLoop, store, when } from '../code/loop.js';
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

function value(e: Expr): Argument {
  return { kind: 'value', value: e };
}

interface ScalarMap {
  readonly kind: CoordinateKind;
  of(v: Expr): Expr;
  inverse(x: Expr): Expr /** log of the derivative at v. */;
  logDerivative(v: Expr): Expr;
}

function scalarMap(low: Expr, high: Expr): ScalarMap {
  const noLow = isConst(low, -Infinity),
    noHigh = isConst(high, Infinity);
  if (noLow && noHigh) return { kind: 'real', of: (v) => v, inverse: (x) => x, logDerivative: () => zero };
  if (noHigh) return { kind: 'low', of: (v) => add(low, exp(v)), inverse: (x) => log(sub(x, low)), logDerivative: (v) => v };
  if (noLow) return { kind: 'high', of: (v) => sub(high, exp(v)), inverse: (x) => log(sub(high, x)), logDerivative: (v) => v };
  const width = sub(high, low);
  return {
    kind: 'both',
    of: (v) => add(low, mul(width, apply('sigmoid', v))),
    inverse: (x) => sub(log(sub(x, low)), log(sub(high, x))),
    logDerivative: (v) => sub(log(width), add(apply('softplus', v), apply('softplus', neg(v)))),
  };
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
  const { model } = builder;
  refuseUnknown(regions, backend);
  const variables = [...new Set(regions.map((r) => r.variable.name))];
  const capacity = variables.reduce((n, v) => n + builder.storage(v).shape.reduce((a, b) => a * b, 1), 0);
  const position = builder.fresh('position', [capacity], 'state');
  const dimension = builder.fresh('dimension', [], 'state', 'int32');
  const owner = {
    variable: builder.fresh('owner', [capacity], 'state', 'int32'),
    element: builder.fresh('owned', [capacity], 'state', 'int32'),
    kind: builder.fresh('kind', [capacity], 'state', 'int32'),
  };
  const logJacobian = builder.fresh('logJacobian', [], 'state');
  const offsets = new Map<string, string>();
  const offsetOf = (here: Pick<Here, 'name' | 'at'>): Expr => {
    const key = `${here.name} ${here.at.length}`;
    let table = offsets.get(key);
    if (table === undefined) {
      table = builder.fresh('offset', builder.storage(here.name).shape.slice(0, here.at.length), 'state', 'int32');
      offsets.set(key, table);
    }
    return ref(table, here.at);
  };
  const recompute = recomputed(builder, null);
  const byStatement = new Map<Statement, LatentRegion>(regions.map((r) => [r.statement, r]));
  const walk = (
    latent: (here: Here) => readonly Code[],
    computed: ((s: Statement & { kind: 'let' }, place: (e: Expr) => Expr) => readonly Code[]) | null,
    reverse: boolean,
  ): readonly Code[] =>
    ancestralCode(builder, {
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
  const bounds = (here: Here): ScalarMap => {
    const s = regionSupport(here.region);
    if (s.kind !== 'interval') return scalarMap(num(-Infinity), num(Infinity));
    const end = (e: Expr): Expr => here.place(model.inline(e));
    return scalarMap(end(s.low), end(s.high));
  };
  const shapeOf = (here: Here): Shape => {
    const dims = builder.storage(here.name).shape.slice(here.at.length);
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
        floor: floor === undefined ? zero : here.place(model.inline(floor)),
      };
    }
    return { kind: 'vector', size: d };
  };
  const isOrdered = (here: Here): boolean => here.region.variable.constraint.kind === 'ordered';
  /** The scalars of a region's element, each at its address with its coordinate. */
  const scalars = (here: Here, body: (at: readonly Expr[], u: Expr) => readonly Code[], reverse: boolean): readonly Code[] => {
    const shape = shapeOf(here),
      offset = offsetOf(here);
    if (shape.kind === 'scalar') return body(here.at, offset);
    const e = index('e');
    builder.noteRange(e, zero, num(shape.size));
    return [forLoop(e, zero, num(shape.size), body([...here.at, e], add(offset, e)), reverse)];
  };
  const coordinate = (
    here: Here,
    at: readonly Expr[],
    u: Expr,
    map: ScalarMap,
  ): { readonly v: Expr; readonly jacobian: Expr; readonly own: Expr } => {
    if (!isOrdered(here)) return { v: u, jacobian: map.logDerivative(u), own: map.inverse(ref(here.name, at)) };
    const k = at[at.length - 1]!,
      first = apply('eq', k, zero),
      before = map.inverse(ref(here.name, [...at.slice(0, -1), sub(k, one)]));
    const v = cond(first, u, add(before, exp(u)));
    return {
      v,
      jacobian: add(cond(first, zero, u), map.logDerivative(v)),
      own: cond(first, map.inverse(ref(here.name, at)), log(sub(map.inverse(ref(here.name, at)), before))),
    };
  };
  const first = (here: Here): readonly Expr[] => [
    ...here.at,
    ...builder
      .storage(here.name)
      .shape.slice(here.at.length)
      .map(() => zero),
  ];
  const sizes = (shape: Extract<Shape, { kind: 'block' }>): Argument[] => [
    value(num(shape.d)),
    ...(shape.floor === null ? [] : [value(shape.floor)]),
  ];
  const step = builder.fresh('logJacobianOf', [], 'local');

  const constrain = [
    store(logJacobian, [], zero),
    ...walk(
      (here) => {
        const shape = shapeOf(here);
        if (shape.kind === 'block') {
          return shape.size === 0 && shape.procedure === 'correlation'
            ? [store(here.name, first(here), one)]
            : [
                {
                  do: 'call',
                  procedure: `${shape.procedure}FromPosition`,
                  into: { storage: step, at: [] },
                  effects: [],
                  args: [
                    { kind: 'place', place: { storage: here.name, at: first(here) } },
                    { kind: 'place', place: { storage: position, at: [offsetOf(here)] } },
                    ...sizes(shape),
                  ],
                },
                accumulate(logJacobian, [], ref(step, [])),
              ];
        }
        const map = bounds(here);
        return scalars(
          here,
          (at, o) => {
            const { v, jacobian } = coordinate(here, at, ref(position, [o]), map);
            return [store(here.name, at, map.of(v)), ...(isConst(jacobian, 0) ? [] : [accumulate(logJacobian, [], jacobian)])];
          },
          false,
        );
      },
      (s, place) => [store(s.target.variable, s.target.at.map(place), place(s.value))],
      false,
    ),
  ];

  const unconstrain = walk(
    (here) => {
      const shape = shapeOf(here);
      if (shape.kind === 'block')
        return [
          {
            do: 'call',
            procedure: `${shape.procedure}ToPosition`,
            into: null,
            effects: [],
            args: [
              { kind: 'place', place: { storage: here.name, at: first(here) } },
              { kind: 'place', place: { storage: position, at: [offsetOf(here)] } },
              ...sizes(shape),
            ],
          },
        ];
      const map = bounds(here);
      return scalars(here, (at, o) => [store(position, [o], coordinate(here, at, zero, map).own)], false);
    },
    null,
    false,
  );

  const layout = [
    store(dimension, [], zero),
    ...walk(
      (here) => {
        const shape = shapeOf(here),
          dims = builder.storage(here.name).shape;
        const flat = (at: readonly Expr[]): Expr => at.reduce((o: Expr, e, d) => (d === 0 ? e : add(mul(o, num(dims[d]!)), e)), zero);
        const note = (at: readonly Expr[], kind: Expr): readonly Code[] => [
          store(owner.variable, [ref(dimension, [])], num(variables.indexOf(here.name))),
          store(owner.element, [ref(dimension, [])], flat(at)),
          store(owner.kind, [ref(dimension, [])], kind),
          accumulate(dimension, [], one),
        ];
        const kindOf = (kind: CoordinateKind): Expr => num(coordinateKinds.indexOf(kind));
        const start = offsetOf(here);
        if (start.op !== 'ref') return [];
        const begin = store(start.variable, start.at, ref(dimension, []));
        if (shape.kind === 'block') {
          const i = index('i'),
            j = index('j'),
            d = num(shape.d);
          if (shape.procedure === 'simplex') return [begin, forLoop(i, zero, num(shape.size), note([...here.at, i], kindOf('simplex')))];
          const to = shape.procedure === 'covariance' ? add(i, one) : i;
          const kind =
            shape.procedure === 'covariance'
              ? cond(apply('eq', i, j), kindOf('logDiagonal'), kindOf('lowerTriangle'))
              : kindOf('correlation');
          return [begin, forLoop(i, zero, d, [forLoop(j, zero, to, note([...here.at, i, j], kind))])];
        }
        const { kind } = bounds(here);
        return [begin, ...scalars(here, (at) => note(at, kindOf(kind)), false)];
      },
      null,
      false,
    ),
  ];

  return {
    regions,
    position,
    dimension,
    owner,
    variables,
    logJacobian,
    layout,
    constrain,
    unconstrain,
    pullBack(sweep, gradientOf, jacobian) {
      const into = gradientOf(position)!;
      return walk(
        (here) => {
          const shape = shapeOf(here),
            own = gradientOf(here.name)!;
          if (shape.kind === 'block') {
            return shape.size === 0
              ? []
              : [
                  {
                    do: 'call',
                    procedure: `${shape.procedure}PullBack`,
                    into: null,
                    effects: [],
                    args: [
                      { kind: 'place', place: { storage: own, at: first(here) } },
                      { kind: 'place', place: { storage: position, at: [offsetOf(here)] } },
                      { kind: 'place', place: { storage: into, at: [offsetOf(here)] } },
                      value(num(shape.d)),
                      value(jacobian),
                    ],
                  },
                ];
          }
          const map = bounds(here);
          return scalars(
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
        },
        backwards(sweep, gradientOf),
        true,
      );
    },
    handOn: (sweep, gradientOf) => walk(() => [], backwards(sweep, gradientOf), true),
  };
}

/** The adjoint of a definition. */
function backwards(
  sweep: ReverseSweep,
  gradientOf: (storage: string) => string | null,
): (s: Statement & { kind: 'let' }, place: (e: Expr) => Expr) => readonly Code[] {
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

function refuseUnknown(regions: readonly LatentRegion[], backend: string): void {
  const wrong = regions.flatMap((r): Diagnostic[] => {
    const { kind } = regionSupport(r);
    if (['interval', 'vector', 'simplex', 'cov', 'corr'].includes(kind) && !(r.eventRank === 0 && !['interval', 'vector'].includes(kind)))
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
