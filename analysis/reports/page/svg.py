"""SVG as text: elements with every attribute and text escaped, and paths with short numbers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from markupsafe import Markup, escape

from analysis.reports.page.foreign_text import harmless

Point = tuple[float, float]


def element(name: str, content: Markup | str = "", /, **attributes: object) -> Markup:
    """An element. `class_` stands for class, an underscore inside a name for a hyphen; None leaves one out."""
    given = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(_short(value))}"'
        for key, value in attributes.items()
        if value is not None
    )
    if not content:
        return Markup(f"<{name}{given}/>")
    return Markup(f"<{name}{given}>{escape(content)}</{name}>")


def group(parts: Iterable[Markup], /, **attributes: object) -> Markup:
    """Elements in a g."""
    return element("g", joined(parts), **attributes)


def joined(parts: Iterable[Markup]) -> Markup:
    """Elements one after the other."""
    return Markup("").join(parts)


def text(content: str, x: float, y: float, /, **attributes: object) -> Markup:
    """A text at a place; what comes from outside is cut and cannot turn the direction of what follows."""
    return element("text", harmless(content, most=120), x=x, y=y, **attributes)


def drawing(
    width: float, height: float, label: str, parts: Iterable[Markup], /, **attributes: object
) -> Markup:
    """An image for people and, by its label, for screen readers."""
    return element(
        "svg",
        joined(parts),
        viewBox=f"0 0 {_short(width)} {_short(height)}",
        role="img",
        aria_label=harmless(label, most=200),
        **attributes,
    )


def line(x1: float, y1: float, x2: float, y2: float, class_: str) -> Markup:
    """A straight line."""
    return element("line", class_=class_, x1=x1, y1=y1, x2=x2, y2=y2)


def polyline_path(points: Sequence[Point]) -> str:
    """Path data through points."""
    return "".join(f"{'L' if at else 'M'}{_short(x)} {_short(y)}" for at, (x, y) in enumerate(points))


def step_path(points: Sequence[Point]) -> str:
    """Path data of a curve that keeps its value until the next point."""
    return "".join(
        f"H{_short(x)}V{_short(y)}" if at else f"M{_short(x)} {_short(y)}" for at, (x, y) in enumerate(points)
    )


def band_path(upper: Sequence[Point], lower: Sequence[Point]) -> str:
    """Path data of the area between two curves over the same places."""
    return polyline_path([*upper, *reversed(lower)]) + "Z" if upper else ""


def columns_path(columns: Iterable[tuple[float, float, float]]) -> str:
    """Path data of upright strokes (middle, top, bottom): cells of one width in the fewest letters."""
    return "".join(
        f"M{_short(x)} {_short(top)}v{_short(max(1.0, bottom - top))}" for x, top, bottom in columns
    )


def _short(value: object) -> str:
    """A number with a digit after the point at most."""
    if isinstance(value, float):
        return "0" if abs(value) < 0.05 else f"{value:.1f}".removesuffix(".0")
    return str(value)
