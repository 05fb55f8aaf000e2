"""What of the pages' looks can be told without a browser."""

import re
from itertools import product
from pathlib import Path

import pytest

import responder.report.page as pages

STYLE = (Path(pages.__file__).parent / "html" / "style.css.j2").read_text(encoding="utf-8")
LEAST = 4.5  # WCAG 2.2, contrast (minimum), AA: https://www.w3.org/TR/WCAG22/#contrast-minimum


def palettes():
    """The colours of the page in light, in dark and in print."""
    light, dark, printed = re.findall(r":root \{([^}]*)\}", STYLE)
    first = _colours(light)
    return {"light": first, "dark": {**first, **_colours(dark)}, "print": {**first, **_colours(printed)}}


def _colours(block):
    found = re.findall(r"--([a-z-]+): #([0-9a-f]{3,6})\b", block)
    return {name: digits if len(digits) == 6 else "".join(d * 2 for d in digits) for name, digits in found}


def _luminance(colour):
    parts = [int(colour[i : i + 2], 16) / 255 for i in (0, 2, 4)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return sum(weight * c for weight, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def contrast(one, other):
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_the_formula_is_the_standards():
    assert contrast("ffffff", "000000") == pytest.approx(21)
    assert contrast("767676", "ffffff") == pytest.approx(4.54, abs=0.01)


@pytest.mark.parametrize("scheme", ["light", "dark", "print"])
def test_every_text_stands_out_from_its_ground(scheme):
    colours = palettes()[scheme]
    for text, ground in product(("ink", "faint", "link", "good", "bad", "wait"), ("ground", "raised")):
        assert contrast(colours[text], colours[ground]) >= LEAST, (text, ground)


@pytest.mark.parametrize("scheme", ["light", "dark", "print"])
def test_every_stretch_of_the_line_stands_out_from_the_page(scheme):
    colours = palettes()[scheme]
    for fill in ("good-fill", "bad-fill", "calm-fill"):
        assert contrast(colours[fill], colours["ground"]) >= 3, fill  # what is no text: WCAG 2.2, 1.4.11


def test_folds_are_open_in_print():
    printed = STYLE.partition("@media print")[2]
    assert "details::details-content { content-visibility: visible" in printed
