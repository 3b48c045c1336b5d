"""Structured mean field worked out by hand: a hidden Markov model with Dirichlet rows and Normal, Gamma emissions
(MacKay 1997; Beal 2003, chapter 3), and a local level with Gamma precisions (dense Gaussians), at convergence.
python3 test/reference/structuredMeanField.py > test/reference/structuredMeanField.json"""
import json
import numpy as np
from scipy.special import digamma, gammaln, logsumexp

def gamma_entropy(a, b): return a - np.log(b) + gammaln(a) + (1 - a) * digamma(a)
def gamma_energy(a0, b0, a, b): return a0 * np.log(b0) - gammaln(a0) + (a0 - 1) * (digamma(a) - np.log(b)) - b0 * a / b

y = [-1.3, -0.4, -1.9, -0.7, -1.1, 0.6, 1.8, 1.2, 2.4, 0.9, 1.5, -0.8, -1.6, -0.2, -1.4, 1.1, 0.7, 2.0, 1.3, -1.0, -1.2, 0.1, 1.7, 1.4]

def hidden_markov(y, K=2, m0=0.0, v0=25.0, a0=2.0, b0=2.0, alpha=1.0):
    y = np.array(y); T = len(y)
    A = np.full((K, K), alpha) + 5 * np.eye(K); m = np.array([-1.0, 1.0]); v = np.full(K, 0.05); a = np.full(K, 10.0); b = np.full(K, 5.0)
    for _ in range(4000):
        logP = digamma(A) - digamma(A.sum(1))[:, None]
        logB = 0.5 * (digamma(a) - np.log(b)) - 0.5 * np.log(2 * np.pi) - 0.5 * (a / b) * ((y[:, None] - m) ** 2 + v)
        f = np.zeros((T, K)); g = np.zeros((T, K)); f[0] = -np.log(K) + logB[0]
        for t in range(1, T): f[t] = logsumexp(f[t - 1][:, None] + logP, axis=0) + logB[t]
        for t in range(T - 2, -1, -1): g[t] = logsumexp(logP + logB[t + 1] + g[t + 1], axis=1)
        logZ = logsumexp(f[-1]); r = np.exp(f + g - logZ)
        pairs = sum(np.exp(f[t - 1][:, None] + logP + logB[t] + g[t] - logZ) for t in range(1, T))
        # The bound right after the update of q(z): log Z plus the terms of the parameters.
        bound = logZ + sum(gamma_energy(a0, b0, a[k], b[k]) + gamma_entropy(a[k], b[k]) for k in range(K))
        bound += np.sum(-0.5 * np.log(2 * np.pi * v0) - 0.5 * ((m - m0) ** 2 + v) / v0 + 0.5 * np.log(2 * np.pi * np.e * v))
        for k in range(K):
            bound += gammaln(K * alpha) - K * gammaln(alpha) + np.sum((alpha - 1) * logP[k])
            bound += np.sum(gammaln(A[k])) - gammaln(A[k].sum()) - np.sum((A[k] - 1) * logP[k])
        A = alpha + pairs
        N = r.sum(0)
        v = 1 / (1 / v0 + N * a / b); m = v * (m0 / v0 + (a / b) * (r * y[:, None]).sum(0))
        a = a0 + N / 2; b = b0 + 0.5 * (r * ((y[:, None] - m) ** 2 + v)).sum(0)
    return dict(y=y.tolist(), elbo=bound, P=(A / A.sum(1)[:, None]).tolist(), mu=m.tolist(), muSd=np.sqrt(v).tolist(), tau=(a / b).tolist(), z=r[:, 1].tolist())

def local_level(y, a0=2.0, b0=1.0):
    y = np.array(y); T = len(y)
    D = np.diff(np.eye(T), axis=0); aq, bq, ar, br = 2.0, 2.0, 2.0, 2.0
    for _ in range(20000):
        q, r = aq / bq, ar / br
        Lambda = q * D.T @ D + r * np.eye(T); Lambda[0, 0] += 1 / 4
        S = np.linalg.inv(Lambda); mean = S @ (r * y)
        E = S + np.outer(mean, mean)
        steps = np.trace(D @ E @ D.T); rest = np.sum((y - mean) ** 2) + np.trace(S)
        bound = gamma_energy(a0, b0, aq, bq) + gamma_entropy(aq, bq) + gamma_energy(a0, b0, ar, br) + gamma_entropy(ar, br)
        bound += 0.5 * (T - 1) * (digamma(aq) - np.log(bq) - np.log(2 * np.pi)) - 0.5 * q * steps + 0.5 * T * (digamma(ar) - np.log(br) - np.log(2 * np.pi)) - 0.5 * r * rest
        bound += -0.5 * np.log(2 * np.pi * 4) - E[0, 0] / 8 + 0.5 * np.linalg.slogdet(2 * np.pi * np.e * S)[1]
        aq, bq, ar, br = a0 + (T - 1) / 2, b0 + steps / 2, a0 + T / 2, b0 + rest / 2
    return dict(elbo=bound, q=aq / bq, r=ar / br, mean=mean.tolist(), sd=np.sqrt(np.diag(S)).tolist())

print(json.dumps(dict(hiddenMarkov=hidden_markov(y), localLevel=local_level(y))))
