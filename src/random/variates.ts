/**
 * Random variates. Scalars are returned; array results are written to `out` from `offset`, with
 * dimensions read off the arguments, and return 1, or 0 where the law does not exist (the result is
 * then NaN throughout). Every method is exact up to rounding: rejection and composition, no
 * asymptotic shortcuts; the source is cited at each. Parameters outside their domain give NaN.
 */
import { choleskyInPlace, solveLower } from '../numeric/linearAlgebra.js';
import { deviance } from '../numeric/special/countMasses.js';
import { lgamma, stirlingError } from '../numeric/special/gamma.js';
import type { Random } from './generator.js';

/**
 * Positive variates of tiny shape lie below the range of doubles with positive probability. They are
 * returned as this number instead of 0, so that logarithms and reciprocals stay finite.
 */
const smallestNormal = 2.2250738585072014e-308;
/** The largest double below 1, for the same reason. */
const belowOne = 1 - 1.1102230246251565e-16;
const halfLogTwoPi = 0.91893853320467274178;

// --- continuous scalars ---------------------------------------------------------------------------

/** Uniform on [0, 1). */
export function uniform(random: Random): number {
  return random.uniform();
}

/** Standard normal. */
export function normal(random: Random): number {
  return random.normal();
}

/** Normal with the given mean and standard deviation. */
export function normalDraw(random: Random, mean: number, sd: number): number {
  return mean + sd * random.normal();
}

/** Exponential with the given rate. */
export function exponential(random: Random, rate: number): number {
  return rate > 0 ? random.exponential() / rate : Number.NaN;
}

/** Gamma(shape, 1) for shape >= 1: Marsaglia and Tsang, "A simple method for generating gamma variables" (2000). */
function standardGamma(random: Random, shape: number): number {
  const d = shape - 1 / 3;
  const c = 1 / Math.sqrt(9 * d);
  for (;;) {
    const x = random.normal();
    const root = 1 + c * x;
    if (root <= 0) continue;
    const v = root * root * root;
    const u = random.uniformPositive();
    const square = x * x;
    if (u < 1 - 0.0331 * square * square) return d * v;
    if (Math.log(u) < 0.5 * square + d * (1 - v + Math.log(v))) return d * v;
  }
}

/**
 * Gamma(shape, 1) for shape >= 1/10. G(a) = G(a+1) U^(1/a), which cannot underflow: the smallest U is 2^-53.
 */
function ordinaryGamma(random: Random, shape: number): number {
  return shape >= 1 ? standardGamma(random, shape) : standardGamma(random, shape + 1) * Math.exp(-random.exponential() / shape);
}

/** The logarithm of a Gamma(shape, 1) variate; finite for any shape > 0. */
export function logGamma(random: Random, shape: number): number {
  if (!(shape > 0)) return Number.NaN;
  if (shape >= 1) return Math.log(standardGamma(random, shape));
  return Math.log(standardGamma(random, shape + 1)) - random.exponential() / shape;
}

/** Gamma with the given shape and rate. */
export function gamma(random: Random, shape: number, rate: number): number {
  if (!(shape > 0 && rate > 0)) return Number.NaN;
  if (shape >= 0.1) return ordinaryGamma(random, shape) / rate;
  const x = Math.exp(logGamma(random, shape) - Math.log(rate));
  return x < smallestNormal ? smallestNormal : x;
}

/** Inverse gamma: scale / Gamma(shape, 1). */
export function inverseGamma(random: Random, shape: number, scale: number): number {
  if (!(shape > 0 && scale > 0)) return Number.NaN;
  if (shape >= 0.1) return scale / ordinaryGamma(random, shape);
  const x = Math.exp(Math.log(scale) - logGamma(random, shape));
  return x > Number.MAX_VALUE ? Number.MAX_VALUE : x;
}

/** Chi-squared with df degrees of freedom; `df` may be any positive number. */
function chiSquared(random: Random, df: number): number {
  return 2 * gamma(random, 0.5 * df, 1);
}

/** Beta(a, b), from two gammas; kept strictly inside (0, 1). */
export function beta(random: Random, a: number, b: number): number {
  if (!(a > 0 && b > 0)) return Number.NaN;
  let x: number;
  if (a >= 0.1 && b >= 0.1) {
    const first = ordinaryGamma(random, a);
    x = first / (first + ordinaryGamma(random, b));
  } else {
    // In logarithms, because both gammas may underflow.
    x = 1 / (1 + Math.exp(logGamma(random, b) - logGamma(random, a)));
  }
  return x < smallestNormal ? smallestNormal : x > belowOne ? belowOne : x;
}

/** Student's t with df degrees of freedom. */
export function studentT(random: Random, df: number): number {
  return random.normal() / Math.sqrt(chiSquared(random, df) / df);
}

/** Standard Cauchy. */
export function cauchy(random: Random): number {
  return Math.tan(Math.PI * (random.uniform() - 0.5));
}

/** Standard Laplace, density e^-|x| / 2. */
export function laplace(random: Random): number {
  const size = random.exponential();
  return random.uniform() < 0.5 ? size : -size;
}

/** Standard logistic. */
export function logistic(random: Random): number {
  // The logit of a uniform on (0, 1/2] and a sign, so that both tails keep their digits.
  const u = 0.5 * random.uniformPositive();
  const size = Math.log1p(-u) - Math.log(u);
  return random.uniform() < 0.5 ? size : -size;
}

