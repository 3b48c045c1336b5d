/**
 * Gaussian blocks as code: the members' log density is -x'Px / 2 + h'x + constant given the rest, with P and
 * h summed from the coefficients of the canonical form (contracted and folded as every statistic is) and
 * P = L D L' factored in place. Kalman filter and smoother, regressions, hierarchical predictors are cases.
 *
 * logNormaliser = l(m) + n/2 log 2 pi - 1/2 log det P, with l the members' factors, as the program has them,
 * at the mean m: nothing cancels. A direction that nothing holds makes it +Infinity; see `failure`.
 */
import { type Argument, type Code, type Place, accumulate, store, when } from '../../code/loop.js';
import {
  add,
  addAll,
  apply,
  build,
  cond,
  equal,
  type Expr,
  freeIndices,
  type Index,
  index,
  isConst,
  mul,
  num,
  type Ref,
  ref,
  rewrite,
  substitute,
  visit,
  zero,
} from '../../expr/expr.js';
import { provablyDistinct, provablyEqual } from '../../expr/affine.js';
import { type GaussianStructure, gaussianStructures, type QuadraticTerm } from '../../3-derive/gaussianBlock.js';
import { maskOf } from '../../3-derive/model.js';
import type { Binder } from '../../3-derive/normalForm.js';
import { jointTerms, recomputeCode } from '../assemble.js';
import { type FoldedTables, smallRange, StatisticTables } from '../contract.js';
import { nameOfCell } from '../posterior.js';
import { guarded, loops, type ProgramBuilder } from '../programBuilder.js';
import type { Derivation, RegionPlan } from '../derivation.js';
import { inWords } from '../wording.js';
import type { GaussianBlock } from './block.js';
import {
  choosePattern,
  type Elements,
  type Instances,
  instancesOf,
  numberElements,
  overRegions,
  type Pattern,
  placeOf,
  readsDataOnly,
  tabulated,
} from './gaussianPattern.js';

/** A Gaussian block as its maker returns it. */
export interface AssembledGaussianBlock extends GaussianBlock {
  readonly structureOf: GaussianStructure;
  /** True where two different draws meet: drawing them together is more than drawing each. */
  readonly meets: boolean;
  /**
   * Four numbers that `prepare` writes: log det P, 0 or 1 + the row that was not positive definite, how often that happened, the first such
   * row + 1.
   */
  readonly status: string;
  /** 1 / D of the element's row in P = L D L', after `prepare`: members that meet no others have the log determinant -sum log of theirs. */
  inversePivot(element: Ref, binders: readonly Binder[]): Expr | null;
  /** The element of a row, in the program's words. */
  elementOf(row: number): string;
  /** The cells of all members by row, and the members in the order of those cells: for naming elements where only numbers travel. */
  readonly rows: Int32Array;
  readonly members: readonly { readonly name: string; readonly shape: readonly number[] }[];
  /** Tables of statistics that `prepare` reads. */
  readonly tables: StatisticTables;
  /** What a block with twice the digits offers to judge them by; null where it is not asked for or would take too long. */
  readonly careful: CarefulBlock | null;
}

/** Gaussian blocks among the candidates, each a set of variables that hang together; also of elements that never meet. */
export function gaussianBlocks(
  builder: ProgramBuilder,
  derivation: Derivation,
  candidates: readonly RegionPlan[],
  folded: FoldedTables,
): readonly AssembledGaussianBlock[] {
  return findGaussianBlocks(builder, derivation, candidates, folded).blocks;
}

/** The same, with the reasons why candidates are in no block. */
export function findGaussianBlocks(
  builder: ProgramBuilder,
  derivation: Derivation,
  candidates: readonly RegionPlan[],
  folded: FoldedTables,
): {
  readonly blocks: readonly AssembledGaussianBlock[];
  readonly refused: readonly { readonly variable: string; readonly reason: string }[];
} {
  const found = gaussianStructures(
    candidates.map((c) => c.region),
    derivation.regions.map((r) => r.region),
    derivation.forms,
    builder.model,
  );
  const refused = found.refused.map((r) => ({
    variable: r.variable,
    reason: r.term === null ? r.reason : `${r.reason} (${inWords(r.term)})`,
  }));
  const blocks = found.blocks.flatMap((structure) => {
    const made = gaussianBlock(builder, structure, folded);
    if (!('refused' in made)) return [made];
    refused.push(...structure.variables.map((variable) => ({ variable, reason: made.refused })));
    return [];
  });
  return { blocks, refused };
}

