# %% [markdown]
# ## The learning, in plain PyTorch
#
# The objective of the derivation with every $w_i = 1$: the squared error against the clean image plus $\lambda$ times the L1 norm of
# the code of the noisy one. Pixels are in units of their standard deviation; after every step the atoms are scaled to unit norm.

# %%
train = harmonium.load_dataset(assignment.problem3.data, "train")
pixels = torch.from_numpy(train.X[:5000]).float()
images = pixels / pixels.std()
noise, l1 = assignment.problem3.sigmas[0] / pixels.std(), 0.5
n_pixels = images.shape[1]
torch.manual_seed(0)
D = nn.functional.normalize(torch.randn(round(1.5 * n_pixels), n_pixels))  # an atom a row
E, b, centre = D.clone(), torch.zeros(len(D)), torch.zeros(n_pixels)
parameters = [parameter.requires_grad_() for parameter in (D, E, b, centre)]
optimizer = torch.optim.Adam(parameters, lr=0.001)


def sparse_loss(x, noisy):
    h = torch.relu(noisy @ E.T + b)
    x_hat = h @ D + centre
    return (x - x_hat).square().sum(1).mean() + l1 * h.abs().sum(1).mean()


for epoch in range(2):
    for x in images[torch.randperm(len(images))].split(50):
        loss = sparse_loss(x, x + noise * torch.randn_like(x))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        D.data = nn.functional.normalize(D.data)
    print(f"epoch {epoch + 1}: loss of its last batch {loss:.1f}")

# %% [markdown]
# The library's loss, with the same parameters and the same noise:

# %%
from harmonium.modules.sparse_autoencoder import SparseAutoencoderModule
from harmonium.objectives.sparse_denoising import SparseDenoising

module = SparseAutoencoderModule(n_pixels, len(D), torch.Generator())
module.dictionary.data, module.weight.data = D.data, E.data
module.bias.data, module.centre.data = b.data, centre.data
objective = SparseDenoising(module, torch.Generator().manual_seed(1), noise=noise, l1=l1)
library = objective(images).loss
drawn = torch.empty_like(images).normal_(generator=torch.Generator().manual_seed(1))
page = sparse_loss(images, images + noise * drawn)
difference = (library - page).abs()
print(f"library {library:.3f}, page {page:.3f}, difference {difference:.1e}")
