package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"

	"github.com/annoy-go/annoy"
	"github.com/annoy-go/annoy/eval"
)

// children are what the program runs as when it starts itself, by the first argument; the second is their JSON.
var children = map[string]func([]byte) error{
	"child-share":  shareChild,
	"child-ondisk": onDiskChild,
}

const opens = 100

// measureOpen times Open of a file in the page cache, in milliseconds.
func measureOpen(path string) (figure, error) {
	var ms []float64
	for range opens {
		start := time.Now()
		ix, err := annoy.Open(path, nil)
		took := time.Since(start)
		if err != nil {
			return figure{}, err
		}
		if err := ix.Close(); err != nil {
			return figure{}, err
		}
		ms = append(ms, took.Seconds()*1000)
	}
	return figureOf(ms), nil
}

// sharing is the resident memory, in bytes, of processes that have one index file mapped and searched it.
type sharing struct {
	Processes int         `json:"processes"`
	Queries   int         `json:"queries"`
	Idle      residency   `json:"idle"` // one process before it opens the index
	Each      []residency `json:"each"`
	Growth    figure      `json:"growth"` // by process: private memory beyond that of the idle one
}

// residency is a process's memory in bytes, as /proc/PID/smaps_rollup has it.
type residency struct {
	Private   int64 `json:"private"` // Private_Dirty + Private_Clean: in no other process
	Shared    int64 `json:"shared"`
	Anonymous int64 `json:"anonymous"`
}

const sharingProcesses = 4

// shareRequest is what a sharing child is told.
type shareRequest struct {
	Index, Queries string
	Count          int
	K, SearchK     int
}

// measureSharing starts processes that each open the index and run the same 1000 queries; when all have, each tells
// its memory, so that a page that two of them hold counts as shared.
func measureSharing(ctx context.Context, c *config, set *dataset, index string, searchK int) (*sharing, error) {
	progress("%s: %d processes on one file", set.name, sharingProcesses)
	r := shareRequest{Index: index, Queries: set.queryPath, Count: 1000, K: c.k, SearchK: searchK}
	s := &sharing{Processes: sharingProcesses, Queries: r.Count}
	var running []*child
	defer func() {
		for _, ch := range running {
			ch.stop()
		}
	}()
	for range sharingProcesses {
		ch, err := startChild(ctx, "child-share", r)
		if err != nil {
			return nil, err
		}
		running = append(running, ch)
	}
	for step := range 2 { // before the index is open; after the queries
		for _, ch := range running {
			var ready struct{}
			if err := ch.read(&ready); err != nil {
				return nil, err
			}
		}
		for i, ch := range running {
			m, err := readResidency(ch.cmd.Process.Pid)
			if err != nil {
				return nil, err
			}
			switch {
			case step == 1:
				s.Each = append(s.Each, m)
			case i == 0:
				s.Idle = m
			}
		}
		for _, ch := range running {
			if _, err := io.WriteString(ch.in, "\n"); err != nil {
				return nil, err
			}
		}
	}
	var growth []float64
	for _, m := range s.Each {
		growth = append(growth, float64(m.Private-s.Idle.Private))
	}
	s.Growth = figureOf(growth)
	return s, nil
}

// shareChild is one of the sharing processes: it tells twice that it is ready and goes on when told.
func shareChild(arg []byte) error {
	var r shareRequest
	if err := json.Unmarshal(arg, &r); err != nil {
		return err
	}
	in := bufio.NewReader(os.Stdin)
	flat, dim, err := readRows(context.Background(), r.Queries, r.Count)
	if err != nil {
		return err
	}
	queries := eval.Split(flat, dim)
	if err := ready(in); err != nil {
		return err
	}
	ix, err := annoy.Open(r.Index, nil)
	if err != nil {
		return err
	}
	defer ix.Close()
	for i := range r.Count {
		if _, err := ix.Search(queries[i%len(queries)], r.K, &annoy.SearchOptions{SearchK: r.SearchK}); err != nil {
			return err
		}
	}
	return ready(in)
}

// ready tells the parent, and waits for its line.
func ready(in *bufio.Reader) error {
	fmt.Println("{}")
	_, err := in.ReadString('\n')
	return err
}

// child is this program run again.
type child struct {
	cmd *exec.Cmd
	in  io.WriteCloser
	out *bufio.Reader
}

func startChild(ctx context.Context, name string, arg any) (*child, error) {
	data, err := json.Marshal(arg)
	if err != nil {
		return nil, err
	}
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	ch := &child{cmd: exec.CommandContext(ctx, self, name, string(data))}
	ch.cmd.Stderr = os.Stderr
	if ch.in, err = ch.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := ch.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	ch.out = bufio.NewReader(out)
	return ch, ch.cmd.Start()
}

// read decodes the child's next line.
func (ch *child) read(v any) error {
	line, err := ch.out.ReadBytes('\n')
	if err != nil {
		return fmt.Errorf("%s ended before it answered: %w", ch.cmd.Args[1], err)
	}
	return json.Unmarshal(line, v)
}

// stop closes the child's input, at whose end it ends.
func (ch *child) stop() {
	ch.in.Close()
	_ = ch.cmd.Wait()
}

func readResidency(pid int) (residency, error) {
	f, err := readFields(fmt.Sprintf("/proc/%d/smaps_rollup", pid))
	return residency{
		Private:   f["Private_Dirty"] + f["Private_Clean"],
		Shared:    f["Shared_Dirty"] + f["Shared_Clean"],
		Anonymous: f["Anonymous"],
	}, err
}

// readFields reads the lines "Name: N kB" of a /proc file, in bytes.
func readFields(path string) (map[string]int64, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	fields := map[string]int64{}
	for line := range strings.Lines(string(data)) {
		name, rest, _ := strings.Cut(line, ":")
		if words := strings.Fields(rest); len(words) == 2 && words[1] == "kB" {
			kb, err := strconv.ParseInt(words[0], 10, 64)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", path, err)
			}
			fields[name] = kb << 10
		}
	}
	return fields, nil
}
