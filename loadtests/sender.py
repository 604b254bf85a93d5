"""Sends one arrival and leaves exactly one row, whatever happens in between."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from loadtests.clock import RunClock
from loadtests.custom_module import CustomModuleError
from loadtests.http_client import Client, ConnectionFailedError, NoAnswerInTimeError, UnreadableReplyError
from loadtests.locust_statistics import Failure
from loadtests.pacing import Due
from loadtests.parties import Parties
from loadtests.recorder import ObservationFields, Recorder
from loadtests.run_plan import RunPlan
from loadtests.succession import Succession
from loadtests.tally import Tally
from loadtests.transaction import Call, Classified, Earlier, Reply, Transaction
from loadtests.transactions import Transactions
from loadtests.upcoming import Step
from loadtests.wire_codecs import load_codecs
from loadtests.wires.credentials import Credentials
from scenarios.kinds import Kind
from scenarios.observation import ANSWERS, NEVER, Outcome
from scenarios.trace_context import traceparent_line

_FAILURES: dict[type[Exception], Outcome] = {
    NoAnswerInTimeError: Outcome.TIMEOUT,
    ConnectionFailedError: Outcome.CONNECTION,
    UnreadableReplyError: Outcome.ERROR,
}
_FAULTS = tuple(_FAILURES)
_NOTHING = Reply(status=0, body=b"")
_CUT_OFF = Classified(outcome=Outcome.IN_FLIGHT, detail="cut off at the end of the run")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """What other listeners of Locust's `request` event than its own statistics are told of an attempt."""

    wire: str
    kind: str
    url: str
    started_ns: int
    response_ms: float
    reply_bytes: int
    failure: str | None


def _year(epoch_ns: int) -> int:
    return datetime.fromtimestamp(epoch_ns / 1e9, UTC).year


