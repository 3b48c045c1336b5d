/**
 * Distributions of the surface language to laws with event-shaped arguments.
 *
 * Extra leading dimensions of arguments become the batch: one draw for each of its indices. Nothing
 * here knows a family by name; parameters, alternatives and event shapes come from the registry.
 */
import type { Span } from '../errors/diagnostic.js';
import { didYouMean } from '../errors/render.js';
import { type ArrayExpr, equal, type Expr, freeIndices, type Index, index, isConst, num, ref, sub, visit } from '../expr/expr.js';
import { tidy } from '../expr/affine.js';
import type { Alternative, Domain, Family, Parameter } from '../distributions/family.js';
import type { WrittenArgument } from '../distributions/law/law.js';
import type { ArgumentSyntax, Name, Syntax } from '../1-parse/ast.js';
import type { Context } from './context.js';
import { combinators, enterLoops, lowerRange } from './expressions.js';
import type { Law } from './graph.js';
import { lawSupport } from './lawSupport.js';
import {
  argumentTwice,
  bothParameterisations,
  noDistribution,
  generatorUnexpected,
  missingArgument,
  mixedTotals,
  notSquare,
  parameterDomain,
  positionalAfterNamed,
  shapeMismatch,
  typeMismatch,
  unknownDistribution,
  unknownParameter,
  valueAsDistribution,
  wrongArgumentCount,
} from './messages.js';
import { printType } from './shapes.js';
import { type Environment, innerScope, type Scope } from './scope.js';
import { type ArrayValue, type LawValue, type Poison, buildValue, elementOf, isPoison, partOf, poison } from './types.js';

/** The distribution after `~`. */
export function lowerLaw(context: Context, syntax: Syntax, environment: Environment): LawValue | Poison {
  if (syntax.kind === 'name' && context.families.has(syntax.name)) {
    return context.report(missingArgument(syntax.span, syntax.name, ['its arguments'], signature(context.families.get(syntax.name)!)));
  }
  if (syntax.kind !== 'call' || 'hole' in syntax.callee) return context.report(valueAsDistribution(syntax.span));
  const name = syntax.callee.text;
  const family = context.families.get(name);
  if (family !== undefined) return lowerFamily(context, family, syntax, environment);
  switch (name) {
    case 'iid':
      return lowerIid(context, syntax, environment);
    case 'truncated':
    case 'censored':
      return lowerBetween(context, syntax, name, environment);
    case 'mixture':
      return lowerMixture(context, syntax, environment);
    case 'pushforward':
      return lowerPushforward(context, syntax, environment);
  }
  const valid = [...context.families.keys(), ...combinators];
  // Names in its arguments are wrong or right whatever it is; laws and functions among them are nobody's yet.
  for (const { value } of syntax.arguments)
    if (value.kind === 'name' || value.kind === 'binary' || value.kind === 'unary' || value.kind === 'index')
      context.expression(value, environment);
  return context.report(unknownDistribution(syntax.callee.span, name, didYouMean(name, valid), valid));
}

/** `Normal(mean, sd | variance: | precision:)`. */
export function signature(family: Family): string {
  const names = family.parameters.map((p) => {
    const alternatives = family.alternatives.filter(
      (a) => a.replaces.length === 1 && a.replaces[0] === p.name && a.parameters.length === 1,
    );
    return [p.absent === undefined ? p.name : `${p.name}?`, ...alternatives.map((a) => `${a.parameters[0]!.name}:`)].join(' | ');
  });
  const others = family.alternatives
    .filter((a) => a.replaces.length > 1 || a.parameters.length > 1)
    .map((a) => `, or ${a.parameters.map((p) => `${p.name}:`).join(' + ')} for ${a.replaces.join(', ')}`);
  return `${family.name}(${names.join(', ')})${others.join('')}`;
}

// --- families ---------------------------------------------------------------------------------

interface Given {
  readonly parameter: Parameter;
  readonly value: ArrayValue;
  readonly span: Span;
}

