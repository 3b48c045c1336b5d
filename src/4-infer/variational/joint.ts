/**
 * Latents that share a factor which is a joint block: chains and networks of finite latents, jointly Gaussian
 * states and coefficients. For em it is their posterior given the points, for cavi the best law given the other
 * factors. Their expectations are those of the block; everything else reads them from the same tables as
 * expectations of factors.
 */
import { type Code, accumulate, forLoop, store } from '../../code/loop.js';
import {
  type Expr,
  type Index,
  type Ref,
  add,
  apply,
  cond,
  equal,
  freeIndices,
  index,
  mul,
  mulAll,
  num,
  one,
  pow,
  ref,
  sub,
  visit,
  zero,
} from '../../expr/expr.js';
import type { Range } from '../../expr/affine.js';
import { factorForms, factorMentions } from '../../3-derive/conditional.js';
import {
  expectationOf,
  expectedFactors,
  type JointItem,
  type JointLaws,
  type MeanField,
  MeanFieldRefusal,
  type NeededExpectation,
  oneHotOf,
  type Tables,
} from '../../3-derive/meanField.js';
import type { Factor, LatentRegion } from '../../3-derive/model.js';
import type { DiscreteBlock, GaussianBlock } from '../blocks/block.js';
import { findDiscreteBlocks } from '../blocks/discrete.js';
import { findGaussianBlocks } from '../blocks/gaussian.js';
import type { FoldedTables } from '../contract.js';
import { type Derivation, derive } from '../derivation.js';
import { type ProgramBuilder, loops } from '../programBuilder.js';
import { refuse } from '../backendOptions.js';
import { energyCode } from './factors/blocks.js';
import { withExactZeros } from '../exactZeros.js';
import type { BlockCode } from './factors/factor.js';
import { declareTables } from './factors/tables.js';
import { quantileLevels } from '../marginals.js';

type Block = DiscreteBlock | GaussianBlock;

/** Joint blocks of a program, and the regions that belong to them. */
export class JointBlocks implements JointLaws {
  /** By number; absent until a block is made. */
  private readonly blocks: (Block | undefined)[];
  private readonly numbers: ReadonlyMap<string, number>;
  private readonly assigned: boolean;
  /** Numbers of the blocks in the order in which they were made: a block may read moments of those before it. */
  private readonly order: number[] = [];
  private tables: Tables = { needed: [], covariances: new Set() };

  private constructor(groups: readonly ReadonlySet<string>[], assigned: boolean) {
    this.assigned = assigned;
    this.numbers = new Map(groups.flatMap((g, k) => [...g].map((name): [string, number] => [name, k])));
    this.blocks = groups.map(() => undefined);
  }

  /**
   * Latents that meet, given the points: their posterior.
   * @param assigned finite latents stand at one assignment instead of their posterior.
   * @throws MeanFieldRefusal where latents meet whose joint law is not known.
   */
  static posterior(builder: ProgramBuilder, points: ReadonlySet<string>, folded: FoldedTables, assigned: boolean): JointBlocks {
    const derivation = derive(builder.model);
    const latent = new Set(derivation.regions.map((r) => r.region.variable.name).filter((n) => !points.has(n)));
    const groups = coupled(
        derivation.factors,
        derivation.regions.map((r) => r.region),
        latent,
      ),
      out = new JointBlocks(groups, assigned);
    groups.forEach((names, k) => {
      const made = blockOver(builder, derivation, names, folded);
      if (made.block === null) {
        const { name, reason } = made,
          others = [...names].filter((n) => n !== name);
        throw new MeanFieldRefusal(
          `meets ${others.length === 0 ? 'other elements of itself' : others.map((n) => `'${n}'`).join(', ')} in a factor: ${reason}`,
          ref(name, derivation.regions.find((r) => r.region.variable.name === name)!.region.at),
          name,
        );
      }
      out.add(k, made.block);
    });
    return out;
  }

  /**
   * One factor for each of the named sets, optimal given the other factors: its log density is that of the
   * factors of the program in expectation over all others (structured mean field; Saul and Jordan 1996).
   * @throws ModelError for sets that have no such law; MeanFieldRefusal where an expectation has no closed form.
   */
  static factors(
    builder: ProgramBuilder,
    groups: readonly (readonly string[])[],
    points: ReadonlySet<string>,
    folded: FoldedTables,
  ): JointBlocks {
    const plain = derive(builder.model),
      sets = groups.map((g) => new Set(g)),
      out = new JointBlocks(sets, false);
    const latent = new Set(plain.regions.map((r) => r.region.variable.name));
    for (const names of groups)
      for (const name of names) {
        if (points.has(name)) refuseGroup(names, `${name} is a param, which is a point`);
        if (!latent.has(name)) refuseGroup(names, `${name} is given`);
      }
    const waiting = new Set(groups.keys());
    for (let refused: MeanFieldRefusal | null = null; waiting.size > 0; ) {
      const before = waiting.size;
      for (const k of waiting) {
        try {
          const expected = expectedFactors(plain.factors, builder.model, sets[k]!, { points, joint: out }, out.tables, (e) =>
            withExactZeros(builder, e),
          );
          out.tables = expected.tables;
          declareTables(builder, expected.tables);
          const made = blockOver(
            builder,
            { ...plain, factors: expected.factors, forms: factorForms(expected.factors, builder.model) },
            sets[k]!,
            folded,
          );
          if (made.block === null) refuseGroup(groups[k]!, `${made.name}: ${made.reason}`);
          out.add(k, made.block);
          waiting.delete(k);
        } catch (error) {
          // It may need moments of a block that is not made yet.
          if (!(error instanceof MeanFieldRefusal)) throw error;
          refused = error;
        }
      }
      if (waiting.size === before) throw refused!;
    }
    return out;
  }

