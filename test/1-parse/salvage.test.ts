/**
 * All errors of a program together: mistakes of names, types and shapes in the statements that can be
 * read, beside the syntax errors of the others, and nothing that is only a consequence of these.
 * Truth: what a reader of each program finds; for the mutations, that the program was right before.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from '../../src/1-parse/parse.js';
import { tokens } from '../../src/1-parse/survey.js';
import { templateSource } from '../../src/1-parse/template.js';
import { lower } from '../../src/2-graph/lower.js';
import { ModelError } from '../../src/errors/diagnostic.js';
import { compileTemplate, compileText } from '../../src/pipeline.js';
import { cpuMilliseconds } from '../cpuTime.js';

function errorsOf(compile: () => unknown): readonly { readonly code: string; readonly at: number }[] {
  try {
    compile();
  } catch (thrown) {
    if (!(thrown instanceof ModelError)) throw thrown;
    return thrown.diagnostics.filter((d) => d.severity === 'error').map(({ code, span }) => ({ code, at: span!.start }));
  }
  return [];
}

/** Codes with the text they point at, in the order in which they are told. */
function told(source: string): readonly string[] {
  return errorsOf(() => compileText(source, 'model')).map(({ code, at }) => `${code} ${/^[^\s([,)]*/.exec(source.slice(at))![0]}`);
}

describe('all errors of a program', () => {
  it.each<[string, string, readonly string[]]>([
    [
      'a syntax error beside wrong names',
      'data x: real[N]\nsample m ~ Normall(0, 1)\nsample s ~ Gamma(1,\nobserve x ~ Normal(m, t)\n',
      ['unknown-distribution Normall', 'unclosed-bracket ', 'unknown-name t'],
    ],
    ['a name that a wrong statement defines', 'sample m = Normal(0, 1)\nlet a = m + q\n', ['equals-for-tilde =', 'unknown-name q']],
    ['a statement with a misspelt keyword', 'sampl m ~ Normal(0, 1)\nlet a = m + q\n', ['unknown-statement sampl', 'unknown-name q']],
    [
      'sizes of a wrong declaration',
      'data x real[N]\nsample w ~ iid(Normal(0, 1), N)\nlet a = w + [1, 2] + q\n',
      ['missing-colon x', 'unknown-name q'],
    ],
    ['a declaration without a name', 'data : real\nlet a = x\nlet b = [1, 2] + [1, 2, 3]\n', ['syntax-error :', 'shape-mismatch ']],
    ['a wrong function', 'fn f(x) => x\nreport a = f(1) + g(2)\n', ['function-body =>', 'unknown-function g']],
    ['a wrong use', 'sample m ~ Normal(0, 1)\nfactor += m\nlet a = q\n', ['factor-operator +=', 'unknown-name q']],
    [
      'statements of a block',
      'data x: real[N]\nfor n in 0..<N {\n  sample z[n] ~ Normal(0, 1\n  let a = z[n] + q\n  observe x[n] ~ Normall(a, 1)\n}\n',
      ['unclosed-bracket ', 'unknown-name q', 'unknown-distribution Normall'],
    ],
    [
      'a block whose range is wrong',
      'for i in 0:N { sample a[i] ~ Normal(q, 1)\n sample b[i+1] ~ Normal(a[i], 1) }\n',
      ['wrong-range 0:N', 'unknown-name q'],
    ],
    [
      'both branches of a wrong condition',
      'data k: int\nif k === 1 { let a = q } else { let b = r }\n',
      ['wrong-operator ===', 'unknown-name q', 'unknown-name r'],
    ],
    [
      'an alternative behind a wrong branch',
      'data k: int\nif k == 1 { let a = = 1 } else if k == 2 { let b = r } else { let c = a }\n',
      ['syntax-error =', 'unknown-name r'],
    ],
    [
      'the beginning of a recursion',
      'data N: int\nsample h[0] ~ Normal(0, 1))\nfor t in 1..<N { sample h[t] ~ Normal(h[t-1], q) }\n',
      ['unopened-bracket ', 'unknown-name q'],
    ],
    [
      'a word that joins two statements',
      'data N: int\nsample m ~ Normal(0, 1) for k in 0..<N\nlet a = m[0]\nlet b = q\n',
      ['missing-braces let', 'unknown-name q'],
    ],
    ['a chain that is too long', `let a = ${'1 + '.repeat(2000)}1\nlet b = a + q\n`, ['nested-too-deeply 1', 'unknown-name q']],
    ['arguments of an unknown distribution', 'sample m ~ Normall(q + 1, 1)\n', ['unknown-distribution Normall', 'unknown-name q']],
    ['a range of an unknown end', 'sample h[0] ~ Normal(0, 1)\nfor t in 1..<Q { sample h[t] ~ Normal(h[t-1], 1) }\n', ['unknown-name Q']],
  ])('%s', (_name, source, expected) => {
    expect(told(source)).toEqual(expected);
  });

  it('says nothing of blocks where a brace is wrong, and checks the rest', () => {
    expect(told('let a = q\ndata N: int\nfor i in 0..<N { let b[i] = r\nlet c = s\n')).toEqual(['unknown-name q', 'unclosed-bracket {']);
  });

  it('that are thousands are found within seconds, and the first hundred shown', () => {
    const source = `${Array.from({ length: 3000 }, (_, k) => `sample a${k} ~ Normal(0, b${k})\n`).join('')}sample z ~ Normal(0,\n`;
    expect(
      cpuMilliseconds(() => {
        expect(errorsOf(() => compileText(source, 'model'))).toHaveLength(3001);
      }),
    ).toBeLessThan(15_000);
    expect(() => compileText(source, 'model')).toThrow(/unknown-name[\s\S]*2901 more errors are not shown\.$/);
  });

  it('of a template, values that cannot be put in among them', () => {
    const template = (strings: TemplateStringsArray, ...values: readonly unknown[]): readonly string[] => {
      const source = templateSource(strings, values);
      return errorsOf(() => compileTemplate(source, 'model')).map(({ code, at }) => `${code} ${source.shown[at]!}`);
    };
    expect(template`let a = ${'text'} + q
      sample s = Normal(${{ b: 1 }}, 1)
      let c = s + r`).toEqual(['wrong-type $', 'unknown-name q', 'equals-for-tilde =', 'wrong-type $', 'unknown-name r']);
  });
});

