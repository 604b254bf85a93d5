"""A user's own kind of transaction: one Python file with `build_call` and `classify_reply`, loaded and rehearsed.

Whatever goes wrong inside it is said as file, line and kind of error; its traceback never reaches anybody.
"""

from __future__ import annotations

import importlib.util
import sys
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import urlsplit

from msgspec.structs import replace

from loadtests.transaction import Call, Classified, Reply, Transaction
from loadtests.wires.credentials import Credentials
from scenarios.errors import DeclarationError, Problem, SlagateError
from scenarios.observation import Outcome
from scenarios.target import Target

_FUNCTIONS = {
    "build_call": "build_call(transaction, target, credentials) -> Call",
    "classify_reply": "classify_reply(transaction, reply) -> Classified",
}
_ODD_REPLIES = (
    Reply(status=200, body=b""),
    Reply(status=200, body=b"\xff<{&="),
    Reply(status=503, body=b""),
)


class CustomModuleError(SlagateError, RuntimeError):
    """A user's module failed while a call was built; nothing was sent."""


class CustomModule:
    """The two functions of a user's file, with what they may raise and return held in bounds."""

    def __init__(self, path: str, target: Target) -> None:
        """Load the file. Raises DeclarationError where it cannot be imported or lacks a function."""
        self._path = Path(path)
        self._allowed = {urlsplit(url).netloc for url in target.addresses().values()}
        module = self._load()
        functions = {name: getattr(module, name, None) for name in _FUNCTIONS}
        missing = [name for name, found in functions.items() if not callable(found)]
        if missing:
            raise DeclarationError(
                path,
                [Problem(where=name, message=f"is missing; define {_FUNCTIONS[name]}") for name in missing],
            )
        self._build: Callable[..., Any] = functions["build_call"]  # type: ignore[assignment]
        self._classify: Callable[..., Any] = functions["classify_reply"]  # type: ignore[assignment]

    def build_call(self, transaction: Transaction, target: Target, credentials: Credentials) -> Call:
        """The user's call. Raises CustomModuleError where there is none that may be sent."""
        try:
            call = self._build(transaction, target, credentials)
        except Exception as error:
            raise CustomModuleError(f"build_call: {self._where(error)}{type(error).__name__}") from error
        fault = self._fault(call)
        if fault:
            raise CustomModuleError(f"build_call: {self._path.name}: {fault}")
        ours: Call = replace(
            call
        )  # the module may give one and the same each time; lines of its own are added
        return ours

    def classify_reply(self, transaction: Transaction, reply: Reply) -> Classified:
        """What the user's file says of a reply; an error where it fails over it."""
        try:
            said = self._classify(transaction, reply)
        except Exception as error:
            return _unread(f"{self._where(error)}{type(error).__name__}")
        if not isinstance(said, Classified) or not isinstance(said.outcome, Outcome):
            return _unread(f"{self._path.name} gave no Classified")
        if not isinstance(said.approved_cents, int) or not 0 <= said.approved_cents <= _MOST_CENTS:
            return _unread(f"{self._path.name} gave approved_cents that are no whole number of cents")
        if not all(isinstance(text, str) for text in (said.transaction_id, said.token, said.detail)):
            return _unread(f"{self._path.name} gave a transaction_id, token or detail that is no text")
        return said

    def rehearse(self, transaction: Transaction, target: Target) -> list[str]:
        """What goes wrong with one call and with replies that gateways do send: an empty one, a garbled one, a 503."""
        try:
            self.build_call(transaction, target, Credentials())
        except CustomModuleError as error:
            return [str(error)]
        faults = (self.classify_reply(transaction, reply).detail for reply in _ODD_REPLIES)
        return sorted({fault for fault in faults if fault.startswith(_UNREAD)})

    def _load(self) -> ModuleType:
        name = f"slagate_custom_{self._path.stem}"
        try:
            spec = importlib.util.spec_from_file_location(name, self._path)
            if spec is None or spec.loader is None:
                raise ImportError("is not a Python file")
            module = importlib.util.module_from_spec(spec)
            sys.modules[name] = module  # dataclasses look their module up there
            spec.loader.exec_module(module)
        except (Exception, SystemExit) as error:
            sys.modules.pop(name, None)
            message = f"cannot be loaded: {self._where(error)}{type(error).__name__}: {error}"
            raise DeclarationError(str(self._path), [Problem(where="", message=message)]) from error
        return module

    def _where(self, error: BaseException) -> str:
        """File and line of the user's own code that an error came through last."""
        lines = [
            frame.lineno
            for frame in traceback.extract_tb(error.__traceback__)
            if frame.filename == str(self._path)
        ]
        return f"{self._path.name}, line {lines[-1]}: " if lines else ""

    def _fault(self, call: object) -> str:
        """Why a call must not be sent; empty when it may."""
        if not isinstance(call, Call):
            return f"gave a {type(call).__name__} instead of a Call"
        if not isinstance(call.url, str) or _address(call.url) not in self._allowed:
            allowed = ", ".join(sorted(self._allowed))
            return f"its URL leads elsewhere than the target's addresses ({allowed})"
        if not isinstance(call.body, bytes):
            return "its body must be bytes"
        if call.own_lines != b"":
            return "own_lines are slagate's own; headers belong into headers"
        if not isinstance(call.headers, Mapping):
            return "its headers must be a mapping of names to texts"
        texts = [text for header in call.headers.items() for text in header]
        if not all(isinstance(text, str) and text.isascii() and text.isprintable() for text in texts):
            return "a header holds what no HTTP header can carry"
        return ""


def _address(url: str) -> str:
    """Host and port; empty where the URL is none."""
    try:
        return urlsplit(url).netloc
    except ValueError:
        return ""


_UNREAD = "classify_reply: "
_MOST_CENTS = (1 << 63) - 1  # what a row can hold


def _unread(detail: str) -> Classified:
    return Classified(outcome=Outcome.ERROR, detail=f"{_UNREAD}{detail}")
