/** A sample of what `npm run fuzz` runs; and that it would see what it looks for. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { compile, InternalError, ModelError } from '../../src/index.js';
import { type Case, findings, minimised, type Step, toldToEnd } from './cases.js';
import { largeSubject } from './largeSubject.js';
import { Dice } from './dice.js';
import { shapes } from './largeShapes.js';
import { smallProgram, type SmallProgram } from './smallProgram.js';
import { smallCase } from './smallSubject.js';
import { truthOf } from './smallTruth.js';
import { Planted } from './planted.js';
import { subjectOf } from './subjects.js';

const folder = mkdtempSync(join(tmpdir(), 'credence-fuzz-')),
  planted = new Planted(folder);
afterAll(() => {
  planted.remove();
  rmSync(folder, { recursive: true, force: true });
});
/** What this suite runs each time, from another place than where long runs begin. */
const from = 1_000_000;
/** Seconds: for slow machines. */
const patient = 60;

describe('random changes', () => {
  it.each([
    ['programs', 100],
    ['data', 200],
    ['options', 60],
    ['laws', 30],
    ['small', 15],
  ] as const)(
    'of %s: %d cases, no internal error, no hang, nothing executed, no NaN without a word, no law that fails, no posterior but the true one',
    async (name, count) => {
      const subject = subjectOf(name, planted, folder);
      for (let number = from; number < from + count; number++) {
        const one = subject.make('1', number);
        expect(await findings(one, planted, patient), `npm run fuzz -- ${name} --from ${number} --count 1\n${one.shown}`).toEqual([]);
      }
    },
  );

  it('large programs, as small as they come: each shape is a program, and goes through everything', async () => {
    for (const [name, shape] of shapes)
      for (let seed = 0; seed < 3; seed++) {
        const { source, data } = shape(1, new Dice(String(seed), name));
        // What is refused everywhere would show nothing.
        expect(() => compile(source, 'model.cred').logDensity(data), `${name}\n${source}`).not.toThrow();
      }
    const small = largeSubject(2);
    for (let number = from; number < from + 12; number++) {
      const one = small.make('1', number);
      expect(await findings(one, planted, patient), one.shown).toEqual([]);
    }
  });

  it('the same seed and number make the same case, other numbers others', () => {
    const shown = (number: number): string => subjectOf('programs', planted, folder).make('1', number).shown;
    expect(shown(7)).toBe(shown(7));
    expect(new Set(Array.from({ length: 20 }, (_, k) => shown(k))).size).toBe(20);
  });
});

describe('what is looked for is seen', () => {
  const caseOf = (...steps: readonly Step[]): Case => ({
    shown: '',
    steps: () => steps,
    *smaller() {
      /* as small as it gets */
    },
  });
  const step = (run: () => unknown): Case => caseOf({ name: 'step', run });
  const execute = (text: string): unknown => (new Function(text) as () => unknown)();

  it.each<readonly [string, () => unknown, RegExp]>([
    [
      'an internal error',
      () => {
        throw new InternalError('no such thing');
      },
      /no such thing/,
    ],
    ['an exception', () => (null as unknown as { readonly x: number }).x, /TypeError/],
    [
      'a refusal that shows an object',
      () => {
        throw new ModelError([{ code: 'c', severity: 'error', message: 'x is [object Object]' }], 'x');
      },
      /\[object/,
    ],
    [
      'a refusal without an error',
      () => {
        throw new ModelError([{ code: 'c', severity: 'note', message: 'x' }], 'x');
      },
      /without an error/,
    ],
    ['a call of what is planted', () => execute('plantedCall()'), /executed 1 times/],
    ['a planted name that is read', () => execute('return plantedName'), /executed/],
    ['a file', () => writeFileSync(join(folder, 'planted'), ''), /wrote a file/],
    [
      'a property of all objects',
      () => {
        (Object.prototype as Record<string, unknown>)['gained'] = 1;
      },
      /gained/,
    ],
  ])('%s', async (_, run, message) => {
    const found = await findings(step(run), planted);
    expect(found.map((finding) => finding.message).join('\n')).toMatch(message);
    // Once seen it is gone.
    expect(
      await findings(
        step(() => null),
        planted,
      ),
    ).toEqual([]);
  });

  // The density by hand has one term more than the program: what a derivation has that leaves a term out.
  it.each([
    // Of one continuous unknown: integrals over two take seconds, and the missing term is the same.
    ['a posterior', (one: SmallProgram) => one.param === null && one.continuous.length === 1 && truthOf(one) !== null, 3],
    // Of five programs with a param some have no maximum.
    ['a likelihood', (one: SmallProgram) => one.param !== null, 5],
  ] as const)('a term that is missing in %s', async (_, wanted, count) => {
    let asked = 0,
      seen = 0;
    for (let number = from; asked < count; number++) {
      const one = smallProgram(new Dice('1', `small ${number}`)),
        [unknown] = one.continuous;
      if (unknown === undefined || unknown.element !== null || !wanted(one)) continue;
      asked++;
      const found = await findings(
        smallCase({ ...one, logDensity: (state) => one.logDensity(state) - 2 * (state.numbers[unknown.name]! - 2) ** 2 }),
        planted,
        patient,
      );
      if (found.length > 0) seen++;
    }
    expect(seen).toBeGreaterThanOrEqual(3);
  });

  it('but not a refusal that says what is wrong', async () => {
    expect(
      await findings(
        step(() => {
          throw new ModelError([{ code: 'c', severity: 'error', message: 'There is no variable "undefined".' }], 'x');
        }),
        planted,
      ),
    ).toEqual([]);
  });

  it('runs that were told to end are counted, and fail where they go on', async () => {
    let told = 0;
    const answers = (busySeconds: number): Case =>
      step(() => {
        for (const start = process.cpuUsage().user; process.cpuUsage().user - start < 1e6 * busySeconds; );
        return toldToEnd;
      });
    const count = (): void => {
      told++;
    };
    expect(await findings(answers(0), planted, 0.2, count)).toEqual([]);
    expect((await findings(answers(0.4), planted, 0.2, count)).map(({ message }) => message)).toEqual([expect.stringMatching(/it took/)]);
    expect(told).toBe(2);
  });

  it('a failing case is made smaller while it fails in the same way', async () => {
    const of = (text: string): Case => ({
      shown: text,
      steps: () => [
        {
          name: 'step',
          run: () => {
            if (text.includes('b')) throw new Error('contains the letter');
            if (text === '') throw new Error('is empty');
          },
        },
      ],
      *smaller() {
        for (let k = 0; k < text.length; k++) yield of(text.slice(0, k) + text.slice(k + 1));
      },
    });
    const failing = of('aabaa'),
      [finding] = await findings(failing, planted);
    expect((await minimised(failing, finding!, planted)).shown).toBe('b');
  });
});
