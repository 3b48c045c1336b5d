/**
 * Fragments of vectors with unknown or structured covariances.
 */
import type { Scope, Fragments } from './scope.js';
import type { Choice } from './choice.js';
import { positive, gapped } from './laws.js';

export const covarianceFragments: Fragments = {
  covariance(c: Choice, s: Scope) {
    const n = c.of([4, 1, 0]),
      d = c.between(1, 3),
      N = s.size(),
      D = s.datum(c, 'D', 'int', d),
      S = s.name(c, 'S'),
      m = s.name(c, 'm');
    const precision = c.chance();
    s.add(
      `sample ${S} ~ ${precision ? 'Wishart' : 'InverseWishart'}(${D} + 2, ${c.of([`eye(${D})`, `${positive(c, s)} * eye(${D})`, `diag(fill(1.5, ${D}))`])})`,
      `sample ${m} ~ MvNormal(zeros(${D}), ${c.of([`eye(${D})`, precision ? `inverse(${S})` : S])})`,
    );
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
    );
    s.add(
      c.chance()
        ? `observe ${x} ~ MvNormal(${m}, ${precision ? 'precision: ' : ''}${S})`
        : `for n in 0..<${N} { observe ${x}[n] ~ MvNormal(${m}, ${precision ? 'precision: ' : ''}${S}) }`,
    );
    s.reals.push(`${m}[0]`, `logdet(${S})`);
    s.positives.push(`${S}[0, 0]`);
  },
  processes(c: Choice, s: Scope) {
    const n = c.between(1, 4),
      N = s.size(),
      f = s.name(c, 'f');
    const x = s.datum(
        c,
        'x',
        `real[${N}]`,
        c.list(n, (k) => k + c.unit()),
      ),
      l = positive(c, s);
    const y = s.datum(
      c,
      'y',
      `real[${N}]`,
      c.list(n, () => c.normal()),
    );
    s.add(
      `sample ${f} ~ MvNormal(zeros(${N}), [exp(-(${x}[i] - ${x}[j])^2 / (2 * ${l}^2)) + (i == j ? 0.1 : 0) for i in 0..<${N}, j in 0..<${N}])`,
      `observe ${y} ~ Normal(${f}, ${positive(c, s)})`,
    );
    s.reals.push(`${f}[0]`);
  },
};
