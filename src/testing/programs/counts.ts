/**
 * Fragments of finite and integer unknowns and their rates.
 */
import type { Scope, Fragments } from './scope.js';
import type { Choice } from './choice.js';
import { positive, gapped, likelihood, number, real, unit, realLaw } from './laws.js';

export const countFragments: Fragments = {
  counts(c: Choice, s: Scope) {
    const n = c.of([3, 1, 0, 9]),
      k = c.between(2, 3),
      N = s.size(),
      K = s.datum(c, 'K', 'int', k),
      p = s.name(c, 'p');
    s.add(`sample ${p} ~ Dirichlet(${c.of([`fill(${positive(c, s)}, ${K})`, `[${positive(c, s)} + k for k in 0..<${K}]`])})`);
    if (c.chance()) {
      const y = s.datum(
        c,
        'y',
        `int[${N}]`,
        c.list(n, () => c.integer(k)),
      );
      s.add(`observe ${y} ~ Categorical(${p})`);
    } else {
      const total = c.between(0, 5);
      const y = s.datum(
        c,
        'y',
        `int[${N}, ${K}]`,
        c.list(n, () => {
          const row = c.list(k, () => 0);
          for (let i = 0; i < total; i++) row[c.integer(k)]! += 1;
          return row;
        }),
      );
      s.add(`for n in 0..<${N} { observe ${y}[n] ~ Multinomial(${total}, ${p}) }`);
    }
    s.units.push(`(0.01 + 0.98 * ${p}[0])`);
  },
  rates(c: Choice, s: Scope) {
    const n = c.of([3, 1, 0, 7]),
      N = s.size(),
      r = s.name(c, 'r');
    const exposure = s.datum(
      c,
      'e',
      `positive[${N}]`,
      c.list(n, () => c.positive()),
    );
    const y = s.datum(
      c,
      'y',
      `int[${N}]`,
      gapped(
        c,
        c.list(n, () => c.integer(6)),
      ),
    );
    s.add(
      `for n in 0..<${N} {`,
      `  sample ${r}[n] ~ Gamma(${positive(c, s)}, ${positive(c, s)})`,
      `  observe ${y}[n] ~ Poisson(${exposure}[n] * ${r}[n])`,
      '}',
    );
  },
  discrete(c: Choice, s: Scope) {
    const b = s.name(c, 'b'),
      kind = c.below(5),
      like = likelihood(c, s, `${number(c.normal())} * ${b} + ${real(c, s, 0)}`);
    s.add(
      `sample ${b} ~ ${[`Bernoulli(${unit(c, s)})`, 'DiscreteUniform(1, 4)', `Binomial(3, ${unit(c, s)})`, `Poisson(${positive(c, s)})`, `Geometric(${unit(c, s)})`][kind]!}`,
    );
    const y = s.datum(c, 'y', like.type, like.value());
    s.add(`observe ${y} ~ ${like.law}`);
    s.counts.push(b);
    if (kind === 0) s.reals.push(`(${b} ? ${real(c, s, 0)} : 1)`);
  },
  thinning(c: Choice, s: Scope) {
    const n = s.name(c, 'n'),
      y = s.datum(c, 'y', 'int', c.integer(4));
    s.add(`sample ${n} ~ Poisson(${positive(c, s)} + 2)`, `observe ${y} ~ Binomial(${n}, ${unit(c, s)})`);
  },
  branches(c: Choice, s: Scope) {
    const n = c.of([4, 1, 0]),
      N = s.size(),
      a = s.name(c, 'a');
    const kinds = s.datum(
      c,
      'kind',
      `int[${N}]`,
      c.list(n, () => c.integer(3)),
    );
    const y = s.datum(
      c,
      'y',
      `real[${N}]`,
      c.list(n, () => c.normal()),
    );
    s.add(
      `for n in 0..<${N} {`,
      `  if ${kinds}[n] == 0 { sample ${a}[n] ~ ${realLaw(c, s)} }`,
      `  else { if ${kinds}[n] == 1 { sample ${a}[n] ~ Normal(${real(c, s, 0)}, 2) } else { let ${a}[n] = ${real(c, s, 1)} } }`,
      `  observe ${y}[n] ~ Normal(${a}[n], ${positive(c, s)})`,
      '}',
    );
  },
  switched(c: Choice, s: Scope) {
    const flag = s.datum(c, 'flag', 'bool', c.chance()),
      a = s.name(c, 'a');
    s.add(`if ${flag} { sample ${a} ~ ${realLaw(c, s)} } else { sample ${a} ~ Normal(0, ${positive(c, s)}) }`);
    s.reals.push(a);
  },
};
