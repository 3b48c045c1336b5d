/**
 * `explain` for samplers: each latent block with its conditional as formulas in the program's names,
 * the factors that enter, and the kernel chosen with the reason.
 */
import type { BoundModel, Given } from '../2-graph/bound.js';
import type { ModelGraph, Statement } from '../2-graph/graph.js';
import { arraysOfStatement } from '../2-graph/query.js';
import { type ClosedForm, sameKind, type Slot, statisticTerm } from '../3-derive/closedForm.js';
import { collect, type Collected, type Contribution, factorForms } from '../3-derive/conditional.js';
import { jointFactors } from '../3-derive/joint.js';
import { DerivedModel, latentRegions } from '../3-derive/model.js';
import { factorsOf } from '../3-derive/normalForm.js';
import { elementTerms } from '../3-derive/occurrences.js';
import { type Expr, type Index, add, addAll, apply, cond, equal, freeIndices, index, isConst, mul, mulAll, neg, num, one, pow, ref, reduce, rewrite, substitute, sub, variablesOf, zero } from '../expr/expr.js';
import { toJson } from '../expr/json.js';
import { printLatex, printText } from '../expr/print.js';
import { simplify } from '../expr/simplify.js';
import { gaussianStructures } from '../3-derive/gaussianBlock.js';
import type { ExplainedBlock, Explanation } from './backend.js';
import { type BlockRequest, meets, quadraticForm } from './blocks/plan.js';
import type { DrawRequest } from './collapse.js';
import { type Chooser, kernelName, type SamplerProgram, samplerProgram } from './mcmc.js';
import { readable } from './readable.js';
import { derive, type Derivation, formName, regionLoops, regionName, type RegionPlan } from './plan.js';

/** A named quantity of a conditional over event indices. */
export interface Formula { readonly name: string; readonly indices: readonly Index[]; readonly expr: Expr }

export function explainSampler(backend: string, graph: ModelGraph, given: Given, source: string, choose: Chooser, blocks: DrawRequest, bound: BoundModel | null): Explanation {
  const derivation = derive(new DerivedModel(graph, given));
  const sampler = bound === null ? null : samplerProgram(bound, choose, { keep: null, init: null }, blocks);
  const joint = jointBlocks(derivation, choose, blocks, sampler, source);
  const explained = derivation.regions.flatMap((plan): readonly ExplainedBlock[] => {
    const together = joint.find((j) => j.variables.includes(plan.region.variable.name));
    // A block stands where its first region does.
    if (together !== undefined) return derivation.regions.find((r) => together.variables.includes(r.region.variable.name)) === plan ? [together.shown] : [];
    const { choice, reason } = choose(plan, derivation);
    const form = plan.recognised.kind === 'none' ? null : plan.recognised;
    const shown = form === null ? null : focused(derivation.model, plan);
    return [{
      block: regionName(plan.region), loops: regionLoops(plan.region), family: form === null ? null : formName(form),
      parameters: formulasOf(form, shown ?? plan.collected).map((f) => render({ ...f, expr: readable(f.expr, graph) })),
      factors: plan.collected.factors.map((f) => sourceLine(source, f.statement.span)),
      kernel: kernelName(choice), reason,
    }];
  });
  const notes = blocks.collapse === undefined ? [] : [`${blocks.collapse.join(', ')}: integrated out where the finite unknowns that feed them are drawn, then drawn from the conditionals shown.`];
  return { backend, blocks: explained, notes, code: sampler?.code ?? null };
}

