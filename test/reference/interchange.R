# Reads exported CmdStan CSV with rstan and compares every number with draws.csv of the run.
# Rscript test/reference/interchange.R RUN EXPORT   (Debian: r-cran-rstan)
suppressPackageStartupMessages(library(rstan))
arguments <- commandArgs(trailingOnly = TRUE)
draws <- read.csv(file.path(arguments[1], "draws.csv"), check.names = FALSE)
fit <- read_stan_csv(sort(list.files(arguments[2], full.names = TRUE)))
kept <- as.array(fit)   # [draw, chain, element], elements as a[1,2]
cat("rstan", as.character(packageVersion("rstan")), ":", dim(kept)[2], "chains of", dim(kept)[1], "draws,", dim(kept)[3], "columns; parameters", paste(fit@model_pars, collapse = " "), "\n")
compared <- 0
for (name in setdiff(names(draws), c("chain", "draw"))) {
  indices <- regmatches(name, regexpr("\\[.*\\]", name))
  from1 <- if (length(indices) == 0) name else
    paste0(sub("\\[.*", "", name), "[", paste(as.integer(strsplit(gsub("\\[|\\]", "", indices), ",")[[1]]) + 1, collapse = ","), "]")
  ours <- sapply(unique(draws$chain), function(chain) draws[[name]][draws$chain == chain])
  if (!identical(unname(ours + 0), unname(kept[, , from1] + 0))) stop("other numbers: ", name)
  compared <- compared + length(ours)
}
cat("identical numbers:", compared, "\n")
cat("lp__ of the first draws:", format(kept[1:3, 1, "lp__"], digits = 12), "\n")
