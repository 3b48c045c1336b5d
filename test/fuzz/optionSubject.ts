/**
 * Random combinations of the options of `credence infer` and of `Model.infer`: every flag, every backend, options of backends by name, with
 * values that are right, wrong, or right for something else. Each ends with results or with a refusal. Where an option is wrong whatever
 * the program, it is refused; whatever is refused names an option without which it would not be, and says what is expected.
 */
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { infer, type InferFlags } from '../../src/cli/commands/infer.js';
import { backends } from '../../src/4-infer/registry.js';
import { compile, type InferOptions, ModelError } from '../../src/index.js';
import { type Case, problemOfRefusal, runSeconds, type Step, type Subject } from './cases.js';
import { Dice } from './dice.js';

interface Subjected {
  readonly name: string;
  readonly source: string;
  readonly data: Readonly<Record<string, unknown>>;
  readonly unknowns: readonly string[];
}

const y = [0.3, -0.7, 1.1, 0.2, -1.6, 0.9];
const models: readonly Subjected[] = [
  {
    name: 'normal',
    source: 'data y: real[N]\nsample mu ~ Normal(0, 2)\nsample s ~ Gamma(2, 1)\nobserve y ~ Normal(mu, s)\npredict again ~ Normal(mu, s)\n',
    data: { y },
    unknowns: ['mu', 's', 'again'],
  },
  {
    name: 'conjugate',
    source: 'data y: real[N]\nsample mu ~ Normal(0, 2)\nobserve y ~ Normal(mu, 1)\nreport twice = 2 * mu\n',
    data: { y },
    unknowns: ['mu', 'twice'],
  },
  {
    name: 'mixture',
    source:
      'data y: real[N]\ndata K: int\nsample p ~ Dirichlet(ones(K))\nfor k in 0..<K { sample m[k] ~ Normal(0, 3) }\nfor n in 0..<N { sample z[n] ~ Categorical(p)  observe y[n] ~ Normal(m[z[n]], 1) }\n',
    data: { y, K: 2 },
    unknowns: ['p', 'm', 'z'],
  },
  {
    name: 'params',
    source: 'data y: real[N]\nparam mu: real\nparam s: positive\nobserve y ~ Normal(mu, s)\n',
    data: { y },
    unknowns: ['mu', 's'],
  },
  {
    name: 'counts',
    source: 'data y: int[N]\nsample n ~ Poisson(4)\nsample q ~ Beta(1, 1)\nobserve y ~ Binomial(n + 6, q)\n',
    data: { y: [1, 2, 0] },
    unknowns: ['n', 'q'],
  },
  {
    name: 'chain',
    source: 'data y: real[T]\nsample x[0] ~ Normal(0, 1)\nfor t in 1..<T { sample x[t] ~ Normal(x[t-1], 1) }\nobserve y ~ Normal(x, 1)\n',
    data: { y },
    unknowns: ['x'],
  },
  { name: 'nothing', source: 'data y: real[N]\nobserve y ~ Normal(0, 1)\n', data: { y }, unknowns: [] },
];

/** A flag with its value, and whether it is wrong whatever the program and the other flags. */
interface Chosen {
  readonly flag: keyof InferFlags;
  readonly value: string | true;
  readonly isWrong: boolean;
}

const wrongCounts: readonly string[] = ['-1', '0.5', 'abc', '', 'NaN', '1e400', '2,5', '99999999999999999999', ' ', '0x', '1e-9'];
const strangeTexts: readonly string[] = [
  '',
  ' ',
  '=',
  '__proto__',
  'constructor',
  '-1',
  'NaN',
  '[object Object]',
  'μ',
  '1e9',
  'true',
  '(',
  'rw(',
  'rw(scale: )',
  'propose(',
  'independent(Normal(0, 1)',
  'a+b+c',
  '+',
  ',',
  'none',
  'all',
  'yes',
];

