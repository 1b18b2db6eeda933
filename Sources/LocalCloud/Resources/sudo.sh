#!/bin/sh
# A password-less sudo for images without one, over the setuid su that PAM lets ubuntu use. Knows -n -E -H -S -u -i -s -- and
# NAME=value; the environment is kept.
user=root
while [ $# -gt 0 ]; do
    case $1 in
        -u | --user) user=$2; shift 2 ;;
        -i | -s) shift; [ $# -gt 0 ] || set -- /bin/bash -l ;;
        --) shift; break ;;
        -*) shift ;;
        *) break ;;
    esac
done
[ $# -gt 0 ] || { echo "usage: sudo [-u user] command" >&2; exit 1; }
case $1 in *=*) set -- env "$@" ;; esac
exec su -s /bin/sh -c 'exec "$@"' -- "$user" sh "$@"
