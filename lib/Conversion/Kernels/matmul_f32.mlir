// matmul_f32: c[i, j] = sum over l of a[i, l] * b[j, l], in plain f32.
//
//   a: f32 [m, k]   b: f32 [n, k]   c: f32 [m, n], which overlaps neither
//   threads: 128    blocks: ceil(m / 128) * ceil(n / 64)
//   shared: 46080 bytes, static
//
// Strides are counted in elements, from row to row. Without blocks there is
// nothing to launch.
//
// A block computes 128 rows and 64 columns of c, a thread 8 of each. Tiles of 16
// values of l are copied to shared memory two ahead of their use; from k on they
// are filled with zeros. Rows that are not 16-byte aligned are copied element by
// element.

!global = !llvm.ptr<1>
!shared = !llvm.ptr<3>
!sums = vector<8x8xf32>

gpu.module @kernels {
  // Three tiles: 128 rows of a and 64 rows of b, each of 16 values and 4 that are
  // not used, so that 8 rows lie in different banks.
  llvm.mlir.global internal @matmul_f32_tiles()
      {addr_space = 3 : i32, alignment = 16 : i64} : !llvm.array<11520 x f32>

  // The row to copy from. What rows that are not there bring is never stored, so
  // that they may bring the last one.
  llvm.func internal @matmul_f32_row(%from: !global, %stride: i64,
                                   %row: i64, %rows: i64)
      -> !global attributes {always_inline} {
    %c1 = arith.constant 1 : i64
    %last = arith.subi %rows, %c1 : i64
    %there = arith.minsi %row, %last : i64
    %offset = arith.muli %there, %stride : i64
    %first = llvm.getelementptr %from[%offset] : (!global, i64) -> !global, f32
    llvm.return %first : !global
  }

  // Copies up to 4 values of a row that is not aligned, and zeros after them.
  llvm.func internal @matmul_f32_copy(%to: !shared, %from: !global, %some: i64)
      attributes {always_inline} {
    %c0_i32 = arith.constant 0 : i32
    %c4_i32 = arith.constant 4 : i32
    %c0 = arith.constant 0 : i64
    %c1 = arith.constant 1 : i64
    %c4 = arith.constant 4 : i64
    scf.for %e = %c0 to %c4 step %c1 : i64 {
      %has = arith.cmpi slt, %e, %some : i64
      %safe = arith.select %has, %e, %c0 : i64
      %bytes = arith.select %has, %c4_i32, %c0_i32 : i32
      %to_one = llvm.getelementptr %to[%e] : (!shared, i64) -> !shared, f32
      %from_one = llvm.getelementptr %from[%safe] : (!global, i64) -> !global, f32
      nvvm.cp.async.shared.global %to_one, %from_one, 4, cache = ca, %bytes : !shared, !global, i32
    }
    llvm.return
  }

  // 4 values of each of 8 rows that are `apart` floats apart.
  llvm.func internal @matmul_f32_load(%from: !shared, %apart: i64)
      -> vector<32xf32> attributes {always_inline} {
    %v = arith.constant dense<0.0> : vector<32xf32>
    %r0 = llvm.load %from {alignment = 16 : i64} : !shared -> vector<4xf32>
    %v0 = vector.insert_strided_slice %r0, %v {offsets = [0], strides = [1]} : vector<4xf32> into vector<32xf32>
    %p1 = llvm.getelementptr %from[%apart] : (!shared, i64) -> !shared, f32
    %r1 = llvm.load %p1 {alignment = 16 : i64} : !shared -> vector<4xf32>
    %v1 = vector.insert_strided_slice %r1, %v0 {offsets = [4], strides = [1]} : vector<4xf32> into vector<32xf32>
    %p2 = llvm.getelementptr %p1[%apart] : (!shared, i64) -> !shared, f32
    %r2 = llvm.load %p2 {alignment = 16 : i64} : !shared -> vector<4xf32>
    %v2 = vector.insert_strided_slice %r2, %v1 {offsets = [8], strides = [1]} : vector<4xf32> into vector<32xf32>
    %p3 = llvm.getelementptr %p2[%apart] : (!shared, i64) -> !shared, f32
    %r3 = llvm.load %p3 {alignment = 16 : i64} : !shared -> vector<4xf32>
    %v3 = vector.insert_strided_slice %r3, %v2 {offsets = [12], strides = [1]} : vector<4xf32> into vector<32xf32>
    %p4 = llvm.getelementptr %p3[%apart] : (!shared, i64) -> !shared, f32
    %r4 = llvm.load %p4 {alignment = 16 : i64} : !shared -> vector<4xf32>
    %v4 = vector.insert_strided_slice %r4, %v3 {offsets = [16], strides = [1]} : vector<4xf32> into vector<32xf32>
    %p5 = llvm.getelementptr %p4[%apart] : (!shared, i64) -> !shared, f32
    %r5 = llvm.load %p5 {alignment = 16 : i64} : !shared -> vector<4xf32>
    %v5 = vector.insert_strided_slice %r5, %v4 {offsets = [20], strides = [1]} : vector<4xf32> into vector<32xf32>
    %p6 = llvm.getelementptr %p5[%apart] : (!shared, i64) -> !shared, f32
    %r6 = llvm.load %p6 {alignment = 16 : i64} : !shared -> vector<4xf32>
    %v6 = vector.insert_strided_slice %r6, %v5 {offsets = [24], strides = [1]} : vector<4xf32> into vector<32xf32>
    %p7 = llvm.getelementptr %p6[%apart] : (!shared, i64) -> !shared, f32
    %r7 = llvm.load %p7 {alignment = 16 : i64} : !shared -> vector<4xf32>
    %v7 = vector.insert_strided_slice %r7, %v6 {offsets = [28], strides = [1]} : vector<4xf32> into vector<32xf32>
    llvm.return %v7 : vector<32xf32>
  }

  gpu.func @matmul_f32(%a: !global, %a_stride: i64,
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
    %c20 = arith.constant 20 : i64
    %c32 = arith.constant 32 : i64
    %c63 = arith.constant 63 : i64
    %c64 = arith.constant 64 : i64
    %c96 = arith.constant 96 : i64
    %c127 = arith.constant 127 : i64
    %c128 = arith.constant 128 : i64
    %c160 = arith.constant 160 : i64
    %c320 = arith.constant 320 : i64
    %c3840 = arith.constant 3840 : i64

    %tiles = llvm.mlir.addressof @matmul_f32_tiles : !shared
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
    %stride_bytes = arith.muli %strides, %c4 : i64
    %bits = arith.ori %addresses, %stride_bytes : i64
    %low_bits = arith.andi %bits, %c15 : i64
    %aligned = arith.cmpi eq, %low_bits, %c0 : i64

    // A thread copies 16 bytes of every 32nd row, 4 neighbours a whole row: of
    // the rows 0, 32, 64 and 96 on of a, and 0 and 32 on of b.
    %copy_row = arith.divui %thread, %c4 : i64
    %copy_quarter = arith.andi %thread, %c3 : i64
    %copy_l = arith.muli %copy_quarter, %c4 : i64
    %copy_line = arith.muli %copy_row, %c20 : i64
    %copy_offset = arith.addi %copy_line, %copy_l : i64
    %copy_to = llvm.getelementptr %tiles[%copy_offset] : (!shared, i64) -> !shared, f32
    %i_0 = arith.addi %i0, %copy_row : i64
    %j_0 = arith.addi %j0, %copy_row : i64
    %i_1 = arith.addi %i_0, %c32 : i64
    %i_2 = arith.addi %i_0, %c64 : i64
    %i_3 = arith.addi %i_0, %c96 : i64
    %j_1 = arith.addi %j_0, %c32 : i64
    %a_row_0 = llvm.call @matmul_f32_row(%a, %a_stride, %i_0, %m) : (!global, i64, i64, i64) -> !global
    %a_row_1 = llvm.call @matmul_f32_row(%a, %a_stride, %i_1, %m) : (!global, i64, i64, i64) -> !global
    %a_row_2 = llvm.call @matmul_f32_row(%a, %a_stride, %i_2, %m) : (!global, i64, i64, i64) -> !global
    %a_row_3 = llvm.call @matmul_f32_row(%a, %a_stride, %i_3, %m) : (!global, i64, i64, i64) -> !global
    %b_row_0 = llvm.call @matmul_f32_row(%b, %b_stride, %j_0, %n) : (!global, i64, i64, i64) -> !global
    %b_row_1 = llvm.call @matmul_f32_row(%b, %b_stride, %j_1, %n) : (!global, i64, i64, i64) -> !global

    // The thread computes the rows high, high + 16, ... and the columns low,
    // low + 8, ... of the tile.
    %low = arith.andi %thread, %c7 : i64
    %high = arith.divui %thread, %c8 : i64
    %use_a = arith.muli %high, %c20 : i64
    %b_row = arith.addi %low, %c128 : i64
    %use_b = arith.muli %b_row, %c20 : i64

    %k_up = arith.addi %k, %c15 : i64
    %k_tiles = arith.divui %k_up, %c16 : i64
    %steps = arith.addi %k_tiles, %c2 : i64

    // Step t copies tile t to one of the three places and uses tile t - 2.
    %end, %product = scf.for %t = %c0 to %steps step %c1
        iter_args(%place = %c0, %sums = %zeros) -> (i64, !sums) : i64 {
      // Only the newest tile may be under way still.
      nvvm.cp.async.wait.group 1
      gpu.barrier
      %is_left = arith.cmpi slt, %t, %k_tiles : i64
      scf.if %is_left {
        %l0 = arith.muli %t, %c16 : i64
        %l = arith.addi %l0, %copy_l : i64
        %left = arith.subi %k, %l : i64
        %has = arith.cmpi sgt, %left, %c0 : i64
        %safe = arith.select %has, %l, %c0 : i64
        %at_least_none = arith.maxsi %left, %c0 : i64
        %some = arith.minsi %at_least_none, %c4 : i64
        %filled = arith.muli %place, %c3840 : i64
        %from_a0 = llvm.getelementptr %a_row_0[%safe] : (!global, i64) -> !global, f32
        %from_a1 = llvm.getelementptr %a_row_1[%safe] : (!global, i64) -> !global, f32
        %from_a2 = llvm.getelementptr %a_row_2[%safe] : (!global, i64) -> !global, f32
        %from_a3 = llvm.getelementptr %a_row_3[%safe] : (!global, i64) -> !global, f32
        %from_b0 = llvm.getelementptr %b_row_0[%safe] : (!global, i64) -> !global, f32
        %from_b1 = llvm.getelementptr %b_row_1[%safe] : (!global, i64) -> !global, f32
        %to_a0 = llvm.getelementptr %copy_to[%filled] : (!shared, i64) -> !shared, f32
        %to_a1 = llvm.getelementptr %to_a0[640] : (!shared) -> !shared, f32
        %to_a2 = llvm.getelementptr %to_a0[1280] : (!shared) -> !shared, f32
        %to_a3 = llvm.getelementptr %to_a0[1920] : (!shared) -> !shared, f32
        %to_b0 = llvm.getelementptr %to_a0[2560] : (!shared) -> !shared, f32
        %to_b1 = llvm.getelementptr %to_a0[3200] : (!shared) -> !shared, f32
        scf.if %aligned {
          %some_bytes = arith.muli %some, %c4 : i64
          %bytes = arith.trunci %some_bytes : i64 to i32
          nvvm.cp.async.shared.global %to_a0, %from_a0, 16, cache = cg, %bytes : !shared, !global, i32
          nvvm.cp.async.shared.global %to_a1, %from_a1, 16, cache = cg, %bytes : !shared, !global, i32
          nvvm.cp.async.shared.global %to_a2, %from_a2, 16, cache = cg, %bytes : !shared, !global, i32
          nvvm.cp.async.shared.global %to_a3, %from_a3, 16, cache = cg, %bytes : !shared, !global, i32
          nvvm.cp.async.shared.global %to_b0, %from_b0, 16, cache = cg, %bytes : !shared, !global, i32
          nvvm.cp.async.shared.global %to_b1, %from_b1, 16, cache = cg, %bytes : !shared, !global, i32
        } else {
          llvm.call @matmul_f32_copy(%to_a0, %from_a0, %some) : (!shared, !global, i64) -> ()
          llvm.call @matmul_f32_copy(%to_a1, %from_a1, %some) : (!shared, !global, i64) -> ()
          llvm.call @matmul_f32_copy(%to_a2, %from_a2, %some) : (!shared, !global, i64) -> ()
          llvm.call @matmul_f32_copy(%to_a3, %from_a3, %some) : (!shared, !global, i64) -> ()
          llvm.call @matmul_f32_copy(%to_b0, %from_b0, %some) : (!shared, !global, i64) -> ()
          llvm.call @matmul_f32_copy(%to_b1, %from_b1, %some) : (!shared, !global, i64) -> ()
        }
      }
      nvvm.cp.async.commit.group

      %is_last = arith.cmpi eq, %place, %c2 : i64
      %up = arith.addi %place, %c1 : i64
      %next = arith.select %is_last, %c0, %up : i64
      %is_used = arith.cmpi sge, %t, %c2 : i64
      %new = scf.if %is_used -> (!sums) {
        // Two before is one after, of three.
        %used = arith.muli %next, %c3840 : i64
        %tile = llvm.getelementptr %tiles[%used] : (!shared, i64) -> !shared, f32
        %tile_a = llvm.getelementptr %tile[%use_a] : (!shared, i64) -> !shared, f32
        %tile_b = llvm.getelementptr %tile[%use_b] : (!shared, i64) -> !shared, f32
        %of_tile = scf.for %l = %c0 to %c16 step %c4 iter_args(%s0 = %sums) -> (!sums) : i64 {
          %ap = llvm.getelementptr %tile_a[%l] : (!shared, i64) -> !shared, f32
          %bp = llvm.getelementptr %tile_b[%l] : (!shared, i64) -> !shared, f32
          // 16 rows of a tile are 320 floats apart.
          %x = llvm.call @matmul_f32_load(%ap, %c320) : (!shared, i64) -> vector<32xf32>
          %y = llvm.call @matmul_f32_load(%bp, %c160) : (!shared, i64) -> vector<32xf32>
          %x0 = vector.shuffle %x, %x [0, 4, 8, 12, 16, 20, 24, 28] : vector<32xf32>, vector<32xf32>
          %y0 = vector.shuffle %y, %y [0, 4, 8, 12, 16, 20, 24, 28] : vector<32xf32>, vector<32xf32>
          %x1 = vector.shuffle %x, %x [1, 5, 9, 13, 17, 21, 25, 29] : vector<32xf32>, vector<32xf32>
          %y1 = vector.shuffle %y, %y [1, 5, 9, 13, 17, 21, 25, 29] : vector<32xf32>, vector<32xf32>
          %x2 = vector.shuffle %x, %x [2, 6, 10, 14, 18, 22, 26, 30] : vector<32xf32>, vector<32xf32>
          %y2 = vector.shuffle %y, %y [2, 6, 10, 14, 18, 22, 26, 30] : vector<32xf32>, vector<32xf32>
          %x3 = vector.shuffle %x, %x [3, 7, 11, 15, 19, 23, 27, 31] : vector<32xf32>, vector<32xf32>
          %y3 = vector.shuffle %y, %y [3, 7, 11, 15, 19, 23, 27, 31] : vector<32xf32>, vector<32xf32>
          %s1 = vector.outerproduct %x0, %y0, %s0 {kind = #vector.kind<add>} : vector<8xf32>, vector<8xf32>
          %s2 = vector.outerproduct %x1, %y1, %s1 {kind = #vector.kind<add>} : vector<8xf32>, vector<8xf32>
          %s3 = vector.outerproduct %x2, %y2, %s2 {kind = #vector.kind<add>} : vector<8xf32>, vector<8xf32>
          %s4 = vector.outerproduct %x3, %y3, %s3 {kind = #vector.kind<add>} : vector<8xf32>, vector<8xf32>
          scf.yield %s4 : !sums
        }
        scf.yield %of_tile : !sums
      } else {
        scf.yield %sums : !sums
      }
      scf.yield %next, %new : i64, !sums
    }

    // Rows and columns are turned each time, so that every index is a constant
    // and all stay in registers.
    %to_i = arith.addi %i0, %high : i64
    %to_j = arith.addi %j0, %low : i64
    %to_i_end = arith.addi %to_i, %c128 : i64
    %to_j_end = arith.addi %to_j, %c64 : i64
    scf.for %i = %to_i to %to_i_end step %c16 iter_args(%lines = %product) -> (!sums) : i64 {
      %line = vector.extract %lines[0] : vector<8xf32> from !sums
      %has_row = arith.cmpi slt, %i, %m : i64
      %line_offset = arith.muli %i, %c_stride : i64
      scf.for %j = %to_j to %to_j_end step %c8 iter_args(%ones = %line) -> (vector<8xf32>) : i64 {
        %has_column = arith.cmpi slt, %j, %n : i64
        %has = arith.andi %has_row, %has_column : i1
        scf.if %has {
          %one = vector.extract %ones[0] : f32 from vector<8xf32>
          %offset = arith.addi %line_offset, %j : i64
          %to = llvm.getelementptr %c[%offset] : (!global, i64) -> !global, f32
          llvm.store %one, %to : f32, !global
        }
        %turned = vector.shuffle %ones, %ones [1, 2, 3, 4, 5, 6, 7, 0] : vector<8xf32>, vector<8xf32>
        scf.yield %turned : vector<8xf32>
      }
      %turned = vector.shuffle %lines, %lines [1, 2, 3, 4, 5, 6, 7, 0] : !sums, !sums
      scf.yield %turned : !sums
    }
    gpu.return
  }
}
