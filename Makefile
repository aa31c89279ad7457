# Two commands do all the set-up: `make demo` (no torch, no extras) and `make test`.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/pip --disable-pip-version-check --quiet
EXPORT := .venv-export

.PHONY: help demo test lint types check test-lowest test-newest test-export bench audit example-report soak fuzz walk zoo models models-cifar paper paper-quick docs site tutorial clean

help:
	@echo "make demo    analyze the demonstration model; writes demo.html and demo.json"
	@echo "make test    lint, types and the whole test suite"
	@echo "make bench   performance, as ratios measured side by side"
	@echo "make audit   brute force in plain sessions, sharing no code, against relcheck's figures (four minutes)"
	@echo "make soak    kill a run at 100 random instants; the report must not change"
	@echo "make fuzz    10,000 damaged and hostile files; each ends in a report or a sentence"
	@echo "make walk    every model of ONNX's backend suite; each is analyzed or refused with a sentence"
	@echo "make test-lowest  the demo and a short suite with the lowest declared versions; test-newest: the newest"
	@echo "make test-export  the exporters' tests that need torch, in an environment of their own"
	@echo "make zoo NET=resnet50  export, harden, quantize and analyze a network of torchvision"
	@echo "make models  train, export and quantize the demonstration model anew (needs torch)"
	@echo "make models-cifar DATA=... TEST=...  the same for the CIFAR-10 networks (about an hour)"
	@echo "make paper DATA=... TEST=...  every table and figure of docs/paper.md anew (hours; continues where it stopped)"
	@echo "make paper-quick  the same kinds of stages on a small study, in minutes, without any data"
	@echo "make docs    write generated documentation (schemas, verification)"
	@echo "make site    the documentation as a site, in build/site; checks its links, and runs the notebook"
	@echo "make tutorial  run the tutorial and the notebook, and write into them what they print now"
	@echo "make example-report  write docs/example-report anew: a deployment target, from raw rates to a verdict"
	@echo "make clean   remove virtual environments and caches"

$(BIN)/relcheck: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(PIP) install -c constraints.txt -e .
	@touch $@

$(VENV)/.dev: $(BIN)/relcheck
	$(PIP) install -c constraints.txt -e '.[dev]'
	@touch $@

$(VENV)/.docs: $(VENV)/.dev
	$(PIP) install -c constraints.txt -e '.[docs]'
	@touch $@

demo: $(BIN)/relcheck
	$(BIN)/relcheck run --rates 1e-7..1e-3 --gate 'top1 >= 0.90 @ 1e-6' --html demo.html --json demo.json

test: lint types check

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.dev
	$(BIN)/mypy

check: $(VENV)/.dev
	$(BIN)/pytest -n auto

# Both ends of what pyproject.toml declares, each in an environment of its own.
ENDS_TESTS := tests/core/test_bits.py tests/model tests/stats/test_strata.py tests/runtime/test_oracle.py \
	tests/cli/test_runtime_line.py tests/test_gate.py tests/reports/test_text.py tests/reports/test_html.py

.venv-lowest/.done: pyproject.toml constraints-lowest.txt
	$(PYTHON) -m venv .venv-lowest
	.venv-lowest/bin/pip --disable-pip-version-check --quiet install -c constraints-lowest.txt -e . pytest hypothesis jsonschema
	@touch $@

test-lowest: .venv-lowest/.done
	.venv-lowest/bin/relcheck run --rates 1e-6..1e-4 --precision 0.05 --journal none
	.venv-lowest/bin/python -m pytest -q $(ENDS_TESTS)

# What is newest changes from day to day: installed anew each time.
test-newest:
	$(PYTHON) -m venv --clear .venv-newest
	.venv-newest/bin/pip --disable-pip-version-check --quiet install -e . pytest hypothesis jsonschema
	.venv-newest/bin/relcheck run --rates 1e-6..1e-4 --precision 0.05 --journal none
	.venv-newest/bin/python -m pytest -q $(ENDS_TESTS)

# BENCH: more options, e.g. BENCH='--only single' or BENCH='--cifar-data test.npz'.
bench: $(VENV)/.dev $(EXPORT)/.peers
	$(BIN)/python -m benchmarks $(BENCH)

$(EXPORT)/.peers: $(EXPORT)/.done benchmarks/peers.txt
	$(EXPORT)/bin/pip --disable-pip-version-check --quiet install --no-deps -r benchmarks/peers.txt
	@touch $@

# AUDIT: more options, e.g. AUDIT=--quick (a minute) or AUDIT='--only int4'.
audit: $(BIN)/relcheck
	$(BIN)/python -m audit $(AUDIT)

soak: $(VENV)/.dev
	$(BIN)/python -m benchmarks.soak

fuzz: $(VENV)/.dev
	$(BIN)/python -m tests.fuzz --cases 10000

walk: $(VENV)/.dev
	$(BIN)/python -m tests.backend

$(EXPORT)/.done: pyproject.toml constraints.txt constraints-export.txt tests/exporters/oracles.txt
	$(PYTHON) -m venv $(EXPORT)
	$(EXPORT)/bin/pip --disable-pip-version-check --quiet install -c constraints.txt -c constraints-export.txt -e '.[export,paper]' pytest pytest-xdist hypothesis
	$(EXPORT)/bin/pip --disable-pip-version-check --quiet install --no-deps -r tests/exporters/oracles.txt
	@touch $@

