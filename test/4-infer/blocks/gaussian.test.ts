/**
 * Gaussian blocks against dense Gaussian conditioning, whose rows are written down beside each program:
 * means, variances, covariances and the log integral to 1e-9, whatever the order of elimination and the
 * layout found. A term dropped, doubled or put into the wrong place shows in all of them.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { num, ref } from '../../../src/expr/expr.js';
import { createRandom, type Random } from '../../../src/random/generator.js';
import { BlockMachine, Pieces } from './gaussianMachine.js';

interface Case {
  readonly source: string;
  readonly data: Record<string, unknown>;
  readonly pieces: Pieces;
  readonly state?: Readonly<Record<string, readonly number[]>>;
  readonly only?: readonly string[];
}

function close(found: number, wanted: number, what: string, tolerance = 1e-9): void {
  expect(Math.abs(found - wanted) <= tolerance * (1 + Math.abs(wanted)), `${what}: ${found} instead of ${wanted}`).toBe(true);
}

/** Elements of a name like `mu[2,0]` as a flat cell of a storage of the given shape. */
function cellOf(name: string, shape: readonly number[]): number {
  const at = /\[(.*)\]/.exec(name)?.[1]?.split(',').map(Number) ?? [];
  return at.reduce((flat, x, d) => flat * shape[d]! + x, 0);
}

