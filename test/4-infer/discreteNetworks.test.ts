/**
 * Random discrete networks (2 to 4 values, to 2^16 states) against enumeration written out here, and
 * published networks against numpy (reference/networks.py): marginals, joint marginals of each node
 * with its parents, normaliser and mode to 1e-10.
 *
 * Power: dropping one factor, or reading one table along the wrong axis, is red.
 */
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DiscreteMachine, type Element } from './discreteMachine.js';

const folder = dirname(fileURLToPath(import.meta.url));

interface Node {
  readonly count: number;
  readonly parents: readonly number[];
  readonly table: readonly number[];
  readonly given: number | null;
  readonly likelihood: readonly number[] | null;
}

/** Networks of nodes with up to three parents, some with zeros in their tables, some observed, some with a likelihood of their own. */
const network: fc.Arbitrary<readonly Node[]> = fc
  .array(
    fc.record({
      count: fc.integer({ min: 2, max: 4 }),
      picks: fc.array(fc.nat(), { maxLength: 3 }),
      seed: fc.integer({ min: 1, max: 2 ** 31 - 1 }),
      zeros: fc.boolean(),
      given: fc.integer({ min: 0, max: 7 }),
      likelihood: fc.boolean(),
    }),
    { minLength: 2, maxLength: 14 },
  )
  .map((raw) => {
    const nodes: Node[] = [];
    let states = 1;
    for (const r of raw) {
      const k = nodes.length;
      const parents = [...new Set(r.picks.map((p) => (k === 0 ? -1 : p % k)))].filter((p) => p >= 0);
      const rows = parents.reduce((n, p) => n * nodes[p]!.count, 1);
      let state = r.seed;
      const next = (): number => {
        state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff;
        return state / 0x80000000;
      };
      const table = Array.from({ length: rows }, () => {
        const row = Array.from({ length: r.count }, (_, v) => (r.zeros && v > 0 && next() < 0.4 ? 0 : 0.05 + next()));
        const total = row.reduce((a, b) => a + b, 0);
        return row.map((x) => x / total);
      }).flat();
      // Evidence only where every value is possible, so that it is not contradictory.
      const given = r.given < 2 && !r.zeros && table.every((x) => x > 0) ? r.given % r.count : null;
      if (given === null && states * r.count > 2 ** 16) continue;
      if (given === null) states *= r.count;
      nodes.push({
        count: r.count,
        parents,
        table,
        given,
        likelihood: r.likelihood ? Array.from({ length: r.count }, () => 4 * next() - 2) : null,
      });
    }
    return nodes;
  });

function nested(flat: readonly number[], shape: readonly number[]): unknown {
  if (shape.length === 1) return [...flat];
  const size = flat.length / shape[0]!;
  return Array.from({ length: shape[0]! }, (_, i) => nested(flat.slice(i * size, (i + 1) * size), shape.slice(1)));
}

function program(nodes: readonly Node[]): { readonly source: string; readonly data: Record<string, unknown> } {
  const lines: string[] = [],
    data: Record<string, unknown> = {};
  nodes.forEach((n, k) => {
    const shape = [...n.parents.map((p) => nodes[p]!.count), n.count];
    lines.push(`data p${k}: simplex[${shape.join(', ')}]`);
    data[`p${k}`] = nested(n.table, shape);
    lines.push(`sample v${k} ~ Categorical(p${k}${n.parents.length === 0 ? '' : `[${n.parents.map((p) => `v${p}`).join(', ')}]`})`);
    if (n.given !== null) data[`v${k}`] = n.given;
    if (n.likelihood !== null) {
      lines.push(`data e${k}: real[${n.count}]`, `factor e${k}[v${k}]`);
      data[`e${k}`] = n.likelihood;
    }
  });
  return { source: lines.join('\n'), data };
}

/** Weights of all states of the free nodes, the last one fastest. */
function weights(nodes: readonly Node[]): { readonly free: readonly number[]; readonly log: Float64Array } {
  const free = nodes.flatMap((n, k) => (n.given === null ? [k] : []));
  const states = free.reduce((n, k) => n * nodes[k]!.count, 1);
  const value = nodes.map((n) => n.given ?? 0);
  const log = new Float64Array(states);
  for (let s = 0; s < states; s++) {
    let rest = s;
    for (let i = free.length - 1; i >= 0; i--) {
      const k = free[i]!;
      value[k] = rest % nodes[k]!.count;
      rest = Math.floor(rest / nodes[k]!.count);
    }
    let total = 0;
    nodes.forEach((n, k) => {
      const row = n.parents.reduce((r, p) => r * nodes[p]!.count + value[p]!, 0);
      total += Math.log(n.table[row * n.count + value[k]!]!) + (n.likelihood?.[value[k]!] ?? 0);
    });
    log[s] = total;
  }
  return { free, log };
}

