"""The administrator of a new installation, and how settings replace its key and password."""

from __future__ import annotations

import asyncio

import msgspec

from services.gateway.callers import accounts, first_admin, proofs
from services.gateway.callers.first_admin import FirstAdmin
from shared.settings import Settings
from shared.store import Store
from tests.support.clock import ManualClock

KEY, OTHER_KEY = "the-first-admin-key", "the-second-admin-key"
PASSWORD, OTHER_PASSWORD = "the first password", "the second password"


def given(settings: Settings, key: str | None, password: str | None) -> Settings:
    return msgspec.structs.replace(settings, admin_key=key, admin_password=password)


async def admits(store: Store, key: str) -> bool:
    async with store.reading() as tx:
        found = await accounts.find_key(tx, (await accounts.digester(tx)).of_key(key))
    return found is not None and found[1].name == "admin"


async def password_fits(store: Store, password: str) -> bool:
    async with store.reading() as tx:
        account = await accounts.find_account(tx, "admin")
    assert account is not None
    return proofs.password_fits(password, account.password)


async def test_without_settings_random_secrets_are_made_and_kept_for_one_look(
    store: Store, settings: Settings, clock: ManualClock
) -> None:
    await first_admin.prepare(store, settings, clock)
    file = settings.run_folder / "first-admin.json"
    made = msgspec.json.decode(file.read_bytes(), type=FirstAdmin)
    assert file.stat().st_mode & 0o777 == 0o600
    assert made.name == "admin"
    assert made.key is not None
    assert made.password is not None
    assert await admits(store, made.key)
    assert await password_fits(store, made.password)


async def test_a_second_start_changes_nothing_and_shows_nothing(
    store: Store, settings: Settings, clock: ManualClock
) -> None:
    await first_admin.prepare(store, settings, clock)
    file = settings.run_folder / "first-admin.json"
    made = msgspec.json.decode(file.read_bytes(), type=FirstAdmin)
    file.unlink()
    await first_admin.prepare(store, settings, clock)
    assert not file.exists()
    assert await admits(store, made.key or "")


async def test_given_secrets_are_used_and_not_written_down(
    store: Store, settings: Settings, clock: ManualClock
) -> None:
    await first_admin.prepare(store, given(settings, KEY, PASSWORD), clock)
    assert not (settings.run_folder / "first-admin.json").exists()
    assert await admits(store, KEY)
    assert await password_fits(store, PASSWORD)


async def test_changed_settings_replace_key_and_password_at_the_next_start(
    store: Store, settings: Settings, clock: ManualClock
) -> None:
    await first_admin.prepare(store, given(settings, KEY, PASSWORD), clock)
    await first_admin.prepare(store, given(settings, OTHER_KEY, OTHER_PASSWORD), clock)
    assert await admits(store, OTHER_KEY)
    assert not await admits(store, KEY)
    assert await password_fits(store, OTHER_PASSWORD)
    assert not await password_fits(store, PASSWORD)


async def test_going_back_to_an_earlier_key_works(store: Store, settings: Settings, clock: ManualClock) -> None:
    for key in (KEY, OTHER_KEY, KEY):
        await first_admin.prepare(store, given(settings, key, None), clock)
    assert await admits(store, KEY)
    assert not await admits(store, OTHER_KEY)


async def test_other_keys_of_the_administrator_stay(store: Store, settings: Settings, clock: ManualClock) -> None:
    await first_admin.prepare(store, given(settings, KEY, None), clock)
    async with store.transaction() as tx:
        account = await accounts.find_account(tx, "admin")
        assert account is not None
        await accounts.create_key(tx, account, "a key by hand", "by hand", now=clock.now())
    await first_admin.prepare(store, given(settings, OTHER_KEY, None), clock)
    assert await admits(store, "a key by hand")


async def test_gateways_that_start_together_make_one_administrator(
    store: Store, settings: Settings, clock: ManualClock
) -> None:
    others = [Store.open(settings, "gateway") for _ in range(4)]
    await asyncio.gather(*(first_admin.prepare(each, settings, clock) for each in others))
    for each in others:
        await each.close()
    made = msgspec.json.decode((settings.run_folder / "first-admin.json").read_bytes(), type=FirstAdmin)
    assert await admits(store, made.key or "")
    assert await password_fits(store, made.password or "")
    async with store.reading() as tx:
        assert len(await accounts.list_accounts(tx)) == 1
        assert len(await accounts.list_keys(tx)) == 1
