"""Iterations of scikit-learn's Gaussian mixture from the start in DATA.json: python3 em.py DATA.json ITERATIONS."""
import json, sys, time, warnings
import numpy as np
from sklearn.mixture import GaussianMixture

data, iterations = json.load(open(sys.argv[1])), int(sys.argv[2])
x = np.array(data["x"], dtype=float).reshape(data["N"], data["d"])
K = data["K"]
mu = np.array(data["init_mu"], dtype=float).reshape(K, -1)
cov = np.array(data["init_cov"], dtype=float).reshape(K, mu.shape[1], -1)
warnings.simplefilter("ignore")
best = float("inf")
for _ in range(3):
    m = GaussianMixture(K, covariance_type="full", weights_init=np.full(K, 1 / K), means_init=mu, precisions_init=np.linalg.inv(cov), reg_covar=0, tol=0, max_iter=1)
    m._initialize_parameters = lambda X, random_state=None: None
    m.weights_, m.means_, m.covariances_ = np.full(K, 1 / K), mu.copy(), cov.copy()
    m.precisions_cholesky_ = np.array([np.linalg.cholesky(np.linalg.inv(c)) for c in cov])
    started = time.perf_counter()
    for _ in range(iterations):
        _, log_resp = m._e_step(x)
        m._m_step(x, log_resp)
    best = min(best, (time.perf_counter() - started) / iterations)
print(json.dumps({"seconds": best, "logLikelihood": float(m.score_samples(x).sum())}))
