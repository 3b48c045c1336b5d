/**
 * Options of a run: from what a caller wrote to what a backend takes. Everything that is wrong is
 * reported together, as values; nothing here throws or runs.
 */
import type { BoundModel, BoundVariable } from './2-graph/bound.js';
import { elementName, indicesOf, readValue } from './2-graph/data.js';
import type { Backend, OptionDoc, ProgressEvent, RunStore } from './4-infer/backend.js';
import { sizeOf } from './4-infer/posterior.js';
import { backends, laterBackends } from './4-infer/registry.js';
import type { Diagnostic } from './errors/diagnostic.js';
import { didYouMean } from './errors/render.js';

/** Options of one backend by name; numbers, booleans and texts are taken as on the command line. */
export type BackendOptions = Readonly<Record<string, string | number | boolean>>;

/** How to run; all may be absent. */
export interface InferOptions {
  /** `auto` where none is named: the one that suits the program. */
  readonly backend?: string | undefined;
  /** 4; at most 10,000. */
  readonly chains?: number | undefined;
  /** Kept draws of each chain: 1000. */
  readonly draws?: number | undefined;
  /** Sweeps of each chain before the first kept draw: 1000. */
  readonly warmup?: number | undefined;
  /** Sweeps for each kept draw: 1. */
  readonly thin?: number | undefined;
  /** Any text or number: 1. The same seed, program and data give the same draws. */
  readonly seed?: string | number | undefined;
  /** Worker threads; 0 runs on the calling thread; `auto` takes as many as pay. */
  readonly workers?: number | 'auto' | undefined;
  /** Names of the variables to keep; all that are inferred or reported where absent. */
  readonly keep?: readonly string[] | undefined;
  /** Start values by name of variable. */
  readonly init?: Readonly<Record<string, unknown>> | undefined;
  /** Options of the backend (`credence backends` lists them), and `unit`: the indices that count units of the data. */
  readonly options?: BackendOptions | undefined;
  /** Keep what WAIC and leave-one-out need, and have every summary hold them, however many data there are. */
  readonly pointwise?: boolean | undefined;
  /** Hears of each chain now and then. */
  readonly onProgress?: ((event: ProgressEvent) => void) | undefined;
  /** Ends chains after so many seconds, compilation included, with the draws that there are; iterations with the best so far. */
  readonly maxSeconds?: number | undefined;
  /**
   * Ends chains once every unknown outside of data plates has this bulk and tail effective size; `draws` is then the most of each chain:
   * 100,000.
   */
  readonly until?: { readonly ess: number } | undefined;
  /**
   * Ends chains when it is aborted, with the draws that there are; iterations with the best so far. Where there is nothing yet, and of
   * `exact`, the run rejects with a ModelError of code `stopped-early`.
   */
  readonly signal?: AbortSignal | undefined;
  /** Where chains are kept while they run. */
  readonly store?: RunStore | undefined;
}

/** Settings of a run that need no data to be judged. */
export interface Settings {
  readonly backend: Backend | null;
  readonly chains: number;
  readonly draws: number;
  readonly warmup: number;
  readonly thin: number;
  readonly seed: string;
  readonly workers: number | 'auto';
  readonly options: Readonly<Record<string, string>>;
  readonly unit: string | null;
  readonly pointwise: boolean;
  /** Infinite where nothing was said. */
  readonly maxSeconds: number;
  /** Effective size at which a run ends; null where it makes all its draws. */
  readonly until: number | null;
}

/** Options that belong to no backend. */
export const commonOptions: readonly OptionDoc[] = [
  {
    name: 'unit',
    type: 'names',
    default: 'one an observation',
    doc: 'indices of loops that count the units of WAIC and leave-one-out: unit=n joins all observations with the same n',
  },
];

const defaultBackend = 'auto';
/** Each has its own start, state and diagnostics; more would take minutes where its draws take seconds. */
const mostChains = 10_000;
/** Draws of each chain where nothing is said of them. */
export const usualDraws = 1000;
/** Draws of each chain at most, where a run goes on until they are worth enough. */
const mostDraws = 100_000;
const optionsOfRuns: readonly (keyof InferOptions | 'onNotes')[] = [
  'backend',
  'chains',
  'draws',
  'warmup',
  'thin',
  'seed',
  'workers',
  'keep',
  'init',
  'options',
  'pointwise',
  'onProgress',
  'maxSeconds',
  'until',
  'signal',
  'store',
  'onNotes',
];

