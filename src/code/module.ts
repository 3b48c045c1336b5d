/**
 * From a module of loop code to functions that run: print (optimise, schedule, tidy, print) and
 * instantiate. Printing takes time in proportion to the program, never to the data.
 */
import { type Diagnostic, InternalError, ModelError } from '../errors/diagnostic.js';
import { renderDiagnostics } from '../errors/render.js';
import { flattenModule, sizeOfModule, unrollModule } from './fold.js';
import { printJavaScript } from './javascript.js';
import type { ElementType, Module } from './loop.js';
import { registerModule } from './registers.js';
import type { Runtime } from './runtime.js';
import { schedule } from './schedule.js';
import type { Schedule } from './steps.js';
import { tidy } from './tidy.js';

/** Memory that generated code works on, in the order of its `arrays`. */
export interface PrintedStorage {
  readonly name: string;
  readonly type: ElementType;
  readonly shape: readonly number[];
  readonly place: 'data' | 'state' | 'scratch';
}

export interface PrintedModule {
  /** Body of `function (runtime, arrays)`; returns the entry points by name. */
  readonly source: string;
  /** The module's data, state and scratch storages in their order, then scratch that printing added. */
  readonly storages: readonly PrintedStorage[];
}

/** An entry point: takes the module's parameters, returns a number or nothing. */
export type EntryPoint = (...args: readonly number[]) => number | undefined;

/**
 * Characters. V8 leaves a function of more than 60 KB of bytecode (`max_optimized_bytecode_size`) to its interpreter, several times
 * slower; sweeps of mixtures had 0.95 to 0.97 bytes for each character of their text.
 */
const longestOptimised = 57_000;
/** Unrolling that makes a module less than so many times as large is not what makes a function long. */
const grownByUnrolling = 1.5;

/** Prints with as much unrolled as leaves every function short enough: all, else a quarter of it (as fast or faster on mixtures), else nothing. */
function printOptimised(flat: Module): PrintedModule {
  const attempt = (share: number): { readonly printed: PrintedModule; readonly isShort: boolean; readonly isGrown: boolean } => {
    const unrolled = unrollModule(flat, share),
      scheduled = tidy(schedule(registerModule(unrolled), true)),
      { source, longestFunction } = printJavaScript(scheduled, true);
    return {
      printed: { source, storages: printedStorages(scheduled) },
      isShort: longestFunction <= longestOptimised,
      isGrown: sizeOfModule(unrolled) >= grownByUnrolling * sizeOfModule(flat),
    };
  };
  const whole = attempt(1);
  if (whole.isShort || !whole.isGrown) return whole.printed;
  const part = attempt(0.25);
  return part.isShort ? part.printed : attempt(0).printed;
}

/**
 * JavaScript for a module. `optimise: false` prints every expression where it stands, for tests.
 * @throws InternalError for code that breaks the contract of `loop.ts`.
 */
export function printModule(module: Module, options: { readonly optimise: boolean } = { optimise: true }): PrintedModule {
  const flat = flattenModule(module);
  if (options.optimise) return printOptimised(flat);
  const scheduled = schedule(flat, false);
  return { source: printJavaScript(scheduled, false).source, storages: printedStorages(scheduled) };
}

function printedStorages({ storages }: Schedule): readonly PrintedStorage[] {
  return storages.flatMap((s): PrintedStorage[] =>
    s.place === 'local' ? [] : [{ name: s.name, type: s.type, shape: s.shape, place: s.place }],
  );
}

/** Zeroed memory for printed storages, data excepted where `values` has it. */
export function allocate(
  storages: readonly PrintedStorage[],
  values: ReadonlyMap<string, Float64Array | Int32Array> = new Map(),
): (Float64Array | Int32Array)[] {
  return storages.map((s) => {
    const length = s.shape.reduce((product, d) => product * d, 1);
    return values.get(s.name) ?? (s.type === 'int32' ? new Int32Array(length) : new Float64Array(length));
  });
}

/** Whether the platform lets code be generated. A page and its workers may differ in that. */
export function generatesCode(): boolean {
  try {
    new Function('');
    return true;
  } catch {
    return false;
  }
}

/** Printed code, ready to be put over memory; entry points of one factory share what the platform has compiled of them. */
export type ModuleFactory = (runtime: Runtime, arrays: readonly (Float64Array | Int32Array)[]) => Readonly<Record<string, EntryPoint>>;

/** @throws ModelError where the platform forbids code generation; InternalError where the text does not parse. */
export function moduleFactory(source: string): ModuleFactory {
  try {
    return new Function('runtime', 'arrays', source) as ModuleFactory;
  } catch (error) {
    if (error instanceof SyntaxError) throw new InternalError(`generated code does not parse: ${String(error)}`);
    const diagnostic: Diagnostic = {
      code: 'no-code-generation',
      severity: 'error',
      message: 'code generation is forbidden here, and Credence runs models as generated code',
      hint: "On a web page allow 'unsafe-eval' in the script-src of the Content-Security-Policy; under Node leave out --disallow-code-generation-from-strings.",
    };
    throw new ModelError([diagnostic], renderDiagnostics([diagnostic], '', 'platform'));
  }
}

/**
 * The entry points of printed code over the given memory. Data must be in its arrays already: what
 * depends on data alone is computed here, once.
 * @throws ModelError where the platform forbids code generation; InternalError where the text does not parse.
 */
export function instantiate(
  source: string,
  arrays: readonly (Float64Array | Int32Array)[],
  runtime: Runtime,
): Readonly<Record<string, EntryPoint>> {
  return moduleFactory(source)(runtime, arrays);
}
