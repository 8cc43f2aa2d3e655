# debian.sh: a minimal Debian 12 in a directory, from the package mirror that this machine uses. Sourced by: scripts/fresh,
# scripts/vm. All mounts are in a mount namespace of the script's own: they go with it, however it ends.
# shellcheck shell=bash

# debian_inside SCRIPT ARGUMENT...: starts the script again in a mount namespace, unless this is one already.
debian_inside()
{
    [ "${DEBIAN_INSIDE:-}" = "$$" ] || exec env DEBIAN_INSIDE=$$ unshare --mount --propagation private "$@"
}

# debian_root DIR: a minbase in DIR, ready for chroot.
debian_root()
{
    local root=$1 mirror
    mirror=$(apt-get indextargets --format '$(SITE) $(RELEASE)' 2>/dev/null | awk '$2 == "bookworm" { print $1; exit }')
    [ -n "$mirror" ] || { echo "no Debian 12 mirror among this machine's package sources" >&2; return 1; }
    if ! debootstrap --variant=minbase bookworm "$root" "$mirror" >"$root.log" 2>&1; then
        tail -n 20 "$root.log" >&2
        return 1
    fi
    rm -f "$root.log"
    cp -L /etc/resolv.conf "$root/etc/resolv.conf" 2>/dev/null
    cp -r /etc/apt/apt.conf.d/. "$root/etc/apt/apt.conf.d/" 2>/dev/null
    # ip-netns(8) wants the root to be a mount point; apt's user wants to come in.
    chmod 755 "$root"
    mount --bind "$root" "$root" && mount -t proc proc "$root/proc" && mount -t sysfs sysfs "$root/sys" &&
        mount --rbind /dev "$root/dev" && mount -t tmpfs tmpfs "$root/run" && mount -t tmpfs tmpfs "$root/tmp" &&
        chroot "$root" apt-get -q update >/dev/null
}

# debian_run DIR COMMAND...: there, with nothing of this environment but the proxies.
debian_run()
{
    local root=$1
    shift
    chroot "$root" env -i HOME=/root PATH=/usr/sbin:/usr/bin:/sbin:/bin DEBIAN_FRONTEND=noninteractive \
        ${http_proxy:+http_proxy="$http_proxy"} ${https_proxy:+https_proxy="$https_proxy"} "$@"
}

# debian_gone DIR: ends what runs there, and removes it.
debian_gone()
{
    local place root
    root=$(readlink -f "$1")
    for place in /proc/[0-9]*; do
        [ "$(readlink "$place/root")" != "$root" ] || kill -9 "${place#/proc/}"
    done 2>/dev/null
    for place in $(awk -v root="$1" 'index($2, root) == 1 { print $2 }' /proc/self/mounts | sort -r); do
        umount -l "$place"
    done
    rm -rf --one-file-system "$1" "$1.log"
}
