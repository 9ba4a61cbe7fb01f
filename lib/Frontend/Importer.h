//===- Importer.h - evaluates a syntax tree into a model ------------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEQMIX_FRONTEND_IMPORTER_H
#define SEQMIX_FRONTEND_IMPORTER_H

#include "lib/Frontend/Import.h"
#include "lib/Frontend/TensorBuilder.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringSet.h"

#include <deque>

namespace mlir::seqmix::sqm {

/// The names in force in one body. Bodies do not nest: each call has its own.
struct Scope {
  /// A result or state: what it must look like when it is assigned.
  struct Declared {
    Axes axes;
    SMLoc loc;
    /// The first value of a state.
    std::optional<double> init = std::nullopt;
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
  /// The argument that gave an axis of the signature its size, and the axis of
  /// the caller that it stands for.
  llvm::StringMap<std::string> boundBy;
  llvm::DenseMap<const NamedAxis *, Axis> origins;
  llvm::MapVector<StringRef, Declared> declared;
  /// Loop variables in force, which layers called here see too.
  std::vector<StringRef> loops;
  std::optional<Val> result;
};

struct Builtin;

/// Walks the syntax tree once and builds the model as it goes: constants are
/// computed, functions and layers are inlined, loops unrolled.
///
/// The first error ends the import: from then on no statement runs and values
/// mean nothing. Whoever builds an op of values just evaluated asks `hasFailed`
/// before.
class Importer : public Diagnostics {
public:
  Importer(llvm::SourceMgr &sources, const ImportOptions &options,
           MLIRContext *context);

  OwningOpRef<ModuleOp> run();

  // Constants (ImportExpr.cpp).
  double evalNumber(const Expr &expr, StringRef what);
  int64_t evalInteger(const Expr &expr, StringRef what);
  void countSteps(SMLoc loc, int64_t count = 1);
  /// What -D or the configuration says, also if it is null; or null.
  const llvm::json::Value *findGiven(StringRef name) const;

  TensorBuilder tensors;
  /// The scope of the mixer being built.
  Scope *mixer = nullptr;
  // Of the entry being built.
  SmallVector<Operand> inputs;
  SmallVector<int64_t> inputLimits;
  std::optional<int64_t> maxLength;
  std::optional<Tensor> tokenPosition;

private:
  /// Refuses a name that is among those declared before.
  void declareOnce(llvm::StringMap<SMLoc> &names, const Ident &id);
  /// Points the builder's locations at `loc`.
  void at(SMLoc loc) { tensors.loc = locate(loc); }

  // The file (Import.cpp).
  void indexDeclarations();
  const Callable *chooseEntry();
  void addMixerAxes(const Callable &mixer);
  void readDefines(const Callable &entry);
  void evalConfig();
  void evalAxes();

  void importEntry(const Callable &entry, ModuleOp module);
  void declareInputs(ArrayRef<Formal> params, Scope &inner);
  SmallVector<Val> callEntry(const Callable &mixer);

  // Statements (ImportBody.cpp).
  void exec(const Body &body);
  void exec(const Stmt &stmt);
  void execAssign(const Stmt &stmt);
  void execParam(const Stmt &stmt);
  void execState(const Stmt &stmt);
  void execLoop(const Stmt &stmt);
  void execRequire(const Stmt &stmt);
  void assign(const Ident &target, const Operand &operand);
  Operand declareParam(const Ident &id, const std::string &name,
                       ArrayRef<AxisExpr> axes);

  // Calls (ImportCall.cpp).
  SmallVector<Val> call(const Callable &callee, const Expr &expr);
  SmallVector<Val> expand(Scope &inner, MutableArrayRef<Operand> operands);
  void checkCall(const Callable &callee, const Expr &expr);
  void bindAxes(MutableArrayRef<Operand> operands, Scope &inner);
  void bindAxis(const Ident &id, const Axis &actual, const Operand &operand,
                Scope &inner);
  Axes formalAxes(const Formal &formal, Scope &inner);
  SmallVector<Val> execBody(const Callable &callee);
  Val toCaller(Tensor result, const Scope &inner);
  struct MixerCall;
  SmallVector<Val> callMixer(ArrayRef<Operand> operands, Scope &inner);
  void passToMixer(ArrayRef<Operand> operands, Scope &inner, MixerCall &to);
  SmallVector<Val> buildToken(Scope &inner, Block &body);

  // Expressions (ImportExpr.cpp).
  Val eval(const Expr &expr);
  Val evalUncounted(const Expr &expr);
  Operand evalOperand(const Expr &expr);
  Val evalName(const Expr &expr);
  Val evalString(const Expr &expr);
  Val evalIndex(const Expr &expr);
  Val evalList(const Expr &expr);
  Val evalEntry(const Expr &expr);
  Val evalUnary(const Expr &expr);
  Val evalBinary(const Expr &expr);
  Val evalLogical(const Expr &expr);
  Val evalCall(const Expr &expr);
  /// A constant of this type, or an error that names `what` it is for.
  template <typename T> T evalConstant(const Expr &expr, StringRef what) {
    return toConstant<T>({eval(expr), expr.loc, ""}, what);
  }
  template <typename T> T toConstant(const Operand &operand, StringRef what) {
    if (const T *constant = std::get_if<T>(&operand.value.data))
      return *constant;
    StringRef kind = std::is_same_v<T, double> ? "a constant number"
                     : std::is_same_v<T, bool> ? "a constant true or false"
                                               : "a string";
    return fail(operand.loc, "{0} must be {1} but is {2}", what, kind,
                operand.value);
  }
  bool isConfigEntry(StringRef name) const;
  const Callable *lookupCallable(StringRef name);
  Val callBuiltin(const Builtin &builtin, const Expr &expr);
  Axis makeAxis(const Ident &id, double size);
  Axis lookupAxis(const AxisExpr &axis);
  Axes lookupAxes(ArrayRef<AxisExpr> axes);

  const ImportOptions &options;
  llvm::json::Object defines;
  File prelude, file;
  llvm::StringMap<const Callable *> callables, preludeCallables;
  llvm::StringMap<Val> config;
  llvm::StringMap<Axis> axes;
  std::deque<NamedAxis> namedAxes;

  unsigned depth = 0;
  int64_t steps = 0;
};

} // namespace mlir::seqmix::sqm

#endif // SEQMIX_FRONTEND_IMPORTER_H
