/**
 * Predictions of a finished run for new data: what the new data leave out is the run's (data that are not
 * observed, sizes, unknowns) or is drawn (observations, elements that the run has not seen), once for each draw of
 * the posterior. Invariant: the posterior is the run's; new data do not change it.
 */
import type { BoundModel, BoundVariable } from './2-graph/bound.js';
import { type Reading, readValue } from './2-graph/data.js';
import type { ModelGraph, Variable } from './2-graph/graph.js';
import { type Affected, affectedBy } from './4-infer/affected.js';
import { ignoredEvidence, type IgnoredEvidence } from './4-infer/evidence.js';
import { type Continued, continuedUnknowns, renewedSizes } from './4-infer/newData.js';
import { type DrawValues, elementName, roomLike, type RunResult, sizeOf, type VariableResult } from './4-infer/posterior.js';
import { type SummaryOfRows, summariesOfNewRows } from './4-infer/summaries.js';
import { predictiveProgram } from './4-infer/predictive.js';
import { withoutAbsent } from './4-infer/simulate.js';
import { Posterior, type PredictOptions } from './5-report/posterior.js';
import type { RunContext } from './5-report/record.js';
import type { Diagnostic } from './errors/diagnostic.js';
import { type Expr, visit } from './expr/expr.js';
import { type Tensor, tensor } from './input/tensor.js';
import { bindData, type Compiled, type Data, modelError, withoutNames } from './pipeline.js';
import { seconds } from './platform/platform.js';
import { recoded } from './predictionWords.js';
import { type DrawPlan, drawsToUse, type RunDraws, sourcesOf } from './predictionDraws.js';
import { readListener, readOptions, readSeed } from './request.js';

/** A run with the program and the data that it had. */
export interface FinishedRun {
  readonly compiled: Compiled;
  readonly bound: BoundModel;
  readonly result: Pick<RunResult, 'backend' | 'variables'>;
  readonly context: RunContext;
  readonly converged: boolean;
}

/** Predicted numbers kept at most: 1.6 GB. */
const mostNumbers = 2e8;

/**
 * @returns a posterior whose variables are the predictions: data that were not given, `predict` statements, new
 * elements of unknowns, and reports that these or the new data change.
 * @throws ModelError for new data that do not fit the program or the run, and where nothing can be drawn.
 */
export function predictions(run: FinishedRun, values: Data, options: PredictOptions): Posterior {
  const { compiled, bound: before } = run,
    { graph } = compiled,
    start = seconds();
  const problems: Diagnostic[] = [],
    notes: Diagnostic[] = [];
  const read = readOptions(options, ['draws', 'seed', 'onNotes'], problems);
  const seed = readSeed(read.seed, problems),
    count = readCount(read.draws, problems),
    onNotes = readListener('onNotes', read.onNotes, problems);
  const fail = (found: readonly Diagnostic[]): Error => modelError(found, compiled.source, compiled.fileName);
  const unnamed = withoutNames(values, 'new data');
  if (unnamed !== null) throw fail([...problems, unnamed]);
  const given = new Map(
    [...(values instanceof Map ? (values as ReadonlyMap<string, unknown>) : Object.entries(values))].map(([name, value]) => [
      name,
      recoded(name, value, graph, run.context, problems, notes),
    ]),
  );
  const merged = withTheRuns(graph, before, given, problems);
  if (problems.length > 0) throw fail(problems);

  const { bound, diagnostics } = bindData(compiled, merged.values, 'sample');
  if (bound === null)
    throw fail([
      ...diagnostics,
      ...(merged.inherited.length === 0
        ? []
        : [note('of-the-run', `${merged.inherited.join(', ')}: not among the new data, so as in the run`)]),
    ]);
  const attempt = <T>(work: () => T): T => {
    try {
      return work();
    } catch (thrown) {
      throw thrown instanceof Error && 'diagnostics' in thrown ? fail(thrown.diagnostics as readonly Diagnostic[]) : thrown;
    }
  };
  const continued = attempt(() => continuedUnknowns(before, bound, merged.renewed));
  const ignored = attempt(() => ignoredEvidence(before, bound, continued, merged.renewed));
  if (ignored.length > 0) throw fail(ignored.map((evidence) => unheeded(evidence, bound)));
  const affected = affectedBy(bound, continued, merged.changed);
  if (affected.predicted.length === 0) throw fail([nothingToPredict(graph, bound)]);
  const found = sourcesOf(run.result, affected.needed, seed);
  if (found.missing.length > 0) throw fail(found.missing.map((name) => noDraws(name, run, graph)));
  const plan = drawsToUse(found, count, Math.floor(mostNumbers / Math.max(1, numbersOf(affected, bound))));
  if (plan === null) throw fail([tooMany(affected, bound, count)]);
  const program = attempt(() => predictiveProgram(bound, continued, found.draws, seed));
  notes.push(
    ...diagnostics,
    ...program.notes,
    ...notesOn(bound, continued, merged, found, plan),
    ...keptRows(given, continued, affected, merged, graph),
  );
  onNotes?.(notes);

  const variables = attempt(() => drawn(affected, bound, plan, program));
  const { context } = run;
  const result: RunResult = {
    backend: run.result.backend,
    variables,
    exchangeable: [],
    plan: [],
    traces: {},
    logEvidence: null,
    logEvidenceSe: null,
    elbo: null,
    logLikelihood: null,
    logJoint: null,
    warnings: warningsOn(run, found, summariesOfNewRows(bound, continued, merged.changed)),
    converged: run.converged,
    seconds: { compile: 0, warmup: 0, sampling: seconds() - start },
  };
  return new Posterior(result, {
    ...context,
    seed,
    notes,
    compileSeconds: 0,
    options: { prediction: true, draws: plan.draws, chains: plan.chains, data: [...given.keys()] },
  });
}

