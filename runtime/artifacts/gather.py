"""Several files into one folder: a few at a time, each put on record as it comes whole."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path

from runtime.artifacts.disk import require_room
from runtime.artifacts.record import Fetched, Record, begun_bytes, drop_strangers, read_record, write_record
from runtime.artifacts.resume import Opening, Transfer, Wanted, download

_AT_ONCE = 4
"""Files fetched side by side: one connection is bounded by the far side, many are a burden to it."""


@dataclass(frozen=True)
class Job:
    """A file that is wanted and what opens it."""

    wanted: Wanted
    opening: Opening


class Keeping:
    """The record of a folder as it grows: a crash costs no file that came whole. Files of an earlier source
    that the present one does not name are removed at the beginning."""

    def __init__(self, folder: Path, of: str, names: Iterable[str]) -> None:
        record, kept = read_record(folder), frozenset(names)
        drop_strangers(folder, record, kept)
        self.folder, self.of = folder, of
        self.files = {name: file for name, file in record.intact(folder).items() if name in kept}
        write_record(folder, Record(of, False, self.files))

    def add(self, *files: Fetched) -> None:
        """More came whole."""
        self.files.update({file.name: file for file in files})
        write_record(self.folder, Record(self.of, False, self.files))

    def close(self) -> None:
        """Nothing is left to fetch."""
        write_record(self.folder, Record(self.of, True, self.files))

    def has(self, wanted: Wanted) -> bool:
        """This very content lies there from before."""
        there = self.files.get(wanted.name)
        return there is not None and there.key == wanted.key


def gather(jobs: tuple[Job, ...], what: str, transfer: Transfer, keeping: Keeping) -> None:
    """Fetch what is not there yet, the largest first. The first failure ends the others, and is what is
    told."""
    sizes = {job.wanted.name: job.wanted.size or 0 for job in jobs}
    missing = [job for job in jobs if not keeping.has(job.wanted)]
    lacking = sum(sizes[job.wanted.name] for job in missing)
    begun = begun_bytes(transfer.folder, (job.wanted.key for job in missing))
    require_room(transfer.folder, lacking - begun, what)
    transfer.meter.found(sum(keeping.files[job.wanted.name].bytes for job in jobs if job not in missing))
    transfer.meter.expect(sum(sizes.values()))
    with ThreadPoolExecutor(max_workers=_AT_ONCE, thread_name_prefix="fetch") as pool:
        missing.sort(key=lambda job: -sizes[job.wanted.name])
        pending = {pool.submit(download, job.wanted, job.opening, transfer) for job in missing}
        try:
            while pending:
                done, pending = wait(pending, return_when=FIRST_COMPLETED)
                keeping.add(*(future.result() for future in done))
        finally:
            if pending:
                transfer.halt.set()
                pool.shutdown(wait=False, cancel_futures=True)
    transfer.meter.finish()
