/**
 * What can be wrong with sizes, regions, gaps and indices once data is bound.
 *
 * Each check first tries to see by interval arithmetic that nothing is wrong, which costs nothing
 * for N rows; only what it cannot see is run through element by element.
 */
import { replaceArgument } from '../distributions/pushforward/argument.js';
import type { Diagnostic, Span } from '../errors/diagnostic.js';
import {
  type ArrayExpr,
  type Expr,
  type Index,
  add,
  children,
  freeIndices,
  index as newIndex,
  isConst,
  num,
  sub,
  variablesOf,
  visit,
} from '../expr/expr.js';
import { printText } from '../expr/print.js';
import { type BindContext, type Holes, expressionsOfSteps, maximumBytes, placeOf, stepsOf } from './bindContext.js';
import * as messages from './bindMessages.js';
import { type Bounds, type Step, boundsOf } from './compute.js';
import { elementName, nameAt } from './data.js';
import type { Law, Plate, Statement, Variable } from './graph.js';
import { lawSupport } from './lawSupport.js';
import { arraysOfLaw, mapsIn } from './query.js';

/** A loop of more iterations is refused: its counter and the arrays it fills would be too large. */
const maximumIterations = 2 ** 30;
/** More steps than this for one evaluation of a statement take minutes, and a run has thousands of evaluations. */
const maximumSteps = 2 ** 33;
/** An element-by-element check of more steps than this is left to the run. */
const affordableSteps = 3e7;
/** Regions of more cells than this are judged by their bounds only. */
const largestMarking = 2 ** 28;

type Loops = ReadonlyMap<Index, Bounds>;
const noLoops: Loops = new Map();

function bounds(b: BindContext, e: Expr, loops: Loops): Bounds | null {
  const found = boundsOf(e, loops, b.sizes, (name) => b.boundsOfVariable(name));
  if (found !== null || freeIndices(e).size > 0 || !isQuick(e) || !b.known(e)) return found;
  const value = b.evaluator.value(e);
  return Number.isNaN(value) ? null : { low: value, high: value };
}

/** True where evaluation takes no loop. */
function isQuick(e: Expr): boolean {
  let quick = true;
  visit(e, (x) => {
    if (x.op === 'reduce' || x.op === 'element') quick = false;
  });
  return quick;
}

/** Bounds of the loop indices of the steps; an index of unknown bounds is left out. */
function loopBounds(b: BindContext, steps: readonly Step[]): Loops {
  const loops = new Map<Index, Bounds>();
  for (const s of steps) {
    if (s.kind !== 'loop') continue;
    const from = bounds(b, s.from, loops),
      to = bounds(b, s.to, loops);
    if (from !== null && to !== null) loops.set(s.index, { low: from.low, high: to.high - 1 });
  }
  return loops;
}

// --- sizes ------------------------------------------------------------------------------------

/** Refuses loops, sums and arrays too large to run or to allocate; false where there is one. */
export function checkExtents(b: BindContext): boolean {
  let fine = true;
  const said = new Set<string>();
  for (const s of b.graph.statements) {
    if (checkLoops(b, s)) continue;
    fine = false;
    if (s.kind !== 'factor' && s.target !== null) said.add(s.target.variable);
  }
  for (const v of b.graph.variables.values()) {
    if (b.storages.has(v.name) || said.has(v.name)) continue;
    const extents = v.dims.map((d) => bounds(b, d, new Map()));
    if (!extents.every((d) => d !== null && d.low === d.high)) continue;
    const shape = extents.map((d) => Math.max(0, d!.high));
    const bytes = shape.reduce((product, d) => product * d, v.scalar === 'real' ? 8 : 4);
    if (bytes <= maximumBytes) continue;
    b.report(messages.tooLarge(`${v.name}[${shape.join(', ')}]`, bytes, maximumBytes, v.span));
    fine = false;
  }
  return fine;
}

