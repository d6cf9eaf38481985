"""The one style sheet: contrast by numbers, in light and in dark, and manners it must have."""

import re

import pytest

from bot.web.render import HERE

SHEET = HERE.joinpath("static/app.css").read_text()
BLOCKS = re.findall(r":root \{(.*?)\n *\}", SHEET, re.DOTALL)
TEXT = 4.5
"""WCAG AA for text; controls and focus need 3."""
GROUNDS = ("bg", "surface", "raised")
HUES = ("red", "orange", "amber", "blue", "green", "gray", "violet")
PAIRS = [
    *[(ink, ground, TEXT) for ink in ("ink", "soft", "link") for ground in GROUNDS],
    *[(hue, f"{hue}-bg", TEXT) for hue in HUES],
    *[(hue, ground, TEXT) for hue in HUES for ground in ("bg", "surface")],
    ("accent-ink", "accent", TEXT),
    ("strong-line", "surface", 3.0),
    ("ring", "bg", 3.0),
    ("ring", "surface", 3.0),
]


def luminance(colour: str) -> float:
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_h05_every_pair_of_colours_has_contrast_enough(scheme: str) -> None:
    colours = dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6});", BLOCKS[scheme == "dark"]))
    weak = {
        (ink, ground): round(contrast(colours[ink], colours[ground]), 2)
        for ink, ground, least in PAIRS
        if contrast(colours[ink], colours[ground]) < least
    }
    assert weak == {}


def test_h05_motion_only_for_who_wants_it_and_paper_has_its_own_rules() -> None:
    moving = re.findall(r"[^}]*animation:", SHEET)
    assert all("prefers-reduced-motion: no-preference" in rule for rule in moving)
    assert ":focus-visible" in SHEET
    assert "@media print" in SHEET
    assert "@import" not in SHEET
    assert "url(" not in SHEET
