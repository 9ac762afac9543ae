# %% [markdown]
# ## Derivations
#
# The machine has $D$ visible units $v \in \mathbb{R}^D$ and $M$ hidden units $h \in \{0, 1\}^M$; the index $i$ runs
# over visible, $j$ over hidden units, and $W$ has the entries $W_{ij}$. Every displayed result names the test that
# holds it against brute force: symbols, enumeration over $h$, quadrature over $v$, or finite differences.
#
# ### The model
#
# The energy is the assignment's,
#
# $$
# E(v, h) = - \sum_{i=1}^{D} \sum_{j=1}^{M} W_{ij} h_j \frac{v_i}{\sigma_i}
#           + \sum_{i=1}^{D} \frac{(v_i - b_i)^2}{2 \sigma_i^2}
#           - \sum_{j=1}^{M} \alpha_j h_j ,
# $$
#
# and it gives the joint density
#
# $$
# p(v, h) = \frac{e^{-E(v, h)}}{Z} , \qquad
# Z = \sum_{h \in \{0, 1\}^M} \int_{\mathbb{R}^D} e^{-E(v, h)} \, dv .
# $$
#
# For a given $h$ the exponent is quadratic in $v$ with the negative leading coefficients $-1/(2\sigma_i^2)$, so each
# integral is finite, there are $2^M$ of them, and $Z$ exists for any $W$, $b$, $\alpha$ and $\sigma > 0$.
#
# *Checked by* `tests/exact/test_gaussian_bernoulli_module.py::test_energy_is_the_assignments`.

# %% [markdown]
# ### The visible units given the hidden units: Bayes' rule
#
# Collect what the energy says about one visible unit in
#
# $$
# \varphi_i(x, h) = \exp\left( \frac{x}{\sigma_i} \sum_j W_{ij} h_j - \frac{(x - b_i)^2}{2 \sigma_i^2} \right) ,
# $$
#
# so that the exponential of the sum is a product:
#
# $$
# e^{-E(v, h)} = e^{\sum_j \alpha_j h_j} \prod_{k=1}^{D} \varphi_k(v_k, h) .
# $$
#
# Write $v_{-i}$ for all visible units but the $i$-th. By Bayes' rule, and because $Z$ divides numerator and
# denominator alike,
#
# $$
# \begin{aligned}
# p(v_i = x \mid h) &= \frac{p(v_i = x, h)}{p(h)} \\
# &= \frac{\frac{1}{Z} \int e^{-E(v, h)} \big|_{v_i = x} \, dv_{-i}}{\frac{1}{Z} \int e^{-E(v, h)} \, dv} \\
# &= \frac{\cancel{e^{\sum_j \alpha_j h_j}} \, \varphi_i(x, h) \, \prod_{k \ne i} \int \varphi_k(v_k, h) \, dv_k}
#         {\cancel{e^{\sum_j \alpha_j h_j}} \int \varphi_i(x', h) \, dx' \,
#          \prod_{k \ne i} \int \varphi_k(v_k, h) \, dv_k} .
# \end{aligned}
# $$

# %% [markdown]
# The factor $e^{\sum_j \alpha_j h_j}$ does not depend on $v$: it leaves both integrals and cancels. So do the
# integrals over the other visible units, which are the same above and below. What remains is the conditional in its
# integral form:
#
# $$
# p(v_i = x \mid h)
# = \frac{\exp\left( \frac{x}{\sigma_i} \sum_j W_{ij} h_j - \frac{(x - b_i)^2}{2 \sigma_i^2} \right)}
#        {\int_{-\infty}^{\infty}
#         \exp\left( \frac{x'}{\sigma_i} \sum_j W_{ij} h_j - \frac{(x' - b_i)^2}{2 \sigma_i^2} \right) dx'} .
# $$
#
# *Checked by* `tests/exact/test_derivations_rbm.py::test_visible_conditional_is_the_ratio_in_which_alpha_cancels`.

