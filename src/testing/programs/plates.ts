/**
 * Fragments of plates: regressions, groups, nested and ragged loops.
 */
import type { Scope, Fragments } from './scope.js';
import type { Choice } from './choice.js';
import { positive, realLaw, likelihood, real, gapped, positiveLaw, number } from './laws.js';

export const plateFragments: Fragments = {
  regression(c: Choice, s: Scope) {
    const n = c.of([4, 1, 0, 2, 3, 12]),
      d = c.between(1, 3),
      N = s.size(),
      D = s.size(),
      w = s.name(c, 'w');
    const X = s.datum(c, 'X', `real[${N}, ${D}]`, n === 0 ? [] : c.list(n, () => c.list(d, () => c.normal())));
    if (n === 0) s.data[D] = d;
    const prior = c.below(4);
    s.add(
      [
        `sample ${w} ~ iid(Normal(0, ${positive(c, s)}), ${D})`,
        `sample ${w} ~ MvNormal(zeros(${D}), ${positive(c, s)} * eye(${D}))`,
        `for d in 0..<${D} { sample ${w}[d] ~ ${realLaw(c, s)} }`,
        `sample ${w} ~ MvNormal(zeros(${D}), precision: ${positive(c, s)} * eye(${D}))`,
      ][prior]!,
    );
    const like = likelihood(
      c,
      s,
      c.of([`${X}[n] @ ${w}`, `${real(c, s, 1)} + ${X}[n] @ ${w}`, `sum(${X}[n, j] * ${w}[j] for j in 0..<${D})`]),
    );
    const y = s.datum(c, 'y', `${like.type}[${N}]`, gapped(c, c.list(n, like.value)));
    if (c.chance() && prior !== 2)
      s.add(
        `observe ${y} ~ ${like.law.replace(`${X}[n]`, X).replace(`sum(${X}, j] * ${w}[j] for j in 0..<${D})`, `${X} @ ${w}`)}`.replace(
          /sum\(.* for j in [^)]*\)/,
          `${X} @ ${w}`,
        ),
      );
    else s.add(`for n in 0..<${N} { observe ${y}[n] ~ ${like.law} }`);
    s.reals.push(`${w}[0]`, `sum(${w})`);
    if (c.below(4) === 3) s.add(`for n in 0..<${N} { predict ${s.name(c, 'r')}[n] ~ ${like.law} }`);
  },
  groups(c: Choice, s: Scope) {
    const n = c.of([5, 0, 1, 20]),
      g = c.between(1, 3),
      N = s.size(),
      G = s.datum(c, 'G', 'int', g);
    const group = s.datum(
      c,
      'g',
      `int[${N}]`,
      c.list(n, () => c.integer(g)),
    );
    const b = s.name(c, 'b'),
      t = s.name(c, 't');
    const common = real(c, s, 1),
      spread = positive(c, s);
    const corner = c.below(5) === 4;
    if (corner) s.add(`let ${b}[0] = 0`);
    s.add(`for k in ${corner ? 1 : 0}..<${G} { sample ${b}[k] ~ Normal(${common}, ${spread}) }`);
    const two = c.below(3) === 2;
    if (two) s.add(`for k in 0..<${G} { sample ${t}[k] ~ ${positiveLaw(c, s)} }`);
    const like = likelihood(
      c,
      s,
      c.of([`${b}[${group}[n]]`, `${real(c, s, 1)} + ${b}[${group}[n]]`, `${number(c.normal())} * ${b}[${group}[n]]`]),
    );
    const y = s.datum(c, 'y', `${like.type}[${N}]`, gapped(c, c.list(n, like.value)));
    s.add(
      `for n in 0..<${N} {`,
      c.chance() ? `  let m = ${b}[${group}[n]]` : '',
      `  observe ${y}[n] ~ ${two && like.law.startsWith('Normal') ? `Normal(${b}[${group}[n]], ${t}[${group}[n]])` : like.law}`,
      '}',
    );
    s.reals.push(`${b}[0]`, `mean(${b})`);
    if (two) s.positives.push(`${t}[0]`);
  },
  nested(c: Choice, s: Scope) {
    const a = c.between(1, 3),
      b = c.of([2, 1, 3, 0]),
      A = s.size(),
      B = s.size(),
      m = s.name(c, 'm'),
      e = s.name(c, 'e');
    const like = likelihood(c, s, c.of([`${e}[i, j]`, `${m}[i] + ${e}[i, j]`, `${m}[i] * ${e}[i, j]`]));
    const y = s.datum(
      c,
      'y',
      `${like.type}[${A}, ${B}]`,
      c.list(a, () => gapped(c, c.list(b, like.value))),
    );
    s.add(
      `for i in 0..<${A} {`,
      `  sample ${m}[i] ~ ${realLaw(c, s)}`,
      `  for j in 0..<${B} {`,
      `    sample ${e}[i, j] ~ Normal(${c.of([`${m}[i]`, '0', `${m}[i] / 2`])}, ${positive(c, s)})`,
      `    observe ${y}[i, j] ~ ${like.law}`,
      '  }',
      '}',
    );
    s.reals.push(`${m}[0]`);
    if (c.chance()) s.add(`report ${s.name(c, 'q')} = [sum(${e}[i, j] for j in 0..<${B}) for i in 0..<${A}]`);
  },
  ragged(c: Choice, s: Scope) {
    const g = c.between(1, 3),
      G = s.size(),
      lengths = c.list(g, () => c.integer(4)),
      most = Math.max(1, ...lengths);
    const len = s.datum(c, 'len', `int[${G}]`, lengths),
      e = s.name(c, 'e'),
      h = s.name(c, 'h'),
      M = s.size();
    const like = likelihood(c, s, `${e}[i, j]`);
    const y = s.datum(
      c,
      'y',
      `${like.type}[${G}, ${M}]`,
      c.list(g, (i) => c.list(most, (j) => (j < lengths[i]! ? like.value() : null))),
    );
    const centre = real(c, s, 1);
    s.add(
      `for i in 0..<${G} {`,
      `  sample ${h}[i] ~ Normal(${centre}, 1)`,
      `  for j in 0..<${len}[i] {`,
      `    sample ${e}[i, j] ~ Normal(${h}[i], ${positive(c, s)})`,
      `    observe ${y}[i, j] ~ ${like.law}`,
      '  }',
      '}',
    );
    s.reals.push(`${h}[0]`);
  },
};
