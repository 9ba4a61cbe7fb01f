//===- Report.cpp - what was measured, as a table -------------------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tools/seqmix-bench/Report.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/JSON.h"

using namespace seqmix;
using llvm::format;
using llvm::StringRef;

const Row *Report::find(StringRef name) const {
  auto found =
      llvm::find_if(rows, [&](const Row &r) { return r.name == name; });
  return found == rows.end() ? nullptr : &*found;
}

double Report::speedup(const Row &row) const {
  auto [what, how] = StringRef(row.name).rsplit('/');
  const Row *reference = find((what + "/reference").str());
  return reference && reference->skipped.empty() &&
                 (how == "prefill" || how == "by_token")
             ? reference->seconds / row.seconds
             : 0;
}

bool Report::ReportContext(const Context &context) {
  if (isQuiet)
    return true;
  llvm::outs() << context.cpu_info.num_cpus
               << " processors; floating-point operations as the compiler "
                  "counts them, bytes of inputs, outputs\nand, for a step, "
                  "twice the state and the weights; shares of the "
                  "ceilings just before: of copying, or\nwhere weights are "
                  "read, of reading\n\n";
  llvm::outs() << format("%-28s %-13s %11s %11s %8s %6s %8s %6s %7s\n", "",
                         "form", "time", "tokens/s", "GFLOP/s", "of FMA",
                         "GB/s", "of mem", "speedup");
  llvm::outs().flush();
  return true;
}

void Report::ReportRuns(const std::vector<Run> &runs) {
  for (const Run &run : runs) {
    std::string name = run.run_name.function_name;
    Row row = described[name];
    row.name = name;
    if (run.error_occurred) {
      row.skipped = run.error_message;
      isFailed |= row.skipped != tooLong;
    }
    rows.push_back(row);
    if (!isQuiet)
      print(row);
  }
}

/// A number, or nothing where there is none.
static std::string cell(const char *how, double number) {
  std::string text;
  llvm::raw_string_ostream out(text);
  if (number != 0)
    out << format(how, number);
  return text;
}

void Report::print(const Row &row) {
  std::string line;
  llvm::raw_string_ostream out(line);
  out << format("%-28s ", row.name.c_str());
  if (row.skipped.empty()) {
    double flops = row.flops / row.seconds, bytes = row.bytes / row.seconds;
    out << format("%-13s %8.3f ms %11s %8s %6s %8s %6s %7s", row.form.c_str(),
                  row.seconds * 1e3,
                  cell("%.0f", row.tokens / row.seconds).c_str(),
                  cell("%.1f", flops * 1e-9).c_str(),
                  cell("%.1f%%", 100 * row.computed()).c_str(),
                  cell("%.2f", bytes * 1e-9).c_str(),
                  cell("%.1f%%", 100 * row.moved()).c_str(),
                  cell("%.2fx", speedup(row)).c_str());
  } else {
    out << row.skipped;
  }
  llvm::outs() << StringRef(line).rtrim() << '\n';
  llvm::outs().flush();
}

void seqmix::writeJson(const Report &report, int threads,
                       llvm::raw_ostream &out) {
  llvm::json::OStream json(out, 2);
  json.object([&] {
    json.attribute("threads", threads);
    json.attributeArray("measurements", [&] {
      for (const Row &row : report.getRows())
        json.object([&] {
          json.attribute("name", row.name);
          if (!row.skipped.empty()) {
            json.attribute("skipped", row.skipped);
            return;
          }
          if (!row.form.empty())
            json.attribute("form", row.form);
          json.attribute("seconds", row.seconds);
          json.attribute("tokens", row.tokens);
          json.attribute("flops", row.flops);
          json.attribute("bytes", row.bytes);
          json.attribute("memory", row.memory);
          json.attributeObject("ceilings", [&] {
            json.attribute("copy", row.ceilings.copy);
            json.attribute("read", row.ceilings.read);
            json.attribute("fma", row.ceilings.fma);
          });
          json.attribute("state_bytes", row.stateBytes);
          if (double speedup = report.speedup(row))
            json.attribute("speedup", speedup);
        });
    });
  });
  out << '\n';
}
