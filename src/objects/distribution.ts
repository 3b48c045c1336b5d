/**
 * A distribution as an object: a law with numbers for arguments, and what can be asked of it. Made by the families and
 * combinators of `factories.ts`.
 *
 * Moments and entropies come from the family where it states them, else from quadrature or sums. Nothing is ever estimated by
 * simulation without saying so.
 */
import { ModelError } from '../errors/diagnostic.js';
import { renderDiagnostics } from '../errors/render.js';
import type { Arguments, Family } from '../distributions/family.js';
import { familyOf } from '../distributions/law/law.js';
import type { Expr } from '../expr/expr.js';
import { createRandom, Random } from '../random/generator.js';
import { type Approximation, expectation, expectationUnder } from './expectations.js';
import type { NumericLaw, NumericSupport } from './numericLaw.js';

/** One draw: a number, a vector, or the rows of a matrix. */
export type Draw = number | readonly number[] | readonly (readonly number[])[];
/** The variance of a scalar; of a vector the covariance matrix, of a matrix the variances of its elements. */
export type VarianceOf<D extends Draw> = D extends number ? number : readonly (readonly number[])[];
/** Any string or number: equal seeds give equal draws. Or a stream, which goes on. */
export type Seed = string | number | Random;
/** Where a distribution puts its values; bounds may be infinite. */
export type SupportOf = NumericSupport;

/** The arguments of a family as they were written, for gradients. */
export interface Given {
  readonly family: Family;
  /** Values by the names they were given. */
  readonly values: ReadonlyMap<string, { readonly shape: readonly number[]; readonly values: Float64Array }>;
  /** Canonical arguments from expressions of the given ones. */
  canonical(given: Arguments): Arguments;
}

/** @throws ModelError always. */
export function refuse(code: string, message: string, more: { readonly expected?: string; readonly hint?: string } = {}): never {
  const diagnostic = { code, severity: 'error' as const, message, ...more };
  throw new ModelError([diagnostic], renderDiagnostics([diagnostic], '', 'distributions'));
}

/** An array of any rank as nested lists; rank 0 is a number. */
export function nested(values: ArrayLike<number>, shape: readonly number[], offset = 0): Draw {
  const [n, ...rest] = shape;
  if (n === undefined) return values[offset]!;
  const stride = rest.reduce((a, b) => a * b, 1);
  return Array.from({ length: n }, (_, k) => nested(values, rest, offset + k * stride)) as Draw;
}

/** Numbers of a draw, row-major. @throws ModelError (code `wrong-shape`) where its shape is another. */
export function flatten(x: unknown, shape: readonly number[], what: string): Float64Array {
  const out = new Float64Array(shape.reduce((a, b) => a * b, 1));
  let next = 0;
  const wrong = (): never =>
    refuse('wrong-shape', `${what} needs ${shape.length === 0 ? 'a number' : `an array of shape [${shape.join(', ')}]`}`);
  const fill = (value: unknown, axis: number): void => {
    if (axis === shape.length) {
      out[next++] = typeof value === 'number' ? value : wrong();
      return;
    }
    if (!Array.isArray(value) && !ArrayBuffer.isView(value)) wrong();
    const list = value as ArrayLike<unknown>;
    if (list.length !== shape[axis]) wrong();
    for (let k = 0; k < list.length; k++) fill(list[k], axis + 1);
  };
  fill(x, 0);
  return out;
}

/** A law with numbers for arguments. The functions named after the families make it. */
export class Distribution<D extends Draw = Draw> {
  /** What was called, e.g. `Normal(0, 1)`. */
  readonly text: string;
  /** The law of one of the independent parts. */
  readonly numeric: NumericLaw;
  /** Leading dimensions of independent draws (`iid`), none for a law itself. */
  readonly over: readonly number[];
  /** Dimensions of one draw. */
  readonly shape: readonly number[];
  /** True where values have masses, false where they have densities. */
  readonly discrete: boolean;
  /** The family and its arguments, where it is one. */
  readonly given: Given | null;
  private readonly copies: number;

  /** Use the functions named after the families; this is not for direct use. */
  constructor(text: string, numeric: NumericLaw, over: readonly number[] = [], given: Given | null = null) {
    this.text = text;
    this.numeric = numeric;
    this.over = over;
    this.shape = [...over, ...numeric.shape];
    this.discrete = numeric.discrete;
    this.given = given;
    this.copies = over.reduce((a, b) => a * b, 1);
  }

  /** What was called, e.g. `Normal(0, 1)`. */
  toString(): string {
    return this.text;
  }

  /** Where values lie; of independent draws, where each lies. */
  get support(): SupportOf {
    return this.numeric.support;
  }