export function optionSubject(folder: string): Subject {
  return {
    name: 'options',
    seconds: 10,
    make(seed: string, number: number): Case {
      const dice = new Dice(seed, `options ${number}`),
        chosen = dice.of(models);
      const backend = dice.chance(0.9) ? dice.of([...backends.keys()]) : dice.of(['nuts', 'gibs', '', '__proto__', 'GIBBS']);
      const known = backends.has(backend);
      if (dice.chance(0.25)) return apiCase(chosen, apiChoices(dice, chosen.unknowns, known ? backend : 'auto'));
      const flags = [
        { flag: 'backend' as const, value: backend, isWrong: !known },
        ...choices(dice, chosen.unknowns, backend, folder).filter(() => dice.chance(0.3)),
        // So that a run is short, whatever else is said.
        ...(dice.chance(0.98) ? [{ flag: 'draws' as const, value: dice.of(['1', '5', '20', '3e1']), isWrong: false }] : []),
      ];
      const warmup: Chosen = { flag: 'warmup', value: dice.of(['0', '1', '7']), isWrong: false };
      const short = flags.some(({ flag }) => flag === 'warmup') ? flags : [...flags, warmup];
      return optionCase(
        chosen,
        isMuchWork(short) ? [...short, { flag: 'maxSeconds', value: String(runSeconds), isWrong: false }] : short,
        folder,
      );
    },
  };
}

/** True where a million starts or more are asked for: much work is no hang, a run that goes on after it is told to end is one. */
function isMuchWork(flags: readonly Chosen[]): boolean {
  return (
    flags.some(({ flag, value }) => flag === 'opt' && (value === 'restarts=1e6' || value === 'restarts=1e9')) &&
    flags.every(({ flag, value }) => flag !== 'maxSeconds' || value === '1e9')
  );
}

function choices(dice: Dice, unknowns: readonly string[], backend: string, folder: string): readonly Chosen[] {
  const count = (flag: 'chains' | 'draws' | 'warmup' | 'thin', right: readonly string[], more: readonly string[] = []): Chosen => {
    const isWrong = dice.chance(0.15);
    return { flag, value: isWrong ? dice.of([...wrongCounts, ...more]) : dice.of(right), isWrong };
  };
  const oneOf = (flag: keyof InferFlags, right: readonly (string | true)[], wrong: readonly string[]): Chosen => {
    const isWrong = wrong.length > 0 && dice.chance(0.15);
    return { flag, value: isWrong ? dice.of(wrong) : dice.of(right), isWrong };
  };
  const name = (): string => (dice.chance(0.85) && unknowns.length > 0 ? dice.of(unknowns) : dice.of([...strangeTexts, 'y', 'nobody']));
  const all: readonly Chosen[] = [
    count('chains', ['1', '2', '3'], ['0']),
    count('draws', ['1', '4', '30'], ['0']),
    count('warmup', ['0', '2', '10']),
    count('thin', ['1', '3'], ['0']),
    oneOf('seed', ['1', '', 'a seed', '-0', '__proto__', '1e400', 'NaN'], []),
    oneOf('workers', ['auto', '0', '1'], ['-1', 'two', '0.5', 'NaN', '']),
    { flag: 'keep', value: Array.from({ length: 1 + dice.below(2) }, name).join(','), isWrong: false },
    ...Array.from({ length: 3 }, (): Chosen => ({ flag: 'opt', value: option(dice, unknowns, backend), isWrong: false })),
    { flag: 'init', value: startFile(dice, unknowns, folder), isWrong: false },
    oneOf('maxSeconds', ['1', '0.001', '1e9'], ['0', '-1', 'NaN', 'soon', '']),
    oneOf('until', ['ess=10', 'ess=1'], ['ess=0', 'ess', 'ess=-3', 'rhat=1', 'ess=abc', '', '=', 'ess=']),
    oneOf('pointwise', [true], []),
    oneOf('plot', [true], []),
    oneOf('json', [true], []),
    oneOf('quiet', [true], []),
    { flag: 'out', value: dice.chance(0.9) ? 'fresh' : '/dev/null/x', isWrong: false },
    { flag: 'resume', value: dice.of(['nowhere', '', '/', '__proto__']), isWrong: true },
  ];
  return all.filter(({ flag }) => flag !== 'resume' || dice.chance(0.05));
}

