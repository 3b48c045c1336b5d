/**
 * One program through everything: parsed, printed, explained, drawn, simulated, evaluated and run by
 * every backend. What must hold is stated here; a refusal (`ModelError`) is an outcome, anything else
 * that is thrown is a fault.
 */
import { isDeepStrictEqual } from 'node:util';
import { compile, type Model, ModelError, type Posterior } from '../../src/index.js';
import { parse } from '../../src/1-parse/parse.js';
import { print } from '../../src/1-parse/print.js';
import type { DrawingFormat } from '../../src/2-graph/draw.js';
import { chooserFromOptions } from '../../src/4-infer/kernelOptions.js';
import { backends } from '../../src/4-infer/registry.js';
import { samplerProgram } from '../../src/4-infer/mcmc.js';
import { defaultGibbsKernel, defaultWalkKernel } from '../../src/4-infer/plan.js';
import { Machine } from '../4-infer/machine.js';
import { compile as bound, State } from '../3-derive/support.js';
import type { RandomOptions, RandomProgram } from './arbitraries.js';
import { checkPosterior } from './posteriors.js';

export interface Outcome {
  readonly faults: readonly string[];
  /** What was refused, by step: codes of the diagnostics. */
  readonly refusals: readonly string[];
  readonly slowest: { readonly step: string; readonly seconds: number };
}

/** The backends of the registry; the first two accept every program. */
export const backendNames: readonly string[] = ['gibbs', 'mh', ...[...backends.keys()].filter((name) => name !== 'gibbs' && name !== 'mh')];
const acceptsAll = (name: string): boolean => name === 'gibbs' || name === 'mh';
const formats: readonly DrawingFormat[] = ['svg', 'dot', 'mermaid', 'json'];

function withoutSpans(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(withoutSpans);
  if (typeof node !== 'object' || node === null) return node;
  return Object.fromEntries(
    Object.entries(node)
      .filter(([key]) => key !== 'span')
      .map(([key, value]) => [key, withoutSpans(value)]),
  );
}

