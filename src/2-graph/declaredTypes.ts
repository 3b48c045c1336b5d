/**
 * Types as written (`positive[J]`, `cov[D](floor: 1e-3)`) to element type, dimensions and constraint,
 * and what a restriction after a sampled name does to its law.
 */
import { didYouMean } from '../errors/render.js';
import { type Expr, index, isConst, num, zero } from '../expr/expr.js';
import type { TypeSyntax } from '../1-parse/ast.js';
import { applied } from './builtins.js';
import type { Context } from './context.js';
import type { Constraint, Law, ScalarType } from './graph.js';
import { mapLaw } from './laws.js';
import { lawSupport } from './lawSupport.js';
import {
  constraintShape,
  notSquare,
  optionUnknown,
  reservedSize,
  shapeMismatch,
  typeMismatch,
  unknownNormaliser,
  unknownType,
  wrongArgumentCount,
} from './messages.js';
import { types } from './reference.js';
import { mentions } from './regions.js';
import { printType } from './shapes.js';
import type { Environment } from './scope.js';
import { type LawValue, type Poison, isPoison, poison } from './types.js';

export interface DeclaredType {
  readonly scalar: ScalarType;
  readonly dims: readonly Expr[];
  /** How many trailing dimensions one constrained value has: 1 for simplex and ordered, 2 for cov and corr. */
  readonly eventRank: number;
  readonly constraint: Constraint;
  readonly text: string;
}

/** The types of the language. */
export const typeNames: readonly string[] = [...types.keys()];
/** Options that may follow a type, `cov[D](floor: 1e-3)`, by type. */
export const typeOptions: ReadonlyMap<string, readonly string[]> = new Map([['cov', ['floor']]]);

/** A type of the program with its dimensions as expressions; poison where it is wrong. */
export function lowerType(context: Context, syntax: TypeSyntax, environment: Environment): DeclaredType | Poison {
  const name = syntax.base.text;
  let bad: Poison | null = null;
  if (!typeNames.includes(name)) bad = context.report(unknownType(syntax.base.span, name, didYouMean(name, typeNames), typeNames));
  const dims: Expr[] = [];
  for (const s of syntax.dims) {
    const v = context.expression(s, environment);
    if (isPoison(v)) {
      bad ??= v;
      continue;
    }
    if (v.dims.length > 0 || v.scalar === 'real') {
      bad = context.report(
        s.kind === 'name' ? reservedSize(s.span, s.name) : typeMismatch(s.span, 'A dimension', 'an integer', printType(v.scalar, v.dims)),
      );
      continue;
    }
    if (isConst(v.body) && (v.body.value < 0 || !Number.isSafeInteger(v.body.value))) {
      bad = context.report(typeMismatch(s.span, 'A dimension', 'an integer of at least 0', String(v.body.value)));
      continue;
    }
    context.requireData(v.body, s.span, 'A dimension');
    dims.push(context.settled(v.body));
  }
  const bounds: Expr[] = [];
  for (const s of syntax.arguments) {
    const v = context.expression(s, environment);
    if (isPoison(v)) {
      bad ??= v;
      continue;
    }
    if (v.dims.length > 0) {
      bad = context.report(typeMismatch(s.span, 'A bound', 'a scalar', printType(v.scalar, v.dims)));
      continue;
    }
    context.requireData(v.body, s.span, 'A bound');
    bounds.push(v.body);
  }
  const wanted = name === 'interval' ? 2 : 0;
  if (bad === null && syntax.arguments.length !== wanted)
    bad = context.report(
      wrongArgumentCount(
        syntax.span,
        name,
        syntax.arguments.length,
        wanted === 0 ? 'no arguments' : '2 arguments: the lower and the upper bound',
        wanted === 0 ? `dimensions stand in brackets: \`${name}[...]\`` : undefined,
      ),
    );
  const options = lowerOptions(context, syntax, environment);
  if (bad !== null) return bad;
  if (options === null) return poison;

  const text = printType(name, dims);
  switch (name) {
    case 'real':
    case 'int':
    case 'bool':
      return { scalar: name, dims, eventRank: 0, constraint: { kind: 'none' }, text };
    case 'positive':
    case 'unit':
      return { scalar: 'real', dims, eventRank: 0, constraint: { kind: name }, text };
    case 'interval':
      return interval(context, syntax, dims, bounds, text);
    case 'simplex':
    case 'ordered':
      if (dims.length === 0)
        return context.report(typeMismatch(syntax.span, `\`${name}\``, `given a dimension, such as ${name}[K]`, 'without one'));
      return { scalar: 'real', dims, eventRank: 1, constraint: { kind: name }, text };
    default: {
      if (dims.length === 0)
        return context.report(typeMismatch(syntax.span, `\`${name}\``, `given a dimension, such as ${name}[D]`, 'without one'));
      const full = dims.length === 1 ? [dims[0]!, dims[0]!] : dims;
      const [rows, columns] = full.slice(-2) as [Expr, Expr];
      if (
        !context.agree(rows, columns, environment, syntax.span, `${text} must be square`, () => notSquare(syntax.span, `\`${name}\``, text))
      )
        return poison;
      return { scalar: 'real', dims: full, eventRank: 2, constraint: name === 'cov' ? { kind: 'cov', options } : { kind: 'corr' }, text };
    }
  }
}

function interval(
  context: Context,
  syntax: TypeSyntax,
  dims: readonly Expr[],
  bounds: readonly Expr[],
  text: string,
): DeclaredType | Poison {
  const [low, high] = bounds as [Expr, Expr];
  // Not the other way round: a bound may be NaN.
  if (isConst(low) && isConst(high) && !(low.value < high.value))
    return context.report(
      typeMismatch(syntax.span, 'The lower bound of `interval`', 'below the upper', `${low.value} against ${high.value}`),
    );
  return { scalar: 'real', dims, eventRank: 0, constraint: { kind: 'interval', low, high }, text };
}

