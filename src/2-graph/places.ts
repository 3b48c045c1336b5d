/**
 * Where statements define elements: the position of a target as expressions of loop indices, and the region it covers, one axis for each
 * index written.
 */
import { type Expr, type Index, add, equal, index, one } from '../expr/expr.js';
import { tidy } from '../expr/affine.js';
import type { Syntax, TargetSyntax } from '../1-parse/ast.js';
import type { Context } from './context.js';
import { localPosition } from './expressions.js';
import type { Plate } from './graph.js';
import { definedForEach, wrongLeftIndex } from './messages.js';
import { type Axis, type Place, axisOf } from './regions.js';
import type { Declared, Definition, Environment } from './scope.js';
import { indexPlusOffset, printDimension } from './shapes.js';
import { isPoison } from './types.js';

/** Where a statement defines elements; `diagonals` are loops of one step, one for each place that repeats an index. */
export interface TargetPlace extends Place {
  readonly diagonals: readonly Plate[];
}

/** `L[i, i]` is `L[i, j]` in a loop over j of the one step j = i, so that what follows knows of no diagonals. */
export function diagonalPlate(e: Expr, environment: Environment): Plate {
  const taken = environment.plates.map((l) => l.name.text);
  return { index: index(['i', 'j', 'k', 'l', 'm', 'n'].find((name) => !taken.includes(name)) ?? 'i'), from: e, to: tidy(add(e, one)) };
}

/** How many leading dimensions go up to the last ragged one. */
export function raggedRank(places: readonly TargetPlace[]): number {
  return Math.max(0, ...places.map((p) => p.axes.reduce((rank, a, d) => (a.ragged ? d + 1 : rank), 0)));
}

/** The places of targets. */
export class Places {
  private readonly context: Context;
  private readonly diagonals = new Map<Syntax, Plate>();

  constructor(context: Context) {
    this.context = context;
  }

  /** Position and region of a target: loop indices and places, one for each index written. */
  placeOf(v: Declared, d: Definition): TargetPlace | null {
    const { statement: s, environment } = d;
    const plates = environment.plates.map((l) => ({ loop: l, range: this.context.range(l) }));
    const indices = new Set(plates.map((p) => p.loop.index));
    const axis = (e: Expr): Axis | null => {
      const form = indexPlusOffset(e, indices);
      if (form === null) return null;
      return axisOf(form.index, form.offset, plates.find((p) => p.loop.index === form.index)?.range ?? null, indices);
    };
    if (s.kind === 'data') return { at: [], axes: [], diagonals: [] };
    if (v.local) {
      const at = localPosition(this.context, environment.plates);
      return { at, axes: at.map((e) => axis(e)!), diagonals: [] };
    }
    const { target } = s as { target: TargetSyntax };
    const at: Expr[] = [],
      axes: Axis[] = [],
      diagonals: Plate[] = [];
    const used = new Set<Index>();
    let ok = true;
    for (const syntax of target.at) {
      const value = this.context.expression(syntax, environment);
      if (isPoison(value)) {
        ok = false;
        continue;
      }
      const e = value.dims.length === 0 && value.scalar !== 'real' ? tidy(this.context.settled(value.body)) : null;
      const form = e === null ? null : indexPlusOffset(e, indices);
      if (e === null || form === null || (form.offset.op === 'ref' && form.offset.at.length > 0)) {
        this.context.report(wrongLeftIndex(syntax.span, target.name.text));
        ok = false;
        continue;
      }
      this.context.requireData(form.offset, syntax.span, 'An index on the left');
      if (form.index !== null && used.has(form.index)) {
        const plate = this.diagonal(syntax, e, environment);
        diagonals.push(plate);
        at.push(plate.index);
        axes.push({ index: plate.index, from: plate.from, to: plate.to, ragged: true });
        continue;
      }
      if (form.index !== null) used.add(form.index);
      at.push(e);
      axes.push(axis(e)!);
    }
    if (!ok) return null;
    for (const l of environment.plates) {
      if (used.has(l.index)) continue;
      const written = [...target.at.map(() => null), ...environment.plates.filter((p) => !used.has(p.index))]
        .filter((p) => p !== null)
        .map((p) => p.name.text);
      this.context.report(
        definedForEach(
          target.span,
          target.name.text,
          l.name.text,
          `${target.name.text}[${[...at.map(printDimension), ...written].join(', ')}]`,
        ),
      );
      return null;
    }
    return { at, axes, diagonals };
  }

  /** The loop of a repeated place, always the same one for the same place. */
  private diagonal(place: Syntax, e: Expr, environment: Environment): Plate {
    const known = this.diagonals.get(place);
    if (known !== undefined && equal(known.from, e)) return known;
    const plate = diagonalPlate(e, environment);
    this.diagonals.set(place, plate);
    return plate;
  }
}
