import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { cpuMilliseconds } from '../cpuTime.js';
import { describe, expect, it } from 'vitest';
import type { Program, Stmt, Syntax } from '../../src/1-parse/ast.js';
import { parse } from '../../src/1-parse/parse.js';
import { printSyntax } from '../../src/1-parse/print.js';

function program(source: string): Program {
  const result = parse(source);
  expect(result.diagnostics).toEqual([]);
  return result.program!;
}
function only(source: string): Stmt {
  const { statements } = program(source);
  expect(statements).toHaveLength(1);
  return statements[0]!;
}
function expression(source: string): Syntax {
  const statement = only(`factor ${source}`);
  if (statement.kind !== 'factor') throw new Error('not a factor');
  return statement.value;
}
/** An expression with every operation in parentheses: shows the grouping. */
function grouped(syntax: Syntax): string {
  switch (syntax.kind) {
    case 'binary':
      return `(${grouped(syntax.left)} ${syntax.operator} ${grouped(syntax.right)})`;
    case 'unary':
      return `(${syntax.operator}${grouped(syntax.operand)})`;
    case 'conditional':
      return `(${grouped(syntax.test)} ? ${grouped(syntax.then)} : ${grouped(syntax.otherwise)})`;
    case 'lambda':
      return `(${syntax.parameter.text} => ${grouped(syntax.body)})`;
    default:
      return printSyntax(syntax);
  }
}

/** The programs of the language page, as written there. */
const pagePrograms = [
  `data x: real[N, D]                    // N and D are bound by the shape of x
  data K: int

  sample pi ~ Dirichlet(fill(10, K))
  for k in 0..<K {
    sample mu[k] ~ MvNormal(zeros(D), 5 * eye(D))
  }
  for n in 0..<N {
    sample  z[n] ~ Categorical(pi)
    observe x[n] ~ MvNormal(mu[z[n]], 0.4 * eye(D))
  }`,
  `// Bayesian linear regression
data X: real[N, D]
data y: real[N]
sample w ~ MvNormal(zeros(D), eye(D))
for n in 0..<N { observe y[n] ~ Normal(X[n] @ w, 0.3) }`,
  `fn f(z) = 0.7 * z + 0.5 * sin(z)
fn h(z) = z^2 / 5
data x: real[T]
sample z[0] ~ Normal(0, 1)
for t in 1..<T { sample z[t] ~ Normal(f(z[t-1]), 0.25) }
for t in 0..<T { observe x[t] ~ Normal(h(z[t]), 0.45) }`,
  `param pi: simplex[K]
for k in 0..<K {
  param mu[k]: real[D]
  param Sigma[k]: cov[D](floor: 1e-3)
}`,
  `data x: real[D]  data prior: unit  data mu: real[2, D]  data Sigma: real[2, D, D]
sample y ~ Bernoulli(prior)
observe x ~ MvNormal(mu[y], Sigma[y])`,
  'sample y ~ pushforward(t => log(1 + t^2), Normal(0, 1))',
  'sample x ~ mixture(w, Normal(mu[k], s) for k in 0..<K) sample y ~ mixture([w0, w1], [D0, D1])',
  'let v = prod(1 - v[j] for j in 0..<k) let m = [a * b for k in 0..<K, j in 0..<J] let q = t < 0 ? t + 2 : t - 2',
];