# %% [markdown]
# ### The integral in closed form: completing the square
#
# Abbreviate the input from the hidden units to $a_i = \sum_j W_{ij} h_j$ and put $u = x - b_i$. Then
#
# $$
# \begin{aligned}
# \frac{x a_i}{\sigma_i} - \frac{(x - b_i)^2}{2 \sigma_i^2}
# &= \frac{(u + b_i) \, a_i}{\sigma_i} - \frac{u^2}{2 \sigma_i^2} \\
# &= - \frac{u^2 - 2 \sigma_i a_i u}{2 \sigma_i^2} + \frac{b_i a_i}{\sigma_i} \\
# &= - \frac{(u - \sigma_i a_i)^2 - \sigma_i^2 a_i^2}{2 \sigma_i^2} + \frac{b_i a_i}{\sigma_i} \\
# &= - \frac{(x - b_i - \sigma_i a_i)^2}{2 \sigma_i^2} + \frac{b_i a_i}{\sigma_i} + \frac{a_i^2}{2} .
# \end{aligned}
# $$
#
# The last two terms are free of $x$. With $\int e^{-(x' - m)^2 / (2 \sigma_i^2)} \, dx' = \sqrt{2 \pi} \, \sigma_i$
# for any $m$, the integral is
#
# $$
# \int_{-\infty}^{\infty} \varphi_i(x', h) \, dx'
# = \sqrt{2 \pi} \, \sigma_i \, \exp\left( \frac{b_i a_i}{\sigma_i} + \frac{a_i^2}{2} \right) .
# $$
#
# *Checked by* `tests/symbolic/test_problem1.py::test_completing_the_square_of_a_visible_unit` and
# `tests/exact/test_gaussian_bernoulli_module.py::test_hidden_marginal_integrates_the_visible_units_out_by_quadrature`.

# %% [markdown]
# In the ratio these factors cancel as well:
#
# $$
# p(v_i = x \mid h) = \frac{1}{\sqrt{2 \pi} \, \sigma_i}
# \exp\left( - \frac{\left( x - b_i - \sigma_i \sum_j W_{ij} h_j \right)^2}{2 \sigma_i^2} \right) ,
# $$
#
# that is,
#
# $$
# v_i \mid h \sim \mathcal{N}\left( b_i + \sigma_i \sum_j W_{ij} h_j , \ \sigma_i^2 \right) .
# $$
#
# *Checked by* `tests/exact/test_gaussian_bernoulli_module.py::test_visible_conditional_is_gaussian_by_quadrature`.

# %% [markdown]
# ### The visible units are independent given the hidden units
#
# The same cancellation, without integrating anything out above, gives the joint conditional:
#
# $$
# p(v \mid h) = \frac{e^{\sum_j \alpha_j h_j} \prod_i \varphi_i(v_i, h)}
#                    {e^{\sum_j \alpha_j h_j} \prod_i \int \varphi_i(x', h) \, dx'}
#             = \prod_{i=1}^{D} \frac{\varphi_i(v_i, h)}{\int \varphi_i(x', h) \, dx'}
#             = \prod_{i=1}^{D} p(v_i \mid h) .
# $$
#
# *Checked by* `tests/exact/test_derivations_rbm.py::test_visible_units_are_independent_given_h`.

# %% [markdown]
# ### The hidden units given the visible units
#
# Collect the terms of the energy by hidden unit, with the pre-activation
# $\eta_j(v) = \alpha_j + \sum_i W_{ij} v_i / \sigma_i$:
#
# $$
# e^{-E(v, h)} = e^{-\sum_i (v_i - b_i)^2 / (2 \sigma_i^2)} \, \prod_{j=1}^{M} e^{h_j \eta_j(v)} .
# $$
#
# By Bayes' rule the factor of $v$ alone cancels, and the sum over the $2^M$ states of a product is the product of $M$
# sums over two states:
#
# $$
# p(h \mid v) = \frac{p(v, h)}{p(v)}
# = \frac{\prod_j e^{h_j \eta_j(v)}}{\sum_{h'} \prod_j e^{h'_j \eta_j(v)}}
# = \prod_{j=1}^{M} \frac{e^{h_j \eta_j(v)}}{1 + e^{\eta_j(v)}} .
# $$
#
# The hidden units are independent given $v$, and for one of them
#
# $$
# p(h_j = 1 \mid v) = \frac{e^{\eta_j(v)}}{1 + e^{\eta_j(v)}} = \frac{1}{1 + e^{-\eta_j(v)}}
# = \mathrm{sigmoid}\left( \alpha_j + \sum_i \frac{W_{ij} v_i}{\sigma_i} \right) .
# $$
#
# *Checked by* `tests/exact/test_derivations_rbm.py::test_hidden_units_are_independent_given_v` and
# `tests/exact/test_gaussian_bernoulli_module.py::test_hidden_probabilities_are_bayes_rule`.

