/**
 * Random programs of a few unknowns, each written together with its joint density in plain arithmetic: laws and terms carry
 * their formula beside their text. Nothing of the compiler is asked what a program means.
 */
import type { Dice } from './dice.js';
import {
  bernoulli,
  beta,
  binomial,
  censoredNormal,
  constant,
  discreteUniform,
  exponential,
  gamma,
  geometric,
  halfNormal,
  inverseGamma,
  laplace,
  type Law,
  logistic,
  logNormal,
  mixtureOf,
  negativeBinomial,
  normal,
  poisson,
  type State,
  studentT,
  type Term,
  truncatedNormal,
  uniform,
  weibull,
} from './smallLaws.js';

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
/** The group of each row. */
const groups = [0, 1, 0];

class Writer {
  readonly lines: string[] = [];
  readonly data: Record<string, unknown> = {};
  readonly continuous: Continuous[] = [];
  readonly discrete: Discrete[] = [];
  readonly reports: { readonly name: string; readonly at: (s: State) => number }[] = [];
  param: string | null = null;
  /** The kind of the elements of u, where there is one. */
  vector: 'real' | 'positive' | 'unit' | null = null;
  /** Of lists that hold unknowns. */
  readonly sizes: Record<string, number> = {};
  /** In the order of the program: definitions, and log densities. */
  readonly steps: ((s: State) => number)[] = [];
  private readonly dice: Dice;
  private readonly names: { readonly kind: 'real' | 'positive' | 'unit' | 'int'; readonly perRow: boolean; readonly term: Term }[] = [];
  /** Unknowns that are 0 or 1. */
  private readonly labels: { readonly perRow: boolean; readonly term: Term }[] = [];
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

