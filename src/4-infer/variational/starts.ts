/**
 * Starts of coordinate ascent. A draw from the prior, taken as a point mass, breaks symmetry but is
 * often far from the data; where elements choose among components, components are seeded by elements
 * instead: one element is given to each with the weight of many, all others are left out, and further
 * seeds are drawn in proportion to how badly the components so far explain an element (k-means++,
 * Arthur and Vassilvitskii 2007, with log weights for squared distances).
 */
import { type Expr, variablesOf } from '../../expr/expr.js';
import type { Interruptible } from '../stopping.js';
import type { VariationalProgram, Memory } from './program.js';
import { scalePoints } from './startScales.js';

export type StartKind = 'seeded' | 'prior, finite first' | 'prior';

/** Blocks of a finite latent with enough elements to seed its values from. */
export function seedable(program: VariationalProgram): readonly number[] {
  return program.blocks.flatMap((b, k) => {
    if (b.factor.kind !== 'finite' || b.scores === null || b.block.region.plates.length === 0) return [];
    const { length } = program.memory.get(b.scores)!;
    return length >= 2 * b.factor.count ? [k] : [];
  });
}

/** How the start of a number begins: seeds first where there is something to seed. */
export function startKind(program: VariationalProgram, start: number): StartKind {
  if (seedable(program).length === 0)
    return program.blocks.some((b) => b.factor.kind === 'finite') && start % 2 === 0 ? 'prior, finite first' : 'prior';
  return start % 5 === 3 ? 'prior, finite first' : start % 5 === 4 ? 'prior' : 'seeded';
}

/** Runs a start: afterwards every block has been updated. @param held blocks whose start the user gave: updated last. */
export function* begin(
  program: VariationalProgram,
  kind: StartKind,
  start: number,
  held: ReadonlySet<number> = new Set(),
): Interruptible<void> {
  program.initialise();
  if (kind !== 'seeded') yield* scalePoints(program, held);
  const all = program.blocks.map((_, k) => k);
  const finite = all.filter((k) => program.blocks[k]!.factor.kind === 'finite');
  const rest = all.filter((k) => !finite.includes(k));
  if (kind === 'seeded') {
    const candidates = seedable(program);
    yield* seed(program, candidates[Math.floor(start / 3) % candidates.length]!, start);
  }
  // What others read of a joint block is there once it has been prepared.
  const rank = (k: number): number => program.blocks[k]!.joint?.rank ?? Infinity;
  const order = (kind === 'prior' ? all : [...finite, ...rest]).sort((a, b) => (rank(a) < rank(b) ? -1 : rank(a) > rank(b) ? 1 : 0));
  for (const k of [
    ...order.filter((x) => !held.has(x) || rank(x) < Infinity),
    ...order.filter((x) => held.has(x) && rank(x) === Infinity),
  ]) {
    yield;
    program.update(k);
  }
}

/** Updates of everything else by elements shared equally: they cost no pass over the elements. */
const poolingTurns = 20;
/** Rounds of whole assignments after the last seed. */
const hardTurns = 2;
/** Weights of a seed by turns, as powers of an equal share of the elements. */
const seedPowers: readonly number[] = [1, 0.5, 0];
/** Powers of the distance by turns: 1 is k-means++ itself, more keeps away from components found. */
const sharpness: readonly number[] = [2, 3, 1, 2];

/**
 * Every element shared equally among the values of a finite block, and all else updated: scales of all the data, in which distances are
 * measured. Returns the elements.
 */
function* pool(program: VariationalProgram, block: number): Interruptible<readonly number[]> {
  const code = program.blocks[block]!;
  if (code.factor.kind !== 'finite' || code.scores === null) return [];
  const { count } = code.factor;
  const scores = program.memory.get(code.scores)!,
    table = program.memory.get(tableOf(program, block))!;
  // The first update tells which elements exist.
  program.updateAlone(block);
  const elements: number[] = [];
  for (let n = 0; n < scores.length; n++) if (!Number.isNaN(scores[n]!)) elements.push(n);
  for (const n of elements) table.fill(1 / count, n * count, (n + 1) * count);
  program.touched();
  for (let turn = 0; turn < poolingTurns; turn++) {
    yield;
    program.blocks.forEach((b, k) => {
      if (b.factor.kind !== 'finite') program.update(k);
    });
  }
  return elements;
}

/** How seeds are drawn, and which blocks learn from them. */
export interface Seeding {
  /** Power of the distance by which seeds are drawn: 0 any element alike, 1 k-means++. */
  readonly power?: number;
  /** Blocks that move; the others keep the values of all the data shared equally. */
  readonly moves?: (block: number) => boolean;
  /**
   * Components begin between their seed (three parts) and all elements (one): a probability or a rate learnt from one element alone may be
   * 0, which no other element can follow.
   */
  readonly blended?: boolean;
}

