/**
 * Which elements an expression reads: elements in question have numbers, and an expression is turned into the number of one
 * that it reads, 0 for none. Definitions carry that number along.
 */
import type { BoundModel } from '../2-graph/bound.js';
import type { Law } from '../2-graph/graph.js';
import { arraysOfLaw, rangesOfLaw } from '../2-graph/query.js';
import { apply, type ArrayExpr, cond, type Expr, freeIndices, index, isConst, num, reduce, ref, zero } from '../expr/expr.js';
import { namesIn } from './affected.js';
import { sizeOf } from './posterior.js';
import type { ProgramBuilder } from './programBuilder.js';

export interface ElementOf {
  readonly variable: string;
  /** Flat number. */
  readonly element: number;
}

/** By variable, for each element by its flat number whether it is one of them. */
export type Elements = ReadonlyMap<string, Uint8Array>;

export interface NumberedElements {
  /** By variable the storage of the numbers of its elements: 0 for what is not in question. */
  readonly numbers: ReadonlyMap<string, string>;
  elementOf(number: number): ElementOf;
}

/** Storage with a number, from 1 on, for each element in question of these variables. */
export function numberElements(builder: ProgramBuilder, names: Iterable<string>, elements: Elements): NumberedElements {
  const numbers = new Map<string, string>(),
    first: (readonly [variable: string, number: number])[] = [];
  let count = 1;
  for (const name of names) {
    const { shape } = builder.storage(name),
      size = sizeOf(shape),
      flags = elements.get(name),
      start = count,
      storage = builder.fresh('numbers', shape, 'state');
    builder.setInitial(
      storage,
      Float64Array.from({ length: size }, (_, k) => (flags?.[k] === 1 ? start + k : 0)),
    );
    numbers.set(name, storage);
    first.push([name, start]);
    count += size;
  }
  return {
    numbers,
    elementOf: (number) => {
      const [variable, start] = first.filter(([, from]) => from <= number).pop()!;
      return { variable, element: number - start };
    },
  };
}

/** Names of the variables with elements in question and of all that definitions make of them. */
export function reachedBy({ graph }: BoundModel, elements: Elements): ReadonlySet<string> {
  const reached = new Set([...elements].flatMap(([name, flags]) => (flags.includes(1) ? [name] : [])));
  const lets = graph.statements.flatMap((s) => (s.kind === 'let' ? [{ name: s.target.variable, names: namesIn(s) }] : [])),
    readers = new Map<string, string[]>();
  for (const { name, names } of lets) for (const other of names) readers.set(other, [...(readers.get(other) ?? []), name]);
  for (const name of reached) for (const reader of readers.get(name) ?? []) reached.add(reader);
  return reached;
}

/** Expressions for the number of an element that an expression reads, 0 where it reads none. */
export class Reads {
  private readonly builder: ProgramBuilder;
  private readonly numbers: NumberedElements['numbers'];
  private readonly made = new Map<Expr, Expr>();

  constructor(builder: ProgramBuilder, numbers: NumberedElements['numbers']) {
    this.builder = builder;
    this.numbers = numbers;
  }

  of(e: Expr): Expr {
    const known = this.made.get(e);
    if (known !== undefined) return known;
    const made = this.make(e);
    this.made.set(e, made);
    return made;
  }

  /** Of anything in the array. */
  ofArray({ indices, dims, body }: ArrayExpr): Expr {
    return either([
      ...dims.map((dim) => this.of(dim)),
      indices.reduceRight<Expr>((e, i, axis) => over(i, zero, dims[axis]!, e), this.of(body)),
    ]);
  }

  /** Of any argument, of any component. */
  ofLaw(law: Law): Expr {
    const ranges = [...rangesOfLaw(law)];
    return ranges.reduceRight<Expr>((e, [i, { from, to }]) => over(i, from, to, e), either(arraysOfLaw(law).map((a) => this.ofArray(a))));
  }

  private make(e: Expr): Expr {
    switch (e.op) {
      case 'const':
      case 'index':
      case 'size':
        return zero;
      case 'ref':
        return either([...e.at.map((x) => this.of(x)), this.element(e.variable, e.at)]);
      case 'apply': {
        // What data multiply by 0 is not read (the column of a group that a row does not belong to).
        const given = e.fn === 'mul' ? e.args.find((x) => this.isGiven(x)) : undefined,
          inside = either(e.args.map((x) => this.of(x)));
        return given === undefined || isConst(inside, 0) ? inside : cond(apply('ne', given, zero), inside, zero);
      }
      case 'reduce':
        return either([this.of(e.from), this.of(e.to), over(e.index, e.from, e.to, this.of(e.body))]);
      case 'cond': {
        const then = this.of(e.then),
          otherwise = this.of(e.otherwise);
        return this.isGiven(e.test) ? cond(e.test, then, otherwise) : either([this.of(e.test), then, otherwise]);
      }
      case 'element':
        return either([...e.at, ...e.array.dims].map((x) => this.of(x)).concat(e.array.args.map((a) => this.ofArray(a))));
    }
  }

  /** Along an axis whose place unknowns decide, any element may be read. Outside of the array there is none. */
  private element(variable: string, at: readonly Expr[]): Expr {
    const storage = this.numbers.get(variable);
    if (storage === undefined) return zero;
    const { shape } = this.builder.storage(storage);
    const places = at.map((e) => (this.isGiven(e) ? e : index('any')));
    const tests = at.flatMap((e, axis) => (places[axis] === e ? [apply('ge', e, zero), apply('lt', e, num(shape[axis]!))] : []));
    return places.reduceRight<Expr>(
      (e, i, axis) => (i !== at[axis] && i.op === 'index' ? over(i, zero, num(shape[axis]!), e) : e),
      tests.reduceRight((e, test) => cond(test, e, zero), ref(storage, places)),
    );
  }

  private isGiven(e: Expr): boolean {
    return !this.builder.model.dependsOnLatents(e);
  }
}

/** Any of the numbers that is not 0. */
export function either(numbers: readonly Expr[]): Expr {
  return numbers.filter((e) => !isConst(e, 0)).reduce<Expr>((a, b) => (isConst(a, 0) ? b : apply('max', a, b)), zero);
}

/** Any of them over a range, which may be empty. */
function over(i: Expr & { readonly op: 'index' }, from: Expr, to: Expr, body: Expr): Expr {
  if (isConst(body, 0) || (!freeIndices(body).has(i) && isConst(from) && isConst(to) && from.value < to.value)) return body;
  return apply('max', zero, reduce('max', i, from, to, body));
}