export interface CarefulBlock {
  /** Computes the condition number of the prepared precision into a place. */
  readonly condition: (into: Place) => Code;
  /**
   * Puts the members at the mean + `step` times the direction of the smallest pivot, along which the precision's form is 1 if that pivot is
   * right.
   */
  readonly probe: (step: Expr) => readonly Code[];
  /** Two numbers that `probe` writes: the row of that pivot, and its ratio to the diagonal element. */
  readonly worst: string;
}

export interface GaussianOptions {
  /** Most operations of one `prepare` and `draw`, given how many pairs of scalars meet (each with itself counted). */
  readonly mostOperations?: (pairs: number) => number;
  /** Where the code runs within one entry point, its memory need not survive a call. */
  readonly scratch?: boolean;
  /** Refuse a block in which no two draws meet. */
  readonly onlyWhereMet?: boolean;
  /** A storage of one number: where it is not 0, sums and factors have twice the digits. */
  readonly careful?: string;
}

/** Twice the digits take some forty times as long: most operations of a factor that is made with them. */
const mostCareful = 1e9;

/** Hours of arithmetic, and more numbers than an array holds. */
const mostOperations = 1e12,
  mostCells = 2 ** 29;

/** Why a structure is no block; `met` where elements that meet are kept apart by that. */
export interface RefusedBlock {
  readonly refused: string;
  readonly met: boolean;
}

/** One structure as code, or the reason it is none. */
export function gaussianBlock(
  builder: ProgramBuilder,
  structure: GaussianStructure,
  folded: FoldedTables,
  options: GaussianOptions = {},
): AssembledGaussianBlock | RefusedBlock {
  const elements = numberElements(builder, structure.regions);
  const n = elements.count;
  if (n === 0) return { refused: 'it has no elements', met: false };
  const tables = new StatisticTables(builder, structure.variables, [], folded);
  const terms = contractedTerms(builder, tables, structure);
  const instances = instancesOf(builder, elements, terms);
  if (instances === null) return { refused: 'too many pairs of elements meet', met: true };
  const met = drawsMeet(structure, elements, instances);
  if (options.onlyWhereMet === true && !met) return { refused: 'no two draws meet', met };
  const pattern = choosePattern(elements, instances);
  if (pattern.cost > Math.min(mostOperations, options.mostOperations?.(pattern.pairs) ?? Infinity) || pattern.cells > mostCells) {
    return {
      refused: `drawing its ${n} scalars together (${pattern.structure}) takes about ${pattern.cost.toExponential(0)} operations`,
      met,
    };
  }
  const place = options.scratch === true ? 'scratch' : 'state';
  const factor = builder.fresh('precision', [pattern.cells], place);
  const mean = builder.fresh('mean', [n], place);
  const status = builder.fresh('status', [4], 'state');
  const view = new BlockView(builder, elements, pattern, mean, () => covariance);
  const covariance = builder.fresh('covariance', [pattern.cells], place);
  const calls = callsOf(builder, pattern, n, { factor, mean, status, covariance });
  const careful =
    options.careful === undefined || pattern.cost > mostCareful
      ? null
      : carefulCalls(builder, calls, pattern, n, { factor, mean, status, covariance }, options.careful);
  const at = (storage: string): Expr => ref(storage, [zero]);
  const failed = apply('gt', ref(status, [num(1)]), zero);
  const members = elements.members.map((m) => ({ name: m.name, shape: m.shape }));
  const rows = pattern.order.map((e) => elements.cellOf[e]!);
  return {
    kind: 'gaussian',
    regions: structure.regions,
    structureOf: structure,
    size: n,
    meets: met,
    structure: `${n} ${n === 1 ? 'scalar' : 'scalars'}, ${pattern.structure}`,
    cost: pattern.cost,
    status,
    tables,
    members,
    rows,
    prepare: [
      ...tables.before,
      { do: 'fill', storage: factor, value: zero },
      { do: 'fill', storage: mean, value: zero },
      ...either(careful, (c) => [...c.clear, ...assembly(builder, terms, instances, pattern, factor, mean, c.add), c.factor], [
        ...assembly(builder, terms, instances, pattern, factor, mean),
        calls.factor,
      ]),
    ],
    careful:
      careful === null
        ? null
        : {
            condition: careful.condition,
            worst: careful.worst,
            probe: (step) => [
              ...careful.findDirection,
              ...overRegions(builder, structure.regions, (e) => [
                store(e.variable, e.at, add(view.mean(e), mul(step, ref(careful.direction, [view.positionOf(e)])))),
              ]),
              ...structure.variables.flatMap((v) => recomputeCode(builder, v)),
            ],
          },
    logNormaliser: add(
      addAll(factorsAtMean(builder, structure, (e) => view.mean(e))),
      add(num(0.5 * n * Math.log(2 * Math.PI)), mul(num(-0.5), at(status))),
    ),
    draw: [
      when(
        failed,
        [],
        [
          calls.draw,
          ...overRegions(builder, structure.regions, (e) => [store(e.variable, e.at, ref(calls.drawn, [view.positionOf(e)]))]),
          ...structure.variables.flatMap((v) => recomputeCode(builder, v)),
        ],
      ),
    ],
    moments: [
      when(
        failed,
        [],
        either(careful, (c) => [c.invert], [calls.invert]),
      ),
    ],
    mean: (element) => view.mean(element),
    covariance: (a, b, binders, guards) => view.covariance(a, b, binders, guards),
    inversePivot: (element, binders) => {
      const place = view.place(element, element, binders);
      return place === null ? null : ref(factor, [place]);
    },
    elementOf: (row) => nameOfCell(members, rows[row]!),
  };
}

