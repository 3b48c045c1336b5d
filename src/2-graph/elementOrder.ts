/**
 * The order of elements where statements alone have none: `z[t] ~ Normal(z[parent[t]], 1)` on a tree.
 *
 * The instances of the statements (one for each choice of plate indices) are nodes, the elements they
 * read are edges, found by evaluating the addresses on the data; a depth-first search (Tarjan 1976) gives an
 * order in which each instance follows all it reads, or a cycle. Reads under a test of data that fails are none.
 * Instances are visited in the order of the program, so data in a natural order keep it.
 */
import { type Expr, type Index, index as newIndex, num, variablesOf } from '../expr/expr.js';
import { decidable, expressionsIn, forEachNode } from './bindChecks.js';
import { type BindContext, expressionsOfSteps, stepsOf } from './bindContext.js';
import * as messages from './bindMessages.js';
import type { ElementOrder } from './bound.js';
import type { Step } from './compute.js';
import { nameAt } from './data.js';
import type { Statement } from './graph.js';

/** A cycle is shown up to this many elements. */
const shownElements = 8;

/** All instances of the group's statements, each a number of a statement and its plate indices. */
interface Instances {
  readonly count: number;
  readonly width: number;
  readonly rows: Int32Array;
}

interface Reader {
  readonly variable: string;
  readonly steps: readonly Step[];
  position(): number;
}

/** Null where an order depends on what is not known, or does not exist: then it was reported. */
export function orderElements(b: BindContext, statements: readonly Statement[]): ElementOrder | null {
  const idle = statements.some(
    (s) => expressionsOf(s).some((e) => b.isPoisoned(e)) || (s.kind !== 'factor' && s.target !== null && !b.shapes.has(s.target.variable)),
  );
  if (idle) return null;
  for (const s of statements) {
    const open = expressionsOfSteps(stepsOf(s)).find((e) => !b.known(e));
    if (open !== undefined) {
      b.report(messages.orderUnknown(s.span));
      return null;
    }
  }
  const instances = enumerate(b, statements);
  const definers = new Definers(b, statements, instances);
  const readers = statements.map((s) => readersOf(b, s, definers));
  if (readers.some((r) => r === null)) return null;
  const order = search(b, statements, instances, definers, readers as readonly (readonly Reader[])[]);
  if (order === null) return null;
  const rows = new Int32Array(instances.rows.length);
  order.forEach((k, position) => {
    rows.set(instances.rows.subarray(k * instances.width, (k + 1) * instances.width), position * instances.width);
  });
  return { statements: statements.map((s) => s.id), width: instances.width, rows };
}

function expressionsOf(s: Statement): readonly Expr[] {
  return expressionsIn(s).map((r) => r.expr);
}

function enumerate(b: BindContext, statements: readonly Statement[]): Instances {
  const width = 1 + Math.max(...statements.map((s) => s.plates.length));
  let rows = new Int32Array(1024 * width),
    count = 0;
  statements.forEach((s, number) => {
    const boxes = s.plates.map((p) => b.evaluator.box(p.index));
    b.evaluator.walk(stepsOf(s), () => {
      if ((count + 1) * width > rows.length) {
        const larger = new Int32Array(rows.length * 2);
        larger.set(rows);
        rows = larger;
      }
      rows[count * width] = number;
      for (let k = 0; k < boxes.length; k++) rows[count * width + 1 + k] = boxes[k]!.value;
      count++;
      return true;
    });
  });
  return { count, width, rows: rows.subarray(0, count * width) };
}

/** Sets the plate indices of a statement to those of an instance. */
function enter(b: BindContext, s: Statement, { rows, width }: Instances, k: number): void {
  for (let p = 0; p < s.plates.length; p++) b.evaluator.box(s.plates[p]!.index).value = rows[k * width + 1 + p]!;
}

/** Which instance draws or computes an element; given data are drawn by none. */
class Definers {
  readonly shapes = new Map<string, readonly number[]>();
  private readonly cells = new Map<string, Int32Array>();

  constructor(b: BindContext, statements: readonly Statement[], instances: Instances) {
    const ranks = new Map<string, number>();
    for (const s of statements) {
      if (s.kind === 'factor' || s.target === null) continue;
      ranks.set(s.target.variable, Math.max(ranks.get(s.target.variable) ?? 0, s.target.at.length));
    }
    for (const [name, rank] of ranks) {
      const shape = b.shapes.get(name)!.slice(0, rank);
      this.shapes.set(name, shape);
      this.cells.set(name, new Int32Array(sizeOf(shape)).fill(-1));
    }
    const places = statements.map((s) => {
      if (s.kind === 'factor' || s.target === null) return null;
      const shape = this.shapes.get(s.target.variable)!,
        own = shape.slice(0, s.target.at.length);
      const given = s.kind === 'observe' ? b.storages.get(s.target.variable) : undefined;
      return {
        block: sizeOf(shape.slice(s.target.at.length)),
        cells: this.cells.get(s.target.variable)!,
        given,
        position: b.evaluator.position(own, s.target.at),
      };
    });
    for (let k = 0; k < instances.count; k++) {
      const number = instances.rows[k * instances.width]!;
      const place = places[number];
      if (place == null) continue;
      enter(b, statements[number]!, instances, k);
      const p = place.position();
      if (p < 0 || (place.given !== undefined && !hasGap(place.given, p, place.cells.length / place.block))) continue;
      for (let c = p * place.block; c < (p + 1) * place.block; c++) if (place.cells[c] === -1) place.cells[c] = k;
    }
  }