/** What a caller wrote as options; none, with a problem, where it is no object. A problem also for each name that is no option. */
export function readOptions<Options extends object>(
  given: Options,
  known: readonly (keyof Options & string)[],
  problems: Diagnostic[],
): Partial<Options> {
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    problems.push(wrongOption(`The options are ${show(given)}; they must be an object of options by name.`));
    return {};
  }
  for (const name of Object.keys(given)) {
    if ((known as readonly string[]).includes(name)) continue;
    const near = didYouMean(name, known);
    problems.push(
      wrongOption(`There is no option ${name}.`, near === null ? `The options are ${known.join(', ')}.` : `did you mean ${near}?`),
    );
  }
  return given;
}

/** A function that is called with what happens; none, with a problem, where it is no function. */
export function readListener<Event>(
  name: string,
  listener: ((event: Event) => void) | undefined,
  problems: Diagnostic[],
): ((event: Event) => void) | undefined {
  if (listener === undefined || typeof listener === 'function') return listener;
  problems.push(wrongOption(`${name} is ${show(listener)}; it must be a function.`));
  return undefined;
}

/** The settings, with defaults where an option is absent or wrong. */
export function readSettings(given: InferOptions & { readonly onNotes?: unknown }): {
  readonly settings: Settings;
  readonly problems: readonly Diagnostic[];
} {
  const problems: Diagnostic[] = [];
  const options = readOptions(given, optionsOfRuns, problems);
  readListener('onProgress', options.onProgress, problems);
  readSignal(options.signal, problems);
  const store: unknown = options.store;
  if (store !== undefined && (typeof store !== 'object' || store === null))
    problems.push(wrongOption(`store is ${show(store)}; it must be an object that keeps chains.`));
  const count = (name: 'chains' | 'draws' | 'warmup' | 'thin', least: number, fallback: number, most = Number.MAX_SAFE_INTEGER): number => {
    const value: unknown = options[name];
    if (value === undefined) return fallback;
    if (typeof value === 'number' && Number.isSafeInteger(value) && value >= least && value <= most) return value;
    const isMore = typeof value === 'number' && value > most;
    problems.push(
      wrongOption(
        `${name} is ${show(value)}; it must be a whole number of at ${isMore ? `most ${most}` : `least ${least}`}.`,
        isMore ? 'Draws of one chain cost less than chains: ask for more of these.' : undefined,
      ),
    );
    return fallback;
  };
  const backend = findBackend(options.backend ?? defaultBackend, problems);
  const { unit, ...own } = readBackendOptions(options.options ?? {}, backend, problems);
  const pointwise: unknown = options.pointwise ?? false;
  if (typeof pointwise !== 'boolean') problems.push(wrongOption(`pointwise is ${show(pointwise)}; it must be true or false.`));
  const until = readUntil(options.until, problems),
    maxSeconds = readMaxSeconds(options.maxSeconds, problems);
  if (backend !== null && backend.runsChains !== true) {
    if (options.until !== undefined) problems.push(wrongOption(`until is for backends that run chains; ${backend.name} does not.`));
    if (options.maxSeconds !== undefined && backend.iterates !== true)
      problems.push(wrongOption(`maxSeconds is for backends that run chains or iterate; ${backend.name} does not.`));
  }
  return {
    settings: {
      backend,
      until,
      maxSeconds,
      chains: count('chains', 1, 4, mostChains),
      draws: count('draws', 1, until === null ? usualDraws : mostDraws),
      warmup: count('warmup', 0, 1000),
      thin: count('thin', 1, 1),
      seed: readSeed(options.seed, problems),
      workers: readWorkers(options.workers, problems),
      options: own,
      unit: unit ?? null,
      pointwise: pointwise === true,
    },
    problems,
  };
}

/** A backend of this version by name, or null with a problem that says what there is. */
export function findBackend(name: string, problems: Diagnostic[]): Backend | null {
  const found = backends.get(name);
  if (found !== undefined) return found;
  const list = `Backends of this version: ${[...backends.keys()].join(', ')}.`;
  if (laterBackends.includes(name)) {
    problems.push({ code: 'not-in-this-version', severity: 'error', message: `The backend ${name} is not in this version.`, hint: list });
    return null;
  }
  const near = didYouMean(String(name), [...backends.keys(), ...laterBackends]);
  problems.push({
    code: 'unknown-backend',
    severity: 'error',
    message: `There is no backend ${show(name)}.`,
    hint: near === null ? list : `did you mean ${near}? ${list}`,
  });
  return null;
}

/** The text of a seed. */
export function readSeed(seed: unknown, problems: Diagnostic[]): string {
  if (seed === undefined) return '1';
  if (typeof seed === 'string' || (typeof seed === 'number' && !Number.isNaN(seed))) return String(seed);
  problems.push(wrongOption(`seed is ${show(seed)}; it must be a number or a text.`));
  return '1';
}

