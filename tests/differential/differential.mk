# The whole decoder on both back ends in one program: the objects of the cJSON build are joined into one whose symbols get a prefix.

DIFFERENTIAL         := build/tests/differential
DIFFERENTIAL_OBJECTS := $(patsubst tests/differential/%.c,build/tests/differential_%.o,$(wildcard tests/differential/*.c))
MESSAGES             ?= 100000

.PHONY: differential
differential:
	@$(MAKE) --no-print-directory build/libdebezium-udf.a
	@$(MAKE) --no-print-directory JSON=cjson build/cjson/libdebezium-udf.a
	@$(MAKE) --no-print-directory $(DIFFERENTIAL)
	@$(DIFFERENTIAL) messages=$(MESSAGES) $(if $(SEED),seed=$(SEED))

$(DIFFERENTIAL): $(DIFFERENTIAL_OBJECTS) build/libdebezium-udf.a build/tests/cjson_side.o
	$(call say,link,$@)
	$(Q)$(CXX) $(CFLAGS) -pie -o $@ $^ $(JSON_LIBS) -lcjson

build/tests/cjson_side.o: build/cjson/libdebezium-udf.a | build/tests
	$(call say,join,$@)
	$(Q)ld -r --whole-archive -o $@.joined $<
	$(Q)nm --defined-only --extern-only $@.joined | sed -n 's/.* [A-Z] \(.*\)/\1 cjson_\1/p' >$@.names
	$(Q)objcopy --redefine-syms=$@.names $@.joined $@

build/tests/differential_%.o: tests/differential/%.c Makefile | build/tests
	$(call say,cc  ,$<)
	$(Q)$(CC) $(C_FLAGS) -D_POSIX_C_SOURCE=200809L -Itests/differential -c -o $@ $<
