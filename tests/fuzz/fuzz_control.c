/* fuzz_control.c: lines to the control socket. */
#include "../../src/daemon/control_request.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct control_request request;
    char error[CONTROL_ERROR_BYTES] = "";
    int result = control_request_parse((const char *)data, size, &request, error);
    if (result != 0 ? *error == '\0' : request.range.first > request.range.last)
        abort();
    return 0;
}
