/**
 * Laws of transformed variables. The truth is the source: P(T(X) <= y) by counting where T(t) <= y on a
 * fine grid of t under the density of X, both written here in plain JavaScript; closed forms
 * (chi-square, log-normal, logistic ...) where there are any.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cdfOf, guardedLogDensityOf, survivalOf } from '../../src/distributions/law/density.js';
import { hasCdf, isDiscrete, noDensityReason, noLatentReason, supportOf } from '../../src/distributions/law/form.js';
import { type Law, mapLaw } from '../../src/distributions/law/law.js';
import { quantileOf } from '../../src/distributions/law/quantile.js';
import { type Expr, isConst, num, ref, rewrite, scalar } from '../../src/expr/expr.js';
import { compile } from '../../src/index.js';
import { graphOf } from '../2-graph/programs.js';
import { integratePieces, numberOf, type Values } from './numerics.js';

/** The law that a text of the language states. */
function lawOf(text: string, declarations = '', type = 'real'): Law {
  const graph = graphOf(`${declarations}\ndata y_: ${type}\nobserve y_ ~ ${text}`);
  const statement = graph.statements.find((s) => s.kind === 'observe')!;
  if (statement.kind !== 'observe') throw new Error('no law');
  return statement.law;
}
const y = ref('y');
const evaluated =
  (e: Expr, values: Values = {}) =>
  (at: number): number =>
    numberOf(e, { ...values, y: at });
const densityAt = (law: Law, values: Values = {}): ((at: number) => number) => {
  const log = evaluated(guardedLogDensityOf(law, scalar(y)), values);
  return (at) => Math.exp(log(at));
};

/** Sizes of the program as numbers. */
const sized =
  (n: number) =>
  (e: Expr): Expr =>
    rewrite(e, (x) => (x.op === 'size' ? num(n) : x));

interface Source {
  readonly text: string;
  readonly density: (t: number) => number;
  readonly low: number;
  readonly high: number;
}
const normal: Source = { text: 'Normal(0, 1)', density: (t) => Math.exp((-t * t) / 2) / Math.sqrt(2 * Math.PI), low: -9, high: 9 };
const shifted: Source = {
  text: 'Normal(0.5, 1.2)',
  density: (t) => Math.exp(-(((t - 0.5) / 1.2) ** 2) / 2) / Math.sqrt(2 * Math.PI) / 1.2,
  low: -11,
  high: 12,
};
const unit: Source = { text: 'Uniform(0, 1)', density: () => 1, low: 0, high: 1 };
const exponential: Source = { text: 'Exponential(1)', density: (t) => Math.exp(-t), low: 0, high: 40 };
const uniform = (low: number, high: number): Source => ({ text: `Uniform(${low}, ${high})`, density: () => 1 / (high - low), low, high });

/** P(a < T(X) <= b) by the midpoint rule on a grid of t: off by at most a few cells at each point where T crosses a or b. */
function truth(source: Source, map: (t: number) => number, bounds: readonly number[]): number[] {
  const steps = 200_000,
    h = (source.high - source.low) / steps;
  const out = bounds.map(() => 0);
  for (let i = 0; i < steps; i++) {
    const t = source.low + (i + 0.5) * h,
      value = map(t),
      mass = source.density(t) * h;
    bounds.forEach((b, k) => {
      if (value <= b) out[k]! += mass;
    });
  }
  return out;
}
const gridError = 3e-4;

