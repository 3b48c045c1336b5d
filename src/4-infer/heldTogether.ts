/**
 * Integer unknowns that hold each other where they are: under `a + b == s` none can move alone, and chains that start at
 * one value stay there, in agreement. Draws that never change may also be all that the data allow; what tells the two
 * apart is a state beside the last one, with two of the unknowns changed, that is probable and was never drawn.
 */
import type { BoundModel } from '../2-graph/bound.js';
import type { Diagnostic } from '../errors/diagnostic.js';
import { type LogDensity, logDensityFunction } from './logDensity.js';
import { observedCount } from './pointwise.js';
import { type DrawsForm, type DrawValues, elementName, sizeOf, type VariableResult } from './posterior.js';

/** Elements that are tried against each other. */
const mostElements = 12;
/** By how much two of them are changed. */
const changes: readonly number[] = [-2, -1, 1, 2];
/** Draws in which a state should have been seen before its absence says something: e^-10 would be the chance of none. */
const expectedVisits = 10;
/** Evaluations of single observations that the search may cost. */
const mostEvaluations = 1e6;

/** An element that has one value in all draws of a chain. */
interface Constant {
  readonly variable: string;
  readonly element: number;
  readonly name: string;
}

/** A warning where some chain stands still in one of several states; at most one. */
export function heldTogether(bound: BoundModel, variables: readonly VariableResult[]): readonly Diagnostic[] {
  const latent = new Map<string, { readonly result: DrawsForm; readonly of: VariableResult }>();
  for (const v of variables) if (v.kind === 'latent' && v.result.form === 'draws') latent.set(v.name, { result: v.result, of: v });
  const [first] = latent.values();
  // A function of the user's may be handed what the run reaches only.
  if (first === undefined || first.result.draws < expectedVisits || bound.graph.hostFunctions.length > 0) return [];
  const candidates = [...latent.values()].filter(({ of }) => of.discrete);
  let density: LogDensity | null = null;
  for (let chain = 0; chain < first.result.chains; chain++) {
    const constants = candidates.flatMap(({ of, result }) => constantElements(of, result, chain)).slice(0, mostElements);
    const tries = (constants.length * (constants.length - 1) * changes.length ** 2) / 2;
    if (tries === 0 || tries * (1 + observedCount(bound)) > mostEvaluations) continue;
    density ??= logDensityFunction(bound);
    // Some unknown is kept as moments only: the state is not known.
    if (density.unknowns.some(({ name }) => !latent.has(name))) return [];
    const state = new Map(
      density.unknowns.map(({ name }): [string, Float64Array] => [name, Float64Array.from(lastDraw(latent.get(name)!, chain))]),
    );
    const pair = unvisited(density, state, constants, first.result.draws);
    if (pair !== null) return [warningOf(pair, first.result, chain)];
  }
  return [];
}

function warningOf([a, b]: readonly [Constant, Constant], { draws, chainNumbers }: DrawsForm, chain: number): Diagnostic {
  return {
    code: 'never-moved',
    severity: 'warning',
    message: `${a.name} and ${b.name} have the same values in all ${draws} draws of chain ${chainNumbers?.[chain] ?? chain}, while others are as probable: neither can move while the other stands`,
    hint: `Write one of them as what follows from the other (let ${b.variable} = ..., with its law as a factor), or give both a finite range.`,
  };
}

function lastDraw({ result, of }: { readonly result: DrawsForm; readonly of: VariableResult }, chain: number): DrawValues {
  const size = sizeOf(of.shape),
    end = (chain + 1) * result.draws * size;
  return result.values.subarray(end - size, end);
}

function constantElements(v: VariableResult, { values, draws }: DrawsForm, chain: number): readonly Constant[] {
  const size = sizeOf(v.shape),
    start = chain * draws * size;
  const out: Constant[] = [];
  for (const element of v.elements ?? Array.from({ length: size }, (_, k) => k)) {
    let draw = 1;
    while (draw < draws && values[start + draw * size + element] === values[start + element]) draw++;
    if (draw < draws) continue;
    out.push({ variable: v.name, element, name: elementName(v.name, v.shape, element) });
    if (out.length === mostElements) break;
  }
  return out;
}

/** Two elements whose change gives a state that so many draws should have met; the state is left as it was. */
function unvisited(
  density: LogDensity,
  state: ReadonlyMap<string, Float64Array>,
  constants: readonly Constant[],
  draws: number,
): readonly [Constant, Constant] | null {
  const least = density.total(state) + Math.log(expectedVisits / draws);
  for (const [k, a] of constants.entries())
    for (const b of constants.slice(k + 1)) {
      const [x, y] = [state.get(a.variable)!, state.get(b.variable)!];
      const [before, beside] = [x[a.element]!, y[b.element]!];
      const found = changes.some((d) =>
        changes.some((e) => {
          x[a.element] = before + d;
          y[b.element] = beside + e;
          return density.total(state) >= least;
        }),
      );
      x[a.element] = before;
      y[b.element] = beside;
      if (found) return [a, b];
    }
  return null;
}