  instance(variable: string, cell: number): number {
    return cell < 0 ? -1 : this.cells.get(variable)![cell]!;
  }
}

function hasGap({ gaps }: { readonly gaps: Uint8Array | null }, p: number, places: number): boolean {
  if (gaps === null) return false;
  const block = places === 0 ? 0 : gaps.length / places;
  return gaps.subarray(p * block, (p + 1) * block).includes(1);
}

function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, d) => product * d, 1);
}

/** The reads of a statement that may order it; null where an address is not known before the run. */
function readersOf(b: BindContext, s: Statement, definers: Definers): readonly Reader[] | null {
  const own = new Set<Index>(s.plates.map((p) => p.index));
  const found: Reader[] = [];
  let open = false;
  for (const root of expressionsIn(s)) {
    // An observed element is not read in order to generate it.
    if (s.kind === 'observe' && s.target !== null && root.expr === s.value.body) continue;
    forEachNode(root.expr, root.steps, (e, path) => {
      if (e.op !== 'ref') return;
      const shape = definers.shapes.get(e.variable);
      if (shape === undefined) return;
      const inner = path.filter((step) => step.kind !== 'loop' || !own.has(step.index));
      const steps = decidable(b, inner);
      if (steps === null) {
        open = true;
        return;
      }
      // Tests on what is being ordered cannot be decided before.
      const all = steps.filter((step) => step.kind === 'loop' || ![...variablesOf(step.test)].some((name) => definers.shapes.has(name)));
      const at = e.at.slice(0, shape.length).map((x, axis) => {
        if (b.known(x)) return x;
        const any = newIndex('i');
        all.push({ kind: 'loop', index: any, from: num(0), to: num(shape[axis]!) });
        return any;
      });
      found.push({ variable: e.variable, steps: all, position: b.evaluator.position(shape, at) });
    });
  }
  if (open) {
    b.report(messages.orderUnknown(s.span));
    return null;
  }
  return found;
}

interface Frame {
  readonly instance: number;
  readonly reads: readonly number[];
  next: number;
}

function search(
  b: BindContext,
  statements: readonly Statement[],
  instances: Instances,
  definers: Definers,
  readers: readonly (readonly Reader[])[],
): Int32Array | null {
  const { count, rows, width } = instances;
  const readsOf = (k: number): readonly number[] => {
    const number = rows[k * width]!;
    enter(b, statements[number]!, instances, k);
    const out: number[] = [];
    for (const r of readers[number]!) {
      b.evaluator.walk(r.steps, () => {
        const other = definers.instance(r.variable, r.position());
        if (other >= 0 && out[out.length - 1] !== other) out.push(other);
        return true;
      });
    }
    return out;
  };
  const unseen = 0,
    open = 1,
    done = 2;
  const state = new Uint8Array(count);
  const order = new Int32Array(count);
  let next = 0;
  for (let root = 0; root < count; root++) {
    if (state[root] !== unseen) continue;
    const stack: Frame[] = [{ instance: root, reads: readsOf(root), next: 0 }];
    state[root] = open;
    while (stack.length > 0) {
      const frame = stack[stack.length - 1]!;
      const child = frame.reads[frame.next++];
      if (child === undefined) {
        state[frame.instance] = done;
        order[next++] = frame.instance;
        stack.pop();
      } else if (state[child] === open) {
        const cycle = [...stack.slice(stack.findIndex((f) => f.instance === child)).map((f) => f.instance), child];
        const names = cycle.map((k) => nameOf(b, statements[rows[k * width]!]!, instances, k));
        const shown = names.length <= shownElements + 1 ? names : [...names.slice(0, shownElements), '...', names[names.length - 1]!];
        b.report(messages.elementCycle(shown, names.length - 1, statements[rows[child * width]!]!.span));
        return null;
      } else if (state[child] === unseen) {
        state[child] = open;
        stack.push({ instance: child, reads: readsOf(child), next: 0 });
      }
    }
  }
  return order;
}

function nameOf(b: BindContext, s: Statement, instances: Instances, k: number): string {
  if (s.kind === 'factor' || s.target === null) return 'an observed expression';
  enter(b, s, instances, k);
  return nameAt(
    s.target.variable,
    s.target.at.map((e) => b.evaluator.value(e)),
  );
}
