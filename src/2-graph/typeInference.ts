/**
 * Types of variables. Order of statements is free and definitions may be recursive, so types are found by rounds: a definition that needs a
 * type not yet known waits, another definition of the same variable may give it (`z[0] ~ MvNormal(...)` tells what `z[t-1]` is).
 */
import { type Expr, type Index, zero } from '../expr/expr.js';
import type { Stmt, Syntax, TargetSyntax } from '../1-parse/ast.js';
import type { Context } from './context.js';
import type { Declarations } from './declarations.js';
import { type DeclaredType, type Restricted, lowerType, restrict } from './declaredTypes.js';
import { lowerRange } from './expressions.js';
import type { Constraint, ScalarType } from './graph.js';
import { iidRank, lowerLaw } from './laws.js';
import { selfReference, tooDeep } from './messages.js';
import { type Places, raggedRank, type TargetPlace } from './places.js';
import { extentOf, maximumOver, mentions, rectangleOf } from './regions.js';
import type { Reports } from './reports.js';
import type { Declared, Definition, Environment, Loop, VariableType } from './scope.js';
import { type IndexRange, unknownDimension } from './shapes.js';
import { type Poison, isPoison, joinScalars, pending, poison } from './types.js';

/** Nesting at which the type of another variable is not looked for any more. */
const deepestAttempt = 100;
/** Rounds of type inference; each settles at least one variable or ends. */
const mostRounds = 64;

/** What lowering has used of what it may. */
export interface Budget {
  /** Calls and inlined functions so far. */
  work: number;
  /** Nesting of the expression at hand. */
  depth: number;
}

/** A statement that draws. */
export type DrawSyntax = Extract<Stmt, { readonly law: Syntax; readonly target: TargetSyntax }>;

/** What one definition says of its variable. */
interface DefinitionType {
  readonly scalar: ScalarType;
  readonly trailing: readonly Expr[];
  readonly eventRank: number;
  readonly constraint: Constraint;
}

/** The law of a statement that draws, restricted as its annotation says. */
export function restrictedLaw(
  context: Context,
  s: DrawSyntax,
  environment: Environment,
): (Restricted & { readonly constraint: Constraint }) | Poison {
  const law = lowerLaw(context, s.law, environment);
  if (s.type === null) return isPoison(law) ? law : { law, ordered: null, constraint: { kind: 'none' } };
  const type = lowerType(context, s.type, environment);
  if (isPoison(law)) return law;
  if (isPoison(type)) return type;
  const r = restrict(context, law, type, s.type, environment);
  return isPoison(r) ? r : { ...r, constraint: type.constraint };
}

/** The variable an observed expression is an element, slice or whole of. */
function nameOf(s: Syntax): string | null {
  return s.kind === 'name' ? s.name : s.kind === 'index' ? nameOf(s.array) : null;
}

/** The types of variables and the ranges of loops, found when they are asked for. */
export class TypeInference {
  private readonly context: Context;
  private readonly declarations: Declarations;
  private readonly places: Places;
  private readonly reports: Reports;
  private readonly budget: Budget;
  private readonly types = new Map<Declared, VariableType | Poison>();
  private readonly bounds = new Map<Loop, IndexRange>();
  private attempted = new Set<Declared>();
  private inferring = false;
  /** True where something that was asked for has no type yet. */
  private waited = false;

  constructor(context: Context, declarations: Declarations, places: Places, reports: Reports, budget: Budget) {
    this.context = context;
    this.declarations = declarations;
    this.places = places;
    this.reports = reports;
    this.budget = budget;
  }

  /** The type of a variable; poison where it has none, and `pending` where it has none yet. */
  typeOf(variable: Declared): VariableType | Poison {
    const known = this.types.get(variable);
    if (known !== undefined) return known;
    // Long chains of definitions wait for the next round rather than nest.
    if (this.inferring && !this.attempted.has(variable) && this.budget.depth < deepestAttempt) {
      this.attempt(variable);
      const now = this.types.get(variable);
      if (now !== undefined) return now;
    }
    if (!this.inferring) return poison;
    this.waited = true;
    return pending;
  }

