# make demo: set up and run the main job. make app: the pages in the browser. make test: set up and test.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.ready

.PHONY: setup demo app test test-all lint docs clean

setup: $(STAMP)

$(STAMP): pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade pip
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable ".[all,dev]"
	$(BIN)/r2psim warmup
	touch $(STAMP)

demo: setup
	$(BIN)/r2psim compare seminar --runs 300 --seed 7 --out demo-output --force

app: setup
	$(BIN)/r2psim app seminar

test: setup
	$(BIN)/python -m pytest -q -m "not slow" -n 2

test-all: setup lint
	$(BIN)/python -m pytest -q -n 2

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

docs: setup
	$(BIN)/python -m r2psim.analysis.documentation docs/ODD.md

clean:
	rm -rf $(VENV) demo-output build dist
