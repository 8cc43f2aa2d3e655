#!/bin/bash
# The runner counts what programs say, and takes for a failure whatever ends without having said it all.
. "$(dirname "$0")/tap.sh"
run=$(cd "$(dirname "$0")/.." && pwd)/run
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT

# program NAME LINE...: a shell script of these lines.
program()
{
    local name=$1
    shift
    printf '%s\n' '#!/bin/sh' "$@" >"$dir/$name"
    chmod +x "$dir/$name"
}

# counts EXPECTED NAME...: for check: the runner's last line and its exit status.
counts()
{
    local expected=$1 output status
    shift
    cd "$dir" || return
    output=$("$run" --limit 5 "$@")
    status=$?
    echo "$output"
    same "$expected" "$status: $(tail -n 1 <<<"$output")"
}

program good 'echo 1..2' 'echo ok 1 - a' 'echo "ok 2 - b # SKIP not here"'
program bad 'echo 1..2' 'echo ok 1 - a' 'echo not ok 2 - b' 'exit 1'
program planless 'echo ok 1 - a'
program short 'echo 1..3' 'echo ok 1 - a' 'echo ok 2 - b'
program long 'echo 1..1' 'echo ok 1 - a' 'echo ok 2 - b'
program crash 'echo 1..1' 'echo ok 1 - a' 'kill -SEGV $$'
program endless 'echo 1..1' 'echo ok 1 - a' 'sleep 30'
program status 'echo 1..1' 'echo ok 1 - a' 'exit 3'
program empty 'echo 1..0'
program silent 'exit 0'
program skipped 'echo "1..0 # SKIP no root"'
program cmocka 'echo 1..1' 'echo ok 1 - a' 'echo 1..2' 'echo ok 1 - b' 'echo "not ok 2 # SKIP c"'

check "good tests, and one skipped" counts "0: 1 passed, 0 failed, 1 skipped" good
check "a failed test" counts "1: 1 passed, 1 failed" bad
program several 'echo 1..3' 'echo ok 1 - a' 'echo not ok 2 - b' 'echo "# seen: c"' 'echo ok 3 - d' 'exit 1'
check "what failed comes first, with what was seen" \
    same "! not ok 2 - b|! # seen: c|| 1..3" "$("$run" "$dir/several" | sed -n '2,4s/^ *//p' | paste -sd '|')"
check "no plan" counts "1: 1 passed, 1 failed" planless
check "fewer tests than planned" counts "1: 2 passed, 1 failed" short
check "more tests than planned" counts "1: 2 passed, 1 failed" long
check "a crash after the last test" counts "1: 1 passed, 1 failed" crash
check "no end within the limit" same "1 passed, 1 failed" "$("$run" --limit 1 "$dir/endless" | tail -n 1)"
check "an exit status that no test explains" counts "1: 1 passed, 1 failed" status
check "a plan of no tests" counts "1: 0 passed, 1 failed" empty
check "nothing at all" counts "1: 0 passed, 1 failed" silent
check "a program that is not there" counts "1: 0 passed, 1 failed" missing
check "nothing run is not a success" counts "1: 0 passed, 0 failed, 1 skipped" skipped
check "several plans in one program" counts "0: 2 passed, 0 failed, 1 skipped" cmocka

# These write down when they begin and end. Two run at once: the second ends once the first has begun, the brief one begins
# then, and the first ends after that.
await() { printf 'for i in $(seq 250); do grep -q "%s" %s && break; sleep 0.02; done' "$1" "$dir/order"; }
program first '# takes: 3 s' "echo first begins >>$dir/order" "$(await brief)" "echo first ends >>$dir/order" 'echo 1..1' 'echo ok 1'
program second '# takes: 2 s' "$(await 'first begins')" "echo second >>$dir/order" 'echo 1..1' 'echo ok 1'
program brief '# takes: 1 s' "echo brief >>$dir/order" 'echo 1..1' 'echo ok 1'
program apart '# alone: it measures' "echo apart >>$dir/order" 'echo 1..1' 'echo ok 1'
check "beside each other, and one alone" counts "0: 4 passed, 0 failed" --jobs=2 apart brief second first
check "the longest begins first, who runs alone is the last" \
    same "first begins,second,brief,first ends,apart" "$(paste -sd, "$dir/order")"
rm "$dir/order"
check "with one job at a time, as given" same "apart,brief,first begins,first ends,second" \
    "$("$run" "$dir/apart" "$dir/brief" "$dir/first" "$dir/second" >/dev/null && paste -sd, "$dir/order")"

program measured 'echo 1..1' 'echo "# H11: seven"' 'echo "# S2: three"' 'echo "# note: none"' 'echo ok 1'
check "the figures of rows of the reliability matrix are shown" same "     H11: seven,     S2: three" \
    "$("$run" "$dir/measured" | grep '^ ' | paste -sd,)"
check "several programs add up" counts "1: 4 passed, 2 failed, 1 skipped" good bad short
done_testing
