/**
 * Writes the TextMate grammars of editor/ from the words the compiler itself knows (reserved words,
 * types, families, functions), so that an editor cannot disagree with it. One grammar is for `.cred`
 * files; the other is injected into TypeScript and JavaScript for templates tagged `model`.
 * test/editor.test.ts fails where they are out of date.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { root, setUp } from './setup.mjs';

// Names as in grammar/credence.ohm: letters of every script, digits, `_`.
const name = '[\\p{L}_][\\p{L}0-9_]*';
const wordStart = '(?<![\\p{L}0-9_])';
const wordEnd = '(?![\\p{L}0-9_])';
/** An expression for one of the words, whole. */
const anyOf = (words) => `${wordStart}(?:${[...words].sort().join('|')})${wordEnd}`;
/** What stands between a callee and its arguments. */
const called = '(?=\\s*(?:/\\*.*?\\*/\\s*)*\\()';

const scope = (text) => `${text}.credence`;
const captured = (scopes) => Object.fromEntries(Object.entries(scopes).map(([group, text]) => [group, { name: scope(text) }]));
const rule = (match, text) => ({ match, name: scope(text) });
const include = (...names) => names.map((each) => ({ include: `#${each}` }));

/**
 * Rules by name. An open rule ends at whatever it does not take (`applyEndPatternLast`): the end of a
 * type or target is known only by what follows.
 * @param words `statements`, `constants`, `reserved`, `types`, `options`, `families`, `combinators`, `functions`
 * @param inTemplate whether the text is that of a tagged template, which ends at a backtick and may have holes
 */
function repositoryOf(words, inTemplate) {
  const backtick = inTemplate ? '|(?=`)' : '';
  const holes = inTemplate ? include('hole') : [];
  const declared = `${wordStart}(?!${anyOf(words.reserved)})${name}`;
  // Inside brackets a statement's word means that a bracket was forgotten; `for` joins a generator.
  const stray = `(?=${anyOf(words.statements.filter((word) => word !== 'for'))})`;
  const open = (begin, beginCaptures, patterns) => ({
    begin,
    beginCaptures,
    end: '(?=\\S)',
    applyEndPatternLast: true,
    patterns: [...holes, ...patterns],
  });
  const bracketed = (opening, closing, others, kind, patterns) => ({
    begin: opening,
    beginCaptures: captured({ 0: `punctuation.${kind}.begin` }),
    end: `(${closing})|(?=[${others}])|${stray}${backtick}`,
    endCaptures: captured({ 1: `punctuation.${kind}.end` }),
    patterns: [...holes, ...patterns],
  });
  return {
    comments: {
      patterns: [
        inTemplate
          ? {
              begin: '//',
              beginCaptures: captured({ 0: 'punctuation.definition.comment' }),
              end: `$${backtick}`,
              name: scope('comment.line.double-slash'),
              patterns: [{ match: '\\\\.' }, ...holes],
            }
          : { match: '(//).*$', captures: captured({ 1: 'punctuation.definition.comment' }), name: scope('comment.line.double-slash') },
        {
          begin: '/\\*',
          captures: captured({ 0: 'punctuation.definition.comment' }),
          end: `\\*/${backtick}`,
          name: scope('comment.block'),
          patterns: inTemplate ? [{ match: '\\\\.' }, ...holes] : [],
        },
      ],
    },
    statements: {
      patterns: [
        ...include('comments', 'function'),
        ...[
          ['data|param|let|report', 'storage.type'],
          ['sample|predict', 'keyword.other'],
        ].map(([starts, text]) =>
          open(`${wordStart}(?:${starts})${wordEnd}`, captured({ 0: text }), include('comments', 'target', 'index', 'annotation')),
        ),
        rule(anyOf(['observe', 'factor']), 'keyword.other'),
        rule('\\{', 'punctuation.section.block.begin'),
        rule('\\}', 'punctuation.section.block.end'),
        rule(';', 'punctuation.terminator.statement'),
        ...include('expression'),
      ],
    },
    function: open(`${wordStart}fn${wordEnd}`, captured({ 0: 'storage.type.function' }), [
      ...include('comments'),
      rule(declared, 'entity.name.function'),
      bracketed('\\(', '\\)', '\\]}', 'definition.parameters', [
        ...include('comments'),
        rule(declared, 'variable.parameter'),
        rule(',', 'punctuation.separator'),
      ]),
    ]),
    target: rule(declared, 'entity.name.variable'),
    annotation: open(':', captured({ 0: 'punctuation.separator.type' }), [
      ...include('comments', 'index'),
      rule(anyOf(words.types), 'support.type'),
      bracketed('\\(', '\\)', '\\]}', 'section.parens', [
        {
          match: `(${anyOf(words.options)})\\s*(:)`,
          captures: captured({ 1: 'variable.parameter.option', 2: 'punctuation.separator.argument' }),
        },
        ...include('argument', 'expression'),
      ]),
    ]),
    expression: {
      patterns: [
        ...include('comments', 'arguments', 'index', 'conditional'),
        rule(anyOf(['for', 'in', 'if', 'else']), 'keyword.control'),
        rule(anyOf(['true', 'false']), 'constant.language.boolean'),
        rule(anyOf(['inf']), 'constant.language.infinity'),
        rule(`${wordStart}[0-9]+(?:\\.[0-9]+)?(?:[eE][+-]?[0-9]+)?${wordEnd}`, 'constant.numeric'),
        rule(`${declared}(?=\\s+in${wordEnd}|\\s*=>)`, 'variable.parameter'),
        rule(`${anyOf(words.families)}${called}`, 'support.class.distribution'),
        rule(`${anyOf(words.combinators)}${called}`, 'support.function.combinator'),
        rule(`${anyOf(words.functions)}${called}`, 'support.function'),
        rule(`${declared}${called}`, 'entity.name.function'),
        rule(declared, 'variable.other.readwrite'),
        rule('\\.\\.<?', 'keyword.operator.range'),
        rule('=>', 'keyword.operator.arrow'),
        rule('~', 'keyword.operator.distributed'),
        rule('<=|>=|==|!=|<|>', 'keyword.operator.comparison'),
        rule('&&|\\|\\||!', 'keyword.operator.logical'),
        rule('[-+*/@^]', 'keyword.operator.arithmetic'),
        rule('=', 'keyword.operator.assignment'),
        rule(',', 'punctuation.separator'),
      ],
    },
    arguments: bracketed('\\(', '\\)', '\\]}', 'section.parens', include('argument', 'expression')),
    // The colon of `test ? a : b` belongs to its own rule, so any other one inside parentheses follows a name of an argument.
    argument: {
      patterns: [
        { match: `(${declared})\\s*(:)`, captures: captured({ 1: 'variable.parameter.named', 2: 'punctuation.separator.argument' }) },
        rule(':', 'punctuation.separator.argument'),
      ],
    },
    index: bracketed('\\[', '\\]', ')}', 'section.brackets', include('expression')),
    conditional: {
      begin: '\\?',
      beginCaptures: captured({ 0: 'keyword.operator.ternary' }),
      end: `(:)|(?=[)\\]};,])|${stray}${backtick}`,
      endCaptures: captured({ 1: 'keyword.operator.ternary' }),
      patterns: [...holes, ...include('expression')],
    },
    ...(inTemplate
      ? {
          hole: {
            begin: '\\$\\{',
            beginCaptures: captured({ 0: 'punctuation.definition.template-expression.begin' }),
            end: '\\}',
            endCaptures: captured({ 0: 'punctuation.definition.template-expression.end' }),
            name: scope('meta.template.expression'),
            contentName: 'meta.embedded.line.ts',
            patterns: [{ include: 'source.ts#expression' }],
          },
        }
      : {}),
  };
}

