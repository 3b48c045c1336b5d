/**
 * Contraction: sums over large indices become tables of statistics.
 *
 * A coefficient is `sum over binders, where guards hold, of a product`. Each large binder is summed out
 * over the factors that contain it alone, so that `sum_n X[n,i] X[n,j] w[j] / s2` becomes a folded table
 * times the rest, and `sum_n 1[z[n] = k] x[n,i]` one pass of accumulation for all k. Tables of data
 * alone are filled once, at bind time; the others are filled before the kernel's own loop.
 */
import { type Code, accumulate, forLoop, when } from '../code/loop.js';
import {
  type Expr,
  type Index,
  add,
  apply,
  cond,
  equal,
  freeIndices,
  hash,
  index,
  isConst,
  mul,
  mulAll,
  num,
  one,
  reduce,
  ref,
  rewrite,
  substitute,
  variablesOf,
  visit,
  zero,
} from '../expr/expr.js';
import { factorsOf, type Binder } from '../3-derive/normalForm.js';
import { mayBeInfinite } from './exactZeros.js';
import { InverseLists, listed, lookupOf } from './inverseLists.js';
import { guarded, type ProgramBuilder, loops } from './programBuilder.js';

/** Ranges up to this many iterations are left to be unrolled or looped where they stand. */
export const smallRange: number = 8;
/** Functions that have a value at every number. */
const totalFunctions: ReadonlySet<string> = new Set([
  ...['add', 'sub', 'neg', 'mul', 'min', 'max', 'abs', 'floor', 'ceil', 'round', 'sign', 'not', 'and', 'or'],
  ...['eq', 'ne', 'lt', 'le', 'gt', 'ge', 'sin', 'cos', 'tanh', 'sigmoid', 'softplus', 'Phi', 'erf'],
]);
/** A table may not be larger than this many times the loop it replaces (plus a constant). */
const tableLimit = 4;
const tableFloor = 65_536;

export interface Sum {
  readonly binders: readonly Binder[];
  readonly guards: readonly Expr[];
  readonly coefficient: Expr;
}

/** Shared by the contractions of one kernel: equal statistics are computed once. */
export class StatisticTables {
  readonly before: Code[] = [];
  private readonly known: TableRecord[] = [];
  private readonly builder: ProgramBuilder;
  /** Storages that the kernel writes; tables filled before its loop must not read them. */
  private readonly updated: readonly string[];
  /** Plates of the kernel: indices that are free in coefficients. */
  private readonly plates: readonly Binder[];
  private readonly foldedTables: FoldedTables;
  private readonly shared: SharedTables | null;
  /** Shared tables that the kernel reads, each after those it is made of. */
  readonly needs: SharedTable[] = [];

  /** With `shared`, tables of the state are kept there for whoever puts kernels together; without, they are filled in `before`. */
  constructor(
    builder: ProgramBuilder,
    updated: readonly string[],
    plates: readonly Binder[],
    foldedTables: FoldedTables,
    shared: SharedTables | null = null,
  ) {
    this.builder = builder;
    this.updated = updated;
    this.plates = plates;
    this.foldedTables = foldedTables;
    this.shared = shared;
  }

  /** True where the kernel itself changes what an expression reads. */
  readsUpdated(e: Expr): boolean {
    const reads = variablesOf(e);
    return this.updated.some((u) => reads.has(u));
  }

  private need(table: SharedTable): void {
    if (this.needs.includes(table)) return;
    for (const t of table.madeOf) this.need(t);
    this.needs.push(table);
  }

