/**
 * Random combinations of the options of `credence infer`: every flag, every backend, options of backends by name, with
 * values that are right, wrong, or right for something else. Each ends with results or with a refusal that names an option
 * that was given; where one is wrong whatever the program, it is refused.
 */
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { infer, type InferFlags } from '../../src/cli/commands/infer.js';
import { backends } from '../../src/4-infer/registry.js';
import { ModelError } from '../../src/index.js';
import { type Case, problemOfRefusal, type Step, type Subject } from './cases.js';
import { Dice } from './dice.js';

interface Subjected { readonly name: string; readonly source: string; readonly data: Readonly<Record<string, unknown>>; readonly unknowns: readonly string[] }

const y = [0.3, -0.7, 1.1, 0.2, -1.6, 0.9];
const models: readonly Subjected[] = [
  { name: 'normal', source: 'data y: real[N]\nsample mu ~ Normal(0, 2)\nsample s ~ Gamma(2, 1)\nobserve y ~ Normal(mu, s)\npredict again ~ Normal(mu, s)\n', data: { y }, unknowns: ['mu', 's', 'again'] },
  { name: 'conjugate', source: 'data y: real[N]\nsample mu ~ Normal(0, 2)\nobserve y ~ Normal(mu, 1)\nreport twice = 2 * mu\n', data: { y }, unknowns: ['mu', 'twice'] },
  { name: 'mixture', source: 'data y: real[N]\ndata K: int\nsample p ~ Dirichlet(ones(K))\nfor k in 0..<K { sample m[k] ~ Normal(0, 3) }\nfor n in 0..<N { sample z[n] ~ Categorical(p)  observe y[n] ~ Normal(m[z[n]], 1) }\n', data: { y, K: 2 }, unknowns: ['p', 'm', 'z'] },
  { name: 'params', source: 'data y: real[N]\nparam mu: real\nparam s: positive\nobserve y ~ Normal(mu, s)\n', data: { y }, unknowns: ['mu', 's'] },
  { name: 'counts', source: 'data y: int[N]\nsample n ~ Poisson(4)\nsample q ~ Beta(1, 1)\nobserve y ~ Binomial(n + 6, q)\n', data: { y: [1, 2, 0] }, unknowns: ['n', 'q'] },
  { name: 'chain', source: 'data y: real[T]\nsample x[0] ~ Normal(0, 1)\nfor t in 1..<T { sample x[t] ~ Normal(x[t-1], 1) }\nobserve y ~ Normal(x, 1)\n', data: { y }, unknowns: ['x'] },
  { name: 'nothing', source: 'data y: real[N]\nobserve y ~ Normal(0, 1)\n', data: { y }, unknowns: [] },
];

/** A flag with its value, and whether it is wrong whatever the program and the other flags. */
interface Chosen { readonly flag: keyof InferFlags; readonly value: string | true; readonly isWrong: boolean }

const wrongCounts: readonly string[] = ['-1', '0.5', 'abc', '', 'NaN', '1e400', '2,5', '99999999999999999999', ' ', '0x', '1e-9'];
const strangeTexts: readonly string[] = ['', ' ', '=', '__proto__', 'constructor', '-1', 'NaN', '[object Object]', 'μ', '1e9', 'true', '(', 'rw(', 'rw(scale: )', 'propose(', 'independent(Normal(0, 1)', 'a+b+c', '+', ',', 'none', 'all', 'yes'];

export function optionSubject(folder: string): Subject {
  return {
    name: 'options',
    make(seed: string, number: number): Case {
      const dice = new Dice(seed, `options ${number}`), chosen = dice.of(models);
      const backend = dice.chance(0.9) ? dice.of([...backends.keys()]) : dice.of(['nuts', 'gibs', '', '__proto__', 'GIBBS']);
      const known = backends.has(backend);
      const flags = [
        { flag: 'backend' as const, value: backend, isWrong: !known },
        ...choices(dice, chosen.unknowns, backend, folder).filter(() => dice.chance(0.3)),
        // So that a run is short, whatever else is said.
        ...(dice.chance(0.98) ? [{ flag: 'draws' as const, value: dice.of(['1', '5', '20', '3e1']), isWrong: false }] : []),
      ];
      const warmup: Chosen = { flag: 'warmup', value: dice.of(['0', '1', '7']), isWrong: false };
      return optionCase(chosen, flags.some(({ flag }) => flag === 'warmup') ? flags : [...flags, warmup], folder);
    },
  };
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
    count('chains', ['1', '2', '3'], ['0']), count('draws', ['1', '4', '30'], ['0']), count('warmup', ['0', '2', '10']), count('thin', ['1', '3'], ['0']),
    oneOf('seed', ['1', '', 'a seed', '-0', '__proto__', '1e400', 'NaN'], []), oneOf('workers', ['auto', '0', '1'], ['-1', 'two', '0.5', 'NaN', '']),
    { flag: 'keep', value: Array.from({ length: 1 + dice.below(2) }, name).join(','), isWrong: false },
    ...Array.from({ length: 3 }, (): Chosen => ({ flag: 'opt', value: option(dice, unknowns, backend), isWrong: false })),
    { flag: 'init', value: startFile(dice, unknowns, folder), isWrong: false },
    oneOf('maxSeconds', ['1', '0.001', '1e9'], ['0', '-1', 'NaN', 'soon', '']), oneOf('until', ['ess=10', 'ess=1'], ['ess=0', 'ess', 'ess=-3', 'rhat=1', 'ess=abc', '', '=', 'ess=']),
    oneOf('pointwise', [true], []), oneOf('plot', [true], []), oneOf('json', [true], []), oneOf('quiet', [true], []),
    { flag: 'out', value: dice.chance(0.9) ? 'fresh' : '/dev/null/x', isWrong: false }, { flag: 'resume', value: dice.of(['nowhere', '', '/', '__proto__']), isWrong: true },
  ];
  return all.filter(({ flag }) => flag !== 'resume' || dice.chance(0.05));
}

