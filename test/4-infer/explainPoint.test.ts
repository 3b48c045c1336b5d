/**
 * Derivatives that `explain` shows for map and laplace against differences of the log density: at fixed values of finite
 * unknowns, averaged over these where they are summed out, and by the coordinate with its Jacobian.
 */
import { describe, expect, it } from 'vitest';
import type { ExplainedBlock } from '../../src/4-infer/backend.js';
import { givenOf } from '../../src/4-infer/programBuilder.js';
import { backends } from '../../src/4-infer/registry.js';
import { compile as compileProgram } from '../../src/index.js';
import { evaluate } from '../../src/expr/evaluate.js';
import { type Expr, freeIndices } from '../../src/expr/expr.js';
import { fromJson } from '../../src/expr/json.js';
import { compile, type Compiled } from '../3-derive/support.js';

type Values = Readonly<Record<string, readonly number[]>>;

function blocksOf(backend: string, source: string, compiled: Compiled): readonly ExplainedBlock[] {
  return backends.get(backend)!.explain(compiled.graph, givenOf(compiled.bound), source, {}, null).blocks;
}
/** The value of a formula where unknowns have the given values. */
function valueOf(json: unknown, compiled: Compiled, values: Values, own: Readonly<Record<string, number>>): number {
  const e: Expr = fromJson((json as { value: unknown }).value);
  return evaluate(e, {
    sizes: compiled.bound.sizes,
    indices: new Map([...freeIndices(e)].map((i) => [i, own[i.name]!])),
    variable: (name, at) => {
      const v = compiled.bound.variables.get(name)!;
      return (values[name] ?? v.values)[at.reduce((flat, i, d) => flat * v.shape[d]! + i, 0)]!;
    },
  });
}
function nested(values: readonly number[], shape: readonly number[]): unknown {
  return shape.length === 0
    ? values[0]
    : Array.from({ length: shape[0]! }, (_, i) => {
        const n = values.length / shape[0]!;
        return nested(values.slice(i * n, (i + 1) * n), shape.slice(1));
      });
}

const y = [0.3, 1.9, -0.7, 2.4];
const programs: readonly (readonly [string, string, Readonly<Record<string, unknown>>, Values])[] = [
  [
    'scales',
    'data y: real[N] sample s ~ Gamma(2, 3) sample m ~ Normal(1, variance: s) sample u ~ Beta(2, 3) sample q ~ Uniform(1, 4) for n in 0..<N { observe y[n] ~ Normal(m * u, q * s) }',
    { y },
    { s: [0.8], m: [0.4], u: [0.3], q: [2.2] },
  ],
  [
    'vectors',
    'data X: real[N, D] data y: real[N] sample w ~ MvNormal(zeros(D), [[2, 0.4], [0.4, 1]]) for n in 0..<N { observe y[n] ~ Normal(X[n] @ w, 0.7) }',
    {
      y,
      X: [
        [1, 2],
        [0.5, -1],
        [0, 1],
        [2, 2],
      ],
    },
    { w: [0.3, -0.6] },
  ],
  [
    'a mixture',
    'data y: real[N] for k in 0..<2 { sample mu[k] ~ Normal(0, 3) sample s[k] ~ Gamma(2, 1) } for n in 0..<N { sample z[n] ~ Categorical([0.3, 0.7]) observe y[n] ~ Normal(mu[z[n]], s[z[n]]) }',
    { y },
    { mu: [0.2, 1.4], s: [0.7, 1.3] },
  ],
  [
    'vectors of a mixture',
    'data x: real[N, D] for k in 0..<2 { sample mu[k] ~ MvNormal(zeros(D), 4 * eye(D)) } for n in 0..<N { sample z[n] ~ Bernoulli(0.4) observe x[n] ~ MvNormal(mu[z[n]], [[1, 0.3], [0.3, 2]]) }',
    {
      x: [
        [1, 2],
        [0.5, -1],
        [-2, 0.3],
      ],
    },
    { mu: [0.2, 1.4, -0.5, 0.6] },
  ],
];

describe('derivatives', () => {
  it.each(
    programs.flatMap((p) => (['map', 'laplace'] as const).map((backend) => [`${p[0]}, ${backend}`, backend, ...p.slice(1)] as const)),
  )('%s', (_, backend, source, data, values) => {
    const text = source as string,
      compiled = compile(text, data as Readonly<Record<string, unknown>>),
      state = values as Values;
    const density = compileProgram(text).logDensity(data as Readonly<Record<string, unknown>>);
    const { variables } = compiled.bound;
    const finite = [...variables.values()].filter((v) => v.status === 'latent' && !(v.name in state));
    const cases = finite.reduce<Values[]>(
      (list, v) =>
        Array.from(v.values).reduce<Values[]>(
          (l, _x, k) => l.flatMap((own) => [0, 1].map((z) => ({ ...own, [v.name]: Object.assign([...(own[v.name] ?? [])], { [k]: z }) }))),
          list,
        ),
      [{}],
    );
    const at = (own: Values): number =>
      density(
        Object.fromEntries(Object.entries(own).map(([name, x]) => [name, nested(x, variables.get(name)!.shape)])) as Parameters<
          typeof density
        >[0],
      );
    const total = (own: Values): number => {
      const all = cases.map((c) => at({ ...own, ...c })),
        top = Math.max(...all);
      return top + Math.log(all.reduce((s, x) => s + Math.exp(x - top), 0));
    };
    const weights = cases.map((c) => Math.exp(at({ ...state, ...c }) - total(state)));
    let compared = 0;
    for (const block of blocksOf(backend as string, text, compiled))
      for (const parameter of block.parameters) {
        const name = /^\w+/.exec(block.block)![0],
          { shape } = variables.get(name)!,
          { indices } = parameter.json as { readonly indices: readonly string[] };
        const names = [...block.block.matchAll(/[[,](\w+)/g)].map((m) => m[1]!).concat(indices);
        state[name]!.forEach((v, flat) => {
          const own = Object.fromEntries(
            shape.map((d, axis) => [names[axis]!, Math.floor(flat / shape.slice(axis + 1).reduce((a, b) => a * b, 1)) % d]),
          );
          const found = cases.reduce((s, c, k) => s + weights[k]! * valueOf(parameter.json, compiled, { ...state, ...c }, own), 0);
          // Steps in the coordinate: v itself, log v, or log((v - a)/(b - v)).
          const [a, b] = name === 'u' ? [0, 1] : [1, 4];
          const move = (h: number): readonly [number, number] =>
            !parameter.name.includes('by log')
              ? [v + h, 0]
              : name === 'u' || name === 'q'
                ? ((e) => [(a! + b! * e) / (1 + e), Math.log(((b! - a!) * e) / (1 + e) ** 2)] as const)(
                    Math.exp(Math.log((v - a!) / (b! - v)) + h),
                  )
                : [v * Math.exp(h), Math.log(v) + h];
          const near = (h: number): number => {
            const [moved, jacobian] = move(h);
            return total({ ...state, [name]: state[name]!.map((x, k) => (k === flat ? moved : x)) }) + jacobian;
          };
          const h = 1e-4,
            truth = (near(-2 * h) - 8 * near(-h) + 8 * near(h) - near(2 * h)) / (12 * h);
          compared++;
          expect(Math.abs(found - truth), `${parameter.text}: ${found}, differences ${truth}`).toBeLessThanOrEqual(
            1e-7 * (1 + Math.abs(truth)),
          );
        });
      }
    expect(compared).toBe(Object.values(state).flat().length);
  });
});
