"""Beginning: where something is missing or taken, one clear line says what, and nothing is made or told before."""

import re
import socket
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from api.app import _warn
from api.documents import Library
from api.settings import settings
from models.engine.asyncpg import Client as PostgresClient
from models.engine.sqlite import Client as SqliteClient
from tests.api.house import PRODUCTION
from tests.api.shell import Shell


def at(folder: Path, **more: str) -> Shell:
    """A prompt in front of an SQLite database in some folder."""
    return Shell(f"sqlite://{folder}/l.db", {"LOYALTY_KEYS_URL": f"sqlite://{folder}/l.keys.db", **more})


def test_a_port_in_use_is_told_before_anything_is_begun(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        said = at(tmp_path)("serve", LOYALTY_PORT=str(port))
    assert said.is_clear
    assert f"Port {port} is in use" in said.err
    assert f"LOYALTY_PORT={port + 1}" in said.err
    assert (said.out, list(tmp_path.iterdir())) == ("", [])


def test_a_host_that_cannot_be_is_told_before_anything_is_begun(tmp_path: Path) -> None:
    said = at(tmp_path)("serve", LOYALTY_HOST="300.1.1.1", LOYALTY_PORT="8000")
    assert said.is_clear
    assert "LOYALTY_HOST" in said.err
    assert (said.out, list(tmp_path.iterdir())) == ("", [])


@pytest.mark.parametrize("words", [("verify",), ("init",), ("serve", "--port", "0"), ("worker",), ("migrate",)])
def test_a_database_that_cannot_be_opened_is_named_without_its_password(
    words: tuple[str, ...], tmp_path: Path
) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_text("this is no database, however long one reads on in it")
    keys = {"LOYALTY_KEYS_URL": f"sqlite://{tmp_path}/k.db"}
    for url in (
        "postgres://loyalty:geheim@nohost.invalid/x",
        "postgres://loyalty:geheim@127.0.0.1:9/x",
        f"sqlite://{tmp_path}/folder",
        f"sqlite://{tmp_path}/file",
    ):
        said = Shell(url, keys)(*words)
        assert said.is_clear, said.err
        assert "LOYALTY_DATABASE_URL" in said.err
        assert "geheim" not in said.err


def test_an_unknown_role_is_named_by_its_setting(shell: Shell) -> None:
    if shell.url.startswith("sqlite"):
        pytest.skip("SQLite has no roles")
    said = shell("verify", LOYALTY_DATABASE_URL=re.sub("//([^@/]*@)?", "//nobody_here:geheim@", shell.url, count=1))
    assert said.is_clear
    assert "LOYALTY_DATABASE_URL" in said.err
    assert "nobody_here" in said.err
    assert "geheim" not in said.err


def test_a_key_store_that_cannot_be_opened_is_named(shell: Shell, tmp_path: Path) -> None:
    said = shell("migrate", LOYALTY_KEYS_URL=f"sqlite://{tmp_path}")
    assert said.is_clear
    assert "LOYALTY_KEYS_URL" in said.err


@pytest.mark.parametrize("words", [("verify",), ("migrate",), ("doctor",), ("serve", "--port", "0"), ("worker",)])
def test_a_missing_key_store_is_called_missing_by_everybody(
    shop: Shell, words: tuple[str, ...], tmp_path: Path
) -> None:
    lost, empty = tmp_path / "lost.db", tmp_path / "empty.db"
    empty.touch()
    for path in (lost, empty):
        said = shop(*words, LOYALTY_KEYS_URL=f"sqlite://{path}", COLUMNS="500")
        assert said.code == 1
        assert f"There is no key store at {path}: restore its backup" in said.out + said.err
    assert not lost.exists()


@pytest.mark.parametrize(
    "words",
    [
        ("verify",),
        ("doctor",),
        ("token", "service", "shop"),
        ("export", "members", "out.csv"),
        ("migrate", "--check"),
        ("worker",),
    ],
)
def test_in_the_wrong_folder_nothing_is_made(
    words: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    said = Shell("sqlite://var/loyalty.db", {"LOYALTY_MASTER_KEY": "", "COLUMNS": "500"})(*words)
    assert said.code == 1
    assert f"There is no database at {tmp_path}/var/loyalty.db" in said.out + said.err
    assert list(tmp_path.iterdir()) == []


def test_production_says_what_sets_an_empty_database_up(tmp_path: Path) -> None:
    said = at(tmp_path)("serve", "--port", "0", **PRODUCTION)
    assert said.is_clear
    assert "loyalty init" in said.err
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "l.db").touch()
    said = at(tmp_path)("serve", "--port", "0", LOYALTY_MIGRATE="off", **PRODUCTION)
    assert said.is_clear
    assert "loyalty init" in said.err


def test_a_server_that_is_of_no_use_yet_says_why(bare: Shell, caplog: pytest.LogCaptureFixture) -> None:
    production = settings({"LOYALTY_ENV": "production", "LOYALTY_KEYS_URL": "sqlite://k.db"})
    bare.look(lambda: _warn(production, Library()))
    [documents, wechat, programme] = [
        record.getMessage() for record in caplog.records if record.name == "loyalty.start"
    ]
    assert documents.startswith("no document is trusted, so that members can run nothing")
    assert wechat.startswith("LOYALTY_WECHAT_APPID and LOYALTY_WECHAT_SECRET are not both set")
    assert "loyalty init" in programme


def test_a_manifest_that_is_not_there_is_named_by_its_setting(tmp_path: Path) -> None:
    said = at(tmp_path)("serve", "--port", "0", LOYALTY_DOCUMENTS="/nope.json")
    assert said.is_clear
    assert "LOYALTY_DOCUMENTS: /nope.json" in said.err


def test_only_their_owner_reads_the_databases_files(tmp_path: Path) -> None:
    assert at(tmp_path)("migrate").code == 0
    for name in ("l.db", "l.keys.db"):
        assert (tmp_path / name).stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("words", [("policy", "show"), ("key", "list"), ("verify",)])
def test_a_command_opens_each_database_once(
    shop: Shell, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    opened = Counter[str]()

    def counting(kind: Any) -> None:
        create = kind.create_connection

        async def counted(self: Any, *, with_db: bool) -> None:
            opened[self.connection_name] += 1
            await create(self, with_db=with_db)

        monkeypatch.setattr(kind, "create_connection", counted)

    counting(PostgresClient)
    counting(SqliteClient)
    assert shop(*words).code == 0
    assert opened == {"default": 1, "keys": 1}
