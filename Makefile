# debezium-udf: build, test, install. `make help` lists the targets.

VERSION := $(shell cat VERSION)
JSON    ?= simdjson
PREFIX  ?= /usr/local
DESTDIR ?=

# Set for a build with its own flags (see lint).
WERROR ?=

# Where a stock clickhouse-server looks for programs and for *_function.xml.
SCRIPTS_DIR ?= /var/lib/clickhouse/user_scripts
FILES_DIR   ?= /var/lib/clickhouse/user_files
CONFIG_DIR  ?= /etc/clickhouse-server
LAYOUT      ?= udf/experiment_event.json

DEPS ?= $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/debezium-udf

ifeq ($(JSON),simdjson)
BUILD := build
else ifeq ($(JSON),cjson)
BUILD := build/cjson
else
$(error JSON=$(JSON) is no back end: use JSON=simdjson or JSON=cjson)
endif

# All but the JSON library's own objects are the same for both back ends, and are built once.
OBJECTS ?= $(if $(filter build/cjson,$(BUILD)),build,$(BUILD))/obj

PROGRAM := $(BUILD)/debezium-udf
LIBRARY := $(BUILD)/libdebezium-udf.a

# Short lines, or whole commands with V=1.
Q := $(if $(V),,@)
say = $(if $(V),,@echo '  $(1) $(2)')

# ---- Flags: the machine that builds does not show in the result -------------------------------------------------------------

CFLAGS   ?= -O2 -g
CXXFLAGS ?= -O3 -g
WARNINGS := -Wall -Wextra -Wshadow -Wpointer-arith -Wcast-qual -Wundef -Wvla
# taken(FLAGS): these flags, where the compiler has them for the machine that it builds for.
taken    = $(shell $(CC) -Werror -O2 $(1) -include stdio.h -x c -c -o /dev/null /dev/null 2>/dev/null && echo '$(1)')
FORTIFY := $(or $(call taken,-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3),-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2)
HARDEN  := -fstack-protector-strong $(FORTIFY) -fPIE $(call taken,-fstack-clash-protection) $(call taken,-fcf-protection) \
           $(call taken,-mbranch-protection=standard)
C_FLAGS   = -std=c11 $(WARNINGS) -Wstrict-prototypes -Wmissing-prototypes $(HARDEN) $(DEFINES) -Iudf -ffile-prefix-map='$(CURDIR)=.' \
            -MMD -MP $(CFLAGS) $(WERROR)
CXX_FLAGS = -std=c++17 $(WARNINGS) -Iudf -fno-exceptions -fno-rtti -DSIMDJSON_EXCEPTIONS=0 $(HARDEN) -ffile-prefix-map='$(CURDIR)=.' \
            -MMD -MP $(CXXFLAGS) $(WERROR)
# STRIP= keeps the symbols, for perf and gdb.
STRIP         ?= -s
HARDENED_LINK := -Wl,-z,relro,-z,now,-z,noexecstack

# ---- The JSON library behind udf/json/json.h --------------------------------------------------------------------------------

SIMDJSON_PACKAGE := @nozbe/simdjson@3.9.4
SIMDJSON_SHA256  := d5c2e068967f1c3061123813d9b6e58ae4b180eb9c8b65b3db9a7f26a2a8a5c1
# A system's own simdjson is not taken, whatever its version: json_simdjson.cpp reads the first stage's list itself, which no release
# promises to keep, and what a static library was built with does not show. SIMDJSON=FOLDER takes simdjson.h and simdjson.cpp of
# this very version from there.
SIMDJSON         := $(DEPS)/simdjson-3.9.4

