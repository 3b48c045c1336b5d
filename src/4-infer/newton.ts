/**
 * Newton's step and the inverse of a curvature: by its factor where it has one, by its spectrum where it has not, so that
 * directions that are flat or bend upwards are known.
 */
import type { Basis, Curvature } from './curvature.js';
import { smallestCurvature } from './curvatureFactor.js';

export interface NewtonStep {
  readonly step: Float64Array;
  readonly decrement: number;
  /** Largest component of the score along directions that are not flat, in units of its standard deviation. */
  readonly score: number;
  /** Directions in which the density is flat, and in which it bends upwards. */
  readonly flat: readonly Float64Array[];
  readonly negative: readonly Float64Array[];
  /** Whether the curvature was not positive definite, and nobody has asked in which directions. */
  readonly isDamped: boolean;
  /** Whether nothing is known of the directions: no factor, and too many coordinates for a spectrum. */
  readonly isBlind: boolean;
}

/** Curvature along a direction that was scaled to have curvature 1, below which it is flat. */
const flatCurvature = 1e-2;
/** Score in units of its standard deviation below which a point may be a saddle. */
export const saddleScore = 1e-4;
/** Slope in the same units below which it does not rise either. */
const flatScore = 1e-5;

/** The vector B v. */
function inPosition({ along, directions }: Basis, v: Float64Array): Float64Array {
  const p = v.length;
  if (along === 'axes') return v.map((x, i) => directions[i]! * x);
  const out = new Float64Array(p);
  for (let i = 0; i < p; i++) for (let k = 0; k < p; k++) out[i]! += directions[i * p + k]! * v[k]!;
  return out;
}
/** B' g: the score in units of its own standard deviation. */
function inBasis({ along, directions }: Basis, g: Float64Array): Float64Array {
  const p = g.length;
  if (along === 'axes') return g.map((x, i) => directions[i]! * x);
  const out = new Float64Array(p);
  for (let i = 0; i < p; i++) for (let k = 0; k < p; k++) out[k]! += directions[i * p + k]! * g[i]!;
  return out;
}

/** A step uphill: Newton's where the information is positive definite, else with its eigenvalues made positive. */
export function newtonStep({ basis, factor, damped, spectrum }: Curvature, gradient: Float64Array): NewtonStep {
  const p = gradient.length,
    score = inBasis(basis, gradient),
    along = score.slice();
  let largestScore = score.reduce((m, g) => Math.max(m, Math.abs(g)), 0);
  const flat: Float64Array[] = [],
    negative: Float64Array[] = [];
  // Far from a maximum it matters that a step goes up, and not why the curvature is no maximum's.
  const solver = factor ?? (damped !== null && (damped.exact || largestScore > saddleScore) ? damped.factor : null);
  const eigen = solver === null ? spectrum() : null;
  if (solver !== null) solver.solve(along);
  else if (eigen !== null) {
    along.fill(0);
    largestScore = 0;
    const { values, vectors } = eigen;
    const largest = Math.max(...values.map(Math.abs), Number.MIN_VALUE);
    values.forEach((value, k) => {
      const v = vectors[k]!;
      let part = 0;
      for (let i = 0; i < p; i++) part += v[i]! * score[i]!;
      if (value < -flatCurvature * largest) negative.push(inPosition(basis, v));
      else if (value <= Math.max(flatCurvature * largest, smallestCurvature) && Math.abs(part) < flatScore) {
        flat.push(inPosition(basis, v));
        return;
      }
      largestScore = Math.max(largestScore, Math.abs(part));
      // No step is longer than one scale where the curvature says nothing.
      const size = Math.abs(value) <= flatCurvature * largest ? Math.max(Math.abs(value), Math.abs(part)) : Math.abs(value);
      for (let i = 0; i < p; i++) along[i]! += (part / size) * v[i]!;
    });
  }
  const step = inPosition(basis, along);
  let decrement = 0;
  for (let i = 0; i < p; i++) decrement += step[i]! * gradient[i]!;
  return {
    step,
    decrement,
    score: largestScore,
    flat,
    negative,
    isDamped: solver !== null && factor === null && !damped!.exact,
    isBlind: solver === null && eigen === null,
  };
}

/**
 * The inverse of minus the Hessian on the directions that are not flat, and the log determinant of minus the Hessian; null where neither is
 * known.
 */
export function inverseOf(
  { basis, factor, spectrum, logBasis }: Curvature,
  p: number,
): { readonly covariance: Float64Array; readonly logDeterminant: number } | null {
  const covariance = new Float64Array(p * p);
  if (factor !== null) {
    const inverse = factor.inverse(),
      logDeterminant = factor.logDeterminant - 2 * logBasis,
      { directions } = basis;
    if (basis.along === 'axes') {
      for (let i = 0; i < p; i++) for (let j = 0; j < p; j++) covariance[i * p + j] = directions[i]! * inverse[i * p + j]! * directions[j]!;
      return { covariance, logDeterminant };
    }
    const half = new Float64Array(p * p);
    for (let i = 0; i < p; i++)
      for (let k = 0; k < p; k++) {
        const b = directions[i * p + k]!;
        if (b !== 0) for (let j = 0; j < p; j++) half[i * p + j]! += b * inverse[k * p + j]!;
      }
    for (let i = 0; i < p; i++)
      for (let k = 0; k < p; k++) for (let j = 0; j <= i; j++) covariance[i * p + j]! += half[i * p + k]! * directions[j * p + k]!;
    for (let i = 0; i < p; i++) for (let j = 0; j < i; j++) covariance[j * p + i] = covariance[i * p + j]!;
    return { covariance, logDeterminant };
  }
  const eigen = spectrum();
  if (eigen === null) return null;
  const { values, vectors } = eigen;
  const largest = Math.max(...values.map(Math.abs));
  const add = (v: Float64Array, weight: number): void => {
    for (let i = 0; i < p; i++) for (let j = 0; j < p; j++) covariance[i * p + j]! += weight * v[i]! * v[j]!;
  };
  values.forEach((value, k) => {
    if (value > flatCurvature * largest) add(inPosition(basis, vectors[k]!), 1 / value);
  });
  return { covariance, logDeterminant: values.reduce((sum, v) => sum + Math.log(v), -2 * logBasis) };
}