/** Runs all steps (or those whose name `only` matches); a step that fails does not keep the others from running. */
export async function checkProgram(
  { source, data, simulable }: RandomProgram,
  options: RandomOptions,
  only: RegExp | null = null,
): Promise<Outcome> {
  const faults: string[] = [],
    refusals: string[] = [];
  let slowest = { step: '', seconds: 0 };
  const step = async (name: string, mustAccept: boolean, run: () => unknown): Promise<void> => {
    if (only !== null && name !== 'compile' && !only.test(name)) return;
    const start = process.cpuUsage();
    try {
      await run();
    } catch (thrown) {
      const refused = thrown instanceof ModelError;
      if (refused)
        refusals.push(
          `${name}: ${thrown.diagnostics
            .filter((d) => d.severity === 'error')
            .map((d) => d.code)
            .join(', ')}`,
        );
      if (!refused || mustAccept)
        faults.push(`${name}: ${thrown instanceof Error ? (refused ? thrown.message : (thrown.stack ?? thrown.message)) : String(thrown)}`);
      else if (/undefined|\[object|NaN|%\w/.test(thrown.message.replaceAll(source, ''))) faults.push(`${name}: message ${thrown.message}`);
    }
    const seconds = process.cpuUsage(start).user / 1e6;
    if (seconds > slowest.seconds) slowest = { step: name, seconds };
  };
  const expect = (holds: boolean, what: string): void => {
    if (!holds) throw new Error(what);
  };

  await step('print and reparse', true, () => {
    const { program } = parse(source);
    expect(program !== null, 'a printed program is not parsed');
    expect(
      isDeepStrictEqual(withoutSpans(parse(print(program!)).program), withoutSpans(program)),
      `printing changes the program to ${print(program!)}`,
    );
  });
  let model: Model | null = null;
  await step('compile', true, () => {
    model = compile(source, 'model.cred');
  });
  if (model === null) return { faults, refusals, slowest };
  const compiled = model as Model;
  await step('graph', true, () => {
    for (const format of formats)
      expect(!/undefined|NaN/.test(compiled.graph(format).replaceAll(/<title>.*<\/title>/g, '')), `graph ${format} shows undefined`);
  });
  for (const backend of backendNames) {
    await step(`explain ${backend}`, acceptsAll(backend), () => {
      const derivation = compiled.explain({ backend });
      for (const text of [derivation.toText(), derivation.toLatex(), JSON.stringify(derivation)])
        expect(
          text.length > 0 && !/undefined|\[object|NaN/.test(text),
          `explain shows ${/.{0,60}(undefined|\[object|NaN).{0,60}/.exec(text)?.[0] ?? 'nothing'}`,
        );
    });
    await step(`explain ${backend} with data`, acceptsAll(backend), () => {
      compiled.explain({ backend, data });
    });
  }
  await step('logp', true, () => {
    const density = compiled.logDensity(data);
    const terms = density.byFactor(
      Object.fromEntries(
        density.unknowns.map(({ name, shape }) => [name, Object.hasOwn(data, name) ? gapsOnly(data[name]) : filled(shape, 0.5)]),
      ),
    );
    expect(
      terms.every(({ span }) => span.end <= source.length),
      'a term has a span outside the program',
    );
  });
  for (const backend of ['gibbs', 'mh'] as const)
    await step(`log joint of ${backend}`, true, () => checkLogJoint(source, data, backend, String(options.seed)));
  for (const backend of backendNames) {
    await step(backend, acceptsAll(backend), async () => checkPosterior(await infer(compiled, data, backend, options)));
  }
  if (simulable) {
    let simulated: Readonly<Record<string, unknown>> | null = null;
    // A vector that is given in part is not drawn given the rest.
    await step('sample', !Object.values(data).some(hasTornRow), () => {
      const [draw, second] = compiled.sample(data, { seed: options.seed, count: 2 });
      expect(isDeepStrictEqual(draw, compiled.sample(data, { seed: options.seed })), 'sampling is not reproducible');
      expect(second !== undefined, 'one of two draws is absent');
    });
    await step('sample observed', true, () => {
      // Sizes come from the data; every datum that an observe statement generates is left out.
      simulated = compiled.sample(withoutObserved(compiled, data), { seed: options.seed, observed: true });
    });
    if (simulated !== null) {
      const conditioned = Object.fromEntries(
        compiled.inputs.unknowns.filter((name) => Object.hasOwn(data, name)).map((name) => [name, data[name]]),
      );
      await step('gibbs on simulated data', true, async () =>
        checkPosterior(await infer(compiled, { ...conditioned, ...simulated }, 'gibbs', options)),
      );
    }
  }
  return { faults, refusals: [...new Set(refusals)], slowest };
}

/** A point of data with gaps: a value for each gap, null for what is given. */
function gapsOnly(value: unknown): unknown {
  return Array.isArray(value) ? value.map(gapsOnly) : value === null || Number.isNaN(value) ? 0.5 : null;
}
/** True of lists of lists of which one has values and gaps. */
function hasTornRow(value: unknown): boolean {
  if (!Array.isArray(value)) return false;
  const isMissing = (x: unknown): boolean => x === null || Number.isNaN(x);
  return value.some((row) => Array.isArray(row) && (hasTornRow(row) || (row.some(isMissing) && !row.every(isMissing))));
}
function filled(shape: readonly number[], value: number): unknown {
  const [n, ...rest] = shape;
  return n === undefined ? value : Array.from({ length: n }, () => filled(rest, value));
}

/** Data without what `sample` can generate, and the sizes that went with it. */
function withoutObserved(model: Model, data: Readonly<Record<string, unknown>>): Map<string, unknown> {
  const graph = JSON.parse(model.graph('json')) as { nodes?: readonly { readonly name: string; readonly kind: string }[] };
  void graph;
  const observed = new Set([...model.source.matchAll(/observe (\w+|[^\s~[]+)(?:\[[^~]*\])? ~/g)].map((match) => match[1]!));
  const rest = new Map<string, unknown>();
  for (const [name, value] of Object.entries(data)) if (!observed.has(name)) rest.set(name, value);
  for (const [, name, dims] of model.source.matchAll(/data (\S+): [a-z]+\[([^\]]*)\]/g)) {
    if (!observed.has(name!)) continue;
    let value: unknown = data[name!];
    for (const size of dims!.split(',').map((d) => d.trim())) {
      if (/^N\d+$/.test(size) && Array.isArray(value)) rest.set(size, value.length);
      value = Array.isArray(value) ? value[0] : undefined;
    }
  }
  for (const [name, value] of Object.entries(data)) if (/^N\d+$/.test(name)) rest.set(name, value);
  return rest;
}

function infer(model: Model, data: Readonly<Record<string, unknown>>, backend: string, options: RandomOptions): Promise<Posterior> {
  const { unknowns } = model.inputs;
  const free = unknowns.filter((name) => !Object.hasOwn(data, name));
  const kernel =
    backend === 'cavi' || options.kernel === 'derived'
      ? {}
      : {
          options: Object.fromEntries(
            free.filter((name) => takes(model, data, name, options.kernel)).map((name) => [`kernel.${name}`, options.kernel]),
          ),
        };
  const keep = options.keepFirst && free.length > 0 ? { keep: [free[0]!] } : {};
  return model.infer(data, {
    backend,
    chains: options.chains,
    draws: 20,
    warmup: options.warmup,
    thin: options.thin,
    seed: options.seed,
    workers: 0,
    ...kernel,
    ...keep,
  });
}

/** A kernel that does not fit a variable is refused; that is tested elsewhere. */
function takes(model: Model, data: Readonly<Record<string, unknown>>, name: string, kernel: string): boolean {
  try {
    model.explain({ backend: 'gibbs', data, options: { [`kernel.${name}`]: kernel } });
    return true;
  } catch (thrown) {
    if (thrown instanceof ModelError) return false;
    throw thrown;
  }
}

/** The log joint that generated code computes at the state after some sweeps against the statements, walked one by one. */
function checkLogJoint(source: string, data: Readonly<Record<string, unknown>>, backend: 'gibbs' | 'mh', seed: string): void {
  const compiled = bound(source, data);
  const chooser = chooserFromOptions(compiled.graph, {}, backend === 'mh' ? defaultWalkKernel : defaultGibbsKernel);
  const machine = new Machine(samplerProgram(compiled.bound, chooser, { keep: null, init: null }), seed);
  machine.call('initialise');
  for (let sweep = 0; sweep < 5; sweep++) machine.call('sweep', Number(sweep < 2));
  machine.call('report');
  const values: Record<string, readonly number[]> = Object.create(null) as Record<string, readonly number[]>;
  for (const v of compiled.bound.variables.values()) {
    const origin = compiled.graph.variables.get(v.name)?.origin;
    if (v.status === 'latent' || v.status === 'partial') if (origin !== 'predict') values[v.name] = [...machine.get(v.name)];
  }
  const state = new State(compiled, 1, 1, values);
  const expected = state.logJoint,
    found = machine.logJoint();
  const close =
    Math.abs(found - expected) <= 1e-9 * (1 + Math.abs(expected)) ||
    Object.is(found, expected) ||
    (Number.isNaN(found) && Number.isNaN(expected));
  if (!close) throw new Error(`generated code gives the log joint ${found}, the statements ${expected}`);
}
