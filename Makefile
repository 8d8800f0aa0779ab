# The targets need Go and nothing else; what they use beyond that is pinned here
# and built by `go run`, or installed by .ci/install.

GO       ?= go
FUZZTIME ?= 10s
BENCH    ?= .
COUNT    ?= 1

GOLANGCI := $(GO) run github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0

.DEFAULT_GOAL := help
.PHONY: help run migrate migrate-down migrate-status test race fuzz history lint fmt bench bench-scale microbench docs docs-check docs-lint sbom swagger-ui ci

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-15s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

run: ## start the example on :8080, with a private PostgreSQL unless DATABASE_URL is set
	$(GO) run ./example

migrate: ## apply all migrations to $DATABASE_URL
	@$(GO) run ./migrations/migrate up

migrate-down: ## undo the newest migration in $DATABASE_URL
	@$(GO) run ./migrations/migrate down

migrate-status: ## show which migrations $DATABASE_URL has
	@$(GO) run ./migrations/migrate status

# Compilers and tests that collect garbage more seldom take a sixth less processor time. Tests wait for PostgreSQL and
# browsers a good part of their time, so one package more than there are processors runs at once.
test: ## run all tests, installing what they lack; they start their own PostgreSQL (lint vets)
	@.ci/install
	GOGC=$${GOGC:-400} $(GO) test -vet=off -p $$(($$(getconf _NPROCESSORS_ONLN) + 1)) ./...

# What adds minutes and no goroutine of ours, such as browsers, is left to `test`: its files say !race.
race: ## run the tests in random order under the race detector (needs a C compiler)
	CGO_ENABLED=1 GOGC=$${GOGC:-400} $(GO) test -race -shuffle=on -vet=off ./...

fuzz: ## run every fuzz target for FUZZTIME (10s)
	@GO='$(GO)' FUZZTIME='$(FUZZTIME)' .ci/fuzz

history: ## make 100,000 random calls in both stores, which must answer alike
	GINAUTH_HISTORY_STEPS=100000 $(GO) test -vet=off -count 1 -v -run '^TestBothStoresAnswerAlike$$' ./store

lint: ## check formatting, go vet and golangci-lint
	@files=$$(gofmt -l $$(git ls-files -co --exclude-standard -- '*.go')) && \
		if [ -n "$$files" ]; then echo "not formatted (run make fmt):" $$files; exit 1; fi
	$(GO) vet ./...
	$(GOLANGCI) run ./...

fmt: ## format the code (gofumpt, import groups)
	$(GOLANGCI) fmt ./...

bench: ## compare with other libraries and write docs/performance.md (8 minutes); flags in BENCHFLAGS
	cd store/bench && $(GO) run . -write ../../docs/performance.md $(BENCHFLAGS)

bench-scale: ## measure the store with up to 5 million sessions (a quarter of an hour, 10 GB); flags in BENCHFLAGS
	cd store/bench && $(GO) run . -op scale -write ../../docs/performance.md $(BENCHFLAGS)

microbench: ## run the Go benchmarks matching BENCH (all), COUNT times (1)
	$(GO) test -run '^$$' -bench '$(BENCH)' -benchmem -count $(COUNT) ./...

# The OpenAPI documents are made of the others, which are compiled into the generator.
docs: ## generate the documents in docs from the source
	$(GO) test ./docs -count 1 -update -run 'Swagger|Problems'
	$(GO) test ./docs -count 1 -update
	$(GO) test -vet=off ./ginauth -count 1 -run EveryKindOfUsersAndSessions -update

docs-lint: ## check docs/openapi.* with Redocly and Spectral (needs node and npm)
	@.ci/docs-lint

swagger-ui: ## fetch the pinned release of Swagger UI from the npm registry
	$(GO) run ./ginauth/openapi/internal/swaggerui ginauth/openapi/ui

sbom: ## write docs/sbom.json, the bill of materials of a release
	$(GO) run github.com/CycloneDX/cyclonedx-gomod/cmd/cyclonedx-gomod@v1.10.0 mod -licenses -json -output docs/sbom.json .

docs-check: ## fail when the generated documents are stale
	$(GO) test ./docs -count 1

ci: ## do what continuous integration does, installing what is missing
	.ci/run
