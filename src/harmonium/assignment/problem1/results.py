# %% [markdown]
# ## Training
#
# An RBM is an estimator as scikit-learn has them: `fit`, `transform`, `score`. Here it has ten hidden units and sees at most
# 10,000 images once; its score is the mean log-likelihood of the test images, in nats an image.

# %%
from harmonium.assignment.problem1 import exhibits
from harmonium.assignment.problem1.protocol import solve_problem1

problem1 = assignment.problem1
train = harmonium.load_dataset(problem1.data, "train")
test = harmonium.load_dataset(problem1.data, "test")
rbm = harmonium.GaussianBernoulliRBM(n_hidden=10, n_epochs=1, random_state=0)
rbm.fit(train.X[:10_000])
print(f"{rbm.transform(test.X).shape = }")
print(f"{rbm.score(test.X) = :.1f} nats")

# %% [markdown]
# The assignment asks for {{ problem1.n_epochs }} epochs with M = {{ problem1.n_hidden|join(", ") }}, learning rate 0.001, batches of 128
# and the standard split. Three recipes are trained for every M.
# {% macro optimiser(p) %}{{ optimisers[p.optimizer] }}{% if p.optimizer == "sgd" and p.momentum %} with momentum {{ "%g"|format(p.momentum) }}{% endif %}, rate {{ "%g"|format(p.learning_rate) }} for W and the biases{% if p.sigma is string %} and {{ "%g"|format(p.sigma_learning_rate) }} for log σ²{% endif %}; the rate {{ schedules[p.learning_rate_schedule] }}{% endmacro %}
# {% set generative = recipes.generative %}
#
# - **textbook** is what one writes after the lecture. Every pixel is standardised, so that σ can stay at {{ "%g"|format(recipes.textbook.sigma) }}. One step of
#   block Gibbs sampling, v → h → v → h, draws both h and v: CD-{{ recipes.textbook.n_gibbs_steps }}.
#   The optimiser is {{ optimiser(recipes.textbook) }}.
# - **generative** is the best density that we found. It learns σ. Each σ stays above {{ "%g"|format(generative.sigma_bounds[0]) }} of the standard deviation of all pixels, because
#   a pixel that never varies has no finite density. The visible units are integrated out of its chain, which runs
#   {{ generative.n_gibbs_steps }} sweeps of Gibbs sampling over the hidden units: CD-{{ generative.n_gibbs_steps }}.
#   {% if generative.initialisation == "principal-component-codes" %}
#   Its first weights code the principal components of the training images, so that it has the modes of the data before it is trained.
#   {% endif %}
#   The optimiser is {{ optimiser(generative) }}.
# - **reconstruction** shows how low the error of such a machine can get. It fixes σ at {{ "%g"|format(recipes.reconstruction.sigma) }} and replaces every draw by its
#   mean. The hidden units stay in their linear range, so that the machine is a linear autoencoder with tied weights. It never draws a sample,
#   and as a model of the images it is poor. The optimiser is {{ optimiser(recipes.reconstruction) }}.
#
# These are the parameters that the machines are trained with; a machine that is finished in the folder of runs is loaded.

# %% tags=["parameters"]
recipes = {{ recipe_code | safe }}
machines = {name: {} for name in recipes}
for m in problem1.n_hidden:
    for name, recipe in recipes.items():
        rbm = harmonium.GaussianBernoulliRBM(
            n_hidden=m, learning_rate=0.001, batch_size=128,
            n_epochs={{ problem1.n_epochs }}, random_state=0, **recipe,
        )
        machines[name][m] = problem1.trained(name, rbm)

# %%
results1 = solve_problem1(problem1, console)  # measures the RBMs; reads what was measured before

# %% [markdown]
# ## Test error and test likelihood

# %%
show(exhibits.errors_and_likelihoods(problem1, results1))

# %% [markdown]
# Table: Squared error per pixel, in the scale [0, 1], of one mean-field pass v → p(h | v) → E[v | h] over the whole
# test set. Log-likelihood in nats an image, in pixel units: exact where log Z was summed over all hidden states, else by
# annealed importance sampling (AIS) with its standard error. No linear map through M numbers has a lower training error than PCA.
# Factor analysis is probabilistic PCA with a σ of its own for every pixel, no smaller than that of the generative RBMs. M log 2 nats is
# the most information that M hidden bits can carry about an image. It is no bound on the log-likelihood. The real numbers of PCA and
# factor analysis have no such limit.

