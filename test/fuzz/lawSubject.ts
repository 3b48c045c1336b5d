/**
 * Random programs whose inference is held to the laws of `credence check` that need no draws: every derived conditional, the
 * log joint and the reports of generated code against the statements evaluated one by one. Changes are such that most results
 * are programs still, with numbers of common size: what fails is a wrong derivation.
 */
import { backends } from '../../src/4-infer/registry.js';
import { compile, type Model, ModelError } from '../../src/index.js';
import { check, type CheckReport, type QuantityTest } from '../../src/testing-api.js';
import { type Case, problemOfRefusal, type Step, type Subject } from './cases.js';
import { Dice } from './dice.js';
import { generated, isNumber, lineEdits, replaceOne, swapNames } from './edits.js';
import type { KnownProgram } from './known.js';

type Values = Readonly<Record<string, unknown>>;
type Change = (pieces: readonly string[], dice: Dice, pool: readonly KnownProgram[]) => readonly string[];

const tokens = /[\p{L}_][\p{L}\d_]*(?:\[[^[\]{}\n]*\])?|\d+(?:\.\d+)?|[^\S\n]+|\n|\.\.<|\.\.|=>|&&|\|\||[<>=!]=|./gsu;
const keywords: ReadonlySet<string> = new Set(
  'data sample observe let report predict param factor for in if else fn real int bool positive unit interval simplex ordered cov corr'.split(
    ' ',
  ),
);
const isName = (piece: string): boolean => /^[\p{L}_]/u.test(piece) && !keywords.has(piece);
const lines = lineEdits(tokens),
  swapName = swapNames(isName);
/** Programs longer than this, and data of more characters, take their time. */
const longestProgram = 1500,
  longestData = 1000;
const numbers: readonly string[] = ['0.5', '1', '2', '3', '0.1', '1.5', '4'];
const calls: readonly string[] = [
  'exp',
  'log',
  'sqrt',
  'abs',
  'sin',
  'sum',
  'softmax',
  'logsumexp',
  'sigmoid',
  'softplus',
  'tanh',
  'cumsum',
  'min',
  'max',
  'mean',
];

export function lawSubject(known: readonly KnownProgram[]): Subject {
  const pool = known.filter(({ source, data }) => source.length <= longestProgram && JSON.stringify(data).length <= longestData);
  return {
    name: 'laws',
    seconds: 20,
    stepSeconds: 20,
    make(seed: string, number: number): Case {
      const dice = new Dice(seed, `law ${number}`);
      const { source, data } = dice.chance(0.6) ? generated(dice, 4) : dice.of(pool);
      let pieces: readonly string[] = source.match(tokens) ?? [];
      for (let count = dice.below(4); count > 0; count--) pieces = dice.of(changes)(pieces, dice, pool);
      return lawCase(pieces.join(''), data ?? {}, dice.of([...backends.keys()].filter((name) => name !== 'auto')), String(number));
    },
  };
}

/** Terms are multiplied and added up more often than anything else: what is alike and what is not is the heart of a derivation. */
const changes: readonly Change[] = [
  intoTerm,
  intoTerm,
  intoTerm,
  swapName,
  swapName,
  swapNumber,
  swapFamilies,
  swapOperator,
  lines.twice,
  lines.drop,
  lines.move,
  wrapCall,
];

/** A name or number becomes a term of itself and others: `b` as `(b * x[n] + 0.5 * b)`. */
function intoTerm(pieces: readonly string[], dice: Dice): readonly string[] {
  const others = pieces.filter((piece) => isName(piece) && !/^[A-Z]/.test(piece));
  const other = (): string => (others.length === 0 || dice.chance(0.2) ? dice.of(numbers) : dice.of(others));
  return replaceOne(
    pieces,
    dice,
    (piece) => (isName(piece) && !/^[A-Z]/.test(piece)) || isNumber(piece),
    (piece) =>
      dice.of([
        () => `(${piece} + ${other()})`,
        () => `(${piece} - ${other()})`,
        () => `(${piece} * ${other()})`,
        () => `(${piece} / ${dice.of(numbers)})`,
        () => `(${piece} + ${piece} * ${other()})`,
        () => `(${piece} * ${other()} + ${piece} * ${other()} * ${other()})`,
        () => `(${piece} - ${piece}^2)`,
        () => `(${other()} > ${dice.of(numbers)} ? ${piece} : ${other()})`,
      ])(),
  );
}
function swapNumber(pieces: readonly string[], dice: Dice): readonly string[] {
  return replaceOne(pieces, dice, isNumber, () => dice.of(numbers));
}
function swapFamilies(pieces: readonly string[], dice: Dice): readonly string[] {
  const families = pieces.filter((piece) => /^[A-Z][a-z]/.test(piece));
  return families.length === 0
    ? pieces
    : replaceOne(
        pieces,
        dice,
        (piece) => families.includes(piece),
        () => dice.of([...families, 'Normal', 'StudentT', 'Laplace', 'Gamma', 'LogNormal', 'Exponential', 'HalfNormal', 'Logistic']),
      );
}
function swapOperator(pieces: readonly string[], dice: Dice): readonly string[] {
  const signs = ['+', '-', '*', '/'];
  return replaceOne(
    pieces,
    dice,
    (piece) => signs.includes(piece),
    () => dice.of(signs),
  );
}
function wrapCall(pieces: readonly string[], dice: Dice): readonly string[] {
  return replaceOne(
    pieces,
    dice,
    (piece) => isName(piece) || isNumber(piece),
    (piece) => `${dice.of(calls)}(${piece})`,
  );
}
function lawCase(source: string, data: Values, backend: string, seed: string): Case {
  return {
    shown: `backend ${backend}, data ${JSON.stringify(data)}\n${source}`,
    steps(): readonly Step[] {
      let model: Model | null = null;
      return [
        {
          name: 'compile',
          run: () => {
            model = compiled(source);
          },
        },
        { name: `ratio ${backend}`, run: () => (model === null ? null : held(model, data, backend, 'ratio', seed)) },
      ];
    },
    *smaller(): Iterable<Case> {
      const list = source.split('\n');
      for (let k = 0; k < list.length && list.length > 1; k++)
        yield lawCase(list.filter((_, i) => i !== k).join('\n'), data, backend, seed);
      const pieces = source.match(tokens) ?? [];
      for (let k = 0; k < pieces.length; k++)
        for (const length of [4, 1]) yield lawCase([...pieces.slice(0, k), ...pieces.slice(k + length)].join(''), data, backend, seed);
    },
  };
}

function compiled(source: string): Model | null {
  try {
    return compile(source, 'model.cred');
  } catch (thrown) {
    if (!(thrown instanceof ModelError)) throw thrown;
    return null;
  }
}

/** @throws Error where a law does not hold; a refusal is an answer. */
async function held(model: Model, data: Values, backend: string, method: string, seed: string): Promise<void> {
  let report: CheckReport;
  try {
    report = await check(model, data, { backend, methods: [method], seed });
  } catch (thrown) {
    if (!(thrown instanceof ModelError)) throw thrown;
    const wrong = problemOfRefusal(thrown);
    if (wrong !== null) throw new Error(wrong, { cause: thrown });
    return;
  }
  for (const { tests } of report.methods)
    for (const test of tests) if (test.failed && !overflows(test)) throw new Error(`${test.quantity}: ${test.detail}`);
}

/** Under vague priors the statements overflow (`sigmoid(40)` is 1) where generated code, which simplifies first, does not. */
function overflows({ quantity, detail }: QuantityTest): boolean {
  return quantity === 'log joint' && detail.endsWith('-Infinity by the statements');
}
