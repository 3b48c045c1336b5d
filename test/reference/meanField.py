"""Log evidences that no line of ours computes: closed forms and quadrature (SciPy, mpmath).

Writes meanField.json beside this file. Models whose posterior factorises into the blocks of coordinate
ascent: the bound must equal the log evidence. `hierarchical` does not factorise: the bound is below.
"""
import json
import os
import sys
import numpy as np
import scipy
import mpmath as mp
from scipy import stats
from scipy.special import gammaln, multigammaln
from scipy.integrate import dblquad

y = [1.2, -0.4, 2.2, 0.7, 1.9]
counts = [3, 5, 2, 0, 7]
exposure = [1.0, 2.0, 0.5, 0.25, 3.0]
labels = [0, 2, 1, 2, 2, 0]
vectors = [[1.2, 0.3], [-0.4, 0.9], [2.2, -1.1]]
out = {}


# Normal mean, known sd: multivariate normal
n = len(y)
out['normalMean'] = float(stats.multivariate_normal(np.full(n, 0.5), 0.8**2 * np.eye(n) + 1.5**2 * np.ones((n, n))).logpdf(y))
# Gamma-Poisson with exposure
a, b = 2.5, 1.5
out['gammaPoisson'] = float(a * np.log(b) - gammaln(a) + gammaln(a + sum(counts)) - (a + sum(counts)) * np.log(b + sum(exposure))
                            + sum(c * np.log(e) - gammaln(c + 1) for c, e in zip(counts, exposure)))
# Exponential prior on the rate of exponentials
t = [0.4, 1.3, 0.2]
out['exponentialRate'] = float(np.log(0.7) + gammaln(1 + len(t)) - (1 + len(t)) * np.log(0.7 + sum(t)))
# Beta-Binomial
out['betaBinomial'] = float(stats.betabinom(10, 2, 3).logpmf(4))
# Dirichlet-Categorical
alpha = np.array([0.7, 1.5, 2.0])
k = np.bincount(labels, minlength=3)
out['dirichletCategorical'] = float(gammaln(alpha.sum()) - gammaln(alpha.sum() + k.sum()) + (gammaln(alpha + k) - gammaln(alpha)).sum())
# InverseGamma variance about a known mean
s, c = 3.0, 2.0
q = 0.5 * sum((v - 0.3)**2 for v in y)
out['inverseGammaVariance'] = float(s * np.log(c) - gammaln(s) + gammaln(s + n / 2) - (s + n / 2) * np.log(c + q) - n / 2 * np.log(2 * np.pi))
# Gamma precision about a known mean
out['gammaPrecision'] = out['inverseGammaVariance']
# Wishart precision and InverseWishart covariance about zero
d, df = 2, 4.0
S = np.array([[1.0, 0.3], [0.3, 0.5]])
X = np.array(vectors)
A = X.T @ X
m = len(vectors)
iw = (-m * d / 2 * np.log(np.pi) + multigammaln((df + m) / 2, d) - multigammaln(df / 2, d)
      + df / 2 * np.linalg.slogdet(S)[1] - (df + m) / 2 * np.linalg.slogdet(S + A)[1])
out['inverseWishart'] = float(iw)
Si = np.linalg.inv(S)
out['wishart'] = float(-m * d / 2 * np.log(np.pi) + multigammaln((df + m) / 2, d) - multigammaln(df / 2, d)
                       + df / 2 * np.linalg.slogdet(Si)[1] - (df + m) / 2 * np.linalg.slogdet(Si + A)[1])