/** What is drawn together: with data as the sampler does it, without as the program alone tells. */
function jointBlocks(derivation: Derivation, choose: Chooser, request: BlockRequest, sampler: SamplerProgram | null, source: string): readonly { readonly variables: readonly string[]; readonly shown: ExplainedBlock }[] {
  const asked = derivation.regions.filter((r) => choose(r, derivation).asked === true).map((r) => r.region.variable.name);
  const free = derivation.regions.map((r) => r.region).filter((r) => !asked.includes(r.variable.name) && (request.kind === 'derived' || (request.kind !== 'none' && request.groups.some((g) => g.includes(r.variable.name)))));
  const structures = gaussianStructures(free, derivation.regions.map((r) => r.region), derivation.forms, derivation.model).blocks.filter(meets);
  const steps = sampler?.joint ?? structures.map((s) => ({ members: derivation.regions.filter((r) => s.variables.includes(r.region.variable.name)), name: s.regions.map(regionName).join(', '), kernel: 'joint Normal', reason: 'jointly Normal given the rest' }));
  return steps.map(({ members, name, kernel, reason }) => {
    const variables = [...new Set(members.map((m) => m.region.variable.name))];
    const structure = structures.find((s) => s.variables.every((v) => variables.includes(v)));
    const factors = new Set(members.flatMap((m) => m.collected.factors.map((f) => sourceLine(source, f.statement.span))));
    return {
      variables,
      shown: {
        block: name, loops: '', family: kernel === 'joint Normal' ? 'MvNormal' : 'Categorical', factors: [...factors], kernel, reason,
        parameters: kernel !== 'joint Normal' || structure === undefined ? [] : [render({ name: 'log density', indices: [], expr: presentable(quadraticForm(structure)) })],
      },
    };
  });
}

/**
 * The same conditional with everything but this variable held fixed, so that what does not contain it
 * stays as the program wrote it. Null where the region looks different then (gaps in vectors).
 */
function focused(all: DerivedModel, plan: RegionPlan): Collected | null {
  const near = onlyWith(all, plan);
  const complete = new Set([...near.variables.values()].filter((v) => v.name !== plan.region.variable.name && v.origin !== 'let' && v.origin !== 'report').map((v) => v.name));
  const model = new DerivedModel(near, { complete, partial: new Set() });
  const region = latentRegions(model).find((r) => r.statement.id === plan.region.statement.id);
  if (region === undefined || region.eventRank !== plan.region.eventRank) return null;
  const collected = collect(region, factorForms(jointFactors(model, plan.collected.factors.map((f) => f.statement)), model), model);
  return collected.obstacles.length > 0 ? null : collected;
}

/** The part of a program that a region's factors read, so that each region costs what it has. */
function onlyWith({ graph, definitions }: DerivedModel, plan: RegionPlan): ModelGraph {
  const own = plan.region.variable.name;
  const statements = new Set<Statement>([...plan.collected.factors.map((f) => f.statement), ...definitions.get(own) ?? []]);
  const names = new Set<string>();
  const open = [...statements].flatMap(namesIn);
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    const variable = graph.variables.get(name);
    if (variable === undefined || names.has(name)) continue;
    names.add(name);
    open.push(...variable.dims.flatMap((d) => [...variablesOf(d)]));
    // Whatever else is drawn is held fixed, wherever it comes from.
    for (const s of definitions.get(name) ?? []) {
      if (s.kind !== 'let') continue;
      statements.add(s);
      open.push(...namesIn(s));
    }
  }
  return { ...graph, variables: new Map([...names].map((name) => [name, graph.variables.get(name)!])), statements: [...statements].sort((a, b) => a.id - b.id) };
}
function namesIn(s: Statement): readonly string[] {
  const own = s.kind === 'factor' || s.target === null ? [] : [s.target.variable];
  return [...own, ...arraysOfStatement(s).flatMap((a) => [a.body, ...a.dims].flatMap((e) => [...variablesOf(e)]))];
}

/** The statement as it stands in the program, on one line. */
export function sourceLine(source: string, span: { readonly start: number; readonly end: number }): string {
  return source.slice(span.start, span.end).replace(/\s+/g, ' ').trim();
}

