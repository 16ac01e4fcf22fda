// Package command is annoy's command line: a file for each verb, and beside
// them the pieces that several verbs share.
//
// Every verb writes its result to standard output, and warnings, progress and
// errors to standard error; with --json all is JSON but help and completion.
package command

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/annoy-go/annoy/internal/visible"
)

const rootHelp = `Annoy finds the nearest neighbours of a vector among millions, from an index
that is a file: build it once, copy it anywhere, and any number of processes
map it and search it at once. It reads and writes the .ann files of Spotify's
Annoy.

Vector files: npy, fvecs, bvecs, ivecs, fbin, u8bin, jsonl, csv, tsv, npz, hdf5
and parquet, told apart by their extension or --format and read as a stream; text
also compressed, as .csv.gz or .jsonl.zst.

Exit codes:
  0    success
  1    the operation failed, or verify found the index corrupt
  2    the command line is wrong: unknown verb or flag, bad or missing value
  130  interrupted (Ctrl-C), or 128 and the number of another signal that ends
       programs; unfinished files are removed

With --json, results are JSON on standard output (help and completion excepted),
and an error is one line {"error":"…"} on standard error.`

const rootExamples = `  annoy demo
  annoy build vectors.npy -o vectors.ann --metric angular --trees 50
  annoy query vectors.ann --id 42 -k 10
  annoy query vectors.ann --vectors queries.npy -k 10 --json`

// env is what a verb knows of the process that it runs in.
type env struct {
	stdout, stderr io.Writer // stdout shows what a terminal would obey
	json           bool      // --json
	quiet          bool      // --quiet
	parsed         bool      // the command line is accepted: errors from here on are the operation's
}

// Run executes one command line, args without the program's name, and returns
// the exit code that the root's help documents. It has printed every error.
// When ctx ends, the verb under way removes what it left unfinished.
func Run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	e := &env{stdout: &visible.Writer{To: stdout}, stderr: stderr}
	help := &checked{w: stdout}
	root := newRoot(e, help)
	// Not nil, for which cobra would take the arguments of the process.
	root.SetArgs(append([]string{}, args...))
	cmd, err := root, checkVerb(root, args)
	if err == nil {
		cmd, err = root.ExecuteContextC(ctx)
	}
	if err == nil {
		err = help.err
	}
	if err != nil && !e.json {
		// A command line that failed to parse may end before its --json.
		flags, _, _ := cut(args, "--")
		e.json = slices.Contains(flags, "--json")
	}
	return e.report(ctx, cmd, err)
}

// checked keeps the first error of writing, which cobra drops.
type checked struct {
	w   io.Writer
	err error
}

func (c *checked) Write(p []byte) (int, error) {
	n, err := c.w.Write(p)
	if c.err == nil {
		c.err = err
	}
	return n, err
}

// cut is strings.Cut for slices.
func cut(s []string, sep string) (before, after []string, found bool) {
	if i := slices.Index(s, sep); i >= 0 {
		return s[:i], s[i+1:], true
	}
	return s, nil, false
}

// newRoot is the whole command line; help and completion are printed to help.
func newRoot(e *env, help io.Writer) *cobra.Command {
	version := false
	root := &cobra.Command{
		Use:           "annoy",
		Short:         "Nearest neighbours from an index that is a file",
		Long:          rootHelp,
		Example:       rootExamples,
		SilenceErrors: true,
		SilenceUsage:  true,
		// Any arguments, so that RunE and not cobra words the error.
		Args:              cobra.ArbitraryArgs,
		ValidArgsFunction: cobra.NoFileCompletions,
		PersistentPreRunE: func(cmd *cobra.Command, _ []string) error {
			e.parsed = true
			return noEmptyFlag(cmd)
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			switch {
			case len(args) > 0:
				return unknownVerb(cmd, args[0])
			case version:
				return printVersion(e)
			}
			return cmd.Help()
		},
	}
	root.SetOut(help)
	root.SetErr(e.stderr)
	root.PersistentFlags().BoolVar(&e.json, "json", false, "print results and errors as JSON")
	root.PersistentFlags().BoolVarP(&e.quiet, "quiet", "q", false, "print no progress, warnings or summary")
	root.Flags().BoolVar(&version, "version", false, "print the version, as the verb does")
	root.SetGlobalNormalizationFunc(longNames)
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return plainFlagError(err) })
	root.AddCommand(
		newBuild(e), newQuery(e), newInfo(e), newVerify(e), newConvert(e), newDemo(e), newDemoReader(e), newVersion(e),
		newTruth(e), newEval(e), newCompare(e),
	)
	root.SetHelpCommand(newHelp())
	addCompletion(root)
	return root
}

// longNames gives -k a second long name, --k, beside --neighbors.
func longNames(_ *pflag.FlagSet, name string) pflag.NormalizedName {
	if name == "k" {
		name = "neighbors"
	}
	return pflag.NormalizedName(name)
}

// checkVerb refuses a verb that does not exist before its flags are looked at, which would be said not to exist instead.
func checkVerb(root *cobra.Command, args []string) error {
	i := slices.IndexFunc(args, func(a string) bool { return !strings.HasPrefix(a, "-") || a == "--" })
	if i < 0 || args[i] == "--" || strings.HasPrefix(args[i], cobra.ShellCompRequestCmd) {
		return nil
	}
	root.InitDefaultHelpCmd()
	if verb, _, err := root.Find(args[i : i+1]); err != nil || verb == root {
		return unknownVerb(root, args[i])
	}
	return nil
}

func unknownVerb(root *cobra.Command, name string) error {
	// SuggestionsMinimumDistance is the edit distance up to which a verb is
	// offered; cobra sets its default only on a path that Args bypasses.
	root.SuggestionsMinimumDistance = 2
	hint := ""
	if near := root.SuggestionsFor(name); len(near) > 0 {
		hint = fmt.Sprintf("; did you mean %s?", strings.Join(near, " or "))
	}
	return usagef("unknown verb %q%s", name, hint)
}

// newHelp replaces cobra's help verb, which exits with 0 for a verb that does
// not exist.
func newHelp() *cobra.Command {
	return &cobra.Command{
		Use:   "help [VERB]",
		Short: "Explain a verb",
		Args:  cobra.ArbitraryArgs,
		ValidArgsFunction: func(cmd *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
			var verbs []string
			for _, c := range cmd.Root().Commands() {
				if len(args) == 0 && c.IsAvailableCommand() {
					verbs = append(verbs, c.Name())
				}
			}
			return verbs, cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			verb, rest, err := cmd.Root().Find(args)
			if err != nil || len(rest) > 0 {
				return unknownVerb(cmd.Root(), strings.Join(args, " "))
			}
			verb.InitDefaultHelpFlag()
			return verb.Help()
		},
	}
}
