#!/bin/sh
# Finds the lockstep binary, proves that it is the one that belongs to these wrappers, and becomes it. It never
# reads an input of a step, and it looks for nothing along the caller's PATH.
set -eu
unset -f chmod command curl cut mkdir mv openssl printf rm sha256sum shasum uname wget 2>/dev/null || :
callers_path=${PATH:-}
export PATH=/usr/bin:/bin:/usr/sbin:/sbin

fail() {
    printf 'error: %s\n  hint: %s\n' "$2" "$3" >&2
    exit "$1"
}

sha256() {
    if command -v openssl >/dev/null; then OPENSSL_CONF=/dev/null openssl dgst -sha256 -r <"$1" # the fastest
    elif command -v sha256sum >/dev/null; then sha256sum <"$1"; else shasum -a 256 <"$1"; fi | cut -d ' ' -f 1
}

# What a wrapper passes wins over the variable that stands for it.
LOCKSTEP_BIN=${LOCKSTEP_CONTROL_BINARY:-${LOCKSTEP_BIN:-}}
LOCKSTEP_POLICY=${LOCKSTEP_CONTROL_POLICY:-${LOCKSTEP_POLICY:-}}
LOCKSTEP_RECEIPT=${LOCKSTEP_CONTROL_RECEIPT:-${LOCKSTEP_RECEIPT:-}}
case ${LOCKSTEP_CONTROL_PLAN:-} in *true) export LOCKSTEP_PLAN=true ;; esac
export LOCKSTEP_POLICY LOCKSTEP_RECEIPT
unset LOCKSTEP_CONTROL_BINARY LOCKSTEP_CONTROL_PLAN LOCKSTEP_CONTROL_POLICY LOCKSTEP_CONTROL_RECEIPT

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

ci=$(CDPATH='' cd -- "${0%/*}" && pwd -P)
root=${ci%/*} version='' expected='' file=''
while read -r first second third; do
    [ "$first" != version ] || version=$second
    [ "$second" != "$target" ] || { expected=$first file=$third; }
done <"$ci/CHECKSUMS"

own=${LOCKSTEP_ALLOW_BUILD:-}
cache=${RUNNER_TOOL_CACHE:-${XDG_CACHE_HOME:-${HOME:-/nonexistent}/.cache}}/lockstep/${version:-none}/$target
if [ -n "$LOCKSTEP_BIN" ]; then bin=$LOCKSTEP_BIN
elif bin=$root/bin/$target/lockstep && [ -f "$bin" ]; then own=''
elif bin=$root/target/release/lockstep && [ "$own" = true ] && [ -f "$bin" ]; then :
else
    own='' bin=$cache/lockstep
    [ -n "$expected" ] || fail 4 "no checksum for $target is known" \
        'use a released version, set LOCKSTEP_BIN, or build it and set LOCKSTEP_ALLOW_BUILD=true'
fi
if [ "$bin" = "$cache/lockstep" ] && ! [ -f "$bin" ]; then
    [ -n "${LOCKSTEP_DOWNLOAD_BASE:-}" ] || fail 2 'there is no lockstep binary here' \
        'set LOCKSTEP_BIN to one, or LOCKSTEP_DOWNLOAD_BASE to the address of a release'
    url=${LOCKSTEP_DOWNLOAD_BASE%/}/$file new=$bin.$$
    mkdir -p -- "$cache"
    if command -v curl >/dev/null; then curl -fsSL --retry 3 --max-time 300 -o "$new" -- "$url"
    else wget -q -T 60 -O "$new" -- "$url"; fi ||
        { rm -f -- "$new" && fail 6 "could not download $file" 'run again, or set LOCKSTEP_BIN'; }
    [ "$(sha256 "$new")" = "$expected" ] || { rm -f -- "$new" && fail 4 "$file is not the released one" \
        'check LOCKSTEP_DOWNLOAD_BASE; nothing was run'; }
    chmod 755 "$new" && mv -f -- "$new" "$bin"
fi
[ -f "$bin" ] && [ -x "$bin" ] || fail 2 'LOCKSTEP_BIN names no program' 'give the path of a lockstep binary'
# A binary of one's own has no checksum here. That is for its owner to allow; a released one always has.
[ "$own" = true ] || [ -z "$expected" ] || [ "$(sha256 "$bin")" = "$expected" ] ||
    fail 4 'the lockstep binary is not the one that belongs to these wrappers' \
        'replace it; if you built it yourself, set LOCKSTEP_ALLOW_BUILD=true'

PATH=$callers_path
if [ -n "${LOCKSTEP_DOCUMENT:-}" ]; then
    printf '%s\n' "$LOCKSTEP_DOCUMENT" | exec "$bin" run "$step" --inputs - "$@"
else
    exec "$bin" run "$step" "$@"
fi
