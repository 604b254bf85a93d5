"""Sends one arrival and leaves exactly one row, whatever happens in between."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from loadtests.clock import RunClock
from loadtests.custom_module import CustomModuleError
from loadtests.http_client import ConnectionFailedError, HttpClient, NoAnswerInTimeError, UnreadableReplyError
from loadtests.pacing import Due
from loadtests.recorder import Observation, PaymentRecord, Recorder
from loadtests.run_plan import RunPlan
from loadtests.tally import Tally
from loadtests.tracing import traced
from loadtests.transaction import Classified, Reply, Transaction
from loadtests.transactions import Transactions
from loadtests.wire_codecs import load_codecs
from loadtests.wires.credentials import Credentials
from scenarios.observation import ANSWERS, NEVER, STEPS_PER_ROOT, Outcome

_FAILURES: dict[type[Exception], Outcome] = {
    NoAnswerInTimeError: Outcome.TIMEOUT,
    ConnectionFailedError: Outcome.CONNECTION,
    UnreadableReplyError: Outcome.ERROR,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """What Locust is told of an attempt."""

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
        self, plan: RunPlan, credentials: Credentials, clock: RunClock, recorder: Recorder, tally: Tally
    ) -> None:
        self._plan = plan
        self._credentials = credentials
        self._clock = clock
        self._recorder = recorder
        self._tally = tally
        self._codecs = load_codecs(plan.target)
        self._transactions = Transactions(
            plan.scenario,
            plan.target,
            seed=plan.seed,
            nonce=plan.nonce,
            expiration_year=_year(clock.t0_ns) + 3,
        )

    def send(self, client: HttpClient, due: Due, report: Callable[[Sent], None]) -> None:
        """One attempt. Its row is written even when the calling greenlet is killed in the middle (IN_FLIGHT)."""
        transaction = self._transaction(due.place)
        codec = self._codecs[transaction.kind]
        try:
            call = codec.build_call(transaction, self._plan.target, self._credentials)
        except CustomModuleError as error:
            return self._unbuilt(due, transaction, str(error), report)
        call = traced(call, self._plan.nonce, transaction)
        said = Classified(outcome=Outcome.IN_FLIGHT, detail="cut off at the end of the run")
        reply = Reply(status=0, body=b"")
        started_ns = self._clock.now_ns()
        self._tally.start(transaction.arrival, transaction.kind, due.planned_ns, started_ns - due.sendable_ns)
        try:
            try:
                reply = client.exchange(call)
                said = codec.classify_reply(transaction, reply)
            except tuple(_FAILURES) as error:
                said = Classified(outcome=_FAILURES[type(error)], detail=str(error))
        finally:
            ended_ns = self._clock.now_ns()
            self._record(due, transaction, said, reply, started_ns, ended_ns)
            report(
                Sent(
                    wire=transaction.wire.text,
                    kind=transaction.kind.text,
                    url=call.url,
                    started_ns=started_ns,
                    response_ms=(ended_ns - due.planned_ns) / 1e6,
                    reply_bytes=len(reply.body),
                    failure=None if said.outcome in ANSWERS else f"{said.outcome.text}: {said.detail}",
                )
            )

    def never_sent(self, place: int, planned_ns: int, ended_ns: int, own_lag_ms: int) -> None:
        """The row of an arrival that came due and found no user before the run ended."""
        transaction = self._transaction(place)
        said = Classified(outcome=Outcome.NOT_STARTED)
        self._observe(
            place, transaction, said, Reply(status=0, body=b""), planned_ns, NEVER, ended_ns, own_lag_ms
        )

    def _transaction(self, place: int) -> Transaction:
        arrivals = self._plan.arrivals
        kind = self._plan.steps(int(arrivals.journey[place]))[0]
        return self._transactions.make(
            kind,
            int(arrivals.root[place]) * STEPS_PER_ROOT,
            payer_place=int(arrivals.payer[place]),
            amount_class=int(arrivals.amount_class[place]),
        )

    def _unbuilt(
        self, due: Due, transaction: Transaction, detail: str, report: Callable[[Sent], None]
    ) -> None:
        """A user's module gave no call: nothing was sent, and that is our side's fault, not the gateway's."""
        now_ns = self._clock.now_ns()
        self.never_sent(due.place, due.planned_ns, now_ns, max(1, (now_ns - due.planned_ns) // 1_000_000))
        report(
            Sent(
                wire=transaction.wire.text,
                kind=transaction.kind.text,
                url="",
                started_ns=now_ns,
                response_ms=0.0,
                reply_bytes=0,
                failure=f"{Outcome.NOT_STARTED.text}: {detail}",
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
        if transaction.charge is not None:
            self._recorder.pay(
                PaymentRecord(
                    arrival=transaction.arrival,
                    attempt=transaction.attempt,
                    action=transaction.kind,
                    outcome=said.outcome,
                    asked_cents=transaction.asked_cents,
                    approved_cents=said.approved_cents,
                    merchant_reference=transaction.identifiers.reference,
                    transaction_id=said.transaction_id,
                )
            )
        own_lag_ms = max(0, math.ceil((started_ns - due.sendable_ns) / 1e6))
        self._observe(due.place, transaction, said, reply, due.planned_ns, started_ns, ended_ns, own_lag_ms)
        self._tally.end(transaction.arrival, transaction.wire, said.outcome, reply.status, ended_ns)

    def _observe(
        self,
        place: int,
        transaction: Transaction,
        said: Classified,
        reply: Reply,
        planned_ns: int,
        started_ns: int,
        ended_ns: int,
        own_lag_ms: int,
    ) -> None:
        self._recorder.observe(
            place,
            Observation(
                arrival=transaction.arrival,
                planned_ns=planned_ns,
                started_ns=started_ns,
                ended_ns=ended_ns,
                kind=transaction.kind,
                wire=transaction.wire,
                outcome=said.outcome,
                attempt=transaction.attempt,
                status=reply.status,
                payer=transaction.person.payer_place,
                worker=0,
                own_lag_ms=own_lag_ms,
                reply_bytes=len(reply.body),
            ),
        )