  /**
   * Log density (or log mass) at x, every constant included; -Infinity outside the support.
   * @throws ModelError where x has another shape, or where the law has no density.
   */
  logProb(x: D): number {
    const values = flatten(x, this.shape, `\`logProb\` of ${this.text}`);
    return this.logProbOf(values);
  }
  /** The same for a flat draw. */
  logProbOf(values: Float64Array): number {
    this.requireDensity();
    const { numeric } = this,
      { size } = numeric;
    if (this.over.length === 0) return numeric.logProb(values);
    let total = 0;
    for (let k = 0; k < this.copies; k++) total += numeric.logProb(values.subarray(k * size, (k + 1) * size));
    return total;
  }
  /** Does nothing where a density is known. @throws ModelError where none is, with the reason */
  requireDensity(): void {
    const problem = this.numeric.densityProblem;
    if (problem !== null) refuse('no-density', `${this.text} has no density: ${problem}`, { hint: 'it can still be sampled' });
  }

  /** One draw, or a list of `count`. @throws ModelError for improper laws. */
  sample(seed: Seed): D;
  sample(seed: Seed, count: number): readonly D[];
  sample(seed: Seed, count?: number): D | readonly D[] {
    const random = seed instanceof Random ? seed : createRandom(String(seed), 'sample');
    if (count !== undefined && !(Number.isInteger(count) && count >= 0))
      refuse('wrong-count', `the number of draws is ${count}`, { expected: 'an integer of at least 0' });
    const one = (): D => nested(this.drawFlat(random), this.shape) as D;
    return count === undefined ? one() : Array.from({ length: count }, one);
  }
  /** One draw, row-major. */
  drawFlat(random: Random): Float64Array {
    const { numeric } = this;
    this.requireProper('no draws');
    if (this.over.length === 0) {
      const out = new Float64Array(numeric.size);
      numeric.drawInto(random, out);
      return out;
    }
    const out = new Float64Array(this.copies * numeric.size);
    for (let k = 0; k < this.copies; k++) numeric.drawInto(random, out.subarray(k * numeric.size, (k + 1) * numeric.size));
    return out;
  }
  /** Does nothing where the law has a normalising constant. @throws ModelError where it is improper (Flat) */
  requireProper(lacks: string): void {
    if (!this.numeric.proper) refuse('improper', `${this.text} is improper and has ${lacks}`, { hint: 'truncate it to finite bounds' });
  }

  /** P(X <= x). @throws ModelError for arrays and where no distribution function is known. */
  cdf(x: number): number {
    this.requireScalar('distribution function');
    return Number.isNaN(x) ? Number.NaN : this.numeric.cdf(x);
  }
  /** P(X > x), which keeps its digits where cdf is close to 1. @throws ModelError as `cdf`. */
  survival(x: number): number {
    this.requireScalar('distribution function');
    return Number.isNaN(x) ? Number.NaN : this.numeric.survival(x);
  }
  /** The smallest x with cdf(x) >= u. @throws ModelError as `cdf`, and for u outside of 0 to 1. */
  quantile(u: number): number {
    this.requireScalar('quantiles');
    if (!(u >= 0 && u <= 1)) refuse('outside-range', `\`quantile\` of ${this.text} at ${u}`, { expected: 'a probability between 0 and 1' });
    return this.numeric.quantile(u);
  }
  private requireScalar(lacks: string): void {
    this.requireProper(lacks);
    if (this.shape.length > 0) refuse('not-scalar', `${this.text} has no ${lacks}: its draws are arrays`);
    if (!this.numeric.hasCdf)
      refuse('no-distribution-function', `the distribution function of ${this.text} is not known`, { hint: 'estimate it from draws' });
  }

  /**
   * The mean; infinite or NaN where it does not exist.
   * @throws ModelError where neither the family states it nor a sum or quadrature can find it.
   */
  mean(): D {
    const own = momentsOf(this.numeric, this.text).mean;
    return nested(this.over.length === 0 ? own : repeated(own, this.copies), this.shape) as D;
  }
  /** The variance; of a vector the covariance matrix, of a matrix the variances of its elements. @throws ModelError as `mean`. */
  variance(): VarianceOf<D> {
    const { numeric } = this,
      own = momentsOf(numeric, this.text).variance();
    if (this.over.length === 0)
      return nested(own, numeric.shape.length === 1 ? [numeric.size, numeric.size] : numeric.shape) as VarianceOf<D>;
    const diagonal = numeric.shape.length === 1 ? Float64Array.from({ length: numeric.size }, (_, i) => own[i * numeric.size + i]!) : own;
    const each = repeated(diagonal, this.copies);
    if (this.shape.length > 1) return nested(each, this.shape) as VarianceOf<D>;
    const d = each.length;
    return nested(
      Float64Array.from({ length: d * d }, (_, k) => (k % (d + 1) === 0 ? each[k % d]! : 0)),
      [d, d],
    ) as VarianceOf<D>;
  }

