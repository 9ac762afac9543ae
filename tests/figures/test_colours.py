"""The ten colours of classes can be told apart, with every common vision of colours."""

from itertools import combinations

import numpy as np
import pytest
from matplotlib.colors import to_rgb

from harmonium.figures.style import CLASS_COLOURS

# what of linear red, green and blue is seen without one kind of cone (Machado, Oliveira & Fernandes, 2009)
VISIONS = {
    "all three cones": np.eye(3),
    "no red": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "no green": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "no blue": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
}
TO_XYZ = np.array(
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
)


def lab(colour, vision=VISIONS["all three cones"]):
    """CIELAB, under daylight (D65)."""
    rgb = np.array(to_rgb(colour))
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    xyz = TO_XYZ @ np.clip(vision @ linear, 0, 1) / TO_XYZ.sum(axis=1)
    x, y, z = np.where(xyz > (6 / 29) ** 3, np.cbrt(xyz), xyz / (3 * (6 / 29) ** 2) + 4 / 29)
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


def test_the_formula_gives_the_published_values():
    assert lab("white") == pytest.approx([100, 0, 0], abs=0.01)
    assert lab("red") == pytest.approx([53.24, 80.09, 67.20], abs=0.02)


@pytest.mark.parametrize(("vision", "least"), [*((name, 15) for name in list(VISIONS)[1:]), ("all three cones", 22)])
def test_any_two_of_the_ten_are_well_apart(vision, least):
    """2.3 is just noticed; orange and green of matplotlib's own ten are 5 apart without red cones."""
    colours = [lab(colour, np.array(VISIONS[vision])) for colour in CLASS_COLOURS]
    assert len(colours) == 10
    assert min(np.linalg.norm(a - b) for a, b in combinations(colours, 2)) > least


def test_none_is_nearly_the_papers_white():
    assert max(lab(colour)[0] for colour in CLASS_COLOURS) < 85
