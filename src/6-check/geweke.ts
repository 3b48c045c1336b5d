/**
 * Geweke's joint-distribution test (Geweke, "Getting it right", JASA 99, 2004). Parameters and data have one joint law,
 * which two simulators share: the marginal-conditional one draws both from the program; the successive-conditional one
 * alternates the sampler's transition (parameters given data) with new data given parameters. Means of test functions must agree.
 *
 * Test functions are first and second moments of each quantity's rank in the prior, u and (u - 1/2)^2, so that they
 * exist whatever the tails (a Cauchy prior has no mean), and a monotone map of a quantity changes nothing. Every chain starts
 * from an exact draw, so all are stationary from the first state and independent of each other: their means have a standard
 * error of their own, right even where no chain ever leaves its mode. Errors are the larger of that and the one by the effective
 * sample size, p-values Student's with a degree of freedom for each chain but one. Chains are many rather than long: of few, often
 * none begins in a rare region that is seldom left or entered, and their means then agree too well on it.
 */
import { ChainDraws } from '../5-report/diagnostics/chainDraws.js';
import { essMean } from '../5-report/diagnostics/ess.js';
import { studentCdf } from '../numeric/special/student.js';
import { breathe } from '../platform/platform.js';
import { createRandom, type Random } from '../random/generator.js';
import {
  defaultFalseAlarm,
  judged,
  type Quantities,
  quantitiesOf,
  type QuantityTest,
  requireOptions,
  type TestOptions,
  type TestReport,
} from './results.js';

/** A joint law by simulation, and a sampler that should have it. */
export interface GewekeProblem<State> {
  /** Parameters and data from their joint law. States are never changed in place. */
  draw(random: Random): State;
  /** New data given the parameters of a state. */
  replicate(state: State, random: Random): State;
  /** One transition of the sampler, which leaves the posterior given the state's data invariant. */
  transition(state: State, random: Random): State;
  /** Functions of parameters and data. */
  quantities(state: State): Quantities;
}

export interface GewekeOptions extends TestOptions {
  /** Steps of the successive-conditional simulator, all chains together: 4000. */
  readonly steps?: number | undefined;
  /** Chains: twice the square root of the steps, but 32 at least and 200 at most. */
  readonly chains?: number | undefined;
  /** Joint draws for the means in the program: 20000; a tenth as many others define the ranks. */
  readonly references?: number | undefined;
}

export const fewestChains = 32;
function usualChains(steps: number): number {
  return Math.max(fewestChains, Math.min(200, Math.round(2 * Math.sqrt(steps))));
}

/**
 * The means of the test functions in both simulators. @throws RangeError for options that make no sense; TypeError where a state lacks a
 * quantity.
 */
export async function geweke<State>(problem: GewekeProblem<State>, options: GewekeOptions = {}): Promise<TestReport> {
  const { steps = 4000, chains = usualChains(steps), references = 20_000, seed = 1, falseAlarm = defaultFalseAlarm, onProgress } = options;
  // A standard error takes two chains; ranks are among a tenth of the references.
  requireOptions('geweke', falseAlarm, { chains: [chains, 2], steps: [steps, chains], references: [references, 100] });
  const joint = createRandom(String(seed), 'joint');
  const names = Object.keys(problem.quantities(problem.draw(joint)));
  const sample = (count: number): ReadonlyMap<string, Float64Array> => {
    const out = new Map(names.map((name) => [name, new Float64Array(count)]));
    for (let k = 0; k < count; k++)
      quantitiesOf('geweke', names, problem.quantities(problem.draw(joint))).forEach((x, i) => {
        out.get(names[i]!)![k] = x;
      });
    return out;
  };
  const reference = sample(Math.ceil(references / 10)),
    marginal = sample(references);
  const length = Math.floor(steps / chains);
  const visited = new Map(names.map((name) => [name, new Float64Array(chains * length)]));
  for (let c = 0; c < chains; c++) {
    const random = createRandom(String(seed), `chain ${c}`);
    let state = problem.draw(random);
    for (let t = 0; t < length; t++) {
      state = problem.transition(problem.replicate(state, random), random);
      quantitiesOf('geweke', names, problem.quantities(state)).forEach((x, i) => {
        visited.get(names[i]!)![c * length + t] = x;
      });
      if (t % 20 === 0) {
        onProgress?.(c * length + t, steps);
        await breathe();
      }
    }
  }
  onProgress?.(steps, steps);
  const tests = names.flatMap((name) => {
    const position = rankIn(reference.get(name)!);
    const u = marginal.get(name)!.map(position),
      v = visited.get(name)!.map(position);
    return testFunctions.flatMap((f) => compared(`${f.name} of ${name}`, u.map(f.of), v.map(f.of), chains, f.points));
  });
  return judged(
    'geweke',
    `${chains} chains of ${length} steps that alternate new data and the sampler, against ${references} joint draws`,
    falseAlarm,
    tests,
  );
}

