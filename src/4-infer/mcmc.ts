/**
 * What gibbs and mh share: from a plan to a program, chains, and the result. The two backends differ
 * only in the kernel a region gets by default.
 */
import type { BoundModel } from '../2-graph/bound.js';
import { type Diagnostic, ModelError } from '../errors/diagnostic.js';
import { renderDiagnostics } from '../errors/render.js';
import { writesOf } from '../code/analysis.js';
import type { Code } from '../code/loop.js';
import { supportOf } from '../distributions/law/form.js';
import { isProper, type Law } from '../distributions/law/law.js';
import { type ClosedForm, improperConditional } from '../3-derive/closedForm.js';
import { add, one, sub } from '../expr/expr.js';
import { seconds } from '../platform/platform.js';
import { assemble, prepare, recomputeCode } from './assemble.js';
import type { KernelProgram, KernelRequest, RunRequest } from './backend.js';
import { discreteSteps, type JointStep, jointSteps } from './blocks/plan.js';
import { runChains } from './chains.js';
import { collectChains } from './collect.js';
import type { ChainProgram } from './chainProgram.js';
import { compositionsIn, countsStep, mostCompositions, wholeVectors } from './compositions.js';
import { collapsedSteps, type DrawRequest } from './collapse.js';
import { FoldedTables, SharedTables } from './contract.js';
import { heldTogether } from './heldTogether.js';
import { type IntegratedScale, integratedScales } from './integratedScales.js';
import { type GroupMember, jointEnumeration, mostStates } from './jointEnumeration.js';
import { closedFormKernel, finiteBody, RegionContext } from './kernels.js';
import { type LearntStep, learntSteps } from './learntSteps.js';
import { type MoveStep, moveSteps } from './moveSteps.js';
import { openSteps, overData } from './openSteps.js';
import { derive, type Derivation, type RegionPlan } from './derivation.js';
import type { ChosenKernel, KernelChoice } from './plan.js';
import { regionName } from './wording.js';
import type { PlanEntry, RunResult } from './posterior.js';
import { ProgramBuilder } from './programBuilder.js';
import { structuralGroups } from './structuralZeros.js';
import { type PlannedStep, placeTables } from './tables.js';
import { proposalStep, randomWalkStep, sliceStep, type StepResult, uniformStep } from './steps.js';

/** Chooses a kernel for one region. @throws ModelError for an override that cannot be met. */
export type Chooser = (
  plan: RegionPlan,
  derivation: Derivation,
) => ChosenKernel & { /** The user's own choice: never overruled. */ readonly asked?: boolean | undefined };

export interface SamplerProgram {
  readonly program: ChainProgram;
  readonly code: string;
  readonly plan: readonly PlanEntry[];
  readonly derivation: Derivation;
  /** What is drawn together. */
  readonly joint: readonly JointStep[];
  /** What is drawn with a joint block integrated out. */
  readonly integrated: readonly IntegratedScale[];
  /** What is proposed together as the warm-up has learnt. */
  readonly learnt: readonly LearntStep[];
  /** What is moved at once after all else. */
  readonly moves: readonly MoveStep[];
  readonly warnings: readonly Diagnostic[];
  /** The steps with entry points of their own, where they were asked for. */
  readonly opened: Pick<KernelProgram, 'steps' | 'over'> | null;
}

/** What a test of the kernel wants of the program. */
type Opened = Pick<KernelRequest, 'derive'>;

export function kernelName(choice: KernelChoice): string {
  switch (choice.kind) {
    case 'conjugate':
      return 'conjugate';
    case 'enumerate':
    case 'compositions':
      return 'enumerate';
    case 'transfer':
      return 'transfer';
    case 'slice':
      return 'slice';
    case 'walk':
      return `rw(scale: ${choice.scale}, adapt: ${choice.adapt})`;
    case 'uniform':
      return 'independent(uniform)';
    case 'independent':
    case 'propose':
      return `${choice.kind}(${choice.text})`;
  }
}

/**
 * Generated code for all kernels of a plan.
 * @param opened where each step of the sweep is to be an entry point of its own.
 * @throws ModelError where blocks are asked for that are none.
 */
