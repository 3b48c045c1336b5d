/**
 * What the inverses of the incomplete gamma and beta functions share: the solution of log tail(t) = target, and the size
 * below which a tail is worked out in logarithms.
 */
import { epsilon } from './constants.js';

/** A tail below this is worked out in logarithms. */
export const smallestTail = 1e-280;

/**
 * Solves log tail(t) = target by Newton's method, for a tail of a law with log-concave density: log tail
 * is concave, so iterates approach the root from one side once they are on it.
 * @param sign 1 for a lower tail (increasing), -1 for an upper one
 */
export function invertTail(
  target: number,
  start: number,
  sign: number,
  tail: (t: number) => number,
  density: (t: number) => number,
): number {
  let t = start;
  let known = Number.NaN;
  // A point where the tail underflows to 0; beyond it lies nothing.
  let vanished = -sign * Infinity;
  for (let iteration = 0; iteration < 200; iteration++) {
    const value = tail(t);
    if (!(value > 0)) {
      vanished = t;
      t = known === known ? 0.5 * (t + known) : t + sign;
      continue;
    }
    known = t;
    let step = (sign * (target - Math.log(value)) * value) / density(t);
    // From the flat side the tangent overshoots; from the other side it never does.
    if (step * sign < -2) step = -2 * sign;
    if ((t + step - vanished) * sign <= 0) step = 0.5 * (vanished - t);
    t += step;
    if (Math.abs(step) < 4 * epsilon * Math.max(1, Math.abs(t))) break;
  }
  return t;
}
