/**
 * Random loop programs for fast-check. Every program is well formed: offsets lie inside their
 * storages and stored values stay in (-1, 1), so results are finite. The storages are few, so that
 * writes, gathers, calls and local functions collide often. A program is read off a tape of numbers;
 * at its end every choice is the first and simplest, so shrinking the tape shrinks the program.
 */
import fc from 'fast-check';
import type { Arbitrary } from 'fast-check';
import {
  add,
  apply,
  arrayOf,
  at,
  build,
  cond,
  div,
  element,
  exp,
  index,
  log,
  mul,
  num,
  one,
  reduce,
  ref,
  scalarOf,
  square,
  sub,
  zero,
} from '../../src/expr/expr.js';
import type { Expr, Index, ReduceKind } from '../../src/expr/expr.js';
import { accumulate, forLoop, store, when } from '../../src/code/loop.js';
import type { Argument, Code, Module, Place, Storage } from '../../src/code/loop.js';
import type { Procedure } from '../../src/code/runtime.js';

export const N = 12,
  K = 4;

export const storages: readonly Storage[] = [
  { name: 'x', type: 'float64', shape: [N], place: 'data' },
  { name: 'g', type: 'int32', shape: [N], place: 'data', range: 3 },
  { name: 's', type: 'float64', shape: [], place: 'state' },
  { name: 'a', type: 'float64', shape: [N], place: 'state' },
  { name: 'm', type: 'float64', shape: [K, N], place: 'state' },
  { name: 'z', type: 'int32', shape: [N], place: 'state', range: K },
  { name: 'w', type: 'float64', shape: [K], place: 'scratch' },
  { name: 'c', type: 'int32', shape: [K], place: 'scratch' },
  { name: 'u', type: 'float64', shape: [], place: 'local' },
  { name: 'v', type: 'float64', shape: [], place: 'local' },
  { name: 'p', type: 'float64', shape: [], place: 'local' },
];

type Evaluator = (x: number) => number;
/** Procedures that read and write while a local function watches. */
export const procedures: ReadonlyMap<string, Procedure> = new Map<string, Procedure>([
  [
    'probe',
    ((_random: unknown, f: Evaluator, array: Float64Array, offset: number) => {
      array[offset] = Math.tanh(f(0.3));
      array[offset] = Math.tanh(array[offset]! + f(array[offset]!));
      return Math.tanh(f(-0.5));
    }) as Procedure,
  ],
  [
    'reach',
    ((_random: unknown, array: Float64Array, offset: number, by: number) => {
      array[offset] = Math.tanh(array[offset]! - by);
      return array[offset]!;
    }) as Procedure,
  ],
  ['total', ((_random: unknown, values: Float64Array) => Math.tanh(values.reduce((x, y) => x + y, 0) + values.length)) as Procedure],
  ['half', ((_random: unknown, x: number) => x / 2) as Procedure],
  ['jitter', ((random: { uniform(): number }) => random.uniform()) as Procedure],
]);

/** Choices read off a list of numbers. */
class Tape {
  private position = 0;
  private readonly numbers: readonly number[];
  constructor(numbers: readonly number[]) {
    this.numbers = numbers;
  }
  next(count: number): number {
    return (this.numbers[this.position++] ?? 0) % count;
  }
  pick<T>(...options: readonly T[]): T {
    return options[this.next(options.length)]!;
  }
  /** One of several ways to go on, each as often as its weight; the first is the simplest. */
  way<T>(...ways: readonly (readonly [number, () => T])[]): T {
    let left = this.next(ways.reduce((sum, [weight]) => sum + weight, 0));
    for (const [weight, go] of ways) {
      if (left < weight) return go();
      left -= weight;
    }
    throw new Error('weights do not add up');
  }
}

/** An index in scope with the exclusive upper bound of its values. */
interface Bound {
  readonly index: Index;
  readonly limit: number;
}
type Scope = readonly Bound[];

class Programs {
  private readonly tape: Tape;
  private functions = 0;
  constructor(tape: Tape) {
    this.tape = tape;
  }

  /** An offset into a dimension. */
  private offset(scope: Scope, extent: number): Expr {
    const inside = scope.filter((b) => b.limit <= extent),
      rows = scope.filter((b) => b.limit <= N);
    return this.tape.way<Expr>(
      [2, () => num(this.tape.next(extent))],
      [inside.length > 0 ? 5 : 0, () => this.tape.pick(...inside).index],
      [inside.length > 0 ? 1 : 0, () => sub(num(extent - 1), this.tape.pick(...inside).index)],
      [rows.length > 0 && extent >= K ? 3 : 0, () => ref(this.tape.pick('z', 'g'), [this.tape.pick(...rows).index])],
    );
  }

