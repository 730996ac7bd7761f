"""What is known of contents, as rows by digest: stored, found for listings and selections, forgotten when unused.

Every function works inside the caller's transaction.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import msgspec
from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from services.printer_controller import view as views
from services.printer_controller.analysis.result import VERSION, FileAnalysis
from services.printer_controller.models import AnalysisRow, AnalysisSummary, FileRow
from services.printer_controller.view import Selection
from shared.contracts.files import FileThumbnail, GcodeAnalysis

MOST_PATHS = 20  # of one content that are told about


class Known(NamedTuple):
    """What a listing shows of a content: its summary, or why there is none."""

    summary: AnalysisSummary | None = None
    reason: str | None = None


NOT_YET = Known()


async def find(tx: AsyncSession, digest: str) -> FileAnalysis | None:
    """The whole analysis of a content."""
    row = await tx.get(AnalysisRow, digest)
    return row.result if row is not None else None


async def known(tx: AsyncSession, digests: Iterable[str]) -> dict[str, Known]:
    """What is known of these contents, without those of which nothing is."""
    query = select(col(AnalysisRow.digest), col(AnalysisRow.summary), col(AnalysisRow.reason))
    rows = await tx.execute(query.where(col(AnalysisRow.digest).in_(set(digests))))
    return {digest: Known(summary, reason) for digest, summary, reason in rows}


async def selection_of(tx: AsyncSession, row: FileRow, user: str | None) -> Selection:
    """The selection that this file makes, with what is known of it."""
    return views.selection_of(row, user, await find(tx, row.digest))


async def store(tx: AsyncSession, digest: str, result: FileAnalysis | None, reason: str | None) -> None:
    """Keep the result, or the reason why there is none, in place of an earlier one."""
    summary = summary_of(result) if result is not None else None
    await tx.merge(AnalysisRow(digest=digest, version=VERSION, result=result, summary=summary, reason=reason))


async def paths(tx: AsyncSession, digest: str) -> Sequence[str]:
    """The first few files that have this content."""
    query = select(col(FileRow.path)).where(col(FileRow.digest) == digest).order_by(col(FileRow.key))
    return list(await tx.scalars(query.limit(MOST_PATHS)))


async def missing(tx: AsyncSession, after: str, limit: int) -> list[str]:
    """The digests of files that were not analysed by this version, in order, after the digest `after`."""
    query = (
        select(col(FileRow.digest)).distinct()
        .outerjoin(AnalysisRow, col(AnalysisRow.digest) == col(FileRow.digest))
        .where(col(FileRow.digest) > after)
        .where(col(AnalysisRow.digest).is_(None) | (col(AnalysisRow.version) != VERSION))
        .order_by(col(FileRow.digest)).limit(limit)
    )  # fmt: skip
    return list(await tx.scalars(query))


async def forget_unused(tx: AsyncSession) -> None:
    """Remove what is known of contents that no file has any more."""
    used = select(col(FileRow.digest)).where(col(FileRow.digest) == col(AnalysisRow.digest)).exists()
    await tx.execute(delete(AnalysisRow).where(~used))


def summary_of(result: FileAnalysis) -> AnalysisSummary:
    """The part of an analysis that travels."""
    analysis = msgspec.convert(msgspec.structs.replace(result, slicer=None), GcodeAnalysis, from_attributes=True)
    if result.slicer is not None:
        analysis.slicer = f"{result.slicer.name} {result.slicer.version}".strip()
    thumbnails = [msgspec.convert(each, FileThumbnail, from_attributes=True) for each in result.thumbnails]
    return AnalysisSummary(analysis=analysis, thumbnails=thumbnails)
