/** The steps that a program goes through: parsed, printed, drawn, explained, evaluated, simulated, run; and what each must give. */
import { parse } from '../../src/1-parse/parse.js';
import { print } from '../../src/1-parse/print.js';
import type { DrawingFormat } from '../../src/2-graph/draw.js';
import { backends } from '../../src/4-infer/registry.js';
import { compile, type Model, ModelError } from '../../src/index.js';
import { problemOfRefusal, runSeconds, type Step, toldToEnd } from './cases.js';
import { checkPosterior } from './posteriors.js';

type Values = Readonly<Record<string, unknown>>;

/** What is done with a program, after what is done with all. */
export interface Course {
  readonly backend: string;
  readonly format: DrawingFormat;
  /** Whether it is explained with its data and run by the backend. */
  readonly runs: boolean;
  /** Whether its density is evaluated, and draws are made from it. */
  readonly evaluates: boolean;
}

export function programSteps(source: string, data: Values, { backend, format, runs, evaluates }: Course): readonly Step[] {
  let model: Model | null = null;
  const withModel = (use: (model: Model) => unknown) => (): unknown => (model === null ? null : use(model));
  return [
    {
      name: 'compile',
      run: () => {
        model = compiled(source);
      },
    },
    { name: 'print', run: withModel(() => printed(source)) },
    { name: `graph ${format}`, run: withModel((m) => pictured(m, format)) },
    { name: `explain ${backend}`, run: withModel((m) => explained(m, backend, null)) },
    ...(runs
      ? [
          { name: `explain-data ${backend}`, run: withModel((m) => explained(m, backend, data)) },
          { name: `infer ${backend}`, run: withModel((m) => ranBriefly(m, data, backend)) },
        ]
      : []),
    ...(evaluates
      ? [
          { name: 'logp', run: withModel((m) => evaluated(m, data)) },
          { name: 'gradient', run: withModel((m) => differentiated(m, data)) },
          {
            name: 'sample',
            run: withModel((m) => {
              m.sample(data, { seed: 1, count: 2 });
            }),
          },
        ]
      : []),
  ];
}

function compiled(source: string): Model | null {
  try {
    return compile(source, 'model.cred');
  } catch (thrown) {
    if (!(thrown instanceof ModelError)) throw thrown;
    const outside = thrown.diagnostics.find(
      ({ span }) => span !== undefined && !(0 <= span.start && span.start <= span.end && span.end <= source.length),
    );
    if (outside !== undefined) throw new Error(`the place of a message lies outside of the program: ${outside.message}`);
    const wrong = problemOfRefusal(thrown);
    if (wrong !== null) throw new Error(wrong);
    return null;
  }
}

function printed(source: string): void {
  const { program } = parse(source);
  if (program === null) return;
  const text = print(program),
    again = parse(text).program;
  if (again === null || print(again) !== text) throw new Error(`printing does not give the program back: ${text}`);
}

function pictured(model: Model, format: DrawingFormat): void {
  const text = model.graph(format);
  if (format === 'json') JSON.parse(text);
  if (format === 'svg' && /<script|<img/.test(text)) throw new Error('a picture holds elements of the program text');
}

function explained(model: Model, backend: string, data: Values | null): void {
  const derivation = model.explain({ backend, ...(data === null ? {} : { data }) });
  for (const text of [derivation.toText(), derivation.toLatex()]) if (/\[object/.test(text)) throw new Error(`explain shows ${text}`);
  JSON.stringify(derivation);
}

/** Values for the unknowns: a draw of the program, or a half for each where it cannot be drawn from. */
function point(model: Model, data: Values, unknowns: readonly { readonly name: string; readonly shape: readonly number[] }[]): Values {
  let drawn: Values = {};
  try {
    drawn = model.sample(data, { seed: 1 });
  } catch (thrown) {
    if (!(thrown instanceof ModelError)) throw thrown;
  }
  return Object.fromEntries(unknowns.map(({ name, shape }) => [name, Object.hasOwn(drawn, name) ? drawn[name] : filled(shape, 0.5)]));
}

function evaluated(model: Model, data: Values): void {
  const density = model.logDensity(data);
  density.byFactor(
    point(
      model,
      data,
      density.unknowns.filter(({ name }) => !Object.hasOwn(data, name)),
    ),
  );
}

function differentiated(model: Model, data: Values): void {
  const density = model.logDensity(data);
  density.gradient(point(model, data, density.unknowns));
}

function filled(shape: readonly number[], value: number): unknown {
  const [n, ...rest] = shape;
  return n === undefined ? value : Array.from({ length: n }, () => filled(rest, value));
}

/**
 * A run of the fewest sweeps that reach everything, which is told to end where that takes long all the same. Answers `toldToEnd` where it was.
 * @throws Error where what it gives is not what a posterior must be.
 */
export async function ranBriefly(
  model: Model,
  data: Parameters<Model['infer']>[0],
  backend: string,
): Promise<typeof toldToEnd | undefined> {
  const { options, runsChains, iterates } = backends.get(backend)!,
    names = options.map(({ name }) => name);
  try {
    const posterior = await model.infer(data, {
      backend,
      chains: 1,
      draws: 5,
      warmup: 3,
      workers: 0,
      options: { ...(names.includes('iterations') ? { iterations: 5 } : {}), ...(names.includes('restarts') ? { restarts: 1 } : {}) },
      ...(runsChains === true || iterates === true ? { maxSeconds: runSeconds } : {}),
    });
    checkPosterior(posterior);
    return isOfStopping(posterior.warnings) ? toldToEnd : undefined;
  } catch (thrown) {
    if (thrown instanceof ModelError && isOfStopping(thrown.diagnostics)) return toldToEnd;
    throw thrown;
  }
}
function isOfStopping(said: readonly { readonly code: string }[]): boolean {
  return said.some(({ code }) => code === 'stopped-early');
}
