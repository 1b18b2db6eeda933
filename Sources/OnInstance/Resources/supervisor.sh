#!/bin/sh
# Mayfly's supervisor: owns one job on its instance and needs nobody to finish it.
#
# POSIX sh (dash, busybox ash); util-linux or busybox for flock and setsid. Never needs root. Everything it keeps lies
# in the folder it was installed in; secrets come in on stdin and live in process memory only (no here-documents:
# some shells spool those to disk).
#
#   STAGE.lock    held by the living supervisor of a stage; free + no status = it died
#   STAGE.latch/  exists from just before the command starts: nothing starts twice
#   STAGE.stop/   somebody asked to stop
#   STAGE.limit   how long it may run, in seconds from its start, when somebody has extended that; STAGE.limit.final once it
#                 has run so long
#   STAGE.pid     "pid starttime grace" of the command, which leads its own session and process group
#   STAGE.out .err  what the command wrote, append-only; both streams of setup are in its .out
#   STAGE.out.total .err.total  with a limit on logs: how many bytes the command wrote
#   STAGE.seal    room for the status, taken while the disk still had some; STAGE.status once sealed
set -u
d=${0%/*}
nl='
'

say() {
    printf '%s\n' "$*"
    exit 0
}

refuse() { say "cannot-start $*"; }

durable() { sync "$@" 2>/dev/null || sync; }

nap() { sleep "$1" 2>/dev/null || sleep 1; }

is_gnu() { "$1" --version 2>/dev/null | grep -q 'GNU coreutils\|GNU tar'; }

# Sets stat_start and stat_session from /proc/PID/stat; fails when there is no such process or only its zombie.
read_stat() {
    { read -r stat_line <"/proc/$1/stat"; } 2>/dev/null || return 1
    # The command's name may hold anything; the fields begin after its last parenthesis.
    set -f
    # shellcheck disable=SC2086
    set -- ${stat_line##*") "}
    set +f
    [ "$1" != Z ] || return 1
    stat_session=$4
    stat_start=${20}
}

# --- startup -------------------------------------------------------------------------------------------------------

startup_kind() {
    kind=
    { read -r kind <"$d/startup.kind"; } 2>/dev/null || true
}

await_startup() {
    tries=0
    startup_kind
    while [ -z "$kind" ]; do
        tries=$((tries + 1))
        if [ "$tries" -gt 3000 ]; then
            echo 'first boot never ran on this instance' >&2
            exit 1
        fi
        nap 0.1
        startup_kind
    done
    case $kind in
    none) say 'exit 0' ;;
    cloud-config) await_cloud_init ;;
    esac
    until [ -s "$d/startup.status" ]; do
        if [ -e "$d/startup.began" ]; then
            # First boot holds the lock while the script runs: no polling for the hours that may take.
            exec 9<"$d/startup.lock"
            flock -s 9
            if [ -s "$d/startup.status" ]; then break; fi
            # The script asked for a reboot: the next boot writes how it ended, and ends this connection before.
            [ -e "$d/startup.term" ] || say unknown
            nap 0.2
        else
            nap 0.05
        fi
    done
    read -r line <"$d/startup.status"
    say "$line"
}

await_cloud_init() {
    result=${MAYFLY_CLOUD_INIT:-/run/cloud-init}/result.json
    until [ -s "$result" ]; do nap 0.1; done
    # Recoverable errors (warnings) stand under another key.
    if tr -d ' \n\t' <"$result" | grep -q '"errors":\[\]'; then say 'exit 0'; fi
    cat "$result" >&2
    say 'exit 1'
}

startup_log() {
    startup_kind
    log=$d/startup.log
    [ "$kind" != cloud-config ] || log=${MAYFLY_CLOUD_INIT_LOG:-/var/log/cloud-init-output.log}
    [ -r "$log" ] || exit 0
    exec tail -c "+$(($1 + 1))" "$log"
}

# --- starting ------------------------------------------------------------------------------------------------------

# Answers with one line as soon as the detached supervisor holds its lock and the command runs. With offsets it then goes
# on as the stage's follower: what a second request would cost in round trips is what a person waits for.
start() {
    exec 3<&0
    answer=$(setsid sh "$0" supervise "$1" <&3 3<&- 2>/dev/null &)
    exec 3<&-
    printf '%s\n' "${answer:-cannot-start its supervisor died at once}"
    case $answer in
    started | already-started) [ $# -eq 1 ] || follow "$@" ;;
    esac
    exit 0
}

supervise() {
    s=$d/$1
    umask 077
    document=$(cat)
    case $document in
    *"${nl}mayfly_end=1") ;;
    *) refuse 'the launch document arrived incomplete' ;;
    esac
    eval "$document"
    unset document
    [ -z "$mayfly_refusal" ] || refuse "$mayfly_refusal"
    for tool in flock setsid mkfifo sha256sum cat; do
        command -v "$tool" >/dev/null || refuse "the image has no $tool"
    done
    { true >>"$s.lock"; } 2>/dev/null || refuse "the state folder $d cannot be written"
    exec 9>>"$s.lock"
    # Lock before latch, so whoever sees the latch and a free lock knows that the supervisor died.
    # Another one may still be preparing: until its latch is there nothing was started, and it may yet refuse.
    until flock -n 9; do
        [ ! -d "$s.latch" ] || say already-started
        nap 0.05
    done
    [ ! -d "$s.latch" ] || say already-started
    [ ! -d "$s.stop" ] || refuse 'it was stopped before it began'
    prepare "$@"
    mkdir "$s.latch" 2>/dev/null || refuse "the state folder $d cannot be written"
    durable "$s.latch" "$d"
    if [ -d "$s.stop" ]; then
        seal stopped
        refuse 'it was stopped before it began'
    fi
    launch
    exec </dev/null >/dev/null
    watch
}

# Everything that can fail before the latch is taken, while failing still means "was not started".
prepare() {
    mkdir -p "$d/outputs" "$HOME/work" 2>/dev/null || refuse "$HOME/work or $d/outputs cannot be made"
    rm -f "$s.p1" "$s.p2" "$s.seal" "$s.sh"
    if [ -n "$mayfly_log_limit" ]; then
        command -v tee >/dev/null && command -v wc >/dev/null || refuse 'the image has no tee or wc, which "log_limit" needs'
        for log in "$s.out" "$s.err"; do
            rm -f "$log.count" "$log.kept"
            # Room for the count while the disk still has some, as for the seal.
            { mkfifo "$log.count" "$log.kept" && printf '%40s\n' '' >"$log.total"; } 2>/dev/null ||
                refuse "the disk of the instance is full"
        done
    fi
    { true >>"$s.out" && true >>"$s.err" && mkfifo "$s.p1" "$s.p2"; } 2>/dev/null ||
        refuse "the state folder $d cannot be written"
    { printf '%500s\n' '' >"$s.seal"; } 2>/dev/null || refuse "the disk of the instance is full"
    gpus=0
    for device in /dev/nvidia[0-9]*; do
        if [ -e "$device" ] && command -v nvidia-smi >/dev/null; then
            gpus=$(timeout 60 nvidia-smi -L 2>/dev/null | grep -c '^GPU ')
            break
        fi
    done
    detach=$(command -v setsid)
    # Shells start background commands with SIGINT and SIGQUIT ignored; a job gets default signals.
    if env --default-signal true 2>/dev/null; then
        detach="$(command -v env) --default-signal $detach"
    elif command -v perl >/dev/null; then
        unignore='$SIG{INT}=$SIG{QUIT}="DEFAULT";exec@ARGV'
        detach="$(command -v perl) -e $unignore $detach"
    fi
    if [ -n "$mayfly_script" ]; then
        bash=$(command -v bash) || refuse 'the image has no bash'
        { printf '%s\n' "$mayfly_script" >"$s.sh"; } 2>/dev/null || refuse "the disk of the instance is full"
    fi
    if [ -n "$mayfly_pty" ]; then
        terminal=$(command -v script) || refuse 'the image has no script(1), which "pty" needs'
    fi
}

launch() {
    # Pipes, not files: a job that opens /dev/stderr for writing would truncate its own log.
    (copy "$s.out") <"$s.p1" >/dev/null 2>&1 9>&- &
    out_copier=$!
    (copy "$s.err") <"$s.p2" >/dev/null 2>&1 9>&- &
    err_copier=$!
    exec 7>"$s.p1" 8>"$s.p2"
    rm -f "$s.p1" "$s.p2"
    # Setup is read as one log: only one pipe keeps the order of its two streams.
    errors=8
    [ "$s" != "$d/setup" ] || errors=7
    (become_command) </dev/null >&7 2>&"$errors" 7>&- 8>&- 9>&- &
    job=$!
    exec 7>&- 8>&-
    read_stat "$job" || stat_start=0
    printf '%s\n' "$job $stat_start $mayfly_grace" >"$s.pid.new" && mv "$s.pid.new" "$s.pid"
    printf 'started\n'
}

# Carries a pipe to its file. What a full disk does not take is drained all the same, so that the command neither stalls
# nor dies of its log; then it leaves with 3, and the seal says that the log was cut.
copy() {
    [ -z "$mayfly_log_limit" ] || copy_some "$1"
    reader=
    trap '[ -z "$reader" ] || kill "$reader" 2>/dev/null; exit 143' TERM
    exec 3<&0
    cat <&3 >>"$1" 2>/dev/null 3<&- &
    reader=$!
    wait "$reader" && exit 0
    cat <&3 >/dev/null 3<&- &
    reader=$!
    wait "$reader"
    exit 3
}

# As copy, but no more than the limit gets into the file; all of it is counted, the rest drained.
copy_some() {
    reader= stopped=
    trap 'stopped=1; [ -z "$reader" ] || kill "$reader" 2>/dev/null' TERM
    exec 3<&0 </dev/null
    tee "$1.count" <&3 >"$1.kept" 2>/dev/null 3<&- &
    reader=$!
    keep_some "$1" <"$1.kept" 3<&- &
    keeper=$!
    wc -c <"$1.count" 1<>"$1.total" 3<&- &
    counter=$!
    # A wait that a trap broke off is begun anew.
    wait "$reader"
    wait "$reader"
    wait "$keeper"
    wait "$counter"
    # It ended before the command did: the command must not wait for somebody to read.
    if [ -z "$stopped" ]; then
        cat <&3 >/dev/null 3<&- &
        reader=$!
        wait "$reader"
    fi
    exit 0
}

# The kernel limits the file, because what counts bytes on their way (head, dd) also holds them back.
keep_some() {
    (
        # bash counts this limit in other units unless it is told to be POSIX.
        if (set -o posix) 2>/dev/null; then set -o posix; fi
        # SIGXFSZ: cat is told instead of killed.
        trap '' 25
        ulimit -S -f "$((mayfly_log_limit / 512))"
        exec cat >>"$1" 2>/dev/null
    )
    cat >/dev/null
}

# Sets beyond: how many bytes were written to a log and are not in it for its limit; a log that is shorter than its limit was
# cut by a full disk.
beyond() {
    beyond=0 total=
    { read -r total <"$1.total"; } 2>/dev/null
    kept=$(($(wc -c <"$1")))
    case $total in
    '' | *[!0-9]*) cut=' cut' ;;
    *)
        if [ "$total" -le "$kept" ]; then
            return
        elif [ "$kept" -ge "$mayfly_log_limit" ]; then
            beyond=$((total - kept))
        else
            cut=' cut'
        fi
        ;;
    esac
}

become_command() {
    cd "$HOME/work" || exit 126
    # mayfly_words is a quoted argument list, so that evaluating it restores the exact arguments.
    if [ -n "$mayfly_pty" ]; then
        [ -z "$mayfly_script" ] || mayfly_words="$bash '$s.sh' $mayfly_words"
        set -- "$terminal" -q -e -f -c "exec $mayfly_words" /dev/null
        SHELL=/bin/sh
        export SHELL
    elif [ -n "$mayfly_script" ]; then
        eval "set -- \"\$bash\" \"\$s.sh\" $mayfly_words"
    else
        eval "set -- $mayfly_words"
    fi
    # The user's variables may have the names of this script's own.
    set -- "$d/outputs" "$gpus" "$detach" "$@"
    mayfly_environment
    MAYFLY_OUTPUTS=$1
    MAYFLY_GPUS=$2
    mayfly_detach=$3
    shift 3
    PYTHONUNBUFFERED=${PYTHONUNBUFFERED-1}
    export MAYFLY_JOB MAYFLY_NAME MAYFLY_ATTEMPT MAYFLY_OUTPUTS MAYFLY_GPUS PYTHONUNBUFFERED
    umask 022
    set -f
    IFS=' '
    # shellcheck disable=SC2086
    exec $mayfly_detach "$@"
}

# --- watching ------------------------------------------------------------------------------------------------------

watch() {
    unset -f mayfly_environment
    watchdog=
    if [ -n "$mayfly_limit" ]; then
        left=$((mayfly_expiry - $(date +%s)))
        [ "$left" -ge 0 ] || left=0
        limit=$mayfly_limit
        [ "${limit%%.*}" -lt "$left" ] || limit=$left
        (guard "$limit") 9>&- &
        watchdog=$!
    fi
    wait "$job"
    code=$?
    result="exit $code"
    [ ! -d "$s.stop" ] || result=stopped
    if [ -n "$watchdog" ]; then
        kill -TERM "$watchdog" 2>/dev/null
        wait "$watchdog"
        [ $? -ne 124 ] || result=timeout
    fi
    # A child left behind may hold the pipe open for ever: two seconds, then the rest of the session goes.
    (drain) 9>&- &
    drainer=$!
    wait "$out_copier"
    out_result=$?
    wait "$err_copier"
    err_result=$?
    kill -TERM "$drainer" 2>/dev/null
    cut=
    for copied in "$out_result" "$err_result"; do
        # 143: the drainer ended it. Anything else lost output.
        case $copied in
        0 | 143) ;;
        *) cut=' cut' ;;
        esac
    done
    dropped=
    if [ -n "$mayfly_log_limit" ]; then
        beyond "$s.out"
        dropped=" dropped $beyond"
        beyond "$s.err"
        dropped="$dropped $beyond"
        rm -f "$s.out.count" "$s.out.kept" "$s.err.count" "$s.err.kept"
    fi
    seal "$result" "$dropped$cut"
    exit 0
}

# A trap may run between "sleep &" and any assignment after it, so it looks at $!, which a subshell inherits: what it was
# before the first sleep is somebody else's process.
pause() {
    sleep "$1" &
    wait "$!"
}

# KILL, because a child that is forked and has not become the sleep yet takes any other signal with dash's handler, which
# forgets it.
end_pause() { [ "$!" = "$inherited" ] || kill -KILL "$!" 2>/dev/null; }

# Leaves with 124 once the limit has passed.
guard() {
    fired=0 inherited=$!
    trap 'end_pause; exit "$fired"' TERM
    pause "$1"
    reached=${1%%.*}
    while was_extended; do
        pause "$more"
        reached=$((reached + more))
    done
    fired=124
    signal_job TERM
    signal_job CONT
    pause "$mayfly_grace"
    signal_job KILL
    exit 124
}

# Whether somebody has extended the limit that was reached: sets more, by how much, never beyond the expiry. Else it is final:
# under the lock, so that nobody is told of an extension that came too late.
was_extended() {
    exec 6>>"$s.limit.lock"
    flock 6
    granted=0
    { read -r granted <"$s.limit"; } 2>/dev/null
    more=$((granted - reached)) left=$((mayfly_expiry - $(date +%s)))
    [ "$more" -le "$left" ] || more=$left
    [ "$more" -gt 0 ] || true >"$s.limit.final"
    exec 6>&-
    [ "$more" -gt 0 ]
}

# Lets a stage run for so many seconds from its start.
extend() {
    s=$d/$1
    [ -d "$s.latch" ] || say 'not-extended it has not begun'
    exec 6>>"$s.limit.lock"
    flock 6
    if [ -s "$s.status" ]; then say 'not-extended it has ended'; fi
    if [ -e "$s.limit.final" ]; then say 'not-extended its limit has passed'; fi
    { printf '%s\n' "$2" >"$s.limit.new" && mv "$s.limit.new" "$s.limit"; } 2>/dev/null ||
        say 'not-extended the disk of the instance is full'
    durable "$s.limit" "$d"
    say extended
}

signal_job() { kill "-$1" "-$job" 2>/dev/null || kill "-$1" "$job" 2>/dev/null; }

drain() {
    inherited=$!
    trap 'end_pause; exit 0' TERM
    pause 2
    signal_session TERM
    pause 1
    signal_session KILL
    pause 1
    # What still writes has left the session; it is no longer the command's output.
    kill -TERM "$out_copier" "$err_copier" 2>/dev/null
}

signal_session() {
    for process in /proc/[0-9]*; do
        process=${process#/proc/}
        if read_stat "$process" && [ "$stat_session" = "$job" ]; then kill "-$1" "$process" 2>/dev/null; fi
    done
}

log_seal() { printf '%s %s' "$(($(wc -c <"$1")))" "$(sha256sum <"$1" | cut -d ' ' -f 1)"; }

# Write, check, rename: an incomplete line must never look like a result.
seal() {
    line="$1 stdout $(log_seal "$s.out") stderr $(log_seal "$s.err")${2-}"
    printf '%s\n' "$line" 1<>"$s.seal"
    read -r written <"$s.seal"
    [ "$written" = "$line" ] || exit 1
    durable "$s.seal"
    mv "$s.seal" "$s.status"
    durable "$d"
}

# --- following -----------------------------------------------------------------------------------------------------

follow() {
    s=$d/$1
    [ -d "$s.latch" ] || exit 0
    exec 9<"$s.lock"
    if flock -n -s 9; then
        tail -c "+$(($2 + 1))" "$s.out" 9<&- &
        tail -c "+$(($3 + 1))" "$s.err" >&2 9<&- &
        wait
        exit 0
    elif is_gnu tail; then
        follow_with_tail "$2" "$3"
    else
        follow_by_polling "$2" "$3"
    fi
}

# GNU tail wakes by inotify, looks at the waiter every 20 ms, reads on to the end once it is gone, and ends by itself
# when nobody reads its output any more.
follow_with_tail() {
    flock -s 9 >/dev/null 2>&1 &
    waiter=$!
    tail -c "+$(($1 + 1))" -f -s 0.02 --pid="$waiter" "$s.out" 2>/dev/null 9<&- &
    out_tail=$!
    tail -c "+$(($2 + 1))" -f -s 0.02 --pid="$waiter" "$s.err" >&2 2>/dev/null 9<&- &
    err_tail=$!
    exec 9<&- >/dev/null 2>&1
    # Waiting also reaps the waiter, else its zombie would look alive to tail.
    wait "$out_tail"
    wait "$err_tail"
    kill "$waiter" 2>/dev/null
    exit 0
}

follow_by_polling() {
    out_at=$1 err_at=$2 idle=0
    while :; do
        # The order matters: what was written before the seal is seen after it.
        sealed=
        if flock -n -s 9; then sealed=1; fi
        grown=
        size=$(wc -c <"$s.out")
        if [ "$size" -gt "$out_at" ]; then
            tail -c "+$((out_at + 1))" "$s.out" 2>/dev/null | head -c "$((size - out_at))" || exit 0
            out_at=$((size)) grown=1
        fi
        size=$(wc -c <"$s.err")
        if [ "$size" -gt "$err_at" ]; then
            tail -c "+$((err_at + 1))" "$s.err" 2>/dev/null | head -c "$((size - err_at))" >&2 || exit 0
            err_at=$((size)) grown=1
        fi
        [ -z "$sealed" ] || exit 0
        [ -d "/proc/$PPID" ] || exit 0
        if [ -n "$grown" ]; then idle=0; else idle=$((idle + 1)); fi
        if [ "$idle" -lt 100 ]; then nap 0.02; else nap 0.1; fi
    done
}

# Whether the stage was started, without starting it.
began() {
    if [ -d "$d/$1.latch" ]; then say started; fi
    say not-started
}

await_seal() {
    s=$d/$1
    if [ -d "$s.latch" ]; then
        exec 9<"$s.lock"
        flock -s 9
    fi
    if [ -s "$s.status" ]; then
        read -r line <"$s.status"
        say "$line"
    fi
    if [ ! -d "$s.latch" ] && [ -d "$s.stop" ]; then say stopped; fi
    say unknown
}

# --- stopping ------------------------------------------------------------------------------------------------------

stop() {
    s=$d/$1
    # The mark first, the latch second; starting looks the other way round. One of the two sees the other.
    mkdir "$s.stop" 2>/dev/null
    durable "$s.stop" "$d"
    if [ -d "$s.latch" ] && [ ! -s "$s.status" ]; then
        setsid sh "$0" end "$1" </dev/null >/dev/null 2>&1 &
    fi
    exit 0
}

end() {
    s=$d/$1 tries=0
    exec 9<"$s.lock"
    until [ -s "$s.pid" ]; do
        tries=$((tries + 1))
        if [ "$tries" -gt 600 ] || flock -n -s 9; then exit 0; fi
        nap 0.1
    done
    read -r job started grace <"$s.pid"
    is_running || exit 0
    signal_job TERM
    signal_job CONT
    tries=$((grace * 10))
    while [ "$tries" -gt 0 ] && is_running; do
        tries=$((tries - 1))
        nap 0.1
    done
    if is_running; then signal_job KILL; fi
}

# The same process, not a later one of the same number.
is_running() { read_stat "$job" && [ "$stat_start" = "$started" ]; }

# --- upload --------------------------------------------------------------------------------------------------------

upload() {
    umask 022
    if [ -e "$d/uploaded" ]; then
        cat >/dev/null
        say uploaded
    fi
    new=$HOME/.mayfly-upload.$$
    trap 'rm -rf "$new"' EXIT
    rm -rf "$new"
    mkdir "$new" || exit 1
    tar -x -o -f - -C "$new" || exit 1
    lock_upload
    put_code
}

# One upload at a time: what an earlier connection has begun may still go on, and it may be done when it has ended.
lock_upload() {
    exec 9>>"$d/upload.lock"
    flock 9
}

# An empty folder, for code that comes by SFTP because there is no tar.
stage_code() {
    umask 022
    lock_upload
    if [ -e "$d/uploaded" ]; then say uploaded; fi
    if ! command -v sha256sum >/dev/null; then
        echo 'the image has no sha256sum' >&2
        exit 1
    fi
    new=$HOME/.mayfly-upload.files
    remove_staging "$new"
    mkdir "$new" || exit 1
    say "staging $(cd -P -- "$new" && pwd -P)"
}

# What came there, if it is what was sent.
take_code() {
    umask 022
    LC_ALL=C
    export LC_ALL
    lock_upload
    if [ -e "$d/uploaded" ]; then say uploaded; fi
    new=$HOME/.mayfly-upload.files
    trap 'remove_staging "$new"; rm -f "$d/upload.want" "$d/upload.got"' EXIT
    [ ! -f "$new/.mayfly-end" ] || verify "$new" "$d/upload" || exit 1
    put_code
}

# Puts what is in the folder new into ~/work, once. The upload's lock is held.
put_code() {
    work=$HOME/work
    # The packer's last entry: a stream that was cut between two files has none.
    if [ ! -f "$new/.mayfly-end" ]; then
        echo 'the upload ended early' >&2
        exit 1
    fi
    rm -f "$new/.mayfly-end"
    if [ ! -e "$d/uploaded" ]; then
        rmdir "$work" 2>/dev/null
        if [ -e "$work" ]; then
            # The startup script or a baked image left something there, and it stays.
            cp -a "$new/." "$work/" || exit 1
        else
            mv "$new" "$work" || exit 1
            # Somebody who looks at the instance may have made the folder in between, so that this went below it.
            if [ -d "$work/${new##*/}" ]; then
                cp -a "$work/${new##*/}/." "$work/" && rm -rf "$work/${new##*/}" || exit 1
            fi
        fi
        true >"$d/uploaded" || exit 1
        durable "$d/uploaded" "$d"
    fi
    say uploaded
}

