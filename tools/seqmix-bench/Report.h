//===- Report.h - what was measured, as a table -----------------*- C++ -*-===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEQMIX_TOOLS_SEQMIX_BENCH_REPORT_H
#define SEQMIX_TOOLS_SEQMIX_BENCH_REPORT_H

#include "tools/seqmix-bench/Ceilings.h"

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/raw_ostream.h"

#include <benchmark/benchmark.h>

#include <map>
#include <string>
#include <vector>

namespace seqmix {

/// Why what would take too long is not measured.
inline constexpr const char *tooLong = "not measured: it would take too long";

/// One measurement. What a call does is for all its tokens.
struct Row {
  std::string name;   ///< kind/what/how
  std::string form;   ///< of the costliest mixer
  double seconds = 0; ///< of the median turn
  double tokens = 0;
  double flops = 0;
  double bytes = 0;            ///< read or written at least
  double stateBytes = 0;       ///< of a sequence
  std::string memory = "copy"; ///< the ceiling for bytes
  Rates ceilings;              ///< measured just before it
  std::string skipped;         ///< why it was not measured, if it was not

  /// Shares of the ceilings; 0 if there is nothing to compare.
  double computed() const { return share(flops, ceilings.fma); }
  double moved() const {
    return share(bytes, memory == "read" ? ceilings.read : ceilings.copy);
  }

private:
  double share(double done, double most) const {
    return most != 0 ? done / seconds / most : 0;
  }
};

/// Prints measurements as they come, and keeps them. A measurement describes
/// itself by describe().
class Report : public benchmark::BenchmarkReporter {
public:
  explicit Report(bool isQuiet) : isQuiet(isQuiet) {}

  void describe(const Row &row) { described[row.name] = row; }
  /// The measurement of that name; null if it did not run.
  const Row *find(llvm::StringRef name) const;
  const std::vector<Row> &getRows() const { return rows; }
  /// Whether something could not be measured at all.
  bool hasFailed() const { return isFailed; }

  /// How many times as fast as the reference loops; 0 if those did not run.
  double speedup(const Row &row) const;

  bool ReportContext(const Context &context) override;
  void ReportRuns(const std::vector<Run> &runs) override;

private:
  void print(const Row &row);

  bool isQuiet, isFailed = false;
  std::map<std::string, Row> described;
  std::vector<Row> rows;
};

/// All measurements as a JSON object.
void writeJson(const Report &report, int threads, llvm::raw_ostream &out);
/// What of the ceilings is reached, and tokens per second by length.
void writeSvg(const Report &report, llvm::raw_ostream &out);

} // namespace seqmix

#endif // SEQMIX_TOOLS_SEQMIX_BENCH_REPORT_H
