# 01-hierarchical-mixture by JAGS. Components start at rough centres of the four groups, where the
# posterior has all but a negligible part of its mass; quantities do not depend on labels.
source(file.path(dirname(normalizePath(sub("--file=", "", grep("--file=", commandArgs(), value = TRUE)))), "common.R"))
data <- fromJSON(file.path(examples, "01-hierarchical-mixture/data.json"))
model <- "model {
  w ~ ddirch(alpha)
  for (k in 1:K) { for (d in 1:2) { mu[k, d] ~ dnorm(0, 1 / 5) } }
  for (n in 1:N) {
    z[n] ~ dcat(w)
    for (d in 1:2) { x[n, d] ~ dnorm(mu[z[n], d], 1 / 0.4) }
  }
}"
report <- function(draws) {
  x <- draws[, paste0("mu[", 1:4, ",1]")]; y <- draws[, paste0("mu[", 1:4, ",2]")]; w <- draws[, paste0("w[", 1:4, "]")]
  cbind(leftmost = apply(x, 1, min), rightmost = apply(x, 1, max), lowest = apply(y, 1, min), highest = apply(y, 1, max),
        spread = rowSums(x^2) + rowSums(y^2), purity = rowSums(w^2))
}
start <- rbind(c(4.7, 0.1), c(0.4, 0.1), c(-2.1, 1.9), c(-2.7, -2.3))
result <- run_jags(model, list(K = 4, N = nrow(data$x), alpha = rep(10, 4), x = data$x), list(mu = start), c("w", "mu"), 12000, report = report)
write_reference("hierarchical-mixture", "four chains of 12,000 sweeps after 1,000", list(posterior = list(quantities = result)))
