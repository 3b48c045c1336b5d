/** The data file of a run: what it holds binds to the same numbers again, gaps, sizes and empty arrays included. */
import { describe, expect, it } from 'vitest';
import type { BoundModel } from '../../src/2-graph/bound.js';
import { dataJson } from '../../src/5-report/dataFile.js';
import { parseDataJson } from '../../src/input/json.js';
import { boundModel } from '../compiled.js';

function bound(program: string, data: Iterable<readonly [string, unknown]>): BoundModel {
  return boundModel(program, new Map(data));
}
const written = (model: BoundModel): string => [...dataJson(model)].join('');

/** Every array of a bound model with its shape and gaps. */
function numbersOf(model: BoundModel): unknown {
  return [...model.variables.values()]
    .filter(({ status }) => status === 'given' || status === 'partial')
    .map(({ name, shape, values, mask }) => [name, shape, [...values], mask === undefined ? null : [...mask]]);
}

describe('data.json', () => {
  it.each([
    [
      'scalars and arrays',
      'data x: real[N, D]  data k: int  data b: bool  sample m ~ Normal(x[0, 0] + k, b ? 1 : 2)',
      {
        x: [
          [1.5, -2e-7],
          [3, 1e21],
          [0, 5],
        ],
        k: 3,
        b: true,
      },
      '{\n  "x": [[1.5,-2e-7],[3,1e+21],[0,5]],\n  "k": 3,\n  "b": 1\n}\n',
    ],
    [
      'gaps',
      'data y: real[N]  sample m ~ Normal(0, 1)  for n in 0..<N { observe y[n] ~ Normal(m, 1) }',
      { y: [1, null, 3] },
      '{\n  "y": [1,null,3]\n}\n',
    ],
    [
      'sizes that no data shows',
      'data y: real[N]  for n in 0..<N { sample y2[n] ~ Normal(0, 1) }  for j in 0..<J { sample a[j] ~ Normal(0, 1) }  data g: int[N, J]',
      { y: [], g: [], J: 2 },
      '{\n  "J": 2,\n  "y": [],\n  "g": []\n}\n',
    ],
    ['values of sampled variables', 'sample m ~ Normal(0, 1)  sample s ~ Normal(m, 1)', { m: 0.5 }, '{\n  "m": 0.5\n}\n'],
    [
      'unknowns that are given in part',
      'data J: int  for j in 0..<J { sample b[j] ~ Normal(0, 1) }  param p: real[2]  sample y ~ Normal(b[0] + b[1] + p[0] + p[1], 1)',
      { J: 2, b: [5, null], p: [null, 3] },
      '{\n  "J": 2,\n  "b": [5,null],\n  "p": [null,3]\n}\n',
    ],
    ['nothing', 'sample m ~ Normal(0, 1)', {}, '{}\n'],
  ])('holds %s', (_, program, data, text) => {
    const model = bound(program, Object.entries(data));
    expect(written(model)).toBe(text);
    expect(numbersOf(bound(program, parseDataJson(text)))).toEqual(numbersOf(model));
  });

  it('is written in pieces, whatever the length of a row', () => {
    const x = Array.from({ length: 10_000 }, (_, i) => i / 7);
    const model = bound('data x: real[N]  sample m ~ Normal(x[0], 1)', [['x', x]]);
    expect(Math.max(...[...dataJson(model)].map((piece) => piece.length))).toBeLessThan(100_000);
    expect((JSON.parse(written(model)) as { x: readonly number[] }).x).toEqual(x);
  });
});
