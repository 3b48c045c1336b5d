/**
 * Random programs of a few unknowns, each written together with its joint density in plain arithmetic: laws and terms carry
 * their formula beside their text. Nothing of the compiler is asked what a program means.
 */
import type { Dice } from './dice.js';

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
export interface Continuous {
  readonly name: string;
  /** Null for a number; the element of a list. */
  readonly element: number | null;
  readonly low: number;
  readonly high: number;
}
export interface Discrete {
  readonly name: string;
  readonly element: number | null;
  readonly values: readonly number[];
}
export interface SmallProgram {
  readonly source: string;
  readonly data: Readonly<Record<string, unknown>>;
  readonly continuous: readonly Continuous[];
  readonly discrete: readonly Discrete[];
  /** The param among the continuous, or null: it has no law. */
  readonly param: string | null;
  /** Scalars that the program reports. */
  readonly reports: readonly { readonly name: string; readonly at: (s: State) => number }[];
  /** Values with all unknowns at some place; the unknowns are then set. */
  start(): State;
  /** The log joint density of unknowns and data. */
  logDensity(s: State): number;
}

const rows = 3;
/** The rounds that a statement under `if` has. */
const on = [1, 0, 1];
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

const constant = (x: number): Term => ({ text: x < 0 ? `(${x})` : String(x), at: () => x });
const law =
  (name: string, log: (x: number, ...args: readonly number[]) => number) =>
  (...args: readonly Term[]): Law => ({
    text: `${name}(${args.map((a) => a.text).join(', ')})`,
    log: (x, s, n) => log(x, ...args.map((a) => a.at(s, n))),
  });

const normal = law('Normal', (x, m, sd) => (sd! > 0 ? -halfLogTwoPi - Math.log(sd!) - 0.5 * ((x - m!) / sd!) ** 2 : -Infinity));
const laplace = law('Laplace', (x, m, b) => (b! > 0 ? -Math.log(2 * b!) - Math.abs(x - m!) / b! : -Infinity));
const logistic = law('Logistic', (x, m, s) => {
  const u = Math.abs(x - m!) / s!;
  return s! > 0 ? -u - Math.log(s!) - 2 * Math.log1p(Math.exp(-u)) : -Infinity;
});
const studentT = law('StudentT', (x, df, m, s) =>
  s! > 0
    ? logGamma((df! + 1) / 2) -
      logGamma(df! / 2) -
      0.5 * Math.log(df! * Math.PI) -
      Math.log(s!) -
      ((df! + 1) / 2) * Math.log1p(((x - m!) / s!) ** 2 / df!)
    : -Infinity,
);
const gamma = law('Gamma', (x, a, r) =>
  x > 0 && a! > 0 && r! > 0 ? a! * Math.log(r!) - logGamma(a!) + (a! - 1) * Math.log(x) - r! * x : -Infinity,
);
const inverseGamma = law('InverseGamma', (x, a, b) =>
  x > 0 && a! > 0 && b! > 0 ? a! * Math.log(b!) - logGamma(a!) - (a! + 1) * Math.log(x) - b! / x : -Infinity,
);
const exponential = law('Exponential', (x, r) => (x >= 0 && r! > 0 ? Math.log(r!) - r! * x : -Infinity));
const halfNormal = law('HalfNormal', (x, s) =>
  x >= 0 && s! > 0 ? Math.log(2) - halfLogTwoPi - Math.log(s!) - 0.5 * (x / s!) ** 2 : -Infinity,
);
const logNormal = law('LogNormal', (x, m, s) =>
  x > 0 && s! > 0 ? -halfLogTwoPi - Math.log(s!) - Math.log(x) - 0.5 * ((Math.log(x) - m!) / s!) ** 2 : -Infinity,
);
const beta = law('Beta', (x, a, b) =>
  x > 0 && x < 1 && a! > 0 && b! > 0
    ? logGamma(a! + b!) - logGamma(a!) - logGamma(b!) + (a! - 1) * Math.log(x) + (b! - 1) * Math.log1p(-x)
    : -Infinity,
);
const uniform = law('Uniform', (x, a, b) => (x >= a! && x <= b! && b! > a! ? -Math.log(b! - a!) : -Infinity));
const poisson = law('Poisson', (x, r) => (r! > 0 ? x * Math.log(r!) - r! - logGamma(x + 1) : r === 0 && x === 0 ? 0 : -Infinity));
const weigh = (k: number, p: number): number => (k === 0 ? 0 : k * Math.log(p));
const bernoulli = law('Bernoulli', (x, p) => (p! >= 0 && p! <= 1 ? weigh(x, p!) + weigh(1 - x, 1 - p!) : -Infinity));
const binomial = law('Binomial', (x, n, p) =>
  x >= 0 && x <= n! && p! >= 0 && p! <= 1
    ? logGamma(n! + 1) - logGamma(x + 1) - logGamma(n! - x + 1) + weigh(x, p!) + weigh(n! - x, 1 - p!)
    : -Infinity,
);
const geometric = law('Geometric', (x, p) => (x >= 0 && p! > 0 && p! <= 1 ? Math.log(p!) + weigh(x, 1 - p!) : -Infinity));
const discreteUniform = law('DiscreteUniform', (x, a, b) => (x >= a! && x <= b! ? -Math.log(b! - a! + 1) : -Infinity));

