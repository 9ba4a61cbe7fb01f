// matmul_bf16: c[i, j] = sum over l of a[i, l] * b[j, l], with the sum in f32.
//
//   a: bf16 [m, k]   b: bf16 [n, k]   c: f32 [m, n], which overlaps neither
//   threads: 128     blocks: ceil(m / 128) * ceil(n / 64)
//   shared: 46080 bytes, static
//
// Strides are counted in elements, from row to row. Without blocks there is
// nothing to launch.
//
// A block computes 128 rows and 64 columns of c, each of its four warps 64 rows
// and 32 columns by the tensor cores' products of 16 x 8 x 16. Tiles of 32
// values of l are copied to shared memory two ahead of their use; from k on
// they are filled with zeros. Rows that are not 16-byte aligned are copied
// element by element, through registers.

!global = !llvm.ptr<1>
!shared = !llvm.ptr<3>
!operand = vector<4xi32>
!sums = vector<8xf32>

gpu.module @kernels {
  // Three tiles: 128 rows of a and 64 rows of b, each of 32 values and 8 that are
  // not used, so that 8 rows lie in different banks.
  llvm.mlir.global internal @matmul_bf16_tiles()
      {addr_space = 3 : i32, alignment = 16 : i64} : !llvm.array<23040 x bf16>

  // The row to copy from. What rows that are not there bring is never stored, so
  // that they may bring the last one.
  llvm.func internal @matmul_bf16_row(%from: !global, %stride: i64,
                                    %row: i64, %rows: i64)
      -> !global attributes {always_inline} {
    %c1 = arith.constant 1 : i64
    %last = arith.subi %rows, %c1 : i64
    %there = arith.minsi %row, %last : i64
    %offset = arith.muli %there, %stride : i64
    %first = llvm.getelementptr %from[%offset] : (!global, i64) -> !global, bf16
    llvm.return %first : !global
  }

  // Copies up to 8 values of a row that is not aligned, and zeros after them.
  llvm.func internal @matmul_bf16_copy(%to: !shared, %from: !global, %some: i64)
      attributes {always_inline} {
    %zero = arith.constant 0 : i16
    %c0 = arith.constant 0 : i64
    %c1 = arith.constant 1 : i64
    %c8 = arith.constant 8 : i64
    scf.for %e = %c0 to %c8 step %c1 : i64 {
      %has = arith.cmpi slt, %e, %some : i64
      %one = scf.if %has -> (i16) {
        %from_one = llvm.getelementptr %from[%e] : (!global, i64) -> !global, bf16
        %x = llvm.load %from_one : !global -> i16
        scf.yield %x : i16
      } else {
        scf.yield %zero : i16
      }
      %to_one = llvm.getelementptr %to[%e] : (!shared, i64) -> !shared, bf16
      llvm.store %one, %to_one : i16, !shared
    }
    llvm.return
  }

  // 16 rows and 16 values of l of a tile, as the tensor cores want them: matrix
  // q of the four 8 x 8 ones has rows 8 * (q % 2) and values 8 * (q / 2) on.
  llvm.func internal @matmul_bf16_load(%from: !shared)
      -> !operand attributes {always_inline} {
    %x = nvvm.ldmatrix %from
      {num = 4 : i32, layout = #nvvm.mma_layout<row>, shape = #nvvm.ld_st_matrix_shape<m = 8, n = 8>,
       eltType = #nvvm.ld_st_matrix_elt_type<b16>}
      : (!shared) -> !llvm.struct<(i32, i32, i32, i32)>
    %x0 = llvm.extractvalue %x[0] : !llvm.struct<(i32, i32, i32, i32)>
    %x1 = llvm.extractvalue %x[1] : !llvm.struct<(i32, i32, i32, i32)>
    %x2 = llvm.extractvalue %x[2] : !llvm.struct<(i32, i32, i32, i32)>
    %x3 = llvm.extractvalue %x[3] : !llvm.struct<(i32, i32, i32, i32)>
    %four = vector.from_elements %x0, %x1, %x2, %x3 : !operand
    llvm.return %four : !operand
  }

  // Adds 16 rows of a times 16 rows of b to sums: 4 for the first 8 columns, 4
  // for the others.
  llvm.func internal @matmul_bf16_add(%a: !operand, %b: !operand,
                                      %sums: !sums)
      -> !sums attributes {always_inline} {
    %a0, %a1, %a2, %a3 = vector.to_elements %a : !operand
    %b0, %b1, %b2, %b3 = vector.to_elements %b : !operand
    %s:8 = vector.to_elements %sums : !sums
    %x = nvvm.mma.sync A[%a0, %a1, %a2, %a3] B[%b0, %b2] C[%s#0, %s#1, %s#2, %s#3]
      {layoutA = #nvvm.mma_layout<row>, layoutB = #nvvm.mma_layout<col>, shape = #nvvm.shape<m = 16, n = 8, k = 16>,
       multiplicandAPtxType = #nvvm.mma_type<bf16>, multiplicandBPtxType = #nvvm.mma_type<bf16>}
      : (i32, i32, f32) -> !llvm.struct<(f32, f32, f32, f32)>
    %y = nvvm.mma.sync A[%a0, %a1, %a2, %a3] B[%b1, %b3] C[%s#4, %s#5, %s#6, %s#7]
      {layoutA = #nvvm.mma_layout<row>, layoutB = #nvvm.mma_layout<col>, shape = #nvvm.shape<m = 16, n = 8, k = 16>,
       multiplicandAPtxType = #nvvm.mma_type<bf16>, multiplicandBPtxType = #nvvm.mma_type<bf16>}
      : (i32, i32, f32) -> !llvm.struct<(f32, f32, f32, f32)>
    %x0 = llvm.extractvalue %x[0] : !llvm.struct<(f32, f32, f32, f32)>
    %x1 = llvm.extractvalue %x[1] : !llvm.struct<(f32, f32, f32, f32)>
    %x2 = llvm.extractvalue %x[2] : !llvm.struct<(f32, f32, f32, f32)>
    %x3 = llvm.extractvalue %x[3] : !llvm.struct<(f32, f32, f32, f32)>
    %y0 = llvm.extractvalue %y[0] : !llvm.struct<(f32, f32, f32, f32)>
    %y1 = llvm.extractvalue %y[1] : !llvm.struct<(f32, f32, f32, f32)>
    %y2 = llvm.extractvalue %y[2] : !llvm.struct<(f32, f32, f32, f32)>
    %y3 = llvm.extractvalue %y[3] : !llvm.struct<(f32, f32, f32, f32)>
    %new = vector.from_elements %x0, %x1, %x2, %x3, %y0, %y1, %y2, %y3 : !sums
    llvm.return %new : !sums
  }

  // Stores what the function above has added: for each 8 columns two of row i and
  // two of row i + 8, from column j on; at once where both are there and c is
  // aligned. The sums are turned each time, so that every index is a constant.
  llvm.func internal @matmul_bf16_store(%c: !global, %c_stride: i64,
                                        %m: i64, %n: i64, %aligned: i1,
                                        %i: i64, %j: i64, %sums: !sums)
      attributes {always_inline} {
    %c0 = arith.constant 0 : i64
    %c1 = arith.constant 1 : i64
    %c2 = arith.constant 2 : i64
    %c4 = arith.constant 4 : i64
    %c8 = arith.constant 8 : i64
    %end = scf.for %p = %c0 to %c4 step %c1 iter_args(%s = %sums) -> (!sums) : i64 {
      %odd = arith.andi %p, %c1 : i64
      %down = arith.muli %odd, %c8 : i64
      %row = arith.addi %i, %down : i64
      %second = arith.divui %p, %c2 : i64
      %right = arith.muli %second, %c8 : i64
      %column = arith.addi %j, %right : i64
      %next_column = arith.addi %column, %c1 : i64
      %has_row = arith.cmpi slt, %row, %m : i64
      %has_one = arith.cmpi slt, %column, %n : i64
      %has_next = arith.cmpi slt, %next_column, %n : i64
      %one = vector.extract %s[0] : f32 from !sums
      %other = vector.extract %s[1] : f32 from !sums
      %row_offset = arith.muli %row, %c_stride : i64
      %offset = arith.addi %row_offset, %column : i64
      %has = arith.andi %has_row, %has_one : i1
      scf.if %has {
        %to = llvm.getelementptr %c[%offset] : (!global, i64) -> !global, f32
        %at_once = arith.andi %aligned, %has_next : i1
        scf.if %at_once {
          %both = vector.from_elements %one, %other : vector<2xf32>
          llvm.store %both, %to {alignment = 8 : i64} : vector<2xf32>, !global
        } else {
          llvm.store %one, %to : f32, !global
          scf.if %has_next {
            %to_next = llvm.getelementptr %to[1] : (!global) -> !global, f32
            llvm.store %other, %to_next : f32, !global
          }
        }
      }
      %turned = vector.shuffle %s, %s [2, 3, 4, 5, 6, 7, 0, 1] : !sums, !sums
      scf.yield %turned : !sums
    }
    llvm.return
  }

  gpu.func @matmul_bf16(%a: !global, %a_stride: i64,
                        %b: !global, %b_stride: i64,
                        %c: !global, %c_stride: i64,
                        %m: i64, %n: i64, %k: i64)
      kernel attributes {known_block_size = array<i32: 128, 1, 1>} {
    %zeros = arith.constant dense<0.0> : !sums
    %c0 = arith.constant 0 : i64
    %c1 = arith.constant 1 : i64
    %c2 = arith.constant 2 : i64
    %c3 = arith.constant 3 : i64
    %c4 = arith.constant 4 : i64
    %c7 = arith.constant 7 : i64
    %c8 = arith.constant 8 : i64
    %c15 = arith.constant 15 : i64
    %c16 = arith.constant 16 : i64
    %c31 = arith.constant 31 : i64
    %c32 = arith.constant 32 : i64
    %c40 = arith.constant 40 : i64
    %c63 = arith.constant 63 : i64
    %c64 = arith.constant 64 : i64
    %c96 = arith.constant 96 : i64
    %c127 = arith.constant 127 : i64
    %c128 = arith.constant 128 : i64
    %c7680 = arith.constant 7680 : i64

    %tiles = llvm.mlir.addressof @matmul_bf16_tiles : !shared
    %thread_id = gpu.thread_id x
    %block_id = gpu.block_id x
    %thread = arith.index_cast %thread_id : index to i64
    %block = arith.index_cast %block_id : index to i64

    // Blocks walk down bands of 16 tiles of rows, so that those that run at the
    // same time share their a and b in the second cache.
    %m_up = arith.addi %m, %c127 : i64
    %m_tiles = arith.divui %m_up, %c128 : i64
    %n_up = arith.addi %n, %c63 : i64
    %n_tiles = arith.divui %n_up, %c64 : i64
    %band_size = arith.muli %n_tiles, %c16 : i64
    %band = arith.divui %block, %band_size : i64
    %in_band = arith.remui %block, %band_size : i64
    %band_first = arith.muli %band, %c16 : i64
    %band_left = arith.subi %m_tiles, %band_first : i64
    %band_rows = arith.minsi %band_left, %c16 : i64
    %row_in_band = arith.remui %in_band, %band_rows : i64
    %i_tile = arith.addi %band_first, %row_in_band : i64
    %j_tile = arith.divui %in_band, %band_rows : i64
    %i0 = arith.muli %i_tile, %c128 : i64
    %j0 = arith.muli %j_tile, %c64 : i64

    %a_address = llvm.ptrtoint %a : !global to i64
    %b_address = llvm.ptrtoint %b : !global to i64
    %addresses = arith.ori %a_address, %b_address : i64
    %strides = arith.ori %a_stride, %b_stride : i64
    %stride_bytes = arith.muli %strides, %c2 : i64
    %bits = arith.ori %addresses, %stride_bytes : i64
    %low_bits = arith.andi %bits, %c15 : i64
    %aligned = arith.cmpi eq, %low_bits, %c0 : i64

    // A thread copies 16 bytes of every 32nd row, 4 neighbours a whole row: of
    // the rows 0, 32, 64 and 96 on of a, and 0 and 32 on of b.
    %copy_row = arith.divui %thread, %c4 : i64
    %copy_quarter = arith.andi %thread, %c3 : i64
    %copy_l = arith.muli %copy_quarter, %c8 : i64
    %copy_line = arith.muli %copy_row, %c40 : i64
    %copy_offset = arith.addi %copy_line, %copy_l : i64
    %copy_to = llvm.getelementptr %tiles[%copy_offset] : (!shared, i64) -> !shared, bf16
    %i_0 = arith.addi %i0, %copy_row : i64
    %j_0 = arith.addi %j0, %copy_row : i64
    %i_1 = arith.addi %i_0, %c32 : i64
    %i_2 = arith.addi %i_0, %c64 : i64
    %i_3 = arith.addi %i_0, %c96 : i64
    %j_1 = arith.addi %j_0, %c32 : i64
    %a_row_0 = llvm.call @matmul_bf16_row(%a, %a_stride, %i_0, %m) : (!global, i64, i64, i64) -> !global
    %a_row_1 = llvm.call @matmul_bf16_row(%a, %a_stride, %i_1, %m) : (!global, i64, i64, i64) -> !global
    %a_row_2 = llvm.call @matmul_bf16_row(%a, %a_stride, %i_2, %m) : (!global, i64, i64, i64) -> !global
    %a_row_3 = llvm.call @matmul_bf16_row(%a, %a_stride, %i_3, %m) : (!global, i64, i64, i64) -> !global
    %b_row_0 = llvm.call @matmul_bf16_row(%b, %b_stride, %j_0, %n) : (!global, i64, i64, i64) -> !global
    %b_row_1 = llvm.call @matmul_bf16_row(%b, %b_stride, %j_1, %n) : (!global, i64, i64, i64) -> !global

    // The warp's part of the tile, and the row of 8 values that a lane names.
    %lane = arith.andi %thread, %c31 : i64
    %warp = arith.divui %thread, %c32 : i64
    %warp_high = arith.divui %warp, %c2 : i64
    %warp_low = arith.andi %warp, %c1 : i64
    %warp_i = arith.muli %warp_high, %c64 : i64
    %warp_j = arith.muli %warp_low, %c32 : i64
    %lane_row = arith.andi %lane, %c15 : i64
    %lane_half = arith.divui %lane, %c16 : i64
    %lane_l = arith.muli %lane_half, %c8 : i64
    %lane_line = arith.muli %lane_row, %c40 : i64
    %lane_offset = arith.addi %lane_line, %lane_l : i64
    %warp_a = arith.muli %warp_i, %c40 : i64
    %b_row = arith.addi %warp_j, %c128 : i64
    %warp_b = arith.muli %b_row, %c40 : i64
    %use_a = arith.addi %warp_a, %lane_offset : i64
    %use_b = arith.addi %warp_b, %lane_offset : i64

    %k_up = arith.addi %k, %c31 : i64
    %k_tiles = arith.divui %k_up, %c32 : i64
    %steps = arith.addi %k_tiles, %c2 : i64

    // Step t copies tile t to one of the three places and uses tile t - 2. Sums
    // are named by their 16 rows and their 16 columns.
    %sums:9 = scf.for %t = %c0 to %steps step %c1
        iter_args(%place = %c0, %s00 = %zeros, %s01 = %zeros, %s10 = %zeros, %s11 = %zeros,
                  %s20 = %zeros, %s21 = %zeros, %s30 = %zeros, %s31 = %zeros)
        -> (i64, !sums, !sums, !sums, !sums,
            !sums, !sums, !sums, !sums) : i64 {
      // Only the newest tile may be under way still.
      nvvm.cp.async.wait.group 1
      gpu.barrier
      %is_left = arith.cmpi slt, %t, %k_tiles : i64
      scf.if %is_left {
        %l0 = arith.muli %t, %c32 : i64
        %l = arith.addi %l0, %copy_l : i64
        %left = arith.subi %k, %l : i64
        %has = arith.cmpi sgt, %left, %c0 : i64
        %safe = arith.select %has, %l, %c0 : i64
        %at_least_none = arith.maxsi %left, %c0 : i64
        %some = arith.minsi %at_least_none, %c8 : i64
        %filled = arith.muli %place, %c7680 : i64
        %from_a0 = llvm.getelementptr %a_row_0[%safe] : (!global, i64) -> !global, bf16
        %from_a1 = llvm.getelementptr %a_row_1[%safe] : (!global, i64) -> !global, bf16
        %from_a2 = llvm.getelementptr %a_row_2[%safe] : (!global, i64) -> !global, bf16
        %from_a3 = llvm.getelementptr %a_row_3[%safe] : (!global, i64) -> !global, bf16
        %from_b0 = llvm.getelementptr %b_row_0[%safe] : (!global, i64) -> !global, bf16
        %from_b1 = llvm.getelementptr %b_row_1[%safe] : (!global, i64) -> !global, bf16
        %to_a0 = llvm.getelementptr %copy_to[%filled] : (!shared, i64) -> !shared, bf16
        %to_a1 = llvm.getelementptr %to_a0[1280] : (!shared) -> !shared, bf16
        %to_a2 = llvm.getelementptr %to_a0[2560] : (!shared) -> !shared, bf16
        %to_a3 = llvm.getelementptr %to_a0[3840] : (!shared) -> !shared, bf16
        %to_b0 = llvm.getelementptr %to_a0[5120] : (!shared) -> !shared, bf16
        %to_b1 = llvm.getelementptr %to_a0[6400] : (!shared) -> !shared, bf16
        scf.if %aligned {
          %some_bytes = arith.muli %some, %c2 : i64
          %bytes = arith.trunci %some_bytes : i64 to i32
          nvvm.cp.async.shared.global %to_a0, %from_a0, 16, cache = cg, %bytes : !shared, !global, i32
          nvvm.cp.async.shared.global %to_a1, %from_a1, 16, cache = cg, %bytes : !shared, !global, i32
          nvvm.cp.async.shared.global %to_a2, %from_a2, 16, cache = cg, %bytes : !shared, !global, i32
          nvvm.cp.async.shared.global %to_a3, %from_a3, 16, cache = cg, %bytes : !shared, !global, i32
          nvvm.cp.async.shared.global %to_b0, %from_b0, 16, cache = cg, %bytes : !shared, !global, i32
          nvvm.cp.async.shared.global %to_b1, %from_b1, 16, cache = cg, %bytes : !shared, !global, i32
        } else {
          llvm.call @matmul_bf16_copy(%to_a0, %from_a0, %some) : (!shared, !global, i64) -> ()
          llvm.call @matmul_bf16_copy(%to_a1, %from_a1, %some) : (!shared, !global, i64) -> ()
          llvm.call @matmul_bf16_copy(%to_a2, %from_a2, %some) : (!shared, !global, i64) -> ()
          llvm.call @matmul_bf16_copy(%to_a3, %from_a3, %some) : (!shared, !global, i64) -> ()
          llvm.call @matmul_bf16_copy(%to_b0, %from_b0, %some) : (!shared, !global, i64) -> ()
          llvm.call @matmul_bf16_copy(%to_b1, %from_b1, %some) : (!shared, !global, i64) -> ()
        }
      }
      nvvm.cp.async.commit.group

      %is_last = arith.cmpi eq, %place, %c2 : i64
      %up = arith.addi %place, %c1 : i64
      %next = arith.select %is_last, %c0, %up : i64
      %is_used = arith.cmpi sge, %t, %c2 : i64
      %new:8 = scf.if %is_used
          -> (!sums, !sums, !sums, !sums,
              !sums, !sums, !sums, !sums) {
        // Two before is one after, of three.
        %used = arith.muli %next, %c7680 : i64
        %tile = llvm.getelementptr %tiles[%used] : (!shared, i64) -> !shared, bf16
        %tile_a = llvm.getelementptr %tile[%use_a] : (!shared, i64) -> !shared, bf16
        %tile_b = llvm.getelementptr %tile[%use_b] : (!shared, i64) -> !shared, bf16
        %of_tile:8 = scf.for %half = %c0 to %c32 step %c16
            iter_args(%t00 = %s00, %t01 = %s01, %t10 = %s10, %t11 = %s11,
                      %t20 = %s20, %t21 = %s21, %t30 = %s30, %t31 = %s31)
            -> (!sums, !sums, !sums, !sums,
                !sums, !sums, !sums, !sums) : i64 {
          // 16 rows are 640 values apart.
          %ap0 = llvm.getelementptr %tile_a[%half] : (!shared, i64) -> !shared, bf16
          %ap1 = llvm.getelementptr %ap0[640] : (!shared) -> !shared, bf16
          %ap2 = llvm.getelementptr %ap0[1280] : (!shared) -> !shared, bf16
          %ap3 = llvm.getelementptr %ap0[1920] : (!shared) -> !shared, bf16
          %bp0 = llvm.getelementptr %tile_b[%half] : (!shared, i64) -> !shared, bf16
          %bp1 = llvm.getelementptr %bp0[640] : (!shared) -> !shared, bf16
          %a0 = llvm.call @matmul_bf16_load(%ap0) : (!shared) -> !operand
          %a1 = llvm.call @matmul_bf16_load(%ap1) : (!shared) -> !operand
          %a2 = llvm.call @matmul_bf16_load(%ap2) : (!shared) -> !operand
          %a3 = llvm.call @matmul_bf16_load(%ap3) : (!shared) -> !operand
          %b0 = llvm.call @matmul_bf16_load(%bp0) : (!shared) -> !operand
          %b1 = llvm.call @matmul_bf16_load(%bp1) : (!shared) -> !operand
          %u00 = llvm.call @matmul_bf16_add(%a0, %b0, %t00) : (!operand, !operand, !sums) -> !sums
          %u01 = llvm.call @matmul_bf16_add(%a0, %b1, %t01) : (!operand, !operand, !sums) -> !sums
          %u10 = llvm.call @matmul_bf16_add(%a1, %b0, %t10) : (!operand, !operand, !sums) -> !sums
          %u11 = llvm.call @matmul_bf16_add(%a1, %b1, %t11) : (!operand, !operand, !sums) -> !sums
          %u20 = llvm.call @matmul_bf16_add(%a2, %b0, %t20) : (!operand, !operand, !sums) -> !sums
          %u21 = llvm.call @matmul_bf16_add(%a2, %b1, %t21) : (!operand, !operand, !sums) -> !sums
          %u30 = llvm.call @matmul_bf16_add(%a3, %b0, %t30) : (!operand, !operand, !sums) -> !sums
          %u31 = llvm.call @matmul_bf16_add(%a3, %b1, %t31) : (!operand, !operand, !sums) -> !sums
          scf.yield %u00, %u01, %u10, %u11, %u20, %u21, %u30, %u31
            : !sums, !sums, !sums, !sums, !sums, !sums, !sums, !sums
        }
        scf.yield %of_tile#0, %of_tile#1, %of_tile#2, %of_tile#3, %of_tile#4, %of_tile#5, %of_tile#6, %of_tile#7
          : !sums, !sums, !sums, !sums, !sums, !sums, !sums, !sums
      } else {
        scf.yield %s00, %s01, %s10, %s11, %s20, %s21, %s30, %s31
          : !sums, !sums, !sums, !sums, !sums, !sums, !sums, !sums
      }
      scf.yield %next, %new#0, %new#1, %new#2, %new#3, %new#4, %new#5, %new#6, %new#7
        : i64, !sums, !sums, !sums, !sums, !sums, !sums, !sums, !sums
    }

    %c_address = llvm.ptrtoint %c : !global to i64
    %c_stride_bytes = arith.muli %c_stride, %c4 : i64
    %c_bits = arith.ori %c_address, %c_stride_bytes : i64
    %c_low_bits = arith.andi %c_bits, %c7 : i64
    %c_aligned = arith.cmpi eq, %c_low_bits, %c0 : i64
    %lane_i = arith.divui %lane, %c4 : i64
    %lane_pair = arith.andi %lane, %c3 : i64
    %lane_j = arith.muli %lane_pair, %c2 : i64
    %i_warp = arith.addi %i0, %warp_i : i64
    %j_warp = arith.addi %j0, %warp_j : i64
    %to_i0 = arith.addi %i_warp, %lane_i : i64
    %to_i1 = arith.addi %to_i0, %c16 : i64
    %to_i2 = arith.addi %to_i1, %c16 : i64
    %to_i3 = arith.addi %to_i2, %c16 : i64
    %to_j0 = arith.addi %j_warp, %lane_j : i64
    %to_j1 = arith.addi %to_j0, %c16 : i64
    llvm.call @matmul_bf16_store(%c, %c_stride, %m, %n, %c_aligned, %to_i0, %to_j0, %sums#1)
      : (!global, i64, i64, i64, i1, i64, i64, !sums) -> ()
    llvm.call @matmul_bf16_store(%c, %c_stride, %m, %n, %c_aligned, %to_i0, %to_j1, %sums#2)
      : (!global, i64, i64, i64, i1, i64, i64, !sums) -> ()
    llvm.call @matmul_bf16_store(%c, %c_stride, %m, %n, %c_aligned, %to_i1, %to_j0, %sums#3)
      : (!global, i64, i64, i64, i1, i64, i64, !sums) -> ()
    llvm.call @matmul_bf16_store(%c, %c_stride, %m, %n, %c_aligned, %to_i1, %to_j1, %sums#4)
      : (!global, i64, i64, i64, i1, i64, i64, !sums) -> ()
    llvm.call @matmul_bf16_store(%c, %c_stride, %m, %n, %c_aligned, %to_i2, %to_j0, %sums#5)
      : (!global, i64, i64, i64, i1, i64, i64, !sums) -> ()
    llvm.call @matmul_bf16_store(%c, %c_stride, %m, %n, %c_aligned, %to_i2, %to_j1, %sums#6)
      : (!global, i64, i64, i64, i1, i64, i64, !sums) -> ()
    llvm.call @matmul_bf16_store(%c, %c_stride, %m, %n, %c_aligned, %to_i3, %to_j0, %sums#7)
      : (!global, i64, i64, i64, i1, i64, i64, !sums) -> ()
    llvm.call @matmul_bf16_store(%c, %c_stride, %m, %n, %c_aligned, %to_i3, %to_j1, %sums#8)
      : (!global, i64, i64, i64, i1, i64, i64, !sums) -> ()
    gpu.return
  }
}