function readCount(count: unknown, problems: Diagnostic[]): number | null {
  if (count === undefined) return null;
  if (typeof count === 'number' && Number.isSafeInteger(count) && count > 0) return count;
  problems.push({
    code: 'wrong-option',
    severity: 'error',
    message: `draws is ${String(count)}; it must be a whole number of at least 1.`,
  });
  return null;
}

// --- values ------------------------------------------------------------------------------------

interface Merged {
  readonly values: ReadonlyMap<string, unknown>;
  /** Names that the run's values were taken for. */
  readonly inherited: readonly string[];
  /** Data that were given anew and sizes with another number. */
  readonly changed: ReadonlySet<string>;
  /** Sizes of which all indices are new. */
  readonly renewed: ReadonlySet<string>;
}

/** The new values with those of the run that still fit; what is observed is drawn unless it is given. */
function withTheRuns(graph: ModelGraph, before: BoundModel, given: ReadonlyMap<string, unknown>, problems: Diagnostic[]): Merged {
  const readings = new Map<string, Reading>();
  for (const [name, value] of given) {
    const reading = readValue(value);
    if (reading.kind === 'array') readings.set(name, reading);
  }
  if (given.size > 0 && ![...given.keys()].some((name) => graph.variables.has(name) || graph.sizes.has(name))) {
    problems.push({
      code: 'unknown-name',
      severity: 'error',
      message: `The program names none of the new data: ${[...given.keys()].join(', ')}.`,
      hint: `it declares ${
        [...graph.variables.values()]
          .filter(({ origin }) => origin === 'data')
          .map(({ name }) => name)
          .join(', ') || 'no data'
      }`,
    });
  }
  const renewed = renewedSizes(graph, before, readings),
    sizes = sizesOf(graph, readings);
  const changed = new Set<string>([...sizes].filter(([name, size]) => before.sizes.get(name) !== size).map(([name]) => name));
  for (const name of renewed) changed.add(name);
  for (const [name, reading] of readings) if (graph.variables.has(name) && !isSame(reading, before.variables.get(name))) changed.add(name);
  const observed = new Set(graph.statements.flatMap((s) => (s.kind === 'observe' && s.target !== null ? [s.target.variable] : [])));
  const values = new Map(given),
    inherited: string[] = [];
  for (const variable of graph.variables.values()) {
    const old = before.variables.get(variable.name);
    if (
      old === undefined ||
      given.has(variable.name) ||
      !isInput(variable, old) ||
      (variable.origin === 'data' && observed.has(variable.name))
    )
      continue;
    const misfit = variable.dims.flatMap((dim, axis) => {
      const name = mentioned(dim, changed);
      return name === null ? [] : [{ name, axis }];
    })[0];
    if (misfit === undefined) {
      values.set(variable.name, valueOf(old));
      inherited.push(variable.name);
    } else problems.push(notGiven(variable, misfit.name, old.shape[misfit.axis]!, sizes.get(misfit.name), graph));
  }
  for (const [name, size] of before.sizes) if (!sizes.has(name)) values.set(name, size);
  return { values, inherited, changed, renewed };
}