function check(c: Case, tolerance = 1e-9): BlockMachine {
  const { names } = c.pieces,
    truth = c.pieces.conditioned(),
    n = names.length;
  const element = (name: string): ReturnType<typeof ref> =>
    ref(
      name.replace(/\[.*/, ''),
      (/\[(.*)\]/.exec(name)?.[1]?.split(',') ?? []).map((x) => num(Number(x))),
    );
  const pairs = names.flatMap((a, i) => names.slice(0, i).map((b) => ({ a: element(a), b: element(b), i, j: names.indexOf(b) })));
  const machine = new BlockMachine(c.source, c.data, { only: c.only ?? null, pairs });
  expect(machine.blocks.length).toBe(1);
  expect(machine.blocks[0]!.size).toBe(n);
  for (const [name, values] of Object.entries(c.state ?? {})) machine.get(name).set(values);
  close(machine.prepare(), truth.logIntegral, 'log integral', tolerance);
  machine.moments();
  const shapeOf = (name: string): readonly number[] => machine.builder.storage(name.replace(/\[.*/, '')).shape;
  names.forEach((name, i) => {
    const variable = name.replace(/\[.*/, ''),
      cell = cellOf(name, shapeOf(name));
    close(machine.get(`mean.${variable}`)[cell]!, truth.mean[i]!, `mean of ${name}`, tolerance);
    close(machine.get(`variance.${variable}`)[cell]!, truth.covariance[i * n + i]!, `variance of ${name}`, tolerance);
  });
  let seen = 0;
  pairs.forEach(({ i, j }, k) => {
    if (!machine.has(`pair${k}`)) return;
    seen++;
    close(machine.get(`pair${k}`)[0]!, truth.covariance[i * n + j]!, `covariance of ${names[i]} and ${names[j]}`, tolerance);
  });
  if (n > 1) expect(seen).toBeGreaterThan(0);
  return machine;
}

// --- programs with their rows --------------------------------------------------------------------------

const uniform = (r: Random, low: number, high: number): number => Number((low + (high - low) * r.uniform()).toFixed(3));
const normals = (r: Random, n: number): number[] => Array.from({ length: n }, () => Number((2 * r.normal()).toFixed(3)));
const missing = (r: Random, values: number[], share: number): (number | null)[] => values.map((x) => (r.uniform() < share ? null : x));

/** An autoregression of two lags, observed with noise; gaps are unknowns of their own. */
function autoregression(r: Random): Case {
  const T = 3 + Math.floor(8 * r.uniform()),
    a = uniform(r, -1, 1),
    b = uniform(r, -0.5, 0.5),
    q = uniform(r, 0.3, 2),
    s = uniform(r, 0.3, 2);
  const y = missing(r, normals(r, T), 0.3),
    pieces = new Pieces();
  for (let t = 0; t < T; t++)
    pieces.add(
      t === 0 ? { 'z[0]': 1 } : t === 1 ? { 'z[1]': 1, 'z[0]': -a } : { [`z[${t}]`]: 1, [`z[${t - 1}]`]: -a, [`z[${t - 2}]`]: -b },
      0,
      t === 0 ? 3 : q,
    );
  y.forEach((value, t) => {
    if (value === null) pieces.add({ [`z[${t}]`]: 1, [`y[${t}]`]: -1 }, 0, s);
    else pieces.add({ [`z[${t}]`]: 1 }, value, s);
  });
  return {
    source: `data y: real[T] data a: real data b: real data q: positive data s: positive
      sample z[0] ~ Normal(0, 3)
      sample z[1] ~ Normal(a * z[0], q)
      for t in 2..<T { sample z[t] ~ Normal(a * z[t-1] + b * z[t-2], q) }
      observe y ~ Normal(z, s)`,
    data: { y, a, b, q, s },
    pieces,
  };
}

/** Level and autoregressive part, seen through their sum: the bench's model. */
function structural(r: Random): Case {
  const T = 2 + Math.floor(6 * r.uniform()),
    phi = uniform(r, 0.3, 1),
    y = normals(r, T),
    pieces = new Pieces();
  for (let t = 0; t < T; t++) {
    pieces.add(t === 0 ? { 'level[0]': 1 } : { [`level[${t}]`]: 1, [`level[${t - 1}]`]: -1 }, 0, t === 0 ? 5 : 0.4);
    pieces.add(t === 0 ? { 'ar[0]': 1 } : { [`ar[${t}]`]: 1, [`ar[${t - 1}]`]: -phi }, 0, t === 0 ? 2 : 0.7);
    pieces.add({ [`level[${t}]`]: 1, [`ar[${t}]`]: 1 }, y[t]!, 0.5);
  }
  return {
    source: `data y: real[T] data phi: real
      sample level[0] ~ Normal(0, 5) sample ar[0] ~ Normal(0, 2)
      for t in 1..<T { sample level[t] ~ Normal(level[t-1], 0.4) sample ar[t] ~ Normal(phi * ar[t-1], 0.7) }
      for t in 0..<T { observe y[t] ~ Normal(level[t] + ar[t], 0.5) }`,
    data: { y, phi },
    pieces,
  };
}

/** Groups with intercepts and slopes of their own and hyper-means (rats). */
function hierarchy(r: Random): Case {
  const J = 2 + Math.floor(5 * r.uniform()),
    N = Math.floor(30 * r.uniform()) + 1,
    pieces = new Pieces();
  const g = Array.from({ length: N }, () => Math.floor(J * r.uniform())),
    x = normals(r, N),
    y = missing(r, normals(r, N), 0.1);
  pieces.add({ a0: 1 }, 0, 10);
  pieces.add({ b0: 1 }, 1, 10);
  for (let j = 0; j < J; j++) {
    pieces.add({ [`a[${j}]`]: 1, a0: -1 }, 0, 1.5);
    pieces.add({ [`b[${j}]`]: 1, b0: -1 }, 0, 0.5);
  }
  y.forEach((value, n) =>
    pieces.add({ [`a[${g[n]}]`]: 1, [`b[${g[n]}]`]: x[n]!, ...(value === null ? { [`y[${n}]`]: -1 } : {}) }, value ?? 0, 0.8),
  );
  return {
    source: `data y: real[N] data x: real[N] data g: int[N] data J: int
      sample a0 ~ Normal(0, 10) sample b0 ~ Normal(1, 10)
      for j in 0..<J { sample a[j] ~ Normal(a0, 1.5) sample b[j] ~ Normal(b0, 0.5) }
      for n in 0..<N { observe y[n] ~ Normal(a[g[n]] + b[g[n]] * x[n], 0.8) }`,
    data: { y, x, g, J },
    pieces,
  };
}

/** Crossed effects of two groupings and an offset. */
function crossed(r: Random): Case {
  const J = 2 + Math.floor(4 * r.uniform()),
    H = 2 + Math.floor(4 * r.uniform()),
    N = 1 + Math.floor(60 * r.uniform()),
    pieces = new Pieces();
  const g = Array.from({ length: N }, () => Math.floor(J * r.uniform())),
    h = Array.from({ length: N }, () => 1 + Math.floor(H * r.uniform())),
    y = normals(r, N);
  for (let j = 0; j < J; j++) pieces.add({ [`a[${j}]`]: 1 }, 0.5, 1.1);
  for (let k = 0; k < H; k++) pieces.add({ [`b[${k}]`]: 1 }, 0, 2);
  pieces.add({ c: 1 }, 0, 3);
  y.forEach((value, n) => pieces.add({ [`a[${g[n]}]`]: 1, [`b[${h[n]! - 1}]`]: 1, c: 1 }, value, 0.7));
  return {
    source: `data y: real[N] data g: int[N] data h: int[N] data J: int data H: int
      for j in 0..<J { sample a[j] ~ Normal(0.5, 1.1) }
      for k in 0..<H { sample b[k] ~ Normal(0, 2) }
      sample c ~ Normal(0, 3)
      for n in 0..<N { observe y[n] ~ Normal(a[g[n]] + b[h[n] - 1] + c, 0.7) }`,
    data: { y, g, h, J, H },
    pieces,
  };
}

/** Weights drawn one by one and an intercept. */
function regression(r: Random): Case {
  const N = Math.floor(30 * r.uniform()),
    D = 1 + Math.floor(5 * r.uniform()),
    pieces = new Pieces();
  const X = Array.from({ length: N }, () => normals(r, D)),
    y = normals(r, N);
  for (let d = 0; d < D; d++) pieces.add({ [`w[${d}]`]: 1 }, 0, 2);
  pieces.add({ b: 1 }, 0, 5);
  for (let n = 0; n < N; n++) pieces.add(Object.fromEntries([...X[n]!.map((x, d) => [`w[${d}]`, x]), ['b', 1]]), y[n]!, 0.9);
  return {
    source: `data X: real[N, D] data y: real[N]
      for d in 0..<D { sample w[d] ~ Normal(0, 2) }
      sample b ~ Normal(0, 5)
      observe y ~ Normal(X @ w + b, 0.9)`,
    data: N === 0 ? { X: [], y: [], N: 0, D } : { X, y },
    pieces,
  };
}

/** A vector that moves by a matrix, observed through another, with a common shift; two entries of y are missing. */
function vectorChain(r: Random): Case {
  const T = 2 + Math.floor(4 * r.uniform()),
    A = [
      [0.8, uniform(r, -0.3, 0.3)],
      [uniform(r, -0.3, 0.3), 0.6],
    ],
    Q = [
      [0.5, 0.2],
      [0.2, 0.7],
    ],
    R = [
      [1, -0.3],
      [-0.3, 0.6],
    ];
  const y: (number | null)[][] = Array.from({ length: T }, () => normals(r, 2)),
    pieces = new Pieces();
  y[0]![1] = null;
  y[T - 1]![0] = null;
  pieces.many(
    [{ 'z[0,0]': 1 }, { 'z[0,1]': 1 }],
    [0, 0],
    [
      [4, 0],
      [0, 4],
    ],
  );
  for (let t = 1; t < T; t++)
    pieces.many(
      [0, 1].map((i) => ({ [`z[${t},${i}]`]: 1, [`z[${t - 1},0]`]: -A[i]![0]!, [`z[${t - 1},1]`]: -A[i]![1]! })),
      [0, 0],
      Q,
    );
  pieces.add({ m: 1 }, 0, 2);
  for (let t = 0; t < T; t++)
    pieces.many(
      [0, 1].map((i) => ({ [`z[${t},${i}]`]: 1, m: 1, ...(y[t]![i] === null ? { [`y[${t},${i}]`]: -1 } : {}) })),
      y[t]!.map((v) => v ?? 0),
      R,
    );
  return {
    source: `data y: real[T, 2] data A: real[2, 2] data Q: cov[2] data R: cov[2]
      sample z[0] ~ MvNormal(zeros(2), 4 * eye(2))
      for t in 1..<T { sample z[t] ~ MvNormal(A @ z[t-1], Q) }
      sample m ~ Normal(0, 2)
      for t in 0..<T { observe y[t] ~ MvNormal([z[t, 0] + m, z[t, 1] + m], R) }`,
    data: { y, A, Q, R },
    pieces,
  };
}

/** A mixture of regressions: the pattern must hold whatever the labels are. */
function labelled(r: Random): Case {
  const N = 1 + Math.floor(20 * r.uniform()),
    G = 3,
    pieces = new Pieces();
  const z = Array.from({ length: N }, () => Math.floor(3 * r.uniform())),
    g = Array.from({ length: N }, () => Math.floor(G * r.uniform())),
    y = normals(r, N);
  for (let k = 0; k < 3; k++) pieces.add({ [`mu[${k}]`]: 1 }, 0, 4);
  for (let k = 0; k < G; k++) pieces.add({ [`b[${k}]`]: 1 }, 0, 1);
  y.forEach((value, n) => pieces.add({ [`mu[${z[n]}]`]: 1, [`b[${g[n]}]`]: 1 }, value, z[n] === 2 ? 0.5 : 1.5));
  // The labels' own factors are no part of the block.
  return {
    source: `data y: real[N] data g: int[N] data G: int
      for k in 0..<3 { sample mu[k] ~ Normal(0, 4) }
      for k in 0..<G { sample b[k] ~ Normal(0, 1) }
      for n in 0..<N { sample z[n] ~ Categorical([0.2, 0.3, 0.5]) observe y[n] ~ Normal(mu[z[n]] + b[g[n]], z[n] == 2 ? 0.5 : 1.5) }`,
    data: { y, g, G },
    pieces,
    state: { z },
  };
}

/** Unknown scales and a scalar factor that stand at their current values. */
function scaled(r: Random): Case {
  const T = 3 + Math.floor(5 * r.uniform()),
    y = normals(r, T),
    q = uniform(r, 0.3, 2),
    s2 = uniform(r, 0.3, 2),
    c = uniform(r, -2, 2),
    pieces = new Pieces();
  for (let t = 0; t < T; t++) pieces.add(t === 0 ? { 'z[0]': 1 } : { [`z[${t}]`]: 1, [`z[${t - 1}]`]: -1 }, 0, t === 0 ? 3 : q);
  y.forEach((value, t) => pieces.add({ [`z[${t}]`]: c }, value, Math.sqrt(s2)));
  return {
    source: `data y: real[T]
      sample q ~ HalfCauchy(1) sample s2 ~ InverseGamma(2, 1) sample c ~ truncated(Normal(0, 1), -3, 3)
      sample z[0] ~ Normal(0, 3)
      for t in 1..<T { sample z[t] ~ Normal(z[t-1], q) }
      for t in 0..<T { observe y[t] ~ Normal(c * z[t], variance: s2) }`,
    data: { y },
    pieces,
    state: { q: [q], s2: [s2], c: [c] },
  };
}

/** A tree whose parents are data, in any order; some observations are missing. */
function tree(r: Random): Case {
  const N = 2 + Math.floor(12 * r.uniform()),
    b = uniform(r, 0.3, 1.2),
    pieces = new Pieces(),
    names = Array.from({ length: N }, (_, i) => i);
  for (let i = N - 1; i > 0; i--) {
    const j = Math.floor(r.uniform() * (i + 1));
    [names[i], names[j]] = [names[j]!, names[i]!];
  }
  const parent = names.slice();
  for (let k = 1; k < N; k++) parent[names[k]!] = names[Math.floor(r.uniform() * k)]!;
  parent[names[0]!] = names[0]!;
  const y = missing(r, normals(r, N), 0.3);
  for (let t = 0; t < N; t++) pieces.add(parent[t] === t ? { [`z[${t}]`]: 1 } : { [`z[${t}]`]: 1, [`z[${parent[t]}]`]: -b }, 0.3, 0.8);
  y.forEach((v, t) => pieces.add({ [`z[${t}]`]: 2, ...(v === null ? { [`y[${t}]`]: -1 } : {}) }, v ?? 0, 0.6));
  return {
    source: `data parent: int[N] data y: real[N] data b: real
      for t in 0..<N {
        sample z[t] ~ Normal(0.3 + (parent[t] == t ? 0 : b * z[parent[t]]), 0.8)
        observe y[t] ~ Normal(2 * z[t], 0.6)
      }`,
    data: { parent, y, b },
    pieces,
  };
}

/** Any directed graph of scalars, written out statement by statement. */
function network(r: Random): Case {
  const n = 2 + Math.floor(9 * r.uniform()),
    lines: string[] = [],
    data: Record<string, number> = {},
    pieces = new Pieces();
  for (let k = 0; k < n; k++) {
    const weights: Record<string, number> = { [`v${k}`]: 1 },
      offset = uniform(r, -2, 2),
      sd = uniform(r, 0.3, 2),
      mean = [String(offset)];
    for (let j = 0; j < k; j++)
      if (r.uniform() < 0.4) {
        const w = uniform(r, -1.5, 1.5);
        weights[`v${j}`] = -w;
        mean.push(`(${w}) * v${j}`);
      }
    lines.push(`sample v${k} ~ Normal(${mean.join(' + ')}, ${sd})`);
    pieces.add(weights, offset, sd);
  }
  for (let o = 0; o < n; o++) {
    // The last observation holds all together in one block.
    const weights: Record<string, number> = {},
      value = uniform(r, -3, 3),
      mean: string[] = [];
    for (let j = 0; j < n; j++)
      if (o === n - 1 || r.uniform() < 0.3) {
        const w = uniform(r, -1, 1);
        weights[`v${j}`] = w;
        mean.push(`(${w}) * v${j}`);
      }
    if (mean.length === 0) continue;
    data[`y${o}`] = value;
    lines.push(`data y${o}: real`, `observe y${o} ~ Normal(${mean.join(' + ')}, 0.7)`);
    pieces.add(weights, value, 0.7);
  }
  return { source: lines.join('\n'), data, pieces };
}

const programs: Readonly<Record<string, (r: Random) => Case>> = {
  tree,
  network,
  autoregression,
  structural,
  hierarchy,
  crossed,
  regression,
  vectorChain,
  labelled,
  scaled,
};

describe('Gaussian blocks are dense Gaussian conditioning', () => {
  for (const [name, make] of Object.entries(programs)) {
    test(name, () => {
      fc.assert(
        fc.property(fc.integer({ min: 0, max: 1e6 }), (seed) => {
          check(make(createRandom(String(seed), name)));
        }),
        { numRuns: 12, seed: 5 },
      );
    });
  }
});
