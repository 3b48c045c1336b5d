/** The reader of large files against the engine's own parser: the same numbers, or null where it does not apply. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseDataJson } from '../../src/input/json.js';
import { readLargeJson } from '../../src/input/largeJson.js';
import type { Tensor } from '../../src/input/tensor.js';

function nested(t: Tensor): unknown {
  const go = (axis: number, offset: number): unknown => {
    if (axis === t.shape.length) return Number.isNaN(t.values[offset]!) ? null : t.values[offset];
    const stride = t.shape.slice(axis + 1).reduce((a, b) => a * b, 1);
    return Array.from({ length: t.shape[axis]! }, (_, i) => go(axis + 1, offset + i * stride));
  };
  return go(0, 0);
}
function plain(values: Map<string, unknown>): unknown {
  return [...values].map(([name, v]) => [name, typeof v === 'number' ? v : nested(v as Tensor)]);
}
const shape = fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 3 });
const number = fc.oneof(fc.double({ noNaN: true, noDefaultInfinity: true }), fc.integer(), fc.constant(null), fc.constant(-0));
const array = shape.chain((dims) =>
  fc.array(number, { minLength: dims.reduce((a, b) => a * b, 1), maxLength: dims.reduce((a, b) => a * b, 1) }).map((values) => {
    const go = (axis: number, offset: number): unknown => {
      if (axis === dims.length) return values[offset];
      const stride = dims.slice(axis + 1).reduce((a, b) => a * b, 1);
      return Array.from({ length: dims[axis]! }, (_, i) => go(axis + 1, offset + i * stride));
    };
    return go(0, 0);
  }),
);

describe('large JSON data', () => {
  it('gives every number that the engine gives, to the last bit', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.stringMatching(/^[a-z_]{1,8}$/), array), { maxLength: 3 }), fc.boolean(), (entries, spaced) => {
        const object = Object.fromEntries(entries);
        const text = JSON.stringify(object, null, spaced ? 2 : 0);
        const read = readLargeJson(text);
        expect(read).not.toBeNull();
        expect(plain(read!)).toStrictEqual(Object.entries(JSON.parse(text) as object));
      }),
      { seed: 1, numRuns: 500 },
    );
  });
  it('reads decimal numbers of every length as the nearest double', () => {
    fc.assert(
      fc.property(
        fc.array(fc.stringMatching(/^-?(0|[1-9][0-9]{0,19})(\.[0-9]{1,20})?([eE][+-]?[0-9]{1,3})?$/), { minLength: 1, maxLength: 20 }),
        (numbers) => {
          const finite = numbers.filter((x) => Number.isFinite(Number(x)));
          fc.pre(finite.length > 0);
          expect([...(readLargeJson(`{"x":[${finite.join(',')}]}`)!.get('x') as Tensor).values]).toStrictEqual(finite.map(Number));
        },
      ),
      { seed: 2, numRuns: 2000 },
    );
  });
  it('leaves everything that is not a rectangular array of numbers to the ordinary parser', () => {
    for (const text of [
      '{"x":[[1],[2,3]]}',
      '{"x":[1,[2]]}',
      '{"x":[[1],2]}',
      '{"x":["a"]}',
      '{"x":[]}',
      '{"x":[true]}',
      '{"x":{"y":1}}',
      '{"x":[01]}',
      '{"x":[1.]}',
      '{"x":[1e]}',
      '{"x":[-]}',
      '{"x":[1,]}',
      '{"x":[1]',
      '{"x":[nul]}',
      '[1]',
      '{"x":null}',
      '{"x\\n":[1]}',
      '{"x":[1]} 2',
      '',
    ]) {
      expect(readLargeJson(text), text).toBeNull();
    }
  });
  it('is used for large files and keeps their names', () => {
    const rows = Array.from({ length: 20_000 }, (_, i) => [i / 7, -i]);
    const text = JSON.stringify({ x: rows, ['__proto__']: 3, constructor: [1] });
    const data = parseDataJson(text);
    expect((data.get('x') as Tensor).shape).toEqual([20_000, 2]);
    expect(data.get('__proto__')).toBe(3);
    expect([...data.keys()]).toContain('constructor');
  });
});