# --- copying by hand -----------------------------------------------------------------------------------------------

# Sets folder, where a copy goes, and name, the one it gets there unless it keeps its own.
destination() {
    resolve "$1"
    name=
    if [ ! -d "$path" ]; then
        case $1 in
        */ | */.) ;;
        *) name=${path##*/} path=${path%/*} ;;
        esac
    fi
    folder=${path:-/}
}

# Puts the tar on stdin at a path: below it where that is a folder, else as it. Nothing stands under its final name
# before all of it is there. With COUNT > 1 the tar comes in stripes of 1 MiB, the first on stdin, the others by `stripe`.
# With a COUNT of 0 it has come by SFTP into what `stage` made.
# With a KEY what a cut stream brought stays for the next one of that key; with "kept" that one leaves out what `keep` left.
take() {
    umask 022
    LC_ALL=C
    export LC_ALL
    destination "$1"
    stripes=$2 token=$3 key=${4-}
    if [ "$stripes" -gt 0 ] && ! command -v tar >/dev/null; then
        echo 'the instance has no tar' >&2
        exit 71
    fi
    mkdir -p -- "$folder" || exit 1
    if [ -n "$key" ]; then
        staging=$folder/.mayfly-copy.$key
        claim "$key" || exit 1
        [ "${5-}" = kept ] || remove_staging "$staging"
        [ -d "$staging" ] || mkdir -m 700 -- "$staging" || exit 1
    else
        staging=$(mktemp -d "$folder/.mayfly-copy.XXXXXX") || exit 1
    fi
    trap leave EXIT
    trap 'exit 1' HUP INT TERM PIPE
    if [ "$stripes" -eq 0 ]; then
        true
    elif [ "$stripes" -gt 1 ]; then
        merge_stripes "$stripes" "$token" | tar -x -p -o -f - -C "$staging" || exit 1
    else
        tar -x -p -o -f - -C "$staging" || exit 1
    fi
    if [ ! -f "$staging/.mayfly-end" ]; then
        echo 'the copy ended early' >&2
        exit 1
    fi
    verify "$staging" "$d/stripe.$token" || exit 1
    rm -f "$staging/.mayfly-end"
    finished=1
    for item in "$staging"/* "$staging"/.[!.]* "$staging"/..?*; do
        if [ -e "$item" ] || [ -L "$item" ]; then place "$item" "$folder/${name:-${item##*/}}" || exit 1; fi
    done
    say taken
}