# Pareto bound of uniforms
p0, p1 = 0.5, 1.5
u = [1.2, 3.3, 2.1]
out['paretoUniform'] = float(np.log(p1) + p1 * np.log(p0) - np.log(p1 + len(u)) - (p1 + len(u)) * np.log(max(u)))
# Grids: sd and mean with priors of no family
lik = lambda mean, sd: mp.exp(sum(-mp.mpf(v - mean)**2 / (2 * sd**2) for v in map(mp.mpf, y))) / (sd * mp.sqrt(2 * mp.pi))**n
mp.mp.dps = 30
out['uniformSd'] = float(mp.log(mp.quad(lambda v: lik(0.3, v) / 4, [0, 0.3, 1, 2, 4])))
out['halfCauchySd'] = float(mp.log(mp.quad(lambda v: lik(0.3, v) * 2 / (mp.pi * 2 * (1 + (v / 2)**2)), [0, 0.3, 1, 2, 5, 20, 100, 1000, mp.inf])))
out['truncatedMean'] = float(mp.log(mp.quad(lambda v: lik(v, mp.mpf('0.8')) * mp.npdf(v) / (mp.ncdf(2) - mp.ncdf(0)), [0, 0.5, 1, 1.5, 2])))
out['laplaceMean'] = float(mp.log(mp.quad(lambda v: lik(v, mp.mpf('0.8')) * mp.exp(-abs(v - mp.mpf('0.9')) / mp.mpf('0.2')) / mp.mpf('0.4'), [-5, 0, 0.5, 0.9, 1.3, 2, 6])))
out['squareMean'] = float(mp.log(mp.quad(lambda v: lik(v**2, mp.mpf('0.8')) * mp.npdf(v, mp.mpf('0.3'), 1), [-6, -1.2, -0.5, 0, 0.5, 1.2, 6])))
out['halfNormalInverseSd'] = float(mp.log(mp.quad(lambda v: lik(mp.mpf('0.3'), 1 / v) * 2 * mp.npdf(v, 0, 2), [mp.mpf('1e-12'), 0.5, 1, 2, 4, 12])))
out['logNormalRate'] = float(mp.log(mp.quad(lambda v: mp.exp(sum(-v * e + c * mp.log(v * e) - mp.loggamma(c + 1) for c, e in zip(counts, exposure))) * mp.npdf(mp.log(v), 0.2, 0.7) / v, [mp.mpf('1e-9'), 1, 2, 3, 4, 8, 60])))
# Moments of two of these, for the factor's mean and variance
def moments(f, points):
    z = mp.quad(f, points); mean = mp.quad(lambda v: v * f(v), points) / z
    return {'mean': float(mean), 'sd': float(mp.sqrt(mp.quad(lambda v: (v - mean)**2 * f(v), points) / z))}
out['moments'] = {
    'uniformSd': moments(lambda v: lik(0.3, v) / 4, [0, 0.3, 1, 2, 4]),
    'laplaceMean': moments(lambda v: lik(v, mp.mpf('0.8')) * mp.exp(-abs(v - mp.mpf('0.9')) / mp.mpf('0.2')), [-5, 0, 0.5, 0.9, 1.3, 2, 6]),
    'squareMean': moments(lambda v: lik(v**2, mp.mpf('0.8')) * mp.npdf(v, mp.mpf('0.3'), 1), [-6, -1.2, -0.5, 0, 0.5, 1.2, 6]),
    'truncatedMean': moments(lambda v: lik(v, mp.mpf('0.8')) * mp.npdf(v), [0, 0.5, 1, 1.5, 2]),
}
# Not factorising: Normal mean and Gamma precision
joint = lambda mean, tau: stats.norm(0, 2).pdf(mean) * stats.gamma(2, scale=1 / 1.5).pdf(tau) * np.prod(stats.norm(mean, tau**-0.5).pdf(y))
value, _ = dblquad(lambda mean, tau: joint(mean, tau), 1e-6, 30, -6, 8, epsabs=1e-14, epsrel=1e-10)
out['hierarchical'] = float(np.log(value))

here = os.path.dirname(os.path.abspath(__file__))
with open(os.path.join(here, 'meanField.json'), 'w') as f:
    json.dump({'script': 'meanField.py', 'versions': f'Python {sys.version.split()[0]}, NumPy {np.__version__}, SciPy {scipy.__version__}, mpmath {mp.__version__}', 'results': out}, f, indent=1)
print(json.dumps(out, indent=1))
