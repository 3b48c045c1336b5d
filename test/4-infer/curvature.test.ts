/**
 * Curvature by groups of coordinates against second derivatives worked out by hand, and what it costs; maxima of
 * hierarchies with hundreds of unknowns against their closed forms.
 */
import { expect, test } from 'vitest';
import { type Curvature, Differences } from '../../src/4-infer/curvature.js';
import type { Climbed } from '../../src/4-infer/curvatureGroups.js';
import { newtonStep } from '../../src/4-infer/newton.js';
import { compile } from '../../src/index.js';
import { toEnd } from './toEnd.js';

/** A density of real coordinates, with the number of its gradients so far. */
function counted(p: number, climbed: Climbed): { readonly differences: Differences; gradients: number } {
  const out = {
    gradients: 0,
    differences: new Differences(
      { dimension: p, owners: Array.from({ length: p }, (_, element) => ({ variable: 'x', element, kind: 'real' as const })) },
      (x, gradient) => {
        out.gradients++;
        return climbed(x, gradient);
      },
    ),
  };
  return out;
}

/** Minus the Hessian, from its form in the basis of the axes. */
function unscaled({ basis: { along, directions }, matrix }: Curvature, i: number, j: number): number {
  expect(along).toBe('axes');
  return matrix[i * directions.length + j]! / (directions[i]! * directions[j]!);
}

const leaves = 60;
/** - 50 m^2 - m^4/4 - sum_i [x_i^2 + sin(m x_i) + x_i x_(i+1) / 2] over a hub m and a chain. */
const hubAndChain: Climbed = (x, gradient) => {
  const m = x[leaves]!;
  let value = -50 * m * m - m ** 4 / 4,
    slope = -100 * m - m ** 3;
  for (let i = 0; i < leaves; i++) {
    const u = x[i]!,
      next = i + 1 < leaves ? x[i + 1]! : 0,
      last = i > 0 ? x[i - 1]! : 0;
    value -= u * u + Math.sin(m * u) + (u * next) / 2;
    slope -= u * Math.cos(m * u);
    gradient[i] = -2 * u - m * Math.cos(m * u) - (next + last) / 2;
  }
  gradient[leaves] = slope;
  return value;
};

test('a hub and a chain: all second derivatives, by a dozen differences', () => {
  const p = leaves + 1,
    dense = counted(p, hubAndChain),
    x = Float64Array.from({ length: p }, (_, i) => 0.3 * Math.cos(i)),
    m = x[leaves]!;
  const gradient = new Float64Array(p);
  hubAndChain(x, gradient);
  const found = toEnd(dense.differences.curvature(x, gradient, true))!,
    first = dense.gradients;
  for (let i = 0; i < leaves; i++) {
    const u = x[i]!;
    expect(unscaled(found, i, i)).toBeCloseTo(2 - m * m * Math.sin(m * u), 6);
    expect(unscaled(found, i, leaves)).toBeCloseTo(Math.cos(m * u) - m * u * Math.sin(m * u), 6);
    for (let j = 0; j < i; j++) expect(unscaled(found, i, j)).toBeCloseTo(j === i - 1 ? 0.5 : 0, 6);
  }
  const bend = x.subarray(0, leaves).reduce((sum, u) => sum - u * u * Math.sin(m * u), 100 + 3 * m * m);
  expect(unscaled(found, leaves, leaves)).toBeCloseTo(bend, 5);
  // A gradient each to see what meets, once; then 5 colours.
  expect(first).toBeLessThan(p + 70);
  toEnd(dense.differences.curvature(x, gradient, true));
  expect(dense.gradients - first).toBeLessThan(70);
});

test('what does not meet where it was looked at, and does elsewhere, is found out', () => {
  // x_0 moves all the others only beyond 1.
  const p = 40,
    objective: Climbed = (x, gradient) => {
      const beyond = Math.max(0, x[0]! - 1);
      let value = -5 * x[0]! * x[0]!;
      gradient[0] = -10 * x[0]!;
      for (let i = 1; i < p; i++) {
        value -= x[i]! ** 2 / 2 + (beyond ** 2 * x[i]!) / 20;
        gradient[0]! -= (beyond * x[i]!) / 10;
        gradient[i] = -x[i]! - beyond ** 2 / 20;
      }
      return value;
    };
  const { differences } = counted(p, objective),
    inside = new Float64Array(p),
    outside = new Float64Array(p).fill(0.1);
  outside[0] = 3;
  const gradient = new Float64Array(p);
  for (const [at, meeting] of [
    [inside, 0],
    [outside, 0.2],
  ] as const) {
    objective(at, gradient);
    const found = toEnd(differences.curvature(at, gradient, true))!;
    for (let i = 1; i < p; i++) expect(unscaled(found, 0, i)).toBeCloseTo(meeting, 6);
  }
});

