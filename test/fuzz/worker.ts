/**
 * A process that runs fuzzing cases for `scripts/fuzz.mjs`. It says before each which one it begins, and a thread beside it
 * (`watch.mjs`) ends the process where one takes too much processor time: so whoever started it knows which.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { type Finding, findings, minimised } from './cases.js';
import { Planted } from './planted.js';
import { subjectOf } from './subjects.js';

/** `to` is the first case that is not run. */
export interface Order {
  readonly subject: string;
  readonly seed: string;
  readonly from: number;
  readonly to: number;
  readonly minimise: boolean;
}
export type Word =
  | { readonly kind: 'begins'; readonly number: number }
  /** A run of it took its time, and was told to end. */
  | { readonly kind: 'told'; readonly number: number }
  | { readonly kind: 'found'; readonly number: number; readonly findings: readonly Finding[]; readonly shown: string }
  | { readonly kind: 'done' };

/** Seconds of processor time of making a failing case smaller. */
const minimiseLimit = 60;
const folder = mkdtempSync(join(tmpdir(), 'credence-fuzz-'));
const planted = new Planted(folder);
const say = (word: Word): void => {
  process.send?.(word);
};

/** Counts what is begun, and how many seconds it may take. */
const begun = new Int32Array(new SharedArrayBuffer(8));
function begin(limit: number): void {
  begun[1] = limit;
  Atomics.add(begun, 0, 1);
}

async function carryOut({ subject: name, seed, from, to, minimise }: Order): Promise<void> {
  const subject = subjectOf(name, planted, folder);
  new Worker(new URL('./watch.mjs', import.meta.url), { workerData: begun, execArgv: [] }).unref();
  for (let number = from; number < to; number++) {
    say({ kind: 'begins', number });
    begin(subject.seconds);
    const one = subject.make(seed, number),
      found = await findings(one, planted, subject.stepSeconds, () => say({ kind: 'told', number }));
    if (found.length === 0) continue;
    // Said at once, because the process may not come back from making it smaller.
    say({ kind: 'found', number, findings: found, shown: one.shown });
    begin(minimiseLimit);
    if (minimise) say({ kind: 'found', number, findings: found, shown: (await minimised(one, found[0]!, planted)).shown });
  }
  rmSync(folder, { recursive: true, force: true });
  say({ kind: 'done' });
}

process.on('message', (order: Order) => {
  void carryOut(order);
});
