/**
 * A table of draws in a Parquet file, by the library hyparquet: columns of numbers, as `drawFile.ts` gives them.
 */
import { parquetMetadata, parquetRead } from 'hyparquet';
import { badFile, type DrawFile } from './drawFile.js';

/** @throws ModelError (code `bad-draws`) for what is no Parquet file, and for columns that hold no numbers. */
export async function readParquetFile(name: string, bytes: ArrayBuffer): Promise<DrawFile> {
  try {
    const metadata = parquetMetadata(bytes),
      rows = Number(metadata.num_rows);
    // The first element of the schema is the root.
    const header = metadata.schema
      .slice(1)
      .filter(({ num_children: children }) => children === undefined || children === 0)
      .map((element) => element.name);
    const values = new Float64Array(rows * header.length).fill(Number.NaN);
    await parquetRead({
      file: bytes,
      metadata,
      onChunk: ({ columnName, columnData, rowStart }) => {
        const column = header.indexOf(columnName);
        for (let k = 0; k < columnData.length; k++)
          values[(rowStart + k) * header.length + column] = numberOf(name, columnName, columnData[k]);
      },
    });
    return { name, header, rows, values, settings: new Map() };
  } catch (error) {
    if (error instanceof Error && error.name === 'ModelError') throw error;
    throw badFile(
      name,
      `this cannot be read as Parquet (${error instanceof Error ? error.message : String(error)})`,
      'compressions other than Snappy are not read: write the file with Snappy or none',
    );
  }
}

function numberOf(name: string, column: string, value: unknown): number {
  switch (typeof value) {
    case 'number':
      return value;
    case 'bigint':
    case 'boolean':
      return Number(value);
    default:
      if (value === null || value === undefined) return Number.NaN;
      throw badFile(name, `the column ${JSON.stringify(column)} holds no numbers`, 'leave out columns of words');
  }
}
