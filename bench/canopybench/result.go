package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strings"
	"time"

	"github.com/annoy-go/annoy/eval"
	"github.com/annoy-go/annoy/eval/peers"
	"github.com/annoy-go/annoy/internal/atomicfile"
)

// result is a file of figures: one part of one set.
type result struct {
	Part     string               `json:"part"`
	Set      string               `json:"set"`
	Time     time.Time            `json:"time"`
	Version  string               `json:"version"`
	Go       string               `json:"go"`
	Machine  eval.Machine         `json:"machine"`
	Load     [2]string            `json:"load"` // of the system before and after, as /proc/loadavg has it; "" where there is none
	Rounds   int                  `json:"rounds"`
	Rows     int                  `json:"rows,omitempty"`    // of the base at most; 0: all
	Queries  int                  `json:"queries,omitempty"` // asked in every round, of a part without a report
	Report   *peers.Report        `json:"report,omitempty"`
	Indexes  map[string]indexInfo `json:"indexes,omitempty"` // of ours, by name
	Asked    []asking             `json:"asked,omitempty"`
	Tail     *tail                `json:"tail,omitempty"`
	Threads  *threads             `json:"threads,omitempty"`
	Growth   []growth             `json:"growth,omitempty"`
	Builds   []buildCost          `json:"builds,omitempty"`
	Memory   []memoryOf           `json:"memory,omitempty"`
	Resident *resident            `json:"resident,omitempty"`
	Large    *large               `json:"large,omitempty"`
	Cold     []coldOf             `json:"cold,omitempty"`
}

// newResult is what is known of a result before it is measured.
func newResult(c *config, part string, s *source) *result {
	return &result{
		Part: part, Set: s.name, Time: time.Now().UTC().Truncate(time.Second), Version: version(), Go: runtime.Version(),
		Machine: eval.ThisMachine(), Load: [2]string{load()}, Rounds: c.rounds, Rows: c.rows,
	}
}

// save writes the file, with what was known before from started.
func (r *result) save(c *config, started *result) error {
	r.Part, r.Set, r.Time, r.Version, r.Go = started.Part, started.Set, started.Time, started.Version, started.Go
	r.Machine, r.Load, r.Rows = started.Machine, [2]string{started.Load[0], load()}, started.Rows
	if r.Rounds = started.Rounds; r.Report != nil {
		r.Rounds = r.Report.Rounds
	}
	data, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(c.results, 0o755); err != nil {
		return err
	}
	return atomicfile.WriteFile(resultPath(c, r.Part, r.Set), append(data, '\n'))
}

func resultPath(c *config, part, set string) string {
	return filepath.Join(c.results, part+"-"+set+".json")
}

// readResult is nil where the part was not measured.
func readResult(c *config, part, set string) (*result, error) {
	path := resultPath(c, part, set)
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	r := new(result)
	if err := json.Unmarshal(data, r); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return r, nil
}

// load is how busy the system is.
func load() string {
	text, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return ""
	}
	first, _, _ := strings.Cut(string(text), " ")
	return first
}

// version names the commit that the program was built from, where it is known.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	revision, changed := info.Main.Version, ""
	for _, s := range info.Settings {
		switch {
		case s.Key == "vcs.revision":
			revision = s.Value[:min(12, len(s.Value))]
		case s.Key == "vcs.modified" && s.Value == "true":
			changed = " with local changes"
		}
	}
	return revision + changed
}
