"""The examples in docstrings give what they show, and every estimator has one."""

import doctest
import importlib
import inspect
import pkgutil
import re

import pytest
from sklearn.base import BaseEstimator

import harmonium

# together they are one notebook, which is run as a whole
OF_THE_NOTEBOOK = re.compile(r"assignment\.(problem\d\.)?(introduction|closing|question|derivations|learning|results)$")
MODULES = [
    name
    for _, name, _ in pkgutil.walk_packages(harmonium.__path__, "harmonium.")
    if not OF_THE_NOTEBOOK.search(name) and not name.endswith("__main__")
]
ESTIMATORS = [
    name
    for name in harmonium.__all__
    if inspect.isclass(getattr(harmonium, name)) and issubclass(getattr(harmonium, name), BaseEstimator)
]
EXAMPLES = {
    found.name: found
    for name in MODULES
    for found in doctest.DocTestFinder(exclude_empty=True).find(importlib.import_module(name))
    if found.examples
}


@pytest.mark.parametrize("name", EXAMPLES)
def test_a_docstrings_example_gives_what_it_shows(name):
    said = []
    result = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS).run(EXAMPLES[name], out=said.append)
    assert result.failed == 0, "".join(said)


@pytest.mark.parametrize("name", ESTIMATORS)
def test_every_estimator_has_an_example_that_shows_a_result(name):
    estimator = getattr(harmonium, name)
    examples = EXAMPLES[f"{estimator.__module__}.{name}"].examples
    assert any(f"{name}(" in example.source and ".fit(" in example.source for example in examples)
    assert any(example.want for example in examples)
