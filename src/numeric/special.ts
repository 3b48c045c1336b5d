/**
 * Special functions in double precision: gamma, beta and error functions, their inverses, and the
 * distribution functions built on them. Relative accuracy is about 1e-14 and never worse than
 * 1e-12, tails included (tested against mpmath); arguments outside a domain give NaN, nothing
 * throws. Rational approximations and expansion coefficients come from
 * `test/reference/special.coefficients.py`; the methods are cited at each function.
 */
export { softplus } from './exponential.js';
import { logSubtractExp } from './logSpace.js';

const halfLogTwoPi = 0.91893853320467274178;
const sqrtTwoPi = 2.5066282746310005024;
const epsilon = 2.220446049250313e-16;
/** Beyond this many terms an expansion is not converging; a guard, never reached inside the domains. */
const maximumTerms = 100000;

// --- elementary -------------------------------------------------------------------------------

/** 1/(1 + e^-x). */
export function sigmoid(x: number): number {
  return 1 / (1 + Math.exp(-x));
}

/** log(p/(1 - p)), accurate also next to p = 1/2 and p = 0. */
export function logit(p: number): number {
  return p > 0.25 && p < 0.75 ? Math.log1p((2 * p - 1) / (1 - p)) : Math.log(p) - Math.log1p(-p);
}

/** The nearest integer; halves go away from zero, as in C and Stan (`Math.round` takes them upwards). */
export function round(x: number): number {
  return x < 0 ? -Math.round(-x) : Math.round(x);
}

/** x log y, and 0 where x = 0 whatever y is. */
export function xlogy(x: number, y: number): number {
  return x === 0 ? 0 : x * Math.log(y);
}

/** x log(1 - y), and 0 where x = 0 whatever y is. */
export function xlog1my(x: number, y: number): number {
  return x === 0 ? 0 : x * Math.log1p(-y);
}

/** log(r) - (r - 1), given r and x = r - 1 apart so that neither loses its small digits. */
function logMinus(r: number, x: number): number {
  if (!(x > -0.3 && x < 0.45)) return Math.log(r) - x;
  const numerator =
    -0.5 +
    x *
      (-1.3654131731171422 +
        x *
          (-1.3793305962315552 +
            x * (-0.6292259217485171 + x * (-0.12496355229320869 + x * (-0.0081401747193293322 + x * -4.8751892070324099e-6)))));
  const denominator =
    1 +
    x *
      (3.3974930129009513 +
        x *
          (4.5236565343970749 +
            x * (2.9754763599779066 + x * (0.99741361586730237 + x * (0.15616380853511599 + x * 0.008429470041141059)))));
  return x * x * (numerator / denominator);
}

// --- gamma function -----------------------------------------------------------------------------

/** log Gamma(2 + s) for |s| <= 1/2, with full relative accuracy at its zero s = 0. */
function lgammaNearTwo(s: number): number {
  const numerator =
    0.42278433509846713 +
    s *
      (0.99620296222748639 +
        s *
          (0.86049228091275975 +
            s *
              (0.35178725002779826 +
                s * (0.071051151266494528 + s * (0.0065443515552094725 + s * (0.00020732341880777067 + s * 5.2688201810238551e-7))))));
  const denominator =
    1 +
    s *
      (1.593568807714834 +
        s *
          (0.97915448047179809 +
            s * (0.29043632157265531 + s * (0.042413908909606758 + s * (0.0027340212896628737 + s * 5.4576151462967447e-5)))));
  return s * (numerator / denominator);
}

/** The series 1/(12 x) - 1/(360 x^3) + ... of `stirlingError`, for x >= 8 (DLMF 5.11.1). */
function stirlingSeries(x: number): number {
  const z = 1 / x;
  const w = z * z;
  return (
    z *
    (1 / 12 - w * (1 / 360 - w * (1 / 1260 - w * (1 / 1680 - w * (1 / 1188 - w * (691 / 360360 - w * (1 / 156 - w * (3617 / 122400))))))))
  );
}

/**
 * log |Gamma(x)|. Below 8 the recurrence leads to [1.5, 2.5], above it Stirling's series is used,
 * negative arguments go through the reflection formula. Infinity at 0, -1, -2, ...
 */
export function lgamma(x: number): number {
  if (x >= 8) {
    if (x > 1e17) return x * (Math.log(x) - 1);
    return (x - 0.5) * (Math.log(x) - 1) + (halfLogTwoPi - 0.5) + stirlingSeries(x);
  }
  if (x >= 2.5) {
    let product = 1;
    let y = x;
    while (y >= 2.5) {
      y -= 1;
      product *= y;
    }
    return Math.log(product) + lgammaNearTwo(y - 2);
  }
  if (x >= 1.5) return lgammaNearTwo(x - 2);
  if (x >= 0.5) return lgammaNearTwo(x - 1) - Math.log(x);
  if (x > 0) return lgammaNearTwo(x) - Math.log1p(x) - Math.log(x);
  if (x !== x) return x;
  if (x === -Infinity) return Infinity;
  const nearest = Math.round(x);
  if (nearest === x) return Infinity;
  // Gamma(x) Gamma(1 - x) = pi / sin(pi x); the argument of the sine is reduced exactly first.
  return Math.log(Math.PI / Math.abs(Math.sin(Math.PI * (x - nearest)))) - lgamma(1 - x);
}

