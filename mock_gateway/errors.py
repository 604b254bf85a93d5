"""What can go wrong here.

GatewayError
├── SettingsError(ValueError)      the command line, the environment or a profile is wrong: exit code 2
├── AmountError(ValueError)        an amount that is not money
├── RefusedError(ValueError)       the state of a payment forbids it: answered with a code of its own
├── StorageError(OSError)          the ledger could not be written: nothing was acknowledged
├── BodyError                      the request body cannot be taken; carries its HTTP status
├── EnvelopeError(ValueError)   the X12 interchange is broken: answered with a TA1
├── InquiryError(ValueError)    the 270 inside it is broken: answered with a 999
├── SoapError(ValueError)       the SOAP message is broken: answered with a SOAP fault
└── CoreError(ValueError)       the CORE envelope is broken: answered with its error code

What a caller sends never raises past its route: it is answered in the caller's own protocol.
"""

from __future__ import annotations


class GatewayError(Exception):
    """Every error of this package."""


class SettingsError(GatewayError, ValueError):
    """The gateway cannot start as asked; the text lists every problem."""


class AmountError(GatewayError, ValueError):
    """The text is not an amount of money in dollars and cents."""


class RefusedError(GatewayError, ValueError):
    """The payment cannot be made or changed; `code` is the response code, `place` the field to blame."""

    def __init__(self, code: str, place: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.place = place


class StorageError(GatewayError, OSError):
    """The ledger could not be written, so the payment was not made."""


class BodyError(GatewayError):
    """The request body is too large or never came; `status` is the HTTP status that says so."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class EnvelopeError(GatewayError, ValueError):
    """The interchange cannot be accepted; `note_code` is the TA105 of the answer."""

    def __init__(self, note_code: str, message: str) -> None:
        super().__init__(message)
        self.note_code = note_code


class InquiryError(GatewayError, ValueError):
    """The functional group or its 270 cannot be accepted; the fields are those of the 999.

    `segment` is (IK301 id, IK302 position counted from ST, IK303 loop, IK304 code), `set_code` is IK502,
    `group_code` AK905.
    """

    def __init__(
        self,
        message: str,
        *,
        segment: tuple[str, int, str, str] | None = None,
        set_code: str = "5",
        group_code: str = "",
    ) -> None:
        super().__init__(message)
        self.segment = segment
        self.set_code = set_code
        self.group_code = group_code


class SoapError(GatewayError, ValueError):
    """The message is not a SOAP call of ours; `version` names the SoapVersion of the answer."""

    def __init__(self, version: str, message: str, *, code: str = "Client") -> None:
        super().__init__(message)
        self.version = version
        self.code = code


class CoreError(GatewayError, ValueError):
    """The CORE envelope cannot be accepted; `code` is the ErrorCode of the answer."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