function lowerOptions(context: Context, syntax: TypeSyntax, environment: Environment): Readonly<Record<string, Expr>> | null {
  const valid = typeOptions.get(syntax.base.text) ?? [];
  const options: Record<string, Expr> = {};
  let ok = true;
  for (const o of syntax.options) {
    const name = o.name?.text ?? '';
    const v = context.expression(o.value, environment);
    if (!valid.includes(name)) {
      context.report(optionUnknown(o.span, syntax.base.text, name, valid));
      ok = false;
      continue;
    }
    if (isPoison(v)) {
      ok = false;
      continue;
    }
    if (v.dims.length > 0) {
      context.report(typeMismatch(o.span, 'An option', 'a scalar', printType(v.scalar, v.dims)));
      ok = false;
      continue;
    }
    context.requireData(v.body, o.span, 'An option of a type');
    options[name] = v.body;
  }
  return ok ? options : null;
}

/** Bounds of a scalar constraint; null for constraints of whole vectors and matrices. */
function boundsOf(c: Constraint): { readonly low: Expr; readonly high: Expr } | null {
  switch (c.kind) {
    case 'positive':
      return { low: zero, high: num(Infinity) };
    case 'unit':
      return { low: zero, high: num(1) };
    case 'interval':
      return { low: c.low, high: c.high };
    default:
      return null;
  }
}

/** A law under a restriction; `rows` is the dimension K whose log K! makes an ordered vector proper. */
export interface Restricted {
  readonly law: LawValue;
  readonly ordered: Expr | null;
}

/**
 * The law of a sampled variable after its restriction: scalars are truncated (renormalised), joint
 * restrictions are allowed where they are the family's own support or where the draws are exchangeable:
 * K independent draws of one continuous law are in increasing order with probability 1 / K!.
 */
export function restrict(
  context: Context,
  law: LawValue,
  type: DeclaredType,
  syntax: TypeSyntax,
  environment: Environment,
): Restricted | Poison {
  let current = law;
  const shape = [...law.batch, ...law.eventDims];
  if (shape.length === 0 && type.dims.length > 0) {
    // The declared shape says how many draws there are.
    current = { ...law, indices: type.dims.map((_, d) => index(['i', 'j', 'k'][d] ?? `i${d}`)), batch: type.dims };
  } else if (type.dims.length > 0) {
    const differs = (): ReturnType<typeof shapeMismatch> =>
      shapeMismatch(
        syntax.span,
        'The declared shape and the distribution',
        type.text,
        `a draw of type ${printType(law.discrete ? 'int' : 'real', shape)}`,
      );
    if (shape.length !== type.dims.length) return context.report(differs());
    if (
      !shape.every((d, k) =>
        context.agree(type.dims[k]!, d, environment, syntax.span, 'the declared shape must be that of the distribution', differs),
      )
    )
      return poison;
  }
  const got = printType(law.discrete ? 'int' : 'real', [...current.batch, ...current.eventDims]);
  if (type.scalar !== 'real' && !law.discrete) return context.report(constraintShape(syntax.span, `\`${type.text}\``, got));
  const bounds = boundsOf(type.constraint);
  if (bounds !== null) {
    if (current.eventDims.length > 0) return context.report(unknownNormaliser(syntax.span, type.text));
    return { law: truncate(current, bounds.low, bounds.high, type.constraint.kind === 'positive'), ordered: null };
  }
  if (type.constraint.kind === 'none') return { law: current, ordered: null };
  const own = current.law.kind === 'family' ? current.family?.support(current.law.parameters).kind : undefined;
  // A floor cuts the support, and the mass above it is not known.
  const cut = type.constraint.kind === 'cov' && Object.keys(type.constraint.options).length > 0;
  if (own === type.constraint.kind && !cut) return { law: current, ordered: null };
  const last = current.indices[current.indices.length - 1];
  if (
    type.constraint.kind !== 'ordered' ||
    current.eventDims.length > 0 ||
    last === undefined ||
    current.discrete ||
    dependsOn(current.law, last)
  ) {
    return context.report(unknownNormaliser(syntax.span, type.text));
  }
  return { law: current, ordered: current.batch[current.batch.length - 1]! };
}

function dependsOn(law: Law, i: LawValue['indices'][number]): boolean {
  let found = false;
  mapLaw(law, (a) => {
    if (mentions(a.body, new Set([i])) || a.dims.some((d) => mentions(d, new Set([i])))) found = true;
    return a;
  });
  return found;
}

function truncate(value: LawValue, low: Expr, high: Expr, open: boolean): LawValue {
  const { law } = value;
  // Bounds of truncation are included; a positive integer is at least 1.
  const lowest = open && value.discrete ? num(1) : low;
  if (law.kind === 'truncated') {
    return { ...value, law: { ...law, low: applied('max', law.low, lowest), high: applied('min', law.high, high) } };
  }
  const support = lawSupport(law);
  if (support?.kind === 'interval' || support?.kind === 'integers') {
    const inside =
      isConst(support.low) &&
      isConst(lowest) &&
      support.low.value >= lowest.value &&
      (isConst(high, Infinity) || (isConst(support.high) && isConst(high) && support.high.value <= high.value));
    if (inside) return value;
  }
  return { ...value, law: { kind: 'truncated', base: law, low: lowest, high, span: law.span } };
}
