"""Who a request comes from, once a credential has been accepted."""

from __future__ import annotations

from dataclasses import dataclass

from services.gateway.callers.roles import PERMISSIONS, Permission, Role
from services.gateway.callers.tables import AccountRow, ApiKeyRow
from shared.contracts.messages import Caller
from shared.errors import Forbidden


@dataclass(frozen=True, slots=True)
class Identity:
    """An account as a request uses it; `key_id` is the key that proved it, None for a password.

    `application` names the application that this key was granted to, None for a person's own key.
    """

    account_id: str
    name: str
    role: Role
    permissions: frozenset[Permission]
    key_id: str | None = None
    application: str | None = None

    def may(self, permission: Permission) -> bool:
        """Whether the role has this permission."""
        return permission in self.permissions

    def require(self, permission: Permission) -> None:
        """Raises `Forbidden` (`no_permission`) when the role does not have it."""
        if permission not in self.permissions:
            raise Forbidden(f"The role {self.role} may not do this", code="no_permission")

    def caller(self, via: str) -> Caller:
        """Who asked, as messages and run records say it."""
        return Caller(name=self.name, via=via, role=str(self.role))


def identity_of(account: AccountRow, key: ApiKeyRow | None = None) -> Identity:
    """The identity of a stored account, and the key that proved it."""
    role = Role(account.role)
    return Identity(
        account_id=account.id, name=account.name, role=role, permissions=PERMISSIONS[role],
        key_id=key.id if key else None, application=key.application if key else None,
    )  # fmt: skip
