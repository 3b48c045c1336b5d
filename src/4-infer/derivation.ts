/**
 * What the canonical form says of a program's unknowns: for each latent region its conditional, and whether that has a closed form.
 * Nothing is chosen here; `plan.ts` picks kernels from it, `wording.ts` puts it into words.
 */
import { recognise, type Recognised } from '../3-derive/closedForm.js';
import { collect, type Collected, factorForms, type FactorForm, variablesIn } from '../3-derive/conditional.js';
import { jointFactors } from '../3-derive/joint.js';
import { type DerivedModel, type Factor, latentRegions, type LatentRegion } from '../3-derive/model.js';
import type { ModelGraph } from '../2-graph/graph.js';

/** What was derived for one region, before a kernel is chosen. */
export interface RegionPlan {
  /** The program that the region is of. */
  readonly graph: ModelGraph;
  readonly region: LatentRegion;
  readonly collected: Collected;
  readonly recognised: Recognised;
}

export interface Derivation {
  readonly model: DerivedModel;
  readonly factors: readonly Factor[];
  readonly forms: readonly FactorForm[];
  readonly regions: readonly RegionPlan[];
}

/**
 * The canonical form and every region's conditional; of some of the factors and regions where they are
 * named, with the forms that `known` has already.
 */
export function derive(
  model: DerivedModel,
  factors: readonly Factor[] = jointFactors(model),
  latents: readonly LatentRegion[] = latentRegions(model),
  known: Derivation | null = null,
): Derivation {
  const forms = factors.flatMap((f) => known?.forms.filter((k) => k.factor === f) ?? []);
  forms.push(
    ...factorForms(
      factors.filter((f) => !forms.some((k) => k.factor === f)),
      model,
    ),
  );
  // Only factors that read a latent, or a recursion that follows it, speak of it.
  const readers = new Map<string, FactorForm[]>();
  for (const form of forms) {
    for (const name of variablesIn(form.factor)) {
      const list = readers.get(name);
      if (list === undefined) readers.set(name, [form]);
      else list.push(form);
    }
  }
  const regions = latents.map((region): RegionPlan => {
    const { name } = region.variable;
    const read = new Set([name, ...model.recursionsOf(name)].flatMap((n) => readers.get(n) ?? []));
    const ordered = [...read].sort((a, b) => a.factor.id - b.factor.id);
    const own =
      model.offCentre.size === 0
        ? ordered
        : factorForms(
            ordered.map((f) => f.factor),
            model,
            name,
          );
    const collected = collect(region, own, model);
    return { graph: model.graph, region, collected, recognised: recognise(collected, model) };
  });
  return { model, factors, forms, regions };
}
