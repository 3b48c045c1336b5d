# Maximum likelihood by lm and glm on data sets of R: coefficients, standard errors, log likelihoods.
# Rscript test/reference/maximumLikelihood.R > test/reference/maximumLikelihood.json
suppressPackageStartupMessages(library(jsonlite))
options(digits = 17)
tight <- glm.control(epsilon = 1e-16, maxit = 100)
of <- function(fit, X, y) list(
  X = unname(X), y = as.numeric(y), names = colnames(X),
  coefficients = unname(coef(fit)), se = unname(sqrt(diag(vcov(fit)))), logLik = as.numeric(logLik(fit)))

cars_fit <- lm(dist ~ speed, cars)
cars_out <- c(of(cars_fit, model.matrix(cars_fit), cars$dist), list(rss = sum(residuals(cars_fit)^2)))

longley_fit <- lm(Employed ~ ., longley)
longley_out <- c(of(longley_fit, model.matrix(longley_fit), longley$Employed), list(rss = sum(residuals(longley_fit)^2)))

infert_fit <- glm(case ~ age + parity + education + spontaneous + induced, data = infert, family = binomial(), control = tight)
breaks_fit <- glm(breaks ~ wool * tension, data = warpbreaks, family = poisson(), control = tight)

write(toJSON(list(
  cars = cars_out, longley = longley_out,
  infert = of(infert_fit, model.matrix(infert_fit), infert$case),
  warpbreaks = of(breaks_fit, model.matrix(breaks_fit), warpbreaks$breaks)
), digits = NA, auto_unbox = TRUE, pretty = FALSE), stdout())
