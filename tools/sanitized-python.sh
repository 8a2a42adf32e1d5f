#!/bin/sh
# Runs pytest on an extension built with sanitizers, in an environment of its own over that of .venv.
# usage: tools/sanitized-python.sh asan|tsan [pytest arguments]
#
# The runtime of the sanitizer is preloaded: Python itself is built without it. Child processes inherit all of it.
set -eu

kind=$1
shift
base=$PWD/.venv
here=$PWD/build/python-$kind
case $kind in
asan)
    sanitize=address,undefined openmp=ON
    # Python keeps what it allocates until it ends. Allocations that a test wants refused return NULL, as without ASan.
    export ASAN_OPTIONS=detect_leaks=0:allocator_may_return_null=1 UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1
    ;;
tsan)
    # Without OpenMP, whose barriers the sanitizer does not know. What Python and numpy do is not looked at, but for
    # their locks. The long history holds the stack of the other side of a race, which a suppression may name.
    sanitize=thread openmp=OFF
    export TSAN_OPTIONS=halt_on_error=1:ignore_noninstrumented_modules=1:history_size=7
    TSAN_OPTIONS=$TSAN_OPTIONS:suppressions=$PWD/tools/tsan-suppressions.txt
    ;;
*)
    echo "usage: $0 asan|tsan [pytest arguments]" >&2
    exit 2
    ;;
esac

if [ ! -d "$here/venv" ]; then
    "$base/bin/python" -m venv --without-pip "$here/venv"
    # The packages of .venv, but not the editable tastemaker: its own .pth files are not read from here.
    "$base/bin/python" -c 'import site, sys; print(*(p for p in sys.path if p.endswith("-packages")), sep="\n")' \
        >"$here/packages"
fi
site=$("$here/venv/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
rm -f "$site/base.pth"
"$base/bin/python" -m pip install -q --no-deps --no-build-isolation --upgrade --target "$site" \
    -Cbuild-dir="$here/build" -Ccmake.build-type=RelWithDebInfo -Cinstall.strip=false \
    -Ccmake.define.TASTEMAKER_SANITIZE=$sanitize -Ccmake.define.TASTEMAKER_OPENMP=$openmp .
cp "$here/packages" "$site/base.pth"

compiler=${CXX:-c++}
runtime=$("$compiler" -print-file-name="lib$kind.so"):$("$compiler" -print-file-name=libstdc++.so)
# Reports go past pytest, which would show them with failures only.
LD_PRELOAD=$runtime exec "$here/venv/bin/python" -m pytest -q -p no:cacheprovider --capture=sys "$@"
