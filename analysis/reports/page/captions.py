"""What the charts show, in words: the captions under them."""

from __future__ import annotations

from analysis.proportions import exact_share
from analysis.wording import count_text, limit_text, percent_text, success_text
from scenarios.sla import Clause


def distribution_caption(clause: Clause) -> str:
    """Of the distribution of times."""
    limit, required = limit_text(clause.limit_s), percent_text(exact_share(clause.required))
    crossing = (
        f"The clause is met where the thick curve passes above the crossing of the {limit} line and the {required} "
        "line. "
        if clause.timed
        else ""
    )
    return (
        "For each class, the share of judged transactions that was answered within the time on the horizontal axis "
        f"(logarithmic). {crossing}Response time counts from the planned moment, service time from the moment of "
        "sending; a gap between the two curves is waiting before sending. The band is the two one-sided "
        f"{percent_text(exact_share(clause.confidence))} bounds at each time, dependence included. A curve that ends "
        "below 100 % leaves out what was never answered."
    )


def timeline_caption(clause: Clause, recordings: int) -> str:
    """Of the share, the arrivals and what was in flight over time."""
    confidence = percent_text(exact_share(clause.confidence))
    several = (
        " Time counts from the start of each recording; the thick line is all of them together and each thin line is "
        "one, rates and numbers in flight are means over them."
        if recordings > 1
        else ""
    )
    return (
        f"Above: the share of transactions that {success_text(clause)}, by the time they were planned, in windows of "
        f"equal length, with the two one-sided {confidence} bounds of each window; red diamonds are windows below the "
        "required share. Beneath, on the same axis: arrivals planned and started per second, and the mean number of "
        f"transactions in flight.{several} What lies in a hatched part (warm-up, maintenance) is drawn and not judged."
    )


def left_out_caption(classes: int) -> str:
    """Of a chart that has no room for every class."""
    return (
        f" {count_text(classes)} classes with fewer transactions are in the tables only." if classes else ""
    )


def density_caption(misses: int, never_sent: int, *, single: bool) -> str:
    """Of every transaction over time."""
    shown = (
        "each miss is a red mark of its own, its shape telling the cause"
        if single
        else f"the {count_text(misses)} misses are red cells, darker for more of them"
    )
    never = (
        f" {count_text(never_sent)} arrivals that were never sent have no time and are not drawn."
        if never_sent
        else ""
    )
    return (
        "Every attempt that was sent, retries and warm-up included, by the moment it was planned and by its response "
        "time (logarithmic; what was never answered stands at the time it had waited). A blue cell holds transactions "
        "within the limit, darker for more; even one alone has its cell, so no extreme is lost; "
        f"{shown}. A short dark line tops the slowest of each column.{never}"
    )


CONCURRENCY_CAPTION = (
    "Each dot is a stretch of the run with twenty transactions or more: how many were in flight on average, and the "
    "90th percentile of the response times (logarithmic). A red triangle at the top stands where that percentile was "
    "never answered. The lines join groups of stretches with a like number in flight, and show the median and the "
    "90th percentile of all their transactions. Lines that rise to the right mean that the gateway slows down as it "
    "fills; the cause may also be the other way round, because slow answers stay in flight longer."
)
