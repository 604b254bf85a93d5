"""The REST bodies as schemas: what /openapi.json promises.

The routes read bodies by hand, which is several times faster; a test holds the two together.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from mock_gateway.cards import CVN_PATTERN, NUMBER_PATTERN

Name = Annotated[str, Field(min_length=1, max_length=50, pattern="[^ ]")]
ShortText = Annotated[str, Field(max_length=50)]
Identity = Annotated[str, Field(min_length=1, max_length=50, pattern="[^ ]")]
# Some digit must not be zero; pydantic's own patterns cannot look ahead.
_AMOUNT_TEXT = r"^(?=.*[1-9])[0-9]{1,12}(\.[0-9]{1,2})?$"
AskedAmount = (
    Annotated[float, Field(gt=0, lt=1e12, description="dollars, not finer than a cent")]
    | Annotated[
        str, Field(description="dollars and cents, above 0", json_schema_extra={"pattern": _AMOUNT_TEXT})
    ]
)
ResponseCode = Annotated[str, Field(pattern="^[0-9]{3}$")]
TransactionId = Annotated[str, Field(pattern="^[0-9a-f]{32}$")]
Money = Annotated[str, Field(pattern=r"^[0-9]+\.[0-9]{2}$")]


class _Body(BaseModel):
    """Requests may carry more than is read here: addresses, e-mail, device facts."""

    model_config = ConfigDict(extra="allow")


class OutletPart(_Body):
    MerchantID: Name
    StoreID: Name
    TerminalID: Name


class CardPart(_Body):
    EntryMode: Literal["key"]
    CardNumber: Annotated[str, Field(pattern=f"^{NUMBER_PATTERN}$", description="with a right check digit")]
    Expiration: Annotated[str, Field(pattern="^(0[1-9]|1[0-2])/[0-9]{2}$", description="MM/YY, not past")]
    CVN: Annotated[str, Field(pattern=f"^{CVN_PATTERN}$")] | None = None


class PatientPart(_Body):
    AccountNumber: ShortText | None = None
    FirstName: ShortText | None = None
    LastName: ShortText | None = None


class _Payment(_Body):
    Outlet: OutletPart
    Patient: PatientPart | None = None
    AdditionalInfo1: Annotated[str, Field(max_length=100)] | None = Field(
        default=None, description="what the merchant calls this payment"
    )


class CardCharge(_Payment):
    Amount: AskedAmount
    PaymentMethod: Literal["Card"]
    Card: CardPart


class OnFileCharge(_Payment):
    Amount: AskedAmount
    PaymentMethod: Literal["OnFile"]
    PaymentMethodID: Annotated[Identity, Field(description="the PaymentPlanID of a saved card")]


class Capture(_Payment):
    TransactionID: Identity
    Amount: Annotated[AskedAmount | None, Field(description="all that was authorized if absent")] = None


class Void(_Payment):
    TransactionID: Identity


class Refund(_Payment):
    TransactionID: Identity
    Amount: AskedAmount


class PaymentPlan(_Payment):
    PaymentPlanType: Literal["SaveOnFile"]
    PaymentMethod: Literal["Card"]
    Card: CardPart


class _Reply(BaseModel):
    model_config = ConfigDict(extra="forbid")


class ChargeReply(_Reply):
    """Also a decline: TransactionStatus D, HTTP status 200."""

    TransactionID: TransactionId
    TransactionStatus: Literal["C", "A", "D"]
    ResponseCode: ResponseCode
    ResponseMessage: str
    AuthorizationNumber: Annotated[str, Field(pattern="^([0-9A-F]{6})?$")]
    IsPartiallyApproved: bool
    PartialApprovalAmount: int | None = None
    Amount: Money | None = None


class ChangeReply(_Reply):
    TransactionID: TransactionId
    TransactionStatus: Literal["C", "V"]
    ResponseCode: ResponseCode
    ResponseMessage: str
    PrimaryTransactionID: TransactionId
    PrimaryTransactionStatus: Literal["C", "V"]
    Amount: Money | None = None


class CardResultPart(_Reply):
    EntryMode: Literal["key"]
    BINNumber: Annotated[str, Field(pattern="^[0-9]{6}$")]
    ExpirationMonth: Annotated[int, Field(ge=1, le=12)]
    ExpirationYear: int
    LastFour: Annotated[str, Field(pattern="^[0-9]{4}$")]
    Type: Literal["VISA", "MASTERCARD", "AMEX", "DISCOVER", "OTHER"]


class PaymentPlanReply(_Reply):
    PaymentPlanID: TransactionId
    TransactionStatus: Literal["O"]
    ResponseCode: ResponseCode
    ResponseMessage: str
    CardResult: CardResultPart


class FieldErrorReply(_Reply):
    Field: str
    Message: str


class RefusalReply(_Reply):
    """The shape is inferred; only the name FieldErrors has been seen."""

    ResponseCode: ResponseCode
    ResponseMessage: str
    FieldErrors: Annotated[list[FieldErrorReply], Field(min_length=1)]


class MessageReply(_Reply):
    Message: str
