"""
32-forward-and-reverse: KL(p || q) over Gaussians is smallest at the moments of p; on a sample, at the moments of the sample
(standard errors s / sqrt(N) and s / sqrt(2 N) of the observed information). KL(q || p) by quadrature and Nelder-Mead from
either mode: a local minimum at each. Also draws the data.
"""
import numpy as np
from scipy import integrate, optimize, stats
from common import quantity, write, write_example

weights, means, sds = np.array([0.4, 0.6]), np.array([-2.0, 2.0]), np.array([0.6, 0.8])
random = np.random.RandomState(32)
label = random.choice(2, size=500, p=weights)
x = (means[label] + sds[label] * random.normal(size=500)).round(4)
write_example({"x": x.tolist()}, "32-forward-and-reverse", "data.json")


def log_p(t):
    return np.logaddexp(*(np.log(w) + stats.norm(m, s).logpdf(t) for w, m, s in zip(weights, means, sds)))


mean = weights @ means
sd = np.sqrt(weights @ (sds**2 + means**2) - mean**2)


def forward(m, s):
    return sum(integrate.quad(lambda t: np.exp(log_p(t)) * (log_p(t) - stats.norm(m, s).logpdf(t)), a, b, epsabs=1e-13, limit=400)[0] for a, b in ((-10, 0), (0, 12)))


# The trapezoidal rule, which converges exponentially on smooth integrands that vanish at both ends.
nodes = np.linspace(-12, 12, 20001)
mass = stats.norm(0, 1).pdf(nodes) * (nodes[1] - nodes[0])


def reverse(m, s):
    return mass @ (stats.norm(0, 1).logpdf(nodes) - np.log(s) - log_p(m + s * nodes))


found = {}
for side, start in (("left", -1.5), ("right", 1.5)):
    best = optimize.minimize(lambda v: reverse(v[0], np.exp(v[1])), [start, 0.0], method="Nelder-Mead", options={"xatol": 1e-10, "fatol": 1e-16, "maxiter": 5000})
    m, s = best.x[0], np.exp(best.x[1])
    direct = sum(integrate.quad(lambda t: stats.norm(m, s).pdf(t) * (stats.norm(m, s).logpdf(t) - log_p(t)), a, b, epsabs=1e-13, limit=400)[0] for a, b in ((-12, 0), (0, 12)))
    assert abs(direct - best.fun) < 1e-10, (direct, best.fun)
    found |= {
        f"forward from the {side}: mean": quantity(mean), f"forward from the {side}: sd": quantity(sd), f"forward from the {side}: KL": quantity(forward(mean, sd)),
        f"reverse from the {side}: mean": quantity(m), f"reverse from the {side}: sd": quantity(s), f"reverse from the {side}: KL": quantity(direct),
    }
spread = x.std()
write("forward-and-reverse", "moments of the law and of the sample; KL(q || p) by quadrature and Nelder-Mead", {
    "sample": {
        "quantities": {"m": quantity(x.mean(), spread / np.sqrt(x.size)), "s": quantity(spread, spread / np.sqrt(2 * x.size))},
        "logLikelihood": float(stats.norm(x.mean(), spread).logpdf(x).sum()),
    },
    "fits": {"quantities": found},
})
for name, value in found.items():
    print(name, value["mean"])
