package main

import (
	"context"
	"math"
	"math/rand/v2"

	"github.com/annoy-go/annoy"
)

const (
	factors  = 64
	epochs   = 200
	rate     = 0.05
	regulate = 0.03
)

// model has a vector for each user and item. The item's last component is how popular it is; the user's is 1.
type model struct {
	users, items [][]float32
}

func (m *model) user(u int) []float32 { return m.users[u] }

// train learns the vectors by Bayesian personalized ranking (Rendle, Freudenthaler, Gantner, Schmidt-Thieme, UAI 2009): an item that
// a user has is to fit better than one drawn at random.
func train(d *dataset) *model {
	rng := rand.New(rand.NewPCG(1, 0))
	fill := func(n int) [][]float32 {
		rows := make([][]float32, n)
		for i := range rows {
			rows[i] = make([]float32, factors+1)
			for c := range factors {
				rows[i][c] = float32(rng.NormFloat64() * 0.1)
			}
		}
		return rows
	}
	m := &model{users: fill(len(d.users)), items: fill(len(d.items))}
	for _, u := range m.users {
		u[factors] = 1
	}
	for range epochs {
		for u, has := range d.has {
			for _, i := range has {
				j := rng.IntN(len(m.items))
				m.step(m.users[u], m.items[i], m.items[j])
			}
		}
	}
	return m
}

// step makes an item that the user has fit better, and another one worse.
func (m *model) step(u, has, other []float32) {
	fit := 0.0
	for c := range u {
		fit += float64(u[c]) * float64(has[c]-other[c])
	}
	g := float32(rate / (1 + math.Exp(fit)))
	for c := range factors {
		x, h, o := u[c], has[c], other[c]
		u[c] += g*(h-o) - rate*regulate*x
		has[c] += g*x - rate*regulate*h
		other[c] -= g*x + rate*regulate*o
	}
	has[factors] += g - rate*regulate*has[factors]
	other[factors] -= g + rate*regulate*other[factors]
}

// index is of the items, by product. Longer vectors, those of popular items, are found more often: dot is not cosine.
func (m *model) index(ctx context.Context) (*annoy.Index, error) {
	b, err := annoy.NewBuilder(factors+1, annoy.Dot, nil)
	if err != nil {
		return nil, err
	}
	for i, v := range m.items {
		if err := b.Add(i, v); err != nil {
			return nil, err
		}
	}
	return b.Build(ctx, nil)
}
