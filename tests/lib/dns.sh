# dns.sh: a zone at BIND on the lab's remote host, and a stock client that follows SRV there. Sourced by tests after
# lab_test. Needs named, dig, busybox, and apt's http method.
# shellcheck shell=bash

SECRET=c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0LTMyYnk=

zone_file()
{
    printf '$TTL 60\n@ SOA ns root 1 3600 600 86400 60\n@ NS ns\nns A %s\n' "$REMOTE" >"$1"
}

# bind_conf ZONE KEY...: BIND's configuration; those KEYs are known, and may change ZONE but for those named idle-*.
bind_conf()
{
    local zone=$1 key
    shift
    {
        echo "options { directory \"$LAB_DIR\"; pid-file none; session-keyfile none; lock-file none;
            listen-on { $REMOTE; }; listen-on-v6 { none; }; recursion no; dnssec-validation no; };
        controls { };"
        for key in "$@"; do echo "key \"$key\" { algorithm hmac-sha256; secret \"$SECRET\"; };"; done
        echo "zone \"$zone\" { type primary; file \"bind.zone\"; update-policy {"
        for key in "$@"; do case $key in idle-*) ;; *) echo "grant $key zonesub SRV HTTPS SVCB A;" ;; esac done
        echo "}; };"
    } >"$LAB_DIR/named.conf"
}

# bind_start ZONE KEY...: BIND runs, process $BIND. A copy: a profile that confines named by its path would keep it from
# the lab's files.
bind_start()
{
    bind_conf "$@"
    [ -e "$LAB_DIR/bind.zone" ] || zone_file "$LAB_DIR/bind.zone"
    cp "$(command -v named)" "$LAB_DIR/named"
    start remote named.log "$LAB_DIR/named" -g -c "$LAB_DIR/named.conf"
    BIND=$LAB_PID
}

dig_bind() { on remote dig +short +time=1 +tries=1 "@$REMOTE" "$@"; }
# ports_at SERVER NAME: of its SRV records, ascending. has_ports SERVER NAME PORTS: for wait_for.
ports_at() { "dig_$1" SRV "$2" | awk '{ print $3 }' | sort -n | xargs; }
has_ports() { [ "$(ports_at "$1" "$2")" = "$3" ]; }

# http_serve PLACE PORT: a stock web server there, whose page /who says PLACE. One that looks up no name at its start.
http_serve()
{
    mkdir -p "$LAB_DIR/www-$1" && echo "$1" >"$LAB_DIR/www-$1/who"
    start "$1" "www-$1.log" busybox httpd -f -p "$2" -h "$LAB_DIR/www-$1"
    wait_for 20 on "$1" sh -c "ss -Hltn | grep -q :$2"
}

# fetch COUNT: what so many downloads of http://www.example.net/who brought the remote host, each by a client of its own.
fetch()
{
    printf 'nameserver %s\noptions timeout:1 attempts:2\n' "$REMOTE" >"$LAB_DIR/resolv.conf"
    on remote unshare -m sh -c '
        mount --bind "$1/resolv.conf" /etc/resolv.conf && i=0
        while [ $i -lt "$2" ]; do
            rm -f "$1/got"
            /usr/lib/apt/apt-helper -qq -o APT::Sandbox::User=root -o Acquire::Retries=0 \
                -o Acquire::http::Timeout=5 -o Acquire::http::Proxy=false \
                download-file http://www.example.net/who "$1/got" >&2 && cat "$1/got"
            i=$((i + 1))
        done' sh "$LAB_DIR" "$1" 2>"$LAB_DIR/fetch.log"
}
