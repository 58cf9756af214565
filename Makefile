# Every target sets up what it needs: a virtual environment in .venv from the lock file, and, for what runs a
# model, a second one outside the tree from runtime/environment. TOWLINE_RUNTIME names another Python for that.
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready
WITH_RUNTIME = TOWLINE_RUNTIME="$${TOWLINE_RUNTIME:-$$($(BIN)/python -m runtime.environment)}" \
	&& export TOWLINE_RUNTIME && export OMP_NUM_THREADS=1
WITH_KUBERNETES = KUBEBUILDER_ASSETS="$$(.ci/kubernetes)"; export KUBEBUILDER_ASSETS

.PHONY: demo runtime test test-house test-cluster test-runtime bench bench-cluster bench-runtime lint lint-runtime format clean
.DELETE_ON_ERROR:

demo: $(READY)  ## the main job, from a git push to a model that answers, on this machine
	@$(WITH_RUNTIME) && $(BIN)/towline demo

runtime: $(READY)  ## the environment in which models run here, and where it is
	@$(BIN)/python -m runtime.environment

test: test-house test-cluster test-runtime  ## every test; those that need a program or a GPU say so when they skip

test-house: $(READY)
	@$(WITH_RUNTIME) && $(BIN)/pytest -n 2 --dist loadfile --ignore=tests/runtime --ignore=tests/cluster

test-cluster: $(READY)  ## on a real control plane, built once where there is none; or on TOWLINE_TEST_KUBECONFIG's
	@$(WITH_KUBERNETES); $(BIN)/pytest -n 2 --dist loadfile -rs tests/cluster

test-runtime: $(READY)  ## the containers' programs, with a real vLLM, and that both sides read the same documents
	@$(WITH_RUNTIME) && "$$TOWLINE_RUNTIME" -m pytest -n 2 --dist loadfile tests/runtime tests/contract

bench: $(READY)  ## a table of measurements and, last, one line of JSON
	@$(BIN)/python -m tests.bench

bench-cluster: $(READY)  ## the same on a real control plane, each beside kubectl or a bare load generator
	@$(WITH_KUBERNETES); $(BIN)/python -m tests.bench_cluster

bench-runtime: $(READY)  ## the same of serving and fine-tuning, each beside its peer
	@$(WITH_RUNTIME) && "$$TOWLINE_RUNTIME" -m tests.bench_runtime

lint: $(READY)  ## style, types, and the floors of the house
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

lint-runtime: $(READY)  ## the types of the containers' programs, beside the libraries they use
	@$(WITH_RUNTIME) && "$$TOWLINE_RUNTIME" -m mypy --cache-dir .mypy_cache/runtime --strict runtime

format: $(READY)
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

clean:
	rm -rf .venv .towline build dist

$(READY): requirements.lock .ci/requirements.lock pyproject.toml
	@echo "Setting up .venv from requirements.lock and .ci/requirements.lock (once; about a minute) ..."
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Towline needs Python 3.11 or newer: make PYTHON=python3.12 ...")'
	@$(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock -r .ci/requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $(READY)
