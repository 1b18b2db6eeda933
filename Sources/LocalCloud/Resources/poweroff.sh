#!/bin/sh
# shutdown, poweroff, halt and reboot of this instance: they end it, never the machine below.
delay=0
for word; do
    case $word in
        -c) [ ! -f /run/mayfly/shutdown.pid ] || kill "$(cat /run/mayfly/shutdown.pid)"; rm -f /run/mayfly/shutdown.pid; exit 0 ;;
        -*) ;;
        now) delay=0 ;;
        +[0-9]*) delay=$((${word#+} * 60)) ;;
    esac
done
case ${0##*/} in shutdown) [ $# != 0 ] || delay=60 ;; esac
if [ $delay -gt 0 ]; then
    setsid sh -c 'echo $$ >/run/mayfly/shutdown.pid; sleep "$1"; kill -TERM 1' sh $delay >/dev/null 2>&1 </dev/null &
    exit 0
fi
kill -TERM 1 || { echo "${0##*/}: must be root" >&2; exit 1; }
