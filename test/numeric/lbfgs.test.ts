/** Minimisation of functions with known minima: quadratics, Rosenbrock, domains with an edge, rounding. */
import { describe, expect, test } from 'vitest';
import { lbfgs, lbfgsSteps, type Objective } from '../../src/numeric/lbfgs.js';

const options = { iterations: 1000, tolerance: 1e-15 };

const rosenbrock: Objective = (x, g) => {
  let f = 0;
  g.fill(0);
  for (let i = 0; i + 1 < x.length; i++) {
    const a = x[i + 1]! - x[i]! ** 2,
      b = 1 - x[i]!;
    f += 100 * a * a + b * b;
    g[i]! += -400 * a * x[i]! - 2 * b;
    g[i + 1]! += 200 * a;
  }
  return f;
};

describe('lbfgs', () => {
  test('finds the minimum of an ill-conditioned quadratic', () => {
    const scales = [1, 1e2, 1e4, 1e6],
      centre = [3, -2, 0.5, 7];
    const found = lbfgs(
      (x, g) => {
        let f = 0;
        x.forEach((v, i) => {
          const d = v - centre[i]!;
          f += scales[i]! * d * d;
          g[i] = 2 * scales[i]! * d;
        });
        return f;
      },
      new Float64Array(4),
      options,
    );
    found.x.forEach((v, i) => {
      expect(v).toBeCloseTo(centre[i]!, 6);
    });
  });

  test.each([2, 10, 50])('follows the valley of Rosenbrock in %i dimensions', (n) => {
    const found = lbfgs(
      rosenbrock,
      Float64Array.from({ length: n }, (_, i) => (i % 2 === 0 ? -1.2 : 1)),
      options,
    );
    expect(found.status).toBe('converged');
    // In more than three dimensions there is a local minimum near (-1, 1, ..., 1); this start avoids it or not, but the gradient vanishes.
    found.gradient.forEach((g) => {
      expect(Math.abs(g)).toBeLessThan(1e-5);
    });
    if (n === 2)
      found.x.forEach((v) => {
        expect(v).toBeCloseTo(1, 7);
      });
  });

  test('backs away from the edge of a domain', () => {
    // -log x + x, minimum at 1; NaN below 0.
    const found = lbfgs(
      (x, g) => {
        g[0] = 1 - 1 / x[0]!;
        return x[0]! > 0 ? x[0]! - Math.log(x[0]!) : Number.NaN;
      },
      Float64Array.of(1e-6),
      options,
    );
    expect(found.x[0]).toBeCloseTo(1, 7);
  });

  test('never rises', () => {
    const values = [...lbfgsSteps(rosenbrock, Float64Array.of(-1.2, 1, -1.2, 1), options)].map(({ value }) => value);
    for (let k = 1; k < values.length; k++) expect(values[k]!).toBeLessThanOrEqual(values[k - 1]! * (1 + 1e-13));
    expect(values.length).toBeGreaterThan(10);
  });

  test('a large constant does not end the search early', () => {
    const found = lbfgs(
      (x, g) => {
        g[0] = 2 * (x[0]! - 3);
        return 1e8 + (x[0]! - 3) ** 2;
      },
      Float64Array.of(100),
      options,
    );
    expect(found.x[0]).toBeCloseTo(3, 5);
  });

  test('gives up where no step does what the gradient promises, instead of paying for every trial of every search', () => {
    let count = 0;
    // The gradient is 10 million times the slope that the values have.
    const r = lbfgs(
      (x, gradient) => {
        count++;
        gradient[0] = -1;
        return 1 - 1e-7 * x[0]!;
      },
      Float64Array.of(0),
      { iterations: 2000, tolerance: 1e-14 },
    );
    expect(r.status).toBe('stuck');
    expect(count).toBeLessThan(300);
    expect(r.value).toBeLessThan(1);
  });

  test('says where a start is outside', () => {
    expect(lbfgs(() => Infinity, Float64Array.of(1), options).status).toBe('start');
  });

  test('can be taken step by step: each says where it is', () => {
    const steps = lbfgsSteps(rosenbrock, Float64Array.of(-1.2, 1), options);
    for (let step = steps.next(), before = Infinity; step.done !== true; step = steps.next()) {
      const { value, x } = step.value;
      expect(rosenbrock(x, new Float64Array(2))).toBe(value);
      expect(value).toBeLessThanOrEqual(before * (1 + 1e-13));
      before = value;
    }
  });
});
