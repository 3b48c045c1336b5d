import { describe, expect, it } from 'vitest';
import type { Diagnostic } from '../../src/errors/diagnostic.js';
import { didYouMean, lineAndColumn, renderDiagnostics } from '../../src/errors/render.js';

function wrong(start: number, end: number, more: Partial<Diagnostic> = {}): Diagnostic {
  return { code: 'some-code', severity: 'error', message: 'this is wrong', span: { start, end }, ...more };
}

describe('lineAndColumn', () => {
  it('counts lines and columns from one', () => {
    const source = 'ab\ncd\r\nef\rgh\u2028ij';
    const places = [...source].map((_, offset) => lineAndColumn(source, offset));
    expect(lineAndColumn(source, 0)).toEqual({ line: 1, column: 1 });
    expect(lineAndColumn(source, source.indexOf('d'))).toEqual({ line: 2, column: 2 });
    expect(lineAndColumn(source, source.indexOf('e'))).toEqual({ line: 3, column: 1 });
    expect(lineAndColumn(source, source.indexOf('h'))).toEqual({ line: 4, column: 2 });
    expect(lineAndColumn(source, source.indexOf('i'))).toEqual({ line: 5, column: 1 });
    expect(places.every(({ line, column }) => line >= 1 && column >= 1)).toBe(true);
  });

  it('moves offsets outside the text to its ends', () => {
    expect(lineAndColumn('ab\nc', 99)).toEqual({ line: 2, column: 2 });
    expect(lineAndColumn('ab\nc', -5)).toEqual({ line: 1, column: 1 });
    expect(lineAndColumn('', 0)).toEqual({ line: 1, column: 1 });
  });
});

describe('renderDiagnostics', () => {
  it('shows place, severity, code, message, excerpt, expectation and hint', () => {
    const source = 'data x: real\nsample y = Normal(x, 1)\n';
    const at = source.indexOf('=');
    expect(renderDiagnostics([wrong(at, at + 1, { expected: '`~`', hint: 'write `~`' })], source, 'a.cred')).toBe(
      [
        'a.cred:2:10: error[some-code]: this is wrong',
        '  2 | sample y = Normal(x, 1)',
        '    |          ^',
        '  expected: `~`',
        '  hint: write `~`',
      ].join('\n'),
    );
  });

  it('separates several by a blank line and keeps their order', () => {
    const text = renderDiagnostics([wrong(2, 3, { severity: 'warning' }), wrong(0, 1, { severity: 'note' })], 'abc', 'f');
    expect(text.split('\n\n').map((part) => part.split('\n')[0])).toEqual([
      'f:1:3: warning[some-code]: this is wrong',
      'f:1:1: note[some-code]: this is wrong',
    ]);
  });

  it('shows no excerpt without a span', () => {
    expect(renderDiagnostics([{ code: 'c', severity: 'error', message: 'm', hint: 'h' }], 'abc', 'f')).toBe('f: error[c]: m\n  hint: h');
  });

  /** The characters of the excerpt above the carets. */
  function marked(source: string, start: number, end: number): string {
    const [, excerpt, carets] = renderDiagnostics([wrong(start, end)], source, 'f').split('\n');
    return excerpt!.slice(carets!.indexOf('^'), carets!.lastIndexOf('^') + 1);
  }

  it('puts carets under the span behind tabs', () => {
    const source = '\t\tlet\ta = bad';
    expect(marked(source, source.indexOf('bad'), source.length)).toBe('bad');
    expect(renderDiagnostics([wrong(2, 5)], source, 'f').split('\n')[1]).toBe('  1 |         let    a = bad');
  });

  it('gives wide characters two columns and combining marks none', () => {
    const carets = (source: string, word: string): string =>
      renderDiagnostics([wrong(source.indexOf(word), source.indexOf(word) + word.length)], source, 'f').split('\n')[2]!;
    expect(carets('日本 bad', 'bad')).toBe(`    | ${' '.repeat(5)}^^^`);
    expect(carets('e\u0301 bad', 'bad')).toBe(`    | ${' '.repeat(2)}^^^`);
    expect(carets('μ bad', 'bad')).toBe(`    | ${' '.repeat(2)}^^^`);
  });

  it('cuts long lines around the place', () => {
    const source = `${'x + '.repeat(100)}bad${' + y'.repeat(100)}`;
    const at = source.indexOf('bad');
    expect(marked(source, at, at + 3)).toBe('bad');
    const excerpt = renderDiagnostics([wrong(at, at + 3)], source, 'f').split('\n')[1]!;
    expect(excerpt.length).toBeLessThan(120);
    expect(excerpt).toMatch(/\| ….*bad.*…$/);
    expect(
      renderDiagnostics([wrong(0, source.length)], source, 'f')
        .split('\n')
        .every((line) => line.length < 130),
    ).toBe(true);
  });

  it('marks a span of several lines to the end of the first', () => {
    expect(marked('let a = [1,\n2]', 8, 14)).toBe('[1,');
  });

  it('marks the end of the text with one caret', () => {
    const [title, excerpt, carets] = renderDiagnostics([wrong(7, 7)], 'let a =', 'f').split('\n');
    expect(title).toMatch(/^f:1:8:/);
    expect(excerpt).toBe('  1 | let a =');
    expect(carets).toBe('    |        ^');
    expect(renderDiagnostics([wrong(0, 0)], '', 'f').split('\n')[2]).toBe('    | ^');
  });

  it('lets no control character through', () => {
    expect(renderDiagnostics([wrong(0, 1)], 'a\u001B[31mb', 'f')).not.toContain('\u001B');
  });

  it('aligns carets under line numbers of several digits', () => {
    const source = `${'\n'.repeat(122)}bad`;
    const [, excerpt, carets] = renderDiagnostics([wrong(122, 125)], source, 'f').split('\n');
    expect(excerpt).toBe('  123 | bad');
    expect(carets).toBe('      | ^^^');
  });
});

describe('didYouMean', () => {
  const families = ['Normal', 'MvNormal', 'Gamma', 'Beta', 'Poisson', 'Exponential', 'StudentT', 'LogNormal', 'K', 'mu', 'nu', 'tau'];
  it.each([
    ['normal', 'Normal'],
    ['Noraml', 'Normal'],
    ['Nomral', 'Normal'],
    ['Gama', 'Gamma'],
    ['Poison', 'Poisson'],
    ['Expontial', 'Exponential'],
    ['MVNormal', 'MvNormal'],
    ['Studentt', 'StudentT'],
    ['k', 'K'],
    ['taus', 'tau'],
    ['BETA', 'Beta'],
  ])('takes %s for %s', (word, meant) => expect(didYouMean(word, families)).toBe(meant));

  it.each(['x', 'xu', 'Cauchy', 'Weibull', '', 'm', 'abc'])('says nothing of %s', (word) => expect(didYouMean(word, families)).toBeNull());

  it('prefers fewer edits, then the same first letter, then the alphabet', () => {
    expect(didYouMean('alphas', ['alphabs', 'alpha', 'alphax'])).toBe('alpha');
    expect(didYouMean('beta', ['zeta', 'bata'])).toBe('bata');
    expect(didYouMean('xeta', ['zeta', 'beta'])).toBe('beta');
  });

  it('never offers the word itself', () => expect(didYouMean('Normal', ['Normal'])).toBeNull());
});
