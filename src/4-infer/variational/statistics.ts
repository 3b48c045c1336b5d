/**
 * Sums over data that several updates and the bound read: `sum_n E[1[z_n = k]] x_ni` is computed once
 * for all readers, all sums over one range in one pass, and again only when an expectation in it has
 * changed. Found in the generated code itself, so nothing here knows what the sums mean.
 */
import { mapCode } from '../../code/analysis.js';
import { type Code, accumulate, forLoop, store } from '../../code/loop.js';
import {
  type Expr,
  type Index,
  type Reduce,
  add,
  equal,
  freeIndices,
  hash,
  isConst,
  mapChildren,
  num,
  one,
  ref,
  variablesOf,
  zero,
} from '../../expr/expr.js';
import { factorsOf } from '../../3-derive/normalForm.js';
import type { ProgramBuilder } from '../programBuilder.js';

/** Sums over fewer terms stay where they are. */
const shortest = 9;
/** Cells of a table, and cells for each term summed, beyond which a sum stays where it is. */
const largestTable = 4096;
const cellsPerTerm = 1;

interface SharedSum {
  readonly table: string;
  readonly dims: readonly Index[];
  readonly extents: readonly number[];
  readonly sum: Reduce;
  readonly hash: number;
}

/** Sums over one range that read the same expectations. */
interface Group {
  readonly entry: string;
  readonly reads: ReadonlySet<string>;
  readonly from: number;
  readonly to: number;
  readonly sums: SharedSum[];
}

/** A pass that refreshes shared sums: the entry point, and the tables of expectations that make it stale. */
export interface Refresh {
  readonly entry: string;
  readonly reads: ReadonlySet<string>;
}

type Extents = ReadonlyMap<Index, number>;

export class SharedSums {
  private readonly builder: ProgramBuilder;
  private readonly groups: Group[] = [];
  constructor(builder: ProgramBuilder) {
    this.builder = builder;
  }

  /**
   * The code with shared sums read from their tables, and the refreshes it needs. `written`: storages the code itself changes on the way.
   */
  share(code: readonly Code[], written: ReadonlySet<string>): { readonly code: readonly Code[]; readonly needs: readonly string[] } {
    const needs = new Set<string>();
    const expression = (e: Expr, extents: Extents): Expr => {
      if (e.op === 'reduce' && isConst(e.from) && isConst(e.to)) {
        const shared = this.shared(e, extents, written);
        if (shared !== null) {
          needs.add(shared.entry);
          return shared.value;
        }
        const inner = new Map([...extents, [e.index, e.to.value]]);
        return mapChildren(e, (x) => expression(x, inner));
      }
      return mapChildren(e, (x) => expression(x, extents));
    };
    const block = (list: readonly Code[], extents: Extents): readonly Code[] =>
      list.map((c): Code => {
        switch (c.do) {
          case 'for': {
            const inner = isConst(c.to) ? new Map([...extents, [c.index, c.to.value]]) : extents;
            return { ...c, body: block(c.body, inner) };
          }
          case 'if':
            return { ...c, test: expression(c.test, extents), then: block(c.then, extents), otherwise: block(c.otherwise, extents) };
          // A function is called many times within one update.
          case 'function':
            return c;
          default:
            return mapCode(c, (e) => expression(e, extents));
        }
      });
    return { code: block(code, new Map()), needs: [...needs] };
  }

  /** Entry points that compute the sums, to be added to the program once all code has been seen. */
  declare(): readonly Refresh[] {
    return this.groups.map((g) => {
      const fills = g.sums.map((s): Code => ({ do: 'fill', storage: s.table, value: zero }));
      const first = g.sums[0]!.sum.index;
      const mirrors: Code[] = [];
      const bodies = g.sums.flatMap((s): readonly Code[] => {
        const body = s.sum.index === first ? s.sum.body : substituteIndex(s.sum.body, s.sum.index, first);
        const pair = symmetricPair(s, body);
        if (pair !== null) mirrors.push(...mirror(s, pair));
        const to = (d: number): Expr => (pair !== null && d === pair[1] ? add(s.dims[pair[0]]!, one) : num(s.extents[d]!));
        return s.dims.reduceRight<readonly Code[]>((inner, i, d) => [forLoop(i, zero, to(d), inner)], [accumulate(s.table, s.dims, body)]);
      });
      this.builder.entry(g.entry, [...fills, forLoop(first, num(g.from), num(g.to), bodies), ...mirrors]);
      return { entry: g.entry, reads: g.reads };
    });
  }

