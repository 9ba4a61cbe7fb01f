//===- Passes.td - conversions out of the dialect -------------------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEQMIX_CONVERSION_PASSES_TD
#define SEQMIX_CONVERSION_PASSES_TD

include "lib/Conversion/DevicePasses.td"
include "mlir/Pass/PassBase.td"

def ConvertSeqmixToSCF : Pass<"convert-seqmix-to-scf"> {
  let summary = "lower every mixer to a loop over batch and a loop over tokens";
  let description = [{
    The reference: each mixer becomes a loop over the batch around a loop over
    the tokens, whose body is the mixer's one-token form. Any op that answers
    `MixerOpInterface` is lowered; none is named. Kept plain on purpose: other
    forms are compared with this one.

    Before and after: test/Conversion/seqmix-to-scf.mlir.
  }];
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::bufferization::BufferizationDialect",
    "::mlir::linalg::LinalgDialect", "::mlir::math::MathDialect",
    "::mlir::scf::SCFDialect", "::mlir::tensor::TensorDialect"
  ];
}

def FuseMixers : Pass<"seqmix-fuse-mixers"> {
  let summary = "take what is done to each token into the mixer's loop";
  let description = [{
    An op that computes a token of a sequence from the same token of others, and
    whose result only a recurrence reads, or that reads what a recurrence
    computes, becomes part of the recurrence's regions, if that has as many
    parts as before for threads to share. Arithmetic must be `linalg.generic`.

    Before and after: test/Conversion/fuse-mixers.sqm.
  }];
  let dependentDialects = [
    "::mlir::linalg::LinalgDialect", "::mlir::tensor::TensorDialect"
  ];
}

def DivideRecurrences : Pass<"seqmix-divide-recurrences"> {
  let summary = "run independent parts of a recurrence side by side";
  let description = [{
    Lowers each recurrence that takes chunks to a parallel loop over parts of an
    axis along which it is independent (heads, channels, value columns), around
    the loops of `convert-seqmix-to-scf` for one part. Recurrences without such
    an axis stay. Those that take one token at a time are the reference; with
    `steps` they are divided as well. So is any op that takes chunks and says by
    `getDividedAxes` where.

    Before and after: test/Conversion/divide-recurrences.mlir.
  }];
  let options = [Option<"steps", "steps", "bool", "false",
      "Divide what takes one token at a time, too">];
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::bufferization::BufferizationDialect",
    "::mlir::linalg::LinalgDialect", "::mlir::scf::SCFDialect",
    "::mlir::tensor::TensorDialect"
  ];
}

def PrivatizeTemporaries : Pass<"seqmix-privatize-temporaries",
                                "::mlir::func::FuncOp"> {
  let summary = "give each turn of a parallel loop its own temporaries";
  let description = [{
    Memory that is allocated in an `scf.forall` of a known number of turns is
    allocated once before it, with room for all turns, so that it can be placed
    like any other temporary. A turn's memory is one piece, in which what does
    not live at the same time overlaps.

    Before and after: test/Conversion/privatize-temporaries.mlir.
  }];
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::memref::MemRefDialect"
  ];
}

def PrefetchChunks : Pass<"seqmix-prefetch-chunks", "::mlir::func::FuncOp"> {
  let summary = "ask for the next chunk's tokens while one is computed";
  let description = [{
    In a loop that takes several tokens a turn, each `linalg` op of the turn is
    preceded by prefetches of some of the next turn's tokens: a share that its
    cost has of the turn's. Nothing else changes, and prefetches past the end of
    a sequence do nothing.

    Before and after: test/Conversion/prefetch-chunks.mlir.
  }];
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::memref::MemRefDialect",
    "::mlir::scf::SCFDialect"
  ];
}

