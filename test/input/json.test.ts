import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ModelError } from '../../src/errors/diagnostic.js';
import type { Tensor } from '../../src/input/tensor.js';
import { parseDataJson, parseJsonValue } from '../../src/input/json.js';
import { cpuMilliseconds } from '../cpuTime.js';

function fault(text: string): string {
  try {
    parseDataJson(text);
  } catch (thrown) {
    if (thrown instanceof ModelError)
      return thrown.diagnostics.map((d) => `${d.message}${d.hint === undefined ? '' : ` (${d.hint})`}`).join('\n');
    throw thrown;
  }
  return 'accepted';
}

describe('parseDataJson', () => {
  it('gives the named values in order', () => {
    expect([...parseDataJson('{"x": [[1, null], [3, 4.5e0]], "K": 3}')]).toEqual([
      [
        'x',
        [
          [1, null],
          [3, 4.5],
        ],
      ],
      ['K', 3],
    ]);
  });

  it('takes names that objects inherit as ordinary names', () => {
    const data = parseDataJson('{"__proto__": 1, "constructor": [2], "toString": 3}');
    expect([...data.keys()]).toEqual(['__proto__', 'constructor', 'toString']);
    expect(data.get('__proto__')).toBe(1);
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
    expect(parseDataJson('{"y": 1}').get('constructor')).toBeUndefined();
  });

  it('refuses a name that is given twice, in texts of any length', () => {
    expect(fault('{"x": 1, "y": 2, "x": [3]}')).toBe('line 1, column 18: the name "x" is given twice (keep one of the two values)');
    expect(fault('{"x": 1,\n "\\u0078": 2}')).toBe('line 2, column 2: the name "x" is given twice (keep one of the two values)');
    expect(fault('{"__proto__": 1, "__proto__": 1}')).toContain('the name "__proto__" is given twice');
    const numbers = Array.from({ length: 60_000 }, (_, k) => k).join(',');
    expect(fault(`{"x": [${numbers}],\n"y": 1, "x": 2}`)).toBe(
      'line 2, column 9: the name "x" is given twice (keep one of the two values)',
    );
    expect(() => parseJsonValue('{"a": {"b": 1, "b": 2}}')).toThrow('the name "b" is given twice');
    expect(parseJsonValue('[{"a": 1}, {"a": 2}]')).toEqual([{ a: 1 }, { a: 2 }]);
  });

  it('skips a byte order mark', () => expect(parseDataJson('\uFEFF{"a": 1}').get('a')).toBe(1));

  it('names line, column and reason of a fault', () => {
    expect(fault('{"x": [1, NaN]}')).toBe('line 1, column 11: NaN is not a value in JSON (write null for a missing value)');
    expect(fault('{"x": [1,\n -Infinity]}')).toBe(
      'line 2, column 2: -Infinity is not a value in JSON (data must be finite; write null for a missing value)',
    );
    expect(fault('{"x": [1, 2,]}')).toBe('line 1, column 12: a comma stands before "]" where a value should follow it');
    expect(fault('{"x": [1 2]}')).toBe('line 1, column 10: found "2" where "," or "]" is expected');
    expect(fault("{'x': 1}")).toBe('line 1, column 2: texts in JSON stand in double quotes');
    expect(fault('{"x": 01}')).toBe('line 1, column 7: 01 is not a number in JSON');
    expect(fault('{"x": .5}')).toBe('line 1, column 7: .5 is not a number in JSON');
    expect(fault('{"x": 1 // one\n}')).toBe('line 1, column 9: JSON has no comments');
    expect(fault('{"x": "a\nb"}')).toBe('line 1, column 9: a text in JSON must not contain line breaks or control characters');
    expect(fault('{"x": "a')).toBe('line 1, column 7: this text in double quotes is not closed');
    expect(fault('{"x": [1, 2')).toBe('line 1, column 12: the text ends where "," or "]" is expected');
    expect(fault('')).toBe('line 1, column 1: the text ends where a value is expected');
    expect(fault('{"x": 1} {"y": 2}')).toBe('line 1, column 10: found "{" where the end of the text is expected');
  });

  it('wants an object', () => {
    expect(fault('[1, 2]')).toMatch(/^the data is an array, not an object of named values/);
    expect(fault('[{"x": 1}, {"x": 2}]')).toMatch(/^the data is an array.*\(these are rows: give columns/);
    expect(fault('null')).toMatch(/^the data is null/);
    expect(fault('"x"')).toMatch(/^the data is a string/);
  });

  it('finds a fault in every text that the engine refuses, and in none that it takes', () => {
    const text = fc.oneof(
      fc.json(),
      fc.tuple(fc.json(), fc.nat(), fc.constantFrom('', ',', ']', '}', '"', 'NaN', '1', '\\', '\n')).map(([json, at, piece]) => {
        const k = at % (json.length + 1);
        return json.slice(0, k) + piece + json.slice(k + 1);
      }),
    );
    fc.assert(
      fc.property(text, (t) => {
        let engine: unknown;
        let refused = false;
        try {
          engine = JSON.parse(t);
        } catch {
          refused = true;
        }
        if (!refused) {
          expect(parseJsonValue(t)).toEqual(engine);
          return;
        }
        let message = '';
        try {
          parseJsonValue(t);
        } catch (thrown) {
          message = (thrown as ModelError).message;
        }
        expect(message).toMatch(/^line \d+, column \d+: /);
      }),
      { seed: 11, numRuns: 2000 },
    );
  });

  it('survives deep nesting', () => {
    const deep = '['.repeat(200_000);
    expect(fault(`{"x": ${deep}`)).toMatch(/nested more than 500 deep/);
  });

  it('reads a million numbers quickly', () => {
    const text = `{"x": [${Array.from({ length: 1e6 }, (_, k) => k / 7).join(',')}]}`;
    expect(
      cpuMilliseconds(() => {
        expect((parseDataJson(text).get('x') as Tensor).values.length).toBe(1e6);
      }),
    ).toBeLessThan(2000);
  });
});
