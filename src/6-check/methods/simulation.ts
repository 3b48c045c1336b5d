/**
 * The methods that simulate: `geweke`, `sbc` and `rank` for a backend on a program. The program draws unknowns and
 * data together; the backend runs on the data as a user would run it, compiled anew for each data set, so that whatever
 * is folded, tabulated or chosen by the data is tested too.
 */
import { createRandom, type Random } from '../../random/generator.js';
import { ChainDraws } from '../../5-report/diagnostics/chainDraws.js';
import { essBulk } from '../../5-report/diagnostics/ess.js';
import { rhat } from '../../5-report/diagnostics/rhat.js';
import { isOfChains, type RunResult } from '../../4-infer/posterior.js';
import { geweke as gewekeTest } from '../geweke.js';
import type { JointLaw, Values } from '../program/jointLaw.js';
import type { KernelMachine } from '../program/kernelMachine.js';
import type { KernelSource } from '../program/kernelSource.js';
import { drawsOf, type Reader, readerOf, withLogJoint } from '../quantities.js';
import { chainRanks, rankReport } from '../rank.js';
import { inapplicable, type Quantities, type TestReport } from '../results.js';
import { sbc as sbcTest } from '../sbc.js';
import { jointLawOf, kernelSourceOf, NoJointLaw, runOn, type Subject } from '../subject.js';
import { noPosteriorReason } from './comparison.js';
import type { Effort, Method } from './method.js';

/** A method for programs that have a joint law to draw from. */
function simulating(name: string, subject: Subject, run: (law: JointLaw) => Promise<TestReport>): Promise<TestReport> {
  let law: JointLaw;
  try {
    law = jointLawOf(subject, `law of ${name}`);
  } catch (thrown) {
    if (thrown instanceof NoJointLaw) return Promise.resolve(inapplicable(name, thrown.message));
    throw thrown;
  }
  if (law.unknowns.length === 0) return Promise.resolve(inapplicable(name, 'the program has no unknowns'));
  return run(law);
}

/** Values of unknowns and data. States with the same data have the same `data`, so that the sampler need not be given them again. */
interface Place {
  readonly values: Values;
  readonly data: object;
}

function fresh(values: Values): Place {
  return { values, data: {} };
}

/** The moves of a sampler from place to place. */
class Mover {
  private readonly kernels: KernelSource;
  private readonly names: readonly string[];
  private current: { readonly data: object; readonly machine: KernelMachine } | null = null;
  constructor(kernels: KernelSource) {
    this.kernels = kernels;
    this.names = kernels.law.unknowns.map((v) => v.name);
  }
  move({ values, data }: Place, random: Random, move: (machine: KernelMachine) => void): Place {
    if (this.current?.data === data) this.current.machine.place(values, this.names);
    else this.current = { data, machine: this.kernels.at(values, random) };
    const { machine } = this.current;
    machine.drawingFrom(random, move);
    return { values: new Map([...values, ...this.names.map((name) => [name, machine.read(name).slice()] as const)]), data };
  }
}
/** The kernels of a subject, adapted once; null where its backend has none. */
function tunedKernels(subject: Subject, law: JointLaw, { warmup }: Effort): KernelSource | null {
  const kernels = kernelSourceOf(subject, law);
  kernels?.tune(warmup, createRandom(subject.seed, 'tuning'));
  return kernels;
}
function lacksKernel(subject: Subject, name: string): TestReport {
  return inapplicable(name, `${subject.backend.name} has no kernel that can be run one transition at a time; sbc tests whole runs`);
}

export const geweke: Method = {
  name: 'geweke',
  doc: 'Geweke (2004): parameters and data drawn by the program against the same drawn by the sampler and new data in turn',
  statistical: true,
  run: (subject, rate, effort, onProgress) =>
    simulating('geweke', subject, async (law) => {
      const kernels = tunedKernels(subject, law, effort);
      if (kernels === null) return lacksKernel(subject, 'geweke');
      const read = withLogJoint(readerOf(law.unknowns), (v) => law.logJoint(v)),
        mover = new Mover(kernels);
      return gewekeTest<Place>(
        {
          draw: () => fresh(law.draw()),
          replicate: ({ values }) => fresh(law.replicate(values)),
          transition: (place, random) =>
            mover.move(place, random, (m) => {
              m.sweep();
            }),
          quantities: ({ values }) => read(values),
        },
        { steps: effort.steps, seed: subject.seed, falseAlarm: rate, onProgress },
      );
    }),
};

export const rank: Method = {
  name: 'rank',
  doc: 'Gandy and Scott (2020): exact rank of a true draw in a chain run forwards and backwards from it, for sweeps and each of their steps',
  statistical: true,
  run: (subject, rate, effort, onProgress) =>
    simulating('rank', subject, async (law) => {
      const kernels = tunedKernels(subject, law, effort);
      if (kernels === null) return lacksKernel(subject, 'rank');
      const { steps } = kernels,
        mover = new Mover(kernels);
      const read = withLogJoint(readerOf(law.unknowns), (v) => law.logJoint(v));
      const sweep: Move = {
        name: 'sweep',
        forward: (m) => {
          m.sweep();
        },
        backward: (m) => {
          for (let k = steps.length - 1; k >= 0; k--) m.stepBack(k);
        },
      };
      const alone = steps.flatMap((step, k): readonly Move[] =>
        step.reversible
          ? [
              {
                name: `step ${step.block}`,
                forward: (m) => {
                  m.step(k);
                },
                backward: (m) => {
                  m.stepBack(k);
                },
              },
            ]
          : [],
      );
      const moves = steps.every((s) => s.reversible) ? [sweep, ...(steps.length > 1 ? alone : [])] : alone;
      if (moves.length === 0)
        return inapplicable(
          'rank',
          `${steps.map((s) => s.block).join(', ')}: drawn element by element in an order that cannot be turned round`,
        );
      const records = await chainRanks<Place>(
        {
          draw: () => fresh(law.draw()),
          quantities: ({ values }) => read(values),
          kernels: moves.map(({ name, forward, backward }) => ({
            name,
            forward: (place, random) => mover.move(place, random, forward),
            backward: (place, random) => mover.move(place, random, backward),
          })),
        },
        { ...effort, seed: subject.seed, onProgress },
      );
      // What a step does not move has ranks by lot.
      const ranked = records.filter((r) => !r.byLot).map((r) => ({ ...r, quantity: `${r.quantity} (${r.kernel})` }));
      return rankReport(ranked, { ...effort, falseAlarm: rate });
    }),
};

