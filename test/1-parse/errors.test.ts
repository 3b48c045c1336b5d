/** What the parser says about wrong programs: the code, the text it points at and what it advises. */
import { describe, expect, it } from 'vitest';
import type { Diagnostic } from '../../src/errors/diagnostic.js';
import * as messages from '../../src/1-parse/messages.js';
import { parse } from '../../src/1-parse/parse.js';

type Report = readonly [code: string, at: string, advice?: string];

function reports(source: string): readonly { readonly code: string; readonly at: string; readonly advice: string }[] {
  const { program, diagnostics } = parse(source);
  expect(program).toBeNull();
  return diagnostics.map(({ code, span, hint, expected, message }: Diagnostic) => ({
    code,
    at: source.slice(span!.start, span!.end),
    advice: [message, expected, hint].filter((part) => part !== undefined).join(' | '),
  }));
}

const cases: readonly (readonly [source: string, ...Report[]])[] = [
  // the joints of statements
  ['sample x = Normal(0, 1)', ['equals-for-tilde', '=', 'write `sample x ~ Normal(0, 1)`']],
  ['sample x: positive <- Normal(0, 1)', ['equals-for-tilde', '<-', 'write `sample x: positive ~ Normal(0, 1)`']],
  ['observe log(y) = Normal(0, 1)', ['equals-for-tilde', '=', 'write `observe log(y) ~ Normal(0, 1)`']],
  ['sample x', ['syntax-error', '', '`:` or `~`']],
  ['sample x Normal(0, 1)', ['missing-tilde', 'Normal(0, 1)', 'write `sample x ~ Normal(0, 1)`']],
  ['sample x[i]: positive Normal(0, 1)', ['missing-tilde', 'Normal(0, 1)', 'write `sample x[i]: positive ~ Normal(0, 1)`']],
  ['observe log(y) Normal(0, 1)', ['missing-tilde', 'Normal(0, 1)', 'write `observe log(y) ~ Normal(0, 1)`']],
  [
    'observe y ~ Normal(sample m ~ Normal(0, 1), 1)',
    ['draw-in-expression', 'sample m ~ Normal(0, 1)', 'statement of its own, and `m` here'],
  ],
  ['let m = sample(Normal(0, 1))', ['draw-in-expression', 'sample(Normal(0, 1))', 'write `sample name ~ Normal(0, 1)`']],
  ['let x ~ Normal(0, 1)', ['tilde-for-equals', '~', 'write `sample x ~ Normal(0, 1)`']],
  ['let x <- 3', ['wrong-assignment', '<-', 'write `let x = 3`']],
  ['report x := 3', ['wrong-assignment', ':=', 'write `report x = 3`']],
  ['let x == 3', ['wrong-assignment', '==']],
  [
    'let x = 3 report x',
    ['unnamed-quantity', 'x', 'unknowns are in the results as they are; write `report x = ...` in place of `let x = ...`'],
  ],
  ['data x: real[2] report sum(x)', ['unnamed-quantity', 'sum(x)', 'write `report name = sum(x)`']],
  ['let x: real = 3', ['definition-with-type', ': real', 'write `let x = 3`']],
  ['observe y: real ~ Normal(0, 1)', ['observe-with-type', ': real']],
  ['factor += x', ['factor-operator', '+=', 'write `factor x`']],
  // keywords
  ['x ~ Normal(0, 1)', ['missing-keyword', 'x', '`sample x ~ Normal(0, 1)` for an unknown']],
  ['data y: real[N]\ny ~ Normal(0, 1)', ['missing-keyword', 'y', 'write `observe y ~ Normal(0, 1)`']],
  ['data y: real\nm ~ Normal(y, 1)', ['missing-keyword', 'm', 'write `sample m ~ Normal(y, 1)`']],
  ['x <- 3', ['missing-keyword', 'x <-', 'write `let x = 3`']],
  ['x[i] = 3', ['missing-keyword', 'x[i] =', 'write `let x[i] = 3`']],
  ['x: real[N]', ['missing-keyword', 'x', '`data x: real[N]` for an input']],
  ['target += lp', ['no-assignment', 'target +=', 'write `factor lp`']],
  ['smaple x ~ Normal(0, 1)', ['unknown-statement', 'smaple', 'did you mean `sample`?']],
  ['obsreve y[i] ~ Normal(0, 1)', ['unknown-statement', 'obsreve', 'did you mean `observe`?']],
  ['Sample x ~ Normal(0, 1)', ['unknown-statement', 'Sample', 'did you mean `sample`?']],
  ['var x = 3', ['unknown-statement', 'var', 'did you mean `let`?']],
  [
    'const a = 3 return a',
    ['unknown-statement', 'const', 'did you mean `let`?'],
    ['unknown-statement', 'return', 'did you mean `report`?'],
  ],
  ['dta x: real', ['unknown-statement', 'dta', 'did you mean `data`?']],
  ['function f(x) = x', ['unknown-statement', 'function', 'did you mean `fn`?']],
  ['fro i in 0..<N { }', ['unknown-statement', 'fro', 'did you mean `for`?']],
  ['print(x)', ['expression-statement', 'print(x)']],
  ['let in = 3', ['reserved-word', 'in']],
  ['sample data ~ Normal(0, 1)', ['reserved-word', 'data', 'data_']],
  // declarations
  ['data x', ['missing-type', 'x', 'data x: real']],
  ['data real[N] x', ['type-before-name', 'real[N] x', 'write `data x: real[N]`']],
  ['data interval(0, 1) x', ['type-before-name', 'interval(0, 1) x']],
  ['data x real[N]', ['missing-colon', 'x real[N]', 'write `data x: real[N]`']],
  ['data x[N]: real', ['indexed-data', '[N]']],
  ['data x ~ Normal(0, 1)', ['data-with-distribution', '~ Normal(0, 1)', '`observe x ~ Normal(0, 1)`']],
  ['param s ~ Normal(0, 1)', ['param-with-distribution', '~ Normal(0, 1)', 'write `sample s ~ Normal(0, 1)`']],
  ['data K = 4', ['declaration-with-value', '= 4', '`let K = 4`']],
  ['data K: int = 4', ['stray-equals', '=']],
  ['data x: real ~ Normal(0, 1)', ['stray-tilde', '~']],
  ['data x: real, y: int', ['stray-comma', ',']],
  ['real x;', ['missing-keyword', 'real x', '`data x: real`']],
  ['param s: real<lower=0>', ['angle-bounds', '<lower=0>', 'positive']],
  ['data x: real[N][D]', ['repeated-dimensions', '[D]', '[N, D]']],
  ['data x: real[]', ['empty-dimensions', '[]']],
  ['param S: cov(floor: 1)[D]', ['early-options', '(floor: 1)']],
  ['parameters { param s: real }', ['no-blocks', 'parameters']],
  // functions
  ['fn f(x) { return x }', ['function-body', '{ return x }', 'write `fn f(x) = x`']],
  ['fn f(x) => x', ['function-body', '=>', 'write `fn f(x) = x`']],
  ['fn f(a: real) = a', ['typed-parameters', '(a: real)']],
  ['let f(x) = x', ['function-keyword', 'let', 'write `fn f(x) = x`']],
  ['let a = map((t) => t, D)', ['lambda-form', '(t)', 'write `t => t`']],
  ['let a = map(t -> t, D)', ['lambda-form', '->']],
  // plates and conditions
  ['for i in 1:N { }', ['wrong-range', '1:N', '`0..<N` excludes N, `0..N` includes it']],
  ['for i in 0...N { }', ['wrong-range', '0...N']],
  ['for i in 0..=N { }', ['wrong-range', '0..=N']],
  ['for i in N { }', ['wrong-range', 'N', '0..<N']],
  ['for i in range(1, N) { }', ['wrong-range', 'range(1, N)', 'write `1..<N`']],
  ['for (i in 1:N) { }', ['parenthesised-for', '(i in 1:N)'], ['wrong-range', '1:N']],
  ['for i 0..<N { }', ['missing-in', 'i', '`in` is missing']],
  ['for i of 0..<N { }', ['missing-in', 'of']],
  ['for (let i = 0; i < N; i++) { }', ['counting-loop', '(let i = 0; i < N; i++)', 'for i in 0..<N']],
  ['for i in 0..<N; { }', ['before-block', ';']],
  ['for i in 0..<N sample x[i] ~ D', ['missing-braces', 'sample x[i] ~ D']],
  ['for i in 0..<N: let a = i', ['missing-braces', 'let a = i']],
  ['if a = b { }', ['wrong-operator', '=', 'write `==`']],
  ['if a: let b = 1', ['missing-braces', 'let b = 1']],
  ['if a then { }', ['before-block', 'then']],
  ['if a { } else let b = 1', ['missing-braces', 'let b = 1']],
  ['if a { } elif b { } else { }', ['else-if', 'elif', 'write `else if`']],
  ['else { }', ['stray-else', 'else']],
  ['while a { }', ['no-while', 'while']],
  ['{ let a = 3 }', ['stray-block', '{']],
  // expressions
  ['let a = b < c <= d', ['chained-comparison', '<=', 'write `b < c && c <= d`']],
  ['let a = b and c or not d', ['wrong-operator', 'and', '&&'], ['wrong-operator', 'or', '||'], ['wrong-operator', 'not', '!']],
  ['let a = b === c', ['wrong-operator', '===', '==']],
  ['let a = b ** 2', ['wrong-operator', '**', '^']],
  ['let a = X %*% b', ['wrong-operator', '%*%', '@']],
  ['let a = b ≤ c − d', ['wrong-operator', '≤', '<='], ['wrong-operator', '−', '-']],
  [
    'let a = .5 + 5. + 2x + 1_000',
    ['wrong-number', '.5', '0.5'],
    ['wrong-number', '5.', '5'],
    ['wrong-number', '2x', '2 * x'],
    ['wrong-number', '1_000', '1000'],
  ],
  ['let a = Math.exp(x)', ['member-access', '.exp(x)', 'exp(...)']],
  ["let a = X'", ['transpose-mark', "'", 'transpose(X)']],
  ['let a = x[:, 1]', ['wrong-slice', ':']],
  ['let a = x[1:3]', ['wrong-slice', '1:3']],
  ['let a = x[, 1]', ['missing-index', ',']],
  ['let a = x[1..]', ['half-range', '1..']],
  ['sample x ~ Normal(mean = 0, sd = 1)', ['equals-for-colon', '=', 'write `mean: 0`'], ['equals-for-colon', '=', 'write `sd: 1`']],
  ['let a = 1 if c else 2', ['conditional-form', '1 if c else 2', 'write `c ? 1 : 2`']],
  ['let a = if c then 1 else 2', ['conditional-form', 'if c then 1 else 2', 'write `c ? 1 : 2`']],
  ['let a = "abc', ['no-text', '"abc']],
  // brackets, comments, characters
  ['for i in 0..<N { let a = i', ['unclosed-bracket', '{']],
  ['sample x ~ Normal(0, 1\nsample y ~ Normal(0, 1)', ['unclosed-bracket', '(', '`)` before `sample`']],
  ['let a = 3 }', ['unopened-bracket', '}']],
  ['let a = x) + 3', ['unopened-bracket', ')']],
  ['let a = (x] + 3', ['mismatched-bracket', ']']],
  ['# note\nlet a = 3', ['wrong-comment', '#', '//']],
  ['let a = 3 /* note', ['unclosed-comment', '/*']],
  ['let a = 3 $', ['unknown-character', '$']],
  ['let a = 3 \u0000 + 1', ['unknown-character', '\u0000', 'U+0000']],
  ['sample\u0001z ~ Normal(0, 1)', ['unknown-character', '\u0001', 'U+0001']],
  ['let a = 3\u001B', ['unknown-character', '\u001B', 'U+001B']],
  ['let a = 3 \u200B', ['unknown-character', '\u200B', 'U+200B']],
  // what has no name of its own
  ['let a = f(1 2)', ['syntax-error', '2', '`)`, `,` or an operator']],
  ['let a = f(1, )', ['syntax-error', ')', 'there is a comma before `)`']],
  ['let a = b c', ['syntax-error', 'c', 'an operator or a statement']],
  ['sample x ~', ['syntax-error', '', 'after `~` stands a distribution']],
  ['let = 3', ['syntax-error', '=', 'a name']],
  ['let a = {1, 2}', ['syntax-error', '{', 'square brackets'], ['syntax-error', '1']],
];