const sigmoid = (t: number): number => 1 / (1 + Math.exp(-t));
/** The map in the language, in JavaScript, its source, and values y between which masses are compared. */
const continuous: readonly (readonly [string, (t: number) => number, Source, readonly number[]])[] = [
  ['2 * t - 3', (t) => 2 * t - 3, normal, [-5, -3, -1, 0.5]],
  ['1 - t / 4', (t) => 1 - t / 4, normal, [0.6, 0.9, 1.1, 1.4]],
  ['exp(t)', Math.exp, normal, [0.1, 0.5, 1, 3]],
  ['log(t)', Math.log, exponential, [-3, -1, 0, 1]],
  ['log10(t)', Math.log10, exponential, [-2, -1, 0, 0.5]],
  ['log2(1 + t)', (t) => Math.log2(1 + t), exponential, [0.1, 0.5, 1, 2]],
  ['sigmoid(2 * t + 1)', (t) => sigmoid(2 * t + 1), normal, [0.05, 0.3, 0.7, 0.95]],
  ['logit(t)', (t) => Math.log(t / (1 - t)), unit, [-3, -1, 0, 2]],
  ['tanh(t)', Math.tanh, normal, [-0.9, -0.2, 0.3, 0.9]],
  ['softplus(t)', (t) => Math.log1p(Math.exp(t)), normal, [0.1, 0.5, 1, 2]],
  ['expm1(t)', Math.expm1, normal, [-0.7, -0.1, 0.5, 2]],
  ['log1p(t)', Math.log1p, exponential, [0.1, 0.4, 1, 1.5]],
  ['atan(3 * t)', (t) => Math.atan(3 * t), normal, [-1.3, -0.5, 0.5, 1.3]],
  ['t^3', (t) => t ** 3, normal, [-2, -0.3, 0.3, 2]],
  ['sqrt(t)', Math.sqrt, exponential, [0.2, 0.7, 1, 1.7]],
  ['t^1.7', (t) => t ** 1.7, exponential, [0.1, 0.5, 1, 3]],
  ['1 / t', (t) => 1 / t, shifted, [-2, -0.5, 0.5, 2]],
  ['t^-2', (t) => t ** -2, normal, [0.2, 1, 4, 20]],
  ['2^t', (t) => 2 ** t, normal, [0.4, 0.8, 1.5, 3]],
  ['(t - 1) / (t + 2)', (t) => (t - 1) / (t + 2), exponential, [-0.4, -0.1, 0.1, 0.4]],
  ['(exp(t) - exp(-t)) / 2', Math.sinh, normal, [-2, -0.5, 0.5, 2]],
  ['(exp(t) + exp(-t)) / 2', Math.cosh, shifted, [1.1, 1.5, 2, 4]],
  ['(exp(2 * t) - 1) / (exp(2 * t) + 1)', Math.tanh, normal, [-0.9, -0.2, 0.3, 0.9]],
  ['1 / (1 + exp(-t))', sigmoid, normal, [0.1, 0.4, 0.6, 0.9]],
  ['t / (1 + t)', (t) => t / (1 + t), exponential, [0.1, 0.4, 0.6, 0.9]],
  ['t / (1 + t^2)', (t) => t / (1 + t * t), shifted, [-0.4, -0.1, 0.1, 0.4]],
  ['t^2 + t', (t) => t * t + t, normal, [-0.2, 0.3, 1, 3]],
  ['t^2', (t) => t * t, normal, [0.05, 0.4, 1, 3]],
  ['abs(t - 1)', (t) => Math.abs(t - 1), normal, [0.1, 0.5, 1, 2]],
  ['log(1 + t^2)', (t) => Math.log(1 + t * t), normal, [0.05, 0.3, 0.8, 1.5]],
  ['t < 0 ? t + 2 : t - 2', (t) => (t < 0 ? t + 2 : t - 2), normal, [-1.5, -0.5, 0.5, 1.5]],
  ['t < 0 ? exp(t) : 2 * t + 1', (t) => (t < 0 ? Math.exp(t) : 2 * t + 1), normal, [0.2, 0.8, 1.5, 3]],
  ['abs(t) < 1 ? t^3 : -t', (t) => (Math.abs(t) < 1 ? t ** 3 : -t), shifted, [-1.2, -0.3, 0.3, 1.2]],
  ['sign(t) * sqrt(abs(t))', (t) => Math.sign(t) * Math.sqrt(Math.abs(t)), normal, [-1, -0.3, 0.3, 1]],
  ['t * abs(t)', (t) => t * Math.abs(t), shifted, [-1, -0.3, 0.3, 1]],
  ['max(t, -2 * t)', (t) => Math.max(t, -2 * t), normal, [0.2, 0.6, 1, 2]],
  ['cos(t)', Math.cos, uniform(-1, 9), [-0.8, -0.2, 0.3, 0.9]],
  ['sin(2 * t)', (t) => Math.sin(2 * t), uniform(0, 3), [-0.8, -0.2, 0.3, 0.9]],
  ['tan(t)', Math.tan, uniform(-2, 2), [-3, -0.5, 0.5, 3]],
  [
    'erf(t)',
    (t) => {
      const s = 1 / (1 + 0.3275911 * Math.abs(t));
      return (
        Math.sign(t) *
        (1 - ((((1.061405429 * s - 1.453152027) * s + 1.421413741) * s - 0.284496736) * s + 0.254829592) * s * Math.exp(-t * t))
      );
    },
    normal,
    [-0.9, -0.3, 0.3, 0.9],
  ],
  ['t > 1 && t < 2 ? 10 + t : t', (t) => (t > 1 && t < 2 ? 10 + t : t), normal, [0, 0.9, 5, 11.5]],
  ['log(t^2)', (t) => Math.log(t * t), normal, [-3, -1, 0, 1]],
  // Inverted by finding roots; of the last eight some turn, touch a slope of 0 or stay bounded.
  ['t + exp(t)', (t) => t + Math.exp(t), normal, [-1, 0.5, 2, 4]],
  ['t + 0.5 * sin(t)', (t) => t + 0.5 * Math.sin(t), shifted, [-1, 0, 1, 2]],
  ['t^3 + t', (t) => t ** 3 + t, normal, [-3, -0.5, 0.5, 3]],
  ['exp(-(t + 0.3 * tanh(2 * t)))', (t) => Math.exp(-(t + 0.3 * Math.tanh(2 * t))), normal, [0.3, 0.8, 1.5, 3]],
  ['t + log(t)', (t) => t + Math.log(t), exponential, [-2, 0, 1, 2]],
  ['t + sin(t)', (t) => t + Math.sin(t), { ...shifted, low: -4, high: 9 }, [-1, 0, 1, 2.5]],
  ['t^3 - t^2 + t', (t) => t ** 3 - t * t + t, normal, [-3, -0.5, 0.3, 3]],
  ['sigmoid(t) + 0.5 * sigmoid(3 * t - 2)', (t) => sigmoid(t) + 0.5 * sigmoid(3 * t - 2), normal, [0.3, 0.6, 0.9, 1.2]],
  ['t * exp(t)', (t) => t * Math.exp(t), normal, [-0.3, -0.1, 0.5, 2]],
  ['t^3 - 3 * t', (t) => t ** 3 - 3 * t, normal, [-1.95, -1, 1, 1.95]],
  ['t * exp(-t)', (t) => t * Math.exp(-t), exponential, [0.05, 0.15, 0.25, 0.35]],
  ['t + 2 * sin(t)', (t) => t + 2 * Math.sin(t), uniform(-7, 7), [-2.4, -1, 1.5, 2.4]],
  ['t^4 - t', (t) => t ** 4 - t, shifted, [-0.3, 0.2, 2, 10]],
  [
    'sum((k + 1) * tanh(t - k) for k in 0..<3)',
    (t) => Math.tanh(t) + 2 * Math.tanh(t - 1) + 3 * Math.tanh(t - 2),
    normal,
    [-5.8, -4, -2, 0],
  ],
];

