"""What the payers know of their members: the same member gets the same answer in every run."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from enum import Enum
from itertools import product
from random import Random

from mock_gateway.gateway_profile import PAYER_SIDE_CODES, Answers


class Coverage(Enum):
    ACTIVE = "active"
    INACTIVE = "inactive"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True, kw_only=True)
class Benefits:
    """A member's answer: `reject_code` (AAA03) if rejected, else the EB segments as element lists."""

    coverage: Coverage
    reject_code: str = ""
    segments: tuple[tuple[str, ...], ...] = ()

    @property
    def is_payer_side(self) -> bool:
        """Whether the payer itself is the reason, so that nothing was looked up."""
        return self.reject_code in PAYER_SIDE_CODES


_PLANS = ("GOLD 123 PLAN", "SILVER CHOICE PPO", "BRONZE SAVER HSA", "COMMUNITY HMO", "MEDICARE ADVANTAGE 7")
_COVERED = ("1", "33", "35", "47", "48", "50", "86", "88", "98", "AL", "MH", "UC")
# Copay and coinsurance may depend on the network, so each service type comes up to four times.
_COST_SHARES = tuple(product(("B", "A"), ("Y", "N"), ("98", "UC", "86", "33", "MH", "AL", "48", "50")))
_FEWEST_EXTRA = 3
_MOST_EXTRA = 45


def look_up_benefits(member_key: str, service_type: str, answers: Answers) -> Benefits:
    """What the payer answers about the member; decided by the key alone, at the declared rates."""
    random = Random(hashlib.blake2b(member_key.encode(), digest_size=8).digest())
    fate = random.random()
    if fate < answers.rejected:
        return Benefits(coverage=Coverage.REJECTED, reject_code=_pick_code(random, answers.rejections))
    if fate < answers.rejected + answers.inactive:
        return Benefits(coverage=Coverage.INACTIVE, segments=(("EB", "6", "", service_type),))
    return Benefits(coverage=Coverage.ACTIVE, segments=_active_benefits(random, service_type))


def _pick_code(random: Random, rejections: dict[str, float]) -> str:
    return random.choices(list(rejections), weights=list(rejections.values()))[0]


def _active_benefits(random: Random, service_type: str) -> tuple[tuple[str, ...], ...]:
    plan = random.choice(_PLANS)
    deductible = random.randrange(250, 4001, 250)
    maximum = deductible + random.randrange(1000, 6001, 500)
    pool: list[tuple[str, ...]] = [
        ("EB", "C", "IND", "30", "", "", "23", str(deductible), "", "", "", "", "Y"),
        ("EB", "C", "IND", "30", "", "", "29", str(deductible * 2 // 5), "", "", "", "", "Y"),
        ("EB", "G", "IND", "30", "", "", "23", str(maximum), "", "", "", "", "Y"),
        ("EB", "G", "IND", "30", "", "", "29", str(maximum * 4 // 5), "", "", "", "", "Y"),
    ]
    pool += [("EB", "1", "", code) for code in _COVERED]
    pool += [_cost_share(random, *share) for share in _COST_SHARES]
    # Most answers are short and a few are long, as real payers' are.
    extra = min(_MOST_EXTRA, _FEWEST_EXTRA + int(random.lognormvariate(2.2, 0.8)))
    return (("EB", "1", "", service_type, "", plan), *pool[:extra])


def _cost_share(random: Random, benefit: str, in_network: str, service_type: str) -> tuple[str, ...]:
    if benefit == "B":
        copay = str(random.randrange(10, 260, 5))
        return ("EB", "B", "IND", service_type, "", "", "27", copay, "", "", "", "", in_network)
    fraction = random.choice((".1", ".2", ".3", ".4"))
    return ("EB", "A", "IND", service_type, "", "", "", "", fraction, "", "", "", in_network)
