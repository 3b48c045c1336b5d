"""Expectation maximisation for Gaussian mixtures as the textbooks write it (Bishop 2006, section 9.2), run to its fixed point."""
import numpy as np
from scipy.special import logsumexp
from scipy.stats import multivariate_normal


def log_joint(x, pi, mu, sigma):
    """log pi_k + log N(x_n; mu_k, Sigma_k), N by K."""
    return np.stack([np.log(p) + multivariate_normal(m, s).logpdf(x) for p, m, s in zip(pi, mu, sigma)], axis=1)


def full(_pi, scatters, counts):
    return [s / n for s, n in zip(scatters, counts)]


def fit(x, pi, mu, sigma, covariances=full, weights=lambda counts: counts / counts.sum(), tolerance=1e-15, most=200000):
    """
    From a start to the fixed point. `covariances(pi, scatters, counts)` is the M-step of the covariances, `weights` of the weights.
    Returns weights, means, covariances, responsibilities and the trace of the log-likelihood.
    """
    trace = []
    for _ in range(most):
        terms = log_joint(x, pi, mu, sigma)
        trace.append(logsumexp(terms, axis=1).sum())
        r = np.exp(terms - logsumexp(terms, axis=1, keepdims=True))
        counts = r.sum(axis=0)
        new = r.T @ x / counts[:, None]
        scatters = [(r[:, k, None] * (x - new[k])).T @ (x - new[k]) for k in range(len(counts))]
        old = np.concatenate([np.ravel(pi), np.ravel(mu), np.ravel(sigma)])
        pi, mu = weights(counts), new
        sigma = covariances(pi, scatters, counts)
        if np.max(np.abs(np.concatenate([np.ravel(pi), np.ravel(mu), np.ravel(sigma)]) - old)) < tolerance * np.max(np.abs(old)):
            break
    order = np.lexsort(np.transpose(mu)[::-1])
    terms = log_joint(x, pi, mu, sigma)
    trace.append(logsumexp(terms, axis=1).sum())
    r = np.exp(terms - logsumexp(terms, axis=1, keepdims=True))
    return np.asarray(pi)[order], np.asarray(mu)[order], np.asarray(sigma)[order], r[:, order], trace


def named(**arrays):
    """Elements by their names: mu[0,1] and so on."""
    out = {}
    for name, values in arrays.items():
        values = np.asarray(values, dtype=float)
        for at in np.ndindex(values.shape):
            out[name + (f"[{','.join(map(str, at))}]" if at else "")] = {"mean": float(values[at])}
    return out
