/**
 * Laws known by quadrature or summation in the test, and z-scores of draws against them. Draws of a
 * single unknown by an exact kernel are independent; others are judged with batch means.
 */

export interface Law1 {
  readonly mean: number;
  readonly variance: number;
  readonly fourth: number;
  readonly cdf: (x: number) => number;
}

/** Moments and distribution function of exp(logDensity) on [low, high] by Simpson's rule, 2^15 panels. */
export function continuousLaw(logDensity: (x: number) => number, low: number, high: number): Law1 {
  const panels = 1 << 15,
    h = (high - low) / panels;
  const at = Float64Array.from({ length: panels + 1 }, (_, i) => logDensity(low + i * h));
  const top = at.reduce((a, b) => (b > a ? b : a), -Infinity);
  const f = at.map((l) => Math.exp(l - top));
  const weight = (i: number): number => (i === 0 || i === panels ? 1 : i % 2 === 1 ? 4 : 2) * (h / 3);
  const integrate = (g: (x: number) => number): number => f.reduce((sum, y, i) => sum + (y > 0 ? weight(i) * y * g(low + i * h) : 0), 0);
  const total = integrate(() => 1);
  const mean = integrate((x) => x) / total;
  const cumulative = new Float64Array(panels + 1);
  for (let i = 1; i <= panels; i++) cumulative[i] = cumulative[i - 1]! + (0.5 * h * (f[i - 1]! + f[i]!)) / total;
  return {
    mean,
    variance: integrate((x) => (x - mean) ** 2) / total,
    fourth: integrate((x) => (x - mean) ** 4) / total,
    cdf: (x) => {
      const position = (x - low) / h;
      if (position <= 0) return 0;
      if (position >= panels) return 1;
      const i = Math.floor(position);
      return cumulative[i]! + (position - i) * (cumulative[i + 1]! - cumulative[i]!);
    },
  };
}

/** The same for masses on the integers low..high. */
export function discreteLaw(logMass: (k: number) => number, low: number, high: number): Law1 {
  const values = Array.from({ length: high - low + 1 }, (_, k) => low + k);
  const logs = values.map(logMass),
    top = Math.max(...logs);
  const w = logs.map((l) => Math.exp(l - top));
  const total = w.reduce((a, b) => a + b, 0);
  const expect = (g: (x: number) => number): number => values.reduce((sum, x, k) => sum + w[k]! * g(x), 0) / total;
  const mean = expect((x) => x);
  return {
    mean,
    variance: expect((x) => (x - mean) ** 2),
    fourth: expect((x) => (x - mean) ** 4),
    cdf: (x) => expect((y) => (y <= x ? 1 : 0)),
  };
}

/** z-score of the mean of draws, with the standard error of independent draws or of 64 batch means. */
export function zOfMean(draws: ArrayLike<number>, mean: number, independent: boolean): number {
  const n = draws.length;
  const batches = independent ? n : 64,
    size = Math.floor(n / batches);
  const means = Float64Array.from({ length: batches }, (_, b) => {
    let sum = 0;
    for (let i = 0; i < size; i++) sum += draws[b * size + i]!;
    return sum / size;
  });
  const average = means.reduce((a, b) => a + b, 0) / batches;
  const spread = means.reduce((a, b) => a + (b - average) ** 2, 0) / (batches - 1);
  if (spread === 0) return Math.abs(average - mean) < 1e-12 * (1 + Math.abs(mean)) ? 0 : Infinity;
  return (average - mean) / Math.sqrt(spread / batches);
}

/** z-score of the mean squared distance from the true mean. */
export function zOfVariance(draws: ArrayLike<number>, law: Law1, independent: boolean): number {
  return zOfMean(
    Float64Array.from(draws, (x) => (x - law.mean) ** 2),
    law.variance,
    independent,
  );
}

/** sqrt(n) times the Kolmogorov-Smirnov distance; for a continuous law P(> t) is about 2 exp(-2 t^2), less for a discrete one. */
export function kolmogorov(draws: ArrayLike<number>, law: Law1): number {
  const sorted = Float64Array.from(draws).sort();
  const n = sorted.length;
  let distance = 0;
  for (let i = 0; i < n; i++) {
    const x = sorted[i]!;
    // Ties: compare at the last of equal values, and before the first.
    if (i + 1 < n && sorted[i + 1] === x) continue;
    distance = Math.max(distance, Math.abs((i + 1) / n - law.cdf(x)));
  }
  return distance * Math.sqrt(n);
}

/** Inverse of a small matrix by Gauss-Jordan elimination with pivoting. */
export function invert(matrix: readonly (readonly number[])[]): number[][] {
  const n = matrix.length;
  const a = matrix.map((row, i) => [...row, ...row.map((_, j) => (i === j ? 1 : 0))]);
  for (let c = 0; c < n; c++) {
    let pivot = c;
    for (let r = c + 1; r < n; r++) if (Math.abs(a[r]![c]!) > Math.abs(a[pivot]![c]!)) pivot = r;
    [a[c], a[pivot]] = [a[pivot]!, a[c]!];
    const p = a[c]![c]!;
    a[c] = a[c]!.map((x) => x / p);
    for (let r = 0; r < n; r++)
      if (r !== c && a[r]![c] !== 0) {
        const f = a[r]![c]!;
        a[r] = a[r]!.map((x, j) => x - f * a[c]![j]!);
      }
  }
  return a.map((row) => row.slice(n));
}

/** Observations `row . x ~ Normal(value, sd)`, priors included, of a vector x: its posterior mean and covariance. */
export function gaussianPosterior(
  size: number,
  statements: readonly { readonly row: readonly number[]; readonly value: number; readonly sd: number }[],
): { readonly mean: readonly number[]; readonly covariance: readonly (readonly number[])[] } {
  const precision = Array.from({ length: size }, () => new Array<number>(size).fill(0));
  const shift = new Array<number>(size).fill(0);
  for (const { row, value, sd } of statements) {
    for (let i = 0; i < size; i++) {
      shift[i] = shift[i]! + (row[i]! * value) / sd ** 2;
      for (let j = 0; j < size; j++) precision[i]![j] = precision[i]![j]! + (row[i]! * row[j]!) / sd ** 2;
    }
  }
  const covariance = invert(precision);
  return { mean: covariance.map((r) => r.reduce((s, c, j) => s + c * shift[j]!, 0)), covariance };
}

/** Expectations under exp(logDensity(x, y)) on a rectangle, midpoint rule with 400 x 400 cells. */
export function planeExpectation(
  logDensity: (x: number, y: number) => number,
  xs: readonly [number, number],
  ys: readonly [number, number],
): (f: (x: number, y: number) => number) => number {
  const n = 400;
  const at = (r: readonly [number, number], i: number): number => r[0] + ((i + 0.5) * (r[1] - r[0])) / n;
  const logs = new Float64Array(n * n);
  let top = -Infinity;
  for (let i = 0; i < n; i++)
    for (let j = 0; j < n; j++) {
      const l = logDensity(at(xs, i), at(ys, j));
      logs[i * n + j] = l;
      if (l > top) top = l;
    }
  const w = logs.map((l) => Math.exp(l - top));
  const total = w.reduce((a, b) => a + b, 0);
  return (f) => {
    let sum = 0;
    for (let i = 0; i < n; i++) for (let j = 0; j < n; j++) sum += w[i * n + j]! * f(at(xs, i), at(ys, j));
    return sum / total;
  };
}