class Writer {
  readonly lines: string[] = [];
  readonly data: Record<string, unknown> = {};
  readonly continuous: Continuous[] = [];
  readonly discrete: Discrete[] = [];
  readonly reports: { readonly name: string; readonly at: (s: State) => number }[] = [];
  param: string | null = null;
  /** In the order of the program: definitions, and log densities. */
  readonly steps: ((s: State) => number)[] = [];
  private readonly dice: Dice;
  private readonly names: { readonly kind: 'real' | 'positive' | 'unit' | 'int'; readonly perRow: boolean; readonly term: Term }[] = [];
  /** Observed columns so far. */
  private columns = 0;

  constructor(dice: Dice) {
    this.dice = dice;
  }

  add(kind: 'real' | 'positive' | 'unit' | 'int', perRow: boolean, term: Term): void {
    this.names.push({ kind, perRow, term });
  }
  private known(kinds: readonly string[], inRow: boolean): readonly Term[] {
    return this.names.filter((x) => kinds.includes(x.kind) && (inRow || !x.perRow)).map((x) => x.term);
  }
  private number(): Term {
    return constant(this.dice.of([0.5, 1, 2, -1, 0.3, 1.5]));
  }

  condition(inRow: boolean): Term {
    const { dice } = this;
    const of = dice.of([...this.known(['int', 'real', 'positive', 'unit'], inRow), this.number()]),
      bound = dice.of([0, 0.5, 1]);
    return { text: `${of.text} > ${bound}`, at: (s, n) => (of.at(s, n) > bound ? 1 : 0) };
  }

