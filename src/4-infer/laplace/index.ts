/**
 * Laplace's approximation: a Gaussian at the mode with the inverse of minus the Hessian as covariance
 * (Tierney and Kadane 1986). In unconstrained coordinates the density has the Jacobian of the
 * transformation; on the natural scale it has none. The log evidence is
 * log p(mode) + d/2 log 2 pi - 1/2 log det(-H).
 */
import type { BoundModel, Given } from '../../2-graph/bound.js';
import type { ModelGraph } from '../../2-graph/graph.js';
import { isProper } from '../../distributions/law/law.js';
import type { Diagnostic } from '../../errors/diagnostic.js';
import { seconds } from '../../platform/platform.js';
import type { Backend, Explanation, OptionDoc, RunRequest } from '../backend.js';
import { explainClimb } from '../explainPoint.js';
import { DifferentiableDensity } from '../gradient.js';
import { findMode, type ModeSettings } from '../mode.js';
import { regionName } from '../wording.js';
import { startValues } from '../backendOptions.js';
import { pointOptions, readPointOptions } from '../pointOptions.js';
import type { RunResult } from '../posterior.js';
import { gaussianResults, type ScaleOption } from './results.js';
import { drawsWithoutValue } from '../withoutValue.js';

const options: readonly OptionDoc[] = [
  ...pointOptions,
  {
    name: 'scale',
    type: 'text',
    default: 'unconstrained',
    doc: 'where the law is taken to be Gaussian: unconstrained (logarithms of positive unknowns and so on) or natural',
  },
];

/** More draws than this outside the support are worth a warning. */
const tolerableOutside = 0.01;

export const laplace: Backend = {
  name: 'laplace',
  gives: 'approximation',
  iterates: true,
  doc: 'a Gaussian at the mode, with log evidence and independent draws',
  options,
  explain,
  run,
};

interface Settings extends ModeSettings {
  readonly scale: ScaleOption;
}

function settingsOf(given: Readonly<Record<string, string>>): Settings {
  let scale: ScaleOption = 'unconstrained';
  const common = readPointOptions('laplace', options, given, (_name, text): Diagnostic | null => {
    if (text !== 'unconstrained' && text !== 'natural')
      return { code: 'wrong-option', severity: 'error', message: `scale must be unconstrained or natural, got '${text}'` };
    scale = text;
    return null;
  });
  return { ...common, scale };
}

function explain(
  graph: ModelGraph,
  given: Given,
  source: string,
  chosen: Readonly<Record<string, string>>,
  bound: BoundModel | null,
): Explanation {
  const { scale } = settingsOf(chosen);
  const { blocks, notes: expectations } = explainClimb(graph, given, source, {
    backend: 'laplace',
    unconstrained: scale === 'unconstrained',
    law: (within) => (within === null ? 'Normal' : `Normal in ${within}`),
    kernel: `Gaussian at the mode, ${scale} scale`,
    reason: 'where the derivative of these terms vanishes, with the spread that their second derivatives give',
  });
  const notes = [
    ...expectations,
    'The unknowns are jointly Gaussian.',
    scale === 'natural'
      ? 'The mode and curvature are those of the density of the program.'
      : 'The mode and curvature are those of the density in unconstrained coordinates, Jacobian included.',
  ];
  return {
    backend: 'laplace',
    blocks,
    notes,
    code: bound === null ? null : new DifferentiableDensity(bound, 'laplace', 'explain', { integrate: true }).source,
  };
}

async function run(model: BoundModel, _source: string, request: RunRequest): Promise<RunResult> {
  const settings = settingsOf(request.options),
    natural = settings.scale === 'natural';
  const begun = seconds();
  const initialised = startValues(model, request.init);
  const density = new DifferentiableDensity(model, 'laplace', request.seed, { initial: initialised, integrate: true });
  const compiled = seconds();
  const mode = await findMode(density, !natural, settings, request, initialised.size > 0);
  const searched = seconds();
  const { variables, outside, warnings: ofDraws } = await gaussianResults(density, mode, settings.scale, request);
  const logJacobian = density.constrain(mode.position);
  const volume =
    mode.logDeterminant === null || !mode.converged ? null : 0.5 * density.dimension * Math.log(2 * Math.PI) - 0.5 * mode.logDeterminant;
  const improper = model.graph.statements.some(
    (s) =>
      (s.kind === 'param' && density.builder.model.statusOf(s.target.variable) !== 'given') || (s.kind === 'sample' && !isProper(s.law)),
  );
  const warnings: Diagnostic[] =
    outside <= tolerableOutside
      ? []
      : [
          {
            code: 'outside-support',
            severity: 'warning',
            message: `${(100 * outside).toFixed(0)} % of the Gaussian's draws lie outside the support`,
            hint: natural
              ? 'Reports of them may not be numbers; use scale=unconstrained.'
              : 'The program allows less than the laws of its unknowns do: write the bound in the law (p ~ Uniform(0, 0.5), say), or use gibbs or mh.',
          },
        ];
  return {
    backend: 'laplace',
    variables,
    exchangeable: mode.exchangeable,
    // Without a normalised prior there is no evidence.
    logEvidence: volume === null || improper ? null : mode.value + volume + (natural ? logJacobian : 0),
    logEvidenceSe: null,
    elbo: null,
    logLikelihood: null,
    logJoint: null,
    traces: { logJoint: mode.trace },
    warnings: [...mode.warnings, ...ofDraws, ...warnings, ...drawsWithoutValue(variables)],
    converged: mode.converged,
    seconds: { compile: compiled - begun, warmup: searched - compiled, sampling: seconds() - searched },
    plan: [
      ...density.program.coordinates.regions.map((r) => ({
        block: regionName(r),
        kernel: `Gaussian, ${settings.scale} scale`,
        reason: 'at the mode',
      })),
      ...density.program.summed.groups.map((g) => ({
        block: g.latents.map((l) => l.name).join(', '),
        kernel: 'summed out',
        reason: 'finite',
      })),
      ...[...density.integrated].map((name) => ({ block: name, kernel: 'integrated out', reason: 'only its own law reads it' })),
    ],
  };
}
