/**
 * The storages of factors: tables of expectations that other blocks read, parameters, and the code that fills them.
 */
import { MeanFieldRefusal, type NeededExpectation, type Tables, covarianceOf } from '../../../3-derive/meanField.js';
import { type Code, forLoop, store } from '../../../code/loop.js';
import { type ArrayExpr, add, build, at as elementAt, index, num, one, ref, scalar, sub, zero } from '../../../expr/expr.js';
import type { RegionContext } from '../../kernels.js';
import { type ProgramBuilder, loops } from '../../programBuilder.js';
import type { BlockCode } from './factor.js';

/** Most values of a finite latent whose probabilities are kept. */
export const largestTable: number = 1 << 16;

/** Name of the storage of a factor's parameter. */
export function parameterOf(variable: string, statement: number, name: string): string {
  return `Q|${variable}|${statement}|${name}`;
}

/** Declares the tables of expectations; shapes are those of the variable and the statistic. */
export function declareTables(builder: ProgramBuilder, field: Tables): void {
  for (const n of field.needed) {
    if (!builder.hasStorage(n.name)) builder.addStorage({ name: n.name, type: 'float64', shape: tableShape(builder, n), place: 'state' });
  }
  for (const variable of field.covariances) {
    const { shape } = builder.storage(variable);
    if (!builder.hasStorage(covarianceOf(variable)))
      builder.addStorage({
        name: covarianceOf(variable),
        type: 'float64',
        shape: isVector(builder, variable) ? [...shape, shape[shape.length - 1]!] : shape,
        place: 'state',
      });
  }
}

function isVector(builder: ProgramBuilder, variable: string): boolean {
  return builder.model.statusOf(variable) !== 'partial' && builder.model.variable(variable).eventRank === 1;
}

function tableShape(builder: ProgramBuilder, n: NeededExpectation): readonly number[] {
  if (n.kind.kind === 'onehot') return oneHotShape(builder, n.variable.slice(0, -1));
  const shape = builder.storage(n.variable).shape;
  const rank = builder.model.statusOf(n.variable) === 'partial' ? 0 : builder.model.variable(n.variable).eventRank;
  const lead = shape.slice(0, shape.length - rank),
    d = shape.slice(shape.length - rank);
  if (rank === 0) return shape;
  if (n.kind.kind === 'pair') return [...lead, d[0]!, d[0]!];
  if (n.kind.kind === 'logdet') return lead;
  return shape;
}

function oneHotShape(builder: ProgramBuilder, variable: string): readonly number[] {
  const range = builder.model.finiteRange(variable)!;
  const count = builder.bind(add(sub(range.high, range.low), one));
  if (count.op !== 'const') throw new MeanFieldRefusal('has a support that differs between elements', range.high, variable);
  if (count.value > largestTable)
    throw new MeanFieldRefusal(`takes ${count.value} values, more than a table of probabilities holds`, range.high, variable);
  return [...builder.storage(variable).shape, count.value];
}

/** Code once for every element of a region. */
export function over(context: RegionContext, body: readonly Code[]): readonly Code[] {
  return loops(context.plates, context.guards, body);
}

/** The storages of a factor's parameters and how to read them at the current element. */
export function parameterStorages(
  context: RegionContext,
  parameters: Readonly<Record<string, ArrayExpr>>,
): { readonly write: readonly Code[]; read(): Readonly<Record<string, ArrayExpr>> } {
  const { builder } = context;
  const lead = builder.storage(context.name).shape.slice(0, context.at.length);
  const write: Code[] = [];
  const storages = new Map<string, { name: string; dims: readonly number[] }>();
  for (const [key, a] of Object.entries(parameters)) {
    const dims = a.dims.map((d) => {
      const b = builder.bind(d);
      return b.op === 'const' ? b.value : context.eventDims[0]!;
    });
    const name = parameterOf(context.name, context.region.statement.id, key);
    builder.addStorage({ name, type: 'float64', shape: [...lead, ...dims], place: 'state' });
    storages.set(key, { name, dims });
    const event = dims.map((_, d) => index(`p${d}`));
    const body = builder.bind(elementAt(a, ...event));
    write.push(
      ...event.reduceRight<readonly Code[]>(
        (inner, i, d) => [forLoop(i, zero, num(dims[d]!), inner)],
        [store(name, [...context.at, ...event], body)],
      ),
    );
  }
  return {
    write,
    read: () =>
      Object.fromEntries(
        [...storages].map(([key, s]) => [
          key,
          s.dims.length === 0
            ? scalar(ref(s.name, context.at))
            : build(
                s.dims.map((d) => num(d)),
                (...i) => ref(s.name, [...context.at, ...i]),
              ),
        ]),
      ),
  };
}

/** Stores an array of expectations into its table. */
export function writeTable(context: RegionContext, table: string, value: ArrayExpr): readonly Code[] {
  const { builder } = context;
  const shape = builder.storage(table).shape.slice(context.at.length);
  const event = shape.map((_, d) => index(`s${d}`));
  return event.reduceRight<readonly Code[]>(
    (inner, i, d) => [forLoop(i, zero, num(shape[d]!), inner)],
    [store(table, [...context.at, ...event], builder.bind(elementAt(value, ...event)))],
  );
}

/**
 * An update and the expectations after it: element by element where a block's elements read one
 * another (a chain sees the neighbour just updated), and the expectations alone for whoever has set
 * the parameters.
 */
export function together(
  context: RegionContext,
  parameters: readonly Code[],
  tables: readonly Code[],
): Pick<BlockCode, 'update' | 'expectations'> {
  return { update: context.sweep([...parameters, ...tables]), expectations: over(context, tables) };
}
