"""The scenario: declared traffic. It says what is sent and when, and nothing about how it went."""

from __future__ import annotations

from collections import Counter
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic_core import PydanticCustomError

from scenarios.arrival_rate import Phase
from scenarios.duration import Duration, duration_text, parse_duration
from scenarios.errors import Problem
from scenarios.follow_ups import FollowUps, Retries, Think
from scenarios.journeys import FIRST_KINDS, JOURNEY_NAMES, STEPS
from scenarios.kinds import FIRST_CUSTOM_KIND, MOST_CUSTOM_KINDS
from scenarios.maintenance import Maintenance
from scenarios.members import MembersFile
from scenarios.spelling import did_you_mean

_strict = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

# [A] Zipf-like: the five largest payers carry 60 % of the volume, twenty small ones 2 % each.
ZIPF_PAYER_SHARES = (0.20, 0.14, 0.11, 0.08, 0.07, *(0.02,) * 20)


def _known_journey(name: str) -> str:
    if name not in JOURNEY_NAMES:
        raise PydanticCustomError(
            "journey", "{text}", {"text": f"unknown journey; {did_you_mean(name, JOURNEY_NAMES)}"}
        )
    return name


class PayerShare(BaseModel):
    """A payer and the weight of its volume."""

    model_config = _strict

    id: Annotated[str, Field(min_length=1, max_length=7, pattern=r"^[A-Z0-9]+$")]
    share: Annotated[float, Field(gt=0)]


class People(BaseModel):
    """Who the transactions are for. Everybody is synthetic, unless a sandbox's own test members are named."""

    model_config = _strict

    payers: Literal["zipf"] | Annotated[tuple[PayerShare, ...], Field(min_length=1, max_length=65_000)] = (
        "zipf"
    )
    # [A] A quarter of inquiries; nobody invents dependents of members that a sandbox knows.
    dependents_share: Annotated[float, Field(ge=0, le=1)] = 0.25
    members: MembersFile | None = None

    @property
    def payer_ids(self) -> tuple[str, ...]:
        """The payers that can occur, in the order of their places in rows."""
        if self.members is not None:
            return self.members.read().payer_ids
        return tuple(payer.id for payer in self.payer_shares)

    @property
    def payer_shares(self) -> tuple[PayerShare, ...]:
        """Payers with their weights, the default spelled out."""
        if isinstance(self.payers, tuple):
            return self.payers
        return tuple(
            PayerShare(id=f"PAYER{place:02d}", share=share)
            for place, share in enumerate(ZIPF_PAYER_SHARES, 1)
        )


class Money(BaseModel):
    """How often a card is declined or approved in part. Test amounts bring it about: .05 declines, .10 in part."""

    model_config = _strict

    declined_share: Annotated[float, Field(ge=0, le=1)] = (
        0.05  # [A] between card present 3 % and not present 12 %
    )
    partial_share: Annotated[float, Field(ge=0, le=1)] = 0.01  # [A]


