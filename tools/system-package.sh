#!/bin/sh
# Makes sure that a system package is there: installs it where that is allowed, otherwise says what to install.
# usage: tools/system-package.sh python|doctest|benchmark|simde|clang
set -eu

has_header() {
    printf '#include <%s>\n' "$1" | "${CXX:-c++}" -I/opt/homebrew/include -E -x c++ - >/dev/null 2>&1
}

python=${PYTHON:-python3}
case $1 in
python)
    version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
    what="Python's venv module and headers"
    apt="python$version-venv python$version-dev"
    dnf="python$version-devel"
    brew="python@$version"
    found() {
        "$python" -c 'import ensurepip, os, sysconfig as s; exit(not os.path.exists(s.get_path("include") + "/Python.h"))' 2>/dev/null
    }
    ;;
doctest)
    what="doctest, for the C++ tests" apt=doctest-dev dnf=doctest-devel brew=doctest
    found() { has_header doctest/doctest.h; }
    ;;
benchmark)
    what="Google Benchmark, for the microbenchmarks" apt=libbenchmark-dev dnf=google-benchmark-devel brew=google-benchmark
    found() { has_header benchmark/benchmark.h; }
    ;;
simde)
    what="SIMDe, to run the code of other CPUs" apt=libsimde-dev dnf=simde-devel brew=simde
    found() { has_header simde/x86/avx512.h; }
    ;;
clang)
    what="clang with libFuzzer and sanitizers, to fuzz the core"
    apt="clang libclang-rt-dev" dnf="clang compiler-rt" brew=llvm
    found() { # clang alone compiles such a program and cannot link it
        echo 'extern "C" int LLVMFuzzerTestOneInput(const unsigned char*, unsigned long) { return 0; }' |
            clang++ -fsanitize=address,undefined,fuzzer -x c++ -o /dev/null - 2>/dev/null
    }
    ;;
*)
    echo "usage: $0 python|doctest|benchmark|simde|clang" >&2
    exit 2
    ;;
esac

found && exit 0

if command -v apt-get >/dev/null; then
    if [ "$(id -u)" = 0 ]; then
        sudo=
    elif sudo -n true 2>/dev/null; then
        sudo=sudo
    else
        sudo=no
    fi
    if [ "$sudo" != no ]; then
        echo "==> apt-get install $apt"
        # The package lists may be missing or old: then an update helps.
        install="env DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends"
        # shellcheck disable=SC2086 # lists of words
        $sudo $install $apt >/dev/null 2>&1 || { $sudo apt-get update -qq && $sudo $install $apt >/dev/null; }
        found && exit 0
    fi
fi

cat >&2 <<END
tastemaker needs $what. Install one of:
    apt-get install $apt
    dnf install $dnf
    brew install $brew
END
exit 1
