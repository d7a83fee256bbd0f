# balie: make run tries it, make test proves it.
GO ?= go
ROUNDS ?= 50
N ?= 10000,100000
LDFLAGS := -s -w

.PHONY: run test race build bench bench-desk screenshots torture score vet

run: ## balie with loopback peers for every channel, and 40 questions
	$(GO) run ./cmd/balie demo

test: ## everything; installs what the tests talk to
	./scripts/install-test-tools.sh
	./scripts/test.sh

race: ## the same under the race detector (slow)
	$(GO) test -race ./...

build: ## the one binary
	CGO_ENABLED=0 $(GO) build -trimpath -ldflags '$(LDFLAGS)' -o bin/balie ./cmd/balie

bench: ## figures next to their limits
	$(GO) run ./internal/bench

bench-desk: ## the desk's pages on 10k and 100k requests; N=10000,1000000 for more
	$(GO) run ./internal/deskbench -n $(N)

screenshots: ## every screen in both languages, light and dark, wide and on a phone, into ./screenshots
	./scripts/install-test-tools.sh
	BALIE_SCREENSHOTS=$(CURDIR)/screenshots $(GO) test ./cmd/balie -run TestScreenshots -count 1 -timeout 20m

torture: ## kill -9 at random moments, ROUNDS times
	$(GO) run ./internal/torture -rounds $(ROUNDS)

score: ## how well mail is read, on the shared data when it is there
	./scripts/score.sh

vet:
	$(GO) vet ./...
	$(GO) vet -tags failpoints ./...
