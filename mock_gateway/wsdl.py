"""The WSDL of the healthcare service and of the CORE service, as ASP.NET writes such documents."""

from __future__ import annotations

from xml.sax.saxutils import escape, quoteattr

from mock_gateway.core_envelope import CORE_NAMESPACE, REQUEST_FIELDS, RESPONSE_FIELDS
from mock_gateway.eligibility_object import REQUEST_FIELDS as OBJECT_FIELDS
from mock_gateway.soap_names import (
    EDI_ARGUMENT,
    EDI_OPERATION,
    ENHANCED_OPERATION,
    OBJECT_OPERATION,
    SoapNames,
)

CORE_OPERATION = "RealTimeTransaction"
_BINDINGS = {"Soap": "soap", "Soap12": "soap12"}
_TEXT_FIELDS = ("TraceNumber", "CoverageLevel", "EligibilityText", "SystemStatus", "SubscriberID")
_BENEFIT_FIELDS = (
    "BenefitCode",
    "CoverageLevel",
    "ServiceTypeCode",
    "TimePeriodQualifier",
    "Amount",
    "Percent",
    "InNetwork",
)


def write_healthcare_wsdl(names: SoapNames, address: str) -> bytes:
    """Four operations over SOAP 1.1 and 1.2 at the address."""
    edi = (EDI_OPERATION, names.claim_status_operation)
    typed = (OBJECT_OPERATION, ENHANCED_OPERATION)
    elements = [
        *(_operation_elements(name, EDI_ARGUMENT, "xs:string", "xs:string") for name in edi),
        *(
            _operation_elements(name, "request", "tns:EligibilityRequest", "tns:EligibilityResponse")
            for name in typed
        ),
    ]
    types = [
        _complex_type(
            "EligibilityRequest",
            [(name, "xs:string", "1" if rule.is_required else "0") for name, rule in OBJECT_FIELDS.items()],
        ),
        *_response_types(names),
    ]
    schema = (
        f'<xs:schema elementFormDefault="qualified" targetNamespace={quoteattr(names.namespace)}>'
        f"{''.join(elements)}{''.join(types)}</xs:schema>"
    )
    parts = {name: (name, f"{name}Response") for name in (*edi, *typed)}
    return _definitions("HealthcareService", names.namespace, schema, parts, address, _BINDINGS)


def write_core_wsdl(address: str) -> bytes:
    """The real-time operation of CORE Connectivity vC2.2.0; the children of its envelopes are unqualified."""
    envelopes = {
        "COREEnvelopeRealTimeRequest": REQUEST_FIELDS,
        "COREEnvelopeRealTimeResponse": RESPONSE_FIELDS,
    }
    # Answers to a broken envelope leave out what could not be read.
    elements = "".join(
        f'<xs:element name="{name}"><xs:complexType><xs:sequence>'
        + "".join(f'<xs:element name="{child}" type="xs:string" minOccurs="0"/>' for child in fields)
        + "</xs:sequence></xs:complexType></xs:element>"
        for name, fields in envelopes.items()
    )
    schema = (
        f'<xs:schema elementFormDefault="unqualified" targetNamespace="{CORE_NAMESPACE}">'
        f"{elements}</xs:schema>"
    )
    parts = {CORE_OPERATION: ("COREEnvelopeRealTimeRequest", "COREEnvelopeRealTimeResponse")}
    return _definitions("CORETransactions", CORE_NAMESPACE, schema, parts, address, {"Soap12": "soap12"})


def _operation_elements(name: str, argument: str, takes: str, gives: str) -> str:
    return _element_of(name, argument, takes) + _element_of(f"{name}Response", f"{name}Result", gives)


def _element_of(name: str, child: str, child_type: str) -> str:
    return (
        f'<xs:element name="{name}"><xs:complexType><xs:sequence>'
        f'<xs:element name="{child}" type="{child_type}" minOccurs="0"/>'
        "</xs:sequence></xs:complexType></xs:element>"
    )


