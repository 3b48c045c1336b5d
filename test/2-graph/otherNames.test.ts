/** Hints for people who come from other systems: each names something that is valid where it stands. */
import { describe, expect, it } from 'vitest';
import { forms } from '../../src/2-graph/otherNames.js';
import { compile, ModelError } from '../../src/index.js';

function hintsOf(program: string): readonly (string | undefined)[] {
  try {
    compile(program);
  } catch (thrown) {
    if (thrown instanceof ModelError) return thrown.diagnostics.map(({ hint }) => hint);
    throw thrown;
  }
  return [];
}

describe('names of other systems', () => {
  it.each([
    ['sample x ~ Normal(mu: 0, sigma: 1)', ['mean', 'sd']],
    ['sample x ~ Normal(0, tau: 1)', ['precision']],
    ['sample x ~ LogNormal(mu: 0, sigma: 1)', ['meanlog', 'sdlog']],
    ['sample x ~ Gamma(alpha: 1, beta: 1)', ['shape', 'rate']],
    ['sample x ~ Beta(alpha: 1, beta: 1)', ['a', 'b']],
    ['sample x ~ Poisson(lambda: 1)', ['rate']],
    ['sample x ~ StudentT(nu: 3, mu: 0, sigma: 1)', ['df', 'loc', 'scale']],
    ['sample x ~ Uniform(lower: 0, upper: 1)', ['low', 'high']],
    ['sample x ~ Gaussian(0, 1)', ['Normal']],
    ['sample x ~ MultiNormal(zeros(2), eye(2))', ['MvNormal']],
    ['sample x ~ NegBinomial(1, 0.5)', ['NegativeBinomial']],
    ['report x = inv_logit(1)', ['sigmoid']],
    ['report x = var([1, 2])', ['variance']],
    ['report x = identity(2)', ['eye']],
    ['data x: vector[N]', ['real']],
    ['data x: integer', ['int']],
  ])('%s', (program, names) => {
    expect(hintsOf(program)).toEqual(names.map((name) => `did you mean \`${name}\`?`));
  });

  it('does not replace the hint for a slip of the finger', () => {
    expect(hintsOf('sample x ~ Nromal(0, 1)')).toEqual(['did you mean `Normal`?']);
  });

  it('has none for what nobody has', () => {
    expect(hintsOf('sample x ~ Wobble(0, 1)')).toEqual([undefined]);
  });
});

describe('functions of other systems that are expressions here', () => {
  // At x = 0.3, y = 0.6 if nothing else is said; of the probit, gamma and factorials R's qnorm and gamma.
  it.each<[string, number, number?, number?]>([
    ['pow', 0.3 ** 0.6],
    ['square', 0.09],
    ['inv_sqrt', 1 / Math.sqrt(0.3)],
    ['asin', Math.asin(0.3)],
    ['acos', Math.acos(0.3)],
    ['sinh', Math.sinh(0.3)],
    ['cosh', Math.cosh(0.3)],
    ['asinh', Math.asinh(0.3)],
    ['ifelse', 0.3],
    ['step', 1],
    ['equals', 0],
    ['probit', -0.5244005127080407],
    ['cloglog', Math.log(-Math.log(0.7))],
    ['icloglog', 1 - Math.exp(-Math.exp(0.3))],
    ['gamma', 2.991568987687591],
    ['logfact', -0.10817480950786047],
    ['factorial', 0.8974706963062772],
    ['choose', 10, 5, 2],
    ['log1m', Math.log(0.7)],
    ['mod', 0.3],
    ['pi', Math.PI],
  ])('%s', async (name, value, x = 0.3, y = 0.6) => {
    const [hint] = hintsOf(`report v = ${name}(0.3)`);
    const form = /^write `(.*)`$/.exec(hint!)![1]!;
    const { variables } = (await compile(`let x = ${x} let y = ${y} let test = x < y report v = ${form}`).infer({})).summary();
    expect(variables['v']!.mean).toBeCloseTo(value, 10);
  });
  it('all have a number above, a vector or a negative argument', () => {
    expect(forms.length).toBe(21 + 3);
  });
});

describe('arguments that do not fit together', () => {
  it('are refused', () => {
    try {
      compile('sample x ~ Uniform(1, 0)');
      expect.unreachable();
    } catch (thrown) {
      expect((thrown as ModelError).diagnostics.map(({ code, message }) => [code, message])).toEqual([
        ['parameter-out-of-domain', 'These arguments of Uniform do not make a distribution.'],
      ]);
    }
  });
});