  real(inRow: boolean, depth: number): Term {
    const { dice } = this;
    const leaf = (): Term => {
      const known = this.known(['real', 'positive', 'unit', 'int'], inRow);
      // What was defined last is read most: programs whose definitions nothing reads say little.
      return known.length === 0 || dice.chance(0.1) ? this.number() : dice.of([...known, ...known.slice(-2)]);
    };
    if (depth === 0 || dice.chance(0.3)) return leaf();
    const t = this.real(inRow, depth - 1),
      u = this.real(inRow, depth - 1);
    const c = dice.of([0.5, 2, -1]);
    return dice.of<() => Term>([
      () => ({ text: `(${t.text} + ${u.text})`, at: (s, n) => t.at(s, n) + u.at(s, n) }),
      () => ({ text: `(${t.text} - ${u.text})`, at: (s, n) => t.at(s, n) - u.at(s, n) }),
      () => ({ text: `(${t.text} * ${u.text})`, at: (s, n) => t.at(s, n) * u.at(s, n) }),
      () => ({ text: `(${c} * ${t.text})`, at: (s, n) => c * t.at(s, n) }),
      () => ({ text: `(${c} * ${t.text})`, at: (s, n) => c * t.at(s, n) }),
      () => ({ text: `(${t.text})^2`, at: (s, n) => t.at(s, n) ** 2 }),
      () => ({ text: `abs(${t.text})`, at: (s, n) => Math.abs(t.at(s, n)) }),
      () => ({ text: `tanh(${t.text})`, at: (s, n) => Math.tanh(t.at(s, n)) }),
      () => {
        const test = this.condition(inRow);
        return {
          text: `(${test.text} ? ${t.text} : ${u.text})`,
          at: (s, n) => (test.at(s, n) === 1 ? t.at(s, n) : u.at(s, n)),
        };
      },
    ])();
  }

  positive(inRow: boolean): Term {
    const { dice } = this,
      known = this.known(['positive'], inRow);
    if (known.length > 0 && dice.chance(0.5)) {
      const t = dice.of(known),
        c = dice.of([0.5, 2]);
      return dice.of<Term>([
        t,
        t,
        { text: `(${c} * ${t.text})`, at: (s, n) => c * t.at(s, n) },
        { text: `(${t.text} + ${c})`, at: (s, n) => t.at(s, n) + c },
        { text: `sqrt(${t.text})`, at: (s, n) => Math.sqrt(t.at(s, n)) },
        { text: `(1 / ${t.text})`, at: (s, n) => 1 / t.at(s, n) },
      ]);
    }
    if (dice.chance(0.5)) return constant(dice.of([0.5, 1, 2]));
    const t = this.real(inRow, 1);
    return dice.of<Term>([
      { text: `exp(0.5 * ${t.text})`, at: (s, n) => Math.exp(0.5 * t.at(s, n)) },
      { text: `exp(${t.text})`, at: (s, n) => Math.exp(t.at(s, n)) },
      { text: `(${t.text}^2 + 0.2)`, at: (s, n) => t.at(s, n) ** 2 + 0.2 },
      { text: `(abs(${t.text}) + 0.1)`, at: (s, n) => Math.abs(t.at(s, n)) + 0.1 },
    ]);
  }

  unit(inRow: boolean): Term {
    const { dice } = this,
      known = this.known(['unit'], inRow);
    if (known.length > 0 && dice.chance(0.6)) {
      const t = dice.of(known);
      return dice.of<Term>([
        t,
        t,
        { text: `(1 - ${t.text})`, at: (s, n) => 1 - t.at(s, n) },
        { text: `(0.5 * ${t.text})`, at: (s, n) => 0.5 * t.at(s, n) },
      ]);
    }
    if (dice.chance(0.4)) return constant(dice.of([0.3, 0.6]));
    const t = this.real(inRow, 1);
    return { text: `sigmoid(${t.text})`, at: (s, n) => 1 / (1 + Math.exp(-t.at(s, n))) };
  }

