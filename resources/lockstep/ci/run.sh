#!/bin/sh
# Finds the lockstep binary, proves that it is the one that belongs to these wrappers, and becomes it. It never
# reads an input of a step, and it looks for nothing along the caller's PATH. An earlier step or job can set
# variables, so what decides over the program comes as arguments, which the wrapper writes:
#   run.sh [--binary=PATH] [--own-build=true|false] [ARGUMENT OF `lockstep run STEP`]...
#
# The first line makes bash look for `set` and `unset` among its own commands before it looks among functions, which
# bash takes from variables. From then on no function stands for a command of this script.
POSIXLY_CORRECT=1
set -eu
unset -f cd chmod command curl cut env fail mkdir mktemp mv openssl printf pwd read rm sha256 sha256sum shasum \
    test uname wget 2>/dev/null || :
unset BASH_ENV CDPATH ENV IFS
callers_path=${PATH:-}
export PATH=/usr/bin:/bin:/usr/sbin:/sbin

fail() {
    printf 'error: %s\n  hint: %s\n' "$2" "$3" >&2
    exit "$1"
}

sha256() {
    if command -v openssl >/dev/null; then OPENSSL_CONF=/dev/null openssl dgst -sha256 -r <"$1" # the fastest
    elif command -v sha256sum >/dev/null; then sha256sum <"$1"
    else PERL5OPT='' PERL5LIB='' shasum -a 256 <"$1"; fi | cut -d ' ' -f 1
}

binary='' own=''
while :; do
    case ${1:-} in
    --binary=*) binary=${1#*=} ;;
    --own-build=*) own=${1#*=} ;;
    *) break ;;
    esac
    shift
done
case $own in '' | true | false) ;; *) fail 2 'own-build is neither true nor false' 'give one of the two' ;; esac

# What a wrapper passes wins over the variable that stands for it.
LOCKSTEP_POLICY=${LOCKSTEP_CONTROL_POLICY:-${LOCKSTEP_POLICY:-}}
LOCKSTEP_RECEIPT=${LOCKSTEP_CONTROL_RECEIPT:-${LOCKSTEP_RECEIPT:-}}
case ${LOCKSTEP_CONTROL_DRY_RUN:-} in *[![:space:]]*) export LOCKSTEP_DRY_RUN="$LOCKSTEP_CONTROL_DRY_RUN" ;; esac
export LOCKSTEP_POLICY LOCKSTEP_RECEIPT
unset LOCKSTEP_CONTROL_BINARY LOCKSTEP_CONTROL_OWN_BUILD LOCKSTEP_CONTROL_DRY_RUN LOCKSTEP_CONTROL_POLICY \
    LOCKSTEP_CONTROL_RECEIPT

step=${LOCKSTEP_STEP:-}
case $step in '' | -* | *[!a-z0-9-]*)
    fail 2 'no step, or not the name of one' 'name a step, such as manifest-patch' ;;
esac

case $(uname -s)-$(uname -m) in
Linux-x86_64) target=x86_64-unknown-linux-musl ;;
Linux-aarch64 | Linux-arm64) target=aarch64-unknown-linux-musl ;;
Darwin-x86_64) target=x86_64-apple-darwin ;;
Darwin-arm64) target=aarch64-apple-darwin ;;
*) fail 2 'there is no lockstep for this system' 'run on Linux or macOS, on x86-64 or arm64' ;;
esac

ci=$(cd -- "${0%/*}" && pwd -P)
root=${ci%/*} version='' expected='' file=''
while read -r first second third; do
    test "$first" != version || version=$second
    test "$second" != "$target" || { expected=$first file=$third; }
done <"$ci/CHECKSUMS"

# With a checksum, only the program that has it runs; another one only if the wrapper itself names it and says that it is
# an own build. Without a checksum nothing can be proven, and variables may name the program.
if test -z "$expected"; then
    binary=${binary:-${LOCKSTEP_BIN:-}}
    test "$own" = true || own=${LOCKSTEP_ALLOW_BUILD:-}
elif test -n "${LOCKSTEP_ALLOW_BUILD:-}"; then
    printf 'note: LOCKSTEP_ALLOW_BUILD is ignored: ci/CHECKSUMS names the program for %s\n' "$target" >&2
fi
cache=${RUNNER_TOOL_CACHE:-${XDG_CACHE_HOME:-${HOME:-/nonexistent}/.cache}}/lockstep/${version:-none}/$target
if test -n "$binary"; then bin=$binary
elif test -n "${LOCKSTEP_BIN:-}"; then own='' bin=$LOCKSTEP_BIN
elif bin=$root/bin/$target/lockstep && test -f "$bin"; then own=''
elif bin=$root/target/release/lockstep && test "$own" = true && test -f "$bin"; then :
else
    own='' bin=$cache/lockstep
    test -n "$expected" || fail 4 "no checksum for $target is known" \
        'use a released version, set LOCKSTEP_BIN, or build it and set LOCKSTEP_ALLOW_BUILD=true'
fi
if test "$bin" = "$cache/lockstep" && ! test -f "$bin"; then
    test -n "${LOCKSTEP_DOWNLOAD_BASE:-}" || fail 2 'there is no lockstep binary here' \
        'set LOCKSTEP_BIN to one, or LOCKSTEP_DOWNLOAD_BASE to the address of a release'
    url=${LOCKSTEP_DOWNLOAD_BASE%/}/$file
    mkdir -p -- "$cache"
    new=$(mktemp "$bin.XXXXXXXXXX")
    # Neither client obeys a file of settings: HOME may lie in the checkout.
    if command -v curl >/dev/null; then curl -q -fsSL --retry 3 --max-time 300 -o "$new" -- "$url"
    else HOME=/nonexistent WGETRC='' wget -q -T 60 -O "$new" -- "$url"; fi ||
        { rm -f -- "$new" && fail 6 "could not download $file" 'run again, or set LOCKSTEP_BIN'; }
    test "$(sha256 "$new")" = "$expected" || { rm -f -- "$new" && fail 4 "$file is not the released one" \
        'check LOCKSTEP_DOWNLOAD_BASE; nothing was run'; }
    chmod 755 "$new" && mv -f -- "$new" "$bin"
fi
# A name without a slash would be looked for along the caller's PATH, and another program than the proven one be found.
case $bin in /*) ;; *) bin=./$bin ;; esac
test -f "$bin" && test -x "$bin" ||
    fail 2 'LOCKSTEP_BIN or the input binary names no program' 'give the path of a lockstep binary'
test "$own" = true || test -z "$expected" || test "$(sha256 "$bin")" = "$expected" ||
    fail 4 'the lockstep binary is not the one that belongs to these wrappers' \
        'replace it; for a build of your own, give the inputs binary and own-build of the wrapper'

PATH=$callers_path
if test -n "${LOCKSTEP_DOCUMENT:-}"; then
    printf '%s\n' "$LOCKSTEP_DOCUMENT" | exec "$bin" run "$step" --inputs - "$@"
else
    exec "$bin" run "$step" "$@"
fi
