# What there is to do here. make help lists it.

GO      ?= go
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
LDFLAGS  = -s -w -X github.com/legato-flow/legato/cmd/legato/cli.Version=$(VERSION)
# More for go test: TESTFLAGS=-json, TESTFLAGS='-run Cart -v', PACKAGES=./store
TESTFLAGS ?=
PACKAGES  ?= ./...

export GO

.DEFAULT_GOAL := help
.PHONY: help dev demo test race lint bench build

help: ## list what there is to do
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# Built as tests are, so that both share what was compiled. The binary takes our place, so that Ctrl-C reaches it and
# not make alone.
dev: ## run everything on this machine, with a sample store; ARGS='--fresh' and other options
	@dev/build && exec bin/legato dev $(ARGS)

demo: ## play the story in an empty store of its own; fails if anything comes out wrong
	@dev/build && exec bin/legato dev --demo $(ARGS)

test: ## run all tests; starts the Postgres and the Temporal that they share
	@exec $(GO) run ./dev/testenv $(GO) test $(TESTFLAGS) $(PACKAGES)

race: ## the same with the race detector
	@exec $(GO) run ./dev/testenv $(GO) test -race $(TESTFLAGS) $(PACKAGES)

lint: ## check everything that a machine can check without running Legato
	@exec dev/lint

bench: ## measure Legato beside what it stands on; prints ratios
	@exec $(GO) run ./dev/testenv $(GO) run ./bench $(ARGS)

build: ## build bin/legato for production: static, without the paths of this machine
	@CGO_ENABLED=0 dev/build -trimpath -ldflags='$(LDFLAGS)'
