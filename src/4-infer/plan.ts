/**
 * Which kernel each latent region gets, and why: the user's override, else the closed form, else
 * enumeration, else slice sampling (or, for `mh`, a Metropolis walk).
 */
import { type ClosedForm, floorOf, type NoClosedForm, type Recognised, recognise, regionSupport } from '../3-derive/closedForm.js';
import { collect, type Collected, factorForms, type FactorForm } from '../3-derive/conditional.js';
import { jointFactors } from '../3-derive/joint.js';
import { type DerivedModel, type Factor, latentRegions, type LatentRegion } from '../3-derive/model.js';
import type { ConstantArray, HostFunction, Law, ModelGraph, Statement } from '../2-graph/graph.js';
import { placeIn } from '../errors/render.js';
import { printText } from '../expr/print.js';
import { apply, type Expr, ref, rewrite, variablesOf, visit } from '../expr/expr.js';

export type KernelChoice =
  | { readonly kind: 'conjugate'; readonly form: ClosedForm }
  | { readonly kind: 'enumerate'; readonly form: ClosedForm & { kind: 'finite' } }
  | { readonly kind: 'slice' }
  | { readonly kind: 'walk'; readonly scale: number; readonly adapt: boolean }
  | { readonly kind: 'uniform'; readonly form: ClosedForm & { kind: 'finite' } }
  /** Vectors of counts: all compositions of the total, or two cells at a time. */
  | { readonly kind: 'compositions' | 'transfer' }
  | { readonly kind: 'independent' | 'propose'; readonly law: Law; readonly text: string; /** Literal arrays that the law refers to and the program does not have. */ readonly constants: ReadonlyMap<string, ConstantArray> };

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
export function derive(model: DerivedModel, factors: readonly Factor[] = jointFactors(model), latents: readonly LatentRegion[] = latentRegions(model), known: Derivation | null = null): Derivation {
  const forms = factors.flatMap((f) => known?.forms.filter((k) => k.factor === f) ?? []);
  forms.push(...factorForms(factors.filter((f) => !forms.some((k) => k.factor === f)), model));
  // Only factors that read a latent, or a recursion that follows it, speak of it.
  const readers = new Map<string, FactorForm[]>();
  for (const form of forms) {
    const { factor } = form;
    const names = new Set([factor.logDensity, ...factor.guards, ...factor.conditions].flatMap((e) => [...variablesOf(e)]));
    for (const name of names) { const list = readers.get(name); if (list === undefined) readers.set(name, [form]); else list.push(form); }
  }
  const regions = latents.map((region): RegionPlan => {
    const { name } = region.variable;
    const read = new Set([name, ...model.recursionsOf(name)].flatMap((n) => readers.get(n) ?? []));
    const ordered = [...read].sort((a, b) => a.factor.id - b.factor.id);
    const own = model.offCentre.size === 0 ? ordered : factorForms(ordered.map((f) => f.factor), model, name);
    const collected = collect(region, own, model);
    return { graph: model.graph, region, collected, recognised: recognise(collected, model) };
  });
  return { model, factors, forms, regions };
}

/** Name of a region's element as the program writes it: `mu[k]`. */
export function regionName(region: LatentRegion): string {
  return printText(ref(region.variable.name, region.at));
}
/** `for k in 0..<K`, empty for a single element. */
export function regionLoops(region: LatentRegion): string {
  if (region.plates.length === 0) return '';
  return `for ${region.plates.map((p) => `${p.index.name} in ${printText(p.from)}..<${printText(p.to)}`).join(', ')}`;
}

/** How a closed form is called in words. */
export function formName(form: ClosedForm): string {
  switch (form.kind) {
    case 'exponential': return form.bounded ? `truncated ${form.family.name}` : form.family.name;
    case 'powerGamma': return form.bounded ? 'truncated power of a Gamma' : 'power of a Gamma';
    case 'powerLaw': return form.bounded ? 'truncated Pareto' : 'Pareto';
    case 'tilted': return form.slots.length === 0 ? 'Uniform' : 'truncated Exponential';
    case 'piecewiseNormal': return 'piecewise truncated Normal';
    case 'shiftedCount': return `shifted ${form.family}`;
    case 'finite': return 'Categorical';
  }
}

/** What a function of the host is called where formulas speak of it: its own name, `host function` where it has none. */
export function hostName(fn: string, hosts: readonly HostFunction[]): string {
  const host = hosts[Number(fn.slice('host:'.length))];
  return host === undefined || host.name === '' ? 'host function' : host.name;
}

