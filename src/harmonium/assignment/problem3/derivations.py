# %% [markdown]
# ## Derivations
#
# Here $x \in \mathbb{R}^d$ is a clean image, $y = x + s \, \epsilon$ with $\epsilon \sim \mathcal{N}(0, I)$ the noisy
# one, $D$ the dictionary with $m = 1.5 \, d$ columns $D_i$, the atoms, and $h \in \mathbb{R}^m$ the code.
#
# ### The objective
#
# The encoder is non-linear, the decoder linear:
#
# $$
# h(y) = \max(0, \, E y + b) , \qquad \hat x(y) = D h(y) + c .
# $$
#
# Training minimises, over batches with fresh noise at every step and columns of $D$ of unit norm,
#
# $$
# L = \frac{1}{B} \sum_{n=1}^{B} \left( \lVert x^{(n)} - \hat x(y^{(n)}) \rVert^2
# + \lambda \sum_{i=1}^{m} w_i \left| h_i(y^{(n)}) \right| \right) , \qquad \lVert D_i \rVert = 1 ,
# $$
#
# squared error against the clean image plus a weighted L1 norm of the code. The weights $w_i$ are one for every atom
# that is in common use; see the end.
#
# *Checked by* `tests/exact/test_sparse_autoencoder.py::test_codes_and_reconstructions_are_the_formulas` and
# `tests/exact/test_sparse_autoencoder.py::test_the_loss_sums_over_features_and_units_and_averages_over_examples`.

# %% [markdown]
# ### The subgradient of the L1 norm
#
# A number $g$ is a subgradient of the convex function $\left| h \right|$ at $h$ if
# $\left| h' \right| \ge \left| h \right| + g \, (h' - h)$ for every $h'$. At $h > 0$ only the slope serves, $g = 1$,
# and at $h < 0$ only $g = -1$. At $h = 0$ the condition is $\left| h' \right| \ge g \, h'$, which every
# $g \in [-1, 1]$ meets:
#
# $$
# \partial \left| h \right| =
# \begin{cases}
# \{ 1 \} & \text{if } h > 0 , \\
# [-1, 1] & \text{if } h = 0 , \\
# \{ -1 \} & \text{if } h < 0 .
# \end{cases}
# $$
#
# *Checked by* `tests/symbolic/test_problem3.py::test_subgradients_of_the_absolute_value_by_their_definition` and
# `tests/exact/test_sparse_autoencoder.py::test_the_subgradient_of_the_norm_is_one_for_an_active_unit_and_zero_for_another`.

# %% [markdown]
# ### Only active units receive it
#
# A code is never negative. With the pre-activation $u = E y + b$, $h_i = \max(0, u_i)$ has the derivative 1 for
# $u_i > 0$ and 0 for $u_i < 0$; at the kink 0 is taken. For one example, by the chain rule,
#
# $$
# \frac{\partial L}{\partial u_i} =
# \begin{cases}
# - 2 \, D_i^\top (x - \hat x) + \lambda w_i & \text{if } u_i > 0 , \\
# 0 & \text{if } u_i \le 0 ,
# \end{cases}
# $$
#
# and $\partial L / \partial b = \partial L / \partial u$,
# $\partial L / \partial E = (\partial L / \partial u) \, y^\top$,
# $\partial L / \partial D = - 2 \, (x - \hat x) \, h^\top$. An inactive unit gets nothing from either term, so one
# that no image activates is dead: no gradient brings it back.
#
# *Checked by*
# `tests/exact/test_derivations_sparse_autoencoder.py::test_gradient_of_the_preactivation_reaches_active_units_alone`
# and
# `tests/exact/test_sparse_autoencoder.py::test_the_subgradient_of_the_norm_is_one_for_an_active_unit_and_zero_for_another`.