  /** The sum as an expression of the kernel's plates and of `kept` binders, with tables for what could be summed out. */
  contract(
    sum: Sum,
    wanted: readonly Index[],
  ): { readonly binders: readonly Binder[]; readonly guards: readonly Expr[]; readonly value: Expr } {
    let binders = sum.binders.map((b) => this.builder.bindBinder(b));
    // The range of a ragged binder needs the outer ones.
    const kept = [...wanted];
    for (const b of [...binders].reverse()) {
      if (kept.includes(b.index))
        for (const i of [...freeIndices(b.from), ...freeIndices(b.to)])
          if (!kept.includes(i) && binders.some((o) => o.index === i)) kept.push(i);
    }
    let guards = sum.guards.map((g) => this.builder.bind(g)).filter((g) => !isConst(g, 1));
    if (guards.some((g) => isConst(g, 0))) return { binders: [], guards: [], value: zero };
    let factors: readonly Expr[] = factorsOf(this.builder.bind(sum.coefficient));
    const [only] = factors;
    if (
      factors.length === 1 &&
      only !== undefined &&
      isConst(only) &&
      !Number.isFinite(only.value) &&
      (binders.length > 0 || guards.length > 0)
    ) {
      // What is impossible counts once it holds anywhere: infinity times none would be no number.
      const count = this.contract({ ...sum, coefficient: one }, wanted);
      return { ...count, value: cond(apply('gt', count.value, zero), only, zero) };
    }
    const short = new Set<Index>();
    ({ binders, guards, factors } = this.throughLists(binders, guards, factors, kept, short));
    ({ binders, guards, factors } = this.separateGathers(binders, guards, factors, short));
    for (;;) {
      const candidates = binders.filter(
        (b) =>
          !kept.includes(b.index) &&
          !short.has(b.index) &&
          this.trips(b) > smallRange &&
          !binders.some((o) => o !== b && (freeIndices(o.from).has(b.index) || freeIndices(o.to).has(b.index))),
      );
      if (candidates.length === 0) break;
      candidates.sort((a, b) => this.trips(b) - this.trips(a));
      const binder = candidates[0]!;
      const has = (e: Expr): boolean => freeIndices(e).has(binder.index);
      const inner = factors.filter(has),
        innerGuards = guards.filter(has);
      const value = this.sumOut(binder, inner, innerGuards, binders);
      factors = this.besideSum(
        factors.filter((f) => !has(f)),
        innerGuards,
        value,
      );
      guards = guards.filter((g) => !has(g));
      binders = binders.filter((b) => b !== binder);
    }
    // What is left is small (or kept by the caller): plain sums, each over the factors that read its index.
    const keptBinders = binders.filter((b) => kept.includes(b.index));
    let inside = binders.filter((b) => !kept.includes(b.index));
    const innerGuards = guards.filter((g) => inside.some((b) => freeIndices(g).has(b.index)));
    let left = innerGuards;
    ({ inside, factors } = this.halved(inside, factors, left));
    while (inside.length > 0) {
      const b = this.innermost(inside, factors);
      const has = (e: Expr): boolean => freeIndices(e).has(b.index);
      const own = left.filter(has);
      factors = this.besideSum(
        factors.filter((f) => !has(f)),
        own,
        reduce('sum', b.index, b.from, b.to, guarded(own, mulAll(factors.filter(has)))),
      );
      left = left.filter((g) => !own.includes(g));
      inside = inside.filter((o) => o !== b);
    }
    const value = guarded(left, mulAll(factors));
    return { binders: keptBinders, guards: guards.filter((g) => !innerGuards.includes(g)), value };
  }

  /**
   * The factors of a sum's terms that do not read its index, and the sum. Its guards go into it, and what they kept inside an array or away
   * from an undefined value (`i > 0 && j < J ? a[i-1] : 0`) stands beside a sum of nothing: zero times no number would be none. So does
   * the log of an impossible outcome that none of the data is.
   */
  private besideSum(others: readonly Expr[], guards: readonly Expr[], sum: Expr): readonly Expr[] {
    const isExposed = (f: Expr): boolean => {
      const read = freeIndices(f);
      return (
        (guards.some((g) => [...freeIndices(g)].some((i) => read.has(i))) && this.mayHaveNoValue(f)) ||
        (guards.length > 0 && mayBeInfinite(this.builder, f))
      );
    };
    const exposed = others.filter(isExposed);
    if (exposed.length === 0) return [...others, sum];
    return [...others.filter((f) => !exposed.includes(f)), cond(apply('eq', sum, zero), zero, mulAll([...exposed, sum]))];
  }

  /** Whether some values of the indices lead outside an array, or to a quotient, power or function that may be undefined. */
  private mayHaveNoValue(e: Expr): boolean {
    let found = false;
    visit(e, (x) => {
      if (x.op === 'ref') found ||= x.at.some((a, d) => !this.inside(a, this.builder.storage(x.variable).shape[d]!));
      else if (x.op === 'apply') found ||= !totalFunctions.has(x.fn);
    });
    return found;
  }

