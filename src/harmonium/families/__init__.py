"""One file a model family: what is particular to it outside its estimator.

Every module here declares a `FAMILY`, but for ``family`` and ``registry``, which say what that is and find it.
"""
