import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parse } from '../../src/1-parse/parse.js';
import { print } from '../../src/1-parse/print.js';
import { holeCount, kindsIn, program, withoutSpans } from './programs.js';

/** The canonical text of a source that parses. */
function canonical(source: string): string {
  const result = parse(source);
  expect(result.diagnostics).toEqual([]);
  return print(result.program!);
}

describe('print', () => {
  it('writes what parses to the same tree, for random programs of every construct', () => {
    const kinds = new Set<string>();
    fc.assert(
      fc.property(program, (tree) => {
        kindsIn(tree, kinds);
        const text = print(tree);
        const result = parse(text, holeCount);
        expect(result.diagnostics).toEqual([]);
        expect(withoutSpans(result.program!.statements)).toEqual(withoutSpans(tree.statements));
      }),
      { seed: 20261121, numRuns: 400 },
    );
    expect([...kinds].sort()).toEqual([
      'all',
      'array',
      'at',
      'binary',
      'boolean',
      'call',
      'comprehension',
      'conditional',
      'data',
      'factor',
      'fn',
      'for',
      'generator',
      'hole',
      'if',
      'index',
      'inf',
      'lambda',
      'let',
      'name',
      'number',
      'observe',
      'param',
      'predict',
      'range',
      'report',
      'sample',
      'unary',
    ]);
  });

  it('is idempotent: the canonical text is its own canonical text', () => {
    fc.assert(
      fc.property(program, (tree) => {
        const text = print(tree);
        expect(print(parse(text, holeCount).program!)).toBe(text);
      }),
      { seed: 7, numRuns: 100 },
    );
  });

  it('puts one statement on a line and indents blocks by two', () => {
    expect(canonical('data x:real[N,D] data K:int; for k in 0..<K,j in 0..D{if k==0{let a=1}else if k<2{}else{factor -2}}')).toBe(
      [
        'data x: real[N, D]',
        'data K: int',
        'for k in 0..<K, j in 0..D {',
        '  if k == 0 {',
        '    let a = 1',
        '  } else if k < 2 { } else {',
        '    factor -2',
        '  }',
        '}',
        '',
      ].join('\n'),
    );
  });

  it('keeps only the parentheses that matter', () => {
    expect(canonical('let a = ((b + (c * d)) - (e - f)) ^ (-(2)) ^ x')).toBe('let a = (b + c * d - (e - f))^(-2)^x\n');
    expect(canonical('let a = (-x)^2 + -(x^2) + (a^b)^c + a^(b^c)')).toBe('let a = (-x)^2 + -x^2 + (a^b)^c + a^b^c\n');
    expect(canonical('let a = (a < b) < c && (d || e) && !(f == g)')).toBe('let a = (a < b) < c && (d || e) && !(f == g)\n');
    expect(canonical('let a = (c ? x : y) ? (d ? 1 : 2) : (e ? 3 : (t => t))')).toBe('let a = (c ? x : y) ? d ? 1 : 2 : e ? 3 : t => t\n');
    expect(canonical('let a = (t => t)[0] + (f(x))[1][2] + ([1, 2])[..]')).toBe('let a = (t => t)[0] + f(x)[1][2] + [1, 2][..]\n');
  });

  it('keeps numbers as they were written', () => {
    expect(canonical('let a = 1.50 + 1E-3 + 007')).toBe('let a = 1.50 + 1E-3 + 007\n');
  });

  it('prints long chains without running out of stack', () => {
    const source = `let a = ${Array.from({ length: 1000 }, (_, at) => `x${at}`).join(' + ')}\n`;
    expect(canonical(source)).toBe(source);
  });
});
