/**
 * From the scopes of a block to calls of the elimination procedures: chains are laid out one after the
 * other, positions in the order of the chain; other networks as buckets in a good order of elimination.
 * What is known when data is bound (who meets whom) is in arrays of integers.
 */
import { type Argument, type Code, forLoop, store, when } from '../../code/loop.js';
import { add, apply, cond, type Expr, type Index, index, mul, num, one, reduce, ref, zero } from '../../expr/expr.js';
import { chainFields, chainTableFields } from '../../random/elimination.js';
import { eliminationOrder } from '../../numeric/eliminationOrder.js';
import type { ProgramBuilder } from '../programBuilder.js';
import type { Scopes } from './factorTables.js';
import type { Layout } from './finiteVariables.js';

/** A value that is made when it is first asked for. */
export function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | null = null;
  return () => (made ??= { value: make() }).value;
}

/** Storages that all procedures share; some only exist once they are asked for. */
export interface Memory {
  readonly builder: ProgramBuilder;
  readonly layout: Layout;
  readonly potentials: string;
  readonly tables: string;
  /** Marginals of elements, laid out as the potentials, and of the elements of factors. */
  readonly marginals: () => string;
  readonly pairs: () => string;
  /** 1 where a reader has asked for the latter. */
  readonly wanted: string;
  /** Values by place. */
  readonly values: () => string;
  /** The log normaliser. */
  readonly total: string;
}

/** How a block will be eliminated; nothing is in memory yet. */
export interface EliminationPlan {
  readonly form: 'independent' | 'chains' | 'network';
  readonly treeWidth: number;
  readonly structure: string;
  /** Rough number of operations of a pass and a draw, tables not counted. */
  readonly cost: number;
  readonly code: (memory: Memory) => EliminationCode;
}
export interface EliminationCode {
  readonly prepare: readonly Code[];
  readonly draw: () => readonly Code[];
  readonly moments: () => readonly Code[];
  readonly mode: () => readonly Code[];
}

/** Largest table that elimination makes, and all of them together, in states. */
const largestTable: number = 1 << 20;
const mostCells: number = 1 << 26;

function memoryOf(builder: ProgramBuilder, hint: string, size: number, type: 'float64' | 'int32' = 'float64'): string {
  return builder.fresh(hint, [Math.max(1, size)], 'state', type);
}
function column(builder: ProgramBuilder, hint: string, values: Int32Array): string {
  const storage = builder.fresh(hint, [Math.max(1, values.length)], 'data', 'int32');
  builder.setInitial(storage, values.length === 0 ? new Int32Array(1) : values);
  return storage;
}
function call(
  procedure: string,
  storages: readonly string[],
  sizes: readonly (number | Expr)[],
  effects: readonly string[],
  into: string | null = null,
): Code {
  const args: Argument[] = [
    ...storages.map((storage): Argument => ({ kind: 'place', place: { storage, at: [zero] } })),
    ...sizes.map((n): Argument => ({ kind: 'value', value: typeof n === 'number' ? num(n) : n })),
  ];
  return { do: 'call', procedure, args, into: into === null ? null : { storage: into, at: [] }, effects };
}

/** The cheapest elimination of a block; a text where every order needs too large a table. */
export function elimination(layout: Layout, scopes: Scopes): EliminationPlan | string {
  return chains(layout, scopes) ?? network(layout, scopes);
}

// --- chains ---------------------------------------------------------------------------------------

/** Positions of all chains whose elements take K values. */
interface Bank {
  readonly count: number;
  readonly order: number[];
  readonly link: number[];
}

