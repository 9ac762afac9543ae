# %% [markdown]
# # 3. A sparse over-complete denoising autoencoder
#
# **The question.** An autoencoder of {{ data3 }} with a non-linear encoder, a linear decoder and 1.5 hidden units a pixel, whose
# code is kept sparse by its L1 norm, is given an image plus Gaussian noise and asked for the image. Plot five pairs of input
# and output of the test set, and the five columns of the decoder's dictionary D with the largest $\left| h_i \right|$.
