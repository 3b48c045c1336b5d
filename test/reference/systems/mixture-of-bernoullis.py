"""
28-mixture-of-bernoullis: the digits 2, 3 and 4 of scikit-learn's 8 by 8 images, made binary (Bishop 2006, section 9.3.3; the script writes
them), and textbook EM: mu_k = sum_n r_nk x_n / N_k.
"""
import numpy as np
from scipy.special import logsumexp, xlog1py, xlogy
from sklearn.datasets import load_digits
from common import write, write_example
from mixtures import named

digits = load_digits()
chosen = np.isin(digits.target, (2, 3, 4))
x = (digits.data[chosen] > 8).astype(int)[:200]
labels = digits.target[chosen][:200]
write_example({"x": x.tolist(), "K": 3}, "28-mixture-of-bernoullis", "digits.json")
N, D = x.shape
K = 3


def terms_of(pi, mu):
    return np.log(pi) + np.stack([(xlogy(x, m) + xlog1py(1 - x, -m)).sum(axis=1) for m in mu], axis=1)


def fit(pi, mu):
    trace = []
    while True:
        terms = terms_of(pi, mu)
        trace.append(logsumexp(terms, axis=1).sum())
        r = np.exp(terms - logsumexp(terms, axis=1, keepdims=True))
        counts = r.sum(axis=0)
        new = r.T @ x / counts[:, None]
        moved = max(np.abs(new - mu).max(), np.abs(counts / N - pi).max())
        pi, mu = counts / N, np.minimum(new, 1)
        if moved < 1e-15 or len(trace) > 20000:
            return pi, mu, r, trace


start = np.stack([(x[labels == d].sum(axis=0) + 1) / ((labels == d).sum() + 2) for d in (2, 3, 4)])
start = 0.5 * start + 0.25
write_example({"pi": [1 / 3] * 3, "mu": np.round(start, 3).tolist()}, "28-mixture-of-bernoullis", "start.json")
pi, mu, r, trace = fit(np.full(K, 1 / 3), np.round(start, 3))
# The best of many random starts, for the runs that choose their own.
rng = np.random.default_rng(28)
best = max((fit(np.full(K, 1 / 3), rng.uniform(0.25, 0.75, (K, D))) for _ in range(60)), key=lambda f: f[3][-1])
print("from the start", trace[-1], len(trace), "best of many", best[3][-1], "agreement with labels", [np.bincount(labels[r.argmax(axis=1) == k], minlength=5)[2:] for k in range(K)])
order = lambda m: np.lexsort(np.transpose(m)[::-1])
o, b = order(mu), order(best[1])
shown = [18, 20, 27, 35, 42, 59]
write("mixture-of-bernoullis", "textbook EM from the start of the example; the best of 60 random starts", {
    "start": {"quantities": {**named(pi=pi[o]), **{f"mu[{k},{d}]": {"mean": float(mu[o][k, d])} for k in range(K) for d in shown}}, "logLikelihood": trace[-1]},
    "best": {"quantities": {**named(pi=best[0][b]), **{f"mu[{k},{d}]": {"mean": float(best[1][b][k, d])} for k in range(K) for d in shown}}, "logLikelihood": best[3][-1]},
})
