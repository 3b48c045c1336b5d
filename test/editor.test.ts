/**
 * The editor grammars against the compiler: every token of every program in the repository, and of
 * random programs of every construct, has the scope of what the parser took it for.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { createOnigScanner, createOnigString, loadWASM } from 'vscode-oniguruma';
import { type IGrammar, INITIAL, parseRawGrammar, Registry } from 'vscode-textmate';
import type { ArgumentSyntax, IndexSyntax, Name, PlateSyntax, Stmt, Syntax, TypeSyntax } from '../src/1-parse/ast.js';
import { parse } from '../src/1-parse/parse.js';
import { print } from '../src/1-parse/print.js';
import { reservedWords, statementWords, tokens } from '../src/1-parse/survey.js';
import { builtins } from '../src/2-graph/builtins.js';
import { typeNames, typeOptions } from '../src/2-graph/declaredTypes.js';
import { densityFunctions } from '../src/2-graph/densities.js';
import { combinators } from '../src/2-graph/expressions.js';
import { families } from '../src/distributions/registry.js';
import { program } from './1-parse/programs.js';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const text = (...path: readonly string[]): string => readFileSync(join(root, ...path), 'utf8');

/** Grammars of editors for the languages that have tagged templates. */
const hosts: Readonly<Record<string, readonly string[]>> = Object.fromEntries(
  [
    ['source.ts', 'typescript'],
    ['source.tsx', 'tsx'],
    ['source.js', 'javascript'],
  ].map(([scopeName, name]) => [scopeName, ['node_modules', 'tm-grammars', 'grammars', `${name}.json`]]),
);
const grammarFiles: Readonly<Record<string, readonly string[]>> = {
  ...hosts,
  'source.credence': ['editor', 'credence.tmLanguage.json'],
  'inline.credence': ['editor', 'credence.injection.tmLanguage.json'],
};

let file: IGrammar;
let languages: ReadonlyMap<string, IGrammar>;
beforeAll(async () => {
  const wasm = readFileSync(join(root, 'node_modules', 'vscode-oniguruma', 'release', 'onig.wasm'));
  const onigLib = loadWASM(wasm.buffer.slice(wasm.byteOffset, wasm.byteOffset + wasm.byteLength)).then(() => ({
    createOnigScanner,
    createOnigString,
  }));
  const registry = new Registry({
    onigLib,
    loadGrammar: (scopeName) => {
      const path = grammarFiles[scopeName];
      return Promise.resolve(path === undefined ? null : parseRawGrammar(text(...path), `${scopeName}.json`));
    },
    getInjections: (scopeName) => (scopeName in hosts ? ['inline.credence'] : undefined),
  });
  file = (await registry.loadGrammar('source.credence'))!;
  languages = new Map(
    await Promise.all(
      Object.keys(hosts).map(async (scopeName): Promise<[string, IGrammar]> => [scopeName, (await registry.loadGrammar(scopeName))!]),
    ),
  );
});

/** The scopes at each place of a text, outermost first. */
function scopesOf(grammar: IGrammar, source: string): readonly (readonly string[])[] {
  const scopes: (readonly string[])[] = [];
  let stack = INITIAL;
  for (const line of source.split('\n')) {
    const result = grammar.tokenizeLine(line, stack);
    for (const token of result.tokens)
      for (let at = token.startIndex; at < Math.min(token.endIndex, line.length); at++) scopes.push(token.scopes);
    scopes.push([]);
    stack = result.ruleStack;
  }
  return scopes;
}

