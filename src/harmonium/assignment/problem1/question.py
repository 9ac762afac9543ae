# %% [markdown]
# # 1. A Gaussian-Bernoulli restricted Boltzmann machine
#
# **The question.** (a) With the energy
#
# $$
# E(v, h) = -\left(\sum_i \sum_j W_{ij} h_j \frac{v_i}{\sigma_i} - \sum_i \frac{(v_i - b_i)^2}{2 \sigma_i^2}
# + \sum_j \alpha_j h_j\right), \qquad p(v, h) = \frac{e^{-E(v, h)}}{Z},
# $$
#
# derive $p(v_i = x \mid h)$ and $p(h_j = 1 \mid v)$. (b) Train such machines on {{ data1 }} by contrastive divergence,
# learning rate 0.001, batches of 128, {{ problem1.n_epochs }} epochs, with M = {{ problem1.n_hidden|join(", ") }} hidden units, and report
# the mean squared reconstruction error of the test set.
