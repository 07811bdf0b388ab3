"""Tables in PostgreSQL, read from a server that these tests start for themselves."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest

from cs_ml.errors import StorageError, TableError
from cs_ml.tables import TableMapping, Tables, open_tables
from cs_ml.tables.sources.postgres import BATCH_ROWS, PostgresSource, _without_password, batches

psycopg, pwd = pytest.importorskip("psycopg"), pytest.importorskip("pwd")
PASSWORD = "ge-heim/7"  # noqa: S105  of a server that lives as long as this file is tested
WRITTEN = "ge-heim%2F7"
AT = pd.Timestamp
BOOK = """
    CREATE TABLE accounts (account_id text, name text, segment text);
    INSERT INTO accounts VALUES
        ('a', '#株式会社あおい', 'small'), ('b', E'二行の\r\n名前, "ABC"', ''), ('c', NULL, E'\\\\N');
    CREATE TABLE contracts (contract_line_id int, account_id text, start_at timestamptz, end_at timestamp,
                            mrr numeric(12, 2), auto_renew boolean, cancelled_at date);
    INSERT INTO contracts VALUES
        (1, 'a', '2026-01-01 00:00+09', '2027-01-01 09:30', 1234.50, true, NULL),
        (2, 'b', '2026-01-05 12:00+00', NULL, 0.10, NULL, '2026-05-01'),
        (3, 'c', '2026-01-05 12:00:00.5+00', '2027-01-05', 3, false, NULL);
    CREATE TABLE requests (account_id text, opened_at timestamptz);
    CREATE SCHEMA crm;
    CREATE TABLE crm."Said" (account_id text, said_at timestamp, text text);
    INSERT INTO crm."Said" VALUES ('a', '2026-01-05 09:00', E'とても\n満足');
    CREATE ROLE poor LOGIN PASSWORD 'arm';
    ALTER ROLE tester SET datestyle = 'German';
    ALTER ROLE tester SET timezone = 'America/New_York';
    CREATE DATABASE old ENCODING 'EUC_JP' LOCALE 'C' TEMPLATE template0"""


def binaries() -> Path | None:
    """Return the folder with the server's programs."""
    found = shutil.which("initdb")
    listed = [Path(found).resolve()] if found else sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    return listed[-1].parent if listed else None


def installed() -> Path:
    """Return the programs; where they are missing, install them in CI and skip elsewhere."""
    if binaries() is None and "CI" not in os.environ:
        pytest.skip("PostgreSQL is not installed here")
    if binaries() is None:
        words = [*(["sudo"] if os.geteuid() else []), "apt-get", "install", "-y", "-q", "postgresql"]
        done = subprocess.run(words, capture_output=True, text=True, check=False)
        assert binaries() is not None, f"CI must test PostgreSQL, but {' '.join(words)} said: {done.stderr[-500:]}"
    return binaries()