const testFunctions: readonly { readonly name: string; readonly points: readonly [string, string]; of(u: number): number }[] = [
  { name: 'location', points: ['lies too low under the sampler', 'lies too high under the sampler'], of: (u) => u },
  { name: 'spread', points: ['is too narrow under the sampler', 'is too wide under the sampler'], of: (u) => (u - 0.5) ** 2 },
];

/** The share of reference values below x, those equal to it counted half. */
function rankIn(values: Float64Array): (x: number) => number {
  const sorted = values.slice().sort();
  const first = (x: number, strict: boolean): number => {
    let low = 0,
      high = sorted.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (sorted[middle]! < x || (!strict && sorted[middle] === x)) low = middle + 1;
      else high = middle;
    }
    return low;
  };
  return (x) => (Number.isNaN(x) ? 0 : (first(x, true) + first(x, false)) / (2 * sorted.length));
}

function moments(x: Float64Array): { readonly mean: number; readonly variance: number } {
  const mean = x.reduce((a, b) => a + b, 0) / x.length;
  return { mean, variance: x.reduce((a, b) => a + (b - mean) ** 2, 0) / (x.length - 1) };
}

function compared(
  quantity: string,
  independent: Float64Array,
  chain: Float64Array,
  chains: number,
  [low, high]: readonly [string, string],
): readonly Omit<QuantityTest, 'failed'>[] {
  const exact = moments(independent),
    found = moments(chain);
  // A constant in both simulators says nothing.
  if (exact.variance === 0 && found.variance === 0)
    return exact.mean === found.mean
      ? []
      : [
          {
            quantity,
            statistic: 'z',
            value: Number.POSITIVE_INFINITY,
            p: 0,
            detail: `constant ${found.mean} under the sampler, ${exact.mean} in the program`,
            pointsTo: 'the sampler does not move it',
          },
        ];
  // A sampler that stands still has no spread of its own: the law it should have says how surprising that is.
  const size = found.variance === 0 ? chains : essMean(ChainDraws.of(chain, chains, chain.length / chains));
  const ess = Number.isNaN(size) ? chains : size,
    length = chain.length / chains;
  const means = moments(
    Float64Array.from({ length: chains }, (_, c) => chain.subarray(c * length, (c + 1) * length).reduce((a, b) => a + b, 0) / length),
  );
  const error = Math.sqrt(Math.max(found.variance / ess, means.variance / chains) + exact.variance / independent.length);
  const z = (found.mean - exact.mean) / error;
  const p = 2 * studentCdf(-Math.abs(z), chains - 1);
  return [
    {
      quantity,
      statistic: 'z',
      value: z,
      p,
      detail: `mean ${found.mean.toFixed(4)} against ${exact.mean.toFixed(4)} (standard error ${error.toExponential(1)}, effective size ${Math.round(Math.min(ess, (found.variance * chains) / means.variance))})`,
      pointsTo: `it ${z < 0 ? low : high}`,
    },
  ];
}
