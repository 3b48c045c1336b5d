/**
 * Are values drawn before they are read? Observed data may read each other in any way as long as they are given; where
 * they are drawn, the order of statements does not always tell (a lag that is data goes back, `y[n + 1]` does not). Found element by
 * element, in the order in which a simulation draws: each element to be drawn has a number until it is.
 */
import type { BoundModel } from '../2-graph/bound.js';
import type { Statement } from '../2-graph/graph.js';
import { type Code, forLoop, store, when } from '../code/loop.js';
import { apply, type Expr, index, num, ref, zero } from '../expr/expr.js';
import { createRandom } from '../random/generator.js';
import { namesIn } from './affected.js';
import { ancestralCode } from './ancestral.js';
import { type ElementOf, numberElements, reachedBy, Reads } from './elementReads.js';
import { loadModule } from './loadedModule.js';
import { ProgramBuilder } from './programBuilder.js';

/**
 * The first statement that draws by values that are not drawn yet; null for none.
 * @param names of the data in question.
 * @param wanted the statements that draw.
 */
export function readBeforeDrawn(
  bound: BoundModel,
  names: ReadonlySet<string>,
  wanted: (s: Statement) => boolean,
): ({ readonly statement: Statement } & ElementOf) | null {
  const builder = new ProgramBuilder(bound),
    open = new Map([...names].map((name) => [name, openElements(bound, name)])),
    { numbers, elementOf } = numberElements(builder, reachedBy(bound, open), open);
  const reads = new Reads(builder, numbers),
    checked = bound.graph.statements.filter((s) => wanted(s) && s.kind !== 'let' && namesIn(s).some((name) => numbers.has(name))),
    found = builder.fresh('found', [2], 'state'),
    unknown = builder.fresh('unknown', [], 'local');
  const check = (s: Statement, value: Expr): readonly Code[] => [
    when(apply('eq', ref(found, [zero]), zero), [
      store(unknown, [], value),
      when(apply('gt', ref(unknown), zero), [
        store(found, [zero], ref(unknown)),
        store(found, [num(1)], num(bound.graph.statements.indexOf(s))),
      ]),
    ]),
  ];
  const element = (s: Statement, place: (e: Expr) => Expr): readonly Code[] => {
    if (s.kind === 'let') return [store(numbers.get(s.target.variable)!, s.target.at.map(place), place(reads.of(s.value)))];
    if ((s.kind !== 'sample' && s.kind !== 'observe') || s.target === null) return [];
    const isChecked = checked.includes(s),
      // Bounds of `censored` are read once there is a draw to be clamped.
      [law, bounds] = s.law.kind === 'censored' ? [s.law.base, [s.law.low, s.law.high]] : [s.law, []];
    return [
      ...(isChecked ? check(s, place(reads.ofLaw(law))) : []),
      ...drawn(builder, numbers.get(s.target.variable), s.target.at.map(place)),
      ...(isChecked ? bounds.flatMap((e) => check(s, place(reads.of(e)))) : []),
    ];
  };
  builder.entry(
    'search',
    ancestralCode(builder, {
      generate: 'everything',
      wanted: (s) => (s.kind === 'let' ? numbers.has(s.target.variable) : wanted(s)),
      element,
    }),
  );
  const { functions, memory } = loadModule(builder, createRandom('search', 'search'));
  functions['search']!();
  const [number, statement] = memory.get(found)!;
  return number === 0 ? null : { statement: bound.graph.statements[statement!]!, ...elementOf(number!) };
}

/** 1 for what has no value yet. */
function openElements(bound: BoundModel, name: string): Uint8Array {
  const { status, values, mask, absent } = bound.variables.get(name)!;
  return Uint8Array.from({ length: values.length }, (_, k) =>
    absent?.[k] !== 1 && (status === 'latent' || (status === 'partial' && mask?.[k] === 1)) ? 1 : 0,
  );
}

/** The element, a joint draw as a whole, has a value from here on. */
function drawn(builder: ProgramBuilder, storage: string | undefined, at: readonly Expr[]): readonly Code[] {
  if (storage === undefined) return [];
  const event = builder.storage(storage).shape.slice(at.length),
    cell = event.map((_, d) => index(`e${d}`));
  return cell.reduceRight<readonly Code[]>(
    (inner, i, d) => [forLoop(i, zero, num(event[d]!), inner)],
    [store(storage, [...at, ...cell], zero)],
  );
}
