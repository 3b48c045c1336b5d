/** Laws of small programs: their text beside their log density in plain arithmetic. Nothing of the compiler is asked. */

/** Values of everything that has a name. */
export interface State {
  readonly numbers: Record<string, number>;
  readonly lists: Record<string, number[]>;
}
export interface Term {
  readonly text: string;
  readonly at: (s: State, n: number) => number;
}
/** A law of some type with its log density. */
export interface Law {
  readonly text: string;
  readonly log: (x: number, s: State, n: number) => number;
}
const halfLogTwoPi = 0.5 * Math.log(2 * Math.PI);

/** Lanczos (1964), g = 7, nine coefficients: 15 digits. */
function logGamma(x: number): number {
  if (x < 0.5) return Math.log(Math.PI / Math.abs(Math.sin(Math.PI * x))) - logGamma(1 - x);
  const c = [
    0.99999999999980993, 676.5203681218851, -1259.1392167224028, 771.32342877765313, -176.61502916214059, 12.507343278686905,
    -0.13857109526572012, 9.9843695780195716e-6, 1.5056327351493116e-7,
  ];
  const t = x + 6.5;
  return halfLogTwoPi + (x - 0.5) * Math.log(t) - t + Math.log(c.slice(1).reduce((sum, ci, i) => sum + ci / (x + i), c[0]!));
}

export const constant = (x: number): Term => ({ text: x < 0 ? `(${x})` : String(x), at: () => x });
const law =
  (name: string, log: (x: number, ...args: readonly number[]) => number) =>
  (...args: readonly Term[]): Law => ({
    text: `${name}(${args.map((a) => a.text).join(', ')})`,
    log: (x, s, n) => log(x, ...args.map((a) => a.at(s, n))),
  });

export const normal = law('Normal', (x, m, sd) => (sd! > 0 ? -halfLogTwoPi - Math.log(sd!) - 0.5 * ((x - m!) / sd!) ** 2 : -Infinity));
export const laplace = law('Laplace', (x, m, b) => (b! > 0 ? -Math.log(2 * b!) - Math.abs(x - m!) / b! : -Infinity));
export const logistic = law('Logistic', (x, m, s) => {
  const u = Math.abs(x - m!) / s!;
  return s! > 0 ? -u - Math.log(s!) - 2 * Math.log1p(Math.exp(-u)) : -Infinity;
});
export const studentT = law('StudentT', (x, df, m, s) =>
  s! > 0
    ? logGamma((df! + 1) / 2) -
      logGamma(df! / 2) -
      0.5 * Math.log(df! * Math.PI) -
      Math.log(s!) -
      ((df! + 1) / 2) * Math.log1p(((x - m!) / s!) ** 2 / df!)
    : -Infinity,
);
export const gamma = law('Gamma', (x, a, r) =>
  x > 0 && a! > 0 && r! > 0 ? a! * Math.log(r!) - logGamma(a!) + (a! - 1) * Math.log(x) - r! * x : -Infinity,
);
export const inverseGamma = law('InverseGamma', (x, a, b) =>
  x > 0 && a! > 0 && b! > 0 ? a! * Math.log(b!) - logGamma(a!) - (a! + 1) * Math.log(x) - b! / x : -Infinity,
);
export const exponential = law('Exponential', (x, r) => (x >= 0 && r! > 0 ? Math.log(r!) - r! * x : -Infinity));
export const halfNormal = law('HalfNormal', (x, s) =>
  x >= 0 && s! > 0 ? Math.log(2) - halfLogTwoPi - Math.log(s!) - 0.5 * (x / s!) ** 2 : -Infinity,
);
export const logNormal = law('LogNormal', (x, m, s) =>
  x > 0 && s! > 0 ? -halfLogTwoPi - Math.log(s!) - Math.log(x) - 0.5 * ((Math.log(x) - m!) / s!) ** 2 : -Infinity,
);
export const beta = law('Beta', (x, a, b) =>
  x > 0 && x < 1 && a! > 0 && b! > 0
    ? logGamma(a! + b!) - logGamma(a!) - logGamma(b!) + (a! - 1) * Math.log(x) + (b! - 1) * Math.log1p(-x)
    : -Infinity,
);
export const uniform = law('Uniform', (x, a, b) => (x >= a! && x <= b! && b! > a! ? -Math.log(b! - a!) : -Infinity));
export const poisson = law('Poisson', (x, r) => (r! > 0 ? x * Math.log(r!) - r! - logGamma(x + 1) : r === 0 && x === 0 ? 0 : -Infinity));
const weigh = (k: number, p: number): number => (k === 0 ? 0 : k * Math.log(p));
export const bernoulli = law('Bernoulli', (x, p) => (p! >= 0 && p! <= 1 ? weigh(x, p!) + weigh(1 - x, 1 - p!) : -Infinity));
export const binomial = law('Binomial', (x, n, p) =>
  x >= 0 && x <= n! && p! >= 0 && p! <= 1
    ? logGamma(n! + 1) - logGamma(x + 1) - logGamma(n! - x + 1) + weigh(x, p!) + weigh(n! - x, 1 - p!)
    : -Infinity,
);
export const geometric = law('Geometric', (x, p) => (x >= 0 && p! > 0 && p! <= 1 ? Math.log(p!) + weigh(x, 1 - p!) : -Infinity));
export const discreteUniform = law('DiscreteUniform', (x, a, b) => (x >= a! && x <= b! ? -Math.log(b! - a! + 1) : -Infinity));

