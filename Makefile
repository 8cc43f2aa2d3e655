# pearpd: `make help` lists the targets.

prefix     ?= /usr/local
sysconfdir ?= /etc
DESTDIR    ?=
B          ?= build
CC         ?= gcc
VERSION    := 0.1.0

CPPFLAGS += -Iinclude -D_GNU_SOURCE -DPEARPD_VERSION='"$(VERSION)"' -D_FORTIFY_SOURCE=2
WARN      = -Wall -Wextra -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes -Wformat=2 -Werror
CFLAGS   ?= -O2 -g
HARDEN   ?= -fstack-protector-strong -fPIE -fstack-clash-protection -fcf-protection
override CFLAGS += -std=c11 $(WARN) $(HARDEN) $(SANITIZE) -MMD -MP
override LDFLAGS += -pie -Wl,-z,relro -Wl,-z,now -Wl,--as-needed $(SANITIZE)
LIBS := -lpcap -lnet -levent_core -linih -lmnl -lsodium -ljansson

SRC     := $(sort $(wildcard src/*/*.c))
LIBSRC  := $(filter-out src/ctl/% src/agent/%,$(SRC))
OBJ      = $(patsubst src/%.c,$(B)/obj/%.o,$(1))
LIB      = $(B)/libpearpd.a
PROGRAMS := pearpd pearpctl pearp-agent

all: $(PROGRAMS:%=$(B)/%) ## build the three programs into build/ (default)

$(LIB): $(call OBJ,$(LIBSRC))
	@rm -f $@
	ar rcs $@ $^

$(B)/pearpd: $(call OBJ,src/main.c) $(LIB)
$(B)/pearpctl: $(call OBJ,$(filter src/ctl/%,$(SRC))) $(LIB)
$(B)/pearp-agent: $(call OBJ,$(filter src/agent/%,$(SRC))) $(LIB)
$(PROGRAMS:%=$(B)/%):
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS)

$(B)/obj/%.o: src/%.c
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS) -c -o $@ $<

# Unit tests: one program for each tests/unit/test_NAME.c, cmocka.
UNIT := $(patsubst tests/unit/%.c,$(B)/unit/%,$(sort $(wildcard tests/unit/test_*.c)))
$(B)/unit/%: tests/unit/%.c $(LIB)
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS) $(LDFLAGS) -o $@ $< $(LIB) $(LIBS) -lcmocka
unit: $(UNIT)

-include $(shell find $(B) -name '*.d' 2>/dev/null)
.PHONY: all unit