/** The same for one statement, as far as its ranges are known by now. */
export function checkLoops(b: BindContext, s: Statement): boolean {
  let fine = true;
  // One reason a statement is enough.
  const refuse = (diagnostic: Diagnostic): void => {
    if (fine) b.report(diagnostic);
    fine = false;
  };
  const steps = stepsOf(s);
  const loops = loopBounds(b, steps);
  const tooMany = (from: Expr, to: Expr, what: string): void => {
    const low = bounds(b, from, loops),
      high = bounds(b, to, loops);
    if (low === null || high === null || high.high - low.low <= maximumIterations) return;
    refuse(messages.tooManyIterations(what, high.high - low.low, maximumIterations, s.span));
  };
  const tooLarge = (a: ArrayExpr, what: string): void => {
    if (a.dims.length === 0) return;
    const extents = a.dims.map((d) => bounds(b, d, loops)?.high ?? 0);
    const bytes = extents.reduce((product, d) => product * d, 8);
    if (bytes > maximumBytes) refuse(messages.tooLarge(`${what}, of shape [${extents.join(', ')}],`, bytes, maximumBytes, s.span));
  };
  for (const p of s.plates) tooMany(p.from, p.to, `the loop over ${p.index.name}`);
  // Parameters are built to be checked.
  if (s.kind === 'sample' || s.kind === 'predict' || s.kind === 'observe') {
    for (const a of arraysOfLaw(s.law)) tooLarge(a, 'a parameter');
    for (const { over } of mapsIn(s.law)) tooLarge({ indices: over.indices, dims: over.dims, body: num(0) }, 'a draw that is mapped');
  }
  let longest: { readonly count: number; readonly names: readonly string[] } = { count: 0, names: [] };
  for (const root of expressionsIn(s)) {
    forEachNode(root.expr, root.steps, (e, path) => {
      if (e.op === 'reduce') {
        tooMany(e.from, e.to, `the ${e.kind} over ${e.index.name}`);
        const nested = nestedSteps(b, [...around(e, path), { kind: 'loop', index: e.index, from: e.from, to: e.to }]);
        if (nested.count > longest.count) longest = nested;
      } else if (e.op === 'element') for (const a of e.array.args) tooLarge(a, `an argument of ${e.array.fn}`);
    });
  }
  const own = nestedSteps(b, steps);
  if (own.count > longest.count) longest = own;
  if (fine && longest.count > maximumSteps) refuse(messages.tooManySteps(longest.names, longest.count, maximumSteps, s.span));
  return fine;
}

/** The loops that a reduction depends on: it is computed once for all others. */
function around(e: Expr, path: readonly Step[]): readonly Step[] {
  const needed = new Set(freeIndices(e));
  return path
    .slice()
    .reverse()
    .filter((step) => {
      if (step.kind !== 'loop' || !needed.has(step.index)) return false;
      for (const i of [...freeIndices(step.from), ...freeIndices(step.to)]) needed.add(i);
      return true;
    })
    .reverse();
}

/** How often nested loops run in all; ranges that depend on other indices may be short for each of them and count once. */
function nestedSteps(b: BindContext, path: readonly Step[]): { readonly count: number; readonly names: readonly string[] } {
  let count = 1;
  const names: string[] = [];
  for (const step of path) {
    if (step.kind !== 'loop' || freeIndices(step.from).size > 0 || freeIndices(step.to).size > 0) continue;
    const from = bounds(b, step.from, noLoops),
      to = bounds(b, step.to, noLoops);
    if (from === null || to === null) continue;
    count *= Math.max(0, to.high - from.low);
    names.push(step.index.name);
  }
  return { count, names };
}

/** Dimensions that could not be proved equal while compiling. */
export function checkObligations(b: BindContext): void {
  const plates = new Map<Index, Plate>(b.graph.statements.flatMap((s) => s.plates.map((p): [Index, Plate] => [p.index, p])));
  for (const o of b.graph.obligations) {
    const around = platesOf([o.left, o.right], plates);
    if (around === null || ![o.left, o.right, ...around.flatMap((p) => [p.from, p.to])].every((e) => b.known(e))) continue;
    const left = b.evaluator.compile(o.left),
      right = b.evaluator.compile(o.right);
    b.evaluator.walk(stepsOf({ plates: around, guards: [] }), () => {
      // A negative dimension is an empty one.
      const l = Math.max(0, left()),
        r = Math.max(0, right());
      if (l !== r) b.report(messages.dimensionsDiffer(o.message, l, r, o.span));
      return l === r;
    });
  }
}

