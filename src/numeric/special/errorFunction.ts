/**
 * The error function and its complements, tails included. Rational approximations come from
 * `test/reference/special.coefficients.py`; relative accuracy about 1e-15 (tested against mpmath).
 */

/** e^(-x^2), the rounding error of the square included. */
function expMinusSquare(x: number): number {
  // The high half of x has 26 bits, so that its square is exact.
  const high = Math.fround(x);
  return Math.exp(-high * high) * Math.exp((high - x) * (high + x));
}

/** e^(x^2) erfc(x) for x >= 1/2. */
export function scaledErfc(x: number): number {
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
