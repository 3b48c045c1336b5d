/**
 * Scales of the points of a program with memory, before a start's first update: the objective is the bound with
 * every law brought up to the points as they stand.
 */
import { isConst } from '../../expr/expr.js';
import { regionSupport } from '../../3-derive/closedForm.js';
import { findScales, type Scalable, type Scaled } from '../startScales.js';
import type { Interruptible } from '../stopping.js';
import type { Saved, VariationalProgram } from './program.js';
import { isMeanPoint, isPoint, type BlockCode } from './factors/factor.js';

/** Rounds of updates before the bound is read: laws that read each other follow the points only by and by. */
const rounds = 2;
/** Searches for scales, with a step of every point after each. */
const mostTurns = 10;
/** A few steps of each point show where it goes; a search to the end is what follows the start. */
const gradientIterations = 20;
/** Steps before the first search. */
const warmUp = 10;

/** Puts points that may have any size on the scale of the data. @param held blocks whose start the user gave. */
export function* scalePoints(program: VariationalProgram, held: ReadonlySet<number>): Interruptible<void> {
  const { blocks } = program;
  // Sums of data give points their scale at once where all else is finite: only laws over numbers, or steps along a gradient, can be stuck.
  if (!blocks.some((b) => b.factor.kind === 'moving' || (!isPoint(b) && b.factor.kind !== 'finite'))) return;
  const free = new Map<string, Scalable>();
  blocks.forEach((b, k) => {
    const { name } = b.block.region.variable,
      sign = signOf(b);
    if (!held.has(k) && sign !== null) free.set(name, { name, positive: sign === 'positive' });
  });
  // A variable of several statements is one unknown: all of its parts may be scaled, or none.
  blocks.forEach((b, k) => {
    if (held.has(k) || signOf(b) === null) free.delete(b.block.region.variable.name);
  });
  if (free.size === 0) return;
  // Means go to the data first, or hidden numbers would be given the scale that reaches there.
  blocks.forEach((b, k) => {
    if (isMeanPoint(b)) program.update(k);
  });
  const laws = blocks.flatMap((b, k) => (isPoint(b) ? [] : [k]));
  const settle = (): Scaled<Saved> => {
    for (let round = 0; round < rounds; round++) for (const k of laws) program.update(k);
    return { value: program.bound(), state: program.save() };
  };
  const multiplied = (state: Saved, { name }: Scalable, factor: number): Scaled<Saved> => {
    program.restore(state);
    const values = program.memory.get(name)!;
    for (let i = 0; i < values.length; i++) values[i]! *= factor;
    blocks.forEach((b, k) => {
      if (b.block.region.variable.name === name) program.expectations(k);
    });
    return settle();
  };
  const step = (): Scaled<Saved> => {
    blocks.forEach((b, k) => {
      if (isPoint(b)) program.update(k);
    });
    program.moveAlongGradient(gradientIterations);
    return settle();
  };
  let before = settle();
  // Where units are right a few steps lead away from any start; only what is still out of proportion after them has the wrong scale.
  // Steps along a gradient in wrong units may lead anywhere.
  for (let k = 0; k < warmUp && !blocks.some((b) => b.factor.kind === 'moving'); k++) {
    yield;
    const next = step();
    if (!(next.value >= before.value && next.value < Infinity)) {
      program.restore(before.state);
      break;
    }
    before = next;
  }
  // Scales that were out of proportion only because of other points show once those have moved.
  for (let turn = 0; turn < mostTurns; turn++) {
    const found = yield* findScales(before, [...free.values()], multiplied);
    program.restore(found.state);
    if (found === before) return;
    program.sizes.clear();
    for (const { name } of free.values())
      program.sizes.set(
        name,
        Array.from(program.memory.get(name)!).reduce((most, x) => Math.max(most, Math.abs(x)), 0),
      );
    yield;
    before = step();
    // A step from far away may end nowhere.
    if (!Number.isFinite(before.value)) {
      program.restore(found.state);
      return;
    }
  }
}

/** Whether a point without a law may be multiplied by any positive number, and by a negative one too. */
function signOf(code: BlockCode): 'positive' | 'either' | null {
  const { region } = code.block,
    { constraint } = region.variable;
  if (!isPoint(code) || region.law !== null) return null;
  const support = regionSupport(region);
  if (support.kind === 'vector') return 'either';
  if (support.kind === 'cov') return constraint.kind === 'cov' && constraint.options['floor'] !== undefined ? null : 'positive';
  if (support.kind !== 'interval' || !isConst(support.high, Infinity)) return null;
  return isConst(support.low, 0) ? 'positive' : isConst(support.low, -Infinity) ? 'either' : null;
}
