/**
 * Independent draws of a run's variables from a law that is known: one after the other, kept whole, or of large variables as running
 * moments (Welford 1962), so that predictions for a million rows fit into memory as they do in runs of chains.
 */
import type { Diagnostic } from '../errors/diagnostic.js';
import type { RunRequest } from './backend.js';
import type { Recorded } from './chainProgram.js';
import { type ClosedForm, type DrawsForm, type DrawValues, type MomentsForm, sizeOf } from './posterior.js';
import { type Interruptible, inTurns } from './stopping.js';

/** Seconds in which draws are made of what a run that was stopped has come to. */
const graceSeconds = 0.25;

interface Sums {
  readonly mean: Float64Array;
  readonly squares: Float64Array;
}

export class IndependentDraws {
  private readonly kept = new Map<string, DrawValues>();
  private readonly sums = new Map<string, Sums>();
  private readonly recorded: readonly Recorded[];
  private readonly request: RunRequest;
  private made = 0;

  /** @param storage for so many numbers of a variable. */
  constructor(recorded: readonly Recorded[], request: RunRequest, storage: (r: Recorded, length: number) => DrawValues) {
    this.recorded = recorded;
    this.request = request;
    for (const r of recorded) {
      const size = sizeOf(r.shape);
      if (r.mode === 'draws') this.kept.set(r.name, storage(r, this.wanted * size));
      else this.sums.set(r.name, { mean: new Float64Array(size), squares: new Float64Array(size) });
    }
  }

  /**
   * Makes the draws, fewer where the run is stopped meanwhile.
   * @param draw puts one draw into the state, from where `read` reads the values of a variable.
   */
  async make(draw: () => void, read: (storage: string) => ArrayLike<number>): Promise<void> {
    if (this.recorded.length > 0) await inTurns(this.steps(draw, read), { stopped: this.request.stopped }, 'sampling', graceSeconds);
  }

  private *steps(draw: () => void, read: (storage: string) => ArrayLike<number>): Interruptible<true> {
    while (this.made < this.wanted) {
      draw();
      for (const { name, storage } of this.recorded) {
        const values = read(storage);
        this.kept.get(name)?.set(values, this.made * values.length);
        const sums = this.sums.get(name);
        if (sums !== undefined) add(sums, values, this.made + 1);
      }
      this.made++;
      yield;
    }
    return true;
  }

  /** What a run says that was stopped while its draws were made. */
  get warnings(): readonly Diagnostic[] {
    return this.recorded.length === 0 || this.made === this.wanted
      ? []
      : [
          {
            code: 'stopped-early',
            severity: 'warning',
            message: `the run was stopped after ${this.made} of ${this.wanted} independent draws from the law that it had come to`,
            hint: 'Give it more time, or ask for fewer draws.',
          },
        ];
  }

  /** The draws of a variable; null where none are kept. */
  of(name: string): ClosedForm['draws'] {
    const values = this.kept.get(name);
    return values === undefined || this.made === 0
      ? null
      : { count: this.made, values: this.made === this.wanted ? values : values.slice(0, (values.length / this.wanted) * this.made) };
  }

  /** What there is of a variable about which nothing else is known; null where there is nothing. */
  form(name: string): DrawsForm | MomentsForm | null {
    const sums = this.sums.get(name),
      draws = this.of(name);
    // Draws that are cut short are no longer so many for each chain, and chains mean nothing to independent ones.
    const counts = this.made === this.wanted ? { chains: this.request.chains, draws: this.request.draws } : { chains: 1, draws: this.made };
    if (draws !== null) return { form: 'draws', ...counts, values: draws.values, independent: true };
    if (sums === undefined || this.made === 0) return null;
    const variance = sums.squares.map((s) => s / Math.max(1, this.made - 1));
    return {
      form: 'moments',
      ...counts,
      mean: sums.mean,
      variance,
      mcse: variance.map((v) => Math.sqrt(v / this.made)),
      rhat: new Float64Array(variance.length).fill(Number.NaN),
      probabilities: null,
    };
  }

  private get wanted(): number {
    return this.request.chains * this.request.draws;
  }
}

/** Adds the draw of a number to its mean and its sum of squares about it. */
function add({ mean, squares }: Sums, values: ArrayLike<number>, count: number): void {
  for (let e = 0; e < mean.length; e++) {
    const x = values[e]!,
      step = x - mean[e]!;
    mean[e]! += step / count;
    squares[e]! += step * (x - mean[e]!);
  }
}
