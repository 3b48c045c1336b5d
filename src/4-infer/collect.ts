/**
 * The outputs of the chains put together as the result of a run: draws [chains, draws, ...shape],
 * pooled moments, acceptance by block, warnings. What is common to every backend that runs chains.
 */
import { type Diagnostic, InternalError } from '../errors/diagnostic.js';
import type { ChainProgram, Recorded } from './chainProgram.js';
import { poolMoments } from './moments.js';
import {
  type DrawsForm,
  type DrawValues,
  elementName,
  type MomentsForm,
  type RunResult,
  sizeOf,
  type VariableResult,
} from './posterior.js';
import type { ChainOutput } from './chainOutput.js';

/** The parts of a result that chains determine; a backend adds its name, plan and objectives. */
export type CollectedRun = Pick<RunResult, 'variables' | 'exchangeable' | 'traces' | 'warnings' | 'converged' | 'seconds'>;

/** @param outputs one for each chain, in order, as `runChains` gives them. */
export function collectChains(program: ChainProgram, outputs: readonly ChainOutput[]): CollectedRun {
  const stuck = [...neverMoved(program, outputs), ...standingStill(program, outputs)];
  return {
    variables: program.recorded.map((recorded, i) => variableResult(recorded, i, outputs)),
    exchangeable: program.exchangeable,
    traces: { acceptance: acceptance(program, outputs) },
    warnings: distinct([...outputs.flatMap((output) => output.warnings), ...stuck]),
    converged: stuck.length === 0 && outputs.every((output) => output.sound),
    // Chains may run side by side: the longest counts.
    seconds: {
      compile: 0,
      warmup: Math.max(0, ...outputs.map((output) => output.seconds.warmup)),
      sampling: Math.max(0, ...outputs.map((output) => output.seconds.sampling)),
    },
  };
}

function variableResult(recorded: Recorded, index: number, outputs: readonly ChainOutput[]): VariableResult {
  const { name, shape, kind, discrete, insidePlate, range, elements } = recorded;
  return {
    name,
    shape,
    kind,
    discrete,
    insidePlate,
    range,
    elements,
    result: recorded.mode === 'draws' ? allDraws(index, outputs) : allMoments(recorded, index, outputs),
  };
}

function allDraws(index: number, outputs: readonly ChainOutput[]): DrawsForm {
  const parts = outputs.map((output) => {
    const values = output.values[index];
    if (values === null || values === undefined) throw new InternalError(`chain ${output.chain} kept no draws of variable ${index}`);
    return values;
  });
  const chainNumbers = outputs.map((output) => output.chain);
  return {
    form: 'draws',
    chains: outputs.length,
    ...(chainNumbers.every((chain, i) => chain === i) ? {} : { chainNumbers }),
    draws: outputs[0]?.draws ?? 0,
    values: concatenate(parts),
    independent: false,
  };
}

/** Arrays of one type end to end; a single one is used as it is. */
function concatenate(parts: readonly DrawValues[]): DrawValues {
  const [first] = parts;
  if (first === undefined) return new Float64Array(0);
  if (parts.length === 1) return first;
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  const all =
    first instanceof Float64Array
      ? new Float64Array(length)
      : first instanceof Int32Array
        ? new Int32Array(length)
        : new Uint8Array(length);
  let offset = 0;
  for (const part of parts) {
    all.set(part, offset);
    offset += part.length;
  }
  return all;
}

function allMoments(recorded: Recorded, index: number, outputs: readonly ChainOutput[]): MomentsForm {
  const parts = outputs.map((output) => {
    const moments = output.moments[index];
    if (moments === null || moments === undefined) throw new InternalError(`chain ${output.chain} kept no moments of '${recorded.name}'`);
    return moments;
  });
  return poolMoments(parts, sizeOf(recorded.shape), recorded.range);
}

function acceptance(program: ChainProgram, outputs: readonly ChainOutput[]): Record<string, readonly number[]> {
  return Object.fromEntries(
    program.counters.map((counter, i) => [
      counter.block,
      outputs.map((output) => {
        const { accepted, proposed } = output.counters[i] ?? { accepted: 0, proposed: 0 };
        return proposed === 0 ? 0 : accepted / proposed;
      }),
    ]),
  );
}

/** Proposals below which a block that accepted none may just be small. */
const fewProposals = 100;

/** Blocks that accepted nothing in some chain: constant elements have no R-hat, so nothing else would tell. */
function neverMoved(program: ChainProgram, outputs: readonly ChainOutput[]): readonly Diagnostic[] {
  return program.counters.flatMap((counter, i): Diagnostic[] => {
    const chain = outputs.find((output) => output.counters[i]?.accepted === 0 && output.counters[i].proposed >= fewProposals);
    return chain === undefined
      ? []
      : [
          {
            code: 'never-moved',
            severity: 'warning',
            message: `no proposal of ${counter.block} was accepted in chain ${chain.chain}: its draws are the start value`,
            hint: 'Make the steps smaller (--opt kernel.NAME=rw(scale: 0.1)), warm up longer, or rescale the data.',
          },
        ];
  });
}

/** Draws of a chain below which equal ones may be chance. */
const fewDraws = 50;

/** Continuous unknowns of which some chain has one value only: no R-hat would tell where there is one chain, or one value. */
function standingStill(program: ChainProgram, outputs: readonly ChainOutput[]): readonly Diagnostic[] {
  return program.recorded.flatMap((recorded, i): Diagnostic[] => {
    if (recorded.kind !== 'latent' || recorded.discrete || recorded.fixed === true) return [];
    for (const output of outputs) {
      if (output.draws < fewDraws) continue;
      const element = firstConstant(output, i, sizeOf(recorded.shape), recorded.elements);
      if (element === null) continue;
      return [
        {
          code: 'never-moved',
          severity: 'warning',
          message: `${elementName(recorded.name, recorded.shape, element)} has the same value in all ${output.draws} draws of chain ${output.chain}`,
          hint: 'Its conditional is too narrow or too wide for the numbers of the machine, or its steps are too long: rescale the data, or choose another kernel.',
        },
      ];
    }
    return [];
  });
}
function firstConstant(output: ChainOutput, variable: number, size: number, existing: Int32Array | undefined): number | null {
  const values = output.values[variable],
    moments = output.moments[variable];
  const count = existing?.length ?? size;
  for (let k = 0; k < count; k++) {
    const element = existing?.[k] ?? k;
    if (moments !== null && moments !== undefined) {
      if (moments.squares[element] === 0 && moments.squares[size + element] === 0 && moments.mean[element] === moments.mean[size + element])
        return element;
    } else if (values !== null && values !== undefined) {
      const first = values[element];
      let draw = 1;
      while (draw < output.draws && values[draw * size + element] === first) draw++;
      if (draw === output.draws) return element;
    }
  }
  return null;
}

/** One warning of each kind and variable: the first chain that has it. */
function distinct(warnings: readonly Diagnostic[]): readonly Diagnostic[] {
  const seen = new Set<string>();
  return warnings.filter((warning) => {
    const key = `${warning.code} ${warning.message.replace(/\d+ draws| in draw \d+| (?:of|in) chain \d+/g, '')}`;
    if (seen.has(key)) return false;
    seen.add(key);
    return true;
  });
}