  /** Expectations that the blocks read. */
  get read(): Tables {
    return this.tables;
  }

  private add(number: number, block: Block): void {
    this.blocks[number] = block;
    this.order.push(number);
  }

  blockOf(variable: string): number | undefined {
    return this.numbers.get(variable);
  }

  expectation(items: readonly JointItem[], binders: readonly Range[], guards: readonly Expr[]): Expr | null {
    const block = this.blocks[this.numbers.get(items[0]!.element.variable)!];
    if (block === undefined) return null;
    if (block.kind === 'discrete') {
      const members = items.map((i) => ({ element: i.element, value: i.value! }));
      return this.assigned
        ? mulAll(members.map((m) => ref(expectationOf(oneHotOf(m.element.variable), '1'), [...m.element.at, m.value])))
        : block.probability(members);
    }
    const [a, b] = items;
    if (items.length !== 2) return null;
    const covariance = block.covariance(a!.element, b!.element, binders, guards);
    return covariance === null ? null : add(mul(block.mean(a!.element), block.mean(b!.element)), covariance);
  }

  covariance(a: Ref, b: Ref, binders: readonly Range[], guards: readonly Expr[]): Expr | null {
    const block = this.blocks[this.numbers.get(a.variable)!];
    return block?.kind === 'gaussian' ? block.covariance(a, b, binders, guards) : null;
  }

  /**
   * The code of a member in place of that of a factor of its own. The first member of a block prepares it;
   * the others only read their expectations.
   */
  replace(
    builder: ProgramBuilder,
    codes: readonly BlockCode[],
    field: MeanField,
    factors: readonly Factor[],
    folded: FoldedTables,
  ): readonly BlockCode[] {
    const numbers = codes.map((code) => this.blockOf(code.block.region.variable.name));
    return codes.map((code, k): BlockCode => {
      const number = numbers[k],
        block = number === undefined ? undefined : this.blocks[number];
      if (number === undefined || block === undefined) return code;
      const { region } = code.block,
        rank = this.order.indexOf(number);
      const structure = `in one factor, ${block.kind === 'gaussian' ? 'Gaussian' : 'finite'}: ${block.structure}`;
      const member = memberCode(
        builder,
        block,
        code,
        field.needed.filter((n) => n.variable === region.variable.name),
      );
      if (numbers.indexOf(number) < k)
        return { ...member, joint: { rank, members: [], structure }, update: member.expectations, entropy: () => [], draw: [] };
      const entropy = builder.fresh('entropy', [], 'state'),
        inside = builder.fresh('inside', [], 'state');
      const ids = new Set(factors.filter((f) => block.regions.some((r) => factorMentions(f, r.variable.name))).map((f) => f.id));
      return {
        ...member,
        joint: { rank, members: numbers.flatMap((n, m) => (n === number ? [m] : [])), structure },
        update: [...block.prepare, ...block.moments, ...member.expectations],
        // H = log Z - E[log of the block's factors], at the other factors that it was prepared for.
        settle: this.assigned
          ? []
          : [
              ...energyCode(
                builder,
                field.energy.filter((t) => ids.has(t.factor)),
                folded,
                inside,
              ),
              store(entropy, [], sub(block.logNormaliser, ref(inside, []))),
            ],
        entropy: (into) => [accumulate(into, [], ref(entropy, []))],
        draw: block.draw,
        ...(block.kind === 'discrete' ? { mode: [...block.prepare, ...block.mode, store(entropy, [], zero)] } : {}),
      };
    });
  }
}

/** The one block that a set of variables forms, or a member that is in none, with the reason. */
function blockOver(
  builder: ProgramBuilder,
  derivation: Derivation,
  names: ReadonlySet<string>,
  folded: FoldedTables,
): { readonly block: Block } | { readonly block: null; readonly name: string; readonly reason: string } {
  const candidates = derivation.regions.filter((r) => names.has(r.region.variable.name));
  const finite = candidates.every((r) => r.recognised.kind === 'finite');
  const found = finite ? findDiscreteBlocks(builder, derivation, candidates) : findGaussianBlocks(builder, derivation, candidates, folded);
  const members = new Set(found.blocks.flatMap((b) => b.regions.map((r) => r.variable.name)));
  const left = [...names].find((n) => !members.has(n));
  if (left === undefined && found.blocks.length === 1) return { block: found.blocks[0]! };
  const name = left ?? [...names][0]!;
  return {
    block: null,
    name,
    reason:
      found.refused.find((r) => r.variable === name)?.reason ??
      (left === undefined ? 'no factor joins it with the others' : 'their joint law is neither finite nor Gaussian'),
  };
}

