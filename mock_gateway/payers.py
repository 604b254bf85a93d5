"""What the payers know of their members: the same member gets the same answer in every run."""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass
from enum import Enum
from itertools import product
from random import Random

from mock_gateway.answer_rates import (
    PAYER_LOOP,
    PAYER_SIDE_CODES,
    Answers,
    BenefitCount,
    place_rejection,
)


class Coverage(Enum):
    ACTIVE = "active"
    INACTIVE = "inactive"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True, kw_only=True)
class Benefits:
    """A member's answer: `reject_code` (AAA03) and its loop if rejected, else the EB segments."""

    coverage: Coverage
    reject_code: str = ""
    reject_loop: str = ""
    segments: tuple[tuple[str, ...], ...] = ()

    @property
    def is_payer_side(self) -> bool:
        """Whether the payer itself is the reason, so that nothing was looked up."""
        return self.reject_loop == PAYER_LOOP and self.reject_code in PAYER_SIDE_CODES


PAYER_DOWN = Benefits(coverage=Coverage.REJECTED, reject_code="42", reject_loop=PAYER_LOOP)


_PLANS = ("GOLD 123 PLAN", "SILVER CHOICE PPO", "BRONZE SAVER HSA", "COMMUNITY HMO", "MEDICARE ADVANTAGE 7")
_COVERED = ("1", "33", "35", "47", "48", "50", "86", "88", "98", "AL", "MH", "UC")
_FRACTIONS = (".1", ".2", ".3", ".4")
_PRICED = ("98", "UC", "86", "33", "MH", "AL", "48", "50")
# Beyond the common benefits a rich plan lists coinsurance and copay of many more service types.
_RARE = (
    *("2", "4", "5", "6", "7", "8", "9", "12", "13", "18", "20", "40", "42", "45"),
    *("51", "52", "53", "62", "65", "68", "73", "76", "78", "80", "81", "82", "93", "99"),
    *("AI", "A3", "A6", "A7", "AJ", "AD", "AE", "AF", "AG", "BB", "BG", "BV", "BW"),
)
# Copay and coinsurance may depend on the network, so each service type comes up to four times.
_COST_SHARES = (
    *product(("B", "A"), ("Y", "N"), _PRICED),
    *((benefit, network, code) for code in _RARE for benefit in ("B", "A") for network in ("Y", "N")),
)


def look_up_benefits(member_key: str, service_type: str, answers: Answers) -> Benefits:
    """What the payer answers about the member; decided by the key alone, at the declared rates."""
    random = Random(hashlib.blake2b(member_key.encode(), digest_size=8).digest())
    fate = random.random()
    if fate < answers.rejected:
        loop, code = place_rejection(_pick_rejection(random, answers.rejections))
        return Benefits(coverage=Coverage.REJECTED, reject_code=code, reject_loop=loop)
    if fate < answers.rejected + answers.inactive:
        return Benefits(coverage=Coverage.INACTIVE, segments=(("EB", "6", "", service_type),))
    segments = _active_benefits(random, service_type, answers.benefits)
    return Benefits(coverage=Coverage.ACTIVE, segments=segments)


def _pick_rejection(random: Random, rejections: dict[str, float]) -> str:
    return random.choices(list(rejections), weights=list(rejections.values()))[0]


def _active_benefits(random: Random, service_type: str, size: BenefitCount) -> tuple[tuple[str, ...], ...]:
    plan = random.choice(_PLANS)
    deductible = random.randrange(250, 4001, 250)
    maximum = deductible + random.randrange(1000, 6001, 500)
    benefits: list[tuple[str, ...]] = [
        ("EB", "1", "", service_type, "", plan),
        ("EB", "C", "IND", "30", "", "", "23", str(deductible), "", "", "", "", "Y"),
        ("EB", "C", "IND", "30", "", "", "29", str(deductible * 2 // 5), "", "", "", "", "Y"),
        ("EB", "G", "IND", "30", "", "", "23", str(maximum), "", "", "", "", "Y"),
        ("EB", "G", "IND", "30", "", "", "29", str(maximum * 4 // 5), "", "", "", "", "Y"),
    ]
    # Most answers are short and a few are long, as real payers' are.
    drawn = int(random.lognormvariate(math.log(size.median), size.sigma))
    count = min(size.most, max(size.least, drawn))
    benefits += [("EB", "1", "", code) for code in _COVERED]
    shares = _COST_SHARES[: max(0, count - len(benefits))]
    benefits += [_cost_share(random, *share) for share in shares]
    return tuple(benefits[:count])


def _cost_share(random: Random, benefit: str, in_network: str, service_type: str) -> tuple[str, ...]:
    if benefit == "B":
        copay = str(10 + 5 * int(random.random() * 50))
        return ("EB", "B", "IND", service_type, "", "", "27", copay, "", "", "", "", in_network)
    fraction = _FRACTIONS[int(random.random() * 4)]
    return ("EB", "A", "IND", service_type, "", "", "", "", fraction, "", "", "", in_network)
