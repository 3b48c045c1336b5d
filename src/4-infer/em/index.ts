/**
 * Expectation maximisation over `param`s, and over named sampled variables (MAP-EM): E-steps are exact
 * posteriors of the latents, M-steps the maximum of the expected log joint read off the canonical form.
 *
 * Every start runs some iterations; the best that has not collapsed goes on until the objective and the
 * estimates stand still. Traces: the objective after every E-step, and the evidence lower bound between M-step
 * and E-step, which lies below it by the divergence of the old posterior from the new one.
 */
import type { BoundModel, Given } from '../../2-graph/bound.js';
import type { ModelGraph } from '../../2-graph/graph.js';
import type { Recognised } from '../../3-derive/closedForm.js';
import { factorForms } from '../../3-derive/conditional.js';
import { jointFactors } from '../../3-derive/joint.js';
import { meanField } from '../../3-derive/meanField.js';
import { DerivedModel, latentRegions } from '../../3-derive/model.js';
import type { Diagnostic } from '../../errors/diagnostic.js';
import { didYouMean } from '../../errors/render.js';
import { seconds } from '../../platform/platform.js';
import type { Backend, ExplainedBlock, Explanation, OptionDoc, RunRequest } from '../backend.js';
import { namesIn, refuse, startValues, unknownOption } from '../backendOptions.js';
import { type Interruptible, inTurns, type Progress, stoppedAfter, stoppedBeforeAllStarts, stoppedWithout } from '../stopping.js';
import { largestChange } from '../variational/program.js';
import { gridWarnings } from '../gridLosses.js';
import { derivedFor } from '../variational/refusal.js';
import { orderComponents } from '../variational/relabel.js';
import { results } from '../variational/results.js';
import { begin, learnsFromSeeds, seed, seedable } from '../variational/starts.js';
import { jointInWords, meetingLatents } from '../variational/joint.js';
import { hasMode } from '../variational/points.js';
import type { Expectation } from '../expectation.js';
import { updateFormulas } from '../variational/inWords.js';
import { isPoint, type PointOptions } from '../variational/factors/factor.js';
import { exchangeableGroups } from '../exchangeable.js';
import { entering } from '../focus.js';
import { notesOn, readsExpectations, render } from '../formulaText.js';
import { derive } from '../derivation.js';
import { formName, refusalOf, regionLoops, regionName, sourceLine } from '../wording.js';
import type { PlanEntry, RunResult } from '../posterior.js';
import { type Collapse, ScaleWatch } from './collapse.js';
import { vectorParams } from './vectorParams.js';
import { type Estimates, EmProgram } from './program.js';
import { estimatesWithoutValue } from '../withoutValue.js';

const options: readonly OptionDoc[] = [
  {
    name: 'restarts',
    type: 'integer',
    default: '50',
    doc: 'starts, fewer by default for large data, one where nothing is to be seeded; the best that has not collapsed is returned',
  },
  { name: 'iterations', type: 'integer', default: '5000', doc: 'iterations at most' },
  {
    name: 'tolerance',
    type: 'number',
    default: '1e-10',
    doc: 'relative change of the objective in an iteration below which it has converged',
  },
  { name: 'maximize', type: 'names', default: '', doc: 'sampled variables to maximise with the params (MAP-EM), separated by commas' },
  {
    name: 'hard',
    type: 'boolean',
    default: 'false',
    doc: 'classification EM: every finite latent at its most probable value (k-means for equal weights and one spherical variance)',
  },
  { name: 'start', type: 'text', default: 'kmeans++ and random by turns', doc: 'how components are seeded: random data, or kmeans++' },
  {
    name: 'damping',
    type: 'number',
    default: '0',
    doc: 'weight of the old natural parameters in the new ones, at least 0 and less than 1',
  },
  {
    name: 'inflate',
    type: 'number',
    default: '0',
    doc: 'added to the diagonal of covariance params after each M-step; the objective may then fall',
  },
];

/** Iterations that every start gets before the best is chosen. */
const trialIterations = 100;
/** Where one start in twelve finds a good maximum (three components of the iris data), so many miss it once in sixty runs. */
const usualRestarts = 50;
/** Numbers that the E-steps of one iteration of all starts write, by which there are fewer. */
const comfortableSize = 10_000_000;
/** Iterations after the objective has converged in which the estimates may still settle. */
const settlingIterations = 2000;
const settled = 1e-12;

