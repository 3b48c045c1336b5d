/**
 * Which elements of a program's unknowns, under new data, are those that a run has drawn. A size goes on
 * where the data given along it begin with the run's own (or where none are given): its first indices mean
 * what they meant. Where they do not, all its indices are new, and so is what stands in its plates.
 * A joint draw is the run's as a whole or new as a whole.
 */
import type { Reading } from '../2-graph/data.js';
import type { BoundModel, BoundVariable } from '../2-graph/bound.js';
import type { ModelGraph, Variable } from '../2-graph/graph.js';
import { type Diagnostic, ModelError } from '../errors/diagnostic.js';
import { renderDiagnostics } from '../errors/render.js';
import { type Expr, visit } from '../expr/expr.js';
import { elementName, sizeOf } from './posterior.js';

/** An array as far as it is known; a gap says nothing. */
interface Known {
  readonly shape: readonly number[];
  readonly values: ArrayLike<number>;
  readonly gaps?: ArrayLike<number> | null | undefined;
}

/** An unknown of which a run has drawn some elements. */
export interface Continued {
  /** By flat number in the run: the flat number under the new data, -1 for what is no more; null: the same. */
  readonly places: Int32Array | null;
  /** 1 for elements under the new data that the run has not drawn; null: it has drawn all. */
  readonly fresh: Int32Array | null;
}

/**
 * Names of the sizes along which the values given are not the run's, as far as the run goes. Other values in a matrix are those of other
 * rows or of other columns, which values do not tell: what other data say of its sizes explains them; else it is the size that has
 * changed its number, else the one along which something is observed (rows of regressors keep their coefficients), else the first.
 */
export function renewedSizes(graph: ModelGraph, before: BoundModel, given: ReadonlyMap<string, Reading>): ReadonlySet<string> {
  const renewed = new Set<string>(),
    differing: { readonly sizes: readonly string[]; readonly longer: readonly string[] }[] = [];
  for (const [name, reading] of given) {
    const variable = graph.variables.get(name),
      old = knownOf(before.variables.get(name));
    if (variable === undefined || variable.origin !== 'data' || old === null || reading.shape.length !== variable.dims.length) continue;
    const axes = variable.dims.flatMap((dim, axis) =>
      dim.op === 'size' ? [{ size: dim.name, now: reading.shape[axis]!, then: old.shape[axis]! }] : [],
    );
    for (const { size, now, then } of axes) if (now < then) renewed.add(size);
    if (!agrees(old, reading))
      differing.push({ sizes: axes.map(({ size }) => size), longer: axes.flatMap(({ size, now, then }) => (now > then ? [size] : [])) });
  }
  const observed = new Set(
    graph.statements
      .flatMap((s) => (s.kind === 'observe' && s.target !== null ? graph.variables.get(s.target.variable)!.dims : []))
      .map((dim) => (dim.op === 'size' ? dim.name : null)),
  );
  // One size leaves no choice.
  for (const { sizes } of differing) if (new Set(sizes).size === 1) renewed.add(sizes[0]!);
  for (const { sizes, longer } of differing) {
    if (sizes.some((size) => renewed.has(size))) continue;
    const size = longer[0] ?? sizes.find((candidate) => observed.has(candidate)) ?? sizes[0];
    if (size !== undefined) renewed.add(size);
  }
  return renewed;
}

/** What is given of a variable; null for none. */
function knownOf(variable: BoundVariable | undefined): Known | null {
  return variable !== undefined && (variable.status === 'given' || variable.status === 'partial')
    ? { shape: variable.shape, values: variable.values, gaps: variable.mask }
    : null;
}

/** True where two arrays have the same values wherever both have any. */
function agrees(old: Known, now: Known): boolean {
  const places = placesIn(old.shape, now.shape);
  for (let k = 0; k < old.values.length; k++) {
    const there = places?.[k] ?? k;
    if (there < 0 || old.gaps?.[k] === 1 || now.gaps?.[there] === 1) continue;
    if (old.values[k] !== now.values[there]) return false;
  }
  return true;
}