/** Standard Gumbel of maxima, distribution function exp(-e^-x). */
export function gumbel(random: Random): number {
  // An exponential of exactly zero stands for what lies below the least positive one.
  return -Math.log(Math.max(random.exponential(), 2 ** -54));
}

/**
 * The angle of a von Mises law in (-pi, pi] (Best and Fisher, "Efficient simulation of the von Mises distribution", 1979:
 * rejection from a wrapped Cauchy), uniform for concentration 0.
 */
export function vonMises(random: Random, loc: number, concentration: number): number {
  if (!(concentration >= 0) || !Number.isFinite(loc)) return Number.NaN;
  let angle: number;
  if (concentration < 1e-8) angle = Math.PI * (2 * random.uniform() - 1);
  else if (concentration > 1e8) angle = random.normal() / Math.sqrt(concentration);
  else {
    const tau = 1 + Math.sqrt(1 + 4 * concentration * concentration);
    const rho = (tau - Math.sqrt(2 * tau)) / (2 * concentration);
    const r = (1 + rho * rho) / (2 * rho);
    // The cosine may miss its range by rounding only.
    let cosine: number;
    for (;;) {
      const z = Math.cos(Math.PI * random.uniform());
      cosine = (1 + r * z) / (r + z);
      const c = concentration * (r - cosine),
        u = random.uniformPositive();
      if (c * (2 - c) > u || Math.log(c / u) + 1 >= c) break;
    }
    const size = Math.acos(Math.min(1, Math.max(-1, cosine)));
    angle = random.uniform() < 0.5 ? size : -size;
  }
  const x = loc + angle;
  return x - 2 * Math.PI * Math.ceil((x - Math.PI) / (2 * Math.PI));
}

/** Weibull with distribution function 1 - exp(-(x/scale)^shape). */
export function weibull(random: Random, shape: number, scale: number): number {
  if (!(shape > 0 && scale > 0)) return Number.NaN;
  return scale * random.exponential() ** (1 / shape);
}

/** Pareto with density shape minimum^shape / x^(shape+1), x >= minimum. */
export function pareto(random: Random, minimum: number, shape: number): number {
  if (!(minimum > 0 && shape > 0)) return Number.NaN;
  return minimum * Math.exp(random.exponential() / shape);
}

// --- counts -------------------------------------------------------------------------------------

/** 1 with probability p, else 0. */
export function bernoulli(random: Random, p: number): number {
  if (!(p >= 0 && p <= 1)) return Number.NaN;
  return random.uniform() < p ? 1 : 0;
}

/** Uniform on the integers low, ..., high. */
export function discreteUniform(random: Random, low: number, high: number): number {
  if (!(low <= high)) return Number.NaN;
  return low + random.integer(high - low + 1);
}

/** Binomial(n, p) for n p < 10: sequential inversion of one uniform. */
function binomialInversion(random: Random, n: number, p: number): number {
  const odds = p / (1 - p);
  const start = Math.exp(n * Math.log1p(-p));
  for (;;) {
    let u = random.uniform();
    let mass = start;
    let k = 0;
    // Rounding may leave a remainder of u after all the mass is spent; then draw again.
    while (k <= n && mass > 0) {
      if (u < mass) return k;
      u -= mass;
      k++;
      mass *= (odds * (n - k + 1)) / k;
    }
  }
}

/** Binomial(n, p) for n p >= 10, p <= 1/2: Hoermann, "The generation of binomial random variates" (1993), algorithm BTRS. */
function binomialRejection(random: Random, n: number, p: number): number {
  const sd = Math.sqrt(n * p * (1 - p));
  const b = 1.15 + 2.53 * sd;
  const a = -0.0873 + 0.0248 * b + 0.01 * p;
  const c = n * p + 0.5;
  const squeeze = 0.92 - 4.2 / b;
  const alpha = (2.83 + 5.1 / b) * sd;
  const atMode = logBinomialMass(n, p, Math.floor((n + 1) * p));
  for (;;) {
    const u = random.uniform() - 0.5;
    let v = random.uniformPositive();
    const us = 0.5 - Math.abs(u);
    const k = Math.floor(((2 * a) / us + b) * u + c);
    if (us >= 0.07 && v <= squeeze) return k;
    if (!(k >= 0 && k <= n)) continue;
    v = Math.log((v * alpha) / (a / (us * us) + b));
    if (v <= logBinomialMass(n, p, k) - atMode) return k;
  }
}

/** log of the binomial mass at k less its part common to all k (Loader 2000). */
function logBinomialMass(n: number, p: number, k: number): number {
  if (k === 0) return n * Math.log1p(-p) - stirlingError(n) + halfLogTwoPi;
  if (k === n) return n * Math.log(p) - stirlingError(n) + halfLogTwoPi;
  const rest = n - k;
  return -stirlingError(k) - stirlingError(rest) - 0.5 * Math.log((k / n) * rest) - deviance(k, n * p) - deviance(rest, n * (1 - p));
}

/** Binomial(n, p). */
export function binomial(random: Random, n: number, p: number): number {
  if (!(n >= 0 && p >= 0 && p <= 1) || n === Infinity) return Number.NaN;
  if (n === 0 || p === 0) return 0;
  if (p === 1) return n;
  if (p > 0.5) return n - binomial(random, n, 1 - p);
  return n * p < 10 ? binomialInversion(random, n, p) : binomialRejection(random, n, p);
}

