/**
 * A Gaussian block opened up for tests: its codes as entry points over memory in reach, and dense
 * Gaussian conditioning to hold them against.
 */
import { type Code, store } from '../../../src/code/loop.js';
import { allocate, type EntryPoint, instantiate, printModule } from '../../../src/code/module.js';
import { createRuntime } from '../../../src/code/runtime.js';
import { addAll, index, num, type Ref, ref } from '../../../src/expr/expr.js';
import { prepare as declare, jointTerms, runFolds } from '../../../src/4-infer/assemble.js';
import { type AssembledGaussianBlock, gaussianBlocks } from '../../../src/4-infer/blocks/gaussian.js';
import { overRegions } from '../../../src/4-infer/blocks/gaussianPattern.js';
import { ancestralCode } from '../../../src/4-infer/ancestral.js';
import { FoldedTables } from '../../../src/4-infer/contract.js';
import { derive, type Derivation } from '../../../src/4-infer/derivation.js';
import { ProgramBuilder } from '../../../src/4-infer/programBuilder.js';
import { choleskyInPlace, inverseFromCholesky, logDeterminantFromCholesky } from '../../../src/numeric/linearAlgebra.js';
import { createRandom, type Random } from '../../../src/random/generator.js';
import type { Factor } from '../../../src/3-derive/model.js';
import { boundModel } from '../machine.js';

type Memory = Float64Array | Int32Array;

export interface BlockOptions {
  readonly only?: readonly string[] | null;
  readonly pairs?: readonly { readonly a: Ref; readonly b: Ref }[];
  readonly random?: Random;
}

export class BlockMachine {
  readonly builder: ProgramBuilder;
  readonly derivation: Derivation;
  readonly blocks: readonly AssembledGaussianBlock[];
  readonly random: Random;
  private readonly memory = new Map<string, Memory>();
  private readonly entries: Readonly<Record<string, EntryPoint>>;

  /** `pairs`: covariances to read, by block 0. */
  constructor(
    source: string,
    data: Readonly<Record<string, unknown>>,
    { only = null, pairs = [], random = createRandom('1', 'block') }: BlockOptions = {},
  ) {
    this.random = random;
    this.builder = new ProgramBuilder(boundModel(source, data));
    const { builder } = this;
    declare(builder);
    this.derivation = derive(builder.model);
    const candidates = this.derivation.regions.filter((r) => only === null || only.includes(r.region.variable.name));
    this.blocks = gaussianBlocks(builder, this.derivation, candidates, new FoldedTables());
    this.blocks.forEach((b, k) => {
      const outputs = b.members.map((m) => ({
        ...m,
        mean: builder.addStorage({ name: `mean.${m.name}`, type: 'float64', shape: m.shape, place: 'state' }),
        variance: builder.addStorage({ name: `variance.${m.name}`, type: 'float64', shape: m.shape, place: 'state' }),
      }));
      const result = builder.addStorage({ name: `normaliser${k}`, type: 'float64', shape: [], place: 'state' });
      const read = overRegions(builder, b.regions, (e): readonly Code[] => {
        const o = outputs.find((x) => x.name === e.variable)!;
        // Variances element by element: the binders are those of the region, whose ranges the reader knows.
        return [store(o.mean, e.at, b.mean(e))];
      });
      const variances = b.regions.flatMap((r) => {
        const rank = r.eventRank,
          shape = builder.storage(r.variable.name).shape;
        const event = Array.from({ length: rank }, (_, d) => ({
          index: index(`e${d}`),
          from: num(0),
          to: num(shape[shape.length - rank + d]!),
        }));
        const binders = [...r.plates.map((p) => builder.bindBinder({ index: p.index, from: p.from, to: p.to })), ...event];
        const e = ref(r.variable.name, [...r.at.map((x) => builder.bind(x)), ...event.map((x) => x.index)]);
        const value = b.covariance(e, e, binders);
        if (value === null) throw new Error('no variance');
        const o = outputs.find((x) => x.name === e.variable)!;
        let code: readonly Code[] = [store(o.variance, e.at, value)];
        for (const g of [...r.guards].reverse()) code = [{ do: 'if', test: builder.bind(g), then: code, otherwise: [] }];
        for (const x of [...binders].reverse()) code = [{ do: 'for', index: x.index, from: x.from, to: x.to, body: code }];
        return code;
      });
      const found = k === 0 ? pairs.map(({ a, b: other }) => b.covariance(a, other, [])) : [];
      found.forEach((e, i) => {
        if (e !== null) builder.addStorage({ name: `pair${i}`, type: 'float64', shape: [], place: 'state' });
      });
      builder.entry(`prepare${k}`, [...b.prepare, store(result, [], b.logNormaliser)]);
      builder.entry(`moments${k}`, [
        ...b.moments,
        ...read,
        ...variances,
        ...found.flatMap((e, i) => (e === null ? [] : [store(`pair${i}`, [], e)])),
      ]);
      builder.entry(`draw${k}`, b.draw);
    });
    const sum = (factors: readonly Factor[]): Code => ({ do: 'return', value: addAll(jointTerms(builder, factors).map((t) => t.value)) });
    builder.entry('logJoint', [sum(this.derivation.factors)]);
    this.blocks.forEach((b, k) => builder.entry(`members${k}`, [sum(b.structureOf.factors)]));
    const near = builder.fresh('near', [], 'local');
    builder.entry(
      'initialise',
      ancestralCode(builder, {
        generate: 'latents',
        near: ref(near, []),
        wanted: (s) =>
          s.kind === 'let'
            ? builder.model.statusOf(s.target.variable) !== 'given'
            : s.kind !== 'predict' &&
              s.kind !== 'factor' &&
              s.target !== null &&
              ['latent', 'partial'].includes(builder.model.statusOf(s.target.variable)),
      }),
      [near],
    );
    const printed = printModule(builder.module());
    const values = new Map(runFolds(builder));
    for (const s of printed.storages) {
      const v = values.get(s.name) ?? builder.initialValues(s.name);
      if (v !== undefined) values.set(s.name, v.slice());
    }
    const arrays = allocate(printed.storages, values);
    printed.storages.forEach((s, k) => this.memory.set(s.name, arrays[k]!));
    this.entries = instantiate(printed.source, arrays, createRuntime(this.random));
  }