/** True where elements of two different draws stand in one instance of a term. */
function drawsMeet(structure: GaussianStructure, { members, cellOf }: Elements, instances: readonly Instances[]): boolean {
  const starts: number[] = [],
    sizes: number[] = [];
  let offset = 0;
  for (const m of members) {
    const rank = structure.regions.find((r) => r.variable.name === m.name)!.eventRank;
    starts.push(offset);
    sizes.push(m.shape.slice(m.shape.length - rank).reduce((a, b) => a * b, 1));
    offset += m.shape.reduce((a, b) => a * b, 1);
  }
  // The first cell of the draw that an element belongs to.
  const drawOf = (element: number): number => {
    const cell = cellOf[element]!;
    let v = starts.length - 1;
    while (starts[v]! > cell) v--;
    return cell - ((cell - starts[v]!) % sizes[v]!);
  };
  return instances.some(
    (t) =>
      t.elements.length === 2 &&
      t.elements[0]!.some((a, i) => a >= 0 && a !== t.elements[1]![i]! && drawOf(a) !== drawOf(t.elements[1]![i]!)),
  );
}

// --- assembling ---------------------------------------------------------------------------------------

/** A term after everything but its addresses was summed out. */
export interface ContractedTerm {
  readonly binders: readonly Binder[];
  readonly guards: readonly Expr[];
  readonly value: Expr;
  readonly elements: readonly Ref[];
}

/** The terms of a structure that are not zero, their sums in the tables. */
export function contractedTerms(builder: ProgramBuilder, tables: StatisticTables, structure: GaussianStructure): readonly ContractedTerm[] {
  return structure.terms.map((t) => contracted(builder, tables, t)).filter((t) => !isConst(t.value, 0));
}

function contracted(builder: ProgramBuilder, tables: StatisticTables, term: QuadraticTerm): ContractedTerm {
  const spread = spreadAddresses(builder, renamed(term));
  const kept = new Set<Index>();
  for (const e of spread.elements)
    for (const a of e.at) for (const i of freeIndices(a)) if (spread.binders.some((b) => b.index === i)) kept.add(i);
  const done = tables.contract(spread, [...kept]);
  return { binders: done.binders, guards: done.guards, value: done.value, elements: spread.elements };
}

