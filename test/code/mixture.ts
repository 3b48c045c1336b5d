/** The sweep of a Gaussian mixture with known covariance, written in loop code by hand. */
import { add, apply, div, index, log, mul, neg, num, ref, square, sub, sumOver, zero } from '../../src/expr/expr.js';
import type { Expr } from '../../src/expr/expr.js';
import { accumulate, forLoop, store } from '../../src/code/loop.js';
import type { Module } from '../../src/code/loop.js';

/** Draws z[n], counts components and sums their data; `lengths` are N points of D numbers and K components. */
export function mixtureSweep(N: number, K: number, D: number): Module {
  const n = index('n'),
    k = index('k'),
    d = index('d');
  const z: Expr = ref('z', [n]);
  const distance = (kk: Expr): Expr => sumOver(num(D), (j) => square(sub(ref('x', [n, j]), ref('mu', [kk, j]))));
  return {
    storages: [
      { name: 'x', type: 'float64', shape: [N, D], place: 'data' },
      { name: 'variance', type: 'float64', shape: [], place: 'data' },
      { name: 'pi', type: 'float64', shape: [K], place: 'state' },
      { name: 'mu', type: 'float64', shape: [K, D], place: 'state' },
      { name: 'z', type: 'int32', shape: [N], place: 'state', range: K },
      { name: 'counts', type: 'float64', shape: [K], place: 'scratch' },
      { name: 'sums', type: 'float64', shape: [K, D], place: 'scratch' },
      { name: 'value', type: 'float64', shape: [], place: 'local' },
    ],
    functions: [
      {
        name: 'sweep',
        parameters: [],
        body: [
          { do: 'fill', storage: 'counts', value: zero },
          { do: 'fill', storage: 'sums', value: zero },
          forLoop(n, zero, num(N), [
            {
              do: 'categorical',
              index: k,
              count: num(K),
              into: { storage: 'z', at: [n] },
              logWeight: add(log(ref('pi', [k])), neg(div(distance(k), mul(num(2), ref('variance'))))),
            },
            accumulate('counts', [z], num(1)),
            forLoop(d, zero, num(D), [accumulate('sums', [z, d], ref('x', [n, d]))]),
          ]),
        ],
      },
      {
        name: 'logJoint',
        parameters: [],
        body: [
          store('value', [], zero),
          forLoop(n, zero, num(N), [
            accumulate(
              'value',
              [],
              add(
                log(ref('pi', [z])),
                sub(
                  neg(div(distance(z), mul(num(2), ref('variance')))),
                  mul(num(D / 2), log(apply('mul', num(2 * Math.PI), ref('variance')))),
                ),
              ),
            ),
          ]),
          { do: 'return', value: ref('value') },
        ],
      },
    ],
  };
}
