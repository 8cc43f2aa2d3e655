# tap.sh: the Test Anything Protocol for shell tests. Sourced by: tests/*/test_*.sh.
# check TEXT COMMAND...; ok TEXT; not_ok TEXT; skip TEXT WHY; diag; bail WHY; done_testing.
# shellcheck shell=bash

TAP_COUNT=0 TAP_FAILED=0

# The plan comes last: a test that ends early has none, and fails by that.
done_testing() { echo "1..$TAP_COUNT"; }
ok() { echo "ok $((++TAP_COUNT)) - $1"; }
not_ok()
{
    echo "not ok $((++TAP_COUNT)) - $1"
    TAP_FAILED=$((TAP_FAILED + 1))
}
skip() { echo "ok $((++TAP_COUNT)) - $1 # SKIP $2"; }
diag() { sed 's/^/# /' <<<"$*"; }
bail()
{
    echo "Bail out! $*"
    TAP_FAILED=$((TAP_FAILED + 1))
    exit 1
}

# check TEXT COMMAND...: the command's exit status is the result; what it printed is shown if that is bad. It runs in a
# subshell: what waits for processes or sets variables runs before, and its status is checked: `same 0 $?`.
check()
{
    local text=$1 output
    shift
    if output=$("$@" 2>&1); then
        ok "$text"
    else
        not_ok "$text"
        diag "$*"
        diag "$output"
        return 1
    fi
}

# same EXPECTED SEEN: for check.
same()
{
    [ "$1" = "$2" ] && return 0
    printf 'expected: %s\nseen:     %s\n' "$1" "$2"
    return 1
}

# not COMMAND...: for check.
not() { ! "$@"; }

# wait_for SECONDS COMMAND...: until the command succeeds. PEARPD_PATIENCE: how many times slower the machine is, at most.
wait_for()
{
    local end=$((SECONDS + $1 * ${PEARPD_PATIENCE:-1} + 1)) pause
    printf -v pause '0.%02d' $((5 * ${PEARPD_PATIENCE:-1})) # a look is work, too
    shift
    until "$@" >/dev/null 2>&1; do
        [ "$SECONDS" -lt "$end" ] || return 1
        sleep "$pause"
    done
}
