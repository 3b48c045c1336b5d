/**
 * The first walk over a program: which names exist, where they are defined and what is local.
 *
 * A `let` (or `report`) without an index inside a plate is local to the iteration; every other
 * variable belongs to the whole program. Size names are the names in types that are nothing else.
 */
import type { Diagnostic, Span } from '../errors/diagnostic.js';
import { index } from '../expr/expr.js';
import type { Program, Stmt, Syntax, TargetSyntax, TypeSyntax } from '../1-parse/ast.js';
import type { Origin } from './graph.js';
import { declarationInside, definedTwice, drawnData, indexHides, mixedDefinitions } from './messages.js';
import { pointsAsDefinitions } from './points.js';
import {
  type Declared,
  type Definition,
  type Environment,
  type Loop,
  type ProgramFunction,
  type Scope,
  innerScope,
  loopOf,
  lookUp,
} from './scope.js';

/** A statement with everything around it, in program order; blocks are gone. */
export interface Placed {
  readonly statement: Stmt;
  readonly environment: Environment;
  readonly declared: Declared | null;
}

export interface DeclaredSize {
  readonly name: string;
  readonly span: Span;
  readonly sources: { readonly variable: string; readonly axis: number }[];
}

export interface Declarations {
  readonly root: Scope;
  readonly variables: readonly Declared[];
  readonly functions: ReadonlyMap<string, ProgramFunction>;
  readonly sizes: ReadonlyMap<string, DeclaredSize>;
  readonly placed: readonly Placed[];
  /** All `for` loops, so that their bounds are checked even where the body is empty. */
  readonly loops: readonly Loop[];
}

interface Draft {
  readonly text: string;
  origin: Origin;
  readonly span: Span;
  readonly local: boolean;
  readonly definitions: Definition[];
  name: string;
}

/** Types whose name is bound by a scalar type word, with the arguments of the type where its dimensions are. */
function typesOf(s: Stmt): readonly TypeSyntax[] {
  switch (s.kind) {
    case 'data':
    case 'param':
      return [s.type];
    case 'sample':
    case 'predict':
      return s.type === null ? [] : [s.type];
    default:
      return [];
  }
}

