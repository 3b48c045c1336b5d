/**
 * Coordinate ascent variational inference: the fully factorised family, one factor for each element
 * of a plate and each multivariate draw, unless sets of unknowns share one (`block`); evidence lower bound after
 * every sweep (Bishop 2006, 10.1).
 *
 * Every start gets a few sweeps, the better ones more; the one with the highest bound goes on until the bound
 * and the expectations stand still. Random starts differ by seed alone, never by the machine's speed.
 */
import type { Diagnostic } from '../../errors/diagnostic.js';
import { seconds } from '../../platform/platform.js';
import type { BoundModel, Given } from '../../2-graph/bound.js';
import type { ModelGraph } from '../../2-graph/graph.js';
import type { Recognised } from '../../3-derive/closedForm.js';
import { factorForms } from '../../3-derive/conditional.js';
import { jointFactors } from '../../3-derive/joint.js';
import { meanField } from '../../3-derive/meanField.js';
import { DerivedModel } from '../../3-derive/model.js';
import type { Backend, ExplainedBlock, Explanation, OptionDoc, RunRequest } from '../backend.js';
import { refuse, startValues, unknownOption } from '../backendOptions.js';
import { exchangeableGroups } from '../exchangeable.js';
import { entering } from '../focus.js';
import { notesOn, readsExpectations, render } from '../formulaText.js';
import { areApart, idleGaps, withoutGaps } from '../idleGaps.js';
import { blockRequest } from '../kernelOptions.js';
import { gridWarnings } from '../gridLosses.js';
import { ProgramBuilder } from '../programBuilder.js';
import { derive } from '../derivation.js';
import { formName, refusalOf, regionLoops, regionName, sourceLine } from '../wording.js';
import { elementName, type PlanEntry, type RunResult, type VariableResult } from '../posterior.js';
import { type Interruptible, inTurns, stoppedAfter, stoppedBeforeAllStarts, stoppedWithout } from '../stopping.js';
import { jointInWords } from '../variational/joint.js';
import { largestChange, type LatentLaws, type Memory, type Saved, VariationalProgram } from '../variational/program.js';
import { derivedFor } from '../variational/refusal.js';
import { orderComponents } from '../variational/relabel.js';
import { results } from '../variational/results.js';
import { begin, startKind } from '../variational/starts.js';
import type { Expectation } from '../expectation.js';
import { updateFormulas } from '../variational/inWords.js';
import { plainPoints, type FactorKind } from '../variational/factors/factor.js';
import { continuousKind } from '../variational/factors/kinds.js';
import { drawsWithoutValue } from '../withoutValue.js';

const options: readonly OptionDoc[] = [
  {
    name: 'restarts',
    type: 'integer',
    default: '30',
    doc: 'random starts, fewer by default for large data; the one with the highest bound is kept',
  },
  { name: 'iterations', type: 'integer', default: '5000', doc: 'sweeps at most' },
  { name: 'tolerance', type: 'number', default: '1e-9', doc: 'relative change of the bound in a sweep below which it has converged' },
  {
    name: 'block',
    type: 'text',
    default: 'none',
    doc: 'unknowns that share one factor, joined by +, sets separated by commas (a+b,c): chains and networks of finite unknowns, jointly Gaussian ones; none: every scalar or draw alone',
  },
];

/** Sweeps that every start gets at first; of the starts one in `promising` then gets so many times more. */
const trialSweeps = 10;
const promising = 3;
const usualRestarts = 30;
/** Starts whose bounds differ by less, relatively, are in one optimum; when so many are in the best one there is no better. */
const sameOptimum = 1e-6;
const enoughAgreeing = 5;
const fewestRestarts = 3;
/** Numbers in tables of expectations for which all the usual starts are tried; beyond, in proportion fewer. */
const comfortableSize = 150_000;
/** Sweeps after the bound has converged in which the expectations may still settle, and the numbers they may write. */
const settlingSweeps = 1000;
const settlingWork = 1e8;
/** Largest relative change of an expectation, in units of 1 + its size, that counts as standing still. */
const settled = 1e-12;

export const cavi: Backend = {
  name: 'cavi',
  gives: 'approximation',
  laws: ['objective never falls', 'factors are optimal'],
  iterates: true,
  doc: 'coordinate ascent mean-field variational inference; evidence lower bound after every sweep',
  options,
  explain: (graph, given, source, chosen, bound) => explain(graph, given, source, readOptions(chosen, graph), bound),
  run,
};

