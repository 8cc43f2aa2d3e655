# check.sh: what `make check` and `make check-all` share: builds, groups of tests, one tally, and the note of what passed.
# Sourced by: scripts/check, scripts/check-all. Sets: jobs, builds, tally.
# shellcheck shell=bash

jobs=$(nproc)
builds=$PWD/${B:-build}
passed=$builds/check.passed # by the last scripts/check: what the tree was, and its counts
export ASAN_OPTIONS=detect_stack_use_after_return=1:strict_string_checks=1 UBSAN_OPTIONS=print_stacktrace=1

# check_begin: a tally in a folder of its own, which goes at the end.
check_begin()
{
    work=$(mktemp -d "${TMPDIR:-/tmp}/pearpd-check.XXXXXX") || exit 1
    tally=$work/tally
    trap 'rm -rf "$work"' EXIT
    trap 'exit 130' INT TERM HUP
}

# group LABEL [OPTION...] PROGRAM...: runs them and adds to the tally.
group() { tests/run --tally "$tally" --label "$@"; }

# build NAME VARIABLE=VALUE...: the programs and the tests in build/NAME, as one test.
build()
{
    local name=$1
    shift
    tests/run --tally "$tally" --limit 900 --command "build with $name" -- \
        make --no-print-directory -s -k -j"$jobs" B="${builds#"$PWD/"}/$name" CHECK=1 "$@" all unit property tools
}

# built FOLDER NAME: the test programs of that folder in that build.
built() { find "$builds/$2/$1" -maxdepth 1 -type f -name 'test_*' -perm -u+x 2>/dev/null | sort; }

# scripts FOLDER: the test scripts there.
scripts() { find "tests/$1" -maxdepth 1 -type f -name 'test_*' -perm -u+x | sort; }

# lab LABEL JOBS [--beside | --alone]: every live story, JOBS of those beside each other that do not measure: most of their
# time they wait. --beside: only those; --alone: only the others.
lab()
{
    local stories
    mapfile -t stories < <(scripts netns | case ${3:-} in
        --beside) xargs grep -L '^# alone: ' ;;
        --alone) xargs grep -l '^# alone: ' ;;
        *) cat ;;
        esac)
    group "$1" --jobs "$2" --limit 300 "${stories[@]}"
}

# What is checked: every file but what is built.
tree()
{
    find . \( -path ./.git -o -path "./${B:-build}" -o -name __pycache__ \) -prune -o -type f -print0 | sort -z |
        xargs -0 sha256sum | sha256sum | cut -d' ' -f1
}