function lowerFamily(context: Context, family: Family, syntax: Syntax & { kind: 'call' }, environment: Environment): LawValue | Poison {
  const assigned = assign(context, family, syntax);
  const given: Given[] = [];
  let bad: Poison | null = assigned.complete ? null : poison;
  for (const { parameter, argument } of assigned.list) {
    if (argument.value.kind === 'generator') {
      bad = context.report(generatorUnexpected(argument.value.span, family.name));
      continue;
    }
    const value = context.expression(argument.value, environment);
    if (isPoison(value)) {
      bad = bad === null || bad.pending ? value : bad;
      continue;
    }
    // With one argument too many nobody knows which is which.
    const wrong = parameter === null || !assigned.complete ? null : checkArgument(context, family, parameter, value, argument.value.span);
    if (wrong !== null) {
      bad = wrong;
      continue;
    }
    if (parameter !== null) given.push({ parameter, value, span: argument.value.span });
  }
  if (bad !== null) return bad;

  const leading = given.map((g) => ({ dims: g.value.dims.slice(0, g.value.dims.length - g.parameter.rank), span: g.span }));
  const batch = broadcast(context, leading, environment, `the arguments of ${family.name}`);
  if (batch === null) return poison;
  const indices = batch.map((_, d) => index(['n', 'm', 'l'][d] ?? `n${d}`));
  const events = given.map((g) => ({ ...g, array: partOf(g.value, g.value.dims.length > g.parameter.rank ? indices : []) }));
  if (!eventShapesAgree(context, family, events, environment)) return poison;

  const direct: Record<string, ArrayExpr> = {};
  for (const e of events) direct[e.parameter.name] = e.array;
  const parameters: Record<string, ArrayExpr> = {};
  for (const p of family.parameters) {
    const own = direct[p.name];
    if (own !== undefined && !assigned.replaced.has(p.name)) parameters[p.name] = own;
  }
  for (const a of assigned.alternatives) Object.assign(parameters, a.canonical(direct));
  for (const p of family.parameters)
    if (parameters[p.name] === undefined && p.absent !== undefined) parameters[p.name] = p.absent(parameters);
  const written = writtenArguments(assigned.alternatives, direct);
  const broken = (family.conditions?.(parameters) ?? []).find((c) => isConst(c) && c.value < 0);
  if (broken !== undefined) return context.report(noDistribution(syntax.span, family.name));
  return {
    kind: 'law',
    indices,
    batch,
    law: { kind: 'family', family: family.name, parameters, ...(written.length > 0 ? { written } : {}), span: syntax.span },
    eventDims: family.eventDims(parameters).map((d) => settledDimension(context, d, syntax.span, family.name)),
    discrete: family.discrete,
    family,
  };
}

function writtenArguments(alternatives: readonly Alternative[], given: Readonly<Record<string, ArrayExpr>>): readonly WrittenArgument[] {
  return alternatives.flatMap((a) =>
    a.parameters.flatMap(({ name, rank, domain }) => (rank === 0 ? [{ name, domain, value: given[name]!.body }] : [])),
  );
}

/** A dimension of the draws that an argument states by value (LKJ) must be data. */
function settledDimension(context: Context, dimension: Expr, span: Span, name: string): Expr {
  context.requireData(dimension, span, `The dimension of ${name}`);
  return context.settled(dimension);
}

interface Assignment {
  readonly list: readonly { readonly parameter: Parameter | null; readonly argument: ArgumentSyntax }[];
  readonly alternatives: readonly Alternative[];
  readonly replaced: ReadonlySet<string>;
  readonly complete: boolean;
}

