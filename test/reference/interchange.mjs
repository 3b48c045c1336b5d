/**
 * Reads an exported Parquet file with DuckDB and compares every number with draws.csv.
 * node test/reference/interchange.mjs RUN FILE   (npm i @duckdb/node-api, outside of this project)
 */
import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const { DuckDBInstance } = createRequire(join(process.cwd(), 'package.json'))('@duckdb/node-api');
const [run, file] = process.argv.slice(2);
const [header, ...rows] = readFileSync(join(run, 'draws.csv'), 'utf8').trimEnd().split('\n');
const names = [...header.matchAll(/"([^"]*)"|([^,]+)/g)].map(([, quoted, plain]) => quoted ?? plain);
const connection = await (await DuckDBInstance.create()).connect();
const all = async (sql) => (await connection.runAndReadAll(sql)).getRows();
const [[version]] = await all('select version()');
const types = await all(`describe select * from read_parquet('${file}')`);
const found = await all(`select * from read_parquet('${file}')`);
if (JSON.stringify(types.map(([name]) => name)) !== JSON.stringify(names)) throw new Error('other columns');
let compared = 0;
for (const [k, line] of rows.entries()) {
  for (const [c, cell] of line.split(',').entries()) {
    if (!Object.is(Number(cell), Number(found[k][c]))) throw new Error(`other number: ${names[c]} in row ${k}`);
    compared++;
  }
}
const groups = new Set((await all(`select row_group_id from parquet_metadata('${file}')`)).flat().map(String)).size;
console.log(
  `DuckDB ${version}: ${found.length} rows, ${types.length} columns (${[...new Set(types.map(([, type]) => type))].join(', ')}), ${groups} row groups`,
);
console.log(`identical numbers: ${compared}`);
