/**
 * One Gaussian q for a law p with two modes: KL(p || q) and KL(q || p) minimised numerically, from two starts each.
 * Run it with `npx tsx examples/32-forward-and-reverse/forward-and-reverse.ts`.
 */
import { pathToFileURL } from 'node:url';
import { crossEntropy, kl, mixture, Normal } from 'credence/distributions';

const target = mixture([0.4, 0.6], [Normal(-2, 0.6), Normal(2, 0.8)]);

type Point = readonly [mean: number, logSd: number];
type Objective = (at: Point) => number;

/** Newton's method in the mean and log sd, derivatives by differences, steps halved until they descend. */
function minimise(objective: Objective, start: Point): Point {
  const h = 1e-3;
  let at = start;
  for (let iteration = 0; iteration < 60; iteration++) {
    const [m, l] = at,
      f = (dm: number, dl: number): number => objective([m + dm * h, l + dl * h]);
    const here = f(0, 0),
      right = f(1, 0),
      left = f(-1, 0),
      up = f(0, 1),
      down = f(0, -1);
    // Fourth-order differences, so that the zero of the slope is that of the objective.
    const slope = [(8 * (right - left) - (f(2, 0) - f(-2, 0))) / (12 * h), (8 * (up - down) - (f(0, 2) - f(0, -2))) / (12 * h)] as const;
    const mm = (right - 2 * here + left) / h ** 2,
      ll = (up - 2 * here + down) / h ** 2,
      ml = (f(1, 1) - f(1, -1) - f(-1, 1) + f(-1, -1)) / (4 * h ** 2);
    const determinant = mm * ll - ml ** 2;
    let step: Point =
      determinant > 0 && mm > 0
        ? [-(ll * slope[0] - ml * slope[1]) / determinant, -(mm * slope[1] - ml * slope[0]) / determinant]
        : [-slope[0], -slope[1]];
    const longest = Math.max(Math.abs(step[0]), Math.abs(step[1]));
    if (longest < 1e-10) break;
    if (longest > 0.5) step = [(step[0] * 0.5) / longest, (step[1] * 0.5) / longest];
    let next: Point = [m + step[0], l + step[1]];
    for (let halving = 0; halving < 30 && objective(next) > here; halving++) {
      step = [step[0] / 2, step[1] / 2];
      next = [m + step[0], l + step[1]];
    }
    at = next;
  }
  return at;
}

const lawAt = ([mean, logSd]: Point) => Normal(mean, Math.exp(logSd));
/** KL(p || q) but for the entropy of p, and KL(q || p). */
const forward: Objective = (at) => crossEntropy(target, lawAt(at)).value;
const reverse: Objective = (at) => kl(lawAt(at), target).value;

/** Numbers by name; claim.json says what they must be. */
export function results(): Record<string, number> {
  const found: Record<string, number> = {};
  for (const [side, mean] of [
    ['left', -1.5],
    ['right', 1.5],
  ] as const) {
    for (const [direction, objective] of [
      ['forward', forward],
      ['reverse', reverse],
    ] as const) {
      const at = minimise(objective, [mean, 0]);
      found[`${direction} from the ${side}: mean`] = at[0];
      found[`${direction} from the ${side}: sd`] = Math.exp(at[1]);
      found[`${direction} from the ${side}: KL`] = (direction === 'forward' ? kl(target, lawAt(at)) : kl(lawAt(at), target)).value;
    }
  }
  return found;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  for (const [name, value] of Object.entries(results())) console.log(name.padEnd(32), value.toPrecision(10));
}
