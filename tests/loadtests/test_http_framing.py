"""Where a reply ends, and what is refused: bytes in, replies out, without a socket."""

from __future__ import annotations

import gzip
import zlib
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtests.connections import framing
from loadtests.connections.faults import UnreadableReplyError
from loadtests.connections.framing import MAX_REPLY_BYTES, KnownHeads, ReplyFramer
from loadtests.transaction import Reply

PLAIN = b"HTTP/1.1 200 OK\r\nServer: x\r\nContent-Length: 5\r\n\r\nhello"
CHUNKED = (
    b"HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"3;x=y\r\nhel\r\n2\r\nlo\r\n0\r\nTrailer: t\r\n\r\n"
)
CONTINUED = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + PLAIN


def framed(*parts: bytes, known: KnownHeads | None = None) -> tuple[Reply | None, ReplyFramer]:
    framer = ReplyFramer({} if known is None else known)
    reply = None
    for part in parts:
        assert reply is None, "a reply before the last part"
        reply = framer.feed(part)
    return reply, framer


@pytest.mark.parametrize(
    ("data", "expected", "reusable"),
    [
        pytest.param(PLAIN, Reply(status=200, body=b"hello"), True, id="content-length"),
        pytest.param(CHUNKED, Reply(status=201, body=b"hello"), True, id="chunked-with-trailer"),
        pytest.param(CONTINUED, Reply(status=200, body=b"hello"), True, id="interim-replies-pass-by"),
        pytest.param(b"HTTP/1.1 204 No Content\r\n\r\n", Reply(status=204, body=b""), True, id="no-body"),
        pytest.param(
            b"HTTP/1.1 500 X\r\nContent-Length: 0\r\n\r\n", Reply(status=500, body=b""), True, id="empty"
        ),
        pytest.param(
            PLAIN.replace(b"Server: x", b"Connection: close"),
            Reply(status=200, body=b"hello"),
            False,
            id="peer-says-close",
        ),
        pytest.param(PLAIN.replace(b"1.1", b"1.0"), Reply(status=200, body=b"hello"), False, id="http-1.0"),
        pytest.param(
            PLAIN.replace(b"1.1", b"1.0").replace(b"Server: x", b"Connection: keep-alive"),
            Reply(status=200, body=b"hello"),
            True,
            id="http-1.0-kept",
        ),
        pytest.param(PLAIN + b"JUNK", Reply(status=200, body=b"hello"), False, id="junk-behind-it"),
        pytest.param(PLAIN + PLAIN, Reply(status=200, body=b"hello"), False, id="two-replies-to-one-request"),
    ],
)
def test_a_reply_is_read_as_far_as_it_goes(data: bytes, expected: Reply, reusable: bool) -> None:
    for times in range(3):  # the second time its head is known
        known: KnownHeads = {}
        for _ in range(times + 1):
            reply, framer = framed(data, known=known)
        assert reply == expected
        assert framer.reusable is reusable


@pytest.mark.parametrize("data", [PLAIN, CHUNKED, CONTINUED], ids=["plain", "chunked", "continued"])
def test_it_does_not_matter_where_the_network_cuts(data: bytes) -> None:
    expected, _ = framed(data)
    for place in range(1, len(data)):
        assert framed(data[:place], data[place:], known={})[0] == expected
    assert framed(*(data[place : place + 1] for place in range(len(data))))[0] == expected


@given(st.lists(st.binary(max_size=30), min_size=1, max_size=6), st.data())
def test_replies_on_one_connection_come_out_one_by_one(bodies: list[bytes], data: st.DataObject) -> None:
    """Known heads and parsed ones, whole and in pieces, in any order on one connection."""
    framer = ReplyFramer({})
    for body in bodies:
        if data.draw(st.booleans()):
            raw = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)
        else:
            chunk = b"%x\r\n%b\r\n" % (len(body), body) if body else b""
            raw = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunk + b"0\r\n\r\n"
        place = data.draw(st.integers(1, len(raw)))
        reply = framer.feed(raw[:place])
        if place < len(raw):
            assert reply is None
            reply = framer.feed(raw[place:])
        assert reply == Reply(status=200, body=body)
        assert framer.reusable


def test_a_known_head_with_another_length_of_body_is_read_by_the_parser() -> None:
    known: KnownHeads = {}
    framed(PLAIN, known=known)
    assert len(known) == 1
    reply, framer = framed(PLAIN[:-2], known=known)
    assert reply is None
    assert framer.feed(b"lo") == Reply(status=200, body=b"hello")


def test_only_heads_that_always_frame_alike_are_remembered() -> None:
    known: KnownHeads = {}
    for data in (CHUNKED, CONTINUED, PLAIN.replace(b"Server: x", b"Connection: close")):
        framed(data, known=known)
    zipped = gzip.compress(b"hello")
    framed(
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n%b" % (len(zipped), zipped),
        known=known,
    )
    assert known == {}
    for number in range(1000):
        framed(PLAIN.replace(b"x", b"%d" % number), known=known)
    assert 0 < len(known) <= 64


