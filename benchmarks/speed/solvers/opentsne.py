"""openTSNE, which harmonium draws its maps with."""

KINDS = ("map",)
LABEL = "openTSNE (harmonium's choice)"
NOTE = "a turn is a whole fit"
ORDER = 1
IS_PEER = True
EPOCHS_A_TURN = 1


def start(X, task):
    from openTSNE import TSNE
    from setting import THREADS

    maps = []

    def train(n_epochs):
        maps.append(TSNE(n_jobs=THREADS, random_state=task.seed).fit(X))

    return train, lambda X: maps[-1]
