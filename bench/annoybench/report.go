package main

import (
	"os"
	"os/exec"
	"runtime"
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

// revision is the checkout's commit: go run records none in the program.
func revision() string {
	out, err := exec.Command("git", "describe", "--always", "--abbrev=12", "--dirty").Output()
	if err != nil {
		return "unknown commit"
	}
	return strings.TrimSpace(string(out))
}

func system() string {
	release, err := os.ReadFile("/proc/sys/kernel/osrelease")
	if err != nil {
		return runtime.GOOS + "/" + runtime.GOARCH
	}
	return runtime.GOOS + "/" + runtime.GOARCH + " " + strings.TrimSpace(string(release))
}
