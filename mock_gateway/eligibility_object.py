"""The typed eligibility inquiry: its published request fields, and an answer whose fields are inferred."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from xml.sax.saxutils import escape

from mock_gateway.payers import Benefits, Coverage
from mock_gateway.soap_names import SoapNames


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldRule:
    """Least and most characters of a request field, and whether it must be there."""

    least: int
    most: int
    is_required: bool = False
    is_date: bool = False


def _text(most: int, least: int = 1) -> FieldRule:
    return FieldRule(least=least, most=most)


def _required(least: int, most: int) -> FieldRule:
    return FieldRule(least=least, most=most, is_required=True)


_DAY = FieldRule(least=10, most=10, is_date=True)
# As published, in the order of the request.
REQUEST_FIELDS: dict[str, FieldRule] = {
    "RecipientID": _required(1, 7),
    "RecipientIDQualifier": _required(1, 2),
    "RecipientName": _required(1, 35),
    "PatientRelationship": _required(2, 2),
    "ProviderID1": _required(2, 80),
    "ProviderIDQualifier1": _required(2, 3),
    **{name: _text(30) for name in ("SubscriberID", "SubscriberID2", "SubscriberID3")},
    **{f"SubscriberIDQualifier{place}": _text(3, 2) for place in ("", "2", "3")},
    "SubscriberLastName": _text(35),
    "SubscriberFirstName": _text(25),
    "SubscriberMiddleName": _text(25),
    "SubscriberDateOfBirth": _DAY,
    "AsOfDate": _DAY,
    "FromDate": _DAY,
    "ToDate": _DAY,
    "ServiceTypeCode": _text(2),
    "TraceNumber": _text(30),
    "ProviderLastName": _text(35),
    "ProviderFirstName": _text(25),
    "ProviderMiddleName": _text(25),
    "ProviderID2": _text(80, 2),
    "ProviderIDQualifier2": _text(3, 2),
    "PatientLastName": _text(35),
    "PatientFirstName": _text(25),
    "PatientMiddleName": _text(25),
    "PatientDateOfBirth": _DAY,
    "PatientGender": _text(1),
    "PatientID1": _text(30),
    "PatientIDQualifier1": _text(3, 2),
    # The published lengths of these two look swapped, so either is taken.
    "PatientID2": _text(30),
    "PatientIDQualifier2": _text(3),
    "PatientSSN": _text(9),
    "PatientAccountNumber": _text(80),
    "CoverageLevel": _text(3, 3),
    "InNetwork": _text(5),
    "SubscriberGroupNumber": _text(80),
    "SubscriberGroupID": _text(30),
    **{
        f"{who}{part}": _text(10)
        for who in ("Subscriber", "Patient", "Provider")
        for part in ("Prefix", "Suffix")
    },
}
_SELF = "18"
_AMERICAN_DAY = re.compile(r"([0-9]{2})/([0-9]{2})/([0-9]{4})")
_STATUS = {Coverage.ACTIVE: "Active", Coverage.INACTIVE: "Inactive", Coverage.REJECTED: "Not Found"}
_PAYER_SIDE_STATUS = "Not Available"


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectInquiry:
    """What the answer needs of a typed inquiry; `member_key` is that of a 270 for the same member."""

    payer_id: str
    member_id: str = field(repr=False)
    member_key: str = field(repr=False)
    service_type: str
    trace: str = field(repr=False)
    coverage_level: str


def read_object_inquiry(arguments: Mapping[str, str]) -> ObjectInquiry | list[str]:
    """The inquiry in the fields of a call, or everything that is wrong with them; values are not repeated."""
    sent = {name: arguments.get(name, "").strip() for name in REQUEST_FIELDS}
    problems = [
        problem for name, rule in REQUEST_FIELDS.items() if (problem := _check(name, rule, sent[name]))
    ]
    if not sent["SubscriberID"] and not (sent["SubscriberLastName"] and sent["SubscriberDateOfBirth"]):
        problems.append("SubscriberID, or SubscriberLastName and SubscriberDateOfBirth, is needed")
    if problems:
        return problems
    return ObjectInquiry(
        payer_id=sent["RecipientID"],
        member_id=sent["SubscriberID"],
        member_key=_member_key(sent),
        service_type=sent["ServiceTypeCode"] or "30",
        trace=sent["TraceNumber"],
        coverage_level=sent["CoverageLevel"] or "IND",
    )


def _check(name: str, rule: FieldRule, value: str) -> str:
    if not value:
        return f"{name} is required" if rule.is_required else ""
    if not rule.least <= len(value) <= rule.most:
        return f"{name} must have {rule.least} to {rule.most} characters"
    if rule.is_date and not _read_day(value):
        return f"{name} must be a date as MM/DD/YYYY"
    return ""


def _read_day(text: str) -> str:
    """CCYYMMDD of MM/DD/YYYY, "" if it is no day."""
    match = _AMERICAN_DAY.fullmatch(text)
    try:
        return f"{date(int(match[3]), int(match[1]), int(match[2])):%Y%m%d}" if match else ""
    except ValueError:
        return ""


def _member_key(sent: Mapping[str, str]) -> str:
    key = sent["SubscriberID"] or "|".join(
        [
            sent["SubscriberLastName"],
            sent["SubscriberFirstName"],
            _read_day(sent["SubscriberDateOfBirth"]),
        ]
    )
    if sent["PatientRelationship"] == _SELF:
        return key
    return f"{key}|{sent['PatientFirstName']}|{_read_day(sent['PatientDateOfBirth'])}"


def write_object_answer(
    inquiry: ObjectInquiry, benefits: Benefits, names: SoapNames, *, is_enhanced: bool
) -> str:
    """The fields of the answer as XML; Enhanced adds what the member effectively pays."""
    status = _PAYER_SIDE_STATUS if benefits.is_payer_side else _STATUS[benefits.coverage]
    plan = benefits.segments[0][5] if benefits.segments and len(benefits.segments[0]) > 5 else ""
    fields = [
        _element(names.of("TraceNumber"), inquiry.trace),
        _element(names.of("CoverageLevel"), inquiry.coverage_level),
        _element(names.of("EligibilityText"), plan),
        _element(names.of("SystemStatus"), status),
        _element(names.of("SubscriberID"), inquiry.member_id),
    ]
    listed = "".join(_benefit(segment, names) for segment in benefits.segments)
    fields.append(_wrap(names.of("Benefits"), listed))
    if is_enhanced:
        fields.append(_wrap(names.of("EffectiveBenefits"), _effective(benefits, names)))
    if benefits.reject_code:
        code = _element(names.of("ErrorCode"), benefits.reject_code)
        text = _element(names.of("ErrorText"), f"rejected in loop {benefits.reject_loop}")
        fields.append(_wrap(names.of("Errors"), _wrap(names.of("Error"), code + text)))
    return "".join(fields)


# EB elements by place, as far as the answers here use them.
_EB_FIELDS = (
    ("BenefitCode", 1),
    ("CoverageLevel", 2),
    ("ServiceTypeCode", 3),
    ("TimePeriodQualifier", 6),
    ("Amount", 7),
    ("Percent", 8),
    ("InNetwork", 12),
)


def _benefit(segment: tuple[str, ...], names: SoapNames) -> str:
    fields = [
        _element(names.of(name), segment[place])
        for name, place in _EB_FIELDS
        if len(segment) > place and segment[place]
    ]
    return _wrap(names.of("Benefit"), "".join(fields))


def _effective(benefits: Benefits, names: SoapNames) -> str:
    """In-network copay and coinsurance of each service type that has one."""
    shares: dict[str, dict[str, str]] = {}
    for segment in benefits.segments:
        if segment[1] in ("A", "B") and segment[12] == "Y":
            name, place = ("CopayAmount", 7) if segment[1] == "B" else ("CoinsurancePercent", 8)
            shares.setdefault(segment[3], {})[name] = segment[place]
    return "".join(
        _wrap(
            names.of("EffectiveBenefit"),
            _element(names.of("ServiceTypeCode"), service_type)
            + "".join(_element(names.of(name), found[name]) for name in sorted(found, reverse=True)),
        )
        for service_type, found in shares.items()
    )


def _element(name: str, text: str) -> str:
    return f"<{name}>{escape(text)}</{name}>"


def _wrap(name: str, xml: str) -> str:
    return f"<{name}>{xml}</{name}>"
