import { describe, expect, it } from 'vitest';
import { compile } from '../../src/model.js';

async function problem(
  program: string,
  data: Record<string, unknown>,
  backend: string,
  options: Record<string, string> = {},
): Promise<string> {
  try {
    await compile(program, 'p.cred').infer(data, { backend, chains: 1, draws: 20, warmup: 20, seed: 1, options });
    return '';
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

describe('kernels that cannot have the posterior as their law', () => {
  const program = 'data y: real[N] sample z ~ Normal(0, 1) sample k ~ Poisson(3) observe y ~ Normal(z + k, 1)';
  const data = { y: [1, 2] };

  it('are refused: a proposal of integers for a real unknown, and of reals for an integer', async () => {
    expect(await problem(program, data, 'mh', { 'kernel.z': 'propose(Bernoulli(0.5))' })).toMatch(
      /proposes integers, and 'z' takes real numbers[\s\S]*hint: A proposal is of the same numbers as z: Normal\(0, 1\), say/,
    );
    expect(await problem(program, data, 'gibbs', { 'kernel.k': 'propose(Normal(k, 1))' })).toMatch(
      /proposes real numbers, and 'k' takes integers[\s\S]*hint: A proposal is of the same numbers as k: Poisson\(3\), say/,
    );
    expect(await problem(program, data, 'mh', { 'kernel.z': 'propose(Normal(z, 0.9))', 'kernel.k': 'propose(Poisson(k + 1))' })).toBe('');
  });

  it('are refused: slices and walks of counts with a fixed total', async () => {
    for (const backend of ['gibbs', 'mh']) {
      expect(await problem('sample v ~ Multinomial(5, [0.2, 0.3, 0.5])', {}, backend, { 'kernel.v': 'slice' })).toMatch(
        /'v' is a vector of counts with a fixed total/,
      );
      expect(await problem('sample v ~ DirichletMultinomial(5, [1, 2, 3])', {}, backend, { 'kernel.v': 'rw(scale: 1)' })).toMatch(
        /'v' is a vector of counts with a fixed total/,
      );
    }
    expect(await problem('sample v ~ Multinomial(5, [0.2, 0.3, 0.5])', { v: [1, 1, 3] }, 'gibbs')).toBe('');
    expect(
      await problem('sample v ~ Multinomial(5, [0.2, 0.3, 0.5])', {}, 'mh', { 'kernel.v': 'propose(Multinomial(5, [0.2, 0.3, 0.5]))' }),
    ).toBe('');
  });

  it('stand for each element of a plate; written with its indices they are told how', async () => {
    const plate = 'data y: real[N] for n in 0..<N { sample z[n] ~ Normal(0, 1) observe y[n] ~ Normal(z[n], 1) }';
    expect(await problem(plate, data, 'mh', { 'kernel.z': 'propose(Normal(z[n], 1))' })).toMatch(
      /write z for z\[n\], and leave n out everywhere/,
    );
    expect(await problem(plate, data, 'mh', { 'kernel.z': 'propose(Normal((z + y) / 2, 1))' })).toBe('');
  });

  it('are refused: arguments that a random walk does not have', async () => {
    expect(await problem(program, data, 'gibbs', { 'kernel.z': 'rw(bar: 1)' })).toMatch(/has an argument that rw does not take/);
    expect(await problem(program, data, 'gibbs', { 'kernel.z': 'rw(1, 2)' })).toMatch(/has an argument that rw does not take/);
    expect(await problem(program, data, 'gibbs', { 'kernel.z': 'rw(scale: -1)' })).toMatch(
      /scale of 'kernel\.z=rw\(scale: -1\)' must be a positive number/,
    );
    expect(await problem(program, data, 'gibbs', { 'kernel.z': 'rw(adapt: 2)' })).toMatch(
      /adapt of 'kernel\.z=rw\(adapt: 2\)' must be true or false/,
    );
    expect(await problem(program, data, 'gibbs', { 'kernel.': 'slice' })).toMatch(/no unknown is called '' in 'kernel\.=slice'/);
    expect(await problem(program, data, 'gibbs', { 'kernel.z': 'rw(scale: 2, adapt: false)' })).toBe('');
  });

  const mixture =
      'data y: real[N] data K: int sample p ~ Dirichlet(ones(K)) for k in 0..<K { sample m[k] ~ Normal(0, 3) } for n in 0..<N { sample z[n] ~ Categorical(p) observe y[n] ~ Normal(m[z[n]], 1) }',
    normal = 'data y: real[N, 2] sample S ~ InverseWishart(4, eye(2)) sample m ~ MvNormal([0, 0], eye(2)) observe y ~ MvNormal(m, S)',
    params = 'data c: int[3] param p: simplex[3] observe c ~ Multinomial(9, p)';
  it.each([
    [mixture, 'p', 'independent(Normal(0, 1))', /proposes a number, and p is drawn as a simplex[\s\S]*together, by Dirichlet/],
    [mixture, 'p', 'propose(Normal(p, 1))', /has more dimensions than 'p'[\s\S]*hint: The elements of p are proposed together/],
    [mixture, 'p', 'propose(MvNormal(p, eye(2)))', /proposes a vector of real numbers, and p is drawn as a simplex/],
    [mixture, 'p', 'independent(Dirichlet(ones(3)))', /proposes 3 elements, and p has 2/],
    [mixture, 'p', 'propose(Dirichlet(50 * p + 1))', /^$/],
    [
      mixture,
      'm',
      'propose(MvNormal(m, eye(2)))',
      /proposes a vector of real numbers, and m is drawn as a number[\s\S]*hint: A proposal stands for one/,
    ],
    [mixture, 'm', 'propose(Normal(m, 0.5))', /^$/],
    [normal, 'S', 'independent(Normal(0, 1))', /proposes a number, and S is drawn as a covariance matrix[\s\S]*Wishart/],
    [normal, 'S', 'independent(LKJ(2, 1))', /proposes a correlation matrix, and S is drawn as a covariance matrix/],
    [normal, 'S', 'independent(Wishart(5, eye(3)))', /proposes a matrix of 3 rows, and S has 2/],
    [normal, 'S', 'independent(Wishart(5, eye(2)))', /^$/],
    [normal, 'm', 'propose(Dirichlet([1, 1]))', /proposes a simplex, and m is drawn as a vector of real numbers/],
    [normal, 'm', 'propose(MvNormal(m, eye(2)))', /^$/],
    [params, 'p', 'propose(MvNormal(p, eye(3)))', /proposes a vector of real numbers, and p is drawn as a simplex/],
    [params, 'p', 'propose(Dirichlet(20 * p + 1))', /^$/],
  ])('are refused: proposals of another kind or size: %s', async (source, name, proposal, message) => {
    const values = {
      y:
        source === mixture
          ? [1, 2, -1]
          : [
              [1, 2],
              [2, 1],
              [0, 1],
            ],
      K: 2,
      c: [2, 3, 4],
    };
    for (const backend of ['mh', 'gibbs'])
      expect(await problem(source, values, backend, { [`kernel.${name}`]: proposal })).toMatch(message);
  });
});
