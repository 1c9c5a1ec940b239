"""The model: one file per step of the month; `month` says the order."""
