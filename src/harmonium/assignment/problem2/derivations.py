# %% [markdown]
# ## Derivations
#
# An image is $x \in \mathbb{R}^D$, its code $z \in \mathbb{R}^M$ with the prior $p(z) = \mathcal{N}(z; 0, I)$. The
# decoder gives $p_\theta(x \mid z)$, the encoder $q_\phi(z \mid x) = \mathcal{N}(z; \mu, \mathrm{diag} \, \sigma^2)$
# with $\mu$ and $\log \sigma^2$ computed from $x$. In this chapter $\sigma$ is the encoder's unless a likelihood is
# spoken of.
#
# ### The evidence lower bound, by Jensen's inequality
#
# The marginal likelihood is an integral over codes. Multiply and divide by $q_\phi$; the logarithm is concave:
#
# $$
# \begin{aligned}
# \log p_\theta(x) &= \log \int p_\theta(x \mid z) \, p(z) \, dz \\
# &= \log \mathbb{E}_{q_\phi(z \mid x)} \left[ \frac{p_\theta(x \mid z) \, p(z)}{q_\phi(z \mid x)} \right] \\
# &\ge \mathbb{E}_{q_\phi(z \mid x)} \left[ \log \frac{p_\theta(x \mid z) \, p(z)}{q_\phi(z \mid x)} \right] \\
# &= \mathbb{E}_{q_\phi(z \mid x)} [\log p_\theta(x \mid z)] - D_{KL}[q_\phi(z \mid x) \| p(z)]
#  = \mathrm{ELBO}(x) .
# \end{aligned}
# $$
#
# The last line splits the logarithm and uses $D_{KL}[q \| p] = \mathbb{E}_q[\log q - \log p]$. This is the
# assignment's equation (1) (Kingma & Welling, 2014).
#
# *Checked by* `tests/symbolic/test_problem2.py::test_the_bound_is_the_expected_log_weight_and_below_the_log_likelihood`
# and `tests/exact/test_derivations_vae.py::test_the_bound_falls_short_by_the_divergence_from_the_posterior`.

# %% [markdown]
# ### The gap of the bound
#
# Jensen's inequality says that there is a gap, not how wide it is. Use
# $p_\theta(x, z) = p_\theta(z \mid x) \, p_\theta(x)$ instead:
#
# $$
# \begin{aligned}
# \mathrm{ELBO}(x) &= \mathbb{E}_{q_\phi(z \mid x)} \left[ \log \frac{p_\theta(x, z)}{q_\phi(z \mid x)} \right] \\
# &= \mathbb{E}_{q_\phi(z \mid x)} \left[ \log p_\theta(x) + \log \frac{p_\theta(z \mid x)}{q_\phi(z \mid x)} \right] \\
# &= \log p_\theta(x) - D_{KL}[q_\phi(z \mid x) \| p_\theta(z \mid x)] .
# \end{aligned}
# $$
#
# The gap is the divergence of the encoder's distribution from the exact posterior. It is zero only where they agree,
# and to raise the bound in $\phi$ at fixed $\theta$ is to lower that divergence.
#
# *Checked by* `tests/symbolic/test_problem2.py::test_the_gap_of_the_bound_is_the_divergence_from_the_posterior`,
# `tests/exact/test_derivations_vae.py::test_the_bound_falls_short_by_the_divergence_from_the_posterior` and
# `tests/exact/test_vae.py::test_with_the_exact_posterior_every_bound_is_the_log_likelihood`.

# %% [markdown]
# ### The reparameterised gradient
#
# The expectation is over a distribution that depends on $\phi$, and a drawn $z$ cannot be differentiated. Draw the
# noise instead, $\epsilon \sim \mathcal{N}(0, I)$, and put
#
# $$
# z = \mu + \sigma \epsilon \quad \text{(elementwise)} .
# $$
#
# Substituting $z_m = \mu_m + \sigma_m \epsilon_m$, $dz_m = \sigma_m \, d\epsilon_m$ in the integral,
#
# $$
# \int f(z) \prod_m \frac{e^{-(z_m - \mu_m)^2 / (2 \sigma_m^2)}}{\sqrt{2 \pi} \, \sigma_m} \, dz
# = \int f(\mu + \sigma \epsilon) \prod_m \frac{e^{-\epsilon_m^2 / 2}}{\sqrt{2 \pi}} \, d\epsilon ,
# $$
#
# so the distribution no longer has parameters, and the derivative passes inside:
#
# $$
# \frac{\partial}{\partial \mu_m} \mathbb{E}_q[f(z)]
# = \mathbb{E}_\epsilon \left[ \frac{\partial f}{\partial z_m} \right] , \qquad
# \frac{\partial}{\partial \sigma_m} \mathbb{E}_q[f(z)]
# = \mathbb{E}_\epsilon \left[ \frac{\partial f}{\partial z_m} \, \epsilon_m \right] .
# $$
#
# One draw of $\epsilon$ an example gives an unbiased estimate of the gradient; the chain rule through the encoder
# carries it to $\phi$, with $\partial \sigma_m / \partial \log \sigma_m^2 = \frac{1}{2} \sigma_m$.
#
# *Checked by* `tests/exact/test_derivations_vae.py::test_reparameterised_gradient_is_that_of_the_expectation` and
# `tests/exact/test_vae.py::test_gradient_of_the_reparameterised_bound_equals_finite_differences`.