export const em: Backend = {
  name: 'em',
  gives: 'estimates',
  laws: ['objective never falls'],
  estimated: (graph, given) => [
    ...[...graph.variables.values()].filter((v) => v.origin === 'param').map((v) => v.name),
    ...namesIn(given['maximize']),
  ],
  iterates: true,
  doc: 'expectation maximisation over params (and the mode over named sampled variables); exact E-steps, M-steps in closed form',
  options,
  explain,
  run,
};

interface Settings {
  restarts: number | null;
  iterations: number;
  tolerance: number;
  maximize: readonly string[];
  hard: boolean;
  start: 'random' | 'kmeans++' | null;
  damping: number;
  inflate: number;
}

function readOptions(given: Readonly<Record<string, string>>, graph: ModelGraph): Settings {
  const wrong: Diagnostic[] = [];
  const out: Settings = {
    restarts: null,
    iterations: 5000,
    tolerance: 1e-10,
    maximize: [],
    hard: false,
    start: null,
    damping: 0,
    inflate: 0,
  };
  const bad = (message: string, hint?: string): void => {
    wrong.push({ code: 'wrong-option', severity: 'error', message, hint });
  };
  for (const [name, text] of Object.entries(given)) {
    const value = Number(text),
      isNumber = text.trim() !== '' && Number.isFinite(value);
    switch (name) {
      case 'restarts':
      case 'iterations':
        if (isNumber && Number.isInteger(value) && value >= 1) out[name] = value;
        else bad(`${name} must be a whole number of at least 1, got '${text}'`);
        break;
      case 'tolerance':
        if (isNumber && value > 0) out.tolerance = value;
        else bad(`tolerance must be a positive number, got '${text}'`);
        break;
      case 'damping':
        if (isNumber && value >= 0 && value < 1) out.damping = value;
        else bad(`damping must be a number of at least 0 and less than 1, got '${text}'`);
        break;
      case 'inflate':
        if (isNumber && value >= 0) out.inflate = value;
        else bad(`inflate must be a number of at least 0, got '${text}'`);
        break;
      case 'hard':
        if (text === 'true' || text === 'false') out.hard = text === 'true';
        else bad(`hard must be true or false, got '${text}'`);
        break;
      case 'start':
        if (text === 'random' || text === 'kmeans++') out.start = text;
        else bad(`start must be random or kmeans++, got '${text}'`);
        break;
      case 'maximize':
        out.maximize = namesIn(text);
        break;
      default:
        wrong.push(unknownOption('em', name, options));
    }
  }
  const sampled = [...graph.variables.values()].filter((v) => v.origin === 'sample').map((v) => v.name);
  for (const name of out.maximize) {
    if (sampled.includes(name)) continue;
    const near = didYouMean(name, sampled);
    bad(
      `maximize names '${name}', which is not a sampled variable`,
      near === null ? `Sampled variables: ${sampled.join(', ')}.` : `Did you mean '${near}'?`,
    );
  }
  if (wrong.length > 0) refuse(wrong);
  return out;
}

function derived<T>(graph: ModelGraph, work: () => T): T {
  return derivedFor(
    'em',
    graph,
    'no-em',
    'Use --backend map for point estimates by gradient, cavi for a variational E-step, or gibbs.',
    work,
  );
}

/** Nothing to estimate is a mistake that em can name. */
function refuseWithoutParameters(graph: ModelGraph, given: ReadonlySet<string>, maximize: readonly string[]): void {
  const params = [...graph.variables.values()].filter((v) => v.origin === 'param' && !given.has(v.name));
  if (params.length > 0 || maximize.some((n) => !given.has(n))) return;
  const sampled = [...graph.variables.values()].filter((v) => v.origin === 'sample' && !given.has(v.name)).map((v) => v.name);
  refuse([
    {
      code: 'nothing-to-estimate',
      severity: 'error',
      message: 'em estimates params, and this program has none that is not given',
      hint:
        sampled.length > 0
          ? `Declare one with 'param', or name sampled variables to maximise: --opt maximize=${sampled[0]}.`
          : "Declare one with 'param'.",
    },
  ]);
}

