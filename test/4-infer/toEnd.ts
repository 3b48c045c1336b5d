/** Runs a calculation that may be left to its end. */
import type { Interruptible } from '../../src/4-infer/stopping.js';

export function toEnd<T>(steps: Interruptible<T>): T {
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
  }
}
