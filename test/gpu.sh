#!/bin/sh
# Runs compiled models on a machine with a card, and prints one table.
#
#   gpu.sh FOLDER [sanitize]
#
# Builds nothing: FOLDER is what test/gpu_artifacts.py made on some other machine,
# and all that this one needs besides is the card's driver. With `sanitize` the
# goldens run under compute-sanitizer as well, where that is installed. The exit
# status is 0 only if everything passed.

cd "${1:?the folder that gpu_artifacts.py filled}" || exit 2
run=./seqmix-run
failures=0

# line NAME COLUMNS...
line() {
  printf '%-34s %-20s %-20s\n' "$@"
}

# Counts what has failed; in the script's own shell, since one inside of $(..)
# would forget it.
note() {
  case $* in *FAILED*) failures=$((failures + 1)) ;; esac
}

# check MODEL OPTIONS...: all recordings of a model on the card, the worst of the
# errors and whether all are as they should be.
check() {
  model=$1
  shift
  worst=
  for file in "$model".options "$model".*.options; do
    [ -f "$file" ] || continue
    name=${file%.options}
    data=${name%-bf16}
    # shellcheck disable=SC2046 # options are words
    report=$($run "$model.so" --weights "$data.weights" --device cuda --json \
      "$@" check "$data.io" $(cat "$file") 2>&1)
    if [ $? -ne 0 ]; then
      echo "$name: $report" >&2
      echo FAILED
      return
    fi
    worst=$(printf '%s' "$report" | tr ',' '\n' |
      sed -n 's/.*"error": *\([0-9.e+-]*\).*/\1/p' | { cat; echo "$worst"; } | sort -g | tail -n 1)
  done
  # Without a recording nothing was compared.
  if [ -n "$worst" ]; then printf '%.1e ok\n' "$worst"; else echo FAILED; fi
}

compare() {
  for library in *.so; do
    model=${library%.so}
    own=$(check "$model" --no-vendor-matmul)
    vendor=-
    [ -f "$model.matmul" ] && vendor=$(check "$model")
    note "$own"
    note "$vendor"
    line "$model" "$own" "$vendor"
  done
}

trained() {
  $run retnet-kjv.so --weights retnet-kjv.weights "$@"
}

# same NAME EXPECTED FOUND: a line that says whether the two are equal, and
# something.
same() {
  verdict=FAILED
  [ -n "$2" ] && [ "$2" = "$3" ] && verdict=ok
  note "$verdict"
  line "$1" "$verdict" ''
}

# Greedy text is the CPU's to the byte, also when half of it is written by the
# other device.
continuations() {
  verse='Joh3:16 For God so loved the world, that he gave his only '
  whole=$(trained generate --prompt "$verse" -n 160 --ids)
  here=$(trained --device cuda generate --prompt "$verse" -n 160 --ids)
  same '160 greedy bytes, all on the card' "$whole" "$here"
  for first in cpu cuda; do
    second=cuda
    [ $first = cuda ] && second=cpu
    head=$(trained --device $first generate --prompt "$verse" -n 81 --ids \
      --save-state state)
    tail=$(trained --device $second generate --load-state state -n 79 --ids \
      --prompt-ids "${head##* }")
    same "81 on $first, 79 on $second" "$whole" "$head $tail"
  done
  rm -f state
}

speed() {
  for model in retnet-kjv retnet-kjv-bf16; do
    echo
    $run $model.so --weights ${model%-bf16}.weights --device cuda bench || failures=$((failures + 1))
  done
}

# Each of three models takes in several tokens at once and then one by one.
sanitize() {
  for tool in memcheck racecheck initcheck; do
    for model in fla_retnet rwkv4 retnet-kjv; do
      said=$(SEQMIX_CUBLASLT=0 compute-sanitizer --tool $tool --error-exitcode 9 \
        $run $model.so --weights $model.weights --device cuda generate \
        --prompt-ids 1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20 -n 4 --ids 2>&1)
      status=$?
      found=$(printf '%s\n' "$said" | sed -n 's/.*SUMMARY: //p' | head -n 1)
      line "compute-sanitizer $tool" "$model" "${found:-no summary}"
      [ $status -eq 0 ] && continue
      failures=$((failures + 1))
      printf '%s\n' "$said" | head -n 20
    done
  done
}

trained --device cuda info >info.txt || exit 1
date -u '+date    %Y-%m-%d'
sed -n 's/^  device */card    /p' info.txt
sed -n 's/^  products */library /p' info.txt
echo
line 'max|error| / max|reference|' 'own kernels' 'with the library'
compare
echo
continuations
speed
[ "$2" = sanitize ] && echo && sanitize
echo
echo "$failures failed"
[ "$failures" -eq 0 ]