  /** Between which bounds a loop runs. */
  range(loop: Loop): IndexRange {
    const known = this.bounds.get(loop);
    if (known !== undefined) return known;
    const before = this.waited;
    this.waited = false;
    const range = lowerRange(this.context, loop.range, loop.outside, 'A loop') ?? { from: unknownDimension, to: unknownDimension };
    // Bounds that wait for a type are asked for again.
    if (!this.waited && !this.inferring) this.bounds.set(loop, range);
    this.waited ||= before;
    return range;
  }

  /** Finds the types of all variables; reports those that only know of themselves. */
  infer(): void {
    const circular: Declared[] = [];
    this.inferring = true;
    this.reports.quietly(() => {
      this.rounds(circular);
    });
    this.inferring = false;
    this.budget.work = 0;
    for (const v of circular) this.context.report(selfReference(v.span, v.text));
    for (const v of this.declarations.variables) if (!this.types.has(v)) this.context.report(tooDeep(v.span));
  }

  /** @param circular gets the data whose dimensions are given by their own shape */
  private rounds(circular: Declared[]): void {
    for (let round = 0; round < mostRounds; round++) {
      const before = this.typeKeys();
      this.attempted = new Set();
      this.waited = false;
      // Definitions stand in any order, so the rounds go both ways.
      const variables = round % 2 === 0 ? this.declarations.variables : this.declarations.variables.slice().reverse();
      for (const v of variables) if (!this.attempted.has(v)) this.attempt(v);
      // A definition that came before the one it reads has seen a type that was not the last word: `let h[0] = 1` alone is an int.
      if (!this.waited && (round === 0 || this.typeKeys() === before)) break;
      if (this.typeKeys() !== before) continue;
      // Only recursion without a beginning is left: it speaks of scalars.
      const open = this.declarations.variables.filter((v) => !this.types.has(v));
      const assumed = open.find((v) => v.origin !== 'data') ?? open[0];
      if (assumed === undefined) break;
      if (assumed.origin === 'data') {
        this.types.set(assumed, poison);
        circular.push(assumed);
      } else this.types.set(assumed, this.assumedType(assumed));
    }
  }

  private typeKeys(): string {
    return this.declarations.variables
      .map((v) => {
        const t = this.types.get(v);
        return t === undefined ? '?' : isPoison(t) ? '!' : `${t.scalar}${t.dims.length}`;
      })
      .join(' ');
  }

  private assumedType(v: Declared): VariableType {
    const places = v.definitions.map((d) => this.places.placeOf(v, d)).filter((p): p is TargetPlace => p !== null);
    return {
      scalar: 'real',
      dims: this.extents(places, v),
      eventRank: 0,
      ragged: raggedRank(places),
      constraint: { kind: 'none' },
      here: null,
    };
  }

  private attempt(v: Declared): void {
    this.attempted.add(v);
    // The definition that could not be read may be the one that says what the variable is.
    if (this.context.lost.names.has(v.text)) {
      this.types.set(v, poison);
      return;
    }
    const places: TargetPlace[] = [];
    const parts: DefinitionType[] = [];
    let waits = false;
    const before = this.waited;
    for (const d of v.definitions) {
      this.waited = false;
      const place = this.places.placeOf(v, d);
      const part = this.definitionType(v, d);
      if (this.waited) waits = true;
      if (place !== null) places.push(place);
      if (part !== null) parts.push(part);
    }
    this.waited = before || waits;
    const first = parts[0];
    if (first === undefined) {
      if (!waits) this.types.set(v, poison);
      return;
    }
    const known = this.types.get(v);
    const old = known !== undefined && !isPoison(known) ? known.scalar : first.scalar;
    const random = parts.find((p) => p.eventRank > 0) ?? first;
    const constraint = parts.find((p) => p.constraint.kind !== 'none')?.constraint ?? first.constraint;
    // Regions under conditions need not all exist.
    const rectangle = v.local || v.definitions.some((d) => d.environment.guards.length > 0) ? null : rectangleOf(places);
    const leading = rectangle ?? this.extents(places, v);
    const plates = this.platesOf(v);
    // Rows of different lengths are stored in a rectangle as long as the longest.
    const uneven = first.trailing.map((d) => mentions(d, new Set(plates.map((p) => p.index))));
    const raggedTrailing = uneven.lastIndexOf(true) + 1;
    this.types.set(v, {
      scalar: parts.map((p) => p.scalar).reduce(joinScalars, old),
      dims: [...leading, ...first.trailing.map((d, k) => (uneven[k] ? maximumOver(d, plates) : d))],
      eventRank: random.eventRank,
      constraint,
      ragged: raggedTrailing > 0 ? leading.length + raggedTrailing : rectangle === null ? raggedRank(places) : 0,
      here: v.local && v.definitions.length === 1 ? first.trailing : null,
    });
  }