  scalarUnknown(name: string): void {
    const { dice } = this;
    const kind = dice.of(['real', 'real', 'positive', 'unit'] as const);
    const bounds = { real: [-Infinity, Infinity], positive: [0, Infinity], unit: [0, 1] }[kind] as [number, number];
    const value: Term = { text: name, at: (s) => s.numbers[name]! };
    if (this.param === null && this.continuous.length === 0 && dice.chance(0.25)) {
      this.param = name;
      this.lines.push(`param ${name}: ${kind}`);
      this.continuous.push({ name, element: null, low: bounds[0], high: bounds[1] });
      this.add(kind, false, value);
      return;
    }
    const [low, high] = bounds,
      one = constant(1);
    const prior =
      kind === 'real'
        ? dice.of<() => Law>([
            () => normal(this.real(false, 1), this.positive(false)),
            () => normal(this.real(false, 1), constant(dice.of([1, 2]))),
            () => normal(constant(0.5), one),
            () => laplace(this.real(false, 1), one),
            () => studentT(constant(5), constant(0), one),
            () => logistic(constant(0), constant(0.5)),
          ])()
        : kind === 'positive'
          ? dice.of<() => Law>([
              () => gamma(constant(dice.of([2, 3])), this.positive(false)),
              () => gamma(constant(2), constant(1)),
              () => inverseGamma(constant(3), constant(2)),
              () => exponential(this.positive(false)),
              () => halfNormal(one),
              () => logNormal(constant(0), constant(0.5)),
            ])()
          : dice.of<() => Law>([() => beta(constant(2), constant(3)), () => uniform(constant(0), one), () => beta(one, one)])();
    this.lines.push(`sample ${name} ~ ${prior.text}`);
    this.continuous.push({ name, element: null, low, high });
    this.steps.push((s) => prior.log(s.numbers[name]!, s, 0));
    this.add(kind, false, value);
  }

  /** Labels of rows, a chain of them, or a single integer. */
  integers(): void {
    const { dice } = this;
    const each = (values: readonly number[], name: string): void => {
      for (let n = 0; n < rows; n++) this.discrete.push({ name, element: n, values });
      this.add('int', true, { text: `${name}[n]`, at: (s, n) => s.lists[name]![n]! });
      this.add('int', false, { text: `${name}[1]`, at: (s) => s.lists[name]![1]! });
    };
    dice.of<() => void>([
      () => {
        const p = this.unit(false),
          own = bernoulli(p);
        this.lines.push(`for n in 0..<N { sample z[n] ~ ${own.text} }`);
        this.steps.push((s) => sumRows((n) => own.log(s.lists['z']![n]!, s, n)));
        each([0, 1], 'z');
      },
      () => {
        const p = this.unit(false),
          q = this.unit(false);
        this.lines.push(
          `sample z[0] ~ Bernoulli(0.4)`,
          `for n in 1..<N { sample z[n] ~ Bernoulli(z[n - 1] == 1 ? ${p.text} : ${q.text}) }`,
        );
        this.steps.push((s) =>
          sumRows((n) => {
            const z = s.lists['z']!,
              chance = n === 0 ? 0.4 : z[n - 1] === 1 ? p.at(s, n) : q.at(s, n);
            return chance >= 0 && chance <= 1 ? Math.log(z[n] === 1 ? chance : 1 - chance) : -Infinity;
          }),
        );
        each([0, 1], 'z');
      },
      () => {
        const weights = [0.2, 0.5, 0.3];
        this.lines.push(`for n in 0..<N { sample z[n] ~ Categorical([${weights.join(', ')}]) }`);
        this.steps.push((s) => sumRows((n) => Math.log(weights[s.lists['z']![n]!]!)));
        each([0, 1, 2], 'z');
      },
      () => {
        const own = dice.of<() => Law>([
          () => discreteUniform(constant(0), constant(3)),
          () => binomial(constant(3), this.unit(false)),
          () => bernoulli(this.unit(false)),
        ])();
        this.lines.push(`sample k ~ ${own.text}`);
        this.discrete.push({ name: 'k', element: null, values: own.text.startsWith('Bernoulli') ? [0, 1] : [0, 1, 2, 3] });
        this.steps.push((s) => own.log(s.numbers['k']!, s, 0));
        this.add('int', false, { text: 'k', at: (s) => s.numbers['k']! });
      },
    ])();
    if (this.discrete.length < 2 || !dice.chance(0.4)) return;
    // A list by label; its elements may be unknowns.
    const others = this.known(['real', 'positive', 'unit'], false),
      entries = [0, 1, 2].map((k) => (others.length > 0 && dice.chance(0.5) ? dice.of(others) : constant([-1, 1, 2][k]!)));
    entries.forEach((e, k) => this.lines.push(`let w[${k}] = ${e.text}`));
    this.add('real', true, { text: 'w[z[n]]', at: (s, n) => entries[s.lists['z']![n]!]!.at(s, n) });
  }

