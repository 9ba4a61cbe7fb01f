//===- Regimes.cpp - what a mixer is tried with ---------------------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Forms differ where something is forgotten at once, or overflows in the middle
// of a sum that is harmless as a whole. Both take extreme gates, so each tensor
// is taken for the gate in turn.
//
//===----------------------------------------------------------------------===//

#include "lib/Driver/Regimes.h"

#include "lib/Driver/NormalSource.h"

#include <cmath>

using namespace mlir::seqmix;

/// Extreme as an exponent and as an argument of a sigmoid.
static constexpr double extreme = 100;
/// One token in so many is special.
static constexpr int64_t rarity = 8;

std::vector<Regime> mlir::seqmix::listRegimes(const MixerTensors &tensors) {
  std::vector<Regime> regimes = {{"normal"}, {"small", 1.0 / 64}};
  size_t index = 0;
  auto add = [&](const std::vector<TensorFacts> &table) {
    for (const TensorFacts &tensor : table) {
      if (tensor.isFloat && tensor.count)
        for (auto [value, text] :
             {std::pair(-extreme, " at -100"), std::pair(extreme, " at 100"),
              std::pair(0.0, " at 0")})
          regimes.push_back({tensor.name + text, 1, index, value});
      ++index;
    }
  };
  add(tensors.inputs);
  add(tensors.params);
  return regimes;
}

namespace {
class Source {
public:
  Source(uint64_t seed, Spread spread) : numbers(seed), spread(spread) {}

  double normal(int sign) {
    double value = numbers.next() * spread.scale;
    if (sign || spread.isPositive)
      value = sign < 0 ? -std::abs(value) : std::abs(value);
    return static_cast<float>(value);
  }
  /// True once in `n` times.
  bool once(int64_t n) { return numbers.bits() % n == 0; }

private:
  NormalSource numbers;
  Spread spread;
};
} // namespace

/// Puts `value` at some tokens: at half of these everywhere, at the others at
/// some elements. A parameter is one token.
static void makeSpecial(std::vector<double> &tensor, int64_t count,
                        double value, bool isParam, Source &source) {
  for (size_t first = 0; first < tensor.size(); first += count) {
    if (!isParam && !source.once(rarity))
      continue;
    bool isWhole = !isParam && source.once(2);
    for (int64_t i = 0; i != count; ++i)
      if (isWhole || source.once(isParam ? 4 : 2))
        tensor[first + i] = value;
  }
}

Draw mlir::seqmix::drawRegime(const MixerTensors &tensors, const Regime &regime,
                              Spread spread, uint64_t seed, int64_t batch,
                              int64_t length) {
  spread.scale *= regime.scale;
  Source source(seed, spread);
  Draw draw;
  size_t drawn = 0;
  auto fill = [&](const TensorFacts &tensor, int64_t copies) {
    size_t index = drawn++;
    int sign = index < spread.signs.size() ? spread.signs[index] : 0;
    std::vector<double> values(tensor.count * copies);
    for (double &value : values)
      value = tensor.isFloat ? source.normal(sign) : source.once(2);
    return values;
  };
  for (const TensorFacts &input : tensors.inputs)
    draw.inputs.push_back(fill(input, batch * length));
  for (const TensorFacts &param : tensors.params)
    draw.params.push_back(fill(param, 1));
  for (auto [state, init] : llvm::zip_equal(tensors.states, tensors.inits))
    // What does not begin at zero is no mere number: an exponent, say.
    draw.initial.push_back(state.isFloat && init == 0 ? fill(state, batch)
                                                      : std::vector<double>());
  if (!regime.tensor)
    return draw;
  size_t index = *regime.tensor, numInputs = tensors.inputs.size();
  if (index < numInputs)
    makeSpecial(draw.inputs[index], tensors.inputs[index].count, regime.value,
                /*isParam=*/false, source);
  else
    makeSpecial(draw.params[index - numInputs],
                tensors.params[index - numInputs].count, regime.value,
                /*isParam=*/true, source);
  return draw;
}

Draw mlir::seqmix::moveByRounding(const MixerTensors &tensors, const Draw &draw,
                                  uint64_t seed) {
  constexpr double half = 0x1p-24;
  NormalSource source(seed);
  Draw moved = draw;
  auto move = [&](const std::vector<TensorFacts> &table, Values &values) {
    for (auto [tensor, numbers] : llvm::zip_equal(table, values))
      if (tensor.isFloat)
        for (double &x : numbers)
          x *= source.bits() & 1 ? 1 + half : 1 - half;
  };
  move(tensors.inputs, moved.inputs);
  move(tensors.params, moved.params);
  move(tensors.states, moved.initial);
  return moved;
}