/** True for what has values, be it in part: of data, and of unknowns that the run was conditioned on. */
function isInput({ origin }: Variable, { status }: BoundVariable): boolean {
  return (origin === 'data' || origin === 'sample' || origin === 'param') && (status === 'given' || status === 'partial');
}

/** Numbers of the sizes that the new data show or name. */
function sizesOf(graph: ModelGraph, readings: ReadonlyMap<string, Reading>): ReadonlyMap<string, number> {
  const sizes = new Map<string, number>();
  for (const [name, { shape, values }] of readings) {
    if (graph.sizes.has(name) && shape.length === 0) sizes.set(name, values[0]!);
    graph.variables.get(name)?.dims.forEach((dim, axis) => {
      const length = shape[axis];
      if (dim.op === 'size' && length !== undefined) sizes.set(dim.name, length);
    });
  }
  return sizes;
}

function mentioned(dim: Expr, names: ReadonlySet<string>): string | null {
  let found: string | null = null;
  visit(dim, (x) => {
    if (x.op === 'size' && names.has(x.name)) found = x.name;
    else if (x.op === 'ref' && names.has(x.variable)) found = x.variable;
  });
  return found;
}

function isSame(reading: Reading, old: BoundVariable | undefined): boolean {
  return (
    old !== undefined &&
    old.status === 'given' &&
    reading.values.length === old.values.length &&
    reading.values.every((x, k) => x === old.values[k])
  );
}

function valueOf({ values, shape, mask, absent }: BoundVariable): Tensor {
  return tensor(
    Float64Array.from(values, (x, k) => (mask?.[k] === 1 || absent?.[k] === 1 ? Number.NaN : x)),
    shape,
  );
}

// --- draws -------------------------------------------------------------------------------------

function numbersOf({ predicted }: Affected, bound: BoundModel): number {
  return predicted.reduce((sum, { variable }) => sum + sizeOf(bound.variables.get(variable.name)!.shape), 0);
}

function drawn(
  { predicted }: Affected,
  bound: BoundModel,
  { chains, draws, independent, repeats, numbers }: DrawPlan,
  program: ReturnType<typeof predictiveProgram>,
): readonly VariableResult[] {
  const total = chains * draws;
  const kept = predicted.map(({ variable, elements }) => {
    const { shape, absent, range, values: held } = bound.variables.get(variable.name)!,
      size = sizeOf(shape),
      isDiscrete = variable.scalar !== 'real';
    const values: DrawValues = absent === undefined ? roomLike(held, total * size) : new Float64Array(total * size);
    return { variable, elements, shape, absent, range, size, isDiscrete, values };
  });
  for (let d = 0; d < total; d++) {
    program.draw(numbers[d]!);
    for (const { variable, values, size, absent } of kept) values.set(withoutAbsent(program.memory(variable.name), absent), d * size);
  }
  return kept.map(
    ({ variable, elements, shape, range, isDiscrete, values }): VariableResult => ({
      name: variable.name,
      shape,
      kind: 'predict',
      discrete: isDiscrete,
      insidePlate: true,
      ...(isDiscrete && range !== undefined && Number.isFinite(range) ? { range } : {}),
      ...(elements === undefined ? {} : { elements }),
      result: { form: 'draws', chains, draws, values, independent, ...(repeats === 1 ? {} : { repeats }) },
    }),
  );
}

// --- what there is to say ----------------------------------------------------------------------

function note(code: string, message: string): Diagnostic {
  return { code, severity: 'note', message };
}

