/**
 * What is known and tells of what would be drawn: the law of a known element (one of the run, a value of the new
 * data, an observation of the run) reads an element that is drawn anew. Drawn in order, from its own law, that one
 * would pass the known element over: what was to be conditioned on would be ignored without a word.
 *
 * Found element by element, in one pass over the instances of the statements concerned: `y[t] ~ Normal(y[t - 1], 1)`
 * with a gap at the end reads nothing that is drawn, with a gap before a value it does.
 */
import type { BoundModel, BoundVariable } from '../2-graph/bound.js';
import type { Statement } from '../2-graph/graph.js';
import { targetOf } from '../2-graph/query.js';
import { type Code, store, when } from '../code/loop.js';
import { add, apply, type Expr, isConst, mul, num, one, ref, zero } from '../expr/expr.js';
import { createRandom } from '../random/generator.js';
import { namesIn, sizesIn } from './affected.js';
import { ancestralCode } from './ancestral.js';
import { either, type ElementOf, type Elements, numberElements, reachedBy, Reads } from './elementReads.js';
import { loadModule } from './loadedModule.js';
import { type Continued, placesIn } from './newData.js';
import { ProgramBuilder } from './programBuilder.js';

export interface IgnoredEvidence {
  /** Whose law it is. */
  readonly statement: Statement;
  /** What would be passed over; null for an observed expression. */
  readonly known: ElementOf | null;
  /** How it is known: by the new data, as a draw of the run, or as an observation of the run that is predicted now. */
  readonly as: 'given' | 'run' | 'observed';
  /** What would be drawn without regard to it. */
  readonly unknown: ElementOf;
}

/** The same of the variable of that name, made when it is asked for; null for none. */
type Known = (name: string) => Uint8Array | null;

/**
 * The first such element of each variable, in the order of the program.
 * @param renewed sizes of which all indices are new.
 */
export function ignoredEvidence(
  before: BoundModel,
  bound: BoundModel,
  continued: ReadonlyMap<string, Continued>,
  renewed: ReadonlySet<string>,
): readonly IgnoredEvidence[] {
  const fresh = freshElements(bound, continued),
    observed = observedBefore(before, bound, renewed);
  const known =
    (isOfTheRun: boolean): Known =>
    (name) => {
      const variable = bound.variables.get(name)!,
        open = fresh.get(name);
      return variable.values.length > 0
        ? flagged(variable.values.length, (k) => open?.[k] !== 1 && isDrawn(variable, k) === isOfTheRun)
        : null;
    };
  // The run's draws and the run's observations have been learnt from together. An observation that is predicted again says nothing
  // new of either, whatever reads it; elements that the run lacked would have been learnt of.
  const lacking = new Map(
    [...fresh].map(([name, flags]) => [name, flagged(flags.length, (k) => flags[k] === 1 && observed.get(name)?.[k] !== 1)]),
  );
  const grown = new Map([...lacking].filter(([name]) => continued.has(name)));
  const as = (kind: IgnoredEvidence['as'], found: readonly Found[]): readonly IgnoredEvidence[] =>
    found.map((one) => ({ ...one, as: kind }));
  const said = new Set<string>();
  const all = [
    ...as('given', search(bound, fresh, known(false), true)),
    ...as('run', search(bound, lacking, known(true), false)),
    ...as(
      'observed',
      search(bound, grown, (name) => observed.get(name) ?? null, false),
    ),
  ];
  return all.filter(({ known }) => {
    if (known === null) return true;
    if (said.has(known.variable)) return false;
    said.add(known.variable);
    return true;
  });
}

function flagged(length: number, test: (k: number) => boolean): Uint8Array {
  const flags = new Uint8Array(length);
  for (let k = 0; k < length; k++) if (test(k)) flags[k] = 1;
  return flags;
}

function isDrawn({ status, mask }: BoundVariable, element: number): boolean {
  return status === 'latent' || (status === 'partial' && mask?.[element] === 1);
}

/** What is drawn anew: new elements of unknowns, gaps of data, data left out. What a `let` defines is none. */
function freshElements(bound: BoundModel, continued: ReadonlyMap<string, Continued>): Elements {
  const fresh = new Map<string, Uint8Array>();
  for (const { name, origin } of bound.graph.variables.values()) {
    const { status, values, mask, absent, computed } = bound.variables.get(name)!,
      kept = continued.get(name);
    if (!['sample', 'param', 'data'].includes(origin) || (status !== 'latent' && status !== 'partial') || kept?.fresh === null) continue;
    const isOpen = (k: number): boolean =>
      kept === undefined ? (status === 'latent' || mask?.[k] === 1) && absent?.[k] !== 1 && computed?.[k] !== 1 : kept.fresh?.[k] === 1;
    fresh.set(name, flagged(values.length, isOpen));
  }
  return fresh;
}

