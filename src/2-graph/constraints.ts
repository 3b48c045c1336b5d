/**
 * Declared types of data: `positive`, `unit`, `interval`, `simplex`, `ordered`, `cov`, `corr`.
 * The first element (row, matrix) that violates its type is named with its value and the reason.
 */
import { freeIndices } from '../expr/expr.js';
import { choleskyInPlace } from '../numeric/linearAlgebra.js';
import type { BindContext } from './bindContext.js';
import * as messages from './bindMessages.js';
import type { Stored } from './compute.js';
import { elementName, indicesOf, nameAt } from './data.js';
import type { Variable } from './graph.js';

/** A simplex in data may miss 1 by this much and is used as given. */
const simplexTolerance = 1e-6;
/** Relative asymmetry that counts as rounding in a symmetric matrix of data. */
const symmetryTolerance = 1e-8;

/** Reports the first violation of the variable's type; true where there is none. */
export function checkConstraint(b: BindContext, variable: Variable, stored: Stored): boolean {
  const { constraint, name, span } = variable;
  const { shape, values } = stored;
  const type = b.typeText(variable);
  const elements = (holds: (x: number) => boolean, reason: string): boolean => {
    for (let k = 0; k < values.length; k++) {
      if (stored.gaps?.[k] === 1 || holds(values[k]!)) continue;
      b.report(messages.constraintViolated(elementName(name, k, shape), messages.showNumber(values[k]!), reason, type, span));
      return false;
    }
    return true;
  };
  const blocks = (rank: number, problem: (offset: number) => string | null): boolean => {
    const lead = shape.slice(0, shape.length - rank);
    const length = shape.slice(shape.length - rank).reduce((product, d) => product * d, 1);
    for (let offset = 0; length > 0 && offset < values.length; offset += length) {
      if (stored.gaps !== null && stored.gaps.subarray(offset, offset + length).includes(1)) continue;
      const reason = problem(offset);
      if (reason === null) continue;
      b.report(messages.arrayConstraintViolated(nameAt(name, indicesOf(offset / length, lead)), reason, type, span));
      return false;
    }
    return true;
  };
  const last = shape[shape.length - 1] ?? 0;
  switch (constraint.kind) {
    case 'none':
      return true;
    case 'positive':
      return elements((x) => x > 0, 'is not positive');
    case 'unit':
      return elements((x) => x >= 0 && x <= 1, 'is not between 0 and 1');
    case 'interval': {
      if (!b.known(constraint.low) || !b.known(constraint.high)) return true;
      const low = b.evaluator.value(constraint.low),
        high = b.evaluator.value(constraint.high);
      return elements((x) => x >= low && x <= high, `is not between ${messages.showNumber(low)} and ${messages.showNumber(high)}`);
    }
    case 'simplex':
      return blocks(1, (offset) => simplexProblem(values, offset, last));
    case 'ordered':
      return blocks(1, (offset) => orderProblem(values, offset, last));
    case 'cov': {
      const floor = floorOf(b, variable);
      return blocks(
        2,
        (offset) => covarianceProblem(values, offset, last) ?? (floor === null ? null : floorProblem(values, offset, last, floor)),
      );
    }
    case 'corr':
      return blocks(2, (offset) => correlationProblem(values, offset, last));
  }
}

/** The least eigenvalue that a declared type allows; null where it says none, or none that is known. */
function floorOf(b: BindContext, { constraint }: Variable): number | null {
  const floor = constraint.kind === 'cov' ? constraint.options['floor'] : undefined;
  return floor === undefined || !b.known(floor) ? null : b.evaluator.value(floor);
}

/** Floors that are no bound of eigenvalues. */
export function checkFloors(b: BindContext): void {
  for (const v of b.graph.variables.values()) {
    const floor = floorOf(b, v);
    if (floor !== null && !(floor >= 0 && Number.isFinite(floor))) b.report(messages.badFloor(v.name, floor, v.span));
  }
}

/** Intervals of unknowns whose bounds, known now, leave no room. */
export function checkIntervals(b: BindContext): void {
  for (const { name, constraint, span } of b.graph.variables.values()) {
    if (constraint.kind !== 'interval' || b.status.get(name) !== 'latent') continue;
    const bounds = [constraint.low, constraint.high];
    if (!bounds.every((e) => b.known(e) && freeIndices(e).size === 0)) continue;
    const [low, high] = bounds.map((e) => b.evaluator.value(e)) as [number, number];
    if (!(low < high)) b.report(messages.badInterval(name, low, high, span));
  }
}

function floorProblem(values: ArrayLike<number>, offset: number, d: number, floor: number): string | null {
  // Values are written with a few digits: as much as that below the floor is no violation.
  const room = symmetryTolerance * Math.max(1, floor);
  const shifted = Float64Array.from({ length: d * d }, (_, k) => values[offset + k]! - (k % (d + 1) === 0 ? floor - room : 0));
  return choleskyInPlace(shifted, 0, d) ? null : `has an eigenvalue below the floor ${messages.showNumber(floor)}`;
}

/** Why `values[offset..offset+count)` are no probabilities, or null. */
export function simplexProblem(values: ArrayLike<number>, offset: number, count: number): string | null {
  let total = 0;
  for (let k = 0; k < count; k++) {
    const x = values[offset + k]!;
    if (!(x >= 0)) return `has the element ${messages.showNumber(x)} at position ${k}, which is not a probability`;
    total += x;
  }
  return Math.abs(total - 1) <= simplexTolerance ? null : `sums to ${Number(total.toPrecision(7))}, not to 1`;
}

function orderProblem(values: ArrayLike<number>, offset: number, count: number): string | null {
  for (let k = 1; k < count; k++) {
    const before = values[offset + k - 1]!,
      x = values[offset + k]!;
    if (!(x > before)) return `is not increasing: ${messages.showNumber(before)} is followed by ${messages.showNumber(x)} at position ${k}`;
  }
  return null;
}

/** Why the d x d matrix at `offset` is not symmetric positive definite, or null. */
export function covarianceProblem(values: ArrayLike<number>, offset: number, d: number): string | null {
  for (let i = 0; i < d; i++) {
    for (let j = 0; j < i; j++) {
      const x = values[offset + i * d + j]!,
        y = values[offset + j * d + i]!;
      if (!(Math.abs(x - y) <= symmetryTolerance * Math.max(Math.abs(x), Math.abs(y), 1e-300))) {
        return `is not symmetric: element [${i},${j}] is ${messages.showNumber(x)} but [${j},${i}] is ${messages.showNumber(y)}`;
      }
    }
  }
  const factor = Float64Array.from({ length: d * d }, (_, k) => values[offset + k]!);
  return choleskyInPlace(factor, 0, d) ? null : 'is not positive definite';
}

function correlationProblem(values: ArrayLike<number>, offset: number, d: number): string | null {
  for (let i = 0; i < d; i++) {
    const x = values[offset + i * d + i]!;
    if (!(Math.abs(x - 1) <= symmetryTolerance)) return `has ${messages.showNumber(x)} on its diagonal at [${i},${i}], not 1`;
  }
  return covarianceProblem(values, offset, d);
}