class Scenario(BaseModel):
    """Declared traffic: phases of arrival rate, weighted journeys, people, seed, warm-up."""

    model_config = _strict

    name: Annotated[str, Field(min_length=1, max_length=60, pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$")]
    purpose: Annotated[str, Field(min_length=1)]
    assurance: Literal["acceptance", "smoke"]
    seed: Annotated[int, Field(ge=0, lt=2**63)] = 1
    warm_up: Duration = 0.0
    longest_stall: Annotated[Duration, Field(gt=0)] | None = None
    load_cycle: Annotated[Duration, Field(gt=0)] | None = None  # the rate repeats after this long, by design
    phases: Annotated[tuple[Phase, ...], Field(min_length=1)]
    # may be left out where every phase is a trace: then loading counts them there; or where custom ones stand
    journeys: dict[Annotated[str, AfterValidator(_known_journey)], Annotated[float, Field(gt=0)]] = {}
    # weights of one-step journeys of the target's own kinds, beside the others
    custom_journeys: Annotated[
        dict[str, Annotated[float, Field(gt=0)]], Field(max_length=MOST_CUSTOM_KINDS)
    ] = {}
    maintenance: tuple[Maintenance, ...] = ()
    people: People = People()
    money: Money = Money()
    think: Think = Think()
    follow_ups: FollowUps = FollowUps()
    retries: Retries = Retries()

    @property
    def length_s(self) -> float:
        """Planned length in seconds, warm-up included, drain not."""
        return sum(phase.length_s for phase in self.phases)

    @property
    def peak_per_s(self) -> float:
        """Highest planned arrival rate."""
        return max(phase.peak_per_s for phase in self.phases)

    @property
    def journey_weights(self) -> tuple[tuple[int, float], ...]:
        """Journeys with their weights, in the order of their numbers; a custom one's is 100 and its place by name."""
        known = sorted((JOURNEY_NAMES[name], weight) for name, weight in self.journeys.items())
        own = (
            (FIRST_CUSTOM_KIND + place, self.custom_journeys[name])
            for place, name in enumerate(self.custom_journey_names)
        )
        return (*known, *own)

    @property
    def custom_journey_names(self) -> tuple[str, ...]:
        """The target's own kinds that are weighed here, by name."""
        return tuple(sorted(self.custom_journeys))

    def step_count(self, journey: int) -> int:
        """Transactions of one root arrival, where every answer leads on and none is tried again."""
        return 1 + len(self.follow_ups.course(journey))

    @property
    def may_follow(self) -> bool:
        """Whether anything is sent because of an answer: a journey's next step, or a retry."""
        return bool(self.retries.declared) or any(
            self.step_count(journey) > 1 for journey, _ in self.journey_weights
        )

    def scaled(self, *, rate: float = 1.0, time: float = 1.0) -> Scenario:
        """The same traffic with every rate and every phase's length multiplied; the warm-up stays."""
        return self.model_copy(
            update={"phases": tuple(phase.scaled(rate=rate, time=time) for phase in self.phases)}
        )

    def describe(self) -> list[str]:
        """The scenario in sentences."""
        weights = self.journeys | self.custom_journeys
        total = sum(weights.values())
        kinds = {kind.text for name in self.journeys for kind in STEPS[JOURNEY_NAMES[name]]}
        kinds |= set(self.custom_journeys)
        mix = ", ".join(f"{weight / total:.0%} {name}" for name, weight in weights.items())
        sentences = [f"{self.name}: {self.purpose}", *(phase.describe() for phase in self.phases)]
        sentences.append(f"Journeys: {mix} ({', '.join(sorted(kinds))}).")
        sentences += [*self._describe_follow_ups(), *self.retries.describe()]
        if self.people.members is not None:
            sentences.append(f"People: {self.people.members.count} members of {self.people.members.file}.")
        if self.warm_up:
            sentences.append(f"The first {duration_text(self.warm_up)} are warm-up and are not judged.")
        return [*sentences, *(each.describe() for each in self.maintenance)]

    def _describe_follow_ups(self) -> list[str]:
        sentences = []
        for name in self.journeys:
            text = FIRST_KINDS[JOURNEY_NAMES[name]].text
            course = self.follow_ups.course(JOURNEY_NAMES[name])
            for step, times in Counter(course).items():  # in order, as a counter keeps them
                kinds = " or ".join(kind.text for kind in step.kinds)
                often = f"{times} times " if times > 1 else ""
                text += f", then {often}{kinds} after {self.think.of(step.think).describe()}"
            if course:
                sentences.append(
                    f"{name}: {text}; each step only where the one before was answered as hoped."
                )
        return sentences


def scenario_cross_checks(raw: dict[str, object]) -> list[Problem]:
    """Problems between keys, found on the raw file so that they are listed with all the others."""
    found = (_warm_up_problem(raw), _journeys_problem(raw), _money_problem(raw), _members_problem(raw))
    return [problem for problem in found if problem is not None] + _found_problems(raw)


def _members_problem(raw: dict[str, object]) -> Problem | None:
    people = raw.get("people")
    if not isinstance(people, dict) or "members" not in people:
        return None
    invented = [key for key in ("payers", "dependents_share") if key in people]
    if not invented:
        return None
    message = f"members come with their own payers and without invented dependents; leave out {' and '.join(invented)}"
    return Problem(where="people", message=message)


def warm_up_problem(warm_up: float, length: float) -> Problem | None:
    """What is wrong with a warm-up of so many seconds in phases of so many."""
    if not length or warm_up < length:
        return None
    message = f"must be shorter than the phases together ({duration_text(length)}), or nothing is judged"
    return Problem(where="warm_up", message=f"{message} (got {duration_text(warm_up)})")


def _warm_up_problem(raw: dict[str, object]) -> Problem | None:
    phases = raw.get("phases")
    try:
        warm_up = parse_duration(raw.get("warm_up", "0s"))
        length = (
            sum(parse_duration(phase.get("duration")) for phase in phases)
            if isinstance(phases, list)
            else 0.0
        )
    except (ValueError, AttributeError):
        return None  # listed already, each at its own key; or a length that only loading finds
    return warm_up_problem(warm_up, length)


def _journeys_problem(raw: dict[str, object]) -> Problem | None:
    phases = raw.get("phases")
    shapes = (
        [phase.get("shape") for phase in phases if isinstance(phase, dict)]
        if isinstance(phases, list)
        else []
    )
    if (
        raw.get("journeys")
        or raw.get("custom_journeys")
        or (shapes and all(shape == "trace" for shape in shapes))
    ):
        return None
    message = f"is required, with a weight for each; known: {', '.join(sorted(JOURNEY_NAMES))}"
    return Problem(where="journeys", message=message)


def _found_problems(raw: dict[str, object]) -> list[Problem]:
    phases = raw.get("phases")
    return [
        Problem(where=f"phases[{place}].found", message="is what loading finds in the trace; leave it out")
        for place, phase in enumerate(phases if isinstance(phases, list) else [])
        if isinstance(phase, dict) and "found" in phase
    ]


def _money_problem(raw: dict[str, object]) -> Problem | None:
    money = raw.get("money")
    if not isinstance(money, dict):
        return None
    try:
        shares = [float(money.get("declined_share", 0.05)), float(money.get("partial_share", 0.01))]
    except (TypeError, ValueError):
        return None  # listed already, each at its own key
    if not sum(shares) > 1:
        return None
    return Problem(
        where="money",
        message=f"declined_share and partial_share together must be 1 or less (got {sum(shares):g})",
    )
