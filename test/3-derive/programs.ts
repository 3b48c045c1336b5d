/**
 * Random programs with data: a stream of choices, read left to right, becomes plates nested and
 * ragged, gathers by data and by discrete latents, shifts, affine and other means, unknowns shared by
 * mean and variance, mixtures, missing data, conditioning, chains of lets, corner constraints, orders and
 * truncation. Simple alternatives come first, so that small choices make small programs.
 */

export interface RandomProgram {
  readonly text: string;
  readonly data: Readonly<Record<string, unknown>>;
}

const K = 3;
/** Eleven rows; fewer are the first of them. Sums over more than eight rows become tables in generated code. */
const base = {
  y: [1.2, -0.3, 2.1, 0.7, 1.9, 0.2, -1.1, 0.9, 1.4, -0.6, 0.3],
  x: [0.5, -1, 2, 0.3, 1, -0.4, 1.1, -0.9, 0.6, 0.2, -1.3],
  w: [1.2, 0.3, 2.1, 0.7, 1.9, 0.4, 1.1, 0.8, 2.2, 0.5, 1.6],
  c: [2, 0, 1, 3, 1, 0, 4, 2, 1, 1, 3],
  g: [0, 1, 0, 2, 1, 2, 2, 0, 1, 0, 1],
  b: [1, 0, 1, 1, 0, 0, 1, 0, 1, 1, 0],
  v: [
    [1, 0.5],
    [0.2, -1],
    [2, 1],
    [0.4, 0.3],
    [-1, 1],
    [0.1, 0.7],
    [1.5, 0],
    [-0.3, 0.4],
    [0.8, -0.2],
    [0, 1.1],
    [0.6, 0.6],
  ],
  h: [1, 0],
  r: [
    [1, 2, 0],
    [0.5, 0, 0],
    [1, -1, 0.4],
  ],
  m: [2, 1, 3],
};

/** Where an expression stands: which indices it may use. */
type Scope = 'top' | 'rows' | 'rowsLater' | 'groups' | 'ragged';

class Writer {
  private readonly choices: readonly number[];
  private position = 0;
  private readonly lines: string[] = [];
  private readonly reals: string[] = [];
  private readonly positives: string[] = [];
  private readonly units: string[] = [];
  private readonly realVectors: string[] = [];
  private readonly positiveVectors: string[] = [];
  private readonly unitVectors: string[] = [];
  private readonly simplexes: string[] = [];
  private readonly rows: string[] = [];
  private readonly classes: string[] = [];
  private readonly bits: string[] = [];
  private names = 0;
  readonly data: Record<string, unknown>;

  constructor(choices: readonly number[], rows: number) {
    this.choices = choices;
    this.data = Object.fromEntries(
      Object.entries(base).map(([name, list]) => [name, list.length === base.y.length ? list.slice(0, rows) : list]),
    );
  }

  private choose(n: number): number {
    return (this.choices[this.position++] ?? 0) % n;
  }
  private from<T>(list: readonly T[]): T {
    return list[this.choose(list.length)]!;
  }
  private name(prefix: string): string {
    return `${prefix}${this.names++}`;
  }
  private number(): string {
    return this.from(['1', '0.5', '2', '-1', '0.3', '-0.7']);
  }
  private positiveNumber(): string {
    return this.from(['1', '0.5', '2', '1.5']);
  }

