import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ModelError } from '../../src/errors/diagnostic.js';
import { parseCsv, parseCsvPieces, tableValue } from '../../src/input/csv.js';
import { tensor } from '../../src/input/tensor.js';
import { cpuMilliseconds } from '../cpuTime.js';

function faults(action: () => unknown): string {
  try {
    action();
  } catch (thrown) {
    if (thrown instanceof ModelError) return thrown.diagnostics.map((d) => d.message).join('\n');
    throw thrown;
  }
  return 'accepted';
}
function column(text: string, name: string): { values: number[]; levels: readonly string[] | undefined } {
  const { values, levels } = parseCsv(text).columns.get(name)!;
  return { values: [...values], levels };
}

describe('parseCsv', () => {
  it('binds columns by header, with all spellings of missing', () => {
    const text = 'a,b\n1,2.5\nNA,-3e-2\n,NaN\nnull, 7 \n';
    expect(column(text, 'a').values).toEqual([1, Number.NaN, Number.NaN, Number.NaN]);
    expect(column(text, 'b').values).toEqual([2.5, -0.03, Number.NaN, 7]);
    expect(parseCsv(text).rows).toBe(4);
  });

  it('codes words 0, 1, ... in sorted order', () => {
    expect(column('g\nb\na\n\nc\nb\n', 'g')).toEqual({ values: [1, 0, 2, 1], levels: ['a', 'b', 'c'] });
    expect(column('g,x\nb,1\nNA,2\na,3', 'g')).toEqual({ values: [1, Number.NaN, 0], levels: ['a', 'b'] });
    expect(column('g\n1\n2\n0x10', 'g').levels).toEqual(['0x10', '1', '2']);
  });

  it('names the first word of a column that holds numbers too', () => {
    const stray = (text: string, missing?: readonly string[]): unknown => parseCsv(`k\n${text}`, { missing }).columns.get('k')!.firstWord;
    expect(stray('10\n9\n\n12\nn/a\n?\n')).toEqual({ row: 3, text: 'n/a' });
    expect(stray('a\n1\n')).toEqual({ row: 0, text: 'a' });
    expect(stray('1\ntrue\n')).toEqual({ row: 1, text: 'true' });
    for (const text of ['10\n9\n', 'a\nb\nNA\n', 'true\nfalse\n', 'true\nmaybe\n']) expect(stray(text)).toBeUndefined();
    expect(stray('a\n-999.0\n', ['-999'])).toBeUndefined();
  });

  it('reads columns as words where it is told to', () => {
    const table = parseCsv('f,g,x\n10,true,1\n2,false,2\nNA,true,3\n', { words: ['f', 'g'] });
    expect(table.columns.get('f')).toMatchObject({ values: Float64Array.of(0, 1, Number.NaN), levels: ['10', '2'] });
    expect(table.columns.get('g')).toMatchObject({ values: Float64Array.of(1, 0, 1), levels: ['false', 'true'] });
    expect(table.columns.get('x')!.levels).toBeUndefined();
  });

  it('takes an empty text in quotes for a missing cell, and an empty line for none', () => {
    expect([...parseCsv('y\n1\n""\n\n3\r\n" "\r\n').columns.get('y')!.values]).toEqual([1, Number.NaN, 3, Number.NaN]);
  });

  it.each(['sep=;\nx;y\n1;2\n', 'sep=,\nx,y\n1,2\n', 'sep=;\nx\n1\n'])(
    'says of a line for spreadsheets that it has no place (%j)',
    (text) => {
      expect(() => parseCsv(text)).toThrow(/^the first line says to spreadsheets what separates the cells \(sep=\)$/);
    },
  );

  it('reads true and false as 1 and 0 even where only one occurs', () => {
    expect(column('t\nTRUE\nTRUE\n', 't')).toEqual({ values: [1, 1], levels: undefined });
    expect(column('t\nfalse\ntrue\n', 't')).toEqual({ values: [0, 1], levels: undefined });
  });

  it('detects the separator from the header', () => {
    for (const separator of [',', ';', '\t', '|']) {
      const text = `a${separator}"b, c; d"\r\n1${separator}2\r\n`;
      expect(parseCsv(text).header).toEqual(['a', 'b, c; d']);
      expect(column(text, 'b, c; d').values).toEqual([2]);
    }
  });

  it('takes a byte order mark, quotes, doubled quotes and line ends of both kinds', () => {
    const text = '\uFEFF"x ""1""",w\r\n"1","a, b"\r\n2,"c\nd"\r\n3,e';
    const table = parseCsv(text);
    expect(table.header).toEqual(['x "1"', 'w']);
    expect([...table.columns.get('x "1"')!.values]).toEqual([1, 2, 3]);
    expect(table.columns.get('w')!.levels).toEqual(['a, b', 'c\nd', 'e']);
  });

  it('names malformed rows by their line', () => {
    expect(faults(() => parseCsv('a,b\n1,2\n3\n"4\n4",5\n6,7,8\n'))).toBe(
      'line 3: the row has 1 cell but the header names 2 columns\nline 6: the row has 3 cells but the header names 2 columns',
    );
    expect(faults(() => parseCsv('a,b\n1,"2\n3,4\n'))).toMatch(/^line 2: /);
    expect(faults(() => parseCsv(`a,b\n${'1\n'.repeat(9)}`))).toMatch(/4 more rows are malformed$/);
  });

  it('wants a header of different names', () => {
    expect(faults(() => parseCsv('# by hand\nx,y\n1,2\n3,4\n'))).toBe('the first line, # by hand, is a comment');
    // A header that is no row has no names to look at.
    expect(faults(() => parseCsv('"x"y\n1\n'))).toMatch(/^line 1: Trailing quote on quoted field is malformed/);
    expect(faults(() => parseCsv('1,2\n3,4\n'))).toBe('the first line, 1, 2, holds numbers instead of names');
    expect(faults(() => parseCsv('a,b,a\n1,2,3\n'))).toBe('two columns are named "a"');
    expect(faults(() => parseCsv('\n\n'))).toBe('the table is empty');
    // What a spreadsheet writes for columns that were emptied.
    expect(parseCsv('a,,\n1,,\n').columns.get('a')!.values).toEqual(Float64Array.of(1));
  });

  it('takes other cells for missing where it is told to', () => {
    const read = parseCsv('a,b,w\n1,-999,x\n.,-999.0,.\n-9e2,-99,-999\n', { missing: ['.', '-999'] });
    expect([...read.columns.get('a')!.values]).toEqual([1, Number.NaN, -900]);
    expect([...read.columns.get('b')!.values]).toEqual([Number.NaN, Number.NaN, -99]);
    expect(read.columns.get('w')).toMatchObject({ levels: ['x'], values: Float64Array.of(0, Number.NaN, Number.NaN) });
    expect([...parseCsv('a\n"."\n"2"\n', { missing: ['.'] }).columns.get('a')!.values]).toEqual([Number.NaN, 2]);
  });

  it('keeps infinities apart from words, so that binding can refuse them by name', () => {
    expect(column('x\n1\nInf\n-inf\n', 'x').values).toEqual([1, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]);
  });

  it('takes names that objects inherit as ordinary columns', () => {
    expect(column('__proto__,constructor\n1,2\n', '__proto__').values).toEqual([1]);
  });

  it('returns every number it is given, to the last bit', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ noNaN: true, noDefaultInfinity: true }), { minLength: 1 }), (numbers) => {
        expect(column(`x\n${numbers.map((x) => (Object.is(x, -0) ? '-0' : String(x))).join('\n')}\n`, 'x').values).toEqual(numbers);
      }),
      { seed: 5 },
    );
  });

  it('reads a million rows quickly', () => {
    const text = `x,y\n${Array.from({ length: 1e6 }, (_, k) => `${k},${k / 8}`).join('\n')}\n`;
    expect(
      cpuMilliseconds(() => {
        expect(parseCsv(text).rows).toBe(1e6);
      }),
    ).toBeLessThan(6000);
  });
});