# %% [markdown]
# ### The divergence from the prior in closed form
#
# Both distributions are products over the dimensions of the code, so the divergence is a sum of $M$ terms. For one of
# them
#
# $$
# \begin{aligned}
# \log q(z) &= - \frac{1}{2} \log 2 \pi - \frac{1}{2} \log \sigma^2 - \frac{(z - \mu)^2}{2 \sigma^2} , \\
# \log p(z) &= - \frac{1}{2} \log 2 \pi - \frac{z^2}{2} .
# \end{aligned}
# $$
#
# Under $q$, $\mathbb{E}[(z - \mu)^2] = \sigma^2$ and $\mathbb{E}[z^2] = \mu^2 + \sigma^2$, so
#
# $$
# \begin{aligned}
# D_{KL}[q \| p] &= \mathbb{E}_q[\log q(z) - \log p(z)] \\
# &= - \frac{1}{2} \log \sigma^2 - \frac{\mathbb{E}_q[(z - \mu)^2]}{2 \sigma^2} + \frac{\mathbb{E}_q[z^2]}{2} \\
# &= - \frac{1}{2} \log \sigma^2 - \frac{1}{2} + \frac{\mu^2 + \sigma^2}{2} ,
# \end{aligned}
# $$
#
# and over all dimensions
#
# $$
# D_{KL}[q_\phi(z \mid x) \| \mathcal{N}(0, I)]
# = \frac{1}{2} \sum_{m=1}^{M} \left( \mu_m^2 + \sigma_m^2 - 1 - \log \sigma_m^2 \right) .
# $$
#
# *Checked by* `tests/exact/test_derivations_vae.py::test_divergence_from_the_prior_by_symbolic_integration` and
# `tests/exact/test_vae.py::test_kl_and_log_normal_are_torchs`.

# %% [markdown]
# ### The loss
#
# With one draw an example, and the divergence exact, training minimises over a batch
#
# $$
# L = - \frac{1}{B} \sum_{n=1}^{B} \left( \log p_\theta(x^{(n)} \mid \mu^{(n)} + \sigma^{(n)} \epsilon^{(n)})
# - \beta \, D_{KL}[q_\phi(z \mid x^{(n)}) \| \mathcal{N}(0, I)] \right) .
# $$
#
# Only $\beta = 1$ makes $-L$ a bound in expectation; during warm-up $\beta$ rises to it.
#
# *Checked by* `tests/exact/test_derivations_vae.py::test_the_loss_is_minus_the_bound_of_its_own_draw`.

# %% [markdown]
# ### The conditional autoencoder
#
# Everything is conditioned on the class $c$ (Sohn, Lee & Yan, 2015). Here the prior is left as it is,
# $p(z \mid c) = \mathcal{N}(0, I)$ for every $c$: the code is what the class does not say. The steps of the bound
# repeat:
#
# $$
# \begin{aligned}
# \log p_\theta(x \mid c) &= \log \int p_\theta(x \mid z, c) \, p(z) \, dz \\
# &\ge \mathbb{E}_{q_\phi(z \mid x, c)} [\log p_\theta(x \mid z, c)]
#    - D_{KL}[q_\phi(z \mid x, c) \| \mathcal{N}(0, I)] ,
# \end{aligned}
# $$
#
# with the gap $D_{KL}[q_\phi(z \mid x, c) \| p_\theta(z \mid x, c)]$.
#
# *Checked by* `tests/symbolic/test_problem2.py::test_conditional_bound_and_its_gap_class_by_class` and
# `tests/exact/test_derivations_vae.py::test_the_bound_falls_short_by_the_divergence_from_the_posterior`.