def test_a_body_may_end_with_the_connection() -> None:
    reply, framer = framed(b"HTTP/1.1 200 OK\r\n\r\nhel", b"lo")
    assert reply is None
    assert framer.end() == Reply(status=200, body=b"hello")
    assert not framer.reusable


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhe", id="short-body"),
        pytest.param(
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n", id="no-last-chunk"
        ),
        pytest.param(b"HTTP/1.1 200 OK\r\nServer:", id="in-the-head"),
        pytest.param(b"HTTP/1.1 100 Continue\r\n\r\n", id="interim-only"),
        pytest.param(b"HT", id="two-letters"),
    ],
)
def test_a_reply_cut_off_is_none(data: bytes) -> None:
    reply, framer = framed(data)
    assert reply is None
    assert framer.end() is None


def zipped(body: bytes, encoding: bytes = b"gzip") -> bytes:
    return b"HTTP/1.1 200 OK\r\nContent-Encoding: %b\r\nContent-Length: %d\r\n\r\n%b" % (
        encoding,
        len(body),
        body,
    )


def test_a_gzip_body_is_decompressed_of_one_member_or_several() -> None:
    member = gzip.compress(b"hello")
    assert framed(zipped(member))[0] == Reply(status=200, body=b"hello")
    assert framed(zipped(member + gzip.compress(b" you")))[0] == Reply(status=200, body=b"hello you")
    assert framed(zipped(member, b"X-GZIP"))[0] == Reply(status=200, body=b"hello")
    assert framed(zipped(b"hello", b"identity"))[0] == Reply(status=200, body=b"hello")
    assert framed(zipped(b""))[0] == Reply(status=200, body=b"")


BIG = gzip.compress(bytes(MAX_REPLY_BYTES + 1))


@pytest.mark.parametrize(
    ("data", "said"),
    [
        pytest.param(b"garbage\r\n\r\n", "not an HTTP reply", id="garbage"),
        pytest.param(b"\x16\x03\x03\x00\x7a", "not an HTTP reply", id="tls-to-a-plain-caller"),
        pytest.param(PLAIN.replace(b"5", b"5, 6"), "not an HTTP reply", id="two-lengths"),
        pytest.param(
            b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 5\r\n\r\n",
            "not an HTTP",
            id="length-twice",
        ),
        pytest.param(
            b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            "not an HTTP reply",
            id="both",
        ),
        pytest.param(
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", "Transfer-Encoding", id="te-gzip"
        ),
        pytest.param(
            b"HTTP/1.1 101 X\r\nUpgrade: h2c\r\nConnection: upgrade\r\n\r\n", "not an HTTP", id="upgrade"
        ),
        pytest.param(
            b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (MAX_REPLY_BYTES + 1),
            "larger",
            id="announced-too-large",
        ),
        pytest.param(zipped(BIG), "when decompressed", id="gzip-bomb"),
        pytest.param(zipped(gzip.compress(b"hello")[:-4]), "cut off", id="gzip-cut-off"),
        pytest.param(zipped(b"hello"), "damaged", id="not-gzip"),
        pytest.param(zipped(zlib.compress(b"hello"), b"deflate"), "not asked for", id="deflate"),
        pytest.param(zipped(b"hello", b"br"), "not asked for", id="brotli"),
        pytest.param(zipped(gzip.compress(b"hello"), b"gzip, gzip"), "not asked for", id="gzip-twice"),
    ],
)
def test_what_is_no_readable_reply_is_refused(data: bytes, said: str) -> None:
    with pytest.raises(UnreadableReplyError, match=said):
        framed(data)


@pytest.mark.parametrize(
    ("opening", "more"),
    [
        pytest.param(b"HTTP/1.1 200 OK\r\n", b"X: " + b"y" * 60_000 + b"\r\n", id="endless-head"),
        pytest.param(b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 2000, id="endless-interim-replies"),
        pytest.param(
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
            b"ffff\r\n" + bytes(65_535) + b"\r\n",
            id="chunks",
        ),
        pytest.param(
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n" * 10_000, id="tiny-chunks"
        ),
        pytest.param(b"HTTP/1.1 200 OK\r\n\r\n", bytes(65_536), id="until-the-connection-ends"),
    ],
)
def test_what_never_ends_is_refused_at_a_limit(opening: bytes, more: bytes) -> None:
    framer = ReplyFramer({})
    if opening:
        framer.feed(opening)
    with pytest.raises(UnreadableReplyError, match=r"larger|too large|too long"):
        _feed_for_ever(framer, more)


def _feed_for_ever(framer: ReplyFramer, more: bytes) -> None:
    fed = 0
    while fed < 4 * MAX_REPLY_BYTES:
        fed += len(more)
        assert framer.feed(more) is None


@given(st.binary(max_size=300), st.lists(st.integers(0, 300), max_size=4))
def test_no_bytes_are_a_crash(data: bytes, cuts: list[int]) -> None:
    framer = ReplyFramer({})
    places = [0, *sorted(min(cut, len(data)) for cut in cuts), len(data)]
    try:
        for start, end in pairwise(places):
            if start < end and framer.feed(b"HTTP/1.1 " * (start == 0) + data[start:end]) is not None:
                return
        framer.end()
    except UnreadableReplyError:
        pass


def test_the_limits_are_those_of_the_contract() -> None:
    assert framing.MAX_REPLY_BYTES == 16 * 1024 * 1024