/** An option of the backend, or of another one, with a value of some kind. */
function option(dice: Dice, unknowns: readonly string[], backend: string): string {
  const own = backends.get(backend)?.options ?? [],
    all = [...backends.values()].flatMap(({ options }) => options);
  const { name = 'unit', type = 'text' } = (dice.chance(0.8) ? own : all)[dice.below(Math.max(1, own.length))] ?? {};
  const some = (): string => (unknowns.length > 0 ? dice.of(unknowns) : 'mu');
  const written = dice.chance(0.95)
    ? name.replace('NAME', dice.chance(0.9) ? some() : dice.of(strangeTexts))
    : dice.of([...strangeTexts, 'unit', 'restart', `${name}s`]);
  const fits = {
    number: ['0', '1', '0.5', '1e-9', '1e3', '-1'],
    integer: ['0', '1', '2', '10', '-1', '1e6', '0.5'],
    boolean: ['true', 'false'],
    text: [
      'random',
      'kmeans++',
      'unconstrained',
      'natural',
      'derived',
      'none',
      some(),
      `${some()}+${some()}`,
      `${some()}+${some()},${some()}`,
    ],
    names: [some(), `${some()},${some()}`, 'y', 'n', 't'],
    kernel: [
      'derived',
      'conjugate',
      'enumerate',
      'transfer',
      'slice',
      'rw',
      'rw(scale: 0.5)',
      'rw(scale: 0.5, adapt: false)',
      'rw(scale: -1)',
      'independent(Normal(0, 1))',
      'independent(Poisson(3))',
      `propose(Normal(${some()}, 1))`,
      `propose(Gamma(${some()}, 1))`,
      'propose(Normal(nobody, 1))',
      'independent(Normal(0, -1))',
      'independent(Categorical([0.5, 0.5]))',
    ],
  }[type];
  return `${written}=${dice.chance(0.85) ? dice.of(fits) : dice.of(strangeTexts)}`;
}

function startFile(dice: Dice, unknowns: readonly string[], folder: string): string {
  const file = join(folder, 'start.json');
  const name = dice.chance(0.9) && unknowns.length > 0 ? dice.of(unknowns) : dice.of(strangeTexts);
  const value = dice.of<unknown>([0, 1, -1, 0.5, [0, 1], [0.5, 0.5], [1, 1, 1], [0, 0, 0, 0, 0, 0], null, 'a', {}, [[0]], 1e308, []]);
  writeFileSync(file, dice.chance(0.9) ? JSON.stringify({ [name]: value }) : dice.of(['', '[]', '{', 'null', '3', '{"__proto__": 1}']));
  return dice.chance(0.95) ? file : dice.of(['nowhere.json', folder, '']);
}

function optionCase(subjected: Subjected, chosen: readonly Chosen[], folder: string): Case {
  const line = chosen.map(({ flag, value }) => `--${dashed(flag)}${value === true ? '' : ` ${JSON.stringify(value)}`}`).join(' ');
  return {
    shown: `${subjected.name}: ${line}`,
    steps(): readonly Step[] {
      return [{ name: `infer ${subjected.name}`, run: () => holds(chosen, (some) => outcomeOf(subjected, some, folder)) }];
    },
    *smaller(): Iterable<Case> {
      for (let k = 0; k < chosen.length; k++)
        yield optionCase(
          subjected,
          chosen.filter((_, i) => i !== k),
          folder,
        );
    },
  };
}

/** An option of `Model.infer` with a value of any type. */
interface Given {
  readonly flag: keyof InferOptions;
  readonly value: unknown;
  readonly isWrong: boolean;
}

/** Values of other types than an option has, and where JavaScript tends to take one for another. */
const strangeValues: readonly unknown[] = [
  null,
  true,
  '',
  '3',
  'NaN',
  Number.NaN,
  Number.POSITIVE_INFINITY,
  -1,
  0.5,
  2 ** 60,
  10n,
  Symbol('s'),
  [],
  [1],
  {},
  { ess: '4' },
  { toString: null },
  Object.create(null),
  () => 1,
  new Date(0),
];