# The end of `take`. Only what a cut stream brought is worth having: a whole one that failed does so again.
leave() {
    rm -f "$d/stripe.$token".*
    if [ -n "$key" ] && [ -z "${finished-}" ] && [ ! -e "$staging/.mayfly-end" ]; then
        rmdir -- "$staging" 2>/dev/null
        return
    fi
    remove_staging "$staging"
    [ -z "$key" ] || rm -f "$d/copy.$key.pid" "$d/copy.$key.lock"
}

remove_staging() {
    [ -e "$1" ] || return 0
    chmod -R u+rwx -- "$1" 2>/dev/null
    rm -rf -- "$1"
}

# An empty staging folder, for files that come by SFTP because there is no tar.
stage() {
    umask 022
    destination "$1"
    mkdir -p -- "$folder" && folder=$(cd -P -- "$folder" && pwd -P) || exit 1
    claim "$2" || exit 1
    staging=$folder/.mayfly-copy.$2
    remove_staging "$staging"
    mkdir -m 700 -- "$staging" || exit 1
    say "staging $staging"
}

# One process at a time works on what is staged under a key. Its lock also ends with whatever it has started.
claim() {
    exec 9>>"$d/copy.$1.lock"
    if ! flock -n 9; then
        echo 'another copy of the same is under way' >&2
        return 1
    fi
    read_stat "$$" || stat_start=0
    printf '%s\n' "$$ $stat_start" >"$d/copy.$1.pid"
}

