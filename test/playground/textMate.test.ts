/** The grammar of editor/ read with the browser's regular expressions, against Oniguruma, which editors use: the same scopes everywhere. */
import { EditorState } from '@codemirror/state';
import { ensureSyntaxTree } from '@codemirror/language';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { highlightTree, tagHighlighter, tags } from '@lezer/highlight';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { createOnigScanner, createOnigString, loadWASM } from 'vscode-oniguruma';
import { type IGrammar, INITIAL, parseRawGrammar, Registry } from 'vscode-textmate';
import { credence, grammarOf } from '../../playground/source/page/textMate.js';
import { print } from '../../src/1-parse/print.js';
import { program } from '../1-parse/programs.js';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const grammarText = readFileSync(join(root, 'editor', 'credence.tmLanguage.json'), 'utf8');
const examples = readdirSync(join(root, 'examples'), { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.cred'))
  .map((name) => readFileSync(join(root, 'examples', name), 'utf8'));

let ours: IGrammar, truth: IGrammar;
beforeAll(async () => {
  const wasm = readFileSync(join(root, 'node_modules', 'vscode-oniguruma', 'release', 'onig.wasm'));
  const onigLib = loadWASM(wasm.buffer.slice(wasm.byteOffset, wasm.byteOffset + wasm.byteLength)).then(() => ({
    createOnigScanner,
    createOnigString,
  }));
  truth = (await new Registry({ onigLib, loadGrammar: () => Promise.resolve(parseRawGrammar(grammarText, 'credence.json')) }).loadGrammar(
    'source.credence',
  ))!;
  ours = await grammarOf(grammarText);
});

function tokensOf(grammar: IGrammar, text: string): readonly (readonly (readonly [number, number, string])[])[] {
  let stack = INITIAL;
  return text.split('\n').map((line) => {
    const { tokens, ruleStack } = grammar.tokenizeLine(line, stack);
    stack = ruleStack;
    return tokens.map(({ startIndex, endIndex, scopes }) => [startIndex, endIndex, scopes.join(' ')] as const);
  });
}

describe('scopes by the regular expressions of browsers', () => {
  it('are those of Oniguruma in every example', () => {
    expect(examples.length).toBeGreaterThan(30);
    for (const text of examples) expect(tokensOf(ours, text)).toEqual(tokensOf(truth, text));
  });

  it('are those of Oniguruma in random programs, and in pieces of them put together at random', () => {
    const broken = fc
      .array(
        fc
          .tuple(fc.constantFrom(...examples), fc.nat(), fc.nat(40))
          .map(([text, from, length]) => text.slice(from % text.length, (from % text.length) + length)),
        { maxLength: 8 },
      )
      .map((pieces) => pieces.join(''));
    fc.assert(
      fc.property(
        fc.oneof(
          program.map((tree) => print(tree)),
          broken,
          fc.string({ unit: fc.constantFrom(...'aµΣ😀日 \t\r"\'`${}[]()?:;,.~=><!&|+-*/@^019e_'), maxLength: 60 }),
        ),
        (text) => {
          expect(tokensOf(ours, text)).toEqual(tokensOf(truth, text));
        },
      ),
      { seed: 7, numRuns: 300 },
    );
  });
});

it('the editor shows keywords, families, numbers and comments as such, whole', () => {
  const text = '// for a coin\nsample p ~ Beta(1, 2) /* in\nsample */ let q = sqrt(p)\n';
  const state = EditorState.create({ doc: text, extensions: [credence(ours)] });
  const looks = tagHighlighter([
    { tag: tags.comment, class: 'comment' },
    { tag: tags.keyword, class: 'keyword' },
    { tag: tags.className, class: 'family' },
    { tag: tags.number, class: 'number' },
    { tag: tags.standard(tags.variableName), class: 'function' },
    { tag: tags.definition(tags.variableName), class: 'defined' },
  ]);
  const found: string[] = [];
  highlightTree(ensureSyntaxTree(state, text.length, 10_000)!, looks, (from, to, name) => {
    found.push(`${name}: ${text.slice(from, to)}`);
  });
  expect(found).toEqual([
    'comment: // for a coin',
    'keyword: sample',
    'defined: p',
    'family: Beta',
    'number: 1',
    'number: 2',
    'comment: /* in',
    'comment: sample */',
    'keyword: let',
    'defined: q',
    'function: sqrt',
  ]);
});
