import MayflyCore

/// The two scripts that first boot runs as root. Plain `sh`; both may run again after a reboot.
struct FirstBootScripts {
    private let request: FirstBoot.Request

    init(_ request: FirstBoot.Request) { self.request = request }

    var folder: String { "/var/lib/mayfly/\(request.nonce)" }

    private var kind: String {
        switch request.startupScript?.kind {
        case nil: "none"
        case .script: "script"
        case .cloudConfig: "cloud-config"
        }
    }

    private var clientKey: String {
        let key = request.clientPublicKey
        return ShellText.quote(key.last == "\n" ? String(key.dropLast()) : key)
    }

    private var prologue: String {
        """
        root="${MAYFLY_STATE:-/var/lib/mayfly}" user=\(request.user)
        d="$root/\(request.nonce)"
        own() { chown "$user" "$d" "$d"/startup.* 2>/dev/null; }
        """
    }

    /// Runs on every boot, before sshd. The login user may not exist yet: cloud-init makes it a moment later.
    var everyBoot: String {
        """
        \(prologue)
        umask 022
        mkdir -p "$root"
        umask 077
        mkdir -p "$d"
        echo \(kind) >"$d/startup.kind"
        true >>"$d/startup.lock"
        if [ -e "$d/startup.began" ] && [ ! -s "$d/startup.status" ]; then
            if [ -e "$d/startup.term" ]; then r='exit 0'; else r=unknown; fi
            echo "$r" >"$d/startup.status"
        fi
        own || setsid sh -c 'until chown "$1" "$2" "$2"/startup.*; do sleep 0.1 || sleep 1; done' sh "$user" "$d" \
        </dev/null >/dev/null 2>&1 &
        # Two readings, half a minute apart: a clock that is not set yet must not end the instance.
        setsid sh -c 'n=0
        while [ "$n" -lt 2 ]; do
            if [ "$(date +%s)" -ge "$1" ]; then n=$((n + 1)); else n=0; fi
            sleep 30
        done
        shutdown -h now || poweroff' sh \(powerOffSecond) </dev/null >/dev/null 2>&1 &
        """
    }

    /// 30 minutes after the expiry.
    private var powerOffSecond: Int64 { request.expiry.rawValue / 1000 + 30 * 60 }

    /// Runs once, in cloud-init's final stage: the client key for users that cloud-init's own key list does not reach,
    /// then the user's script with its own shebang, its output and exit status kept.
    var finalStage: String {
        """
        #!/bin/sh
        \(prologue)
        own
        home=$(getent passwd "$user" | cut -d : -f 6)
        key=\(clientKey)
        if [ -n "$home" ] && ! grep -qsF "$key" "$home/.ssh/authorized_keys"; then
            mkdir -p -m 700 "$home/.ssh"
            printf '%s\\n' "$key" >>"$home/.ssh/authorized_keys"
            chmod 600 "$home/.ssh/authorized_keys"
            chown "$user" "$home/.ssh" "$home/.ssh/authorized_keys"
        fi
        s="$d/startup-script"
        if [ ! -f "$s" ] || [ -e "$d/startup.began" ]; then exit 0; fi
        umask 022
        exec 9>>"$d/startup.lock"
        flock 9
        true >"$d/startup.began"
        true >>"$d/startup.log"
        own
        # A shutdown that the script asked for ends it like any process; the next boot reads the mark.
        trap 'true >"$d/startup.term"; exit 0' TERM
        HOME=${HOME:-/root}
        export HOME
        chmod 700 "$s"
        case $(head -c 2 "$s") in
        '#!') set -- "$s" ;;
        *) set -- "$(command -v bash || echo sh)" "$s" ;;
        esac
        rm -f "$d/startup.pipe"
        mkfifo "$d/startup.pipe"
        cat <"$d/startup.pipe" >>"$d/startup.log" 9>&- &
        copier=$!
        (cd / && exec "$@") </dev/null >"$d/startup.pipe" 2>&1 9>&- &
        wait $!
        code=$?
        rm -f "$d/startup.pipe"
        # A service it started may keep the pipe: two seconds for the rest of the output, then it goes on without us.
        (sleep 2; kill $$) 9>&- &
        patience=$!
        trap : TERM
        wait "$copier"
        kill "$patience" 2>/dev/null
        echo "exit $code" >"$d/startup.new"
        if [ "$(cat "$d/startup.new")" = "exit $code" ]; then mv "$d/startup.new" "$d/startup.status"; fi
        own
        exit "$code"
        """
    }
}