function apiChoices(dice: Dice, unknowns: readonly string[], backend: string): readonly Given[] {
  const right: { readonly [name in keyof InferOptions]?: readonly unknown[] } = {
    chains: [1, 2],
    draws: [5, 20],
    warmup: [0, 7],
    thin: [1, 2],
    seed: ['a', 1, -0, 2.5],
    workers: [0, 1, 'auto'],
    keep: [unknowns, []],
    init: [{}],
    options: [{}, { unit: 'one an observation' }],
    pointwise: [true, false],
    maxSeconds: [1e9],
    until: [{ ess: 5 }],
  };
  const some = Object.entries(right)
    .filter(() => dice.chance(0.3))
    .map(([flag, values]): Given => {
      const isWrong = dice.chance(0.4),
        value = isWrong ? dice.of(strangeValues) : dice.of(values);
      return { flag: flag as keyof InferOptions, value, isWrong: false };
    });
  const always: readonly Given[] = [
    { flag: 'backend', value: backend, isWrong: false },
    ...(some.some(({ flag }) => flag === 'draws') ? [] : [{ flag: 'draws' as const, value: 20, isWrong: false }]),
    ...(some.some(({ flag }) => flag === 'warmup') ? [] : [{ flag: 'warmup' as const, value: 5, isWrong: false }]),
  ];
  return [...always, ...some];
}

function apiCase(subjected: Subjected, chosen: readonly Given[]): Case {
  return {
    shown: `${subjected.name}: infer(data, { ${chosen.map(({ flag, value }) => `${flag}: ${inspect(value)}`).join(', ')} })`,
    steps(): readonly Step[] {
      return [{ name: `infer ${subjected.name}`, run: () => holds(chosen, (some) => apiOutcomeOf(subjected, some)) }];
    },
    *smaller(): Iterable<Case> {
      for (let k = 0; k < chosen.length; k++)
        yield apiCase(
          subjected,
          chosen.filter((_, i) => i !== k),
        );
    },
  };
}

/** The refusal, or null where there are results. */
async function apiOutcomeOf({ source, data }: Subjected, chosen: readonly Given[]): Promise<ModelError | null> {
  try {
    await compile(source).infer(data, Object.fromEntries(chosen.map(({ flag, value }) => [flag, value])));
    return null;
  } catch (thrown) {
    if (!(thrown instanceof ModelError)) throw thrown;
    return thrown;
  }
}

/** @throws Error where what comes back is not as it should be. */
async function holds<One extends Chosen | Given>(
  chosen: readonly One[],
  outcome: (some: readonly One[]) => Promise<ModelError | null>,
): Promise<void> {
  // Of a flag that is given twice the last counts.
  const wrong = chosen.filter(({ flag, isWrong }, k) => isWrong && !chosen.slice(k + 1).some((later) => later.flag === flag));
  const refusal = await outcome(chosen);
  if (refusal === null) {
    if (wrong.length > 0) throw new Error(`--${wrong[0]!.flag} ${String(wrong[0]!.value)} was accepted`);
    return;
  }
  const odd = problemOfRefusal(refusal);
  if (odd !== null) throw new Error(odd);
  if (chosen.some(({ flag }) => (flag as string) === 'resume')) return;
  const without = new Map<One, readonly string[]>();
  const isCause = async (one: One, block: string): Promise<boolean> => {
    if (!without.has(one)) without.set(one, blocksOf(await outcome(withoutOne(chosen, one, block))));
    return !without.get(one)!.includes(block);
  };
  for (const block of blocksOf(refusal)) {
    const named = chosen.filter((one) => names(one, block)).sort((a, b) => Number(b.isWrong) - Number(a.isWrong));
    let cause: One | undefined;
    for (const one of [...named, ...chosen.filter((other) => !named.includes(other))])
      if (await isCause(one, block)) {
        cause = one;
        break;
      }
    if (cause !== undefined && !named.includes(cause))
      throw new Error(`refused because of ${cause.flag}, which it does not name: ${block}`);
    if (cause !== undefined && !saysWhatIsExpected.test(block)) throw new Error(`a refusal does not say what is expected: ${block}`);
  }
}