# "stripes" where several connections can be merged here, and what a cut stream of this KEY has left: lines
# "SIZE SECONDS RIGHTS ./path". Who asks sees to it that no other copy of the key is under way, so one that still runs is an
# earlier try whose connection is gone without the server's having noticed.
staged() {
    LC_ALL=C
    export LC_ALL
    destination "$1"
    if command -v perl >/dev/null && command -v mkfifo >/dev/null; then echo stripes; fi
    sweep_staging
    staging=$folder/.mayfly-copy.$2
    if [ ! -d "$staging" ] || [ -L "$staging" ] || ! command -v comm >/dev/null; then exit 0; fi
    tries=0
    exec 9>>"$d/copy.$2.lock"
    until flock -n 9; do
        job=0 started=
        { read -r job started <"$d/copy.$2.pid"; } 2>/dev/null
        if [ "$tries" -eq 0 ] && is_running; then signal_job TERM; fi
        tries=$((tries + 1))
        [ "$tries" -le 100 ] || exit 1
        nap 0.05
    done
    cd -- "$staging" || exit 0
    find . -name "*$nl*" -prune -o -type f ! -name .mayfly-end -print | facts
    exit 0
}

# Of what is staged under a key only the files on stdin stay: lines of `staged`, and "end".
keep() {
    LC_ALL=C
    export LC_ALL
    destination "$1"
    exec 9>>"$d/copy.$2.lock"
    flock -n 9 || exit 1
    lists=$(mktemp -d "$d/keep.XXXXXX") || exit 1
    trap 'rm -rf "$lists"' EXIT
    trap 'exit 1' HUP INT TERM PIPE
    cat >"$lists/wanted"
    [ "$(tail -n 1 "$lists/wanted")" = end ] || exit 1
    sed '$d' "$lists/wanted" | cut -d ' ' -f 4- | sort -u >"$lists/paths"
    cd -- "$folder/.mayfly-copy.$2" || exit 1
    find . -type d ! -perm -0700 -exec chmod u+rwx {} \;
    find . -depth -name "*$nl*" -exec rm -rf {} \; 2>/dev/null
    find . ! -type d | sort | comm -23 - "$lists/paths" | tr '\n' '\0' | xargs -0 -r rm -f -- || exit 1
    find . -depth -type d ! -name . -exec rmdir {} + 2>/dev/null
    exit 0
}

