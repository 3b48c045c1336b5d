/**
 * Divergences between distributions: KL(p || q) = E_p log(p / q), the cross-entropy -E_p log q, L1 = integral of |p - q| and
 * chi-square = integral of (p - q)^2 / q.
 *
 * Closed forms come from the families' statements, never from a table of pairs: where q has statistics s with natural parameters
 * eta, E_p log q = log q(m) + eta . (E_p s - s(m)) at any point m, and p^2 / q is a multiple of the member of the family with parameters
 * 2 eta_p - eta_q. Else sums or quadrature, whose error is reported, else simulation with its standard error.
 * Infinity where p gives mass to what q excludes, and where an integral diverges.
 */
import type { Arguments, ExponentialForm, Family, Statistic } from '../distributions/family.js';
import { familyOf } from '../distributions/law/law.js';
import { InternalError } from '../errors/diagnostic.js';
import { type ArrayExpr, at, build, type Expr, add, mul, neg, num, ref, scalar, sub, sumOver, zero } from '../expr/expr.js';
import { differentiate } from '../expr/gradient.js';
import { inverseOf, logdetOf, logOf, powOf } from '../expr/simplify.js';
import { createRandom, type Random } from '../random/generator.js';
import { Distribution, type Draw, entropyOf, type Given, nested, refuse } from './distribution.js';
import { type Approximation, expectation, expectationUnder, ofLaws, overValues } from './expectations.js';
import { hasAtoms, NumericLaw, renamed } from './numericLaw.js';

/** How a number was found; `closed form` has no error. */
export type Method = 'closed form' | 'sum' | 'quadrature' | 'Monte Carlo';
/** `value` with an error: 0 in closed form, a bound in practice of sums and quadrature, one standard error of simulation. */
export interface Estimate {
  /** In nats for divergences; may be infinite. */
  readonly value: number;
  /** Bound of the error of sums and quadrature, standard error of Monte Carlo; 0 of closed forms. */
  readonly error: number;
  /** How it was found. */
  readonly method: Method;
}

/** What simulation uses, where nothing else serves: a seed and a number of draws. */
export interface SimulationOptions {
  /** Any text or number: 1. */
  readonly seed?: string | number;
  /** How many draws: 20,000. */
  readonly draws?: number;
}

/** Draws of a simulation where the caller says nothing. */
const defaultDraws = 20_000;
/** Count vectors are added one by one up to this many. */
const mostVectors = 100_000;

const exactly = (value: number): Estimate => ({ value, error: 0, method: 'closed form' });
const infinite: Estimate = exactly(Number.POSITIVE_INFINITY);

// --- which laws can be compared ---------------------------------------------------------------

function comparable<D extends Draw>(p: Distribution<D>, q: Distribution<D>): void {
  for (const [d, name] of [
    [p, 'first'],
    [q, 'second'],
  ] as const) {
    if (!(d instanceof Distribution))
      refuse('distribution-expected', `the ${name} argument is no distribution`, { expected: 'a distribution such as Normal(0, 1)' });
    d.requireProper('no divergence from or to others');
    d.requireDensity();
    if (d.numeric.law.kind !== 'censored' && hasAtoms(d.numeric.law))
      refuse('not-comparable', `${d.text} mixes masses and densities`, { hint: 'compare the parts' });
  }
  if (p.shape.join() !== q.shape.join())
    refuse('wrong-shape', `${p.text} has draws of shape [${p.shape.join(', ')}], ${q.text} of shape [${q.shape.join(', ')}]`);
}

/**
 * Whether one law has all its mass where the other has none by the kind of their values: densities against masses, a simplex against the
 * plane.
 */
function singular(p: Distribution, q: Distribution): boolean {
  if (p.discrete !== q.discrete) return true;
  const a = p.support,
    b = q.support;
  // Masses on whole numbers, of one or of many, are added up; independent reals fill space like a vector.
  if (p.discrete && (a.kind !== 'counts' || b.kind !== 'counts')) return false;
  if (p.over.length > 0 !== q.over.length > 0) return ![a.kind, b.kind].every((kind) => kind === 'interval' || kind === 'vector');
  const line = (kind: string): boolean => kind === 'interval' || kind === 'integers' || kind === 'point';
  if (line(a.kind) && line(b.kind)) return false;
  if (p.over.length > 0 && p.over.join() !== q.over.join())
    return ![a.kind, b.kind].every((kind) => kind === 'interval' || kind === 'vector');
  if (a.kind !== b.kind) return true;
  return a.kind === 'counts' && b.kind === 'counts' && a.total !== b.total;
}

