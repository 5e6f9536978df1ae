# kove: Kubernetes + OVN for VMs and containers at the Edge. `make help` lists the targets.
#
# One flag set for build, vet and test: another one would compile Kubernetes again (10-15 minutes on 2 cores).
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
MAKEFLAGS += --no-print-directory
export CGO_ENABLED := 0
export GOFLAGS := -trimpath -tags=no_btrfs,no_devmapper,no_zfs,no_tracing,grpcnotrace
export STOCK ?= /var/tmp/kove-stock

BIN     := $(CURDIR)/bin
LAB     ?= hand
NODES   ?= 1
NODE    ?= n1
# packages that link Kubernetes: their tests run without vet, which would analyse all of it
HEAVY   := ./cmd/kove ./pkg/kube ./pkg/app ./pkg/containerd
E2E     := ./tests/doctor ./tests/e2e ./tests/install ./tests/guest
# packages whose tests send packets, wait for daemons, or emulate a processor: one at a time, with the machine for itself
ALONE   := ./tests/northd ./tests/packets ./pkg/cni
LIGHT    = $(shell go list ./... | grep -vxE '$(subst $() ,|,$(patsubst ./%,github.com/kove-io/kove/%,$(HEAVY) $(E2E) $(ALONE)))')
RUN     := $(BIN)/run

.PHONY: help
help: ## list the targets
	@awk -F':.*## ' '/^[a-z0-9-]+:.*## /{printf "  %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: deps
deps: ## install what building and testing need (Debian packages)
	@packaging/deps.sh

.PHONY: stock
stock: deps ## make stock OVN 25.03 / OVS 3.5, the tests' oracle, in $STOCK
	@tests/stock.sh

.PHONY: bundle
bundle: deps ## make the payload embedded in the binary: OVS, OVN tools, runc, shim, CNI plugins, images
	@packaging/payload/bundle.sh

.PHONY: build
build: bundle ## build bin/kove with its payload, bin/ovn-central, bin/lab
	@mkdir -p $(BIN)
	@echo "building kove (cold: 10-15 minutes on 2 cores; then seconds)"
	go build -ldflags "$$(packaging/ldflags.sh)" -o $(BIN)/kove ./cmd/kove
	go build -ldflags "-s -w" -o $(BIN)/ ./cmd/ovn-central ./tests/lab/cmd/lab ./tests/run ./tests/probe

