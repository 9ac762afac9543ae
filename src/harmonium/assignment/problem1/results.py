# %% [markdown]
# ## Training
#
# A machine is an estimator as scikit-learn has them: `fit`, `transform`, `score`. Ten hidden units, one pass over at most
# 10,000 images, and the mean log-likelihood of the test images in nats an image:

# %%
from harmonium.assignment.problem1.exhibits import (
    against_exact_likelihood,
    draw_filters,
    error_by_epoch,
    error_by_hidden,
    errors_and_likelihoods,
    likelihood_by_hidden,
)
from harmonium.assignment.problem1.protocol import solve_problem1

problem1 = assignment.problem1
train = harmonium.load_dataset(problem1.data, "train")
test = harmonium.load_dataset(problem1.data, "test")
rbm = harmonium.GaussianBernoulliRBM(n_hidden=10, n_epochs=1, random_state=0)
rbm.fit(train.X[:10_000])
print(f"{rbm.transform(test.X).shape = }")
print(f"{rbm.score(test.X) = :.1f} nats")

# %% [markdown]
# What is asked for is {{ problem1.n_epochs }} epochs for M = {{ problem1.n_hidden|join(", ") }}, learning rate 0.001,
# batches of 128, the standard split. Two recipes are trained for every M, because they trade one thing for the other.
#
# - **generative** learns $\sigma$ (each at least 0.05 of the standard deviation of all pixels, since a pixel that never
#   varies has no finite density) and runs honest chains: CD-{{ rbm.n_gibbs_steps }}, each step a sweep of Gibbs sampling over
#   the hidden units with the visible units integrated out.
# - **reconstruction** fixes $\sigma$ at a wide {{ "%g"|format(problem1.config("reconstruction", problem1.compared_at, 0).parameters.sigma) }}
#   and replaces both phases by their means. The hidden units stay in their linear range, and the machine becomes a linear
#   autoencoder with tied weights: its error is low, and as a model of the data it is poor.
#
# So error and likelihood are to be read together.

# %%
results1 = solve_problem1(problem1, console)  # trains and measures: or loads
sizes = problem1.n_hidden
generative = {m: problem1.run("generative", m, 0).load_estimator() for m in sizes}
reconstruction = {m: problem1.run("reconstruction", m, 0).load_estimator() for m in sizes}

# %% [markdown]
# ## Test error and test likelihood

# %%
show(errors_and_likelihoods(problem1, results1))

# %% [markdown]
# Table: Squared error per pixel, in the scale [0, 1], of one mean-field pass v → p(h | v) → E[v | h] over the whole
# test set. Log-likelihood in nats an image, in pixel units: exact where log Z was summed over all hidden states, else by
# annealed importance sampling (AIS) with its standard error. Rank-M PCA is the best that any linear map through M numbers
# can do; its likelihood is that of probabilistic PCA.

# %%
show(error_by_hidden(results1))

# %% [markdown]
# Figure: Test error against the number of hidden units.

# %%
show(likelihood_by_hidden(results1))

# %% [markdown]
# Figure: Test log-likelihood against the number of hidden units; bars are the standard errors of AIS. The reconstruction
# recipe's, far below, is in the table.

# %%
show(error_by_epoch(problem1))

# %% [markdown]
# Figure: Test error after every epoch, seed 0.

# %% [markdown]
# {% set m = problem1.n_hidden[-1]|string %}
# {% set near = results1.reconstruction[m].test_mse / results1.pca[m].test_mse %}
# {% set gap = results1.pca[m].test_log_likelihood - results1.generative[m].test_log_likelihood %}
# **The answer to (b)**, the test error of the reconstruction recipe:
# {% for m in problem1.n_hidden %}{{ number(results1.reconstruction[m|string], "test_mse", 5) }} for M = {{ m }}{{ ", " if not loop.last else "." }}{% endfor %}
#
# {% if near < 1.2 %}
# At M = {{ m }} that is {{ "%.0f"|format(100 * (near - 1)|abs) }}% {{ "above" if near >= 1 else "below" }} PCA, the best linear map: the machine *is* a linear
# autoencoder there, and nothing more could be expected of it.
# {% else %}
# At M = {{ m }} that is {{ "%.1f"|format(near) }} times the error of PCA, the best linear map: more training would lower it.
# {% endif %}
# The generative recipe's error is {{ number(results1.generative[m], "test_mse", 5) }}, and its log-likelihood higher by
# {{ "%.0f"|format(results1.generative[m].test_log_likelihood - results1.reconstruction[m].test_log_likelihood) }} nats an image.
# {% if gap > 0 %}
# Against probabilistic PCA it stays {{ "%.0f"|format(gap) }} nats behind at M = {{ m }}: M bits say less of an image than M real numbers.
# {% else %}
# It passes probabilistic PCA by {{ "%.0f"|format(-gap) }} nats at M = {{ m }}.
# {% endif %}

