# Two commands matter: `make drill` and `make test`. Both build their own environment in .venv first.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: drill test lint format bench kills mutations clean

drill: $(VENV)/installed
	$(BIN)/respond drill

# What failed beside the others is run once more, alone: a busy machine must not be taken for a mistake, nor hide one.
test: lint
	$(BIN)/pytest || { [ $$? -eq 1 ] && echo "Once more, alone:" && $(BIN)/pytest -n 0 --last-failed --last-failed-no-failures none; }

lint: $(VENV)/dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/actionlint
	$(BIN)/zizmor --quiet --offline .github/workflows

format: $(VENV)/dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(VENV)/installed
	$(BIN)/python benchmarks/waiting.py
	$(BIN)/python benchmarks/audit.py 100000

kills: $(VENV)/dev
	RESPOND_KILLS=every $(BIN)/pytest tests/end_to_end/test_kill.py

mutations: $(VENV)/dev
	RESPOND_MUTATIONS=10000 $(BIN)/pytest -n 0 --timeout 3000 tests/audit/test_mutations.py

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed: make PYTHON=/path/to/python3.11 ..."; exit 1; }
	$(PYTHON) -m venv $(VENV) || { echo "On Debian: apt install python3-venv"; exit 1; }

$(VENV)/installed: $(VENV)/bin/python pyproject.toml
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	@touch $@

$(VENV)/dev: $(VENV)/installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@

clean:
	rm -rf $(VENV) build dist
