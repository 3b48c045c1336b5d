/**
 * Errors to plant, made systematically from the program and what is derived of it: every statement forgotten or with
 * a dispersion 10 % off, every index off by one, every pushforward without its Jacobian, and for samplers every conditional
 * 10 % too wide and every walk in other coordinates without their Jacobian. Each is a change of the log joint density or of
 * one region's conditional, never of text.
 */
import { regionSupport } from '../3-derive/closedForm.js';
import { jointFactors } from '../3-derive/joint.js';
import { DerivedModel, type Factor, type LatentRegion } from '../3-derive/model.js';
import type { BoundModel } from '../2-graph/bound.js';
import type { ModelGraph, Statement } from '../2-graph/graph.js';
import { derive, type Derivation } from '../4-infer/derivation.js';
import { regionName } from '../4-infer/wording.js';
import { givenOf } from '../4-infer/programBuilder.js';
import { eventRankOf, type Law, mapLaw } from '../distributions/law/law.js';
import { logDensityOf } from '../distributions/law/density.js';
import { supportOf } from '../distributions/law/form.js';
import {
  addAll,
  apply,
  type ArrayExpr,
  build,
  children,
  equal,
  type Expr,
  isConst,
  log,
  mul,
  neg,
  num,
  one,
  type Ref,
  ref,
  rewrite,
  reduce,
  index,
  sub,
  zero,
} from '../expr/expr.js';
import { printText } from '../expr/print.js';
import { goodState } from './program/state.js';
import type { Planted } from './subject.js';

export interface Mutation {
  /** What is wrong, in the program's names. */
  readonly name: string;
  readonly kind: 'dropped factor' | 'scaled dispersion' | 'shifted index' | 'scaled conditional' | 'missing Jacobian';
  readonly planted: Planted;
}

/** How far off a scaled variance is. */
const factorOfVariance = 1.1;

/**
 * All mutations of a program that change its posterior.
 * @param walks whether regions are moved by Metropolis walks in unconstrained coordinates.
 * @param hasKernel whether the backend takes its conditionals from a derivation that can be replaced.
 */
export function mutations(
  bound: BoundModel,
  { walks, hasKernel }: { readonly walks: boolean; readonly hasKernel: boolean },
): readonly Mutation[] {
  const { graph } = bound;
  const ofProgram = graph.statements.flatMap((s) => ofStatement(s, bound)).filter(({ planted }) => changesPosterior(bound, planted.graph!));
  if (!hasKernel) return ofProgram;
  const derivation = derive(new DerivedModel(graph, givenOf(bound)));
  return [...ofProgram, ...derivation.regions.flatMap((_, k) => ofRegion(derivation, k, walks))];
}

// --- errors of the program ---------------------------------------------------------------------

function ofStatement(s: Statement, bound: BoundModel): readonly Mutation[] {
  if (s.kind !== 'sample' && s.kind !== 'observe') return [];
  const { graph } = bound;
  const value: ArrayExpr = s.kind === 'observe' ? s.value : drawnBy(s.target.variable, s.target.at, graph);
  const density = logDensityOf(s.law, value);
  const name = statementName(s);
  const wrong = (kind: Mutation['kind'], what: string, difference: Expr): Mutation => ({
    kind,
    name: what,
    planted: { graph: withFactor(graph, s, difference) },
  });
  const shifts = shiftable(s, bound).map(({ at, axis }) => {
    const moved = ref(
      at.variable,
      at.at.map((e, d) => (d === axis ? apply('max', sub(e, one), zero) : e)),
    );
    const law = mapLaw(s.law, (e) => rewrite(e, (x) => (x.op === 'ref' && equal(x, at) ? moved : x)));
    return wrong('shifted index', `${printText(at)} read one place early in ${name}`, sub(logDensityOf(law, value), density));
  });
  return [
    wrong('dropped factor', `${name} forgotten`, neg(density)),
    wrong('scaled dispersion', `${name} 10 % too wide`, mul(num(1 / factorOfVariance - 1), density)),
    ...shifts,
    ...slopeOfMap(s.law, value).map((slope) => wrong('missing Jacobian', `${name} without the Jacobian of its map`, slope)),
  ];
}

/**
 * log |dT / dx| of a law of T(X) at its value: minus the log density of the map of a law of density 1, by the theorem on
 * changes of variables; of several branches that of their sum. None for laws without a map of a number.
 */
function slopeOfMap(law: Law, value: ArrayExpr): readonly Expr[] {
  if (law.kind !== 'pushforward' || law.integer || eventRankOf(law.base) > 0) return [];
  const support = supportOf(law.base);
  if (support.kind !== 'interval') return [];
  const flat: Law = { kind: 'family', family: 'Flat', parameters: {}, span: law.span };
  return [
    neg(logDensityOf({ ...law, base: { kind: 'truncated', base: flat, low: support.low, high: support.high, span: law.span } }, value)),
  ];
}

function statementName(s: Extract<Statement, { readonly kind: 'sample' | 'observe' | 'predict' }>): string {
  return `${s.kind} ${s.target === null ? printText(s.kind === 'observe' ? s.value.body : zero) : printText(ref(s.target.variable, s.target.at))}`;
}

