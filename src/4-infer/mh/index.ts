/**
 * Metropolis-Hastings, one latent region at a time: random walks in unconstrained coordinates that
 * adapt during warm-up only, independent proposals, and proposals written in the language.
 */
import type { Backend } from '../backend.js';
import { explainSampler } from '../explain.js';
import { blockRequest, chooserFromOptions, kernelOptions } from '../kernelOptions.js';
import { kernelProgram, runSampler } from '../mcmc.js';
import { defaultWalkKernel } from '../plan.js';

export const mh: Backend = {
  name: 'mh',
  gives: 'posterior',
  walks: true,
  doc: 'Metropolis-Hastings: adaptive random walk, independent, or a proposal given in the language (asymmetric proposals corrected)',
  runsChains: true,
  options: kernelOptions,
  explain: (graph, given, source, options, bound) =>
    explainSampler(
      'mh',
      graph,
      given,
      source,
      chooserFromOptions(graph, options, defaultWalkKernel),
      blockRequest(graph, options, 'none'),
      bound,
    ),
  run: (model, _source, request) =>
    runSampler(
      'mh',
      model,
      chooserFromOptions(model.graph, request.options, defaultWalkKernel),
      blockRequest(model.graph, request.options, 'none'),
      request,
      [],
    ),
  kernel: (model, request) =>
    kernelProgram(
      model,
      chooserFromOptions(model.graph, request.options, defaultWalkKernel),
      blockRequest(model.graph, request.options, 'none'),
      request,
    ),
};