/** Null where some elements do not lie on chains with one table for each link. */
function chains(layout: Layout, scopes: Scopes): EliminationPlan | null {
  const n = layout.counts.length;
  // Up to two neighbours, each with the scope that links it.
  const neighbour = new Int32Array(2 * n).fill(-1),
    link = new Int32Array(2 * n);
  for (let i = 0; i < scopes.count; i++) {
    const from = scopes.starts[i]!;
    if (scopes.starts[i + 1]! - from !== 2) return null;
    const a = scopes.elements[from]!,
      b = scopes.elements[from + 1]!;
    if (layout.counts[a] !== layout.counts[b]) return null;
    const [x, y] = [scopes.strides[from]!, scopes.strides[from + 1]!],
      K = layout.counts[a]!;
    if (!((x === K && y === 1) || (x === 1 && y === K))) return null;
    for (const [p, q] of [
      [a, b],
      [b, a],
    ] as const) {
      const at = neighbour[2 * p]! < 0 ? 2 * p : 2 * p + 1;
      if (neighbour[at]! >= 0 || neighbour[2 * p] === q) return null;
      neighbour[at] = q;
      link[at] = i;
    }
  }
  const banks = new Map<number, Bank>();
  const seen = new Uint8Array(n);
  let starts = 0;
  for (let e = 0; e < n; e++) {
    if (seen[e] === 1 || neighbour[2 * e + 1]! >= 0) continue;
    const count = layout.counts[e]!;
    const bank = banks.get(count) ?? { count, order: [], link: [] };
    banks.set(count, bank);
    starts++;
    for (let now = e, scope = -1; now >= 0; ) {
      seen[now] = 1;
      bank.order.push(now);
      bank.link.push(scope);
      const ahead = [0, 1].find((d) => {
        const q = neighbour[2 * now + d]!;
        return q >= 0 && seen[q] === 0;
      });
      if (ahead === undefined) break;
      scope = link[2 * now + ahead]!;
      now = neighbour[2 * now + ahead]!;
    }
  }
  // What is left lies on circles.
  if (seen.includes(0)) return null;
  const laid: LaidBank[] = [];
  for (const bank of banks.values()) {
    const part = layBank(layout, scopes, bank);
    if (part === null) return null;
    laid.push(part);
  }
  const linked = starts < n;
  const values = [...banks.keys()].map(String).join(', ');
  return {
    form: linked ? 'chains' : 'independent',
    treeWidth: linked ? 1 : 0,
    structure: linked
      ? `${starts === 1 ? 'a chain' : `${starts} chains`} of ${n} elements with ${values} values each`
      : `${n === 1 ? 'one element' : `${n} independent elements`} of ${values} values`,
    cost: [...banks.values()].reduce((c, b) => c + b.order.length * (linked ? 3 * b.count * b.count + 12 * b.count : 12 * b.count), 0),
    code: (memory) => {
      const parts = laid.map((b) => bankCode(memory, b));
      return {
        prepare: [store(memory.total, [], zero), ...parts.flatMap((p) => p.prepare)],
        draw: () => parts.flatMap((p) => p.draw()),
        moments: () => parts.flatMap((p) => p.moments()),
        mode: () => parts.flatMap((p) => p.mode()),
      };
    },
  };
}

/** A bank in integers, as `random/elimination.ts` reads it. */
interface LaidBank {
  readonly n: number;
  readonly K: number;
  readonly positions: Int32Array;
  readonly tableAt: Int32Array;
  /** One chain with one table whose log potentials stand in a row from here; -1 for others. */
  readonly row: number;
}

/** Null where a table would have to be read along both of its axes. */
function layBank(layout: Layout, scopes: Scopes, bank: Bank): LaidBank | null {
  const { count: K, order } = bank;
  const n = order.length;
  const positions = new Int32Array(n * chainFields),
    tableAt: number[] = [];
  const numbers = new Map<number, number>();
  let starts = 0;
  for (let t = 0; t < n; t++) {
    const e = order[t]!,
      scope = bank.link[t]!;
    if (scope < 0) starts++;
    let table = -1;
    if (scope >= 0) {
      const from = scopes.starts[scope]!;
      const first = scopes.elements[from] === order[t - 1] ? 0 : 1;
      // Rows are the values of whichever element has the longer stride.
      const transposed = K > 1 && scopes.strides[from + first] === 1 ? 1 : 0;
      const offset = scopes.offsets[scope]!;
      const known = numbers.get(offset);
      table = known ?? numbers.size;
      if (known === undefined) {
        numbers.set(offset, table);
        tableAt.push(offset, transposed);
      } else if (tableAt[table * chainTableFields + 1] !== transposed) return null;
    }
    positions.set([layout.unaryOf[e]!, table, layout.placeOf[e]!, scope < 0 ? -1 : scopes.marginals[scope]!], t * chainFields);
  }
  const tables = numbers.size;
  if (tables * K * K > mostCells) return null;
  const first = layout.unaryOf[order[0]!]!;
  const inRow = tables === 1 && starts === 1 && order.every((e, t) => layout.unaryOf[e] === first + t * K);
  return { n, K, positions, tableAt: Int32Array.from(tableAt), row: inRow ? first : -1 };
}

