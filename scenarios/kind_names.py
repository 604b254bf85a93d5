"""Kind names: which transaction another tool's request is, by a small table that a user writes."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from scenarios.kinds import KIND_CLASS, Kind
from scenarios.sla import ClassName

_OURS = {each.text: KIND_CLASS[each] for each in Kind}
_strict = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class NamedKind(BaseModel):
    """What one name or pattern stands for: a kind, with its class where it is not one of ours, or nothing to judge."""

    model_config = _strict

    kind: Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[^\s]+$")] | None = None
    group: Annotated[ClassName | None, Field(alias="class")] = None
    leave_out: bool = False

    @model_validator(mode="after")
    def _says_one_thing(self) -> NamedKind:
        if (self.kind is None) is not self.leave_out:
            raise PydanticCustomError("named", "needs either kind or leave_out = true")
        if self.group is not None and self.kind in _OURS:
            raise PydanticCustomError(
                "named", "is a kind of ours, which has its class already; leave class out"
            )
        if self.group is not None and self.leave_out:
            raise PydanticCustomError("named", "is left out, so it has no class")
        return self

    @property
    def class_name(self) -> str | None:
        """The class that the kind is judged in; None where the kinds replace the classes of the clause."""
        return _OURS.get(self.kind or "", self.group)


def _spelled_out(written: Any) -> Any:
    return {"kind": written} if isinstance(written, str) else written


class KindNames(BaseModel):
    """The table: names as the other tool writes them, or patterns in which * stands for anything."""

    model_config = _strict

    names: Annotated[dict[str, Annotated[NamedKind, BeforeValidator(_spelled_out)]], Field(min_length=1)]

    @model_validator(mode="after")
    def _classes_for_all_or_none(self) -> KindNames:
        kinds = [each for each in self.names.values() if each.kind is not None]
        without = dict.fromkeys(each.kind or "" for each in kinds if each.class_name is None)
        if without and len(without) < len({each.kind for each in kinds}):
            raise PydanticCustomError(
                "classes",
                "{text}",
                {
                    "text": f"some kinds have a class and these have none: {', '.join(without)}; give each a class"
                },
            )
        return self

    @property
    def kinds(self) -> tuple[str, ...]:
        """Every kind that the table knows, sorted."""
        return tuple(sorted({each.kind for each in self.names.values() if each.kind is not None}))

    @property
    def kind_class(self) -> dict[str, str]:
        """The class of each kind that has one."""
        return {each.kind: each.class_name for each in self.names.values() if each.kind and each.class_name}

    def find(self, *spellings: str) -> NamedKind | None:
        """What the first of these spellings stands for: written out, or else by the first pattern that fits one."""
        for spelling in spellings:
            if spelling in self.names:
                return self.names[spelling]
        for pattern, named in self.names.items():
            if "*" in pattern and any(_fits(pattern, each) for each in spellings):
                return named
        return None


def _fits(pattern: str, name: str) -> bool:
    return re.fullmatch(".*".join(map(re.escape, pattern.split("*"))), name, re.DOTALL) is not None
