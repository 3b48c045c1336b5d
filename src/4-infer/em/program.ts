/**
 * Expectation maximisation as a program with memory. The E-step sets the law of the latents to their
 * posterior at the current parameters; the M-step moves every parameter to the maximum of the expected
 * log joint: means first, then what scales them at the new means (Dempster, Laird and Rubin 1977; Meng
 * and Rubin 1993 where no joint maximum is known).
 *
 * Latents that share no factor are their own posterior, by the updates of coordinate ascent, which are exact
 * there; those that meet are joint blocks.
 */
import type { BoundModel } from '../../2-graph/bound.js';
import { MeanFieldRefusal } from '../../3-derive/meanField.js';
import { ref, variablesOf } from '../../expr/expr.js';
import { largestChange, type Memory, VariationalProgram } from '../variational/program.js';
import { harden } from '../variational/starts.js';
import { vectorParams } from './vectorParams.js';
import { dampingStorage, isMeanPoint, isPoint, type PointOptions } from '../variational/factors/factor.js';

/** Values of all parameters. */
export type Estimates = ReadonlyMap<string, Memory>;

/** Cycles over coupled means within one M-step, and the relative change that ends them. */
const mostCycles = 200;
const still = 1e-13;
/** Quasi-Newton steps of an M-step without closed form; it need not reach the maximum. */
const gradientIterations = 20;

export class EmProgram extends VariationalProgram {
  readonly latents: readonly number[];
  /** Blocks of parameters in the order of their steps. */
  readonly parameters: readonly number[];
  private readonly means: readonly number[];
  private readonly others: readonly number[];
  private readonly coupledMeans: boolean;
  private readonly hard: boolean;

  /** @throws MeanFieldRefusal where the posterior of the latents or the maximum in a parameter is not known. */
  constructor(bound: BoundModel, seed: string, initialised: ReadonlyMap<string, Memory>, points: PointOptions, hard: boolean) {
    super({ ...bound, graph: vectorParams(bound.graph) }, seed, initialised, points, hard ? 'assigned' : 'joint', 'em');
    this.hard = hard;
    const all = this.blocks.map((_, k) => k);
    this.latents = all.filter((k) => !isPoint(this.blocks[k]!));
    this.means = all.filter((k) => !this.latents.includes(k) && this.isMean(k));
    this.others = all.filter((k) => !this.latents.includes(k) && !this.isMean(k));
    this.parameters = [...this.means, ...this.others];
    const names = new Set(this.means.map((k) => this.nameOf(k)));
    this.coupledMeans = this.means.some((k) => this.reads(k).some((n) => names.has(n)));
    if (hard) for (const k of this.latents) this.refuseContinuous(k);
  }

  /** Names of the variables that are estimated. */
  get estimated(): readonly string[] {
    return [...new Set(this.parameters.map((k) => this.nameOf(k)))];
  }

  /** The posterior of the latents at the current parameters; with `hard`, each at its most probable value. */
  expectation(): void {
    for (const k of this.latents) this.update(k);
    if (this.hard) this.harden();
  }
  /** Every parameter to its maximum. */
  maximisation(): void {
    for (let cycle = 0; cycle < (this.coupledMeans ? mostCycles : 1); cycle++) {
      const before = this.means.map((k) => this.memory.get(this.nameOf(k))!.slice());
      for (const k of this.means) this.update(k);
      if (this.means.every((k, i) => largestChange(this.memory.get(this.nameOf(k))!, before[i]!) < still)) break;
    }
    for (const k of this.others) this.update(k);
    this.moveAlongGradient(gradientIterations);
    this.memory.get(dampingStorage)?.fill(1);
  }
  /** An M-step with every finite latent at its most probable value. */
  hardMaximisation(): void {
    this.harden();
    this.maximisation();
  }
  /**
   * The log-likelihood of the estimates plus their log prior (soft), or the log joint density at the assignments (hard); after an E-step.
   */
  objective(): number {
    return this.hard ? this.energy() : this.bound();
  }

  estimates(): Estimates {
    return new Map(this.estimated.map((name) => [name, this.memory.get(name)!.slice()]));
  }
  /** Puts parameters back and their tables with them. */
  setEstimates(values: Estimates): void {
    for (const [name, value] of values) this.memory.get(name)!.set(value);
    // Natural parameters of another start are no old ones of these.
    this.memory.get(dampingStorage)?.fill(0);
    for (const k of this.parameters) this.expectations(k);
  }

  /**
   * The size of a parameter's numbers, below which a change is small: their own where they are scales, that of the start where they may be
   * zero.
   */
  sizeOf(name: string): number {
    if (this.builder.model.graph.variables.get(name)!.constraint.kind === 'none') return Math.min(1, this.sizes.get(name) ?? 1);
    return Array.from(this.memory.get(name)!).reduce((most, x) => Math.max(most, Math.abs(x)), 0);
  }

  private nameOf(block: number): string {
    return this.blocks[block]!.block.region.variable.name;
  }
  /** Other unknowns whose expectations a block's update reads. */
  private reads(block: number): readonly string[] {
    const names = new Set<string>();
    for (const c of this.blocks[block]!.block.expected) {
      for (const e of [c.coefficient, ...c.guards])
        for (const v of variablesOf(e)) names.add(v.startsWith('E|') ? v.split('|')[1]!.replace(/=$/, '') : v);
    }
    return [...names].filter((n) => this.builder.model.graph.variables.has(n) && this.builder.model.statusOf(n) !== 'given');
  }
  /** True for parameters that stand in the mean of Gaussians. */
  isMean(block: number): boolean {
    return isMeanPoint(this.blocks[block]!);
  }
  private refuseContinuous(block: number): void {
    if (this.blocks[block]!.factor.kind !== 'finite')
      throw new MeanFieldRefusal(
        'is not finite, so hard=true has no assignment for it',
        ref(this.nameOf(block), this.blocks[block]!.block.region.at),
        this.nameOf(block),
      );
  }
  /** Every finite latent at its most probable value, those of a joint block at their most probable assignment. */
  private harden(): void {
    for (const k of this.latents) if (this.blocks[k]!.mode !== undefined) this.assign(k);
    for (const k of this.latents) {
      const { factor, assigned } = this.blocks[k]!;
      if (factor.kind !== 'finite') continue;
      if (assigned !== undefined) {
        this.assigned(k);
        continue;
      }
      const table = this.memory.get(`E|${this.nameOf(k)}=|1`)!;
      for (let n = 0; n < table.length; n += factor.count) harden(table, n, factor.count);
      this.changedTables(k);
    }
  }
}
