/** What backends say of themselves, which checks and reports read in place of names. */
import { expect, it } from 'vitest';
import { backends, kindOfResults } from '../../src/4-infer/registry.js';
import { graphOf } from '../compiled.js';

it('names the unknowns that are estimated by backends that give estimates, and by no other', () => {
  for (const { name, gives, estimated } of backends.values()) expect(estimated !== undefined, name).toBe(gives === 'estimates');
});

it('tells the unknowns that a point backend maximises from those that it sums or integrates out', () => {
  const graph = graphOf('param a: real sample b ~ Normal(a, 1) sample k ~ Bernoulli(0.5) data y: real observe y ~ Normal(b + k, 1)');
  const estimated = (backend: string, options: Readonly<Record<string, string>> = {}): readonly string[] =>
    [...backends.get(backend)!.estimated!(graph, options)].sort();
  expect(estimated('em')).toEqual(['a']);
  expect(estimated('em', { maximize: 'b' })).toEqual(['a', 'b']);
  expect(estimated('map')).toEqual(['a', 'b']);
  expect(estimated('map', { marginal: 'b' })).toEqual(['a']);
});

it('takes draws of other programs for draws of a posterior', () => {
  expect(kindOfResults('stan')).toBe('posterior');
});
