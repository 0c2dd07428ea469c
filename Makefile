# The commands of this project; `make help` lists them.
# The first Python that is new enough; PYTHON=… for another.
PYTHON ?= $(firstword $(foreach name,python3 python3.13 python3.12 python3.11,$(shell \
  $(name) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $(name))) python3)
PORT ?= 8000
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
RAY_STAMP := $(VENV)/.installed-ray
STORES_STAMP := $(VENV)/.installed-stores
BOOSTERS_STAMP := $(VENV)/.installed-boosters
FORMATS_STAMP := $(VENV)/.installed-formats
# The lowest versions have wheels for Python 3.11 and 3.12.
LOWEST_PYTHON ?= $(firstword $(foreach name,$(PYTHON) python3.12 python3.11,$(shell \
  $(name) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 13))' 2>/dev/null && echo $(name))) python3.12)
LOWEST_VENV := .venv-lowest
LOWEST_BIN := $(LOWEST_VENV)/bin
LOWEST_STAMP := $(LOWEST_VENV)/.installed
CONTENDERS := granian litserve mlserver
CLIENTS := benchmarks/.venvs/mlserver $(addprefix tests/.venvs/,kserve mlflow tritonclient)
PEERS := benchmarks/.venvs/mlserver tests/.venvs/suite tests/.venvs/kserve
IRIS := examples/iris
# In the order of testpaths: of itself xdist begins with the files of most tests, and ends with those that take longest.
IN_PARALLEL := --numprocesses 4 --dist loadfile --no-loadscope-reorder

# Compiled once: tests and benchmarks start hundreds of processes. Buffered: as in most shells, so that a lost flush shows.
unexport PYTHONDONTWRITEBYTECODE PYTHONUNBUFFERED

.DEFAULT_GOAL := help
MOMENTS ?= 20
REDIS_TESTS := cache_command caches inventory purge redis_wire redis_writes

.PHONY: help install serve conformance conformance-peers test test-boosters test-clients test-formats test-ray test-redis test-lowest test-stores faults stops kills fingerprints grammar check house bench contenders soak format clean

help: ## Show these lines
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/\1\t\2/' | expand -t 12

install: $(STAMP) ## Make .venv with everything pinned (quick when nothing changed)

$(STAMP): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "Foreseen needs Python 3.11 or newer, $(PYTHON) is $$($(PYTHON) -V 2>&1): make PYTHON=/path/to/python3.11" >&2; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) \
	  || { rm -rf $(VENV); echo "expected the venv module of $(PYTHON); on Debian and Ubuntu: apt-get install python3-venv" >&2; exit 1; }
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
	@touch $@

serve: install $(IRIS)/model.joblib ## Train the iris model and serve it on 127.0.0.1:8000 (PORT=… for another)
	$(BIN)/foreseen serve $(IRIS)/model.joblib --port $(PORT)

$(IRIS)/model.joblib: $(IRIS)/train.py | install
	$(BIN)/python $(IRIS)/train.py

# Threads of OpenMP that wait by spinning would take the time of the other processes.
test test-lowest: export OMP_WAIT_POLICY := PASSIVE

test: install ## Run every test, unit and integration
	$(BIN)/python -m pytest $(IN_PARALLEL)

test-boosters: $(BOOSTERS_STAMP) ## Run the tests of boosters with CatBoost too, which is installed for them (200 MB)
	@$(BIN)/python -c "import catboost" # without which its tests are left out
	$(BIN)/python -m pytest tests/field/test_boosters.py tests/field/test_catboost_categories.py tests/field/test_native_catboost.py

$(BOOSTERS_STAMP): $(STAMP)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev,boosters]'
	@touch $@

test-formats: $(FORMATS_STAMP) ## Run the tests of models of PyTorch, Keras and TensorFlow, which are installed for them (3 GB)
	@$(BIN)/python -c "import torch, keras, h5py, tensorflow" # without which their tests are left out
	$(BIN)/python -m pytest tests/field/test_torch.py tests/field/test_torch_modules.py tests/field/test_keras.py
	$(BIN)/python -m pytest tests/field/test_saved_model.py tests/field/test_saved_model_layers.py # in a process of its own: Keras has one backend in each
	$(BIN)/python -m pytest tests/integration/test_examples.py -k "keras or tensorflow or torch"

# PyTorch by its version: any other release takes gigabytes for graphics cards.
$(FORMATS_STAMP): $(STAMP)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev,torch,keras,tensorflow]' torch==2.13.0
	@touch $@

test-ray: $(RAY_STAMP) ## Run the tests of scoring on Ray, which is installed for them (240 MB)
	$(BIN)/python -m pytest tests/cluster

$(RAY_STAMP): $(STAMP)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev,ray]'
	@touch $@

test-redis: install ## Run the tests of the shared cache against Redis itself (redis-server) instead of Valkey (a minute)
	@command -v redis-server >/dev/null || { echo "expected redis-server; on Debian and Ubuntu: apt-get install redis-server" >&2; exit 1; }
	FORESEEN_TEST_REDIS_SERVER=redis-server $(BIN)/python -m pytest $(REDIS_TESTS:%=tests/integration/test_%.py)

