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

#include "lld/Common/Driver.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FileUtilities.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"

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

llvm::Error mlir::seqmix::linkShared(llvm::ArrayRef<char> object,
                                     StringRef path) {
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
  {
    llvm::raw_fd_ostream stream(descriptor, /*shouldClose=*/true);
    stream.write(object.data(), object.size());
    stream.close();
    if (stream.has_error()) {
      std::error_code code = stream.error();
      stream.clear_error();
      return describe("cannot write", objectPath, code);
    }
  }
  llvm::sys::fs::createUniquePath(model, linkedPath, /*MakeAbsolute=*/false);
  llvm::FileRemover removeLinked(linkedPath);

  std::string soname = ("-soname=" + llvm::sys::path::filename(path)).str();
  llvm::SmallVector<const char *> arguments = {"ld.lld",
                                               "-shared",
                                               "-o",
                                               linkedPath.c_str(),
                                               objectPath.c_str(),
                                               soname.c_str(),
                                               "--build-id",
                                               "--gc-sections",
                                               "-z",
                                               "now",
                                               "-z",
                                               "noexecstack",
                                               "--no-undefined",
                                               "-l:libm.so.6",
                                               "-l:libc.so.6"};
  llvm::append_range(arguments, kLibraryFolders);
  std::string output, errors;
  llvm::raw_string_ostream outputStream(output), errorStream(errors);
  lld::Result result = lld::lldMain(arguments, outputStream, errorStream,
                                    {{lld::Gnu, &lld::elf::link}});
  if (result.retCode != 0)
    return llvm::createStringError("cannot link '%s': %s", path.str().c_str(),
                                   StringRef(errors).trim().str().c_str());
  if (auto code = llvm::sys::fs::rename(linkedPath, path))
    return describe("cannot write", path, code);
  return llvm::Error::success();
}
