# Reference values for the convergence diagnostics, from the R package `posterior`.
# Run in this folder: Rscript diagnostics.R   (writes diagnostics.json)
suppressMessages(library(posterior))
library(jsonlite)

set.seed(20240611)
# Draws are rounded to 12 digits and read back, so that the text holds exactly these doubles.
text_exact <- function(x) { x[] <- as.numeric(sprintf("%.12g", x)); x }
ar1 <- function(n, rho) as.numeric(stats::filter(rnorm(n, sd = sqrt(1 - rho^2)), rho, method = "recursive", init = rnorm(1)))
chains_of <- function(chains, f) sapply(seq_len(chains), function(k) f(k))

cases <- list(
  iid = chains_of(4, function(k) rnorm(100)),
  ar1 = chains_of(4, function(k) ar1(200, 0.9)),
  antithetic = chains_of(4, function(k) ar1(100, -0.8)),
  odd = chains_of(3, function(k) ar1(101, 0.5)),
  shiftedChains = chains_of(4, function(k) rnorm(80, mean = k)),
  scaledChains = chains_of(4, function(k) rnorm(80, sd = c(1, 1, 1, 5)[k])),
  heavyTails = chains_of(4, function(k) rcauchy(120)),
  tiny = chains_of(4, function(k) rnorm(60, sd = 1e-20)),
  large = chains_of(2, function(k) 1e6 + rnorm(60)),
  constant = matrix(3.25, 50, 4),
  constantChains = matrix(rep(c(1.1, 2.2, 3.3), each = 40), 40, 3),
  oneConstantChain = cbind(rnorm(60), rep(0.1, 60), rnorm(60)),
  ties = chains_of(4, function(k) rpois(100, 1.5)),
  oddTies = chains_of(4, function(k) rbinom(51, 3, 0.4)),
  binary = chains_of(4, function(k) rbinom(100, 1, 0.3)),
  halfBinary = matrix(rep(c(0, 1), 100), 50, 4),
  withNaN = { x <- chains_of(4, function(k) rnorm(20)); x[7, 2] <- NaN; x },
  withInfinity = { x <- chains_of(4, function(k) rnorm(40)); x[3, 1] <- Inf; x[5, 4] <- -Inf; x },
  oneChain = matrix(ar1(150, 0.7), ncol = 1),
  oneChainOdd = matrix(ar1(33, 0.3), ncol = 1),
  oneDraw = matrix(rnorm(4), nrow = 1),
  twoDraws = chains_of(4, function(k) rnorm(2)),
  threeDraws = chains_of(4, function(k) rnorm(3)),
  fiveDraws = chains_of(4, function(k) rnorm(5)),
  sixDraws = chains_of(4, function(k) rnorm(6)),
  sevenDraws = chains_of(2, function(k) rnorm(7)),
  twelveDraws = chains_of(2, function(k) rnorm(12)),
  thirteenDraws = chains_of(2, function(k) ar1(13, 0.9)),
  trend = chains_of(4, function(k) seq(0, 3, length.out = 90) + rnorm(90)),
  long = chains_of(2, function(k) ar1(1000, 0.97))
)

finite_or_null <- function(x) if (length(x) == 0 || is.na(x)) NA else if (is.infinite(x)) sprintf("%f", x) else x
evaluate <- function(f) finite_or_null(tryCatch(suppressWarnings(as.numeric(f)), error = function(e) NA))
results <- lapply(cases, function(x) {
  x <- text_exact(x)
  list(
    chains = ncol(x), draws = nrow(x),
    values = vapply(as.vector(x), function(v) if (is.finite(v)) sprintf("%.17g", v) else as.character(v), ""),
    rhat = evaluate(rhat(x)),
    rhatBasic = evaluate(rhat_basic(x)),
    essBulk = evaluate(ess_bulk(x)),
    essTail = evaluate(ess_tail(x)),
    essMean = evaluate(ess_mean(x)),
    essSd = evaluate(ess_sd(x)),
    essMedian = evaluate(ess_quantile(x, 0.5)),
    mcseMean = evaluate(mcse_mean(x)),
    mcseSd = evaluate(mcse_sd(x)),
    mcseQ5 = evaluate(mcse_quantile(x, 0.05)),
    mcseQ50 = evaluate(mcse_quantile(x, 0.5)),
    mcseQ95 = evaluate(mcse_quantile(x, 0.95)),
    q5 = evaluate(quantile(x, 0.05)), q50 = evaluate(quantile(x, 0.5)), q95 = evaluate(quantile(x, 0.95))
  )
})
output <- list(versions = list(R = R.version.string, posterior = as.character(packageVersion("posterior"))), cases = results)
write(toJSON(output, auto_unbox = TRUE, digits = NA, na = "null"), "diagnostics.json")