/** With binders of its own: terms of one factor share theirs, and an instance of one may stand inside a sum of another. */
function renamed(term: QuadraticTerm): QuadraticTerm {
  const map = new Map<Index, Expr>();
  const put = (e: Expr): Expr => substitute(e, map);
  const binders = term.binders.map((b): Binder => {
    const fresh = { index: index(b.index.name), from: put(b.from), to: put(b.to) };
    map.set(b.index, fresh.index);
    return fresh;
  });
  return {
    binders,
    guards: term.guards.map(put),
    coefficient: put(term.coefficient),
    elements: term.elements.map((e) => ref(e.variable, e.at.map(put))),
  };
}

/**
 * Addresses that look up data or a latent become every element j under the guard `lookup = j`: of latents
 * always, since the pattern is fixed; of data where the table over j is smaller than the loop it replaces.
 */
function spreadAddresses(builder: ProgramBuilder, term: QuadraticTerm): QuadraticTerm {
  const binders = [...term.binders],
    guards = [...term.guards];
  const bound = term.elements.map((e) =>
    ref(
      e.variable,
      e.at.map((a) => builder.bind(a)),
    ),
  );
  const plain = new Set<Index>();
  const looksUp = (a: Expr): boolean => {
    let found = false;
    visit(a, (x) => {
      if (x.op === 'ref') found = true;
    });
    return found;
  };
  for (const e of bound) for (const a of e.at) if (!looksUp(a)) for (const i of freeIndices(a)) plain.add(i);
  const known: { readonly e: Expr; readonly j: Index }[] = [];
  const lookups: { readonly e: Expr; readonly extent: number; readonly latent: boolean }[] = [];
  for (const e of bound)
    e.at.forEach((a, d) => {
      if (!looksUp(a) || lookups.some((l) => equal(l.e, a))) return;
      lookups.push({ e: a, extent: builder.storage(e.variable).shape[d]!, latent: !readsDataOnly(builder, a) });
    });
  // Of data all or none: an index that one address keeps would be looped over for every element of the others.
  const cells = lookups.reduce((product, l) => product * l.extent, 1);
  const read = new Set(lookups.flatMap((l) => [...freeIndices(l.e)]));
  const trips = term.binders
    .filter((b) => read.has(b.index))
    .reduce((t, b) => t * builder.trips(builder.bind(b.from), builder.bind(b.to)), 1);
  const worth = trips > smallRange && 2 * cells <= Math.min(trips, 1e9) && [...read].every((i) => !plain.has(i));
  for (const l of lookups) {
    if (!l.latent && !worth) continue;
    const j = index('j');
    known.push({ e: l.e, j });
    binders.push({ index: j, from: zero, to: num(l.extent) });
    guards.push(apply('eq', l.e, j));
  }
  const elements = bound.map((e) =>
    ref(
      e.variable,
      e.at.map((a) => known.find((k) => equal(k.e, a))?.j ?? a),
    ),
  );
  return { binders, guards, coefficient: term.coefficient, elements };
}

/**
 * Sums every term's coefficients into the potential (one element) or the precision (two); value by value with `addTo` where given, in place
 * of plain sums.
 */
function assembly(
  builder: ProgramBuilder,
  terms: readonly ContractedTerm[],
  instances: readonly Instances[],
  pattern: Pattern,
  factor: string,
  mean: string,
  addTo: ((storage: string, slot: Expr, value: Expr) => Code) | null = null,
): readonly Code[] {
  const groups: {
    readonly binders: readonly Binder[];
    readonly guards: readonly Expr[];
    readonly sums: { readonly storage: string; readonly slot: Expr; readonly values: Expr[] }[];
  }[] = [];
  terms.forEach((t, k) => {
    const own = instances[k]!;
    const same = groups.find((g) => alike(g, t));
    const map = new Map(t.binders.map((b, d): [Index, Expr] => [b.index, same === undefined ? b.index : same.binders[d]!.index]));
    const put = (e: Expr): Expr => substitute(e, map);
    const first = own.elements[0]!,
      second = own.elements[1];
    const table =
      second === undefined
        ? first.map((a) => (a < 0 ? -1 : pattern.position[a]!))
        : first.map((a, i) => (a < 0 ? -1 : placeOf(pattern, a, second[i]!)));
    if (table.every((x) => x < 0)) return;
    const extents = own.extents.length === 0 ? [1] : own.extents;
    const slot = put(tabulated(builder, table, extents, own.extents.length === 0 ? [zero] : t.binders.map((b) => b.index), 'place'));
    const value = put(second === undefined ? t.value : mul(multiplicity(builder, t), t.value));
    const storage = second === undefined ? mean : factor;
    const group = same ?? { binders: t.binders, guards: t.guards, sums: [] };
    if (same === undefined) groups.push(group);
    const into = group.sums.find((s) => s.storage === storage && equal(s.slot, slot));
    if (into === undefined) group.sums.push({ storage, slot, values: [value] });
    else into.values.push(value);
  });
  return groups.flatMap((g) =>
    loops(
      g.binders,
      g.guards,
      g.sums.flatMap((s) =>
        addTo === null ? [accumulate(s.storage, [s.slot], addAll(s.values))] : s.values.map((v) => addTo(s.storage, s.slot, v)),
      ),
    ),
  );
}

