/**
 * Fragments of deterministic statements: maps, functions, recursions over sticks, reports, vectors and constants.
 */
import type { Scope, Fragments } from './scope.js';
import type { Choice } from './choice.js';
import { real, positive, realLaw, identity } from './laws.js';

export const expressionFragments: Fragments = {
  transformed(c: Choice, s: Scope) {
    const n = c.of([3, 1]),
      N = s.size(),
      x = s.datum(
        c,
        'x',
        `positive[${N}]`,
        c.list(n, () => c.positive()),
      ),
      l = s.name(c, 'l');
    s.add(`let ${l} = log(${x})`, `observe ${l} ~ Normal(${real(c, s, 1)}, ${positive(c, s)})`);
    s.simulable = false;
  },
  functions(c: Choice, s: Scope) {
    const f = `f${s.size()}`,
      m = s.name(c, 'm');
    s.add(
      `fn ${f}(u, v) = ${c.of(['u + 2 * v', 'u * v', 'u > v ? u : v', 'sum([u, v, 1])'])}`,
      `let ${m} = ${f}(${real(c, s, 1)}, ${real(c, s, 1)})`,
    );
    s.reals.push(m);
  },
  stickBreaking(c: Choice, s: Scope) {
    const k = c.between(2, 3),
      v = s.name(c, 'v'),
      w = s.name(c, 'w'),
      N = s.size(),
      z = s.name(c, 'z');
    const y = s.datum(
      c,
      'y',
      `real[${N}]`,
      c.list(c.between(1, 4), () => c.normal()),
    );
    s.add(
      `for k in 0..<${k - 1} { sample ${v}[k] ~ Beta(1, ${positive(c, s)}) }`,
      `for k in 0..<${k} { let ${w}[k] = (k < ${k - 1} ? ${v}[min(k, ${k - 2})] : 1) * prod(1 - ${v}[j] for j in 0..<k) }`,
      `for n in 0..<${N} { sample ${z}[n] ~ Categorical(${w})  observe ${y}[n] ~ Normal(${z}[n], 1) }`,
    );
  },
  reports(c: Choice, s: Scope) {
    const q = s.name(c, 'q');
    s.add(
      `report ${q} = ${c.of([real(c, s), `[${real(c, s, 1)}, ${real(c, s, 1)}]`, `${real(c, s, 0)} > ${real(c, s, 0)}`, `logpdf(Normal(0, 1), ${real(c, s, 0)})`, `cdf(Normal(0, 1), ${real(c, s, 0)})`])}`,
    );
    if (c.chance()) s.add(`predict ${s.name(c, 'r')} ~ ${realLaw(c, s)}`);
  },
  vectors(c: Choice, s: Scope) {
    const d = c.between(1, 3),
      v = s.name(c, 'v'),
      D = s.datum(c, 'D', 'int', d);
    s.add(
      c.of([
        `sample ${v} ~ iid(${realLaw(c, s)}, ${D})`,
        `sample ${v} ~ MvNormal(fill(${real(c, s, 1)}, ${D}), eye(${D}))`,
        `sample ${v} ~ Normal(range(0, ${D}), ${positive(c, s)})`,
        `sample ${v} ~ iid(Normal(0, 1), [${D}, 1])`,
      ]),
    );
    const last = s.lines[s.lines.length - 1]!;
    s.reals.push(last.endsWith('1])') ? `${v}[0, 0]` : `${v}[0]`);
  },
  constants(c: Choice, s: Scope) {
    const d = c.between(1, 2),
      matrix = identity(d).map((row, i) => row.map((x, j) => (i === j ? 1 + c.positive() : 0.2 * x)));
    const S = s.datum(c, 'V', `cov[${d}]`, matrix),
      v = s.name(c, 'v');
    s.add(`sample ${v} ~ MvNormal(${d === 1 ? `[${real(c, s, 1)}]` : `[${real(c, s, 1)}, 0.5]`}, ${S})`);
    s.reals.push(`${v}[0]`);
  },
};
