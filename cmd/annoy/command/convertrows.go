package command

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"github.com/annoy-go/annoy"
	"github.com/annoy-go/annoy/internal/atomicfile"
	"github.com/annoy-go/annoy/vecio"
)

// rowCopy is a conversion to a vector file.
type rowCopy struct {
	in        string // as errors show it
	src       annoy.Source
	keys      annoy.KeySource // src, where its rows have keys; otherwise nil
	w         *vecio.Writer
	ids, list *lineWriter // --ids-out and --keys-out, or nil
}

// convertVectors copies src to the vector file out, and its ids and keys to
// --ids-out and --keys-out.
func convertVectors(ctx context.Context, e *env, f *convertFlags, in, out string, src annoy.Source) error {
	w, err := vecio.Create(out, src.Dim(), &vecio.WriteOptions{Element: f.element.value})
	if err != nil {
		return err
	}
	defer w.Abort()
	c := &rowCopy{in: shown(in), src: src, w: w}
	if keyed, ok := src.(annoy.KeySource); ok && keyed.HasKeys() {
		c.keys = keyed
	}
	switch {
	case c.keys == nil && f.keysOut != "":
		return usagef("--keys-out: %s has no keys", c.in)
	case c.keys != nil && f.keysOut == "" && w.Format() != vecio.JSONL:
		e.warn(fmt.Sprintf("%s has keys, which a %s file does not keep; --keys-out FILE keeps them, and so does OUT as .jsonl", c.in, w.Format()))
	}
	if c.ids, err = newLineWriter(f.idsOut); err != nil {
		return err
	}
	defer c.ids.abort()
	if c.list, err = newLineWriter(f.keysOut); err != nil {
		return err
	}
	defer c.list.abort()
	bar := e.newProgress()
	defer bar.stop()
	if err := c.run(ctx, bar); err != nil {
		return err
	}
	bar.stop()
	if err := w.Close(); err != nil {
		return err
	}
	if err := c.ids.close(); err != nil {
		return err
	}
	if err := c.list.close(); err != nil {
		return err
	}
	file, err := os.Stat(out)
	if err != nil {
		return err
	}
	r := convertResult{
		In: in, Out: out, Format: string(w.Format()), Element: w.Element().String(),
		Rows: w.Len(), Dim: src.Dim(), IDsOut: f.idsOut, KeysOut: f.keysOut, Bytes: file.Size(),
	}
	return e.result(r, "%s: %s of dimension %d, %s of %s, %s\n",
		out, count(int(r.Rows), "row"), r.Dim, r.Format, r.Element, byteSize(r.Bytes))
}

func (c *rowCopy) run(ctx context.Context, bar *progress) error {
	v := make([]float32, c.src.Dim())
	for row := int64(0); ; row++ {
		if row%cancelRows == 0 {
			if err := ctx.Err(); err != nil {
				return err
			}
			bar.update("convert", row, int64(c.src.Len()))
		}
		id, err := c.src.Next(v)
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		if err := c.write(row, id, v); err != nil {
			return err
		}
	}
}

// write writes a row and what it is called.
func (c *rowCopy) write(row, id int64, v []float32) (err error) {
	switch {
	case c.w.Format() == vecio.JSONL && c.keys != nil:
		err = c.w.WriteKey(c.keys.Key(), v)
	case c.w.Format() == vecio.JSONL:
		err = c.w.WriteID(id, v)
	case c.keys == nil && id != row && c.ids == nil:
		skip := ""
		if _, ok := c.src.(*vectorFile); ok {
			skip = ", or leave their column out with --skip-columns"
		}
		err = usagef("%s: row %d has id %d, and %s files hold no ids; give --ids-out FILE, or name OUT .jsonl%s", c.in, row, id, c.w.Format(), skip)
	default:
		err = c.w.Write(v)
	}
	if err == nil && c.ids != nil {
		err = c.ids.write(strconv.FormatInt(id, 10))
	}
	if err == nil && c.list != nil {
		key := c.keys.Key()
		if strings.ContainsRune(key, '\n') || strings.HasSuffix(key, "\r") {
			return fmt.Errorf("annoy: %s: row %d: key %q has a line end, and --keys-out has a line for each", c.in, row, key)
		}
		err = c.list.write(key)
	}
	return err
}

// lineWriter writes a file of lines, such as ids as vecio.ReadIDs reads them, or
// keys as build --keys does. Nothing stands under its name before close. One that
// is nil writes nothing.
type lineWriter struct {
	file *atomicfile.File
	buf  *bufio.Writer
}

// newLineWriter returns nil for no path.
func newLineWriter(path string) (*lineWriter, error) {
	if path == "" {
		return nil, nil
	}
	f, err := atomicfile.Create(path)
	if err != nil {
		return nil, err
	}
	return &lineWriter{file: f, buf: bufio.NewWriter(f)}, nil
}

func (w *lineWriter) write(line string) error {
	_, err := w.buf.WriteString(line)
	if err == nil {
		err = w.buf.WriteByte('\n')
	}
	return err
}

func (w *lineWriter) close() error {
	if w == nil {
		return nil
	}
	if err := w.buf.Flush(); err != nil {
		return err
	}
	return w.file.Commit()
}

// abort gives the file up, unless it was closed.
func (w *lineWriter) abort() {
	if w != nil {
		w.file.Abort()
	}
}
