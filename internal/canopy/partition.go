package canopy

import (
	"context"
	"math"
)

// NoLeaf stands in Partition.Spill for a vector without a second leaf.
const NoLeaf = ^uint32(0)

// Partition is the tree: every vector belongs to a leaf, every leaf to a top. All of it is in the coded space.
type Partition struct {
	Dim    int       // coded components, Dc
	Mean   []float32 // Dc: about the mean of all coded vectors; what codes and routing subtract
	Tops   []float32 // K1×Dc: centroids
	First  []int32   // K1+1: the leaves of top t are First[t] … First[t+1]−1, at least one
	Leaves []float32 // L×Dc: centroids. Each is the own or second leaf of a vector
	Own    []uint32  // N: the leaf of each vector
	Spill  []uint32  // N or nil: its second leaf, never the own one; NoLeaf where there is none
}

// NTops is the number of tops.
func (p *Partition) NTops() int { return len(p.First) - 1 }

// NLeaves is the number of leaves.
func (p *Partition) NLeaves() int { return int(p.First[len(p.First)-1]) }

// Leaf is the centroid of a leaf.
func (p *Partition) Leaf(l int) []float32 { return p.Leaves[l*p.Dim : (l+1)*p.Dim : (l+1)*p.Dim] }

// Top is the centroid of a top.
func (p *Partition) Top(t int) []float32 { return p.Tops[t*p.Dim : (t+1)*p.Dim : (t+1)*p.Dim] }

// PartitionParams say how to partition.
type PartitionParams struct {
	Leaf     int                      // vectors that a leaf is meant to have, ≥ 1
	Spill    bool                     // a second leaf for every vector
	Seed     uint64                   //
	Workers  int                      // ≥ 1
	Memory   int64                    // bytes of sampled vectors held at once, but at least 4 MiB, 64 a top and one top's; 0: 256 MiB
	Guard    func(func() error) error // runs what reads vectors, in every goroutine; nil: nothing to guard against
	Progress func(done, total int64)  // vector-steps; nil, or called from one goroutine at a time
}

// Measured constants of the partition (SIFT 1M and text embeddings, see docs/adr).
const (
	topSample      = 256 // vectors a top that tops are found on,
	leastTopSample = 64  // and with little memory
	topRounds      = 10
	leafSample     = 128 // at most, vectors a leaf that leaves are found on
	leafRounds     = 8
	splitFrom      = 4 // times the mean of a top's sample, above which it is divided,
	splitLevels    = 3 // and its parts so often
	nearTops       = 8 // tops in whose leaves the nearest leaf of a vector is looked for
)

// partitionSteps is the vector-steps of a partition, for each vector: three passes, and the leaves' k-means.
const partitionSteps = 4

// defaultSampleBytes is PartitionParams.Memory where that is 0, leastSampleBytes what it is at least.
const (
	defaultSampleBytes = 256 << 20
	leastSampleBytes   = 4 << 20
)

// Streams of random numbers: the number of a stage, and in it the top.
const (
	streamSample = iota
	streamTops
	streamLeafSample
	streamLeaves
	streamCodebook
	streamTrial
	streamAxes
)

// partitioner is one run of NewPartition. Its centroids have the mean subtracted: products of vectors near the mean
// lose the fewest digits.
type partitioner struct {
	*pool
	*Partition
	vs       Vectors
	space    space
	params   PartitionParams
	progress *progress
	blocks   []block
	finders  []finder // of each worker
	tops     panels
	leaves   []panels // of each top
}

// NewPartition partitions the vectors: k-means on a sample finds the tops, k-means on a sample of each top's vectors its
// leaves; then every vector moves to the nearest leaf of its nearest tops, leaves and tops move to the means of theirs,
// and every vector moves once more. With Spill the second leaf is SOAR's (Sun et al., NeurIPS 2023). Without vectors
// there are neither tops nor leaves.
//
// Each stage passes over the vectors in ascending order. Beyond the result it holds the larger of Memory and some MiB a
// worker, and the sums of the leaves. The only errors are Guard's and ctx's.
func NewPartition(ctx context.Context, vs Vectors, sp space, p PartitionParams) (*Partition, error) {
	n, dim := vs.Len(), sp.coded()
	b := &partitioner{pool: newPool(ctx, p.Workers, p.Guard), vs: vs, space: sp, params: p,
		Partition: &Partition{Dim: dim, Mean: make([]float32, dim), First: []int32{0}, Own: make([]uint32, n)},
		progress:  newProgress(p.Progress, int64(n)*partitionSteps)}
	if n == 0 {
		return b.Partition, ctx.Err()
	}
	b.finders = make([]finder, b.workers)
	b.newBlocks()
	for _, stage := range []func() error{b.findTops, b.assignTops, b.findLeaves, b.refine, b.settle} {
		if err := stage(); err != nil {
			return nil, err
		}
	}
	return b.Partition, nil
}

// topCount is K1 for n vectors.
func topCount(n, leaf int) int {
	return max(1, int(math.Round(math.Sqrt(float64(n)/float64(leaf)))))
}

// leafCount is the number of leaves of a top that has n vectors.
func leafCount(n, leaf int) int {
	return max(1, int(math.Round(float64(n)/float64(leaf))))
}

// settle drops what is empty and adds the mean to the centroids.
func (b *partitioner) settle() error {
	used := make([]bool, b.NLeaves())
	for _, l := range b.Own {
		used[l] = true
	}
	for _, l := range b.Spill {
		if l != NoLeaf {
			used[l] = true
		}
	}
	b.renumber(b.dropLeaves(used))
	for _, centroids := range [][]float32{b.Tops, b.Leaves} {
		for i := range centroids {
			centroids[i] += b.Mean[i%b.Dim]
		}
	}
	return b.ctx.Err()
}

// dropLeaves takes the leaves out that are not kept, and tops without leaves, and returns the new number of each old
// leaf, NoLeaf for one that is gone.
func (b *partitioner) dropLeaves(keep []bool) []uint32 {
	to := make([]uint32, len(keep))
	first := []int32{0}
	leaves, tops := 0, 0
	for t := range b.NTops() {
		for l := b.First[t]; l < b.First[t+1]; l++ {
			to[l] = NoLeaf
			if keep[l] {
				to[l] = uint32(leaves)
				copy(b.Leaves[leaves*b.Dim:], b.Leaf(int(l)))
				leaves++
			}
		}
		if int32(leaves) > first[tops] {
			copy(b.Tops[tops*b.Dim:], b.Top(t))
			first = append(first, int32(leaves))
			tops++
		}
	}
	b.First, b.Tops, b.Leaves = first, b.Tops[:tops*b.Dim], b.Leaves[:leaves*b.Dim]
	return to
}

// renumber replaces the leaves of the vectors.
func (b *partitioner) renumber(to []uint32) {
	for i, l := range b.Own {
		b.Own[i] = to[l]
	}
	for i, l := range b.Spill {
		if l != NoLeaf {
			b.Spill[i] = to[l]
		}
	}
}
