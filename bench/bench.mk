# The benchmarks: bench/README.md.

BENCH := $(BUILD)/bench

# yyjson is only measured against. It has no Debian 12 package; the Python package yyjson carries its two files.
YYJSON_PACKAGE := yyjson==4.0.6
YYJSON_SHA256  := fcd4dc15c1e39a30bf9fa85d56903029111506860fc3080ab0d81c6c6dacaa8c
YYJSON         := $(DEPS)/yyjson-4.0.6

.PHONY: bench bench-kafka bench-chain bench-forms bench-delay bench-pipelines bench-capacity bench-programs

bench:
	@tests/stack/prepare.sh build engine
	@$(MAKE) all bench-programs
	@$(MAKE) JSON=cjson all bench-programs
	@build/venv/bin/python bench/run.py $(BENCH_OPTIONS)

bench-kafka:
	@tests/stack/prepare.sh build engine kafka
	@$(MAKE) all bench-programs
	@build/venv/bin/python bench/kafka.py $(BENCH_OPTIONS)

bench-chain:
	@tests/stack/prepare.sh build engine
	@$(MAKE) all bench-programs
	@build/venv/bin/python bench/chain.py $(BENCH_OPTIONS)

bench-forms:
	@tests/stack/prepare.sh build engine kafka
	@$(MAKE) all bench-programs
	@build/venv/bin/python bench/forms.py $(BENCH_OPTIONS)

bench-delay:
	@tests/stack/prepare.sh build engine kafka debezium
	@$(MAKE) all
	@build/venv/bin/python bench/delay.py $(BENCH_OPTIONS)

bench-pipelines:
	@tests/stack/prepare.sh build engine
	@$(MAKE) all
	@build/venv/bin/python bench/pipelines.py $(BENCH_OPTIONS)

bench-capacity:
	@tests/stack/prepare.sh build engine kafka
	@$(MAKE) all bench-programs
	@build/venv/bin/python bench/capacity.py $(BENCH_OPTIONS)

bench-programs: $(BENCH)/generate $(BENCH)/constant $(BENCH)/decode

BENCH_RIVALS := $(if $(filter simdjson,$(JSON)),simdjson yyjson cjson)
BENCH_OBJECTS = $(patsubst %,$(BENCH)/rival_%.o,$(BENCH_RIVALS)) $(if $(BENCH_RIVALS),$(BENCH)/rivals.o $(BENCH)/yyjson.o)
BENCH_C       = $(CC) $(C_FLAGS) $(if $(BENCH_RIVALS),-DWITH_RIVALS)

$(BENCH):
	$(Q)mkdir -p $@

$(BENCH)/%.o: bench/%.c bench/bench.mk Makefile | $(BENCH)
	$(call say,cc  ,$<)
	$(Q)$(BENCH_C) -c -o $@ $<

$(BENCH)/rival_yyjson.o: bench/rival_yyjson.c bench/bench.mk Makefile $(YYJSON)/yyjson.h | $(BENCH)
	$(call say,cc  ,$<)
	$(Q)$(BENCH_C) -isystem $(YYJSON) -c -o $@ $<

# On-Demand takes its instructions at compile time: the best of this machine.
$(BENCH)/rival_simdjson.o: bench/rival_simdjson.cpp bench/bench.mk Makefile $(JSON_HEADER) | $(BENCH)
	$(call say,c++ ,$<)
	$(Q)$(CXX) $(CXX_FLAGS) -march=native $(JSON_FLAGS) -c -o $@ $<

$(BENCH)/yyjson.o: $(YYJSON)/yyjson.c | $(BENCH)
	$(call say,cc  ,yyjson.c)
	$(Q)$(CC) $(filter-out $(WARNINGS) $(WERROR),$(C_FLAGS)) -O3 -w -c -o $@ $<

$(BENCH)/generate $(BENCH)/constant: $(BENCH)/%: $(BENCH)/%.o
	$(call say,link,$@)
	$(Q)$(CC) $(CFLAGS) -pie -o $@ $^

$(BENCH)/decode: $(BENCH)/decode.o $(BENCH_OBJECTS) $(LIBRARY)
	$(call say,link,$@)
	$(Q)$(LINKER) $(CFLAGS) -pie -o $@ $(BENCH)/decode.o $(BENCH_OBJECTS) $(LIBRARY) $(JSON_LIBS) $(if $(BENCH_RIVALS),-lcjson)

$(YYJSON)/yyjson.c: $(YYJSON)/yyjson.h ;
$(YYJSON)/yyjson.h:
	@echo 'fetching $(YYJSON_PACKAGE) (pip) into $(YYJSON)'
	@mkdir -p $(DEPS) && part=$$(mktemp -d $(DEPS)/.part.XXXXXX) && trap 'rm -rf "$$part"' EXIT && cd $$part && \
	    $(CURDIR)/build/venv/bin/python -m pip -q download --no-deps --no-binary yyjson $(YYJSON_PACKAGE) && \
	    echo '$(YYJSON_SHA256)  yyjson-4.0.6.tar.gz' | sha256sum --check --status && \
	    tar xzf yyjson-4.0.6.tar.gz --strip-components=2 yyjson-4.0.6/yyjson && rm yyjson-4.0.6.tar.gz && \
	    chmod 755 . && touch yyjson.h yyjson.c && \
	    { mv -T "$$part" $(YYJSON) 2>/dev/null || test -f $(YYJSON)/yyjson.h; }

-include $(wildcard $(BENCH)/*.d)
