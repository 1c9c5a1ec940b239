"""How a rule becomes machine code: three decorators and the place where compiled code is kept.

The compiler's own cache looks at the file of the function only: a change in another module would be served old
machine code. The cache directory is therefore named after the text of everything that rules are made of.

No decorator lets references to arrays be counted (``_nrt=False``): rows outlive every rule that is given them, and a
function that takes `Rows` would else spend 130 ns on each call to count its two dozen arrays in and out, atomically,
which also sets threads against one another. A rule therefore cannot make an array; scratch space is a column.

With ``NUMBA_DISABLE_JIT=1`` all of them leave plain Python, which gives the same bits, slowly.
"""

from __future__ import annotations

import functools
import hashlib
import os
import warnings
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any, TypeVar, cast

import llvmlite.binding
import numba
import numba.experimental.function_type
import numba.extending
import numpy as np

__all__ = ["add_to", "address_of", "cache_directory", "inline", "raise_to", "rule", "source_digest", "woven"]

_Function = TypeVar("_Function", bound=Callable[..., Any])

_PACKAGE = Path(__file__).parents[1]
_MADE_OF = (
    "rules/*.py",
    "ensemble/engine.py",
    "ensemble/measures.py",
    "declarations/columns.py",
    "world/rows.py",
    "declarations/channels.py",
    "scenario/parameters.*",
    "seminar/luck_plans.py",
)


def source_digest() -> str:
    """Give the digest of every file that compiled code depends on.

    Returns
    -------
    str
        16 hexadecimal digits.
    """
    digest = hashlib.sha256(numba.__version__.encode())
    for pattern in _MADE_OF:
        for file in sorted(_PACKAGE.glob(pattern)):
            digest.update(file.name.encode())
            digest.update(file.read_bytes())
    return digest.hexdigest()[:16]


def cache_directory() -> Path:
    """Give the directory in which compiled code of exactly these sources is kept.

    ``R2PSIM_CACHE``, or else the compiler's own ``NUMBA_CACHE_DIR``, overrides the user's cache directory.
    """
    from platformdirs import user_cache_path

    base = os.environ.get("R2PSIM_CACHE") or os.environ.get("NUMBA_CACHE_DIR")
    # Absolute: the program may change its working directory between two rules.
    return (Path(base) if base else user_cache_path("r2psim")).absolute() / "compiled" / source_digest()


def _kept() -> bool:
    """Have compiled code kept in its directory, or say that it cannot be.

    The compiler would else fall back on directories that are not named after the sources, and serve old code.
    """
    directory = cache_directory()
    try:
        directory.mkdir(parents=True, exist_ok=True)
        TemporaryFile(dir=directory).close()
    except OSError as error:
        warnings.warn(
            f"compiled rules cannot be kept ({error}) and are compiled anew each time: "
            "set R2PSIM_CACHE to a directory that can be written",
            RuntimeWarning,
            stacklevel=2,
        )
        return False
    numba.config.CACHE_DIR = str(directory)
    return True


def _announced() -> None:
    """Have it said whenever rules are compiled."""
    # Imported here, and in `rule`: rules are not made of what only looks after them.
    from r2psim.compiling import announce_compiling

    announce_compiling()


def _interleave() -> None:
    """Let loops go through four vectors of rows at a time, and through the rest one vector at a time.

    The arithmetic of a row is a long chain - an exponential alone is 26 operations, each of which waits for the one
    before. A processor does not look far enough ahead to begin with the next rows meanwhile: exponentials take half
    the time so, and draws two thirds. The options concern all code that is compiled in this process, and no bits.
    """
    for option in ("-force-vector-interleave=4", "-epilogue-vectorization-force-VF=4"):
        llvmlite.binding.set_option("r2psim", option)


_interleave()
_KEPT = not numba.config.DISABLE_JIT and _kept()
if not numba.config.DISABLE_JIT:
    _announced()


class CompiledRule:
    """A function that rules and Python call: rules take in the one form of it, Python calls the other.

    Parameters
    ----------
    function : callable
        As it is written.
    decorator : callable
        What it is made by: `rule` or `inline`.
    part, whole : numba dispatcher
        What rules contain where they call it, and what is machine code by itself. Nothing is compiled before it is
        called.
    """

    def __init__(self, function: Callable[..., Any], decorator: Callable[..., Any], part: Any, whole: Any) -> None:
        functools.update_wrapper(self, function)
        self.py_func = function
        self.decorator = decorator
        self.part = part
        self.whole = whole

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        """Call the whole rule from Python."""
        if not self.whole.overloads:
            from r2psim.rules.ahead import before_first_call

            before_first_call(self.py_func.__name__)
        return self.whole(*arguments, **named)

    def compile(self, arguments: tuple[Any, ...]) -> Any:
        """Compile the whole rule for arguments of certain types, or load it; give what came of it."""
        self.whole.compile(arguments)
        return self.whole.overloads[arguments]


