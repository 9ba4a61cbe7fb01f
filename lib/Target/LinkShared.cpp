//===- LinkShared.cpp - from object to shared library ---------------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// lld as a library. The object and the result go through temporary files
// beside the output, so that a reader of the output never sees half of it.
//
//===----------------------------------------------------------------------===//

#include "lib/Target/LinkShared.h"

#include "lib/Target/Processor.h"

#include "lld/Common/Driver.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FileUtilities.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"
#include "llvm/TargetParser/Triple.h"

#include <deque>

LLD_HAS_DRIVER(elf)

using llvm::StringRef;

/// Where the C library's shared objects lie on the usual Linux systems.
static constexpr const char *kLibraryFolders[] = {
    "-L/lib/x86_64-linux-gnu",
    "-L/usr/lib/x86_64-linux-gnu",
    "-L/lib/aarch64-linux-gnu",
    "-L/usr/lib/aarch64-linux-gnu",
    "-L/lib64",
    "-L/usr/lib64",
    "-L/usr/lib",
};

static llvm::Error describe(StringRef what, StringRef path,
                            std::error_code code) {
  return llvm::createStringError("%s '%s': %s", what.str().c_str(),
                                 path.str().c_str(), code.message().c_str());
}

static llvm::Error runLinker(llvm::SmallVector<const char *> arguments,
                             StringRef path) {
  arguments.insert(arguments.begin(), {"ld.lld", "-shared"});
  std::string output, errors;
  llvm::raw_string_ostream outputStream(output), errorStream(errors);
  lld::Result result = lld::lldMain(arguments, outputStream, errorStream,
                                    {{lld::Gnu, &lld::elf::link}});
  if (result.retCode != 0)
    return llvm::createStringError("cannot link '%s': %s", path.str().c_str(),
                                   StringRef(errors).trim().str().c_str());
  return llvm::Error::success();
}

static llvm::Error writeObject(llvm::ArrayRef<char> object, int descriptor,
                               StringRef path) {
  llvm::raw_fd_ostream stream(descriptor, /*shouldClose=*/true);
  stream.write(object.data(), object.size());
  stream.close();
  if (!stream.has_error())
    return llvm::Error::success();
  std::error_code code = stream.error();
  stream.clear_error();
  return describe("cannot write", path, code);
}

namespace {
/// What stands for the libraries of another machine, which this one need not
/// have: all that the result takes from them is their names.
class Stubs {
public:
  llvm::Error make(const llvm::Triple &triple, StringRef model,
                   StringRef path) {
    const char *emulation = triple.isX86() ? "elf_x86_64" : "aarch64linux";
    for (StringRef library : {"libm.so.6", "libc.so.6"}) {
      llvm::SmallString<128> &stub = paths.emplace_back();
      llvm::sys::fs::createUniquePath(model + "." + library, stub,
                                      /*MakeAbsolute=*/false);
      removers.push_back(std::make_unique<llvm::FileRemover>(stub));
      std::string soname = ("-soname=" + library).str();
      if (llvm::Error error =
              runLinker({"-m", emulation, "-o", stub.c_str(), soname.c_str(),
                         "-b", "binary", "/dev/null"},
                        path))
        return error;
    }
    return llvm::Error::success();
  }

  std::deque<llvm::SmallString<128>> paths;

private:
  std::vector<std::unique_ptr<llvm::FileRemover>> removers;
};
} // namespace

llvm::Error mlir::seqmix::linkShared(llvm::ArrayRef<char> object,
                                     StringRef path,
                                     const llvm::Triple &triple) {
  // The result is renamed to its place, which would replace a device.
  llvm::sys::fs::file_status status;
  if (!llvm::sys::fs::status(path, status) &&
      !llvm::sys::fs::is_regular_file(status))
    return llvm::createStringError(
        "cannot write '%s': it is not a regular file", path.str().c_str());
  llvm::SmallString<128> objectPath, linkedPath;
  int descriptor;
  std::string model = (path + ".%%%%%%").str();
  if (auto code =
          llvm::sys::fs::createUniqueFile(model + ".o", descriptor, objectPath))
    return describe("cannot write", path, code);
  llvm::FileRemover removeObject(objectPath);
  if (llvm::Error error = writeObject(object, descriptor, objectPath))
    return error;
  llvm::sys::fs::createUniquePath(model, linkedPath, /*MakeAbsolute=*/false);
  llvm::FileRemover removeLinked(linkedPath);

  std::string soname = ("-soname=" + llvm::sys::path::filename(path)).str();
  llvm::SmallVector<const char *> arguments = {"-o",
                                               linkedPath.c_str(),
                                               objectPath.c_str(),
                                               soname.c_str(),
                                               "--build-id",
                                               "--gc-sections",
                                               "-z",
                                               "now",
                                               "-z",
                                               "noexecstack"};
  Stubs stubs;
  if (isOfThisMachine(triple)) {
    arguments.append({"--no-undefined", "-l:libm.so.6", "-l:libc.so.6"});
    llvm::append_range(arguments, kLibraryFolders);
  } else {
    if (llvm::Error error = stubs.make(triple, model, path))
      return error;
    for (llvm::SmallString<128> &stub : stubs.paths)
      arguments.push_back(stub.c_str());
  }
  if (llvm::Error error = runLinker(arguments, path))
    return error;
  if (auto code = llvm::sys::fs::rename(linkedPath, path))
    return describe("cannot write", path, code);
  return llvm::Error::success();
}
