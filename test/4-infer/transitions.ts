/**
 * Exact transition matrices of generated sweeps over finite states. The random stream is replaced by
 * one whose every draw is a branch of a tree: the sweep is run again and again with a prefix of fixed
 * draws, and at each next draw the points are found (by bisection, to 2^-52) where what happens after
 * it changes. Branch probabilities are lengths of intervals, so nothing is simulated.
 */
import type { SamplerProgram } from '../../src/4-infer/mcmc.js';
import { instantiate } from '../../src/code/module.js';
import { createRuntime, type Procedure } from '../../src/code/runtime.js';
import { erfc } from '../../src/numeric/special/errorFunction.js';
import { Random } from '../../src/random/generator.js';
import { otherPosition } from '../../src/random/compositions.js';
import { metropolis } from '../../src/random/metropolis.js';

type Kind = { readonly kind: 'uniform' } | { readonly kind: 'normal' } | { readonly kind: 'integer'; readonly count: number };

/** Thrown at the first draw that the prefix does not fix. */
class NextDraw extends Error {
  readonly draw: Kind;
  constructor(draw: Kind) {
    super('next draw');
    this.draw = draw;
  }
}

class Scripted extends Random {
  prefix: number[] = [];
  position = 0;
  constructor() {
    super(Uint32Array.of(1, 2, 3, 4));
  }
  private next(draw: Kind): number {
    if (this.position < this.prefix.length) return this.prefix[this.position++]!;
    throw new NextDraw(draw);
  }
  override uniform(): number {
    return this.next({ kind: 'uniform' });
  }
  override uniformPositive(): number {
    return Math.max(this.next({ kind: 'uniform' }), 2 ** -60);
  }
  override normal(): number {
    return this.next({ kind: 'normal' });
  }
  override integer(count: number): number {
    return this.next({ kind: 'integer', count });
  }
  override bits(): number {
    throw new Error('bits are not scripted');
  }
  override exponential(): number {
    throw new Error('an exponential has no finite tree');
  }
}

export interface FiniteVariable {
  readonly name: string;
  readonly element: number;
  readonly low: number;
  readonly high: number;
}

/** All elements of the given variables with their ranges, as states in mixed radix. */
export function statesOf(variables: readonly FiniteVariable[]): readonly (readonly number[])[] {
  return variables.reduce<number[][]>(
    (states, v) => states.flatMap((s) => Array.from({ length: v.high - v.low + 1 }, (_, k) => [...s, v.low + k])),
    [[]],
  );
}

export class TransitionTree {
  private readonly memory: ReadonlyMap<string, Float64Array | Int32Array>;
  private readonly entries: Readonly<Record<string, (...args: readonly number[]) => number | undefined>>;
  private readonly random = new Scripted();
  private readonly variables: readonly FiniteVariable[];
  private trace: string[] = [];
  private pairs = 0;
  private readonly known = new Map<string, ReadonlyMap<string, number>>();

  constructor(sampler: SamplerProgram, variables: readonly FiniteVariable[]) {
    this.variables = variables;
    const arrays = sampler.program.storages.map((s) => {
      const size = s.shape.reduce((a, b) => a * b, 1);
      return s.values?.slice() ?? (s.type === 'int32' ? new Int32Array(size) : new Float64Array(size));
    });
    this.memory = new Map(sampler.program.storages.map((s, k) => [s.name, arrays[k]!]));
    // Proposals are locals of the code: they show in the arguments of the acceptance step.
    const seen: Procedure = ((random: Random, density: (x: number) => number, current: number, proposed: number, correction: number) => {
      this.trace.push(`proposed ${proposed}`);
      const kept = metropolis(random, density, current, proposed, correction);
      this.trace = [];
      return kept;
    }) as Procedure;
    const chosen: Procedure = ((random: Random, position: number, count: number) => {
      const other = otherPosition(random, position, count);
      // Pairs that hold nothing draw nothing more: their number tells histories apart.
      this.trace = [`pair ${++this.pairs} of ${position} and ${other}`];
      return other;
    }) as Procedure;
    this.entries = instantiate(
      sampler.program.source,
      arrays,
      createRuntime(
        this.random,
        [],
        new Map([
          ['metropolis', seen],
          ['otherPosition', chosen],
        ]),
      ),
    );
  }

  /** Values that a block has drawn and not yet copied to its variables. */
  private drawn(): readonly (Float64Array | Int32Array)[] {
    return [...this.memory].flatMap(([name, values]) => (name.startsWith('%value') ? [values] : []));
  }
  private setState(state: readonly number[]): void {
    this.variables.forEach((v, k) => {
      this.memory.get(v.name)![v.element] = state[k]!;
    });
  }
  private state(): readonly number[] {
    return this.variables.map((v) => this.memory.get(v.name)![v.element]!);
  }
  logJoint(state: readonly number[]): number {
    this.setState(state);
    // Deterministic quantities follow the state; reports draw nothing in these models.
    this.entries['report']!();
    return this.entries['logJoint']!()!;
  }

  /** Runs the sweep on a prefix: what has happened, and the draw it stops at. */
  private run(
    from: readonly number[],
    prefix: readonly number[],
  ): { readonly signature: string; readonly next: Kind | null; readonly state: readonly number[] } {
    this.setState(from);
    this.random.prefix = [];
    this.random.position = 0;
    this.entries['report']!();
    this.random.prefix = [...prefix];
    this.trace = [];
    this.pairs = 0;
    for (const values of this.drawn()) values.fill(0);
    let next: Kind | null = null;
    try {
      this.entries['sweep']!(0);
    } catch (e) {
      if (!(e instanceof NextDraw)) throw e;
      next = e.draw;
    }
    const state = this.state();
    return {
      signature: `${this.trace.join(';')} at ${this.random.position} in ${state.join(',')} ${this.drawn()
        .map((v) => v.join())
        .join(';')} next ${next?.kind}`,
      next,
      state,
    };
  }

