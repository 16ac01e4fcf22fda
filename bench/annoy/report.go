package main

import (
	"os"
	"runtime"
	"runtime/debug"
	"strings"

	"github.com/annoy-go/annoy/internal/kernel"
)

// report is all figures of a run, as -json writes them.
type report struct {
	Machine  machine   `json:"machine"`
	Versions versions  `json:"versions"`
	Quick    bool      `json:"quick"`
	Forests  []*forest `json:"forests,omitempty"`
	OnDisk   []*onDisk `json:"on_disk,omitempty"`
}

type machine struct {
	CPU    string `json:"cpu"`
	Cores  int    `json:"cores"`
	Kernel string `json:"kernel_path"` // which of this library's kernels ran
	System string `json:"system"`
}

type versions struct {
	Ours   string         `json:"ours"`
	Go     string         `json:"go"`
	Python pythonVersions `json:"python"`
}

type pythonVersions struct {
	Annoy  string `json:"annoy"`
	Python string `json:"python"`
	NumPy  string `json:"numpy"`
}

// forest is everything measured about one set and number of trees.
type forest struct {
	Set    string    `json:"set"`
	Metric string    `json:"metric"`
	Items  int       `json:"items"`
	Dim    int       `json:"dim"`
	Trees  int       `json:"trees"`
	K      int       `json:"k"`
	Build  *builds   `json:"build"`
	Search *searches `json:"search"`
	Open   figure    `json:"open_ms"`
	Memory *sharing  `json:"sharing"`
}

func newReport(c *config) *report {
	return &report{
		Machine:  machine{CPU: cpuModel(), Cores: runtime.NumCPU(), Kernel: kernel.Current().String(), System: system()},
		Versions: versions{Ours: revision(), Go: runtime.Version()},
		Quick:    c.quick,
	}
}

// revision is the commit that this program was built from, as far as the build recorded it.
func revision() string {
	commit, dirty := "unknown commit", ""
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			switch {
			case s.Key == "vcs.revision":
				commit = s.Value[:min(12, len(s.Value))]
			case s.Key == "vcs.modified" && s.Value == "true":
				dirty = " with changes"
			}
		}
	}
	return commit + dirty
}

func system() string {
	release, err := os.ReadFile("/proc/sys/kernel/osrelease")
	if err != nil {
		return runtime.GOOS + "/" + runtime.GOARCH
	}
	return runtime.GOOS + "/" + runtime.GOARCH + " " + strings.TrimSpace(string(release))
}