C_SOURCES := $(filter-out udf/json/json_cjson.c,$(wildcard udf/*.c udf/*/*.c udf/*/*/*.c))
ifeq ($(JSON),simdjson)
CXX_SOURCES := udf/json/json_simdjson.cpp
JSON_FLAGS  := -isystem $(SIMDJSON)
JSON_OBJECT := $(OBJECTS)/simdjson.o
JSON_HEADER := $(SIMDJSON)/simdjson.h
LINKER := $(CXX)
# The program runs in any container: nothing but the kernel is needed there.
STATIC := -static-pie
else
C_SOURCES += udf/json/json_cjson.c
CXX_SOURCES :=
# Debian and Ubuntu ship cJSON as a shared library only; CJSON_LIBS=/path/libcjson.a with STATIC=-static-pie links it in.
CJSON_LIBS ?= -lcjson
JSON_LIBS  := $(CJSON_LIBS)
LINKER     := $(CC)
STATIC     ?= -pie
endif

# SANDBOX=no is for debuggers and sanitizers, which it would stop.
ifeq ($(SANDBOX),no)
DEFINES += -DNO_SANDBOX
endif

CORE_OBJECTS := $(patsubst udf/%.c,$(OBJECTS)/%.o,$(filter-out udf/main.c,$(C_SOURCES))) \
                $(patsubst udf/%.cpp,$(OBJECTS)/%.o,$(CXX_SOURCES)) $(JSON_OBJECT) $(OBJECTS)/tool/pipeline_files.o

.DELETE_ON_ERROR:
.PHONY: all unit-tests check test lint compile format install uninstall schema clean help

#: make                    build/debezium-udf, on simdjson
#: make JSON=cjson         build/cjson/debezium-udf, without a C++ compiler
all: $(PROGRAM) $(BUILD)/$(notdir $(LAYOUT))

$(PROGRAM): $(OBJECTS)/main.o $(LIBRARY)
	$(call say,link,$@)
	$(Q)$(LINKER) $(CFLAGS) $(STRIP) $(STATIC) $(HARDENED_LINK) $(LDFLAGS) -o $@ $^ $(JSON_LIBS)

# A layout is looked for beside the program.
$(BUILD)/$(notdir $(LAYOUT)): $(LAYOUT) | $(BUILD)
	$(Q)cp $< $@

$(LIBRARY): $(CORE_OBJECTS) | $(BUILD)
	$(Q)rm -f $@
	$(Q)$(AR) rcs $@ $^

