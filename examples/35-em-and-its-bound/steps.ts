/**
 * EM and variational EM step by step: neither objective ever falls, and at each step log p(y) = ELBO + KL.
 * Run it with `npx tsx examples/35-em-and-its-bound/steps.ts`.
 */
import { readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { compile, type Data } from 'credence';

const file = (name: string): string => readFileSync(new URL(name, import.meta.url), 'utf8');
const model = compile(file('model.cred'));
const data = JSON.parse(file('data.json')) as Data;
const parameters = ['m', 'sampleSd', 'instrumentSd', 'noise'] as const;
const apart = { block: 'none' };

/** How often a trace goes down by more than rounding. */
function falls(trace: readonly number[]): number {
  return trace.filter((value, k) => k > 0 && value < trace[k - 1]! - 1e-11 * Math.abs(value)).length;
}

/** Numbers by name; claim.json says what they must be. */
export async function results(): Promise<Record<string, number>> {
  const found: Record<string, number> = {};
  const em = await model.infer(data, { backend: 'em', seed: 1, workers: 0, options: { tolerance: '1e-12', iterations: '2000' } });
  const variational = await model.infer(data, {
    backend: 'cavi',
    seed: 1,
    workers: 0,
    options: { ...apart, tolerance: '1e-12', iterations: '2000' },
  });
  found['falls of the log likelihood'] = falls(em.result.traces.logLikelihood ?? [Number.NaN, Number.NEGATIVE_INFINITY]);
  found['falls of the bound'] = falls(variational.result.traces.elbo ?? [Number.NaN, Number.NEGATIVE_INFINITY]);

  // EM cut off after some steps: the parameters it had reached, given as data; then log p and the bound at these parameters.
  for (const iterations of [1, 3, 10]) {
    const stopped = (
      await model.infer(data, {
        backend: 'em',
        seed: 1,
        workers: 0,
        options: { iterations: String(iterations), restarts: '1' },
        init: { m: 0, sampleSd: 1, instrumentSd: 1, noise: 1 },
      })
    ).summary();
    const { variables } = stopped;
    const reached = { ...data, ...Object.fromEntries(parameters.map((name) => [name, variables[name]!.mean])) };
    const evidence = (await model.infer(reached, { backend: 'exact', seed: 1, workers: 0 })).logEvidence ?? Number.NaN;
    const field =
      (await model.infer(reached, { backend: 'cavi', seed: 1, workers: 0, options: { ...apart, tolerance: '1e-15', iterations: '5000' } }))
        .elbo ?? Number.NaN;
    found[`step ${iterations}: log p`] = evidence;
    found[`step ${iterations}: KL of EM`] = evidence - (stopped.logLikelihood ?? Number.NaN);
    found[`step ${iterations}: KL of mean field`] = evidence - field;
  }
  return found;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  for (const [name, value] of Object.entries(await results())) console.log(name.padEnd(44), value.toPrecision(10));
}