describe('random networks', () => {
  test('are summed, marginalised and maximised as by enumeration', () => {
    fc.assert(
      fc.property(network, (nodes) => {
        const { free, log } = weights(nodes);
        if (free.length === 0) return;
        const top = Math.max(...log),
          total = log.reduce((s, l) => s + Math.exp(l - top), 0);
        const probability = log.map((l) => Math.exp(l - top) / total);
        const element = (k: number): Element => ({ name: `v${k}`, at: [] });
        const families = nodes.map((n, k) => [...n.parents, k].filter((j) => nodes[j]!.given === null)).filter((f) => f.length > 1);
        const asked = [...free.map((k) => [k]), ...families, ...families.map((f) => f.slice(-2).reverse())];
        const { source, data } = program(nodes);
        const machine = new DiscreteMachine(
          source,
          data,
          asked.map((list) => list.map(element)),
        );
        expect(machine.found.refused).toEqual([]);
        machine.call('prepare');
        // Observed nodes without unknown parents are no part of any block.
        const outside = nodes.reduce(
          (s, n, k) => s + (n.given === null || n.parents.some((p) => nodes[p]!.given === null) ? 0 : own(nodes, k)),
          0,
        );
        const likelihoods = nodes.reduce((s, n) => s + (n.given === null ? 0 : (n.likelihood?.[n.given] ?? 0)), 0);
        expect(machine.call('normaliser')).toBeCloseTo(top + Math.log(total) - outside - likelihoods, 10);
        machine.call('moments');
        asked.forEach((list, a) => {
          const strides = list.map((_, i) => list.slice(i + 1).reduce((n, j) => n * nodes[j]!.count, 1));
          const marginal = new Float64Array(list.reduce((n, k) => n * nodes[k]!.count, 1));
          const stride = free.map((k) => (list.includes(k) ? strides[list.indexOf(k)]! : 0));
          for (let s = 0; s < log.length; s++) {
            let rest = s,
              cell = 0;
            for (let i = free.length - 1; i >= 0; i--) {
              const { count } = nodes[free[i]!]!;
              cell += (rest % count) * stride[i]!;
              rest = Math.floor(rest / count);
            }
            marginal[cell] = marginal[cell]! + probability[s]!;
          }
          marginal.forEach((p, cell) => {
            const values = list.map((k, i) => Math.floor(cell / strides[i]!) % nodes[k]!.count);
            expect(Math.abs(machine.call(`probability${a}`, ...values) - p), `${list} = ${values}`).toBeLessThan(1e-10);
          });
        });
        machine.call('mode');
        const state = free.reduce((s, k) => s * nodes[k]!.count + machine.value(element(k)), 0);
        expect(log[state]).toBeCloseTo(top, 10);
      }),
      { numRuns: 30, seed: 7 },
    );
  });
});

/** log p of an observed node whose parents are observed. */
function own(nodes: readonly Node[], k: number): number {
  const n = nodes[k]!,
    row = n.parents.reduce((r, p) => r * nodes[p]!.count + nodes[p]!.given!, 0);
  return Math.log(n.table[row * n.count + n.given!]!);
}

interface Reference {
  readonly logEvidence: number;
  readonly marginals: Readonly<Record<string, readonly number[]>>;
}

describe('published networks', () => {
  const references = JSON.parse(readFileSync(join(folder, '..', 'reference', 'networks.json'), 'utf8')) as Readonly<
    Record<string, Reference>
  >;
  test.each(Object.keys(references))('%s', (name) => {
    const { logEvidence, marginals } = references[name]!;
    const source = readFileSync(join(folder, '..', 'programs', `bn_${name}.cred`), 'utf8');
    const data = JSON.parse(readFileSync(join(folder, '..', 'programs', `bn_${name}.json`), 'utf8')) as Record<string, unknown>;
    const names = Object.keys(marginals);
    const machine = new DiscreteMachine(
      source,
      data,
      names.map((n) => [{ name: n, at: [] }]),
    );
    expect(machine.blocks.reduce((n, b) => n + b.size, 0)).toBe(names.length);
    machine.call('prepare');
    machine.call('moments');
    // The evidence s = F of the survey has no parents: its log probability is no part of the block.
    expect(machine.call('normaliser')).toBeCloseTo(logEvidence - (name === 'survey' ? Math.log(0.4) : 0), 10);
    names.forEach((n, k) =>
      marginals[n]!.forEach((p, v) => expect(Math.abs(machine.call(`probability${k}`, v) - p), `${n} = ${v}`).toBeLessThan(1e-10)),
    );
  });
});
