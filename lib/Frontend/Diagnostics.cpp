//===- Diagnostics.cpp - errors and places --------------------------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Frontend/Diagnostics.h"

#include "lib/Frontend/Importer.h"

#include "mlir/IR/Diagnostics.h"
#include "llvm/Support/SourceMgr.h"

using namespace mlir;
using namespace mlir::seqmix::sqm;

Location Diagnostics::locate(SMLoc loc) const {
  return locateHere(preludeCall.isValid() ? preludeCall : loc);
}

Location Diagnostics::locateHere(SMLoc loc) const {
  unsigned main = sources.getMainFileID();
  auto [line, column] = sources.getLineAndColumn(loc, main);
  return FileLineColLoc::get(
      context, sources.getMemoryBuffer(main)->getBufferIdentifier(), line,
      column);
}

Failure Diagnostics::report(SMLoc loc, const Note &note, const Twine &message) {
  if (hasFailed)
    return {};
  hasFailed = true;
  std::string within;
  const Scope *inner = scope;
  for (; inner && inner->callable && inner->callable->inPrelude;
       inner = inner->caller)
    within = inner->callable->id.name.str() + ": ";
  InFlightDiagnostic diagnostic = emitError(locate(loc), within + message);
  if (note.loc.isValid() && within.empty())
    diagnostic.attachNote(locateHere(note.loc)) << note.text;
  // The call of the entry is not written anywhere.
  for (;
       inner && inner->call.isValid() && inner->call != inner->callable->id.loc;
       inner = inner->caller)
    diagnostic.attachNote(locateHere(inner->call))
        << "in " << toString(*inner->callable) << " called here";
  return {};
}

Failure Diagnostics::unknown(SMLoc loc, StringRef what, StringRef name,
                             ArrayRef<StringRef> known) {
  StringRef nearest;
  // One letter in three may be wrong, but not the only one.
  unsigned best = name.size() < 2 ? 0 : (name.size() + 2) / 3 + 1;
  for (StringRef candidate : known) {
    unsigned distance = name.edit_distance(candidate, true, best);
    // The order of a hash table must not show.
    if (distance < best ||
        (distance == best && !nearest.empty() && candidate < nearest)) {
      best = distance;
      nearest = candidate;
    }
  }
  std::string hint;
  if (!nearest.empty())
    hint = "; did you mean '" + nearest.str() + "'?";
  return fail(loc, "unknown {0} '{1}'{2}", what, name, hint);
}