/** True where each number of the first array is in the second, and no smaller there. */
function isNoSmaller(old: Known, now: Known): boolean {
  const places = placesIn(old.shape, now.shape);
  for (let k = 0; k < old.values.length; k++) {
    const there = places?.[k] ?? k;
    if (there < 0 || !(now.values[there]! >= old.values[k]!)) return false;
  }
  return true;
}

/** Flat numbers in the second shape of the elements of the first: -1 outside of it, null where the shapes are one. */
export function placesIn(from: readonly number[], to: readonly number[]): Int32Array | null {
  if (from.every((length, axis) => length === to[axis])) return null;
  const places = new Int32Array(sizeOf(from)),
    at = from.map(() => 0);
  for (let k = 0; k < places.length; k++) {
    places[k] = at.every((i, axis) => i < to[axis]!) ? at.reduce((flat, i, axis) => flat * to[axis]! + i, 0) : -1;
    for (let axis = from.length - 1; axis >= 0; axis--) {
      at[axis]! += 1;
      if (at[axis]! < from[axis]!) break;
      at[axis] = 0;
    }
  }
  return places;
}

/**
 * The unknowns of the new data of which a run has elements; what is not listed is new as a whole.
 * @throws ModelError (code `cannot-predict`) where a joint draw of the run would have to grow or shrink.
 */
export function continuedUnknowns(before: BoundModel, after: BoundModel, renewed: ReadonlySet<string>): ReadonlyMap<string, Continued> {
  const continued = new Map<string, Continued>(),
    problems: Diagnostic[] = [];
  const isRenewed = (dim: Expr, groups: boolean): boolean => {
    let found = false;
    const values = groups ? belowMaxima(dim) : new Set<Expr>();
    visit(dim, (x) => {
      if (values.has(x)) return;
      if (x.op === 'size' && renewed.has(x.name)) found = true;
      if (x.op !== 'ref') return;
      const old = knownOf(before.variables.get(x.variable)),
        now = knownOf(after.variables.get(x.variable));
      // Numbers of elements that have grown leave the first of them what they were.
      if (old !== null && now !== null && old.shape.length > 0 && !isNoSmaller(old, now)) found = true;
    });
    return found;
  };
  for (const variable of after.graph.variables.values()) {
    const now = after.variables.get(variable.name),
      old = before.variables.get(variable.name);
    if (now === undefined || old === undefined || !isUnknown(variable, now) || !isUnknown(variable, old)) continue;
    const plates = variable.dims.length - jointRank(variable),
      groups = !isRagged(variable, after.graph);
    if (variable.dims.slice(0, plates).some((dim) => isRenewed(dim, groups))) continue;
    const stands = variable.dims
      .slice(plates)
      .every((dim, k) => !isRenewed(dim, groups) && old.shape[plates + k] === now.shape[plates + k]);
    if (!stands) {
      problems.push(cannotGrow(variable, old.shape, now.shape));
      continue;
    }
    const found = continuedOf(old, now);
    if (found !== null) continued.set(variable.name, found);
  }
  for (const variable of after.graph.variables.values()) {
    const now = after.variables.get(variable.name),
      cell =
        now?.status === 'partial' && jointRank(variable) > 0
          ? partlyDrawn(variable, now, continued.get(variable.name)?.fresh ?? null, continued.has(variable.name))
          : null;
    if (cell !== null)
      problems.push({
        code: 'cannot-predict',
        severity: 'error',
        span: variable.span,
        message: `${elementName(variable.name, now!.shape, cell)} is missing beside given values of the same draw, and would be drawn without regard to them`,
        hint: 'Leave out the whole draw, or add it to the data of the run and run again.',
      });
  }
  if (problems.length > 0) throw new ModelError(problems, renderDiagnostics(problems, after.graph.source?.text ?? '', 'program'));
  return continued;
}

