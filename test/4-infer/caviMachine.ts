/**
 * Coordinate ascent opened up for tests: a program whose factors can be set, shifted and weighed from
 * outside. Entropies and densities of the factors are computed here, never by the code under test.
 */
import { cavi } from '../../src/4-infer/cavi/index.js';
import { VariationalProgram } from '../../src/4-infer/variational/program.js';
import { begin, type StartKind } from '../../src/4-infer/variational/starts.js';
import { regionSupport } from '../../src/3-derive/closedForm.js';
import type { Expr } from '../../src/expr/expr.js';
import type { RunResult, VariableResult } from '../../src/4-infer/posterior.js';
import { boundModel } from '../compiled.js';
import { toEnd } from './toEnd.js';

export { boundModel };

export type Data = Readonly<Record<string, unknown>>;

/** A program at a start: every block updated once. */
export function started(source: string, data: Data, seed = '1', kind: StartKind = 'prior', start = 0): VariationalProgram {
  const program = new VariationalProgram(boundModel(source, data), seed);
  toEnd(begin(program, kind, start));
  return program;
}

export interface Run {
  readonly result: RunResult;
  variable(name: string): VariableResult;
  mean(name: string): Float64Array;
  sd(name: string): Float64Array;
  probabilities(name: string): Float64Array;
}

export async function run(
  source: string,
  data: Data,
  options: Readonly<Record<string, string>> = {},
  extra: {
    readonly seed?: string;
    readonly init?: Readonly<Record<string, unknown>>;
    readonly draws?: number;
    readonly keep?: readonly string[];
  } = {},
): Promise<Run> {
  const result = await cavi.run(boundModel(source, data), source, {
    chains: 1,
    draws: extra.draws ?? 1,
    warmup: 0,
    thin: 1,
    seed: extra.seed ?? '1',
    workers: 0,
    keep: extra.keep ?? null,
    options,
    init: extra.init ?? null,
  });
  const variable = (name: string): VariableResult => {
    const v = result.variables.find((x) => x.name === name);
    if (v === undefined) throw new Error(`no variable ${name}`);
    return v;
  };
  const closed = (name: string) => {
    const { result: form } = variable(name);
    if (form.form !== 'closed') throw new Error(`${name} is not in closed form`);
    return form;
  };
  return {
    result,
    variable,
    mean: (name) => closed(name).mean,
    sd: (name) => closed(name).sd!,
    probabilities: (name) => closed(name).probabilities!,
  };
}

/** Numbers in [0, 1) that are the same everywhere. */
export function uniforms(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    // The high bits of a linear congruence are the good ones.
    return ((state >>> 8) + 0.5) / 16777216;
  };
}
export function normals(seed: number): () => number {
  const u = uniforms(seed);
  return () => Math.sqrt(-2 * Math.log(u())) * Math.cos(2 * Math.PI * u());
}

/** Updates one block until its expectations stand still: its elements may read one another. */
export function settle(program: VariationalProgram, block: number): void {
  const name = program.blocks[block]!.block.region.variable.name;
  const tables = [...program.memory]
    .filter(([storage]) => storage.startsWith(`E|${name}|`) || storage.startsWith(`E|${name}=|`))
    .map(([, values]) => values);
  for (let turn = 0; turn < 20000; turn++) {
    const before = tables.map((t) => t.slice());
    program.update(block);
    if (tables.every((t, k) => t.every((v, i) => Math.abs(v - before[k]![i]!) <= 1e-11 * (1 + Math.abs(v))))) return;
  }
}

// --- moving a factor ---------------------------------------------------------------------------

/** Parameters of factors that must stay positive. */
const positive: ReadonlySet<string> = new Set(['sd', 'shape', 'rate', 'scale', 'a', 'b', 'alpha', 'df']);

/**
 * A direction in which the factor of a block can move: `to(h)` sets the factor h away from where it
 * was, expectations and entropy included.
 */
