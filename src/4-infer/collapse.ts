/**
 * Collapsed Gibbs (`collapse=names`): finite unknowns drawn with conjugate parents integrated out, the
 * parents drawn back from their conditionals afterwards. Both together are one exact block update.
 *
 * With q(p | z) the parents' conditional, p(z, data) = p(z, data, p) / q(p | z) at any value p of the parents
 * (Chib 1995): each value of an element weighs its factors at the current parents less the log density of the
 * parent it feeds. Natural parameters are kept up to date: what an element adds to them is taken out before
 * it is drawn and put back after (Griffiths and Steyvers 2004 for counts). A Normal and its scale are one parent.
 */
import { type Code, accumulate, store } from '../code/loop.js';
import { type Diagnostic, ModelError } from '../errors/diagnostic.js';
import { renderDiagnostics } from '../errors/render.js';
import { add, addAll, apply, cond, type Expr, index, type Index, isConst, neg, num, ref, sub, zero } from '../expr/expr.js';
import { floorOf } from '../3-derive/closedForm.js';
import { replaceElement } from '../3-derive/occurrences.js';
import { recomputeCode } from './assemble.js';
import type { BlockRequest, JointStep } from './blocks/plan.js';
import { type Group, groupsOf, readsOf, samePlace } from './collapseAdditions.js';
import { drawnBack, type Fed, gainCode, gainOf, isWhole, type Parent, parentOf, type Target } from './collapseParents.js';
import type { FoldedTables } from './contract.js';
import { scaledMembers } from './collapseScale.js';
import { directDensity, RegionContext } from './kernels.js';
import type { Derivation, RegionPlan } from './derivation.js';
import { formName, regionName } from './wording.js';
import { loops, type ProgramBuilder } from './programBuilder.js';
import { valueCount } from './structuralZeros.js';

/** What is drawn together, and which parents are integrated out where their labels are drawn. */
export type DrawRequest = BlockRequest & { readonly collapse?: readonly string[] | undefined };

function refuse(message: string, hint: string): never {
  const diagnostics: readonly Diagnostic[] = [{ code: 'wrong-option', severity: 'error', message, hint }];
  throw new ModelError(diagnostics, renderDiagnostics(diagnostics, '', 'options'));
}

/** Refuses a parent by its name, with the reason and the option that asked for it. */
function refuseParent(name: string, reason: string, hint: string): never {
  refuse(`${name} cannot be integrated out (collapse): ${reason}`, hint);
}

/**
 * The block of the named parents and of the finite unknowns that feed them; empty where no name is given.
 * @throws ModelError for parents that cannot be integrated out, with the reason.
 */
export function collapsedSteps(
  builder: ProgramBuilder,
  derivation: Derivation,
  candidates: readonly RegionPlan[],
  folded: FoldedTables,
  names: readonly string[],
): readonly JointStep[] {
  if (names.length === 0) return [];
  const plans = names.flatMap((name) => {
    const own = candidates.filter((c) => c.region.variable.name === name);
    if (own.length === 0)
      refuseParent(`'${name}'`, 'it is given, or its kernel was chosen by option', 'Name unknowns with a conjugate conditional.');
    return own;
  });
  const labels = [...new Set(plans.flatMap((p) => feeding(p, derivation)))];
  const finite = labels.flatMap((name) => candidates.filter((c) => c.region.variable.name === name));
  const scaled = scaledMembers(derivation, plans);
  for (const plan of plans) {
    if (floorOf(plan.region) !== undefined)
      refuseParent(regionName(plan.region), 'the mass above the floor of its eigenvalues is not known', 'Leave it out of collapse.');
    const reads = readsOf(plan),
      partners = scaled
        .flatMap((s) => (s.member === plan ? [s.scale] : s.scale === plan ? [s.member] : []))
        .map((p) => p.region.variable.name);
    const other = names.find((n) => reads.has(n) && !partners.includes(n));
    if (other !== undefined)
      refuseParent(
        regionName(plan.region),
        other === plan.region.variable.name
          ? 'its elements depend on each other'
          : `${other} is named too, and each has a family only while the other is held fixed`,
        'Integrate out parents that do not meet each other, or scalar Normals with the scale that each has to itself.',
      );
    if (feeding(plan, derivation).length === 0)
      refuse(
        `integrating out ${regionName(plan.region)} (collapse) changes nothing: no finite unknown enters its terms`,
        'Leave it out of collapse.',
      );
  }
  const parents = new Map(
    plans.map((p): [RegionPlan, Parent] => {
      const made = parentOf(builder, p, folded);
      return [
        p,
        typeof made === 'string'
          ? refuseParent(
              regionName(p.region),
              made,
              'Families whose integral is known: Dirichlet, Beta, Gamma, InverseGamma, Normal, MvNormal.',
            )
          : made,
      ];
    }),
  );
  const targets = plans.flatMap((p): Target[] => {
    if (scaled.some((s) => s.scale === p)) return [];
    const own = scaled.find((s) => s.member === p);
    return [{ parent: parents.get(p)!, scale: own === undefined ? null : { parent: parents.get(own.scale)!, power: own.power } }];
  });
  const fill = [...parents.values()].flatMap((p) => p.fill);
  const code = [
    ...finite.flatMap((z) => [...fill, ...sweepOf(builder, z, targets, folded)]),
    ...targets.flatMap((t) => drawnBack(builder, t, folded)),
  ];
  const members = [...finite, ...plans];
  return [
    {
      members,
      name: members.map((m) => regionName(m.region)).join(', '),
      kernel: 'collapsed',
      reason: `${finite.map((m) => regionName(m.region)).join(', ')} with ${plans.map((p) => `${regionName(p.region)} (${formName(parents.get(p)!.form)})`).join(', ')} integrated out, drawn back after`,
      code,
      status: null,
    },
  ];
}

