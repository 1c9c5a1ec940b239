"""A scenario becomes columns: tables, rows, building, generating."""