interface Settings {
  readonly restarts: number | null;
  readonly iterations: number;
  readonly tolerance: number /** Sets of unknowns that share one factor. */;
  readonly groups: readonly (readonly string[])[];
}

function readOptions(given: Readonly<Record<string, string>>, graph: ModelGraph): Settings {
  const wrong: Diagnostic[] = [];
  const out: { restarts: number | null; iterations: number; tolerance: number } = { restarts: null, iterations: 5000, tolerance: 1e-9 };
  for (const [name, text] of Object.entries(given)) {
    if (name === 'block') {
      if (text.trim() === 'derived')
        wrong.push({
          code: 'wrong-option',
          severity: 'error',
          message: 'cavi derives no blocks of its own',
          hint: 'Name them: --opt block=a+b, or one variable whose elements form a chain.',
        });
      continue;
    }
    if (name !== 'restarts' && name !== 'iterations' && name !== 'tolerance') {
      wrong.push(unknownOption('cavi', name, options));
      continue;
    }
    const value = Number(text);
    const fine = name === 'tolerance' ? value > 0 : Number.isInteger(value) && value >= 1;
    if (text.trim() === '' || !fine)
      wrong.push({
        code: 'wrong-option',
        severity: 'error',
        message: `${name} must be ${name === 'tolerance' ? 'a positive number' : 'a whole number of at least 1'}, got '${text}'`,
      });
    else out[name] = value;
  }
  if (wrong.length > 0) refuse(wrong);
  const request = blockRequest(graph, given, 'none');
  return { ...out, groups: request.kind === 'groups' ? request.groups : [] };
}
function lawsOf({ groups }: Settings): LatentLaws {
  return groups.length === 0 ? 'factors' : { groups };
}

function derived<T>(graph: ModelGraph, work: () => T): T {
  return derivedFor('cavi', graph, 'no-mean-field', 'Use --backend gibbs (or mh), which needs no expectations.', work);
}

function explain(graph: ModelGraph, given: Given, source: string, settings: Settings, bound: BoundModel | null): Explanation {
  const model = new DerivedModel(graph, given),
    all = jointFactors(model),
    { groups } = settings;
  // Without data nothing tells whether statements share an element; programs whose statements do are rare.
  const apart = bound === null ? () => true : areApart(new ProgramBuilder(bound)),
    idle = idleGaps(model, all, apart, groups.flat()),
    factors = withoutGaps(all, idle);
  const points = new Set([...graph.variables.values()].filter((v) => v.origin === 'param').map((v) => v.name));
  const field = derived(graph, () =>
    meanField(factorForms(factors, model), model, {
      points,
      joint: groups.length === 0 ? null : jointInWords(groups),
      without: idle,
    }),
  );
  const groupOf = (name: string): readonly string[] | undefined => groups.find((g) => g.includes(name));
  const law: Expectation = {
    isRandom: (name) => ['latent', 'partial'].includes(model.statusOf(name)) && !points.has(name) && !idle.has(name),
    groupOf: (name) => (groupOf(name) ?? [name]).join('+'),
  };
  const plans = derive(model, factors).regions;
  const blocks = field.blocks.map((b): ExplainedBlock => {
    const { name } = b.region.variable,
      finite = model.finiteRange(name) !== null;
    const kind = finite ? 'finite' : groupOf(name) !== undefined ? 'gaussian' : derived(graph, () => continuousKind(model, b)).kind;
    const form = b.recognised.kind === 'none' ? null : b.recognised;
    const together = groupOf(name);
    const shown =
      form === null || together !== undefined
        ? []
        : updateFormulas(
            b,
            form,
            plans.find((p) => p.region.statement === b.region.statement),
            model,
            law,
          );
    const family = form === null ? null : formName(form);
    return {
      block: kind === 'point' ? `argmax ${regionName(b.region)}` : `q(${regionName(b.region)})`,
      loops: regionLoops(b.region),
      family:
        together !== undefined
          ? finite
            ? 'finite, joint'
            : 'Gaussian, joint'
          : kind === 'point' && family !== null
            ? `mode of ${family}`
            : (family ?? 'quadrature grid'),
      parameters: render(shown, model),
      factors: entering(b.collected, model).map((s) => sourceLine(source, s.span)),
      ...(together === undefined
        ? updateInWords(kind, b.recognised, graph)
        : {
            kernel: 'coordinate update',
            reason: `one factor of all of ${together.join(', ')}: these terms in expectation over the other factors`,
          }),
    };
  });
  const notes = [
    ...[...idle].map(
      (name) => `Nothing else reads what is missing of ${name}: it says nothing of the other unknowns, and is drawn from its law.`,
    ),
    ...(readsExpectations(blocks)
      ? ['E(...) is the expectation under the other factors; in the JSON form it is read from a table named E|variable|statistic.']
      : []),
  ];
  return {
    backend: 'cavi',
    blocks,
    notes: [...notesOn(blocks), ...notes],
    code:
      bound === null
        ? null
        : derived(graph, () => new VariationalProgram(bound, 'explain', new Map(), plainPoints, lawsOf(settings))).source,
  };
}
function updateInWords(kind: FactorKind['kind'], recognised: Recognised, graph: ModelGraph): Pick<ExplainedBlock, 'kernel' | 'reason'> {
  if (kind === 'grid') {
    const reason =
      recognised.kind === 'none' ? refusalOf(recognised, graph) : `the moments of ${formName(recognised)} are taken on a quadrature grid`;
    return {
      kernel: 'grid',
      reason: recognised.kind === 'none' ? `no family has its statistics, so it is kept on a quadrature grid: ${reason}` : reason,
    };
  }
  const form = recognised.kind === 'none' ? '' : formName(recognised);
  return kind === 'point'
    ? { kernel: 'point', reason: 'a param has no prior: the point that maximises the bound' }
    : { kernel: 'coordinate update', reason: `its expected terms are statistics of ${form}` };
}

