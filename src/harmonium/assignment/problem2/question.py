# %% [markdown]
# # 2. Variational autoencoders, plain and class-conditional
#
# **The question.** (a) Train a class-conditional variational autoencoder on {{ data2 }}, with hyper-parameters tuned on a
# fifth of the training set held back. Plot the two-dimensional manifold that it learned (by t-SNE where the latent space has
# more dimensions), and ten images each of {{ classes_drawn|join(", ") }}. (b) Train a plain variational autoencoder of
# similar architecture, plot the same, and compare how the two represent the data.