  /** Probabilities of the states after one sweep, by their text. */
  transitions(from: readonly number[]): ReadonlyMap<string, number> {
    return this.rest(from, []);
  }

  /** The law of the final state given the draws so far; what follows depends on the signature alone. */
  private rest(from: readonly number[], prefix: readonly number[]): ReadonlyMap<string, number> {
    const { next, state, signature } = this.run(from, prefix);
    const known = this.known.get(signature);
    if (known !== undefined) return known;
    const out = new Map<string, number>();
    const branch = (probability: number, value: number): void => {
      // Rejection loops are entered again where rounding left a sliver of the uniform.
      if (probability < 1e-15) return;
      for (const [key, p] of this.rest(from, [...prefix, value])) out.set(key, (out.get(key) ?? 0) + probability * p);
    };
    if (next === null) out.set(state.join(','), 1);
    else if (next.kind === 'integer') for (let k = 0; k < next.count; k++) branch(1 / next.count, k);
    else {
      const [low, high] = next.kind === 'uniform' ? [0, 1] : [-9, 9];
      const at = (x: number): string => this.run(from, [...prefix, x]).signature;
      const points = [low, ...this.changes(at, low, at(low), high, at(high === 1 ? 1 - 2 ** -53 : high)), high];
      for (let k = 0; k + 1 < points.length; k++) {
        const a = points[k]!,
          b = points[k + 1]!;
        branch(next.kind === 'uniform' ? b - a : normalMass(a, b), (a + b) / 2);
      }
    }
    this.known.set(signature, out);
    return out;
  }

  /** Points in (a, b) where a piecewise constant function with one piece for each value changes. */
  private changes(f: (x: number) => string, a: number, atA: string, b: number, atB: string): readonly number[] {
    if (atA === atB) return [];
    const middle = (a + b) / 2;
    if (b - a < 2 ** -52 || middle === a || middle === b) return [middle];
    const atMiddle = f(middle);
    return [...this.changes(f, a, atA, middle, atMiddle), ...this.changes(f, middle, atMiddle, b, atB)];
  }
}

/** P(a < Z < b). The tails beyond 9 (1e-19) belong to nothing. */
function normalMass(a: number, b: number): number {
  return a > 0 ? 0.5 * (erfc(a / Math.SQRT2) - erfc(b / Math.SQRT2)) : 0.5 * (erfc(-b / Math.SQRT2) - erfc(-a / Math.SQRT2));
}

export interface MatrixCheck {
  /** Largest |(pi P - pi)_i|. */
  readonly stationarity: number;
  /** Largest |pi_i P_ij - pi_j P_ji|. */
  readonly reversibility: number;
  /** Largest |(P^m)_ij - pi_j| for m = 4096. */
  readonly mixing: number;
  /** Largest difference of the program's joint density from the test's own, up to a constant. */
  readonly joint: number;
  /** Largest probability of moving to a state outside the support. */
  readonly leak: number;
}

/** Compares the sweep's exact transition matrix with a law stated by the test (log mass; -Infinity outside the support). */
export function checkMatrix(
  sampler: SamplerProgram,
  variables: readonly FiniteVariable[],
  logMass: (...state: readonly number[]) => number,
): MatrixCheck {
  const tree = new TransitionTree(sampler, variables);
  const states = statesOf(variables).filter((s) => logMass(...s) > -Infinity);
  const logs = states.map((s) => logMass(...s));
  const top = Math.max(...logs);
  const total = logs.reduce((sum, l) => sum + Math.exp(l - top), 0);
  const pi = logs.map((l) => Math.exp(l - top) / total);
  const offset = tree.logJoint(states[0]!) - logs[0]!;
  const joint = Math.max(...states.map((s, k) => Math.abs(tree.logJoint(s) - logs[k]! - offset)));
  const at = new Map(states.map((s, k) => [s.join(','), k]));
  let leak = 0;
  const P = states.map((s) => {
    const row = new Float64Array(states.length);
    for (const [key, p] of tree.transitions(s)) {
      const k = at.get(key);
      if (k === undefined) {
        leak = Math.max(leak, p);
        continue;
      }
      row[k] = row[k]! + p;
    }
    return row;
  });
  const n = states.length;
  let stationarity = 0,
    reversibility = 0;
  for (let j = 0; j < n; j++) {
    let sum = 0;
    for (let i = 0; i < n; i++) {
      sum += pi[i]! * P[i]![j]!;
      reversibility = Math.max(reversibility, Math.abs(pi[i]! * P[i]![j]! - pi[j]! * P[j]![i]!));
    }
    stationarity = Math.max(stationarity, Math.abs(sum - pi[j]!));
  }
  let power = P;
  for (let squaring = 0; squaring < 12; squaring++)
    power = power.map((row) => Float64Array.from({ length: n }, (_, j) => row.reduce((sum, p, k) => sum + p * power[k]![j]!, 0)));
  const mixing = Math.max(...power.map((row) => Math.max(...row.map((p, j) => Math.abs(p - pi[j]!)))));
  return { stationarity, reversibility, mixing, joint, leak };
}

/** Variables by name and number of elements, all with one range. */
export function finite(name: string, count: number, low: number, high: number): readonly FiniteVariable[] {
  return Array.from({ length: count }, (_, element) => ({ name, element, low, high }));
}
