"""The map of a dependency's failures onto ours is complete: whatever is raised, an outcome comes of it."""

from __future__ import annotations

import inspect
import socket
import ssl
from collections.abc import Iterator
from typing import Any

import gevent
import httptools
import pytest

from loadtests.connections.dialing import Dialer
from loadtests.http_client import (
    ConnectionFailedError,
    HttpClient,
    Limits,
    NoAnswerInTimeError,
    UnreadableReplyError,
)
from loadtests.transaction import Call

OURS = (NoAnswerInTimeError, ConnectionFailedError, UnreadableReplyError)
CALL = Call(url="http://127.0.0.1:9/x", headers={}, body=b"")


def subclasses(kind: type[BaseException]) -> Iterator[type[BaseException]]:
    yield kind
    for below in kind.__subclasses__():
        yield from subclasses(below)


def raised_by(module: Any) -> set[type[BaseException]]:
    return {
        found
        for _, found in inspect.getmembers(module, inspect.isclass)
        if issubclass(found, Exception) and found.__module__.startswith(module.__name__.partition(".")[0])
    }


def instance(kind: type[BaseException]) -> BaseException:
    for arguments in (
        (1, "said so"),
        ("said so",),
        (),
        ("utf-8", b"x", 0, 1, "said so"),
        ("utf-8", "x", 0, 1, "no"),
    ):
        try:
            return kind(*arguments)
        except TypeError:
            continue
    raise AssertionError(f"cannot make a {kind.__name__}")


OF_THE_SYSTEM = {
    kind
    for kind in subclasses(OSError)
    if kind.__module__ in {"builtins", "socket", "_socket", "ssl", "_ssl"}
}
ALL = sorted(
    OF_THE_SYSTEM | raised_by(ssl) | raised_by(httptools) | {socket.gaierror, socket.herror, UnicodeError},
    key=lambda kind: kind.__name__,
)


def what_comes_of(error: BaseException, monkeypatch: pytest.MonkeyPatch) -> BaseException:
    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(Dialer, "connect", fail)
    with pytest.raises(BaseException) as caught:  # noqa: PT011 - which one it is is the question
        HttpClient(Limits(connect_s=1, first_byte_s=1, whole_s=1)).exchange(CALL)
    return caught.value


def test_the_list_is_not_empty() -> None:
    assert {ConnectionResetError, ssl.SSLCertVerificationError, socket.gaierror, TimeoutError} <= set(ALL)
    assert httptools.HttpParserError in ALL


@pytest.mark.parametrize("kind", ALL, ids=lambda kind: f"{kind.__module__}.{kind.__name__}")
def test_a_dependencys_failure_becomes_one_of_ours(
    kind: type[BaseException], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert isinstance(what_comes_of(instance(kind), monkeypatch), OURS)


@pytest.mark.parametrize(
    ("error", "ours", "said"),
    [
        pytest.param(TimeoutError("timed out"), NoAnswerInTimeError, "timed out", id="time-out"),
        pytest.param(TimeoutError(), NoAnswerInTimeError, "timed out", id="time-out-without-words"),
        pytest.param(
            ConnectionRefusedError(111, "Connection refused"),
            ConnectionFailedError,
            "[Errno 111] Connection refused",
            id="refused",
        ),
        pytest.param(OSError(), ConnectionFailedError, "OSError", id="without-words"),
        pytest.param(socket.gaierror(-2, "unknown"), ConnectionFailedError, "[Errno -2] unknown", id="name"),
        pytest.param(
            httptools.HttpParserInvalidStatusError("x"),
            UnreadableReplyError,
            "not an HTTP reply",
            id="parser",
        ),
        pytest.param(UnreadableReplyError("too big"), UnreadableReplyError, "too big", id="our-own"),
    ],
)
def test_the_failure_says_what_happened(
    error: BaseException, ours: type[BaseException], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    failure = what_comes_of(error, monkeypatch)
    assert type(failure) is ours
    assert str(failure) == said


@pytest.mark.parametrize(
    "error",
    [gevent.GreenletExit(), KeyboardInterrupt(), SystemExit(1)],
    ids=lambda error: type(error).__name__,
)
def test_a_kill_passes_through_as_it_is(error: BaseException, monkeypatch: pytest.MonkeyPatch) -> None:
    assert what_comes_of(error, monkeypatch) is error


def test_a_mistake_of_our_own_is_not_dressed_as_a_failure_of_the_gateway(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert isinstance(what_comes_of(AttributeError("typo"), monkeypatch), AttributeError)


def test_a_host_name_that_cannot_be_encoded_is_a_failed_connection() -> None:
    client = HttpClient(Limits(connect_s=1, first_byte_s=1, whole_s=1))
    with pytest.raises(ConnectionFailedError):
        client.exchange(Call(url=f"http://{'a' * 70}.test/", headers={}, body=b""))