/** What the parser took the names for, by the place where they begin. */
function rolesOf(statements: readonly Stmt[], roles: Map<number, string> = new Map()): ReadonlyMap<number, string> {
  const mark = (name: Name, scope: string): void => {
    roles.set(name.span.start, scope);
  };
  const argument = (a: ArgumentSyntax, scope: string): void => {
    if (a.name !== null) mark(a.name, scope);
    expression(a.value);
  };
  const plates = (list: readonly PlateSyntax[]): void =>
    list.forEach((p) => {
      mark(p.index, 'variable.parameter');
      expression(p.range.from);
      expression(p.range.to);
    });
  const position = (i: IndexSyntax): void => {
    if (i.kind === 'at') expression(i.value);
    if (i.kind === 'range') {
      expression(i.range.from);
      expression(i.range.to);
    }
  };
  const type = (t: TypeSyntax): void => {
    if (typeNames.includes(t.base.text)) mark(t.base, 'support.type');
    [...t.arguments, ...t.dims].forEach(expression);
    t.options.forEach((o) => {
      argument(o, [...typeOptions.values()].flat().includes(o.name!.text) ? 'variable.parameter.option' : '');
    });
  };
  function expression(s: Syntax): void {
    switch (s.kind) {
      case 'name':
        roles.set(s.span.start, 'variable.other.readwrite');
        break;
      case 'unary':
        expression(s.operand);
        break;
      case 'binary':
        expression(s.left);
        expression(s.right);
        break;
      case 'conditional':
        [s.test, s.then, s.otherwise].forEach(expression);
        break;
      case 'index':
        expression(s.array);
        s.at.forEach(position);
        break;
      case 'array':
        s.elements.forEach(expression);
        break;
      case 'comprehension':
      case 'generator':
        expression(s.body);
        plates(s.plates);
        break;
      case 'lambda':
        mark(s.parameter, 'variable.parameter');
        expression(s.body);
        break;
      case 'call':
        if ('text' in s.callee) {
          const called = s.callee.text;
          mark(
            s.callee,
            families.has(called)
              ? 'support.class.distribution'
              : combinators.includes(called)
                ? 'support.function.combinator'
                : builtins.has(called) || densityFunctions.has(called)
                  ? 'support.function'
                  : 'entity.name.function',
          );
        }
        s.arguments.forEach((a) => {
          argument(a, 'variable.parameter.named');
        });
        break;
      default:
        break;
    }
  }
  for (const s of statements) {
    switch (s.kind) {
      case 'data':
        mark(s.name, 'entity.name.variable');
        type(s.type);
        break;
      case 'observe':
        expression(s.value);
        expression(s.law);
        break;
      case 'factor':
        expression(s.value);
        break;
      case 'fn':
        mark(s.name, 'entity.name.function');
        s.parameters.forEach((p) => {
          mark(p, 'variable.parameter');
        });
        expression(s.body);
        break;
      case 'for':
        plates(s.plates);
        rolesOf(s.body, roles);
        break;
      case 'if':
        expression(s.test);
        rolesOf(s.then, roles);
        rolesOf(s.otherwise ?? [], roles);
        break;
      default:
        mark(s.target.name, 'entity.name.variable');
        s.target.at.forEach(expression);
        if ('type' in s && s.type !== null) type(s.type);
        if ('law' in s) expression(s.law);
        if ('value' in s) expression(s.value);
    }
  }
  return roles;
}

const wordScopes: Readonly<Record<string, string>> = {
  data: 'storage.type',
  param: 'storage.type',
  let: 'storage.type',
  report: 'storage.type',
  fn: 'storage.type.function',
  sample: 'keyword.other',
  observe: 'keyword.other',
  predict: 'keyword.other',
  factor: 'keyword.other',
  for: 'keyword.control',
  in: 'keyword.control',
  if: 'keyword.control',
  else: 'keyword.control',
  true: 'constant.language.boolean',
  false: 'constant.language.boolean',
  inf: 'constant.language.infinity',
};
const symbolScopes: Readonly<Record<string, readonly string[]>> = {
  '..<': ['keyword.operator.range'],
  '..': ['keyword.operator.range'],
  '~': ['keyword.operator.distributed'],
  '=>': ['keyword.operator.arrow'],
  '<=': ['keyword.operator.comparison'],
  '>=': ['keyword.operator.comparison'],
  '==': ['keyword.operator.comparison'],
  '!=': ['keyword.operator.comparison'],
  '<': ['keyword.operator.comparison'],
  '>': ['keyword.operator.comparison'],
  '&&': ['keyword.operator.logical'],
  '||': ['keyword.operator.logical'],
  '!': ['keyword.operator.logical'],
  ...Object.fromEntries([...'+-*/@^'].map((each) => [each, ['keyword.operator.arithmetic']])),
  '=': ['keyword.operator.assignment', ''],
  '?': ['keyword.operator.ternary'],
  ',': ['punctuation.separator'],
  ';': ['punctuation.terminator.statement'],
  ':': ['keyword.operator.ternary', 'punctuation.separator.type', 'punctuation.separator.argument'],
};
const openings: Readonly<Record<string, string>> = { '(': ')', '[': ']', '{': '}' };

