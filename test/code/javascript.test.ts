import { describe, expect, it } from 'vitest';
import { accumulate, forLoop, store } from '../../src/code/loop.js';
import type { Code, Module, Storage } from '../../src/code/loop.js';
import { allocate, instantiate, printModule } from '../../src/code/module.js';
import { createRuntime } from '../../src/code/runtime.js';
import type { Procedure, Runtime } from '../../src/code/runtime.js';
import { InternalError } from '../../src/errors/diagnostic.js';
import {
  add,
  apply,
  arrayOf,
  build,
  cond,
  div,
  element,
  exp,
  index,
  mul,
  num,
  one,
  reduce,
  ref,
  scalarOf,
  sub,
  sumOver,
  zero,
} from '../../src/expr/expr.js';
import type { Expr } from '../../src/expr/expr.js';
import { createRandom } from '../../src/random/generator.js';
import { mixtureSweep } from './mixture.js';

type Values = Readonly<Record<string, readonly number[]>>;

function storage(name: string, length: number | null, place: Storage['place'] = 'state', range?: number): Storage {
  return { name, type: range === undefined ? 'float64' : 'int32', shape: length === null ? [] : [length], place, range };
}

/** Counts the calls of functions that the code takes from the runtime. */
function counting(runtime: Runtime): { readonly runtime: Runtime; readonly calls: Map<string, number> } {
  const calls = new Map<string, number>();
  return {
    calls,
    runtime: {
      ...runtime,
      scalar: (name) => {
        const f = runtime.scalar(name);
        return (...x) => {
          calls.set(name, (calls.get(name) ?? 0) + 1);
          return f(...x);
        };
      },
    },
  };
}

interface Run {
  readonly result: number | undefined;
  readonly values: ReadonlyMap<string, Float64Array | Int32Array>;
  readonly runtime: Runtime;
  readonly source: string;
  readonly calls: number;
  readonly prepared: number;
  again(): number | undefined;
}

function run(
  storages: readonly Storage[],
  body: readonly Code[],
  values: Values = {},
  options: {
    optimise?: boolean;
    host?: readonly ((...x: readonly unknown[]) => unknown)[];
    counted?: string;
    procedures?: ReadonlyMap<string, Procedure>;
  } = {},
): Run {
  const module: Module = { storages, functions: [{ name: 'run', parameters: [], body }] };
  const printed = printModule(module, { optimise: options.optimise ?? true });
  const given = new Map(
    Object.entries(values).map(([name, list]) => [
      name,
      storages.find((s) => s.name === name)!.type === 'int32' ? Int32Array.from(list) : Float64Array.from(list),
    ]),
  );
  const arrays = allocate(printed.storages, given);
  const { runtime, calls } = counting(createRuntime(createRandom('7', 'test'), options.host ?? [], options.procedures));
  const entry = instantiate(printed.source, arrays, runtime)['run']!;
  const counted = (): number => calls.get(options.counted ?? 'lgamma') ?? 0;
  const prepared = counted();
  const result = entry();
  return {
    result,
    values: new Map(printed.storages.map((s, k) => [s.name, arrays[k]!])),
    runtime,
    source: printed.source,
    prepared,
    calls: counted() - prepared,
    again: entry,
  };
}

const lgamma = (x: Expr): Expr => apply('lgamma', x);
const n = index('n'),
  k = index('k');
const N = 50,
  K = 20;

