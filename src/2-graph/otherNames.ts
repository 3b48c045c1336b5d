/**
 * What people who come from Stan, BUGS, R, NumPyro or PyMC write, and what it is called here. Used for
 * hints only; nothing is accepted under these names.
 */

/** A row: our words, any of which may fit where the name stands, then the names elsewhere (lower case). */
type Row = readonly [ours: readonly string[], elsewhere: readonly string[]];

const rows: readonly Row[] = [
  // Parameters.
  [
    ['mean', 'loc'],
    ['mu', 'location', 'm'],
  ],
  [
    ['sd', 'sdlog', 'scale'],
    ['sigma', 'std', 'stddev', 'stdev', 'sdev'],
  ],
  [['meanlog'], ['mulog', 'mu']],
  [['precision'], ['tau', 'prec']],
  [
    ['cov', 'scale'],
    ['sigma', 'covariance', 'covariance_matrix', 'v'],
  ],
  [
    ['rate', 'b', 'scale'],
    ['beta', 'lambda', 'lam', 'inverse_scale'],
  ],
  [
    ['shape', 'a', 'alpha'],
    ['alpha', 'concentration', 'k'],
  ],
  [['df'], ['nu', 'dof', 'degrees_of_freedom']],
  [['loc', 'mean'], ['loc']],
  [
    ['p', 'probs'],
    ['prob', 'probability', 'theta', 'pi'],
  ],
  [['n'], ['size', 'trials', 'total_count', 'n_trials']],
  [
    ['logit', 'logits'],
    ['logit', 'logits', 'logit_p', 'eta'],
  ],
  [
    ['low', 'high'],
    ['lower', 'min', 'minimum', 'a'],
  ],
  [['high'], ['upper', 'max', 'b']],
  [['value'], ['x', 'v']],
  // Distributions.
  [['Normal'], ['n', 'gaussian', 'norm', 'dnorm', 'std_normal', 'normaldistribution']],
  [
    ['MvNormal'],
    [
      'multinormal',
      'multinormalcholesky',
      'multi_normal',
      'multivariatenormal',
      'multivariate_normal',
      'multivariategaussian',
      'mvn',
      'dmnorm',
    ],
  ],
  [['StudentT'], ['student', 't', 'student_t', 'dt']],
  [['HalfStudentT'], ['halft', 'halfstudent']],
  [['MvStudentT'], ['multistudent', 'multi_student_t', 'multivariatestudentt', 'mvstudent', 'mvt', 'dmt']],
  [['InverseChiSquared'], ['invchisq', 'inv_chi_square', 'scaled_inv_chi_square', 'scaledinvchisq']],
  [['BetaBinomial'], ['beta_binomial', 'betabin', 'dbetabin']],
  [['OrderedLogistic'], ['ordered_logistic', 'orderedlogit', 'cumulative']],
  [['DirichletMultinomial'], ['dirichlet_multinomial', 'ddirchmulti', 'polya']],
  [['Hypergeometric'], ['dhyper', 'hyper']],
  [['VonMises'], ['von_mises', 'circularnormal']],
  [['Gumbel'], ['gumbelmax', 'extremevalue', 'gev']],
  [['Logistic'], ['dlogis']],
  [['InverseGamma'], ['invgamma', 'inv_gamma', 'igamma']],
  [['NegativeBinomial'], ['negbinomial', 'neg_binomial', 'neg_binomial_2', 'nbinom', 'dnegbin']],
  [['DiscreteUniform'], ['uniformdiscrete', 'uniformint', 'randint', 'discrete_uniform']],
  [['InverseWishart'], ['invwishart', 'inv_wishart']],
  [['LogNormal'], ['dlnorm']],
  [['Delta'], ['dirac', 'deterministic', 'pointmass']],
  [['Flat'], ['improperuniform', 'dflat']],
  [['LKJ'], ['lkjcorr', 'lkj_corr', 'lkjcholesky']],
  [['Bernoulli'], ['dbern', 'flip', 'bern']],
  [['Categorical'], ['dcat', 'discrete']],
  [['Gamma'], ['dgamma']],
  [['Beta'], ['dbeta']],
  [['Binomial'], ['dbin', 'binom']],
  [['Poisson'], ['dpois', 'pois']],
  [['Exponential'], ['dexp', 'expon']],
  [['Uniform'], ['dunif', 'unif']],
  [['Dirichlet'], ['ddirch', 'ddirich']],
  [['Wishart'], ['dwish']],
  // Functions.
  [['sigmoid'], ['inv_logit', 'expit', 'ilogit', 'logistic', 'invlogit']],
  [['Phi'], ['pnorm', 'ndtr', 'std_normal_cdf']],
  [['dot'], ['dot_product', 'inner', 'inprod']],
  [['length'], ['len', 'size', 'num_elements', 'rows', 'nrow']],
  [['sd'], ['std', 'stdev']],
  [['variance'], ['var']],
  [['eye'], ['identity', 'identity_matrix']],
  [['fill'], ['rep', 'rep_vector', 'full', 'repeat']],
  [['log'], ['ln']],
  [['inverse'], ['inv', 'inverse_spd']],
  [['logdet'], ['log_determinant', 'slogdet']],
  [['det'], ['determinant']],
  [['lgamma'], ['loggam', 'gammaln', 'log_gamma']],
  [['lchoose'], ['log_choose', 'binomial_coefficient_log']],
  [['transpose'], ['t']],
  [['standardise'], ['standardize', 'scale']],
  [['concat'], ['append', 'concatenate', 'append_row', 'c']],
  [['columns'], ['append_col', 'cbind', 'column_stack']],
  [['onehot'], ['one_hot']],
  [['cumsum'], ['cumulative_sum']],
  [['softplus'], ['log1p_exp', 'log1pexp']],
  // Types.
  [['real'], ['float', 'double', 'number', 'vector', 'matrix', 'array', 'row_vector', 'scalar']],
  [['int'], ['integer', 'counts']],
  [['bool'], ['boolean', 'logical']],
  [['unit'], ['probability', 'proportion']],
  [['cov'], ['cov_matrix', 'covariance']],
  [['corr'], ['corr_matrix', 'correlation']],
];

