"""08-known-mixture: responsibilities and log-likelihood of a mixture with known components."""
import numpy as np
from scipy.special import logsumexp
from scipy.stats import norm
from common import quantity, read_column, read_json, write

y = read_column("waiting", "08-known-mixture", "faithful.csv")
known = read_json("08-known-mixture", "components.json")
terms = np.log(known["weight"]) + norm.logpdf(y[:, None], known["centre"], known["spread"])
total = logsumexp(terms, axis=1)
second = np.exp(terms[:, 1] - total)
# Near-certain assignments say little; keep the observations whose component is in doubt, and a few others.
shown = sorted({0, 1, 2, *np.argsort(np.abs(second - 0.5))[:20]})
write("known-mixture", "P(z_n = 1) = w_1 N(y_n; m_1, s_1) / sum_k; evidence = sum_n log sum_k", {
    "posterior": {
        "quantities": {f"z[{n}]": quantity(second[n], (second[n] * (1 - second[n])) ** 0.5) for n in shown},
        "logEvidence": float(total.sum()),
        "elbo": float(total.sum()),
    },
})
