"""Runs on an NVIDIA GPU: the same rules, translated from their own source, with the same bits.

Needs the extra ``r2psim[gpu]`` and a driver. `r2psim.simulate` comes here with ``device="gpu"``.
"""
