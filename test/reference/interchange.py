"""Reads an exported Zarr store with python3-zarr and python3-xarray and compares every number with draws.csv.

/usr/bin/python3 test/reference/interchange.py RUN STORE   (Debian: python3-zarr, python3-xarray)
"""
import csv, json, sys
import numpy, xarray, zarr

run, store = sys.argv[1:]
with open(f"{run}/draws.csv", newline="") as file:
    header, *rows = list(csv.reader(file))
table = numpy.array([[float(x) for x in row] for row in rows])
chains = sorted(set(table[:, 0]))
print("zarr", zarr.__version__, "xarray", xarray.__version__)
groups = {name: xarray.open_zarr(store, group=name, consolidated=True).load() for name in zarr.open_consolidated(store).group_keys()}
for name, group in sorted(groups.items()):
    print(f"{name}: " + "; ".join(f"{key}{array.dims} {array.dtype}" for key, array in sorted(group.data_vars.items())))
draws = {**groups["posterior"].data_vars, **(groups["posterior_predictive"].data_vars if "posterior_predictive" in groups else {})}
compared = 0
for column, name in enumerate(header[2:], 2):
    variable, _, at = name.partition("[")
    index = tuple(int(i) for i in at.rstrip("]").split(",")) if at else ()
    for number, chain in enumerate(chains):
        theirs = draws[variable].values[(number, slice(None)) + index]
        ours = table[table[:, 0] == chain, column]
        assert numpy.array_equal(ours, theirs.astype(float)), name
        compared += len(ours)
print("identical numbers:", compared)
data = json.load(open(f"{run}/data.json"))
for name, array in groups.get("observed_data", xarray.Dataset()).data_vars.items():
    given = numpy.array([numpy.nan if x is None else x for x in numpy.ravel(numpy.array(data[name], dtype=object))], dtype=float)
    assert numpy.array_equal(given, array.values.astype(float).ravel(), equal_nan=True), name
    print("observed", name, "as given:", len(given))
