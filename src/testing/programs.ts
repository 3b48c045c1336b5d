/**
 * Random well-typed programs with data they accept.
 *
 * A program is a list of fragments; each fragment adds statements and data, and may read what earlier
 * fragments declared (`Scope`). Every choice is a number of the fragment's own list, so that fast-check
 * shrinks a failing program to few fragments with small choices. Values of data come from a small
 * stream of the fragment's seed.
 */
import type * as FastCheck from 'fast-check';
import type { FastCheckModule } from './fastCheck.js';

/** A program with data it can be run on. */
export interface RandomProgram {
  /** Its text. */
  readonly source: string;
  /** Values of everything it declares. */
  readonly data: Readonly<Record<string, unknown>>;
  /** Statements `factor` and `param`, or data observed through expressions: cannot be simulated. */
  readonly simulable: boolean;
}

/** Decisions of a fragment, and where its data come from. */
export interface Choices {
  readonly numbers: readonly number[];
  readonly seed: number;
}
/** One statement or a few that belong together, by the name of what makes them. */
export interface Fragment extends Choices {
  readonly kind: string;
}

/** A fragment's decisions and data. */
class Choice {
  private readonly numbers: readonly number[];
  private next = 0;
  private state: number;

  constructor({ numbers, seed }: Choices) {
    this.numbers = numbers;
    this.state = ((seed + 1) * 0x9e3779b1) | 0;
  }

  /** A choice that shrinks to 0. */
  below(n: number): number {
    return (this.numbers[this.next++ % this.numbers.length] ?? 0) % n;
  }
  between(low: number, high: number): number {
    return low + this.below(high - low + 1);
  }
  of<T>(list: readonly T[]): T {
    return list[this.below(list.length)]!;
  }
  likely(): boolean {
    return this.below(4) !== 3;
  }
  chance(): boolean {
    return this.below(2) === 1;
  }

  uniform(): number {
    this.state = (this.state + 0x6d2b79f5) | 0;
    let t = Math.imul(this.state ^ (this.state >>> 15), 1 | this.state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  }
  /** Data with three digits, so that a printed program is short. */
  normal(): number {
    return Number((Math.sqrt(-2 * Math.log(1 - this.uniform())) * Math.cos(2 * Math.PI * this.uniform())).toPrecision(3));
  }
  positive(): number {
    return Number((0.1 + 2 * this.uniform()).toPrecision(3));
  }
  unit(): number {
    return Number((0.02 + 0.96 * this.uniform()).toPrecision(3));
  }
  integer(n: number): number {
    return Math.floor(n * this.uniform());
  }
  list<T>(n: number, f: (k: number) => T): T[] {
    return Array.from({ length: n }, (_, k) => f(k));
  }
  simplex(n: number): number[] {
    const x = this.list(n, () => this.positive());
    const sum = x.reduce((a, b) => a + b, 0);
    return x.map((y) => y / sum);
  }
}

/** Names that mean something to the host language, to packages or to nobody. */
const oddNames = [
  'constructor',
  'toString',
  '__proto__',
  'hasOwnProperty',
  'valueOf',
  'μ',
  'Σ',
  'beta',
  'T',
  'mean',
  'scale',
  'Normal',
  'lambda',
  'arguments',
  'this',
  'sum',
  'x',
  'random',
  'memory',
  'exports',
  'Math',
];

/** What earlier fragments declared. */
class Scope {
  readonly lines: string[] = [];
  readonly data = Object.create(null) as Record<string, unknown>;
  /** Scalar expressions of each support that may be read anywhere. */
  readonly reals: string[] = [];
  readonly positives: string[] = [];
  readonly units: string[] = [];
  readonly counts: string[] = [];
  /** Latents that may be conditioned on. */
  readonly scalars: string[] = [];
  simulable = true;
  private number = 0;

  name(choice: Choice, base: string): string {
    this.number++;
    if (choice.below(6) === 5) {
      const odd = choice.of(oddNames);
      if (!this.taken.has(odd)) {
        this.taken.add(odd);
        return odd;
      }
    }
    return `${base}${this.number}`;
  }
  private readonly taken = new Set<string>();

  add(...lines: readonly string[]): void {
    this.lines.push(...lines);
  }