/** Whether p has mass beyond the ends of q. */
function sticksOut(p: NumericLaw, q: NumericLaw): boolean {
  const a = p.support,
    b = q.support;
  if (a.kind !== 'interval' || b.kind !== 'interval') return false;
  const [low, high] = q.law.kind === 'censored' ? [q.number(q.law.low), q.number(q.law.high)] : [b.low, b.high];
  const [from, to] = p.law.kind === 'censored' ? [p.number(p.law.low), p.number(p.law.high)] : [a.low, a.high];
  return from < low || to > high;
}

/** Whether p may have mass on counts that q excludes: what a formula in the statistics of q would not see. */
function leavesCounts(p: NumericLaw, q: NumericLaw): boolean {
  const a = p.support,
    b = q.support;
  if (b.kind !== 'integers') return false;
  const [low, high] =
    a.kind === 'integers'
      ? [a.low, a.high]
      : a.kind === 'point'
        ? [a.value, a.value]
        : [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
  return low < b.low || high > b.high;
}

/** Values that have mass in a censored law. */
function atomsOf(d: NumericLaw): readonly number[] {
  const { law } = d;
  if (law.kind !== 'censored') return [];
  return [d.number(law.low), d.number(law.high)].filter(Number.isFinite);
}

/** log q at draws of p, with respect to a measure that both share: a value with mass under p alone has none under q. */
function logOfOther(p: NumericLaw, q: NumericLaw): (x: number) => number {
  const own = atomsOf(p),
    others = atomsOf(q);
  if (p.discrete || (own.length === 0 && others.length === 0)) return (x) => q.logProbAt(x);
  return (x) => {
    if (others.length > 0 && (x < others[0]! || x > others[others.length - 1]!)) return Number.NEGATIVE_INFINITY;
    return own.includes(x) && !others.includes(x) ? Number.NEGATIVE_INFINITY : q.logProbAt(x);
  };
}

/** Two laws of the same number of independent draws, as laws of one of them and that number; null where they are not. */
function single(p: Distribution, q: Distribution): { readonly p: NumericLaw; readonly q: NumericLaw; readonly copies: number } | null {
  if (p.over.join() !== q.over.join()) return null;
  return { p: p.numeric, q: q.numeric, copies: p.over.reduce((a, b) => a * b, 1) };
}

// --- closed forms -----------------------------------------------------------------------------

interface Member {
  readonly family: Family;
  readonly parameters: Arguments;
}

function memberOf(d: NumericLaw): Member | null {
  return d.law.kind === 'family' ? { family: familyOf(d.law), parameters: d.law.parameters } : null;
}
/** As a member of the widest family it is a case of. */
function widest(m: Member): Member {
  return m.family.caseOf === undefined ? m : widest(m.family.caseOf(m.parameters));
}

/** The value of a statistic at a point. */
function statisticAt(s: Statistic, x: ArrayExpr): ArrayExpr {
  switch (s) {
    case 'x':
      return x;
    case 'x^2':
      return scalar(powOf(x.body, 2));
    case '1/x':
      return scalar(powOf(x.body, -1));
    case 'log x':
      return scalar(logOf(x.body));
    case 'log(1-x)':
      return scalar(logOf(sub(num(1), x.body)));
    case 'x_i':
    case 'X_ij':
      return x;
    case 'x_i x_j':
      return build([x.dims[0]!, x.dims[0]!], (i, j) => mul(at(x, i), at(x, j)));
    case 'log x_i':
      return build(x.dims, (i) => logOf(at(x, i)));
    case 'inverse(X)_ij':
      return inverseOf(x);
    case 'logdet X':
      return scalar(logdetOf(x));
    case '1[x=k]':
      throw new InternalError('the one-hot statistic has no point of reference');
  }
}

/** `sum_ij a_ij b_ij` of arrays of one shape. */
function inner(a: ArrayExpr, b: ArrayExpr): Expr {
  const go = (axis: number, where: readonly Expr[]): Expr =>
    axis === a.dims.length ? mul(at(a, ...where), at(b, ...where)) : sumOver(a.dims[axis]!, (i) => go(axis + 1, [...where, i]), 'i');
  return go(0, []);
}

/** E s(X) - s(m) under p, m its mean (0 for counts, whose masses are those of whole numbers only). Null where no closed form is known. */
function beyondPoint(s: Statistic, p: Member, mean: ArrayExpr): ArrayExpr | null {
  if (p.family.discrete) return s === 'x' ? mean : null;
  switch (s) {
    case 'x':
    case 'x_i':
    case 'X_ij':
      return build(mean.dims, () => zero);
    // Nothing of the size of the mean cancels.
    case 'x^2':
    case 'x_i x_j':
      return p.family.variance?.(p.parameters) ?? null;
    default: {
      const form = p.family.exponential;
      if (form === undefined) return null;
      const expected = expectationOf(form, s, p.parameters);
      if (expected === null) return null;
      const here = statisticAt(s, mean);
      return build(expected.dims, (...i) => sub(at(expected, ...i), at(here, ...i)));
    }
  }
}
function expectationOf(form: ExponentialForm, s: Statistic, parameters: Arguments): ArrayExpr | null {
  try {
    return form.expectation(s, parameters);
  } catch (error) {
    // The families' word for a closed form that is not known.
    if (error instanceof InternalError) return null;
    throw error;
  }
}

/**
 * E_p log q as an expression of the arguments of both, or null. `p` with its law for what must be numbers (whether a mean is finite). Where
 * only differences count (`same`), base measures that cancel are left to the caller.
 */
function expectedLogDensity(p: Member, d: NumericLaw, q: Member): Expr | null {
  if (p.family === q.family && p.family.expectedLogDensity !== undefined) return p.family.expectedLogDensity(q.parameters, p.parameters);
  const a = widest(p),
    b = widest(q),
    form = b.family.exponential;
  if (form === undefined || form.logBase !== undefined || form.statistics.includes('1[x=k]')) return null;
  const mean = a.family.mean?.(a.parameters);
  if (mean === undefined || d.array(mean).values.some((m) => !Number.isFinite(m))) return null;
  let total: Expr = b.family.logDensity(a.family.discrete ? scalar(zero) : mean, b.parameters);
  const natural = form.natural(b.parameters);
  for (const [k, s] of form.statistics.entries()) {
    const beyond = beyondPoint(s, a, mean);
    if (beyond === null) return null;
    total = add(total, inner(natural[k]!, beyond));
  }
  return total;
}

/** KL between members of one family whose base measure cancels in log p - log q, at the reference point 0. */
function klOfBased(p: Member, q: Member): Expr | null {
  const form = p.family.exponential;
  if (p.family !== q.family || form?.logBase === undefined || form.statistics.some((s) => s !== 'x')) return null;
  const mean = form.expectation('x', p.parameters).body,
    origin = scalar(zero);
  const slope = sub(form.natural(p.parameters)[0]!.body, form.natural(q.parameters)[0]!.body);
  return add(mul(slope, mean), sub(p.family.logDensity(origin, p.parameters), p.family.logDensity(origin, q.parameters)));
}

/** log of the integral of p^2 / q for members of one family with statistics; Infinity where 2 eta_p - eta_q is no natural parameter. */
function logSecondMoment(d: NumericLaw, p: Member, q: Member): number | null {
  const a = widest(p),
    b = widest(q),
    form = a.family.exponential;
  if (a.family !== b.family || form === undefined || form.statistics.includes('1[x=k]')) return null;
  const twice = form.natural(a.parameters),
    once = form.natural(b.parameters);
  const natural = twice.map((eta, k) => build(eta.dims, (...i) => sub(mul(num(2), at(eta, ...i)), at(once[k]!, ...i))));
  // A condition that is not a number (the pivot of an indefinite matrix) is not met either.
  if (form.proper(natural).some((c) => !(d.number(c) > 0))) return Number.POSITIVE_INFINITY;
  const support = a.family.support(a.parameters);
  const other = form.parameters(natural, support);
  const mean = a.family.mean!(a.parameters);
  const finite = d.array(mean).values.every(Number.isFinite);
  const point = form.logBase !== undefined ? scalar(zero) : finite ? mean : scalar(num(d.quantile(0.5)));
  const log = (parameters: Arguments): Expr => a.family.logDensity(point, parameters);
  return d.number(sub(mul(num(2), log(a.parameters)), add(log(b.parameters), log(other))));
}

// --- expectations of any function of a draw ---------------------------------------------------

/** Every count vector of a total; null where they are too many. */
function countVectors(dimension: number, total: number): readonly Float64Array[] | null {
  let count = 1;
  for (let k = 1; k < dimension; k++) {
    count *= (total + k) / k;
    if (count > mostVectors) return null;
  }
  const out: Float64Array[] = [],
    current = new Float64Array(dimension);
  const fill = (axis: number, left: number): void => {
    if (axis === dimension - 1) {
      current[axis] = left;
      out.push(current.slice());
      return;
    }
    for (let x = 0; x <= left; x++) {
      current[axis] = x;
      fill(axis + 1, left - x);
    }
  };
  fill(0, total);
  return out;
}

/** E_p f for laws whose draws are arrays: over all count vectors, or by simulation. */
function arrayExpectation(p: Distribution, f: (x: Float64Array) => number, options: SimulationOptions): Estimate {
  const { support } = p;
  const every = p.over.length === 0 && support.kind === 'counts' ? countVectors(support.dimension, support.total) : null;
  if (every !== null) {
    let total = 0,
      size = 0;
    for (const x of every) {
      const mass = Math.exp(p.numeric.logProb(x));
      if (mass === 0) continue;
      const y = mass * f(x);
      total += y;
      size += Math.abs(y);
    }
    return { value: total, error: 4 * Number.EPSILON * size, method: 'sum' };
  }
  return simulated((random) => f(p.drawFlat(random)), options);
}

function simulated(draw: (random: Random) => number, { seed = 1, draws = defaultDraws }: SimulationOptions): Estimate {
  if (!(Number.isInteger(draws) && draws >= 2))
    refuse('wrong-count', `the number of draws is ${draws}`, { expected: 'an integer of at least 2' });
  const random = createRandom(String(seed), 'divergence');
  let mean = 0,
    squares = 0;
  for (let k = 1; k <= draws; k++) {
    const y = draw(random);
    if (y === Number.POSITIVE_INFINITY) return { value: y, error: 0, method: 'Monte Carlo' };
    const away = y - mean;
    mean += away / k;
    squares += away * (y - mean);
  }
  return { value: mean, error: Math.sqrt(squares / (draws - 1) / draws), method: 'Monte Carlo' };
}

const methodOf = (p: NumericLaw): Method => (p.discrete ? 'sum' : 'quadrature');
const computed = (p: NumericLaw, a: Approximation): Estimate => ({ ...a, method: methodOf(p) });
const times = (e: Estimate, factor: number): Estimate => ({ value: factor * e.value, error: Math.abs(factor) * e.error, method: e.method });
/** A divergence is not negative: what is, is rounding or the error of simulation. */
const notNegative = (e: Estimate): Estimate => (e.value < 0 && e.method !== 'Monte Carlo' ? { ...e, value: 0 } : e);

// --- the divergences --------------------------------------------------------------------------

/**
 * KL(p || q) = E_p log(p(X) / q(X)) in nats: never negative, 0 for equal laws only.
 * @throws ModelError for laws whose draws differ in shape, and for laws without a density.
 */
export function kl<D extends Draw>(p: Distribution<D>, q: Distribution<D>, options: SimulationOptions = {}): Estimate {
  comparable(p, q);
  if (singular(p, q)) return infinite;
  const one = single(p, q);
  if (one === null) return arrayExpectation(p, (x) => p.logProbOf(x) - q.logProbOf(x), options);
  if (one.copies === 0) return exactly(0);
  if (sticksOut(one.p, one.q)) return infinite;
  const closed = closedKl(one.p, one.q);
  if (closed !== null) return times(exactly(Math.max(0, closed)), one.copies);
  if (one.p.shape.length > 0)
    return times(notNegative(arrayExpectation(partOf(p), (x) => one.p.logProb(x) - one.q.logProb(x), options)), one.copies);
  const logRatio = (a: NumericLaw, b: NumericLaw): ((x: number) => number) => {
    const logOther = logOfOther(a, b);
    return (x) => a.logProbAt(x) - logOther(x);
  };
  return times(
    notNegative(
      computed(
        one.p,
        expectationUnder(one.p, [one.q], (a, b) => logRatio(a!, b!)),
      ),
    ),
    one.copies,
  );
}

function partOf(d: Distribution): Distribution {
  return new Distribution(d.text, d.numeric);
}

function closedKl(p: NumericLaw, q: NumericLaw): number | null {
  const a = memberOf(p),
    b = memberOf(q);
  if (a === null || b === null || leavesCounts(p, q)) return null;
  const joined = pairOf(p, a, q, b);
  const based = klOfBased(joined.p, joined.q);
  if (based !== null) return joined.law.number(based);
  const cross = expectedLogDensity(joined.p, joined.law, joined.q),
    own = entropyOf(p);
  if (cross === null || own === null || own.error > 0) return null;
  // Of one family the same formula gives the entropy, so that equal laws have a divergence of exactly 0.
  const self = a.family === b.family ? expectedLogDensity(joined.p, joined.law, joined.p) : null;
  const value = joined.law.number(self === null ? sub(num(-own.value), cross) : sub(self, cross));
  return Number.isNaN(value) ? null : value;
}

/** Both laws over one set of values, the arguments of the second under names of their own. */
function pairOf(p: NumericLaw, a: Member, q: NumericLaw, b: Member): { readonly law: NumericLaw; readonly p: Member; readonly q: Member } {
  const moved = renamed(q.law, q.values, '%q.');
  const parameters = moved.law.kind === 'family' ? moved.law.parameters : b.parameters;
  return { law: new NumericLaw(p.law, new Map([...p.values, ...moved.values])), p: a, q: { family: b.family, parameters } };
}

/** -E_p log q(X), in nats. @throws ModelError as `kl`. */
export function crossEntropy<D extends Draw>(p: Distribution<D>, q: Distribution<D>, options: SimulationOptions = {}): Estimate {
  comparable(p, q);
  if (singular(p, q)) return infinite;
  const one = single(p, q);
  if (one === null) return arrayExpectation(p, (x) => -q.logProbOf(x), options);
  if (one.copies === 0) return exactly(0);
  if (sticksOut(one.p, one.q)) return infinite;
  const a = memberOf(one.p),
    b = memberOf(one.q);
  if (a !== null && b !== null && !leavesCounts(one.p, one.q)) {
    const joined = pairOf(one.p, a, one.q, b),
      cross = expectedLogDensity(joined.p, joined.law, joined.q);
    const value = cross === null ? Number.NaN : -joined.law.number(cross);
    if (!Number.isNaN(value)) return times(exactly(value), one.copies);
  }
  if (one.p.shape.length > 0)
    return times(
      arrayExpectation(partOf(p), (x) => -one.q.logProb(x), options),
      one.copies,
    );
  return times(
    computed(
      one.p,
      expectationUnder(one.p, [one.q], (a, b) => {
        const logOther = logOfOther(a!, b!);
        return (x) => -logOther(x);
      }),
    ),
    one.copies,
  );
}

/**
 * The integral (or sum) of |p - q|, between 0 and 2: twice the total variation distance.
 * @throws ModelError as `kl`.
 */
export function l1<D extends Draw>(p: Distribution<D>, q: Distribution<D>, options: SimulationOptions = {}): Estimate {
  comparable(p, q);
  if (singular(p, q)) return exactly(2);
  const one = single(p, q);
  if (one !== null && one.copies === 0) return exactly(0);
  if (one === null || one.copies > 1 || one.p.shape.length > 0) {
    const { support } = p;
    const every = p.over.length === 0 && support.kind === 'counts' ? countVectors(support.dimension, support.total) : null;
    if (every !== null)
      return {
        value: every.reduce((total, x) => total + Math.abs(Math.exp(p.logProbOf(x)) - Math.exp(q.logProbOf(x))), 0),
        error: 8 * Number.EPSILON,
        method: 'sum',
      };
    // Under the even mixture of both the integrand |p - q| / ((p + q) / 2) is bounded.
    return simulated((random) => {
      const x = (random.uniform() < 0.5 ? p : q).drawFlat(random);
      return 2 * Math.abs(Math.tanh(0.5 * (p.logProbOf(x) - q.logProbOf(x))));
    }, options);
  }
  if (one.p.law.kind === 'censored' || one.q.law.kind === 'censored') {
    // 2 - 2 E_p min(1, q / p), in which values with mass are values like others.
    const logOther = logOfOther(one.p, one.q);
    const shared = expectation(one.p, (x) => Math.exp(Math.min(0, logOther(x) - one.p.logProbAt(x))), undefined, [one.q]);
    return { value: Math.min(2, Math.max(0, 2 - 2 * shared.value)), error: 2 * shared.error, method: methodOf(one.p) };
  }
  const laws = [one.p, one.q];
  const found = computed(
    one.p,
    overValues(
      ofLaws(laws, (a, b) => ({
        at: (x) => {
          const y = Math.abs(Math.exp(a!.logProbAt(x)) - Math.exp(b!.logProbAt(x)));
          // Infinite densities are those of single places, or of what doubles cannot tell from them.
          return y === Number.POSITIVE_INFINITY ? Number.NaN : y;
        },
        logSize: (x) => Math.max(a!.logProbAt(x), b!.logProbAt(x)),
      })),
      laws,
    ),
  );
  return { ...found, value: Math.min(2, found.value) };
}

/**
 * The integral (or sum) of (p - q)^2 / q: E_p (p / q) - 1.
 * @throws ModelError as `kl`.
 */
export function chiSquared<D extends Draw>(p: Distribution<D>, q: Distribution<D>, options: SimulationOptions = {}): Estimate {
  comparable(p, q);
  if (singular(p, q)) return infinite;
  const one = single(p, q);
  const ratioMinusOne = (d: number): number => Math.expm1(d);
  if (one === null) return arrayExpectation(p, (x) => ratioMinusOne(p.logProbOf(x) - q.logProbOf(x)), options);
  if (one.copies === 0) return exactly(0);
  if (sticksOut(one.p, one.q)) return infinite;
  const a = memberOf(one.p),
    b = memberOf(one.q);
  if (a !== null && b !== null && !leavesCounts(one.p, one.q)) {
    const joined = pairOf(one.p, a, one.q, b),
      log = logSecondMoment(joined.law, joined.p, joined.q);
    if (log !== null && !Number.isNaN(log)) return exactly(Math.max(0, Math.expm1(one.copies * log)));
  }
  // 1 + chi-square of independent parts is the product of theirs.
  const power = (e: Estimate): Estimate =>
    one.copies === 1
      ? e
      : {
          ...e,
          value: Math.expm1(one.copies * Math.log1p(e.value)),
          error: one.copies * e.error * Math.exp((one.copies - 1) * Math.log1p(e.value)),
        };
  if (one.p.shape.length > 0) return power(arrayExpectation(partOf(p), (x) => ratioMinusOne(one.p.logProb(x) - one.q.logProb(x)), options));
  const logOther = logOfOther(one.p, one.q),
    { p: first } = one;
  if (atomsOf(one.p).length > 0 || atomsOf(one.q).length > 0) {
    return power(
      notNegative(
        computed(
          first,
          expectation(first, (x) => ratioMinusOne(first.logProbAt(x) - logOther(x)), undefined, [one.q]),
        ),
      ),
    );
  }
  // (p - q)^2 / q itself: no difference of a large integral and 1. It is q where p has no mass.
  const found = overValues(
    ofLaws([first, one.q], (a, b) => {
      const logsAt = (x: number): readonly [number, number] => [a!.logProbAt(x), b!.logProbAt(x)];
      return {
        at: (x) => {
          const [logP, logQ] = logsAt(x);
          if (logP === Number.POSITIVE_INFINITY || logQ === Number.POSITIVE_INFINITY) return Number.NaN;
          if (logQ === Number.NEGATIVE_INFINITY) return Math.exp(logP) === 0 ? 0 : Number.POSITIVE_INFINITY;
          // p^2 / q far out may overflow only where the integral diverges.
          const ratio = Math.expm1(logP - logQ);
          return Math.abs(ratio) < 1e100 ? Math.exp(logQ) * ratio * ratio : Math.exp(2 * logP - logQ);
        },
        logSize: (x) => {
          const [logP, logQ] = logsAt(x);
          return logP === Number.NEGATIVE_INFINITY ? logQ : Math.max(logQ, 2 * logP - logQ);
        },
      };
    }),
    [first, one.q],
  );
  return power(notNegative(computed(first, found)));
}

// --- the gradient of KL in the second argument ------------------------------------------------

/** Partial derivatives by argument, each of the shape of the argument. */
export type Gradient = Readonly<Record<string, Draw>>;

/**
 * The gradient of KL(p || q) (and of the cross-entropy) in the arguments of q as they were given: for `Normal({ mean, variance })` with
 * respect to mean and variance. Elements of a matrix count as independent, the two of a symmetric pair get half each.
 * @throws ModelError where q is no family, has arguments that are counts, or KL is infinite.
 */
export function klGradient<D extends Draw>(p: Distribution<D>, q: Distribution<D>, options: SimulationOptions = {}): Gradient {
  const { given } = q;
  if (given === null)
    return refuse('no-gradient', `${q.text} has no arguments to differentiate by`, {
      expected: 'a family such as Normal(0, 1) as the second argument',
    });
  const value = kl(p, q, options).value;
  if (value === Number.POSITIVE_INFINITY) return refuse('no-gradient', `KL(${p.text} || ${q.text}) is infinite`);
  const symbols = symbolsOf(given),
    one = single(p, q);
  if (one === null && q.over.length > 0)
    return refuse('no-gradient', `${q.text} is a law of independent draws, ${p.text} is not`, { hint: 'write both with iid' });
  const copies = one?.copies ?? 1,
    numericP = p.numeric;
  const member: Member = { family: given.family, parameters: given.canonical(symbols.parameters) };
  const a = memberOf(numericP);
  const all = new NumericLaw(numericP.law, new Map([...numericP.values, ...symbols.values]));
  const closed =
    one === null || a === null || leavesCounts(numericP, q.numeric) ? null : (expectedLogDensity(a, all, member) ?? baseless(a, member));
  const out: Record<string, Draw> = {};
  for (const [name, argument] of given.values) {
    const kind = [...given.family.parameters, ...given.family.alternatives.flatMap((x) => x.parameters)].find((x) => x.name === name)!;
    if (kind.domain === 'count' || kind.domain === 'int' || kind.domain === 'positiveInt') continue;
    const places = placesOf(argument.shape);
    const partials = places.map((where) => {
      const wrt = ref(`%q.${name}`, where.map(num));
      if (closed !== null) return -copies * all.number(differentiate(closed, wrt));
      // -E_p of the score of q.
      const target = one === null ? q : partOf(q);
      const score = all.onDraws(differentiate(member.family.logDensity(all.draw, member.parameters), wrt));
      if (target.shape.length > 0) return -copies * arrayExpectation(partOf(p), score, options).value;
      return -copies * expectation(numericP, (x) => score([x]), undefined, [q.numeric]).value;
    });
    const d = argument.shape[0] ?? 0;
    const symmetric = argument.shape.length === 2 && kind.domain !== 'choleskyFactor';
    const values = partials.map((g, k) => (symmetric ? 0.5 * (g + partials[(k % d) * d + Math.floor(k / d)]!) : g));
    out[name] = nested(values, argument.shape);
  }
  return out;
}

/** E_p log q without the base measure, which does not depend on q's parameters. */
function baseless(p: Member, q: Member): Expr | null {
  const difference = klOfBased(p, q);
  return difference === null ? null : neg(difference);
}

function placesOf(shape: readonly number[]): readonly (readonly number[])[] {
  return shape.reduce<readonly (readonly number[])[]>(
    (all, n) => all.flatMap((where) => Array.from({ length: n }, (_, k) => [...where, k])),
    [[]],
  );
}

/** Every given argument as a symbol, `%q.name`. */
function symbolsOf(given: Given): { readonly parameters: Arguments; readonly values: NumericLaw['values'] } {
  const parameters: Record<string, ArrayExpr> = {},
    values = new Map<string, { shape: readonly number[]; values: Float64Array; gaps: null }>();
  for (const [name, { shape, values: list }] of given.values) {
    const symbol = `%q.${name}`;
    parameters[name] = build(shape.map(num), (...where) => ref(symbol, where));
    values.set(symbol, { shape, values: list, gaps: null });
  }
  return { parameters, values };
}
