"""Foreign samples: the rows of another tool's file, named as kinds, gathered in bounded memory."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path

import numpy as np
import numpy.typing as npt

from analysis.blocks import FURTHEST_NS
from analysis.imports.foreign_rows import Account, ForeignRow
from analysis.observation_file import CHUNK_ROWS, OUR_CLASSES
from analysis.observation_meta import ObservationMeta, meta_path, read_meta
from analysis.samples import Origin, Samples
from analysis.spool import SPOOLED, Spool
from analysis.wording import count_text
from scenarios.errors import DeclarationError, Problem
from scenarios.kind_names import KindNames
from scenarios.spelling import did_you_mean

LONGEST_KIND = 100
MOST_NAMES = 100  # that become kinds without a table; nobody reads more verdicts
_REMEMBERED = 10_000
_NAMED = 10  # unknown names listed
_LEFT_OUT = -1


def gather_foreign(
    path: Path,
    read_rows: Callable[[Path, Account], Iterator[ForeignRow]],
    *,
    tool: str,
    resolution_ns: int,
    names: KindNames | None,
) -> Samples:
    """The samples of a file of another tool. A `.meta.json` beside it may give windows and classes.

    Only rows that started a limit before the last stamp are judged: of the later ones the slow ones are not in it.
    Raises DeclarationError where names are unknown to the table, or some have a class and others have none.
    """
    meta, account, kinds = _read_meta(path), Account(), _Kinds(path, names)
    first, last, latest = FURTHEST_NS, -FURTHEST_NS, -FURTHEST_NS
    with Spool() as spool:
        rows = read_rows(path, account)
        while chunk := list(islice(rows, CHUNK_ROWS)):
            places = np.array([kinds.place(row) for row in chunk])
            made = _spooled(chunk, places)[places != _LEFT_OUT]
            if made.size:
                first = min(first, int(made["started_ns"].min()))
                last = max(last, int(made["started_ns"].max()))
                latest = max(latest, int(made["ended_ns"].max()))
            spool.append(made)
        found, order = kinds.closed(meta)
        if not spool.size:
            first = last = latest = 0
        classes = {**OUR_CLASSES, **kinds.classes(meta)}
        return Samples(
            source=str(path),
            size=spool.size,
            rows=spool.reader(numbered=True, planned=False, kind_place=order),
            kinds=found,
            kind_class=classes,
            custom_classes=found if found and not any(each in classes for each in found) else None,
            numbered=False,
            first_ns=first,
            last_planned_ns=last,
            warm_up_ns=meta.warmup_ns,
            cutoff_ns=meta.cutoff_ns if meta.cutoff_ns is not None else latest,
            settled_by_plan=True,
            maintenance=meta.maintenance,
            longest_stall_s=meta.longest_stall,
            cycle_s=meta.load_cycle,
            has_planned_times=False,
            replies_checked=False,
            run=None,
            origin=Origin(
                tool=tool,
                resolution_ns=resolution_ns,
                torn=account.torn,
                left_out={**account.left_out, **({"by --kinds": kinds.left_out} if kinds.left_out else {})},
                remarks=(*account.remarks, *_remarks(account, kinds)),
            ),
        )


def _spooled(chunk: Sequence[ForeignRow], places: npt.NDArray[np.int64]) -> npt.NDArray[np.void]:
    rows = np.zeros(len(chunk), dtype=SPOOLED)
    rows["started_ns"] = [row.started_ns for row in chunk]
    rows["ended_ns"] = [row.started_ns + row.took_ns for row in chunk]
    rows["outcome"] = [row.outcome for row in chunk]
    rows["status"] = [row.status for row in chunk]
    rows["arrival"] = np.array([row.mark for row in chunk], dtype=np.int64).view(np.uint64)
    rows["kind"] = np.maximum(places, 0)
    return rows


class _Kinds:
    """The kinds that names stand for, in the order in which they were met."""

    def __init__(self, path: Path, names: KindNames | None) -> None:
        self.path, self.names = path, names
        self.left_out = 0
        self._places: dict[tuple[str, str], int] = {}  # by method and name
        self._kinds: dict[str, int] = {each: place for place, each in enumerate(names.kinds if names else ())}
        self._unknown: dict[str, int] = {}  # names that the table lacks, with their first lines

    def place(self, row: ForeignRow) -> int:
        """The number of a row's kind; _LEFT_OUT for one that is not to be judged."""
        key = row.method, row.name
        place = self._places.get(key)
        if place is None:
            if len(self._places) >= _REMEMBERED:
                self._places.clear()  # a name for each request: found again by its pattern
            place = self._places[key] = self._new_place(row)
        self.left_out += place == _LEFT_OUT
        return place

    def _new_place(self, row: ForeignRow) -> int:
        if self.names is None:
            kind = _shortened(row.name) or "unnamed"
            place = self._kinds.setdefault(kind, len(self._kinds))
            if place >= MOST_NAMES:
                message = f"has more than {MOST_NAMES} names; say by --kinds FILE which of them are what transaction"
                raise DeclarationError(str(self.path), [Problem(where=f"line {row.line}", message=message)])
            return place
        spellings = (f"{row.method} {row.name}", row.name) if row.method else (row.name,)
        named = self.names.find(*spellings)
        if named is None:
            if len(self._unknown) <= _NAMED:
                self._unknown.setdefault(_shortened(spellings[0]), row.line)
            return _LEFT_OUT
        return self._kinds[named.kind] if named.kind is not None else _LEFT_OUT

    def classes(self, meta: ObservationMeta) -> dict[str, str]:
        """Classes by kind, from the table or from the description beside the file."""
        return {**meta.kind_class, **(self.names.kind_class if self.names else {})}

    def closed(self, meta: ObservationMeta) -> tuple[tuple[str, ...], npt.NDArray[np.uint16]]:
        """The kinds, sorted, and the place among them of each in the order they were met."""
        if self._unknown:
            problems = [
                Problem(where=f"line {line}", message=f'no key of [names] in --kinds stands for "{name}"')
                for name, line in [*self._unknown.items()][:_NAMED]
            ]
            if len(self._unknown) > _NAMED:
                problems.append(Problem(where="", message="and more names"))
            raise DeclarationError(str(self.path), problems)
        known = {**OUR_CLASSES, **self.classes(meta)}
        without = [each for each in self._kinds if each not in known]
        if len(without) < len(self._kinds):
            problems = [
                Problem(
                    where=kind,
                    message=f"has no class, others have; {did_you_mean(kind, known)} Or name it in --kinds FILE",
                )
                for kind in without[:_NAMED]
            ]
            if problems:
                raise DeclarationError(str(self.path), problems)
        kinds = tuple(sorted(self._kinds))
        return kinds, np.array([kinds.index(each) for each in self._kinds] or [0], dtype=np.uint16)


def _shortened(name: str) -> str:
    """A name as one line that fits a table; what is cut off stays told apart by a digest."""
    text = " ".join(name.split())
    if len(text) <= LONGEST_KIND:
        return text
    return f"{text[: LONGEST_KIND - 9]}~{hashlib.sha256(name.encode()).hexdigest()[:8]}"


def _read_meta(path: Path) -> ObservationMeta:
    meta = read_meta(meta_path(path))
    if meta.kinds:
        message = "is for observation files; another tool's names are explained by --kinds FILE"
        raise DeclarationError(str(meta_path(path)), [Problem(where="kinds", message=message)])
    return meta


def _remarks(account: Account, kinds: _Kinds) -> Iterator[str]:
    if account.torn:
        yield "Its last line was torn and is left out."
    if kinds.left_out:
        yield f"{count_text(kinds.left_out)} requests were left out as --kinds says."
