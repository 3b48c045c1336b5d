"""Posteriors and evidence of test/programs/exact_*.cred by other routes than the program's: dense Gaussian
conditioning, textbook conjugate formulas, enumeration, a forward-backward recursion in probabilities.
Writes exact.json: program -> {"logEvidence": x, "quantities": {name: [mean, sd, q5, q50, q95]}}."""
import json
import os

import numpy as np
from scipy import special, stats

here = os.path.dirname(os.path.abspath(__file__))
levels = [0.05, 0.5, 0.95]


def data(name):
    with open(os.path.join(here, "..", "programs", name + ".json")) as file:
        return {k: np.array([np.nan if x is None else x for x in v]) if not isinstance(v[0], list) else np.array(v) for k, v in json.load(file).items()}


def frozen(law):
    return [float(law.mean()), float(law.std())] + [float(law.ppf(u)) for u in levels]


def discrete(values, probabilities):
    mean = float(np.sum(values * probabilities))
    return [mean, float(np.sqrt(np.sum((values - mean) ** 2 * probabilities))), None, None, None]


def mixture(weights, laws):
    means = np.array([law.mean() for law in laws])
    mean = np.sum(weights * means)
    sd = np.sqrt(np.sum(weights * (np.array([law.var() for law in laws]) + (means - mean) ** 2)))
    keep = weights > 1e-16
    from scipy.optimize import brentq
    low = min(law.ppf(1e-6) for law, k in zip(laws, keep) if k)
    high = max(law.ppf(1 - 1e-6) for law, k in zip(laws, keep) if k)
    quantile = lambda u: brentq(lambda x: sum(w * law.cdf(x) for w, law, k in zip(weights, laws, keep) if k) - u, low, high, xtol=1e-13, rtol=1e-14)
    return [float(mean), float(sd)] + [float(quantile(u)) for u in levels]


def gaussian(m0, S0, A, R, y):
    """x ~ N(m0, S0), y = A x + noise of covariance R: posterior and log evidence."""
    V = A @ S0 @ A.T + R
    K = np.linalg.solve(V, A @ S0).T
    return m0 + K @ (y - A @ m0), S0 - K @ V @ K.T, stats.multivariate_normal(A @ m0, V).logpdf(y)


def normal(mean, variance):
    return frozen(stats.norm(mean, np.sqrt(variance)))


def nig(m0, K0, a0, b0, X, y):
    """w ~ N(m0, s2 K0), s2 ~ InverseGamma(a0, b0), y ~ N(X w, s2 I)."""
    P0 = np.linalg.inv(K0)
    P = P0 + X.T @ X
    m = np.linalg.solve(P, P0 @ m0 + X.T @ y)
    a = a0 + len(y) / 2
    b = b0 + 0.5 * (np.sum((y - X @ m) ** 2) + (m - m0) @ P0 @ (m - m0))
    # The marginal of y is a multivariate Student t.
    shape = b0 / a0 * (np.eye(len(y)) + X @ K0 @ X.T)
    evidence = stats.multivariate_t(X @ m0, shape, 2 * a0).logpdf(y)
    return m, np.linalg.inv(P), a, b, evidence


def student(m, K, a, b, c):
    return frozen(stats.t(2 * a, c @ m, np.sqrt(b / a * (c @ K @ c))))


out = {}

d = data("exact_gamma_poisson")["y"]
r, p = 2 + d.sum(), (0.5 + len(d))
out["exact_gamma_poisson"] = {"logEvidence": float(special.gammaln(r) - special.gammaln(2) + 2 * np.log(0.5) - r * np.log(p) - special.gammaln(d + 1).sum()), "quantities": {"rate": frozen(stats.gamma(r, scale=1 / p))}}

c = data("exact_dirichlet_multinomial")["counts"]
K, N = len(c), c.sum()
alpha = 1 + c
out["exact_dirichlet_multinomial"] = {
    "logEvidence": float(special.gammaln(N + 1) + special.gammaln(K) - special.gammaln(N + K)),  # all counts are equally probable under a flat prior
    "quantities": {f"p[{k}]": frozen(stats.beta(alpha[k], alpha.sum() - alpha[k])) for k in range(K)},
}

d = data("exact_linreg_nig")
X = np.column_stack([np.ones(len(d["dist"])), d["speed"]])
m, Kn, a, b, evidence = nig(np.zeros(2), np.diag([4.0, 1.0]), 3, 500, X, d["dist"])
out["exact_linreg_nig"] = {"logEvidence": float(evidence), "quantities": {
    "s2": frozen(stats.invgamma(a, scale=b)), "a": student(m, Kn, a, b, np.array([1, 0])), "b": student(m, Kn, a, b, np.array([0, 1])), "at20": student(m, Kn, a, b, np.array([1, 20]))}}

m, S, evidence = gaussian(np.zeros(2), np.diag([1e4, 1e2]), X, 225 * np.eye(len(X)), d["dist"])
out["exact_linreg_knownsd"] = {"logEvidence": float(evidence), "quantities": {
    "a": normal(m[0], S[0, 0]), "b": normal(m[1], S[1, 1]), "at20": normal(m[0] + 20 * m[1], np.array([1, 20]) @ S @ np.array([1, 20]))}}