describe('density and distribution function of a transformed variable', () => {
  for (const [text, map, source, bounds] of continuous) {
    it(`${text} of ${source.text}`, () => {
      const law = lawOf(`pushforward(t => ${text}, ${source.text})`);
      expect(noDensityReason(law)).toBe(null);
      const density = densityAt(law),
        exact = truth(source, map, bounds);
      const cdf = evaluated(cdfOf(law, y)),
        survival = evaluated(survivalOf(law, y));
      bounds.forEach((b, k) => {
        expect(Math.abs(cdf(b) - exact[k]!)).toBeLessThan(gridError);
        expect(cdf(b) + survival(b)).toBeCloseTo(1, 10);
        if (k > 0)
          expect(Math.abs(integratePieces(density, refined(bounds[k - 1]!, b)) - (exact[k]! - exact[k - 1]!))).toBeLessThan(gridError);
        // A density is the derivative of its distribution function.
        const h = 1e-5;
        expect(Math.abs((cdf(b + h) - cdf(b - h)) / (2 * h) - density(b))).toBeLessThan(1e-5 * Math.max(1, density(b)) + 1e-6);
      });
    });
  }

  /** Breaks where images of pieces may end: at whole numbers and at fractions of the interval. */
  function refined(low: number, high: number): number[] {
    const inner = [Math.tan(2), -1, -0.5, Math.sin(6), 0, 0.5, 1, 2, -Math.tan(2), 3, 10, 11, 12]
      .sort((a, b) => a - b)
      .filter((b) => b > low && b < high);
    return [low, ...inner, high];
  }

  it('has mass one on its support', () => {
    const wholes: readonly (readonly [string, readonly number[]])[] = [
      ['pushforward(t => t^2, Normal(0, 1))', [0, 0.1, 1, 10, 40, 80]],
      ['pushforward(t => log(1 + t^2), Normal(0, 1))', [0, 0.1, 1, 3, 5]],
      ['pushforward(t => abs(t), Normal(0, 1))', [0, 1, 4, 9]],
      ['pushforward(t => t < 0 ? t + 2 : t - 2, Normal(0, 1))', [-2, 0, 2].flatMap((b) => (b === -2 ? [-7, -2] : b === 2 ? [2, 7] : [0]))],
      ['pushforward(t => cos(t), Uniform(-1, 9))', [-1, 0, Math.cos(9), 0.2, Math.cos(1), 1].sort((a, b) => a - b)],
      ['pushforward(u => quantile(Normal(2, 3), u), Uniform(0, 1))', [-22, -4, 2, 8, 26]],
      ['pushforward(u => quantile(Gamma(2.5, 2), u), Uniform(0, 1))', [0, 0.5, 2, 8, 20]],
      ['pushforward(t => tanh(t), Normal(0, 1))', [-1, -0.5, 0.5, 1]],
    ];
    for (const [text, breaks] of wholes) expect(integratePieces(densityAt(lawOf(text)), breaks)).toBeCloseTo(1, 6);
  });

  it('is chi-square, log-normal, logistic, half-normal, Weibull, Pareto where these are known', () => {
    const pairs: readonly (readonly [string, string, readonly number[]])[] = [
      ['pushforward(t => t^2, Normal(0, 1))', 'ChiSquared(1)', [0.01, 0.7, 3, 20]],
      ['pushforward(t => exp(t), Normal(0.3, 0.8))', 'LogNormal(0.3, 0.8)', [0.01, 0.7, 3, 20]],
      ['pushforward(t => abs(t), Normal(0, 2))', 'HalfNormal(2)', [0.01, 0.7, 3, 9]],
      ['pushforward(t => 3 * t^(1 / 1.5), Exponential(1))', 'Weibull(1.5, 3)', [0.01, 0.7, 3, 9]],
      ['pushforward(t => 2 * exp(t / 3), Exponential(1))', 'Pareto(2, 3)', [2.1, 3, 9]],
      ['pushforward(t => 1 / t, Gamma(3, 2))', 'InverseGamma(3, 2)', [0.1, 0.7, 3, 9]],
      ['pushforward(u => quantile(Weibull(1.5, 3), u), Uniform(0, 1))', 'Weibull(1.5, 3)', [0.01, 0.7, 3, 9]],
      ['pushforward(u => quantile(Laplace(1, 2), u), Uniform(0, 1))', 'Laplace(1, 2)', [-5, 0.7, 1.2, 9]],
      ['pushforward(u => quantile(Beta(2, 3), u), Uniform(0, 1))', 'Beta(2, 3)', [0.1, 0.5, 0.9]],
      ['pushforward(u => quantile(StudentT(5, 1, 2), u), Uniform(0, 1))', 'StudentT(5, 1, 2)', [-3, 0.5, 4]],
      ['pushforward(t => cdf(Normal(1, 2), t), Normal(1, 2))', 'Uniform(0, 1)', [0.1, 0.5, 0.99]],
      [
        'pushforward(a => 1 - 2 * a, pushforward(t => sigmoid(t), Normal(0, 1)))',
        'pushforward(t => tanh(-t / 2), Normal(0, 1))',
        [-0.9, -0.1, 0.7],
      ],
    ];
    for (const [left, right, points] of pairs) {
      const a = evaluated(guardedLogDensityOf(lawOf(left), scalar(y))),
        b = evaluated(guardedLogDensityOf(lawOf(right), scalar(y)));
      for (const point of points) expect({ left, point, value: a(point).toFixed(8) }).toEqual({ left, point, value: b(point).toFixed(8) });
    }
  });

  it('is minus infinity outside of the image, and no NaN', () => {
    for (const [text, outside] of [
      ['exp(t)', [-1, 0]],
      ['t^2', [-0.5]],
      ['tanh(t)', [-1, 1, 1.5]],
      ['log(1 + t^2)', [-0.1]],
      ['sigmoid(t)', [0, 1, -3, 4]],
      ['atan(t)', [2]],
    ] as const) {
      for (const point of outside)
        expect(evaluated(guardedLogDensityOf(lawOf(`pushforward(t => ${text}, Normal(0, 1))`), scalar(y)))(point)).toBe(-Infinity);
    }
  });

  it('keeps its digits far out', () => {
    // log density of exp(N(0, 1)) at e^50, and of the logistic quantile map in its tail.
    expect(evaluated(guardedLogDensityOf(lawOf('pushforward(t => exp(t), Normal(0, 1))'), scalar(y)))(Math.exp(50))).toBeCloseTo(
      -1250 - 0.5 * Math.log(2 * Math.PI) - 50,
      8,
    );
    expect(evaluated(guardedLogDensityOf(lawOf('pushforward(u => logit(u), Uniform(0, 1))'), scalar(y)))(-700)).toBeCloseTo(-700, 8);
    expect(evaluated(guardedLogDensityOf(lawOf('pushforward(u => logit(u), Uniform(0, 1))'), scalar(y)))(700)).toBeCloseTo(-700, 8);
    expect(evaluated(guardedLogDensityOf(lawOf('pushforward(t => softplus(t), Normal(0, 1))'), scalar(y)))(30)).toBeCloseTo(
      -450 - 0.5 * Math.log(2 * Math.PI),
      8,
    );
    expect(evaluated(guardedLogDensityOf(lawOf('pushforward(t => (exp(t) - exp(-t)) / 2, Normal(0, 1))'), scalar(y)))(-1e8)).toBeCloseTo(
      -0.5 * Math.asinh(1e8) ** 2 - Math.log(1e8) - 0.5 * Math.log(2 * Math.PI),
      6,
    );
  });
});