/** Terms that run over the same instances share a loop. */
function alike(a: { readonly binders: readonly Binder[]; readonly guards: readonly Expr[] }, b: ContractedTerm): boolean {
  if (a.binders.length !== b.binders.length || a.guards.length !== b.guards.length) return false;
  const map = new Map<Index, Index>();
  for (let d = 0; d < a.binders.length; d++) {
    const x = a.binders[d]!,
      y = b.binders[d]!;
    if (!equal(x.from, y.from, map) || !equal(x.to, y.to, map)) return false;
    map.set(x.index, y.index);
  }
  return a.guards.every((g, k) => equal(g, b.guards[k]!, map));
}

/** What a coefficient of x_a x_b adds to P_ab: -1 to each of the two symmetric elements, -2 to a diagonal one. */
function multiplicity(builder: ProgramBuilder, t: ContractedTerm): Expr {
  const [a, b] = [t.elements[0]!, t.elements[1]!];
  if (a.variable !== b.variable) return num(-1);
  const ranges = t.binders.map((x) => ({ index: x.index, from: x.from, to: x.to }));
  const tests: Expr[] = [];
  for (let d = 0; d < a.at.length; d++) {
    if (provablyEqual(a.at[d]!, b.at[d]!)) continue;
    if (provablyDistinct(a.at[d]!, b.at[d]!, ranges)) return num(-1);
    tests.push(builder.bind(apply('eq', a.at[d]!, b.at[d]!)));
  }
  return guarded(tests, num(-2), num(-1));
}

// --- calls of the runtime ---------------------------------------------------------------------------------

/** Code under the flag of `careful` and without it. */
function either(careful: CarefulCalls | null, then: (c: CarefulCalls) => readonly Code[], otherwise: readonly Code[]): readonly Code[] {
  return careful === null ? otherwise : [when(apply('ne', ref(careful.flag, [zero]), zero), then(careful), otherwise)];
}

interface CarefulCalls {
  readonly flag: string;
  readonly clear: readonly Code[];
  readonly add: (storage: string, slot: Expr, value: Expr) => Code;
  readonly factor: Code;
  readonly invert: Code;
  readonly condition: (into: Place) => Code;
  readonly worst: string;
  readonly direction: string;
  readonly findDirection: readonly Code[];
}

