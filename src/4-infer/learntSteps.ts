/**
 * Coefficients that all data speak of, and of which none has a family: they are proposed together, from the mean and covariance
 * that the warm-up has seen (`random/learntNormal.ts`), and accepted or not. A regression whose posterior is nearly Normal
 * then costs two looks at the data for a new state of all its coefficients, where slices take some six for each of them and move along
 * the axes only. Slices go on in each sweep of the warm-up, after it in one of eight; where too few proposals were accepted, in each.
 */
import { type Argument, type Code, store, when } from '../code/loop.js';
import { add, addAll, apply, build, cond, type Expr, freeIndices, isConst, mul, num, one, ref, sub, visit, zero } from '../expr/expr.js';
import { regionSupport } from '../3-derive/closedForm.js';
import type { Factor } from '../3-derive/model.js';
import { gridOf } from '../3-derive/moves.js';
import { dependentTerms } from '../3-derive/occurrences.js';
import { learntMemory } from '../random/learntNormal.js';
import { jointTerms } from './assemble.js';
import type { RegionPlan } from './derivation.js';
import type { PlanEntry } from './posterior.js';
import { instancesOf, loops, type ProgramBuilder } from './programBuilder.js';
import { adaptingStorage, iterationStorage } from './steps.js';
import type { PlannedStep } from './tables.js';
import { regionName } from './wording.js';

export interface LearntStep {
  readonly members: readonly RegionPlan[];
  readonly entry: PlanEntry;
  readonly step: PlannedStep;
  /** A member's own step, run where it is wanted. */
  readonly sometimes: (code: readonly Code[]) => readonly Code[];
}

/** More numbers than this are not learnt of: proposals for all at once would hardly be accepted. */
const mostNumbers = 24,
  sweepsForSlice = 8;

/** The sets of coefficients among regions that are slice sampled: each set meets in a factor. */
export function learntSteps(builder: ProgramBuilder, sliced: readonly RegionPlan[]): readonly LearntStep[] {
  const left = new Set(sliced.filter((plan) => isCoefficient(builder, plan)));
  const out: LearntStep[] = [];
  for (const first of left) {
    left.delete(first);
    const members = [first];
    for (const member of members)
      for (const other of left)
        if (other.collected.direct.some((f) => member.collected.direct.includes(f))) {
          left.delete(other);
          members.push(other);
        }
    const size = members.reduce((sum, m) => sum + instancesOf(builder, gridOf(m.region)), 0);
    if (size > 1 && size <= mostNumbers) out.push(stepOf(builder, members, size));
  }
  return out;
}

/** True for real numbers each of which every instance of a factor reads: none is told by data to a part of them. */
function isCoefficient(builder: ProgramBuilder, { region, collected }: RegionPlan): boolean {
  const support = regionSupport(region);
  const unbounded =
    support.kind === 'vector' ||
    (support.kind === 'interval' && support.periodic !== true && isConst(support.low, -Infinity) && isConst(support.high, Infinity));
  const { name, constraint, scalar } = region.variable;
  if (!unbounded || constraint.kind !== 'none' || scalar !== 'real' || region.movingSupport || region.guards.length > 0) return false;
  if (region.eventRank > 1 || builder.model.statusOf(name) !== 'latent' || builder.model.recursionsOf(name).size > 0) return false;
  return collected.direct.length > 0 && collected.bounds.length === 0 && collected.direct.every((f) => readsAlike(f, name));
}
function readsAlike(factor: Factor, name: string): boolean {
  const plates = new Set(factor.plates.map((p) => p.index));
  let alike = true;
  visit(factor.logDensity, (x) => {
    if (x.op !== 'ref' || x.variable !== name) return;
    for (const a of x.at) {
      if ([...freeIndices(a)].some((i) => plates.has(i))) alike = false;
      visit(a, (y) => {
        if (y.op === 'ref') alike = false;
      });
    }
  });
  return alike && factor.plates.length > 0;
}

