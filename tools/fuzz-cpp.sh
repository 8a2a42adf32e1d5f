#!/bin/sh
# Fuzzes the core with each program of tests/fuzz/cpp for SECONDS_EACH seconds; ends at the first crash.
# What it finds is kept in build/fuzz/TARGET; the committed corpus is read and never written.
set -eu

root=$PWD
export ASAN_OPTIONS=malloc_context_size=2
for program in "$root"/build/fuzz/tests/fuzz/cpp/fuzz_*; do
    [ -x "$program" ] && [ -f "$program" ] || continue
    target=${program##*fuzz_}
    mkdir -p "build/fuzz/$target/found"
    cd "build/fuzz/$target"
    committed=$root/tests/fuzz/corpus/$target
    [ -d "$committed" ] || committed=
    if ! "$program" -max_total_time="$SECONDS_EACH" -max_len=512 -timeout=60 -rss_limit_mb=2048 -entropic=0 \
        -print_final_stats=1 found $committed >log 2>&1; then
        tail -n 60 log
        echo "==> fuzz $target: crashed, see $PWD" >&2
        exit 1
    fi
    echo "==> fuzz $target: $(sed -n 's/^stat::number_of_executed_units: *//p' log) inputs, none crashed"
    cd "$root"
done
