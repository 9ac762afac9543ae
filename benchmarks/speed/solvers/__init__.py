"""One file a solver: ``start(X, task)`` returns ``train(n_epochs)`` and ``outcome(X)``.

Libraries are imported by ``start``, so that a file can be read for its labels where its library is absent. ``KINDS``
says which tasks a solver can do (``PHASES``: of the RBM's); ``EPOCHS_A_TURN`` is 1, training that goes on, or "all": as
many as the task has, begun afresh every turn. A ``train`` that does less than it is asked returns the epochs it did.
"""
