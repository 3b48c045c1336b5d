/**
 * Joint blocks of finite latents as code. Every factor instance is a table over the elements it mentions
 * (`factorTables.ts`), filled by generated code at the current values of everything else; tables of one
 * element are log potentials, and what depends on data alone is filled when data is bound. Chains are
 * filtered and sampled in O(T K^2), other networks by variable elimination (`eliminationCode.ts`).
 *
 * Invariant: the log normaliser counts every instance of every factor that mentions a member's variable.
 */
import { type Code, forLoop, store, when } from '../../code/loop.js';
import {
  type Expr,
  type Index,
  type Ref,
  add,
  addAll,
  apply,
  cond,
  equal,
  index,
  isConst,
  mul,
  nestedSum,
  num,
  one,
  reduce,
  ref,
  sub,
  substitute,
  zero,
} from '../../expr/expr.js';
import { provablyDistinct, provablyEqual } from '../../expr/affine.js';
import type { TableTerm } from '../../3-derive/discreteBlock.js';
import { recomputeCode } from '../assemble.js';
import type { Derivation, RegionPlan } from '../derivation.js';
import { guarded, loops, type ProgramBuilder } from '../programBuilder.js';
import type { BlockMaker, DiscreteBlock } from './block.js';
import { elimination, type EliminationPlan, type Memory, once } from './eliminationCode.js';
import {
  aloneCode,
  type OwnedTerm,
  position,
  scopesOf,
  shiftOf,
  type Span,
  tableClass,
  type TableClass,
  tabulate,
  unaryTerm,
} from './factorTables.js';
import { finiteVariables, Layout, numbered, type NumberedVariable, type Refusal } from './finiteVariables.js';

/** A discrete block with what planners want to know of it. */
export interface EliminationBlock extends DiscreteBlock {
  /** `independent`: no two elements meet, so that drawing them one by one is as good. */
  readonly form: EliminationPlan['form'];
  /** Most elements that one meets when it is eliminated. */
  readonly treeWidth: number;
}

export interface DiscreteBlocks {
  readonly blocks: readonly EliminationBlock[];
  /** Candidates of finitely many values that are in no block. */
  readonly refused: readonly Refusal[];
}

/** Tables of all factors of a block together, in states. */
const mostTableCells = 1 << 26;

/** One block for each set of finite variables that factors connect. */
export const discreteBlocks: BlockMaker<EliminationBlock> = (builder, derivation, candidates) =>
  findDiscreteBlocks(builder, derivation, candidates).blocks;

export interface DiscreteOptions {
  /** Leave out variables whose elements meet no other: drawing them one by one is as good. */
  readonly onlyWhereMet?: boolean | undefined;
  /** Refuse blocks whose passes take more operations. */
  readonly mostOperations?: number | undefined;
}

/** The same, with the reasons why finite variables are in no block. */
export function findDiscreteBlocks(
  builder: ProgramBuilder,
  derivation: Derivation,
  candidates: readonly RegionPlan[],
  options: DiscreteOptions = {},
): DiscreteBlocks {
  const refused: Refusal[] = [];
  const variables = finiteVariables(builder, derivation, candidates, refused);
  const terms = tabulate(builder, derivation.factors, variables, refused);
  const blocks: EliminationBlock[] = [];
  for (const names of components([...variables.keys()], terms)) {
    const own = terms.filter(({ term, owner }) =>
      owner === null ? term.slots.some((s) => names.includes(s.variable)) : names.includes(owner),
    );
    if (options.onlyWhereMet === true && !own.some((t) => t.term.slots.length > 1)) continue;
    const made = makeBlock(
      builder,
      names.map((n) => numbered(builder, variables.get(n)!)),
      own.map((t) => t.term),
      options.mostOperations ?? Infinity,
    );
    if (typeof made === 'string') for (const variable of names) refused.push({ variable, reason: made });
    else blocks.push(made);
  }
  return { blocks, refused };
}

/** Sets of variables that share a table. */
function components(names: readonly string[], terms: readonly OwnedTerm[]): readonly (readonly string[])[] {
  const sets = names.map((n) => [n]);
  for (const { term } of terms) {
    const met = sets.filter((s) => term.slots.some((slot) => s.includes(slot.variable)));
    if (met.length < 2) continue;
    for (const s of met) sets.splice(sets.indexOf(s), 1);
    sets.push(met.flat());
  }
  return sets.map((s) => names.filter((n) => s.includes(n)));
}

