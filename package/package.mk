# Packages and the other architecture: package/README.md.

PACKAGES := build/package
MACHINE  := $(shell uname -m)
# What is built here; aarch64 is cross-built on x86-64.
ARCHES   ?= $(MACHINE) $(if $(filter x86_64,$(MACHINE)),aarch64)
# Whatever has a date in a package has the date of the release.
SOURCE_DATE_EPOCH ?= $(shell date -u -d "$$(sed -n 's/^## .* - //p' CHANGELOG.md | head -n 1)" +%s)
export SOURCE_DATE_EPOCH

cross = $(if $(filter $(MACHINE),$(1)),,CC=$(1)-linux-gnu-gcc CXX=$(1)-linux-gnu-g++ AR=$(1)-linux-gnu-ar)

.PHONY: package $(ARCHES:%=package-%) test-arm64 release-check

package:
	@tests/stack/prepare.sh build package
	@$(MAKE) --no-print-directory $(ARCHES:%=package-%)
	@cd $(PACKAGES) && sha256sum debezium-udf?$(VERSION)*.deb debezium-udf-$(VERSION)-*.rpm debezium-udf-$(VERSION)-*.tar.gz > SHA256SUMS && cat SHA256SUMS

# The registration says the same on every machine, so this machine's program writes it.
$(filter-out package-$(MACHINE),$(ARCHES:%=package-%)): package-$(MACHINE)
$(ARCHES:%=package-%): package-%: $(SIMDJSON)/simdjson.h
	@$(MAKE) --no-print-directory JSON=simdjson BUILD=$(PACKAGES)/$* $(call cross,$*) all
	@package/build.sh $(VERSION) $* $(PACKAGES) $(PACKAGES)/$(MACHINE)/debezium-udf
	@package/rpm.sh $(VERSION) $* $(PACKAGES)

# What ClickHouse Cloud takes (docs/cloud.md): LAYOUTS= one or more layouts.
LAYOUTS ?= $(LAYOUT)
.PHONY: cloud cloud-programs cloud-test
cloud:
	@tests/stack/prepare.sh build package
	@$(MAKE) --no-print-directory cloud-programs
	@python3 deploy/cloud/bundle.py --amd64 $(PACKAGES)/x86_64/debezium-udf --arm64 $(PACKAGES)/aarch64/debezium-udf --out build/cloud $(LAYOUTS)

cloud-programs: $(SIMDJSON)/simdjson.h
	@$(MAKE) --no-print-directory JSON=simdjson BUILD=$(PACKAGES)/x86_64 $(call cross,x86_64) all
	@$(MAKE) --no-print-directory JSON=simdjson BUILD=$(PACKAGES)/aarch64 $(call cross,aarch64) all

cloud-test:
	@tests/stack/prepare.sh build conformance engine package cloud
	@$(MAKE) --no-print-directory all cloud-programs
	@CLOUD=whole build/venv/bin/python -m pytest -q tests/cloud

test-arm64:
	@tests/stack/prepare.sh build conformance arm64
	@tests/package/arm64.sh

# Everything that a release must pass, with what each step took. The first that fails ends it.
RELEASE_STEPS := lint check test sanitize fuzz test-versions test-arm64 cloud-test compose-test package
release-check:
	@package/release_check.sh $(VERSION)
	@for step in $(RELEASE_STEPS); do \
	    echo "== make $$step"; start=$$(date +%s); \
	    $(MAKE) --no-print-directory SECONDS=60 $$step || { echo "release-check: make $$step failed"; exit 1; }; \
	    echo "== make $$step: $$(($$(date +%s) - start)) s"; \
	done
	@echo 'release-check: $(VERSION) passed $(RELEASE_STEPS)'
