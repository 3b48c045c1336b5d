/**
 * Random programs of finite unknowns that bound each other's supports, with their joint mass written out in
 * ordinary arithmetic: what exact, gibbs, mh, em and cavi say of them is held against the sum over all states.
 */
import type { FiniteVariable } from './transitions.js';

export interface FiniteProgram {
  readonly source: string;
  readonly data: Readonly<Record<string, unknown>>;
  readonly variables: readonly FiniteVariable[];
  /** Log joint mass of the unknowns and the data; -Infinity outside the support. `shift` is the value of the param, where there is one. */
  readonly logMass: (state: readonly number[], shift?: number) => number;
}

/** log n! of a small natural number. */
export function logFactorial(n: number): number {
  let sum = 0;
  for (let k = 2; k <= n; k++) sum += Math.log(k);
  return sum;
}
/** log of n over k; -Infinity outside 0 <= k <= n. */
export function logChoose(n: number, k: number): number {
  return k < 0 || k > n ? -Infinity : logFactorial(n) - logFactorial(k) - logFactorial(n - k);
}
export function logBinomial(n: number, p: number, x: number): number {
  return n < 0 || x < 0 || x > n ? -Infinity : logChoose(n, x) + x * Math.log(p) + (n - x) * Math.log(1 - p);
}
export function logNormal(mean: number, sd: number, y: number): number {
  return -0.5 * ((y - mean) / sd) ** 2 - Math.log(sd) - 0.5 * Math.log(2 * Math.PI);
}
export function logPoisson(rate: number, y: number): number {
  return rate > 0 ? y * Math.log(rate) - rate - logFactorial(y) : -Infinity;
}
/** Beta function of natural numbers. */
function logBeta(a: number, b: number): number {
  return logFactorial(a - 1) + logFactorial(b - 1) - logFactorial(a + b - 1);
}

interface Unknown {
  readonly low: number;
  readonly high: number;
  readonly law: string;
  readonly before?: string;
  readonly log: (x: number, v: readonly number[]) => number;
}

const rows = [
  [0.5, 0.3, 0.2],
  [0, 0.4, 0.6],
  [0.7, 0, 0.3],
  [0.25, 0.25, 0.5],
];

/** A law of unknown `i` given those before it; `pick` chooses among n. */
function unknown(i: number, known: readonly Unknown[], pick: (n: number) => number): Unknown {
  const counts = known.flatMap((u, j) => (u.low >= 0 && u.high <= 4 ? [j] : []));
  const kind = counts.length === 0 ? pick(2) : pick(11);
  const j = counts.length === 0 ? 0 : counts[pick(counts.length)]!;
  const parent = known[j],
    name = `v${j}`;
  switch (kind) {
    case 0: {
      const low = pick(3) - 1,
        high = low + 1 + pick(2);
      return {
        low,
        high,
        law: `DiscreteUniform(${low}, ${high})`,
        log: (x) => (x < low || x > high ? -Infinity : -Math.log(high - low + 1)),
      };
    }
    case 1:
      return { low: 0, high: 3, law: 'Binomial(3, 0.6)', log: (x) => logBinomial(3, 0.6, x) };
    case 2:
      return {
        low: 0,
        high: parent!.high,
        law: `DiscreteUniform(0, ${name})`,
        log: (x, v) => (x < 0 || x > v[j]! ? -Infinity : -Math.log(v[j]! + 1)),
      };
    case 3:
      return {
        low: parent!.low,
        high: 4,
        law: `DiscreteUniform(${name}, 4)`,
        log: (x, v) => (x < v[j]! || x > 4 ? -Infinity : -Math.log(5 - v[j]!)),
      };
    case 4:
      return { low: 0, high: parent!.high, law: `Binomial(${name}, 0.35)`, log: (x, v) => logBinomial(v[j]!, 0.35, x) };
    case 5:
      return {
        low: 0,
        high: parent!.high + 1,
        before: `let m${i} = ${name} + 1`,
        law: `Binomial(m${i}, logit: 0.4)`,
        log: (x, v) => logBinomial(v[j]! + 1, 1 / (1 + Math.exp(-0.4)), x),
      };
    case 6:
      return {
        low: 0,
        high: parent!.high,
        law: `BetaBinomial(${name}, 2, 3)`,
        log: (x, v) => (x < 0 || x > v[j]! ? -Infinity : logChoose(v[j]!, x) + logBeta(x + 2, v[j]! - x + 3) - logBeta(2, 3)),
      };
    case 7:
      return {
        low: 0,
        high: 2,
        law: `Hypergeometric(${name}, 2, 2)`,
        log: (x, v) => (x < 0 || x > 2 ? -Infinity : logChoose(v[j]!, x) + logChoose(2, 2 - x) - logChoose(v[j]! + 2, 2)),
      };
    case 8:
      return { low: 0, high: 2, law: `Categorical(P[min(${name}, 3)])`, log: (x, v) => Math.log(rows[Math.min(v[j]!, 3)]![x] ?? 0) };
    case 9:
      return {
        low: 0,
        high: 4 - parent!.low,
        law: `DiscreteUniform(0, 4 - ${name})`,
        log: (x, v) => (x < 0 || x > 4 - v[j]! ? -Infinity : -Math.log(5 - v[j]!)),
      };
    default:
      return {
        low: parent!.low - 1,
        high: parent!.high + 1,
        law: `DiscreteUniform(${name} - 1, ${name} + 1)`,
        log: (x, v) => (Math.abs(x - v[j]!) > 1 ? -Infinity : -Math.log(3)),
      };
  }
}