it('a power of two functions of one number is no ratio of itself: density by its two preimages, found by bisection', () => {
  // y = exp(u exp(-u)) rises to u = 1 and falls from there; dy/du = y exp(-u) (1 - u).
  const exponent = (u: number): number => u * Math.exp(-u),
    first = 0.5;
  let low = 1,
    high = 5;
  for (let k = 0; k < 200; k++) {
    const middle = (low + high) / 2;
    if (exponent(middle) > exponent(first)) low = middle;
    else high = middle;
  }
  const value = Math.exp(exponent(first));
  const density = [first, low].reduce(
    (sum, u) => sum + Math.exp((-u * u) / 2) / Math.sqrt(2 * Math.PI) / (value * Math.exp(-u) * Math.abs(1 - u)),
    0,
  );
  expect(densityAt(lawOf('pushforward(u => exp(u) ^ exp(-u), Normal(0, 1))'))(value)).toBeCloseTo(density, 9);
});

describe('draws', () => {
  it('follow the distribution function (DKW bound at 1e-7)', () => {
    const n = 20_000,
      bound = Math.sqrt(Math.log(2 / 1e-7) / (2 * n));
    const chosen = continuous.filter((_, k) => k % 3 === 0);
    const program = chosen.map(([text, , source], k) => `sample v${k} ~ pushforward(t => ${text}, ${source.text})`).join('\n');
    const draws = compile(program).sample({}, { count: n, seed: 11 });
    chosen.forEach(([text, , source], k) => {
      const cdf = evaluated(cdfOf(lawOf(`pushforward(t => ${text}, ${source.text})`), y));
      const values = draws.map((d) => d[`v${k}`] as number).sort((a, b) => a - b);
      let distance = 0;
      for (let i = 0; i < n; i += 97) distance = Math.max(distance, Math.abs(cdf(values[i]!) - (i + 0.5) / n));
      expect({ text, fits: distance < bound }).toEqual({ text, fits: true });
    });
  });
});

