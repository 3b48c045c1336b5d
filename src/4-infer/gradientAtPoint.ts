/**
 * The gradient of the log joint density at a user's point.
 *
 * Natural scale: no Jacobian, each free scalar of a value counts as independent. Of a symmetric matrix
 * these are the lower triangle, an element below the diagonal moving its mirror image along (zeros
 * above; of a correlation matrix zeros on the diagonal too); a simplex has its gradient projected to
 * sum zero. Unconstrained: the coordinates of gradient samplers, the log Jacobian in the density.
 */
import { type Diagnostic, ModelError } from '../errors/diagnostic.js';
import { renderDiagnostics } from '../errors/render.js';
import type { BoundModel } from '../2-graph/bound.js';
import { regionSupport } from '../3-derive/closedForm.js';
import { maskOf } from '../3-derive/model.js';
import { DifferentiableDensity } from './gradient.js';
import { type LogDensity, placePoint, unknownsOf } from './logDensity.js';
import { sizeOf } from './posterior.js';

/** Numbers by variable, row-major. */
export type ByVariable = ReadonlyMap<string, { readonly shape: readonly number[]; readonly values: Float64Array }>;

export interface GradientAtPoint {
  readonly unknowns: LogDensity['unknowns'];
  /**
   * By every continuous unknown; NaN where an element of data is given. @throws ModelError for wrong values, and where the density is zero.
   */
  natural(values: ReadonlyMap<string, ArrayLike<number>>): { readonly value: number; readonly gradient: ByVariable };
  /** In the coordinates of each unknown, a list where there are several. @throws ModelError as `natural`. */
  unconstrained(values: ReadonlyMap<string, ArrayLike<number>>): {
    readonly value: number;
    readonly position: ByVariable;
    readonly gradient: ByVariable;
  };
}

/** Compiles the gradient. @throws ModelError naming what has no derivative. */
export function gradientAtPoint(bound: BoundModel): GradientAtPoint {
  const density = new DifferentiableDensity(bound, 'the gradient', 'density', { point: true });
  const unknowns = unknownsOf(bound);
  const place = (values: ReadonlyMap<string, ArrayLike<number>>): void => {
    placePoint(unknowns, density.memory, values);
  };
  const inside = (value: number): void => {
    if (Number.isFinite(value)) return;
    const wrong: Diagnostic[] = [
      {
        code: 'no-gradient',
        severity: 'error',
        message: `the log density at the point is ${value}: there is no gradient`,
        hint: 'The point lies outside the support of a statement (--by-factor shows which).',
      },
    ];
    throw new ModelError(wrong, renderDiagnostics(wrong, '', 'point'));
  };
  return {
    unknowns,
    natural(values) {
      place(values);
      const value = density.stateGradient();
      inside(value);
      return {
        value,
        gradient: new Map(
          density.program.coordinates.variables.map((name) => [
            name,
            { shape: density.builder.storage(name).shape, values: naturalGradient(density, name) },
          ]),
        ),
      };
    },
    unconstrained(values) {
      place(values);
      inside(density.stateDensity());
      place(values);
      const position = density.unconstrain(),
        gradient = new Float64Array(density.dimension);
      const value = density.gradient(position, true, gradient);
      inside(value);
      return { value, position: byVariable(density, position), gradient: byVariable(density, gradient) };
    },
  };
}

function naturalGradient(density: DifferentiableDensity, name: string): Float64Array {
  const region = density.program.coordinates.regions.find((r) => r.variable.name === name)!;
  const raw = density.gradientBy(name),
    out = Float64Array.from(raw);
  const { kind } = regionSupport(region),
    { shape } = density.builder.storage(name),
    d = shape[shape.length - 1] ?? 1;
  if (region.eventRank === 1 && kind === 'simplex') {
    for (let row = 0; row < out.length; row += d) {
      let mean = 0;
      for (let i = 0; i < d; i++) mean += raw[row + i]! / d;
      for (let i = 0; i < d; i++) out[row + i] = raw[row + i]! - mean;
    }
  } else if (region.eventRank === 2) {
    for (let block = 0; block < out.length; block += d * d) {
      for (let i = 0; i < d; i++)
        for (let j = 0; j < d; j++) {
          out[block + i * d + j] =
            j > i || (i === j && kind === 'corr')
              ? 0
              : i === j
                ? raw[block + i * d + j]!
                : raw[block + i * d + j]! + raw[block + j * d + i]!;
        }
    }
  }
  // Given elements of data do not move.
  const mask = density.memory.get(maskOf(name));
  if (mask !== undefined)
    out.forEach((_, e) => {
      if (mask[e] === 0) out[e] = Number.NaN;
    });
  return out;
}

/**
 * A vector over the position by variable: of the variable's shape where every element has one coordinate. Positions come in the order of
 * the walk, which goes through a transposed or backward loop as it is written; elements are told in their own order.
 */
function byVariable(density: DifferentiableDensity, vector: Float64Array): ByVariable {
  const lists = new Map<string, { element: number; x: number }[]>();
  vector.forEach((x, k) => {
    const { variable, element } = density.owners[k]!,
      list = lists.get(variable);
    if (list === undefined) lists.set(variable, [{ element, x }]);
    else list.push({ element, x });
  });
  return new Map(
    [...lists].map(([name, found]) => {
      const list = found.sort((a, b) => a.element - b.element).map(({ x }) => x);
      const { shape } = density.builder.storage(name);
      const { eventRank, variable } = density.program.coordinates.regions.find((r) => r.variable.name === name)!;
      const full = list.length === sizeOf(shape) && eventRank < 2 && variable.constraint.kind !== 'simplex';
      return [name, { shape: full ? shape : [list.length], values: Float64Array.from(list) }];
    }),
  );
}
