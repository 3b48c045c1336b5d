/**
 * `explain` for exact: each block of the posterior with its family and parameters as formulas where there
 * are, else its structure, and the reason why it is tractable.
 */
import type { BoundModel, Given } from '../../2-graph/bound.js';
import type { ModelGraph } from '../../2-graph/graph.js';
import { DerivedModel } from '../../3-derive/model.js';
import { addAll, variablesOf } from '../../expr/expr.js';
import type { ExplainedBlock, Explanation } from '../backend.js';
import { entering, focused, jointDensity } from '../focus.js';
import { type Formula, formulasOf, presentable } from '../formulas.js';
import { notesOn, render } from '../formulaText.js';
import type { Derivation, RegionPlan } from '../derivation.js';
import { formName, regionLoops, regionName, sourceLine } from '../wording.js';
import type { PlanEntry } from '../posterior.js';
import { type Component, exactPlan, type GaussianPart, type Part } from './plan.js';
import { type ComponentProgram, ExactProgram } from './program.js';

export function explainPlan(graph: ModelGraph, given: Given, source: string, bound: BoundModel | null): Explanation {
  const plan = exactPlan(new DerivedModel(graph, given));
  const program = bound === null ? null : new ExactProgram(bound, 'explain');
  const blocks = plan.components.flatMap((component, k) => explained(component, plan.derivation, source, program?.components[k] ?? null));
  const fromPrior = plan.derivation.regions
    .filter((r) => plan.prior.has(r.region.variable.name))
    .map(
      (r): ExplainedBlock => ({
        block: regionName(r.region),
        loops: regionLoops(r.region),
        family: null,
        parameters: [],
        factors: [sourceLine(source, r.region.statement.span)],
        kernel: 'drawn from its law',
        reason: 'nothing observed depends on it',
      }),
    );
  return {
    backend: 'exact',
    blocks: [...blocks, ...fromPrior],
    notes: [...notesOn(blocks), ...plan.components.flatMap(scaleNote)],
    code: program?.source ?? null,
  };
}

/** What the parameters of a scale mean by the Normals in them. */
function scaleNote(component: Component): readonly string[] {
  if (component.kind === 'discrete' || component.leaf.scaled === null) return [];
  const { normals, scales } = component.leaf.scaled;
  const of = [...new Set(scales.map((s) => s.plan.region.variable.name))];
  const normalNames = [...new Set(normals.flatMap((p) => (p.kind === 'alone' ? [p.plan] : p.plans)).map((p) => p.region.variable.name))];
  return [
    `In the parameters of ${listed(of)}, ${listed(normalNames)} ${normalNames.length > 1 ? 'stand for their means, which do' : 'stands for its mean, which does'} not depend on ${of.length > 1 ? 'them' : 'it'}.`,
  ];
}

/** Each block of the plan in a line. */
export function planEntries({ plan, components }: ExactProgram): readonly PlanEntry[] {
  const entries = plan.components.flatMap((c, k) =>
    explained(c, plan.derivation, null, components[k] ?? null).map(
      (b): PlanEntry => ({ block: b.block, kernel: b.kernel, reason: b.reason }),
    ),
  );
  return [
    ...entries,
    ...[...plan.prior].map((block): PlanEntry => ({ block, kernel: 'drawn from its law', reason: 'nothing observed depends on it' })),
  ];
}

function listed(names: readonly string[]): string {
  return names.length < 2 ? names.join('') : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;
}

