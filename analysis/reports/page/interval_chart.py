"""The measured share beside the required one, with its interval; and the budget of misses with what is used of it."""

from __future__ import annotations

from markupsafe import Markup

from analysis.proportions import exact_share
from analysis.reports.page.scales import LinearScale, linear_ticks, percent_label
from analysis.reports.page.svg import drawing, element, line, text
from analysis.verdict import PopulationVerdict
from analysis.wording import percent_text
from scenarios.sla import Clause

WIDTH, HEIGHT = 300.0, 58.0


def draw_interval(each: PopulationVerdict, clause: Clause) -> Markup:
    """Target as an upright line, share as a dot, bounds as a bar."""
    if each.share is None or each.bounds is None:
        return Markup("")
    required = clause.required
    low = min(required, each.bounds.lower)
    margin = max(0.01, (1 - low) * 0.15)
    x = LinearScale(low=max(0.0, low - margin), high=1.0, first=8.0, last=WIDTH - 8)
    middle = 22.0
    label = (
        f"{percent_text(each.share)}, between {percent_text(each.bounds.lower)} and {percent_text(each.bounds.upper)}; "
        f"required {percent_text(exact_share(required))}"
    )
    parts = [line(x.first, middle, x.last, middle, "axis")]
    for tick in linear_ticks(x.low, x.high, 5):
        parts.append(line(x(tick), middle - 3, x(tick), middle + 3, "axis"))
        parts.append(
            text(
                percent_label(tick),
                min(max(x(tick), 18.0), WIDTH - 22),
                52,
                class_="tick",
                text_anchor="middle",
            )
        )
    left, right = x(each.bounds.lower), x(each.bounds.upper)
    parts.append(
        element(
            "rect", class_="interval", x=left, y=middle - 6, width=max(2.0, right - left), height=12.0, rx=3
        )
    )
    parts.append(line(x(required), 4, x(required), 40, "limit"))
    parts.append(element("circle", class_="measured", cx=x(each.share), cy=middle, r=5.0))
    return drawing(WIDTH, HEIGHT, label, parts, class_="small")


def draw_budget(used: int, allowed: int) -> Markup:
    """How much of the allowed misses is used; a full bar with a notch where there are more."""
    most = max(used, allowed, 1)
    x = LinearScale(low=0, high=most, first=8.0, last=WIDTH - 8)
    parts = [
        element("rect", class_="budget", x=x.first, y=10.0, width=x(allowed) - x.first, height=14.0, rx=3),
        element("rect", class_="used", x=x.first, y=10.0, width=x(used) - x.first, height=14.0, rx=3),
        line(x(allowed), 4, x(allowed), 30, "limit"),
        text(f"{used:,}".replace(",", " ") + " used", x.first, 44, class_="tick"),
        text("allowed " + f"{allowed:,}".replace(",", " "), WIDTH - 8, 44, class_="tick", text_anchor="end"),
    ]
    return drawing(WIDTH, 50, f"{used} misses of {allowed} allowed", parts, class_="small")
