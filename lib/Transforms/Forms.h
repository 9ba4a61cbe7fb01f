//===- Forms.h - the forms that a mixer can take --------------------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEQMIX_LIB_TRANSFORMS_FORMS_H
#define SEQMIX_LIB_TRANSFORMS_FORMS_H

#include "llvm/ADT/StringRef.h"

#include <optional>

namespace mlir {
namespace seqmix {

/// The form asked for. A mixer that does not have it is left to take one token
/// after the other.
enum class FormChoice {
  automatic, ///< whichever is expected to be fastest
  step,      ///< one token after the other
  scan,      ///< tokens combined as an associative operation allows
  chunkwise, ///< many tokens at once, by products of matrices
  reference  ///< step, in plain loops: what all else is compared with
};

/// The name of a form, as it is written on the command line and in the IR.
llvm::StringRef stringifyForm(FormChoice form);

/// The form of that name.
std::optional<FormChoice> symbolizeForm(llvm::StringRef name);

} // namespace seqmix
} // namespace mlir

#endif // SEQMIX_LIB_TRANSFORMS_FORMS_H
