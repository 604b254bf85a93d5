"""What a person would write in a locustfile: the same POSTs, the same fields of the reply parsed and checked."""

from __future__ import annotations

import itertools
import json
import ssl
from typing import Any, ClassVar
from xml.etree.ElementTree import fromstring

import gevent.ssl
from locust import FastHttpUser, HttpUser, User

_counter = itertools.count()
_OUTLET = {"MerchantID": "TESTMERCH", "StoreID": "0001", "TerminalID": "0001"}
_INQUIRY = (
    '<?xml version="1.0" encoding="utf-8"?><s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>'
    '<DoEligibilityInquiryEDI xmlns="http://www.instamed.com/"><requestEDI>'
    "ISA*00*          *00*          *ZZ*SLAGATE        *ZZ*INSTAMED       *261122*0057*^*00501*{control:09d}*0*T*:~"
    "GS*HS*SLAGATE*INSTAMED*20261122*0057*{control}*X*005010X279A1~ST*270*0001*005010X279A1~"
    "BHT*0022*13*{trace}*20261122*0057~HL*1**20*1~NM1*PR*2*TEST PAYER*****PI*PAYER03~HL*2*1*21*1~"
    "NM1*1P*2*LOAD CLINIC*****XX*1234567893~HL*3*2*22*0~TRN*1*{trace}*9SLAGATE00~"
    "NM1*IL*1*BIRCH*ALEX****MI*{member}~DMG*D8*19630519*F~DTP*291*D8*20261122~EQ*30~SE*13*0001~GE*1*{control}~"
    "IEA*1*{control:09d}~</requestEDI></DoEligibilityInquiryEDI></s:Body></s:Envelope>"
)
_SOAP_HEADERS = {
    "Content-Type": "text/xml; charset=utf-8",
    "SOAPAction": '"http://www.instamed.com/DoEligibilityInquiryEDI"',
    "Authorization": "Basic dTpw",
}
_REST_HEADERS = {"api-key": "key", "api-secret": "secret", "Accept": "application/json"}


def sale(client: Any) -> bool:
    """One card sale over Locust's client; whether the reply is its own."""
    number = next(_counter)
    account, amount = f"k3x9ab-{number}-0-0", f"{10 + number % 240}.00"
    content = {
        "Outlet": _OUTLET,
        "PaymentMethod": "Card",
        "Amount": amount,
        "Card": {"EntryMode": "key", "CardNumber": "4111111111111111", "Expiration": "12/29", "CVN": "123"},
        "Patient": {"AccountNumber": account, "FirstName": "ALEX", "LastName": "BIRCH"},
        "AdditionalInfo1": account,
    }
    with client.post("/rest/payment/sale", json=content, headers=_REST_HEADERS, catch_response=True) as reply:
        said = json.loads(reply.content)
        sound = (
            reply.status_code == 200
            and said["TransactionStatus"] == "C"
            and bool(said["TransactionID"])
            and said["Amount"] == amount
            and said["AdditionalInfo1"] == account
            and not said["IsPartiallyApproved"]
        )
        if not sound:
            reply.failure("another sale's reply")
    return sound


def inquiry(client: Any) -> bool:
    """One eligibility inquiry over Locust's client; whether the reply is its own."""
    number = next(_counter)
    trace, member = f"k3x9ab-{number}-0-0", f"W{number:09d}"
    body = _INQUIRY.format(control=number, trace=trace, member=member).encode()
    with client.post(
        "/healthcare/service.asmx", data=body, headers=_SOAP_HEADERS, catch_response=True
    ) as reply:
        text = next(
            element.text or ""
            for element in fromstring(reply.content).iter()
            if element.tag.endswith("DoEligibilityInquiryEDIResult")
        )
        segments = [segment.split("*") for segment in text.split("~")[:-1]]
        start = next(place for place, segment in enumerate(segments) if segment[0] == "ST")
        end = next(place for place, segment in enumerate(segments) if segment[0] == "SE")
        sound = (
            reply.status_code == 200
            and segments[-1][2] == segments[0][13]
            and segments[end][1:] == [str(end - start + 1), segments[start][2]]
            and any(each[:3] == ["TRN", "2", trace] and each[3] == "9SLAGATE00" for each in segments)
            and any(each[:2] == ["NM1", "IL"] and each[9] == member for each in segments)
            and not any(each[0] == "AAA" for each in segments)
            and any(each[0] == "EB" for each in segments)
        )
        if not sound:
            reply.failure("another inquiry's reply")
    return sound


def peer(client: str, what: str, url: str, authority: str | None, state: dict[str, int]) -> type[User]:
    """A user class that sends as fast as it is answered and counts in `state`."""
    send = {"sale": sale, "inquiry": inquiry}[what]

    def go(user: Any) -> None:
        sound = send(user.client)
        state["done"] += 1
        state["wrong"] += not sound

    if client == "http":

        class Plain(HttpUser):
            host = url
            tasks: ClassVar = [go]

            def on_start(self) -> None:
                self.client.verify = authority or True

        return Plain

    def trusting() -> ssl.SSLContext:
        context: ssl.SSLContext = gevent.ssl.create_default_context(cafile=authority)
        return context

    class Fast(FastHttpUser):
        host = url
        tasks: ClassVar = [go]
        insecure = False
        ssl_context_factory = staticmethod(trusting)

    return Fast
