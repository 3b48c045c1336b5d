/**
 * Fragments with labels that choose among components, in any order or along a chain.
 */
import type { Scope, Fragments } from './scope.js';
import type { Choice } from './choice.js';
import { number, real, realLaw, positiveLaw, likelihood, gapped, positive } from './laws.js';

export const mixtureFragments: Fragments = {
  mixture(c: Choice, s: Scope) {
    const n = c.of([5, 1, 0, 15]),
      k = c.between(1, 3),
      N = s.size(),
      K = s.datum(c, 'K', 'int', k),
      pi = s.name(c, 'pi'),
      mu = s.name(c, 'mu'),
      z = s.name(c, 'z'),
      sd = s.name(c, 'sd');
    const weights = c.below(3);
    if (weights === 0) s.add(`sample ${pi} ~ Dirichlet(fill(${number(c.positive())}, ${K}))`);
    else s.add(`let ${pi} = ${weights === 1 ? `fill(1 / ${K}, ${K})` : `softmax([${real(c, s, 0)} * k for k in 0..<${K}])`}`);
    const own = c.chance();
    s.add(
      c.below(5) === 4
        ? `sample ${mu}: ordered[${K}] ~ iid(Normal(0, 2), ${K})`
        : `for k in 0..<${K} { sample ${mu}[k] ~ ${realLaw(c, s)} }`,
    );
    if (own) s.add(`for k in 0..<${K} { sample ${sd}[k] ~ ${positiveLaw(c, s)} }`);
    const component = own
      ? `Normal(${mu}[${z}[n]], ${sd}[${z}[n]])`
      : likelihood(c, s, `${mu}[${z}[n]]`).law.replace(
          /^(Poisson|Bernoulli|Binomial|NegativeBinomial|Gamma|LogNormal).*/,
          `Normal(${mu}[${z}[n]], 1)`,
        );
    const y = s.datum(
      c,
      'y',
      `real[${N}]`,
      gapped(
        c,
        c.list(n, () => c.normal()),
      ),
    );
    s.add(`for n in 0..<${N} {`, `  sample ${z}[n] ~ Categorical(${pi})`, `  observe ${y}[n] ~ ${component}`, '}');
    s.reals.push(`${mu}[0]`);
    if (c.below(3) === 2)
      s.add(
        `report ${s.name(c, 'sizes')}[k0] = 0`.replace('[k0]', ''),
        `report ${s.name(c, 'count')} = [sum(${z}[n] == k for n in 0..<${N}) for k in 0..<${K}]`,
      );
  },
  marginalMixture(c: Choice, s: Scope) {
    const n = c.of([3, 1, 8]),
      k = c.between(1, 3),
      N = s.size(),
      mu = s.name(c, 'mu');
    const y = s.datum(
      c,
      'y',
      `real[${N}]`,
      c.list(n, () => c.normal()),
    );
    const K = s.datum(c, 'K', 'int', k);
    s.add(
      `sample ${mu} ~ iid(Normal(0, 2), ${K})`,
      `observe ${y} ~ mixture(fill(1 / ${K}, ${K}), Normal(${mu}[k], ${positive(c, s)}) for k in 0..<${K})`,
    );
    s.reals.push(`${mu}[0]`);
  },
  mvMixture(c: Choice, s: Scope) {
    const n = c.of([4, 1, 12]),
      k = c.between(1, 2),
      d = c.between(1, 2),
      N = s.size(),
      D = s.size();
    const x = s.datum(
        c,
        'x',
        `real[${N}, ${D}]`,
        c.list(n, () =>
          gapped(
            c,
            c.list(d, () => c.normal()),
          ),
        ),
      ),
      K = s.datum(c, 'K', 'int', k);
    const mu = s.name(c, 'mu'),
      z = s.name(c, 'z'),
      S = s.name(c, 'S'),
      pi = s.name(c, 'pi');
    const matrix = c.below(3);
    s.add(
      `sample ${pi} ~ Dirichlet(fill(2, ${K}))`,
      `for k in 0..<${K} {`,
      `  sample ${mu}[k] ~ MvNormal(zeros(${D}), 4 * eye(${D}))`,
      matrix === 1
        ? `  sample ${S}[k] ~ InverseWishart(${D} + 2, eye(${D}))`
        : matrix === 2
          ? `  sample ${S}[k] ~ Wishart(${D} + 1, eye(${D}))`
          : '',
      '}',
    );
    const second = matrix === 0 ? `${positive(c, s)} * eye(${D})` : matrix === 1 ? `${S}[${z}[n]]` : `precision: ${S}[${z}[n]]`;
    s.add(`for n in 0..<${N} {`, `  sample ${z}[n] ~ Categorical(${pi})`, `  observe ${x}[n] ~ MvNormal(${mu}[${z}[n]], ${second})`, '}');
    s.reals.push(`${mu}[0, 0]`);
    if (matrix > 0) s.positives.push(`${S}[0, 0, 0]`);
  },
  hiddenMarkov(c: Choice, s: Scope) {
    const t = c.of([4, 1, 9]),
      k = c.between(1, 3),
      T = s.size(),
      P = s.name(c, 'P'),
      z = s.name(c, 'z'),
      mu = s.name(c, 'mu'),
      K = s.datum(c, 'K', 'int', k);
    const y = s.datum(
      c,
      'y',
      `real[${T}]`,
      gapped(
        c,
        c.list(t, () => c.normal()),
      ),
    );
    s.add(
      `for k in 0..<${K} {`,
      `  sample ${P}[k] ~ Dirichlet(ones(${K}))`,
      `  sample ${mu}[k] ~ Normal(k, 1)`,
      '}',
      `sample ${z}[0] ~ Categorical(fill(1 / ${K}, ${K}))`,
      `for t in 1..<${T} { sample ${z}[t] ~ Categorical(${P}[${z}[t-1]]) }`,
      `for t in 0..<${T} { observe ${y}[t] ~ Normal(${mu}[${z}[t]], ${positive(c, s)}) }`,
    );
    s.units.push(`(0.01 + 0.98 * ${P}[0, 0])`);
  },
};