/** A term in the program's names: gaps, constants and host functions are not called as their storages are. */
export function inWords(e: Expr, { hostFunctions }: Pick<ModelGraph, 'hostFunctions'> = { hostFunctions: [] }): string {
  const plain = rewrite(e, (x) => {
    if (x.op === 'ref' && x.variable.endsWith('!')) return ref(x.variable.slice(0, -1), x.at);
    if (x.op === 'ref' && x.variable.endsWith('?')) return apply('missing', ref(x.variable.slice(0, -1), x.at));
    if (x.op === 'ref' && x.variable.startsWith('$')) return ref('constant', x.at);
    return x.op === 'element' && x.array.fn.startsWith('host:') ? { ...x, array: { ...x.array, fn: hostName(x.array.fn, hostFunctions) } } : x;
  });
  return printText(plain);
}

/** The statement as it stands in the program, on one line. */
export function sourceLine(source: string, span: Statement['span']): string {
  return source.slice(span.start, span.end).replace(/\s+/g, ' ').trim();
}

/** Characters of a statement that are shown where it is referred to. */
const longestQuote = 72;

/** Where a statement stands and how it begins: `line 12: observe y[n] ~ Normal(m, 1)`, with the column where others stand before it on its line. */
export function placeOf(statement: Statement, { source, statements }: Pick<ModelGraph, 'source' | 'statements'>): string | null {
  if (source === undefined) return null;
  const { start } = statement.span, { line, column } = placeIn(source, start);
  const alone = !statements.some((s) => s.span.start < start && s.span.start > start - column);
  const text = sourceLine(source.text, statement.span);
  return `line ${line}${alone ? '' : `, column ${column}`}: ${text.length > longestQuote ? `${text.slice(0, longestQuote - 1).trimEnd()}…` : text}`;
}

/** Why a region has no closed form; empty where it has one. */
export function refusalText({ recognised, graph }: RegionPlan): string { return recognised.kind === 'none' ? refusalOf(recognised, graph) : ''; }

/** Why there is no closed form: the term, what is wrong with it, and the statement it comes from. */
export function refusalOf(r: NoClosedForm, graph: ModelGraph): string {
  if (r.term === null) return r.reason;
  const statement = graph.statements.find((s) => s.id === r.factor);
  const place = statement === undefined ? null : placeOf(statement, graph);
  const term = inWords(r.term, graph), host = hostIn(r.term, graph);
  const said = host !== null ? `${term}: ${host} is a host function, which nothing is known of` : r.reason === 'opaque' ? `the term ${term} is not a statistic of any family` : `${term}: ${r.reason}`;
  return `${said}${place === null ? '' : ` (${place})`}`;
}

/** The name of a host function in a term; null where there is none. */
function hostIn(e: Expr, { hostFunctions }: ModelGraph): string | null {
  let found: string | null = null;
  visit(e, (x) => { if (x.op === 'element' && x.array.fn.startsWith('host:')) found = hostName(x.array.fn, hostFunctions); });
  return found;
}

/** The kernel that gibbs gives a region unless told otherwise, with its reason. */
export function defaultGibbsKernel(plan: RegionPlan): { readonly choice: KernelChoice; readonly reason: string } {
  const { recognised, region } = plan;
  if (recognised.kind === 'finite') return { choice: { kind: 'enumerate', form: recognised }, reason: 'it takes finitely many values' };
  if (regionSupport(region).kind === 'counts') return { choice: { kind: 'compositions' }, reason: 'its values are the compositions of a known total' };
  const floor = floorOf(region);
  if (floor !== undefined) return { choice: { kind: 'walk', scale: 0.2, adapt: true }, reason: `no eigenvalue may be below ${inWords(floor, plan.graph)}${recognised.kind === 'none' ? '' : `, which cuts the support of ${formName(recognised)}`}` };
  if (recognised.kind !== 'none') return { choice: { kind: 'conjugate', form: recognised }, reason: `its terms are statistics of ${formName(recognised)}` };
  const support = regionSupport(region).kind;
  if (support === 'cov' || support === 'corr') return { choice: { kind: 'walk', scale: 0.2, adapt: true }, reason: refusalText(plan) };
  return { choice: { kind: 'slice' }, reason: refusalText(plan) };
}

/** The kernel that mh gives a region unless told otherwise. */
export function defaultWalkKernel(plan: RegionPlan): { readonly choice: KernelChoice; readonly reason: string } {
  if (plan.recognised.kind === 'finite') return { choice: { kind: 'uniform', form: plan.recognised }, reason: 'a uniform proposal among its values' };
  if (regionSupport(plan.region).kind === 'counts') return { choice: { kind: 'transfer' }, reason: 'its total is known: two cells at a time redraw how they share their counts' };
  return { choice: { kind: 'walk', scale: plan.region.eventRank === 2 ? 0.2 : 1, adapt: true }, reason: 'an adaptive random walk in unconstrained coordinates' };
}