# %% [markdown]
# ### The free energy
#
# The free energy $F$ is defined by $p(v) = e^{-F(v)} / Z$. The sum over $h$ has just been done:
#
# $$
# \begin{aligned}
# F(v) &= - \log \sum_h e^{-E(v, h)} \\
# &= \sum_i \frac{(v_i - b_i)^2}{2 \sigma_i^2} - \log \prod_j \left( 1 + e^{\eta_j(v)} \right) \\
# &= \sum_i \frac{(v_i - b_i)^2}{2 \sigma_i^2}
#    - \sum_j \log \left( 1 + e^{\alpha_j + \sum_i W_{ij} v_i / \sigma_i} \right) .
# \end{aligned}
# $$
#
# *Checked by* `tests/exact/test_gaussian_bernoulli_module.py::test_free_energy_sums_over_every_hidden_state`.

# %% [markdown]
# ### The marginal of the hidden units
#
# Integrate over $v$ instead. By the Gaussian integral above, with $a_i = \sum_j W_{ij} h_j$,
#
# $$
# \begin{aligned}
# \int e^{-E(v, h)} \, dv &= e^{\sum_j \alpha_j h_j} \prod_i \int \varphi_i(x', h) \, dx' \\
# &= \prod_i \sqrt{2 \pi} \, \sigma_i \,
#    \exp\left( \sum_j \alpha_j h_j + \sum_i \frac{b_i a_i}{\sigma_i} + \frac{1}{2} \sum_i a_i^2 \right) .
# \end{aligned}
# $$
#
# The square couples the hidden units. Its diagonal is linear, because $h_j^2 = h_j$:
#
# $$
# \frac{1}{2} \sum_i a_i^2 = \frac{1}{2} \sum_{j, k} h_j h_k \sum_i W_{ij} W_{ik}
# = \frac{1}{2} \sum_j h_j \sum_i W_{ij}^2 + \frac{1}{2} \sum_{j \ne k} h_j h_k \sum_i W_{ij} W_{ik} .
# $$
#
# So $h$ alone is a Boltzmann machine, $p(h) = e^{-G(h)} / Z$ with
#
# $$
# \begin{aligned}
# - G(h) &= \log \int e^{-E(v, h)} \, dv = \theta^\top h + \frac{1}{2} h^\top J h + c , \\
# \theta_j &= \alpha_j + \sum_i \frac{W_{ij} b_i}{\sigma_i} + \frac{1}{2} \sum_i W_{ij}^2 , \\
# J_{jk} &= \sum_i W_{ij} W_{ik} \quad (j \ne k) , \qquad J_{jj} = 0 , \\
# c &= \sum_i \log \left( \sqrt{2 \pi} \, \sigma_i \right) .
# \end{aligned}
# $$
#
# *Checked by*
# `tests/exact/test_gaussian_bernoulli_module.py::test_hidden_marginal_integrates_the_visible_units_out_by_quadrature`.

# %% [markdown]
# ### The exact partition function of a small machine
#
# Nothing is left to integrate: the partition function is a sum of $2^M$ terms, and with it the log-likelihood is
# exact,
#
# $$
# Z = \sum_{h \in \{0, 1\}^M} e^{\theta^\top h + \frac{1}{2} h^\top J h + c} , \qquad
# \log p(v) = - F(v) - \log Z .
# $$
#
# The cost is $M^2$ a term, whatever the number of pixels: for $M = 10$ there are $2^{10} = 1024$ terms. The library
# sums up to $M = 20$. The same weights are the exact probabilities from which $h$, and then $v$, can be drawn without
# a chain.
#
# *Checked by* `tests/exact/test_exact_likelihood.py::test_the_density_integrates_to_one_by_quadrature`.

