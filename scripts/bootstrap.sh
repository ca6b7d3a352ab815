#!/usr/bin/env bash
# Make .venv/ and install what is missing: `bootstrap.sh` for the package, `bootstrap.sh test` for the browser and
# Prometheus too, `bootstrap.sh lerobot` also .lerobot/, with the libraries that millwright is compared with.
# Nothing is done, and no network is used, when everything is there.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
PATH="$PATH:/usr/sbin:/sbin" # ldconfig is not on every user's path
purpose=${1:-run}
venv=.venv
target=$venv # where uv installs
missing=() # Debian packages

say() { printf 'millwright: %s\n' "$*" >&2; }
fail() {
    say "$*"
    exit 1
}

has_any_file() { compgen -G "$1" >/dev/null; }

find_missing_libraries() { # what rendering without a screen needs
    [ "$(uname -s)" = Linux ] || return 0
    [[ $libraries == *libEGL.so.1* ]] || missing+=(libegl1)
    if [[ $libraries == *libEGL_nvidia.so* ]]; then
        return
    fi
    [[ $libraries == *libEGL_mesa.so.0* ]] || missing+=(libegl-mesa0)
    has_any_file '/usr/lib*/*/dri/*_dri.so' || has_any_file '/usr/lib*/dri/*_dri.so' || missing+=(libgl1-mesa-dri)
}

has_chromium() { command -v chromium >/dev/null; }

is_ubuntu() { grep -qx 'ID=ubuntu' /etc/os-release 2>/dev/null; }

find_missing_browser() { # what the tests of the web page need: chromium, and a library of playwright's own node
    has_chromium || is_ubuntu || missing+=(chromium)
    [[ $libraries == *libatomic.so.1* ]] || missing+=(libatomic1)
}

is_new_enough() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; }

find_python() { # prints it, or nothing
    local candidate
    for candidate in ${PYTHON:+"$PYTHON"} python3.11 python3.12 python3.13 python3.14 python3; do
        if is_new_enough "$candidate"; then
            echo "$candidate"
            return
        fi
        [ "$candidate" != "${PYTHON:-}" ] || fail "PYTHON=$PYTHON is not a Python 3.11 or newer"
    done
}

find_missing_python() {
    local python
    python=$(find_python)
    if [ -z "$python" ]; then
        missing+=(python3 python3-venv)
    elif ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
        missing+=("$("$python" -c 'import sys; print("python{}.{}-venv".format(*sys.version_info))')")
    fi
}

install_missing() { # with apt when root, otherwise say how
    command -v apt-get >/dev/null || fail "something is missing; install what these Debian packages hold: ${missing[*]}"
    [ "$(id -u)" = 0 ] || fail "system packages are missing; install them and try again:

    sudo apt-get update && sudo apt-get install -y --no-install-recommends ${missing[*]}
"
    say "installing ${missing[*]}"
    apt-get update -qq >&2 || say "apt-get update failed; going on with the package lists that are here"
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >&2 ||
        fail "apt-get could not install ${missing[*]}"
}

make_venv() {
    local python
    python=$(find_python)
    [ -n "$python" ] || fail "no Python 3.11 or newer; install one and name it: make demo PYTHON=python3.12"
    "$python" -m venv --clear "$venv"
}