/** Names of a program: variables with their definitions, sizes, functions, loops. Mistakes of naming are reported. */
export function declare(program: Program, report: (d: Diagnostic) => void): Declarations {
  const root: Scope = { parent: null, names: new Map() };
  const drafts: Draft[] = [];
  const byText = new Map<string, Draft>();
  const functions = new Map<string, ProgramFunction>();
  const functionSpans = new Map<string, Span>();
  const placed: { statement: Stmt; environment: Environment; declared: Draft | null }[] = [];
  const loops: Loop[] = [];

  const define = (
    statement: Stmt,
    target: { name: { text: string; span: Span } },
    origin: Origin,
    environment: Environment,
    at: readonly Syntax[],
  ): Draft => {
    const { text, span } = target.name;
    const local = (origin === 'let' || origin === 'report') && at.length === 0 && environment.plates.length > 0;
    if (local) {
      const known = environment.scope.names.get(text);
      if (known?.kind === 'variable') {
        const draft = drafts.find((d) => d === (known.variable as unknown))!;
        draft.definitions.push({ statement, environment });
        return draft;
      }
      if (known?.kind === 'index') report(definedTwice(span, text, ': it is the index of this loop'));
      const draft: Draft = { text, name: text, origin, span, local, definitions: [{ statement, environment }] };
      drafts.push(draft);
      environment.scope.names.set(text, { kind: 'variable', variable: draft });
      return draft;
    }
    const known = byText.get(text);
    if (known === undefined) {
      const draft: Draft = { text, name: text, origin, span, local, definitions: [{ statement, environment }] };
      drafts.push(draft);
      byText.set(text, draft);
      root.names.set(text, { kind: 'variable', variable: draft });
      return draft;
    }
    const joined = joinOrigins(known.origin, origin);
    if (joined !== null) {
      known.origin = joined;
      known.definitions.push({ statement, environment });
      return known;
    }
    if (known.origin === 'data' && origin === 'sample') report(drawnData(span, text));
    else if (origin === 'data' || known.origin === 'data')
      report(definedTwice(span, text, known.origin === 'data' && origin !== 'data' ? ': it is declared as data' : ''));
    else report(mixedDefinitions(span, text, known.origin, origin));
    return known;
  };

  const walk = (statements: readonly Stmt[], environment: Environment): void => {
    for (const s of statements) {
      const inside = environment.plates.length > 0 || environment.guards.length > 0;
      switch (s.kind) {
        case 'data':
          if (inside) report(declarationInside(s.span, 'data'));
          placed.push({ statement: s, environment, declared: define(s, s, 'data', environment, []) });
          break;
        case 'param':
        case 'sample':
        case 'predict':
        case 'let':
        case 'report':
          placed.push({ statement: s, environment, declared: define(s, s.target, s.kind, environment, (s.target as TargetSyntax).at) });
          break;
        case 'observe':
        case 'factor':
          placed.push({ statement: s, environment, declared: null });
          break;
        case 'fn':
          if (inside) report(declarationInside(s.span, 'fn'));
          if (functions.has(s.name.text)) report(definedTwice(s.name.span, s.name.text, ''));
          else {
            functions.set(s.name.text, { name: s.name, parameters: s.parameters, body: s.body });
            functionSpans.set(s.name.text, s.name.span);
          }
          for (const [k, p] of s.parameters.entries()) {
            if (s.parameters.findIndex((q) => q.text === p.text) < k) report(definedTwice(p.span, p.text, ' as a parameter'));
          }
          break;
        case 'for': {
          let inner = environment;
          for (const plate of s.plates) {
            if (inner.plates.some((p) => p.name.text === plate.index.text)) report(indexHides(plate.index.span, plate.index.text));
            const loop = loopOf(plate, index(plate.index.text), inner);
            const scope = innerScope(inner.scope);
            scope.names.set(plate.index.text, { kind: 'index', loop });
            loops.push(loop);
            inner = { ...inner, scope, plates: [...inner.plates, loop] };
          }
          walk(s.body, inner);
          break;
        }
        case 'if':
          walk(s.then, { ...environment, guards: [...environment.guards, { test: s.test, negated: false, environment }] });
          if (s.otherwise !== null)
            walk(s.otherwise, { ...environment, guards: [...environment.guards, { test: s.test, negated: true, environment }] });
          break;
      }
    }
  };
  walk(pointsAsDefinitions(program.statements), { scope: root, plates: [], loops: [], guards: [], conditional: false, calls: [] });

  const sizes = declareSizes(placed, root);
  nameLocals(drafts, byText, sizes);
  return { root, variables: drafts, functions, sizes, placed, loops };
}

/** Which introductions may define parts of one variable; the result is what the variable is. */
function joinOrigins(a: Origin, b: Origin): Origin | null {
  if (a === b) return a === 'data' ? null : a;
  const pair = new Set([a, b]);
  for (const random of ['sample', 'param'] as const) if (pair.has(random) && pair.has('let')) return random;
  return null;
}

function declareSizes(placed: readonly { statement: Stmt; environment: Environment }[], root: Scope): ReadonlyMap<string, DeclaredSize> {
  const sizes = new Map<string, DeclaredSize>();
  for (const { statement, environment } of placed) {
    for (const type of typesOf(statement)) {
      for (const [axis, dim] of type.dims.entries()) {
        for (const name of namesIn(dim)) {
          const binding = lookUp(environment.scope, name.name);
          if (binding !== null && binding.kind !== 'size') continue;
          let size = sizes.get(name.name);
          if (size === undefined) {
            size = { name: name.name, span: name.span, sources: [] };
            sizes.set(name.name, size);
            root.names.set(name.name, { kind: 'size', name: name.name });
          }
          if (statement.kind !== 'data' || dim !== name) continue;
          size.sources.push({ variable: statement.name.text, axis });
          const square = type.base.text === 'cov' || type.base.text === 'corr';
          if (square && type.dims.length === 1) size.sources.push({ variable: statement.name.text, axis: 1 });
        }
      }
    }
  }
  return sizes;
}
/** Names an expression mentions, calls aside; used for dimensions only, where nothing binds a name. */
function namesIn(s: Syntax): readonly (Syntax & { kind: 'name' })[] {
  switch (s.kind) {
    case 'name':
      return [s];
    case 'unary':
      return namesIn(s.operand);
    case 'binary':
      return [...namesIn(s.left), ...namesIn(s.right)];
    case 'conditional':
      return [...namesIn(s.test), ...namesIn(s.then), ...namesIn(s.otherwise)];
    case 'call':
      return s.arguments.flatMap((a) => namesIn(a.value));
    default:
      return [];
  }
}

