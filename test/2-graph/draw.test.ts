import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { index, num, ref, size } from '../../src/expr/expr.js';
import { parse } from '../../src/1-parse/parse.js';
import { drawDot, drawGraph } from '../../src/2-graph/draw.js';
import { drawSvg } from '../../src/2-graph/drawSvg.js';
import { drawingOf } from '../../src/2-graph/drawing.js';
import type { Drawing, Mark } from '../../src/2-graph/drawing.js';
import type { ModelGraph, Statement, Variable } from '../../src/2-graph/graph.js';
import { lower } from '../../src/2-graph/lower.js';

function graphOf(source: string): ModelGraph {
  const { program, diagnostics } = parse(source);
  expect(diagnostics).toEqual([]);
  const result = lower(program!, []);
  expect(result.diagnostics.filter((diagnostic) => diagnostic.severity === 'error')).toEqual([]);
  return result.graph!;
}
/** Marks by name as `kind law [plate labels]`. */
function marksOf(source: string): Record<string, string> {
  const drawing = drawingOf(graphOf(source));
  const label = (id: string): string => drawing.plates.find((plate) => plate.id === id)!.label;
  return Object.fromEntries(
    drawing.marks.map((mark) => [mark.name, `${mark.kind} ${mark.law ?? '-'} [${mark.plates.map(label).join('; ')}]`]),
  );
}
/** Arrows as `from -> to`. */
function arrowsOf(source: string): readonly string[] {
  const drawing = drawingOf(graphOf(source));
  const name = (id: string): string => drawing.marks.find((mark) => mark.id === id)!.name;
  return drawing.arrows.map((arrow) => `${name(arrow.from)} -> ${name(arrow.to)}`).sort();
}

const mixture = `
  data x: real[N, D]
  data K: int
  sample pi ~ Dirichlet(fill(10, K))
  for k in 0..<K { sample mu[k] ~ MvNormal(zeros(D), 5 * eye(D)) }
  for n in 0..<N {
    sample  z[n] ~ Categorical(pi)
    observe x[n] ~ MvNormal(mu[z[n]], 0.4 * eye(D))
  }`;
const stateSpace = `
  data x: real[T]
  sample z[0] ~ Normal(0, 1)
  for t in 1..<T { sample z[t] ~ Normal(0.9 * z[t-1], 0.25) }
  for t in 0..<T { observe x[t] ~ Normal(z[t], 0.45) }`;
const ratings = `
  data r: real[U, I]
  param m: real
  for u in 0..<U { sample a[u] ~ Normal(0, 1) }
  for i in 0..<I { sample b[i] ~ Normal(0, 1) }
  for u in 0..<U, i in 0..<I { observe r[u, i] ~ Normal(m + a[u] + b[i], 1) }`;
const everything = `
  data g: int[N] data y: real[N] data w: real[N]
  param beta: real
  sample s ~ HalfNormal(1)
  sample a ~ iid(Normal(0, s), 3)
  for n in 0..<N {
    let m = a[g[n]] + beta * w[n]
    observe y[n] ~ truncated(Normal(m, s), 0, inf)
    predict y2[n] ~ Normal(m, s)
    factor -0.5 * m^2
    observe log(w[n]) ~ Normal(m, 1)
  }
  report q = mean(a)`;

