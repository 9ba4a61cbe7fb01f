# Makes the prefetches of an assembly file fetch into the second cache.
#
# Halide has one kind of prefetch, for data that is read once and soon: into the
# first cache, past the others. GroupedMatvec asks for more than the first cache
# can await at a time, and for lines that it would drop before they are read.
#
# cmake -DFILE=<assembly> -P PrefetchIntoL2.cmake

file(READ ${FILE} assembly)
string(REPLACE prefetchnta prefetcht1 assembly "${assembly}") # x86-64
string(REPLACE pldl1strm pldl2keep assembly "${assembly}")    # AArch64
file(WRITE ${FILE} "${assembly}")