# What nobody has come back for within a day goes.
sweep_staging() {
    find "$folder/" -maxdepth 1 -type d -name '.mayfly-copy.*' -mmin +1440 2>/dev/null | while IFS= read -r old; do
        lock=$d/copy.${old##*.}.lock
        # Only what a key stands for: held while it goes, so that nobody begins in it.
        [ ! -e "$lock" ] || (exec 9>>"$lock" && flock -n 9 && remove_staging "$old" && rm -f "$lock")
    done
}

# Compares what arrived with what was sent, as it is on the disk here. The mark has a line "h SHA256  ./path" per file, or
# "e SHA256  path" with the escapes of %b where a name has a line break, and at its end "end". It is empty where the
# sender knows no sums. Says how many files were compared.
verify() (
    mark=$1/.mayfly-end want=$2.want got=$2.got
    [ -s "$mark" ] || exit 0
    if [ "$(tail -n 1 "$mark")" != end ]; then
        echo 'the copy ended early' >&2
        exit 1
    fi
    cd -- "$1" && sed -n 's/^h //p' "$mark" >"$want" || exit 1
    cut -c 67- "$want" | tr '\n' '\0' | hash_files | sed 's/^\(.\{64\}\) [ *]/\1  /' >"$got"
    sed -n 's/^e //p' "$mark" | while read -r sum name; do
        file=$(printf '%b.' "$name")
        printf '%s  %s\n' "$sum" "$name" >>"$want"
        printf '%s  %s\n' "$(sha256sum <"./${file%.}" | cut -c -64)" "$name" >>"$got"
    done
    [ -f "$want" ] && [ -f "$got" ] || exit 1
    if [ "$(sha256sum <"$want")" != "$(sha256sum <"$got")" ]; then
        # Also what could not be read again is not what was sent.
        grep -vxFf "$got" "$want" | sed 's/^.\{66\}\(.*\)/\1 is not what was sent: it was damaged on its way or on the disk/' |
            head -n 10 >&2
        exit 1
    fi
    printf 'verified %s\n' "$(($(wc -l <"$want")))"
)

# Renames only: a file is the old or the new one at every moment, and nothing is written through a link. Folders that
# are there already are filled.
place() {
    if [ -d "$1" ] && [ ! -L "$1" ] && [ -d "$2" ] && [ ! -L "$2" ]; then
        for child in "$1"/* "$1"/.[!.]* "$1"/..?*; do
            if [ -e "$child" ] || [ -L "$child" ]; then place "$child" "$2/${child##*/}" || return 1; fi
        done
        return 0
    fi
    if [ -d "$2" ] && [ ! -L "$2" ]; then
        echo "$2 is a folder and stays" >&2
        return 1
    fi
    mode=
    if [ -d "$1" ] && [ ! -L "$1" ]; then
        if [ -e "$2" ] || [ -L "$2" ]; then
            echo "$2 is no folder and stays" >&2
            return 1
        fi
        # A folder that may not be written cannot be moved to another.
        if [ ! -w "$1" ]; then mode=$(stat -c %a -- "$1") && chmod u+w -- "$1" || return 1; fi
    elif [ -L "$2" ]; then
        # Into the folder that a link leads to, mv would put it.
        rm -f -- "$2" || return 1
    fi
    mv -f -- "$1" "$2" || return 1
    [ -z "$mode" ] || chmod "$mode" -- "$2"
}

