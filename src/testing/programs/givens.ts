/**
 * Fragments of what is given in unusual ways: gaps in regressors, observed functions of unknowns, params, factors.
 */
import type { Scope, Fragments } from './scope.js';
import type { Choice } from './choice.js';
import { gapped, real, scale, positive } from './laws.js';

export const givenFragments: Fragments = {
  gapsInRegressors(c: Choice, s: Scope) {
    const n = c.of([5, 1, 9]),
      N = s.size();
    const x = s.datum(
      c,
      'x',
      `real[${N}]`,
      c.list(n, () => (c.integer(3) === 0 ? null : c.normal())),
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
    s.add(
      `for n in 0..<${N} {`,
      `  observe ${x}[n] ~ Normal(${real(c, s, 1)}, ${scale(c, s)})`,
      `  observe ${y}[n] ~ Normal(${real(c, s, 0)} + ${real(c, s, 0)} * ${x}[n], ${scale(c, s)})`,
      '}',
    );
  },
  conditioned(c: Choice, s: Scope) {
    const a = s.name(c, 'a');
    s.add(`sample ${a} ~ Normal(${real(c, s, 1)}, ${positive(c, s)})`);
    s.data[a] = c.normal();
    s.reals.push(a);
  },
  param(c: Choice, s: Scope) {
    const a = s.name(c, 'a'),
      n = c.between(2, 5),
      N = s.size();
    const y = s.datum(
      c,
      'y',
      `real[${N}]`,
      c.list(n, () => c.normal()),
    );
    if (c.chance()) {
      s.add(`param ${a}: real`, `observe ${y} ~ Normal(${a}, 1)`);
      s.reals.push(a);
    } else {
      s.add(`param ${a}: interval(0.1, 5)`, `observe ${y} ~ Normal(0, ${a})`);
      s.positives.push(a);
    }
    s.simulable = false;
  },
  factor(c: Choice, s: Scope) {
    s.add(`factor -0.5 * (${real(c, s)})^2`);
    s.simulable = false;
  },
};