function readUntil(until: unknown, problems: Diagnostic[]): number | null {
  if (until === undefined) return null;
  const ess: unknown =
    typeof until === 'object' && until !== null && Object.keys(until).join() === 'ess' ? Object.values(until)[0] : undefined;
  if (typeof ess === 'number' && ess > 0 && Number.isFinite(ess)) return ess;
  problems.push(wrongOption(`until is ${show(until)}; it must be an effective sample size such as { ess: 400 }.`));
  return null;
}

function readMaxSeconds(maxSeconds: unknown, problems: Diagnostic[]): number {
  if (maxSeconds === undefined) return Number.POSITIVE_INFINITY;
  if (typeof maxSeconds === 'number' && maxSeconds > 0) return maxSeconds;
  problems.push(wrongOption(`maxSeconds is ${show(maxSeconds)}; it must be a number above 0.`));
  return Number.POSITIVE_INFINITY;
}

/** What is no signal is never aborted. */
function readSignal(signal: unknown, problems: Diagnostic[]): void {
  if (signal === undefined) return;
  if (typeof signal === 'object' && signal !== null && 'aborted' in signal && typeof signal.aborted === 'boolean') return;
  problems.push(wrongOption(`signal is ${show(signal)}; it must be the signal of an AbortController.`));
}

function readWorkers(workers: unknown, problems: Diagnostic[]): number | 'auto' {
  if (workers === undefined || workers === 'auto') return 'auto';
  if (typeof workers === 'number' && Number.isSafeInteger(workers) && workers >= 0) return workers;
  problems.push(wrongOption(`workers is ${show(workers)}; it must be auto or a whole number of at least 0.`));
  return 'auto';
}

/** Options of a backend as texts; names and simple types are checked here, what they mean by the backend. */
export function readBackendOptions(
  given: BackendOptions,
  backend: Backend | null,
  problems: Diagnostic[],
): Readonly<Record<string, string>> {
  const options = Object.create(null) as Record<string, string>;
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    problems.push(wrongOption(`The options of a backend are ${show(given)}; they must be an object of options by name.`));
    return options;
  }
  for (const [name, value] of Object.entries(given)) {
    if (!['string', 'number', 'boolean'].includes(typeof value)) {
      problems.push(wrongOption(`The option ${name} is ${show(value)}; it must be a text, a number or a boolean.`));
      continue;
    }
    const text = String(value);
    options[name] = text;
    if (backend === null) continue;
    const option = [...commonOptions, ...backend.options].find(
      (candidate) =>
        candidate.name === name || (candidate.name.endsWith('.NAME') && name.startsWith(candidate.name.slice(0, -'NAME'.length))),
    );
    if (option === undefined) {
      const known = backend.options.map((candidate) => candidate.name);
      const near =
        didYouMean(name, known) ?? didYouMean(name.replace(/\..*$/, '.NAME'), known)?.replace(/\.NAME$/, name.slice(name.indexOf('.')));
      const list = known.length === 0 ? `${backend.name} takes no options.` : `The options of ${backend.name} are ${known.join(', ')}.`;
      problems.push(
        wrongOption(
          `The backend ${backend.name} has no option ${/^[\w.]+$/.test(name) ? name : show(name)}.`,
          near === null || near === undefined ? list : `did you mean ${near}? ${list}`,
        ),
      );
    } else {
      const expected = misfit(option, text);
      if (expected !== null) problems.push(wrongOption(`The option ${name} is ${show(text)}; it must be ${expected}.`));
    }
  }
  return options;
}

/** What a value of an option's type must be, or null where the text is one. */
function misfit(option: OptionDoc, text: string): string | null {
  const number = text.trim() === '' ? Number.NaN : Number(text);
  switch (option.type) {
    case 'number':
      return Number.isFinite(number) ? null : 'a number';
    case 'integer':
      return Number.isSafeInteger(number) ? null : 'a whole number';
    case 'boolean':
      return text === 'true' || text === 'false' ? null : 'true or false';
    default:
      return null;
  }
}

/** Names to keep, each of a variable that a run can record. */
export function readKeep(keep: readonly string[] | undefined, bound: BoundModel, problems: Diagnostic[]): readonly string[] | null {
  if (keep === undefined) return null;
  if (!Array.isArray(keep)) {
    problems.push(wrongOption(`keep is ${show(keep)}; it must be a list of names.`));
    return null;
  }
  const recordable = [...bound.graph.variables.values()]
    .filter((v) => v.origin !== 'constant' && (v.origin !== 'data' || bound.variables.get(v.name)?.status !== 'given'))
    .map((v) => v.name)
    .filter((name) => !name.includes('$'));
  for (const name of keep) {
    if (recordable.includes(name)) continue;
    const near = didYouMean(String(name), recordable);
    const what = bound.graph.variables.has(name)
      ? `${name} is given by the data; there is nothing to keep.`
      : `There is no variable ${show(name)} to keep.`;
    problems.push(wrongOption(what, near === null ? `There are ${recordable.join(', ')}.` : `did you mean ${near}?`));
  }
  return keep;
}