function notesOn(
  bound: BoundModel,
  continued: ReadonlyMap<string, Continued>,
  { renewed, changed }: Merged,
  found: RunDraws,
  { chains, draws, repeats, isThinned }: DrawPlan,
): readonly Diagnostic[] {
  const { graph } = bound;
  const observedAndGiven = [
    ...new Set(
      graph.statements.flatMap((s) =>
        s.kind === 'observe' &&
        s.target !== null &&
        changed.has(s.target.variable) &&
        ['given', 'partial'].includes(bound.variables.get(s.target.variable)!.status)
          ? [s.target.variable]
          : [],
      ),
    ),
  ];
  return [
    ...[...renewed].map((name) =>
      note(
        'new-elements',
        `${name} = ${bound.sizes.get(name)}: the data given along ${name} are not those of the run, so everything in its plates is new`,
      ),
    ),
    ...[...continued].flatMap(([name, { fresh }]) =>
      fresh === null
        ? []
        : [
            note(
              'new-elements',
              `${name}: ${fresh.reduce((sum, isNew) => sum + isNew, 0)} of ${fresh.length} elements are new and drawn from their laws; the others are the run's`,
            ),
          ],
    ),
    ...[...graph.variables.values()].flatMap(({ name, origin, dims }) => {
      const isLost = (origin === 'sample' || origin === 'param') && bound.variables.get(name)?.status === 'latent' && !continued.has(name);
      return isLost && dims.every((dim) => mentioned(dim, renewed) === null)
        ? [note('new-elements', `${name}: all elements are new and drawn from their laws`)]
        : [];
    }),
    ...observedAndGiven.map((name) =>
      note('not-conditioned', `${name} is used where laws read it; the posterior is the run's and does not learn from it`),
    ),
    ...(found.marginal.length === 0
      ? []
      : [note('marginal-draws', `${found.marginal.join(', ')}: drawn element by element from the probabilities of the run`)]),
    ...(isThinned
      ? [note('fewer-draws', `${chains * draws} of the posterior's draws are used: all of them would not fit into memory`)]
      : []),
    ...(repeats === 1
      ? []
      : [
          note(
            'repeated-draws',
            `the run has ${(chains * draws) / repeats} draws, of which each is used ${repeats} times: the predictions are known no better than these draws allow`,
          ),
        ]),
  ];
}

/** Sizes along which data are given that are those of the run, where unknowns of its rows are read: they are not drawn anew. */
function keptRows(
  given: ReadonlyMap<string, unknown>,
  continued: ReadonlyMap<string, Continued>,
  { needed }: Affected,
  { renewed, changed }: Merged,
  graph: ModelGraph,
): readonly Diagnostic[] {
  const along = new Set(
    [...given.keys()].flatMap((name) => {
      const sizes = (graph.variables.get(name)?.dims ?? []).flatMap((dim) => (dim.op === 'size' ? [dim.name] : []));
      return sizes.some((size) => renewed.has(size) || changed.has(size)) ? [] : sizes;
    }),
  );
  return [...along].flatMap((size) => {
    const rows = [...needed].filter(
      (name) =>
        continued.get(name)?.fresh === null && graph.variables.get(name)!.dims.some((dim) => mentioned(dim, new Set([size])) !== null),
    );
    return rows.length === 0
      ? []
      : [
          {
            ...note(
              'rows-of-the-run',
              `the data given along ${size} are those of the run, so ${rows.join(', ')} ${rows.length === 1 ? 'is' : 'are'} the run's too`,
            ),
            hint: "new rows with the same values stand after the run's own",
          },
        ];
  });
}

function warningsOn(run: FinishedRun, { points }: RunDraws, summaries: readonly SummaryOfRows[]): readonly Diagnostic[] {
  return [
    ...summaries.map(({ reader, span, variable, size }) => ({
      code: 'summary-of-new-rows',
      severity: 'warning' as const,
      span,
      message: `${reader} reads a function of all of ${variable} along ${size} (a mean, a sum or the like), which here is of the new rows and in the run was of its own`,
      hint: "Compute it outside of the program, or pass the run's value as data (data centre: real), so that it is the same in both.",
    })),
    ...(points.length === 0
      ? []
      : [
          {
            code: 'plug-in',
            severity: 'warning' as const,
            message: `${points.join(', ')}: estimates by '${run.result.backend}', put in as if they were known`,
            hint: 'The predictions do not show how uncertain they are; a backend with draws (gibbs, exact, laplace, cavi) does.',
          },
        ]),
    ...(run.converged
      ? []
      : [
          {
            code: 'untrusted-run',
            severity: 'warning' as const,
            message: 'the run that these predictions rest on must not be trusted',
            hint: 'Its summary says why.',
          },
        ]),
  ];
}

