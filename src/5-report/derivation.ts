/**
 * What a backend derived, for people: `explain` as text, LaTeX or JSON. A derivation is printable:
 * as a string it is its text.
 */
import type { ExplainedBlock, Explanation } from '../4-infer/backend.js';

/** What a backend derived for a program. As a string it is its text. */
export class Derivation implements Explanation {
  /** The backend that would run. */
  readonly backend: string;
  /** One for each block of unknowns. */
  readonly blocks: readonly ExplainedBlock[];
  /** What is to be known beside the formulas. */
  readonly notes: readonly string[];
  /** Generated code; null without data. */
  readonly code: string | null;

  constructor({ backend, blocks, notes, code }: Explanation) {
    this.backend = backend;
    this.blocks = blocks;
    this.notes = notes;
    this.code = code;
  }

  /** One paragraph for each block of unknowns: its conditional (or factor), the statements that enter, the kernel and why. */
  toText(): string {
    const paragraphs = this.blocks.map((block) =>
      [
        `${block.block}${block.loops === '' ? '' : `  ${block.loops}`}`,
        `  ${block.family === null ? 'no family' : block.family}`,
        ...block.parameters.map((parameter) => `    ${parameter.text}`),
        ...block.factors.map((factor, i) => `  ${i === 0 ? 'from ' : '     '}${factor}`),
        `  ${block.kernel}: ${block.reason}`,
      ].join('\n'),
    );
    return [`Derived for ${this.backend}`, ...paragraphs, ...this.notes].join('\n\n');
  }

  /** The formulas as LaTeX: one description list, aligned equations for each block. */
  toLatex(): string {
    const items = this.blocks.map((block) => {
      const equations = block.parameters.map((parameter) => aligned(parameter.latex));
      return [
        `\\item[\\texttt{${escaped(block.block)}}] ${block.loops === '' ? '' : `(\\texttt{${escaped(block.loops)}}) `}${block.family === null ? `no family: ${escaped(block.reason)}` : escaped(block.family)}`,
        ...(equations.length === 0 ? [] : ['\\begin{align*}', equations.join(' \\\\\n'), '\\end{align*}']),
      ].join('\n');
    });
    return ['\\begin{description}', ...items, '\\end{description}'].join('\n');
  }

  /** The derivation as plain data; formulas are expression trees. */
  toJSON(): unknown {
    const { backend, blocks, notes } = this;
    return {
      backend,
      blocks: blocks.map((block) => ({
        ...block,
        parameters: block.parameters.map(({ name, text, json }) => ({ name, text, formula: json })),
      })),
      notes,
    };
  }

  toString(): string {
    return this.toText();
  }
}

/** Puts the alignment mark before the first equals sign. */
function aligned(formula: string): string {
  const at = formula.indexOf('=');
  return at < 0 ? formula : `${formula.slice(0, at)}&${formula.slice(at)}`;
}

/** Text inside LaTeX. */
function escaped(text: string): string {
  const words: Readonly<Record<string, string>> = {
    '\\': '\\textbackslash{}',
    '~': '\\textasciitilde{}',
    '^': '\\textasciicircum{}',
    '<': '\\textless{}',
    '>': '\\textgreater{}',
  };
  return text.replace(/[\\~^<>]|[#$%&_{}]/g, (character) => words[character] ?? `\\${character}`);
}
