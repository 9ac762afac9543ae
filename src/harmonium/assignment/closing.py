# %% [markdown]
# # How this was made
#
# harmonium {{ manifest.versions.harmonium }}, PyTorch {{ manifest.versions.torch }}, NumPy {{ manifest.versions.numpy }}, Python
# {{ manifest.versions.python }} on {{ manifest.machine | code }}, {{ manifest.threads }} CPU thread{{ "s" if manifest.threads != 1 }} a run of the RBMs and
# {{ manifest_autoencoders.threads }} of the autoencoders, as many runs at a time as there are cores. SHA-256 of the RBMs' training
# images: {{ manifest.data_sha256 | code }}. Seconds an epoch are the median over epochs. They count the training steps alone, while other
# runs used the other cores.
#
# The folder of each run holds its configuration with every default, its seed, its history and its weights. The same seed on the same
# computer, with as many threads, gives the same bits.