/** The options without one of them; what keeps a run short has a short value then instead. */
function withoutOne<One extends Chosen | Given>(chosen: readonly One[], one: One, block: string): readonly One[] {
  const short: { readonly [flag: string]: number } = { draws: 5, warmup: 5, maxSeconds: 1 };
  const put = (flag: One['flag']): One => ({
    ...one,
    flag,
    value: typeof one.value === 'string' || one.value === true ? String(short[flag]) : short[flag],
    isWrong: false,
  });
  // Where no time can be set, none is needed.
  const takesTime = !/maxSeconds is for/.test(block) && chosen.every(({ flag, value }) => flag !== 'backend' || value !== 'exact');
  const rest = chosen.flatMap((other) =>
    other !== one ? [other] : short[one.flag] === undefined || one.flag === 'maxSeconds' ? [] : [put(one.flag)],
  );
  return takesTime && rest.every(({ flag }) => flag !== 'maxSeconds') ? [...rest, put('maxSeconds')] : rest;
}

/**
 * What is allowed is said, or what to write; of what may stand but once, of values outside of a support and of files, it is enough to say
 * so.
 */
const saysWhatIsExpected =
  /\n +hint: |must|expected|needs|such as|at least| is for | are for |twice|more than once|but the type is|cannot come from|cannot-(?:read|write)/;

/** What is said of each mistake, without the excerpts of the program. */
function blocksOf(refusal: ModelError | null): readonly string[] {
  return refusal === null
    ? []
    : refusal.message.split('\n\n').map((block) =>
        block
          .split('\n')
          .filter((line) => !/^ +\d* *\|/.test(line))
          .join('\n'),
      );
}

function dashed(flag: string): string {
  return flag.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

/** The refusal, or null where there are results. @throws Error where it ends in another way. */
async function outcomeOf({ name, source, data }: Subjected, chosen: readonly Chosen[], folder: string): Promise<ModelError | null> {
  const model = join(folder, `${name}.cred`),
    dataFile = join(folder, `${name}.json`);
  writeFileSync(model, source);
  writeFileSync(dataFile, JSON.stringify(data));
  const flags: Record<string, unknown> = { data: [dataFile] };
  for (const { flag, value } of chosen) {
    if (flag === 'opt' || flag === 'keep') flags[flag] = [...((flags[flag] as readonly string[] | undefined) ?? []), value];
    else flags[flag] = flag === 'out' && value === 'fresh' ? freshDirectory(folder) : value;
  }
  const before = process.exitCode,
    said = muted();
  try {
    const status = await infer(typeof flags['resume'] === 'string' ? undefined : model, flags as InferFlags);
    if (![0, 1, 2].includes(status)) throw new Error(`exit status ${status}`);
    if (/internal error/.test(said.text())) throw new Error(said.text());
    return null;
  } catch (thrown) {
    if (!(thrown instanceof ModelError)) throw thrown;
    return thrown;
  } finally {
    said.end();
    process.exitCode = before;
  }
}

function freshDirectory(folder: string): string {
  const parent = join(folder, 'out');
  mkdirSync(parent, { recursive: true });
  return mkdtempSync(join(parent, 'run-'));
}

function names({ flag, value }: Chosen | Given, block: string): boolean {
  const text = block.toLowerCase();
  return wordsFor(flag, typeof value === 'object' ? inspect(value) : String(value)).some(
    (word) => word !== '' && text.includes(word.toLowerCase()),
  );
}

/** What a message may call an option that was given. */
function wordsFor(flag: keyof InferFlags | keyof InferOptions, value: string): readonly string[] {
  const option = value.split('=')[0]!;
  switch (flag) {
    case 'opt':
      return [option, option.replace(/^kernel\./, ''), '--opt'];
    // What `auto` has chosen speaks for itself.
    case 'backend':
      return [flag, value, ...(value === 'auto' ? ['em', 'map'] : [])];
    case 'keep':
      return [flag, value];
    case 'init':
      return [flag, value, 'start'];
    case 'maxSeconds':
      return [flag, dashed(flag), 'more time'];
    default:
      return [flag, dashed(flag)];
  }
}

/** Takes what the command prints. */
function muted(): { readonly text: () => string; readonly end: () => void } {
  let text = '';
  const streams = [process.stdout, process.stderr] as const,
    before = streams.map((stream) => stream.write);
  for (const stream of streams)
    stream.write = ((piece: string | Uint8Array) => {
      text += String(piece);
      return true;
    }) as typeof stream.write;
  return {
    text: () => text,
    end: () => {
      streams.forEach((stream, k) => {
        stream.write = before[k]!;
      });
    },
  };
}
