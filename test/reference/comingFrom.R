# The JAGS programs of docs/coming-from.md on small data: means and standard deviations with their Monte Carlo errors;
# and JAGS' own densities for its table. Programs are kept with their results, so that a change of the page is noticed.
# Rscript test/reference/comingFrom.R docs/coming-from.md > test/reference/comingFrom.json
suppressPackageStartupMessages({ library(rjags); library(posterior); library(jsonlite) })
lines <- readLines(commandArgs(trailingOnly = TRUE)[1])
program <- function(name) {
  from <- which(lines == paste0("```jags name=jags-", name)) + 1
  paste(lines[from:(from + which(lines[from:length(lines)] == "```")[1] - 2)], collapse = "\n")
}
# Draws of four chains.
run <- function(name, data, monitor, inits = list(), iterations = 20000) {
  chains <- lapply(1:4, function(chain) {
    start <- c(inits, list(.RNG.name = "base::Mersenne-Twister", .RNG.seed = chain))
    compiled <- jags.model(textConnection(program(name)), data, start, n.chains = 1, n.adapt = 1000, quiet = TRUE)
    update(compiled, 2000, progress.bar = "none")
    as.matrix(coda.samples(compiled, monitor, iterations, progress.bar = "none")[[1]])
  })
  quantities <- lapply(colnames(chains[[1]]), function(column) {
    draws <- sapply(chains, function(chain) chain[, column])
    list(mean = mean(draws), sd = sd(draws), mcse = mcse_mean(draws), mcseSd = mcse_sd(draws), rhat = rhat(draws))
  })
  # Indices of the results count from 0.
  names(quantities) <- sapply(colnames(chains[[1]]), function(column) if (grepl("[", column, fixed = TRUE)) sprintf("%s[%d]", sub("\\[.*", "", column), as.integer(gsub("\\D", "", column)) - 1L) else column)
  quantities <- Filter(function(q) q$sd > 0, quantities)
  stopifnot(all(sapply(quantities, function(q) q$rhat) < 1.01))
  list(program = program(name), quantities = lapply(quantities, function(q) q[names(q) != "rhat"]))
}

x <- seq(-2, 2, length.out = 20)
y <- c(0, 0, 0, 1, 0, 0, 0, 1, 0, 1, 0, 1, 1, 0, 1, 1, 1, 0, 1, 1)
logistic <- list(x = x, y = y)
pumps <- list(t = c(94.3, 15.7, 62.9, 126, 5.24, 31.4, 1.05, 1.05, 2.1, 10.5), x = c(5, 1, 5, 14, 3, 19, 1, 1, 4, 22))
mixture <- list(alpha = c(2, 2), y = faithful$eruptions[1:40])
level <- list(y = as.numeric(Nile)[1:40])
missing <- list(x = c(-1.2, 0.3, NA, 1.4, -0.6, 0.9, -0.1, NA, 1.8, -1.5), y = c(-2.0, 1.1, 2.9, NA, -0.2, 2.2, 0.9, -1.4, 4.1, NA))
limit <- c(8, 8, 8, 12, 12, 12, 5, 5, 20, 20)
t <- c(3.1, NA, 6.4, NA, 10.2, 1.7, 4.4, NA, 14.9, NA)
results <- list(
  logistic = c(list(data = logistic), run("logistic", c(logistic, N = 20), c("a", "b"))),
  pumps = c(list(data = pumps), run("pumps", c(pumps, N = 10), c("alpha", "beta", "theta"))),
  mixture = c(list(data = mixture), run("mixture", c(mixture, N = 40, K = 2), c("low", "high"))),
  level = c(list(data = level), run("level", c(level, N = 40), c("drift", "noise", "level"), iterations = 40000)),
  missing = c(list(data = missing), run("missing", c(missing, N = 10), c("a", "b", "tau", "x", "y"))),
  # Credence's data: a censored time is its limit.
  censored = c(list(data = list(t = ifelse(is.na(t), limit, t), limit = limit)),
               run("censored", list(t = t, limit = limit, censored = as.integer(is.na(t)), N = 10), c("shape", "lambda"), list(t = ifelse(is.na(t), limit + 1, NA)), 60000))
)

# JAGS' densities as its functions give them, at one point each. Arguments as in the table of the page.
density <- c(
  "dnorm(0.3, 1, 4)" = "Normal(1, precision: 4)", "dlnorm(0.3, 1, 4)" = "LogNormal(1, 1 / sqrt(4))", "dt(0.3, 1, 4, 5)" = "StudentT(5, 1, 1 / sqrt(4))",
  "ddexp(0.3, 1, 4)" = "Laplace(1, 1 / 4)", "dlogis(0.3, 1, 4)" = "Logistic(1, 1 / 4)", "dweib(0.3, 2, 4)" = "Weibull(2, 4^(-1 / 2))",
  "dbin(2, 0.3, 5)" = "Binomial(5, 0.3)", "dnegbin(2, 0.3, 5)" = "NegativeBinomial(5, 0.3)", "dpar(3, 4, 2)" = "Pareto(2, 4)",
  "dhyper(2, 5, 6, 4, 1)" = "Hypergeometric(5, 6, 4)", "dgamma(0.3, 2, 4)" = "Gamma(2, 4)", "dexp(0.3, 4)" = "Exponential(4)",
  "dchisqr(0.3, 5)" = "ChiSquared(5)", "dbeta(0.3, 2, 4)" = "Beta(2, 4)", "dpois(2, 4)" = "Poisson(4)"
)
text <- sprintf("model {\n%s\n}", paste(sprintf("v[%d] <- %s", seq_along(density), names(density)), collapse = "\n"))
values <- as.numeric(coda.samples(jags.model(textConnection(text), quiet = TRUE), "v", 1, progress.bar = "none")[[1]])
densities <- lapply(seq_along(density), function(k) list(jags = names(density)[k], at = as.numeric(sub(".*?\\(([^,]*),.*", "\\1", names(density)[k])), law = unname(density[k]), value = values[k]))

write(toJSON(list(versions = paste0("R ", getRversion(), ", JAGS ", jags.version(), ", posterior ", packageVersion("posterior")), programs = results, densities = densities),
             auto_unbox = TRUE, digits = 10, na = "null"), stdout())
