package command

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"

	"github.com/annoy-go/annoy/internal/kernel"
)

// versionResult is what version prints with --json. Revision, Time and
// Modified are of the version control system and known only to a binary that
// was built within a checkout.
type versionResult struct {
	Module   string `json:"module"`
	Version  string `json:"version"`
	Revision string `json:"revision,omitempty"`
	Time     string `json:"time,omitempty"`
	Modified bool   `json:"modified,omitempty"`
	Go       string `json:"go"`
	OS       string `json:"os"`
	Arch     string `json:"arch"`
	Kernel   string `json:"kernel"`
}

func newVersion(e *env) *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version, the Go release and the kernels in use",
		Long: `Print the version of the module and the commit it was built from, the Go
release, the platform, and which kernels measure distances on this machine.`,
		Args:              exactArgs(),
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE:              func(*cobra.Command, []string) error { return printVersion(e) },
	}
}

func printVersion(e *env) error {
	v := readVersion()
	if e.json {
		return printLine(e.stdout, v)
	}
	commit := ""
	if v.Revision == "" && v.Version == "(devel)" {
		commit = ", built without its commit: 'go install -buildvcs=true ./cmd/annoy' in a clone records it"
	}
	if v.Revision != "" {
		commit = fmt.Sprintf(", commit %s of %s", v.Revision, v.Time)
		if v.Modified {
			commit += " with local changes"
		}
	}
	_, err := fmt.Fprintf(e.stdout, "annoy %s%s\n%s, %s/%s, %s kernels\n",
		v.Version, commit, v.Go, v.OS, v.Arch, v.Kernel)
	return err
}

func readVersion() versionResult {
	v := versionResult{
		Module: "github.com/annoy-go/annoy", Version: "(unknown)",
		Go: runtime.Version(), OS: runtime.GOOS, Arch: runtime.GOARCH, Kernel: kernel.Current().String(),
	}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return v
	}
	if info.Main.Path == v.Module && info.Main.Version != "" {
		v.Version = info.Main.Version
	}
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			v.Revision = s.Value
		case "vcs.time":
			v.Time = s.Value
		case "vcs.modified":
			v.Modified = s.Value == "true"
		}
	}
	return v
}