/** log Gamma(1 + x) for x > -1/2, with full relative accuracy near 0. */
function lgamma1p(x: number): number {
  return x < 0.5 ? lgammaNearTwo(x) - Math.log1p(x) : lgamma(1 + x);
}

/** log Gamma(x + 1) - (x + 1/2) log x + x - log(2 pi)/2, the error of Stirling's formula; x > 0. */
export function stirlingError(x: number): number {
  if (x >= 8) return stirlingSeries(x);
  return lgamma1p(x) - (x + 0.5) * Math.log(x) + x - halfLogTwoPi;
}

/** Psi(x), the derivative of log Gamma. NaN at 0, -1, -2, ... */
export function digamma(x: number): number {
  if (x >= 7) {
    const z = 1 / x;
    const w = z * z;
    // DLMF 5.11.2: sum of B_2k / (2k x^2k).
    return (
      Math.log(x) -
      0.5 * z -
      w * (1 / 12 - w * (1 / 120 - w * (1 / 252 - w * (1 / 240 - w * (1 / 132 - w * (691 / 32760 - w * (1 / 12 - w * (3617 / 8160))))))))
    );
  }
  if (x > 0) {
    let shift = 0;
    let y = x;
    while (y > 2) {
      y -= 1;
      shift += 1 / y;
    }
    if (y < 1) {
      shift -= 1 / y;
      y += 1;
    }
    const s = y - 1;
    const numerator =
      1.2503801375034054 +
      s *
        (1.8675925104074453 +
          s *
            (0.97113275262623922 +
              s * (0.21631407251432455 + s * (0.01996408274151926 + s * (0.00058111350639856768 + s * 1.0894678528383955e-6)))));
    const denominator =
      1 +
      s *
        (2.1771665986671342 +
          s *
            (1.6630736963665909 +
              s * (0.5710455727133128 + s * (0.091119022533032848 + s * (0.0061009756924348211 + s * 0.00012043151172286901)))));
    // The positive root in two parts keeps relative accuracy next to it.
    return (y - 1.4616321449683622 - 9.5499954299656974e-17) * (numerator / denominator) + shift;
  }
  const nearest = Math.round(x);
  if (nearest === x || x === -Infinity || x !== x) return Number.NaN;
  return digamma(1 - x) - Math.PI / Math.tan(Math.PI * (x - nearest));
}

/** The derivative of `digamma`. NaN at 0, -1, -2, ... */
export function trigamma(x: number): number {
  if (x <= 0) {
    const nearest = Math.round(x);
    if (nearest === x || x === -Infinity) return Number.NaN;
    const sine = Math.sin(Math.PI * (x - nearest));
    return (Math.PI / sine) ** 2 - trigamma(1 - x);
  }
  let sum = 0;
  let y = x;
  while (y < 8) {
    sum += 1 / (y * y);
    y += 1;
  }
  const z = 1 / y;
  const w = z * z;
  // DLMF 5.15.8: 1/y + 1/(2 y^2) + sum of B_2k / y^(2k+1).
  return (
    sum +
    z +
    0.5 * w +
    z * w * (1 / 6 - w * (1 / 30 - w * (1 / 42 - w * (1 / 30 - w * (5 / 66 - w * (691 / 2730 - w * (7 / 6 - w * (3617 / 510))))))))
  );
}

/** The derivative of `trigamma`, for x > 0. */
export function tetragamma(x: number): number {
  if (!(x > 0)) return Number.NaN;
  let sum = 0;
  let y = x;
  while (y < 9) {
    sum -= 2 / (y * y * y);
    y += 1;
  }
  const z = 1 / y;
  const w = z * z;
  // The derivative of the series in `trigamma`, term by term.
  return (
    sum -
    w -
    w * z -
    w * w * (1 / 2 - w * (1 / 6 - w * (1 / 6 - w * (3 / 10 - w * (5 / 6 - w * (691 / 210 - w * (35 / 2 - w * (3617 / 30))))))))
  );
}

/** log B(a, b) = log Gamma(a) + log Gamma(b) - log Gamma(a + b), without cancellation for large a or b. */
export function lbeta(a: number, b: number): number {
  const p = a < b ? a : b;
  const q = a < b ? b : a;
  if (p >= 8) {
    const correction = stirlingSeries(p) + stirlingSeries(q) - stirlingSeries(p + q);
    return -0.5 * Math.log(q) + halfLogTwoPi + correction + (p - 0.5) * Math.log(p / (p + q)) - q * Math.log1p(p / q);
  }
  if (q >= 8) {
    const correction = stirlingSeries(q) - stirlingSeries(p + q);
    return lgamma(p) + correction + p - p * Math.log(p + q) - (q - 0.5) * Math.log1p(p / q);
  }
  return lgamma(p) + (lgamma(q) - lgamma(p + q));
}

/** log of the binomial coefficient n over k; -Infinity for integers outside 0 <= k <= n, real n > -1 is allowed. */
export function lchoose(n: number, k: number): number {
  if (k === 0 || k === n) return 0;
  if (k < 0 || k > n) return Number.isInteger(n) && Number.isInteger(k) ? -Infinity : Number.NaN;
  return -Math.log1p(n) - lbeta(n - k + 1, k + 1);
}