function makeBlock(
  builder: ProgramBuilder,
  own: readonly NumberedVariable[],
  terms: readonly TableTerm[],
  mostOperations: number,
): EliminationBlock | string {
  const layout = new Layout(own);
  if (layout.counts.length === 0) return 'it has no unknown element';
  const classes: TableClass[] = [];
  let tableCells = 0;
  for (const term of terms) {
    if (term.slots.length < 2) continue;
    const made = tableClass(builder, layout, term, tableCells);
    classes.push(made);
    tableCells += made.tables * made.cells;
    if (tableCells > mostTableCells) return `the tables of its terms have more than ${mostTableCells} states`;
  }
  const { joint, alone, lookups, marginalCells } = scopesOf(builder, layout, classes);

  const fixedTables = classes.every((c) => c.fixed);
  const unary = terms.filter((t) => t.slots.length === 1).map((t) => unaryTerm(builder, layout, t));
  const fixed = unary.filter((u) => u.fixed),
    moving = unary.filter((u) => !u.fixed);
  const plan = elimination(layout, joint);
  if (typeof plan === 'string') return plan;
  const cost = plan.cost + (moving.length > 0 ? 10 * layout.unaryCells : 0) + (fixedTables ? 0 : 10 * tableCells);
  if (cost > mostOperations)
    return `drawing its ${layout.counts.length} unknowns together (${plan.structure}) takes about ${cost.toExponential(0)} operations`;

  const tables = fixedTables ? foldedStorage(builder, tableCells) : builder.fresh('table', [tableCells], 'state');
  const tableCode = classes.flatMap((c) => c.fill(tables));
  if (fixedTables) builder.fold(...tableCode);
  const given = fixed.length === 0 ? null : foldedStorage(builder, layout.unaryCells);
  if (given !== null) builder.fold(...fixed.flatMap((u) => u.into(given)));
  const filled = given === null || moving.length > 0 || alone.count > 0;
  const potentials = filled ? builder.fresh('potential', [layout.unaryCells], 'state') : given;
  const cell = index('c');
  const start: readonly Code[] = !filled
    ? []
    : given === null
      ? [{ do: 'fill', storage: potentials, value: zero }]
      : [forLoop(cell, zero, num(layout.unaryCells), [store(potentials, [cell], ref(given, [cell]))])];

  const total = builder.fresh('normaliser', [], 'state'),
    wanted = builder.fresh('wanted', [], 'data', 'int32');
  builder.setInitial(wanted, new Int32Array(1));
  const memory: Memory = {
    builder,
    layout,
    potentials,
    tables,
    total,
    wanted,
    marginals: once(() => builder.fresh('marginal', [layout.unaryCells], 'state')),
    pairs: once(() => builder.fresh('joint', [1], 'state')),
    values: once(() => builder.fresh('value', [layout.places], 'state', 'int32')),
  };
  const engine = plan.code(memory);
  const readable = lookups.map(
    ({ group, offsets, complete }): Readable => ({
      group,
      complete,
      storage: once(() => {
        const storage = builder.fresh('at', [offsets.length], 'data', 'int32');
        builder.setInitial(storage, offsets);
        return storage;
      }),
    }),
  );
  const possible = apply('gt', ref(memory.total, []), num(-Infinity));
  const reach = (body: readonly Code[]): readonly Code[] => [when(possible, [...body, ...writeBack(memory, own)], impossible(builder))];
  // Memory for what nobody reads is never made.
  const draw = once(() => reach(engine.draw())),
    mode = once(() => reach(engine.mode())),
    moments = once(() => engine.moments());
  return {
    kind: 'discrete',
    form: plan.form,
    treeWidth: plan.treeWidth,
    structure: plan.structure,
    size: layout.counts.length,
    cost,
    regions: own.flatMap((v) => v.regions.map((r) => r.region)),
    prepare: [
      ...start,
      ...moving.flatMap((u) => u.into(potentials)),
      ...(fixedTables ? [] : tableCode),
      ...aloneCode(builder, layout, alone, tables, potentials),
      ...engine.prepare,
    ],
    logNormaliser: add(ref(memory.total, []), addAll(terms.map((t) => undecided(builder, layout, t)))),
    get draw() {
      return draw();
    },
    get mode() {
      return mode();
    },
    get moments() {
      return moments();
    },
    probability: (members, everywhere = false) => probability(memory, readable, marginalCells, members, everywhere),
  };
}

/** Memory that is filled once, when data is bound. */
function foldedStorage(builder: ProgramBuilder, size: number): string {
  const storage = builder.fresh('sum', [Math.max(1, size)], 'data');
  builder.setInitial(storage, new Float64Array(Math.max(1, size)));
  return storage;
}

/** A draw among no weights: the state keeps its value and the run is told. */
function impossible(builder: ProgramBuilder): readonly Code[] {
  const kept = builder.fresh('kept', [], 'local', 'int32');
  return [
    store(kept, [], zero),
    { do: 'categorical', index: index('k'), count: one, logWeight: num(-Infinity), into: { storage: kept, at: [] } },
  ];
}