function bankCode(memory: Memory, { n, K, positions, tableAt, row }: LaidBank): EliminationCode {
  const { builder } = memory;
  const tables = tableAt.length / chainTableFields;
  const where = column(builder, 'positions', positions),
    tablesAt = column(builder, 'tables', tableAt);
  const weights = memoryOf(builder, 'weights', tables * (2 * K * K + 1)),
    filtered = memoryOf(builder, 'filtered', n * K),
    predicted = memoryOf(builder, 'predicted', n * K + 1);
  const chain: ChainMemory = { n, K, weights, filtered, predicted };
  const sizes = [n, K];
  const forward = (part: string): Code =>
    call(
      'chainForward',
      [memory.potentials, memory.tables, where, tablesAt, weights, filtered, predicted],
      [...sizes, tables],
      [weights, filtered, predicted],
      part,
    );
  const moments = (): Code =>
    call(
      'chainMoments',
      [memory.tables, where, tablesAt, weights, filtered, predicted, memory.marginals(), memory.pairs()],
      [...sizes, ref(memory.wanted, [])],
      [memory.marginals(), memory.pairs()],
    );
  const short = row >= 0 && K <= unrolled ? builder.fresh('plain', [], 'state', 'int32') : null;
  const part = builder.fresh('part', [], 'local');
  const first = call(
    'chainWeights',
    [memory.potentials, memory.tables, where, tablesAt, weights, filtered],
    [...sizes, tables],
    [weights, filtered],
    part,
  );
  return {
    prepare: [
      ...(short === null
        ? [forward(part)]
        : [first, ...plainForward(builder, chain, part, short), when(apply('eq', ref(short, []), zero), [forward(part)])]),
      store(memory.total, [], add(ref(memory.total, []), ref(part, []))),
    ],
    draw: () => [
      call('chainDraw', [memory.tables, where, tablesAt, weights, filtered, predicted, memory.values()], sizes, [memory.values()]),
    ],
    moments: () =>
      short === null
        ? [moments()]
        : [
            when(
              apply('and', apply('eq', ref(short, []), one), apply('eq', ref(memory.wanted, []), zero)),
              plainMoments(builder, chain, memory.marginals(), row),
              [moments()],
            ),
          ],
    mode: () => {
      const back = memoryOf(builder, 'back', n * K, 'int32');
      return [
        call('chainMode', [memory.potentials, memory.tables, where, tablesAt, back, memory.values()], sizes, [back, memory.values()]),
      ];
    },
  };
}

/** Chains of this many values at most, with one table and positions in a row, are filtered by code that is written out. */
const unrolled = 8;
/** Predictions above this notice nothing of what underflows. */
const safePrediction = 1e-140;

interface ChainMemory {
  readonly n: number;
  readonly K: number;
  readonly weights: string;
  readonly filtered: string;
  readonly predicted: string;
}

/** The recursion of `chainForward` on the weights of `chainWeights`; `short` says whether no prediction was too small for it. */
function plainForward(
  builder: ProgramBuilder,
  { n, K, weights, filtered, predicted }: ChainMemory,
  part: string,
  short: string,
): readonly Code[] {
  const local = (hint: string): string => builder.fresh(hint, [], 'local');
  const now = builder.fresh('now', [K], 'scratch'),
    next = builder.fresh('next', [K], 'scratch');
  const least = local('least'),
    product = local('product'),
    logs = local('logs'),
    sum = local('sum'),
    scale = local('scale');
  const get = (name: string): Expr => ref(name, []);
  const each = (body: (k: Index) => readonly Code[]): Code => {
    const k = index('k');
    return forLoop(k, zero, num(K), body(k));
  };
  const total = (of: (k: Index) => Expr): Expr => {
    const k = index('k');
    return reduce('sum', k, zero, num(K), of(k));
  };
  const t = index('t');
  const cell = (k: Expr): Expr => add(mul(num(K), t), k);
  return [
    store(least, [], one),
    store(logs, [], zero),
    store(
      product,
      [],
      total((k) => ref(filtered, [k])),
    ),
    store(scale, [], apply('div', one, get(product))),
    each((k) => [store(now, [k], mul(ref(filtered, [k]), get(scale))), store(filtered, [k], ref(now, [k])), store(predicted, [k], one)]),
    forLoop(t, one, num(n), [
      each((k) => [
        store(
          next,
          [k],
          total((j) => mul(ref(now, [j]), ref(weights, [add(num(K * K), add(mul(num(K), k), j))]))),
        ),
      ]),
      each((k) => [
        store(predicted, [cell(k)], ref(next, [k])),
        store(least, [], cond(apply('lt', ref(next, [k]), get(least)), ref(next, [k]), get(least))),
        store(next, [k], mul(ref(next, [k]), ref(filtered, [cell(k)]))),
      ]),
      store(
        sum,
        [],
        total((k) => ref(next, [k])),
      ),
      store(scale, [], apply('div', one, get(sum))),
      each((k) => [store(now, [k], mul(ref(next, [k]), get(scale))), store(filtered, [cell(k)], ref(now, [k]))]),
      store(product, [], mul(get(product), get(sum))),
      when(apply('or', apply('lt', get(product), num(1e-100)), apply('gt', get(product), num(1e100))), [
        store(logs, [], add(get(logs), apply('log', get(product)))),
        store(product, [], one),
      ]),
    ]),
    store(part, [], add(get(part), add(get(logs), apply('log', get(product))))),
    store(predicted, [num(n * K)], zero),
    // False for NaN: whatever went wrong, the procedure finds out.
    store(short, [], apply('and', apply('gt', get(least), num(safePrediction)), apply('gt', get(part), num(-Infinity)))),
  ];
}

