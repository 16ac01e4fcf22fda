package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/annoy-go/annoy"
	"github.com/annoy-go/annoy/vecio"
)

// onDisk is the memory of a BuildFile, in bytes, beside the bound that its documentation states.
type onDisk struct {
	Set         string  `json:"set"`
	Items       int     `json:"items"`
	Dim         int     `json:"dim"`
	Trees       int     `json:"trees"`
	Workers     int     `json:"workers"`
	Seconds     float64 `json:"seconds"`
	FileBytes   int64   `json:"file_bytes"`
	IdleAnon    int64   `json:"idle_anon"` // RssAnon before the build
	PeakAnon    int64   `json:"peak_anon"` // largest RssAnon seen
	PeakFile    int64   `json:"peak_file"` // largest RssFile seen: page cache, which the system takes back when it needs it
	Samples     int     `json:"samples"`
	Bound       int64   `json:"bound"` // see bound
	VectorBytes int64   `json:"vector_bytes"`
}

const sampleEvery = 20 * time.Millisecond

// onDiskRequest is what the building child is told.
type onDiskRequest struct {
	Base, Metric, Out     string
	Limit, Trees, Workers int
}

// measureOnDisk runs BuildFile in a process of its own and samples that process's memory.
func measureOnDisk(ctx context.Context, c *config, r *report) error {
	for _, set := range c.sets {
		for _, trees := range c.trees {
			o, err := buildOnDisk(ctx, c, set, trees)
			if err != nil {
				return fmt.Errorf("%s, %d trees: %w", set.name, trees, err)
			}
			r.OnDisk = append(r.OnDisk, o)
		}
	}
	return nil
}

func buildOnDisk(ctx context.Context, c *config, set *dataset, trees int) (*onDisk, error) {
	progress("%s, %d trees: BuildFile", set.name, trees)
	out := filepath.Join(c.dir, "ondisk.ann")
	defer os.Remove(out)
	defer os.Remove(out + ".meta")
	ch, err := startChild(ctx, "child-ondisk", onDiskRequest{set.basePath, set.metric.String(), out, set.limit, trees, c.workers})
	if err != nil {
		return nil, err
	}
	defer ch.stop()
	var started struct{}
	if err := ch.read(&started); err != nil {
		return nil, err
	}
	status := fmt.Sprintf("/proc/%d/status", ch.cmd.Process.Pid)
	idle, err := readFields(status)
	if err != nil {
		return nil, err
	}
	if _, err := io.WriteString(ch.in, "\n"); err != nil {
		return nil, err
	}
	o := &onDisk{Set: set.name, Trees: trees, Workers: c.workers, IdleAnon: idle["RssAnon"]}
	var done onDisk
	finished := make(chan error, 1)
	go func() { finished <- ch.read(&done) }()
	tick := time.NewTicker(sampleEvery)
	defer tick.Stop()
	for waiting := true; waiting; {
		select {
		case err := <-finished:
			if err != nil {
				return nil, err
			}
			waiting = false
		case <-tick.C:
			m, err := readFields(status)
			if err != nil {
				continue // it just ended; what it answered decides
			}
			o.Samples++
			o.PeakAnon, o.PeakFile = max(o.PeakAnon, m["RssAnon"]), max(o.PeakFile, m["RssFile"])
		}
	}
	o.Items, o.Dim, o.Seconds = done.Items, done.Dim, done.Seconds
	o.FileBytes, o.VectorBytes, o.Bound = done.FileBytes, done.VectorBytes, done.Bound
	return o, nil
}

// bound is what the documentation of annoy.BuildFile states; change both together.
func bound(s annoy.Stats, workers int) int64 {
	items := int64(s.Items)
	treeBytes := int64(s.Nodes-s.Items) / int64(s.Trees) * int64(s.NodeBytes)
	live := 4*items + 2*(8*items+2*treeBytes) + int64(workers)*(10<<20)
	return 2 * live // the garbage collector's default
}

// onDiskChild builds, with one processor a worker, and answers with the fields of onDisk that it knows.
func onDiskChild(arg []byte) error {
	var r onDiskRequest
	if err := json.Unmarshal(arg, &r); err != nil {
		return err
	}
	m, err := annoy.ParseMetric(r.Metric)
	if err != nil {
		return err
	}
	runtime.GOMAXPROCS(r.Workers)
	src, err := vecio.Open(r.Base, nil)
	if err != nil {
		return err
	}
	defer src.Close()
	in := bufio.NewReader(os.Stdin)
	if err := ready(in); err != nil {
		return err
	}
	var from annoy.Source = src
	if r.Limit > 0 {
		from = &firstRows{src, r.Limit}
	}
	start := time.Now()
	stats, err := annoy.BuildFile(context.Background(), from, m, r.Out, &annoy.BuildOptions{Kind: annoy.Forest, Trees: r.Trees, Workers: r.Workers})
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(onDisk{
		Items: stats.Items, Dim: stats.Dim, Seconds: time.Since(start).Seconds(), FileBytes: stats.Bytes,
		VectorBytes: int64(stats.Items) * int64(stats.Dim) * 4, Bound: bound(stats, r.Workers),
	})
}

// firstRows is a source's beginning.
type firstRows struct {
	annoy.Source
	left int
}

func (f *firstRows) Len() int {
	if n := f.Source.Len(); n >= 0 {
		return min(n, f.left)
	}
	return -1
}

func (f *firstRows) Next(dst []float32) (int64, error) {
	if f.left == 0 {
		return 0, io.EOF
	}
	f.left--
	return f.Source.Next(dst)
}

// cpuModel is the processor's name as Linux tells it.
func cpuModel() string {
	data, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		return "unknown"
	}
	for line := range strings.Lines(string(data)) {
		if name, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return "unknown"
}
