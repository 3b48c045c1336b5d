/** Probabilities of a finite state along an index, one on top of the other. */
import * as Plot from '@observablehq/plot';
import { type Chart, chart } from '../drawing.js';
import { evenly } from '../statistics.js';
import { mostBandElements } from './band.js';
import { componentColour } from './components.js';

/** @param probabilities [elements, states]. */
export function probabilitiesChart(
  name: string,
  index: string,
  probabilities: ArrayLike<number>,
  states: number,
  width: number,
  height: number,
): Chart {
  const at = evenly(probabilities.length / states, mostBandElements);
  const below = (i: number, state: number): number =>
    Array.from({ length: state }, (_, k) => probabilities[i * states + k]!).reduce((a, b) => a + b, 0);
  return chart('', {
    width,
    height,
    marginLeft: 56,
    x: { label: index },
    y: { label: `probability of ${name}`, domain: [0, 1], ticks: 3 },
    marks: Array.from({ length: states }, (_, state) =>
      Plot.areaY(at, {
        x: (i: number) => i,
        y1: (i: number) => below(i, state),
        y2: (i: number) => below(i, state + 1),
        fill: componentColour(state),
        fillOpacity: 0.75,
        curve: 'step',
      }),
    ),
  });
}
