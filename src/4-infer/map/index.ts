/**
 * Maximum likelihood over `param`s and maximum a posteriori over sampled unknowns: of the density on the
 * scale of the program, whatever coordinates the search moves in (no Jacobian enters). Finite latents
 * and missing observations that nothing else reads are summed and integrated out.
 *
 * Standard errors are those of the observed information (minus the Hessian at the maximum).
 */
import type { BoundModel, Given } from '../../2-graph/bound.js';
import type { ModelGraph } from '../../2-graph/graph.js';
import type { Diagnostic } from '../../errors/diagnostic.js';
import { seconds } from '../../platform/platform.js';
import type { Backend, Explanation, OptionDoc, RunRequest } from '../backend.js';
import { explainClimb } from '../explainPoint.js';
import { DifferentiableDensity } from '../gradient.js';
import { findMode, type ModeSettings } from '../mode.js';
import { regionName } from '../plan.js';
import { startValues } from '../backendOptions.js';
import { pointOptions, readPointOptions, unknownsNamed } from '../pointOptions.js';
import { pointResults } from '../pointResults.js';
import type { RunResult } from '../posterior.js';

const options: readonly OptionDoc[] = [
  ...pointOptions,
  { name: 'marginal', type: 'names', default: 'none', doc: 'Gaussian unknowns to integrate out before maximising (not in this version)' },
];

export const map: Backend = {
  name: 'map',
  doc: 'maximum likelihood and maximum a posteriori by gradient; standard errors from the observed information',
  options, explain, run,
};

function settingsOf(graph: ModelGraph, given: Readonly<Record<string, string>>): ModeSettings {
  return readPointOptions('map', options, given, (_name, text): Diagnostic | null => {
    if (text === 'none') return null;
    const named = unknownsNamed(text, graph);
    return Array.isArray(named) ? { code: 'not-in-this-version', severity: 'error', message: `integrating out ${named.join(', ')} (marginal=${text}) is not in this version`, hint: 'Leave the option out: they are maximised with the rest.' } : named as Diagnostic;
  });
}

function explain(graph: ModelGraph, given: Given, source: string, chosen: Readonly<Record<string, string>>, bound: BoundModel | null): Explanation {
  settingsOf(graph, chosen);
  const blocks = explainClimb(graph, given, source, { law: 'a point', kernel: 'L-BFGS, then Newton', reason: 'where the derivative of these terms vanishes' });
  return { backend: 'map', blocks, notes: ['The density is that of the program, without Jacobians; standard errors come from its curvature at the maximum.'], code: bound === null ? null : new DifferentiableDensity(bound, 'map', 'explain', new Map(), true).source };
}

async function run(model: BoundModel, _source: string, request: RunRequest): Promise<RunResult> {
  const settings = settingsOf(model.graph, request.options);
  const begun = seconds();
  const initialised = startValues(model, request.init);
  const density = new DifferentiableDensity(model, 'map', request.seed, initialised, true);
  const compiled = seconds();
  const mode = await findMode(density, false, settings, request, initialised.size > 0);
  const searched = seconds();
  const variables = pointResults(density, mode, request);
  density.density(mode.position, false);
  const likelihood = mode.value - density.prior();
  const gaps = density.program.coordinates.regions.filter((r) => r.statement.kind === 'observe').map((r) => r.variable.name);
  const warnings: Diagnostic[] = gaps.length === 0 ? [] : [{
    code: 'gaps-maximised', severity: 'warning', message: `missing elements of ${[...new Set(gaps)].join(', ')} are read by other statements, so they are maximised with the rest, not integrated out`, hint: 'Estimates of spread come out too small; use gibbs for the full posterior.',
  }];
  return {
    backend: 'map', variables, exchangeable: mode.exchangeable, logEvidence: null, logEvidenceSe: null, elbo: null,
    logLikelihood: likelihood, logJoint: density.hasPriors ? mode.value : null,
    traces: density.hasPriors ? { logJoint: mode.trace } : { logLikelihood: mode.trace },
    warnings: [...warnings, ...mode.warnings], converged: mode.converged,
    seconds: { compile: compiled - begun, warmup: searched - compiled, sampling: seconds() - searched },
    plan: [
      ...density.program.coordinates.regions.map((r) => ({ block: regionName(r), kernel: 'L-BFGS, then Newton', reason: 'maximised in unconstrained coordinates' })),
      ...density.program.summed.groups.map((g) => ({ block: g.latents.map((l) => l.name).join(', '), kernel: 'summed out', reason: 'finite' })),
      ...[...density.integrated].map((name) => ({ block: name, kernel: 'integrated out', reason: 'only its own law reads it' })),
    ],
  };
}
