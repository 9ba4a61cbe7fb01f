//===- Importer.h - evaluates a syntax tree into a model ------------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEQMIX_FRONTEND_IMPORTER_H
#define SEQMIX_FRONTEND_IMPORTER_H

#include "lib/Frontend/AST.h"
#include "lib/Frontend/Import.h"
#include "lib/Frontend/TensorBuilder.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringSet.h"

#include <deque>

namespace mlir::seqmix::sqm {

/// A value and where it comes from, for messages.
struct Operand {
  Val value;
  SMLoc loc;
  /// "q" or "rope(q)"; never empty.
  std::string text;
};

/// The names in force in one body. Bodies do not nest: each call has its own.
struct Scope {
  /// What a name must look like when it is assigned.
  struct Declared {
    Axes axes;
    SMLoc loc;
  };
  /// A mixer's state.
  struct State {
    Ident id;
    Axes axes;
    double init = 0.0;
    bool isAssigned = false;
  };

  const Callable *callable = nullptr;
  /// The call, and where it is written.
  Scope *caller = nullptr;
  SMLoc call;
  /// Prefix of parameter and state names.
  std::string prefix;
  llvm::StringMap<Val> values;
  llvm::StringMap<Axis> axes;
  /// Results and states.
  llvm::StringMap<Declared> declared;
  std::vector<State> states;
  /// Loop variables in force, which layers called here see too.
  std::vector<StringRef> loops;
  std::optional<Val> result;
};

/// Walks the syntax tree once and builds the model as it goes: constants are
/// computed, functions and layers are inlined, loops unrolled.
class Importer {
public:
  Importer(llvm::SourceMgr &sources, const ImportOptions &options,
           MLIRContext *context);

  OwningOpRef<ModuleOp> run();

private:
  // Diagnostics. `fail` reports and always fails; the note is for a second
  // place. What happens in the prelude is located at the call from the file.
  Location locate(SMLoc loc) const;
  Location locateHere(SMLoc loc) const;
  LogicalResult fail(SMLoc loc, const Twine &message);
  LogicalResult fail(SMLoc loc, const Twine &message, SMLoc noteLoc,
                     const Twine &note);
  LogicalResult unknown(SMLoc loc, StringRef what, StringRef name,
                        ArrayRef<StringRef> known);
  /// Points the builder's locations and the errors at `loc`.
  void at(SMLoc loc) { tensors.loc = locate(loc); }

  // The file (Import.cpp, ImportEntry.cpp).
  LogicalResult parse();
  LogicalResult indexCallables();
  LogicalResult checkEntries();
  LogicalResult evalConfig();
  LogicalResult checkDefines(const Callable &entry);
  LogicalResult evalAxes();
  FailureOr<const Callable *> chooseEntry();
  LogicalResult importEntry(const Callable &entry, ModuleOp module);
  LogicalResult declareMixerAxes(const Callable &mixer);
  FailureOr<SmallVector<Operand>> declareInputs(const Callable &entry);
  FailureOr<Val> fromJSON(const Entry &entry, const llvm::json::Value &json);
  const std::string *findDefine(StringRef name) const;

  // Bodies and calls (ImportBody.cpp).
  LogicalResult exec(const Body &body);
  LogicalResult exec(const Stmt &stmt);
  LogicalResult execAssign(const Stmt &stmt);
  LogicalResult execParam(const Stmt &stmt);
  LogicalResult execState(const Stmt &stmt);
  LogicalResult execAxis(const Stmt &stmt);
  LogicalResult execBranch(const Stmt &stmt);
  LogicalResult execLoop(const Stmt &stmt);
  LogicalResult assign(const Ident &target, const Operand &operand);

  // Calls (ImportCall.cpp).
  using Origins = llvm::DenseMap<const NamedAxis *, Axis>;
  FailureOr<SmallVector<Val>> call(const Callable &callee, const Expr &expr);
  LogicalResult checkArity(const Callable &callee, const Expr &expr,
                           size_t tokens, size_t invariants);
  LogicalResult bindAxes(const Callable &callee, ArrayRef<Formal> formals,
                         MutableArrayRef<Operand> operands, Scope &inner,
                         Origins &origins);
  FailureOr<Val> callFunction(const Callable &callee, Scope &inner,
                              ArrayRef<Operand> operands);
  FailureOr<SmallVector<Val>> callLayer(const Callable &callee, Scope &inner,
                                        ArrayRef<Operand> operands);
  FailureOr<SmallVector<Val>> callMixer(const Callable &callee, Scope &inner,
                                        ArrayRef<Operand> operands);
  LogicalResult declareResults(const Callable &callee, Scope &inner);
  FailureOr<SmallVector<Tensor>> takeResults(const Callable &callee,
                                             Scope &inner);
  LogicalResult rename(const Callable &callee, SMLoc loc, Tensor &tensor,
                       const Origins &origins);

