"""A small reader of X12 answers that checks envelope, counts and hierarchy as it reads."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One checked interchange: ISA and GS elements, and the segments from ST to SE."""

    isa: list[str]
    gs: list[str]
    segments: list[list[str]]

    def all(self, tag: str) -> list[list[str]]:
        return [segment for segment in self.segments if segment[0] == tag]

    def one(self, tag: str, qualifier: str = "") -> list[str]:
        found = [segment for segment in self.all(tag) if not qualifier or segment[1] == qualifier]
        assert len(found) == 1, (tag, qualifier, self.segments)
        return found[0]


def split_segments(text: str) -> list[list[str]]:
    assert text.startswith("ISA"), text[:20]
    element, terminator = text[3], text[105]
    assert text.endswith(terminator)
    return [segment.split(element) for segment in text[:-1].split(terminator)]


def read_answer(text: str) -> Answer:
    """The answer, once everything that a set of brackets promises is true."""
    isa, gs, *segments, ge, iea = split_segments(text)
    assert [len(part) for part in isa] == [3, 2, 10, 2, 10, 2, 15, 2, 15, 6, 4, 1, 5, 9, 1, 1, 1]
    assert iea == ["IEA", "1", isa[13]]
    assert ge == ["GE", "1", gs[6]]
    assert segments[0][0] == "ST"
    assert segments[-1] == ["SE", str(len(segments)), segments[0][2]]
    assert all(part[-1] for part in segments), "no segment ends in an empty element"
    levels = [segment for segment in segments if segment[0] == "HL"]
    codes = ("20", "21", "19", "22", "23") if segments[0][1] == "277" else ("20", "21", "22", "23")
    for place, level in enumerate(levels):
        assert level[1] == str(place + 1)
        assert level[2] == (str(place) if place else "")
        assert level[3] == codes[place]
        # A dependent of a claim has nobody below it and does not say so.
        if (segments[0][1], level[3]) == ("277", "23"):
            assert len(level) == 4
        else:
            assert level[4] == ("1" if place + 1 < len(levels) else "0")
    return Answer(isa=isa, gs=gs, segments=segments)
