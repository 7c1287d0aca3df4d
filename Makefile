# statusd: build, run and test. `make` alone lists the targets.
SHELL := /bin/bash
.DEFAULT_GOAL := help

GO        ?= go
VERSION   ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
COMMIT    ?= $(shell git rev-parse --short=12 HEAD 2>/dev/null || echo unknown)
LDFLAGS   := -s -w -X main.version=$(VERSION) -X main.commit=$(COMMIT)
FUZZTIME  ?= 60s
RUN_ARGS  ?=
DEVNET_ARGS ?=

.PHONY: help run devnet build test test-clients test-long check bench fuzz generate dist
help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12

build: ## build bin/statusd
	CGO_ENABLED=0 $(GO) build -trimpath -ldflags '$(LDFLAGS)' -o bin/statusd ./cmd/statusd

run: build ## build and start a node with embedded defaults
	./bin/statusd run $(RUN_ARGS)

devnet: build ## a network on this machine, and a tour of it (DEVNET_ARGS=--keep leaves it running)
	./bin/statusd devnet $(DEVNET_ARGS)

test: ## all tests, with the race detector, and the end-to-end test
	./scripts/test.sh

test-clients: ## the clients in other languages: types, units, real daemons
	./scripts/test-clients.sh

test-long: ## what takes hours: kills, days, every crash point, fuzzing (FUZZTIME), both architectures
	./scripts/test-long.sh

check: ## formatting, vet, lint, layering, generated files
	./scripts/check.sh

bench: ## benchmarks; prints tables for docs/performance.md
	./scripts/bench.sh

fuzz: ## run every fuzz target for FUZZTIME (default 60s)
	FUZZTIME=$(FUZZTIME) ./scripts/fuzz.sh

generate: ## regenerate generated files
	$(GO) generate ./...

dist: ## packages of the clients: wheel, sdist, npm tarball
	./scripts/dist.sh