# %% [markdown]
# ### What the one-hot vector does
#
# The class enters as its one-hot vector $o_c \in \{0, 1\}^C$, concatenated to the input of the encoder and of the
# decoder. In a first layer with weights $(U, V)$ and bias $u$, $V_c$ the $c$-th column of $V$,
#
# $$
# (U, V) \binom{x}{o_c} + u = U x + V o_c + u = U x + (u + V_c) .
# $$
#
# A class is a bias of its own; all other weights are shared. To draw an image of class $c$, draw
# $z \sim \mathcal{N}(0, I)$ and decode $(z, o_c)$.
#
# *Checked by* `tests/exact/test_derivations_vae.py::test_a_one_hot_label_is_a_bias_of_its_class`.

# %% [markdown]
# ### What the prior leaves out
#
# Averaged over the $N$ training images, the divergence from the prior splits in two (Hoffman & Johnson, 2016). With
# the aggregated posterior $\bar q(z) = \frac{1}{N} \sum_n q(z \mid x^{(n)})$,
#
# $$
# \begin{aligned}
# \frac{1}{N} \sum_n D_{KL}[q(z \mid x^{(n)}) \| p(z)]
# &= \frac{1}{N} \sum_n \int q(z \mid x^{(n)})
#    \left( \log \frac{q(z \mid x^{(n)})}{\bar q(z)} + \log \frac{\bar q(z)}{p(z)} \right) dz \\
# &= \frac{1}{N} \sum_n D_{KL}[q(z \mid x^{(n)}) \| \bar q(z)] + D_{KL}[\bar q(z) \| p(z)] .
# \end{aligned}
# $$
#
# The first part is how much a code tells about which image it is of, at most $\log N$. The second is how far the codes
# that the decoder was trained on are from those that $\mathcal{N}(0, I)$ draws; training need not bring it to zero.
# It is zero for $p = \bar q$. So the prior can be learned: a mixture of Gaussians with full covariances, weighted by the
# class, $p(z \mid c) = \sum_k \pi_k(c) \, \mathcal{N}(z; \mu_k, \Sigma_k)$, started from draws of $\bar q$. Every step above
# holds for any density $p$; only the closed form of the divergence is lost, and a draw of $z$ estimates it without bias:
# $-\frac{1}{2} \sum_m (1 + \log 2 \pi \sigma_m^2) - \log p(z \mid c)$.
#
# *Checked by* `tests/symbolic/test_problem2.py::test_mean_divergence_is_information_plus_that_of_the_aggregate` and
# `tests/exact/test_learned_priors.py::test_the_divergence_is_estimated_without_bias`.

# %% [markdown]
# ### The importance-weighted bound
#
# Draw $K$ codes and average their weights before the logarithm (Burda, Grosse & Salakhutdinov, 2016):
#
# $$
# L_K(x) = \mathbb{E}_{z_1, \ldots, z_K \sim q} \left[ \log \frac{1}{K} \sum_{k=1}^{K} w_k \right] , \qquad
# w_k = \frac{p_\theta(x \mid z_k) \, p(z_k)}{q_\phi(z_k \mid x)} .
# $$
#
# Each weight is unbiased, $\mathbb{E}_q[w_k] = \int p_\theta(x \mid z) \, p(z) \, dz = p_\theta(x)$, and so is their
# mean. By Jensen's inequality, and by definition at $K = 1$,
#
# $$
# L_K(x) \le \log \mathbb{E} \left[ \frac{1}{K} \sum_k w_k \right] = \log p_\theta(x) , \qquad
# L_1(x) = \mathrm{ELBO}(x) .
# $$
#
# *Checked by*
# `tests/symbolic/test_problem2.py::test_importance_weighted_bound_rises_from_the_elbo_to_the_log_likelihood` and
# `tests/exact/test_derivations_vae.py::test_importance_weighted_bound_is_the_expected_log_mean_weight`.

# %% [markdown]
# ### The bound rises with the number of draws
#
# Let $1 \le m < K$ and let $I$ run over all subsets of $\{1, \ldots, K\}$ with $m$ elements. Every draw is in the same
# share of the subsets, so the mean over all is the mean over subsets of their means, and the logarithm is concave:
#
# $$
# \log \frac{1}{K} \sum_{k=1}^{K} w_k
# = \log \frac{1}{\binom{K}{m}} \sum_{\left| I \right| = m} \left( \frac{1}{m} \sum_{k \in I} w_k \right)
# \ge \frac{1}{\binom{K}{m}} \sum_{\left| I \right| = m} \log \left( \frac{1}{m} \sum_{k \in I} w_k \right) .
# $$
#
# In expectation each term on the right is $L_m$, because the draws are exchangeable. Hence
#
# $$
# \mathrm{ELBO}(x) = L_1(x) \le L_m(x) \le L_K(x) \le \log p_\theta(x) .
# $$
#
# *Checked by* `tests/symbolic/test_problem2.py::test_log_mean_weight_is_at_least_its_average_over_subsets` and
# `tests/exact/test_vae.py::test_with_a_wrong_posterior_the_bounds_are_ordered`.