function explain(
  graph: ModelGraph,
  given: Given,
  source: string,
  chosen: Readonly<Record<string, string>>,
  bound: BoundModel | null,
): Explanation {
  const settings = readOptions(chosen, graph);
  refuseWithoutParameters(graph, given.complete, settings.maximize);
  const model = new DerivedModel(vectorParams(graph), given);
  const estimated = new Set([
    ...[...graph.variables.values()].filter((v) => v.origin === 'param').map((v) => v.name),
    ...settings.maximize,
  ]);
  const factors = jointFactors(model),
    joint = jointInWords(meetingLatents(factors, latentRegions(model), estimated));
  const field = derived(graph, () => meanField(factorForms(factors, model), model, { points: estimated, moving: estimated, joint }));
  const law: Expectation = {
    isRandom: (name) => ['latent', 'partial'].includes(model.statusOf(name)) && !estimated.has(name),
    groupOf: (name) => String(joint.blockOf(name) ?? name),
  };
  const plans = derive(model, factors).regions;
  const blocks = field.blocks.map((b): ExplainedBlock => {
    const { name } = b.region.variable;
    const form = b.recognised.kind === 'none' ? null : b.recognised;
    const isEstimated = estimated.has(name),
      meets = joint.blockOf(name) !== undefined;
    const known = form !== null && (!isEstimated || hasMode(form));
    const shown =
      !known || meets
        ? []
        : updateFormulas(
            b,
            form,
            plans.find((p) => p.region.statement === b.region.statement),
            model,
            law,
          );
    const family = meets ? (form?.kind === 'finite' ? 'finite, joint' : 'Gaussian, joint') : known ? formName(form) : null;
    return {
      block: isEstimated ? `argmax ${regionName(b.region)}` : `p(${regionName(b.region)} | data, estimates)`,
      loops: regionLoops(b.region),
      family: isEstimated && family !== null ? `mode of ${family}` : family,
      parameters: render(shown, model),
      factors: entering(b.collected, model).map((s) => sourceLine(source, s.span)),
      kernel: isEstimated ? 'M-step' : 'E-step',
      reason: !isEstimated
        ? meets
          ? 'its elements meet in factors: one joint posterior'
          : 'its posterior given the estimates'
        : known
          ? 'the expected log joint is linear in its statistics'
          : `no maximum in closed form: the expected log joint is raised along its gradient${why(b.recognised, graph)}`,
    };
  });
  const code =
    bound === null ? null : derived(graph, () => new EmProgram(bound, 'explain', new Map(), pointsOf(settings), settings.hard)).source;
  return {
    backend: 'em',
    blocks,
    notes: [
      ...notesOn(blocks),
      ...(readsExpectations(blocks) ? ['E(...) is the expectation under the posterior of the latents at the current estimates.'] : []),
    ],
    code,
  };
}

/** What stands in the way of a maximum in closed form. */
function why(recognised: Recognised, graph: ModelGraph): string {
  return recognised.kind === 'none' ? ` (${refusalOf(recognised, graph)})` : ` (the maximum of ${formName(recognised)} is not known)`;
}

function pointsOf(settings: Settings): PointOptions {
  return { maximised: new Set(settings.maximize), damping: settings.damping, inflate: settings.inflate, gradient: true };
}

/** A run of iterations from one start. */
interface Ascent {
  readonly objective: number[];
  readonly logLikelihood: number[];
  readonly elbo: number[];
  estimates: Estimates;
  collapse: Collapse | null;
  /** The objective stopped being a number though no scale collapsed. */
  broken: boolean;
  convergedAt: number;
  /** Largest fall of the objective between iterations, and where. */
  fall: { readonly by: number; readonly at: number };
}

function ascent(program: EmProgram, watch: ScaleWatch): Ascent {
  program.expectation();
  const out: Ascent = {
    objective: [],
    logLikelihood: [],
    elbo: [],
    estimates: program.estimates(),
    collapse: null,
    broken: false,
    convergedAt: -1,
    fall: { by: 0, at: 0 },
  };
  note(program, out);
  if (!Number.isFinite(out.objective[0]!)) {
    // One datum, or as many coefficients as data: a scale may be gone before the first iteration.
    out.collapse = watch.look();
    out.broken = out.collapse === null;
    program.initialise();
    out.estimates = program.estimates();
  }
  return out;
}
function note(program: EmProgram, run: Ascent): void {
  const objective = program.objective();
  run.objective.push(objective);
  run.logLikelihood.push(objective - program.logPrior());
}

