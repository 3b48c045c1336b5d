/**
 * Latents whose posterior given the parameters is a joint block: chains and networks of finite latents,
 * jointly Gaussian states and coefficients. Their expectations are those of the block; everything else reads them
 * from the same tables as expectations of factors.
 */
import { type Code, accumulate, forLoop, store } from '../../code/loop.js';
import { type Expr, type Index, type Ref, add, apply, cond, equal, freeIndices, index, mul, mulAll, num, one, pow, ref, sub, visit, zero } from '../../expr/expr.js';
import type { Range } from '../../expr/affine.js';
import { mentions } from '../../3-derive/conditional.js';
import { expectationOf, type JointItem, type JointLaws, type MeanField, MeanFieldRefusal, type NeededExpectation, oneHotOf } from '../../3-derive/meanField.js';
import type { Factor, LatentRegion } from '../../3-derive/model.js';
import type { DiscreteBlock, GaussianBlock } from '../blocks/block.js';
import { findDiscreteBlocks } from '../blocks/discrete.js';
import { gaussianBlocks } from '../blocks/gaussian.js';
import type { FoldedTables } from '../contract.js';
import { derive } from '../plan.js';
import { type ProgramBuilder, loops } from '../programBuilder.js';
import { type BlockCode, energyCode, quantileLevels } from './updates.js';

type Block = DiscreteBlock | GaussianBlock;

/** Joint blocks of a program, and the regions that belong to them. */
export class JointBlocks implements JointLaws {
  readonly blocks: readonly Block[];
  private readonly numbers = new Map<string, number>();
  private readonly assigned: boolean;

  /** @param assigned finite latents stand at one assignment instead of their posterior. @throws MeanFieldRefusal where latents meet whose joint law is not known. */
  constructor(builder: ProgramBuilder, points: ReadonlySet<string>, folded: FoldedTables, assigned: boolean) {
    this.assigned = assigned;
    const derivation = derive(builder.model);
    const latent = new Set(derivation.regions.map((r) => r.region.variable.name).filter((n) => !points.has(n)));
    const blocks: Block[] = [];
    for (const names of coupled(derivation.factors, derivation.regions.map((r) => r.region), latent)) {
      const candidates = derivation.regions.filter((r) => names.has(r.region.variable.name));
      const finite = candidates.every((r) => r.recognised.kind === 'finite');
      const found = finite ? findDiscreteBlocks(builder, derivation, candidates) : { blocks: gaussianBlocks(builder, derivation, candidates, folded), refused: [] };
      const members = new Set(found.blocks.flatMap((b) => b.regions.map((r) => r.variable.name)));
      const left = [...names].find((n) => !members.has(n));
      if (left !== undefined || found.blocks.length !== 1) {
        const name = left ?? [...names][0]!, others = [...names].filter((n) => n !== name);
        const reason = found.refused.find((r) => r.variable === name)?.reason ?? 'their joint posterior is neither finite nor Gaussian';
        throw new MeanFieldRefusal(`meets ${others.length === 0 ? 'other elements of itself' : others.map((n) => `'${n}'`).join(', ')} in a factor: ${reason}`, ref(name, candidates.find((c) => c.region.variable.name === name)!.region.at), name);
      }
      for (const n of names) this.numbers.set(n, blocks.length);
      blocks.push(found.blocks[0]!);
    }
    this.blocks = blocks;
  }

  blockOf(variable: string): number | undefined { return this.numbers.get(variable); }

  expectation(items: readonly JointItem[], binders: readonly Range[], guards: readonly Expr[]): Expr | null {
    const block = this.blocks[this.numbers.get(items[0]!.element.variable)!]!;
    if (block.kind === 'discrete') {
      const members = items.map((i) => ({ element: i.element, value: i.value! }));
      return this.assigned ? mulAll(members.map((m) => ref(expectationOf(oneHotOf(m.element.variable), '1'), [...m.element.at, m.value]))) : block.probability(members);
    }
    const [a, b] = items;
    if (items.length !== 2) return null;
    const covariance = block.covariance(a!.element, b!.element, binders, guards);
    return covariance === null ? null : add(mul(block.mean(a!.element), block.mean(b!.element)), covariance);
  }

