"""Compile some of the rules that the opening and a month call: ``python -m r2psim.rules.compile_month NAME...``."""

from __future__ import annotations

import sys

from r2psim.rules.month import compile_rule

if __name__ == "__main__":
    for _name in sys.argv[1:]:
        compile_rule(_name)