/** Of data that are predicted: the elements that the run observed, where they mean what they meant. */
function observedBefore(before: BoundModel, bound: BoundModel, renewed: ReadonlySet<string>): Elements {
  const observed = new Map<string, Uint8Array>();
  for (const { name, origin, dims } of bound.graph.variables.values()) {
    const now = bound.variables.get(name)!,
      old = before.variables.get(name);
    if (origin !== 'data' || old === undefined || (old.status !== 'given' && old.status !== 'partial') || now.status === 'given') continue;
    if (dims.flatMap(sizesIn).some((size) => renewed.has(size))) continue;
    const places = placesIn(old.shape, now.shape),
      flags = new Uint8Array(now.values.length);
    for (let k = 0; k < old.values.length; k++) {
      const there = places?.[k] ?? k;
      if (there >= 0 && old.mask?.[k] !== 1 && old.absent?.[k] !== 1 && isDrawn(now, there)) flags[there] = 1;
    }
    observed.set(name, flags);
  }
  return observed;
}

// --- search ------------------------------------------------------------------------------------

type Found = Pick<IgnoredEvidence, 'statement' | 'known' | 'unknown'>;

/**
 * For each statement its first instance with a known element whose law reads a fresh one.
 * @param expressions whether observed expressions count: as known, with all that they read.
 */
function search(bound: BoundModel, fresh: Elements, known: Known, expressions: boolean): readonly Found[] {
  const reached = reachedBy(bound, fresh),
    flagsOf = new Map<string, Uint8Array | null>();
  const checked = bound.graph.statements.filter((s) => {
    if ((s.kind !== 'sample' && s.kind !== 'observe') || !namesIn(s).some((name) => reached.has(name))) return false;
    if (s.target === null) return expressions;
    const name = s.target.variable;
    if (!flagsOf.has(name)) flagsOf.set(name, known(name));
    return flagsOf.get(name)?.includes(1) === true;
  });
  if (checked.length === 0) return [];

  const builder = new ProgramBuilder(bound),
    { numbers, elementOf } = numberElements(builder, readBy(bound, checked, reached), fresh);
  const reads = new Reads(builder, numbers),
    found = builder.fresh('found', [checked.length, 2], 'state'),
    unknown = builder.fresh('unknown', [], 'local');
  const knownOf = new Map<string, string>();
  for (const [name, flags] of flagsOf) {
    // All known: no flags are needed.
    if (flags?.includes(0) !== true) continue;
    const storage = builder.fresh('known', bound.variables.get(name)!.shape, 'data', 'int32', 2);
    builder.setInitial(storage, Int32Array.from(flags));
    knownOf.set(name, storage);
  }
  const elementCode = (s: Statement, place: (e: Expr) => Expr): readonly Code[] => {
    if (s.kind === 'let') return [store(numbers.get(s.target.variable)!, s.target.at.map(place), place(reads.of(s.value)))];
    if (s.kind !== 'sample' && s.kind !== 'observe') return [];
    const row = num(checked.indexOf(s)),
      value = place(either([reads.ofLaw(s.law), s.kind === 'observe' && s.target === null ? reads.ofArray(s.value) : zero]));
    if (isConst(value, 0)) return [];
    const shape = s.target === null ? [] : bound.variables.get(s.target.variable)!.shape,
      flags = s.target === null ? undefined : knownOf.get(s.target.variable);
    // A joint draw is known as a whole: its first element tells.
    const element = shape.map((_, axis) => place(s.target?.at[axis] ?? zero)),
      position = shape.reduce<Expr>((flat, length, axis) => add(mul(flat, num(length)), element[axis]!), zero);
    const isFirst = apply('eq', ref(found, [row, zero]), zero);
    return [
      when(flags === undefined ? isFirst : apply('and', ref(flags, element), isFirst), [
        store(unknown, [], value),
        when(apply('gt', ref(unknown), zero), [store(found, [row, zero], ref(unknown)), store(found, [row, one], builder.bind(position))]),
      ]),
    ];
  };
  builder.entry(
    'search',
    ancestralCode(builder, {
      generate: 'everything',
      wanted: (s) => (s.kind === 'let' ? numbers.has(s.target.variable) : checked.includes(s)),
      element: elementCode,
    }),
  );
  const { functions, memory } = loadModule(builder, createRandom('search', 'search'));
  functions['search']!();
  const results = memory.get(found)!;
  return checked.flatMap((statement, k) => {
    const number = results[2 * k]!;
    if (number === 0) return [];
    const target = targetOf(statement);
    return [
      {
        statement,
        known: target === null ? null : { variable: target.variable, element: results[2 * k + 1]! },
        unknown: elementOf(number),
      },
    ];
  });
}

/** Those of the reached variables that statements read, directly or through definitions. */
function readBy({ graph }: BoundModel, statements: readonly Statement[], reached: ReadonlySet<string>): ReadonlySet<string> {
  const reads = new Map<string, Set<string>>();
  for (const s of graph.statements)
    if (s.kind === 'let') reads.set(s.target.variable, new Set([...(reads.get(s.target.variable) ?? []), ...namesIn(s)]));
  const names = new Set(statements.flatMap(namesIn).filter((name) => reached.has(name)));
  for (const name of names) for (const other of reads.get(name) ?? []) if (reached.has(other)) names.add(other);
  return names;
}