describe('quantile and support', () => {
  it('inverts the distribution function of monotone maps', () => {
    for (const text of ['exp(t)', '1 - 2 * t', 'sigmoid(t)', '-exp(-t)', 't^3']) {
      const law = lawOf(`pushforward(t => ${text}, Normal(0, 1))`),
        cdf = evaluated(cdfOf(law, y)),
        quantile = quantileOf(law, y)!;
      for (const u of [0.01, 0.3, 0.5, 0.9]) expect(cdf(numberOf(quantile, { y: u }))).toBeCloseTo(u, 9);
    }
    expect(quantileOf(lawOf('pushforward(t => t^2, Normal(0, 1))'), y)).toBe(null);
  });

  it('knows where values can lie', () => {
    const bounds = (text: string): readonly (number | null)[] => {
      const s = supportOf(lawOf(text));
      return s.kind === 'interval' || s.kind === 'integers' ? [s.low, s.high].map((e) => (isConst(e) ? e.value : null)) : [];
    };
    expect(bounds('pushforward(t => exp(t), Normal(0, 1))')).toEqual([0, Infinity]);
    expect(bounds('pushforward(t => 3 - t^2, Normal(0, 1))')).toEqual([-Infinity, 3]);
    expect(bounds('pushforward(t => tanh(t), Normal(0, 1))')).toEqual([-1, 1]);
    expect(bounds('pushforward(t => 2 * t + 1, Uniform(0, 1))')).toEqual([1, 3]);
    expect(bounds('pushforward(t => 1 - t, Exponential(1))')).toEqual([-Infinity, 1]);
    expect(bounds('pushforward(t => t < 0 ? t : t + 5, Normal(0, 1))')).toEqual([-Infinity, Infinity]);
    expect(bounds('pushforward(t => 1 / t, Uniform(1, 2))')).toEqual([0.5, 1]);
    expect(bounds('pushforward(t => (t - 3)^2, Uniform(1, 4))')).toEqual([0, 4]);
  });
});

