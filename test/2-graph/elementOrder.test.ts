/**
 * Elements that only data put in an order: orders against their definition on random trees, cycles named,
 * and what follows from them (simulated covariances, posteriors by dense Gaussian conditioning, densities).
 */
import fc from 'fast-check';
import { Matrix, solve } from 'ml-matrix';
import { describe, expect, it } from 'vitest';
import { compile } from '../../src/index.js';
import { bind } from '../../src/2-graph/bind.js';
import { checkRatios } from '../3-derive/ratio.js';
import { compile as derive } from '../3-derive/support.js';
import { graphOf } from './programs.js';

const tree = `
  data parent: int[N]
  data y: real[N]
  for t in 0..<N { sample z[t] ~ Normal(parent[t] == t ? 0 : z[parent[t]], 1) }
  for t in 0..<N { observe y[t] ~ Normal(z[t], 0.5) }`;

/** Random forests whose numbering says nothing: parents drawn among earlier places of a random permutation. */
const forests: fc.Arbitrary<number[]> = fc
  .integer({ min: 1, max: 40 })
  .chain((n) =>
    fc.tuple(
      fc.shuffledSubarray([...Array(n).keys()], { minLength: n, maxLength: n }),
      fc.array(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), { minLength: n, maxLength: n }),
    ),
  )
  .map(([order, u]) => {
    const parent: number[] = [];
    order.forEach((node, k) => {
      parent[node] = u[k]! < 0.1 || k === 0 ? node : order[Math.floor(u[k]! * k)]!;
    });
    return parent;
  });

function orderOf(
  source: string,
  data: Readonly<Record<string, unknown>>,
): { readonly rows: readonly (readonly number[])[]; readonly messages: readonly string[] } {
  const { model, diagnostics } = bind(graphOf(source), data, { mode: 'infer' });
  const order = model === null ? undefined : [...model.orders.values()][0];
  const rows =
    order === undefined
      ? []
      : Array.from({ length: order.rows.length / order.width }, (_, k) => [...order.rows.subarray(k * order.width, (k + 1) * order.width)]);
  return { rows, messages: diagnostics.filter((d) => d.severity === 'error').map((d) => d.message) };
}

describe('the order of elements', () => {
  it('puts every element of a random forest after its parent, each once', () => {
    fc.assert(
      fc.property(forests, (parent) => {
        const { rows } = orderOf(tree, { parent, y: parent.map(() => 0) });
        const places = new Map(rows.map(([, t], k) => [t, k]));
        expect([...places.keys()].sort((a, b) => a! - b!)).toEqual(parent.map((_, t) => t));
        parent.forEach((p, t) => {
          if (p !== t) expect(places.get(p)!).toBeLessThan(places.get(t)!);
        });
      }),
      { numRuns: 60, seed: 1 },
    );
  });

  it('keeps the order of the program where that is one', () => {
    expect(orderOf(tree, { parent: [0, 0, 1, 0, 3], y: [0, 0, 0, 0, 0] }).rows.map(([, t]) => t)).toEqual([0, 1, 2, 3, 4]);
  });

  it('names the elements of a cycle, the first few of a long one', () => {
    expect(orderOf(tree, { parent: [0, 2, 4, 1, 3, 3], y: [0, 0, 0, 0, 0, 0] }).messages).toEqual([
      'With these data the elements form a cycle: z[1] -> z[2] -> z[4] -> z[3] -> z[1].',
    ]);
    const ring = Array.from({ length: 100 }, (_, t) => (t + 1) % 100);
    expect(orderOf(tree, { parent: ring, y: ring }).messages).toEqual([
      'With these data the elements form a cycle: z[0] -> z[1] -> z[2] -> z[3] -> z[4] -> z[5] -> z[6] -> z[7] -> ... -> z[0] (100 elements).',
    ]);
    const without = tree.replace('parent[t] == t ? 0 : ', '');
    expect(orderOf(without, { parent: [0, 0], y: [0, 0] }).messages).toEqual(['With these data the elements form a cycle: z[0] -> z[0].']);
  });

  it('takes chains of 200,000 elements backwards and through a permutation', () => {
    const n = 200_000;
    const parent = Int32Array.from({ length: n }, (_, t) => (t === n - 1 ? t : t + 1));
    const { rows } = orderOf(tree, { parent, y: new Float64Array(n) });
    expect(rows[0]).toEqual([0, n - 1]);
    expect(rows[n - 1]).toEqual([0, 0]);
  });

  it('orders grids, several parents, `let`s between and several variables', () => {
    const grid =
      'data p: int[N] data M: int for i in 0..<N, j in 0..<M { sample z[i, j] ~ Normal((p[i] < 0 ? 0 : z[p[i], j]) + (j == 0 ? 0 : z[i, j-1]), 1) }';
    const { rows } = orderOf(grid, { p: [1, 2, -1], M: 2 });
    const at = (i: number, j: number): number => rows.findIndex(([, a, b]) => a === i && b === j);
    expect(rows).toHaveLength(6);
    for (const j of [0, 1]) expect([at(2, j) < at(1, j), at(1, j) < at(0, j)]).toEqual([true, true]);
    for (const i of [0, 1, 2]) expect(at(i, 0)).toBeLessThan(at(i, 1));
    const network =
      'data parents: int[N, 2] data count: int[N] for n in 0..<N { let m = sum(b[parents[n, k]] for k in 0..<count[n]) sample b[n] ~ Bernoulli(sigmoid(m - 1)) }';
    const found = orderOf(network, {
      parents: [
        [2, 1],
        [0, 0],
        [1, 3],
        [0, 0],
      ],
      count: [2, 0, 2, 0],
    });
    expect(found.messages).toEqual([]);
    const drawn = found.rows.filter(([s]) => s === 1).map(([, n]) => n);
    expect(drawn).toEqual([1, 3, 2, 0]);
  });

  it('refuses indices that are not known', () => {
    expect(orderOf(tree, { parent: [0, null, 1], y: [0, 0, 0] }).messages.length).toBeGreaterThan(0);
    const generated = `${tree} for t in 0..<N { observe parent[t] ~ DiscreteUniform(0, N - 1) }`;
    const { diagnostics } = bind(graphOf(generated), { N: 3 }, { mode: 'sample' });
    expect(diagnostics.map((d) => d.code)).toContain('cycle');
    expect(bind(graphOf(generated), { parent: [0, 0, 1] }, { mode: 'sample' }).model).not.toBeNull();
  });
});