def MergeParallelLoops : Pass<"seqmix-merge-parallel-loops",
                              "::mlir::func::FuncOp"> {
  let summary = "one parallel loop in place of several";
  let description = [{
    Merges `scf.parallel` loops between which nothing but addresses is computed,
    and which neither read nor write what another writes: they write buffers
    that are allocated in the function, and nothing else.

    Before and after: test/Conversion/merge-parallel-loops.mlir.
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect",
                           "::mlir::scf::SCFDialect"];
}

def PrefetchTokens : Pass<"seqmix-prefetch-tokens", "::mlir::func::FuncOp"> {
  let summary = "ask for the next token while one is computed";
  let description = [{
    In a loop that takes one token a turn, each vector of a piece of 2 KiB or
    more is preceded by a prefetch of the next token's, where it is not loaded
    again in a loop around.
    Nothing else changes, and prefetches past the end of a sequence do nothing.

    Before and after: test/Conversion/prefetch-tokens.mlir.
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect",
                           "::mlir::memref::MemRefDialect"];
}

def ConvertModelToFunc : Pass<"convert-seqmix-model-to-func",
                              "::mlir::ModuleOp"> {
  let summary = "bind entry points to the artifact's calling convention";
  let description = [{
    Each entry point becomes a function `(host, call) -> status` over the
    structs of runtime/include/seqmix/model_abi.h: inputs, outputs, parameters
    and states become views of the caller's memory, and every extent of batch
    and time becomes the call's. The entering states are copied to where the
    leaving states go unless the caller handed its states over (the two
    pointers are equal); after that the state is updated in place.

    Requires one model whose mixers have been lowered; leaves none.

    Before and after: test/Conversion/model-to-func.mlir.
  }];
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::bufferization::BufferizationDialect",
    "::mlir::func::FuncDialect", "::mlir::memref::MemRefDialect",
    "::mlir::LLVM::LLVMDialect", "::mlir::scf::SCFDialect",
    "::mlir::tensor::TensorDialect"
  ];
}

def ConvertMatmulToHost : Pass<"convert-seqmix-matmul-to-host",
                               "::mlir::func::FuncOp"> {
  let summary = "ask the host for matrix products, on the CPU";
  let description = [{
    Each `seqmix.matmul` on matrices in memory becomes a call of the host's
    `matmul` (see `seqmix_abi_host` of runtime/include/seqmix/model_abi.h) and,
    for a host that lends none or declines, loops over the rows of the input.
    The function's first argument is the host's table.

    Before and after: test/Conversion/matmul-to-host.mlir.
  }];
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::linalg::LinalgDialect",
    "::mlir::LLVM::LLVMDialect", "::mlir::memref::MemRefDialect",
    "::mlir::scf::SCFDialect"
  ];
}

def FoldTokenReshapes : Pass<"seqmix-fold-token-reshapes",
                             "::mlir::func::FuncOp"> {
  let summary = "undo reshapes of batch and time into one axis";
  let description = [{
    Where a buffer `[batch, time, ...]` is seen as `[rows, ...]` and then with
    both axes again, both are kept all along.

    Before and after: test/Conversion/fold-token-reshapes.mlir.
  }];
}

def LowerContractions : Pass<"seqmix-lower-contractions",
                             "::mlir::func::FuncOp"> {
  let summary = "lower sums of products in loops to blocks of vectors";
  let description = [{
    Lowers `linalg.generic` ops on buffers that add products of two inputs, and
    may do so in any order, to loops over blocks whose sums are in vector
    registers while the reductions run. Vectors lie along memory: along the
    output and an input, or, for dot products, along both inputs. Ops that add
    to the same output in turn share the registers, and so does an elementwise
    op just before that computes what they add to. All extents must be static;
    ops that are in no loop, and other accesses, are left.

    Before and after: test/Conversion/lower-contractions.mlir.
  }];
  let options = [Option<"vectorBits", "vector-bits", "int64_t", "256",
                        "Bits of the vectors that sums are kept in">];
  let dependentDialects = ["::mlir::arith::ArithDialect",
    "::mlir::memref::MemRefDialect", "::mlir::scf::SCFDialect",
    "::mlir::vector::VectorDialect"];
}

