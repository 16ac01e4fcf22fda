package command

import (
	"bytes"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/annoy-go/annoy"
)

func TestProgress(t *testing.T) {
	var out bytes.Buffer
	p := &progress{w: &out}
	p.update("read", 0, -1)
	p.update("read", 1000, -1)
	p.report(annoy.Progress{Stage: "build", Done: 0, Total: 50})
	p.report(annoy.Progress{Stage: "build", Done: 25, Total: 50})
	p.stop()
	p.stop()
	for _, want := range []string{"read", "build"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no stage %q in %q", want, out.String())
		}
	}
	drawn := out.Len()
	if !strings.HasSuffix(strings.TrimRight(out.String(), " "), "\r") {
		t.Errorf("the bar is not cleared: %q", out.String())
	}
	p.stop()
	if out.Len() != drawn {
		t.Error("drawing after stop")
	}
}

func TestProgressConcurrent(t *testing.T) {
	p := &progress{w: &bytes.Buffer{}}
	var wg sync.WaitGroup
	for g := range 4 {
		wg.Go(func() {
			for i := range 100 {
				p.update([]string{"read", "build"}[(g+i)%2], int64(i), 100)
			}
		})
	}
	wg.Wait()
	p.stop()
}

// TestNoProgress: nothing is drawn but on a terminal.
func TestNoProgress(t *testing.T) {
	file, err := os.Create(t.TempDir() + "/stderr")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	for _, e := range []*env{{stderr: &bytes.Buffer{}}, {stderr: file}} {
		p := e.newProgress()
		if p != nil {
			t.Errorf("a bar on %T", e.stderr)
		}
		p.update("read", 1, 2) // and a nil bar takes every call
		p.report(annoy.Progress{})
		p.stop()
	}
}
