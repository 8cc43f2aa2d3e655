#!/bin/bash
# What bash offers: each option and command of the usage, and behind a command its own alone.
. "$(dirname "$0")/tap.sh"
cd "$(dirname "$0")/../.." || exit 1
build=${PEARPD_BUILD:-$PWD/build}
PATH=$build:$PATH
. etc/bash-completion
compopt() { :; } # bash has it while it completes

# offered FUNCTION LINE: what may follow, one a line.
offered()
{
    COMP_LINE=$2 COMP_POINT=${#2} COMPREPLY=()
    read -ra COMP_WORDS <<<"$2"
    [ "${2: -1}" != " " ] || COMP_WORDS+=('')
    COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
    "$1"
    [ ${#COMPREPLY[@]} -eq 0 ] || printf '%s\n' "${COMPREPLY[@]}"
}
is_offered() { same "$3" "$(offered "$1" "$2" | tr '\n' ' ' | sed 's/ $//')"; }

# Every long option of the usage is offered by the program, or behind one of its commands.
knows_options()
{
    local option command all
    all=$(offered "$1" "$2 --"; for command in "${@:3}"; do offered "$1" "$2 $command --"; done)
    for option in $("$build/$2" -h | grep -o '^ .*--[a-z-]*' | grep -o -- '--[a-z-]*'); do
        grep -qx -e "$option" <<<"$all" || { echo "not offered: $option"; return 1; }
    done
}
knows_commands()
{
    local command
    for command in $("$build/pearpctl" -h | sed -n '/--help/,$s/^  \([a-z]\{3,\}\).*/\1/p'); do
        offered _pearpctl "pearpctl " | grep -qx "$command" || { echo "not offered: $command"; return 1; }
    done
}

check "pearpd: every option" knows_options _pearpd pearpd
check "pearpctl: every option" knows_options _pearpctl pearpctl table add resolve account whois history guest
check "pearp-agent: every option" knows_options _pearp_agent pearp-agent status
check "pearpctl: every command" knows_commands
check "a command has its own options" is_offered _pearpctl "pearpctl table --" "--verbose --sort --json"
check "and not another's" is_offered _pearpctl "pearpctl -s /nowhere add --" "--force --json"
check "the keys to sort by" is_offered _pearpctl "pearpctl table --sort s" "state seen"
check "a command that is begun" is_offered _pearpctl "pearpctl re" "resolve reload"
check "pearp-agent status" is_offered _pearp_agent "pearp-agent status -" "--json"
check "pearp-agent lease" is_offered _pearp_agent "pearp-agent lease eth0 r" "released"
done_testing