d = data("exact_schools_fixed_tau")
J = len(d["y"])
S0 = np.full((J + 1, J + 1), 400.0)
S0[1:, 1:] += 64 * np.eye(J)
m, S, evidence = gaussian(np.zeros(J + 1), S0, np.eye(J + 1)[1:], np.diag(d["sigma"] ** 2), d["y"])
c = np.zeros(J + 1)
c[1], c[8] = 1, -1
out["exact_schools_fixed_tau"] = {"logEvidence": float(evidence), "quantities": {
    "mu": normal(m[0], S[0, 0]), **{f"theta[{j}]": normal(m[j + 1], S[j + 1, j + 1]) for j in range(J)}, "best": normal(c @ m, c @ S @ c)}}


def local_level(y):
    T = len(y)
    t = np.arange(T)
    S0 = 1e6 + 1469.1 * np.minimum.outer(t, t)
    seen = ~np.isnan(y)
    A = np.eye(T)[seen]
    m, S, evidence = gaussian(np.full(T, 1000.0), S0, A, 15098.5 * np.eye(A.shape[0]), y[seen])
    q = {f"level[{k}]": normal(m[k], S[k, k]) for k in (0, 1, 20, 35, 50, 70, T - 2, T - 1)}
    q.update({f"y[{k}]": normal(m[k], S[k, k] + 15098.5) for k in np.flatnonzero(~seen)[[0, 7, -1]]} if (~seen).any() else {})
    return {"logEvidence": float(evidence), "quantities": q}


out["exact_kalman_nile"] = local_level(data("exact_kalman_nile")["y"])
out["exact_kalman_nile_missing"] = local_level(data("exact_kalman_nile_missing")["y"])

y = data("exact_kalman_trend")["y"]
T = len(y)
F = np.array([[1.0, 1], [0, 1]])
big = np.zeros((2 * T, 2 * T))  # covariance of (level, slope) at all times, by the transitions
blocks = [np.diag([1.0, 0.01])]
for t in range(1, T):
    blocks.append(F @ blocks[-1] @ F.T + np.diag([0.0025, 0.0001]))
for t in range(T):
    C = blocks[t]
    for u in range(t, T):
        big[2 * u:2 * u + 2, 2 * t:2 * t + 2] = C
        big[2 * t:2 * t + 2, 2 * u:2 * u + 2] = C.T
        C = F @ C
m, S, evidence = gaussian(np.zeros(2 * T), big, np.eye(2 * T)[::2], 0.0225 * np.eye(T), y)
out["exact_kalman_trend"] = {"logEvidence": float(evidence), "quantities": {
    **{f"level[{t}]": normal(m[2 * t], S[2 * t, 2 * t]) for t in (0, 1, 40, T - 1)}, **{f"slope[{t}]": normal(m[2 * t + 1], S[2 * t + 1, 2 * t + 1]) for t in (0, 1, 40, T - 1)}}}

y = data("exact_changepoint_coal")["y"]
T = len(y)
changes = np.arange(1, T)


def poisson_part(x):
    return special.gammaln(2 + x.sum()) - (2 + x.sum()) * np.log(1 + len(x)) - special.gammaln(x + 1).sum()


logs = np.array([poisson_part(y[:k]) + poisson_part(y[k:]) - np.log(T - 1) for k in changes])
evidence = special.logsumexp(logs)
w = np.exp(logs - evidence)
out["exact_changepoint_coal"] = {"logEvidence": float(evidence), "quantities": {
    "change": discrete(changes, w),
    "early": mixture(w, [stats.gamma(2 + y[:k].sum(), scale=1 / (1 + k)) for k in changes]),
    "late": mixture(w, [stats.gamma(2 + y[k:].sum(), scale=1 / (1 + T - k)) for k in changes])}}

y = data("exact_changepoint_nile")["y"]
T = len(y)
changes = np.arange(1, T)
solved = []
for k in changes:
    X = np.column_stack([np.arange(T) < k, np.arange(T) >= k]).astype(float)
    solved.append(nig(np.full(2, 1000.0), 4 * np.eye(2), 3, 30000, X, y))
logs = np.array([s[4] for s in solved]) - np.log(T - 1)
evidence = special.logsumexp(logs)
w = np.exp(logs - evidence)
t_of = lambda c: [stats.t(2 * a, c @ m, np.sqrt(b / a * (c @ Kn @ c))) for m, Kn, a, b, _ in solved]
drop = mixture(w, t_of(np.array([1.0, -1])))
out["exact_changepoint_nile"] = {"logEvidence": float(evidence), "quantities": {
    "change": discrete(changes, w), "before": mixture(w, t_of(np.array([1.0, 0]))), "after": mixture(w, t_of(np.array([0, 1.0]))),
    "v": mixture(w, [stats.invgamma(a, scale=b) for _, _, a, b, _ in solved]), "drop": drop[:2] + [None] * 3}}

d = data("exact_hmm_poisson")
y, P = d["y"], d["transition"]
emission = np.array([stats.poisson(l).pmf(y) for l in d["lambda_"]]).T
forward, log_evidence = [], 0.0
for t in range(len(y)):
    f = (d["initial"] if t == 0 else forward[-1] @ P) * emission[t]
    log_evidence += np.log(f.sum())
    forward.append(f / f.sum())
backward = [np.ones(2)]
for t in range(len(y) - 1, 0, -1):
    b = P @ (emission[t] * backward[0])
    backward.insert(0, b / b.sum())
marginal = np.array([f * b / (f * b).sum() for f, b in zip(forward, backward)])
out["exact_hmm_poisson"] = {"logEvidence": float(log_evidence), "quantities": {f"z[{t}]": discrete(np.arange(2), marginal[t]) for t in (0, 1, 10, 25, 50, 98, 99)}}

with open(os.path.join(here, "exact.json"), "w") as file:
    json.dump(out, file, indent=1)
    file.write("\n")
