"""What only other rules contain is compiled up to the point where they take it in, and no further.

The compiler brings every function that it meets through all of its optimisations and to machine code, also one that
nobody will ever call because its code becomes part of its callers', where it is optimised once more. For some two
hundred such functions that is a third of all compiling.
"""

from __future__ import annotations

import ctypes
from typing import Any

from numba import _dynfunc
from numba.core.codegen import JITCodeLibrary
from numba.core.compiler import CompilerBase, DefaultPassBuilder
from numba.core.compiler_machinery import register_pass
from numba.core.typed_passes import NativeLowering

__all__ = ["IngredientCompiler"]


_HARMLESS = ctypes.cast(ctypes.pythonapi.PyObject_Repr, ctypes.c_void_p).value


class _IngredientLibrary(JITCodeLibrary):  # type: ignore[misc]
    """Code that others take in: it is not optimised as a whole, and is not loaded into the process."""

    def _optimize_final_module(self) -> None:
        pass

    def _finalize_final_module(self) -> None:
        self._finalize_dynamic_globals()
        self._finalized = True


@register_pass(mutates_CFG=True, analysis_only=False)
class _IngredientLowering(NativeLowering):  # type: ignore[misc]
    """Lowering that leaves nothing to be called from Python."""

    _name = "ingredient_lowering"

    def run_pass(self, state: Any) -> bool:
        state.library = _IngredientLibrary(state.targetctx.codegen(), state.func_id.func_qualname)
        state.flags.no_compile = True
        done: bool = super().run_pass(state)
        lowered = state["cr"]

        fndesc, env = lowered.fndesc, lowered.env
        # Callers find the code by this object. It is never called itself, and would give its own text.
        entry = _dynfunc.make_function(fndesc.lookup_module(), fndesc.qualname, "", _HARMLESS, env, (state.library,))
        state.library.finalize()
        state.targetctx.insert_user_function(entry, fndesc, [state.library])
        state["cr"] = lowered._replace(cfunc=entry)
        return done


class IngredientCompiler(CompilerBase):  # type: ignore[misc]
    """The compiler's usual steps, but for the last."""

    def define_pipelines(self) -> list[Any]:
        """Give the steps."""
        steps = DefaultPassBuilder.define_nopython_pipeline(self.state)
        steps.passes = [
            (_IngredientLowering, "lowering of what only others contain") if step is NativeLowering else (step, what)
            for step, what in steps.passes
        ]
        steps._finalized = False
        steps.finalize()
        return [steps]