/** Places where the innermost scope is not what the parser says, as readable lines. */
function disagreements(source: string): readonly string[] {
  const scopes = scopesOf(file, source);
  const roles = rolesOf(parse(source).program!.statements);
  const wrong: string[] = [];
  for (const token of tokens(source)) {
    const found = scopes.slice(token.start, token.end).map((each) => each.at(-1)!.replace('.credence', ''));
    const wanted =
      token.kind === 'number'
        ? ['constant.numeric']
        : token.kind === 'word'
          ? [reservedWords.includes(token.text) ? wordScopes[token.text]! : (roles.get(token.start) ?? '')]
          : token.kind === 'open' || token.kind === 'close'
            ? [`.${token.text in openings ? 'begin' : 'end'}`]
            : (symbolScopes[token.text] ?? ['no scope for this symbol']);
    const fits = (scope: string, want: string): boolean =>
      want.startsWith('.') ? scope.startsWith('punctuation.') && scope.endsWith(want) : scope === want;
    if (!wanted.some((want) => want === '' || found.every((scope) => fits(scope, want))))
      wrong.push(`${token.text} at ${token.start}: ${[...new Set(found)].join(', ')}, not ${wanted.join(' or ')}`);
  }
  return wrong;
}

function programsBelow(folder: string): readonly string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.cred'))
    .map((name) => `${folder}/${name}`);
}

const programs = ['examples', 'test/programs', 'gallery'].flatMap(programsBelow);
const blocks = readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.md'))
  .flatMap((page) => [...text('docs', page).matchAll(/^```credence.*\n([\s\S]*?)^```$/gm)].map((match) => match[1]!));
/** Random programs as text, host values written as names. */
const randomText = program.map((tree) => print(tree).replace(/\uE000[0-9]+\uE001/g, 'h'));

describe('the grammars of editor/', () => {
  it('have the words of the compiler (else run `node scripts/editor.mjs`)', async () => {
    const { fileGrammar, templateGrammar, fileText } = (await import(join(root, 'scripts', 'editor.mjs'))) as {
      fileGrammar(words: object): object;
      templateGrammar(words: object): object;
      fileText(grammar: object): string;
    };
    const words = {
      reserved: reservedWords,
      statements: statementWords,
      types: typeNames,
      options: [...typeOptions.values()].flat(),
      families: [...families.keys()],
      combinators,
      functions: [...builtins.keys(), ...densityFunctions.keys()],
    };
    expect(text('editor', 'credence.tmLanguage.json')).toBe(fileText(fileGrammar(words)));
    expect(text('editor', 'credence.injection.tmLanguage.json')).toBe(fileText(templateGrammar(words)));
  });

  it('are what the extension names', () => {
    interface Contribution {
      readonly scopeName: string;
      readonly path: string;
      readonly injectTo?: readonly string[];
    }
    const manifest = JSON.parse(text('editor', 'package.json')) as {
      readonly contributes: {
        readonly languages: readonly { readonly extensions: readonly string[]; readonly configuration: string }[];
        readonly grammars: readonly Contribution[];
      };
    };
    for (const { scopeName, path } of manifest.contributes.grammars)
      expect((JSON.parse(text('editor', path)) as { readonly scopeName: string }).scopeName).toBe(scopeName);
    expect(manifest.contributes.grammars[1]!.injectTo).toEqual([...Object.keys(hosts), 'source.js.jsx']);
    expect(manifest.contributes.languages[0]!.extensions).toEqual(['.cred']);
    expect(JSON.parse(text('editor', manifest.contributes.languages[0]!.configuration))).toHaveProperty('comments', {
      lineComment: '//',
      blockComment: ['/*', '*/'],
    });
  });
});