/** Poisson with the given rate: sequential inversion below 10, Hoermann's PTRS (1993) above. */
export function poisson(random: Random, rate: number): number {
  if (!(rate >= 0) || rate === Infinity) return Number.NaN;
  if (rate < 10) {
    const start = Math.exp(-rate);
    for (;;) {
      let u = random.uniform();
      let mass = start;
      let k = 0;
      while (mass > 0) {
        if (u < mass) return k;
        u -= mass;
        k++;
        mass *= rate / k;
      }
    }
  }
  const root = Math.sqrt(rate);
  const b = 0.931 + 2.53 * root;
  const a = -0.059 + 0.02483 * b;
  const inverseAlpha = 1.1239 + 1.1328 / (b - 3.4);
  const squeeze = 0.9277 - 3.6224 / (b - 2);
  for (;;) {
    const u = random.uniform() - 0.5;
    const v = random.uniformPositive();
    const us = 0.5 - Math.abs(u);
    const k = Math.floor(((2 * a) / us + b) * u + rate + 0.43);
    if (us >= 0.07 && v <= squeeze) return k;
    if (!(k >= 0) || (us < 0.013 && v > us)) continue;
    if (Math.log((v * inverseAlpha) / (a / (us * us) + b)) <= logPoissonMass(rate, k)) return k;
  }
}

/** log of the Poisson mass at k (Loader 2000). */
function logPoissonMass(rate: number, k: number): number {
  if (k === 0) return -rate;
  return -deviance(k, rate) - stirlingError(k) - 0.5 * Math.log(k) - halfLogTwoPi;
}

/** NegativeBinomial(r, p): failures before the r-th success, a Poisson with a gamma rate. */
export function negativeBinomial(random: Random, r: number, p: number): number {
  if (!(r > 0 && p > 0 && p <= 1)) return Number.NaN;
  return p === 1 ? 0 : poisson(random, gamma(random, r, p / (1 - p)));
}

/** BetaBinomial(n, a, b). */
export function betaBinomial(random: Random, n: number, a: number, b: number): number {
  return binomial(random, n, beta(random, a, b));
}

/** log of the hypergeometric mass at k up to a constant, with the smaller class of items first. */
function logHypergeometricMass(k: number, small: number, large: number, draws: number): number {
  return -(lgamma(k + 1) + lgamma(small - k + 1) + lgamma(draws - k + 1) + lgamma(large - draws + k + 1));
}

/**
 * Successes among `draws` items drawn without replacement: item by item for up to ten, else ratio of uniforms (Stadlober,
 * "The ratio of uniforms approach for generating discrete random variates", 1990, algorithm HRUA), cut 16 standard deviations out.
 */
export function hypergeometric(random: Random, successes: number, failures: number, draws: number): number {
  const total = successes + failures;
  if (!(successes >= 0 && failures >= 0 && draws >= 0 && draws <= total) || total === Infinity) return Number.NaN;
  const small = Math.min(successes, failures),
    large = Math.max(successes, failures),
    taken = Math.min(draws, total - draws);
  let drawn = 0;
  if (taken <= 10) {
    for (let k = 0; k < taken; k++) if (random.uniform() * (total - k) < small - drawn) drawn++;
  } else {
    const p = small / total;
    const centre = taken * p + 0.5;
    const spread = Math.sqrt(((total - taken) * taken * p * (1 - p)) / (total - 1) + 0.5);
    // 2 sqrt(2 / e) and 3 - 2 sqrt(3 / e).
    const width = 1.7155277699214135 * spread + 0.8989161620588988;
    const mode = Math.floor(((taken + 1) * (small + 1)) / (total + 2));
    const atMode = logHypergeometricMass(mode, small, large, taken);
    const end = Math.min(Math.min(taken, small) + 1, Math.floor(centre + 16 * spread));
    for (;;) {
      const u = random.uniformPositive();
      const x = centre + (width * (random.uniform() - 0.5)) / u;
      if (!(x >= 0 && x < end)) continue;
      drawn = Math.floor(x);
      if (2 * Math.log(u) <= logHypergeometricMass(drawn, small, large, taken) - atMode) break;
    }
  }
  if (successes > failures) drawn = taken - drawn;
  return taken < draws ? successes - drawn : drawn;
}

/** OrderedLogistic: the number of cutpoints below eta plus a standard logistic. */
export function orderedLogistic(random: Random, eta: number, cutpoints: Float64Array): number {
  const x = eta + logistic(random);
  let k = 0;
  while (k < cutpoints.length && cutpoints[k]! < x) k++;
  return Number.isNaN(x) ? Number.NaN : k;
}

/** An index drawn with the given probabilities, which need not add up to exactly 1; -1 where they are no weights. */
export function categorical(random: Random, probs: Float64Array): number {
  let total = 0;
  for (let k = 0; k < probs.length; k++) total += probs[k]!;
  if (!(total > 0) || total === Infinity) return -1;
  let u = random.uniform() * total;
  let last = -1;
  for (let k = 0; k < probs.length; k++) {
    const p = probs[k]!;
    if (p > 0) {
      last = k;
      if (u < p) return k;
      u -= p;
    }
  }
  return last;
}

