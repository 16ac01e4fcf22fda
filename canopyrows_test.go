package annoy_test

import (
	"context"
	"errors"
	"testing"

	"github.com/annoy-go/annoy"
)

// Rows that cannot stand for a component are the caller's mistake, and the error names both.
func TestCanopyRowsOutOfRange(t *testing.T) {
	for rows, v := range map[annoy.Rows][]float32{annoy.RowsFloat16: {0.1, 70000}, annoy.RowsUint8: {0.1, -1}} {
		b, err := annoy.NewBuilder(2, annoy.Euclidean, nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := b.Add(1, v); err != nil {
			t.Fatal(err)
		}
		if _, err = b.Build(context.Background(), &annoy.BuildOptions{Kind: annoy.Canopy, Rows: rows}); !errors.Is(err, annoy.ErrOption) {
			t.Errorf("%v in rows of %v: %v", v, rows, err)
		}
	}
}
