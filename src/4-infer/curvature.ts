/**
 * Second derivatives of a differentiable density as differences of its gradients, in a basis that makes them nearly the
 * identity: differences along the axes lose the small eigenvalues of an ill-conditioned matrix to rounding.
 *
 * Coordinates that do not meet are moved together (`curvatureGroups.ts`); what a group's differences say of one of its
 * coordinates is what moving it alone would have said, to rounding.
 */
import { type SymmetricEigen, symmetricEigen } from '../numeric/symmetric.js';
import { boundedKinds, edge } from './coordinates.js';
import { type CurvatureFactor, dampedFactor, type DampedFactor, factorCurvature } from './curvatureFactor.js';
import { type Climbed, eachAlone, type Groups, observedGroups, sameGroups, signs } from './curvatureGroups.js';
import type { DifferentiableDensity } from './gradient.js';
import type { Interruptible } from './stopping.js';

/** Directions by which a curvature is measured: the axes times scales (p numbers), or the columns `directions[i * p + k]`. */
export interface Basis {
  readonly along: 'axes' | 'columns';
  readonly directions: Float64Array;
}

/** Minus the Hessian A in a basis B that makes it nearly the identity: E = B' A B. */
export interface Curvature {
  readonly basis: Basis;
  /** E, row-major. */
  readonly matrix: Float64Array;
  /** Null where E is not positive definite or badly conditioned. */
  readonly factor: CurvatureFactor | null;
  /** For steps, and for many coordinates, where there is no factor and a spectrum is costly; null elsewhere. */
  readonly damped: DampedFactor | null;
  /** The eigenvalues and vectors of E, computed when first asked for; null where there are too many coordinates. */
  spectrum(): SymmetricEigen | null;
  /** log |det B|. */
  readonly logBasis: number;
  /** Coordinates that stand at the edge of their range: they are left out, with columns of zeros. */
  readonly frozen: readonly number[];
  /** Standard deviation of each coordinate given the others. */
  readonly scales: Float64Array;
}

/** Of a density without coordinates. */
export const nothingCurved: Curvature = {
  basis: { along: 'axes', directions: new Float64Array(0) },
  matrix: new Float64Array(0),
  factor: null,
  damped: null,
  spectrum: () => ({ values: [], vectors: [] }),
  logBasis: 0,
  frozen: [],
  scales: new Float64Array(0),
};

/**
 * Steps of a difference in units of the standard error: a central difference is then off by h^2/6 = 7e-5 of the curvature for a density that
 * bends within its own scale, its fourth-order form by h^4/30 = 5e-9, and rounding by 1e-14.
 */
const differenceStep = 0.02;
/**
 * Steps where the standard error is not known yet, relative to the position: the fourth root of the spacing of doubles. Wider than what is best for a
 * central difference (the third root), since gradients are sums over data whose rounding is larger than their last place.
 */
const firstStep = 1e-4;
/** A step is settled when the curvature that it shows asks for one within this factor of it. */
const settledFactor = 3;
/** Looks at one coordinate's curvature; each widens or narrows the step by as much as it takes, so that few are needed. */
const mostPasses = 4;
/** Change of a gradient between both sides of a coordinate below which nothing is called a kink. */
const smallestJump = 1e-3;
/**
 * Shares of its change that a gradient must keep where the step is a tenth and a hundredth of what it was: all of it at a jump, a tenth and a hundredth where it is
 * smooth, 0.3 and 0.1 where it goes with the root of the distance.
 */
const keptAtTenth = 0.7,
  keptAtHundredth = 0.5;
/** More coordinates than this get no spectrum. */
export const mostEigenvectors = 250;
/** More coordinates than this get damped steps far from a maximum: a spectrum takes as long as a thousand gradients. */
const fewestDamped = 100;
/** Relative eigenvalue of the information in correlation form that differences cannot tell from zero in the first pass. */
const smallestEigenvalue = 1e-12;
/**
 * Difference of a product with the curvature from what the gradient says, roughly and precisely, from which on coordinates are observed
 * again; relative to the row.
 */
const roughTest = 1e-2,
  preciseTest = 1e-4;
/** Observations at most, each of which costs a gradient for each coordinate. */
const mostObservations = 5;