/** The recursion of `chainMoments` after `plainForward`, without the marginals of neighbours. */
function plainMoments(
  builder: ProgramBuilder,
  { n, K, weights, filtered, predicted }: ChainMemory,
  marginals: string,
  first: number,
): readonly Code[] {
  const now = builder.fresh('now', [K], 'scratch'),
    ratio = builder.fresh('ratio', [K], 'scratch');
  const each = (body: (k: Index) => readonly Code[]): Code => {
    const k = index('k');
    return forLoop(k, zero, num(K), body(k));
  };
  const t = index('t'),
    later = index('k');
  return [
    each((k) => [
      store(now, [k], ref(filtered, [add(num((n - 1) * K), k)])),
      store(marginals, [add(num(first + (n - 1) * K), k)], ref(now, [k])),
    ]),
    forLoop(
      t,
      zero,
      num(n - 1),
      [
        each((k) => [store(ratio, [k], apply('div', ref(now, [k]), ref(predicted, [add(mul(num(K), t), add(num(K), k))])))]),
        each((j) => [
          store(
            now,
            [j],
            mul(
              ref(filtered, [add(mul(num(K), t), j)]),
              reduce('sum', later, zero, num(K), mul(ref(weights, [add(mul(num(K), j), later)]), ref(ratio, [later]))),
            ),
          ),
          store(marginals, [add(num(first), add(mul(num(K), t), j))], ref(now, [j])),
        ]),
      ],
      true,
    ),
  ];
}

// --- networks -------------------------------------------------------------------------------------

function network(layout: Layout, scopes: Scopes): EliminationPlan | string {
  const n = layout.counts.length;
  const found = eliminationOrder(layout.counts, scopes.elements, scopes.starts, largestTable);
  if (found.kind === 'too wide') {
    // A table of so many states joins at least so many elements, all but one of which the width counts.
    const width = Math.ceil(Math.log(found.needed) / Math.log(layout.counts.reduce((a, b) => Math.max(a, b), 2)) - 1e-9) - 1;
    return `its elimination (tree-width ${width} or more) needs a table of ${rounded(found.needed)} states, more than ${largestTable}`;
  }
  if (found.total > mostCells) return `its elimination needs tables of ${rounded(found.total)} states, more than ${mostCells}`;
  const bucketOf = new Int32Array(n);
  found.order.forEach((v, i) => {
    bucketOf[v] = i;
  });
  const sources = found.order.length === 0 ? [] : assigned(scopes, bucketOf, n);
  const integers: number[] = [];
  const starts = new Int32Array(n);
  const children: number[][] = Array.from({ length: n }, () => []);
  const dims: (readonly number[])[] = [];
  const messageAt = new Int32Array(n).fill(-1);
  let tableCells = 0,
    messageCells = 0,
    choices = 0;
  found.order.forEach((v, i) => {
    const separator = [...found.separators[v]!];
    dims.push([...separator, v]);
    if (separator.length > 0) children[bucketOf[separator[0]!]!]!.push(i);
    const cells = separator.reduce((p, u) => p * layout.counts[u]!, 1);
    if (separator.length > 0) {
      messageAt[i] = messageCells;
      messageCells += cells;
    }
    choices += cells;
  });
  /** Strides of a bucket's message along a scope. */
  const along = (child: number, scope: readonly number[]): readonly number[] => {
    const own = dims[child]!.slice(0, -1);
    return scope.map((u) => {
      const d = own.indexOf(u);
      return d < 0 ? 0 : own.slice(d + 1).reduce((p, w) => p * layout.counts[w]!, 1);
    });
  };
  found.order.forEach((v, i) => {
    const scope = dims[i]!,
      D = scope.length,
      count = layout.counts[v]!;
    const cells = scope.slice(0, -1).reduce((p, u) => p * layout.counts[u]!, 1);
    const parent = D > 1 ? bucketOf[scope[0]!]! : -1;
    starts[i] = integers.length;
    integers.push(
      D,
      count,
      cells,
      tableCells,
      messageAt[i]!,
      1 + sources[i]!.length + children[i]!.length,
      layout.placeOf[v]!,
      layout.unaryOf[v]!,
      parent,
    );
    integers.push(
      ...scope.map((u) => layout.counts[u]!),
      ...scope.slice(0, -1).map((u) => layout.placeOf[u]!),
      ...along(i, scope.slice(0, -1)),
    );
    if (parent >= 0) integers.push(...along(i, dims[parent]!));
    integers.push(0, layout.unaryOf[v]!, -1, ...scope.map((u) => (u === v ? 1 : 0)));
    for (const s of sources[i]!) {
      const from = scopes.starts[s]!,
        to = scopes.starts[s + 1]!;
      const stride = (u: number): number => {
        for (let k = from; k < to; k++) if (scopes.elements[k] === u) return scopes.strides[k]!;
        return 0;
      };
      integers.push(1, scopes.offsets[s]!, scopes.marginals[s]!, ...scope.map(stride));
    }
    for (const child of children[i]!) integers.push(2, messageAt[child]!, -1, ...along(child, scope));
    tableCells += cells * count;
  });
  const laid: LaidNetwork = {
    n,
    integers: Int32Array.from(integers),
    starts,
    tableCells,
    messageCells,
    choices,
    widest: found.treeWidth + 1,
    largest: found.largest,
  };
  return {
    form: 'network',
    treeWidth: found.treeWidth,
    cost: 20 * tableCells,
    structure: `${n} elements, tree-width ${found.treeWidth} in ${found.rule} order, largest table ${found.largest} states`,
    code: (memory) => networkCode(memory, laid),
  };
}