describe('parse', () => {
  it.each(pagePrograms)('takes the programs of the language page: %#', (source) => {
    expect(program(source).statements.length).toBeGreaterThan(0);
  });

  it('takes every statement', () => {
    expect(
      program(
        'data x: real param s: positive sample a ~ D predict b ~ D observe x ~ D let c = 1 report d = 2 factor 3 fn f() = 4 for i in 0..<2 { } if true { }',
      ).statements.map((statement) => statement.kind),
    ).toEqual(['data', 'param', 'sample', 'predict', 'observe', 'let', 'report', 'factor', 'fn', 'for', 'if']);
  });

  it('takes an empty program, and `;` between statements and nowhere else', () => {
    expect(program('').statements).toEqual([]);
    expect(program(' ; // nothing\n;').statements).toEqual([]);
    expect(program(';let a = 1;; let b = 2; for i in 0..<3 {; let c = i; }; if a { };').statements).toHaveLength(4);
    expect(parse('let a = f(1; 2)').program).toBeNull();
  });

  it('gives every node its span', () => {
    const source = '  sample mu[k , 0]: ordered[K] ~ Normal( a+b*c , sd: x[ .. , 1..<n ] ) // end';
    const spans: string[] = [];
    JSON.stringify(only(source), (key, value: unknown) => {
      if (key === 'span') spans.push(source.slice((value as { start: number }).start, (value as { end: number }).end));
      return value;
    });
    for (const text of [
      'sample mu[k , 0]: ordered[K] ~ Normal( a+b*c , sd: x[ .. , 1..<n ] )',
      'mu[k , 0]',
      'ordered[K]',
      'a+b*c',
      'b*c',
      'sd: x[ .. , 1..<n ]',
      'x[ .. , 1..<n ]',
      '..',
      '1..<n',
      'sd',
      'k',
    ]) {
      expect(spans).toContain(text);
    }
    for (const text of spans) expect(text).toBe(text.trim());
  });

  it('gives spans of the whole text to every statement', () => {
    const source = '/* data x: real */ let a = [f(1)]\n\nfor i in 0..<2 { let b = i }\n  let c = 3';
    expect(program(source).statements.map((statement) => source.slice(statement.span.start, statement.span.end))).toEqual([
      'let a = [f(1)]',
      'for i in 0..<2 { let b = i }',
      'let c = 3',
    ]);
  });
});

describe('precedence', () => {
  it.each([
    ['-x^2', '(-(x ^ 2))'],
    ['2^-x^2', '(2 ^ (-(x ^ 2)))'],
    ['a^b^c', '(a ^ (b ^ c))'],
    ['!a == b', '((!a) == b)'],
    ['-a * b', '((-a) * b)'],
    ['a - b - c', '((a - b) - c)'],
    ['a / b * c @ d', '(((a / b) * c) @ d)'],
    ['a + b * c < d - e', '((a + (b * c)) < (d - e))'],
    ['a || b && c == d', '(a || (b && (c == d)))'],
    ['a ? b : c ? d : e', '(a ? b : (c ? d : e))'],
    ['a || b ? c : d', '((a || b) ? c : d)'],
    ['t => t ? a : b', '(t => (t ? a : b))'],
    ['-f(x)[0]^2', '(-(f(x)[0] ^ 2))'],
    ['a - -b', '(a - (-b))'],
  ])('groups %s as %s', (source, expected) => {
    expect(grouped(expression(source))).toBe(expected);
  });

  it('keeps ranges loosest', () => {
    expect(only('for i in a + 1..<c ? d : e { }')).toMatchObject({
      plates: [{ range: { from: { kind: 'binary' }, to: { kind: 'conditional' }, inclusive: false } }],
    });
    expect(expression('x[a..b, c ? d : e, .., 0..<2]')).toMatchObject({
      at: [
        { kind: 'range', range: { inclusive: true } },
        { kind: 'at', value: { kind: 'conditional' } },
        { kind: 'all' },
        { kind: 'range', range: { inclusive: false } },
      ],
    });
  });
});

