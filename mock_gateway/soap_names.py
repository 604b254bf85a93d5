"""Names on the SOAP wire that no public document shows: each has a default, labelled, and can be set."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

# [I] The namespace is unknown; calls are answered in the one that they come in, this is what the WSDL says.
DEFAULT_NAMESPACE = "http://www.instamed.com/"
# [I] No real-time operation for claim status has been seen.
DEFAULT_CLAIM_STATUS_OPERATION = "DoClaimStatusInquiryEDI"

EDI_OPERATION = "DoEligibilityInquiryEDI"
OBJECT_OPERATION = "DoEligibilityInquiry"
ENHANCED_OPERATION = "DoEligibilityInquiryEnhanced"
EDI_ARGUMENT = "requestEDI"

# [X] The fields of the typed response could not be read. The first three are names of the batch format
# (its records pair with requests by trace number), the rest follows the published code vocabularies.
RESPONSE_NAMES = (
    "TraceNumber",
    "CoverageLevel",
    "EligibilityText",
    "SystemStatus",
    "SubscriberID",
    "Benefits",
    "Benefit",
    "BenefitCode",
    "ServiceTypeCode",
    "TimePeriodQualifier",
    "Amount",
    "Percent",
    "InNetwork",
    "EffectiveBenefits",
    "EffectiveBenefit",
    "CopayAmount",
    "CoinsurancePercent",
    "Errors",
    "Error",
    "ErrorCode",
    "ErrorText",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SoapNames:
    """`response` renames fields of the typed response: default name to wanted name."""

    namespace: str = DEFAULT_NAMESPACE
    claim_status_operation: str = DEFAULT_CLAIM_STATUS_OPERATION
    response: Mapping[str, str] = field(default_factory=dict)

    def of(self, default: str) -> str:
        """What a response field is called on the wire."""
        return self.response.get(default, default)
