# Reference values for the numbers behind figures, from R's stats and base.
# Run in this folder: Rscript plots.R   (writes plots.json)
library(jsonlite)
set.seed(20261121)
text_exact <- function(x) as.numeric(sprintf("%.12g", x))
samples <- list(
  normal = text_exact(rnorm(200)),
  skewed = text_exact(rgamma(150, 0.7)),
  tied = as.numeric(rpois(80, 3)),
  autoregressive = text_exact(as.numeric(stats::filter(rnorm(120), 0.8, method = "recursive")))
)
cases <- lapply(samples, function(x) list(
  values = x, bandwidth = bw.nrd0(x), quantiles = as.numeric(quantile(x, c(0, 0.05, 0.5, 0.95, 1))),
  autocorrelations = as.numeric(acf(x, lag.max = 10, plot = FALSE)$acf),
  # Of two chains, the halves of the values, how much lies in each eighth of the ranks: equal values share theirs.
  ranks = lapply(list(1:(length(x) / 2), (length(x) / 2 + 1):length(x)), function(i) rowSums(sapply(x[i], function(v) {
    n <- length(x); from <- sum(x < v); to <- sum(x <= v); b <- 0:7
    pmax(0, pmin(to, (b + 1) * n / 8) - pmax(from, b * n / 8)) / (to - from)
  })))
))
write(toJSON(cases, digits = 16, auto_unbox = TRUE, pretty = FALSE), "plots.json")