describe('words and numbers', () => {
  it.each([
    ['0.5', 0.5],
    ['1e5', 1e5],
    ['2.5E-3', 0.0025],
    ['1e+2', 100],
    ['007', 7],
    ['12', 12],
  ])('reads %s', (text, value) => {
    expect(expression(text)).toMatchObject({ kind: 'number', text, value });
  });

  it('reads 0..<N as a range, not as a number with a point', () => {
    expect(only('for i in 0..<N { }')).toMatchObject({ plates: [{ range: { from: { text: '0' }, to: { name: 'N' } } }] });
    expect(only('for i in 0.5..1.5 { }')).toMatchObject({
      plates: [{ range: { from: { text: '0.5' }, to: { text: '1.5' }, inclusive: true } }],
    });
  });

  it.each([
    'μ',
    'Σ_1',
    'θ2',
    '_',
    'x_',
    'datas',
    'information',
    'form',
    'inner',
    'iff',
    'elsewhere',
    'inform',
    'infinity',
    'letters',
    'fnord',
    'trues',
    'é',
    'T',
    'lambda',
    'beta',
    'scale',
  ])('takes %s as a name', (name) => {
    expect(only(`let ${name} = ${name}(${name})`)).toMatchObject({ target: { name: { text: name } }, value: { callee: { text: name } } });
  });

  it.each([
    'data',
    'param',
    'sample',
    'observe',
    'predict',
    'let',
    'report',
    'factor',
    'fn',
    'for',
    'in',
    'if',
    'else',
    'true',
    'false',
    'inf',
  ])('reserves %s', (word) => {
    expect(parse(`let ${word} = 1`).program).toBeNull();
    expect(parse(`let a = ${word}(1)`).program).toBeNull();
  });

  it('skips comments of both kinds, byte order marks and foreign spaces', () => {
    expect(program('\uFEFF// let a = 1\r\nlet\u00A0b /* = 3 // */ =\u3000 /**/ 2 // data').statements).toHaveLength(1);
  });

  it('does not begin a statement inside a number or a name', () => {
    expect(parse('let a = 2data x: real').program).toBeNull();
    expect(program('let adata = 2 data x: real').statements).toHaveLength(2);
  });
});

describe('types, targets and calls', () => {
  it('takes every form of type', () => {
    const type = (source: string): unknown => (only(`data x: ${source}`) as Stmt & { kind: 'data' }).type;
    expect(type('real')).toMatchObject({ base: { text: 'real' }, arguments: [], dims: [], options: [] });
    expect(type('interval(0, 2 * a)[N]')).toMatchObject({ arguments: [{ text: '0' }, { kind: 'binary' }], dims: [{ name: 'N' }] });
    expect(type('cov[J, D, D](floor: 1e-3, b: 2)')).toMatchObject({
      dims: [{}, {}, {}],
      options: [{ name: { text: 'floor' }, value: { value: 1e-3 } }, { name: { text: 'b' } }],
    });
  });

  it('flattens x[i][j] on the left, where it means x[i, j]', () => {
    expect(only('let x[i][j + 1] = 0')).toMatchObject({ target: { at: [{ name: 'i' }, { kind: 'binary' }] } });
  });

  it('takes positional and named arguments, generators and lambdas', () => {
    expect(expression('f(a, b: c, d for k in 0..<K, j in 0..<J, e => e, g: h for i in 0..<2)')).toMatchObject({
      arguments: [
        { name: null, value: { name: 'a' } },
        { name: { text: 'b' }, value: { name: 'c' } },
        { name: null, value: { kind: 'generator', plates: [{ index: { text: 'k' } }, { index: { text: 'j' } }] } },
        { name: null, value: { kind: 'lambda' } },
        { name: { text: 'g' }, value: { kind: 'generator' } },
      ],
    });
  });

  it('makes `else if` an `if` in the else branch', () => {
    expect(only('if a { } else if b { } else { let c = 1 }')).toMatchObject({
      then: [],
      otherwise: [{ kind: 'if', then: [], otherwise: [{ kind: 'let' }] }],
    });
    expect(only('if a { }')).toMatchObject({ otherwise: null });
    expect(only('if a { } else { }')).toMatchObject({ otherwise: [] });
  });
});

describe('the generated grammar', () => {
  it('belongs to grammar/*.ohm', () => {
    const script = fileURLToPath(new URL('../../scripts/grammar.mjs', import.meta.url));
    const { status, stderr } = spawnSync(process.execPath, [script, '--check'], { encoding: 'utf8' });
    expect(stderr).toBe('');
    expect(status).toBe(0);
  });
});

describe('speed', () => {
  it('takes twice the processor time for twice the lines, however fast the machine is', () => {
    const spent = (copies: number): number => {
      const source = `${pagePrograms[0]}\n`.repeat(copies);
      return Math.min(...Array.from({ length: 7 }, () => cpuMilliseconds(() => parse(source))));
    };
    spent(20);
    // Four times where work grows with the square.
    expect(spent(80)).toBeLessThan(3 * spent(40));
  });
});
