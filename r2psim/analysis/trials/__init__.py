"""The model held against causal studies: each published estimate run as a trial, published beside simulated.

Examples
--------
>>> from r2psim.analysis.trials import VERDICTS
>>> "weaker" in VERDICTS
True
"""

from r2psim.analysis.trials.studies import VERDICTS, Study, Trials, run_trials, verdict_of

__all__ = ["VERDICTS", "Study", "Trials", "run_trials", "verdict_of"]
