/* time_units.h: nanoseconds, which all times inside are in; microseconds, as wall clocks and sequence numbers have. */
#ifndef PEARPD_TIME_UNITS_H
#define PEARPD_TIME_UNITS_H

#include <stdint.h>

#define NS_PER_S  UINT64_C(1000000000)
#define NS_PER_MS UINT64_C(1000000)
#define NS_PER_US UINT64_C(1000)
#define US_PER_S  UINT64_C(1000000)
#define NEVER_NS  UINT64_MAX /* a deadline that does not come */

#endif