  /** An index into groups that is allowed in a scope. */
  private group(scope: Scope): string {
    switch (scope) {
      case 'top':
        return this.from(['0', '1', 'K - 1']);
      case 'groups':
        return this.from(['k', 'K - 1 - k', '0']);
      case 'ragged':
        return this.from(['i', 'j', 'h[i > 1 ? 1 : i]', 'm[i] - 1']);
      default:
        return this.from([
          'g[n]',
          '1',
          ...this.classes.map((z) => `${z}[n]`),
          ...this.bits.map((z) => `${z}[n]`),
          ...this.classes.map((z) => (scope === 'rowsLater' ? `${z}[n-1]` : `${z}[N - 1 - n]`)),
        ]);
    }
  }
  private condition(scope: Scope): string | null {
    if (scope === 'rows' || scope === 'rowsLater')
      return this.from([
        ...this.bits.map((z) => `${z}[n]`),
        ...this.classes.map((z) => `${z}[n] == 1`),
        'x[n] > 0',
        ...this.classes.map((z) => `${z}[n] < 2`),
      ]);
    return scope === 'groups' ? 'k < 2' : scope === 'ragged' ? 'j < i' : null;
  }
  private leafReal(scope: Scope): string {
    const own: string[] = [...this.reals];
    if (this.realVectors.length > 0) own.push(`${this.from(this.realVectors)}[${this.group(scope)}]`);
    if (scope === 'rows' && this.rows.length > 0) own.push(`${this.from(this.rows)}[n]`);
    if (scope === 'rowsLater' && this.rows.length > 0) own.push(`${this.from(this.rows)}[n-1]`, `${this.from(this.rows)}[n]`);
    if (this.positives.length > 0) own.push(this.from(this.positives));
    return own.length === 0 ? this.number() : this.from(own);
  }
  private real(scope: Scope, depth: number): string {
    if (depth === 0) return this.leafReal(scope);
    const rest = (): string => this.real(scope, depth - 1);
    switch (this.choose(12)) {
      case 0:
        return this.leafReal(scope);
      case 1:
        return `${this.number()} * ${this.leafReal(scope)} + ${this.number()}`;
      case 2:
        return `${rest()} + ${rest()}`;
      case 3:
        return scope === 'rows' || scope === 'rowsLater' ? `x[n] * ${this.leafReal(scope)}` : `${this.number()} * ${this.leafReal(scope)}`;
      case 4:
        return `${rest()} - ${this.number()} * ${rest()}`;
      case 5: {
        const test = this.condition(scope);
        return test === null ? rest() : `(${test} ? ${rest()} : ${rest()})`;
      }
      case 6:
        return `${this.leafReal(scope)} * ${this.leafReal(scope)}`;
      case 7:
        return this.realVectors.length > 0 ? `sum(${this.from(this.realVectors)})` : rest();
      case 8:
        return this.realVectors.length > 0
          ? `sum(${this.from(this.realVectors)}[q] * ${this.from(this.realVectors)}[q] for q in 0..<${this.from(['K', '2'])})`
          : rest();
      case 9:
        return `(${rest()} + ${rest()}) / ${this.positiveNumber()}`;
      case 10:
        return `sin(${this.leafReal(scope)})`;
      default:
        return this.bits.length > 0 && (scope === 'rows' || scope === 'rowsLater')
          ? `${this.from(this.bits)}[n] * ${this.leafReal(scope)}`
          : rest();
    }
  }
  private leafPositive(scope: Scope): string {
    const own = [...this.positives];
    if (this.positiveVectors.length > 0) own.push(`${this.from(this.positiveVectors)}[${this.group(scope)}]`);
    return own.length === 0 ? this.positiveNumber() : this.from(own);
  }
  private positive(scope: Scope, depth: number): string {
    if (depth === 0) return this.leafPositive(scope);
    switch (this.choose(10)) {
      case 0:
        return this.leafPositive(scope);
      case 1:
        return this.positiveNumber();
      case 2:
        return `${this.positiveNumber()} * ${this.leafPositive(scope)}`;
      case 3:
        return `${this.leafPositive(scope)} * ${this.leafPositive(scope)}`;
      case 4:
        return `${this.leafPositive(scope)} / ${this.leafPositive(scope)}`;
      case 5:
        return `sqrt(${this.leafPositive(scope)})`;
      case 6:
        return scope === 'rows' || scope === 'rowsLater' ? `w[n] * ${this.leafPositive(scope)}` : this.leafPositive(scope);
      case 7: {
        const test = this.condition(scope);
        return test === null ? this.leafPositive(scope) : `(${test} ? ${this.positive(scope, depth - 1)} : ${this.positiveNumber()})`;
      }
      case 8:
        return `exp(0.3 * ${this.leafReal(scope)})`;
      default:
        return `(${this.leafPositive(scope)} + ${this.positiveNumber()})`;
    }
  }
  private unit(scope: Scope): string {
    const own = [...this.units];
    if (this.unitVectors.length > 0) own.push(`${this.from(this.unitVectors)}[${this.group(scope)}]`);
    if (own.length === 0) return '0.4';
    return this.from([this.from(own), `1 - ${this.from(own)}`, `${this.from(own)} * ${this.from(own)}`]);
  }
  private normal(scope: Scope, depth: number): string {
    const mean = this.real(scope, depth),
      scale = this.positive(scope, depth - 1);
    return this.from([`Normal(${mean}, ${scale})`, `Normal(${mean}, variance: ${scale})`, `Normal(${mean}, precision: ${scale})`]);
  }
  private realLaw(scope: Scope): string {
    return this.from([
      `Normal(${this.number()}, 1)`,
      this.normal(scope, 1),
      `Laplace(${this.number()}, 1)`,
      `truncated(Normal(${this.number()}, 2), -2, ${this.from(['3', 'inf'])})`,
      'Uniform(-3, 3)',
      `StudentT(4, ${this.leafReal(scope)}, 1)`,
    ]);
  }
  private positiveLaw(scope: Scope): string {
    return this.from([
      'Gamma(2, 1)',
      'Exponential(1)',
      'InverseGamma(3, 2)',
      `Gamma(2, ${this.leafPositive(scope)})`,
      'Uniform(0.1, 4)',
      'HalfNormal(1)',
      'Pareto(0.1, 2)',
      'ChiSquared(3)',
      `InverseGamma(2, ${this.leafPositive(scope)})`,
      'truncated(Gamma(2, 1), 0.2, inf)',
      `Exponential(scale: ${this.leafPositive(scope)})`,
      'LogNormal(0, 1)',
    ]);
  }

