# %% [markdown]
# # {{ title }}
#
# Three latent-variable models of images, derived, trained, measured and drawn: a Gaussian-Bernoulli restricted
# Boltzmann machine, a variational autoencoder with and without a class condition, and a sparse over-complete denoising
# autoencoder.
#
# **How to read this.** Each chapter has a question, the derivation, the code with what it printed and drew, and what
# the figures say. Under each derived result stands the name of the test that checks it numerically, in harmonium's
# repository. Every measured number in the prose was filled in from the runs when this text was
# built{% if problem1.n_seeds == 1 %}; they are of one seed (0), so the last digits are chance{% else %}; they are means
# over {{ problem1.n_seeds }} seeds, with standard deviations behind ±{% endif %}. Nothing was chosen by looking at a
# test set.
#
# {% if is_quick %}
# **This is a quick look**: less of everything, on the first images of the data, whose classes have numbers for names. It shows that all
# works; no figure in it is a result, and what the text makes of them is not to be believed.
#
# {% endif %}
# **How to run it.** With harmonium installed (`pip install "harmonium[all]"`) every cell can be run again, in their
# order. The models are loaded from the folder of runs named in the first cell; what is not there is trained, which takes
# about as long as `harmonium reproduce`.

# %% tags=["parameters"]
RUNS = "{{ runs }}"  # what `harmonium reproduce` filled, seen from this notebook

# %%
import numpy as np
from rich.console import Console

import harmonium
from harmonium.assignment.pictures import draw_rows, one_of_each_class
from harmonium.assignment.protocol import Assignment
from harmonium.report.display import show

assignment = Assignment.of(RUNS)
console = Console(emoji=False)
