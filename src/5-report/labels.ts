/**
 * Label switching. Renumbering exchangeable components leaves a posterior as it is, so chains may
 * number them differently, or renumber them on the way. Means by label then say nothing, and R-hat by
 * label complains about chains that agree. Here every draw's components are matched to common
 * reference components (Stephens, JRSS B 62, 2000: alternate between the best permutation of each
 * draw and the means of the permuted draws), and the matched components numbered by the increasing
 * mean of the variable that orders them: quantities that do not depend on the labels of the draws.
 */
import type { DrawsForm, DrawValues, ExchangeableGroup, RunResult, VariableResult } from '../4-infer/posterior.js';
import { sizeOf } from '../4-infer/posterior.js';
import { Matching } from './matching.js';

export interface Relabelling {
  readonly group: ExchangeableGroup;
  /** Names of the variables it changes. */
  readonly names: readonly string[];
  /** Chains number the components differently. */
  readonly betweenChains: boolean;
  /** The numbering changes within some chain. */
  readonly withinChains: boolean;
  /**
   * Variance of the ordering variable by label over its variance after matching, in the coordinate
   * where that is largest: 1 without switching, large where labels mix components that are apart.
   */
  readonly varianceRatio: number;
  /** The variables of the group after matching. */
  readonly variables: readonly VariableResult[];
}

/** A draw's components are matched in their best order up to so many labels; above, by sorting. */
const mostMatchedLabels = 12;
const mostRounds = 20;

/** How each group's draws would be renumbered; groups whose draws all agree already are left out. */
export function relabellings(result: Pick<RunResult, 'variables' | 'exchangeable'>): readonly Relabelling[] {
  const byName = new Map(result.variables.map((variable) => [variable.name, variable]));
  return result.exchangeable.flatMap((group) => {
    const found = relabel(group, byName);
    return found === null ? [] : [found];
  });
}

interface Member {
  readonly variable: VariableResult;
  readonly form: DrawsForm;
  readonly axis: number;
  /** Elements before, along and after the label axis. */
  readonly outer: number;
  readonly inner: number;
  readonly size: number;
}

function relabel(group: ExchangeableGroup, byName: ReadonlyMap<string, VariableResult>): Relabelling | null {
  const labels = group.size;
  const members = group.variables.flatMap(({ name, axis }) => memberOf(byName.get(name), axis, labels));
  const ordering = members.find((member) => member.variable.name === (group.orderBy ?? group.variables[0]?.name));
  if (ordering === undefined || labels < 2) return null;
  const { chains, draws } = ordering.form;
  if (members.some((member) => member.form.chains !== chains || member.form.draws !== draws)) return null;

  const permutations = match(ordering, labels);
  const between = differBetween(permutations, chains, draws, labels);
  const within = differWithin(permutations, chains, draws, labels);
  if (!between && !within) return null;

  const moved = permutedVariables(members, permutations, labels);
  const allocations = (group.labels ?? []).flatMap((name) => allocationOf(byName.get(name), permutations, chains, draws, labels));
  const matched = permutedValues(ordering, permutations, labels);
  return {
    group,
    names: [...moved, ...allocations].map((variable) => variable.name),
    betweenChains: between,
    withinChains: within,
    varianceRatio: largestRatio(
      coordinateVariances(ordering, ordering.form.values, labels),
      coordinateVariances(ordering, matched, labels),
    ),
    variables: [...moved, ...allocations],
  };
}

function memberOf(variable: VariableResult | undefined, axis: number, labels: number): Member[] {
  if (variable === undefined || variable.result.form !== 'draws' || variable.shape[axis] !== labels) return [];
  return [
    {
      variable,
      form: variable.result,
      axis,
      outer: sizeOf(variable.shape.slice(0, axis)),
      inner: sizeOf(variable.shape.slice(axis + 1)),
      size: sizeOf(variable.shape),
    },
  ];
}