/** Numbers that one sweep writes. */
function sweepSize(program: VariationalProgram): number {
  let size = 0;
  for (const [name, values] of program.memory) if (name.startsWith('E|')) size += values.length;
  return size;
}

interface Trial {
  readonly bound: number;
  readonly state: Saved;
  readonly trace: readonly number[];
}

/** What a search has come to: read when it has ended, and when it is left. */
interface Course {
  /** The better ones of the trials that are over, the best first. */
  trials: readonly Trial[];
  /** The bounds of the one that the program is at; empty before its first sweep. */
  trace: number[];
  /** Starts tried, of so many. */
  tried: number;
  starts: number;
  /** Whether all starts were tried and the best of them chosen. */
  hasChosen: boolean;
  converged: boolean;
  warnings: readonly Diagnostic[];
}

/** The best of several starts, and from there on until nothing moves. All starts get a few sweeps, the better third of them more, and so on. */
function* search(
  program: VariationalProgram,
  settings: Settings,
  initialised: ReadonlyMap<string, Memory>,
  course: Course,
): Interruptible<true> {
  const held = new Set(program.blocks.flatMap((b, k) => (initialised.has(b.block.region.variable.name) ? [k] : [])));
  const usual =
    initialised.size > 0
      ? 1
      : Math.max(fewestRestarts, Math.min(usualRestarts, Math.floor((usualRestarts * comfortableSize) / sweepSize(program))));
  const starts = settings.restarts ?? usual;
  course.starts = starts;
  const bounds: number[] = [];
  yield { done: 0, total: starts };
  for (let start = 0; start < starts && !(settings.restarts === null && agreed(bounds)); start++) {
    yield* begin(program, initialised.size > 0 ? 'prior' : startKind(program, start), start, held);
    course.trace = [program.bound()];
    const trial = yield* tried(program, settings, course, trialSweeps);
    bounds.push(trial.bound);
    if (Number.isFinite(trial.bound))
      course.trials = better([...course.trials, trial], Math.max(1, Math.ceil(starts / promising)), settings);
    course.trace = [];
    course.tried = start + 1;
  }
  course.tried = starts;
  for (let sweeps = promising * trialSweeps; course.trials.length > 1; sweeps *= promising) {
    const longer: Trial[] = [];
    for (const trial of course.trials) {
      program.restore(trial.state);
      course.trace = [...trial.trace];
      longer.push(yield* tried(program, settings, course, sweeps));
    }
    course.trace = [];
    course.trials = better(
      longer.filter((t) => Number.isFinite(t.bound)),
      Math.ceil(course.trials.length / promising),
      settings,
    );
  }
  course.hasChosen = true;
  const [best] = course.trials;
  if (best !== undefined) {
    program.restore(best.state);
    course.trace = [...best.trace];
    yield* ascend(program, settings, course);
  }
  return true;
}
/** Puts the best of what a search that was left had come to into the program. @throws ModelError where it had come to nothing. */
function settleForBest(program: VariationalProgram, settings: Settings, course: Course): void {
  const [best] = course.trials,
    bound = course.trace.at(-1) ?? Number.NaN;
  if (best !== undefined && !(bound >= best.bound)) {
    program.restore(best.state);
    course.trace = [...best.trace];
  } else if (course.trace.length === 0)
    throw stoppedWithout('the first sweep of its first start was done', 'Give it more time, or less data.');
  if (!course.hasChosen) course.converged = relativeChange(course.trace) < settings.tolerance;
}
/** True where so many starts have come to the highest bound that more would only come there again. */
function agreed(bounds: readonly number[]): boolean {
  const best = Math.max(...bounds);
  return bounds.filter((b) => best - b <= sameOptimum * Math.max(1, Math.abs(best))).length >= enoughAgreeing;
}
/** Sweeps on from where the program is, at most so many, until the bound stands still. */
function* tried(program: VariationalProgram, settings: Settings, course: Course, sweeps: number): Interruptible<Trial> {
  const { trace } = course;
  for (
    let k = 1;
    k < sweeps &&
    trace.length < settings.iterations &&
    Number.isFinite(trace[trace.length - 1]!) &&
    relativeChange(trace) >= settings.tolerance;
    k++
  ) {
    yield { done: course.tried, total: course.starts, objective: trace[trace.length - 1] };
    program.sweep();
    trace.push(program.bound());
  }
  yield { done: course.tried, total: course.starts, objective: trace[trace.length - 1] };
  return { bound: trace[trace.length - 1]!, state: program.save(), trace };
}
/** The highest bounds, the highest first; of trials that have met in one optimum only one. */
function better(trials: readonly Trial[], count: number, settings: Settings): Trial[] {
  const sorted = [...trials].sort((a, b) => b.bound - a.bound);
  return sorted
    .filter((t, k) => k === 0 || sorted[k - 1]!.bound - t.bound > settings.tolerance * Math.max(1, Math.abs(t.bound)))
    .slice(0, count);
}