# %%
show(exhibits.error_by_hidden(results1))

# %% [markdown]
# Figure: Test error against the number of hidden units.

# %%
show(exhibits.likelihood_by_hidden(results1))

# %% [markdown]
# Figure: Test log-likelihood against the number of hidden units; bars are the standard errors of AIS. The reconstruction
# recipe's, far below, is in the table.

# %%
show(exhibits.error_by_epoch(problem1))

# %% [markdown]
# Figure: Error of 1,000 training images after every epoch, seed 0.

# %% [markdown]
# {% set m = problem1.n_hidden[-1]|string %}
# {% set near = results1.reconstruction[m].test_mse / results1.pca[m].test_mse %}
# {% set gained = results1.generative[m].test_log_likelihood - results1.textbook[m].test_log_likelihood %}
# {% set behind = results1.factor_analysis[m].test_log_likelihood - results1.generative[m].test_log_likelihood %}
# {% macro errors(recipe) %}{% for m in problem1.n_hidden %}{{ number(results1[recipe][m|string], "test_mse", 5) }} for M = {{ m }}{{ ", " if not loop.last }}{% endfor %}{% endmacro %}
# **The answer to (b)**, the mean squared reconstruction error of the test set:
#
# - textbook, CD-{{ recipes.textbook.n_gibbs_steps }} with block Gibbs sampling: {{ errors("textbook") }};
# - generative, CD-{{ recipes.generative.n_gibbs_steps }} with the visible units integrated out: {{ errors("generative") }};
# - for comparison reconstruction, a linear autoencoder in all but its name: {{ errors("reconstruction") }}.
#
# {% if near < 1.2 %}
# At M = {{ m }} the last is {{ "%.0f"|format(100 * (near - 1)|abs) }}% {{ "above" if near >= 1 else "below" }} the error of PCA, the best linear map.
# {% else %}
# At M = {{ m }} the last is {{ "%.1f"|format(near) }} times the error of PCA, the best linear map: more training would lower it.
# {% endif %}
#
# A low error does not make a good model of the images. At M = {{ m }} the log-likelihood of the generative machine is
# {{ "%.0f"|format(gained|abs) }} nats an image {{ "higher" if gained >= 0 else "lower" }} than that of the textbook machine, and
# {{ "%.0f"|format((results1.generative[m].test_log_likelihood - results1.reconstruction[m].test_log_likelihood)|abs) }} nats {{ "higher" if results1.generative[m].test_log_likelihood >= results1.reconstruction[m].test_log_likelihood else "lower" }} than that of the reconstruction recipe.
# {% if behind > 0 %}
# Factor analysis is {{ "%.0f"|format(behind) }} nats ahead of it: M bits say less of an image than M real numbers.
# {% else %}
# It is {{ "%.0f"|format(-behind) }} nats ahead of factor analysis.
# {% endif %}

# %% [markdown]
# ## What contrastive divergence loses
#
# With {{ problem1.compared_at }} hidden units the partition function is a sum of $2^{ {{- problem1.compared_at -}} }$ terms. So the
# likelihood itself can be maximised, from the same start, in as many steps and with a learned σ:

# %%
show(exhibits.against_exact_likelihood(problem1, results1))

# %% [markdown]
# Table: Four ways to train a machine of {{ problem1.compared_at }} hidden units; the likelihoods are exact.

# %% [markdown]
# {% set m = problem1.compared_at|string %}
# {% set exact = results1["exact-likelihood"][m].test_log_likelihood %}
# {% set gap = exact - results1.generative[m].test_log_likelihood %}
# {% set block = exact - results1.textbook[m].test_log_likelihood %}
# {% macro beside(nats) %}
# {% if nats|abs < 0.5 %}level with exact maximum likelihood (within half a nat){% else %}{{ "%.1f"|format(nats|abs) }} nats an image {{ "below" if nats > 0 else "above" }} exact maximum likelihood{% endif %}
# {% endmacro %}
# The textbook recipe ends {{ beside(block)|trim }}. The generative recipe, whose chain leaves the visible units out, ends {{ beside(gap)|trim }}.
# {% if block > 10 and gap < block / 2 %}
# The main reason is its chain. It must carry a whole noisy v from one mode to the next, so that it hardly moves and does not learn how
# much probability distant modes have. The fixed σ, the random start and the optimiser are the other differences.
# {% endif %}

