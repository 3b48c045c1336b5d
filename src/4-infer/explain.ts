/**
 * `explain` for samplers: each latent block with its conditional as formulas in the program's names,
 * the factors that enter, and the kernel chosen with the reason.
 */
import type { BoundModel, Given } from '../2-graph/bound.js';
import type { ModelGraph } from '../2-graph/graph.js';
import { DerivedModel } from '../3-derive/model.js';
import { gaussianStructures } from '../3-derive/gaussianBlock.js';
import type { ExplainedBlock, Explanation } from './backend.js';
import { type BlockRequest, meets } from './blocks/plan.js';
import type { DrawRequest } from './collapse.js';
import { entering, focused, jointDensity } from './focus.js';
import { formulasOf, presentable } from './formulas.js';
import { notesOn, render } from './formulaText.js';
import { type Chooser, kernelName, type SamplerProgram, samplerProgram } from './mcmc.js';
import { derive, type Derivation } from './derivation.js';
import { formName, refusalText, regionLoops, regionName, sourceLine } from './wording.js';

export function explainSampler(
  backend: string,
  graph: ModelGraph,
  given: Given,
  source: string,
  choose: Chooser,
  blocks: DrawRequest,
  bound: BoundModel | null,
): Explanation {
  const derivation = derive(new DerivedModel(graph, given));
  const sampler = bound === null ? null : samplerProgram(bound, choose, { keep: null, init: null }, blocks);
  const joint = jointBlocks(derivation, choose, blocks, sampler, source);
  const explained = derivation.regions.flatMap((plan): readonly ExplainedBlock[] => {
    const together = joint.find((j) => j.variables.includes(plan.region.variable.name));
    // A block stands where its first region does.
    if (together !== undefined)
      return derivation.regions.find((r) => together.variables.includes(r.region.variable.name)) === plan ? [together.shown] : [];
    const alongside = sampler?.integrated.find((s) => s.scale.region.statement === plan.region.statement);
    const { choice, reason } =
      alongside === undefined ? choose(plan, derivation) : { choice: { kind: 'slice' as const }, reason: alongside.reason };
    const form = plan.recognised.kind === 'none' ? null : plan.recognised,
      refusal = refusalText(plan);
    const shown = form === null ? null : focused(derivation.model, plan);
    return [
      {
        block: regionName(plan.region),
        loops: regionLoops(plan.region),
        family: form === null ? null : formName(form),
        parameters:
          form === null
            ? []
            : render(
                shown === null ? formulasOf(form, plan.collected, derivation.model) : formulasOf(shown.form, shown.collected, shown.model),
                derivation.model,
              ),
        factors: entering(plan.collected, derivation.model).map((s) => sourceLine(source, s.span)),
        kernel: kernelName(choice),
        reason: form === null && refusal !== '' && !reason.includes(refusal) ? `${reason}; it has no family: ${refusal}` : reason,
      },
    ];
  });
  // Steps beside those of single blocks.
  const beside = [
    ...(sampler?.learnt ?? []).map((l) => ({ entry: l.entry, plans: l.members, loops: '', family: null })),
    ...(sampler?.moves ?? []).map(({ entry, plan }) => ({
      entry,
      plans: [plan],
      loops: regionLoops(plan.region),
      family: plan.recognised.kind === 'none' ? null : formName(plan.recognised),
    })),
  ].map(({ entry, plans, loops, family }): ExplainedBlock => {
    const statements = new Set(plans.flatMap((plan) => entering(plan.collected, derivation.model)));
    return { ...entry, loops, family, parameters: [], factors: [...new Set([...statements].map((s) => sourceLine(source, s.span)))] };
  });
  const shown = [...explained, ...beside];
  const notes =
    blocks.collapse === undefined
      ? []
      : [
          `${blocks.collapse.join(', ')}: integrated out where the finite unknowns that feed them are drawn, then drawn from the conditionals shown.`,
        ];
  return { backend, blocks: shown, notes: [...notesOn(shown), ...notes], code: sampler?.code ?? null };
}

/** What is drawn together: with data as the sampler does it, without as the program alone tells. */
function jointBlocks(
  derivation: Derivation,
  choose: Chooser,
  request: BlockRequest,
  sampler: SamplerProgram | null,
  source: string,
): readonly { readonly variables: readonly string[]; readonly shown: ExplainedBlock }[] {
  const asked = derivation.regions.filter((r) => choose(r, derivation).asked === true).map((r) => r.region.variable.name);
  const free = derivation.regions
    .map((r) => r.region)
    .filter(
      (r) =>
        !asked.includes(r.variable.name) &&
        (request.kind === 'derived' || (request.kind !== 'none' && request.groups.some((g) => g.includes(r.variable.name)))),
    );
  const structures = gaussianStructures(
    free,
    derivation.regions.map((r) => r.region),
    derivation.forms,
    derivation.model,
  ).blocks.filter(meets);
  const steps =
    sampler?.joint ??
    structures.map((s) => ({
      members: derivation.regions.filter((r) => s.variables.includes(r.region.variable.name)),
      name: s.regions.map(regionName).join(', '),
      kernel: 'joint Normal',
      reason: 'jointly Normal given the rest',
    }));
  return steps.map(({ members, name, kernel, reason }) => {
    const variables = [...new Set(members.map((m) => m.region.variable.name))];
    const statements = [...new Set(members.flatMap((m) => entering(m.collected, derivation.model)))];
    return {
      variables,
      shown: {
        block: name,
        loops: '',
        family: kernel === 'joint Normal' ? 'MvNormal' : 'Categorical',
        factors: [...new Set(statements.map((s) => sourceLine(source, s.span)))],
        kernel,
        reason,
        parameters: render(
          [{ name: 'log density', indices: [], expr: presentable(jointDensity(statements, variables, derivation.model)) }],
          derivation.model,
        ),
      },
    };
  });
}
