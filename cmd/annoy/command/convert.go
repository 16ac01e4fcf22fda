package command

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/annoy-go/annoy"
	"github.com/annoy-go/annoy/vecio"
)

type convertFlags struct {
	index   indexFlags
	dialect *choice[annoy.DotDialect]
	element *choice[vecio.Element]
	idsOut  string
	keysOut string
	vectors vectorFlags
	trees   int
	canopy  canopyFlags
}

// convertResult is what convert prints with --json for a vector file.
type convertResult struct {
	In      string `json:"in"`
	Out     string `json:"out"`
	Format  string `json:"format"`
	Element string `json:"element"`
	Rows    int64  `json:"rows"`
	Dim     int    `json:"dim"`
	IDsOut  string `json:"ids_out,omitempty"`
	KeysOut string `json:"keys_out,omitempty"`
	Bytes   int64  `json:"bytes"`
}

// dialectResult is what convert prints with --json for an index.
type dialectResult struct {
	In      string `json:"in"`
	Out     string `json:"out"`
	Dialect string `json:"dot_dialect"`
	Items   int    `json:"items"`
	Trees   int    `json:"trees"`
	Dim     int    `json:"dim"`
	Bytes   int64  `json:"bytes"`
}

func newConvert(e *env) *cobra.Command {
	f := &convertFlags{dialect: dialectChoice(), element: elementChoice()}
	cmd := &cobra.Command{
		Use:   "convert IN OUT",
		Short: "Convert vector files, kinds of index, or an index to its vectors",
		Long: `Convert IN to OUT. Vector files are told by their extension (npy, fvecs,
bvecs, ivecs, fbin, u8bin, jsonl, ndjson, csv, tsv, and, as IN only, npz, hdf5,
h5, parquet, and text with .gz or .zst behind its extension); any other name is
an index. --format says that IN is a vector file, whatever its name, and "-" is
standard input.

  vectors to vectors   row by row; a value that OUT cannot hold exactly is an
                       error, except that float16 rounds
  index to vectors     the items in order of their ids
  index to index       the other kind, by the name of OUT, or a canopy built
                       anew: built of the items of IN as 'annoy build' does,
                       in memory or, with --max-memory, in the file; or, with
                       --to-dialect, a dot forest in the other dialect

Only JSON lines hold ids and keys. For any other OUT, ids that are not just the
numbers of the rows (an index with unused ids, a file with ids of its own) need
--ids-out, a file that 'annoy build --ids' reads back, and keys are lost without
--keys-out, a file for 'annoy build --keys'. --skip-columns leaves them out.`,
		Example: `  annoy convert base.fvecs base.npy --element float16
  annoy convert docs.ann docs.jsonl
  annoy convert docs.ann docs.npy --ids-out docs-ids.txt
  annoy convert docs.ann docs.canopy
  annoy convert docs.canopy docs.ann --trees 50
  annoy convert dot.ann dot-main.ann --to-dialect main`,
		Args: exactArgs("IN", "OUT"),
		RunE: func(cmd *cobra.Command, args []string) error { return runConvert(cmd, e, f, args[0], args[1]) },
	}
	f.dialect.register(cmd, "to-dialect", "dot dialect of the index to write")
	f.element.register(cmd, "element", "type of the components in OUT; by default float32, or the one that OUT's format has")
	cmd.Flags().StringVar(&f.idsOut, "ids-out", "", "file to write the ids to, one a line")
	cmd.Flags().StringVar(&f.keysOut, "keys-out", "", "file to write the keys to, one a line")
	cmd.Flags().IntVar(&f.trees, "trees", -1, "number of trees of a forest that is built; as of build")
	f.canopy.register(cmd)
	f.vectors.register(cmd, "IN", true)
	f.index.register(cmd)
	return cmd
}