function stepOf(builder: ProgramBuilder, members: readonly RegionPlan[], size: number): LearntStep {
  const memory = builder.fresh('learnt', [learntMemory(size)], 'state'),
    point = builder.fresh('point', [size], 'scratch'),
    next = builder.fresh('next', [size], 'scratch');
  const f = builder.fresh('density', [], 'local'),
    correction = builder.fresh('correction', [], 'local'),
    tried = builder.fresh('tried', [], 'local'),
    accepted = builder.fresh('kept', [], 'local');
  const names = members.map((m) => m.region.variable.name);
  const copy = (body: (at: readonly Expr[], name: string, position: Expr) => Code): readonly Code[] => {
    let offset = 0;
    return members.flatMap(({ region }): readonly Code[] => {
      const { plates, at } = gridOf(region);
      const { name } = region.variable,
        { shape } = builder.storage(name),
        start = offset;
      offset += instancesOf(builder, { plates });
      const position = plates.reduce<Expr>(
        (p, plate) => add(mul(p, num(instancesOf(builder, { plates: [plate] }))), sub(plate.index, builder.bind(plate.from))),
        zero,
      );
      return shape.length === 0
        ? [body([], name, num(start))]
        : loops(
            plates.map((p) => builder.bindBinder(p)),
            [],
            [
              body(
                at.map((a) => builder.bind(a)),
                name,
                add(num(start), position),
              ),
            ],
          );
    });
  };
  const toMembers = copy((at, name, position) => store(name, at, ref(point, [position])));
  const factors = [...new Set(members.flatMap((m) => m.collected.factors))].map((factor) => ({
    ...factor,
    logDensity: dependentTerms(factor.logDensity, names),
  }));
  const place = (storage: string): Argument => ({ kind: 'place', place: { storage, at: [zero] } });
  const value = (e: Expr): Argument => ({ kind: 'value', value: e });
  const state = ref(memory, [zero]),
    adapting = ref(adaptingStorage, []),
    sweep = ref(iterationStorage, []);
  const block = members.map((m) => regionName(m.region)).join(', ');
  const propose: readonly Code[] = [
    {
      do: 'call',
      procedure: 'learntPropose',
      into: { storage: correction, at: [] },
      effects: [next, memory],
      args: [place(memory), place(point), place(next), value(num(size))],
    },
    {
      do: 'function',
      name: f,
      parameters: [],
      body: [...toMembers, { do: 'return', value: addAll(jointTerms(builder, factors).map((t) => t.value)) }],
    },
    {
      do: 'call',
      procedure: 'metropolisBlock',
      into: { storage: accepted, at: [] },
      effects: [point, next, ...names],
      args: [
        { kind: 'function', name: f },
        place(point),
        { kind: 'array', value: build([num(size)], (i) => ref(next, [i])) },
        value(num(size)),
        value(ref(correction, [])),
      ],
    },
    ...toMembers,
  ];
  return {
    members,
    entry: {
      block,
      kernel: 'learnt',
      reason: `proposed together from what the warm-up has seen of them; their slices go on in one sweep of ${sweepsForSlice}, in each where such proposals are rarely accepted`,
    },
    step: {
      block,
      context: null,
      result: {
        counter: null,
        code: [
          ...copy((at, name, position) => store(point, [position], ref(name, at))),
          store(tried, [], zero),
          store(accepted, [], zero),
          // In the warm-up to see how often they are accepted.
          when(apply('ge', state, cond(adapting, one, num(2))), [store(tried, [], one), ...propose]),
          when(adapting, [
            {
              do: 'call',
              procedure: 'learntObserve',
              into: null,
              effects: [memory],
              args: [place(memory), place(point), value(num(size)), value(ref(tried, [])), value(ref(accepted, []))],
            },
          ]),
        ],
      },
    },
    sometimes: (code) => [
      when(
        apply(
          'or',
          adapting,
          apply(
            'or',
            apply('lt', state, num(2)),
            apply('eq', sweep, mul(num(sweepsForSlice), apply('floor', mul(sweep, num(1 / sweepsForSlice))))),
          ),
        ),
        code,
      ),
    ],
  };
}
