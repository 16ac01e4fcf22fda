// Command _gen writes the amd64 assembly of package kernel and the Go declarations beside it. Run it in this folder:
//
//	go run . -out ..
package main

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"

	"github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/pass"
	"github.com/mmcloughlin/avo/printer"
)

func main() {
	// A set of its own: avo takes the name "out" on the command line's.
	flags := flag.NewFlagSet("_gen", flag.ExitOnError)
	out := flags.String("out", "..", "folder to write the files to")
	flags.Parse(os.Args[1:])
	for _, file := range []struct {
		name string
		emit func(*build.Context)
	}{
		{"avx2", func(c *build.Context) {
			i := avx2(c)
			floats(c, i)
			tiles(c, i)
			hammingScalar(c)
			blend(c)
			prefetch(c)
		}},
		{"avx512", func(c *build.Context) {
			floats(c, avx512())
			tiles(c, avx512())
			hammingVector(c)
		}},
		{"avx2codes", func(c *build.Context) { codes(c, "AVX2", false) }},
		{"avx512codes", func(c *build.Context) { codes(c, "AVX512", true) }},
		{"avx2rows", func(c *build.Context) { typedRows(c, avx2(c)) }},
		{"avx512rows", func(c *build.Context) { typedRows(c, avx512()) }},
		{"avx2products", func(c *build.Context) { products(c, avx2(c)) }},
		{"avx512products", func(c *build.Context) {
			i := avx512()
			i.lanes = lanes(c, 16)
			products(c, i)
		}},
		{"avx2scan", func(c *build.Context) {
			chosen256 = data(c, "chosen", chosenLanes())
			packed256 = data(c, "packed", packedOrder)
			scanAVX2(c)
			products256(c)
			bytes16(c)
			routeAVX2(c)
			quantize(c)
			choose256(c, avx2(c))
		}},
		{"avx512scan", func(c *build.Context) {
			numbers512 = lanes(c, 16)
			scanVNNI(c)
			products512(c)
			routeVNNI(c)
			choose512(c)
		}},
	} {
		if err := write(*out, file.name, file.emit); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
}

// write generates name_amd64.s and name_amd64.go in the folder dir.
func write(dir, name string, emit func(*build.Context)) error {
	c := build.NewContext()
	c.ConstraintExpr("!purego")
	emit(c)
	f, err := c.Result()
	if err != nil {
		return err
	}
	if err := pass.Compile.Execute(f); err != nil {
		return err
	}
	config := printer.Config{Name: "internal/kernel/_gen", Pkg: "kernel"}
	for ext, p := range map[string]printer.Printer{".s": printer.NewGoAsm(config), ".go": printer.NewStubs(config)} {
		text, err := p.Print(f)
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(dir, name+"_amd64"+ext), append(bytes.TrimRight(text, "\n"), '\n'), 0o644); err != nil {
			return err
		}
	}
	return nil
}