func runConvert(cmd *cobra.Command, e *env, f *convertFlags, in, out string) error {
	fromVectors := isVectorFile(in) || in == stdinPath || f.vectors.format.set
	toVectors := isVectorFile(out)
	changed := cmd.Flags().Changed
	switch {
	case fromVectors && !toVectors:
		return usagef("%s is not the name of a vector file, which ends in .%s; 'annoy build' makes an index of %s",
			out, strings.Join(writtenFormats(), ", ."), shown(in))
	case !fromVectors && f.vectors.given() != "":
		return usagef("%s: only for a vector file, and %s is an index", f.vectors.given(), in)
	case fromVectors && (changed("dim") || changed("metric")):
		return usagef("--dim and --metric describe an index, and %s is a vector file", shown(in))
	case toVectors && changed("to-dialect"):
		return usagef("--to-dialect is for an index, and %s is a vector file", out)
	case !toVectors && (changed("element") || changed("ids-out") || changed("keys-out")):
		return usagef("--element, --ids-out and --keys-out are for a vector file, and %s is an index", out)
	case toVectors && (changed("trees") || f.canopy.given(cmd) != ""):
		return usagef("--trees and what says how to build a canopy are for an index, and %s is a vector file", out)
	}
	if toVectors {
		if isParquet(out) || isPacked(out) {
			return usagef("%s: parquet and compressed files are read, not written", out)
		}
		format, err := vecio.FormatOf(out)
		if err != nil {
			return usageError{err}
		}
		if err := (&vecio.WriteOptions{Format: format, Element: f.element.value}).Validate(); err != nil {
			return usageError{err}
		}
	}
	if err := f.checkOutputs(in, out, toVectors); err != nil {
		return err
	}

	if fromVectors {
		src, err := f.vectors.open(in, "")
		if err != nil {
			return err
		}
		defer src.close()
		return convertVectors(cmd.Context(), e, f, in, out, src)
	}
	ix, err := f.index.open(cmd, e, in)
	if toVectors && errors.Is(err, annoy.ErrNeedDimMetric) {
		return usageError{fmt.Errorf("%w; or, if it is a vector file, --format", err)}
	}
	if err != nil {
		return err
	}
	defer ix.Close()
	if toVectors {
		src, err := newIndexSource(ix, in)
		if err != nil {
			return err
		}
		defer src.close()
		keyed, err := hasKeys(ix)
		if err != nil {
			return inFile(in, err)
		}
		return convertVectors(cmd.Context(), e, f, in, out, src.keyed(keyed))
	}
	if changed("to-dialect") {
		return convertDialect(e, f, ix, in, out)
	}
	return convertKind(cmd, e, f, ix, in, out)
}

func (f *convertFlags) checkOutputs(in, out string, toVectors bool) error {
	if !toVectors {
		return checkIndexOutput(out, in)
	}
	if err := checkOutput(out, in); err != nil {
		return err
	}
	for _, list := range []struct{ flag, path string }{{"--ids-out", f.idsOut}, {"--keys-out", f.keysOut}} {
		if list.path == "" {
			continue
		}
		if samePlace(list.path, out) {
			return usagef("%s is both OUT and %s", out, list.flag)
		}
		if err := checkOutput(list.path, in); err != nil {
			return err
		}
	}
	if f.idsOut != "" && f.keysOut != "" && samePlace(f.idsOut, f.keysOut) {
		return usagef("%s is both --ids-out and --keys-out", f.idsOut)
	}
	return nil
}

// convertKind builds an index of the items of another.
func convertKind(cmd *cobra.Command, e *env, f *convertFlags, ix *annoy.Index, in, out string) error {
	start := time.Now()
	kind, err := kindOf(out, kindChoice())
	switch {
	case err != nil:
		return err
	case kind == annoy.Forest && ix.Kind() == annoy.Forest:
		return usagef("%s to %s: both are forests; from one to another give --to-dialect, or name OUT as a canopy or a vector file", in, out)
	case kind == annoy.Forest && f.canopy.given(cmd) != "":
		return usagef("%s is for a canopy, and %s is the name of a forest", f.canopy.given(cmd), out)
	case kind == annoy.Canopy && cmd.Flags().Changed("trees"):
		return usagef("--trees is for a forest, and %s is the name of a canopy", out)
	}
	e.warnOfExtension(out, kindChoice())
	src, err := newIndexSource(ix, in)
	if err != nil {
		return err
	}
	defer src.close()
	keyed, err := hasKeys(ix)
	if err != nil {
		return inFile(in, err)
	}
	if keyed && kind == annoy.Forest {
		e.warn(fmt.Sprintf("%s has keys, which a forest does not keep", in))
		keyed = false
	}
	b := &buildFlags{out: out, trees: f.trees, canopy: f.canopy}
	b.metric.choice = &choice[annoy.Metric]{value: ix.Metric()}
	b.dialect = &choice[annoy.DotDialect]{}
	stats, err := b.build(cmd.Context(), e, src.keyed(keyed), in, kind)
	if err != nil {
		return err
	}
	r := builtOf(out, stats, start)
	return e.result(r, "%s\n", r.summary())
}

func convertDialect(e *env, f *convertFlags, ix *annoy.Index, in, out string) error {
	if ix.Metric() != annoy.Dot {
		return fmt.Errorf("annoy: %s: only dot indexes have dialects, this one's metric is %v", in, ix.Metric())
	}
	if err := ix.SaveDialect(out, f.dialect.value); err != nil {
		return err
	}
	e.warnOf(ix)
	file, err := os.Stat(out)
	if err != nil {
		return err
	}
	s, err := ix.Stats()
	if err != nil {
		return inFile(in, err)
	}
	r := dialectResult{
		In: in, Out: out, Dialect: f.dialect.value.String(),
		Items: s.Items - s.Holes, Trees: s.Trees, Dim: s.Dim, Bytes: file.Size(),
	}
	return e.result(r, "%s: %s, %s, dot dialect %s, %s\n",
		out, count(r.Items, "item"), count(r.Trees, "tree"), r.Dialect, byteSize(r.Bytes))
}
