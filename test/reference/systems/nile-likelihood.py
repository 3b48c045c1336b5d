"""
11-nile with both variances as parameters: the likelihood by the Kalman filter, maximised by Nelder-Mead over their logs; the level at the
maximum by the smoother, held against the dense Gaussian.
"""
import numpy as np
from scipy.optimize import minimize
from scipy.stats import multivariate_normal
from common import quantity, read_column, write

y = read_column("flow", "11-nile", "nile.csv")
T = len(y)


def prior_covariance(drift):
    steps = np.minimum(np.arange(T)[:, None], np.arange(T)[None, :])
    return 500.0**2 + drift * steps


def log_likelihood(noise, drift):
    m, P, total = 1000.0, 500.0**2, 0.0
    for t in range(T):
        if t > 0:
            P += drift
        S = P + noise
        total += -0.5 * (np.log(2 * np.pi * S) + (y[t] - m) ** 2 / S)
        m, P = m + P / S * (y[t] - m), P * noise / S
    return total


best = minimize(lambda v: -log_likelihood(*np.exp(v)), np.log([15000.0, 1500.0]), method="Nelder-Mead", options={"xatol": 1e-10, "fatol": 1e-12, "maxiter": 4000})
noise, drift = np.exp(best.x)
prior = prior_covariance(drift)
total = prior + noise * np.eye(T)
assert abs(multivariate_normal(np.full(T, 1000.0), total).logpdf(y) + best.fun) < 1e-7
gain = prior @ np.linalg.inv(total)
mean, covariance = 1000 + gain @ (y - 1000), prior - gain @ prior
found = {"noise": quantity(noise), "drift": quantity(drift)}
for t in (0, 27, 28, 50, 99):
    found[f"level[{t}]"] = quantity(mean[t], covariance[t, t] ** 0.5)
print(noise, drift, -best.fun)
write("nile-likelihood", "Kalman likelihood maximised by Nelder-Mead; the level from the dense Gaussian at the maximum", {
    "maximum": {"quantities": found, "logLikelihood": float(-best.fun)},
})
