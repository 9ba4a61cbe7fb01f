seqmix.model @headless {
  seqmix.entry @score(%x "x" : tensor<?x?x4xf32>) {
    seqmix.return outputs("y" = %x : tensor<?x?x4xf32>)
  }
}