  /** `sum_ij S[i,j] a_i a_j` with a symmetric S as `sum_i a_i (S[i,i] a_i + 2 sum_{j < i} S[i,j] a_j)`: half the products. */
  private halved(inside: Binder[], factors: readonly Expr[], guards: readonly Expr[]): { inside: Binder[]; factors: readonly Expr[] } {
    for (const a of inside)
      for (const b of inside) {
        if (a === b || !isConst(a.from, 0) || !isConst(b.from, 0) || !isConst(a.to) || !isConst(b.to, a.to.value) || a.to.value < 2)
          continue;
        const reads = (e: Expr, i: Index): boolean => freeIndices(e).has(i);
        if (guards.some((g) => reads(g, a.index) || reads(g, b.index))) continue;
        const both = factors.filter((f) => reads(f, a.index) && reads(f, b.index));
        const matrix = both[0];
        if (
          both.length !== 1 ||
          matrix === undefined ||
          matrix.op !== 'ref' ||
          matrix.at.length < 2 ||
          !isSymmetric(matrix.variable, this.builder)
        )
          continue;
        const [x, y] = matrix.at.slice(-2);
        if (
          !((x === a.index && y === b.index) || (x === b.index && y === a.index)) ||
          matrix.at.slice(0, -2).some((e) => reads(e, a.index) || reads(e, b.index))
        )
          continue;
        const own = factors.filter((f) => f !== matrix && reads(f, a.index)),
          others = factors.filter((f) => f !== matrix && reads(f, b.index));
        if (own.length === 0 || own.length !== others.length) continue;
        const swap = new Map<Index, Expr>([[b.index, a.index]]);
        const unmatched = [...own];
        for (const f of others) {
          const at = unmatched.findIndex((g) => equal(g, substitute(f, swap)));
          if (at >= 0) unmatched.splice(at, 1);
        }
        if (unmatched.length > 0) continue;
        const at = (j: Expr): Expr => ref(matrix.variable, [...matrix.at.slice(0, -2), a.index, j]);
        const below = reduce('sum', b.index, zero, a.index, mulAll([at(b.index), ...others]));
        const inner = add(mulAll([at(a.index), ...own]), mul(num(2), below));
        const rest = factors.filter((f) => f !== matrix && !own.includes(f) && !others.includes(f));
        return {
          inside: inside.filter((o) => o !== a && o !== b),
          factors: [...rest, reduce('sum', a.index, zero, a.to, mulAll([...own, inner]))],
        };
      }
    return { inside, factors };
  }

  /**
   * The sum to take first: one whose range no other needs, over factors that are the same for every element of
   * the kernel where there is such (`sum_j P[i,j] m[j]` before it meets the datum `x[n,i]`).
   */
  private innermost(inside: readonly Binder[], factors: readonly Expr[]): Binder {
    const free = inside.filter((b) => !inside.some((o) => o !== b && (freeIndices(o.from).has(b.index) || freeIndices(o.to).has(b.index))));
    const apart = free.filter(
      (b) => !factors.some((f) => freeIndices(f).has(b.index) && this.plates.some((p) => freeIndices(f).has(p.index))),
    );
    return apart.at(-1) ?? free.at(-1)!;
  }

  private trips(b: Binder): number {
    return this.builder.trips(b.from, b.to);
  }

  /** The inverse lists of the program. */
  get lists(): InverseLists {
    return this.foldedTables.lists;
  }

