"""pythae's VAE with the same layers and likelihood, trained by its BaseTrainer."""

KINDS = ("vae",)
LABEL = "pythae 0.1.2 VAE"
NOTE = "its trainer's `train_step`, one epoch a turn: without its copy of the best model and its files"
ORDER = 4
IS_PEER = True
EPOCHS_A_TURN = 1


def start(X, task):
    import logging
    import tempfile

    import torch
    from pythae.data.datasets import BaseDataset
    from pythae.models import VAE, VAEConfig
    from pythae.models.base.base_utils import ModelOutput
    from pythae.models.nn import BaseDecoder, BaseEncoder
    from pythae.trainers import BaseTrainer, BaseTrainerConfig
    from torch import nn

    logging.disable()
    torch.manual_seed(task.seed)
    m = task.n_hidden

    class Encoder(BaseEncoder):
        def __init__(self):
            super().__init__()
            self.layers = nn.Sequential(nn.Linear(784, 512), nn.SiLU(), nn.Linear(512, 256), nn.SiLU())
            self.mean, self.log_variance = nn.Linear(256, m), nn.Linear(256, m)

        def forward(self, x):
            hidden = self.layers(x)
            return ModelOutput(embedding=self.mean(hidden), log_covariance=self.log_variance(hidden))

    class Decoder(BaseDecoder):
        def __init__(self):
            super().__init__()
            self.layers = nn.Sequential(
                nn.Linear(m, 256), nn.SiLU(), nn.Linear(256, 512), nn.SiLU(), nn.Linear(512, 784), nn.Sigmoid()
            )

        def forward(self, z):
            return ModelOutput(reconstruction=self.layers(z))

    config = VAEConfig(input_dim=(784,), latent_dim=m, reconstruction_loss="bce")
    model = VAE(config, Encoder(), Decoder())
    trainer = BaseTrainer(
        model,
        BaseDataset(torch.from_numpy(X), torch.zeros(len(X))),
        training_config=BaseTrainerConfig(
            output_dir=tempfile.mkdtemp(prefix="pythae-"),
            per_device_train_batch_size=task.batch_size,
            learning_rate=task.learning_rate,
            seed=task.seed,
        ),
        callbacks=[],
    )
    trainer.prepare_training()

    def train(n_epochs):
        for epoch in range(n_epochs):
            trainer.train_step(epoch + 1)

    def outcome(given):
        model.eval()
        with torch.no_grad():
            return model.decoder(model.encoder(torch.from_numpy(given)).embedding).reconstruction.numpy()

    return train, outcome
