/**
 * From the arguments of a call to a distribution: names, alternatives, shapes and domains are those of the families
 * (`distributions/`), and every mistake is named with the argument it is in.
 */
import { domainProblem, domainWords, scalarDomains } from '../2-graph/bindLaws.js';
import { lower } from '../2-graph/lower.js';
import { parse } from '../1-parse/parse.js';
import type { Alternative, Arguments, Family, Parameter } from '../distributions/family.js';
import type { Law } from '../distributions/law/law.js';
import { hasCdf } from '../distributions/law/form.js';
import { isProper } from '../distributions/law/law.js';
import { families } from '../distributions/registry.js';
import { InternalError, ModelError } from '../errors/diagnostic.js';
import { didYouMean, renderDiagnostics } from '../errors/render.js';
import { type ArrayExpr, build, num, ref, scalar } from '../expr/expr.js';
import { isTensor } from '../input/tensor.js';
import { Distribution, type Given, refuse } from './distribution.js';
import { NumericLaw, renamed } from './numericLaw.js';

const span = { start: 0, end: 0 };

interface Value {
  readonly shape: readonly number[];
  readonly values: Float64Array;
}

/** A number, nested lists, typed array or tensor as a tensor; null for anything else and for ragged lists. */
function read(x: unknown): Value | null {
  if (typeof x === 'number') return { shape: [], values: Float64Array.of(x) };
  if (isTensor(x)) return { shape: x.shape, values: Float64Array.from(x.values) };
  if (!Array.isArray(x) && !(ArrayBuffer.isView(x) && !(x instanceof DataView))) return null;
  const parts = Array.from(x as ArrayLike<unknown>, read);
  const first = parts[0];
  if (first === undefined) return { shape: [0], values: new Float64Array(0) };
  if (first === null || parts.some((p) => p === null || p.shape.join() !== first.shape.join())) return null;
  return { shape: [parts.length, ...first.shape], values: Float64Array.from(parts.flatMap((p) => [...p!.values])) };
}

/** Short text of a value. */
function show(x: unknown): string {
  if (x instanceof Distribution) return x.text;
  const text =
    typeof x === 'number' || typeof x === 'string' ? String(x) : (JSON.stringify(x instanceof Float64Array ? [...x] : x) ?? String(x));
  if (isNamed(x))
    return Object.entries(x)
      .map(([name, value]) => `${name}: ${show(value)}`)
      .join(', ');
  return text.length > 40 ? `${text.slice(0, 37)}...` : text;
}

const rankWords: readonly string[] = ['a number', 'a vector (a list of numbers)', 'a matrix (a list of rows)'];

function checked(family: Family, parameter: Parameter, given: unknown): Value {
  const what = `${parameter.name} of ${family.name}`;
  const value = read(given);
  if (value === null || value.shape.length !== parameter.rank)
    return refuse('wrong-argument', `${what} is ${show(given)}`, { expected: rankWords[parameter.rank]! });
  if (parameter.rank === 2 && value.shape[0] !== value.shape[1])
    return refuse('wrong-argument', `${what} has ${value.shape[0]} rows and ${value.shape[1]} columns`, { expected: 'a square matrix' });
  if (parameter.rank === 0) {
    const x = value.values[0]!;
    if (!(scalarDomains[parameter.domain] ?? Number.isFinite)(x))
      return refuse('parameter-out-of-domain', `${what} is ${x}`, { expected: domainWords[parameter.domain] });
    return value;
  }
  const problem = domainProblem(parameter.domain, value.shape, value.values);
  return problem === null ? value : refuse('parameter-out-of-domain', `${what} is ${problem}`, { expected: domainWords[parameter.domain] });
}

function isNamed(x: unknown): x is Readonly<Record<string, unknown>> {
  return typeof x === 'object' && x !== null && !Array.isArray(x) && !ArrayBuffer.isView(x) && !isTensor(x) && !(x instanceof Distribution);
}

/** `Normal(mean, sd, variance:, precision:)`. */
function usage(family: Family): string {
  const alternatives = family.alternatives.map((a) => `${a.parameters.map((p) => p.name).join(' and ')} for ${a.replaces.join(', ')}`);
  return `${family.name}(${family.parameters.map((p) => (p.absent === undefined ? p.name : `${p.name}?`)).join(', ')})${alternatives.length === 0 ? '' : `; by name also ${alternatives.join('; ')}`}`;
}

