"""learnergy's GaussianRBM: CD-1 through autograd, every batch standardised by itself."""

KINDS = ("rbm",)
PHASES = ("mean-visible",)
LABEL = "learnergy 2.0.2 GaussianRBM"
NOTE = "`fit` of one epoch a turn; its pass back is on the whole test set, standardised by itself"
ORDER = 4
IS_PEER = True
EPOCHS_A_TURN = 1


def start(X, task):
    import logging

    import torch
    from learnergy.models.gaussian import GaussianRBM
    from torch.utils.data import TensorDataset

    logging.disable()
    torch.manual_seed(task.seed)
    model = GaussianRBM(X.shape[1], task.n_hidden, 1, learning_rate=task.learning_rate, momentum=task.momentum)
    data = TensorDataset(torch.from_numpy(X), torch.zeros(len(X)))

    def train(n_epochs):
        model.fit(data, task.batch_size, n_epochs)

    def outcome(given):
        with torch.no_grad():
            x = torch.from_numpy(given)
            mean, scale = x.mean(0), x.std(0) + torch.finfo(x.dtype).eps
            h, _ = model.hidden_sampling((x - mean) / scale)
            return (model.visible_sampling(h)[1] * scale + mean).numpy()

    return train, outcome