test('kinks are found among many coordinates that move together', () => {
  const p = 50,
    kinks = [7, 31],
    objective: Climbed = (x, gradient) => {
      let value = 0;
      for (let i = 0; i < p; i++) {
        value -= kinks.includes(i) ? Math.abs(x[i]!) : x[i]! ** 2;
        gradient[i] = kinks.includes(i) ? -Math.sign(x[i]!) : -2 * x[i]!;
      }
      return value;
    };
  const kinked = counted(p, objective);
  expect(toEnd(kinked.differences.kinks(new Float64Array(p), null))).toEqual(kinks);
  expect(kinked.gradients).toBeLessThan(p + 12);
});

test('where the density bends upwards a damped step goes uphill without a spectrum; at a saddle the way out is known', () => {
  // Double wells: maxima at +1 and -1, a saddle at the origin.
  const p = 120,
    objective: Climbed = (x, gradient) => {
      let value = 0;
      for (let i = 0; i < p; i++) {
        value += x[i]! ** 2 / 2 - x[i]! ** 4 / 4;
        gradient[i] = x[i]! - x[i]! ** 3;
      }
      return value;
    };
  const { differences } = counted(p, objective),
    at = new Float64Array(p).fill(0.3),
    gradient = new Float64Array(p);
  objective(at, gradient);
  const uphill = newtonStep(toEnd(differences.curvature(at, gradient, false))!, gradient);
  expect(uphill).toMatchObject({ isDamped: true, negative: [] });
  expect(uphill.decrement).toBeGreaterThan(0);
  at.fill(0);
  objective(at, gradient);
  const saddle = newtonStep(toEnd(differences.curvature(at, gradient, false))!, gradient);
  expect(saddle).toMatchObject({ isDamped: false });
  expect(saddle.negative).toHaveLength(p);
});

/**
 * y[j, i] ~ Normal(mu + u[j], 1), u[j] ~ Normal(0, 1), mu ~ Normal(0, 10), n data in each of J groups. Given mu the means of
 * groups are independent with variance 1 + 1/n: mu has precision 1/100 + J / (1 + 1/n); u[j] given mu has precision n + 1.
 */
test.each(['map', 'laplace'])('hundreds of random effects by %s: means and standard deviations', async (backend) => {
  const J = 300,
    n = 4,
    y = Array.from({ length: J }, (_, j) => Array.from({ length: n }, (_unused, i) => 2 + Math.sin(j) + 0.5 * Math.cos(3 * j + i)));
  const model = compile(
    'data y: real[J, n]\nsample mu ~ Normal(0, 10)\nfor j in 0..<J {\n  sample u[j] ~ Normal(0, 1)\n  for i in 0..<n { observe y[j, i] ~ Normal(mu + u[j], 1) }\n}',
  );
  const run = await model.infer({ y }, { backend, workers: 0, draws: 10, chains: 1, options: { restarts: 1 } });
  const means = y.map((row) => row.reduce((a, b) => a + b, 0) / n),
    precision = 1 / 100 + J / (1 + 1 / n);
  const mu = means.reduce((a, b) => a + b, 0) / (1 + 1 / n) / precision;
  expect(run.converged).toBe(true);
  expect(run.mean('mu')).toBeCloseTo(mu, 8);
  expect(run.sd('mu')).toBeCloseTo(1 / Math.sqrt(precision), 7);
  const u = run.mean('u') as readonly number[],
    sd = run.sd('u') as readonly number[];
  for (const j of [0, 1, 150, J - 1]) {
    expect(u[j]).toBeCloseTo((n / (n + 1)) * (means[j]! - mu), 8);
    expect(sd[j]).toBeCloseTo(Math.sqrt(1 / (n + 1) + (n / (n + 1)) ** 2 / precision), 7);
  }
  if (backend !== 'laplace') return;
  // Of a group: its mean and what lies within, sum of squares S: -n/2 log 2 pi - S/2 - 1/2 log(n + 1) - n d^2 / (2 (n + 1)) with d from mu;
  // then mu is summed out.
  let at = -0.5 * Math.log(100) - 0.5 * Math.log(precision) - (mu * mu) / 200;
  y.forEach((row, j) => {
    const own = means[j]!,
      within = row.reduce((sum, v) => sum + (v - own) ** 2, 0);
    at += -(n / 2) * Math.log(2 * Math.PI) - within / 2 - 0.5 * Math.log(n + 1) - (n * (own - mu) ** 2) / (2 * (n + 1));
  });
  expect(run.logEvidence).toBeCloseTo(at, 5);
});
