/**
 * Random programs: the ratio law for every conditional, and generated code against the interpreter.
 * A counterexample is a list of choices; `programOf` prints its program.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compareGenerated } from './generated.js';
import { programOf } from './programs.js';
import { checkRatios } from './ratio.js';
import { compile, goodState } from './support.js';

const choices = fc.array(fc.nat(99_999), { minLength: 160, maxLength: 160, size: 'max' });

describe('random programs', () => {
  it('obey the ratio law', () => {
    let compared = 0;
    fc.assert(
      fc.property(choices, (list) => {
        const { text, data } = programOf(list);
        const report = checkRatios(compile(text, data), { seeds: [list[0]!], elements: 2 });
        for (const count of report.compared.values()) compared += count;
        if (report.failures.length > 0) throw new Error(`${text}\n${report.failures.slice(0, 3).join('\n')}`);
      }),
      { seed: 20_231, numRuns: 160 },
    );
    expect(compared).toBeGreaterThan(2500);
  });
  it('give code that agrees with the interpreter', () => {
    let compared = 0;
    fc.assert(
      fc.property(choices, (list) => {
        const { text, data } = programOf(list, 11);
        const compiled = compile(text, data);
        const report = compareGenerated(compiled, goodState(compiled, list[0]!), 5);
        compared += report.compared;
        if (report.failures.length > 0) throw new Error(`${text}\n${report.failures.slice(0, 3).join('\n')}`);
      }),
      { seed: 20_232, numRuns: 80 },
    );
    expect(compared).toBeGreaterThan(2000);
  });
});