/** One iteration; false where it ended the run, with the estimates before it put back. */
function iterate(program: EmProgram, run: Ascent, watch: ScaleWatch, settings: Settings): boolean {
  const before = program.estimates();
  program.maximisation();
  run.collapse = watch.look();
  const between = run.collapse === null ? program.objective() : Number.NaN;
  if (run.collapse === null) program.expectation();
  const objective = run.collapse === null ? program.objective() : Number.NaN;
  if (!Number.isFinite(objective)) {
    run.broken = run.collapse === null;
    program.setEstimates(before);
    program.expectation();
    return false;
  }
  run.estimates = program.estimates();
  run.elbo.push(between);
  note(program, run);
  const last = run.objective.at(-1)!,
    previous = run.objective.at(-2)!;
  if (previous - last > run.fall.by) run.fall = { by: previous - last, at: run.objective.length - 1 };
  if (run.convergedAt < 0 && Math.abs(last - previous) <= settings.tolerance * Math.max(Math.abs(last), 1))
    run.convergedAt = run.objective.length - 1;
  return true;
}

/** True where nothing moves any more, or has had its time to settle after convergence. */
function finished(run: Ascent, before: Estimates, program: EmProgram): boolean {
  if (run.convergedAt < 0) return false;
  if (run.objective.length - 1 - run.convergedAt >= settlingIterations) return true;
  return [...run.estimates].every(([name, values]) => largestChange(values, before.get(name)!, program.sizeOf(name)) < settled);
}

/** What a search has come to: read when it has ended, and when it is left. */
interface Course {
  /** The best of the starts that are over, and the one that the program is at. */
  best: Ascent | null;
  current: Ascent | null;
  collapsed: number;
  /** Starts to try, and whether all of them were. */
  starts: number;
  hasChosen: boolean;
}

/** The best start after its trial (of several that collapsed the first), and from there on until nothing moves. */
function* search(program: EmProgram, watch: ScaleWatch, settings: Settings, initialised: boolean, course: Course): Interruptible<true> {
  const seeded = seedable(program).length > 0;
  const size = [...program.memory].reduce((n, [name, values]) => n + (name.startsWith('E|') ? values.length : 0), 1);
  const usual = initialised || !seeded ? 1 : Math.max(3, Math.min(usualRestarts, Math.floor(comfortableSize / size)));
  const starts = initialised ? 1 : (settings.restarts ?? usual);
  course.starts = starts;
  yield { done: 0, total: starts };
  for (let start = 0; start < starts; start++) {
    watch.reset();
    if (initialised) program.initialise();
    else if (seeded) yield* seededStart(program, watch, start, settings);
    else yield* begin(program, 'prior', start);
    const run = ascent(program, watch);
    course.current = run;
    const progress = (done: number): Progress => ({ done, total: starts, objective: run.objective.at(-1) });
    for (
      let i = 0;
      !run.broken && run.collapse === null && i < Math.min(trialIterations, settings.iterations) && (starts > 1 || i === 0);
      i++
    ) {
      yield progress(start);
      const before = run.estimates;
      if (!iterate(program, run, watch, settings) || finished(run, before, program)) break;
    }
    if (run.collapse !== null) course.collapsed++;
    course.best = bestOf(course);
    course.current = null;
    yield progress(start + 1);
  }
  course.hasChosen = true;
  const best = course.best!;
  program.setEstimates(best.estimates);
  program.expectation();
  let ended = best.collapse !== null || best.broken;
  while (!ended && best.objective.length - 1 < settings.iterations) {
    yield { done: best.objective.length - 1, total: settings.iterations, objective: best.objective.at(-1) };
    const before = best.estimates;
    ended = !iterate(program, best, watch, settings) || finished(best, before, program);
  }
  return true;
}
/** The better one of the best start that is over and the one that is not; null where there is neither. */
function bestOf({ best, current }: Course): Ascent | null {
  return best === null || (current !== null && better(current, best)) ? current : best;
}
/**
 * Means from seeds and the elements nearest to them. Scales begin with those of all the data, which lets components
 * overlap; from every other start with those of the elements nearest to each, where these have one. Where components have
 * no means (probabilities, rates), whatever tells them apart begins between a seed and all the data.
 */
