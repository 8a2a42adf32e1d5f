#!/bin/sh
# Fuzzes each target for SECONDS_EACH seconds and says how many inputs ran; ends at the first crash.
# usage: SECONDS_EACH=20 tools/fuzz.sh PYTHON [TARGET...]
set -eu

python=$(realpath -s "$1")
shift
root=$PWD
[ $# -gt 0 ] || set -- matrix core features model csv parquet command
for target in "$@"; do
    folder=$root/build/fuzz/$target
    mkdir -p "$folder/found"
    cd "$folder"
    if ! PYTHONPATH=$root "$python" -m tests.fuzz.run "$target" -max_total_time="$SECONDS_EACH" -max_len=512 \
        -timeout=60 -rss_limit_mb=2048 -print_final_stats=1 found >log 2>&1; then
        tail -n 40 log
        echo "==> fuzz $target: crashed, see $folder" >&2
        exit 1
    fi
    echo "==> fuzz $target: $(sed -n 's/^stat::number_of_executed_units: *//p' log) inputs, none crashed"
done
