/**
 * What the chains of a run have handed over so far: their draws, and where each may go on. Written to the
 * run's store as it comes, where there is one.
 */
import type { Diagnostic, ModelError } from '../errors/diagnostic.js';
import { seconds } from '../platform/platform.js';
import type { RunRequest, RunStore } from './backend.js';
import { ownBytes } from './chainMemory.js';
import { type ChainOutput, chainOutput } from './chainOutput.js';
import type { ChainProgram } from './chainProgram.js';
import { type Checkpoint, type ChainState, type DrawPiece, identityOf, valuesPerDraw } from './checkpoint.js';
import { collectChains, type CollectedRun } from './collect.js';
import { stoppedWithout } from './stopping.js';

/** Chains as far as they came, in order, and what is to be said of how they ran. */
export interface ChainsResult {
  readonly outputs: readonly ChainOutput[];
  readonly notes: readonly Diagnostic[];
}

interface Entry {
  checkpoint: Checkpoint | null;
  pieces: DrawPiece[];
  recorded: number;
  /** What the store does not have yet, because it failed. */
  owed: readonly DrawPiece[];
}

/** Seconds between two checkpoints of a chain, and bytes for which another second is worth waiting. */
const interval = 0.5,
  bytesPerSecond = 2e7;
/** A checkpoint of more bytes is made for a store only: a chain without one begins again where its thread dies. */
const smallCheckpoint = 1 << 22;
/** Seconds until a store that failed is tried again. */
const respite = 5;

export class ChainLedger {
  private readonly program: ChainProgram;
  private readonly request: RunRequest;
  private readonly chains: readonly Entry[];
  /** By what they are about, so that there is one of each. */
  private readonly notes: Map<string, Diagnostic>;
  private readonly store: RunStore | null;
  private queue: Promise<void>;
  /** Why the store failed last, and when. */
  private failed: { readonly reason: string; readonly at: number } | null;

  private constructor(program: ChainProgram, request: RunRequest, states: readonly (ChainState | null)[]) {
    this.program = program;
    this.request = request;
    this.store = request.store ?? null;
    this.chains = Array.from(
      { length: request.chains },
      (_, chain): Entry => ({
        checkpoint: states[chain]?.checkpoint ?? null,
        pieces: [...(states[chain]?.pieces ?? [])],
        recorded: seconds(),
        owed: [],
      }),
    );
    this.failed = null;
    this.notes = new Map();
    this.queue = Promise.resolve();
  }

  /** @throws ModelError as the store of the run does. */
  static async open(program: ChainProgram, request: RunRequest): Promise<ChainLedger> {
    const values = request.enough === undefined ? request.chains * request.draws * valuesPerDraw(program) : null;
    const states = await request.store?.open(identityOf(program), request.chains, values, program.recorded);
    return new ChainLedger(program, request, states ?? []);
  }

  /** Seconds from one checkpoint of a chain to the next; infinite where there is nothing to make one for, unless one is `always` wanted. */
  static pauseFor(program: ChainProgram, request: RunRequest, always = false): number {
    const bytes = ownBytes(program);
    return !always && request.store === undefined && bytes > smallCheckpoint ? Number.POSITIVE_INFINITY : interval + bytes / bytesPerSecond;
  }

  get isEmpty(): boolean {
    return this.chains.every(({ checkpoint }) => checkpoint === null);
  }

  checkpointOf(chain: number): Checkpoint | null {
    return this.chains[chain]!.checkpoint;
  }

  isDue(chain: number): boolean {
    return seconds() - this.chains[chain]!.recorded > ChainLedger.pauseFor(this.program, this.request);
  }

  record(checkpoint: Checkpoint, pieces: readonly DrawPiece[]): void {
    const entry = this.chains[checkpoint.chain]!;
    entry.checkpoint = checkpoint;
    entry.pieces.push(...pieces);
    entry.recorded = seconds();
    const { store } = this;
    if (store !== null) this.queue = this.queue.then(() => this.write(store, entry, checkpoint, pieces, respite));
  }

  /** To be said with the result, in place of what was to be said before about the same. */
  note(diagnostic: Diagnostic, about: string = diagnostic.code): void {
    this.notes.set(about, diagnostic);
  }