describe('tableValue', () => {
  const table = parseCsv('a,b,g\n1,2,u\n3,4,v\n');
  it('is a vector for one column and a matrix for several', () => {
    expect(tableValue(table, ['b'])).toMatchObject({ shape: [2], values: Float64Array.of(2, 4) });
    expect(tableValue(table, ['b', 'a'])).toMatchObject({ shape: [2, 2], values: Float64Array.of(2, 1, 4, 3) });
  });
  it('names unknown columns and words in a matrix', () => {
    expect(faults(() => tableValue(table, ['c']))).toBe('there is no column "c"; the columns are a, b, g');
    expect(faults(() => tableValue(table, ['a', 'g']))).toBe('the column "g" holds words; a matrix is made of numbers');
  });
});

describe('tensor', () => {
  it('refuses a shape that does not hold the values', () => {
    expect(faults(() => tensor([1, 2, 3], [2, 2]))).toBe('the shape [2, 2] holds 4 values but 3 were given');
    expect(faults(() => tensor([1], [0.5, 2]))).toMatch(/not a list of counts/);
    expect(tensor([1, 2], [2, 1]).shape).toEqual([2, 1]);
  });
});

describe('tables without quotes', () => {
  /** What papaparse makes of the same cells, since a quoted header name sends the text there. */
  const read = (text: string): unknown => {
    try {
      const { header, rows, columns } = parseCsv(text);
      return { header, rows, columns: [...columns.values()].map(({ shape, values, levels }) => ({ shape, values: [...values], levels })) };
    } catch (thrown) {
      return (thrown as Error).message;
    }
  };

  it('are read as those with quotes are', () => {
    const cell = fc.oneof(
      {
        weight: 6,
        arbitrary: fc.oneof(
          fc.integer().map(String),
          fc.double({ noNaN: true, noDefaultInfinity: true }).map(String),
          fc.integer({ min: -99_999, max: 99_999 }).map((x) => (x / 1000).toFixed(3)),
        ),
      },
      fc.constantFrom(
        '',
        ' ',
        'NA',
        'null',
        'NaN',
        'red',
        ' blue ',
        'true',
        'FALSE',
        '1e5',
        '1.',
        '.5',
        '+3',
        '0x10',
        '1_000',
        '-',
        '.',
        '1.2.3',
        '00012',
        '12345678901234567890',
        '-0',
        '1e400',
        'Infinity',
      ),
    );
    const table = fc.record({
      rows: fc.array(fc.array(cell, { minLength: 1, maxLength: 3 }), { maxLength: 12 }),
      width: fc.integer({ min: 1, max: 3 }),
      exact: fc.boolean(),
      separator: fc.constantFrom(',', ';', '\t', '|'),
      end: fc.constantFrom('\n', '\r\n', '\n\n'),
      last: fc.boolean(),
    });
    fc.assert(
      fc.property(table, ({ rows, width, exact, separator, end, last }) => {
        const names = ['a', 'b', 'c'].slice(0, width);
        const lines = rows.map((row) => (exact ? Array.from({ length: width }, (_, k) => row[k % row.length]!) : row).join(separator));
        const body = [...lines].join(end) + (last ? end : '');
        // A table of one column does not show its separator.
        const plain = `${names.join(separator)}\n${body}`,
          quoted = `"a"${plain.slice(1)}`;
        expect(read(plain)).toEqual(read(quoted));
      }),
      { numRuns: 500, seed: 3 },
    );
  });

  it('have columns of words that begin late', () => {
    const rows = Array.from({ length: 3000 }, (_, k) => `${k},${k < 2999 ? k % 3 : 'x'}`).join('\n');
    const { columns } = parseCsv(`n,g\n${rows}\n`);
    expect(columns.get('g')!.levels).toEqual(['0', '1', '2', 'x']);
    expect([...columns.get('g')!.values.slice(-3)]).toEqual([0, 1, 3]);
    expect(columns.get('n')!.values[2999]).toBe(2999);
  });

  it('of a million rows take a moment', () => {
    let text = 'x,y\n';
    for (let k = 0; k < 1_000_000; k++) text += `${k}.25,-${k}\n`;
    expect(
      cpuMilliseconds(() => {
        expect(parseCsv(text).columns.get('x')!.values[999_999]).toBe(999_999.25);
      }),
    ).toBeLessThan(5000);
  });
});

