//===- CublasLt.cpp - the vendor's matrix product -------------------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The library's matrices are column-major, so a row-major matrix is its own
// transpose there: for c = a b^T it is asked for c^T = b a^T, with b marked as
// transposed. Products are accumulated in f32 and never rounded to TF32, which
// has to be asked for. What the library needs to know of a product, and the
// algorithm it chose, is kept for the next product like it.
//
//===----------------------------------------------------------------------===//

#include "runtime/src/CublasLt.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <map>
#include <mutex>
#include <vector>

#include <dlfcn.h>

using namespace seqmix;

namespace {
/// The library's types: handles, and two structs whose size is part of its ABI.
using BlasStatus = int;
using Handle = struct OpaqueHandle *;
using Desc = struct OpaqueDesc *;
using Layout = struct OpaqueLayout *;
using Preference = struct OpaquePreference *;
struct Algorithm {
  uint64_t data[8];
};
struct Choice {
  Algorithm algorithm;
  size_t workspaceBytes;
  BlasStatus state;
  float waves;
  int reserved[4];
};

/// The library's numbers.
constexpr int typeF32 = 0;
constexpr int typeBF16 = 14;
constexpr int computeF32 = 68;
constexpr int descTransposeA = 3;
constexpr int operationTranspose = 1;
constexpr int preferWorkspaceBytes = 1;
constexpr int preferAlignments[] = {5, 6, 7, 8}; // of a, b, c, d

/// Up to this many rows of `a` a product is one of a matrix and few vectors,
/// for which compiled code has kernels that read the weights at full speed.
constexpr int64_t fewRows = 16;

/// What makes two products alike: extents, strides, type, alignments.
using Key = std::array<int64_t, 8>;

/// The functions of the library.
struct Functions {
#define SEQMIX_CUBLASLT_SYMBOL(member, symbol, result, signature)              \
  using member##_signature = result signature;                                 \
  member##_signature *member = nullptr;
#include "runtime/src/CublasLt.def"

  /// Finds all of them; the name of one that is not there, or null.
  const char *find(void *library);
};

/// A product prepared. Destroys what it has of it.
class Plan {
public:
  Plan(const Functions &library) : Library(library) {}
  ~Plan();
  Plan(const Plan &) = delete;
  Plan &operator=(const Plan &) = delete;

  bool prepare(Handle handle, const seqmix_abi_matmul &product,
               uint32_t alignment);

  Desc Product = nullptr;
  Layout A = nullptr, B = nullptr, C = nullptr; // a of the library is b
  Choice Chosen = {};

private:
  bool choose(Handle handle, uint32_t alignment);

  const Functions &Library;
};
} // namespace

struct CublasLt::Impl {
  Functions Library;
  Handle Opened = nullptr;
  std::mutex Lock;
  std::map<Key, std::unique_ptr<Plan>> Plans; // null: it cannot be done
};

const char *Functions::find(void *library) {
#define SEQMIX_CUBLASLT_SYMBOL(member, symbol, result, signature)              \
  member = reinterpret_cast<member##_signature *>(dlsym(library, symbol));     \
  if (!member)                                                                 \
    return symbol;
#include "runtime/src/CublasLt.def"
  return nullptr;
}

Plan::~Plan() {
  if (Product)
    Library.descDestroy(Product);
  for (Layout layout : {A, B, C})
    if (layout)
      Library.layoutDestroy(layout);
}

bool Plan::prepare(Handle handle, const seqmix_abi_matmul &product,
                   uint32_t alignment) {
  int type = product.a_dtype == SEQMIX_ABI_F32 ? typeF32 : typeBF16;
  return Library.descCreate(&Product, computeF32, typeF32) == 0 &&
         Library.descSet(Product, descTransposeA, &operationTranspose,
                         sizeof(operationTranspose)) == 0 &&
         Library.layoutCreate(&A, type, product.k, product.n,
                              product.b_stride) == 0 &&
         Library.layoutCreate(&B, type, product.k, product.m,
                              product.a_stride) == 0 &&
         Library.layoutCreate(&C, typeF32, product.n, product.m,
                              product.c_stride) == 0 &&
         choose(handle, alignment);
}

