/**
 * A whole check: the methods that are asked for, or all, the cheap ones first, one false-alarm rate over them.
 */
import type { Diagnostic } from '../errors/diagnostic.js';
import { ModelError } from '../errors/diagnostic.js';
import { seconds } from '../platform/platform.js';
import { checks } from './methods/all.js';
import { fewestChains } from './geweke.js';
import type { Effort, Method, MethodName } from './methods/method.js';
import { power } from './methods/power.js';
import { inapplicable, type TestReport } from './results.js';
import type { Subject } from './subject.js';

/** In the order of their cost. */
export const methods: readonly Method[] = [...checks, power];

/** How much is done where nothing is said. */
export const defaultEffort: Effort = { draws: 2000, warmup: 500, simulations: 200, ranks: 99, steps: 4000, repetitions: 1000, length: 20 };

/** The least of each that makes sense: a step for each chain of `geweke`, a state besides the exact one in the chains of `rank`. */
export const leastEffort: Effort = { draws: 1, warmup: 1, simulations: 1, ranks: 1, steps: fewestChains, repetitions: 1, length: 2 };

/** One method's report with what it took. */
export interface MethodReport extends TestReport {
  /** How long it took. */
  readonly seconds: number;
}

/** What all methods found. */
export interface CheckReport {
  /** The backend that was checked. */
  readonly backend: string;
  /** As text. */
  readonly seed: string;
  /** Probability that a right backend fails anything, at most. */
  readonly falseAlarm: number;
  /** `failed` where any method failed, else `passed`; `inapplicable` where none applied. */
  readonly verdict: 'passed' | 'failed' | 'inapplicable';
  /** One for each method, in order. */
  readonly methods: readonly MethodReport[];
}

/** Called when a method begins, and now and then with how far it is. */
export type CheckProgress = (event: { readonly method: string; readonly done: number; readonly total: number }) => void;

/**
 * Runs methods on a subject; the false-alarm rate is shared equally by those that draw (Bonferroni).
 * @throws ModelError where the backend refuses the program.
 */
export async function checkSubject(
  subject: Subject,
  wanted: readonly Method[],
  falseAlarm: number,
  effort: Effort,
  onProgress: CheckProgress,
): Promise<CheckReport> {
  const share = falseAlarm / Math.max(1, wanted.filter((m) => m.statistical).length);
  const reports: MethodReport[] = [];
  for (const method of wanted) {
    const start = seconds();
    onProgress({ method: method.name, done: 0, total: 1 });
    const report = await attempted(method, () =>
      method.run(subject, share, effort, (done, total) => onProgress({ method: method.name, done, total })),
    );
    reports.push({ ...report, seconds: seconds() - start });
  }
  const verdict = reports.some((r) => r.verdict === 'failed')
    ? 'failed'
    : reports.some((r) => r.verdict === 'passed')
      ? 'passed'
      : 'inapplicable';
  return { backend: subject.backend.name, seed: subject.seed, falseAlarm, verdict, methods: reports };
}

/** Simulated data that the program itself refuses are no data to test with; the user's own are refused before. */
async function attempted(method: Method, run: () => Promise<TestReport> | TestReport): Promise<TestReport> {
  try {
    return await run();
  } catch (thrown) {
    if (!(thrown instanceof ModelError)) throw thrown;
    return inapplicable(
      method.name,
      thrown.diagnostics
        .filter((d) => d.severity === 'error')
        .map((d) => d.message)
        .join('; '),
    );
  }
}

/** Methods by name, in the order of their cost. @returns problems for names that there are not. */
export function findMethods(names: readonly string[] | null): {
  readonly methods: readonly Method[];
  readonly problems: readonly Diagnostic[];
} {
  // Power says how good the checks are, and takes as long as many of them.
  if (names === null) return { methods: checks, problems: [] };
  const all = methods.map((m): string => m.name);
  return {
    methods: methods.filter((m) => names.includes(m.name)),
    problems: names
      .filter((n) => !all.includes(n))
      .map((n) => ({
        code: 'wrong-option',
        severity: 'error',
        message: `There is no method ${JSON.stringify(n)}.`,
        hint: `The methods are ${all.join(', ')}.`,
      })),
  };
}

export type { Effort, Method, MethodName };