  covariance(a: Ref, b: Ref, binders: readonly Range[], guards: readonly Expr[]): Expr | null {
    const block = this.blocks[this.numbers.get(a.variable)!]!;
    return block.kind === 'gaussian' ? block.covariance(a, b, binders, guards) : null;
  }

  /**
   * The code of a member in place of that of a factor of its own. The first member of a block prepares it;
   * the others only read their expectations.
   */
  replace(builder: ProgramBuilder, codes: readonly BlockCode[], field: MeanField, factors: readonly Factor[], folded: FoldedTables): readonly BlockCode[] {
    const begun = new Set<number>();
    return codes.map((code): BlockCode => {
      const { region } = code.block;
      const number = this.blockOf(region.variable.name);
      if (number === undefined) return code;
      const block = this.blocks[number]!;
      const first = !begun.has(number);
      begun.add(number);
      const member = memberCode(builder, block, code, field.needed.filter((n) => n.variable === region.variable.name));
      if (!first) return { ...member, update: member.expectations, entropy: () => [], draw: [] };
      const entropy = builder.fresh('entropy', [], 'state');
      const ids = new Set(factors.filter((f) => block.regions.some((r) => mentionsName(f, r.variable.name))).map((f) => f.id));
      const inside = builder.fresh('inside', [], 'state');
      return {
        ...member,
        update: [...block.prepare, ...block.moments, ...member.expectations],
        // H = log Z - E[log of the block's factors], at the parameters of its E-step.
        settle: [...energyCode(builder, field.energy.filter((t) => ids.has(t.factor)), folded, inside), store(entropy, [], sub(block.logNormaliser, ref(inside, [])))],
        entropy: (into) => [accumulate(into, [], ref(entropy, []))],
        draw: block.draw,
        ...(block.kind === 'discrete' ? { mode: [...block.prepare, ...block.mode, store(entropy, [], zero)] } : {}),
      };
    });
  }
}

function mentionsName(f: Factor, name: string): boolean { return [f.logDensity, ...f.conditions, ...f.guards].some((e) => mentions(e, name)); }

function memberCode(builder: ProgramBuilder, block: Block, code: BlockCode, needed: readonly NeededExpectation[]): BlockCode {
  const { region } = code.block;
  const plates = region.plates.map((p) => builder.bindBinder({ index: p.index, from: p.from, to: p.to }));
  const guards = region.guards.map((g) => builder.bind(g));
  const at = region.at.map((e) => builder.bind(e));
  const over = (body: readonly Code[]): readonly Code[] => loops(plates, guards, body);
  const { name } = region.variable;
  if (block.kind === 'discrete') {
    if (code.factor.kind !== 'finite') throw new MeanFieldRefusal('takes values that differ between elements', ref(name, region.at), name);
    const [k, l] = [index('k'), index('k')];
    const table = expectationOf(oneHotOf(name), '1');
    const p = block.probability([{ element: ref(name, at), value: k }]);
    if (p === null) throw new MeanFieldRefusal('has no probabilities of its own', ref(name, region.at), name);
    return {
      ...code, expectations: over([forLoop(k, zero, num(code.factor.count), [store(table, [...at, k], p)])]), alone: code.update,
      assigned: over([forLoop(l, zero, num(code.factor.count), [store(table, [...at, l], cond(apply('eq', add(num(code.factor.low), l), ref(name, at)), one, zero))])]),
    };
  }
  const shape = builder.storage(name).shape;
  const dims = shape.slice(at.length);
  const event = dims.map((_, d) => index(`v${d}`));
  const element = (e: readonly Expr[]): Ref => ref(name, [...at, ...e]);
  const covariance = (a: readonly Expr[], b: readonly Expr[], inner: readonly Range[]): Expr => {
    const value = block.covariance(element(a), element(b), [...plates, ...inner]);
    if (value === null) throw new MeanFieldRefusal('has a covariance that its block does not keep', mul(element(a), element(b)), name);
    return value;
  };
  const ranges = (indices: readonly Index[]): readonly Range[] => indices.map((i) => ({ index: i, from: zero, to: num(dims[0]!) }));
  const overEvent = (indices: readonly Index[], body: readonly Code[]): readonly Code[] => indices.reduceRight<readonly Code[]>((inner, i, d) => [forLoop(i, zero, num(dims[Math.min(d, dims.length - 1)]!), inner)], body);
  const variance = (): Expr => covariance(event, event, ranges(event));
  const write = (n: NeededExpectation): readonly Code[] => {
    if (n.kind.kind === 'power' && n.kind.power === 1) return overEvent(event, [store(n.name, [...at, ...event], block.mean(element(event)))]);
    if (n.kind.kind === 'power' && n.kind.power === 2 && event.length === 0) return [store(n.name, at, add(pow(block.mean(element([])), num(2)), variance()))];
    if (n.kind.kind === 'pair') {
      const [i, j] = [index('i'), index('j')];
      return overEvent([i, j], [store(n.name, [...at, i, j], add(mul(block.mean(element([i])), block.mean(element([j]))), covariance([i], [j], ranges([i, j]))))]);
    }
    throw new MeanFieldRefusal('has no expectation under a Gaussian in closed form', ref(name, region.at), name);
  };
  return {
    ...code, factor: { kind: 'gaussian' }, scores: null, common: [],
    expectations: over(needed.flatMap(write)),
    moments: (mean, spread) => over(overEvent(event, [store(mean, [...at, ...event], block.mean(element(event))), store(spread, [...at, ...event], variance())])),
    quantiles: (into) => over(overEvent(event, quantileLevels.map((u, k) => store(into[k]!, [...at, ...event], add(block.mean(element(event)), mul(pow(variance(), num(0.5)), apply('normalQuantile', num(u)))))))),
  };
}

