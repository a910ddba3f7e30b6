# nasc: build, test and install. `make help` lists the targets; everything lands in $(BUILD).
BUILD  ?= build
CC     ?= gcc
LLVM_CONFIG ?= llvm-config-19
PREFIX ?= /usr/local
DESTDIR ?=
VERSION := 0.1.0

# SAN=address builds with AddressSanitizer and UBSan; WERROR=1 makes warnings errors.
WARNINGS = -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla -Wpointer-arith
OPT      = -O2 -g
CPPFLAGS += -D_GNU_SOURCE -DNASC_VERSION='"$(VERSION)"' -Isrc -I$(BUILD)/gen
CFLAGS   += -std=c17 $(OPT) -ffp-contract=off -fno-math-errno $(WARNINGS)
LDLIBS    = -ljansson -lpng -ljpeg -lcrypto -lxxhash -lpthread -lm
ifdef WERROR
CFLAGS += -Werror
endif
ifdef SAN
CFLAGS  += -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer
LDFLAGS += -fsanitize=address,undefined
endif
ifdef FUZZ
CFLAGS  += -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer
LDFLAGS += -fsanitize=fuzzer,address,undefined
endif
LLVM_INCLUDE := $(shell $(LLVM_CONFIG) --includedir 2>/dev/null)

# Rooms, lowest first; each becomes one archive. A unit test in tests/unit/ROOM links that room and those below.
ROOMS    = base ir frontend codegen runtime command
objects  = $(patsubst src/%.c,$(BUILD)/obj/%.o,$(wildcard src/$(1)/*.c))
OBJ_frontend_gen = $(BUILD)/obj/gen/parser.o $(BUILD)/obj/gen/scanner.o
below_base     = base
below_ir       = ir base
below_frontend = frontend ir base
below_codegen  = codegen ir base
below_runtime  = runtime codegen frontend ir base
below_command  = command runtime codegen frontend ir base
archives = $(patsubst %,$(BUILD)/lib%.a,$(below_$(1)))

.PHONY: all
all: $(BUILD)/nasc

$(BUILD)/nasc: $(BUILD)/obj/main.o $(BUILD)/obj/nasc.o $(call archives,command)
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $(filter %.o,$^) -Wl,--start-group $(filter %.a,$^) -Wl,--end-group $(LDLIBS)

define ROOM_RULE
$(BUILD)/lib$(1).a: $(call objects,$(1)) $(OBJ_$(1)_gen)
	@rm -f $$@
	ar rcs $$@ $$^
endef
$(foreach r,$(ROOMS),$(eval $(call ROOM_RULE,$(r))))

$(BUILD)/obj/%.o: src/%.c
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<
$(BUILD)/obj/codegen/%.o: CPPFLAGS += -isystem $(LLVM_INCLUDE)
$(call objects,codegen): $(BUILD)/gen/llvm_names.h
$(BUILD)/gen/llvm_names.h: src/codegen/llvm.def
	@mkdir -p $(@D)
	sed -n 's/^LLVM_FUNCTION(\(.*\))$$/#define LLVM\1 (*llvm.\1)/p' $< >$@

# What decides the bits of a training, as a hash: a journal of other code is refused.
NUMERICS := $(sort $(wildcard src/codegen/*.[ch] src/codegen/*.def src/ir/*.[ch] src/ir/*.def) \
              src/base/philox.c src/runtime/init.c src/runtime/scorer.c)
$(BUILD)/obj/command/session.o: CPPFLAGS += -DNASC_NUMERICS='"$(shell cat $(NUMERICS) | sha256sum | cut -c1-16)"'
$(BUILD)/obj/command/session.o: $(NUMERICS)

$(call objects,frontend) $(OBJ_frontend_gen): $(BUILD)/gen/parser.h $(BUILD)/gen/scanner.h

$(BUILD)/gen/parser.c $(BUILD)/gen/parser.h &: grammar/nas.y
	@mkdir -p $(@D)
	bison -Wall -Werror -o $(BUILD)/gen/parser.c --defines=$(BUILD)/gen/parser.h $<
$(BUILD)/gen/scanner.c $(BUILD)/gen/scanner.h &: grammar/nas.l
	@mkdir -p $(@D)
	flex -o $(BUILD)/gen/scanner.c --header-file=$(BUILD)/gen/scanner.h $<
$(BUILD)/obj/gen/%.o: $(BUILD)/gen/%.c
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

# Unit tests: tests/unit/ROOM/test_X.c -> $(BUILD)/tests/ROOM/test_X
UNIT := $(patsubst tests/unit/%.c,$(BUILD)/tests/%,$(wildcard tests/unit/*/test_*.c))
define UNIT_RULE
$(BUILD)/tests/$(1)/%: tests/unit/$(1)/%.c $(call archives,$(1))
	@mkdir -p $$(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS) -Itests/unit -MMD -MP $(LDFLAGS) -o $$@ $$< -Wl,--start-group $(call archives,$(1)) -Wl,--end-group -lcmocka $(LDLIBS)