export function samplerProgram(
  bound: BoundModel,
  choose: Chooser,
  request: Pick<RunRequest, 'keep' | 'init'>,
  blocks: DrawRequest = { kind: 'none' },
  opened: Opened | null = null,
): SamplerProgram {
  const builder = new ProgramBuilder(bound);
  prepare(builder);
  const derivation = (opened?.derive ?? derive)(builder.model);
  const folded = new FoldedTables(),
    shared = new SharedTables();
  const plan: PlanEntry[] = [];
  const warnings: Diagnostic[] = [];
  const chosen = derivation.regions.map((r) => ({ region: r, ...affordable(builder, r, choose(r, derivation)) }));
  const groups = structuralGroups(builder, derivation.factors);
  const grouped = new Set<RegionPlan>();
  const tied: JointStep[] = [];
  const candidates = chosen
    .filter(
      (c) => c.asked !== true && !chosen.some((o) => o.asked === true && o.region.region.variable.name === c.region.region.variable.name),
    )
    .map((c) => c.region);
  const collapsed = collapsedSteps(builder, derivation, candidates, folded, blocks.collapse ?? []);
  const { steps: whole, apart } = jointSteps(
    builder,
    derivation,
    candidates.filter((c) => !collapsed.some((s) => s.members.includes(c))),
    folded,
    blocks,
  );
  const joined = [...collapsed, ...whole];
  const integrated = integratedOnce(
    builder,
    derivation,
    whole,
    candidates.filter((c) => !joined.some((s) => s.members.includes(c)) && integrable(chosen.find((o) => o.region === c)!.choice)),
    folded,
  );
  const learnt =
    blocks.kind !== 'derived'
      ? []
      : learntSteps(
          builder,
          candidates.filter((c) => !grouped.has(c) && chosen.find((o) => o.region === c)!.choice.kind === 'slice'),
        );
  const planned = chosen.flatMap(({ region, choice, reason: ownReason }): PlannedStep[] => {
    if (grouped.has(region)) return [];
    const alongside = integrated.find((s) => s.scale === region);
    if (alongside !== undefined) {
      plan.push({ block: regionName(region.region), kernel: 'slice', reason: alongside.reason });
      return [alongside.step];
    }
    const block = joined.find((j) => j.members.includes(region));
    if (block !== undefined) {
      for (const m of block.members) grouped.add(m);
      plan.push({ block: block.name, kernel: block.kernel, reason: block.reason });
      // Drawn with each of its scales already.
      if (integrated.some((s) => s.block === block)) return [];
      return [{ block: block.name, context: null, result: { code: block.code, counter: null } }];
    }
    const alone = apart.get(region.region.variable.name);
    const reason = alone === undefined ? ownReason : `${ownReason}; drawn alone because ${alone}`;
    const members = groupOf(region, groups, chosen);
    const joint = members === null ? null : jointStep(builder, derivation, members, folded);
    if (members !== null) for (const m of members) grouped.add(m.region);
    if (members !== null && joint !== null) {
      const reason = `they meet in a factor with a structural zero${joint.structure}`;
      plan.push({ block: joint.block, kernel: joint.kernel, reason });
      tied.push({
        members: members.map((m) => m.region),
        name: joint.block,
        kernel: joint.kernel,
        reason,
        code: joint.result.code,
        status: null,
      });
      return [joint];
    }
    if (members !== null) warnings.push(unreachable(members.map((m) => regionName(m.region.region))));
    return (members ?? [{ region, choice, reason }]).map((m) => {
      const block = regionName(m.region.region);
      plan.push({ block, kernel: kernelName(m.choice), reason: m.reason });
      const own = stepOf(builder, m.region, m.choice, folded, shared),
        together = learnt.find((l) => l.members.includes(m.region));
      return together === undefined
        ? { block, ...own }
        : { block, ...own, result: { ...own.result, code: together.sometimes(own.result.code) } };
    });
  });
  const moves =
    blocks.kind !== 'derived' || blocks.collapse !== undefined
      ? []
      : moveSteps(
          builder,
          derivation,
          candidates.filter((c) => integrable(chosen.find((o) => o.region === c)!.choice)),
          drawnTogether(whole, integrated),
          folded,
        );
  for (const { entry, step } of [...learnt, ...moves]) {
    plan.push(entry);
    planned.push(step);
  }
  const initialised = startValues(builder, request.init);
  // What starts are given for comes last: drawn first, given starts of the rest from the prior, it would lose them.
  const keepsStart = (s: PlannedStep): boolean => [...writesOf(s.result.code, new Map())].some((name) => initialised.has(name));
  const steps = [...planned.filter((s) => !keepsStart(s)), ...planned.filter(keepsStart)];
  const placed = placeTables(builder, shared, steps);
  // Labels are drawn one after the other with their parents integrated out.
  const openedSteps = opened === null ? null : openSteps(builder, steps, placed, new Set(collapsed.map((c) => c.name)));
  const { program: assembled, code } = assemble(builder, derivation.factors, placed.steps, {
    keep: request.keep,
    initialised,
    prepared: placed.prepared,
  });
  const program = { ...assembled, blocks: joined.flatMap((j) => (j.status === null ? [] : [{ ...j.status, block: j.name }])) };
  const over = openedSteps === null ? null : overData(builder);
  return {
    program,
    code,
    plan,
    derivation,
    joint: [...joined, ...tied],
    integrated,
    learnt,
    moves,
    warnings,
    opened: openedSteps === null || over === null ? null : { steps: openedSteps, over: (other) => over(program, other) },
  };
}

