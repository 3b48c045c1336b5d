/**
 * What a chain has to say for itself, read off its checkpoint and its draws: values, moments, acceptance, and whether
 * its state became unusable.
 */
import { faults } from '../code/schedule.js';
import type { Diagnostic } from '../errors/diagnostic.js';
import type { ChainProgram, Recorded } from './chainProgram.js';
import { type Checkpoint, type ChainState, joinPieces } from './checkpoint.js';
import { type ChainMoments, momentsOf } from './moments.js';
import { type DrawValues, elementName, nameOfCell, sizeOf } from './posterior.js';

/** Starts that a chain draws at most. */
export const startsTried = 100;

/** What a chain hands back; plain data. */
export interface ChainOutput {
  readonly chain: number;
  /** Number of draws in `values`. */
  readonly draws: number;
  /** In the order of `program.recorded`: [draws, ...shape], or null where only moments are kept. */
  readonly values: readonly (DrawValues | null)[];
  readonly moments: readonly (ChainMoments | null)[];
  /** Proposals after warm-up, by counter of the program. */
  readonly counters: readonly { readonly block: string; readonly accepted: number; readonly proposed: number }[];
  readonly warnings: readonly Diagnostic[];
  /** False where the state became unusable. */
  readonly sound: boolean;
  readonly seconds: { readonly warmup: number; readonly sampling: number };
}

/**
 * @param planned draws of a whole run.
 * @param draws how many of the kept draws count.
 */
export function chainOutput(program: ChainProgram, { checkpoint, pieces }: ChainState, planned: number, draws: number): ChainOutput {
  const memory = new Map(
    program.storages.filter((storage) => storage.place !== 'data').map((storage, i) => [storage.name, checkpoint.memory[i]!]),
  );
  const values = program.recorded.map((_, i) => joinPieces(pieces, i, draws));
  const moments = checkpoint.moments.map((state) => (state === null ? null : momentsOf(state, planned)));
  const warnings = [
    ...program.recorded.flatMap((recorded, i) => brokenValues(recorded, values[i] ?? null, moments[i] ?? null, checkpoint.chain)),
    ...faultWarnings(checkpoint),
    ...blockWarnings(program, checkpoint, memory),
    ...startWarnings(checkpoint),
  ];
  return {
    chain: checkpoint.chain,
    draws,
    values,
    moments,
    counters: program.counters.map(({ block, storage }, i) => {
      const [accepted, proposed] = countedSoFar(memory.get(storage));
      return {
        block,
        accepted: accepted - checkpoint.atWarmup.counters[2 * i]!,
        proposed: proposed - checkpoint.atWarmup.counters[2 * i + 1]!,
      };
    }),
    warnings,
    sound: warnings.every((warning) => warning.severity !== 'warning'),
    seconds: checkpoint.seconds,
  };
}

/** Accepted and proposed, summed over the pairs of a counter. */
export function countedSoFar(pairs: Float64Array | Int32Array | undefined): [accepted: number, proposed: number] {
  let accepted = 0;
  let proposed = 0;
  for (let i = 0; pairs !== undefined && i + 1 < pairs.length; i += 2) {
    accepted += pairs[i]!;
    proposed += pairs[i + 1]!;
  }
  return [accepted, proposed];
}

/** A warning for a variable with values that are not finite (a note where it is only a report). */
function brokenValues(recorded: Recorded, values: DrawValues | null, moments: ChainMoments | null, chain: number): Diagnostic[] {
  const { elements } = recorded,
    size = sizeOf(recorded.shape);
  const count = elements === undefined ? size : elements.length;
  const looked = values ?? moments?.mean ?? new Float64Array(0);
  if (!(looked instanceof Float64Array) || size === 0) return [];
  for (let start = 0; start + size <= looked.length; start += size) {
    for (let i = 0; i < count; i++) {
      const element = elements === undefined ? i : elements[i]!;
      if (!Number.isFinite(looked[start + element])) {
        const place = values === null ? '' : ` in draw ${start / size}`;
        const latent = recorded.kind === 'latent';
        return [
          {
            code: 'not-finite',
            severity: latent ? 'warning' : 'note',
            message: `${elementName(recorded.name, recorded.shape, element)} is ${values === null ? 'not finite' : looked[start + element]}${place} of chain ${chain}`,
            hint: latent
              ? 'The model may be improper, or a start value lies where the density vanishes: give priors to all unknowns, or start values with --init.'
              : undefined,
          },
        ];
      }
    }
  }
  return [];
}

function startWarnings({ foundStart, chain }: Checkpoint): Diagnostic[] {
  return foundStart
    ? []
    : [
        {
          code: 'no-start',
          severity: 'warning',
          message: `no start of positive density was found in ${startsTried} tries, nor by the warm-up, in chain ${chain}: its draws mean nothing`,
          hint: 'Give start values with --init, or check that the data are possible under the priors: supports and their edges (a 0 among data of a positive law, a 0 or 1 among fractions), factors, constraints.',
        },
      ];
}

function faultWarnings({ faults: met, atWarmup, chain }: Checkpoint): Diagnostic[] {
  const count = (new Map(met).get(faults.categoricalWeights) ?? 0) - atWarmup.faults;
  return count === 0
    ? []
    : [
        {
          code: 'impossible-draw',
          severity: 'warning',
          message: `${count} draws of a discrete variable had no value of positive probability and kept the old one in chain ${chain}`,
          hint: 'Some observation is impossible under every value: check supports and start values.',
        },
      ];
}

/** Joint blocks that could not be drawn: some direction was held by no factor. */
function blockWarnings(
  program: ChainProgram,
  { atWarmup, chain }: Checkpoint,
  memory: ReadonlyMap<string, Float64Array | Int32Array>,
): Diagnostic[] {
  return (program.blocks ?? []).flatMap((block, i): Diagnostic[] => {
    const status = memory.get(block.storage)!,
      count = status[2]! - atWarmup.failures[i]!;
    if (count === 0) return [];
    return [
      {
        code: 'improper-block',
        severity: 'warning',
        message: `${count} joint draws of ${block.block} were not possible and kept the old values in chain ${chain}: ${nameOfCell(block.members, block.rows[status[3]! - 1]!)} is not determined given the rest`,
        hint: 'Its prior is flat and no data bear on it, or columns are collinear: give it a proper prior, or leave out what the others already say.',
      },
    ];
  });
}