  get(name: string): Memory {
    const found = this.memory.get(name);
    if (found === undefined) throw new Error(`no storage ${name}`);
    return found;
  }
  has(name: string): boolean {
    return this.memory.has(name);
  }
  call(entry: string, ...args: readonly number[]): number {
    return this.entries[entry]!(...args) ?? Number.NaN;
  }
  logJoint(): number {
    return this.call('logJoint');
  }
  prepare(block = 0): number {
    this.call(`prepare${block}`);
    return this.get(`normaliser${block}`)[0]!;
  }
  moments(block = 0): void {
    this.call(`moments${block}`);
  }
  draw(block = 0): void {
    this.call(`draw${block}`);
  }
}

/** y = A x + noise of covariance R, or a prior: rows of a linear-Gaussian density in the unknowns x. */
export interface Piece {
  readonly rows: readonly (readonly number[])[];
  readonly offset: readonly number[];
  readonly covariance: readonly (readonly number[])[];
}

/** The density prod_k N(0; A_k x - c_k, R_k) as a Gaussian in x: mean, covariance and log integral, by dense algebra. */
export function condition(
  n: number,
  pieces: readonly Piece[],
): { readonly mean: Float64Array; readonly covariance: Float64Array; readonly logIntegral: number } {
  const p = new Float64Array(n * n),
    h = new Float64Array(n);
  let constant = 0;
  for (const { rows, offset, covariance } of pieces) {
    const k = rows.length,
      r = Float64Array.from(covariance.flat());
    if (!choleskyInPlace(r, 0, k)) throw new Error('not a covariance');
    constant -= 0.5 * (k * Math.log(2 * Math.PI) + logDeterminantFromCholesky(r, 0, k));
    inverseFromCholesky(r, 0, k);
    for (let a = 0; a < k; a++)
      for (let b = 0; b < k; b++) {
        const weight = r[a * k + b]!;
        constant -= 0.5 * weight * offset[a]! * offset[b]!;
        for (let i = 0; i < n; i++) {
          if (rows[a]![i] === 0) continue;
          h[i]! += weight * rows[a]![i]! * offset[b]!;
          for (let j = 0; j < n; j++) p[i * n + j]! += weight * rows[a]![i]! * rows[b]![j]!;
        }
      }
  }
  const covariance = p.slice();
  if (!choleskyInPlace(covariance, 0, n)) throw new Error('not positive definite');
  const logDeterminant = logDeterminantFromCholesky(covariance, 0, n);
  inverseFromCholesky(covariance, 0, n);
  const mean = new Float64Array(n);
  let quadratic = 0;
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++) mean[i]! += covariance[i * n + j]! * h[j]!;
    quadratic += h[i]! * mean[i]!;
  }
  return { mean, covariance, logIntegral: constant + 0.5 * quadratic + 0.5 * n * Math.log(2 * Math.PI) - 0.5 * logDeterminant };
}

/** Rows by the names of unknowns: `term({ 'a[0]': 1, 'b': -x }, y, sd)` is N(y; a[0] - x b, sd). */
export class Pieces {
  readonly names: string[] = [];
  readonly list: {
    readonly weights: readonly Readonly<Record<string, number>>[];
    readonly offset: readonly number[];
    readonly covariance: readonly (readonly number[])[];
  }[] = [];
  add(weights: Readonly<Record<string, number>>, offset: number, sd: number): void {
    this.many([weights], [offset], [[sd * sd]]);
  }
  many(weights: readonly Readonly<Record<string, number>>[], offset: readonly number[], covariance: readonly (readonly number[])[]): void {
    for (const w of weights) for (const name of Object.keys(w)) if (!this.names.includes(name)) this.names.push(name);
    this.list.push({ weights, offset, covariance });
  }
  conditioned(): ReturnType<typeof condition> {
    return condition(
      this.names.length,
      this.list.map(({ weights, offset, covariance }) => ({
        rows: weights.map((w) => this.names.map((name) => w[name] ?? 0)),
        offset,
        covariance,
      })),
    );
  }
}