interface Assigned {
  readonly values: ReadonlyMap<string, Value>;
  readonly alternatives: readonly Alternative[];
  readonly replaced: ReadonlySet<string>;
}

/** Which value is which parameter: positional ones in order, then one object of named ones. */
function assign(family: Family, args: readonly unknown[]): Assigned {
  const last = args[args.length - 1];
  const named = isNamed(last) ? last : {},
    positional = isNamed(last) ? args.slice(0, -1) : args;
  const hint = usage(family);
  if (positional.length > family.parameters.length)
    refuse('wrong-argument-count', `${family.name} got ${positional.length} arguments`, { expected: hint });
  const every = new Map([...family.alternatives.flatMap((a) => a.parameters), ...family.parameters].map((p) => [p.name, p]));
  const values = new Map<string, Value>();
  positional.forEach((value, k) => {
    const p = family.parameters[k]!;
    values.set(p.name, checked(family, p, value));
  });
  for (const [name, value] of Object.entries(named)) {
    const p = every.get(name);
    if (p === undefined) {
      const close = didYouMean(name, [...every.keys()]);
      refuse('unknown-parameter', `${family.name} has no argument ${name}`, {
        expected: hint,
        ...(close === null ? {} : { hint: `did you mean ${close}?` }),
      });
    }
    if (values.has(name)) refuse('argument-twice', `${name} of ${family.name} is given twice`);
    if (value === undefined) continue;
    values.set(name, checked(family, p, value));
  }
  const canonical = new Set(family.parameters.map((p) => p.name));
  const alternatives: Alternative[] = [],
    replaced = new Set<string>();
  for (const name of values.keys()) {
    if (canonical.has(name) || alternatives.some((a) => a.parameters.some((p) => p.name === name))) continue;
    const candidates = family.alternatives.filter((a) => a.parameters.some((p) => p.name === name));
    const score = (a: Alternative): number => a.parameters.filter((p) => values.has(p.name)).length / a.parameters.length;
    const chosen = candidates.reduce((a, b) => (score(b) > score(a) ? b : a));
    const missing = chosen.parameters.filter((p) => !values.has(p.name)).map((p) => p.name);
    if (missing.length > 0) refuse('missing-parameter', `${family.name} with ${name} also needs ${missing.join(', ')}`, { expected: hint });
    for (const r of chosen.replaces) {
      if (replaced.has(r) || (values.has(r) && !chosen.parameters.some((p) => p.name === r)))
        refuse('both-parameterisations', `${family.name} got both ${name} and what it replaces, ${r}`, { expected: hint });
      replaced.add(r);
    }
    alternatives.push(chosen);
  }
  const missing = family.parameters
    .filter((p) => p.absent === undefined && !values.has(p.name) && !replaced.has(p.name))
    .map((p) => p.name);
  if (missing.length > 0) refuse('missing-parameter', `${family.name} needs ${missing.join(', ')}`, { expected: hint });
  return { values, alternatives, replaced };
}

/** Vectors and matrices of one family have one dimension. */
function checkDimensions(family: Family, values: ReadonlyMap<string, Value>): void {
  let first: readonly [string, number] | null = null;
  for (const [name, { shape }] of values) {
    if (shape.length === 0) continue;
    if (first === null) first = [name, shape[0]!];
    else if (first[1] !== shape[0])
      refuse('wrong-shape', `${first[0]} of ${family.name} has dimension ${first[1]}, ${name} has ${shape[0]}`);
  }
}