# %% [markdown]
# ### The Bernoulli likelihood on grey pixels
#
# With the logit $r$ and $\lambda = \mathrm{sigmoid}(r) = e^r / (1 + e^r)$, one pixel scores
#
# $$
# \ell(x, r) = x \log \lambda + (1 - x) \log(1 - \lambda) = x r - \log(1 + e^r) .
# $$
#
# For $x \in \{0, 1\}$ it is a log-probability. For a grey $x \in (0, 1)$ it is not a log-density, because $e^{\ell}$
# does not integrate to one:
#
# $$
# \frac{1}{1 + e^r} \int_0^1 e^{x r} \, dx
# = \frac{e^r - 1}{r \, (1 + e^r)} = \frac{\tanh(r / 2)}{r} \le \frac{1}{2} .
# $$
#
# Nor is zero its maximum. From $\partial \ell / \partial r = x - \lambda$ and
# $\partial^2 \ell / \partial r^2 = - \lambda (1 - \lambda) < 0$, the best $\lambda$ is $x$ itself, and there
#
# $$
# \max_r \ell(x, r) = x \log x + (1 - x) \log(1 - x) = - H(x) .
# $$
#
# So $- \log p(x \mid z) \ge \sum_i H(x_i)$ however good the decoder is: the pixels' own entropy is a floor of the
# loss. Nats under this likelihood compare with one another on the same images, and with nothing else.
#
# *Checked by*
# `tests/exact/test_derivations_likelihoods.py::test_bernoulli_score_of_a_grey_pixel_peaks_at_minus_its_entropy` and
# `tests/exact/test_derivations_likelihoods.py::test_bernoulli_score_integrates_to_the_inverse_normaliser`.

# %% [markdown]
# ### The continuous Bernoulli
#
# Dividing by that integral makes a density on $[0, 1]$ (Loaiza-Ganem & Cunningham, 2019):
#
# $$
# \log p(x \mid r) = x r - \log(1 + e^r) + \log C(r) , \qquad C(r) = \frac{r}{\tanh(r / 2)} , \qquad C(0) = 2 .
# $$
#
# The first factor cancels against $1 + e^r$, $p(x \mid r) = r \, e^{x r} / (e^r - 1)$, so the mean is a derivative:
#
# $$
# \mathbb{E}[x \mid r] = \frac{\partial}{\partial r} \log \frac{e^r - 1}{r} = \frac{e^r}{e^r - 1} - \frac{1}{r}
# = \frac{1}{1 - e^{-r}} - \frac{1}{r} ,
# $$
#
# which is not $\mathrm{sigmoid}(r)$. Near $r = 0$ both expressions are $0 / 0$, and their series are used.
#
# *Checked by*
# `tests/exact/test_likelihoods.py::test_continuous_bernoulli_integrates_to_one_and_has_its_mean_also_near_one_half` and
# `tests/exact/test_derivations_likelihoods.py::test_bernoulli_score_integrates_to_the_inverse_normaliser`.

# %% [markdown]
# ### The calibrated Gaussian
#
# With one variance $\sigma^2$ for all pixels, a batch of $B$ images with decoded means $r$ has the log-likelihood
#
# $$
# \ell(\sigma^2) = - \frac{B D}{2} \left( \log 2 \pi \sigma^2 + \frac{S}{\sigma^2} \right) , \qquad
# S = \frac{1}{B D} \sum_{n=1}^{B} \sum_{i=1}^{D} \left( x_i^{(n)} - r_i^{(n)} \right)^2 .
# $$
#
# Its derivative changes sign once, from positive to negative:
#
# $$
# \frac{\partial \ell}{\partial \sigma^2} = - \frac{B D}{2} \left( \frac{1}{\sigma^2} - \frac{S}{\sigma^4} \right)
# = \frac{B D}{2 \sigma^4} \left( S - \sigma^2 \right) .
# $$
#
# The best variance is the mean squared error (Rybkin, Daniilidis & Levine, 2021), and there
#
# $$
# \hat \sigma^2 = S , \qquad \ell(\hat \sigma^2) = - \frac{B D}{2} \left( \log 2 \pi S + 1 \right) .
# $$
#
# The loss is then the logarithm of the squared error: the decoder's error and the divergence are weighed against each
# other without a $\beta$ to choose.
#
# *Checked by* `tests/exact/test_derivations_likelihoods.py::test_the_best_common_variance_is_the_mean_squared_error`
# and `tests/exact/test_likelihoods.py::test_calibration_takes_the_variance_that_maximises_the_batchs_likelihood`.
