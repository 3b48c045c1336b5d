/**
 * Fragments whose elements depend on their neighbours in time.
 */
import type { Scope, Fragments } from './scope.js';
import type { Choice } from './choice.js';
import { likelihood, real, gapped, scale, positive, unit } from './laws.js';

export const seriesFragments: Fragments = {
  chain(c: Choice, s: Scope) {
    const t = c.of([4, 1, 2, 11]),
      T = s.size(),
      z = s.name(c, 'z');
    const like = likelihood(c, s, c.of([`${z}[t]`, `${z}[t]^2 / 5`, `2 * ${z}[t] + ${real(c, s, 0)}`]));
    const y = s.datum(c, 'y', `${like.type}[${T}]`, gapped(c, c.list(t, like.value)));
    const step = c.of([
      `${z}[t-1]`,
      `0.9 * ${z}[t-1]`,
      `${real(c, s, 0)} + 0.5 * ${z}[t - 1]`,
      `0.7 * ${z}[t-1] + 0.5 * sin(${z}[t-1])`,
      `${real(c, s, 0)} * ${z}[t-1]`,
    ]);
    s.add(`sample ${z}[0] ~ Normal(${real(c, s, 1)}, 1)`, `for t in 1..<${T} { sample ${z}[t] ~ Normal(${step}, ${scale(c, s)}) }`);
    if (c.chance()) s.add(`observe ${y} ~ ${like.law.replaceAll(`${z}[t]`, z)}`);
    else s.add(`for t in 0..<${T} { observe ${y}[t] ~ ${like.law} }`);
    s.reals.push(`${z}[0]`, `${z}[${T} - 1]`);
  },
  backwards(c: Choice, s: Scope) {
    const t = c.of([4, 2, 9]),
      T = s.size(),
      z = s.name(c, 'z');
    const y = s.datum(
      c,
      'y',
      `real[${T}]`,
      c.list(t, () => c.normal()),
    );
    s.add(
      `for t in 0..<${T} - 1 { sample ${z}[t] ~ Normal(0.5 * ${z}[t+1], ${positive(c, s)}) }`,
      `sample ${z}[${T} - 1] ~ Normal(0, 1)`,
      `observe ${y} ~ Normal(${z}, 0.5)`,
    );
    s.reals.push(`${z}[0]`);
  },
  autoregression(c: Choice, s: Scope) {
    const t = c.of([5, 2, 12]),
      T = s.size();
    const values = c.list(t, () => c.normal());
    const y = s.datum(c, 'y', `real[${T}]`, gapped(c, values));
    s.add(
      `observe ${y}[0] ~ Normal(0, 2)`,
      `for t in 1..<${T} { observe ${y}[t] ~ Normal(${real(c, s, 1)} + ${real(c, s, 0)} * ${y}[t-1], ${scale(c, s)}) }`,
    );
  },
  recursion(c: Choice, s: Scope) {
    const t = c.of([4, 2, 10]),
      T = s.size(),
      h = s.name(c, 'h');
    const values = c.list(t, () => c.normal());
    const y = s.datum(c, 'y', `real[${T}]`, values);
    const word = c.of(['let', 'report', 'let']);
    s.add(
      `${word} ${h}[0] = ${c.of([real(c, s, 0), '1'])}`,
      `for t in 1..<${T} { ${word} ${h}[t] = ${c.of([`${real(c, s, 1)} + 0.5 * ${h}[t-1]`, `0.2 + 0.3 * ${y}[t-1]^2 + ${unit(c, s)} * ${h}[t-1]`])} }`,
      `for t in 0..<${T} { observe ${y}[t] ~ Normal(${c.of([`${h}[t], 1`, `0, abs(${h}[t]) + 0.1`])}) }`,
    );
  },
};
