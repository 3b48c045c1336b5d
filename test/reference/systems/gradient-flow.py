"""
31-gradient-flow: m <- m - eta (m - m0) / s^2, s <- s - eta (s^2 - s0^2 - (m - m0)^2) / s^3, written out; the same without
(m - m0)^2; each KL(p || q) by quadrature of the densities.
"""
import numpy as np
from scipy import integrate, stats
from common import quantity, write

m0, s0, eta = 0.5, 1.5, 0.1


def flow(term):
    m, s, path = 3.0, 0.8, [(3.0, 0.8)]
    for _ in range(1000):
        m, s = m - eta * (m - m0) / s**2, s - eta * (s**2 - s0**2 - term * (m - m0) ** 2) / s**3
        path.append((m, s))
    return path


def divergence(m, s):
    p, q = stats.norm(m0, s0), stats.norm(m, s)
    return integrate.quad(lambda x: p.pdf(x) * (p.logpdf(x) - q.logpdf(x)), m0 - 14 * s0, m0 + 14 * s0, epsabs=1e-13, epsrel=1e-13, limit=400)[0]


whole, shortened, found = flow(1), flow(0), {}
for step in (1, 2, 5, 10, 50, 200, 1000):
    found[f"mean[{step}]"], found[f"sd[{step}]"] = map(quantity, whole[step])
    found[f"KL[{step}]"] = quantity(divergence(*whole[step]))
    found[f"shortened mean[{step}]"], found[f"shortened sd[{step}]"] = map(quantity, shortened[step])
found["steps upwards"] = quantity(0)
assert np.allclose(whole[1000], (m0, s0), atol=1e-3)
write("gradient-flow", "the recursion written out, KL by quadrature", {
    "path": {"quantities": found},
    "gradient": {"quantities": {"gradient against differences": quantity(0)}},
})
