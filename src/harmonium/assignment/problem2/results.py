# %% [markdown]
# ## The estimators
#
# From here on the estimators do the same. The plain VAE and the class-conditional one (cVAE) are one module; the cVAE has the label's
# one-hot vector beside the input of the encoder and of the decoder, and nothing else differs. A small one first, on a few thousand
# images, of which it holds a fifth back:

# %%
from harmonium.assignment.problem2 import architecture, exhibits
from harmonium.assignment.problem2.protocol import read_map, solve_problem2

problem2 = assignment.problem2
test = harmonium.load_dataset(problem2.data, "test")
small = harmonium.ConditionalVAE(
    n_latent=8, hidden_sizes=(128,), likelihood="bernoulli", n_epochs=4, batch_size=64,
    optimizer="adam", learning_rate=3e-3, learning_rate_schedule="cosine",
    validation_fraction=0.2, random_state=0,
)
small.fit(train.X[:5000], train.labels[:5000])
for row in small.history_:
    print(
        f"epoch {row['epoch']}: -ELBO of the training steps {row['negative_elbo']:.1f}, "
        f"of the images held back {row['validation_loss']:.1f} nats"
    )

# %% [markdown]
# {% macro setting(p) %}{{ p.architecture }} ({{ p.hidden_sizes|join(", ") }}), z = {{ p.n_latent }}, {{ p.likelihood }} likelihood, {{ p.prior }} prior, learning rate {{ "%.2g"|format(p.learning_rate) }}, batches of {{ p.batch_size }}, {{ p.n_epochs }} epoch{{ "s" if p.n_epochs != 1 }}{% endmacro %}
# Three settings are trained in earnest, each for the VAE and the cVAE with the same architecture, likelihood, latent size, budget and
# seed.
#
# - **chosen**: {{ setting(vae.chosen) }}; found by the search below.
# - **bernoulli16**: {{ setting(vae.bernoulli16) }}; the one that published figures can be held against.
# - **latent2**: {{ setting(vae.latent2) }}; a latent space that can be drawn as it is.
#
# The optimiser is {{ optimisers[vae.chosen.optimizer] }}, with a decay of {{ vae.chosen.momentum }} for the first moment; the learning rate
# {{ schedules[vae.chosen.learning_rate_schedule] }}. On grey pixels the Bernoulli likelihood is not a density: its nats compare with one
# another and with nothing else. Those of the calibrated Gaussian are log-densities in pixel units.
#
# `solve_problem2` calls `fit` on such estimators, in several processes; a run that is finished is found in its folder and loaded. Here
# are the parameters of the chosen two, without those at their defaults:

# %%
results2 = solve_problem2(problem2, console)  # searches, trains and measures, or loads
models = {
    (key, setting): problem2.run(key, setting).load_estimator()
    for setting in ("chosen", "bernoulli16", "latent2")
    for key in exhibits.TITLES
}
print(models["conditional_vae", "chosen"])
print(models["vae", "chosen"])

# %%
chosen = {"cVAE": models["conditional_vae", "chosen"], "VAE": models["vae", "chosen"]}
show(architecture.networks(chosen))

# %% [markdown]
# Table: The networks of the chosen cVAE. Weights: outputs × inputs × kernel (of a transposed convolution inputs × outputs × kernel);
# every convolution halves the image, every transposed one doubles it, and a sigmoid-weighted linear unit, a sigmoid(a), follows every layer but an
# encoder's or decoder's last. The first layer of the encoder takes the image and a constant plane a class, that of the decoder z and the
# one-hot vector. The encoder ends with the mean and the log variance of z.

# %% [markdown]
# ## The search
#
# {{ study.trials|length }} trials of the cVAE. A fifth of the training set, stratified by class, measures the loss of each; each is
# trained for {{ study.setting.n_epochs }} epoch{{ "s" if study.setting.n_epochs != 1 }} on at most {{ study.setting.n_samples }} images of the other four fifths.
# {{ study.trials|selectattr("state", "equalto", "pruned")|list|length }} were cut short because their loss after an epoch was not among the best
# quarter, {{ study.trials|selectattr("state", "equalto", "fail")|list|length }} failed. The setting with the lowest validation loss was trained again on the
# whole training set, as both models, and then measured once on the test set.

# %%
show(architecture.search_space(problem2, results2["tuning"]))

# %% [markdown]
# Table: The search space, and what was chosen.

# %%
study = problem2.run("conditional_vae", "chosen").study()
show(exhibits.draw_search(study))

