/** Results written by hand for the tests of the report, and a generator of pseudo-random normals. */
import type { DrawValues, RunResult, VariableResult } from '../../src/4-infer/posterior.js';
import type { RunContext } from '../../src/5-report/record.js';
import { createRandom } from '../../src/random/generator.js';

export const context: RunContext = {
  seed: '7',
  program: 'sample mu ~ Normal(0, 1)',
  options: { chains: 2, draws: 4 },
  versions: { credence: '0' },
  notes: [],
  levels: {},
  compileSeconds: 0.5,
};

export function result(variables: readonly VariableResult[], changes: Partial<RunResult> = {}): RunResult {
  return {
    backend: 'gibbs',
    variables,
    exchangeable: [],
    logEvidence: null,
    logEvidenceSe: null,
    elbo: null,
    logLikelihood: null,
    logJoint: null,
    traces: {},
    warnings: [],
    converged: true,
    seconds: { compile: 0, warmup: 1, sampling: 2 },
    plan: [],
    ...changes,
  };
}

/** A variable with draws [chains, draws, ...shape]. */
export function drawn(
  name: string,
  shape: readonly number[],
  chains: number,
  values: DrawValues,
  changes: Partial<VariableResult> = {},
): VariableResult {
  const size = shape.reduce((product, length) => product * length, 1);
  return {
    name,
    shape,
    kind: 'latent',
    discrete: false,
    insidePlate: false,
    result: { form: 'draws', chains, draws: values.length / chains / size, values, independent: false },
    ...changes,
  };
}

/** [chains, draws, size] by a function of chain, draw, element and a standard normal. */
export function normals(
  chains: number,
  draws: number,
  size: number,
  f: (chain: number, draw: number, element: number, normal: number) => number,
): Float64Array {
  const random = createRandom('results', 'test');
  const values = new Float64Array(chains * draws * size);
  for (let chain = 0, i = 0; chain < chains; chain++) {
    for (let draw = 0; draw < draws; draw++) {
      for (let element = 0; element < size; element++, i++) values[i] = f(chain, draw, element, random.normal());
    }
  }
  return values;
}