/**
 * Start values as nested arrays, each of the shape of an unknown. Whether they lie in its support is
 * left to `conditionedData`.
 */
export function readInit(init: InferOptions['init'], bound: BoundModel, problems: Diagnostic[]): Readonly<Record<string, unknown>> | null {
  if (init === undefined || init === null) return null;
  if (typeof init !== 'object' || Array.isArray(init)) {
    problems.push(wrongOption(`init is ${show(init)}; it must be an object of values by name.`));
    return null;
  }
  const unknowns = [...bound.variables.values()].filter((v) => v.status === 'latent').map((v) => v.name);
  const out = Object.create(null) as Record<string, unknown>;
  for (const [name, value] of Object.entries(init)) {
    if (!unknowns.includes(name)) {
      const near = didYouMean(name, unknowns);
      const known = bound.variables.has(name);
      problems.push(
        wrongInit(
          known ? `${name} is not an unknown that can be given a start.` : `There is no unknown ${show(name)} to give a start.`,
          near === null ? `The unknowns are ${unknowns.join(', ')}.` : `did you mean ${near}?`,
        ),
      );
      continue;
    }
    const variable = bound.variables.get(name)!;
    const flat = flatValue(variable, value);
    if (typeof flat === 'string')
      problems.push(
        wrongInit(
          `The start of ${flat}.`,
          `${name} starts from ${variable.shape.length === 0 ? 'a number' : `numbers in lists of shape [${variable.shape.join(', ')}]`}`,
        ),
      );
    else out[name] = nest(flat, variable.shape, 0);
  }
  return out;
}

/**
 * The numbers of a value for an unknown, row-major, or what is wrong with it (a sentence that begins with the name). Of
 * data with gaps the value is the whole array: given elements may be null, and must agree with the data where they are not.
 */
export function flatValue(variable: BoundVariable, value: unknown): Float64Array | string {
  const { name, shape, mask, absent } = variable;
  const reading = readValue(value);
  const at = (indices: readonly number[]): string => (indices.length === 0 ? name : `${name}[${indices.join(',')}]`);
  switch (reading.kind) {
    case 'ragged':
      return `${at(reading.at)} ${reading.found}; expected ${reading.expected}`;
    case 'nested-object':
      return `${at(reading.at)} is an object, not a number`;
    case 'not-a-number':
      return `${at(reading.at)} is ${reading.found}, not a number`;
    case 'array': {
      const same = reading.shape.length === shape.length && reading.shape.every((d, axis) => d === shape[axis]);
      // An empty list has no say about the dimensions after the first that is empty.
      if (!same && !(reading.open && sizeOf(shape) === 0))
        return `${name} has shape [${reading.shape.join(', ')}]; expected [${shape.join(', ')}]`;
      const flat = reading.values.slice();
      for (let k = 0; k < flat.length; k++) {
        const element = elementName(name, k, shape),
          x = flat[k]!;
        if (absent?.[k] === 1) {
          flat[k] = 0;
          continue;
        }
        const given = mask !== undefined && mask[k] === 0 ? variable.values[k]! : null;
        if (given === null && Number.isNaN(x)) return `${element} is ${missingAt(value, indicesOf(k, shape))}; a number is needed`;
        if (given === null) continue;
        if (!Number.isNaN(x) && x !== given) return `${element} is ${x}, but the data say ${given}; write null for what is given`;
        flat[k] = given;
      }
      return flat;
    }
  }
}

/** What stands for a missing number in a value: flat forms of arrays hold NaN. */
function missingAt(value: unknown, at: readonly number[]): string {
  const found = at.reduce((inner: unknown, k) => (Array.isArray(inner) ? (inner as readonly unknown[])[k] : Number.NaN), value);
  return found === null || found === undefined ? String(found) : 'NaN';
}

/** Row-major numbers as nested lists; a number for a scalar. */
export function nest(values: ArrayLike<number>, shape: readonly number[], offset: number): unknown {
  const [length, ...rest] = shape;
  if (length === undefined) return values[offset];
  const stride = sizeOf(rest);
  return Array.from({ length }, (_, i) => nest(values, rest, offset + i * stride));
}

function wrongOption(message: string, hint?: string): Diagnostic {
  return { code: 'wrong-option', severity: 'error', message, hint };
}
function wrongInit(message: string, hint?: string): Diagnostic {
  return { code: 'wrong-init', severity: 'error', message, hint };
}

/** A value as a user would write it. */
function show(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.length > 40 ? `${value.slice(0, 40)}...` : value);
  if (typeof value === 'object' && value !== null) return Array.isArray(value) ? 'a list' : 'an object';
  return typeof value === 'function' ? 'a function' : String(value);
}