  private unknown(): void {
    switch (this.choose(20)) {
      case 0: {
        const law = this.realLaw('top'),
          v = this.name('a');
        this.lines.push(`sample ${v} ~ ${law}`);
        this.reals.push(v);
        if (this.choose(12) === 11) this.data[v] = 0.4;
        return;
      }
      case 1: {
        const law = this.positiveLaw('top'),
          v = this.name('s');
        this.lines.push(`sample ${v} ~ ${law}`);
        this.positives.push(v);
        if (this.choose(12) === 11) this.data[v] = 1.4;
        return;
      }
      case 2: {
        const law = this.from(['Beta(2, 3)', 'Uniform(0, 1)', 'truncated(Beta(2, 2), 0.1, 0.9)']),
          v = this.name('p');
        this.lines.push(`sample ${v} ~ ${law}`);
        this.units.push(v);
        return;
      }
      case 3: {
        const law = this.realLaw('groups'),
          v = this.name('a');
        this.lines.push(`for k in 0..<K { sample ${v}[k] ~ ${law} }`);
        this.realVectors.push(v);
        return;
      }
      case 4: {
        const law = this.positiveLaw('groups'),
          v = this.name('s');
        this.lines.push(`for k in 0..<K { sample ${v}[k] ~ ${law} }`);
        this.positiveVectors.push(v);
        return;
      }
      case 5: {
        const v = this.name('p');
        this.lines.push(`for k in 0..<K { sample ${v}[k] ~ Beta(1, 2) }`);
        this.unitVectors.push(v);
        return;
      }
      case 6: {
        const v = this.name('q');
        this.lines.push(`sample ${v} ~ Dirichlet([1, 2, 1.5])`);
        this.simplexes.push(v);
        return;
      }
      case 7: {
        const z = this.name('z'),
          law = this.simplexes.length > 0 ? `Categorical(${this.from(this.simplexes)})` : 'Categorical([0.2, 0.3, 0.5])';
        this.lines.push(`for n in 0..<N { sample ${z}[n] ~ ${law} }`);
        this.classes.push(z);
        return;
      }
      case 8: {
        const z = this.name('z'),
          p = this.unit('top');
        this.lines.push(`for n in 0..<N { sample ${z}[n] ~ Bernoulli(${p}) }`);
        this.bits.push(z);
        return;
      }
      case 9: {
        const v = this.name('a'),
          cov = this.from(['eye(3)', `${this.leafPositive('top')} * eye(3)`, '[[2, 0.5, 0], [0.5, 1, 0.2], [0, 0.2, 1]]']);
        this.lines.push(`sample ${v} ~ MvNormal([${this.leafReal('top')}, 0, 1], ${cov})`);
        this.realVectors.push(v);
        return;
      }
      case 10: {
        const v = this.name('x'),
          law = this.normal('top', 1),
          slope = this.leafReal('top'),
          scale = this.leafPositive('top');
        this.lines.push(`sample ${v}[0] ~ ${law}`, `for t in 1..<N { sample ${v}[t] ~ Normal(${slope} * ${v}[t-1], variance: ${scale}) }`);
        this.rows.push(v);
        return;
      }
      case 11: {
        const v = this.name('a'),
          corner = this.from(['0', this.number(), `-sum(${v}[k] for k in 1..<K)`]);
        this.lines.push(`let ${v}[0] = ${corner}`, `for k in 1..<K { sample ${v}[k] ~ ${this.realLaw('groups')} }`);
        this.realVectors.push(v);
        return;
      }
      case 12: {
        const v = this.name('a');
        this.lines.push(`sample ${v}: ordered[K] ~ iid(Normal(0, 2), K)`);
        this.realVectors.push(v);
        return;
      }
      case 13: {
        const v = this.name('e'),
          body = this.real('rows', 2);
        this.lines.push(`for n in 0..<N { let ${v}[n] = ${body} }`);
        this.rows.push(v);
        return;
      }
      case 14: {
        const v = this.name('e'),
          body = this.real('groups', 1);
        this.lines.push(`let ${v} = [${body} for k in 0..<K]`);
        this.realVectors.push(v);
        return;
      }
      case 15: {
        const v = this.name('e'),
          body = this.positive('top', 1);
        this.lines.push(`let ${v} = ${body}`);
        this.positives.push(v);
        return;
      }
      case 16: {
        const z = this.name('z'),
          v = this.name('q');
        this.lines.push(
          `for k in 0..<K { sample ${v}[k] ~ Dirichlet(fill(1, K)) }`,
          `sample ${z}[0] ~ Categorical([0.2, 0.3, 0.5])`,
          `for t in 1..<N { sample ${z}[t] ~ Categorical(${v}[${z}[t-1]]) }`,
        );
        this.classes.push(z);
        return;
      }
      case 17: {
        const v = this.name('x'),
          law = this.normal('rows', 1);
        this.lines.push(`for n in 0..<N { sample ${v}[n] ~ ${law} }`);
        this.rows.push(v);
        return;
      }
      case 18: {
        const v = this.name('f'),
          first = this.leafReal('top'),
          slope = this.leafReal('top');
        this.lines.push(`let ${v}[0] = ${first}`, `for t in 1..<N { let ${v}[t] = 0.5 * ${v}[t-1] + ${slope} }`);
        this.rows.push(v);
        return;
      }
      default: {
        const v = this.name('d');
        this.lines.push(`sample ${v} ~ DiscreteUniform(1, 4)`);
        this.reals.push(v);
        return;
      }
    }
  }

