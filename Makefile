# make demo   install, serve, drop the samples over SFTP, show the answers
# make test   install and run the tests (under 10 minutes)
# make bench  measure beside the peers (about 10 minutes on an idle machine); make bench-full goes up to a million shipments

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: demo test test-long lint bench bench-full clean

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
	$(BIN)/pytest -n 2

bench: $(BIN)/gateway
	$(BIN)/python benchmarks/run.py

bench-full: $(BIN)/gateway
	$(BIN)/python benchmarks/run.py --full

clean:
	rm -rf $(VENV) .bench-venv demo .pytest_cache .mypy_cache .ruff_cache
