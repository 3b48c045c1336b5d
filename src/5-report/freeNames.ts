/**
 * Names of variables in files where some names mean something else.
 */

/** What stands beside the draws in `draws.csv`, in Parquet files and in Zarr stores: numbers of chains and of draws. */
export function numbersRows(name: string): boolean {
  return name === 'chain' || name === 'draw';
}

/** Each name with the one it has in a file: itself, or with `_` (else `_1`, `_2`, ...) behind where it is reserved there. */
export function freeNames(names: Iterable<string>, isReserved: (name: string) => boolean): ReadonlyMap<string, string> {
  const taken = new Set(names);
  const freed = new Map<string, string>();
  for (const name of taken) {
    let free = name;
    for (let k = 0; isReserved(free) || (free !== name && taken.has(free)); k++) free = `${name}_${k === 0 ? '' : k}`;
    freed.set(name, free);
  }
  return freed;
}
