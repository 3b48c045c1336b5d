/**
 * The likelihood of a mixture has no maximum: a component that settles on one datum (or on data in a
 * lower dimension) sends its scale to zero and the likelihood to infinity. Scales are watched, so that
 * such a run ends with the name of the component instead of with numbers that are not numbers.
 */
import { choleskyInPlace, logDeterminantFromCholesky, symmetricEigenvalues } from '../../numeric/linearAlgebra.js';
import type { EmProgram } from './program.js';
import { elementName } from '../posterior.js';

/** What has collapsed, and how small it has become against the largest of its kind. */
export interface Collapse {
  readonly element: string;
  readonly ratio: number;
}

/** A variance this small against the largest that the same variable has had is none. */
const smallestRatio = 1e-12;
/** Log determinants are looked at before eigenvalues: only one this far below the largest can hide such a ratio. */
const suspicious = -15;
const farBelow = 1e-5;

/** A parameter that scales: the side of its matrices (0: scalars), and the power that turns a number into a variance. */
interface Scale {
  readonly name: string;
  readonly dimension: number;
  readonly exponent: number;
}

export class ScaleWatch {
  private readonly program: EmProgram;
  private readonly scales: readonly Scale[];
  /** Largest variance, or log determinant, of each variable so far. */
  private readonly largest = new Map<string, number>();

  constructor(program: EmProgram) {
    this.program = program;
    this.scales = program.parameters.flatMap((k): Scale[] => {
      const { factor, block } = program.blocks[k]!;
      if (factor.kind !== 'point') return [];
      const { name } = block.region.variable;
      if (block.region.eventRank === 2)
        return [
          {
            name,
            dimension: program.builder.storage(name).shape.at(-1)!,
            exponent: factor.form.kind === 'exponential' && factor.form.family.name === 'Wishart' ? -1 : 1,
          },
        ];
      // v^p is a precision where the density is a Gaussian's.
      if (factor.form.kind === 'powerGamma') return [{ name, dimension: 0, exponent: -factor.form.power }];
      if (factor.form.kind === 'exponential' && factor.form.family.name === 'InverseGamma') return [{ name, dimension: 0, exponent: 1 }];
      return factor.form.kind === 'exponential' && factor.form.family.name === 'Gamma' ? [{ name, dimension: 0, exponent: -1 }] : [];
    });
  }

  /** Forgets the scales of an earlier start. */
  reset(): void {
    this.largest.clear();
  }

  /** The first scale that has collapsed since `reset`; null where none has. */
  look(): Collapse | null {
    for (const scale of this.scales) {
      const values = this.program.memory.get(scale.name)!;
      const { shape } = this.program.builder.storage(scale.name);
      const found = scale.dimension === 0 ? this.scalars(scale, values) : this.matrices(scale, values);
      if (found !== null)
        return { element: elementName(scale.name, scale.dimension === 0 ? shape : shape.slice(0, -2), found.at), ratio: found.ratio };
    }
    return null;
  }

  private scalars(scale: Scale, values: ArrayLike<number>): { readonly at: number; readonly ratio: number } | null {
    let top = this.largest.get(scale.name) ?? 0;
    for (let n = 0; n < values.length; n++) top = larger(top, values[n]! ** scale.exponent);
    this.largest.set(scale.name, top);
    for (let n = 0; n < values.length; n++) {
      const ratio = values[n]! ** scale.exponent / top;
      if (!(ratio > smallestRatio)) return { at: n, ratio };
    }
    return null;
  }

  private matrices(scale: Scale, values: ArrayLike<number>): { readonly at: number; readonly ratio: number } | null {
    const d = scale.dimension,
      size = d * d;
    let top = this.largest.get(scale.name) ?? 0;
    const spectra: Float64Array[] = [];
    for (let n = 0; n * size < values.length; n++) {
      const matrix = Float64Array.from({ length: size }, (_, i) => values[n * size + i]!);
      let trace = 0;
      for (let i = 0; i < d; i++) trace += matrix[i * d + i]!;
      // A product of pivots is cheap; only a suspicious one is worth its eigenvalues.
      if (scale.exponent > 0 && logDeterminantOf(matrix, d) - d * Math.log(trace / d) > suspicious && trace / d > top * farBelow) {
        top = larger(top, trace / d);
        spectra.push(new Float64Array([trace / d]));
        continue;
      }
      const eigenvalues = symmetricEigenvalues(matrix, d)
        .map((v) => v ** scale.exponent)
        .sort();
      top = larger(top, eigenvalues[d - 1]!);
      spectra.push(eigenvalues);
    }
    this.largest.set(scale.name, top);
    for (let n = 0; n < spectra.length; n++) {
      const ratio = spectra[n]![0]! / top;
      if (!(ratio > smallestRatio)) return { at: n, ratio };
    }
    return null;
  }
}

/** The larger of a record and a number that counts only if it is one. */
function larger(record: number, x: number): number {
  return Number.isFinite(x) && x > record ? x : record;
}

/** log det of a matrix; -Infinity where it is not positive definite. */
function logDeterminantOf(matrix: Float64Array, d: number): number {
  const factor = matrix.slice();
  return choleskyInPlace(factor, 0, d) ? logDeterminantFromCholesky(factor, 0, d) : -Infinity;
}