/** Which argument is which parameter: positional ones in order, named ones canonical or of an alternative. */
function assign(context: Context, family: Family, syntax: Syntax & { kind: 'call' }): Assignment {
  const list: { parameter: Parameter | null; argument: ArgumentSyntax }[] = [];
  const byName = new Map<string, ArgumentSyntax>();
  const valid = [
    ...new Set([...family.parameters.map((p) => p.name), ...family.alternatives.flatMap((a) => a.parameters.map((p) => p.name))]),
  ];
  let complete = true,
    positional = 0,
    named = false;
  const fail = (d: Parameters<Context['report']>[0]): void => {
    context.report(d);
    complete = false;
  };
  for (const argument of syntax.arguments) {
    if (argument.name === null) {
      if (named) fail(positionalAfterNamed(argument.span));
      const p = family.parameters[positional++];
      if (p !== undefined) byName.set(p.name, argument);
      list.push({ parameter: p ?? null, argument });
    } else {
      named = true;
      const text = argument.name.text;
      const p =
        family.parameters.find((q) => q.name === text) ??
        family.alternatives.flatMap((a) => a.parameters).find((q) => q.name === text) ??
        null;
      if (p === null) fail(unknownParameter(argument.name.span, family.name, text, didYouMean(text, valid), valid));
      else if (byName.has(text)) fail(argumentTwice(argument.name.span, family.name, text));
      else byName.set(text, argument);
      list.push({ parameter: p, argument });
    }
  }
  if (positional > family.parameters.length) {
    const n = family.parameters.length;
    fail(
      wrongArgumentCount(
        syntax.span,
        family.name,
        positional,
        n === 0 ? 'no arguments' : `${n} argument${n === 1 ? '' : 's'}: ${signature(family)}`,
        n === 1 && family.parameters[0]!.rank === 1 ? `${family.parameters[0]!.name} is a vector: \`${family.name}([...])\`` : undefined,
      ),
    );
  }

  const canonical = new Set(family.parameters.map((p) => p.name));
  const alternatives: Alternative[] = [];
  const replaced = new Set<string>();
  const extra = [...byName.keys()].filter((name) => !canonical.has(name));
  for (const name of extra) {
    if (alternatives.some((a) => a.parameters.some((p) => p.name === name))) continue;
    // The alternative of which most is given.
    const candidates = family.alternatives.filter((a) => a.parameters.some((p) => p.name === name));
    const score = (a: Alternative): number => a.parameters.filter((p) => byName.has(p.name)).length / a.parameters.length;
    const chosen = candidates.reduce((a, b) => (score(b) > score(a) ? b : a));
    const missing = chosen.parameters.filter((p) => !byName.has(p.name)).map((p) => p.name);
    if (missing.length > 0) fail(missingArgument(syntax.span, family.name, missing, signature(family)));
    for (const r of chosen.replaces) {
      const own = byName.get(r);
      if (own !== undefined && !chosen.parameters.some((p) => p.name === r)) fail(bothParameterisations(own.span, family.name, name, r));
      else if (replaced.has(r))
        fail(
          bothParameterisations(
            byName.get(name)!.span,
            family.name,
            name,
            alternatives.find((a) => a.replaces.includes(r))!.parameters[0]!.name,
          ),
        );
      replaced.add(r);
    }
    alternatives.push(chosen);
  }
  const missing = family.parameters
    .filter((p) => p.absent === undefined && !byName.has(p.name) && !replaced.has(p.name))
    .map((p) => p.name);
  if (missing.length > 0 && complete) fail(missingArgument(syntax.span, family.name, missing, signature(family)));
  return { list, alternatives, replaced, complete };
}

const rankNames: readonly string[] = ['a scalar', 'a vector', 'a matrix'];
const domainTests: ReadonlyMap<Domain, { readonly words: string; test(x: number): boolean }> = new Map([
  ['real', { words: 'a finite number', test: Number.isFinite }],
  ['vector', { words: 'of finite numbers', test: Number.isFinite }],
  ['positive', { words: 'positive', test: (x: number) => x > 0 && Number.isFinite(x) }],
  ['nonnegative', { words: 'at least 0', test: (x: number) => x >= 0 && Number.isFinite(x) }],
  ['unit', { words: 'between 0 and 1', test: (x: number) => x >= 0 && x <= 1 }],
  ['count', { words: 'an integer of at least 0', test: (x: number) => Number.isInteger(x) && x >= 0 }],
  ['positiveInt', { words: 'an integer of at least 1', test: (x: number) => Number.isInteger(x) && x >= 1 }],
  ['positiveVector', { words: 'positive', test: (x: number) => x > 0 && Number.isFinite(x) }],
]);

