/**
 * A reader of `explain`'s JSON: the family and its formulas as a log density, up to a constant. Written from the
 * families' definitions alone, with linear algebra of its own, so that it shares nothing with what is tested.
 */
import { evaluate, type Environment } from '../../src/expr/evaluate.js';
import { type Expr, freeIndices } from '../../src/expr/expr.js';
import { fromJson } from '../../src/expr/json.js';

export interface ParameterJson {
  readonly name: string;
  readonly json: unknown;
}
interface FormulaJson {
  readonly indices: readonly string[];
  readonly ranges: readonly { readonly from: unknown; readonly to: unknown }[];
  readonly value: unknown;
  readonly of?: unknown;
  readonly constants?: Readonly<Record<string, unknown>>;
}

/** What a formula reads: numbers of the program by name, loop indices by name. */
export interface Surroundings {
  readonly sizes: ReadonlyMap<string, number>;
  readonly indices: Readonly<Record<string, number>>;
  readonly missing?: Environment['missing'];
  variable(name: string, at: readonly number[]): number;
}

export interface Law {
  readonly family: string;
  /** Values of a parameter by name, row-major. */
  readonly parameters: ReadonlyMap<string, readonly number[]>;
  readonly low: number;
  readonly high: number;
  /** Up to a constant; minus infinity outside of the bounds. */
  logDensity(v: readonly number[]): number;
}

/** Where families end that are not the whole line. */
const supports: Readonly<Record<string, readonly [number, number]>> = {
  Gamma: [0, Infinity],
  Exponential: [0, Infinity],
  InverseGamma: [0, Infinity],
  'power of a Gamma': [0, Infinity],
  Beta: [0, 1],
};

function at(value: unknown, where: readonly number[]): number {
  return where.reduce<unknown>((v, i) => (v as unknown[])[i], value) as number;
}

/** @param unknown the element's own name, by which formulas of `of` read the value. */
export function lawOf(family: string, parameters: readonly ParameterJson[], surroundings: Surroundings, unknown: string): Law {
  const value = (json: unknown, own: Readonly<Record<string, number>>, formula: FormulaJson, self: number | null): number => {
    const e: Expr = fromJson(json);
    return evaluate(e, {
      indices: new Map([...freeIndices(e)].map((i) => [i, own[i.name] ?? surroundings.indices[i.name]!])),
      sizes: surroundings.sizes,
      missing: surroundings.missing,
      variable: (name, where) =>
        self !== null && name === unknown
          ? self
          : name in (formula.constants ?? {})
            ? at(formula.constants![name], where)
            : surroundings.variable(name, where),
    });
  };
  const grid = (formula: FormulaJson): number[] => {
    const out: number[] = [];
    const go = (axis: number, own: Readonly<Record<string, number>>): void => {
      const range = formula.ranges[axis];
      if (range === undefined) {
        out.push(value(formula.value, own, formula, null));
        return;
      }
      for (let i = value(range.from, own, formula, null); i < value(range.to, own, formula, null); i++)
        go(axis + 1, { ...own, [formula.indices[axis]!]: i });
    };
    go(0, {});
    return out;
  };
  const formulas = new Map(parameters.map((p) => [p.name, p.json as FormulaJson]));
  const values = new Map([...formulas].map(([name, f]) => [name, grid(f)]));
  const get = (name: string): number => {
    const v = values.get(name)?.[0];
    if (v === undefined) throw new Error(`${family} says nothing of its ${name}`);
    return v;
  };
  const list = (name: string): readonly number[] => {
    const v = values.get(name);
    if (v === undefined) throw new Error(`${family} says nothing of its ${name}`);
    return v;
  };
  const base = family.replace(/^(mode of )?(truncated )?/, '');
  const weights = formulas.get('logWeight');
  const [ownLow, ownHigh] = supports[base] ?? [-Infinity, Infinity];
  const low =
    values.get('minimum')?.[0] ??
    values.get('low')?.[0] ??
    (weights === undefined ? ownLow : value(weights.ranges[0]!.from, {}, weights, null));
  const high = values.get('high')?.[0] ?? (weights === undefined ? ownHigh : value(weights.ranges[0]!.to, {}, weights, null) - 1);
  /** t(v) of `shape of t(v)`. */
  const ofSelf = (name: string, v: number): number => value(formulas.get(name)!.of, {}, formulas.get(name)!, v);
  const density = ([v, ...rest]: readonly number[]): number => {
    const x = [v!, ...rest];
    switch (base) {
      case 'Normal':
        return get('precision') === 0 ? 0 : -0.5 * get('precision') * (v! - get('mean')) ** 2;
      case 'Gamma':
        return (get('shape') - 1) * Math.log(v!) - get('rate') * v!;
      case 'Exponential':
        return -get('rate') * v!;
      case 'InverseGamma':
        return -(get('shape') + 1) * Math.log(v!) - get('scale') / v!;
      case 'Beta':
        return (get('a') - 1) * Math.log(v!) + (get('b') - 1) * Math.log(1 - v!);
      case 'Uniform':
        return 0;
      case 'Pareto':
        return -(get('shape') + 1) * Math.log(v!);
      case 'power of a Gamma': {
        const [shape, rate] = [...values.keys()]
          .filter((k) => k.includes(' of '))
          .sort()
          .reverse() as [string, string];
        // t = v^p, p read off at v = 2; |dt/dv| = |p| v^(p - 1).
        const p = Math.log2(ofSelf(shape, 2));
        return (get(shape) - 1) * p * Math.log(v!) - get(rate) * ofSelf(rate, v!) + (p - 1) * Math.log(v!);
      }
      case 'piecewise truncated Normal':
        return [...formulas.keys()].reduce((s, name) => s + get(name) * ofSelf(name, v!), 0);
      case 'shifted Poisson': {
        const m = v! - get('shift');
        return m < 0 ? -Infinity : m * Math.log(get('rate')) - logFactorial(m);
      }
      case 'shifted Binomial': {
        const m = v! - get('shift'),
          n = get('n');
        return m < 0 || m > n ? -Infinity : m * Math.log(get('odds')) - logFactorial(m) - logFactorial(n - m);
      }
      case 'shifted NegativeBinomial': {
        const m = v! - get('shift');
        return m < 0 ? -Infinity : m * Math.log(1 - get('p')) + rising(get('r'), m) - logFactorial(m);
      }
      case 'Categorical':
        return list('logWeight')[v! - low] ?? -Infinity;
      case 'Dirichlet':
        return list('alpha').reduce((s, a, i) => s + (a - 1) * Math.log(x[i]!), 0);
      case 'MvNormal':
        return list('shift').reduce((s, b, i) => s + b * x[i]!, 0) - 0.5 * bilinear(list('precision'), x, x);
      case 'Wishart':
        return 0.5 * (get('df') - Math.sqrt(x.length) - 1) * logDeterminant(x) - 0.5 * trace(list('inverse(scale)'), x);
      case 'InverseWishart':
        return -0.5 * (get('df') + Math.sqrt(x.length) + 1) * logDeterminant(x) - 0.5 * trace(list('scale'), inverse(x));
      default:
        throw new Error(`no reading of the family ${family}`);
    }
  };
  return {
    family,
    parameters: values,
    low,
    high,
    logDensity: (v) => (v.length === 1 && (v[0]! < low || v[0]! > high) ? -Infinity : density(v)),
  };
}

