# make demo   install, serve, drop the samples over SFTP, show the answers
# make test   install and run the tests (under 10 minutes); make test-long adds the long runs (some three hours: ten minutes of fuzzing for each of 13 targets)
# make lock   write .ci/requirements.lock anew: pinned dependencies with hashes
# make bench  measure beside the peers (about 10 minutes on an idle machine); make bench-full goes up to a million shipments

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: demo test test-long lint bench bench-full lock clean

$(BIN)/gateway: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install -q --upgrade pip
	$(BIN)/pip install -q -e '.[test]'
	@touch $(BIN)/gateway

demo: $(BIN)/gateway
	rm -rf demo
	$(BIN)/gateway demo run demo

lint: $(BIN)/gateway
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy --strict gateway

test: $(BIN)/gateway
	$(BIN)/pytest -m "not long" -n 2
	$(MAKE) lint

test-long: $(BIN)/gateway
	GATEWAY_FUZZ_SECONDS=$${GATEWAY_FUZZ_SECONDS:-600} $(BIN)/pytest -n 2

bench: $(BIN)/gateway
	$(BIN)/python benchmarks/run.py

bench-full: $(BIN)/gateway
	$(BIN)/python benchmarks/run.py --full

# the locked versions of all dependencies, with hashes; for every platform and Python from 3.11 on
lock:
	$(PYTHON) -m venv .lock-venv
	.lock-venv/bin/pip install -q uv
	printf '# every dependency of an installation, with the hashes of the public registry; `make lock` writes it anew\n' > .ci/requirements.lock
	.lock-venv/bin/uv pip compile --no-config --universal --python-version 3.11 --generate-hashes --no-header --no-annotate -q pyproject.toml >> .ci/requirements.lock
	rm -rf .lock-venv

clean:
	rm -rf $(VENV) .bench-venv demo .pytest_cache .mypy_cache .ruff_cache
