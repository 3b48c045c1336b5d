"""
01-hierarchical-mixture: moments of the prior in closed form, and MAP-EM written out: responsibilities, then pi_k = (N_k + 9) / (N + 36),
mu_k = (sum_n r_nk x_n / 0.4) / (1/5 + N_k / 0.4); the best of 20 starts, labels in no order.
"""
import numpy as np
from scipy.special import logsumexp
from scipy.stats import dirichlet, multivariate_normal
from common import quantity, read_json, write

data = read_json("01-hierarchical-mixture", "data.json")
x, K = np.array(data["x"]), data["K"]
N, D = x.shape
random = np.random.RandomState(1)


def log_terms(pi, mu):
    return np.log(pi) + np.stack([multivariate_normal(m, 0.4 * np.eye(D)).logpdf(x) for m in mu], axis=1)


def climb(mu):
    pi = np.full(K, 1 / K)
    for _ in range(3000):
        terms = log_terms(pi, mu)
        r = np.exp(terms - logsumexp(terms, axis=1, keepdims=True))
        counts = r.sum(axis=0)
        pi, mu = (counts + 9) / (N + 9 * K), (r.T @ x / 0.4) / (1 / 5 + counts / 0.4)[:, None]
    likelihood = logsumexp(log_terms(pi, mu), axis=1).sum()
    joint = likelihood + dirichlet(np.full(K, 10)).logpdf(pi) + sum(multivariate_normal(np.zeros(D), 5 * np.eye(D)).logpdf(m) for m in mu)
    return joint, likelihood, pi, mu


joint, likelihood, pi, mu = max((climb(x[random.choice(N, K, replace=False)]) for _ in range(20)), key=lambda found: found[0])
estimate = {
    "leftmost": mu[:, 0].min(), "rightmost": mu[:, 0].max(), "lowest": mu[:, 1].min(), "highest": mu[:, 1].max(),
    "spread": (mu**2).sum(), "purity": (pi**2).sum(),
}
# The prior: Dirichlet(10, 10, 10, 10), N(0, 5 I) and noise 0.4 on top.
prior = {f"pi[{k}]": quantity(1 / 4, np.sqrt(3 / 16 / 41)) for k in range(4)}
prior |= {f"mu[{k},{d}]": quantity(0, 5**0.5) for k in range(4) for d in range(2)}
prior |= {"x[0,0]": quantity(0, 5.4**0.5), "x[1,1]": quantity(0, 5.4**0.5), "z[0]": quantity(1.5, 1.25**0.5), "z[1]": quantity(1.5, 1.25**0.5), "purity": quantity(4 * 110 / (40 * 41))}
write("hierarchical-mixture-estimate", "MAP-EM written out, best of 20 starts; prior moments in closed form", {
    "mode": {"quantities": {name: quantity(value) for name, value in estimate.items()}, "logLikelihood": float(likelihood), "logJoint": float(joint)},
    "prior": {"quantities": prior},
})