# %% [markdown]
# Figure: Left: the last validation loss of every trial, −ELBO in the units of the scaled data; in pixel units it is {{ "%.0f"|format(-log_volume) }} nats lower.
# Right: share of the variance of the complete trials' losses that each parameter explains (fANOVA).

# %%
show(exhibits.draw_curves(problem2, study, results2))

# %% [markdown]
# Figure: −ELBO by epoch, in pixel units. Left: validation part of the search, every trial in grey and the chosen one in colour. Middle
# and right: the training steps, mean of every epoch, seed 0; the star is the test set after training.

# %% [markdown]
# ## Bounds, errors, and what the latent space knows of the class

# %%
show(exhibits.bounds_and_codes(results2))

# %% [markdown]
# Table: Test set. ELBO of one draw and importance-weighted (IWAE) bound of {{ n_importance }}, nats an image, negative, so lower is better;
# active units are latent dimensions whose posterior mean varies (variance above 0.01); squared error per pixel of E[x | z] at the
# posterior mean z; label accuracy of the 15 nearest training images in z and of a linear probe; silhouette of the classes.

# %% [markdown]
# {% set plain = results2.vae.chosen %}
# {% set conditional = results2.conditional_vae.chosen %}
# {% set knn_gap = plain.knn_accuracy - conditional.knn_accuracy %}
# {% set probe_gap = plain.probe_accuracy - conditional.probe_accuracy %}
# {% set plain16 = results2.vae.bernoulli16 %}
# {% set conditional16 = results2.conditional_vae.bernoulli16 %}
# {% set kl_gap = plain.kl - conditional.kl %}
# {% set elbo_gap = plain.negative_elbo - conditional.negative_elbo %}
# **What the label does: the comparison asked for in (b).** In the chosen setting a linear probe names the class of
# {{ percent(plain.probe_accuracy) }} of the test images from the plain VAE's z and of {{ percent(conditional.probe_accuracy) }} from the
# cVAE's; the 15 nearest neighbours of {{ percent(plain.knn_accuracy) }} and {{ percent(conditional.knn_accuracy) }}.
# {% if probe_gap > 0.05 %}
# Neither was trained to tell classes apart. The plain VAE's code separates them all the same, because images of a class look alike. The
# cVAE's decoder is told the class, and it would cost KL divergence to say it again in z. So z says less of the class; it would say nothing
# if the posterior of every class were the prior.
# {% elif probe_gap < -0.05 %}
# The cVAE's encoder is told the class, and here its code says more of it than the plain one's: training has not taken the label out.
# {% else %}
# The label has hardly changed what the code says of the class.
# {% endif %}
# How much is left depends on how much the code holds: the neighbours name {{ percent(conditional.knn_accuracy) }} where the cVAE's KL divergence is
# {{ "%.0f"|format(conditional.kl) }} nats (chosen), {{ percent(conditional16.knn_accuracy) }} where it is {{ "%.0f"|format(conditional16.kl) }} (bernoulli16) and
# {{ percent(results2.conditional_vae.latent2.knn_accuracy) }} where it is {{ "%.0f"|format(results2.conditional_vae.latent2.kl) }} (latent2); of the plain VAE
# {{ percent(plain.knn_accuracy) }}, {{ percent(plain16.knn_accuracy) }} and {{ percent(results2.vae.latent2.knn_accuracy) }}. Guessing would name {{ percent(1 / n_classes) }}.
#
# The cVAE's KL divergence is {{ "%.1f"|format(kl_gap|abs) }} nats {{ "lower" if kl_gap > 0 else "higher" }} and its ELBO {{ "%.1f"|format(elbo_gap|abs) }} nats
# {{ "higher" if elbo_gap > 0 else "lower" }}.
# {% if elbo_gap > class_entropy %}
# The label itself can be worth {{ "%.1f"|format(class_entropy) }} nats at most, the entropy of {{ n_classes }} equal classes: the rest is a better fit within the
# same budget.
# {% endif %}
# The silhouettes of the classes are {{ number(plain, "silhouette", 3) }} and {{ number(conditional, "silhouette", 3) }}.

# %% [markdown]
# ## The 2D manifolds

# %%
titles = exhibits.TITLES
maps = {titles[key]: read_map(problem2.run(key, "chosen")) for key in titles}
show(exhibits.draw_maps(maps, test))

# %% [markdown]
# Figure: Chosen setting: t-SNE maps of the posterior means of {{ n_mapped }} test images, placed on a map fitted to those of {{ n_fitted }} training
# images (perplexity {{ perplexity }}, seed {{ vae.chosen.random_state }}); at most 250 images a class are drawn. A map's axes mean nothing.