/** Steps that hold everything else fixed, and may do without. */
function integrable({ kind }: KernelChoice): boolean {
  return kind === 'conjugate' || kind === 'slice';
}

/** Each scale beside the first block that it can be drawn with. */
function integratedOnce(
  builder: ProgramBuilder,
  derivation: Derivation,
  blocks: readonly JointStep[],
  candidates: readonly RegionPlan[],
  folded: FoldedTables,
): readonly IntegratedScale[] {
  const found: IntegratedScale[] = [];
  for (const block of blocks) {
    const left = candidates.filter((c) => !found.some((f) => f.scale === c));
    found.push(...integratedScales(builder, derivation, block, left, folded));
  }
  return found;
}

/** Each block with the scales that move with it. */
function drawnTogether(blocks: readonly JointStep[], integrated: readonly IntegratedScale[]): readonly (readonly RegionPlan[])[] {
  return blocks.map((block) => [...block.members, ...integrated.flatMap((s) => (s.block === block ? [s.scale] : []))]);
}

type Chosen = ReturnType<Chooser> & { readonly region: RegionPlan };

/** The regions to draw together with one; null where it stands alone or the user has chosen a kernel for one of them. */
function groupOf(region: RegionPlan, groups: readonly ReadonlySet<string>[], chosen: readonly Chosen[]): readonly Chosen[] | null {
  const group = groups.find((g) => g.has(region.region.variable.name));
  const members = group === undefined ? [] : chosen.filter((c) => group.has(c.region.region.variable.name));
  return members.length === 0 || members.some((m) => m.asked === true) ? null : members;
}

/** By elimination where their factors are tables, else by trying all combinations; null where neither can be done. */
function jointStep(
  builder: ProgramBuilder,
  derivation: Derivation,
  members: readonly Chosen[],
  folded: FoldedTables,
): (PlannedStep & { readonly kernel: string; readonly structure: string }) | null {
  const block = members.map((m) => regionName(m.region.region)).join(', ');
  const found = discreteSteps(
    builder,
    derivation,
    members.map((m) => m.region),
    new Map(),
  ).find((s) => s.members.length === members.length);
  if (found !== undefined)
    return { block, kernel: found.kernel, structure: `: ${found.structure}`, context: null, result: { code: found.code, counter: null } };
  const names = [...new Set(members.map((m) => m.region.region.variable.name))];
  const recompute = names.flatMap((n) => recomputeCode(builder, n));
  const finite = members.flatMap((m): GroupMember[] =>
    m.region.recognised.kind === 'finite'
      ? [{ context: new RegionContext(builder, m.region.collected, folded), form: m.region.recognised }]
      : [],
  );
  if (finite.length !== members.length) return null;
  const code = jointEnumeration(builder, finite, recompute);
  return code === null ? null : { block, kernel: 'enumerate', structure: '', context: finite[0]!.context, result: { code, counter: null } };
}