export function direction(program: VariationalProgram, block: number, seed: number): { to(h: number): void } {
  const b = program.blocks[block]!;
  const name = b.block.region.variable.name,
    id = b.block.region.statement.id;
  const random = normals(seed);
  const { memory } = program;
  if (b.factor.kind === 'finite') {
    const table = memory.get(`E|${name}=|1`)!,
      { count } = b.factor;
    const old = table.slice(),
      d = Float64Array.from(old, () => random());
    const entropies = program.blocks
      .filter((x) => x.factor.kind === 'finite' && x.block.region.variable.name === name)
      .map((x) => memory.get(`Q|${name}|${x.block.region.statement.id}|entropy`)!);
    const entropyOf = (p: ArrayLike<number>): number => {
      let h = 0;
      for (let i = 0; i < p.length; i++) if (p[i]! > 0) h -= p[i]! * Math.log(p[i]!);
      return h;
    };
    // Elements of other regions, and given ones, stay where they are.
    const mine = memory.get(`Q|${name}|${id}|score`)!;
    const rest = entropies.reduce((s, e) => s + e[0]!, 0) - entropyOf(old);
    return {
      to(h) {
        for (let n = 0; n < old.length / count; n++) {
          if (Number.isNaN(mine[n]!)) continue;
          let total = 0;
          for (let k = 0; k < count; k++) {
            const v = old[n * count + k]! * Math.exp(h * d[n * count + k]!);
            table[n * count + k] = v;
            total += v;
          }
          for (let k = 0; k < count; k++) table[n * count + k]! /= total;
        }
        entropies.forEach((e, k) => {
          e[0] = k === 0 ? rest + entropyOf(table) : 0;
        });
        program.touched();
      },
    };
  }
  if (b.factor.kind === 'grid') {
    const of = (what: string) => memory.get(`Q|${name}|${id}|${what}`)!;
    const weights = of('weights'),
      nodes = of('nodes'),
      edges = of('edges'),
      entropy = of('entropy');
    const old = weights.slice(),
      oldEntropy = entropy.slice();
    const size = 256,
      gauss = gaussLegendre(8);
    const slopes = Array.from({ length: entropy.length }, () => [random(), random()] as const);
    return {
      to(h) {
        for (let e = 0; e < entropy.length; e++) {
          if (oldEntropy[e] === 0 && old[e * size] === 0) continue;
          const x = nodes.subarray(e * size, (e + 1) * size),
            w0 = old.subarray(e * size, (e + 1) * size);
          let mean = 0,
            second = 0;
          for (let i = 0; i < size; i++) {
            mean += w0[i]! * x[i]!;
            second += w0[i]! * x[i]! ** 2;
          }
          const sd = Math.sqrt(second - mean ** 2);
          const d = Array.from(x, (v) => slopes[e]![0] * Math.tanh((v - mean) / sd) + slopes[e]![1] * Math.tanh(((v - mean) / sd) ** 2));
          let total = 0;
          for (let i = 0; i < size; i++) total += w0[i]! * Math.exp(h * d[i]!);
          // log q'(x) = log q(x) + h d(x) - log total: entropy without the cells' sizes, from E log q = -H.
          const q = old.subarray(e * size, (e + 1) * size);
          for (let i = 0; i < size; i++) weights[e * size + i] = (q[i]! * Math.exp(h * d[i]!)) / total;
          entropy[e] =
            oldEntropy[e]! +
            entropyChange(q, weights.subarray(e * size, (e + 1) * size), edges.subarray(e * 33, (e + 1) * 33), gauss, program, block);
        }
        program.expectations(block);
      },
    };
  }
  if (b.factor.kind === 'point') {
    const values = memory.get(name)!,
      old = values.slice();
    const d = directionOfPoint(program, block, random);
    return {
      to(h) {
        for (let i = 0; i < old.length; i++) values[i] = old[i]! + h * d[i]!;
        program.expectations(block);
      },
    };
  }
  const moves: ((h: number) => void)[] = [];
  for (const [storage, values] of memory) {
    const prefix = `Q|${name}|${id}|`;
    if (!storage.startsWith(prefix)) continue;
    const parameter = storage.slice(prefix.length);
    if (parameter === 'minimum') continue;
    const old = values.slice(),
      { shape } = program.builder.storage(storage);
    const d = Float64Array.from(old, () => random());
    const matrix =
      parameter === 'cov' ||
      (parameter === 'scale' &&
        b.factor.kind === 'family' &&
        (b.factor.family.name === 'Wishart' || b.factor.family.name === 'InverseWishart'));
    if (matrix) {
      const n = shape[shape.length - 1]!;
      moves.push((h) => {
        for (let o = 0; o < old.length; o += n * n)
          for (let i = 0; i < n; i++)
            for (let j = 0; j < n; j++) {
              const lower = o + Math.max(i, j) * n + Math.min(i, j);
              values[o + i * n + j] = old[o + i * n + j]! + h * 0.3 * d[lower]! * Math.sqrt(old[o + i * n + i]! * old[o + j * n + j]!);
            }
      });
    } else if (positive.has(parameter))
      moves.push((h) => {
        for (let i = 0; i < old.length; i++) values[i] = old[i]! * Math.exp(h * 0.3 * d[i]!);
      });
    else {
      const scale = spreadOf(program, block, old.length);
      moves.push((h) => {
        for (let i = 0; i < old.length; i++) values[i] = old[i]! + h * scale[i]! * d[i]!;
      });
    }
  }
  return {
    to(h) {
      for (const m of moves) m(h);
      program.expectations(block);
    },
  };
}

