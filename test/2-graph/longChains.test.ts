/** Definitions in any order, however long the chain: none is dropped, and a cycle of any length is found. Truth: a0 = n + 1 by counting. */
import { expect, it } from 'vitest';
import { compile } from '../../src/model.js';

const chain = (n: number, last: string): string =>
  `${Array.from({ length: n }, (_, k) => `let a${k} = a${k + 1} + 1\n`).join('')}let a${n} = ${last}\nreport r = a0\n`;

it('a chain of definitions from the last to the first', () => {
  expect(compile(chain(700, '1')).sample({}, { seed: 1 })).toMatchObject({ r: 701 });
});

it('a cycle of as many', () => {
  expect(() => compile(chain(700, 'a0'))).toThrow(/definitions form a cycle: a0 -> a1/);
});

it('a report of a recursion that begins with a whole number is no whole number', () => {
  const { last } = compile('let h[0] = 1\nfor t in 1..<4 { let h[t] = 0.25 + 0.5 * h[t-1] }\nreport last = h[3]\n').sample({}, { seed: 1 });
  // 1, 0.75, 0.625, 0.5625.
  expect(last).toBe(0.5625);
});