  /**
   * The differential entropy -E log p(X) (of masses: the discrete one), in nats.
   * @throws ModelError for laws of arrays without a closed form: `crossEntropy(d, d)` estimates it and says how well.
   */
  entropy(): number {
    this.requireProper('no entropy');
    const own = entropyOf(this.numeric);
    if (own === null)
      refuse('no-closed-form', `the entropy of ${this.text} has no closed form`, {
        hint: 'crossEntropy(d, d) estimates it, with the error of the estimate',
      });
    return this.copies * own.value;
  }
}

function repeated(values: Float64Array, copies: number): Float64Array {
  const out = new Float64Array(values.length * copies);
  for (let k = 0; k < copies; k++) out.set(values, k * values.length);
  return out;
}

interface Moments {
  readonly mean: Float64Array;
  variance(): Float64Array;
}

function momentsOf(d: NumericLaw, text: string): Moments {
  const { law } = d;
  if (!d.proper) refuse('improper', `${text} is improper and has no moments`);
  if (law.kind === 'family') {
    const family = familyOf(law);
    const { mean, variance } = family;
    if (mean !== undefined && variance !== undefined) {
      return {
        mean: d.array(mean.call(family, law.parameters)).values,
        variance: () => d.array(variance.call(family, law.parameters)).values,
      };
    }
  }
  if (law.kind === 'mixture' || law.kind === 'mixtureOf') return mixtureMoments(d, text);
  if (d.shape.length > 0)
    return refuse('no-closed-form', `the moments of ${text} have no closed form`, { hint: 'estimate them from draws' });
  const problem = d.densityProblem;
  if (problem !== null)
    return refuse('no-density', `the moments of ${text} cannot be computed: ${problem}`, { hint: 'estimate them from draws' });
  const mean = signedMean(d);
  return {
    mean: Float64Array.of(mean),
    variance: () =>
      Float64Array.of(
        Number.isFinite(mean)
          ? expectation(
              d,
              (x) => (x - mean) ** 2,
              (x) => 2 * Math.log(Math.abs(x - mean)),
            ).value
          : Number.NaN,
      ),
  };
}

/** E X, NaN where both halves are infinite. */
function signedMean(d: NumericLaw): number {
  const part = (sign: 1 | -1): number =>
    expectation(
      d,
      (x) => (x * sign > 0 ? x * sign : 0),
      (x) => (x * sign > 0 ? Math.log(x * sign) : Number.NEGATIVE_INFINITY),
    ).value;
  return part(1) - part(-1);
}

/** Mean and (co)variance of a mixture: the variance of the means is added to the mean of the variances. */
function mixtureMoments(d: NumericLaw, text: string): Moments {
  const parts = d
    .components()
    .filter((c) => c.weight > 0)
    .map(({ weight, part }) => ({ weight, moments: momentsOf(part, text) }));
  const mean = new Float64Array(d.size);
  for (const { weight, moments } of parts)
    moments.mean.forEach((m, i) => {
      mean[i] = mean[i]! + weight * m;
    });
  const covariance = d.shape.length === 1;
  return {
    mean,
    variance() {
      const out = new Float64Array(covariance ? d.size * d.size : d.size);
      for (const { weight, moments } of parts) {
        const own = moments.variance(),
          away = moments.mean.map((m, i) => m - mean[i]!);
        out.forEach((_, k) => {
          const [i, j] = covariance ? [Math.floor(k / d.size), k % d.size] : [k, k];
          out[k] = out[k]! + weight * (own[k]! + away[i]! * away[j]!);
        });
      }
      return out;
    },
  };
}

/** The closed form of an entropy that a family states, itself or as a case of a wider one; null where none does. */
function entropyExpression(family: Family, parameters: Arguments): Expr | null {
  if (family.exponential !== undefined) return family.exponential.entropy(parameters);
  if (family.entropy !== undefined) return family.entropy(parameters);
  if (family.caseOf !== undefined) {
    const wider = family.caseOf(parameters);
    return entropyExpression(wider.family, wider.parameters);
  }
  return null;
}

/** The entropy of a law, in closed form or by quadrature or summation; null for arrays without a closed form. */
export function entropyOf(d: NumericLaw): Approximation | null {
  const { law } = d;
  if (law.kind === 'family') {
    const family = familyOf(law),
      closed = entropyExpression(family, law.parameters);
    if (closed !== null) return { value: d.number(closed), error: 0 };
    if (family.expectedLogDensity !== undefined)
      return { value: -d.number(family.expectedLogDensity(law.parameters, law.parameters)), error: 0 };
  }
  if (d.shape.length > 0 || d.densityProblem !== null || law.kind === 'censored') return null;
  return expectationUnder(d, [], (own) => (x) => -own!.logProbAt(x));
}
