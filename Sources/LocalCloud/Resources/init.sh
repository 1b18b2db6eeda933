# The instance's init, process 1: first boot, sshd as its child, reaping. It ends only to power the instance off, and with
# it everything in its PID namespace. Stages and their order are cloud-init's: bootcmd, write_files, users and keys, sshd;
# then packages and scripts. Descriptor 9 is the liveness lock; every child gets it closed.
boot=/run/mayfly-boot
. "$boot/settings"
trap 'exit 0' TERM INT HUP
umask 022
export PATH=/run/mayfly/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
export HOME=/root LANG=C.UTF-8
[ "$as_root" = yes ] || HOME=/home/ubuntu
log=/var/log/cloud-init-output.log
state=/var/lib/cloud/instance
mkdir -p /run/cloud-init /run/mayfly/bin /var/log "$state" /var/lib/mayfly 2>/dev/null
cd /

for name in shutdown poweroff halt reboot; do
    cp "$boot/poweroff" "/run/mayfly/bin/$name" && chmod 0755 "/run/mayfly/bin/$name"
    [ "$as_root" != yes ] || { rm -f "/usr/sbin/$name"; cp "$boot/poweroff" "/usr/sbin/$name"; chmod 0755 "/usr/sbin/$name"; }
done
if [ "$as_root" = yes ] && [ ! -x /usr/bin/sudo ] && [ -u /usr/bin/su ] && [ -f /etc/pam.d/su ]; then
    # su is setuid already; letting PAM trust ubuntu makes it a password-less sudo.
    grep -q 'user = ubuntu' /etc/pam.d/su || {
        { echo 'auth sufficient pam_succeed_if.so quiet use_uid user = ubuntu'; cat /etc/pam.d/su; } >/etc/pam.d/su.new &&
            mv /etc/pam.d/su.new /etc/pam.d/su
    }
    cp "$boot/sudo" /usr/local/bin/sudo && chmod 0755 /usr/local/bin/sudo
fi

sed 's/^/local cloud: /' "$boot/warnings" >>"$log"
if [ "$first" = yes ] && [ -s "$boot/password" ]; then
    chpasswd -c SHA512 <"$boot/password" 2>>"$log" || echo "local cloud: warning: the password could not be set" >>"$log"
fi
[ ! -f "$boot/bootcmd" ] || sh "$boot/bootcmd" >>"$log" 2>&1 9>&- </dev/null || echo "bootcmd failed" >>"$boot/errors"
if [ "$first" = yes ]; then
    [ ! -f "$boot/write_files" ] || sh "$boot/write_files" >>"$log" 2>&1 9>&- || echo "write_files failed" >>"$boot/errors"
    mkdir -p "$keys_dir" && [ ! -s "$boot/authorized_keys" ] || {
        mkdir -p /home/ubuntu/.ssh
        cat "$boot/authorized_keys" >>/home/ubuntu/.ssh/authorized_keys
        chmod 0700 /home/ubuntu/.ssh && chmod 0600 /home/ubuntu/.ssh/authorized_keys
        [ "$as_root" != yes ] || chown -R ubuntu:ubuntu /home/ubuntu/.ssh
    }
    rm -f "$keys_dir"/ssh_host_*key "$keys_dir"/ssh_host_*key.pub
    for key in "$boot"/ssh_host_*; do
        [ ! -f "$key" ] || cp "$key" "$keys_dir/"
    done
fi
ls "$keys_dir"/ssh_host_*_key >/dev/null 2>&1 || ssh-keygen -q -t ed25519 -N '' -C '' -f "$keys_dir/ssh_host_ed25519_key" 9>&-
chmod 0600 "$keys_dir"/ssh_host_*_key
{
    cat "$boot/sshd_config"
    for key in "$keys_dir"/ssh_host_*_key; do echo "HostKey $key"; done
} >/run/mayfly/sshd_config
sshd=$(command -v sshd) || sshd=/usr/sbin/sshd
serve() { # a fault script may want the server late, or never
    if [ -n "$ssh_delay" ]; then
        sleep "$ssh_delay" 9>&- &
        server=$! ssh_delay=
        return
    fi
    "$sshd" -D -e -f /run/mayfly/sshd_config >>/run/mayfly/sshd.log 2>&1 </dev/null 9>&- &
    server=$!
}
serve
: >"$boot/up"

final() {
    [ ! -f "$boot/packages" ] || sh "$boot/packages" || echo "package install failed" >>"$boot/errors"
    [ ! -f "$boot/write_files_deferred" ] || sh "$boot/write_files_deferred" || echo "write_files failed" >>"$boot/errors"
    failures=0 count=0
    for script in "$boot"/scripts/*; do
        [ -f "$script" ] || continue
        count=$((count + 1))
        mkdir -p "$state/scripts"
        cp "$script" "$state/scripts/" && chmod 0700 "$state/scripts/${script##*/}"
        "$state/scripts/${script##*/}" || { echo "script ${script##*/} failed: exit $?"; failures=$((failures + 1)); }
    done
    [ $failures = 0 ] ||
        echo "('scripts_user', RuntimeError('Runparts: $failures failures in $count attempted commands'))" >>"$boot/errors"
}
finish() {
    errors=
    if [ -f "$boot/errors" ]; then
        errors=$(sed -e 's/\\/\\\\/g' -e 's/"/\\"/g' -e 's/.*/"&"/' "$boot/errors" | paste -sd, -)
    fi
    printf '{\n "v1": {\n  "datasource": "DataSourceMayflyLocal",\n  "errors": [%s]\n }\n}\n' "$errors" >/run/cloud-init/result.tmp
    mv /run/cloud-init/result.tmp /run/cloud-init/result.json
    echo "$(cut -d' ' -f1 /proc/uptime) - $(date -R) - local cloud" >"$state/boot-finished"
    rm -rf "$boot/password" "$boot"/ssh_host_* "$boot/files"
}
(
    exec 9>&- </dev/null >>"$log" 2>&1
    [ "$first" != yes ] || final
    finish
) &

while :; do  # sshd is kept alive, as a service manager would; a burst of failures is not repeated without end
    wait "$server"
    kill -0 "$server" 2>/dev/null && continue
    sleep 0.2 9>&-
    serve
done
