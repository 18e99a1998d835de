"""Exploring a design space."""

from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path

from golden.errors import UserError
from tilewright.sweeps.checks import require_count
from tilewright.sweeps.driving import drive
from tilewright.sweeps.progress import shown
from tilewright.sweeps.reading import load_study
from tilewright.sweeps.records import records
from tilewright.sweeps.result import SweepResult
from tilewright.sweeps.samplers import sampler_of
from tilewright.sweeps.storage import opened
from tilewright.sweeps.study import Study
from tilewright.sweeps.workers import Inline, LocalWorkers, Workers, local_count

__all__ = ["sweep"]


def sweep(
    study: Study | Path | str,
    *,
    storage: Path | str | None = None,
    workers: int | None = None,
    scheduler: str | None = None,
    progress: Callable[[int, int, int], None] | None = None,
) -> SweepResult:
    """Explore a design space, or go on where a sweep of it was ended.

    Parameters
    ----------
    study : Study or path
        TOML file, or what `tilewright.sweeps.reading.load_study` makes of one.
    storage : path, optional
        SQLite file with the trials; default: beside the study's file, or in the working folder,
        ``NAME.db``.
    workers : int, optional
        Processes of this machine; default: one for each core. 1 evaluates in this process.
    scheduler : str, optional
        Address of a Dask scheduler whose workers evaluate in place of this machine.
    progress : callable, optional
        Told how many trials are done, how many of them failed, and how many there will be;
        default: a line on a terminal or in a notebook.

    Returns
    -------
    SweepResult

    Raises
    ------
    UserError
        If the study is wrong, the storage can not be used or holds another study, or the
        scheduler can not be reached.
    OSError
        If a file can not be read.
    """
    if workers is not None:
        require_count("workers", workers)
    if workers is not None and scheduler is not None:
        raise UserError("workers are of this machine; those of a scheduler are its own")
    if isinstance(study, Study):
        place = Path(f"{study.name}.db")
    else:
        place = Path(study).with_suffix(".db")
        study = load_study(Path(study))
    file = place if storage is None else Path(storage)
    count = min(local_count() if workers is None else workers, study.count)
    sampler = sampler_of(study, at_once=count if scheduler is None else study.count)
    with (
        # A scheduler that is not there leaves no file behind.
        _workers(study, count, scheduler) as pool,
        opened(file, study, sampler) as stored,
        shown() if progress is None else nullcontext(progress) as told,
    ):
        drive(study, stored, pool, told)
        found = records(study, stored.get_trials(deepcopy=False))
    return SweepResult(study=study, records=found, storage=file)


def _workers(study: Study, count: int, scheduler: str | None) -> Workers:
    if scheduler is not None:
        # Imported late: it is an extra.
        from tilewright.sweeps.cluster import Cluster

        return Cluster(study.bench, scheduler)
    return Inline(study.bench) if count == 1 else LocalWorkers(study.bench, count)
