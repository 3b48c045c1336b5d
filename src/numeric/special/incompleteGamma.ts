/**
 * The regularised incomplete gamma functions P(a, x) and Q(a, x), their logarithms and inverses: power series, continued
 * fraction, and Temme's uniform expansion near x = a (DLMF 8.7, 8.9, 8.12). Relative accuracy about 1e-14, tails included
 * (tested against mpmath); NaN outside the domain.
 */
import { lgamma1p, stirlingError } from './gamma.js';
import { deviance } from './countMasses.js';
import { sqrtTwoPi, maximumTerms, epsilon, halfLogTwoPi } from './constants.js';
import { logMinus } from './elementary.js';
import { erfcx } from './errorFunction.js';
import { smallestTail, invertTail } from './tails.js';
import { normalQuantile } from './normal.js';

/** x^a e^-x / Gamma(a + 1). */
function gammaPrefix(a: number, x: number): number {
  if (a < 1) return Math.exp(a * Math.log(x) - x - lgamma1p(a));
  return Math.exp(-stirlingError(a) - deviance(a, x)) / (sqrtTwoPi * Math.sqrt(a));
}

/** c_k(eta) of Temme's uniform expansion as power series in eta (DLMF 8.12.8-12). */
const temmeCoefficients: readonly (readonly number[])[] = [
  [
    -0.33333333333333333, 0.083333333333333333, -0.014814814814814815, 0.0011574074074074074, 0.0003527336860670194,
    -0.00017875514403292181, 3.9192631785224378e-5, -2.1854485106799922e-6, -1.85406221071516e-6, 8.296711340953086e-7,
    -1.7665952736826079e-7, 6.7078535434014986e-9, 1.0261809784240308e-8, -4.3820360184533532e-9, 9.1476995822367902e-10,
    -2.551419399494625e-11, -5.8307721325504251e-11, 2.4361948020667416e-11, -5.0276692801141756e-12, 1.1004392031956135e-13,
    3.3717632624009854e-13, -1.3923887224181621e-13,
  ],
  [
    -0.0018518518518518519, -0.0034722222222222222, 0.0026455026455026455, -0.00099022633744855967, 0.00020576131687242798,
    -4.0187757201646091e-7, -1.8098550334489978e-5, 7.6491609160811101e-6, -1.6120900894563446e-6, 4.6471278028074343e-9,
    1.378633446915721e-7, -5.752545603517705e-8, 1.1951628599778147e-8, -1.7543241719747648e-11, -1.0091543710600413e-9,
    4.1627929918425826e-10, -8.5639070264929806e-11, 6.0672151016047586e-14, 7.1624989648114854e-12,
  ],
  [
    0.0041335978835978836, -0.0026813271604938272, 0.00077160493827160494, 2.0093878600823045e-6, -0.00010736653226365161,
    5.2923448829120125e-5, -1.2760635188618728e-5, 3.4235787340961381e-8, 1.3721957309062933e-6, -6.298992138380055e-7,
    1.4280614206064242e-7, -2.0477098421990866e-10, -1.4092529910867521e-8, 6.228974084922022e-9, -1.3670488396617113e-9,
    9.4283561590146782e-13, 1.2872252400089318e-10, -5.5645956134363321e-11,
  ],
  [
    0.00064943415637860082, 0.00022947209362139918, -0.00046918949439525571, 0.00026772063206283885, -7.5618016718839764e-5,
    -2.3965051138672967e-7, 1.1082654115347302e-5, -5.6749528269915966e-6, 1.4230900732435884e-6, -2.7861080291528142e-11,
    -1.6958404091930277e-7, 8.0994649053880824e-8, -1.9111168485973654e-8, 2.3928620439808118e-12, 2.0620131815488798e-9,
    -9.4604966618551322e-10,
  ],
  [
    -0.0008618882909167117, 0.00078403922172006663, -0.00029907248030319018, -1.4638452578843418e-6, 6.6414982154651222e-5,
    -3.9683650471794347e-5, 1.1375726970678419e-5, 2.5074972262375328e-10, -1.6954149536558306e-6, 8.9075075322053097e-7,
    -2.2929348340008049e-7, 2.956794137544049e-11, 2.8865829742708784e-8, -1.4189739437803219e-8,
  ],
  [
    -0.00033679855336635815, -6.9728137583658578e-5, 0.00027727532449593921, -0.00019932570516188848, 6.7977804779372078e-5,
    1.419062920643967e-7, -1.3594048189768693e-5, 8.0184702563342015e-6, -2.2914811765080952e-6, -3.252473551298454e-10,
    3.4652846491085265e-7, -1.8447187191171343e-7,
  ],
  [
    0.00053130793646399222, -0.00059216643735369388, 0.00027087820967180448, 7.9023532326603279e-7, -8.1539693675619688e-5,
    5.6116827531062497e-5, -1.8329116582843376e-5, -3.0796134506033048e-9, 3.4651553688036091e-6, -2.0291327396058604e-6,
    5.7887928631490037e-7,
  ],
  [
    0.00034436760689237767, 5.1717909082605922e-5, -0.00033493161081142236, 0.0002812695154763237, -0.00010976582244684731,
    -1.2741009095484485e-7, 2.7744451511563644e-5, -1.8263488805711333e-5, 5.7876949497350524e-6, 4.9387589339362704e-10,
  ],
  [
    -0.00065262391859530942, 0.00083949872067208728, -0.00043829709854172101, -6.969091458420552e-7, 0.00016644846642067548,
    -0.00012783517679769219, 4.6299532636913043e-5, 4.5579098679227077e-9, -1.0595271125805195e-5,
  ],
  [
    -0.00059676129019274625, -7.2048954160200106e-5, 0.00067823088376673284, -0.00064014752602627585, 0.00027750107634328704,
    1.8197008380465151e-7, -8.4795071170685032e-5,
  ],
  [0.0013324454494800656, -0.0019144384985654775, 0.0011089369134596637, 9.932404122642299e-7, -0.00050874501293093199],
];

