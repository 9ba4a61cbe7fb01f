// RUN: seqmix-opt %s --seqmix-to-forms --dump-pass-pipeline 2>&1 | FileCheck %s --check-prefixes=FORMS,END-FORMS
// RUN: seqmix-opt %s --seqmix-to-tensors --dump-pass-pipeline 2>&1 | FileCheck %s --check-prefixes=FORMS,TENSORS,END-TENSORS
// RUN: seqmix-opt %s --seqmix-to-buffers --dump-pass-pipeline 2>&1 | FileCheck %s --check-prefixes=FORMS,TENSORS,BUFFERS,END-BUFFERS
// RUN: seqmix-opt %s --seqmix-to-llvm --dump-pass-pipeline 2>&1 | FileCheck %s --check-prefixes=FORMS,TENSORS,BUFFERS,LLVM,END-LLVM
// RUN: seqmix-opt %s --seqmix-cuda-to-forms --dump-pass-pipeline 2>&1 | FileCheck %s --check-prefixes=FORMS,END-FORMS
// RUN: seqmix-opt %s --seqmix-cuda-to-tensors --dump-pass-pipeline 2>&1 | FileCheck %s --check-prefixes=FORMS,CUDA-TENSORS,END-TENSORS
// RUN: seqmix-opt %s --seqmix-cuda-to-buffers --dump-pass-pipeline 2>&1 | FileCheck %s --check-prefixes=FORMS,CUDA-TENSORS,CUDA-BUFFERS,END-BUFFERS
// RUN: seqmix-opt %s --seqmix-cuda-to-llvm --dump-pass-pipeline 2>&1 | FileCheck %s --check-prefixes=FORMS,CUDA-TENSORS,CUDA-BUFFERS,DEVICE,LLVM,END-LLVM

// Every phase starts from an imported module and goes on from the phase before
// it; options of upstream's passes appear only where they are not its defaults.

// FORMS: builtin.module(
// FORMS-NEXT: canonicalize
// FORMS-NEXT: cse
// FORMS-NEXT: seqmix-stabilize-exponentials
// FORMS-NEXT: seqmix.model(
// FORMS-NEXT: seqmix-derive-step
// FORMS-NEXT: )
// FORMS-NEXT: canonicalize
// FORMS-NEXT: cse
// FORMS-NEXT: seqmix-derive-forms
// FORMS-NEXT: canonicalize
// FORMS-NEXT: cse
// END-FORMS-NEXT: {{^\)$}}

// TENSORS-NEXT: seqmix-expand-mixers
// TENSORS-SAME: on-host=true
// TENSORS-NEXT: convert-elementwise-to-linalg
// TENSORS-NEXT: linalg-generalize-named-ops
// TENSORS-NEXT: loop-invariant-code-motion
// TENSORS-NEXT: seqmix-fuse-elementwise
// TENSORS-SAME: keep-invariants=true
// TENSORS-NEXT: seqmix-relax-reductions
// TENSORS-NEXT: canonicalize
// TENSORS-NEXT: cse
// TENSORS-NEXT: seqmix-fuse-mixers
// TENSORS-NEXT: seqmix-divide-recurrences
// TENSORS-NEXT: convert-seqmix-to-scf
// TENSORS-NEXT: convert-seqmix-model-to-func
// TENSORS-NEXT: canonicalize
// TENSORS-NEXT: cse
// TENSORS-NEXT: convert-elementwise-to-linalg
// TENSORS-NEXT: linalg-generalize-named-ops
// TENSORS-NEXT: loop-invariant-code-motion
// TENSORS-NEXT: seqmix-fuse-elementwise
// TENSORS-NEXT: seqmix-relax-reductions
// TENSORS-NEXT: canonicalize
// TENSORS-NEXT: cse
// TENSORS-NEXT: func.func(
// TENSORS-NEXT: seqmix-tile-projections
// TENSORS-NEXT: )
// TENSORS-NEXT: canonicalize
// TENSORS-NEXT: cse
// TENSORS-NEXT: loop-invariant-code-motion

// For a GPU it is decided while tensors are values what a launch computes.
// CUDA-TENSORS-NEXT: seqmix-expand-mixers
// CUDA-TENSORS-NEXT: convert-elementwise-to-linalg
// CUDA-TENSORS-NEXT: linalg-generalize-named-ops
// CUDA-TENSORS-NEXT: loop-invariant-code-motion
// CUDA-TENSORS-NEXT: seqmix-fuse-elementwise
// CUDA-TENSORS-NEXT: seqmix-relax-reductions
// CUDA-TENSORS-NEXT: canonicalize
// CUDA-TENSORS-NEXT: cse
// CUDA-TENSORS-NEXT: seqmix.model(
// CUDA-TENSORS-NEXT: seqmix.entry(
// CUDA-TENSORS-NEXT: seqmix-form-kernels
// CUDA-TENSORS-NEXT: )
// CUDA-TENSORS-NEXT: )
// CUDA-TENSORS-NEXT: canonicalize
// CUDA-TENSORS-NEXT: cse
// CUDA-TENSORS-NEXT: convert-seqmix-kernels-to-gpu
// CUDA-TENSORS-NEXT: seqmix-link-dense-kernels
// CUDA-TENSORS-NEXT: convert-seqmix-model-to-func
// CUDA-TENSORS-NEXT: canonicalize
// CUDA-TENSORS-NEXT: cse
// END-TENSORS-NEXT: {{^\)$}}

