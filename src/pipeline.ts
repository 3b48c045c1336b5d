/**
 * The way of a program, one call for each phase: text to syntax tree to plated graph, data to bound
 * graph. Each collects all diagnostics it can find; what is wrong leaves here as one `ModelError`,
 * rendered with places in the program's own text.
 */
import type { Program } from './1-parse/ast.js';
import { type ParseResult, parse } from './1-parse/parse.js';
import type { TemplateSource } from './1-parse/template.js';
import { bind } from './2-graph/bind.js';
import type { BoundModel, Given } from './2-graph/bound.js';
import { indicesOf, readValue } from './2-graph/data.js';
import type { ModelGraph } from './2-graph/graph.js';
import { numericHost } from './2-graph/hostFunctions.js';
import { type HoleValue, lower } from './2-graph/lower.js';
import { type Diagnostic, ModelError, type Span } from './errors/diagnostic.js';
import { renderDiagnostics, sourceText } from './errors/render.js';
import { seconds } from './platform/platform.js';

/** Named values: of data, sizes, or sampled variables to condition on. */
export type Data = Readonly<Record<string, unknown>> | ReadonlyMap<string, unknown>;

/** A program that passed the checker. */
export interface Compiled {
  /** The text that spans of diagnostics and of the graph refer to. */
  readonly source: string;
  readonly fileName: string;
  readonly graph: ModelGraph;
  /** Warnings and notes of the checker. */
  readonly notes: readonly Diagnostic[];
  readonly seconds: number;
}

/**
 * @throws ModelError with all errors of the program, those of its syntax and, as far as statements can be read, those of names, types and
 * shapes.
 */
export function compileText(source: string, fileName: string): Compiled {
  const start = seconds();
  return checked(parse(source), [], [], { source, fileName, start });
}

/**
 * A tagged template; places in messages are places of the template with `${...}` for each host value. @throws ModelError as `compileText`.
 */
export function compileTemplate(template: TemplateSource, fileName: string): Compiled {
  const start = seconds();
  const parsed = asShown(parse(template.source, template.values.length), template.toShown);
  const problems: Diagnostic[] = [];
  const holes = template.values.map((value, hole): HoleValue => {
    const read = holeValue(value, template.holes[hole]);
    if (typeof read !== 'string') return read;
    problems.push({
      code: 'wrong-type',
      severity: 'error',
      message: `The value put in here is ${read}.`,
      span: template.holes[hole],
      expected: 'a number, a boolean, an array of numbers or a function',
    });
    return { kind: 'unusable' };
  });
  return checked(parsed, holes, problems, { source: template.shown, fileName, start });
}

/** The graph of a program, or all its errors in the order of the text; `problems` are those of its host values. */
function checked(
  parsed: ParseResult,
  holes: readonly HoleValue[],
  problems: readonly Diagnostic[],
  text: { readonly source: string; readonly fileName: string; readonly start: number },
): Compiled {
  const { source, fileName, start } = text;
  const { program, salvaged, diagnostics: ofSyntax } = parsed;
  const read = program ?? salvaged?.program;
  const { graph, diagnostics } = read === undefined ? { graph: null, diagnostics: [] } : lower(read, holes, undefined, salvaged?.lost);
  if (program === null || graph === null || problems.length > 0)
    throw modelError(inOrder([...ofSyntax, ...problems, ...diagnostics]), source, fileName);
  return { source, fileName, graph: { ...graph, source: sourceText(source) }, notes: diagnostics, seconds: seconds() - start };
}

/** What has no place comes last. */
function inOrder(diagnostics: readonly Diagnostic[]): readonly Diagnostic[] {
  return diagnostics.slice().sort((a, b) => (a.span?.start ?? Number.MAX_SAFE_INTEGER) - (b.span?.start ?? Number.MAX_SAFE_INTEGER));
}

/** The same with every span one of the text that people see. */
function asShown({ program, diagnostics, salvaged }: ParseResult, move: (span: Span) => Span): ParseResult {
  return {
    program: withSpans(program, move) as Program | null,
    diagnostics: diagnostics.map((d) => (d.span === undefined ? d : { ...d, span: move(d.span) })),
    salvaged: salvaged === null ? null : { program: withSpans(salvaged.program, move) as Program, lost: salvaged.lost },
  };
}

/** A copy of a syntax tree with every span replaced. */
function withSpans(node: unknown, move: (span: Span) => Span): unknown {
  if (Array.isArray(node)) return node.map((item) => withSpans(item, move));
  if (typeof node !== 'object' || node === null) return node;
  return Object.fromEntries(
    Object.entries(node).map(([key, value]) => [key, key === 'span' ? move(value as Span) : withSpans(value, move)]),
  );
}