/** log(e^a - e^b) for a >= b, and -Infinity where rounding has put b above a. */
export function logMinusExp(a: number, b: number): number {
  return b >= a ? -Infinity : logSubtractExp(a, b);
}

/** log(1 + x^2), where the square overflows too. */
export function log1pSquare(x: number): number {
  return Math.abs(x) > 1e100 ? 2 * Math.log(Math.abs(x)) : Math.log1p(x * x);
}

// --- error function and normal distribution --------------------------------------------------------

/** e^(-x^2), the rounding error of the square included. */
function expMinusSquare(x: number): number {
  // The high half of x has 26 bits, so that its square is exact.
  const high = Math.fround(x);
  return Math.exp(-high * high) * Math.exp((high - x) * (high + x));
}

/** e^(x^2) erfc(x) for x >= 1/2. */
function scaledErfc(x: number): number {
  if (x < 2) {
    const d = x - 1.25;
    const numerator =
      0.36782291645236109 +
      d *
        (0.41294167736676474 +
          d *
            (0.20309351106755291 +
              d * (0.053164345779522178 + d * (0.0073615476708450847 + d * (0.00042930839944722361 + d * 3.9430410180607955e-9)))));
    const denominator =
      1 +
      d *
        (1.6903882969779638 +
          d *
            (1.2214790725599192 +
              d * (0.48373328407075444 + d * (0.1109340966783964 + d * (0.013997628095223638 + d * 0.00076107769053912271)))));
    return numerator / denominator;
  }
  if (x < 4.5) {
    const d = x - 3;
    const numerator =
      0.17900115118138996 +
      d *
        (0.1720400751353357 +
          d *
            (0.068482880102556001 +
              d * (0.014067930733806421 + d * (0.0014893865302458924 + d * (6.4988082828668832e-5 + d * 2.6777230743999315e-12)))));
    const denominator =
      1 +
      d *
        (1.264865246107131 +
          d *
            (0.67805201350390454 +
              d * (0.19733388785091277 + d * (0.032911987809704446 + d * (0.002985431628079556 + d * 0.00011518853603195919)))));
    return numerator / denominator;
  }
  const w = 1 / (x * x);
  const numerator =
    0.56418958354775628 +
    w * (12.537013468089652 + w * (88.93688839128788 + w * (233.2433130979158 + w * (192.17361508711514 + w * 22.430683720211189))));
  const denominator =
    1 + w * (22.721277800369801 + w * (168.24716921689503 + w * (482.37063475070318 + w * (491.65870146389477 + w * 119.69492342834781))));
  return numerator / (denominator * x);
}

/** The error function. */
export function erf(x: number): number {
  if (x > -1 && x < 1) {
    const w = x * x;
    const numerator =
      1.1283791670955126 +
      w *
        (0.14365581715028763 +
          w * (0.0455033341653278 + w * (0.0018829155471563983 + w * (0.00019709588069752516 + w * 8.6256024457263758e-8))));
    const denominator =
      1 +
      w *
        (0.46064498648983654 +
          w * (0.093874608765124101 + w * (0.010705251871973175 + w * (0.00069373623323491589 + w * 2.0866484101019162e-5))));
    return x * (numerator / denominator);
  }
  return x > 0 ? 1 - erfc(x) : erfc(-x) - 1;
}

/** 1 - erf(x), with full relative accuracy in the upper tail. */
export function erfc(x: number): number {
  if (x < 0.5) return x > -1 ? 1 - erf(x) : 2 - erfc(-x);
  if (x > 28) return 0;
  return expMinusSquare(x) * scaledErfc(x);
}

/** e^(x^2) erfc(x). */
export function erfcx(x: number): number {
  return x >= 0.5 ? scaledErfc(x) : Math.exp(x * x) * erfc(x);
}

/** The standard normal distribution function. */
export function Phi(x: number): number {
  if (x > -0.7) return 0.5 * erfc(-x * Math.SQRT1_2);
  if (x < -39) return 0;
  // exp(-x^2/2) with the square split exactly: x / sqrt 2 is rounded, which the tail would magnify.
  const high = Math.fround(x);
  return 0.5 * Math.exp(-0.5 * high * high) * Math.exp(0.5 * (high - x) * (high + x)) * scaledErfc(-x * Math.SQRT1_2);
}

/** log of `Phi`, for any x. */
export function logPhi(x: number): number {
  if (x > 0) return Math.log1p(-Phi(-x));
  if (x > -0.7) return Math.log(Phi(x));
  return Math.log(0.5 * scaledErfc(-x * Math.SQRT1_2)) - 0.5 * x * x;
}

/** phi(x)/Phi(x), the derivative of `logPhi` (the inverse Mills ratio at -x). */
export function inverseMills(x: number): number {
  return x > -0.7 ? Math.exp(-0.5 * x * x) / (sqrtTwoPi * Phi(x)) : 2 / (sqrtTwoPi * scaledErfc(-x * Math.SQRT1_2));
}