def _response_types(names: SoapNames) -> list[str]:
    def optional(*fields: str) -> list[tuple[str, str, str]]:
        return [(names.of(field), "xs:string", "0") for field in fields]

    def listed(name: str, item: str) -> str:
        return _complex_type(name, [(names.of(item), f"tns:{item}", "0")], most="unbounded")

    tables = [("Benefits", "Benefit"), ("EffectiveBenefits", "EffectiveBenefit"), ("Errors", "Error")]
    response = [
        *optional(*_TEXT_FIELDS),
        *((names.of(table), f"tns:ArrayOf{item}", "0") for table, item in tables),
    ]
    return [
        _complex_type("EligibilityResponse", response),
        *(listed(f"ArrayOf{item}", item) for _, item in tables),
        _complex_type("Benefit", optional(*_BENEFIT_FIELDS)),
        _complex_type("EffectiveBenefit", optional("ServiceTypeCode", "CopayAmount", "CoinsurancePercent")),
        _complex_type("Error", optional("ErrorCode", "ErrorText")),
    ]


def _complex_type(name: str, fields: list[tuple[str, str, str]], *, most: str = "1") -> str:
    children = "".join(
        f'<xs:element name="{field}" type="{kind}" minOccurs="{least}" maxOccurs="{most}"/>'
        for field, kind, least in fields
    )
    return f'<xs:complexType name="{name}"><xs:sequence>{children}</xs:sequence></xs:complexType>'


def _definitions(
    service: str,
    namespace: str,
    schema: str,
    parts: dict[str, tuple[str, str]],
    address: str,
    bindings: dict[str, str],
) -> bytes:
    """Document/literal all through; `parts` gives each operation its request and response element."""
    messages = "".join(
        f'<w:message name="{name}{way}"><w:part name="parameters" element="tns:{element}"/></w:message>'
        for name, elements in parts.items()
        for way, element in zip(("In", "Out"), elements, strict=True)
    )
    port_type = "".join(
        f'<w:operation name="{name}"><w:input message="tns:{name}In"/>'
        f'<w:output message="tns:{name}Out"/></w:operation>'
        for name in parts
    )
    text = (
        '<?xml version="1.0" encoding="utf-8"?>'
        '<w:definitions xmlns:w="http://schemas.xmlsoap.org/wsdl/"'
        ' xmlns:soap="http://schemas.xmlsoap.org/wsdl/soap/"'
        ' xmlns:soap12="http://schemas.xmlsoap.org/wsdl/soap12/"'
        ' xmlns:xs="http://www.w3.org/2001/XMLSchema"'
        f" xmlns:tns={quoteattr(namespace)} targetNamespace={quoteattr(namespace)}>"
        f"<w:types>{schema}</w:types>{messages}"
        f'<w:portType name="{service}PortType">{port_type}</w:portType>'
        + "".join(_binding(service, name, prefix, namespace, parts) for name, prefix in bindings.items())
        + f'<w:service name="{service}">'
        + "".join(_port(service, name, prefix, address) for name, prefix in bindings.items())
        + "</w:service></w:definitions>"
    )
    return text.encode()


def _binding(service: str, name: str, prefix: str, namespace: str, parts: dict[str, tuple[str, str]]) -> str:
    body = f'<{prefix}:body use="literal"/>'
    operations = "".join(
        f'<w:operation name="{operation}">'
        f'<{prefix}:operation soapAction="{_action(namespace, operation)}" style="document"/>'
        f"<w:input>{body}</w:input><w:output>{body}</w:output></w:operation>"
        for operation in parts
    )
    return (
        f'<w:binding name="{service}{name}" type="tns:{service}PortType">'
        f'<{prefix}:binding transport="http://schemas.xmlsoap.org/soap/http"/>{operations}</w:binding>'
    )


def _action(namespace: str, operation: str) -> str:
    # CORE names its action without a namespace.
    return operation if operation == CORE_OPERATION else escape(namespace) + operation


def _port(service: str, name: str, prefix: str, address: str) -> str:
    return (
        f'<w:port name="{service}{name}" binding="tns:{service}{name}">'
        f"<{prefix}:address location={quoteattr(address)}/></w:port>"
    )