// --- truncated laws --------------------------------------------------------------------------------

/**
 * Normal(mean, sd) restricted to [low, high], bounds possibly infinite: Robert, "Simulation of
 * truncated normal variables" (1995), with its translated exponential cut at the upper bound.
 */
export function truncatedNormal(random: Random, mean: number, sd: number, low: number, high: number): number {
  if (!(sd > 0 && low <= high && sd < Infinity && mean > -Infinity && mean < Infinity)) return Number.NaN;
  if (low === high) return low;
  const a = (low - mean) / sd;
  const b = (high - mean) / sd;
  // Work on the side where the interval is not below zero.
  const z = a >= 0 || b > -a ? standardTruncated(random, a, b) : -standardTruncated(random, -b, -a);
  const x = mean + sd * z;
  return x < low ? low : x > high ? high : x;
}

/** Standard normal on [a, b], b > 0 and b >= |a|. */
function standardTruncated(random: Random, a: number, b: number): number {
  if (a <= 0) {
    // The mode is inside: plain normals unless the interval is narrower than sqrt(2 pi).
    if (b - a > 2.5066282746310002) {
      for (;;) {
        const x = random.normal();
        if (x >= a && x <= b) return x;
      }
    }
    for (;;) {
      const x = a + (b - a) * random.uniform();
      if (random.exponential() >= 0.5 * x * x) return x;
    }
  }
  if (a < 0.5 && b > a + 2) {
    for (;;) {
      const x = Math.abs(random.normal());
      if (x >= a && x <= b) return x;
    }
  }
  // Over a flat stretch a uniform proposal is accepted at least with probability 1/e.
  if ((b - a) * (b + a) < 2) {
    for (;;) {
      const x = a + (b - a) * random.uniform();
      if (random.exponential() >= 0.5 * (x - a) * (x + a)) return x;
    }
  }
  // Density e^(-x^2/2) = e^(-rate x) e^(-(x - rate)^2/2) e^(rate^2/2); the best rate is Robert's.
  const gap = 2 / (a + Math.sqrt(a * a + 4));
  const rate = a + gap;
  const mass = -Math.expm1(-rate * (b - a));
  for (;;) {
    const step = -Math.log1p(-mass * random.uniform()) / rate;
    const distance = step - gap;
    if (random.exponential() >= 0.5 * distance * distance) return a + step;
  }
}

/** A log-concave density on the line, up to a constant: its logarithm's increase from `from` to `to`, and slope at t. */
interface LogConcave {
  rise(from: number, to: number, first: number, second: number): number;
  slope(t: number, first: number, second: number): number;
}

/** log of Gamma(first, 1): density exp(first t - e^t). */
const logGammaLaw: LogConcave = {
  rise: (from, to, shape) => shape * (to - from) - Math.exp(from) * Math.expm1(to - from),
  slope: (t, shape) => shape - Math.exp(t),
};

/** logit of Beta(first, second): density exp(first t) / (1 + e^t)^(first + second). */
const logitBetaLaw: LogConcave = {
  rise: (from, to, a, b) => {
    // log(1 + e^to) - log(1 + e^from) = log1p(sigmoid(from) (e^(to-from) - 1)), on the side that does not overflow.
    const d = to - from;
    return d <= 0
      ? a * d - (a + b) * Math.log1p(Math.expm1(d) / (1 + Math.exp(-from)))
      : -b * d - (a + b) * Math.log1p(Math.expm1(-d) / (1 + Math.exp(from)));
  },
  slope: (t, a, b) => a / (1 + Math.exp(t)) - b / (1 + Math.exp(-t)),
};

/**
 * A point on one side of `mode` where the log density has fallen by between 1/4 and 4, or the bound if
 * it falls less. Any point makes a valid hat; this range makes a good one.
 */
function shoulder(law: LogConcave, mode: number, bound: number, side: number, first: number, second: number): number {
  let distance = 1;
  let near = 0;
  let far = Infinity;
  for (let iteration = 0; iteration < 2000; iteration++) {
    const t = mode + side * distance;
    if (side * (bound - t) <= 0 && law.rise(mode, bound, first, second) >= -4) return bound;
    const fall = -law.rise(mode, t, first, second);
    if (fall > 4 || !(side * (bound - t) > 0)) far = distance;
    else if (fall < 0.25) near = distance;
    else return t;
    if (far === Infinity) distance *= 2;
    else distance = near === 0 ? far / 4 : 0.5 * (near + far);
    if (mode + side * distance === mode) return mode;
  }
  return mode + side * distance;
}

/**
 * Draws from a log-concave law on [low, high] by rejection from a hat of three pieces: the tangents at
 * a point left and right of the mode, and the mode's height between them (Devroye 1986, VII.2;
 * Hoermann and Leydold). Exact however far in a tail the interval lies, since heights are relative to
 * the highest point of the interval. NaN where there is no such law.
 */
