"""
04-linear-gaussian-state-space: Kalman filter and Rauch-Tung-Striebel smoother, held here against
the dense Gaussian; the mean-field optimum from the dense precision. Also makes the data.
"""
import numpy as np
from scipy.stats import multivariate_normal
from common import quantity, write, write_example

random = np.random.RandomState(4)
T, phi, q, r = 100, 0.9, 0.25, 0.45
z = np.zeros(T)
z[0] = random.normal()
for t in range(1, T):
    z[t] = phi * z[t - 1] + q * random.normal()
x = (z + r * random.normal(size=T)).round(4)
write_example({"x": x.tolist()}, "04-linear-gaussian-state-space", "data.json")

# Kalman filter
m, P, mp, Pp, evidence = np.zeros(T), np.zeros(T), np.zeros(T), np.zeros(T), 0.0
for t in range(T):
    mp[t], Pp[t] = (0, 1) if t == 0 else (phi * m[t - 1], phi**2 * P[t - 1] + q**2)
    S = Pp[t] + r**2
    evidence += -0.5 * (np.log(2 * np.pi * S) + (x[t] - mp[t]) ** 2 / S)
    m[t], P[t] = mp[t] + Pp[t] / S * (x[t] - mp[t]), Pp[t] - Pp[t] ** 2 / S
# smoother
ms, Ps = m.copy(), P.copy()
for t in range(T - 2, -1, -1):
    G = P[t] * phi / Pp[t + 1]
    ms[t], Ps[t] = m[t] + G * (ms[t + 1] - mp[t + 1]), P[t] + G**2 * (Ps[t + 1] - Pp[t + 1])

# the same from the dense precision
precision = np.zeros((T, T))
precision[0, 0] = 1
for t in range(1, T):
    precision[t, t] += 1 / q**2
    precision[t - 1, t - 1] += phi**2 / q**2
    precision[t, t - 1] -= phi / q**2
    precision[t - 1, t] -= phi / q**2
prior = np.linalg.inv(precision)
posterior = precision + np.eye(T) / r**2
assert np.allclose(np.linalg.solve(posterior, x / r**2), ms, atol=1e-10)
assert np.allclose(np.diag(np.linalg.inv(posterior)), Ps, atol=1e-10)
assert abs(multivariate_normal.logpdf(x, np.zeros(T), prior + r**2 * np.eye(T)) - evidence) < 1e-8

# Mean field with one factor for each z_t: same means, variances 1 / precision_tt,
# KL(q || p) = 1/2 (sum log precision_tt - log det precision).
divergence = 0.5 * (np.sum(np.log(np.diag(posterior))) - np.linalg.slogdet(posterior)[1])
write("linear-gaussian-state-space", "Kalman filter and RTS smoother; mean-field optimum 1/precision_tt", {
    "posterior": {
        "quantities": {f"z[{t}]": quantity(ms[t], Ps[t] ** 0.5) for t in range(T)},
        "logEvidence": float(evidence),
    },
    "meanField": {
        "quantities": {f"z[{t}]": quantity(ms[t], posterior[t, t] ** -0.5) for t in range(T)},
        "elbo": float(evidence - divergence),
    },
})