function refuseGroup(names: readonly string[], reason: string): never {
  refuse([{ code: 'wrong-option', severity: 'error', message: `${names.join(' and ')} cannot share one factor`, hint: `${reason}.` }]);
}

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
      ...code,
      expectations: over([forLoop(k, zero, num(code.factor.count), [store(table, [...at, k], p)])]),
      alone: code.update,
      assigned: over([
        forLoop(l, zero, num(code.factor.count), [
          store(table, [...at, l], cond(apply('eq', add(num(code.factor.low), l), ref(name, at)), one, zero)),
        ]),
      ]),
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
  const overEvent = (indices: readonly Index[], body: readonly Code[]): readonly Code[] =>
    indices.reduceRight<readonly Code[]>((inner, i, d) => [forLoop(i, zero, num(dims[Math.min(d, dims.length - 1)]!), inner)], body);
  const variance = (): Expr => covariance(event, event, ranges(event));
  const write = (n: NeededExpectation): readonly Code[] => {
    if (n.kind.kind === 'power' && n.kind.power === 1)
      return overEvent(event, [store(n.name, [...at, ...event], block.mean(element(event)))]);
    if (n.kind.kind === 'power' && n.kind.power === 2 && event.length === 0)
      return [store(n.name, at, add(pow(block.mean(element([])), num(2)), variance()))];
    if (n.kind.kind === 'pair') {
      const [i, j] = [index('i'), index('j')];
      return overEvent(
        [i, j],
        [store(n.name, [...at, i, j], add(mul(block.mean(element([i])), block.mean(element([j]))), covariance([i], [j], ranges([i, j]))))],
      );
    }
    throw new MeanFieldRefusal('has no expectation under a Gaussian in closed form', ref(name, region.at), name);
  };
  return {
    ...code,
    factor: { kind: 'gaussian' },
    scores: null,
    common: [],
    expectations: over(needed.flatMap(write)),
    moments: (mean, spread) =>
      over(overEvent(event, [store(mean, [...at, ...event], block.mean(element(event))), store(spread, [...at, ...event], variance())])),
    quantiles: (into) =>
      over(
        overEvent(
          event,
          quantileLevels.map((u, k) =>
            store(
              into[k]!,
              [...at, ...event],
              add(block.mean(element(event)), mul(pow(variance(), num(0.5)), apply('normalQuantile', num(u)))),
            ),
          ),
        ),
      ),
  };
}

/** Sets of latents that meet, given the points: each is a joint block of em. */
export function meetingLatents(
  factors: readonly Factor[],
  regions: readonly LatentRegion[],
  points: ReadonlySet<string>,
): readonly (readonly string[])[] {
  return coupled(factors, regions, new Set(regions.map((r) => r.variable.name).filter((n) => !points.has(n)))).map((g) => [...g]);
}

/** Joint blocks before data: expectations of products as they read, `E(x * y)`. */
export function jointInWords(groups: readonly (readonly string[])[]): JointLaws {
  return {
    blockOf: (variable) => {
      const at = groups.findIndex((g) => g.includes(variable));
      return at < 0 ? undefined : at;
    },
    expectation: (items) => apply('E', mulAll(items.map((i) => (i.value === null ? i.element : apply('eq', i.element, i.value))))),
    covariance: (a, b) => apply('Cov', a, b),
  };
}

/** Sets of latents that meet in factors; those that meet nothing, not even another element of their own, are left out. */
function coupled(
  factors: readonly Factor[],
  regions: readonly LatentRegion[],
  latent: ReadonlySet<string>,
): readonly ReadonlySet<string>[] {
  const rankOf = new Map(regions.map((r) => [r.variable.name, r.at.length]));
  const groups: Set<string>[] = [];
  for (const f of factors) {
    const found: { readonly name: string; readonly at: readonly Expr[]; readonly open: boolean }[] = [];
    const outer = new Set<Expr>(f.plates.map((p) => p.index));
    const look = (e: Expr): void =>
      visit(e, (x) => {
        if (x.op !== 'ref' || !latent.has(x.variable)) return;
        const at = x.at.slice(0, rankOf.get(x.variable) ?? x.at.length);
        // An address with an inner index is many elements.
        const open = at.some((a) => [...freeIndices(a)].some((i) => !outer.has(i)));
        if (!found.some((o) => o.name === x.variable && o.at.length === at.length && o.at.every((a, d) => equal(a, at[d]!))))
          found.push({ name: x.variable, at, open });
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
