//===- EmitManifest.cpp - the tables a compiled model carries -------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The structs of model_abi.h as LLVM constants, member by member in the
// header's order; LLVM lays them out as C does.
//
//===----------------------------------------------------------------------===//

#include "lib/Target/EmitManifest.h"

#include "lib/Analysis/ModelInterface.h"
#include "runtime/include/seqmix/model_abi.h"

#include "llvm/IR/Constants.h"
#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/Module.h"

using namespace mlir::seqmix;
using llvm::ArrayRef;
using llvm::Constant;
using llvm::StringRef;

namespace {
/// Builds constants in one module.
class TableBuilder {
public:
  explicit TableBuilder(llvm::Module &module)
      : module(module), context(module.getContext()) {}

  Constant *u32(uint32_t value) {
    return llvm::ConstantInt::get(llvm::Type::getInt32Ty(context), value);
  }
  Constant *u64(uint64_t value) {
    return llvm::ConstantInt::get(llvm::Type::getInt64Ty(context), value);
  }
  Constant *f64(double value) {
    return llvm::ConstantFP::get(llvm::Type::getDoubleTy(context), value);
  }
  Constant *text(StringRef value) {
    return global(llvm::ConstantDataArray::getString(context, value));
  }
  Constant *record(ArrayRef<Constant *> members) {
    return llvm::ConstantStruct::getAnon(context, members);
  }
  /// A table of records of one type; null if it is empty.
  Constant *table(ArrayRef<Constant *> records) {
    if (records.empty())
      return llvm::ConstantPointerNull::get(
          llvm::PointerType::getUnqual(context));
    return global(llvm::ConstantArray::get(
        llvm::ArrayType::get(records.front()->getType(), records.size()),
        records));
  }
  Constant *global(Constant *value) {
    auto *variable = new llvm::GlobalVariable(
        module, value->getType(), /*isConstant=*/true,
        llvm::GlobalValue::PrivateLinkage, value, "seqmix_table");
    variable->setUnnamedAddr(llvm::GlobalValue::UnnamedAddr::Global);
    return variable;
  }
  Constant *tensor(const TensorEntry &entry);

  llvm::Module &module;
  llvm::LLVMContext &context;
};
} // namespace

static uint32_t getDtype(mlir::Type element) {
  if (element.isF64())
    return SEQMIX_ABI_F64;
  if (element.isInteger(32))
    return SEQMIX_ABI_I32;
  if (element.isInteger(64))
    return SEQMIX_ABI_I64;
  if (element.isInteger(8))
    return SEQMIX_ABI_I8;
  if (element.isBF16())
    return SEQMIX_ABI_BF16;
  if (element.isF16())
    return SEQMIX_ABI_F16;
  return SEQMIX_ABI_F32;
}

Constant *TableBuilder::tensor(const TensorEntry &entry) {
  llvm::SmallVector<Constant *> shape;
  for (int64_t extent : entry.type.getShape())
    shape.push_back(u64(extent));
  return record({text(entry.name), u32(getDtype(entry.type.getElementType())),
                 u32(entry.type.getRank()), table(shape)});
}

/// `const seqmix_abi_model *seqmix_model_query(uint32_t version)`.
static void emitQuery(TableBuilder &b, Constant *model) {
  auto *pointer = llvm::PointerType::getUnqual(b.context);
  auto *type = llvm::FunctionType::get(
      pointer, {llvm::Type::getInt32Ty(b.context)}, /*isVarArg=*/false);
  auto *query = llvm::Function::Create(type, llvm::GlobalValue::ExternalLinkage,
                                       SEQMIX_MODEL_QUERY_SYMBOL, b.module);
  llvm::IRBuilder<> builder(
      llvm::BasicBlock::Create(b.context, "entry", query));
  llvm::Value *spoken =
      builder.CreateICmpEQ(query->getArg(0), b.u32(SEQMIX_ABI_VERSION));
  builder.CreateRet(builder.CreateSelect(
      spoken, model, llvm::ConstantPointerNull::get(pointer)));
}

static Constant *emitTarget(TableBuilder &b, const ModelInterface &interface,
                            const TargetEntry &target) {
  llvm::SmallVector<Constant *> entries, kernels;
  auto function = [&](StringRef name) {
    return b.module.getFunction((target.prefix + name).str());
  };
  for (const EntryPoint &entry : interface.entries)
    entries.push_back(
        b.record({b.text(entry.name), b.u64(entry.length),
                  function(EntryPoint::getWorkspaceFunction(entry.name)),
                  function(EntryPoint::getFunction(entry.name))}));
  for (const KernelEntry &kernel : target.kernels)
    kernels.push_back(
        b.record({b.text(kernel.name), b.u32(kernel.numArguments),
                  b.u32(kernel.threads), b.u32(kernel.sharedBytes), b.u32(0)}));
  Constant *code = target.module.empty() ? b.table({}) : b.text(target.module);
  return b.record({b.text(target.name), b.u32(target.device),
                   b.u32(target.capability), b.u32(target.isExact),
                   b.u32(entries.size()), b.u32(kernels.size()), b.u32(0),
                   b.table(entries), b.table(kernels), code});
}

void mlir::seqmix::emitManifest(llvm::Module &module,
                                const ModelInterface &interface,
                                ArrayRef<TargetEntry> targets,
                                StringRef producer) {
  TableBuilder b(module);
  for (llvm::Function &function : module)
    if (!function.isDeclaration())
      function.setLinkage(llvm::GlobalValue::InternalLinkage);

  llvm::SmallVector<Constant *> inputs, outputs, params, states, code;
  for (const InputEntry &input : interface.inputs)
    inputs.push_back(b.record({b.tensor(input), b.u64(input.limit)}));
  for (const TensorEntry &output : interface.outputs)
    outputs.push_back(b.tensor(output));
  for (const TensorEntry &param : interface.params)
    params.push_back(b.tensor(param));
  for (const StateEntry &state : interface.states)
    states.push_back(
        b.record({b.tensor(state), b.u64(state.offset), b.f64(state.init)}));
  for (const TargetEntry &target : targets)
    code.push_back(emitTarget(b, interface, target));

  Constant *model = b.global(b.record(
      {b.u32(SEQMIX_ABI_MAGIC), b.u32(SEQMIX_ABI_VERSION),
       b.u64(sizeof(seqmix_abi_model)), b.text(interface.name),
       b.text(producer), b.u64(interface.stateBytes),
       b.u64(interface.getStateId()), b.u64(interface.maxLength),
       b.u32(inputs.size()), b.u32(outputs.size()), b.u32(params.size()),
       b.u32(states.size()), b.u32(code.size()), b.u32(0), b.table(inputs),
       b.table(outputs), b.table(params), b.table(states), b.table(code)}));
  emitQuery(b, model);
}