# %% [markdown]
# ### Soft thresholding
#
# The proximal map of the L1 norm solves $\min_h \frac{1}{2} (h - u)^2 + t \left| h \right|$ with $t \ge 0$. Zero must
# be a subgradient:
#
# $$
# 0 \in h - u + t \, \partial \left| h \right|
# \quad \Rightarrow \quad
# h =
# \begin{cases}
# u - t & \text{if } u > t , \\
# 0 & \text{if } \left| u \right| \le t , \\
# u + t & \text{if } u < -t .
# \end{cases}
# $$
#
# If $h \ge 0$ is required, the slope of the objective at $h > 0$ is $h - u + t$. For $u > t$ it vanishes at
# $h = u - t$; otherwise it is positive everywhere and the least value is at the edge, $h = 0$:
#
# $$
# \underset{h \ge 0}{\text{argmin}} \left( \frac{1}{2} (h - u)^2 + t h \right) = \max(0, \, u - t) .
# $$
#
# A rectified linear unit with bias $-t$ is this map.
#
# *Checked by* `tests/symbolic/test_problem3.py::test_soft_thresholding_is_the_minimiser_on_a_grid` and
# `tests/exact/test_derivations_sparse_autoencoder.py::test_a_rectified_unit_thresholds_softly`.

# %% [markdown]
# ### Iterative shrinkage
#
# For a given image and dictionary the ideal code solves the non-negative lasso
#
# $$
# \min_{h \ge 0} \lVert y - c - D h \rVert^2 + \lambda \sum_i h_i .
# $$
#
# A proximal gradient step of size $\eta$ goes down the smooth part, whose gradient is $- 2 D^\top (y - c - D h)$, and
# then thresholds by $\eta \lambda$ (Daubechies, Defrise & De Mol, 2004):
#
# $$
# h^{(t+1)} = \max\left( 0 , \, h^{(t)} + 2 \eta \, D^\top (y - c - D h^{(t)}) - \eta \lambda \right) .
# $$
#
# The gradient is Lipschitz with constant $2 \lVert D \rVert_2^2$, so for $\eta \le 1 / (2 \lVert D \rVert_2^2)$ no
# step raises the objective. A fixed point meets the conditions of optimality, with $\rho = y - c - D h$:
#
# $$
# 2 D_i^\top \rho = \lambda \text{ where } h_i > 0 , \qquad 2 D_i^\top \rho \le \lambda \text{ where } h_i = 0 .
# $$
#
# *Checked by*
# `tests/symbolic/test_problem3.py::test_shrinkage_descends_to_a_code_that_meets_the_conditions_of_optimality`.

# %% [markdown]
# ### The encoder is one such step
#
# Start at $h^{(0)} = 0$ with $\eta = \frac{1}{2}$:
#
# $$
# h^{(1)} = \max\left( 0 , \, D^\top (y - c) - \frac{\lambda}{2} \right)
# = \max\left( 0 , \, E y + b \right) , \qquad
# E = D^\top , \qquad b_i = - \frac{\lambda}{2} - D_i^\top c .
# $$
#
# The library starts the encoder there, $E = D^\top$ with $b = c = 0$, the step without the threshold; training is free
# to learn the bias and to move $E$ away, a learned step in place of many fixed ones (Gregor & LeCun, 2010). With
# orthonormal atoms the problem falls apart into one for each $h_i$, since
#
# $$
# \lVert y - c - D h \rVert^2 + \lambda \sum_i h_i
# = \lVert y - c \rVert^2 + \sum_i \left( h_i^2 - 2 h_i D_i^\top (y - c) + \lambda h_i \right) ,
# $$
#
# and the one step is the solution. Over-complete atoms overlap; $\eta = \frac{1}{2}$ is then longer than the safe
# step, and $h^{(1)}$ is an approximation that learning has to improve.
#
# *Checked by* `tests/exact/test_derivations_sparse_autoencoder.py::test_one_proximal_step_from_zero_is_the_encoder` and
# `tests/exact/test_sparse_autoencoder.py::test_it_starts_as_matched_filters_for_random_atoms_of_unit_norm`.