function* seededStart(program: EmProgram, watch: ScaleWatch, start: number, settings: Settings): Interruptible<void> {
  program.initialise();
  // What seeds move reads the joint law of labels that meet: without one a probability would begin at 0, which no later step leaves.
  for (const k of program.latents) if (program.blocks[k]!.joint !== undefined) program.update(k);
  const candidates = seedable(program).filter((k) => learnsFromSeeds(program, k));
  if (candidates.length === 0) {
    // What reads the joint law of several labels (gaps in the data among them) has no elements of its own to be seeded from.
    yield* begin(program, 'prior', start);
    scatter(program);
    return;
  }
  const chosen = settings.start ?? (start % 4 < 2 ? 'kmeans++' : 'random');
  const blended = !program.parameters.some((k) => program.isMean(k)),
    power = chosen === 'random' ? 0 : 1;
  yield* seed(
    program,
    candidates[Math.floor(start / 4) % candidates.length]!,
    2,
    blended ? { power, blended } : { power, moves: (k) => program.isMean(k) },
  );
  if (blended || start % 2 === 0) return;
  const pooled = program.estimates();
  watch.look();
  program.hardMaximisation();
  if (watch.look() !== null || ![...program.estimates().values()].every((values) => values.every((x) => Number.isFinite(x))))
    program.setEstimates(pooled);
}
/** Every simplex at random: params begin at its centre, where components that nothing tells apart would stay alike for ever. */
function scatter(program: EmProgram): void {
  const estimates = new Map(program.estimates());
  for (const [name, values] of estimates) {
    const { graph } = program.builder.model;
    if (graph.variables.get(name)!.constraint.kind !== 'simplex') continue;
    const count = program.builder.storage(name).shape.at(-1)!;
    for (let n = 0; n < values.length; n += count) {
      let total = 0;
      for (let k = 0; k < count; k++) {
        const weight = 1 - Math.log(1 - program.random.uniform());
        values[n + k] = weight;
        total += weight;
      }
      for (let k = 0; k < count; k++) values[n + k]! /= total;
    }
  }
  program.setEstimates(estimates);
}
function better(a: Ascent, b: Ascent): boolean {
  const sound = (x: Ascent): boolean => x.collapse === null && !x.broken;
  if (sound(a) !== sound(b)) return sound(a);
  return sound(a) && a.objective.at(-1)! > b.objective.at(-1)!;
}

async function run(model: BoundModel, _source: string, request: RunRequest): Promise<RunResult> {
  const settings = readOptions(request.options, model.graph);
  refuseWithoutParameters(
    model.graph,
    new Set([...model.variables.values()].filter((v) => v.status === 'given').map((v) => v.name)),
    settings.maximize,
  );
  const begun = seconds();
  const initialised = startValues(model, request.init);
  const program = derived(model.graph, () => new EmProgram(model, request.seed, initialised, pointsOf(settings), settings.hard));
  const watch = new ScaleWatch(program);
  const compiled = seconds();
  const course: Course = { best: null, current: null, collapsed: 0, starts: 0, hasChosen: false };
  const isLeft =
    (await derivedAsync(model.graph, () => inTurns(search(program, watch, settings, initialised.size > 0, course), request))) === null;
  const { collapsed, starts } = course,
    best = bestOf(course);
  if (best === null) throw stoppedWithout('the first iteration of its first start', 'Give it more time, or less data.');
  if (isLeft) {
    program.setEstimates(best.estimates);
    program.expectation();
  }
  const groups = exchangeableGroups(program.builder, jointFactors(program.builder.model));
  if (best.collapse === null && !best.broken) orderComponents(program, groups);
  const sound = best.collapse === null && !best.broken;
  const edges = sound ? program.atEdges() : [],
    loose = sound ? program.looseElements() : [],
    hasSlope = !sound || program.hasSlope();
  const ascended = seconds();
  const { variables, warnings: ofDraws } = await results(program, request);
  const hasPrior = settings.maximize.length > 0;
  return {
    backend: 'em',
    variables,
    exchangeable: groups,
    logEvidence: null,
    logEvidenceSe: null,
    elbo: null,
    logLikelihood: settings.hard ? null : finiteOrNull(best.logLikelihood.at(-1)),
    logJoint: hasPrior || settings.hard ? finiteOrNull(best.objective.at(-1)) : null,
    traces: {
      elbo: best.elbo,
      logLikelihood: settings.hard ? undefined : best.logLikelihood,
      logJoint: hasPrior || settings.hard ? best.objective : undefined,
    },
    warnings: [
      ...(isLeft && sound && best.convergedAt < 0
        ? [stoppedAfter(best.objective.length - 1)]
        : [
            ...warningsOf(best, settings, { collapsed, tried: starts }, { edges, loose, hasSlope }),
            ...(isLeft && !course.hasChosen ? [stoppedBeforeAllStarts(starts)] : []),
          ]),
      ...(sound ? gridWarnings(program.grids()) : []),
      ...ofDraws,
      ...estimatesWithoutValue(variables),
    ],
    converged: best.convergedAt >= 0 && sound && hasSlope && edges.length === 0 && loose.length === 0 && !fell(best, settings),
    seconds: { compile: compiled - begun, warmup: ascended - compiled, sampling: seconds() - ascended },
    plan: program.blocks.map(
      (b): PlanEntry =>
        isPoint(b)
          ? {
              block: `argmax ${regionName(b.block.region)}`,
              kernel: 'M-step',
              reason:
                b.factor.kind === 'point' ? `mode of ${formName(b.factor.form)}` : 'no maximum in closed form: moved along the gradient',
            }
          : {
              block: `p(${regionName(b.block.region)} | data, estimates)`,
              kernel: 'E-step',
              reason: settings.hard ? 'its most probable value' : 'its posterior given the estimates',
            },
    ),
  };
}
async function derivedAsync<T>(graph: ModelGraph, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    return derived(graph, () => {
      throw error;
    });
  }
}
/** An objective that falls by more than rounding is not the one that was climbed. */
function fell(run: Ascent, settings: Settings): boolean {
  return settings.inflate === 0 && run.fall.by > 1e-8 * (1 + Math.abs(run.objective.at(-1)!));
}
function finiteOrNull(x: number | undefined): number | null {
  return x !== undefined && Number.isFinite(x) ? x : null;
}

