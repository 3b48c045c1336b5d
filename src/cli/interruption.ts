/**
 * Ctrl-C while a run goes on: the first ends the run with what there is, the second the process, by the system itself, so that it
 * does even where the event loop has no turn. What was interrupted before there was anything ends like any interrupted process: by
 * the status that shells give those. A terminal that is closed interrupts once, however often it says so: the system and the shell both do;
 * under `nohup` it does not interrupt.
 */
import type { ProgressEvent } from '../index.js';
import { outlivesTerminal } from './hangup.js';
import { printError } from './output.js';

/** Numbers of the signals: a shell reports 128 more of a process that one has ended. */
const signals = { SIGHUP: 1, SIGINT: 2, SIGTERM: 15 } as const;
type Signal = keyof typeof signals;

/** What a run ends with that is interrupted while it does this. */
const endings: Readonly<Record<ProgressEvent['phase'], string>> = {
  warmup: 'Stopping with the draws that there are',
  sampling: 'Stopping with the draws that there are',
  iteration: 'Stopping with the best so far',
  solving: 'Stopping',
};

export class Interruption {
  private readonly controller = new AbortController();
  private phase: ProgressEvent['phase'] | null = null;
  private met: Signal | null = null;
  private readonly heard: readonly Signal[];
  private readonly interrupt = (signal: Signal): void => {
    if (this.met !== null) return;
    this.met = signal;
    for (const name of this.heard) if (name !== 'SIGHUP') process.off(name, this.interrupt);
    printError(`\n${endings[this.phase ?? 'iteration']}; once more ends at once.`);
    this.controller.abort();
  };

  /** @param ignoresHangup whether a closed terminal is to be let pass. */
  constructor(ignoresHangup: boolean = outlivesTerminal()) {
    this.heard = ignoresHangup ? names.filter((name) => name !== 'SIGHUP') : names;
  }

  get signal(): AbortSignal {
    return this.controller.signal;
  }

  /** What a shell reports of a process that this interrupt ended; null where there was none. */
  get status(): number | null {
    return this.met === null ? null : 128 + signals[this.met];
  }

  /** From now on, while a run does this; before, and after `end`, an interrupt ends the process. */
  listen(phase: ProgressEvent['phase']): void {
    const isHeard = this.phase !== null;
    this.phase = phase;
    if (isHeard) return;
    for (const signal of this.heard) process.on(signal, this.interrupt);
  }

  /** Results are to be written yet: a terminal that is gone, and has said so, ends that no more than the run. */
  end(): void {
    for (const signal of this.heard) if (this.met === null || signal !== 'SIGHUP') process.off(signal, this.interrupt);
  }
}

const names: readonly Signal[] = ['SIGHUP', 'SIGINT', 'SIGTERM'];