/** Differences of the gradients of one density; what it has found out about which coordinates meet stays. */
export class Differences {
  private readonly owners: DifferentiableDensity['owners'];
  /** What is differentiated. */
  readonly objective: Climbed;
  private groups: Groups;
  private observations: number = 0;
  private tests: number = 0;

  /** @param objective what is differentiated by the positions of a density: itself, or an expectation of it. */
  constructor({ dimension, owners }: Pick<DifferentiableDensity, 'dimension' | 'owners'>, objective: Climbed) {
    this.owners = owners;
    this.objective = objective;
    this.groups = eachAlone(dimension);
  }

  /** Standard deviations of the coordinates, each given the others, as far as the diagonal of a rough Hessian tells. */
  *scales(position: Float64Array): Interruptible<Float64Array> {
    const p = position.length,
      steps = position.map((u) => firstStep * (1 + Math.abs(u)));
    const x = position.slice(),
      up = new Float64Array(p),
      down = new Float64Array(p);
    const { objective } = this;
    const owners = this.owners;
    function* settle(members: readonly number[]): Interruptible<void> {
      let open = members;
      for (let pass = 0; pass < mostPasses && open.length > 0; pass++) {
        for (const k of open) x[k] = position[k]! + steps[k]!;
        yield;
        objective(x, up);
        for (const k of open) x[k] = position[k]! - steps[k]!;
        objective(x, down);
        for (const k of open) x[k] = position[k]!;
        // One coordinate outside of its support would spoil what is learnt of the others.
        if (open.length > 1 && open.some((k) => !Number.isFinite(up[k]! - down[k]!))) {
          for (const k of open) yield* settle([k]);
          return;
        }
        open = open.filter((k) => {
          const h = steps[k]!,
            curvature = Math.abs((up[k]! - down[k]!) / (2 * h));
          // Logarithms and log odds have scales of about 1; other unknowns have those of their data.
          const { kind } = owners[k]!,
            most = (kind === 'real' || kind === 'lowerTriangle' ? 1e7 : 0.1) * (1 + Math.abs(position[k]!));
          const next = curvature > 0 && Number.isFinite(curvature) ? Math.min(differenceStep / Math.sqrt(curvature), most) : h;
          steps[k] = next;
          return !(next > h / settledFactor && next < settledFactor * h);
        });
      }
    }
    for (const members of (yield* this.groupsAt(position)).members) yield* settle([...members]);
    return steps.map((h) => h / differenceStep);
  }

  /**
   * Minus the Hessian at a position, roughly (for steps) or precisely (for standard errors); null where the density is not smooth around
   * it.
   */
  *curvature(position: Float64Array, gradient: Float64Array, precise: boolean): Interruptible<Curvature | null> {
    const p = position.length,
      scales = yield* this.scales(position),
      directions = scales.slice();
    const frozen: number[] = [];
    let logBasis = 0;
    for (let k = 0; k < p; k++) {
      const scale = scales[k]!;
      if (
        boundedKinds.has(this.owners[k]!.kind) &&
        Math.abs(position[k]!) > edge.distance &&
        scale > 1 / Math.sqrt(edge.curvature) &&
        Math.abs(gradient[k]!) < edge.curvature
      ) {
        frozen.push(k);
        directions[k] = 0;
      } else logBasis += Math.log(scale);
    }
    const isSparse = (yield* this.groupsAt(position)).sparse !== null,
      matrix = yield* this.alongAxes(position, directions, precise || isSparse);
    if (matrix === null) return null;
    const { sparse } = this.groups,
      factor = factorCurvature(matrix, p, sparse);
    const isCostly = sparse !== null || p > fewestDamped;
    const damped = factor === null && (precise ? p > mostEigenvectors : isCostly) ? dampedFactor(matrix, p, sparse) : null;
    const first: Curvature = {
      basis: { along: 'axes', directions },
      matrix,
      factor,
      damped,
      spectrum: spectrumOf(matrix, p),
      logBasis,
      frozen,
      scales,
    };
    if (factor !== null || (damped !== null && sparse !== null)) return first;
    const spectrum = first.spectrum();
    if (spectrum === null) return first;
    const { values, vectors } = spectrum;
    const largest = Math.max(...values.map(Math.abs));
    if (!(largest > 0)) return first;
    const floor = smallestEigenvalue * largest,
      sizes = values.map((v) => Math.sqrt(Math.max(Math.abs(v), floor)));
    const columns = new Float64Array(p * p);
    for (let i = 0; i < p; i++) for (let k = 0; k < p; k++) columns[i * p + k] = (directions[i]! * vectors[k]![i]!) / sizes[k]!;
    const second = yield* this.alongColumns(position, columns, precise);
    return second === null
      ? first
      : {
          basis: { along: 'columns', directions: columns },
          matrix: second,
          factor: factorCurvature(second, p, null),
          damped: null,
          spectrum: spectrumOf(second, p),
          logBasis: logBasis - sizes.reduce((sum, v) => sum + Math.log(v), 0),
          frozen,
          scales,
        };
  }