describe('drawingOf', () => {
  it('puts the Gaussian mixture on its two plates', () => {
    expect(marksOf(mixture)).toEqual({
      x: 'observed MvNormal [n in 0..<N]',
      pi: 'latent Dirichlet []',
      mu: 'latent MvNormal [k in 0..<K]',
      z: 'latent Categorical [n in 0..<N]',
    });
    expect(arrowsOf(mixture)).toEqual(['mu -> x', 'pi -> z', 'z -> x']);
  });

  it('draws a recursion as an arrow to itself, on one plate with what is observed at all times', () => {
    expect(marksOf(stateSpace)).toEqual({ x: 'observed Normal [t in 0..<T]', z: 'latent Normal [t in 0..<T]' });
    expect(arrowsOf(stateSpace)).toEqual(['z -> x', 'z -> z']);
  });

  it('puts crossed observations on both plates', () => {
    expect(marksOf(ratings)).toMatchObject({
      r: 'observed Normal [u in 0..<U; i in 0..<I]',
      a: 'latent Normal [u in 0..<U]',
      b: 'latent Normal [i in 0..<I]',
      m: 'param - []',
    });
  });

  it('knows every kind of mark', () => {
    const marks = marksOf(everything);
    expect(marks).toMatchObject({
      g: 'data - [n in 0..<N]',
      w: 'data - [n in 0..<N]',
      beta: 'param - []',
      s: 'latent HalfNormal []',
      y: 'observed truncated Normal [n in 0..<N]',
      y2: 'predicted Normal [n in 0..<N]',
      factor: 'factor - [n in 0..<N]',
      'log(w[n])': 'observed Normal [n in 0..<N]',
      q: 'deterministic - []',
    });
    expect(arrowsOf(everything)).toEqual(
      expect.arrayContaining(['g -> m', 'w -> m', 'beta -> m', 'm -> y', 's -> y', 'w -> log(w[n])', 'm -> factor', 'a -> q']),
    );
  });

  it('keeps two axes of one size apart', () => {
    expect(marksOf('data A: real[N, N] for i in 0..<N, j in 0..<N { observe A[i, j] ~ Normal(0, 1) }')).toEqual({
      A: 'observed Normal [i in 0..<N; j in 0..<N]',
    });
  });

  it('gives the same drawing whatever the order of independent statements', () => {
    const reversed = everything
      .split('\n')
      .filter((line) => !line.includes('report'))
      .join('\n');
    expect(arrowsOf(`report q = mean(a)\n${reversed}`)).toEqual(arrowsOf(everything));
  });
});

/** A graph by hand, with names no program could have. */
function graphWithNames(observed: string, latent: string): ModelGraph {
  const span = { start: 0, end: 0 };
  const n = index('n<"&]');
  const plates = [{ index: n, from: num(0), to: size('N"') }];
  const variable = (name: string, origin: Variable['origin']): Variable => ({
    name,
    origin,
    scalar: 'real',
    dims: [size('N"')],
    eventRank: 0,
    constraint: { kind: 'none' },
    ragged: false,
    reported: true,
    span,
  });
  const scalar = (body: ReturnType<typeof ref> | ReturnType<typeof num>): { indices: []; dims: []; body: typeof body } => ({
    indices: [],
    dims: [],
    body,
  });
  const law = (
    mean: ReturnType<typeof ref> | ReturnType<typeof num>,
  ): { kind: 'family'; family: string; parameters: { mean: ReturnType<typeof scalar> }; span: typeof span } => ({
    kind: 'family',
    family: 'Nor<mal>',
    parameters: { mean: scalar(mean) },
    span,
  });
  const statements: readonly Statement[] = [
    { id: 0, kind: 'sample', plates, guards: [], span, target: { variable: latent, at: [n] }, law: law(num(0)) },
    {
      id: 1,
      kind: 'observe',
      plates,
      guards: [],
      span,
      target: { variable: observed, at: [n] },
      value: scalar(ref(observed, [n])),
      law: law(ref(latent, [n])),
    },
  ];
  return {
    sizes: new Map(),
    variables: new Map([
      [latent, variable(latent, 'sample')],
      [observed, variable(observed, 'data')],
    ]),
    statements,
    obligations: [],
    hostFunctions: [],
  };
}

const wicked = [
  'a"b',
  'a\\',
  '</svg><script>alert(1)</script>',
  'end',
  'a]b',
  'x"]; evil -> node; y["',
  '&amp;',
  "it's",
  'a\nb',
  '#quot;',
  '%%',
];