describe('unknown coefficients', () => {
  it('count by their absolute value, with the direction found at run time', () => {
    const law = lawOf('pushforward(t => a + b * tanh(t), Normal(0, 1))', 'data a: real data b: real');
    for (const [a, b] of [
      [1, 2],
      [1, -2],
      [-0.5, 0.1],
    ] as const) {
      const exact = truth(normal, (t) => a + b * Math.tanh(t), [a - 0.3 * Math.abs(b), a + 0.5 * Math.abs(b)]);
      const density = densityAt(law, { a, b }),
        cdf = evaluated(cdfOf(law, y), { a, b });
      [a - 0.3 * Math.abs(b), a + 0.5 * Math.abs(b)].forEach((point, k) =>
        expect(Math.abs(cdf(point) - exact[k]!)).toBeLessThan(gridError),
      );
      expect(integratePieces(density, [a - Math.abs(b), a, a + Math.abs(b)])).toBeCloseTo(1, 6);
      expect(density(a + 1.01 * Math.abs(b))).toBe(0);
    }
    expect(densityAt(law, { a: 1, b: 0 })(1)).toBe(0);
  });

  it('bound what is bounded', () => {
    const law = lawOf('pushforward(t => c < t ? b * t : exp(t), Exponential(1))', 'data b: real data c: real');
    for (const [b, c] of [
      [2, 1],
      [-1, 0.5],
      [1, -3],
    ] as const) {
      const map = (t: number): number => (c < t ? b * t : Math.exp(t));
      const points = [-2, -0.2, 0.5, 1.3, 2.1, 4],
        exact = truth(exponential, map, points),
        cdf = evaluated(cdfOf(law, y), { b, c });
      points.forEach((point, k) => expect(Math.abs(cdf(point) - exact[k]!)).toBeLessThan(gridError));
    }
  });
});

describe('random compositions of invertible maps', () => {
  /** A step outwards: text, function, and the image of what it is applied to. */
  interface Composition {
    readonly text: string;
    readonly map: (t: number) => number;
    readonly low: number;
    readonly high: number;
  }
  const start: Composition = { text: 't', map: (t) => t, low: -Infinity, high: Infinity };
  const steps: readonly ((c: Composition, k: number) => Composition | null)[] = [
    (c, k) => ({
      text: `(${k} * ${c.text} + 1)`,
      map: (t) => k * c.map(t) + 1,
      low: k > 0 ? k * c.low + 1 : k * c.high + 1,
      high: k > 0 ? k * c.high + 1 : k * c.low + 1,
    }),
    (c) => ({ text: `tanh(${c.text})`, map: (t) => Math.tanh(c.map(t)), low: Math.tanh(c.low), high: Math.tanh(c.high) }),
    (c) => ({ text: `sigmoid(${c.text})`, map: (t) => sigmoid(c.map(t)), low: sigmoid(c.low), high: sigmoid(c.high) }),
    (c) => ({
      text: `softplus(${c.text})`,
      map: (t) => Math.log1p(Math.exp(-Math.abs(c.map(t)))) + Math.max(0, c.map(t)),
      low: c.low === -Infinity ? 0 : Math.log1p(Math.exp(c.low)),
      high: c.high === Infinity ? Infinity : Math.log1p(Math.exp(c.high)),
    }),
    (c) => ({ text: `atan(${c.text})`, map: (t) => Math.atan(c.map(t)), low: Math.atan(c.low), high: Math.atan(c.high) }),
    (c) => (c.high < 3 ? { text: `exp(${c.text})`, map: (t) => Math.exp(c.map(t)), low: Math.exp(c.low), high: Math.exp(c.high) } : null),
    (c) =>
      c.low >= 0 ? { text: `log1p(${c.text})`, map: (t) => Math.log1p(c.map(t)), low: Math.log1p(c.low), high: Math.log1p(c.high) } : null,
    (c) => ({ text: `(${c.text})^3`, map: (t) => c.map(t) ** 3, low: c.low ** 3, high: c.high ** 3 }),
    (c) =>
      c.low >= 0 ? { text: `sqrt(${c.text})`, map: (t) => Math.sqrt(c.map(t)), low: Math.sqrt(c.low), high: Math.sqrt(c.high) } : null,
  ];

  it('have the density that the change-of-variables theorem gives by finite differences', () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ step: fc.nat(steps.length - 1), k: fc.constantFrom(-2, -0.5, 0.7, 1.5) }), { minLength: 1, maxLength: 4 }),
        fc.double({ min: -1.2, max: 1.2, noNaN: true }),
        (list, t) => {
          const c = list.reduce<Composition>((inner, { step, k }) => steps[step]!(inner, k) ?? inner, start);
          const law = lawOf(`pushforward(t => ${c.text}, Normal(0, 1))`);
          expect(noDensityReason(law)).toBe(null);
          const h = 1e-4;
          const slope = Math.abs((8 * (c.map(t + h) - c.map(t - h)) - (c.map(t + 2 * h) - c.map(t - 2 * h))) / (12 * h));
          fc.pre(slope > 1e-3 && slope < 1e3);
          const expected = (-t * t) / 2 - 0.5 * Math.log(2 * Math.PI) - Math.log(slope);
          expect(Math.abs(evaluated(guardedLogDensityOf(law, scalar(y)))(c.map(t)) - expected)).toBeLessThan(1e-4);
        },
      ),
      { seed: 5, numRuns: 300 },
    );
  });
});