// BUFFERS-NEXT: seqmix-mark-triangles
// BUFFERS-NEXT: seqmix-separate-destinations
// BUFFERS-NEXT: eliminate-empty-tensors
// BUFFERS-NEXT: one-shot-bufferize{
// BUFFERS-SAME: allow-return-allocs-from-loops=true
// BUFFERS-SAME: bufferize-function-boundaries=false
// BUFFERS-NEXT: canonicalize
// BUFFERS-NEXT: cse
// BUFFERS-NEXT: func.func(
// BUFFERS-NEXT: seqmix-fold-token-reshapes
// BUFFERS-NEXT: seqmix-privatize-temporaries
// BUFFERS-NEXT: scf-forall-to-parallel
// BUFFERS-NEXT: seqmix-merge-parallel-loops
// BUFFERS-NEXT: convert-seqmix-matmul-to-host
// BUFFERS-NEXT: seqmix-lower-copies
// BUFFERS-NEXT: seqmix-lower-contractions{vector-bits=256}
// BUFFERS-NEXT: seqmix-lower-reductions
// BUFFERS-NEXT: seqmix-lower-elementwise
// BUFFERS-NEXT: seqmix-expand-vector-math
// BUFFERS-NEXT: convert-linalg-to-loops
// BUFFERS-NEXT: seqmix-prefetch-chunks
// BUFFERS-NEXT: seqmix-prefetch-tokens
// BUFFERS-NEXT: buffer-hoisting
// BUFFERS-NEXT: buffer-loop-hoisting
// BUFFERS-NEXT: )
// BUFFERS-NEXT: canonicalize
// BUFFERS-NEXT: cse
// BUFFERS-NEXT: seqmix-plan-workspace
// BUFFERS-NEXT: canonicalize
// BUFFERS-NEXT: cse
// BUFFERS-NEXT: seqmix-outline-repeats
// BUFFERS-NEXT: convert-parallel-to-runtime
// BUFFERS-NEXT: canonicalize
// BUFFERS-NEXT: cse

// CUDA-BUFFERS-NEXT: seqmix-separate-destinations
// CUDA-BUFFERS-NEXT: eliminate-empty-tensors
// CUDA-BUFFERS-NEXT: one-shot-bufferize{
// CUDA-BUFFERS-SAME: allow-return-allocs-from-loops=true
// CUDA-BUFFERS-SAME: bufferize-function-boundaries=false
// CUDA-BUFFERS-NEXT: canonicalize
// CUDA-BUFFERS-NEXT: cse
// CUDA-BUFFERS-NEXT: seqmix-plan-workspace
// CUDA-BUFFERS-NEXT: canonicalize
// CUDA-BUFFERS-NEXT: cse
// CUDA-BUFFERS-NEXT: convert-seqmix-launch-to-host
// CUDA-BUFFERS-NEXT: canonicalize
// CUDA-BUFFERS-NEXT: cse
// END-BUFFERS-NEXT: {{^\)$}}

// The device's code goes first; what runs on the host goes on as ever.
// DEVICE-NEXT: gpu.module(
// DEVICE-NEXT: seqmix-expand-math
// DEVICE-NEXT: inline{default-pipeline=canonicalize
// DEVICE-NEXT: canonicalize
// DEVICE-NEXT: cse
// DEVICE-NEXT: convert-scf-to-cf
// DEVICE-NEXT: convert-vector-to-llvm
// DEVICE-NEXT: convert-math-to-llvm
// DEVICE-NEXT: convert-seqmix-device-to-nvvm
// DEVICE-NEXT: reconcile-unrealized-casts
// DEVICE-NEXT: canonicalize
// DEVICE-NEXT: cse
// DEVICE-NEXT: )

// LLVM-NEXT: expand-strided-metadata
// LLVM-NEXT: lower-affine
// LLVM-NEXT: convert-scf-to-cf
// LLVM-NEXT: convert-math-to-llvm
// LLVM-NEXT: convert-math-to-libm
// LLVM-NEXT: convert-vector-to-llvm
// LLVM-NEXT: convert-arith-to-llvm
// LLVM-NEXT: finalize-memref-to-llvm
// LLVM-NEXT: convert-cf-to-llvm
// LLVM-NEXT: convert-func-to-llvm
// LLVM-NEXT: reconcile-unrealized-casts
// LLVM-NEXT: canonicalize
// LLVM-NEXT: cse
// END-LLVM-NEXT: {{^\)$}}