export function render(formula: Formula): ExplainedBlock['parameters'][number] {
  const f = withFreeNames(formula);
  const lhs = f.indices.length === 0 ? f.name : `${f.name}[${f.indices.map((i) => i.name).join(',')}]`;
  const shown = gatherNumbers(withExpectations(f.expr));
  return { name: f.name, text: `${lhs} = ${printText(shown)}`, latex: `${lhs} = ${printLatex(shown)}`, json: { indices: f.indices.map((i) => i.name), value: toJson(f.expr) } };
}

/** The formula with indices that no variable and no loop of it is named like: `logWeight[i]` where the program has a `k`. */
function withFreeNames(f: Formula): Formula {
  const own = new Set(f.indices);
  const taken = new Set([...variablesOf(withExpectations(f.expr)), ...[...freeIndices(f.expr)].flatMap((i) => (own.has(i) ? [] : [i.name]))]);
  const names = new Set(f.indices.map((i) => i.name));
  const renamed = new Map<Index, Index>(f.indices.map((i) => {
    if (!taken.has(i.name)) return [i, i];
    const name = [...'ijklmnpqrstuvw'].find((letter) => !taken.has(letter) && !names.has(letter)) ?? `${i.name}_`;
    names.add(name);
    return [i, index(name)];
  }));
  return { ...f, indices: f.indices.map((i) => renamed.get(i)!), expr: substitute(f.expr, renamed) };
}

/** The coefficient of a statistic as one formula over event indices. */
export function coefficient(slot: Slot, contributions: readonly Contribution[], event: readonly Index[]): Expr {
  const own = contributions.filter((c) => sameKind(c.statistic, slot.statistic));
  return presentable(addAll(own.map((c) => {
    let value = c.coefficient;
    const map = new Map<Index, Expr>();
    const guards: Expr[] = [...c.guards];
    const binders = [...c.binders];
    c.event.forEach((e, d) => {
      const i = event[d];
      if (i === undefined) return;
      const at = binders.findIndex((b) => b.index === e && !map.has(b.index));
      if (at >= 0) { map.set(binders[at]!.index, i); binders.splice(at, 1); } else guards.push(apply('eq', i, e));
    });
    const put = (e: Expr): Expr => substitute(e, map);
    value = put(value);
    for (const g of guards) value = cond(put(g), value, zero);
    for (const b of [...binders].reverse()) value = reduce('sum', b.index, put(b.from), put(b.to), value);
    return value;
  })));
}

/** Small rewritings for the reader: gaps in data are not named by their storage. */
function presentable(e: Expr): Expr {
  return simplify(rewrite(e, (x) => {
    if (x.op === 'ref' && x.variable.endsWith('!')) return ref(x.variable.slice(0, -1), x.at);
    if (x.op === 'apply' && x.fn === 'eq') {
      const [a, b] = x.args;
      if (a?.op === 'index' && b?.op === 'index' && a.name > b.name) return apply('eq', b, a);
    }
    if (x.op === 'ref' && x.variable.endsWith('?')) return apply('missing', ref(x.variable.slice(0, -1), x.at));
    return x;
  }));
}

