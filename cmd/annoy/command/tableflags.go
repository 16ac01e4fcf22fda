package command

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/annoy-go/annoy/vecio"
)

// tableFlags say what the columns of files of vectors are, or the fields of
// their lines. The zero value is the default.
type tableFlags struct {
	column      string                // of Parquet, the vectors
	vectorField string                // of JSON lines
	idColumn    string                // of what has columns or fields
	keyColumn   string                // the same
	skip        []string              // the same
	header      *choice[vecio.Header] // of CSV and TSV; nil: not asked
}

// register adds the flags, those of ids for verbs that use them.
func (t *tableFlags) register(cmd *cobra.Command, ids bool) {
	fl := cmd.Flags()
	fl.StringVar(&t.column, "column", "", "list of floats of a parquet file; by default the only one")
	fl.StringVar(&t.vectorField, "vector-field", "", "field of JSON lines with the vector; by default vector, or the only array of numbers")
	t.header = &choice[vecio.Header]{kind: "header", values: []vecio.Header{vecio.HeaderYes, vecio.HeaderNo}}
	t.header.register(cmd, "header", "whether csv and tsv begin with a line of names, where numbers leave it open")
	fl.StringSliceVar(&t.skip, "skip-columns", nil, "columns or fields not to read (csv, tsv, jsonl, parquet); #0 is the first of csv")
	if ids {
		fl.StringVar(&t.idColumn, "id-column", "", "column or field of the ids, which are keys if text (csv, tsv, jsonl, parquet); by default one called id")
		fl.StringVar(&t.keyColumn, "key-column", "", "the same, of which any value is a key, also a number")
	}
}

// tableFlag is one of tableFlags.
type tableFlag struct {
	name  string
	given bool
	suits func(vectorFormat) bool
	what  string // the files that it is for
}

func (t *tableFlags) all() []tableFlag {
	const tables = "csv, tsv, jsonl or parquet"
	parquet := func(f vectorFormat) bool { return f == parquetFormat }
	lines := func(f vectorFormat) bool { return f == vectorFormat(vecio.JSONL) }
	records := func(f vectorFormat) bool { return f == vectorFormat(vecio.CSV) || f == vectorFormat(vecio.TSV) }
	return []tableFlag{
		{"--column", t.column != "", parquet, "parquet"},
		{"--vector-field", t.vectorField != "", lines, "jsonl"},
		{"--id-column", t.idColumn != "", hasColumns, tables},
		{"--key-column", t.keyColumn != "", hasColumns, tables},
		{"--skip-columns", len(t.skip) > 0, hasColumns, tables},
		{"--header", t.names() != vecio.HeaderAuto, records, "csv or tsv"},
	}
}

// hasColumns says whether files of a format have columns or fields with names.
func hasColumns(f vectorFormat) bool {
	return slices.Contains([]vectorFormat{vectorFormat(vecio.CSV), vectorFormat(vecio.TSV), vectorFormat(vecio.JSONL), parquetFormat}, f)
}

// names says whether a file of records begins with names.
func (t *tableFlags) names() vecio.Header {
	if t.header == nil {
		return vecio.HeaderAuto
	}
	return t.header.value
}

// given names the flags that the command line has.
func (t *tableFlags) given() []string {
	var names []string
	for _, f := range t.all() {
		if f.given {
			names = append(names, f.name)
		}
	}
	return names
}

// check finds flags that are not for a file of that format.
func (t *tableFlags) check(format vectorFormat, path string) error {
	for _, f := range t.all() {
		if f.given && !f.suits(format) {
			return usagef("%s is for a %s file, and %s is none", f.name, f.what, shown(path))
		}
	}
	return t.checkIDs("")
}

// checkIDs finds flags that give the ids twice.
func (t *tableFlags) checkIDs(ids string) error {
	var ways []string
	for _, f := range t.all() {
		if f.given && (f.name == "--id-column" || f.name == "--key-column") {
			ways = append(ways, f.name)
		}
	}
	if ids != "" {
		ways = append(ways, "--ids")
	}
	if len(ways) > 1 {
		return usagef("%s exclude each other", strings.Join(ways, " and "))
	}
	return nil
}

// checkAny finds flags that are for none of a verb's files. A path may be "".
func (t *tableFlags) checkAny(paths ...string) error {
	for _, f := range t.all() {
		if f.given && !slices.ContainsFunc(paths, func(path string) bool {
			format, ok := formatByName(path)
			return ok && f.suits(format)
		}) {
			return usagef("%s is for a %s file, and there is none", f.name, f.what)
		}
	}
	return t.checkIDs("")
}

// of is what to read of one of a verb's files, whose ids do not matter.
func (t *tableFlags) of(path string) *vectorFlags {
	v := t.ofBase(path)
	v.idColumn, v.keyColumn = "", ""
	return v
}

// ofBase is what to read of one of a verb's files.
func (t *tableFlags) ofBase(path string) *vectorFlags {
	format, _ := formatByName(path)
	v := &vectorFlags{}
	switch {
	case format == parquetFormat:
		v.column = t.column
	case format == vectorFormat(vecio.JSONL):
		v.vectorField = t.vectorField
	case format == vectorFormat(vecio.CSV) || format == vectorFormat(vecio.TSV):
		v.header = t.header
	}
	if hasColumns(format) {
		v.idColumn, v.keyColumn, v.skip = t.idColumn, t.keyColumn, t.skip
	}
	return v
}
