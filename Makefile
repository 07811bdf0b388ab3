# make demo   install what is needed and run the whole way once on the sample
# make test   install what is needed and run every check
# make bench  run the benchmarks (make bench QUICK=--quick for a minute each)

PYTHON ?= python3
BIN = .venv/bin
export PIP_DISABLE_PIP_VERSION_CHECK = 1
export PIP_NO_INPUT = 1

.PHONY: demo test check format notebooks bench lock clean

demo: .venv/demo.installed
	$(BIN)/cs-ml demo

test: check
	$(BIN)/python -m pytest -n auto

check: .venv/dev.installed
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

format: .venv/dev.installed
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

bench: .venv/dev.installed
	$(BIN)/python benchmarks/all.py $(QUICK)

lock: # needs uv; writes the versions that everything is installed with
	uv pip compile --universal --no-emit-index-url --no-header --python-version 3.11 --extra dev pyproject.toml -o requirements/lock.txt

clean:
	rm -rf .venv out build dist

.venv/bin/python:
	$(PYTHON) -m venv .venv

.venv/demo.installed: .venv/bin/python pyproject.toml requirements/lock.txt
	$(BIN)/pip install --quiet -c requirements/lock.txt -e .
	touch $@

.venv/dev.installed: .venv/bin/python pyproject.toml requirements/lock.txt
	$(BIN)/pip install --quiet -c requirements/lock.txt -e ".[dev]"
	touch $@ .venv/demo.installed
