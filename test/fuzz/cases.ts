/**
 * What a fuzzing case is, and what must hold of each of its steps: it ends within the limit, with a result or with
 * a refusal (`ModelError`) that can be shown; nothing planted is executed.
 */
import { ModelError } from '../../src/index.js';
import type { Planted } from './planted.js';

/** Seconds of processor time that a step may take where nothing else is said. */
const stepLimit = 5;
/** Seconds that a run is given (`maxSeconds`): much work is no hang, a run that does not end when it is told to is one. */
export const runSeconds = 4;
/** What a step answers whose run was told to end before it was done. */
export const toldToEnd = Symbol('told to end');

export interface Step {
  readonly name: string;
  readonly run: () => unknown;
}

export interface Finding {
  readonly step: string;
  /** The same for the same cause, as far as a message can tell. */
  readonly signature: string;
  readonly message: string;
}

export interface Case {
  /** Everything that is needed to see it again. */
  readonly shown: string;
  /** One after the other; what a step has found out is there for the next. */
  steps(): readonly Step[];
  /** Cases that are like it and smaller, the smallest first. */
  smaller(): Iterable<Case>;
}

export interface Subject {
  readonly name: string;
  /** Seconds of processor time after which a case is a hang: all of its steps together, if each of them keeps to its limit. */
  readonly seconds: number;
  /** Seconds of processor time that a step may take where that is not what is looked for: 5. */
  readonly stepSeconds?: number;
  /** The case of a number: always the same for one seed. */
  make(seed: string, number: number): Case;
}

/** @param onTold called where a run took its time and was told to end. */
export async function findings(
  one: Case,
  planted: Planted,
  limit: number = stepLimit,
  onTold: () => void = () => {},
): Promise<readonly Finding[]> {
  const found: Finding[] = [];
  for (const { name, run } of one.steps()) {
    const message = await problemOf(run, limit, onTold);
    const executed = planted.executed();
    if (executed !== null) found.push({ step: name, signature: `${name}: executed`, message: executed });
    if (message !== null) found.push({ step: name, signature: signatureOf(name, message), message });
  }
  return found;
}

/** What is wrong with a step; null where it ends as it should. */
async function problemOf(run: () => unknown, limit: number, onTold: () => void): Promise<string | null> {
  const start = process.cpuUsage();
  let problem: string | null = null;
  try {
    if ((await run()) === toldToEnd) onTold();
  } catch (thrown) {
    if (thrown instanceof ModelError) problem = problemOfRefusal(thrown);
    else problem = thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown);
  }
  const seconds = process.cpuUsage(start).user / 1e6;
  return problem ?? (seconds > limit ? `it took ${seconds.toFixed(1)} s` : null);
}

/** What is wrong with a refusal; null where it says what a user can understand. */
export function problemOfRefusal({ message, diagnostics }: ModelError): string | null {
  if (diagnostics.every(({ severity }) => severity !== 'error')) return `refused without an error: ${message}`;
  // Names and texts of the user are quoted, or stand alone; what is printed by mistake stands among words.
  const odd = diagnostics.find((d) => /\[object \w|(?: is| of| has|:) undefined\b/.test(d.message.replaceAll(/["'`][^"'`]*["'`]/g, '')));
  return odd === undefined ? null : `a message says ${odd.message}`;
}

function signatureOf(step: string, message: string): string {
  const [first = '', ...rest] = message.split('\n');
  const frame = rest.map((line) => /(src\/[^:)]+)/.exec(line)?.[1]).find((file) => file !== undefined);
  return `${step.replace(/ .*/, '')}: ${first.slice(0, 60).replaceAll(/\d+(\.\d+)?|'[^']*'/g, '#')} ${frame ?? ''}`.trim();
}

/** How much is tried to make a failing case smaller. */
const mostTries = 400;

/** The smallest case found that fails in the same way. */
export async function minimised(failing: Case, { signature }: Finding, planted: Planted): Promise<Case> {
  let best = failing;
  let tries = 0;
  for (let found = true; found; ) {
    found = false;
    for (const candidate of best.smaller()) {
      if (++tries > mostTries) return best;
      if (!(await findings(candidate, planted)).some((finding) => finding.signature === signature)) continue;
      best = candidate;
      found = true;
      break;
    }
  }
  return best;
}
