package canopy

import (
	"context"
	"errors"
)

// NoLeaf stands in Partition.Spill for a vector without a second leaf.
const NoLeaf = ^uint32(0)

// Partition is the tree: every vector belongs to a leaf, every leaf to a top. All of it is in the coded space.
type Partition struct {
	Dim    int       // coded components, Dc
	Mean   []float32 // Dc: about the mean of all coded vectors; what codes and routing subtract
	Tops   []float32 // K1×Dc: centroids
	First  []int32   // K1+1: the leaves of top t are First[t] … First[t+1]−1, at least one
	Leaves []float32 // L×Dc: centroids. None is empty: each is the own leaf of a vector
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
	Leaf     int                      // vectors a leaf is meant to have, ≥ 1
	Spill    bool                     // a second leaf for every vector
	Seed     uint64                   //
	Workers  int                      // ≥ 1
	Guard    func(func() error) error // runs what reads vectors, in every goroutine; nil: nothing to guard against
	Progress func(done, total int64)  // vector-steps; nil, or called from one goroutine at a time
}

// NewPartition partitions the vectors. Without vectors there are neither tops nor leaves. The only errors are Guard's
// and ctx's.
func NewPartition(ctx context.Context, vs Vectors, sp space, p PartitionParams) (*Partition, error) {
	return nil, errors.ErrUnsupported
}