describe('discrete laws', () => {
  const masses = (law: Law, values: readonly number[], data: Values = {}): number[] => values.map(densityAt(law, data));

  it('adds the masses of a preimage (Example 1.2 of the notes: 0.2 and 0.8)', () => {
    const law = lawOf('pushforward(x => x == 0 ? 7 : 4, Categorical(p))', 'data p: simplex[K]', 'int');
    const p = [0.2, 0.5, 0.3];
    masses(mapLaw(law, sized(3)), [7, 4, 5, 0], { p }).forEach((m, k) => expect(m).toBeCloseTo([0.2, 0.8, 0, 0][k]!, 12));
    expect(isDiscrete(law)).toBe(true);
    expect(supportOf(mapLaw(law, sized(3)))).toMatchObject({ kind: 'integers', low: { value: 4 }, high: { value: 7 } });
  });

  it('adds over finite and inverts on infinite ranges', () => {
    const binomial = (n: number, p: number, k: number): number => {
      let c = 1;
      for (let i = 0; i < k; i++) c = (c * (n - i)) / (i + 1);
      return c * p ** k * (1 - p) ** (n - k);
    };
    const squares = lawOf('pushforward(x => (x - 2)^2, Binomial(4, 0.3))', '', 'int');
    masses(squares, [0, 1, 4, 3]).forEach((m, k) =>
      expect(m).toBeCloseTo(
        [binomial(4, 0.3, 2), binomial(4, 0.3, 1) + binomial(4, 0.3, 3), binomial(4, 0.3, 0) + binomial(4, 0.3, 4), 0][k]!,
        12,
      ),
    );
    const poisson = (k: number): number => {
      let f = 1;
      for (let i = 2; i <= k; i++) f *= i;
      return (Math.exp(-3) * 3 ** k) / f;
    };
    const odd = lawOf('pushforward(x => 2 * x + 1, Poisson(3))', '', 'int');
    masses(odd, [1, 5, 2, -1]).forEach((m, k) => expect(m).toBeCloseTo([poisson(0), poisson(2), 0, 0][k]!, 12));
    const folded = lawOf('pushforward(x => abs(x - 2), Poisson(3))', '', 'int');
    masses(folded, [0, 1, 2, 3, -1]).forEach((m, k) =>
      expect(m).toBeCloseTo([poisson(2), poisson(1) + poisson(3), poisson(0) + poisson(4), poisson(5), 0][k]!, 12),
    );
    const signed = lawOf('pushforward(x => x < 2 ? -x : x, Poisson(3))', '', 'int');
    masses(signed, [0, -1, 2, 1]).forEach((m, k) => expect(m).toBeCloseTo([poisson(0), poisson(1), poisson(2), 0][k]!, 12));
    const flat = lawOf('pushforward(x => min(x, 4), Poisson(3))', '', 'int');
    masses(flat, [0, 3, 4, 5]).forEach((m, k) =>
      expect(m).toBeCloseTo([poisson(0), poisson(3), 1 - [0, 1, 2, 3].reduce((sum, j) => sum + poisson(j), 0), 0][k]!, 12),
    );
    expect(supportOf(flat)).toMatchObject({ kind: 'integers', low: { value: 0 }, high: { value: 4 } });
    const swapped = lawOf('pushforward(x => x == 2 ? 0 : x, Poisson(3))', '', 'int');
    masses(swapped, [0, 1, 2, 3]).forEach((m, k) => expect(m).toBeCloseTo([poisson(0) + poisson(2), poisson(1), 0, poisson(3)][k]!, 12));
    const positive = lawOf('pushforward(x => x > 0, Poisson(3))', '', 'int');
    masses(positive, [0, 1]).forEach((m, k) => expect(m).toBeCloseTo([poisson(0), 1 - poisson(0)][k]!, 12));
    const signs = lawOf('pushforward(x => sign(x - 2), Poisson(3))', '', 'int');
    masses(signs, [-1, 0, 1]).forEach((m, k) =>
      expect(m).toBeCloseTo([poisson(0) + poisson(1), poisson(2), 1 - poisson(0) - poisson(1) - poisson(2)][k]!, 12),
    );
    const halves = lawOf('pushforward(x => x / 2, Poisson(3))');
    masses(halves, [0, 0.5, 1, 0.25]).forEach((m, k) => expect(m).toBeCloseTo([poisson(0), poisson(1), poisson(2), 0][k]!, 12));
    expect(noLatentReason(halves)).toMatch(/whole numbers/);
  });

  it('takes differences of the distribution function for maps that are constant or rounded', () => {
    const Phi = (a: number): number => truth(normal, (t) => t, [a])[0]!;
    const floored = lawOf('pushforward(t => floor(t), Normal(0, 1))', '', 'int');
    masses(floored, [-1, 0, 2, 0.5]).forEach((m, k) =>
      expect(Math.abs(m - [Phi(0) - Phi(-1), Phi(1) - Phi(0), Phi(3) - Phi(2), 0][k]!)).toBeLessThan(gridError),
    );
    const rounded = lawOf('pushforward(t => 2 * round(3 * t) + 1, Normal(0, 1))', '', 'int');
    masses(rounded, [1, 3, 2]).forEach((m, k) =>
      expect(Math.abs(m - [Phi(1 / 6) - Phi(-1 / 6), Phi(0.5) - Phi(1 / 6), 0][k]!)).toBeLessThan(gridError),
    );
    const ceiled = lawOf('pushforward(t => ceil(-t), Exponential(1))', '', 'int');
    masses(ceiled, [0, -1, 1]).forEach((m, k) => expect(m).toBeCloseTo([1 - Math.exp(-1), Math.exp(-1) - Math.exp(-2), 0][k]!, 9));
    const sign = lawOf('pushforward(t => sign(t - 1), Normal(0, 1))', '', 'int');
    masses(sign, [-1, 1, 0]).forEach((m, k) => expect(Math.abs(m - [Phi(1), 1 - Phi(1), 0][k]!)).toBeLessThan(gridError));
    const above = lawOf('pushforward(t => t^2 > 1 || t < -3, Normal(0, 1))', '', 'int');
    masses(above, [1, 0]).forEach((m, k) => expect(Math.abs(m - [2 * Phi(-1), 1 - 2 * Phi(-1)][k]!)).toBeLessThan(gridError));
    const classes = lawOf('pushforward(t => t < -1 ? 0 : t < 1 ? 1 : 2, Normal(0, 1))', '', 'int');
    masses(classes, [0, 1, 2, 3]).forEach((m, k) =>
      expect(Math.abs(m - [Phi(-1), Phi(1) - Phi(-1), Phi(-1), 0][k]!)).toBeLessThan(gridError),
    );
    expect(supportOf(classes)).toMatchObject({ kind: 'integers', low: { value: 0 }, high: { value: 2 } });
    expect(evaluated(cdfOf(classes, y))(1)).toBeCloseTo(1 - Phi(-1), 3);
    expect(evaluated(cdfOf(floored, y))(0.7)).toBeCloseTo(Phi(1), 3);
  });
});

