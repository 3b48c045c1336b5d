/**
 * What is left out at a time: the units of the data. Each element of an `observe` is one (a vector draw as a
 * whole); statements of one loop share their units, and `unit=n` joins everything that loops over an index of
 * that name. Units that no instance reaches (missing data, ragged loops) do not exist.
 */
import { affine } from '../expr/affine.js';
import { type Expr, type Index, isConst } from '../expr/expr.js';
import { type Diagnostic, ModelError } from '../errors/diagnostic.js';
import { didYouMean, renderDiagnostics } from '../errors/render.js';
import type { Factor } from '../3-derive/model.js';
import { elementName } from './posterior.js';
import type { ProgramBuilder } from './programBuilder.js';

export interface UnitMember {
  readonly factor: Factor;
  /** The loops that count units, in the order of the group's axes; those left are inside a unit. */
  readonly indices: readonly Index[];
}

/** Units over a box of index values. */
export interface UnitGroup {
  readonly members: readonly UnitMember[];
  readonly low: readonly number[];
  readonly shape: readonly number[];
  readonly size: number;
  /** What a cell of the box is called. */
  name(cell: number): string;
}

/** More cells than this are a mistake in the bounds rather than data. */
const mostCells = 1e8;

/** @param unit names of indices, separated by commas; null for the usual units. @throws ModelError where no loop has such an index. */
export function unitGroups(builder: ProgramBuilder, observed: readonly Factor[], unit: string | null): readonly UnitGroup[] {
  const wanted = unit === null ? [] : unit.split(',').map((n) => n.trim());
  if (unit !== null) checkNames(wanted, observed);
  const groups: { key: readonly unknown[]; members: UnitMember[] }[] = [];
  for (const factor of observed) {
    const named = wanted.flatMap((name) =>
      factor.plates
        .filter((p) => p.index.name === name)
        .slice(0, 1)
        .map((p) => p.index),
    );
    const chosen = unit !== null && named.length === wanted.length;
    const indices = chosen ? named : factor.plates.map((p) => p.index);
    // A statement without loops is a unit of its own.
    const key: readonly unknown[] = chosen ? wanted : indices.length === 0 ? [factor.id] : indices;
    const group = groups.find((g) => g.key.length === key.length && g.key.every((k, d) => k === key[d]));
    if (group === undefined) groups.push({ key, members: [{ factor, indices }] });
    else group.members.push({ factor, indices });
  }
  return groups.map(({ members }) => unitGroup(builder, members));
}

function checkNames(wanted: readonly string[], observed: readonly Factor[]): void {
  const known = [...new Set(observed.flatMap((f) => f.plates.map((p) => p.index.name)))];
  const missing = wanted.find((name) => !known.includes(name));
  if (missing === undefined && observed.some((f) => wanted.every((name) => f.plates.some((p) => p.index.name === name)))) return;
  const near = missing === undefined ? null : didYouMean(missing, known);
  const message =
    missing === undefined
      ? `no observe statement stands in loops over all of ${wanted.join(', ')}`
      : `no observe statement stands in a loop over '${missing}'`;
  const diagnostic: Diagnostic = {
    code: 'wrong-option',
    severity: 'error',
    message: `'unit=${wanted.join(',')}': ${message}`,
    hint:
      near !== null
        ? `Did you mean '${near}'?`
        : known.length === 0
          ? 'No observation stands in a loop.'
          : `Indices of observations: ${known.join(', ')}.`,
  };
  throw new ModelError([diagnostic], renderDiagnostics([diagnostic], '', 'options'));
}

function unitGroup(builder: ProgramBuilder, members: readonly UnitMember[]): UnitGroup {
  const low: number[] = [],
    high: number[] = [];
  for (const { factor, indices } of members) {
    for (const p of factor.plates) {
      const { from, to } = builder.bindBinder({ index: p.index, from: p.from, to: p.to });
      const axis = indices.indexOf(p.index);
      if (axis < 0) continue;
      const first = builder.interval(from),
        last = builder.interval(to);
      if (first === null || last === null) throw refusal(factor, `the range of ${p.index.name} is not known before the run`);
      low[axis] = Math.min(low[axis] ?? Infinity, first.low);
      high[axis] = Math.max(high[axis] ?? -Infinity, last.high);
    }
  }
  const shape = low.map((from, axis) => Math.max(0, high[axis]! - from));
  const size = shape.reduce((product, length) => product * length, 1);
  if (size > mostCells) throw refusal(members[0]!.factor, `its units would fill a table of ${size} cells`);
  return { members, low, shape, size, name: namer(builder, members, low, shape) };
}

function refusal(factor: Factor, reason: string): ModelError {
  const diagnostic: Diagnostic = {
    code: 'no-units',
    severity: 'error',
    span: factor.statement.span,
    message: `The units of this statement cannot be counted: ${reason}.`,
  };
  return new ModelError([diagnostic], renderDiagnostics([diagnostic], '', 'program'));
}

/** `y[3]` after the datum where a unit has one; else `n=3` after the loops. */
function namer(
  builder: ProgramBuilder,
  members: readonly UnitMember[],
  low: readonly number[],
  shape: readonly number[],
): (cell: number) => string {
  const valuesOf = (cell: number): readonly number[] => {
    const out: number[] = [];
    for (let axis = shape.length - 1, rest = cell; axis >= 0; axis--) {
      out[axis] = low[axis]! + (rest % shape[axis]!);
      rest = Math.floor(rest / shape[axis]!);
    }
    return out;
  };
  const { factor, indices } = members[0]!;
  const { statement } = factor;
  const target = members.length === 1 && statement.kind === 'observe' ? statement.target : null;
  const address = target?.at.map((e) => addressOf(builder.bind(e), indices)) ?? [null];
  if (target !== null && address.every((a) => a !== null)) {
    return (cell) => {
      const values = valuesOf(cell);
      const at = address.map((a) => a!.constant + a!.terms.reduce((sum, t) => sum + t.coefficient * values[t.axis]!, 0));
      return at.length === 0 ? target.variable : `${target.variable}[${at.join(',')}]`;
    };
  }
  if (indices.length === 0) return () => elementName('statement', [factor.id + 2], factor.id + 1);
  return (cell) =>
    valuesOf(cell)
      .map((value, axis) => `${indices[axis]!.name}=${value}`)
      .join(',');
}

interface Address {
  readonly constant: number;
  readonly terms: readonly { readonly axis: number; readonly coefficient: number }[];
}

function addressOf(e: Expr, indices: readonly Index[]): Address | null {
  if (isConst(e)) return { constant: e.value, terms: [] };
  const form = affine(e);
  const terms = form.terms.map(({ term, coefficient }) => ({ axis: term.op === 'index' ? indices.indexOf(term) : -1, coefficient }));
  return terms.every((t) => t.axis >= 0) ? { constant: form.constant, terms } : null;
}
