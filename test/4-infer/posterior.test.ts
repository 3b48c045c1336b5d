import { describe, expect, it } from 'vitest';
import { isOfChains, keptDraws, type VariableResult } from '../../src/4-infer/posterior.js';

const values = Float64Array.of(1, 2, 3, 4);
const closed = (draws: { readonly count: number; readonly values: Float64Array } | null): VariableResult['result'] => ({
  form: 'closed',
  mean: values,
  sd: null,
  mcse: null,
  quantiles: null,
  probabilities: null,
  draws,
});
const drawn = (independent: boolean): VariableResult['result'] => ({
  form: 'draws',
  chains: 2,
  chainNumbers: [0, 3],
  draws: 2,
  values,
  independent,
});
const moments: VariableResult['result'] = {
  form: 'moments',
  chains: 2,
  draws: 50,
  mean: values,
  variance: values,
  mcse: values,
  rhat: values,
  probabilities: null,
};

describe('the kept draws of a variable', () => {
  it('are those of its chains, with their numbers', () => {
    expect(keptDraws({ result: drawn(false) })).toMatchObject({ chains: 2, chainNumbers: [0, 3], draws: 2, values, independent: false });
  });
  it('of a closed form are one chain of independent draws, where there are any', () => {
    expect(keptDraws({ result: closed({ count: 4, values }) })).toEqual({ chains: 1, draws: 4, values, independent: true });
    expect(keptDraws({ result: closed(null) })).toBeNull();
  });
  it('are none where only moments were kept', () => {
    expect(keptDraws({ result: moments })).toBeNull();
  });
});

it('R-hat has something to say of chains and their moments, not of independent draws and closed forms', () => {
  expect([drawn(false), moments, drawn(true), closed({ count: 4, values })].map(isOfChains)).toEqual([true, true, false, false]);
});
