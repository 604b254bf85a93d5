"""What a payer's side may say to an inquiry: 271, 999 and TA1, well-formed unless a test breaks them."""

from __future__ import annotations

TRACE_ORIGIN = "9SLAGATE00"


def interchange(*body: str, functional: str = "HB", kind: str = "271", control: int = 41) -> str:
    """One transaction set in its envelopes."""
    segments = [f"ST*{kind}*0001*005010X279A1", *body]
    return enveloped(
        f"GS*{functional}*PAYER*SLAGATE*20261120*1430*{control}*X*005010X279A1",
        *segments,
        f"SE*{len(segments) + 1}*0001",
        f"GE*1*{control}",
        control=control,
        groups=1,
    )


def enveloped(*segments: str, control: int = 41, groups: int = 0) -> str:
    """Segments between ISA and IEA."""
    isa = (
        f"ISA*00*{'':10}*00*{'':10}*ZZ*{'PAYER':15}*ZZ*{'SLAGATE':15}*261120*1430*^*00501*{control:09d}*0*T*:"
    )
    return "~".join([isa, *segments, f"IEA*{groups}*{control:09d}", ""])


def benefits_271(
    trace: str,
    *details: str,
    reference: str | None = None,
    origin: str = TRACE_ORIGIN,
    surname: str = "BIRCH",
    member: str = "W012345678",
    more_traces: tuple[str, ...] = (),
) -> str:
    """A 271 down to the subscriber; `details` follow its name (EB or AAA)."""
    return interchange(
        f"BHT*0022*11*{reference or trace}*20261120*1430",
        "HL*1**20*1",
        "NM1*PR*2*TEST PAYER*****PI*PAYER03",
        "HL*2*1*21*1",
        "NM1*1P*2*LOAD CLINIC*****XX*1234567893",
        "HL*3*2*22*0",
        f"TRN*2*{trace}*{origin}",
        *more_traces,
        f"NM1*IL*1*{surname}*ALEX****MI*{member}",
        *details,
    )


def payer_level_271(reference: str, reason: str) -> str:
    """A 271 that is rejected at the payer's level: no subscriber, no trace."""
    return interchange(
        f"BHT*0022*11*{reference}*20261120*1430",
        "HL*1**20*0",
        "NM1*PR*2*TEST PAYER*****PI*PAYER03",
        f"AAA*Y**{reason}*R",
    )


def rejection_999(control: int) -> str:
    """A 999 that rejects the functional group with this control number."""
    return interchange(
        f"AK1*HS*{control}*005010X279A1",
        "AK2*270*0001*005010X279A1",
        "IK3*DMG*10*2100*8",
        "IK4*2*1251*8*19630599",
        "IK5*R*5",
        "AK9*R*1*1*0",
        functional="FA",
        kind="999",
    )


def rejection_ta1(control: int) -> str:
    """A TA1 that rejects the interchange with this control number."""
    return enveloped(f"TA1*{control:09d}*261120*1430*R*025")