  covariate(hasGap: boolean): void {
    const { dice } = this,
      gap = hasGap ? dice.below(rows) : -1;
    const values = Array.from({ length: rows }, (_, n) => (n === gap ? null : dice.of([-1, -0.5, 0.4, 0.7, 1.2, 2])));
    this.data['x'] = values;
    this.lines.unshift('data x: real[N]');
    if (hasGap) {
      const own = dice.of<() => Law>([
        () => normal(this.real(true, 1), this.positive(true)),
        () => normal(this.real(false, 0), constant(1)),
        () => laplace(this.real(true, 1), constant(1)),
      ])();
      this.lines.push(`for n in 0..<N { observe x[n] ~ ${own.text} }`);
      this.steps.push((s) => sumRows((n) => own.log(s.lists['x']![n]!, s, n)));
      this.continuous.push({ name: 'x', element: gap, low: -Infinity, high: Infinity });
    }
    this.add('real', true, { text: 'x[n]', at: (s, n) => s.lists['x']![n]! });
  }

  recursion(): void {
    const { dice } = this;
    const drive = this.real(true, 1),
      c = dice.of([0.5, 1, -0.7]);
    this.lines.push('let h[0] = 0.3', `for n in 1..<N { let h[n] = ${c} * h[n - 1] + ${drive.text} }`);
    this.steps.push((s) => {
      const h = (s.lists['h'] ??= [0.3]);
      for (let n = 1; n < rows; n++) h[n] = c * h[n - 1]! + drive.at(s, n);
      return 0;
    });
    this.add('real', true, { text: 'h[n]', at: (s, n) => s.lists['h']![n]! });
    this.add('real', false, { text: 'h[2]', at: (s) => s.lists['h']![2]! });
  }

  definition(): void {
    const t = this.real(false, 2);
    this.lines.push(`let d = ${t.text}`);
    this.steps.push((s) => {
      s.numbers['d'] = t.at(s, 0);
      return 0;
    });
    this.add('real', false, { text: 'd', at: (s) => s.numbers['d']! });
  }

  observation(): void {
    const { dice } = this,
      name = `y${this.columns++}`,
      inRow = dice.chance(0.75);
    const made = dice.of<() => { readonly law: Law; readonly type: string; readonly values: readonly number[] }>([
      () => ({ law: normal(this.real(inRow, 2), this.positive(inRow)), type: 'real', values: [-0.5, 0.3, 1.2, 2.1] }),
      () => ({ law: normal(this.real(inRow, 2), constant(dice.of([0.5, 1]))), type: 'real', values: [-0.5, 0.3, 1.2, 2.1] }),
      () => ({ law: normal(this.real(inRow, 1), constant(1)), type: 'real', values: [-0.5, 0.3, 1.2, 2.1] }),
      () => ({ law: laplace(this.real(inRow, 1), this.positive(inRow)), type: 'real', values: [-0.5, 0.3, 1.2, 2.1] }),
      () => ({ law: studentT(constant(4), this.real(inRow, 1), constant(1)), type: 'real', values: [-0.5, 0.3, 1.2, 2.1] }),
      () => ({ law: poisson(this.positive(inRow)), type: 'int', values: [0, 1, 2, 4] }),
      () => ({ law: bernoulli(this.unit(inRow)), type: 'int', values: [0, 1] }),
      () => ({ law: binomial(constant(4), this.unit(inRow)), type: 'int', values: [0, 1, 2, 4] }),
      () => ({ law: geometric(this.unit(inRow)), type: 'int', values: [0, 1, 3] }),
      () => ({ law: exponential(this.positive(inRow)), type: 'real', values: [0.2, 0.9, 2] }),
      () => ({ law: gamma(constant(2), this.positive(inRow)), type: 'real', values: [0.2, 0.9, 2] }),
      () => ({ law: inverseGamma(constant(2), this.positive(inRow)), type: 'real', values: [0.2, 0.9, 2] }),
    ])();
    if (inRow) {
      const y = Array.from({ length: rows }, () => dice.of(made.values));
      this.data[name] = y;
      this.lines.unshift(`data ${name}: ${made.type}[N]`);
      const isPartial = dice.chance(0.25),
        observed = `observe ${name}[n] ~ ${made.law.text}`;
      this.lines.push(`for n in 0..<N { ${isPartial ? `if on[n] == 1 { ${observed} }` : observed} }`);
      this.steps.push((s) => sumRows((n) => (isPartial && on[n] === 0 ? 0 : made.law.log(y[n]!, s, n))));
      if (isPartial && this.data['on'] === undefined) {
        this.data['on'] = on;
        this.lines.unshift('data on: int[N]');
      }
    } else {
      const y = dice.of(made.values);
      this.data[name] = y;
      this.lines.unshift(`data ${name}: ${made.type}`);
      this.lines.push(`observe ${name} ~ ${made.law.text}`);
      this.steps.push((s) => made.law.log(y, s, 0));
    }
  }