describe('a program in a file', () => {
  it.each(programs)('%s has the scopes of what the parser reads', (path) => {
    expect(disagreements(text(path))).toEqual([]);
  });

  it('has them in the documents, as far as it parses', () => {
    const right = blocks.filter((block) => parse(block).program !== null);
    expect(right.length).toBeGreaterThan(40);
    expect(right.flatMap(disagreements)).toEqual([]);
  });

  it('has them whatever it is made of', () => {
    fc.assert(
      fc.property(randomText, (source) => {
        expect(disagreements(source)).toEqual([]);
      }),
      { seed: 12, numRuns: 200 },
    );
  });

  it('has them with comments, line breaks and other alphabets between any two tokens', () => {
    const source = `data/*a*/x
      :/*b*/ real // c
      [N] data S: cov[ D ](floor: 1e-3, floor:
        2)
      sample
        μ /*d*/ [ k ] : interval(0, Σ)[K] ~ truncated /* e */ (Normal /**/ (mean:
          a ?
 b
 : c, sd: 2.5E+3), -inf, inf)
      fn f (a, /*f*/ b) = sum(Normal * floor for floor in 0..<3) + f(cov)
      let m = x[.., 0..2] @ (t => t^2)`;
    expect(disagreements(source)).toEqual([]);
  });

  it('has comments as comments, to the end of their line or mark', () => {
    const source = 'factor 1 // data `x` ${y}\nfactor /* 2\nsample */ 3';
    const scopes = scopesOf(file, source);
    const at = (part: string): readonly string[] => scopes[source.indexOf(part)]!;
    for (const part of ['data', '`', '${']) expect(at(part)).toContain('comment.line.double-slash.credence');
    for (const part of ['2', 'sample']) expect(at(part)).toContain('comment.block.credence');
    expect(at('3')).toEqual(['source.credence', 'constant.numeric.credence']);
  });

  it('is itself again after a bracket that nobody closed', () => {
    const source = 'sample a ~ Normal(0, [1\nsample b: positive ~ Normal(a ? 1\nobserve y ~ Normal(b, 1)';
    const scopes = scopesOf(file, source);
    expect(scopes[source.indexOf('b:')]).toEqual(['source.credence', 'entity.name.variable.credence']);
    expect(scopes[source.indexOf('positive')]).toEqual(['source.credence', 'support.type.credence']);
    expect(scopes[source.indexOf('y ~')]).toEqual(['source.credence', 'variable.other.readwrite.credence']);
  });
});

describe.each(Object.keys(hosts))('a template in %s', (scopeName) => {
  const before = 'const a = [`data ${b}`, /* model`data` */ "model`data`"]; const m = model`';
  const inner = (source: string, from: number, length: number): readonly (readonly string[])[] =>
    scopesOf(languages.get(scopeName)!, source)
      .slice(from, from + length)
      .map((scopes) => scopes.slice(scopes.indexOf('meta.embedded.block.credence') + 1));

  it('has the scopes that the program has in a file, and the code after it its own', () => {
    fc.assert(
      fc.property(
        fc.oneof(randomText, fc.constantFrom(...programs.map((path) => text(path)).filter((source) => !/[`$\\]/.test(source)))),
        (source) => {
          expect(inner(`${before}${source}\`; const after = 1;`, before.length, source.length)).toEqual(
            scopesOf(file, source)
              .map((scopes) => scopes.slice(1))
              .slice(0, source.length),
          );
          const whole = `${before}${source}\`; const after = 1;`;
          const last = scopesOf(languages.get(scopeName)!, whole)[whole.lastIndexOf('const')]!;
          expect(last.at(-1)).toMatch(/^storage\.type/);
          expect(last.join(' ')).not.toContain('credence');
        },
      ),
      { seed: 12, numRuns: 15 },
    );
  });

  it('ends where its backtick stands, and holes hold the host language', () => {
    for (const open of [
      'sample x ~ Normal(0, ',
      'let y = a ? b ',
      'let y = [1, ',
      'data',
      'data x: ',
      'fn f(',
      '// comment ',
      '/* comment ',
      'data x: real (',
      '',
    ]) {
      const source = `model\`${open}\${g({ c: d })} \\\` \`; after()`;
      const scopes = scopesOf(languages.get(scopeName)!, source);
      const at = (part: string): string => scopes[source.lastIndexOf(part)]!.join(' ');
      expect([open, at('${')]).toEqual([open, expect.stringContaining('punctuation.definition.template-expression.begin.credence')]);
      expect([open, at('c:')]).toEqual([open, expect.stringContaining('meta.object')]);
      expect([open, at('}')]).toEqual([open, expect.stringContaining('punctuation.definition.template-expression.end.credence')]);
      if (open.startsWith('/')) {
        expect([open, at('after')]).toEqual([open, expect.not.stringContaining('credence')]);
        expect([open, at('after')]).toEqual([open, expect.stringContaining('entity.name.function')]);
      }
    }
  });

  it('is one only where the tag is `model` and the place is code', () => {
    const scopes = scopesOf(languages.get(scopeName)!, `${before}data x: real\`; remodel\`data y\``);
    const places = scopes.flatMap((at, k) => (at.includes('meta.embedded.block.credence') ? [k] : []));
    expect([places[0], places.at(-1)]).toEqual([before.length, before.length + 'data x: real'.length - 1]);
  });
});