const note = 'Written by scripts/editor.mjs from the words of the compiler; do not edit.';

/** The grammar of `.cred` files. */
export function fileGrammar(words) {
  return {
    information_for_contributors: [note],
    name: 'Credence',
    scopeName: 'source.credence',
    fileTypes: ['cred'],
    patterns: include('statements'),
    repository: repositoryOf(words, false),
  };
}

/** The grammar of templates tagged `model`, injected where TypeScript or JavaScript is code. */
export function templateGrammar(words) {
  const outside = ['comment', 'string', 'meta.embedded.block.credence'].map((each) => `- ${each}`).join(' ');
  return {
    information_for_contributors: [note],
    name: 'Credence in templates',
    scopeName: 'inline.credence',
    injectionSelector: ['source.ts', 'source.tsx', 'source.js', 'source.js.jsx'].map((each) => `L:${each} ${outside}`).join(', '),
    patterns: [
      {
        begin: '(?<![\\p{L}0-9_$])(model)\\s*(`)',
        beginCaptures: {
          1: { name: 'entity.name.function.tagged-template.ts' },
          2: { name: 'string.template.ts punctuation.definition.string.template.begin.ts' },
        },
        end: '`',
        endCaptures: { 0: { name: 'string.template.ts punctuation.definition.string.template.end.ts' } },
        contentName: 'meta.embedded.block.credence',
        patterns: include('hole', 'statements'),
      },
    ],
    repository: repositoryOf(words, true),
  };
}

/** Text of a grammar's file. */
export function fileText(grammar) {
  return `${JSON.stringify(grammar, null, 2)}\n`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  setUp();
  const load = (...path) => import(join(root, 'dist', ...path));
  const { reservedWords, statementWords } = await load('1-parse', 'survey.js');
  const { typeNames, typeOptions } = await load('2-graph', 'declaredTypes.js');
  const { builtins } = await load('2-graph', 'builtins.js');
  const { densityFunctions } = await load('2-graph', 'densities.js');
  const { combinators } = await load('2-graph', 'expressions.js');
  const { families } = await load('distributions', 'registry.js');
  const words = {
    reserved: reservedWords,
    statements: statementWords,
    types: typeNames,
    options: [...typeOptions.values()].flat(),
    families: [...families.keys()],
    combinators,
    functions: [...builtins.keys(), ...densityFunctions.keys()],
  };
  const folder = join(root, 'editor');
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'credence.tmLanguage.json'), fileText(fileGrammar(words)));
  writeFileSync(join(folder, 'credence.injection.tmLanguage.json'), fileText(templateGrammar(words)));
}
