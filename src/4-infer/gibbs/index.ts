/**
 * Gibbs sampling: one kernel for each latent region, exact where its conditional has a closed form
 * (Geman and Geman 1984; Gelfand and Smith 1990), else slice sampling; kernels can be chosen by option.
 */
import type { Backend } from '../backend.js';
import { explainSampler } from '../explain.js';
import { blockRequest, chooserFromOptions, kernelOptions } from '../kernelOptions.js';
import { runSampler } from '../mcmc.js';
import { defaultGibbsKernel } from '../plan.js';

export const gibbs: Backend = {
  name: 'gibbs',
  doc: 'one kernel for each latent block: conjugate conditional where it exists, enumeration for finite discrete, else slice; kernels by option',
  options: kernelOptions,
  explain: (graph, given, source, options, bound) => explainSampler('gibbs', graph, given, source, chooserFromOptions(graph, options, defaultGibbsKernel), blockRequest(graph, options, 'derived'), bound),
  run: (model, _source, request) => runSampler('gibbs', model, chooserFromOptions(model.graph, request.options, defaultGibbsKernel), blockRequest(model.graph, request.options, 'derived'), request, []),
};