describe('what is computed in that order', () => {
  // Node 3 is the root; 0 -> 2 -> 3, 1 -> 2, 4 -> 3.
  const parent = [2, 2, 3, 3, 3];
  const path = (t: number): number[] => (parent[t] === t ? [t] : [t, ...path(parent[t]!)]);
  const covariance = parent.map((_, a) => parent.map((__, b) => path(a).filter((x) => path(b).includes(x)).length));

  it('simulates with the covariances of the tree', () => {
    const draws = compile(tree).sample({ parent }, { count: 20_000, seed: 4 });
    parent.forEach((_, a) =>
      parent.forEach((__, b) => {
        const product = draws.map((d) => (d['z'] as number[])[a]! * (d['z'] as number[])[b]!);
        const mean = product.reduce((s, x) => s + x, 0) / product.length;
        const variance = covariance[a]![a]! * covariance[b]![b]! + covariance[a]![b]! ** 2;
        expect(Math.abs(mean - covariance[a]![b]!)).toBeLessThan(5.5 * Math.sqrt(variance / product.length));
      }),
    );
  });

  const y = [1, -2, 0.5, 3, 2];
  const noise = new Matrix(covariance).add(Matrix.eye(5).mul(0.25));
  const prior = new Matrix(covariance);
  const posteriorMean = prior.mmul(solve(noise, Matrix.columnVector(y))).to1DArray();
  const posteriorCovariance = Matrix.sub(prior, prior.mmul(solve(noise, prior)));

  it.each(['gibbs', 'mh'])('infers what Gaussian conditioning gives: %s', async (backend) => {
    const posterior = await compile(tree).infer(
      { parent, y },
      { backend, draws: backend === 'mh' ? 20_000 : 4000, chains: 2, seed: 3, workers: 0 },
    );
    const { variables } = posterior.summary();
    parent.forEach((_, t) => {
      const row = variables[`z[${t}]`]!;
      expect(Math.abs(row.mean! - posteriorMean[t]!) / row.mcse!).toBeLessThan(5);
      expect(row.sd! / Math.sqrt(posteriorCovariance.get(t, t))).toBeCloseTo(1, 1);
    });
  });

  it('has the means of Gaussian conditioning under mean field, with variances 1 / precision', async () => {
    const posterior = await compile(tree).infer({ parent, y }, { backend: 'cavi', options: { tolerance: 1e-14 }, seed: 3, workers: 0 });
    const { variables } = posterior.summary();
    parent.forEach((_, t) => {
      expect(variables[`z[${t}]`]!.mean).toBeCloseTo(posteriorMean[t]!, 5);
      const children = parent.filter((p, c) => p === t && c !== t).length;
      expect(variables[`z[${t}]`]!.sd).toBeCloseTo(1 / Math.sqrt(5 + children), 6);
    });
  });

  it('has the density of the tree', () => {
    const z = [0.3, -1, 0.2, 2, 1];
    const normal = (x: number, m: number, s: number): number => -0.5 * ((x - m) / s) ** 2 - Math.log(s) - 0.5 * Math.log(2 * Math.PI);
    const expected = parent.reduce((sum, p, t) => sum + normal(z[t]!, p === t ? 0 : z[p]!, 1) + normal(y[t]!, z[t]!, 0.5), 0);
    expect(compile(tree).logDensity({ parent, y })({ z })).toBeCloseTo(expected, 10);
  });

  it('keeps the ratio law', () => {
    const discrete =
      'data p: int[N] data y: real[N] sample w ~ Dirichlet(ones(3)) for t in 0..<N { sample k[t] ~ Categorical(p[t] == t ? w : [k[p[t]] == 0 ? 0.5 : 0.2, k[p[t]] == 0 ? 0.3 : 0.2, k[p[t]] == 0 ? 0.2 : 0.6]) observe y[t] ~ Normal(k[t], 1) }';
    const slope =
      'data p: int[N] data y: real[N] sample a ~ Normal(0, 1) for t in 0..<N { let m = p[t] == t ? 0 : a * z[p[t]] sample z[t] ~ Normal(m, 1) observe y[t] ~ Normal(z[t]^2, 1) }';
    for (const [source, name] of [
      [tree, 'parent'],
      [discrete, 'p'],
      [slope, 'p'],
    ] as const) {
      const { failures, compared } = checkRatios(derive(source, { [name]: parent, y }), { seeds: [1, 2], elements: 5 });
      expect(failures).toEqual([]);
      expect([...compared.values()].every((n) => n > 0)).toBe(true);
    }
  });

  it('follows `let`s of data and of unknowns along the tree', () => {
    const source =
      'data p: int[N] data x: real[N] sample a ~ Normal(0, 1) let depth[3] = 0 for t in 0..<3 { let depth[t] = depth[p[t]] + 1 } for t in 4..<N { let depth[t] = depth[p[t]] + 1 } for t in 0..<N { let h[t] = p[t] == t ? a : h[p[t]] * a } observe x ~ Normal(h, 1) report g = h + 100 * depth';
    const drawn = compile(source).sample({ p: parent, x: y, a: 2 }, { seed: 1 });
    expect(drawn['g']).toEqual([208, 208, 104, 2, 104]);
    const normal = (v: number, m: number): number => -0.5 * (v - m) ** 2 - 0.5 * Math.log(2 * Math.PI);
    const h = parent.map((_, t) => 1.5 ** path(t).length);
    expect(compile(source).logDensity({ p: parent, x: y })({ a: 1.5 })).toBeCloseTo(
      normal(1.5, 0) + y.reduce((s, v, t) => s + normal(v, h[t]!), 0),
      10,
    );
  });

  it('computes a `let` of data along a long chain that runs against the numbers', () => {
    const n = 20_000;
    // A permutation, since 7919 and 20,000 have no common factor.
    const chain = Array.from({ length: n }, (_, k) => (k * 7919) % n);
    const p = Array.from({ length: n }, (_, t) => t);
    chain.forEach((t, k) => {
      if (k > 0) p[t] = chain[k - 1]!;
    });
    const drawn = compile(
      'data p: int[N] for t in 0..<N { let depth[t] = p[t] == t ? 0 : depth[p[t]] + 1 } report deepest = max(depth)',
    ).sample({ p }, { seed: 1 });
    expect(drawn['deepest']).toBe(n - 1);
  });

  it('generates lags of observed data along the tree', () => {
    const source = 'data p: int[N] data y: int[N] for t in 0..<N { observe y[t] ~ Delta(p[t] == t ? 5 : y[p[t]] + 1) }';
    expect(compile(source).sample({ p: parent }, { seed: 1 })['y']).toEqual([7, 7, 6, 5, 6]);
  });
});
