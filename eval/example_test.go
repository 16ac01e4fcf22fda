package eval_test

import (
	"context"
	"fmt"
	"log"
	"math/rand/v2"
	"time"

	"github.com/annoy-go/annoy"
	"github.com/annoy-go/annoy/eval"
)

// How much search_k a recall takes, measured with queries that the index does not hold.
func Example() {
	ctx := context.Background()
	r := rand.New(rand.NewPCG(1, 2))
	vectors := make([][]float32, 5100)
	for i := range vectors {
		for range 16 {
			vectors[i] = append(vectors[i], float32(r.NormFloat64()))
		}
	}
	base, queries := vectors[:5000], vectors[5000:]

	b, err := annoy.NewBuilder(16, annoy.Euclidean, nil)
	if err != nil {
		log.Fatal(err)
	}
	for id, v := range base {
		if err := b.Add(id, v); err != nil {
			log.Fatal(err)
		}
	}
	ix, err := b.Build(ctx, &annoy.BuildOptions{Kind: annoy.Forest, Trees: 10})
	if err != nil {
		log.Fatal(err)
	}
	defer ix.Close()

	truth, err := eval.Exact(ctx, eval.Rows(base), queries, annoy.Euclidean, 10, nil)
	if err != nil {
		log.Fatal(err)
	}
	e, err := eval.New(ctx, ix, queries, truth.IDs, &eval.Options{K: 10, MinTime: time.Millisecond})
	if err != nil {
		log.Fatal(err)
	}
	f, err := e.ForRecall(ctx, eval.SearchK, 0.9)
	if err != nil {
		log.Fatal(err)
	}
	points, err := e.Measure(ctx, eval.SearchK, f.Value)
	if err != nil {
		log.Fatal(err)
	}
	p := points[0]
	fmt.Println(f.Reached, p.Recall >= 0.9, p.Threads, p.QPS > 0, p.P50 <= p.P99)
	// Output: true true 1 true true
}
