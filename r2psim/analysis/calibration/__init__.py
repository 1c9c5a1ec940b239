"""Holding the model against the record: targets, their definitions, validation, and the fit of free parameters."""