/** An option of the backend, or of another one, with a value of some kind. */
function option(dice: Dice, unknowns: readonly string[], backend: string): string {
  const own = backends.get(backend)?.options ?? [], all = [...backends.values()].flatMap(({ options }) => options);
  const { name = 'unit', type = 'text' } = (dice.chance(0.8) ? own : all)[dice.below(Math.max(1, own.length))] ?? {};
  const some = (): string => (unknowns.length > 0 ? dice.of(unknowns) : 'mu');
  const written = dice.chance(0.95) ? name.replace('NAME', dice.chance(0.9) ? some() : dice.of(strangeTexts)) : dice.of([...strangeTexts, 'unit', 'restart', `${name}s`]);
  const fits = {
    number: ['0', '1', '0.5', '1e-9', '1e3', '-1'], integer: ['0', '1', '2', '10', '-1', '1e6', '0.5'], boolean: ['true', 'false'], text: ['random', 'kmeans++', 'unconstrained', 'natural', 'derived', 'none', some(), `${some()}+${some()}`, `${some()}+${some()},${some()}`],
    names: [some(), `${some()},${some()}`, 'y', 'n', 't'],
    kernel: ['derived', 'conjugate', 'enumerate', 'transfer', 'slice', 'rw', 'rw(scale: 0.5)', 'rw(scale: 0.5, adapt: false)', 'rw(scale: -1)', 'independent(Normal(0, 1))', 'independent(Poisson(3))', `propose(Normal(${some()}, 1))`, `propose(Gamma(${some()}, 1))`, 'propose(Normal(nobody, 1))', 'independent(Normal(0, -1))', 'independent(Categorical([0.5, 0.5]))'],
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
    steps(): readonly Step[] { return [{ name: `infer ${subjected.name}`, run: () => runWith(subjected, chosen, folder) }]; },
    *smaller(): Iterable<Case> { for (let k = 0; k < chosen.length; k++) yield optionCase(subjected, chosen.filter((_, i) => i !== k), folder); },
  };
}

function dashed(flag: string): string { return flag.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`); }

/** @throws Error where what comes back is not as it should be. */
async function runWith({ name, source, data }: Subjected, chosen: readonly Chosen[], folder: string): Promise<void> {
  const model = join(folder, `${name}.cred`), dataFile = join(folder, `${name}.json`);
  writeFileSync(model, source);
  writeFileSync(dataFile, JSON.stringify(data));
  const flags: Record<string, unknown> = { data: [dataFile] };
  for (const { flag, value } of chosen) {
    if (flag === 'opt' || flag === 'keep') flags[flag] = [...(flags[flag] as readonly string[] | undefined) ?? [], value];
    else flags[flag] = flag === 'out' && value === 'fresh' ? freshDirectory(folder) : value;
  }
  // Of a flag that is given twice the last counts.
  const wrong = chosen.filter(({ flag, value, isWrong }, k) => isWrong && flags[flag] === value && !chosen.slice(k + 1).some((later) => later.flag === flag));
  const before = process.exitCode, said = muted();
  try {
    const status = await infer(typeof flags['resume'] === 'string' ? undefined : model, flags as InferFlags);
    if (![0, 1, 2].includes(status)) throw new Error(`exit status ${status}`);
    if (wrong.length > 0) throw new Error(`--${wrong[0]!.flag} ${String(wrong[0]!.value)} was accepted`);
    if (/internal error/.test(said.text())) throw new Error(said.text());
  } catch (thrown) {
    if (!(thrown instanceof ModelError)) throw thrown;
    const odd = problemOfRefusal(thrown);
    if (odd !== null) throw new Error(odd);
    if (flags['resume'] === undefined) refusalNames(thrown, chosen);
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

/** Something that was given is named: what is wrong by itself, if it is what was refused. */
function refusalNames({ message }: ModelError, chosen: readonly Chosen[]): void {
  const text = message.toLowerCase();
  const names = ({ flag, value }: Chosen): boolean => wordsFor(flag, String(value)).some((word) => word !== '' && text.includes(word.toLowerCase()));
  if (!chosen.some(names)) throw new Error(`the refusal names no option: ${message}`);
}

/** What a message may call an option that was given. */
function wordsFor(flag: keyof InferFlags, value: string): readonly string[] {
  const option = value.split('=')[0]!;
  switch (flag) {
    case 'opt': return [option, option.replace(/^kernel\./, ''), '--opt'];
    // What `auto` has chosen speaks for itself.
    case 'backend': return [flag, value, ...(value === 'auto' ? ['em', 'map'] : [])];
    case 'keep': return [flag, value];
    case 'init': return [flag, value, 'start'];
    case 'maxSeconds': return [flag, dashed(flag), 'more time'];
    default: return [flag, dashed(flag)];
  }
}

/** Takes what the command prints. */
function muted(): { readonly text: () => string; readonly end: () => void } {
  let text = '';
  const streams = [process.stdout, process.stderr] as const, before = streams.map((stream) => stream.write);
  for (const stream of streams) stream.write = ((piece: string | Uint8Array) => { text += String(piece); return true; }) as typeof stream.write;
  return { text: () => text, end: () => { streams.forEach((stream, k) => { stream.write = before[k]!; }); } };
}
