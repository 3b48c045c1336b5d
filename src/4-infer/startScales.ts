/**
 * In which units do the unknowns of a program live? An unknown without a law begins at a number of size one, and
 * data of size 10^8 leave such a start on a plateau from which every method creeps. Powers of a hundred are tried on whole
 * unknowns, one after the other, for as long as the objective gains by them or does not notice.
 */

import type { Interruptible } from './stopping.js';

/** A state of all unknowns and its objective; what is not a number counts as the worst. */
export interface Scaled<State> {
  readonly state: State;
  readonly value: number;
}

/** An unknown to scale as a whole: one of the `positive` kind (all its values are scales), or one that may have either sign. */
export interface Scalable {
  readonly name: string;
  readonly positive: boolean;
}

/** Coarse enough for 24 decades in a dozen steps; the small one is about half a decade. */
const step = 100,
  smallStep = 3;
/** Powers of the step at most, each way: 10^24. */
const mostPowers = 12;
/** More than any search takes (a dozen powers each way for a few unknowns): what goes round in circles ends. */
const mostRounds = 60;
/** Change of the objective (a log density) that counts. */
const noticed = 0.5;
/** Gain for which a number of either sign gives way: it may hide what scales could do. */
const slight = 0.01;
/** A step so small that no objective notices it: what changes by more than this share of itself, and by more than a slight gain, is rounding. */
const hardlyAStep = 1 + 1e-10,
  ofRounding = 1e-8;
/** Gain for which scales shrink by a factor: that of more than one number, whose density alone may grow without bound. */
function several(factor: number): number {
  return 2 * Math.abs(Math.log(factor));
}

/** @param attempt a state with one unknown multiplied, and its objective. */
export function* findScales<State>(
  start: Scaled<State>,
  unknowns: readonly Scalable[],
  attempt: (state: State, unknown: Scalable, factor: number) => Scaled<State>,
): Interruptible<Scaled<State>> {
  let here = start;
  if (!Number.isFinite(start.value)) return start;
  const gainOf = (next: Scaled<State>): number => worth(next.value) - worth(here.value);
  /**
   * Whether the objective after a step is what it seems: far out its terms cancel (degrees of freedom of 10^20 beside the hidden scales that
   * they hold), and what is left of them is rounding, which neighbours do not share.
   */
  const isRounding = (next: Scaled<State>, unknown: Scalable, factor: number): boolean =>
    [factor * hardlyAStep, factor / hardlyAStep].some(
      (near) => Math.abs(attempt(here.state, unknown, near).value - next.value) > slight + ofRounding * Math.abs(next.value),
    );
  /** One step, if the objective gains by it. */
  function* climb(unknown: Scalable, factor: number, least: number): Interruptible<boolean> {
    yield;
    const next = attempt(here.state, unknown, factor);
    if (!(gainOf(next) > least) || isRounding(next, unknown, factor)) return false;
    here = next;
    return true;
  }
  /** To the farthest place that is hardly worse than the best on the way; where no step loses but by rounding, null and nothing moves. */
  function* cross(unknown: Scalable, factor: number): Interruptible<{ readonly gained: boolean } | null> {
    const from = here;
    let best = worth(from.value);
    for (let power = 0; power < mostPowers; power++) {
      yield;
      const next = attempt(here.state, unknown, factor),
        value = worth(next.value);
      if (Math.abs(value - worth(here.value)) > slight && isRounding(next, unknown, factor)) break;
      // A number of either sign that suddenly gains owes it to rounding.
      if (value < best - noticed || (!unknown.positive && value > best + noticed)) return { gained: best > worth(from.value) + noticed };
      best = Math.max(best, value);
      here = next;
    }
    here = from;
    return null;
  }
  /**
   * Crosses a plateau, upwards if it ends there. One without an end (degrees of freedom that might as well be infinite, the
   * precision of numbers that are nearly zero) is left for smaller values where these gain.
   */
  function* leave(unknown: Scalable): Interruptible<boolean> {
    const up = yield* cross(unknown, step);
    if (up !== null || !unknown.positive) return up?.gained === true;
    const from = here,
      down = yield* cross(unknown, 1 / step);
    if (down?.gained !== true) here = from;
    return down?.gained === true;
  }
  // Step by step together: a scale that ran ahead of the others would be lost in the rounding of what is still too large.
  const positive = unknowns.filter((u) => u.positive),
    order = [...unknowns.filter((u) => !u.positive), ...positive];
  for (let round = 0; round < mostRounds; round++) {
    let moved = false;
    for (const u of order)
      if ((u.positive && (yield* climb(u, step, several(step)))) || (yield* climb(u, 1 / step, u.positive ? several(step) : slight)))
        moved = true;
    if (moved) continue;
    for (const u of order) if (yield* leave(u)) moved = true;
    if (!moved) break;
  }
  if (here === start) return here;
  // A step too small, a scale that explains little grows in thousands of iterations: to the best within small steps, then to the largest as
  // good.
  for (let round = 0, moved = true; moved && round < mostRounds; round++) {
    moved = false;
    for (const u of positive)
      if ((yield* climb(u, smallStep, noticed)) || (yield* climb(u, 1 / smallStep, several(smallStep)))) moved = true;
  }
  for (const u of positive) yield* cross(u, smallStep);
  return here;
}
function worth(value: number): number {
  return Number.isNaN(value) ? -Infinity : value;
}