function logFactorial(n: number): number {
  let out = 0;
  for (let k = 2; k <= n; k++) out += Math.log(k);
  return out;
}
function rising(r: number, n: number): number {
  let out = 0;
  for (let k = 0; k < n; k++) out += Math.log(r + k);
  return out;
}
function bilinear(m: readonly number[], x: readonly number[], y: readonly number[]): number {
  return m.reduce((s, c, k) => s + c * x[Math.floor(k / y.length)]! * y[k % y.length]!, 0);
}
function trace(a: readonly number[], b: readonly number[]): number {
  const d = Math.sqrt(a.length);
  return a.reduce((s, c, k) => s + c * b[(k % d) * d + Math.floor(k / d)]!, 0);
}

/** Gauss-Jordan with pivots: [m | I] to [I | inverse], and the log of the product of the pivots. */
function eliminated(m: readonly number[]): { readonly inverse: readonly number[]; readonly logDeterminant: number } {
  const d = Math.sqrt(m.length);
  const rows = Array.from({ length: d }, (_, i) => [
    ...m.slice(i * d, (i + 1) * d),
    ...Array.from({ length: d }, (_unused, j) => (i === j ? 1 : 0)),
  ]);
  let logDeterminant = 0;
  for (let c = 0; c < d; c++) {
    const pivot = rows.slice(c).reduce((best, row, k) => (Math.abs(row[c]!) > Math.abs(rows[best]![c]!) ? c + k : best), c);
    [rows[c], rows[pivot]] = [rows[pivot]!, rows[c]!];
    const p = rows[c]![c]!;
    logDeterminant += Math.log(Math.abs(p));
    rows[c] = rows[c]!.map((x) => x / p);
    rows.forEach((row, r) => {
      if (r !== c) {
        const f = row[c]!;
        rows[r] = row.map((x, k) => x - f * rows[c]![k]!);
      }
    });
  }
  return { inverse: rows.flatMap((row) => row.slice(d)), logDeterminant };
}
export function inverse(m: readonly number[]): readonly number[] {
  return eliminated(m).inverse;
}
function logDeterminant(m: readonly number[]): number {
  return eliminated(m).logDeterminant;
}