function checkArgument(context: Context, family: Family, parameter: Parameter, value: ArrayValue, span: Span): Poison | null {
  if (value.dims.length < parameter.rank) {
    return context.report(
      typeMismatch(span, `${parameter.name} of ${family.name}`, rankNames[parameter.rank]!, printType(value.scalar, value.dims)),
    );
  }
  const { domain } = parameter;
  if ((domain === 'int' || domain === 'count' || domain === 'positiveInt') && value.scalar === 'real') {
    return context.report(
      typeMismatch(
        span,
        `${parameter.name} of ${family.name}`,
        'an integer',
        printType(value.scalar, value.dims),
        'use round(...), or declare the data as `int`',
      ),
    );
  }
  const test = domainTests.get(domain);
  if (test !== undefined && isConst(value.body) && !test.test(value.body.value)) {
    return context.report(parameterDomain(span, family.name, parameter.name, test.words, value.body.value));
  }
  return null;
}

/** All vector and matrix parameters of a family share one dimension; matrices are square. */
function eventShapesAgree(
  context: Context,
  family: Family,
  events: readonly (Given & { readonly array: ArrayExpr })[],
  environment: Environment,
): boolean {
  let first: { readonly dim: Expr; readonly name: string } | null = null;
  let ok = true;
  for (const e of events) {
    if (e.parameter.rank === 0) continue;
    const [rows, columns] = e.array.dims;
    if (columns !== undefined) {
      ok =
        context.agree(rows!, columns, environment, e.span, `${e.parameter.name} of ${family.name} must be square`, () =>
          notSquare(e.span, `${e.parameter.name} of ${family.name}`, printType('', e.array.dims)),
        ) && ok;
    }
    if (first === null) {
      first = { dim: rows!, name: e.parameter.name };
      continue;
    }
    const { dim, name } = first;
    ok =
      context.agree(dim, rows!, environment, e.span, `${name} and ${e.parameter.name} of ${family.name} must have one dimension`, () =>
        shapeMismatch(e.span, `${name} and ${e.parameter.name} of ${family.name}`, printType('', [dim]), printType('', e.array.dims)),
      ) && ok;
  }
  return ok;
}

/** The common leading dimensions; those without any are repeated. Null where they disagree (reported). */
function broadcast(
  context: Context,
  parts: readonly { readonly dims: readonly Expr[]; readonly span: Span }[],
  environment: Environment,
  what: string,
): readonly Expr[] | null {
  const first = parts.find((p) => p.dims.length > 0);
  if (first === undefined) return [];
  for (const p of parts) {
    if (p === first || p.dims.length === 0) continue;
    const differs = (): ReturnType<typeof shapeMismatch> =>
      shapeMismatch(p.span, `The leading dimensions of ${what}`, printType('', first.dims), printType('', p.dims));
    if (p.dims.length !== first.dims.length) {
      context.report(differs());
      return null;
    }
    if (
      !p.dims.every((d, k) =>
        context.agree(first.dims[k]!, d, environment, p.span, `the leading dimensions of ${what} must agree`, differs),
      )
    )
      return null;
  }
  return first.dims;
}

// --- combinators ------------------------------------------------------------------------------

/** Positional arguments of a combinator, with the names they may also be given by. */
function plainArguments(
  context: Context,
  syntax: Syntax & { kind: 'call' },
  names: readonly string[],
  expected: string,
): readonly Syntax[] | null {
  const name = 'hole' in syntax.callee ? '' : syntax.callee.text;
  const out: (Syntax | undefined)[] = names.map(() => undefined);
  let ok = true;
  for (const [k, a] of syntax.arguments.entries()) {
    const position = a.name === null ? k : names.indexOf(a.name.text);
    if (position < 0) {
      context.report(unknownParameter(a.name!.span, name, a.name!.text, didYouMean(a.name!.text, names), names));
      ok = false;
      continue;
    }
    if (position < names.length) {
      if (out[position] !== undefined) {
        context.report(argumentTwice(a.span, name, names[position]!));
        ok = false;
      }
      out[position] = a.value;
    }
  }
  if (ok && (syntax.arguments.length !== names.length || out.includes(undefined))) {
    context.report(wrongArgumentCount(syntax.span, name, syntax.arguments.length, expected));
    ok = false;
  }
  return ok ? (out as Syntax[]) : null;
}