describe('a wrong program', () => {
  it.each(cases.map(([source, ...expected]) => ({ source, expected })))('$source', ({ source, expected }) => {
    const found = reports(source);
    expect(found.map(({ code, at }) => [code, at])).toEqual(expected.map(([code, at]) => [code, at]));
    expected.forEach(([, , advice], at) => {
      if (advice !== undefined) expect(found[at]!.advice).toContain(advice);
    });
  });

  it('is told all its mistakes at once', () => {
    const found = reports(
      [
        'data x: real',
        '  sample m ~ Normal(0 1)',
        'observe x ~ Normal(m,, 1)',
        'let z = 3 +',
        'let w = * 4',
        'for i in 0..<N {',
        ' let a = b b',
        ' sample s = D',
        '}',
        'let last = 3 3',
      ].join('\n'),
    );
    expect(found.map(({ at }) => at)).toEqual(['1', ',', 'let', '*', 'b', '=', '3']);
  });

  it('is told of mistakes among right statements, where they stand', () => {
    const right = 'data x: real[N] // note\nfor n in 0..<N { observe x[n] ~ Normal(0, 1) }\n';
    const wrong = ['let a = 1 if c else 2', 'for i in 0..<N let b = i', 'y ~ Normal(0, 1)', 'x[0] ~ Normal(0, 1)', 'let z = ('];
    const source = `${right}${wrong.map((line) => `${line}\n${right}`).join('')}`;
    const { diagnostics } = parse(source);
    expect(diagnostics.map(({ code, span }) => [code, source.slice(span!.start, span!.end)])).toEqual([
      ['conditional-form', '1 if c else 2'],
      ['missing-braces', 'let b = i'],
      ['missing-keyword', 'y'],
      ['missing-keyword', 'x[0]'],
      ['unclosed-bracket', '('],
    ]);
    expect(diagnostics.map(({ span }) => source.slice(0, span!.start).split('\n').length)).toEqual([3, 6, 9, 12, 15]);
    expect(diagnostics[2]!.hint).toBe('write `sample y ~ Normal(0, 1)`');
    expect(diagnostics[3]!.hint).toBe('write `observe x[0] ~ Normal(0, 1)`');
  });

  it('is blamed for the brace that the indentation says is open', () => {
    const source = 'for i in 0..<N {\n  if a {\n    let b = i\n}\nlet c = 1\n';
    const { diagnostics } = parse(source);
    expect(diagnostics.map(({ code, span }) => [code, span!.start])).toEqual([
      ['unclosed-bracket', source.indexOf('{', source.indexOf('if'))],
    ]);
  });

  it('is not told more than twenty mistakes', () => {
    expect(reports('let a = * 1\n'.repeat(60)).length).toBeLessThanOrEqual(21);
    expect(reports('x = 1\n'.repeat(60)).at(-1)!.code).toBe('too-many-errors');
  });

  it('has no message that nothing here asks for', () => {
    const asked = new Set(cases.flatMap(([, ...expected]) => expected.map(([code]) => code)));
    const elsewhere = ['nested-too-deeply', 'too-many-errors'];
    const span = { start: 0, end: 0 };
    const codes = Object.values(messages).map((message) => (message as (...parts: unknown[]) => Diagnostic)(span, 'x', 'y', 'z', 'w').code);
    expect(codes.filter((code) => !asked.has(code) && !elsewhere.includes(code))).toEqual([]);
  });
});

