"""Compilation of kernels with numba, kept on disk; a damaged or unwritable cache costs time, never a result.

Compiled code is stored beside its source, else in our cache. Each file begins with the digest of its content, because
numba would run whatever it finds. No kernel uses several threads or fast mathematics, which would change bits.
"""

import hashlib
import pickle
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any

import numba

from privacysim.errors import say_once, shown
from privacysim.resources import PACKAGE, cache_folder

caching: Any = import_module("numba.core.caching")  # untyped


def jit(function: Any, **options: Any) -> Any:
    """Compile a kernel on its first call; it releases the interpreter's lock, and is kept for the next process."""
    made = numba.njit(nogil=True, **options)(function)
    if hasattr(made, "enable_caching"):  # else numba is switched off
        try:
            made._cache = _Cache(function)
        except RuntimeError:  # no folder can be written
            say_once("Compiled kernels cannot be kept, so each process compiles its own.\n"
                     "  Fix: name a folder that can be written in PRIVACYSIM_CACHE.")  # fmt: skip
    return made


def nothing_compiled() -> bool:
    """Whether this installation has not compiled any kernel yet, so its first run takes a minute longer."""
    return not any(True for place in (PACKAGE, cache_folder() / "numba") for _ in place.rglob("sealed-*.nbi"))


class _Beneath(caching.UserWideCacheLocator):  # type: ignore[misc]
    """Folder for compiled code if the installation is read-only."""

    def __init__(self, function: Any, file: str) -> None:
        super().__init__(function, file)
        self._cache_path = str(cache_folder() / "numba" / self.get_suitable_cache_subpath(file))


class _Code(caching.CompileResultCacheImpl):  # type: ignore[misc]
    _locator_classes = (caching.UserProvidedCacheLocator, caching.InTreeCacheLocator, _Beneath)

    def get_filename_base(self, *names: str) -> str:
        return f"sealed-{super().get_filename_base(*names)}"


class _Files(caching.IndexDataCacheFile):  # type: ignore[misc]
    """Index and code of one kernel, each preceded by its digest."""

    def _load_index(self) -> Any:
        try:
            version, stamp, found = _opened(Path(self._index_path))
        except FileNotFoundError:
            return {}
        return found if (version, stamp) == (self._version, self._source_stamp) else {}

    def _save_index(self, found: Any) -> None:
        with self._open_for_write(self._index_path) as stream:
            stream.write(self._dump((self._version, self._source_stamp, found)))

    def _load_data(self, name: str) -> Any:
        return _opened(Path(self._data_path(name)))

    def _dump(self, value: Any) -> bytes:
        content: bytes = super()._dump(value)
        return hashlib.sha256(content).digest() + content


def _opened(path: Path) -> Any:
    content = path.read_bytes()
    if hashlib.sha256(content[32:]).digest() != content[:32]:
        raise ValueError("damaged")
    return pickle.loads(content[32:])


class _Cache(caching.FunctionCache):  # type: ignore[misc]
    _impl_class = _Code

    def __init__(self, function: Any) -> None:
        super().__init__(function)
        stamp = self._impl.locator.get_source_stamp()
        self._cache_file = _Files(self.cache_path, self._impl.filename_base, stamp)

    def load_overload(self, *key: Any) -> Any:
        try:
            return super().load_overload(*key)
        except (OSError, ValueError):
            say_once(f"{self.cache_path}: the compiled kernels were damaged; they are compiled again.")
            with suppress(OSError):
                self.flush()
            return None

    def save_overload(self, *compiled: Any) -> None:
        try:
            super().save_overload(*compiled)
        except (OSError, ValueError) as error:
            say_once(f"{self.cache_path}: compiled kernels cannot be kept ({shown(error)}).")
