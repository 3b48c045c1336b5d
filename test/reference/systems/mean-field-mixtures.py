"""
Mean-field optima of 01-hierarchical-mixture and 10-old-faithful by textbook coordinate ascent
(Bishop 2006, section 10.2, with q(mu) q(Sigma) apart), iterated until nothing moves. Components are
listed by the first coordinate of their mean.
"""
import numpy as np
from scipy.special import digamma, gammaln, logsumexp, multigammaln
from common import quantity, read_column, read_json, write


def dirichlet_entropy(a):
    return gammaln(a).sum() - gammaln(a.sum()) + (a.sum() - len(a)) * digamma(a.sum()) - ((a - 1) * digamma(a)).sum()


def assignments(log_weights):
    total = logsumexp(log_weights, axis=1, keepdims=True)
    return np.exp(log_weights - total)


def entropy(R):
    return -(R * np.log(np.where(R > 0, R, 1))).sum()


def known_noise():
    data = read_json("01-hierarchical-mixture", "data.json")
    x, K = np.array(data["x"]), 4
    N, D = x.shape
    prior, s0, s = np.full(K, 10.0), 5.0, 0.4
    m = np.array([[-2.7, -2.3], [-2.1, 1.9], [0.4, 0.1], [4.7, 0.1]])
    v = np.full(K, 0.01)
    a = prior + N / K
    previous = -np.inf
    for sweep in range(10000):
        log_pi = digamma(a) - digamma(a.sum())
        square = ((x[:, None, :] - m) ** 2).sum(2) + D * v
        R = assignments(log_pi - 0.5 * D * np.log(2 * np.pi * s) - 0.5 * square / s)
        n = R.sum(0)
        v = 1 / (1 / s0 + n / s)
        m = v[:, None] * (R.T @ x) / s
        a = prior + n
        log_pi = digamma(a) - digamma(a.sum())
        square = ((x[:, None, :] - m) ** 2).sum(2) + D * v
        elbo = (
            (R * (log_pi - 0.5 * D * np.log(2 * np.pi * s) - 0.5 * square / s)).sum()
            + gammaln(prior.sum()) - gammaln(prior).sum() + ((prior - 1) * log_pi).sum()
            + (-0.5 * D * np.log(2 * np.pi * s0) - 0.5 * ((m**2).sum(1) + D * v) / s0).sum()
            + entropy(R) + dirichlet_entropy(a) + (0.5 * D * np.log(2 * np.pi * np.e * v)).sum()
        )
        assert elbo > previous - 1e-9
        if abs(elbo - previous) < 1e-13 * abs(elbo) and sweep > 200:
            break
        previous = elbo
    order = np.argsort(m[:, 0])
    m, v, a = m[order], v[order], a[order]
    quantities = {}
    for k in range(K):
        weight = a[k] / a.sum()
        quantities[f"pi[{k}]"] = quantity(weight, np.sqrt(weight * (1 - weight) / (a.sum() + 1)))
        for d in range(D):
            quantities[f"mu[{k},{d}]"] = quantity(m[k, d], np.sqrt(v[k]))
    return {"quantities": quantities, "elbo": float(elbo)}


def unknown_covariances():
    x = np.column_stack([read_column(name, "10-old-faithful", "faithful.csv") for name in ("eruptions", "waiting")])
    y = (x - x.mean(0)) / x.std(0, ddof=1)
    N, D = y.shape
    K, prior, P0, df0, S0 = 2, np.full(2, 2.0), np.eye(2) / 4, 4.0, 0.5 * np.eye(2)

    def log_gamma_constant(df, S):  # normaliser of InverseWishart(df, S)
        return 0.5 * df * np.linalg.slogdet(S)[1] - 0.5 * df * D * np.log(2) - multigammaln(0.5 * df, D)

    m = np.array([[-1.2, -1.2], [0.7, 0.7]])
    V = np.array([0.01 * np.eye(D)] * K)
    df, S = np.full(K, df0 + N / K), np.array([0.2 * N / K * np.eye(D)] * K)
    a = prior + N / K
    previous = -np.inf

    def expectations():
        log_pi = digamma(a) - digamma(a.sum())
        P = np.array([df[k] * np.linalg.inv(S[k]) for k in range(K)])             # E inverse(Sigma)
        logdet = np.array([np.linalg.slogdet(S[k])[1] - D * np.log(2) - digamma(0.5 * (df[k] - np.arange(D))).sum() for k in range(K)])
        difference = y[:, None, :] - m
        square = np.einsum("nki,kij,nkj->nk", difference, P, difference) + np.einsum("kij,kji->k", P, V)
        return log_pi, P, logdet, -0.5 * D * np.log(2 * np.pi) - 0.5 * logdet - 0.5 * square

    for sweep in range(100000):
        log_pi, P, logdet, likelihood = expectations()
        R = assignments(log_pi + likelihood)
        n = R.sum(0)
        a = prior + n
        for k in range(K):
            V[k] = np.linalg.inv(P0 + n[k] * P[k])
            m[k] = V[k] @ P[k] @ (R[:, k] @ y)
            difference = y - m[k]
            df[k] = df0 + n[k]
            S[k] = S0 + (R[:, k, None] * difference).T @ difference + n[k] * V[k]
        log_pi, P, logdet, likelihood = expectations()
        elbo = (R * (log_pi + likelihood)).sum() + gammaln(prior.sum()) - gammaln(prior).sum() + ((prior - 1) * log_pi).sum() + entropy(R) + dirichlet_entropy(a)
        for k in range(K):
            elbo += -0.5 * D * np.log(2 * np.pi) + 0.5 * np.linalg.slogdet(P0)[1] - 0.5 * np.trace(P0 @ (V[k] + np.outer(m[k], m[k])))
            elbo += 0.5 * D * np.log(2 * np.pi * np.e) + 0.5 * np.linalg.slogdet(V[k])[1]
            elbo += log_gamma_constant(df0, S0) - 0.5 * (df0 + D + 1) * logdet[k] - 0.5 * np.trace(S0 @ P[k])
            elbo -= log_gamma_constant(df[k], S[k]) - 0.5 * (df[k] + D + 1) * logdet[k] - 0.5 * df[k] * D
        assert elbo > previous - 1e-8
        if abs(elbo - previous) < 1e-13 * abs(elbo) and sweep > 200:
            break
        previous = elbo
    order = np.argsort(m[:, 0])
    quantities = {}
    for index, k in enumerate(order):
        weight = a[k] / a.sum()
        quantities[f"pi[{index}]"] = quantity(weight, np.sqrt(weight * (1 - weight) / (a.sum() + 1)))
        for i in range(D):
            quantities[f"mu[{index},{i}]"] = quantity(m[k, i], np.sqrt(V[k][i, i]))
            for j in range(i + 1):
                quantities[f"Sigma[{index},{i},{j}]"] = quantity(S[k][i, j] / (df[k] - D - 1))
    return {"quantities": quantities, "elbo": float(elbo)}


write("mean-field-mixtures", "fixed points of the textbook CAVI updates", {"hierarchicalMixture": known_noise(), "oldFaithful": unknown_covariances()})
