/** Tests that cannot both hold take a factor out of a conditional; tests of different things do not, whatever numbers they ask for. */
import { expect, it } from 'vitest';
import { compile } from '../../src/model.js';

it('factors under a test of another variable for another number stay in the conditional', async () => {
  const model = compile(`data y: real[N]
data k: int[N]
data j: int[N]
for n in 0..<N {
  if k[n] == 0 {
    sample m[n] ~ Normal(0, 1)
    if j[n] == 1 { observe y[n] ~ Normal(m[n], 1) } else if j[n] == 2 { observe y[n] ~ Normal(m[n], 0.5) }
  } else { sample m[n] ~ Normal(7, 1) }
}`);
  const { variables } = (await model.infer({ y: [3, 3, 3, 3], k: [0, 0, 0, 1], j: [1, 2, 0, 1] }, { backend: 'exact' })).summary();
  // A Normal prior of precision 1 with no datum, or one of precision 1 or 4: means 3 * 1/2, 3 * 4/5, 0; and the other branch's 7.
  for (const [name, mean] of [
    ['m[0]', 1.5],
    ['m[1]', 2.4],
    ['m[2]', 0],
    ['m[3]', 7],
  ] as const)
    expect(variables[name]!.mean, name).toBeCloseTo(mean, 10);
});
