/**
 * Which instances a loop nest over data has, listed once when data is bound: for each of them the
 * values of some integer expressions (addresses of elements, numbers of tables).
 */
import { allocate, instantiate, printModule } from '../../code/module.js';
import { createRuntime } from '../../code/runtime.js';
import { type Code, accumulate, store } from '../../code/loop.js';
import { createRandom } from '../../random/generator.js';
import { type Expr, add, isConst, mul, num, one, ref } from '../../expr/expr.js';
import type { Binder } from '../../3-derive/normalForm.js';
import { loops, type ProgramBuilder } from '../programBuilder.js';

/** Loops, tests and integer expressions of data and indices alone. */
export interface Listing {
  readonly binders: readonly Binder[];
  readonly guards: readonly Expr[];
  readonly outputs: readonly Expr[];
}

export interface Instances {
  readonly count: number;
  /** [count, outputs], row-major. */
  readonly values: Int32Array;
}

/** The instances of a nest in the order of its loops. */
export function instancesOf(builder: ProgramBuilder, listing: Listing): Instances {
  const { binders, guards, outputs } = listing;
  if (binders.length === 0 && guards.every((g) => isConst(g)) && outputs.every((e) => isConst(e))) {
    const holds = guards.every((g) => !isConst(g, 0));
    return { count: holds ? 1 : 0, values: Int32Array.from(holds ? outputs.map((e) => (isConst(e) ? e.value : 0)) : []) };
  }
  const counter = '%count';
  const count = execute(builder, loops(binders, guards, [accumulate(counter, [], one)]), counter, 1).counted;
  const width = outputs.length,
    out = '%listed';
  const record: Code[] = [
    ...outputs.map((e, k): Code => store(out, [add(mul(num(width), ref(counter, [])), num(k))], e)),
    accumulate(counter, [], one),
  ];
  return { count, values: execute(builder, loops(binders, guards, record), counter, Math.max(1, count * width)).listed };
}

function execute(
  builder: ProgramBuilder,
  body: readonly Code[],
  counter: string,
  size: number,
): { readonly counted: number; readonly listed: Int32Array } {
  const out = '%listed';
  const printed = printModule({
    storages: [
      ...builder.storages(),
      { name: out, type: 'int32', shape: [size], place: 'state' },
      { name: counter, type: 'int32', shape: [], place: 'state' },
    ],
    functions: [{ name: 'list', parameters: [], body }],
  });
  const given = new Map<string, Float64Array | Int32Array>();
  for (const s of printed.storages) {
    const v = s.place === 'data' ? builder.initialValues(s.name) : undefined;
    if (v !== undefined) given.set(s.name, v);
  }
  const arrays = allocate(printed.storages, given);
  instantiate(
    printed.source,
    arrays,
    createRuntime(
      createRandom('instances', 'instances'),
      builder.bound.graph.hostFunctions.map((h) => h.call),
    ),
  )['list']!();
  const at = (name: string): Int32Array => arrays[printed.storages.findIndex((s) => s.name === name)] as Int32Array;
  return { counted: at(counter)[0]!, listed: at(out) };
}
