# Everything lives in .venv/; the first call makes it. PYTHON=python3.12 chooses the interpreter.
SHELL := /bin/bash
PYTHON ?=
export PYTHON
export PLAYWRIGHT_BROWSERS_PATH := $(CURDIR)/.venv/browsers
python := .venv/bin/python

.DEFAULT_GOAL := help
.PHONY: help demo test check bench lerobot

help: ## this list
	@sed -nE 's/^([a-z]+):.*## (.*)/  make \1\t\2/p' Makefile | expand -t 16

demo: ## the dashboard on this machine, with the shipped policies (ARGS="--port 8001")
	@scripts/bootstrap.sh
	@.venv/bin/millwright demo $(ARGS)

test: ## every test that needs no GPU and no network (ARGS="-k dashboard")
	@scripts/bootstrap.sh test
	@$(python) -m pytest $(ARGS)

check: ## lint, format, types, and which room may import which
	@scripts/bootstrap.sh
	$(python) -m ruff check
	$(python) -m ruff format --check
	$(python) -m mypy
	@$(python) -c 'import sys; from importlinter.cli import lint_imports_command; sys.exit(lint_imports_command())' --no-logo

lerobot: ## LeRobot and robosuite in .lerobot/: what files and speeds are checked against
	@scripts/bootstrap.sh lerobot

bench: ## measure the speeds again, into results/ (ARGS=lerobot)
	@scripts/bootstrap.sh
	@$(python) scripts/bench.py $(ARGS)
