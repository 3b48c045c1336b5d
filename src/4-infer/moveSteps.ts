/**
 * Steps that move many unknowns at once along lines on which some factors do not change (`3-derive/moves.ts`): the parameter of
 * the move is drawn from its conditional, in closed form or by a slice, and what moves follows. They come after the steps that
 * draw each unknown, and mix what those leave behind: sums that data tell of while their addends are told apart by priors only.
 *
 * Shifts start at 0 and add up, stretches start at the scale itself: in either coordinate the step is one of the parameter given
 * everything that the move keeps, and the widths of slices do not depend on the state.
 */
import { type Code, store } from '../code/loop.js';
import { type Expr, ref, zero } from '../expr/expr.js';
import { factorMentions } from '../3-derive/conditional.js';
import { gridOf, type Move, movesOf } from '../3-derive/moves.js';
import type { LatentRegion } from '../3-derive/model.js';
import type { FoldedTables } from './contract.js';
import { derive, type Derivation, type RegionPlan } from './derivation.js';
import { closedFormKernel, RegionContext } from './kernels.js';
import type { PlanEntry } from './posterior.js';
import { instancesOf, loops, type ProgramBuilder } from './programBuilder.js';
import { sliceStep } from './steps.js';
import type { PlannedStep } from './tables.js';
import { formName, placeOf, regionName } from './wording.js';

export interface MoveStep {
  readonly entry: PlanEntry;
  /** How the parameter of the move is distributed given what it keeps. */
  readonly plan: RegionPlan;
  readonly step: PlannedStep;
}

/** A move whose conditional has no closed form costs as much as slices of its elements: it pays where data tell little of each. */
const mostInstancesPerElement = 16;

/**
 * The moves of a program's unknowns.
 * @param candidates those whose kernels nobody asked for.
 * @param together what a sweep draws as a whole already: moves within are no gain.
 */
export function moveSteps(
  builder: ProgramBuilder,
  derivation: Derivation,
  candidates: readonly RegionPlan[],
  together: readonly (readonly RegionPlan[])[],
  folded: FoldedTables,
): readonly MoveStep[] {
  let count = 0;
  const moves = movesOf(
    builder.model,
    derivation.factors,
    candidates.map((c) => c.region),
    (hint) => `%${hint}.${count++}`,
    (names) => !together.some((members) => names.every((n) => members.some((m) => m.region.variable.name === n))),
  );
  return moves.filter((move) => isHeldBack(builder, derivation, move)).flatMap((move) => stepOf(builder, move, folded) ?? []);
}

/**
 * False for a scale that knows itself from much else than the effects of its stretch: a step that holds them fixed moves it as freely.
 * (Shifts always pay: what they leave unchanged is what holds single steps back.)
 */
function isHeldBack(builder: ProgramBuilder, { factors }: Derivation, move: Move): boolean {
  const [scale, effects] = move.moved;
  if (move.kind === 'shift') return true;
  const told = factors.filter((f) => f.statement !== scale!.region.statement && factorMentions(f, scale!.region.variable.name));
  return told.reduce((sum, f) => sum + instancesOf(builder, f), 0) <= 2 * instancesOf(builder, effects!.region);
}

function stepOf(builder: ProgramBuilder, move: Move, folded: FoldedTables): MoveStep | null {
  const plan = derive(move.model, move.factors, [move.parameter]).regions[0]!,
    { recognised } = plan;
  const closed = recognised.kind !== 'none' && recognised.kind !== 'finite' ? recognised : null;
  const elements = move.moved.reduce((sum, m) => sum + instancesOf(builder, gridOf(m.region)), 0);
  const changing = move.factors.reduce((sum, f) => sum + (plan.collected.direct.includes(f) ? instancesOf(builder, f) : 0), 0);
  if (closed === null && (changing > mostInstancesPerElement * elements || plan.collected.factors.length === 0)) return null;
  const name = move.parameter.variable.name,
    { plates, at } = move.parameter;
  const shape = plates.map((p) => instancesOf(builder, { plates: [p] }));
  builder.addStorage({ name, type: 'float64', shape, place: 'state' });
  if (move.ratio !== null)
    builder.addStorage({
      name: move.ratio.variable,
      type: 'float64',
      shape: builder.storage(move.ratio.region.variable.name).shape,
      place: 'state',
    });
  const context = new RegionContext(builder, plan.collected, folded);
  const kernel = closed === null ? sliceStep(context, []).code : closedFormKernel(context, closed);
  const [scale] = move.moved;
  const start =
    move.ratio === null
      ? everywhere(builder, move.parameter, () => [store(name, at, zero)])
      : [
          ...everywhere(builder, scale!.region, (own) => [store(name, own, ref(scale!.region.variable.name, own))]),
          ...everywhere(builder, move.ratio.region, (own) => [store(move.ratio!.variable, own, builder.bind(move.ratio!.of(own)))]),
        ];
  const follow = move.moved.flatMap((m) =>
    everywhere(builder, m.region, (own) => [store(m.region.variable.name, own, builder.bind(m.to(own)))]),
  );
  const block = move.moved.map((m) => regionName(m.region)).join(', ');
  return {
    plan,
    entry: {
      block,
      kernel: move.kind,
      reason: `${motion(move)}: ${keeps(move)}; ${closed === null ? 'by a slice' : `how far is ${formName(closed)}`}`,
    },
    step: { block: `${move.kind} of ${block}`, context, result: { code: [...start, ...kernel, ...follow], counter: null } },
  };
}

/** `where: ...` of the statements whose densities stay as they are. */
function keeps({ unchanged, model }: Move): string {
  const places = unchanged.map((s) => placeOf(s, model.graph) ?? `statement ${s.id + 1}`);
  return `${places.join('; ')} ${places.length === 1 ? 'does' : 'do'} not change`;
}

/** Code for each element of a region, given its whole address. */
function everywhere(builder: ProgramBuilder, region: LatentRegion, body: (at: readonly Expr[]) => readonly Code[]): readonly Code[] {
  const { plates, at } = gridOf(region);
  return loops(
    plates.map((p) => builder.bindBinder(p)),
    [],
    body(at),
  );
}

function motion({ kind, opposed }: Move): string {
  return kind === 'stretch' ? 'stretched together' : opposed ? 'shifted against each other' : 'shifted together';
}
