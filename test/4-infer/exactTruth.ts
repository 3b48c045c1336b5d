/**
 * Truth for exact posteriors by other means: quadrature by the double-exponential rule (Takahasi and Mori
 * 1974), and the textbook formulas of Gaussian conditioning with plain elimination.
 */

export type Matrix = number[][];

export interface Integral {
  readonly logIntegral: number;
  readonly mean: number;
  readonly sd: number;
}

interface Node {
  readonly x: number;
  readonly logWeight: number;
}

/** Nodes of a double-exponential rule: sinh of sinh on the line, exp of sinh on a half line, tanh of sinh between bounds. */
function nodes(low: number, high: number, centre: number, scale: number, step: number): readonly Node[] {
  const out: Node[] = [];
  for (let k = Math.round(-4.2 / step); k <= Math.round(4.2 / step); k++) {
    const t = k * step,
      s = (Math.PI / 2) * Math.sinh(t),
      ds = (Math.PI / 2) * Math.cosh(t);
    if (Number.isFinite(low) && Number.isFinite(high)) {
      // Counted from the nearer end, so that nodes near it keep their digits.
      const u = Math.exp(-2 * Math.abs(s)) / (1 + Math.exp(-2 * Math.abs(s)));
      out.push({
        x: s < 0 ? low + (high - low) * u : high - (high - low) * u,
        logWeight: Math.log((high - low) / 2) + Math.log(ds) - 2 * Math.log(Math.cosh(Math.min(Math.abs(s), 300))),
      });
    } else if (Number.isFinite(low)) out.push({ x: low + scale * Math.exp(s), logWeight: Math.log(scale) + s + Math.log(ds) });
    else if (Number.isFinite(high)) out.push({ x: high - scale * Math.exp(s), logWeight: Math.log(scale) + s + Math.log(ds) });
    else if (Math.abs(s) < 300)
      out.push({ x: centre + scale * Math.sinh(s), logWeight: Math.log(scale) + Math.log(Math.cosh(s)) + Math.log(ds) });
  }
  return out.filter((n) => n.x > low && n.x < high && Number.isFinite(n.x) && Number.isFinite(n.logWeight));
}

/** log of the integral of exp(f), with mean and sd of the density it normalises. */
export function integrate(f: (x: number) => number, low: number, high: number, step: number = 1 / 64, scale: number = 1): Integral {
  const points = nodes(low, high, 0, scale, step)
    .map(({ x, logWeight }) => ({ x, value: f(x) + logWeight }))
    .filter((p) => p.value > -Infinity);
  const top = Math.max(...points.map((p) => p.value));
  let total = 0,
    first = 0;
  for (const p of points) {
    const w = Math.exp(p.value - top);
    total += w;
    first += w * p.x;
  }
  const mean = first / total;
  let second = 0;
  for (const p of points) second += Math.exp(p.value - top) * (p.x - mean) ** 2;
  return { logIntegral: top + Math.log(total * step), mean, sd: Math.sqrt(second / total) };
}

/** The same over a first variable between bounds and a second one on the line, whose density is about `width` wide. */
export function integrate2(
  f: (a: number, b: number) => number,
  [low, high]: readonly [number, number],
  width: (a: number) => number,
): {
  readonly logIntegral: number;
  readonly first: { readonly mean: number; readonly sd: number };
  readonly second: { readonly mean: number; readonly sd: number };
} {
  const step = 1 / 16;
  const inner = new Map<number, Integral>();
  const outer = integrate(
    (a) => {
      const i = integrate((b) => f(a, b), -Infinity, Infinity, step, width(a));
      inner.set(a, i);
      return i.logIntegral;
    },
    low,
    high,
    step,
  );
  const average = (g: (i: Integral) => number): number => {
    // The outer rule once more, with the inner moments in place of the variable.
    let total = 0,
      sum = 0;
    for (const { x, logWeight } of nodes(low, high, 0, 1, step)) {
      const i = inner.get(x);
      if (i === undefined || !Number.isFinite(i.logIntegral) || Number.isNaN(i.mean)) continue;
      const w = Math.exp(i.logIntegral + logWeight - outer.logIntegral);
      total += w;
      sum += w * g(i);
    }
    return sum / total;
  };
  const mean = average((i) => i.mean);
  return {
    logIntegral: outer.logIntegral,
    first: outer,
    second: { mean, sd: Math.sqrt(average((i) => i.sd ** 2 + (i.mean - mean) ** 2)) },
  };
}

export function normalLogPdf(x: number, mean: number, sd: number): number {
  return -0.5 * ((x - mean) / sd) ** 2 - Math.log(sd) - 0.5 * Math.log(2 * Math.PI);
}

/** The identity. */
export function dense(n: number): Matrix {
  return Array.from({ length: n }, (_, i) => Array.from({ length: n }, (__, j) => (i === j ? 1 : 0)));
}
function multiply(a: readonly (readonly number[])[], b: readonly (readonly number[])[]): Matrix {
  return a.map((row) => (b[0] ?? []).map((_, j) => row.reduce((s, x, k) => s + x * b[k]![j]!, 0)));
}
function transpose(a: readonly (readonly number[])[], columns: number): Matrix {
  return Array.from({ length: columns }, (_, j) => a.map((row) => row[j]!));
}
/** Inverse and log determinant of a positive definite matrix by Gauss-Jordan elimination. */
function invert(a: readonly (readonly number[])[]): { readonly inverse: Matrix; readonly logdet: number } {
  const n = a.length,
    m = a.map((row, i) => [...row, ...dense(n)[i]!]);
  let logdet = 0;
  for (let k = 0; k < n; k++) {
    const pivot = m[k]![k]!;
    logdet += Math.log(pivot);
    for (let j = 0; j < 2 * n; j++) m[k]![j] = m[k]![j]! / pivot;
    for (let i = 0; i < n; i++)
      if (i !== k) {
        const factor = m[i]![k]!;
        for (let j = 0; j < 2 * n; j++) m[i]![j] = m[i]![j]! - factor * m[k]![j]!;
      }
  }
  return { inverse: m.map((row) => row.slice(n)), logdet };
}

/** x ~ N(m0, S0), y = A x + noise of covariance R: posterior moments and log N(y; A m0, A S0 A' + R). */
export function gaussianEvidence(
  m0: readonly number[],
  S0: readonly (readonly number[])[],
  A: readonly (readonly number[])[],
  R: readonly (readonly number[])[],
  y: readonly number[],
): { readonly mean: readonly number[]; readonly covariance: Matrix; readonly logEvidence: number } {
  if (y.length === 0) return { mean: m0, covariance: S0.map((r) => [...r]), logEvidence: 0 };
  const At = transpose(A, m0.length),
    SAt = multiply(S0, At);
  const V = multiply(A, SAt).map((row, i) => row.map((x, j) => x + R[i]![j]!));
  const { inverse, logdet } = invert(V);
  const gain = multiply(SAt, inverse);
  const residual = y.map((v, i) => v - A[i]!.reduce((s, a, j) => s + a * m0[j]!, 0));
  const quadratic = residual.reduce((s, r, i) => s + r * inverse[i]!.reduce((t, x, j) => t + x * residual[j]!, 0), 0);
  return {
    mean: m0.map((m, i) => m + gain[i]!.reduce((s, g, j) => s + g * residual[j]!, 0)),
    covariance: S0.map((row, i) => row.map((x, j) => x - gain[i]!.reduce((s, g, k) => s + g * SAt[j]![k]!, 0))),
    logEvidence: -0.5 * (quadratic + logdet + y.length * Math.log(2 * Math.PI)),
  };
}