/** The smaller of P(a, x) and Q(a, x) for a >= 20 and |x/a - 1| < 0.4 (Temme 1979, DLMF 8.12.3-4). */
function temmeTail(a: number, x: number): number {
  const half = -logMinus(x / a, (x - a) / a);
  const y = a * half;
  const eta = x < a ? -Math.sqrt(2 * half) : Math.sqrt(2 * half);
  let sum = 0;
  let power = 1;
  for (const row of temmeCoefficients) {
    let value = 0;
    for (let j = row.length - 1; j >= 0; j--) value = value * eta + row[j]!;
    sum += value * power;
    power /= a;
    if (power < 1e-17) break;
  }
  const correction = sum / (sqrtTwoPi * Math.sqrt(a));
  return Math.exp(-y) * (0.5 * erfcx(Math.sqrt(y)) + (x < a ? -correction : correction));
}

/** P(a, x) / prefix = sum of x^n / ((a+1) ... (a+n)) (DLMF 8.11.4). */
function gammaSeries(a: number, x: number): number {
  let term = 1;
  let sum = 1;
  for (let n = 1; n < maximumTerms; n++) {
    term *= x / (a + n);
    sum += term;
    if (term < sum * 1e-17) break;
  }
  return sum;
}

/** Gamma(a, x) e^x x^-a by the continued fraction DLMF 8.9.2, modified Lentz. */
function gammaFraction(a: number, x: number): number {
  const tiny = 1e-300;
  let b = x + 1 - a;
  let c = 1 / tiny;
  let d = 1 / b;
  let h = d;
  for (let n = 1; n < maximumTerms; n++) {
    const an = -n * (n - a);
    b += 2;
    d = an * d + b;
    if (Math.abs(d) < tiny) d = tiny;
    c = b + an / c;
    if (Math.abs(c) < tiny) c = tiny;
    d = 1 / d;
    const delta = d * c;
    h *= delta;
    if (Math.abs(delta - 1) < epsilon) break;
  }
  return h;
}

/** Q(a, x) for small a and x, where 1 - P would cancel (Gautschi 1979). */
function upperGammaSmall(a: number, x: number): number {
  let factor = 1;
  let sum = 0;
  for (let n = 1; n < 200; n++) {
    factor *= -x / n;
    const term = factor / (a + n);
    sum += term;
    if (Math.abs(term) <= epsilon * Math.abs(sum)) break;
  }
  const logLead = a * Math.log(x) - lgamma1p(a);
  return -Math.expm1(logLead) - a * Math.exp(logLead) * sum;
}