/** Programs of the examples, each with one token taken away or one too many; every token is damaged once in so many runs. */
function* damaged(): Generator<string> {
  const root = join(import.meta.dirname, '..', '..', 'examples');
  let turn = 0;
  for (const file of readdirSync(root, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.cred'))
    .sort()) {
    const source = readFileSync(join(root, file), 'utf8');
    for (const token of tokens(source)) {
      if (turn++ % 37 !== 0) continue;
      yield source.slice(0, token.start) + source.slice(token.end);
      yield `${source.slice(0, token.end)} = = ${source.slice(token.end)}`;
    }
  }
}

describe('no consequences of syntax errors', () => {
  it('are told of programs that were right before one token was damaged', () => {
    let wrong = 0;
    const consequences: string[] = [];
    for (const source of damaged()) {
      const { program, salvaged } = parse(source);
      if (program !== null || salvaged === null) continue;
      wrong++;
      const errors = lower(salvaged.program, [], undefined, salvaged.lost).diagnostics.filter((d) => d.severity === 'error');
      if (errors.length > 0) consequences.push(errors.map((d) => `${d.code} ${source.slice(d.span!.start, d.span!.end)}`).join(', '));
    }
    expect(wrong).toBeGreaterThan(80);
    // A token that joins two names to one leaves the second undefined indeed.
    expect(consequences.length, consequences.join('\n')).toBeLessThanOrEqual(wrong / 50);
  });
});