test-export: $(EXPORT)/.done
	$(EXPORT)/bin/python -m pytest -n 2 --maxschedchunk 1 $$(grep -l 'importorskip("torch")' tests/exporters/*.py)

# NET: a network of torchvision; WEIGHTS: a file of weights, else random ones; DATA: images and
# labels that are not the test split, else images without meaning; TEST: the test images, else DATA.
# The options of the analysis are RUN. TORCH_PYTHON: a Python with torch and relcheck, else $(EXPORT).
NET ?= resnet18
RUN ?= $(if $(DATA),,--metric agreement) --rates 1e-8,1e-7,1e-6 --precision 0.2
ZOO := build/zoo/$(NET)
ZOO_PYTHON := $(or $(TORCH_PYTHON),$(EXPORT)/bin/python)
ZOO_DATA := $(or $(DATA),$(ZOO)/images.npz)
zoo: $(if $(TORCH_PYTHON),,$(EXPORT)/.done)
	mkdir -p $(ZOO)
	$(if $(DATA),,$(ZOO_PYTHON) -m exporters.datasets.noise $(ZOO_DATA))
	$(ZOO_PYTHON) -m analyzer export torchvision:$(NET) $(if $(WEIGHTS),--weights $(WEIGHTS)) -o $(ZOO)/$(NET).onnx
	$(ZOO_PYTHON) -m analyzer harden $(ZOO)/$(NET).onnx --method actmax --data $(ZOO_DATA) -o $(ZOO)/$(NET)_actmax.onnx
	$(ZOO_PYTHON) -m analyzer quantize $(ZOO)/$(NET)_actmax.onnx --data $(ZOO_DATA) --calibration minmax -o $(ZOO)/$(NET)_actmax_int8.onnx
	$(ZOO_PYTHON) -m analyzer compare $(addprefix $(ZOO)/$(NET),.onnx _actmax.onnx _actmax_int8.onnx) --data $(or $(TEST),$(ZOO_DATA)) --journal none --html $(ZOO)/report.html --json $(ZOO)/report.json $(RUN)

models: $(EXPORT)/.done
	$(EXPORT)/bin/python -m exporters.training.digits --out models

# DATA: 50,000 training images, TEST: the test images; each a folder as published or an .npz file.
models-cifar: $(EXPORT)/.done
	$(EXPORT)/bin/python -m exporters.training.cifar --data $(DATA) --test $(or $(TEST),$(DATA)) --out models

# DATA and TEST as for models-cifar, needed the first time; STAGES: only these and what they need;
# JOBS: so many at the same time. `$(EXPORT)/bin/python -m paper --list` shows all stages.
JOBS ?= 2
paper: $(EXPORT)/.done
	$(EXPORT)/bin/python -m paper $(if $(DATA),--data $(DATA)) $(if $(TEST),--test $(TEST)) --jobs $(JOBS) $(STAGES)

paper-quick: $(EXPORT)/.done
	$(EXPORT)/bin/python -m paper --quick --jobs $(JOBS) $(STAGES)

docs: $(VENV)/.dev
	$(BIN)/python -c 'from analyzer.reports.sweep.record import json_schema; print(json_schema(), end="")' > docs/report.schema.json
	$(BIN)/python -c 'from analyzer.reports.comparison.record import comparison_schema; print(comparison_schema(), end="")' > docs/comparison.schema.json
	$(BIN)/python -c 'from analyzer.reports.diff.record import difference_schema; print(difference_schema(), end="")' > docs/difference.schema.json
	$(BIN)/python -c 'from analyzer.reports.map.record import json_schema; print(json_schema(), end="")' > docs/map.schema.json
	$(BIN)/python -c 'from analyzer.reports.replay.record import json_schema; print(json_schema(), end="")' > docs/replay.schema.json
	$(BIN)/python -c 'from analyzer.reports.activations.record import activations_schema; print(activations_schema(), end="")' > docs/activations.schema.json
	$(BIN)/python -c 'from analyzer.targets.target import target_schema; print(target_schema(), end="")' > docs/target.schema.json
	$(BIN)/python -c 'from analyzer.reports.target.record import json_schema; print(json_schema(), end="")' > docs/target-report.schema.json
	$(BIN)/python -c 'from analyzer.reports.protect.record import plan_schema; print(plan_schema(), end="")' > docs/protection-plan.schema.json
	$(BIN)/python -c 'from analyzer.reports.log_odds.record import log_odds_schema; print(log_odds_schema(), end="")' > docs/log-odds.schema.json
	$(BIN)/python -c 'from analyzer.reports.failure.record import failure_schema; print(failure_schema(), end="")' > docs/failure.schema.json
	$(BIN)/python -c 'from analyzer.cli.settings_schema import settings_schema; print(settings_schema(), end="")' > docs/settings.schema.json
	$(BIN)/python -c 'import pathlib; from analyzer.reports.verification import verification_text; print(verification_text(pathlib.Path("docs/verification-intro.md").read_text("utf-8")), end="")' > docs/verification.md

# A warning is an error: a link that leads nowhere, an anchor that is not there, a page that nobody finds.
site: $(VENV)/.docs
	$(BIN)/python -m sphinx -E -W --keep-going -q -b html -c docs/site . build/site
	RELCHECK_SITE=build/site $(BIN)/pytest tests/test_site.py tests/test_notebook.py

# The report that a reviewer signs, on a made-up device.
example-report: $(BIN)/relcheck
	$(BIN)/relcheck run models/digits_resnet.onnx --target docs/example-report/target.toml --severity docs/example-report/severity.toml --journal none --budget 5m --json docs/example-report/report.json --html docs/example-report/report.html

tutorial: $(VENV)/.docs
	$(BIN)/python -m tests.test_tutorial
	$(BIN)/python -m tests.test_notebook

clean:
	rm -rf .venv .venv-lowest .venv-newest $(EXPORT) .pytest_cache .mypy_cache .ruff_cache .hypothesis build dist demo.html demo.json
