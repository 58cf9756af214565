# Every target sets up what it needs: a virtual environment in .venv from the lock file.
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready

.PHONY: demo test bench lint format clean
.DELETE_ON_ERROR:

demo: $(READY)  ## the main job, from a git push to a served model, on this machine
	@$(BIN)/towline demo

test: $(READY)  ## every test of the house; those that need kubectl or sshd say so when they skip
	@$(BIN)/pytest -n 2 --dist loadfile --ignore=tests/runtime

bench: $(READY)  ## a table of measurements and, last, one line of JSON
	@$(BIN)/python -m tests.bench

lint: $(READY)  ## style, types, and the floors of the house
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

format: $(READY)
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

clean:
	rm -rf .venv .towline build dist

$(READY): requirements.lock pyproject.toml
	@echo "Setting up .venv from requirements.lock (once; about a minute) ..."
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Towline needs Python 3.11 or newer: make PYTHON=python3.12 ...")'
	@$(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $(READY)