class Server:
    """A server of our own on a free port; it refuses to run as root, so there it runs as another user."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.programs = folder, installed()
        names = [entry.pw_name for entry in pwd.getpwall() if entry.pw_name in {"postgres", "nobody"}]
        self.user = None if os.geteuid() else pwd.getpwnam(max(names))
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]

    def run(self, program: str, *words: str) -> None:
        other = {"user": self.user.pw_uid, "group": self.user.pw_gid, "extra_groups": []} if self.user else {}
        command = [self.programs / program, "-D", self.folder / "data", *words]
        done = subprocess.run(command, capture_output=True, text=True, cwd=self.folder, check=False, **other)
        assert done.returncode == 0, done.stdout + done.stderr

    def start(self) -> None:
        secret = self.folder / "secret"
        secret.write_text(PASSWORD)
        for path in (self.folder, secret) if self.user else ():
            shutil.chown(path, self.user.pw_uid, self.user.pw_gid)
        self.run(
            "initdb", "-U", "tester", "--auth=scram-sha-256", f"--pwfile={secret}", "-E", "UTF8", "--locale=C", "-N"
        )
        address = f"-p {self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c fsync=off"
        self.run("pg_ctl", "-w", "-l", str(self.folder / "log"), "-o", address, "start")

    def url(self, user: str = f"tester:{WRITTEN}", database: str = "postgres") -> str:
        return f"postgresql://{user}@127.0.0.1:{self.port}/{database}"


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with tempfile.TemporaryDirectory(prefix="cs_ml_postgres_") as folder:
        server = Server(Path(folder))
        server.start()
        try:
            with psycopg.connect(server.url(), autocommit=True) as database:
                for statement in BOOK.split(";"):
                    database.execute(statement)
            yield server
        finally:
            server.run("pg_ctl", "-m", "immediate", "stop")


@pytest.fixture(scope="module")
def tables(server) -> Tables:
    said = TableMapping(source="crm.Said", timezone="Asia/Tokyo")
    return open_tables(server.url(), {"voc": said})


@pytest.mark.server
def test_values_of_every_type_arrive(tables):
    """A role's own way of writing dates and its time zone do not matter."""
    found = tables.frame("contracts")
    assert found["start_at"].tolist() == [AT("2025-12-31 15:00"), AT("2026-01-05 12:00"), AT("2026-01-05 12:00:00.5")]
    assert found["end_at"].tolist() == [AT("2027-01-01 09:30"), pd.NaT, AT("2027-01-05")]
    assert found["cancelled_at"].tolist() == [pd.NaT, AT("2026-05-01"), pd.NaT]
    assert found["mrr"].tolist() == [1234.5, 0.1, 3]
    assert found["auto_renew"].astype(object).where(found["auto_renew"].notna(), None).tolist() == [True, None, False]
    assert found["contract_line_id"].tolist() == ["1", "2", "3"]


@pytest.mark.server
def test_text_arrives_to_the_letter(tables):
    found = tables.frame("accounts")
    assert found["name"].fillna("-").tolist() == ["#株式会社あおい", '二行の\r\n名前, "ABC"', "-"]
    assert found["segment"].fillna("-").tolist() == ["small", "-", "\\N"]


@pytest.mark.server
def test_a_table_of_another_schema_is_named_in_the_config(tables):
    found = tables.frame("voc")
    assert found["text"].tolist() == ["とても\n満足"]
    assert found["said_at"].tolist() == [AT("2026-01-05 00:00")]


@pytest.mark.server
def test_a_table_that_is_not_there_is_absent(tables):
    assert tables.names == ("accounts", "contracts", "voc")


@pytest.mark.server
def test_a_table_that_the_config_names_must_be_there(server):
    named = {"voc": TableMapping(source="crm.said"), "surveys": TableMapping(source="answers")}
    with pytest.raises(TableError) as told:
        open_tables(server.url(), named)
    assert [(fault.where, fault.found) for fault in told.value.faults] == [
        ("postgresql: answers", "no such table"), ("postgresql: crm.said", "no such table"),
    ]  # fmt: skip


@pytest.mark.server
def test_a_table_without_rows_is_told(server):
    with pytest.raises(TableError, match="tickets: expected at least one row in postgresql: requests, found none"):
        open_tables(server.url(), {"tickets": TableMapping(source="requests")})


@pytest.mark.server
def test_a_database_in_another_encoding_is_read(server):
    with psycopg.connect(server.url(database="old"), autocommit=True, client_encoding="utf8") as database:
        database.execute("CREATE TABLE accounts AS SELECT 'a' AS account_id, '株式会社あおい' AS name")
        database.execute("CREATE TABLE usage AS SELECT 'a' AS account_id, timestamp '2026-01-05' AS event_at")
    assert open_tables(server.url(database="old")).frame("accounts")["name"].tolist() == ["株式会社あおい"]


@pytest.mark.server
def test_tables_that_are_refused_are_all_told(server):
    with pytest.raises(TableError) as told:
        open_tables(server.url("poor:arm"))
    assert [fault.found for fault in told.value.faults] == [
        f"permission denied for table {name}" for name in ("accounts", "contracts")
    ]


@pytest.mark.server
def test_a_wrong_password_is_told_and_not_shown(server):
    with pytest.raises(StorageError, match='password authentication failed for user "tester"') as told:
        open_tables(server.url("tester:wrong-word"))
    assert "wrong-word" not in shown(told.value)


