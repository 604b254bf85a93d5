"""The ledger on disk: what is stored, what comes back after a restart, what is refused."""

from __future__ import annotations

import asyncio
import csv
import io
import json
import sqlite3
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from mock_gateway.app import create_app
from mock_gateway.errors import RefusedError, SettingsError, StorageError
from mock_gateway.gateway_profile import load_profile
from mock_gateway.ledger import Ledger, LedgerSettings
from mock_gateway.payment import EXPORTED, Action, Change, Payment
from mock_gateway.settings import Settings
from mock_gateway.transaction_ids import make_transaction_id
from tests.mock_gateway.conftest import StartGateway
from tests.mock_gateway.messages import BASIC, REST_HEADERS, sale_body
from tests.mock_gateway.payment_messages import CARD, NVP_CARD, ask_nvp, ask_rest, charge, find, nvp_form
from tests.mock_gateway.test_process import refusal


def payment(reference: str = "INV", cents: int = 100) -> Payment:
    return Payment(
        transaction_id=make_transaction_id(),
        action="sale",
        merchant_reference=reference,
        asked_cents=cents,
        approved_cents=cents,
        status="C",
    )


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    opened = Ledger(LedgerSettings(path=tmp_path / "ledger.sqlite"))
    yield opened
    opened.close()


def rows_of(ledger: Ledger) -> list[dict[str, object]]:
    return [dict(zip(EXPORTED, row, strict=True)) for page in ledger.export() for row in page]


def test_a_payment_is_readable_by_anybody_once_it_is_acknowledged(ledger: Ledger) -> None:
    async def store_and_look() -> None:
        stored = payment()
        await ledger.store(stored)
        with sqlite3.connect(ledger.path) as stranger:
            seen = stranger.execute("SELECT transaction_id, approved_cents FROM payments").fetchall()
        stranger.close()
        assert seen == [(stored.transaction_id, 100)]
        assert ledger.find(stored.transaction_id) == stored

    asyncio.run(store_and_look())


def test_many_at_once_are_all_stored_in_a_few_commits(ledger: Ledger) -> None:
    async def store_all() -> None:
        await asyncio.gather(*(ledger.store(payment(f"INV-{n}", n + 1)) for n in range(500)))

    asyncio.run(store_all())
    assert [row["merchant_reference"] for row in rows_of(ledger)] == [f"INV-{n}" for n in range(500)]
    assert ledger.totals()["asked_cents"] == sum(range(1, 501))


def test_a_refused_change_leaves_its_neighbours_in_the_batch_alone(ledger: Ledger) -> None:
    sold = payment()
    refund = Change(action=Action.REFUND, primary_id=sold.transaction_id, cents=60)

    async def refund_twice_at_once() -> list[object]:
        await ledger.store(sold)
        return await asyncio.gather(
            ledger.change(refund), ledger.change(refund), ledger.store(payment()), return_exceptions=True
        )

    first, second, third = asyncio.run(refund_twice_at_once())
    assert isinstance(first, tuple)
    assert isinstance(second, RefusedError)
    assert third is None
    assert ledger.totals()["refunded_cents"] == 60
    assert ledger.totals()["rows"] == {"sale": 2, "refund": 1}


def test_what_cannot_be_written_is_not_acknowledged(ledger: Ledger) -> None:
    twice = payment()

    async def store() -> None:
        with pytest.raises(StorageError):
            await ledger.store(twice, twice)
        await ledger.store(payment("AFTER"))

    asyncio.run(store())
    assert [row["merchant_reference"] for row in rows_of(ledger)] == ["AFTER"]


def test_full_synchronisation_can_be_asked_for(tmp_path: Path) -> None:
    levels = {}
    for name in ("NORMAL", "FULL"):
        ledger = Ledger(LedgerSettings(path=tmp_path / name, synchronous=name))  # type: ignore[arg-type]
        levels[name] = ledger._writer._connection.execute("PRAGMA synchronous").fetchone()[0]
        ledger.close()
    assert levels == {"NORMAL": 1, "FULL": 2}