/** All that stands in a `max(g)`: an index up to there is a value of g, a group, and no row. Other rows leave groups what they were. */
function belowMaxima(dim: Expr): ReadonlySet<Expr> {
  const below = new Set<Expr>();
  visit(dim, (x) => {
    if (x.op === 'reduce' && x.kind === 'max')
      visit(x, (inner) => {
        below.add(inner);
      });
  });
  return below;
}

/** How many of the last dimensions are of one draw: increasing numbers are, though each has a law of its own. */
function jointRank({ eventRank, constraint }: Variable): number {
  return constraint.kind === 'ordered' ? Math.max(1, eventRank) : eventRank;
}

/** True where a plate's length differs by an outer index: its dimension is a `max` of lengths, not of groups. */
function isRagged({ name }: Variable, graph: ModelGraph): boolean {
  return graph.statements.some(
    (s) =>
      s.kind !== 'factor' &&
      s.target?.variable === name &&
      s.plates.some(({ from, to }) =>
        [from, to].some((end) => {
          const values = belowMaxima(end);
          let found = false;
          visit(end, (x) => {
            if (x.op === 'ref' && !values.has(x)) found = true;
          });
          return found;
        }),
      ),
  );
}

/** True for what a run draws: unknowns, gaps of data, but not data that are left out. */
function isUnknown({ origin }: Variable, { status }: BoundVariable): boolean {
  return status === 'partial' || (status === 'latent' && (origin === 'sample' || origin === 'param'));
}

/** A gap that would be drawn although other cells of its joint draw are known; null where there is none. */
function partlyDrawn(
  variable: Variable,
  { shape, values, mask, absent }: BoundVariable,
  fresh: Int32Array | null,
  isContinued: boolean,
): number | null {
  const width = sizeOf(shape.slice(shape.length - jointRank(variable)));
  const isDrawn = (k: number): boolean => mask?.[k] === 1 && (!isContinued || fresh?.[k] === 1);
  for (let from = 0; from < values.length; from += width) {
    const cells = Array.from({ length: width }, (_, k) => from + k).filter((k) => absent?.[k] !== 1),
      drawn = cells.filter(isDrawn);
    if (drawn.length > 0 && drawn.length < cells.length) return drawn[0]!;
  }
  return null;
}

function continuedOf(old: BoundVariable, now: BoundVariable): Continued | null {
  const size = sizeOf(old.shape),
    map = placesIn(old.shape, now.shape);
  const fresh = new Int32Array(now.values.length).fill(1),
    places = new Int32Array(size).fill(-1);
  let identical = map === null;
  for (let k = 0; k < size; k++) {
    const place = map?.[k] ?? k;
    // Of data with gaps, a gap in both.
    const isOpen =
      old.absent?.[k] !== 1 && (now.status !== 'partial' || now.mask?.[place] === 1) && (old.status !== 'partial' || old.mask?.[k] === 1);
    if (place < 0 || !isOpen) {
      identical = false;
      continue;
    }
    places[k] = place;
    fresh[place] = 0;
  }
  for (let k = 0; k < fresh.length; k++) if (now.absent?.[k] === 1 || now.computed?.[k] === 1 || now.mask?.[k] === 0) fresh[k] = 0;
  return places.every((place) => place < 0) ? null : { places: identical ? null : places, fresh: fresh.includes(1) ? fresh : null };
}

function cannotGrow({ name, span }: Variable, old: readonly number[], now: readonly number[]): Diagnostic {
  const same = old.every((length, axis) => length === now[axis]);
  return {
    code: 'cannot-predict',
    severity: 'error',
    span,
    message: same
      ? `${name} is one joint draw over indices that mean something else in the new data: its values there depend on those of the run in a way that drawing in order does not follow`
      : `${name} is one joint draw of shape [${old.join(', ')}] in the run; with the new data it has shape [${now.join(', ')}], which the posterior says nothing of`,
    hint: 'Run again with the new data in place, and null for what is to be predicted.',
  };
}
