/**
 * `explain` for samplers: each latent block with its conditional as formulas in the program's names,
 * the factors that enter, and the kernel chosen with the reason.
 */
import type { BoundModel, Given } from '../2-graph/bound.js';
import type { ModelGraph, Statement } from '../2-graph/graph.js';
import { arraysOfStatement } from '../2-graph/query.js';
import { type ClosedForm, recognise } from '../3-derive/closedForm.js';
import { collect, type Collected, factorForms } from '../3-derive/conditional.js';
import { jointFactors } from '../3-derive/joint.js';
import { DerivedModel, type Factor, latentRegions } from '../3-derive/model.js';
import { elementTerms } from '../3-derive/occurrences.js';
import { variablesOf } from '../expr/expr.js';
import { gaussianStructures } from '../3-derive/gaussianBlock.js';
import type { ExplainedBlock, Explanation } from './backend.js';
import { type BlockRequest, meets, quadraticForm } from './blocks/plan.js';
import type { DrawRequest } from './collapse.js';
import { formulasOf, presentable } from './formulas.js';
import { render } from './formulaText.js';
import { type Chooser, kernelName, type SamplerProgram, samplerProgram } from './mcmc.js';
import { derive, type Derivation, formName, regionLoops, regionName, type RegionPlan, sourceLine } from './plan.js';

export function explainSampler(backend: string, graph: ModelGraph, given: Given, source: string, choose: Chooser, blocks: DrawRequest, bound: BoundModel | null): Explanation {
  const derivation = derive(new DerivedModel(graph, given));
  const sampler = bound === null ? null : samplerProgram(bound, choose, { keep: null, init: null }, blocks);
  const joint = jointBlocks(derivation, choose, blocks, sampler, source);
  const explained = derivation.regions.flatMap((plan): readonly ExplainedBlock[] => {
    const together = joint.find((j) => j.variables.includes(plan.region.variable.name));
    // A block stands where its first region does.
    if (together !== undefined) return derivation.regions.find((r) => together.variables.includes(r.region.variable.name)) === plan ? [together.shown] : [];
    const { choice, reason } = choose(plan, derivation);
    const form = plan.recognised.kind === 'none' ? null : plan.recognised;
    const shown = form === null ? null : focused(derivation.model, plan);
    return [{
      block: regionName(plan.region), loops: regionLoops(plan.region), family: form === null ? null : formName(form),
      parameters: form === null ? [] : render(shown === null ? formulasOf(form, plan.collected, derivation.model) : formulasOf(shown.form, shown.collected, shown.model), graph),
      factors: entering(plan.collected, derivation.model).map((f) => sourceLine(source, f.statement.span)),
      kernel: kernelName(choice), reason,
    }];
  });
  const notes = blocks.collapse === undefined ? [] : [`${blocks.collapse.join(', ')}: integrated out where the finite unknowns that feed them are drawn, then drawn from the conditionals shown.`];
  return { backend, blocks: explained, notes, code: sampler?.code ?? null };
}

/** What is drawn together: with data as the sampler does it, without as the program alone tells. */
function jointBlocks(derivation: Derivation, choose: Chooser, request: BlockRequest, sampler: SamplerProgram | null, source: string): readonly { readonly variables: readonly string[]; readonly shown: ExplainedBlock }[] {
  const asked = derivation.regions.filter((r) => choose(r, derivation).asked === true).map((r) => r.region.variable.name);
  const free = derivation.regions.map((r) => r.region).filter((r) => !asked.includes(r.variable.name) && (request.kind === 'derived' || (request.kind !== 'none' && request.groups.some((g) => g.includes(r.variable.name)))));
  const structures = gaussianStructures(free, derivation.regions.map((r) => r.region), derivation.forms, derivation.model).blocks.filter(meets);
  const steps = sampler?.joint ?? structures.map((s) => ({ members: derivation.regions.filter((r) => s.variables.includes(r.region.variable.name)), name: s.regions.map(regionName).join(', '), kernel: 'joint Normal', reason: 'jointly Normal given the rest' }));
  return steps.map(({ members, name, kernel, reason }) => {
    const variables = [...new Set(members.map((m) => m.region.variable.name))];
    const structure = structures.find((s) => s.variables.every((v) => variables.includes(v)));
    const factors = new Set(members.flatMap((m) => entering(m.collected, derivation.model).map((f) => sourceLine(source, f.statement.span))));
    return {
      variables,
      shown: {
        block: name, loops: '', family: kernel === 'joint Normal' ? 'MvNormal' : 'Categorical', factors: [...factors], kernel, reason,
        parameters: kernel !== 'joint Normal' || structure === undefined ? [] : render([{ name: 'log density', indices: [], expr: presentable(quadraticForm(structure)) }], derivation.model.graph),
      },
    };
  });
}

/** The factors whose terms contain the region's element: of those that mention its variable some may only speak of other elements. */
export function entering({ region, factors }: Collected, model: DerivedModel): readonly Factor[] {
  const recursions = model.recursionsOf(region.variable.name);
  return factors.filter((f) => elementTerms(region, [f], null, recursions).length > 0);
}

/**
 * The same conditional with everything but this variable held fixed, so that what does not contain it
 * stays as the program wrote it. Null where the region looks different then (gaps in vectors).
 */
function focused(all: DerivedModel, plan: RegionPlan): { readonly form: ClosedForm; readonly collected: Collected; readonly model: DerivedModel } | null {
  const near = onlyWith(all, plan);
  const complete = new Set([...near.variables.values()].filter((v) => v.name !== plan.region.variable.name && v.origin !== 'let' && v.origin !== 'report').map((v) => v.name));
  const model = new DerivedModel(near, { complete, partial: new Set() });
  const region = latentRegions(model).find((r) => r.statement.id === plan.region.statement.id);
  if (region === undefined || region.eventRank !== plan.region.eventRank) return null;
  const collected = collect(region, factorForms(jointFactors(model, plan.collected.factors.map((f) => f.statement)), model), model);
  const form = recognise(collected, model);
  return form.kind === 'none' || form.kind !== plan.recognised.kind ? null : { form, collected, model };
}

/** The part of a program that a region's factors read, so that each region costs what it has. */
function onlyWith({ graph, definitions }: DerivedModel, plan: RegionPlan): ModelGraph {
  const own = plan.region.variable.name;
  const statements = new Set<Statement>([...plan.collected.factors.map((f) => f.statement), ...definitions.get(own) ?? []]);
  const names = new Set<string>();
  const open = [...statements].flatMap(namesIn);
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    const variable = graph.variables.get(name);
    if (variable === undefined || names.has(name)) continue;
    names.add(name);
    open.push(...variable.dims.flatMap((d) => [...variablesOf(d)]));
    // Whatever else is drawn is held fixed, wherever it comes from.
    for (const s of definitions.get(name) ?? []) {
      if (s.kind !== 'let') continue;
      statements.add(s);
      open.push(...namesIn(s));
    }
  }
  return { ...graph, variables: new Map([...names].map((name) => [name, graph.variables.get(name)!])), statements: [...statements].sort((a, b) => a.id - b.id) };
}
function namesIn(s: Statement): readonly string[] {
  const own = s.kind === 'factor' || s.target === null ? [] : [s.target.variable];
  return [...own, ...arraysOfStatement(s).flatMap((a) => [a.body, ...a.dims].flatMap((e) => [...variablesOf(e)]))];
}
