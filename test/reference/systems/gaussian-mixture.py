"""
25-gaussian-mixture: 400 simulated points of three components (written here), textbook EM from two starts, checked by scikit-learn;
estimates of complete data (labels given) in closed form; responsibilities at given parameters; Old Faithful with two components.
"""
import numpy as np
from sklearn.mixture import GaussianMixture
from common import read_column, write, write_example
from mixtures import fit, log_joint, named

rng = np.random.default_rng(25)
weights = np.array([0.5, 0.3, 0.2])
means = np.array([[-2.0, 0.0], [1.5, 2.0], [2.0, -1.5]])
covariances = np.array([[[1.0, 0.6], [0.6, 1.0]], [[0.8, -0.4], [-0.4, 0.6]], [[0.5, 0.0], [0.0, 1.2]]])
N, K = 400, 3
z = rng.choice(K, N, p=weights)
x = np.round(np.stack([rng.multivariate_normal(means[k], covariances[k]) for k in z]), 3)
write_example({"x": x.tolist(), "K": K}, "25-gaussian-mixture", "data.json")
write_example({"z": z.tolist()}, "25-gaussian-mixture", "labels.json")
good = {"pi": [1 / 3] * 3, "mu": [[-2, 0], [1, 2], [2, -1]], "Sigma": [[[1, 0], [0, 1]]] * 3}
bad = {"pi": [1 / 3] * 3, "mu": [[0, 0.1], [0.1, 0], [-0.1, -0.1]], "Sigma": [[[9, 0], [0, 9]]] * 3}
write_example(good, "25-gaussian-mixture", "good-start.json")
write_example(bad, "25-gaussian-mixture", "bad-start.json")
truth = {"pi": weights.tolist(), "mu": means.tolist(), "Sigma": covariances.tolist()}
write_example(truth, "25-gaussian-mixture", "truth.json")


def ascend(start):
    return fit(x, np.array(start["pi"]), np.array(start["mu"], dtype=float), np.array(start["Sigma"], dtype=float))


pi, mu, sigma, r, trace = ascend(good)
again = ascend(bad)
print("iterations", len(trace), len(again[4]), "log-likelihoods", trace[-1], again[4][-1])
assert abs(trace[-1] - again[4][-1]) < 1e-8 and np.all(np.diff(trace) > -1e-9)
other = GaussianMixture(K, tol=1e-14, max_iter=20000, n_init=10, reg_covar=0, random_state=1).fit(x)
assert abs(other.score(x) * N - trace[-1]) < 1e-7

counts = np.bincount(z, minlength=K)
own = [x[z == k].mean(axis=0) for k in range(K)]
scatter = [np.cov(x[z == k].T, bias=True) for k in range(K)]
complete = log_joint(x, counts / N, own, scatter)[np.arange(N), z].sum()
terms = log_joint(x, weights, means, covariances)
evidence = np.log(np.exp(terms).sum(axis=1)).sum()
posterior = np.exp(terms) / np.exp(terms).sum(axis=1, keepdims=True)
label = posterior @ np.arange(K)

f = np.stack([read_column(c, "25-gaussian-mixture", "faithful.csv") for c in ("eruptions", "waiting")], axis=1)
fpi, fmu, fsigma, _, ftrace = fit(f, np.array([0.4, 0.6]), np.array([[2.0, 54.0], [4.3, 80.0]]), [np.diag([0.1, 30.0]), np.diag([0.2, 36.0])])
other = GaussianMixture(2, tol=1e-14, max_iter=20000, n_init=5, reg_covar=0, random_state=1).fit(f)
assert abs(other.score(f) * len(f) - ftrace[-1]) < 1e-7

write("gaussian-mixture", "textbook EM to its fixed point; complete data in closed form; responsibilities by Bayes' theorem", {
    "maximum": {"quantities": named(pi=pi, mu=mu, Sigma=sigma), "logLikelihood": trace[-1]},
    "complete": {"quantities": named(pi=counts / N, mu=own, Sigma=scatter), "logLikelihood": complete},
    "responsibilities": {"quantities": {f"z[{n}]": {"mean": float(label[n]), "sd": float(np.sqrt(posterior[n] @ np.arange(K) ** 2 - label[n] ** 2))} for n in range(20)}, "logEvidence": evidence},
    "faithful": {"quantities": named(pi=fpi, mu=fmu, Sigma=fsigma), "logLikelihood": ftrace[-1]},
})