# The connections take turns, a MiB each; the first that has no more ends the stream.
merge_stripes() {
    at=1
    while [ "$at" -lt "$1" ]; do
        mkfifo "$d/stripe.$2.$at" || exit 1
        at=$((at + 1))
    done
    perl -e '
        my ($count, $prefix) = @ARGV;
        my @from = (\*STDIN);
        # A connection that never comes must not be waited for until the instance goes.
        alarm 60;
        for my $at (1 .. $count - 1) { open(my $fifo, "<", "$prefix.$at") or die "$!"; push @from, $fifo }
        alarm 0;
        while (1) {
            for my $stripe (@from) {
                my $left = 1 << 20;
                while ($left > 0) {
                    my $got = sysread($stripe, my $bytes, $left);
                    die "$!" unless defined $got;
                    exit 0 if $got == 0;
                    $left -= $got;
                    for (my $at = 0; $at < $got;) { $at += syswrite(STDOUT, $bytes, $got - $at, $at) or die "$!" }
                }
            }
        }' "$1" "$d/stripe.$2"
}

# One of the other connections of a striped copy.
stripe() {
    tries=0
    until [ -p "$d/stripe.$1.$2" ]; do
        tries=$((tries + 1))
        [ "$tries" -le 600 ] || exit 1
        nap 0.05
    done
    # Opened without making it: the copy may have ended since.
    exec perl -MFcntl -e '
        alarm 60;
        sysopen(my $fifo, $ARGV[0], O_WRONLY) or exit 1;
        alarm 0;
        while (my $got = sysread(STDIN, my $bytes, 1 << 16)) {
            for (my $at = 0; $at < $got;) { $at += syswrite($fifo, $bytes, $got - $at, $at) or exit 1 }
        }' "$d/stripe.$1.$2"
}

# --- collect -------------------------------------------------------------------------------------------------------

# One stream: a tar of $MAYFLY_OUTPUTS, a tar of the asked-for paths of ~/work, and a tar with .mayfly-manifest, whose
# lines are "o ./path" offered, "h SHA256  ./path", "n text" a remark, "x text" something that does not arrive, "m text"
# something asked for that is not there, and "end".
collect() {
    umask 077
    LC_ALL=C
    export LC_ALL
    document=$(cat)
    case $document in
    *"${nl}mayfly_end=1") ;;
    *)
        echo 'the request arrived incomplete' >&2
        exit 1
        ;;
    esac
    lists=
    # In memory where possible: a full disk is when results matter most.
    for place in /dev/shm "$d" /tmp; do
        lists=$(mktemp -d "$place/mayfly-collect.XXXXXX" 2>/dev/null) && { true >"$lists/notes"; } 2>/dev/null && break
        lists=
    done
    if [ -z "$lists" ]; then
        echo 'there is no room on the instance for the list of outputs' >&2
        exit 1
    fi
    trap 'rm -rf "$lists"' EXIT
    trap 'exit 1' HUP INT TERM PIPE
    true >"$lists/o.files" && true >"$lists/o.rest" && true >"$lists/w.files" && true >"$lists/w.rest"
    outputs=$d/outputs everything=1 sent=files
    mkdir -p "$outputs" "$HOME/work" 2>/dev/null
    work=$(cd -P -- "$HOME/work" && pwd -P) || exit 1
    cd -- "$work" || exit 1
    eval "$document"
    if [ -n "$everything" ]; then
        if cd -- "$outputs" 2>/dev/null; then list_tree o .; fi
        cd -- "$work" || exit 1
    else
        outputs=$work
    fi
    if [ -s "$lists/o.files" ] && [ -s "$lists/w.files" ]; then drop_conflicts; fi
    if [ -s "$lists/held" ] && command -v comm >/dev/null; then leave_out_held; fi
    [ -n "$everything" ] || printf 'size %s\n' "$(total_size)" >&2
    command -v tar >/dev/null || send_plan
    # Hashing reads what tar reads, at the same time.
    hash_all &
    hasher=$!
    send "$outputs" o
    send "$work" w
    wait "$hasher"
    manifest >"$lists/.mayfly-manifest"
    tar -cf - -C "$lists" .mayfly-manifest
}

manifest() {
    sed 's/^/o /' "$lists/o.files" "$lists/w.files"
    sed 's/^/h /' "$lists/hashes"
    cat "$lists/notes"
    [ ! -s "$lists/errors" ] || sed 's/^/x /' "$lists/errors"
    echo end
}

# Where there is no tar the asker fetches the files by SFTP. For that it is told, in place of the stream and with exit code 71:
# "no-tar", the two roots as "r PART ROOT", folders and links as "d PART ./path", files as "f PART ./path", and after a line
# "manifest" that.
send_plan() {
    hash_all
    echo no-tar
    for part in o w; do
        root=$outputs
        [ "$part" = o ] || root=$work
        printf 'r %s %s\n' "$part" "$root"
        sort -u "$lists/$part.rest" | sed "s/^/d $part /"
        sort -u "$lists/$part.$sent" | sed "s/^/f $part /"
    done
    echo manifest
    manifest
    echo 'the instance has no tar' >&2
    exit 71
}