  /** Coordinates along which the gradient jumps: its change does not shrink with the step. @param scales null where they are not known. */
  *kinks(position: Float64Array, scales: Float64Array | null): Interruptible<readonly number[]> {
    const p = position.length,
      x = position.slice(),
      up = new Float64Array(p),
      down = new Float64Array(p);
    // A smooth density bends within its own scale, however far from the origin it lies.
    const steps = position.map((u, k) => Math.min(firstStep * (1 + Math.abs(u)), differenceStep * (scales?.[k] ?? Infinity)));
    const changes = (members: ArrayLike<number>, part: number): Float64Array => {
      const move = (distance: number, into: Float64Array): void => {
        for (let m = 0; m < members.length; m++) {
          const k = members[m]!;
          x[k] = position[k]! + distance * steps[k]!;
        }
        this.objective(x, into);
      };
      move(part, up);
      move(-part, down);
      x.set(position);
      return up.map((g, k) => Math.abs(g - down[k]!));
    };
    const out: number[] = [];
    function* look(members: ArrayLike<number>): Interruptible<void> {
      yield;
      const wide = changes(members, 1),
        list = Array.from(members);
      if (list.length > 1 && list.some((k) => !Number.isFinite(wide[k]!))) {
        for (const k of list) yield* look([k]);
        return;
      }
      const bent = list.filter((k) => wide[k]! > smallestJump);
      if (bent.length === 0) return;
      const narrow = changes(bent, 0.1);
      for (const k of bent) if (narrow[k]! > keptAtTenth * wide[k]! && changes([k], 0.01)[k]! > keptAtHundredth * wide[k]!) out.push(k);
    }
    for (const members of (yield* this.groupsAt(position)).members) yield* look(members);
    return out.sort((a, b) => a - b);
  }

  private *groupsAt(position: Float64Array): Interruptible<Groups> {
    if (this.observations === 0) yield* this.observe(position);
    return this.groups;
  }

  private *observe(position: Float64Array): Interruptible<void> {
    this.observations++;
    this.groups = yield* observedGroups(this.objective, position, this.groups);
  }

  /** B' A B for B = diag(directions), tested; null where a gradient is not finite. */
  private *alongAxes(position: Float64Array, directions: Float64Array, precise: boolean): Interruptible<Float64Array | null> {
    for (;;) {
      const groups = yield* this.groupsAt(position),
        matrix = yield* this.ofGroups(position, directions, precise, groups);
      if (groups.sparse === null) return matrix;
      // Coordinates may leave their support together that do not alone.
      if (matrix === null) return yield* this.ofGroups(position, directions, precise, eachAlone(position.length));
      if (this.observations >= mostObservations || this.holds(position, directions, matrix, precise)) return matrix;
      yield* this.observe(position);
      if (!sameGroups(groups, this.groups)) continue;
      // The test failed because the curvature changes within a step, and will fail again: looking has no end and finds nothing.
      this.observations = mostObservations;
      return matrix;
    }
  }

