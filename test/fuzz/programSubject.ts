/**
 * Random programs: known and generated ones after random edits of characters and tokens, swaps of names, numbers, laws
 * and operators, lines of other programs among theirs, planted text. Each goes through parser and checker; what passes
 * is drawn, explained, evaluated, simulated and run, one backend or two a case.
 */
import { backends } from '../../src/4-infer/registry.js';
import { families } from '../../src/index.js';
import type { Case, Subject } from './cases.js';
import { Dice } from './dice.js';
import { generated, isNumber, lineEdits, ofLines, replaceOne, swapNames } from './edits.js';
import type { KnownProgram } from './known.js';
import { type Planted, plantedNames } from './planted.js';
import { type Course, programSteps } from './programSteps.js';
import { words } from './strange.js';

const familyNames: readonly string[] = [...families.keys()];
type Values = Readonly<Record<string, unknown>>;

/** Programs longer than this, and data of more characters, say little that others do not, and take their time. */
const longestProgram = 2500,
  longestData = 6000;
const tokens = /[\p{L}_][\p{L}\d_]*|\d+(?:\.\d+)?(?:e[-+]?\d+)?|[^\S\n]+|\n|\.\.<|\.\.|=>|&&|\|\||[<>=!]=|./gsu;
const isName = (token: string): boolean => /^[\p{L}_]/u.test(token);
const lines = lineEdits(tokens),
  swapName = swapNames(isName);
const edges: readonly string[] = [
  '0',
  '1',
  '2',
  '3',
  '-1',
  '0.5',
  '1e-300',
  '1e300',
  '1e9',
  '1e15',
  '2147483648',
  '9007199254740993',
  'inf',
  '-inf',
  '0 / 0',
  '1e400',
  '0.1',
  '7',
];
const operators: readonly string[] = ['+', '-', '*', '/', '^', '@', '&&', '||', '<', '>', '<=', '>=', '==', '!='];

export function programSubject(known: readonly KnownProgram[], planted: Planted): Subject {
  const pool = known.filter(({ source, data }) => source.length <= longestProgram && JSON.stringify(data).length <= longestData);
  return {
    name: 'programs',
    seconds: 10,
    make(seed: string, number: number): Case {
      const dice = new Dice(seed, `program ${number}`);
      const { source, data } = dice.chance(0.35) ? generated(dice, 3) : dice.of(pool);
      const changed = edited(source, pool, planted, dice);
      const backend = dice.of([...backends.keys()]);
      const format = dice.of(['svg', 'dot', 'mermaid', 'json'] as const),
        runs = dice.below(2) === 0;
      return programCase(changed, data ?? {}, { backend, format, runs, evaluates: !runs });
    },
  };
}

/** One to four edits, more often few. */
function edited(source: string, pool: readonly KnownProgram[], planted: Planted, dice: Dice): string {
  let pieces: readonly string[] = source.match(tokens) ?? [];
  const count = 1 + (dice.chance(0.4) ? 1 : 0) + (dice.chance(0.2) ? 1 : 0) + (dice.chance(0.1) ? 1 : 0);
  for (let i = 0; i < count; i++) pieces = dice.of(edits)(pieces, dice, { pool, planted });
  return pieces.join('');
}

interface Surroundings {
  readonly pool: readonly KnownProgram[];
  readonly planted: Planted;
}
type Change = (pieces: readonly string[], dice: Dice, surroundings: Surroundings) => readonly string[];

const edits: readonly Change[] = [
  // Swaps of like for like come more than once in this list: most of their results are programs still.
  swapName,
  swapName,
  swapNumber,
  swapNumber,
  swapFamily,
  swapFamily,
  swapOperator,
  lines.drop,
  lines.twice,
  spliceLines,
  lines.move,
  token,
  token,
  characters,
  plantComment,
  plantName,
  plantAnywhere,
  wrapCall,
];

