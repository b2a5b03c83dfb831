"""The vault: seals personal data with a key per member, and finds identities without telling them.

Values are AES-256-GCM under the member's own key, which is wrapped by a key derived from the master key; the
associated data bind a sealed value to its member and column. Look-ups use an HMAC-SHA256 blind index under a
key of the house. Wrapped keys live in the key store, the master key outside of all databases. This room is
arithmetic: rules/keyring.py fetches the keys.
"""

import hashlib
import hmac
import secrets
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import cast
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from models.members import IdentityKind

KEY_BYTES = 32
NONCE_BYTES = 12
VERSION = b"\x01"
"""The first byte of a sealed value, so that a later scheme can tell its own."""


@dataclass(frozen=True, slots=True, repr=False)
class Master:
    """A master key, as far as it is used: it wraps other keys."""

    wrapping: bytes
    check: str
    """Tells master keys apart, without telling them."""
    _cipher: AESGCM = field(init=False, compare=False)
    """Made ready once, to unwrap members' keys with. Those are never kept: a key that is dropped is gone."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "_cipher", AESGCM(self.wrapping))

    def wrap(self, key: bytes, name: str) -> bytes:
        """A key, ready for the store."""
        return _seal(self.wrapping, key, f"{name}:key")

    def unwrap(self, wrapped: bytes, name: str) -> bytes:
        """The key behind a wrapped one. Raises: InvalidTag."""
        return _opened(self._cipher, wrapped, f"{name}:key".encode())


@dataclass(frozen=True, slots=True, repr=False)
class Vault:
    """The keys of a process: the master keys it was given, the house's own, and how members' keys are used."""

    masters: tuple[Master, ...]
    """The present one first; while keys are being wrapped anew, the next one after it."""
    indexing: bytes
    """Makes the blind index."""
    house: bytes
    """What the house's own keys are derived from, one for each purpose."""

    @property
    def check(self) -> str:
        """The fingerprint of the present master key."""
        return self.masters[0].check

    def new_key(self, member_id: UUID) -> bytes:
        """A fresh member key, wrapped for the store."""
        return self.masters[0].wrap(fresh_key(), str(member_id))

    def seal(self, wrapped: bytes, member_id: UUID, column: str, text: str) -> bytes:
        """A member's text, readable only with the member's key."""
        return _seal(self.unwrap(wrapped, str(member_id)), text.encode(), f"{member_id}:{column}")

    def open(self, wrapped: bytes, member_id: UUID, column: str, sealed: bytes) -> str:
        """The text behind a sealed value. A value moved to another member or column does not open."""
        [text] = self.open_all(column, [(member_id, wrapped, sealed)])
        return cast("bytes", text).decode()

    def open_all(self, column: str, them: Iterable[tuple[UUID, bytes | None, bytes | None]]) -> list[bytes | None]:
        """The texts behind members' wrapped keys and sealed values; none where one of the two is missing."""
        found: list[bytes | None] = []
        of_column = f":{column}".encode()
        present, *others = self.masters
        unwrap = self._unwrapped if others else partial(_opened, present._cipher)
        for member_id, wrapped, sealed in them:
            if wrapped is None or sealed is None:
                found.append(None)
            else:
                name = str(member_id).encode()
                cipher = AESGCM(unwrap(wrapped, name + b":key"))
                found.append(_opened(cipher, sealed, name + of_column))
        return found

    def index(self, kind: IdentityKind, namespace: str, value: str) -> str:
        """The keyed hash an identity is found by."""
        return hmac.digest(self.indexing, "\x1f".join((kind, namespace, value)).encode(), "sha256").hex()

    def seal_house(self, purpose: str, text: str) -> bytes:
        """A text of the house's own, such as a second factor. It opens for the same purpose and no other."""
        return _seal(_derive(self.house, purpose.encode()), text.encode(), purpose)

    def open_house(self, purpose: str, sealed: bytes) -> str:
        """The text behind what was sealed for a purpose."""
        return _open(_derive(self.house, purpose.encode()), sealed, purpose).decode()

    def mark(self, purpose: str, *parts: str) -> str:
        """A keyed hash of some texts, for what must be found again but never read: 64 characters."""
        told = "\x1f".join(f"{len(part)}:{part}" for part in parts)
        return hmac.digest(
            _derive(self.house, purpose.encode()), told.encode("utf-8", "surrogatepass"), "sha256"
        ).hex()

    def unwrap(self, wrapped: bytes, name: str) -> bytes:
        """The key behind a wrapped one, whichever of the master keys wrapped it. Raises: InvalidTag."""
        return self._unwrapped(wrapped, f"{name}:key".encode())

    def _unwrapped(self, wrapped: bytes, bound_to: bytes) -> bytes:
        for master in self.masters[1:]:
            with suppress(InvalidTag):
                return _opened(master._cipher, wrapped, bound_to)
        return _opened(self.masters[0]._cipher, wrapped, bound_to)


def fresh_key() -> bytes:
    """A key nobody has."""
    return secrets.token_bytes(KEY_BYTES)


def master(key: bytes) -> Master:
    """A master key of 32 bytes, ready for use."""
    if len(key) != KEY_BYTES:
        raise ValueError(f"The master key must be {KEY_BYTES} bytes.")
    return Master(
        wrapping=_derive(key, b"loyalty member keys"),
        check=hashlib.sha256(_derive(key, b"loyalty key check")).hexdigest(),
    )


def vault(master_key: bytes) -> Vault:
    """The vault of a 32-byte master key alone, whose house keys are derived from it.

    So all were before there was a key store; the keys of such a house are taken over as they are.
    """
    found = master(master_key)
    return Vault(
        masters=(found,),
        indexing=_derive(master_key, b"loyalty blind index"),
        house=_derive(master_key, b"loyalty house"),
    )


_unlocked: list[Vault] = []


def unlock(found: Vault | bytes) -> Vault:
    """Make a vault the process's own. Done once, at the start."""
    _unlocked[:] = [vault(found) if isinstance(found, bytes) else found]
    return _unlocked[0]


def unlocked() -> Vault:
    """The process's vault."""
    if not _unlocked:
        raise RuntimeError("The vault is locked: the key store is opened at the start.")
    return _unlocked[0]


def _derive(master_key: bytes, purpose: bytes) -> bytes:
    return HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=purpose).derive(master_key)


def _seal(key: bytes, plain: bytes, bound_to: str) -> bytes:
    nonce = secrets.token_bytes(NONCE_BYTES)
    return VERSION + nonce + AESGCM(key).encrypt(nonce, plain, bound_to.encode())


def _open(key: bytes, sealed: bytes, bound_to: str) -> bytes:
    return _opened(AESGCM(key), sealed, bound_to.encode())


_VERSION, _NONCE, _BODY = slice(1), slice(1, 1 + NONCE_BYTES), slice(1 + NONCE_BYTES, None)
"""Where they are in what is sealed."""


def _opened(cipher: AESGCM, sealed: bytes, bound_to: bytes) -> bytes:
    if sealed[_VERSION] != VERSION:
        raise ValueError("This value was sealed by another scheme.")
    return cipher.decrypt(sealed[_NONCE], sealed[_BODY], bound_to)
