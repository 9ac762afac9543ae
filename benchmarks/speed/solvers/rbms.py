"""rbms' Bernoulli-Bernoulli machine with CD-1: it has none with Gaussian visible units."""

KINDS = ("rbm",)
PHASES = ("mean-visible",)
LABEL = "rbms 0.6.0 BBRBM, CD-1"
NOTE = "its training loop without the file and the progress bar, one epoch a turn; Bernoulli pixels"
ORDER = 4
IS_PEER = True
EPOCHS_A_TURN = 1


def start(X, task):
    import sys

    if sys.version_info < (3, 12):
        raise RuntimeError(f"its wheel needs Python 3.12 or later; this is {sys.version_info[0]}.{sys.version_info[1]}")
    import numpy as np
    import torch
    from rbms.bernoulli_bernoulli.classes import BBRBM
    from rbms.dataset.dataset_class import RBMDataset
    from rbms.sampler.cd import CD

    torch.manual_seed(task.seed)
    n = len(X)
    data = RBMDataset(X, np.zeros(n), np.ones(n), np.arange(n), "images", "bernoulli", "cpu")
    machine = BBRBM.init_parameters(task.n_hidden, data, "cpu", torch.float32)
    machine.init_grad()
    sampler = CD(machine, 1)
    optimizer = torch.optim.SGD(machine.parameters(), lr=task.learning_rate, momentum=task.momentum, maximize=True)
    n_steps = -(-n // task.batch_size)

    @torch.no_grad()
    def train(n_epochs):
        for _ in range(n_epochs * n_steps):
            batch = data.batch(task.batch_size)
            optimizer.zero_grad(set_to_none=False)
            chains = machine.init_chains(len(batch["data"]), weights=batch["weights"], start_v=batch["data"])
            machine.compute_gradient(data=chains, chains=sampler.get_conf_grad(batch=batch["data"]), centered=True)
            optimizer.step()
            sampler.post_grad_update(machine)

    @torch.no_grad()
    def outcome(given):
        h = torch.sigmoid(torch.from_numpy(given) @ machine.weight_matrix + machine.hbias)
        return torch.sigmoid(h @ machine.weight_matrix.T + machine.vbias).numpy()

    return train, outcome
