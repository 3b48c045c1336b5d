/**
 * `power`: how many planted errors each check catches. The backend runs with one error after the other
 * (`mutations.ts`) while the checks go on believing the program; the result is a table of errors and checks.
 *
 * An error that none catches fails the method: so would it in the backend.
 */
import { ModelError } from '../../errors/diagnostic.js';
import { mutations } from '../mutations.js';
import { inapplicable, type QuantityTest, settled } from '../results.js';
import type { Subject } from '../subject.js';
import { checks } from './all.js';
import type { Method } from './method.js';

/** What a check said of a backend with an error: whether it saw it, or null where it does not apply. */
type Outcome = boolean | null;

export const power: Method = {
  name: 'power',
  doc: 'errors planted one after the other into what the backend runs, and which checks catch them, as a score',
  statistical: true,
  async run(subject, rate, effort, onProgress) {
    const { backend, bound } = subject;
    const wrong = mutations(bound, { walks: backend.walks === true, hasKernel: backend.kernel !== undefined });
    // What fails without an error would seem to catch every one.
    const share = rate / checks.filter((m) => m.statistical).length;
    const applying: Method[] = [],
      total = (wrong.length + 1) * checks.length;
    for (const [k, method] of checks.entries()) {
      if ((await outcome(method, subject, share, effort)) === false) applying.push(method);
      onProgress(k + 1, total);
    }
    if (applying.length === 0 || wrong.length === 0)
      return inapplicable(
        'power',
        applying.length === 0 ? `no check of ${backend.name} passes on this program` : 'no error can be planted in this program',
      );
    const caught = new Map(applying.map((m) => [m.name, 0]));
    let run = 0;
    const tests: Omit<QuantityTest, 'p'>[] = [];
    for (const [k, mutation] of wrong.entries()) {
      const planted: Subject = { ...subject, planted: mutation.planted };
      const outcomes: Outcome[] = [];
      for (const [j, method] of applying.entries()) {
        outcomes.push(await outcome(method, planted, share, effort));
        onProgress((k + 1) * checks.length + j + 1, total);
      }
      // A program that the backend refuses, or where nothing applies any more, runs no error.
      if (outcomes.every((o) => o === null)) continue;
      run++;
      outcomes.forEach((o, j) => {
        if (o === true) caught.set(applying[j]!.name, caught.get(applying[j]!.name)! + 1);
      });
      const seen = applying.filter((_, j) => outcomes[j] === true).map((m) => m.name);
      tests.push({
        quantity: mutation.name,
        statistic: 'checks that catch it',
        value: seen.length,
        failed: seen.length === 0,
        detail: `${mutation.kind}; caught by ${seen.length === 0 ? 'none' : seen.join(', ')}`,
        pointsTo: 'more steps, simulations or repetitions, or data that tell more',
      });
    }
    const score = [...caught].map(([name, n]) => `${name} ${n}/${run}`).join(', ');
    return {
      ...settled('power', `${run} errors planted, caught by ${score}`, tests),
      scores: { planted: run, caught: Object.fromEntries(caught) },
    };
  },
};

async function outcome(method: Method, subject: Subject, rate: number, effort: Parameters<Method['run']>[2]): Promise<Outcome> {
  try {
    const { verdict } = await method.run(subject, rate, effort, () => {});
    return verdict === 'inapplicable' ? null : verdict === 'failed';
  } catch (thrown) {
    if (thrown instanceof ModelError) return null;
    throw thrown;
  }
}
