/**
 * Calculations that can be left before their end: generators that yield wherever something else may happen first. Whoever
 * runs one gives the event loop a turn by time, so that signals and messages are heard however long an iteration takes, and
 * leaves it once the run is to stop; what it has found by then it keeps in objects of its caller.
 *
 * Invariant: a calculation knows neither of clocks nor of signals, so that what it comes to depends on them only where it was left.
 */
import { type Diagnostic, ModelError } from '../errors/diagnostic.js';
import { breathe, seconds } from '../platform/platform.js';
import type { ProgressEvent, RunRequest } from './backend.js';

/** How far a calculation is, in units of its own. */
export type Progress = Pick<ProgressEvent, 'done' | 'total' | 'objective'>;

/** A calculation that may be left at each of its yields; what it yields is how far it is, where there is news of that. */
export type Interruptible<T> = Generator<Progress | undefined, T, void>;

/** Who may stop a calculation, and who hears how far it is. */
export type Listeners = Pick<RunRequest, 'stopped' | 'onProgress'>;

/** Seconds of work between two turns of the event loop. */
const turnSeconds = 0.05;

/**
 * Runs a calculation to its end, or until it is to stop.
 * @param phase what listeners are told that it is doing.
 * @param grace seconds that it has in any case: what is asked for after a run was stopped.
 * @returns its result; null where it was left.
 */
export async function inTurns<T>(
  steps: Interruptible<T>,
  { stopped, onProgress }: Listeners,
  phase: ProgressEvent['phase'] = 'iteration',
  grace: number = 0,
): Promise<T | null> {
  const begun = seconds();
  let turn = begun,
    news: Progress | null = null,
    hasTold = false;
  const tell = (): void => {
    if (news === null) return;
    onProgress?.({ chain: 0, phase, ...news });
    news = null;
    hasTold = true;
  };
  for (;;) {
    const step = steps.next();
    if (step.done === true) {
      tell();
      return step.value;
    }
    news = step.value ?? news;
    // The first news comes at once: from then on a listener knows that it will be heard.
    if (seconds() - turn >= turnSeconds || (news !== null && !hasTold)) {
      tell();
      await breathe();
      turn = seconds();
    }
    if (stopped?.() === true && seconds() - begun >= grace) {
      tell();
      return null;
    }
  }
}

/**
 * What an iterating backend says once it was stopped.
 * @param before what it was stopped before, in words.
 * @param missing what it is without that there would have been, where something is missing.
 */
export function stoppedAfter(iterations: number, before: string = 'before it had converged', missing: string = ''): Diagnostic {
  return {
    code: 'stopped-early',
    severity: 'warning',
    message: `the run was stopped after ${iterations} iteration${iterations === 1 ? '' : 's'}, ${before}: this is the best so far${missing === '' ? '' : `, ${missing}`}`,
    hint: 'Give it more time.',
  };
}

/** The same where it had converged from the starts that there was time for. */
export function stoppedBeforeAllStarts(planned: number): Diagnostic {
  return {
    code: 'stopped-early',
    severity: 'warning',
    message: `the run was stopped before all of ${planned} starts were tried: this is the best of those that were`,
    hint: 'Give it more time, or ask for fewer starts (--opt restarts).',
  };
}

/** What a run throws that was stopped before it had anything. @param before what it was stopped before, in words. */
export function stoppedWithout(before: string, hint: string): ModelError {
  const message = `The run was stopped before ${before}: there are no results.`;
  return new ModelError([{ code: 'stopped-early', severity: 'error', message, hint }], message);
}
