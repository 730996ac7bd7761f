"""How a run ends: what its receipts say taken together."""

from __future__ import annotations

from collections.abc import Sequence

from services.load_controller.rules.receipts import REPORTED, WAITING
from shared.contracts.loads import Receipt
from shared.contracts.runs import RunStatus

_NAMED = 5


def run_end(receipts: Sequence[Receipt], script_error: str | None = None) -> tuple[RunStatus, str | None] | None:
    """The end of a run and a sentence that names who did not do it; None while a receipt is awaited.

    Without anything to do a run succeeds. A load that was skipped has not done it.
    """
    if any(receipt.outcome == WAITING for receipt in receipts):
        return None
    wrong = [receipt for receipt in receipts if receipt.outcome != REPORTED]
    if not wrong and script_error is None:
        return RunStatus.SUCCEEDED, None
    said = [_said(receipt) for receipt in wrong[:_NAMED]]
    if len(wrong) > _NAMED:
        said.append(f"and {len(wrong) - _NAMED} more")
    if script_error is not None:
        said.append(f"script: {script_error}")
    partly = len(wrong) < len(receipts)
    return RunStatus.PARTLY_SUCCEEDED if partly else RunStatus.FAILED, "; ".join(said)


def _said(receipt: Receipt) -> str:
    if receipt.load is not None:
        who = f"load {receipt.load}"
    else:
        who = f"hvac group {receipt.hvac_group}" if receipt.hvac_group is not None else ""
    name = f"{who} ({receipt.name})" if who and receipt.name else who or receipt.name
    return f"{name}: {receipt.outcome}" + (f", {receipt.reason}" if receipt.reason else "")