/** Sweeps until nothing moves. */
function* ascend(program: VariationalProgram, settings: Settings, course: Course): Interruptible<void> {
  const warnings: Diagnostic[] = [],
    { trace } = course;
  course.warnings = warnings;
  const tables = [...program.memory].filter(([name, values]) => name.startsWith('E|') && values.length > 0).map(([, values]) => values);
  const patience = Math.min(settlingSweeps, Math.ceil(settlingWork / sweepSize(program)));
  let before: readonly Memory[] | null = null;
  let convergedAt = -1,
    worst = 0,
    worstAt = 0;
  if (relativeChange(trace) < settings.tolerance) convergedAt = trace.length;
  course.converged = convergedAt >= 0;
  while (trace.length < settings.iterations) {
    yield { done: trace.length, total: settings.iterations, objective: trace[trace.length - 1] };
    if (convergedAt >= 0) before = tables.map((t) => t.slice());
    program.sweep();
    trace.push(program.bound());
    const last = trace[trace.length - 1]!;
    if (!Number.isFinite(last)) {
      warnings.push({
        code: 'no-finite-bound',
        severity: 'warning',
        message: `the evidence lower bound became ${last} in sweep ${trace.length}${whereBroken(program)}`,
        hint: 'A param may have run to the edge of its range (a variance to 0): give it a prior, or look for data that the model calls impossible.',
      });
      course.converged = false;
      return;
    }
    const drop = trace[trace.length - 2]! - last;
    if (drop > worst) {
      worst = drop;
      worstAt = trace.length;
    }
    if (convergedAt < 0 && relativeChange(trace) < settings.tolerance) convergedAt = trace.length;
    else if (
      convergedAt >= 0 &&
      (trace.length - convergedAt >= patience || (before !== null && tables.every((t, k) => largestChange(t, before![k]!) < settled)))
    )
      break;
    course.converged = convergedAt >= 0;
  }
  if (convergedAt < 0)
    warnings.push({
      code: 'not-converged',
      severity: 'warning',
      message: `the bound still changed by ${relativeChange(trace).toExponential(1)} (relative) after ${trace.length} sweeps`,
      hint: 'Raise --opt iterations, or accept a larger --opt tolerance.',
    });
  if (worst > 1e-8 * (1 + Math.abs(trace[trace.length - 1]!)))
    warnings.push({
      code: 'bound-fell',
      severity: 'warning',
      message: `the bound fell by ${worst.toExponential(1)} in sweep ${worstAt}`,
      hint: 'The numbers are too large or too small for the update to be exact: rescale the data.',
    });
}

