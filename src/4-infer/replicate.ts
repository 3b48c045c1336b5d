/**
 * Replicated data: what the program's observations would have been at a state of its unknowns, each
 * statement drawn from its own law (Rubin 1984; Gelman, Meng and Stern 1996). Where a law reads other data
 * (a lag, a regressor), it reads them as given. Unknowns without a value are drawn from their laws given the others.
 */
import { forLoop, store, type Code } from '../code/loop.js';
import { eventDimsOf, isProper, mapLaw } from '../distributions/law/law.js';
import { isDiscrete } from '../distributions/law/form.js';
import { type Diagnostic, ModelError } from '../errors/diagnostic.js';
import { type Expr, index, isConst, num, one, ref, sub, substitute, zero } from '../expr/expr.js';
import { createRandom } from '../random/generator.js';
import type { BoundModel } from '../2-graph/bound.js';
import type { Statement } from '../2-graph/graph.js';
import { maskOf } from '../3-derive/model.js';
import { loadModule } from './loadedModule.js';
import { ancestralCode } from './ancestral.js';
import { drawLaw } from './drawLaw.js';
import { loops, ProgramBuilder } from './programBuilder.js';

/** The observations of one statement, or of several on one datum. */
export interface ReplicatedData {
  /** The datum, or the text of what is observed. */
  readonly name: string;
  /** True for whole numbers. */
  readonly discrete: boolean;
  /** Numbers of one observation (1 for scalars, D for vectors). */
  readonly width: number;
  /** [observations, width], NaN where a part is missing. */
  readonly observed: Float64Array;
  /** The replicates of the last draw, of the same form. */
  replicated(): Float64Array;
}

export interface Replicator {
  readonly data: readonly ReplicatedData[];
  /** Draws replicates at a state; unknowns that are left out are drawn from their laws. */
  draw(state: ReadonlyMap<string, ArrayLike<number>>): void;
  /** Values of all variables after `draw`. */
  memory(name: string): Float64Array | Int32Array | undefined;
}

/** More cells than this are a mistake in the bounds rather than data. */
const mostCells = 1e7;

export type Observe = Extract<Statement, { kind: 'observe' }>;

/**
 * @param source text of the program: what is observed through an expression is called by it.
 * @param known unknowns for which every state has a value.
 * @throws ModelError (code `cannot-replicate`) where nothing is observed, or an unknown without a value has no law to draw from.
 */
export function replicator(bound: BoundModel, source: string, known: ReadonlySet<string>, seed: string): Replicator {
  const builder = new ProgramBuilder(bound),
    { model } = builder;
  const observed = bound.graph.statements.filter(
    (s): s is Observe => s.kind === 'observe' && !s.guards.some((g) => isConst(builder.bind(g), 0)),
  );
  if (observed.length === 0) throw refusal('the program observes nothing');
  const isDrawn = (s: Statement): boolean =>
    (s.kind === 'sample' || s.kind === 'param') && model.statusOf(s.target.variable) === 'latent' && !known.has(s.target.variable);
  for (const s of bound.graph.statements) {
    if (isDrawn(s) && s.kind !== 'factor' && s.target !== null && (s.kind !== 'sample' || !isProper(s.law)))
      throw refusal(`'${s.target.variable}' has no value and no law to be drawn from`);
  }
  const statements = observed.map((s) => replicateCode(builder, s));
  builder.entry(
    'observe',
    statements.flatMap(({ observe }) => observe),
  );
  builder.entry('replicate', [
    ...ancestralCode(builder, {
      generate: 'latents',
      wanted: (s) => isDrawn(s) || (s.kind === 'let' && model.statusOf(s.target.variable) !== 'given'),
    }),
    ...statements.flatMap(({ draw }) => draw),
  ]);
  const { functions, memory } = loadModule(builder, createRandom(seed, 'replicate'));
  functions['observe']!();
  return {
    data: joined(statements, memory, (s) => observedName(s, source)),
    memory: (name) => memory.get(name),
    draw(state) {
      for (const [name, values] of state) place(memory.get(name), memory.get(maskOf(name)), values);
      functions['replicate']!();
    },
  };
}

/** The variable that a statement observes an element of; else what it observes, as it is written. */
export function observedName(s: Observe, source: string): string {
  if (s.target !== null) return s.target.variable;
  const text = source
    .slice(s.span.start, s.span.end)
    .replace(/^observe\s+/, '')
    .replace(/\s*~.*$/s, '');
  return /^([\p{L}_][\p{L}\p{N}_]*)\s*\[[^\]]*\]$/u.exec(text)?.[1] ?? text;
}

/** Of data with gaps the gaps only. */
function place(into: Float64Array | Int32Array | undefined, mask: Float64Array | Int32Array | undefined, values: ArrayLike<number>): void {
  if (into === undefined) return;
  for (let i = 0; i < into.length; i++) if (mask === undefined || mask[i] !== 0) into[i] = values[i]!;
}

