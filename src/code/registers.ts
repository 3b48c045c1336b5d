/**
 * Registers: a cell that a loop only reads and writes at loop-invariant, provably distinct offsets
 * is kept in a local during the loop and written back once after it.
 *
 * Legal only where nothing else in the loop can see the storage: no call that may write or read it
 * (a procedure may read any storage it is given, a local function any storage it names), no fill,
 * no reference at another offset, and no return that would skip the writing back.
 */
import { children, equal, ref } from '../expr/expr.js';
import type { Expr, Index } from '../expr/expr.js';
import { Analysis, expressionsOf, isInteger, mapCode, nestedOf, rewriter, writesOf } from './analysis.js';
import type { Code, Module, Storage } from './loop.js';

/** More registers than this in one loop would only be spilled. */
const registerLimit = 16;

/** Every function of a module with its accumulations in registers. References must be flat. */
export function registerModule(module: Module): Module {
  const added: Storage[] = [];
  const storages = new Map(module.storages.map((s) => [s.name, s]));
  const fresh = (type: Storage['type']): Storage => {
    let name = `register:${added.length}`;
    while (storages.has(name)) name += ':';
    const storage: Storage = { name, type, shape: [], place: 'local' };
    added.push(storage);
    storages.set(name, storage);
    return storage;
  };
  const functions = module.functions.map((f) => ({ ...f, body: new Registers(storages, fresh).block(f.body) }));
  return { storages: [...module.storages, ...added], functions };
}

interface Access {
  readonly offset: Expr;
  readonly write: boolean;
  readonly exact: boolean;
}

class Registers {
  private readonly analysis: Analysis = new Analysis();
  private readonly functions = new Map<string, ReadonlySet<string>>();
  private readonly storages: ReadonlyMap<string, Storage>;
  private readonly fresh: (type: Storage['type']) => Storage;

  constructor(storages: ReadonlyMap<string, Storage>, fresh: (type: Storage['type']) => Storage) {
    this.storages = storages;
    this.fresh = fresh;
  }

  block(list: readonly Code[]): Code[] {
    return list.flatMap((code): readonly Code[] => {
      switch (code.do) {
        case 'for':
          return this.loop(code);
        case 'if':
          return [{ ...code, then: this.block(code.then), otherwise: this.block(code.otherwise) }];
        case 'function': {
          const body = this.block(code.body);
          this.functions.set(code.name, writesOf(code.body, this.functions));
          return [{ ...code, body }];
        }
        default:
          return [code];
      }
    });
  }

  private loop(loop: Extract<Code, { do: 'for' }>): Code[] {
    const candidates = this.candidates(loop);
    let body = loop.body;
    const before: Code[] = [],
      after: Code[] = [];
    let used = 0;
    for (const [name, offsets] of candidates) {
      used += offsets.length;
      if (used > registerLimit) break;
      const registers = offsets.map((offset) => ({ offset, register: this.fresh(this.storages.get(name)!.type) }));
      const find = (offset: Expr): Storage => registers.find((r) => equal(r.offset, offset))!.register;
      const replace = rewriter((e) => (e.op === 'ref' && e.variable === name ? ref(find(e.at[0]!).name) : e));
      const redirect = (code: Code): Code => {
        const nested = (list: readonly Code[]): readonly Code[] => list.map(redirect);
        switch (code.do) {
          case 'for':
          case 'function':
            return { ...code, body: nested(code.body) };
          case 'if':
            return { ...code, then: nested(code.then), otherwise: nested(code.otherwise) };
          case 'store':
            return code.into.storage === name ? { ...code, into: { storage: find(code.into.at[0]!).name, at: [] } } : code;
          default:
            return code;
        }
      };
      // Places first: afterwards their offsets are gone.
      body = body.map((code) => mapCode(redirect(code), replace));
      for (const { offset, register } of registers) {
        before.push({ do: 'store', into: { storage: register.name, at: [] }, value: ref(name, [offset]), accumulate: false });
        after.push({ do: 'store', into: { storage: name, at: [offset] }, value: ref(register.name), accumulate: false });
      }
    }
    return [...before, { ...loop, body: this.block(body) }, ...after];
  }

  /** Storages of which every access in the loop is to one of a few fixed cells, with these cells' offsets. */
  private candidates(loop: Extract<Code, { do: 'for' }>): readonly (readonly [string, readonly Expr[]])[] {
    const accesses = new Map<string, Access[]>();
    const spoiled = new Set<string>();
    const bound = new Set<Index>([loop.index]);
    let blocked = false;
    const note = (name: string, access: Access): void => {
      const list = accesses.get(name);
      if (list === undefined) accesses.set(name, [access]);
      else list.push(access);
    };
    const seen = new Set<Expr>();
    const read = (e: Expr): void => {
      if (seen.has(e)) return;
      seen.add(e);
      if (e.op === 'reduce') bound.add(e.index);
      if (e.op === 'element') for (const a of e.array.args) for (const i of a.indices) bound.add(i);
      if (e.op === 'ref' && e.at.length === 1) note(e.variable, { offset: e.at[0]!, write: false, exact: true });
      for (const child of children(e)) read(child);
    };
    const spoil = (code: Code): void => {
      for (const e of expressionsOf(code)) for (const name of this.analysis.facts(e).reads) spoiled.add(name);
      nestedOf(code).forEach(spoil);
    };
    const go = (code: Code): void => {
      for (const e of expressionsOf(code)) read(e);
      switch (code.do) {
        case 'for':
          bound.add(code.index);
          break;
        case 'store': {
          const storage = this.storages.get(code.into.storage);
          if (code.into.at.length === 1) {
            const exact = storage?.type === 'float64' || isInteger(code.value, this.storages);
            note(code.into.storage, { offset: code.into.at[0]!, write: true, exact });
          }
          break;
        }
        case 'categorical':
          bound.add(code.index);
          spoiled.add(code.into.storage);
          break;
        case 'fill':
          spoiled.add(code.storage);
          break;
        case 'call':
          for (const name of code.effects) spoiled.add(name);
          if (code.into !== null) spoiled.add(code.into.storage);
          for (const argument of code.args) {
            if (argument.kind === 'place') spoiled.add(argument.place.storage);
            // The body may stand outside the loop; what it reads is not known here.
            if (argument.kind === 'function') blocked = true;
            if (argument.kind === 'array') for (const i of argument.value.indices) bound.add(i);
          }
          break;
        case 'function':
          spoil(code);
          for (const name of writesOf([code], this.functions)) spoiled.add(name);
          break;
        case 'return':
          blocked = true;
          break;
        case 'if':
          break;
      }
      for (const nested of nestedOf(code)) go(nested);
    };
    loop.body.forEach(go);
    if (blocked) return [];

    const writes = writesOf(loop.body, this.functions);
    const out: [string, readonly Expr[]][] = [];
    for (const [name, list] of accesses) {
      if (spoiled.has(name) || !list.some((a) => a.write) || !list.every((a) => a.exact)) continue;
      const place = this.storages.get(name)?.place;
      if (place === 'local' || place === 'data') continue;
      const offsets: Expr[] = [];
      for (const { offset } of list) if (!offsets.some((o) => equal(o, offset))) offsets.push(offset);
      if (offsets.length > registerLimit) continue;
      const invariant = offsets.every((offset) => {
        const facts = this.analysis.facts(offset);
        return ![...facts.free].some((i) => bound.has(i)) && ![...facts.reads].some((r) => writes.has(r));
      });
      const distinct = offsets.length === 1 || offsets.every((offset) => offset.op === 'const');
      if (invariant && distinct) out.push([name, offsets]);
    }
    return out;
  }
}
