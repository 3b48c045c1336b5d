"""
35-em-and-its-bound: y = m + a_i + b_j + noise. Maximum likelihood by BFGS on the dense Gaussian; variational EM with q(a) q(b) by its fixed
point; EM from (0, 1, 1, 1) written out with the dense posterior, and at its steps log p, and KL(q || p) of mean field as a divergence of Gaussians,
1/2 (sum log precision_tt - log det precision) for factors with the posterior's means. Also draws the data.
"""
import numpy as np
from scipy.optimize import minimize
from scipy.stats import multivariate_normal
from common import quantity, write, write_example

random = np.random.RandomState(35)
I, J = 12, 6
y = (20 + 1.5 * random.normal(size=(I, 1)) + 0.9 * random.normal(size=(1, J)) + 0.7 * random.normal(size=(I, J))).round(3)
write_example({"y": y.tolist()}, "35-em-and-its-bound", "data.json")
Z = np.zeros((I * J, I + J))
for i in range(I):
    for j in range(J):
        Z[i * J + j, i] = Z[i * J + j, I + j] = 1
flat = y.ravel()


def prior(sa, sb):
    return np.concatenate([np.full(I, sa**2), np.full(J, sb**2)])


def log_likelihood(m, sa, sb, s):
    return multivariate_normal(np.full(I * J, m), (Z * prior(sa, sb)) @ Z.T + s**2 * np.eye(I * J)).logpdf(flat)


def posterior(m, sa, sb, s):
    precision = np.diag(1 / prior(sa, sb)) + Z.T @ Z / s**2
    return np.linalg.solve(precision, Z.T @ (flat - m) / s**2), precision


def field_divergence(m, sa, sb, s):
    _, precision = posterior(m, sa, sb, s)
    return 0.5 * (np.log(np.diag(precision)).sum() - np.linalg.slogdet(precision)[1])


def em_step(m, sa, sb, s):
    mean, precision = posterior(m, sa, sb, s)
    covariance = np.linalg.inv(precision)
    second = mean**2 + np.diag(covariance)
    m = np.mean(flat - Z @ mean)
    residual = flat - m - Z @ mean
    return m, np.sqrt(second[:I].mean()), np.sqrt(second[I:].mean()), np.sqrt((residual @ residual + np.trace(Z @ covariance @ Z.T)) / (I * J))


best = minimize(lambda v: -log_likelihood(v[0], *np.exp(v[1:])), [y.mean(), 0, 0, 0], method="Nelder-Mead", options={"xatol": 1e-11, "fatol": 1e-13, "maxiter": 20000, "maxfev": 20000})
at = (best.x[0], *np.exp(best.x[1:]))
again = em_step(*at)
assert np.allclose(at, again, atol=1e-6), (at, again)
mean, precision = posterior(*at)
spread = np.sqrt(np.diag(np.linalg.inv(precision)))
names = ("m", "sampleSd", "instrumentSd", "noise")
maximum = {name: quantity(value) for name, value in zip(names, at)}
maximum |= {"a[0]": quantity(mean[0], spread[0]), "b[5]": quantity(mean[I + 5], spread[I + 5])}

m, sa, sb, s, ma, mb = y.mean(), 1.0, 1.0, 1.0, np.zeros(I), np.zeros(J)
for _ in range(200000):
    before = (m, sa, sb, s)
    va, vb = 1 / (1 / sa**2 + J / s**2), 1 / (1 / sb**2 + I / s**2)
    ma = va * (y - m - mb[None, :]).sum(axis=1) / s**2
    mb = vb * (y - m - ma[:, None]).sum(axis=0) / s**2
    m = (y - ma[:, None] - mb[None, :]).mean()
    sa, sb = np.sqrt((ma**2).mean() + va), np.sqrt((mb**2).mean() + vb)
    s = np.sqrt(((y - m - ma[:, None] - mb[None, :]) ** 2).mean() + va + vb)
    if max(abs(np.array(before) - (m, sa, sb, s))) < 1e-15:
        break
bound = log_likelihood(m, sa, sb, s) - field_divergence(m, sa, sb, s)
field = {name: quantity(value) for name, value in zip(names, (m, sa, sb, s))}
field |= {"a[0]": quantity(ma[0], va**0.5), "b[5]": quantity(mb[5], vb**0.5)}

found, point = {"falls of the log likelihood": quantity(0), "falls of the bound": quantity(0)}, (0.0, 1.0, 1.0, 1.0)
for step in range(1, 11):
    point = em_step(*point)
    if step in (1, 3, 10):
        found[f"step {step}: log p"] = quantity(log_likelihood(*point))
        found[f"step {step}: KL of EM"] = quantity(0)
        found[f"step {step}: KL of mean field"] = quantity(field_divergence(*point))
print(at, -best.fun, (m, sa, sb, s), bound)
for name, value in found.items():
    print(name, value["mean"])
write("em-and-its-bound", "dense Gaussian likelihood and EM written out; variational EM by its fixed point", {
    "maximum": {"quantities": maximum, "logLikelihood": float(-best.fun)},
    "variational": {"quantities": field, "elbo": float(bound)},
    "steps": {"quantities": found},
})
