/**
 * What a figure of the gallery is: the program it comes from, the drawing, and its numbers. A number with
 * a reference states how far it may lie from it; one that does not hold makes the gallery fail.
 */
import { readFileSync } from 'node:fs';
import { compile, type Model, type Nested } from '../src/index.js';

export interface Figure {
  /** Number in the notes: `1.1`. */
  readonly id: string;
  readonly title: string;
  /** A sentence or two on what is to be seen. */
  readonly caption: string;
  readonly programs: readonly ProgramText[];
  /** How the program was run. */
  readonly run: string;
  readonly svg: string;
  /** For readers who do not see the picture. */
  readonly description: string;
  readonly numbers: readonly Row[];
}

export interface ProgramText {
  /** Path from the root of the project. */
  readonly path: string;
  readonly text: string;
}

/** A number of a figure. */
export interface Row {
  readonly quantity: string;
  readonly value: number;
  /** What it is held against, computed without the run. */
  readonly reference?: number;
  /** Largest distance between the two; there if and only if `reference` is. */
  readonly within?: number;
}

/** A number by itself. */
export function found(quantity: string, value: number): Row {
  return { quantity, value };
}

/** A number beside its reference. */
export function held(quantity: string, value: number, reference: number, within: number): Row {
  return { quantity, value, reference, within };
}

/** Whether a row has a finite value within its tolerance. */
export function holds({ value, reference, within }: Row): boolean {
  return Number.isFinite(value) && (reference === undefined || Math.abs(value - reference) <= within!);
}

const root = new URL('../', import.meta.url);

/** A file of the project, as text. */
export function textOf(path: string): string {
  return readFileSync(new URL(path, root), 'utf8');
}

/** A JSON file of the project. */
export function jsonOf<T>(path: string): T {
  return JSON.parse(textOf(path)) as T;
}

/** A program of the project, compiled and as text. */
export function programAt(path: string): { readonly model: Model; readonly program: ProgramText } {
  const text = textOf(path);
  return { model: compile(text, path), program: { path, text } };
}

/** TypeScript of the gallery as a user of the package would write it. */
export function scriptAt(path: string): ProgramText {
  return { path, text: textOf(path).replace(/'(?:\.\.\/)+src\/distributions-api\.js'/g, "'credence/distributions'") };
}

/** The numbers of a vector. */
export function vector(value: Nested | undefined): readonly number[] {
  return value as readonly number[];
}

/** The rows of a matrix. */
export function matrix(value: Nested | undefined): readonly (readonly number[])[] {
  return value as readonly (readonly number[])[];
}

/** Matrices by their first index. */
export function matrices(value: Nested | undefined): readonly (readonly (readonly number[])[])[] {
  return value as readonly (readonly (readonly number[])[])[];
}

export function average(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** The Kolmogorov-Smirnov distance of a sample from a distribution function. */
export function kolmogorovSmirnov(values: readonly number[], cdf: (x: number) => number): number {
  const n = values.length;
  return values
    .toSorted((a, b) => a - b)
    .reduce((worst, value, k) => {
      const at = cdf(value);
      return Math.max(worst, at - k / n, (k + 1) / n - at);
    }, 0);
}