# %% [markdown]
# ### Several steps, unrolled
#
# With $u = E y + b$ as above and $G = D^\top D$ a step is, since $D^\top (y - c - D h) - \lambda / 2 = u - G h$,
#
# $$
# h^{(t+1)} = \max\left( 0 , \, h^{(t)} + 2 \eta \left( u - G h^{(t)} \right) \right) .
# $$
#
# The unrolled encoder takes a few such steps from zero, with a fixed $\eta$ within the bound above, and learns $E$, $b$ and a
# $G_t$ for each step after the first from the values that they have here (Gregor & LeCun, 2010). $G$ lets overlapping
# atoms inhibit each other, which one layer cannot.
#
# *Checked by* `tests/exact/test_sparse_autoencoder.py::test_many_steps_of_the_untrained_unrolled_encoder_solve_the_lasso`.

# %% [markdown]
# ### Why the atoms have unit norm
#
# For any $a > 0$ the rectifier gives $\max(0, a u) = a \max(0, u)$. Scale encoder and decoder against each other,
# $E \to a E$, $b \to a b$, $D \to D / a$:
#
# $$
# h \to a h , \qquad \hat x = \frac{1}{a} D \, (a h) + c = D h + c , \qquad
# \lambda \lVert h \rVert_1 \to a \lambda \lVert h \rVert_1 .
# $$
#
# The reconstruction is the same, the penalty as small as one likes: without a constraint $\lambda$ would mean nothing.
# So after every optimiser step each atom is brought back to unit norm, $D_i \to D_i / \lVert D_i \rVert$. Then
# $\left| h_i \right|$ is the length of what atom $i$ adds to the image, $\lVert h_i D_i \rVert = \left| h_i \right|$,
# and intensities compare across atoms, which is what the choice of the five strongest needs.
#
# *Checked by*
# `tests/exact/test_derivations_sparse_autoencoder.py::test_scaling_code_against_dictionary_lowers_the_penalty_for_nothing`
# and `tests/exact/test_sparse_autoencoder.py::test_atoms_have_unit_norm_after_every_step`.

# %% [markdown]
# ### What a denoiser aims at
#
# Let $m(y) = \mathbb{E}[x \mid y]$ and let $g$ be any denoiser. In
#
# $$
# \mathbb{E} \lVert x - g(y) \rVert^2 = \mathbb{E} \lVert x - m(y) \rVert^2 + \mathbb{E} \lVert m(y) - g(y) \rVert^2
# + 2 \, \mathbb{E} \left[ (x - m(y))^\top (m(y) - g(y)) \right]
# $$
#
# the last term vanishes: given $y$ the second factor is fixed and the first has mean zero. Hence
#
# $$
# \mathbb{E} \lVert x - g(y) \rVert^2 = \mathbb{E} \lVert x - m(y) \rVert^2 + \mathbb{E} \lVert m(y) - g(y) \rVert^2 ,
# $$
#
# and the posterior mean is the minimiser of the squared error. The first term on the right no denoiser removes.
#
# *Checked by* `tests/symbolic/test_problem3.py::test_squared_error_splits_at_the_posterior_mean`.

# %% [markdown]
# ### The posterior mean and the score
#
# The noisy density is $p_s(y) = \int p(x) \, \mathcal{N}(y; x, s^2 I) \, dx$. Differentiate under the integral:
#
# $$
# \begin{aligned}
# \nabla_y \, p_s(y) &= \int p(x) \, \frac{x - y}{s^2} \, \mathcal{N}(y; x, s^2 I) \, dx \\
# &= \frac{p_s(y)}{s^2} \int (x - y) \, p(x \mid y) \, dx
#  = \frac{p_s(y)}{s^2} \left( \mathbb{E}[x \mid y] - y \right) ,
# \end{aligned}
# $$
#
# and divide by $p_s(y) / s^2$ (Robbins, 1956; Miyasawa, 1961):
#
# $$
# \mathbb{E}[x \mid y] = y + s^2 \, \nabla_y \log p_s(y) .
# $$
#
# A denoiser trained on squared error thus estimates the score of the noisy images, without ever being given a density
# (Vincent, 2011).
#
# *Checked by* `tests/symbolic/test_problem3.py::test_posterior_mean_is_the_noisy_image_plus_the_score`.