test-stores: $(STORES_STAMP) ## Run the tests of remote stores against an S3 server, which is installed for them (60 MB)
	$(BIN)/python -m pytest tests/stores

$(STORES_STAMP): $(STAMP)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev,stores]'
	@touch $@

conformance: install $(IRIS)/model.joblib ## Check the Open Inference Protocol against its specification (half a minute)
	PYTHONPATH=tests $(BIN)/python -m conformance.run_suite

conformance-peers: install $(IRIS)/model.joblib $(PEERS:%=%/.installed) ## Check MLServer and KServe beside it, into docs/conformance.md (700 MB)
	PYTHONPATH=tests $(BIN)/python -m conformance.run_suite --peers

test-clients: install $(CLIENTS:%=%/.installed) ## Have clients of Triton, KServe, MLServer and MLflow ask a service; they are installed for it (1.5 GB)
	$(BIN)/python -m pytest tests/clients

tests/.venvs/%/.installed: tests/pins/%.txt
	@rm -rf $(@D)
	$(PYTHON) -m venv $(@D)
	$(@D)/bin/python -m pip install --quiet --no-compile --disable-pip-version-check --no-deps --requirement $<
	@touch $@

test-lowest: $(LOWEST_STAMP) ## Run every test on the lowest versions that pyproject.toml allows (ten minutes; TESTS="tests/field" for some of it)
	PYTEST_ADDOPTS='-p no:anyio' $(LOWEST_BIN)/python -m pytest $(IN_PARALLEL) $(TESTS)

$(LOWEST_STAMP): pyproject.toml constraints.txt constraints-lowest.txt
	@test -x $(LOWEST_BIN)/python || $(LOWEST_PYTHON) -m venv $(LOWEST_VENV) || { rm -rf $(LOWEST_VENV); exit 1; }
	$(LOWEST_BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
	$(LOWEST_BIN)/python -m pip install --quiet --disable-pip-version-check --requirement constraints-lowest.txt
	@touch $@

faults: install ## Measure what faults of Redis cost, into docs/faults.md (seven minutes)
	FORESEEN_TEST_FAULTS_S=5 $(BIN)/python -m pytest tests/integration/test_faults.py tests/integration/test_faults_of_modes.py --timeout=300

stops: $(RAY_STAMP) ## Stop a scoring run on Ray at twenty moments (MOMENTS=5 for fewer), and look what is left of it (a minute)
	FORESEEN_TEST_STOPS=$(MOMENTS) $(BIN)/python -m pytest -s tests/cluster/test_stopping.py -k any_moment

kills: install ## Kill a scoring run at twenty random moments, and compare what comes out (three minutes)
	FORESEEN_TEST_KILLS=20 $(BIN)/python -m pytest tests/integration/test_durable.py -k random_moments

fingerprints: install ## Start eight models 50 times each beside 0, 8 and 16 busy loops (half an hour)
	FORESEEN_TEST_STARTS=50 FORESEEN_TEST_LOOPS=0,8,16 $(BIN)/python -m pytest -s tests/integration/test_one_fingerprint.py

grammar: install ## Send 20,000 requests in every spelling by both ways, and compare with what they mean (five minutes)
	FORESEEN_TEST_REQUESTS=500 $(BIN)/python -m pytest tests/unit/http/requests/test_request_grammar.py --timeout=600

check: install ## Lint, types, import contracts, package list
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest --quiet tests/unit/test_packaging.py

house: install ## Print the figures that the code is kept to, beside their targets
	@$(BIN)/python benchmarks/house.py

bench: install contenders ## Measure what docs/benchmarks.md shows (takes wrk, and an hour; PARTS="hits misses" for some of it)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev,bench]'
	$(BIN)/python benchmarks/measure.py $(PARTS)

contenders: $(CONTENDERS:%=benchmarks/.venvs/%/.installed) ## Install what Foreseen is measured beside, each in its own environment

# None is needed: a benchmark names those that it could not measure.
benchmarks/.venvs/%/.installed: benchmarks/pins/%.txt
	@rm -rf $(@D)
	@{ $(PYTHON) -m venv $(@D) \
	  && $(@D)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --requirement $< && touch $@; } \
	  || { rm -rf $(@D); echo "$* could not be installed and will not be measured" >&2; }

soak: install ## Send a million mixed requests while Redis comes and goes (minutes)
	FORESEEN_TEST_SOAK_REQUESTS=1000000 $(BIN)/python -m pytest tests/soak

format: install ## Put the code into its format
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean: ## Remove the environment and what was built
	rm -rf $(VENV) $(LOWEST_VENV) benchmarks/.venvs tests/.venvs examples/mlflow/flowers examples/tensorflow/model build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	rm -f examples/*/*.joblib examples/*/*.skops examples/lightgbm/model.txt examples/*/*.ubj examples/*/*.cbm examples/*/*.onnx examples/*/*.pt examples/*/*.pt2 examples/*/*.keras examples/*/*.calls.json
