"""Small plans, people and transactions to test with."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from loadtests.people import Card, Charge, Person
from loadtests.run_plan import RunPlan
from loadtests.transaction import WIRE_OF_KIND, Reply, Transaction, identify
from loadtests.wires.credentials import Credentials
from scenarios.kinds import Kind
from scenarios.loading import load_sla
from scenarios.scenario import Scenario
from scenarios.target import Target

NONCE = "k3x9ab"
CREDENTIALS = Credentials(
    rest_api_key="the-key", rest_api_secret="the-secret", basic_user="joe", basic_password="p:w"
)
PERSON = Person(
    first_name="ALEX",
    last_name="BIRCH",
    birth_date="19630519",
    gender="F",
    member_id="W012345678",
    payer_place=3,
    payer_id="PAYER03",
    provider_npi="1234567893",
)
CHARGE = Charge(
    card=Card(number="4111111111111111", expiration="12/29", verification="123"), amount_cents=12_345
)


def phase(rate_per_s: float = 40, duration: str = "50s", arrivals: str = "poisson") -> dict[str, Any]:
    return {"shape": "constant", "rate_per_s": rate_per_s, "duration": duration, "arrivals": arrivals}


def scenario(*phases: dict[str, Any], **changes: Any) -> Scenario:
    """The shipped smoke scenario's shape with other phases or keys."""
    content = {
        "name": "small",
        "purpose": "a test",
        "assurance": "smoke",
        "seed": 7,
        "phases": phases or (phase(),),
        "journeys": {"eligibility_only": 65, "card_sale_only": 35},
    }
    return Scenario.model_validate({**content, **changes})


def target(base_url: str = "http://127.0.0.1:9", **changes: Any) -> Target:
    return Target(name="local").at(base_url).model_copy(update=changes)


def run_plan(*phases: dict[str, Any], **changes: Any) -> RunPlan:
    declared = scenario(*phases, **changes)
    return RunPlan(
        scenario=declared, slas=(load_sla("instamed"),), target=target(), seed=declared.seed, nonce=NONCE
    )


def transaction(
    kind: Kind = Kind.CARD_SALE, *, root: int = 5, attempt: int = 0, **changes: Any
) -> Transaction:
    arrival = root * 256
    made = Transaction(
        arrival=arrival,
        attempt=attempt,
        kind=kind,
        wire=WIRE_OF_KIND[kind],
        person=PERSON,
        charge=CHARGE if kind is Kind.CARD_SALE else None,
        identifiers=identify(NONCE, arrival, attempt),
    )
    return replace(made, **changes)


def reply(body: bytes | str, status: int = 200) -> Reply:
    return Reply(status=status, body=body.encode() if isinstance(body, str) else body)
