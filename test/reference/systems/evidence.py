"""
22-evidence: log evidence of a Normal-InverseGamma model in closed form, mean field q(m) q(v) by its fixed
point, and KL(q || p) by quadrature over both: log p(y) - ELBO = KL, to 1e-9.
"""
import numpy as np
from scipy import integrate, stats
from scipy.special import digamma, gammaln
from common import quantity, write, write_example

rng = np.random.default_rng(22)
y = np.round(rng.normal(1.0, 1.3, size=7), 3)
write_example({"y": y.tolist()}, "22-evidence", "data.json")
N, a0, b0, k0 = len(y), 3.0, 4.0, 0.5
kn, mn = k0 + N, y.sum() / (k0 + N)
an = a0 + N / 2
bn = b0 + 0.5 * (np.sum((y - mn) ** 2) + k0 * mn**2)
evidence = gammaln(an) - gammaln(a0) + a0 * np.log(b0) - an * np.log(bn) + 0.5 * np.log(k0 / kn) - N / 2 * np.log(2 * np.pi)
assert abs(evidence - stats.multivariate_t(np.zeros(N), b0 / a0 * (np.eye(N) + 2), 2 * a0).logpdf(y)) < 1e-10

# q(v) = InverseGamma(a, b) with a = a0 + (N + 1)/2, q(m) = N(mn, b/(a kn)).
a = a0 + (N + 1) / 2
b = bn
for _ in range(2000):
    variance = b / a / kn
    b = b0 + 0.5 * (np.sum((y - mn) ** 2) + k0 * mn**2 + kn * variance)
variance = b / a / kn
mean_log, mean_inverse = np.log(b) - digamma(a), a / b
square = np.sum((y - mn) ** 2) + k0 * mn**2 + kn * variance
joint = a0 * np.log(b0) - gammaln(a0) - (a0 + 1) * mean_log - b0 * mean_inverse + 0.5 * np.log(k0) - (N + 1) / 2 * (np.log(2 * np.pi) + mean_log) - 0.5 * mean_inverse * square
entropy = 0.5 * np.log(2 * np.pi * np.e * variance) + a + np.log(b) + gammaln(a) - (1 + a) * digamma(a)
elbo = joint + entropy

qv, qm = stats.invgamma(a, scale=b), stats.norm(mn, np.sqrt(variance))


def inner(v):
    # E over q(m) of log q - log p, the m part in closed form: a Normal against another with the same mean.
    ratio = variance / (v / kn)
    against = 0.5 * (ratio - 1 - np.log(ratio))
    return qv.pdf(v) * (qv.logpdf(v) - stats.invgamma(an, scale=bn).logpdf(v) + against)


kl = integrate.quad(lambda t: inner(np.exp(t)) * np.exp(t), np.log(b / a) - 4, np.log(b / a) + 6, epsabs=1e-13, epsrel=1e-12, limit=400)[0]
assert kl > 0.01 and abs(evidence - elbo - kl) < 1e-9, (evidence, elbo, kl)

exact = {"v": quantity(bn / (an - 1), bn / (an - 1) / np.sqrt(an - 2)), "m": quantity(mn, np.sqrt(bn / (an - 1) / kn))}
field = {"v": quantity(qv.mean(), qv.std()), "m": quantity(mn, np.sqrt(variance))}
# The variance given: one Normal is left, the family of q holds the posterior, and the bound is tight.
given = 1.5
total = given * (np.eye(N) + 2)
tight = stats.multivariate_normal(np.zeros(N), total).logpdf(y) + stats.invgamma(a0, scale=b0).logpdf(given)
known = {"m": quantity(mn, np.sqrt(given / kn))}
# EM over v, the mean summed out: the mode of p(v | y), InverseGamma(an, bn).
mode = bn / (an + 1)
likelihood = stats.multivariate_normal(np.zeros(N), mode * (np.eye(N) + 2)).logpdf(y)
estimate = {"v": quantity(mode), "m": quantity(mn, np.sqrt(mode / kn))}
write("evidence", f"Normal-InverseGamma evidence in closed form, mean field by its fixed point; evidence - ELBO = KL = {kl:.12f} by quadrature", {
    "posterior": {"quantities": exact, "logEvidence": float(evidence)},
    "meanField": {"quantities": field, "elbo": float(elbo)},
    "estimate": {"quantities": estimate, "logLikelihood": float(likelihood), "logJoint": float(likelihood + stats.invgamma(a0, scale=b0).logpdf(mode))},
    "tight": {"quantities": known, "logEvidence": float(tight), "elbo": float(tight)},
})