/** A distribution of a family. @throws ModelError for wrong arguments, which it names. */
export function ofFamily(name: string, args: readonly unknown[]): Distribution {
  const family = families.get(name);
  if (family === undefined) throw new InternalError(`unknown family ${name}`);
  const { values, alternatives, replaced } = assign(family, args);
  checkDimensions(family, values);
  const canonical = (given: Arguments): Arguments => {
    const out: Record<string, ArrayExpr> = {};
    for (const p of family.parameters) {
      const own = given[p.name];
      if (own !== undefined && !replaced.has(p.name)) out[p.name] = own;
    }
    for (const a of alternatives) Object.assign(out, a.canonical(given));
    for (const p of family.parameters) if (out[p.name] === undefined && p.absent !== undefined) out[p.name] = p.absent(out);
    return out;
  };
  const symbols = Object.fromEntries(
    [...values].map(([key, { shape, values: list }]): [string, ArrayExpr] => [
      key,
      shape.length === 0 ? scalar(num(list[0]!)) : build(shape.map(num), (...at) => ref(key, at)),
    ]),
  );
  const stored = new Map([...values].filter(([, v]) => v.shape.length > 0).map(([key, v]) => [key, { ...v, gaps: null }]));
  const parameters = canonical(symbols);
  const numeric = new NumericLaw({ kind: 'family', family: name, parameters, span }, stored);
  // What an alternative stands for (a Beta's mean of 1, a matrix that is not definite) and conditions between arguments.
  for (const p of family.parameters) {
    const value = numeric.array(parameters[p.name]!);
    const scalarBad = p.rank === 0 && !(scalarDomains[p.domain] ?? Number.isFinite)(value.values[0]!);
    const problem = p.rank === 0 ? (scalarBad ? String(value.values[0]) : null) : domainProblem(p.domain, value.shape, value.values);
    if (problem !== null)
      refuse('parameter-out-of-domain', `${p.name} of ${name}, from the arguments given, is ${problem}`, {
        expected: domainWords[p.domain],
      });
  }
  for (const condition of family.conditions?.(parameters) ?? []) {
    if (!(numeric.number(condition) > 0))
      refuse('parameter-out-of-domain', `the arguments of ${name} describe no distribution: ${family.doc}`, {
        expected: family.parameters.map((p) => `${p.name}: ${p.doc}`).join('; '),
      });
  }
  const given: Given = { family, values, canonical };
  return new Distribution(`${name}(${args.map(show).join(', ')})`, numeric, [], given);
}

function requireDistribution(x: unknown, what: string): Distribution {
  return x instanceof Distribution
    ? x
    : refuse('distribution-expected', `${what} is ${show(x)}`, { expected: 'a distribution such as Normal(0, 1)' });
}

/** `sum_k weights[k] components[k]`. @throws ModelError for weights that are no probabilities and components of different kinds. */
export function mixtureOf(weights: unknown, components: unknown): Distribution {
  const w = read(weights);
  if (w === null || w.shape.length !== 1)
    return refuse('wrong-argument', `the weights of mixture are ${show(weights)}`, { expected: 'a list of numbers' });
  if (!Array.isArray(components) || components.length !== w.values.length || components.length === 0)
    return refuse('wrong-argument', 'the components of mixture are not as many as its weights', {
      expected: `a list of ${w.values.length} distributions`,
    });
  const problem = domainProblem('simplex', w.shape, w.values);
  if (problem !== null) refuse('parameter-out-of-domain', `the weights of mixture are ${problem}`, { expected: domainWords.simplex });
  const parts = components.map((c, k) => requireDistribution(c, `component ${k} of mixture`));
  const first = parts[0]!;
  for (const [k, c] of parts.entries()) {
    if (c.over.length > 0)
      refuse('wrong-argument', `component ${k} of mixture is several independent draws`, {
        hint: 'mix the laws and then repeat: iid(mixture(...), n)',
      });
    if (c.discrete !== first.discrete)
      refuse('wrong-argument', `component ${k} of mixture is ${c.discrete ? 'discrete' : 'continuous'}, component 0 is not`);
    if (c.shape.join() !== first.shape.join() || (c.shape.length > 0 && c.support.kind !== first.support.kind))
      refuse('wrong-shape', `components 0 and ${k} of mixture have draws of different kinds: ${first.text} and ${c.text}`);
    if (!c.numeric.proper) refuse('improper', `component ${k} of mixture is improper`);
  }
  // A component of weight 0 has no part in the law, nor in its support.
  const kept = parts.flatMap((c, k) =>
    w.values[k]! > 0 ? [{ weight: w.values[k]!, ...renamed(c.numeric.law, c.numeric.values, `${k}.`) }] : [],
  );
  const law: Law = { kind: 'mixtureOf', weights: kept.map((c) => num(c.weight)), components: kept.map((c) => c.law), span };
  return new Distribution(
    `mixture(${show([...w.values])}, [${parts.map((c) => c.text).join(', ')}])`,
    new NumericLaw(law, new Map(kept.flatMap((c) => [...c.values]))),
  );
}