function substituteBatch(law: LawValue, indices: readonly Index[]): Law {
  return mapLaw(law.law, (a) => elementArray(a, law.indices, indices));
}
function elementArray(a: ArrayExpr, from: readonly Index[], to: readonly Expr[]): ArrayExpr {
  if (from.length === 0) return a;
  const body = elementOf({ indices: [...from], dims: from.map(() => num(0)), body: a.body }, to);
  const dims = a.dims.map((d) => elementOf({ indices: [...from], dims: from.map(() => num(0)), body: d }, to));
  return { indices: a.indices, dims, body };
}

/** A law with every expression mapped. */
export function mapLaw(law: Law, f: (a: ArrayExpr) => ArrayExpr): Law {
  const scalar = (e: Expr): Expr => f({ indices: [], dims: [], body: e }).body;
  switch (law.kind) {
    case 'family': {
      const parameters: Record<string, ArrayExpr> = {};
      for (const [name, a] of Object.entries(law.parameters)) parameters[name] = f(a);
      const written = law.written?.map((w) => ({ ...w, value: scalar(w.value) }));
      return { ...law, parameters, ...(written === undefined ? {} : { written }) };
    }
    case 'truncated':
      return { ...law, base: mapLaw(law.base, f), low: scalar(law.low), high: scalar(law.high) };
    case 'mixture':
      return { ...law, from: scalar(law.from), to: scalar(law.to), weight: scalar(law.weight), component: mapLaw(law.component, f) };
    case 'mixtureOf':
      return { ...law, weights: law.weights.map(scalar), components: law.components.map((c) => mapLaw(c, f)) };
    case 'censored':
      return { ...law, base: mapLaw(law.base, f), low: scalar(law.low), high: scalar(law.high) };
    case 'pushforward':
      return { ...law, base: mapLaw(law.base, f), over: { indices: law.over.indices, dims: law.over.dims.map(scalar) }, map: f(law.map) };
  }
}

function lowerIid(context: Context, syntax: Syntax & { kind: 'call' }, environment: Environment): LawValue | Poison {
  const args = plainArguments(context, syntax, ['distribution', 'shape'], 'a distribution and a number (or `[n, m]`)');
  if (args === null) return poison;
  const base = lowerLaw(context, args[0]!, environment);
  const sizes = args[1]!.kind === 'array' ? args[1]!.elements : [args[1]!];
  const dims: Expr[] = [];
  let bad: Poison | null = isPoison(base) ? base : null;
  for (const s of sizes) {
    const v = context.expression(s, environment);
    if (isPoison(v)) {
      bad ??= v;
      continue;
    }
    if (v.dims.length > 0 || v.scalar === 'real') {
      bad = context.report(typeMismatch(s.span, 'The number of draws of `iid`', 'an integer', printType(v.scalar, v.dims)));
      continue;
    }
    if (isConst(v.body) && v.body.value < 0) {
      bad = context.report(typeMismatch(s.span, 'The number of draws of `iid`', 'an integer of at least 0', String(v.body.value)));
      continue;
    }
    context.requireData(v.body, s.span, 'The number of draws of `iid`');
    dims.push(context.settled(v.body));
  }
  if (bad !== null) return bad;
  const law = base as LawValue;
  const indices = dims.map((_, d) => index(['i', 'j', 'k'][d] ?? `i${d}`));
  return { ...law, indices: [...indices, ...law.indices], batch: [...dims, ...law.batch] };
}

