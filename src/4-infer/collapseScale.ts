/**
 * Normals and the scale that each has to itself, integrated out together: m | v ~ N(m_n, v^-p / k) and v^p a Gamma
 * (Normal-InverseGamma for p = -1, Normal-Gamma for p = 1; Raiffa and Schlaifer 1961, ch. 13). Found in the monomials,
 * as for exact posteriors.
 */
import type { LatentRegion } from '../3-derive/model.js';
import { equal } from '../expr/expr.js';
import { sharedScales } from '../3-derive/sharedScale.js';
import type { Derivation, RegionPlan } from './derivation.js';

/** A scalar Normal whose precision is v^power times what is known, v the scale at the Normal's own address. */
export interface ScaledMember {
  readonly member: RegionPlan;
  readonly scale: RegionPlan;
  readonly power: number;
}

/** The pairs among plans of unknowns; everything else stands at its value. */
export function scaledMembers(derivation: Derivation, plans: readonly RegionPlan[]): readonly ScaledMember[] {
  const { model } = derivation;
  const single = plans.filter((p) => p.region.eventRank === 0 && !plans.some((o) => o !== p && o.region.variable === p.region.variable));
  return single.flatMap((member): ScaledMember[] => {
    const name = member.region.variable.name;
    for (const scale of single) {
      const other = scale.region.variable.name;
      if (scale === member || !sameElements(member.region, scale.region)) continue;
      const held = new Set(derivation.regions.map((r) => r.region.variable.name).filter((n) => n !== name && n !== other));
      const found = sharedScales(derivation.forms, new Set([name]), held, model);
      const own = found.kind === 'scales' ? found.scales.get(name) : undefined;
      if (
        own === undefined ||
        own.variable !== other ||
        own.role.kind !== 'power' ||
        own.split ||
        !own.address.every((c, d) => c.from === 'member' && c.axis === d)
      )
        continue;
      const normal = member.recognised,
        gamma = scale.recognised,
        { power } = own.role;
      if (normal.kind !== 'exponential' || gamma.kind !== 'exponential' || normal.bounded || gamma.bounded) continue;
      if (
        normal.slots.every((s) => s.statistic.kind === 'power' && s.statistic.power > 0) &&
        gamma.slots.length === 2 &&
        gamma.slots.some((s) => s.statistic.kind === 'log') &&
        gamma.slots.some((s) => s.statistic.kind === 'power' && s.statistic.power === power)
      )
        return [{ member, scale, power }];
    }
    return [];
  });
}
/** True where the elements of two regions are the same grid. */
function sameElements(a: LatentRegion, b: LatentRegion): boolean {
  return (
    a.guards.length === 0 &&
    b.guards.length === 0 &&
    a.plates.length === b.plates.length &&
    a.at.length === a.plates.length &&
    b.at.length === b.plates.length &&
    a.plates.every(
      (p, d) => equal(p.from, b.plates[d]!.from) && equal(p.to, b.plates[d]!.to) && a.at[d] === p.index && b.at[d] === b.plates[d]!.index,
    )
  );
}
