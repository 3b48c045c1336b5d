/**
 * Which arguments are valid, as tests that are non-zero where they are.
 */
import { InternalError } from '../../errors/diagnostic.js';
import { apply, at, exp, index, one, reduce, sub, zero, type Expr } from '../../expr/expr.js';
import { printText } from '../../expr/print.js';
import { minusInfinity } from '../notation.js';
import { logDeterminantOf } from '../pushforward/vectorMaps.js';
import { familyOf, type Law, type PushforwardLaw } from './law.js';
import { domainTests, undecided, conjunction } from '../tests.js';
import { isDiscrete, flattened, formOf, formOfElement, shown, elementLaw } from './form.js';

/**
 * Tests that are all non-zero exactly where the parameters are valid: domains of scalars, signs of vectors,
 * conditions between parameters. A density may read one of several probabilities only, so that none but a test sees that another
 * is below 0. Sums of simplexes and matrices are not tested here: they are checked on data and hold by construction for unknowns.
 */
export function conditionsOf(law: Law): readonly Expr[] {
  switch (law.kind) {
    case 'family': {
      const family = familyOf(law),
        tests: Expr[] = [];
      for (const { name, rank, domain } of family.parameters) {
        const value = law.parameters[name];
        if (value === undefined) throw new InternalError(`argument ${name} of ${law.family} is missing`);
        if (rank === 0) tests.push(...domainTests(domain, value.body));
        else if (domain === 'positiveVector') {
          const k = index('k');
          tests.push(apply('gt', reduce('min', k, zero, value.dims[0]!, at(value, k)), zero));
        } else if (domain === 'orderedVector') {
          const k = index('k');
          // A product of tests: the least step of a vector of one element is infinite, which integers do not hold.
          tests.push(reduce('prod', k, one, value.dims[0]!, apply('gt', at(value, k), at(value, sub(k, one)))));
        } else if (domain === 'simplex') {
          const k = index('k');
          tests.push(reduce('prod', k, zero, value.dims[0]!, apply('ge', at(value, k), zero)));
        }
      }
      for (const { domain, value } of law.written ?? []) tests.push(...domainTests(domain, value));
      for (const condition of family.conditions?.(law.parameters) ?? []) tests.push(apply('gt', condition, zero));
      return undecided(tests);
    }
    case 'truncated':
    case 'censored':
      return undecided([...conditionsOf(law.base), apply(isDiscrete(law.base) ? 'le' : 'lt', law.low, law.high)]);
    case 'mixture': {
      const tests = conditionsOf(law.component);
      return tests.length === 0 ? [] : [reduce('prod', law.index, law.from, law.to, conjunction(tests))];
    }
    case 'mixtureOf':
      return law.components.flatMap(conditionsOf);
    case 'pushforward':
      return undecided(conditionsOfPushforward(flattened(law)));
  }
}

/** Expressions at whose zeros the map stops being one-to-one, with what is wrong there. */
export function degeneracies(given: PushforwardLaw): readonly { readonly expression: Expr; readonly reason: string }[] {
  const law = flattened(given),
    form = formOf(law);
  switch (form.kind) {
    case 'monotone':
    case 'masses':
    case 'counts':
      return form.nonzero.map((expression) => ({ expression, reason: `\`${printText(shown(law, expression))}\` is 0` }));
    case 'affine':
      return [{ expression: exp(logDeterminantOf(form)), reason: 'the matrix of the map is singular' }];
    default:
      return [];
  }
}

function conditionsOfPushforward(law: PushforwardLaw): readonly Expr[] {
  const overAll = (tests: readonly Expr[]): readonly Expr[] =>
    law.over.dims.length === 0 || tests.length === 0
      ? tests
      : [law.over.indices.reduceRight((inner: Expr, i, k) => reduce('prod', i, zero, law.over.dims[k]!, inner), conjunction(tests))];
  const own = overAll(conditionsOf(law.base));
  const form = formOf(law);
  switch (form.kind) {
    case 'monotone':
    case 'masses':
    case 'counts':
      return [...own, ...form.nonzero.map((e) => apply('ne', e, zero))];
    case 'affine':
      return [...own, apply('gt', logDeterminantOf(form), minusInfinity)];
    case 'elementwise': {
      const element = elementLaw(law, form, form.indices);
      const inner = formOfElement(law, element);
      const nonzero = inner.kind === 'monotone' ? inner.nonzero.map((e) => apply('ne', e, zero)) : [];
      return nonzero.length === 0
        ? own
        : [...own, form.indices.reduceRight((body: Expr, i, k) => reduce('prod', i, zero, law.map.dims[k]!, body), conjunction(nonzero))];
    }
    default:
      return own;
  }
}
