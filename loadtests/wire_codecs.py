"""Which functions build the call and read the reply of each kind, on the wire that the target gives it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from loadtests.custom_module import CustomModule
from loadtests.transaction import Call, Classified, Reply, Transaction
from loadtests.wires import (
    claim_status,
    core_envelope,
    nvp,
    rest,
    rest_operations,
    soap_edi,
    soap_object,
)
from loadtests.wires.credentials import Credentials
from scenarios.kinds import AnyKind, Kind, Wire
from scenarios.target import Target

Build = Callable[[Transaction, Target, Credentials], Call]
Classify = Callable[[Transaction, Reply], Classified]


@dataclass(frozen=True, slots=True)
class Codec:
    """How one kind travels."""

    build_call: Build
    classify_reply: Classify


_OF_WIRE = {
    Wire.REST: Codec(rest_operations.build_call, rest_operations.classify_reply),
    Wire.NVP: Codec(nvp.build_call, nvp.classify_reply),
    Wire.SOAP_OBJECT: Codec(soap_object.build_call, soap_object.classify_reply),
    Wire.SOAP_EDI: Codec(soap_edi.build_call, soap_edi.classify_reply),
    Wire.CORE_SOAP: Codec(core_envelope.build_call, core_envelope.classify_reply),
}
# Kinds that have a module of their own on a wire.
_OF_KIND = {
    (Wire.REST, Kind.CARD_SALE): Codec(rest.build_call, rest.classify_reply),
    (Wire.SOAP_EDI, Kind.CLAIM_STATUS): Codec(claim_status.build_call, claim_status.classify_reply),
}


def load_codecs(target: Target) -> dict[AnyKind, Codec]:
    """The codec of every kind at a target, the user's own among them. Raises DeclarationError for a faulty module."""
    codecs: dict[AnyKind, Codec] = {}
    for kind in Kind:
        wire = target.wire_of(kind)
        codecs[kind] = _OF_KIND.get((wire, kind), _OF_WIRE[wire])
    for own, declared in zip(target.custom_kinds, target.custom, strict=True):
        module = CustomModule(declared.module, target)
        codecs[own] = Codec(module.build_call, module.classify_reply)
    return codecs
