/**
 * The draws of a posterior that predictions start from: as the run kept them; of laws whose probabilities are
 * known, drawn anew; of estimates, the estimate itself.
 */
import { type DrawValues, type KeptDraws, keptDraws, type RunResult, sizeOf, type VariableResult } from './4-infer/posterior.js';
import type { PosteriorDraws } from './4-infer/predictive.js';
import { summarise } from './5-report/summary.js';
import { createRandom } from './random/generator.js';

export interface RunDraws {
  /** By unknown; an estimate has a single draw that is repeated. */
  readonly draws: ReadonlyMap<string, PosteriorDraws>;
  /** Of the run; 1 and 0 where it has no draws of what is needed. */
  readonly chains: number;
  readonly length: number;
  readonly independent: boolean;
  /** The least effective size of what is needed. Costs as much as a summary: asked for only where it matters. */
  readonly leastEffectiveSize: () => number;
  /** Names of which an estimate is put in, of which elements are drawn one by one, and of which there is nothing. */
  readonly points: readonly string[];
  readonly marginal: readonly string[];
  readonly missing: readonly string[];
}

/** Draws where neither the run nor the caller has a number of them. */
const usualDraws = 1000;

/** Null where the run has no draws of a variable. */
function drawnBy(variable: VariableResult): KeptDraws | null {
  const kept = keptDraws(variable);
  return kept === null || kept.draws === 0 ? null : kept;
}

/** True of a point among laws, which stands in every draw. */
function isEstimate({ result }: VariableResult): boolean {
  return result.form === 'closed' && result.sd === null;
}

/** @param needed unknowns that the predictions read. */
export function sourcesOf(result: Pick<RunResult, 'variables'>, needed: ReadonlySet<string>, seed: string): RunDraws {
  const variables = result.variables.filter(({ name }) => needed.has(name));
  const first = variables.map(drawnBy).find((drawn) => drawn !== null) ?? null;
  const length = first === null ? 0 : first.chains * first.draws;
  const draws = new Map<string, PosteriorDraws>(),
    points: string[] = [],
    marginal: string[] = [],
    missing: string[] = [];
  for (const name of needed) {
    const variable = variables.find((candidate) => candidate.name === name),
      size = variable === undefined ? 0 : sizeOf(variable.shape);
    const drawn = variable === undefined ? null : drawnBy(variable);
    if (variable !== undefined && drawn !== null && drawn.chains * drawn.draws === length) {
      draws.set(name, kept(drawn.values, size, length));
      if (isEstimate(variable)) points.push(name);
    } else if (variable?.result.form !== 'closed') missing.push(name);
    else if (variable.discrete && variable.result.probabilities !== null && variable.range !== undefined) {
      draws.set(name, byProbabilities(variable.result.probabilities, size, variable.range, variable.low ?? 0, `${seed} ${name}`));
      marginal.push(name);
    } else {
      draws.set(name, kept(variable.result.mean, size, 1));
      points.push(name);
    }
  }
  return {
    draws,
    chains: first?.chains ?? 1,
    length,
    independent: first?.independent ?? true,
    leastEffectiveSize: () => leastEffectiveSize(variables),
    points,
    marginal,
    missing,
  };
}

/** In the bulk; what does not vary limits nothing. */
function leastEffectiveSize(variables: readonly VariableResult[]): number {
  let least = Number.POSITIVE_INFINITY;
  for (const { elements } of summarise(variables)) for (const { essBulk } of elements) least = Math.min(least, essBulk ?? least);
  return least;
}

/** @param values [count, size]; more draws than these begin again. */
function kept(values: DrawValues, size: number, count: number): PosteriorDraws {
  return {
    size,
    at(number) {
      const from = (number % count) * size;
      return values.subarray(from, from + size);
    },
  };
}

/** Elements independently from their probabilities, anew for each draw: all draws of a million labels at once would not fit into memory. */
function byProbabilities(probabilities: Float64Array, size: number, range: number, low: number, stream: string): PosteriorDraws {
  const random = createRandom(stream, 'marginal'),
    values = new Int32Array(size);
  return {
    size,
    at() {
      for (let k = 0; k < size; k++) {
        let left = random.uniform(),
          value = 0;
        while (value < range - 1 && (left -= probabilities[k * range + value]!) > 0) value++;
        values[k] = low + value;
      }
      return values;
    },
  };
}

export interface DrawPlan {
  readonly chains: number;
  /** Of each chain. */
  readonly draws: number;
  readonly independent: boolean;
  /** So many predictions in a row are from one draw of the posterior. */
  readonly repeats: number;
  /** For each prediction the number of the posterior's draw. */
  readonly numbers: Int32Array;
  /** True where fewer draws than the run has are used although nobody asked for fewer. */
  readonly isThinned: boolean;
}

/**
 * Which draws of the posterior are used: all, or so many, evenly from each chain. Where there are fewer, each is used equally often, one
 * use after the other, so that who judges the predictions can tell the noise of a draw's own from that of the draw.
 * @param count as asked for; null for all. As many of each chain are used, and as many of each draw: rounded up.
 * @param most that fit; null is returned where more are asked for, or none fits.
 */
export function drawsToUse(
  { chains, length, independent, leastEffectiveSize }: RunDraws,
  count: number | null,
  most: number,
): DrawPlan | null {
  const available = length / chains,
    perChain = Math.floor(most / chains);
  const wanted = count === null ? (available === 0 ? usualDraws : available) : Math.ceil(count / chains);
  if (perChain < 1 || (count !== null && wanted > perChain)) return null;
  const repeats = available === 0 ? 1 : Math.max(1, Math.min(Math.ceil(wanted / available), Math.floor(perChain / available))),
    draws = repeats > 1 ? repeats * available : Math.min(wanted, perChain, available === 0 ? wanted : available),
    numbers = new Int32Array(chains * draws);
  for (let chain = 0, k = 0; chain < chains; chain++) {
    for (let draw = 0; draw < draws; draw++, k++) {
      numbers[k] = chain * available + (available === 0 ? draw : Math.floor((draw * available) / draws));
    }
  }
  // No more draws than the run is worth, evenly from its chains, are as good as independent; more of them are chains still.
  const areApart = draws < available && chains * draws <= leastEffectiveSize();
  return { chains, draws, independent: independent || areApart, repeats, numbers, isThinned: count === null && draws < wanted };
}