/** The instances of a term that no latent element decides, at the current state. */
function undecided(builder: ProgramBuilder, layout: Layout, term: TableTerm): Expr {
  const latent = layout.anyLatent(term.slots);
  if (term.slots.length > 0 && isConst(latent, 1)) return zero;
  for (const b of term.binders) builder.bindBinder(b);
  const inner = guarded([...term.guards, ...(term.slots.length === 0 ? [] : [apply('not', latent)])], term.value);
  return nestedSum(term.binders, inner);
}

/** Copies drawn values to the variables. */
function writeBack(memory: Memory, own: readonly NumberedVariable[]): readonly Code[] {
  const { builder, layout } = memory;
  return [
    ...own.flatMap((v) =>
      v.regions.flatMap(({ region }) => {
        const at = region.at.map((e) => builder.bind(e));
        const plates = region.plates.map((p) => builder.bindBinder({ index: p.index, from: p.from, to: p.to }));
        const guards = region.guards.map((g) => builder.bind(g)).filter((g) => !isConst(g, 1));
        return loops(plates, guards, [store(v.name, at, add(num(v.low), ref(memory.values(), [layout.place(ref(v.name, at))])))]);
      }),
    ),
    ...own.flatMap((v) => recomputeCode(builder, v.name)),
  ];
}

// --- marginals ------------------------------------------------------------------------------------

/** Marginals of a class, their offsets in a storage that is made when they are first read. */
interface Readable {
  readonly group: TableClass;
  readonly complete: boolean;
  readonly storage: () => string;
}
type Asked = readonly { readonly element: Ref; readonly value: Expr }[];

function probability(memory: Memory, lookups: readonly Readable[], cells: number, asked: Asked, everywhere: boolean): Expr | null {
  const { layout } = memory;
  if (asked.some((m) => !layout.variables.has(m.element.variable))) return null;
  // An element asked about twice has one value.
  const members: { element: Ref; value: Expr }[] = [];
  const tests: Expr[] = [];
  for (const m of asked) {
    const known = members.find((o) => sameAddress(o.element, m.element));
    if (known === undefined) members.push(m);
    else tests.push(apply('eq', known.value, m.value));
  }
  const p = amongEqual(members, (distinct) =>
    amongKnown(memory, distinct, (latent) =>
      latent.length === 0
        ? one
        : latent.length === 1
          ? ref(memory.marginals(), [add(layout.potentials(latent[0]!.element), latent[0]!.value)])
          : jointProbability(memory, lookups, latent, everywhere),
    ),
  );
  if (p !== null && members.length > 1) {
    // From now on they are computed, in memory that is made when the program is.
    memory.builder.reshape(memory.pairs(), [cells]);
    memory.builder.setInitial(memory.wanted, Int32Array.of(1));
  }
  return p === null ? null : tests.reduce<Expr>((inner, t) => cond(t, inner, zero), p);
}

/**
 * A probability of elements whose addresses data may make one (`z[n]` and `z[parent[n]]` at a root): then they have one value, and the
 * factor's table has no place for the second.
 */
function amongEqual(members: Asked, of: (distinct: Asked) => Expr | null): Expr | null {
  const choices = (open: Asked, distinct: Asked): Expr | null => {
    const [first, ...rest] = open;
    if (first === undefined) return of(distinct);
    return distinct
      .filter((other) => mayBeOne(first.element, other.element))
      .reduce<Expr | null>(
        (apart, other) => {
          const together = choices(rest, distinct);
          if (apart === null || together === null) return null;
          const same = first.element.at.map((e, d) => apply('eq', e, other.element.at[d]!)).reduce((x, y) => apply('and', x, y));
          return cond(same, cond(apply('eq', first.value, other.value), together, zero), apart);
        },
        choices(rest, [...distinct, first]),
      );
  };
  return choices(members, []);
}

function mayBeOne(a: Ref, b: Ref): boolean {
  return a.variable === b.variable && a.at.length > 0 && a.at.every((e, d) => !provablyDistinct(e, b.at[d]!, []));
}

/**
 * A probability where some of the elements may be known. Given ones have their value; of computed ones whoever asks has the definition in its
 * place, and is the same for every value, so that all mass may be on the first.
 */
function amongKnown({ builder, layout }: Memory, members: Asked, of: (latent: Asked) => Expr | null): Expr | null {
  const choices = (open: Asked, latent: Asked): Expr | null => {
    const [first, ...rest] = open;
    if (first === undefined) return of(latent);
    const { map, name, low } = layout.variable(first.element.variable);
    const drawn = choices(rest, [...latent, first]);
    if (map === null) return drawn;
    const known = choices(rest, latent),
      value = builder.model.statusOf(name) === 'partial' ? sub(ref(name, first.element.at), num(low)) : zero;
    return drawn === null || known === null
      ? null
      : cond(apply('ge', ref(map, first.element.at), zero), drawn, cond(apply('eq', first.value, value), known, zero));
  };
  return choices(members, []);
}

