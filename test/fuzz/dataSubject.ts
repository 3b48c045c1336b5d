/**
 * Random data for good programs: a value, its type, shape or name changed; the same as JSON and as CSV, whose texts are
 * changed too, with planted text as keys, headers, cells. Read as the command line reads it, bound, simulated, and run
 * where it is accepted.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { compile, type Model, ModelError } from '../../src/index.js';
import { backends } from '../../src/4-infer/registry.js';
import { readValues } from '../../src/cli/sources.js';
import { type Case, problemOfRefusal, type Step, type Subject } from './cases.js';
import { Dice } from './dice.js';
import type { KnownProgram } from './known.js';
import { type Planted, plantedNames } from './planted.js';
import { ranBriefly } from './programSteps.js';
import { spoil, strangeValues } from './strange.js';

const longestProgram = 2500,
  longestData = 6000;
/** Cells and pieces of text that readers of tables and of JSON have been wrong about. */
const oddTexts: readonly string[] = [
  '',
  'NA',
  'NaN',
  'null',
  'nan',
  'N/A',
  '-',
  '+',
  '.',
  '1.',
  '.5',
  '1e',
  '1e5',
  '1E+308',
  '1e400',
  '-1e-400',
  '0x10',
  '1_000',
  '1,5',
  '"1,5"',
  '"a\nb"',
  '"',
  '""',
  '"""',
  "'1'",
  'Infinity',
  '-inf',
  'true',
  '1;2',
  '\t',
  '\r',
  '\r\n',
  '\n',
  '\n\n',
  '\uFEFF',
  '\u0000',
  ' 1 ',
  '٣',
  '１',
  '9007199254740993',
  '123456789012345678901234567890',
  '[',
  ']',
  '{',
  '}',
  ',',
  ':',
  '[[',
  '{"a":',
  '"\\u0000"',
  '"\\ud800"',
  '\\',
  '//',
  '1e-5e5',
  '01',
  '-0',
  '[]',
  '{}',
  '[1,]',
];

interface Prepared {
  readonly model: Model;
  readonly data: Readonly<Record<string, unknown>>;
  readonly names: readonly string[];
}

export function dataSubject(known: readonly KnownProgram[], planted: Planted, folder: string): Subject {
  const prepared = known.flatMap(({ source, data }): Prepared[] => {
    if (data === null || source.length > longestProgram || JSON.stringify(data).length > longestData) return [];
    // Some are refused on purpose.
    const model = unlessRefused(() => compile(source, 'model.cred'));
    if (model === null) return [];
    const { data: declared, sizes, unknowns } = model.inputs;
    return [{ model, data, names: [...declared, ...sizes, ...unknowns] }];
  });
  return {
    name: 'data',
    seconds: 10,
    make(seed: string, number: number): Case {
      const dice = new Dice(seed, `data ${number}`),
        chosen = dice.of(prepared);
      const backend = dice.chance(0.3) ? dice.of([...backends.keys()]) : null;
      const form = dice.of([asValues, asJson, asCsv]);
      return dataCase(chosen.model, form(chosen, planted, dice, folder), backend);
    },
  };
}

/** Data in some form: how they are shown, and what reads them. @throws ModelError where they cannot be read. */
interface Given {
  readonly shown: string;
  readonly read: (model: Model) => ReadonlyMap<string, unknown>;
}

function changedValues({ data, names }: Prepared, planted: Planted, dice: Dice): Map<string, unknown> {
  const changed = new Map<string, unknown>(Object.entries(data));
  const count = 1 + (dice.chance(0.3) ? 1 : 0);
  for (let i = 0; i < count; i++) {
    const name = dice.of([...names, ...names, ...changed.keys(), ...plantedNames, ...planted.texts]);
    if (dice.chance(0.1)) {
      changed.delete(name);
      continue;
    }
    const by = dice.chance(0.1)
      ? dice.of(planted.texts)
      : dice.chance(0.3)
        ? dice.of([1e6, 1e15, -3, 0, 1, 2, 7, 0.25].map((x) => x * (dice.chance(0.5) ? 1 : 1 + dice.normal())))
        : dice.of(strangeValues);
    changed.set(
      name,
      spoil(
        changed.get(name),
        Array.from({ length: dice.below(4) }, () => dice.below(97)),
        by,
      ),
    );
  }
  return changed;
}

function asValues(prepared: Prepared, planted: Planted, dice: Dice): Given {
  const changed = changedValues(prepared, planted, dice);
  return { shown: describe(changed), read: () => changed };
}

function asJson(prepared: Prepared, planted: Planted, dice: Dice, folder: string): Given {
  // What JSON cannot say is left out; the rest of the strangeness comes from the text.
  const values = dice.chance(0.5) ? changedValues(prepared, planted, dice) : new Map<string, unknown>(Object.entries(prepared.data));
  let text = `{${[...values].map(([name, value]) => `${JSON.stringify(name)}: ${jsonOf(value)}`).join(', ')}}`;
  text = changedText(text, planted, dice);
  const file = join(folder, 'data.json');
  return {
    shown: text,
    read: (model) => {
      writeFileSync(file, text);
      return readValues(model, { data: [file] });
    },
  };
}

