# %% [markdown]
# # {{ title }}
#
# Three latent-variable models of images, derived, trained, measured and drawn: a Gaussian-Bernoulli restricted
# Boltzmann machine, a variational autoencoder with and without a class condition, and a sparse over-complete denoising
# autoencoder.
#
# **How to read this.** Each chapter asks a question, derives what is needed, shows the learning in a few lines of plain PyTorch, and
# then shows the code of the results with what it printed and drew. Under each derived result stands the name of the test in harmonium's
# repository that checks it numerically. Every measured number in the prose was filled in from the runs when this text was
# built{% if problem1.n_seeds == 1 %}; they are of one seed (0), so the last digits are chance{% else %}; they are means
# over {{ problem1.n_seeds }} seeds, with standard deviations behind ±{% endif %}. Nothing was chosen by looking at a
# test set.
#
# {% if is_quick %}
# **This is a quick look**: less of everything, on the first images of the data, whose classes have numbers for names. It shows that
# everything works. No figure in it is a result, so do not believe what the text concludes from them.
#
# {% endif %}
# **How to run it.** Install harmonium (`pip install "harmonium[all]"`) and run the cells in their order. The models are loaded from the
# folder of runs named in the first cell. A run that is not there is trained; if none is, that takes about as long as
# `harmonium reproduce`.

# %% tags=["parameters"]
RUNS = {{ runs }}  # what `harmonium reproduce` filled, seen from this notebook

# %%
import numpy as np
from rich.console import Console

import harmonium
from harmonium.assignment.pictures import draw_rows, one_of_each_class
from harmonium.assignment.protocol import Assignment
from harmonium.report.display import show

assignment = Assignment.of(RUNS)
console = Console(emoji=False, markup=False)