bool Plan::choose(Handle handle, uint32_t alignment) {
  Preference preference = nullptr;
  if (Library.preferenceCreate(&preference) != 0)
    return false;
  uint64_t bytes = CublasLt::workspaceBytes;
  bool ok = Library.preferenceSet(preference, preferWorkspaceBytes, &bytes,
                                  sizeof(bytes)) == 0;
  for (int attribute : preferAlignments)
    ok &= Library.preferenceSet(preference, attribute, &alignment,
                                sizeof(alignment)) == 0;
  int found = 0;
  ok = ok &&
       Library.heuristic(handle, Product, A, B, C, C, preference, 1, &Chosen,
                         &found) == 0 &&
       found == 1 && Chosen.state == 0 && Chosen.workspaceBytes <= bytes;
  Library.preferenceDestroy(preference);
  return ok;
}

CublasLt::CublasLt() : Shared(std::make_unique<Impl>()) {}

CublasLt::~CublasLt() {
  Shared->Plans.clear();
  if (Shared->Opened)
    Shared->Library.destroy(Shared->Opened);
}

/// Opens the library under one of its names, which `name` becomes.
static void *openLibrary(const char *chosen, std::string &name) {
  std::vector<std::string> names = {"libcublasLt.so.13", "libcublasLt.so.12",
                                    "libcublasLt.so"};
  if (chosen)
    names = {chosen};
  for (const std::string &candidate : names) {
    name = candidate;
    // Its own threads and the driver's hooks outlive any use of it.
    if (void *library =
            dlopen(candidate.c_str(), RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE))
      return library;
  }
  return nullptr;
}

std::unique_ptr<CublasLt> CublasLt::open(std::string &name) {
  const char *chosen = std::getenv("SEQMIX_CUBLASLT");
  if (chosen && std::string(chosen) == "0") {
    name = "own kernels: SEQMIX_CUBLASLT is 0";
    return nullptr;
  }
  void *library = openLibrary(chosen && *chosen ? chosen : nullptr, name);
  if (!library) {
    name = "own kernels: " + name + " was not found";
    return nullptr;
  }
  std::unique_ptr<CublasLt> opened(new CublasLt());
  Functions &functions = opened->Shared->Library;
  if (const char *missing = functions.find(library)) {
    name = "own kernels: " + name + " lacks " + missing;
    return nullptr;
  }
  if (BlasStatus status = functions.create(&opened->Shared->Opened)) {
    opened->Shared->Opened = nullptr;
    name = "own kernels: " + name + " does not start, with status " +
           std::to_string(status);
    return nullptr;
  }
  size_t version = functions.getVersion();
  name = "cuBLASLt " + std::to_string(version / 10000) + "." +
         std::to_string(version / 100 % 100);
  return opened;
}

/// The largest power of two up to 256 that all addresses are a multiple of.
static uint32_t commonAlignment(const seqmix_abi_matmul &product) {
  uintptr_t bits = reinterpret_cast<uintptr_t>(product.a) |
                   reinterpret_cast<uintptr_t>(product.b) |
                   reinterpret_cast<uintptr_t>(product.c) | 256;
  return static_cast<uint32_t>(bits & -bits);
}

bool CublasLt::multiply(const seqmix_abi_matmul &product,
                        cuda::Address workspace, cuda::Stream stream) {
  bool known = (product.a_dtype == SEQMIX_ABI_F32 ||
                product.a_dtype == SEQMIX_ABI_BF16) &&
               product.a_dtype == product.b_dtype &&
               product.c_dtype == SEQMIX_ABI_F32;
  if (!known || product.m <= fewRows || product.n < 1 || product.k < 1)
    return false;
  uint32_t alignment = commonAlignment(product);
  Key key = {product.m,        product.n,        product.k,
             product.a_stride, product.b_stride, product.c_stride,
             product.a_dtype,  alignment};
  const Plan *plan;
  {
    std::lock_guard<std::mutex> guard(Shared->Lock);
    auto [place, isNew] = Shared->Plans.try_emplace(key);
    if (isNew) {
      auto prepared = std::make_unique<Plan>(Shared->Library);
      if (prepared->prepare(Shared->Opened, product, alignment))
        place->second = std::move(prepared);
    }
    plan = place->second.get();
  }
  const float one = 1, zero = 0;
  return plan && Shared->Library.matmul(
                     Shared->Opened, plan->Product, &one, product.b, plan->A,
                     product.a, plan->B, &zero, product.c, plan->C, product.c,
                     plan->C, &plan->Chosen.algorithm,
                     reinterpret_cast<void *>(uintptr_t(workspace)),
                     workspaceBytes, stream) == 0;
}
