/**
 * Maximum likelihood over `param`s and maximum a posteriori over sampled unknowns: of the density on the
 * scale of the program, whatever coordinates the search moves in (no Jacobian enters). Finite latents
 * and missing observations that nothing else reads are summed and integrated out, and Gaussian unknowns by name (`marginal`).
 *
 * Standard errors are those of the observed information (minus the Hessian at the maximum).
 */
import type { BoundModel, Given } from '../../2-graph/bound.js';
import type { ModelGraph } from '../../2-graph/graph.js';
import { jointFactors } from '../../3-derive/joint.js';
import { DerivedModel, latentRegions } from '../../3-derive/model.js';
import type { Diagnostic } from '../../errors/diagnostic.js';
import { seconds } from '../../platform/platform.js';
import type { Backend, Explanation, OptionDoc, RunRequest } from '../backend.js';
import { explainClimb } from '../explainPoint.js';
import { DifferentiableDensity } from '../gradient.js';
import { marginalStructures } from '../integratedOut.js';
import { findMode, type ModeSettings } from '../mode.js';
import { regionName } from '../wording.js';
import { namesIn, startValues } from '../backendOptions.js';
import { pointOptions, readPointOptions, unknownsNamed } from '../pointOptions.js';
import { pointResults } from '../pointResults.js';
import type { RunResult } from '../posterior.js';
import { estimatesWithoutValue } from '../withoutValue.js';

const options: readonly OptionDoc[] = [
  ...pointOptions,
  {
    name: 'marginal',
    type: 'names',
    default: 'none',
    doc: 'jointly Gaussian unknowns, separated by commas, to integrate out before maximising (finite ones are always summed out)',
  },
];

export const map: Backend = {
  name: 'map',
  gives: 'estimates',
  laws: ['objective never falls', 'estimates are stationary'],
  // Gaps of data that are maximised are said so, and are no estimates that anybody asked for.
  estimated(graph, given) {
    const marginal = namesIn(given['marginal']);
    return [...graph.variables.values()]
      .filter((v) => v.scalar === 'real' && ['sample', 'param'].includes(v.origin) && !marginal.includes(v.name))
      .map((v) => v.name);
  },
  iterates: true,
  doc: 'maximum likelihood and maximum a posteriori by gradient; standard errors from the observed information',
  options,
  explain,
  run,
};

interface Settings extends ModeSettings {
  readonly marginal: readonly string[];
}

/** @param unknown names that have elements without a value. */
function settingsOf(unknown: readonly string[], given: Readonly<Record<string, string>>): Settings {
  let marginal: readonly string[] = [];
  const common = readPointOptions('map', options, given, (_name, text): Diagnostic | null => {
    if (text === 'none') return null;
    const named = unknownsNamed('marginal', text, unknown);
    if ('message' in named) return named;
    marginal = named;
    return null;
  });
  return { ...common, marginal };
}

function explain(
  graph: ModelGraph,
  given: Given,
  source: string,
  chosen: Readonly<Record<string, string>>,
  bound: BoundModel | null,
): Explanation {
  const model = new DerivedModel(graph, given),
    regions = latentRegions(model);
  const { marginal } = settingsOf([...new Set(regions.map((r) => r.variable.name))], chosen);
  const structures = marginalStructures(model, jointFactors(model), regions, marginal, 'map');
  const integrated = new Set(structures.flatMap((s) => s.regions.map(regionName)));
  const { blocks, notes } = explainClimb(graph, given, source, {
    backend: 'map',
    unconstrained: false,
    law: () => 'a point',
    kernel: 'L-BFGS, then Newton',
    reason: 'where the derivative of these terms vanishes',
  });
  return {
    backend: 'map',
    blocks: blocks.map((b) =>
      integrated.has(b.block)
        ? {
            ...b,
            family: 'Gaussian, joint',
            parameters: [],
            kernel: 'integrated out',
            reason: 'the density of the others is the log normaliser of its joint law',
          }
        : b,
    ),
    notes: [...notes, 'The density is that of the program, without Jacobians; standard errors come from its curvature at the maximum.'],
    code: bound === null ? null : new DifferentiableDensity(bound, 'map', 'explain', { integrate: true, marginal }).source,
  };
}

async function run(model: BoundModel, _source: string, request: RunRequest): Promise<RunResult> {
  const settings = settingsOf(
    [...model.variables.values()].filter((v) => v.status === 'latent' || v.status === 'partial').map((v) => v.name),
    request.options,
  );
  const begun = seconds();
  const initialised = startValues(model, request.init);
  const density = new DifferentiableDensity(model, 'map', request.seed, {
    initial: initialised,
    integrate: true,
    marginal: settings.marginal,
  });
  const compiled = seconds();
  const mode = await findMode(density, false, settings, request, initialised.size > 0);
  const searched = seconds();
  const { variables, warnings: ofDraws } = await pointResults(density, mode, request);
  density.density(mode.position, false);
  const likelihood = mode.value - density.prior();
  const gaps = density.program.coordinates.regions.filter((r) => r.statement.kind === 'observe').map((r) => r.variable.name);
  const warnings: Diagnostic[] =
    gaps.length === 0
      ? []
      : [
          {
            code: 'gaps-maximised',
            severity: 'warning',
            message: `missing elements of ${[...new Set(gaps)].join(', ')} are read by other statements, so they are maximised with the rest, not integrated out`,
            hint: 'Estimates of spread come out too small; use gibbs for the full posterior.',
          },
        ];
  return {
    backend: 'map',
    variables,
    exchangeable: mode.exchangeable,
    logEvidence: null,
    logEvidenceSe: null,
    elbo: null,
    logLikelihood: likelihood,
    logJoint: density.hasPriors ? mode.value : null,
    traces: density.hasPriors ? { logJoint: mode.trace } : { logLikelihood: mode.trace },
    warnings: [...warnings, ...nothingMaximised(density), ...mode.warnings, ...ofDraws, ...estimatesWithoutValue(variables)],
    converged: mode.converged,
    seconds: { compile: compiled - begun, warmup: searched - compiled, sampling: seconds() - searched },
    plan: [
      ...density.program.coordinates.regions.map((r) => ({
        block: regionName(r),
        kernel: 'L-BFGS, then Newton',
        reason: 'maximised in unconstrained coordinates',
      })),
      ...density.program.summed.groups.map((g) => ({
        block: g.latents.map((l) => l.name).join(', '),
        kernel: 'summed out',
        reason: 'finite',
      })),
      ...density.program.integrated.blocks.map((b) => ({
        block: b.members.map((m) => m.name).join(', '),
        kernel: 'integrated out',
        reason: `jointly Gaussian given the rest: ${b.structure}`,
      })),
      ...[...density.integrated].map((name) => ({ block: name, kernel: 'integrated out', reason: 'only its own law reads it' })),
    ],
  };
}

/** Finite unknowns are summed out: where there are no others, what is reported are their probabilities, and that is not what "map" promises. */
function nothingMaximised(density: DifferentiableDensity): readonly Diagnostic[] {
  if (density.dimension > 0 || density.program.summed.groups.length === 0) return [];
  return [
    {
      code: 'nothing-to-maximise',
      severity: 'note',
      message: 'all unknowns are finite: map sums them out, so there is nothing left to maximise, and their probabilities are reported',
      hint: 'For the most probable assignment of all of them: --backend exact --opt mode=true.',
    },
  ];
}