  /** What a label chooses, as a sum: one of two, or the first and else nothing. Null where there is no label. */
  private chosen(inRow: boolean, part: () => Term, orNothing: boolean): Term | null {
    const { dice } = this,
      labels = this.labels.filter(({ perRow }) => inRow || !perRow);
    if (labels.length === 0) return null;
    const { term: z } = dice.of(labels),
      t = part();
    if (orNothing) {
      const text = dice.of([`(${z.text} * ${t.text})`, `(${t.text} * ${z.text})`, `((${z.text} == 1) * ${t.text})`]);
      return { text, at: (s, n) => z.at(s, n) * t.at(s, n) };
    }
    const u = part();
    const text = dice.of([
      `(${z.text} * ${t.text} + (1 - ${z.text}) * ${u.text})`,
      `(${u.text} + ${z.text} * (${t.text} - ${u.text}))`,
      `((${z.text} == 1) * ${t.text} + (${z.text} == 0) * ${u.text})`,
    ]);
    return { text, at: (s, n) => (z.at(s, n) === 1 ? t.at(s, n) : u.at(s, n)) };
  }
  /** A probability that may be 0. */
  private chance(inRow: boolean): Term {
    const chosen = this.dice.chance(0.3) ? this.chosen(inRow, () => this.unit(inRow), true) : null;
    return chosen ?? this.unit(inRow);
  }
  /** A rate that may be 0. */
  private rate(inRow: boolean): Term {
    const chosen = this.dice.chance(0.3) ? this.chosen(inRow, () => this.positive(inRow), true) : null;
    return chosen ?? this.positive(inRow);
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
      known = this.known(['positive'], inRow),
      chosen = dice.chance(0.15) ? this.chosen(inRow, () => this.positive(inRow), false) : null;
    if (chosen !== null) return chosen;
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
      known = this.known(['unit'], inRow),
      chosen = dice.chance(0.15) ? this.chosen(inRow, () => this.unit(inRow), false) : null;
    if (chosen !== null) return chosen;
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
            () => mixtureOf(this.unit(false), normal(constant(-1), one), normal(constant(1.5), constant(0.5))),
          ])()
        : kind === 'positive'
          ? dice.of<() => Law>([
              () => gamma(constant(dice.of([2, 3])), this.positive(false)),
              () => gamma(constant(2), constant(1)),
              () => inverseGamma(constant(3), constant(2)),
              () => exponential(this.positive(false)),
              () => halfNormal(one),
              () => logNormal(constant(0), constant(0.5)),
              () => truncatedNormal(this.real(false, 1), one, 0),
            ])()
          : dice.of<() => Law>([() => beta(constant(2), constant(3)), () => uniform(constant(0), one), () => beta(one, one)])();
    this.lines.push(`sample ${name} ~ ${prior.text}`);
    this.continuous.push({ name, element: null, low, high });
    this.steps.push((s) => prior.log(s.numbers[name]!, s, 0));
    this.add(kind, false, value);
  }

  /** Two numbers: of groups, jointly Normal, or probabilities that add up to 1. */
  vectorUnknown(): void {
    const { dice } = this,
      name = 'u';
    const kind = dice.of<() => 'real' | 'positive' | 'unit'>([
      () => {
        const m = this.real(false, 1),
          sd = this.positive(false),
          own = dice.of([normal(m, sd), normal(m, constant(1)), laplace(m, constant(1))]);
        this.lines.push(`for g in 0..<2 { sample u[g] ~ ${own.text} }`);
        this.steps.push((s) => own.log(s.lists[name]![0]!, s, 0) + own.log(s.lists[name]![1]!, s, 0));
        return 'real';
      },
      () => {
        const own = dice.of([gamma(constant(2), this.positive(false)), logNormal(constant(0), constant(0.5)), halfNormal(constant(1))]);
        this.lines.push(`for g in 0..<2 { sample u[g] ~ ${own.text} }`);
        this.steps.push((s) => own.log(s.lists[name]![0]!, s, 0) + own.log(s.lists[name]![1]!, s, 0));
        return 'positive';
      },
      () => {
        const m = this.real(false, 1),
          sd = this.positive(false),
          first = normal(m, sd),
          second = normal({ text: '', at: (s, n) => 0.7 * s.lists[name]![0]! + m.at(s, n) }, sd);
        this.lines.push(`for g in 0..<2 { sample u[g] ~ Normal(g > 0 ? 0.7 * u[g - 1] + ${m.text} : ${m.text}, ${sd.text}) }`);
        this.steps.push((s) => first.log(s.lists[name]![0]!, s, 0) + second.log(s.lists[name]![1]!, s, 0));
        return 'real';
      },
      () => {
        const m = this.real(false, 1);
        this.lines.push(`sample u ~ MvNormal([${m.text}, 0.5], [[1, 0.4], [0.4, 2]])`);
        this.steps.push((s) => {
          const [a, b] = [s.lists[name]![0]! - m.at(s, 0), s.lists[name]![1]! - 0.5],
            determinant = 2 - 0.16;
          return -Math.log(2 * Math.PI) - 0.5 * Math.log(determinant) - (0.5 * (2 * a * a - 0.8 * a * b + b * b)) / determinant;
        });
        return 'real';
      },
      () => {
        const [a, b] = [dice.of([1, 2]), dice.of([2, 3])],
          own = beta(constant(a), constant(b));
        this.lines.push(`sample u ~ Dirichlet([${a}, ${b}])`);
        this.steps.push((s) => {
          const u = s.lists[name]!;
          u[1] = 1 - u[0]!;
          return own.log(u[0]!, s, 0);
        });
        return 'unit';
      },
    ])();
    const isJoint = kind === 'unit';
    for (const element of isJoint ? [0] : [0, 1])
      this.continuous.push({ name, element, low: kind === 'real' ? -Infinity : 0, high: kind === 'unit' ? 1 : Infinity });
    this.sizes[name] = 2;
    for (const k of [0, 1]) this.add(kind, false, { text: `u[${k}]`, at: (s) => s.lists[name]![k]! });
    if (dice.chance(0.5)) {
      this.data['group'] = groups;
      this.lines.unshift('data group: int[N]');
      this.add(kind, true, { text: 'u[group[n]]', at: (s, n) => s.lists[name]![groups[n]!]! });
      this.add('real', true, { text: '(n > 0 ? u[group[n - 1]] : 0.5)', at: (s, n) => (n > 0 ? s.lists[name]![groups[n - 1]!]! : 0.5) });
    }
    if (!isJoint && dice.chance(0.3)) this.add('real', false, { text: 'sum(u)', at: (s) => s.lists[name]![0]! + s.lists[name]![1]! });
    this.vector = kind;
  }

  /** Ways to read a list of integers of which each row has one. */
  private readingsOf(name: string, isBinary: boolean): void {
    const { dice } = this,
      list = (s: State): number[] => s.lists[name]!;
    const own: Term = { text: `${name}[n]`, at: (s, n) => list(s)[n]! };
    this.add('int', true, own);
    if (isBinary) this.labels.push({ perRow: true, term: own });
    this.add('int', false, { text: `${name}[1]`, at: (s) => list(s)[1]! });
    if (dice.chance(0.2)) this.add('int', false, { text: `sum(${name}[i] for i in 0..<N)`, at: (s) => list(s).reduce((a, b) => a + b, 0) });
    if (dice.chance(0.2))
      this.add('int', true, {
        text: `sum(${name}[i] for i in 0..<n)`,
        at: (s, n) =>
          list(s)
            .slice(0, n)
            .reduce((a, b) => a + b, 0),
      });
    if (dice.chance(0.2)) this.add('int', true, { text: `(n > 0 ? ${name}[n - 1] : 0)`, at: (s, n) => (n > 0 ? list(s)[n - 1]! : 0) });
    const { vector } = this;
    if (isBinary && vector !== null)
      for (let times = 0; times < 2; times++) this.add(vector, true, { text: `u[${name}[n]]`, at: (s, n) => s.lists['u']![list(s)[n]!]! });
  }

  /** Labels of rows, a chain of them, or a single integer. */
  integers(): void {
    const { dice } = this;
    const each = (values: readonly number[], name: string): void => {
      for (let n = 0; n < rows; n++) this.discrete.push({ name, element: n, values });
      this.sizes[name] = rows;
      this.readingsOf(name, values.length === 2);
    };
    dice.of<() => void>([
      ...(this.vector === 'unit'
        ? [
            () => {
              this.lines.push('for n in 0..<N { sample z[n] ~ Categorical(u) }');
              this.steps.push((s) => sumRows((n) => Math.log(s.lists['u']![s.lists['z']![n]!]!)));
              each([0, 1], 'z');
            },
          ]
        : []),
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
        const k: Term = { text: 'k', at: (s) => s.numbers['k']! };
        this.add('int', false, k);
        if (own.text.startsWith('Bernoulli')) this.labels.push({ perRow: false, term: k });
      },
    ])();
    if (this.discrete.length < 2 || !dice.chance(0.4)) return;
    // A list by label; its elements may be unknowns.
    const others = this.known(['real', 'positive', 'unit'], false),
      entries = [0, 1, 2].map((k) => (others.length > 0 && dice.chance(0.5) ? dice.of(others) : constant([-1, 1, 2][k]!)));
    entries.forEach((e, k) => this.lines.push(`let w[${k}] = ${e.text}`));
    this.add('real', true, { text: 'w[z[n]]', at: (s, n) => entries[s.lists['z']![n]!]!.at(s, n) });
  }

  /** A column of counts of which one is missing. */
  counts(): void {
    const { dice } = this,
      gap = dice.below(rows),
      isBinary = dice.chance(0.6);
    this.data['c'] = Array.from({ length: rows }, (_, n) => (n === gap ? null : dice.of(isBinary ? [0, 1] : [0, 1, 2])));
    this.lines.unshift('data c: int[N]');
    const own = isBinary ? bernoulli(this.chance(true)) : binomial(constant(2), this.chance(true));
    this.lines.push(`for n in 0..<N { observe c[n] ~ ${own.text} }`);
    this.steps.push((s) => sumRows((n) => own.log(s.lists['c']![n]!, s, n)));
    this.discrete.push({ name: 'c', element: gap, values: isBinary ? [0, 1] : [0, 1, 2] });
    this.sizes['c'] = rows;
    this.readingsOf('c', isBinary);
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
      this.sizes['x'] = rows;
    }
    const at = (s: State, n: number): number => (hasGap ? s.lists['x']![n]! : values[n]!);
    this.add('real', true, { text: 'x[n]', at });
    if (dice.chance(0.3)) this.add('real', true, { text: '(n > 0 ? x[n - 1] : 0.5)', at: (s, n) => (n > 0 ? at(s, n - 1) : 0.5) });
    if (dice.chance(0.2)) this.add('real', false, { text: 'sum(x)', at: (s) => sumRows((n) => at(s, n)) });
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
      () => ({ law: poisson(this.rate(inRow)), type: 'int', values: [0, 1, 2, 4] }),
      () => ({ law: bernoulli(this.chance(inRow)), type: 'int', values: [0, 1] }),
      () => ({ law: binomial(constant(4), this.chance(inRow)), type: 'int', values: [0, 1, 2, 4] }),
      () => ({ law: geometric(this.unit(inRow)), type: 'int', values: [0, 1, 3] }),
      () => ({ law: exponential(this.positive(inRow)), type: 'real', values: [0.2, 0.9, 2] }),
      () => ({ law: gamma(constant(2), this.positive(inRow)), type: 'real', values: [0.2, 0.9, 2] }),
      () => ({ law: inverseGamma(constant(2), this.positive(inRow)), type: 'real', values: [0.2, 0.9, 2] }),
      () => ({ law: weibull(constant(dice.of([1.5, 2])), this.positive(inRow)), type: 'real', values: [0.2, 0.9, 2] }),
      () => ({ law: negativeBinomial(constant(2), this.unit(inRow)), type: 'int', values: [0, 1, 3] }),
      () => ({ law: truncatedNormal(this.real(inRow, 1), constant(1), -1), type: 'real', values: [-0.5, 0.3, 2.1] }),
      () => ({ law: censoredNormal(this.real(inRow, 1), this.positive(inRow), 1), type: 'real', values: [-0.5, 0.3, 1] }),
      () => ({
        law: mixtureOf(this.unit(inRow), normal(this.real(inRow, 1), constant(1)), normal(constant(1), this.positive(inRow))),
        type: 'real',
        values: [-0.5, 0.3, 1.2, 2.1],
      }),
    ])();
    if (inRow) {
      const missing = dice.chance(0.15) ? dice.below(rows) : -1,
        y = Array.from({ length: rows }, () => dice.of(made.values));
      // What nothing else reads may be missing: the unknowns do not hear of it.
      this.data[name] = y.map((value, n) => (n === missing ? null : value));
      this.lines.unshift(`data ${name}: ${made.type}[N]`);
      const isPartial = dice.chance(0.25),
        observed = `observe ${name}[n] ~ ${made.law.text}`;
      this.lines.push(`for n in 0..<N { ${isPartial ? `if on[n] == 1 { ${observed} }` : observed} }`);
      this.steps.push((s) => sumRows((n) => ((isPartial && on[n] === 0) || n === missing ? 0 : made.law.log(y[n]!, s, n))));
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

/** At most two continuous unknowns, three labels or one integer, and a missing count. */
export function smallProgram(dice: Dice): SmallProgram {
  const w = new Writer(dice);
  w.lines.push('data N: int');
  w.data['N'] = rows;
  const hasGap = dice.chance(0.3),
    hasVector = !hasGap && dice.chance(0.3),
    scalars = hasVector ? 0 : hasGap ? 1 : dice.of([0, 1, 1, 2, 2]),
    hasIntegers = (scalars === 0 && !hasVector) || dice.chance(0.5);
  const parts: (() => void)[] = [];
  if (scalars > 0) w.scalarUnknown('a');
  if (hasVector) w.vectorUnknown();
  if (hasIntegers) parts.push(() => w.integers());
  if (scalars > 1) parts.push(() => w.scalarUnknown('b'));
  if (parts.length === 2 && dice.chance(0.5)) parts.reverse();
  if (dice.chance(0.5) || hasGap) parts.splice(dice.below(parts.length + 1), 0, () => w.covariate(hasGap));
  if (dice.chance(0.15)) parts.push(() => w.counts());
  for (const part of parts) part();
  if (dice.chance(0.3)) w.recursion();
  if (dice.chance(0.3)) w.definition();
  for (let k = dice.of([1, 1, 2, 3]); k > 0; k--) w.observation();
  if (dice.chance(0.1)) w.factor();
  if (dice.chance(0.4)) w.report();
  const { continuous, discrete, reports, steps, data, param, sizes } = w;
  return {
    source: w.lines.join('\n'),
    data,
    continuous,
    discrete,
    param,
    reports,
    start: () => ({
      numbers: Object.fromEntries([...continuous, ...discrete].filter((u) => u.element === null).map((u) => [u.name, 0])),
      lists: Object.fromEntries(
        Object.entries(sizes).map(([name, size]) => [
          name,
          ((data[name] as readonly (number | null)[] | undefined) ?? Array.from({ length: size }, () => null)).map((v) => v ?? 0),
        ]),
      ),
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