/** The draw of a statement as an array over its event. */
function drawnBy(variable: string, at: readonly Expr[], graph: ModelGraph): ArrayExpr {
  return build(graph.variables.get(variable)!.dims.slice(at.length), (...event) => ref(variable, [...at, ...event]));
}

/** The program with a term added for every instance of a statement. */
function withFactor(graph: ModelGraph, s: Statement, value: Expr): ModelGraph {
  const id = Math.max(...graph.statements.map((x) => x.id)) + 1;
  return { ...graph, statements: [...graph.statements, { kind: 'factor', id, plates: s.plates, guards: s.guards, span: s.span, value }] };
}

/** References of a law to arrays, and the axes along which they could be off by one. */
function shiftable(
  s: Extract<Statement, { readonly kind: 'sample' | 'observe' | 'predict' }>,
  bound: BoundModel,
): readonly { readonly at: Ref; readonly axis: number }[] {
  const found: { at: Ref; axis: number }[] = [];
  const plates = new Set(s.plates.map((p) => p.index));
  /** Moved by the statement's own loops: a binder inside the law runs over all elements, and shifted by one still over most. */
  const moves = (e: Expr): boolean => (e.op === 'index' ? plates.has(e) : e.op === 'ref' ? e.at.some(moves) : children(e).some(moves));
  const go = (e: Expr): void => {
    if (e.op === 'ref') {
      const shape = bound.variables.get(e.variable)?.shape ?? [];
      e.at.forEach((i, axis) => {
        if (!isConst(i) && moves(i) && (shape[axis] ?? 0) > 1 && !found.some((f) => f.axis === axis && equal(f.at, e)))
          found.push({ at: e, axis });
      });
      e.at.forEach(go);
      return;
    }
    children(e).forEach(go);
  };
  mapLaw(s.law, (e) => {
    go(e);
    return e;
  });
  return found;
}

/** Whether the added term differs from state to state: a constant is no error. */
function changesPosterior(bound: BoundModel, mutant: ModelGraph): boolean {
  const model = new DerivedModel(bound.graph, givenOf(bound)),
    derivation: Derivation = { model, factors: jointFactors(model), forms: [], regions: derive(model).regions };
  const differences = [1, 2, 3, 4].flatMap((seed) => {
    const values = goodState({ graph: bound.graph, bound, model, derivation }, seed);
    const fixed = Object.fromEntries(
      [...bound.variables.values()]
        .filter((v) => v.status === 'latent' || v.status === 'partial')
        .map((v) => [v.name, [...values.storage(v.name)]]),
    );
    const own =
      goodState({ graph: mutant, bound: { ...bound, graph: mutant }, model, derivation }, seed, fixed).logJoint -
      goodState({ graph: bound.graph, bound, model, derivation }, seed, fixed).logJoint;
    return Number.isNaN(own) ? [] : [own];
  });
  return Math.max(...differences) - Math.min(...differences) > 1e-9 * (1 + Math.max(...differences.map(Math.abs)));
}

// --- errors of the plan ------------------------------------------------------------------------

/** One region's conditional replaced; the rest of the derivation stays. */
function withRegion(
  position: number,
  factorsOf: (model: DerivedModel, factors: readonly Factor[], region: LatentRegion) => readonly Factor[],
): (model: DerivedModel) => Derivation {
  return (model) => {
    const right = derive(model),
      own = right.regions[position]!;
    const wrong = derive(model, factorsOf(model, right.factors, own.region)).regions[position]!;
    return { ...right, regions: right.regions.map((r, k) => (k === position ? wrong : r)) };
  };
}

function ofRegion(derivation: Derivation, position: number, walks: boolean): readonly Mutation[] {
  const { region } = derivation.regions[position]!;
  const name = regionName(region);
  const wide: Mutation = {
    kind: 'scaled conditional',
    name: `conditional of ${name} 10 % too wide`,
    planted: {
      derive: withRegion(position, (_, factors) =>
        factors.map((f) => ({ ...f, logDensity: mul(num(1 / factorOfVariance), f.logDensity) })),
      ),
    },
  };
  const jacobian = walks ? logSlope(region) : null;
  if (jacobian === null) return [wide];
  const without = (factors: readonly Factor[]): readonly Factor[] => [
    ...factors,
    {
      id: Math.max(...factors.map((f) => f.id)) + 1,
      statement: region.statement,
      plates: region.plates,
      guards: region.guards,
      logDensity: neg(jacobian),
      conditions: [],
    },
  ];
  return [
    wide,
    {
      kind: 'missing Jacobian',
      name: `walk of ${name} without its Jacobian`,
      planted: { derive: withRegion(position, (_, factors) => without(factors)) },
    },
  ];
}

/** log |dx / du| of the map from a walk's coordinates; null where it is constant or has no simple form. */
function logSlope(region: LatentRegion): Expr | null {
  const support = regionSupport(region),
    x = ref(region.variable.name, region.at);
  if (support.kind === 'interval') {
    const low = !isConst(support.low, -Infinity),
      high = !isConst(support.high, Infinity);
    if (support.periodic === true || (!low && !high)) return null;
    return addAll([...(low ? [log(sub(x, support.low))] : []), ...(high ? [log(sub(support.high, x))] : [])]);
  }
  if (support.kind === 'simplex') {
    const k = index('k');
    return reduce('sum', k, zero, support.dimension, log(ref(region.variable.name, [...region.at, k])));
  }
  return null;
}
