/**
 * `explain` for exact: each block of the posterior with its family and parameters as formulas where there
 * are, else its structure, and the reason why it is tractable.
 */
import type { BoundModel, Given } from '../../2-graph/bound.js';
import type { ModelGraph } from '../../2-graph/graph.js';
import { DerivedModel } from '../../3-derive/model.js';
import type { ExplainedBlock, Explanation } from '../backend.js';
import { entering } from '../explain.js';
import { formulasOf } from '../formulas.js';
import { render } from '../formulaText.js';
import { formName, regionLoops, regionName, type RegionPlan, sourceLine } from '../plan.js';
import type { PlanEntry } from '../posterior.js';
import { type Component, exactPlan, type Part } from './plan.js';
import { type ComponentProgram, ExactProgram } from './program.js';

export function explainPlan(graph: ModelGraph, given: Given, source: string, bound: BoundModel | null): Explanation {
  const plan = exactPlan(new DerivedModel(graph, given));
  const program = bound === null ? null : new ExactProgram(bound, 'explain');
  const blocks = plan.components.flatMap((component, k) => explained(component, plan.derivation.model, source, program?.components[k] ?? null));
  const fromPrior = plan.derivation.regions.filter((r) => plan.prior.has(r.region.variable.name)).map((r): ExplainedBlock => ({
    block: regionName(r.region), loops: regionLoops(r.region), family: null, parameters: [], factors: [sourceLine(source, r.region.statement.span)],
    kernel: 'drawn from its law', reason: 'nothing observed depends on it',
  }));
  return { backend: 'exact', blocks: [...blocks, ...fromPrior], notes: plan.components.flatMap(scaleNote), code: program?.source ?? null };
}

/** What the parameters of a scale mean by the Normals in them. */
function scaleNote(component: Component): readonly string[] {
  if (component.kind === 'discrete' || component.leaf.scaled === null) return [];
  const { normals, scales } = component.leaf.scaled;
  const names = [...new Set(normals.flatMap((p) => (p.kind === 'alone' ? [p.plan] : p.plans)).map((p) => p.region.variable.name))].join(', ');
  return [`In the parameters of ${[...new Set(scales.map((s) => s.plan.region.variable.name))].join(', ')}, ${names} stand for their means, which do not depend on it.`];
}

/** Each block of the plan in a line. */
export function planEntries({ plan, components }: ExactProgram): readonly PlanEntry[] {
  const entries = plan.components.flatMap((c, k) => explained(c, plan.derivation.model, null, components[k] ?? null).map((b): PlanEntry => ({ block: b.block, kernel: b.kernel, reason: b.reason })));
  return [...entries, ...[...plan.prior].map((block): PlanEntry => ({ block, kernel: 'drawn from its law', reason: 'nothing observed depends on it' }))];
}

function explained(component: Component, model: DerivedModel, source: string | null, program: ComponentProgram | null): readonly ExplainedBlock[] {
  const structures = program?.structures ?? [];
  const lines = (plan: RegionPlan): readonly string[] => (source === null ? [] : entering(plan.collected, model).map((f) => sourceLine(source, f.statement.span)));
  const block = (plan: RegionPlan, kernel: string, reason: string, family: string | null = null, withFormulas = false): ExplainedBlock => ({
    block: regionName(plan.region), loops: regionLoops(plan.region), family,
    parameters: withFormulas && source !== null && plan.recognised.kind !== 'none' ? render(formulasOf(plan.recognised, plan.collected, model), model.graph) : [], factors: lines(plan), kernel, reason,
  });
  if (component.kind === 'discrete' && program !== null && program.apart !== '') return component.regions.map((r) => block(r, 'enumerated', program.apart));
  if (component.kind === 'discrete') return component.regions.map((r) => block(r, 'elimination', structures.length === 0 ? 'finite unknowns that meet finite unknowns only' : structures.join('; ')));
  const { leaf } = component;
  const given = component.kind === 'mixture' ? `given each configuration of ${[...new Set(component.finite.map((r) => r.region.variable.name))].join(', ')}, ` : '';
  const part = (p: Part, kernel: string, reason: string): readonly ExplainedBlock[] => (p.kind === 'alone'
    ? [block(p.plan, kernel, `${given}${reason}`, formName(p.form), true)]
    : p.plans.map((plan) => block(plan, 'joint Gaussian', structures.length === 0 ? `${given}its terms are quadratic in Normals that meet` : structures.join('; '), 'Normal')));
  const names = (leaf.scaled?.normals ?? []).flatMap((p) => (p.kind === 'alone' ? [p.plan] : p.plans)).map((p) => p.region.variable.name);
  const scales = (leaf.scaled?.scales ?? []).map((p) => p.plan.region.variable.name);
  return [
    ...(component.kind === 'mixture' ? component.finite.map((r): ExplainedBlock => ({ ...(component.lane === null ? { enumerates: r.region.variable.name } : {}), ...block(r, 'enumerated', component.lane === null ? 'its configurations are weighed by their evidence' : 'its values are weighed by their evidence, step by step of the loop', 'Categorical') })) : []),
    ...leaf.free.flatMap((p) => part(p, 'closed form', 'nothing else unknown enters its terms')),
    ...(leaf.scaled?.scales ?? []).flatMap((p) => part(p, 'closed form', `${names.join(', ')} integrated out: they share its scale`)),
    ...(leaf.scaled?.normals ?? []).flatMap((p) => part(p, 'closed form', `Normal given ${[...new Set(scales)].join(', ')}, whose mean does not depend on it; Student t once that is integrated out`)),
  ];
}
