package command

import (
	"bufio"
	"fmt"
	"io"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/rivo/uniseg"

	"github.com/annoy-go/annoy"
	"github.com/annoy-go/annoy/internal/visible"
)

// queryWriter prints answers as JSON lines or as one table.
type queryWriter struct {
	buf   *bufio.Writer
	table *tabwriter.Writer // nil for JSON
	head  string            // of the table; "" once printed
	keys  *annoy.Index      // that has them; nil for none
	room  int               // columns of a terminal that a key may take; 0: as many as it has
}

func newQueryWriter(e *env, ix *annoy.Index) (*queryWriter, error) {
	w := &queryWriter{buf: bufio.NewWriter(e.stdout)}
	if keyed, err := hasKeys(ix); err != nil {
		return nil, err
	} else if keyed {
		w.keys = ix
	}
	if !e.json {
		// Batches are aligned one by one; the minimal width makes them agree.
		w.table = tabwriter.NewWriter(w.buf, 10, 0, 2, ' ', 0)
		w.room = roomForKeys(e.stdout)
		w.head = "QUERY\tRANK\tID"
		if w.keys != nil {
			w.head += "\tKEY"
		}
		if ix.Metric() == annoy.Dot {
			w.head += "\tPRODUCT\n"
		} else {
			w.head += "\tDISTANCE\n"
		}
	}
	return w, nil
}

// hasKeys tells whether an index has keys. A forest is not asked, whose stats are more work.
func hasKeys(ix *annoy.Index) (bool, error) {
	if ix.Kind() != annoy.Canopy {
		return false, nil
	}
	s, err := ix.Stats()
	if err != nil {
		return false, err
	}
	return s.Canopy.Keys, nil
}

// write prints the answers to a query, which has a key or "".
func (w *queryWriter) write(query int64, queryKey string, hits []annoy.Neighbor) error {
	if w.table == nil {
		r := queryResult{Query: query, QueryKey: queryKey, IDs: make([]int64, len(hits)), Distances: make(jsonFloats, len(hits))}
		for i, h := range hits {
			r.IDs[i], r.Distances[i] = h.ID, h.Distance
			if w.keys != nil {
				key, err := w.keys.Key(h.ID)
				if err != nil {
					return err
				}
				r.Keys = append(r.Keys, key)
			}
		}
		return printLine(w.buf, r)
	}
	if _, err := io.WriteString(w.table, w.head); err != nil {
		return err
	}
	w.head = ""
	asked := strconv.FormatInt(query, 10)
	if queryKey != "" {
		asked = w.shown(queryKey)
	}
	if len(hits) == 0 {
		none := "(none)\t-"
		if w.keys != nil {
			none += "\t-"
		}
		_, err := fmt.Fprintf(w.table, "%s\t-\t%s\n", asked, none)
		return err
	}
	for i, h := range hits {
		name := strconv.FormatInt(h.ID, 10)
		if w.keys != nil {
			key, err := w.keys.Key(h.ID)
			if err != nil {
				return err
			}
			name += "\t" + w.shown(key)
		}
		if _, err := fmt.Fprintf(w.table, "%s\t%d\t%s\t%.6g\n", asked, i+1, name, unsigned0(h.Distance)); err != nil {
			return err
		}
	}
	return nil
}

// besideKeys is how many columns the rest of the table takes: query, rank, id and distance.
const besideKeys = 48

// roomForKeys is how wide a key may be for the table to fit a terminal; 0 where the output is none.
func roomForKeys(out io.Writer) int {
	width, ok := terminalWidth(out)
	if !ok {
		return 0
	}
	return max(width-besideKeys, 12)
}

// shown is a key as the table has it, cut where the terminal is narrower.
func (w *queryWriter) shown(key string) string { return cutTo(visible.Name(key), w.room) }

// cutTo cuts a text to so many columns of a terminal; 0 is any number. A character may take none, one or two.
func cutTo(text string, columns int) string {
	if columns == 0 || uniseg.StringWidth(text) <= columns {
		return text
	}
	var b strings.Builder
	left := columns - 1 // for the ellipsis
	for g := uniseg.NewGraphemes(text); g.Next() && g.Width() <= left; left -= g.Width() {
		b.WriteString(g.Str())
	}
	return b.String() + "…"
}

func (w *queryWriter) flush() error {
	if w.table != nil {
		if err := w.table.Flush(); err != nil {
			return err
		}
	}
	return w.buf.Flush()
}
