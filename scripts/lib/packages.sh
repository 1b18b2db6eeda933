# Sourced. Installs the system packages that a purpose needs, says which, and does nothing when all are there.

packages_for() {
    case $1 in
        build) echo "libssh2-1-dev libarchive-dev libsqlite3-dev zlib1g-dev pkg-config" ;;
        run) echo "openssh-server openssh-client bubblewrap git python3 python3-venv python3-pip" ;;
        test) echo "sqlite3 busybox dropbear-bin openssh-server openssh-client bubblewrap git python3 python3-venv python3-pip" ;;
    esac
}

# need_packages PURPOSE...
need_packages() {
    missing=
    for purpose in "$@"; do
        for package in $(packages_for "$purpose"); do
            case " $missing " in *" $package "*) continue ;; esac
            if ! dpkg-query -W -f='${Status}' "$package" 2> /dev/null | grep -q 'install ok installed'; then
                missing="$missing $package"
            fi
        done
    done
    if [ -z "$missing" ]; then return 0; fi
    if ! command -v apt-get > /dev/null; then
        echo "error: these packages are missing and there is no apt-get to install them:$missing" >&2
        return 1
    fi
    as_root=
    if [ "$(id -u)" != 0 ]; then
        if ! command -v sudo > /dev/null; then
            echo "error: these packages are missing; ask an administrator for: apt-get install$missing" >&2
            return 1
        fi
        as_root=sudo
    fi
    echo "==> installing system packages:$missing"
    export DEBIAN_FRONTEND=noninteractive
    $as_root apt-get update -qq
    # shellcheck disable=SC2086 # a list of words
    $as_root apt-get install -y -qq --no-install-recommends $missing > /dev/null
}
