/*===- fake_ptx.h - the fake model for a real card --------------*- C -*---===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The kernels of fake_model.c in PTX, written by hand, for 256 tokens in single
// precision. A block takes one sequence, a thread one entry of the vocabulary;
// products and sums are rounded one by one, so the logits are those of the CPU
// to the bit. fake_cuda.c looks at nothing but the first word.
//
//===----------------------------------------------------------------------===*/

#ifndef SEQMIX_TEST_RUNTIME_FAKE_PTX_H
#define SEQMIX_TEST_RUNTIME_FAKE_PTX_H

// clang-format off
#define FAKE_PTX                                                               \
  ".version 7.0\n"                                                             \
  ".target sm_80\n"                                                            \
  ".address_size 64\n"                                                         \
  ".visible .entry fake_idle() { ret; }\n"                                     \
  ".visible .entry fake_run(.param .u64 tokens, .param .u64 logits,\n"         \
  "    .param .u64 embed, .param .u64 scale, .param .u64 state_in,\n"          \
  "    .param .u64 state_out, .param .u64 workspace, .param .u64 batch,\n"     \
  "    .param .u64 length) {\n"                                                \
  "  .reg .pred %more, %first;\n"                                              \
  "  .reg .b32 %thread, %block, %token;\n"                                     \
  "  .reg .b64 %t, %l, %e, %s, %in, %out, %n, %left, %at, %b, %position;\n"    \
  "  .reg .f32 %sum<4>, %mine<4>, %row<4>, %scale<4>, %x, %logit;\n"           \
  "  ld.param.u64 %t, [tokens];\n"                                             \
  "  ld.param.u64 %l, [logits];\n"                                             \
  "  ld.param.u64 %e, [embed];\n"                                              \
  "  ld.param.u64 %s, [scale];\n"                                              \
  "  ld.param.u64 %in, [state_in];\n"                                          \
  "  ld.param.u64 %out, [state_out];\n"                                        \
  "  ld.param.u64 %n, [batch];\n"                                              \
  "  ld.param.u64 %left, [length];\n"                                          \
  "  mov.u32 %thread, %tid.x;\n"                                               \
  "  mov.u32 %block, %ctaid.x;\n"                                              \
  "  cvt.u64.u32 %b, %block;\n"                                                \
  "  mad.wide.u32 %at, %thread, 16, %e;\n"                                     \
  "  ld.global.v4.f32 {%mine0, %mine1, %mine2, %mine3}, [%at];\n"              \
  "  ld.global.v4.f32 {%scale0, %scale1, %scale2, %scale3}, [%s];\n"           \
  "  mad.wide.u32 %at, %block, 16, %in;\n"                                     \
  "  ld.global.v4.f32 {%sum0, %sum1, %sum2, %sum3}, [%at];\n"                  \
  "  mad.lo.u64 %at, %n, 64, %in;\n"                                           \
  "  mad.wide.u32 %at, %block, 8, %at;\n"                                      \
  "  ld.global.u64 %position, [%at];\n"                                        \
  "  bar.sync 0;\n" /* all have read the state, which may be overwritten */    \
  "  mul.lo.u64 %at, %b, %left;\n"                                             \
  "  mad.lo.u64 %t, %at, 4, %t;\n"                                             \
  "  mad.lo.u64 %l, %at, 1024, %l;\n"                                          \
  "  mad.wide.u32 %l, %thread, 4, %l;\n"                                       \
  "next:\n"                                                                    \
  "  setp.eq.u64 %more, %left, 0;\n"                                           \
  "  @%more bra done;\n"                                                       \
  "  sub.u64 %left, %left, 1;\n"                                               \
  "  add.u64 %position, %position, 1;\n"                                       \
  "  ld.global.s32 %token, [%t];\n"                                            \
  "  max.s32 %token, %token, 0;\n"                                             \
  "  min.s32 %token, %token, 255;\n"                                           \
  "  mad.wide.u32 %at, %token, 16, %e;\n"                                      \
  "  ld.global.v4.f32 {%row0, %row1, %row2, %row3}, [%at];\n"                  \
  "  cvt.rn.f32.s64 %logit, %position;\n"                                      \
  "  mul.rn.f32 %logit, %logit, 0f3A83126F;\n" /* 0.001 */                     \
  FAKE_PTX_CHANNEL("0") FAKE_PTX_CHANNEL("1") FAKE_PTX_CHANNEL("2")            \
  FAKE_PTX_CHANNEL("3")                                                        \
  "  st.global.f32 [%l], %logit;\n"                                            \
  "  add.u64 %t, %t, 4;\n"                                                     \
  "  add.u64 %l, %l, 1024;\n"                                                  \
  "  bra next;\n"                                                              \
  "done:\n"                                                                    \
  "  setp.ne.u32 %first, %thread, 0;\n"                                        \
  "  @%first ret;\n"                                                           \
  "  mad.wide.u32 %at, %block, 16, %out;\n"                                    \
  "  st.global.v4.f32 [%at], {%sum0, %sum1, %sum2, %sum3};\n"                  \
  "  mad.lo.u64 %at, %n, 64, %out;\n"                                          \
  "  mad.wide.u32 %at, %block, 8, %at;\n"                                      \
  "  st.global.u64 [%at], %position;\n"                                        \
  "  ret;\n"                                                                   \
  "}\n"

/* sum = 0.75 * sum + scale * row; logit += mine * sum */
#define FAKE_PTX_CHANNEL(c)                                                    \
  "  mul.rn.f32 %sum" c ", %sum" c ", 0f3F400000;\n"                           \
  "  mul.rn.f32 %x, %scale" c ", %row" c ";\n"                                 \
  "  add.rn.f32 %sum" c ", %sum" c ", %x;\n"                                   \
  "  mul.rn.f32 %x, %mine" c ", %sum" c ";\n"                                  \
  "  add.rn.f32 %logit, %logit, %x;\n"
// clang-format on

#endif /* SEQMIX_TEST_RUNTIME_FAKE_PTX_H */