# %% [markdown]
# ### The gradient of the log-likelihood
#
# Let $\psi$ be any parameter. From $\log p(v) = \log \sum_h e^{-E(v, h)} - \log Z$,
#
# $$
# \begin{aligned}
# \frac{\partial \log p(v)}{\partial \psi}
# &= \frac{\sum_h e^{-E(v, h)} \left( - \frac{\partial E(v, h)}{\partial \psi} \right)}{\sum_{h} e^{-E(v, h)}}
#  - \frac{1}{Z} \sum_{h'} \int e^{-E(v', h')} \left( - \frac{\partial E(v', h')}{\partial \psi} \right) dv' \\
# &= - \mathbb{E}_{p(h \mid v)} \left[ \frac{\partial E(v, h)}{\partial \psi} \right]
#    + \mathbb{E}_{p(v', h')} \left[ \frac{\partial E(v', h')}{\partial \psi} \right] .
# \end{aligned}
# $$
#
# The energy is differentiated term by term; for the variance through
# $\partial \sigma_i^{-1} / \partial \log \sigma_i^2 = - \frac{1}{2} \sigma_i^{-1}$ and
# $\partial \sigma_i^{-2} / \partial \log \sigma_i^2 = - \sigma_i^{-2}$:
#
# $$
# \begin{aligned}
# - \frac{\partial E}{\partial W_{ij}} &= \frac{v_i h_j}{\sigma_i} , \qquad
# - \frac{\partial E}{\partial \alpha_j} = h_j , \qquad
# - \frac{\partial E}{\partial b_i} = \frac{v_i - b_i}{\sigma_i^2} , \\
# - \frac{\partial E}{\partial \log \sigma_i^2}
#   &= \frac{(v_i - b_i)^2}{2 \sigma_i^2} - \frac{v_i}{2 \sigma_i} \sum_j W_{ij} h_j .
# \end{aligned}
# $$

# %% [markdown]
# Average over the data and write $\langle \cdot \rangle_{\text{data}}$ for $v$ from the data with
# $h \sim p(h \mid v)$, and $\langle \cdot \rangle_{\text{model}}$ for $(v, h) \sim p(v, h)$. Each gradient is a data
# term minus a model term:
#
# $$
# \begin{aligned}
# \frac{\partial \langle \log p \rangle}{\partial W_{ij}}
#   &= \left\langle \frac{v_i h_j}{\sigma_i} \right\rangle_{\text{data}}
#    - \left\langle \frac{v_i h_j}{\sigma_i} \right\rangle_{\text{model}} , \\
# \frac{\partial \langle \log p \rangle}{\partial \alpha_j}
#   &= \langle h_j \rangle_{\text{data}} - \langle h_j \rangle_{\text{model}} , \\
# \frac{\partial \langle \log p \rangle}{\partial b_i}
#   &= \frac{\langle v_i \rangle_{\text{data}} - \langle v_i \rangle_{\text{model}}}{\sigma_i^2} , \\
# \frac{\partial \langle \log p \rangle}{\partial \log \sigma_i^2}
#   &= \left\langle \frac{(v_i - b_i)^2}{2 \sigma_i^2} - \frac{v_i}{2 \sigma_i} \sum_j W_{ij} h_j
#      \right\rangle_{\text{data}}
#    - \left\langle \frac{(v_i - b_i)^2}{2 \sigma_i^2} - \frac{v_i}{2 \sigma_i} \sum_j W_{ij} h_j
#      \right\rangle_{\text{model}} .
# \end{aligned}
# $$
#
# In the data term $h_j$ enters linearly, so $p(h_j = 1 \mid v)$ stands for it without a draw.
#
# *Checked by* `tests/symbolic/test_problem1.py::test_log_likelihood_gradient_is_data_minus_model_expectation` and
# `tests/exact/test_derivations_rbm.py::test_gradient_of_exact_likelihood_is_model_expectation_minus_data`.

# %% [markdown]
# ### Centred coordinates
#
# The library stores the visible bias as $b'_i = b_i + \frac{1}{2} \sigma_i \sum_j W_{ij}$, the mean of $v_i$ when
# every hidden unit is half on (Melchior, Fischer & Wiskott, 2016). The model is the same; with
# $b_i = b'_i - \frac{1}{2} \sigma_i \sum_j W_{ij}$ and
# $\partial \sigma_i / \partial \log \sigma_i^2 = \frac{1}{2} \sigma_i$ the chain rule turns the gradients above into
# those at fixed $b'$:
#
# $$
# \begin{aligned}
# \left( \frac{\partial}{\partial W_{ij}} \right)_{b'}
#   &= \frac{\partial}{\partial W_{ij}} - \frac{\sigma_i}{2} \frac{\partial}{\partial b_i} , \qquad
# \frac{\partial}{\partial b'_i} = \frac{\partial}{\partial b_i} , \\
# \left( \frac{\partial}{\partial \log \sigma_i^2} \right)_{b'}
#   &= \frac{\partial}{\partial \log \sigma_i^2}
#    - \frac{\sigma_i}{4} \sum_j W_{ij} \, \frac{\partial}{\partial b_i} .
# \end{aligned}
# $$
#
# *Checked by* `tests/exact/test_contrastive_divergence.py::test_gradient_is_the_textbooks_difference_of_correlations`.

