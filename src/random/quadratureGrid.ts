/**
 * A one-dimensional density kept as weights on a grid: the trapezoidal rule in unconstrained
 * coordinates, between the points where the density has fallen to e^-40 of its maximum. For smooth
 * densities the rule converges faster than any power of the step (Trefethen and Weideman 2014).
 */
import type { Random } from './generator.js';

/** Nodes of a grid. */
export const gridNodes = 401;

const drop = 40;

/**
 * Fills `nodes` and `weights` (probabilities) from their offsets on and returns the log of the
 * integral of exp(logDensity) over [low, high]; NaN where there is no finite maximum.
 */
export function quadratureGrid(_random: Random, logDensity: (x: number) => number, low: number, high: number, nodes: Float64Array, nodeOffset: number, weights: Float64Array, weightOffset: number): number {
  const lower = Number.isFinite(low), upper = Number.isFinite(high);
  // y to x, and log dx/dy
  const place = (y: number): number => {
    if (lower && upper) return low + (high - low) / (1 + Math.exp(-y));
    if (lower) return low + Math.exp(y);
    return upper ? high - Math.exp(y) : y;
  };
  const jacobian = (y: number): number => {
    if (lower && upper) return Math.log(high - low) - Math.abs(y) - 2 * Math.log1p(Math.exp(-Math.abs(y)));
    return lower || upper ? y : 0;
  };
  const f = (y: number): number => {
    const value = logDensity(place(y)) + jacobian(y);
    return Number.isNaN(value) ? -Infinity : value;
  };
  const top = climb(f);
  if (!Number.isFinite(top.value)) return NaN;
  const left = fall(f, top, -1), right = fall(f, top, 1);
  const step = (right - left) / (gridNodes - 1);
  let total = 0;
  for (let i = 0; i < gridNodes; i++) {
    const y = left + i * step;
    nodes[nodeOffset + i] = place(y);
    const w = Math.exp(f(y) - top.value);
    weights[weightOffset + i] = w;
    total += w;
  }
  for (let i = 0; i < gridNodes; i++) weights[weightOffset + i] = weights[weightOffset + i]! / total;
  return top.value + Math.log(total * step);
}

/** A maximum: coarse points of growing distance from the origin, then golden sections. */
function climb(f: (y: number) => number): { readonly at: number; readonly value: number } {
  let at = 0, value = f(0), width = 1;
  for (let k = -60; k <= 60; k++) {
    const y = Math.sign(k) * (Math.exp(Math.abs(k) / 6) - 1);
    const v = f(y);
    if (v > value || !Number.isFinite(value)) { at = y; value = v; width = Math.max(0.25, (Math.abs(y) + 1) / 5); }
  }
  const ratio = (Math.sqrt(5) - 1) / 2;
  let a = at - width, b = at + width;
  let c = b - ratio * (b - a), d = a + ratio * (b - a);
  let fc = f(c), fd = f(d);
  for (let k = 0; k < 100 && b - a > 1e-9 * (1 + Math.abs(at)); k++) {
    if (fc > fd) { b = d; d = c; fd = fc; c = b - ratio * (b - a); fc = f(c); } else { a = c; c = d; fc = fd; d = a + ratio * (b - a); fd = f(d); }
  }
  const middle = (a + b) / 2, best = f(middle);
  return best >= value ? { at: middle, value: best } : { at, value };
}

/** Where the density has fallen by `drop` on one side of its top. */
function fall(f: (y: number) => number, top: { readonly at: number; readonly value: number }, side: 1 | -1): number {
  let step = 1e-3 * (1 + Math.abs(top.at)), inside = top.at;
  let outside = top.at + side * step;
  for (let k = 0; k < 200 && f(outside) > top.value - drop; k++) { inside = outside; step *= 1.6; outside = top.at + side * step; }
  for (let k = 0; k < 60; k++) {
    const middle = (inside + outside) / 2;
    if (f(middle) > top.value - drop) inside = middle; else outside = middle;
  }
  return outside;
}