  factor(): void {
    const t = this.real(false, 1);
    this.lines.push(`factor -0.5 * (${t.text})^2`);
    this.steps.push((s) => -0.5 * t.at(s, 0) ** 2);
  }

  report(): void {
    const t = this.real(false, 2);
    this.lines.push(`report r = ${t.text}`);
    this.reports.push({ name: 'r', at: (s) => t.at(s, 0) });
  }
}

function sumRows(f: (n: number) => number): number {
  let sum = 0;
  for (let n = 0; n < rows; n++) sum += f(n);
  return sum;
}

/** At most two continuous unknowns, and three labels or one integer. */
export function smallProgram(dice: Dice): SmallProgram {
  const w = new Writer(dice);
  w.lines.push('data N: int');
  w.data['N'] = rows;
  const hasGap = dice.chance(0.3),
    scalars = hasGap ? 1 : dice.of([0, 1, 1, 2, 2]),
    hasIntegers = scalars === 0 || dice.chance(0.5);
  const parts: (() => void)[] = [];
  if (scalars > 0) w.scalarUnknown('a');
  if (hasIntegers) parts.push(() => w.integers());
  if (scalars > 1) parts.push(() => w.scalarUnknown('b'));
  if (parts.length === 2 && dice.chance(0.5)) parts.reverse();
  if (dice.chance(0.5) || hasGap) parts.splice(dice.below(parts.length + 1), 0, () => w.covariate(hasGap));
  for (const part of parts) part();
  if (dice.chance(0.3)) w.recursion();
  if (dice.chance(0.3)) w.definition();
  for (let k = dice.of([1, 1, 2, 3]); k > 0; k--) w.observation();
  if (dice.chance(0.1)) w.factor();
  if (dice.chance(0.4)) w.report();
  const { continuous, discrete, reports, steps, data, param } = w;
  return {
    source: w.lines.join('\n'),
    data,
    continuous,
    discrete,
    param,
    reports,
    start: () => ({
      numbers: Object.fromEntries([...continuous, ...discrete].filter((u) => u.element === null).map((u) => [u.name, 0])),
      lists: {
        ...(data['x'] === undefined ? {} : { x: (data['x'] as readonly (number | null)[]).map((v) => v ?? 0) }),
        ...(discrete.some((u) => u.name === 'z') ? { z: Array.from({ length: rows }, () => 0) } : {}),
      },
    }),
    logDensity(s) {
      let sum = 0;
      for (const step of steps) {
        sum += step(s);
        if (sum === -Infinity) return sum;
      }
      return sum;
    },
  };
}
