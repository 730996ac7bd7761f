"""How secrets are kept: nothing stored gives one away."""

from __future__ import annotations

from services.gateway.callers import proofs
from services.gateway.callers.proofs import Digester


def test_keys_are_random_and_long() -> None:
    keys = {proofs.new_key() for _ in range(100)}
    assert len(keys) == 100
    assert min(len(key) for key in keys) >= 32


def test_a_digest_depends_on_the_installation_and_on_what_it_is_for() -> None:
    one, two = Digester(proofs.new_salt()), Digester(proofs.new_salt())
    assert one.of_key("secret") == one.of_key("secret")
    assert len({one.of_key("secret"), two.of_key("secret"), one.of_token("secret")}) == 3


def test_user_name_and_password_cannot_be_shifted_into_each_other() -> None:
    digests = Digester(proofs.new_salt())
    assert digests.of_login("ab", "c") != digests.of_login("a", "bc")


def test_a_password_fits_only_itself_and_is_salted() -> None:
    stored = proofs.stored_password("correct horse")
    assert proofs.password_fits("correct horse", stored)
    assert not proofs.password_fits("correct hors", stored)
    assert stored != proofs.stored_password("correct horse")
    assert "correct" not in stored


def test_an_account_without_a_password_takes_none() -> None:
    assert not proofs.password_fits("", None)
    assert not proofs.password_fits("\x00" * 32, None)
