/**
 * PSIS-LOO and WAIC against the R package loo (test/reference/leaveOneOut.R), and against the closed
 * form where leaving out has one.
 */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { leaveOneOut, type LogLikelihoods, shapeThreshold, total, waic } from '../../../src/5-report/comparison/leaveOneOut.js';
import { fitGeneralisedPareto, paretoQuantile } from '../../../src/5-report/comparison/pareto.js';

type Numbers = readonly (number | null | string)[];
interface Case {
  readonly chains: number;
  readonly draws: number;
  readonly units: number;
  readonly values: readonly number[];
  readonly relativeEfficiency: Numbers;
  readonly elpd: Numbers;
  readonly p: Numbers;
  readonly k: Numbers;
  readonly effectiveSize: Numbers;
  readonly mcse: Numbers;
  readonly estimates: readonly (readonly number[])[];
  readonly waic: { readonly elpd: Numbers; readonly p: Numbers; readonly estimates: readonly (readonly number[])[] };
}
const { cases } = JSON.parse(readFileSync(new URL('../../reference/leaveOneOut.json', import.meta.url), 'utf8')) as {
  readonly cases: Readonly<Record<string, Case>>;
};

function close(found: readonly number[], wanted: Numbers, what: string): void {
  expect(found.length, what).toBe(wanted.length);
  found.forEach((x, i) => {
    const w = wanted[i];
    if (w === 'Inf') expect(x, `${what} ${i}`).toBe(Infinity);
    else expect(Math.abs(x - Number(w)), `${what} ${i}: ${x} against ${w}`).toBeLessThan(1e-6 * Math.max(1, Math.abs(Number(w))));
  });
}

describe.each(Object.entries(cases))('log likelihoods that are %s', (name, c) => {
  const input: LogLikelihoods = {
    units: c.units,
    chains: c.chains,
    draws: c.draws,
    values: Float64Array.from(c.values),
    independent: false,
  };
  it('have the leave-one-out densities, shapes, effective sizes and errors of loo', () => {
    // exp of -2000 is 0 to R, which then has neither efficiency nor error: ours are those of the scaled likelihood.
    const known = name !== 'tiny';
    const units = leaveOneOut(input, known ? null : new Float64Array(c.units).fill(1));
    close(
      units.map((u) => u.elpd),
      c.elpd,
      'elpd',
    );
    close(
      units.map((u) => u.p),
      c.p,
      'p',
    );
    close(
      units.map((u) => u.k),
      c.k,
      'k',
    );
    close(
      units.map((u) => u.effectiveSize),
      c.effectiveSize,
      'effective size',
    );
    if (known)
      close(
        units.map((u) => u.mcse),
        c.mcse,
        'error',
      );
    else for (const u of units) expect(u.mcse).toBeGreaterThan(0);
    [units.map((u) => u.elpd), units.map((u) => u.p)].forEach((values, row) => {
      const { value, se } = total(values);
      close([value, se], c.estimates[row]!, 'total');
    });
  });
  it('have the WAIC of loo', () => {
    const units = waic(leaveOneOut(input));
    close(
      units.map((u) => u.elpd),
      c.waic.elpd,
      'elpd',
    );
    close(
      units.map((u) => u.p),
      c.waic.p,
      'p',
    );
    [units.map((u) => u.elpd), units.map((u) => u.p)].forEach((values, row) => {
      const { value, se } = total(values);
      close([value, se], c.waic.estimates[row]!, 'total');
    });
  });
});

describe('leaving out', () => {
  it('knows no density where a draw calls the unit impossible, and smooths no constant', () => {
    const values = Float64Array.from({ length: 80 }, (_, i) => (i < 40 ? (i === 7 ? -Infinity : -1) : -2));
    const [impossible, constant] = leaveOneOut({ units: 2, chains: 1, draws: 40, values, independent: true });
    expect(impossible).toMatchObject({ elpd: Number.NaN, k: Number.POSITIVE_INFINITY });
    expect(constant!.k).toBe(Number.POSITIVE_INFINITY);
    expect(constant!.elpd).toBeCloseTo(-2, 12);
  });
  it('has a threshold that grows with the draws up to 0.7', () => {
    expect(shapeThreshold(100)).toBeCloseTo(0.5, 12);
    expect(shapeThreshold(4000)).toBe(0.7);
  });
});

describe('the generalised Pareto fit', () => {
  it('finds the shape of quantiles of the law itself, drawn towards 1/2 by ten excesses', () => {
    for (const shape of [0.2, 0.5, 0.9]) {
      const n = 20_000,
        sorted = Float64Array.from({ length: n }, (_, i) => paretoQuantile((i + 0.5) / n, { shape, scale: 2 }));
      const fitted = fitGeneralisedPareto(sorted);
      expect(fitted.shape).toBeCloseTo((shape * n + 5) / (n + 10), 2);
      expect(fitted.scale).toBeCloseTo(2, 1);
    }
  });
});