interface StatementCode {
  readonly statement: Observe;
  readonly width: number;
  readonly discrete: boolean;
  /** Storages: the observed values, whether they are there, the replicates. */
  readonly values: string;
  readonly exists: string;
  readonly replicates: string;
  readonly observe: readonly Code[];
  readonly draw: readonly Code[];
}

function replicateCode(builder: ProgramBuilder, s: Observe): StatementCode {
  const binders = s.plates.map((p) => builder.bindBinder({ index: p.index, from: p.from, to: p.to }));
  const guards = s.guards.map((g) => builder.bind(g)).filter((g) => !isConst(g, 1));
  const boxes = binders.map(({ from, to }) => ({ low: builder.interval(from)?.low, high: builder.interval(to)?.high }));
  const law = mapLaw(s.law, (e) => builder.bind(e));
  const event = eventDimsOf(law).map((d) => builder.bind(d));
  const shape = boxes.map(({ low, high }) => (low === undefined || high === undefined ? Number.NaN : Math.max(0, high - low)));
  const dims = event.map((d) => (isConst(d) ? d.value : Number.NaN));
  const cells = [...shape, ...dims].reduce((product, n) => product * n, 1);
  if (!(cells <= mostCells)) throw refusal('the number of observations is not known before they are made');
  const whole = [...shape, ...dims];
  const values = builder.fresh('observed', whole, 'state'),
    exists = builder.fresh('exists', whole, 'state', 'int32'),
    replicates = builder.fresh('replicate', whole, 'state');
  const cell = binders.map(({ index: i }, axis) => sub(i, num(boxes[axis]!.low!)));
  const elements = event.map((_, d) => index(`e${d}`));
  const value = builder.bind(substitute(s.value.body, new Map(s.value.indices.map((i, d): [typeof i, Expr] => [i, elements[d]!]))));
  const partial = s.target !== null && builder.model.statusOf(s.target.variable) === 'partial';
  const there = partial ? sub(one, ref(maskOf(s.target.variable), [...s.target.at.map((e) => builder.bind(e)), ...elements])) : one;
  const inside = elements.reduceRight<readonly Code[]>(
    (body, i, d) => [forLoop(i, zero, event[d]!, body)],
    [store(values, [...cell, ...elements], value), store(exists, [...cell, ...elements], there)],
  );
  return {
    statement: s,
    width: dims.reduce((product, n) => product * n, 1),
    discrete: isDiscrete(law),
    values,
    exists,
    replicates,
    observe: loops(binders, guards, inside),
    draw: loops(binders, guards, drawLaw(builder, law, { storage: replicates, at: [...cell, ...event.map(() => zero)] }, event.length)),
  };
}

/** Observations that exist, those of one name together. */
function joined(
  statements: readonly StatementCode[],
  memory: ReadonlyMap<string, Float64Array | Int32Array>,
  nameOf: (s: Observe) => string,
): readonly ReplicatedData[] {
  const groups = new Map<string, StatementCode[]>();
  for (const code of statements) {
    const key = `${nameOf(code.statement)} ${code.width}`,
      list = groups.get(key);
    if (list === undefined) groups.set(key, [code]);
    else list.push(code);
  }
  return [...groups.values()].map((codes): ReplicatedData => {
    const [{ statement, width, discrete }] = codes as [StatementCode];
    const cells = codes.map(({ exists }) => cellsOf(memory.get(exists)!, width));
    const gather = (pick: (code: StatementCode) => string): Float64Array => {
      const out = new Float64Array(cells.reduce((sum, { length }) => sum + length, 0));
      let to = 0;
      codes.forEach((code, k) => {
        const from = memory.get(pick(code))!;
        for (const cell of cells[k]!) out[to++] = cell < 0 ? Number.NaN : from[cell]!;
      });
      return out;
    };
    return {
      name: nameOf(statement),
      discrete,
      width,
      observed: gather(({ values }) => values),
      replicated: () => gather(({ replicates }) => replicates),
    };
  });
}

/** The cells of the rows of which at least one number is there, row by row; -1 for a number that is missing. */
function cellsOf(exists: ArrayLike<number>, width: number): Int32Array {
  const out = new Int32Array(exists.length);
  let to = 0;
  for (let row = 0; row < exists.length; row += width) {
    let some = false;
    for (let c = 0; c < width; c++) {
      out[to + c] = exists[row + c] === 0 ? -1 : row + c;
      some ||= exists[row + c] !== 0;
    }
    if (some) to += width;
  }
  return out.slice(0, to);
}

function refusal(message: string): ModelError {
  const diagnostic: Diagnostic = { code: 'cannot-replicate', severity: 'error', message };
  return new ModelError([diagnostic], message);
}