# %% [markdown]
# ### Contrastive divergence
#
# The model term needs draws from $p(v, h)$, which a Markov chain gives only in the limit. Contrastive divergence
# (Hinton, 2002) starts the chain at the data and stops after $k$ sweeps:
#
# $$
# v^{(0)} = v , \qquad h^{(t)} \sim p(h \mid v^{(t)}) , \qquad v^{(t+1)} \sim p(v \mid h^{(t)}) , \qquad
# \tilde v = v^{(k)} ,
# $$
#
# and puts $\tilde v$ in place of the model's draw. Since
# $\partial F(v) / \partial \psi = \mathbb{E}_{p(h \mid v)}[\partial E(v, h) / \partial \psi]$, the update is minus the
# gradient of
#
# $$
# L_{\mathrm{CD}} = \frac{1}{B} \sum_{n=1}^{B} F(v^{(n)}) - \frac{1}{B} \sum_{n=1}^{B} F(\tilde v^{(n)}) ,
# \qquad \tilde v^{(n)} \text{ held fixed} ,
# $$
#
# for example
#
# $$
# - \frac{\partial L_{\mathrm{CD}}}{\partial W_{ij}}
# = \frac{1}{B} \sum_n \frac{v_i^{(n)} \, p(h_j = 1 \mid v^{(n)})}{\sigma_i}
# - \frac{1}{B} \sum_n \frac{\tilde v_i^{(n)} \, p(h_j = 1 \mid \tilde v^{(n)})}{\sigma_i} .
# $$
#
# *Checked by*
# `tests/exact/test_contrastive_divergence.py::test_closed_form_gradient_equals_autograd_for_every_parameter` and
# `tests/exact/test_contrastive_divergence.py::test_gradient_is_the_textbooks_difference_of_correlations`.

# %% [markdown]
# ### What contrastive divergence minimises, nearly
#
# Let $p_0$ be the distribution of the data, $p_k$ that of $\tilde v$, and $p_\infty = e^{-F} / Z$ the model. Maximum
# likelihood minimises $\mathrm{KL}(p_0 \| p_\infty)$; Hinton's contrast is
#
# $$
# \begin{aligned}
# \mathrm{CD}_k &= \mathrm{KL}(p_0 \| p_\infty) - \mathrm{KL}(p_k \| p_\infty) \\
# &= \left( \mathbb{E}_{p_0}[\log p_0 + F] + \log Z \right) - \left( \mathbb{E}_{p_k}[\log p_k + F] + \log Z \right) .
# \end{aligned}
# $$
#
# The intractable $\log Z$ cancels. A sweep leaves $p_\infty$ invariant and therefore never increases the divergence
# from it, so $\mathrm{CD}_k \ge 0$. In the gradient $p_k$ depends on $\psi$ too, through the chain:
#
# $$
# \begin{aligned}
# \frac{\partial \, \mathrm{CD}_k}{\partial \psi}
# &= \mathbb{E}_{p_0} \left[ \frac{\partial F}{\partial \psi} \right]
#  - \mathbb{E}_{p_k} \left[ \frac{\partial F}{\partial \psi} \right]
#  - \int \frac{\partial p_k}{\partial \psi} \left( \log p_k + 1 + F \right) dv \\
# &= \mathbb{E}_{p_0} \left[ \frac{\partial F}{\partial \psi} \right]
#  - \mathbb{E}_{p_k} \left[ \frac{\partial F}{\partial \psi} \right]
#  - \underbrace{\int \frac{\partial p_k}{\partial \psi} \log \frac{p_k}{p_\infty} \, dv}_{\text{dropped}} ,
# \end{aligned}
# $$
#
# where $\log p_k + F = \log (p_k / p_\infty) - \log Z$, and the constants vanish because
# $\int \partial p_k / \partial \psi \, dv = 0$. The first two terms are the gradient of $L_{\mathrm{CD}}$ in
# expectation. The third is dropped: it vanishes where $p_k = p_\infty$ but not in general, and the fixed points of the
# remaining update differ in general from those of maximum likelihood (Carreira-Perpiñán & Hinton, 2005).
#
# *Checked by* `tests/symbolic/test_problem1.py::test_contrast_of_divergences_has_the_cd_gradient_and_a_dropped_term`
# and
# `tests/statistical/test_contrastive_divergence.py::test_the_expected_update_is_that_of_the_data_less_that_of_one_sweep`.