function notGiven({ name, span }: Variable, along: string, old: number, now: number | undefined, graph: ModelGraph): Diagnostic {
  const isExpression = graph.statements.some(
    (s) => s.kind === 'observe' && s.target === null && s.value.body.op !== 'const' && mentioned(s.value.body, new Set([name])) !== null,
  );
  return {
    code: 'missing-data',
    severity: 'error',
    span,
    message:
      now === undefined || now === old
        ? `No value is given for ${name}: the new data have other values along ${along}, and those of the run go with its own`
        : `No value is given for ${name}: the new data have ${along} = ${now}, and the run had ${old}`,
    hint: isExpression
      ? `${name} is observed only through an expression, so it cannot be drawn; observe ${name} itself and run again`
      : `give ${name} for the new data too`,
  };
}

function unheeded({ statement, known, as, unknown }: IgnoredEvidence, bound: BoundModel): Diagnostic {
  const nameOf = ({ variable, element }: { readonly variable: string; readonly element: number }): string =>
    elementName(variable, bound.variables.get(variable)!.shape, element);
  const what = known === null ? 'an observed expression' : nameOf(known),
    drawn = nameOf(unknown),
    learning = 'predictions do not learn from new data',
    passedOver = 'which would be drawn without regard to it';
  const again = 'add the new rows to the data of the run, with null for what is to be predicted, and run again';
  if (known === null || as === 'given') {
    const isPartial = known !== null && bound.variables.get(known.variable)!.status === 'partial';
    return {
      code: 'cannot-predict',
      severity: 'error',
      span: statement.span,
      message: `${what} ${known === null ? '' : 'is given, and '}tells of ${drawn}, ${passedOver}: ${learning}`,
      hint:
        known === null ? again : `${isPartial ? `write null for ${what}` : `leave out ${known.variable}`} to predict it too; or ${again}`,
    };
  }
  return {
    code: 'cannot-predict',
    severity: 'error',
    span: statement.span,
    message: `${what} ${as === 'run' ? "is the run's" : 'was observed in the run'}, and its law now reads ${drawn}: it tells of ${drawn}, ${passedOver}`,
    hint: again,
  };
}

function nothingToPredict(graph: ModelGraph, bound: BoundModel): Diagnostic {
  const observed = graph.statements.flatMap((s) =>
    s.kind === 'observe' && s.target !== null && bound.variables.get(s.target.variable)?.status === 'given' ? [s.target.variable] : [],
  );
  return {
    code: 'nothing-to-predict',
    severity: 'error',
    message:
      'Nothing is left to predict: everything that the program observes is given, and it has no predict statement that new data change.',
    hint:
      observed.length === 0
        ? 'Write a predict statement for what is to be predicted.'
        : `leave out ${[...new Set(observed)].join(', ')}, or write null for what is to be predicted`,
  };
}

function noDraws(name: string, { result }: FinishedRun, graph: ModelGraph): Diagnostic {
  const kept = result.variables.find((variable) => variable.name === name);
  return {
    code: 'no-draws',
    severity: 'error',
    span: graph.variables.get(name)?.span,
    message:
      kept === undefined
        ? `The run kept nothing of ${name}, which the predictions depend on`
        : `The run kept moments but no draws of ${name} (${elementName(name, kept.shape, Math.max(0, sizeOf(kept.shape) - 1))} is the last of its elements), which the predictions depend on`,
    hint: `run again with --keep and ${name} among the names`,
  };
}

function tooMany(affected: Affected, bound: BoundModel, count: number | null): Diagnostic {
  const numbers = numbersOf(affected, bound),
    most = Math.floor(mostNumbers / numbers);
  return {
    code: 'wrong-option',
    severity: 'error',
    message: `${count ?? 1} draws of ${numbers} predicted numbers do not fit into memory.`,
    hint: most > 0 ? `ask for at most ${most}` : 'predict for a part of the data at a time',
  };
}