def LowerReductions : Pass<"seqmix-lower-reductions", "::mlir::func::FuncOp"> {
  let summary = "lower linalg reductions on buffers to loops";
  let description = [{
    Lowers `linalg.generic` ops with reductions to loops in an order that keeps
    memory accesses contiguous: where the reduction runs along memory it is
    innermost and accumulates in a register, otherwise the parallel loop that
    runs along memory is. The parallel loop with the largest static extent is
    outermost, and is an `scf.parallel` where the op is heavy enough to be
    shared among threads.

    Before and after: test/Conversion/lower-reductions.mlir.
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect",
    "::mlir::memref::MemRefDialect", "::mlir::scf::SCFDialect"];
}

def ExpandVectorMath : Pass<"seqmix-expand-vector-math"> {
  let summary = "compute elementary functions of vectors without calls";
  let description = [{
    Rewrites `math` ops on vectors of f32 into arithmetic. `exp` errs by at most
    1.5 ulp, and by 0.6 for arguments up to 0.1; `exp2` gives the nearest f32
    but for one in some hundred thousand arguments. Where arguments of `exp` and
    `log1p` are known to be in some range, what is for others is left out. The
    other functions are those of `seqmix-expand-math`, with its bounds
    (test/Execution/vector-math.test holds them). Infinities, zeros and NaN are as in `<math.h>`.

    Before and after: test/Conversion/expand-vector-math.mlir.
  }];
  let options = [
    Option<"hasFma", "has-fma", "bool", "true",
           "Whether the processor can round a * b + c once">,
    Option<"hasBf16", "has-bf16", "bool", "true",
           "Whether the processor can round to bf16">,
    Option<"hasScalef", "has-scalef", "bool", "false",
           "Whether it multiplies with powers of two (AVX-512)">
  ];
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::LLVM::LLVMDialect",
    "::mlir::math::MathDialect", "::mlir::vector::VectorDialect"
  ];
}

def LowerElementwise : Pass<"seqmix-lower-elementwise",
                            "::mlir::func::FuncOp"> {
  let summary = "lower elementwise ops to vectors";
  let description = [{
    Lowers `linalg.generic` ops on buffers without reductions to loops of which
    the innermost goes over vectors along the output; what an input has once for
    all of these is computed once. That extent must be static, and inputs lie
    along the output or not at all; other ops are left. Of ops in no loop, the
    last loop of unknown length is an `scf.parallel`.

    Before and after: test/Conversion/lower-elementwise.mlir.
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect",
    "::mlir::memref::MemRefDialect", "::mlir::scf::SCFDialect",
    "::mlir::vector::VectorDialect"];
}

def LowerCopies : Pass<"seqmix-lower-copies"> {
  let summary = "lower copies of what does not lie in one piece";
  let description = [{
    Rewrites each `memref.copy` whose source or target is not contiguous as a
    `linalg.generic`; copies in one piece are left to be `memcpy`.

    Before and after: test/Conversion/lower-copies.mlir.
  }];
  let dependentDialects = ["::mlir::linalg::LinalgDialect"];
}

def PlanWorkspace : Pass<"seqmix-plan-workspace", "::mlir::ModuleOp"> {
  let summary = "place temporary buffers in the caller's workspace";
  let description = [{
    Replaces every allocation of an entry point by a view of the call's
    workspace, and adds a function `<entry>_workspace(batch, length) -> bytes`
    that says how much of it a call needs. Buffers whose lifetimes do not
    overlap share memory. A compiled model thus allocates nothing.

    Before and after: test/Conversion/plan-workspace.mlir.
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect",
    "::mlir::func::FuncDialect", "::mlir::memref::MemRefDialect",
    "::mlir::LLVM::LLVMDialect"];
}

def OutlineRepeats : Pass<"seqmix-outline-repeats", "::mlir::ModuleOp"> {
  let summary = "compile repeated layers once";
  let description = [{
    Finds, in the body of an entry point, runs of ops that repeat back to back
    and are equal up to the buffers they work on, and replaces each repetition
    by a call of one function of those buffers. Compile time then grows with
    the number of different layers rather than with the number of layers.

    Requires buffers; addresses and extents are moved to the start of the body.

    Before and after: test/Conversion/outline-repeats.mlir.
  }];
  let dependentDialects = ["::mlir::func::FuncDialect",
    "::mlir::LLVM::LLVMDialect"];
}

def ConvertParallelToRuntime : Pass<"convert-parallel-to-runtime",
                                    "::mlir::ModuleOp"> {
  let summary = "run parallel loops on the host's threads";
  let description = [{
    Outlines the body of each outermost one-dimensional `scf.parallel` without
    results into a function `(arguments, begin, end)` and calls the host's
    `parallel_for` with it and an estimate of the cost of one iteration. The
    host decides whether it is worth its while. Loops are looked for in
    functions whose first parameter is the host's table.

    Before and after: test/Conversion/parallel-to-runtime.mlir.
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect",
    "::mlir::func::FuncDialect", "::mlir::LLVM::LLVMDialect",
    "::mlir::scf::SCFDialect"];
}

#endif // SEQMIX_CONVERSION_PASSES_TD
