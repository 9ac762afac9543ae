# %% [markdown]
# ## The learning, in plain PyTorch
#
# Before any estimator is used, here is what it does. The two conditionals and the three gradients are those of the derivation, with
# $\sigma$ fixed at the standard deviation of all pixels. A chain goes from the data $v$ to $h \sim p(h \mid v)$, to
# $\tilde v \sim p(v \mid h)$ and to $p(h \mid \tilde v)$; then every parameter takes a step along its gradient. This is CD-1 with
# plain stochastic gradient ascent. It sees few images, so its rate is larger than the assignment's.

# %%
import torch

train = harmonium.load_dataset(assignment.problem1.data, "train")
images = torch.from_numpy(train.X[:5000]).float()
torch.manual_seed(0)
n_hidden, rate, sigma = 25, 0.02, images.std()
W = 0.01 * torch.randn(images.shape[1], n_hidden)
b, alpha = images.mean(0), torch.zeros(n_hidden)


def hidden(v):  # p(h_j = 1 | v)
    return torch.sigmoid(alpha + (v / sigma) @ W)


def visible_mean(h):  # E[v_i | h]
    return b + sigma * (h @ W.T)


def gradients(v, v_model):  # of log p by W, b and alpha: data minus chain
    h, h_model = hidden(v), hidden(v_model)
    by_W = (v.T @ h - v_model.T @ h_model) / (len(v) * sigma)
    by_b = (v - v_model).mean(0) / sigma**2
    by_alpha = (h - h_model).mean(0)
    return by_W, by_b, by_alpha


def error():  # of one pass v -> p(h | v) -> E[v | h], per pixel
    return (images - visible_mean(hidden(images))).square().mean()


print(f"squared error before: {error():.4f}")
for epoch in range(3):
    for v in images[torch.randperm(len(images))].split(50):
        h = torch.bernoulli(hidden(v))
        v_model = visible_mean(h) + sigma * torch.randn_like(v)
        for parameter, gradient in zip((W, b, alpha), gradients(v, v_model), strict=True):
            parameter += rate * gradient
    print(f"after epoch {epoch + 1}: {error():.4f}")

# %% [markdown]
# The library writes the same gradient in closed form. To compare the two without chance, both take the chain of means, in which $h$
# and $\tilde v$ are expectations. The library goes down where the page goes up, so the sum must vanish. It keeps $b'$ in place of
# $b$: the gradient by W is carried over by the rule under *Centred coordinates*.

# %%
from harmonium.modules.gaussian_bernoulli import GaussianBernoulliRBMModule
from harmonium.objectives.contrastive_divergence import ContrastiveDivergence

module = GaussianBernoulliRBMModule(images.shape[1], n_hidden, sigma=sigma)
module.weight.data, module.hidden_bias.data = W.T.clone(), alpha.clone()
module.visible_centre.data = b + sigma / 2 * W.sum(1)
v = images[:128]
objective = ContrastiveDivergence(module, torch.Generator(), negative_phase="mean-field")
objective.set_gradients(v)

by_W, by_b, by_alpha = gradients(v, visible_mean(hidden(v)))
on_the_page = {"weight": (by_W - sigma / 2 * by_b[:, None]).T, "visible_centre": by_b}
on_the_page["hidden_bias"] = by_alpha
for name, gradient in on_the_page.items():
    difference = (module.get_parameter(name).grad + gradient).abs().max()
    largest = gradient.abs().max()
    print(f"{name}: largest entry {largest:.1e}, largest difference {difference:.1e}")
