/**
 * `credence/testing`: is inference right? Checks of our backends on a program, and the same tests for any sampler.
 * @module
 */
import { givenOf } from './4-infer/programBuilder.js';
import { type Diagnostic, ModelError } from './errors/diagnostic.js';
import {
  checkSubject,
  type CheckProgress,
  type CheckReport,
  defaultEffort,
  type Effort,
  findMethods,
  leastEffort,
} from './6-check/check.js';
import { defaultFalseAlarm } from './6-check/results.js';
import { subjectOf } from './6-check/subject.js';
import type { Model } from './model.js';
import { type Data, modelError, withoutNames } from './pipeline.js';
import { type BackendOptions, findBackend, readBackendOptions, readListener, readOptions, readSeed } from './request.js';

export { type Agreement, agreementOfDraws, type AgreementRow, renderAgreement } from './6-check/agreementOfDraws.js';
export {
  type CheckProgress,
  type CheckReport,
  defaultEffort,
  type Effort,
  methods as checkMethods,
  type MethodReport,
} from './6-check/check.js';
export type { Method, MethodName } from './6-check/methods/method.js';
export { renderCheck } from './6-check/render.js';
export type { Quantities, QuantityTest, RankRecord, TestOptions, TestProgress, TestReport } from './6-check/results.js';
export { geweke, type GewekeOptions, type GewekeProblem } from './6-check/geweke.js';
export { rank, type RankOptions, type RankProblem } from './6-check/rank.js';
export { sbc, type SbcOptions, type SbcProblem } from './6-check/sbc.js';
export { ecdfEnvelope, type Envelope, rankTest, type RankTest } from './6-check/statistics/uniformRanks.js';
export { familyPValue, holm } from './6-check/statistics/multiplicity.js';
export {
  type CredenceAssertions,
  credenceMatchers,
  type CredenceMatchers,
  type DrawsOptions,
  type ExactMoments,
  type MatcherResult,
  type RanksOptions,
} from './testing/matchers.js';
export { dataOf } from './testing/data.js';
export { distributions } from './testing/distributions.js';
export type { FastCheckModule } from './testing/fastCheck.js';
export { programs, type RandomProgram } from './testing/programs.js';
export { createRandom, type Random } from './random/generator.js';

/** What to check, and how thoroughly. */
export interface CheckOptions {
  /** The backend to check. */
  readonly backend: string;
  /** Names of methods; all that apply where absent. */
  readonly methods?: readonly string[] | undefined;
  /** Options of the backend. */
  readonly options?: BackendOptions | undefined;
  /** Any text or number: 1. */
  readonly seed?: string | number | undefined;
  /** Probability that a right backend fails anything: 1e-3. */
  readonly falseAlarm?: number | undefined;
  /** How much the methods that draw do. */
  readonly effort?: Partial<Effort> | undefined;
  /** Hears how far each method has come. */
  readonly onProgress?: CheckProgress | undefined;
}

/**
 * Checks a backend on a program and data. Data that the program generates may be left out where all sizes are
 * known: they are then simulated.
 * @throws ModelError where program, data or options are wrong, or the backend refuses the program.
 */
export async function check(model: Model, data: Data, options: CheckOptions): Promise<CheckReport> {
  const problems: Diagnostic[] = [];
  const read = readOptions(options, ['backend', 'methods', 'options', 'seed', 'falseAlarm', 'effort', 'onProgress'], problems);
  // Without a name the list of backends is what helps.
  const backend = findBackend(read.backend ?? '', problems),
    onProgress = readListener('onProgress', read.onProgress, problems);
  const unnamed = withoutNames(data, 'data');
  if (unnamed !== null) problems.push(unnamed);
  if (backend?.name === 'auto')
    problems.push({
      code: 'wrong-option',
      severity: 'error',
      message: 'auto chooses among the other backends: name the one to check.',
      hint: 'credence explain says which one auto would run.',
    });
  const { unit: _, ...own } = readBackendOptions(read.options ?? {}, backend, problems);
  const { methods, problems: unknown } = findMethods(read.methods ?? null);
  problems.push(...unknown);
  const seed = readSeed(read.seed, problems),
    falseAlarm = read.falseAlarm ?? defaultFalseAlarm;
  if (!(falseAlarm > 0 && falseAlarm < 1))
    problems.push({
      code: 'wrong-option',
      severity: 'error',
      message: `The false-alarm rate is ${falseAlarm}; it must lie between 0 and 1.`,
    });
  const effort = { ...defaultEffort, ...withoutAbsent(read.effort ?? {}) };
  for (const [name, least] of Object.entries(leastEffort)) {
    const value = effort[name as keyof Effort];
    if (!(Number.isSafeInteger(value) && value >= least))
      problems.push({
        code: 'wrong-option',
        severity: 'error',
        message: `${name} is ${String(value)}; it must be a whole number of at least ${least}.`,
      });
  }
  if (backend === null || problems.some((d) => d.severity === 'error')) throw modelError(problems, model.source, model.fileName);
  try {
    const values = new Map<string, unknown>(data instanceof Map ? (data as ReadonlyMap<string, unknown>) : Object.entries(data));
    const subject = subjectOf(model.plated(), values, backend, own, seed);
    // A backend that does not apply says so before anything is run.
    backend.explain(subject.bound.graph, givenOf(subject.bound), model.source, own, null);
    return await checkSubject(subject, methods, falseAlarm, effort, onProgress ?? (() => {}));
  } catch (thrown) {
    throw thrown instanceof ModelError ? modelError(thrown.diagnostics, model.source, model.fileName) : thrown;
  }
}

/** Options that were given as undefined are not given. */
function withoutAbsent(effort: Partial<Effort>): Partial<Effort> {
  return Object.fromEntries(Object.entries(effort).filter(([, value]) => value !== undefined));
}