/** A host value as a constant of the program, or what it is instead, in words. */
function holeValue(value: unknown, span: Span | undefined): HoleValue | string {
  if (typeof value === 'function') {
    const name = value.name === '' ? 'function' : value.name;
    return { kind: 'function', name, call: numericHost(name, value as (...args: readonly unknown[]) => unknown, span) };
  }
  if (typeof value === 'boolean') return { kind: 'boolean', value };
  if (value === undefined || value === null) return String(value);
  const reading = readValue(value);
  switch (reading.kind) {
    case 'array':
      if (reading.gaps !== null && reading.shape.length > 0)
        return `an array whose element [${indicesOf(reading.gaps.indexOf(1), reading.shape).join(',')}] is missing`;
      if (reading.shape.length > 0) return { kind: 'array', shape: reading.shape, values: reading.values };
      return Number.isNaN(reading.values[0]) ? 'not a number' : { kind: 'number', value: reading.values[0]! };
    case 'ragged':
      return `an array whose element [${reading.at.join(',')}] ${reading.found} (expected ${reading.expected})`;
    case 'nested-object':
      return reading.at.length === 0 ? 'an object' : `an array whose element [${reading.at.join(',')}] is an object`;
    case 'not-a-number':
      return reading.at.length === 0 ? reading.found : `an array whose element [${reading.at.join(',')}] is ${reading.found}`;
  }
}

/** Data bound to a program, or the diagnostics that say why not. */
export function bindData(
  program: Compiled,
  data: Data,
  mode: 'infer' | 'sample',
): { readonly bound: BoundModel | null; readonly diagnostics: readonly Diagnostic[] } {
  const unnamed = withoutNames(data, 'data');
  if (unnamed !== null) return { bound: null, diagnostics: [unnamed] };
  const { model, diagnostics } = bind(program.graph, data, { mode });
  return { bound: model, diagnostics };
}

/** What is wrong with values that are no object or Map of named values, as a program without types may pass; null where they are. */
export function withoutNames(values: unknown, what: string): Diagnostic | null {
  if (values instanceof Map) {
    const [other] = [...values.keys()].filter((name) => typeof name !== 'string');
    if (other === undefined) return null;
    return {
      code: 'wrong-type',
      severity: 'error',
      message: `The ${what} are a Map with ${typeof other === 'number' ? `the number ${other}` : `a ${typeof other}`} for a name.`,
      hint: "names are texts: new Map([['y', [...]]])",
    };
  }
  if (typeof values === 'object' && values !== null && !Array.isArray(values) && !ArrayBuffer.isView(values)) return null;
  const found = values === null ? 'null' : typeof values === 'object' ? 'an array' : `a ${typeof values}`;
  return {
    code: 'wrong-type',
    severity: 'error',
    message: `The ${what} are ${found}, not an object of values by name.`,
    hint: 'write { y: [...], K: 3 }, and {} where there are none',
  };
}

/** What a derivation of a bare program may count on: that all its data will be given. */
export function givenWithoutData(graph: ModelGraph): Given {
  const inputs = [...graph.variables.values()].filter((v) => v.origin === 'data' || v.origin === 'constant');
  return { complete: new Set(inputs.map((v) => v.name)), partial: new Set() };
}

/** Mistakes in options have no place in the program. */
const codesOfOptions: readonly string[] = ['wrong-option', 'unknown-backend', 'not-in-this-version', 'given-twice'];

/** Nobody reads more; the error carries all. */
const mostShown = 100;

/**
 * All diagnostics as one error; where some are errors, only these are rendered, and names that were given in vain: one may be a misspelling
 * of what is missing.
 */
export function modelError(diagnostics: readonly Diagnostic[], source: string, fileName: string): ModelError {
  const errors = diagnostics.filter((d) => d.severity === 'error');
  const shown =
    errors.length > 0 ? [...errors.slice(0, mostShown), ...diagnostics.filter((d) => d.code === 'ignored-values')] : diagnostics;
  const texts = shown.map((d) =>
    renderDiagnostics([d], source, d.span === undefined && codesOfOptions.includes(d.code) ? 'options' : fileName),
  );
  return new ModelError(
    diagnostics,
    [...texts, ...(errors.length > mostShown ? [`${errors.length - mostShown} more errors are not shown.`] : [])].join('\n\n'),
  );
}