export const weibull = law('Weibull', (x, shape, scale) =>
  x > 0 && shape! > 0 && scale! > 0 ? Math.log(shape! / scale!) + (shape! - 1) * Math.log(x / scale!) - (x / scale!) ** shape! : -Infinity,
);
export const negativeBinomial = law('NegativeBinomial', (x, r, p) =>
  x >= 0 && r! > 0 && p! > 0 && p! <= 1
    ? logGamma(x + r!) - logGamma(r!) - logGamma(x + 1) + r! * Math.log(p!) + weigh(x, 1 - p!)
    : -Infinity,
);

/** log P(Z > z) for a standard Normal: the series of the error function, far out the continued fraction of Laplace. */
function logUpperTail(z: number): number {
  if (z < -5) return Math.log1p(-Math.exp(logUpperTail(-z)));
  if (z < 2) {
    let term = z,
      sum = z;
    for (let n = 1; n < 200; n++) {
      term *= (z * z) / (2 * n + 1);
      sum += term;
    }
    return Math.log(0.5 - sum * Math.exp(-0.5 * z * z - halfLogTwoPi));
  }
  let fraction = z;
  for (let n = 300; n > 0; n--) fraction = z + n / fraction;
  return -0.5 * z * z - halfLogTwoPi - Math.log(fraction);
}
/** Normal, beyond `low` only. */
export function truncatedNormal(m: Term, sd: Term, low: number): Law {
  const whole = normal(m, sd);
  return {
    text: `truncated(${whole.text}, ${low}, inf)`,
    log: (x, s, n) => (x < low ? -Infinity : whole.log(x, s, n) - logUpperTail((low - m.at(s, n)) / sd.at(s, n))),
  };
}
/** Normal; what lies above `high` is seen as `high`. */
export function censoredNormal(m: Term, sd: Term, high: number): Law {
  const whole = normal(m, sd);
  return {
    text: `censored(${whole.text}, -inf, ${high})`,
    log: (x, s, n) => (x >= high ? logUpperTail((high - m.at(s, n)) / sd.at(s, n)) : whole.log(x, s, n)),
  };
}
export function mixtureOf(weight: Term, first: Law, second: Law): Law {
  return {
    text: `mixture([${weight.text}, 1 - ${weight.text}], [${first.text}, ${second.text}])`,
    log(x, s, n) {
      const w = weight.at(s, n),
        [a, b] = [first.log(x, s, n), second.log(x, s, n)],
        top = Math.max(a, b);
      if (!(w >= 0 && w <= 1)) return -Infinity;
      return top === -Infinity ? top : top + Math.log(w * Math.exp(a - top) + (1 - w) * Math.exp(b - top));
    },
  };
}
