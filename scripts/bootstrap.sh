#!/usr/bin/env bash
# Make .venv/ and install what is missing: `bootstrap.sh` for the package, `bootstrap.sh test` for the browser too.
# Nothing is done, and no network is used, when everything is there.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
PATH="$PATH:/usr/sbin:/sbin" # ldconfig is not on every user's path
venv=.venv
purpose=${1:-run}

say() { printf 'millwright: %s\n' "$*" >&2; }
fail() {
    say "$*"
    exit 1
}

# install_packages WHY PACKAGE...: with apt when root, otherwise say how.
install_packages() {
    local why=$1
    shift
    command -v apt-get >/dev/null || fail "$why; install the equivalent of these Debian packages: $*"
    [ "$(id -u)" = 0 ] || fail "$why; run this, then try again:

    sudo apt-get update && sudo apt-get install -y --no-install-recommends $*
"
    say "$why; installing $*"
    apt-get update -qq >&2 || say "apt-get update failed; going on with the package lists that are here"
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >&2 ||
        fail "$why, and apt-get could not install $*"
}

has_library() { ldconfig -p | grep -q "$1"; }

has_mesa_driver() {
    local folder
    for folder in /usr/lib/*/dri /usr/lib/dri /usr/lib64/dri; do
        [ -e "$folder/swrast_dri.so" ] && return
    done
    has_library libnvidia-eglcore || compgen -G '/usr/lib/*/libEGL_nvidia.so.0' >/dev/null
}

check_rendering() {
    [ "$(uname -s)" = Linux ] || return 0
    local missing=()
    has_library libEGL.so.1 || missing+=(libegl1)
    has_library libEGL_mesa.so.0 || has_library libEGL_nvidia.so.0 || missing+=(libegl-mesa0)
    has_mesa_driver || missing+=(libgl1-mesa-dri)
    [ ${#missing[@]} = 0 ] || install_packages "rendering without a screen needs system libraries" "${missing[@]}"
}

check_browser() {
    local name
    for name in chromium chromium-browser google-chrome; do
        command -v "$name" >/dev/null && return
    done
    install_packages "the tests of the web page need a browser" chromium
}

is_new_enough() {
    "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null
}

find_python() {
    local candidate
    if [ -n "${PYTHON:-}" ]; then
        is_new_enough "$PYTHON" || fail "PYTHON=$PYTHON is not a Python 3.11 or newer"
        echo "$PYTHON"
        return
    fi
    for candidate in python3.11 python3.12 python3.13 python3.14 python3; do
        if is_new_enough "$candidate"; then
            echo "$candidate"
            return
        fi
    done
}

make_venv() {
    local python version
    python=$(find_python)
    if [ -z "$python" ]; then
        [ -z "${PYTHON:-}" ] || exit 1
        install_packages "no Python 3.11 or newer was found" python3 python3-venv
        python=$(find_python)
        [ -n "$python" ] || fail "this system's python3 is older than 3.11; install a newer one and name it: make PYTHON=python3.12"
    fi
    if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
        version=$("$python" -c 'import sys; print(f"{sys.version_info[0]}.{sys.version_info[1]}")')
        install_packages "$python has no venv module" "python$version-venv"
    fi
    "$python" -m venv --clear "$venv"
}

# uv does not read pip's settings.
hand_over_pip_settings() {
    if [ -z "${UV_FIND_LINKS:-}" ] && [ -n "${PIP_FIND_LINKS:-}" ]; then
        export UV_FIND_LINKS=$PIP_FIND_LINKS
    fi
    if [ -z "${UV_DEFAULT_INDEX:-}" ] && [ -n "${PIP_INDEX_URL:-}" ]; then
        export UV_DEFAULT_INDEX=$PIP_INDEX_URL
    fi
    if [ -z "${SSL_CERT_FILE:-}" ] && [ -n "${PIP_CERT:-}" ]; then
        export SSL_CERT_FILE=$PIP_CERT
    fi
}

uv_install() { "$venv/bin/python" -m uv pip install --quiet --python "$venv/bin/python" "$@"; }

install_lock() {
    # Without a torch of the machine's own, ask for the small CPU build: the plain one takes several GB along.
    # UV_TORCH_BACKEND=auto chooses the build that fits the graphics card.
    if [ -z "${UV_FIND_LINKS:-}${UV_TORCH_BACKEND:-}" ]; then
        uv_install --torch-backend=cpu -r requirements.lock && return
        say "no CPU build of torch could be had; taking the plain one"
    fi
    uv_install -r requirements.lock
}

install_packages_of_python() {
    say "installing into $venv (this happens once)"
    "$venv/bin/python" -c '' 2>/dev/null || make_venv
    "$venv/bin/python" -m pip install --quiet --disable-pip-version-check 'uv>=0.9,<1'
    hand_over_pip_settings
    install_lock
    uv_install --no-deps --editable .
}

# The folder is part of the stamp: an environment that has been moved does not work.
compute_stamp() { { pwd && cat requirements.lock pyproject.toml scripts/bootstrap.sh; } | sha256sum; }

check_rendering
[ "$purpose" != test ] || check_browser
stamp=$(compute_stamp)
if [ "$(cat "$venv/.stamp" 2>/dev/null)" != "$stamp" ] || ! [ -x "$venv/bin/python" ]; then
    install_packages_of_python
    echo "$stamp" >"$venv/.stamp"
fi