# %%
planes = {titles[key]: models[key, "latent2"] for key in titles}
codes = {title: vae.transform(test.X, test.labels) for title, vae in planes.items()}
show(exhibits.draw_maps(codes, test, limits=(-4, 4)))

# %% [markdown]
# Figure: Setting latent2, without any map: posterior means of the test images in the plane; the prior is N(0, I).

# %% [markdown]
# A t-SNE map shows which images are neighbours. Islands on it say no more than the neighbours in the table, which name
# {{ percent(results2.vae.chosen.knn_accuracy) }} of the test images with the VAE and {{ percent(results2.conditional_vae.chosen.knn_accuracy) }} with the cVAE, whose encoder is told the label.
# The linear probe asks how the classes lie as wholes: it names {{ percent(results2.vae.chosen.probe_accuracy) }} and {{ percent(results2.conditional_vae.chosen.probe_accuracy) }}. In the plane
# of latent2 nothing is lost by a map: the probe names {{ percent(results2.vae.latent2.probe_accuracy) }} with the VAE and
# {{ percent(results2.conditional_vae.latent2.probe_accuracy) }} with the cVAE.

# %%
show(exhibits.draw_manifold(planes["VAE"], test.image_shape))

# %% [markdown]
# Figure: VAE, latent2: E[x | z] on a grid over the quantiles of its prior, N(0, I), from 2% to 98%.

# %%
show(exhibits.draw_manifold_of_each_class(planes["cVAE"], test.image_shape))

# %% [markdown]
# Figure: cVAE, latent2: the same, one grid a class. Each class has the whole plane to itself.

# %% [markdown]
# ## Ten images of each class asked for
#
# A draw from the model is $z \sim p(z | c)$, then E[x | z, c]. Where the prior stays N(0, I) and the code holds much, the posteriors of
# the data fill only part of it, and a draw from elsewhere decodes to no garment. So in the settings chosen and bernoulli16 the prior is
# learned: it is N(0, I) for the first half of the epochs; then a mixture of {{ vae.chosen.n_components }} Gaussians starts from draws of the posteriors and is
# trained with the networks. It is the p(z) of the bound and of the draws.

# %%
cvae = models["conditional_vae", "chosen"]
names = exhibits.classes_drawn(test)
drawn = {name: cvae.sample(10, name, random_state=0) for name in names}
show(draw_rows(drawn, test.image_shape))

# %% [markdown]
# Figure: cVAE, chosen setting: ten images each, **drawn from the model**: z from its prior p(z | c), E[x | z, c], no noise added.

# %% [markdown]
# A convolutional classifier, {{ "%.1f"|format(100 * results2.judge.test_accuracy) }}% right on the test set, judges {{ n_samples_per_class }} images a
# class. Does it see the class that was asked for? How far are its 128 features from those of the training images?

# %%
show(exhibits.judged_samples(results2))

# %% [markdown]
# Table: Class agreement: share of images taken for the class they were drawn for, mean over {{ classes_drawn|join(", ") }} and over
# all classes. Fréchet distance in the classifier's features, to the training images; its scale is the classifier's own: read it
# against the row of real test images. Recall: share of test images with a draw among their three nearest in these features, of as
# many draws as test images and the other test images; in the first row training images stand for draws.

# %% [markdown]
# {% set conditional = results2.conditional_vae.chosen %}
# {% set real = results2.judge.test_images.class_agreement_all %}
# {% set reconstructed = conditional.reconstructions.class_agreement_all %}
# {% set drawn = conditional.model_samples %}
# Of the cVAE's draws {{ percent(drawn.class_agreement_all) }} are taken for their class, of its reconstructions {{ percent(reconstructed) }} and of real images
# {{ percent(real) }}. The Fréchet distance of the draws is {{ "%.1f"|format(drawn.frechet_distance) }}, that of the reconstructions
# {{ "%.1f"|format(conditional.reconstructions.frechet_distance) }}: what both lack is the decoder's, the rest is the prior's.
# {{ percent(drawn.recall) }} of the test images have a draw among their three nearest ({{ percent(results2.judge.test_images.recall) }} have a training image).

# %% [markdown]
# ## Reconstructions

# %%
firsts = one_of_each_class(test, len(np.unique(test.y)))
images, labels = test.X[firsts], test.labels[firsts]
rows = {"test image": images}
for (key, setting), model in models.items():
    rows[f"{titles[key]}, {setting}"] = model.reconstruct(images, labels)
show(draw_rows(rows, test.image_shape, width=5.4))

# %% [markdown]
# Figure: The first test image of every class, and E[x | z] at its posterior mean.
