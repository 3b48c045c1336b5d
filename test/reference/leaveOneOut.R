# Pointwise log likelihoods of 6 data sets and what the R package loo (2.5.1) makes of them:
# loo, relative_eff, waic, loo_compare, stacking_weights.
# Rscript test/reference/leaveOneOut.R > test/reference/leaveOneOut.json
suppressMessages({ library(loo); library(jsonlite) })
options(mc.cores = 1, warn = -1)
round6 <- function(x) signif(x, 8)
case <- function(seed, chains, draws, units, make) {
  set.seed(seed)
  ll <- round6(make(chains, draws, units))            # [draws, chains, units]
  # relative_eff scales autocovariances wrongly where the number of draws has a prime factor above 5: all have none here
  r_eff <- if (max(ll) < -700) rep(1, units) else relative_eff(exp(ll))
  fit <- loo(ll, r_eff = r_eff)
  other <- waic(ll)
  list(seed = seed, chains = chains, draws = draws, units = units, values = as.numeric(ll),   # draws fastest, then chains, then units
       relativeEfficiency = unname(r_eff),
       elpd = unname(fit$pointwise[, "elpd_loo"]), p = unname(fit$pointwise[, "p_loo"]),
       k = unname(fit$diagnostics$pareto_k), effectiveSize = unname(fit$diagnostics$n_eff), mcse = unname(fit$pointwise[, "mcse_elpd_loo"]),
       estimates = unname(fit$estimates[c("elpd_loo", "p_loo"), ]),
       waic = list(elpd = unname(other$pointwise[, "elpd_waic"]), p = unname(other$pointwise[, "p_waic"]), estimates = unname(other$estimates[c("elpd_waic", "p_waic"), ])))
}
autoregressive <- function(chains, draws, rho) {
  m <- matrix(rnorm(chains * draws), draws, chains)
  for (t in 2:draws) m[t, ] <- rho * m[t - 1, ] + sqrt(1 - rho^2) * m[t, ]
  m
}
# a Normal mean with correlated draws; the last units lie ever further out
normal <- function(rho, width) function(chains, draws, units) {
  y <- c(rnorm(units - 2), 3, 6)
  mu <- mean(y) + width * autoregressive(chains, draws, rho)
  array(sapply(y, function(v) dnorm(v, mu, 1, log = TRUE)), c(draws, chains, units))
}
# tails without a mean: shapes above 1
heavy <- function(chains, draws, units) array(sapply(seq_len(units), function(i) -rexp(chains * draws, rate = 2.2 - 0.3 * i)), c(draws, chains, units))
# likelihoods far below what a number can hold
tiny <- function(chains, draws, units) array(sapply(seq_len(units), function(i) -2000 * i + rnorm(chains * draws, 0, 0.5)), c(draws, chains, units))
# counts: many equal values
counts <- function(chains, draws, units) array(sapply(seq_len(units), function(i) dbinom(i, 12, rbinom(chains * draws, 20, 0.4) / 20 * 0.8 + 0.1, log = TRUE)), c(draws, chains, units))
cases <- list(
  independent = case(1, 1, 400, 5, normal(0, 0.3)), correlated = case(2, 4, 150, 5, normal(0.6, 0.3)),
  antithetic = case(3, 2, 200, 4, normal(-0.5, 0.3)), heavy = case(4, 2, 200, 5, heavy),
  tiny = case(5, 2, 150, 3, tiny), counts = case(6, 2, 150, 4, counts), few = case(7, 2, 12, 4, normal(0.2, 0.3)))
set.seed(8)
points <- signif(cbind(rnorm(30, -1, 0.5), rnorm(30, -1.1, 0.7), rnorm(30, -1.6, 0.3)), 8)
loos <- lapply(1:3, function(k) structure(list(pointwise = cbind(elpd_loo = points[, k], p_loo = 0, looic = 0), estimates = rbind(elpd_loo = c(sum(points[, k]), 0), p_loo = 0, looic = 0)), class = c("psis_loo", "loo"), dims = c(100, 30)))
compared <- sapply(1:3, function(k) { best <- which.max(colSums(points)); d <- points[, k] - points[, best]; c(sum(d), sqrt(30) * sd(d)) })
weights <- as.numeric(stacking_weights(points, optim_control = list(reltol = 1e-14)))
cat(toJSON(list(cases = cases, compare = list(points = t(points), difference = compared[1, ], se = compared[2, ], weights = weights)), digits = I(12), auto_unbox = TRUE, na = "string"), "\n")