describe('names of the user', () => {
  it.each(wicked)('%j stays a text in every format', (name) => {
    const graph = graphWithNames(name, `${name}_latent`);
    const svg = drawGraph(graph, 'svg');
    expect(svg).not.toMatch(/<script|alert\(1\)<\/script/);
    expect(wellFormed(svg)).toBe(true);
    const dot = drawGraph(graph, 'dot');
    // Outside quoted texts there is nothing but ours.
    const bare = dot.replace(/"(?:\\[\s\S]|[^"\\])*"/g, '""');
    expect(bare).not.toContain('"""');
    expect(bare).toMatch(/^digraph model \{[\w\s=[\],;{}".-]*(?:n0 -> n1;)\s*\}\s*$/);
    const mermaid = drawGraph(graph, 'mermaid');
    for (const line of mermaid.split('\n').filter((text) => /^\s*(?:n\d|subgraph)/.test(text)))
      expect(line).toMatch(/^\s*(?:n\d+\(\["[^"]*"\]\):::\w+|n\d+ --> n\d+|subgraph g\d+ \["[^"]*"\])$/);
    expect((JSON.parse(drawGraph(graph, 'json')) as Drawing).marks.map((mark) => mark.name)).toEqual([`${name}_latent`, name]);
  });
});

/** Tags match, and no bare `<`, `&` or quote stands in texts and attributes. */
function wellFormed(xml: string): boolean {
  const open: string[] = [];
  const rest = xml.replace(
    /<(\/?)([a-z]+)((?:\s[\w:-]+="[^"<&]*(?:&#\d+;[^"<&]*)*")*)\s*(\/?)>/g,
    (_, closing: string, tag: string, _attributes: string, empty: string) => {
      if (closing === '/') return open.pop() === tag ? '' : '<';
      if (empty === '') open.push(tag);
      return '';
    },
  );
  return open.length === 0 && !rest.replace(/&#\d+;/g, '').match(/[<&]/);
}

describe('dot and Mermaid', () => {
  it('nest plates inside one another', () => {
    const nested = 'data y: real[J, M] for j in 0..<J { sample t[j] ~ Normal(0, 1) for i in 0..<M { observe y[j, i] ~ Normal(t[j], 1) } }';
    expect(drawGraph(graphOf(nested), 'dot')).toMatch(
      /subgraph cluster_0 \{\s*label="j in 0\.\.<J"[^{}]*t\\nNormal[^{}]*subgraph cluster_1 \{\s*label="i in 0\.\.<M"[^{}]*y\\nNormal[^{}]*\}\s*\}/,
    );
    expect(drawGraph(graphOf(nested), 'mermaid')).toMatch(
      /subgraph g0 \["j in 0..#60;J"\]\n[^\n]*t<br\/>Normal[^\n]*\n\s*subgraph g1 \["i in 0..#60;M"\]\n[^\n]*y<br\/>Normal[^\n]*\n\s*end\n\s*end/,
    );
  });

  it('put what lies on crossing plates inside of one of them, in a dashed group that names both', () => {
    const dot = drawGraph(graphOf(ratings), 'dot');
    expect([...dot.matchAll(/label="([^"]*\.\.[^"]*)"/g)].map((match) => match[1])).toEqual([
      'u in 0..<U',
      'i in 0..<I',
      'u in 0..<U, i in 0..<I',
    ]);
    expect(dot).toMatch(
      /label="i in 0\.\.<I"[^{}]*style=rounded;[^{}]*"b\\nNormal"[^{}]*\{\s*label="u in 0\.\.<U, i in 0\.\.<I"[^{}]*style="rounded,dashed";[^{}]*"r\\nNormal"[^{}]*\}\s*\}/,
    );
    const mermaid = drawGraph(graphOf(ratings), 'mermaid');
    expect(mermaid).toMatch(
      /subgraph g1 \["i in 0..#60;I"\]\n[^\n]*b<br\/>Normal[^\n]*\n\s*subgraph g2 \["u in 0..#60;U, i in 0..#60;I"\]\n[^\n]*r<br\/>Normal[^\n]*\n\s*end\n\s*end/,
    );
    expect(mermaid).toContain('  style g2 stroke-dasharray:5 3');
  });
  it('draw every mark once, inside of groups that name all its plates, for any sets of plates', () => {
    fc.assert(
      fc.property(drawings, (drawing) => {
        const lines = drawDot(drawing).split('\n'),
          open: string[] = [],
          found = new Map<string, string>();
        for (const line of lines) {
          const label = /^\s+label="([^"]*)"/.exec(line)?.[1],
            mark = /^\s+(n\d+) \[/.exec(line)?.[1];
          if (/subgraph/.test(line)) open.push('');
          else if (label !== undefined) open[open.length - 1] = label;
          else if (/^ +\}$/.test(line)) open.pop();
          if (mark !== undefined) {
            expect(found.has(mark)).toBe(false);
            found.set(mark, [...new Set(open.flatMap((l) => l.split(', ')))].sort().join(' '));
          }
        }
        for (const mark of drawing.marks) expect(found.get(mark.id)).toBe([...mark.plates].sort().join(' '));
      }),
      { seed: 5, numRuns: 200 },
    );
  });

  it('shade what is observed and dash what is computed', () => {
    const dot = drawGraph(graphOf(everything), 'dot');
    expect(dot).toMatch(/label="y\\n[^\n]*style=filled, fillcolor="#c8c8c8"/);
    expect(dot).toMatch(/label="q"[^\n]*style=dashed/);
  });
});

// --- geometry of the SVG ----------------------------------------------------------------------

interface Box {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}
function attributes(text: string): Record<string, string> {
  return Object.fromEntries([...text.matchAll(/([\w-]+)="([^"]*)"/g)].map((match) => [match[1]!, match[2]!]));
}
function boxOf(shape: string): Box {
  const of = attributes(shape);
  const value = (name: string): number => Number(of[name]);
  return shape.startsWith('<ellipse')
    ? {
        left: value('cx') - value('rx'),
        right: value('cx') + value('rx'),
        top: value('cy') - value('ry'),
        bottom: value('cy') + value('ry'),
      }
    : { left: value('x'), right: value('x') + value('width'), top: value('y'), bottom: value('y') + value('height') };
}
/** Boxes of the marks in their order (`title` first), rectangles of plates by label. */
function geometry(svg: string): {
  readonly marks: ReadonlyMap<string, Box>;
  readonly plates: readonly { readonly label: string; readonly box: Box }[];
  readonly view: Box;
} {
  const marks = new Map(
    [...svg.matchAll(/<g><title>([^<~]*?)(?: ~ [^<]*)?<\/title>(<[^>]*\/>)/g)].map((match): [string, Box] => [match[1]!, boxOf(match[2]!)]),
  );
  const plates = [...svg.matchAll(/<g>(<rect [^>]*\/>)<text[^>]*>([^<]*)</g)].map((match) => ({ label: match[2]!, box: boxOf(match[1]!) }));
  const [x, y, width, height] = /viewBox="([^"]*)"/.exec(svg)![1]!.split(' ').map(Number) as [number, number, number, number];
  return { marks, plates, view: { left: x, top: y, right: x + width, bottom: y + height } };
}
function contains(outer: Box, inner: Box): boolean {
  return outer.left <= inner.left && outer.right >= inner.right && outer.top <= inner.top && outer.bottom >= inner.bottom;
}
function disjoint(a: Box, b: Box): boolean {
  return a.right < b.left || b.right < a.left || a.bottom < b.top || b.bottom < a.top;
}

/** Random drawings: marks on any sets of four plates, so that nested, crossing and tangled plates all occur. */
const drawings: fc.Arbitrary<Drawing> = fc
  .record({
    sets: fc.array(fc.subarray(['p0', 'p1', 'p2', 'p3']), { minLength: 1, maxLength: 9 }),
    arrows: fc.array(fc.tuple(fc.nat({ max: 8 }), fc.nat({ max: 8 })), { maxLength: 14 }),
    kinds: fc.array(fc.constantFrom('latent' as const, 'observed' as const, 'data' as const, 'factor' as const), {
      minLength: 9,
      maxLength: 9,
    }),
  })
  .map(({ sets, arrows, kinds }) => {
    const marks = sets.map((plates, at): Mark => ({ id: `n${at}`, name: `v${at}`, kind: kinds[at]!, law: null, plates }));
    const ends = arrows.map(([a, b]) => [Math.min(a, b), Math.max(a, b)] as const).filter(([, b]) => b < marks.length);
    return {
      marks,
      plates: ['p0', 'p1', 'p2', 'p3']
        .filter((plate) => sets.some((set) => set.includes(plate)))
        .map((id) => ({ id, label: id, size: id })),
      arrows: [...new Map(ends.map(([a, b]) => [`${a} ${b}`, { from: `n${a}`, to: `n${b}` }])).values()],
    };
  });

describe('the SVG drawing', () => {
  it('encloses a mark by the rectangle of a plate exactly if it lies on it, for any sets of plates', () => {
    fc.assert(
      fc.property(drawings, (drawing) => {
        const svg = drawSvg(drawing);
        expect(wellFormed(svg)).toBe(true);
        const { marks, plates, view } = geometry(svg);
        expect(marks.size).toBe(drawing.marks.length);
        for (const mark of drawing.marks) {
          const box = marks.get(mark.name)!;
          expect(contains(view, box)).toBe(true);
          for (const plate of drawing.plates) {
            const rectangles = plates.filter(({ label }) => label === plate.label);
            expect(rectangles.some((rectangle) => contains(rectangle.box, box))).toBe(mark.plates.includes(plate.id));
            if (!mark.plates.includes(plate.id)) for (const rectangle of rectangles) expect(disjoint(rectangle.box, box)).toBe(true);
          }
          for (const other of drawing.marks) if (other !== mark) expect(disjoint(box, marks.get(other.name)!)).toBe(true);
        }
      }),
      { seed: 11, numRuns: 150 },
    );
  });

  it('keeps a plate in one piece where that is possible, even if arrows get longer', () => {
    const mark = (id: string, plates: readonly string[]): Mark => ({ id, name: id, kind: 'latent', law: null, plates });
    const svg = drawSvg({
      marks: [mark('n0', ['p0']), mark('n1', ['p0', 'p1']), mark('n2', ['p1']), mark('n3', []), mark('n4', ['p0'])],
      plates: [
        { id: 'p0', label: 'a', size: 'a' },
        { id: 'p1', label: 'b', size: 'b' },
      ],
      arrows: [
        { from: 'n0', to: 'n2' },
        { from: 'n4', to: 'n2' },
        { from: 'n3', to: 'n1' },
        { from: 'n0', to: 'n3' },
        { from: 'n3', to: 'n2' },
      ],
    });
    expect(
      geometry(svg)
        .plates.map(({ label }) => label)
        .sort(),
    ).toEqual(['a', 'b']);
  });

  it('draws users by items as two rectangles that overlap, neither inside the other', () => {
    const { plates } = geometry(drawGraph(graphOf(ratings), 'svg'));
    expect(plates).toHaveLength(2);
    const [a, b] = plates.map(({ box }) => box) as [Box, Box];
    expect(disjoint(a, b)).toBe(false);
    expect(contains(a, b) || contains(b, a)).toBe(false);
  });

  it('draws nested plates inside one another, edges apart', () => {
    const nested = 'data y: real[J, M] for j in 0..<J { for i in 0..<M { observe y[j, i] ~ Normal(0, 1) } }';
    const { plates } = geometry(drawGraph(graphOf(nested), 'svg'));
    const box = (label: string): Box => plates.find((plate) => plate.label.includes(label))!.box;
    const [outer, inner] = [box('J'), box('M')];
    expect(inner.left - outer.left).toBeGreaterThan(5);
    expect(outer.right - inner.right).toBeGreaterThan(5);
    expect(inner.top - outer.top).toBeGreaterThan(5);
    expect(outer.bottom - inner.bottom).toBeGreaterThan(5);
  });

  it('puts arguments above what they are arguments of', () => {
    const { marks } = geometry(drawGraph(graphOf(mixture), 'svg'));
    expect(marks.get('pi')!.bottom).toBeLessThan(marks.get('z')!.top);
    expect(marks.get('z')!.bottom).toBeLessThan(marks.get('x')!.top);
    expect(marks.get('mu')!.bottom).toBeLessThan(marks.get('x')!.top);
  });

  it('takes an empty program', () => {
    for (const format of ['svg', 'dot', 'mermaid', 'json'] as const)
      expect(drawGraph(graphOf(''), format)).not.toMatch(/NaN|Infinity|undefined/);
    expect(wellFormed(drawGraph(graphOf(''), 'svg'))).toBe(true);
  });

  it('is the same text every time', () => {
    expect(drawGraph(graphOf(everything), 'svg')).toBe(drawGraph(graphOf(everything), 'svg'));
  });
});
