/** The reference names what the compiler knows, no more and no less, with forms that compile. */
import { describe, expect, it } from 'vitest';
import { statementWords } from '../../src/1-parse/survey.js';
import { builtins } from '../../src/2-graph/builtins.js';
import { densityFunctions } from '../../src/2-graph/densities.js';
import { arrayFunctions, elementwiseFunctions, lawCombinators, lawFunctions, statements, types } from '../../src/2-graph/reference.js';
import { compile } from '../../src/index.js';

const sorted = (names: Iterable<string>): readonly string[] => [...names].sort();

describe('the reference', () => {
  it('lists every statement and function, once', () => {
    expect(sorted(statements.keys())).toEqual(sorted(statementWords));
    expect(sorted([...elementwiseFunctions.keys(), ...arrayFunctions.keys()])).toEqual(sorted(builtins.keys()));
    expect(sorted(lawFunctions.keys())).toEqual(sorted(densityFunctions.keys()));
  });

  it.each([...elementwiseFunctions, ...arrayFunctions])('%s takes as many arguments as its form has', (name, { form }) => {
    const written = form.slice(form.indexOf('(') + 1, -1).split(', ');
    const { least, most } = builtins.get(name)!;
    expect(form.startsWith(`${name}(`)).toBe(true);
    // `min(x)` and `max(x)` may have more: their text says so.
    if (written.includes('...')) expect(most).toBe(Infinity);
    else expect([least, name === 'min' || name === 'max' ? least : most]).toEqual([written.length, written.length]);
  });

  it.each([...types])('the type %s is one', (name, { form }) => {
    expect(compile(`data K: int data D: int data a: real data b: real data x: ${form}`).notes).toEqual([]);
    expect(() => compile(`data x: ${name}x`)).toThrow('unknown-type');
  });

  it('has forms of laws and calls that compile', () => {
    for (const { form } of lawCombinators.values()) {
      const law = form.replace('D(k)', 'Normal(v[k], 1)').replaceAll('D', 'Normal(0, 1)').replace('f(t)', 'exp(t)');
      expect(
        compile(`data n: int data K: int data w: simplex[K] data v: real[K] data low: real data high: real predict x ~ ${law}`).notes,
      ).toEqual([]);
    }
    for (const { form } of lawFunctions.values())
      expect(compile(`data x: real data p: unit report y = ${form.replace('D', 'Normal(0, 1)')}`).notes).toEqual([]);
  });

  it('says what elementwise functions are: they take an array', () => {
    for (const { form } of elementwiseFunctions.values()) {
      const call = form.replace(
        /\((.*)\)/,
        (_, names: string) =>
          `(${names
            .split(', ')
            .map(() => 'x')
            .join(', ')})`,
      );
      expect(compile(`data x: real[N] report y = ${call} report first = y[0]`).notes).toEqual([]);
    }
  });
});
