"""
26-degenerate-likelihood: the log-likelihood of two normal laws as the first closes in on a datum (it grows by log 1000 for every factor
1000), and the local maximum by textbook EM that is meant when one speaks of maximum likelihood here.
"""
import numpy as np
from scipy.special import logsumexp
from scipy.stats import norm
from common import write, write_example
from mixtures import fit, named

rng = np.random.default_rng(26)
y = np.round(np.where(rng.random(30) < 0.4, rng.normal(-2, 0.6, 30), rng.normal(1.5, 0.9, 30)), 2)
assert len(set(y)) == len(y)
write_example({"y": y.tolist()}, "26-degenerate-likelihood", "data.json")
write_example({"pi": [0.5, 0.5], "mu": [float(y[7]), 0.0], "s": [0.01, 2.0]}, "26-degenerate-likelihood", "on-a-datum.json")

results = {}
for exponent in (1, 4, 7):
    s = 10.0 ** -exponent
    value = logsumexp([np.log(0.5) + norm.logpdf(y, y[7], s), np.log(0.5) + norm.logpdf(y, 0, 2)], axis=0).sum()
    results[f"near{exponent}"] = {"quantities": {}, "logEvidence": value}
grown = [results[f"near{e}"]["logEvidence"] for e in (4, 7)]
assert abs(grown[1] - grown[0] - 3 * np.log(10)) < 1e-3

pi, mu, sigma, _, trace = fit(y[:, None], np.array([0.5, 0.5]), np.array([[-2.0], [1.5]]), [np.eye(1)] * 2)
results["local"] = {"quantities": named(pi=pi, mu=mu[:, 0], s=np.sqrt(sigma[:, 0, 0])), "logLikelihood": trace[-1]}

write("degenerate-likelihood", "log-likelihoods at given parameters; a local maximum by textbook EM", results)
