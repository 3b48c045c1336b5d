/**
 * Fragments of single unknowns and single data.
 */
import type { Scope, Fragments } from './scope.js';
import { real, realLaw, positiveLaw, unitLaw, likelihood } from './laws.js';
import type { Choice } from './choice.js';

export const scalarFragments: Fragments = {
  real(c: Choice, s: Scope) {
    const a = s.name(c, 'a');
    s.add(`sample ${a} ~ ${realLaw(c, s)}`);
    s.reals.push(a);
    s.scalars.push(a);
  },
  positive(c: Choice, s: Scope) {
    const a = s.name(c, 's');
    s.add(
      c.below(5) === 4
        ? `sample ${a}: positive ~ ${realLaw(c, s).replace(/^(mixture|truncated).*/, 'Normal(0, 2)')}`
        : `sample ${a} ~ ${positiveLaw(c, s)}`,
    );
    s.positives.push(a);
    s.scalars.push(a);
  },
  unit(c: Choice, s: Scope) {
    const p = s.name(c, 'p');
    s.add(`sample ${p} ~ ${unitLaw(c, s)}`);
    s.units.push(p);
    s.scalars.push(p);
  },
  observeScalar(c: Choice, s: Scope) {
    const like = likelihood(c, s, real(c, s));
    const y = s.datum(c, 'y', like.type, like.value());
    s.add(`observe ${y} ~ ${like.law}`);
  },
};
