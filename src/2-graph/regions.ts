/**
 * Which elements a statement defines: for each axis an interval of a loop index plus an offset, or a
 * single place. Overlaps and gaps that hold for all sizes are found here; the rest is left to bind.
 */
import type { Diagnostic, Span } from '../errors/diagnostic.js';
import { type Expr, type Index, add, index, isConst, one, reduce, sub, substitute, visit, zero } from '../expr/expr.js';
import { tidy } from '../expr/affine.js';
import { gap, overlap } from './messages.js';
import { type IndexRange, atLeast, constantDifference, greatest, printDimension } from './shapes.js';

/** `from <= element < to` along one axis; `index` is null for a single place. */
export interface Axis {
  readonly index: Index | null;
  readonly from: Expr;
  readonly to: Expr;
  readonly ragged: boolean;
}

export interface Region {
  readonly axes: readonly Axis[];
  /** Identifies the `if` branches around the statement; empty outside of any. */
  readonly guards: readonly { readonly test: object; readonly negated: boolean }[];
  readonly span: Span;
}

const noRanges: ReadonlyMap<Index, IndexRange> = new Map();

/** True where the expression depends on one of the indices. */
export function mentions(e: Expr, indices: ReadonlySet<Index>): boolean {
  let found = false;
  visit(e, (x) => {
    if (x.op === 'index' && indices.has(x)) found = true;
  });
  return found;
}

/** Upper bound free of plate indices: the maximum over the plates it depends on, innermost first. */
export function maximumOver(e: Expr, plates: readonly { readonly index: Index; readonly range: IndexRange }[]): Expr {
  let out = e;
  for (const p of [...plates].reverse()) {
    if (!mentions(out, new Set([p.index]))) continue;
    const fresh = index(p.index.name);
    out = reduce('max', fresh, p.range.from, p.range.to, substitute(out, new Map([[p.index, fresh]])));
  }
  return out;
}

function same(a: Expr, b: Expr): boolean {
  return constantDifference(a, b) === 0;
}
function sameAxis(a: Axis, b: Axis): boolean {
  return same(a.from, b.from) && same(a.to, b.to);
}

/** Extent of an axis from the intervals of all statements: their tiling where they tile, else the greatest end. */
export function extentOf(axes: readonly Axis[]): Expr {
  const left: Axis[] = [];
  for (const a of axes) if (!left.some((b) => sameAxis(a, b))) left.push(a);
  return endOfTiling(left) ?? left.map((a) => a.to).reduce(greatest);
}

/** Where a statement defines elements: the places on its left side with their intervals. */
export interface Place {
  readonly at: readonly Expr[];
  readonly axes: readonly Axis[];
}

/**
 * The extents of places that fill a rectangle together although an interval of each depends on another
 * index: triangles and the diagonal of a matrix, the beginning and the rest of each row. Null where
 * they do not, or where that is not certain.
 */
export function rectangleOf(places: readonly Place[]): readonly Expr[] | null {
  const rank = places[0]?.axes.length ?? 0;
  if (places.some((p) => p.axes.length !== rank)) return null;
  const axes = [...Array(rank).keys()];
  const along = (axis: number): readonly Axis[] => places.map((p) => p.axes[axis]!);
  const uneven = axes.filter((axis) => along(axis).some((a) => a.ragged));
  const [column] = uneven;
  if (column === undefined || uneven.length > 1) return null;
  if (!axes.every((axis) => axis === column || along(axis).every((a) => sameAxis(a, along(axis)[0]!)))) return null;
  for (const row of axes) {
    if (row === column || places.some((p) => p.axes[row]!.index === null || p.at[row] !== p.axes[row]!.index)) continue;
    const common = index('row');
    const own = (p: Place, e: Expr): Expr => substitute(e, new Map([[p.axes[row]!.index!, common]]));
    const end = endOfTiling(places.map((p) => ({ from: own(p, p.axes[column]!.from), to: own(p, p.axes[column]!.to) })));
    const free = new Set<Index>([common, ...places.flatMap((p) => p.axes.flatMap((a) => (a.index === null ? [] : [a.index])))]);
    if (end !== null && !mentions(end, free)) return axes.map((axis) => (axis === column ? end : along(axis)[0]!.to));
  }
  return null;
}

