/**
 * The gradient flow of KL(p || q) between Gaussians: plain descent in the mean and the standard deviation of q.
 * Run it with `npx tsx examples/31-gradient-flow/gradient-flow.ts`.
 */
import { pathToFileURL } from 'node:url';
import { kl, klGradient, Normal } from 'credence/distributions';

const target = Normal(0.5, 1.5);
const start = { mean: 3, sd: 0.8 };
const stepSize = 0.1;
const shown = [1, 2, 5, 10, 50, 200, 1000];

interface Gaussian {
  readonly mean: number;
  readonly sd: number;
}
type Slope = (q: Gaussian) => Gaussian;

/** The derivatives of KL(p || q), mean (m - m0) / s^2 and sd (s^2 - s0^2 - (m - m0)^2) / s^3, from the library. */
const whole: Slope = ({ mean, sd }) => klGradient(target, Normal(mean, sd)) as unknown as Gaussian;
/** Without (m - m0)^2 in the second: right only where the means agree already. */
const shortened: Slope = ({ mean, sd }) => ({ mean: (mean - 0.5) / sd ** 2, sd: (sd ** 2 - 1.5 ** 2) / sd ** 3 });

function flow(slope: Slope): Gaussian[] {
  const path: Gaussian[] = [start];
  for (let step = 1; step <= Math.max(...shown); step++) {
    const { mean, sd } = path[step - 1]!;
    const down = slope({ mean, sd });
    path.push({ mean: mean - stepSize * down.mean, sd: sd - stepSize * down.sd });
  }
  return path;
}

/** The largest relative difference of the gradient from central differences of `kl` on a grid of laws. */
function gradientError(): number {
  let largest = 0;
  const width = 1e-5;
  for (const mean of [-2, 0.5, 3]) {
    for (const sd of [0.6, 1.5, 4]) {
      const found = whole({ mean, sd });
      const along = {
        mean: [Normal(mean + width, sd), Normal(mean - width, sd)],
        sd: [Normal(mean, sd + width), Normal(mean, sd - width)],
      } as const;
      for (const name of ['mean', 'sd'] as const) {
        const [above, below] = along[name];
        const difference = (kl(target, above).value - kl(target, below).value) / (2 * width);
        largest = Math.max(largest, Math.abs(found[name] - difference) / Math.max(1, Math.abs(difference)));
      }
    }
  }
  return largest;
}

/** Numbers by name; claim.json says what they must be. */
export function results(): Record<string, number> {
  const found: Record<string, number> = {};
  const right = flow(whole),
    short = flow(shortened);
  let rises = 0;
  for (const [step, { mean, sd }] of right.entries()) {
    const before = right[step - 1];
    if (before && kl(target, Normal(mean, sd)).value > kl(target, Normal(before.mean, before.sd)).value + 1e-15) rises++;
  }
  for (const step of shown) {
    found[`mean[${step}]`] = right[step]!.mean;
    found[`sd[${step}]`] = right[step]!.sd;
    found[`KL[${step}]`] = kl(target, Normal(right[step]!.mean, right[step]!.sd)).value;
    found[`shortened mean[${step}]`] = short[step]!.mean;
    found[`shortened sd[${step}]`] = short[step]!.sd;
  }
  found['steps upwards'] = rises;
  found['gradient against differences'] = gradientError();
  return found;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  for (const [name, value] of Object.entries(results())) console.log(name.padEnd(32), value.toPrecision(12));
}
