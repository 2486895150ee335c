# The whole decoder on both back ends in one program: the objects of the cJSON build are joined into one whose symbols get a prefix.

DIFFERENTIAL          := build/tests/differential
DIFFERENTIAL_BUILD    := $(OBJECTS)/tests/differential
DIFFERENTIAL_OBJECTS  := $(patsubst tests/differential/%.c,$(DIFFERENTIAL_BUILD)/%.o,$(wildcard tests/differential/*.c))
MESSAGES              ?= 100000

.PHONY: differential differential-program
differential: differential-program
	@$(DIFFERENTIAL) messages=$(MESSAGES) $(if $(SEED),seed=$(SEED))
differential-program:
	@$(MAKE) --no-print-directory -s JSON=cjson build/cjson/libdebezium-udf.a
	@$(MAKE) --no-print-directory -s $(DIFFERENTIAL)

$(DIFFERENTIAL): $(DIFFERENTIAL_OBJECTS) build/libdebezium-udf.a $(DIFFERENTIAL_BUILD)/cjson_side.o | build/tests
	$(call say,link,$@)
	$(Q)$(CXX) $(CFLAGS) -pie -o $@ $^ $(JSON_LIBS) -lcjson

$(DIFFERENTIAL_BUILD)/cjson_side.o: build/cjson/libdebezium-udf.a
	$(call say,join,$@)
	$(Q)mkdir -p $(@D)
	$(Q)ld -r --whole-archive -o $@.joined $<
	$(Q)nm --defined-only --extern-only $@.joined | sed -n 's/.* [A-Z] \(.*\)/\1 cjson_\1/p' >$@.names
	$(Q)objcopy --redefine-syms=$@.names $@.joined $@

$(DIFFERENTIAL_BUILD)/%.o: tests/differential/%.c Makefile
	$(call say,cc  ,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(C_FLAGS) -D_POSIX_C_SOURCE=200809L -Itests/differential -c -o $@ $<
