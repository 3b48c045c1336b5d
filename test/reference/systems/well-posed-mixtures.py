"""
27-well-posed-mixtures: 80 simulated points of which 5 are one and the same, so that the likelihood of a full mixture has no maximum; each
of the ways out by textbook EM with its own M-step, to the fixed point. Student t components by a climb along the gradient.
"""
import numpy as np
from scipy.optimize import minimize
from scipy.special import logsumexp
from scipy.stats import dirichlet, invwishart, multivariate_t
from sklearn.mixture import GaussianMixture
from common import write, write_example
from mixtures import fit, named

rng = np.random.default_rng(27)
x = np.round(np.concatenate([rng.multivariate_normal([-2, 0], [[1, 0.5], [0.5, 0.8]], 45), rng.multivariate_normal([2, 1], [[0.6, -0.2], [-0.2, 0.9]], 30), np.tile([2.5, 4.0], (5, 1))]), 3)
N, D, K = len(x), 2, 3
write_example({"x": x.tolist(), "K": K}, "27-well-posed-mixtures", "data.json")
means = np.array([[-2.0, 0.0], [2.0, 1.0], [2.5, 4.0]])
write_example({"mu": means.tolist()}, "27-well-posed-mixtures", "start.json")
thirds, unit = np.full(K, 1 / 3), [np.eye(D)] * K


def floored(least):
    def step(_pi, scatters, counts):
        out = []
        for scatter, count in zip(scatters, counts):
            values, vectors = np.linalg.eigh(scatter / count)
            out.append((vectors * np.maximum(values, least)) @ vectors.T)
        return out
    return step


def shared(shape):
    return lambda _pi, scatters, counts: [shape(sum(scatters) / N)] * K


results = {}

# MAP-EM: weights (N_k + a - 1) / (N + K (a - 1)), covariances (S_0 + scatter) / (N_k + df + D + 1).
a, df, scale = 2.0, D + 2, 0.3 * np.eye(D)
pi, mu, sigma, _, trace = fit(x, thirds, means, unit, lambda _pi, scatters, counts: [(scale + s) / (n + df + D + 1) for s, n in zip(scatters, counts)],
                              lambda counts: (counts + a - 1) / (N + K * (a - 1)))
prior = dirichlet(np.full(K, a)).logpdf(pi) + sum(invwishart(df, scale).logpdf(s) for s in sigma)
results["map"] = {"quantities": named(pi=pi, mu=mu, Sigma=sigma), "logLikelihood": trace[-1], "logJoint": trace[-1] + prior}

pi, mu, sigma, _, trace = fit(x, thirds, means, unit, floored(0.05))
assert np.all(np.linalg.eigvalsh(sigma) > 0.05 - 1e-12) and np.sum(np.linalg.eigvalsh(sigma) < 0.05 + 1e-12) == 2
results["floor"] = {"quantities": named(pi=pi, mu=mu, Sigma=sigma), "logLikelihood": trace[-1]}

# The best of 50 starts, found by scikit-learn.
other = GaussianMixture(K, covariance_type="tied", tol=1e-12, max_iter=20000, n_init=50, reg_covar=0, init_params="random_from_data", random_state=1).fit(x)
pi, mu, sigma, _, trace = fit(x, other.weights_, other.means_, [other.covariances_] * K, shared(lambda s: s))
assert abs(other.score(x) * N - trace[-1]) < 1e-5
results["tied"] = {"quantities": named(pi=pi, mu=mu, Sigma=sigma[0]), "logLikelihood": trace[-1]}

pi, mu, sigma, _, trace = fit(x, thirds, means, unit, shared(lambda s: np.diag(np.diag(s))))
results["diagonal"] = {"quantities": named(pi=pi, mu=mu, v=np.diag(sigma[0])), "logLikelihood": trace[-1]}

pi, mu, sigma, _, trace = fit(x, thirds, means, unit, shared(lambda s: np.trace(s) / D * np.eye(D)))
results["spherical"] = {"quantities": named(pi=pi, mu=mu, v=sigma[0][0, 0]), "logLikelihood": trace[-1]}

# One run with a small matrix added after each M-step, which is no ascent of any likelihood but has a fixed point.
pi, mu, sigma, _, trace = fit(x, thirds, means, unit, lambda _pi, scatters, counts: [s / n + 0.02 * np.eye(D) for s, n in zip(scatters, counts)])
results["inflated"] = {"quantities": named(pi=pi, mu=mu, Sigma=sigma), "logLikelihood": trace[-1]}

# Student t components with 4 degrees of freedom and one scale matrix, two components, with gross outliers.
wild = np.round(np.concatenate([rng.multivariate_normal([-2, 0], np.eye(2), 40), rng.multivariate_normal([2, 0], np.eye(2), 40), [[0, 25], [30, -3], [-20, 10]]]), 3)
write_example({"x": wild.tolist(), "K": 2}, "27-well-posed-mixtures", "outliers.json")


def parts(p):
    weights = np.exp(np.array([p[0], 0])) / np.exp(np.array([p[0], 0])).sum()
    lower = np.array([[np.exp(p[5]), 0], [p[6], np.exp(p[7])]])
    return weights, p[1:5].reshape(2, 2), lower @ lower.T


def negative(p):
    weights, centres, s = parts(p)
    return -logsumexp([np.log(w) + multivariate_t(c, s, 4).logpdf(wild) for w, c in zip(weights, centres)], axis=0).sum()


best = np.array([0.0, -2, 0, 2, 0, 0, 0, 0])
for _ in range(3):
    best = minimize(negative, best, method="BFGS", options=dict(gtol=1e-7)).x
    best = minimize(negative, best, method="Nelder-Mead", options=dict(xatol=1e-11, fatol=1e-13, maxiter=40000, maxfev=40000)).x
weights, centres, s = parts(best)
results["student"] = {"quantities": named(pi=weights, mu=centres, Sigma=s), "logLikelihood": -negative(best)}
results["collapsed"] = {"quantities": {}}
write("well-posed-mixtures", "textbook EM to its fixed point for each variant; Student t components by a climb along the gradient", results)
