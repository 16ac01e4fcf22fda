// Command sets makes the vector files of make bench that do not lie ready: Fashion-MNIST from Debian's package
// dataset-fashion-mnist, and of the gloss usage queries those that nothing is calibrated on.
//
//	sets fashion FOLDER OUT    train and t10k images of FOLDER as OUT/fashion-base.npy and OUT/fashion-queries.npy
//	sets rows IN FIRST OUT     the rows of a vector file from the given one on
package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"

	"github.com/annoy-go/annoy/bench/made"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "sets:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	switch {
	case len(args) == 3 && args[0] == "fashion":
		return made.Fashion(args[1], filepath.Join(args[2], "fashion-base.npy"), filepath.Join(args[2], "fashion-queries.npy"))
	case len(args) == 4 && args[0] == "rows":
		first, err := strconv.Atoi(args[2])
		if err != nil {
			return err
		}
		return made.Rows(args[1], first, args[3])
	}
	return errors.New("want: fashion FOLDER OUT, or rows IN FIRST OUT")
}