/** Calls of `random/carefulGaussian.ts`. */
function carefulCalls(builder: ProgramBuilder, { columns }: Calls, pattern: Pattern, n: number, s: Storages, flag: string): CarefulCalls {
  const low = builder.fresh('precisionLow', [pattern.cells], 'state'),
    meanLow = builder.fresh('meanLow', [n], 'state');
  const worst = builder.fresh('worst', [2], 'state'),
    direction = builder.fresh('direction', [n], 'scratch');
  const at = (storage: string, slot: Expr = zero): Argument => ({ kind: 'place', place: { storage, at: [slot] } });
  const call = (procedure: string, effects: readonly string[], args: readonly Argument[], into: Place | null = null): Code => ({
    do: 'call',
    procedure,
    args,
    into,
    effects,
  });
  const { layout } = pattern;
  const kind = layout.kind === 'banded' ? 'Banded' : 'Sparse';
  const size = (layout.kind === 'banded' ? [n, layout.width] : [n]).map((x): Argument => ({ kind: 'value', value: num(x) }));
  const shape = [...columns, ...size];
  return {
    flag,
    worst,
    direction,
    findDirection: [
      call(`gaussianWorst${kind}`, [worst], [at(worst), at(s.factor), ...shape]),
      call(`gaussianDirection${kind}`, [direction], [at(direction), at(s.factor), { kind: 'value', value: ref(worst, [zero]) }, ...shape]),
    ],
    clear: [
      { do: 'fill', storage: low, value: zero },
      { do: 'fill', storage: meanLow, value: zero },
    ],
    add: (storage, slot, value) => {
      const rest = storage === s.mean ? meanLow : low;
      return call('carefulAdd', [storage, rest], [at(storage, slot), at(rest, slot), { kind: 'value', value }]);
    },
    factor: call(
      `carefulFactor${kind}`,
      [s.factor, low, s.mean, meanLow, s.status],
      [at(s.factor), at(low), at(s.mean), at(meanLow), at(s.status), ...shape],
    ),
    invert: call(`carefulInvert${kind}`, [s.covariance], [at(s.covariance), at(s.factor), at(low), ...shape]),
    condition: (into) => call(`gaussianCondition${kind}`, [], [at(s.factor), at(s.status), ...shape], into),
  };
}

/** `columns`: the pattern by columns, of sparse layouts. */
interface Calls {
  readonly factor: Code;
  readonly draw: Code;
  readonly invert: Code;
  readonly drawn: string;
  readonly columns: readonly Argument[];
}
interface Storages {
  readonly factor: string;
  readonly mean: string;
  readonly status: string;
  readonly covariance: string;
}

function callsOf(builder: ProgramBuilder, pattern: Pattern, n: number, s: Storages): Calls {
  const whole = (storage: string, length: number): Argument => ({ kind: 'array', value: build([num(length)], (i) => ref(storage, [i])) });
  const place = (storage: string): Argument => ({ kind: 'place', place: { storage, at: [zero] } });
  const value = (x: number): Argument => ({ kind: 'value', value: num(x) });
  const call = (procedure: string, effects: readonly string[], args: readonly Argument[]): Code => ({
    do: 'call',
    procedure,
    args,
    into: null,
    effects,
  });
  const drawn = builder.fresh('joint', [n], 'scratch');
  const effects = [s.factor, s.mean, s.status];
  const { layout } = pattern;
  if (layout.kind === 'banded') {
    const size = [value(n), value(layout.width)];
    return {
      drawn,
      columns: [],
      factor: call('gaussianFactorBanded', effects, [place(s.factor), place(s.mean), place(s.status), ...size]),
      draw: call('gaussianDrawBanded', [drawn], [place(drawn), whole(s.factor, pattern.cells), whole(s.mean, n), ...size]),
      invert: call('gaussianInvertBanded', [s.covariance], [place(s.covariance), whole(s.factor, pattern.cells), ...size]),
    };
  }
  const integers = (hint: string, values: Int32Array): Argument => {
    // An empty storage has no first place.
    const name = builder.fresh(hint, [Math.max(1, values.length)], 'data', 'int32');
    builder.setInitial(name, values.length === 0 ? new Int32Array(1) : values);
    return place(name);
  };
  const work = builder.fresh('work', [n], 'scratch'),
    sums = builder.fresh('work', [n], 'scratch');
  const { columnStart, rowOf, rowStart, columnOf, placeOf: places } = layout.pattern;
  const columns = [integers('columnStart', columnStart), integers('rowOf', rowOf)];
  return {
    drawn,
    columns,
    factor: call(
      'gaussianFactorSparse',
      [...effects, work],
      [
        place(s.factor),
        place(s.mean),
        place(s.status),
        place(work),
        ...columns,
        integers('rowStart', rowStart),
        integers('columnOf', columnOf),
        integers('placeOf', places),
        value(n),
      ],
    ),
    draw: call('gaussianDrawSparse', [drawn], [place(drawn), whole(s.factor, pattern.cells), whole(s.mean, n), ...columns, value(n)]),
    invert: call(
      'gaussianInvertSparse',
      [s.covariance, work, sums],
      [place(s.covariance), place(work), place(sums), whole(s.factor, pattern.cells), ...columns, value(n)],
    ),
  };
}

// --- reading ------------------------------------------------------------------------------------------------