  // Expressions (ImportExpr.cpp).
  LogicalResult countStep(SMLoc loc);
  FailureOr<Val> eval(const Expr &expr);
  FailureOr<Val> evalUncounted(const Expr &expr);
  FailureOr<Operand> evalOperand(const Expr &expr);
  FailureOr<Val> evalName(const Expr &expr);
  FailureOr<Val> evalString(const Expr &expr);
  FailureOr<Val> evalIndex(const Expr &expr);
  FailureOr<Val> evalUnary(const Expr &expr);
  FailureOr<Val> evalBinary(const Expr &expr);
  FailureOr<Val> evalLogical(const Expr &expr);
  FailureOr<Val> evalCall(const Expr &expr);
  FailureOr<double> evalNumber(const Expr &expr, StringRef what);
  FailureOr<int64_t> evalInteger(const Expr &expr, StringRef what);
  FailureOr<bool> evalBool(const Expr &expr, StringRef what);
  FailureOr<std::string> evalText(const Expr &expr, StringRef what);
  FailureOr<Val> finite(SMLoc loc, double number);
  FailureOr<Axis> lookupAxis(const AxisExpr &axis);
  FailureOr<Axes> lookupAxes(ArrayRef<AxisExpr> axes);
  FailureOr<const NamedAxis *> makeAxis(const Ident &id, double size);
  const Callable *lookupCallable(StringRef name);

  // Tensors: checks, then the builder (ImportTensor.cpp).
  FailureOr<Tensor> toTensor(const Operand &operand);
  LogicalResult checkSize(ArrayRef<Axis> axes, SMLoc loc);
  FailureOr<Axes> unite(const Operand &a, const Operand &b, SMLoc loc);
  FailureOr<Val> elementwise(TensorBuilder::BinaryFn fn, const Operand &a,
                             const Operand &b, SMLoc loc);
  FailureOr<Tensor> coerce(const Operand &operand, ArrayRef<Axis> axes,
                           const Twine &target, SMLoc declaredAt);
  FailureOr<unsigned> findAxis(const Operand &operand, const Axis &axis,
                               SMLoc loc);

  // Intrinsics (Builtins.cpp, BuiltinShapes.cpp, BuiltinMixers.cpp).
  struct Builtin;
  struct Invocation;
  static ArrayRef<Builtin> builtins();
  static SmallVector<StringRef> builtinNames();
  static const Builtin *findBuiltin(StringRef name);
  FailureOr<Val> callBuiltin(const Builtin &builtin, const Expr &expr);
  FailureOr<Val> builtinUnary(const Invocation &in);
  FailureOr<Val> builtinPow(const Invocation &in);
  FailureOr<Val> builtinReduce(const Invocation &in);
  FailureOr<Val> builtinMinMax(const Invocation &in);
  FailureOr<Val> builtinDot(const Invocation &in);
  FailureOr<Val> builtinLinear(const Invocation &in);
  FailureOr<Val> builtinEmbed(const Invocation &in);
  FailureOr<Val> builtinIota(const Invocation &in);
  FailureOr<Val> builtinSplit(const Invocation &in);
  FailureOr<Val> builtinMerge(const Invocation &in);
  FailureOr<Val> builtinRepeat(const Invocation &in);
  FailureOr<Val> builtinRename(const Invocation &in);
  FailureOr<Val> builtinPart(const Invocation &in);
  FailureOr<Val> builtinJoin(const Invocation &in);
  FailureOr<Val> builtinLen(const Invocation &in);
  FailureOr<Val> builtinShift(const Invocation &in);
  FailureOr<Val> builtinConv(const Invocation &in);
  FailureOr<Val> builtinAttention(const Invocation &in);
  FailureOr<Tensor> toSequence(const Operand &operand, StringRef callee);
  FailureOr<Val> position(SMLoc loc);
  /// A state of the entry; gives its unique name and its value on entry.
  std::pair<std::string, Value> addState(const Twine &name, double init,
                                         RankedTensorType type);
  void setFinalState(StringRef name, Value value);

  llvm::SourceMgr &sources;
  const ImportOptions &options;
  TensorBuilder tensors;
  File prelude, file;
  llvm::StringMap<const Callable *> callables, preludeCallables;
  llvm::StringMap<Val> config;
  llvm::StringMap<Axis> axes;
  std::deque<NamedAxis> namedAxes;

  Scope *scope = nullptr;
  /// The call of a prelude function being expanded; errors point there.
  SMLoc preludeCall;
  /// The scope of the mixer being built.
  Scope *mixer = nullptr;
  unsigned depth = 0;
  int64_t steps = 0;

  // The entry being built.
  struct Param {
    Tensor tensor;
    Type type;
    SMLoc loc;
  };
  llvm::StringMap<Param> params;
  /// Final values, by name, in order of first use; null before they are known.
  llvm::MapVector<StringAttr, Value> states;
  llvm::StringMap<int64_t> limits;
  llvm::StringSet<> ioNames;
  SmallVector<Operand> inputs;
  std::optional<int64_t> maxLength;
  std::optional<Tensor> tokenPosition;
};

} // namespace mlir::seqmix::sqm

#endif // SEQMIX_FRONTEND_IMPORTER_H