/** Joint blocks before data: which variables belong together, and expectations of products as they read, `E(x * y)`. */
export function jointInWords(factors: readonly Factor[], regions: readonly LatentRegion[], points: ReadonlySet<string>): JointLaws {
  const groups = coupled(factors, regions, new Set(regions.map((r) => r.variable.name).filter((n) => !points.has(n))));
  return {
    blockOf: (variable) => { const at = groups.findIndex((g) => g.has(variable)); return at < 0 ? undefined : at; },
    expectation: (items) => apply('E', mulAll(items.map((i) => (i.value === null ? i.element : apply('eq', i.element, i.value))))),
    covariance: (a, b) => apply('Cov', a, b),
  };
}

/** Sets of latents that meet in factors; those that meet nothing, not even another element of their own, are left out. */
function coupled(factors: readonly Factor[], regions: readonly LatentRegion[], latent: ReadonlySet<string>): readonly ReadonlySet<string>[] {
  const rankOf = new Map(regions.map((r) => [r.variable.name, r.at.length]));
  const groups: Set<string>[] = [];
  for (const f of factors) {
    const found: { readonly name: string; readonly at: readonly Expr[]; readonly open: boolean }[] = [];
    const outer = new Set<Expr>(f.plates.map((p) => p.index));
    const look = (e: Expr): void => visit(e, (x) => {
      if (x.op !== 'ref' || !latent.has(x.variable)) return;
      const at = x.at.slice(0, rankOf.get(x.variable) ?? x.at.length);
      // An address with an inner index is many elements.
      const open = at.some((a) => [...freeIndices(a)].some((i) => !outer.has(i)));
      if (!found.some((o) => o.name === x.variable && o.at.length === at.length && o.at.every((a, d) => equal(a, at[d]!)))) found.push({ name: x.variable, at, open });
    });
    for (const e of [f.logDensity, ...f.conditions, ...f.guards]) look(e);
    if (found.length < 2 && !found.some((o) => o.open)) continue;
    const names = new Set(found.map((o) => o.name));
    const touched = groups.filter((g) => [...names].some((n) => g.has(n)));
    const merged = new Set([...names, ...touched.flatMap((g) => [...g])]);
    for (const g of touched) groups.splice(groups.indexOf(g), 1);
    groups.push(merged);
  }
  return groups;
}
