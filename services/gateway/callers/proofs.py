"""How secrets are made, stored and compared: keys and tokens as keyed digests, passwords by scrypt."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
import uuid

_KEY_BYTES = 24  # 192 bits
_TOKEN_BYTES = 32  # 64 hex digits, as OctoPrint's sessions look
_SCRYPT = {"n": 2**14, "r": 8, "p": 1}  # 16 MiB and about 50 ms a try
_PRINT_BYTES = 4


def new_salt() -> str:
    """A random salt for one installation, in hex."""
    return secrets.token_hex(32)


def new_key() -> str:
    """A random key of 192 bits: letters, digits, `-` and `_`, so that it fits into every header and address."""
    return secrets.token_urlsafe(_KEY_BYTES)


def new_token() -> str:
    """A random session token: 64 hex digits."""
    return secrets.token_hex(_TOKEN_BYTES)


class Digester:
    """Keyed digests for one installation; `person` keeps keys, sessions and guesses apart from each other."""

    def __init__(self, salt: str) -> None:
        self._salt = bytes.fromhex(salt)

    def of_key(self, key: str) -> str:
        """The digest under which a key is stored, in hex."""
        return self._digest(key, b"key")

    def of_token(self, token: str) -> str:
        """The digest under which a session token is stored, in hex."""
        return self._digest(token, b"session")

    def of_login(self, name: str, password: str) -> str:
        """Names a pair of user name and password; kept in memory only."""
        return self._digest(f"{len(name)}:{name}{password}", b"login")

    def of_request(self, token: str) -> str:
        """The digest under which an application's wish for a key is stored, in hex."""
        return self._digest(token, b"request")

    def public_id(self, name: str) -> str:
        """A UUID that stays the same for this installation and name, and says nothing about either."""
        digest = hashlib.blake2b(name.encode(), digest_size=16, key=self._salt, person=b"public").digest()
        return str(uuid.UUID(bytes=digest, version=4))

    @staticmethod
    def print_of(digest: str) -> str:
        """The first 32 bits: enough to tell guesses apart, too few to confirm what was guessed."""
        return digest[: 2 * _PRINT_BYTES]

    def _digest(self, secret: str, person: bytes) -> str:
        data = secret.encode("utf-8", "surrogatepass")
        return hashlib.blake2b(data, digest_size=32, key=self._salt, person=person).hexdigest()


def same(left: str, right: str) -> bool:
    """Whether two digests are equal, in constant time."""
    return hmac.compare_digest(left.encode(), right.encode())


def stored_password(password: str) -> str:
    """What is kept of a password: `scrypt$<salt>$<hash>`. Takes about 50 ms: never call it in the loop."""
    salt = secrets.token_bytes(16)
    return f"scrypt${_text(salt)}${_text(_scrypt(password, salt))}"


def password_fits(password: str, stored: str | None) -> bool:
    """Whether `password` is the stored one. An account without one costs the same time. Never call it in the loop."""
    _, salt, expected = (stored or _NOBODY).split("$")
    actual = _scrypt(password, base64.b64decode(salt))
    return hmac.compare_digest(actual, base64.b64decode(expected)) and stored is not None


def _scrypt(password: str, salt: bytes) -> bytes:
    data = password.encode("utf-8", "surrogatepass")
    return hashlib.scrypt(data, salt=salt, dklen=32, maxmem=64 * 1024 * 1024, **_SCRYPT)


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()


_NOBODY = f"scrypt${_text(bytes(16))}${_text(bytes(32))}"