function drawLogConcave(random: Random, law: LogConcave, first: number, second: number, mode: number, low: number, high: number): number {
  const top = mode < low ? low : mode > high ? high : mode;
  const left = top > low ? shoulder(law, top, low, -1, first, second) : top;
  const right = top < high ? shoulder(law, top, high, 1, first, second) : top;
  const leftSlope = law.slope(left, first, second);
  const rightSlope = law.slope(right, first, second);
  // The tangents reach the mode's height at these points; between them the hat is flat.
  const leftEnd = left > low && leftSlope > 0 ? Math.min(top, left - law.rise(top, left, first, second) / leftSlope) : low;
  const rightEnd = right < high && rightSlope < 0 ? Math.max(top, right - law.rise(top, right, first, second) / rightSlope) : high;
  const leftMass = leftEnd > low ? -Math.expm1(-leftSlope * (leftEnd - low)) : 0;
  const rightMass = rightEnd < high ? -Math.expm1(rightSlope * (high - rightEnd)) : 0;
  const leftArea = leftMass === 0 ? 0 : leftMass / leftSlope;
  const rightArea = rightMass === 0 ? 0 : rightMass / -rightSlope;
  const middleArea = rightEnd - leftEnd;
  const area = leftArea + middleArea + rightArea;
  if (!(area > 0 && area < Infinity)) return area === 0 ? top : Number.NaN;
  for (;;) {
    const u = random.uniform() * area;
    let t: number;
    let hat = 0;
    if (u < middleArea) {
      t = leftEnd + u;
    } else if (u < middleArea + leftArea) {
      const distance = -Math.log1p(-leftMass * random.uniform()) / leftSlope;
      t = leftEnd - distance;
      hat = -distance * leftSlope;
    } else {
      const distance = Math.log1p(-rightMass * random.uniform()) / rightSlope;
      t = rightEnd + distance;
      hat = distance * rightSlope;
    }
    if (random.exponential() >= hat - law.rise(top, t, first, second)) return t;
  }
}

/**
 * A draw with density proportional to exp(slope x) on [low, high]; one bound may be infinite where the slope allows. NaN where improper.
 */
export function tiltedUniform(random: Random, slope: number, low: number, high: number): number {
  const u = random.uniformPositive();
  if (!(low < high)) return low === high ? low : NaN;
  if (high === Infinity) return slope < 0 ? low + Math.log(u) / slope : NaN;
  if (low === -Infinity) return slope > 0 ? high + Math.log(u) / slope : NaN;
  const width = high - low,
    t = slope * width;
  if (Math.abs(t) < 1e-12) return low + u * width;
  // Measured from the heavier end, so that nothing overflows.
  const distance = -Math.log1p(u * Math.expm1(-Math.abs(t))) / Math.abs(slope);
  return Math.min(high, Math.max(low, slope > 0 ? high - distance : low + distance));
}

/** A draw from Exponential(rate) given low <= x <= high; no memory, so a lower bound only shifts it. NaN where improper. */
export function truncatedExponential(random: Random, rate: number, low: number, high: number): number {
  return tiltedUniform(random, -rate, Math.max(0, low), high);
}

/*
 * The truncated laws below first try one plain draw where their interval holds the bulk: a draw inside
 * has the truncated law, and so has what replaces a draw outside.
 */

/**
 * log of a draw from the density u^(shape-1) e^-u on [e^from, e^to], wherever it has a finite integral:
 * the shape may be 0 or negative if `from` is finite.
 */
function drawLogGamma(random: Random, shape: number, from: number, to: number): number {
  if (!(shape > 0) && !(from > -Infinity)) return Number.NaN;
  return drawLogConcave(random, logGammaLaw, shape, 0, shape > 0 ? Math.log(shape) : -Infinity, from, to);
}

/** A draw from the density x^(power-1) on [low, high], wherever it has a finite integral. */
function drawPower(random: Random, power: number, low: number, high: number): number {
  if (!(power > 0 || low > 0) || !(power < 0 || high < Infinity)) return Number.NaN;
  // log x has the density e^(power t): start at the end where that is higher.
  const width = Math.log(high) - Math.log(Math.max(low, 0));
  const u = random.uniformPositive();
  const x =
    power > 0
      ? high * Math.exp(Math.log1p(u * Math.expm1(-power * width)) / power)
      : power < 0
        ? low * Math.exp(Math.log1p(u * Math.expm1(power * width)) / power)
        : low * Math.exp(u * width);
  return Math.min(Math.max(x, low, smallestNormal), high);
}

/**
 * A draw with density proportional to x^slope on [low, high], 0 <= low; upwards unbounded needs slope < -1 (Pareto). NaN where improper.
 */
export function powerLaw(random: Random, slope: number, low: number, high: number): number {
  return low < high ? drawPower(random, slope + 1, low, high) : low === high ? low : Number.NaN;
}

/**
 * Gamma(shape, rate) restricted to [low, high], 0 <= low, high possibly Infinity: the density proportional to
 * x^(shape-1) e^(-rate x) there. Conditionals of scales under flat priors also have shape <= 0 (with low > 0)
 * or rate 0 (with a bound on the heavy side). NaN where that has no finite integral.
 */
export function truncatedGamma(random: Random, shape: number, rate: number, low: number, high: number): number {
  if (!(rate >= 0 && low <= high && high > 0) || shape !== shape) return Number.NaN;
  if (low === high) return low;
  if (rate === 0) return drawPower(random, shape, low, high);
  if (shape > 0 && low * rate <= shape && shape <= high * rate) {
    const plain = gamma(random, shape, rate);
    if (plain >= low && plain <= high) return plain;
  }
  const logRate = Math.log(rate);
  const from = low > 0 ? Math.log(low) + logRate : -Infinity;
  const t = drawLogGamma(random, shape, from, Math.log(high) + logRate);
  const x = Math.max(Math.exp(t - logRate), smallestNormal);
  return x < low ? low : x > high ? high : x;
}

