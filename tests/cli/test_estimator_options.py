"""What is read from an estimator's source is what the estimator has."""

import inspect
import subprocess
import sys
from typing import Literal, get_args, get_origin

import pytest
from cyclopts import App

from harmonium.cli.estimator_options import read_options, read_summary
from harmonium.cli.family_command import make_command
from harmonium.exceptions import InvalidInputError
from harmonium.families.registry import family_names, find_family

FAMILIES = [find_family(name) for name in family_names()]


@pytest.fixture(params=FAMILIES, ids=lambda family: family.name)
def family(request):
    return request.param


def test_names_and_defaults_are_the_estimators_own(family):
    parameters = inspect.signature(family.load_estimator_class().__init__).parameters.values()
    own = {parameter.name: parameter.default for parameter in parameters if parameter.name != "self"}
    assert {option.name: option.default for option in read_options(family.estimator)} == own
    assert [option.name for option in read_options(family.estimator)] == list(own)


def test_every_option_and_every_model_has_a_help_text(family):
    assert all(option.help for option in read_options(family.estimator))
    assert read_summary(family.estimator) == inspect.getdoc(family.load_estimator_class()).split("\n\n")[0]


def words(value):
    return [str(element) for element in value] if isinstance(value, tuple) else [str(value)]


def test_every_default_can_be_typed_and_comes_back_as_itself(family):
    app = App(result_action="return_value", default_parameter=None)
    taken = {}
    command = make_command(family)

    def catch(**given):
        taken.update(given)

    catch.__signature__ = command.__signature__
    app.default(catch)
    options = {o.name: o for o in read_options(family.estimator) if o.name not in ("random_state", "verbose")}
    for name, option in options.items():
        if option.default is not None:
            app(["--" + name.replace("_", "-"), *words(option.default)])
            assert taken[name] == option.default
            assert type(taken[name]) is type(option.default)


@pytest.fixture
def own_package(tmp_path, monkeypatch):
    """A user's package, whose modules cannot be imported."""
    package = tmp_path / "of_ones_own"
    (package / "inner").mkdir(parents=True)
    (package / "__init__.py").write_text("raise RuntimeError('imported')\n")
    (package / "inner" / "__init__.py").write_text("")
    (package / "names.py").write_text(
        "from typing import Literal, TypeAlias\nKind: TypeAlias = Literal['a', 'b']\nWIDTH = 7\n"
    )
    (package / "inner" / "base.py").write_text(
        '''from ..names import WIDTH, Kind as Sort
import numpy.typing as npt
from collections.abc import Sequence
from typing import Optional, Union

class Base:
    """A base.

    Parameters
    ----------
    width : int
        How wide.
    kind, other
        Of which
        kind.
    """

    def __init__(self, width: int = WIDTH, *, kind: Sort = "a", other: "Sort | None" = None,
                 sizes: Sequence[int] = (1,), pair: Optional[tuple[int, float]] = None,
                 either: Union[float, Sequence[float]] = 1.0,
                 array: npt.ArrayLike | None = None, plain=True, unknown: npt.NDArray = 2, computed: float = 2 ** 0.5):
        pass
'''
    )
    (package / "model.py").write_text(
        'from .inner.base import Base\n\nclass Model(Base):\n    """A model.\n\n    Parameters\n    ----------\n'
        '    width : int\n        Its own.\n    """\n'
    )
    monkeypatch.syspath_prepend(tmp_path)
    return "of_ones_own.model:Model"


def test_a_users_estimator_is_read_through_bases_imports_and_aliases(own_package):
    options = {option.name: option for option in read_options(own_package)}
    assert {name: option.type for name, option in options.items()} == {
        "width": int,
        "kind": Literal["a", "b"],
        "other": Literal["a", "b"] | None,
        "sizes": tuple[int, ...],
        "pair": tuple[int, float] | None,
        "either": float,  # one option cannot take one word or many
        "array": str | None,
        "plain": bool,
        "unknown": int,
        "computed": float,
    }
    assert [option.default for option in options.values()] == [7, "a", None, (1,), None, 1.0, None, True, 2, None]
    assert options["width"].help == "Its own."
    assert options["kind"].help == options["other"].help == "Of which kind."
    assert read_summary(own_package) == "A model."
    assert "of_ones_own" not in sys.modules


@pytest.mark.parametrize("estimator", ["missing_package:Model", "harmonium.estimators.vae:Missing", "zlib:Model"])
def test_an_estimator_without_a_source_is_one_sentence(estimator):
    with pytest.raises(InvalidInputError, match=f"the parameters of {estimator} cannot be read"):
        read_options(estimator)
    assert read_summary(estimator) == ""


def test_nothing_is_imported():
    code = (
        "import sys\nfrom harmonium.cli.estimator_options import read_options\n"
        "from harmonium.families.registry import family_names, find_family\n"
        "for name in family_names():\n    assert read_options(find_family(name).estimator)\n"
        "print(*{'torch', 'numpy', 'sklearn', 'harmonium.estimators.base'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


def test_choices_are_those_of_the_estimator():
    options = {option.name: option for option in read_options("harmonium.estimators.vae:VAE")}
    assert get_origin(options["likelihood"].type) is Literal
    assert "calibrated-gaussian" in get_args(options["likelihood"].type)
