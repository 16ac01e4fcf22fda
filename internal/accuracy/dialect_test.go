package accuracy

import (
	"path/filepath"
	"testing"

	"github.com/annoy-go/annoy"
)

// TestDialectRecall: a rewritten file finds as much as one that was built in its dialect.
func TestDialectRecall(t *testing.T) {
	if raceEnabled {
		t.Skip("recall is the same with the race detector, which takes ten times as long")
	}
	items, queries := wordVectors(t, annoy.Dot)
	for id := range items {
		if id%3 != 0 {
			delete(items, id)
		}
	}
	tw := &twin{annoy.Dot, items}
	kth := tw.kth(t, queries, recallK)
	o := &annoy.SearchOptions{SearchK: 1000}
	recall := map[annoy.DotDialect]float64{}
	for _, d := range []annoy.DotDialect{annoy.DotReleased, annoy.DotMain} {
		b := tw.builder(t, len(queries[0]), &annoy.BuilderOptions{DotDialect: d})
		ix := build(t, b, &annoy.BuildOptions{Kind: annoy.Forest, Trees: recallTrees})
		recall[d] = recallOf(t, ix, tw, queries, kth, o)
		path := filepath.Join(t.TempDir(), "x.ann")
		if err := ix.SaveDialect(path, 1-d); err != nil {
			t.Fatal(err)
		}
		if got := recallOf(t, open(t, path, nil), tw, queries, kth, o); got < recall[d]-recallSlack {
			t.Errorf("%s: recall %.3f, rewritten in the other dialect %.3f", d, recall[d], got)
		}
	}
	if recall[annoy.DotReleased] < 0.7 || recall[annoy.DotMain] < 0.7 {
		t.Errorf("recall %v", recall)
	}
}