  private platesOf(v: Declared): readonly { readonly index: Index; readonly range: IndexRange }[] {
    return v.definitions.flatMap((d) => d.environment.plates).map((l) => ({ index: l.index, range: this.range(l) }));
  }

  private extents(places: readonly TargetPlace[], v: Declared): readonly Expr[] {
    const rank = Math.min(...places.map((p) => p.axes.length));
    if (!Number.isFinite(rank)) return [];
    const plates = this.platesOf(v);
    return [...Array(rank).keys()].map((axis) =>
      extentOf(
        places.map((p) => {
          const a = p.axes[axis]!;
          return a.ragged ? { ...a, from: zero, to: maximumOver(a.to, plates) } : a;
        }),
      ),
    );
  }

  private definitionType(v: Declared, d: Definition): DefinitionType | null {
    const s = d.statement;
    switch (s.kind) {
      case 'data':
      case 'param': {
        const t = lowerType(this.context, s.type, d.environment);
        return isPoison(t)
          ? null
          : {
              scalar: t.scalar,
              trailing: t.dims,
              eventRank: s.kind === 'param' ? t.eventRank : this.observedRank(v, t),
              constraint: t.constraint,
            };
      }
      case 'sample':
      case 'predict': {
        const r = restrictedLaw(this.context, s, d.environment);
        if (isPoison(r)) return null;
        const { law } = r;
        return {
          scalar: law.discrete ? 'int' : 'real',
          trailing: [...law.batch, ...law.eventDims],
          eventRank: law.eventDims.length,
          constraint: r.constraint,
        };
      }
      case 'let':
      case 'report': {
        const value = this.context.expression(s.value, d.environment);
        return isPoison(value) ? null : { scalar: value.scalar, trailing: value.dims, eventRank: 0, constraint: { kind: 'none' } };
      }
      default:
        return null;
    }
  }

  /** Data observed as whole vectors are vectors of one draw each. */
  private observedRank(v: Declared, t: DeclaredType): number {
    if (t.eventRank > 0) return t.eventRank;
    let rank = 0;
    for (const { statement } of this.declarations.placed) {
      if (
        statement.kind !== 'observe' ||
        nameOf(statement.value) !== v.text ||
        statement.law.kind !== 'call' ||
        'hole' in statement.law.callee
      )
        continue;
      rank = Math.max(rank, this.eventRankOf(statement.law));
    }
    return Math.min(rank, t.dims.length);
  }

  private eventRankOf(law: Syntax): number {
    if (law.kind !== 'call' || 'hole' in law.callee)
      return law.kind === 'generator'
        ? this.eventRankOf(law.body)
        : law.kind === 'array' && law.elements[0] !== undefined
          ? this.eventRankOf(law.elements[0])
          : 0;
    const family = this.context.families.get(law.callee.text);
    if (family !== undefined) return family.eventRank;
    const [, source] = law.arguments;
    if (
      law.callee.text === 'pushforward' &&
      source?.value.kind === 'call' &&
      !('hole' in source.value.callee) &&
      source.value.callee.text === 'iid'
    )
      return iidRank(source.value);
    return Math.max(0, ...law.arguments.map((a) => this.eventRankOf(a.value)));
  }
}
