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
  # Mean ranks from 0 to n of all values taken as two chains, counted in eight bins.
  ranks = { n <- length(x); bins <- pmin(7, floor((rank(x) - 0.5) / n * 8)); lapply(list(1:(n / 2), (n / 2 + 1):n), function(i) tabulate(bins[i] + 1, 8)) }
))
write(toJSON(cases, digits = 16, auto_unbox = TRUE, pretty = FALSE), "plots.json")