  /** Waits until all that was handed over is in the store. */
  async written(): Promise<void> {
    await this.queue;
    for (const entry of this.chains)
      if (this.store !== null && entry.owed.length > 0) await this.write(this.store, entry, entry.checkpoint!, [], 0);
  }

  /** The run as it would be if it ended with the first `draws` of each chain. */
  collected(draws: number): CollectedRun {
    return collectChains(
      this.program,
      this.chains.map((entry) => chainOutput(this.program, stateOf(entry)!, this.request.draws, draws)),
    );
  }

  /**
   * Once, at the end: the outputs, of as many draws as were wanted; of a run that was stopped before it had them those chains that give
   * most draws together.
   * @throws ModelError where no chain has kept a draw.
   */
  async result(wanted: number): Promise<ChainsResult> {
    await this.written();
    const kept = this.chains.map(({ checkpoint }) => Math.min(wanted, checkpoint?.kept ?? 0));
    const draws = mostTogether(kept);
    const chosen = this.chains.filter((_, chain) => draws > 0 && kept[chain]! >= draws);
    if (chosen.length === 0) throw stoppedTooEarly();
    const dropped = kept.flatMap((own, chain) => (own < draws ? [chain] : []));
    const outputs = chosen.map((entry) => {
      const output = chainOutput(this.program, stateOf(entry)!, this.request.draws, draws);
      // Joined they are there twice: the pieces of a chain go before those of the next are joined.
      entry.pieces = [];
      return output;
    });
    const short: Diagnostic[] =
      draws === wanted && dropped.length === 0
        ? []
        : [
            {
              code: 'stopped-early',
              severity: 'warning',
              message: `the run ended with ${draws} of ${this.request.draws} draws of ${dropped.length === 0 ? 'each chain' : `${chosen.length} of ${this.chains.length} chains: chain${dropped.length === 1 ? '' : 's'} ${someOf(dropped)} had not come as far`}`,
            },
          ];
    return { outputs, notes: [...this.notes.values(), ...this.notKept(), ...short] };
  }

  /** Hands a checkpoint to the store, with all that it owes; the run goes on where that fails, as when a disk is full. */
  private async write(store: RunStore, entry: Entry, checkpoint: Checkpoint, pieces: readonly DrawPiece[], pause: number): Promise<void> {
    const all = [...entry.owed, ...pieces];
    entry.owed = all;
    if (this.failed !== null && seconds() - this.failed.at < pause) return;
    try {
      await store.keep(checkpoint, all);
      entry.owed = [];
      this.failed = null;
    } catch (error) {
      this.failed = { reason: error instanceof Error ? error.message : String(error), at: seconds() };
    }
  }

  private notKept(): readonly Diagnostic[] {
    const without = this.chains.flatMap(({ owed }, chain) => (owed.length > 0 ? [`chain ${chain} from draw ${owed[0]!.first}`] : []));
    return without.length === 0
      ? []
      : [
          {
            code: 'cannot-keep',
            severity: 'warning',
            message: `draws could not be kept while the chains ran (${this.failed?.reason ?? ''}): ${someOf(without)}. Had the run been cut off, they would have been made again`,
          },
        ];
  }
}

function stateOf({ checkpoint, pieces }: Entry): ChainState | null {
  return checkpoint === null ? null : { checkpoint, pieces };
}

/** Of how many draws there are most in all chains that have so many. */
function mostTogether(kept: readonly number[]): number {
  const best = { draws: 0, together: 0 };
  // Behind the k-th longest chain k others are as long.
  for (const [k, draws] of kept.toSorted((a, b) => b - a).entries()) {
    const together = draws * (k + 1);
    if (together > best.together) Object.assign(best, { draws, together });
  }
  return best.draws;
}

/** Chains that a message names: of many the others are counted. */
const mostNamed = 10;

function someOf(chains: readonly (string | number)[]): string {
  const others = chains.length - mostNamed;
  return others <= 1 ? chains.join(', ') : `${chains.slice(0, mostNamed).join(', ')} and ${others} others`;
}

function stoppedTooEarly(): ModelError {
  return stoppedWithout(
    'any chain had kept a draw',
    'Give it more time (a run that is kept can go on from here), or fewer sweeps to warm up.',
  );
}