# %% [markdown]
# ### The chain with the visible units integrated out
#
# A sweep $h \to v \to h$ carries a whole noisy $v$ along, which at small $\sigma$ pins $h$ to where it was. The
# library's default chain starts at $h \sim p(h \mid v)$ of the data and then moves on the marginal
# $p(h) = e^{-G(h)} / Z$ alone (a collapsed Gibbs sampler: Liu, 1994). One sweep draws each unit in turn given the
# others. In the odds everything without $h_j$ cancels, and $J$ is symmetric with a zero diagonal:
#
# $$
# \begin{aligned}
# \log \frac{p(h_j = 1 \mid h_{-j})}{p(h_j = 0 \mid h_{-j})}
# &= - G(h_j = 1, h_{-j}) + G(h_j = 0, h_{-j}) \\
# &= \theta_j + \frac{1}{2} \sum_{k \ne j} J_{jk} h_k + \frac{1}{2} \sum_{k \ne j} h_k J_{kj}
#  = \theta_j + \sum_{k \ne j} J_{jk} h_k ,
# \end{aligned}
# $$
#
# so that
#
# $$
# p(h_j = 1 \mid h_{-j}) = \mathrm{sigmoid}\left( \theta_j + \sum_{k \ne j} J_{jk} h_k \right) .
# $$
#
# *Checked by* `tests/exact/test_derivations_rbm.py::test_collapsed_conditional_is_that_of_the_marginal` and
# `tests/statistical/test_gibbs.py::test_chains_reach_the_exact_distribution_from_a_far_start`.

# %% [markdown]
# ### The gradient of the collapsed chain
#
# The model term of the loss is then the mean of $G(\tilde h)$. Differentiating $G(h) = - \log \int e^{-E(v, h)} \, dv$
# as $F$ before,
#
# $$
# \frac{\partial G(h)}{\partial \psi} = \mathbb{E}_{p(v \mid h)} \left[ \frac{\partial E(v, h)}{\partial \psi} \right] ,
# $$
#
# which is exact: no noise of $v$ is drawn. With $\mu_i = b_i + \sigma_i \sum_j W_{ij} h_j$ and
# $\mathbb{E}[(v_i - b_i)^2 \mid h] = \sigma_i^2 + (\mu_i - b_i)^2$ it reads
#
# $$
# \begin{aligned}
# - \frac{\partial G}{\partial W_{ij}} &= \frac{\mu_i h_j}{\sigma_i} , \qquad
# - \frac{\partial G}{\partial \alpha_j} = h_j , \qquad
# - \frac{\partial G}{\partial b_i} = \frac{\mu_i - b_i}{\sigma_i^2} , \\
# - \frac{\partial G}{\partial \log \sigma_i^2}
#   &= \frac{1}{2} + \frac{(\mu_i - b_i)^2}{2 \sigma_i^2} - \frac{\mu_i}{2 \sigma_i} \sum_j W_{ij} h_j .
# \end{aligned}
# $$
#
# Over the model all three forms have one mean:
#
# $$
# \mathbb{E}_{p(h)} \left[ \frac{\partial G}{\partial \psi} \right]
# = \mathbb{E}_{p(v, h)} \left[ \frac{\partial E}{\partial \psi} \right]
# = \mathbb{E}_{p(v)} \left[ \frac{\partial F}{\partial \psi} \right]
# = - \frac{\partial \log Z}{\partial \psi} .
# $$
#
# *Checked by* `tests/symbolic/test_problem1.py::test_hidden_free_energy_gradient_averages_the_energys_over_v` and
# `tests/exact/test_derivations_rbm.py::test_gradient_of_the_hidden_free_energy_is_that_of_the_energy_at_the_mean_of_v`.

