# make demo   the whole audit on the sample logs, with the embedded model
# make test   the test suite
# Both make .venv first; nothing else is needed but Python >= 3.11, make and a C++ compiler.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
DEMO := demo

.PHONY: demo test test-slow lint clean

demo: $(VENV)/.installed
	@mkdir -p $(DEMO)
	$(BIN)/auditor demo --db $(DEMO)/audit.duckdb -o $(DEMO)/auditor-report.html

test: $(VENV)/.installed
	$(BIN)/python -m pytest

test-slow: $(VENV)/.installed
	$(BIN)/python -m pytest -m slow

lint: $(VENV)/.installed
	$(BIN)/pip install -q -c constraints.txt -e '.[dev]'
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

$(VENV)/.installed: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo 'auditor needs Python >= 3.11; name one with: make $(MAKECMDGOALS) PYTHON=python3.12'; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo 'Installing into $(VENV). llama.cpp is compiled the first time: about 5 minutes on 2 cores.'
	$(BIN)/pip install -q --disable-pip-version-check -c constraints.txt -e '.[embedded,test]'
	@touch $@

clean:
	rm -rf $(VENV) $(DEMO) dist build .pytest_cache .mypy_cache .ruff_cache
