"""Settings: read once from the environment, checked, and documented in docs/settings.md."""

import base64
import binascii
import os
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import ip_network
from pathlib import Path

from models.engine import connection
from rules.rates import RATES, Rate
from rules.vault import KEY_BYTES

DATABASE = "sqlite://var/loyalty.db"
KEY_FILE = "var/master.key"
WECHAT = "https://api.weixin.qq.com"
SIMULATED = "simulator"
DEMO_APPID = "wxdemo0000000001"
OPEN_PLATFORM = "default"
"""The namespace of unionids, where the deployment names no open-platform account."""
PORTS = range(65_536)
ORIGIN = re.compile(r"https?://[A-Za-z0-9.\-\[\]:]+")
NETWORK = re.compile(r"[0-9A-Fa-f.:]+(/\d{1,3})?")

SHARES = {"all": 1.0, "failed": 0.0, "off": None}


class SettingError(Exception):
    """A setting that cannot be used, and what to do about it."""


class Environment(StrEnum):
    """How careful to be: production seeds nothing, prints no token, and embeds no simulator."""

    DEVELOPMENT = "development"
    PRODUCTION = "production"

    @property
    def short(self) -> str:
        """The environment as an API key names it."""
        return {"development": "dev", "production": "prod"}[self.value]


class Totp(StrEnum):
    """Whether staff must have a second factor."""

    REQUIRED = "required"
    OPTIONAL = "optional"


TOTP = {Environment.DEVELOPMENT: Totp.OPTIONAL, Environment.PRODUCTION: Totp.REQUIRED}


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything the environment may say."""

    database_url: str
    keys_url: str
    env: Environment
    host: str
    port: int
    workers: int
    run_worker: bool
    migrate: bool
    wechat_base: str
    wechat_appid: str
    wechat_secret: str
    wechat_open_platform: str
    wechat_phone_daily: int
    refresh_grace: int
    public_url: str
    staff_totp: Totp
    log_json: bool
    log_level: str
    documents: tuple[Path, ...]
    """The manifests of trusted documents."""
    trusted_only: bool
    """Whether members run nothing but trusted documents."""
    allowances: Mapping[str, Rate] | None
    """What each sort of caller may ask for; None where nobody counts."""
    origins: tuple[str, ...]
    """The web pages that may call, besides WeChat's, by where they come from."""
    proxies: tuple[str, ...]
    """The addresses whose word on where a request comes from is believed."""
    metrics_token: str
    metrics_folder: str
    """Where several processes put their numbers together; set by `serve`."""
    log_operations: float | None
    """Which share of the operations that went well has lines in the log; None where no operation has."""

    @property
    def is_production(self) -> bool:
        """Whether real members are at stake."""
        return self.env is Environment.PRODUCTION

    @property
    def is_embedded(self) -> bool:
        """Whether the database is a file of this one process."""
        return self.database_url.startswith("sqlite")

    @property
    def simulates_wechat(self) -> bool:
        """Whether the embedded simulator stands in for WeChat."""
        return self.wechat_base == SIMULATED


def settings(given: Mapping[str, str] | None = None) -> Settings:
    """The settings of this process.

    Raises: SettingError.
    """
    get = _Reader(os.environ if given is None else given)  # noqa: TID251  the one door to the environment
    env = get.one_of("LOYALTY_ENV", Environment.DEVELOPMENT, list(Environment))
    production = env == Environment.PRODUCTION
    url = get.text("LOYALTY_DATABASE_URL", DATABASE)
    host, port = get.text("LOYALTY_HOST", "127.0.0.1"), get.number("LOYALTY_PORT", 8000, PORTS)
    found = Settings(
        database_url=url,
        keys_url=get.text("LOYALTY_KEYS_URL", "") or _keys_beside(url, production=production),
        env=Environment(env),
        host=host,
        port=port,
        workers=get.number("LOYALTY_WORKERS", 1, range(1, 65)),
        run_worker=get.switch("LOYALTY_WORKER", default=True),
        migrate=get.switch("LOYALTY_MIGRATE", default=url.startswith("sqlite") or not production),
        wechat_base=get.wechat("LOYALTY_WECHAT_BASE", WECHAT if production else SIMULATED),
        wechat_appid=get.text("LOYALTY_WECHAT_APPID", "" if production else DEMO_APPID),
        wechat_secret=get.text("LOYALTY_WECHAT_SECRET", "" if production else "demosecret"),
        wechat_open_platform=get.text("LOYALTY_WECHAT_OPEN_PLATFORM", OPEN_PLATFORM),
        wechat_phone_daily=get.number("LOYALTY_WECHAT_PHONE_DAILY", 0, range(10_000_001)),
        refresh_grace=get.number("LOYALTY_REFRESH_GRACE", 0, range(61)),
        public_url=get.address("LOYALTY_PUBLIC_URL", f"http://{host}:{port}"),
        staff_totp=Totp(get.one_of("LOYALTY_STAFF_TOTP", TOTP[Environment(env)], list(Totp))),
        log_json=get.switch("LOYALTY_LOG_JSON", default=production),
        log_level=get.one_of("LOYALTY_LOG_LEVEL", "INFO", ["DEBUG", "INFO", "WARNING", "ERROR"]),
        documents=get.paths("LOYALTY_DOCUMENTS"),
        trusted_only=get.switch("LOYALTY_TRUSTED_ONLY", default=production),
        allowances=get.rates("LOYALTY_ALLOWANCES"),
        origins=get.words("LOYALTY_ORIGINS", ORIGIN, "origins like https://shop.example.com"),
        proxies=get.words("LOYALTY_PROXIES", NETWORK, "addresses or networks like 10.0.0.0/8"),
        metrics_token=get.text("LOYALTY_METRICS_TOKEN", ""),
        metrics_folder=get.text("PROMETHEUS_MULTIPROC_DIR", ""),
        log_operations=get.share("LOYALTY_LOG_OPERATIONS", "1%" if production else "all"),
    )
    _check(found)
    return found