/** Finite unknowns in the terms of a parent. */
function feeding(plan: RegionPlan, derivation: Derivation): readonly string[] {
  const reads = readsOf(plan);
  return [
    ...new Set(
      derivation.regions
        .filter((r) => r.recognised.kind === 'finite' && reads.has(r.region.variable.name))
        .map((r) => r.region.variable.name),
    ),
  ];
}

/** One pass over the elements of a finite region. */
function sweepOf(builder: ProgramBuilder, plan: RegionPlan, targets: readonly Target[], folded: FoldedTables): readonly Code[] {
  const { region, recognised } = plan;
  const name = regionName(region);
  if (recognised.kind !== 'finite') refuse(`'${name}' does not take finitely many values`, 'Leave out the parents it feeds.');
  if (recomputeCode(builder, region.variable.name).length > 0)
    refuse(`${name} feeds a recursion: it is drawn with its parents at their values`, 'Leave out the parents it feeds.');
  const context = new RegionContext(builder, plan.collected, folded);
  const fed = targets.flatMap((target): Fed[] => {
    const members = target.scale === null ? [target.parent] : [target.parent, target.scale.parent];
    // A Normal and its scale share their address, and the loops over what no label chooses.
    const steps = target.parent.plan.region.plates.map((p): Index => index(p.index.name));
    const found = members.map((parent): readonly Group[] => {
      const groups = groupsOf(builder, parent.plan, parent.form, region, steps);
      return typeof groups === 'string'
        ? refuseParent(regionName(parent.plan.region), groups, `Leave ${parent.plan.region.variable.name} out of collapse.`)
        : groups;
    });
    const places = found.flat().filter((g, k, all) => all.findIndex((o) => samePlace(o, g)) === k);
    return places.length === 0
      ? []
      : [
          {
            target,
            groups: places.map(({ address, across }) => ({
              address,
              across,
              additions: found.map((own) => own.find((o) => samePlace(o, { address, across }))?.additions ?? []),
            })),
          },
        ];
  });
  if (fed.length === 0) return [];
  const change = (sign: 1 | -1): readonly Code[] =>
    fed.flatMap(({ target, groups }) =>
      groups.flatMap((g) =>
        [target.parent, ...(target.scale === null ? [] : [target.scale.parent])].flatMap((parent, m) =>
          g.additions[m]!.flatMap((a) => {
            const value = sign === 1 ? a.coefficient : neg(a.coefficient);
            const into = [
              accumulate(parent.natural[a.slot]!, [...g.address, ...a.event], value),
              ...(parent.total === null ? [] : [accumulate(parent.total, g.address, value)]),
            ];
            return loops([...g.across, ...a.binders], a.guards, into);
          }),
        ),
      ),
    );
  const from = builder.bind(recognised.low),
    count = builder.bind(valueCount(recognised.low, recognised.high));
  const candidate = (): { readonly index: Index; readonly value: Expr } => {
    const k = index('k');
    builder.noteRange(k, zero, count);
    return { index: k, value: isConst(from, 0) ? k : add(from, k) };
  };
  const at =
    (value: Expr) =>
    (e: Expr): Expr =>
      builder.bind(replaceElement(e, region, value, region.plates));
  const k = candidate(),
    gained = fed
      .filter((f) => isWhole(f))
      .map((f) => {
        const most = builder.interval(count);
        if (most === null)
          refuse(`the number of values of ${name} is not known`, `Leave ${regionName(f.target.parent.plan.region)} out of collapse.`);
        const own = candidate();
        return gainCode(builder, f, { index: own.index, count, most: most.high }, at(own.value));
      });
  const direct = directDensity(context, plan.collected.factors, k.value),
    gain = addAll([
      ...fed.filter((f) => !isWhole(f)).map((f) => gainOf(builder, f, k.index, at(k.value))),
      ...gained.map((g) => ref(g.storage, [k.index])),
    ]);
  // What a parent would have of an impossible value means nothing: of 10 successes among 9 it would have -1 failures.
  const weight = cond(apply('eq', direct, num(-Infinity)), num(-Infinity), sub(direct, gain));
  const here = context.place();
  const drawn = builder.fresh('drawn', [], 'local', 'int32');
  return context.sweep([
    ...change(-1),
    ...gained.flatMap((g) => g.code),
    store(drawn, [], sub(context.current(), from)),
    { do: 'categorical', index: k.index, count, logWeight: weight, into: { storage: drawn, at: [] } },
    store(here.storage, here.at, add(ref(drawn, []), from)),
    ...change(1),
  ]);
}