function warningsOf(
  run: Ascent,
  settings: Settings,
  starts: { readonly collapsed: number; readonly tried: number },
  { edges, loose, hasSlope }: { readonly edges: readonly string[]; readonly loose: readonly string[]; readonly hasSlope: boolean },
): readonly Diagnostic[] {
  const out: Diagnostic[] = [];
  if (run.collapse !== null) {
    out.push({
      code: 'collapsed',
      severity: 'warning',
      message: `${run.collapse.element} has collapsed in iteration ${run.objective.length}: its smallest variance is ${run.collapse.ratio > 0 ? `${run.collapse.ratio.toExponential(1)} times the largest` : 'zero'}, and the likelihood grows without bound${starts.tried > 1 ? `; so did ${starts.collapsed} of ${starts.tried} starts` : ''}`,
      hint: 'The results are those before the last step. Give the scale a prior (MAP-EM), a floor (cov[D](floor: 1e-3) for a matrix, interval(1e-3, inf) for a number), fewer components, or other starts.',
    });
  } else if (run.broken) {
    out.push({
      code: 'no-finite-likelihood',
      severity: 'warning',
      message: `the objective became ${run.objective.length === 1 ? run.objective[0] : 'no number'} in iteration ${run.objective.length}`,
      hint: 'Look for data or start values that are impossible under the model.',
    });
  } else {
    if (run.convergedAt < 0)
      out.push({
        code: 'not-converged',
        severity: 'warning',
        message: `the objective still moved after ${run.objective.length - 1} iterations`,
        hint: 'Raise --opt iterations, or accept a larger --opt tolerance.',
      });
    if (!hasSlope)
      out.push({
        code: 'no-slope',
        severity: 'warning',
        message: 'the expected log joint has no finite slope at the estimates: what has no maximum in closed form could not be moved',
        hint: 'The objective may have a corner there, or be infinite beside it. Look at other starts (--init), and at terms such as sqrt(abs(x)) or log(x) at 0.',
      });
    if (loose.length > 0)
      out.push({
        code: 'flat-direction',
        severity: 'warning',
        message: `the data do not determine ${loose.slice(0, 6).join(', ')}${loose.length > 6 ? ` and ${loose.length - 6} more` : ''}: ${loose.length === 1 ? 'this estimate is' : 'these estimates are'} one choice of many`,
        hint: 'A component may have no data, or columns of a design be combinations of each other; drop what is too much, or give it a prior and maximize it.',
      });
    if (edges.length > 0)
      out.push({
        code: 'edge-of-range',
        severity: 'warning',
        message: `${edges.join(', ')} ${edges.length === 1 ? 'runs' : 'run'} off to where the likelihood no longer depends on ${edges.length === 1 ? 'it' : 'them'}: it is largest at the end of the range`,
        hint: 'Degrees of freedom do so where no datum is an outlier, dispersions where counts scatter no more than without, coefficients where groups are perfectly separated: give the unknown a prior (MAP-EM) or bounds, or leave the term out.',
      });
    if (fell(run, settings))
      out.push({
        code: 'objective-fell',
        severity: 'warning',
        message: `the objective fell by ${run.fall.by.toExponential(1)} in iteration ${run.fall.at}`,
        hint: 'The numbers are too large or too small for a step to be exact: rescale the data, or bound or fix what has run far off (degrees of freedom of a Student t without outliers).',
      });
  }
  return out;
}