note() { printf '%s' "$1 $2" | tr '\n' ' ' >>"$lists/notes" && echo >>"$lists/notes"; }

# Instead of the job's own outputs, what one path or glob leads to, from the folder it is in. Relative to ~/work.
only() {
    everything=
    resolve "$1"
    # A link that is asked for by name stands for what it leads to, as with cp.
    if [ -L "$path" ] && [ -e "$path" ]; then path=$(readlink -f -- "$path"); fi
    if [ "${path##*/}" = .. ]; then path=$(cd -P -- "$path" 2>/dev/null && pwd -P) || path=; fi
    pattern=
    # A name that exists is meant literally, whatever is in it.
    while [ ! -e "$path" ]; do
        case $path in
        *[*?[]*) pattern=${path##*/}${pattern:+/$pattern} path=${path%/*} ;;
        *) break ;;
        esac
    done
    if [ -z "$pattern" ]; then pattern=${path##*/} path=${path%/*}; fi
    if [ -z "$pattern" ]; then
        note m "$1 did not arrive: the root folder is not copied whole"
    elif work=$(cd -P -- "$path/" 2>/dev/null && pwd -P); then
        cd -- "$work" || exit 1
        output "$pattern"
    else
        work=$HOME/work
        note m "$1 did not arrive: $path is no folder on the instance"
    fi
}

# What the asker has from before: lines "SIZE SECONDS RIGHTS ./path".
already_there() { printf '%s' "$1" >"$lists/held"; }

# Of that, what is still the same here is not sent again. The manifest covers it, for the asker to compare.
leave_out_held() {
    sort -u "$lists/held" >"$lists/sorted"
    for part in o w; do
        root=$outputs
        [ "$part" = o ] || root=$work
        (cd -- "$root" && facts <"$lists/$part.files") | sort -u | comm -12 - "$lists/sorted" |
            cut -d ' ' -f 4- | sort >"$lists/same"
        sort -u "$lists/$part.files" | comm -23 - "$lists/same" >"$lists/$part.left"
    done
    sent=left
}

# From lines "./path" to lines "SIZE SECONDS RIGHTS ./path".
facts() { tr '\n' '\0' | xargs -0 -r stat -c '%s %Y %a %n' -- 2>/dev/null; }

total_size() {
    cd -- "$work" && tr '\n' '\0' <"$lists/w.$sent" | xargs -0 -r stat -c %s -- 2>/dev/null |
        { total=0 && while read -r size; do total=$((total + size)); done && echo "$total"; }
}

# Sets path: a user's path as an absolute one without a slash at its end.
resolve() {
    case $1 in
    '~') path=$HOME ;;
    '~/'*) path=$HOME/${1#'~/'} ;;
    /*) path=$1 ;;
    *) path=$HOME/work/$1 ;;
    esac
    while :; do
        case $path in
        */) path=${path%/} ;;
        */.) path=${path%/.} ;;
        *) break ;;
        esac
    done
}

# One output pattern of the request.
output() {
    pattern=$1
    while :; do
        case $pattern in
        ./*) pattern=${pattern#./} ;;
        ?*/) pattern=${pattern%/} ;;
        *) break ;;
        esac
    done
    case /$pattern/ in
    //* | */../*)
        note n "$1 was skipped: outputs are paths inside ~/work"
        return
        ;;
    esac
    # A name that exists is meant literally, whatever is in it.
    if [ -e "./$pattern" ] || [ -L "./$pattern" ]; then
        printf '%s\n' "$pattern" >"$lists/matches"
    else
        expand "$pattern" >"$lists/matches"
    fi
    found=
    while IFS= read -r match; do
        if [ ! -e "./$match" ] && [ ! -L "./$match" ]; then continue; fi
        case $match in
        */*) parent=$(cd -P -- "./${match%/*}" 2>/dev/null && pwd -P) ;;
        *) parent=$work ;;
        esac
        found=1
        case $parent/ in
        "$work"/*) list_tree w "./$match" ;;
        *) note n "$match was skipped: a link leads it out of ~/work" ;;
        esac
    done <"$lists/matches"
    [ -n "$found" ] || note m "$1 did not arrive: there is no such path in ${work##"$HOME/"}"
}

expand() {
    if command -v bash >/dev/null; then
        bash -O globstar -O nullglob -c 'IFS=; for f in $1; do printf "%s\n" "$f"; done' bash "$1"
    else
        (
            IFS=
            # shellcheck disable=SC2086
            for f in $1; do printf '%s\n' "$f"; done
        )
    fi
}

# Lists files apart from folders and links. Never follows a link, and leaves out what a person's copy has not put in place.
list_tree() {
    breaks=$(find "$2" -name '.mayfly-copy.*' -prune -o -name "*$nl*" -prune -exec printf x \; 2>/dev/null | wc -c)
    [ "$((breaks))" -eq 0 ] || note x "$((breaks)) paths with a line break in their name were not sent"
    find "$2" \( -name "*$nl*" -o -name '.mayfly-copy.*' \) -prune -o -type f -print >>"$lists/$1.files" 2>>"$lists/errors"
    find "$2" \( -name "*$nl*" -o -name '.mayfly-copy.*' \) -prune -o \( -type d -o -type l \) ! -name . -print >>"$lists/$1.rest" 2>/dev/null
    find "$2" \( -name "*$nl*" -o -name '.mayfly-copy.*' \) -prune -o ! -type f ! -type d ! -type l -print 2>/dev/null >"$lists/others"
    while IFS= read -r other; do
        note n "${other#./} was not sent: neither file, folder nor link"
    done <"$lists/others"
}

drop_conflicts() {
    grep -xFf "$lists/o.files" "$lists/w.files" | while IFS= read -r twice; do
        note x "${twice#./} is both in \$MAYFLY_OUTPUTS and in ~/work: the first was sent"
    done
    grep -vxFf "$lists/o.files" "$lists/w.files" >"$lists/w.new"
    mv "$lists/w.new" "$lists/w.files"
}

hash_all() {
    for part in o w; do
        root=$outputs
        [ "$part" = o ] || root=$work
        # Patterns may overlap.
        (cd -- "$root" && sort -u "$lists/$part.files" | tr '\n' '\0' | hash_files)
    done >"$lists/hashes" 2>>"$lists/errors"
}

# From paths on stdin, each ended by NUL and beginning with "./", to lines "SHA256  ./path" (or " *./path").
hash_files() {
    # OpenSSL uses the processor's own instructions, most coreutils do not: a quarter of the time.
    case $(openssl dgst -sha256 -r /dev/null 2>/dev/null) in
    'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855 */dev/null')
        xargs -0 -r openssl dgst -sha256 -r
        return
        ;;
    esac
    # -z also keeps names with a backslash as they are.
    if sha256sum -z /dev/null >/dev/null 2>&1; then
        xargs -0 -r sha256sum -z -- | tr '\0' '\n'
    else
        xargs -0 -r sha256sum --
    fi
}

