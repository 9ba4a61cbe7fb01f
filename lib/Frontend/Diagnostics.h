//===- Diagnostics.h - errors and places ----------------------------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEQMIX_FRONTEND_DIAGNOSTICS_H
#define SEQMIX_FRONTEND_DIAGNOSTICS_H

#include "lib/Frontend/AST.h"
#include "mlir/IR/Location.h"
#include "llvm/Support/FormatVariadic.h"

namespace llvm {
class SourceMgr;
} // namespace llvm

namespace mlir::seqmix::sqm {

struct Scope;

// How messages show things; see Value.h too.
inline std::string toString(StringRef text) { return text.str(); }
inline std::string toString(const Ident &id) { return id.name.str(); }
/// "mixer wkv4".
inline std::string toString(const Callable &callable) {
  return (callable.kindName() + " " + callable.id.name).str();
}
template <typename T, typename = std::enable_if_t<std::is_integral_v<T>>>
std::string toString(T number) {
  return std::to_string(number);
}

/// What a step that has failed hands on: the default value of any type.
struct Failure {
  template <typename T> operator T() const { return T(); }
};

/// A second place that an error points to.
struct Note {
  SMLoc loc;
  std::string text = "declared here";
};

/// Reports the first error, at its place in the main file, and says so.
class Diagnostics {
public:
  Diagnostics(llvm::SourceMgr &sources, MLIRContext *context)
      : sources(sources), context(context) {}

  /// In the format, {0} stands for `toString` of the first value.
  template <typename... Ts>
  Failure fail(SMLoc loc, const Note &note, const char *format,
               const Ts &...values) {
    if (hasFailed)
      return {};
    return report(loc, note,
                  llvm::formatv(false, format, toString(values)...).str());
  }
  template <typename... Ts>
  Failure fail(SMLoc loc, const char *format, const Ts &...values) {
    return fail(loc, Note(), format, values...);
  }
  /// Names the nearest of what is known.
  Failure unknown(SMLoc loc, StringRef what, StringRef name,
                  ArrayRef<StringRef> known);
  /// Where ops come from: of those of the prelude, the call from the file.
  Location locate(SMLoc loc) const;

  bool hasFailed = false;
  /// The body that is being evaluated, and its callers.
  Scope *scope = nullptr;
  /// The call of a prelude function being expanded; errors point there.
  SMLoc preludeCall;

protected:
  llvm::SourceMgr &sources;

private:
  Failure report(SMLoc loc, const Note &note, const Twine &message);
  Location locateHere(SMLoc loc) const;

  MLIRContext *context;
};

} // namespace mlir::seqmix::sqm

#endif // SEQMIX_FRONTEND_DIAGNOSTICS_H
