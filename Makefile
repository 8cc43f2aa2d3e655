# pearpd: `make help` lists the targets.

prefix     ?= /usr/local
sysconfdir ?= /etc
DESTDIR    ?=
B          ?= build
VERSION    := 0.1.0
ifeq ($(origin CC),default)
CC := gcc
endif

# Test builds: CHECK=1 makes the engine assert its equation after every frame;
# SANITIZE="-fsanitize=address,undefined" adds the sanitizers.
CPPFLAGS += -Iinclude -D_GNU_SOURCE -DPEARPD_VERSION='"$(VERSION)"' $(if $(CHECK),-DPEARPD_CHECK)
FORTIFY  ?= $(if $(SANITIZE),,-D_FORTIFY_SOURCE=2)
WARN      = -Wall -Wextra -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes -Wformat=2 -Werror
CFLAGS   ?= -O2 -g
HARDEN   ?= -fstack-protector-strong -fPIE -fstack-clash-protection -fcf-protection
override CPPFLAGS += $(FORTIFY)
override CFLAGS += -std=c11 $(WARN) $(HARDEN) $(SANITIZE) -MMD -MP
override LDFLAGS += -pie -Wl,-z,relro -Wl,-z,now -Wl,--as-needed $(SANITIZE)
LIBS := -lbpf -lpcap -lnet -levent_extra -levent_core -linih -lmnl -lsodium -ljansson -lseccomp