/** The plates that expressions stand in, outermost first; null where an index is bound by no plate. */
function platesOf(expressions: readonly Expr[], plates: ReadonlyMap<Index, Plate>): Plate[] | null {
  const found: Plate[] = [];
  const add = (e: Expr): boolean =>
    [...freeIndices(e)].every((i) => {
      const plate = plates.get(i);
      if (plate === undefined) return false;
      if (found.includes(plate)) return true;
      const complete = add(plate.from) && add(plate.to);
      found.push(plate);
      return complete;
    });
  return expressions.every(add) ? found : null;
}

// --- regions ----------------------------------------------------------------------------------

/** Each element of a variable is defined exactly once; cells of a ragged one that are not become holes. */
export function checkRegions(b: BindContext): void {
  for (const v of b.graph.variables.values()) {
    if (v.origin === 'data' || v.origin === 'constant') continue;
    const statements = b.definitions.get(v.name) ?? [];
    const shape = b.shapes.get(v.name);
    if (shape === undefined || statements.length === 0 || coversAll(b, statements, shape)) continue;
    const marks = mark(b, statements, shape);
    if (marks === null) continue;
    if (marks.outside !== null) b.report(messages.definedOutside(marks.outside.element(v.name), v.name, shape, marks.outside.span));
    if (marks.twice !== null) b.report(messages.definedTwice(elementName(v.name, marks.twice.cell, marks.shape), marks.twice.span));
    const gap = marks.cells.indexOf(0);
    if (gap < 0) continue;
    if (!v.ragged) b.report(messages.notDefined(elementName(v.name, gap, marks.shape), v.span));
    else b.holes.set(v.name, { cells: spread(marks.cells, shape, (x) => x === 0), reason: 'undefined' });
  }
}

/** True where one statement visits every cell once: its indices are its loops, from 0 to the dimension. */
function coversAll(b: BindContext, statements: readonly Statement[], shape: readonly number[]): boolean {
  const [s] = statements;
  if (s === undefined || statements.length !== 1 || s.kind === 'factor' || s.target === null || s.guards.length > 0) return false;
  const { at } = s.target;
  if (s.plates.length !== at.length || new Set(at).size !== at.length) return false;
  return at.every((e, axis) => {
    const plate = s.plates.find((p) => p.index === e);
    if (plate === undefined) return false;
    const from = bounds(b, plate.from, new Map()),
      to = bounds(b, plate.to, new Map());
    return from !== null && to !== null && from.low === 0 && from.high === 0 && to.low === to.high && Math.max(0, to.low) === shape[axis];
  });
}

interface Marks {
  readonly shape: readonly number[];
  /** How often each cell of `shape` is defined, at most 2. */
  readonly cells: Uint8Array;
  readonly twice: { readonly cell: number; readonly span: Span } | null;
  /** A definition that lies outside the variable, as a function from its name to the element's. */
  readonly outside: { readonly element: (name: string) => string; readonly span: Span } | null;
}

/** Marks the cells that statements define; null where that cannot be computed. */
function mark(b: BindContext, statements: readonly Statement[], shape: readonly number[]): Marks | null {
  const rank = Math.max(...statements.map((s) => (s.kind === 'factor' || s.target === null ? 0 : s.target.at.length)));
  const lead = shape.slice(0, rank);
  const length = lead.reduce((product, d) => product * d, 1);
  if (length > largestMarking) return null;
  const cells = new Uint8Array(length);
  let twice: Marks['twice'] = null;
  let outside: Marks['outside'] = null;
  for (const s of statements) {
    if (s.kind === 'factor' || s.target === null) continue;
    const steps = stepsOf(s);
    if (![...expressionsOfSteps(steps), ...s.target.at].every((e) => b.known(e))) return null;
    const own = lead.slice(0, s.target.at.length);
    const block = lead.slice(s.target.at.length).reduce((product, d) => product * d, 1);
    const position = b.evaluator.position(own, s.target.at);
    b.evaluator.walk(steps, () => {
      const p = position();
      if (p < 0) {
        if (outside === null) {
          const at = s.target!.at.map((e) => b.evaluator.value(e));
          outside = { element: (name) => nameAt(name, at), span: s.span };
        }
        return true;
      }
      for (let k = p * block; k < (p + 1) * block; k++) {
        if (cells[k] === 1) twice ??= { cell: k, span: s.span };
        cells[k] = 1;
      }
      return true;
    });
  }
  return { shape: lead, cells, twice, outside };
}

