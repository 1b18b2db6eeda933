# The outside half of a process instance's boot, for users without root: a bwrap sandbox with a private home, /var, /tmp, /run
# and PID namespace, in which the user is `ubuntu`, uid 1000. $1 = the instance's folder, $2 = its disk's, $3 = hostname. The host's programs and
# /etc are visible read-only. Descriptor 9 is the liveness lock, kept open by bwrap (--sync-fd) for the sandbox's whole life.
set -eu
dir=$1 layers=$2 name=$3
set -- --unshare-user --uid 1000 --gid 1000 --unshare-pid --unshare-uts --unshare-ipc --as-pid-1 --die-with-parent
set -- "$@" --sync-fd 9 --hostname "$name" --tmpfs / --proc /proc --dev /dev
for top in usr bin sbin lib lib32 lib64 libx32 opt srv nix; do
    if [ -L "/$top" ]; then
        set -- "$@" --symlink "$(readlink "/$top")" "/$top"
    elif [ -d "/$top" ]; then
        set -- "$@" --ro-bind "/$top" "/$top"
    fi
done
for node in $(cd /dev && ls -d nvidia[0-9]* nvidiactl nvidia-* kfd dri 2>/dev/null); do
    set -- "$@" --dev-bind "/dev/$node" "/dev/$node"
done
[ ! -d /sys ] || set -- "$@" --ro-bind /sys /sys
set -- "$@" --ro-bind /etc /etc --ro-bind "$dir/seed/passwd" /etc/passwd --ro-bind "$dir/seed/group" /etc/group
set -- "$@" --bind "$layers/upper/home" /home --bind "$layers/upper/var" /var --bind "$layers/upper/tmp" /tmp --dir /root --tmpfs /run
set -- "$@" --dir /run/lock --dir /run/sshd --bind "$dir/seed" /run/mayfly-boot --chdir / --clearenv
tab=$(printf '\t')
while IFS=$tab read -r source target; do # volumes
    set -- "$@" --bind "$source" "$target"
done <"$dir/seed/mounts"
exec bwrap "$@" /bin/sh /run/mayfly-boot/init