def _keys_beside(url: str, *, production: bool) -> str:
    """Where the key store is when nobody says: in a file beside the database's own, or in development under `var`.

    Raises: SettingError, where a file would not do.
    """
    try:
        credentials = connection(url)["credentials"]
    except ValueError as error:
        raise SettingError(f"LOYALTY_DATABASE_URL: {error}") from error
    if "file_path" in credentials:
        path, mark, query = url.partition("?")
        stem, dot, end = path.rpartition(".") if "." in path.rpartition("/")[2] else (path, "", "")
        return path + mark + query if path.endswith(":memory:") else f"{stem}.keys{dot}{end}{mark}{query}"
    if production:
        raise SettingError(
            "LOYALTY_KEYS_URL is not set: PostgreSQL's key store is a second database; see docs/settings.md."
        )
    name = re.sub(r"\W", "_", credentials["database"] or "loyalty")
    return f"sqlite://var/{name}.keys.db"


def _place(url: str) -> tuple[object, ...]:
    """What tells one database from another, however its URL is written."""
    credentials = connection(url)["credentials"]
    if "file_path" in credentials:
        return (Path(credentials["file_path"]).resolve(),)
    return tuple(credentials[name] for name in ("host", "port", "database"))


def _check_keys(found: Settings) -> None:
    """Refuse a place for the keys that would undo what they are apart for, or that not all processes can share."""
    try:
        place = _place(found.keys_url)
    except ValueError as error:
        raise SettingError(f"LOYALTY_KEYS_URL: {error}") from error
    in_memory = found.database_url.partition("?")[0].endswith(":memory:")
    if place == _place(found.database_url) and not in_memory:
        raise SettingError("LOYALTY_KEYS_URL names the main database: the keys need one, and backups, apart.")
    if found.keys_url.startswith("sqlite") and not found.is_embedded:
        if found.is_production:
            raise SettingError("LOYALTY_KEYS_URL: in production on PostgreSQL the key store is in PostgreSQL, too.")
        if found.workers > 1:
            raise SettingError("LOYALTY_WORKERS above 1 needs a key store in PostgreSQL: set LOYALTY_KEYS_URL.")


def _check(found: Settings) -> None:
    try:
        connection(found.database_url)
    except ValueError as error:
        raise SettingError(f"LOYALTY_DATABASE_URL: {error}") from error
    _check_keys(found)
    if found.is_embedded and found.workers > 1:
        raise SettingError("LOYALTY_WORKERS above 1 needs PostgreSQL: an SQLite database is served by one process.")
    for proxy in found.proxies:
        try:
            ip_network(proxy)
        except ValueError as error:
            raise SettingError(f"LOYALTY_PROXIES: {error}") from error
    if found.is_production and found.simulates_wechat:
        raise SettingError("LOYALTY_WECHAT_BASE: the simulator lets anybody in, so production does not use it.")