/** Marks of leading cells as marks of all cells. */
function spread(cells: Uint8Array, shape: readonly number[], test: (x: number) => boolean): Uint8Array {
  const length = shape.reduce((product, d) => product * d, 1);
  const block = cells.length === 0 ? 0 : length / cells.length;
  const out = new Uint8Array(length);
  cells.forEach((x, k) => {
    if (test(x)) out.fill(1, k * block, (k + 1) * block);
  });
  return out;
}

// --- gaps -------------------------------------------------------------------------------------

/**
 * Sorts missing elements: those that a statement gives a distribution become latent (the mask),
 * the others are holes. Absent data that `observe` generates is latent; what it leaves out is a hole.
 */
export function settleGaps(b: BindContext): void {
  for (const v of b.graph.variables.values()) {
    if (v.origin !== 'data' && v.origin !== 'constant' && v.origin !== 'sample' && v.origin !== 'param') continue;
    const shape = b.shapes.get(v.name);
    const stored = b.storages.get(v.name);
    if (shape === undefined) continue;
    const isData = v.origin === 'data' || v.origin === 'constant';
    const statements = (isData ? b.observations : b.definitions).get(v.name) ?? [];
    if (stored === undefined) {
      if (!isData || b.status.get(v.name) !== 'latent' || coversAll(b, statements, shape)) continue;
      const marks = mark(b, statements, shape);
      if (marks !== null && marks.cells.includes(0))
        b.holes.set(v.name, { cells: spread(marks.cells, shape, (x) => x === 0), reason: 'absent' });
      continue;
    }
    if (stored.gaps === null || coversAll(b, statements, shape)) continue;
    const marks = mark(b, statements, shape);
    if (marks === null) continue;
    const covered = statements.length === 0 ? new Uint8Array(stored.gaps.length) : spread(marks.cells, shape, (x) => x !== 0);
    const cells = stored.gaps.map((gap, k) => (gap === 1 && covered[k] === 0 ? 1 : 0));
    if (!cells.includes(1)) continue;
    const gaps = stored.gaps.map((gap, k) => (gap === 1 && covered[k] === 1 ? 1 : 0));
    b.holes.set(v.name, { cells, reason: 'missing' });
    b.storages.set(v.name, { ...stored, gaps: gaps.includes(1) ? gaps : null });
  }
}

// --- reads ------------------------------------------------------------------------------------

/** Every element that is read exists and has a value or a distribution. */
export function checkReads(b: BindContext): void {
  for (const s of b.graph.statements) {
    const steps = stepsOf(s);
    const gap = expressionsOfSteps(steps)
      .map((e) => missingElement(b, e))
      .find((name) => name !== null);
    if (gap !== undefined) {
      b.report(messages.missingInRange(gap!, s.span));
      continue;
    }
    if (s.kind === 'observe' && s.target === null) {
      const missing = missingElement(b, s.value.body);
      if (missing !== null) {
        b.report(messages.missingInExpression(missing, s.span));
        continue;
      }
    }
    const faults = new Set<string>();
    for (const root of expressionsIn(s)) {
      forEachNode(root.expr, root.steps, (e, path) => {
        if (e.op !== 'ref' || e.at.length === 0 || faults.has(e.variable)) return;
        if (!isRefInRange(b, e, path, s.span)) faults.add(e.variable);
      });
      forEachNode(root.expr, root.steps, (e, path) => {
        if (e.op !== 'ref' || faults.has(e.variable)) return;
        const holes = b.holes.get(e.variable);
        if (holes !== undefined && !isRefDefined(b, e, path, holes, s.span)) faults.add(e.variable);
      });
    }
  }
}

