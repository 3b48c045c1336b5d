/**
 * Draws as a Parquet file with the columns of `draws.csv`: `chain`, `draw` and one for each element, by the library
 * hyparquet-writer. Rows are made and written a group at a time.
 */
import { ByteWriter, type ColumnSource, ParquetWriter, schemaFromColumnData } from 'hyparquet-writer';
import { type Column, drawnTable, type Table } from '../files.js';
import type { ExportedFile, ExportSource } from './exported.js';

/** Numbers of a group of rows, about. */
const groupNumbers = 1 << 21;
/** Columns times groups, about: the file describes every column of every group once more, and all descriptions are in memory at its end. */
const mostChunks = 1 << 18;

/** Rows of a group: as many as keep it small, but of very many columns more, so that there are few groups. */
export function groupHeight(rows: number, columns: number): number {
  return Math.max(1, Math.min(rows, Math.max(Math.floor(groupNumbers / columns), Math.ceil((rows * columns) / mostChunks))));
}

/** One file; none where there are no draws. */
export function parquetFiles({ variables }: ExportSource): readonly ExportedFile[] {
  const table = drawnTable(variables);
  return table === null ? [] : [{ name: 'draws.parquet', pieces: { [Symbol.iterator]: () => pieces(table) } }];
}

function* pieces(table: Table): Generator<Uint8Array> {
  const { columns, chainNumbers, draws } = table,
    rows = chainNumbers.length * draws;
  const height = groupHeight(rows, columns.length + 2);
  const sink = new ByteWriter(),
    writer = new ParquetWriter({ writer: sink, schema: schemaFromColumnData({ columnData: rowsOf(table, 0, 0) }), createdBy: 'credence' });
  const taken = (): Uint8Array => {
    const bytes = sink.getBytes().slice();
    sink.index = 0;
    return bytes;
  };
  for (let from = 0; from < rows; from += height) {
    void writer.write({ columnData: rowsOf(table, from, Math.min(rows, from + height)), rowGroupSize: height });
    yield taken();
  }
  void writer.finish();
  yield taken();
}

function rowsOf({ columns, chainNumbers, draws }: Table, from: number, to: number): ColumnSource[] {
  const counted = (name: string, value: (row: number) => number): ColumnSource => ({
    name,
    type: 'INT32',
    data: Int32Array.from({ length: to - from }, (_, k) => value(from + k)),
    nullable: false,
  });
  return [
    counted('chain', (row) => chainNumbers[Math.floor(row / draws)]!),
    counted('draw', (row) => row % draws),
    ...columns.map(
      ({ name, values, element, size }: Column): ColumnSource => ({
        name,
        type: 'DOUBLE',
        data: Float64Array.from({ length: to - from }, (_, k) => values[(from + k) * size + element]!),
        nullable: false,
      }),
    ),
  ];
}