@pytest.mark.server
def test_a_database_that_is_not_there_is_told(server):
    with pytest.raises(StorageError, match='database "nowhere" does not exist'):
        open_tables(server.url(database="nowhere"))


@pytest.mark.parametrize(("address", "reason"), [
    ("tester:geheim@127.0.0.1:1/db", "Connection refused"),
    ("tester:geheim@[::1]x:5/db", 'unexpected character "x"'),
    ("tester:geh%zzeim@127.0.0.1/db", "invalid percent-encoded token"),
    ("tester@[::1]x:5/db?password=geheim", 'unexpected character "x"'),
])  # fmt: skip
def test_a_server_that_does_not_answer_is_told_without_the_password(address, reason):
    with pytest.raises(StorageError) as told:
        open_tables(f"postgresql://{address}")
    assert reason in str(told.value)
    assert "check the URL and the server" in str(told.value)
    assert "geheim" not in shown(told.value)
    assert "geh%zzeim" not in shown(told.value)


def test_a_password_not_written_for_a_url_is_hidden_piece_by_piece():
    reason = _without_password("failed to resolve host 'im@host'", "postgresql://tester:gehe@im@host/db")
    assert reason == "failed to resolve host '***@host'"


def test_a_source_does_not_show_its_url():
    assert "geheim" not in repr(PostgresSource("postgresql://tester:geheim@host/db"))


def shown(error: BaseException) -> str:
    """Return everything that a terminal would show but the lines of this file."""
    lines = "".join(traceback.format_exception(error)).splitlines()
    return "\n".join(line for line in lines if not line.startswith("    "))


N_MANY, TEXT_BYTES = 300_000, 400
MANY = f"""
    CREATE TABLE many AS SELECT 'a' AS account_id, timestamp '2026-01-01' + n * interval '1 second' AS said_at,
        repeat(md5(n::text), {TEXT_BYTES // 32}) AS text, n AS voc_id, repeat('z', 2000) AS nobody_asks
    FROM generate_series(1, {N_MANY}) AS n"""
READ = """
import sys
from pathlib import Path
from cs_ml.tables import TableMapping, open_tables
from cs_ml.tables.sources.postgres import PostgresSource
from cs_ml.tables.open import connect
def peak():
    lines = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return int(lines["VmHWM"].split()[0])
open_tables(sys.argv[1])
before = peak()
raw = PostgresSource(sys.argv[1]).read("voc", TableMapping(source="many"), connect("200MB", 1), {"account_id", "text"})
print(peak() - before, sorted(raw.types), raw.others)
"""


@pytest.fixture(scope="module")
def many(server) -> Server:
    with psycopg.connect(server.url(), autocommit=True) as database:
        database.execute(MANY)
    return server


@pytest.mark.server
def test_rows_come_in_batches_from_a_cursor_that_the_server_keeps(many):
    sizes = []
    with psycopg.connect(many.url()) as database:
        for batch in batches(database, '"many"', ["voc_id", "text"]):
            sizes.append(len(batch))
            kept = dict(database.execute("SELECT name, statement FROM pg_cursors").fetchall())
            assert "nobody_asks" not in kept["cs_ml"]
    assert sum(sizes) == N_MANY
    assert set(sizes[:-1]) == {BATCH_ROWS}
    assert batch["voc_id"][-1].as_py() == str(N_MANY)


@pytest.mark.server
@pytest.mark.skipif(sys.platform != "linux", reason="asks Linux for the peak memory")
def test_memory_stays_flat_whatever_the_size_of_a_table(many):
    done = subprocess.run([sys.executable, "-c", READ, many.url()], capture_output=True, text=True, check=True)
    kib, rest = done.stdout.split(" ", 1)
    assert int(kib) * 1024 < N_MANY * TEXT_BYTES * 0.9, "less than the text itself"
    assert rest.strip() == "['account_id', 'text'] ('said_at', 'voc_id', 'nobody_asks')"


@pytest.mark.server
def test_a_column_that_is_not_there_is_told_with_all_that_are(server):
    with pytest.raises(TableError, match=r"expected a column in postgresql: crm.Said, found columns .*said_at, text"):
        open_tables(server.url(), {"tickets": TableMapping(source="crm.Said")})
