"""scikit-learn's t-SNE."""

KINDS = ("map",)
LABEL = "scikit-learn TSNE"
NOTE = "a turn is a whole fit"
ORDER = 4
IS_PEER = True
EPOCHS_A_TURN = 1


def start(X, task):
    from setting import THREADS
    from sklearn.manifold import TSNE

    maps = []

    def train(n_epochs):
        maps.append(TSNE(n_jobs=THREADS, random_state=task.seed).fit_transform(X))

    return train, lambda X: maps[-1]
