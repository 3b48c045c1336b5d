/**
 * The steps of a sweep as entry points of their own, forwards and backwards, for those who test kernels.
 * A step that visits elements one by one, each update reversible, is reversed by visiting them in the opposite
 * order; one that draws all at once, or elements that do not meet, is its own reversal.
 */
import { mapCode } from '../code/analysis.js';
import type { Argument, Code, Place } from '../code/loop.js';
import { type Expr, type Index, ref, rewrite } from '../expr/expr.js';
import type { BoundModel } from '../2-graph/bound.js';
import { givenPartOf, maskOf } from '../3-derive/model.js';
import { foldingOf } from './assemble.js';
import type { KernelProgram } from './backend.js';
import type { ChainProgram } from './chainProgram.js';
import type { ProgramBuilder } from './programBuilder.js';
import type { PlacedTables, PlannedStep } from './tables.js';

/**
 * Declares `step0`, `back0`, `step1`, ...
 * @param ordered blocks that visit unknowns in an order of their own, which nothing here can turn round.
 */
export function openSteps(
  builder: ProgramBuilder,
  planned: readonly PlannedStep[],
  placed: PlacedTables,
  ordered: ReadonlySet<string>,
): KernelProgram['steps'] {
  return planned.map(({ block, context, result }, k) => {
    // Alone, a step cannot count on tables that an earlier one of the sweep has filled.
    const tables = (context?.tables.needs ?? []).flatMap((t) => [t.clear, ...t.code]);
    const code = [...tables, ...placed.steps[k]!.result.code];
    builder.entry(`step${k}`, copied(builder, code));
    builder.entry(
      `back${k}`,
      copied(
        builder,
        reversed(
          code,
          new Set([...(context?.plates.map((p) => p.index) ?? []), ...(result.coordinate === undefined ? [] : [result.coordinate])]),
        ),
      ),
    );
    return { block, reversible: !ordered.has(block) };
  });
}

/** The program's memory with other data: their values, and the tables folded from them. */
export function overData(builder: ProgramBuilder): (program: ChainProgram, bound: BoundModel) => ChainProgram {
  const fold = foldingOf(builder);
  return (program, bound) => {
    const data = new Map(
      [...bound.variables.values()].flatMap((v): [string, Float64Array | Int32Array][] =>
        v.status === 'given'
          ? [[v.name, v.values]]
          : v.status === 'partial' && v.mask !== undefined
            ? [
                [v.name, v.values],
                [givenPartOf(v.name), v.values],
                [maskOf(v.name), v.mask],
              ]
            : [],
      ),
    );
    const folded = fold(data);
    return {
      ...program,
      storages: program.storages.map((s) =>
        s.place === 'data' ? { ...s, values: folded.get(s.name) ?? data.get(s.name) ?? s.values } : s,
      ),
    };
  };
}

/** Loops over the given indices run the other way. */
function reversed(code: readonly Code[], indices: ReadonlySet<Index>): readonly Code[] {
  return code.map((c): Code => {
    switch (c.do) {
      case 'for':
        return { ...c, body: reversed(c.body, indices), descending: (c.descending === true) !== indices.has(c.index) };
      case 'if':
        return { ...c, then: reversed(c.then, indices), otherwise: reversed(c.otherwise, indices) };
      default:
        return c;
    }
  });
}

/** The same code with locals and local functions of its own: a module declares each name once. */
function copied(builder: ProgramBuilder, code: readonly Code[]): readonly Code[] {
  const names = new Map<string, string>();
  const own = (name: string): string => {
    if (!builder.hasStorage(name) || builder.storage(name).place !== 'local') return name;
    let copy = names.get(name);
    if (copy === undefined) {
      const { shape, type, range } = builder.storage(name);
      copy = builder.fresh('copy', shape, 'local', type, range);
      names.set(name, copy);
    }
    return copy;
  };
  const expression = (e: Expr): Expr =>
    rewrite(e, (x) => (x.op === 'ref' && own(x.variable) !== x.variable ? ref(own(x.variable), x.at) : x));
  const place = (p: Place): Place => ({ ...p, storage: own(p.storage) });
  const block = (list: readonly Code[]): readonly Code[] => list.map(renamed);
  function renamed(c: Code): Code {
    const x = c.do === 'for' || c.do === 'if' || c.do === 'function' ? c : mapCode(c, expression);
    switch (x.do) {
      case 'for':
        return { ...x, from: expression(x.from), to: expression(x.to), body: block(x.body) };
      case 'if':
        return { ...x, test: expression(x.test), then: block(x.then), otherwise: block(x.otherwise) };
      case 'function':
        return { ...x, name: own(x.name), parameters: x.parameters.map(own), body: block(x.body) };
      case 'store':
      case 'categorical':
        return { ...x, into: place(x.into) };
      case 'fill':
        return { ...x, storage: own(x.storage) };
      case 'call': {
        const args = x.args.map(
          (a): Argument => (a.kind === 'place' ? { ...a, place: place(a.place) } : a.kind === 'function' ? { ...a, name: own(a.name) } : a),
        );
        return { ...x, args, into: x.into === null ? null : place(x.into), effects: x.effects.map(own) };
      }
      default:
        return x;
    }
  }
  return block(code);
}