/** A network in integers, as `random/elimination.ts` reads it, and what memory it needs. */
interface LaidNetwork {
  readonly n: number;
  readonly integers: Int32Array;
  readonly starts: Int32Array;
  readonly tableCells: number;
  readonly messageCells: number;
  readonly choices: number;
  /** Elements of the widest table, and states of the largest. */
  readonly widest: number;
  readonly largest: number;
}

function networkCode(
  memory: Memory,
  { n, integers, starts, tableCells, messageCells, choices, widest, largest }: LaidNetwork,
): EliminationCode {
  const { builder } = memory;
  const net = column(builder, 'network', integers),
    at = column(builder, 'starts', starts);
  const messages = memoryOf(builder, 'messages', messageCells),
    conditionals = memoryOf(builder, 'conditionals', tableCells);
  const digits = memoryOf(builder, 'digits', widest, 'int32');
  return {
    prepare: [
      call(
        'eliminate',
        [net, at, memory.potentials, memory.tables, messages, conditionals, digits],
        [n],
        [messages, conditionals, digits],
        memory.total,
      ),
    ],
    draw: () => [call('eliminationDraw', [net, at, conditionals, memory.values()], [n], [memory.values()])],
    moments: () => {
      const joints = memoryOf(builder, 'joints', tableCells),
        separators = memoryOf(builder, 'separators', messageCells);
      return [
        call(
          'eliminationMoments',
          [net, at, conditionals, joints, separators, memory.marginals(), memory.pairs(), digits],
          [n, ref(memory.wanted, [])],
          [joints, separators, memory.marginals(), memory.pairs(), digits],
        ),
      ];
    },
    mode: () => {
      const best = memoryOf(builder, 'best', largest),
        choice = memoryOf(builder, 'choices', choices, 'int32');
      return [
        call(
          'eliminationMode',
          [net, at, memory.potentials, memory.tables, messages, best, choice, memory.values(), digits],
          [n],
          [messages, best, choice, memory.values(), digits],
        ),
      ];
    },
  };
}

/** Scopes by the bucket in which they are multiplied: that of the element eliminated first. */
function assigned(scopes: Scopes, bucketOf: Int32Array, buckets: number): readonly (readonly number[])[] {
  const out: number[][] = Array.from({ length: buckets }, () => []);
  for (let i = 0; i < scopes.count; i++) {
    let first = buckets;
    for (let k = scopes.starts[i]!; k < scopes.starts[i + 1]!; k++) first = Math.min(first, bucketOf[scopes.elements[k]!]!);
    out[first]!.push(i);
  }
  return out;
}

function rounded(states: number): string {
  return Number.isFinite(states) && states < 1e9 ? String(states) : `about ${states.toExponential(0)}`;
}
