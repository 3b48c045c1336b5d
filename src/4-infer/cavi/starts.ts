/**
 * Starts of coordinate ascent. A draw from the prior, taken as a point mass, breaks symmetry but is
 * often far from the data; where elements choose among components, components are seeded by elements
 * instead: one element is given to each with the weight of many, all others are left out, and further
 * seeds are drawn in proportion to how badly the components so far explain an element (k-means++,
 * Arthur and Vassilvitskii 2007, with log weights for squared distances).
 */
import type { CaviProgram } from './program.js';

export type StartKind = 'seeded' | 'prior, finite first' | 'prior';

/** Blocks of a finite latent with enough elements to seed its values from. */
export function seedable(program: CaviProgram): readonly number[] {
  return program.blocks.flatMap((b, k) => {
    if (b.factor.kind !== 'finite' || b.scores === null || b.block.region.plates.length === 0) return [];
    const { length } = program.memory.get(b.scores)!;
    return length >= 2 * b.factor.count ? [k] : [];
  });
}

/** How the start of a number begins: seeds first where there is something to seed. */
export function startKind(program: CaviProgram, start: number): StartKind {
  if (seedable(program).length === 0) return program.blocks.some((b) => b.factor.kind === 'finite') && start % 2 === 0 ? 'prior, finite first' : 'prior';
  return start % 5 === 3 ? 'prior, finite first' : start % 5 === 4 ? 'prior' : 'seeded';
}

/** Runs a start: afterwards every block has been updated. @param held blocks whose start the user gave: updated last. */
export function begin(program: CaviProgram, kind: StartKind, start: number, held: ReadonlySet<number> = new Set()): void {
  program.initialise();
  const all = program.blocks.map((_, k) => k);
  const finite = all.filter((k) => program.blocks[k]!.factor.kind === 'finite');
  const rest = all.filter((k) => !finite.includes(k));
  if (kind === 'seeded') {
    const candidates = seedable(program);
    seed(program, candidates[Math.floor(start / 3) % candidates.length]!, start);
  }
  const order = kind === 'prior, finite first' ? [...finite, ...rest] : kind === 'seeded' ? [...rest, ...finite] : all;
  for (const k of [...order.filter((x) => !held.has(x)), ...order.filter((x) => held.has(x))]) program.update(k);
}

/** Weights of a seed by turns: all elements' share, a single one, and between. */
const seedPowers: readonly number[] = [1, 0.5, 0];

function seed(program: CaviProgram, block: number, start: number): void {
  const code = program.blocks[block]!;
  if (code.factor.kind !== 'finite' || code.scores === null) return;
  const { count } = code.factor;
  const scores = program.memory.get(code.scores)!;
  const table = program.memory.get(`E|${code.block.region.variable.name}=|1`)!;
  const others = program.blocks.map((_, k) => k).filter((k) => k !== block);
  // The first update tells which elements exist.
  program.update(block);
  const elements: number[] = [];
  for (let n = 0; n < scores.length; n++) if (!Number.isNaN(scores[n]!)) elements.push(n);
  if (elements.length < count) return;
  const weight = (elements.length / count) ** seedPowers[start % seedPowers.length]!;
  const chosen: number[] = [];
  for (let k = 0; k < count; k++) {
    chosen.push(k === 0 ? elements[Math.floor(program.random.uniform() * elements.length)]! : worstExplained(program, scores, elements));
    for (const n of elements) table.fill(0, n * count, (n + 1) * count);
    chosen.forEach((n, j) => { table[n * count + j] = weight; });
    program.touched();
    if (k === count - 1) return;
    for (const o of others) program.update(o);
    program.update(block);
  }
}

/** An element drawn in proportion to the log of how much better the best explained one is explained. */
function worstExplained(program: CaviProgram, scores: ArrayLike<number>, elements: readonly number[]): number {
  let best = -Infinity;
  for (const n of elements) if (scores[n]! > best && scores[n]! < Infinity) best = scores[n]!;
  const distance = (n: number): number => { const d = best - scores[n]!; return d > 0 && d < Infinity ? d : 0; };
  let total = 0;
  for (const n of elements) total += distance(n);
  let left = program.random.uniform() * total;
  for (const n of elements) { left -= distance(n); if (left < 0) return n; }
  return elements[Math.floor(program.random.uniform() * elements.length)]!;
}
