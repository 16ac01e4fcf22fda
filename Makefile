# `make check` is everything that CI runs; `make help` lists the parts.

SHELL := /bin/bash
GO ?= go
STATICCHECK_VERSION := v0.8.2
# Seconds of each fuzz target.
FUZZTIME ?= 20s
# Data that stands beside the project; absolute, since each test runs in its own folder.
ANNOY_DATA ?= $(abspath ../shared/data)
# The C++ library, for comparison only.
VENV := .venv
ANNOY_PYPI := annoy==1.17.3
# Writers of other formats, for their readers' tests only.
FORMATS_PYPI := h5py==3.16.0 pyarrow==26.0.1
# The environment of annoy compare, as compare --setup makes it.
COMPARE_ENV ?= $(abspath $(VENV)/compare)

# What `make check` runs, in this order: cheap steps first.
STEPS := build fmt vet lint deps asm test race purego invariants cross arm64 wasm upstream interchange h5py compare-e2e html fuzz

# Systems to compile for. Vet compiles the tests too.
CROSS := windows/amd64 darwin/arm64 freebsd/amd64 linux/arm64 linux/386 linux/s390x js/wasm wasip1/wasm

.PHONY: help check venv bench bench-annoy bench-exact $(STEPS)

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "  %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

check: ## all steps below; every failing one is named at the end
	@.ci/steps $(STEPS)

build: ## compile everything
	$(GO) build ./...

fmt: ## gofmt has nothing to change
	@out=$$(gofmt -d .) && test -z "$$out" || { echo "$$out"; exit 1; }

vet: ## go vet, with each build tag
	$(GO) vet ./...
	$(GO) vet -tags purego ./...
	$(GO) vet -tags invariants ./...
	cd internal/kernel/_gen && $(GO) vet ./...

lint: ## staticcheck, with each build tag
	$(GO) run honnef.co/go/tools/cmd/staticcheck@$(STATICCHECK_VERSION) ./...
	$(GO) run honnef.co/go/tools/cmd/staticcheck@$(STATICCHECK_VERSION) -tags purego,invariants ./...

deps: ## who imports whom, and what the library links
	$(GO) test -count=1 -run '^TestDependencies' .

asm: ## the assembly in the tree is what its generator writes
	@dir=$$(mktemp -d) && trap 'rm -rf "$$dir"' EXIT && \
	(cd internal/kernel/_gen && $(GO) run . -out "$$dir") && \
	for f in "$$dir"/*; do diff -u "internal/kernel/$${f##*/}" "$$f" || exit 1; done && ls "$$dir"

test: ## the README's command
	$(GO) test ./...

race: ## tests with the race detector
	$(GO) test -race -timeout 20m ./...

purego: ## tests without assembly
	$(GO) test -tags purego ./...

invariants: ## tests with internal checks compiled in
	$(GO) test -tags invariants ./...

cross: ## compile the code and vet the tests for other systems
	@for t in $(CROSS); do \
		echo "$$t"; \
		GOOS=$${t%/*} GOARCH=$${t#*/} $(GO) build ./... && GOOS=$${t%/*} GOARCH=$${t#*/} $(GO) vet ./... || exit 1; \
	done

arm64: ## the NEON kernels, and exact search on them, emulated by qemu
	GOARCH=arm64 $(GO) test -exec qemu-aarch64-static ./internal/kernel ./internal/exact

wasm: ## library and readers as WebAssembly, run by node
	@export GOOS=js GOARCH=wasm; exec="$$($(GO) env GOROOT)/lib/wasm/go_js_wasm_exec"; \
	$(GO) test -exec="$$exec" ./vecio ./internal/... && $(GO) test -exec="$$exec" -run '^TestGolden$$' .

upstream: ## golden files of other sources, from ANNOY_DATA
	@out=$$(ANNOY_DATA=$(ANNOY_DATA) $(GO) test -count=1 -v -run '^(TestGoldenUpstream|TestMatchTestTree)$$' .) \
		&& test "$$(grep -c '^--- PASS: ' <<<"$$out")" = 2 && tail -1 <<<"$$out" || { echo "$$out"; exit 1; }

interchange: venv ## our files in Annoy 1.17.3, Annoy's files here (SEED=n repeats a run)
	$(VENV)/bin/python -B interchange/interchange.py $(if $(SEED),--seed $(SEED))

h5py: $(VENV)/formats ## HDF5 and Parquet files that h5py and pyarrow write now, read back
	@dir=$$(mktemp -d) && trap 'rm -rf "$$dir"' EXIT && mkdir "$$dir/hdf5" "$$dir/parquet" && \
	$(VENV)/bin/python -B vecio/testdata/hdf5/make_hdf5.py "$$dir/hdf5" && \
	$(VENV)/bin/python -B vecio/parquet/testdata/make_parquet.py "$$dir/parquet" && \
	out=$$(ANNOY_HDF5="$$dir/hdf5" $(GO) test -count=1 -v -run '^TestHDF5' ./vecio) \
		&& grep '^--- PASS: TestHDF5OfAnnBenchmarks' <<<"$$out" || { echo "$$out"; exit 1; }; \
	out=$$(ANNOY_PARQUET="$$dir/parquet" $(GO) test -count=1 -v ./vecio/parquet) \
		&& grep '^--- PASS: TestFilesOfPyarrow' <<<"$$out" || { echo "$$out"; exit 1; }

compare-e2e: ## annoy compare against all six libraries, on a small set
	$(GO) run ./cmd/annoy compare --setup --env $(COMPARE_ENV)
	@out=$$(ANNOY_COMPARE_ENV=$(COMPARE_ENV) $(GO) test -count=1 -v -run '^TestCompareEndToEnd$$' ./eval/peers) \
		&& grep '^--- PASS: TestCompareEndToEnd' <<<"$$out" || { echo "$$out"; exit 1; }

html: ## the pages of annoy eval and compare, in headless Chromium (HTML='folder' keeps it and its screenshots)
	@.ci/html $(HTML)

fuzz: ## each fuzz target for FUZZTIME
	@.ci/fuzz $(FUZZTIME)

bench: ## annoy compare on the shared sets, into docs/benchmarks.md (BENCH=--quick for a first look)
	ANNOY_DATA=$(ANNOY_DATA) COMPARE_ENV=$(COMPARE_ENV) GO=$(GO) bench/run $(BENCH)

bench-exact: venv ## exact search beside numpy's, as ratios (EXACT='flags')
	$(GO) build -o $(VENV)/annoy-exact ./cmd/annoy
	$(VENV)/bin/python -B bench/exact/bench.py --annoy $(VENV)/annoy-exact --data $(ANNOY_DATA) $(EXACT)

bench-annoy: venv ## speed beside Annoy 1.17.3, as ratios (BENCH='flags')
	ANNOY_DATA=$(ANNOY_DATA) $(GO) run ./bench/annoybench -python $(VENV)/bin/python $(BENCH)

venv: $(VENV)/done ## the Python environment of interchange and bench-annoy

$(VENV)/done: Makefile
	python3 -m venv $(VENV)
	$(VENV)/bin/pip install --quiet $(ANNOY_PYPI) numpy
	@touch $@

$(VENV)/formats: $(VENV)/done
	$(VENV)/bin/pip install --quiet $(FORMATS_PYPI)
	@touch $@
