#!/bin/bash
# pearpctl guest: free ports for a guest of the operator's, in a drop-in of the configuration that takes effect at once or not at
# all; what it prints sets a host up that has no agent. With [dhcp] it is a set that is leased.
# takes: 8 s
. "$(dirname "$0")/../lib/lab.sh"
LAB_HOSTS=2 LAB_MODE=bare LAB_LEARN=pe-arp
LAB_CONF="gateway = $ROUTER

[range 192.35.162.2:2000-2009]
mac  = 02:00:00:00:00:09

[address 192.35.162.3]
ports = 1024-65535
psid  = 0/6
[dhcp]
serve   = 192.35.162.3
router  = $ROUTER
netmask = 255.255.255.0"
lab_test
drop_ins=$LAB_DIR/lab.d
json() { /usr/bin/python3 -c 'import json, sys; print(eval(sys.argv[1], {"j": json.load(sys.stdin)}))' "$1"; }
files() { ls "$drop_ins" 2>/dev/null | tr '\n' ' '; }

check "no guest: an empty list" same "[]" "$(ctl guest list --json)"
umask 077
ctl guest add web --ports 40 --mac "$(host_mac 1)" --json >"$LAB_DIR/web" || bail "guest add failed"
check "the lowest ports that are free" same "$SHARED 2010 2049" \
    "$(json '" ".join(map(str, (j["address"], j["first_port"], j["last_port"])))' <"$LAB_DIR/web")"
check "they are in effect" eval 'ctl table web | grep -q "^$SHARED:2010-2049 .* $(host_mac 1) *CM"'
check "they are in a drop-in" grep -q "^\[range $SHARED:2010-2049\]" "$drop_ins/web.conf"
check "that another user can read" same "755 644" "$(stat -c %a "$drop_ins" "$drop_ins/web.conf" | xargs)"
check "which -t reads" "$PEARPD_BUILD/pearpd" -c "$LAB_DIR/lab.conf" -t
check "the gateway is known" same $ROUTER "$(json 'j["gateway"]' <"$LAB_DIR/web")"
check "set-up of four kinds" same "cloud_init linux macos windows" "$(json '" ".join(sorted(j["setup"]))' <"$LAB_DIR/web")"

# The guest, as cloud-init sets it up: what stands behind "- |".
json 'j["setup"]["cloud_init"]' <"$LAB_DIR/web" | sed -n 's/^    //p' >"$LAB_DIR/bootcmd"
check "what cloud-init runs" on host1 sh -e "$LAB_DIR/bootcmd"
serve remote remote 7000
check "the guest reaches the remote host, from its own ports" \
    eval 'talk_on host1 ask tcp $REMOTE 7000 -t 5 | grep -q "^remote saw $SHARED:20[1-4][0-9]\$"'
serve host1 web 2045
check "and is reached" same web "$(talk_on remote ask tcp $SHARED 2045 -t 5 | cut -d' ' -f1)"

check "text has it all" eval 'ctl guest add db --ports 100 --mac "$(host_mac 2)" >"$LAB_DIR/db" &&
    grep -q "ports    2050-2149" "$LAB_DIR/db" && grep -q "#cloud-config" "$LAB_DIR/db" && grep -q "New-NetIPAddress" "$LAB_DIR/db"'
check "a list" same "db $SHARED:2050-2149 $(host_mac 2) web $SHARED:2010-2049 $(host_mac 1)" "$(ctl guest list | xargs)"
check "as JSON" same "db web" "$(ctl guest list --json | json '" ".join(g["name"] for g in j)')"
check "the same name: refused" refused ctl guest add web --ports 40 --mac 02:00:00:00:00:01
check "more than there is: refused" refused ctl guest add big --ports 65000 --mac 02:00:00:00:00:01 --address $SHARED
check "an address that is not shared: refused" refused ctl guest add x --ports 4 --mac 02:00:00:00:00:01 --address 192.35.162.99
check "a MAC address of the bridge: taken back" refused ctl guest add bad --ports 4 --mac 02:50:45:00:00:01 --address $SHARED
check "nothing is left of these" same "db.conf web.conf " "$(files)"
check "the log names the drop-in and its line" in_log 'lab.d/bad.conf:3: mac = 02:50:45:00:00:01: is the bridge'
for words in "add" "add web" "add a/b --ports 4 --mac 02:00:00:00:00:01" "list web" "delete" "drop web" "list --ports 4" "add x --ports 4x --mac 02:00:00:00:00:01"; do
    # shellcheck disable=SC2086
    ctl guest $words >/dev/null 2>&1
    check "wrong usage (guest $words): status 2" same 2 $?
done

ctl guest add cam --ports 1000 --mac 02:00:00:00:00:0c --address 192.35.162.3 --json >"$LAB_DIR/cam"
check "where [dhcp] leases sets: the lowest free set, as a lease" same "0/6/1 2047" "$(json 'j["psid"] + " " + str(j["last_port"])' <"$LAB_DIR/cam")"
check "in its drop-in" grep -q '^\[lease 192.35.162.3:1024-2047\]' "$drop_ins/cam.conf"
ctl guest add cam2 --ports 1024 --mac 02:00:00:00:00:0d --address 192.35.162.3 >/dev/null
check "the next one gets the next" grep -q '^\[lease 192.35.162.3:2048-3071\]' "$drop_ins/cam2.conf"
check "a set is not larger than it is" refused ctl guest add cam3 --ports 1025 --mac 02:00:00:00:00:0e --address 192.35.162.3

mkdir "$drop_ins/keep"
check "delete" ctl guest delete db
check "its ports are free" eval '[ -z "$(ctl table db | grep db)" ] && ! ctl table | grep -q :2050-2149'
check "the others stay" ctl guest delete cam
check "one that is not there: refused" refused ctl guest delete db
echo junk >"$drop_ins/zz.conf"
check "what else is there is nobody's guest" same "cam2 web" "$(ctl guest list --json | json '" ".join(g["name"] for g in j)')"
check "while the configuration has a fault nothing is deleted" refused ctl guest delete web
check "its file is still there" grep -q ":2010-2049" "$drop_ins/web.conf"
rm "$drop_ins/zz.conf"
check "two at once get different ports" eval 'ctl guest add p1 --ports 10 --mac 02:00:00:00:01:01 >/dev/null & ctl guest add p2 --ports 10 --mac 02:00:00:00:01:02 >/dev/null; wait $!
    [ $(ctl guest list | grep -c "^p[12] ") = 2 ]'
done_testing