/** A conditional's parameters: canonical where they are simple, natural ones for vectors and matrices. */
export function formulasOf(form: ClosedForm | null, collected: Collected): readonly Formula[] {
  const { region, contributions } = collected;
  const i = index('i'), j = index('j');
  if (form === null) return [];
  switch (form.kind) {
    case 'finite': {
      const k = index('k');
      return [{ name: 'logWeight', indices: [k], expr: weightFormula(collected, k) }];
    }
    case 'exponential': {
      if (region.eventRank === 0) {
        const natural = form.slots.map((s) => coefficient(s, contributions, []));
        if (form.family.name === 'Normal') {
          // precision and mean * precision read better than mean and sd, and say the same.
          const x = natural[form.slots.findIndex((s) => s.statistic.kind === 'power' && s.statistic.power === 1)]!, xx = natural[form.slots.findIndex((s) => s.statistic.kind === 'power' && s.statistic.power === 2)]!;
          const precision = presentable(mul(num(-2), xx));
          return [{ name: 'precision', indices: [], expr: distribute(precision) }, { name: 'mean', indices: [], expr: apply('div', x, distribute(precision)) }];
        }
        const p = form.family.exponential!.parameters(natural.map((e) => ({ indices: [], dims: [], body: e })));
        return Object.entries(p).map(([name, a]) => ({ name, indices: [], expr: distribute(simplify(a.body)) }));
      }
      const linear = form.slots.find((s) => s.rank === region.eventRank && s.statistic.kind === 'power');
      if (form.slots.some((s) => s.statistic.kind === 'pair')) {
        const q = coefficient(form.slots.find((s) => s.statistic.kind === 'pair')!, contributions, [i, j]);
        const swapped = substitute(q, new Map<Index, Expr>([[i, j], [j, i]]));
        const precision = equal(simplify(q), simplify(swapped)) ? mul(num(-2), q) : neg(add(q, swapped));
        return [{ name: 'precision', indices: [i, j], expr: distribute(simplify(precision)) }, { name: 'shift', indices: [i], expr: coefficient(linear!, contributions, [i]) }];
      }
      if (form.family.name === 'Dirichlet') return [{ name: 'alpha', indices: [i], expr: simplify(add(one, coefficient(form.slots[0]!, contributions, [i]))) }];
      return form.slots.map((s) => ({
        name: `coefficient of ${s.statistic.kind === 'power' ? 'X' : s.statistic.kind === 'inverse' ? 'inverse(X)' : s.statistic.kind === 'logdet' ? 'logdet(X)' : s.statistic.kind}`,
        indices: s.rank === 2 ? [i, j] : s.rank === 1 ? [i] : [], expr: coefficient(s, contributions, s.rank === 2 ? [i, j] : s.rank === 1 ? [i] : []),
      }));
    }
    case 'powerGamma': {
      const [a, b] = form.slots.map((s) => coefficient(s, contributions, []));
      return [{ name: `shape of ${printText(pow(ref(region.variable.name, region.at), num(form.power)))}`, indices: [], expr: distribute(simplify(apply('div', add(a!, one), num(form.power)))) }, { name: 'rate', indices: [], expr: distribute(simplify(neg(b!))) }];
    }
    case 'powerLaw': return [{ name: 'shape', indices: [], expr: simplify(sub(num(-1), coefficient(form.slots[0]!, contributions, []))) }];
    case 'shiftedCount': return [{ name: 'log rate', indices: [], expr: coefficient(form.slots[0]!, contributions, []) }, { name: 'shift', indices: [], expr: form.shift }];
    default: return form.slots.map((s) => ({ name: `coefficient of ${printText(statisticTerm(s.statistic, region))}`, indices: [], expr: coefficient(s, contributions, []) }));
  }
}

/** Sums of more terms are kept balanced, since everything that reads them is recursive. */
const longSum = 500;

/** Numbers of a sum gathered into one: `1 + a - 1 + b` reads a + b. */
function gatherNumbers(e: Expr): Expr {
  const parts: { term: Expr; sign: 1 | -1 }[] = [];
  let constant = 0;
  const walk = (x: Expr, sign: 1 | -1): void => {
    if (x.op === 'apply' && (x.fn === 'add' || x.fn === 'sub')) {
      walk(x.args[0]!, sign);
      walk(x.args[1]!, x.fn === 'add' ? sign : sign === 1 ? -1 : 1);
    } else if (isConst(x)) constant += sign * x.value;
    else parts.push({ term: x, sign });
  };
  walk(e, 1);
  // The number stands first where it is not zero, as a prior's part usually does.
  if (parts.length > longSum) return addAll([num(constant), ...parts.map((p) => (p.sign === 1 ? p.term : neg(p.term)))]);
  return parts.reduce<Expr>((sum, p) => (p.sign === 1 ? add(sum, p.term) : sub(sum, p.term)), num(constant));
}

