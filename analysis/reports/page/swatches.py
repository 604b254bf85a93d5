"""Legend entries drawn as the charts draw them, so that a legend needs no colour to be understood."""

from __future__ import annotations

from markupsafe import Markup

from analysis.reports.page.svg import element, line

_SHAPES = {
    "low-window": "M13 2l5 5-5 5-5-5z",
    "miss-slow": "M13 2.5l5 9h-10z",
    "miss-timeout": "M9 3h8v8h-8z",
    "miss-cut": "M13 1.5l5.5 5.5-5.5 5.5-5.5-5.5z",
    "never": "M13 3l5 9h-10z",
    "miss-failed": "M9 3l8 8M17 3l-8 8",
}
_LINES = ("response", "service", "limit", "one-run", "started")


def draw_swatch(mark: str) -> Markup:
    """A small picture of a mark of the style sheet."""
    if mark in _LINES:
        content = line(0, 7, 26, 7, mark)
    elif mark in _SHAPES:
        content = element("path", class_=f"miss {mark}" if mark.startswith("miss") else mark, d=_SHAPES[mark])
    elif mark == "dot":
        content = element("circle", class_="dot", cx=13, cy=7, r=4)
    elif mark in ("within", "miss-cells"):
        class_ = "within" if mark == "within" else "beyond"
        content = Markup("").join(
            element("rect", class_=f"{class_} shade-{shade}", x=place * 9, y=2, width=8, height=10)
            for place, shade in enumerate((0, 2, 5))
        )
    elif mark in ("warm-up", "maintenance"):
        lines = (
            "M1 13l12-12M7 13l12-12M13 13l12-12" if mark == "warm-up" else "M1 1l12 12M7 1l12 12M13 1l12 12"
        )
        content = element("path", class_=f"hatch-{mark}", d=lines)
    else:
        content = element("rect", class_=mark, x=0, y=2, width=26, height=10)
    return element("svg", content, viewBox="0 0 26 14", aria_hidden="true")