  /**
   * Long loops of which data say which instances an element has run over those alone, where no table can take their place: what they
   * sum reads what the kernel itself changes, or the table over the gathers in it would be larger than the loop. Their indices go to
   * `short`.
   */
  private throughLists(
    binders: readonly Binder[],
    guards: readonly Expr[],
    factors: readonly Expr[],
    kept: readonly Index[],
    short: Set<Index>,
  ): { binders: Binder[]; guards: Expr[]; factors: readonly Expr[] } {
    let out = { binders: [...binders], guards: [...guards], factors };
    for (const b of binders) {
      if (
        kept.includes(b.index) ||
        this.trips(b) <= smallRange ||
        out.binders.some((o) => o !== b && (freeIndices(o.from).has(b.index) || freeIndices(o.to).has(b.index)))
      )
        continue;
      const lookup = lookupOf(this.builder, b, out.guards);
      if (lookup === null || [...freeIndices(lookup.target)].some((i) => !this.plates.some((p) => p.index === i))) continue;
      let cells = lookup.extent,
        updated = false;
      const gathers: Expr[] = [];
      for (const f of out.factors)
        visit(f, (x) => {
          if (x.op !== 'ref' || this.builder.storage(x.variable).place === 'data' || !x.at.some((e) => freeIndices(e).has(b.index))) return;
          x.at.forEach((e, d) => {
            if (!freeIndices(e).has(b.index)) return;
            if (e.op !== 'ref') {
              if (this.updated.includes(x.variable)) updated = true;
              return;
            }
            if (gathers.some((g) => equal(g, e))) return;
            gathers.push(e);
            cells *= this.builder.storage(x.variable).shape[d]!;
          });
        });
      if (!updated && (gathers.length === 0 || cells <= this.trips(b))) continue;
      const made = listed(this.builder, this.lists, lookup, out.guards);
      const put = (e: Expr): Expr => substitute(e, made.map);
      short.add(made.binder.index);
      out = { binders: out.binders.map((o) => (o === b ? made.binder : o)), guards: [...made.guards], factors: out.factors.map(put) };
    }
    return out;
  }

  /**
   * `a[g[n]] * x[n]` with data g becomes `sum_j 1[g[n] = j] a[j] x[n]`, so that the sum over n speaks
   * of data alone and folds into a table over j. Discrete latents in the place of g give tables that
   * are filled in one pass. Only where the table is smaller than the loop.
   */
  private separateGathers(
    binders: readonly Binder[],
    guards: readonly Expr[],
    factors: readonly Expr[],
    short: ReadonlySet<Index>,
  ): { binders: Binder[]; guards: Expr[]; factors: readonly Expr[] } {
    const outBinders = [...binders],
      outGuards = [...guards];
    const separated: { e: Expr; j: Index }[] = [];
    let cells = 1;
    const model = this.builder.model;
    const rewriteFactor = (f: Expr): Expr =>
      rewrite(f, (x) => {
        if (x.op !== 'ref' || x.at.length === 0 || model.statusOf(x.variable) === 'given') return x;
        const at = x.at.map((e, d) => {
          if (e.op !== 'ref' || this.updated.some((u) => variablesOf(e).has(u))) return e;
          const heavy = outBinders.find((b) => !short.has(b.index) && this.trips(b) > smallRange && freeIndices(e).has(b.index));
          if (heavy === undefined) return e;
          const known = separated.find((s) => equal(s.e, e));
          if (known !== undefined) return known.j;
          const extent = this.builder.storage(x.variable).shape[d]!;
          const trips = Math.min(this.trips(heavy), Number.MAX_SAFE_INTEGER);
          // Together they make one table, and a table that is refused would be a loop over all of its cells.
          if (extent * 2 > trips || separated.length >= 2 || cells * extent > tableLimit * trips + tableFloor) return e;
          cells *= extent;
          const j = index('j');
          separated.push({ e, j });
          outBinders.push(this.builder.bindBinder({ index: j, from: zero, to: num(extent) }));
          outGuards.push(apply('eq', e, j));
          return j;
        });
        return at.every((e, d) => e === x.at[d]) ? x : ref(x.variable, at);
      });
    return { binders: outBinders, guards: outGuards, factors: factors.map(rewriteFactor) };
  }

