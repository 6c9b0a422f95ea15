#!/bin/sh
# Finds the program lockstep, checks that it is the one of this release, and becomes it. It never reads an input of
# a step, and does not search the caller's PATH. An earlier step or job can set variables, so the wrapper passes what
# chooses the program, or where credentials come from, as arguments:
#   run.sh [--binary=PATH] [--own-build=true|false] [--allow-workspace-credentials=true|false] [ARGUMENT OF LOCKSTEP]...
#
# The first line makes bash look for `set` and `unset` among its own commands before it looks among functions, which
# bash takes from variables. From then on no function stands for a command of this script.
POSIXLY_CORRECT=1
set -eu
unset -f cd chmod command curl cut env fail fetch mkdir mktemp mv openssl plain printf pwd read rm sha256 sha256sum \
    shasum test tr uname wget 2>/dev/null || :
unset BASH_ENV CDPATH ENV IFS
callers_path=${PATH:-}
export PATH=/usr/bin:/bin:/usr/sbin:/sbin

fail() {
    printf 'error: %s\n  hint: %s\n' "$2" "$3" >&2
    exit "$1"
}

# What others wrote, for a message: CI systems obey some characters of a log.
plain() {
    printf %s "$1" | tr -c 'A-Za-z0-9@%+=,./_ -' '?'
}

sha256() {
    if command -v openssl >/dev/null; then OPENSSL_CONF=/dev/null openssl dgst -sha256 -r <"$1" # the fastest
    elif command -v sha256sum >/dev/null; then sha256sum <"$1"
    else PERL5OPT='' PERL5LIB='' shasum -a 256 <"$1"; fi | cut -d ' ' -f 1
}

# fetch FILE CHECKSUM PATH: downloads a file of the release and puts it in place if it has the checksum.
fetch() {
    new=$(mktemp "$3.XXXXXXXXXX") || fail 2 "cannot write $(plain "$3")" 'set LOCKSTEP_BIN to the path of lockstep'
    # Neither client obeys a file of settings: HOME may lie in the checkout.
    if command -v curl >/dev/null; then
        curl -q -fsSL --retry 3 --connect-timeout 30 --max-time 300 -o "$new" -- "${LOCKSTEP_DOWNLOAD_BASE%/}/$1"
    else HOME=/nonexistent WGETRC='' wget -q -T 60 -O "$new" -- "${LOCKSTEP_DOWNLOAD_BASE%/}/$1"; fi ||
        { rm -f -- "$new" && return 1; }
    found=$(sha256 "$new")
    test "$found" = "$2" || { rm -f -- "$new" && fail 4 \
        "$1 from LOCKSTEP_DOWNLOAD_BASE is not the released one: expected SHA-256 $2, found $found" \
        "set LOCKSTEP_DOWNLOAD_BASE to the address of release $version"; }
    { chmod 755 "$new" && mv -f -- "$new" "$3"; } ||
        fail 2 "cannot write $(plain "$3")" 'set LOCKSTEP_BIN to the path of lockstep'
}

binary='' own='' workspace_credentials=''
while :; do
    case ${1:-} in
    --binary=*) binary=${1#*=} ;;
    --own-build=*) own=${1#*=} ;;
    --allow-workspace-credentials=*) workspace_credentials=${1#*=} ;;
    *) break ;;
    esac
    shift
done
for input in "own-build=$own" "allow-workspace-credentials=$workspace_credentials"; do
    case ${input#*=} in '' | true | false) ;; *)
        fail 2 "the input ${input%%=*} is neither true nor false" 'set it to one of the two' ;;
    esac
done
test "$workspace_credentials" != true || set -- --allow-workspace-credentials "$@"

# What a wrapper passes wins over the variable that stands for it.
LOCKSTEP_POLICY=${LOCKSTEP_CONTROL_POLICY:-${LOCKSTEP_POLICY:-}}
LOCKSTEP_RECEIPT=${LOCKSTEP_CONTROL_RECEIPT:-${LOCKSTEP_RECEIPT:-}}
case ${LOCKSTEP_CONTROL_DRY_RUN:-} in *[![:space:]]*) export LOCKSTEP_DRY_RUN="$LOCKSTEP_CONTROL_DRY_RUN" ;; esac
export LOCKSTEP_POLICY LOCKSTEP_RECEIPT
unset LOCKSTEP_CONTROL_BINARY LOCKSTEP_CONTROL_OWN_BUILD LOCKSTEP_CONTROL_DRY_RUN LOCKSTEP_CONTROL_POLICY \
    LOCKSTEP_CONTROL_RECEIPT LOCKSTEP_CONTROL_ALLOW_WORKSPACE_CREDENTIALS

