# `make demo` and `make test` set up all they need in .venv; a second run installs nothing.

PYTHON ?= python3
# Where torch comes from. Empty: pip's own index, which may hold a build for NVIDIA cards. For the
# smaller CPU build give the index that pytorch.org's "Get Started" page names for it.
TORCH_INDEX ?=
BIN := .venv/bin
DEMO := demo

.PHONY: demo test cover oldest lint setup bench fresh clean

demo: setup
	@rm -rf $(DEMO)/model $(DEMO)/piece.*
	$(BIN)/musegen datasets get ryans-mammoth -o $(DEMO)/tunes
	$(BIN)/musegen train $(DEMO)/tunes -o $(DEMO)/model --budget 150s
	$(BIN)/musegen generate -m $(DEMO)/model -o $(DEMO)/piece.mid \
	    --seed $(DEMO)/tunes/test/$$(ls $(DEMO)/tunes/test | head -1) --continue-from 9 --bars 16
	$(BIN)/musegen play $(DEMO)/piece.mid --wav $(DEMO)/piece.wav
	$(BIN)/musegen convert $(DEMO)/piece.mid $(DEMO)/piece.svg
	@echo
	@echo "  music    $(DEMO)/piece.mid   a tune's first eight bars, and sixteen composed after them"
	@echo "  sound    $(DEMO)/piece.wav   open it with any player"
	@echo "  picture  $(DEMO)/piece.svg   open it with a browser"
	@echo "  model    $(DEMO)/model       its curves are in curves.svg"
	@echo
	@echo "Now try: $(BIN)/musegen generate -m $(DEMO)/model -n 5, or train on a folder of your own:"
	@echo "         $(BIN)/musegen train FOLDER"

test: setup
	$(BIN)/python -m pytest -n 2 $(ARGS)

cover: setup
	$(BIN)/python -m pytest -n 2 --cov --cov-report=term $(ARGS)

# The tests with the oldest versions that pyproject.toml allows, on the oldest Python; needs uv.
oldest:
	uv venv --quiet --clear --python 3.10 build/oldest
	uv pip install --python build/oldest --resolution lowest-direct -e '.[dev,build]'
	build/oldest/bin/python -m pytest -n 2 $(ARGS)

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/mypy --python-version 3.14
	$(BIN)/lint-imports
	$(BIN)/python -m tests.audit

bench: .venv/bench
	$(BIN)/python -m tests.bench.ratios $(ARGS)

fresh: setup
	$(BIN)/python -m tests.bench.fresh $(ARGS)

setup: .venv/ready

# requirements.lock pins what is installed, to the hash of each file; torch, whose builds differ, to
# its version alone. It is made anew by:
#   uv pip compile pyproject.toml --extra dev --extra build --universal --python-version 3.10 \
#       --generate-hashes --no-header --no-annotate --no-emit-package torch -o requirements.lock
# less pip and what torch alone needs (triton, setuptools, cuda-*, nvidia-*).
.venv/ready: pyproject.toml requirements.lock
	$(PYTHON) -m venv .venv
	@echo "Installing torch 2.13.0, the largest part; this happens once."
	$(BIN)/pip install --disable-pip-version-check $(if $(TORCH_INDEX),--index-url $(TORCH_INDEX)) torch==2.13.0
	@echo "Installing musegen and its other libraries."
	$(BIN)/pip install --disable-pip-version-check --require-hashes --no-deps -r requirements.lock
	$(BIN)/pip install --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

.venv/bench: .venv/ready
	$(BIN)/pip install --disable-pip-version-check --no-build-isolation -e '.[bench]'
	@touch $@

clean:
	rm -rf .venv $(DEMO) dist build
