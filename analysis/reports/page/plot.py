"""What every chart is made of: a figure with its words, the size it is drawn at, and an area with axes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from analysis.reports.page.scales import LinearScale, LogScale
from analysis.reports.page.svg import element, line, text

Scale = LinearScale | LogScale
Label = Callable[[float], str]
TEXT_HEIGHT = 13


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """The width a chart is drawn for, in pixels: a desk's or a phone's."""

    width: float
    left: float = 56
    right: float = 14

    @property
    def narrow(self) -> bool:
        return self.width < 600

    @property
    def ticks(self) -> int:
        """How many labels fit side by side."""
        return 6 if self.narrow else 12

    def columns(self, most: int) -> int:
        """How many cells side by side still can be told apart."""
        return min(most, int(self.width - self.left - self.right) // 5)


WIDE, NARROW = Size(width=920), Size(width=380, left=54, right=12)
SIZES = (WIDE, NARROW)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sign:
    """An entry of a legend: how something is drawn (a name of the style sheet), and what it means."""

    mark: str
    meaning: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DataTable:
    """The numbers behind a chart, for those who do not see it."""

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A chart in both sizes with a caption that says what it shows. Without drawings there is nothing to draw."""

    id: str
    title: str
    caption: str
    drawings: tuple[Markup, ...] = ()  # as SIZES
    signs: tuple[Sign, ...] = ()
    data: DataTable | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Area:
    """A rectangle with an x and a y scale, inside a drawing."""

    x: Scale
    y: Scale

    @property
    def left(self) -> float:
        return self.x.first

    @property
    def right(self) -> float:
        return self.x.last

    @property
    def top(self) -> float:
        return self.y.last

    @property
    def bottom(self) -> float:
        return self.y.first

    def grid(
        self,
        x_ticks: Sequence[float],
        y_ticks: Sequence[float],
        x_label: Label | None,
        y_label: Label,
    ) -> list[Markup]:
        """Grid lines with their labels; without `x_label` only the lines."""
        parts = [line(self.left, self.y(each), self.right, self.y(each), "grid") for each in y_ticks]
        parts += [line(self.x(each), self.top, self.x(each), self.bottom, "grid") for each in x_ticks]
        parts.append(line(self.left, self.bottom, self.right, self.bottom, "axis"))
        parts += [
            text(y_label(each), self.left - 6, self.y(each) + 4, class_="tick", text_anchor="end")
            for each in y_ticks
        ]
        if x_label is not None:
            parts += [
                text(
                    x_label(each),
                    self._inside(self.x(each)),
                    self.bottom + 17,
                    class_="tick",
                    text_anchor="middle",
                )
                for each in x_ticks
            ]
        return parts

    def across(self, value: float, label: str, *, at_left: bool = False) -> list[Markup]:
        """A limit as a horizontal line, with its meaning above it at one end."""
        at = self.y(value)
        below = at - self.top < TEXT_HEIGHT + 2
        return [
            line(self.left, at, self.right, at, "limit"),
            text(
                label,
                self.left + 5 if at_left else self.right - 3,
                at + TEXT_HEIGHT if below else at - 4,
                class_="limit-label",
                text_anchor="start" if at_left else "end",
            ),
        ]

    def upright(self, value: float, label: str) -> list[Markup]:
        """A limit as a vertical line, with its meaning at its foot on the side where there is room."""
        at = self.x(value)
        left_side = at > (self.left + self.right) / 2
        return [
            line(at, self.top, at, self.bottom, "limit"),
            text(
                label,
                at - 5 if left_side else at + 5,
                self.bottom - 7,
                class_="limit-label",
                text_anchor="end" if left_side else "start",
            ),
        ]

    def shade(self, start: float, end: float, class_: str, label: str = "") -> list[Markup]:
        """A hatched part of x, named at its foot where the name fits."""
        first, last = self.x(start), self.x(end)
        if last - first < 0.5:
            return []
        parts = [
            element(
                "rect", class_=class_, x=first, y=self.top, width=last - first, height=self.bottom - self.top
            )
        ]
        if label and last - first > 6.5 * len(label):
            parts.append(
                text(label, (first + last) / 2, self.bottom - 6, class_="shade-label", text_anchor="middle")
            )
        return parts

    def _inside(self, x: float) -> float:
        """A label's middle moved so that it is not cut off at the right."""
        return min(x, self.right - 8)


def hatches(id_: str) -> Markup:
    """Patterns for shaded parts: they differ in direction, not only in colour."""
    patterns = (("warm-up", "M-2 2l4-4M0 8l8-8M6 10l4-4"), ("maintenance", "M-2 6l4 4M0 0l8 8M6-2l4 4"))
    made = Markup("").join(
        element(
            "pattern",
            element("path", class_=f"hatch-{name}", d=path),
            id=f"{id_}-{name}",
            width=8,
            height=8,
            patternUnits="userSpaceOnUse",
        )
        for name, path in patterns
    )
    return element("defs", made)