/** An element that is missing and that the expression depends on, through `let`s or not. */
function missingElement(b: BindContext, e: Expr): string | null {
  const seen = new Set<string>();
  const stack = [...variablesOf(e)];
  for (let name = stack.pop(); name !== undefined; name = stack.pop()) {
    if (seen.has(name)) continue;
    seen.add(name);
    const gaps = b.status.get(name) === 'partial' ? b.storages.get(name)?.gaps : null;
    if (gaps !== null && gaps !== undefined) return elementName(name, gaps.indexOf(1), b.shapes.get(name)!);
    if (b.status.get(name) !== 'deterministic') continue;
    for (const s of b.definitions.get(name) ?? [])
      if (s.kind === 'let') stack.push(...variablesOf(s.value), ...s.guards.flatMap((g) => [...variablesOf(g)]));
  }
  return null;
}

/** Reports an index outside the variable's dimensions; true where there is none. */
function isRefInRange(b: BindContext, e: Expr & { op: 'ref' }, path: readonly Step[], span: Span): boolean {
  const shape = b.shapes.get(e.variable);
  if (shape === undefined) return true;
  const loops = loopBounds(b, path);
  // A loop that is certainly empty reads nothing.
  if ([...loops.values()].some((l) => l.high < l.low)) return true;
  for (let axis = 0; axis < e.at.length; axis++) {
    const extent = shape[axis] ?? 0,
      at = e.at[axis]!;
    const range = bounds(b, at, loops);
    if (range !== null && range.low >= 0 && range.high < extent) continue;
    const steps = decidable(b, path);
    if (b.known(at) && steps !== null) {
      if (!affordable(b, steps)) continue;
      const value = b.evaluator.compile(at);
      const inRange = b.evaluator.walk(steps, () => {
        const i = value();
        if (i >= 0 && i < extent) return true;
        const reading = nameWithIndices(b, at);
        // An element of data and a loop index say themselves where they stand.
        const place = at.op === 'ref' || at.op === 'index' ? '' : placeOf(b, [...freeIndices(at)]);
        b.report(messages.indexOutOfRange(reading, place, e.variable, i, extent, axis, shape.length, span));
        return false;
      });
      if (!inRange) return false;
      continue;
    }
    // An index that is a latent itself ranges over its whole support, unless a test may keep it inside.
    if (at.op === 'ref' && range !== null && Number.isFinite(range.high) && path.every((p) => p.kind === 'loop')) {
      b.report(messages.latentIndexOutOfRange(printText(at), range.low, range.high, e.variable, extent, span));
      return false;
    }
  }
  return true;
}

/** `g[3]` for the index expression `g[n]` at n = 3; the plain formula where it reads no single element. */
function nameWithIndices(b: BindContext, at: Expr): string {
  if (at.op === 'ref')
    return nameAt(
      at.variable,
      at.at.map((i) => b.evaluator.value(i)),
    );
  return printText(at);
}

/** Reports a read of a hole; true where there is none. An index unknown before the run may be any. */
function isRefDefined(b: BindContext, e: Expr & { op: 'ref' }, path: readonly Step[], holes: Holes, span: Span): boolean {
  const shape = b.shapes.get(e.variable);
  const decided = decidable(b, path);
  if (shape === undefined || decided === null) return true;
  const steps: Step[] = [...decided];
  const at = e.at.map((x, axis) => {
    if (b.known(x)) return x;
    const any = newIndex('i');
    steps.push({ kind: 'loop', index: any, from: num(0), to: num(shape[axis]!) });
    return any;
  });
  if (!affordable(b, steps)) return true;
  const position = b.evaluator.position(shape, at);
  return b.evaluator.walk(steps, () => {
    const k = position();
    if (k < 0 || holes.cells[k] === 0) return true;
    const element = elementName(e.variable, k, shape);
    b.report(
      holes.reason === 'undefined'
        ? messages.noSuchElement(element, span)
        : messages.neverObserved(element, holes.reason === 'missing', span),
    );
    return false;
  });
}