SRC     := $(filter-out src/bpf/%,$(sort $(wildcard src/*/*.c src/*/*/*.c)))
LIBSRC  := $(filter-out src/ctl/% src/agent/%,$(SRC))
OBJ      = $(patsubst src/%.c,$(B)/obj/%.o,$(1))
LIB      = $(B)/libpearpd.a
AGENT    = $(B)/libpearp-agent.a
PROGRAMS := pearpd pearpctl pearp-agent

# What a DHCP client calls: pearp-agent looks for it beside itself.
HOOKS := pearp-dhcp-hook dhclient.conf dhclient-enter-hook networkmanager-dispatcher
$(B)/dhcp/%: etc/dhcp/%
	@mkdir -p $(@D)
	cp -p $< $@

all: $(PROGRAMS:%=$(B)/%) $(HOOKS:%=$(B)/dhcp/%) ## build the three programs into build/ (default)

$(LIB): $(call OBJ,$(LIBSRC)) $(B)/obj/fast_object.o $(B)/obj/page.o
$(AGENT): $(call OBJ,$(filter src/agent/%,$(filter-out src/agent/main.c,$(SRC))))
$(LIB) $(AGENT):
	@rm -f $@
	ar rcs $@ $^

$(B)/pearpd: $(call OBJ,src/main.c) $(LIB)
$(B)/pearpctl: $(call OBJ,$(filter src/ctl/%,$(SRC))) $(LIB)
$(B)/pearp-agent: $(call OBJ,src/agent/main.c) $(AGENT) $(LIB)
$(PROGRAMS:%=$(B)/%):
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS)

# A file sees the rooms of its own part of src/ ("host/undo.h"), and include/pearpd.
$(B)/obj/%.o: src/%.c
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) -Isrc/$(firstword $(subst /, ,$*)) $(CFLAGS) -c -o $@ $<

# The programs of the fast path, for the kernel, and the same as bytes of pearpd. Without a clang for BPF pearpd has none
# and says so.
BPF_CLANG ?= clang
BPF_FLAGS := -O2 -g -target bpf -mcpu=v3 -Wall -Wextra -Werror -Iinclude -I/usr/include/$(shell $(CC) -print-multiarch)
HAS_BPF   := $(shell $(BPF_CLANG) -print-targets 2>/dev/null | grep -c '^ *bpf ')
$(B)/fast_path.bpf.o: src/bpf/fast_path.bpf.c
	@mkdir -p $(@D)
	$(BPF_CLANG) $(BPF_FLAGS) -MMD -MP -MF $(@:.o=.d) -c -o $@ $<
$(B)/obj/fast_object.o: src/bpf/fast_object.S $(if $(filter 1,$(HAS_BPF)),$(B)/fast_path.bpf.o)
	@mkdir -p $(@D)
	$(CC) $(if $(filter 1,$(HAS_BPF)),-DFAST_OBJECT='"$(B)/fast_path.bpf.o"') -c -o $@ $<

# The status page, as bytes of pearpd.
$(B)/obj/page.o: $(addprefix src/page/,page.S page.html page.css page.js)
	@mkdir -p $(@D)
	$(CC) -c -o $@ $<

# Tests see all rooms. Those of the agent are linked with its library, before the other one.
ROOMS := -Isrc/agent -Isrc/io
AGENT_TESTS := test_agent_% test_dns_% test_nsupdate fuzz_agent_% fuzz_lease
LIBS_OF = $(if $(filter $(AGENT_TESTS),$(1)),$(AGENT)) $(LIB)
# Unit and property tests: one program for each test_NAME.c, with cmocka. Fuzz targets: fuzz_NAME.c, with clang.
TESTS = $(patsubst tests/$(1)/%.c,$(B)/$(1)/%,$(sort $(wildcard tests/$(1)/$(2)_*.c)))
UNIT     := $(call TESTS,unit,test)
PROPERTY := $(call TESTS,property,test)
FUZZ     := $(call TESTS,fuzz,fuzz)
$(B)/tests/%.o: tests/lib/%.c
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS) -c -o $@ $<
SHARED := $(B)/tests/world.o $(B)/tests/fast_model.o $(B)/tests/fast_check.o $(B)/tests/fast_cases.o
$(B)/unit/%: tests/unit/%.c $(SHARED) $(LIB) $(AGENT)
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(ROOMS) $(CFLAGS) $(LDFLAGS) -o $@ $< $(SHARED) $(call LIBS_OF,$*) $(LIBS) -lcmocka
$(B)/property/%: tests/property/%.c $(SHARED) $(LIB)
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) -Isrc/bpf $(CFLAGS) $(LDFLAGS) -o $@ $< $(SHARED) $(LIB) $(LIBS) -lcmocka
$(B)/fuzz/%: tests/fuzz/%.c $(SHARED) $(LIB) $(AGENT)
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(ROOMS) -Isrc/bpf $(CFLAGS) $(LDFLAGS) -fsanitize=fuzzer -o $@ $< $(SHARED) $(call LIBS_OF,$*) $(LIBS) -lcmocka
unit: $(UNIT) ## build the unit tests
property: $(PROPERTY)
fuzz-targets: $(FUZZ)

deps: ## install the Debian packages that are missing, for the build and for the tests
	@scripts/deps build test

check: ## every test once in one build, in minutes; the last line counts them
	@scripts/deps build test
	@scripts/check

check-all: ## the same, then with each compiler and sanitizers, long models, all linters, fuzzing: before a release
	@scripts/deps build test
	@scripts/check-all

demo: ## the bridge at work, in network namespaces; needs root, a minute, and no network card
	@scripts/deps build demo
	@$(MAKE) --no-print-directory -s -j2 all
	@PEARPD_BUILD='$(abspath $(B))' scripts/demo

demo-edge: ## the same with pearpd on the router itself, behind a tap; under a minute
	@scripts/deps build demo
	@$(MAKE) --no-print-directory -s -j2 all
	@PEARPD_BUILD='$(abspath $(B))' scripts/demo-edge

demo-dhcp: ## hosts with a DHCP client and no configuration share one address; under a minute
	@scripts/deps build demo dhcp
	@$(MAKE) --no-print-directory -s -j2 all
	@PEARPD_BUILD='$(abspath $(B))' scripts/demo-dhcp

demo-node: ## one rented server with one address becomes a bridge for its guests, and back; under a minute
	@scripts/deps build demo
	@$(MAKE) --no-print-directory -s -j2 all
	@PEARPD_BUILD='$(abspath $(B))' scripts/demo-node

check-page: ## the status page in headless Chromium, as screenshots in build/page: light, dark, narrow, empty, 4,096 owners
	@scripts/deps build demo page
	@$(MAKE) --no-print-directory -s -j2 all
	@PEARPD_BUILD='$(abspath $(B))' scripts/check-page '$(abspath $(B))/page'
.PHONY: check-page

lint: ## clang-format, clang-tidy, cppcheck, mandoc, and the floor plan's include order
	@tests/run --label lint --limit 900 -- scripts/lint all

FUZZ_SECONDS ?= 60
fuzz: ## run every fuzz target, FUZZ_SECONDS (60) in all
	@tests/run --label fuzz --limit 0 -- scripts/fuzz $(FUZZ_SECONDS)

# The generators of the floods among the tests.
$(B)/flood $(B)/lease_storm: $(B)/%: tests/lib/%.c
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS) $(LDFLAGS) -o $@ $<

# What `make bench` sends, counts and compares with. Where clang or libbpf is missing it counts on a ring, not in the kernel.
CLANG ?= clang
BENCH := $(patsubst %,$(B)/bench/%,plan send change restored sink_ring round_trip forward engine)
BENCH += $(if $(and $(wildcard /usr/include/bpf/libbpf.h),$(shell command -v $(CLANG))),$(B)/bench/sink_bpf $(B)/bench/sink.bpf.o)
$(B)/bench/engine $(B)/bench/restored: $(LIB)
$(B)/bench/forward: LIBS := -lpcap -lnet
$(B)/bench/sink_bpf: LIBS := -lbpf
$(B)/bench/%: tests/lib/bench/%.c
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS) $(LDFLAGS) -o $@ $(filter %.c %.a,$^) $(LIBS)
$(B)/bench/%.bpf.o: tests/lib/bench/%.bpf.c tests/lib/bench/plan.h
	@mkdir -p $(@D)
	$(CLANG) -O2 -g -target bpf -mcpu=v3 -Wall -Wextra -Werror -idirafter /usr/include/$(shell uname -m)-linux-gnu -c -o $@ $<

tools: $(B)/flood $(B)/lease_storm $(BENCH)

reliability: all tools ## rows of the reliability matrix that take a time: medians of 20 tries, the worst, memory
	@scripts/deps build test live
	@PEARPD_BUILD='$(abspath $(B))' scripts/reliability
	@PEARPD_BUILD='$(abspath $(B))' scripts/load
	@PEARPD_BUILD='$(abspath $(B))' scripts/table-changes
	@PEARPD_BUILD='$(abspath $(B))' scripts/full-table
	@PEARPD_BUILD='$(abspath $(B))' scripts/lease-storm
	@PEARPD_BUILD='$(abspath $(B))' scripts/tunnel-rates
	@PEARPD_BUILD='$(abspath $(B))' KILLS=20 RATE=20000 tests/run --limit 300 tests/netns/test_accel_crash.sh
	@PEARPD_BUILD='$(abspath $(B))' RATE=20000 tests/run --limit 300 tests/netns/test_accel.sh

SOAK_SECONDS ?= 3600
soak: ## the long rows, before a release: a million runs of the models, fuzzing for SOAK_SECONDS (3600) each
	@scripts/deps build test
	@scripts/soak $(SOAK_SECONDS)

bench: ## pearpd, kernel bridge, nftables and libpcap in turn: small frames, TCP, round trips; in minutes, on a quiet machine
	@scripts/deps build bench
	@$(MAKE) --no-print-directory -s -j2 all tools
	@PEARPD_BUILD='$(abspath $(B))' scripts/bench $(BENCH_OPTIONS)

bench-scale: ## the cost of a frame with one binding and with 64,512, beside each other; in minutes, on a quiet machine
	@scripts/deps build bench
	@$(MAKE) --no-print-directory -s -j2 all tools
	@PEARPD_BUILD='$(abspath $(B))' scripts/scale $(BENCH_OPTIONS)

bench-engine: ## the cost of a frame in the engine, by kind of frame: instructions (callgrind) and ns; on any machine, in seconds
	@scripts/deps build bench
	@$(MAKE) --no-print-directory -s -j2 tools
	@PEARPD_BUILD='$(abspath $(B))' scripts/bench-engine $(BENCH_OPTIONS)

sbindir = $(prefix)/sbin
mandir  = $(prefix)/share/man
docdir  = $(prefix)/share/doc/pearpd
unitdir = $(prefix)/lib/systemd/system
sysusersdir = $(prefix)/lib/sysusers.d
tmpfilesdir = $(prefix)/lib/tmpfiles.d
compdir = $(prefix)/share/bash-completion/completions
sharkdir = $(prefix)/share/pearpd/wireshark
monitordir = $(prefix)/share/pearpd
dhcpdir = $(prefix)/share/pearpd/dhcp
SAMPLES = $(notdir $(wildcard etc/*.conf etc/*.sample))
UNITS   = $(notdir $(wildcard systemd/*.service systemd/*.slice))
MAN     = $(notdir $(wildcard man/*.[578]))
DOCS    = README.md CHANGELOG.md LICENSE $(wildcard docs/*.md docs/*.svg)

install: all ## install below DESTDIR, prefix (/usr/local), sysconfdir (/etc)
	install -d '$(DESTDIR)$(sbindir)' '$(DESTDIR)$(unitdir)' '$(DESTDIR)$(sysusersdir)' '$(DESTDIR)$(tmpfilesdir)' '$(DESTDIR)$(compdir)' '$(DESTDIR)$(docdir)/examples' \
	    '$(DESTDIR)$(sharkdir)' '$(DESTDIR)$(dhcpdir)' '$(DESTDIR)$(mandir)/man5' '$(DESTDIR)$(mandir)/man7' '$(DESTDIR)$(mandir)/man8' '$(DESTDIR)$(sysconfdir)/pearpd'
	install -m 755 $(PROGRAMS:%='$(B)/%') '$(DESTDIR)$(sbindir)'
	sed -e 's|/etc/pearpd|$(sysconfdir)/pearpd|g' src/node/pearp-node > '$(DESTDIR)$(sbindir)/pearp-node' && chmod 755 '$(DESTDIR)$(sbindir)/pearp-node'
	for page in $(MAN); do install -m 644 "man/$$page" '$(DESTDIR)$(mandir)'/man"$${page##*.}"/"$$page" || exit 1; done
	install -m 644 $(SAMPLES:%='etc/%') '$(DESTDIR)$(sysconfdir)/pearpd'
	install -m 644 etc/bash-completion '$(DESTDIR)$(compdir)/pearpd'
	ln -sf pearpd '$(DESTDIR)$(compdir)/pearpctl'
	ln -sf pearpd '$(DESTDIR)$(compdir)/pearp-agent'
	install -m 644 systemd/pearpd.sysusers '$(DESTDIR)$(sysusersdir)/pearpd.conf'
	install -m 644 systemd/pearpd.tmpfiles '$(DESTDIR)$(tmpfilesdir)/pearpd.conf'
	ln -sf pearpd '$(DESTDIR)$(compdir)/pearp-node'
	install -m 644 etc/wireshark/pearp.lua '$(DESTDIR)$(sharkdir)'
	install -d '$(DESTDIR)$(monitordir)/prometheus' '$(DESTDIR)$(monitordir)/grafana'
	install -m 644 etc/prometheus/pearpd.rules.yml '$(DESTDIR)$(monitordir)/prometheus'
	install -m 644 etc/grafana/pearpd.json '$(DESTDIR)$(monitordir)/grafana'
	for hook in $(HOOKS); do sed -e 's|/usr/share/pearpd/|$(prefix)/share/pearpd/|g' "etc/dhcp/$$hook" > '$(DESTDIR)$(dhcpdir)'/"$$hook" && \
	    chmod --reference="etc/dhcp/$$hook" '$(DESTDIR)$(dhcpdir)'/"$$hook" || exit 1; done
	install -m 644 $(DOCS) '$(DESTDIR)$(docdir)'
	install -m 644 etc/network/* '$(DESTDIR)$(docdir)/examples'
	for unit in $(UNITS); do sed -e 's|/usr/sbin/|$(sbindir)/|g' -e 's|/etc/pearpd/|$(sysconfdir)/pearpd/|g' \
	    "systemd/$$unit" > '$(DESTDIR)$(unitdir)'/"$$unit" && chmod 644 '$(DESTDIR)$(unitdir)'/"$$unit" || exit 1; done

uninstall: ## remove what install put there; configuration stays
	rm -f $(PROGRAMS:%='$(DESTDIR)$(sbindir)/%') $(PROGRAMS:%='$(DESTDIR)$(compdir)/%') \
	    '$(DESTDIR)$(sysusersdir)/pearpd.conf' '$(DESTDIR)$(tmpfilesdir)/pearpd.conf' \
	    '$(DESTDIR)$(sbindir)/pearp-node' '$(DESTDIR)$(compdir)/pearp-node' \
	    $(UNITS:%='$(DESTDIR)$(unitdir)/%') $(SAMPLES:%='$(DESTDIR)$(sysconfdir)/pearpd/%')
	for page in $(MAN); do rm -f '$(DESTDIR)$(mandir)'/man"$${page##*.}"/"$$page"; done
	rm -rf '$(DESTDIR)$(docdir)' '$(DESTDIR)$(prefix)/share/pearpd'
	-rmdir '$(DESTDIR)$(sysconfdir)/pearpd' 2>/dev/null

fresh: ## both commands of the README on a minimal Debian 12 made by debootstrap; needs a package mirror
	@scripts/fresh

deb: ## the Debian packages pearpd and pearp-agent, in build/deb (DEB_VERSION: another version than that of debian/changelog)
	@scripts/deps deb
	@scripts/deb $(if $(DEB_VERSION),-v '$(DEB_VERSION)')

vm: ## build, demos, live stories (STORIES=all: every one) and systemd on a Debian 12 with its own kernel, in qemu; needs root and a package mirror
	@scripts/vm check

clean: ## remove what was built
	rm -rf '$(B)'

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-12s %s\n", $$1, $$2 }' Makefile

-include $(shell find $(B) -name '*.d' 2>/dev/null)
.PHONY: all unit property tools reliability soak fuzz-targets deps check check-all demo demo-edge demo-dhcp demo-node lint fuzz bench bench-scale bench-engine install uninstall deb fresh vm clean help
