/**
 * The TextMate grammar of editor/ in CodeMirror: vscode-textmate reads the grammar, JavaScript's own regular expressions stand in for
 * Oniguruma's (the grammar uses nothing in which they differ; a test holds the two together). Scopes become CodeMirror's tags.
 */
import { LanguageSupport, StreamLanguage, type StringStream } from '@codemirror/language';
import { type Tag, tags } from '@lezer/highlight';
import { type IGrammar, INITIAL, type IOnigLib, type IRawGrammar, type IToken, Registry, type StateStack } from 'vscode-textmate';

/** Regular expressions of the browser in the place of Oniguruma's. */
export const browserRegularExpressions: IOnigLib = {
  createOnigScanner: (sources) => {
    const expressions = sources.map((source) => new RegExp(source, 'dgmu'));
    return {
      findNextMatchSync: (text, from) => {
        const content = typeof text === 'string' ? text : text.content;
        let best: { readonly index: number; readonly match: RegExpExecArray } | null = null;
        for (const [index, expression] of expressions.entries()) {
          expression.lastIndex = from;
          const match = expression.exec(content);
          // The leftmost match counts, among several there the first rule.
          if (match !== null && (best === null || match.index < best.match.index)) best = { index, match };
        }
        if (best === null) return null;
        const captureIndices = Array.from(best.match.indices ?? [], (span) => {
          const [start, end] = span ?? [0, 0];
          return { start, end, length: end - start };
        });
        return { index: best.index, captureIndices };
      },
    };
  },
  createOnigString: (content) => ({ content }),
};

/** Reads the text of a grammar. */
export async function grammarOf(text: string): Promise<IGrammar> {
  const raw = JSON.parse(text) as IRawGrammar;
  const registry = new Registry({
    onigLib: Promise.resolve(browserRegularExpressions),
    loadGrammar: (name) => Promise.resolve(name === raw.scopeName ? raw : null),
  });
  const grammar = await registry.loadGrammar(raw.scopeName);
  if (grammar === null) throw new Error(`there is no grammar ${raw.scopeName}`);
  return grammar;
}

/** Beginnings of scopes and what they look like; the first that fits counts. */
const looks: readonly (readonly [scope: string, tag: Tag])[] = [
  ['comment', tags.comment],
  ['storage.type', tags.keyword],
  ['keyword.operator', tags.operator],
  ['keyword', tags.keyword],
  ['support.type', tags.typeName],
  ['support.class', tags.className],
  ['support.function', tags.standard(tags.variableName)],
  ['entity.name.function', tags.function(tags.variableName)],
  ['entity.name.variable', tags.definition(tags.variableName)],
  ['variable.parameter', tags.local(tags.variableName)],
  ['constant', tags.number],
];
const tokenTable: Readonly<Record<string, Tag>> = Object.fromEntries(looks.map(([scope, tag]) => [scope.replaceAll('.', '-'), tag]));

interface LineState {
  stack: StateStack;
  tokens: readonly IToken[];
}

/** The language of `.cred` files for an editor. */
export function credence(grammar: IGrammar): LanguageSupport {
  return new LanguageSupport(
    StreamLanguage.define<LineState>({
      name: 'credence',
      startState: () => ({ stack: INITIAL, tokens: [] }),
      copyState: ({ stack, tokens }) => ({ stack, tokens }),
      token: (stream: StringStream, state: LineState) => {
        if (stream.sol()) read(grammar, stream.string, state);
        const token = state.tokens.find(({ startIndex, endIndex }) => startIndex <= stream.pos && stream.pos < endIndex);
        stream.pos = Math.min(token?.endIndex ?? stream.string.length, stream.string.length);
        return styleOf(token?.scopes ?? []);
      },
      blankLine: (state) => {
        read(grammar, '', state);
      },
      languageData: { commentTokens: { line: '//', block: { open: '/*', close: '*/' } } },
      tokenTable,
    }),
  );
}

function read(grammar: IGrammar, line: string, state: LineState): void {
  const { tokens, ruleStack } = grammar.tokenizeLine(line, state.stack);
  state.tokens = tokens;
  state.stack = ruleStack;
}

/** The innermost scope that has a look. */
function styleOf(scopes: readonly string[]): string | null {
  for (const scope of scopes.toReversed()) {
    const look = looks.find(([beginning]) => scope.startsWith(beginning));
    if (look !== undefined) return look[0].replaceAll('.', '-');
  }
  return null;
}
