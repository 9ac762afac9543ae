"""A plain VAE: a DataLoader, autograd and Adam, the same layers and likelihood."""

KINDS = ("vae",)
LABEL = "plain DataLoader VAE"
NOTE = "one epoch a turn"
ORDER = 3
IS_PEER = False
EPOCHS_A_TURN = 1


def start(X, task):
    import torch
    from torch import nn
    from torch.utils.data import DataLoader, TensorDataset

    torch.manual_seed(task.seed)
    m = task.n_hidden
    encoder = nn.Sequential(nn.Linear(784, 512), nn.SiLU(), nn.Linear(512, 256), nn.SiLU(), nn.Linear(256, 2 * m))
    decoder = nn.Sequential(
        nn.Linear(m, 256), nn.SiLU(), nn.Linear(256, 512), nn.SiLU(), nn.Linear(512, 784), nn.Sigmoid()
    )
    optimizer = torch.optim.Adam([*encoder.parameters(), *decoder.parameters()], lr=task.learning_rate)
    loader = DataLoader(TensorDataset(torch.from_numpy(X)), batch_size=task.batch_size, shuffle=True)

    def train(n_epochs):
        for _ in range(n_epochs):
            total = 0.0
            for (x,) in loader:
                mean, log_variance = encoder(x).chunk(2, 1)
                z = mean + torch.exp(0.5 * log_variance) * torch.randn_like(mean)
                distortion = nn.functional.binary_cross_entropy(decoder(z), x, reduction="sum")
                kl = -0.5 * torch.sum(1 + log_variance - mean**2 - log_variance.exp())
                loss = (distortion + kl) / len(x)
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                total += loss.item()

    def outcome(given):
        with torch.no_grad():
            return decoder(encoder(torch.from_numpy(given)).chunk(2, 1)[0]).numpy()

    return train, outcome
