"""Where the trials of a sweep are kept: a SQLite file that one sweep writes to at a time."""

import json
import logging
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import optuna
from filelock import FileLock, Timeout
from optuna.samplers import BaseSampler
from optuna.storages import RDBStorage
from optuna.study import StudyDirection

from golden.errors import UserError
from tilewright.sweeps.metrics import Direction
from tilewright.sweeps.study import Study

__all__ = ["opened"]

_FACTS = "tilewright"
"""User attribute with what the sweep was begun with."""

_DIRECTIONS = {
    Direction.MINIMISE: StudyDirection.MINIMIZE,
    Direction.MAXIMISE: StudyDirection.MAXIMIZE,
}

_LOCKED_S = 10.0
"""Seconds to wait for another program that has the file locked, such as a dashboard."""


@contextmanager
def opened(file: Path, study: Study, sampler: BaseSampler) -> Iterator[optuna.Study]:
    """Optuna's study in a file, begun or found there.

    Parameters
    ----------
    file : Path
        SQLite, made if it is not there.
    study : Study
    sampler : BaseSampler

    Raises
    ------
    UserError
        If the file is in use, is damaged, or holds a sweep of another study.
    """
    if not file.parent.is_dir():
        raise UserError(f"{file} can not be written: there is no folder {file.parent}")
    lock = FileLock(file.with_name(f"{file.name}.lock"), timeout=0)
    try:
        lock.acquire()
    except Timeout:
        raise UserError(
            f"another sweep writes to {file}: wait for it, or give another --storage"
        ) from None
    level = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(logging.WARNING)
    try:
        with _explained(file):
            storage = RDBStorage(
                f"sqlite:///{file}", engine_kwargs={"creator": lambda: _connect(file)}
            )
            try:
                yield _open(storage, file, study, sampler)
            finally:
                storage.engine.dispose()
    finally:
        optuna.logging.set_verbosity(level)
        # While it is held: whoever finds it gone makes a new one.
        Path(lock.lock_file).unlink(missing_ok=True)
        lock.release()


def _open(storage: RDBStorage, file: Path, study: Study, sampler: BaseSampler) -> optuna.Study:
    stored = optuna.create_study(
        storage=storage,
        study_name=study.name,
        directions=[_DIRECTIONS[objective.direction] for objective in study.objectives],
        sampler=sampler,
        load_if_exists=True,
    )
    facts = study.facts()
    begun = stored.user_attrs.get(_FACTS)
    if begun is None:
        stored.set_user_attr(_FACTS, facts)
        return stored
    # As JSON gives numbers back.
    now = json.loads(json.dumps(facts))
    changed = [part for part in now if now[part] != begun.get(part)]
    if changed:
        raise UserError(
            f"the study has changed since {file} was begun ({', '.join(changed)}): give another"
            " --storage, or the study as it was"
        )
    return stored


def _connect(file: Path) -> sqlite3.Connection:
    """A connection that keeps all that was committed when this process is killed.

    To be safe from a loss of power as well, each of a trial's dozen commits would have to wait for
    the disk; the latest trials may then be lost, and the file is sound.
    """
    connection = sqlite3.connect(file, timeout=_LOCKED_S, check_same_thread=False)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=NORMAL")
    return connection


@contextmanager
def _explained(file: Path) -> Iterator[None]:
    """Tell what the database says in a sentence."""
    try:
        yield
    except UserError:
        raise
    except Exception as error:
        cause = _cause(error)
        if cause is None:
            raise
        raise UserError(_sentence(file, str(cause))) from None


def _cause(error: BaseException | None) -> sqlite3.Error | None:
    """What SQLite said, if an error comes from there, through however many hands."""
    while error is not None and not isinstance(error, sqlite3.Error):
        error = error.__cause__ or error.__context__
    return error


def _sentence(file: Path, said: str) -> str:
    if "locked" in said:
        return f"{file} is locked by another program: try again when that is done"
    if "readonly" in said or "unable to open" in said:
        return f"{file} can not be written: {said}"
    return f"{file} is no file of a sweep, or is damaged ({said}): give another --storage"
