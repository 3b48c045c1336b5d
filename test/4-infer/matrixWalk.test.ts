/**
 * Random walks of matrices: the correction that a proposal carries is the log ratio of the proposal densities back and
 * forth, found here by normal densities in the coordinates and determinants of differences; and a chain
 * of nothing else has the mean of the posterior in closed form.
 */
import { describe, expect, test } from 'vitest';
import { createRandom } from '../../src/random/generator.js';
import { proposeCorrelation, proposeCovariance } from '../../src/random/metropolis.js';
import { compile, draw } from './machine.js';
import { zOfMean } from './truth.js';

type Matrix = readonly (readonly number[])[];

function cholesky(x: Matrix): number[][] {
  const l = x.map((row) => row.map(() => 0));
  x.forEach((row, i) => {
    for (let j = 0; j <= i; j++) {
      let s = row[j]!;
      for (let k = 0; k < j; k++) s -= l[i]![k]! * l[j]![k]!;
      l[i]![j] = i === j ? Math.sqrt(s) : s / l[j]![j]!;
    }
  });
  return l;
}
function product(l: Matrix): number[][] {
  return l.map((row) => l.map((other) => row.reduce((s, v, k) => s + v * other[k]!, 0)));
}
/** log |det| by elimination with row exchanges. */
function logDeterminant(a: Matrix): number {
  const m = a.map((row) => [...row]);
  let out = 0;
  m.forEach((_, k) => {
    const p = m.slice(k).reduce((best, row, i) => (Math.abs(row[k]!) > Math.abs(m[best]![k]!) ? k + i : best), k);
    [m[k], m[p]] = [m[p]!, m[k]!];
    out += Math.log(Math.abs(m[k]![k]!));
    for (let i = k + 1; i < m.length; i++) {
      const f = m[i]![k]! / m[k]![k]!;
      for (let j = k; j < m.length; j++) m[i]![j]! -= f * m[k]![j]!;
    }
  });
  return out;
}
/** log |det| of the derivative of a map at a point, by differences. */
function logJacobian(map: (y: readonly number[]) => readonly number[], y: readonly number[]): number {
  const h = 1e-5;
  return logDeterminant(
    y.map((_, k) => {
      const up = [...y],
        down = [...y];
      up[k]! += h;
      down[k]! -= h;
      const a = map(up),
        b = map(down);
      return a.map((v, i) => (v - b[i]!) / (2 * h));
    }),
  );
}
function logNormal(step: number, sd: number): number {
  return -0.5 * (step / sd) ** 2 - Math.log(sd);
}
function rowsOf(x: ArrayLike<number>, d: number): number[][] {
  return Array.from({ length: d }, (_, i) => Array.from({ length: d }, (__, j) => x[i * d + j]!));
}
const d = 3,
  scale = 0.4;

describe('the correction of a proposal is the ratio of the densities of the steps back and forth', () => {
  test('covariances', () => {
    const random = createRandom('walk', 'steps');
    const toCoordinates = (x: Matrix): number[] =>
      cholesky(x).flatMap((row, i) => row.slice(0, i + 1).map((v, j) => (i === j ? Math.log(v) : v)));
    const fromCoordinates = (y: readonly number[]): number[] => {
      const l = [0, 1, 2].map((i) =>
        [0, 1, 2].map((j) => (j > i ? 0 : j === i ? Math.exp(y[(i * (i + 1)) / 2 + j]!) : y[(i * (i + 1)) / 2 + j]!)),
      );
      return product(l).flatMap((row, i) => row.slice(0, i + 1));
    };
    const towards = (x: Matrix, other: Matrix): number => {
      const a = toCoordinates(x),
        b = toCoordinates(other);
      return x.reduce(
        (s, row, i) =>
          s +
          row.slice(0, i + 1).reduce((t, _, j) => {
            const k = (i * (i + 1)) / 2 + j;
            return t + logNormal(b[k]! - a[k]!, i === j ? scale : scale * Math.sqrt(row[i]!));
          }, 0),
        0,
      );
    };
    const x: Matrix = [
      [2, 0.4, -0.3],
      [0.4, 0.5, 0.2],
      [-0.3, 0.2, 9],
    ];
    for (let trial = 0; trial < 20; trial++) {
      const out = new Float64Array(d * d),
        correction = proposeCovariance(random, out, 0, Float64Array.from(x.flat()), scale, d);
      const next = rowsOf(out, d);
      const truth =
        towards(next, x) -
        towards(x, next) +
        logJacobian(fromCoordinates, toCoordinates(next)) -
        logJacobian(fromCoordinates, toCoordinates(x));
      expect(Math.abs(correction - truth)).toBeLessThan(1e-6 * (1 + Math.abs(truth)));
    }
  });

  test('correlations', () => {
    const random = createRandom('walk', 'steps');
    // Canonical partial correlations of a row are its Cholesky entries over what is left of the row's length.
    const toCoordinates = (r: Matrix): number[] =>
      cholesky(r).flatMap((row, i) => {
        let rest = 1;
        return row.slice(0, i).map((v) => {
          const z = v / Math.sqrt(rest);
          rest *= 1 - z * z;
          return Math.atanh(z);
        });
      });
    const fromCoordinates = (y: readonly number[]): number[] => {
      const z = y.map(Math.tanh),
        l = [
          [1, 0, 0],
          [z[0]!, Math.sqrt(1 - z[0]! ** 2), 0],
          [z[1]!, z[2]! * Math.sqrt(1 - z[1]! ** 2), Math.sqrt((1 - z[1]! ** 2) * (1 - z[2]! ** 2))],
        ];
      return product(l).flatMap((row, i) => row.slice(0, i));
    };
    const r: Matrix = [
      [1, 0.3, -0.2],
      [0.3, 1, 0.6],
      [-0.2, 0.6, 1],
    ];
    for (let trial = 0; trial < 20; trial++) {
      const out = new Float64Array(d * d),
        correction = proposeCorrelation(random, out, 0, Float64Array.from(r.flat()), scale, d);
      const truth = logJacobian(fromCoordinates, toCoordinates(rowsOf(out, d))) - logJacobian(fromCoordinates, toCoordinates(r));
      expect(Math.abs(correction - truth)).toBeLessThan(1e-6 * (1 + Math.abs(truth)));
    }
  });
});

test('a chain of random walks has the mean of the posterior', () => {
  const x = [
      [1.2, 2.1],
      [-0.4, 0.2],
      [0.9, 1.4],
      [-1.5, -0.6],
      [0.3, 2.2],
      [0.1, 0.5],
    ],
    df = 6;
  const source = 'data x: real[N, 2] sample S ~ InverseWishart(6, eye(2)) for n in 0..<N { observe x[n] ~ MvNormal(zeros(2), S) }';
  const draws = draw(compile(source, { x }, { backend: 'mh' }), 60_000, { warmup: 2000 });
  // InverseWishart(df + N, I + sum x x'), mean over df + N - d - 1.
  const mean = (i: number, j: number): number => ((i === j ? 1 : 0) + x.reduce((s, row) => s + row[i]! * row[j]!, 0)) / (df + x.length - 3);
  for (const [k, [i, j]] of [
    [0, [0, 0]],
    [2, [1, 0]],
    [3, [1, 1]],
  ] as const)
    expect(Math.abs(zOfMean(draws.of('S', k), mean(i, j), false))).toBeLessThan(4);
});
