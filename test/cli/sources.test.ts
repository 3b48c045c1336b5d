/**
 * How flags become values: tables as people have them, with the messages for what cannot be read.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it, vi } from 'vitest';
import { type DataFlags, readValues } from '../../src/cli/sources.js';
import { compile, ModelError, type Tensor } from '../../src/index.js';

const folder = mkdtempSync(join(tmpdir(), 'credence-sources-'));
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

const model = compile(
  'data y: real[N] data group: int[N] data Sepal_Length: real[N] sample m ~ Normal(0, 1) for n in 0..<N { observe y[n] ~ Normal(m * group[n] + Sepal_Length[n], 1) }',
);
function table(text: string): string {
  const path = join(folder, 't.csv');
  writeFileSync(path, text);
  return path;
}
function read(
  text: string,
  flags: DataFlags = {},
): Record<string, { readonly values: readonly number[]; readonly levels: readonly string[] | undefined }> {
  const values = readValues(model, { ...flags, data: [table(text)] });
  return Object.fromEntries(
    [...values].map(([name, value]) => [name, { values: [...(value as Tensor).values], levels: (value as Tensor).levels }]),
  );
}
function refusal(action: () => unknown): string {
  try {
    action();
  } catch (thrown) {
    if (thrown instanceof ModelError)
      return thrown.diagnostics
        .map(({ code, message, hint }) => `${code}: ${message}${hint === undefined ? '' : ` | ${hint.replaceAll(`${folder}/`, '')}`}`)
        .join('\n');
    throw thrown;
  }
  return 'accepted';
}

describe('tables', () => {
  it('bind columns whose names cannot be written in the language', () => {
    expect(read('"",y,Sepal.Length\n1,2,3\n')).toEqual({
      y: { values: [2], levels: undefined },
      Sepal_Length: { values: [3], levels: undefined },
    });
    // The very name goes before one that is like it.
    expect(read('Sepal.Length,Sepal_Length\n1,2\n')).toEqual({ Sepal_Length: { values: [2], levels: undefined } });
    expect(refusal(() => read('Sepal.Length,Sepal Length\n1,2\n'))).toBe(
      'bad-csv: The columns "Sepal.Length" and "Sepal Length" are both meant by Sepal_Length. | say which one: --data Sepal_Length=t.csv:Sepal Length',
    );
  });

  it('pass on a column whose name is nearly one that nobody gives, so that it is pointed out', () => {
    expect(Object.keys(read('y,GROUP,colour\n1,2,3\n')).sort()).toEqual(['GROUP', 'y']);
    expect([...readValues(model, { data: [table('y,GROUP\n1,2\n')], set: ['group=[0]'] }).keys()]).toEqual(['y', 'group']);
  });

  it('bind a column with a comma in its name', () => {
    expect([...(readValues(model, { data: [`y=${table('"cost, total"\n4\n')}:cost, total`] }).get('y') as Tensor).values]).toEqual([4]);
  });

  it.each([
    ['1.5,2\n3,4\n', 'bad-csv: the first line, 1.5, 2, holds numbers instead of names | the first line names the columns'],
    [
      '1.5,a\n3,b\n',
      'no-such-data: None of the columns 1.5, a is declared by the program. | the first line names the columns, and this one looks like data',
    ],
    [
      'y group\n1 a\n',
      'no-such-data: None of the columns y group is declared by the program. | columns are separated by commas, semicolons, tabs or bars',
    ],
    [
      '# made by hand\ny\n1\n',
      'no-such-data: None of the columns # made by hand is declared by the program. | comments have no place in a table: the first line names the columns',
    ],
    ['GROUP\n1\n', 'no-such-data: None of the columns GROUP is declared by the program. | did you mean --data group=t.csv:GROUP?'],
    [
      'outcome\n1\n',
      'no-such-data: None of the columns outcome is declared by the program. | bind columns by name: --data y=t.csv:outcome',
    ],
    [
      'width,length\n1,2\n',
      'no-such-data: None of the columns width, length is declared by the program. | bind columns by name: --data y=t.csv:width (columns of a matrix: y=t.csv:width,length)',
    ],
    ['y,group\n', 'bad-csv: The table has a header and no rows.'],
  ])('%j is refused with what may be the matter', (text, said) => {
    expect(refusal(() => read(text))).toBe(said);
  });
});

describe('files', () => {
  it('of another name are JSON, and what is a table says how it should be called', () => {
    const path = join(folder, 'x.txt');
    writeFileSync(path, 'y;group\n1;2\n');
    const said = 'bad-json: Found "y" where a value is expected | it is read as JSON: the name of a table ends in .csv or .tsv';
    expect(refusal(() => readValues(model, { data: [path] }))).toBe(said);
    expect(refusal(() => readValues(model, { data: [`y=${path}`] }))).toBe(said);
    writeFileSync(path, '{"y": [1, }');
    expect(refusal(() => readValues(model, { data: [path] }))).not.toContain('.csv');
  });
});

describe('--levels', () => {
  it('orders words, and codes numbers that are names', () => {
    expect(read('group\nhigh\nlow\n', { levels: ['group=low, high'] })['group']).toEqual({ values: [1, 0], levels: ['low', 'high'] });
    expect(read('group\n372\n308\n372\n', { levels: ['group'] })['group']).toEqual({ values: [1, 0, 1], levels: ['308', '372'] });
    expect(read('group\n"a, b"\nc\n', { levels: ['group=["c", "a, b"]'] })['group']).toEqual({ values: [1, 0], levels: ['c', 'a, b'] });
  });

  it.each([
    [['group=low'], 'wrong-levels: the levels low do not name high, which the column holds | name every value once'],
    [['grop=low,high'], 'wrong-option: No column of a table is bound to grop. | did you mean group?'],
    [['group', 'group=low,high'], 'given-twice: Levels of group are given twice.'],
    [['=low,high'], 'wrong-option: "=low,high" is not of the form name=value. | for example --levels size=small,medium,large'],
  ])('%j is refused', (levels, said) => {
    expect(refusal(() => read('group\nlow\nhigh\n', { levels }))).toBe(said);
  });
});

describe('--missing', () => {
  it('holds for every column', () => {
    expect(read('y,group\n-999,a\n.,.\n', { missing: ['.', '-999'] })).toEqual({
      y: { values: [Number.NaN, Number.NaN], levels: undefined },
      group: { values: [0, Number.NaN], levels: ['a'] },
    });
  });
});

describe('predictions', () => {
  const levelsOf = (text: string, known: readonly string[], flags: DataFlags = {}): readonly string[] | undefined =>
    (readValues(model, { ...flags, data: [table(text)] }, { group: known }).get('group') as Tensor).levels;

  it('read what was words in the run as words, whatever the new rows hold', () => {
    expect(levelsOf('group\n372\n308\n', ['308', '372'])).toEqual(['308', '372']);
    expect(levelsOf('group\n2\n10\n', ['10', '2', 'x'])).toEqual(['10', '2']);
    expect(levelsOf('group\ntrue\nfalse\n', ['false', 'maybe', 'true'])).toEqual(['false', 'true']);
    expect((readValues(model, { data: [`group=${table('g\n7\n')}:g`] }, { group: ['7', 'x'] }).get('group') as Tensor).levels).toEqual([
      '7',
    ]);
    // Without levels of a run these are numbers.
    expect((readValues(model, { data: [table('group\n2\n10\n')] }).get('group') as Tensor).levels).toBeUndefined();
    expect([
      ...(readValues(model, { data: [table('group\n-999.0\n2\n')], missing: ['-999'] }, { group: ['2', 'x'] }).get('group') as Tensor)
        .values,
    ]).toEqual([Number.NaN, 0]);
  });

  it('keep the order of the run: another one is refused, new levels come after it', () => {
    expect(refusal(() => levelsOf('group\na\n', ['a', 'b', 'c'], { levels: ['group=c,b,a'] }))).toBe(
      'wrong-levels: The levels c, b, a of group are not in the order of the run, which is a, b, c. | leave --levels out: words are coded as in the run; or name its levels first, and new ones after them',
    );
    expect(levelsOf('group\nz\ny\na\n', ['a', 'b'], { levels: ['group=a,b,z,y'] })).toEqual(['a', 'b', 'z', 'y']);
    expect(levelsOf('group\na\n', ['a', 'b', 'c'], { levels: ['group'] })).toEqual(['a']);
  });
});

describe('a column with the name of an unknown', () => {
  it.each<[string, (path: string) => readonly string[], boolean]>([
    ['in a table that is read by its header', (path) => [path], true],
    ['that is bound by name', (path) => [`y=${path}:y`, `m=${path}:m`], false],
  ])('%s', (_, data, isWarned) => {
    const small = compile('data y: real[N] for n in 0..<N { sample m[n] ~ Normal(0, 1) observe y[n] ~ Normal(m[n], 1) }');
    const path = join(folder, 'fixed.csv');
    writeFileSync(path, 'y,m\n1,2\n3,4\n');
    let said = '';
    const spy = vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
      said += String(text);
      return true;
    });
    try {
      expect([...readValues(small, { data: data(path) }).keys()].sort()).toEqual(['m', 'y']);
    } finally {
      spy.mockRestore();
    }
    expect(said.includes('warning[conditioned]')).toBe(isWarned);
    expect(said.includes('fixed.csv has a column "m", and the program samples m: it is given now, and not inferred')).toBe(isWarned);
  });
});
