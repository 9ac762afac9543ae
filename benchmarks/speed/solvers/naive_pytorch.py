"""What a student writes: a DataLoader, autograd and the optimiser's plain call."""

KINDS = ("rbm", "sparse")
LABEL = "naive PyTorch: DataLoader, autograd"
NOTE = "one epoch a turn"
ORDER = 3
IS_PEER = False
EPOCHS_A_TURN = 1


def rbm_model(n_visible, task):
    import torch

    weight = torch.nn.Parameter(0.01 * torch.randn(n_visible, task.n_hidden))
    a, b = torch.nn.Parameter(torch.zeros(n_visible)), torch.nn.Parameter(torch.zeros(task.n_hidden))

    def free_energy(v):
        return ((v - a) ** 2).sum(1) / 2 - torch.nn.functional.softplus(v @ weight + b).sum(1)

    def loss(v):
        with torch.no_grad():
            h = torch.bernoulli(torch.sigmoid(v @ weight + b))
            model = h @ weight.T + a
            if task.negative_phase == "sampled":
                model = model + torch.randn_like(model)
        return free_energy(v).mean() - free_energy(model).mean()

    def reconstruct(v):
        return torch.sigmoid(v @ weight + b) @ weight.T + a

    return [weight, a, b], loss, reconstruct, lambda: None


def sparse_model(n_features, task, scale):
    import torch

    encoder = torch.nn.Linear(n_features, task.n_hidden)
    decoder = torch.nn.Linear(task.n_hidden, n_features)

    def project():
        with torch.no_grad():
            decoder.weight /= decoder.weight.norm(dim=0, keepdim=True)

    project()
    with torch.no_grad():
        encoder.weight.copy_(decoder.weight.T)

    def loss(x):
        h = torch.relu(encoder(x + task.noise / scale * torch.randn_like(x)))
        return ((x - decoder(h)) ** 2).sum(1).mean() + 0.5 * h.abs().sum(1).mean()

    parameters = [*encoder.parameters(), *decoder.parameters()]
    return parameters, loss, lambda x: decoder(torch.relu(encoder(x))), project


def start(X, task):
    import torch
    from torch.utils.data import DataLoader, TensorDataset

    torch.manual_seed(task.seed)
    data = torch.from_numpy(X)
    mean, scale = data.mean(0), (data - data.mean(0)).std()
    make = rbm_model(X.shape[1], task) if task.kind == "rbm" else sparse_model(X.shape[1], task, scale)
    parameters, loss_of, reconstruct, project = make
    if task.kind == "rbm":
        optimizer = torch.optim.SGD(parameters, lr=task.learning_rate, momentum=task.momentum)
    else:
        optimizer = torch.optim.Adam(parameters, lr=task.learning_rate)
    loader = DataLoader(TensorDataset(data), batch_size=task.batch_size, shuffle=True)

    def train(n_epochs):
        for _ in range(n_epochs):
            total = 0.0
            for (batch,) in loader:
                loss = loss_of((batch - mean) / scale)
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                project()
                total += loss.item()

    def outcome(given):
        with torch.no_grad():
            return (reconstruct((torch.from_numpy(given) - mean) / scale) * scale + mean).numpy()

    return train, outcome