def test_a_temporary_ledger_goes_with_its_gateway(start_gateway: StartGateway) -> None:
    gateways = [start_gateway(), start_gateway()]
    folders = [Path(open_files(gateway.process.pid)).parent for gateway in gateways]
    assert all(folder.name.startswith("mock-gateway-") and folder.exists() for folder in folders)
    gateways[0].close()
    gateways[1].process.terminate()
    gateways[1].process.wait(timeout=5)
    assert not any(folder.exists() for folder in folders)


def open_files(pid: int) -> str:
    (ledger,) = {
        str(link.readlink())
        for link in Path(f"/proc/{pid}/fd").iterdir()
        if str(link.readlink()).endswith(".sqlite")
    }
    return ledger


def test_a_restart_on_the_same_file_goes_on_where_it_was(start_gateway: StartGateway, tmp_path: Path) -> None:
    path = str(tmp_path / "kept.sqlite")
    first = start_gateway("", "--ledger", path)
    sold = charge(first, invoice="BEFORE")
    token = ask_rest(first, "paymentplan", PaymentPlanType="SaveOnFile", PaymentMethod="Card", Card=CARD)
    totals = first.stats()["payments"]
    first.close()
    second = start_gateway("", "--ledger", path)
    assert second.stats()["payments"] == totals
    assert find(second, sold)["merchant_reference"] == "BEFORE"
    ask_rest(second, "void", TransactionID=sold)
    paid = ask_rest(
        second, "sale", PaymentMethod="OnFile", PaymentMethodID=token["PaymentPlanID"], Amount="3.00"
    )
    assert paid["TransactionStatus"] == "C"


def test_one_ledger_has_one_gateway(start_gateway: StartGateway, tmp_path: Path) -> None:
    path = str(tmp_path / "mine.sqlite")
    start_gateway("", "--ledger", path)
    assert "another gateway has it open" in refusal("--profile", "instant", "--ledger", path)


def test_what_is_no_ledger_is_left_alone(tmp_path: Path) -> None:
    text = tmp_path / "notes.txt"
    text.write_text("not a database, and long enough to be taken for one" * 20)
    with sqlite3.connect(tmp_path / "other.sqlite") as other:
        other.execute("CREATE TABLE treasure (gold)")
    other.close()
    for path in (text, tmp_path / "other.sqlite"):
        before = path.read_bytes()
        with pytest.raises(SettingsError, match="not a ledger"):
            Ledger(LedgerSettings(path=path))
        assert path.read_bytes() == before
    with pytest.raises(SettingsError, match="cannot be opened"):
        Ledger(LedgerSettings(path=tmp_path / "nowhere" / "ledger.sqlite"))