# %% [markdown]
# ## What contrastive divergence loses
#
# With {{ problem1.compared_at }} hidden units the partition function is a sum of $2^{ {{- problem1.compared_at -}} }$ terms, and the
# likelihood itself can be maximised. Same model, same optimiser, same number of steps:

# %%
show(against_exact_likelihood(problem1, results1))

# %% [markdown]
# Table: Four ways to train a machine of {{ problem1.compared_at }} hidden units; the likelihoods are exact.

# %% [markdown]
# {% set m = problem1.compared_at|string %}
# {% set exact = results1["exact-likelihood"][m].test_log_likelihood %}
# {% set gap = exact - results1.generative[m].test_log_likelihood %}
# {% set block = exact - results1["block-cd"][m].test_log_likelihood %}
# {% macro beside(nats) %}
# {% if nats|abs < 0.5 %}level with exact maximum likelihood (within half a nat){% else %}{{ "%.1f"|format(nats|abs) }} nats an image {{ "below" if nats > 0 else "above" }} exact maximum likelihood{% endif %}
# {% endmacro %}
# Block Gibbs ends {{ beside(block)|trim }}; with the visible units integrated out, which this model allows in closed form,
# {{ rbm.n_gibbs_steps }} sweeps end {{ beside(gap)|trim }}.
# {% if block > 10 and gap < block / 2 %}
# A chain of block Gibbs must carry a whole noisy v from one mode to the next: where the learned $\sigma$ is small it hardly
# moves, and how much probability distant modes have is left unlearned.
# {% endif %}

# %% [markdown]
# ## What was learned

# %%
images = test.X[one_of_each_class(test, 12)]
reconstructed = {f"M = {m}": rbm.reconstruct(images) for m, rbm in generative.items()}
show(draw_rows({"test image": images, **reconstructed}, test.image_shape))

# %% [markdown]
# Figure: Test images, one of each class first, and their mean-field reconstructions by the generative recipe.

# %%
reconstructed = {f"M = {m}": rbm.reconstruct(images) for m, rbm in reconstruction.items()}
show(draw_rows({"test image": images, **reconstructed}, test.image_shape))

# %% [markdown]
# Figure: The same by the reconstruction recipe.

# %%
rows = {}
for m, rbm in generative.items():
    rows[f"M = {m}, mean"] = rbm.sample(12, n_gibbs_steps=1000, noise=False)
    rows[f"M = {m}, drawn"] = rbm.sample(12, n_gibbs_steps=1000)
show(draw_rows(rows, test.image_shape))

# %% [markdown]
# Figure: Independent draws from the generative machines: h drawn exactly for up to 20 hidden units, else by a chain of its own
# of 1000 annealed Gibbs sweeps over the hidden units; above E[v | h], below v drawn from p(v | h) with its pixel noise.

# %%
show(draw_filters(generative, test.image_shape))

# %% [markdown]
# Figure: Columns of W as images, generative recipe: blue negative, white zero, red positive, each on its own scale.

# %%
show(draw_filters(reconstruction, test.image_shape))

# %% [markdown]
# Figure: The same of the reconstruction recipe.

# %% [markdown]
# The filters of the reconstruction recipe need not look like parts of images: as with PCA, any rotation of them spans the same images.
# Samples are to be looked at beside the likelihood, which they do not follow: the likelihood is the mean over test images of what the
# model gives *them*, and hardly falls where the model also gives much to images that are not among them. What draws show, twelve of a
# machine, is where it gives most.