  /** Sums one binder over the factors and guards that contain it. */
  private sumOut(binder: Binder, factors: readonly Expr[], guards: readonly Expr[], binders: readonly Binder[]): Expr {
    const body = mulAll(factors);
    const inline = (): Expr => {
      return reduce('sum', binder.index, binder.from, binder.to, guarded(guards, body));
    };
    if (factors.length === 0 && guards.length === 0) return apply('max', apply('sub', binder.to, binder.from), zero);
    // Equalities `e(n) = rhs` with rhs free of n address the table; other free indices are its further dimensions.
    const addresses: { left: Expr; right: Expr; extent: number }[] = [];
    const plainGuards: Expr[] = [];
    for (const g of guards) {
      const pair = this.equality(g, binder.index);
      const extent = pair === null ? null : this.extentOf(pair.right);
      if (pair !== null && extent !== null && !isConst(pair.right)) addresses.push({ ...pair, extent });
      else plainGuards.push(g);
    }
    const free = new Set<Index>();
    for (const e of [body, ...plainGuards, binder.from, binder.to, ...addresses.map((a) => a.left)])
      for (const i of freeIndices(e)) if (i !== binder.index) free.add(i);
    const others: Binder[] = [];
    for (const i of free) {
      const b = binders.find((x) => x.index === i) ?? this.plates.find((x) => x.index === i);
      if (b === undefined) return inline();
      others.push(b);
    }
    // Dimensions over ragged indices need their outer indices; keep the order of declaration.
    const all = [...this.plates, ...binders];
    others.sort((a, b) => all.findIndex((x) => x.index === a.index) - all.findIndex((x) => x.index === b.index));
    const extents: number[] = [];
    for (const o of others) {
      const r = this.builder.interval(o.to);
      if (r === null) return inline();
      extents.push(Math.max(0, r.high));
      const dependsOn = [...freeIndices(o.from), ...freeIndices(o.to)];
      if (dependsOn.some((i) => !others.some((x) => x.index === i))) return inline();
    }
    const shape = [...addresses.map((a) => a.extent), ...extents];
    const cells = shape.reduce((a, b) => a * b, 1);
    const trips = this.trips(binder);
    const work = others.reduce((w, o) => w * Math.min(this.trips(o), 1e6), Math.min(trips, 1e9));
    if (cells > tableLimit * Math.min(trips, 1e9) + tableFloor || work > 2e9) return inline();
    const reads = new Set<string>();
    for (const e of [body, ...guards, binder.from, binder.to, ...others.flatMap((o) => [o.from, o.to])])
      for (const v of variablesOf(e)) reads.add(v);
    const given = [...reads].every((v) => this.builder.storage(v).place === 'data');
    const madeOf = this.shared === null ? [] : this.shared.known.filter((t) => reads.has(t.table));
    for (const t of madeOf) for (const v of t.reads) reads.add(v);
    if (!given) {
      if (this.updated.some((u) => reads.has(u))) return inline();
      if (addresses.length === 0) return inline();
    }
    const at = [...addresses.map((a) => a.right), ...others.map((o) => o.index)];
    const lefts = addresses.map((a) => a.left);
    // A table for the first groups alone has no place for those of a later statement.
    const alike = (k: TableRecord): boolean =>
      sameTable(k, binder, others, lefts, plainGuards, body) && addresses.every((a, d) => k.extents[d]! >= a.extent);
    const same = (given ? this.foldedTables.known : this.known).find(alike);
    if (same !== undefined) return ref(same.table, at);
    const common = given ? undefined : this.shared?.known.find(alike);
    if (common !== undefined) {
      this.need(common);
      return ref(common.table, at);
    }
    const table = this.builder.fresh('sum', shape, given ? 'data' : 'scratch');
    if (given) this.builder.setInitial(table, new Float64Array(cells));
    const checks = addresses.flatMap((a) =>
      this.inside(a.left, a.extent) ? [] : [apply('and', apply('ge', a.left, zero), apply('lt', a.left, num(a.extent)))],
    );
    const cell = [...lefts, ...others.map((o) => o.index)];
    const outer = others.filter(
      (o) => freeIndices(binder.from).has(o.index) || freeIndices(binder.to).has(o.index) || this.plates.some((p) => p.index === o.index),
    );
    const innerLoops = others.filter((o) => !outer.includes(o));
    const guardsFirst = [...plainGuards, ...checks].filter((g) => !innerLoops.some((o) => freeIndices(g).has(o.index)));
    const guardsLate = plainGuards.filter((g) => innerLoops.some((o) => freeIndices(g).has(o.index)));
    let code: readonly Code[] = loops(innerLoops, guardsLate, [accumulate(table, cell, body)]);
    for (const g of guardsFirst.reverse()) code = [when(g, code)];
    const element = code;
    code = loops(outer, [], [forLoop(binder.index, binder.from, binder.to, code)]);
    const record: TableRecord = {
      binder,
      others,
      addresses: lefts,
      extents: addresses.map((a) => a.extent),
      guards: plainGuards,
      body,
      table,
    };
    if (given) {
      this.builder.fold(...code);
      this.foldedTables.known.push(record);
      return ref(table, at);
    }
    const clear: Code = { do: 'fill', storage: table, value: zero };
    if (this.shared === null) {
      this.before.push(clear, ...code);
      this.known.push(record);
    } else {
      const made: SharedTable = { ...record, reads, madeOf, clear, code, element: outer.length === 0 ? element : null };
      this.shared.known.push(made);
      this.need(made);
    }
    return ref(table, at);
  }