/** `truncated` and `censored`. */
function lowerBetween(
  context: Context,
  syntax: Syntax & { kind: 'call' },
  kind: 'truncated' | 'censored',
  environment: Environment,
): LawValue | Poison {
  const args = plainArguments(
    context,
    syntax,
    ['distribution', 'low', 'high'],
    'a distribution and two bounds (`inf` and `-inf` are allowed)',
  );
  if (args === null) return poison;
  const base = lowerLaw(context, args[0]!, environment);
  const bounds = [args[1]!, args[2]!].map((s) => context.expression(s, environment));
  if (isPoison(base)) return base;
  if (base.eventDims.length > 0)
    return context.report(typeMismatch(args[0]!.span, `The distribution inside \`${kind}\``, 'a law of scalars', 'a law of arrays'));
  const [low, high] = bounds as [ArrayValue, ArrayValue];
  for (const b of bounds) if (isPoison(b)) return b;
  if (
    isConst(low.body) &&
    isConst(high.body) &&
    !(low.body.value < high.body.value) &&
    !(base.discrete && low.body.value === high.body.value)
  ) {
    return context.report(
      typeMismatch(syntax.span, `The lower bound of \`${kind}\``, 'below the upper', `${low.body.value} against ${high.body.value}`),
    );
  }
  const batch = broadcast(
    context,
    [
      { dims: base.batch, span: args[0]!.span },
      { dims: low.dims, span: args[1]!.span },
      { dims: high.dims, span: args[2]!.span },
    ],
    environment,
    `\`${kind}\``,
  );
  if (batch === null) return poison;
  const indices = base.batch.length > 0 ? base.indices : batch.map((_, d) => index(['n', 'm', 'l'][d] ?? `n${d}`));
  const boundAt = (v: ArrayValue): Expr => elementOf(v, v.dims.length > 0 ? indices : []);
  return { ...base, indices, batch, law: { kind, base: base.law, low: boundAt(low), high: boundAt(high), span: syntax.span } };
}

/** `pushforward(t => f(t), D)`; `iid(D, n)` in the place of D makes t an array of independent draws. */
function lowerPushforward(context: Context, syntax: Syntax & { kind: 'call' }, environment: Environment): LawValue | Poison {
  const args = plainArguments(
    context,
    syntax,
    ['map', 'distribution'],
    'a map and a distribution: `pushforward(t => exp(t), Normal(0, 1))`',
  );
  if (args === null) return poison;
  const [map, inner] = args as [Syntax, Syntax];
  const base = lowerLaw(context, inner, environment);
  const lambda =
    map.kind === 'lambda'
      ? { parameter: map.parameter, body: map.body, scope: environment.scope, calls: environment.calls }
      : ownFunction(context, map, environment);
  if (lambda === null)
    return context.report(
      typeMismatch(
        map.span,
        'The map of `pushforward`',
        'a lambda such as `t => exp(t)`, or a function of one argument declared by `fn`',
        'something else',
      ),
    );
  if (isPoison(base)) return base;
  const independent = inner.kind === 'call' && !('hole' in inner.callee) && inner.callee.text === 'iid' ? iidRank(inner) : 0;
  if (independent > 0 && base.batch.length > independent) {
    return context.report(
      shapeMismatch(
        inner.span,
        'The distribution inside `iid` inside `pushforward`',
        'one draw',
        printType('', base.batch.slice(independent)),
        'write a `for` loop over the other dimensions',
      ),
    );
  }
  const over = { indices: base.indices.slice(0, independent), dims: base.batch.slice(0, independent) };
  const argument = { name: `${lambda.parameter.text} => ${lambda.parameter.span.start}`, text: lambda.parameter.text };
  const scope = innerScope(lambda.scope);
  const value = buildValue(base.discrete ? 'int' : 'real', [...over.dims, ...base.eventDims], (...at) => ref(argument.name, at));
  scope.names.set(lambda.parameter.text, { kind: 'value', value });
  const image = context.expression(lambda.body, { ...environment, scope, calls: lambda.calls });
  if (isPoison(image)) return image;
  return {
    kind: 'law',
    indices: base.indices.slice(independent),
    batch: base.batch.slice(independent),
    eventDims: image.dims,
    discrete: image.scalar !== 'real',
    family: null,
    law: {
      kind: 'pushforward',
      base: base.law,
      over,
      argument,
      integer: image.scalar !== 'real',
      known: new Map(),
      span: syntax.span,
      map: { indices: image.indices, dims: image.dims, body: image.body },
    },
  };
}
function ownFunction(
  context: Context,
  map: Syntax,
  environment: Environment,
): { readonly parameter: Name; readonly body: Syntax; readonly scope: Scope; readonly calls: readonly string[] } | null {
  const fn = map.kind === 'name' ? context.functions.get(map.name) : undefined;
  const [parameter] = fn?.parameters ?? [];
  // Recursion is reported where the function is declared.
  if (
    map.kind !== 'name' ||
    fn === undefined ||
    parameter === undefined ||
    fn.parameters.length !== 1 ||
    environment.calls.includes(map.name)
  )
    return null;
  let scope = environment.scope;
  while (scope.parent !== null) scope = scope.parent;
  return { parameter, body: fn.body, scope, calls: [...environment.calls, map.name] };
}
/** How many dimensions of independent draws `iid` adds. */
export function iidRank(syntax: Syntax & { kind: 'call' }): number {
  const shape = syntax.arguments.find((a, k) => a.name?.text === 'shape' || (a.name === null && k === 1));
  return shape?.value.kind === 'array' ? shape.value.elements.length : 1;
}

