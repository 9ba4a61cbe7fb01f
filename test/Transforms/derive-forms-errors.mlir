// RUN: not seqmix-opt %s --seqmix-derive-forms=form=matrix 2>&1 | FileCheck %s --check-prefix=FORM
// RUN: not seqmix-opt %s --seqmix-derive-forms=chunk=12 2>&1 | FileCheck %s --check-prefix=CHUNK
// RUN: not seqmix-opt %s --seqmix-derive-forms=chunk=1 2>&1 | FileCheck %s --check-prefix=ONE
// FORM: error: there is no form 'matrix'
// CHUNK: error: a chunk has a power of two of tokens, not 12
// ONE: error: a chunk has a power of two of tokens, not 1
module {}