/**
 * InverseGamma(shape, scale) restricted to [low, high]: the density proportional to x^(-shape-1) e^(-scale/x) there,
 * with shape <= 0 (and finite high) or scale 0 (and a bound on the heavy side) as in `truncatedGamma`.
 */
export function truncatedInverseGamma(random: Random, shape: number, scale: number, low: number, high: number): number {
  if (!(scale >= 0 && low <= high && high > 0) || shape !== shape) return Number.NaN;
  if (low === high) return low;
  if (scale === 0) return drawPower(random, -shape, low, high);
  if (shape > 0 && low * shape <= scale && scale <= high * shape) {
    const plain = inverseGamma(random, shape, scale);
    if (plain >= low && plain <= high) return plain;
  }
  const logScale = Math.log(scale);
  const to = low > 0 ? logScale - Math.log(low) : Infinity;
  const t = drawLogGamma(random, shape, logScale - Math.log(high), to);
  const x = Math.min(Math.exp(logScale - t), Number.MAX_VALUE);
  return x < low ? low : x > high ? high : x;
}

/** Beta(a, b) restricted to [low, high] within [0, 1]. */
export function truncatedBeta(random: Random, a: number, b: number, low: number, high: number): number {
  if (!(a > 0 && b > 0 && low <= high && high > 0 && low < 1)) return Number.NaN;
  if (low * (a + b) <= a && a <= high * (a + b)) {
    const plain = beta(random, a, b);
    if (plain >= low && plain <= high) return plain;
  }
  const from = low > 0 ? Math.log(low) - Math.log1p(-low) : -Infinity;
  const to = high < 1 ? Math.log(high) - Math.log1p(-high) : Infinity;
  const t = drawLogConcave(random, logitBetaLaw, a, b, Math.log(a) - Math.log(b), from, to);
  const x = Math.min(Math.max(1 / (1 + Math.exp(-t)), smallestNormal), belowOne);
  return x < low ? low : x > high ? high : x;
}

// --- vectors ------------------------------------------------------------------------------------

function fail(out: Float64Array, offset: number, count: number): number {
  out.fill(Number.NaN, offset, offset + count);
  return 0;
}

/** MvNormal(mean, cov), cov d x d by its lower triangle. */
export function mvNormal(
  random: Random,
  out: Float64Array,
  offset: number,
  mean: Float64Array,
  cov: Float64Array,
  d: number = mean.length,
): number {
  const scratch = random.workspace(d * d + d);
  for (let i = 0; i < d * d; i++) scratch[i] = cov[i]!;
  if (!choleskyInPlace(scratch, 0, d)) return fail(out, offset, d);
  const z = d * d;
  for (let i = 0; i < d; i++) scratch[z + i] = random.normal();
  for (let i = 0; i < d; i++) {
    let sum = mean[i]!;
    for (let k = 0; k <= i; k++) sum += scratch[i * d + k]! * scratch[z + k]!;
    out[offset + i] = sum;
  }
  return 1;
}

/** The same from the lower triangular factor l of the covariance, for many draws of one law; NaN where the factor is. */
export function mvNormalFromCholesky(
  random: Random,
  out: Float64Array,
  offset: number,
  mean: Float64Array,
  l: Float64Array,
  d: number,
): number {
  const z = random.workspace(d);
  for (let i = 0; i < d; i++) z[i] = random.normal();
  for (let i = 0; i < d; i++) {
    let sum = mean[i]!;
    for (let k = 0; k <= i; k++) sum += l[i * d + k]! * z[k]!;
    out[offset + i] = sum;
  }
  return 1;
}

/** MvStudentT(df, loc, scale), scale d x d by its lower triangle: a normal over the root of chi-squared(df) / df. */
export function mvStudentT(
  random: Random,
  out: Float64Array,
  offset: number,
  df: number,
  loc: Float64Array,
  scale: Float64Array,
  d: number = loc.length,
): number {
  if (mvNormal(random, out, offset, loc, scale, d) === 0 || !(df > 0)) return fail(out, offset, d);
  const stretch = 1 / Math.sqrt(chiSquared(random, df) / df);
  for (let i = 0; i < d; i++) out[offset + i] = loc[i]! + stretch * (out[offset + i]! - loc[i]!);
  return 1;
}

/** Dirichlet(alpha); every element is positive, as small as the range of doubles allows. */
export function dirichlet(random: Random, out: Float64Array, offset: number, alpha: Float64Array): number {
  const count = alpha.length;
  let smallest = Infinity;
  for (let k = 0; k < count; k++) {
    if (!(alpha[k]! > 0)) return fail(out, offset, count);
    if (alpha[k]! < smallest) smallest = alpha[k]!;
  }
  if (smallest >= 0.1) {
    for (let k = 0; k < count; k++) out[offset + k] = ordinaryGamma(random, alpha[k]!);
  } else {
    // In logarithms relative to the largest, because all gammas may underflow.
    let maximum = -Infinity;
    for (let k = 0; k < count; k++) {
      const t = logGamma(random, alpha[k]!);
      out[offset + k] = t;
      if (t > maximum) maximum = t;
    }
    for (let k = 0; k < count; k++) out[offset + k] = Math.exp(out[offset + k]! - maximum);
  }
  let total = 0;
  for (let k = 0; k < count; k++) total += out[offset + k]!;
  for (let k = 0; k < count; k++) {
    const p = out[offset + k]! / total;
    out[offset + k] = p < smallestNormal ? smallestNormal : p;
  }
  return 1;
}

