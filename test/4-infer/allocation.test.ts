/** A sweep allocates nothing of its own: local functions and arrays are made once, beside the entry points. */
import { expect, it } from 'vitest';
import { compile } from './machine.js';

const groups =
  'data y: real[N] data g: int[N] sample s ~ HalfNormal(1) for j in 0..<4 { sample a[j] ~ StudentT(4, 0, 1) sample w[j] ~ MvNormal(zeros(2), eye(2)) } for n in 0..<N { observe y[n] ~ Laplace(a[g[n]] + w[g[n], 0] * w[g[n], 1], s) }';
const data = { y: [0.3, -1.2, 0.7, 2.1, -0.4, 1.1, 0.2, -0.9], g: [0, 1, 2, 3, 0, 1, 2, 3] };

it.each([
  ['gibbs', {}],
  ['mh', {}],
  ['gibbs', { a: 'rw(scale: 1)', w: 'slice', s: 'independent(HalfNormal(2))' }],
] as const)('%s with kernels %j', (backend, kernels) => {
  const { program } = compile(groups, data, { backend, kernels });
  const [head, entries] = program.source.split(/^return \{$/m);
  expect(head).toMatch(/=>/);
  expect(entries).toMatch(/sweep: function/);
  expect(entries).not.toMatch(/=>|\bnew\b|\[\]|\[[^\]]*,/);
});