/** The upper tail -quantile(e^(-r^2)) of the normal quantile, r >= 1.6. */
function normalTail(r: number): number {
  if (r < 4) {
    const d = r - 1.6;
    const numerator =
      1.4234371107496837 +
      d *
        (4.5884692683853583 +
          d *
            (5.6446993583267471 +
              d *
                (3.5141195929951325 +
                  d * (1.2045746648101858 + d * (0.22645835988370303 + d * (0.02122257575762521 + d * 0.00073245705132542942))))));
    const denominator =
      1 +
      d *
        (2.0237779086343481 +
          d *
            (1.6239999203043347 +
              d *
                (0.65612460319452892 +
                  d * (0.13880638712493049 + d * (0.014184591772426595 + d * (0.00051783000477782239 + d * 1.1637122957567969e-9))))));
    return numerator / denominator;
  }
  if (r < 12) {
    const d = r - 4;
    const numerator =
      5.177341220537703 +
      d *
        (4.9623254537233841 +
          d *
            (1.8348688859443423 +
              d * (0.33031621710696391 + d * (0.029887762978150711 + d * (0.0012475438217843494 + d * 1.7859986362007438e-5)))));
    const denominator =
      1 +
      d *
        (0.67009108554358587 +
          d *
            (0.16405423103885822 +
              d * (0.017846291096286535 + d * (0.00083169405830237346 + d * (1.2628577756784138e-5 + d * 1.5267037016054946e-12)))));
    return numerator / denominator;
  }
  const d = r - 12;
  const numerator =
    16.748684018418697 +
    d *
      (5.450331088311418 +
        d *
          (0.70297168795429199 +
            d * (0.045453420937499101 + d * (0.0015270619715588528 + d * (2.4609706175411225e-5 + d * 1.4241873112864996e-7)))));
  const denominator =
    1 +
    d *
      (0.24016437455009074 +
        d *
          (0.021553176848171186 +
            d * (0.00088583055920291162 + d * (1.6193445967108788e-5 + d * (1.0070472179376334e-7 + d * 1.0945238469477839e-15)))));
  return numerator / denominator;
}

/** The inverse of `Phi`; -Infinity at 0, Infinity at 1, NaN outside [0, 1]. */
export function normalQuantile(p: number): number {
  const q = p - 0.5;
  if (q >= -0.425 && q <= 0.425) {
    const v = 0.180625 - q * q;
    const numerator =
      3.3871328727963665 +
      v *
        (148.75654077063152 +
          v *
            (2548.2248573022625 +
              v *
                (21627.481160490559 +
                  v *
                    (95692.735512697589 +
                      v * (213550.16248438213 + v * (214247.38019842381 + v * (74060.814625639017 + v * 3907.007639023816)))))));
    const denominator =
      1 +
      v *
        (46.923386895220553 +
          v *
            (871.28389406419865 +
              v *
                (8176.8783406360708 +
                  v *
                    (41169.981667908563 +
                      v * (109244.70555458817 + v * (140376.82723612545 + v * (72342.697492845866 + v * 9398.4645172065902)))))));
    return q * (numerator / denominator);
  }
  if (p <= 0) return p === 0 ? -Infinity : Number.NaN;
  if (p >= 1) return p === 1 ? Infinity : Number.NaN;
  return q < 0 ? -normalTail(Math.sqrt(-Math.log(p))) : normalTail(Math.sqrt(-Math.log1p(-p)));
}

// --- incomplete gamma ----------------------------------------------------------------------------

/** x log(x/m) + m - x, the deviance of Loader (2000), without cancellation for m near x; x, m > 0. */
export function deviance(x: number, m: number): number {
  return -x * logMinus(m / x, (m - x) / x);
}

/**
 * log(rate^x e^-rate / Gamma(x + 1)), x >= 0, by Stirling's error and deviance (Loader, "Fast and accurate computation of binomial
 * probabilities", 2000): nothing of the size of x cancels.
 */
export function logPoissonMass(x: number, rate: number): number {
  if (!(x >= 0 && rate >= 0)) return Number.NaN;
  if (x === 0) return -rate;
  return rate === 0 ? -Infinity : -stirlingError(x) - deviance(x, rate) - halfLogTwoPi - 0.5 * Math.log(x);
}
/** log(C(n, x) p^x q^(n - x)), 0 <= x <= n, with p and q = 1 - p given, so that neither loses its small digits (Loader 2000). */
export function logBinomialMass(x: number, n: number, p: number, q: number): number {
  if (!(x >= 0 && x <= n && p >= 0 && q >= 0)) return Number.NaN;
  if (x === 0) return n === 0 ? 0 : q > 0.5 ? n * Math.log1p(-p) : n * Math.log(q);
  if (x === n) return p > 0.5 ? n * Math.log1p(-q) : n * Math.log(p);
  if (p === 0 || q === 0) return -Infinity;
  const errors = stirlingError(n) - stirlingError(x) - stirlingError(n - x);
  return errors - deviance(x, n * p) - deviance(n - x, n * q) - halfLogTwoPi - 0.5 * (Math.log(x) + Math.log1p(-x / n));
}
/** log(Gamma(x + r) / (Gamma(r) x!) p^r q^x), x >= 0, r > 0, with p and q = 1 - p given. */
export function logNegativeBinomialMass(x: number, r: number, p: number, q: number): number {
  return x === 0 ? logBinomialMass(0, r, q, p) : logBinomialMass(r, r + x, p, q) - Math.log1p(x / r);
}

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

