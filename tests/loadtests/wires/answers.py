"""What a gateway answers on each wire, written out from documented samples, for any transaction."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlencode
from xml.sax.saxutils import escape

from loadtests.transaction import Earlier, Transaction
from loadtests.transactions import Transactions
from loadtests.wire_codecs import Codec, load_codecs
from scenarios.kind_wires import KindWires, possible_wires
from scenarios.kinds import Kind, Wire
from scenarios.target import Target
from tests.loadtests.builders import NONCE, scenario
from tests.loadtests.x12_answers import enveloped, interchange

SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
CORE = "http://www.caqh.org/SOAP/WSDL/CORERule2.2.0.xsd"
EVERY_WAY = [(kind, wire) for kind in Kind for wire in possible_wires(kind)]
_CHANGES = (Kind.CARD_CAPTURE, Kind.VOID, Kind.REFUND)


def target_with(kind: Kind, wire: Wire, base_url: str = "http://127.0.0.1:9", **changes: Any) -> Target:
    """A target on loopback whose `[wires]` sends a kind by a wire."""
    chosen = KindWires.model_validate({kind.text: wire.text})
    return Target(name="local", wires=chosen).at(base_url).model_copy(update=changes)


def codec(kind: Kind, wire: Wire) -> Codec:
    return load_codecs(target_with(kind, wire))[kind]


def asked(kind: Kind, wire: Wire, root: int = 5, *, dependents: float = 0.0) -> Transaction:
    """A transaction with everything that its kind refers to, all of it different for another root."""
    made = Transactions(
        scenario(
            people={"dependents_share": dependents}, money={"declined_share": 0.0, "partial_share": 0.0}
        ),
        target_with(kind, wire),
        seed=7,
        nonce=NONCE,
        expiration_year=2029,
    )
    earlier = Earlier(transaction_id=f"{root:032x}", token=f"{root + 500:032x}", amount_cents=1000 + root)
    return made.make(kind, root * 256, earlier=earlier)


def approval(transaction: Transaction, **changes: str) -> bytes:
    """The answer to a transaction on its wire, as a gateway that repeats what it was asked."""
    if transaction.wire == Wire.REST:
        return json.dumps(rest_reply(transaction) | changes).encode()
    if transaction.wire == Wire.NVP:
        return (urlencode(nvp_reply(transaction) | changes) + "&").encode()
    if transaction.wire == Wire.SOAP_OBJECT:
        return object_reply(transaction, **changes)
    edi = answer_277(transaction) if transaction.kind == Kind.CLAIM_STATUS else answer_271(transaction)
    if transaction.wire == Wire.CORE_SOAP:
        return core_reply(edi, **changes)
    name = "DoClaimStatusInquiryEDI" if transaction.kind == Kind.CLAIM_STATUS else "DoEligibilityInquiryEDI"
    return soap(f"<{name}Response><{name}Result>{escape(edi)}</{name}Result></{name}Response>")


def rest_reply(transaction: Transaction) -> dict[str, Any]:
    status = {Kind.CARD_AUTHORIZATION: "A", Kind.TOKEN_SAVE: "O"}.get(Kind(transaction.kind), "C")
    reply: dict[str, Any] = {"TransactionStatus": status, "ResponseCode": "000"}
    if transaction.kind == Kind.TOKEN_SAVE:
        assert transaction.charge is not None
        number = transaction.charge.card.number
        card = {"BINNumber": number[:6], "LastFour": number[-4:]}
        return reply | {"PaymentPlanID": "T0", "CardResult": card}
    reply["TransactionID"] = "T0"
    if transaction.kind in _CHANGES:
        assert transaction.earlier is not None
        reply["PrimaryTransactionID"] = transaction.earlier.transaction_id.upper()
    if transaction.kind == Kind.VOID:
        return reply | {"PrimaryTransactionStatus": "V"}
    return reply | {"Amount": transaction.asked_cents / 100}


def nvp_reply(transaction: Transaction) -> dict[str, str]:
    earlier = transaction.earlier or Earlier()
    status = {Kind.CARD_AUTHORIZATION: "A", Kind.TOKEN_SAVE: "O"}.get(Kind(transaction.kind), "C")
    reply = {"responseCode": "000", "transactionStatus": status}
    amount = f"{transaction.asked_cents / 100:.2f}"
    match transaction.kind:
        case Kind.VOID:
            return reply | {
                "primaryTransactionID": earlier.transaction_id.upper(),
                "primaryTransactionStatus": "V",
            }
        case Kind.RECEIPT_LOOKUP:
            shown = f"{earlier.amount_cents / 100:.2f}"
            return reply | {"transactionID": earlier.transaction_id.upper(), "amount": shown}
        case Kind.CARD_CAPTURE:
            return reply | {"transactionID": "T0", "primaryTransactionID": earlier.transaction_id}
        case Kind.REFUND:
            # as in the documented sample: what was sent comes back under another name
            named = {"primaryTransactionID": "F0F0", "saveOnFileTransactionID": earlier.transaction_id}
            return reply | {"transactionID": "T0", **named}
        case Kind.TOKEN_SAVE:
            assert transaction.charge is not None
            number = transaction.charge.card.number
            card = {"cardBINNumber": number[:6], "lastFourDigits": number[-4:]}
            return reply | {"saveOnFileTransactionID": "T0", **card}
    return reply | {"transactionID": "T0", "primaryTransactionID": "T0", "amount": amount}


def object_reply(transaction: Transaction, **changes: str) -> bytes:
    fields = {
        "TraceNumber": transaction.identifiers.reference,
        "SystemStatus": "Active",
        "SubscriberID": transaction.person.member_id,
    } | changes
    inner = "".join(f"<{name}>{escape(text)}</{name}>" for name, text in fields.items())
    name = "DoEligibilityInquiry"
    return soap(f'<{name}Response xmlns="urn:x"><{name}Result>{inner}</{name}Result></{name}Response>')


def core_reply(edi: str, **changes: str) -> bytes:
    fields = {"PayloadType": "X12_271_Response_005010X279A1", "ErrorCode": "Success"} | changes
    inner = "".join(f"<{name}>{escape(text)}</{name}>" for name, text in fields.items())
    payload = f"<Payload><![CDATA[{edi}]]></Payload>"
    name = "COREEnvelopeRealTimeResponse"
    return soap(f'<c:{name} xmlns:c="{CORE}">{inner}{payload}</c:{name}>')


def soap(inner: str) -> bytes:
    return f'<s:Envelope xmlns:s="{SOAP}"><s:Body>{inner}</s:Body></s:Envelope>'.encode()


def answer_271(transaction: Transaction, *details: str) -> str:
    """An active member's 271; a dependent's in its own loop."""
    person, trace = transaction.person, transaction.identifiers.reference
    patient = person.dependent
    own_trace = f"TRN*2*{trace}*9SLAGATE00"
    subscriber = f"NM1*IL*1*{person.last_name}*{person.first_name}****MI*{person.member_id}"
    loops = [f"HL*3*2*22*{1 if patient else 0}"]
    if patient:
        loops += [subscriber, "HL*4*3*23*0", own_trace, f"NM1*03*1*{person.last_name}*{patient.first_name}"]
        loops += [f"DMG*D8*{patient.birth_date}*{patient.gender}", "INS*N*19"]
    else:
        loops += [own_trace, subscriber]
    return interchange(
        f"BHT*0022*11*{trace}*20261120*1430",
        "HL*1**20*1",
        "NM1*PR*2*TEST PAYER*****PI*PAYER03",
        "HL*2*1*21*1",
        "NM1*1P*2*LOAD CLINIC*****XX*1234567893",
        *loops,
        *(details or ("EB*1**30**GOLD",)),
    )


def answer_277(transaction: Transaction, *details: str, trace: str | None = None) -> str:
    """A paid claim's 277; its BHT03 is the payer's own."""
    person = transaction.person
    traced = [f"TRN*2*{transaction.identifiers.reference if trace is None else trace}"] if trace != "" else []
    segments = [
        "ST*277*0001*005010X212",
        "BHT*0010*08*PAYERS-OWN*20261120*1430*DG",
        "HL*1**20*1",
        "NM1*PR*2*TEST PAYER*****PI*PAYER03",
        "HL*2*1*21*1",
        "NM1*41*2*LOAD BILLING*****46*LOAD01",
        "HL*3*2*19*1",
        "NM1*1P*2*LOAD CLINIC*****XX*1234567893",
        "HL*4*3*22*0",
        f"NM1*IL*1*{person.last_name}*{person.first_name}****MI*{person.member_id}",
        *traced,
        *(details or ("STC*F1:65*20261101**211*170*20261105**20261105*CHK55012",)),
        "REF*1K*ICN20261015001",
    ]
    return enveloped(
        "GS*HN*PAYER*SLAGATE*20261120*1430*41*X*005010X212",
        *segments,
        f"SE*{len(segments) + 1}*0001",
        "GE*1*41",
        groups=1,
    )