/** Standard deviations of a mean's elements, so that a shift of 1 is one of them. */
function spreadOf(program: VariationalProgram, block: number, length: number): Float64Array {
  const b = program.blocks[block]!;
  const prefix = `Q|${b.block.region.variable.name}|${b.block.region.statement.id}|`;
  const sd = program.memory.get(`${prefix}sd`);
  if (sd !== undefined) return Float64Array.from(sd);
  const cov = program.memory.get(`${prefix}cov`)!;
  const n = Math.round(cov.length / length);
  return Float64Array.from({ length }, (_, i) => Math.sqrt(cov[Math.floor(i / n) * n * n + (i % n) * n + (i % n)]!));
}

/** Moves a point within its constraint: along the simplex, symmetric for matrices. */
function directionOfPoint(program: VariationalProgram, block: number, random: () => number): Float64Array {
  const b = program.blocks[block]!;
  const name = b.block.region.variable.name,
    { shape } = program.builder.storage(name);
  const values = program.memory.get(name)!;
  const kind = b.block.region.variable.constraint.kind;
  const d = Float64Array.from(values, (v) => random() * 0.1 * (kind === 'none' ? 1 : v));
  const n = shape[shape.length - 1] ?? 1;
  if (kind === 'simplex')
    for (let o = 0; o < d.length; o += n) {
      let s = 0;
      for (let i = 0; i < n; i++) s += d[o + i]!;
      for (let i = 0; i < n; i++) d[o + i]! -= s * values[o + i]!;
    }
  if (kind === 'cov')
    for (let o = 0; o < d.length; o += n * n) for (let i = 0; i < n; i++) for (let j = 0; j < i; j++) d[o + j * n + i] = d[o + i * n + j]!;
  return d;
}

/** H(after) - H(before) for weights on the same cells. */
function entropyChange(
  before: Float64Array | Int32Array,
  after: Float64Array | Int32Array,
  edges: Float64Array | Int32Array,
  gauss: readonly Gauss[],
  program: VariationalProgram,
  block: number,
): number {
  const cell = cellSizes(edges, before.length, gauss, program, block);
  const h = (w: Float64Array | Int32Array): number => {
    let s = 0;
    for (let i = 0; i < w.length; i++) if (w[i]! > 0) s -= w[i]! * Math.log(w[i]! / cell[i]!);
    return s;
  };
  return h(after) - h(before);
}
/** Size of the cell of each node on the variable's own scale: Gauss weight, half width of the panel, Jacobian. */
export function cellSizes(
  edges: ArrayLike<number>,
  count: number,
  gauss: readonly Gauss[],
  program: VariationalProgram,
  block: number,
): Float64Array {
  const [low, high] = boundsOf(program, block);
  return Float64Array.from({ length: count }, (_, i) => {
    const panel = Math.floor(i / 8),
      half = (edges[panel + 1]! - edges[panel]!) / 2,
      g = gauss[i % 8]!;
    const y = edges[panel]! + half * (1 + g.node),
      e = Math.exp(-Math.abs(y));
    const jacobian =
      Number.isFinite(low) && Number.isFinite(high)
        ? ((high - low) * e) / (1 + e) ** 2
        : Number.isFinite(low)
          ? Math.exp(y)
          : Number.isFinite(high)
            ? Math.exp(-y)
            : 1;
    return g.weight * half * jacobian;
  });
}
/** Constant bounds of a grid block: its law's support and what the data add to it. */
function boundsOf(program: VariationalProgram, block: number): readonly [number, number] {
  const { region, collected } = program.blocks[block]!.block;
  const number = (e: Expr): number => {
    const v = program.builder.bind(program.builder.model.inline(e));
    return v.op === 'const' ? v.value : Number.NaN;
  };
  const support = regionSupport(region);
  let low = support.kind === 'interval' ? number(support.low) : -Infinity,
    high = support.kind === 'interval' ? number(support.high) : Infinity;
  for (const b of collected.bounds)
    if (b.binders.length === 0) {
      const v = number(b.value);
      if (b.side === 'low') low = Math.max(low, v);
      else high = Math.min(high, v);
    }
  return [low, high];
}

export interface Gauss {
  readonly node: number;
  readonly weight: number;
}
/** Gauss-Legendre rule by Newton's method on the Legendre polynomial. */
export function gaussLegendre(n: number): readonly Gauss[] {
  return Array.from({ length: n }, (_, k) => {
    let x = -Math.cos((Math.PI * (k + 0.75)) / (n + 0.5)),
      slope = 1;
    for (let step = 0; step < 100; step++) {
      let before = 1,
        now = x;
      for (let m = 1; m < n; m++) {
        const next = ((2 * m + 1) * x * now - m * before) / (m + 1);
        before = now;
        now = next;
      }
      slope = (n * (x * now - before)) / (x * x - 1);
      x -= now / slope;
    }
    return { node: x, weight: 2 / ((1 - x * x) * slope * slope) };
  });
}