function unreachable(blocks: readonly string[]): Diagnostic {
  return {
    code: 'structural-zero',
    severity: 'warning',
    message: `${blocks.join(' and ')}: some combinations of values are impossible, and there are more than ${mostStates} states to draw at once; drawn one by one they may not reach every state`,
    hint: 'Write the model so that impossible combinations do not arise, or compare chains from different starts.',
  };
}

/** More values than this are not enumerated in every sweep. */
const largestEnumeration = 1 << 16;

/** A slice or a walk over the integers where there are too many values to weigh or try them all. */
function affordable(builder: ProgramBuilder, { region }: RegionPlan, chosen: ReturnType<Chooser>): ReturnType<Chooser> {
  const { choice } = chosen;
  if (choice.kind === 'compositions') {
    const states = compositionsIn(builder, region);
    return states <= mostCompositions
      ? chosen
      : {
          choice: { kind: 'transfer' },
          reason: `its total has ${Number.isFinite(states) ? states : 'too many'} compositions, more than are enumerated: two cells at a time redraw how they share their counts`,
        };
  }
  if (choice.kind !== 'enumerate' && choice.kind !== 'uniform') return chosen;
  const values = builder.interval(builder.bind(add(sub(choice.form.high, choice.form.low), one)));
  if (values !== null && values.high <= largestEnumeration) return chosen;
  const count = values === null || !Number.isFinite(values.high) ? 'too many' : values.high;
  return choice.kind === 'enumerate'
    ? { choice: { kind: 'slice' }, reason: `it takes ${count} values, more than are enumerated` }
    : {
        choice: { kind: 'walk', scale: 1, adapt: true },
        reason: `it takes ${count} values, more than a uniform proposal finds its way in`,
      };
}

function stepOf(
  builder: ProgramBuilder,
  plan: RegionPlan,
  choice: KernelChoice,
  folded: FoldedTables,
  shared: SharedTables,
): Omit<PlannedStep, 'block'> {
  const recompute = recomputeCode(builder, plan.region.variable.name);
  const counts = choice.kind === 'compositions' || choice.kind === 'transfer';
  const collected = counts ? wholeVectors(plan.collected, builder.model.statusOf(plan.region.variable.name) === 'partial') : plan.collected;
  const context = new RegionContext(builder, collected, folded, [...writesOf(recompute, new Map())], shared);
  return { context, result: kernelOf(context, choice, recompute) };
}

function kernelOf(context: RegionContext, choice: KernelChoice, recompute: readonly Code[]): StepResult {
  const { builder } = context;
  const enumerated = (form: ClosedForm & { kind: 'finite' }): StepResult => {
    const body = finiteBody(context, form.low, form.high, recompute);
    return { code: context.sweep(body), counter: null, body };
  };
  switch (choice.kind) {
    case 'conjugate':
      return choice.form.kind === 'finite'
        ? enumerated(choice.form)
        : { code: [...closedFormKernel(context, choice.form), ...recompute], counter: null };
    case 'enumerate':
      return enumerated(choice.form);
    case 'slice':
      return sliceStep(context, recompute);
    case 'compositions':
    case 'transfer':
      return countsStep(context, choice.kind === 'compositions', recompute);
    case 'walk':
      return randomWalkStep(context, { scale: choice.scale, adapt: choice.adapt }, recompute);
    case 'uniform':
      return uniformStep(context, choice.form.low, choice.form.high, recompute);
    case 'independent':
    case 'propose':
      for (const [name, c] of choice.constants)
        if (!builder.hasStorage(name)) builder.addStorage({ name, type: 'float64', shape: c.shape, place: 'data' }, c.values);
      refuseOtherSize(context, choice.law, choice.text);
      return proposalStep(context, choice.law, recompute);
  }
}