/** Where intervals end that follow each other from 0 on; null where they do not. */
function endOfTiling(intervals: readonly IndexRange[]): Expr | null {
  const left = [...intervals];
  let end: Expr = zero;
  while (left.length > 0) {
    const k = left.findIndex((a) => same(a.from, end));
    if (k < 0) return null;
    end = left.splice(k, 1)[0]!.to;
  }
  return end;
}

/** Gaps and overlaps that exist whatever the sizes (of at least 1) are. */
export function checkRegions(name: string, regions: readonly Region[]): Diagnostic | null {
  const rank = regions[0]?.axes.length ?? 0;
  if (regions.some((r) => r.axes.length !== rank)) return null;
  for (const [k, r] of regions.entries()) {
    for (const q of regions.slice(0, k)) {
      const element = sharedElement(q, r);
      if (element !== null) return overlap(r.span, printElement(name, element));
    }
  }
  for (let axis = 0; axis < rank; axis++) {
    const list = regions.map((r) => r.axes[axis]!);
    if (list.some((a) => a.ragged)) continue;
    if (!list.every((a) => atLeast(a.from, 1, noRanges))) continue;
    const [first] = list,
      isAlone = rank === 1 && regions.length === 1 && !isConst(first!.from) && constantDifference(first!.to, first!.from) === 1;
    return gap(
      regions[0]!.span,
      printElement(
        name,
        regions[0]!.axes.map((a, d) => (d === axis ? zero : a.from)),
      ),
      isAlone ? printDimension(first!.from) : null,
      true,
    );
  }
  const differing = [...Array(rank).keys()].filter((axis) => regions.some((r) => !sameAxis(r.axes[axis]!, regions[0]!.axes[axis]!)));
  if (differing.length !== 1 || regions.some((r) => r.guards.length > 0)) return null;
  const axis = differing[0]!;
  return gapBetween(name, regions, axis);
}

function gapBetween(name: string, regions: readonly Region[], axis: number): Diagnostic | null {
  const left = regions.map((r) => r.axes[axis]!);
  if (left.some((a) => a.ragged)) return null;
  let end: Expr = zero;
  while (left.length > 0) {
    const k = left.findIndex((a) => same(a.from, end));
    if (k < 0) {
      const certain = left.every((a) => atLeast(sub(a.from, end), 1, noRanges));
      return certain
        ? gap(
            regions[0]!.span,
            printElement(
              name,
              regions[0]!.axes.map((a, d) => (d === axis ? end : a.from)),
            ),
          )
        : null;
    }
    end = left.splice(k, 1)[0]!.to;
  }
  return null;
}

/** An element both regions certainly define; null where there may be none. */
function sharedElement(a: Region, b: Region): readonly Expr[] | null {
  // Branches of one `if` exclude each other; different conditions may.
  const exclusive =
    a.guards.length !== b.guards.length || a.guards.some((g, k) => g.test !== b.guards[k]!.test || g.negated !== b.guards[k]!.negated);
  if (exclusive) return null;
  const out: Expr[] = [];
  for (const [d, x] of a.axes.entries()) {
    const y = b.axes[d]!;
    if (x.ragged || y.ragged) {
      // The same loop bounds written twice are the same elements.
      if (x.index !== null && x.index === y.index && sameAxis(x, y)) {
        out.push(x.index);
        continue;
      }
      return null;
    }
    if (!atLeast(sub(x.to, y.from), 1, noRanges) || !atLeast(sub(y.to, x.from), 1, noRanges)) return null;
    out.push(atLeast(sub(x.from, y.from), 0, noRanges) ? x.from : y.from);
  }
  return out;
}

function printElement(name: string, at: readonly Expr[]): string {
  return at.length === 0 ? name : `${name}[${at.map(printDimension).join(', ')}]`;
}

/** The interval of `index + offset`, or the single place `offset`. */
export function axisOf(i: Index | null, offset: Expr, range: IndexRange | null, plates: ReadonlySet<Index>): Axis {
  if (i === null || range === null) return { index: null, from: offset, to: tidy(add(offset, one)), ragged: false };
  const from = tidy(add(range.from, offset)),
    to = tidy(add(range.to, offset));
  return { index: i, from, to, ragged: mentions(from, plates) || mentions(to, plates) };
}
/** The whole of a dimension. */
export function fullAxis(dim: Expr): Axis {
  return { index: null, from: zero, to: dim, ragged: false };
}