class Sender:
    """Turns arrivals that came due into calls, replies into outcomes, and both into rows."""

    def __init__(
        self,
        plan: RunPlan,
        credentials: Credentials,
        clock: RunClock,
        recorder: Recorder,
        tally: Tally,
        expect: Callable[[int, Step], None] | None = None,
    ) -> None:
        """`expect` is told of each follow-up and retry, and when it is due."""
        self._plan = plan
        self._target, self._nonce = plan.target, plan.nonce
        self._succession = plan.succession if expect is not None else None
        self._expect = expect
        self._credentials = credentials
        self._clock = clock
        self._recorder = recorder
        self._tally = tally
        codecs = load_codecs(plan.target)
        self._build_call = {kind: codec.build_call for kind, codec in codecs.items()}
        self._classify = {kind: codec.classify_reply for kind, codec in codecs.items()}
        transactions = Transactions(
            plan.scenario,
            plan.target,
            seed=plan.seed,
            nonce=plan.nonce,
            expiration_year=_year(clock.t0_ns) + 3,
        )
        self._parties = Parties(plan, transactions, self._build)
        self._failures: list[Failure] = []

    def fresh_failures(self) -> list[Failure]:
        """The attempts since the last call that were no answers."""
        fresh, self._failures = self._failures, []
        return fresh

    def send(self, client: Client, due: Due, report: Callable[[Sent], None] | None) -> None:
        """One attempt. Its row is written even when the calling greenlet is killed in the middle (IN_FLIGHT)."""
        place, planned_ns, step = due.place, due.planned_ns, due.step
        transaction, call = self._parties.at(place) if step is None else self._later(step)
        if call is None:
            try:
                call = self._build(transaction)
            except CustomModuleError as error:
                return self._unbuilt(due, transaction, str(error), report)
        said, reply = _CUT_OFF, _NOTHING
        started_ns = self._clock.now_ns()
        self._tally.start(transaction.arrival, transaction.kind, planned_ns, started_ns - due.sendable_ns)
        if step is not None and step.attempt:
            self._tally.set_aside(step.arrival)
        try:
            try:
                reply = client.exchange(call)
                said = self._classify[transaction.kind](transaction, reply)
            except _FAULTS as error:
                said = Classified(outcome=_FAILURES[type(error)], detail=str(error))
        finally:
            ended_ns = self._clock.now_ns()
            self._record(due, transaction, said, reply, started_ns, ended_ns)
            if self._succession is not None:
                self._announce(self._succession, place, transaction, said, ended_ns)
            failure = None if said.outcome in ANSWERS else f"{said.outcome.text}: {said.detail}"
            if failure is not None:
                self._failures.append(Failure(transaction.wire, transaction.kind, failure, ended_ns))
            if report is not None:
                report(
                    Sent(
                        wire=transaction.wire.text,
                        kind=transaction.kind.text,
                        url=call.url,
                        started_ns=started_ns,
                        response_ms=(ended_ns - planned_ns) / 1e6,
                        reply_bytes=len(reply.body),
                        failure=failure,
                    )
                )

    def _later(self, step: Step) -> tuple[Transaction, Call | None]:
        transaction = self._parties.later(step)
        return transaction, self._build(transaction) if step.kind.__class__ is Kind else None

    def _announce(
        self, succession: Succession, place: int, transaction: Transaction, said: Classified, ended_ns: int
    ) -> None:
        """Say what follows this attempt, if anything does, with what it needs to know of it."""
        journey = int(self._plan.arrivals.journey[place])
        arrival, attempt = transaction.arrival, transaction.attempt
        then = succession.after(journey, arrival, attempt, transaction.kind, said.outcome)
        if then is None or self._expect is None:
            return
        earlier = transaction.earlier
        if not then.attempt:
            token = said.token or (earlier.token if earlier else "")
            earlier = Earlier(
                transaction_id=said.transaction_id, token=token, amount_cents=said.approved_cents
            )
        self._expect(ended_ns + then.wait_ns, Step(place, then.arrival, then.attempt, then.kind, earlier))

    def _build(self, transaction: Transaction) -> Call:
        """The call, marked so that it can be found in the target's own tracing."""
        call = self._build_call[transaction.kind](transaction, self._target, self._credentials)
        call.own_lines += traceparent_line(self._nonce, transaction.arrival, transaction.attempt)
        return call

    def never_sent(
        self, place: int, planned_ns: int, ended_ns: int, own_lag_ms: int, step: Step | None = None
    ) -> None:
        """The row of an arrival that came due and found no user before the run ended."""
        if step is None:
            [transaction] = self._parties.transactions(place, place + 1)
        else:
            transaction = self._parties.later(step)
        outcome = Outcome.NOT_STARTED
        row = _row(transaction, outcome, _NOTHING, planned_ns, NEVER, ended_ns, own_lag_ms)
        if step is None:
            self._recorder.observe(place, row)
        else:
            self._recorder.observe_later(row)

    def _unbuilt(
        self, due: Due, transaction: Transaction, detail: str, report: Callable[[Sent], None] | None
    ) -> None:
        """A user's module gave no call: nothing was sent, and that is our side's fault, not the gateway's."""
        now_ns = self._clock.now_ns()
        own_lag_ms = max(1, (now_ns - due.planned_ns) // 1_000_000)
        self.never_sent(due.place, due.planned_ns, now_ns, own_lag_ms, due.step)
        failure = f"{Outcome.NOT_STARTED.text}: {detail}"
        self._failures.append(Failure(transaction.wire, transaction.kind, failure, now_ns))
        if report is not None:
            report(
                Sent(
                    wire=transaction.wire.text,
                    kind=transaction.kind.text,
                    url="",
                    started_ns=now_ns,
                    response_ms=0.0,
                    reply_bytes=0,
                    failure=failure,
                )
            )

    def _record(
        self,
        due: Due,
        transaction: Transaction,
        said: Classified,
        reply: Reply,
        started_ns: int,
        ended_ns: int,
    ) -> None:
        place, planned_ns, step = due.place, due.planned_ns, due.step
        outcome, recorder = said.outcome, self._recorder
        if transaction.charge is not None:
            recorder.pay(
                (
                    transaction.arrival,
                    transaction.attempt,
                    transaction.kind,
                    outcome,
                    transaction.asked_cents,
                    said.approved_cents,
                    transaction.identifiers.reference,
                    said.transaction_id,
                )
            )
        lag_ns = started_ns - due.sendable_ns
        own_lag_ms = -(-lag_ns // 1_000_000) if lag_ns > 0 else 0  # rounded up
        row = _row(transaction, outcome, reply, planned_ns, started_ns, ended_ns, own_lag_ms)
        if step is None:
            recorder.observe(place, row)
        else:
            recorder.observe_later(row)
        self._tally.end(transaction.arrival, transaction.wire, reply.status)


def _row(
    transaction: Transaction,
    outcome: Outcome,
    reply: Reply,
    planned_ns: int,
    started_ns: int,
    ended_ns: int,
    own_lag_ms: int,
) -> ObservationFields:
    """The observation of an attempt, as `Observation` names it."""
    return (
        transaction.arrival,
        planned_ns,
        started_ns,
        ended_ns,
        transaction.kind,
        transaction.wire,
        outcome,
        transaction.attempt,
        reply.status,
        transaction.person.payer_place,
        0,  # worker
        own_lag_ms,
        len(reply.body),
    )
