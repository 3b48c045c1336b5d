/**
 * Exact posteriors: closed forms, elimination, and mixtures of both over few configurations, with the log
 * evidence. Refuses what it cannot solve, naming the block, the term and what would make it tractable.
 */
import type { Diagnostic } from '../../errors/diagnostic.js';
import { seconds } from '../../platform/platform.js';
import type { BoundModel, Given } from '../../2-graph/bound.js';
import type { ModelGraph } from '../../2-graph/graph.js';
import type { Backend, OptionDoc, RunRequest } from '../backend.js';
import { refuse, unknownOption } from '../backendOptions.js';
import type { RunResult } from '../posterior.js';
import { givenOf } from '../programBuilder.js';
import { type Interruptible, inTurns, stoppedWithout } from '../stopping.js';
import { drawsWithoutValue } from '../withoutValue.js';
import { explainPlan, planEntries } from './explain.js';
import { ExactRefusal, helpfulGivens, refusedBlock } from './plan.js';
import { ExactProgram } from './program.js';
import { type ClosedReport, closedReports, reportMoments } from './reports.js';
import { results } from './results.js';
import { solve, type SolvedComponent } from './solve.js';

const options: readonly OptionDoc[] = [
  {
    name: 'mode',
    type: 'boolean',
    default: 'false',
    doc: 'the most probable joint assignment of finite unknowns instead of their marginals; other unknowns given it',
  },
];

export const exact: Backend = {
  name: 'exact',
  gives: 'posterior',
  doc: 'closed forms: conjugate posteriors, finite unknowns by elimination, linear-Gaussian models, mixtures of these; gives the log evidence',
  options,
  explain: (graph, given, source, chosen, bound) => {
    readMode(chosen);
    return applied(graph, given, () => explainPlan(graph, given, source, bound));
  },
  run,
};

function readMode(given: Readonly<Record<string, string>>): boolean {
  const wrong: Diagnostic[] = [];
  for (const [name, text] of Object.entries(given)) {
    if (name !== 'mode') {
      wrong.push(unknownOption('exact', name, options));
    } else if (text !== 'true' && text !== 'false')
      wrong.push({ code: 'wrong-option', severity: 'error', message: `mode must be true or false, got '${text}'` });
  }
  if (wrong.length > 0) refuse(wrong);
  return given['mode'] === 'true';
}

/** A refusal as diagnostics: the block, the term, and whose values would help. */
function applied<T>(graph: ModelGraph, given: Given, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof ExactRefusal)) throw error;
    refuse(
      error.refusals.map((r): Diagnostic => {
        const helpful = helpfulGivens(graph, given, r);
        return {
          code: 'not-exact',
          severity: 'error',
          span: (r.factor?.statement ?? r.region.statement).span,
          message: `exact does not apply: ${refusedBlock(r)} ${r.reason}`,
          hint: `${helpful.length === 0 ? '' : `With a value for ${helpful.join(' or for ')} (--set, --data) it applies; otherwise `}${helpful.length === 0 ? 'Use' : 'use'} --backend gibbs, which needs no closed form.`,
        };
      }),
    );
  }
}

function* solveAll(program: ExactProgram, mode: boolean, reports: readonly ClosedReport[]): Interruptible<readonly SolvedComponent[]> {
  const solved: SolvedComponent[] = [];
  yield { done: 0, total: program.components.length };
  for (const c of program.components) {
    solved.push(yield* solve(program, c, mode, reports));
    yield { done: solved.length, total: program.components.length };
  }
  return solved;
}

async function run(model: BoundModel, _source: string, request: RunRequest): Promise<RunResult> {
  const mode = readMode(request.options);
  const begun = seconds();
  const program = applied(model.graph, givenOf(model), () => new ExactProgram(model, request.seed, mode));
  const compiled = seconds();
  const reports = closedReports(program);
  const solved = await inTurns(solveAll(program, mode, reports), request, 'solving');
  // Of a posterior no part is known before all of it is.
  if (solved === null) throw stoppedWithout('the posterior was solved', 'Give it more time, or use --backend gibbs.');
  const finished = seconds();
  const joint = solved.reduce((sum, s) => sum + s.logEvidence, program.constant());
  const { variables, warnings: ofDraws } = await results(program, solved, reportMoments(program, reports, mode), request);
  const warnings: Diagnostic[] = [
    ...solved.flatMap((s) => s.warnings),
    ...ofDraws,
    ...drawsWithoutValue(variables),
    ...(request.init === null
      ? []
      : [{ code: 'unused-start', severity: 'warning' as const, message: 'exact needs no start values: --init is ignored' }]),
  ];
  return {
    backend: 'exact',
    variables,
    exchangeable: [],
    logEvidence: program.plan.proper ? joint : null,
    logEvidenceSe: null,
    elbo: null,
    logLikelihood: null,
    logJoint: mode ? solved.reduce((sum, s) => sum + s.logMode, program.constant()) : null,
    traces: {},
    warnings,
    converged: !warnings.some((w) => w.code === 'not-finite' && w.severity === 'warning'),
    seconds: { compile: compiled - begun, warmup: finished - compiled, sampling: seconds() - finished },
    plan: planEntries(program),
  };
}
