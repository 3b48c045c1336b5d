# The Stan programs of docs/coming-from.md on small data: means and standard deviations with their Monte Carlo errors;
# and Stan's own densities for its table. Programs are kept with their results, so that a change of the page is noticed.
# Rscript test/reference/comingFromStan.R docs/coming-from.md > test/reference/comingFromStan.json
suppressPackageStartupMessages({ library(rstan); library(posterior); library(jsonlite) })
lines <- readLines(commandArgs(trailingOnly = TRUE)[1])
program <- function(name) {
  from <- which(lines == paste0("```stan name=stan-", name)) + 1
  paste(lines[from:(from + which(lines[from:length(lines)] == "```")[1] - 2)], collapse = "\n")
}
# rstan 2.21 reads arrays as Stan before 2.26 wrote them: `real y[N]`, where the page has `array[N] real y`.
before26 <- function(text) {
  gsub("array\\[([^]]*)\\] ([a-z_]+(?:<[^>]*>)?(?:\\[[^]]*\\])?) ([A-Za-z_0-9]+);", "\\2 \\3[\\1];", text, perl = TRUE)
}
drawn <- function(text, data, ...) {
  compiled <- stan_model(model_code = before26(text))
  sampling(compiled, data = data, refresh = 0, seed = 1, cores = 1, ...)
}
# Draws of four chains; `names` are ours of Stan's elements, where they differ.
run <- function(name, data, monitor, names = list()) {
  fit <- drawn(program(name), data, chains = 4, iter = 12000, warmup = 2000, control = list(adapt_delta = 0.99))
  stopifnot(sum(sapply(get_sampler_params(fit, inc_warmup = FALSE), function(p) sum(p[, "divergent__"]))) == 0)
  draws <- as.array(fit, pars = monitor)
  quantities <- lapply(dimnames(draws)[[3]], function(column) {
    values <- draws[, , column]
    list(mean = mean(values), sd = sd(values), mcse = mcse_mean(values), mcseSd = mcse_sd(values), rhat = rhat(values))
  })
  # Indices of the results count from 0.
  names(quantities) <- sapply(dimnames(draws)[[3]], function(column) {
    if (column %in% base::names(names)) return(names[[column]])
    indices <- as.integer(regmatches(column, gregexpr("(?<=[\\[,])\\d+", column, perl = TRUE))[[1]]) - 1L
    if (length(indices) == 0) column else sprintf("%s[%s]", sub("\\[.*", "", column), paste(indices, collapse = ","))
  })
  stopifnot(all(sapply(quantities, function(q) q$rhat) < 1.01))
  message(name, " done")
  list(program = program(name), quantities = lapply(quantities, function(q) q[base::names(q) != "rhat"]))
}

x <- seq(-2, 2, length.out = 15)
y <- c(-3.1, -1.7, -2.9, -1.2, -1.9, 0.4, -0.3, 0.6, 1.9, 0.7, 2.4, 1.6, 3.9, 2.6, 4.4)
linear <- list(x = x, y = y)
schools <- list(y = c(28, 8, -3, 7, -1, 1, 18, 12), sigma = c(15, 10, 16, 11, 9, 11, 10, 18))
mixture <- list(K = 2, y = faithful$eruptions[1:40])
markov <- list(K = 2, y = c(13, 14, 8, 10, 16, 26, 32, 27, 18, 32, 36, 24, 22, 23, 22, 18, 25, 21, 21, 14, 8, 11, 14, 23, 18, 17, 19, 20, 22, 19))
event <- c(3.1, 6.4, 10.2, 1.7, 4.4, 14.9)
limit <- c(8, 12, 5, 20)
gaps <- c(2.1, NA, 3.4, 1.2, NA, 2.8, 4.0, 1.9)
present <- gaps[!is.na(gaps)]
results <- list(
  linear = c(list(data = linear), run("linear", c(linear, N = 15), c("a", "b", "sigma"))),
  schools = c(list(data = schools), run("schools", c(schools, J = 8), c("mu", "tau", "theta"))),
  mixture = c(list(data = mixture), run("mixture", c(mixture, N = 40), c("w", "mu", "sigma"))),
  hmm = c(list(data = markov), run("hmm", c(markov, N = 30), c("P", "rate"))),
  # Credence's data: a censored time is its limit, and a time that was seen has none.
  censored = c(list(data = list(t = c(event, limit), limit = c(rep(99, 6), limit))),
               run("censored", list(N_obs = 6, N_cens = 4, t = event, limit = limit), c("shape", "scale"))),
  missing = c(list(data = list(y = gaps)),
              run("missing", list(N_obs = 6, N_mis = 2, y_obs = present), c("mu", "sigma", "y_mis"), list("y_mis[1]" = "y[1]", "y_mis[2]" = "y[4]")))
)

