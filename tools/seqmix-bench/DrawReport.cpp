//===- DrawReport.cpp - what was measured, as a picture -------------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tools/seqmix-bench/Report.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/Twine.h"
#include "llvm/Support/Format.h"

#include <cmath>

using namespace seqmix;
using llvm::format;
using llvm::StringRef;

static constexpr double left = 150, width = 420, barHeight = 22, top = 50;
static constexpr double plotHeight = 260;
static const char *const colors[] = {"#1f77b4", "#d62728", "#2ca02c",
                                     "#9467bd", "#ff7f0e", "#8c564b"};

namespace {
/// A share of a ceiling.
struct Bar {
  std::string label, text;
  double share; ///< 0 .. 1
};

/// Tokens per second by length.
struct Curve {
  std::string label;
  llvm::SmallVector<std::pair<double, double>> points;
};
} // namespace

static std::vector<Bar> collectBars(const Report &report) {
  std::vector<Bar> bars;
  for (const Row &row : report.getRows()) {
    StringRef name = row.name;
    if (!(name.consume_front("mixer/") || name.consume_front("dense/")) ||
        name.ends_with("/reference") || name.ends_with("/by_token") ||
        row.seconds == 0)
      continue;
    double computed = row.computed(), moved = row.moved();
    bool isComputed = computed > moved;
    double share = isComputed ? computed : moved;
    std::string text;
    llvm::raw_string_ostream(text) << format(
        "%.1f %% of %s", 100 * share, isComputed ? "FMA" : row.memory.c_str());
    bars.push_back({name.str(), text, std::min(share, 1.0)});
  }
  return bars;
}

static std::vector<Curve> collectCurves(const Report &report) {
  std::vector<Curve> curves;
  for (const Row &row : report.getRows()) {
    StringRef name = row.name;
    if (!name.consume_front("model/") || name.ends_with("/step") ||
        row.seconds == 0)
      continue;
    std::string label = name.rsplit('/').first.str();
    if (curves.empty() || curves.back().label != label)
      curves.push_back({label, {}});
    curves.back().points.emplace_back(row.tokens, row.tokens / row.seconds);
  }
  return curves;
}

static void drawText(llvm::raw_ostream &out, double x, double y,
                     const char *anchor, const llvm::Twine &text) {
  out << format("<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\">", x, y, anchor)
      << text << "</text>\n";
}

/// Returns where the bars end.
static double drawBars(llvm::ArrayRef<Bar> bars, llvm::raw_ostream &out) {
  double y = top;
  for (const Bar &bar : bars) {
    drawText(out, left - 8, y + 15, "end", bar.label);
    out << format("<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" "
                  "fill=\"#1f77b4\"/>\n",
                  left, y + 3, width * bar.share, barHeight - 6);
    drawText(out, left + width * bar.share + 6, y + 15, "start", bar.text);
    y += barHeight;
  }
  out << format("<path d=\"M %.1f %.1f V %.1f M %.1f %.1f V %.1f\" "
                "stroke=\"#888\" fill=\"none\"/>\n",
                left, top, y, left + width, top, y);
  return y;
}

static void drawCurves(llvm::ArrayRef<Curve> curves, double y,
                       llvm::raw_ostream &out) {
  double low = 1e300, high = 0, shortest = 1e300, longest = 0;
  for (const Curve &curve : curves)
    for (auto [tokens, rate] : curve.points) {
      low = std::min(low, rate);
      high = std::max(high, rate);
      shortest = std::min(shortest, tokens);
      longest = std::max(longest, tokens);
    }
  low = std::pow(10, std::floor(std::log10(low)));
  high = std::pow(10, std::ceil(std::log10(high)));
  auto placeX = [&](double tokens) {
    double span = std::max(std::log2(longest / shortest), 1.0);
    return left + width * std::log2(tokens / shortest) / span;
  };
  auto placeY = [&](double rate) {
    double span = std::max(std::log10(high / low), 1.0);
    return y + plotHeight * (1 - std::log10(rate / low) / span);
  };
  for (double rate = low; rate <= high * 1.01; rate *= 10) {
    out << format("<path d=\"M %.1f %.1f H %.1f\" stroke=\"#ddd\"/>\n", left,
                  placeY(rate), left + width);
    drawText(out, left - 8, placeY(rate) + 4, "end",
             llvm::Twine(static_cast<int64_t>(rate)));
  }
  for (double tokens = shortest; tokens <= longest * 1.01; tokens *= 4)
    drawText(out, placeX(tokens), y + plotHeight + 18, "middle",
             llvm::Twine(static_cast<int64_t>(tokens)));
  for (auto [index, curve] : llvm::enumerate(curves)) {
    const char *color = colors[index % std::size(colors)];
    out << "<polyline fill=\"none\" stroke-width=\"2\" stroke=\"" << color
        << "\" points=\"";
    for (auto [tokens, rate] : curve.points)
      out << format("%.1f,%.1f ", placeX(tokens), placeY(rate));
    out << "\"/>\n<g fill=\"" << color << "\">";
    drawText(out, placeX(curve.points.back().first) + 6,
             placeY(curve.points.back().second) + 4, "start", curve.label);
    out << "</g>\n";
  }
}

void seqmix::writeSvg(const Report &report, llvm::raw_ostream &out) {
  std::vector<Bar> bars = collectBars(report);
  std::vector<Curve> curves = collectCurves(report);
  double middle = top + barHeight * static_cast<double>(bars.size()) + 60;
  double height = middle + (curves.empty() ? 0 : plotHeight + 50);
  out << format("<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%.0f\" "
                "height=\"%.0f\" font-family=\"sans-serif\" "
                "font-size=\"12\">\n",
                left + width + 150, height);
  out << "<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n";
  drawText(out, left, 30, "start", "Share of the machine's ceiling");
  drawBars(bars, out);
  if (!curves.empty()) {
    drawText(out, left, middle - 15, "start",
             "Tokens per second of prefill, by length");
    drawCurves(curves, middle, out);
  }
  out << "</svg>\n";
}
