"""The errors a person can cause or meet; the command line prints each as one sentence."""


class HarmoniumError(Exception):
    """Base of every error that harmonium raises for a reason a person can act on."""


class InvalidInputError(HarmoniumError, ValueError):
    """A hyper-parameter, an array or an option is not what it must be."""


class SplitUnavailableError(InvalidInputError):
    """A file of one's own holds no such part."""


class DatasetUnavailableError(HarmoniumError):
    """No source can give the files of a data set."""


class DamagedFileError(HarmoniumError):
    """A file exists but its content cannot be what was once written."""


class DivergenceError(HarmoniumError, ArithmeticError):
    """Training left the finite numbers."""


class MissingPackageError(HarmoniumError, ImportError):
    """A package that an optional part needs is not installed."""


class PosteriorCollapseWarning(UserWarning):
    """A variational autoencoder's codes say nothing of the examples."""