interface Datum {
  readonly statement: string;
  readonly log: (v: readonly number[], shift: number) => number;
}
function datum(k: number, known: readonly Unknown[], pick: (n: number) => number, shifted: boolean): Datum & { readonly value: number } {
  const i = pick(known.length),
    j = pick(known.length),
    [a, b] = [`v${i}`, `v${j}`];
  const y = `y[${k}]`;
  switch (shifted ? 0 : pick(5)) {
    case 0: {
      const value = 0.3 + 0.7 * pick(3);
      return {
        value,
        statement: `observe ${y} ~ Normal(${a} - 0.5 * ${b}${shifted ? ' + s' : ''}, 1.2)`,
        log: (v, s) => logNormal(v[i]! - 0.5 * v[j]! + s, 1.2, value),
      };
    }
    case 1: {
      const value = pick(3);
      return {
        value,
        statement: `observe c[${k}] ~ Poisson(exp(0.3 * ${a} - 0.2 * ${b}))`,
        log: (v) => logPoisson(Math.exp(0.3 * v[i]! - 0.2 * v[j]!), value),
      };
    }
    case 2: {
      const value = 1 + pick(2);
      return {
        value,
        statement: `observe c[${k}] ~ Binomial(max(${a}, 0) + 1, 0.4)`,
        log: (v) => logBinomial(Math.max(v[i]!, 0) + 1, 0.4, value),
      };
    }
    case 3: {
      const value = 1 + pick(2);
      return { value, statement: `observe c[${k}] ~ Delta(${a} + ${b})`, log: (v) => (v[i]! + v[j]! === value ? 0 : -Infinity) };
    }
    default:
      return {
        value: 0,
        statement: `factor ${a} <= ${b} + 1 ? 0.3 * ${a} : -inf`,
        log: (v) => (v[i]! <= v[j]! + 1 ? 0.3 * v[i]! : -Infinity),
      };
  }
}

/** Builds a program from numbers, read as choices; `shifted` adds a param that the data's means have in common. */
export function finiteProgram(choices: readonly number[], shifted = false): FiniteProgram {
  let position = 0;
  const pick = (n: number): number => (choices[position++ % choices.length]! + 7 * Math.floor(position / choices.length)) % n;
  const unknowns: Unknown[] = [];
  const count = 2 + pick(2);
  for (let i = 0; i < count; i++) unknowns.push(unknown(i, unknowns, pick));
  const observed = Array.from({ length: 1 + pick(2) }, (_, k) => datum(k, unknowns, pick, shifted));
  const source = [
    'data y: real[D] data c: int[D] data P: simplex[R, 3]',
    ...(shifted ? ['param s: real'] : []),
    ...unknowns.map((u, i) => `${u.before === undefined ? '' : `${u.before}\n`}sample v${i} ~ ${u.law}`),
    ...observed.map((o) => o.statement),
  ].join('\n');
  return {
    source,
    data: { y: observed.map((o) => o.value), c: observed.map((o) => Math.round(o.value)), P: rows },
    variables: unknowns.map((u, i) => ({ name: `v${i}`, element: 0, low: u.low, high: u.high })),
    logMass: (v, shift = 0) => unknowns.reduce((s, u, i) => s + u.log(v[i]!, v), 0) + observed.reduce((s, o) => s + o.log(v, shift), 0),
  };
}

export interface BruteForce {
  readonly logEvidence: number;
  readonly means: readonly number[] /** By unknown, probabilities of low, low + 1, ... */;
  readonly marginals: readonly (readonly number[])[];
  readonly possible: number;
}

/** The sum over all states. */
export function bruteForce(
  states: readonly (readonly number[])[],
  variables: readonly FiniteVariable[],
  logMass: (state: readonly number[]) => number,
): BruteForce {
  const logs = states.map((s) => logMass(s)),
    top = Math.max(...logs);
  const weights = logs.map((l) => (l === -Infinity ? 0 : Math.exp(l - top))),
    total = weights.reduce((a, b) => a + b, 0);
  const marginals = variables.map((v, k) =>
    Array.from({ length: v.high - v.low + 1 }, (_, x) => states.reduce((p, s, n) => p + (s[k] === v.low + x ? weights[n]! / total : 0), 0)),
  );
  return {
    logEvidence: top + Math.log(total),
    marginals,
    means: variables.map((v, k) => marginals[k]!.reduce((m, p, x) => m + p * (v.low + x), 0)),
    possible: weights.filter((w) => w > 0).length,
  };
}
