/**
 * What is checked: a backend on a program. The truth is always the program as written; the backend may be given
 * an error to run with (`Planted`), which is how the power of checks is measured.
 */
import type { BoundModel } from '../2-graph/bound.js';
import type { ModelGraph } from '../2-graph/graph.js';
import type { DerivedModel } from '../3-derive/model.js';
import type { Backend, KernelProgram, RunRequest } from '../4-infer/backend.js';
import { derive, type Derivation } from '../4-infer/derivation.js';
import { type RunResult, sizeOf } from '../4-infer/posterior.js';
import { createRandom } from '../random/generator.js';
import { boundTo, type GivenValues, JointLaw, NoJointLaw } from './program/jointLaw.js';
import { KernelMachine } from './program/kernelMachine.js';
import { KernelSource } from './program/kernelSource.js';

/** An error for the backend to run with; the check goes on believing the program. */
export interface Planted {
  /** Another program in place of the program. */
  readonly graph?: ModelGraph | undefined;
  /** Another derivation in place of what is derived. */
  readonly derive?: ((model: DerivedModel) => Derivation) | undefined;
}

export interface Subject {
  readonly graph: ModelGraph;
  /** What the user gives. */
  readonly given: GivenValues;
  /** The program bound to the data: the user's, or simulated ones where there are none. */
  readonly bound: BoundModel;
  /** The same data as values. */
  readonly data: GivenValues;
  readonly backend: Backend;
  readonly options: Readonly<Record<string, string>>;
  readonly seed: string;
  readonly planted: Planted;
}

/**
 * @throws ModelError where data are wrong, or absent and not to be simulated.
 */
export function subjectOf(
  graph: ModelGraph,
  given: GivenValues,
  backend: Backend,
  options: Readonly<Record<string, string>>,
  seed: string,
): Subject {
  const data = dataOrSimulated(graph, given, seed);
  return { graph, given, data, bound: boundTo(graph, data), backend, options, seed, planted: {} };
}

function dataOrSimulated(graph: ModelGraph, given: GivenValues, seed: string): GivenValues {
  try {
    boundTo(graph, given);
    return given;
  } catch (wrong) {
    // What the user forgot is said in the words of the data, not of the simulation.
    try {
      const law = new JointLaw(graph, given, createRandom(seed, 'data'));
      return law.dataOf(law.draw());
    } catch {
      throw wrong;
    }
  }
}

/** The joint law of unknowns and data. @throws NoJointLaw with the reason where there is none to draw from. */
export function jointLawOf(subject: Subject, stream: string): JointLaw {
  return new JointLaw(subject.graph, subject.given, createRandom(subject.seed, stream));
}

export { NoJointLaw };

/** What the backend believes the program to be, with data. */
function believed(subject: Subject, data: GivenValues): BoundModel {
  return boundTo(subject.planted.graph ?? subject.graph, data);
}

/** The derivation that the backend reads, on the subject's data. */
export function derivationOf(subject: Subject, model: DerivedModel): Derivation {
  return (subject.planted.derive ?? derive)(model);
}
/** The program as the backend is given it: with the error that is planted, if any. */
export function believedBy(subject: Subject): BoundModel {
  return believed(subject, subject.data);
}

/** The backend's transition kernel for some data. @throws ModelError where the backend refuses the program. */
export function kernelOf(subject: Subject, data: GivenValues, init: Readonly<Record<string, unknown>>): KernelProgram | null {
  return subject.backend.kernel?.(believed(subject, data), { options: subject.options, init, derive: subject.planted.derive }) ?? null;
}

/** The backend's kernel for any data of a law; null for backends without one. @throws ModelError where the backend refuses the program. */
export function kernelSourceOf(subject: Subject, law: JointLaw): KernelSource | null {
  const { backend, options, planted, graph } = subject;
  if (backend.kernel === undefined) return null;
  return new KernelSource(law, {
    bind: (values) => believed(subject, law.dataOf(values)),
    compile: (bound, init) => backend.kernel!(bound, { options, init, derive: planted.derive }),
    hostFunctions: graph.hostFunctions.map((h) => h.call),
  });
}

/** The backend's result for some data. @throws ModelError where it refuses the program. */
export async function runOn(
  subject: Subject,
  data: GivenValues,
  request: Omit<RunRequest, 'options' | 'init' | 'workers'>,
): Promise<RunResult> {
  // An error in the plan is known to the kernel only.
  const kernel = subject.planted.derive === undefined ? null : kernelOf(subject, data, {});
  return kernel === null
    ? subject.backend.run(believed(subject, data), '', { ...request, options: subject.options, init: null, workers: 0 })
    : runKernel(subject, kernel, request);
}

/** Chains of a kernel by hand: starts from the prior, adaptation, draws. */
function runKernel(
  subject: Subject,
  kernel: KernelProgram,
  { chains, draws, warmup, thin, seed }: Pick<RunRequest, 'chains' | 'draws' | 'warmup' | 'thin' | 'seed'>,
): RunResult {
  const { recorded, exchangeable } = kernel.program;
  const kept = recorded.map((r) => new Float64Array(chains * draws * sizeOf(r.shape)));
  for (let c = 0; c < chains; c++) {
    const machine = new KernelMachine(
      kernel,
      createRandom(seed, `chain ${c}`),
      subject.graph.hostFunctions.map((h) => h.call),
      null,
    );
    for (let k = 0; k < warmup; k++) machine.sweep(true);
    for (let d = 0; d < draws; d++) {
      for (let k = 0; k < thin; k++) machine.sweep();
      recorded.forEach((r, i) => {
        kept[i]!.set(machine.read(r.storage), (c * draws + d) * sizeOf(r.shape));
      });
    }
  }
  const variables = recorded.map(({ name, shape, kind, discrete, insidePlate }, i) => ({
    name,
    shape,
    kind,
    discrete,
    insidePlate,
    result: { form: 'draws' as const, chains, draws, values: kept[i]!, independent: false },
  }));
  return {
    backend: subject.backend.name,
    variables,
    exchangeable,
    plan: [],
    traces: {},
    warnings: [],
    converged: true,
    seconds: { compile: 0, warmup: 0, sampling: 0 },
    logEvidence: null,
    logEvidenceSe: null,
    elbo: null,
    logLikelihood: null,
    logJoint: null,
  };
}
