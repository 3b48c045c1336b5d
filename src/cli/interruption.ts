/**
 * Ctrl-C while chains run: the first ends the run with the draws that there are, the second the process. What was
 * interrupted before there was a draw ends like any interrupted process: by the status that shells give those. A terminal that
 * is closed interrupts once, however often it says so: the system and the shell both do.
 */
import { printError } from './output.js';

/** Numbers of the signals: a shell reports 128 more of a process that one has ended. */
const signals = { SIGHUP: 1, SIGINT: 2, SIGTERM: 15 } as const;
type Signal = keyof typeof signals;

export class Interruption {
  private readonly controller = new AbortController();
  private listening = false;
  private met: Signal | null = null;
  private readonly interrupt = (signal: Signal): void => {
    if (this.met !== null && signal === 'SIGHUP') return;
    if (this.met !== null) process.exit(128 + signals[signal]);
    this.met = signal;
    printError('\nStopping with the draws that there are; once more ends at once.');
    this.controller.abort();
  };

  get signal(): AbortSignal {
    return this.controller.signal;
  }

  /** What a shell reports of a process that this interrupt ended; null where there was none. */
  get status(): number | null {
    return this.met === null ? null : 128 + signals[this.met];
  }

  /** From now on; before, and after `end`, an interrupt ends the process. */
  listen(): void {
    if (this.listening) return;
    this.listening = true;
    for (const signal of names) process.on(signal, this.interrupt);
  }

  /** Results are to be written yet: a terminal that is gone, and has said so, ends that no more than the run. */
  end(): void {
    for (const signal of names) if (this.met === null || signal !== 'SIGHUP') process.off(signal, this.interrupt);
  }
}

const names: readonly Signal[] = ['SIGHUP', 'SIGINT', 'SIGTERM'];