# %% [markdown]
# ### Annealed importance sampling: the path
#
# Beyond $M = 20$ the sum for $Z$ is estimated (Neal, 2001; Salakhutdinov & Murray, 2008). Let
# $s(h) = \theta^\top h + \frac{1}{2} h^\top J h$, so that $Z = e^c \sum_h e^{s(h)}$. The library goes from the uniform
# distribution over the $2^M$ states to the model in $T$ steps, chosen beforehand so that each spreads the weights as much:
#
# $$
# f_t(h) = e^{\beta_t s(h)} , \qquad 0 = \beta_0 < \cdots < \beta_T = 1 , \qquad Z_t = \sum_h f_t(h) , \qquad
# Z_0 = 2^M , \qquad Z = e^c Z_T .
# $$
#
# Let $K_t(h' \mid h)$ be one collapsed Gibbs sweep at field $\beta_t \theta$ and couplings $\beta_t J$. It leaves
# $f_t$ invariant. A chain and its weight are
#
# $$
# h_0 \sim \text{uniform} , \qquad h_t \sim K_t(\cdot \mid h_{t-1}) , \qquad
# w = \prod_{t=1}^{T} \frac{f_t(h_{t-1})}{f_{t-1}(h_{t-1})} , \qquad
# \log w = \sum_{t=1}^{T} (\beta_t - \beta_{t-1}) \, s(h_{t-1}) .
# $$
#
# *Checked by*
# `tests/exact/test_derivations_annealing.py::test_annealed_weights_have_the_partition_function_as_their_exact_mean`.

# %% [markdown]
# ### The weights are unbiased
#
# Write the expectation out over the path. The factor of each step turns $f_{t-1}$ into $f_t$, and invariance,
# $\sum_h f_t(h) \, K_t(h' \mid h) = f_t(h')$, carries it to the next state:
#
# $$
# \begin{aligned}
# \mathbb{E}[w]
# &= \sum_{h_0, \ldots, h_{T-1}} \frac{f_0(h_0)}{Z_0} \, \frac{f_1(h_0)}{f_0(h_0)} \, K_1(h_1 \mid h_0) \,
#    \frac{f_2(h_1)}{f_1(h_1)} \, K_2(h_2 \mid h_1) \cdots \frac{f_T(h_{T-1})}{f_{T-1}(h_{T-1})} \\
# &= \frac{1}{Z_0} \sum_{h_1, \ldots, h_{T-1}} f_1(h_1) \, \frac{f_2(h_1)}{f_1(h_1)} \, K_2(h_2 \mid h_1)
#    \cdots \frac{f_T(h_{T-1})}{f_{T-1}(h_{T-1})} \\
# &= \cdots = \frac{1}{Z_0} \sum_{h_{T-1}} f_T(h_{T-1}) = \frac{Z_T}{Z_0} .
# \end{aligned}
# $$
#
# No chain has to reach equilibrium. With $N$ chains,
#
# $$
# \hat Z = 2^M e^c \, \frac{1}{N} \sum_{n=1}^{N} w_n , \qquad \mathbb{E}[\hat Z] = Z , \qquad
# \mathbb{E}[\log \hat Z] \le \log Z ,
# $$
#
# the last by Jensen's inequality: $\log Z$ is under-estimated, and so log-likelihoods are over-estimated, on average.
#
# *Checked by*
# `tests/exact/test_derivations_annealing.py::test_annealed_weights_have_the_partition_function_as_their_exact_mean` and
# `tests/exact/test_derivations_annealing.py::test_annealed_estimates_of_many_tiny_runs_average_to_the_partition_function`.

# %% [markdown]
# ### The standard error and the effective sample size
#
# With the mean $\bar w$ and the sample variance $s_w^2$ of the weights, the delta method on $\log \bar w$ gives the
# standard error, and the effective sample size tells whether to believe it:
#
# $$
# \mathrm{se}(\log \hat Z) = \frac{s_w}{\bar w \sqrt{N}} , \qquad
# \mathrm{ESS} = \frac{\left( \sum_n w_n \right)^2}{\sum_n w_n^2} , \qquad
# \mathrm{se}^2 = \frac{1}{N - 1} \left( \frac{N}{\mathrm{ESS}} - 1 \right) .
# $$
#
# The last follows from $s_w^2 = \frac{N}{N - 1} \left( \frac{1}{N} \sum_n w_n^2 - \bar w^2 \right)$ and
# $\frac{1}{N} \sum_n w_n^2 / \bar w^2 = N / \mathrm{ESS}$. Equal weights give $\mathrm{ESS} = N$ and no error; with
# $\mathrm{ESS}$ near one a single chain decides, and the standard error itself is not to be trusted.
#
# *Checked by* `tests/exact/test_derivations_annealing.py::test_standard_error_follows_from_the_effective_sample_size`
# and `tests/statistical/test_annealed_importance.py::test_estimate_is_within_three_of_its_own_standard_errors`.