endef
$(foreach r,$(ROOMS),$(eval $(call UNIT_RULE,$(r))))

# Programs for tests: tests/tools/X.c -> $(BUILD)/tools/X
TOOLS := $(patsubst tests/tools/%.c,$(BUILD)/tools/%,$(wildcard tests/tools/*.c))
$(BUILD)/tools/%: tests/tools/%.c $(call archives,command)
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP $(LDFLAGS) -o $@ $< -Wl,--start-group $(call archives,command) -Wl,--end-group $(LDLIBS)

.PHONY: unit-build
unit-build: $(UNIT)

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)

# Fuzz targets, by clang's libFuzzer; tests/fuzz/run.sh runs them. `make fuzz` does both.
FUZZERS := $(patsubst tests/fuzz/fuzz_%.c,$(BUILD)/fuzz_%,$(filter-out %/fuzz_main.c,$(wildcard tests/fuzz/fuzz_*.c)))
$(BUILD)/fuzz_%: tests/fuzz/fuzz_%.c $(call archives,frontend)
	$(CC) $(CPPFLAGS) $(CFLAGS) $(LDFLAGS) -o $@ $< -Wl,--start-group $(call archives,frontend) -Wl,--end-group -ljansson -lcrypto -lxxhash -lm
.PHONY: fuzz fuzz-build fuzz-targets
fuzz-targets: $(FUZZERS)
fuzz-build:
	+@$(MAKE) -s BUILD=$(BUILD)-fuzz CC=clang-19 FUZZ=1 fuzz-targets
fuzz: fuzz-build
	sh tests/fuzz/run.sh $(BUILD)-fuzz 30

# Tests. `make check` runs those of this build; check-all adds the sanitizer build (BUILD-asan).
.PHONY: check check-unit check-lit check-kernels check-all check-build
check-build: $(BUILD)/nasc $(TOOLS) unit-build
	@rm -f $(BUILD)/test-counts
check: check-build
	@sh tests/suite.sh $(BUILD) all
check-unit: check-build
	@sh tests/suite.sh $(BUILD) unit
check-lit: check-build
	@sh tests/suite.sh $(BUILD) lit
# Every variant of every kernel against the reference in double, on CASES times as many shapes as in check.
KERNEL_TESTS = $(addprefix $(BUILD)/tests/,codegen/test_conv codegen/test_wino codegen/test_pool runtime/test_nest runtime/test_map)
CASES ?= 6
check-kernels: $(KERNEL_TESTS)
	@NASC_CASES=$(CASES) sh tests/suite.sh $(BUILD) $(KERNEL_TESTS)
check-all:
	+@sh scripts/check_all.sh

# Networks of every space here and in PyTorch, small ones and one at full size, and a ranking by both: about a quarter of an
# hour. NASC_TORCH_PYTHON is an interpreter that has torch.
.PHONY: check-torch
check-torch: TORCH = $(or $(NASC_TORCH_PYTHON),/usr/bin/python3)
check-torch: check-build
	$(TORCH) tests/lit/e2e/torch_spaces.py $(BUILD)/nasc $(BUILD)/tools . $(BUILD)/check-torch
	$(TORCH) tests/lit/e2e/torch_full.py $(BUILD)/nasc .
	$(TORCH) tests/lit/e2e/torch_ranking.py $(BUILD)/nasc . $(or $(NASC_DATA),../shared/data)/nb101/cifar10_eval2500.tsv

# The tools' versions are those that the packages of scripts/install_packages.sh bring.
SOURCES = $(wildcard src/*.[ch] src/*/*.[ch] tests/unit/*.h tests/unit/*/*.[ch] tests/fuzz/*.c tests/tools/*.c bench/*.[ch])
.PHONY: format lint
format:
	clang-format-19 -i $(SOURCES)
lint:
	clang-tidy-19 --quiet $(wildcard src/*.c src/*/*.c) -- $(CPPFLAGS) -std=c17 -I$(LLVM_INCLUDE)
	sh scripts/layers.sh
	sh scripts/names.sh

# What the console examples of the documentation print, written into them anew: after a change that is meant.
.PHONY: docs-bless
docs-bless: $(BUILD)/nasc
	python3 tests/docs/examples.py $(BUILD)/nasc . --bless README.md CONTRIBUTING.md $(wildcard docs/*.md)

.PHONY: install
install: $(BUILD)/nasc
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/share/nasc/lib $(DESTDIR)$(PREFIX)/share/doc/nasc $(DESTDIR)$(PREFIX)/share/nasc/examples
	install -m 755 $(BUILD)/nasc $(DESTDIR)$(PREFIX)/bin/nasc
	install -m 644 $(wildcard lib/*.nas) $(DESTDIR)$(PREFIX)/share/nasc/lib
	install -m 644 $(wildcard examples/*.nas) $(DESTDIR)$(PREFIX)/share/nasc/examples
	install -m 644 README.md $(wildcard docs/*.md) $(DESTDIR)$(PREFIX)/share/doc/nasc

.PHONY: bench bench-full bench-build clean help
bench-build: $(BUILD)/nasc $(BUILD)/tools/count_kernels $(patsubst bench/%.c,$(BUILD)/bench/%,$(wildcard bench/*.c))
bench: bench-build
	sh bench/run.sh $(BUILD)
bench-full: bench-build
	sh bench/run.sh $(BUILD) --full
# The figures of docs/results.md: minutes to hours, journaled; stopped and started again it goes on.
.PHONY: results results-full
results: $(BUILD)/nasc
	python3 experiments/measure.py run $(BUILD)/nasc $(BUILD)/results
	python3 experiments/measure.py tables $(BUILD)/results docs/results.md
results-full: $(BUILD)/nasc
	python3 experiments/measure.py run $(BUILD)/nasc $(BUILD)/results-full --full
	python3 experiments/measure.py tables $(BUILD)/results-full docs/results.md
$(BUILD)/bench/%: bench/%.c $(call archives,command)
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP $(LDFLAGS) -o $@ $< -Wl,--start-group $(call archives,command) -Wl,--end-group $(LDLIBS)
clean:
	rm -rf $(BUILD) $(BUILD)-asan $(BUILD)-fuzz $(BUILD)-torch $(BUILD)-torch.log
help:
	@echo 'make            build $(BUILD)/nasc'
	@echo 'make check      the tests of this build; check-unit, check-lit: a part of them'
	@echo 'make check-kernels  every kernel on CASES=6 times as many random shapes as in check: minutes'
	@echo 'make check-all  the tests, and again under AddressSanitizer and UBSan'
	@echo 'make check-torch  networks of every space trained here and in PyTorch: minutes'
	@echo 'make fuzz       random programs for a minute, under AddressSanitizer and UBSan'
	@echo 'make bench      speed against PyTorch, kernel by kernel, scaling, compiling, memory: minutes; bench-full: hours'
	@echo 'make results    docs/results.md anew, from benchmark tables in $$$$NASC_DATA: hours; results-full: days'
	@echo 'make format     clang-format over the sources'
	@echo 'make lint       clang-tidy and the include rules'
	@echo 'make docs-bless runs the examples of the documentation and writes down what they print'
	@echo 'make install    to $$(DESTDIR)$$(PREFIX), default /usr/local'
	@echo 'make clean      removes what was built'
	@echo 'Variables: BUILD=DIR  SAN=address  WERROR=1  CC=...  PREFIX=... DESTDIR=...'
