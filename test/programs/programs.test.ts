/**
 * Programs written without Credence in mind, through parser, checker and binding: none may be refused.
 * The data beside them are those of the originals.
 */
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { parse } from '../../src/1-parse/parse.js';
import { bind } from '../../src/2-graph/bind.js';
import { lower } from '../../src/2-graph/lower.js';
import type { Diagnostic } from '../../src/errors/diagnostic.js';

const folder = dirname(fileURLToPath(import.meta.url));
const names = readdirSync(folder)
  .filter((name) => name.endsWith('.cred'))
  .map((name) => name.slice(0, -'.cred'.length))
  .sort();

function errors(source: string, diagnostics: readonly Diagnostic[]): string[] {
  return diagnostics
    .filter((d) => d.severity === 'error')
    .map((d) => `${d.code}: ${d.message} [${d.span ? source.slice(d.span.start, d.span.end) : ''}]`);
}

/** What a program needs that this version says it lacks; a line goes when it arrives. */
const lacking: ReadonlyMap<string, string> = new Map([
  ['bugs_biops', 'ragged-draw: The draws of `q` differ in length from one index to the next. [q[j]]'],
]);

describe.each(names)('%s', (name) => {
  const source = readFileSync(join(folder, `${name}.cred`), 'utf8');

  it('is parsed and lowered, or refused for the one thing that is not in this version', () => {
    const parsed = parse(source);
    expect(errors(source, parsed.diagnostics)).toEqual([]);
    expect(parsed.program).not.toBeNull();
    if (parsed.program === null) return;
    const lowered = lower(parsed.program, []);
    const refusal = lacking.get(name);
    expect(errors(source, lowered.diagnostics)).toEqual(refusal === undefined ? [] : [refusal]);
  });
});

const dataOf = (name: string): string => join(folder, `${name}.json`);
describe.each(names.filter((name) => existsSync(dataOf(name)) && !lacking.has(name)))('%s', (name) => {
  it('is bound to its data', () => {
    const source = readFileSync(join(folder, `${name}.cred`), 'utf8'),
      { program } = parse(source);
    const graph = program === null ? null : lower(program, []).graph;
    expect(graph).not.toBeNull();
    if (graph === null) return;
    const bound = bind(graph, JSON.parse(readFileSync(dataOf(name), 'utf8')) as Record<string, unknown>, { mode: 'infer' });
    expect(errors(source, bound.diagnostics)).toEqual([]);
    expect(bound.model).not.toBeNull();
  });
});
