"""
34-generative-and-discriminative: linear discriminant analysis in closed form (proportion, class means, pooled covariance / N, w = S^-1 (m1 - m0));
logistic regression by iteratively reweighted least squares, score below 1e-9. Also draws the data, from classes with one covariance.
"""
import numpy as np
from scipy.stats import bernoulli, multivariate_normal
from common import quantity, write, write_example

random = np.random.RandomState(34)
N = 300
covariance = np.array([[1.0, 0.5], [0.5, 1.5]])
label = (random.uniform(size=N) < 0.4).astype(int)
x = (np.array([[0.0, 0.0], [1.6, -0.8]])[label] + random.multivariate_normal(np.zeros(2), covariance, size=N)).round(3)
write_example({"x": x.tolist(), "label": label.tolist()}, "34-generative-and-discriminative", "data.json")

prior = label.mean()
mu = np.stack([x[label == k].mean(axis=0) for k in (0, 1)])
away = x - mu[label]
Sigma = away.T @ away / N
w = np.linalg.solve(Sigma, mu[1] - mu[0])
b = np.log(prior / (1 - prior)) - w @ (mu[0] + mu[1]) / 2
total = bernoulli(prior).logpmf(label).sum() + multivariate_normal(np.zeros(2), Sigma).logpdf(away).sum()
# The log odds of Bayes' rule are that line.
odds = np.log(prior / (1 - prior)) + multivariate_normal(mu[1], Sigma).logpdf(x) - multivariate_normal(mu[0], Sigma).logpdf(x)
assert np.abs(odds - (b + x @ w)).max() < 1e-10

X = np.column_stack([np.ones(N), x])
v = np.zeros(3)
for _ in range(50):
    p = 1 / (1 + np.exp(-X @ v))
    information = (X * (p * (1 - p))[:, None]).T @ X
    v = v + np.linalg.solve(information, X.T @ (label - p))
p = 1 / (1 + np.exp(-X @ v))
assert np.abs(X.T @ (label - p)).max() < 1e-9
errors = np.sqrt(np.diag(np.linalg.inv(information)))
generative = {"prior": quantity(prior), "intercept": quantity(b)}
generative |= {f"mu[{k},{d}]": quantity(mu[k, d]) for k in (0, 1) for d in (0, 1)}
generative |= {f"Sigma[{i},{j}]": quantity(Sigma[i, j]) for i in (0, 1) for j in (0, 1)}
generative |= {f"weight[{d}]": quantity(w[d]) for d in (0, 1)}
print(b, w, v, errors)
write("generative-and-discriminative", "linear discriminant analysis in closed form; logistic regression by IRLS", {
    "generative": {"quantities": generative, "logLikelihood": float(total)},
    "discriminative": {
        "quantities": {"intercept": quantity(v[0], errors[0]), "weight[0]": quantity(v[1], errors[1]), "weight[1]": quantity(v[2], errors[2])},
        "logLikelihood": float(bernoulli(p).logpmf(label).sum()),
    },
})
