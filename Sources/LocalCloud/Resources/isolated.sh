# The outside half of an isolated instance's boot: runs as the first process of new mount, PID, UTS and IPC namespaces, builds
# the root file system and becomes the instance's init. $1 = the instance's folder (layers, seed), $2 = the upper layer's
# folder (it may be elsewhere), $3 = hostname. Descriptor 9 is the liveness lock: it stays open in init and nowhere else.
set -eu
dir=$1 layers=$2 name=$3
root=$dir/root
say() { echo "local cloud: $*"; }

mount -t overlay -o "lowerdir=/,upperdir=$layers/upper,workdir=$layers/work,index=off,metacopy=off,redirect_dir=off" \
    overlay "$root" 2>/dev/null ||
    mount -t overlay -o "lowerdir=/,upperdir=$layers/upper,workdir=$layers/work" overlay "$root"
mount -t proc -o nosuid,nodev,noexec proc "$root/proc"
mount -t sysfs -o ro,nosuid,nodev,noexec sysfs "$root/sys" 2>/dev/null || say "no /sys"
mount -t tmpfs -o mode=755,nosuid tmpfs "$root/dev"
mount -t tmpfs -o mode=755,nosuid,nodev tmpfs "$root/run"
mkdir -p "$root/dev/pts" "$root/dev/shm" "$root/run/sshd" "$root/run/lock" "$root/run/mayfly-boot"
chmod 0700 "$root/run/mayfly-boot"
for node in null zero full random urandom tty $(cd /dev && ls -d nvidia[0-9]* nvidiactl nvidia-* kfd dri 2>/dev/null); do
    if [ -d "/dev/$node" ]; then
        mkdir -p "$root/dev/$node" && mount --rbind "/dev/$node" "$root/dev/$node"
    elif [ -e "/dev/$node" ]; then
        : >"$root/dev/$node" && mount --bind "/dev/$node" "$root/dev/$node"
    fi
done
mount -t devpts -o newinstance,ptmxmode=0666,mode=620,gid=5 devpts "$root/dev/pts"
mount -t tmpfs -o mode=1777,nosuid,nodev tmpfs "$root/dev/shm"
ln -s pts/ptmx "$root/dev/ptmx"
ln -s /proc/self/fd "$root/dev/fd"
ln -s /proc/self/fd/0 "$root/dev/stdin"
ln -s /proc/self/fd/1 "$root/dev/stdout"
ln -s /proc/self/fd/2 "$root/dev/stderr"
cp -R "$dir/seed/." "$root/run/mayfly-boot/"
tab=$(printf '\t')
while IFS=$tab read -r source target; do # volumes
    mkdir -p "$root$target" && mount --bind "$source" "$root$target" || say "warning: $target could not be mounted"
done <"$dir/seed/mounts"
# Host paths that are mounted on top of / are not part of the lower layer, so only what the image itself holds is seen.
hostname "$name" 2>/dev/null || echo "$name" >/proc/sys/kernel/hostname

cd "$root"
if mkdir -p run/mayfly-old && pivot_root . run/mayfly-old 2>/dev/null; then
    umount -l /run/mayfly-old && rmdir /run/mayfly-old
    enter=
else
    enter="chroot ."
fi
# Enough for apt and sshd, too little to touch the machine below: no mounts, modules, clocks, raw devices, reboot.
caps=-sys_admin,-sys_boot,-sys_module,-sys_rawio,-sys_time,-syslog,-linux_immutable,-mac_admin,-mac_override
caps=$caps,-mknod,-wake_alarm,-net_admin,-sys_ptrace,-dac_read_search,-audit_control,-sys_tty_config,-sys_pacct
if command -v setpriv >/dev/null 2>&1; then
    exec $enter setpriv --inh-caps=-all --bounding-set="$caps" /bin/sh /run/mayfly-boot/init
fi
say "warning: setpriv is missing, so root in this instance keeps all capabilities"
exec $enter /bin/sh /run/mayfly-boot/init