  private shared(e: Reduce, extents: Extents, written: ReadonlySet<string>): { readonly value: Expr; readonly entry: string } | null {
    if (e.kind !== 'sum' || !isConst(e.from) || !isConst(e.to)) return null;
    const from = e.from.value,
      to = e.to.value;
    if (to - from < shortest) return null;
    const reads = new Set<string>();
    for (const name of variablesOf(e.body)) {
      if (name.startsWith('E|')) {
        if (written.has(name)) return null;
        reads.add(name);
      } else if (!this.builder.hasStorage(name) || this.builder.storage(name).place !== 'data') return null;
    }
    if (reads.size === 0) return null;
    const dims: Index[] = [];
    for (const i of freeIndices(e)) {
      if (!extents.has(i)) return null;
      dims.push(i);
    }
    const sizes = dims.map((i) => extents.get(i)!);
    const cells = sizes.reduce((a, b) => a * b, 1);
    if (cells > largestTable || cells > cellsPerTerm * (to - from) + 64) return null;
    const key = [...reads].sort().join(',');
    const group = this.group(key, reads, from, to);
    const h = hash(e);
    for (const s of group.sums) {
      if (s.hash !== h || s.dims.length !== dims.length || s.extents.some((x, d) => x !== sizes[d])) continue;
      if (equal(s.sum, e, new Map(s.dims.map((i, d): [Index, Index] => [i, dims[d]!]))))
        return { value: ref(s.table, dims), entry: group.entry };
    }
    const table = this.builder.fresh('statistic', sizes, 'state');
    group.sums.push({ table, dims, extents: sizes, sum: e, hash: h });
    return { value: ref(table, dims), entry: group.entry };
  }
  private group(key: string, reads: ReadonlySet<string>, from: number, to: number): Group {
    const known = this.groups.find((g) => g.from === from && g.to === to && [...g.reads].sort().join(',') === key);
    if (known !== undefined) return known;
    const made: Group = { entry: `refresh${this.groups.length}`, reads, from, to, sums: [] };
    this.groups.push(made);
    return made;
  }
}

/** Two dimensions, the first the outer, that a sum does not tell apart: half the table says it all. */
function symmetricPair(s: SharedSum, body: Expr): readonly [number, number] | null {
  const factors = factorsOf(body);
  for (let outer = 0; outer < s.dims.length; outer++)
    for (let inner = outer + 1; inner < s.dims.length; inner++) {
      if (s.extents[outer] !== s.extents[inner]) continue;
      const [a, b] = [s.dims[outer]!, s.dims[inner]!];
      const left = factors.map((f) => exchange(f, a, b));
      for (const f of factors) {
        const at = left.findIndex((x) => equal(x, f));
        if (at >= 0) left.splice(at, 1);
      }
      if (left.length === 0) return [outer, inner];
    }
  return null;
}
function exchange(e: Expr, a: Index, b: Index): Expr {
  const go = (x: Expr): Expr => (x === a ? b : x === b ? a : mapChildren(x, go));
  return go(e);
}
/** Copies the half below the diagonal of two dimensions to the half above. */
function mirror(s: SharedSum, [outer, inner]: readonly [number, number]): readonly Code[] {
  const [a, b] = [s.dims[outer]!, s.dims[inner]!];
  const other = s.dims.map((i) => (i === a ? b : i === b ? a : i));
  const to = (d: number): Expr => (d === inner ? a : num(s.extents[d]!));
  return s.dims.reduceRight<readonly Code[]>(
    (code, i, d) => [forLoop(i, zero, to(d), code)],
    [store(s.table, other, ref(s.table, s.dims))],
  );
}

function substituteIndex(e: Expr, from: Index, to: Index): Expr {
  const go = (x: Expr): Expr => (x === from ? to : mapChildren(x, go));
  return go(e);
}
