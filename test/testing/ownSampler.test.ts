/** The test file of docs/testing.md, run: a sampler of a user's own, right and with a planted error. matchers.test.ts compares the two. */
import { expect, test } from 'vitest';
import { type CredenceAssertions, credenceMatchers, geweke, type Quantities, type Random, rank, sbc } from '../../src/testing-api.js';

declare module 'vitest' {
  interface Matchers<T> extends CredenceAssertions<T> {}
}
expect.extend(credenceMatchers);

// y ~ Normal(0, s), s ~ Exponential(1), by a Metropolis walk on log(s); the error to find is to forget that d s / d log(s) = s.
interface State {
  readonly s: number;
  readonly y: number;
}
const replicate = ({ s }: State, random: Random): State => ({ s, y: s * random.normal() });
const draw = (random: Random): State => replicate({ s: random.exponential(), y: 0 }, random);
const logDensity = ({ s, y }: State): number => -s - Math.log(s) - 0.5 * (y / s) ** 2;
const quantities = (state: State): Quantities => ({ s: state.s, 'log density': logDensity(state) });
const walk =
  (jacobian: number) =>
  (state: State, random: Random): State => {
    const next = { ...state, s: state.s * Math.exp(random.normal()) };
    const gain = logDensity(next) - logDensity(state) + jacobian * Math.log(next.s / state.s);
    return Math.log(random.uniformPositive()) < gain ? next : state;
  };
const posterior =
  (transition: ReturnType<typeof walk>) =>
  (y: number, count: number, random: Random): Quantities[] => {
    let state: State = { s: 1, y };
    const kept: Quantities[] = [];
    for (let k = 1; k <= 20 + 5 * count; k++) {
      state = transition(state, random);
      if (k > 20 && k % 5 === 0) kept.push(quantities(state));
    }
    return kept;
  };
const simulate = (random: Random): { truth: Quantities; data: number } => {
  const state = draw(random);
  return { truth: quantities(state), data: state.y };
};

test('the walk is right', async () => {
  expect(await rank({ draw, forward: walk(1), quantities })).toPassCheck();
  expect(await geweke({ draw, replicate, transition: walk(1), quantities })).toPassCheck();
  expect(await sbc({ simulate, posterior: posterior(walk(1)) })).toPassCheck();
});

test('the tests would notice if its Jacobian were missing', async () => {
  expect(await rank({ draw, forward: walk(0), quantities })).not.toPassCheck();
  expect(await geweke({ draw, replicate, transition: walk(0), quantities })).not.toPassCheck();
  expect(await sbc({ simulate, posterior: posterior(walk(0)) })).not.toPassCheck();
});