function swapNumber(pieces: readonly string[], dice: Dice): readonly string[] {
  return replaceOne(pieces, dice, isNumber, () => dice.of(edges));
}
function swapFamily(pieces: readonly string[], dice: Dice): readonly string[] {
  return replaceOne(
    pieces,
    dice,
    (piece) => familyNames.includes(piece),
    () => dice.of(familyNames),
  );
}
function swapOperator(pieces: readonly string[], dice: Dice): readonly string[] {
  return replaceOne(
    pieces,
    dice,
    (piece) => operators.includes(piece),
    () => dice.of(operators),
  );
}
function wrapCall(pieces: readonly string[], dice: Dice): readonly string[] {
  const call = dice.of([
    'exp',
    'log',
    'sqrt',
    'floor',
    'abs',
    'sum',
    'inverse',
    'cholesky',
    'softmax',
    'cumsum',
    'transpose',
    'logsumexp',
    'argmax',
    'standardise',
    'lgamma',
    'Phi',
    'variance',
    'diag',
    'det',
    'max',
    'cumprod',
    'length',
    'onehot',
  ]);
  return replaceOne(
    pieces,
    dice,
    (piece) => isName(piece) || isNumber(piece),
    (piece) => (dice.chance(0.3) ? `(${piece} ? 1 : ${call}(${piece}))` : `${call}(${piece})`),
  );
}
function spliceLines(pieces: readonly string[], dice: Dice, { pool }: Surroundings): readonly string[] {
  return ofLines(tokens, (list) => {
    const other = dice.of(pool).source.split('\n'),
      from = dice.below(other.length),
      at = dice.below(list.length + 1);
    return [...list.slice(0, at), ...other.slice(from, from + 1 + dice.below(6)), ...list.slice(at + dice.below(3))];
  })(pieces, dice);
}
function token(pieces: readonly string[], dice: Dice): readonly string[] {
  const at = dice.below(pieces.length + 1),
    length = dice.below(3),
    from = dice.below(pieces.length + 1);
  return [
    ...pieces.slice(0, at),
    ...(dice.chance(0.5) ? [dice.of(words)] : pieces.slice(from, from + dice.below(8))),
    ...pieces.slice(at + length),
  ];
}
function characters(pieces: readonly string[], dice: Dice): readonly string[] {
  const text = pieces.join(''),
    at = dice.below(text.length + 1),
    character = dice.chance(0.5)
      ? (text[dice.below(Math.max(1, text.length))] ?? '')
      : String.fromCodePoint(dice.chance(0.7) ? dice.below(128) : dice.below(0x10ffff));
  return `${text.slice(0, at)}${dice.chance(0.3) ? '' : character}${text.slice(at + dice.below(3))}`.match(tokens) ?? [];
}
function plantComment(pieces: readonly string[], dice: Dice, { planted }: Surroundings): readonly string[] {
  const at = dice.below(pieces.length + 1),
    text = dice.of(planted.texts);
  return [...pieces.slice(0, at), dice.chance(0.5) ? `// ${text}\n` : `/* ${text} */`, ...pieces.slice(at)];
}
/** A name of the program, everywhere, becomes one of the host; or a call of one stands in an expression. */
function plantName(pieces: readonly string[], dice: Dice): readonly string[] {
  const by = dice.of(plantedNames),
    names = pieces.filter(isName);
  if (names.length === 0 || dice.chance(0.3))
    return replaceOne(
      pieces,
      dice,
      (piece) => isName(piece) || isNumber(piece),
      () => dice.of([by, `${by}(1)`, `${by}()`, `${by}[0]`]),
    );
  const name = dice.of(names);
  return pieces.map((piece) => (piece === name ? by : piece));
}
function plantAnywhere(pieces: readonly string[], dice: Dice, { planted }: Surroundings): readonly string[] {
  const at = dice.below(pieces.length + 1),
    text = dice.of(planted.texts);
  return [...pieces.slice(0, at), dice.chance(0.5) ? text : JSON.stringify(text), ...pieces.slice(at)];
}

function programCase(source: string, data: Values, course: Course): Case {
  return {
    shown: `backend ${course.backend}, data ${JSON.stringify(data)}\n${source}`,
    steps: () => programSteps(source, data, course),
    *smaller(): Iterable<Case> {
      const list = source.split('\n');
      for (let k = 0; k < list.length && list.length > 1; k++) yield programCase(list.filter((_, i) => i !== k).join('\n'), data, course);
      const pieces = source.match(tokens) ?? [];
      for (let k = 0; k < pieces.length; k++)
        for (const length of [4, 1]) yield programCase([...pieces.slice(0, k), ...pieces.slice(k + length)].join(''), data, course);
    },
  };
}
