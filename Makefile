# make demo: set up and run the main job. make app: the pages in the browser. make test: set up and test.
# make site: set up, and build the documentation as a site that is read without a network: build/site/index.html.
# make notebook: set up, with JupyterLab, and open the notebooks; JUPYTER_OPTIONS=--no-browser only serves them.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.ready
NOTEBOOK_STAMP := $(VENV)/.notebook-ready
JUPYTER_OPTIONS ?=

.PHONY: setup demo app notebook test test-all lint docs renew site clean

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

# Apart from the rest: JupyterLab is large, and only whoever teaches with the notebooks needs it.
$(NOTEBOOK_STAMP): $(STAMP)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable ".[notebook]" || { \
		echo 'JupyterLab cannot be installed. Where a network is: $(BIN)/python -m pip install -e ".[notebook]"' >&2; \
		echo 'Or open the files in notebooks/ in any editor for notebooks, with $(BIN)/python as their Python.' >&2; \
		exit 1; }
	touch $(NOTEBOOK_STAMP)

notebook: setup $(NOTEBOOK_STAMP)
	$(BIN)/jupyter lab $(JUPYTER_OPTIONS) notebooks

test: setup
	$(BIN)/python -m pytest -q -m "not slow" -n 2 --dist loadfile

test-all: setup lint
	$(BIN)/python -m pytest -q -n 2 --dist loadfile

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

docs: setup
	$(BIN)/python -m r2psim.documentation.odd docs/ODD.md
	$(BIN)/python -m r2psim.documentation.data docs/DATA.md

# What follows from the columns, rules and parameters: the digests of golden runs, and the documents' generated parts.
renew: setup
	$(BIN)/python tests/golden.py
	$(BIN)/python -m r2psim.documentation.odd docs/ODD.md
	$(BIN)/python -m r2psim.documentation.data docs/DATA.md

site: setup
	$(BIN)/python -m sphinx --builder html --quiet --fail-on-warning --keep-going --doctree-dir build/doctrees docs build/site
	@echo 'build/site/index.html'

clean:
	rm -rf $(VENV) demo-output build dist docs/reference/generated