function asCsv(prepared: Prepared, planted: Planted, dice: Dice, folder: string): Given {
  const columns = Object.entries(prepared.data)
    .filter((entry): entry is [string, readonly unknown[]] => Array.isArray(entry[1]))
    .map(([name, values]) => [name, values.map((v) => (Array.isArray(v) ? (v[0] as unknown) : v))] as const);
  const rest = Object.entries(prepared.data).filter(([, value]) => !Array.isArray(value));
  const rows = Math.max(0, ...columns.map(([, values]) => values.length)),
    separator = dice.of([',', ',', ';', '\t', '|']);
  const header = columns.map(([name]) => (dice.chance(0.1) ? dice.of([...planted.texts, ...plantedNames, '', ...oddTexts]) : name));
  const cell = (value: unknown): string =>
    dice.chance(0.02) ? dice.of([...oddTexts, ...planted.texts]) : value === undefined || value === null ? '' : String(value);
  let text = [
    header.join(separator),
    ...Array.from({ length: rows }, (_, k) => columns.map(([, values]) => cell(values[k])).join(separator)),
  ].join(dice.of(['\n', '\n', '\r\n', '\r']));
  if (dice.chance(0.5)) text = changedText(text, planted, dice);
  const file = join(folder, 'data.csv');
  const name = dice.of([...prepared.names, ...plantedNames]),
    first = header[0] ?? 'x';
  const source = dice.of([
    file,
    file,
    `${name}=${file}:*`,
    `${name}=${file}:${first}`,
    `${name}=${file}:${header.join(',')}`,
    `${name}=${file}`,
    `${file}:${first}`,
    `${name}=${file}:${dice.of(planted.texts)}`,
  ]);
  const sets = rest.map(([key, value]) => `${key}=${JSON.stringify(value)}`);
  if (dice.chance(0.2))
    sets.push(`${dice.of([...prepared.names, ...plantedNames, ...planted.texts])}=${dice.of([...oddTexts, ...planted.texts])}`);
  return {
    shown: `--data ${source} ${sets.map((set) => `--set ${set}`).join(' ')}\n${text}`,
    read: (model) => {
      writeFileSync(file, text);
      return readValues(model, { data: [source], set: sets });
    },
  };
}

function changedText(text: string, planted: Planted, dice: Dice): string {
  let changed = text;
  for (let i = 1 + dice.below(2); i > 0; i--) {
    const at = dice.below(changed.length + 1),
      to = at + dice.below(4),
      from = dice.below(changed.length + 1);
    const by = dice.of([
      dice.of(oddTexts),
      dice.of(oddTexts),
      dice.of(planted.texts),
      JSON.stringify(dice.of(planted.texts)),
      changed.slice(from, from + dice.below(20)),
      '',
    ]);
    changed = changed.slice(0, at) + by + changed.slice(to);
  }
  return changed;
}

function jsonOf(value: unknown): string {
  try {
    return JSON.stringify(value) ?? 'null';
  } catch {
    return 'null';
  }
}

function dataCase(model: Model, given: Given, backend: string | null): Case {
  return {
    shown: `backend ${backend ?? 'none'}\n${given.shown.slice(0, 4000)}\n${model.source}`,
    steps(): readonly Step[] {
      let values: ReadonlyMap<string, unknown> | null = null;
      let accepted = false;
      const withValues = (use: (values: ReadonlyMap<string, unknown>) => unknown) => (): unknown => (values === null ? null : use(values));
      return [
        {
          name: 'read',
          run: () => {
            values = unlessRefused(() => given.read(model));
          },
        },
        {
          name: 'bind',
          run: withValues((v) => {
            accepted = unlessRefused(() => model.logDensity(v)) !== null;
          }),
        },
        { name: 'sample', run: withValues((v) => unlessRefused(() => model.sample(v, { seed: 1 }))) },
        ...(backend === null
          ? []
          : [
              {
                name: `infer ${backend}`,
                run: withValues((v) => (accepted ? ranBriefly(model, v, backend) : undefined)),
              },
            ]),
      ];
    },
    *smaller(): Iterable<Case> {
      /* One or two changes are as small as it gets. */
    },
  };
}

/** What a step makes, or null where it is refused in words. @throws whatever is no refusal, and Error for a refusal that says nothing. */
function unlessRefused<T>(run: () => T): T | null {
  try {
    return run();
  } catch (thrown) {
    if (!(thrown instanceof ModelError)) throw thrown;
    const wrong = problemOfRefusal(thrown);
    if (wrong !== null) throw new Error(wrong);
    return null;
  }
}

function describe(values: ReadonlyMap<string, unknown>): string {
  return [...values]
    .map(
      ([name, value]) =>
        `${name}: ${typeof value === 'symbol' || typeof value === 'bigint' || typeof value === 'function' ? String(value) : value instanceof Error || value instanceof RegExp || value instanceof Date ? String(value) : jsonOf(value)}`,
    )
    .join('\n');
}
