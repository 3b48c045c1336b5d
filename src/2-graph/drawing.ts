/**
 * A graph as a picture before any layout: marks for variables and factors, plates as named sets of
 * marks, arrows for "is an argument of".
 *
 * A plate of the picture is an axis of a certain size, not a loop of the text: `z[t]` for t in
 * 1..<T and `x[t]` for t in 0..<T lie on one plate. A variable with two axes of equal size lies on
 * two plates. Data that only gives a size is not drawn.
 */
import type { ArrayExpr, Expr } from '../expr/expr.js';
import { replaceArgument } from '../distributions/pushforward/argument.js';
import { freeIndices, num } from '../expr/expr.js';
import { printText, printTextArray } from '../expr/print.js';
import type { Law, ModelGraph, Plate, Statement, Variable } from './graph.js';

export type MarkKind = 'latent' | 'observed' | 'param' | 'deterministic' | 'predicted' | 'data' | 'factor';

export interface Mark {
  /** `n0`, `n1`, ...: the drawing's own, safe in every format. */
  readonly id: string;
  /** The variable's name; `factor` for factors, the text of an observed expression (`observe` if long). */
  readonly name: string;
  readonly kind: MarkKind;
  /** The families it is drawn from, `Normal` for instance; null for what has none. */
  readonly law: string | null;
  /** Identities of the plates it lies on, in the order of its axes. */
  readonly plates: readonly string[];
}

export interface PlateMark {
  /** `p0`, `p1`, ... */
  readonly id: string;
  /** `n in 0..<N`. */
  readonly label: string;
  /** `N`. */
  readonly size: string;
}

/** From an argument to what it is an argument of; a recursion is an arrow from a mark to itself. */
export interface Arrow {
  readonly from: string;
  readonly to: string;
}

export interface Drawing {
  readonly marks: readonly Mark[];
  readonly plates: readonly PlateMark[];
  readonly arrows: readonly Arrow[];
}

/** The picture of a graph, in the order of its program. */
export function drawingOf(graph: ModelGraph): Drawing {
  const plates = new Map<string, PlateMark>();
  const defined = new Map<string, Statement[]>();
  const loose: Statement[] = [];
  for (const statement of graph.statements) {
    const target = statement.kind === 'factor' ? null : statement.target;
    if (target === null) loose.push(statement);
    else defined.set(target.variable, [...(defined.get(target.variable) ?? []), statement]);
  }
  const read = new Map<string, { readonly statement: Statement; readonly at: readonly Expr[] }[]>();
  for (const statement of graph.statements) {
    for (const { variable, at } of argumentsOf(statement)) read.set(variable, [...(read.get(variable) ?? []), { statement, at }]);
  }

  const variables = [...graph.variables.values()].filter((variable) => defined.has(variable.name) || read.has(variable.name));
  const ids = new Map(variables.map((variable, at) => [variable.name, `n${at}`]));
  const marks: Mark[] = variables.map((variable) => {
    const statements = defined.get(variable.name) ?? [];
    const uses = [
      ...statements.map((statement) => ({ statement, at: statement.kind === 'factor' ? [] : (statement.target?.at ?? []) })),
      ...(statements.length === 0 ? (read.get(variable.name) ?? []) : []),
    ];
    return {
      id: ids.get(variable.name)!,
      name: variable.name,
      kind: kindOf(variable, statements),
      law: lawsOf(statements),
      plates: platesOf(variable, uses, plates),
    };
  });
  loose.forEach((statement, at) => {
    marks.push({
      id: `n${variables.length + at}`,
      name: looseName(statement),
      kind: statement.kind === 'observe' ? 'observed' : 'factor',
      law: lawsOf([statement]),
      plates: statement.plates.map((plate) => plateOf(statement, plate, graph, plates)),
    });
  });

  const arrows = new Map<string, Arrow>();
  const arrow = (from: string | undefined, to: string): void => {
    if (from !== undefined) arrows.set(`${from} ${to}`, { from, to });
  };
  for (const [name, statements] of defined) {
    for (const statement of statements) for (const { variable } of argumentsOf(statement)) arrow(ids.get(variable), ids.get(name)!);
  }
  loose.forEach((statement, at) => {
    for (const { variable } of argumentsOf(statement)) arrow(ids.get(variable), `n${variables.length + at}`);
  });
  const used = new Set(marks.flatMap((mark) => mark.plates));
  return { marks, plates: [...plates.values()].filter((plate) => used.has(plate.id)), arrows: [...arrows.values()] };
}

/** Longer expressions are not shown. */
const longestExpression = 20;
function looseName(statement: Statement): string {
  if (statement.kind !== 'observe') return statement.kind;
  const text = printTextArray(statement.value);
  return text.length > longestExpression ? statement.kind : text;
}

function kindOf(variable: Variable, statements: readonly Statement[]): MarkKind {
  if (statements.some((statement) => statement.kind === 'observe')) return 'observed';
  switch (variable.origin) {
    case 'data':
    case 'constant':
      return 'data';
    case 'param':
      return 'param';
    case 'sample':
      return 'latent';
    case 'let':
    case 'report':
      return 'deterministic';
    case 'predict':
      return 'predicted';
  }
}

