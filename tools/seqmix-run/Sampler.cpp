//===- Sampler.cpp - choose the next token --------------------------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Softmax with a temperature over the K largest logits. The standard library's
// distributions differ between implementations; its generators do not, so the
// draw is made by hand.
//
//===----------------------------------------------------------------------===//

#include "tools/seqmix-run/Sampler.h"

#include "runtime/src/ElementType.h"

#include <algorithm>
#include <cmath>
#include <numeric>

using namespace seqmix;

std::vector<double> seqmix::widenFloats(seqmix_dtype dtype, const void *data,
                                        size_t count) {
  std::vector<double> values(count);
  convertFloats(static_cast<ElementType>(dtype), data, ElementType::F64,
                values.data(), count);
  return values;
}

int64_t seqmix::argmax(const double *values, size_t count) {
  int64_t best = count ? 0 : -1;
  for (size_t i = 0; i != count; ++i) {
    if (std::isnan(values[i]))
      return -1;
    if (values[i] > values[best])
      best = static_cast<int64_t>(i);
  }
  return best;
}

Sampler::Sampler(double temperature, int64_t topK, uint64_t seed)
    : Temperature(temperature), TopK(topK), Generator(seed) {}

int64_t Sampler::choose(const std::vector<double> &logits) {
  int64_t best = argmax(logits.data(), logits.size());
  if (Temperature == 0 || best < 0)
    return best;
  std::vector<int64_t> order(logits.size());
  std::iota(order.begin(), order.end(), 0);
  std::sort(order.begin(), order.end(), [&](int64_t a, int64_t b) {
    return logits[a] != logits[b] ? logits[a] > logits[b] : a < b;
  });
  if (TopK && TopK < order.size())
    order.resize(TopK);
  std::vector<double> cumulative;
  double sum = 0;
  for (int64_t token : order) {
    sum += std::exp((logits[token] - logits[best]) / Temperature);
    cumulative.push_back(sum);
  }
  double drawn = static_cast<double>(Generator() >> 11) * 0x1p-53 * sum;
  size_t place = std::upper_bound(cumulative.begin(), cumulative.end(), drawn) -
                 cumulative.begin();
  return order[std::min(place, order.size() - 1)];
}
