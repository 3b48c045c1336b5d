import { describe, expect, it } from 'vitest';
import { significant, textTable, usedColumns, wrapped } from '../../src/5-report/textTable.js';

const columns = [
  { title: 'mean', rank: 0 },
  { title: 'empty', rank: 1 },
  { title: 'sd', rank: 3 },
  { title: 'z', rank: 2 },
];
const rows = [
  { name: 'mu', cells: ['1.25', '', '0.5', '-3'] },
  { name: 'b: 9 more', cells: [] },
];

describe('a table of text', () => {
  it('has names to the left, cells to the right, and no column without a cell', () => {
    expect(usedColumns(columns, rows)).toEqual([0, 2, 3]);
    expect(textTable(columns, rows, 80)).toEqual(['           mean   sd   z', 'mu         1.25  0.5  -3', 'b: 9 more']);
  });

  it('leaves out columns of the highest rank where the line is too short, never names', () => {
    expect(textTable(columns, rows, 20)).toEqual(['           mean   z', 'mu         1.25  -3', 'b: 9 more']);
    expect(textTable(columns, rows, 3)[1]).toBe('mu');
  });
});

describe('a paragraph of text', () => {
  it('is cut at blanks, and its further lines are indented', () => {
    expect(wrapped('  one two three', 9, '    ')).toEqual(['  one two', '    three']);
    expect(wrapped('unbreakable word', 5, '')).toEqual(['unbreakable', 'word']);
  });
});

it('numbers are shown with so many digits, in powers of ten where they are large or small', () => {
  expect([0, 1.23456, 123456.7, 1e6, -2.5e-5].map((x) => significant(x, 3))).toEqual(['0', '1.23', '123000', '1.00e+6', '-2.50e-5']);
});