/**
 * The steps with tests on latents removed (either way may be taken); of a conjunction the part on
 * data stays. Null where a loop's bounds are not known.
 */
export function decidable(b: BindContext, path: readonly Step[]): Step[] | null {
  const steps: Step[] = [];
  for (const s of path) {
    if (s.kind === 'loop') {
      if (!b.known(s.from) || !b.known(s.to)) return null;
      steps.push(s);
    } else for (const test of parts(s.test, s.holds)) if (b.known(test)) steps.push({ ...s, test });
  }
  return steps;
}
/** What must hold (or fail) one by one for a conjunction to hold (a disjunction to fail). */
function parts(test: Expr, holds: boolean): Expr[] {
  if (test.op === 'apply' && test.fn === (holds ? 'and' : 'or')) return test.args.flatMap((t) => parts(t, holds));
  return [test];
}

/** True where a walk over the steps takes no noticeable time. */
export function affordable(b: BindContext, steps: readonly Step[]): boolean {
  const loops = loopBounds(b, steps);
  let count = 1;
  for (const s of steps) {
    if (s.kind !== 'loop') continue;
    const range = loops.get(s.index) ?? bounds(b, sub(s.to, s.from), loops);
    count *= range === null ? 1 : Math.max(0, range.high - range.low + 1);
  }
  return count <= affordableSteps;
}

// --- walking expressions ----------------------------------------------------------------------

interface Root {
  readonly expr: Expr;
  readonly steps: readonly Step[];
}

/** Every expression of a statement with the loops and tests it stands in. */
export function expressionsIn(s: Statement): Root[] {
  const roots: Root[] = [];
  const plates: Plate[] = [];
  for (const p of s.plates) {
    const steps = stepsOf({ plates: plates.slice(), guards: [] });
    roots.push({ expr: p.from, steps }, { expr: p.to, steps });
    plates.push(p);
  }
  const steps = stepsOf(s);
  // Later conditions are evaluated only where earlier ones hold.
  s.guards.forEach((guard, k) => roots.push({ expr: guard, steps: stepsOf({ plates: s.plates, guards: s.guards.slice(0, k) }) }));
  switch (s.kind) {
    case 'let':
    case 'factor':
      roots.push({ expr: s.value, steps });
      break;
    case 'observe':
      roots.push(...arrayRoots(s.value, steps), ...lawRoots(s.law, steps));
      break;
    case 'sample':
    case 'predict':
      roots.push(...lawRoots(s.law, steps));
      break;
    case 'param':
      break;
  }
  return roots;
}

function arrayRoots(
  a: { readonly indices: readonly Index[]; readonly dims: readonly Expr[]; readonly body: Expr },
  steps: readonly Step[],
): Root[] {
  return [...a.dims.map((expr) => ({ expr, steps })), { expr: a.body, steps: inside(a, steps) }];
}

function inside(a: { readonly indices: readonly Index[]; readonly dims: readonly Expr[] }, steps: readonly Step[]): readonly Step[] {
  if (a.indices.length === 0) return steps;
  return [...steps, ...a.indices.map((index, axis): Step => ({ kind: 'loop', index, from: num(0), to: a.dims[axis]! }))];
}

