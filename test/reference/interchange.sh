#!/bin/sh
# Exports a run in every format and has other programs read it back: rstan, xarray, DuckDB.
# sh test/reference/interchange.sh WORK CREDENCE   (WORK: an empty folder with node_modules/@duckdb/node-api; prints interchange.txt)
set -e
here=$(cd "$(dirname "$0")" && pwd)
cd "$1"
cat > mixed.cred <<'PROGRAM'
data X: real[N, D]
data y: real[N]
data c: int[M]
sample w ~ iid(Normal(0, 2), D)
sample S ~ InverseWishart(5, eye(2))
sample s ~ HalfNormal(2)
sample p ~ Beta(1, 1)
for n in 0..<N { sample z[n] ~ Bernoulli(p)  observe y[n] ~ Normal(X[n] @ w + z[n], s) }
for m in 0..<M { observe c[m] ~ Poisson(exp(w[0])) }
for n in 0..<N { predict again[n] ~ Normal(X[n] @ w + z[n], s) }
report last = w[1] * s
PROGRAM
echo '{ "X": [[1, 0.1], [1, 0.8], [1, 0.7], [1, 0.2], [1, 0.5]], "y": [1, 2, null, 2.5, 0.3], "c": [1, 2, 3] }' > mixed.json
"$2" infer mixed.cred --data mixed.json --backend gibbs --chains 2 --draws 110000 --warmup 500 --out run --quiet --pointwise > /dev/null || test $? -eq 1
for format in cmdstan zarr parquet; do "$2" export run --format $format --out exported.$format > /dev/null; done
Rscript "$here/interchange.R" run exported.cmdstan 2> /dev/null
/usr/bin/python3 "$here/interchange.py" run exported.zarr
node "$here/interchange.mjs" run exported.parquet