/** A kernel and its time reversal, as calls of the machine. */
interface Move {
  readonly name: string;
  forward(m: KernelMachine): void;
  backward(m: KernelMachine): void;
}

/** Draws of a pilot run from which the thinning of a chain is learnt. */
const pilotDraws = 500;
/** A chain is thinned to this many sweeps a draw at most. */
const mostThinned = 50;
/**
 * R-hat of two chains of n thinned draws beyond which a run is left out, as its user would be told. Halved as R-hat halves
 * them, R-hat^2 of chains that agree is about 1 + chi2_3 / (1.5 n), and chi2_3 exceeds 40 with probability 1e-8.
 */
function worstRhat(draws: number): number {
  return Math.sqrt(1 + 40 / (1.5 * draws));
}

export const sbc: Method = {
  name: 'sbc',
  doc: 'simulation-based calibration (Talts et al. 2018): ranks of true values among posterior draws of whole runs, with the ECDF envelope of Säilynoja et al. (2022)',
  statistical: true,
  run: (subject, rate, effort, onProgress) =>
    simulating('sbc', subject, async (law) => {
      const plan = await planOf(subject, law, effort);
      if (typeof plan === 'string') return inapplicable('sbc', plan);
      const { chains, thin, read } = plan;
      const report = await sbcTest<Values>(
        {
          simulate: () => {
            const values = law.draw();
            return { truth: read(values), data: values };
          },
          posterior: async (values, count, random) => {
            const result = await runOn(subject, law.dataOf(values), {
              chains,
              draws: Math.ceil(count / chains),
              thin,
              warmup: effort.warmup,
              keep: null,
              seed: String(random.bits()),
            });
            const draws = posteriorQuantities(law, values, result, read);
            return draws === null || disagree(draws, chains) ? null : draws.slice(0, count);
          },
        },
        { simulations: effort.simulations, draws: effort.ranks, seed: subject.seed, falseAlarm: rate, onProgress },
      );
      return { ...report, did: `${report.did}${thin > 1 ? `, one sweep in ${thin} kept` : ''}` };
    }),
};

/** Whether chains are in different places for some quantity. */
function disagree(draws: readonly Quantities[], chains: number): boolean {
  if (chains === 1) return false;
  const each = draws.length / chains;
  return Object.keys(draws[0]!).some(
    (name) =>
      rhat(
        ChainDraws.of(
          Float64Array.from(draws, (q) => q[name]!),
          chains,
          each,
        ),
      ) > worstRhat(each),
  );
}

/** Quantities of each draw of a run; null where the backend gives no draws. */
function posteriorQuantities(law: JointLaw, data: Values, result: RunResult, read: Reader): readonly Quantities[] | null {
  const draws = drawsOf(law.unknowns, result.variables);
  if (draws === null) return null;
  return Array.from({ length: draws.count }, (_, k) => read(new Map([...data, ...draws.values(k)])));
}

/** How runs are made whose draws are nearly independent, and what is compared. */
interface RunPlan {
  readonly chains: number;
  readonly thin: number;
  readonly read: Reader;
}

/** Learnt from a pilot run; in words why there are no draws to rank. */
async function planOf(subject: Subject, law: JointLaw, { warmup, ranks }: Effort): Promise<RunPlan | string> {
  const estimates = noPosteriorReason(subject.backend);
  if (estimates !== null) return estimates;
  const values = law.draw();
  const result = await runOn(subject, law.dataOf(values), {
    chains: 1,
    draws: pilotDraws,
    thin: 1,
    warmup,
    keep: null,
    seed: subject.seed,
  });
  const read = withLogJoint(readerOf(law.unknowns, result.exchangeable), (v) => law.logJoint(v));
  const found = posteriorQuantities(law, values, result, read);
  if (found === null) return `${subject.backend.name} gives no draws`;
  if (found.length < Math.min(ranks, pilotDraws))
    return `${subject.backend.name} gives ${found.length} draws, fewer than the ${ranks} that are ranked`;
  const independent = !result.variables.some((v) => isOfChains(v.result));
  if (independent) return { chains: 1, thin: 1, read };
  const sizes = Object.keys(found[0]!)
    .map((name) =>
      essBulk(
        ChainDraws.of(
          Float64Array.from(found, (q) => q[name]!),
          1,
          found.length,
        ),
      ),
    )
    .filter((x) => !Number.isNaN(x));
  // Draws whose effective size is theirs: what is left of correlation moves ranks less than they are measured.
  return { chains: 2, thin: Math.max(1, Math.min(mostThinned, Math.ceil((2 * found.length) / Math.max(1, Math.min(...sizes))))), read };
}
