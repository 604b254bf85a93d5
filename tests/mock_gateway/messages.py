"""What a caller sends, written out here: nothing is shared with the project's own caller."""

from __future__ import annotations

from typing import Any
from xml.etree import ElementTree
from xml.sax.saxutils import escape

REST_HEADERS = {"api-key": "mock-key", "api-secret": "mock-secret"}
BASIC = ("mock-user", "mock-password")
EDI_PATH = "/healthcare/service.asmx"
ENVELOPES = {
    "1.1": "http://schemas.xmlsoap.org/soap/envelope/",
    "1.2": "http://www.w3.org/2003/05/soap-envelope",
}
CONTENT_TYPES = {"1.1": "text/xml; charset=utf-8", "1.2": "application/soap+xml; charset=utf-8"}


def sale_body(amount: Any = "25.00", invoice: str = "INV-1", **changes: Any) -> dict[str, Any]:
    body: dict[str, Any] = {
        "Outlet": {"MerchantID": "TESTMERCH", "StoreID": "0001", "TerminalID": "0001"},
        "PaymentMethod": "Card",
        "Amount": amount,
        "Card": {"EntryMode": "key", "CardNumber": "4111111111111111", "Expiration": "12/39", "CVN": "123"},
        "Patient": {"AccountNumber": invoice, "FirstName": "Load", "LastName": "Test"},
        "AdditionalInfo1": invoice,
    }
    return {**body, **changes}


def inquiry_270(
    member: str = "W000000001",
    *,
    trace: str = "TRACE-1",
    payer: str = "PAYER02",
    control: str = "000000123",
    separators: str = "*^:~",
    dependent: str = "",
    line_end: str = "",
) -> str:
    """A whole 270; `separators` are those of element, repetition, component and segment."""
    element, repetition, component, terminator = separators
    person = f"TRN*1*{trace}*9LOADTEST1"
    lines = [
        f"ISA*00*{'':10}*00*{'':10}*ZZ*{'CLINIC01':15}*ZZ*{'GATEWAY':15}*261121*1200*^*00501*{control}*0*T*:",
        "GS*HS*CLINIC01*GATEWAY*20261121*1200*77*X*005010X279A1",
        "ST*270*0042*005010X279A1",
        f"BHT*0022*13*REF{trace}*20261121*1200",
        "HL*1**20*1",
        f"NM1*PR*2*TEST PAYER*****PI*{payer}",
        "HL*2*1*21*1",
        "NM1*1P*2*LOAD CLINIC*****XX*1234567893",
        f"HL*3*2*22*{1 if dependent else 0}",
        *([] if dependent else [person]),
        f"NM1*IL*1*DOE*JANE****MI*{member}",
        *([] if dependent else ["DMG*D8*19800101*F"]),
        *(["HL*4*3*23*0", person, f"NM1*03*1*DOE*{dependent}", "DMG*D8*20151014*F"] if dependent else []),
        "DTP*291*D8*20261121",
        "EQ*30",
    ]
    lines += [f"SE*{len(lines) - 1}*0042", "GE*1*77", f"IEA*1*{control}"]
    table = str.maketrans({"*": element, "^": repetition, ":": component})
    return "".join(line.translate(table) + terminator + line_end for line in lines)


def claim_276(
    member: str = "W000000001",
    *,
    trace: str = "CLAIM-1",
    payer: str = "PAYER02",
    account: str = "PCN1",
    charge: str = "211",
    control: str = "000000321",
    dependent: str = "",
) -> str:
    """A whole 276 about one claim."""
    lines = [
        f"ISA*00*{'':10}*00*{'':10}*ZZ*{'CLINIC01':15}*ZZ*{'GATEWAY':15}*261121*1200*^*00501*{control}*0*T*:",
        "GS*HR*CLINIC01*GATEWAY*20261121*1200*78*X*005010X212",
        "ST*276*0043*005010X212",
        f"BHT*0010*13*REF{trace}*20261121*1200",
        "HL*1**20*1",
        f"NM1*PR*2*TEST PAYER*****PI*{payer}",
        "HL*2*1*21*1",
        "NM1*41*2*LOAD BILLING*****46*X67E",
        "HL*3*2*19*1",
        "NM1*1P*2*LOAD CLINIC*****XX*1234567893",
        f"HL*4*3*22*{1 if dependent else 0}",
        *([] if dependent else ["DMG*D8*19800101*F"]),
        f"NM1*IL*1*DOE*JANE****MI*{member}",
        *(["HL*5*4*23", "DMG*D8*20151014*F", f"NM1*QC*1*DOE*{dependent}"] if dependent else []),
        f"TRN*1*{trace}",
        *([f"REF*EJ*{account}"] if account else []),
        f"AMT*T3*{charge}",
        "DTP*472*D8*20261015",
    ]
    lines += [f"SE*{len(lines) - 1}*0043", "GE*1*78", f"IEA*1*{control}"]
    return "".join(line + "~" for line in lines)


def object_fields(**changes: str) -> dict[str, str]:
    """A typed eligibility inquiry with every required field."""
    fields = {
        "RecipientID": "PAYER02",
        "RecipientIDQualifier": "PI",
        "RecipientName": "TEST PAYER",
        "PatientRelationship": "18",
        "ProviderID1": "1234567893",
        "ProviderIDQualifier1": "XX",
        "SubscriberID": "W000000004",
        "SubscriberIDQualifier": "MI",
        "SubscriberLastName": "DOE",
        "SubscriberFirstName": "JANE",
        "SubscriberDateOfBirth": "01/01/1980",
        "ServiceTypeCode": "30",
    }
    return {**fields, **changes}


def object_call(
    fields: dict[str, str], operation: str = "DoEligibilityInquiry", *, wrapped: bool = True
) -> tuple[str, dict[str, str]]:
    """Body and headers of a typed call; `wrapped` puts the fields into one argument."""
    inner = "".join(f"<{name}>{escape(value)}</{name}>" for name, value in fields.items())
    if wrapped:
        inner = f"<request>{inner}</request>"
    body = (
        f'<s:Envelope xmlns:s="{ENVELOPES["1.1"]}"><s:Body>'
        f'<{operation} xmlns="urn:some-namespace">{inner}</{operation}></s:Body></s:Envelope>'
    )
    return body, {"content-type": CONTENT_TYPES["1.1"]}


def soap_call(
    edi: str, version: str = "1.1", operation: str = "DoEligibilityInquiryEDI"
) -> tuple[str, dict[str, str]]:
    """Body and headers of a call."""
    body = (
        f'<s:Envelope xmlns:s="{ENVELOPES[version]}"><s:Header/><s:Body>'
        f'<{operation} xmlns="urn:some-namespace"><requestEDI>{escape(edi)}</requestEDI></{operation}>'
        "</s:Body></s:Envelope>"
    )
    return body, {"content-type": CONTENT_TYPES[version]}


def edi_of(reply: bytes, version: str = "1.1", operation: str = "DoEligibilityInquiryEDI") -> str:
    """The X12 text inside a SOAP answer."""
    root = ElementTree.fromstring(reply)
    path = (
        f"{{{ENVELOPES[version]}}}Body/{{urn:some-namespace}}{operation}Response/"
        f"{{urn:some-namespace}}{operation}Result"
    )
    text = root.findtext(path)
    assert text, reply
    return text


def fault_of(reply: bytes, version: str = "1.1") -> str:
    """All text of the fault inside a SOAP answer."""
    fault = ElementTree.fromstring(reply).find(f"{{{ENVELOPES[version]}}}Body/{{{ENVELOPES[version]}}}Fault")
    assert fault is not None, reply
    return " ".join(fault.itertext())