  private *ofGroups(
    position: Float64Array,
    directions: Float64Array,
    precise: boolean,
    { members, sparse }: Groups,
  ): Interruptible<Float64Array | null> {
    const p = position.length,
      out = new Float64Array(p * p),
      line = new Float64Array(p);
    for (const group of members) {
      const moving = group.filter((k) => directions[k] !== 0);
      for (const k of group) if (directions[k] === 0) out[k * p + k] = 1;
      if (moving.length === 0) continue;
      yield;
      for (const k of moving) line[k] = directions[k]!;
      const change = this.changeAlong(position, line, precise);
      for (const k of moving) line[k] = 0;
      if (change === null) return null;
      for (const k of moving) {
        if (sparse === null) {
          for (let i = 0; i < p; i++) out[k * p + i] = directions[i]! * change[i]!;
          continue;
        }
        const {
          graph: { start, adjacent },
          colour,
        } = sparse;
        out[k * p + k] = directions[k]! * change[k]!;
        for (let e = start[k]!; e < start[k + 1]!; e++) {
          const i = adjacent[e]!;
          // A node has one neighbour of a lower colour at most, so that its row is that neighbour's alone.
          if (colour[i]! > colour[k]!) {
            const own = directions[i]! * change[i]!;
            out[k * p + i] = own;
            out[i * p + k] = own;
          }
        }
      }
    }
    return symmetric(out, p);
  }

  /** B' A B for the columns of B; null where a gradient is not finite. */
  private *alongColumns(position: Float64Array, columns: Float64Array, precise: boolean): Interruptible<Float64Array | null> {
    const p = position.length,
      out = new Float64Array(p * p),
      line = new Float64Array(p);
    for (let k = 0; k < p; k++) {
      for (let i = 0; i < p; i++) line[i] = columns[i * p + k]!;
      if (line.every((v) => v === 0)) {
        out[k * p + k] = 1;
        continue;
      }
      yield;
      const change = this.changeAlong(position, line, precise);
      if (change === null) return null;
      for (let i = 0; i < p; i++) {
        const own = change[i]!;
        // Most pairs of many coordinates do not meet in the density.
        if (own !== 0) for (let j = 0; j < p; j++) out[k * p + j]! += columns[i * p + j]! * own;
      }
    }
    return symmetric(out, p);
  }

  /**
   * Minus the derivative of the gradient along a line, by differences of second or fourth order; null where it is not finite. @param part
   * of the usual step.
   */
  private changeAlong(position: Float64Array, line: Float64Array, precise: boolean, part = 1): Float64Array | null {
    const p = position.length,
      x = new Float64Array(p),
      h = differenceStep * part;
    const at = (distance: number): Float64Array => {
      const gradient = new Float64Array(p);
      for (let i = 0; i < p; i++) x[i] = position[i]! + distance * line[i]!;
      this.objective(x, gradient);
      return gradient;
    };
    const near = at(h),
      back = at(-h),
      far = precise ? at(2 * h) : near,
      farBack = precise ? at(-2 * h) : back;
    const change = near.map((g, i) => {
      const difference = g - back[i]!;
      return precise ? -(8 * difference - (far[i]! - farBack[i]!)) / (12 * h) : -difference / (2 * h);
    });
    return change.every((c) => Number.isFinite(c)) ? change : null;
  }

  /** Whether moving all coordinates changes the gradient as a matrix says. */
  private holds(position: Float64Array, directions: Float64Array, matrix: Float64Array, precise: boolean): boolean {
    const p = position.length,
      sign = signs(p, this.tests++),
      tolerance = precise ? preciseTest : roughTest;
    const line = directions.map((scale, i) => scale * sign[i]!);
    const change = this.changeAlong(position, line, precise, 1 / Math.sqrt(p));
    if (change === null) return true;
    for (let i = 0; i < p; i++) {
      if (directions[i] === 0) continue;
      let sum = 0,
        size = 1;
      for (let j = 0; j < p; j++) {
        const cell = matrix[i * p + j]!;
        sum += cell * sign[j]!;
        size += Math.abs(cell);
      }
      if (!(Math.abs(directions[i]! * change[i]! - sum) <= tolerance * size)) return false;
    }
    return true;
  }
}

/** Eigenvalues where they are asked for; null of matrices that are too large, or whose cells are beyond every number. */
function spectrumOf(matrix: Float64Array, p: number): () => SymmetricEigen | null {
  let found: SymmetricEigen | null = null;
  return () => {
    found ??= p > mostEigenvectors || !matrix.every(Number.isFinite) ? null : symmetricEigen(matrix, p);
    return found;
  };
}

/** The mean of a matrix and its transpose, in place. */
function symmetric(a: Float64Array, p: number): Float64Array {
  for (let i = 0; i < p; i++)
    for (let j = 0; j < i; j++) {
      const mean = (a[i * p + j]! + a[j * p + i]!) / 2;
      a[i * p + j] = mean;
      a[j * p + i] = mean;
    }
  return a;
}