def test_the_ledger_holds_no_card_number_and_no_cvn(start_gateway: StartGateway, tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"
    gateway = start_gateway('[payments]\nduplicate_window = "1h"\n', "--ledger", str(path))
    card = {**CARD, "CVN": "9731"}
    ask_rest(gateway, "sale", PaymentMethod="Card", Card=card, Amount="5.00")
    ask_rest(gateway, "paymentplan", PaymentPlanType="SaveOnFile", PaymentMethod="Card", Card=card)
    ask_nvp(gateway, nvp_form("AuthCapt", amount="6.00", cardVerificationNumber="9731", **NVP_CARD))
    kept = b"".join(file.read_bytes() for file in tmp_path.iterdir() if file.name.startswith("ledger"))
    exported = gateway.client.get("/_control/ledger.jsonl").content
    assert b"VISA" in kept
    for secret in (b"411111", b"9731", b"4111111111111111"):
        assert secret not in kept
        assert secret not in exported
    assert b"fingerprint" not in exported
    assert gateway.close() == ""


def test_the_exports_agree_row_by_row(start_gateway: StartGateway) -> None:
    gateway = start_gateway()
    sold = charge(gateway, amount="10.10", invoice='A "quoted", reference')
    ask_rest(gateway, "refund-simple", TransactionID=sold, Amount="4.00")
    ask_rest(gateway, "void", TransactionID=charge(gateway, "auth", invoice="Ünïcode"))
    as_json = gateway.ledger()
    lines = gateway.client.get("/_control/ledger.jsonl")
    table = gateway.client.get("/_control/ledger.csv")
    assert [json.loads(line) for line in lines.text.splitlines()] == as_json
    assert list(csv.DictReader(io.StringIO(table.content.decode(), newline=""))) == [
        {name: str(value) for name, value in row.items()} for row in as_json
    ]
    assert table.headers["content-type"].startswith("text/csv")
    seen = [(row["action"], row["status"], row["asked_cents"], row["approved_cents"]) for row in as_json]
    assert seen == [
        *[("sale", "C", 1010, 1000), ("refund", "C", 400, 400)],
        *[("auth", "V", 2500, 2500), ("void", "C", 2500, 2500)],
    ]
    assert [row["refunded_cents"] for row in as_json] == [400, 0, 0, 0]
    assert as_json[0]["created_ns"] < as_json[0]["changed_ns"] == as_json[1]["created_ns"]


def test_an_empty_ledger_can_be_exported(start_gateway: StartGateway) -> None:
    gateway = start_gateway()
    assert gateway.ledger() == []
    assert gateway.client.get("/_control/ledger.jsonl").text == ""
    assert gateway.client.get("/_control/ledger.csv").text.strip() == ",".join(EXPORTED)


def test_an_export_of_many_pages_has_each_payment_once(ledger: Ledger) -> None:
    async def store_all() -> None:
        await asyncio.gather(*(ledger.store(payment(f"INV-{n}")) for n in range(2500)))

    asyncio.run(store_all())
    references = [row["merchant_reference"] for row in rows_of(ledger)]
    assert references == [f"INV-{n}" for n in range(2500)]


def test_payments_are_looked_up_by_id_and_by_reference(start_gateway: StartGateway) -> None:
    gateway = start_gateway()
    sold = [charge(gateway, invoice="TWICE"), charge(gateway, invoice="TWICE")]
    found = gateway.client.get("/_control/payments", params={"reference": "TWICE"}).json()
    assert [row["transaction_id"] for row in found] == sold
    assert gateway.client.get("/_control/payments", params={"reference": "NEVER"}).json() == []
    assert gateway.client.get(f"/_control/payments/{'0' * 32}").status_code == 404
    assert find(gateway, sold[0].upper())["transaction_id"] == sold[0]


def test_the_account_outlives_an_orderly_stop(start_gateway: StartGateway, tmp_path: Path) -> None:
    path = tmp_path / "kept.sqlite"
    gateway = start_gateway("", "--ledger", str(path))
    assert gateway.sale(sale_body()).status_code == 200
    gateway.process.terminate()
    assert gateway.process.wait(timeout=5) == 0
    with sqlite3.connect(path) as stored:
        assert stored.execute("SELECT count(*) FROM payments").fetchone() == (1,)
    stored.close()
    assert subprocess.run(["test", "-e", f"{path}-wal"], check=False).returncode == 1, "the log is folded in"


def test_a_ledger_that_cannot_be_written_is_each_wires_own_error(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    app = create_app(Settings(profile=load_profile("instant")))

    async def fail(*_: object, **__: object) -> None:
        raise StorageError("OperationalError")

    async def sell() -> tuple[httpx.Response, httpx.Response]:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://gateway") as client:
            form = nvp_form("AuthCapt", amount="1.00", **NVP_CARD)
            return (
                await client.post("/rest/payment/sale", json=sale_body(), headers=REST_HEADERS),
                await client.post("/payment/NVP.aspx", data=form, auth=BASIC),
            )

    monkeypatch.setattr(app.state.gateway.ledger, "store", fail)
    rest, nvp = asyncio.run(sell())
    assert (rest.status_code, rest.json()) == (500, {"Message": "An unexpected error occurred"})
    assert (nvp.status_code, nvp.text[:14]) == (200, "errorCode=400&")
    assert "OperationalError" in caplog.text
    assert "4111" not in caplog.text
