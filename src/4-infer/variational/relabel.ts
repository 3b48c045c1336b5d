/**
 * The order of exchangeable components: increasing in the first component parameter that is not a
 * weight. The factors themselves are renumbered, so that moments, probabilities, draws, reports and
 * predictions all speak of the same components.
 */
import { oneHotOf } from '../../3-derive/meanField.js';
import { type ExchangeableGroup, sizeOf } from '../posterior.js';
import type { VariationalProgram, Memory } from './program.js';

/** Largest relative change of the bound that counts as none: renumbering must not change it. */
const same = 1e-9;

/** Renumbers the components of every group; a group that turns out not to be exchangeable stays as it is. */
export function orderComponents(program: VariationalProgram, groups: readonly ExchangeableGroup[]): void {
  for (const group of groups) {
    const order = componentOrder(program, group);
    if (order === null || order.every((k, j) => k === j)) continue;
    const saved = program.save(),
      before = program.bound();
    renumber(program, group, order);
    const after = program.bound();
    if (!(Math.abs(after - before) <= same * (1 + Math.abs(before)))) program.restore(saved);
  }
}

/** For each place the component that belongs there; null where the ordering variable has no moments. */
function componentOrder(program: VariationalProgram, group: ExchangeableGroup): readonly number[] | null {
  const name = group.orderBy ?? group.variables[0]?.name;
  const member = group.variables.find((v) => v.name === name);
  const described = name === undefined ? undefined : program.described.get(name);
  if (member === undefined || described === undefined) return null;
  program.describe();
  const mean = program.memory.get(described.mean)!;
  const shape = program.builder.storage(member.name).shape;
  const inner = sizeOf(shape.slice(member.axis + 1)),
    outer = sizeOf(shape.slice(0, member.axis));
  const compare = (a: number, b: number): number => {
    for (let o = 0; o < outer; o++)
      for (let i = 0; i < inner; i++) {
        const d = mean[(o * group.size + a) * inner + i]! - mean[(o * group.size + b) * inner + i]!;
        if (d !== 0) return d;
      }
    return a - b;
  };
  return Array.from({ length: group.size }, (_, k) => k).sort(compare);
}

function renumber(program: VariationalProgram, group: ExchangeableGroup, order: readonly number[]): void {
  for (const { name, axis } of group.variables) {
    const rank = program.builder.storage(name).shape.length;
    for (const [storage, values] of storagesOf(program, name)) {
      const { shape } = program.builder.storage(storage);
      permute(values, shape, axis, order);
      // A covariance over an event axis has that axis twice.
      if (shape.length === rank + 1 && axis === rank - 1) permute(values, shape, axis + 1, order);
    }
    const values = program.memory.get(name);
    if (values !== undefined) permute(values, program.builder.storage(name).shape, axis, order);
  }
  for (const name of group.labels ?? []) {
    const storage = `E|${oneHotOf(name)}|1`;
    const values = program.memory.get(storage);
    if (values !== undefined) {
      const { shape } = program.builder.storage(storage);
      permute(values, shape, shape.length - 1, order);
    }
  }
  program.touched();
  // Their inner moments follow from what has been renumbered.
  program.blocks.forEach((b, k) => {
    if (b.joint !== undefined) program.update(k);
  });
}
/** Tables and parameters of a variable's factors that hold numbers for each of its elements. */
function storagesOf(program: VariationalProgram, name: string): readonly (readonly [string, Memory])[] {
  const rank = program.builder.model.variable(name).dims.length - program.builder.model.variable(name).eventRank;
  return [...program.memory].filter(
    ([storage]) =>
      (storage.startsWith(`E|${name}|`) || storage.startsWith(`E|${oneHotOf(name)}|`) || storage.startsWith(`Q|${name}|`)) &&
      program.builder.storage(storage).shape.length >= Math.max(1, rank),
  );
}

/** Puts slice `order[k]` of an axis into place k. */
export function permute(values: Memory, shape: readonly number[], axis: number, order: readonly number[]): void {
  if (shape[axis] !== order.length) return;
  const inner = sizeOf(shape.slice(axis + 1)),
    outer = sizeOf(shape.slice(0, axis));
  const copy = values.slice();
  for (let o = 0; o < outer; o++) {
    order.forEach((from, k) => {
      for (let i = 0; i < inner; i++) values[(o * order.length + k) * inner + i] = copy[(o * order.length + from) * inner + i]!;
    });
  }
}
