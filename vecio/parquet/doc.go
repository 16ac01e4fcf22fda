// Package parquet reads the vectors of a Parquet file: a column that is a list
// of FLOAT or DOUBLE, as pyarrow writes list, large_list and fixed_size_list. It
// stands apart from package vecio for the library it links,
// github.com/parquet-go/parquet-go.
//
//	r, err := parquet.Open("docs.parquet", &parquet.Options{Column: "embedding", IDColumn: "id"})
//	if err != nil {
//		return err
//	}
//	defer r.Close()
//	stats, err := annoy.BuildFile(ctx, r, annoy.Angular, "docs.ann", nil)
//
// Files compressed with snappy, gzip, zstd, brotli or lz4 are read; encrypted
// ones are not.
//
// # Memory
//
// A [Reader] streams: it holds one page of each of its columns (1 MiB by
// pyarrow's default) with its dictionary, a row, and the file's footer. Sizes of
// pages are the file's own word, up to 2 GiB each: a hostile file can have that
// much allocated, which only those of package vecio cannot.
//
// # Malformed files
//
// A null, NaN or infinity, a row that is null, empty or of another length than
// row 0, and a damaged file are errors: a [*vecio.FormatError], with the file,
// row and component, that matches [vecio.ErrFormat].
package parquet