async function run(model: BoundModel, _source: string, request: RunRequest): Promise<RunResult> {
  const settings = readOptions(request.options, model.graph);
  const begun = seconds();
  const initialised = startValues(model, request.init);
  const program = derived(model.graph, () => new VariationalProgram(model, request.seed, initialised, plainPoints, lawsOf(settings)));
  const compiled = seconds();
  const course: Course = { trials: [], trace: [], tried: 0, starts: 0, hasChosen: false, converged: false, warnings: [] };
  const hasEnded = (await inTurns(search(program, settings, initialised, course), request)) !== null;
  if (!hasEnded) settleForBest(program, settings, course);
  const { trace, converged } = course;
  const warnings: readonly Diagnostic[] =
    hasEnded && trace.length === 0
      ? [
          {
            code: 'no-finite-bound',
            severity: 'warning',
            message: `the evidence lower bound was not finite from any of ${course.starts} starts${whereBroken(program)}`,
            hint: 'Look for data or start values that are impossible under the model, and for priors without a finite expectation.',
          },
        ]
      : // What only settled was there already.
        [
          ...course.warnings,
          ...(hasEnded || (converged && course.hasChosen)
            ? []
            : [converged ? stoppedBeforeAllStarts(course.starts) : stoppedAfter(trace.length)]),
        ];
  const groups = exchangeableGroups(program.builder, jointFactors(program.builder.model));
  orderComponents(program, groups);
  const ascended = seconds();
  const ofGrids = gridWarnings(program.grids());
  const { variables, warnings: ofDraws } = await results(program, request);
  const impossible = drawsWithoutValue(variables);
  return {
    backend: 'cavi',
    variables,
    exchangeable: groups,
    logEvidence: null,
    logEvidenceSe: null,
    elbo: converged ? trace[trace.length - 1]! : lastFinite(trace),
    logLikelihood: null,
    logJoint: null,
    traces: { elbo: trace },
    warnings: [...warnings, ...ofGrids, ...ofDraws, ...momentNotes(variables), ...impossible],
    converged: converged && !impossible.some((w) => w.severity === 'warning'),
    seconds: { compile: compiled - begun, warmup: ascended - compiled, sampling: seconds() - ascended },
    plan: program.blocks.map(
      (c): PlanEntry => ({
        block: `q(${regionName(c.block.region)})`,
        kernel: c.factor.kind,
        reason: c.joint?.structure ?? factorName(c.factor),
      }),
    ),
  };
}
/** Names the first unknown whose expectations are no numbers. */
function whereBroken(program: VariationalProgram): string {
  const broken = program.blocks.find(({ block }) => {
    const { name } = block.region.variable;
    return [...program.memory].some(
      ([storage, values]) =>
        [`E|${name}|`, `E|${name}=|`, `Q|${name}|`].some((s) => storage.startsWith(s)) && values.some((x) => Number.isNaN(x)),
    );
  });
  return broken === undefined ? '' : `: the expectations of '${broken.block.region.variable.name}' are not numbers`;
}
/** Moments that no number holds: they do not exist, or overflow. */
function momentNotes(variables: readonly VariableResult[]): readonly Diagnostic[] {
  return variables.flatMap(({ name, shape, elements, result }): Diagnostic[] => {
    if (result.form !== 'closed') return [];
    const all = elements ?? result.mean.keys();
    for (const k of all) {
      const which = !Number.isFinite(result.mean[k]!)
        ? 'mean'
        : result.sd !== null && !Number.isFinite(result.sd[k]!)
          ? 'standard deviation'
          : null;
      if (which !== null)
        return [
          {
            code: 'no-moment',
            severity: 'note',
            message: `the ${which} of ${elementName(name, shape, k)} is not finite: it does not exist, or is too large for a number`,
            hint: 'Quantiles are right all the same.',
          },
        ];
    }
    return [];
  });
}
function factorName(factor: FactorKind): string {
  switch (factor.kind) {
    case 'finite':
      return 'Categorical';
    case 'family':
      return factor.family.name;
    case 'powerGamma':
      return 'power of a Gamma';
    case 'grid':
      return 'no family has its statistics: quadrature grid';
    case 'gaussian':
      return 'a member of a joint Gaussian block';
    case 'moving':
      return 'a param moved along the gradient';
    case 'point':
      return 'a param: the point that maximises the bound';
  }
}
function lastFinite(trace: readonly number[]): number | null {
  const finite = trace.filter((x) => Number.isFinite(x));
  return finite[finite.length - 1] ?? null;
}

/** Relative to the larger of the bound and 1, so that a bound near zero can converge. */
function relativeChange(trace: readonly number[]): number {
  const last = trace[trace.length - 1],
    before = trace[trace.length - 2];
  return last === undefined || before === undefined ? Infinity : Math.abs(last - before) / Math.max(Math.abs(last), 1);
}
