/**
 * A program run forwards from draws of a posterior: unknowns that the run knows get their values, the rest is
 * drawn from its laws in an order the graph allows, observations that are not given included.
 */
import { ref, zero } from '../expr/expr.js';
import type { Diagnostic } from '../errors/diagnostic.js';
import { createRandom } from '../random/generator.js';
import type { BoundModel } from '../2-graph/bound.js';
import { loadModule } from './loadedModule.js';
import { ancestralCode } from './ancestral.js';
import type { Continued } from './newData.js';
import type { DrawValues } from './posterior.js';
import { ProgramBuilder } from './programBuilder.js';
import { generation } from './simulate.js';

/** Values of an unknown by draw. */
export interface PosteriorDraws {
  /** Elements of a draw. */
  readonly size: number;
  /** The values of a draw, by its number; good until the next one is asked for. */
  at(number: number): DrawValues;
}

export interface PredictiveProgram {
  readonly notes: readonly Diagnostic[];
  /** Draws everything once, at a draw of the posterior. */
  draw(number: number): void;
  /** Values of a variable after `draw`. */
  memory(name: string): Float64Array | Int32Array;
}

/**
 * @param continued unknowns of which the run has elements.
 * @param draws their draws in the run; those without draws here are left alone.
 * @throws ModelError where something cannot be drawn: `generation`.
 */
export function predictiveProgram(
  bound: BoundModel,
  continued: ReadonlyMap<string, Continued>,
  draws: ReadonlyMap<string, PosteriorDraws>,
  seed: string,
): PredictiveProgram {
  const builder = new ProgramBuilder(bound),
    { model } = builder;
  const whole = new Set([...continued].flatMap(([name, { fresh }]) => (fresh === null ? [name] : [])));
  const { notes, wanted } = generation(builder, whole);
  const masks = new Map<string, string>();
  for (const [name, { fresh }] of continued) {
    if (fresh === null) continue;
    const shape = bound.variables.get(name)!.shape,
      mask = builder.fresh('fresh', shape, 'data', 'int32', 2);
    builder.setInitial(mask, fresh);
    masks.set(name, mask);
  }
  builder.entry(
    'predict',
    ancestralCode(builder, {
      generate: 'everything',
      wanted: (s) => (s.kind === 'let' ? model.statusOf(s.target.variable) !== 'given' : wanted(s)),
      only: (s, place) => {
        if (s.kind === 'factor' || s.kind === 'let' || s.target === null) return null;
        const mask = masks.get(s.target.variable);
        if (mask === undefined) return null;
        // A joint draw is new as a whole: its first element tells.
        return ref(
          mask,
          builder.storage(mask).shape.map((_, axis) => {
            const e = s.target!.at[axis];
            return e === undefined ? zero : place(e);
          }),
        );
      },
    }),
  );
  const { functions, memory } = loadModule(builder, createRandom(seed, 'predict'));
  const sources = [...draws].flatMap(([name, of]) => {
    const target = memory.get(name),
      places = continued.get(name)?.places;
    return target === undefined || places === undefined ? [] : [{ target, places, of }];
  });
  return {
    notes,
    draw(number) {
      for (const { target, places, of } of sources) {
        const values = of.at(number);
        if (places === null) target.set(values);
        else for (let k = 0; k < of.size; k++) if (places[k]! >= 0) target[places[k]!] = values[k]!;
      }
      functions['predict']!();
    },
    memory: (name) => memory.get(name) ?? new Float64Array(bound.variables.get(name)?.values ?? []),
  };
}
