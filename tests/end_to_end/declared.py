"""Small declarations for runs of seconds: traffic, service levels, targets and gateway profiles, written as files."""

from __future__ import annotations

from pathlib import Path

# A clause that no run of minutes can judge, so that none with it ends early.
NEVER_CERTAIN = """
[[clause]]
id = "for-a-month"
strength = "target"
quote = "90 % within the limit, over a month"
measure = "share_within"
limit = "1s"
at_least = 0.90
classes = ["payment"]
needs = { period = "28d" }
"""
EVERY_JOURNEY = {
    "check_in": 30,
    "correction": 20,
    "claim_follow_up": 15,
    "auto_pay": 10,
    "bill_pay": 10,
    "eligibility_only": 15,
}
SHORT_THINKS = "[think]\n" + "\n".join(
    f'{name} = {{ from = "0s", to = "800ms" }}'
    for name in ("copay", "receipt", "on_file_sale", "claim_poll", "instalment", "correction")
)
ELIGIBILITY_AND_SALES = {"eligibility_only": 50, "card_sale_only": 50}


def write_scenario(
    folder: Path,
    *,
    rate_per_s: float = 100,
    duration: str = "5s",
    warm_up: str = "1s",
    journeys: dict[str, int] | None = None,
    more: str = "",
) -> Path:
    """A smoke scenario of one phase; `more` are further tables."""
    path = folder / "traffic.toml"
    weights = "\n".join(f"{name} = {weight}" for name, weight in (journeys or ELIGIBILITY_AND_SALES).items())
    path.write_text(
        f"""
name = "short"
purpose = "Seconds of traffic for a test."
assurance = "smoke"
seed = 7
warm_up = "{warm_up}"
[[phases]]
shape = "constant"
rate_per_s = {rate_per_s}
duration = "{duration}"
[journeys]
{weights}
{more}
""",
        encoding="utf-8",
    )
    return path


def write_sla(folder: Path, *, limit: str = "10s", at_least: float = 0.9, to_the_end: bool = False) -> Path:
    """The transaction clause with a limit and a share of one's own. `to_the_end`: and one that is never certain, nor
    judged here, so that no run ends early because it is sure to pass."""
    path = folder / "sla.toml"
    path.write_text(
        f"""
name = "test"
source = "a test"
[[clause]]
id = "transaction-time"
strength = "target"
quote = "Most within the limit"
measure = "share_within"
limit = "{limit}"
at_least = {at_least}
classes = ["healthcare", "payment"]
{NEVER_CERTAIN if to_the_end else ""}
""",
        encoding="utf-8",
    )
    return path


def write_profile(folder: Path, faults: str = "", *, service_time: str = "50ms") -> Path:
    """A gateway profile with these faults and service times that vary around one, each on its own: where they are all
    equal, what the machine does in between is all that latencies show, and that is not independent."""
    path = folder / "profile.toml"
    path.write_text(
        f"""
name = "test"
purpose = "For a test."
[sale.service_time]
distribution = "lognormal"
median = "{service_time}"
sigma = 0.3
[eligibility.service_time]
distribution = "lognormal"
median = "{service_time}"
sigma = 0.3
{faults}
""",
        encoding="utf-8",
    )
    return path


def write_target(folder: Path, url: str, *, key_variable: str = "TEST_KEY", more: str = "") -> Path:
    """A target on loopback that is not embedded; `more` are further tables."""
    path = folder / "target.toml"
    path.write_text(
        f"""
name = "outside"
[endpoints]
rest = "{url}/rest/payment"
nvp = "{url}/payment/NVP.aspx"
soap_edi = "{url}/healthcare/service.asmx"
[auth]
rest_api_key = {{ env = "{key_variable}" }}
rest_api_secret = {{ env = "MOCK_GATEWAY_API_SECRET" }}
basic_user = {{ env = "MOCK_GATEWAY_USER" }}
basic_password = {{ env = "MOCK_GATEWAY_PASSWORD" }}
{more}
""",
        encoding="utf-8",
    )
    return path
