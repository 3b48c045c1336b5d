/**
 * Puts code into the shape the scheduler expects: references get one flat row-major offset, calls
 * of primitives on constants become constants, short loops and reductions with constant bounds are
 * unrolled (at most `unrollLimit` iterations, within a budget of nodes so that nothing explodes).
 */
import { InternalError } from '../errors/diagnostic.js';
import { add, apply, cond, exp, isConst, log, mapChildren, mul, num, one, sub, substitute, visit, zero } from '../expr/expr.js';
import type { Expr, Index, Reduce } from '../expr/expr.js';
import { primitives } from '../expr/primitives.js';
import { expressionsOf, mapCode, nestedOf, rewriter } from './analysis.js';
import type { Argument, Code, Module, Place, Storage } from './loop.js';

/** Longest loop that is unrolled. */
const unrollLimit = 8;
/** Most nodes one unrolled loop or reduction may have. */
const loopBudget = 1500;
/** Most nodes unrolling may add to one module, which bounds compile time whatever the program. */
const moduleBudget = 20000;
/**
 * What may be added besides inside long loops, where the time goes, however much the rest of the module has taken: half as much again, so
 * that compiling stays bounded.
 */
const longLoopBudget = 10000;

export type Storages = ReadonlyMap<string, Storage>;

/**
 * The flat row-major offset of a place: `((i*D1 + j)*D2 + k)`, the slowest index innermost so that
 * the part known outside a loop can be computed there.
 * @throws InternalError where the rank disagrees with the storage.
 */
export function flatten(storage: string, at: readonly Expr[], storages: Storages): readonly Expr[] {
  const declared = storages.get(storage);
  if (declared === undefined) throw new InternalError('a storage is used but not declared');
  if (declared.place === 'local') return [];
  if (declared.shape.length === 0 && at.length === 0) return [zero];
  if (at.length !== declared.shape.length) throw new InternalError('a storage is used with the wrong rank');
  return [at.reduce((offset: Expr, x, axis) => (axis === 0 ? x : add(mul(offset, num(declared.shape[axis]!)), x)), zero)];
}

/** Constant folding of one primitive whose arguments were folded. */
export function fold(e: Expr): Expr {
  if (e.op !== 'apply' || e.args.length === 0 || !e.args.every((a) => isConst(a))) return e;
  const primitive = primitives.get(e.fn);
  return primitive === undefined ? e : num(primitive.evaluate(...e.args.map((a) => (a.op === 'const' ? a.value : Number.NaN))));
}

/** Nodes of an expression, shared ones once. */
function sizeOf(e: Expr): number {
  let size = 0;
  visit(e, () => {
    size++;
  });
  return size;
}

/** Nodes of all functions of a module. */
export function sizeOfModule(module: Module): number {
  return module.functions.reduce((sum, f) => sum + f.body.reduce((own, c) => own + sizeOfCode(c), 0), 0);
}

function sizeOfCode(code: Code): number {
  let size = 2;
  for (const e of expressionsOf(code)) size += sizeOf(e);
  for (const c of nestedOf(code)) size += sizeOfCode(c);
  return size;
}

/** The reduction written out, or the reduction itself where its bounds are not short and constant. */
function unrollReduce(e: Reduce, budget: number): Expr {
  if (!isConst(e.from) || !isConst(e.to)) return e;
  const from = e.from.value,
    trips = e.to.value - from;
  if (!(trips <= unrollLimit) || trips * sizeOf(e.body) > budget) return e;
  const terms: Expr[] = [];
  for (let k = 0; k < trips; k++) terms.push(substitute(e.body, new Map([[e.index, num(from + k)]])));
  switch (e.kind) {
    case 'sum':
      return terms.length === 0 ? zero : terms.reduce(add);
    case 'prod':
      return terms.length === 0 ? one : terms.reduce(mul);
    case 'min':
      return terms.length === 0 ? num(Number.POSITIVE_INFINITY) : terms.reduce((a, b) => apply('min', a, b));
    case 'max':
      return terms.length === 0 ? num(Number.NEGATIVE_INFINITY) : terms.reduce((a, b) => apply('max', a, b));
    case 'argmax': {
      if (terms.length === 0) return e.from;
      let best = terms[0]!,
        at: Expr = e.from;
      terms.slice(1).forEach((term, k) => {
        at = cond(apply('gt', term, best), num(from + k + 1), at);
        best = apply('max', best, term);
      });
      return at;
    }
    case 'logsumexp': {
      if (terms.length === 0) return num(Number.NEGATIVE_INFINITY);
      const top = terms.reduce((a, b) => apply('max', a, b));
      const finite = apply('and', apply('gt', top, num(Number.NEGATIVE_INFINITY)), apply('lt', top, num(Number.POSITIVE_INFINITY)));
      return cond(finite, add(top, log(terms.map((term) => exp(sub(term, top))).reduce(add))), top);
    }
  }
}

