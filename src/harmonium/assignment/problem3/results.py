# %% [markdown]
# ## The estimator

# %%
from harmonium.assignment.problem3 import exhibits
from harmonium.assignment.problem3.protocol import solve_problem3
from harmonium.data.noise import add_noise
from harmonium.families.sparse_autoencoder import TEST_NOISE_SEED

problem3 = assignment.problem3
test = harmonium.load_dataset(problem3.data, "test")
sigma = problem3.sigmas[0]
small = harmonium.SparseAutoencoder(
    overcompleteness=1.5, noise=sigma, l1=0.5, n_epochs=2, batch_size=256,
    optimizer="adam", learning_rate=2.5e-3, learning_rate_schedule="cosine", random_state=0,
)
small.fit(train.X[:5000])
for row in small.history_:
    print(f"epoch {row['epoch']}: {row['l0']:.0f} active units an image")

# %% [markdown]
# The same is trained in earnest for {{ problem3.n_epochs }} epoch{{ "s" if problem3.n_epochs != 1 }} on the whole training set of {{ data3 }}:
# {{ "%g"|format(sparse.overcompleteness) }} atoms a pixel; $\lambda$ = {{ "%g"|format(sparse.l1) }}, in units of the pixels' standard deviation; batches of
# {{ sparse.batch_size }}. The noise is drawn anew at every step and not clipped. The optimiser is {{ optimisers[sparse.optimizer] }}; the learning rate starts at
# {{ "%g"|format(sparse.learning_rate) }} and {{ schedules[sparse.learning_rate_schedule] }}. Beside it stands one whose encoder is {{ unrolled.n_steps }} unrolled
# steps, {{ unrolled.n_epochs }} epoch{{ "s" if unrolled.n_epochs != 1 }} with $\lambda$ = {{ "%g"|format(unrolled.l1) }} and a rate from {{ "%g"|format(unrolled.learning_rate) }}: it shows what one layer leaves out. Pairs and
# dictionary are those of the one layer. `solve_problem3` calls `fit`, in several processes; a run that is finished is found in its
# folder and loaded.

# %%
results3 = solve_problem3(problem3, console)  # trains and measures, or loads
model = problem3.run(sigma).load_estimator()
print(model)
noisy = add_noise(test.X, sigma, TEST_NOISE_SEED)
print(f"{model.dictionary_.shape = }")
print(f"{model.transform(noisy).shape = }")

# %% [markdown]
# ## Five pairs of input and output

# %%
rows = {"input, noisy": noisy[:5], "output": model.denoise(noisy[:5]), "clean": test.X[:5]}
show(draw_rows(rows, test.image_shape, width=4))

# %% [markdown]
# Figure: Five test images, σ = {{ "%g"|format(problem3.sigmas[0]) }}: what goes in (drawn clipped to [0, 1]), what comes out, and the clean image.

# %% [markdown]
# ## The dictionary

# %%
show(exhibits.draw_atoms_of_images(model, noisy[:5], test.X[:5], test.image_shape))

# %% [markdown]
# Figure: For each of the five, the columns of D with the largest |h|: blue negative, red positive, white zero, each on its own
# scale; above each its index i and its intensity.

# %%
show(exhibits.draw_atoms_over_all(model, noisy, test.image_shape))

# %% [markdown]
# Figure: The columns of D with the largest mean |h| over the noisy test set, and for how many of its images they are active.

# %%
show(exhibits.draw_dictionary(model, noisy, test.image_shape))

# %% [markdown]
# Figure: The whole dictionary, the most used atom first.

# %% [markdown]
# ## How sparse, and how good

# %%
show(exhibits.sparsity_of_codes(problem3, results3))

# %% [markdown]
# Table: Codes of the noisy test images. L0: active units an image. Of the {{ n_atoms }} units, dead: active for no image; rare: active
# for fewer than 0.1% of the images, with the dead ones. Explained: share of the pixels' variance. Atoms: share of the test images whose
# class is named right by so many atoms a class, chosen and weighed on training codes (Gurnee et al., 2023).

# %%
unrolled = problem3.run(sigma, key="sparse_autoencoder_unrolled").load_estimator()
rows = {"input, noisy": noisy[5:10], "one layer": model.denoise(noisy[5:10])}
rows["unrolled"] = unrolled.denoise(noisy[5:10])
show(draw_rows(rows, test.image_shape, width=4))

# %% [markdown]
# Figure: Five more test images, σ = {{ "%g"|format(problem3.sigmas[0]) }}, and what both encoders make of them.

# %%
show(exhibits.error_by_l0(results3))

# %% [markdown]
# Figure: What sparsity costs: λ swept at σ = {{ "%g"|format(problem3.sigmas[0]) }}, {{ problem3.n_sweep_epochs }} epoch{{ "s" if problem3.n_sweep_epochs != 1 }} each.

# %%
show(exhibits.denoising_errors(problem3, results3))

# %% [markdown]
# Table: Squared error per pixel against the clean test image, and peak signal-to-noise ratio; the same noise for all. A slow method
# saw only the first images; the last column says how many. The parameters of a method were chosen on noisy training images.

# %% [markdown]
# {% set strength = "%g"|format(problem3.sigmas[0]) %}
# {% set sae = results3[strength].sparse_autoencoder %}
# {% set gain = 1 - sae.test_mse / results3[strength].wiener.test_mse %}
# {% set unrolled_sae = results3[strength].sparse_autoencoder_unrolled %}
# {% set unrolled_gain = 1 - unrolled_sae.test_mse / sae.test_mse %}
# {% set titles = {"total_variation": "total variation", "non_local_means": "non-local means", "bm3d": "BM3D", "dictionary_learning": "dictionary learning"} %}
# At σ = {{ strength }} the sparse autoencoder's error is {{ percent(gain|abs) }} {{ "below" if gain > 0 else "above" }} that of the Wiener filter, the best linear map.
# {% for key, title in titles.items() if key in results3[strength] %}
# {% set other = results3[strength][key].test_mse %}
# {{ title[0]|upper }}{{ title[1:] }} has {{ "%.1f"|format(other / sae.test_mse) }} times its error.
# {% endfor %}
# {% if results3[strength].dictionary_learning is defined %}
# Of these others only dictionary learning was trained on images of the same kind, and on fewer of them.
# {% endif %}
# The unrolled encoder's error is {{ percent(unrolled_gain|abs) }} {{ "below" if unrolled_gain > 0 else "above" }} the one layer's, with {{ number(unrolled_sae, "l0", 1) }} active units
# an image for {{ number(sae, "l0", 1) }}; an epoch takes {{ "%.1f"|format(unrolled_sae.seconds_per_epoch / sae.seconds_per_epoch) }} times as long.
# {% if sae.probe_accuracy_1 is defined %}
# One atom a class names {{ percent(sae.probe_accuracy_1) }} of the images right with one layer, {{ percent(unrolled_sae.probe_accuracy_1) }} with the unrolled one.
# {% endif %}
# {% for title, reason in left_out.items() %}
#
# Left out: {{ title }} ({{ reason }}).
# {% endfor %}