  private load(scope: Scope): Expr {
    return this.tape.way<Expr>(
      [2, () => ref(this.tape.pick('s', 'u', 'v'))],
      [2, () => ref(this.tape.pick('a', 'x', 'z'), [this.offset(scope, N)])],
      [1, () => ref('w', [this.offset(scope, K)])],
      [1, () => ref('m', [this.offset(scope, K), this.offset(scope, N)])],
    );
  }

  /** A whole number in [0, K). */
  private integer(scope: Scope): Expr {
    return this.tape.way<Expr>(
      [1, () => num(this.tape.next(K))],
      [1, () => ref(this.tape.pick('g', 'z'), [this.offset(scope, N)])],
      [1, () => cond(apply('gt', this.expression(scope, 1), num(0.1)), num(3), num(1))],
      [
        1,
        () => {
          const k = index('k');
          return reduce('argmax', k, zero, num(K), this.expression([...scope, { index: k, limit: K }], 1));
        },
      ],
    );
  }

  expression(scope: Scope, depth: number): Expr {
    const inner = (): Expr => this.expression(scope, depth - 1);
    const leaf = (): Expr => this.tape.way<Expr>([1, () => num(this.tape.pick(0.5, -1.25, 2, 0))], [4, () => this.load(scope)]);
    if (depth <= 0) return leaf();
    return this.tape.way<Expr>(
      [3, leaf],
      [3, () => add(inner(), inner())],
      [2, () => sub(inner(), inner())],
      [3, () => mul(inner(), inner())],
      [2, () => div(inner(), add(one, square(inner())))],
      [1, () => exp(apply('neg', square(inner())))],
      [1, () => log(add(one, square(inner())))],
      [1, () => apply('softplus', inner())],
      [1, () => cond(apply('lt', inner(), num(0.123)), inner(), inner())],
      [1, () => apply('max', inner(), inner())],
      [3, () => this.reduction(scope, depth)],
      [1, () => this.arrayFunction(scope)],
    );
  }

  private reduction(scope: Scope, depth: number): Expr {
    const kind = this.tape.pick<ReduceKind>('sum', 'prod', 'argmax', 'sum', 'min', 'max', 'logsumexp');
    const i = index('j'),
      limit = this.tape.pick(K, N),
      outer = scope.at(-1);
    // An empty max or min is infinite, and infinity times zero is where folding may differ.
    const mayBeEmpty = kind === 'sum' || kind === 'prod' || kind === 'argmax';
    const to = this.tape.next(3) === 1 && mayBeEmpty && outer !== undefined && outer.limit <= limit ? outer.index : num(limit);
    return reduce(kind, i, zero, to, apply('tanh', this.expression([...scope, { index: i, limit }], depth - 1)));
  }

  private arrayFunction(scope: Scope): Expr {
    const d = this.tape.pick(2, 3, 4),
      fn = this.tape.pick('inverse', 'logdet', 'cholesky', 'det', 'cumsum'),
      k = this.tape.next(d);
    const i = index('r'),
      j = index('q');
    const body = apply('tanh', this.expression([...scope, { index: i, limit: d }, { index: j, limit: d }], 1));
    const entry = (a: Expr, b: Expr): Expr => at({ indices: [i, j], dims: [num(d), num(d)], body }, a, b);
    if (fn === 'cumsum') return element({ fn, args: [build([num(d)], (a) => entry(a, a))], dims: [num(d)] }, [num(k)]);
    // Symmetric and diagonally dominant, hence positive definite.
    const matrix = build([num(d), num(d)], (a, b) => cond(apply('eq', a, b), num(d + 1), mul(num(0.5), add(entry(a, b), entry(b, a)))));
    if (fn === 'logdet' || fn === 'det') return scalarOf(fn, [matrix]);
    return at(arrayOf(fn, [matrix], [num(d), num(d)]), num(k), num(Math.floor(k / 2)));
  }

  /** A place in memory, which a procedure can be given. */
  private memory(scope: Scope): Place {
    return this.tape.way<Place>(
      [1, () => ({ storage: 's', at: [] })],
      [2, () => ({ storage: 'a', at: [this.offset(scope, N)] })],
      [1, () => ({ storage: 'w', at: [this.offset(scope, K)] })],
      [1, () => ({ storage: 'm', at: [this.offset(scope, K), this.offset(scope, N)] })],
    );
  }

  private place(scope: Scope): Place {
    return this.tape.way<Place>([1, () => ({ storage: this.tape.pick('u', 'v'), at: [] })], [3, () => this.memory(scope)]);
  }

  private bounded(scope: Scope, depth: number): Expr {
    return apply('tanh', this.expression(scope, depth));
  }

