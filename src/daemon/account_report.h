/* account_report.h: one owner's account in JSON, for `pearpctl account`. Called by: control. */
#ifndef PEARPD_DAEMON_ACCOUNT_REPORT_H
#define PEARPD_DAEMON_ACCOUNT_REPORT_H

#include "pearpd/engine.h"
#include "pearpd/json.h"

#include "usage_month.h"

/* False, and nothing is written: nothing was counted for it (in `month`, where that is not 0). `months` may be NULL. */
bool account_report(struct json *j, const struct engine *engine, const struct usage_months *months,
                    struct mac owner, month_number month);

#endif