/**
 * For every draw, which of its components stands at each place: [chains * draws, labels]. Places are
 * in increasing order of the mean of the ordering variable's first coordinate.
 */
function match(ordering: Member, labels: number): Int32Array {
  const count = ordering.form.chains * ordering.form.draws;
  const width = ordering.outer * ordering.inner;
  const scale = coordinateScales(ordering, labels, width);
  const permutations = new Int32Array(count * labels);
  const points = new Float64Array(labels * width);
  const reference = new Float64Array(labels * width);
  const matching = new Matching(labels);

  // Begin from the last draw: it is where the sampler went, not where it came from.
  readPoints(ordering, count - 1, labels, width, scale, reference);
  const rounds = labels <= mostMatchedLabels ? mostRounds : 0;
  for (let round = 0; round < rounds; round++) {
    const sums = new Float64Array(labels * width);
    let changed = round === 0;
    for (let draw = 0; draw < count; draw++) {
      readPoints(ordering, draw, labels, width, scale, points);
      const best = matching.solve(points, reference, width);
      for (let place = 0; place < labels; place++) {
        const label = best[place]!;
        if (permutations[draw * labels + place] !== label) changed = true;
        permutations[draw * labels + place] = label;
        for (let j = 0; j < width; j++) sums[place * width + j]! += points[label * width + j]!;
      }
    }
    for (let i = 0; i < sums.length; i++) reference[i] = sums[i]! / count;
    if (!changed) break;
  }
  if (rounds === 0) {
    for (let draw = 0; draw < count; draw++) {
      readPoints(ordering, draw, labels, width, scale, points);
      permutations.set(
        sortedBy(labels, (label) => points[label * width]!),
        draw * labels,
      );
    }
    return permutations;
  }
  const places = sortedBy(labels, (place) => reference[place * width]!);
  const row = new Int32Array(labels);
  for (let draw = 0; draw < count; draw++) {
    for (let place = 0; place < labels; place++) row[place] = permutations[draw * labels + places[place]!]!;
    permutations.set(row, draw * labels);
  }
  return permutations;
}

/** One over the spread of each coordinate over all draws and labels, so that units do not matter. */
function coordinateScales(member: Member, labels: number, width: number): Float64Array {
  const { form, size, outer, inner } = member;
  const count = form.chains * form.draws;
  const sums = new Float64Array(width);
  const squares = new Float64Array(width);
  for (let draw = 0; draw < count; draw++) {
    for (let i = 0; i < outer; i++) {
      for (let label = 0; label < labels; label++) {
        for (let j = 0; j < inner; j++) {
          const value = form.values[draw * size + (i * labels + label) * inner + j]!;
          sums[i * inner + j]! += value;
          squares[i * inner + j]! += value * value;
        }
      }
    }
  }
  const total = count * labels;
  return sums.map((sum, j) => 1 / (Math.sqrt(Math.max(0, squares[j]! / total - (sum / total) ** 2)) || 1));
}

/** The components of one draw, [labels, width]. */
function readPoints(member: Member, draw: number, labels: number, width: number, scale: Float64Array, into: Float64Array): void {
  const { form, size, outer, inner } = member;
  for (let i = 0; i < outer; i++) {
    for (let label = 0; label < labels; label++) {
      for (let j = 0; j < inner; j++) {
        const coordinate = i * inner + j;
        into[label * width + coordinate] = form.values[draw * size + (i * labels + label) * inner + j]! * scale[coordinate]!;
      }
    }
  }
}

function sortedBy(count: number, key: (i: number) => number): Int32Array {
  return Int32Array.from(Array.from({ length: count }, (_, i) => i).sort((a, b) => key(a) - key(b) || a - b));
}

function sameRow(permutations: Int32Array, a: number, b: number, labels: number): boolean {
  for (let place = 0; place < labels; place++) if (permutations[a * labels + place] !== permutations[b * labels + place]) return false;
  return true;
}

