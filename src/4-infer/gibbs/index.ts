/**
 * Gibbs sampling: one kernel for each latent region, exact where its conditional has a closed form
 * (Geman and Geman 1984; Gelfand and Smith 1990), else slice sampling; kernels can be chosen by option.
 */
import type { ModelGraph } from '../../2-graph/graph.js';
import type { Backend } from '../backend.js';
import { explainSampler } from '../explain.js';
import { chooserFromOptions, collapseOption, collapseRequest, kernelOptions } from '../kernelOptions.js';
import { type Chooser, kernelProgram, runSampler } from '../mcmc.js';
import { defaultGibbsKernel } from '../plan.js';

export const gibbs: Backend = {
  name: 'gibbs',
  gives: 'posterior',
  doc: 'one kernel for each latent block: conjugate conditional where it exists, enumeration for finite discrete, else slice; kernels by option',
  runsChains: true,
  options: [...kernelOptions, collapseOption],
  explain: (graph, given, source, options, bound) =>
    explainSampler('gibbs', graph, given, source, chooserOf(graph, options), collapseRequest(graph, options), bound),
  run: (model, _source, request) =>
    runSampler('gibbs', model, chooserOf(model.graph, request.options), collapseRequest(model.graph, request.options), request, []),
  kernel: (model, request) =>
    kernelProgram(model, chooserOf(model.graph, request.options), collapseRequest(model.graph, request.options), request),
};

function chooserOf(graph: ModelGraph, { collapse: _, ...options }: Readonly<Record<string, string>>): Chooser {
  return chooserFromOptions(graph, options, defaultGibbsKernel);
}
