//===- SeqmixOps.td - all ops of the dialect ------------------------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEQMIX_OPS_TD
#define SEQMIX_OPS_TD

include "dialect/RecurrenceOps.td"
include "dialect/AttentionOps.td"
include "dialect/ConvOps.td"
include "dialect/KernelOps.td"
include "dialect/ModelOps.td"

#endif // SEQMIX_OPS_TD