/** Multinomial(n, probs) by conditional binomials. */
export function multinomial(random: Random, out: Float64Array, offset: number, n: number, probs: Float64Array): number {
  const count = probs.length;
  let mass = 0;
  for (let k = 0; k < count; k++) mass += probs[k]!;
  if (!(mass > 0 && n >= 0) || mass === Infinity) return fail(out, offset, count);
  let left = n;
  let last = 0;
  for (let k = 0; k < count; k++) if (probs[k]! > 0) last = k;
  for (let k = 0; k < count; k++) {
    const p = probs[k]!;
    if (p < 0) return fail(out, offset, count);
    // The last possible outcome takes the rest, whatever rounding left of the mass.
    const drawn = k === last ? left : k > last || left === 0 ? 0 : binomial(random, left, Math.min(1, p / mass));
    out[offset + k] = drawn;
    left -= drawn;
    mass -= p;
  }
  return 1;
}

/** DirichletMultinomial(n, alpha) by conditional beta-binomials. */
export function dirichletMultinomial(random: Random, out: Float64Array, offset: number, n: number, alpha: Float64Array): number {
  const count = alpha.length;
  let rest = 0;
  for (let k = 0; k < count; k++) {
    if (!(alpha[k]! > 0)) return fail(out, offset, count);
    rest += alpha[k]!;
  }
  if (!(n >= 0)) return fail(out, offset, count);
  let left = n;
  for (let k = 0; k < count; k++) {
    rest -= alpha[k]!;
    // Rounding may leave nothing of the rest before the last element, which takes what is left.
    const drawn = k === count - 1 || left === 0 ? left : betaBinomial(random, left, alpha[k]!, Math.max(rest, smallestNormal));
    out[offset + k] = drawn;
    left -= drawn;
  }
  return 1;
}

// --- matrices -----------------------------------------------------------------------------------

/** Fills the lower triangle at `at` with Bartlett's factor A of a Wishart(df, I): A_ii^2 chi-squared(df - i), normals below. */
function bartlettFactor(random: Random, scratch: Float64Array, at: number, df: number, d: number): void {
  for (let i = 0; i < d; i++) {
    for (let j = 0; j < i; j++) scratch[at + i * d + j] = random.normal();
    scratch[at + i * d + i] = Math.sqrt(chiSquared(random, df - i));
  }
}

/** Wishart(df, scale) with mean df scale, df > d - 1, by Bartlett's decomposition. */
export function wishart(
  random: Random,
  out: Float64Array,
  offset: number,
  df: number,
  scale: Float64Array,
  d: number = Math.round(Math.sqrt(scale.length)),
): number {
  const size = d * d;
  const scratch = random.workspace(2 * size);
  for (let i = 0; i < size; i++) scratch[i] = scale[i]!;
  if (!(df > d - 1) || !choleskyInPlace(scratch, 0, d)) return fail(out, offset, size);
  bartlettFactor(random, scratch, size, df, d);
  // M = L A in place of A, rows from the last: row i needs rows k <= i of A.
  for (let i = d - 1; i >= 0; i--) {
    for (let j = 0; j <= i; j++) {
      let sum = 0;
      for (let k = j; k <= i; k++) sum += scratch[i * d + k]! * scratch[size + k * d + j]!;
      scratch[size + i * d + j] = sum;
    }
  }
  // X = M M^T.
  for (let i = 0; i < d; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = 0;
      for (let k = 0; k <= j; k++) sum += scratch[size + i * d + k]! * scratch[size + j * d + k]!;
      out[offset + i * d + j] = sum;
      out[offset + j * d + i] = sum;
    }
  }
  return 1;
}

/** InverseWishart(df, scale) with mean scale/(df - d - 1), df > d - 1: the inverse of a Wishart(df, scale^-1). */
export function inverseWishart(
  random: Random,
  out: Float64Array,
  offset: number,
  df: number,
  scale: Float64Array,
  d: number = Math.round(Math.sqrt(scale.length)),
): number {
  const size = d * d;
  const scratch = random.workspace(3 * size);
  for (let i = 0; i < size; i++) scratch[i] = scale[i]!;
  if (!(df > d - 1) || !choleskyInPlace(scratch, 0, d)) return fail(out, offset, size);
  bartlettFactor(random, scratch, size, df, d);
  // With scale = L L^T and W = A A^T ~ Wishart(df, I): X = L W^-1 L^T = Y^T Y where A Y = L^T.
  const y = 2 * size;
  for (let i = 0; i < d; i++) for (let j = 0; j < d; j++) scratch[y + i * d + j] = j >= i ? scratch[j * d + i]! : 0;
  for (let j = 0; j < d; j++) solveLower(scratch, size, d, scratch, y + j, d);
  for (let i = 0; i < d; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = 0;
      for (let k = 0; k < d; k++) sum += scratch[y + k * d + i]! * scratch[y + k * d + j]!;
      out[offset + i * d + j] = sum;
      out[offset + j * d + i] = sum;
    }
  }
  return 1;
}

