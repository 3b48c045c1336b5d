"""
29-regression-hyper-parameters: the evidence of a linear regression, N(t; 0, I/beta + Phi Phi'/alpha), climbed along its gradient by SciPy;
the fixed point of the gamma updates (Bishop 2006, eqs 3.92, 3.95) and of EM (eqs 9.63, 9.68) agrees.
"""
import numpy as np
from scipy.optimize import minimize
from scipy.stats import multivariate_normal
from common import write, write_example
from mixtures import named

rng = np.random.default_rng(29)
x = np.round(np.sort(rng.uniform(0, 1, 30)), 3)
t = np.round(np.sin(2 * np.pi * x) + rng.normal(0, 0.25, 30), 3)
centre = np.round(np.linspace(0, 1, 9), 3)
write_example({"x": x.tolist(), "t": t.tolist(), "centre": centre.tolist()}, "29-regression-hyper-parameters", "data.json")
Phi = np.exp(-((x[:, None] - centre) ** 2) / (2 * 0.15**2))
N, M = Phi.shape


def evidence(alpha, beta):
    return multivariate_normal(np.zeros(N), np.eye(N) / beta + Phi @ Phi.T / alpha).logpdf(t)


def posterior(alpha, beta):
    S = np.linalg.inv(alpha * np.eye(M) + beta * Phi.T @ Phi)
    return beta * S @ Phi.T @ t, S


alpha, beta = 1.0, 10.0
for _ in range(20000):
    m, S = posterior(alpha, beta)
    gamma = M - alpha * np.trace(S)
    alpha, beta = gamma / (m @ m), (N - gamma) / np.sum((t - Phi @ m) ** 2)
m, S = posterior(alpha, beta)
# A fixed point of EM too, and no point nearby is higher.
assert abs(M / (m @ m + np.trace(S)) / alpha - 1) < 1e-10
assert abs((np.sum((t - Phi @ m) ** 2) + np.trace(Phi.T @ Phi @ S)) / N * beta - 1) < 1e-10
climbed = minimize(lambda p: -evidence(*np.exp(p)), [1.0, 2.5], method="BFGS", options=dict(gtol=1e-8))

assert np.allclose(np.exp(climbed.x), [alpha, beta], rtol=1e-5)
write_example({"alpha": alpha, "beta": beta}, "29-regression-hyper-parameters", "maximum.json")
w = {f"w[{j}]": {"mean": float(m[j]), "sd": float(np.sqrt(S[j, j]))} for j in range(M)}
value = evidence(alpha, beta)
write("regression-hyper-parameters", "maximum of the evidence by the gamma updates, by EM and by a climb", {
    "maximum": {"quantities": {**named(alpha=alpha, beta=beta), **w}, "logLikelihood": value},
    "weights": {"quantities": w, "logEvidence": value},
})
