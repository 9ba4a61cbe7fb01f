// RUN: not seqmix-opt %s --seqmix-derive-forms=form=matrix 2>&1 | FileCheck %s --check-prefix=FORM
// RUN: not seqmix-opt %s --seqmix-derive-forms=chunk=12 2>&1 | FileCheck %s --check-prefix=CHUNK
// RUN: not seqmix-opt %s --seqmix-derive-forms=chunk=1 2>&1 | FileCheck %s --check-prefix=ONE
// RUN: not seqmix-opt %s --seqmix-derive-forms=least=128 2>&1 | FileCheck %s --check-prefix=LEAST
// FORM: error: there is no form 'matrix'
// CHUNK: error: a chunk has a power of two of tokens, not 12
// ONE: error: a chunk has a power of two of tokens, not 1
// LEAST: error: the shortest chunk has a power of two of tokens, up to 64, not 128
module {}