  private observation(): string {
    const scope = this.from(['rows', 'rows', 'rowsLater'] as const);
    const loop = scope === 'rows' ? 'for n in 0..<N' : 'for n in 1..<N';
    const observe = (what: string): string => `${loop} { observe ${what} }`;
    switch (this.choose(18)) {
      case 0:
      case 1:
      case 2:
        return observe(`y[n] ~ ${this.normal(scope, 2)}`);
      case 3:
        return observe(`c[n] ~ Poisson(${this.positive(scope, 1)})`);
      case 4:
        return observe(`w[n] ~ Exponential(${this.positive(scope, 1)})`);
      case 5:
        return observe(`w[n] ~ Gamma(1.5, ${this.positive(scope, 1)})`);
      case 6:
        return observe(`b[n] ~ Bernoulli(${this.unit(scope)})`);
      case 7:
        return observe(`c[n] ~ Binomial(4, ${this.unit(scope)})`);
      case 8:
        return observe(`w[n] ~ LogNormal(${this.real(scope, 1)}, ${this.positive(scope, 1)})`);
      case 9:
        return observe(`g[n] ~ Categorical(${this.simplexes.length > 0 ? this.from(this.simplexes) : '[0.2, 0.3, 0.5]'})`);
      case 10:
        return observe(
          `v[n] ~ MvNormal([${this.real(scope, 1)}, ${this.real(scope, 1)}], ${this.positive(scope, 1)} * [[2, 0.5], [0.5, 1]])`,
        );
      case 11:
        return observe(`y[n] ~ Laplace(${this.real(scope, 1)}, ${this.positive(scope, 1)})`);
      case 12:
        return observe(`w[n] ~ Uniform(0, 2.5 + ${this.leafPositive(scope)})`);
      case 13:
        return observe(`w[n] ~ truncated(Normal(${this.real(scope, 1)}, ${this.positive(scope, 1)}), 0, inf)`);
      case 14: {
        const p = this.unit(scope);
        return observe(`y[n] ~ mixture([${p}, 1 - (${p})], [${this.normal(scope, 1)}, ${this.normal(scope, 1)}])`);
      }
      case 15:
        return observe(`w[n] ~ Weibull(${this.from(['1.5', 'w[n]'])}, ${this.positive(scope, 1)})`);
      case 16:
        return `for i in 0..<R, j in 0..<m[i] { observe r[i, j] ~ ${this.normal('ragged', 1)} }`;
      default:
        return `factor -0.5 * (${this.real('top', 1)})^2`;
    }
  }

