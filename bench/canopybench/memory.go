package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"github.com/annoy-go/annoy"
	"github.com/annoy-go/annoy/eval/peers"
	"github.com/annoy-go/annoy/internal/cputime"
	"github.com/annoy-go/annoy/vecio"
)

// memoryOf is what one BuildFile took.
type memoryOf struct {
	Max     int64   `json:"max"` // BuildOptions.MaxMemory; 0: the default
	GoLimit int64   `json:"go_limit"`
	Seconds float64 `json:"seconds"`
	CPU     float64 `json:"cpu"`
	Idle    int64   `json:"idle"` // anonymous before the build
	Items   int     `json:"items"`
	Vectors int64   `json:"vectors"` // bytes as float32
	File    int64   `json:"file"`
	sampled
}

// measureMemory builds from the set's file with the default, and where nothing may take more than a quarter of the
// vectors' bytes: the process's own memory, and what the page cache keeps for it.
func measureMemory(b *bench) (*result, error) {
	items, dim, err := sizeOf(b.set.base, b.config.rows)
	if err != nil {
		return nil, err
	}
	vectors := int64(items) * int64(dim) * 4
	quarter := vectors / 4
	res := &result{}
	for _, m := range []memoryOf{
		{},
		{Max: quarter / 4},
		{Max: quarter / 4, GoLimit: quarter * 3 / 4, sampled: sampled{Limit: quarter}},
	} {
		progress("%s: BuildFile, MaxMemory %d, limit %d", b.set.name, m.Max, m.Limit)
		out := filepath.Join(b.dir, "memory"+extension)
		r := request{Base: b.set.base, Rows: b.config.rows, Metric: b.set.metric.String(), Index: out, Memory: m.Max}
		var env []string
		if m.GoLimit > 0 {
			env = append(env, fmt.Sprintf("GOMEMLIMIT=%d", m.GoLimit))
		}
		for _, path := range []string{b.set.base, out} {
			dropCache(path)
		}
		s, err := runChild(b.ctx, "child-build", r, m.Limit, env, &m)
		if err != nil {
			return nil, err
		}
		m.Vectors, m.sampled = vectors, s
		res.Memory = append(res.Memory, m)
		if err := os.Remove(out); err != nil {
			return nil, err
		}
	}
	return res, nil
}

// sizeOf is how many vectors a file has, limit at most where that is not 0, and their components.
func sizeOf(path string, limit int) (rows, dim int, err error) {
	r, err := vecio.Open(path, nil)
	if err != nil {
		return 0, 0, err
	}
	defer r.Close()
	rows = r.Len()
	if limit > 0 {
		rows = min(rows, limit)
	}
	return rows, r.Dim(), nil
}

// buildChild builds from a file.
func buildChild(r *request) (any, error) {
	metric, err := annoy.ParseMetric(r.Metric)
	if err != nil {
		return nil, err
	}
	src, err := vecio.Open(r.Base, nil)
	if err != nil {
		return nil, err
	}
	defer src.Close()
	var from annoy.Source = src
	if r.Rows > 0 {
		from = &firstRows{src, min(r.Rows, src.Len())}
	}
	idle, err := procField("/proc/self/status", "RssAnon")
	if err != nil {
		return nil, err
	}
	m := memoryOf{Idle: idle << 10, Max: r.Memory}
	start, cpu := time.Now(), cputime.Process()
	o := &annoy.BuildOptions{MaxMemory: r.Memory, Workers: runtime.NumCPU()}
	stats, err := annoy.BuildFile(context.Background(), from, metric, r.Index, o)
	if err != nil {
		return nil, err
	}
	m.Seconds, m.CPU = time.Since(start).Seconds(), (cputime.Process() - cpu).Seconds()
	m.Items, m.File = stats.Items, stats.Bytes
	return m, nil
}

// firstRows is the beginning of a source.
type firstRows struct {
	annoy.Source
	left int
}

func (f *firstRows) Len() int { return f.left }

func (f *firstRows) Next(dst []float32) (int64, error) {
	if f.left == 0 {
		return 0, io.EOF
	}
	f.left--
	return f.Source.Next(dst)
}

// MemoryTable has a row for each build.
func (p *page) MemoryTable() string {
	rows := [][]string{{"set", "vectors as float32, MB", "file, MB", "MaxMemory, MB", "limit, MB", "own at most, MB", "seconds"}}
	mega := func(n int64, none string) string {
		if n == 0 {
			return none
		}
		return megabytes(n)
	}
	for _, m := range p.Of("memory") {
		for _, b := range m.Memory {
			rows = append(rows, []string{m.Title(), megabytes(b.Vectors), megabytes(b.File), mega(b.Max, "default"), mega(b.Limit, "none"),
				megabytes(b.Anon), peers.Significant(b.Seconds)})
		}
	}
	return table(rows)
}
