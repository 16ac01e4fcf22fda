package annoy_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"

	"github.com/annoy-go/annoy"
)

// TestVerifyStops at any moment: before the first item, among the trees, within the checksum.
func TestVerifyStops(t *testing.T) {
	done, cancel := context.WithCancel(t.Context())
	cancel()
	for name, ix := range map[string]*annoy.Index{
		"empty":    newTwin(annoy.Euclidean).build(t, 3, 2),
		"one item": twinOf(annoy.Euclidean, cloud(seeded(93), 1, 3), 0).build(t, 3, 2),
	} {
		if err := ix.Verify(done); !errors.Is(err, context.Canceled) {
			t.Errorf("%s, cancelled before: %v", name, err)
		}
	}
	ix := open(t, saved(t, twinOf(annoy.Euclidean, cloud(seeded(94), 9000, 100), 0).build(t, 100, 3)), nil)
	var calls []annoy.Progress
	note := func(p annoy.Progress) { calls = append(calls, p) }
	if err := ix.VerifyWith(t.Context(), &annoy.VerifyOptions{Progress: note}); err != nil {
		t.Fatal(err)
	}
	stages := map[string]int{}
	for i, p := range calls {
		stages[p.Stage]++
		if p.Done > p.Total || p.Total <= 0 || i > 0 && p.Stage == calls[i-1].Stage && (p.Done <= calls[i-1].Done || p.Total != calls[i-1].Total) {
			t.Errorf("progress %d: %+v", i, p)
		}
	}
	if s, _ := ix.Stats(); stages["verify"] < 3 || stages["checksum"] < 3 || calls[len(calls)-1].Done != s.Bytes {
		t.Errorf("stages %v, the last %+v", stages, calls[len(calls)-1])
	}
	for stopAt := range len(calls) {
		ctx, cancel := context.WithCancel(t.Context())
		n := 0
		err := ix.VerifyWith(ctx, &annoy.VerifyOptions{Progress: func(annoy.Progress) {
			if n++; n > stopAt {
				cancel()
			}
		}})
		cancel()
		if !errors.Is(err, context.Canceled) || n != stopAt+1 {
			t.Errorf("cancelled at progress %d: %v after %d calls", stopAt, err, n)
		}
	}
}

// impatient is cancelled after so many looks at it.
type impatient struct {
	context.Context
	looks atomic.Int64
}

func (c *impatient) Err() error {
	if c.looks.Add(-1) < 0 {
		return context.Canceled
	}
	return nil
}

// TestVerifyLooks: the context is looked at all along, not only between the parts of the work.
func TestVerifyLooks(t *testing.T) {
	ix := open(t, saved(t, twinOf(annoy.Manhattan, cloud(seeded(95), 9000, 100), 0).build(t, 100, 3)), nil)
	s, err := ix.Stats()
	if err != nil {
		t.Fatal(err)
	}
	ctx := &impatient{Context: t.Context()}
	const plenty = 1 << 40
	ctx.looks.Store(plenty)
	if err := ix.Verify(ctx); err != nil {
		t.Fatal(err)
	}
	least := int64(s.Items)*int64(1+s.Trees)/10_000 + s.Bytes>>20
	looks := plenty - ctx.looks.Load()
	if looks < least {
		t.Errorf("%d looks at the context for %d items, %d trees, %d bytes; want %d", looks, s.Items, s.Trees, s.Bytes, least)
	}
	for n := range looks {
		ctx.looks.Store(n)
		if err := ix.Verify(ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("cancelled at look %d of %d: %v", n, looks, err)
		}
	}
}
