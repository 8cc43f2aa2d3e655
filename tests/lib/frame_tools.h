/* frame_tools.h: what those share who write frames byte by byte. Included by: flood.c, bench/, tests of the engine. */
#ifndef PEARPD_TESTS_FRAME_TOOLS_H
#define PEARPD_TESTS_FRAME_TOOLS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>

static inline void put16(uint8_t *at, unsigned value)
{
    at[0] = (uint8_t)(value >> 8);
    at[1] = (uint8_t)value;
}

static inline void put32(uint8_t *at, uint32_t value)
{
    put16(at, value >> 16);
    put16(at + 2, value & 0xffff);
}

static inline uint16_t ip_checksum(const uint8_t header[static 20])
{
    uint32_t sum = 0;
    for (int n = 0; n < 20; n += 2)
        sum += (uint32_t)(header[n] << 8 | header[n + 1]);
    while (sum >> 16)
        sum = (sum & 0xffff) + (sum >> 16);
    return (uint16_t)~sum;
}

static inline bool read_mac(const char *text, uint8_t mac[static 6])
{
    char *end = NULL;
    for (int n = 0; n < 6; n++, text = end + 1) {
        mac[n] = (uint8_t)strtoul(text, &end, 16);
        if (end == text || (n < 5 && *end != ':'))
            return false;
    }
    return true;
}

static inline double now_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

#endif