/** `base` between two bounds, renormalised; or `censored`: a value at or beyond a bound has the tail's probability. */
export function between(kind: 'truncated' | 'censored', base: unknown, low: unknown, high: unknown): Distribution {
  const d = requireDistribution(base, `the distribution inside ${kind}`);
  const bounds = [low, high].map((b, k) =>
    typeof b === 'number' && !Number.isNaN(b)
      ? b
      : refuse('wrong-argument', `the ${k === 0 ? 'lower' : 'upper'} bound of ${kind} is ${show(b)}`, {
          expected: 'a number, or Infinity',
        }),
  );
  const [from, to] = bounds as [number, number];
  if (d.numeric.shape.length > 0) refuse('not-scalar', `${d.text} inside ${kind} has draws that are arrays`);
  if (!(from < to) && !(kind === 'truncated' && d.discrete && from === to))
    refuse('wrong-argument', `the bounds of ${kind} are ${from} and ${to}`, { expected: 'the lower below the upper' });
  const law: Law = { kind, base: d.numeric.law, low: num(from), high: num(to), span };
  if (!hasCdf(law) && isProper(law))
    refuse('no-distribution-function', `${d.text} cannot be ${kind}: its distribution function is not known`);
  const text = `${kind}(${d.text}, ${from}, ${to})`;
  const out = new Distribution(text, new NumericLaw(law, d.numeric.values), d.over);
  if (kind === 'truncated' && d.numeric.proper && !Number.isFinite(out.numeric.logProbAt(out.numeric.quantile(0.5))))
    refuse('no-mass', `${d.text} has no probability between ${from} and ${to}, or less than a number can hold`);
  return out;
}

/** Independent draws in a list of n, or rows and columns. */
export function independent(base: unknown, shape: unknown): Distribution {
  const d = requireDistribution(base, 'the distribution inside iid');
  const dims = typeof shape === 'number' ? [shape] : shape;
  if (!Array.isArray(dims) || dims.length === 0 || !dims.every((n) => Number.isInteger(n) && n >= 0))
    return refuse('wrong-argument', `the number of draws of iid is ${show(shape)}`, { expected: 'an integer, or a list of them' });
  return new Distribution(`iid(${d.text}, ${show(shape)})`, d.numeric, [...(dims as number[]), ...d.over], d.given);
}

/**
 * The law of T(X). `map` is a function of the language such as `t => log(1 + t^2)`, because a density is derived from its text.
 * @throws ModelError with what is wrong in the text.
 */
export function pushed(map: unknown, base: unknown): Distribution {
  const d = requireDistribution(base, 'the distribution inside pushforward');
  if (typeof map !== 'string')
    return refuse('wrong-argument', `the map of pushforward is ${show(map)}`, {
      expected: "the text of a function of the language, such as 't => t^2'",
    });
  // The map is read beside a law of the same kind of draws, in whose place the base is put.
  const dimension = d.numeric.shape[0] ?? 1;
  const single =
    d.numeric.shape.length === 0
      ? d.support.kind === 'integers'
        ? 'Poisson(1)'
        : 'Normal(0, 1)'
      : d.numeric.shape.length === 1
        ? `MvNormal(zeros(${dimension}), eye(${dimension}))`
        : `Wishart(${dimension}, eye(${dimension}))`;
  const source = `predict y ~ pushforward(${map}, ${d.over.length === 0 ? single : `iid(${single}, [${d.over.join(', ')}])`})`;
  const { program, diagnostics } = parse(source);
  const lowered = program === null ? null : lower(program, []);
  const errors = [...diagnostics, ...(lowered?.diagnostics ?? [])].filter((x) => x.severity === 'error');
  if (errors.length > 0 || lowered === null || lowered.graph === null)
    throw new ModelError(errors, renderDiagnostics(errors, source, 'pushforward'));
  const statement = lowered.graph.statements.find((s) => s.kind === 'predict');
  if (statement?.kind !== 'predict' || statement.law.kind !== 'pushforward')
    throw new InternalError('a pushforward was lowered to something else');
  const law: Law = { ...statement.law, base: d.numeric.law };
  return new Distribution(`pushforward(${map}, ${d.text})`, new NumericLaw(law, d.numeric.values));
}