# Stan's densities at one point each: its call, the value it is of, and the law of the page's table. Without lognormal, whose lpdf of
# numbers alone lacks its exponent in Stan 2.21 (R's dlnorm has it); among the programs the mixture has one.
density <- rbind(
  c("neg_binomial(2 | 3, 0.7)", "2", "NegativeBinomial(3, 0.7 / (1 + 0.7))"),
  c("neg_binomial_2(2 | 1.5, 3)", "2", "NegativeBinomial(mean: 1.5, overdispersion: 3)"),
  c("beta_proportion(0.3 | 0.4, 5)", "0.3", "Beta(mean: 0.4, concentration: 5)"),
  c("hypergeometric(2 | 4, 5, 6)", "2", "Hypergeometric(5, 6, 4)"),
  c("lkj_corr([[1, 0.3], [0.3, 1]] | 2)", "[[1, 0.3], [0.3, 1]]", "LKJ(2, 2)"),
  c("scaled_inv_chi_square(0.3 | 5, 0.8)", "0.3", "InverseChiSquared(5, scale: 0.8)"),
  c("inv_chi_square(0.3 | 5)", "0.3", "InverseChiSquared(5)"),
  c("binomial_logit(2 | 5, 0.4)", "2", "Binomial(5, logit: 0.4)"),
  c("poisson_log(2 | 0.4)", "2", "Poisson(lograte: 0.4)"),
  c("bernoulli_logit(1 | 0.4)", "1", "Bernoulli(logit: 0.4)"),
  c("multi_normal(to_vector({0.1, 0.4}) | to_vector({1, 0}), [[2, 0.3], [0.3, 1]])", "[0.1, 0.4]", "MvNormal([1, 0], [[2, 0.3], [0.3, 1]])"),
  c("multi_normal_prec(to_vector({0.1, 0.4}) | to_vector({1, 0}), [[2, 0.3], [0.3, 1]])", "[0.1, 0.4]", "MvNormal([1, 0], precision: [[2, 0.3], [0.3, 1]])"),
  c("multi_normal_cholesky(to_vector({0.1, 0.4}) | to_vector({1, 0}), [[2, 0], [0.3, 1]])", "[0.1, 0.4]", "MvNormal([1, 0], cholesky: [[2, 0], [0.3, 1]])"),
  c("double_exponential(0.3 | 1, 2)", "0.3", "Laplace(1, 2)"),
  c("normal(0.3 | 1, 2)", "0.3", "Normal(1, 2)"),
  c("gamma(0.3 | 2, 3)", "0.3", "Gamma(2, 3)"),
  c("exponential(0.3 | 2)", "0.3", "Exponential(2)"),
  c("inv_gamma(0.3 | 2, 3)", "0.3", "InverseGamma(2, 3)"),
  c("weibull(0.3 | 2, 3)", "0.3", "Weibull(2, 3)"),
  c("student_t(0.3 | 5, 1, 2)", "0.3", "StudentT(5, 1, 2)"),
  c("pareto(3 | 2, 1.5)", "3", "Pareto(2, 1.5)"),
  c("gumbel(0.3 | 1, 2)", "0.3", "Gumbel(1, 2)"),
  c("von_mises(0.3 | 1, 2)", "0.3", "VonMises(1, 2)"),
  c("wishart([[2, 0.3], [0.3, 1]] | 5, [[1, 0.2], [0.2, 2]])", "[[2, 0.3], [0.3, 1]]", "Wishart(5, [[1, 0.2], [0.2, 2]])"),
  c("inv_wishart([[2, 0.3], [0.3, 1]] | 5, [[1, 0.2], [0.2, 2]])", "[[2, 0.3], [0.3, 1]]", "InverseWishart(5, [[1, 0.2], [0.2, 2]])"),
  c("ordered_logistic(2 | 0.4, to_vector({-1, 0.5}))", "1", "OrderedLogistic(0.4, [-1, 0.5])"),
  c("categorical(2 | to_vector({0.2, 0.5, 0.3}))", "1", "Categorical([0.2, 0.5, 0.3])")
)
discrete <- grepl("^(neg_binomial|hypergeometric|binomial|poisson|bernoulli|ordered|categorical)", density[, 1])
call <- mapply(function(text, is_discrete) sub("(", if (is_discrete) "_lpmf(" else "_lpdf(", text, fixed = TRUE), density[, 1], discrete)
text <- sprintf("generated quantities {\nvector[%d] v;\n%s\n}", nrow(density), paste(sprintf("v[%d] = exp(%s);", seq_len(nrow(density)), call), collapse = "\n"))
fit <- drawn(text, list(), chains = 1, iter = 1, algorithm = "Fixed_param")
values <- as.numeric(as.array(fit, pars = "v"))
densities <- lapply(seq_len(nrow(density)), function(k) list(stan = density[k, 1], at = density[k, 2], law = density[k, 3], value = values[k]))

write(toJSON(list(versions = paste0("R ", getRversion(), ", rstan ", packageVersion("rstan"), ", Stan ", stan_version(), ", posterior ", packageVersion("posterior")),
                  programs = results, densities = densities), auto_unbox = TRUE, digits = 10, na = "null"), stdout())