class _Seen(numba.types.Dispatcher):  # type: ignore[misc]
    """What rules see of a rule: a constant among its arguments is a number like others.

    To the compiler each is a type of its own, for which it would compile the rule, and all that it calls, once more.
    """

    def get_call_type(self, context: Any, args: tuple[Any, ...], kws: dict[str, Any]) -> Any:
        """Give the types of a call."""
        unliteral = numba.types.unliteral
        named = {name: unliteral(kind) for name, kind in kws.items()}
        return super().get_call_type(context, tuple(map(unliteral, args)), named)


numba.extending.register_model(_Seen)(numba.extending.models.OpaqueModel)


@numba.extending.typeof_impl.register(CompiledRule)
def _what_rules_see(seen: CompiledRule, context: object) -> Any:
    return _Seen(seen.part)


def _compiled(function: Callable[..., Any], **options: Any) -> Any:
    return numba.njit(error_model="numpy", _nrt=False, **options)(function)


def _part(function: Callable[..., Any], **options: Any) -> Any:
    from r2psim.rules.ingredients import IngredientCompiler

    without = {"no_cpython_wrapper": True, "no_cfunc_wrapper": True}
    return _compiled(function, pipeline_class=IngredientCompiler, **without, **options)


def rule(function: _Function) -> _Function:
    """Compile a rule: no Python objects, no new arrays, releases the interpreter, kept on disk."""
    if numba.config.DISABLE_JIT:
        return function
    whole = _compiled(function, nogil=True)
    if _KEPT:
        from r2psim.machine_code import keep

        keep(whole, Path(numba.config.CACHE_DIR))
    made: Any = CompiledRule(function, rule, _part(function), whole)
    return cast(_Function, made)


class _Address(numba.types.WrapperAddressProtocol):
    """Where the code of a rule lies, for arguments of certain types: code that calls it there does not contain it."""

    def __init__(self, called: Any, signature: Any) -> None:
        self._called = called
        self._signature = signature
        self._address = 0

    def __wrapper_address__(self) -> int:
        if self._address:
            return self._address
        # Asked for by its arguments alone, as a call from Python does: what is kept is found by what was asked for.
        compiled = self._called.compile(tuple(self._signature.args))
        self._address = compiled.library.get_pointer_to_function(compiled.fndesc.llvm_cfunc_wrapper_name)
        return self._address

    def signature(self) -> Any:
        return self._signature


def address_of(called: _Function, *example: Any) -> _Function:
    """Give the address of a rule's code, to be handed to a rule that calls it; the rule itself where none is compiled.

    Parameters
    ----------
    called : rule
        That gives nothing back.
    example : object
        Arguments of the types that it is called with.
    """
    if numba.config.DISABLE_JIT:
        return called
    address: Any = _Address(called, numba.void(*map(numba.typeof, example)))
    return cast(_Function, address)


def inline(function: _Function) -> _Function:
    """Compile a small function of scalars into every rule that calls it."""
    if numba.config.DISABLE_JIT:
        return function
    part, whole = _part(function, forceinline=True), _compiled(function, no_cfunc_wrapper=True)
    made: Any = CompiledRule(function, inline, part, whole)
    return cast(_Function, made)


def woven(function: _Function) -> _Function:
    """Let a list of rules be written into the rule that calls it, and not compiled by itself.

    A layer of rules that call rules would else be compiled, and optimised, once more as a whole.
    """
    compiled: _Function = numba.njit(inline="always", error_model="numpy", _nrt=False)(function)
    return compiled


@inline
def add_to(block: np.ndarray, column: int, row: int, amount: float) -> None:
    """Add a whole number to an entry to which several agents of a phase add.

    Sums of whole numbers are exact, so that no order makes a difference. With `raise_to` it is the only way in which
    an agent may write what is not its own: where agents act at the same time, an addition must not be torn apart.
    """
    block[column, row] += amount


@inline
def raise_to(block: np.ndarray, column: int, row: int, level: float) -> None:
    """Raise an entry, which is never below 0, to a level of 0 or more, as several agents of a phase may."""
    block[column, row] = level if level > block[column, row] else block[column, row]
