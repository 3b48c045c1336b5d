import { describe, expect, it } from 'vitest';
import { ModelError } from '../../src/errors/diagnostic.js';
import { parseCsv, tableValue } from '../../src/input/csv.js';
import { coded } from '../../src/input/levels.js';
import { tensor } from '../../src/input/tensor.js';

const column = (text: string): ReturnType<typeof tableValue> => tableValue(parseCsv(`g\n${text}`), ['g']);
const values = (value: { readonly values: ArrayLike<number> }): number[] => Array.from(value.values);
function fault(action: () => unknown): { readonly message: string; readonly hint: string | undefined } {
  try {
    action();
  } catch (thrown) {
    if (thrown instanceof ModelError) return { message: thrown.diagnostics[0]!.message, hint: thrown.diagnostics[0]!.hint };
    throw thrown;
  }
  return { message: 'accepted', hint: undefined };
}

describe('coded', () => {
  it('takes the order that is given; gaps stay', () => {
    const ordered = coded(column('high\nlow\nNA\nmedium\nlow\n'), ['low', 'medium', 'high']);
    expect(values(ordered)).toEqual([2, 0, Number.NaN, 1, 0]);
    expect(ordered.levels).toEqual(['low', 'medium', 'high']);
  });

  it('keeps levels that do not occur', () => {
    expect(values(coded(column('b\nb\n'), ['a', 'b', 'c']))).toEqual([1, 1]);
  });

  it('codes numbers that are names, by size and not as texts', () => {
    const subjects = coded(column('308\n10\n9\n308\n'));
    expect(values(subjects)).toEqual([2, 1, 0, 2]);
    expect(subjects.levels).toEqual(['9', '10', '308']);
    expect(values(coded(tensor([2, 1, 2], [3]), ['2.0', '1']))).toEqual([0, 1, 0]);
    expect(values(coded(column('TRUE\nFALSE\n'), ['TRUE', 'FALSE']))).toEqual([0, 1]);
  });

  it('takes plain lists', () => {
    expect(coded(['drug', 'placebo', null, 'drug'], ['placebo', 'drug'])).toEqual({
      shape: [4],
      values: Float64Array.of(1, 0, Number.NaN, 1),
      levels: ['placebo', 'drug'],
    });
    expect(coded(['b', undefined, 'a']).levels).toEqual(['a', 'b']);
    expect(coded([308, Number.NaN, 9])).toEqual({ shape: [3], values: Float64Array.of(1, Number.NaN, 0), levels: ['9', '308'] });
  });

  it('names what is not among the levels, and what is there twice', () => {
    expect(fault(() => coded(column('low\nhihg\n'), ['low', 'high']))).toEqual({
      message: 'the levels low, high do not name hihg, which the column holds',
      hint: 'did you mean hihg by high?',
    });
    expect(fault(() => coded(column('1\n2\n3\n'), ['1', '2'])).message).toBe('the levels 1, 2 do not name 3, which the column holds');
    expect(fault(() => coded(column('a\n'), ['a', 'b', 'a'])).message).toBe('the level "a" is given twice');
    expect(fault(() => coded(column('1\n'), ['1', '1.0'])).message).toBe('the level "1.0" is given twice');
  });
});
