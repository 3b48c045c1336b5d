/**
 * Large programs (`largeShapes.ts`) through everything, by one backend a case. Whatever their size a step ends within the limit, with a
 * result or with a refusal: what takes long has to be foreseen. A case is made smaller by its size.
 */
import { backends } from '../../src/4-infer/registry.js';
import type { Case, Subject } from './cases.js';
import { Dice } from './dice.js';
import { largest, shapes } from './largeShapes.js';
import { programSteps } from './programSteps.js';

/** @param most the largest size. */
export function largeSubject(most: number = largest): Subject {
  return {
    name: 'large',
    seconds: 60,
    make(seed: string, number: number): Case {
      const dice = new Dice(seed, `large ${number}`);
      return largeCase(dice.of([...shapes.keys()]), 1 + dice.below(most), `${seed} ${number}`, dice.of([...backends.keys()]));
    },
  };
}

/** A program of a shape and a size; what else is chosen follows from the seed, whatever the size. */
function largeCase(shape: string, size: number, seed: string, backend: string): Case {
  const { source, data } = shapes.get(shape)!(size, new Dice(seed, shape));
  return {
    shown: `${shape} of size ${size}, backend ${backend}, data ${abridged(JSON.stringify(data))}\n${abridged(source)}`,
    steps: () => programSteps(source, data, { backend, format: 'dot', runs: true, evaluates: true }),
    *smaller(): Iterable<Case> {
      for (const less of new Set([1, size >> 1, size - 1])) if (less >= 1 && less < size) yield largeCase(shape, less, seed, backend);
    },
  };
}

/** Characters of a program or of data that are shown; the number of the case gives all of them. */
const mostShown = 600;
function abridged(text: string): string {
  return text.length <= mostShown ? text : `${text.slice(0, mostShown)} ... (${text.length} characters)`;
}
