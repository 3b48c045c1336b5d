/**
 * How large `let`s become when definitions are written out where they are read, as derivation does.
 *
 * A chain of thousands of definitions, or twenty that each use the one before twice, would make expressions that no
 * recursive algorithm survives. Such a `let` is kept in memory like a recursion: it is computed, not written out.
 */
import { type Expr, children, variablesOf } from '../expr/expr.js';
import type { Statement } from './graph.js';

/** Several functions recurse over expressions; real programs nest some dozen levels. */
const deepest = 250;
/** Nodes of an expression, shared ones counted each time. */
const largest = 50_000;

interface Extent {
  readonly depth: number;
  readonly size: number;
}

/**
 * Those of the `let`s, given after all they read, that are too large to be written out. `isRandom`: data are computed, never written out.
 */
export function tooLargeToWriteOut(
  lets: readonly (Statement & { readonly kind: 'let' })[],
  isRandom: (name: string) => boolean,
): ReadonlySet<Statement> {
  const known = new Map<string, Extent>();
  const out = new Set<Statement>();
  for (const s of lets) {
    if (s.recursive || !isRandom(s.target.variable)) continue;
    const own = extentOf(s.value, known);
    if (own.depth > deepest || own.size > largest) {
      out.add(s);
      continue;
    }
    // A variable of several regions is as large as all of them together.
    const before = known.get(s.target.variable) ?? { depth: 0, size: 0 };
    known.set(s.target.variable, { depth: Math.max(before.depth, own.depth), size: before.size + own.size });
  }
  return out;
}

function extentOf(e: Expr, known: ReadonlyMap<string, Extent>): Extent {
  const memo = new Map<Expr, Extent>();
  const go = (x: Expr): Extent => {
    const found = memo.get(x);
    if (found !== undefined) return found;
    const inner = x.op === 'ref' ? known.get(x.variable) : undefined;
    let depth = inner?.depth ?? 0,
      size = 1 + (inner?.size ?? 0);
    for (const child of children(x)) {
      const own = go(child);
      depth = Math.max(depth, own.depth);
      size += own.size;
    }
    const extent = { depth: depth + 1, size };
    memo.set(x, extent);
    return extent;
  };
  return go(e);
}

/** Names of the variables drawn, and of what is computed from them. */
export function randomNames(statements: readonly Statement[]): ReadonlySet<string> {
  const readers = new Map<string, string[]>();
  const stack: string[] = [];
  for (const s of statements) {
    if (s.kind === 'sample' || s.kind === 'param' || s.kind === 'predict') stack.push(s.target.variable);
    if (s.kind !== 'let') continue;
    for (const name of variablesOf(s.value)) {
      const list = readers.get(name);
      if (list === undefined) readers.set(name, [s.target.variable]);
      else list.push(s.target.variable);
    }
  }
  const out = new Set<string>();
  for (let name = stack.pop(); name !== undefined; name = stack.pop()) {
    if (out.has(name)) continue;
    out.add(name);
    stack.push(...(readers.get(name) ?? []));
  }
  return out;
}
