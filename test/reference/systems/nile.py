"""
11-nile: the level is Gaussian given the two variances, so its moments are two-dimensional integrals
over (log noise, log drift) of Kalman smoother moments, done by the trapezoid rule.
"""
import numpy as np
from scipy.stats import invgamma, multivariate_normal
from common import quantity, read_column, write

y = read_column("flow", "11-nile", "nile.csv")
T = len(y)


def integrate(points):
    a = np.linspace(np.log(1500), np.log(120000), points)
    b = np.linspace(np.log(60), np.log(120000), points)
    A, B = np.meshgrid(a, b, indexing="ij")
    noise, drift = np.exp(A).ravel(), np.exp(B).ravel()
    size = len(noise)
    m, P, mp, Pp = (np.zeros((T, size)) for _ in range(4))
    log_weight = invgamma.logpdf(noise, 3, scale=30000) + invgamma.logpdf(drift, 3, scale=3000) + A.ravel() + B.ravel()
    for t in range(T):
        mp[t], Pp[t] = (1000, 500.0**2) if t == 0 else (m[t - 1], P[t - 1] + drift)
        S = Pp[t] + noise
        log_weight += -0.5 * (np.log(2 * np.pi * S) + (y[t] - mp[t]) ** 2 / S)
        m[t], P[t] = mp[t] + Pp[t] / S * (y[t] - mp[t]), Pp[t] * noise / S
    for t in range(T - 2, -1, -1):
        G = P[t] / Pp[t + 1]
        m[t] = m[t] + G * (m[t + 1] - mp[t + 1])
        P[t] = P[t] + G**2 * (P[t + 1] - Pp[t + 1])
    top = log_weight.max()
    weight = np.exp(log_weight - top)
    edge = weight.reshape(points, points)
    assert max(edge[0].max(), edge[-1].max(), edge[:, 0].max(), edge[:, -1].max()) < 1e-7
    evidence = top + np.log(weight.sum() * (a[1] - a[0]) * (b[1] - b[0]))
    weight /= weight.sum()

    def expect(mean, variance):
        first = weight @ mean
        return first, np.sqrt(weight @ (variance + mean**2) - first**2)

    result = {"noise": expect(noise, 0), "drift": expect(drift, 0)}
    for t in range(T):
        result[f"level[{t}]"] = expect(m[t], P[t])
    return evidence, result


evidence, result = integrate(201)
check_evidence, check = integrate(101)
assert abs(evidence - check_evidence) < 1e-6
assert all(np.allclose(result[name], check[name], rtol=1e-5) for name in result)
shown = ["noise", "drift", "level[0]", "level[27]", "level[28]", "level[50]", "level[99]"]

# The variances known: the dense Gaussian of the levels and the flows.
noise, drift = 15098.5, 1469.1
prior = 500.0**2 + drift * np.minimum.outer(np.arange(T), np.arange(T))
total = prior + noise * np.eye(T)
gain = np.linalg.solve(total, prior).T
mean = 1000 + gain @ (y - 1000)
sd = np.sqrt(np.diag(prior - gain @ prior))
known = {f"level[{t}]": quantity(mean[t], sd[t]) for t in (0, 1, 27, 28, 50, 98, 99)}
# A value given for an unknown is observed: its prior density counts.
known_evidence = multivariate_normal(np.full(T, 1000.0), total).logpdf(y) + invgamma.logpdf(noise, 3, scale=30000) + invgamma.logpdf(drift, 3, scale=3000)
write("nile", "Kalman smoother integrated over both variances on a 201 x 201 grid of their logarithms; 101 x 101 agrees to 1e-5", {
    "posterior": {"quantities": {name: quantity(*result[name]) for name in shown}, "logEvidence": float(evidence)},
    "known": {"quantities": known, "logEvidence": float(known_evidence)},
})