  private statement(scope: Scope, depth: number, inFunction: boolean): readonly Code[] {
    return this.tape.way<readonly Code[]>(
      [
        4,
        () => {
          const p = this.place(scope);
          return [store(p.storage, p.at, this.bounded(scope, 3))];
        },
      ],
      [
        4,
        () => {
          const p = this.place(scope);
          return [accumulate(p.storage, p.at, mul(num(0.01), this.bounded(scope, 3)))];
        },
      ],
      [2, () => [store('z', [this.offset(scope, N)], this.integer(scope))]],
      [
        1,
        () => [
          accumulate(
            'c',
            [this.offset(scope, K)],
            this.tape.pick<() => Expr>(
              () => one,
              () => this.integer(scope),
            )(),
          ),
        ],
      ],
      [1, () => [{ do: 'fill', storage: this.tape.pick('w', 'a'), value: this.bounded(scope, 1) }]],
      [
        1,
        () => {
          const p = this.memory(scope);
          return [
            {
              do: 'call',
              procedure: 'reach',
              args: [
                { kind: 'place', place: p },
                { kind: 'value', value: this.bounded(scope, 1) },
              ],
              into: this.place(scope),
              effects: [p.storage],
            },
          ];
        },
      ],
      [1, () => [{ do: 'call', procedure: 'total', args: [this.arrayArgument(scope)], into: this.place(scope), effects: [] }]],
      [1, () => [{ do: 'call', procedure: 'jitter', args: [], into: this.place(scope), effects: [] }]],
      [2, () => this.categorical(scope)],
      [depth > 0 ? 6 : 0, () => this.loop(scope, depth, inFunction)],
      [
        depth > 0 ? 2 : 0,
        () => [
          when(
            apply('lt', this.expression(scope, 1), num(0.211)),
            this.block(scope, depth - 1, inFunction, 2),
            this.block(scope, depth - 1, inFunction, 1),
          ),
        ],
      ],
      [depth > 0 && !inFunction ? 2 : 0, () => this.localFunction(scope, depth)],
    );
  }

  private arrayArgument(scope: Scope): Argument {
    if (this.tape.next(2) === 0) {
      const name = this.tape.pick('a', 'x');
      return { kind: 'array', value: build([num(N)], (i) => ref(name, [i])) };
    }
    const j = index('e');
    return { kind: 'array', value: { indices: [j], dims: [num(5)], body: this.bounded([...scope, { index: j, limit: 5 }], 2) } };
  }

  private categorical(scope: Scope): readonly Code[] {
    const k = index('k'),
      count = this.tape.pick(3, K, 10),
      row = this.offset(scope, N);
    return [
      {
        do: 'categorical',
        index: k,
        count: num(count),
        logWeight: this.bounded([...scope, { index: k, limit: count }], 2),
        into: { storage: count === 10 ? 'a' : 'z', at: [row] },
      },
    ];
  }

  private loop(scope: Scope, depth: number, inFunction: boolean): readonly Code[] {
    const i = index('i'),
      limit = this.tape.pick(N, K, 2, N),
      outer = scope.at(-1),
      descending = this.tape.next(2) === 1;
    const kind = this.tape.next(6);
    // A bound that the body may change must hold as it was at the start.
    const to =
      kind < 2 && outer !== undefined && outer.limit <= limit
        ? outer.index
        : kind === 2 && limit >= K
          ? ref('z', [this.offset(scope, N)])
          : num(limit);
    return [forLoop(i, zero, to, this.block([...scope, { index: i, limit }], depth - 1, inFunction, 3), descending)];
  }

  /** Declares a function, lets the state change, and hands it to a procedure that changes it further. */
  private localFunction(scope: Scope, depth: number): readonly Code[] {
    const name = `f${this.functions++}`;
    const body: readonly Code[] = [
      ...this.block(scope, depth - 1, true, 2),
      { do: 'return', value: add(ref('p'), this.bounded(scope, 2)) },
    ];
    const between = this.block(scope, 0, true, 1),
      p = this.memory(scope);
    const call: Code = {
      do: 'call',
      procedure: 'probe',
      args: [
        { kind: 'function', name },
        { kind: 'place', place: p },
      ],
      into: this.place(scope),
      effects: [p.storage],
    };
    const declared: Code = { do: 'function', name, parameters: ['p'], body };
    if (this.tape.next(2) === 0) return [declared, ...between, call];
    const i = index('i');
    return [declared, forLoop(i, zero, num(N), [...between, call, ...this.block([...scope, { index: i, limit: N }], 0, true, 2)])];
  }

  block(scope: Scope, depth: number, inFunction: boolean, most: number): readonly Code[] {
    return Array.from({ length: 1 + this.tape.next(most) }, () => this.statement(scope, depth, inFunction)).flat();
  }
}

/** A module with one entry point that returns a number. */
export const programs: Arbitrary<Module> = fc.array(fc.nat(5039), { minLength: 0, maxLength: 300, size: 'max' }).map((numbers) => {
  const maker = new Programs(new Tape(numbers));
  const body = maker.block([], 3, false, 4);
  return { storages, functions: [{ name: 'run', parameters: [], body: [...body, { do: 'return', value: maker.expression([], 2) }] }] };
});
