r"""The one place that writes to a terminal: what comes out of files and arguments is text there, and nothing else.

A terminal takes some characters for commands (colours, its title, where the next line goes), and the library that
writes tables takes text in square brackets for its own. Neither is read out of what a user gives: characters of control
are written as what they are, brackets stay.

Examples
--------
>>> visible("a\x1b[31mred\r\u202eb [north]")
'a\\x1b[31mred\\r\\u202eb [north]'
"""

from __future__ import annotations

import re
import shlex
import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

__all__ = ["command", "console", "guard", "raw", "styled", "visible"]

# Controls but for tabs and ends of lines, what turns the direction of writing, separators of lines, halves of pairs.
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


def visible(text: str) -> str:
    """Give text in which characters that a terminal would obey are written out."""
    return _CONTROL.sub(lambda found: ascii(found[0])[1:-1], text)


def command(words: Iterable[object]) -> str:
    """Write a command as a shell takes it, whatever its words hold.

    Examples
    --------
    >>> command(["r2psim", "status", "my study"])
    "r2psim status 'my study'"
    """
    return shlex.join(map(str, words))


class _Guarded:
    """A text stream that writes control characters out; all else is the stream's own."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        """Write text, nothing of it a command to the terminal."""
        self._stream.write(visible(text))
        return len(text)

    def writelines(self, lines: Iterable[str]) -> None:
        """Write lines likewise."""
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def guard() -> None:
    """Guard the streams of this process: for the command line, whose output is for people and other programs."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is not None and not isinstance(stream, _Guarded):
            setattr(sys, name, _Guarded(stream))


def raw(stream: Any) -> Any:
    """Give the stream below a guarded one: for what moves the cursor or draws in colours, and minds its text itself."""
    return stream._stream if isinstance(stream, _Guarded) else stream


def styled(*parts: str | tuple[str, str]) -> Text:
    """Give text whose parts have a style each: text by itself, or with the name of a style, such as ``dim``."""
    from rich.text import Text

    return Text.assemble(*(visible(part) if isinstance(part, str) else (visible(part[0]), part[1]) for part in parts))


def console(least: int = 0, stderr: bool = False) -> Console:
    """Give what writes tables and coloured text.

    Parameters
    ----------
    least : int
        Characters of a line at least: a table cut to a narrow terminal says nothing, its lines wrap instead.
    stderr : bool
        Write on the error stream.
    """
    from rich.console import Console

    class Plain(Console):
        """A console to which text is text: cells of tables and lines, without markup and without commands."""

        def render_str(self, text: str, **given: Any) -> Text:
            return super().render_str(visible(text), **given)

    def made(width: int | None = None) -> Console:
        stream = raw(sys.stderr if stderr else sys.stdout)
        return Plain(file=stream, highlight=False, markup=False, emoji=False, width=width)

    found = made()
    return made(least) if found.width < least else found