  /** `left = right` with the summed index on the left only. */
  private equality(g: Expr, i: Index): { left: Expr; right: Expr } | null {
    if (g.op !== 'apply' || g.fn !== 'eq') return null;
    const [a, b] = [g.args[0]!, g.args[1]!];
    const inA = freeIndices(a).has(i),
      inB = freeIndices(b).has(i);
    if (inA === inB) return null;
    return inA ? { left: a, right: b } : { left: b, right: a };
  }
  private extentOf(right: Expr): number | null {
    let plain = true;
    visit(right, (x) => {
      if (x.op === 'ref' || x.op === 'reduce' || x.op === 'element') plain = false;
    });
    if (!plain) return null;
    const r = this.builder.interval(right);
    return r === null || r.low < 0 ? null : r.high + 1;
  }
  private inside(left: Expr, extent: number): boolean {
    const r = this.builder.interval(left);
    return r !== null && r.low >= 0 && r.high < extent;
  }
}

/**
 * True for arrays whose last two dimensions form symmetric matrices: expectations of matrices and of products, covariances of the program.
 */
function isSymmetric(name: string, builder: ProgramBuilder): boolean {
  if (name.startsWith('E|')) return name.endsWith('_ij') || name.endsWith('|x_i x_j');
  const constraint = builder.model.graph.variables.get(name)?.constraint.kind;
  return constraint === 'cov' || constraint === 'corr';
}

/** Folded tables are shared by all kernels of a program. */
export class FoldedTables {
  readonly known: TableRecord[] = [];
  readonly lists: InverseLists = new InverseLists();
}

/** A table over the state that several kernels may read: recomputed when what it reads has changed. */
export interface SharedTable extends TableRecord {
  /** Storages read, those of the tables it is made of included. */
  readonly reads: ReadonlySet<string>;
  readonly madeOf: readonly SharedTable[];
  readonly clear: Code;
  /** Adds every term to a cleared table. */
  readonly code: readonly Code[];
  /** Adds the terms of one value of the binder; null where loops enclose the binder's. */
  readonly element: readonly Code[] | null;
}

/** Tables over the state, known to all kernels of a program. */
export class SharedTables {
  readonly known: SharedTable[] = [];
}

export interface TableRecord {
  readonly binder: Binder;
  readonly others: readonly Binder[];
  readonly addresses: readonly Expr[];
  /** Of the dimensions that the addresses go through. */
  readonly extents: readonly number[];
  readonly guards: readonly Expr[];
  readonly body: Expr;
  readonly table: string;
}

function sameTable(
  k: TableRecord,
  binder: Binder,
  others: readonly Binder[],
  addresses: readonly Expr[],
  guards: readonly Expr[],
  body: Expr,
): boolean {
  if (
    k.others.length !== others.length ||
    k.addresses.length !== addresses.length ||
    k.guards.length !== guards.length ||
    hash(k.body) !== hash(body)
  )
    return false;
  const bound = new Map<Index, Index>([[k.binder.index, binder.index]]);
  if (!equal(k.binder.from, binder.from) || !equal(k.binder.to, binder.to)) return false;
  for (let d = 0; d < others.length; d++) {
    const a = k.others[d]!,
      b = others[d]!;
    if (!equal(a.from, b.from, bound) || !equal(a.to, b.to, bound)) return false;
    bound.set(a.index, b.index);
  }
  return (
    equal(k.body, body, bound) &&
    k.addresses.every((e, d) => equal(e, addresses[d]!, bound)) &&
    k.guards.every((e, d) => equal(e, guards[d]!, bound))
  );
}
