package main

import (
	"github.com/annoy-go/annoy"
	"github.com/annoy-go/annoy/eval/peers"
)

// buildCost is what a build of ours took, in full and without some of its work.
type buildCost struct {
	Name string          `json:"name"`
	Cost peers.BuildCost `json:"cost"`
}

// measureBuilds takes away from a build with all defaults first the trial of shapes, then the calibration too.
func measureBuilds(b *bench) (*result, error) {
	x, err := b.index(variant{})
	if err != nil {
		return nil, err
	}
	r := &result{Indexes: map[string]indexInfo{variant{}.name(): x.info}}
	var chosen annoy.Shape
	if err := chosen.UnmarshalText([]byte(x.info.Shape)); err != nil {
		return nil, err
	}
	for _, w := range []struct {
		name string
		v    variant
	}{
		{"all", variant{}}, {"without trial of shapes", variant{shape: chosen}},
		{"without calibration too", variant{shape: chosen, bare: true}},
	} {
		x, err := b.index(w.v)
		if err != nil {
			return nil, err
		}
		r.Builds = append(r.Builds, buildCost{w.name, x.cost})
	}
	return r, nil
}