step=${LOCKSTEP_STEP:-}
case $step in '' | -* | *[!a-z0-9-]*)
    fail 2 "'$(plain "$step")' is not the name of a step" 'set LOCKSTEP_STEP to a name such as manifest-patch' ;;
esac

case $(uname -s)-$(uname -m) in
Linux-x86_64) target=x86_64-unknown-linux-musl ;;
Linux-aarch64 | Linux-arm64) target=aarch64-unknown-linux-musl ;;
Darwin-x86_64) target=x86_64-apple-darwin ;;
Darwin-arm64) target=aarch64-apple-darwin ;;
*) fail 2 "lockstep does not run on $(uname -s) $(uname -m)" 'run on Linux or macOS, on x86-64 or arm64' ;;
esac

ci=$(cd -- "${0%/*}" && pwd -P)
root=${ci%/*} version='' expected='' file=''
while read -r first second third; do
    case $first-$second-$third in
    version-*) version=$second ;;
    *-"$target"-*) expected=$first file=$third ;;
    esac
done <"$ci/CHECKSUMS"

# With a checksum, only the program that has it runs; another one only if the wrapper itself names it and says that it is
# an own build. Without a checksum there is nothing to compare, and variables may name the program.
named_by='the input binary'
if test -z "$expected"; then
    test -n "$binary" || named_by=LOCKSTEP_BIN
    binary=${binary:-${LOCKSTEP_BIN:-}}
    test "$own" = true || own=${LOCKSTEP_ALLOW_BUILD:-}
elif test -n "${LOCKSTEP_ALLOW_BUILD:-}"; then
    printf 'note: LOCKSTEP_ALLOW_BUILD is ignored: ci/CHECKSUMS names the program for %s\n' "$target" >&2
fi
cache=${RUNNER_TOOL_CACHE:-${XDG_CACHE_HOME:-${HOME:-/nonexistent}/.cache}}/lockstep/${version:-none}/$target
if test -n "$binary"; then bin=$binary
elif test -n "${LOCKSTEP_BIN:-}"; then own='' bin=$LOCKSTEP_BIN named_by=LOCKSTEP_BIN
elif bin=$root/bin/$target/lockstep && test -f "$bin"; then own='' named_by='the checkout of the wrapper'
elif bin=$root/target/release/lockstep && test "$own" = true && test -f "$bin"; then named_by=LOCKSTEP_ALLOW_BUILD
else
    own='' bin=$cache/lockstep named_by='the cache'
    test -n "$expected" || fail 2 "there is no lockstep to run: ci/CHECKSUMS names no release for $target" \
        "run 'cargo xtask build' in a checkout of lockstep, and set LOCKSTEP_BIN to the path of its target/release/lockstep"
fi
if test "$bin" = "$cache/lockstep" && ! test -f "$bin"; then
    test -n "${LOCKSTEP_DOWNLOAD_BASE:-}" || fail 2 "there is no lockstep at $(plain "$bin")" \
        "set LOCKSTEP_DOWNLOAD_BASE to the address of release $version, or LOCKSTEP_BIN to the path of its lockstep"
    mkdir -p -- "$cache" || fail 2 "cannot create the folder $(plain "$cache")" \
        'set XDG_CACHE_HOME to a folder that this job can write, or LOCKSTEP_BIN to the path of lockstep'
    fetch "$file" "$expected" "$bin" || fail 6 "could not download $file from LOCKSTEP_DOWNLOAD_BASE" \
        'check that address and run again, or set LOCKSTEP_BIN to the path of lockstep'
fi
# A shell searches a name without a slash along the caller's PATH, and would find another program than the checked one.
case $bin in /*) ;; *) bin=./$bin ;; esac
test -f "$bin" && test -x "$bin" || fail 2 "$(plain "$bin") from $named_by is not a program" \
    "run 'cargo xtask build' in a checkout of lockstep, and give the path of its target/release/lockstep"
if test "$own" != true && test -n "$expected"; then
    found=$(sha256 "$bin")
    test "$found" = "$expected" || fail 4 \
        "$(plain "$bin") from $named_by is not lockstep $version for $target: expected SHA-256 $expected, found $found" \
        'remove or replace that file; to run a build of your own, set the inputs binary and own-build of the wrapper'
fi

PATH=$callers_path
if test -n "${LOCKSTEP_DOCUMENT:-}"; then
    printf '%s\n' "$LOCKSTEP_DOCUMENT" | exec "$bin" run "$step" --inputs - "$@"
else
    exec "$bin" run "$step" "$@"
fi