send() {
    cd -- "$1" 2>/dev/null || return 0
    if is_gnu tar; then
        sort -u "$lists/$2.rest" "$lists/$2.$sent" | tr '\n' '\0' |
            tar -c --format=gnu --sparse --hard-dereference --ignore-failed-read --no-recursion \
                --null -T - -f - 2>>"$lists/errors"
    else
        sort -u "$lists/$2.$sent" >"$lists/$2.sorted"
        tar -c -T "$lists/$2.sorted" -f - 2>>"$lists/errors"
    fi
}

# --- snapshot ------------------------------------------------------------------------------------------------------

# What is in a snapshot may be booted by anybody: out go the attempt's keys (each known by the identity in its comment), the
# first-boot document that held the host key, and unless it is to be KEPT the state of the job, so that none looks finished.
# Nothing that does not carry this attempt's identity is touched.
before_snapshot() {
    identity=$1 gone=
    [ "$2" = kept ] || gone=$d
    forget='
        for keys in "$HOME/.ssh/authorized_keys" /root/.ssh/authorized_keys; do
            if [ -w "$keys" ] && grep -qF " $1" "$keys"; then
                others=$(grep -vF " $1" "$keys")
                printf "%s\n" "$others" >"$keys"
            fi
        done
        for key in /etc/ssh/ssh_host_*_key; do
            if ssh-keygen -y -f "$key" </dev/null 2>/dev/null | grep -qF " $1"; then rm -f "$key" "$key.pub"; fi
        done
        grep -rlF "$1" /var/lib/cloud 2>/dev/null | while IFS= read -r file; do rm -f "$file"; done
        [ -z "$2" ] || rm -rf "$2" 2>/dev/null'
    answer=ready
    if [ "$(id -u)" = 0 ]; then
        sh -c "$forget" sh "$identity" "$gone"
    elif sudo -n true 2>/dev/null; then
        sudo -n env "HOME=$HOME" sh -c "$forget" sh "$identity" "$gone"
    else
        sh -c "$forget" sh "$identity" "$gone" 2>/dev/null
        # Where /etc is the host's, read-only, our keys are not in it.
        grep -q ' /etc [^ ]* ro[, ]' /proc/self/mounts || answer=partly
    fi
    sync
    say "$answer"
}

# --- black box -----------------------------------------------------------------------------------------------------

# What explains a failure, as text: sections that begin with "== NAME", their lines indented by a blank so that none of them
# can begin one. Best effort, bounded in size and time, and never the environment: it holds secrets.
black_box() {
    LC_ALL=C
    export LC_ALL
    black_box_sections 2>/dev/null </dev/null | head -c 1000000
}

black_box_sections() {
    section clock
    clock | indent
    section status
    for stage in startup setup run; do
        [ -e "$d/$stage.began" ] || [ -d "$d/$stage.latch" ] || continue
        line=none
        [ ! -s "$d/$stage.status" ] || read -r line <"$d/$stage.status"
        echo "$stage $line"
    done | indent
    section disk
    briefly df -kP "$HOME" "$d" /tmp | tail -n +2 | indent
    section inodes
    briefly df -iP "$HOME" "$d" /tmp | tail -n +2 | indent
    section kernel
    { briefly dmesg || briefly sudo -n dmesg; } | grep -v '^$' | tail -n 300 | cut -c 1-400 | indent
    section cgroup
    cat "/sys/fs/cgroup$(sed -n 's/^0:://p' /proc/self/cgroup)/memory.events" | head -n 20 | indent
    section stderr
    tail -c 32768 "$d/run.err" | tail -n 100 | indent
    section stdout
    tail -c 32768 "$d/run.out" | tail -n 100 | indent
    section setup
    tail -c 32768 "$d/setup.out" | tail -n 100 | indent
    section memory
    head -n 30 /proc/meminfo | indent
    section load
    cat /proc/uptime /proc/loadavg | indent
    for device in /dev/nvidia[0-9]*; do
        [ -e "$device" ] || continue
        section gpu
        briefly nvidia-smi -q 2>&1 | head -c 200000 | indent
        break
    done
    section cloud-init
    tail -c 65536 "${MAYFLY_CLOUD_INIT_LOG:-/var/log/cloud-init-output.log}" | tail -n 200 | indent
}

section() { printf '== %s\n' "$1"; }

# A last line without its end must not swallow the next section's first.
indent() { sed 's/^/ /' && echo; }

briefly() {
    if command -v timeout >/dev/null; then timeout 3 "$@"; else "$@"; fi
}

# Uptime, now, and when the first stage began.
clock() {
    read -r uptime rest </proc/uptime
    first=$(stat -c %Y "$d/setup.latch" "$d/run.latch" "$d/startup.began" "$d/supervisor.sh" | sort -n | head -n 1)
    echo "$uptime $(date +%s) ${first:-0}"
}

# The last line, and only that, is "esac": by it a whole supervisor is told from a torn one before it is run.
verb=$1
shift
case $verb in
await-startup) await_startup ;;
startup-log) startup_log "$@" ;;
start) start "$@" ;;
supervise) supervise "$@" ;;
follow) follow "$@" ;;
began) began "$@" ;;
wait) await_seal "$@" ;;
stop) stop "$@" ;;
extend) extend "$@" ;;
end) end "$@" ;;
upload) upload ;;
stage-code) stage_code ;;
take-code) take_code ;;
take) take "$@" ;;
stage) stage "$@" ;;
staged) staged "$@" ;;
keep) keep "$@" ;;
stripe) stripe "$@" ;;
collect) collect ;;
before-snapshot) before_snapshot "$@" ;;
black-box) black_box ;;
*)
    echo "unknown verb $verb" >&2
    exit 64
    ;;
esac
