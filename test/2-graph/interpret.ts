/**
 * Runs a graph by its schedule with the reference interpreter: every `let` as written, every draw
 * replaced by 1 plus the sum of its law's arguments (0 for integers). Reading an element that has no value yet throws,
 * so a run proves that the order is one.
 */
import type { ArrayExpr, Expr, Index } from '../../src/expr/expr.js';
import { type Environment, evaluate, evaluateArray } from '../../src/expr/evaluate.js';
import type { ModelGraph, Statement } from '../../src/2-graph/graph.js';
import { type Group, arraysOfLaw, schedule } from '../../src/2-graph/query.js';

export type Nested = number | boolean | readonly Nested[];

export interface Run {
  value(name: string, ...at: number[]): number;
  /** All values of a variable, row-major, of the shape its dimensions have. */
  values(name: string): number[];
  shape(name: string): number[];
  /** Sum of the factor statements. */
  readonly factors: number;
  evaluate(e: Expr): number;
}

export function run(graph: ModelGraph, data: Readonly<Record<string, Nested>>, sizes: Readonly<Record<string, number>> = {}): Run {
  const store = new Map<string, number>();
  const key = (name: string, at: readonly number[]): string => `${name}[${at.join(',')}]`;
  const fill = (name: string, value: Nested, at: readonly number[]): void => {
    if (Array.isArray(value))
      value.forEach((v, k) => {
        fill(name, v, [...at, k]);
      });
    else store.set(key(name, at), Number(value));
  };
  for (const [name, value] of Object.entries(data)) fill(name, value, []);
  for (const v of graph.variables.values()) {
    if (v.value === undefined) continue;
    const { shape, values } = v.value;
    values.forEach((x, flat) => {
      const at: number[] = [];
      let rest = flat;
      for (const n of [...shape].reverse()) {
        at.unshift(rest % n);
        rest = Math.floor(rest / n);
      }
      store.set(key(v.name, at), x);
    });
  }
  const numbers = new Map(Object.entries(sizes));
  for (const s of graph.sizes.values()) {
    const source = s.sources[0];
    if (source === undefined) continue;
    let shape: Nested = data[source.variable]!;
    for (let axis = 0; axis < source.axis; axis++) shape = (shape as readonly Nested[])[0]!;
    numbers.set(s.name, (shape as readonly Nested[]).length);
  }
  const environment = (indices: ReadonlyMap<Index, number>): Environment => ({
    indices,
    sizes: numbers,
    hostFunctions: graph.hostFunctions.map((h) => h.call),
    variable(name, at) {
      const value = store.get(key(name, at));
      if (value === undefined) throw new Error(`${key(name, at)} is read before it is defined`);
      return value;
    },
  });
  let factors = 0;

  const execute = (s: Statement, indices: ReadonlyMap<Index, number>): void => {
    const env = environment(indices);
    if (s.guards.some((g) => evaluate(g, env) === 0)) return;
    if (s.kind === 'factor') {
      factors += evaluate(s.value, env);
      return;
    }
    if (s.kind === 'observe') {
      for (const a of [s.value, ...arraysOfLaw(s.law)]) evaluateBelow(a, env);
      return;
    }
    const at = s.target.at.map((e) => evaluate(e, env));
    if (s.kind === 'let') {
      define(s.target.variable, at, evaluate(s.value, env));
      return;
    }
    const v = graph.variables.get(s.target.variable)!;
    const total = s.kind === 'param' ? 0 : arraysOfLaw(s.law).reduce((sum, a) => sum + evaluateBelow(a, env), 0);
    const event = v.dims.slice(at.length).map((d) => evaluate(d, env));
    // Integers stay indices that exist.
    for (const rest of positions(event)) define(s.target.variable, [...at, ...rest], v.scalar === 'real' ? 1 + total : 0);
  };
  // Arguments of mixtures are free in the component's index: they are read where it is 0.
  const evaluateBelow = (a: ArrayExpr, env: Environment): number => {
    const indices = new Map(env.indices);
    for (const s of graph.statements) if ('law' in s && s.law.kind === 'mixture') indices.set(s.law.index, 0);
    return evaluateArray(a, { ...env, indices }).values.reduce((x, y) => x + (Number.isFinite(y) ? y : 0), 0);
  };
  const define = (name: string, at: readonly number[], value: number): void => {
    if (store.has(key(name, at))) throw new Error(`${key(name, at)} is defined twice`);
    store.set(key(name, at), value);
  };
  const loop = (s: Statement, fixed: ReadonlyMap<Index, number>, position = 0, indices: ReadonlyMap<Index, number> = new Map()): void => {
    const plate = s.plates[position];
    if (plate === undefined) {
      execute(s, indices);
      return;
    }
    const from = evaluate(plate.from, environment(indices)),
      to = evaluate(plate.to, environment(indices));
    const own = fixed.get(plate.index);
    for (let i = from; i < to; i++)
      if (own === undefined || own === i) loop(s, fixed, position + 1, new Map([...indices, [plate.index, i]]));
  };
  const perform = (groups: readonly Group[], fixed: ReadonlyMap<Index, number>, skip: ReadonlySet<Statement>): void => {
    for (const g of groups) {
      if (g.kind === 'ordered') throw new Error('no order of data is interpreted here');
      if (g.kind === 'single') {
        if (!skip.has(g.statement)) loop(g.statement, fixed);
        continue;
      }
      // Small models only: every coordinate up to 30 is tried, those outside a plate do nothing.
      const coordinates = [...Array(30).keys()];
      if (g.direction === 'descending') coordinates.reverse();
      for (const c of coordinates) {
        const inner = new Map(fixed),
          out = new Set(skip);
        for (const m of g.members) {
          const offset = evaluate(m.offset, environment(fixed));
          if (m.plate === null) {
            if (offset !== c) out.add(m.statement);
          } else inner.set(m.statement.plates[m.plate]!.index, c - offset);
        }
        perform(g.body, inner, out);
      }
    }
  };
  perform(schedule(graph), new Map(), new Set());

  const shape = (name: string): number[] => graph.variables.get(name)!.dims.map((d) => evaluate(d, environment(new Map())));
  return {
    factors,
    shape,
    evaluate: (e) => evaluate(e, environment(new Map())),
    value(name, ...at) {
      const v = store.get(key(name, at));
      if (v === undefined) throw new Error(`${key(name, at)} has no value`);
      return v;
    },
    values(name) {
      return positions(shape(name)).map((at) => this.value(name, ...at));
    },
  };
}

function positions(shape: readonly number[]): number[][] {
  return shape.reduce<number[][]>((list, n) => list.flatMap((at) => [...Array(Math.max(0, n)).keys()].map((k) => [...at, k])), [[]]);
}