# %% [markdown]
# ### The best linear denoiser
#
# Let $x$ have mean $\mu$ and covariance $S$. Among all $g(y) = \mu + A (y - \mu)$, with
# $y - \mu = (x - \mu) + s \epsilon$ and independent noise,
#
# $$
# \begin{aligned}
# R(A) &= \mathbb{E} \lVert (x - \mu) - A (y - \mu) \rVert^2 \\
# &= \mathrm{tr} \, S - 2 \, \mathrm{tr} (A S) + \mathrm{tr} \left( A (S + s^2 I) A^\top \right) .
# \end{aligned}
# $$
#
# The gradient $- 2 S + 2 A (S + s^2 I)$ vanishes at the Wiener filter, and $R$ is convex:
#
# $$
# A^\ast = S (S + s^2 I)^{-1} .
# $$
#
# In the eigenbasis of $S$, with eigenvalues $\nu_k$, it shrinks each principal component by its own share of signal,
# and its error is
#
# $$
# A^\ast = \sum_k \frac{\nu_k}{\nu_k + s^2} \, e_k e_k^\top , \qquad
# R(A^\ast) = \mathrm{tr} \, S - \mathrm{tr} (A^\ast S) = \sum_k \frac{\nu_k s^2}{\nu_k + s^2} .
# $$
#
# For Gaussian $x$ it is the posterior mean; for images, what a non-linear denoiser gains over it is what they are
# beyond their covariance.
#
# *Checked by* `tests/symbolic/test_problem3.py::test_wiener_filter_solves_the_normal_equations`,
# `tests/exact/test_derivations_denoising.py::test_the_wiener_filter_solves_the_normal_equations_of_its_images` and
# `tests/assignment/test_denoisers.py::test_the_wiener_filter_reaches_its_closed_form_and_no_other_linear_map_is_better`.

# %% [markdown]
# ### Explained variance
#
# The error per pixel of the best constant guess, the mean image, is the variance of the pixels,
# $\mathrm{tr} \, S / d$. The share of it that a denoiser with mean squared error MSE explains, and for the Wiener
# filter its closed form, is
#
# $$
# \mathrm{EV} = 1 - \frac{d \, \text{MSE}}{\mathrm{tr} \, S} , \qquad
# \mathrm{EV}(A^\ast) = \frac{\mathrm{tr} (A^\ast S)}{\mathrm{tr} \, S}
# = \frac{1}{\sum_k \nu_k} \sum_k \frac{\nu_k^2}{\nu_k + s^2} .
# $$
#
# *Checked by* `tests/exact/test_derivations_denoising.py::test_explained_variance_of_the_wiener_filter` and
# `tests/metrics/test_sparsity.py::test_explained_variance_is_none_for_the_mean_and_all_for_the_data`.

# %% [markdown]
# ### The penalty of a rare unit
#
# While unit $i$ is active, the penalty pulls its bias down with the constant slope $\lambda$, whether the unit is in
# use or hardly ever. One that is seldom active has few examples to pull it up, falls silent, and then has no gradient
# to come back by. The library weighs the penalty by use:
#
# $$
# w_i = \min\left( 1 , \, \frac{p_i}{0.02} \right) , \qquad
# p_i \gets 0.99 \, p_i + 0.01 \, \frac{1}{B} \sum_n [h_i(y^{(n)}) > 0] ,
# $$
#
# where $p_i$ starts at one and $w_i$ is held fixed when the loss is differentiated. The penalty's part of the gradient
# of the bias is then
#
# $$
# \frac{\partial}{\partial b_i} \, \frac{1}{B} \sum_n \lambda w_i h_i(y^{(n)})
# = \lambda w_i \, \frac{1}{B} \sum_n [h_i(y^{(n)}) > 0] ,
# $$
#
# about $\lambda p_i$ for a unit in common use and $\lambda p_i^2 / 0.02$ for a rare one. In the language of
# thresholds, a rare unit has the threshold $\lambda w_i / 2$, which goes to zero with its use.
#
# *Checked by*
# `tests/exact/test_sparse_autoencoder.py::test_a_unit_active_for_fewer_than_two_in_a_hundred_is_penalised_in_proportion`
# and `tests/exact/test_sparse_autoencoder.py::test_usage_is_a_running_share_of_the_examples_of_training_alone`.