describe('printed text', () => {
  it('holds no text of storages, indices or local functions', () => {
    const nasty = '*/}; process.exit(1); //`${x}';
    const i = index(nasty);
    const { result, source } = run(
      [storage(nasty, 20), storage(`${nasty}2`, null, 'local'), storage(`${nasty}3`, null, 'local')],
      [
        store(`${nasty}2`, [], zero),
        forLoop(i, zero, num(20), [store(nasty, [i], mul(i, i)), accumulate(`${nasty}2`, [], ref(nasty, [i]))]),
        {
          do: 'function',
          name: nasty,
          parameters: [`${nasty}3`],
          body: [{ do: 'return', value: add(ref(`${nasty}3`), ref(`${nasty}2`)) }],
        },
        { do: 'return', value: ref(`${nasty}2`) },
      ],
    );
    expect(source).not.toContain('process');
    expect(source).not.toContain('`');
    expect(result).toBe(2470);
  });
  it('refuses names of entry points, procedures and functions that are not plain words', () => {
    const call = (procedure: string): readonly Code[] => [{ do: 'call', procedure, args: [], into: null, effects: [] }];
    expect(() => run([], call('x(),process.exit'))).toThrow(InternalError);
    expect(() => printModule({ storages: [], functions: [{ name: 'a b', parameters: [], body: [] }] })).toThrow(InternalError);
  });
  it.each([Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.NaN, -0, 0, 1e308, 5e-324, -1 / 3, 123456789012345680, 1e21])(
    'prints %d exactly',
    (x) => {
      const value = { op: 'const', value: x } as const;
      for (const optimise of [true, false]) {
        expect(run([], [{ do: 'return', value }], {}, { optimise }).result).toBe(x);
        // Beside operators a sign must not join another.
        const negated = run(
          [storage('s', null)],
          [{ do: 'return', value: { op: 'apply', fn: 'sub', args: [ref('s'), value] } }],
          { s: [2] },
          { optimise },
        );
        expect(negated.result).toBe(2 - x);
      }
    },
  );
  it('keeps the order of operations', () => {
    const [a, b, c] = ['a', 'b', 'c'].map((name) => ref(name)) as [Expr, Expr, Expr];
    const storages = ['a', 'b', 'c'].map((name) => storage(name, null));
    const values = { a: [7], b: [2], c: [5] };
    const value = (e: Expr): number | undefined => run(storages, [{ do: 'return', value: e }], values).result;
    expect(value(sub(a, sub(b, c)))).toBe(10);
    expect(value(div(a, mul(b, c)))).toBeCloseTo(0.7, 15);
    expect(value(mul(sub(a, b), add(b, c)))).toBe(35);
    expect(value(apply('neg', sub(a, apply('neg', b))))).toBe(-9);
    expect(value(cond(apply('and', apply('lt', b, a), apply('or', apply('gt', b, c), apply('eq', c, num(5)))), a, b))).toBe(7);
    expect(value(add(cond(apply('lt', a, b), one, num(3)), apply('lt', b, a)))).toBe(4);
    expect(value(apply('not', apply('lt', b, a)))).toBe(0);
    expect(value(apply('pow', sub(a, b), num(3)))).toBe(125);
    expect(value(apply('pow', add(a, b), num(-0.5)))).toBeCloseTo(1 / 3, 15);
    expect(value(apply('pow', a, b))).toBe(49);
    expect(value(apply('pow', a, num(1.5)))).toBeCloseTo(7 * Math.sqrt(7), 12);
  });
  it('does not grow with the data', () => {
    const small = printModule(mixtureSweep(100, 4, 2)).source,
      large = printModule(mixtureSweep(1e6, 4, 2)).source;
    expect(large.length - small.length).toBeLessThan(50);
  });
  it('stays small where loops nest', () => {
    const depth = 12;
    let body: readonly Code[] = [accumulate('s', [], one)];
    for (let d = 0; d < depth; d++) body = [forLoop(index('i'), zero, num(8), body)];
    expect(printModule({ storages: [storage('s', null)], functions: [{ name: 'run', parameters: [], body }] }).source.length).toBeLessThan(
      20000,
    );
  });
  it('writes loops out where the time goes, whatever stands before them', () => {
    const [k, l] = [index('k'), index('l')];
    // Loops of 64 rounds that take all that a module may grow by.
    const before = Array.from({ length: 60 }, (_, j) =>
      forLoop(k, zero, num(8), [forLoop(l, zero, num(8), [accumulate('x', [add(mul(k, num(8)), l)], mul(ref('x', [l]), num(j + 2)))])]),
    );
    const inner = [1, 2, 3, 4].map((j) => accumulate('t', [k], mul(num(j), ref('y', [add(mul(n, num(8)), k)]))));
    const long = forLoop(n, zero, num(1000), [forLoop(k, zero, num(8), inner)]);
    const { source } = printModule({
      storages: [storage('x', 64), storage('y', 8000), storage('t', 8)],
      functions: [
        { name: 'first', parameters: [], body: before },
        { name: 'second', parameters: [], body: [long] },
      ],
    });
    const [first = '', second = ''] = source.split('second:');
    expect(first).toContain('for (');
    expect(second.match(/for \(/g)).toHaveLength(1);
  });
  it('writes no function out beyond what the engine optimises', () => {
    const [k, l] = [index('k'), index('l')];
    const body = Array.from({ length: 60 }, (_, j) =>
      accumulate(
        's',
        [],
        reduce('sum', k, zero, num(8), reduce('sum', l, zero, num(8), mul(ref('x', [add(mul(k, num(8)), l)]), add(ref('x', [l]), num(j))))),
      ),
    );
    const module: Module = { storages: [storage('x', 64), storage('s', null)], functions: [{ name: 'run', parameters: [], body }] };
    expect(printModule(module).source.length).toBeLessThan(60_000);
    const total = (optimise: boolean): number => {
      const printed = printModule(module, { optimise }),
        memory = allocate(
          printed.storages,
          new Map([
            ['x', Float64Array.from({ length: 64 }, (_, i) => Math.sin(i))],
            ['s', new Float64Array(1)],
          ]),
        );
      instantiate(printed.source, memory, createRuntime(createRandom('1', 'x')))['run']!();
      return memory[printed.storages.findIndex(({ name }) => name === 's')]![0]!;
    };
    expect(total(true)).toBeCloseTo(total(false), 8);
  });
  it('reports text the platform refuses and names it does not know as internal errors', () => {
    const runtime = createRuntime(createRandom('1', 'x'));
    expect(() => instantiate('return {', [], runtime)).toThrow(InternalError);
    expect(() => runtime.scalar('__proto__')).toThrow(InternalError);
    expect(() => runtime.procedure('constructor')).toThrow(InternalError);
    expect(() => runtime.arrayFunction('toString')).toThrow(InternalError);
    expect(() => run([], [store('nowhere', [], one)])).toThrow(InternalError);
    expect(() => run([storage('a', 3)], [store('a', [], one)])).toThrow(InternalError);
    expect(() => run([], [{ do: 'return', value: { op: 'size', name: 'N' } }])).toThrow(InternalError);
  });
});

describe('how often things are computed', () => {
  const total = (value: Expr): readonly Code[] => [
    store('t', [], zero),
    forLoop(n, zero, num(N), [accumulate('t', [], value)]),
    { do: 'return', value: ref('t') },
  ];
  const local = storage('t', null, 'local');
  const range = (length: number, f: (i: number) => number): number[] => Array.from({ length }, (_, i) => f(i));

  it('an invariant once, however often it is written', () => {
    const body = total(add(lgamma(ref('s')), mul(ref('a', [n]), lgamma(ref('s')))));
    const out = run([storage('s', null), storage('a', N), local], body, { s: [3.5] });
    expect(out.calls).toBe(1);
    expect(run([storage('s', null), storage('a', N), local], body, { s: [3.5] }, { optimise: false }).calls).toBe(2 * N);
  });
  it('an invariant of a reduction once', () => {
    const value = sumOver(num(N), (i) => sumOver(num(N), (j) => mul(lgamma(ref('a', [i])), ref('a', [j]))));
    expect(run([storage('a', N)], [{ do: 'return', value }], { a: range(N, (i) => i + 1) }).calls).toBe(N);
  });
  it('not again after a store to something else, again after a store to what it reads', () => {
    const body = (name: string): readonly Code[] => [
      store('b', [], lgamma(ref('s'))),
      store(name, [], ref('d')),
      { do: 'return', value: add(lgamma(ref('s')), ref('b')) },
    ];
    const storages = [storage('s', null), storage('b', null), storage('c', null), storage('d', null)];
    expect(run(storages, body('c'), { s: [3.5], d: [4.5] }).calls).toBe(1);
    const again = run(storages, body('s'), { s: [3.5], d: [4.5] });
    expect(again.calls).toBe(2);
    expect(again.result).toBeCloseTo(Math.log(3.323350970447843) + Math.log(11.63172839656745), 12);
  });
  it('what a loop changes, each time', () => {
    const body: readonly Code[] = [forLoop(n, zero, num(N), [store('s', [], add(one, ref('s'))), store('a', [n], lgamma(ref('s')))])];
    const out = run([storage('s', null), storage('a', N)], body);
    expect(out.calls).toBe(N);
    expect([...out.values.get('a')!.slice(0, 4)]).toEqual([0, 0, Math.log(2), Math.log(6)].map((x) => expect.closeTo(x, 12)));
  });
  it('a function of the inner index once for each of its values', () => {
    const body = [forLoop(n, zero, num(N), [forLoop(k, zero, num(K), [accumulate('a', [n], mul(ref('a', [n]), lgamma(ref('p', [k]))))])])];
    expect(run([storage('p', K), storage('a', N)], body, { p: range(K, (i) => i + 1) }).calls).toBe(K);
  });
  it('a function of a gathered value once for each value, though the gather itself is written', () => {
    const body = [
      forLoop(n, zero, num(N), [
        store('z', [n], cond(apply('lt', ref('a', [n]), num(0.5)), zero, num(2))),
        accumulate('a', [n], lgamma(ref('p', [ref('z', [n])]))),
      ]),
    ];
    const start = range(N, (i) => i / N),
      p = [1.5, 2.5, 3.5];
    const out = run([storage('p', 3), storage('z', N, 'state', 3), storage('a', N)], body, { p, a: start });
    expect(out.calls).toBe(3);
    const logGamma = [Math.log(Math.sqrt(Math.PI) / 2), 0, Math.log(3.323350970447843)];
    out.values.get('a')!.forEach((x, i) => {
      expect(x).toBeCloseTo(start[i]! + logGamma[start[i]! < 0.5 ? 0 : 2]!, 12);
    });
  });
  it('a function whose parts stand in many places: looked through once for each, not once for each way to it', () => {
    // x / (1 + x), forty times: p / (1 + 40 p). There are 2^40 ways from the outside to p.
    const value = Array.from({ length: 40 }).reduce((x: Expr) => div(x, add(one, x)), ref('p', [ref('z', [n])]));
    const body = [
      forLoop(n, zero, num(N), [store('z', [n], cond(apply('lt', ref('a', [n]), num(0.5)), zero, num(2))), store('a', [n], value)]),
    ];
    const start = range(N, (i) => i / N),
      p = [1.5, 2.5, 3.5];
    const out = run([storage('p', 3), storage('z', N, 'state', 3), storage('a', N)], body, { p, a: start });
    out.values.get('a')!.forEach((x, i) => {
      const own = p[start[i]! < 0.5 ? 0 : 2]!;
      expect(x).toBeCloseTo(own / (1 + 40 * own), 12);
    });
  });
  it('not as a table where the gathered array is written in the loop', () => {
    const body = [forLoop(n, zero, num(N), [store('p', [ref('z', [n])], add(one, lgamma(add(one, ref('p', [ref('z', [n])])))))])];
    expect(run([storage('p', 3), storage('z', N, 'state', 3)], body).calls).toBe(N);
  });
  it('what depends on data alone when the module is made', () => {
    const value = lgamma(add(ref('y', [n]), one));
    const out = run([storage('y', N, 'data'), local], total(value), { y: range(N, (i) => i) });
    expect(out.prepared).toBe(N);
    expect(out.calls).toBe(0);
    // log of the superfactorial prod_{i<N} i!, by recurrence.
    let truth = 0,
      factorial = 0;
    for (let i = 0; i < N; i++) {
      factorial += i > 0 ? Math.log(i) : 0;
      truth += factorial;
    }
    expect(out.result).toBeCloseTo(truth, 8);
    expect(out.again()).toBe(out.result);
  });
  it('only the branch that is taken', () => {
    const storages = [storage('s', null), storage('b', N)];
    const costly = sumOver(num(N), (i) => lgamma(ref('b', [i])));
    expect(run(storages, [{ do: 'return', value: cond(apply('lt', ref('s'), zero), costly, one) }]).calls).toBe(0);
    expect(run(storages, [{ do: 'if', test: apply('lt', ref('s'), zero), then: [store('s', [], costly)], otherwise: [] }]).calls).toBe(0);
  });
  it('in a local function what only the state decides, once before it', () => {
    const body: readonly Code[] = [
      {
        do: 'function',
        name: 'f',
        parameters: ['p'],
        body: [
          {
            do: 'return',
            value: add(
              ref('p'),
              sumOver(num(N), (i) => lgamma(ref('a', [i]))),
            ),
          },
        ],
      },
      {
        do: 'call',
        procedure: 'sliceSample',
        args: [
          { kind: 'function', name: 'f' },
          { kind: 'value', value: zero },
          { kind: 'value', value: one },
          { kind: 'value', value: num(-5) },
          { kind: 'value', value: num(5) },
        ],
        into: { storage: 's', at: [] },
        effects: [],
      },
    ];
    expect(run([storage('a', N), storage('s', null), storage('p', null, 'local')], body, { a: range(N, (i) => i + 1) }).calls).toBe(N);
  });
  it('sums in a register, and the memory holds the result', () => {
    const body = [forLoop(n, zero, num(N), [forLoop(k, zero, num(K), [accumulate('a', [n], ref('p', [k])), accumulate('a', [n], one)])])];
    const out = run([storage('p', K), storage('a', N)], body, { p: range(K, (i) => i) });
    expect([...out.values.get('a')!]).toEqual(range(N, () => 190 + 20));
    // One load and one store of the sum for each n.
    expect(out.source.match(/for \(.*\n.*\+= .*\n.*\+= .*\n.*\}/)).not.toBeNull();
  });
});

describe('aliasing', () => {
  const local = (name: string): Storage => storage(name, null, 'local');
  it('a store through a gather of the same array makes the gather unknown', () => {
    const gather = ref('z', [ref('z', [zero])]);
    const body: readonly Code[] = [store('z', [ref('z', [zero])], one), { do: 'return', value: gather }];
    // z = [0, 2]: the store makes z[0] = 1, and z[z[0]] is z[1].
    expect(run([storage('z', 2, 'state', 3)], body, { z: [0, 2] }).result).toBe(2);
  });
  it('a fraction stored in an integer array is read back as the array keeps it', () => {
    expect(
      run([storage('z', 2, 'state', 3), storage('s', null)], [store('z', [zero], ref('s')), { do: 'return', value: ref('z', [zero]) }], {
        s: [1.7],
      }).result,
    ).toBe(1);
  });
  it('accumulating fractions in an integer array drops each fraction', () => {
    expect(
      run(
        [storage('z', 2, 'state', 30)],
        [forLoop(n, zero, num(N), [accumulate('z', [zero], num(0.9))]), { do: 'return', value: ref('z', [zero]) }],
      ).result,
    ).toBe(0);
  });
  it('tables over gathers of different range are different tables', () => {
    const value = (name: string): Expr => lgamma(add(one, ref('p', [ref(name, [n])])));
    const body = ['g', 'z'].map((name) => forLoop(n, zero, num(N), [accumulate('s', [], value(name))]));
    const storages = [storage('p', 4), storage('g', N, 'state', 3), storage('z', N, 'state', 4), storage('s', null)];
    const out = run(storages, body, { p: [1, 1, 1, 3], z: new Array<number>(N).fill(3) });
    expect(out.values.get('s')![0]).toBeCloseTo(N * Math.log(6), 9);
  });
  it('an array passed to a procedure that writes it is a copy', () => {
    const rotate = ((_random: unknown, out: Float64Array, offset: number, values: Float64Array) => {
      for (let i = 0; i < 3; i++) out[offset + i] = values[(i + 1) % 3]!;
    }) as Procedure;
    const whole = build([num(3)], (i) => ref('a', [i]));
    const body: readonly Code[] = [
      {
        do: 'call',
        procedure: 'rotate',
        args: [
          { kind: 'place', place: { storage: 'a', at: [zero] } },
          { kind: 'array', value: whole },
        ],
        into: null,
        effects: ['a'],
      },
    ];
    const out = run([storage('a', 3)], body, { a: [1, 2, 3] }, { procedures: new Map([['rotate', rotate]]) });
    expect([...out.values.get('a')!]).toEqual([2, 3, 1]);
  });
  it('a local that outlives the calls of a local function keeps its value', () => {
    const body: readonly Code[] = [
      {
        do: 'function',
        name: 'f',
        parameters: ['p'],
        body: [accumulate('u', [], one), { do: 'return', value: mul(num(-0.5), add(mul(ref('p'), ref('p')), mul(zero, ref('u')))) }],
      },
      {
        do: 'call',
        procedure: 'sliceSample',
        args: [
          { kind: 'function', name: 'f' },
          { kind: 'value', value: zero },
          { kind: 'value', value: one },
          { kind: 'value', value: num(-5) },
          { kind: 'value', value: num(5) },
        ],
        into: { storage: 's', at: [] },
        effects: [],
      },
      { do: 'return', value: ref('u') },
    ];
    expect(run([storage('s', null), local('u'), local('p')], body).result).toBeGreaterThanOrEqual(3);
    const inside: readonly Code[] = [
      {
        do: 'function',
        name: 'f',
        parameters: ['p'],
        body: [
          { do: 'if', test: apply('gt', ref('u'), zero), then: [accumulate('a', [zero], one)], otherwise: [store('u', [], one)] },
          { do: 'return', value: mul(num(-0.5), mul(ref('p'), ref('p'))) },
        ],
      },
      body[1]!,
    ];
    expect(run([storage('a', 1), storage('s', null), local('u'), local('p')], inside).values.get('a')![0]).toBeGreaterThanOrEqual(2);
  });
});

describe('arrays', () => {
  const matrix = (d: number): Expr[][] =>
    Array.from({ length: d }, (_, i) => Array.from({ length: d }, (_, j) => ref('m', [num(i), num(j)])));
  const square = (d: number, values: readonly number[], value: Expr, optimise: boolean): number | undefined =>
    run(
      [{ name: 'm', type: 'float64', shape: [d, d], place: 'state' }, storage('b', d)],
      [{ do: 'return', value }],
      { m: values, b: Array.from({ length: d }, (_, i) => i + 1) },
      { optimise },
    ).result;
  const positive: Readonly<Record<number, readonly number[]>> = {
    1: [2.5],
    2: [2, 0.3, 0.3, 1],
    3: [2, 0.3, -0.2, 0.3, 1, 0.4, -0.2, 0.4, 3],
    4: [4, 1, 0, 0.5, 1, 3, 0.2, 0, 0, 0.2, 2, 0.1, 0.5, 0, 0.1, 1],
  };

  it.each([1, 2, 3, 4])('the inverse of %i rows times the matrix is the identity', (d) => {
    const whole = build([num(d), num(d)], (i, j) => ref('m', [i, j]));
    const inverse = arrayOf('inverse', [whole], [num(d), num(d)]);
    for (const optimise of [true, false]) {
      for (let i = 0; i < d; i++)
        for (let j = 0; j < d; j++) {
          const product = sumOver(num(d), (l) =>
            mul(element({ fn: 'inverse', args: [whole], dims: inverse.dims }, [num(i), l]), ref('m', [l, num(j)])),
          );
          expect(square(d, positive[d]!, product, optimise)).toBeCloseTo(i === j ? 1 : 0, 12);
        }
    }
  });
  it.each([1, 2, 3, 4])('the Cholesky factor of %i rows gives the matrix and its determinants back', (d) => {
    const whole = build([num(d), num(d)], (i, j) => ref('m', [i, j]));
    const factor = (i: number, j: number): Expr => element({ fn: 'cholesky', args: [whole], dims: [num(d), num(d)] }, [num(i), num(j)]);
    for (const optimise of [true, false]) {
      for (let i = 0; i < d; i++)
        for (let j = 0; j < d; j++) {
          const product = Array.from({ length: d }, (_, l) => mul(factor(i, l), factor(j, l))).reduce(add);
          expect(square(d, positive[d]!, product, optimise)).toBeCloseTo(positive[d]![i * d + j]!, 12);
        }
      const pivots = Array.from({ length: d }, (_, i) => factor(i, i)).reduce(mul);
      const root = square(d, positive[d]!, pivots, optimise)!;
      expect(square(d, positive[d]!, scalarOf('det', [whole]), optimise)).toBeCloseTo(root * root, 12);
      expect(square(d, positive[d]!, scalarOf('logdet', [whole]), optimise)).toBeCloseTo(2 * Math.log(root), 12);
    }
  });
  it.each([1, 2, 3])('solve with %i rows undoes the product', (d) => {
    const whole = build([num(d), num(d)], (i, j) => ref('m', [i, j])),
      right = build([num(d)], (i) => ref('b', [i]));
    for (const optimise of [true, false]) {
      for (let i = 0; i < d; i++) {
        const product = Array.from({ length: d }, (_, j) =>
          mul(matrix(d)[i]![j]!, element({ fn: 'solve', args: [whole, right], dims: [num(d)] }, [num(j)])),
        ).reduce(add);
        expect(square(d, positive[d]!, product, optimise)).toBeCloseTo(i + 1, 12);
      }
    }
  });
  it.each([1, 2, 3])('logdet and cholesky of an indefinite matrix of %i rows are NaN', (d) => {
    const whole = build([num(d), num(d)], (i, j) => ref('m', [i, j]));
    const indefinite = Array.from({ length: d * d }, (_, i) => (i === d * d - 1 ? -1 : i % (d + 1) === 0 ? 1 : 0));
    for (const optimise of [true, false]) {
      expect(square(d, indefinite, scalarOf('logdet', [whole]), optimise)).toBeNaN();
      expect(
        square(d, indefinite, element({ fn: 'cholesky', args: [whole], dims: whole.dims }, [num(d - 1), num(d - 1)]), optimise),
      ).toBeNaN();
    }
  });
  it('one evaluation serves every element, also where the dimensions are known only at run time', () => {
    const i = index('i'),
      j = index('j'),
      length = add(ref('g', [n]), one);
    const sums = (at: Expr): Expr =>
      element({ fn: 'cumsum', args: [{ indices: [i], dims: [length], body: lgamma(add(i, num(3))) }], dims: [length] }, [at]);
    const body = [forLoop(n, zero, num(9), [store('a', [n], reduce('sum', j, zero, length, sums(j)))])];
    const out = run([storage('g', 9, 'state', 20), storage('a', 9)], body, { g: [0, 1, 2, 3, 4, 5, 6, 7, 8] });
    expect(out.calls).toBeLessThanOrEqual(45);
    const logGamma = (x: number): number => {
      let sum = 0;
      for (let m = 2; m < x; m++) sum += Math.log(m);
      return sum;
    };
    out.values.get('a')!.forEach((x, m) => {
      let truth = 0;
      for (let l = 0; l <= m; l++) truth += (m + 1 - l) * logGamma(l + 3);
      expect(x).toBeCloseTo(truth, 9);
    });
  });
  it('host functions get numbers and nested arrays, and never run before the program does', () => {
    let calls = 0;
    const host = (x: unknown, y: unknown): number => {
      calls++;
      return (x as number) + (y as number[][])[1]![0]!;
    };
    const value = element(
      { fn: 'host:0', args: [build([], () => num(0.5)), build([num(2), num(2)], (i, j) => ref('m', [i, j]))], dims: [] },
      [],
    );
    const body: readonly Code[] = [{ do: 'return', value }];
    const module: Module = {
      storages: [{ name: 'm', type: 'float64', shape: [2, 2], place: 'data' }],
      functions: [{ name: 'run', parameters: [], body }],
    };
    const printed = printModule(module);
    const entry = instantiate(
      printed.source,
      allocate(printed.storages, new Map([['m', Float64Array.of(1, 2, 30, 4)]])),
      createRuntime(createRandom('1', 'x'), [host]),
    )['run']!;
    expect(calls).toBe(0);
    expect(entry()).toBe(30.5);
  });
});

describe('a categorical draw', () => {
  const draws = 40000;
  const storages = (count: number): readonly Storage[] => [storage('w', count), storage('z', draws, 'state', count)];
  const sample = (weights: readonly number[], optimise = true): Run =>
    run(
      storages(weights.length),
      [
        forLoop(n, zero, num(draws), [
          { do: 'categorical', index: k, count: num(weights.length), logWeight: ref('w', [k]), into: { storage: 'z', at: [n] } },
        ]),
      ],
      { w: weights },
      { optimise },
    );

  it.each([[1], [2], [5], [8], [9], [30]])('of %i categories has its probabilities', (count) => {
    const weights = Array.from({ length: count }, (_, i) => 700 + Math.sin(3 * i) * 2);
    const total = weights.reduce((sum, w) => sum + Math.exp(w - 700), 0);
    const counts = new Array<number>(count).fill(0);
    sample(weights)
      .values.get('z')!
      .forEach((z) => {
        counts[z]!++;
      });
    // Pearson's statistic; 1e-6 point of the chi-squared law by Wilson and Hilferty.
    const statistic = counts.reduce((sum, c, i) => {
      const m = (draws * Math.exp(weights[i]! - 700)) / total;
      return sum + (c - m) ** 2 / m;
    }, 0);
    const df = count - 1,
      limit = df === 0 ? 1e-9 : df * (1 - 2 / (9 * df) + 4.753 * Math.sqrt(2 / (9 * df))) ** 3;
    expect(statistic).toBeLessThan(limit);
  });
  it('is the same draw from the inlined generator as from the stream', () => {
    for (const count of [3, 12]) {
      const weights = Array.from({ length: count }, (_, i) => Math.cos(i));
      const fast = sample(weights),
        slow = sample(weights, false);
      expect(fast.values.get('z')).toEqual(slow.values.get('z'));
      expect(fast.runtime.random.uniform()).toBe(slow.runtime.random.uniform());
    }
  });
  it('turns where the exact probability says, to 4 units in the last place', () => {
    // One uniform just below and just above p_0 = 1/(1 + e^x).
    const module: Module = {
      storages: [storage('w', 2), storage('z', 1, 'state', 2)],
      functions: [
        {
          name: 'run',
          parameters: [],
          body: [{ do: 'categorical', index: k, count: num(2), logWeight: ref('w', [k]), into: { storage: 'z', at: [zero] } }],
        },
      ],
    };
    const printed = printModule(module);
    for (let x = -36.9; x <= 0; x += 0.0937) {
      const p = 1 / (1 + Math.exp(x));
      for (const [u, z] of [
        [p * (1 - 4 * 2 ** -52), 0],
        [p * (1 + 4 * 2 ** -52), 1],
      ] as const) {
        if (u >= 1) continue;
        const runtime = createRuntime(createRandom('1', 'x'));
        const random = Object.assign(Object.create(runtime.random) as typeof runtime.random, { uniform: () => u });
        const arrays = allocate(printed.storages, new Map([['w', Float64Array.of(0, x)]]));
        instantiate(printed.source, arrays, { ...runtime, random })['run']!();
        expect([x, u, arrays[1]![0]]).toEqual([x, u, z]);
      }
    }
  });
  it.each([[3], [12]])('without a usable weight keeps the old value of %i and raises a fault', (count) => {
    for (const bad of [Number.NEGATIVE_INFINITY, Number.NaN, Number.POSITIVE_INFINITY]) {
      const out = run(
        storages(count),
        [
          store('z', [num(5)], one),
          { do: 'categorical', index: k, count: num(count), logWeight: ref('w', [k]), into: { storage: 'z', at: [num(5)] } },
        ],
        { w: new Array<number>(count).fill(bad) },
      );
      expect(out.values.get('z')![5]).toBe(1);
      expect([...out.runtime.faults]).toEqual([[1, 1]]);
    }
  });
  it('never draws what has no weight', () => {
    const weights = [Number.NEGATIVE_INFINITY, 0, Number.NEGATIVE_INFINITY, 1, Number.NEGATIVE_INFINITY];
    expect(new Set(sample(weights).values.get('z'))).toEqual(new Set([1, 3]));
    expect(new Set(sample([...weights, ...weights]).values.get('z'))).toEqual(new Set([1, 3, 6, 8]));
  });
});

describe('reductions', () => {
  const value = (kind: 'logsumexp' | 'argmax' | 'max' | 'min' | 'prod', values: readonly number[], optimise: boolean): number | undefined =>
    run(
      [storage('a', values.length)],
      [{ do: 'return', value: reduce(kind, k, zero, num(values.length), ref('a', [k])) }],
      { a: values },
      { optimise },
    ).result;
  it.each([[3], [11]])('of %i terms agree with their definitions at the edges', (length) => {
    const infinity = Number.POSITIVE_INFINITY;
    const fill = (...x: readonly number[]): number[] => Array.from({ length }, (_, i) => x[Math.min(i, x.length - 1)]!);
    for (const optimise of [true, false]) {
      expect(value('logsumexp', fill(-infinity), optimise)).toBe(-infinity);
      expect(value('logsumexp', fill(1, infinity), optimise)).toBe(infinity);
      expect(value('logsumexp', fill(infinity), optimise)).toBe(infinity);
      expect(value('logsumexp', fill(0, Number.NaN), optimise)).toBeNaN();
      expect(value('logsumexp', fill(-infinity, 1000), optimise)).toBeCloseTo(1000 + Math.log(length - 1), 10);
      expect(value('logsumexp', fill(-1000, -1001), optimise)).toBeCloseTo(-1000 + Math.log1p((length - 1) * Math.exp(-1)), 10);
      expect(value('argmax', fill(1, 4, 4), optimise)).toBe(1);
      expect(value('max', fill(1, Number.NaN), optimise)).toBeNaN();
      expect(value('min', fill(3, 2, 5), optimise)).toBe(2);
    }
  });
  it('over nothing are neutral', () => {
    for (const optimise of [true, false]) {
      const none = (kind: 'sum' | 'prod' | 'max' | 'min' | 'logsumexp'): number | undefined =>
        run(
          [storage('a', 3), storage('s', null)],
          [{ do: 'return', value: reduce(kind, k, zero, ref('s'), exp(ref('a', [k]))) }],
          {},
          { optimise },
        ).result;
      expect([none('sum'), none('prod'), none('max'), none('min'), none('logsumexp')]).toEqual([0, 1, -Infinity, Infinity, -Infinity]);
    }
  });
});