function lawRoots(law: Law, steps: readonly Step[]): Root[] {
  switch (law.kind) {
    case 'family':
      return Object.values(law.parameters).flatMap((a) => arrayRoots(a, steps));
    case 'truncated':
      return [...lawRoots(law.base, steps), { expr: law.low, steps }, { expr: law.high, steps }];
    case 'mixture': {
      const inner: Step[] = [...steps, { kind: 'loop', index: law.index, from: law.from, to: law.to }];
      return [{ expr: law.from, steps }, { expr: law.to, steps }, { expr: law.weight, steps: inner }, ...lawRoots(law.component, inner)];
    }
    case 'mixtureOf':
      return [...law.weights.map((expr) => ({ expr, steps })), ...law.components.flatMap((c) => lawRoots(c, steps))];
    case 'censored':
      return [...lawRoots(law.base, steps), { expr: law.low, steps }, { expr: law.high, steps }];
    case 'pushforward': {
      const draws = inside(law.over, steps),
        support = lawSupport(law.base);
      // The argument takes the values of the base where these are indices; anything else is no index.
      const values =
        support?.kind === 'integers' && [support.low, support.high].every((e) => !isConst(e) || Number.isFinite(e.value)) ? support : null;
      const x: Index = { op: 'index', name: law.argument.text };
      const map = { ...law.map, body: replaceArgument(law.map.body, law.argument.name, () => (values === null ? num(Number.NaN) : x)) };
      const around: readonly Step[] =
        values === null ? steps : [...steps, { kind: 'loop', index: x, from: values.low, to: add(values.high, num(1)) }];
      return [...law.over.dims.map((expr) => ({ expr, steps })), ...lawRoots(law.base, draws), ...arrayRoots(map, around)];
    }
  }
}

/** Visits every node once for each path of loops and tests that leads to it. */
export function forEachNode(root: Expr, path: readonly Step[], visit: (e: Expr, path: readonly Step[]) => void): void {
  const seen = new Map<readonly Step[], Set<Expr>>();
  const go = (e: Expr, steps: readonly Step[]): void => {
    let nodes = seen.get(steps);
    if (nodes === undefined) seen.set(steps, (nodes = new Set()));
    if (nodes.has(e)) return;
    nodes.add(e);
    visit(e, steps);
    switch (e.op) {
      case 'reduce': {
        go(e.from, steps);
        go(e.to, steps);
        go(e.body, [...steps, { kind: 'loop', index: e.index, from: e.from, to: e.to }]);
        return;
      }
      case 'cond':
        go(e.test, steps);
        go(e.then, [...steps, { kind: 'test', test: e.test, holds: true }]);
        go(e.otherwise, [...steps, { kind: 'test', test: e.test, holds: false }]);
        return;
      case 'element':
        for (const x of [...e.at, ...e.array.dims]) go(x, steps);
        for (const a of e.array.args) for (const r of arrayRoots(a, steps)) go(r.expr, r.steps);
        return;
      case 'apply':
        // `a && b` says nothing of b where a fails, so what b reads there does no harm.
        if (e.fn === 'and' || e.fn === 'or') {
          go(e.args[0]!, steps);
          go(e.args[1]!, [...steps, { kind: 'test', test: e.args[0]!, holds: e.fn === 'and' }]);
          return;
        }
        for (const x of e.args) go(x, steps);
        return;
      default:
        for (const x of children(e)) go(x, steps);
    }
  };
  go(root, path);
}

// --- ranges of integers -----------------------------------------------------------------------

/** Smallest and largest value of an integer variable by its laws and definitions; null where unknown. */
export function integerRange(b: BindContext, v: Variable): Bounds | null {
  const statements = [...(b.definitions.get(v.name) ?? []), ...(b.observations.get(v.name) ?? [])];
  let low = Number.POSITIVE_INFINITY,
    high = Number.NEGATIVE_INFINITY;
  for (const s of statements) {
    const loops = loopBounds(b, stepsOf(s));
    let own: { low: Bounds | null; high: Bounds | null };
    if (s.kind === 'let') {
      const range = bounds(b, s.value, loops);
      own = { low: range, high: range };
    } else if (s.kind === 'sample' || s.kind === 'observe' || s.kind === 'predict') {
      const support = lawSupport(s.law);
      if (support === null) return null;
      switch (support.kind) {
        case 'integers':
          own = { low: bounds(b, support.low, loops), high: bounds(b, support.high, loops) };
          break;
        case 'counts':
          own = { low: { low: 0, high: 0 }, high: bounds(b, support.total, loops) };
          break;
        case 'point': {
          const range = bounds(b, support.value, loops);
          own = { low: range, high: range };
          break;
        }
        default:
          return null;
      }
    } else return null;
    if (own.low === null || own.high === null) return null;
    low = Math.min(low, own.low.low);
    high = Math.max(high, own.high.high);
  }
  return low <= high && Number.isFinite(low) && Number.isFinite(high) ? { low, high } : null;
}
