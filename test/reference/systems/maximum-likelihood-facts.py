"""19-maximum-likelihood-facts: the rate of exponential waiting times and functions of it; also makes the data."""
import numpy as np
from common import quantity, write, write_example

y = np.random.RandomState(19).exponential(1 / 0.4, 60).round(4)
write_example({"y": y.tolist()}, "19-maximum-likelihood-facts", "data.json")
n, rate = len(y), len(y) / y.sum()
root = n**0.5
# Information n / rate^2; the estimate of g(rate) is g of the estimate, its error |g'| times that of the rate.
write("maximum-likelihood-facts", "rate = N / sum y with error rate / sqrt N; functions by equivariance and the delta method", {
    "maximum": {"quantities": {
        "rate": quantity(rate, rate / root), "mean": quantity(1 / rate, 1 / (rate * root)),
        "logarithm": quantity(np.log(rate), 1 / root), "half": quantity(np.log(2) / rate, np.log(2) / (rate * root)),
    }},
})