/** Whether anything but labels and their weights learns from the elements of a finite block alone: without it seeds leave all components alike. */
export function learnsFromSeeds(program: VariationalProgram, block: number): boolean {
  // Points that move along the gradient (increasing means) have no update of their own, and stand still while others are seeded.
  return componentBlocks(program, block).some((k) => program.blocks[k]!.factor.kind !== 'moving');
}

/** Gives every value of a finite block an element, and the rest of the elements to the nearest. */
export function* seed(
  program: VariationalProgram,
  block: number,
  start: number,
  { power = sharpness[start % sharpness.length]!, moves = () => true, blended = false }: Seeding = {},
): Interruptible<void> {
  const code = program.blocks[block]!;
  if (code.factor.kind !== 'finite' || code.scores === null) return;
  const { count } = code.factor;
  const scores = program.memory.get(code.scores)!;
  const table = program.memory.get(tableOf(program, block))!;
  const elements = yield* pool(program, block);
  if (elements.length < count) return;
  const components = componentBlocks(program, block).filter(moves);
  const share = elements.length / count,
    weight = blended ? 3 * share : share ** seedPowers[start % seedPowers.length]!;
  const chosen: number[] = [];
  for (let k = 0; k < count; k++) {
    chosen.push(
      k === 0 ? elements[Math.floor(program.random.uniform() * elements.length)]! : worstExplained(program, scores, elements, power),
    );
    for (const n of elements) table.fill(blended ? 1 / count : 0, n * count, (n + 1) * count);
    // Components without a seed yet stand where the first one does, not where their prior puts them.
    for (let j = 0; j < count; j++) table[(chosen[j] ?? chosen[0]!) * count + j] = weight;
    program.touched();
    for (const o of components) program.update(o);
    yield;
    program.score(block);
    yield;
  }
  if (blended) return;
  // Scales of all the data would blur the components: each element to its nearest, as k-means has it.
  for (let turn = 0; turn < hardTurns; turn++) {
    for (const n of elements) harden(table, n * count, count);
    program.touched();
    program.blocks.forEach((b, k) => {
      if (b.factor.kind !== 'finite' && moves(k)) program.update(k);
    });
    yield;
    program.updateAlone(block);
  }
}
/** Puts the whole weight of a row on its largest entry, the first where several are; an empty row (no such element) stays. */
export function harden(table: Memory, offset: number, count: number): void {
  let best = 0,
    total = 0;
  for (let k = 0; k < count; k++) {
    total += table[offset + k]!;
    if (table[offset + k]! > table[offset + best]!) best = k;
  }
  if (!(total > 0)) return;
  for (let k = 0; k < count; k++) table[offset + k] = k === best ? 1 : 0;
}
function tableOf(program: VariationalProgram, block: number): string {
  return `E|${program.blocks[block]!.block.region.variable.name}=|1`;
}

/**
 * Blocks that learn from an element through its component alone, so that elements left out of the
 * table are left out of their updates; a spread common to all components is not among them.
 */
function componentBlocks(program: VariationalProgram, block: number): readonly number[] {
  const table = tableOf(program, block);
  return program.blocks.flatMap((b, k) => {
    if (b.factor.kind === 'finite') return [];
    const selected = (c: { readonly coefficient: Expr }): boolean => variablesOf(c.coefficient).has(table);
    const factors = new Set(b.block.expected.filter(selected).map((c) => c.factor));
    // Weights of the components say how common they are, not where; those of the first label of a chain as well.
    const { name } = program.blocks[block]!.block.region.variable;
    const own = new Set(program.blocks.flatMap((o) => (o.block.region.variable.name === name ? [o.block.region.statement.id] : [])));
    return [...factors].some((f) => !own.has(f)) && b.block.expected.every((c) => !factors.has(c.factor) || selected(c)) ? [k] : [];
  });
}

/** An element drawn in proportion to a power of the log of how much better the best explained one is explained. */
function worstExplained(program: VariationalProgram, scores: ArrayLike<number>, elements: readonly number[], power: number): number {
  let best = -Infinity;
  for (const n of elements) if (scores[n]! > best && scores[n]! < Infinity) best = scores[n]!;
  const distance = (n: number): number => {
    const d = best - scores[n]!;
    return d > 0 && d < Infinity ? d ** power : 0;
  };
  let total = 0;
  for (const n of elements) total += distance(n);
  let left = program.random.uniform() * total;
  for (const n of elements) {
    left -= distance(n);
    if (left < 0) return n;
  }
  return elements[Math.floor(program.random.uniform() * elements.length)]!;
}
