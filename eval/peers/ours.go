package peers

import (
	"bufio"
	"context"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/annoy-go/annoy"
	"github.com/annoy-go/annoy/internal/cputime"
)

// emptyRepeat is how many times an empty call is measured for its median.
const emptyRepeat = 5

// ours is an index of this library as a Peer, in this process.
type ours struct {
	own   Own
	d     Description
	set   *Set
	path  string
	index *annoy.Index
	empty *annoy.Index // of one item
	hits  []annoy.Neighbor
	ends  []int
}

// newOurs makes a peer of an index, which will be saved at path with the extension of its kind.
func newOurs(own Own, s shape, k int, version, path string) *ours {
	o := &ours{own: own, d: own.describe(s, k, version), path: path + own.extension()}
	if own.Path != "" {
		o.path = own.Path
	}
	return o
}

func (o *ours) Describe() Description { return o.d }

// Build counts the adding of the vectors, as the peers do that copy them.
func (o *ours) Build(ctx context.Context, s *Set) (cost BuildCost, err error) {
	if o.own.Path != "" {
		return o.own.Cost, nil
	}
	defer debug.FreeOSMemory()
	wall, cpu := time.Now(), cputime.Process()
	b, err := annoy.NewBuilder(s.dim, s.metric, &annoy.BuilderOptions{Items: s.rows})
	if err != nil {
		return cost, err
	}
	defer b.Close()
	for i := range s.rows {
		if err := b.Add(i, s.row(i)); err != nil {
			return cost, err
		}
	}
	ix, err := b.Build(ctx, &o.own.Build)
	if err != nil {
		return cost, err
	}
	defer ix.Close()
	cost.CPU, cost.Wall = (cputime.Process() - cpu).Seconds(), time.Since(wall).Seconds()
	if err := ix.Save(o.path); err != nil {
		return cost, err
	}
	stats, err := ix.Stats()
	cost.Bytes = stats.Bytes
	return cost, err
}

func (o *ours) Open(ctx context.Context, s *Set) (err error) {
	o.set = s
	if o.index, err = annoy.Open(o.path, nil); err != nil {
		return err
	}
	b, err := annoy.NewBuilder(s.dim, s.metric, nil)
	if err != nil {
		return err
	}
	defer b.Close()
	if err := b.Add(0, slices.Repeat([]float32{1}, s.dim)); err != nil {
		return err
	}
	o.empty, err = b.Build(ctx, o.own.empty())
	return err
}

// Search runs on one thread, locked, with nothing else of this process running.
func (o *ours) Search(from, count, k int, e Effort) (Timing, error) {
	queries := o.set.queries[from : from+count]
	opts := &annoy.SearchOptions{SearchK: e.Knob}
	t, err := o.timed(o.index, queries, k, opts)
	if err != nil {
		return t, err
	}
	start := 0
	for _, end := range o.ends {
		ids := make([]int64, 0, k)
		for _, hit := range o.hits[start:end] {
			ids = append(ids, hit.ID)
		}
		t.IDs = append(t.IDs, ids)
		start = end
	}
	return t, nil
}

// timed searches a few queries, then all under the clock, and leaves their hits in o.hits and where each query's
// end in o.ends.
func (o *ours) timed(ix *annoy.Index, queries [][]float32, k int, opts *annoy.SearchOptions) (t Timing, err error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	if err := o.run(ix, queries[:min(warmQueries, len(queries))], k, opts); err != nil {
		return t, err
	}
	o.hits, o.ends = slices.Grow(o.hits[:0], len(queries)*k), slices.Grow(o.ends[:0], len(queries))
	wall, cpu := time.Now(), cputime.Thread()
	err = o.run(ix, queries, k, opts)
	t.CPU, t.Wall = (cputime.Thread() - cpu).Seconds(), time.Since(wall).Seconds()
	return t, err
}

func (o *ours) run(ix *annoy.Index, queries [][]float32, k int, opts *annoy.SearchOptions) (err error) {
	o.hits, o.ends = o.hits[:0], o.ends[:0]
	for _, q := range queries {
		if o.hits, err = ix.AppendSearch(o.hits, q, k, opts); err != nil {
			return err
		}
		o.ends = append(o.ends, len(o.hits))
	}
	return nil
}

func (o *ours) EmptyCall(from, count int) (float64, error) {
	var cpu []float64
	for range emptyRepeat {
		t, err := o.timed(o.empty, o.set.queries[from:from+count], 1, &annoy.SearchOptions{SearchK: 1})
		if err != nil {
			return 0, err
		}
		cpu = append(cpu, t.CPU/float64(count))
	}
	return FigureOf(cpu).Median, nil
}

// Resident is the pages of the mapped file that are in memory; all that a search needs beside them is some kB.
func (o *ours) Resident() (int64, error) { return mappedBytes(o.path) }

// mappedBytes sums up the resident bytes of a file's mappings in this process, 0 where the system has no /proc.
func mappedBytes(path string) (int64, error) {
	f, err := os.Open("/proc/self/smaps")
	if err != nil {
		return 0, nil
	}
	defer f.Close()
	path, err = filepath.EvalSymlinks(path)
	if err != nil {
		return 0, err
	}
	var sum int64
	inside := false
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		line := lines.Text()
		fields := strings.Fields(line)
		switch {
		case len(fields) >= 5 && !strings.HasSuffix(fields[0], ":"): // the head of a mapping
			inside = strings.HasSuffix(line, " "+path)
		case inside && len(fields) == 3 && fields[0] == "Rss:":
			kib, err := strconv.ParseInt(fields[1], 10, 64)
			if err != nil {
				return 0, err
			}
			sum += kib * 1024
		}
	}
	return sum, lines.Err()
}

func (o *ours) Close() error {
	if o.empty != nil {
		o.empty.Close()
	}
	if o.index != nil {
		return o.index.Close()
	}
	return nil
}
