"""24-k-means: Lloyd's algorithm from the start of the example, checked by scikit-learn; and soft assignments at small variances by textbook EM."""
import numpy as np
from scipy.special import logsumexp
from scipy.stats import multivariate_normal
from sklearn.cluster import KMeans
from common import read_column, read_json, write
from mixtures import fit, named

x = np.stack([read_column(c, "24-k-means", "iris.csv") for c in ("sepalLength", "sepalWidth", "petalLength", "petalWidth")], axis=1)
N, D = x.shape
start = np.array(read_json("24-k-means", "start.json")["mu"])
K = len(start)

mu, steps = start, 0
while True:
    steps += 1
    z = np.argmin(((x[:, None] - mu) ** 2).sum(axis=2), axis=1)
    new = np.stack([x[z == k].mean(axis=0) for k in range(K)])
    if np.array_equal(new, mu):
        break
    mu = new
within = ((x - mu[z]) ** 2).sum()
assert abs(KMeans(K, n_init=50, random_state=1, tol=0, algorithm="lloyd").fit(x).inertia_ - within) < 1e-10
# Classification log-likelihood at variance 1: its largest value is a constant less half the within sum.
classification = N * np.log(1 / K) - N * D / 2 * np.log(2 * np.pi) - within / 2

results = {"lloyd": {"quantities": named(mu=mu, within=within), "logJoint": classification, "steps": steps}}
for variance in (0.1, 0.01):
    fixed = [variance * np.eye(D)] * K
    _, soft, _, _, trace = fit(x, np.full(K, 1 / K), start, fixed, covariances=lambda *_: fixed, weights=lambda n: np.full(K, 1 / K))
    results[f"soft{variance}"] = {"quantities": named(mu=soft), "logLikelihood": trace[-1], "distance": float(np.abs(soft - mu).max())}
# The distance to k-means shrinks with the variance.
assert results["soft0.01"]["distance"] < results["soft0.1"]["distance"] / 5
write("k-means", "Lloyd's algorithm; soft assignments of given variance by textbook EM", results)