read_pip_setting() { # prints it, or nothing; the environment's before that of files
    local line
    while read -r line; do
        if [[ $line =~ ^(:env:|global|install)\.$1=\'(.*)\'$ ]]; then
            echo "${BASH_REMATCH[2]}"
            return
        fi
    done <<<"$pip_settings"
}

hand_over_pip_settings() { # uv does not read them
    local links index cert pip_settings
    pip_settings=$("$venv/bin/python" -m pip config list | sort)
    links=$(read_pip_setting find-links | xargs | tr ' ' ',')
    index=$(read_pip_setting index-url)
    cert=$(read_pip_setting cert)
    export UV_FIND_LINKS=${UV_FIND_LINKS:-$links}
    [ -z "$index" ] || export UV_DEFAULT_INDEX=${UV_DEFAULT_INDEX:-$index}
    [ -z "$cert" ] || export SSL_CERT_FILE=${SSL_CERT_FILE:-$cert}
}

uv_install() { "$venv/bin/python" -m uv pip install --quiet --python "$target/bin/python" "$@"; }

install_lock() { # of the file that is named, with what else uv is to know
    # Without a torch of the machine's own, ask for the small CPU build: the plain one takes several GB along.
    # UV_TORCH_BACKEND=auto takes the build that fits the graphics card.
    if [ -z "$UV_FIND_LINKS${UV_TORCH_BACKEND:-}" ]; then
        uv_install --torch-backend=cpu -r "$@" && return
        say "the CPU build of torch cannot be had; taking the plain one"
    fi
    uv_install -r "$@"
}

install_python_packages() {
    say "installing into $venv, once; this takes a minute or two"
    has_venv || make_venv
    "$venv/bin/python" -m pip install --quiet --disable-pip-version-check 'uv>=0.9,<1'
    hand_over_pip_settings
    install_lock requirements.lock --override scripts/requirements.overrides
    uv_install --no-deps --editable .
}

find_python_312() { # prints it; uv fetches one where none is named
    local candidate
    for candidate in python3.12 "${PYENV_ROOT:-$HOME/.pyenv}"/versions/3.12*/bin/python3.12; do
        if "$candidate" --version >/dev/null 2>&1; then
            echo "$candidate"
            return
        fi
    done
    echo 3.12
}

# torchcodec wants FFmpeg's libraries under their own names; PyAV has them along, under other names.
name_ffmpeg_libraries() (
    cd "$target"/lib/python3.12/site-packages/av.libs
    for library in lib{av,sw}*-*.so.*; do
        ln -sf "$library" "$(sed -E 's/-[0-9a-f]+(\.so\.[0-9]+).*/\1/' <<<"$library")"
    done
)

make_lerobot() {
    local target=.lerobot stamp
    stamp=$({ pwd && cat requirements-lerobot.lock scripts/{lerobot,requirements}.overrides; } | sha256sum)
    [ "$(cat "$target/.stamp" 2>/dev/null)" != "$stamp" ] || return 0
    say "installing LeRobot and robosuite into $target, once; this takes some minutes and up to 7 GB"
    hand_over_pip_settings
    "$venv/bin/python" -m uv venv --quiet --clear --python "$(find_python_312)" "$target" ||
        fail "LeRobot needs Python 3.12; install it and try again"
    install_lock requirements-lerobot.lock --override scripts/requirements.overrides --override scripts/lerobot.overrides
    uv_install --no-deps --editable .
    name_ffmpeg_libraries
    echo "$stamp" >"$target/.stamp"
}

install_browser() { # Ubuntu's chromium is a snap, which containers do not run: take playwright's
    ! has_any_file "$PLAYWRIGHT_BROWSERS_PATH/chromium*/INSTALLATION_COMPLETE" || return 0
    local root_only=()
    [ "$(id -u)" != 0 ] || root_only=(--with-deps)
    say "installing a browser for the tests of the web page"
    "$venv/bin/python" -m playwright install "${root_only[@]}" chromium >&2 || fail "no browser could be installed"
    [ "$(id -u)" = 0 ] || say "if it does not start: sudo $venv/bin/python -m playwright install-deps chromium"
}

fetch_prometheus() { # Debian's, unpacked and not installed, so that no service starts; without it its tests are skipped
    if command -v promtool >/dev/null || [ -x "$venv/prometheus/usr/bin/promtool" ]; then
        return
    fi
    command -v apt-get >/dev/null && command -v dpkg >/dev/null || return 0
    local folder
    folder=$(mktemp -d)
    chmod 755 "$folder"
    if (cd "$folder" && apt-get download -qq prometheus) >/dev/null 2>&1; then
        dpkg -x "$folder"/prometheus_*.deb "$venv/prometheus"
    else
        say "prometheus cannot be had from apt; tests that need it are skipped"
    fi
    rm -rf "$folder"
}

has_venv() { "$venv/bin/python" -c 'import pip' 2>/dev/null; }

# The folder is part of the stamp: an environment that has been moved does not work.
compute_stamp() { { pwd && cat requirements.lock pyproject.toml scripts/{bootstrap.sh,requirements.overrides}; } | sha256sum; }

libraries=$(ldconfig -p 2>/dev/null || true)
find_missing_libraries
[ "$purpose" != test ] || find_missing_browser
stamp=$(compute_stamp)
ready=$([ -x "$venv/bin/python" ] && cat "$venv/.stamp" 2>/dev/null || true)
[ "$ready" = "$stamp" ] || has_venv || find_missing_python
[ ${#missing[@]} = 0 ] || install_missing
if [ "$ready" != "$stamp" ]; then
    install_python_packages
    echo "$stamp" >"$venv/.stamp"
fi
if [ "$purpose" = test ] && ! has_chromium; then
    PLAYWRIGHT_BROWSERS_PATH=$PWD/$venv/browsers install_browser
fi
if [ "$purpose" = test ]; then
    fetch_prometheus
fi
if [ "$purpose" = lerobot ]; then
    make_lerobot
fi
