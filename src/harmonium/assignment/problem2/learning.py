# %% [markdown]
# ## The learning, in plain PyTorch
#
# The bound of the derivation with the Bernoulli likelihood, and a step of gradient ascent on it: encode, draw $z$ by the
# reparameterisation, decode, subtract the divergence in closed form. The class $c$ enters both networks as a one-hot vector.

# %%
from torch import nn
from torch.nn.functional import binary_cross_entropy_with_logits, one_hot

train = harmonium.load_dataset(assignment.problem2.data, "train")
images = torch.from_numpy(train.X[:5000]).float()
classes = np.unique(train.labels[:5000], return_inverse=True)[1]
c, n_latent = one_hot(torch.from_numpy(classes)).float(), 16
n_pixels, n_classes = images.shape[1], c.shape[1]
torch.manual_seed(0)
encoder = nn.Sequential(
    nn.Linear(n_pixels + n_classes, 128),
    nn.SiLU(),
    nn.Linear(128, 2 * n_latent),
)
decoder = nn.Sequential(
    nn.Linear(n_latent + n_classes, 128),
    nn.SiLU(),
    nn.Linear(128, n_pixels),
)
optimizer = torch.optim.Adam([*encoder.parameters(), *decoder.parameters()], lr=0.003)


def elbo(x, c, noise):  # nats an image
    mean, log_variance = encoder(torch.cat([x, c], 1)).chunk(2, 1)
    z = mean + (0.5 * log_variance).exp() * noise
    logits = decoder(torch.cat([z, c], 1))
    log_p = -binary_cross_entropy_with_logits(logits, x, reduction="none").sum(1)
    kl = 0.5 * (mean**2 + log_variance.exp() - 1 - log_variance).sum(1)
    return log_p - kl


for epoch in range(2):
    for rows in torch.randperm(len(images)).split(50):
        loss = -elbo(images[rows], c[rows], torch.randn(len(rows), n_latent)).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    print(f"epoch {epoch + 1}: -ELBO of its last batch {loss:.1f} nats")

# %% [markdown]
# The library's loss, given the same two networks and the same noise:

# %%
from harmonium.modules.likelihoods import make_likelihood
from harmonium.modules.priors import StandardNormal
from harmonium.modules.vae import VAEModule
from harmonium.objectives.elbo import NegativeELBO

likelihood, prior = make_likelihood("bernoulli"), StandardNormal(n_latent)
module = VAEModule(encoder, decoder, likelihood, prior, n_classes)
objective = NegativeELBO(module, torch.Generator().manual_seed(1))
library = objective(images, c).loss
noise = torch.randn(len(images), n_latent, generator=torch.Generator().manual_seed(1))
page = -elbo(images, c, noise).mean()
difference = (library - page).abs()
print(f"library {library:.3f}, page {page:.3f}, difference {difference:.1e} nats")
