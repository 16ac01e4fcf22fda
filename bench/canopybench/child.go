package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"
)

// children are what the program runs as when it starts itself, by the first argument; the second is their JSON. What they
// return is the answer.
var children = map[string]func(*request) (any, error){
	"child-build": buildChild,
	"child-ask":   askChild,
}

// request is what a child is told.
type request struct {
	Base    string `json:",omitempty"` // build: file of the vectors
	Rows    int    `json:",omitempty"` // of it at most; 0: all
	Metric  string `json:",omitempty"`
	Element string `json:",omitempty"` // of the rows; "": auto
	Queries string `json:",omitempty"` // ask: file of the queries
	Index   string // the file to make or to ask
	Memory  int64  `json:",omitempty"` // BuildOptions.MaxMemory
	Access  string `json:",omitempty"`
	Random  bool   `json:",omitempty"` // AdviceRandom
	Recall  float64
	Threads int     `json:",omitempty"`
	Seconds float64 `json:",omitempty"` // that are measured
	Group   string  `json:",omitempty"` // memory group to join; "": none
}

// childMain is main of a child.
func childMain(name, arg string) error {
	var r request
	if err := json.Unmarshal([]byte(arg), &r); err != nil {
		return err
	}
	if r.Group != "" {
		if err := (memoryGroup{r.Group}).join(); err != nil {
			return err
		}
	}
	answer, err := children[name](&r)
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(answer)
}

// sampled is the memory of a child while it ran, in bytes.
type sampled struct {
	Anon  int64 `json:"anon"`  // the most that was its own: RssAnon
	Group int64 `json:"group"` // the most that its memory group held, page cache and all; 0: it was in none
	Limit int64 `json:"limit"` // of the group; 0: none
	Times int   `json:"times"` // that it was looked at
}

const sampleEvery = 5 * time.Millisecond

// runChild runs this program again, in a memory group of limit bytes where that is not 0, and reads what it answers.
func runChild(ctx context.Context, name string, r request, limit int64, env []string, answer any) (s sampled, err error) {
	if limit > 0 {
		g, err := newMemoryGroup(limit)
		if err != nil {
			return s, err
		}
		defer func() {
			s.Group, s.Limit = g.peak(), limit
			err = errors.Join(err, g.remove())
		}()
		r.Group = g.dir
	}
	arg, err := json.Marshal(r)
	if err != nil {
		return s, err
	}
	self, err := os.Executable()
	if err != nil {
		return s, err
	}
	cmd := exec.CommandContext(ctx, self, name, string(arg))
	cmd.Stderr, cmd.Env = os.Stderr, append(os.Environ(), env...)
	out, err := cmd.StdoutPipe()
	if err != nil {
		return s, err
	}
	if err := cmd.Start(); err != nil {
		return s, err
	}
	over := make(chan struct{})
	done := make(chan struct{})
	go func() {
		defer close(done)
		s.watch(cmd.Process.Pid, over)
	}()
	line, readErr := bufio.NewReader(out).ReadBytes('\n')
	close(over)
	<-done
	if err := cmd.Wait(); err != nil {
		return s, fmt.Errorf("%s: %w", name, err)
	}
	if readErr != nil && !errors.Is(readErr, io.EOF) {
		return s, readErr
	}
	return s, json.Unmarshal(line, answer)
}

// watch looks at a process's memory until it is over.
func (s *sampled) watch(pid int, over <-chan struct{}) {
	tick := time.NewTicker(sampleEvery)
	defer tick.Stop()
	for {
		select {
		case <-over:
			return
		case <-tick.C:
			if n, err := procField(fmt.Sprintf("/proc/%d/status", pid), "RssAnon"); err == nil {
				s.Anon, s.Times = max(s.Anon, n<<10), s.Times+1
			}
		}
	}
}

// procField reads the number of a line "name: number" of a file of /proc.
func procField(path, name string) (int64, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(text)) {
		if key, value, ok := strings.Cut(line, ":"); ok && key == name {
			return strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(value), " kB"), 10, 64)
		}
	}
	return 0, fmt.Errorf("%s has no %s", path, name)
}

// memoryGroup is a control group of Linux that limits memory, the page cache's included. To make one takes root.
type memoryGroup struct{ dir string }

// memoryGroupRoots are where groups are made, with the names of what they are asked: of version 1 and of version 2.
var memoryGroupRoots = []struct{ root, limit, peak string }{
	{"/sys/fs/cgroup/memory", "memory.limit_in_bytes", "memory.max_usage_in_bytes"},
	{"/sys/fs/cgroup", "memory.max", "memory.peak"},
}

// errNoGroup says that no memory group can be made here.
var errNoGroup = errors.New("no control group for memory can be made: that takes Linux, root, and /sys/fs/cgroup to be writable")

func newMemoryGroup(limit int64) (memoryGroup, error) {
	for _, at := range memoryGroupRoots {
		g := memoryGroup{fmt.Sprintf("%s/canopybench-%d", at.root, os.Getpid())}
		if err := os.Mkdir(g.dir, 0o755); err != nil {
			continue
		}
		if err := os.WriteFile(g.dir+"/"+at.limit, []byte(strconv.FormatInt(limit, 10)), 0o644); err == nil {
			return g, nil
		}
		_ = g.remove()
	}
	return memoryGroup{}, errNoGroup
}

// join makes this process a member.
func (g memoryGroup) join() error {
	return os.WriteFile(g.dir+"/cgroup.procs", []byte(strconv.Itoa(os.Getpid())), 0o644)
}

// peak is the most that the group held, 0 where that is not known.
func (g memoryGroup) peak() int64 {
	for _, at := range memoryGroupRoots {
		if text, err := os.ReadFile(g.dir + "/" + at.peak); err == nil {
			n, _ := strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64)
			return n
		}
	}
	return 0
}

// remove removes the group, whose members have ended: the system may take a moment to see it.
func (g memoryGroup) remove() (err error) {
	for range 50 {
		if err = os.Remove(g.dir); err == nil {
			return nil
		}
		time.Sleep(20 * time.Millisecond)
	}
	return err
}
