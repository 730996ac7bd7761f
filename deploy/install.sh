#!/bin/sh
# Installs Jobwire into .venv beside this folder: `sh deploy/install.sh`, with the test tools: `sh deploy/install.sh --test`.
# Asks for nothing but Python 3.11 or later; quick when there is nothing to do.
set -eu

cd "$(dirname "$0")/.."
venv=.venv

fail() {
    echo "install: $1" >&2
    exit "${2:-1}"
}

say() {
    echo "install: $1" >&2
}

case "${1:-}" in
    "") extra=all ;;
    --test) extra=test ;;
    *) fail "unknown option $1 (there is only --test)" 2 ;;
esac

# --- Python ----------------------------------------------------------------------------------------------------------

recent='import sys; sys.exit(sys.version_info < (3, 11))'

find_python() {
    for candidate in ${PYTHON:-python3 python3.13 python3.12 python3.11}; do
        if "$candidate" -c "$recent" 2>/dev/null; then
            command -v "$candidate"
            return
        fi
    done
    fail "Python 3.11 or later is needed; there is $(python3 --version 2>/dev/null || echo 'no python3') here" 2
}

# --- pip, where the distribution splits it off -------------------------------------------------------------------------

fetch_packages() { # the packages $2… into the folder $1, as any user, with package lists of our own when there are none
    (
        cd "$1"
        shift
        mkdir -p lists/partial cache/archives/partial
        set -- -o Dir::Cache="$PWD/cache" download "$@"
        [ "$(id -u)" != 0 ] || set -- -o APT::Sandbox::User=root "$@"
        apt-get -qq "$@" 2>/dev/null && exit
        set -- -o Dir::State::Lists="$PWD/lists" "$@"
        apt-get -qq -o Dir::State::Lists="$PWD/lists" -o Dir::Cache="$PWD/cache" update
        apt-get -qq "$@"
    )
}

pip_from_packages() { # put pip into .venv from the distribution's own wheel, without root
    scratch=$(mktemp -d)
    trap 'rm -rf "$scratch"' EXIT
    fetch_packages "$scratch" python3-pip-whl || fail "pip is missing; install the package python3-venv and try again"
    for deb in "$scratch"/*.deb; do
        dpkg-deb -x "$deb" "$scratch/root"
    done
    set -- "$scratch"/root/usr/share/python-wheels/pip-*.whl
    [ -e "$1" ] || fail "the distribution's package holds no pip; install python3-venv and try again"
    "$venv/bin/python" "$1/pip" install --quiet --no-index "$1"
}

make_venv() {
    python=$(find_python)
    say "making $venv with $("$python" --version)"
    rm -rf "$venv"
    if ! "$python" -c 'import ensurepip, venv' 2>/dev/null && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        say "installing the package python3-venv"
        export DEBIAN_FRONTEND=noninteractive
        apt-get -qq update && apt-get -qq install -y --no-install-recommends python3-venv >/dev/null ||
            say "python3-venv could not be installed; trying without"
    fi
    if "$python" -c 'import ensurepip, venv' 2>/dev/null; then
        "$python" -m venv "$venv"
        return
    fi
    "$python" -m venv --without-pip "$venv" || fail "this Python cannot make a virtual environment"
    command -v apt-get >/dev/null || fail "this Python has no ensurepip; install your system's package for venv"
    pip_from_packages
}

# --- Jobwire ---------------------------------------------------------------------------------------------------------

wanted() { # what decides whether an earlier installation still holds
    cat pyproject.toml deploy/requirements*.txt 2>/dev/null | cksum
    "$venv/bin/python" --version
    pwd
}

install_jobwire() {
    pip="$venv/bin/python -m pip --disable-pip-version-check install --quiet"
    pinned=deploy/requirements.txt
    [ "$extra" = all ] || [ ! -e deploy/requirements-test.txt ] || pinned=deploy/requirements-test.txt
    say "installing Jobwire and what it needs (some minutes the first time)"
    if [ -e "$pinned" ]; then
        $pip --require-hashes -r "$pinned"
    fi
    $pip -e ".[$extra]"
}

"$venv/bin/python" -c "$recent" 2>/dev/null || make_venv
"$venv/bin/python" -m pip --version >/dev/null 2>&1 || "$venv/bin/python" -m ensurepip >/dev/null 2>&1 || make_venv

stamp="$venv/installed-$extra"
if [ "$(cat "$stamp" 2>/dev/null)" != "$(wanted)" ]; then
    install_jobwire || fail "the packages could not be installed; the lines above say why"
    wanted >"$stamp"
    [ "$extra" = all ] || wanted >"$venv/installed-all"
fi

if [ "$extra" = test ]; then
    "$venv/bin/python" -m services.cli.mosquitto_program >/dev/null
fi