function explained(
  component: Component,
  derivation: Derivation,
  source: string | null,
  program: ComponentProgram | null,
): readonly ExplainedBlock[] {
  const { model } = derivation,
    structures = program?.structures ?? [];
  const lines = (plan: RegionPlan): readonly string[] =>
    source === null ? [] : entering(plan.collected, model).map((s) => sourceLine(source, s.span));
  const block = (plan: RegionPlan, kernel: string, reason: string, family: string | null = null, withFormulas = false): ExplainedBlock => ({
    block: regionName(plan.region),
    loops: regionLoops(plan.region),
    family,
    parameters: withFormulas && source !== null ? render(formulas(plan, derivation), model) : [],
    factors: lines(plan),
    kernel,
    reason,
  });
  /** Several regions as one block, with what their joint density is made of. */
  const together = ({ plans, structures: joint }: GaussianPart, kernel: string, reason: string): ExplainedBlock => ({
    block: plans.map((p) => regionName(p.region)).join(', '),
    loops: '',
    family: 'MvNormal',
    kernel,
    reason,
    factors: [...new Set(plans.flatMap(lines))],
    parameters: render(
      [
        {
          name: 'log density',
          indices: [],
          expr: presentable(
            addAll(
              joint.map((b) =>
                jointDensity(
                  b.factors.map((f) => f.statement),
                  b.variables,
                  model,
                ),
              ),
            ),
          ),
        },
      ],
      model,
    ),
  });
  if (component.kind === 'discrete' && program !== null && program.apart !== '')
    return component.regions.map((r) => block(r, 'enumerated', program.apart));
  if (component.kind === 'discrete') {
    const reason = structures.length === 0 ? 'finite unknowns that meet finite unknowns only' : structures.join('; ');
    // Where nothing unknown stands in its weights, a value's weight is its posterior probability but for a factor.
    return component.regions.map((r) =>
      block(
        r,
        'elimination',
        reason,
        'Categorical',
        formulas(r, derivation).every((f) => [...variablesOf(f.expr)].every((v) => model.statusOf(v) === 'given')),
      ),
    );
  }
  const { leaf } = component;
  const given =
    component.kind === 'mixture'
      ? `given each configuration of ${[...new Set(component.finite.map((r) => r.region.variable.name))].join(', ')}, `
      : '';
  const joined = structures.length === 0 ? `${given}its terms are quadratic in Normals that meet` : structures.join('; ');
  const part = (p: Part, kernel: string, reason: string): readonly ExplainedBlock[] =>
    p.kind === 'alone'
      ? [block(p.plan, kernel, `${given}${reason}`, formName(p.form), true)]
      : source === null
        ? p.plans.map((plan) => block(plan, 'joint Gaussian', joined, 'Normal'))
        : [together(p, 'joint Gaussian', joined)];
  const names = (leaf.scaled?.normals ?? []).flatMap((p) => (p.kind === 'alone' ? [p.plan] : p.plans)).map((p) => p.region.variable.name);
  const scales = (leaf.scaled?.scales ?? []).map((p) => p.plan.region.variable.name);
  return [
    ...(component.kind === 'mixture'
      ? component.finite.map(
          (r): ExplainedBlock => ({
            ...(component.lane === null ? { enumerates: r.region.variable.name } : {}),
            ...block(
              r,
              'enumerated',
              component.lane === null
                ? 'its configurations are weighed by their evidence'
                : 'its values are weighed by their evidence, step by step of the loop',
              'Categorical',
            ),
          }),
        )
      : []),
    ...leaf.free.flatMap((p) => part(p, 'closed form', 'nothing else unknown enters its terms')),
    ...(leaf.scaled?.scales ?? []).flatMap((p) => part(p, 'closed form', `${names.join(', ')} integrated out: they share its scale`)),
    ...(leaf.scaled?.normals ?? []).flatMap((p) =>
      part(
        p,
        'closed form',
        `Normal given ${[...new Set(scales)].join(', ')}, whose mean does not depend on it; Student t once that is integrated out`,
      ),
    ),
  ];
}

/** The formulas of a region's law, as the program was written where the law is that of its own factors alone. */
function formulas(plan: RegionPlan, { model, regions }: Derivation): readonly Formula[] {
  if (plan.recognised.kind === 'none') return [];
  // A region of the solution's own making (a gap beside the unknowns it depends on) stands in no derivation of the program.
  const own = regions.find((r) => r.region === plan.region),
    focus = own === undefined ? null : focused(model, own);
  if (own === undefined || focus === null || focus.form.kind !== plan.recognised.kind)
    return formulasOf(plan.recognised, plan.collected, model);
  // What integrating Normals out adds to a scale.
  const added = plan.collected.contributions.filter((c) => !own.collected.contributions.includes(c));
  return formulasOf(
    plan.recognised.kind === 'exponential' ? plan.recognised : focus.form,
    { ...focus.collected, contributions: [...focus.collected.contributions, ...added] },
    focus.model,
  );
}
