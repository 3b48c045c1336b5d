/** Every formula of `explain` as LaTeX is accepted by an engine for mathematics, with heads that are subscripted names. */
import { readFileSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import temml from 'temml';
import { describe, expect, it } from 'vitest';
import { compile, ModelError } from '../../src/index.js';
import { exampleNames } from '../claims.js';
import { examples as factors } from './caviModels.js';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..', 'examples');
const programs = [
  ...exampleNames().flatMap((name) =>
    readdirSync(join(root, name))
      .filter((f) => f.endsWith('.cred'))
      .map((file) => [`${name}/${file}`, readFileSync(join(root, name, file), 'utf8')] as const),
  ),
  ...factors.map((f) => [f.title, f.source] as const),
  [
    'names that LaTeX knows otherwise',
    'data μ_max: real data x_1: real[N_0] sample σ²: positive ~ Gamma(2, 1) sample under_score ~ Normal(μ_max, 1) for n in 0..<N_0 { observe x_1[n] ~ Normal(under_score, variance: σ²) }'.replaceAll(
      'σ²',
      'σ_2',
    ),
  ] as const,
  [
    'laws of other kinds',
    'data y: int data s: real[N] sample n ~ Poisson(6) observe y ~ Binomial(n, 0.3) sample v ~ Pareto(1, 2) for i in 0..<N { observe s[i] ~ Uniform(0, v) } sample w ~ truncated(Gamma(2, 1), 0.1, 3) sample l ~ Laplace(0, 1) observe s ~ Normal(l, 1)',
  ] as const,
];
const backendNames = ['gibbs', 'cavi', 'em', 'exact', 'mh', 'map', 'laplace'] as const;

function latexOf(source: string, backend: string): string | null {
  try {
    return compile(source).explain({ backend }).toLatex();
  } catch (error) {
    if (error instanceof ModelError) return null;
    throw error;
  }
}

describe('the LaTeX of explain', () => {
  let compiled = 0;
  it.each(programs)('compiles: %s', (_, source) => {
    for (const backend of backendNames) {
      const latex = latexOf(source, backend);
      if (latex === null) continue;
      for (const [, equations] of latex.matchAll(/\\begin\{align\*\}\n([\s\S]*?)\n\\end\{align\*\}/g)) {
        compiled++;
        expect(
          () => temml.renderToString(`\\begin{align*}${equations}\\end{align*}`, { throwOnError: true, displayMode: true }),
          equations!,
        ).not.toThrow();
        // Text heads are words; everything else is mathematics, in which an index is a subscript.
        for (const line of equations!.split(' \\\\\n')) expect(line.split(' &= ')[0]).not.toMatch(/[A-Za-z}]\[/);
      }
      // Outside of equations every special character is escaped.
      const prose = latex.replace(/\\begin\{align\*\}[\s\S]*?\\end\{align\*\}/g, '');
      expect(prose.replace(/\\[#$%&_{}]|\\[a-z]+\{\}|\\(?:begin|end|item|texttt)\b/gi, '')).not.toMatch(/[#$%&_^~\\]/);
    }
  });
  it('is there for most of them', () => {
    expect(compiled).toBeGreaterThan(3 * programs.length);
  });

  it('has subscripts for heads and Iverson brackets for choices', () => {
    const latex = compile(readFileSync(join(root, '01-hierarchical-mixture', 'model.cred'), 'utf8'))
      .explain({ backend: 'gibbs' })
      .toLatex();
    expect(latex).toContain('\\alpha_i &= 10 + \\sum_{n=0}^{N-1} \\mathbb{1}\\left[z_n = i\\right]');
    expect(latex).toContain('\\mathit{precision}_{i,j} &= ');
    expect(latex).toContain('\\mathit{logWeight}_k &= \\log\\left(\\pi_k\\right)');
    const matrices = compile(
      'data y: real[N, 2] sample P ~ Wishart(4, eye(2)) sample s ~ HalfNormal(1) for n in 0..<N { observe y[n] ~ MvNormal(zeros(2), precision: P) observe y[n, 0] ~ Normal(0, s) }',
    )
      .explain({ backend: 'gibbs' })
      .toLatex();
    expect(matrices).toContain('\\left(\\mathit{scale}^{-1}\\right)_{i,j} &= ');
  });
});
