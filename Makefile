# Two commands do the work: `make reproduce` and `make test`. Each makes what it needs.
PYTHON ?= python3
BIN := .venv/bin
SEEDS ?= 1
PROFILE ?= full

.PHONY: setup data reproduce test fuzz soak lint bench audit clean

setup: .venv/.installed

.venv/.installed: pyproject.toml constraints.txt
	$(PYTHON) -c "import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))" || \
	  { echo "harmonium needs Python 3.11, 3.12 or 3.13; choose one with: make PYTHON=python3.12 ..."; exit 1; }
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[all,dev]'
	touch $@

data: setup
	$(BIN)/harmonium data fetch

reproduce: data
	$(BIN)/harmonium reproduce --seeds $(SEEDS) $(if $(filter quick,$(PROFILE)),--quick --runs runs/quick --report report/quick)

# threads that wait for one another must not spin: it starves the processes that some tests start
test: data
	OMP_WAIT_POLICY=passive $(BIN)/python -m pytest

# what `make test` does with 2,000 damaged files and 100 cycles, for longer: 16 kinds of file
fuzz: setup
	$(BIN)/python -m pytest tests/faults/test_fuzz_data.py tests/faults/test_fuzz_runs.py --fuzz-cases 6250

soak: setup
	CYCLES=1000 $(BIN)/python -m pytest tests/faults/test_load.py

# speed beside its peers, which live in an environment of their own; learnergy asks for far more than it uses
bench: data .venv-peers/.installed
	$(BIN)/python benchmarks/speed/bench.py

.venv-peers/.installed: benchmarks/speed/peers.txt
	$(PYTHON) -m venv .venv-peers
	.venv-peers/bin/python -m pip install --quiet --requirement benchmarks/speed/peers.txt
	.venv-peers/bin/python -m pip install --quiet --no-deps learnergy==2.0.2
	touch $@

lint: setup
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

# known weaknesses of the packages that are installed; it asks a service on the network, so no other target needs it
audit: setup .venv-audit/.installed
	.venv-audit/bin/pip-audit --path $$($(BIN)/python -c "import sysconfig; print(sysconfig.get_path('purelib'))")

.venv-audit/.installed:
	$(PYTHON) -m venv .venv-audit
	.venv-audit/bin/python -m pip install --quiet pip-audit
	touch $@

clean:
	rm -rf .venv .venv-peers .venv-audit runs report