  write(): RandomProgram {
    const unknowns = 1 + this.choose(6),
      observations = 1 + this.choose(3);
    for (let k = 0; k < unknowns; k++) this.unknown();
    for (let k = 0; k < observations; k++) this.lines.push(this.observation());
    const whole = { y: this.data['y'] as number[], v: this.data['v'] as number[][] };
    if (this.choose(5) === 4) this.data['y'] = whole.y.map((x, n) => (n % 2 === 1 ? null : x));
    if (this.choose(8) === 7) this.data['v'] = whole.v.map((row, n) => row.map((x, d) => (n === 2 || (n + 3 * d) % 4 === 0 ? null : x)));
    const declared = [
      'y: real[N]',
      'x: real[N]',
      'w: positive[N]',
      'c: int[N]',
      'g: int[N]',
      'b: int[N]',
      'v: real[N, 2]',
      'h: int[2]',
      'r: real[R, 3]',
      'm: int[R]',
      'K: int',
    ];
    this.data['K'] = K;
    const body = this.lines.join('\n');
    // A gap that nothing observes is an error of the program: columns without a statement are left whole.
    if (!/observe y\[n\]/.test(body) || /for n in 1\.\.<N \{ observe y/.test(body)) this.data['y'] = whole.y;
    if (!/observe v\[n\]/.test(body) || /for n in 1\.\.<N \{ observe v/.test(body)) this.data['v'] = whole.v;
    return { text: `${declared.map((d) => `data ${d}`).join('\n')}\n${body}`, data: this.data };
  }
}

/** The program that a list of choices spells, on so many rows of data (at most 11). */
export function programOf(choices: readonly number[], rows = 5): RandomProgram {
  return new Writer(choices, rows).write();
}