function lowerMixture(context: Context, syntax: Syntax & { kind: 'call' }, environment: Environment): LawValue | Poison {
  const args = plainArguments(
    context,
    syntax,
    ['weights', 'components'],
    'weights and components: `mixture(w, D(...) for k in 0..<K)` or `mixture([w0, w1], [D0, D1])`',
  );
  if (args === null) return poison;
  const weights = context.expression(args[0]!, environment);
  const components = args[1]!;
  if (components.kind === 'generator') return mixtureOverIndex(context, weights, args[0]!.span, components, syntax.span, environment);
  if (components.kind === 'array') return mixtureOfList(context, weights, args[0]!.span, components, syntax.span, environment);
  return context.report(
    typeMismatch(components.span, 'The components of `mixture`', '`D(...) for k in 0..<K` or `[D0, D1]`', 'something else'),
  );
}

function checkWeights(context: Context, weights: ArrayValue, span: Span): Poison | null {
  if (weights.dims.length > 0) return null;
  return context.report(typeMismatch(span, 'The weights of `mixture`', 'a vector', printType(weights.scalar, weights.dims)));
}

function mixtureOverIndex(
  context: Context,
  weights: ArrayValue | Poison,
  weightSpan: Span,
  components: Syntax & { kind: 'generator' },
  span: Span,
  environment: Environment,
): LawValue | Poison {
  const { loops, inside } = enterLoops(context, components.plates, environment);
  if (loops.length !== 1)
    return context.report(wrongArgumentCount(components.span, 'mixture', loops.length, 'one index over its components'));
  const loop = loops[0]!;
  const range = lowerRange(context, loop.range, loop.outside, 'The number of components');
  const component = lowerLaw(context, components.body, inside);
  if (isPoison(weights)) return weights;
  if (isPoison(component)) return component;
  if (range === null) return poison;
  const wrong = checkWeights(context, weights, weightSpan);
  if (wrong !== null) return wrong;
  const count = tidy(sub(range.to, range.from));
  const own = weights.dims[weights.dims.length - 1]!;
  const differs = (): ReturnType<typeof shapeMismatch> =>
    shapeMismatch(weightSpan, 'The weights and components of `mixture`', printType('', [own]), printType('', [count]));
  if (!context.agree(own, count, environment, weightSpan, 'a mixture needs one weight for each component', differs)) return poison;
  for (const d of [...component.batch, ...component.eventDims]) {
    let uses = false;
    visit(d, (x) => {
      if (x === loop.index) uses = true;
    });
    if (uses)
      return context.report(shapeMismatch(components.span, 'The components of `mixture`', 'the shape of one component', 'that of another'));
  }
  const total = totalOf(component.law);
  if (total !== null && freeIndices(total).has(loop.index)) return context.report(mixedTotals(components.span));
  const batch = broadcast(
    context,
    [
      { dims: weights.dims.slice(0, -1), span: weightSpan },
      { dims: component.batch, span: components.span },
    ],
    environment,
    '`mixture`',
  );
  if (batch === null) return poison;
  const indices = component.batch.length > 0 ? component.indices : batch.map((_, d) => index(['n', 'm', 'l'][d] ?? `n${d}`));
  const weight = elementOf(weights, [...(weights.dims.length > 1 ? indices : []), sub(loop.index, range.from)]);
  return {
    ...component,
    indices,
    batch,
    family: null,
    law: { kind: 'mixture', index: loop.index, from: range.from, to: range.to, weight, component: component.law, span },
  };
}

