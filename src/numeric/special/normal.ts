/**
 * The standard normal law: distribution function, its logarithm, the inverse Mills ratio, quantiles. Built on the scaled
 * complementary error function, so that tails of any depth keep their digits (tested against mpmath).
 */
import { erfc, scaledErfc } from './errorFunction.js';
import { sqrtTwoPi } from './constants.js';

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
