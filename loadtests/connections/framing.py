"""From bytes to replies: where one ends, whatever its framing, within limits. No socket and no clock in it.

Most replies of one gateway have heads that occurred before, byte for byte. A head frames its body the same way each
time, so a known one with an exact Content-Length needs no parser; everything else goes through llhttp.
"""

from __future__ import annotations

import zlib

import httptools

from loadtests.connections.faults import UnreadableReplyError, mapped
from loadtests.transaction import Reply

MAX_REPLY_BYTES = 16 * 1024 * 1024  # of a body, before and after decompression
MAX_HEAD_BYTES = 64 * 1024
_MAX_RAW_BYTES = 2 * MAX_REPLY_BYTES  # with the framing of chunks, interim replies and trailers
_MOST_KNOWN = 64
_GZIP = 16 + zlib.MAX_WBITS

# head with its blank line -> status and length of the body; shared by the connections of a process
KnownHeads = dict[bytes, tuple[int, int]]


class ReplyFramer:
    """Takes what a connection receives and gives replies, one for each request."""

    __slots__ = (
        "_body",
        "_complete",
        "_encodings",
        "_first",
        "_framed",
        "_head_done",
        "_known",
        "_length",
        "_parser",
        "_raw",
        "_size",
        "begun",
        "reusable",
    )

    def __init__(self, known: KnownHeads) -> None:
        self._known = known
        self._parser: httptools.HttpResponseParser | None = None
        self.reusable = True  # whether another request may follow on the same connection
        self.begun = False  # whether a part of the present reply has come
        self._reset()

    def feed(self, data: bytes) -> Reply | None:
        """The reply that `data` completes, if it does. Raises UnreadableReplyError."""
        if not self.begun:
            end = data.find(b"\r\n\r\n") + 4
            known = self._known.get(data[:end])
            if known is not None and len(data) - end == known[1]:
                return Reply(known[0], data[end:])
            self.begun = True
            self._first = data
        return self._parse(data)

    def end(self) -> Reply | None:
        """The reply whose body ends with the connection, if this is one."""
        self.reusable = False
        if self._parser is None or not self._head_done or self._framed:
            return None
        return self._reply(self._parser.get_status_code())

    def close(self) -> None:
        """Let go of the parser, which points back here."""
        self._parser = None

    def _reset(self) -> None:
        self.begun = False
        self._first = b""
        self._raw = 0
        self._complete = 0  # status of the reply that is complete
        self._begin()

    def _begin(self) -> None:
        self._head_done = self._framed = False
        self._length = -1
        self._encodings: list[bytes] = []
        self._body: list[bytes] = []
        self._size = 0

    def _parse(self, data: bytes) -> Reply | None:
        self._raw += len(data)
        if self._raw > (_MAX_RAW_BYTES if self._head_done else MAX_HEAD_BYTES + len(data)):
            raise UnreadableReplyError(
                "reply with too long a head" if not self._head_done else "reply too large"
            )
        if self._parser is None:
            self._parser = httptools.HttpResponseParser(self)
        try:
            self._parser.feed_data(data)
        except Exception as error:
            if not self._complete:
                raise mapped(error) from error
            self.reusable = False  # the reply is whole; what follows it is nothing that was asked for
        if not self._complete:
            return None
        return self._completed()

    def _completed(self) -> Reply:
        assert self._parser is not None
        status, first, whole_at_once = self._complete, self._first, self._raw == len(self._first)
        reply = self._reply(status)
        if whole_at_once and self.reusable and self._length == len(reply.body) and not self._encodings:
            head = first[: first.find(b"\r\n\r\n") + 4]
            if len(first) - len(head) == self._length:  # no interim reply before it
                if len(self._known) >= _MOST_KNOWN:
                    self._known.clear()
                self._known[head] = (status, self._length)
        self._reset()
        return reply

    def _reply(self, status: int) -> Reply:
        body = self._body[0] if len(self._body) == 1 else b"".join(self._body)
        encodings = [each for each in self._encodings if each != b"identity"]
        if encodings and body:
            if encodings not in ([b"gzip"], [b"x-gzip"]):
                raise UnreadableReplyError("a Content-Encoding that was not asked for")
            body = _unzipped(body)
        return Reply(status=status, body=body)

    # Callbacks of the parser.

    def on_message_begin(self) -> None:
        if self._complete:
            raise UnreadableReplyError("two replies to one request")
        self._begin()

    def on_header(self, name: bytes, value: bytes) -> None:
        match name.lower():
            case b"content-length":
                self._framed = True
                self._length = int(value) if value.isdigit() else -1
            case b"transfer-encoding":
                self._framed = True
                if value.strip().lower() != b"chunked":
                    raise UnreadableReplyError("a Transfer-Encoding other than chunked")
            case b"content-encoding":
                self._encodings += [part.strip().lower() for part in value.split(b",")]

    def on_headers_complete(self) -> None:
        assert self._parser is not None
        self._head_done = self._parser.get_status_code() >= 200
        if self._length > MAX_REPLY_BYTES:
            raise UnreadableReplyError(f"reply larger than {MAX_REPLY_BYTES} bytes")

    def on_body(self, part: bytes) -> None:
        self._body.append(part)
        self._size += len(part)
        if self._size > MAX_REPLY_BYTES:
            raise UnreadableReplyError(f"reply larger than {MAX_REPLY_BYTES} bytes")

    def on_message_complete(self) -> None:
        assert self._parser is not None
        status = self._parser.get_status_code()
        if status >= 200:  # an interim reply (1xx) passes by
            self._complete = status
            # only here: once the callback has returned, the parser has forgotten what the head said of it
            self.reusable = self.reusable and bool(self._parser.should_keep_alive())


def _unzipped(body: bytes) -> bytes:
    """A gzip body, of one member or several, decompressed within the limit."""
    parts, room = [], MAX_REPLY_BYTES
    while body:
        unzip = zlib.decompressobj(_GZIP)
        try:
            part = unzip.decompress(body, room + 1)
        except zlib.error as error:
            raise UnreadableReplyError("a gzip body that is damaged") from error
        room -= len(part)
        if room < 0:
            raise UnreadableReplyError(f"reply larger than {MAX_REPLY_BYTES} bytes when decompressed")
        if not unzip.eof:
            raise UnreadableReplyError("a gzip body that is cut off")
        parts.append(part)
        body = unzip.unused_data
    return b"".join(parts)