/** The factors of a block with its members at their means. */
export function factorsAtMean(builder: ProgramBuilder, structure: GaussianStructure, mean: (element: Ref) => Expr): readonly Expr[] {
  const members = new Set(structure.variables);
  return jointTerms(builder, structure.factors).map(({ value }) =>
    rewrite(value, (x) => {
      if (x.op !== 'ref' || !members.has(x.variable)) return x;
      // Elements of partly missing data that were given stand at their values.
      return builder.model.statusOf(x.variable) === 'partial' ? cond(ref(maskOf(x.variable), x.at), mean(x), x) : mean(x);
    }),
  );
}

/** Means and covariances of a block's elements by their addresses. */
class BlockView {
  private readonly builder: ProgramBuilder;
  private readonly elements: Elements;
  private readonly pattern: Pattern;
  private readonly meanStorage: string;
  private readonly covarianceStorage: () => string;
  private readonly positions = new Map<string, (at: readonly Expr[]) => Expr>();

  constructor(builder: ProgramBuilder, elements: Elements, pattern: Pattern, meanStorage: string, covarianceStorage: () => string) {
    this.builder = builder;
    this.elements = elements;
    this.pattern = pattern;
    this.meanStorage = meanStorage;
    this.covarianceStorage = covarianceStorage;
    for (const m of elements.members) {
      const numbers = builder.initialValues(m.table) as Int32Array;
      const table = numbers.map((e) => (e < 0 ? -1 : pattern.position[e]!));
      const extents = m.shape.length === 0 ? [1] : m.shape;
      const marks = extents.map((_, d) => index(`i${d}`));
      const position = tabulated(builder, table, extents, marks, 'position');
      this.positions.set(m.name, (at) => substitute(position, new Map(marks.map((i, d): [Index, Expr] => [i, at[d] ?? zero]))));
    }
  }

  positionOf(element: Ref): Expr {
    return this.positions.get(element.variable)!(element.at);
  }
  mean(element: Ref): Expr {
    return ref(this.meanStorage, [this.positionOf(element)]);
  }

  covariance(a: Ref, b: Ref, binders: readonly Binder[], guards: readonly Expr[] = []): Expr | null {
    const place = this.place(a, b, binders, guards);
    return place === null ? null : ref(this.covarianceStorage(), [place]);
  }
  /** Where the factor, and the covariance, keep a pair; null where they do not. */
  place(a: Ref, b: Ref, binders: readonly Binder[], guards: readonly Expr[] = []): Expr | null {
    const { builder, elements, pattern } = this;
    if (![a, b].every((e) => elements.members.some((m) => m.name === e.variable))) return null;
    const bound = [a, b].map((e) =>
      ref(
        e.variable,
        e.at.map((x) => builder.bind(x)),
      ),
    );
    // The binders that addresses use, and those that the ranges of these use.
    const used = new Set<Index>(bound.flatMap((e) => e.at.flatMap((x) => [...freeIndices(x)])));
    const all = binders.map((x) => builder.bindBinder(x));
    for (const x of [...all].reverse()) if (used.has(x.index)) for (const i of [...freeIndices(x.from), ...freeIndices(x.to)]) used.add(i);
    const own = all.filter((x) => used.has(x.index));
    if (
      !bound.every((e) => e.at.every((x) => readsDataOnly(builder, x) && [...freeIndices(x)].every((i) => own.some((o) => o.index === i))))
    )
      return null;
    const decided = guards.map((g) => builder.bind(g)).filter((g) => [...freeIndices(g)].every((i) => own.some((o) => o.index === i)));
    const found = instancesOf(builder, elements, [{ binders: own, guards: decided, elements: bound }]);
    if (found === null) return null;
    const {
      extents,
      elements: [first, second],
    } = found[0]!;
    const table = new Int32Array(first!.length);
    for (let k = 0; k < table.length; k++) {
      table[k] = first![k]! < 0 ? -1 : placeOf(pattern, first![k]!, second![k]!);
      if (first![k]! >= 0 && table[k]! < 0) return null;
    }
    return tabulated(builder, table, extents.length === 0 ? [1] : extents, own.length === 0 ? [zero] : own.map((x) => x.index), 'place');
  }
}