  /** A declared datum; its dimensions must already be in the text or be bare names. */
  datum(choice: Choice, base: string, type: string, value: unknown): string {
    const name = this.name(choice, base);
    this.add(`data ${name}: ${type}`);
    Object.defineProperty(this.data, name, { value, enumerable: true, configurable: true });
    return name;
  }
  /** A fresh size bound by the data that is declared with it. */
  size(): string {
    return `N${++this.number}`;
  }
}

const number = (x: number): string => (x < 0 ? `(${x})` : String(x));

function real(choice: Choice, scope: Scope, depth = 2): string {
  const leaf = (): string => (scope.reals.length > 0 && choice.likely() ? choice.of(scope.reals) : number(choice.normal()));
  if (depth === 0) return leaf();
  switch (choice.below(12)) {
    case 0:
    case 1:
    case 2:
      return leaf();
    case 3:
    case 4:
      return `(${real(choice, scope, depth - 1)} + ${real(choice, scope, depth - 1)})`;
    case 5:
    case 6:
      return `${number(choice.normal())} * ${real(choice, scope, depth - 1)}`;
    case 7:
      return `(${leaf()} - ${leaf()} / ${number(choice.positive())})`;
    case 8:
      return `${leaf()} * ${leaf()}`;
    case 9:
      return `tanh(${leaf()})`;
    case 10:
      return `(${leaf()} > 0 ? ${leaf()} : ${leaf()})`;
    default:
      return `max(${leaf()}, ${leaf()})`;
  }
}
function positive(choice: Choice, scope: Scope): string {
  switch (choice.below(9)) {
    case 0:
    case 1:
    case 2:
      return scope.positives.length > 0 ? choice.of(scope.positives) : number(choice.positive());
    case 3:
    case 4:
      return number(choice.positive());
    case 5:
      return `exp(0.3 * ${real(choice, scope, 0)})`;
    case 6:
      return scope.positives.length > 0 ? `(${choice.of(scope.positives)} * ${number(choice.positive())})` : '0.7';
    case 7:
      return scope.positives.length > 0 ? `(${choice.of(scope.positives)} + 0.1)` : '1.3';
    default:
      return `(${real(choice, scope, 0)}^2 + 0.5)`;
  }
}
function unit(choice: Choice, scope: Scope): string {
  switch (choice.below(4)) {
    case 0:
    case 1:
      return scope.units.length > 0 ? choice.of(scope.units) : number(choice.unit());
    case 2:
      return `sigmoid(${real(choice, scope, 0)})`;
    default:
      return number(choice.unit());
  }
}

function scale(choice: Choice, scope: Scope): string {
  const s = positive(choice, scope);
  return choice.of([s, s, `variance: ${s}`, `precision: ${s}`]);
}
function realLaw(choice: Choice, scope: Scope): string {
  const m = real(choice, scope);
  switch (choice.below(10)) {
    case 5:
      return `StudentT(4, ${m}, ${positive(choice, scope)})`;
    case 6:
      return `Laplace(${m}, ${positive(choice, scope)})`;
    case 7:
      return `Cauchy(${m}, ${positive(choice, scope)})`;
    case 8:
      return `truncated(Normal(${m}, ${positive(choice, scope)}), ${number(-2 - choice.positive())}, ${choice.of(['inf', '9.5'])})`;
    case 9:
      return `mixture([0.3, 0.7], [Normal(${m}, 1), ${choice.of(['Normal', 'Laplace', 'Cauchy'])}(0, ${positive(choice, scope)})])`;
    default:
      return `Normal(${m}, ${scale(choice, scope)})`;
  }
}
function positiveLaw(choice: Choice, scope: Scope): string {
  const a = positive(choice, scope),
    b = positive(choice, scope);
  return choice.of([
    `Gamma(2, ${b})`,
    `InverseGamma(3, ${b})`,
    `Exponential(${b})`,
    `HalfNormal(${a})`,
    `HalfCauchy(${b})`,
    `LogNormal(${real(choice, scope, 1)}, 0.5)`,
    `Gamma(${a}, 1.5)`,
    `Gamma(mean: ${a}, sd: ${b})`,
    `Weibull(2, ${b})`,
    `ChiSquared(4)`,
    `Uniform(0.2, 4)`,
    `truncated(Normal(${real(choice, scope, 1)}, 2), 0, inf)`,
    `truncated(Gamma(2, ${b}), 0.1, 20)`,
    `Pareto(0.3, 3)`,
    `Exponential(scale: ${b})`,
  ]);
}
function unitLaw(choice: Choice, scope: Scope): string {
  return choice.of([
    `Beta(${positive(choice, scope)}, ${positive(choice, scope)})`,
    'Uniform(0, 1)',
    'Beta(mean: 0.4, concentration: 5)',
    `Beta(2, ${positive(choice, scope)})`,
  ]);
}

/** What is observed at each of some places: the law and a value it may have. */
function likelihood(
  choice: Choice,
  scope: Scope,
  mean: string,
): { readonly law: string; readonly type: string; value(): number; readonly continuous: boolean } {
  const p = positive(choice, scope);
  const realValue = (): number => choice.normal();
  switch (choice.below(12)) {
    case 4:
      return { law: `StudentT(3, ${mean}, ${p})`, type: 'real', value: realValue, continuous: true };
    case 5:
      return { law: `Laplace(${mean}, ${p})`, type: 'real', value: realValue, continuous: true };
    case 6:
      return { law: `Poisson(lograte: 0.3 * (${mean}))`, type: 'int', value: () => choice.integer(5), continuous: false };
    case 7:
      return { law: `Bernoulli(logit: ${mean})`, type: 'int', value: () => choice.integer(2), continuous: false };
    case 8:
      return { law: `Binomial(6, logit: ${mean})`, type: 'int', value: () => choice.integer(7), continuous: false };
    case 9:
      return {
        law: `NegativeBinomial(mean: exp(0.3 * (${mean})), overdispersion: ${p})`,
        type: 'int',
        value: () => choice.integer(6),
        continuous: false,
      };
    case 10:
      return { law: `Gamma(2, 2 / exp(0.3 * (${mean})))`, type: 'positive', value: () => choice.positive(), continuous: true };
    case 11:
      return { law: `LogNormal(${mean}, ${p})`, type: 'positive', value: () => choice.positive(), continuous: true };
    default:
      return { law: `Normal(${mean}, ${scale(choice, scope)})`, type: 'real', value: realValue, continuous: true };
  }
}
/** Values with some missing. */
function gapped(choice: Choice, values: readonly number[]): (number | null)[] {
  if (choice.below(4) !== 3) return [...values];
  return values.map((x) => (choice.integer(3) === 0 ? null : x));
}
function identity(n: number): number[][] {
  return Array.from({ length: n }, (_, i) => Array.from({ length: n }, (_unused, j) => Number(i === j)));
}

const fragments: Readonly<Record<string, (c: Choice, s: Scope) => void>> = {
  real(c: Choice, s: Scope) {
    const a = s.name(c, 'a');
    s.add(`sample ${a} ~ ${realLaw(c, s)}`);
    s.reals.push(a);
    s.scalars.push(a);
  },
  positive(c: Choice, s: Scope) {
    const a = s.name(c, 's');
    s.add(
      c.below(5) === 4
        ? `sample ${a}: positive ~ ${realLaw(c, s).replace(/^(mixture|truncated).*/, 'Normal(0, 2)')}`
        : `sample ${a} ~ ${positiveLaw(c, s)}`,
    );
    s.positives.push(a);
    s.scalars.push(a);
  },
  unit(c: Choice, s: Scope) {
    const p = s.name(c, 'p');
    s.add(`sample ${p} ~ ${unitLaw(c, s)}`);
    s.units.push(p);
    s.scalars.push(p);
  },
  observeScalar(c: Choice, s: Scope) {
    const like = likelihood(c, s, real(c, s));
    const y = s.datum(c, 'y', like.type, like.value());
    s.add(`observe ${y} ~ ${like.law}`);
  },
  regression(c: Choice, s: Scope) {
    const n = c.of([4, 1, 0, 2, 3, 12]),
      d = c.between(1, 3),
      N = s.size(),
      D = s.size(),
      w = s.name(c, 'w');
    const X = s.datum(c, 'X', `real[${N}, ${D}]`, n === 0 ? [] : c.list(n, () => c.list(d, () => c.normal())));
    if (n === 0) s.data[D] = d;
    const prior = c.below(4);
    s.add(
      [
        `sample ${w} ~ iid(Normal(0, ${positive(c, s)}), ${D})`,
        `sample ${w} ~ MvNormal(zeros(${D}), ${positive(c, s)} * eye(${D}))`,
        `for d in 0..<${D} { sample ${w}[d] ~ ${realLaw(c, s)} }`,
        `sample ${w} ~ MvNormal(zeros(${D}), precision: ${positive(c, s)} * eye(${D}))`,
      ][prior]!,
    );
    const like = likelihood(
      c,
      s,
      c.of([`${X}[n] @ ${w}`, `${real(c, s, 1)} + ${X}[n] @ ${w}`, `sum(${X}[n, j] * ${w}[j] for j in 0..<${D})`]),
    );
    const y = s.datum(c, 'y', `${like.type}[${N}]`, gapped(c, c.list(n, like.value)));
    if (c.chance() && prior !== 2)
      s.add(
        `observe ${y} ~ ${like.law.replace(`${X}[n]`, X).replace(`sum(${X}, j] * ${w}[j] for j in 0..<${D})`, `${X} @ ${w}`)}`.replace(
          /sum\(.* for j in [^)]*\)/,
          `${X} @ ${w}`,
        ),
      );
    else s.add(`for n in 0..<${N} { observe ${y}[n] ~ ${like.law} }`);
    s.reals.push(`${w}[0]`, `sum(${w})`);
    if (c.below(4) === 3) s.add(`for n in 0..<${N} { predict ${s.name(c, 'r')}[n] ~ ${like.law} }`);
  },
  groups(c: Choice, s: Scope) {
    const n = c.of([5, 0, 1, 20]),
      g = c.between(1, 3),
      N = s.size(),
      G = s.datum(c, 'G', 'int', g);
    const group = s.datum(
      c,
      'g',
      `int[${N}]`,
      c.list(n, () => c.integer(g)),
    );
    const b = s.name(c, 'b'),
      t = s.name(c, 't');
    const common = real(c, s, 1),
      spread = positive(c, s);
    const corner = c.below(5) === 4;
    if (corner) s.add(`let ${b}[0] = 0`);
    s.add(`for k in ${corner ? 1 : 0}..<${G} { sample ${b}[k] ~ Normal(${common}, ${spread}) }`);
    const two = c.below(3) === 2;
    if (two) s.add(`for k in 0..<${G} { sample ${t}[k] ~ ${positiveLaw(c, s)} }`);
    const like = likelihood(
      c,
      s,
      c.of([`${b}[${group}[n]]`, `${real(c, s, 1)} + ${b}[${group}[n]]`, `${number(c.normal())} * ${b}[${group}[n]]`]),
    );
    const y = s.datum(c, 'y', `${like.type}[${N}]`, gapped(c, c.list(n, like.value)));
    s.add(
      `for n in 0..<${N} {`,
      c.chance() ? `  let m = ${b}[${group}[n]]` : '',
      `  observe ${y}[n] ~ ${two && like.law.startsWith('Normal') ? `Normal(${b}[${group}[n]], ${t}[${group}[n]])` : like.law}`,
      '}',
    );
    s.reals.push(`${b}[0]`, `mean(${b})`);
    if (two) s.positives.push(`${t}[0]`);
  },
  nested(c: Choice, s: Scope) {
    const a = c.between(1, 3),
      b = c.of([2, 1, 3, 0]),
      A = s.size(),
      B = s.size(),
      m = s.name(c, 'm'),
      e = s.name(c, 'e');
    const like = likelihood(c, s, c.of([`${e}[i, j]`, `${m}[i] + ${e}[i, j]`, `${m}[i] * ${e}[i, j]`]));
    const y = s.datum(
      c,
      'y',
      `${like.type}[${A}, ${B}]`,
      c.list(a, () => gapped(c, c.list(b, like.value))),
    );
    s.add(
      `for i in 0..<${A} {`,
      `  sample ${m}[i] ~ ${realLaw(c, s)}`,
      `  for j in 0..<${B} {`,
      `    sample ${e}[i, j] ~ Normal(${c.of([`${m}[i]`, '0', `${m}[i] / 2`])}, ${positive(c, s)})`,
      `    observe ${y}[i, j] ~ ${like.law}`,
      '  }',
      '}',
    );
    s.reals.push(`${m}[0]`);
    if (c.chance()) s.add(`report ${s.name(c, 'q')} = [sum(${e}[i, j] for j in 0..<${B}) for i in 0..<${A}]`);
  },
  ragged(c: Choice, s: Scope) {
    const g = c.between(1, 3),
      G = s.size(),
      lengths = c.list(g, () => c.integer(4)),
      most = Math.max(1, ...lengths);
    const len = s.datum(c, 'len', `int[${G}]`, lengths),
      e = s.name(c, 'e'),
      h = s.name(c, 'h'),
      M = s.size();
    const like = likelihood(c, s, `${e}[i, j]`);
    const y = s.datum(
      c,
      'y',
      `${like.type}[${G}, ${M}]`,
      c.list(g, (i) => c.list(most, (j) => (j < lengths[i]! ? like.value() : null))),
    );
    const centre = real(c, s, 1);
    s.add(
      `for i in 0..<${G} {`,
      `  sample ${h}[i] ~ Normal(${centre}, 1)`,
      `  for j in 0..<${len}[i] {`,
      `    sample ${e}[i, j] ~ Normal(${h}[i], ${positive(c, s)})`,
      `    observe ${y}[i, j] ~ ${like.law}`,
      '  }',
      '}',
    );
    s.reals.push(`${h}[0]`);
  },
  chain(c: Choice, s: Scope) {
    const t = c.of([4, 1, 2, 11]),
      T = s.size(),
      z = s.name(c, 'z');
    const like = likelihood(c, s, c.of([`${z}[t]`, `${z}[t]^2 / 5`, `2 * ${z}[t] + ${real(c, s, 0)}`]));
    const y = s.datum(c, 'y', `${like.type}[${T}]`, gapped(c, c.list(t, like.value)));
    const step = c.of([
      `${z}[t-1]`,
      `0.9 * ${z}[t-1]`,
      `${real(c, s, 0)} + 0.5 * ${z}[t - 1]`,
      `0.7 * ${z}[t-1] + 0.5 * sin(${z}[t-1])`,
      `${real(c, s, 0)} * ${z}[t-1]`,
    ]);
    s.add(`sample ${z}[0] ~ Normal(${real(c, s, 1)}, 1)`, `for t in 1..<${T} { sample ${z}[t] ~ Normal(${step}, ${scale(c, s)}) }`);
    if (c.chance()) s.add(`observe ${y} ~ ${like.law.replaceAll(`${z}[t]`, z)}`);
    else s.add(`for t in 0..<${T} { observe ${y}[t] ~ ${like.law} }`);
    s.reals.push(`${z}[0]`, `${z}[${T} - 1]`);
  },
  backwards(c: Choice, s: Scope) {
    const t = c.of([4, 2, 9]),
      T = s.size(),
      z = s.name(c, 'z');
    const y = s.datum(
      c,
      'y',
      `real[${T}]`,
      c.list(t, () => c.normal()),
    );
    s.add(
      `for t in 0..<${T} - 1 { sample ${z}[t] ~ Normal(0.5 * ${z}[t+1], ${positive(c, s)}) }`,
      `sample ${z}[${T} - 1] ~ Normal(0, 1)`,
      `observe ${y} ~ Normal(${z}, 0.5)`,
    );
    s.reals.push(`${z}[0]`);
  },
  autoregression(c: Choice, s: Scope) {
    const t = c.of([5, 2, 12]),
      T = s.size();
    const values = c.list(t, () => c.normal());
    const y = s.datum(c, 'y', `real[${T}]`, gapped(c, values));
    s.add(
      `observe ${y}[0] ~ Normal(0, 2)`,
      `for t in 1..<${T} { observe ${y}[t] ~ Normal(${real(c, s, 1)} + ${real(c, s, 0)} * ${y}[t-1], ${scale(c, s)}) }`,
    );
  },
  recursion(c: Choice, s: Scope) {
    const t = c.of([4, 2, 10]),
      T = s.size(),
      h = s.name(c, 'h');
    const values = c.list(t, () => c.normal());
    const y = s.datum(c, 'y', `real[${T}]`, values);
    const word = c.of(['let', 'report', 'let']);
    s.add(
      `${word} ${h}[0] = ${c.of([real(c, s, 0), '1'])}`,
      `for t in 1..<${T} { ${word} ${h}[t] = ${c.of([`${real(c, s, 1)} + 0.5 * ${h}[t-1]`, `0.2 + 0.3 * ${y}[t-1]^2 + ${unit(c, s)} * ${h}[t-1]`])} }`,
      `for t in 0..<${T} { observe ${y}[t] ~ Normal(${c.of([`${h}[t], 1`, `0, abs(${h}[t]) + 0.1`])}) }`,
    );
  },
  mixture(c: Choice, s: Scope) {
    const n = c.of([5, 1, 0, 15]),
      k = c.between(1, 3),
      N = s.size(),
      K = s.datum(c, 'K', 'int', k),
      pi = s.name(c, 'pi'),
      mu = s.name(c, 'mu'),
      z = s.name(c, 'z'),
      sd = s.name(c, 'sd');
    const weights = c.below(3);
    if (weights === 0) s.add(`sample ${pi} ~ Dirichlet(fill(${number(c.positive())}, ${K}))`);
    else s.add(`let ${pi} = ${weights === 1 ? `fill(1 / ${K}, ${K})` : `softmax([${real(c, s, 0)} * k for k in 0..<${K}])`}`);
    const own = c.chance();
    s.add(
      c.below(5) === 4
        ? `sample ${mu}: ordered[${K}] ~ iid(Normal(0, 2), ${K})`
        : `for k in 0..<${K} { sample ${mu}[k] ~ ${realLaw(c, s)} }`,
    );
    if (own) s.add(`for k in 0..<${K} { sample ${sd}[k] ~ ${positiveLaw(c, s)} }`);
    const component = own
      ? `Normal(${mu}[${z}[n]], ${sd}[${z}[n]])`
      : likelihood(c, s, `${mu}[${z}[n]]`).law.replace(
          /^(Poisson|Bernoulli|Binomial|NegativeBinomial|Gamma|LogNormal).*/,
          `Normal(${mu}[${z}[n]], 1)`,
        );
    const y = s.datum(
      c,
      'y',
      `real[${N}]`,
      gapped(
        c,
        c.list(n, () => c.normal()),
      ),
    );
    s.add(`for n in 0..<${N} {`, `  sample ${z}[n] ~ Categorical(${pi})`, `  observe ${y}[n] ~ ${component}`, '}');
    s.reals.push(`${mu}[0]`);
    if (c.below(3) === 2)
      s.add(
        `report ${s.name(c, 'sizes')}[k0] = 0`.replace('[k0]', ''),
        `report ${s.name(c, 'count')} = [sum(${z}[n] == k for n in 0..<${N}) for k in 0..<${K}]`,
      );
  },
  marginalMixture(c: Choice, s: Scope) {
    const n = c.of([3, 1, 8]),
      k = c.between(1, 3),
      N = s.size(),
      mu = s.name(c, 'mu');
    const y = s.datum(
      c,
      'y',
      `real[${N}]`,
      c.list(n, () => c.normal()),
    );
    const K = s.datum(c, 'K', 'int', k);
    s.add(
      `sample ${mu} ~ iid(Normal(0, 2), ${K})`,
      `observe ${y} ~ mixture(fill(1 / ${K}, ${K}), Normal(${mu}[k], ${positive(c, s)}) for k in 0..<${K})`,
    );
    s.reals.push(`${mu}[0]`);
  },
  mvMixture(c: Choice, s: Scope) {
    const n = c.of([4, 1, 12]),
      k = c.between(1, 2),
      d = c.between(1, 2),
      N = s.size(),
      D = s.size();
    const x = s.datum(
        c,
        'x',
        `real[${N}, ${D}]`,
        c.list(n, () =>
          gapped(
            c,
            c.list(d, () => c.normal()),
          ),
        ),
      ),
      K = s.datum(c, 'K', 'int', k);
    const mu = s.name(c, 'mu'),
      z = s.name(c, 'z'),
      S = s.name(c, 'S'),
      pi = s.name(c, 'pi');
    const matrix = c.below(3);
    s.add(
      `sample ${pi} ~ Dirichlet(fill(2, ${K}))`,
      `for k in 0..<${K} {`,
      `  sample ${mu}[k] ~ MvNormal(zeros(${D}), 4 * eye(${D}))`,
      matrix === 1
        ? `  sample ${S}[k] ~ InverseWishart(${D} + 2, eye(${D}))`
        : matrix === 2
          ? `  sample ${S}[k] ~ Wishart(${D} + 1, eye(${D}))`
          : '',
      '}',
    );
    const second = matrix === 0 ? `${positive(c, s)} * eye(${D})` : matrix === 1 ? `${S}[${z}[n]]` : `precision: ${S}[${z}[n]]`;
    s.add(`for n in 0..<${N} {`, `  sample ${z}[n] ~ Categorical(${pi})`, `  observe ${x}[n] ~ MvNormal(${mu}[${z}[n]], ${second})`, '}');
    s.reals.push(`${mu}[0, 0]`);
    if (matrix > 0) s.positives.push(`${S}[0, 0, 0]`);
  },
  hiddenMarkov(c: Choice, s: Scope) {
    const t = c.of([4, 1, 9]),
      k = c.between(1, 3),
      T = s.size(),
      P = s.name(c, 'P'),
      z = s.name(c, 'z'),
      mu = s.name(c, 'mu'),
      K = s.datum(c, 'K', 'int', k);
    const y = s.datum(
      c,
      'y',
      `real[${T}]`,
      gapped(
        c,
        c.list(t, () => c.normal()),
      ),
    );
    s.add(
      `for k in 0..<${K} {`,
      `  sample ${P}[k] ~ Dirichlet(ones(${K}))`,
      `  sample ${mu}[k] ~ Normal(k, 1)`,
      '}',
      `sample ${z}[0] ~ Categorical(fill(1 / ${K}, ${K}))`,
      `for t in 1..<${T} { sample ${z}[t] ~ Categorical(${P}[${z}[t-1]]) }`,
      `for t in 0..<${T} { observe ${y}[t] ~ Normal(${mu}[${z}[t]], ${positive(c, s)}) }`,
    );
    s.units.push(`(0.01 + 0.98 * ${P}[0, 0])`);
  },
  covariance(c: Choice, s: Scope) {
    const n = c.of([4, 1, 0]),
      d = c.between(1, 3),
      N = s.size(),
      D = s.datum(c, 'D', 'int', d),
      S = s.name(c, 'S'),
      m = s.name(c, 'm');
    const precision = c.chance();
    s.add(
      `sample ${S} ~ ${precision ? 'Wishart' : 'InverseWishart'}(${D} + 2, ${c.of([`eye(${D})`, `${positive(c, s)} * eye(${D})`, `diag(fill(1.5, ${D}))`])})`,
      `sample ${m} ~ MvNormal(zeros(${D}), ${c.of([`eye(${D})`, precision ? `inverse(${S})` : S])})`,
    );
    const x = s.datum(
      c,
      'x',
      `real[${N}, ${D}]`,
      c.list(n, () =>
        gapped(
          c,
          c.list(d, () => c.normal()),
        ),
      ),
    );
    s.add(
      c.chance()
        ? `observe ${x} ~ MvNormal(${m}, ${precision ? 'precision: ' : ''}${S})`
        : `for n in 0..<${N} { observe ${x}[n] ~ MvNormal(${m}, ${precision ? 'precision: ' : ''}${S}) }`,
    );
    s.reals.push(`${m}[0]`, `logdet(${S})`);
    s.positives.push(`${S}[0, 0]`);
  },
  processes(c: Choice, s: Scope) {
    const n = c.between(1, 4),
      N = s.size(),
      f = s.name(c, 'f');
    const x = s.datum(
        c,
        'x',
        `real[${N}]`,
        c.list(n, (k) => k + c.unit()),
      ),
      l = positive(c, s);
    const y = s.datum(
      c,
      'y',
      `real[${N}]`,
      c.list(n, () => c.normal()),
    );
    s.add(
      `sample ${f} ~ MvNormal(zeros(${N}), [exp(-(${x}[i] - ${x}[j])^2 / (2 * ${l}^2)) + (i == j ? 0.1 : 0) for i in 0..<${N}, j in 0..<${N}])`,
      `observe ${y} ~ Normal(${f}, ${positive(c, s)})`,
    );
    s.reals.push(`${f}[0]`);
  },
  counts(c: Choice, s: Scope) {
    const n = c.of([3, 1, 0, 9]),
      k = c.between(2, 3),
      N = s.size(),
      K = s.datum(c, 'K', 'int', k),
      p = s.name(c, 'p');
    s.add(`sample ${p} ~ Dirichlet(${c.of([`fill(${positive(c, s)}, ${K})`, `[${positive(c, s)} + k for k in 0..<${K}]`])})`);
    if (c.chance()) {
      const y = s.datum(
        c,
        'y',
        `int[${N}]`,
        c.list(n, () => c.integer(k)),
      );
      s.add(`observe ${y} ~ Categorical(${p})`);
    } else {
      const total = c.between(0, 5);
      const y = s.datum(
        c,
        'y',
        `int[${N}, ${K}]`,
        c.list(n, () => {
          const row = c.list(k, () => 0);
          for (let i = 0; i < total; i++) row[c.integer(k)]! += 1;
          return row;
        }),
      );
      s.add(`for n in 0..<${N} { observe ${y}[n] ~ Multinomial(${total}, ${p}) }`);
    }
    s.units.push(`(0.01 + 0.98 * ${p}[0])`);
  },
  rates(c: Choice, s: Scope) {
    const n = c.of([3, 1, 0, 7]),
      N = s.size(),
      r = s.name(c, 'r');
    const exposure = s.datum(
      c,
      'e',
      `positive[${N}]`,
      c.list(n, () => c.positive()),
    );
    const y = s.datum(
      c,
      'y',
      `int[${N}]`,
      gapped(
        c,
        c.list(n, () => c.integer(6)),
      ),
    );
    s.add(
      `for n in 0..<${N} {`,
      `  sample ${r}[n] ~ Gamma(${positive(c, s)}, ${positive(c, s)})`,
      `  observe ${y}[n] ~ Poisson(${exposure}[n] * ${r}[n])`,
      '}',
    );
  },
  discrete(c: Choice, s: Scope) {
    const b = s.name(c, 'b'),
      kind = c.below(5),
      like = likelihood(c, s, `${number(c.normal())} * ${b} + ${real(c, s, 0)}`);
    s.add(
      `sample ${b} ~ ${[`Bernoulli(${unit(c, s)})`, 'DiscreteUniform(1, 4)', `Binomial(3, ${unit(c, s)})`, `Poisson(${positive(c, s)})`, `Geometric(${unit(c, s)})`][kind]!}`,
    );
    const y = s.datum(c, 'y', like.type, like.value());
    s.add(`observe ${y} ~ ${like.law}`);
    s.counts.push(b);
    if (kind === 0) s.reals.push(`(${b} ? ${real(c, s, 0)} : 1)`);
  },
  thinning(c: Choice, s: Scope) {
    const n = s.name(c, 'n'),
      y = s.datum(c, 'y', 'int', c.integer(4));
    s.add(`sample ${n} ~ Poisson(${positive(c, s)} + 2)`, `observe ${y} ~ Binomial(${n}, ${unit(c, s)})`);
  },
  branches(c: Choice, s: Scope) {
    const n = c.of([4, 1, 0]),
      N = s.size(),
      a = s.name(c, 'a');
    const kinds = s.datum(
      c,
      'kind',
      `int[${N}]`,
      c.list(n, () => c.integer(3)),
    );
    const y = s.datum(
      c,
      'y',
      `real[${N}]`,
      c.list(n, () => c.normal()),
    );
    s.add(
      `for n in 0..<${N} {`,
      `  if ${kinds}[n] == 0 { sample ${a}[n] ~ ${realLaw(c, s)} }`,
      `  else { if ${kinds}[n] == 1 { sample ${a}[n] ~ Normal(${real(c, s, 0)}, 2) } else { let ${a}[n] = ${real(c, s, 1)} } }`,
      `  observe ${y}[n] ~ Normal(${a}[n], ${positive(c, s)})`,
      '}',
    );
  },
  switched(c: Choice, s: Scope) {
    const flag = s.datum(c, 'flag', 'bool', c.chance()),
      a = s.name(c, 'a');
    s.add(`if ${flag} { sample ${a} ~ ${realLaw(c, s)} } else { sample ${a} ~ Normal(0, ${positive(c, s)}) }`);
    s.reals.push(a);
  },
  gapsInRegressors(c: Choice, s: Scope) {
    const n = c.of([5, 1, 9]),
      N = s.size();
    const x = s.datum(
      c,
      'x',
      `real[${N}]`,
      c.list(n, () => (c.integer(3) === 0 ? null : c.normal())),
    );
    const y = s.datum(
      c,
      'y',
      `real[${N}]`,
      gapped(
        c,
        c.list(n, () => c.normal()),
      ),
    );
    s.add(
      `for n in 0..<${N} {`,
      `  observe ${x}[n] ~ Normal(${real(c, s, 1)}, ${scale(c, s)})`,
      `  observe ${y}[n] ~ Normal(${real(c, s, 0)} + ${real(c, s, 0)} * ${x}[n], ${scale(c, s)})`,
      '}',
    );
  },
  conditioned(c: Choice, s: Scope) {
    const a = s.name(c, 'a');
    s.add(`sample ${a} ~ Normal(${real(c, s, 1)}, ${positive(c, s)})`);
    s.data[a] = c.normal();
    s.reals.push(a);
  },
  param(c: Choice, s: Scope) {
    const a = s.name(c, 'a'),
      n = c.between(2, 5),
      N = s.size();
    const y = s.datum(
      c,
      'y',
      `real[${N}]`,
      c.list(n, () => c.normal()),
    );
    if (c.chance()) {
      s.add(`param ${a}: real`, `observe ${y} ~ Normal(${a}, 1)`);
      s.reals.push(a);
    } else {
      s.add(`param ${a}: interval(0.1, 5)`, `observe ${y} ~ Normal(0, ${a})`);
      s.positives.push(a);
    }
    s.simulable = false;
  },
  factor(c: Choice, s: Scope) {
    s.add(`factor -0.5 * (${real(c, s)})^2`);
    s.simulable = false;
  },
  transformed(c: Choice, s: Scope) {
    const n = c.of([3, 1]),
      N = s.size(),
      x = s.datum(
        c,
        'x',
        `positive[${N}]`,
        c.list(n, () => c.positive()),
      ),
      l = s.name(c, 'l');
    s.add(`let ${l} = log(${x})`, `observe ${l} ~ Normal(${real(c, s, 1)}, ${positive(c, s)})`);
    s.simulable = false;
  },
  functions(c: Choice, s: Scope) {
    const f = `f${s.size()}`,
      m = s.name(c, 'm');
    s.add(
      `fn ${f}(u, v) = ${c.of(['u + 2 * v', 'u * v', 'u > v ? u : v', 'sum([u, v, 1])'])}`,
      `let ${m} = ${f}(${real(c, s, 1)}, ${real(c, s, 1)})`,
    );
    s.reals.push(m);
  },
  stickBreaking(c: Choice, s: Scope) {
    const k = c.between(2, 3),
      v = s.name(c, 'v'),
      w = s.name(c, 'w'),
      N = s.size(),
      z = s.name(c, 'z');
    const y = s.datum(
      c,
      'y',
      `real[${N}]`,
      c.list(c.between(1, 4), () => c.normal()),
    );
    s.add(
      `for k in 0..<${k - 1} { sample ${v}[k] ~ Beta(1, ${positive(c, s)}) }`,
      `for k in 0..<${k} { let ${w}[k] = (k < ${k - 1} ? ${v}[min(k, ${k - 2})] : 1) * prod(1 - ${v}[j] for j in 0..<k) }`,
      `for n in 0..<${N} { sample ${z}[n] ~ Categorical(${w})  observe ${y}[n] ~ Normal(${z}[n], 1) }`,
    );
  },
  reports(c: Choice, s: Scope) {
    const q = s.name(c, 'q');
    s.add(
      `report ${q} = ${c.of([real(c, s), `[${real(c, s, 1)}, ${real(c, s, 1)}]`, `${real(c, s, 0)} > ${real(c, s, 0)}`, `logpdf(Normal(0, 1), ${real(c, s, 0)})`, `cdf(Normal(0, 1), ${real(c, s, 0)})`])}`,
    );
    if (c.chance()) s.add(`predict ${s.name(c, 'r')} ~ ${realLaw(c, s)}`);
  },
  vectors(c: Choice, s: Scope) {
    const d = c.between(1, 3),
      v = s.name(c, 'v'),
      D = s.datum(c, 'D', 'int', d);
    s.add(
      c.of([
        `sample ${v} ~ iid(${realLaw(c, s)}, ${D})`,
        `sample ${v} ~ MvNormal(fill(${real(c, s, 1)}, ${D}), eye(${D}))`,
        `sample ${v} ~ Normal(range(0, ${D}), ${positive(c, s)})`,
        `sample ${v} ~ iid(Normal(0, 1), [${D}, 1])`,
      ]),
    );
    const last = s.lines[s.lines.length - 1]!;
    s.reals.push(last.endsWith('1])') ? `${v}[0, 0]` : `${v}[0]`);
  },
  constants(c: Choice, s: Scope) {
    const d = c.between(1, 2),
      matrix = identity(d).map((row, i) => row.map((x, j) => (i === j ? 1 + c.positive() : 0.2 * x)));
    const S = s.datum(c, 'V', `cov[${d}]`, matrix),
      v = s.name(c, 'v');
    s.add(`sample ${v} ~ MvNormal(${d === 1 ? `[${real(c, s, 1)}]` : `[${real(c, s, 1)}, 0.5]`}, ${S})`);
    s.reals.push(`${v}[0]`);
  },
};

/** What fragments there are. */
export const fragmentKinds: readonly string[] = Object.keys(fragments);

/** The program that a list of fragments makes. */
export function programOf(list: readonly Fragment[]): RandomProgram {
  const scope = new Scope();
  for (const fragment of list) fragments[fragment.kind]!(new Choice(fragment), scope);
  return { source: `${scope.lines.filter((line) => line !== '').join('\n')}\n`, data: scope.data, simulable: scope.simulable };
}

/** Well-typed programs of one to five fragments with data they accept. @param fc the fast-check that the test uses. */
export function programs(fc: FastCheckModule): FastCheck.Arbitrary<RandomProgram> {
  const fragment: FastCheck.Arbitrary<Fragment> = fc.record({
    kind: fc.constantFrom(...fragmentKinds),
    numbers: fc.array(fc.nat({ max: 719 }), { minLength: 14, maxLength: 14 }),
    seed: fc.nat({ max: 1_000_000 }),
  });
  return fc.array(fragment, { minLength: 1, maxLength: 5 }).map(programOf);
}