function mixtureOfList(
  context: Context,
  weights: ArrayValue | Poison,
  weightSpan: Span,
  components: Syntax & { kind: 'array' },
  span: Span,
  environment: Environment,
): LawValue | Poison {
  const laws: LawValue[] = [];
  let bad: Poison | null = null;
  for (const c of components.elements) {
    const law = lowerLaw(context, c, environment);
    if (isPoison(law)) bad ??= law;
    else laws.push(law);
  }
  if (isPoison(weights)) return weights;
  if (bad !== null) return bad;
  const wrong = checkWeights(context, weights, weightSpan);
  if (wrong !== null) return wrong;
  if (laws.length === 0) return context.report(wrongArgumentCount(components.span, 'mixture', 0, 'at least one component'));
  const count = num(laws.length),
    last = weights.dims[weights.dims.length - 1]!;
  const differs = (): ReturnType<typeof shapeMismatch> =>
    shapeMismatch(weightSpan, 'The weights and components of `mixture`', printType('', [last]), printType('', [count]));
  if (!context.agree(last, count, environment, weightSpan, 'a mixture needs one weight for each component', differs)) return poison;
  const first = laws[0]!;
  for (const [k, law] of laws.entries()) {
    const at = components.elements[k]!.span;
    if (law.discrete !== first.discrete)
      return context.report(
        typeMismatch(
          at,
          'A component of `mixture`',
          first.discrete ? 'a law of integers like the first' : 'a continuous law like the first',
          law.discrete ? 'a law of integers' : 'continuous',
        ),
      );
    const shapes = (): ReturnType<typeof shapeMismatch> =>
      shapeMismatch(at, 'The components of `mixture`', printType('', first.eventDims), printType('', law.eventDims));
    if (law.eventDims.length !== first.eventDims.length) return context.report(shapes());
    if (
      !law.eventDims.every((d, axis) =>
        context.agree(first.eventDims[axis]!, d, environment, at, 'the components of a mixture must have one shape', shapes),
      )
    )
      return poison;
  }
  const batch = broadcast(
    context,
    [{ dims: weights.dims.slice(0, -1), span: weightSpan }, ...laws.map((l, k) => ({ dims: l.batch, span: components.elements[k]!.span }))],
    environment,
    '`mixture`',
  );
  if (batch === null) return poison;
  const indices = batch.map((_, d) => index(['n', 'm', 'l'][d] ?? `n${d}`));
  const own = laws.map((l) => (l.batch.length > 0 ? substituteBatch(l, indices) : l.law)),
    totals = own.map(totalOf);
  if (totals.some((t) => (t === null) !== (totals[0] === null) || (t !== null && !equal(t, totals[0]!))))
    return context.report(mixedTotals(components.span));
  return {
    ...first,
    indices,
    batch,
    family: null,
    law: {
      kind: 'mixtureOf',
      span,
      weights: laws.map((_, k) => elementOf(weights, [...(weights.dims.length > 1 ? indices : []), num(k)])),
      components: own,
    },
  };
}

/** What vectors of counts sum to; null for other laws. */
function totalOf(law: Law): Expr | null {
  const support = lawSupport(law);
  return support?.kind === 'counts' ? support.total : null;
}