$(OBJECTS)/%.o: udf/%.c Makefile | $(OBJECTS)
	$(call say,cc  ,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(C_FLAGS) -c -o $@ $<

# The SQL of pipelines, which the program carries.
$(OBJECTS)/tool/pipeline_files.c: udf/tool/embed.sh $(wildcard sql/pipeline/*.sql sql/pipeline/*/*.sql) | $(OBJECTS)
	$(Q)mkdir -p $(@D)
	$(Q)udf/tool/embed.sh sql/pipeline > $@

$(OBJECTS)/tool/pipeline_files.o: $(OBJECTS)/tool/pipeline_files.c udf/tool/pipeline_files.h Makefile
	$(call say,cc  ,sql/pipeline)
	$(Q)$(CC) $(C_FLAGS) -c -o $@ $<

# One object knows the version, so that another one rebuilds no more than that.
$(OBJECTS)/base/version.o: DEFINES += -DVERSION='"$(VERSION)"'
$(OBJECTS)/base/version.o: VERSION

$(OBJECTS)/json/json_simdjson.o: udf/json/json_simdjson.cpp Makefile $(JSON_HEADER) | $(OBJECTS)
	$(call say,c++ ,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CXX) $(CXX_FLAGS) $(JSON_FLAGS) -c -o $@ $<

# Somebody else's code: no warnings of ours.
$(OBJECTS)/simdjson.o: $(SIMDJSON)/simdjson.cpp | $(OBJECTS)
	$(call say,c++ ,simdjson.cpp)
	$(Q)$(CXX) $(filter-out $(WARNINGS),$(CXX_FLAGS)) -w -c -o $@ $<

$(SIMDJSON)/simdjson.cpp: $(SIMDJSON)/simdjson.h ;
$(SIMDJSON)/simdjson.h:
	@command -v npm >/dev/null || { echo 'make: simdjson comes with npm, which is not here: install npm, give' \
	    'SIMDJSON=FOLDER with its simdjson.h and simdjson.cpp, or use make JSON=cjson' >&2; exit 1; }
	@echo 'fetching $(SIMDJSON_PACKAGE) into $(SIMDJSON)'
	@mkdir -p $(DEPS) && part=$$(mktemp -d $(DEPS)/.part.XXXXXX) && trap 'rm -rf "$$part"' EXIT && cd $$part && \
	    { npm pack --silent $(SIMDJSON_PACKAGE) >/dev/null || { echo 'make: npm could not fetch $(SIMDJSON_PACKAGE):' \
	        'check the network, or use make JSON=cjson' >&2; exit 1; }; } && \
	    echo '$(SIMDJSON_SHA256)  nozbe-simdjson-3.9.4.tgz' | sha256sum --check --status && \
	    tar xzf nozbe-simdjson-3.9.4.tgz --strip-components=2 package/src && \
	    rm nozbe-simdjson-3.9.4.tgz && chmod 755 . && touch simdjson.h simdjson.cpp && \
	    { mv -T "$$part" $(SIMDJSON) 2>/dev/null || test -f $(SIMDJSON)/simdjson.h; }

$(BUILD) $(OBJECTS) $(OBJECTS)/tests $(BUILD)/tests:
	$(Q)mkdir -p $@

# ---- Tests ------------------------------------------------------------------------------------------------------------------

UNIT_TESTS := $(patsubst tests/unit/%.c,$(BUILD)/tests/%,$(wildcard tests/unit/test_*.c))
ifeq ($(SANDBOX),no)
UNIT_TESTS := $(filter-out %/test_sandbox,$(UNIT_TESTS))
endif

# With the objects of the program, so that what is tested is what is shipped.
unit-tests: $(UNIT_TESTS)

$(BUILD)/tests/%: $(OBJECTS)/tests/%.o $(LIBRARY) | $(BUILD)/tests
	$(call say,link,$@)
	$(Q)$(LINKER) $(CFLAGS) -pie -o $@ $^ $(JSON_LIBS) -lcmocka

$(OBJECTS)/tests/%.o: tests/unit/%.c Makefile | $(OBJECTS)/tests
	$(call say,cc  ,$<)
	$(Q)$(CC) $(C_FLAGS) -c -o $@ $<

# Vectors of all sizes pass through its functions, and signed numbers wrap in them, as in the instructions that they stand for.
$(OBJECTS)/tests/test_simd_emulated.o: C_FLAGS += -Wno-psabi -fwrapv

.SECONDARY: $(UNIT_TESTS:$(BUILD)/tests/%=$(OBJECTS)/tests/%.o)

#: make check              quick tests, without servers or root: unit, golden, values, command line, conformance, differential
CHECK_NEEDS := build conformance deploy
check:
	@tests/stack/prepare.sh $(CHECK_NEEDS)
	@$(MAKE) --no-print-directory all unit-tests
	@$(MAKE) --no-print-directory JSON=cjson all unit-tests
	@$(MAKE) --no-print-directory differential-program
	@build/venv/bin/python tests/run.py check

#: make test               make check, then all other tests; installs and downloads what they need, and prints it
TEST_NEEDS := engine versions kafka debezium mariadb cluster kubernetes fuzz package arm64 cloud browser metrics
test:
	@if tests/stack/prepare.sh $(CHECK_NEEDS); then build/venv/bin/python tests/run.py all $(TEST_NEEDS); \
	else echo '0 passed, 1 failed'; exit 1; fi

#: make differential       random layouts and messages, decoded in every possible way; MESSAGES=, SEED=
include tests/differential/differential.mk

#: make test-versions      functions, registration and bundle on nine versions of ClickHouse, 23.10 to 26.9
include tests/versions/versions.mk

#: make soak               10 million messages with random layouts, 2^32 messages through one process, 10 million random times,
#:                         20 GB through one process, then every fault of the live chain, over and over for MINUTES=; a page in
#:                         bench/results
MINUTES ?= 10
.PHONY: soak
soak: all
	@tests/stack/prepare.sh build engine kafka debezium mariadb
	@$(MAKE) --no-print-directory JSON=cjson all
	@$(MAKE) --no-print-directory differential MESSAGES=10000000
	@tests/differential/mutations.sh
	@build/venv/bin/python tests/differential/lasting.py
	@TIMES=10000000 HOSTILE_GB=20 build/venv/bin/python -m pytest -q -rP tests/values tests/hostile -k 'random or flat'
	@PIPELINE_CHANGES=10000 PIPELINE_EACH=2 PIPELINE_ROWS=1000000 build/venv/bin/python -m pytest -q tests/pipelines/test_tables.py tests/pipelines/test_load.py
	@build/venv/bin/python bench/soak.py $(MINUTES)

#: make property           random tables of two databases, every decoded cell compared with the database; a page in bench/results
.PHONY: property property-faults
property: all
	@tests/stack/prepare.sh build kafka debezium mariadb
	@PROPERTY_EACH=$${PROPERTY_EACH:-8} PROPERTY_WIDTH=$${PROPERTY_WIDTH:-16} PROPERTY_ROWS=$${PROPERTY_ROWS:-200} \
	    PROPERTY_PAGE=$${PROPERTY_PAGE:-bench/results/property-$$(date +%F).md} build/venv/bin/python -m tests.property.run

#: make property-faults    faults in the sources of decoder and infer, each of which `make property` must find
property-faults: all
	@tests/stack/prepare.sh build kafka debezium mariadb
	@build/venv/bin/python -m tests.property.seeded

#: make compose-test       deploy/compose in containers: podman, Docker Compose, and stand-ins for the official images
.PHONY: compose-test
compose-test:
	@tests/stack/prepare.sh build compose
	@$(MAKE) --no-print-directory all
	@build/venv/bin/python -m pytest -v -rP --durations=10 tests/compose

#: make fuzz               the fuzzers, each for SECONDS=
SECONDS ?= 60
.PHONY: fuzz fuzzers
fuzz:
	@tests/stack/prepare.sh build conformance fuzz
	@tests/fuzz/run.sh $(SECONDS)
fuzzers: $(SIMDJSON)/simdjson.h
	@$(MAKE) -s -f tests/fuzz/Makefile SIMDJSON=$(SIMDJSON)

#: make sanitize           unit, golden and conformance tests under ASan, UBSan and valgrind
.PHONY: sanitize
sanitize:
	@tests/stack/prepare.sh build conformance fuzz
	@tests/sanitize.sh

#: make golden             rewrites the answers on file (tests/golden/answers); read the diff
.PHONY: golden
golden: all
	@tests/stack/prepare.sh build
	@build/venv/bin/python tests/golden/renew.py

# ---- Demo -------------------------------------------------------------------------------------------------------------------

#: make demo               from PostgreSQL to ClickHouse with real servers; KEEP=1 leaves them running
.PHONY: demo
demo:
	@tests/stack/prepare.sh build engine kafka debezium
	@$(MAKE) --no-print-directory all
	@build/venv/bin/python tests/stack/demo.py $(if $(KEEP),keep)

#: make bench              compares all ways to decode a message; a page in bench/results
#: make bench-kafka        the whole pipeline, from a topic to the table
include bench/bench.mk

# ---- Packages ---------------------------------------------------------------------------------------------------------------

#: make package            .deb and tarball for x86-64 and aarch64, with checksums, in build/package
#: make cloud              the functions for ClickHouse Cloud, in build/cloud; LAYOUTS= (docs/cloud.md)
#: make cloud-test         tests them under the restrictions of Cloud's runtime, for both architectures
#: make test-arm64         all unit, golden and conformance tests of the aarch64 builds, under qemu
#: make release-check      everything a release must pass
include package/package.mk

# ---- Care -------------------------------------------------------------------------------------------------------------------

#: make lint               warnings as errors in gcc and clang, the structure of udf/, cppcheck, clang-tidy, shellcheck
LINT_WARNINGS := -Werror -Wformat=2 -Wconversion -Wnull-dereference -Wwrite-strings
SCRIPTS = $(shell git ls-files '*.sh' package/debian/p* tests/compose/images/clickhouse/clickhouse-* tests/compose/images/kafka/run) .ci/run
lint:
	@tests/stack/prepare.sh build lint fuzz
	@$(MAKE) BUILD=build/lint/gcc WERROR='$(LINT_WARNINGS)' compile
	@$(MAKE) BUILD=build/lint/gcc JSON=cjson WERROR='$(LINT_WARNINGS)' compile
	@$(MAKE) BUILD=build/lint/clang CC=clang CXX=clang++ WERROR='$(LINT_WARNINGS) -Wno-missing-field-initializers' compile
	@echo '  rooms'
	@python3 tests/structure/rooms.py build/lint/gcc/obj
	@echo '  cppcheck'
	@cppcheck --quiet --std=c11 --enable=warning,performance,portability --inline-suppr --error-exitcode=1 -j "$$(nproc)" \
	    --suppress=missingIncludeSystem $(DEFINES) -DVERSION='"$(VERSION)"' -Iudf udf
	@echo '  clang-tidy'
	@find udf -name '*.c' | xargs -P "$$(nproc)" -n 4 sh -c 'clang-tidy --quiet --warnings-as-errors="*" "$$@" -- -std=c11 $(DEFINES) \
	    -DVERSION=\"$(VERSION)\" -Iudf 2>/dev/null' tidy
	@echo '  shellcheck'
	@shellcheck $(SCRIPTS)

# What is ours, and no program of it.
compile: $(OBJECTS)/main.o $(filter-out $(JSON_OBJECT),$(CORE_OBJECTS))

#: make format             formats the C code by .clang-format
format:
	clang-format -i $$(find udf -name '*.[ch]' -o -name '*.cpp') tests/unit/*.c

# ---- Installation -----------------------------------------------------------------------------------------------------------

#: make install            where a stock clickhouse-server looks (DESTDIR=, PREFIX=, SCRIPTS_DIR=, FILES_DIR=, CONFIG_DIR=); what was
#:                         edited there stays. What is installed: package/files.list
#: make uninstall          removes it, except what was edited
INSTALL = PREFIX='$(PREFIX)' SCRIPTS_DIR='$(SCRIPTS_DIR)' FILES_DIR='$(FILES_DIR)' CONFIG_DIR='$(CONFIG_DIR)' \
          $(BUILD)/install/install.sh
install: stage-install
	@mkdir -p '$(DESTDIR)/'
	@$(INSTALL) '$(DESTDIR)/'

uninstall: stage-install
	@$(INSTALL) --remove '$(DESTDIR)/'

.PHONY: stage-install
stage-install: all
	@package/stage.sh $(BUILD)/install $(PROGRAM) $(PROGRAM) '$(LAYOUT)'

#: make schema             applies the SQL bundle (CLICKHOUSE='clickhouse-client ...')
CLICKHOUSE ?= clickhouse-client
schema:
	@sql/apply.sh '$(CLICKHOUSE)'

#: make clean              removes build/
clean:
	rm -rf build

help:
	@sed -n 's/^#: //p' Makefile

-include $(wildcard $(OBJECTS)/*.d $(OBJECTS)/*/*.d $(OBJECTS)/*/*/*.d)
