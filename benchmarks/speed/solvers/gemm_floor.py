"""The floor: only the matrix products of the same work, into buffers that are there."""

import itertools

KINDS = ("rbm", "vae", "sparse")
LABEL = "floor: matrix products alone"
NOTE = "no data, no randomness, no updates"
ORDER = 0
IS_PEER = False
EPOCHS_A_TURN = "all"


def rbm_products(n_visible: int, n_hidden: int, batch: int) -> list[tuple[int, int, int]]:
    """v0 W', h0 W, v1 W', and both gradients as one product, [h0, -h1]' [v0; v1]."""
    up, down = (batch, n_visible, n_hidden), (batch, n_hidden, n_visible)
    return [up, down, up, (n_hidden, 2 * batch, n_visible)]


def network_products(sizes: list[tuple[int, int]], batch: int) -> list[tuple[int, int, int]]:
    """Forward, gradient of the weights and, but for the first layer, of the layer's input."""
    products = []
    for layer, (n_in, n_out) in enumerate(sizes):
        products += [(batch, n_in, n_out), (n_out, batch, n_in)]
        if layer > 0:
            products.append((batch, n_out, n_in))
    return products


def start(X, task):
    import torch
    from tasks import VAE_SIZES

    batch, n_features = task.batch_size, X.shape[1]
    if task.kind == "rbm":
        shapes = rbm_products(n_features, task.n_hidden, batch)
    elif task.kind == "vae":
        encoder = [*VAE_SIZES, 2 * task.n_hidden]
        decoder = [task.n_hidden, *VAE_SIZES[::-1]]
        layers = [*itertools.pairwise(encoder), *itertools.pairwise(decoder)]
        shapes = network_products(layers, batch)
    else:
        shapes = network_products([(n_features, task.n_hidden), (task.n_hidden, n_features)], batch)
    generator = torch.Generator().manual_seed(task.seed)
    products = [
        (torch.randn(n, k, generator=generator), torch.randn(k, m, generator=generator), torch.empty(n, m))
        for n, k, m in shapes
    ]
    n_steps = -(-len(X) // batch)

    def train(n_epochs):
        for _ in range(n_epochs * n_steps):
            for left, right, out in products:
                torch.mm(left, right, out=out)

    def outcome(X):
        return X * float("nan")

    return train, outcome