/**
 * LKJ(d, shape) by independent partial correlations (Lewandowski, Kurowicka and Joe 2009, the C-vine): z_ij, j < i, given the
 * first j variables has (z + 1) / 2 ~ Beta(b, b), b = shape + (d - 2 - j) / 2; with R = L L', L_ij = z_ij times the length left of row i.
 */
export function lkj(random: Random, out: Float64Array, offset: number, d: number, shape: number): number {
  const size = d * d;
  if (!(shape > 0)) return fail(out, offset, size);
  const l = random.workspace(size);
  for (let i = 0; i < d; i++) {
    let rest = 1;
    for (let j = 0; j < i; j++) {
      const b = shape + 0.5 * (d - 2 - j);
      const z = 2 * beta(random, b, b) - 1;
      l[i * d + j] = z * Math.sqrt(rest);
      rest *= (1 - z) * (1 + z);
    }
    l[i * d + i] = Math.sqrt(rest);
  }
  for (let i = 0; i < d; i++) {
    out[offset + i * d + i] = 1;
    for (let j = 0; j < i; j++) {
      let sum = 0;
      for (let k = 0; k <= j; k++) sum += l[i * d + k]! * l[j * d + k]!;
      out[offset + i * d + j] = sum;
      out[offset + j * d + i] = sum;
    }
  }
  return 1;
}

// --- slice sampling -------------------------------------------------------------------------------

/** Stepping out goes at most this many widths; the limit is split at random, which keeps the kernel exact. */
const steppingLimit = 64;
/** Shrinkage halves the interval about once a step; after so many it has shrunk to the current point. */
const shrinkingLimit = 400;

/**
 * One transition of the univariate slice sampler with stepping out and shrinkage (Neal, "Slice
 * sampling", 2003, figures 3 and 5). Leaves exp(density) on [low, high] invariant.
 * @param density log density up to a constant; -Infinity or NaN outside the support
 * @param width typical size of the slice, > 0; any value is valid
 * @returns the new point, or x where the density at x is not finite
 */
export function sliceSample(random: Random, density: (x: number) => number, x: number, width: number, low: number, high: number): number {
  const here = density(x);
  if (!(here > -Infinity && here < Infinity)) return x;
  const level = here - random.exponential();
  let left = x - width * random.uniform();
  let right = left + width;
  let leftSteps = random.integer(steppingLimit);
  let rightSteps = steppingLimit - 1 - leftSteps;
  while (leftSteps-- > 0 && left > low && density(left) > level) left -= width;
  while (rightSteps-- > 0 && right < high && density(right) > level) right += width;
  if (left < low) left = low;
  if (right > high) right = high;
  for (let iteration = 0; iteration < shrinkingLimit; iteration++) {
    const proposal = left + (right - left) * random.uniform();
    if (proposal >= low && proposal <= high && density(proposal) > level) return proposal;
    if (proposal < x) left = proposal;
    else right = proposal;
  }
  return x;
}

/**
 * The same for an integer x in [low, high]: the slice sampler on the line for the density that is
 * constant on [k, k + 1), started at a uniform point of [x, x + 1), so that integers keep their masses.
 * @param density log mass up to a constant, called with integers only
 * @param width at least 1
 */
export function sliceSampleInteger(
  random: Random,
  density: (k: number) => number,
  x: number,
  width: number,
  low: number,
  high: number,
): number {
  const here = density(x);
  if (!(here > -Infinity && here < Infinity)) return x;
  const level = here - random.exponential();
  const point = x + random.uniform();
  let left = point - width * random.uniform();
  let right = left + width;
  let leftSteps = random.integer(steppingLimit);
  let rightSteps = steppingLimit - 1 - leftSteps;
  while (leftSteps-- > 0 && left >= low && density(Math.floor(left)) > level) left -= width;
  while (rightSteps-- > 0 && right < high + 1 && density(Math.floor(right)) > level) right += width;
  if (left < low) left = low;
  if (right > high + 1) right = high + 1;
  for (let iteration = 0; iteration < shrinkingLimit; iteration++) {
    const proposal = left + (right - left) * random.uniform();
    const k = Math.floor(proposal);
    if (k >= low && k <= high && density(k) > level) return k;
    if (proposal < point) left = proposal;
    else right = proposal;
  }
  return x;
}

/**
 * The same for x on a circle cut open between `low` and `high`: the first interval is the whole circle at a random place, so
 * that x leaves over one end and comes back over the other.
 */
export function sliceSampleCircle(random: Random, density: (x: number) => number, x: number, low: number, high: number): number {
  const here = density(x);
  if (!(here > -Infinity && here < Infinity)) return x;
  const level = here - random.exponential();
  const period = high - low;
  let left = x - period * random.uniform();
  let right = left + period;
  for (let iteration = 0; iteration < shrinkingLimit; iteration++) {
    const proposal = left + (right - left) * random.uniform();
    const place = proposal < low ? proposal + period : proposal > high ? proposal - period : proposal;
    if (density(place) > level) return place;
    if (proposal < x) left = proposal;
    else right = proposal;
  }
  return x;
}