describe('what has no density', () => {
  it.each([
    [
      'pushforward(t => lgamma(t) + t, Gamma(2, 1))',
      /`lgamma\(t\) \+ t` has no inverse in closed form, and it is not certain where it rises and falls/,
    ],
    ['pushforward(t => cos(t), Normal(0, 1))', /infinitely many branches/],
    ['pushforward(t => max(t, 0), Normal(0, 1))', /its map takes the value 0 with positive probability and is continuous elsewhere/],
    ['pushforward(t => t^2, censored(Normal(0, 1), -1, 1))', /let censored stand outermost/],
    ['mixture([0.5, 0.5], [Normal(0, 1), censored(Normal(0, 1), -1, 1)])', /let censored stand outermost/],
    ['truncated(censored(Normal(0, 1), -1, 1), 0, 1)', /let censored stand outermost/],
    ['mixture([0.5, 0.5], [Normal(0, 1), pushforward(t => t < 0 ? 0.5 : 1.5, Normal(0, 1))])', /mixes masses with a density/],
    ['pushforward(t => log(t), Normal(0, 1))', /`log\(t\)` is not defined for all values/],
    ['pushforward(t => lgamma(t), Gamma(2, 1))', /`lgamma\(t\)` has no known inverse/],
    ['pushforward(z => z[0] * z[1], iid(Normal(0, 1), 2))', /not one-to-one/],
    ['pushforward(z => sum(z^2), iid(Normal(0, 1), 3))', /not one-to-one/],
    ['truncated(pushforward(t => lgamma(t) + t, Gamma(2, 1)), 0, 1)', /no inverse/],
  ])('%s says why', (text, reason) => {
    const law = lawOf(text);
    expect(noDensityReason(law)).toMatch(reason);
    if (!/censored|mixture/.test(text)) expect(hasCdf(law)).toBe(false);
  });
});
