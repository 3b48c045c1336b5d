import { describe, expect, it } from 'vitest';
import { type Group, readersOf, schedule } from '../../src/2-graph/query.js';
import { run } from './interpret.js';
import { graphOf, programs } from './programs.js';
import { cpuMilliseconds } from '../cpuTime.js';

function show(groups: readonly Group[]): string {
  return groups
    .map((g) =>
      g.kind === 'single'
        ? String(g.statement.id)
        : g.kind === 'ordered'
          ? `data(${g.statements.map((s) => s.id).join(' ')})`
          : `${g.direction === 'ascending' ? 'up' : 'down'}(${show(g.body)})`,
    )
    .join(' ');
}
const order = (source: string): string => show(schedule(graphOf(source)));

describe('schedule', () => {
  it('puts every statement after what it reads', () => {
    expect(order('observe x ~ Normal(m, 1) let m = 2 * a sample a ~ Normal(0, 1) data x: real')).toBe('2 1 0');
    expect(order(programs['stateSpace']!)).toBe('0 up(1) 2');
  });
  it('fuses statements that refer to each other with shifts', () => {
    expect(order(programs['alternating']!)).toBe('up(0 1)');
    expect(order('for t in 0..<9 { let a[t] = t < 8 ? b[t+1] : 0 let b[t] = t < 8 ? a[t+1] : 1 }')).toBe('down(0 1)');
    // The same chain with the second region shifted: coordinates are elements, not loop counters.
    expect(
      order(
        'sample z[0] ~ Normal(0, 1) sample x[0] ~ Normal(z[0], 1) for t in 1..<9 { sample z[t] ~ Normal(x[t-1], 1) } for t in 0..<8 { sample x[t+1] ~ Normal(z[t+1], 1) }',
      ),
    ).toBe('0 1 up(2 3)');
  });
  it('leaves elements to the data where indices come from them', () => {
    expect(
      order('data p: int[N] sample z[0] ~ Normal(0, 1) for t in 1..<N { let m = z[p[t]] sample z[t] ~ Normal(m, 1) } factor z[0]'),
    ).toBe('0 data(1 2) 3');
    expect(order('for t in 0..<9 { let h[t] = t == 0 ? 1 : h[floor((t - 1) / 2)] }')).toBe('data(0)');
  });
  it('does not call a let recursive whose way back leads through a draw', () => {
    const g = graphOf(
      'sample z[0] ~ Normal(0, 1) for t in 1..<9 { let m = 0.9 * z[t-1] sample z[t] ~ Normal(m, 1) let h[t-1] = t == 1 ? z[t] : h[t-2] }',
    );
    expect(g.statements.map((s) => s.kind === 'let' && s.recursive)).toEqual([false, false, false, true]);
  });
  it('nests loops for grids', () => {
    expect(order(programs['grid']!)).toBe('0 up(1) up(2) up(up(3)) 4');
  });
  it('sees through reductions over earlier elements', () => {
    expect(order('data y: real[N] for t in 0..<N { let c[t] = y[t] + sum(c[j] for j in 0..<t) }')).toBe('up(0)');
    expect(order('data y: real[N] for t in 0..<N { let c[t] = y[t] + sum(c[j] for j in t+1..<N) }')).toBe('down(0)');
  });
  it('treats disjoint regions of a variable as different', () => {
    expect(order('for t in 1..<9 { sample z[t] ~ Normal(z[0], 1) } sample z[0] ~ Normal(0, 1)')).toBe('1 0');
  });
  it('orders observed data like draws where that is possible, and never refuses lags of data', () => {
    expect(
      order('data y: real[T] sample a ~ Normal(0, 1) for t in 1..<T { observe y[t] ~ Normal(a * y[t-1], 1) } observe y[0] ~ Normal(0, 1)'),
    ).toBe('0 2 up(1)');
    expect(order('data y: real[T] for t in 1..<T - 1 { observe y[t] ~ Normal(y[t-1] + y[t+1], 1) }')).toBe('0');
  });
  it('marks recursive lets only', () => {
    const g = graphOf(programs['garch']!);
    expect(g.statements.filter((s) => s.kind === 'let').map((s) => s.kind === 'let' && s.recursive)).toEqual([false, true]);
  });
  it('finds readers', () => {
    const g = graphOf(programs['hierarchicalMixture']!);
    expect(readersOf(g, 'mu').map((s) => s.id)).toEqual([3]);
    expect(readersOf(g, 'pi').map((s) => s.id)).toEqual([2]);
  });
  it('is quick for long programs', () => {
    const source = [...Array(400).keys()].map((k) => `sample a${k} ~ Normal(${k === 0 ? '0' : `a${k - 1}`}, 1)`).join('\n');
    const g = graphOf(source);
    expect(
      cpuMilliseconds(() => {
        expect(schedule(g).length).toBe(400);
      }),
    ).toBeLessThan(1000);
  });
});

describe('running by the schedule defines every element once, before it is read', () => {
  it('of recursive lets, with the values of the recursion', () => {
    const y = [1, 2, 3, 4];
    const r = run(
      graphOf(
        'data y: real[T] let h[0] = 1 for t in 1..<T { let h[t] = 0.5 * h[t-1] + y[t-1] } for t in 0..<T { let b[t] = t < T - 1 ? y[t] + b[t+1] : 0 } for t in 0..<T { let c[t] = y[t] + sum(c[j] for j in 0..<t) }',
      ),
      { y },
    );
    expect(r.values('h')).toEqual([1, 1.5, 2.75, 4.375]);
    expect(r.values('b')).toEqual([6, 5, 3, 0]);
    expect(r.values('c')).toEqual([1, 3, 7, 15]);
  });
  it('of draws that take turns: x[t] = 2 + z[t-1], z[t] = 2 + x[t]', () => {
    // Each draw is replaced by 1 + mean + sd.
    const r = run(graphOf(programs['alternating']!), {});
    expect(r.values('z').slice(0, 3)).toEqual([4, 8, 12]);
    expect(r.values('x').slice(0, 3)).toEqual([2, 6, 10]);
  });
  it('of a grid: Pascal-like sums', () => {
    const r = run(
      graphOf(
        'data g: real[I, J] let f[0, 0] = 1 for i in 1..<I { let f[i, 0] = 1 } for j in 1..<J { let f[0, j] = 1 } for i in 1..<I, j in 1..<J { let f[i, j] = f[i-1, j] + f[i, j-1] }',
      ),
      {
        g: [
          [0, 0, 0],
          [0, 0, 0],
          [0, 0, 0],
        ],
      },
    );
    expect(r.values('f')).toEqual([1, 1, 1, 1, 2, 3, 1, 3, 6]);
  });
  it.each([
    [
      'grid',
      {
        g: [
          [0, 1],
          [2, 3],
        ],
      },
    ],
    [
      'vectors',
      {
        y: [
          [0, 1],
          [2, 3],
          [1, 1],
        ],
        K: 2,
      },
    ],
    ['garch', { y: [1, 2, 3] }],
    ['stickBreaking', { x: [1, 2], K: 3 }],
    ['conditional', { use: true, x: [1, 2] }],
    ['conditional', { use: false, x: [1, 2] }],
    [
      'topics',
      {
        D: 2,
        n: [1, 3],
        w: [
          [0, 0, 0],
          [1, 1, 0],
        ],
        K: 2,
        V: 2,
      },
    ],
    ['corner', { group: [0, 0], y: [1, 2], I: 3 }],
  ])('%s', (name, data) => {
    run(graphOf(programs[name]!), data as unknown as Parameters<typeof run>[1]);
  });
});
