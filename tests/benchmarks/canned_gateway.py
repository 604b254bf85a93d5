"""The other side of the bench: one process that copies what a caller checks into a canned reply, as fast as it can.

It copies the amount and the account of a sale, and the trace, the reference and the subscriber of an inquiry, so that
every reply is the answer to its request and to no other. A bare epoll loop that answers together what has come
together; `canned_gateway.c` is the same over plain TCP, and used where there is a C compiler.
`python -m tests.benchmarks.canned_gateway [CERTIFICATE KEY]` prints its port.
"""

from __future__ import annotations

import contextlib
import select
import socket
import ssl
import sys
import time
from collections.abc import Callable
from email.utils import formatdate

_HEAD = (
    b"HTTP/1.1 200 OK\r\nServer: canned\r\nDate: %b\r\nContent-Type: %b\r\n"
    b"Content-Length: %d\r\nConnection: keep-alive\r\n\r\n%b"
)
_SALE = (
    b'{"TransactionID":"%032x","TransactionStatus":"C","ResponseCode":"000","ResponseMessage":"APPROVAL",'
    b'"AuthorizationNumber":"9325B5","IsPartiallyApproved":false,"PartialApprovalAmount":null,'
    b'"Amount":%b,"AdditionalInfo1":%b}'
)
_BENEFITS = (
    b'<?xml version="1.0" encoding="utf-8"?><soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/">'
    b'<soap:Body><DoEligibilityInquiryEDIResponse xmlns="http://www.instamed.com/"><DoEligibilityInquiryEDIResult>'
    b"ISA*00*          *00*          *ZZ*INSTAMED       *ZZ*SLAGATE        *261122*0057*^*00501*823369874*0*T*:~"
    b"GS*HB*INSTAMED*SLAGATE*20261122*0057*823369874*X*005010X279A1~ST*271*0001*005010X279A1~"
    b"BHT*0022*11*%b*20261122*0057~HL*1**20*1~NM1*PR*2*TEST PAYER*****PI*PAYER03~HL*2*1*21*1~"
    b"NM1*1P*2*LOAD CLINIC*****XX*1234567893~HL*3*2*22*0~TRN*2*%b*9SLAGATE00~%b~N3*12 ELM ST~"
    b"N4*SPRINGFIELD*IL*62701~DMG*D8*19630519*F~DTP*346*D8*20260101~EB*1**30**COMMUNITY HMO~"
    b"EB*C*IND*30***23*2500*****Y~EB*C*IND*30***29*1000*****Y~EB*G*IND*30***23*4500*****Y~"
    b"EB*G*IND*30***29*3600*****Y~EB*1**1~EB*1**33~EB*1**35~EB*1**47~EB*1**48~EB*1**50~EB*1**86~EB*1**88~EB*1**98~"
    b"SE*28*0001~GE*1*823369874~IEA*1*823369874~"
    b"</DoEligibilityInquiryEDIResult></DoEligibilityInquiryEDIResponse></soap:Body></soap:Envelope>"
)
_RECEIVE_BYTES = 65_536


def _between(data: bytes, before: bytes, after: bytes) -> bytes:
    start = data.index(before) + len(before)
    return data[start : data.index(after, start)]


class CannedGateway:
    """One listening socket and everything that connects to it."""

    def __init__(self, tls: ssl.SSLContext | None) -> None:
        self._tls = tls
        self._epoll = select.epoll()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
        self._listener.setblocking(False)
        self._epoll.register(self._listener, select.EPOLLIN)
        self._talks: dict[int, tuple[socket.socket, Callable[[int], bytes], Callable[[bytes], int]]] = {}
        self._halves: dict[int, bytes] = {}
        self._ready: list[tuple[Callable[[bytes], int], bytes]] = []
        self._count = 0
        self._date = b""
        self._date_until = 0.0

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self._listener.getsockname()[1])

    def serve(self) -> None:
        """For ever."""
        while True:
            # never asleep while somebody is connected: waking it would be at the expense of the client that sends
            events = self._epoll.poll(0 if self._talks else None)
            if time.monotonic() > self._date_until:
                self._date, self._date_until = formatdate(usegmt=True).encode(), time.monotonic() + 1
            for number, _ in events:
                talk = self._talks.get(number)
                if talk is None:
                    self._accept()
                else:
                    self._answer(number, *talk)
            for send, reply in self._ready:
                with contextlib.suppress(OSError):
                    send(reply)
            self._ready.clear()

    def _accept(self) -> None:
        connection, _ = self._listener.accept()
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self._tls is not None:
            try:
                connection = self._tls.wrap_socket(connection, server_side=True)
            except OSError:  # a caller that does not trust us
                return
        connection.setblocking(False)
        self._talks[connection.fileno()] = (connection, connection.recv, connection.send)
        self._epoll.register(connection, select.EPOLLIN)

    def _answer(
        self,
        number: int,
        connection: socket.socket,
        receive: Callable[[int], bytes],
        send: Callable[[bytes], int],
    ) -> None:
        try:
            data = receive(_RECEIVE_BYTES)
        except (BlockingIOError, ssl.SSLWantReadError):
            return
        except OSError:
            data = b""
        if not data:
            self._epoll.unregister(number)
            del self._talks[number]
            self._halves.pop(number, None)
            connection.close()
            return
        data = self._halves.pop(number, b"") + data
        head, end, body = data.partition(b"\r\n\r\n")
        length = head.find(b"Content-Length:") + 15  # every client of the bench spells it so
        if not end or len(body) < int(head[length:].partition(b"\r")[0]):
            self._halves[number] = data
            return
        self._ready.append((send, self._reply(body)))

    def _reply(self, body: bytes) -> bytes:
        self._count += 1
        if body.startswith(b"{"):
            amount = _between(body, b'"Amount":', b",").strip()
            account = _between(body, b'"AdditionalInfo1":', b"}").strip()
            content, kind = _SALE % (self._count, amount, account), b"application/json"
        else:
            trace = _between(body, b"~TRN*1*", b"*")
            person = b"NM1*IL" + _between(body, b"~NM1*IL", b"~")
            content, kind = _BENEFITS % (trace, trace, person), b"text/xml; charset=utf-8"
        return _HEAD % (self._date, kind, len(content), content)


def main() -> None:
    """Serve until killed."""
    tls = None
    if len(sys.argv) > 1:
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(sys.argv[1], sys.argv[2])
    gateway = CannedGateway(tls)
    print(gateway.port, flush=True)
    gateway.serve()


if __name__ == "__main__":
    main()