function sameAddress(a: Ref, b: Ref): boolean {
  return a.variable === b.variable && a.at.length === b.at.length && a.at.every((e, d) => provablyEqual(e, b.at[d]!));
}

/**
 * From the marginals of a factor that mentions all of the elements, summed over its other elements; where no factor does, 0, or null for all
 * if it is asked everywhere: elements without a factor have a probability too.
 */
function jointProbability(memory: Memory, lookups: readonly Readable[], members: Asked, everywhere: boolean): Expr | null {
  const found: { readonly test: Expr; readonly value: Expr }[] = [];
  for (const { group, storage, complete } of lookups) {
    for (const match of matches(group, members)) {
      const tests = group.key!.flatMap((k) => withinSpan(memory.builder, k, match.plates.get(k.binder.index)!));
      if (tests.some((t) => isConst(t, 0))) continue;
      const at = ref(storage(), [substitute(position(group.key!), match.plates)]);
      const certain = tests.length === 0 && complete;
      const test = certain ? one : [...tests, apply('ge', at, zero)].reduce((x, y) => apply('and', x, y));
      const free: { readonly index: Index; readonly count: number }[] = [];
      const state = group.term.slots.reduce<Expr>((flat, _, s) => {
        const member = match.slots.indexOf(s),
          count = group.counts[s]!;
        let value: Expr;
        if (member >= 0) value = members[member]!.value;
        else {
          const i = index('v');
          free.push({ index: i, count });
          value = i;
        }
        return add(mul(flat, num(count)), value);
      }, zero);
      const cell = ref(memory.pairs(), [add(at, state)]);
      found.push({ test, value: free.reduceRight<Expr>((e, f) => reduce('sum', f.index, zero, num(f.count), e), cell) });
      if (certain) return choose(found);
    }
  }
  return found.length === 0 || everywhere ? null : choose(found);
}
/** The first value whose test holds, else 0. */
function choose(found: readonly { readonly test: Expr; readonly value: Expr }[]): Expr {
  return found.reduceRight<Expr>((rest, f) => cond(f.test, f.value, rest), zero);
}

/** Tests that a plate's value lies in its range; none where that is known, a constant 0 where it does not. */
function withinSpan(builder: ProgramBuilder, span: Span, value: Expr): readonly Expr[] {
  const range = builder.interval(value),
    { from, extent } = span;
  if (range !== null && range.low >= from && range.high < from + extent) return [];
  if (range !== null && (range.high < from || range.low >= from + extent)) return [zero];
  return [apply('ge', value, num(from)), apply('lt', value, num(from + extent))];
}

interface Match {
  /** Slot of each member. */ readonly slots: readonly number[];
  readonly plates: ReadonlyMap<Index, Expr>;
}

/** Ways in which the members are slots of one instance. */
function matches(group: TableClass, members: Asked): readonly Match[] {
  let partial: Match[] = [{ slots: [], plates: new Map() }];
  for (const m of members) {
    partial = partial.flatMap((p) =>
      group.term.slots.flatMap((slot, s) => {
        if (p.slots.includes(s) || slot.variable !== m.element.variable || slot.at.length !== m.element.at.length) return [];
        const plates = new Map(p.plates);
        return slot.at.every((a, d) => unify(group, a, m.element.at[d]!, plates)) ? [{ slots: [...p.slots, s], plates }] : [];
      }),
    );
  }
  return partial.filter((p) => group.key!.every((k) => p.plates.has(k.binder.index)));
}

/** Finds values of the class's plates for which an address of a slot is that of a reader. */
function unify(group: TableClass, own: Expr, asked: Expr, plates: Map<Index, Expr>): boolean {
  const shifted = shiftOf(own);
  if (shifted !== null && group.key!.some((k) => k.binder.index === shifted.index)) {
    const value = sub(asked, num(shifted.shift)),
      known = plates.get(shifted.index);
    if (known !== undefined) return provablyEqual(known, value);
    plates.set(shifted.index, value);
    return true;
  }
  if (own.op === 'ref' && asked.op === 'ref')
    return (
      own.variable === asked.variable && own.at.length === asked.at.length && own.at.every((a, d) => unify(group, a, asked.at[d]!, plates))
    );
  if (own.op === 'apply' && asked.op === 'apply')
    return (
      own.fn === asked.fn && own.args.length === asked.args.length && own.args.every((a, k) => unify(group, a, asked.args[k]!, plates))
    );
  return equal(own, asked) || provablyEqual(own, asked);
}
