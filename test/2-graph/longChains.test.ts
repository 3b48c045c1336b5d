/** Definitions in any order, however long the chain: none is dropped, and a cycle of any length is found. Truth: a0 = n + 1 by counting. */
import { expect, it } from 'vitest';
import { compile } from '../../src/model.js';

const chain = (n: number, last: string): string => `${Array.from({ length: n }, (_, k) => `let a${k} = a${k + 1} + 1\n`).join('')}let a${n} = ${last}\nreport r = a0\n`;

it('a chain of definitions from the last to the first', () => {
  expect(compile(chain(700, '1')).sample({}, { seed: 1 })).toMatchObject({ r: 701 });
}, 30_000);

it('a cycle of as many', () => {
  expect(() => compile(chain(700, 'a0'))).toThrow(/definitions form a cycle: a0 -> a1/);
}, 30_000);
