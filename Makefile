# Two commands do everything on a fresh machine with Python 3.11+ and make: `make demo` and `make test`.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
PYVER  := $(shell $(PYTHON) -c 'import sys; print("%d.%d" % sys.version_info[:2])')
LOCK   := requirements/python-$(PYVER).txt

.PHONY: demo test docs lint check format lock clean

demo: $(VENV)/ready  ## crawl the demo release, offline
	$(BIN)/osai-evidence demo

test: $(VENV)/ready  ## run the tests
	$(BIN)/python -m pytest -n auto

docs: $(VENV)/ready  ## build the documentation as a site
	$(BIN)/python -m sphinx -W -q docs build/docs
	@echo build/docs/index.html

lint: $(VENV)/ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

check: lint test

format: $(VENV)/ready
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

$(VENV)/ready: $(LOCK) pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --require-hashes -r $(LOCK)
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

$(LOCK):
	@echo "No lock file for Python $(PYVER). Supported: $$(ls requirements | sed 's/[^0-9.]*//; s/.txt//' | tr '\n' ' '). Try: make PYTHON=python3.12 demo" >&2; exit 1

lock:  ## write the lock files anew; needs uv
	for v in 3.11 3.12 3.13; do \
	  uv pip compile --quiet --no-header --no-annotate --generate-hashes --python-version $$v --all-extras --group dev \
	    --output-file requirements/python-$$v.txt pyproject.toml requirements/build.in; done

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis build dist
