/** Members of one object of a text in pieces, against the engine's own parser: the same names and values, and the rest without them. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { eachMember } from '../../src/input/jsonMembers.js';

function inPieces(text: string, size: number): readonly string[] {
  return Array.from({ length: Math.ceil(text.length / size) }, (_, i) => text.slice(i * size, (i + 1) * size));
}

describe('members of one object', () => {
  it('are those that the whole text has, wherever its pieces end and whatever strings hold', () => {
    const key = fc.oneof(fc.string(), fc.constantFrom('rows', '__proto__', '"rows": {', '\\', '},', '[{'));
    fc.assert(
      fc.property(
        fc.dictionary(key, fc.jsonValue()),
        fc.dictionary(key, fc.jsonValue()),
        fc.dictionary(key, fc.jsonValue()),
        fc.integer({ min: 1, max: 40 }),
        fc.boolean(),
        (before, rows, after, size, spaced) => {
          // The parser keeps the last of two members of one name: here there is one.
          const { rows: _, ...head } = before,
            { rows: __, ...tail } = Object.fromEntries(Object.entries(after).filter(([name]) => !Object.hasOwn(before, name)));
          const text = JSON.stringify({ ...head, rows, ...tail }, null, spaced ? 2 : 0),
            whole = JSON.parse(text) as { rows: Record<string, unknown> };
          const met: [string, unknown][] = [];
          const rest = eachMember(inPieces(text, size), 'rows', (member) =>
            met.push(...Object.entries(JSON.parse(`{${member}}`) as object)),
          );
          expect(new Map(met)).toEqual(new Map(Object.entries(whole.rows)));
          expect(JSON.parse(rest)).toEqual({ ...whole, rows: {} });
        },
      ),
      { numRuns: 300, seed: 1 },
    );
  });

  it('are of the outermost object only', () => {
    const text = '{"a": {"rows": {"x": 1}}, "b": [{"rows": {"x": 1}}], "c": "rows", "d": {"x": 1}}',
      met: string[] = [];
    expect(eachMember([text], 'rows', (member) => met.push(member))).toBe(text);
    expect(met).toEqual([]);
  });

  it('leave a text that is cut off for the parser to refuse, and one that is no table is refused at once', () => {
    for (const text of ['{"rows": {"x": 1', '{"rows": {"x": 1}', '{"rows": {"x": "', '{"rows', ''])
      expect(() => JSON.parse(eachMember([text], 'rows', () => undefined)) as unknown).toThrow(SyntaxError);
    expect(() => eachMember(['{"rows": {"', 'x'.repeat(2 ** 20), 'y'], 'rows', () => undefined)).toThrow(RangeError);
  });
});