.PHONY: package
package: build ## make dist/*.deb and dist/*.rpm; KOVE_VERSION=v1.2.3 names the version
	@mkdir -p dist; rm -f dist/*.deb dist/*.rpm; packaging/package.sh $(BIN)/kove dist

.PHONY: release
release: export KOVE_DEBS := exact # what is released is pinned
release: package ## lay out in dist/release what install.sh downloads, with checksums
	@packaging/release.sh $(BIN)/kove dist/release dist

.PHONY: central
central: ## build bin/ovn-central alone, in seconds
	go build -ldflags "-s -w" -o $(BIN)/ovn-central ./cmd/ovn-central

.PHONY: test
test: build stock ## everything that must pass; prints the time per package
	@begin=$$(date +%s); rc=0; \
	$(RUN) -- -count=1 -timeout 40m -p 2 $(LIGHT) || rc=1; \
	$(RUN) -- -count=1 -timeout 40m -p 1 $(ALONE) || rc=1; \
	$(RUN) -- -count=1 -vet=off -timeout 45m -p 1 $(HEAVY) $(E2E) || rc=1; \
	echo "make test took $$(( ($$(date +%s) - begin) / 60 )) min after the build"; exit $$rc

.PHONY: test-light
test-light: stock ## the tests that need neither Kubernetes nor the payload
	@mkdir -p $(BIN); go build -o $(BIN)/ ./tests/run; rc=0; \
	$(RUN) -- -count=1 -timeout 40m -p 2 $(LIGHT) || rc=1; \
	$(RUN) -- -count=1 -timeout 40m -p 1 $(ALONE) || rc=1; exit $$rc

.PHONY: test-long
test-long: stock ## what `make test` does in part: all recordings again, longer random runs, crash storms; results in docs/test-long.md
	@mkdir -p $(BIN); go build -o $(BIN)/ ./tests/run; KOVE_LONG=1 $(RUN) -- -count=1 -timeout 180m -p 1 ./pkg/ovsdb ./tests/oracle

.PHONY: vm-test
vm-test: build ## two whole machines in qemu install the .deb, join, reboot (half an hour); record the results in docs/test-long.md
	@go test -tags no_btrfs,no_devmapper,no_zfs,no_tracing,grpcnotrace,vm -count=1 -v -timeout 60m ./tests/vm

.PHONY: lint
lint: ## formatting, vet of the packages without Kubernetes, shell scripts
	@out=$$(gofmt -l cmd embedded manifests pkg tests packaging); test -z "$$out" || { echo "gofmt -w these:"; echo "$$out"; exit 1; }
	@go vet $(LIGHT) $(ALONE)
	@git ls-files '*.sh' systemd/kove-service ':!tests/oracle/testdata' | xargs -r shellcheck -S warning

.PHONY: fmt
fmt: ## format the code
	@gofmt -w cmd embedded manifests pkg tests packaging

.PHONY: generate
generate: ## regenerate typed tables, CRDs, documentation
	@go generate ./pkg/... ./manifests/...

.PHONY: verify
verify: generate ## regenerate and require a clean tree
	@git diff --exit-code -- . || { echo "generated files differ: commit them"; exit 1; }

.PHONY: golden
golden: stock ## record the golden scenarios again from stock ovn-northd; review the diff as code
	@tests/oracle/golden.sh

.PHONY: bench
bench: build stock ## figures: start to first pod, memory, CNI latency, sizes; central against stock
	@$(RUN) -- -vet=off -verbose -timeout 60m -p 1 -run '^$$' -bench . -benchtime 20x ./pkg/ovsdb/... ./pkg/ovn/... ./pkg/cni/...
	@go test -vet=off -timeout 60m -run "^$$" -bench BenchmarkCluster -benchtime 1x ./tests/e2e

.PHONY: bench-central
bench-central: central stock ## the OVN central beside stock's in one run, 15 minutes; ARGS="-ports 1000 -dir /dev/shm", see -help
	@go build -o $(BIN)/bench-central ./tests/central
	@mkdir -p dist; $(BIN)/bench-central -json dist/bench-central.json $(ARGS)

.PHONY: bench-central-doc
bench-central-doc: ## bench-central on disk and on tmpfs, 30 minutes, and the tables of docs/benchmarks.md from that
	@$(MAKE) --no-print-directory bench-central
	@mv dist/bench-central.json dist/bench-central-disk.json
	@$(MAKE) --no-print-directory bench-central ARGS="-dir /dev/shm $(ARGS)"
	@$(BIN)/bench-central -doc dist/bench-central-disk.json dist/bench-central.json

.PHONY: oracle
oracle: stock ## random networks and edits given to stock ovn-northd and to kove's, until they differ; SEED=1 TIME=10m (0: for ever)
	@go test -vet=off -count=1 -timeout 0 -v ./tests/oracle -run 'TestOracle$$' -oracle.seed $(or $(SEED),$$(date +%s)) -oracle.time $(or $(TIME),0) -oracle.seeds 0

.PHONY: fuzz
fuzz: ## fuzz the OVSDB server, TIME=30s for each target; what fails lands in pkg/ovsdb/testdata/fuzz
	@set -e; for f in $$(go test -list '^Fuzz' ./pkg/ovsdb | grep ^Fuzz); do go test -run '^$$' -fuzz "^$$f\$$" -fuzztime $(or $(TIME),30s) ./pkg/ovsdb; done

.PHONY: demo
demo: build ## boot a one-node cluster as a lab node (HOST=1: on this machine), run a workload, show it
	@HOST="$(HOST)" tests/demo.sh up

.PHONY: demo-down
demo-down: ## stop the demo and leave the machine as it was found
	@tests/demo.sh down

.PHONY: lab-up lab-down lab-shell lab-list
lab-up: ## boot NODES=3 empty nodes n1, n2, … with bin/kove in their PATH
	@mkdir -p $(BIN); go build -o $(BIN)/ ./tests/lab/cmd/lab; $(BIN)/lab --name $(LAB) up --nodes $(NODES) $$(test ! -x $(BIN)/kove || echo --kove $(BIN)/kove)
lab-down: ## kill the nodes and remove every trace
	@$(BIN)/lab --name $(LAB) down
lab-shell: ## a shell in NODE=n1
	@$(BIN)/lab --name $(LAB) exec $(NODE) bash -l
lab-list: ## hosts of the lab, their inits and addresses
	@$(BIN)/lab --name $(LAB) list

.PHONY: clean
clean: ## remove what was built, keep downloads and caches
	@rm -rf $(BIN) dist; find embedded/payload -mindepth 1 ! -name README -delete