/** -2 * (a + b) reads as -2 a - 2 b: constants go into sums. */
function distribute(e: Expr): Expr {
  if (e.op !== 'apply') return simplify(e);
  const [a, b] = e.args;
  if ((e.fn === 'add' || e.fn === 'sub') && a !== undefined && b !== undefined) return apply(e.fn, distribute(a), distribute(b));
  if (e.fn === 'neg' && a !== undefined) return scaled(-1, a);
  return e.fn === 'mul' && a !== undefined && b !== undefined && isConst(a) ? scaled(a.value, b) : simplify(e);
}
function scaled(c: number, e: Expr): Expr {
  if (e.op === 'apply' && (e.fn === 'add' || e.fn === 'sub')) return apply(e.fn, scaled(c, e.args[0]!), scaled(c, e.args[1]!));
  if (e.op === 'reduce' && e.kind === 'sum') return { ...e, body: scaled(c, e.body) };
  if (e.op === 'cond' && isConst(e.otherwise, 0)) return { ...e, then: scaled(c, e.then) };
  const factors = factorsOf(e);
  const constant = factors.reduce((p, f) => (isConst(f) ? p * f.value : p), c);
  return simplify(mul(num(constant), mulAll(factors.filter((f) => !isConst(f)))));
}

/** The log weight of value k of a finite latent: every factor that mentions it, at that value. */
function weightFormula(collected: Collected, k: Index): Expr {
  return presentable(addAll(elementTerms(collected.region, collected.factors, k).map((t) => {
    const guarded = t.guards.reduce<Expr>((e, g) => cond(g, e, zero), t.value);
    return [...t.binders].reverse().reduce<Expr>((e, b) => reduce('sum', b.index, b.from, b.to, e), guarded);
  })));
}

/** Expected log weights of a finite latent's values. */
export function weightFormulas(collected: Collected): readonly Formula[] {
  const k = index('k');
  return [{ name: 'logWeight', indices: [k], expr: coefficient({ statistic: { kind: 'onehot' }, rank: 1 }, collected.contributions, [k]) }];
}

/** Tables of expectations as the expectations they hold: `E|mu|x_i[k, i]` reads E(mu[k, i]). */
function withExpectations(e: Expr): Expr {
  return rewrite(e, (x) => {
    // Literal arrays and host values have no name in the program.
    if (x.op === 'ref' && x.variable.startsWith('$')) return ref('constant', x.at);
    if (x.op !== 'ref' || !x.variable.startsWith('E|')) return x;
    const [, name, statistic] = x.variable.split('|');
    if (name === undefined || statistic === undefined) return x;
    if (name.endsWith('=')) return apply('E', apply('eq', ref(name.slice(0, -1), x.at.slice(0, -1)), x.at[x.at.length - 1]!));
    const own = ref(name, x.at);
    switch (statistic) {
      case 'x': case 'x_i': case 'X_ij': return apply('E', own);
      case 'x^2': return apply('E', pow(own, num(2)));
      case '1/x': return apply('E', pow(own, num(-1)));
      case 'log x': case 'log x_i': return apply('E', apply('log', own));
      case 'log(1-x)': return apply('E', apply('log', sub(one, own)));
      case 'x_i x_j': {
        const lead = x.at.slice(0, -2);
        return apply('E', mul(ref(name, [...lead, x.at[x.at.length - 2]!]), ref(name, [...lead, x.at[x.at.length - 1]!])));
      }
      case 'inverse(X)_ij': return apply('E', apply('inverse', own));
      case 'logdet X': return apply('E', apply('logdet', own));
      default: return statistic.startsWith('x^') ? apply('E', pow(own, num(Number(statistic.slice(2))))) : x;
    }
  });
}