# %% [markdown]
# ## What was learned

# %%
images = test.X[one_of_each_class(test, 12)]
generative = machines["generative"]
reconstructed = {f"M = {m}": rbm.reconstruct(images) for m, rbm in generative.items()}
show(draw_rows({"test image": images, **reconstructed}, test.image_shape))

# %% [markdown]
# Figure: Test images, one of each class first, and their mean-field reconstructions by the generative recipe.

# %%
reconstruction = machines["reconstruction"]
reconstructed = {f"M = {m}": rbm.reconstruct(images) for m, rbm in reconstruction.items()}
show(draw_rows({"test image": images, **reconstructed}, test.image_shape))

# %% [markdown]
# Figure: The same by the reconstruction recipe.

# %%
show(exhibits.draw_filters(generative, test.image_shape))

# %% [markdown]
# Figure: Columns of W as images, generative recipe: blue negative, white zero, red positive, each on its own scale.

# %%
show(exhibits.draw_filters(reconstruction, test.image_shape))

# %% [markdown]
# Figure: The same of the reconstruction recipe. They need not look like parts of images: as with PCA, any rotation of them spans the
# same images.

# %% [markdown]
# ## What the generative machines draw
#
# The log-likelihood says how much probability an RBM gives to the test images. It hardly falls when the RBM also gives much
# probability to pictures that look like nothing in the data. Draws show this.

# %%
show(exhibits.draw_samples(generative, test.image_shape))

# %% [markdown]
# Figure: A hundred draws of each generative machine, as E[v | h]; below, the first ten with the pixel noise of p(v | h). For up to 20 hidden
# units h is drawn exactly. Beyond, many Gibbs chains are annealed, some of them are chosen at random in proportion to their importance
# weights, and these run on.

# %% [markdown]
# A classifier that is right on {{ "%.1f"|format(100 * judge_accuracy) }}% of the test images says which class each of {{ n_draws }} draws looks like, and how
# far the draws are from the training images in its features.

# %%
show(exhibits.judged_draws(problem1, results1))

# %% [markdown]
# Table: Share of the test images, and of the draws E[v | h] of each generative machine, that the classifier takes for each class. Distance in
# total variation to the classes' shares of the training images, and Fréchet distance to these images in the classifier's features: of the
# same draws and of the machine's mean-field reconstructions of the test images.

# %% [markdown]
# {% set ns = namespace(least=1) %}
# The rarest class among the draws is {% for m in problem1.n_hidden %}{% set name, share = rarest_class(results1, m) %}{% set ns.least = [ns.least, share]|min %}{{ name }} at M = {{ m }} ({{ "%.1f"|format(100 * share) }}% of them){{ ", " if not loop.last else "." }}{% endfor %}
# {% if ns.least >= 0.01 %}
# So every class has at least {{ "%.1f"|format(100 * ns.least) }}% of the draws of every machine.
# {% else %}
# A class with less than one draw in a hundred is all but missing.
# {% endif %}
#
# {% set last = results1.generative[problem1.n_hidden[-1]|string] %}
# At M = {{ problem1.n_hidden[-1] }}, {{ "%.0f"|format(100 * last.total_variation) }}% of the draws would have to be of another class for the classes to have the shares
# that they have among the training images. The Fréchet distance of these draws is {{ "%.0f"|format(last.frechet_distance) }}, that of the machine's
# reconstructions {{ "%.0f"|format(last.reconstructions.frechet_distance) }} and that of real test images {{ "%.1f"|format(results1.test_images.frechet_distance) }}.
# {% if last.frechet_distance > 1.2 * last.reconstructions.frechet_distance %}
# What the draws lack beyond the blur of reconstructions is in h: its states do not go together as they do for real images.
# {% endif %}
