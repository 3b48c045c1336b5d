/**
 * Ctrl-C while chains run: the first ends the run with the draws that there are, the second the process.
 */
import { printError } from './output.js';

/** What a shell reports of a process that an interrupt ended. */
const interruptedStatus = 130;
const signals = ['SIGINT', 'SIGTERM'] as const;

export class Interruption {
  private readonly controller = new AbortController();
  private listening = false;
  private readonly interrupt = (): void => {
    if (this.controller.signal.aborted) process.exit(interruptedStatus);
    printError('\nStopping with the draws that there are; once more ends at once.');
    this.controller.abort();
  };

  get signal(): AbortSignal { return this.controller.signal; }

  /** From now on; before, and after `end`, an interrupt ends the process. */
  listen(): void {
    if (this.listening) return;
    this.listening = true;
    for (const signal of signals) process.on(signal, this.interrupt);
  }

  end(): void {
    for (const signal of signals) process.off(signal, this.interrupt);
  }
}