class _Reader:
    """Reads values and says which one is wrong."""

    def __init__(self, said: Mapping[str, str]) -> None:
        self.said = said

    def text(self, name: str, default: str) -> str:
        return self.said.get(name, "").strip() or default

    def paths(self, name: str) -> tuple[Path, ...]:
        return tuple(Path(each.strip()) for each in self.said.get(name, "").split(",") if each.strip())

    def number(self, name: str, default: int, allowed: range) -> int:
        text = self.text(name, str(default))
        if not text.isdecimal() or int(text) not in allowed:
            raise SettingError(f"{name} must be a number from {allowed[0]} to {allowed[-1]}, not {text!r}.")
        return int(text)

    def address(self, name: str, default: str) -> str:
        text = self.text(name, default).rstrip("/")
        if not re.fullmatch(r"https?://[^\s/?#@]+(?:/[^\s?#]*)?", text):
            raise SettingError(f"{name} must be an http or https address without a query, not {text!r}.")
        return text

    def wechat(self, name: str, default: str) -> str:
        """Where WeChat answers: the simulator's name, or an address."""
        if self.text(name, default) == SIMULATED:
            return SIMULATED
        try:
            return self.address(name, default)
        except SettingError as error:
            raise SettingError(f"{error} Or say {SIMULATED}.") from None

    def switch(self, name: str, *, default: bool) -> bool:
        text = self.text(name, "on" if default else "off").lower()
        if text not in ("on", "off", "true", "false", "1", "0"):
            raise SettingError(f"{name} must be on or off, not {text!r}.")
        return text in ("on", "true", "1")

    def one_of(self, name: str, default: str, allowed: list[str]) -> str:
        text = self.text(name, default)
        if text not in allowed:
            raise SettingError(f"{name} must be one of {', '.join(allowed)}, not {text!r}.")
        return text

    def share(self, name: str, default: str) -> float | None:
        """A share of what went well: all of it, a part in per cent, nothing of it, or nothing whatsoever."""
        text = self.text(name, default)
        if text in SHARES:
            return SHARES[text]
        given = re.fullmatch(r"(\d{1,2}(?:\.\d{1,3})?)\s*%", text)
        if given is None or not float(given[1]):
            raise SettingError(f"{name} must be {', '.join(SHARES)}, or a share like 1%, not {text!r}.")
        return float(given[1]) / 100

    def words(self, name: str, shape: re.Pattern[str], what: str) -> tuple[str, ...]:
        """The words of a list by commas, each of a shape."""
        found = tuple(word.strip() for word in self.text(name, "").split(",") if word.strip())
        for word in found:
            if not shape.fullmatch(word):
                raise SettingError(f"{name} must be {what}, by commas, and {word!r} is none.")
        return found

    def rates(self, name: str) -> Mapping[str, Rate] | None:
        """The allowances, with those the text gives anew; None when it is `off`."""
        text = self.text(name, "")
        if text.lower() == "off":
            return None
        found = dict(RATES)
        for part in text.split(",") if text else ():
            given = re.fullmatch(r"\s*(\w+)=([1-9]\d{0,8})/([1-9]\d{0,8})\s*", part)
            if given is None or given[1].upper() not in RATES:
                kinds = ", ".join(kind.lower() for kind in RATES)
                raise SettingError(f"{name} is off, or a list of kind=maximum/perSecond, with kinds {kinds}.")
            found[given[1].upper()] = Rate(int(given[2]), int(given[3]))
        return found


def master_key(found: Settings, given: Mapping[str, str] | None = None) -> bytes:
    """The 32 bytes that every key of the store is wrapped with: LOYALTY_MASTER_KEY, or the file that holds it.

    In development the file is made when it is absent; in production a key must be given.

    Raises: SettingError.
    """
    said = os.environ if given is None else given  # noqa: TID251  the one door to the environment
    if text := said.get("LOYALTY_MASTER_KEY", "").strip():
        return _key(text, "LOYALTY_MASTER_KEY")
    path = Path(said.get("LOYALTY_MASTER_KEY_FILE", "").strip() or KEY_FILE)
    if not path.exists():
        if found.is_production:
            raise SettingError(f"LOYALTY_MASTER_KEY is not set and {path} does not exist; see docs/settings.md.")
        _make_key(path)
    return _key(path.read_text(), str(path))


def next_master_key(given: Mapping[str, str] | None = None) -> bytes | None:
    """The master key that comes after the present one, while keys are being wrapped anew; usually there is none.

    Raises: SettingError.
    """
    said = os.environ if given is None else given  # noqa: TID251  the one door to the environment
    if text := said.get("LOYALTY_MASTER_KEY_NEXT", "").strip():
        return _key(text, "LOYALTY_MASTER_KEY_NEXT")
    if name := said.get("LOYALTY_MASTER_KEY_NEXT_FILE", "").strip():
        try:
            return _key(Path(name).read_text(), name)
        except OSError as error:
            raise SettingError(f"LOYALTY_MASTER_KEY_NEXT_FILE: {error}") from error
    return None


def _make_key(path: Path) -> None:
    """Write a fresh key that only the owner of the file may read; of two processes, one makes it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    text = base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode()
    fresh = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text + "\n")
    try:
        os.link(fresh, path)
    except FileExistsError:
        pass
    finally:
        fresh.unlink()


def _key(text: str, name: str) -> bytes:
    try:
        key = base64.b64decode(text.strip(), validate=True)
    except binascii.Error as error:
        raise SettingError(f"{name} is not base64.") from error
    if len(key) != KEY_BYTES:
        raise SettingError(f"{name} must be {KEY_BYTES} bytes in base64.")
    return key
