"""23-gaussian-or-mixture: one normal law in closed form; two by textbook EM, checked by scikit-learn and by a climb along the gradient."""
import numpy as np
from scipy.optimize import minimize
from scipy.special import logsumexp
from scipy.stats import norm
from sklearn.mixture import GaussianMixture
from common import read_column, write
from mixtures import fit, named

y = read_column("waiting", "23-gaussian-or-mixture", "faithful.csv")
grid = np.array([45, 55, 67, 80, 95])
m, s = y.mean(), y.std()
one = norm.logpdf(y, m, s).sum()

pi, mu, sigma, _, trace = fit(y[:, None], [0.5, 0.5], np.array([[50.0], [80.0]]), [np.eye(1) * 30] * 2)
sd = np.sqrt(sigma[:, 0, 0])
other = GaussianMixture(2, tol=1e-14, max_iter=10000, reg_covar=0, means_init=[[50.0], [80.0]], random_state=1).fit(y[:, None])
assert abs(other.score(y[:, None]) * len(y) - trace[-1]) < 1e-8


def negative(p):
    w = 1 / (1 + np.exp(-p[0]))
    return -logsumexp([np.log(w) + norm.logpdf(y, p[1], np.exp(p[2])), np.log1p(-w) + norm.logpdf(y, p[3], np.exp(p[4]))], axis=0).sum()


climbed = minimize(negative, [-0.5, 54, 1.7, 80, 1.7], method="BFGS", options=dict(gtol=1e-4))
assert abs(climbed.fun + trace[-1]) < 1e-7

write("gaussian-or-mixture", "maximum likelihood: one normal law in closed form, two by textbook EM", {
    "one": {"quantities": named(mu=[m], s=[s], density=norm.pdf(grid, m, s)), "logLikelihood": one},
    "two": {"quantities": named(pi=pi, mu=mu[:, 0], s=sd, density=pi @ norm.pdf(grid[None], mu, sd[:, None])), "logLikelihood": trace[-1]},
})