/** What a name from elsewhere is called among the words that are valid here, or null. */
export function ourName(name: string, valid: readonly string[]): string | null {
  const wanted = name.toLowerCase();
  for (const [ours, elsewhere] of rows) {
    if (!elsewhere.includes(wanted)) continue;
    const found = ours.find((word) => word !== name && valid.includes(word));
    if (found !== undefined) return found;
  }
  return null;
}

/** Functions of others that are short expressions here: what is written in place of `name(x)`, and their names elsewhere (lower case). */
export const forms: readonly (readonly [form: string, elsewhere: readonly string[]])[] = [
  ['x ^ y', ['pow', 'power']],
  ['x ^ 2', ['square']],
  ['1 / sqrt(x)', ['inv_sqrt', 'rsqrt']],
  ['atan(x / sqrt(1 - x^2))', ['asin', 'arcsin']],
  ['2 * atan(sqrt((1 - x) / (1 + x)))', ['acos', 'arccos']],
  ['(exp(x) - exp(-x)) / 2', ['sinh']],
  ['(exp(x) + exp(-x)) / 2', ['cosh']],
  ['log(x + sqrt(x^2 + 1))', ['asinh', 'arcsinh']],
  ['test ? x : y', ['ifelse', 'if_else', 'where', 'cond', 'switch']],
  ['x >= 0', ['step', 'int_step', 'heaviside']],
  ['x == y', ['equals', 'eq']],
  ['quantile(Normal(0, 1), x)', ['probit', 'qnorm', 'inv_phi', 'ndtri']],
  ['log(-log(1 - x))', ['cloglog']],
  ['1 - exp(-exp(x))', ['icloglog', 'inv_cloglog']],
  ['exp(lgamma(x))', ['gamma', 'tgamma']],
  ['lgamma(x + 1)', ['logfact', 'log_factorial']],
  ['exp(lgamma(x + 1))', ['factorial', 'fact']],
  ['exp(lchoose(x, y))', ['choose', 'comb']],
  ['log1p(-x)', ['log1m']],
  ['log(-expm1(x))', ['log1m_exp']],
  ['x - y * floor(x / y)', ['mod', 'fmod', 'modulus']],
  ['4 * atan(1)', ['pi']],
  ['dot(x, x)', ['dot_self']],
  ['x @ y', ['matmul', 'multiply']],
];

/** The expression that does here what a function does elsewhere, or null. */
export function ourForm(name: string): string | null {
  const wanted = name.toLowerCase();
  return forms.find(([, elsewhere]) => elsewhere.includes(wanted))?.[0] ?? null;
}
