/**
 * Random expressions and laws over what a scope offers, as text of the language.
 */
import type { Choice } from './choice.js';
import type { Scope } from './scope.js';

export const number = (x: number): string => (x < 0 ? `(${x})` : String(x));

/** A real expression over what is in scope. */
export function real(choice: Choice, scope: Scope, depth = 2): string {
  const leaf = (): string => (scope.reals.length > 0 && choice.likely() ? choice.of(scope.reals) : number(choice.normal()));
  if (depth === 0) return leaf();
  switch (choice.below(12)) {
    case 0:
    case 1:
    case 2:
      return leaf();
    case 3:
    case 4:
      return `(${real(choice, scope, depth - 1)} + ${real(choice, scope, depth - 1)})`;
    case 5:
    case 6:
      return `${number(choice.normal())} * ${real(choice, scope, depth - 1)}`;
    case 7:
      return `(${leaf()} - ${leaf()} / ${number(choice.positive())})`;
    case 8:
      return `${leaf()} * ${leaf()}`;
    case 9:
      return `tanh(${leaf()})`;
    case 10:
      return `(${leaf()} > 0 ? ${leaf()} : ${leaf()})`;
    default:
      return `max(${leaf()}, ${leaf()})`;
  }
}

/** A positive expression. */
export function positive(choice: Choice, scope: Scope): string {
  switch (choice.below(9)) {
    case 0:
    case 1:
    case 2:
      return scope.positives.length > 0 ? choice.of(scope.positives) : number(choice.positive());
    case 3:
    case 4:
      return number(choice.positive());
    case 5:
      return `exp(0.3 * ${real(choice, scope, 0)})`;
    case 6:
      return scope.positives.length > 0 ? `(${choice.of(scope.positives)} * ${number(choice.positive())})` : '0.7';
    case 7:
      return scope.positives.length > 0 ? `(${choice.of(scope.positives)} + 0.1)` : '1.3';
    default:
      return `(${real(choice, scope, 0)}^2 + 0.5)`;
  }
}

/** An expression between 0 and 1. */
export function unit(choice: Choice, scope: Scope): string {
  switch (choice.below(4)) {
    case 0:
    case 1:
      return scope.units.length > 0 ? choice.of(scope.units) : number(choice.unit());
    case 2:
      return `sigmoid(${real(choice, scope, 0)})`;
    default:
      return number(choice.unit());
  }
}

/** A scale as an argument: a standard deviation, or a variance or precision by name. */
export function scale(choice: Choice, scope: Scope): string {
  const s = positive(choice, scope);
  return choice.of([s, s, `variance: ${s}`, `precision: ${s}`]);
}

/** A law on the real line. */
export function realLaw(choice: Choice, scope: Scope): string {
  const m = real(choice, scope);
  switch (choice.below(10)) {
    case 5:
      return `StudentT(4, ${m}, ${positive(choice, scope)})`;
    case 6:
      return `Laplace(${m}, ${positive(choice, scope)})`;
    case 7:
      return `Cauchy(${m}, ${positive(choice, scope)})`;
    case 8:
      return `truncated(Normal(${m}, ${positive(choice, scope)}), ${number(-2 - choice.positive())}, ${choice.of(['inf', '9.5'])})`;
    case 9:
      return `mixture([0.3, 0.7], [Normal(${m}, 1), ${choice.of(['Normal', 'Laplace', 'Cauchy'])}(0, ${positive(choice, scope)})])`;
    default:
      return `Normal(${m}, ${scale(choice, scope)})`;
  }
}

/** A law of positive numbers. */
export function positiveLaw(choice: Choice, scope: Scope): string {
  const a = positive(choice, scope),
    b = positive(choice, scope);
  return choice.of([
    `Gamma(2, ${b})`,
    `InverseGamma(3, ${b})`,
    `Exponential(${b})`,
    `HalfNormal(${a})`,
    `HalfCauchy(${b})`,
    `LogNormal(${real(choice, scope, 1)}, 0.5)`,
    `Gamma(${a}, 1.5)`,
    `Gamma(mean: ${a}, sd: ${b})`,
    `Weibull(2, ${b})`,
    `ChiSquared(4)`,
    `Uniform(0.2, 4)`,
    `truncated(Normal(${real(choice, scope, 1)}, 2), 0, inf)`,
    `truncated(Gamma(2, ${b}), 0.1, 20)`,
    `Pareto(0.3, 3)`,
    `Exponential(scale: ${b})`,
  ]);
}

/** A law between 0 and 1. */
export function unitLaw(choice: Choice, scope: Scope): string {
  return choice.of([
    `Beta(${positive(choice, scope)}, ${positive(choice, scope)})`,
    'Uniform(0, 1)',
    'Beta(mean: 0.4, concentration: 5)',
    `Beta(2, ${positive(choice, scope)})`,
  ]);
}

/** What is observed at each of some places: the law and a value it may have. */
export function likelihood(
  choice: Choice,
  scope: Scope,
  mean: string,
): { readonly law: string; readonly type: string; value(): number; readonly continuous: boolean } {
  const p = positive(choice, scope);
  const realValue = (): number => choice.normal();
  switch (choice.below(12)) {
    case 4:
      return { law: `StudentT(3, ${mean}, ${p})`, type: 'real', value: realValue, continuous: true };
    case 5:
      return { law: `Laplace(${mean}, ${p})`, type: 'real', value: realValue, continuous: true };
    case 6:
      return { law: `Poisson(lograte: 0.3 * (${mean}))`, type: 'int', value: () => choice.integer(5), continuous: false };
    case 7:
      return { law: `Bernoulli(logit: ${mean})`, type: 'int', value: () => choice.integer(2), continuous: false };
    case 8:
      return { law: `Binomial(6, logit: ${mean})`, type: 'int', value: () => choice.integer(7), continuous: false };
    case 9:
      return {
        law: `NegativeBinomial(mean: exp(0.3 * (${mean})), overdispersion: ${p})`,
        type: 'int',
        value: () => choice.integer(6),
        continuous: false,
      };
    case 10:
      return { law: `Gamma(2, 2 / exp(0.3 * (${mean})))`, type: 'positive', value: () => choice.positive(), continuous: true };
    case 11:
      return { law: `LogNormal(${mean}, ${p})`, type: 'positive', value: () => choice.positive(), continuous: true };
    default:
      return { law: `Normal(${mean}, ${scale(choice, scope)})`, type: 'real', value: realValue, continuous: true };
  }
}

/** Values with some missing. */
export function gapped(choice: Choice, values: readonly number[]): (number | null)[] {
  if (choice.below(4) !== 3) return [...values];
  return values.map((x) => (choice.integer(3) === 0 ? null : x));
}

/** The identity matrix. */
export function identity(n: number): number[][] {
  return Array.from({ length: n }, (_, i) => Array.from({ length: n }, (_unused, j) => Number(i === j)));
}
