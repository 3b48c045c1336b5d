"""
21-generative-classifier: the log-odds of a Gaussian class-conditional classifier as the quadratic
  log prior/(1 - prior) + (log|S0| - log|S1| + m0'P0 m0 - m1'P1 m1)/2 + (P1 m1 - P0 m0)'x + x'(P0 - P1)x/2,
which for S0 = S1 is logistic regression with weights P(m1 - m0). A missing feature is left out.
"""
import numpy as np
from common import quantity, write, write_example

rng = np.random.default_rng(21)
mu = np.array([[-1.0, -0.5], [1.2, 0.8]])
Sigma = np.array([[[1.0, 0.4], [0.4, 0.8]], [[1.5, -0.6], [-0.6, 1.1]]])
prior = 0.35
grid = np.array([[a, b] for a in (-2.5, -0.5, 1.0, 3.0) for b in (-2.0, 0.0, 2.5)])
cloud = np.round(rng.normal(size=(8, 2)) * 2, 4)
x = np.vstack([grid, cloud])
gaps = [[0.7, None], [None, -1.3]]
write_example({"x": [*x.tolist(), *gaps], "prior": prior, "mu": mu.tolist(), "Sigma": Sigma.tolist()}, "21-generative-classifier", "data.json")
pooled = [[1.2, 0.3], [0.3, 0.9]]
write_example({"Sigma": [pooled, pooled]}, "21-generative-classifier", "equal.json")


def log_odds(x, mu, Sigma):
    P = [np.linalg.inv(S) for S in Sigma]
    constant = np.log(prior / (1 - prior)) + 0.5 * (np.linalg.slogdet(Sigma[0])[1] - np.linalg.slogdet(Sigma[1])[1] + mu[0] @ P[0] @ mu[0] - mu[1] @ P[1] @ mu[1])
    return constant + (P[1] @ mu[1] - P[0] @ mu[0]) @ x + 0.5 * x @ (P[0] - P[1]) @ x


def labels(odds):
    p = 1 / (1 + np.exp(-np.array(odds)))
    return {f"label[{n}]": quantity(p[n], np.sqrt(p[n] * (1 - p[n]))) for n in range(len(p))}


def marginal(k, value, Sigma):
    keep = [k]
    return log_odds(np.array([value]), mu[:, keep], Sigma[:, keep][:, :, keep])


def all_odds(Sigma, odds):
    return [odds(row) for row in x] + [marginal(0, 0.7, Sigma), marginal(1, -1.3, Sigma)]


equal = np.array([pooled, pooled])
w = np.linalg.solve(np.array(pooled), mu[1] - mu[0])
b = np.log(prior / (1 - prior)) - 0.5 * (mu[1] + mu[0]) @ w
write("generative-classifier", "the quadratic log-odds, and for equal covariances logistic regression with w = Sigma^-1 (mu1 - mu0)", {
    "quadratic": {"quantities": labels(all_odds(Sigma, lambda row: log_odds(row, mu, Sigma)))},
    "linear": {"quantities": labels(all_odds(equal, lambda row: b + w @ row))},
})
