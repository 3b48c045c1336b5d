/**
 * Bijections of constrained values: round trips, log Jacobians against determinants of finite
 * differences, gradients of a random linear function plus the log Jacobian against differences.
 */
import { describe, expect, test } from 'vitest';
import * as bijections from '../../src/numeric/bijections.js';

interface Kind {
  readonly name: string;
  readonly size: number;
  readonly free: number;
  from(x: Float64Array, u: Float64Array): number;
  to(x: Float64Array, u: Float64Array): void;
  pull(g: Float64Array, u: Float64Array, out: Float64Array, jacobian: number): void;
  /** Flat numbers of the free coordinates of a value. */
  readonly coordinates: readonly number[];
}

const simplex = (K: number): Kind => ({
  name: `simplex of ${K}`,
  size: K,
  free: K - 1,
  coordinates: Array.from({ length: K - 1 }, (_, k) => k),
  from: (x, u) => bijections.simplexFromPosition(null, x, 1, u, 0, K),
  to: (x, u) => {
    bijections.simplexToPosition(null, x, 1, u, 0, K);
  },
  pull: (g, u, out, w) => {
    bijections.simplexPullBack(null, g, 1, u, 0, out, 0, K, w);
  },
});
const lower = (d: number, diagonal: boolean): number[] =>
  Array.from({ length: d }, (_, i) => Array.from({ length: diagonal ? i + 1 : i }, (_unused, j) => i * d + j)).flat();
const covariance = (d: number, floor: number): Kind => ({
  name: `covariance of ${d}, floor ${floor}`,
  size: d * d,
  free: (d * (d + 1)) / 2,
  coordinates: lower(d, true),
  from: (x, u) => bijections.covarianceFromPosition(null, x, 1, u, 0, d, floor),
  to: (x, u) => {
    bijections.covarianceToPosition(null, x, 1, u, 0, d, floor);
  },
  pull: (g, u, out, w) => {
    bijections.covariancePullBack(null, g, 1, u, 0, out, 0, d, w);
  },
});
const correlation = (d: number): Kind => ({
  name: `correlation of ${d}`,
  size: d * d,
  free: (d * (d - 1)) / 2,
  coordinates: lower(d, false),
  from: (x, u) => bijections.correlationFromPosition(null, x, 1, u, 0, d),
  to: (x, u) => {
    bijections.correlationToPosition(null, x, 1, u, 0, d);
  },
  pull: (g, u, out, w) => {
    bijections.correlationPullBack(null, g, 1, u, 0, out, 0, d, w);
  },
});

function determinant(m: readonly (readonly number[])[]): number {
  const a = m.map((row) => [...row]);
  let out = 1;
  for (let i = 0; i < a.length; i++) {
    const best = a.findIndex((row, k) => k >= i && Math.abs(row[i]!) === Math.max(...a.slice(i).map((r) => Math.abs(r[i]!))));
    if (best !== i) {
      [a[i], a[best]] = [a[best]!, a[i]!];
      out = -out;
    }
    out *= a[i]![i]!;
    for (let k = i + 1; k < a.length; k++) {
      const f = a[k]![i]! / a[i]![i]!;
      for (let j = i; j < a.length; j++) a[k]![j]! -= f * a[i]![j]!;
    }
  }
  return out;
}

const start = [0.3, -0.8, 1.1, 0.2, -0.5, 0.9, -1.3, 0.05, 0.6, -0.2];

describe.each([simplex(2), simplex(5), covariance(1, 0), covariance(3, 0), covariance(3, 0.4), correlation(2), correlation(4)])(
  '$name',
  (kind) => {
    const u = Float64Array.from(start.slice(0, kind.free));
    const value = (position: Float64Array): Float64Array => {
      const x = new Float64Array(kind.size + 1);
      kind.from(x, position);
      return x;
    };
    const moved = (k: number, h: number): Float64Array => {
      const v = u.slice();
      v[k]! += h;
      return v;
    };

    test('comes back', () => {
      const back = new Float64Array(kind.free);
      kind.to(value(u), back);
      back.forEach((b, k) => {
        expect(b).toBeCloseTo(u[k]!, 12);
      });
    });

    test('has the Jacobian that differences say', () => {
      const h = 1e-5;
      const rows = Array.from(u, (_, k) => {
        const up = value(moved(k, h)),
          down = value(moved(k, -h));
        return kind.coordinates.map((c) => (up[c + 1]! - down[c + 1]!) / (2 * h));
      });
      expect(kind.from(new Float64Array(kind.size + 1), u)).toBeCloseTo(Math.log(Math.abs(determinant(rows))), 7);
    });

    test.each([0, 1])('pulls gradients back, Jacobian times %i', (weight) => {
      const g = Float64Array.from({ length: kind.size + 1 }, (_, k) => Math.sin(3 * k + 1));
      const f = (position: Float64Array): number => {
        const x = new Float64Array(kind.size + 1),
          logJacobian = kind.from(x, position);
        return x.reduce((s, v, k) => (k === 0 ? s : s + g[k]! * v), weight * logJacobian);
      };
      const out = new Float64Array(kind.free).fill(0.5);
      kind.pull(g, u, out, weight);
      const h = 1e-5;
      u.forEach((_, k) => {
        expect(out[k]! - 0.5).toBeCloseTo((f(moved(k, h)) - f(moved(k, -h))) / (2 * h), 7);
      });
    });
  },
);