/** A tail below this is worked out in logarithms. */
const smallestTail = 1e-280;
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
/** d log P(a, x)/da. */
export function logGammaPShapeDerivative(a: number, x: number): number {
  return a > 0 && x > 0 ? difference((s) => logGammaP(s, x), a, Math.min(a, Math.sqrt(a))) : Number.NaN;
}
/** d log Q(a, x)/da. */
export function logGammaQShapeDerivative(a: number, x: number): number {
  if (!(a > 0 && x >= 0)) return Number.NaN;
  // Where Q is close to 1 its logarithm is -P, whose own logarithm bends as little.
  const lower = gammaP(a, x);
  return lower < 0.5 ? -gammaPShapeDerivative(a, x) / (1 - lower) : difference((s) => logGammaQ(s, x), a, Math.min(a, Math.sqrt(a)));
}

/**
 * Solves log tail(t) = target by Newton's method, for a tail of a law with log-concave density: log tail
 * is concave, so iterates approach the root from one side once they are on it.
 * @param sign 1 for a lower tail (increasing), -1 for an upper one
 */
function invertTail(target: number, start: number, sign: number, tail: (t: number) => number, density: (t: number) => number): number {
  let t = start;
  let known = Number.NaN;
  // A point where the tail underflows to 0; beyond it lies nothing.
  let vanished = -sign * Infinity;
  for (let iteration = 0; iteration < 200; iteration++) {
    const value = tail(t);
    if (!(value > 0)) {
      vanished = t;
      t = known === known ? 0.5 * (t + known) : t + sign;
      continue;
    }
    known = t;
    let step = (sign * (target - Math.log(value)) * value) / density(t);
    // From the flat side the tangent overshoots; from the other side it never does.
    if (step * sign < -2) step = -2 * sign;
    if ((t + step - vanished) * sign <= 0) step = 0.5 * (vanished - t);
    t += step;
    if (Math.abs(step) < 4 * epsilon * Math.max(1, Math.abs(t))) break;
  }
  return t;
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

// --- incomplete beta -----------------------------------------------------------------------------

/** log(x^a y^b / B(a, b)) - log(a b / (2 pi (a + b))) / 2 with y = 1 - x, by deviances (Loader 2000). */
function betaExponent(x: number, y: number, a: number, b: number): number {
  const difference = b * x - a * y;
  return (
    a * logMinus(((a + b) / a) * x, difference / a) +
    b * logMinus(((a + b) / b) * y, -difference / b) +
    stirlingError(a + b) -
    stirlingError(a) -
    stirlingError(b)
  );
}
/** x^a y^b / B(a, b) with y = 1 - x. */
function betaPrefix(x: number, y: number, a: number, b: number): number {
  return (Math.exp(betaExponent(x, y, a, b)) * Math.sqrt(a / (a + b)) * Math.sqrt(b)) / sqrtTwoPi;
}

/** I_x(a, b) / prefix by the contracted continued fraction (DiDonato and Morris 1992), for x below about the mean. */
function betaFraction(x: number, y: number, a: number, b: number): number {
  const tiny = 1e-300;
  const lambda = a * y - b * x;
  let f = (a * (lambda + 1)) / (a + 1);
  if (f === 0) f = tiny;
  let c = f;
  let d = 0;
  for (let m = 1; m < maximumTerms; m++) {
    const s = a + 2 * m - 1;
    const an = ((a + m - 1) / s) * ((a + b + m - 1) / s) * m * (b - m) * x * x;
    const bn = m + (m * (b - m) * x) / s + ((a + m) * (lambda + 1 + m * (1 + y))) / (s + 2);
    d = bn + an * d;
    if (Math.abs(d) < tiny) d = tiny;
    c = bn + an / c;
    if (Math.abs(c) < tiny) c = tiny;
    d = 1 / d;
    const delta = c * d;
    f *= delta;
    if (Math.abs(delta - 1) < epsilon) break;
  }
  return 1 / f;
}

/** I_x(a, b) with both x and y = 1 - x given, so that neither loses its small digits. */
function incompleteBeta(x: number, y: number, a: number, b: number): number {
  if (!(a >= 0 && b >= 0 && x >= 0 && y >= 0)) return Number.NaN;
  if (x === 0) return 0;
  if (y === 0) return 1;
  if (a === 0) return b === 0 ? Number.NaN : 1;
  if (b === 0) return 0;
  const prefix = betaPrefix(x, y, a, b);
  if ((a + b + 2) * x <= a + 1) return prefix === 0 ? 0 : prefix * betaFraction(x, y, a, b);
  return prefix === 0 ? 1 : 1 - prefix * betaFraction(y, x, b, a);
}

/** log I_x(a, b) with both x and y = 1 - x given, also where I underflows. */
function logIncompleteBeta(x: number, y: number, a: number, b: number): number {
  const lower = incompleteBeta(x, y, a, b);
  if (lower >= smallestTail || Number.isNaN(lower) || x === 0 || a === 0 || b === 0)
    return lower > 0.5 ? Math.log1p(-incompleteBeta(y, x, b, a)) : Math.log(lower);
  const logPrefix = betaExponent(x, y, a, b) + 0.5 * (Math.log(a / (a + b)) + Math.log(b)) - halfLogTwoPi;
  return logPrefix + Math.log(betaFraction(x, y, a, b));
}

/** The regularised incomplete beta function I_x(a, b). Where 1 - I is wanted use I_(1-x)(b, a). */
export function betaI(x: number, a: number, b: number): number {
  return incompleteBeta(x, 1 - x, a, b);
}

/** 1 - I_x(a, b), also where x is lost in 1 - x. */
export function betaIComplement(x: number, a: number, b: number): number {
  return incompleteBeta(1 - x, x, b, a);
}
/** Its logarithm. */
export function logBetaIComplement(x: number, a: number, b: number): number {
  return logIncompleteBeta(1 - x, x, b, a);
}

/** t = logit x with I_x(a, b) = tail <= 1/2; the density of logit X is log-concave. */
function betaTailInverse(tail: number, a: number, b: number): number {
  const target = Math.log(tail);
  let start: number;
  if (a > 1 && b > 1) {
    start = Math.log(a / b) + normalQuantile(tail) * Math.sqrt(1 / a + 1 / b);
  } else {
    start = (target + Math.log(a) + lbeta(a, b)) / a;
    // I = x^a / (a B) to machine precision there.
    if (start < -40 - Math.log1p(b)) return start;
    // The power law says nothing about x near 1.
    if (start > -1) start = Math.max(-1, Math.log(a / b));
  }
  return invertTail(
    target,
    start,
    1,
    (t) => incompleteBeta(sigmoid(t), sigmoid(-t), a, b),
    (t) => betaPrefix(sigmoid(t), sigmoid(-t), a, b),
  );
}

/** x with I_x(a, b) = u. */
export function betaIInverse(u: number, a: number, b: number): number {
  if (!(a > 0 && b > 0 && u >= 0 && u <= 1)) return Number.NaN;
  if (u === 0 || u === 1) return u;
  return u <= 0.5 ? sigmoid(betaTailInverse(u, a, b)) : sigmoid(-betaTailInverse(1 - u, b, a));
}

/** The distribution function of Student's t with df degrees of freedom. */
export function studentCdf(t: number, df: number): number {
  if (!(df > 0) || Number.isNaN(t)) return Number.NaN;
  if (df > 1e16) return Phi(t);
  const ratio = t / Math.sqrt(df);
  const square = ratio * ratio;
  // The square of a farther ratio leaves the range of doubles long before the tail of a small df does.
  const tail =
    Math.abs(ratio) > 1e100
      ? Math.exp(logStudentCdf(-Math.abs(t), df))
      : 0.5 * incompleteBeta(1 / (1 + square), square / (1 + square), 0.5 * df, 0.5);
  return t < 0 ? tail : 1 - tail;
}

/** log of `studentCdf`, also where it underflows. */
export function logStudentCdf(t: number, df: number): number {
  if (!(df > 0) || Number.isNaN(t)) return Number.NaN;
  if (df > 1e16) return logPhi(t);
  if (t > 0) return Math.log1p(-studentCdf(-t, df));
  const ratio = t / Math.sqrt(df),
    square = ratio * ratio;
  // I_w(df/2, 1/2) is w^(df/2) / (df/2 B(df/2, 1/2)) for such small w = 1 / ratio^2.
  if (ratio < -1e100) return -df * (Math.log(-t) - 0.5 * Math.log(df)) - Math.log(df) - lbeta(0.5 * df, 0.5);
  return -Math.LN2 + logIncompleteBeta(1 / (1 + square), square / (1 + square), 0.5 * df, 0.5);
}

/** The inverse of `studentCdf` in t. */
export function studentQuantile(u: number, df: number): number {
  if (!(df > 0 && u >= 0 && u <= 1)) return Number.NaN;
  if (u === 0) return -Infinity;
  if (u === 1) return Infinity;
  if (df > 1e16) return normalQuantile(u);
  const tail = u < 0.5 ? u : 1 - u;
  if (tail === 0.5) return 0;
  // T^2/df = (1 - X)/X with X ~ Beta(df/2, 1/2), of which X^(df/2) / (df/2 B(df/2, 1/2)) is the distribution function near 0.
  const power = (Math.log(2 * tail) + Math.log(0.5 * df) + lbeta(0.5 * df, 0.5)) / (0.5 * df);
  const half =
    power < -40
      ? -0.5 * power
      : tail < 0.25
        ? -0.5 * betaTailInverse(2 * tail, 0.5 * df, 0.5)
        : 0.5 * betaTailInverse(1 - 2 * tail, 0.5, 0.5 * df);
  const t = Math.sqrt(df) * Math.exp(half);
  return u < 0.5 ? -t : t;
}

// --- derivatives in shape parameters -----------------------------------------------------------------

/**
 * The derivative of the logarithm of a function, or (`difference`) of a function as flat as a logarithm, by the central
 * difference of order eight, whose steps are small against the scale on which the logarithm bends.
 * Relative error about 1e-10, in the tails too.
 */
function logDifference(f: (a: number) => number, a: number, scale: number): number {
  return difference((s) => Math.log(f(s)), a, scale);
}
function difference(f: (a: number) => number, a: number, scale: number): number {
  const h = 0.02 * scale;
  const at = (k: number): number => f(a + k * h);
  return ((4 / 5) * (at(1) - at(-1)) - (1 / 5) * (at(2) - at(-2)) + (4 / 105) * (at(3) - at(-3)) - (1 / 280) * (at(4) - at(-4))) / h;
}

/** dP(a, x)/da. */
export function gammaPShapeDerivative(a: number, x: number): number {
  if (!(a > 0 && x >= 0)) return Number.NaN;
  const scale = Math.min(a, Math.sqrt(a));
  const lower = gammaP(a, x);
  if (lower === 0) return 0;
  if (lower < 0.5) return lower * logDifference((s) => gammaP(s, x), a, scale);
  const upper = gammaQ(a, x);
  return upper === 0 ? 0 : -upper * logDifference((s) => gammaQ(s, x), a, scale);
}

/** dI_x(a, b)/da. */
export function betaIFirstDerivative(x: number, a: number, b: number): number {
  if (!(a > 0 && b > 0 && x >= 0 && x <= 1)) return Number.NaN;
  const scale = Math.min(a, Math.sqrt(a));
  const lower = betaI(x, a, b);
  if (lower === 0) return 0;
  if (lower < 0.5) return lower * logDifference((s) => incompleteBeta(x, 1 - x, s, b), a, scale);
  const upper = incompleteBeta(1 - x, x, b, a);
  return upper === 0 ? 0 : -upper * logDifference((s) => incompleteBeta(1 - x, x, b, s), a, scale);
}

/** dI_x(a, b)/db. */
export function betaISecondDerivative(x: number, a: number, b: number): number {
  if (!(a > 0 && b > 0 && x >= 0 && x <= 1)) return Number.NaN;
  const scale = Math.min(b, Math.sqrt(b));
  const lower = betaI(x, a, b);
  if (lower === 0) return 0;
  if (lower < 0.5) return lower * logDifference((s) => incompleteBeta(x, 1 - x, a, s), b, scale);
  const upper = incompleteBeta(1 - x, x, b, a);
  return upper === 0 ? 0 : -upper * logDifference((s) => incompleteBeta(1 - x, x, s, a), b, scale);
}

/** d studentCdf(t, df)/d df. */
export function studentCdfDerivative(t: number, df: number): number {
  if (!(df > 0) || Number.isNaN(t)) return Number.NaN;
  if (t === 0) return 0;
  const tail = studentCdf(-Math.abs(t), df);
  if (tail === 0) return 0;
  const derivative = tail * logDifference((s) => studentCdf(-Math.abs(t), s), df, df);
  return t < 0 ? derivative : -derivative;
}

/** The regularised incomplete beta function in logarithms, log I_x(a, b). */
export function logBetaI(x: number, a: number, b: number): number {
  return logIncompleteBeta(x, 1 - x, a, b);
}
/** d log I_x(a, b)/da. */
export function logBetaIFirstDerivative(x: number, a: number, b: number): number {
  if (!(a > 0 && b > 0 && x >= 0 && x <= 1)) return Number.NaN;
  const lower = betaI(x, a, b);
  return lower > 0.5
    ? betaIFirstDerivative(x, a, b) / lower
    : difference((s) => logIncompleteBeta(x, 1 - x, s, b), a, Math.min(a, Math.sqrt(a)));
}
/** d log I_x(a, b)/db. */
export function logBetaISecondDerivative(x: number, a: number, b: number): number {
  if (!(a > 0 && b > 0 && x >= 0 && x <= 1)) return Number.NaN;
  const lower = betaI(x, a, b);
  return lower > 0.5
    ? betaISecondDerivative(x, a, b) / lower
    : difference((s) => logIncompleteBeta(x, 1 - x, a, s), b, Math.min(b, Math.sqrt(b)));
}
/** d logStudentCdf(t, df)/d df. */
export function logStudentCdfDerivative(t: number, df: number): number {
  if (!(df > 0) || Number.isNaN(t)) return Number.NaN;
  return t > 0 ? studentCdfDerivative(t, df) / studentCdf(t, df) : t === 0 ? 0 : difference((s) => logStudentCdf(t, s), df, df);
}

// --- quantiles of counts -------------------------------------------------------------------------

/**
 * The smallest count k <= high whose distribution function reaches u, from the distribution function
 * and its complement. u above a half is compared on the side of the complement. Values equal to u up
 * to rounding count as reached, so that the quantile inverts the distribution function.
 */
function countQuantile(u: number, guess: number, high: number, lower: (k: number) => number, upper: (k: number) => number): number {
  const slack = 64 * epsilon;
  // u itself is only known to its last place.
  const v = 1 - u + 2 * epsilon;
  const reached = u <= 0.5 ? (k: number): boolean => lower(k) >= u * (1 - slack) : (k: number): boolean => upper(k) <= v * (1 + slack);
  // Bracket (below, above] by doubling steps, then bisect.
  let above = Math.min(high, Math.max(0, Math.floor(guess)));
  let below = above - 1;
  let step = 1;
  if (reached(above)) {
    while (below >= 0 && reached(below)) {
      above = below;
      below -= step;
      step *= 2;
    }
    if (below < -1) below = -1;
  } else {
    below = above;
    above += step;
    while (above < high && !reached(above)) {
      below = above;
      step *= 2;
      above += step;
    }
    if (above > high) above = high;
  }
  while (above - below > 1) {
    const middle = Math.floor(below + (above - below) / 2);
    if (middle <= below || middle >= above) break;
    if (reached(middle)) above = middle;
    else below = middle;
  }
  return above;
}

/** The smallest k with P(X <= k) >= u, X ~ Poisson(rate). */
export function poissonQuantile(u: number, rate: number): number {
  if (!(rate >= 0 && u >= 0 && u <= 1) || rate === Infinity) return Number.NaN;
  if (u === 0 || rate === 0) return 0;
  if (u === 1) return Infinity;
  const z = normalQuantile(u);
  const guess = rate + Math.sqrt(rate) * z + (z * z - 1) / 6;
  return countQuantile(
    u,
    guess,
    Infinity,
    (k) => gammaQ(k + 1, rate),
    (k) => gammaP(k + 1, rate),
  );
}

/** The smallest k with P(X <= k) >= u, X ~ Binomial(n, p). */
export function binomialQuantile(u: number, n: number, p: number): number {
  if (!(n >= 0 && p >= 0 && p <= 1 && u >= 0 && u <= 1) || !Number.isInteger(n)) return Number.NaN;
  if (u === 0 || n === 0 || p === 0) return 0;
  if (u === 1 || p === 1) return n;
  const z = normalQuantile(u);
  const guess = n * p + z * Math.sqrt(n * p * (1 - p)) + ((1 - 2 * p) * (z * z - 1)) / 6;
  return countQuantile(
    u,
    guess,
    n,
    (k) => (k >= n ? 1 : incompleteBeta(1 - p, p, n - k, k + 1)),
    (k) => (k >= n ? 0 : incompleteBeta(p, 1 - p, k + 1, n - k)),
  );
}

/** The smallest k with P(X <= k) >= u, X ~ NegativeBinomial(r, p), failures before the r-th success. */
export function negativeBinomialQuantile(u: number, r: number, p: number): number {
  if (!(r > 0 && p > 0 && p <= 1 && u >= 0 && u <= 1)) return Number.NaN;
  if (u === 0 || p === 1) return 0;
  if (u === 1) return Infinity;
  const z = normalQuantile(u);
  const mean = (r * (1 - p)) / p;
  const sd = Math.sqrt(mean / p);
  const guess = mean + z * sd + (((2 - p) / p) * (z * z - 1)) / 6;
  return countQuantile(
    u,
    guess,
    Infinity,
    (k) => incompleteBeta(p, 1 - p, r, k + 1),
    (k) => incompleteBeta(1 - p, p, k + 1, r),
  );
}

/**
 * The smallest k with P(X <= k) >= u for a law on low..high whose log masses are given; sums run from the nearer end and stop
 * where terms past the mode no longer count.
 */
function massQuantile(u: number, guess: number, low: number, high: number, logMass: (k: number) => number): number {
  const sum = (from: number, step: number, end: number): number => {
    let total = 0,
      before = 0;
    for (let k = from; step > 0 ? k <= end : k >= end; k += step) {
      const mass = Math.exp(logMass(k));
      total += mass;
      if (mass < before && mass < 1e-18 * total) break;
      before = mass;
    }
    return total;
  };
  return countQuantile(
    u,
    guess,
    high,
    (k) => (k < low ? 0 : k >= high ? 1 : sum(k, -1, low)),
    (k) => (k < low ? 1 : k >= high ? 0 : sum(k + 1, 1, high)),
  );
}

/** The smallest k with P(X <= k) >= u, X ~ BetaBinomial(n, a, b). */
export function betaBinomialQuantile(u: number, n: number, a: number, b: number): number {
  if (!(n >= 0 && a > 0 && b > 0 && u >= 0 && u <= 1) || !Number.isInteger(n)) return Number.NaN;
  if (u === 0 || n === 0) return 0;
  if (u === 1) return n;
  const constant = lbeta(a, b);
  return massQuantile(u, (n * a) / (a + b), 0, n, (k) => lchoose(n, k) + lbeta(k + a, n - k + b) - constant);
}

/** The smallest k with P(X <= k) >= u, X the successes among `draws` drawn without replacement. */
export function hypergeometricQuantile(u: number, successes: number, failures: number, draws: number): number {
  const total = successes + failures;
  if (!(successes >= 0 && failures >= 0 && draws >= 0 && draws <= total && u >= 0 && u <= 1)) return Number.NaN;
  const low = Math.max(0, draws - failures),
    high = Math.min(draws, successes);
  if (u === 0 || low === high) return low;
  if (u === 1) return high;
  const constant = lchoose(total, draws),
    p = successes / total;
  const sd = Math.sqrt((draws * p * (1 - p) * (total - draws)) / Math.max(1, total - 1));
  const guess = Math.max(low, draws * p + sd * normalQuantile(u));
  return massQuantile(u, guess, low, high, (k) => lchoose(successes, k) + lchoose(failures, draws - k) - constant);
}
