"""What nobody outside knows of the real gateway's payments, as settings with a labelled default.

The profile table `[payments]`. [I] marks a default that is inferred, [X] one without any evidence.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from mock_gateway.durations import Duration, PositiveDuration

ErrorStatus = Annotated[int, Field(ge=400, le=499)]
Code = Annotated[str, Field(pattern=r"^[0-9]{3}$")]


class PaymentFacts(BaseModel):
    """Each default is what the mock does until a sandbox shows otherwise."""

    model_config = ConfigDict(strict=True, frozen=True, extra="forbid", allow_inf_nan=False)

    # [X] No client is seen calling /rest/payment/capture, nor NVP Capt; on here so that it can be rehearsed.
    capture: bool = True
    # [I] HTTP status of a REST request that is invalid or refused; 400 may be a client's own wrapping.
    refusal_status: ErrorStatus = 400
    # [I] The public list has 5 for declined; three digits by analogy with 000 and 010.
    decline_code: Code = "005"
    # [I] Without a partial approval the field PartialApprovalAmount is null; it may be absent instead.
    absent_partial_amount: Literal["null", "absent"] = "null"
    # [I] Status of a REST void itself, by analogy with NVP; V is the other reading.
    rest_void_status: Literal["C", "V"] = "C"
    # [X] No duplicate check is documented: off. On, the same card, amount and invoice is refused for so long.
    duplicate_window: Duration = 0.0
    # [I] 94 is duplicate transmission in ISO 8583; the public list breaks off before it.
    duplicate_code: Code = "094"
    # [X] Voids end once funds transfer begins, timing varies: without a value they never do.
    void_within: PositiveDuration | None = None
    # [I] HTTP status of an NVP error; clients read errorCode from bodies that came without an HTTP error.
    nvp_error_status: Literal[200, 400, 500] = 200
    # [I] Samples are shown un-encoded; false sends spaces and $ raw as they show them.
    nvp_encodes_values: bool = True
    # Both cases are seen, so callers must not care.
    nvp_id_case: Literal["lower", "upper"] = "lower"
    # APPROVED is in the documentation, VOIDED is what one client waits for.
    nvp_void_message: Literal["APPROVED", "VOIDED"] = "APPROVED"
