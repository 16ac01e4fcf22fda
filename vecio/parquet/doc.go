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
// A column called id, in any case, has the ids of the rows where it holds
// integers, and their keys where it holds strings, unless the options name
// another or skip it.
//
// Pages of both versions are read, in the encodings PLAIN, RLE_DICTIONARY and
// BYTE_STREAM_SPLIT (of strings the first two), uncompressed or with SNAPPY, GZIP, ZSTD, BROTLI or LZ4_RAW;
// encrypted files are not.
//
// # Memory
//
// A [Reader] streams: it holds one page of each of its columns (1 MiB by
// pyarrow's default), compressed and not, with its dictionary, a row, and the
// file's footer. Nothing is allocated on the word of a header: a page costs what
// it really decompresses to, of which more than 1 GiB is refused.
//
// # Malformed files
//
// A null, NaN or infinity, a row that is null, empty or of another length than
// row 0, and a damaged file are errors: a [*vecio.FormatError], with the file,
// row and component, that matches [vecio.ErrFormat].
package parquet