/** Locals of different scopes may share a name: the later ones get a name no program can write. */
function nameLocals(drafts: readonly Draft[], global: ReadonlyMap<string, Draft>, sizes: ReadonlyMap<string, unknown>): void {
  const taken = new Set<string>([...global.keys(), ...sizes.keys()]);
  for (const d of drafts) {
    if (!d.local) continue;
    let name = d.text;
    for (let k = 2; taken.has(name); k++) name = `${d.text}$${k}`;
    d.name = name;
    taken.add(name);
  }
}

/** Parts of an expression, bounds of its loops included. */
function partsOf(s: Syntax): readonly Syntax[] {
  switch (s.kind) {
    case 'unary':
      return [s.operand];
    case 'binary':
      return [s.left, s.right];
    case 'conditional':
      return [s.test, s.then, s.otherwise];
    case 'call':
      return s.arguments.map((a) => a.value);
    case 'index':
      return [s.array, ...s.at.flatMap((p) => (p.kind === 'at' ? [p.value] : p.kind === 'range' ? [p.range.from, p.range.to] : []))];
    case 'array':
      return s.elements;
    case 'comprehension':
    case 'generator':
      return [s.body, ...s.plates.flatMap((p) => [p.range.from, p.range.to])];
    case 'lambda':
      return [s.body];
    default:
      return [];
  }
}

/** How a function of the program comes to call itself, `f -> g -> f`; null where it does not. */
export function pathOfCalls(functions: ReadonlyMap<string, ProgramFunction>, name: string): readonly string[] | null {
  const before = new Map<string, string | null>([[name, null]]);
  for (const caller of before.keys()) {
    const fn = functions.get(caller);
    if (fn === undefined) continue;
    for (const called of callsIn(fn.body)) {
      if (called === name) {
        const path = [name];
        for (let x: string | null = caller; x !== null; x = before.get(x) ?? null) path.unshift(x);
        return path;
      }
      if (!before.has(called)) before.set(called, caller);
    }
  }
  return null;
}

/** Functions that may call themselves: those left when all that only call finished ones are struck out. */
export function suspectsOfRecursion(functions: ReadonlyMap<string, ProgramFunction>): ReadonlySet<string> {
  const open = new Map<string, number>();
  const callers = new Map<string, string[]>();
  for (const [name, fn] of functions) {
    const called = new Set([...callsIn(fn.body)].filter((c) => functions.has(c)));
    open.set(name, called.size);
    for (const c of called) {
      const list = callers.get(c);
      if (list === undefined) callers.set(c, [name]);
      else list.push(name);
    }
  }
  const done = [...open].flatMap(([name, count]) => (count === 0 ? [name] : []));
  for (const name of done) {
    open.delete(name);
    for (const caller of callers.get(name) ?? []) {
      const left = open.get(caller)! - 1;
      open.set(caller, left);
      if (left === 0) done.push(caller);
    }
  }
  return new Set(open.keys());
}

function* callsIn(body: Syntax): Generator<string> {
  const work: Syntax[] = [body];
  for (let s = work.pop(); s !== undefined; s = work.pop()) {
    work.push(...partsOf(s));
    if (s.kind === 'call' && !('hole' in s.callee)) yield s.callee.text;
  }
}
