/**
 * What figures of draws are drawn of: scalars with their draws by chain, from a `Posterior` or from
 * plain arrays. An element `mu[0,1]` is a series of its own.
 */
import { chainNumbersOf, elementName, keptDraws, sizeOf, type VariableResult } from '../4-infer/posterior.js';
import { elementsOf } from '../5-report/summary.js';
import type { Posterior } from '../5-report/posterior.js';
import { ModelError } from '../errors/diagnostic.js';
import { didYouMean } from '../errors/words.js';

/** The draws of one scalar. */
export interface Series {
  readonly name: string;
  /** One array for each chain, all of one length. */
  readonly chains: readonly Float64Array[];
  /** What each chain is called. */
  readonly chainNumbers: readonly number[];
  /** Whole numbers: bars instead of densities. */
  readonly discrete: boolean;
}

/** Draws of one scalar: one chain, or a list of chains. */
export type Draws = ArrayLike<number> | readonly ArrayLike<number>[];

/** Draws by name, or a posterior with draws. */
export type DrawSource = Posterior | Readonly<Record<string, Draws>>;

/** Elements drawn where nobody says which. */
const mostElements = 12;

/**
 * The series of a source.
 * @param variables variables (`mu`) or elements (`mu[0]`); without it the first elements outside data plates.
 * @throws ModelError (code `no-draws`) for a name without draws, where there are none at all, and where they are further apart than a
 * number can hold.
 */
export function seriesOf(source: DrawSource, variables?: readonly string[]): readonly Series[] {
  if (typeof source !== 'object' || source === null)
    throw noDraws('a figure of draws takes a posterior, or draws by name', 'As in densityPlot({ mu: [1, 2, 1.5] }).');
  const found = isPosterior(source) ? ofPosterior(source, variables) : ofArrays(source, variables);
  if (found.length === 0) throw noDraws('there are no draws to show', 'Backends that estimate a point make none.');
  for (const { name, chains } of found) requireSpan(name, chains);
  return found;
}

/** @throws ModelError for draws whose distance is more than a number can hold: no axis is that long. */
function requireSpan(name: string, chains: readonly Float64Array[]): void {
  let low = Number.POSITIVE_INFINITY,
    high = Number.NEGATIVE_INFINITY;
  for (const chain of chains)
    for (const x of chain)
      if (Number.isFinite(x)) {
        low = Math.min(low, x);
        high = Math.max(high, x);
      }
  if (low < high && !Number.isFinite(high - low))
    throw noDraws(
      `the draws of '${name}' reach from ${low} to ${high}, further than a number can hold`,
      'Draw their logarithms, or scale them.',
    );
}

function isPosterior(source: DrawSource): source is Posterior {
  return 'result' in source && typeof (source as Posterior).draws === 'function';
}

function ofArrays(source: Readonly<Record<string, Draws>>, variables: readonly string[] | undefined): readonly Series[] {
  const names = variables ?? Object.keys(source);
  return names.map((name) => {
    const draws = Object.hasOwn(source, name) ? source[name] : undefined;
    if (draws === undefined) throw unknownName(name, Object.keys(source));
    const chains = isChains(draws) ? draws.map((chain) => Float64Array.from(chain)) : [Float64Array.from(draws)];
    const length = chains[0]?.length ?? 0;
    if (length === 0 || chains.some((chain) => chain.length !== length))
      throw noDraws(
        `the chains of '${name}' have ${chains.map((chain) => chain.length).join(', ')} draws`,
        'Give each chain the same number of draws, at least one.',
      );
    return {
      name,
      chains,
      chainNumbers: chains.map((_, chain) => chain),
      discrete: chains.every((chain) => chain.every(Number.isInteger)),
    };
  });
}

function isChains(draws: Draws): draws is readonly ArrayLike<number>[] {
  return Array.isArray(draws) && typeof draws[0] === 'object';
}

function ofPosterior({ result }: Posterior, variables: readonly string[] | undefined): readonly Series[] {
  const all = result.variables;
  if (variables === undefined) {
    const outside = all.filter((variable) => !variable.insidePlate);
    return (outside.length > 0 ? outside : all).flatMap((variable) => elementSeries(variable)).slice(0, mostElements);
  }
  return variables.flatMap((name) => {
    const whole = all.find((variable) => variable.name === name);
    const variable = whole ?? all.find((other) => name.startsWith(`${other.name}[`));
    const series =
      variable === undefined
        ? undefined
        : elementSeries(variable).filter((one) => whole !== undefined || one.name === name.replaceAll(' ', ''));
    if (variable === undefined || (series?.length === 0 && !hasDraws(variable))) {
      throw variable === undefined
        ? unknownName(
            name,
            all.map((other) => other.name),
          )
        : noDraws(`there are no draws of '${variable.name}'`, 'Keep it (--keep), or use a backend that draws.');
    }
    if (series === undefined || series.length === 0)
      throw unknownName(
        name,
        elementsOf(variable)
          .slice(0, mostElements)
          .map((flat) => elementName(variable.name, variable.shape, flat)),
      );
    return series;
  });
}

function hasDraws(variable: VariableResult): boolean {
  const kept = keptDraws(variable);
  return kept !== null && kept.chains * kept.draws > 0;
}

/** The series of elements of a variable; none where no draws are kept. @param only flat numbers of the wanted elements. */
export function elementSeries(variable: VariableResult, only: readonly number[] = elementsOf(variable)): readonly Series[] {
  const { shape, name, discrete } = variable,
    kept = keptDraws(variable);
  if (kept === null || !hasDraws(variable)) return [];
  const size = sizeOf(shape),
    chainNumbers = chainNumbersOf(kept);
  return only.map((flat) => ({
    name: elementName(name, shape, flat),
    discrete,
    chainNumbers,
    chains: Array.from({ length: kept.chains }, (_, chain) =>
      Float64Array.from({ length: kept.draws }, (__, draw) => kept.values[(chain * kept.draws + draw) * size + flat]!),
    ),
  }));
}

function unknownName(name: string, known: readonly string[]): ModelError {
  const near = didYouMean(name, known);
  return noDraws(`there is no '${name}' among the draws`, near === null ? `There are ${known.join(', ')}.` : `Did you mean ${near}?`);
}

function noDraws(message: string, hint: string): ModelError {
  return new ModelError([{ code: 'no-draws', severity: 'error', message, hint }], `${message}. ${hint}`);
}

/** All draws of a series in one array. */
export function pooled({ chains }: Series): Float64Array {
  const length = chains.reduce((sum, chain) => sum + chain.length, 0),
    out = new Float64Array(length);
  let at = 0;
  for (const chain of chains) {
    out.set(chain, at);
    at += chain.length;
  }
  return out;
}