function incompleteGamma(a: number, x: number, upper: boolean): number {
  if (!(a >= 0 && x >= 0)) return Number.NaN;
  if (x === 0) return upper ? 1 : 0;
  if (a === 0 || x === Infinity) return upper ? 0 : 1;
  if (a === Infinity) return upper ? 1 : 0;
  if (a >= 20 && Math.abs(x - a) < 0.4 * a) {
    const tail = temmeTail(a, x);
    return x >= a === upper ? tail : 1 - tail;
  }
  if (x <= 1.1 || x < a) {
    // Below this line (Gautschi) P exceeds about a half.
    if (upper && x <= 1.1 && a < (x <= 0.5 ? -0.4 / Math.log(x) : 1.1 * x)) return upperGammaSmall(a, x);
    const lower = gammaPrefix(a, x) * gammaSeries(a, x);
    return upper ? 1 - lower : lower;
  }
  const tail = gammaPrefix(a, x) * a * gammaFraction(a, x);
  return upper ? tail : 1 - tail;
}

/** The regularised lower incomplete gamma function P(a, x), a >= 0, x >= 0. */
export function gammaP(a: number, x: number): number {
  return incompleteGamma(a, x, false);
}

/** The regularised upper incomplete gamma function Q(a, x) = 1 - P(a, x), accurate where it is small. */
export function gammaQ(a: number, x: number): number {
  return incompleteGamma(a, x, true);
}

/** log(x^a e^-x / Gamma(a + 1)). */
function logGammaPrefix(a: number, x: number): number {
  return a < 1 ? a * Math.log(x) - x - lgamma1p(a) : -stirlingError(a) - deviance(a, x) - halfLogTwoPi - 0.5 * Math.log(a);
}

/** log P(a, x), also where P underflows. */
export function logGammaP(a: number, x: number): number {
  const lower = gammaP(a, x);
  if (lower >= smallestTail || Number.isNaN(lower) || x === 0) return lower > 0.5 ? Math.log1p(-gammaQ(a, x)) : Math.log(lower);
  return logGammaPrefix(a, x) + Math.log(gammaSeries(a, x));
}

/** log Q(a, x), also where Q underflows. */
export function logGammaQ(a: number, x: number): number {
  const upper = gammaQ(a, x);
  if (upper >= smallestTail || Number.isNaN(upper) || a === 0 || x === Infinity)
    return upper > 0.5 ? Math.log1p(-gammaP(a, x)) : Math.log(upper);
  return logGammaPrefix(a, x) + Math.log(a * gammaFraction(a, x));
}

/** x with P(a, x) = tail (or Q(a, x) = tail where `upper`) for a tail in (0, 1/2], solved in t = log x. */
function gammaTailInverse(a: number, tail: number, upper: boolean): number {
  const target = Math.log(tail);
  const z = upper ? -normalQuantile(tail) : normalQuantile(tail);
  const wilsonHilferty = 1 - 1 / (9 * a) + z / (3 * Math.sqrt(a));
  let start: number;
  if (a > 0.5 && wilsonHilferty > 0.1) start = Math.log(a) + 3 * Math.log(wilsonHilferty);
  else if (upper) start = Math.log(Math.max(a, -target));
  else start = (target + lgamma1p(a)) / a;
  // P(a, x) = x^a / Gamma(a+1) to machine precision for such x.
  if (!upper && start < -40) return Math.exp(start);
  return Math.exp(
    invertTail(
      target,
      start,
      upper ? -1 : 1,
      (t) => incompleteGamma(a, Math.exp(t), upper),
      (t) => a * gammaPrefix(a, Math.exp(t)),
    ),
  );
}

/** x with P(a, x) = u; 0 at u = 0, Infinity at u = 1. */
export function gammaPInverse(a: number, u: number): number {
  if (!(a > 0 && u >= 0 && u <= 1)) return Number.NaN;
  if (u === 0) return 0;
  if (u === 1) return Infinity;
  return u <= 0.5 ? gammaTailInverse(a, u, false) : gammaTailInverse(a, 1 - u, true);
}

/** x with Q(a, x) = u; accurate for tiny u, where `gammaPInverse(a, 1 - u)` has lost u. */
export function gammaQInverse(a: number, u: number): number {
  if (!(a > 0 && u >= 0 && u <= 1)) return Number.NaN;
  if (u === 0) return Infinity;
  if (u === 1) return 0;
  return u <= 0.5 ? gammaTailInverse(a, u, true) : gammaTailInverse(a, 1 - u, false);
}
