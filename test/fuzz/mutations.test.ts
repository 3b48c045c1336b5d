/** Broken programs and broken data: checker and binding end with diagnostics, soon, and never throw. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parse } from '../../src/1-parse/parse.js';
import { bind } from '../../src/2-graph/bind.js';
import type { ModelGraph } from '../../src/2-graph/graph.js';
import { lower } from '../../src/2-graph/lower.js';
import { renderDiagnostics } from '../../src/errors/render.js';
import { knownPrograms } from './known.js';
import { spoil, strangeValues, words } from './strange.js';

/** FUZZ_RUNS asks for more by hand: then of long programs too. */
const runs = Number(process.env['FUZZ_RUNS'] ?? 1_500);
// Long programs and data say nothing that short ones do not.
const all = knownPrograms().filter(({ source }) => source.length < (process.env['FUZZ_RUNS'] === undefined ? 420 : 2000));

interface Edit {
  readonly at: number;
  readonly action: number;
  readonly what: string;
  readonly length: number;
  readonly from: number;
}
const edit: fc.Arbitrary<Edit> = fc.record({
  at: fc.nat(),
  action: fc.nat({ max: 5 }),
  length: fc.integer({ min: 1, max: 4 }),
  from: fc.nat(),
  what: fc.oneof(
    { weight: 6, arbitrary: fc.constantFrom(...words) },
    { weight: 1, arbitrary: fc.string({ unit: 'binary', minLength: 1, maxLength: 2 }) },
  ),
});

function mutate(source: string, edits: readonly Edit[], byToken: boolean): string {
  let pieces: readonly string[] = byToken ? (source.match(/\w+|[^\S\n]+|\n|\.\.<|\.\.|=>|&&|\|\||[^\w\s]/g) ?? []) : [...source];
  for (const { at: place, action, what, length, from } of edits) {
    const at = place % (pieces.length + 1);
    const before = pieces.slice(0, at),
      some = pieces.slice(at, at + length),
      after = pieces.slice(at + length);
    const other = pieces.slice(from % (pieces.length + 1)).slice(0, 3 * length);
    pieces = [
      [...before, ...after],
      [...before, what, ...some, ...after],
      [...before, what, ...after],
      [...before, ...some, ...some, ...after],
      [...before, ...other, ...after],
      [...before, ...other, ...some, ...after],
    ][action]!;
  }
  return pieces.join('');
}

/** Processor time since a start: what others do on the machine does not count. */
function seconds(start: NodeJS.CpuUsage): number {
  return process.cpuUsage(start).user / 1e6;
}

/** Parses and lowers within a second; says what must hold of the diagnostics. */
function compile(text: string): ModelGraph | null {
  const start = process.cpuUsage();
  const { program, diagnostics } = parse(text);
  const lowered = program === null ? null : lower(program, []);
  const said = [...diagnostics, ...(lowered?.diagnostics ?? [])];
  expect(seconds(start), text).toBeLessThan(1);
  expect((lowered?.graph ?? null) === null, text).toBe(said.some((d) => d.severity === 'error'));
  for (const { span, message } of said) {
    expect(message, text).not.toMatch(/undefined|\[object|NaN/);
    if (span !== undefined)
      expect(0 <= span.start && span.start <= span.end && span.end <= text.length, `${message} in ${text}`).toBe(true);
  }
  expect(renderDiagnostics(said, text, 'm')).not.toBe(undefined);
  return lowered?.graph ?? null;
}

describe(`${runs} changed programs`, () => {
  for (const [unit, byToken, share] of [
    ['characters', false, 0.4],
    ['tokens', true, 0.6],
  ] as const) {
    it(`${unit}: end with a graph or with diagnostics`, () => {
      fc.assert(
        fc.property(fc.nat({ max: all.length - 1 }), fc.array(edit, { minLength: 1, maxLength: 3 }), (k, edits) => {
          compile(mutate(all[k]!.source, edits, byToken));
        }),
        { seed: byToken ? 12 : 11, numRuns: share * runs },
      );
    }, 600_000);
  }
});

// --- data ---------------------------------------------------------------------------------------

describe('1,000 changed data', () => {
  const bound = all.flatMap(({ source, data }) => {
    const graph = data === null || JSON.stringify(data).length > 20_000 ? null : compile(source);
    return graph === null ? [] : [{ graph, data: data! }];
  });
  it('are bound or refused', () => {
    expect(bound.length).toBeGreaterThan(20);
    fc.assert(
      fc.property(
        fc.nat({ max: bound.length - 1 }),
        fc.nat(),
        fc.nat({ max: strangeValues.length - 1 }),
        fc.array(fc.nat({ max: 97 }), { maxLength: 3 }),
        fc.boolean(),
        (k, which, by, path, drop) => {
          const { graph, data } = bound[k]!;
          const names = [
            ...Object.keys(data),
            ...graph.variables.keys(),
            ...graph.sizes.keys(),
            '__proto__',
            'constructor',
            'hasOwnProperty',
          ];
          const name = names[which % names.length]!;
          const changed = new Map(Object.entries(data));
          if (drop && path.length === 0) changed.delete(name);
          else changed.set(name, spoil(changed.get(name), path, strangeValues[by]));
          for (const mode of ['infer', 'sample'] as const) {
            const start = process.cpuUsage();
            const { model, diagnostics } = bind(graph, changed, { mode });
            expect(seconds(start), name).toBeLessThan(1);
            expect(model === null).toBe(diagnostics.some((d) => d.severity === 'error'));
            for (const { message } of diagnostics) expect(message).not.toMatch(/undefined(?!$)|\[object/);
            for (const v of model?.variables.values() ?? [])
              if (v.status === 'given')
                expect(
                  v.values.every((x) => !Number.isNaN(x)),
                  `${v.name} of ${name}`,
                ).toBe(true);
          }
        },
      ),
      { seed: 13, numRuns: 1000 },
    );
  });
});
