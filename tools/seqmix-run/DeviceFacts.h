//===- DeviceFacts.h - what a model runs on, for people -------*- C++ -*---===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEQMIX_TOOLS_SEQMIX_RUN_DEVICEFACTS_H
#define SEQMIX_TOOLS_SEQMIX_RUN_DEVICEFACTS_H

#include "tools/seqmix-run/Handles.h"
#include "tools/seqmix-run/JsonWriter.h"

#include <seqmix/device.h>

namespace seqmix {

/// The model's device.
seqmix_device_info deviceOf(const ModelHandle &model);

/// It in a few words, with what makes a difference to speed.
std::string deviceText(const ModelHandle &model);

/// It as members of the JSON object that is open.
void writeDevice(JsonWriter &json, const ModelHandle &model);

} // namespace seqmix

#endif // SEQMIX_TOOLS_SEQMIX_RUN_DEVICEFACTS_H
