"""scikit-learn's MiniBatchDictionaryLearning with as many atoms."""

KINDS = ("sparse",)
LABEL = "scikit-learn MiniBatchDictionaryLearning"
NOTE = "two batches a turn, of the same size, times their number; error after these alone, on 100 test images"
ORDER = 4
IS_PEER = True
EPOCHS_A_TURN = 1
N_STEPS = 2
N_TEST = 100


def start(X, task):
    import numpy as np
    from sklearn.decomposition import MiniBatchDictionaryLearning

    mean = X.mean(0)
    learner = MiniBatchDictionaryLearning(
        task.n_hidden,
        alpha=0.5,
        batch_size=task.batch_size,
        fit_algorithm="cd",
        transform_algorithm="omp",
        transform_n_nonzero_coefs=10,
        random_state=task.seed,
    )
    generator = np.random.default_rng(task.seed)

    def train(n_epochs):
        for _ in range(N_STEPS):
            learner.partial_fit(X[generator.choice(len(X), task.batch_size, replace=False)] - mean)
        return {"epochs": N_STEPS * task.batch_size / len(X)}

    def outcome(given):
        return learner.transform(given - mean) @ learner.components_ + mean

    return train, outcome
