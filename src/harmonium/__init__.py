"""Latent-variable models that you can trust."""

import lazy_loader

__version__ = "0.1.0"

# imported on first use, so that the command line's --help need not wait for torch; __init__.pyi says from where
__getattr__, _, __all__ = lazy_loader.attach_stub(__name__, __file__)
__all__ += ["__version__"]


def __dir__() -> list[str]:
    """Return what the Tab key offers: the models and functions, imported or not."""
    return sorted(__all__)