/** A proposal has as many elements as what it stands for. @throws ModelError */
function refuseOtherSize({ builder, region, eventDims, name }: RegionContext, law: Law, text: string): void {
  const proposed = supportOf(law);
  if (region.eventRank === 0 || !('dimension' in proposed)) return;
  const size = builder.bind(builder.model.inline(proposed.dimension)),
    own = eventDims[0]!;
  if (size.op !== 'const' || size.value === own) return;
  const diagnostic: Diagnostic = {
    code: 'wrong-option',
    severity: 'error',
    message: `'${text}' proposes ${region.eventRank === 1 ? `${size.value} elements` : `a matrix of ${size.value} rows`}, and ${name} has ${own}`,
    hint: `Sizes of the program may be used: kernel.${name}=propose(...) knows its names.`,
  };
  throw new ModelError([diagnostic], renderDiagnostics([diagnostic], '', 'options'));
}

/** Start values by name; names that are not latent are ignored here (the caller has reported them). */
function startValues(builder: ProgramBuilder, init: RunRequest['init']): ReadonlySet<string> {
  const out = new Set<string>();
  if (init === null) return out;
  for (const [name, value] of Object.entries(init)) {
    if (!builder.hasStorage(name) || !['latent', 'partial'].includes(builder.model.statusOf(name))) continue;
    const storage = builder.storage(name);
    const flat = (Array.isArray(value) ? value.flat(Infinity) : [value]).map(Number);
    builder.setInitial(name, storage.type === 'int32' ? Int32Array.from(flat) : Float64Array.from(flat));
    out.add(name);
  }
  return out;
}

/** Unknowns that no prior and no data restrict: there is nothing to draw from, so nothing is run. @throws ModelError */
function refuseImproper(derivation: Derivation): void {
  const wrong = derivation.regions.flatMap(({ region, recognised, collected }): Diagnostic[] => {
    // A proper law restricts, even one so wide that its precision underflows.
    if (
      recognised.kind !== 'none' ||
      recognised.reason !== improperConditional ||
      collected.direct.length > 0 ||
      (region.law !== null && isProper(region.law))
    )
      return [];
    const { name } = region.variable;
    return [
      {
        code: 'improper-conditional',
        severity: 'error',
        span: region.statement.span,
        message: `nothing restricts ${name}: its conditional is improper`,
        hint: `Give ${name} a proper prior, or observe something that depends on it.`,
      },
    ];
  });
  if (wrong.length > 0) throw new ModelError(wrong, wrong.map((d) => d.message).join('\n'));
}

/** One sweep with each of its steps apart. @throws ModelError for unknowns without a proper conditional. */
export function kernelProgram(bound: BoundModel, choose: Chooser, blocks: DrawRequest, request: KernelRequest): KernelProgram {
  const { program, derivation, opened } = samplerProgram(bound, choose, { keep: null, init: request.init }, blocks, request);
  refuseImproper(derivation);
  return { program, derivation, ...opened! };
}

/** Compiles, runs the chains and gathers the result. @throws ModelError for unknowns without a proper conditional. */
export async function runSampler(
  backend: string,
  bound: BoundModel,
  choose: Chooser,
  blocks: DrawRequest,
  request: RunRequest,
  notes: readonly Diagnostic[],
): Promise<RunResult> {
  const start = seconds();
  const sampler = samplerProgram(bound, choose, request, blocks);
  refuseImproper(sampler.derivation);
  const compile = seconds() - start;
  const { outputs, notes: ofChains } = await runChains(
    sampler.program,
    request,
    bound.graph.hostFunctions.map((h) => h.call),
  );
  const collected = collectChains(sampler.program, outputs);
  return {
    ...collected,
    backend,
    plan: sampler.plan,
    warnings: [...notes, ...sampler.warnings, ...ofChains, ...collected.warnings, ...heldTogether(bound, collected.variables)],
    seconds: { ...collected.seconds, compile: collected.seconds.compile + compile },
    logEvidence: null,
    logEvidenceSe: null,
    elbo: null,
    logLikelihood: null,
    logJoint: null,
  };
}