function lawsOf(statements: readonly Statement[]): string | null {
  const names = new Set(statements.flatMap((statement) => ('law' in statement ? [lawName(statement.law)] : [])));
  return names.size === 0 ? null : [...names].join(', ');
}
function lawName(law: Law): string {
  switch (law.kind) {
    case 'family':
      return law.family;
    case 'truncated':
      return `truncated ${lawName(law.base)}`;
    case 'mixture':
      return `mixture of ${lawName(law.component)}`;
    case 'mixtureOf':
      return `mixture of ${[...new Set(law.components.map(lawName))].join(', ')}`;
    case 'censored':
      return `censored ${lawName(law.base)}`;
    case 'pushforward':
      return law.base.kind === 'pushforward' ? lawName(law.base) : `pushforward of ${lawName(law.base)}`;
  }
}

// --- what a statement reads -------------------------------------------------------------------

interface Reference {
  readonly variable: string;
  readonly at: readonly Expr[];
}

/** References in the law or value of a statement; those in bounds and dimensions only are left out. */
function argumentsOf(statement: Statement): readonly Reference[] {
  switch (statement.kind) {
    case 'sample':
    case 'predict':
      return references(bodiesOf(statement.law));
    case 'observe':
      return references(statement.target === null ? [statement.value.body, ...bodiesOf(statement.law)] : bodiesOf(statement.law));
    case 'let':
    case 'factor':
      return references([statement.value]);
    case 'param':
      return [];
  }
}

function bodiesOf(law: Law): readonly Expr[] {
  const bodies = (arrays: readonly ArrayExpr[]): readonly Expr[] => arrays.map((array) => array.body);
  switch (law.kind) {
    case 'family':
      return bodies(Object.values(law.parameters));
    case 'truncated':
      return [...bodiesOf(law.base), law.low, law.high];
    case 'mixture':
      return [law.weight, ...bodiesOf(law.component)];
    case 'mixtureOf':
      return [...law.weights, ...law.components.flatMap(bodiesOf)];
    case 'censored':
      return [...bodiesOf(law.base), law.low, law.high];
    case 'pushforward':
      return [...bodiesOf(law.base), replaceArgument(law.map.body, law.argument.name, () => num(Number.NaN))];
  }
}

function references(roots: readonly Expr[]): readonly Reference[] {
  const found: Reference[] = [];
  const seen = new Set<Expr>();
  const walk = (expr: Expr): void => {
    if (seen.has(expr)) return;
    seen.add(expr);
    switch (expr.op) {
      case 'const':
      case 'index':
      case 'size':
        return;
      case 'ref':
        found.push({ variable: expr.variable, at: expr.at });
        expr.at.forEach(walk);
        return;
      case 'apply':
        expr.args.forEach(walk);
        return;
      case 'reduce':
        walk(expr.body);
        return;
      case 'cond':
        [expr.test, expr.then, expr.otherwise].forEach(walk);
        return;
      case 'element':
        expr.at.forEach(walk);
        for (const array of expr.array.args) walk(array.body);
    }
  };
  roots.forEach(walk);
  return found;
}

// --- plates -----------------------------------------------------------------------------------

/** Plates of a variable: its axes that some statement runs over. */
function platesOf(
  variable: Variable,
  uses: readonly { readonly statement: Statement; readonly at: readonly Expr[] }[],
  plates: Map<string, PlateMark>,
): readonly string[] {
  return variable.dims.flatMap((_, axis) => {
    for (const { statement, at } of uses) {
      const plate = plateAt(statement, at[axis]);
      if (plate !== null) return [register(axisKey(variable, axis), plate, plates)];
    }
    return [];
  });
}

/** The plate of a loose statement: that of an axis its index runs over, or one of its own size. */
function plateOf(statement: Statement, plate: Plate, graph: ModelGraph, plates: Map<string, PlateMark>): string {
  for (const { variable, at } of argumentsOf(statement)) {
    const declared = graph.variables.get(variable);
    const axis = at.findIndex((index) => plateAt(statement, index) === plate);
    if (declared !== undefined && axis >= 0) return register(axisKey(declared, axis), plate, plates);
  }
  return register(printText(plate.to), plate, plates);
}

/** The innermost plate whose index an index expression moves with, or null. */
function plateAt(statement: Statement, index: Expr | undefined): Plate | null {
  if (index === undefined || index.op === 'ref') return null;
  const free = freeIndices(index);
  return statement.plates.findLast((plate) => free.has(plate.index)) ?? null;
}

/** Axes of equal size are one plate, but two axes of one variable never are. */
function axisKey(variable: Variable, axis: number): string {
  const sizes = variable.dims.map((size) => printText(size));
  const before = sizes.slice(0, axis).filter((size) => size === sizes[axis]).length;
  return sizes[axis]! + "'".repeat(before);
}

function register(key: string, plate: Plate, plates: Map<string, PlateMark>): string {
  const known = plates.get(key);
  if (known !== undefined) return known.id;
  const size = printText(plate.to);
  const mark: PlateMark = { id: `p${plates.size}`, label: `${plate.index.name} in 0..<${size}`, size };
  plates.set(key, mark);
  return mark.id;
}