function differBetween(permutations: Int32Array, chains: number, draws: number, labels: number): boolean {
  for (let chain = 1; chain < chains; chain++) if (!sameRow(permutations, 0, chain * draws, labels)) return true;
  return false;
}

function differWithin(permutations: Int32Array, chains: number, draws: number, labels: number): boolean {
  for (let chain = 0; chain < chains; chain++) {
    for (let draw = 1; draw < draws; draw++) if (!sameRow(permutations, chain * draws, chain * draws + draw, labels)) return true;
  }
  return false;
}

/** An array of the same kind and length. */
function blankLike(values: DrawValues): DrawValues {
  return values instanceof Float64Array
    ? new Float64Array(values.length)
    : values instanceof Int32Array
      ? new Int32Array(values.length)
      : new Uint8Array(values.length);
}

/**
 * The variables with their components at their places. One that labels number along several axes, as a transition matrix, is one variable,
 * permuted along each.
 */
function permutedVariables(members: readonly Member[], permutations: Int32Array, labels: number): readonly VariableResult[] {
  const out = new Map<string, VariableResult>();
  for (const { variable, form, ...place } of members) {
    const before = out.get(variable.name);
    const current = before?.result.form === 'draws' ? before.result : form;
    out.set(variable.name, {
      ...variable,
      result: { ...current, values: permutedValues({ variable, form: current, ...place }, permutations, labels) },
    });
  }
  return [...out.values()];
}

function permutedValues(member: Member, permutations: Int32Array, labels: number): DrawValues {
  const { form, outer, inner, size } = member;
  const values = blankLike(form.values);
  for (let draw = 0; draw < form.chains * form.draws; draw++) {
    for (let i = 0; i < outer; i++) {
      for (let place = 0; place < labels; place++) {
        const from = draw * size + (i * labels + permutations[draw * labels + place]!) * inner;
        const to = draw * size + (i * labels + place) * inner;
        for (let j = 0; j < inner; j++) values[to + j] = form.values[from + j]!;
      }
    }
  }
  return values;
}

/** Allocations: the value is a label, so it becomes the place of that label. */
function allocationOf(
  variable: VariableResult | undefined,
  permutations: Int32Array,
  chains: number,
  draws: number,
  labels: number,
): VariableResult[] {
  if (variable === undefined || variable.result.form !== 'draws') return [];
  const form = variable.result;
  if (form.chains !== chains || form.draws !== draws) return [];
  const size = sizeOf(variable.shape);
  const values = blankLike(form.values);
  const placeOf = new Int32Array(labels);
  for (let draw = 0; draw < chains * draws; draw++) {
    for (let place = 0; place < labels; place++) placeOf[permutations[draw * labels + place]!] = place;
    for (let i = draw * size; i < (draw + 1) * size; i++) values[i] = placeOf[form.values[i]!] ?? form.values[i]!;
  }
  return [{ ...variable, result: { ...form, values } }];
}

/** For each coordinate, the sum over labels of the variance over all draws. */
function coordinateVariances(member: Member, values: DrawValues, labels: number): Float64Array {
  const { form, size, outer, inner } = member;
  const count = form.chains * form.draws;
  const variances = new Float64Array(outer * inner);
  for (let element = 0; element < size; element++) {
    let mean = 0;
    let squares = 0;
    for (let draw = 0; draw < count; draw++) {
      const value = values[draw * size + element]!;
      const before = mean;
      mean += (value - before) / (draw + 1);
      squares += (value - before) * (value - mean);
    }
    variances[Math.floor(element / (labels * inner)) * inner + (element % inner)]! += squares / count;
  }
  return variances;
}

function largestRatio(above: Float64Array, below: Float64Array): number {
  return above.reduce((largest, value, i) => (value > 0 ? Math.max(largest, value / below[i]!) : largest), 1);
}
