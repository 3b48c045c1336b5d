import { describe, expect, it } from 'vitest';
import { lineAndColumn } from '../../src/errors/render.js';
import { parse } from '../../src/1-parse/parse.js';
import { templateSource } from '../../src/1-parse/template.js';
import type { TemplateSource } from '../../src/1-parse/template.js';

/** Collects a template as `model` does. */
function template(strings: TemplateStringsArray, ...values: readonly unknown[]): TemplateSource {
  return templateSource(strings, values);
}

describe('templateSource', () => {
  it('keeps host values out of the text and numbers their places', () => {
    const host = template`let a = ${[1, 2, 3]} + ${'} observe x'}[0]`;
    expect(host.source).toBe('let a = \uE0000\uE001 + \uE0001\uE001[0]');
    expect(host.values).toEqual([[1, 2, 3], '} observe x']);
    const statement = parse(host.source, host.values.length).program!.statements[0]!;
    expect(statement).toMatchObject({
      kind: 'let',
      value: { kind: 'binary', left: { kind: 'hole', hole: 0 }, right: { kind: 'index', array: { kind: 'hole', hole: 1 } } },
    });
  });

  it('lets a host function be called', () => {
    const host = template`let a = ${Math.exp}(x)`;
    expect(parse(host.source, 1).program!.statements[0]).toMatchObject({ value: { kind: 'call', callee: { hole: 0 } } });
  });

  it('reports places on the template as written, with `${...}` for each hole', () => {
    const host = template`
      let a = ${1} + ${2}
      let b = ${3} + * 4
    `;
    const { diagnostics } = parse(host.source, host.values.length);
    expect(diagnostics).toHaveLength(1);
    const span = host.toShown(diagnostics[0]!.span!);
    expect(host.shown.slice(span.start, span.end)).toBe('*');
    expect(lineAndColumn(host.shown, span.start)).toEqual({ line: 3, column: '      let b = ${...} + *'.length });
  });

  it('maps spans that begin or end at a hole to all of it', () => {
    const host = template`${1}ab${2}`;
    expect(host.shown).toBe('${...}ab${...}');
    expect(host.toShown({ start: 0, end: 3 })).toEqual({ start: 0, end: 6 });
    expect(host.toShown({ start: 3, end: 5 })).toEqual({ start: 6, end: 8 });
    expect(host.toShown({ start: 1, end: 7 })).toEqual({ start: 0, end: 14 });
    expect(host.toShown({ start: 8, end: 8 })).toEqual({ start: 14, end: 14 });
  });

  it('agrees with the text beyond the tenth hole, whose mark is longer', () => {
    const strings = Object.assign(
      Array.from({ length: 13 }, () => ' '),
      { raw: Array.from({ length: 13 }, (_, at) => (at === 12 ? ' z' : ' ')) },
    );
    const host = templateSource(
      strings,
      Array.from({ length: 12 }, (_, at) => at),
    );
    const at = host.source.indexOf('z');
    expect(host.shown[host.toShown({ start: at, end: at + 1 }).start]).toBe('z');
  });

  it('takes escapes as they are written', () => {
    expect(template`// a \` b \n c`.source).toBe('// a \\` b \\n c');
  });

  it('does not mistake marks in the text of the template for holes', () => {
    const host = template`let a = \u{0} ${1} `;
    expect(parse(host.source, 1).program).toBeNull();
    const forged = templateSource(Object.assign([''], { raw: ['let a = \uE0000\uE001'] }), []);
    const { program, diagnostics } = parse(forged.source, 0);
    expect(program).toBeNull();
    expect(diagnostics[0]!.code).toBe('unknown-character');
  });

  it('refuses a hole that has no value, as in a text from a file', () => {
    expect(parse('let a = \uE0000\uE001').program).toBeNull();
    expect(parse('let a = \uE0000\uE001', 1).program).not.toBeNull();
    expect(parse('let a = \uE0001\uE001', 1).diagnostics.map((diagnostic) => diagnostic.code)).toEqual(['unknown-character']);
  });
});
