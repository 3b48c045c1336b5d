/**
 * What autocorrelated draws are worth. Gibbs on a pair of correlation rho makes the draws of either variable a first-order autoregression
 * with coefficient phi = rho^2: everything about it is known in closed form.
 * Run it with `npx tsx examples/33-effective-sample-size/effective-sample-size.ts`.
 */
import { readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { compile, type Posterior } from 'credence';

const model = compile(readFileSync(new URL('model.cred', import.meta.url), 'utf8'));
const site = { backend: 'gibbs', seed: 1, workers: 0, keep: ['a'] } as const;
const apart = { block: 'none' };

/** Draws of `a`, one array for each chain. */
function chainsOf(posterior: Posterior): Float64Array[] {
  const draws = posterior.draws('a'),
    [chains = 0, count = 0] = draws.shape;
  return Array.from({ length: chains }, (_, chain) => draws.slice(chain * count, (chain + 1) * count));
}
function acceptanceOf(posterior: Posterior): number {
  const rates = Object.values(posterior.result.traces.acceptance ?? {}).flat();
  return rates.reduce((total, rate) => total + rate, 0) / rates.length;
}

/** Numbers by name; claim.json says what they must be. */
export async function results(): Promise<Record<string, number>> {
  const found: Record<string, number> = {};

  // Effective draws by draws, against (1 - phi) / (1 + phi).
  for (const rho of [0, 0.5, 0.8, 0.9]) {
    const posterior = await model.infer({ rho }, { ...site, options: apart, chains: 4, draws: 20_000, warmup: 100 });
    found[`efficiency, rho = ${rho}`] = (posterior.summary().variables['a']?.essBulk ?? Number.NaN) / 80_000;
  }

  // The error of the mean of the first S draws over 400 chains, against sqrt((1 + phi) / (1 - phi) / S) at phi = 0.64.
  const many = chainsOf(await model.infer({ rho: 0.8 }, { ...site, options: apart, chains: 400, draws: 6400, warmup: 100 }));
  for (const count of [400, 1600, 6400]) {
    const squares = many.map((chain) => (chain.subarray(0, count).reduce((total, x) => total + x, 0) / count) ** 2);
    const error = Math.sqrt(squares.reduce((total, x) => total + x, 0) / squares.length);
    found[`root S times error, S = ${count}`] = Math.sqrt(count) * error;
  }

  // One draw in ten: almost independent at rho = 0.8, and still worse than keeping them all.
  const thinned = await model.infer({ rho: 0.8 }, { ...site, options: apart, chains: 4, draws: 4000, thin: 10, warmup: 100 });
  found['efficiency of one draw in ten, rho = 0.8'] = (thinned.summary().variables['a']?.essBulk ?? Number.NaN) / 16_000;

  // From far away: E a_t = start * phi^t. At phi = 0.81 a start of 50 is below 0.05 standard deviations after 33 sweeps.
  const far = chainsOf(
    await model.infer({ rho: 0.9 }, { ...site, options: apart, chains: 400, draws: 60, warmup: 0, init: { a: 50, b: 45 } }),
  );
  for (const sweep of [1, 10, 40])
    found[`mean after ${sweep} sweeps`] = far.reduce((total, chain) => total + chain[sweep - 1]!, 0) / far.length;

  // Random walks: small steps are taken nearly always and lead nowhere, large ones are hardly ever taken.
  for (const scale of [0.25, 2.4, 30]) {
    const walk = await model.infer(
      { rho: 0 },
      {
        backend: 'mh',
        seed: 1,
        workers: 0,
        keep: ['a'],
        chains: 4,
        draws: 50_000,
        warmup: 500,
        options: { 'kernel.a': `rw(scale: ${scale}, adapt: false)`, 'kernel.b': `rw(scale: ${scale}, adapt: false)` },
      },
    );
    found[`acceptance of steps of ${scale}`] = acceptanceOf(walk);
    found[`efficiency of steps of ${scale}`] = (walk.summary().variables['a']?.essBulk ?? Number.NaN) / 200_000;
  }
  return found;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  for (const [name, value] of Object.entries(await results())) console.log(name.padEnd(48), value.toPrecision(4));
}