describe('a text in pieces', () => {
  const cell = fc.oneof(
    fc.integer({ min: -99, max: 99 }).map(String),
    fc.constantFrom('', 'NA', '1.5', '-2e3', 'red', 'blau', ' 7 ', '"a, b"', '"x\ny"'),
  );
  const text = fc
    .tuple(
      fc.constantFrom('', '\uFEFF'),
      fc.constantFrom('\n', '\r\n', '\r'),
      fc.constantFrom(',', ';', '\t'),
      fc.array(fc.tuple(cell, cell, cell), { maxLength: 12 }),
      fc.boolean(),
      fc.boolean(),
    )
    .map(([mark, end, separator, rows, isEnded, hasBlank]) => {
      // A bare carriage return inside of quotes would be no line end for the parser of quoted texts.
      const lines = [['a', 'b', 'c'], ...rows.filter((row) => end === '\n' || !row.some((x) => x.includes('\n')))].map((row) =>
        row.join(separator),
      );
      return mark + lines.join(hasBlank ? end + end : end) + (isEnded ? end : '');
    });
  const read = (pieces: readonly string[]): unknown => {
    try {
      const { header, rows, columns } = parseCsvPieces(() => pieces);
      return { header, rows, columns: [...columns].map(([name, { values, levels }]) => [name, [...values], levels]) };
    } catch (thrown) {
      if (!(thrown instanceof ModelError)) throw thrown;
      return thrown.message;
    }
  };

  it('is the same table wherever it is cut', () => {
    fc.assert(
      fc.property(text, fc.array(fc.nat(200), { maxLength: 6 }), (source, cuts) => {
        const places = [0, ...cuts.map((c) => Math.min(c, source.length)).sort((a, b) => a - b), source.length];
        expect(read(places.slice(1).map((end, k) => source.slice(places[k], end)))).toEqual(read([source]));
      }),
      { seed: 11, numRuns: 400 },
    );
  });

  it('names the line of a malformed row in a later piece', () => {
    expect(read(['a,b\n1,2\n3', ',4\n5\n', '6,7\n'])).toBe('line 4: the row has 1 cell but the header names 2 columns');
  });
});
