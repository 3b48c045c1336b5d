/** Whether the direction of a map with coefficients is certain, by what types, families and definitions say of them. */
import { describe, expect, it } from 'vitest';
import { noDensityReason } from '../../src/distributions/law/form.js';
import { graphOf } from './programs.js';

function reasonOf(declarations: string, map: string): string | null {
  const graph = graphOf(`${declarations}\ndata y_: real\nobserve y_ ~ pushforward(t => ${map}, Normal(0, 1))`);
  const statement = graph.statements.find((s) => s.kind === 'observe')!;
  if (statement.kind !== 'observe') throw new Error('no law');
  return noDensityReason(statement.law);
}

describe('maps whose direction depends on coefficients', () => {
  it.each([
    ['param a: positive', 't + a * tanh(t)'],
    ['param a: positive param b: positive param c: real', 't + a * tanh(b * t + c)'],
    ['data a: unit', 't + a * sin(t)'],
    ['data a: interval(-0.5, 0.9)', 't + a * sin(t)'],
    ['sample a ~ HalfNormal(1)', 't + a * t^3'],
    ['sample w ~ Dirichlet([1, 1])', 't + w[0] * sin(t) + w[1] * atan(t)'],
    ['param c: real let a = exp(c)', 't + a * tanh(t)'],
    ['let a = [0.5, 0.25]', 't + a[0] * sin(t) + a[1] * cos(t)'],
  ])('%s: %s has a density', (declarations, map) => {
    expect(reasonOf(declarations, map)).toBe(null);
  });

  it.each([
    ['param a: real', 't + a * tanh(t)'],
    ['sample a ~ Normal(0, 1)', 't + exp(a * t)'],
    ['data a: interval(-1.5, 0)', 't + a * sin(t)'],
    ['param c: real let a = c^3', 't + a * tanh(t)'],
  ])('%s: %s has none', (declarations, map) => {
    expect(reasonOf(declarations, map)).toMatch(/it is not certain where it rises and falls/);
  });
});