describe('a text that is no program at all', () => {
  it.each([
    ['JSON', JSON.stringify(Array.from({ length: 5000 }, (_, at) => ({ a: at, b: 'x' })))],
    ['a long array with a mistake', `let a = [${Array.from({ length: 8000 }, (_, at) => at).join(', ')}] 3`],
    ['words', 'word '.repeat(20_000)],
    ['keywords', 'let '.repeat(20_000)],
    ['opening parentheses', '('.repeat(50_000)],
    ['opening braces', '{'.repeat(20_000)],
    ['closing braces', '}'.repeat(20_000)],
    ['foreign characters', '$x'.repeat(20_000)],
    ['quotes', '"\''.repeat(20_000)],
    ['null characters', '\0'.repeat(20_000) + 'x'],
    ['stars and slashes', '/*/'.repeat(20_001)],
  ])('%s: ends with few reports', (_name, source) => {
    const { program, diagnostics } = parse(source);
    expect(program).toBeNull();
    expect(diagnostics.length).toBeGreaterThan(0);
    expect(diagnostics.length).toBeLessThanOrEqual(21);
  });
});

describe('deep nesting', () => {
  it.each([
    ['parentheses', `let a = ${'('.repeat(3000)}1${')'.repeat(3000)}`],
    ['brackets', `let a = ${'['.repeat(2000)}${']'.repeat(2000)}`],
    ['blocks', `${'if a {'.repeat(1500)}${'}'.repeat(1500)}`],
    ['minus signs', `let a = ${'-'.repeat(5000)}1`],
    ['lambdas', `let a = ${'t => '.repeat(2000)}1`],
    ['powers', `let a = ${'x^'.repeat(2000)}1`],
    ['choices', `let a = ${'c ? 1 : '.repeat(2000)}1`],
    ['else ifs', `if a { }${' else if b { }'.repeat(2000)}`],
    ['operators', `let a = 1${' + 1'.repeat(2000)}`],
    ['indices', `let a = x${'[0]'.repeat(2000)}`],
    ['unclosed parentheses', `let a = ${'('.repeat(3000)}`],
  ])('of %s is reported', (_name, source) => {
    expect(reports(`${source}\n`).map(({ code }) => code)).toContain(source.endsWith('(') ? 'unclosed-bracket' : 'nested-too-deeply');
  });

  it('of else ifs is reported at the first that is too many', () => {
    const source = (count: number): string =>
      `let a = 1\nfor n in 0..<N {\n  if n == 0 { }${'\n  else if n == 1 { let b = n }'.repeat(count)}\n}\n`;
    expect(parse(source(100)).program).not.toBeNull();
    const mistakes = parse(source(150)).diagnostics;
    expect(mistakes).toMatchObject([{ code: 'nested-too-deeply', message: 'more than 100 `else if` in one statement' }]);
    expect(source(150).slice(0, mistakes[0]!.span!.start).split('\n').length).toBe(2 + 1 + 101);
    // Of statements that follow each other, and of blocks within each other, each has its own.
    expect(parse(`if a { }${' else if b { }'.repeat(80)}\n`.repeat(2)).program).not.toBeNull();
    expect(parse(`if a { ${source(80)} } else if b { ${source(80)} }${' else if c { }'.repeat(80)}`).program).not.toBeNull();
  });

  it('is reported beside the other mistakes of the program', () => {
    const source = `let a = ${'('.repeat(2000)}1${')'.repeat(2000)}\nlet b = 3 3\nsample c = D`;
    expect(reports(source).map(({ code }) => code)).toEqual(['nested-too-deeply', 'syntax-error', 'equals-for-tilde']);
  });

  it('as deep as people write is taken', () => {
    expect(parse(`let a = ${'('.repeat(60)}1${')'.repeat(60)}`).program).not.toBeNull();
    expect(parse(`let a = 1${' + 1'.repeat(1000)}`).program).not.toBeNull();
  });
});