/** Flat references everywhere; nothing else changes. */
export function flattenModule(module: Module): Module {
  const storages: Storages = new Map(module.storages.map((s) => [s.name, s]));
  const memo = new Map<Expr, Expr>();
  // Not bottom-up rewriting: folding may return a reference that is flat already.
  const flat = (e: Expr): Expr => {
    const known = memo.get(e);
    if (known !== undefined) return known;
    const out: Expr =
      e.op === 'ref' ? { op: 'ref', variable: e.variable, at: flatten(e.variable, e.at.map(flat), storages) } : mapChildren(e, flat);
    memo.set(e, out);
    return out;
  };
  const place = (p: Place): Place => ({ storage: p.storage, at: flatten(p.storage, p.at, storages) });
  const go = (code: Code): Code => {
    switch (code.do) {
      case 'for':
      case 'function':
        return { ...code, body: code.body.map(go) };
      case 'if':
        return { ...code, then: code.then.map(go), otherwise: code.otherwise.map(go) };
      case 'store':
      case 'categorical':
        return { ...code, into: place(code.into) };
      case 'call':
        return {
          ...code,
          into: code.into === null ? null : place(code.into),
          args: code.args.map((a): Argument => (a.kind === 'place' ? { kind: 'place', place: place(a.place) } : a)),
        };
      case 'fill':
      case 'return':
        return code;
    }
  };
  return { storages: module.storages, functions: module.functions.map((f) => ({ ...f, body: f.body.map((c) => go(mapCode(c, flat))) })) };
}

/** Folds constants and unrolls, within a share (0..1) of what may be unrolled. References must be flat already. */
export function unrollModule(module: Module, share: number): Module {
  const simplify = rewriter((e) => (e.op === 'reduce' ? simplifyUnrolled(unrollReduce(e, share * loopBudget)) : fold(e)));
  // What unrolling wrote out may fold further; it holds no unrolled reduction any more.
  const simplifyUnrolled = rewriter(fold);
  const left = { anywhere: share * moduleBudget, inLongLoops: share * longLoopBudget };
  const take = (size: number, isInLongLoop: boolean): boolean => {
    const from = isInLongLoop && size <= left.inLongLoops ? 'inLongLoops' : 'anywhere';
    if (size > left[from]) return false;
    left[from] -= size;
    return true;
  };

  const block = (list: readonly Code[], isInLongLoop: boolean): Code[] => list.flatMap((c) => unroll(mapCode(c, simplify), isInLongLoop));
  const unroll = (code: Code, isInLongLoop: boolean): readonly Code[] => {
    switch (code.do) {
      case 'for': {
        const trips = isConst(code.from) && isConst(code.to) ? Math.max(0, code.to.value - code.from.value) : Infinity;
        // Inner loops first: theirs is the overhead that counts.
        const body = block(code.body, isInLongLoop || trips > unrollLimit);
        if (trips === 0) return [];
        const size = trips * body.reduce((sum, c) => sum + sizeOfCode(c), 0);
        if (isConst(code.from) && trips <= unrollLimit && size <= share * loopBudget && !body.some(declares) && take(size, isInLongLoop)) {
          const from = code.from.value;
          // Again, because bounds inside may have become constant.
          return Array.from({ length: trips }, (_, k) => num(code.descending === true ? from + trips - 1 - k : from + k)).flatMap((at) =>
            block(
              body.map((c) => substituteCode(c, code.index, at)),
              isInLongLoop,
            ),
          );
        }
        return [{ ...code, body }];
      }
      case 'if': {
        if (isConst(code.test)) return block(code.test.value !== 0 ? code.then : code.otherwise, isInLongLoop);
        return [{ ...code, then: block(code.then, isInLongLoop), otherwise: block(code.otherwise, isInLongLoop) }];
      }
      case 'function':
        return [{ ...code, body: block(code.body, isInLongLoop) }];
      default:
        return [code];
    }
  };
  return { storages: module.storages, functions: module.functions.map((f) => ({ ...f, body: block(f.body, false) })) };
}

/** Local functions are told apart by name: a body that declares one cannot be repeated in place. */
function declares(code: Code): boolean {
  return code.do === 'function' || nestedOf(code).some(declares);
}

function substituteCode(code: Code, index: Index, value: Expr): Code {
  const map = new Map([[index, value]]);
  return mapCode(code, (e) => substitute(e, map));
}
